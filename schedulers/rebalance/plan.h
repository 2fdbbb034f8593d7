/* A plan: hosts as they would be once the moves planned so far were done.
 *
 * What a policy of rebalancing works on. Room is counted as it is when all moves begin at once: a VM that goes holds its place
 * until it has left, one that comes holds its new place from the start; so whatever is planned can begin in any order. Load is counted as
 * it will be when all have arrived. Targets come from a placement policy, which sees the hosts of the plan (vdc_view) with the
 * load that is known of them.
 *
 * A placement policy with a memory knows of the run's VMs as the scheduler's own does: the engine tells it of every one that comes or
 * goes. During a round it is told besides of those on their way to a host and of the moves planned so far, which are taken back at its end:
 * what comes of them it is told when they arrive.
 */
#ifndef VDC_SCHEDULERS_REBALANCE_PLAN_H
#define VDC_SCHEDULERS_REBALANCE_PLAN_H

#include "schedulers/registry.h"
#include "sim/base/memory.h"

typedef struct vdc_plan vdc_plan;

/* Is the host a good one for the VM, besides having room? */
typedef bool vdc_plan_accepts(const void *context, const vdc_plan *plan, uint32_t host, uint32_t vm);

/* What the hosts of each class have free together; added up when it is first asked for in a plan. */
typedef struct vdc_plan_sums {
    vdc_wide *free;                      /* [classes] */
    bool known;
} vdc_plan_sums;

struct vdc_plan {
    const vdc_fleet_view *fleet;
    const vdc_view *outer;               /* the engine's */
    vdc_view view;                       /* the plan's: what the placement policy sees */
    const vdc_policy_instance *place;
    bool started;                        /* the placement policy's init was called */
    bool dedupe;                         /* equal empty hosts have equal scores */
    bool remembers_nothing;              /* the policy: a search that finds nothing leaves no trace with it */
    bool no_memory;                      /* something failed for want of it: the plan is void */
    const char *failure;                 /* what made the placement policy unable to decide: the plan is void; else NULL */
    vdc_plan_sums sums[VDC_RESOURCES];   /* for the view's used_share */
    uint32_t *class_hosts;               /* [classes] how many hosts there are */
    int64_t *free[VDC_RESOURCES];        /* [hosts] */
    uint32_t *vms;                       /* [hosts] that hold something there */
    int64_t *demand;                     /* [hosts] Hz */
    uint32_t *arrivals;                  /* [hosts] moves to it */
    uint8_t *excluded;                   /* [hosts] takes no VM */
    uint8_t *state;                      /* [hosts] as in vdc_view; hosts that sleep count as up where they may be woken */
    uint8_t *moved;                      /* [slots] is planned to move */
    size_t moved_capacity;
    vdc_relocation *moves;
    size_t count, capacity;
    bool wakes;                          /* hosts that sleep may be chosen */
    bool in_use_only;                    /* of the present search: hosts without a VM are no target */
    bool devices;                        /* hosts have GPUs or NUMA nodes */
    double *per_hz;                      /* [hosts] 1 / capacity */
    int used[VDC_RESOURCES], used_count; /* the resources that are limited */
    struct vdc_plan_shape *shapes;       /* sizes of VMs and the hosts that had room for them: room only shrinks in a plan */
    int shape_count;
    uint32_t *in_use, in_use_count;      /* hosts that are up and had VMs at the beginning */
    uint32_t *empty, empty_count, kinds; /* those that had none, or sleep, in order of id; kinds of them: classes, awake or asleep */
    uint32_t *opened, opened_count;      /* hosts that were empty and got VMs in the plan; some lost them again */
    uint8_t *seen;                       /* [class x 2] an empty host of the class, awake or asleep, was looked at */
    vdc_plan_accepts *accepts;           /* of the present search; NULL = all */
    const void *context;
    uint32_t vm;                         /* a host is sought for */
};

/* Binds the plan to the placement policy (calls its init); `place` NULL: hosts are not sought by a policy. NULL, or what is wrong. */
const char *vdc_plan_open(vdc_plan *plan, const vdc_policy_instance *place, const vdc_view *view);
void vdc_plan_close(vdc_plan *plan);
/* A VM came to or left a host: told to the placement policy, with the engine's view. */
void vdc_plan_placed(vdc_plan *plan, const vdc_view *view, const vdc_request *request, uint32_t host);
void vdc_plan_released(vdc_plan *plan, const vdc_view *view, const vdc_request *request, uint32_t host);
/* Begins anew from the fleet as it is; see no_memory. */
void vdc_plan_begin(vdc_plan *plan, const vdc_fleet_view *fleet);
/* The host for a VM that the placement policy names among those that are not excluded, have room and are accepted; its own is no
 * target. -1 = none; see failure. */
int64_t vdc_plan_find(vdc_plan *plan, uint32_t vm, vdc_plan_accepts *accepts, const void *context);
/* Has the host room for the VM, and is there no rule against it? */
bool vdc_plan_fits(const vdc_plan *plan, uint32_t host, uint32_t vm);
/* A VM leaves its host in the plan: its load is no longer counted there. vdc_plan_return undoes it. */
void vdc_plan_leave(vdc_plan *plan, uint32_t vm);
void vdc_plan_return(vdc_plan *plan, uint32_t vm);
/* A VM that left moves there; see no_memory. */
void vdc_plan_move(vdc_plan *plan, uint32_t vm, uint32_t host);
/* Takes back the latest moves until `count` are left; their VMs return to their hosts. */
void vdc_plan_undo(vdc_plan *plan, size_t count);
/* Moves all of the VMs, in this order, to hosts that are in use, or none of them. */
bool vdc_plan_move_all(vdc_plan *plan, const uint32_t *vms, uint32_t count, vdc_plan_accepts *accepts, const void *context);
/* Would vdc_plan_move_all find at once that they need more room than the hosts in use have left together? In whatever order they are. */
bool vdc_plan_too_many(const vdc_plan *plan, const uint32_t *vms, uint32_t count);
/* Sorts VMs: the most memory first, then the most CPU, then the one that came first to the run. */
void vdc_plan_largest_first(const vdc_fleet_view *fleet, uint32_t *vms, uint32_t count);
/* The slots of a host's VMs that were not moved, in order of coming; -1 when one of them cannot be moved. `out` has room for all. */
int64_t vdc_plan_movable(const vdc_plan *plan, uint32_t host, uint32_t *out);
/* What there is to be done: VMs that move to hosts which sleep become wishes to switch these on. -1 after a failure or without memory.
 * Ends the plan: nothing more can be planned until it begins anew. */
int64_t vdc_plan_result(vdc_plan *plan, const vdc_relocation **moves);

/* A policy named by a scalar, or by a mapping with `policy` and its parameters; NULL = the usual one. */
vdc_code vdc_part_open(vdc_policy_kind kind, const vdc_node *node, const char *usual, vdc_policy_instance *instance, vdc_diag *diag);

#endif
