/* What schedulers that go slice by slice have in common: a VM's place in the queue, how far it is behind its fluid share, and
 * filling a host's threads in an order.
 *
 * Turns are between VMs that want all of their vCPUs and cannot have them. A VM that gets all it asks for, or that asks
 * for less than its vCPUs, sleeps at times far shorter than a slice: it is `steady` and gets its fluid share all the time. The others take
 * turns, whole VMs at a time: who is first in the order runs with all vCPUs that find a thread, then the next, until the threads
 * are used up. What a VM runs in a turn is counted in thread time, not by the clock, so a VM that got fewer threads than it
 * has vCPUs keeps its turn for longer.
 */
#ifndef VDC_SCHEDULERS_CPU_TURNS_H
#define VDC_SCHEDULERS_CPU_TURNS_H

#include "schedulers/policy_rows.h"
#include "sim/base/units.h"

/* What is remembered of a VM. */
typedef struct vdc_turn {
    bool known;          /* since slices began on its host */
    bool steady;         /* it takes no turns */
    int64_t fluid;       /* Hz that weighted max-min sharing would give it */
    vdc_wide lag;        /* Hz·ns: what it would have run so less what it ran; 0 for the steady */
    vdc_wide used;       /* Hz·ns run in its turn */
    uint64_t seat;       /* place in the queue: smaller first */
} vdc_turn;

/* What is remembered of a host. */
typedef struct vdc_turn_host {
    uint64_t seats;      /* given out so far */
} vdc_turn_host;

/* Bytes of scratch for vdc_turns_begin and vdc_turns_order together. */
size_t vdc_turns_scratch(uint32_t count);
/* The first step of each decision: books what everybody ran, sets ceilings, and where something changed the fluid shares (by the
 * entries' weights, reservations and ceilings). VMs that are new take the last seats. The memory of VM and host begins with the
 * structures above. */
void vdc_turns_begin(const vdc_cpu_moment *moment);
/* The numbers of all entries, the steady first, then the others by `before` and in equal case by seat; valid until the next call. */
uint32_t *vdc_turns_order(const vdc_cpu_moment *moment, bool (*before)(const vdc_cpu_moment *moment, uint32_t a, uint32_t b));
/* Gives the capacity out in that order: to the steady their fluid shares, to the others their ceilings as long as there is some. Returns what is left. */
int64_t vdc_turns_fill(const vdc_cpu_moment *moment, const uint32_t *order);
/* Turns of `length` Hz·ns that are over: those VMs go to the end of the queue, in the order that they had. */
void vdc_turns_rotate(const vdc_cpu_moment *moment, vdc_wide (*length)(const vdc_cpu_moment *moment, uint32_t i, const void *state), const void *state);

static inline vdc_turn *vdc_turn_of(const vdc_cpu_moment *moment, uint32_t i) {
    return moment->memory[i];
}

/* ns until `amount` Hz·ns are run at `rate`, at least 1. */
static inline int64_t vdc_turn_time(vdc_wide amount, int64_t rate) {
    vdc_wide time = rate > 0 ? (amount + rate - 1) / rate : INT64_MAX;
    return time < 1 ? 1 : time > INT64_MAX ? INT64_MAX : (int64_t)time;
}

/* The least rate at which `amount` Hz·ns are run in `time` ns. */
static inline int64_t vdc_turn_rate(vdc_wide amount, int64_t time) {
    vdc_wide rate = amount <= 0 ? 0 : (amount + time - 1) / time;
    return rate > INT64_MAX ? INT64_MAX : (int64_t)rate;
}

/* ns until nothing is left of `slack`, the ns that a VM that can run at `rate` may wait, while it runs at `missing` less than that; at least 1. */
static inline int64_t vdc_turn_slack(int64_t slack, int64_t rate, int64_t missing) {
    vdc_wide time = missing > 0 ? (vdc_wide)slack * rate / missing : INT64_MAX;
    return time < 1 ? 1 : time > INT64_MAX ? INT64_MAX : (int64_t)time;
}

#endif
