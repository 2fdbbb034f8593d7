/* Running a sweep: a folder with one result file a run, by a pool of worker processes, and taken up again after a stop.
 *
 *     DIR/sweep.yaml      the sweep as it was written
 *     DIR/base.yaml       the scenario that it extends, whole (with an axis of scenarios: NAME.yaml of each)
 *     DIR/MANIFEST        what the folder belongs to: digests of the above, locked while a sweep runs
 *     DIR/runs.csv        which file is which run: file, seed, one column an axis
 *     DIR/runs/NAME.h5    the results; DIR/runs/NAME.txt what a failed run said, and the command that repeats it
 *
 * A run is done when its result file has its final name; one that did not pass its checks keeps NAME.h5.partial. The bytes of every file depend on
 * the sweep alone: not on how many workers there were, nor on whether it was stopped and resumed. The table over all runs is made of the result files:
 * analysis/sweep_table.h.
 */
#ifndef VDC_SWEEP_SWEEP_H
#define VDC_SWEEP_SWEEP_H

#include "sim/sweep/grid.h"
#include "sim/vdcsim.h"

typedef struct vdc_sweep vdc_sweep;

/* How far a sweep is. */
typedef struct vdc_sweep_state {
    size_t runs;                 /* of the grid, or of the seeds that were asked for */
    size_t already;              /* done before this call */
    size_t done, failed, running;/* by this process; failed: in the rounds before, too, unless processes joined */
} vdc_sweep_state;

typedef struct vdc_sweep_options {
    const char *folder;          /* made when it is not there */
    size_t workers;              /* >= 1 */
    bool resume;                 /* the folder may hold a part of this very sweep */
    /* Several processes, on one or many machines, share the folder: each takes the next run that nobody has. What a process had when it
     * ended early is taken again. Implies resume. The file system must pass locks on (local ones, NFS 4, Lustre with flock). */
    bool join;
    size_t rank, ranks; /* of this process among those, where known: they begin at different places of the grid; ranks 0 = not known */
    bool check;                  /* verify the invariants in every run */
    size_t seeds;                /* only runs of the first so many seeds; 0 = all. The index lists no others */
    bool later;                  /* not the first call of this sweep by this process: what failed in the calls before is not tried again */
    int64_t since;               /* when the first one was, in s since 1970, for processes that join; 0 = now */
    void *context;
    /* A run failed: its number, what it said and the command that repeats it. May be NULL. */
    void (*failed)(void *context, size_t run, const char *said, const char *command);
    /* Called a few times a second. True: stop. May be NULL. */
    bool (*progress)(void *context, const vdc_sweep_state *state);
} vdc_sweep_options;

/* Reads the sweep and checks every value of every axis against the scenario, before anything is written. */
vdc_code vdc_sweep_open(vdc_sweep **sweep, const char *path, vdc_diag *diag);
/* The sweep of FOLDER/sweep.yaml again, with the scenarios that were kept in it in place of those that it names: FOLDER/again/I/NAME, or
 * FOLDER/again/I/x/x/NAME, so deep that what its inputs are called leads to those that were kept with it; I counts the scenarios, NAME is the file's
 * name. The folder may be of somebody else: programs that it names are run with VDC_PROGRAMS_ALLOWED only. */
vdc_code vdc_sweep_open_again(vdc_sweep **sweep, const char *folder, vdc_programs programs, vdc_diag *diag);
void vdc_sweep_close(vdc_sweep *sweep);
const vdc_grid *vdc_sweep_grid(const vdc_sweep *sweep);

/* Does the runs that are not done. Runs that fail are told and counted, and are no error here; VDC_INTERRUPTED when `progress` said stop.
 * Errors: the folder holds something else, or this sweep and not `resume`, or another process works in it. */
vdc_code vdc_sweep_run(vdc_sweep *sweep, const vdc_sweep_options *options, vdc_sweep_state *state, vdc_diag *diag);
/* Only makes the folder and the small files in it, for processes that will join. */
vdc_code vdc_sweep_prepare(vdc_sweep *sweep, const vdc_sweep_options *options, vdc_diag *diag);
/* For processes that joined: waits until no other writes the table. Returns a descriptor to be closed afterwards, -1 on failure. */
int vdc_sweep_lock_table(const vdc_sweep *sweep, const char *folder);

#endif
