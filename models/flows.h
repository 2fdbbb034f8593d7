/* Flows over shared links: who gets how much of networks and disks, and when a transfer is done (models.md 4.4).
 *
 * A link is anything with a capacity in units per second that several flows share: a NIC's direction, a leaf's way up, a disk's
 * operations, a disk's bytes. A flow crosses a few links and takes `per_unit` of each for every unit of its own rate: 1 byte of every link
 * on a network path; 1 operation and z bytes for a disk stream whose requests have z bytes. It has a weight, a cap, and either an amount
 * (a transfer, which ends) or none (a stream at the rate that its cap says).
 *
 * Rates are weighted max-min fair, by progressive filling (Bertsekas, Gallager, "Data Networks", 2nd ed. 1992, section 6.5): all flows rise
 * together, rate / weight being equal, until a link is full or a flow has its cap; those stop, the others go on. In whole units: on a
 * link that fills up every flow gets the floor of its share, what does not divide goes by largest remainder, ties to the lowest id, as
 * long as no other link would have to take it from those that still rise. The result is a function of links and flows alone, not of
 * the order in which they came: every flow is at its cap or crosses a link that has less left than one unit for each of its flows, where its
 * rate / weight is the largest but for one unit.
 *
 * Only what an event changes is solved anew: the filling is gone through again, but only on links where it takes another course than the last time;
 * everywhere else flows stop where they stopped (the order in which links fill up and hold each other is Ros-Giralt et al., "On the bottleneck
 * structure of congestion-controlled networks", 2019). A link with room to spare, more left than one unit for each flow, carries no influence and
 * is left out, until the solution makes it tight. Where rounding up filled links out of the order of their levels, all that hangs
 * together by tight links is filled as a whole. Changes of one instant are solved together. Cost: O(p log p) for p (flow, link) pairs on
 * the links that took another course; memory: 340 bytes a flow, 144 a link, 4 a pair.
 *
 * Progress is exact: a transfer has amount x 10^9 unit·ns to do, every rate is an integer, it ends after the ceiling of left / rate in ns. What the
 * last nanosecond would have moved beyond the amount is not counted as moved.
 */
#ifndef VDC_MODELS_FLOWS_H
#define VDC_MODELS_FLOWS_H

#include "sim/base/status.h"
#include "sim/base/units.h"
#include "sim/engine/queue.h"

enum { VDC_FLOW_LINKS = 10 };                    /* most links of one flow */
#define VDC_NO_FLOW UINT32_MAX
#define VDC_NO_LINK UINT32_MAX
#define VDC_FLOW_RATE_MAX INT64_C(1000000000000000) /* units/s: of a link, and of a flow that nothing limits */
enum { VDC_FLOW_WEIGHT_MAX = 10000, VDC_FLOW_PER_UNIT_MAX = 1 << 26, VDC_FLOW_ENDLESS = -1, VDC_FLOW_UNCAPPED = -1 };
enum { VDC_FLOW_COUNT_MAX = 10000000 };          /* flows at a time: all products then fit */

typedef struct vdc_flow_set vdc_flow_set;

/* Who opened a flow and is told of it. Must outlive its flows. The functions may open, change and close flows (also the one they are told
 * of). An error that they return ends the run. */
typedef struct vdc_flow_user {
    /* The rate is another one from now on: called at the settling, once an instant. NULL: not told. */
    vdc_code (*changed)(void *context, uint32_t flow, uint64_t subject, int64_t old_rate, int64_t new_rate, vdc_diag *diag);
    /* The transfer is done, latency included. The flow's number is free when the call returns. `rate` is what was told last: what it had to the
     * end, or with a latency 0, because then `changed` is told when the last unit has left. Not called for a flow that is closed. NULL: not told. */
    vdc_code (*ended)(void *context, uint32_t flow, uint64_t subject, int64_t rate, vdc_diag *diag);
    void *context;
} vdc_flow_user;

typedef struct vdc_flow_use {
    uint32_t link;
    int32_t per_unit;     /* units of the link for one unit of the flow, 1 .. VDC_FLOW_PER_UNIT_MAX */
} vdc_flow_use;

typedef struct vdc_flow_spec {
    const vdc_flow_user *user;  /* NULL: nobody is told */
    uint64_t subject;           /* the user's own mark, given back */
    int64_t id;                 /* whose it is: ties go to the lowest id, then to the flow that was opened first */
    int64_t amount;             /* units to move, >= 0; VDC_FLOW_ENDLESS = a stream */
    int64_t cap;                /* units/s, >= 0; VDC_FLOW_UNCAPPED = none. A stream's demand is its cap */
    int64_t weight;             /* 1 .. VDC_FLOW_WEIGHT_MAX */
    vdc_time latency;           /* ns that pass once after the last unit before the transfer is done */
    uint32_t links;             /* used entries of path; 0 is legal: only the cap limits */
    vdc_flow_use path[VDC_FLOW_LINKS]; /* each link at most once */
} vdc_flow_spec;

/* Ends of transfers become events of this kind in `queue`, with the flow as subject and of rank VDC_RANK_VM_END; the run loop hands them to
 * vdc_flows_event. *clock is the time now. Both must outlive the set. */
vdc_code vdc_flows_create(vdc_flow_set **flows, vdc_queue *queue, uint32_t event_kind, const vdc_time *clock);
void vdc_flows_destroy(vdc_flow_set *flows);

/* A new link, capacity 0 .. VDC_FLOW_RATE_MAX; VDC_NO_LINK when out of memory. Links are numbered from 0. */
uint32_t vdc_flows_add_link(vdc_flow_set *flows, int64_t capacity);
/* Its capacity is another one from now on. */
vdc_code vdc_flows_set_capacity(vdc_flow_set *flows, uint32_t link, int64_t capacity);

/* Opens a flow; it has rate 0 until the settling. Values out of range are VDC_ERROR_STATE. */
vdc_code vdc_flows_open(vdc_flow_set *flows, const vdc_flow_spec *spec, uint32_t *flow);
/* Another cap or weight. */
vdc_code vdc_flows_change(vdc_flow_set *flows, uint32_t flow, int64_t cap, int64_t weight);
/* The flow crosses other links from now on (an end of it moved). It keeps what it has done; its rate is 0 until the settling, which
 * tells `changed` only if the new rate is another one than the old. */
vdc_code vdc_flows_reroute(vdc_flow_set *flows, uint32_t flow, uint32_t links, const vdc_flow_use *path);
/* Gives a transfer `more` units to move (a volume that grows, pages that were dirtied again); it must not be done yet. */
vdc_code vdc_flows_extend(vdc_flow_set *flows, uint32_t flow, int64_t more);
/* Ends a stream, gives a transfer up. Nobody is told. */
vdc_code vdc_flows_close(vdc_flow_set *flows, uint32_t flow);

/* Is there anything to settle? To be asked before the clock moves. */
bool vdc_flows_unsettled(const vdc_flow_set *flows);
/* Solves what changed, moves the events of transfers, tells the users; again until nothing is left to do. */
vdc_code vdc_flows_settle(vdc_flow_set *flows, vdc_diag *diag);
/* An event of the set's kind came up. */
vdc_code vdc_flows_event(vdc_flow_set *flows, uint32_t flow, vdc_diag *diag);

/* As of the last settling. */
int64_t vdc_flows_rate(const vdc_flow_set *flows, uint32_t flow);
/* What the flow moved up to now, in unit·ns (units x 10^9), exact. For a transfer never more than its amount. */
vdc_wide vdc_flows_moved(const vdc_flow_set *flows, uint32_t flow);
/* Of a transfer whose units are through: what its rates would have moved beyond the amount in the last nanosecond, in unit·ns. */
vdc_wide vdc_flows_overshoot(const vdc_flow_set *flows, uint32_t flow);
/* What a transfer has still to move, in whole units, rounded up; 0 while only its latency is left. */
int64_t vdc_flows_left(const vdc_flow_set *flows, uint32_t flow);
uint32_t vdc_flows_count(const vdc_flow_set *flows);
uint32_t vdc_flows_links(const vdc_flow_set *flows);
int64_t vdc_flows_capacity(const vdc_flow_set *flows, uint32_t link);
/* Units/s that its flows take together. */
int64_t vdc_flows_load(const vdc_flow_set *flows, uint32_t link);
/* Flows that cross it. */
uint32_t vdc_flows_on_link(const vdc_flow_set *flows, uint32_t link);
/* Unit·ns that crossed it up to now; the last nanosecond of a transfer counts whole. */
vdc_wide vdc_flows_carried(const vdc_flow_set *flows, uint32_t link);
/* Flows whose rates were solved so far, repeats included: what settling costs. */
uint64_t vdc_flows_solved(const vdc_flow_set *flows);

/* For checks (accounts.md I8, I20): links that carry more than they can, or other than their flows' rates together, plus flows that are
 * neither at their cap nor have a bottleneck as above. 0 when all is well. Only when settled. O(pairs). */
int64_t vdc_flows_violations(vdc_flow_set *flows);

#endif
