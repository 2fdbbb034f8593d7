/* Blocks of rows into HDF5 chunks, and back for the digest.
 *
 * A full block is compressed straight into chunks (shuffle, deflate, H5Dwrite_chunk): the library's own path would copy it twice
 * more and keep a cache for each dataset. What comes out is what the library's filters would write. Chunks of zeros are not
 * stored; HDF5 reads them as zeros. Texts of any length go through the library, which keeps them in its heap.
 */
#include <string.h>

#include "sim/record/internal.h"
#include "sim/record/result_digest.h"

/* ---- digest ---- */

void vdc_digest_values(vdc_digest *digest, vdc_cell_type type, const vdc_held *values, size_t count) {
    if (type == VDC_CELL_TEXT) {
        for (size_t i = 0; i < count; i++)
            vdc_digest_text(digest, values[i].cell.text ? values[i].cell.text : "",
                            values[i].cell.text ? strlen(values[i].cell.text) : 0);
    } else if (type == VDC_CELL_WORD) {
        for (size_t i = 0; i < count; i++)
            vdc_digest_text(digest, values[2 * i].word, strnlen(values[2 * i].word, VDC_WORD_SIZE));
    } else if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        vdc_digest_add(digest, values, count * sizeof *values);
    } else {
        for (size_t i = 0; i < count; i++)
            vdc_digest_number(digest, (uint64_t)values[i].cell.integer);
    }
}

/* ---- numbers and words ---- */

/* Byte b of every number, then byte b + 1 of every number, least significant first: what the shuffle filter does, which makes
 * them compress. */
static void shuffle_numbers(unsigned char *to, const vdc_held *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t value = (uint64_t)from[i].cell.integer;
        for (size_t byte = 0; byte < 8; byte++)
            to[byte * count + i] = (unsigned char)(value >> (8 * byte));
    }
}

static void shuffle_words(unsigned char *to, const vdc_held *from, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t byte = 0; byte < VDC_WORD_SIZE; byte++)
            to[byte * count + i] = (unsigned char)from[2 * i + byte / 8].word[byte % 8];
}

static bool all_zero(const vdc_held *places, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (places[i].cell.integer != 0)
            return false;
    return true;
}

/* Packs `count` cells and writes them as the chunk that begins at `at`. `work` has room for the cells and the packed chunk. */
static vdc_code write_chunk(vdc_table *table, const vdc_stored *column, const hsize_t *at, const vdc_held *cells, size_t count,
                            unsigned char *work, vdc_diag *diag) {
    size_t cell_size = column->places * sizeof *cells;
    if (all_zero(cells, count * column->places))
        return VDC_OK;
    if (column->type == VDC_CELL_WORD)
        shuffle_words(work, cells, count);
    else
        shuffle_numbers(work, cells, count);
    unsigned char *packed = work + count * cell_size;
    size_t size = vdc_pack(&table->record->packer, work, cell_size, count, packed);
    uint32_t skipped = size ? 0 : 1u << 1; /* the second filter, deflate */
    if (H5Dwrite_chunk(column->dataset, H5P_DEFAULT, skipped, at, size ? size : count * cell_size, size ? packed : work) < 0)
        return vdc_record_failed(table->record, column->path, diag);
    return VDC_OK;
}

/* Writes `rows` rows of `width` cells that lie `stride` cells apart, chunk by chunk; what a chunk has beyond them is zero. */
static vdc_code write_cells(vdc_table *table, const vdc_stored *column, int64_t first, const vdc_held *cells, size_t rows,
                            size_t width, size_t stride, vdc_diag *diag) {
    vdc_record *record = table->record;
    size_t chunk_cells = table->chunk_rows * column->chunk_width;
    size_t bytes = chunk_cells * column->places * sizeof *cells;
    size_t room = vdc_packer_room(&record->packer, column->places * sizeof *cells, chunk_cells);
    if (!VDC_RESERVE(record->scratch, record->scratch_capacity, 2 * bytes + room))
        return vdc_record_no_memory(record, diag);
    vdc_held *part = (vdc_held *)(void *)record->scratch; /* from malloc, so aligned for anything */
    bool whole = rows == table->chunk_rows && width == column->chunk_width && stride == width;
    vdc_code code = VDC_OK;
    for (size_t left = 0; code == VDC_OK && left < width; left += column->chunk_width) {
        size_t wide = width - left < column->chunk_width ? width - left : column->chunk_width;
        if (!whole) {
            memset(part, 0, bytes);
            for (size_t row = 0; row < rows; row++)
                memcpy(part + row * column->chunk_width * column->places, cells + (row * stride + left) * column->places,
                       wide * column->places * sizeof *part);
        }
        hsize_t at[2] = {(hsize_t)first, left};
        code = write_chunk(table, column, at, whole ? cells : part, chunk_cells, record->scratch + bytes, diag);
    }
    return code;
}

/* ---- texts ---- */

/* Selects rows [first, first + rows) of a dataset: its space in *file, that of memory in *memory. Close both when >= 0. */
static bool select_rows(const vdc_stored *column, int64_t first, size_t rows, size_t width, hid_t *file, hid_t *memory) {
    hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {rows, width};
    *file = H5Dget_space(column->dataset);
    *memory = H5Screate_simple(column->plane ? 2 : 1, count, NULL);
    return *file >= 0 && *memory >= 0 && H5Sselect_hyperslab(*file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0;
}

static void close_spaces(hid_t file, hid_t memory) {
    if (file >= 0)
        H5Sclose(file);
    if (memory >= 0)
        H5Sclose(memory);
}

static vdc_code write_texts(vdc_table *table, const vdc_stored *column, int64_t first, const vdc_held *cells, size_t rows,
                            vdc_diag *diag) {
    hid_t file, memory;
    bool done = select_rows(column, first, rows, column->width, &file, &memory) &&
                H5Dwrite(column->dataset, table->record->text_type, memory, file, H5P_DEFAULT, cells) >= 0;
    close_spaces(file, memory);
    return done ? VDC_OK : vdc_record_failed(table->record, column->path, diag);
}

/* ---- blocks ---- */

vdc_code vdc_table_extend(vdc_table *table, int64_t rows, size_t width, vdc_diag *diag) {
    if (table->extent[0] >= (hsize_t)rows && table->extent[1] >= width)
        return VDC_OK;
    if (table->extent[0] < (hsize_t)rows)
        table->extent[0] = (hsize_t)rows;
    if (table->extent[1] < width)
        table->extent[1] = width;
    for (size_t c = 0; c < table->count; c++) {
        const vdc_stored *column = &table->columns[c];
        hsize_t size[2] = {table->extent[0], column->grows ? table->extent[1] : column->width};
        if (H5Dset_extent(column->dataset, size) < 0)
            return vdc_record_failed(table->record, column->path, diag);
    }
    return VDC_OK;
}

vdc_code vdc_block_write(vdc_table *table, vdc_block *block, size_t rows, vdc_diag *diag) {
    if (table->record->failed)
        return VDC_ERROR_IO;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    int64_t first = block->index * (int64_t)table->chunk_rows;
    vdc_code code = vdc_table_extend(table, first + (int64_t)rows, table->width, diag);
    for (size_t c = 0; code == VDC_OK && c < table->count; c++) {
        vdc_stored *column = &table->columns[c];
        const vdc_held *cells = block->cells + column->offset * table->chunk_rows;
        if (!table->fill && !column->grows)
            vdc_digest_values(&column->digest, column->type, cells, rows * column->width);
        if (column->grows)
            code = write_cells(table, column, first, column->wide, rows, table->width, table->wide_capacity, diag);
        else if (column->type == VDC_CELL_TEXT)
            code = write_texts(table, column, first, cells, rows, diag);
        else
            code = write_cells(table, column, first, cells, rows, column->width, column->width, diag);
    }
    if (code == VDC_OK && table->record->driver.error)
        code = vdc_record_failed(table->record, table->columns[0].path, diag);
    vdc_hdf5_restore(scope);
    return code;
}

vdc_code vdc_column_digest(vdc_table *table, vdc_stored *column, vdc_diag *diag) {
    size_t width = column->grows ? (size_t)table->extent[1] : column->width;
    hid_t type = vdc_record_memory_type(table->record, column->type);
    vdc_held *cells = vdc_calloc(table->chunk_rows * width * column->places + 1, sizeof *cells);
    vdc_code code = cells ? VDC_OK : vdc_record_no_memory(table->record, diag);
    for (int64_t first = 0; code == VDC_OK && first < table->rows; first += (int64_t)table->chunk_rows) {
        size_t rows = (size_t)(table->rows - first) < table->chunk_rows ? (size_t)(table->rows - first) : table->chunk_rows;
        hid_t file, memory;
        if (select_rows(column, first, rows, width, &file, &memory) &&
            H5Dread(column->dataset, type, memory, file, H5P_DEFAULT, cells) >= 0) {
            vdc_digest_values(&column->digest, column->type, cells, rows * width);
            if (column->type == VDC_CELL_TEXT)
                H5Dvlen_reclaim(type, memory, H5P_DEFAULT, cells);
        } else {
            code = vdc_record_failed(table->record, column->path, diag);
        }
        close_spaces(file, memory);
    }
    vdc_free(cells);
    return code;
}
