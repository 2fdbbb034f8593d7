/* Lifecycle operations: what may be asked of a VM, with which parameters, in which states.
 *
 * One table of verbs (vdc_verbs) drives the scenario's `operations: [{at: 10min, do: resize, vcpus: 4}, …]`, the native trace, the library
 * (vdc_simulation_operate) and the console; what a verb does is in sim/operations.c. Equal lists need no sharing: every VM that
 * brings operations has an entry of its own, and its request carries the index, 0 = none.
 */
#ifndef VDC_MODELS_OPERATION_H
#define VDC_MODELS_OPERATION_H

#include "models/request.h"
#include "sim/base/param.h"

/* Rows of vdc_verbs. */
typedef enum vdc_verb {
    VDC_VERB_START, VDC_VERB_STOP, VDC_VERB_PAUSE, VDC_VERB_RESUME, VDC_VERB_SUSPEND, VDC_VERB_RESIZE, VDC_VERB_CONFIGURE, VDC_VERB_SNAPSHOT,
    VDC_VERB_MIGRATE, VDC_VERB_DELETE, VDC_VERBS
} vdc_verb;

/* One operation. What its verb does not take stays at its default; VDC_PARAM_NONE = not asked for. */
typedef struct vdc_operation {
    vdc_verb verb;
    vdc_time at;                  /* ns after the VM's arrival; -1 = when it is called */
    int64_t vcpus, memory, disk;  /* resize: milli-vCPU, bytes */
    int64_t weight;               /* configure; VDC_PARAM_NONE = as it is */
    int64_t reservation, limit;   /* configure: Hz; a limit of VDC_UNLIMITED lifts it */
    int64_t priority;             /* configure */
    bool has_limit, has_priority;
    const char *to;               /* migrate: a host's number or name; NULL = where the placement policy says */
    int mode;                     /* migrate: vdc_migration_mode, or -1 = as the scenario says */
    bool move;                    /* resize: it may move to another host when its own has no room */
    vdc_place place;
} vdc_operation;

typedef struct vdc_verb_row {
    const char *name, *summary;
    uint32_t states;              /* legal states, a bit each */
    bool while_migrating;         /* also while the VM moves, which is then aborted */
    const vdc_param *params;      /* besides at, do; offsets into a vdc_operation_written */
    size_t param_count;
} vdc_verb_row;
extern const vdc_verb_row vdc_verbs[VDC_VERBS];

/* All lists of a run. Initialise with {0}. */
typedef struct vdc_operation_lists {
    vdc_operation *items;
    size_t count, capacity;
    struct { size_t first, count; } *lists;  /* [index - 1] */
    size_t list_count, list_capacity;
} vdc_operation_lists;

void vdc_operation_lists_free(vdc_operation_lists *lists);
/* Reads one operation, a mapping. With `timed` it has an `at`. `what` names it in messages. Texts belong to the tree. */
vdc_code vdc_operation_read(const vdc_node *node, bool timed, const char *const *also, const char *what, vdc_operation *operation, vdc_diag *diag);
/* Reads a list into an entry of its own; *index is 0 for an empty one. With NULL lists it is checked only, and *index just says
 * whether there are any. They come in the order of their
 * times, ties as written. */
vdc_code vdc_operation_list_read(vdc_operation_lists *lists, const vdc_node *node, const char *what, uint32_t *index, vdc_diag *diag);
/* The n-th operation of an entry, NULL beyond its last. */
const vdc_operation *vdc_operation_get(const vdc_operation_lists *lists, uint32_t index, size_t n);
/* The verb of that name, VDC_VERBS when there is none. */
vdc_verb vdc_verb_find(const char *name);

#endif
