/* See search_dense.h. */
#include "schedulers/search_dense.h"

bool vdc_dense_make(vdc_dense *dense, uint32_t state, const uint32_t *state_of) {
    const size_t words = dense->positions / 64 + (size_t)1;
    if (dense->count == VDC_DENSE_STATES) return false;
    if (!dense->all) dense->all = vdc_calloc(words, sizeof *dense->all);
    uint64_t *bits = dense->all ? vdc_calloc(words, sizeof *bits) : NULL;
    if (!bits) return false;
    for (uint32_t p = 0; p < dense->positions; p++) bits[p >> 6] |= (uint64_t)(state_of[p] == state) << (p & 63);
    for (size_t word = 0; word < words; word++) dense->all[word] |= bits[word];
    dense->state[dense->count] = state;
    dense->bits[dense->count++] = bits;
    return true;
}

void vdc_dense_drop(vdc_dense *dense, uint32_t index) {
    for (size_t word = 0; word * 64 < dense->positions; word++) dense->all[word] &= ~dense->bits[index][word];
    vdc_free(dense->bits[index]);
    dense->count--;
    dense->state[index] = dense->state[dense->count];
    dense->bits[index] = dense->bits[dense->count];
}

void vdc_dense_clear(vdc_dense *dense) {
    while (dense->count) vdc_dense_drop(dense, 0);
    vdc_free(dense->all);
    dense->all = NULL;
}
