/* Google's Borg traces of 2019 (ClusterData 2019, version 3): the table instance_events as CSV, or a derived list of first
 * requests (time,user,collection_id,instance_index,cpus,ram,collection_type).
 *
 * Times are microseconds; 0 = before the window, 2^63-1 = after it. Resources are shares of the largest machine: `vcpus` and
 * `memory` say what that one has. An instance is a VM from its SUBMIT on; its lifetime counts from its SCHEDULE (which it
 * keeps waiting for here as there) to its EVICT, FAIL, FINISH, KILL or LOST; submitted again, it is another VM. Instances
 * that run inside an alloc instance are left out: the alloc instance is the VM. Events may stand in any order; they are
 * indexed, 16 bytes each.
 */
#include "sim/base/known.h"
#include "sim/base/memory.h"
#include "workloads/id_map.h"
#include "workloads/readers.h"
#include "workloads/rows.h"
#include "workloads/table_source.h"

#include <stdlib.h>
#include <string.h>

typedef struct borg_params {
    int64_t vcpus, memory;
    const char *collections;
} borg_params;

enum { MICROSECOND = 1000, INDEX_BITS = 20 };
#define COLLECTION_LIMIT ((INT64_C(1) << (63 - INDEX_BITS)) - 1)
#define AFTER_WINDOW (INT64_MAX / MICROSECOND - 1) /* µs: this and later is "after the window" */

/* Event types of the documentation; the others change nothing here. */
enum { SUBMIT = 0, SCHEDULE = 3, EVICT = 4, LOST = 8, EVENT_TYPES = 11 };

/* ---- what both forms share ---- */

/* A share of the largest machine; CPU never rounds to nothing. */
static void set_sizes(vdc_request *request, int64_t cpu, int64_t memory, vdc_trace_report *report, int line) {
    if (cpu == 0) vdc_row_odd(report, "requests of (nearly) no CPU: 1 milli-vCPU", line);
    request->size[VDC_CPU] = cpu > 0 ? cpu : 1;
    request->size[VDC_MEMORY] = memory;
}

/* ---- the derived list ---- */

enum { LIST_TIME, LIST_COLLECTION, LIST_CPU, LIST_MEMORY, LIST_USER, LIST_COLUMNS };

static vdc_code start_list(vdc_table_source *self, const void *params, vdc_diag *diag) {
    (void)diag;
    const borg_params *options = params;
    memcpy(self->state.bytes, &options->vcpus, sizeof options->vcpus);
    memcpy(self->state.bytes + sizeof options->vcpus, &options->memory, sizeof options->memory);
    return VDC_OK;
}

static void take_listed(vdc_table_source *self, vdc_request *request) {
    int64_t vcpus, memory;
    memcpy(&vcpus, self->state.bytes, sizeof vcpus);
    memcpy(&memory, self->state.bytes + sizeof vcpus, sizeof memory);
    request->arrival = vdc_table_number(&self->table, self->at[LIST_TIME], MICROSECOND, 0, INT64_MAX);
    request->tenant = vdc_table_name(&self->table, self->at[LIST_USER], self->context.tenants);
    request->group = vdc_table_name(&self->table, self->at[LIST_COLLECTION], self->context.groups);
    const int64_t cpu = vdc_table_number(&self->table, self->at[LIST_CPU], vcpus, 0, INT64_MAX);
    set_sizes(request, cpu, vdc_table_number(&self->table, self->at[LIST_MEMORY], memory, 0, INT64_MAX), self->context.report,
              vdc_text_number(self->table.text));
}

static vdc_code open_list(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                          vdc_diag *diag) {
    static const char *const wanted[] = {"time", "collection_id", "cpus", "ram", "user"};
    static const vdc_table_format format = {.layout = {.separator = ','}, .wanted = wanted, .count = LIST_COLUMNS,
                                            .required = LIST_USER,
                                            .start = start_list, .take = take_listed};
    return vdc_table_source_open(&format, params, path, context, source, diag);
}

/* ---- events ---- */

enum { TIME, TYPE, COLLECTION, INDEX, CPU, MEMORY, PRIORITY, ALLOC, USER, COLUMNS, REQUIRED = PRIORITY };
static const char *const event_columns[] = {
    "time", "type", "collection_id", "instance_index", "resource_request.cpus|resource_request_cpus|cpus",
    "resource_request.memory|resource_request_memory|memory", "priority", "alloc_collection_id", "user"};

typedef struct event {
    int64_t time;       /* µs */
    uint32_t instance;
    uint32_t type;
} event;

/* An instance as its last SUBMIT describes it, and where it stands while events are gone through. */
typedef struct instance {
    int64_t cpu, memory;        /* milli-vCPU, bytes; cpu -1 = not said */
    int64_t submitted, started; /* µs, -1 = not */
    uint32_t tenant, group;
    int32_t priority;
    bool inside;                /* an alloc instance */
} instance;

/* The table as it is read. */
typedef struct borg {
    vdc_workload_context context;
    event *events;
    size_t event_count, event_capacity;
    instance *instances;
    size_t instance_count, instance_capacity;
    vdc_rows rows;
} borg;

/* collection_id -> tenant, from the table collection_events. */
static vdc_code read_users(vdc_id_map *users, const char *path, const vdc_workload_context *context, vdc_diag *diag) {
    static const char *const wanted[] = {"collection_id", "user"};
    int at[2];
    vdc_table table;
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = vdc_table_map(&table, wanted, 2, 2, at, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        const int64_t collection = vdc_table_number(&table, at[0], 1, 0, COLLECTION_LIMIT);
        const uint32_t tenant = vdc_table_name(&table, at[1], context->tenants);
        if (vdc_table_bad(&table, &code) || tenant == 0) continue;
        code = vdc_id_map_set(users, collection, tenant, diag);
    }
    vdc_table_close(&table);
    return code;
}

static vdc_code find_instance(borg *self, vdc_id_map *known, int64_t collection, int64_t index, uint32_t *number,
                              vdc_diag *diag) {
    const int64_t key = collection << INDEX_BITS | index;
    *number = vdc_id_map_get(known, key);
    if (*number != VDC_ID_ABSENT) return VDC_OK;
    if (self->instance_count >= UINT32_MAX - 1 || !VDC_RESERVE(self->instances, self->instance_capacity, self->instance_count +
                                                               1))
        return vdc_no_memory(diag, "instances");
    *number = (uint32_t)self->instance_count++;
    self->instances[*number] = (instance){.cpu = -1, .submitted = -1, .started = -1};
    return vdc_id_map_set(known, key, *number, diag);
}

static vdc_code read_event(borg *self, vdc_table *table, const int *at, const borg_params *params, vdc_id_map *known,
                           const vdc_id_map *users, vdc_diag *diag) {
    const int64_t time = vdc_table_number(table, at[TIME], 1, 0, INT64_MAX);
    const int64_t type = vdc_table_number(table, at[TYPE], 1, 0, EVENT_TYPES - 1);
    const int64_t collection = vdc_table_number(table, at[COLLECTION], 1, 0, COLLECTION_LIMIT);
    const int64_t index = vdc_table_number(table, at[INDEX], 1, 0, (1 << INDEX_BITS) - 1);
    const int64_t cpu = vdc_table_number_or(table, at[CPU], params->vcpus, 0, INT64_MAX, -1);
    const int64_t memory = vdc_table_number_or(table, at[MEMORY], params->memory, 0, INT64_MAX, 0);
    const int64_t priority = vdc_table_number_or(table, at[PRIORITY], 1, INT32_MIN, INT32_MAX, 0);
    const bool inside = vdc_table_number_or(table, at[ALLOC], 1, INT64_MIN, INT64_MAX, 0) > 0;
    uint32_t tenant = vdc_table_name(table, at[USER], self->context.tenants);
    const uint32_t group = vdc_table_name(table, at[COLLECTION], self->context.groups);
    vdc_code code;
    if (vdc_table_bad(table, &code)) return code;
    uint32_t number;
    code = find_instance(self, known, collection, index, &number, diag);
    if (code) return code;
    if (tenant == 0) tenant = vdc_id_map_get(users, collection);
    VDC_KNOWN(self->instances);
    instance *of = &self->instances[number];
    if (cpu >= 0) of->cpu = cpu, of->memory = memory;
    of->inside = of->inside || inside;
    of->priority = (int32_t)priority;
    of->group = group;
    if (tenant != VDC_ID_ABSENT) of->tenant = tenant;
    if (type != SUBMIT && type != SCHEDULE && (type < EVICT || type > LOST)) return VDC_OK;
    if (!VDC_RESERVE(self->events, self->event_capacity, self->event_count + 1)) return vdc_no_memory(diag, "events");
    self->events[self->event_count++] = (event){time, number, (uint32_t)type};
    return VDC_OK;
}

/* A VM that was submitted and ended at `end` µs (-1 = never seen to). */
static vdc_code add_vm(borg *self, instance *of, int64_t end, vdc_diag *diag) {
    vdc_trace_report *report = self->context.report;
    vdc_request request;
    memcpy(&request, &vdc_request_blank, sizeof request);
    request.arrival = of->submitted * MICROSECOND;
    request.tenant = of->tenant;
    request.group = of->group;
    request.priority = of->priority;
    const int64_t begin = of->started >= 0 ? of->started : of->submitted;
    if (end >= 0 && end < AFTER_WINDOW) request.lifetime = (end - begin) * MICROSECOND;
    else vdc_row_odd(report, "instances that are not seen to end: they stay", 0);
    if (of->started < 0 && end >= 0) vdc_row_odd(report, "instances that ended without being scheduled", 0);
    if (of->submitted == 0) vdc_row_odd(report, "instances submitted before the window: they arrive at 0", 0);
    of->submitted = of->started = -1;
    if (of->inside || of->cpu < 0) {
        vdc_row_odd(report, of->inside ? "instances inside an alloc instance: left out"
                    : "instances without a resource request: left out", 0);
        return VDC_OK;
    }
    set_sizes(&request, of->cpu, of->memory, report, 0);
    return vdc_rows_add(&self->rows, &request, diag);
}

static vdc_code apply(borg *self, const event *now, vdc_diag *diag) {
    instance *of = &self->instances[now->instance];
    if (now->type == SUBMIT) {
        if (now->time >= AFTER_WINDOW) vdc_row_odd(self->context.report, "instances submitted after the window: left out", 0);
        else if (of->submitted < 0) of->submitted = now->time;
        else vdc_row_odd(self->context.report, "instances submitted while they are there", 0);
        return VDC_OK;
    }
    if (of->submitted < 0) {
        vdc_row_odd(self->context.report, "events of instances that were not submitted: passed over", 0);
        return VDC_OK;
    }
    if (now->type != SCHEDULE) return add_vm(self, of, now->time, diag);
    of->started = now->time;
    return VDC_OK;
}

/* By time; at one instant in the order of an instance's life (but see apply_instant). */
static int compare_events(const void *left, const void *right) {
    const event *a = left, *b = right;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    if (a->instance != b->instance) return a->instance < b->instance ? -1 : 1;
    return a->type < b->type ? -1 : a->type > b->type;
}

static vdc_code read_events(borg *self, const borg_params *params, const char *path, vdc_diag *diag) {
    int at[COLUMNS];
    vdc_id_map known = {0}, users = {0};
    vdc_table table = {0};
    vdc_code code = params->collections ? read_users(&users, params->collections, &self->context, diag) : VDC_OK;
    if (!code) code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, &self->context, diag);
    if (!code) code = vdc_table_map(&table, event_columns, COLUMNS, REQUIRED, at, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        code = read_event(self, &table, at, params, &known, &users, diag);
    }
    vdc_table_close(&table);
    vdc_id_map_free(&known);
    vdc_id_map_free(&users);
    return code;
}

static bool same_instant(const event *a, const event *b) {
    return a->time == b->time && a->instance == b->instance;
}

/* What happens to one instance at one instant, `count` events. One that runs and is submitted there has come to its end before: that goes first. */
static vdc_code apply_instant(borg *self, const event *events, size_t count, vdc_diag *diag) {
    const bool runs = self->instances[events->instance].submitted >= 0 && self->instances[events->instance].started >= 0;
    size_t first = count;
    for (size_t i = count; runs && events->type == SUBMIT && i-- > 0;)
        if (events[i].type >= EVICT) first = i;
    vdc_code code = first < count ? apply(self, &events[first], diag) : VDC_OK;
    for (size_t i = 0; i < count && !code; i++)
        if (i != first) code = apply(self, &events[i], diag);
    return code;
}

static vdc_code make_vms(borg *self, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    if (self->event_count > 0) qsort(self->events, self->event_count, sizeof *self->events, compare_events);
    for (size_t i = 0, end; i < self->event_count && !code; i = end) {
        for (end = i + 1; end < self->event_count && same_instant(&self->events[i], &self->events[end]);) end++;
        code = apply_instant(self, &self->events[i], end - i, diag);
    }
    for (size_t i = 0; i < self->instance_count && !code; i++)
        if (self->instances[i].submitted >= 0) code = add_vm(self, &self->instances[i], -1, diag);
    return code;
}

static vdc_code open_events(const borg_params *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                            vdc_diag *diag) {
    borg self = {.context = *context};
    vdc_code code = read_events(&self, params, path, diag);
    if (!code) code = make_vms(&self, diag);
    vdc_free(self.events);
    vdc_free(self.instances);
    if (!code) code = vdc_rows_source(&self.rows, NULL, NULL, source, diag);
    vdc_rows_free(&self.rows);
    return code;
}

/* Which form it is shows in the header. */
static vdc_code open_borg(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                          vdc_diag *diag) {
    *source = NULL;
    bool events;
    const vdc_code code = vdc_table_has(path, ',', "type", &events, context, diag);
    if (code) return code;
    return events ? open_events(params, path, context, source, diag) : open_list(params, path, context, source, diag);
}

#define FIELD(member) offsetof(borg_params, member)
static const vdc_param params[] = {
    {"vcpus", VDC_PARAM_INTEGER, VDC_DIM_MILLI, "64", 1, 1e12, NULL, "of the largest machine, which is 1.0", FIELD(vcpus), false,
     NULL},
    {"memory", VDC_PARAM_INTEGER, VDC_DIM_BYTES, "512 GiB", 0, 0, NULL, "of the largest machine", FIELD(memory), false, NULL},
    {"collections", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "the table collection_events: whose the collections are",
     FIELD(collections), false, NULL},
};

const vdc_workload_type vdc_workload_google_borg_2019 = {
    .name = "google-borg-2019",
    .summary = "Google's Borg cells of 2019: instance events, or a list of requests",
    .source = "Tirmazi et al., EuroSys'20; google/cluster-data, ClusterData2019; docs/traces.md",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(borg_params),
    .open = open_borg,
};
