/* Tables of a result file: columns of equal length, gathered in blocks of one chunk of rows and written whole (chunk.c).
 * Rows that come in order use one block; those that come out of order are in rows.c.
 */
#include <hdf5_hl.h>
#include <string.h>

#include "sim/base/known.h"
#include "sim/record/internal.h"

enum {
    BLOCK_BYTES = 4 << 20, /* aimed at for a whole block */
    BLOCK_ROWS_MAX = 8192,
    WIDE_BLOCK_BYTES = 16 << 20, /* allowed so that a chunk is whole groups of the digest */
    CHUNK_CELLS_MAX = 1 << 17    /* of one column's chunk: 1 MiB */
};

/* ---- blocks ---- */

void vdc_block_free(vdc_block *block) {
    if (!block)
        return;
    vdc_arena_free(&block->texts);
    vdc_free(block->cells);
    vdc_free(block);
}

vdc_block *vdc_block_take(vdc_table *table, int64_t index) {
    vdc_block *block = table->spare;
    table->spare = NULL;
    if (!block) {
        block = vdc_calloc(1, sizeof *block);
        if (!block)
            return NULL;
        block->cells = vdc_calloc(table->chunk_rows * table->cells + 1, sizeof *block->cells);
        if (!block->cells) {
            vdc_block_free(block);
            return NULL;
        }
    }
    block->index = index;
    return block;
}

void vdc_block_return(vdc_table *table, vdc_block *block) {
    vdc_arena_free(&block->texts);
    if (table->spare)
        vdc_block_free(block);
    else
        table->spare = block;
}

vdc_code vdc_block_store(vdc_table *table, vdc_block *block, size_t row, const vdc_cell *cells, vdc_diag *diag) {
    for (size_t c = 0; c < table->count; c++) {
        const vdc_stored *column = &table->columns[c];
        vdc_cell *to = block->cells + column->offset * table->chunk_rows + row * column->width;
        for (size_t i = 0; i < column->width; i++, to++, cells++) {
            *to = *cells;
            if (column->type == VDC_CELL_REAL && cells->real != cells->real)
                to->integer = INT64_C(0x7ff8000000000000); /* one NaN, whatever made it */
            else if (column->type == VDC_CELL_TEXT &&
                     !(to->text = vdc_arena_strdup(&block->texts, cells->text ? cells->text : "")))
                return vdc_record_no_memory(table->record, diag);
        }
    }
    return VDC_OK;
}

/* ---- rows in order ---- */

vdc_code vdc_table_append(vdc_table *table, const vdc_cell *cells, vdc_diag *diag) {
    if (table->record->failed)
        return VDC_ERROR_IO;
    if (table->fill)
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: rows of this table are set, not appended", table->columns[0].path);
    size_t row = (size_t)(table->rows % (int64_t)table->chunk_rows);
    if (row == 0) {
        table->spare = vdc_block_take(table, table->rows / (int64_t)table->chunk_rows);
        if (!table->spare)
            return vdc_record_no_memory(table->record, diag);
    }
    vdc_code code = vdc_block_store(table, table->spare, row, cells, diag);
    if (code)
        return code;
    table->rows++;
    if (row + 1 < table->chunk_rows)
        return VDC_OK;
    code = vdc_block_write(table, table->spare, table->chunk_rows, diag);
    vdc_arena_free(&table->spare->texts);
    return code;
}

/* ---- the end ---- */

/* The digest of a column whose rows came out of order, from those of its groups. */
static void digest_groups(const vdc_stored *column, int64_t rows, char text[VDC_DIGEST_TEXT]) {
    vdc_digest digest;
    vdc_digest_start(&digest);
    for (int64_t group = 0; group * VDC_DIGEST_ROWS < rows; group++)
        vdc_digest_add(&digest, column->groups[group].bytes, VDC_DIGEST_SIZE);
    vdc_digest_end(&digest, text);
}

vdc_code vdc_table_finish(vdc_table *table, vdc_diag *diag) {
    size_t rest = (size_t)(table->rows % (int64_t)table->chunk_rows);
    vdc_code code = VDC_OK;
    if (table->fill)
        code = vdc_table_finish_rows(table, diag);
    else if (rest > 0)
        code = vdc_block_write(table, table->spare, rest, diag);
    for (size_t c = 0; code == VDC_OK && c < table->count; c++) {
        vdc_stored *column = &table->columns[c];
        char digest[VDC_DIGEST_TEXT];
        if (table->fill)
            digest_groups(column, table->rows, digest);
        else
            vdc_values_digest_end(&column->digest, digest);
        code = vdc_record_line(table->record, column->path, column->type, column->plane ? 2 : 1, (uint64_t)table->rows,
                               column->width, digest, diag);
    }
    return code;
}

void vdc_table_destroy(vdc_table *table) {
    if (!table)
        return;
    for (size_t c = 0; c < table->count; c++) {
        if (table->columns[c].dataset >= 0)
            H5Dclose(table->columns[c].dataset);
        vdc_text_memory_free(table->columns[c].texts);
        vdc_free(table->columns[c].groups);
        vdc_free(table->columns[c].path);
    }
    vdc_table_free_rows(table);
    vdc_block_free(table->spare);
    vdc_free(table->columns);
    vdc_free(table);
}

/* ---- creation ---- */

/* Rows of a block: as many as give it a good size, and whole groups of the digest unless that made it large. */
static size_t default_rows(const vdc_table *table) {
    VDC_KNOWN(table->cells > 0);
    size_t row = table->cells * sizeof(vdc_cell), rows = BLOCK_BYTES / row;
    if (rows >= BLOCK_ROWS_MAX)
        return BLOCK_ROWS_MAX;
    if (VDC_DIGEST_ROWS * row <= WIDE_BLOCK_BYTES)
        return VDC_DIGEST_ROWS;
    return rows < 1 ? 1 : rows;
}

static size_t chunk_width(const vdc_table *table, const vdc_stored *column) {
    size_t limit = CHUNK_CELLS_MAX / table->chunk_rows;
    return column->width <= limit ? column->width : limit < 1 ? 1 : limit;
}

static bool attach(hid_t file, hid_t dataset, const char *scale_path, unsigned axis) {
    hid_t scale = H5Dopen2(file, scale_path, H5P_DEFAULT);
    bool done = scale >= 0 && H5DSattach_scale(dataset, scale, axis) >= 0;
    if (scale >= 0)
        H5Dclose(scale);
    return done;
}

static vdc_code create_dataset(vdc_table *table, vdc_stored *column, const vdc_column *wanted, const char *axis, vdc_diag *diag) {
    vdc_record *record = table->record;
    hsize_t size[2] = {0, column->width}, maximum[2] = {H5S_UNLIMITED, column->width};
    hsize_t chunk[2] = {table->chunk_rows, column->chunk_width};
    int rank = column->plane ? 2 : 1;
    hid_t space = H5Screate_simple(rank, size, maximum);
    hid_t properties = vdc_record_dataset_properties(column->type, rank, chunk);
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    bool done = space >= 0 && properties >= 0 && access >= 0 && H5Pset_chunk_cache(access, 0, 0, 1.0) >= 0 &&
                (column->dataset = H5Dcreate2(record->file, column->path, vdc_record_type(record, column->type), space,
                                              H5P_DEFAULT, properties, access)) >= 0;
    if (done && !axis)
        done = H5DSset_scale(column->dataset, wanted->name) >= 0;
    else if (done)
        done = attach(record->file, column->dataset, axis, 0);
    if (done && column->plane)
        done = attach(record->file, column->dataset, wanted->scale, 1);
    vdc_code code = done ? vdc_record_describe(record, column->dataset, column->path, wanted->units, wanted->long_name, diag)
                         : vdc_record_failed(record, column->path, diag);
    if (access >= 0)
        H5Pclose(access);
    if (properties >= 0)
        H5Pclose(properties);
    if (space >= 0)
        H5Sclose(space);
    return code;
}

/* Sets up a column's description. False: no memory. */
static bool describe(vdc_table *table, vdc_stored *column, const char *folder, const vdc_column *wanted) {
    *column = (vdc_stored){.type = wanted->type,
                           .plane = wanted->scale != NULL,
                           .width = wanted->width ? wanted->width : 1,
                           .offset = table->cells,
                           .dataset = H5I_INVALID_HID};
    column->path = vdc_format("%s/%s", folder, wanted->name);
    vdc_values_digest_start(&column->digest);
    table->cells += column->width;
    return column->path != NULL;
}

vdc_code vdc_record_table(vdc_record *record, vdc_table **result, const char *group, const vdc_column *columns, size_t count,
                          const char *axis, size_t chunk_rows, vdc_diag *diag) {
    *result = NULL;
    if (record->failed)
        return VDC_ERROR_IO;
    if (!VDC_RESERVE(record->tables, record->table_capacity, record->table_count + 1))
        return vdc_record_no_memory(record, diag);
    vdc_table *table = vdc_calloc(1, sizeof *table);
    vdc_stored *stored = vdc_calloc(count, sizeof *stored);
    char *folder = vdc_format("%s%s", group[0] == '/' ? "" : "/", group);
    if (!table || !stored || !folder) {
        vdc_free(table);
        vdc_free(stored);
        vdc_free(folder);
        return vdc_record_no_memory(record, diag);
    }
    *table = (vdc_table){.record = record, .columns = stored, .count = count, .spill = {.descriptor = -1}};
    record->tables[record->table_count++] = table;
    for (size_t c = 0; c < count; c++)
        stored[c].dataset = H5I_INVALID_HID;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    vdc_code code = vdc_record_group(record, folder, diag);
    for (size_t c = 0; code == VDC_OK && c < count; c++)
        if (!describe(table, &stored[c], folder, &columns[c]))
            code = vdc_record_no_memory(record, diag);
    vdc_free(folder);
    if (code == VDC_OK)
        table->chunk_rows = chunk_rows ? chunk_rows : default_rows(table);
    for (size_t c = 0; code == VDC_OK && c < count; c++) {
        stored[c].chunk_width = chunk_width(table, &stored[c]);
        code = create_dataset(table, &stored[c], &columns[c], axis ? axis : c > 0 ? stored[0].path : NULL, diag);
    }
    vdc_hdf5_restore(scope);
    if (code == VDC_OK)
        *result = table;
    return code;
}
