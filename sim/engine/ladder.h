/* Events that are not due soon, in buckets by the digits of their keys. For sim/engine only; everybody else uses queue.h.
 *
 * The idea is that of the ladder queue (Tang, Goh, Thng, "Ladder queue: an O(1) priority queue structure for large-scale
 * discrete event simulation", ACM TOMACS 15(3), 2005): far events lie unsorted in buckets, and only the few that are
 * due next are sorted, in a small structure at the bottom, here the heap. Where the ladder queue, like Brown's calendar
 * queue (CACM 31(10), 1988), measures bucket widths from the events at hand, the buckets here are those of a radix heap
 * (Ahuja, Mehlhorn, Orlin, Tarjan, "Faster algorithms for the shortest path problem", J. ACM 37(2), 1990) over the bytes of the
 * 128-bit key: nothing to tune, no distribution of times that degrades it (events at one instant are told apart by the bytes of
 * rank and sequence), and a worst case of 16 moves an event where two or three are usual.
 *
 * `last` divides the events: those up to it are in the heap, those after it here. A key after `last` first differs from
 * it at some byte, counted from the least significant: that is its level, and the key's byte there its digit. All keys
 * of a level come before those of the next, and within a level the digits are in order. When the heap has run empty, the first bucket goes there if
 * it is small, otherwise `last` moves to its beginning and it is dealt out to lower levels. When the heap has grown too
 * large, because many events were pushed at times before `last`, it is pulled back.
 *
 * A bucket is a list of chunks of 8 events, of which only the first may be partly filled: a hole left by a cancelled event
 * is filled from there. 28 bytes an event and 6 a chunk; 21 KB of tables.
 */
#ifndef VDC_ENGINE_LADDER_H
#define VDC_ENGINE_LADDER_H

#include "sim/engine/heap.h"

enum {
    VDC_LADDER_DIGITS = 256,
    VDC_LADDER_LEVELS = 16,
    VDC_LADDER_BUCKETS = VDC_LADDER_LEVELS * VDC_LADDER_DIGITS,
    VDC_LADDER_CHUNK = 8
};

typedef struct vdc_ladder_chunk {
    vdc_event events[VDC_LADDER_CHUNK];
    uint32_t handles[VDC_LADDER_CHUNK];
} vdc_ladder_chunk;

/* By bucket. */
typedef struct vdc_ladder_tables {
    uint32_t first[VDC_LADDER_BUCKETS];         /* the first chunk, 0 = the bucket is empty */
    uint8_t fill[VDC_LADDER_BUCKETS];           /* events in the first chunk, 1 .. 8 */
    uint64_t filled[VDC_LADDER_LEVELS][VDC_LADDER_DIGITS / 64]; /* bit set of buckets that are not empty */
    uint32_t levels;                            /* bit set of levels with any of those */
} vdc_ladder_tables;

typedef struct vdc_ladder {
    vdc_event_key last;
    size_t count;                               /* events */
    vdc_ladder_chunk *chunks;                   /* chunk 0 is not used */
    uint32_t *next;                             /* of each chunk: the next in its bucket or in the free list, 0 = none */
    uint16_t *bucket;                           /* of each chunk */
    size_t chunk_capacity, next_capacity, bucket_capacity;
    size_t used;                                /* chunks ever taken into use, and chunk 0 */
    size_t free_count;                          /* chunks in the free list */
    uint32_t free;
    vdc_ladder_tables *tables;                  /* NULL until it is used for the first time */
} vdc_ladder;

/* Sets up a zeroed ladder. */
void vdc_ladder_init(vdc_ladder *ladder);
void vdc_ladder_clear(vdc_ladder *ladder);
/* Room for one more event; false when memory is out. */
bool vdc_ladder_reserve(vdc_ladder *ladder);
/* Adds an event that comes after `last`; room must be reserved. O(1). */
void vdc_ladder_insert(vdc_ladder *ladder, vdc_slots *slots, const vdc_event *event, vdc_event_handle handle);
/* The event at a place as vdc_slots has it (with VDC_SLOT_FAR). */
const vdc_event *vdc_ladder_event(const vdc_ladder *ladder, uint32_t place);
vdc_event_handle vdc_ladder_handle(const vdc_ladder *ladder, uint32_t place);
/* Takes the event at `place` out. O(1). */
void vdc_ladder_remove(vdc_ladder *ladder, vdc_slots *slots, uint32_t place);
/* Moves the earliest events to the heap, which must be empty, and `last` with them. False when memory is out: then all
 * is as it was, or the same events in finer buckets. */
bool vdc_ladder_refill(vdc_ladder *ladder, vdc_slots *slots, vdc_heap *heap);
/* Pulls `last` back to the earliest event of the heap (which has two or more); the others come here. False when memory is
 * out (nothing has changed). O(events of the heap), plus a chunk of those here at a time if it disturbs them. */
bool vdc_ladder_spill(vdc_ladder *ladder, vdc_slots *slots, vdc_heap *heap);
/* Would a spill undo what has been dealt out to lower levels? */
bool vdc_ladder_spill_disturbs(const vdc_ladder *ladder, const vdc_heap *heap);
/* The place of the earliest event: what is left when there is no memory to refill. There must be one. O(events in its bucket). */
uint32_t vdc_ladder_earliest(const vdc_ladder *ladder);
/* Nothing here and none to come: every key goes to the heap. */
static inline void vdc_ladder_rest(vdc_ladder *ladder) {
    ladder->last = ~(vdc_event_key)0;
}

#endif
