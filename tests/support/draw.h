/* The tests' own source of numbers: SplitMix64 (Steele, Lea, Flood 2014), independent of the library's streams. */
#ifndef VDC_TESTS_SUPPORT_DRAW_H
#define VDC_TESTS_SUPPORT_DRAW_H

#include <stdint.h>

static inline uint64_t draw_bits(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 <= result < bound. */
static inline int64_t draw_below(uint64_t *state, int64_t bound) {
    return (int64_t)(draw_bits(state) % (uint64_t)bound);
}

#endif
