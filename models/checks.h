/* The invariants of the accounts (accounts.md 5.4), recounted from scratch.
 *
 * Under --check every host that an event touched is recounted before the clock moves on, everything once a tick. An invariant's
 * residual is the largest deviation seen, in the integers it is stated in; 0 = it held. Residuals go to /checks of the result file.
 */
#ifndef VDC_MODELS_CHECKS_H
#define VDC_MODELS_CHECKS_H

#include "models/datacenter.h"
#include "models/wait_queue.h"

typedef enum vdc_invariant {
    VDC_I1_AGGREGATION,
    VDC_I2_CHAIN,
    VDC_I3_GUARANTEE,
    VDC_I4_VCPU_TIME,
    VDC_I5_THREAD_TIME,
    VDC_I6_WORK_CONSERVATION,
    VDC_I7_COMMIT,
    VDC_I8_PHYSICAL,
    VDC_I9_FENCES,
    VDC_I10_FENCE_PARTS,
    VDC_I11_RESERVATIONS,
    VDC_I12_MEMORY,
    VDC_I13_ONE_HOST,
    VDC_I14_DOWN_HOST,
    VDC_I15_POPULATION,
    VDC_I16_RULES,
    VDC_I17_EXPOSURE,
    VDC_I18_ENERGY,
    VDC_I19_MIGRATION,
    VDC_I20_FLOWS,
    VDC_I22_LITTLE,
    VDC_INVARIANTS
} vdc_invariant;

typedef struct vdc_check {
    const char *name;        /* "I1" */
    const char *statement;   /* in words */
    uint64_t count;          /* how often it was checked */
    double residual;         /* largest deviation */
    vdc_time first;          /* when it first failed, -1 = never */
} vdc_check;

/* What the simulation knows and the datacenter does not. */
typedef struct vdc_population {
    int64_t arrived, completed, rejected, failed, lost, evicted, deleted;
    int64_t down;                    /* VMs that are down and do not wait for a host */
    vdc_wide waited;                 /* VM·ns of every wait that is over */
    vdc_wide finished[VDC_FLOWS];    /* integrals of the VMs that are gone */
} vdc_population;

typedef struct vdc_checks {
    vdc_check items[VDC_INVARIANTS];
} vdc_checks;

void vdc_checks_setup(vdc_checks *checks);
/* The hosts in datacenter->touched, which is emptied. Shares must be settled. */
void vdc_checks_event(vdc_checks *checks, vdc_datacenter *datacenter);
/* Everything. Ledgers must have been advanced. */
void vdc_checks_all(vdc_checks *checks, const vdc_datacenter *datacenter, const vdc_wait_queue *queue, const vdc_population *population);
/* For the parts of a recount: notes by how much a and b differ, or a exceeds b. */
void vdc_check_equal(vdc_checks *checks, vdc_invariant which, vdc_time now, vdc_wide a, vdc_wide b);
void vdc_check_at_most(vdc_checks *checks, vdc_invariant which, vdc_time now, vdc_wide a, vdc_wide b);
/* The part of isolation (models/isolation_checks.c). */
void vdc_isolation_check(const struct vdc_isolation *isolation, vdc_checks *checks);
/* Did all hold? */
bool vdc_checks_hold(const vdc_checks *checks);

#endif
