/* Events that are due together, in the order in which they were pushed. For sim/engine only; everybody else uses queue.h.
 *
 * Loads that change on a common grid, slices that begin together, leases that run out on the hour: thousands of events with one
 * (time, rank). Their sequence numbers ascend as they are pushed, so a list that is only appended to is in the queue's order by itself, and
 * each costs O(1) in memory that is read and written in a row, where a heap sifts and a ladder deals them out by the bytes of their
 * sequence numbers. Which instants are worth a list shows by itself: those at which many events in a row were pushed.
 *
 * A list is made of chunks of 16 events, which go to the next list as they are used up. A cancelled event is marked, not moved:
 * the others must keep their order. The marked ones are taken out when they are more than those that are left.
 * 28 bytes an event.
 */
#ifndef VDC_ENGINE_LANES_H
#define VDC_ENGINE_LANES_H

#include "sim/engine/heap.h"

enum {
    VDC_LANES = 8,             /* at once; other instants go without */
    VDC_LANE_CHUNK = 16,
    VDC_LANE_RECENT = 64,
    VDC_LANE_RANK_SHIFT = 56   /* of an event's order */
};
#define VDC_LANE_CANCELLED UINT64_MAX /* as an event's order */

typedef struct vdc_lane_chunk {
    vdc_event events[VDC_LANE_CHUNK];
    uint32_t handles[VDC_LANE_CHUNK];
} vdc_lane_chunk;

typedef struct vdc_lane {
    vdc_time time;
    uint64_t rank;
    uint32_t first, last;      /* chunks */
    uint32_t begin, end;       /* the first event, in the first chunk; one past the last event, in the last */
    size_t live, cancelled;    /* the first event is never a cancelled one */
} vdc_lane;

typedef struct vdc_lanes {
    vdc_lane lanes[VDC_LANES]; /* in ascending order of (time, rank); none is empty */
    uint32_t count;
    uint32_t latest;           /* the one that was appended to */
    size_t events;
    uint32_t enough;           /* events in a row at one instant that open a lane; UINT32_MAX = never */
    struct { vdc_time time; uint32_t rank, count; } recent[VDC_LANE_RECENT];
    vdc_lane_chunk *chunks;    /* chunk 0 is not used */
    uint32_t *next;            /* of each chunk, 0 = none */
    size_t capacity, used;     /* used: chunks ever taken into use, and chunk 0 */
    uint32_t free;
} vdc_lanes;

/* Sets up zeroed lanes. */
void vdc_lanes_init(vdc_lanes *lanes, uint32_t enough);
void vdc_lanes_clear(vdc_lanes *lanes);
/* See vdc_lanes_append. */
bool vdc_lanes_append_somewhere(vdc_lanes *lanes, vdc_slots *slots, const vdc_event *event, vdc_event_handle handle);
/* Takes any event out. */
void vdc_lanes_remove(vdc_lanes *lanes, vdc_slots *slots, uint32_t place);
/* Takes the first event of a lane out. */
void vdc_lanes_leave_first(vdc_lanes *lanes, uint32_t lane);
/* The event `ahead` places behind the first one of its lane, NULL when it is not there; may be a cancelled one. */
const vdc_event *vdc_lanes_ahead(const vdc_lanes *lanes, uint32_t ahead);

/* Appends the event if there is a lane for its instant, or one is due and memory allows it; else false, and nothing has changed. */
static inline bool vdc_lanes_append(vdc_lanes *lanes, vdc_slots *slots, const vdc_event *event, vdc_event_handle handle) {
    vdc_lane *lane = &lanes->lanes[lanes->latest];
    if (lanes->latest >= lanes->count || lane->time != event->time || lane->rank != event->order >> VDC_LANE_RANK_SHIFT
        || lane->end == VDC_LANE_CHUNK)
        return vdc_lanes_append_somewhere(lanes, slots, event, handle);
    vdc_lane_chunk *chunk = &lanes->chunks[lane->last];
    chunk->events[lane->end] = *event;
    chunk->handles[lane->end] = handle;
    slots->places[handle] = VDC_SLOT_LANE | (lane->last * VDC_LANE_CHUNK + lane->end);
    lane->end++;
    lane->live++;
    lanes->events++;
    return true;
}

/* The first event of the first lane is due at another time: it goes to the end of the lane that was appended to last, when that is its, and keeps its
 * rank, kind and handle. False, and nothing has changed, when it is not, or where a chunk begins or ends. What is written is never read as a whole here:
 * reading 16 bytes that were just written as two times 8 makes the processor wait. */
static inline bool vdc_lanes_renew(vdc_lanes *lanes, vdc_slots *slots, vdc_time time, uint64_t sequence) {
    vdc_lane *from = &lanes->lanes[0], *to = &lanes->lanes[lanes->latest];
    if (lanes->latest == 0 || lanes->latest >= lanes->count || to->time != time || to->rank != from->rank || to->end == VDC_LANE_CHUNK || from->live == 1
        || from->cancelled || from->begin + 1 == VDC_LANE_CHUNK)
        return false;
    const vdc_event *old = &lanes->chunks[from->first].events[from->begin];
    vdc_event *made = &lanes->chunks[to->last].events[to->end];
    vdc_event_handle handle = lanes->chunks[from->first].handles[from->begin];
    made->time = time;
    made->order = from->rank << VDC_LANE_RANK_SHIFT | sequence;
    made->kind = old->kind;
    made->subject = old->subject;
    lanes->chunks[to->last].handles[to->end] = handle;
    slots->places[handle] = VDC_SLOT_LANE | (to->last * VDC_LANE_CHUNK + to->end);
    to->end++;
    to->live++;
    from->live--;
    from->begin++;
    return true;
}

/* Of all lanes; there must be one. */
static inline const vdc_event *vdc_lanes_first(const vdc_lanes *lanes) {
    return &lanes->chunks[lanes->lanes[0].first].events[lanes->lanes[0].begin];
}

static inline uint32_t vdc_lanes_first_place(const vdc_lanes *lanes) {
    return VDC_SLOT_LANE | (lanes->lanes[0].first * VDC_LANE_CHUNK + lanes->lanes[0].begin);
}

/* The event at a place as vdc_slots has it (with VDC_SLOT_LANE). */
static inline const vdc_event *vdc_lanes_event(const vdc_lanes *lanes, uint32_t place) {
    place &= VDC_SLOT_LIMIT;
    return &lanes->chunks[place / VDC_LANE_CHUNK].events[place % VDC_LANE_CHUNK];
}

static inline vdc_event_handle vdc_lanes_handle(const vdc_lanes *lanes, uint32_t place) {
    place &= VDC_SLOT_LIMIT;
    return lanes->chunks[place / VDC_LANE_CHUNK].handles[place % VDC_LANE_CHUNK];
}

#endif
