/* libvdcsim: the public interface. Open a scenario, run it as far as you like, ask, close.
 *
 *     vdc_diag diag = {0};
 *     vdc_simulation *simulation;
 *     vdc_run_options options = {.output = "out.h5"};
 *     if (vdc_simulation_open(&simulation, "scenario.yaml", &options, &diag) == VDC_OK) {
 *         vdc_simulation_run_until(simulation, VDC_TIME_MAX, &diag);
 *         vdc_simulation_finish(simulation, &diag);
 *     }
 *     vdc_simulation_close(simulation);
 *
 * Several simulations may live in one process; there are no globals. A simulation is not for several threads at once.
 */
#ifndef VDCSIM_H
#define VDCSIM_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/status.h"
#include "sim/base/units.h"

typedef struct vdc_simulation vdc_simulation;

/* What may be run that a scenario names: the programs of the policy `process`, the shared objects of `plugin`. */
typedef enum vdc_programs {
    VDC_PROGRAMS_USUAL,          /* those of a scenario and of changes that the caller asks for, not those that a saved state names */
    VDC_PROGRAMS_ALLOWED,
    VDC_PROGRAMS_REFUSED         /* none, not of changes either */
} vdc_programs;

typedef struct vdc_run_options {
    const char *const *sets;     /* "KEY.PATH=VALUE" overlays, applied in order */
    size_t set_count;
    bool has_seed;               /* `seed` replaces the scenario's */
    uint64_t seed;
    const char *output;          /* the result file; NULL: see default_output */
    bool default_output;         /* without `output`: write NAME.h5 in the current folder, NAME being the scenario's; else nothing is written */
    bool force;                  /* an existing result file may be replaced */
    bool check;                  /* verify the invariants of the accounts as it runs */
    const char *placement_search;/* "auto" (NULL), "scan" or "index": the same decisions, another speed */
    const char *event_queue;     /* NULL, "heap", "ladder" or "lanes": the same order, another speed */
    bool operable;               /* vdc_simulation_operate may be called: the run keeps account of VMs' lives, and where nothing is left to happen it
                                    goes on as far as it is asked to go, since more may be asked for; only VDC_TIME_MAX ends it */
    /* When set, the scenario is this text instead of the file's content; the path still names it in messages and roots relative paths. */
    const char *text;
    /* Shall a policy's program not be awaited any longer? What was asked of the run is then VDC_INTERRUPTED. May be NULL. */
    bool (*interrupted)(void);
    vdc_programs programs;       /* naming one that may not be run is VDC_ERROR_INPUT */
} vdc_run_options;

/* How far a run is. Cheap. */
typedef struct vdc_progress_report {
    vdc_time now;                /* ns of simulated time */
    vdc_time horizon;            /* the end when it is a fixed time, else VDC_TIME_MAX */
    bool ended;
    uint64_t events, placements;
    int64_t arrived, placed, queued, running, completed, rejected;
} vdc_progress_report;

/* Reads and checks everything a run would, runs nothing and writes nothing. */
vdc_code vdc_simulation_validate(const char *path, const vdc_run_options *options, vdc_diag *diag);
/* On failure *simulation is NULL and nothing was written. */
vdc_code vdc_simulation_open(vdc_simulation **simulation, const char *path, const vdc_run_options *options, vdc_diag *diag);
/* Processes the next event. Nothing happens once the run has ended (see vdc_simulation_progress). */
vdc_code vdc_simulation_step(vdc_simulation *simulation, vdc_diag *diag);
/* Processes every event up to and including `time` (VDC_TIME_MAX: to the end). */
vdc_code vdc_simulation_run_until(vdc_simulation *simulation, vdc_time time, vdc_diag *diag);
/* The same, but returns after at most `events` events, so that the caller can show progress or stop. */
vdc_code vdc_simulation_run_some(vdc_simulation *simulation, vdc_time time, uint64_t events, vdc_diag *diag);
void vdc_simulation_progress(const vdc_simulation *simulation, vdc_progress_report *report);

/* Asks something of a VM now, in the notation of a scenario's operations, with the VM's id: "{do: resize, vm: 3, vcpus: 4}". "{do: create, …}" with
 * the keys of a VM makes one. "Now" is the time that the run was asked to go to. *refusal is NULL when it was carried out or has begun, else why not,
 * in words that are valid until the next call; the state is then as before and the event log says so. An error is a text that is no operation,
 * or a run that was opened without `operable` and has no lives to operate on. */
vdc_code vdc_simulation_operate(vdc_simulation *simulation, const char *operation, const char **refusal, vdc_diag *diag);

/* ---- states, forks, changes ----
 *
 * A saved state is a journal: the scenario as written, its inputs by sha256, what was done from outside, and how far the run was. Restoring runs that
 * again and proves by a digest that it came to the same state; it costs what the run up to there cost. The run that goes on gives the
 * bytes that it would have given without the interruption. */

/* Goes to exactly that time: processes every event up to and including it, and stands there unless the run ends before. A time that is over is
 * VDC_ERROR_INPUT. */
vdc_code vdc_simulation_advance(vdc_simulation *simulation, vdc_time time, vdc_diag *diag);
/* Writes the state as it is. VDC_ERROR_STATE when the run has ended. Without `force` an existing file is an error. */
vdc_code vdc_simulation_save(vdc_simulation *simulation, const char *path, bool force, vdc_diag *diag);
/* Opens the run of a saved state and goes to it. The scenario comes from the file, the inputs from `base` (NULL: the scenario's folder);
 * `sets` take effect then (vdc_simulation_change); output, force, check and the like are the caller's. Programs that its scenario
 * or its journal names are run with VDC_PROGRAMS_ALLOWED only. A file that was cut short or
 * changed, of another version, with other inputs, or that does not lead to its state is refused with the reason, and *simulation is NULL. */
vdc_code vdc_simulation_restore(vdc_simulation **simulation, const char *path, const char *base, const vdc_run_options *options, vdc_diag *diag);
/* A second run at the same point, by doing again what led to it; then the same as with vdc_simulation_restore. The first one stays as it is. */
vdc_code vdc_simulation_fork(vdc_simulation **copy, vdc_simulation *simulation, const vdc_run_options *options, vdc_diag *diag);
/* From now on another policy, or another value that a run may change on its way: "KEY.PATH=VALUE", in order. What may not change is
 * VDC_ERROR_INPUT with the reason, and nothing of that one and those after it is done. */
vdc_code vdc_simulation_change(vdc_simulation *simulation, const char *const *sets, size_t count, vdc_diag *diag);

/* Completes the result file: complete and under its final name when the run has ended, else readable as OUT.partial, marked complete = 0. */
vdc_code vdc_simulation_finish(vdc_simulation *simulation, vdc_diag *diag);
/* Frees everything; an unfinished result file is removed. NULL is allowed. */
void vdc_simulation_close(vdc_simulation *simulation);

/* The summary as it stands: the keys of the result file's /summary. After the end it is final. */
typedef enum vdc_value_type { VDC_VALUE_REAL, VDC_VALUE_INTEGER, VDC_VALUE_TEXT } vdc_value_type;
typedef struct vdc_value {
    const char *key, *units, *long_name;
    vdc_value_type type;
    double real;
    int64_t integer;
    const char *text;
} vdc_value;
size_t vdc_simulation_summary_count(vdc_simulation *simulation);
/* The i-th key; valid until the next call on the simulation. False beyond the last. */
bool vdc_simulation_summary(vdc_simulation *simulation, size_t index, vdc_value *value);
/* By key. False when the scenario has no such key. */
bool vdc_simulation_query(vdc_simulation *simulation, const char *key, vdc_value *value);
/* SHA-256 of the results in 64 hexadecimal digits, "" before the end or without a result file. */
const char *vdc_simulation_digest(const vdc_simulation *simulation);
/* The result file's final name, NULL when none is written. */
const char *vdc_simulation_output(const vdc_simulation *simulation);
/* With `check`: did every invariant hold so far? True without it. */
bool vdc_simulation_checks_hold(const vdc_simulation *simulation);
/* How the placement policy's hosts are found ("scan", "index: ..."), for reports. */
const char *vdc_simulation_placement_search(const vdc_simulation *simulation);
const char *vdc_version(void);

#endif
