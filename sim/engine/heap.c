/* The 4-ary heap: see heap.h. Children of i are 4i+1 .. 4i+4. */
#include "sim/engine/heap.h"

enum { ARITY = 4 };

bool vdc_engine_grow(void **array, size_t *capacity, size_t need, size_t element) {
    if (need <= *capacity) return true;
    size_t larger = *capacity + *capacity / 32 + 16;
    if (larger < need) larger = need;
    void *grown = vdc_realloc(*array, larger, element);
    if (!grown) return false;
    *array = grown;
    *capacity = larger;
    return true;
}

bool vdc_engine_grow_lines(void **array, size_t *capacity, size_t need, size_t element) {
    enum { MAPPED_FROM = 16 << 20 }; /* so that rounding up to a huge page is a small part of it */
    size_t larger = *capacity + *capacity / 32 + 16;
    return need <= *capacity || vdc_resize_lines(array, capacity, larger < need ? need : larger, element, MAPPED_FROM);
}

bool vdc_heap_reserve(vdc_heap *heap, size_t need) {
    if (need <= heap->capacity && need <= heap->handle_capacity) return true;
    if (need > VDC_SLOT_LIMIT) return false;
    void *events = heap->events, *handles = heap->handles;
    bool grown = vdc_engine_grow(&events, &heap->capacity, need, sizeof *heap->events);
    heap->events = events;
    grown = grown && vdc_engine_grow(&handles, &heap->handle_capacity, need, sizeof *heap->handles);
    heap->handles = handles;
    return grown;
}

void vdc_heap_shrink(vdc_heap *heap, size_t keep) {
    if (keep < heap->count) keep = heap->count;
    if (keep == 0 || keep >= heap->capacity) return;
    vdc_event *events = vdc_realloc(heap->events, keep, sizeof *events);
    if (events) {
        heap->events = events;
        heap->capacity = keep;
    }
    uint32_t *handles = vdc_realloc(heap->handles, keep, sizeof *handles);
    if (handles) {
        heap->handles = handles;
        heap->handle_capacity = keep;
    }
}

static inline void put(vdc_heap *heap, vdc_slots *slots, size_t index, const vdc_event *event, vdc_event_handle handle) {
    heap->events[index] = *event;
    heap->handles[index] = handle;
    slots->places[handle] = (uint32_t)index;
}

/* The hole at `index` rises to where `event` belongs, and is filled with it. */
static inline void sift_up(vdc_heap *heap, vdc_slots *slots, size_t index, const vdc_event *event, vdc_event_handle handle) {
    vdc_event_key key = vdc_event_key_of(event);
    while (index > 0) {
        size_t parent = (index - 1) / ARITY;
        if (vdc_event_key_of(&heap->events[parent]) <= key) break;
        put(heap, slots, index, &heap->events[parent], heap->handles[parent]);
        index = parent;
    }
    put(heap, slots, index, event, handle);
}

/* The child of `index` with the smallest key; it must have one. */
static inline size_t least_child(const vdc_heap *heap, size_t index) {
    size_t first = ARITY * index + 1, end = first + ARITY, least = first;
    if (end > heap->count) end = heap->count;
    vdc_event_key key = vdc_event_key_of(&heap->events[first]);
    for (size_t child = first + 1; child < end; child++) {
        vdc_event_key other = vdc_event_key_of(&heap->events[child]);
        least = other < key ? child : least;
        key = other < key ? other : key;
    }
    return least;
}

/* The hole at `index` sinks to a leaf, and `event` rises from there: what comes from the end of the array belongs near the
 * leaves, so that this compares less than stopping on the way down would. */
static inline void sift_down(vdc_heap *heap, vdc_slots *slots, size_t index, const vdc_event *event, vdc_event_handle handle) {
    size_t top = index;
    while (ARITY * index + 1 < heap->count) {
        size_t child = least_child(heap, index);
        put(heap, slots, index, &heap->events[child], heap->handles[child]);
        index = child;
    }
    vdc_event_key key = vdc_event_key_of(event);
    while (index > top) {
        size_t parent = (index - 1) / ARITY;
        if (vdc_event_key_of(&heap->events[parent]) <= key) break;
        put(heap, slots, index, &heap->events[parent], heap->handles[parent]);
        index = parent;
    }
    put(heap, slots, index, event, handle);
}

void vdc_heap_insert(vdc_heap *heap, vdc_slots *slots, const vdc_event *event, vdc_event_handle handle) {
    sift_up(heap, slots, heap->count++, event, handle);
}

void vdc_heap_replace(vdc_heap *heap, vdc_slots *slots, size_t index, const vdc_event *event) {
    vdc_event fresh = *event;
    vdc_event_handle handle = heap->handles[index];
    if (index > 0 && vdc_event_key_of(&fresh) < vdc_event_key_of(&heap->events[(index - 1) / ARITY])) {
        sift_up(heap, slots, index, &fresh, handle);
    } else {
        sift_down(heap, slots, index, &fresh, handle);
    }
}

void vdc_heap_remove(vdc_heap *heap, vdc_slots *slots, size_t index) {
    size_t last = --heap->count;
    if (index == last) return;
    vdc_event event = heap->events[last];
    vdc_event_handle handle = heap->handles[last];
    if (index > 0 && vdc_event_key_of(&event) < vdc_event_key_of(&heap->events[(index - 1) / ARITY])) {
        sift_up(heap, slots, index, &event, handle);
    } else {
        sift_down(heap, slots, index, &event, handle);
    }
}

void vdc_heap_clear(vdc_heap *heap) {
    vdc_free(heap->events);
    vdc_free(heap->handles);
    *heap = (vdc_heap){0};
}
