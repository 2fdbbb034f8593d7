/* Sets of hosts with the lowest position first: see search_members.h. */
#include "schedulers/search_members.h"

#include <string.h>

enum { ARITY = 4, FEW_MEMBERS = 64, FEW_REFUSED = 8 };

static inline uint32_t *heap_of(const vdc_member_pool *pool, vdc_members *members) {
    return members->chunk_class ? pool->cells + members->chunk : members->near;
}

static inline uint32_t room_of(const vdc_members *members) {
    return members->chunk_class ? UINT32_C(8) << members->chunk_class : VDC_MEMBERS_INLINE;
}

void vdc_member_pool_close(vdc_member_pool *pool) {
    vdc_free(pool->cells);
    vdc_free(pool->state_of);
    vdc_free(pool->frontier);
}

/* --- chunks --- */

static bool take_chunk(vdc_member_pool *pool, uint32_t class, uint32_t *chunk) {
    if (pool->free[class]) {
        *chunk = pool->free[class] - 1;
        pool->free[class] = pool->cells[*chunk];
        return true;
    }
    size_t size = (size_t)8 << class;
    if (pool->used + size > UINT32_MAX - 1 || !VDC_RESERVE(pool->cells, pool->capacity, pool->used + size)) return false;
    *chunk = (uint32_t)pool->used;
    pool->used += size;
    return true;
}

void vdc_members_clear(vdc_member_pool *pool, vdc_members *members) {
    if (members->chunk_class) {
        pool->cells[members->chunk] = pool->free[members->chunk_class];
        pool->free[members->chunk_class] = members->chunk + 1;
    }
    members->chunk_class = members->size = members->count = 0;
}

static bool grow(vdc_member_pool *pool, vdc_members *members) {
    uint32_t class = members->chunk_class + 1, chunk;
    if (class >= VDC_MEMBERS_CLASSES || !take_chunk(pool, class, &chunk)) return false;
    memcpy(pool->cells + chunk, heap_of(pool, members), members->size * sizeof *pool->cells);
    vdc_members moved = *members;
    vdc_members_clear(pool, members);
    members->count = moved.count;
    members->size = moved.size;
    members->chunk_class = class;
    members->chunk = chunk;
    return true;
}

/* --- the heap --- */

static void sift_down(uint32_t *heap, uint32_t size, uint32_t index) {
    uint32_t position = heap[index];
    for (;;) {
        uint32_t first = ARITY * index + 1, last = first + ARITY < size ? first + ARITY : size, least = first;
        if (first >= size) break;
        for (uint32_t child = first + 1; child < last; child++) {
            if (heap[child] < heap[least]) least = child;
        }
        if (heap[least] >= position) break;
        heap[index] = heap[least];
        index = least;
    }
    heap[index] = position;
}

static void sift_up(uint32_t *heap, uint32_t index) {
    uint32_t position = heap[index];
    while (index) {
        uint32_t above = (index - 1) / ARITY;
        if (heap[above] <= position) break;
        heap[index] = heap[above];
        index = above;
    }
    heap[index] = position;
}

/* Drops those that left and the second entries of those that came back. A member seen is marked by taking it out of its state for
 * as long as this lasts. */
static void drop_stale(vdc_member_pool *pool, vdc_members *members, uint32_t state) {
    uint32_t *heap = heap_of(pool, members), kept = 0;
    for (uint32_t i = 0; i < members->size; i++) {
        if (pool->state_of[heap[i]] != state) continue;
        pool->state_of[heap[i]] = ~state;
        heap[kept++] = heap[i];
    }
    members->size = kept;
    for (uint32_t i = 0; i < kept; i++) pool->state_of[heap[i]] = state;
    for (uint32_t i = (kept + ARITY - 2) / ARITY; i-- > 0;) sift_down(heap, kept, i);
}

bool vdc_members_join(vdc_member_pool *pool, vdc_members *members, uint32_t state, uint32_t position) {
    members->count++;
    if (members->size == room_of(members)) {
        /* The newcomer may already be in, from an earlier stay. */
        if (members->size > members->count + members->count / 2) drop_stale(pool, members, state);
        if (members->size == room_of(members) && !grow(pool, members)) return false;
    }
    uint32_t *heap = heap_of(pool, members);
    heap[members->size++] = position;
    sift_up(heap, members->size - 1);
    return true;
}

uint32_t vdc_members_clean_top(vdc_member_pool *pool, vdc_members *members, uint32_t state) {
    uint32_t *heap = heap_of(pool, members);
    while (pool->state_of[heap[0]] != state) {
        heap[0] = heap[--members->size];
        sift_down(heap, members->size, 0);
    }
    return heap[0];
}

/* Every member is looked at, lower ones than the best so far are asked for. */
static uint32_t look_at_all(const vdc_member_pool *pool, const uint32_t *heap, uint32_t size, uint32_t state, uint32_t limit,
                            vdc_accept *accept, void *context) {
    uint32_t best = VDC_NO_POSITION;
    for (uint32_t i = 0; i < size; i++) {
        if (heap[i] >= limit || pool->state_of[heap[i]] != state) continue;
        vdc_acceptance answer = accept(context, heap[i]);
        if (answer == VDC_ENOUGH) return VDC_NO_POSITION;
        if (answer == VDC_ACCEPTED) best = limit = heap[i];
    }
    return best;
}

/* Visits the heap in ascending order without changing it: a second heap holds the indices that may come next, lowest position
 * first (Frederickson's selection from a heap in its simple form). */
uint32_t vdc_members_first_accepted(vdc_member_pool *pool, vdc_members *members, uint32_t state, uint32_t limit,
                                    vdc_accept *accept, void *context) {
    const uint32_t *heap = heap_of(pool, members);
    uint32_t count = 0, refused = 0;
    if (!members->size) return VDC_NO_POSITION;
    /* Mostly the first one will do. Of a few hosts all are looked at, which costs less than keeping an order. */
    if (heap[0] >= limit) return VDC_NO_POSITION;
    if (pool->state_of[heap[0]] == state) {
        vdc_acceptance answer = accept(context, heap[0]);
        if (answer != VDC_REFUSED) return answer == VDC_ACCEPTED ? heap[0] : VDC_NO_POSITION;
    }
    if (members->size <= FEW_MEMBERS) return look_at_all(pool, heap + 1, members->size - 1, state, limit, accept, context);
    if (!VDC_RESERVE(pool->frontier, pool->frontier_capacity, 1))
        return look_at_all(pool, heap, members->size, state, limit, accept, context);
    pool->frontier[count++] = 0;
    while (count) {
        uint32_t *frontier = pool->frontier, index = frontier[0], position = heap[index];
        if (position >= limit) return VDC_NO_POSITION;
        if (index && pool->state_of[position] == state) {
            vdc_acceptance answer = accept(context, position);
            if (answer != VDC_REFUSED) return answer == VDC_ACCEPTED ? position : VDC_NO_POSITION;
            /* Most of them are refused, it seems: then the order costs more than looking at all. */
            if (++refused == FEW_REFUSED) return look_at_all(pool, heap, members->size, state, limit, accept, context);
        }
        uint32_t last = frontier[--count], hole = 0;
        for (uint32_t child = 1; child < count; child = 2 * hole + 1) {
            if (child + 1 < count && heap[frontier[child + 1]] < heap[frontier[child]]) child++;
            if (heap[frontier[child]] >= heap[last]) break;
            frontier[hole] = frontier[child];
            hole = child;
        }
        frontier[hole] = last;
        if (!VDC_RESERVE(pool->frontier, pool->frontier_capacity, (size_t)count + ARITY)) {
            return look_at_all(pool, heap, members->size, state, limit, accept, context);
        }
        frontier = pool->frontier;
        for (uint32_t child = ARITY * index + 1; child <= ARITY * index + ARITY && child < members->size; child++) {
            uint32_t at = count++;
            while (at && heap[frontier[(at - 1) / 2]] > heap[child]) {
                frontier[at] = frontier[(at - 1) / 2];
                at = (at - 1) / 2;
            }
            frontier[at] = child;
        }
    }
    return VDC_NO_POSITION;
}
