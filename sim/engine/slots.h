/* Handles of pending events: a table handle -> place, so that an event that moves about can be cancelled at once.
 *
 * 4 bytes a pending event. Free handles are chained through the table. Handle 0 is nobody's: it may be written
 * (events pushed without a handle do), never read. For sim/engine only.
 */
#ifndef VDC_ENGINE_SLOTS_H
#define VDC_ENGINE_SLOTS_H

#include "sim/base/memory.h"
#include "sim/engine/queue.h"

/* A place is an index into the heap, or has one of these flags. */
#define VDC_SLOT_LANE UINT32_C(0x20000000)      /* a place in a lane */
#define VDC_SLOT_FAR  UINT32_C(0x40000000)      /* a place in the ladder */
#define VDC_SLOT_FREE UINT32_C(0x80000000)      /* the handle is not in use; the rest is the next free handle */
#define VDC_SLOT_LIMIT UINT32_C(0x1fffffff)     /* most places of each kind */

typedef struct vdc_slots {
    uint32_t *places;
    size_t capacity, used; /* used: handles ever given out, and 0 */
    uint32_t free;         /* the newest free handle, 0 = none */
} vdc_slots;

/* Grows an engine array by a thirty-second, so that hardly more is held than is used (memory.h's growth by half would break
 * the 40 bytes an event); large blocks are remapped by the C library, not copied. */
bool vdc_engine_grow(void **array, size_t *capacity, size_t need, size_t element);
/* The same for what is looked up at random by millions: on huge pages when it is large. Freed by vdc_free_lines. */
bool vdc_engine_grow_lines(void **array, size_t *capacity, size_t need, size_t element);

/* Sets up a zeroed table. False when memory is out. */
static inline bool vdc_slots_open(vdc_slots *slots) {
    void *places = NULL;
    if (!vdc_engine_grow_lines(&places, &slots->capacity, 1, sizeof *slots->places)) return false;
    slots->places = places;
    slots->used = 1;
    return true;
}

static inline bool vdc_slots_take(vdc_slots *slots, vdc_event_handle *handle) {
    if (slots->free) {
        *handle = slots->free;
        slots->free = slots->places[*handle] & ~VDC_SLOT_FREE;
        return true;
    }
    if (slots->used >= slots->capacity) {
        void *places = slots->places;
        if (slots->used > VDC_SLOT_LIMIT || !vdc_engine_grow_lines(&places, &slots->capacity, slots->used + 1, sizeof *slots->places)) {
            return false;
        }
        slots->places = places;
    }
    *handle = (vdc_event_handle)slots->used++;
    return true;
}

static inline void vdc_slots_give(vdc_slots *slots, vdc_event_handle handle) {
    if (!handle) return;
    slots->places[handle] = VDC_SLOT_FREE | slots->free;
    slots->free = handle;
}

#endif
