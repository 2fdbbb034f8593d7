/* Keyed streams: the published values of their parts, uniformity, independence between keys, GSL on top. */
#include "sim/base/random.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

/* The values that every implementation of xoshiro256** gives from the state {1, 2, 3, 4}. */
Test(base_random, xoshiro256_starstar_gives_the_published_values) {
    static const uint64_t published[] = {
        11520u, 0u, 1509978240u, 1215971899390074240u, 1216172134540287360u, 607988272756665600u, 16172922978634559625u,
        8476171486693032832u, 10595114339597558777u, 2904607092377533576u,
    };
    vdc_stream stream;
    vdc_stream_open(&stream, 0, "", 0);
    memcpy(stream.state, (uint64_t[]){1, 2, 3, 4}, sizeof stream.state);
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) cr_expect_eq(vdc_stream_bits(&stream), published[i]);
}

/* SplitMix64 from the seed 1234567 (Rosetta Code, and the reference implementation). */
Test(base_random, seeding_gives_the_published_values_of_splitmix64) {
    static const uint64_t published[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u};
    vdc_stream stream;
    vdc_stream_open(&stream, 0, "", 0);
    gsl_rng_set(&stream.rng, 1234567);
    for (size_t i = 0; i < 4; i++) cr_expect_eq(stream.state[i], published[i]);
}

Test(base_random, a_stream_is_its_key_and_nothing_else) {
    vdc_stream a, b;
    vdc_stream_open(&a, 42, "failure.host", 17);
    uint64_t first = vdc_stream_bits(&a), second = vdc_stream_bits(&a);
    vdc_stream_open(&b, 42, "workload", 17);
    for (int i = 0; i < 10; i++) vdc_stream_bits(&b);
    vdc_stream_open(&a, 42, "failure.host", 17);
    cr_expect_eq(vdc_stream_bits(&a), first);
    vdc_stream copy = a;
    vdc_stream_bind(&copy);
    cr_expect_eq(gsl_rng_get(&copy.rng), second, "a copy goes on where the original was");
    cr_expect_eq(vdc_stream_bits(&a), second, "and does not move the original");
}

/* Mean number of differing bits between first draws of neighbouring keys: 32 of 64, with a deviation of 4/sqrt(n). */
static double mean_difference(int which) {
    enum { KEYS = 4096 };
    uint64_t previous = 0, bits = 0;
    for (uint64_t i = 0; i <= KEYS; i++) {
        char component[24];
        (void)snprintf(component, sizeof component, "c%llu", (unsigned long long)(which == 1 ? i : 0));
        vdc_stream stream;
        vdc_stream_open(&stream, which == 0 ? i : 7, component, which == 2 ? i : 7);
        uint64_t draw = vdc_stream_bits(&stream);
        if (i > 0) bits += (uint64_t)__builtin_popcountll(draw ^ previous);
        previous = draw;
    }
    return (double)bits / KEYS;
}

Test(base_random, neighbouring_seeds_components_and_entities_are_unrelated) {
    for (int which = 0; which < 3; which++) cr_expect_float_eq(mean_difference(which), 32, 5 * 4 / 64.0, "part %d of the key", which);
}

static double chi_square(const uint32_t *counts, size_t bins, double expected) {
    double sum = 0;
    for (size_t i = 0; i < bins; i++) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

Test(base_random, below_is_uniform_without_a_bias) {
    enum { BINS = 10, DRAWS = 100000 };
    uint32_t counts[BINS] = {0}, across[BINS] = {0};
    vdc_stream stream;
    vdc_stream_open(&stream, 1, "below", 0);
    for (int i = 0; i < DRAWS; i++) counts[vdc_stream_below(&stream, BINS)]++;
    for (int i = 0; i < DRAWS; i++) {
        vdc_stream_open(&stream, 1, "below", (uint64_t)i);
        across[vdc_stream_below(&stream, BINS)]++;
    }
    /* 9 degrees of freedom: 27.9 is exceeded once in a thousand. */
    cr_expect_lt(chi_square(counts, BINS, DRAWS / (double)BINS), 27.9);
    cr_expect_lt(chi_square(across, BINS, DRAWS / (double)BINS), 27.9, "the first draws of many streams");
    for (int i = 0; i < 100; i++) cr_expect_eq(vdc_stream_below(&stream, 1), 0);
    /* With a bound of 3/4 of 2^64 and no rejection, half of the draws would be multiples of 3 (by scaling) or two thirds would lie in
     * the lowest third (by remainder). */
    uint64_t bound = UINT64_C(3) << 62, low = 0, multiples = 0;
    for (int i = 0; i < 30000; i++) {
        uint64_t draw = vdc_stream_below(&stream, bound);
        cr_assert_lt(draw, bound);
        low += draw < bound / 3;
        multiples += draw % 3 == 0;
    }
    cr_expect_float_eq((double)multiples / 30000, 1 / 3.0, 0.015);
    cr_expect_float_eq((double)low / 30000, 1 / 3.0, 0.015);
}

Test(base_random, uniform_is_in_the_half_open_unit_interval_with_53_bits) {
    vdc_stream stream, twin;
    vdc_stream_open(&stream, 3, "uniform", 9);
    vdc_stream_open(&twin, 3, "uniform", 9);
    double sum = 0;
    bool fine = false;
    for (int i = 0; i < 100000; i++) {
        double u = vdc_stream_uniform(&stream);
        cr_assert(u >= 0 && u < 1);
        fine = fine || u * 0x1p52 != floor(u * 0x1p52);
        cr_assert_eq(gsl_rng_uniform(&twin.rng), u, "GSL draws the same stream");
        sum += u;
    }
    cr_expect(fine);
    cr_expect_float_eq(sum / 100000, 0.5, 5 * 0.2887 / sqrt(100000));
}

Test(base_random, gsl_distributions_have_their_moments) {
    enum { DRAWS = 200000 };
    vdc_stream stream;
    vdc_stream_open(&stream, 11, "moments", 0);
    double exponential = 0, normal = 0, normal_square = 0, weibull = 0;
    for (int i = 0; i < DRAWS; i++) {
        exponential += gsl_ran_exponential(&stream.rng, 12);
        double x = gsl_ran_gaussian_ziggurat(&stream.rng, 2);
        normal += x;
        normal_square += x * x;
        weibull += gsl_ran_weibull(&stream.rng, 3, 0.8);
    }
    double root = sqrt(DRAWS);
    cr_expect_float_eq(exponential / DRAWS, 12, 5 * 12 / root);
    cr_expect_float_eq(normal / DRAWS, 0, 5 * 2 / root);
    cr_expect_float_eq(normal_square / DRAWS, 4, 5 * 4 * sqrt(2) / root);
    double mean = 3 * tgamma(1 + 1 / 0.8), square = 9 * tgamma(1 + 2 / 0.8);
    cr_expect_float_eq(weibull / DRAWS, mean, 5 * sqrt(square - mean * mean) / root);
    uint32_t counts[7] = {0};
    for (int i = 0; i < 70000; i++) counts[gsl_rng_uniform_int(&stream.rng, 7)]++;
    cr_expect_lt(chi_square(counts, 7, 10000), 22.5); /* 6 degrees of freedom, one in a thousand */
}

Test(base_random, hash_of_a_key_needs_no_state_and_every_part_of_it_counts) {
    uint64_t base = vdc_hash_key(1, "a", 2, 3);
    cr_expect_eq(vdc_hash_key(1, "a", 2, 3), base);
    cr_expect_neq(vdc_hash_key(2, "a", 2, 3), base);
    cr_expect_neq(vdc_hash_key(1, "b", 2, 3), base);
    cr_expect_neq(vdc_hash_key(1, "a", 3, 3), base);
    cr_expect_neq(vdc_hash_key(1, "a", 2, 4), base);
    cr_expect_neq(vdc_hash_key(1, "a", 3, 2), base, "the order counts");
    uint32_t counts[16] = {0};
    for (uint64_t i = 0; i < 64000; i++) counts[vdc_hash_key(5, "x", 0, i) >> 60]++;
    cr_expect_lt(chi_square(counts, 16, 4000), 37.7); /* 15 degrees of freedom, one in a thousand */
}
