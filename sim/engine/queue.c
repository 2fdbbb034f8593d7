/* The event queue: see queue.h. What is due soon is in a heap (heap.h), what is far in a ladder of buckets (ladder.h).
 *
 * The structures differ only in when the heap gives events away to the ladder: "heap" never, "ladder" soon, and the
 * engine's own choice when there are so many that the heap leaves the cache. An event that comes after the ladder's `last`
 * is far; the earliest event of all is thus the heap's, unless that is empty.
 */
#include "sim/engine/queue.h"

#include <string.h>

#include "sim/engine/ladder.h"

enum {
    RANK_SHIFT = 56,
    SPILL = 512,        /* events in the heap at which a ladder in use takes most of them */
    ENGAGE = 16384,     /* events in the heap at which it comes into use */
    DISTURBED = 16      /* a spill that undoes the ladder's work waits for a heap of this part of the ladder's events */
};

struct vdc_queue {
    vdc_heap near;
    vdc_ladder far;
    vdc_slots slots;
    uint64_t sequence;
    size_t engage;      /* see ENGAGE: SIZE_MAX without a ladder */
    size_t spill_at;    /* events in the heap at which a spill is looked into */
};

vdc_code vdc_queue_create(vdc_queue **queue, const char *structure, vdc_diag *diag) {
    *queue = NULL;
    size_t engage = ENGAGE;
    if (structure && strcmp(structure, "heap") == 0) {
        engage = SIZE_MAX;
    } else if (structure && strcmp(structure, "ladder") == 0) {
        engage = SPILL;
    } else if (structure) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "event queue: found '%s', allowed are heap and ladder", structure);
    }
    vdc_queue *fresh = vdc_calloc(1, sizeof *fresh);
    if (!fresh) return vdc_no_memory(diag, "the event queue");
    if (!vdc_slots_open(&fresh->slots)) {
        vdc_free(fresh);
        return vdc_no_memory(diag, "the event queue");
    }
    vdc_ladder_init(&fresh->far);
    fresh->engage = fresh->spill_at = engage;
    *queue = fresh;
    return VDC_OK;
}

void vdc_queue_destroy(vdc_queue *queue) {
    if (!queue) return;
    vdc_heap_clear(&queue->near);
    vdc_ladder_clear(&queue->far);
    vdc_free(queue->slots.places);
    vdc_free(queue);
}

uint64_t vdc_queue_take_sequence(vdc_queue *queue) {
    return queue->sequence++;
}

/* The heap has grown to spill_at: gives most of it to the ladder if that pays. Without memory for it the heap just goes on. */
static void relieve(vdc_queue *queue) {
    size_t limit = SPILL;
    if (queue->far.count == 0) limit = queue->engage;
    else if (vdc_ladder_spill_disturbs(&queue->far, &queue->near)) limit = SPILL + queue->far.count / DISTURBED;
    if (queue->near.count < limit) {
        queue->spill_at = limit;
    } else if (vdc_ladder_spill(&queue->far, &queue->slots, &queue->near)) {
        if (queue->near.capacity > 4 * SPILL) vdc_heap_shrink(&queue->near, SPILL);
        queue->spill_at = SPILL;
    } else {
        queue->spill_at = 2 * queue->near.count;
    }
}

/* Puts an event where it belongs: room for it must have been reserved. */
static inline void insert(vdc_queue *queue, const vdc_event *event, vdc_event_handle handle) {
    if (vdc_event_key_of(event) > queue->far.last) {
        vdc_ladder_insert(&queue->far, &queue->slots, event, handle);
    } else {
        vdc_heap_insert(&queue->near, &queue->slots, event, handle);
        if (queue->near.count >= queue->spill_at) relieve(queue);
    }
}

/* Takes an event out of the structure it lies in; its handle stays taken. */
static inline void take_out(vdc_queue *queue, uint32_t place) {
    if (place & VDC_SLOT_FAR) vdc_ladder_remove(&queue->far, &queue->slots, place);
    else vdc_heap_remove(&queue->near, &queue->slots, place);
}

static inline bool reserve(vdc_queue *queue, const vdc_event *event) {
    return vdc_event_key_of(event) > queue->far.last ? vdc_ladder_reserve(&queue->far)
                                                     : vdc_heap_reserve(&queue->near, queue->near.count + 1);
}

static inline vdc_event next_event(const vdc_queue *queue, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject) {
    return (vdc_event){.time = time, .order = (uint64_t)rank << RANK_SHIFT | queue->sequence, .kind = kind, .subject = subject};
}

vdc_code vdc_queue_push(vdc_queue *queue, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject, vdc_event_handle *handle) {
    vdc_event event = next_event(queue, time, rank, kind, subject);
    vdc_event_handle slot = 0;
    if (!reserve(queue, &event) || (handle && !vdc_slots_take(&queue->slots, &slot))) return VDC_ERROR_MEMORY;
    queue->sequence++;
    insert(queue, &event, slot);
    if (handle) *handle = slot;
    return VDC_OK;
}

/* Brings the earliest events into the heap. Returns the place of the earliest, which lies in the ladder only when there is
 * no memory to bring it down. There must be an event. */
static inline uint32_t front(vdc_queue *queue) {
    if (queue->near.count) return 0;
    bool filled = vdc_ladder_refill(&queue->far, &queue->slots, &queue->near);
    if (!filled && !queue->near.count) return vdc_ladder_earliest(&queue->far);
    if (queue->far.count) {
        queue->spill_at = SPILL;
    } else {
        vdc_ladder_rest(&queue->far);
        queue->spill_at = queue->engage;
    }
    return 0;
}

const vdc_event *vdc_queue_peek(vdc_queue *queue) {
    if (!vdc_queue_count(queue)) return NULL;
    uint32_t place = front(queue);
    return place & VDC_SLOT_FAR ? vdc_ladder_event(&queue->far, place) : &queue->near.events[place];
}

bool vdc_queue_pop(vdc_queue *queue, vdc_event *event) {
    if (!vdc_queue_count(queue)) return false;
    uint32_t place = front(queue);
    bool far = place & VDC_SLOT_FAR;
    *event = far ? *vdc_ladder_event(&queue->far, place) : queue->near.events[place];
    vdc_event_handle handle = far ? vdc_ladder_handle(&queue->far, place) : queue->near.handles[place];
    take_out(queue, place);
    vdc_slots_give(&queue->slots, handle);
    return true;
}

/* Is this the handle of a pending event? */
static inline bool pending(const vdc_queue *queue, vdc_event_handle handle) {
    return handle && handle < queue->slots.used && !(queue->slots.places[handle] & VDC_SLOT_FREE);
}

void vdc_queue_cancel(vdc_queue *queue, vdc_event_handle handle) {
    if (!pending(queue, handle)) return;
    take_out(queue, queue->slots.places[handle]);
    vdc_slots_give(&queue->slots, handle);
}

vdc_time vdc_queue_time(const vdc_queue *queue, vdc_event_handle handle) {
    if (!pending(queue, handle)) return -1;
    uint32_t place = queue->slots.places[handle];
    return place & VDC_SLOT_FAR ? vdc_ladder_event(&queue->far, place)->time : queue->near.events[place].time;
}

vdc_code vdc_queue_move(vdc_queue *queue, vdc_event_handle *handle, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject) {
    if (!pending(queue, *handle)) return vdc_queue_push(queue, time, rank, kind, subject, handle);
    vdc_event event = next_event(queue, time, rank, kind, subject);
    uint32_t place = queue->slots.places[*handle];
    if (!(place & VDC_SLOT_FAR) && vdc_event_key_of(&event) <= queue->far.last) {
        vdc_heap_replace(&queue->near, &queue->slots, place, &event);
    } else {
        if (!reserve(queue, &event)) return VDC_ERROR_MEMORY;
        take_out(queue, place);
        insert(queue, &event, *handle);
    }
    queue->sequence++;
    return VDC_OK;
}

size_t vdc_queue_count(const vdc_queue *queue) {
    return queue->near.count + queue->far.count;
}

size_t vdc_queue_memory(const vdc_queue *queue) {
    return sizeof *queue + queue->slots.capacity * sizeof *queue->slots.places + queue->near.capacity * sizeof *queue->near.events +
           queue->near.handle_capacity * sizeof *queue->near.handles + queue->far.chunk_capacity * sizeof *queue->far.chunks +
           queue->far.next_capacity * sizeof *queue->far.next + queue->far.bucket_capacity * sizeof *queue->far.bucket +
           (queue->far.tables ? sizeof *queue->far.tables : 0);
}
