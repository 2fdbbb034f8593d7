/* The native CSV: one line a VM, columns in any order, units in their names.
 *
 *   id,tenant,arrival_s,lifetime_s,vcpus,memory_gib,priority
 *   1,a,0.25,3600,4,8,high
 *
 * An empty field is the column's default. Rows come in order of arrival. Segments of load may stand in a second file
 * (`segments`): row,duration_*,demand_*, where row is the number of the VM's line from 0, in the same order as the VMs.
 */
#include "models/priority.h"
#include "sim/base/memory.h"
#include "workloads/live_loads.h"
#include "workloads/native.h"
#include "workloads/native_lists.h"
#include "workloads/shape.h"
#include "workloads/table.h"
#include "workloads/values.h"

#include <stdio.h>
#include <string.h>

typedef struct native_csv {
    vdc_source base;
    vdc_table table;
    vdc_workload_context context;
    vdc_names *tenants, *groups, *gpu_models;
    vdc_isolation_specs *isolation; /* NULL: wishes are left out */
    vdc_names *wishes;              /* texts of wishes so far */
    uint32_t *wish_entries;         /* [text] its entry, UINT32_MAX = not read yet */
    size_t wish_capacity;
    vdc_native_list_reader lists;
    char *list_texts[VDC_NATIVE_LISTS]; /* of the row, each ended by a NUL; "" = nothing */
    size_t list_rooms[VDC_NATIVE_LISTS];
    bool has_lists, has_cpu;            /* columns of the kind */
    struct { const vdc_native_column *column; int64_t scale; } columns[VDC_FIELD_LIMIT]; /* of the file, in its order */
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
    vdc_progress progress, row_progress; /* of those that do not say, and of the row */
    vdc_live_loads loads;
} native_csv;

/* ---- the header ---- */

/* Every spelling of every column, with an end: for "did you mean". */
enum { SPELLINGS = 256 };
typedef struct spellings {
    char texts[SPELLINGS][VDC_NATIVE_SPELLING];
    const char *list[SPELLINGS + 1];
    bool made;
} spellings;

static void spell_all(spellings *known) {
    size_t count = 0;
    for (size_t i = 0; i < VDC_NATIVE_COLUMNS && !known->made; i++) {
        const vdc_native_column *column = &vdc_native_columns[i];
        for (const vdc_native_unit *unit = column->units; unit->scale && count < SPELLINGS; unit++, count++)
            known->list[count] = vdc_native_spell(column, unit, known->texts[count]);
    }
    if (!known->made) known->list[count] = NULL;
    known->made = true;
}

/* An unknown column, with the nearest of all that there are. */
static vdc_code refuse_column(const native_csv *self, const char *name, spellings *known, vdc_diag *diag) {
    const vdc_place place = vdc_text_place(self->table.text, NULL);
    for (size_t i = 0; i < VDC_NATIVE_COLUMNS; i++)
        if (strcmp(name, vdc_native_columns[i].name) == 0) /* a known quantity without its unit */
            return vdc_fail(diag, VDC_ERROR_INPUT, &place, "column %s has no unit: write %s_%s, for example", name, name,
                            vdc_native_columns[i].units[0].name);
    spell_all(known);
    const char *near = vdc_nearest(name, known->list);
    return vdc_fail(diag, VDC_ERROR_INPUT, &place, "unknown column '%s'%s%s%s; docs/traces.md lists what is known", name,
                    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

/* The number of the column that a name spells, VDC_NATIVE_COLUMNS when there is none. */
static size_t find_column(const char *name, int64_t *scale) {
    size_t i = 0;
    while (i < VDC_NATIVE_COLUMNS && !vdc_native_match(name, &vdc_native_columns[i], scale)) i++;
    return i;
}

static vdc_code map_columns(native_csv *self, vdc_diag *diag) {
    const vdc_place place = vdc_text_place(self->table.text, NULL);
    vdc_code code = VDC_OK;
    bool there[VDC_NATIVE_COLUMNS] = {false};
    spellings known;
    known.made = false;
    for (size_t i = 0; i < self->table.columns; i++) {
        const size_t k = find_column(self->table.names[i], &self->columns[i].scale);
        if (k == VDC_NATIVE_COLUMNS) {
            code = refuse_column(self, self->table.names[i], &known, diag);
            continue;
        }
        self->columns[i].column = &vdc_native_columns[k];
        if (there[k])
            code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "column %s is there twice, in two units", vdc_native_columns[k].name);
        there[k] = true;
    }
    for (size_t k = 0; k < VDC_NATIVE_COLUMNS; k++) {
        char spelling[VDC_NATIVE_SPELLING];
        if (vdc_native_columns[k].required && !there[k])
            code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "the header has no column %s",
                            vdc_native_spell(&vdc_native_columns[k], vdc_native_columns[k].units, spelling));
    }
    return code;
}

static vdc_code open_lists(native_csv *self, vdc_diag *diag) {
    const vdc_place place = vdc_text_place(self->table.text, NULL);
    unsigned there = 0;
    for (size_t i = 0; i < self->table.columns; i++)
        if (strncmp(self->columns[i].column->name, "cpu_", 4) == 0) self->has_cpu = true;
        else if (self->columns[i].column->kind == VDC_NATIVE_LIST) there |= 1u << self->columns[i].column->offset;
    self->has_lists = there != 0;
    return vdc_native_lists_open(&self->lists, &self->context, there, &place, diag);
}

static vdc_code open_segments(native_csv *self, const char *path, const vdc_workload_context *context, vdc_diag *diag) {
    static const vdc_native_column duration = {.name = "duration", .units = vdc_native_time_units},
                                   demand = {.name = "demand", .units = vdc_native_frequency_units};
    vdc_code code = vdc_table_open(&self->segments, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (code) return code;
    self->has_segments = true;
    self->row_column = self->duration_column = self->demand_column = VDC_COLUMN_ABSENT;
    for (size_t i = 0; i < self->segments.columns; i++) {
        const char *name = self->segments.names[i];
        if (strcmp(name, "row") == 0) self->row_column = (int)i;
        else if (vdc_native_match(name, &duration, &self->duration_scale)) self->duration_column = (int)i;
        else if (vdc_native_match(name, &demand, &self->demand_scale)) self->demand_column = (int)i;
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

/* Equal texts are read once. */
static void take_wishes(native_csv *self, int index, vdc_request *request) {
    const uint32_t text = vdc_table_name(&self->table, index, self->wishes);
    const size_t before = self->wish_capacity;
    char wrong[256];
    if (!self->isolation || text == 0) return;
    if (!VDC_RESERVE(self->wish_entries, self->wish_capacity, text + (size_t)1)) {
        self->table.bad = true;
        self->table.code = vdc_no_memory(self->table.diag, "isolation");
        return;
    }
    for (size_t i = before; i < self->wish_capacity; i++) self->wish_entries[i] = UINT32_MAX;
    uint32_t *entry = &self->wish_entries[text];
    if (*entry == UINT32_MAX && vdc_isolation_spec_parse(self->isolation, vdc_names_text(self->wishes, text), entry, wrong, sizeof wrong)) {
        *entry = UINT32_MAX;
        vdc_table_complain(&self->table, index, "%s", wrong);
        return;
    }
    request->isolation = *entry;
}

/* A field as a text of its own. */
static void take_list(native_csv *self, size_t which, vdc_field field) {
    const size_t length = (size_t)(field.end - field.begin);
    if (!VDC_RESERVE(self->list_texts[which], self->list_rooms[which], length + 1)) {
        self->table.bad = true;
        self->table.code = vdc_no_memory(self->table.diag, "a trace");
        return;
    }
    memcpy(self->list_texts[which], field.begin, length);
    self->list_texts[which][length] = 0;
}

/* What the texts of the row say, when its sizes are known. */
static void take_lists(native_csv *self, vdc_request *request) {
    char wrong[256];
    const char *texts[VDC_NATIVE_LISTS];
    for (int i = 0; i < VDC_NATIVE_LISTS; i++) texts[i] = self->list_texts[i];
    const vdc_code code = vdc_native_lists_take(&self->lists, texts, request, wrong, sizeof wrong);
    if (code == VDC_ERROR_MEMORY) {
        self->table.bad = true;
        self->table.code = vdc_no_memory(self->table.diag, "a trace");
    } else if (code) {
        vdc_table_complain(&self->table, VDC_COLUMN_ABSENT, "%s", wrong);
    }
}

/* One field that is not empty and no plain number. */
static void take_other(native_csv *self, int index, vdc_request *request, int64_t *gpus, int64_t *milli) {
    const vdc_field field = vdc_table_field(&self->table, index);
    char shown[VDC_FIELD_SHOWN];
    switch (self->columns[index].column->kind) {
    case VDC_NATIVE_NAME: take_name(self, field, request); break;
    case VDC_NATIVE_TENANT: request->tenant = vdc_table_name(&self->table, index, self->tenants); break;
    case VDC_NATIVE_GROUP: request->group = vdc_table_name(&self->table, index, self->groups); break;
    case VDC_NATIVE_PART: request->part = (uint32_t)vdc_table_number(&self->table, index, 1, 0, UINT32_MAX - 1); break;
    case VDC_NATIVE_ISOLATION: take_wishes(self, index, request); break;
    case VDC_NATIVE_GPU_MODELS: vdc_table_gpu_models(&self->table, index, self->gpu_models, request); break;
    case VDC_NATIVE_NUMA: request->numa_nodes = (uint8_t)vdc_table_number(&self->table, index, 1, 0, 64); break;
    case VDC_NATIVE_GPUS: *gpus = vdc_table_number(&self->table, index, 1, 0, 64); break;
    case VDC_NATIVE_GPU_MILLI: *milli = vdc_table_number(&self->table, index, 1, 0, 1000); break;
    case VDC_NATIVE_PRIORITY:
        if (!vdc_priority_parse(field.begin, field.end, &request->priority))
            vdc_table_complain(&self->table, index, "is '%s'; low, normal, high or an integer is wanted",
                               vdc_field_show(field, shown));
        break;
    case VDC_NATIVE_LIST: take_list(self, self->columns[index].column->offset, field); break;
    case VDC_NATIVE_PROGRESS:
        if (vdc_field_is(field, vdc_progress_words[VDC_PROGRESS_WORK])) self->row_progress = VDC_PROGRESS_WORK;
        else if (vdc_field_is(field, vdc_progress_words[VDC_PROGRESS_TIME])) self->row_progress = VDC_PROGRESS_TIME;
        else vdc_table_complain(&self->table, index, "is '%s', time or work is wanted", vdc_field_show(field, shown));
        break;
    case VDC_NATIVE_SCALE:
        request->checkpoint_scale_num = vdc_table_number(&self->table, index, 1000000, 1, INT64_MAX);
        request->checkpoint_scale_den = 1000000;
        break;
    case VDC_NATIVE_NUMBER: break;
    }
}

/* What a scenario's VM may not have, either. */
static void check_cpu(native_csv *self, const vdc_request *request) {
    char wrong[160];
    for (vdc_cpu_key key = 0; key < VDC_CPU_KEYS; key++)
        if (vdc_shape_cpu_wrong(key, request, &self->context, wrong, sizeof wrong)) vdc_table_complain(&self->table, VDC_COLUMN_ABSENT, "%s", wrong);
}

static void take_fields(native_csv *self, vdc_request *request) {
    int64_t gpus = -1, milli = -1;
    self->row_progress = self->progress;
    for (int i = 0; i < VDC_NATIVE_LISTS; i++)
        if (self->list_texts[i]) *self->list_texts[i] = 0;
    for (size_t i = 0; i < self->table.columns; i++) {
        const vdc_native_column *meaning = self->columns[i].column;
        const vdc_field field = self->table.fields[i];
        if (vdc_field_empty(field)) {
            if (meaning->required) vdc_table_complain(&self->table, (int)i, "is empty, a number is wanted");
            continue;
        }
        if (meaning->kind != VDC_NATIVE_NUMBER) {
            take_other(self, (int)i, request, &gpus, &milli);
            continue;
        }
        int64_t *to = (int64_t *)(void *)((char *)request + meaning->offset);
        if (vdc_field_number(field, self->columns[i].scale, to) && *to >= meaning->minimum) continue;
        if (to == &request->lifetime && vdc_field_is(field, VDC_NATIVE_FOREVER)) *to = VDC_FOREVER;
        else /* says which */
            *to = vdc_table_number(&self->table, (int)i, self->columns[i].scale, meaning->minimum, INT64_MAX);
    }
    if ((gpus >= 0 || milli >= 0) && !vdc_gpus_set(request, gpus < 0 ? milli > 0 : gpus, milli < 0 ? 1000 : milli))
        vdc_table_complain(&self->table, VDC_COLUMN_ABSENT,
                           "gpus and gpu_milli do not go together: several GPUs are whole (1000)");
    if (self->has_cpu && !self->table.bad) check_cpu(self, request);
    if (self->has_lists && !self->table.bad) take_lists(self, request);
    if (request->arrival < self->last_arrival)
        vdc_table_complain(&self->table, VDC_COLUMN_ABSENT, "out of order: this VM arrives before the one above it");
}

/* Reads the next segment ahead. */
static vdc_code read_ahead(native_csv *self, vdc_diag *diag) {
    for (;;) {
        vdc_code code = vdc_table_row(&self->segments, &self->ahead_have, diag);
        if (code || !self->ahead_have) return code;
        const int64_t row = vdc_table_number(&self->segments, self->row_column, 1, 0, INT64_MAX);
        self->ahead.duration = vdc_table_number_or(&self->segments, self->duration_column, self->duration_scale, 0, INT64_MAX - 1,
                                                   VDC_FOREVER);
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
    request->progress = self->row_progress;
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

int64_t vdc_native_csv_row(const vdc_source *source) {
    return ((const native_csv *)source)->row - 1;
}

static void release(vdc_source *source, uint64_t token) {
    vdc_live_loads_release(&((native_csv *)source)->loads, token);
}

static void close(vdc_source *source) {
    native_csv *self = (native_csv *)source;
    vdc_table_close(&self->table);
    vdc_table_close(&self->segments);
    vdc_live_loads_free(&self->loads);
    vdc_native_lists_close(&self->lists);
    for (int i = 0; i < VDC_NATIVE_LISTS; i++) vdc_free(self->list_texts[i]);
    vdc_names_destroy(self->wishes);
    vdc_free(self->wish_entries);
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
    self->isolation = context->isolation;
    self->context = *context;
    vdc_code code = vdc_names_create(&self->wishes, diag);
    if (!code) code = vdc_table_open(&self->table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = map_columns(self, diag);
    if (!code) code = open_lists(self, diag);
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
