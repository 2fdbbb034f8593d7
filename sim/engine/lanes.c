/* Lists of events at one instant: see lanes.h. */
#include "sim/engine/lanes.h"

enum { CHUNK = VDC_LANE_CHUNK };

void vdc_lanes_init(vdc_lanes *lanes, uint32_t enough) {
    lanes->used = 1;
    lanes->enough = enough;
}

void vdc_lanes_clear(vdc_lanes *lanes) {
    vdc_free(lanes->chunks);
    vdc_free(lanes->next);
    *lanes = (vdc_lanes){0};
}

/* Room for one more chunk, growing by a thirty-second as the engine's other arrays do, but from a few chunks on. */
static bool reserve_chunk(vdc_lanes *lanes) {
    if (lanes->used < lanes->capacity) return true;
    size_t larger = lanes->capacity + lanes->capacity / 32 + 2;
    void *chunks = vdc_realloc(lanes->chunks, larger, sizeof *lanes->chunks);
    if (chunks) lanes->chunks = chunks;
    void *next = vdc_realloc(lanes->next, larger, sizeof *lanes->next);
    if (next) lanes->next = next;
    if (!chunks || !next) return false;
    lanes->capacity = larger;
    return true;
}

/* From the free list or a fresh one, as the end of a list; 0 when memory is out. */
static uint32_t take_chunk(vdc_lanes *lanes) {
    uint32_t chunk = lanes->free;
    if (chunk) {
        lanes->free = lanes->next[chunk];
    } else {
        if (lanes->used >= VDC_SLOT_LIMIT / CHUNK || !reserve_chunk(lanes)) return 0;
        chunk = (uint32_t)lanes->used++;
    }
    lanes->next[chunk] = 0;
    return chunk;
}

static void give_chunk(vdc_lanes *lanes, uint32_t chunk) {
    lanes->next[chunk] = lanes->free;
    lanes->free = chunk;
}

/* Of the lane of an instant; VDC_LANES when there is none. */
static uint32_t find(const vdc_lanes *lanes, vdc_time time, uint64_t rank) {
    for (uint32_t at = 0; at < lanes->count; at++)
        if (lanes->lanes[at].time == time && lanes->lanes[at].rank == rank) return at;
    return VDC_LANES;
}

/* Where an instant's pushes are counted. Multiplied twice: instants of a grid, a multiple of some step apart, must not share few places. */
static inline uint32_t place_of(vdc_time time, uint64_t rank) {
    uint64_t hash = ((uint64_t)time + rank) * UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ hash >> 32) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)(hash >> 32) % VDC_LANE_RECENT;
}

/* A lane for an instant at which many events were pushed; VDC_LANES when it is not due. */
static uint32_t open_lane(vdc_lanes *lanes, vdc_time time, uint64_t rank) {
    uint32_t hash = place_of(time, rank);
    if (lanes->recent[hash].time != time || lanes->recent[hash].rank != (uint32_t)rank) {
        lanes->recent[hash].time = time;
        lanes->recent[hash].rank = (uint32_t)rank;
        lanes->recent[hash].count = 0;
    }
    if (++lanes->recent[hash].count < lanes->enough) return VDC_LANES;
    lanes->recent[hash].count--;
    if (lanes->count == VDC_LANES) return VDC_LANES;
    uint32_t chunk = take_chunk(lanes), at = lanes->count;
    if (!chunk) return VDC_LANES;
    for (; at > 0 && (lanes->lanes[at - 1].time > time || (lanes->lanes[at - 1].time == time && lanes->lanes[at - 1].rank > rank)); at--)
        lanes->lanes[at] = lanes->lanes[at - 1];
    lanes->lanes[at] = (vdc_lane){.time = time, .rank = rank, .first = chunk, .last = chunk};
    lanes->count++;
    return at;
}

bool vdc_lanes_append_somewhere(vdc_lanes *lanes, vdc_slots *slots, const vdc_event *event, vdc_event_handle handle) {
    uint64_t rank = event->order >> VDC_LANE_RANK_SHIFT;
    uint32_t at = find(lanes, event->time, rank);
    if (at == VDC_LANES && (at = open_lane(lanes, event->time, rank)) == VDC_LANES) return false;
    vdc_lane *lane = &lanes->lanes[at];
    if (lane->end == CHUNK) {
        uint32_t chunk = take_chunk(lanes);
        if (!chunk) return false;
        lanes->next[lane->last] = chunk;
        lane->last = chunk;
        lane->end = 0;
    }
    lanes->latest = at;
    return vdc_lanes_append(lanes, slots, event, handle);
}

static void close_lane(vdc_lanes *lanes, uint32_t at) {
    for (uint32_t chunk = lanes->lanes[at].first, next; chunk; chunk = next) {
        next = lanes->next[chunk];
        give_chunk(lanes, chunk);
    }
    lanes->count--;
    if (lanes->latest > at) lanes->latest--;
    for (; at < lanes->count; at++) lanes->lanes[at] = lanes->lanes[at + 1];
}

/* Goes on to the next place; the chunk is given back behind it. There must be a place. */
static inline void step(vdc_lanes *lanes, vdc_lane *lane) {
    if (++lane->begin < CHUNK) return;
    uint32_t chunk = lane->first;
    lane->first = lanes->next[chunk];
    lane->begin = 0;
    give_chunk(lanes, chunk);
}

void vdc_lanes_leave_first(vdc_lanes *lanes, uint32_t at) {
    vdc_lane *lane = &lanes->lanes[at];
    lanes->events--;
    if (--lane->live == 0) {
        close_lane(lanes, at);
        return;
    }
    step(lanes, lane);
    while (lane->cancelled && lanes->chunks[lane->first].events[lane->begin].order == VDC_LANE_CANCELLED) {
        step(lanes, lane);
        lane->cancelled--;
    }
}

/* Takes the cancelled events out: the others move up. */
static void compact(vdc_lanes *lanes, vdc_slots *slots, vdc_lane *lane) {
    uint32_t from = lane->first, to = lane->first, read = lane->begin, write = lane->begin;
    size_t left = lane->live;
    while (left > 0) {
        const vdc_event *event = &lanes->chunks[from].events[read];
        if (event->order != VDC_LANE_CANCELLED) {
            vdc_event_handle handle = lanes->chunks[from].handles[read];
            if (write == CHUNK) to = lanes->next[to], write = 0;
            lanes->chunks[to].events[write] = *event;
            lanes->chunks[to].handles[write] = handle;
            slots->places[handle] = VDC_SLOT_LANE | (to * CHUNK + write);
            write++;
            left--;
        }
        if (++read == CHUNK) from = lanes->next[from], read = 0;
    }
    for (uint32_t chunk = lanes->next[to], next; chunk; chunk = next) {
        next = lanes->next[chunk];
        give_chunk(lanes, chunk);
    }
    lanes->next[to] = 0;
    lane->last = to;
    lane->end = write;
    lane->cancelled = 0;
}

void vdc_lanes_remove(vdc_lanes *lanes, vdc_slots *slots, uint32_t place) {
    place &= VDC_SLOT_LIMIT;
    vdc_event *event = &lanes->chunks[place / CHUNK].events[place % CHUNK];
    uint32_t at = find(lanes, event->time, event->order >> VDC_LANE_RANK_SHIFT);
    vdc_lane *lane = &lanes->lanes[at];
    if (place == lane->first * CHUNK + lane->begin) {
        vdc_lanes_leave_first(lanes, at);
        return;
    }
    event->order = VDC_LANE_CANCELLED;
    lanes->chunks[place / CHUNK].handles[place % CHUNK] = 0;
    lanes->events--;
    lane->live--;
    if (++lane->cancelled > lane->live + CHUNK) compact(lanes, slots, lane);
}

const vdc_event *vdc_lanes_ahead(const vdc_lanes *lanes, uint32_t ahead) {
    if (!lanes->count) return NULL;
    const vdc_lane *lane = &lanes->lanes[0];
    uint32_t chunk = lane->first, at = lane->begin + ahead;
    for (; at >= CHUNK && chunk; at -= CHUNK) chunk = lanes->next[chunk];
    if (!chunk || (chunk == lane->last && at >= lane->end)) return NULL;
    return &lanes->chunks[chunk].events[at];
}
