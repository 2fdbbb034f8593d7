/* The runs that a comparison, a picture or a report is about: result files, each with its summary and its name for people.
 *
 * Runs that differ in nothing but the seed form a group (a policy, a point of a sweep); within a group runs are
 * replications, and across groups runs with one seed are pairs (common random numbers). A group's label is the shortest
 * text that tells it from the others: the policies that differ, the parameters of a sweep, else the file's name.
 * Datasets are read from the files when somebody asks for them.
 */
#ifndef VDC_ANALYSIS_RUNS_H
#define VDC_ANALYSIS_RUNS_H

#include "sim/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A parameter of a sweep's run, or a policy of any run. */
typedef struct vdc_run_parameter { char *name, *value; } vdc_run_parameter;

typedef struct vdc_run {
    char *path;
    char *stem;                  /* the file's name without folder and extension */
    struct vdc_result *result;   /* analysis/result.h */
    int64_t seed;
    bool complete;               /* false: the run was interrupted, its numbers are those up to then */
    vdc_run_parameter *parameters;
    size_t parameter_count;
    size_t group;                /* index into vdc_runs.groups */
} vdc_run;

typedef struct vdc_run_group {
    char *label;
    size_t first;                /* its run with the lowest seed */
    size_t count;
} vdc_run_group;

typedef struct vdc_runs {
    vdc_run *items;              /* in order of groups, within a group of seeds */
    size_t count;
    vdc_run_group *groups;       /* in the order in which they were given */
    size_t group_count;
} vdc_runs;

/* Opens result files; a folder stands for the *.h5 in it and in its folder `runs` (a sweep's), by name. A sweep's table is not a
 * run. Incomplete runs are taken with a warning. Errors: nothing found, unreadable file, a newer format. */
vdc_code vdc_runs_open(vdc_runs *runs, const char *const *paths, size_t count, vdc_diag *diag);
void vdc_runs_close(vdc_runs *runs);
/* vdc_result_check of all of them. */
vdc_code vdc_runs_check(const vdc_runs *runs, vdc_diag *diag);

/* The run of a group with that seed, NULL when there is none. O(runs of the group). */
const vdc_run *vdc_runs_find(const vdc_runs *runs, size_t group, int64_t seed);
/* A number of the summary; NaN when the run has no such key. */
double vdc_run_value(const vdc_run *run, const char *key);
/* The value of a parameter, NULL when the run has none of that name. */
const char *vdc_run_parameter_value(const vdc_run *run, const char *name);
/* A file name's part for this run or group: letters, digits and - . = only, in fresh memory. */
char *vdc_runs_file_name(const char *label);

#endif
