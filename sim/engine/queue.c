/* The event queue: see queue.h. What is due soon is in a heap (heap.h), what is far in a ladder of buckets (ladder.h), what is due together
 * with many others in lanes (lanes.h).
 *
 * The structures differ only in when the heap gives events away: "heap" never, "ladder" soon, "lanes" where two events are due together, and
 * the engine's own choice when there are so many that the heap leaves the cache, or many at one instant. An event that comes after the ladder's
 * `last` is far; the earliest event of heap and ladder is thus the heap's, unless that is empty, and the first lane's first event comes
 * before it or after it.
 */
#include "sim/engine/queue.h"

#include <string.h>

#include "sim/engine/ladder.h"
#include "sim/engine/lanes.h"

enum {
    RANK_SHIFT = VDC_LANE_RANK_SHIFT,
    TOGETHER = 32,      /* events in a row at one instant that make a lane */
    CROWD = 512,        /* pending events from which on lanes are opened: a heap of fewer is as good and smaller */
    SPILL = 512,        /* events in the heap at which a ladder in use takes most of them */
    ENGAGE = 16384,     /* events in the heap at which it comes into use */
    SPARE = 8,          /* events that the heap keeps room for when lanes grow */
    DISTURBED = 16      /* a spill that undoes the ladder's work waits for a heap of this part of the ladder's events */
};

struct vdc_queue {
    vdc_heap near;
    vdc_ladder far;
    vdc_lanes lanes;
    vdc_slots slots;
    uint64_t sequence;
    uint32_t front;     /* the place of the earliest event, where `looked` */
    bool looked;
    size_t engage;      /* see ENGAGE: SIZE_MAX without a ladder */
    size_t crowd;       /* see CROWD: SIZE_MAX without lanes */
    size_t spill_at;    /* events in the heap at which a spill is looked into */
};

vdc_code vdc_queue_create(vdc_queue **queue, const char *structure, vdc_diag *diag) {
    *queue = NULL;
    size_t engage = ENGAGE;
    size_t crowd = structure ? SIZE_MAX : CROWD;
    uint32_t together = structure ? UINT32_MAX : TOGETHER;
    if (structure && strcmp(structure, "heap") == 0) {
        engage = SIZE_MAX;
    } else if (structure && strcmp(structure, "ladder") == 0) {
        engage = SPILL;
    } else if (structure && strcmp(structure, "lanes") == 0) {
        engage = SPILL;
        together = 2;
        crowd = 0;
    } else if (structure) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "event queue: found '%s', allowed are heap, ladder and lanes", structure);
    }
    vdc_queue *fresh = vdc_calloc(1, sizeof *fresh);
    if (!fresh) return vdc_no_memory(diag, "the event queue");
    if (!vdc_slots_open(&fresh->slots)) {
        vdc_free(fresh);
        return vdc_no_memory(diag, "the event queue");
    }
    vdc_ladder_init(&fresh->far);
    vdc_lanes_init(&fresh->lanes, together);
    fresh->engage = fresh->spill_at = engage;
    fresh->crowd = crowd;
    *queue = fresh;
    return VDC_OK;
}

void vdc_queue_destroy(vdc_queue *queue) {
    if (!queue) return;
    vdc_heap_clear(&queue->near);
    vdc_ladder_clear(&queue->far);
    vdc_lanes_clear(&queue->lanes);
    vdc_free_lines(queue->slots.places);
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
    queue->looked = false;
    if (vdc_event_key_of(event) > queue->far.last) {
        vdc_ladder_insert(&queue->far, &queue->slots, event, handle);
    } else {
        vdc_heap_insert(&queue->near, &queue->slots, event, handle);
        if (queue->near.count >= queue->spill_at) relieve(queue);
    }
}

/* Takes an event out of the structure it lies in; its handle stays taken. */
static inline void take_out(vdc_queue *queue, uint32_t place) {
    queue->looked = false;
    if (place & VDC_SLOT_LANE) vdc_lanes_remove(&queue->lanes, &queue->slots, place);
    else if (place & VDC_SLOT_FAR) vdc_ladder_remove(&queue->far, &queue->slots, place);
    else vdc_heap_remove(&queue->near, &queue->slots, place);
}

static inline bool reserve(vdc_queue *queue, const vdc_event *event) {
    return vdc_event_key_of(event) > queue->far.last ? vdc_ladder_reserve(&queue->far)
                                                     : vdc_heap_reserve(&queue->near, queue->near.count + 1);
}

/* Puts the event into a lane, where there is one for it. The heap that came before the lanes gives its memory back. */
static inline bool append(vdc_queue *queue, const vdc_event *event, vdc_event_handle handle) {
    if (!queue->lanes.count && queue->near.count + queue->far.count < queue->crowd) return false;
    size_t chunks = queue->lanes.used;
    uint32_t count = queue->lanes.count;
    bool appended = vdc_lanes_append(&queue->lanes, &queue->slots, event, handle);
    if (queue->lanes.count != count) queue->looked = false;
    if (queue->lanes.used != chunks && queue->near.capacity > 2 * (queue->near.count + SPARE)) vdc_heap_shrink(&queue->near, queue->near.count + SPARE);
    return appended;
}

static inline vdc_event next_event(const vdc_queue *queue, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject) {
    return (vdc_event){.time = time, .order = (uint64_t)rank << RANK_SHIFT | queue->sequence, .kind = kind, .subject = subject};
}

vdc_code vdc_queue_push(vdc_queue *queue, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject, vdc_event_handle *handle) {
    vdc_event event = next_event(queue, time, rank, kind, subject);
    vdc_event_handle slot = 0;
    if (handle && !vdc_slots_take(&queue->slots, &slot)) return VDC_ERROR_MEMORY;
    if (!append(queue, &event, slot)) {
        if (!reserve(queue, &event)) {
            vdc_slots_give(&queue->slots, slot);
            return VDC_ERROR_MEMORY;
        }
        insert(queue, &event, slot);
    }
    queue->sequence++;
    if (handle) *handle = slot;
    return VDC_OK;
}

/* Brings the earliest events of heap and ladder into the heap. Returns the place of the earliest, which lies in the ladder only when there is
 * no memory to bring it down. There must be an event. */
static inline uint32_t front_of_heap(vdc_queue *queue) {
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

static inline const vdc_event *event_at(const vdc_queue *queue, uint32_t place) {
    if (place & VDC_SLOT_LANE) return vdc_lanes_event(&queue->lanes, place);
    return place & VDC_SLOT_FAR ? vdc_ladder_event(&queue->far, place) : &queue->near.events[place];
}

static inline vdc_event_handle handle_at(const vdc_queue *queue, uint32_t place) {
    if (place & VDC_SLOT_LANE) return vdc_lanes_handle(&queue->lanes, place);
    return place & VDC_SLOT_FAR ? vdc_ladder_handle(&queue->far, place) : queue->near.handles[place];
}

static uint32_t find_front(vdc_queue *queue) {
    if (!queue->lanes.count) return front_of_heap(queue);
    vdc_event_key key = vdc_event_key_of(vdc_lanes_first(&queue->lanes));
    bool before = queue->near.count ? key < vdc_event_key_of(queue->near.events) : !queue->far.count || key <= queue->far.last;
    if (before) return vdc_lanes_first_place(&queue->lanes);
    uint32_t place = front_of_heap(queue);
    return key < vdc_event_key_of(event_at(queue, place)) ? vdc_lanes_first_place(&queue->lanes) : place;
}

/* The place of the earliest event of all. There must be one. */
static inline uint32_t front(vdc_queue *queue) {
    if (!queue->looked) queue->front = find_front(queue);
    queue->looked = true;
    return queue->front;
}

const vdc_event *vdc_queue_peek(vdc_queue *queue) {
    return vdc_queue_count(queue) ? event_at(queue, front(queue)) : NULL;
}

const vdc_event *vdc_queue_ahead(const vdc_queue *queue, uint32_t ahead) {
    return vdc_lanes_ahead(&queue->lanes, ahead);
}

bool vdc_queue_pop(vdc_queue *queue, vdc_event *event) {
    if (!vdc_queue_count(queue)) return false;
    uint32_t place = front(queue);
    *event = *event_at(queue, place);
    vdc_event_handle handle = handle_at(queue, place);
    queue->looked = false;
    if (place & VDC_SLOT_LANE) vdc_lanes_leave_first(&queue->lanes, 0);
    else take_out(queue, place);
    vdc_slots_give(&queue->slots, handle);
    return true;
}

/* Is this the handle of a pending event? */
static inline bool pending(const vdc_queue *queue, vdc_event_handle handle) {
    return handle && handle < queue->slots.used && !(queue->slots.places[handle] & VDC_SLOT_FREE);
}

const vdc_event *vdc_queue_together(vdc_queue *queue) {
    if (!queue->lanes.count) return NULL;
    const vdc_event *first = vdc_lanes_first(&queue->lanes);
    vdc_event last = {.time = first->time, .order = first->order | (UINT64_MAX >> (64 - RANK_SHIFT))};
    if (queue->near.count ? vdc_event_key_of(&last) > vdc_event_key_of(queue->near.events) : queue->far.count && vdc_event_key_of(&last) > queue->far.last)
        return NULL;
    return first;
}

vdc_code vdc_queue_renew(vdc_queue *queue, vdc_time time, const vdc_event **following) {
    if (vdc_lanes_renew(&queue->lanes, &queue->slots, time, queue->sequence)) {
        queue->sequence++;
        queue->looked = false;
        *following = vdc_lanes_first(&queue->lanes);
        return VDC_OK;
    }
    const vdc_event *first = vdc_lanes_first(&queue->lanes);
    const vdc_lane *lane = &queue->lanes.lanes[0];
    vdc_event event = {.time = time, .order = (first->order & ~(UINT64_MAX >> (64 - RANK_SHIFT))) | queue->sequence, .kind = first->kind,
                       .subject = first->subject};
    vdc_event_handle handle = queue->lanes.chunks[lane->first].handles[lane->begin];
    vdc_time now = lane->time;
    uint64_t rank = lane->rank;
    if (!append(queue, &event, handle)) {
        if (!reserve(queue, &event)) return VDC_ERROR_MEMORY;
        insert(queue, &event, handle);
    }
    queue->sequence++;
    queue->looked = false;
    vdc_lanes_leave_first(&queue->lanes, 0);
    lane = &queue->lanes.lanes[0];
    *following = queue->lanes.count && lane->time == now && lane->rank == rank ? vdc_lanes_first(&queue->lanes) : NULL;
    return VDC_OK;
}

void vdc_queue_cancel(vdc_queue *queue, vdc_event_handle handle) {
    if (!pending(queue, handle)) return;
    take_out(queue, queue->slots.places[handle]);
    vdc_slots_give(&queue->slots, handle);
}

vdc_time vdc_queue_time(const vdc_queue *queue, vdc_event_handle handle) {
    if (!pending(queue, handle)) return -1;
    return event_at(queue, queue->slots.places[handle])->time;
}

vdc_code vdc_queue_move(vdc_queue *queue, vdc_event_handle *handle, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject) {
    if (!pending(queue, *handle)) return vdc_queue_push(queue, time, rank, kind, subject, handle);
    vdc_event event = next_event(queue, time, rank, kind, subject);
    uint32_t place = queue->slots.places[*handle];
    if (append(queue, &event, *handle)) {
        take_out(queue, place);
    } else if (!(place & (VDC_SLOT_FAR | VDC_SLOT_LANE)) && vdc_event_key_of(&event) <= queue->far.last) {
        vdc_heap_replace(&queue->near, &queue->slots, place, &event);
        queue->looked = false;
    } else {
        if (!reserve(queue, &event)) return VDC_ERROR_MEMORY;
        take_out(queue, place);
        insert(queue, &event, *handle);
    }
    queue->sequence++;
    return VDC_OK;
}

size_t vdc_queue_count(const vdc_queue *queue) {
    return queue->near.count + queue->far.count + queue->lanes.events;
}

size_t vdc_queue_memory(const vdc_queue *queue) {
    return sizeof *queue + queue->slots.capacity * sizeof *queue->slots.places + queue->near.capacity * sizeof *queue->near.events +
           queue->near.handle_capacity * sizeof *queue->near.handles + queue->far.chunk_capacity * sizeof *queue->far.chunks +
           queue->far.next_capacity * sizeof *queue->far.next + queue->far.bucket_capacity * sizeof *queue->far.bucket +
           (queue->far.tables ? sizeof *queue->far.tables : 0) + queue->lanes.capacity * (sizeof *queue->lanes.chunks + sizeof *queue->lanes.next);
}
