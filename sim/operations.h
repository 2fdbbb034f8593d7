/* Lifecycle operations in a run: what a verb of models/operation.h does, when it is refused, and what takes time about it.
 *
 * Operations come from the VMs' own lists, from the scenario's, from the library (vdc_simulation_operate) and from policies. One that is refused
 * leaves the state as it was, is logged with the reason and counts. VMs may be operated on only where the run has the part `lifecycle`
 * (sim/parts/lifecycle.c): the scenario has operations, `lifecycle:`, `migration:` or a rebalance policy, or the run's options ask for it.
 */
#ifndef VDC_SIM_OPERATIONS_H
#define VDC_SIM_OPERATIONS_H

#include "models/lifecycle.h"
#include "models/operation.h"
#include "sim/migrations.h"
#include "sim/parts/part.h"
#include "workloads/distribution.h"

typedef struct vdc_operations {
    vdc_arena arena;
    vdc_distribution boot, image;     /* type NULL: none */
    int64_t done[VDC_VERBS], refused; /* operations carried out or begun; refused ones */
    char refusal[256];                /* why the last one was */
    vdc_moves moves;                  /* migrations */
    size_t next;                      /* of the scenario's own list */
    vdc_source **created;             /* what created VMs' loads lie in; open until the end */
    size_t created_count, created_capacity;
} vdc_operations;

/* NULL where VMs cannot be operated on. */
static inline vdc_operations *vdc_operations_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_lifecycle]; }
/* The live VM of that id, VDC_NOWHERE when there is none. O(VMs). */
uint32_t vdc_vm_find(const vdc_simulation *simulation, int64_t id);
/* The host that a text names by number or name, VDC_NOWHERE when there is none. */
uint32_t vdc_host_find(const vdc_simulation *simulation, const char *text);

/* Carries out an operation on a live VM now; VDC_NOWHERE: on none, where the verb does not need one. *refusal = NULL when that is done or
 * begun; else why not, valid until the next operation. */
vdc_code vdc_operate(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
/* The same on the VM that the operation names. */
vdc_code vdc_operate_named(vdc_simulation *simulation, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
/* What a live VM asks for itself: its request without what rules reserve for it. */
vdc_request vdc_asked(const vdc_simulation *simulation, uint32_t slot);
/* The request of a live VM becomes another one, of what vdc_asked is, at once where that is possible; `may_move`: else by moving. For the effects of
 * operations. */
vdc_code vdc_become(vdc_simulation *simulation, uint32_t slot, const vdc_request *request, bool may_move, const char **refusal, vdc_diag *diag);
/* Notes a refusal in words and returns them, for *refusal. */
const char *vdc_refuse(vdc_simulation *simulation, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For the run loop; only with the part. */
/* The run begins: the scenario's own operations are due in their time. */
vdc_code vdc_operations_start(vdc_simulation *simulation, vdc_diag *diag);
/* A VM has arrived: its own operations are due in their time. */
vdc_code vdc_operations_arrive(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
/* It waits for a host. */
void vdc_operations_waits(vdc_simulation *simulation, uint32_t slot);
/* It is gone for good. */
void vdc_operations_leave(vdc_simulation *simulation, uint32_t slot);
/* The host that a waiting VM prefers because its disk is there, when it may come there now. */
bool vdc_operations_home(vdc_simulation *simulation, uint32_t slot, vdc_decision *decision);
/* It is about to be placed there: what was stored of it is no longer held apart. */
void vdc_operations_placing(vdc_simulation *simulation, uint32_t slot, uint32_t host);
/* It has been placed: it gets its image, boots or begins at once. */
vdc_code vdc_operations_begin(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
/* The parts that prepared it are done (vdc_run_boot). */
vdc_code vdc_operations_built(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
/* A host is about to fail: what it stores of VMs is gone from it. */
void vdc_operations_host_fails(vdc_simulation *simulation, uint32_t host);
/* The VM has come to its standby's host because its own failed, and stands still: it runs there when that has taken its time. */
vdc_code vdc_operations_fail_over(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
/* An event of the part. */
vdc_code vdc_operations_event(vdc_simulation *simulation, uint32_t subject, vdc_diag *diag);
/* A VM leaves its host: nothing that it was doing there goes on. */
void vdc_operations_stopping(vdc_simulation *simulation, uint32_t slot);

#endif
