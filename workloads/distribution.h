/* Distributions of times: lifetimes and the times between arrivals.
 *
 * `{dist: NAME, …}` in a scenario; distribution.c has one row for each. Values are drawn through GSL from keyed streams.
 */
#ifndef VDC_WORKLOADS_DISTRIBUTION_H
#define VDC_WORKLOADS_DISTRIBUTION_H

#include "sim/base/random.h"
#include "workloads/kinds.h"
#include "workloads/workload.h"

typedef struct vdc_distribution_type {
    vdc_kind kind;
    /* Checks and completes what the table filled. May be NULL. */
    vdc_code (*prepare)(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                        vdc_diag *diag);
    double (*draw)(const void *values, vdc_stream *stream); /* ns, >= 0 */
    double (*mean)(const void *values);                     /* ns */
} vdc_distribution_type;

typedef struct vdc_distribution {
    const vdc_distribution_type *type;
    void *values; /* in the arena */
} vdc_distribution;

extern const vdc_distribution_type vdc_distribution_types[];
extern const size_t vdc_distribution_count;

/* Reads a section into the arena. `what` names it in messages. */
vdc_code vdc_distribution_read(vdc_distribution *distribution, const vdc_node *node, const vdc_workload_context *context,
                               const char *what, vdc_arena *arena, vdc_diag *diag);
/* One value in whole ns, at most 2^62. */
int64_t vdc_distribution_draw(const vdc_distribution *distribution, vdc_stream *stream);
static inline double vdc_distribution_mean(const vdc_distribution *distribution) {
    return distribution->type->mean(distribution->values);
}

#endif
