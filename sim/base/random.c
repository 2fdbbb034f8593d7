/* Keyed random streams: see random.h.
 *
 * Generator: xoshiro256** 1.0, D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators",
 * ACM TOMS 47(4), 2021. Seeding and hashing: SplitMix64, G. Steele, D. Lea and C. Flood, OOPSLA 2014.
 * Bounded integers: D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019.
 */
#include "sim/base/random.h"

#include <limits.h>

#define GOLDEN_GAMMA UINT64_C(0x9e3779b97f4a7c15)

/* SplitMix64's output function: a bijection of 64 bits. */
static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t absorb(uint64_t hash, uint64_t word) {
    return mix((hash + GOLDEN_GAMMA) ^ word);
}

vdc_draw_key vdc_key_of(uint64_t seed, const char *component) {
    uint64_t name = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const char *c = component; *c; c++) name = (name ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return (vdc_draw_key){absorb(absorb(0, seed), name)};
}

uint64_t vdc_hash_of(vdc_draw_key key, uint64_t entity, uint64_t counter) {
    return absorb(absorb(key.hash, entity), counter);
}

uint64_t vdc_hash_key(uint64_t seed, const char *component, uint64_t entity, uint64_t counter) {
    return vdc_hash_of(vdc_key_of(seed, component), entity, counter);
}

static uint64_t rotate(uint64_t x, int k) {
    return x << k | x >> (64 - k);
}

static uint64_t next(uint64_t s[4]) {
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* Four successive outputs of SplitMix64 are distinct, so the state is never all zero. */
static void fill(uint64_t state[4], uint64_t seed) {
    for (int i = 0; i < 4; i++) state[i] = mix(seed += GOLDEN_GAMMA);
}

static double to_unit(uint64_t bits) {
    return (double)(bits >> 11) * 0x1p-53;
}

static void gsl_set(void *state, unsigned long seed) {
    fill(state, seed);
}

static unsigned long gsl_get(void *state) {
    return (unsigned long)(next(state) >> (64 - CHAR_BIT * sizeof(unsigned long)));
}

static double gsl_get_double(void *state) {
    return to_unit(next(state));
}

static const gsl_rng_type stream_type = {
    .name = "xoshiro256**", .max = ULONG_MAX, .min = 0, .size = 4 * sizeof(uint64_t),
    .set = gsl_set, .get = gsl_get, .get_double = gsl_get_double,
};

void vdc_stream_bind(vdc_stream *stream) {
    stream->rng = (gsl_rng){.type = &stream_type, .state = stream->state};
}

void vdc_stream_open_of(vdc_stream *stream, vdc_draw_key key, uint64_t entity) {
    fill(stream->state, vdc_hash_of(key, entity, 0));
    vdc_stream_bind(stream);
}

void vdc_stream_open(vdc_stream *stream, uint64_t seed, const char *component, uint64_t entity) {
    vdc_stream_open_of(stream, vdc_key_of(seed, component), entity);
}

uint64_t vdc_stream_bits(vdc_stream *stream) {
    return next(stream->state);
}

uint64_t vdc_stream_below(vdc_stream *stream, uint64_t bound) {
    /* The high word of bits x bound is uniform once the few low words below 2^64 mod bound are rejected. */
    unsigned __int128 product = (unsigned __int128)next(stream->state) * bound;
    if ((uint64_t)product < bound) {
        uint64_t reject = (0 - bound) % bound;
        while ((uint64_t)product < reject) product = (unsigned __int128)next(stream->state) * bound;
    }
    return (uint64_t)(product >> 64);
}

double vdc_stream_uniform(vdc_stream *stream) {
    return to_unit(next(stream->state));
}
