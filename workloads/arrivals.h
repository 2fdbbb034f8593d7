/* Arrival processes: when the generator's VMs arrive.
 *
 * `arrivals: {dist: NAME, …}`: any distribution of times between arrivals (distribution.h), a Markov-modulated Poisson
 * process or a Poisson process with a daily rhythm. All draws come from one stream, so nothing else moves them.
 */
#ifndef VDC_WORKLOADS_ARRIVALS_H
#define VDC_WORKLOADS_ARRIVALS_H

#include "workloads/distribution.h"

typedef struct vdc_arrivals vdc_arrivals;

/* What a process keeps while it runs. */
typedef struct vdc_arrivals_state {
    vdc_stream stream;
    int64_t time;          /* ns: of the last arrival */
    size_t phase;          /* of a modulated process */
    double phase_left;     /* ns until the phase ends */
} vdc_arrivals_state;

typedef struct vdc_arrivals_type {
    vdc_kind kind;
    vdc_code (*prepare)(void *values, const vdc_node *node, vdc_arena *arena, vdc_diag *diag);
    void (*start)(const void *values, vdc_arrivals_state *state);      /* may be NULL */
    double (*next)(const void *values, vdc_arrivals_state *state);     /* ns until the next arrival, >= 0 */
    double (*mean)(const void *values);                                /* ns between arrivals in the long run */
} vdc_arrivals_type;

extern const vdc_arrivals_type vdc_arrivals_types[];
extern const size_t vdc_arrivals_count;

struct vdc_arrivals {
    const vdc_arrivals_type *type;  /* NULL: independent times by `distribution` */
    void *values;
    vdc_distribution distribution;
    vdc_arrivals_state state;
};

vdc_code vdc_arrivals_read(vdc_arrivals *arrivals, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                           vdc_diag *diag);
/* Where it lies now is where it stays: a stream must not move. */
void vdc_arrivals_start(vdc_arrivals *arrivals, uint64_t seed);
/* The next arrival, ns; false when it would lie beyond 2^62. */
bool vdc_arrivals_next(vdc_arrivals *arrivals, int64_t *time);
double vdc_arrivals_mean(const vdc_arrivals *arrivals);

#endif
