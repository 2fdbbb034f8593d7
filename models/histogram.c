/* See histogram.h. */
#include "models/histogram.h"

#include <float.h>
#include <math.h>

#include "sim/base/memory.h"

/* Values below 2^(BITS+1) have a bucket each; above, the BITS bits after the leading one choose it. */
static uint32_t bucket_of(int64_t value) {
    uint64_t v = (uint64_t)value;
    if (v < UINT64_C(2) << VDC_HISTOGRAM_BITS) return (uint32_t)v;
    int shift = 63 - __builtin_clzll(v) - VDC_HISTOGRAM_BITS;
    return (uint32_t)(((uint64_t)shift << VDC_HISTOGRAM_BITS) + (v >> shift));
}

static int64_t middle_of(uint32_t bucket) {
    if (bucket < UINT32_C(2) << VDC_HISTOGRAM_BITS) return bucket;
    uint32_t shift = (bucket >> VDC_HISTOGRAM_BITS) - 1;
    uint64_t low = (uint64_t)(bucket - (shift << VDC_HISTOGRAM_BITS)) << shift;
    return (int64_t)(low + ((UINT64_C(1) << shift) >> 1));
}

vdc_code vdc_histogram_add(vdc_histogram *histogram, int64_t value) {
    if (value == 0) {
        histogram->zeros++;
    } else {
        if (!histogram->buckets) {
            histogram->buckets = vdc_calloc(VDC_HISTOGRAM_BUCKETS, sizeof *histogram->buckets);
            if (!histogram->buckets) return VDC_ERROR_MEMORY;
        }
        histogram->buckets[bucket_of(value)]++;
    }
    histogram->count++;
    return VDC_OK;
}

int64_t vdc_histogram_quantile(const vdc_histogram *histogram, double share) {
    if (histogram->count == 0) return 0;
    /* 0.17 x 100 is a little more than 17 in doubles: the 17th value is meant. */
    double wanted = ceil(share * (double)histogram->count * (1 - 4 * DBL_EPSILON));
    uint64_t need = wanted < 1 ? 1 : (uint64_t)wanted, seen = histogram->zeros;
    if (seen >= need || !histogram->buckets) return 0;
    for (uint32_t bucket = 1; bucket < VDC_HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen >= need) return middle_of(bucket);
    }
    return 0;
}

void vdc_histogram_free(vdc_histogram *histogram) {
    vdc_free(histogram->buckets);
    *histogram = (vdc_histogram){0};
}
