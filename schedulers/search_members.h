/* The hosts of each state, lowest position first: many small priority queues in one pool of memory.
 *
 * Each is a 4-ary heap of positions from which nothing is ever deleted but the top: a host that leaves stays in until it gets to
 * the top or until there is no room, and a member is a position whose state is still this one (`state_of`). Leaving thus costs
 * nothing, joining a push. A host that comes back may be in twice, which harms nothing. Up to VDC_MEMBERS_INLINE positions lie in
 * the set itself.
 */
#ifndef VDC_SCHEDULERS_SEARCH_MEMBERS_H
#define VDC_SCHEDULERS_SEARCH_MEMBERS_H

#include "sim/base/memory.h"

enum { VDC_MEMBERS_INLINE = 6, VDC_MEMBERS_CLASSES = 28, VDC_NO_POSITION = UINT32_MAX };

typedef struct vdc_members {
    uint32_t count;                         /* hosts in this state */
    uint32_t size;                          /* of the heap, those that left included */
    uint32_t chunk_class;                   /* 0: inline, else a chunk of 8 << chunk_class positions */
    uint32_t chunk;                         /* where it lies in the pool */
    uint32_t near[VDC_MEMBERS_INLINE];
} vdc_members;

typedef struct vdc_member_pool {
    uint32_t *cells;
    size_t used, capacity;
    uint32_t free[VDC_MEMBERS_CLASSES];     /* first free chunk + 1 of each class; the next one stands in its first cell */
    uint32_t *state_of;                     /* [positions] the state that each host is in */
    uint32_t *frontier;                     /* heap indices, for walks in order */
    size_t frontier_capacity;
} vdc_member_pool;

void vdc_member_pool_close(vdc_member_pool *pool);
/* A host joins: state_of[position] must say so already. False: no memory. */
bool vdc_members_join(vdc_member_pool *pool, vdc_members *members, uint32_t state, uint32_t position);
/* A host left: state_of[position] says something else already. */
static inline void vdc_members_leave(vdc_members *members) {
    if (--members->count == 0) members->size = 0;
}
/* Takes positions off the top until it is a member's. */
uint32_t vdc_members_clean_top(vdc_member_pool *pool, vdc_members *members, uint32_t state);
/* The lowest position; there must be one. */
static inline uint32_t vdc_members_first(vdc_member_pool *pool, vdc_members *members, uint32_t state) {
    uint32_t top = members->chunk_class ? pool->cells[members->chunk] : members->near[0];
    return pool->state_of[top] == state ? top : vdc_members_clean_top(pool, members, state);
}
/* The lowest position below `limit` that `accept` takes, VDC_NO_POSITION when there is none or `accept` has had enough. */
typedef enum vdc_acceptance { VDC_REFUSED, VDC_ACCEPTED, VDC_ENOUGH } vdc_acceptance;
typedef vdc_acceptance vdc_accept(void *context, uint32_t position);
uint32_t vdc_members_first_accepted(vdc_member_pool *pool, vdc_members *members, uint32_t state, uint32_t limit,
                                    vdc_accept *accept, void *context);
/* Gives the memory back. */
void vdc_members_clear(vdc_member_pool *pool, vdc_members *members);

#endif
