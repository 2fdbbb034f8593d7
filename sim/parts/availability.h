/* The state behind failures, recovery and availability: shared by sim/failures.c (hosts and VMs go down and come back), sim/parts/availability.c
 * (components that break, what is written) and sim/parts/maintenance.c (planned waves). Only kept where the scenario asks for more than a
 * trace of failures. */
#ifndef VDC_PARTS_AVAILABILITY_H
#define VDC_PARTS_AVAILABILITY_H

#include "sim/parts/part.h"

/* A host, rack, zone or update domain of one process. */
typedef struct vdc_component {
    vdc_stream stream;             /* its lives, repairs and whom it kills: nothing else draws from it */
    uint32_t process, unit;
} vdc_component;

/* A VM that is on no host and does not wait for one: its failure is not noticed yet, or its own host is to come back. */
typedef struct vdc_down_vm {
    uint32_t host, next;           /* the host that it waits for, and the next one that does; VDC_NOWHERE = none */
    vdc_event_handle event;        /* when it is noticed */
} vdc_down_vm;

typedef struct vdc_availability_state {
    vdc_availability book;
    /* Which hosts belong to which unit of a level: members[level][first[level][unit]...]; only of levels in use. */
    uint32_t units[VDC_FAILURE_LEVELS];
    uint32_t *first[VDC_FAILURE_LEVELS], *members[VDC_FAILURE_LEVELS];
    vdc_component *components;
    uint32_t component_count;
    vdc_stream *warnings;          /* [component]; NULL: failures are not foreseen */
    bool *hit;                     /* [process x host] down because of that process */
    uint16_t *covered;             /* [host] outages that it is in */
    uint16_t *cordons;             /* [host] reasons not to place anything there */
    bool *was_off;                 /* [host] switched off when it went down */
    uint32_t *first_down;          /* [host] VMs that wait for it, latest first */
    vdc_down_vm *down;             /* [slot] */
    size_t down_capacity;
    int64_t down_with_end;         /* VMs that are down, wait for their host and will end */
    int64_t reserve[VDC_RESOURCES];/* what first placements must leave free; 0 = nothing is kept */
    vdc_wide capacity[VDC_RESOURCES]; /* what the hosts that are not down can promise */
    bool reserves;
    vdc_time reserve_since;
    int64_t refusals;              /* VMs that had to wait for the sake of the reserve */
    vdc_wide lost_work;            /* milli-vCPU·ns that VMs lost since their start or last checkpoint */
    int64_t shocks, host_failures, foreseen, false_alarms, evacuated, stayed;
    int64_t recoveries;            /* hosts that came back since a VM that will end last began or ended */
    vdc_wide previous_down[2];     /* VM·ns at the last tick: unplanned, planned */
} vdc_availability_state;

/* What happens to components, VMs that are down and warnings: a kind and a number as one event subject. */
typedef enum vdc_availability_event {
    VDC_AVAILABILITY_BREAK, VDC_AVAILABILITY_MEND, VDC_AVAILABILITY_NOTICED, VDC_AVAILABILITY_WARNING, VDC_AVAILABILITY_FALSE_ALARM,
    VDC_AVAILABILITY_WARNING_OVER
} vdc_availability_event;
enum { VDC_AVAILABILITY_SHIFT = 28 };
#define VDC_AVAILABILITY_EVENT(kind, number) ((uint32_t)(kind) << VDC_AVAILABILITY_SHIFT | (number))

/* NULL where there is none. */
/* Warns of failures.groups of which no VM ever ran: a name that is misspelt, most likely. */
void vdc_availability_warn_unused(const vdc_simulation *sim, vdc_diag *diag);

static inline vdc_availability_state *vdc_availability_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_availability]; }

/* failures.c */
/* One more outage of the host begins, or one of them is over: it is down as long as any lasts. */
vdc_code vdc_failures_host_down(vdc_simulation *sim, uint32_t host, vdc_outage outage, vdc_diag *diag);
vdc_code vdc_failures_host_up(vdc_simulation *sim, uint32_t host, vdc_diag *diag);
/* One more reason to place nothing on the host (+1), or one less (-1). */
void vdc_failures_cordon(vdc_simulation *sim, uint32_t host, int change);
/* A VM is stopped by an outage: what becomes of it by the recovery policy. */
vdc_code vdc_failures_vm_down(vdc_simulation *sim, uint32_t slot, vdc_outage outage, vdc_diag *diag);
/* Its failure is noticed. */
vdc_code vdc_failures_vm_noticed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag);
/* The VMs of a host are stopped, in order of arrival; *stopped (may be NULL) counts them. */
vdc_code vdc_failures_empty_host(vdc_simulation *sim, uint32_t host, vdc_outage outage, int64_t *stopped, vdc_diag *diag);
/* The VM on the host that came first among those with a larger arrival number than `after` (-1: of all; -2: with second parts
 * of those that move here); VDC_NOWHERE = none. */
uint32_t vdc_failures_next_vm(const vdc_simulation *sim, uint32_t host, int64_t after);
/* A VM leaves its host for another one that has room now, by starting again there. *left = whether there was one. */
vdc_code vdc_failures_restart_elsewhere(vdc_simulation *sim, uint32_t slot, vdc_outage outage, bool *left, vdc_diag *diag);

/* The same by live migration; *left = it has begun. One that moves already, or that cannot now, stays. */
vdc_code vdc_failures_migrate(vdc_simulation *sim, uint32_t slot, bool *left, vdc_diag *diag);

#endif
