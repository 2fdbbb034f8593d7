/* See migration.h. Equations: models.md 4.3, after Clark et al. (NSDI 2005, pre-copy), Hines, Gopalan (VEE 2009, post-copy), Akoush et al.
 * (MASCOTS 2010, stop rules); defaults and auto-converge as QEMU documents them.
 */
#include "models/migration.h"

#include <math.h>

const char *const vdc_migration_mode_names[] = {"pre-copy", "post-copy", "hybrid", "cold", NULL};

enum { FRACTION = 60, CONVERGE_FIRST = 20, CONVERGE_STEP = 10, CONVERGE_MOST = 99 };

/* a x b / 2^60, for b of at most 2^60. */
static uint64_t scaled(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)a * b >> FRACTION); }

/* exp(-num / den) in units of 2^-60, the same on every machine: the whole part by powers of 1/e, the fraction by its series at 1/16 of it. */
static uint64_t exp_of_minus(vdc_wide num, vdc_wide den) {
    static const uint64_t one = UINT64_C(1) << FRACTION, inverse_e = UINT64_C(424136118829305330); /* 2^60 / e */
    vdc_wide whole = num / den, left = num % den;
    if (whole >= 42) return 0; /* below 2^-60 */
    uint64_t fraction = 0, result = one;
    for (int half = 0; half < 2; half++) {
        left <<= FRACTION / 2;
        fraction = (fraction << FRACTION / 2) | (uint64_t)(left / den);
        left %= den;
    }
    fraction >>= 4;
    for (uint64_t n = 16; n > 0; n--) result = one - scaled(fraction, result) / n;
    for (int i = 0; i < 4; i++) result = scaled(result, result);
    for (vdc_wide i = 0; i < whole; i++) result = scaled(result, inverse_e);
    return result;
}

/* rate x span in bytes, rounded to the nearest, at most `most`. */
static int64_t linear(int64_t rate, vdc_time span, int64_t most) {
    vdc_wide bytes = ((vdc_wide)rate * span + VDC_SECOND / 2) / VDC_SECOND;
    return bytes > most ? most : (int64_t)bytes;
}

int64_t vdc_migration_dirtied(const vdc_migration_plan *plan, vdc_time span, int64_t throttle) {
    int64_t working_set = plan->working_set < plan->memory ? plan->working_set : plan->memory;
    int64_t rate = (int64_t)((vdc_wide)plan->dirty_rate * (100 - throttle) / 100);
    int64_t disk = linear(plan->disk_write_rate, span, plan->disk);
    if (working_set <= 0 || rate <= 0) return disk;
    if (plan->linear) return disk + linear(rate, span, working_set);
    uint64_t kept = exp_of_minus((vdc_wide)rate * span, (vdc_wide)working_set * VDC_SECOND);
    uint64_t gone = (UINT64_C(1) << FRACTION) - kept;
    return disk + (int64_t)(((unsigned __int128)(uint64_t)working_set * gone + (UINT64_C(1) << (FRACTION - 1))) >> FRACTION);
}

vdc_time vdc_migration_span(int64_t bytes, int64_t bandwidth) {
    if (bytes <= 0) return 0;
    if (bandwidth <= 0) return VDC_TIME_MAX;
    vdc_wide span = ((vdc_wide)bytes * VDC_SECOND + bandwidth - 1) / bandwidth;
    return span > VDC_TIME_MAX ? VDC_TIME_MAX : (vdc_time)span;
}

int64_t vdc_migration_fault_loss(double faults, double latency) {
    double a = faults * latency;
    if (!(a > 0)) return 0;
    if (isinf(a)) return 1000000; /* nothing comes at all */
    return 1000000 - (int64_t)llround(1e6 * log1p(a) / a);
}

static int64_t whole_of(const vdc_migration_plan *plan) { return plan->memory + plan->disk; }

static void enter(vdc_migration *m, vdc_migration_phase phase, int64_t bytes) {
    m->phase = phase;
    m->bytes = bytes;
}

/* Another round of pre-copy, or the last copy, with `bytes` to be sent. */
static void go_round(vdc_migration *m, const vdc_migration_plan *plan, int64_t bytes, int64_t bandwidth) {
    vdc_wide most = (vdc_wide)whole_of(plan) * plan->traffic_percent;
    bool fits = (vdc_wide)bytes * VDC_SECOND <= (vdc_wide)bandwidth * plan->downtime_limit;
    if (fits || m->round >= plan->round_limit || (vdc_wide)m->sent * 100 > most) {
        enter(m, VDC_MIGRATION_STOP, bytes);
        return;
    }
    m->round++;
    enter(m, VDC_MIGRATION_COPY, bytes);
}

void vdc_migration_begin(vdc_migration *m, const vdc_migration_plan *plan, int64_t bandwidth) {
    *m = (vdc_migration){0};
    switch (plan->mode) {
    case VDC_PRE_COPY: go_round(m, plan, whole_of(plan), bandwidth); break;
    case VDC_HYBRID:
        m->round = 1;
        enter(m, VDC_MIGRATION_COPY, whole_of(plan));
        break;
    case VDC_POST_COPY:
        m->rest = whole_of(plan);
        enter(m, VDC_MIGRATION_STOP, plan->device_state);
        break;
    default: enter(m, VDC_MIGRATION_STOP, whole_of(plan)); break;
    }
}

/* The VM is slowed down more and more as long as it dirties more than half of what a round sends. */
static void converge(vdc_migration *m, const vdc_migration_plan *plan, int64_t dirtied) {
    if (!plan->auto_converge || (vdc_wide)dirtied * 2 <= m->bytes) return;
    m->throttle = m->throttle ? m->throttle + CONVERGE_STEP : CONVERGE_FIRST;
    if (m->throttle > CONVERGE_MOST) m->throttle = CONVERGE_MOST;
}

void vdc_migration_next(vdc_migration *m, const vdc_migration_plan *plan, vdc_time span, int64_t bandwidth) {
    m->sent += m->bytes;
    m->total += span;
    if (vdc_migration_stands(m)) m->downtime += span;
    switch (m->phase) {
    case VDC_MIGRATION_COPY: {
        int64_t dirtied = vdc_migration_dirtied(plan, span, m->throttle);
        if (plan->mode == VDC_HYBRID) {
            m->rest = dirtied;
            enter(m, VDC_MIGRATION_STOP, plan->device_state);
            break;
        }
        converge(m, plan, dirtied);
        go_round(m, plan, dirtied, bandwidth);
        break;
    }
    case VDC_MIGRATION_STOP: enter(m, VDC_MIGRATION_RESUME, 0); break;
    case VDC_MIGRATION_RESUME:
        enter(m, m->rest > 0 ? VDC_MIGRATION_REST : VDC_MIGRATION_DONE, m->rest);
        m->rest = 0;
        break;
    default: enter(m, VDC_MIGRATION_DONE, 0); break;
    }
}
