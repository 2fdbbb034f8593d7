/* The members of states that many hosts are in, such as the empty ones, as bitmaps by position.
 *
 * A search under rules that refuse most hosts goes through all of them; with these it meets each such state once instead of each of its hosts.
 * A bitmap is made when a search meets the state, follows its hosts, and is given up when few are left.
 */
#ifndef VDC_SCHEDULERS_SEARCH_DENSE_H
#define VDC_SCHEDULERS_SEARCH_DENSE_H

#include "sim/base/memory.h"

enum { VDC_DENSE_STATES = 16, VDC_DENSE_LEAST = 64, VDC_DENSE_SHARE = 64 };

typedef struct vdc_dense {
    uint32_t positions, count;
    uint32_t state[VDC_DENSE_STATES];
    uint64_t *bits[VDC_DENSE_STATES];
    uint64_t *all;       /* the members of any of them; NULL: there never was one */
} vdc_dense;

/* Is a state of so many members worth a bitmap? At most VDC_DENSE_STATES are at one time. */
static inline bool vdc_dense_suits(const vdc_dense *dense, uint32_t members) {
    return members >= VDC_DENSE_LEAST && (uint64_t)members * VDC_DENSE_SHARE >= dense->positions;
}

/* The state's index, or `count`: it has no bitmap. */
static inline uint32_t vdc_dense_find(const vdc_dense *dense, uint32_t state) {
    uint32_t i = 0;
    while (i < dense->count && dense->state[i] != state) i++;
    return i;
}

/* The host at `position` goes from one state to another. */
static inline void vdc_dense_move(vdc_dense *dense, uint32_t position, uint32_t before, uint32_t after) {
    const uint64_t bit = UINT64_C(1) << (position & 63);
    uint64_t now = 0;
    for (uint32_t i = 0; i < dense->count; i++) {
        if (dense->state[i] == before) dense->bits[i][position >> 6] &= ~bit;
        if (dense->state[i] == after) dense->bits[i][position >> 6] |= now = bit;
    }
    dense->all[position >> 6] = (dense->all[position >> 6] & ~bit) | now;
}

/* Gives the state a bitmap from state_of[position]. False: no memory, or too many have one. */
bool vdc_dense_make(vdc_dense *dense, uint32_t state, const uint32_t *state_of);
void vdc_dense_drop(vdc_dense *dense, uint32_t index);
void vdc_dense_clear(vdc_dense *dense);

#endif
