/* A result file from its creation to its final name: attributes, summary, axes, digest. Tables are in table.c.
 *
 * Equal runs give equal bytes because nothing that varies goes in: object times are off, the format's version bounds
 * are fixed to what HDF5 1.8 and later read, and datasets are made in the order of the calls. The digest is defined in
 * result_digest.h.
 */
#include "sim/record/record.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/base/memory.h"
#include "sim/record/internal.h"
#include "sim/record/result_digest.h"

enum { CONVERSION_BUFFER = 1 << 16 };

/* ---- failures ---- */

vdc_code vdc_record_failed(vdc_record *record, const char *what, vdc_diag *diag) {
    char reason[256];
    vdc_hdf5_reason(reason, sizeof reason);
    if (record->failed)
        return VDC_ERROR_IO;
    record->failed = true;
    if (record->driver.error)
        return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be written: %s", record->partial, strerror(record->driver.error));
    return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: %s cannot be written: %s", record->partial, what, reason);
}

vdc_code vdc_record_no_memory(vdc_record *record, vdc_diag *diag) {
    if (record->failed)
        return VDC_ERROR_MEMORY;
    record->failed = true;
    return vdc_no_memory(diag, "the result file");
}

/* ---- digest ---- */

vdc_code vdc_record_line(vdc_record *record, const char *path, vdc_cell_type type, int rank, uint64_t rows, uint64_t width,
                         const char *values, vdc_diag *diag) {
    if (!vdc_digest_counts(path))
        return VDC_OK;
    if (!VDC_RESERVE(record->lines, record->line_capacity, record->line_count + 1))
        return vdc_record_no_memory(record, diag);
    vdc_record_digest_line line = {vdc_strdup(path), vdc_digest_line(path, type, rank, rows, width, values)};
    if (!line.path || !line.text) {
        vdc_free(line.path);
        vdc_free(line.text);
        return vdc_record_no_memory(record, diag);
    }
    record->lines[record->line_count++] = line;
    return VDC_OK;
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(((const vdc_record_digest_line *)a)->path, ((const vdc_record_digest_line *)b)->path);
}

static void digest_of_lines(vdc_record *record, char digest[VDC_DIGEST_TEXT]) {
    vdc_digest all;
    vdc_digest_start(&all);
    if (record->line_count > 0)
        qsort(record->lines, record->line_count, sizeof *record->lines, compare_lines);
    for (size_t i = 0; i < record->line_count; i++)
        vdc_digest_add(&all, record->lines[i].text, strlen(record->lines[i].text));
    vdc_digest_end(&all, digest);
}

/* ---- attributes and properties ---- */

hid_t vdc_record_type(const vdc_record *record, vdc_cell_type type) {
    return type == VDC_CELL_REAL ? H5T_IEEE_F64LE : type == VDC_CELL_INTEGER ? H5T_STD_I64LE : record->text_type;
}

hid_t vdc_record_memory_type(const vdc_record *record, vdc_cell_type type) {
    return type == VDC_CELL_REAL      ? H5T_NATIVE_DOUBLE
           : type == VDC_CELL_INTEGER ? H5T_NATIVE_INT64
                                      : vdc_record_type(record, type);
}

/* Writes one scalar attribute, replacing one of that name. */
static bool write_attribute(hid_t object, const char *name, hid_t file_type, hid_t memory_type, const void *value) {
    hid_t space = -1, attribute = -1;
    bool done = false;
    if (H5Aexists(object, name) > 0 && H5Adelete(object, name) < 0)
        return false;
    if ((space = H5Screate(H5S_SCALAR)) >= 0 &&
        (attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT)) >= 0)
        done = H5Awrite(attribute, memory_type, value) >= 0;
    if (attribute >= 0)
        done = H5Aclose(attribute) >= 0 && done;
    if (space >= 0)
        H5Sclose(space);
    return done;
}

static bool write_text_attribute(const vdc_record *record, hid_t object, const char *name, const char *text) {
    return write_attribute(object, name, record->text_type, record->text_type, &text);
}

vdc_code vdc_record_attribute_text(vdc_record *record, const char *name, const char *text, vdc_diag *diag) {
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = VDC_OK;
    if (record->failed || !write_text_attribute(record, record->file, name, text))
        code = vdc_record_failed(record, name, diag);
    vdc_hdf5_restore(scope);
    return code;
}

vdc_code vdc_record_attribute_integer(vdc_record *record, const char *name, int64_t value, vdc_diag *diag) {
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = VDC_OK;
    if (record->failed || !write_attribute(record->file, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value))
        code = vdc_record_failed(record, name, diag);
    vdc_hdf5_restore(scope);
    return code;
}

/* The list as sha256sum writes and checks it: "digest  name", a name with a line break escaped after a leading backslash. */
vdc_code vdc_record_inputs(vdc_record *record, const vdc_inputs *inputs, vdc_diag *diag) {
    size_t size = 1;
    for (size_t i = 0; i < inputs->count; i++)
        size += 2 * strlen(inputs->items[i].name) + VDC_DIGEST_TEXT + 3;
    char *list = vdc_malloc(size);
    if (!list)
        return vdc_record_no_memory(record, diag);
    char *at = list;
    for (size_t i = 0; i < inputs->count; i++) {
        const char *name = inputs->items[i].name;
        if (strpbrk(name, "\\\n"))
            *at++ = '\\';
        memcpy(at, inputs->items[i].sha256, VDC_DIGEST_TEXT - 1);
        at += VDC_DIGEST_TEXT - 1;
        *at++ = ' ';
        *at++ = ' ';
        for (; *name; name++) {
            if (*name == '\\' || *name == '\n')
                *at++ = '\\';
            *at++ = *name == '\n' ? 'n' : *name;
        }
        *at++ = '\n';
    }
    *at = '\0';
    vdc_code code = vdc_record_attribute_text(record, "inputs", list, diag);
    vdc_free(list);
    return code;
}

vdc_code vdc_record_describe(vdc_record *record, hid_t object, const char *path, const char *units, const char *long_name,
                             vdc_diag *diag) {
    if (!write_text_attribute(record, object, "units", units ? units : "1") ||
        !write_text_attribute(record, object, "long_name", long_name ? long_name : ""))
        return vdc_record_failed(record, path, diag);
    return VDC_OK;
}

hid_t vdc_record_dataset_properties(vdc_cell_type type, int rank, const hsize_t *chunk) {
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    bool done = properties >= 0 && H5Pset_obj_track_times(properties, false) >= 0;
    if (done && rank > 0)
        done = H5Pset_chunk(properties, rank, chunk) >= 0 && (type == VDC_CELL_TEXT || H5Pset_shuffle(properties) >= 0) &&
               H5Pset_deflate(properties, VDC_DEFLATE_LEVEL) >= 0;
    else if (done)
        done = H5Pset_layout(properties, H5D_COMPACT) >= 0;
    if (properties >= 0 && !done) {
        H5Pclose(properties);
        return -1;
    }
    return properties;
}

vdc_code vdc_record_group(vdc_record *record, const char *path, vdc_diag *diag) {
    char *prefix = vdc_strdup(path);
    if (!prefix)
        return vdc_record_no_memory(record, diag);
    vdc_code code = VDC_OK;
    for (char *end = prefix; code == VDC_OK && *end;) {
        end += strcspn(end + 1, "/") + 1;
        char kept = *end;
        *end = '\0';
        if (H5Lexists(record->file, prefix, H5P_DEFAULT) <= 0) {
            hid_t group = H5Gcreate2(record->file, prefix, H5P_DEFAULT, record->group_creation, H5P_DEFAULT);
            if (group < 0 || H5Gclose(group) < 0)
                code = vdc_record_failed(record, prefix, diag);
        }
        *end = kept;
    }
    vdc_free(prefix);
    return code;
}

/* ---- datasets written at once ---- */

/* The group of `path`, made if need be. */
static vdc_code group_above(vdc_record *record, const char *path, vdc_diag *diag) {
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return VDC_OK;
    char *group = vdc_strndup(path, (size_t)(slash - path));
    if (!group)
        return vdc_record_no_memory(record, diag);
    vdc_code code = vdc_record_group(record, group, diag);
    vdc_free(group);
    return code;
}

static void digest_whole(vdc_cell_type type, const vdc_cell *values, size_t count, size_t width, char text[VDC_DIGEST_TEXT]) {
    vdc_values_digest digest;
    vdc_values_digest_start(&digest);
    for (size_t i = 0; i < count; i++) {
        if (type == VDC_CELL_TEXT)
            vdc_digest_text(&digest.group, values[i].text ? values[i].text : "", values[i].text ? strlen(values[i].text) : 0);
        else
            vdc_digest_number(&digest.group, (uint64_t)values[i].integer);
        if ((i + 1) % width == 0)
            vdc_values_digest_advance(&digest, 1);
    }
    vdc_values_digest_end(&digest, text);
}

/* One dataset with all its values: a scalar (rank 0), an axis, or a grid. `scale_name` makes it a dimension scale of that name;
 * `axes`, when not NULL, names the scale of each dimension. */
static vdc_code write_whole(vdc_record *record, const char *path, vdc_cell_type type, int rank, const hsize_t *size,
                            const vdc_cell *values, const char *units, const char *long_name, const char *scale_name,
                            const char *const *axes, vdc_diag *diag) {
    if (record->failed)
        return VDC_ERROR_IO;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = group_above(record, path, diag);
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= size[i];
    size_t rows = rank > 0 ? size[0] : 1, width = rows > 0 && count > 0 ? count / rows : 1;
    hid_t memory_type = vdc_record_memory_type(record, type);
    hid_t space = -1, properties = -1, dataset = -1;
    if (code == VDC_OK) {
        bool chunked = rank > 0 && count > 0;
        space = rank > 0 ? H5Screate_simple(rank, size, NULL) : H5Screate(H5S_SCALAR);
        properties = vdc_record_dataset_properties(type, chunked ? rank : 0, size);
        bool good = space >= 0 && properties >= 0 &&
                    (dataset = H5Dcreate2(record->file, path, vdc_record_type(record, type), space, H5P_DEFAULT, properties,
                                          H5P_DEFAULT)) >= 0 &&
                    (count == 0 || H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, record->transfer, values) >= 0) &&
                    (!scale_name || H5DSset_scale(dataset, scale_name) >= 0);
        for (int i = 0; i < rank && axes && good; i++) {
            hid_t scale = H5Dopen2(record->file, axes[i], H5P_DEFAULT);
            good = scale >= 0 && H5DSattach_scale(dataset, scale, (unsigned)i) >= 0;
            if (scale >= 0)
                H5Dclose(scale);
        }
        code = good ? vdc_record_describe(record, dataset, path, units, long_name, diag) : vdc_record_failed(record, path, diag);
    }
    if (dataset >= 0 && H5Dclose(dataset) < 0 && code == VDC_OK)
        code = vdc_record_failed(record, path, diag);
    if (properties >= 0)
        H5Pclose(properties);
    if (space >= 0)
        H5Sclose(space);
    vdc_hdf5_restore(scope);
    if (code)
        return code;
    char digest[VDC_DIGEST_TEXT];
    digest_whole(type, values, count, width, digest);
    return vdc_record_line(record, path, type, rank > 2 ? 2 : rank, rows, width, digest, diag);
}

vdc_code vdc_record_summary(vdc_record *record, const char *key, vdc_cell_type type, vdc_cell value, const char *units,
                            const char *long_name, vdc_diag *diag) {
    char *path = vdc_format("/summary/%s", key);
    if (!path)
        return vdc_record_no_memory(record, diag);
    vdc_code code = write_whole(record, path, type, 0, NULL, &value, units, long_name, NULL, NULL, diag);
    vdc_free(path);
    return code;
}

static const char *last_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static vdc_code write_scale(vdc_record *record, const char *path, vdc_cell_type type, const char *long_name,
                            const vdc_cell *cells, size_t count, vdc_diag *diag) {
    const hsize_t size = count;
    return write_whole(record, path, type, 1, &size, cells, "1", long_name, last_name(path), NULL, diag);
}

vdc_code vdc_record_scale_text(vdc_record *record, const char *path, const char *long_name, const char *const *values,
                               const char *const *units, size_t count, vdc_diag *diag) {
    vdc_cell *cells = vdc_calloc(count + 1, sizeof *cells);
    char *unit_path = vdc_format("%s_unit", path);
    char *unit_long_name = vdc_format("unit of each %s", last_name(path));
    vdc_code code = VDC_OK;
    if (!cells || !unit_path || !unit_long_name)
        code = vdc_record_no_memory(record, diag);
    for (size_t i = 0; code == VDC_OK && i < count; i++)
        cells[i].text = values[i];
    if (code == VDC_OK)
        code = write_scale(record, path, VDC_CELL_TEXT, long_name, cells, count, diag);
    for (size_t i = 0; code == VDC_OK && units && i < count; i++)
        cells[i].text = units[i];
    const hsize_t size = count;
    if (code == VDC_OK && units)
        code = write_whole(record, unit_path, VDC_CELL_TEXT, 1, &size, cells, "1", unit_long_name, NULL, &path, diag);
    vdc_free(unit_long_name);
    vdc_free(unit_path);
    vdc_free(cells);
    return code;
}

vdc_code vdc_record_scale_integer(vdc_record *record, const char *path, const char *long_name, const int64_t *values,
                                  size_t count, vdc_diag *diag) {
    vdc_cell *cells = vdc_calloc(count + 1, sizeof *cells);
    if (!cells)
        return vdc_record_no_memory(record, diag);
    for (size_t i = 0; i < count; i++)
        cells[i].integer = values[i];
    vdc_code code = write_scale(record, path, VDC_CELL_INTEGER, long_name, cells, count, diag);
    vdc_free(cells);
    return code;
}

vdc_code vdc_record_scale_real(vdc_record *record, const char *path, const char *long_name, const double *values, size_t count,
                               vdc_diag *diag) {
    vdc_cell *cells = vdc_calloc(count + 1, sizeof *cells);
    if (!cells)
        return vdc_record_no_memory(record, diag);
    for (size_t i = 0; i < count; i++)
        cells[i].real = values[i];
    vdc_code code = write_scale(record, path, VDC_CELL_REAL, long_name, cells, count, diag);
    vdc_free(cells);
    return code;
}

vdc_code vdc_record_grid(vdc_record *record, const char *path, vdc_cell_type type, const char *const *scales, const size_t *lengths,
                         size_t count, const vdc_cell *cells, const char *units, const char *long_name, vdc_diag *diag) {
    hsize_t size[VDC_GRID_RANK];
    if (count == 0 || count > VDC_GRID_RANK)
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: a grid has 1 to %d axes", path, VDC_GRID_RANK);
    for (size_t i = 0; i < count; i++)
        size[i] = lengths[i];
    return write_whole(record, path, type, (int)count, size, cells, units, long_name, NULL, scales, diag);
}

/* ---- the file ---- */

static void record_free(vdc_record *record) {
    for (size_t i = 0; i < record->table_count; i++)
        vdc_table_destroy(record->tables[i]);
    vdc_free(record->tables);
    for (size_t i = 0; i < record->line_count; i++) {
        vdc_free(record->lines[i].path);
        vdc_free(record->lines[i].text);
    }
    vdc_free(record->lines);
    vdc_packer_close(&record->packer);
    vdc_free(record->scratch);
    vdc_free(record->partial);
    vdc_free(record->path);
    vdc_free(record);
}

/* Closes the HDF5 file and what belongs to it. Returns false when the library could not. */
static bool close_file(vdc_record *record) {
    bool closed = true;
    for (size_t i = 0; i < record->table_count; i++) {
        vdc_table_destroy(record->tables[i]);
        record->tables[i] = NULL;
    }
    record->table_count = 0;
    if (record->group_creation >= 0)
        H5Pclose(record->group_creation);
    if (record->transfer >= 0)
        H5Pclose(record->transfer);
    if (record->text_type >= 0)
        H5Tclose(record->text_type);
    if (record->file >= 0)
        closed = H5Fclose(record->file) >= 0;
    record->group_creation = record->transfer = record->text_type = record->file = H5I_INVALID_HID;
    return closed;
}

/* H5Fcreate so that nothing in the file bears the time. What is not the library's default (CHUNK_INDEX_FANOUT) goes into an object beside
 * the root group, which the library makes by its own default properties: those are changed for the moment. */
static hid_t create_without_times(const char *path, hid_t creation, hid_t access) {
    hbool_t before = true;
    H5Pget_obj_track_times(H5P_GROUP_CREATE_DEFAULT, &before);
    H5Pset_obj_track_times(H5P_GROUP_CREATE_DEFAULT, false);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    H5Pset_obj_track_times(H5P_GROUP_CREATE_DEFAULT, before);
    return file;
}

static vdc_code create_file(vdc_record *record, vdc_diag *diag) {
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t access = vdc_driver_access(&record->driver);
    record->text_type = vdc_hdf5_text_type();
    record->group_creation = H5Pcreate(H5P_GROUP_CREATE);
    record->transfer = H5Pcreate(H5P_DATASET_XFER);
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    vdc_code code = VDC_OK;
    if (creation < 0 || access < 0 || record->text_type < 0 || record->group_creation < 0 ||
        record->transfer < 0 || H5Pset_buffer(record->transfer, CONVERSION_BUFFER, NULL, NULL) < 0 ||
        H5Pset_obj_track_times(creation, false) < 0 || H5Pset_link_creation_order(creation, order) < 0 ||
        H5Pset_attr_phase_change(creation, 64, 32) < 0 ||
        H5Pset_obj_track_times(record->group_creation, false) < 0 ||
        H5Pset_link_creation_order(record->group_creation, order) < 0 ||
        H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) < 0 ||
        (record->file = create_without_times(record->partial, creation, access)) < 0)
        code = vdc_record_failed(record, "the file", diag);
    if (access >= 0)
        H5Pclose(access);
    if (creation >= 0)
        H5Pclose(creation);
    if (code == VDC_OK)
        code = vdc_record_attribute_integer(record, "format_version", VDC_RESULT_FORMAT, diag);
    if (code == VDC_OK)
        code = vdc_record_attribute_text(record, "vdcsim_version", VDC_VERSION, diag);
    if (code == VDC_OK)
        code = vdc_record_attribute_integer(record, "complete", 0, diag);
    return code;
}

vdc_code vdc_record_create(vdc_record **result, const char *path, bool force, vdc_diag *diag) {
    *result = NULL;
    struct stat status;
    if (lstat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is a folder, not a result file", path);
        if (!force)
            return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: exists already; --force replaces it", path);
    }
    vdc_record *record = vdc_calloc(1, sizeof *record);
    if (!record)
        return vdc_no_memory(diag, "the result file");
    record->file = record->text_type = record->group_creation = record->transfer = H5I_INVALID_HID;
    record->force = force;
    record->path = vdc_strdup(path);
    record->partial = vdc_format("%s.partial", path);
    if (!record->path || !record->partial || !vdc_packer_open(&record->packer)) {
        record_free(record);
        return vdc_no_memory(diag, "the result file");
    }
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = vdc_driver_create(&record->driver, record->partial, diag);
    if (code == VDC_OK && (code = create_file(record, diag)) != VDC_OK) {
        close_file(record);
        unlink(record->partial);
        vdc_driver_close(&record->driver);
    }
    vdc_hdf5_restore(scope);
    if (code) {
        record_free(record);
        return code;
    }
    *result = record;
    return VDC_OK;
}

static vdc_code write_digest(vdc_record *record, char digest[VDC_DIGEST_TEXT], vdc_diag *diag) {
    digest_of_lines(record, digest);
    vdc_cell cell = {.text = digest};
    vdc_code code = vdc_record_summary(record, "digest", VDC_CELL_TEXT, cell, "1", "SHA-256 of all values of this file", diag);
    if (code == VDC_OK)
        code = vdc_record_attribute_text(record, "digest", digest, diag);
    return code;
}

vdc_code vdc_record_finish(vdc_record *record, bool complete, char digest[VDC_DIGEST_TEXT], vdc_diag *diag) {
    char own[VDC_DIGEST_TEXT] = "";
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = record->failed ? VDC_ERROR_IO : VDC_OK;
    for (size_t i = 0; code == VDC_OK && i < record->table_count; i++)
        code = vdc_table_finish(record->tables[i], diag);
    if (code == VDC_OK)
        code = write_digest(record, own, diag);
    if (code == VDC_OK && complete)
        code = vdc_record_attribute_integer(record, "complete", 1, diag);
    bool closed = close_file(record);
    if (code == VDC_OK && (!closed || vdc_driver_sync(&record->driver) != 0))
        code = vdc_record_failed(record, "the end of the file", diag);
    vdc_hdf5_restore(scope);
    if (code)
        unlink(record->partial); /* what is there cannot be read */
    else if (complete)
        code = vdc_file_publish(record->partial, record->path, record->force, diag);
    vdc_driver_close(&record->driver);
    if (digest)
        memcpy(digest, own, sizeof own);
    record_free(record);
    return code;
}

void vdc_record_abandon(vdc_record *record) {
    if (!record)
        return;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    close_file(record);
    vdc_hdf5_restore(scope);
    unlink(record->partial);
    vdc_driver_close(&record->driver);
    record_free(record);
}
