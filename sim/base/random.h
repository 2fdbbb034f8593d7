/* Keyed random streams over GSL.
 *
 * A stream is named by (seed, component, entity): the failures of host 17 draw the same numbers whatever policy
 * runs and whatever other component was added. Common random numbers between runs thus hold by construction.
 * The generator is xoshiro256** (Blackman, Vigna, ACM TOMS 2021) seeded through SplitMix64 from a hash of the key,
 * and presented as a gsl_rng_type, so every GSL distribution draws from it. 32 bytes of state, no allocation.
 */
#ifndef VDC_BASE_RANDOM_H
#define VDC_BASE_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

typedef struct vdc_stream {
    uint64_t state[4];
    gsl_rng rng; /* refers to `state`: a stream must not be moved after vdc_stream_open; re-bind a copy with vdc_stream_bind */
} vdc_stream;

/* `component` is a short constant text such as "failure.host"; `entity` a host, VM or tenant number. */
void vdc_stream_open(vdc_stream *stream, uint64_t seed, const char *component, uint64_t entity);
void vdc_stream_bind(vdc_stream *stream);
uint64_t vdc_stream_bits(vdc_stream *stream);                        /* 64 uniform bits */
uint64_t vdc_stream_below(vdc_stream *stream, uint64_t bound);      /* uniform in [0, bound), exactly (rejection); bound > 0 */
double vdc_stream_uniform(vdc_stream *stream);                      /* [0, 1), 53 bits */
/* A 64-bit hash of a key, for counter-based draws: the same key, the same bits, no state. */
uint64_t vdc_hash_key(uint64_t seed, const char *component, uint64_t entity, uint64_t counter);

/* Seed and component of a key, for those who draw for millions of entities: the same streams and hashes at a third of the cost. */
typedef struct vdc_draw_key {
    uint64_t hash;
} vdc_draw_key;
vdc_draw_key vdc_key_of(uint64_t seed, const char *component);
uint64_t vdc_hash_of(vdc_draw_key key, uint64_t entity, uint64_t counter);
void vdc_stream_open_of(vdc_stream *stream, vdc_draw_key key, uint64_t entity);

#endif
