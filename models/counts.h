/* Counters by key: a hash table from 64-bit keys to positive counts. A count that falls to 0 leaves without a tombstone. */
#ifndef VDC_MODELS_COUNTS_H
#define VDC_MODELS_COUNTS_H

#include "sim/base/status.h"
#include <stdint.h>

typedef struct vdc_count {
    uint64_t key;
    int64_t count; /* 0 = an empty place */
} vdc_count;

typedef struct vdc_counts {
    vdc_count *places;
    size_t size, used;
} vdc_counts;

/* Two numbers as one key. */
static inline uint64_t vdc_key(uint32_t high, uint32_t low) { return (uint64_t)high << 32 | low; }

int64_t vdc_counts_get(const vdc_counts *counts, uint64_t key);
/* Adds `change`; the result must not be negative. Returns the new count, or -1 when memory is out (nothing changed). */
int64_t vdc_counts_add(vdc_counts *counts, uint64_t key, int64_t change);
void vdc_counts_free(vdc_counts *counts);

#endif
