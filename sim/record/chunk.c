/* Blocks of rows into HDF5 chunks.
 *
 * A full block is packed straight into chunks (pack.h, H5Dwrite_chunk): the library's own path would copy it twice more, and keep
 * a cache for each dataset. Chunks of zeros are not stored; HDF5 reads them as zeros. Texts are in texts.c.
 */
#include <string.h>

#include "sim/record/internal.h"

/* ---- digest ---- */

static void digest_cells(vdc_digest *digest, const vdc_stored *column, const vdc_cell *values, size_t count) {
    if (column->type == VDC_CELL_TEXT) {
        for (size_t i = 0; i < count; i++)
            vdc_digest_text(digest, values[i].text, strlen(values[i].text));
    } else if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        vdc_digest_add(digest, values, count * sizeof *values);
    } else {
        for (size_t i = 0; i < count; i++)
            vdc_digest_number(digest, (uint64_t)values[i].integer);
    }
}

/* Rows that follow on those before them. */
static void digest_in_order(vdc_stored *column, const vdc_cell *cells, size_t rows) {
    while (rows > 0) {
        size_t count = (size_t)vdc_values_digest_room(&column->digest);
        if (count > rows)
            count = rows;
        digest_cells(&column->digest.group, column, cells, count * column->width);
        vdc_values_digest_advance(&column->digest, count);
        cells += count * column->width;
        rows -= count;
    }
}

/* A block anywhere: the digest of each of its groups is kept until the finish. */
static bool digest_block(const vdc_table *table, vdc_stored *column, int64_t index, const vdc_cell *cells, size_t rows) {
    size_t group = (size_t)index * (table->chunk_rows / VDC_DIGEST_ROWS);
    if (!VDC_RESERVE(column->groups, column->group_capacity, group + table->chunk_rows / VDC_DIGEST_ROWS))
        return false;
    for (; rows > 0; group++) {
        size_t count = rows < VDC_DIGEST_ROWS ? rows : VDC_DIGEST_ROWS;
        vdc_digest digest;
        vdc_digest_start(&digest);
        digest_cells(&digest, column, cells, count * column->width);
        vdc_digest_end_group(&digest, column->groups[group].bytes);
        cells += count * column->width;
        rows -= count;
    }
    return true;
}

/* ---- chunks ---- */

vdc_code vdc_chunk_write(vdc_table *table, const vdc_stored *column, const hsize_t *at, const void *cells, size_t count,
                         unsigned char *work, vdc_diag *diag) {
    bool text = column->type == VDC_CELL_TEXT;
    size_t cell_size = text ? 1 : sizeof(vdc_cell), bytes = count * (text ? VDC_TEXT_REFERENCE : cell_size);
    unsigned char *packed;
    size_t size = vdc_pack(&table->record->packer, cells, bytes / cell_size, cell_size, work, &packed);
    uint32_t skipped = size < bytes ? 0 : text ? 1 : 2; /* deflate, the last filter, as the library would */
    if (H5Dwrite_chunk(column->dataset, H5P_DEFAULT, skipped, at, size, packed) < 0)
        return vdc_record_failed(table->record, column->path, diag);
    return VDC_OK;
}

static bool all_zero(const vdc_cell *cells, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (cells[i].integer != 0)
            return false;
    return true;
}

/* Writes numbers chunk by chunk; what a chunk has beyond the rows and the width is zero. */
static vdc_code write_cells(vdc_table *table, const vdc_stored *column, int64_t first, const vdc_cell *cells, size_t rows,
                            vdc_diag *diag) {
    vdc_record *record = table->record;
    size_t count = table->chunk_rows * column->chunk_width, cell_size = sizeof *cells;
    if (!VDC_RESERVE(record->scratch, record->scratch_capacity,
                     count * cell_size + vdc_pack_room(&record->packer, count, cell_size)))
        return vdc_record_no_memory(record, diag);
    vdc_cell *part = (vdc_cell *)(void *)record->scratch; /* from malloc, so aligned for anything */
    bool whole = rows == table->chunk_rows && column->width == column->chunk_width;
    vdc_code code = VDC_OK;
    for (size_t left = 0; code == VDC_OK && left < column->width; left += column->chunk_width) {
        size_t wide = column->width - left < column->chunk_width ? column->width - left : column->chunk_width;
        if (!whole) {
            memset(part, 0, count * cell_size);
            for (size_t row = 0; row < rows; row++)
                memcpy(part + row * column->chunk_width, cells + (row * column->width + left), wide * cell_size);
        }
        const vdc_cell *from = whole ? cells : part;
        hsize_t at[2] = {(hsize_t)first, left};
        if (!all_zero(from, count))
            code = vdc_chunk_write(table, column, at, from, count, record->scratch + count * cell_size, diag);
    }
    return code;
}

/* ---- blocks ---- */

static vdc_code extend(vdc_table *table, int64_t rows, vdc_diag *diag) {
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

vdc_code vdc_block_write(vdc_table *table, vdc_block *block, size_t rows, vdc_diag *diag) {
    if (table->record->failed)
        return VDC_ERROR_IO;
    vdc_hdf5_scope scope = vdc_hdf5_quiet();
    int64_t first = block->index * (int64_t)table->chunk_rows;
    vdc_code code = extend(table, first + (int64_t)rows, diag);
    for (size_t c = 0; code == VDC_OK && c < table->count; c++) {
        vdc_stored *column = &table->columns[c];
        const vdc_cell *cells = block->cells + column->offset * table->chunk_rows;
        if (!table->fill)
            digest_in_order(column, cells, rows);
        else if (!digest_block(table, column, block->index, cells, rows))
            code = vdc_record_no_memory(table->record, diag);
        if (code == VDC_OK)
            code = column->type == VDC_CELL_TEXT ? vdc_texts_write(table, column, first, cells, rows, diag)
                                                 : write_cells(table, column, first, cells, rows, diag);
    }
    if (code == VDC_OK && table->record->driver.error)
        code = vdc_record_failed(table->record, table->columns[0].path, diag);
    vdc_hdf5_restore(scope);
    return code;
}
