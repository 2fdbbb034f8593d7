/* The event queue: see queue.h. */
#include "sim/engine/queue.h"

#include <string.h>

#include "sim/base/memory.h"
#include "sim/engine/heap.h"

struct vdc_queue {
    vdc_heap near;
    vdc_slots slots;
    uint64_t sequence;
};

enum { RANK_SHIFT = 56 };

vdc_code vdc_queue_create(vdc_queue **queue, const char *structure, vdc_diag *diag) {
    *queue = NULL;
    if (structure && strcmp(structure, "heap") != 0 && strcmp(structure, "ladder") != 0) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "event queue: found '%s', allowed are heap and ladder", structure);
    }
    vdc_queue *fresh = vdc_calloc(1, sizeof *fresh);
    if (!fresh) return vdc_no_memory(diag, "the event queue");
    void *places = NULL;
    if (!vdc_engine_grow(&places, &fresh->slots.capacity, 1, sizeof *fresh->slots.places)) {
        vdc_free(fresh);
        return vdc_no_memory(diag, "the event queue");
    }
    fresh->slots.places = places;
    fresh->slots.used = 1;
    *queue = fresh;
    return VDC_OK;
}

void vdc_queue_destroy(vdc_queue *queue) {
    if (!queue) return;
    vdc_heap_clear(&queue->near);
    vdc_free(queue->slots.places);
    vdc_free(queue);
}

uint64_t vdc_queue_take_sequence(vdc_queue *queue) {
    return queue->sequence++;
}

static vdc_event make_event(vdc_queue *queue, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject) {
    return (vdc_event){.time = time, .order = (uint64_t)rank << RANK_SHIFT | queue->sequence++, .kind = kind, .subject = subject};
}

vdc_code vdc_queue_push(vdc_queue *queue, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject, vdc_event_handle *handle) {
    vdc_event_handle slot = 0;
    if (!vdc_heap_reserve(&queue->near, queue->near.count + 1)) return VDC_ERROR_MEMORY;
    if (handle && !vdc_slots_take(&queue->slots, &slot)) return VDC_ERROR_MEMORY;
    vdc_event event = make_event(queue, time, rank, kind, subject);
    vdc_heap_insert(&queue->near, &queue->slots, &event, slot);
    if (handle) *handle = slot;
    return VDC_OK;
}

const vdc_event *vdc_queue_peek(vdc_queue *queue) {
    return queue->near.count ? queue->near.events : NULL;
}

bool vdc_queue_pop(vdc_queue *queue, vdc_event *event) {
    if (!queue->near.count) return false;
    *event = queue->near.events[0];
    vdc_event_handle handle = queue->near.handles[0];
    vdc_heap_remove(&queue->near, &queue->slots, 0);
    vdc_slots_give(&queue->slots, handle);
    return true;
}

/* Is this the handle of a pending event? */
static bool pending(const vdc_queue *queue, vdc_event_handle handle) {
    return handle && handle < queue->slots.used && !(queue->slots.places[handle] & VDC_SLOT_FREE);
}

void vdc_queue_cancel(vdc_queue *queue, vdc_event_handle handle) {
    if (!pending(queue, handle)) return;
    vdc_heap_remove(&queue->near, &queue->slots, queue->slots.places[handle]);
    vdc_slots_give(&queue->slots, handle);
}

vdc_code vdc_queue_move(vdc_queue *queue, vdc_event_handle *handle, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject) {
    if (!pending(queue, *handle)) return vdc_queue_push(queue, time, rank, kind, subject, handle);
    vdc_event event = make_event(queue, time, rank, kind, subject);
    vdc_heap_replace(&queue->near, &queue->slots, queue->slots.places[*handle], &event);
    return VDC_OK;
}

size_t vdc_queue_count(const vdc_queue *queue) {
    return queue->near.count;
}
