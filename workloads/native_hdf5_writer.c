/* Writing the native HDF5 trace. See native_hdf5.h for its layout, trace_writer.h for how writers are used.
 *
 * Rows are gathered in blocks of one chunk. A dataset is made when the first value comes that is not what an absent column
 * means; what lies before it is its fill value, which takes no room.
 */
#include "sim/base/memory.h"
#include "workloads/native_hdf5.h"
#include "workloads/native_lists.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A dataset that grows at its end. */
typedef struct growing {
    const char *group, *name, *unit, *help;
    bool bytes;             /* of uint8, else of int64 */
    int64_t fill;
    hid_t dataset;          /* 0 = not made yet */
    uint64_t written;       /* values in the file, those not stored included */
    size_t held;            /* values in the block */
    union { int64_t *numbers; unsigned char *text; void *any; } block;
} growing;

typedef struct hdf5_writer {
    vdc_trace_writer base;
    const vdc_workload_context *context;
    char *path, *partial;
    hid_t file;
    growing columns[VDC_TRACE_COLUMNS], names, duration, demand;
    int64_t segments;       /* of the VM being written */
    vdc_names *lists[VDC_NATIVE_LISTS]; /* texts so far */
    uint32_t list_numbers[VDC_NATIVE_LISTS]; /* of the VM being written */
} hdf5_writer;

static vdc_code cannot_write(const hdf5_writer *self, vdc_diag *diag) {
    char reason[256];
    return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be written: %s", self->partial, vdc_hdf5_reason(reason, sizeof reason));
}

/* ---- datasets ---- */

static bool set_text(hid_t object, const char *name, const char *text) {
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    bool good = type >= 0 && space >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
    const hid_t attribute = good ? H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
    good = attribute >= 0 && H5Awrite(attribute, type, text) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return good;
}

static hid_t stored_type(const growing *to) {
    return to->bytes ? H5T_STD_U8LE : H5T_STD_I64LE;
}
static hid_t memory_type(const growing *to) {
    return to->bytes ? H5T_NATIVE_UINT8 : H5T_NATIVE_INT64;
}

static bool make_dataset(hdf5_writer *self, growing *to) {
    const hsize_t none = 0, unlimited = H5S_UNLIMITED, chunk = VDC_TRACE_BLOCK;
    const hid_t space = H5Screate_simple(1, &none, &unlimited), creation = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t group = H5Gopen2(self->file, to->group, H5P_DEFAULT);
    const unsigned char no_text = 0;
    const void *fill = to->bytes ? (const void *)&no_text : &to->fill;
    const bool good = space >= 0 && group >= 0 && creation >= 0 && H5Pset_chunk(creation, 1, &chunk) >= 0
                      && H5Pset_obj_track_times(creation, false) >= 0 && H5Pset_fill_value(creation, memory_type(to), fill) >= 0
                      && (to->bytes || H5Pset_shuffle(creation) >= 0) && H5Pset_deflate(creation, 1) >= 0;
    to->dataset = good ? H5Dcreate2(group, to->name, stored_type(to), space, H5P_DEFAULT, creation, H5P_DEFAULT) : -1;
    if (group >= 0) H5Gclose(group);
    if (creation >= 0) H5Pclose(creation);
    if (space >= 0) H5Sclose(space);
    return to->dataset >= 0 && set_text(to->dataset, "units", to->unit) && set_text(to->dataset, "long_name", to->help);
}

/* Is every value of the block the fill value? */
static bool is_absent(const growing *to) {
    for (size_t i = 0; i < to->held; i++)
        if (to->bytes ? to->block.text[i] != 0 : to->block.numbers[i] != to->fill) return false;
    return true;
}

static bool write_block(growing *to) {
    const hsize_t begin = to->written, count = to->held, size = begin + count;
    if (H5Dset_extent(to->dataset, &size) < 0) return false;
    const hid_t space = H5Dget_space(to->dataset), memory = H5Screate_simple(1, &count, NULL);
    const bool good = space >= 0 && memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, &begin, NULL, &count, NULL) >= 0
                      && H5Dwrite(to->dataset, memory_type(to), memory, space, H5P_DEFAULT, to->block.any) >= 0;
    if (memory >= 0) H5Sclose(memory);
    if (space >= 0) H5Sclose(space);
    return good;
}

/* Writes what the block holds; a dataset of nothing but fill values is not made. */
static bool flush(hdf5_writer *self, growing *to) {
    if (to->dataset == 0 && !is_absent(to) && !make_dataset(self, to)) return false;
    if (to->dataset > 0 && to->held > 0 && !write_block(to)) return false;
    to->written += to->held;
    to->held = 0;
    return true;
}

static vdc_code put_number(hdf5_writer *self, growing *to, int64_t value, vdc_diag *diag) {
    to->block.numbers[to->held++] = value;
    return to->held < VDC_TRACE_BLOCK || flush(self, to) ? VDC_OK : cannot_write(self, diag);
}

static vdc_code put_text(hdf5_writer *self, growing *to, const char *text, vdc_diag *diag) {
    for (const char *c = text;; c++) {
        to->block.text[to->held++] = (unsigned char)*c;
        if (to->held == VDC_TRACE_BLOCK && !flush(self, to)) return cannot_write(self, diag);
        if (*c == '\0') return VDC_OK;
    }
}

static vdc_code begin(growing *to, const char *group, const char *name, const char *unit, const char *help, bool bytes,
                      int64_t fill,
                      vdc_diag *diag) {
    *to = (growing){.group = group, .name = name, .unit = unit, .help = help, .bytes = bytes, .fill = fill};
    to->block.any = vdc_calloc(VDC_TRACE_BLOCK, bytes ? 1 : sizeof(int64_t));
    return to->block.any ? VDC_OK : vdc_no_memory(diag, "a trace writer");
}

/* ---- rows ---- */

static int64_t value_of(const hdf5_writer *self, size_t column, const vdc_request *request) {
    bool absent;
    switch (column) {
    case VDC_TRACE_SEGMENTS: return request->load ? self->segments : -1;
    case VDC_TRACE_PROGRESS: return (int64_t)request->progress;
    case VDC_TRACE_SCALE_NUM: return request->checkpoint_scale_num;
    case VDC_TRACE_SCALE_DEN: return request->checkpoint_scale_den;
    default: break;
    }
    if (vdc_native_columns[column].kind == VDC_NATIVE_LIST) return self->list_numbers[vdc_native_columns[column].offset];
    return vdc_native_value(&vdc_native_columns[column], request, &absent);
}

/* The numbers of its texts. */
static vdc_code name_lists(hdf5_writer *self, const vdc_request *request, vdc_diag *diag) {
    for (int i = 0; i < VDC_NATIVE_LISTS; i++) {
        self->list_numbers[i] = 0;
        if (!(i == VDC_LIST_MEMORY ? request->memory_load : request->io)) continue;
        char *text = vdc_native_list_text(self->context, request, (vdc_native_list)i);
        const bool good = text && !vdc_names_intern(self->lists[i], text, strlen(text), &self->list_numbers[i]);
        vdc_free(text);
        if (!good) return vdc_no_memory(diag, "a trace writer");
    }
    return VDC_OK;
}

static vdc_code add_segment(void *to, const vdc_segment *segment, vdc_diag *diag) {
    hdf5_writer *self = to;
    self->segments++;
    const vdc_code code = put_number(self, &self->duration, segment->duration, diag);
    return code ? code : put_number(self, &self->demand, segment->demand, diag);
}

static vdc_code add(vdc_trace_writer *writer, const vdc_request *request, vdc_diag *diag) {
    hdf5_writer *self = (hdf5_writer *)writer;
    const vdc_hdf5_scope scope = vdc_hdf5_quiet();
    const vdc_request plain = vdc_native_plain(self->context, request);
    self->segments = 0;
    vdc_code code = vdc_trace_segments(request, add_segment, self, diag);
    if (!code) code = name_lists(self, request, diag);
    for (size_t i = 0; i < VDC_TRACE_COLUMNS && !code; i++)
        if (vdc_trace_column_stored(i)) code = put_number(self, &self->columns[i], value_of(self, i, &plain), diag);
    if (!code) code = put_text(self, &self->names, request->name ? request->name : "", diag);
    vdc_hdf5_restore(scope);
    return code;
}

/* ---- beginning and end ---- */

/* Closing writes what the dataset still holds of its last chunk. */
static bool close_dataset(growing *of) {
    const bool closed = of->dataset <= 0 || H5Dclose(of->dataset) >= 0;
    of->dataset = 0;
    return closed;
}

/* All names of a table, in the order of their numbers. */
static vdc_code write_names(hdf5_writer *self, const char *name, const vdc_names *names, vdc_diag *diag) {
    growing to;
    vdc_code code = begin(&to, "/names", name, "1", "texts that numbers stand for, each ended by a NUL", true, 0, diag);
    for (uint32_t i = 0; i < vdc_names_count(names) && !code; i++) code = put_text(self, &to, vdc_names_text(names, i), diag);
    if (!code && !flush(self, &to)) code = cannot_write(self, diag);
    if (!close_dataset(&to) && !code) code = cannot_write(self, diag);
    vdc_free(to.block.any);
    return code;
}

/* The wishes of all entries as texts, in the order of their numbers. */
static vdc_code write_wishes(hdf5_writer *self, vdc_diag *diag) {
    const vdc_isolation_specs *specs = self->context->isolation;
    if (!specs || !specs->used) return VDC_OK;
    growing to;
    vdc_code code = begin(&to, "/names", "isolation", "1", "wishes that numbers stand for, each ended by a NUL", true, 0, diag);
    for (uint32_t i = 0; i < specs->count && !code; i++) {
        char *text = vdc_isolation_spec_text(specs, i);
        code = text ? put_text(self, &to, text, diag) : vdc_no_memory(diag, "isolation");
        vdc_free(text);
    }
    if (!code && !flush(self, &to)) code = cannot_write(self, diag);
    if (!close_dataset(&to) && !code) code = cannot_write(self, diag);
    vdc_free(to.block.any);
    return code;
}

static vdc_code flush_all(hdf5_writer *self, vdc_diag *diag) {
    for (size_t i = 0; i < VDC_TRACE_COLUMNS; i++)
        if (vdc_trace_column_stored(i) && !flush(self, &self->columns[i])) return cannot_write(self, diag);
    if (!flush(self, &self->names) || !flush(self, &self->duration) || !flush(self, &self->demand)) return cannot_write(self,
            diag);
    vdc_code code = write_names(self, "tenants", self->context->tenants, diag);
    if (!code) code = write_names(self, "groups", self->context->groups, diag);
    if (!code) code = write_wishes(self, diag);
    for (size_t i = 0; i < VDC_NATIVE_COLUMNS && !code; i++) {
        const vdc_native_column *column = &vdc_native_columns[i];
        if (column->kind == VDC_NATIVE_LIST && vdc_names_count(self->lists[column->offset]) > 1)
            code = write_names(self, column->name, self->lists[column->offset], diag);
    }
    return code ? code : write_names(self, "gpu_models", self->context->gpu_models, diag);
}

/* All of them, also behind one that cannot be written. */
static vdc_code close_datasets(hdf5_writer *self, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < VDC_TRACE_COLUMNS; i++)
        if (!close_dataset(&self->columns[i]) && !code) code = cannot_write(self, diag);
    growing *const others[] = {&self->names, &self->duration, &self->demand};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!close_dataset(others[i]) && !code) code = cannot_write(self, diag);
    return code;
}

static vdc_code finish(vdc_trace_writer *writer, vdc_diag *diag) {
    hdf5_writer *self = (hdf5_writer *)writer;
    const vdc_hdf5_scope scope = vdc_hdf5_quiet();
    /* These are there in any case: a trace of no VMs is one, too. */
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < VDC_NATIVE_COLUMNS && !code; i++)
        if (vdc_native_columns[i].required && self->columns[i].dataset == 0 && !make_dataset(self, &self->columns[i]))
            code = cannot_write(self, diag);
    if (!code) code = flush_all(self, diag);
    const vdc_code written = close_datasets(self, code ? NULL : diag);
    if (!code) code = written;
    const herr_t closed = H5Fclose(self->file);
    self->file = -1;
    if (!code && closed < 0) code = cannot_write(self, diag);
    if (!code && rename(self->partial, self->path) != 0)
        code = vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be renamed: %s", self->partial, strerror(errno));
    if (code) (void)unlink(self->partial);
    vdc_hdf5_restore(scope);
    return code;
}

static void close_writer(vdc_trace_writer *writer) {
    hdf5_writer *self = (hdf5_writer *)writer;
    const vdc_hdf5_scope scope = vdc_hdf5_quiet();
    (void)close_datasets(self, NULL); /* the file is not wanted any more */
    if (self->file >= 0) {
        H5Fclose(self->file);
        (void)unlink(self->partial);
    }
    vdc_hdf5_restore(scope);
    for (size_t i = 0; i < VDC_TRACE_COLUMNS; i++) vdc_free(self->columns[i].block.any);
    vdc_free(self->names.block.any);
    vdc_free(self->duration.block.any);
    vdc_free(self->demand.block.any);
    for (int i = 0; i < VDC_NATIVE_LISTS; i++) vdc_names_destroy(self->lists[i]);
    vdc_free(self->path);
    vdc_free(self->partial);
    vdc_free(self);
}

static bool make_file(hdf5_writer *self) {
    static const char *const groups[] = {"/vms", "/names", "/segments"};
    const int format = VDC_TRACE_FORMAT;
    self->file = H5Fcreate(self->partial, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (self->file < 0) {
        (void)unlink(self->partial); /* it may be there all the same */
        return false;
    }
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(self->file, "vdcsim_trace", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    bool good = attribute >= 0 && H5Awrite(attribute, H5T_NATIVE_INT, &format) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0] && good; i++) {
        const hid_t group = H5Gcreate2(self->file, groups[i], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        good = group >= 0;
        if (good) H5Gclose(group);
    }
    return good;
}

static vdc_code start(hdf5_writer *self, const vdc_trace_target *target, vdc_diag *diag) {
    self->path = vdc_strdup(target->path);
    self->partial = vdc_format("%s.partial", target->path);
    if (!self->path || !self->partial) return vdc_no_memory(diag, "a path");
    if (!target->force && access(target->path, F_OK) == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s exists: --force replaces it", target->path);
    vdc_code code = VDC_OK;
    for (int i = 0; i < VDC_NATIVE_LISTS && !code; i++) code = vdc_names_create(&self->lists[i], diag);
    for (size_t i = 0; i < VDC_TRACE_COLUMNS && !code; i++)
        if (vdc_trace_column_stored(i))
            code = begin(&self->columns[i], "/vms", vdc_trace_column_name(i), vdc_trace_column_unit(i), vdc_trace_column_name(i),
                         false,
                         vdc_trace_column_absent(i), diag);
    if (!code) code = begin(&self->names, "/names", "vms", "1", "the VMs' own names, each ended by a NUL", true, 0, diag);
    /* No segment is all fill values: the first one makes the datasets. */
    if (!code) code = begin(&self->duration, "/segments", "duration", "ns", "how long the segment lasts", false, -1, diag);
    if (!code) code = begin(&self->demand, "/segments", "demand", "Hz", "what the whole VM asks for", false, -1, diag);
    return !code && !make_file(self) ? cannot_write(self, diag) : code;
}

vdc_code vdc_native_hdf5_create(vdc_trace_writer **writer, const vdc_trace_target *target, vdc_diag *diag) {
    static const vdc_trace_writer_operations operations = {add, finish, close_writer};
    *writer = NULL;
    hdf5_writer *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace writer");
    self->base.operations = &operations;
    self->context = target->context;
    self->file = -1;
    const vdc_hdf5_scope scope = vdc_hdf5_quiet();
    const vdc_code code = start(self, target, diag);
    vdc_hdf5_restore(scope);
    if (code) close_writer(&self->base);
    else *writer = &self->base;
    return code;
}
