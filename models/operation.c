/* See operation.h. */
#include "models/operation.h"

#include "models/datacenter.h"
#include "sim/base/memory.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* An operation as it is written. */
typedef struct written {
    vdc_operation operation;
    int64_t at;
    const char *verb;
    const vdc_node *priority, *limit;
    int mode;
} written;

#define AT(member) .offset = offsetof(written, member)
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define INTEGER .type = VDC_PARAM_INTEGER
#define STATE(name) (1u << VDC_VM_##name)

static const vdc_param resize_params[] = {
    {"vcpus", INTEGER, .dimension = VDC_DIM_MILLI, .fallback = "unchanged", .none = "unchanged", .minimum = 1, .maximum = 1e12,
     AT(operation.vcpus), .help = "virtual CPUs"},
    {"memory", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "unchanged", .none = "unchanged", AT(operation.memory), .help = "memory"},
    {"disk", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "unchanged", .none = "unchanged", AT(operation.disk), .help = "disk space"},
    {"move", .type = VDC_PARAM_BOOL, .fallback = "true", AT(operation.move),
     .help = "it may move to another host when its own has no room"},
};
static const vdc_param configure_params[] = {
    {"weight", INTEGER, .fallback = "unchanged", .none = "unchanged", .minimum = 1, .maximum = 1e12, AT(operation.weight),
     .help = "share of the CPU under contention"},
    {"reservation", INTEGER, .dimension = VDC_DIM_FREQUENCY, .fallback = "unchanged", .none = "unchanged", AT(operation.reservation),
     .help = "guaranteed rate"},
    {"limit", .type = VDC_PARAM_NODE, AT(limit), .help = "largest rate, or none"},
    {"priority", .type = VDC_PARAM_NODE, AT(priority), .help = "an integer, larger first"},
};
static const char *const modes[] = {"default", "pre-copy", "post-copy", "hybrid", "cold", NULL}; /* default, then vdc_migration_mode */
static const vdc_param migrate_params[] = {
    {"to", .type = VDC_PARAM_TEXT, AT(operation.to), .help = "the host's number or name; without it the placement policy chooses"},
    {"mode", .type = VDC_PARAM_CHOICE, .choices = modes, .fallback = "default", AT(mode), .help = "how; default: as `migration` says"},
};

#define LIVE (STATE(QUEUED) | STATE(RUNNING) | STATE(BUILDING) | STATE(BOOTING) | STATE(PAUSED) | STATE(SAVING) | STATE(BLACKOUT) \
              | STATE(SUSPENDED) | STATE(STOPPED))

const vdc_verb_row vdc_verbs[VDC_VERBS] = {
    [VDC_VERB_START] = {"start", "a stopped VM waits for a host again, and boots", STATE(STOPPED), false, NULL, 0},
    [VDC_VERB_STOP] = {"stop", "shuts down: only its disk is kept", STATE(RUNNING) | STATE(BUILDING) | STATE(BOOTING) | STATE(PAUSED), false, NULL, 0},
    [VDC_VERB_PAUSE] = {"pause", "stands still in memory, and holds all that it has", STATE(RUNNING), false, NULL, 0},
    [VDC_VERB_RESUME] = {"resume", "a paused VM goes on; a suspended one waits for a host and goes on there", STATE(PAUSED) | STATE(SUSPENDED),
                         false, NULL, 0},
    [VDC_VERB_SUSPEND] = {"suspend", "its memory goes to disk; its host is free", STATE(RUNNING) | STATE(PAUSED), false, NULL, 0},
    [VDC_VERB_RESIZE] = {"resize", "changes its size: at once where its host has room, else by moving",
                         STATE(QUEUED) | STATE(RUNNING) | STATE(PAUSED) | STATE(STOPPED), false, resize_params, COUNT_OF(resize_params)},
    [VDC_VERB_CONFIGURE] = {"configure", "changes its CPU weight, reservation, limit or priority",
                            STATE(QUEUED) | STATE(RUNNING) | STATE(PAUSED) | STATE(SUSPENDED) | STATE(STOPPED), false, configure_params,
                            COUNT_OF(configure_params)},
    [VDC_VERB_SNAPSHOT] = {"snapshot", "after a failure it begins again from here", STATE(RUNNING) | STATE(PAUSED), false, NULL, 0},
    [VDC_VERB_MIGRATE] = {"migrate", "moves to another host", STATE(RUNNING) | STATE(PAUSED), false, migrate_params, COUNT_OF(migrate_params)},
    [VDC_VERB_DELETE] = {"delete", "is gone", LIVE, true, NULL, 0},
};

static const vdc_param common[] = {
    {"at", INTEGER, .dimension = VDC_DIM_TIME, .required = true, AT(at), .help = "time after the VM's arrival"},
    {"do", .type = VDC_PARAM_TEXT, .required = true, AT(verb), .help = "the operation"},
};

vdc_verb vdc_verb_find(const char *name) {
    int verb = 0;
    while (verb < VDC_VERBS && strcmp(vdc_verbs[verb].name, name) != 0) verb++;
    return (vdc_verb)verb;
}

void vdc_operation_lists_free(vdc_operation_lists *lists) {
    vdc_free(lists->items);
    vdc_free(lists->lists);
    *lists = (vdc_operation_lists){0};
}

static vdc_code find_verb(const vdc_node *node, const char *what, vdc_verb *verb, vdc_diag *diag) {
    const char *names[VDC_VERBS + 1] = {NULL}, *name = NULL;
    char found[96];
    for (int i = 0; i < VDC_VERBS; i++) names[i] = vdc_verbs[i].name;
    const vdc_node *given = vdc_node_get(node, "do");
    if (!given) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: do: is missing; allowed: an operation such as stop or resize", what);
    vdc_code code = vdc_node_text(given, &name, diag);
    if (code) return code;
    *verb = vdc_verb_find(name);
    if (*verb != VDC_VERBS) return VDC_OK;
    const char *near = vdc_nearest(name, names);
    return vdc_fail(diag, VDC_ERROR_INPUT, &given->place,
                    "%s: do: found %s%s%s%s; allowed: start, stop, pause, resume, suspend, resize, configure, snapshot, migrate or delete", what,
                    vdc_node_describe(given, found, sizeof found), near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

vdc_code vdc_operation_read(const vdc_node *node, bool timed, const char *const *also, const char *what, vdc_operation *operation, vdc_diag *diag) {
    vdc_param table[16];
    char section[128], found[96];
    vdc_verb verb;
    if (node->kind != VDC_NODE_MAPPING)
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: found %s; allowed: {%sdo: OPERATION, …}", what,
                        vdc_node_describe(node, found, sizeof found), timed ? "at: TIME, " : "");
    vdc_code code = find_verb(node, what, &verb, diag);
    if (code) return code;
    const vdc_verb_row *row = &vdc_verbs[verb];
    size_t count = 0;
    for (size_t i = timed ? 0 : 1; i < COUNT_OF(common); i++) table[count++] = common[i];
    for (size_t i = 0; i < row->param_count; i++) table[count++] = row->params[i];
    written out = {.at = -1,
                   .operation = {.vcpus = VDC_PARAM_NONE, .memory = VDC_PARAM_NONE, .disk = VDC_PARAM_NONE, .weight = VDC_PARAM_NONE,
                                 .reservation = VDC_PARAM_NONE, .limit = VDC_UNLIMITED}};
    (void)snprintf(section, sizeof section, "%s: %s", what, row->name);
    code = vdc_params_read(node, table, count, &out, also, section, diag);
    if (code) return code;
    *operation = out.operation;
    operation->verb = verb;
    operation->at = out.at;
    operation->place = node->place;
    operation->mode = out.mode - 1;
    if (out.priority) {
        operation->has_priority = true;
        code = vdc_node_integer(out.priority, VDC_DIM_COUNT, INT32_MIN, INT32_MAX, &operation->priority, diag);
    }
    if (out.limit) {
        operation->has_limit = true;
        bool none = out.limit->kind == VDC_NODE_SCALAR && strcmp(out.limit->text, "none") == 0;
        vdc_code wrong = none ? VDC_OK : vdc_node_integer(out.limit, VDC_DIM_FREQUENCY, 0, INT64_MAX, &operation->limit, diag);
        if (!code) code = wrong;
    }
    bool nothing = (verb == VDC_VERB_RESIZE && operation->vcpus == VDC_PARAM_NONE && operation->memory == VDC_PARAM_NONE
                    && operation->disk == VDC_PARAM_NONE)
                   || (verb == VDC_VERB_CONFIGURE && operation->weight == VDC_PARAM_NONE && operation->reservation == VDC_PARAM_NONE
                       && !operation->has_limit && !operation->has_priority);
    if (!code && nothing)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: says nothing to change; allowed: %s", section,
                        verb == VDC_VERB_RESIZE ? "vcpus, memory, disk" : "weight, reservation, limit, priority");
    return code;
}

vdc_code vdc_operation_list_read(vdc_operation_lists *lists, const vdc_node *node, const char *what, uint32_t *index, vdc_diag *diag) {
    char section[96], found[96];
    vdc_code first = VDC_OK;
    *index = 0;
    (void)snprintf(section, sizeof section, "%s: operations", what);
    if (node->kind == VDC_NODE_NULL) return VDC_OK;
    if (node->kind != VDC_NODE_SEQUENCE)
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: found %s; allowed: a list of {at: TIME, do: OPERATION, …}", section,
                        vdc_node_describe(node, found, sizeof found));
    size_t begin = lists ? lists->count : 0;
    for (size_t i = 0; i < node->count; i++) {
        vdc_operation operation;
        vdc_code code = vdc_operation_read(node->children[i], true, NULL, section, &operation, diag);
        if (!first) first = code;
        if (code || !lists) continue;
        if (!VDC_RESERVE(lists->items, lists->capacity, lists->count + 1)) return vdc_no_memory(diag, "the operations of VMs");
        size_t at = lists->count++;
        for (; at > begin && lists->items[at - 1].at > operation.at; at--) lists->items[at] = lists->items[at - 1];
        lists->items[at] = operation;
    }
    if (!lists) *index = node->count > 0; /* has some, which nobody keeps */
    if (first || !lists || lists->count == begin) return first;
    if (lists->list_count >= UINT32_MAX - 1 || !VDC_RESERVE(lists->lists, lists->list_capacity, lists->list_count + 1))
        return vdc_no_memory(diag, "the operations of VMs");
    lists->lists[lists->list_count].first = begin;
    lists->lists[lists->list_count].count = lists->count - begin;
    *index = (uint32_t)++lists->list_count;
    return VDC_OK;
}

const vdc_operation *vdc_operation_get(const vdc_operation_lists *lists, uint32_t index, size_t n) {
    if (index == 0 || index > lists->list_count || n >= lists->lists[index - 1].count) return NULL;
    return &lists->items[lists->lists[index - 1].first + n];
}
