/* Lifecycle operations: what may be asked of a VM, a volume or a tenant network, with which parameters, in which states.
 *
 * One table of verbs (vdc_verbs) drives the `operations: [{at: 10min, do: resize, vcpus: 4}, …]` of a VM and of the scenario, the native
 * trace, the library (vdc_simulation_operate) and the console; what a verb does is in sim/operations.c. Equal lists need no sharing: every VM
 * that brings operations has an entry of its own, and its request carries the index, 0 = none; the scenario's own list is one more.
 */
#ifndef VDC_MODELS_OPERATION_H
#define VDC_MODELS_OPERATION_H

#include "models/io_profile.h"

/* Rows of vdc_verbs. */
typedef enum vdc_verb {
    VDC_VERB_START, VDC_VERB_STOP, VDC_VERB_PAUSE, VDC_VERB_RESUME, VDC_VERB_SUSPEND, VDC_VERB_RESIZE, VDC_VERB_CONFIGURE, VDC_VERB_SNAPSHOT,
    VDC_VERB_MIGRATE, VDC_VERB_DELETE,
    VDC_VERB_CREATE_VOLUME, VDC_VERB_ATTACH_VOLUME, VDC_VERB_DETACH_VOLUME, VDC_VERB_RESIZE_VOLUME, VDC_VERB_CONFIGURE_VOLUME, VDC_VERB_SNAPSHOT_VOLUME,
    VDC_VERB_DELETE_VOLUME,
    VDC_VERB_CREATE_NETWORK, VDC_VERB_CONFIGURE_NETWORK, VDC_VERB_ATTACH_NETWORK, VDC_VERB_CONFIGURE_VNIC, VDC_VERB_DETACH_NETWORK, VDC_VERB_DELETE_NETWORK,
    VDC_VERBS
} vdc_verb;

#define VDC_UNCHANGED INT64_MIN    /* a cap that is to stay as it is */

/* One operation. What its verb does not take stays at its default; VDC_PARAM_NONE = not asked for. */
typedef struct vdc_operation {
    vdc_verb verb;
    vdc_time at;                  /* ns after the VM's arrival, in the scenario's list after the beginning; -1 = when it is called */
    int64_t vm;                   /* in the scenario's list: whose; VDC_NO_ID = of no VM, or of the one whose list it is */
    int64_t vcpus, memory, disk;  /* resize: milli-vCPU, bytes */
    int64_t weight;               /* configure; VDC_PARAM_NONE = as it is */
    int64_t reservation, limit;   /* configure: Hz; a limit of VDC_UNLIMITED lifts it */
    int32_t priority;             /* configure */
    bool has_limit, has_priority;
    const char *to;               /* migrate: a host's number or name; NULL = where the placement policy says */
    int mode;                     /* migrate: vdc_migration_mode, or -1 = as the scenario says */
    bool move;                    /* resize: it may move to another host when its own has no room */
    /* of volumes and networks */
    const char *volume;           /* its name, or its number among the VM's */
    const char *network, *pool;
    int64_t size, image;          /* bytes of a volume */
    int64_t iops, bandwidth, tx, rx; /* caps; VDC_UNLIMITED = none, VDC_UNCHANGED = as it is, or none for a new one */
    int provision;                /* 1 = thin */
    vdc_disk_io *io;              /* attach-volume: what the VM does on it */
    vdc_traffic *traffic;         /* attach-network: what it sends over it */
    uint32_t io_count, traffic_count;
    vdc_place place;
} vdc_operation;

typedef struct vdc_verb_row {
    const char *name, *summary;
    uint32_t states;              /* legal states of the VM, a bit each */
    bool while_migrating;         /* also while the VM moves, which is then aborted */
    const vdc_param *params;      /* besides at, do, vm; offsets into a vdc_operation_written */
    size_t param_count;
    bool vm_optional;             /* of a volume or a network: the VM only says where to look for it */
} vdc_verb_row;
extern const vdc_verb_row vdc_verbs[VDC_VERBS];

/* All lists of a run. Initialise with {0}. */
typedef struct vdc_operation_lists {
    vdc_operation *items;
    size_t count, capacity;
    struct { size_t first, count; } *lists;  /* [index - 1] */
    size_t list_count, list_capacity;
    vdc_arena arena;              /* of the lists within operations */
    bool networking, storing;     /* some operation is about networks, volumes */
    bool unread;                  /* more operations come while the run goes on */
} vdc_operation_lists;

void vdc_operation_lists_free(vdc_operation_lists *lists);
/* Reads one operation, a mapping. `form`: which keys it has besides those of its verb. `what` names it in messages. Texts belong to the tree, lists to
 * the arena. */
typedef enum vdc_operation_form {
    VDC_OPERATION_OF_VM,          /* at */
    VDC_OPERATION_OF_SCENARIO,    /* at, vm */
    VDC_OPERATION_NOW             /* vm */
} vdc_operation_form;
vdc_code vdc_operation_read(const vdc_node *node, vdc_operation_form form, const char *what, vdc_arena *arena, vdc_operation *operation, vdc_diag *diag);
/* Reads a list into an entry of its own; *index is 0 for an empty one. With NULL lists it is checked only, and *index just says
 * whether there are any. They come in the order of their times, ties as written. */
vdc_code vdc_operation_list_read(vdc_operation_lists *lists, const vdc_node *node, vdc_operation_form form, const char *what, uint32_t *index, vdc_diag *diag);
/* The n-th operation of an entry, NULL beyond its last. */
const vdc_operation *vdc_operation_get(const vdc_operation_lists *lists, uint32_t index, size_t n);
/* The verb of that name, VDC_VERBS when there is none. */
vdc_verb vdc_verb_find(const char *name);

#endif
