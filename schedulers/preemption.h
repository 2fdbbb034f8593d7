/* Preemption: VMs of higher priority displace lower ones when they find no host.
 *
 * A VM may displace VMs of strictly lower priority, of the classes that the scenario names, on one host. Of the host's VMs as
 * many are taken, in the order of the victim rule, as make room, and then those are spared, the dearest first, without which it
 * fits as well. Of all hosts the one is taken where that costs least by the rule, ties to fewer victims, then to the lowest id.
 * Standbys of VMs that might be displaced go before any VM and cost nothing: where that is room enough nobody is displaced.
 */
#ifndef VDC_SCHEDULERS_PREEMPTION_H
#define VDC_SCHEDULERS_PREEMPTION_H

#include "models/host.h"

/* Which VMs are displaced first, and what a choice costs. */
typedef enum vdc_victim_rule {
    VDC_VICTIM_LOWEST_PRIORITY,  /* then the youngest; cost: the highest priority among the victims, then the work they lose */
    VDC_VICTIM_YOUNGEST,         /* cost: the longest that a victim has run */
    VDC_VICTIM_LEAST_LOST_WORK   /* cost: the work that the victims lose together */
} vdc_victim_rule;
extern const char *const vdc_victim_rule_names[];

enum { VDC_PREEMPTION_CLASSES = 16 };

typedef struct vdc_preemption {
    bool wanted;
    int rule;                                   /* vdc_victim_rule */
    int64_t notice;                             /* ns between the warning and the end */
    bool restart;                               /* the displaced wait for a host again; else they are evicted for good */
    int32_t classes[VDC_PREEMPTION_CLASSES];    /* priorities that may be displaced */
    size_t class_count;                         /* 0 = all lower ones */
} vdc_preemption;

/* A VM that might be displaced. */
typedef struct vdc_victim {
    uint32_t slot;                  /* the caller's */
    const vdc_request *request;
    uint64_t gpu_devices, numa_nodes;
    int64_t ran;                    /* ns since it started */
    vdc_wide lost;                  /* milli-vCPU·ns that it loses */
    bool standby;                   /* it runs nothing: it goes before any VM and costs nothing */
} vdc_victim;

/* What the choice of a host costs: smaller is better, member by member. */
typedef struct vdc_victim_cost {
    vdc_wide first, second;
    size_t victims;
} vdc_victim_cost;

/* May the VM displace the other one? */
bool vdc_preemption_allows(const vdc_preemption *preemption, const vdc_request *request, const vdc_request *victim);
/* Moves those that are to be displaced to the front of the candidates (VMs on the host that may be displaced); their number, 0
 * when not even all of them make room, and what they cost. The host's columns are changed and put back. */
size_t vdc_preemption_choose(const vdc_preemption *preemption, vdc_hosts *hosts, uint32_t host, const vdc_request *request,
                             vdc_victim *candidates, size_t count, vdc_victim_cost *cost);
bool vdc_victim_cost_less(const vdc_victim_cost *a, const vdc_victim_cost *b);

#endif
