/* Checked reading of datasets: see dataset.h. */
#include "sim/base/dataset.h"

#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/pack.h"

enum {
    CHUNK_BYTES_MAX = 32 << 20,
    TEXT_BYTES_MAX = 64 << 20, /* of one call */
    INFLATION = 1032           /* deflate cannot do better */
};

static vdc_code damaged(const vdc_dataset *dataset, const char *what, vdc_diag *diag) {
    H5Eclear2(H5E_DEFAULT);
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: %s %s", dataset->file, dataset->path, what);
}

/* ---- attributes and links ---- */

char *vdc_attribute_text(hid_t object, const char *name) {
    char *text = NULL, *read = NULL;
    hid_t attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
    if (attribute < 0)
        return NULL;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    if (type >= 0 && space >= 0 && H5Sget_simple_extent_type(space) == H5S_SCALAR && H5Tget_class(type) == H5T_STRING) {
        size_t size = H5Tget_size(type);
        htri_t variable = H5Tis_variable_str(type);
        if (variable > 0) {
            hid_t memory_type = vdc_hdf5_text_type();
            H5Tset_cset(memory_type, H5Tget_cset(type));
            if (H5Aread(attribute, memory_type, &read) >= 0)
                text = vdc_strdup(read ? read : "");
            H5free_memory(read);
            H5Tclose(memory_type);
        } else if (variable == 0 && size > 0 && size <= H5Aget_storage_size(attribute) && (text = vdc_calloc(size + 1, 1)) &&
                   H5Aread(attribute, type, text) < 0) {
            vdc_free(text);
            text = NULL;
        }
    }
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    H5Aclose(attribute);
    return text;
}

bool vdc_attribute_integer(hid_t object, const char *name, int64_t *value) {
    hid_t attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
    if (attribute < 0)
        return false;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    bool done = type >= 0 && space >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Sget_simple_extent_type(space) == H5S_SCALAR &&
                H5Aread(attribute, H5T_NATIVE_INT64, value) >= 0;
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    H5Aclose(attribute);
    return done;
}

static herr_t visit_attribute(hid_t object, const char *name, const H5A_info_t *info, void *user) {
    int64_t number;
    (void)info;
    (void)user;
    if (!vdc_attribute_integer(object, name, &number))
        vdc_free(vdc_attribute_text(object, name));
    return 0;
}

void vdc_attributes_visit(hid_t object) {
    hsize_t at = 0;
    (void)H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &at, visit_attribute, NULL);
}

H5O_type_t vdc_dataset_kind(hid_t file, const char *path) {
    char prefix[512];
    H5L_info_t link;
    H5O_info_t object;
    if (path[0] != '/' || strlen(path) >= sizeof prefix)
        return H5O_TYPE_UNKNOWN;
    strcpy(prefix, path);
    for (char *end = prefix; *end;) { /* every link on the way must be a plain one: no other file, no name to follow */
        end += strcspn(end + 1, "/") + 1;
        char kept = *end;
        *end = '\0';
        if (H5Lexists(file, prefix, H5P_DEFAULT) <= 0 || H5Lget_info(file, prefix, &link, H5P_DEFAULT) < 0 ||
            link.type != H5L_TYPE_HARD)
            return H5O_TYPE_UNKNOWN;
        *end = kept;
    }
    return H5Oget_info_by_name(file, path, &object, H5P_DEFAULT) >= 0 ? object.type : H5O_TYPE_UNKNOWN;
}

/* ---- opening ---- */

static bool find_type(vdc_dataset *dataset, hid_t type, bool bytes) {
    dataset->type = VDC_CELL_INTEGER;
    dataset->cell_size = 1;
    if (bytes)
        return H5Tequal(type, H5T_STD_U8LE) > 0;
    dataset->cell_size = sizeof(vdc_cell);
    if (H5Tget_class(type) == H5T_STRING) {
        dataset->type = VDC_CELL_TEXT;
        dataset->cell_size = VDC_TEXT_REFERENCE;
        return H5Tis_variable_str(type) > 0;
    }
    dataset->type = H5Tget_class(type) == H5T_FLOAT ? VDC_CELL_REAL : VDC_CELL_INTEGER;
    return H5Tequal(type, H5T_IEEE_F64LE) > 0 || H5Tequal(type, H5T_STD_I64LE) > 0;
}

static bool find_shape(vdc_dataset *dataset, hid_t space) {
    hsize_t size[2] = {1, 1};
    dataset->rank = H5Sget_simple_extent_ndims(space);
    if (H5Sget_simple_extent_type(space) == H5S_NULL || dataset->rank < 0 || dataset->rank > 2 ||
        H5Sget_simple_extent_dims(space, size, NULL) < 0)
        return false;
    dataset->rows = size[0];
    dataset->width = size[1];
    return true;
}

/* A file of `size` bytes holds at most so many rows: each has a value of its own on the axis, however well that is compressed.
 * The product may be larger, for parts that are zero are not stored; whoever reads it does so in pieces. */
static bool is_plausible(const vdc_dataset *dataset, uint64_t size) {
    uint64_t most = size < UINT64_MAX / INFLATION / 64 ? size * INFLATION / 8 : UINT64_MAX / 64;
    return dataset->rows <= most && dataset->width <= most &&
           (dataset->rows == 0 || dataset->width == 0 || dataset->rows <= most * 64 / dataset->width);
}

/* Numbers and bytes as they are stored. */
static hid_t stored_type(const vdc_dataset *dataset) {
    if (dataset->cell_size == 1)
        return H5T_STD_U8LE;
    return dataset->type == VDC_CELL_REAL ? H5T_IEEE_F64LE : H5T_STD_I64LE;
}

static bool find_storage(vdc_dataset *dataset, hid_t properties) {
    H5D_fill_value_t filled = H5D_FILL_VALUE_UNDEFINED;
    H5D_layout_t layout = H5Pget_layout(properties);
    hsize_t chunk[2] = {1, 1};
    if (layout == H5D_CONTIGUOUS || layout == H5D_COMPACT)
        return H5Pget_external_count(properties) == 0;
    if (dataset->type != VDC_CELL_TEXT && H5Pfill_value_defined(properties, &filled) >= 0 && filled != H5D_FILL_VALUE_UNDEFINED &&
        H5Pget_fill_value(properties, stored_type(dataset), dataset->fill) < 0)
        return false;
    int filters = H5Pget_nfilters(properties);
    if (layout != H5D_CHUNKED || dataset->rank == 0 || H5Pget_chunk(properties, 2, chunk) != dataset->rank || filters < 0 ||
        filters > VDC_DATASET_FILTERS)
        return false;
    dataset->chunked = true;
    dataset->filters = (unsigned)filters;
    dataset->chunk_rows = chunk[0];
    dataset->chunk_width = dataset->rank == 2 ? chunk[1] : 1;
    for (unsigned i = 0; i < dataset->filters; i++) {
        size_t values = 0;
        unsigned flags;
        H5Z_filter_t filter = H5Pget_filter2(properties, i, &flags, &values, NULL, 0, NULL, NULL);
        if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_DEFLATE)
            return false;
        dataset->shuffles[i] = filter == H5Z_FILTER_SHUFFLE;
    }
    return dataset->chunk_rows > 0 && dataset->chunk_width > 0 && dataset->chunk_rows <= CHUNK_BYTES_MAX / dataset->cell_size &&
           dataset->chunk_width <= CHUNK_BYTES_MAX / dataset->cell_size / dataset->chunk_rows;
}

static vdc_code open_dataset(vdc_dataset *dataset, bool bytes, hid_t file, const char *path, uint64_t size, const char *name, vdc_diag *diag) {
    *dataset = (vdc_dataset){.file = name, .path = path, .id = H5I_INVALID_HID};
    if (vdc_dataset_kind(file, path) != H5O_TYPE_DATASET || (dataset->id = H5Dopen2(file, path, H5P_DEFAULT)) < 0)
        return damaged(dataset, "is no dataset of this file", diag);
    hid_t type = H5Dget_type(dataset->id), space = H5Dget_space(dataset->id), properties = H5Dget_create_plist(dataset->id);
    const char *reason = NULL;
    if (type < 0 || !find_type(dataset, type, bytes))
        reason = "has a type that such files do not use (64-bit integers, doubles, texts)";
    else if (space < 0 || !find_shape(dataset, space))
        reason = "has a shape that such files do not use (at most two dimensions)";
    else if (!is_plausible(dataset, size))
        reason = "claims more values than a file of this size can hold";
    else if (properties < 0 || !find_storage(dataset, properties))
        reason = "is stored in a way that such files do not use (chunks of at most 32 MiB with shuffle and deflate)";
    if (properties >= 0)
        H5Pclose(properties);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (!reason)
        return VDC_OK;
    vdc_code code = damaged(dataset, reason, diag);
    vdc_dataset_close(dataset);
    return code;
}

vdc_code vdc_dataset_open(vdc_dataset *dataset, hid_t file, const char *path, uint64_t size, const char *name, vdc_diag *diag) {
    return open_dataset(dataset, false, file, path, size, name, diag);
}

vdc_code vdc_dataset_open_bytes(vdc_dataset *dataset, hid_t file, const char *path, uint64_t size, const char *name, vdc_diag *diag) {
    return open_dataset(dataset, true, file, path, size, name, diag);
}

void vdc_dataset_close(vdc_dataset *dataset) {
    if (dataset->id >= 0)
        H5Dclose(dataset->id);
    vdc_free(dataset->plain);
    dataset->id = H5I_INVALID_HID;
    dataset->plain = NULL;
}

/* ---- chunks ---- */

/* Undoes the filters on `size` bytes at `from`; both buffers hold `bytes`. *plain becomes where the result is. */
static vdc_code undo_filters(const vdc_dataset *dataset, uint32_t skipped, unsigned char *from, size_t size, unsigned char *other,
                             size_t bytes, const unsigned char **plain) {
    for (unsigned i = dataset->filters; i-- > 0;) {
        if (skipped >> i & 1)
            continue;
        if (dataset->shuffles[i]) {
            if (size != bytes)
                return VDC_ERROR_INPUT;
            vdc_unshuffle(from, other, bytes / dataset->cell_size, dataset->cell_size);
        } else {
            vdc_code code = vdc_inflate(from, size, other, bytes);
            if (code)
                return code;
            size = bytes;
        }
        unsigned char *free_now = from;
        from = other;
        other = free_now;
    }
    *plain = from;
    return size == bytes ? VDC_OK : VDC_ERROR_INPUT;
}

/* Makes dataset->plain the chunk that begins at (row, column). */
static vdc_code load_chunk(vdc_dataset *dataset, uint64_t row, uint64_t column, vdc_diag *diag) {
    if (dataset->plain_valid && dataset->plain_row == row && dataset->plain_column == column)
        return VDC_OK;
    hsize_t at[2] = {row, column}, stored = 0;
    size_t bytes = (size_t)(dataset->chunk_rows * dataset->chunk_width) * dataset->cell_size;
    dataset->plain_valid = false;
    if (!dataset->plain && !(dataset->plain = vdc_malloc(bytes)))
        return vdc_no_memory(diag, "a chunk of a file");
    if (H5Dget_chunk_storage_size(dataset->id, at, &stored) < 0)
        stored = 0;
    if (stored == 0) { /* never written */
        H5Eclear2(H5E_DEFAULT);
        memset(dataset->plain, 0, bytes);
        static const unsigned char zero[8];
        bool filled = dataset->type != VDC_CELL_TEXT && memcmp(dataset->fill, zero, dataset->cell_size) != 0;
        for (size_t i = 0; filled && i < bytes; i += dataset->cell_size)
            memcpy(dataset->plain + i, dataset->fill, dataset->cell_size);
    } else {
        uint32_t skipped = 0;
        if (stored > bytes + 64) /* what does not become smaller is stored as it is */
            return damaged(dataset, "is damaged: a chunk is larger than what it holds", diag);
        unsigned char *packed = vdc_malloc(bytes + 64), *other = vdc_malloc(bytes + 64);
        vdc_code code = packed && other ? VDC_OK : VDC_ERROR_MEMORY;
        const unsigned char *plain = NULL;
        if (code == VDC_OK && H5Dread_chunk(dataset->id, H5P_DEFAULT, at, &skipped, packed) < 0)
            code = VDC_ERROR_INPUT;
        if (code == VDC_OK)
            code = undo_filters(dataset, skipped, packed, (size_t)stored, other, bytes, &plain);
        if (code == VDC_OK)
            memcpy(dataset->plain, plain, bytes);
        vdc_free(other);
        vdc_free(packed);
        if (code == VDC_ERROR_MEMORY)
            return vdc_no_memory(diag, "a chunk of a file");
        if (code)
            return damaged(dataset, "is damaged: a chunk cannot be unpacked", diag);
    }
    dataset->plain_row = row;
    dataset->plain_column = column;
    dataset->plain_valid = true;
    return VDC_OK;
}

/* ---- reading ---- */

/* Selects rows in *file and makes *memory their shape. Close both when >= 0. */
static bool select_rows(const vdc_dataset *dataset, uint64_t first, uint64_t count, hid_t *file, hid_t *memory) {
    hsize_t start[2] = {first, 0}, size[2] = {count, dataset->width};
    *file = H5Dget_space(dataset->id);
    *memory = dataset->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(dataset->rank, size, NULL);
    return *file >= 0 && *memory >= 0 &&
           (dataset->rank == 0 || H5Sselect_hyperslab(*file, H5S_SELECT_SET, start, NULL, size, NULL) >= 0);
}

/* Reads rows through the library. */
static bool read_whole(const vdc_dataset *dataset, uint64_t first, uint64_t count, hid_t type, hid_t transfer, void *out) {
    hid_t file, memory;
    bool done =
        select_rows(dataset, first, count, &file, &memory) && H5Dread(dataset->id, type, memory, file, transfer, out) >= 0;
    if (file >= 0)
        H5Sclose(file);
    if (memory >= 0)
        H5Sclose(memory);
    return done;
}

static bool lies_inside(const vdc_dataset *dataset, uint64_t first, uint64_t count) {
    return first <= dataset->rows && count <= dataset->rows - first;
}

vdc_code vdc_dataset_read(vdc_dataset *dataset, uint64_t first, uint64_t count, void *out, vdc_diag *diag) {
    if (!lies_inside(dataset, first, count) || dataset->type == VDC_CELL_TEXT)
        return damaged(dataset, "has no such rows of numbers", diag);
    if (count == 0 || dataset->width == 0)
        return VDC_OK;
    size_t cell = dataset->cell_size;
    unsigned char *to = out;
    if (!dataset->chunked) {
        return read_whole(dataset, first, count, stored_type(dataset), H5P_DEFAULT, out) ? VDC_OK : damaged(dataset, "is damaged", diag);
    }
    for (uint64_t row = first; row < first + count;) {
        uint64_t top = row - row % dataset->chunk_rows, bottom = top + dataset->chunk_rows;
        if (bottom > first + count)
            bottom = first + count;
        for (uint64_t left = 0; left < dataset->width; left += dataset->chunk_width) {
            vdc_code code = load_chunk(dataset, top, left, diag);
            if (code)
                return code;
            uint64_t wide = dataset->width - left < dataset->chunk_width ? dataset->width - left : dataset->chunk_width;
            for (uint64_t r = row; r < bottom; r++)
                memcpy(to + ((r - first) * dataset->width + left) * cell,
                       dataset->plain + (r - top) * dataset->chunk_width * cell, wide * cell);
        }
        row = bottom;
    }
    return VDC_OK;
}

/* ---- texts ---- */

/* Memory that the library takes texts from: bounded, and freed at once. */
typedef struct vdc_text_memory {
    vdc_arena *arena;
    size_t left;
} vdc_text_memory;

static void *text_allocate(size_t size, void *user) {
    vdc_text_memory *memory = user;
    if (size > memory->left)
        return NULL;
    memory->left -= size;
    return vdc_arena_alloc(memory->arena, size);
}

static void text_free(void *text, void *user) {
    (void)text;
    (void)user;
}

/* Unpacks every chunk of the rows once, so that the library will not meet one that inflates without end. */
static vdc_code check_chunks(vdc_dataset *dataset, uint64_t first, uint64_t count, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    if (dataset->chunked)
        for (uint64_t top = first - first % dataset->chunk_rows; code == VDC_OK && top < first + count;
             top += dataset->chunk_rows)
            for (uint64_t left = 0; code == VDC_OK && left < dataset->width; left += dataset->chunk_width)
                code = load_chunk(dataset, top, left, diag);
    return code;
}

vdc_code vdc_dataset_read_texts(vdc_dataset *dataset, uint64_t first, uint64_t count, vdc_arena *texts, const char **out,
                                vdc_diag *diag) {
    vdc_text_memory memory = {texts, TEXT_BYTES_MAX};
    if (!lies_inside(dataset, first, count) || dataset->type != VDC_CELL_TEXT)
        return damaged(dataset, "has no such rows of texts", diag);
    vdc_code code = check_chunks(dataset, first, count, diag);
    if (code)
        return code;
    hid_t transfer = H5Pcreate(H5P_DATASET_XFER), type = vdc_hdf5_text_type(), stored = H5Dget_type(dataset->id);
    memset(out, 0, count * dataset->width * sizeof *out);
    bool done = transfer >= 0 && type >= 0 && stored >= 0 && H5Tset_cset(type, H5Tget_cset(stored)) >= 0 &&
                H5Pset_vlen_mem_manager(transfer, text_allocate, &memory, text_free, &memory) >= 0 &&
                read_whole(dataset, first, count, type, transfer, out);
    for (uint64_t i = 0; done && i < count * dataset->width; i++)
        if (!out[i])
            out[i] = "";
    if (stored >= 0)
        H5Tclose(stored);
    if (type >= 0)
        H5Tclose(type);
    if (transfer >= 0)
        H5Pclose(transfer);
    return done ? VDC_OK : damaged(dataset, "is damaged, or has texts of more than 64 MiB at a time", diag);
}

/* ---- visiting ---- */

static void visit_texts(vdc_dataset *dataset) {
    const uint64_t most = (uint64_t)1 << 16, wide = dataset->width ? dataset->width : 1, step = most / wide ? most / wide : 1;
    for (uint64_t row = 0; row < dataset->rows; row += step) {
        uint64_t count = dataset->rows - row < step ? dataset->rows - row : step;
        vdc_arena texts = {0};
        const char **out = vdc_calloc(count * wide, sizeof *out);
        if (out)
            (void)vdc_dataset_read_texts(dataset, row, count, &texts, out, NULL);
        vdc_free(out);
        vdc_arena_free(&texts);
    }
}

void vdc_dataset_visit(vdc_dataset *dataset) {
    vdc_attributes_visit(dataset->id);
    if (dataset->type == VDC_CELL_TEXT) {
        visit_texts(dataset);
    } else if (dataset->chunked) {
        for (uint64_t row = 0; row < dataset->rows; row += dataset->chunk_rows)
            for (uint64_t column = 0; column < dataset->width; column += dataset->chunk_width) {
                hsize_t at[2] = {row, column}, stored;
                (void)H5Dget_chunk_storage_size(dataset->id, at, &stored);
            }
    } else if (dataset->rows > 0 && dataset->width > 0) {
        unsigned char *row = vdc_calloc(dataset->width, dataset->cell_size);
        if (row)
            (void)vdc_dataset_read(dataset, 0, 1, row, NULL);
        vdc_free(row);
    }
}
