/* See operation.h. */
#include "models/operation.h"

#include "models/datacenter.h"
#include "models/priority.h"
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
    const vdc_node *iops, *bandwidth, *tx, *rx, *io, *traffic;
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
    {"priority", .type = VDC_PARAM_NODE, AT(priority), .help = "low, normal, high or an integer, larger first"},
};
static const char *const modes[] = {"default", "pre-copy", "post-copy", "hybrid", "cold", NULL}; /* default, then vdc_migration_mode */
static const vdc_param migrate_params[] = {
    {"to", .type = VDC_PARAM_TEXT, AT(operation.to), .help = "the host's number or name; without it the placement policy chooses"},
    {"mode", .type = VDC_PARAM_CHOICE, .choices = modes, .fallback = "default", AT(mode), .help = "how; default: as `migration` says"},
};

#define NODE .type = VDC_PARAM_NODE
#define NAMED_VOLUME {"volume", .type = VDC_PARAM_TEXT, .required = true, AT(operation.volume), .help = "its name, or its number among the VM's, from 0"}
#define NAMED_NETWORK {"network", .type = VDC_PARAM_TEXT, .required = true, AT(operation.network), .help = "its name"}
#define VOLUME_CAPS \
    {"iops", NODE, AT(iops), .help = "cap of operations a second, or none"}, {"bandwidth", NODE, AT(bandwidth), .help = "cap of bytes a second, or none"}
#define VNIC_CAPS {"tx", NODE, AT(tx), .help = "cap of what it sends, or none"}, {"rx", NODE, AT(rx), .help = "cap of what it receives, or none"}
#define WEIGHT_OF(fallback_text, help_text) \
    {"weight", INTEGER, .fallback = fallback_text, .none = "unchanged", .minimum = 1, .maximum = VDC_IO_WEIGHT_MAX, AT(operation.weight), .help = help_text}

static const char *const provisions[] = {"thick", "thin", NULL};
static const vdc_param create_volume_params[] = {
    NAMED_VOLUME,
    {"size", INTEGER, .dimension = VDC_DIM_BYTES, .required = true, .minimum = 1, .maximum = 0x1p62, AT(operation.size), .help = "its size"},
    {"pool", .type = VDC_PARAM_TEXT, .required = true, AT(operation.pool), .help = "one of `datacenter.storage`"},
    {"provision", .type = VDC_PARAM_CHOICE, .choices = provisions, .fallback = "thick", AT(operation.provision), .help = "thick, or thin: a promise"},
    {"image", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "0 B", AT(operation.image), .help = "copied to it when it is attached for the first time"},
    VOLUME_CAPS, WEIGHT_OF("1", "share of a pool that is short"),
};
static const vdc_param attach_volume_params[] = {
    NAMED_VOLUME,
    {"size", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "none", .none = "none", .minimum = 1, .maximum = 0x1p62, AT(operation.size),
     .help = "of a new one; without it one of that name is there"},
    {"pool", .type = VDC_PARAM_TEXT, .fallback = "local", AT(operation.pool),
     .help = "of a new one: local, the disks of the VM's host, or one of `datacenter.storage`"},
    {"provision", .type = VDC_PARAM_CHOICE, .choices = provisions, .fallback = "thick", AT(operation.provision), .help = "of a new one"},
    {"image", INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "0 B", AT(operation.image), .help = "of a new one: copied to it before it is used"},
    VOLUME_CAPS, WEIGHT_OF("unchanged", "share of a pool that is short; 1 of a new one"),
    {"io", NODE, AT(io), .help = "a list as `io` of a VM: what it reads and writes there from now on"},
};
static const vdc_param volume_params[] = {NAMED_VOLUME};
static const vdc_param resize_volume_params[] = {
    NAMED_VOLUME,
    {"size", INTEGER, .dimension = VDC_DIM_BYTES, .required = true, .minimum = 1, .maximum = 0x1p62, AT(operation.size), .help = "its size from now on"},
};
static const vdc_param configure_volume_params[] = {NAMED_VOLUME, VOLUME_CAPS, WEIGHT_OF("unchanged", "share of a pool that is short")};
static const vdc_param create_network_params[] = {NAMED_NETWORK, WEIGHT_OF("1", "share of full links")};
static const vdc_param configure_network_params[] = {NAMED_NETWORK, WEIGHT_OF("unchanged", "share of full links")};
static const vdc_param network_params[] = {NAMED_NETWORK};
static const vdc_param attach_network_params[] = {
    NAMED_NETWORK, VNIC_CAPS, WEIGHT_OF("1", "share of full links; the network's weight multiplies it"),
    {"traffic", NODE, AT(traffic), .help = "a list as `traffic` of a VM: what it sends there from now on"},
};
static const vdc_param configure_vnic_params[] = {NAMED_NETWORK, VNIC_CAPS, WEIGHT_OF("unchanged", "share of full links")};

#define LIVE (STATE(QUEUED) | STATE(RUNNING) | STATE(BUILDING) | STATE(BOOTING) | STATE(PAUSED) | STATE(SAVING) | STATE(BLACKOUT) | STATE(FAILOVER) \
              | STATE(SUSPENDED) | STATE(STOPPED))

const vdc_verb_row vdc_verbs[VDC_VERBS] = {
    [VDC_VERB_START] = {"start", "a stopped VM waits for a host again, and boots", STATE(STOPPED), false, NULL, 0, false},
    [VDC_VERB_STOP] = {"stop", "shuts down: only its disk is kept", STATE(RUNNING) | STATE(BUILDING) | STATE(BOOTING) | STATE(PAUSED), false, NULL, 0,
                       false},
    [VDC_VERB_PAUSE] = {"pause", "stands still in memory, and holds all that it has", STATE(RUNNING), false, NULL, 0, false},
    [VDC_VERB_RESUME] = {"resume", "a paused VM goes on; a suspended one waits for a host and goes on there", STATE(PAUSED) | STATE(SUSPENDED),
                         false, NULL, 0, false},
    [VDC_VERB_SUSPEND] = {"suspend", "its memory goes to disk; its host is free", STATE(RUNNING) | STATE(PAUSED), false, NULL, 0, false},
    [VDC_VERB_RESIZE] = {"resize", "changes its size: at once where its host has room, else by moving",
                         STATE(QUEUED) | STATE(RUNNING) | STATE(PAUSED) | STATE(STOPPED), false, resize_params, COUNT_OF(resize_params), false},
    [VDC_VERB_CONFIGURE] = {"configure", "changes its CPU weight, reservation, limit or priority",
                            STATE(QUEUED) | STATE(RUNNING) | STATE(PAUSED) | STATE(SUSPENDED) | STATE(STOPPED), false, configure_params,
                            COUNT_OF(configure_params), false},
    [VDC_VERB_SNAPSHOT] = {"snapshot", "after a failure it begins again from here", STATE(RUNNING) | STATE(PAUSED), false, NULL, 0, false},
    [VDC_VERB_MIGRATE] = {"migrate", "moves to another host", STATE(RUNNING) | STATE(PAUSED), false, migrate_params, COUNT_OF(migrate_params), false},
    [VDC_VERB_DELETE] = {"delete", "is gone", LIVE, true, NULL, 0, false},
#define KEPT (STATE(RUNNING) | STATE(PAUSED) | STATE(SUSPENDED) | STATE(STOPPED))
#define ROW(name, summary, states, params, vm_optional) {name, summary, states, false, params, COUNT_OF(params), vm_optional}
    [VDC_VERB_CREATE_VOLUME] = ROW("create-volume", "a volume in a pool, attached to nobody", LIVE, create_volume_params, true),
    [VDC_VERB_ATTACH_VOLUME] = ROW("attach-volume", "the VM has a volume from now on: one that is there, or with a size a new one", KEPT,
                                   attach_volume_params, false),
    [VDC_VERB_DETACH_VOLUME] = ROW("detach-volume", "a volume of a pool is the VM's no longer, and kept", KEPT, volume_params, false),
    [VDC_VERB_RESIZE_VOLUME] = ROW("resize-volume", "a volume grows", KEPT, resize_volume_params, true),
    [VDC_VERB_CONFIGURE_VOLUME] = ROW("configure-volume", "changes a volume's caps or weight", KEPT, configure_volume_params, true),
    [VDC_VERB_SNAPSHOT_VOLUME] = ROW("snapshot-volume", "keeps what is on a volume, as long as the volume lives", KEPT, volume_params, true),
    [VDC_VERB_DELETE_VOLUME] = ROW("delete-volume", "a volume and its snapshots are gone", KEPT, volume_params, true),
    [VDC_VERB_CREATE_NETWORK] = ROW("create-network", "a tenant network", LIVE, create_network_params, true),
    [VDC_VERB_CONFIGURE_NETWORK] = ROW("configure-network", "changes a tenant network's weight", LIVE, configure_network_params, true),
    [VDC_VERB_ATTACH_NETWORK] = ROW("attach-network", "the VM has a vNIC on a tenant network from now on", KEPT | STATE(QUEUED), attach_network_params, false),
    [VDC_VERB_CONFIGURE_VNIC] = ROW("configure-vnic", "changes the caps or the weight of its vNIC on a network", KEPT | STATE(QUEUED),
                                    configure_vnic_params, false),
    [VDC_VERB_DETACH_NETWORK] = ROW("detach-network", "its vNIC on a network is gone", KEPT | STATE(QUEUED), network_params, false),
    [VDC_VERB_DELETE_NETWORK] = ROW("delete-network", "a tenant network without vNICs is gone", LIVE, network_params, true),
#undef ROW
};

static const vdc_param common[] = {
    {"at", INTEGER, .dimension = VDC_DIM_TIME, .required = true, AT(at),
     .help = "time after the VM's arrival; in the scenario's list after the beginning"},
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
    vdc_arena_free(&lists->arena);
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
                    "%s: do: found %s%s%s%s; allowed: start, stop, pause, resume, suspend, resize, configure, snapshot, migrate, delete, and those of volumes "
                    "and networks, such as attach-volume", what,
                    vdc_node_describe(given, found, sizeof found), near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

/* A cap: a number of that dimension or none. */
static vdc_code read_cap(const vdc_node *node, vdc_dimension dimension, int64_t *cap, vdc_diag *diag) {
    bool none = node && node->kind == VDC_NODE_SCALAR && strcmp(node->text, "none") == 0;
    *cap = none ? VDC_UNLIMITED : VDC_UNCHANGED;
    return node && !none ? vdc_node_integer(node, dimension, 0, INT64_C(1000000000000000), cap, diag) : VDC_OK;
}

/* What the parameters' table cannot say. */
static vdc_code finish(const written *out, const char *what, vdc_arena *arena, vdc_operation *operation, vdc_diag *diag) {
    vdc_code codes[8] = {VDC_OK};
    if (out->priority) {
        operation->has_priority = true;
        codes[0] = vdc_priority_read(out->priority, what, &operation->priority, diag);
    }
    if (out->limit) {
        operation->has_limit = true;
        bool none = out->limit->kind == VDC_NODE_SCALAR && strcmp(out->limit->text, "none") == 0;
        codes[1] = none ? VDC_OK : vdc_node_integer(out->limit, VDC_DIM_FREQUENCY, 0, INT64_MAX, &operation->limit, diag);
    }
    codes[2] = read_cap(out->iops, VDC_DIM_COUNT, &operation->iops, diag);
    codes[3] = read_cap(out->bandwidth, VDC_DIM_BYTE_RATE, &operation->bandwidth, diag);
    codes[4] = read_cap(out->tx, VDC_DIM_BYTE_RATE, &operation->tx, diag);
    codes[5] = read_cap(out->rx, VDC_DIM_BYTE_RATE, &operation->rx, diag);
    codes[6] = out->io ? vdc_io_disk_read(arena, out->io, what, &operation->io, &operation->io_count, diag) : VDC_OK;
    codes[7] = out->traffic ? vdc_io_traffic_read(arena, out->traffic, what, &operation->traffic, &operation->traffic_count, diag) : VDC_OK;
    vdc_code first = VDC_OK;
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (!first) first = codes[i];
    return first;
}

/* What a verb that changes something was given nothing of, or NULL. */
static const char *nothing_of(const vdc_operation *operation) {
    bool same = operation->weight == VDC_PARAM_NONE;
    switch (operation->verb) {
    case VDC_VERB_RESIZE:
        return operation->vcpus == VDC_PARAM_NONE && operation->memory == VDC_PARAM_NONE && operation->disk == VDC_PARAM_NONE ? "vcpus, memory, disk" : NULL;
    case VDC_VERB_CONFIGURE:
        return same && operation->reservation == VDC_PARAM_NONE && !operation->has_limit && !operation->has_priority
                   ? "weight, reservation, limit, priority" : NULL;
    case VDC_VERB_CONFIGURE_VOLUME:
        return same && operation->iops == VDC_UNCHANGED && operation->bandwidth == VDC_UNCHANGED ? "iops, bandwidth, weight" : NULL;
    case VDC_VERB_CONFIGURE_VNIC: return same && operation->tx == VDC_UNCHANGED && operation->rx == VDC_UNCHANGED ? "tx, rx, weight" : NULL;
    case VDC_VERB_CONFIGURE_NETWORK: return same ? "weight" : NULL;
    default: return NULL;
    }
}

vdc_code vdc_operation_read(const vdc_node *node, vdc_operation_form form, const char *what, vdc_arena *arena, vdc_operation *operation, vdc_diag *diag) {
    static const char *const vm_key[] = {"vm", NULL};
    vdc_param table[16];
    char section[128], found[96];
    vdc_verb verb;
    bool timed = form != VDC_OPERATION_NOW, names_vm = form != VDC_OPERATION_OF_VM;
    if (node->kind != VDC_NODE_MAPPING)
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: found %s; allowed: {%sdo: OPERATION, …}", what,
                        vdc_node_describe(node, found, sizeof found), timed ? "at: TIME, " : "");
    vdc_code code = find_verb(node, what, &verb, diag);
    if (code) return code;
    const vdc_verb_row *row = &vdc_verbs[verb];
    const vdc_node *vm = names_vm ? vdc_node_get(node, "vm") : NULL;
    size_t count = 0;
    for (size_t i = timed ? 0 : 1; i < COUNT_OF(common); i++) table[count++] = common[i];
    for (size_t i = 0; i < row->param_count; i++) table[count++] = row->params[i];
    written out = {.at = -1,
                   .operation = {.vcpus = VDC_PARAM_NONE, .memory = VDC_PARAM_NONE, .disk = VDC_PARAM_NONE, .weight = VDC_PARAM_NONE,
                                 .reservation = VDC_PARAM_NONE, .limit = VDC_UNLIMITED, .size = VDC_PARAM_NONE}};
    (void)snprintf(section, sizeof section, "%s: %s", what, row->name);
    code = vdc_params_read(node, table, count, &out, names_vm ? vm_key : NULL, section, diag);
    if (code) return code;
    *operation = out.operation;
    operation->verb = verb;
    operation->at = out.at;
    operation->place = node->place;
    operation->mode = out.mode - 1;
    operation->vm = VDC_NO_ID;
    code = finish(&out, section, arena, operation, diag);
    if (vm && !code) code = vdc_node_integer(vm, VDC_DIM_COUNT, 0, INT64_MAX, &operation->vm, diag);
    if (names_vm && !vm && !row->vm_optional)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: vm: is missing; allowed: the id of a VM", section);
    if (operation->image > 0 && operation->size != VDC_PARAM_NONE && operation->image > operation->size)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &vdc_node_get(node, "image")->place, "%s: image: found %.40s; allowed: at most the volume's size", section,
                        vdc_node_get(node, "image")->text);
    const char *nothing = code ? NULL : nothing_of(operation);
    return nothing ? vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: says nothing to change; allowed: %s", section, nothing) : code;
}

/* By time, those at one instant as written: runs of doubled length are merged. False when memory is out. */
static bool sort_operations(vdc_operation *items, size_t count) {
    bool sorted = true;
    for (size_t i = 1; i < count; i++) sorted = sorted && items[i - 1].at <= items[i].at;
    if (sorted) return true;
    vdc_operation *room = vdc_malloc(count * sizeof *room);
    if (!room) return false;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * run) {
            size_t middle = count - begin < run ? count : begin + run, end = count - middle < run ? count : middle + run;
            size_t a = begin, b = middle;
            for (size_t to = begin; to < end; to++) room[to] = b == end || (a < middle && items[a].at <= items[b].at) ? items[a++] : items[b++];
        }
        memcpy(items, room, count * sizeof *items);
    }
    vdc_free(room);
    return true;
}

vdc_code vdc_operation_list_read(vdc_operation_lists *lists, const vdc_node *node, vdc_operation_form form, const char *what, uint32_t *index,
                                 vdc_diag *diag) {
    char section[96], found[96];
    vdc_arena scratch = {0}; /* where nothing is kept: checked only */
    vdc_code first = VDC_OK;
    *index = 0;
    (void)snprintf(section, sizeof section, "%s%soperations", what, *what ? ": " : "");
    if (node->kind == VDC_NODE_NULL) return VDC_OK;
    if (node->kind != VDC_NODE_SEQUENCE)
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: found %s; allowed: a list of {at: TIME, do: OPERATION, …}", section,
                        vdc_node_describe(node, found, sizeof found));
    size_t begin = lists ? lists->count : 0;
    for (size_t i = 0; i < node->count; i++) {
        vdc_operation operation;
        vdc_code code = vdc_operation_read(node->children[i], form, section, lists ? &lists->arena : &scratch, &operation, diag);
        if (!first) first = code;
        if (code || !lists) continue;
        lists->networking = lists->networking || operation.verb >= VDC_VERB_CREATE_NETWORK;
        lists->storing = lists->storing || (operation.verb >= VDC_VERB_CREATE_VOLUME && operation.verb < VDC_VERB_CREATE_NETWORK);
        if (!VDC_RESERVE(lists->items, lists->capacity, lists->count + 1)) return vdc_no_memory(diag, "the operations of VMs");
        lists->items[lists->count++] = operation;
    }
    vdc_arena_free(&scratch);
    if (lists && lists->count > begin && !sort_operations(lists->items + begin, lists->count - begin)) return vdc_no_memory(diag, "the operations of VMs");
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
