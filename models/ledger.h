/* Ledgers: exact time integrals of rates, the arithmetic of all accounts.
 *
 * A ledger has an entry per class, host or VM and a few flows per entry. A rate is an int64 that is constant between
 * events; its integral is an exact product in 128 bits, so sums over VMs, hosts and classes are equal, not close.
 * An entry is brought forward only when one of its rates changes: what does not change costs nothing.
 */
#ifndef VDC_MODELS_LEDGER_H
#define VDC_MODELS_LEDGER_H

#include "models/request.h"
#include "sim/base/memory.h"
#include "sim/base/units.h"

/* What is integrated. CPU rates besides P are in Hz; all others are in the resource's own unit. */
typedef enum vdc_flow {
    VDC_FLOW_P,                                        /* + resource: committed */
    VDC_FLOW_NOMINAL = VDC_FLOW_P + VDC_RESOURCES,     /* Hz of all vCPUs held */
    VDC_FLOW_DEMAND,                                   /* Hz asked for */
    VDC_FLOW_CEILING,                                  /* Hz that limits allow: min(demand, limit, nominal) */
    VDC_FLOW_GRANTED,                                  /* Hz given: T */
    VDC_FLOW_USED,                                     /* Hz that became progress: U of cpu */
    VDC_FLOW_RESERVED,                                 /* Hz fenced by reservations (lendable) */
    VDC_FLOW_FENCE_IDLE,                               /* Hz fenced exclusively and not running anything */
    VDC_FLOW_AWAY,                                     /* Hz held by vCPUs that cannot run: paused, between two hosts, held on a second one */
    VDC_FLOW_LOST,                                     /* Hz granted that went into being migrated */
    VDC_FLOW_OVERHEAD,                                 /* Hz that hypervisors use for a migration, besides what VMs are granted */
    VDC_FLOW_FENCE,                                    /* + resource: fenced exclusively; CPU in Hz */
    VDC_FLOW_WASTE = VDC_FLOW_FENCE + VDC_RESOURCES,   /* + resource: of it, beyond what VMs hold; CPU in Hz */
    VDC_FLOW_G = VDC_FLOW_WASTE + VDC_RESOURCES,       /* + resource: given, of resources with a service of their own (not CPU) */
    VDC_FLOW_U = VDC_FLOW_G + VDC_RESOURCES,           /* + resource: in useful work, of the same */
    VDC_FLOWS = VDC_FLOW_U + VDC_RESOURCES
} vdc_flow;

typedef struct vdc_ledger {
    size_t count, capacity;
    uint8_t flows;                 /* in use */
    int8_t column[VDC_FLOWS];      /* flow -> column, -1 = not in use */
    vdc_time *since;               /* [entry] the integrals reach up to here */
    int64_t *rate;                 /* [entry x flows] */
    vdc_wide *sum;                 /* [entry x flows] rate x ns */
} vdc_ledger;

/* `use` is a bit mask of flows. */
static inline void vdc_ledger_setup(vdc_ledger *ledger, uint64_t use) {
    *ledger = (vdc_ledger){0};
    for (int flow = 0; flow < VDC_FLOWS; flow++) {
        ledger->column[flow] = -1;
        if (use >> flow & 1) ledger->column[flow] = (int8_t)ledger->flows++;
    }
}

/* Makes room for `count` entries; new ones are zero. False when out of memory. */
static inline bool vdc_ledger_grow(vdc_ledger *ledger, size_t count) {
    if (count <= ledger->capacity) {
        if (count > ledger->count) ledger->count = count;
        return true;
    }
    size_t old = ledger->capacity, wanted = old + old / 2 < count ? count : old + old / 2, flows = ledger->flows;
    vdc_time *since = vdc_realloc(ledger->since, wanted, sizeof *since);
    if (since) ledger->since = since;
    int64_t *rate = vdc_realloc(ledger->rate, wanted * flows, sizeof *rate);
    if (rate) ledger->rate = rate;
    vdc_wide *sum = vdc_realloc(ledger->sum, wanted * flows, sizeof *sum);
    if (sum) ledger->sum = sum;
    if (!since || !rate || !sum) return false;
    for (size_t i = old; i < wanted; i++) since[i] = 0;
    for (size_t i = old * flows; i < wanted * flows; i++) rate[i] = 0, sum[i] = 0;
    ledger->capacity = wanted;
    ledger->count = count;
    return true;
}

static inline void vdc_ledger_free(vdc_ledger *ledger) {
    vdc_free(ledger->since);
    vdc_free(ledger->rate);
    vdc_free(ledger->sum);
    ledger->since = NULL, ledger->rate = NULL, ledger->sum = NULL, ledger->count = ledger->capacity = 0;
}

/* Brings an entry's integrals up to `now`. */
static inline void vdc_ledger_advance(vdc_ledger *ledger, size_t entry, vdc_time now) {
    vdc_time span = now - ledger->since[entry];
    if (span == 0) return;
    ledger->since[entry] = now;
    const int64_t *rate = ledger->rate + entry * ledger->flows;
    vdc_wide *sum = ledger->sum + entry * ledger->flows;
    for (int i = 0; i < ledger->flows; i++) sum[i] += (vdc_wide)rate[i] * span;
}

/* An entry begins a new life at `now` with all rates and integrals zero. */
static inline void vdc_ledger_restart(vdc_ledger *ledger, size_t entry, vdc_time now) {
    ledger->since[entry] = now;
    for (int i = 0; i < ledger->flows; i++) ledger->rate[entry * ledger->flows + (size_t)i] = 0, ledger->sum[entry * ledger->flows + (size_t)i] = 0;
}

/* Changes a rate; the entry must have been advanced to now. */
static inline void vdc_ledger_add(vdc_ledger *ledger, size_t entry, vdc_flow flow, int64_t delta) {
    if (ledger->column[flow] >= 0) ledger->rate[entry * ledger->flows + (size_t)ledger->column[flow]] += delta;
}

/* Puts an integral right, by rate x ns. */
static inline void vdc_ledger_correct(vdc_ledger *ledger, size_t entry, vdc_flow flow, vdc_wide amount) {
    if (ledger->column[flow] >= 0) ledger->sum[entry * ledger->flows + (size_t)ledger->column[flow]] += amount;
}

static inline int64_t vdc_ledger_rate(const vdc_ledger *ledger, size_t entry, vdc_flow flow) {
    return ledger->column[flow] < 0 ? 0 : ledger->rate[entry * ledger->flows + (size_t)ledger->column[flow]];
}

static inline vdc_wide vdc_ledger_sum(const vdc_ledger *ledger, size_t entry, vdc_flow flow) {
    return ledger->column[flow] < 0 ? 0 : ledger->sum[entry * ledger->flows + (size_t)ledger->column[flow]];
}

#endif
