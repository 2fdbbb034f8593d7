/* VMs written out in the scenario: `vms: [{id, tenant, arrival, vcpus, memory, load: {…}, …}, …]`.
 *
 * All errors of the list are reported. The list may stand in any order; it is delivered by arrival, ties as written.
 */
#include "sim/base/memory.h"
#include "workloads/rows.h"
#include "workloads/segments.h"
#include "workloads/shape.h"
#include "workloads/values.h"
#include "workloads/workload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A VM with an id of its own. */
typedef struct named_vm {
    int64_t id, arrival, end; /* the earliest that it can come to its end by itself; INT64_MAX = never, or nobody knows */
    size_t place;             /* in the list */
    const vdc_node *node;     /* of the id */
} named_vm;

/* The list as it is read. */
typedef struct inline_list {
    vdc_rows rows;
    vdc_segments *segments; /* what their loads lie in: it stays where it is */
    named_vm *named;
    size_t named_count, named_capacity;
} inline_list;

/* What a VM of the list has besides its shape. */
typedef struct inline_vm {
    int64_t id, arrival, lifetime, predicted_lifetime;
    const char *name, *tenant, *group;
    const vdc_node *load;
} inline_vm;

#define FIELD(member) offsetof(inline_vm, member)
#define INTEGER(key, dimension, fallback, member, none, help) \
    {key, VDC_PARAM_INTEGER, dimension, fallback, 0, 0, NULL, help, FIELD(member), false, none}
#define TEXT(key, member, help) {key, VDC_PARAM_TEXT, VDC_DIM_COUNT, NULL, 0, 0, NULL, help, FIELD(member), false, NULL}
static const vdc_param vm_params[] = {
    INTEGER("id", VDC_DIM_COUNT, "none", id, "none", "a number; none = the arrival number, or where a live VM has that the one after the largest so far"),
    TEXT("name", name, "a name of its own"),
    TEXT("tenant", tenant, "who owns it"),
    TEXT("group", group, "the group it belongs to"),
    INTEGER("arrival", VDC_DIM_TIME, "0s", arrival, NULL, "when it is asked for"),
    INTEGER("lifetime", VDC_DIM_TIME, "none", lifetime, "none", "from start to end; none = ends with its load"),
    INTEGER("predicted_lifetime", VDC_DIM_TIME, "none", predicted_lifetime, "none", "what lifetime-aware policies are told"),
    {"load", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "{progress, segments}; without it, it asks for all of its vCPUs",
     FIELD(load), false, NULL},
};

enum { VM_PARAMS = sizeof vm_params / sizeof vm_params[0] };

const vdc_param *vdc_workload_inline_params(size_t *count) {
    *count = VM_PARAMS;
    return vm_params;
}

static void read_segment(inline_list *self, const vdc_node *pair, vdc_request *request, vdc_diag *diag) {
    int64_t duration, demand;
    if (pair->kind != VDC_NODE_SEQUENCE || pair->count != 2) {
        char found[128];
        vdc_fail(diag, VDC_ERROR_INPUT, &pair->place,
                 "VM: load: segments: found %s; allowed: [duration, demand] such as [10min, 1 GHz]",
                 vdc_node_describe(pair, found, sizeof found));
        return;
    }
    const vdc_code codes[] = {vdc_node_integer(pair->children[0], VDC_DIM_TIME, 0, INT64_MAX, &duration, diag),
                              vdc_node_integer(pair->children[1], VDC_DIM_FREQUENCY, 0, INT64_MAX, &demand, diag)};
    if (codes[0] || codes[1]) return;
    if (demand > request->load_peak) request->load_peak = demand;
    vdc_segments_add(self->segments, duration, demand, diag);
}

static void read_load(inline_list *self, const vdc_node *node, vdc_request *request, vdc_diag *diag) {
    struct values { int progress; const vdc_node *segments; } values;
    static const vdc_param params[] = {
        {"progress", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "time", 0, 0, vdc_progress_words, "what ends a segment",
         offsetof(struct values, progress), false, NULL},
        {"segments", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "[[duration, demand], …]",
         offsetof(struct values, segments), true, NULL},
    };
    if (vdc_params_read(node, params, 2, &values, NULL, "VM: load", diag)) return;
    if (values.segments->kind != VDC_NODE_SEQUENCE) {
        char found[128];
        vdc_fail(diag, VDC_ERROR_INPUT, &values.segments->place,
                 "VM: load: segments: found %s; allowed: a list of [duration, demand]",
                 vdc_node_describe(values.segments, found, sizeof found));
        return;
    }
    request->progress = (vdc_progress)values.progress;
    request->load = &self->segments->load;
    request->load_cursor = vdc_segments_cursor(self->segments);
    for (size_t i = 0; i < values.segments->count; i++) read_segment(self, values.segments->children[i], request, diag);
    vdc_segments_end end = 0;
    vdc_segments_close(self->segments, request->load_cursor, &end, diag);
}

static void intern(const char *text, vdc_names *names, uint32_t *number, vdc_diag *diag) {
    if (text && vdc_names_intern(names, text, strlen(text), number)) vdc_no_memory(diag, "names");
}

/* When the VM ends at the earliest, if it starts on arrival and nobody ends it. */
static int64_t earliest_end(const vdc_request *request) {
    int64_t length = request->lifetime >= 0 ? request->lifetime : INT64_MAX, sum = 0, end;
    uint64_t cursor = request->load_cursor;
    vdc_segment segment;
    while (request->load && sum < length && request->load->next(request->load, &cursor, &segment))
        if (__builtin_add_overflow(sum, segment.duration, &sum)) sum = INT64_MAX;
    if (request->load && sum < length) length = sum;
    return __builtin_add_overflow(request->arrival, length, &end) ? INT64_MAX : end;
}

static void note_id(inline_list *self, const vdc_node *node, const vdc_request *request, vdc_diag *diag) {
    if (request->id == VDC_NO_ID) return;
    if (!VDC_RESERVE(self->named, self->named_capacity, self->named_count + 1)) {
        vdc_no_memory(diag, "the VMs of the scenario");
        return;
    }
    /* Who is operated on may be ended at any time. */
    self->named[self->named_count] = (named_vm){.id = request->id, .arrival = request->arrival, .place = self->named_count, .node = vdc_node_get(node, "id"),
                                                .end = request->operations ? request->arrival : earliest_end(request)};
    self->named_count++;
}

static int compare_named(const void *left, const void *right) {
    const named_vm *a = left, *b = right;
    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    if (a->arrival != b->arrival) return a->arrival < b->arrival ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* Two that are alive together have different ids. The run sees to that in any case; here it is told beforehand, with the lines. */
static void check_ids(inline_list *self, vdc_diag *diag) {
    if (self->named_count) qsort(self->named, self->named_count, sizeof *self->named, compare_named);
    for (size_t i = 1; i < self->named_count; i++) {
        const named_vm *before = &self->named[i - 1], *vm = &self->named[i];
        if (before->id == vm->id && vm->arrival < before->end)
            vdc_fail(diag, VDC_ERROR_INPUT, &vm->node->place,
                     "VM: id: found %" PRId64 ", the id of the VM at line %d, which is still alive when this one arrives", vm->id, before->node->place.line);
    }
}

/* Reads one VM; what is wrong goes to diag. */
static void read_vm(inline_list *self, const vdc_node *node, const vdc_workload_context *context, vdc_diag *diag) {
    inline_vm vm = {0};
    vdc_request request;
    memcpy(&request, &vdc_request_blank, sizeof request);
    const vdc_code code = vdc_shape_read(node, vm_params, VM_PARAMS, &vm, sizeof vm, context, &request, "VM", diag);
    if (code && vm.load) read_load(self, vm.load, &request, diag); /* for what is wrong with it */
    if (code) return;
    request.id = vm.id;
    request.name = vm.name;
    request.arrival = vm.arrival;
    request.lifetime = vm.lifetime;
    request.predicted_lifetime = vm.predicted_lifetime;
    intern(vm.tenant, context->tenants, &request.tenant, diag);
    intern(vm.group, context->groups, &request.group, diag);
    if (vm.load) read_load(self, vm.load, &request, diag);
    if (context->checks_ids) note_id(self, node, &request, diag);
    vdc_rows_add(&self->rows, &request, diag);
}

static void free_segments(void *owned) {
    vdc_segments_free(owned);
    vdc_free(owned);
}

vdc_code vdc_workload_inline(const vdc_node *list, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag) {
    *source = NULL;
    if (list->kind != VDC_NODE_SEQUENCE && list->kind != VDC_NODE_NULL) {
        char found[128];
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "vms: found %s; allowed: a list of VMs",
                        vdc_node_describe(list, found, sizeof found));
    }
    inline_list self = {.segments = vdc_malloc(sizeof *self.segments)};
    if (!self.segments) return vdc_no_memory(diag, "the VMs of the scenario");
    vdc_segments_start(self.segments);
    vdc_diag errors = {0}, *all = diag ? diag : &errors; /* the count of errors tells what became of each VM */
    const size_t before = all->errors;
    for (size_t i = 0; i < list->count; i++) read_vm(&self, list->children[i], context, all);
    if (context->checks_ids && all->errors == before) check_ids(&self, all);
    vdc_free(self.named);
    vdc_code code = all->errors > before ? vdc_diag_code(all) : VDC_OK;
    if (!code) code = vdc_rows_source(&self.rows, free_segments, self.segments, source, all);
    vdc_diag_clear(&errors);
    if (code) {
        free_segments(self.segments);
        vdc_rows_free(&self.rows);
    }
    return code;
}
