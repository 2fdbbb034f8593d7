/* The histogram of waits: percentiles within its stated error, against a sorted array. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "models/histogram.h"
#include "sim/base/memory.h"
#include "sim/base/random.h"

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

Test(histogram, quantiles_of_random_values_are_within_the_stated_error) {
    enum { COUNT = 20000 };
    int64_t *values = malloc(COUNT * sizeof *values);
    vdc_histogram histogram = {0};
    vdc_stream stream;
    vdc_stream_open(&stream, 1, "test", 0);
    for (int i = 0; i < COUNT; i++) {
        values[i] = (int64_t)(vdc_stream_bits(&stream) >> (1 + vdc_stream_below(&stream, 62)));
        cr_assert_eq(vdc_histogram_add(&histogram, values[i]), VDC_OK);
    }
    qsort(values, COUNT, sizeof *values, ascending);
    for (int percent = 1; percent <= 100; percent++) {
        int64_t exact = values[(percent * COUNT + 99) / 100 - 1], got = vdc_histogram_quantile(&histogram, percent / 100.0);
        double error = exact ? (double)(got > exact ? got - exact : exact - got) / (double)exact : (double)got;
        cr_assert_leq(error, 5e-4, "%d %%: %ld for %ld", percent, (long)got, (long)exact);
    }
    vdc_histogram_free(&histogram);
    free(values);
}

Test(histogram, edges) {
    vdc_histogram histogram = {0};
    cr_assert_eq(vdc_histogram_quantile(&histogram, 0.5), 0, "nothing");
    for (int i = 0; i < 99; i++) vdc_histogram_add(&histogram, 0);
    cr_assert_null(histogram.buckets, "zeros need no memory");
    vdc_histogram_add(&histogram, INT64_MAX);
    cr_assert_eq(vdc_histogram_quantile(&histogram, 0.99), 0);
    cr_assert_geq(vdc_histogram_quantile(&histogram, 1.0), INT64_MAX - INT64_MAX / 2000);
    vdc_histogram_free(&histogram);
}
