/* A pool of worker processes: jobs are numbers, each is done by a child of its own.
 *
 * Processes and not threads, since the HDF5 library of most distributions is not safe for threads; a job that crashes or is
 * killed by the system for want of memory takes only itself down. A child is a fork of the caller: it sees all that the caller has
 * read so far, shared until it is written to. The caller must be a process of one thread.
 */
#ifndef VDC_SWEEP_POOL_H
#define VDC_SWEEP_POOL_H

#include "sim/base/status.h"
#include <stddef.h>

typedef struct vdc_pool {
    size_t workers;                                                  /* at most so many at one time, >= 1 */
    void *context;
    /* In the child: does the job. Messages go back to the parent as text. Signals have their default effect. */
    vdc_code (*work)(void *context, size_t job, vdc_diag *diag);
    /* In the parent, whenever a job has ended: code, and what it said ("" = nothing). */
    void (*ended)(void *context, size_t job, vdc_code code, const char *said);
    /* In the parent, a few times a second and after each start and end: how many are running. True: stop. */
    bool (*idle)(void *context, size_t running);
} vdc_pool;

/* Does jobs[0 .. count) in that order of starting. VDC_INTERRUPTED when `idle` said stop: running children are terminated and waited for.
 * Jobs that fail do not stop the others and are no error here. */
vdc_code vdc_pool_run(const vdc_pool *pool, const size_t *jobs, size_t count, vdc_diag *diag);

#endif
