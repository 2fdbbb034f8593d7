/* Reading the native HDF5 trace, a block of each column at a time. See native_hdf5.h for its layout.
 *
 * The file may be anything: it is read as result files are (sim/base/dataset.h), every value is checked as it is used, and no size
 * in it is trusted with memory beyond the blocks, a VM's own segments and the table of names.
 */
#include "workloads/native_hdf5.h"

#include "sim/base/dataset.h"
#include "sim/base/guard.h"
#include "sim/base/hdf5_driver.h"
#include "sim/base/memory.h"
#include "workloads/live_loads.h"
#include "workloads/native_lists.h"
#include "workloads/shape.h"
#include "workloads/values.h"

#include <errno.h>
#include <string.h>

enum { NAME_LIMIT = 1 << 20 };

/* A dataset that is read front to back. */
typedef struct series {
    vdc_dataset dataset;
    bool there, bytes;
    uint64_t size, read;    /* values in all, in and before the block */
    size_t held, used;      /* of the block */
    union { int64_t *numbers; unsigned char *text; void *any; } block;
} series;

typedef struct hdf5_reader {
    vdc_source base;
    char *path;
    vdc_driver driver;
    uint64_t file_size;
    hid_t file;
    char column_paths[VDC_TRACE_COLUMNS][64];
    series columns[VDC_TRACE_COLUMNS], names, duration, demand;
    uint64_t rows, row;
    uint32_t *tenants, *groups, *models, *wishes; /* the file's numbers -> the context's */
    size_t tenant_count, group_count, model_count, wish_count;
    vdc_names *list_texts[VDC_NATIVE_LISTS];
    uint32_t *list_numbers[VDC_NATIVE_LISTS]; /* the file's number -> list_texts' */
    size_t list_counts[VDC_NATIVE_LISTS];
    int64_t list_values[VDC_NATIVE_LISTS];    /* of the row: the file's numbers */
    vdc_native_list_reader lists;
    bool has_cpu;                             /* a column of CPU settings */
    vdc_workload_context context;
    int64_t last_arrival;
    char *name;
    size_t name_capacity;
    vdc_segment *segments;
    size_t segment_capacity;
    vdc_live_loads loads;
} hdf5_reader;

/* ---- series ---- */

static vdc_code refuse(const hdf5_reader *self, const char *dataset, const char *what, vdc_diag *diag) {
    const vdc_place place = {self->path, 0, 0};
    return vdc_fail(diag, VDC_ERROR_INPUT, &place, "%s %s", dataset, what);
}

static vdc_code cannot_read(const hdf5_reader *self, const char *what, vdc_diag *diag) {
    char reason[256];
    const vdc_place place = {self->path, 0, 0};
    return vdc_fail(diag, VDC_ERROR_INPUT, &place, "%s: %s", what, vdc_hdf5_reason(reason, sizeof reason));
}

/* What could not be read from the disk must not pass for absent. */
static vdc_code check_reads(const hdf5_reader *self, vdc_diag *diag) {
    const vdc_place place = {self->path, 0, 0};
    if (!self->driver.error) return VDC_OK;
    if (self->driver.error == ENOMEM) return vdc_no_memory(diag, "a trace");
    return vdc_fail(diag, VDC_ERROR_IO, &place, "cannot be read: %s", strerror(self->driver.error));
}

/* Opens /group/name where it is there. `name` must outlive the series. */
static vdc_code open_series(hdf5_reader *self, series *of, const char *name, bool bytes, vdc_diag *diag) {
    *of = (series){.bytes = bytes, .dataset.id = H5I_INVALID_HID};
    if (H5Lexists(self->file, name, H5P_DEFAULT) <= 0) return check_reads(self, diag);
    const vdc_code code = bytes ? vdc_dataset_open_bytes(&of->dataset, self->file, name, self->file_size, self->path, diag)
                                : vdc_dataset_open(&of->dataset, self->file, name, self->file_size, self->path, diag);
    if (code) return code;
    of->there = true;
    if (of->dataset.rank != 1 || of->dataset.type != VDC_CELL_INTEGER) return refuse(self, name, "is no list of 64-bit integers", diag);
    of->size = of->dataset.rows;
    of->block.any = vdc_calloc(of->size < VDC_TRACE_BLOCK ? of->size : VDC_TRACE_BLOCK, bytes ? 1 : sizeof(int64_t));
    return of->block.any ? VDC_OK : vdc_no_memory(diag, "a trace");
}

static void close_series(series *of) {
    if (of->there) vdc_dataset_close(&of->dataset);
    vdc_free(of->block.any);
    *of = (series){0};
}

/* The next block; its first value is next. */
static vdc_code read_block(hdf5_reader *self, series *of, vdc_diag *diag) {
    const uint64_t left = of->size - of->read, count = left < VDC_TRACE_BLOCK ? left : VDC_TRACE_BLOCK;
    const vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = vdc_dataset_read(&of->dataset, of->read, count, of->block.any, diag);
    vdc_hdf5_restore(scope);
    if (!code) code = check_reads(self, diag);
    for (uint64_t i = 0; !code && !of->bytes && i < count; i++)
        of->block.numbers[i] = (int64_t)vdc_dataset_number((const unsigned char *)&of->block.numbers[i]);
    of->read += count;
    of->held = (size_t)count;
    of->used = 0;
    return code;
}

/* The caller knows that there is one more. */
static vdc_code take_number(hdf5_reader *self, series *of, int64_t *value, vdc_diag *diag) {
    if (of->used == of->held) {
        const vdc_code code = read_block(self, of, diag);
        if (code) return code;
    }
    *value = of->block.numbers[of->used++];
    return VDC_OK;
}

/* A text up to its NUL into self->name; *have = false at the end of the series. */
static vdc_code take_text(hdf5_reader *self, series *of, bool *have, vdc_diag *diag) {
    for (size_t length = 0;; length++) {
        if (of->used == of->held) {
            *have = of->read < of->size;
            if (!*have) return length == 0 ? VDC_OK : refuse(self, "/names", "ends in the middle of a text", diag);
            const vdc_code code = read_block(self, of, diag);
            if (code) return code;
        }
        if (length >= NAME_LIMIT) return refuse(self, "/names", "holds a text beyond 1 MiB", diag);
        if (!VDC_RESERVE(self->name, self->name_capacity, length + 1)) return vdc_no_memory(diag, "names");
        self->name[length] = (char)of->block.text[of->used++];
        *have = true;
        if (self->name[length] == '\0') return VDC_OK;
    }
}

/* ---- rows ---- */

static vdc_code malformed(const hdf5_reader *self, const char *column, int64_t value, const char *what, vdc_diag *diag) {
    const vdc_place place = {self->path, 0, 0};
    return vdc_row_error(self->context.report, diag, &place, "VM %llu: %s is %lld, %s", (unsigned long long)self->row, column,
                         (long long)value, what);
}

/* The context's number for the file's; 0 is nobody. */
static bool map_name(const uint32_t *numbers, size_t count, int64_t value, uint32_t *out) {
    const bool good = value > 0 && (uint64_t)value < count;
    *out = good ? numbers[value] : 0;
    return good || value == 0;
}

static uint64_t map_models(const hdf5_reader *self, uint64_t mask, bool *good) {
    uint64_t mapped = 0;
    for (uint32_t i = 0; i < 64; i++) {
        if (!(mask >> i & 1)) continue;
        *good = *good && i + 1 < self->model_count && self->models[i + 1] > 0; /* 0: a name without a letter, which is nobody's */
        if (*good) mapped |= UINT64_C(1) << (self->models[i + 1] - 1);
    }
    return mapped;
}

/* Puts a column's value into the request; false when it is not one that the column can have. */
static bool set_value(const hdf5_reader *self, size_t index, int64_t value, vdc_request *request) {
    bool good = true;
    if (index == VDC_TRACE_SEGMENTS) return value >= -1;
    if (index == VDC_TRACE_PROGRESS) {
        request->progress = value == 1 ? VDC_PROGRESS_WORK : VDC_PROGRESS_TIME;
        return value == 0 || value == 1;
    }
    if (index == VDC_TRACE_SCALE_NUM || index == VDC_TRACE_SCALE_DEN) {
        *(index == VDC_TRACE_SCALE_NUM ? &request->checkpoint_scale_num : &request->checkpoint_scale_den) = value;
        return value > 0;
    }
    const vdc_native_column *column = &vdc_native_columns[index];
    switch (column->kind) {
    case VDC_NATIVE_NUMBER:
        *(int64_t *)(void *)((char *)request + column->offset) = value;
        return value >= column->minimum || (value == column->absent && !column->required); /* what is required is never absent */
    case VDC_NATIVE_TENANT: return map_name(self->tenants, self->tenant_count, value, &request->tenant);
    case VDC_NATIVE_GROUP: return map_name(self->groups, self->group_count, value, &request->group);
    case VDC_NATIVE_PART: request->part = (uint32_t)value; return value >= 0 && value < UINT32_MAX;
    case VDC_NATIVE_ISOLATION:
        if (self->context.isolation) return map_name(self->wishes, self->wish_count, value, &request->isolation);
        return value >= 0;
    case VDC_NATIVE_PRIORITY: request->priority = (int32_t)value; return value >= INT32_MIN && value <= INT32_MAX;
    case VDC_NATIVE_NUMA: request->numa_nodes = (uint8_t)value; return value >= 0 && value <= 64;
    case VDC_NATIVE_GPUS: request->gpu_count = (uint16_t)value; return value >= 0 && value <= 64;
    case VDC_NATIVE_GPU_MILLI: request->gpu_milli = (uint16_t)value; return value >= 0 && value <= 1000;
    case VDC_NATIVE_GPU_MODELS: request->gpu_models = map_models(self, (uint64_t)value, &good); return good;
    case VDC_NATIVE_LIST: return value == 0 || (value > 0 && (uint64_t)value < self->list_counts[column->offset]);
    case VDC_NATIVE_NAME:
    case VDC_NATIVE_PROGRESS:
    case VDC_NATIVE_SCALE: break;
    }
    return true;
}

static vdc_code take_segments(hdf5_reader *self, int64_t count, vdc_diag *diag) {
    const uint64_t left = self->duration.size - self->duration.read + (self->duration.held - self->duration.used);
    if ((uint64_t)count > left) return refuse(self, "/segments", "has fewer segments than /vms/segments says", diag);
    if (!VDC_RESERVE(self->segments, self->segment_capacity, (size_t)count)) return vdc_no_memory(diag, "load segments");
    for (int64_t i = 0; i < count; i++) {
        vdc_code code = take_number(self, &self->duration, &self->segments[i].duration, diag);
        if (!code) code = take_number(self, &self->demand, &self->segments[i].demand, diag);
        if (!code && (self->segments[i].duration < 0 || self->segments[i].demand < 0))
            code = refuse(self, "/segments", "has a negative duration or demand", diag);
        if (code) return code;
    }
    return VDC_OK;
}

/* What the texts of the row say, when its sizes are known. */
static vdc_code take_lists(hdf5_reader *self, vdc_request *out, bool *good, vdc_diag *diag) {
    const char *texts[VDC_NATIVE_LISTS] = {NULL};
    char wrong[256];
    for (int i = 0; i < VDC_NATIVE_LISTS; i++)
        if (self->list_values[i] > 0) texts[i] = vdc_names_text(self->list_texts[i], self->list_numbers[i][self->list_values[i]]);
    const vdc_code code = vdc_native_lists_take(&self->lists, texts, out, wrong, sizeof wrong);
    if (!code) return VDC_OK;
    *good = false;
    if (code == VDC_ERROR_MEMORY) return vdc_no_memory(diag, "a trace");
    const vdc_place place = {self->path, 0, 0};
    return vdc_row_error(self->context.report, diag, &place, "VM %llu: %s", (unsigned long long)self->row, wrong);
}

/* Reads row `self->row`. Every series moves on by one, also where a value is malformed (*good = false, reported). */
static vdc_code take_row(hdf5_reader *self, vdc_request *out, int64_t *segments, bool *good, vdc_diag *diag) {
    vdc_code bad = VDC_OK;
    memcpy(out, &vdc_request_blank, sizeof *out);
    *segments = -1;
    *good = true;
    for (size_t i = 0; i < VDC_TRACE_COLUMNS; i++) {
        series *column = &self->columns[i];
        int64_t value;
        if (!column->there) continue;
        const vdc_code code = take_number(self, column, &value, diag);
        if (code) return code;
        if (i < VDC_NATIVE_COLUMNS && vdc_native_columns[i].kind == VDC_NATIVE_LIST) self->list_values[vdc_native_columns[i].offset] = value;
        if (i == VDC_TRACE_SEGMENTS) *segments = value; /* also of a malformed row: its segments have to be passed over */
        if (*good && !set_value(self, i, value, out)) {
            *good = false;
            bad = malformed(self, vdc_trace_column_name(i), value, "which it cannot be", diag);
        }
    }
    bool have = false;
    if (self->names.there) {
        const vdc_code code = take_text(self, &self->names, &have, diag);
        if (code) return code;
    }
    if (have && *self->name) out->name = self->name;
    if (*good && out->arrival < self->last_arrival) {
        *good = false;
        bad = malformed(self, "arrival", out->arrival, "before that of the VM above it", diag);
    }
    char wrong[160];
    const vdc_place place = {self->path, 0, 0};
    for (vdc_cpu_key key = 0; self->has_cpu && *good && key < VDC_CPU_KEYS; key++) {
        if (!vdc_shape_cpu_wrong(key, out, &self->context, wrong, sizeof wrong)) continue;
        *good = false;
        bad = vdc_row_error(self->context.report, diag, &place, "VM %llu: %s", (unsigned long long)self->row, wrong);
    }
    if (*good && !bad) bad = take_lists(self, out, good, diag);
    const int64_t milli = out->gpu_milli;
    if (*good && !vdc_gpus_set(out, out->gpu_count, out->gpu_count ? milli : 0)) {
        *good = false;
        bad = malformed(self, "gpu_milli", milli, "which does not go with gpus", diag);
    }
    return bad;
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    hdf5_reader *self = (hdf5_reader *)source;
    for (;;) {
        *have = self->row < self->rows;
        if (!*have) return VDC_OK;
        int64_t segments;
        bool good;
        vdc_code code = take_row(self, out, &segments, &good, diag);
        self->row++;
        if (!code && segments > 0) code = take_segments(self, segments, diag);
        if (code) return code;
        if (!good) continue;
        self->last_arrival = out->arrival;
        return segments >= 0 ? vdc_live_loads_add(&self->loads, self->segments, (size_t)segments, out, diag) : VDC_OK;
    }
}

int64_t vdc_native_hdf5_row(const vdc_source *source) {
    return (int64_t)((const hdf5_reader *)source)->row - 1;
}

static void release(vdc_source *source, uint64_t token) {
    vdc_live_loads_release(&((hdf5_reader *)source)->loads, token);
}

static void close(vdc_source *source) {
    hdf5_reader *self = (hdf5_reader *)source;
    const vdc_hdf5_scope scope = vdc_hdf5_quiet();
    for (size_t i = 0; i < VDC_TRACE_COLUMNS; i++) close_series(&self->columns[i]);
    close_series(&self->names);
    close_series(&self->duration);
    close_series(&self->demand);
    if (self->file >= 0) H5Fclose(self->file);
    vdc_driver_close(&self->driver);
    vdc_hdf5_restore(scope);
    vdc_live_loads_free(&self->loads);
    vdc_free(self->tenants);
    vdc_free(self->groups);
    vdc_free(self->models);
    vdc_free(self->wishes);
    vdc_native_lists_close(&self->lists);
    for (int i = 0; i < VDC_NATIVE_LISTS; i++) {
        vdc_names_destroy(self->list_texts[i]);
        vdc_free(self->list_numbers[i]);
    }
    vdc_free(self->segments);
    vdc_free(self->name);
    vdc_free(self->path);
    vdc_free(self);
}

/* ---- opening ---- */

/* The names of a table, interned in the context's: numbers[i] = the context's number of the file's i. */
static vdc_code read_names(hdf5_reader *self, const char *dataset, vdc_names *names, uint32_t **numbers, size_t *count,
                           vdc_diag *diag) {
    series of;
    size_t capacity = 0;
    vdc_code code = open_series(self, &of, dataset, true, diag);
    while (!code && of.there) {
        bool have;
        code = take_text(self, &of, &have, diag);
        if (code || !have) break;
        if (!VDC_RESERVE(*numbers, capacity, *count + 1) || vdc_names_intern(names, self->name, strlen(self->name),
                                                                             &(*numbers)[*count]))
            code = vdc_no_memory(diag, "names");
        else ++*count;
    }
    close_series(&of);
    return code;
}

/* The entries of the context that the file's texts of wishes are. */
static vdc_code read_wishes(hdf5_reader *self, vdc_diag *diag) {
    vdc_names *texts;
    char wrong[256];
    vdc_code code = vdc_names_create(&texts, diag);
    if (!code) code = read_names(self, "/names/isolation", texts, &self->wishes, &self->wish_count, diag);
    for (size_t i = 0; i < self->wish_count && !code && self->context.isolation; i++)
        if (vdc_isolation_spec_parse(self->context.isolation, vdc_names_text(texts, self->wishes[i]), &self->wishes[i], wrong, sizeof wrong))
            code = refuse(self, "/names/isolation:", wrong, diag);
    vdc_names_destroy(texts);
    return code;
}

/* The texts of the columns that are no numbers. */
static vdc_code read_lists(hdf5_reader *self, vdc_diag *diag) {
    const vdc_place place = {self->path, 0, 0};
    unsigned there = 0;
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < VDC_NATIVE_COLUMNS && !code; i++) {
        const size_t which = vdc_native_columns[i].offset;
        char name[48];
        if (vdc_native_columns[i].kind != VDC_NATIVE_LIST || !self->columns[i].there) continue;
        there |= 1u << which;
        (void)snprintf(name, sizeof name, "/names/%s", vdc_native_columns[i].name);
        code = vdc_names_create(&self->list_texts[which], diag);
        if (!code) code = read_names(self, name, self->list_texts[which], &self->list_numbers[which], &self->list_counts[which], diag);
    }
    return code ? code : vdc_native_lists_open(&self->lists, &self->context, there, &place, diag);
}

/* Is every member of /vms a column? */
static herr_t check_member(hid_t group, const char *name, const H5L_info_t *info, void *unknown) {
    (void)group;
    (void)info;
    for (size_t i = 0; i < VDC_TRACE_COLUMNS; i++)
        if (vdc_trace_column_stored(i) && strcmp(name, vdc_trace_column_name(i)) == 0) return 0;
    if (strcmp(name, "checkpoint_scale") == 0) return 0; /* of earlier versions: says nothing beside checkpoint_scale_num */
    *(char **)unknown = vdc_strdup(name);
    return 1;
}

static vdc_code check_members(hdf5_reader *self, vdc_diag *diag) {
    char *unknown = NULL;
    const hid_t group = vdc_dataset_kind(self->file, "/vms") == H5O_TYPE_GROUP ? H5Gopen2(self->file, "/vms", H5P_DEFAULT) : -1;
    if (group < 0) return refuse(self, "/vms", "is not there: this is no native trace", diag);
    (void)H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, check_member, &unknown);
    H5Gclose(group);
    if (!unknown) return VDC_OK;
    const vdc_place place = {self->path, 0, 0};
    const vdc_code code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "/vms/%s is no column of a native trace", unknown);
    vdc_free(unknown);
    return code;
}

static vdc_code check_format(hdf5_reader *self, vdc_diag *diag) {
    int64_t format = -1;
    if (!vdc_attribute_integer(self->file, "vdcsim_trace", &format))
        return refuse(self, "the attribute vdcsim_trace", "is not there: this is no native trace", diag);
    return format == VDC_TRACE_FORMAT ? VDC_OK : refuse(self, "the attribute vdcsim_trace", "is not 1: made by another version",
                                                        diag);
}

static vdc_code open_columns(hdf5_reader *self, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    bool first = true;
    for (size_t i = 0; i < VDC_TRACE_COLUMNS && !code; i++) {
        char *name = self->column_paths[i];
        if (!vdc_trace_column_stored(i)) continue;
        (void)snprintf(name, sizeof self->column_paths[i], "/vms/%s", vdc_trace_column_name(i));
        code = open_series(self, &self->columns[i], name, false, diag);
        if (code) return code;
        if (!self->columns[i].there) {
            if (i < VDC_NATIVE_COLUMNS && vdc_native_columns[i].required) return refuse(self, name, "is not there", diag);
            continue;
        }
        if (i < VDC_NATIVE_COLUMNS && strncmp(vdc_native_columns[i].name, "cpu_", 4) == 0) self->has_cpu = true;
        if (!first && self->columns[i].size != self->rows) return refuse(self, name,
                                                                         "has another length than the columns before it", diag);
        self->rows = self->columns[i].size;
        first = false;
    }
    return VDC_OK;
}

static vdc_code start(hdf5_reader *self, vdc_diag *diag) {
    unsigned char begin[8];
    vdc_code code = vdc_driver_open(&self->driver, self->path, &self->file_size, begin, diag);
    if (code) return code;
    const hid_t access = vdc_driver_access(&self->driver);
    if (access >= 0) self->file = H5Fopen(self->path, H5F_ACC_RDONLY, access);
    if (self->file < 0) code = check_reads(self, diag);
    if (self->file < 0 && !code) code = cannot_read(self, "cannot be opened", diag); /* before the next call clears the reason */
    if (access >= 0) H5Pclose(access);
    if (!code) code = check_format(self, diag);
    if (!code) code = check_members(self, diag);
    if (!code) code = open_columns(self, diag);
    if (!code) code = open_series(self, &self->names, "/names/vms", true, diag);
    if (!code) code = open_series(self, &self->duration, "/segments/duration", false, diag);
    if (!code) code = open_series(self, &self->demand, "/segments/demand", false, diag);
    if (!code && self->duration.size != self->demand.size) code = refuse(self, "/segments", "has columns of two lengths", diag);
    if (!code) code = read_names(self, "/names/tenants", self->context.tenants, &self->tenants, &self->tenant_count, diag);
    if (!code) code = read_names(self, "/names/groups", self->context.groups, &self->groups, &self->group_count, diag);
    if (!code) code = read_wishes(self, diag);
    if (!code) code = read_lists(self, diag);
    if (!code) code = read_names(self, "/names/gpu_models", self->context.gpu_models, &self->models, &self->model_count, diag);
    for (size_t i = 0; i < self->model_count && !code; i++)
        if (self->models[i] > 64) code = refuse(self, "/names/gpu_models", "makes more than 64 GPU models", diag);
    if (!code) code = check_reads(self, diag);
    return code ? code : vdc_inputs_add(self->context.inputs, self->path, diag);
}

vdc_code vdc_native_hdf5_open_here(const char *path, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag) {
    static const vdc_source_operations operations = {next, release, close};
    *source = NULL;
    hdf5_reader *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->context = *context;
    self->file = H5I_INVALID_HID;
    self->driver = (vdc_driver){.descriptor = -1, .id = H5I_INVALID_HID};
    self->path = vdc_strdup(path);
    const vdc_hdf5_scope scope = vdc_hdf5_quiet();
    const vdc_code code = self->path ? start(self, diag) : vdc_no_memory(diag, "a path");
    vdc_hdf5_restore(scope);
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}

/* In a child: everything that reading the trace has the library do. */
static void visit_file(void *user) {
    vdc_workload_context context = {.report = NULL};
    vdc_source *source;
    const vdc_hdf5_scope scope = vdc_hdf5_quiet();
    if (!vdc_names_create(&context.tenants, NULL) && !vdc_names_create(&context.groups, NULL) && !vdc_names_create(&context.gpu_models, NULL)
        && !vdc_native_hdf5_open_here(user, &context, &source, NULL)) {
        hdf5_reader *self = (hdf5_reader *)source;
        series *const others[] = {&self->names, &self->duration, &self->demand};
        for (size_t i = 0; i < VDC_TRACE_COLUMNS; i++)
            if (self->columns[i].there) vdc_dataset_visit(&self->columns[i].dataset);
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            if (others[i]->there) vdc_dataset_visit(&others[i]->dataset);
        close(source);
    }
    vdc_names_destroy(context.tenants);
    vdc_names_destroy(context.groups);
    vdc_names_destroy(context.gpu_models);
    vdc_hdf5_restore(scope);
}

vdc_code vdc_native_hdf5_open(const char *path, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag) {
    *source = NULL;
    char *name = vdc_strdup(path);
    const vdc_code code = name ? vdc_guard_try_file(visit_file, name, diag) : vdc_no_memory(diag, "a path");
    vdc_free(name);
    return code ? code : vdc_native_hdf5_open_here(path, context, source, diag);
}
