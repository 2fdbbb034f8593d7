/* CPU that a VM saves below its limit and may use above it later (cpu.max with burst, models.md 4.1.2).
 *
 * A limit of L with a burst of b allows L·T + b in any span of time T. As rates that are constant between events: what is not used of L is
 * saved, up to b; while something is saved the VM has no limit but its vCPUs, and once all of it is used L holds again, at an instant that
 * follows from the rates and is an event. A VM comes to a host with nothing saved. Integers throughout: Hz and Hz·ns.
 */
#ifndef VDC_MODELS_BURST_H
#define VDC_MODELS_BURST_H

#include "models/datacenter.h"

typedef struct vdc_burst {
    vdc_wide saved, most;         /* Hz·ns, up to `since`; most = b, 0 = the VM has no burst */
    int64_t limit;                /* Hz: L */
    vdc_time since;
    vdc_event_handle event;       /* nothing is saved any more */
    bool empty;                   /* L holds */
} vdc_burst;

typedef struct vdc_bursts {
    vdc_burst *vms;               /* [slot] */
    size_t capacity;
    uint32_t *saving;             /* slots whose L is to be lifted at the next settling: they began to save */
    size_t saving_count, saving_capacity;
    bool failed;                  /* memory was out for an event or for `saving` */
} vdc_bursts;

/* Is a settling due: of hosts that changed, or of VMs that began to save? */
static inline bool vdc_datacenter_unsettled(const vdc_datacenter *datacenter) {
    return datacenter->dirty_count > 0 || (datacenter->bursts && datacenter->bursts->saving_count > 0);
}

vdc_code vdc_bursts_create(vdc_datacenter *datacenter, vdc_diag *diag);
void vdc_bursts_destroy(vdc_bursts *bursts);
/* The VM comes to its host, by the sharing policy's parameters there. */
vdc_code vdc_burst_placed(vdc_datacenter *datacenter, uint32_t slot);
/* It leaves. */
void vdc_burst_removed(vdc_datacenter *datacenter, uint32_t slot);
/* Of a limit that the policy says, what holds now. */
int64_t vdc_burst_limit(const vdc_datacenter *datacenter, uint32_t slot, int64_t limit);
/* Its grant is another one now; it was `before`. */
void vdc_burst_granted(vdc_datacenter *datacenter, uint32_t slot, int64_t before);
/* What it had saved is used. */
void vdc_burst_event(vdc_datacenter *datacenter, uint32_t slot);
/* Lifts the limits of those that began to save. *again: that changed something, so that hosts are to be solved once more. */
vdc_code vdc_bursts_lift(vdc_datacenter *datacenter, bool *again);

#endif
