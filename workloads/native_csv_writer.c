/* Writing the native CSV. See native.h for its columns, trace_writer.h for how writers are used.
 *
 * Numbers are written exactly, in the first unit of each column, with as many decimals as they need. Both files are
 * written under a temporary name and renamed when complete.
 */
#include "sim/base/memory.h"
#include "workloads/native.h"
#include "workloads/native_lists.h"
#include "workloads/trace_writer.h"
#include "workloads/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct output {
    char *path, *partial;
    FILE *file;
} output;

typedef struct csv_writer {
    vdc_trace_writer base;
    const vdc_workload_context *context;
    output vms, segments;
    uint64_t columns;
    bool force, without_memory;
    const char *unfit;      /* what of the row cannot be written, NULL = nothing */
    int64_t row;
} csv_writer;

static vdc_code cannot_write(const output *to, vdc_diag *diag) {
    return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be written: %s", to->path, strerror(errno));
}

static vdc_code open_output(output *to, const char *path, bool force, vdc_diag *diag) {
    to->path = vdc_strdup(path);
    to->partial = vdc_format("%s.partial", path);
    if (!to->path || !to->partial) return vdc_no_memory(diag, "a path");
    if (!force && access(path, F_OK) == 0) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s exists: --force replaces it", path);
    to->file = fopen(to->partial, "w");
    return to->file ? VDC_OK : cannot_write(to, diag);
}

static vdc_code finish_output(output *to, vdc_diag *diag) {
    if (!to->file) return VDC_OK;
    const bool failed = ferror(to->file) != 0;
    const bool closed = fclose(to->file) == 0;
    to->file = NULL;
    if (failed || !closed || rename(to->partial, to->path) != 0) return cannot_write(to, diag);
    return VDC_OK;
}

static void close_output(output *to) {
    if (to->file) {
        (void)fclose(to->file);
        (void)unlink(to->partial);
    }
    vdc_free(to->path);
    vdc_free(to->partial);
}

/* value / scale as a decimal with all its digits; the scale divides a power of ten. */
static void write_number(FILE *file, int64_t value, int64_t scale) {
    const uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t rest = magnitude % (uint64_t)scale;
    (void)fprintf(file, "%s%" PRIu64, value < 0 ? "-" : "", magnitude / (uint64_t)scale);
    if (rest) (void)fputc('.', file);
    while (rest) {
        const unsigned __int128 next = (unsigned __int128)rest * 10;
        (void)fputc('0' + (int)(next / (uint64_t)scale), file);
        rest = (uint64_t)(next % (uint64_t)scale);
    }
}

/* A text field, in quotes where it needs them. */
static void write_text(csv_writer *self, const char *text) {
    FILE *file = self->vms.file;
    if (strpbrk(text, "\r\n")) self->unfit = "a text with a line end";
    const size_t length = strlen(text);
    const bool quoted = strpbrk(text, ",\"") || (length && (text[0] == ' ' || text[0] == '\t' || text[length - 1] == ' '
                                                                || text[length - 1] == '\t'));
    if (!quoted) {
        (void)fputs(text, file);
        return;
    }
    (void)fputc('"', file);
    for (const char *c = text; *c; c++) {
        if (*c == '"') (void)fputc('"', file);
        (void)fputc(*c, file);
    }
    (void)fputc('"', file);
}

/* Names that come out of a list as they went into it: readers part it at '|' and take blanks and quotes off its parts. */
static bool fits_into_list(const char *name) {
    const size_t length = strlen(name);
    return length && !strpbrk(name, "|\"") && !strchr(" \t", name[0]) && !strchr(" \t", name[length - 1]);
}

static bool write_models(csv_writer *self, uint64_t models) {
    char *list = vdc_strdup("");
    for (uint32_t i = 0; i < 64 && list; i++) {
        if (!(models >> i & 1)) continue;
        const char *name = vdc_names_text(self->context->gpu_models, i + 1);
        if (!fits_into_list(name)) self->unfit = "the name of a GPU model with '|', a quote or blanks at its ends";
        char *longer = vdc_format("%s%s%s", list, *list ? "|" : "", name);
        vdc_free(list);
        list = longer;
    }
    if (list) write_text(self, list);
    vdc_free(list);
    return list != NULL;
}

static bool write_wishes(csv_writer *self, uint32_t index) {
    const vdc_isolation_specs *specs = self->context->isolation;
    char *text = specs ? vdc_isolation_spec_text(specs, index) : vdc_strdup("");
    if (text) write_text(self, text);
    vdc_free(text);
    return text != NULL;
}

static bool write_list(csv_writer *self, const vdc_request *request, vdc_native_list which) {
    char *text = vdc_native_list_text(self->context, request, which);
    if (text) write_text(self, text);
    vdc_free(text);
    return text != NULL;
}

static void write_field(csv_writer *self, const vdc_native_column *column, const vdc_request *request) {
    FILE *file = self->vms.file;
    bool absent;
    const int64_t value = vdc_native_value(column, request, &absent);
    if (absent) return;
    switch (column->kind) {
    case VDC_NATIVE_NAME: write_text(self, request->name); break;
    case VDC_NATIVE_TENANT: write_text(self, vdc_names_text(self->context->tenants, request->tenant)); break;
    case VDC_NATIVE_GROUP: write_text(self, vdc_names_text(self->context->groups, request->group)); break;
    case VDC_NATIVE_ISOLATION: self->without_memory |= !write_wishes(self, request->isolation); break;
    case VDC_NATIVE_GPU_MODELS: self->without_memory |= !write_models(self, request->gpu_models); break;
    case VDC_NATIVE_LIST: self->without_memory |= !write_list(self, request, (vdc_native_list)column->offset); break;
    case VDC_NATIVE_PROGRESS: (void)fputs(vdc_progress_words[value], file); break;
    case VDC_NATIVE_SCALE: write_number(file, request->checkpoint_scale_num, request->checkpoint_scale_den); break;
    case VDC_NATIVE_PRIORITY:
        if (value == VDC_PRIORITY_LOW || value == VDC_PRIORITY_HIGH) (void)fputs(value == VDC_PRIORITY_LOW ? "low" : "high",
                                                                                 file);
        else write_number(file, value, 1);
        break;
    case VDC_NATIVE_NUMBER:
    case VDC_NATIVE_NUMA:
    case VDC_NATIVE_PART:
    case VDC_NATIVE_GPUS:
    case VDC_NATIVE_GPU_MILLI:
        if (value != VDC_FOREVER) write_number(file, value, column->units[0].scale);
        else if (request->load) (void)fputs(VDC_NATIVE_FOREVER, file); /* else: an empty field, no end but the run's */
        break;
    }
}

static vdc_code write_segment(void *to, const vdc_segment *segment, vdc_diag *diag) {
    csv_writer *self = to;
    if (!self->segments.file)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "VM %lld has a load, which needs a second file", (long long)self->row);
    (void)fprintf(self->segments.file, "%lld,", (long long)self->row);
    if (segment->duration != VDC_FOREVER) write_number(self->segments.file, segment->duration, vdc_native_time_units[0].scale);
    (void)fprintf(self->segments.file, ",%lld\n", (long long)segment->demand);
    return VDC_OK;
}

static vdc_code add(vdc_trace_writer *writer, const vdc_request *request, vdc_diag *diag) {
    csv_writer *self = (csv_writer *)writer;
    const vdc_request plain = vdc_native_plain(self->context, request);
    bool first = true;
    for (unsigned i = 0; i < VDC_NATIVE_COLUMNS; i++) {
        if (!(self->columns >> i & 1)) continue;
        if (!first) (void)fputc(',', self->vms.file);
        write_field(self, &vdc_native_columns[i], &plain);
        first = false;
    }
    (void)fputc('\n', self->vms.file);
    if (self->without_memory) return vdc_no_memory(diag, "isolation and lists");
    if (self->unfit)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "VM %lld of the trace has %s, which a CSV cannot hold: write HDF5 (.h5)", (long long)self->row,
                        self->unfit);
    const vdc_code code = vdc_trace_segments(request, write_segment, self, diag);
    self->row++;
    if (code) return code;
    if (ferror(self->vms.file)) return cannot_write(&self->vms, diag);
    return self->segments.file && ferror(self->segments.file) ? cannot_write(&self->segments, diag) : VDC_OK;
}

static vdc_code finish(vdc_trace_writer *writer, vdc_diag *diag) {
    csv_writer *self = (csv_writer *)writer;
    const vdc_code code = finish_output(&self->segments, diag); /* first: a trace is there only with its loads */
    return code ? code : finish_output(&self->vms, diag);
}

static void close_writer(vdc_trace_writer *writer) {
    csv_writer *self = (csv_writer *)writer;
    close_output(&self->vms);
    close_output(&self->segments);
    vdc_free(self);
}

static void write_header(csv_writer *self) {
    char spelling[VDC_NATIVE_SPELLING];
    bool first = true;
    for (unsigned i = 0; i < VDC_NATIVE_COLUMNS; i++) {
        if (vdc_native_columns[i].required) self->columns |= UINT64_C(1) << i;
        if (!(self->columns >> i & 1)) continue;
        (void)fprintf(self->vms.file, "%s%s", first ? "" : ",", vdc_native_spell(&vdc_native_columns[i],
                                                                                 vdc_native_columns[i].units, spelling));
        first = false;
    }
    (void)fputc('\n', self->vms.file);
    if (self->segments.file) (void)fputs("row,duration_s,demand_hz\n", self->segments.file);
}

vdc_code vdc_native_csv_create(vdc_trace_writer **writer, const vdc_trace_target *target, vdc_diag *diag) {
    static const vdc_trace_writer_operations operations = {add, finish, close_writer};
    *writer = NULL;
    csv_writer *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace writer");
    self->base.operations = &operations;
    self->context = target->context;
    self->columns = target->columns;
    self->force = target->force;
    vdc_code code = open_output(&self->vms, target->path, target->force, diag);
    if (!code && target->segments_path) code = open_output(&self->segments, target->segments_path, target->force, diag);
    if (code) {
        close_writer(&self->base);
        return code;
    }
    write_header(self);
    *writer = &self->base;
    return VDC_OK;
}
