/* Availability: how long machines live and are repaired, and what that does to VMs, groups, tenants and the fleet (models.md 4.7).
 *
 * Failures come from components: every host, rack, zone and update domain that a process names is an alternating renewal of lives and
 * repairs, with a random stream of its own, from which nothing but its own fate is drawn: policies see the same failures. A component
 * that breaks kills each of its hosts with the process's probability (Marshall and Olkin's shocks); a host is down as long as any component that
 * killed it is being repaired.
 *
 * A VM is up, down (it should run and does not) or absent (not started yet, stopped by its user, gone). Sums are kept by how many
 * are up and down, so they change in O(1) and are exact integers.
 */
#ifndef VDC_MODELS_AVAILABILITY_H
#define VDC_MODELS_AVAILABILITY_H

#include "sim/base/random.h"
#include "sim/base/status.h"
#include "sim/base/units.h"

/* Why a VM or a host is down. The first ones are the levels of failure processes. */
typedef enum vdc_outage {
    VDC_OUTAGE_HOST,
    VDC_OUTAGE_RACK,
    VDC_OUTAGE_ZONE,
    VDC_OUTAGE_UPDATE_DOMAIN,
    VDC_OUTAGE_TRACE,         /* failures.trace */
    VDC_OUTAGE_PREEMPTION,    /* displaced by a VM of higher priority; not of hosts */
    VDC_OUTAGE_MAINTENANCE,   /* planned */
    VDC_OUTAGES
} vdc_outage;
enum { VDC_FAILURE_LEVELS = VDC_OUTAGE_TRACE };
extern const char *const vdc_failure_level_names[]; /* NULL-terminated, by vdc_outage */

/* How components of one level fail. */
typedef struct vdc_failure_process {
    vdc_outage level;
    double shape, scale;      /* of the Weibull distribution of lives; scale in ns */
    double kills;             /* probability that a shock takes a host of the component down */
    double repair, sigma;     /* log-normal repair: median in ns, standard deviation of the logarithm; 0 = constant */
    vdc_time age;             /* of every component at time 0 */
} vdc_failure_process;

/* Mean life in ns: scale x Gamma(1 + 1 / shape); and the scale that gives a mean. */
double vdc_failure_mtbf(const vdc_failure_process *process);
double vdc_failure_scale(double mtbf, double shape);
/* Mean repair in ns. */
double vdc_failure_mttr(const vdc_failure_process *process);
/* What is left in ns of the life of a component of this age (0 = new), at least 1; VDC_TIME_MAX: beyond the end of time. */
vdc_time vdc_failure_life(const vdc_failure_process *process, vdc_time age, vdc_stream *stream);
/* A repair in ns. */
vdc_time vdc_failure_repair(const vdc_failure_process *process, vdc_stream *stream);
/* Of a host under several processes: 1 / sum of kills / MTBF (exact for exponential lives while nothing else is broken), and the share of
 * time that it is up in the long run: the product of 1 - kills x MTTR / (MTBF + MTTR). Without processes: infinity and 1. */
double vdc_failure_host_mtbf(const vdc_failure_process *processes, size_t count);
double vdc_failure_host_availability(const vdc_failure_process *processes, size_t count);
/* The interval between checkpoints that loses least, to first order (Young 1974): sqrt(2 x what one takes x MTBF), in ns. */
vdc_time vdc_young_interval(vdc_time duration, double mtbf);
/* -log10 of the share of time lost; NaN where nothing was. */
double vdc_nines(double up, double down);

typedef enum vdc_presence { VDC_ABSENT, VDC_UP, VDC_DOWN } vdc_presence;

typedef struct vdc_vm_availability {
    int64_t vm;               /* whose this is: its arrival number + 1; 0 = nobody's */
    uint32_t tenant, group;
    vdc_time since;           /* of its present state */
    vdc_time up, unplanned, planned; /* ns before that */
    uint32_t interruptions;
    uint8_t presence, outage; /* vdc_presence; vdc_outage while it is down */
} vdc_vm_availability;

/* Of several VMs: a tenant's, a group's, all. */
typedef struct vdc_uptime {
    vdc_time since;
    int64_t up_now, down_now[VDC_OUTAGES];
    vdc_wide up, down[VDC_OUTAGES];    /* VM·ns before `since` */
    int64_t interruptions;
} vdc_uptime;

typedef struct vdc_group_availability {
    vdc_uptime vms;
    int64_t required;         /* VMs that must be up for the group to be; 0 = by vdc_availability.quorum */
    int64_t members;          /* VMs that came up at least once */
    vdc_time up, down;        /* ns that the group was available and not, before vms.since; only while it has VMs up or down */
    int64_t outages;          /* times that it became unavailable */
    vdc_time judged;          /* the instant that was last looked at: */
    bool was_available;       /* before it, a group without VMs being available */
    bool breaks;              /* an outage counts for it, as things stand */
    uint64_t shock;           /* the last one that took VMs of it down */
    int64_t lost, blast;      /* VMs that shock took down; most that one took */
} vdc_group_availability;

typedef struct vdc_host_availability {
    vdc_time since;           /* when it went down; -1 = it is up */
    vdc_time unplanned, planned; /* ns down before that */
    uint32_t failures;
    uint8_t outage;
} vdc_host_availability;

typedef struct vdc_availability {
    vdc_vm_availability *vms;          /* [slot] */
    size_t vm_count, vm_capacity;
    vdc_group_availability *groups;    /* [group]; 0 = none */
    size_t group_count, group_capacity;
    vdc_uptime *tenants;               /* [tenant] */
    size_t tenant_count, tenant_capacity;
    vdc_host_availability *hosts;      /* [host] */
    uint32_t host_count;
    vdc_uptime fleet;
    double quorum;                     /* a group is available while this share of its VMs is up */
    uint64_t shock;                    /* number of the present one */
    int64_t lost, blast;               /* VMs that it took down; most that one took */
    int64_t group_blast;               /* most VMs of one group */
} vdc_availability;

vdc_code vdc_availability_setup(vdc_availability *availability, uint32_t hosts, double quorum, vdc_diag *diag);
void vdc_availability_clear(vdc_availability *availability);
/* The group is available only while so many of its VMs are up. */
vdc_code vdc_availability_require(vdc_availability *availability, uint32_t group, int64_t required, vdc_diag *diag);

/* The slot is this VM's from now on (its arrival number): absent, unless it was this VM's already. */
vdc_code vdc_availability_arrive(vdc_availability *availability, uint32_t slot, int64_t number, uint32_t tenant, uint32_t group, vdc_diag *diag);
/* It is up, down or absent from now on; `outage` matters only when it is down. One that is down already keeps its first cause. */
void vdc_availability_change(vdc_availability *availability, uint32_t slot, vdc_presence presence, vdc_outage outage, vdc_time now);
/* What goes down from now on goes down together. */
void vdc_availability_shock(vdc_availability *availability);
/* A host went down, or came back. */
void vdc_availability_host_down(vdc_availability *availability, uint32_t host, vdc_outage outage, vdc_time now);
void vdc_availability_host_up(vdc_availability *availability, uint32_t host, vdc_time now);

/* The same up to now. */
vdc_vm_availability vdc_availability_vm(const vdc_availability *availability, uint32_t slot, vdc_time now);
vdc_uptime vdc_availability_uptime(const vdc_uptime *uptime, vdc_time now);
vdc_group_availability vdc_availability_group(const vdc_availability *availability, uint32_t group, vdc_time now);
vdc_host_availability vdc_availability_host(const vdc_availability *availability, uint32_t host, vdc_time now);
/* VM·ns down of it, without what was planned. */
vdc_wide vdc_unplanned(const vdc_uptime *uptime);
/* VMs of the group that are down now, planned or not. */
int64_t vdc_availability_group_down(const vdc_availability *availability, uint32_t group);

#endif
