/* Loads that are made up: constant, drawn anew each interval, correlated in time, with a daily rhythm, or sampled from
 * PlanetLab files. `load: {kind: NAME, …}`; levels are shares of the VM's vCPUs at the speed of the fastest host's core.
 *
 * A load is pure in its cursor: the level of VM v in interval k is a function of (seed, v, k) by counter-based draws, so
 * nothing is kept for a VM and any position can be read at any time. A cursor holds v in its upper bits and k in its lower.
 */
#ifndef VDC_WORKLOADS_MADE_LOAD_H
#define VDC_WORKLOADS_MADE_LOAD_H

#include "workloads/kinds.h"
#include "workloads/samples.h"
#include "workloads/workload.h"

enum { VDC_MADE_LOAD_POSITIONS = 28 }; /* bits of the interval: 2^28 of a second are 8 years, of 5 min 2 500 */

typedef struct vdc_made_load_type {
    vdc_kind kind;
    vdc_code (*prepare)(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                        vdc_diag *diag);
    double (*level)(const void *values, uint64_t seed, uint64_t vm, uint64_t position); /* a share; is cut to 0…1 */
    void (*free)(void *values); /* may be NULL */
} vdc_made_load_type;

extern const vdc_made_load_type vdc_made_load_types[];
extern const size_t vdc_made_load_count;

/* The load of all VMs of one flavor. */
typedef struct vdc_made_load {
    vdc_load_source load;        /* first: requests point here */
    const vdc_made_load_type *type;
    void *values;                /* in the arena; begins with vdc_made_load_common */
    uint64_t seed;
    int64_t full;                /* Hz at level 1 */
} vdc_made_load;

/* What the values of every kind begin with. */
typedef struct vdc_made_load_common {
    int64_t step;                /* ns an interval; VDC_FOREVER = one interval is all */
    double highest;              /* the largest level there is */
    bool by_clock;               /* intervals count from clock 0, not from the VM's arrival */
} vdc_made_load_common;

/* Reads a section. `full` is what a VM's vCPUs give at full speed. */
vdc_code vdc_made_load_read(vdc_made_load *load, const vdc_node *node, const vdc_workload_context *context, int64_t full,
                            vdc_arena *arena, vdc_diag *diag);
void vdc_made_load_free(vdc_made_load *load);
/* Gives a request that arrived at request->arrival this load. */
void vdc_made_load_start(const vdc_made_load *load, uint64_t vm, vdc_request *request);

#endif
