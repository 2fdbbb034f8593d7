/* A 4-ary heap of events. For sim/engine only; everybody else uses queue.h.
 *
 * Four children a node: half the depth of a binary heap for the same number of cache lines touched a level, which is
 * what counts when the heap is larger than a cache (LaMarca, Ladner, "The influence of caches on the performance of
 * heaps", ACM J. of Experimental Algorithmics 1, 1996). Events are held by value, 24 bytes, with their handles in an array of
 * their own: 28 bytes an event.
 */
#ifndef VDC_ENGINE_HEAP_H
#define VDC_ENGINE_HEAP_H

#include "sim/engine/slots.h"

typedef unsigned __int128 vdc_event_key;

typedef struct vdc_heap {
    vdc_event *events;
    uint32_t *handles;
    size_t count;
    size_t capacity, handle_capacity;
} vdc_heap;

/* (time, rank, sequence) as one number; the sign bit is turned over so that times before 0 sort first. */
static inline vdc_event_key vdc_event_key_of(const vdc_event *event) {
    return ((vdc_event_key)((uint64_t)event->time ^ (UINT64_C(1) << 63)) << 64) | event->order;
}

/* Room for `need` events; false when memory is out (nothing changed). */
bool vdc_heap_reserve(vdc_heap *heap, size_t need);
/* Gives memory back down to room for `keep` events. Keeps it when that fails. */
void vdc_heap_shrink(vdc_heap *heap, size_t keep);
/* Adds an event; room must be reserved. O(log n), O(1) on average for random keys. */
void vdc_heap_insert(vdc_heap *heap, vdc_slots *slots, const vdc_event *event, vdc_event_handle handle);
/* Takes the event at `index` out. Index 0 is the earliest. O(log n). */
void vdc_heap_remove(vdc_heap *heap, vdc_slots *slots, size_t index);
/* Puts another event, with the same handle, in the place of the one at `index`. O(log n). */
void vdc_heap_replace(vdc_heap *heap, vdc_slots *slots, size_t index, const vdc_event *event);
void vdc_heap_clear(vdc_heap *heap);

#endif
