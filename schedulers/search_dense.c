/* See search_dense.h. */
#include "schedulers/search_dense.h"

bool vdc_dense_make(vdc_dense *dense, uint32_t state, const uint32_t *state_of) {
    if (dense->count == VDC_DENSE_STATES) return false;
    uint64_t *bits = vdc_calloc(dense->positions / 64 + (size_t)1, sizeof *bits);
    if (!bits) return false;
    for (uint32_t p = 0; p < dense->positions; p++) bits[p >> 6] |= (uint64_t)(state_of[p] == state) << (p & 63);
    dense->state[dense->count] = state;
    dense->bits[dense->count++] = bits;
    return true;
}

void vdc_dense_drop(vdc_dense *dense, uint32_t index) {
    vdc_free(dense->bits[index]);
    dense->count--;
    dense->state[index] = dense->state[dense->count];
    dense->bits[index] = dense->bits[dense->count];
}

void vdc_dense_clear(vdc_dense *dense) {
    while (dense->count) vdc_dense_drop(dense, 0);
}
