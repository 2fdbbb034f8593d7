/* Buckets of far events by the digits of their keys: see ladder.h. */
#include "sim/engine/ladder.h"

#include "sim/base/known.h"

enum {
    CHUNK = VDC_LADDER_CHUNK,
    DIGITS = VDC_LADDER_DIGITS,
    LEVELS = VDC_LADDER_LEVELS,
    BUCKETS = VDC_LADDER_BUCKETS,
    SMALL = 8     /* chunks of a bucket that goes to the heap whole */
};

void vdc_ladder_init(vdc_ladder *ladder) {
    ladder->used = 1;
    vdc_ladder_rest(ladder);
}

void vdc_ladder_clear(vdc_ladder *ladder) {
    vdc_free_lines(ladder->chunks);
    vdc_free_lines(ladder->next);
    vdc_free_lines(ladder->bucket);
    vdc_free(ladder->tables);
    *ladder = (vdc_ladder){0};
}

/* Where a key that differs from `last` belongs: level x 256 + digit. */
static inline uint32_t bucket_of(vdc_event_key last, vdc_event_key key) {
    vdc_event_key difference = key ^ last;
    uint64_t high = (uint64_t)(difference >> 64);
    uint64_t word = high ? high : (uint64_t)difference;
    uint64_t digits = high ? (uint64_t)(key >> 64) : (uint64_t)key;
    uint32_t byte = (63U - (uint32_t)__builtin_clzll(word)) / 8;
    return (byte + (high ? 8U : 0U)) * DIGITS + ((uint32_t)(digits >> (8 * byte)) & (DIGITS - 1));
}

static inline void mark_filled(vdc_ladder *ladder, uint32_t bucket) {
    ladder->tables->filled[bucket / DIGITS][bucket % DIGITS / 64] |= UINT64_C(1) << bucket % 64;
    ladder->tables->levels |= 1u << bucket / DIGITS;
}

static inline void mark_empty(vdc_ladder *ladder, uint32_t bucket) {
    uint64_t *level = ladder->tables->filled[bucket / DIGITS], left = 0;
    level[bucket % DIGITS / 64] &= ~(UINT64_C(1) << bucket % 64);
    for (uint32_t word = 0; word < DIGITS / 64; word++) left |= level[word];
    if (!left) ladder->tables->levels &= ~(1u << bucket / DIGITS);
}

/* The first bucket that is not empty on a level, UINT32_MAX when all are. */
static inline uint32_t first_of_level(const vdc_ladder *ladder, uint32_t level) {
    for (uint32_t word = 0; word < DIGITS / 64; word++) {
        uint64_t bits = ladder->tables->filled[level][word];
        if (bits) return level * DIGITS + word * 64 + (uint32_t)__builtin_ctzll(bits);
    }
    return UINT32_MAX;
}

static uint32_t first_bucket(const vdc_ladder *ladder) {
    uint32_t levels = ladder->tables->levels;
    return levels ? first_of_level(ladder, (uint32_t)__builtin_ctz(levels)) : UINT32_MAX;
}

/* Makes sure that `need` chunks can be taken without an allocation. */
static bool reserve_chunks(vdc_ladder *ladder, size_t need) {
    size_t total = ladder->used + (need > ladder->free_count ? need - ladder->free_count : 0);
    if (total <= ladder->chunk_capacity && total <= ladder->next_capacity && total <= ladder->bucket_capacity) return true;
    if (total > VDC_SLOT_LIMIT / CHUNK) return false;
    if (!ladder->tables && !(ladder->tables = vdc_calloc(1, sizeof *ladder->tables))) return false;
    void *chunks = ladder->chunks, *next = ladder->next, *bucket = ladder->bucket;
    bool grown = vdc_engine_grow_lines(&chunks, &ladder->chunk_capacity, total, sizeof *ladder->chunks);
    ladder->chunks = chunks;
    grown = grown && vdc_engine_grow_lines(&next, &ladder->next_capacity, total, sizeof *ladder->next);
    ladder->next = next;
    grown = grown && vdc_engine_grow_lines(&bucket, &ladder->bucket_capacity, total, sizeof *ladder->bucket);
    ladder->bucket = bucket;
    return grown;
}

/* A chunk from the free list or a fresh one; it must have been reserved. */
static inline uint32_t take_chunk(vdc_ladder *ladder) {
    uint32_t chunk = ladder->free;
    if (!chunk) return (uint32_t)ladder->used++;
    ladder->free = ladder->next[chunk];
    ladder->free_count--;
    return chunk;
}

static inline void give_chunk(vdc_ladder *ladder, uint32_t chunk) {
    ladder->next[chunk] = ladder->free;
    ladder->free = chunk;
    ladder->free_count++;
}

static inline void put(vdc_ladder *ladder, vdc_slots *slots, uint32_t chunk, uint32_t offset, const vdc_event *event, vdc_event_handle handle) {
    ladder->chunks[chunk].events[offset] = *event;
    ladder->chunks[chunk].handles[offset] = handle;
    slots->places[handle] = VDC_SLOT_FAR | (chunk * CHUNK + offset);
}

/* Adds an event to a bucket, which must not need a chunk that is not reserved. */
static inline void append(vdc_ladder *ladder, vdc_slots *slots, uint32_t bucket, const vdc_event *event, vdc_event_handle handle) {
    uint32_t chunk = ladder->tables->first[bucket];
    if (!chunk || ladder->tables->fill[bucket] == CHUNK) {
        uint32_t fresh = take_chunk(ladder);
        if (!chunk) mark_filled(ladder, bucket);
        ladder->next[fresh] = chunk;
        ladder->bucket[fresh] = (uint16_t)bucket;
        ladder->tables->first[bucket] = chunk = fresh;
        ladder->tables->fill[bucket] = 0;
    }
    put(ladder, slots, chunk, ladder->tables->fill[bucket]++, event, handle);
}

bool vdc_ladder_reserve(vdc_ladder *ladder) {
    return ladder->free || reserve_chunks(ladder, 1);
}

void vdc_ladder_insert(vdc_ladder *ladder, vdc_slots *slots, const vdc_event *event, vdc_event_handle handle) {
    append(ladder, slots, bucket_of(ladder->last, vdc_event_key_of(event)), event, handle);
    ladder->count++;
}

const vdc_event *vdc_ladder_event(const vdc_ladder *ladder, uint32_t place) {
    place &= VDC_SLOT_LIMIT;
    return &ladder->chunks[place / CHUNK].events[place % CHUNK];
}

vdc_event_handle vdc_ladder_handle(const vdc_ladder *ladder, uint32_t place) {
    place &= VDC_SLOT_LIMIT;
    return ladder->chunks[place / CHUNK].handles[place % CHUNK];
}

void vdc_ladder_remove(vdc_ladder *ladder, vdc_slots *slots, uint32_t place) {
    place &= VDC_SLOT_LIMIT;
    uint32_t chunk = place / CHUNK, offset = place % CHUNK, bucket = ladder->bucket[chunk];
    uint32_t first = ladder->tables->first[bucket], end = --ladder->tables->fill[bucket];
    if (chunk != first || offset != end) {
        put(ladder, slots, chunk, offset, &ladder->chunks[first].events[end], ladder->chunks[first].handles[end]);
    }
    ladder->count--;
    if (end > 0) return;
    ladder->tables->first[bucket] = ladder->next[first];
    give_chunk(ladder, first);
    if (ladder->tables->first[bucket]) ladder->tables->fill[bucket] = CHUNK;
    else mark_empty(ladder, bucket);
}

/* Takes the first chunk of a bucket off its list; the caller still has to give it back. Returns it and how many events it holds. */
static inline uint32_t detach_chunk(vdc_ladder *ladder, uint32_t bucket, uint32_t *events) {
    uint32_t chunk = ladder->tables->first[bucket], next = ladder->next[chunk];
    *events = ladder->tables->fill[bucket];
    ladder->tables->first[bucket] = next;
    /* The one after the next is fetched while this one and the next are worked on: a list is no stream to the hardware. */
    if (next) {
        const char *ahead = (const char *)&ladder->chunks[ladder->next[next]];
        for (size_t line = 0; line < sizeof *ladder->chunks; line += 64) __builtin_prefetch(ahead + line);
    }
    ladder->tables->fill[bucket] = CHUNK;
    if (!ladder->tables->first[bucket]) mark_empty(ladder, bucket);
    return chunk;
}

/* At most `most`: the chunks of a bucket. */
static size_t count_chunks(const vdc_ladder *ladder, uint32_t bucket, size_t most) {
    size_t count = 0;
    for (uint32_t chunk = ladder->tables->first[bucket]; chunk && count < most; chunk = ladder->next[chunk]) count++;
    return count;
}

static void bucket_to_heap(vdc_ladder *ladder, vdc_slots *slots, uint32_t bucket, vdc_heap *heap) {
    while (ladder->tables->first[bucket]) {
        uint32_t events, chunk = detach_chunk(ladder, bucket, &events);
        for (uint32_t i = 0; i < events; i++) {
            vdc_heap_insert(heap, slots, &ladder->chunks[chunk].events[i], ladder->chunks[chunk].handles[i]);
        }
        ladder->count -= events;
        give_chunk(ladder, chunk);
    }
}

/* Deals the events of a bucket out to the levels below it, `last` being its beginning. An event whose key is `last` itself goes to the heap. */
static void deal_out(vdc_ladder *ladder, vdc_slots *slots, uint32_t bucket, vdc_heap *heap) {
    while (ladder->tables->first[bucket]) {
        uint32_t events, chunk = detach_chunk(ladder, bucket, &events);
        for (uint32_t i = 0; i < events; i++) {
            const vdc_event *event = &ladder->chunks[chunk].events[i];
            vdc_event_handle handle = ladder->chunks[chunk].handles[i];
            vdc_event_key key = vdc_event_key_of(event);
            if (key == ladder->last) {
                vdc_heap_insert(heap, slots, event, handle);
                ladder->count--;
            } else {
                append(ladder, slots, bucket_of(ladder->last, key), event, handle);
            }
        }
        give_chunk(ladder, chunk);
    }
}

bool vdc_ladder_refill(vdc_ladder *ladder, vdc_slots *slots, vdc_heap *heap) {
    if (!vdc_heap_reserve(heap, SMALL * CHUNK)) return false;
    while (ladder->count && !heap->count) {
        uint32_t bucket = first_bucket(ladder), level = bucket / DIGITS;
        VDC_KNOWN(level < LEVELS); /* there are events, so there is a bucket */
        vdc_event_key digit = (vdc_event_key)1 << 8 * level;
        /* The bytes above the level are those of `last`, the level's own is the digit, those below are free. */
        vdc_event_key above = level + 1 < LEVELS ? ladder->last & ~(digit * DIGITS - 1) : 0;
        vdc_event_key begin = above | bucket % DIGITS * digit;
        size_t chunks = count_chunks(ladder, bucket, DIGITS / CHUNK);
        if (chunks <= SMALL) {
            ladder->last = begin | (digit - 1);
            bucket_to_heap(ladder, slots, bucket, heap);
        } else {
            if (!reserve_chunks(ladder, chunks * CHUNK + 1)) return false;
            ladder->last = begin;
            deal_out(ladder, slots, bucket, heap);
        }
    }
    return true;
}

/* Puts one chunk with `events` events, whose own list is forgotten, into another bucket: only the first chunk of a list may be partly filled. */
static void give_to_bucket(vdc_ladder *ladder, vdc_slots *slots, uint32_t bucket, uint32_t chunk, uint32_t events) {
    uint32_t first = ladder->tables->first[bucket];
    ladder->bucket[chunk] = (uint16_t)bucket;
    if (first && events == CHUNK) {
        ladder->next[chunk] = ladder->next[first];
        ladder->next[first] = chunk;
        return;
    }
    while (first && events > 0 && ladder->tables->fill[bucket] < CHUNK) {
        events--;
        put(ladder, slots, first, ladder->tables->fill[bucket]++, &ladder->chunks[chunk].events[events], ladder->chunks[chunk].handles[events]);
    }
    if (events == 0) {
        give_chunk(ladder, chunk);
        return;
    }
    if (!first) mark_filled(ladder, bucket);
    ladder->next[chunk] = first;
    ladder->tables->first[bucket] = chunk;
    ladder->tables->fill[bucket] = (uint8_t)events;
}

/* The level where `key` and `last` part. */
static inline uint32_t level_of(const vdc_ladder *ladder, vdc_event_key key) {
    return bucket_of(ladder->last, key) / DIGITS;
}

bool vdc_ladder_spill_disturbs(const vdc_ladder *ladder, const vdc_heap *heap) {
    uint32_t first = first_bucket(ladder);
    return first != UINT32_MAX && first / DIGITS < level_of(ladder, vdc_event_key_of(heap->events));
}

bool vdc_ladder_spill(vdc_ladder *ladder, vdc_slots *slots, vdc_heap *heap) {
    vdc_event_key earliest = vdc_event_key_of(&heap->events[0]);
    if (heap->count < 2 || earliest == ladder->last) return true;

    /* Chunks that the events of the heap will take at most: they are reserved first, so that nothing can go wrong half-way. */
    uint32_t tally[BUCKETS] = {0};
    size_t need = 0;
    for (size_t i = 1; i < heap->count; i++) {
        if (tally[bucket_of(earliest, vdc_event_key_of(&heap->events[i]))]++ % CHUNK == 0) need++;
    }
    if (!reserve_chunks(ladder, need)) return false;

    /* With `last` pulled back to the earliest key, what lies below the level where the two part is one bucket there. */
    uint32_t joined = bucket_of(earliest, ladder->last);
    for (uint32_t level = 0; level < joined / DIGITS; level++) {
        uint32_t bucket;
        while ((bucket = first_of_level(ladder, level)) != UINT32_MAX) {
            uint32_t events, chunk = detach_chunk(ladder, bucket, &events);
            give_to_bucket(ladder, slots, joined, chunk, events);
        }
    }
    ladder->last = earliest;
    for (size_t i = 1; i < heap->count; i++) {
        append(ladder, slots, bucket_of(earliest, vdc_event_key_of(&heap->events[i])), &heap->events[i], heap->handles[i]);
    }
    ladder->count += heap->count - 1;
    heap->count = 1;
    return true;
}

uint32_t vdc_ladder_earliest(const vdc_ladder *ladder) {
    uint32_t bucket = first_bucket(ladder), best = 0, events = ladder->tables->fill[bucket];
    vdc_event_key least = ~(vdc_event_key)0;
    for (uint32_t chunk = ladder->tables->first[bucket]; chunk; chunk = ladder->next[chunk], events = CHUNK) {
        for (uint32_t i = 0; i < events; i++) {
            vdc_event_key key = vdc_event_key_of(&ladder->chunks[chunk].events[i]);
            if (key <= least) {
                least = key;
                best = chunk * CHUNK + i;
            }
        }
    }
    return VDC_SLOT_FAR | best;
}
