/* CPU sharing between the VMs of one host: weighted max-min with a floor and a cap, solved exactly in integers.
 *
 * models.md 4.1.1. Host capacity C; VM i asks for D_i and has weight w_i, reservation R_i, limit L_i and n_i vCPUs:
 *
 *     hi_i = min(D_i, L_i, nominal_i)      lo_i = min(R_i, hi_i)
 *     sum hi <= C:  G_i = hi_i
 *     else:         G_i = clamp(lambda w_i, lo_i, hi_i) with the one lambda for which sum G = C
 *
 * A reservation is a floor inside the share (VMware's meaning), not an extra on top of it.
 */
#ifndef VDC_MODELS_CPU_SHARE_H
#define VDC_MODELS_CPU_SHARE_H

#include "models/request.h"

/* One runnable VM of a host. Plain data, part of the policy contract. */
typedef struct vdc_cpu_entry {
    int64_t demand;        /* Hz wanted, <= nominal */
    int64_t nominal;       /* Hz of all its vCPUs on this host */
    int64_t limit;         /* Hz, VDC_UNLIMITED = none */
    int64_t reservation;   /* Hz */
    int64_t weight;        /* >= 1 */
    int32_t priority;
    int64_t id;            /* ties to the lowest */
    int64_t ceiling;       /* out: Hz it may get: min(demand, limit, nominal) */
    int64_t grant;         /* out: Hz */
    int64_t burst;         /* ns of a thread that it may save below its limit and use above it later; 0 = none. Set by `map` */
    int64_t period;        /* ns in which the reservation is due, for schedulers with deadlines; 0 = theirs */
} vdc_cpu_entry;

/* A contended host at an instant, as a scheduler sees it that goes slice by slice. Plain data, part of the policy contract. */
typedef struct vdc_cpu_moment {
    uint32_t host, count;
    int64_t now, since;       /* ns: the clock; when the scheduler last decided about this host */
    bool continued;           /* the host has been contended ever since; else everybody had its ceiling for some time, and slices begin anew */
    bool changed;             /* VMs came, left or ask for something else; else only time has passed */
    int64_t capacity;         /* Hz to share */
    int64_t speed;            /* Hz of one hardware thread */
    vdc_cpu_entry *entries;   /* [count] in ascending id. In: grant = what it had since `since`. Out: ceiling and grant */
    void *const *memory;      /* [count] what the scheduler remembers of each VM: vm_memory bytes, 0 when the VM comes to the host */
    void *host_memory;        /* what it remembers of the host: host_memory bytes, 0 at first */
    uint32_t *missed;         /* [count] 0; out: deadlines since `since` that passed without what the VM was promised by then */
    void *scratch;            /* scratch_size(count) bytes */
} vdc_cpu_moment;

enum { VDC_CPU_WEIGHT_PER_VCPU = 100 };

/* What the request itself says: nominal, limit, reservation, weight (default 100 a vCPU, at least 1), priority and id;
 * demand, ceiling and grant 0. host_speed is in Hz of one hardware thread. */
void vdc_cpu_entry_of(const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry);

/* min(demand, limit, nominal), at least 0. */
int64_t vdc_cpu_ceiling(const vdc_cpu_entry *entry);
/* What it is sure of: min(reservation, ceiling), at least 0. */
int64_t vdc_cpu_floor(const vdc_cpu_entry *entry);

/* Bytes of scratch that vdc_cpu_share needs for `count` entries. */
size_t vdc_cpu_share_scratch(uint32_t count);

/* Sets ceiling and grant of every entry; entries come in ascending id. The sum of grants is min(capacity, sum of ceilings)
 * exactly; what does not divide goes to the largest remainders, ties to the lowest id. When the floors alone exceed the capacity
 * (admission lets that happen only on a host that lost capacity) they are shared in proportion to the weights, each at most its
 * floor. O(n), on average over the pivots where not everybody gets what it asks for. Exact for capacity up to 10^15 Hz, weights up to 10^9 and
 * 10^6 VMs. */
void vdc_cpu_share(int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch);

#endif
