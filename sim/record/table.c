/* Tables of a result file: rows gathered in blocks of one chunk and written whole.
 *
 * A block holds its columns one after another, each row-major, so that a full block is compressed straight into HDF5
 * chunks (shuffle, deflate, H5Dwrite_chunk) without the library's chunk cache. Chunks of zeros are not stored: they read as zero.
 * Rows that come in order use one block. Rows that come out of order (VMs, known when they end) open the blocks they belong to; a
 * block is written when its last row is there.
 */
#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/record/internal.h"

enum {
    BLOCK_BYTES = 4 << 20,      /* aimed at for a whole block */
    BLOCK_ROWS_MAX = 8192,
    CHUNK_CELLS_MAX = 1 << 17,  /* of one column's chunk: 1 MiB */
};

static const int64_t ROW_MAX = INT64_C(1) << 40;

/* The rows [index x chunk_rows, ...) of a table. */
typedef struct vdc_block {
    int64_t index;
    size_t present_count;
    uint64_t *present;   /* a bit a row; only of tables whose rows come out of order */
    vdc_cell *cells;     /* column by column, each [chunk_rows x width] */
    vdc_arena texts;
} vdc_block;

typedef struct vdc_stored {
    char *path;
    vdc_cell_type type;
    size_t width, chunk_width;
    bool plane;          /* two-dimensional */
    size_t offset;       /* cells of a row before this column */
    hid_t dataset;
    vdc_digest digest;   /* of tables whose rows come in order */
} vdc_stored;

struct vdc_table {
    vdc_record *record;
    vdc_stored *columns;
    size_t count, cells;  /* columns; cells of a row */
    size_t chunk_rows;
    int64_t rows;         /* appended, or the largest row set + 1 */
    int64_t extent;       /* rows that the datasets have */
    vdc_cell *fill;       /* of tables whose rows come out of order, else NULL */
    vdc_arena fill_texts;
    vdc_block *spare;     /* the block rows are appended to, or one to be used again */
    vdc_block **open;     /* by block index; NULL = not begun or written */
    bool *written;        /* by block index */
    size_t open_capacity, written_capacity, blocks;
};

/* ---- blocks ---- */

static void block_free(vdc_block *block) {
    if (!block)
        return;
    vdc_arena_free(&block->texts);
    vdc_free(block->present);
    vdc_free(block->cells);
    vdc_free(block);
}

/* A cleared block, the spare one if there is. NULL: no memory. */
static vdc_block *block_take(vdc_table *table, int64_t index) {
    vdc_block *block = table->spare;
    size_t words = (table->chunk_rows + 63) / 64;
    table->spare = NULL;
    if (!block) {
        block = vdc_calloc(1, sizeof *block);
        if (!block)
            return NULL;
        block->cells = vdc_calloc(table->chunk_rows * table->cells, sizeof *block->cells);
        block->present = vdc_calloc(words, sizeof *block->present);
        if (!block->cells || !block->present) {
            block_free(block);
            return NULL;
        }
    }
    block->index = index;
    block->present_count = 0;
    memset(block->present, 0, words * sizeof *block->present);
    return block;
}

static void block_return(vdc_table *table, vdc_block *block) {
    vdc_arena_free(&block->texts);
    if (table->spare)
        block_free(block);
    else
        table->spare = block;
}

/* Copies one row into its place. False: no memory for a text. */
static bool block_store(const vdc_table *table, vdc_block *block, size_t row, const vdc_cell *cells) {
    for (size_t c = 0; c < table->count; c++) {
        const vdc_stored *column = &table->columns[c];
        vdc_cell *to = block->cells + column->offset * table->chunk_rows + row * column->width;
        const vdc_cell *from = cells + column->offset;
        for (size_t i = 0; i < column->width; i++) {
            if (column->type == VDC_CELL_TEXT) {
                to[i].text = vdc_arena_strdup(&block->texts, from[i].text ? from[i].text : "");
                if (!to[i].text)
                    return false;
            } else if (column->type == VDC_CELL_REAL && from[i].real != from[i].real) {
                to[i].integer = INT64_C(0x7ff8000000000000); /* one NaN, whatever made it */
            } else {
                to[i] = from[i];
            }
        }
    }
    return true;
}

/* ---- writing ---- */

/* Byte b of every number, then byte b + 1 of every number: what the shuffle filter does, which makes numbers compress. */
static void shuffle(unsigned char *to, const vdc_cell *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t value = (uint64_t)from[i].integer;
        for (size_t byte = 0; byte < 8; byte++)
            to[byte * count + i] = (unsigned char)(value >> (8 * byte));
    }
}

static bool all_zero(const vdc_cell *cells, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (cells[i].integer != 0)
            return false;
    return true;
}

/* Compresses `count` numbers and writes them as the chunk at `at`. */
static vdc_code write_chunk(vdc_table *table, const vdc_stored *column, const hsize_t *at, const vdc_cell *cells, size_t count, vdc_diag *diag) {
    vdc_record *record = table->record;
    if (all_zero(cells, count))
        return VDC_OK;
    size_t bytes = count * sizeof *cells;
    size_t bound = deflateBound(&record->deflate, (uLong)bytes);
    if (!VDC_RESERVE(record->scratch, record->scratch_capacity, (bytes + bound) / sizeof *record->scratch + 1))
        return vdc_record_no_memory(table->record, diag);
    unsigned char *shuffled = (unsigned char *)record->scratch, *packed = shuffled + bytes;
    shuffle(shuffled, cells, count);
    z_stream *stream = &record->deflate;
    deflateReset(stream);
    stream->next_in = shuffled;
    stream->avail_in = (uInt)bytes;
    stream->next_out = packed;
    stream->avail_out = (uInt)bound;
    int outcome = deflate(stream, Z_FINISH);
    size_t size = bound - stream->avail_out;
    uint32_t skipped = 0;
    if (outcome != Z_STREAM_END || size >= bytes) { /* as the library does: stored without its last filter, deflate */
        skipped = 1u << 1;
        packed = shuffled;
        size = bytes;
    }
    if (H5Dwrite_chunk(column->dataset, H5P_DEFAULT, skipped, at, size, packed) < 0)
        return vdc_record_failed(record, column->path, diag);
    return VDC_OK;
}

static vdc_code write_texts(vdc_table *table, const vdc_stored *column, int64_t first, const vdc_cell *cells, size_t rows, vdc_diag *diag) {
    hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {rows, column->width};
    int rank = column->plane ? 2 : 1;
    hid_t file_space = H5Dget_space(column->dataset);
    hid_t memory_space = H5Screate_simple(rank, count, NULL);
    vdc_code code = VDC_OK;
    if (file_space < 0 || memory_space < 0 || H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dwrite(column->dataset, table->record->text_type, memory_space, file_space, H5P_DEFAULT, cells) < 0)
        code = vdc_record_failed(table->record, column->path, diag);
    if (memory_space >= 0)
        H5Sclose(memory_space);
    if (file_space >= 0)
        H5Sclose(file_space);
    return code;
}

static vdc_code write_numbers(vdc_table *table, const vdc_stored *column, int64_t first, vdc_cell *cells, size_t rows, vdc_diag *diag) {
    memset(cells + rows * column->width, 0, (table->chunk_rows - rows) * column->width * sizeof *cells);
    if (column->width == column->chunk_width) {
        hsize_t at[2] = {(hsize_t)first, 0};
        return write_chunk(table, column, at, cells, table->chunk_rows * column->width, diag);
    }
    vdc_cell *part = vdc_calloc(table->chunk_rows * column->chunk_width, sizeof *part);
    if (!part)
        return vdc_record_no_memory(table->record, diag);
    vdc_code code = VDC_OK;
    for (size_t left = 0; code == VDC_OK && left < column->width; left += column->chunk_width) {
        size_t width = column->width - left < column->chunk_width ? column->width - left : column->chunk_width;
        for (size_t row = 0; row < table->chunk_rows; row++) {
            memcpy(part + row * column->chunk_width, cells + row * column->width + left, width * sizeof *part);
            memset(part + row * column->chunk_width + width, 0, (column->chunk_width - width) * sizeof *part);
        }
        hsize_t at[2] = {(hsize_t)first, left};
        code = write_chunk(table, column, at, part, table->chunk_rows * column->chunk_width, diag);
    }
    vdc_free(part);
    return code;
}

static vdc_code set_extent(vdc_table *table, int64_t rows, vdc_diag *diag) {
    if (rows <= table->extent)
        return VDC_OK;
    for (size_t c = 0; c < table->count; c++) {
        hsize_t size[2] = {(hsize_t)rows, table->columns[c].width};
        if (H5Dset_extent(table->columns[c].dataset, size) < 0)
            return vdc_record_failed(table->record, table->columns[c].path, diag);
    }
    table->extent = rows;
    return VDC_OK;
}

/* Writes the first `rows` rows of a block. */
static vdc_code write_block(vdc_table *table, vdc_block *block, size_t rows, vdc_diag *diag) {
    if (table->record->failed)
        return VDC_ERROR_IO;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    int64_t first = block->index * (int64_t)table->chunk_rows;
    vdc_code code = set_extent(table, first + (int64_t)rows, diag);
    for (size_t c = 0; code == VDC_OK && c < table->count; c++) {
        vdc_stored *column = &table->columns[c];
        vdc_cell *cells = block->cells + column->offset * table->chunk_rows;
        if (!table->fill)
            vdc_digest_values(&column->digest, column->type, cells, rows * column->width);
        code = column->type == VDC_CELL_TEXT ? write_texts(table, column, first, cells, rows, diag)
                                             : write_numbers(table, column, first, cells, rows, diag);
    }
    if (code == VDC_OK && table->record->output.error)
        code = vdc_record_failed(table->record, table->columns[0].path, diag);
    vdc_hdf5_restore(scope);
    return code;
}

/* ---- rows ---- */

vdc_code vdc_table_append(vdc_table *table, const vdc_cell *cells, vdc_diag *diag) {
    if (table->record->failed)
        return VDC_ERROR_IO;
    if (table->fill)
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: rows of this table are set, not appended", table->columns[0].path);
    size_t row = (size_t)(table->rows % (int64_t)table->chunk_rows);
    if (row == 0) {
        vdc_block *block = block_take(table, table->rows / (int64_t)table->chunk_rows);
        if (!block)
            return vdc_record_no_memory(table->record, diag);
        table->spare = block;
    }
    if (!block_store(table, table->spare, row, cells))
        return vdc_record_no_memory(table->record, diag);
    table->rows++;
    if (row + 1 < table->chunk_rows)
        return VDC_OK;
    vdc_code code = write_block(table, table->spare, table->chunk_rows, diag);
    vdc_arena_free(&table->spare->texts);
    return code;
}

vdc_code vdc_table_fill(vdc_table *table, const vdc_cell *fill, vdc_diag *diag) {
    if (table->rows > 0 || table->fill)
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: the fill row comes once and before all others", table->columns[0].path);
    vdc_cell *kept = vdc_calloc(table->cells, sizeof *kept);
    if (!kept)
        return vdc_record_no_memory(table->record, diag);
    for (size_t c = 0; c < table->count; c++) {
        const vdc_stored *column = &table->columns[c];
        for (size_t i = column->offset; i < column->offset + column->width; i++) {
            kept[i] = fill[i];
            if (column->type == VDC_CELL_TEXT && !(kept[i].text = vdc_arena_strdup(&table->fill_texts, fill[i].text ? fill[i].text : ""))) {
                vdc_free(kept);
                return vdc_record_no_memory(table->record, diag);
            }
        }
    }
    table->fill = kept;
    return VDC_OK;
}

/* Fills the rows that were never set, writes the block and lets it go. */
static vdc_code complete_block(vdc_table *table, vdc_block *block, size_t rows, vdc_diag *diag) {
    for (size_t row = 0; block->present_count < rows && row < rows; row++) {
        if (block->present[row / 64] >> (row % 64) & 1)
            continue;
        if (!block_store(table, block, row, table->fill))
            return vdc_record_no_memory(table->record, diag);
    }
    vdc_code code = write_block(table, block, rows, diag);
    size_t index = (size_t)block->index;
    table->written[index] = true;
    table->open[index] = NULL;
    block_return(table, block);
    return code;
}

static vdc_code make_room_for_blocks(vdc_table *table, size_t blocks, vdc_diag *diag) {
    if (blocks <= table->blocks)
        return VDC_OK;
    if (!VDC_RESERVE(table->open, table->open_capacity, blocks) || !VDC_RESERVE(table->written, table->written_capacity, blocks))
        return vdc_record_no_memory(table->record, diag);
    memset(table->open + table->blocks, 0, (blocks - table->blocks) * sizeof *table->open);
    memset(table->written + table->blocks, 0, (blocks - table->blocks) * sizeof *table->written);
    table->blocks = blocks;
    return VDC_OK;
}

vdc_code vdc_table_set(vdc_table *table, int64_t row, const vdc_cell *cells, vdc_diag *diag) {
    if (table->record->failed)
        return VDC_ERROR_IO;
    if (!table->fill || row < 0 || row >= ROW_MAX)
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: row %lld cannot be set%s", table->columns[0].path, (long long)row,
                        table->fill ? "" : " before the fill row");
    size_t index = (size_t)(row / (int64_t)table->chunk_rows), at = (size_t)(row % (int64_t)table->chunk_rows);
    vdc_code code = make_room_for_blocks(table, index + 1, diag);
    if (code)
        return code;
    vdc_block *block = table->open[index];
    if (table->written[index] || (block && (block->present[at / 64] >> (at % 64) & 1)))
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: row %lld is set twice", table->columns[0].path, (long long)row);
    if (!block) {
        block = block_take(table, (int64_t)index);
        if (!block)
            return vdc_record_no_memory(table->record, diag);
        table->open[index] = block;
    }
    if (!block_store(table, block, at, cells))
        return vdc_record_no_memory(table->record, diag);
    block->present[at / 64] |= UINT64_C(1) << (at % 64);
    block->present_count++;
    if (row >= table->rows)
        table->rows = row + 1;
    return block->present_count == table->chunk_rows ? complete_block(table, block, table->chunk_rows, diag) : VDC_OK;
}

/* ---- the end of a table ---- */

/* The digest of a column whose rows were written out of order: read back in order, a block at a time. */
static vdc_code digest_again(vdc_table *table, vdc_stored *column, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    int rank = column->plane ? 2 : 1;
    hid_t memory_type = column->type == VDC_CELL_REAL      ? H5T_NATIVE_DOUBLE
                        : column->type == VDC_CELL_INTEGER ? H5T_NATIVE_INT64
                                                           : table->record->text_type;
    vdc_cell *cells = vdc_calloc(table->chunk_rows * column->width, sizeof *cells);
    hid_t file_space = H5Dget_space(column->dataset);
    if (!cells)
        code = vdc_record_no_memory(table->record, diag);
    for (int64_t first = 0; code == VDC_OK && first < table->rows; first += (int64_t)table->chunk_rows) {
        size_t rows = (size_t)(table->rows - first) < table->chunk_rows ? (size_t)(table->rows - first) : table->chunk_rows;
        hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {rows, column->width};
        hid_t memory_space = H5Screate_simple(rank, count, NULL);
        if (memory_space < 0 || H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
            H5Dread(column->dataset, memory_type, memory_space, file_space, H5P_DEFAULT, cells) < 0) {
            code = vdc_record_failed(table->record, column->path, diag);
        } else {
            vdc_digest_values(&column->digest, column->type, cells, rows * column->width);
            if (column->type == VDC_CELL_TEXT)
                H5Dvlen_reclaim(memory_type, memory_space, H5P_DEFAULT, cells);
        }
        if (memory_space >= 0)
            H5Sclose(memory_space);
    }
    if (file_space >= 0)
        H5Sclose(file_space);
    vdc_free(cells);
    return code;
}

static vdc_code write_remaining_blocks(vdc_table *table, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; code == VDC_OK && i < table->blocks; i++) {
        if (table->written[i])
            continue;
        if (!table->open[i] && !(table->open[i] = block_take(table, (int64_t)i)))
            return vdc_record_no_memory(table->record, diag);
        int64_t rows = table->rows - (int64_t)i * (int64_t)table->chunk_rows;
        code = complete_block(table, table->open[i], rows < (int64_t)table->chunk_rows ? (size_t)rows : table->chunk_rows, diag);
    }
    return code;
}

vdc_code vdc_table_finish(vdc_table *table, vdc_diag *diag) {
    size_t rest = (size_t)(table->rows % (int64_t)table->chunk_rows);
    vdc_code code = VDC_OK;
    if (table->fill)
        code = write_remaining_blocks(table, diag);
    else if (rest > 0)
        code = write_block(table, table->spare, rest, diag);
    for (size_t c = 0; code == VDC_OK && c < table->count; c++) {
        vdc_stored *column = &table->columns[c];
        hsize_t size[2] = {(hsize_t)table->rows, column->width};
        if (table->fill)
            code = digest_again(table, column, diag);
        if (code == VDC_OK)
            code = vdc_record_line(table->record, column->path, column->type, column->plane ? 2 : 1, size, &column->digest, diag);
    }
    return code;
}

void vdc_table_destroy(vdc_table *table) {
    if (!table)
        return;
    for (size_t c = 0; c < table->count; c++) {
        if (table->columns[c].dataset >= 0)
            H5Dclose(table->columns[c].dataset);
        vdc_free(table->columns[c].path);
    }
    for (size_t i = 0; i < table->blocks; i++)
        block_free(table->open[i]);
    block_free(table->spare);
    vdc_free(table->open);
    vdc_free(table->written);
    vdc_arena_free(&table->fill_texts);
    vdc_free(table->fill);
    vdc_free(table->columns);
    vdc_free(table);
}

/* ---- creation ---- */

static size_t default_rows(size_t cells) {
    size_t rows = BLOCK_BYTES / (cells * sizeof(vdc_cell));
    return rows < 1 ? 1 : rows > BLOCK_ROWS_MAX ? BLOCK_ROWS_MAX : rows;
}

static bool attach(hid_t file, hid_t dataset, const char *scale_path, unsigned axis) {
    hid_t scale = H5Dopen2(file, scale_path, H5P_DEFAULT);
    bool done = scale >= 0 && H5DSattach_scale(dataset, scale, axis) >= 0;
    if (scale >= 0)
        H5Dclose(scale);
    return done;
}

static vdc_code create_column(vdc_table *table, vdc_stored *column, const vdc_column *wanted, const char *axis, vdc_diag *diag) {
    vdc_record *record = table->record;
    hsize_t size[2] = {0, column->width}, maximum[2] = {H5S_UNLIMITED, column->width}, chunk[2] = {table->chunk_rows, column->chunk_width};
    int rank = column->plane ? 2 : 1;
    hid_t space = H5Screate_simple(rank, size, maximum);
    hid_t properties = vdc_record_dataset_properties(rank, chunk);
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    bool done = space >= 0 && properties >= 0 && access >= 0 && H5Pset_chunk_cache(access, 0, 0, 1.0) >= 0 &&
                (column->dataset = H5Dcreate2(record->file, column->path, vdc_record_type(record, column->type), space, H5P_DEFAULT,
                                              properties, access)) >= 0;
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

vdc_code vdc_record_table(vdc_record *record, vdc_table **result, const char *group, const vdc_column *columns, size_t count,
                          const char *axis, size_t chunk_rows, vdc_diag *diag) {
    *result = NULL;
    if (record->failed)
        return VDC_ERROR_IO;
    if (!VDC_RESERVE(record->tables, record->table_capacity, record->table_count + 1))
        return vdc_record_no_memory(record, diag);
    vdc_table *table = vdc_calloc(1, sizeof *table);
    vdc_stored *stored = vdc_calloc(count, sizeof *stored);
    if (!table || !stored) {
        vdc_free(table);
        vdc_free(stored);
        return vdc_record_no_memory(record, diag);
    }
    *table = (vdc_table){.record = record, .columns = stored, .count = count};
    record->tables[record->table_count++] = table;
    bool complete = true;
    for (size_t c = 0; c < count; c++) {
        stored[c].path = vdc_format("%s%s/%s", group[0] == '/' ? "" : "/", group, columns[c].name);
        stored[c].type = columns[c].type;
        stored[c].width = columns[c].width ? columns[c].width : 1;
        stored[c].plane = columns[c].scale != NULL;
        stored[c].offset = table->cells;
        stored[c].dataset = H5I_INVALID_HID;
        vdc_digest_start(&stored[c].digest);
        table->cells += stored[c].width;
        complete = complete && stored[c].path;
    }
    if (!complete)
        return vdc_record_no_memory(table->record, diag);
    table->chunk_rows = chunk_rows ? chunk_rows : default_rows(table->cells);
    for (size_t c = 0; c < count; c++) {
        size_t limit = CHUNK_CELLS_MAX / table->chunk_rows;
        stored[c].chunk_width = stored[c].type == VDC_CELL_TEXT || stored[c].width <= limit ? stored[c].width : limit < 1 ? 1 : limit;
    }
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    char *folder = vdc_format("%s%s", group[0] == '/' ? "" : "/", group);
    vdc_code code = folder ? vdc_record_group(record, folder, diag) : vdc_record_no_memory(table->record, diag);
    vdc_free(folder);
    for (size_t c = 0; code == VDC_OK && c < count; c++)
        code = create_column(table, &stored[c], &columns[c], axis ? axis : c > 0 ? stored[0].path : NULL, diag);
    vdc_hdf5_restore(scope);
    if (code == VDC_OK)
        *result = table;
    return code;
}
