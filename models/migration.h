/* Live migration as arithmetic: what is sent in which round, when the VM stops, how long it stands still (models.md 4.3).
 *
 * A pure state machine over integers: bytes and ns. Whoever drives it (sim/migration.c, a test) says how long each stretch took, so that the
 * bandwidth may change as it likes: begin, then vdc_migration_next after every stretch until VDC_MIGRATION_DONE.
 *
 *   pre-copy    rounds of what was dirtied meanwhile, then the rest while the VM stands still
 *   post-copy   device state while it stands still, then everything while it runs at its new place
 *   hybrid      one round of pre-copy, then post-copy of what was dirtied
 *   cold        everything while it stands still
 */
#ifndef VDC_MODELS_MIGRATION_H
#define VDC_MODELS_MIGRATION_H

#include "sim/base/units.h"

typedef enum vdc_migration_mode { VDC_PRE_COPY, VDC_POST_COPY, VDC_HYBRID, VDC_COLD, VDC_MIGRATION_MODES } vdc_migration_mode;
extern const char *const vdc_migration_mode_names[]; /* NULL-terminated */

typedef struct vdc_migration_plan {
    vdc_migration_mode mode;
    int64_t memory;           /* M: bytes resident */
    int64_t working_set;      /* w: bytes that are written again and again, at most M */
    int64_t dirty_rate;       /* d: B/s while the VM is not slowed down */
    bool linear;              /* dirtied in t: min(w, d t), else w (1 - exp(-d t / w)) */
    int64_t disk;             /* bytes of a disk that is not shared, 0 = shared or none */
    int64_t disk_write_rate;  /* B/s written to it meanwhile */
    vdc_time downtime_limit;  /* Tmax: stops for the rest when that takes no longer */
    int64_t round_limit;      /* J_max */
    int64_t traffic_percent;  /* stops when more than this many % of memory and disk were sent */
    bool auto_converge;       /* slows the VM down when it dirties more than half of what is sent */
    vdc_time resume_time;     /* t_resume, t_switch: part of the downtime whatever is sent */
    int64_t device_state;     /* S_dev: bytes sent while the VM stands still, post-copy and hybrid */
} vdc_migration_plan;

typedef enum vdc_migration_phase {
    VDC_MIGRATION_COPY,       /* a round: the VM runs where it was */
    VDC_MIGRATION_STOP,       /* it stands still */
    VDC_MIGRATION_RESUME,     /* it stands still, nothing is sent: resume_time */
    VDC_MIGRATION_REST,       /* it runs at its new place and fetches what is not there yet */
    VDC_MIGRATION_DONE
} vdc_migration_phase;

typedef struct vdc_migration {
    vdc_migration_phase phase;
    int64_t bytes;            /* of this stretch */
    int64_t round;            /* rounds begun, the last copy not counted: n */
    int64_t sent;             /* bytes of the stretches that are over */
    int64_t rest;             /* bytes to be fetched after the switch */
    int64_t throttle;         /* % of the VM's CPU taken away */
    vdc_time downtime, total; /* of the stretches that are over */
} vdc_migration;

/* `bandwidth` (B/s) is what it has now. */
void vdc_migration_begin(vdc_migration *migration, const vdc_migration_plan *plan, int64_t bandwidth);
/* The stretch took `span` ns; it has `bandwidth` from now on. */
void vdc_migration_next(vdc_migration *migration, const vdc_migration_plan *plan, vdc_time span, int64_t bandwidth);
/* Does the VM stand still? */
static inline bool vdc_migration_stands(const vdc_migration *migration) {
    return migration->phase == VDC_MIGRATION_STOP || migration->phase == VDC_MIGRATION_RESUME;
}
/* ns for so many bytes at that bandwidth, rounded up; VDC_TIME_MAX at most and where there is none. */
vdc_time vdc_migration_span(int64_t bytes, int64_t bandwidth);
/* Bytes dirtied in `span` by a VM that is slowed down by `throttle` %. */
int64_t vdc_migration_dirtied(const vdc_migration_plan *plan, vdc_time span, int64_t throttle);
/* What of a VM's progress is lost, in millionths, while it fetches pages after the switch: the mean over a present fraction that grows
 * linearly of 1 / (1 + faults (1 - p) latency); faults: pages touched a second that are absent, latency in s. */
int64_t vdc_migration_fault_loss(double faults, double latency);

#endif
