/* What lifetime-aware policies know: when each VM on each host is predicted to leave.
 *
 * A prediction is the trace's own (predicted_lifetime) where it has one, else the true lifetime times a log-normal factor
 * exp(error Z), Z drawn per VM from a keyed stream; error 0 predicts exactly. A VM that outlives its prediction is predicted
 * anew: what is truly left, times a new factor; where the truth is not known, as much again as it has lived. A VM whose end
 * nobody knows is predicted never to leave. Predictions depend on the VM and its age alone, not on when somebody asks.
 */
#ifndef VDC_SCHEDULERS_LIFETIMES_H
#define VDC_SCHEDULERS_LIFETIMES_H

#include "schedulers/policy_rows.h"
#include "sim/base/units.h"

/* What a VM holds on a host, devices included. */
typedef struct vdc_holding {
    int64_t size[VDC_RESOURCES];
    uint64_t gpu_devices, numa_nodes;
    int32_t gpu_milli;
    int64_t numa_share[2];        /* milli-vCPU and bytes on each node */
} vdc_holding;

typedef struct vdc_lifetimes {
    double error;                 /* parameter: sigma of the log-normal factor */
    uint64_t seed;
    struct vdc_lifetime_vm *vms;  /* a pool; those on one host are linked */
    size_t vm_count, vm_capacity;
    uint32_t free;                /* head of the pool's free ones */
    uint32_t *table;              /* VM number -> pool, open addressing */
    size_t slots, used;
    uint32_t *first;              /* [hosts] */
    vdc_time *exit;               /* [hosts] the latest predicted exit of its VMs; 0 on an empty host */
    vdc_time *next_exit;          /* [hosts] the earliest; VDC_FOREVER on an empty host */
    uint32_t hosts;
    bool keep_holdings;           /* set before init: holdings are kept too */
    vdc_holding *holdings;        /* beside the pool */
    size_t holding_capacity;
    const char *failed;           /* why nothing can be decided any more, or NULL */
} vdc_lifetimes;

/* The row of the parameter, for a state of which `field` is the vdc_lifetimes. */
#define VDC_LIFETIME_ERROR_ROW(state_type, field) \
    VDC_PARAM_REAL_ROW("error", state_type, field.error, VDC_DIM_COUNT, "0", 0, 10, \
                       "sigma of the log-normal error of predicted lifetimes; 0 = exact")

const char *vdc_lifetimes_init(vdc_lifetimes *lifetimes, const vdc_view *view);
void vdc_lifetimes_fini(vdc_lifetimes *lifetimes);
/* The VM started at `started` <= now. `devices` may be NULL where holdings are not kept. A VM may be on two hosts for a while; its
 * age counts from the first. */
void vdc_lifetimes_placed(vdc_lifetimes *lifetimes, vdc_time now, vdc_time started, const vdc_request *request, uint32_t host,
                          const vdc_decision *devices);
void vdc_lifetimes_released(vdc_lifetimes *lifetimes, vdc_time now, const vdc_request *request, uint32_t host);
/* A number of the policy's own, kept with the VM on that host, 0 at first; NULL when the VM is not there. Valid until the next
 * change. */
uint32_t *vdc_lifetimes_mark(vdc_lifetimes *lifetimes, const vdc_request *request, uint32_t host);
/* The VMs on a host in the order in which they are predicted to leave it, with what they hold; at most `most`. Needs
 * keep_holdings. */
typedef struct vdc_departure {
    vdc_time time;
    int64_t number;
    const vdc_holding *holding;
} vdc_departure;
size_t vdc_lifetimes_departures(const vdc_lifetimes *lifetimes, uint32_t host, vdc_departure *departures, size_t most);
/* Predicts anew for VMs that are still there after their predicted exit, whoever else is on their host. O(hosts), plus their VMs where
 * there is such a VM. */
void vdc_lifetimes_refresh(vdc_lifetimes *lifetimes, vdc_time now);
/* The predicted lifetime (ns) of a VM that starts now; VDC_FOREVER when nobody knows. */
vdc_time vdc_lifetimes_predict(const vdc_lifetimes *lifetimes, const vdc_request *request);

/* Lifetimes in classes: 0 below `unit`, then doubling: 1 below 2 units, 2 below 4 units, …, at most `most`. */
static inline int vdc_lifetime_class(vdc_time time, vdc_time unit, int most) {
    if (time == VDC_FOREVER) return most;
    int class = 0;
    for (vdc_time bound = unit; class < most && time >= bound; bound *= 2) {
        class++;
        if (bound > VDC_TIME_MAX / 2) break;
    }
    return class;
}

#endif
