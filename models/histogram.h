/* A histogram of non-negative integers with a bounded relative error, for percentiles in constant memory.
 *
 * Log-linear buckets: 1024 to an octave, so a percentile is at most 2^-11 = 4.9e-4 off relatively (bucket middles); values below
 * 2048 are exact. The same values in any order give the same percentiles. (After the HDR histogram of G. Tene.)
 */
#ifndef VDC_MODELS_HISTOGRAM_H
#define VDC_MODELS_HISTOGRAM_H

#include "sim/base/status.h"
#include <stdint.h>

enum { VDC_HISTOGRAM_BITS = 10, VDC_HISTOGRAM_BUCKETS = (63 - VDC_HISTOGRAM_BITS + 1) << VDC_HISTOGRAM_BITS };

typedef struct vdc_histogram {
    uint64_t *buckets; /* allocated at the first value above 0: most runs never wait */
    uint64_t zeros, count;
} vdc_histogram;

/* value >= 0. */
vdc_code vdc_histogram_add(vdc_histogram *histogram, int64_t value);
/* The smallest value with at least `share` (0..1) of all values at or below it; 0 when there are none. */
int64_t vdc_histogram_quantile(const vdc_histogram *histogram, double share);
void vdc_histogram_free(vdc_histogram *histogram);

#endif
