/* Hosts that rules refuse a VM, as sets of bits: what a search leaves out without asking the rules host by host. Plain data. */
#ifndef VDC_MODELS_REFUSALS_H
#define VDC_MODELS_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

enum { VDC_REFUSALS_MOST = 6 };

/* The units that one rule refuses; a unit is a host, a rack or a zone. */
typedef struct vdc_refused_units {
    const uint64_t *bits;        /* a bit a unit */
    const uint64_t *but;         /* of them, those that it does not refuse after all; NULL: there are none */
    const uint32_t *unit_of;     /* [host] its unit; NULL: the host itself */
    const uint32_t *unit_end;    /* [unit] the host behind its last one, where hosts stand in the order of their units; else NULL */
    uint32_t refused, units;     /* how many of how many */
} vdc_refused_units;

/* A host is refused when one of the sets has it. Hosts that none has may be refused for other reasons: those are asked about. */
typedef struct vdc_refusals {
    vdc_refused_units sets[VDC_REFUSALS_MOST];
    uint32_t count;
} vdc_refusals;

/* Of 64 units those that are refused. */
static inline uint64_t vdc_refused_word(const vdc_refused_units *set, uint32_t word) { return set->but ? set->bits[word] & ~set->but[word] : set->bits[word]; }

static inline bool vdc_refused_unit(const vdc_refused_units *set, uint32_t unit) { return vdc_refused_word(set, unit >> 6) >> (unit & 63) & 1; }

/* The lowest host above `host` that may not be refused with it; `host` itself when it is not refused. */
static inline uint32_t vdc_refused_until(const vdc_refusals *refusals, uint32_t host) {
    for (uint32_t i = 0; i < refusals->count; i++) {
        const vdc_refused_units *set = &refusals->sets[i];
        const uint32_t unit = set->unit_of ? set->unit_of[host] : host;
        if (vdc_refused_unit(set, unit)) return set->unit_end ? set->unit_end[unit] : host + 1;
    }
    return host;
}

#endif
