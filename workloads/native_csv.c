/* The native CSV: one line a VM, columns in any order, units in their names.
 *
 *   id,tenant,arrival_s,lifetime_s,vcpus,memory_gib,priority
 *   1,a,0.25,3600,4,8,high
 *
 * An empty field is the column's default. Rows come in order of arrival. Segments of load may stand in a second file
 * (`segments`): row,duration_*,demand_*, where row is the number of the VM's line from 0, in the same order as the VMs.
 */
#include "sim/base/memory.h"
#include "workloads/live_loads.h"
#include "workloads/native.h"
#include "workloads/table.h"
#include "workloads/values.h"

#include <stdio.h>
#include <string.h>

typedef struct unit {
    const char *name;  /* behind the underscore */
    int64_t scale;     /* in base units */
} unit;

static const unit no_units[] = {{NULL, 1}};
static const unit milli_units[] = {{NULL, 1000}};
static const unit time_units[] = {{"s", 1000000000},    {"ns", 1},            {"us", 1000},          {"ms", 1000000},
                                  {"min", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}, {NULL, 0}};
static const unit byte_units[] = {{"gib", 1 << 30},    {"b", 1},              {"kb", 1000},      {"mb", 1000000},
                                  {"gb", 1000000000},  {"tb", 1000000000000}, {"kib", 1 << 10},  {"mib", 1 << 20},
                                  {"tib", INT64_C(1) << 40}, {NULL, 0}};
static const unit byte_rate_units[] = {{"b_s", 1},         {"kb_s", 1000},      {"mb_s", 1000000},   {"gb_s", 1000000000},
                                       {"kib_s", 1 << 10}, {"mib_s", 1 << 20},  {"gib_s", 1 << 30},  {"kbit_s", 125},
                                       {"mbit_s", 125000}, {"gbit_s", 125000000}, {NULL, 0}};
static const unit frequency_units[] = {{"mhz", 1000000}, {"hz", 1}, {"khz", 1000}, {"ghz", 1000000000}, {NULL, 0}};

typedef enum column_kind { NUMBER, PRIORITY, GPU_MODELS, NAME, TENANT, GROUP, NUMA, GPU_COUNT, GPU_MILLI, FRACTION } column_kind;

/* What a column means. Numbers go to the request at `offset`. */
typedef struct column {
    const char *name;
    column_kind kind;
    const unit *units;
    size_t offset;
    int64_t minimum;
    bool required;
} column;

#define AT(member) offsetof(vdc_request, member)
static const column known[] = {
    {"arrival", NUMBER, time_units, AT(arrival), 0, true},
    {"vcpus", NUMBER, milli_units, AT(size[VDC_CPU]), 1, true},
    {"id", NUMBER, no_units, AT(id), 0, false},
    {"lifetime", NUMBER, time_units, AT(lifetime), 0, false},
    {"memory", NUMBER, byte_units, AT(size[VDC_MEMORY]), 0, false},
    {"disk", NUMBER, byte_units, AT(size[VDC_DISK]), 0, false},
    {"iops", NUMBER, no_units, AT(size[VDC_IOPS]), 0, false},
    {"disk_bandwidth", NUMBER, byte_rate_units, AT(size[VDC_DISK_BW]), 0, false},
    {"net_tx", NUMBER, byte_rate_units, AT(size[VDC_NET_TX]), 0, false},
    {"net_rx", NUMBER, byte_rate_units, AT(size[VDC_NET_RX]), 0, false},
    {"cpu_weight", NUMBER, no_units, AT(cpu_weight), 1, false},
    {"cpu_reservation", NUMBER, frequency_units, AT(cpu_reservation), 0, false},
    {"cpu_limit", NUMBER, frequency_units, AT(cpu_limit), 0, false},
    {"predicted_lifetime", NUMBER, time_units, AT(predicted_lifetime), 0, false},
    {"checkpoint_interval", NUMBER, time_units, AT(checkpoint_interval), 1, false},
    {"checkpoint_duration", NUMBER, time_units, AT(checkpoint_duration), 0, false},
    {"checkpoint_scale", FRACTION, no_units, 0, 0, false},
    {"name", NAME, no_units, 0, 0, false},
    {"tenant", TENANT, no_units, 0, 0, false},
    {"group", GROUP, no_units, 0, 0, false},
    {"priority", PRIORITY, no_units, 0, 0, false},
    {"numa_nodes", NUMA, no_units, 0, 0, false},
    {"gpus", GPU_COUNT, no_units, 0, 0, false},
    {"gpu_milli", GPU_MILLI, no_units, 0, 0, false},
    {"gpu_models", GPU_MODELS, no_units, 0, 0, false},
};
enum { KNOWN = sizeof known / sizeof known[0] };

typedef struct native_csv {
    vdc_source base;
    vdc_table table;
    vdc_names *tenants, *groups, *gpu_models;
    struct { const column *column; int64_t scale; } columns[VDC_FIELD_LIMIT]; /* of the file, in its order */
    int64_t last_arrival;
    int64_t row;
    char *name;            /* the current row's own name, ended by a NUL */
    size_t name_capacity;

    bool has_segments;
    vdc_table segments;
    int row_column, duration_column, demand_column;
    int64_t duration_scale, demand_scale;
    bool ahead_have;       /* a segment was read that belongs to VM `ahead_row`, a later one */
    int64_t ahead_row;
    vdc_segment ahead;
    vdc_segment *list;     /* the segments of one VM */
    size_t list_count, list_capacity;
    vdc_progress progress;
    vdc_live_loads loads;
} native_csv;

/* ---- the header ---- */

/* Does `name` mean the column, and with which scale? */
static bool match_column(const char *name, const column *meaning, int64_t *scale) {
    const size_t length = strlen(meaning->name);
    if (!meaning->units[0].name) {
        *scale = meaning->units[0].scale;
        return strcmp(name, meaning->name) == 0;
    }
    if (strncmp(name, meaning->name, length) != 0 || name[length] != '_') return false;
    for (const unit *each = meaning->units; each->name; each++)
        if (strcmp(name + length + 1, each->name) == 0) {
            *scale = each->scale;
            return true;
        }
    return false;
}

/* An unknown column, with the nearest of all that there are. */
static vdc_code refuse_column(const native_csv *self, const char *name, vdc_diag *diag) {
    enum { SPELLINGS = 256, SPELLING = 40 };
    char spellings[SPELLINGS][SPELLING];
    const char *list[SPELLINGS + 1];
    size_t count = 0;
    for (size_t i = 0; i < KNOWN; i++) {
        const unit *each = known[i].units;
        do {
            snprintf(spellings[count], SPELLING, "%s%s%s", known[i].name, each->name ? "_" : "", each->name ? each->name : "");
            list[count] = spellings[count];
            count++;
        } while (each->name && (++each)->name && count < SPELLINGS);
    }
    list[count] = NULL;
    const char *near = vdc_nearest(name, list);
    const vdc_place place = vdc_text_place(self->table.text, NULL);
    for (size_t i = 0; i < KNOWN; i++) /* a known quantity without its unit */
        if (strcmp(name, known[i].name) == 0 && known[i].units[0].name)
            return vdc_fail(diag, VDC_ERROR_INPUT, &place, "column %s has no unit: write %s_%s, for example", name, name,
                            known[i].units[0].name);
    return vdc_fail(diag, VDC_ERROR_INPUT, &place, "unknown column '%s'%s%s%s; docs/traces.md lists what is known", name,
                    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static vdc_code map_columns(native_csv *self, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    bool there[KNOWN] = {false};
    for (size_t i = 0; i < self->table.columns; i++) {
        size_t k = 0;
        while (k < KNOWN && !match_column(self->table.names[i], &known[k], &self->columns[i].scale)) k++;
        if (k == KNOWN) {
            code = refuse_column(self, self->table.names[i], diag);
            continue;
        }
        const vdc_place place = vdc_text_place(self->table.text, NULL);
        if (there[k]) code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "column %s is there twice, in two units", known[k].name);
        there[k] = true;
        self->columns[i].column = &known[k];
    }
    for (size_t k = 0; k < KNOWN; k++) {
        const vdc_place place = vdc_text_place(self->table.text, NULL);
        if (known[k].required && !there[k])
            code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "the header has no column %s%s%s", known[k].name,
                            known[k].units[0].name ? "_" : "", known[k].units[0].name ? known[k].units[0].name : "");
    }
    return code;
}

static vdc_code open_segments(native_csv *self, const char *path, const vdc_workload_context *context, vdc_diag *diag) {
    static const column quantities[] = {{"duration", NUMBER, time_units, 0, 0, true},
                                        {"demand", NUMBER, frequency_units, 0, 0, true}};
    vdc_code code = vdc_table_open(&self->segments, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (code) return code;
    self->has_segments = true;
    self->row_column = self->duration_column = self->demand_column = VDC_COLUMN_ABSENT;
    for (size_t i = 0; i < self->segments.columns; i++) {
        const char *name = self->segments.names[i];
        if (strcmp(name, "row") == 0) self->row_column = (int)i;
        else if (match_column(name, &quantities[0], &self->duration_scale)) self->duration_column = (int)i;
        else if (match_column(name, &quantities[1], &self->demand_scale)) self->demand_column = (int)i;
    }
    const vdc_place place = vdc_text_place(self->segments.text, NULL);
    if (self->row_column < 0 || self->duration_column < 0 || self->demand_column < 0 || self->segments.columns != 3)
        return vdc_fail(diag, VDC_ERROR_INPUT, &place,
                        "the columns of a segments file are row, duration_s (or _ns, _ms, …) and demand_mhz (or _hz, …)");
    return VDC_OK;
}

/* ---- rows ---- */

static void take_name(native_csv *self, vdc_field field, vdc_request *request) {
    const size_t length = (size_t)(field.end - field.begin);
    if (!VDC_RESERVE(self->name, self->name_capacity, length + 1)) {
        self->table.bad = true;
        self->table.code = vdc_no_memory(self->table.diag, "a name");
        return;
    }
    memcpy(self->name, field.begin, length);
    self->name[length] = 0;
    request->name = self->name;
}

static void take_models(native_csv *self, int index, vdc_field field, vdc_request *request) {
    vdc_field names[64];
    const size_t count = vdc_split(field, '|', names, 64);
    if (count == 0 || count > 64) {
        vdc_table_complain(&self->table, index, "lists more than 64 models");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const vdc_code code = vdc_gpu_model_add(self->gpu_models, names[i].begin, (size_t)(names[i].end - names[i].begin),
                                                &request->gpu_models, self->table.diag);
        if (!code) continue;
        self->table.bad = true;
        self->table.code = code;
    }
}

/* One field that is not empty and no plain number. */
static void take_other(native_csv *self, int index, vdc_request *request, int64_t *gpus, int64_t *milli) {
    const vdc_field field = vdc_table_field(&self->table, index);
    char shown[VDC_FIELD_SHOWN];
    switch (self->columns[index].column->kind) {
    case NAME: take_name(self, field, request); break;
    case TENANT: request->tenant = vdc_table_name(&self->table, index, self->tenants); break;
    case GROUP: request->group = vdc_table_name(&self->table, index, self->groups); break;
    case GPU_MODELS: take_models(self, index, field, request); break;
    case NUMA: request->numa_nodes = (uint8_t)vdc_table_number(&self->table, index, 1, 0, 64); break;
    case GPU_COUNT: *gpus = vdc_table_number(&self->table, index, 1, 0, 64); break;
    case GPU_MILLI: *milli = vdc_table_number(&self->table, index, 1, 0, 1000); break;
    case PRIORITY:
        if (!vdc_priority_parse(field.begin, field.end, &request->priority))
            vdc_table_complain(&self->table, index, "is '%s'; low, normal, high or an integer is wanted",
                               vdc_field_show(field, shown));
        break;
    case FRACTION:
        request->checkpoint_scale_num = vdc_table_number(&self->table, index, 1000000, 1, INT64_MAX);
        request->checkpoint_scale_den = 1000000;
        break;
    case NUMBER: break;
    }
}

static void take_fields(native_csv *self, vdc_request *request) {
    int64_t gpus = -1, milli = -1;
    for (size_t i = 0; i < self->table.columns; i++) {
        const column *meaning = self->columns[i].column;
        const vdc_field field = self->table.fields[i];
        if (vdc_field_empty(field)) {
            if (meaning->required) vdc_table_complain(&self->table, (int)i, "is empty, a number is wanted");
            continue;
        }
        if (meaning->kind != NUMBER) {
            take_other(self, (int)i, request, &gpus, &milli);
            continue;
        }
        int64_t *to = (int64_t *)(void *)((char *)request + meaning->offset);
        if (!vdc_field_number(field, self->columns[i].scale, to) || *to < meaning->minimum) /* says which */
            *to = vdc_table_number(&self->table, (int)i, self->columns[i].scale, meaning->minimum, INT64_MAX);
    }
    if ((gpus >= 0 || milli >= 0) && !vdc_gpus_set(request, gpus < 0 ? milli > 0 : gpus, milli < 0 ? 1000 : milli))
        vdc_table_complain(&self->table, VDC_COLUMN_ABSENT,
                           "gpus and gpu_milli do not go together: several GPUs are whole (1000)");
    if (request->arrival < self->last_arrival)
        vdc_table_complain(&self->table, VDC_COLUMN_ABSENT, "out of order: this VM arrives before the one above it");
}

/* Reads the next segment ahead. */
static vdc_code read_ahead(native_csv *self, vdc_diag *diag) {
    for (;;) {
        vdc_code code = vdc_table_row(&self->segments, &self->ahead_have, diag);
        if (code || !self->ahead_have) return code;
        const int64_t row = vdc_table_number(&self->segments, self->row_column, 1, 0, INT64_MAX);
        self->ahead.duration = vdc_table_number(&self->segments, self->duration_column, self->duration_scale, 0, INT64_MAX);
        self->ahead.demand = vdc_table_number(&self->segments, self->demand_column, self->demand_scale, 0, INT64_MAX);
        if (!self->segments.bad && row < self->ahead_row)
            vdc_table_complain(&self->segments, self->row_column, "goes back: segments stand in the order of the VMs");
        if (!vdc_table_bad(&self->segments, &code)) {
            self->ahead_row = row;
            return VDC_OK;
        }
        if (code) return code;
    }
}

/* The segments of VM `row` as the request's load; a VM without any has none. Those of rows that were left out are passed over. */
static vdc_code take_segments(native_csv *self, int64_t row, vdc_request *request, vdc_diag *diag) {
    self->list_count = 0;
    while (self->ahead_have && self->ahead_row <= row) {
        if (self->ahead_row == row) {
            if (!VDC_RESERVE(self->list, self->list_capacity, self->list_count + 1)) return vdc_no_memory(diag, "load segments");
            self->list[self->list_count++] = self->ahead;
        }
        const vdc_code code = read_ahead(self, diag);
        if (code) return code;
    }
    if (self->list_count == 0) return VDC_OK;
    request->progress = self->progress;
    return vdc_live_loads_add(&self->loads, self->list, self->list_count, request, diag);
}

/* At the trace's end: segments of a VM that does not exist show that the files do not belong together. */
static vdc_code check_leftover(const native_csv *self, vdc_diag *diag) {
    if (!self->ahead_have) return VDC_OK;
    const vdc_place place = vdc_text_place(self->segments.text, NULL);
    return vdc_fail(diag, VDC_ERROR_INPUT, &place, "segments of row %lld, but the trace has only %lld rows",
                    (long long)self->ahead_row, (long long)self->row);
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    native_csv *self = (native_csv *)source;
    for (;;) {
        vdc_code code = vdc_table_row(&self->table, have, diag);
        if (code || !*have) return code ? code : check_leftover(self, diag);
        memcpy(out, &vdc_request_blank, sizeof *out);
        take_fields(self, out);
        const int64_t row = self->row++;
        if (vdc_table_bad(&self->table, &code)) {
            if (code) return code;
            continue;
        }
        self->last_arrival = out->arrival;
        return self->has_segments ? take_segments(self, row, out, diag) : VDC_OK;
    }
}

static void release(vdc_source *source, uint64_t token) {
    vdc_live_loads_release(&((native_csv *)source)->loads, token);
}

static void close(vdc_source *source) {
    native_csv *self = (native_csv *)source;
    vdc_table_close(&self->table);
    vdc_table_close(&self->segments);
    vdc_live_loads_free(&self->loads);
    vdc_free(self->list);
    vdc_free(self->name);
    vdc_free(self);
}

vdc_code vdc_native_csv_open(const vdc_native_params *params, const char *path, const vdc_workload_context *context,
                             vdc_source **source, vdc_diag *diag) {
    static const vdc_source_operations operations = {next, release, close};
    *source = NULL;
    native_csv *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->tenants = context->tenants;
    self->groups = context->groups;
    self->gpu_models = context->gpu_models;
    self->progress = (vdc_progress)params->progress;
    vdc_code code = vdc_table_open(&self->table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = map_columns(self, diag);
    if (!code && params->segments) {
        code = open_segments(self, params->segments, context, diag);
        if (!code) code = read_ahead(self, diag);
    }
    if (code) {
        close(&self->base);
        return code;
    }
    *source = &self->base;
    return VDC_OK;
}
