/* A sweep's file, read and laid out as a grid of runs.
 *
 *     sweep: 1                          # format version
 *     extends: base.yaml                # the scenario that all runs start from
 *     policies:                         # named alternatives, each a `schedulers` section
 *       packing:   {placement: {policy: best-fit}}
 *       spreading: {placement: {policy: worst-fit}}
 *     axes:                             # any key of the scenario: a list of values or a range
 *       datacenter.overcommit.cpu: [1, 2, 4]
 *       workload.trace.scale: {from: 0.5, to: 1.5, step: 0.25}
 *     zip:                              # keys that change together: the i-th point takes the i-th value of each
 *       size: {datacenter.hosts.0.count: [100, 200], workload.trace.count: [1000, 2000]}
 *     seeds: 10                         # 1 to 10, or a list, or {from, to, step}
 *     stop: {metric: energy_j, half_width: 2%}   # with fewer seeds, once the intervals are that narrow
 *
 * `scenarios: {small: a.yaml, large: b.yaml}` may stand in place of `extends`. A range is {from, to, step}, {from, to, count} (even
 * steps) or {from, to, factor} (each times the one before); units are kept ({from: 10s, to: 60s, step: 10s}). The
 * grid is the product of all axes, in the order scenario, policy, axes, zip, seed, of which the last changes fastest. Paths in
 * values are relative to the base scenario.
 */
#ifndef VDC_SWEEP_GRID_H
#define VDC_SWEEP_GRID_H

#include "sim/base/memory.h"
#include "sim/base/status.h"
#include <stdint.h>

enum { VDC_SWEEP_RUNS = 1000000, VDC_SWEEP_AXES = 12 };

/* One value of an axis: what it is called and the overlays ("KEY.PATH=VALUE") that make it. */
typedef struct vdc_axis_point {
    const char *label;
    const char *scenario;        /* the file to extend, for the axis of scenarios */
    const char **sets;
    size_t set_count;
} vdc_axis_point;

typedef struct vdc_axis {
    const char *name;            /* short and unique: "placement", "overcommit.cpu" */
    const char *description;     /* the whole key path, or what the axis is */
    vdc_axis_point *points;
    size_t count;
    bool numeric;                /* every label is a plain number */
} vdc_axis;

/* When seeds are enough: in every group of runs that differ in their seed alone the interval of `metric` is no wider. All groups have the same
 * seeds, so that they stay paired. */
typedef struct vdc_grid_stop {
    const char *metric;          /* a key of the summary; NULL = all seeds are run */
    double half_width;           /* in the metric's unit, or a share of the mean */
    bool relative;
    double level;                /* of the interval: 0.95 */
    int64_t least;               /* seeds that are run before the first look, >= 2 */
} vdc_grid_stop;

/* Initialise with {0}, end with vdc_grid_close. */
typedef struct vdc_grid {
    vdc_arena arena;             /* of everything else */
    const char *path, *text;     /* the sweep's file */
    const char *name;            /* the sweep's name; default: the file's name without its ending */
    const char *base;            /* the scenario to extend, resolved; NULL with an axis of scenarios */
    vdc_axis axes[VDC_SWEEP_AXES];
    size_t axis_count;
    int64_t *seeds;
    size_t seed_count;
    size_t runs;                 /* product of all, seeds included */
    vdc_grid_stop stop;
} vdc_grid;

/* Reads and lays out; reports all errors. Scenarios are not read yet. */
vdc_code vdc_grid_open(vdc_grid *grid, const char *path, vdc_diag *diag);
void vdc_grid_close(vdc_grid *grid);

/* Run `index` of the grid. */
typedef struct vdc_grid_run {
    size_t points[VDC_SWEEP_AXES];
    bool has_seed;               /* false: the scenario's own seed holds */
    int64_t seed;
    const char *scenario;        /* the file to run */
    const char **sets;           /* all overlays, in fresh memory: free the array with vdc_free */
    size_t set_count;
    char *name;                  /* of its result file without .h5, in fresh memory: number and labels, letters fit for files */
} vdc_grid_run;
vdc_code vdc_grid_run_at(const vdc_grid *grid, size_t index, vdc_grid_run *run, vdc_diag *diag);
void vdc_grid_run_clear(vdc_grid_run *run);
/* Which of the scenarios that the sweep extends it is: 0 with `extends`, else the place on the axis of scenarios. */
size_t vdc_grid_scenario(const vdc_grid *grid, const vdc_grid_run *run);
/* The command (without -o) that does this run alone, `check`: with --check; in fresh memory, quoted for a shell; NULL when memory is out. */
char *vdc_grid_run_command(const vdc_grid_run *run, bool check);

#endif
