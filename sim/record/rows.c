/* Rows that come out of order: VMs are known when they end, and are written in the order of their arrival.
 *
 * A row opens the block that it belongs to; a block is written when its last row is there. A few blocks are open in memory. When
 * one more is needed, the one that was touched least recently goes to the spill row by row, and later rows of it follow it there;
 * when it is full, or at the finish, it is read back and written. Memory is thus a few blocks and one bit a row.
 */
#include <string.h>

#include "sim/base/known.h"
#include "sim/record/internal.h"

enum { BLOCKS_IN_MEMORY = 8 };

static const int64_t ROW_MAX = INT64_C(1) << 40;

vdc_code vdc_table_fill(vdc_table *table, const vdc_cell *fill, vdc_diag *diag) {
    if (table->rows > 0 || table->fill || table->chunk_rows % VDC_DIGEST_ROWS != 0)
        return vdc_fail(diag, VDC_ERROR_STATE, NULL,
                        "%s: the fill row comes once, before all others, in a table with a multiple of %d rows a chunk",
                        table->columns[0].path, VDC_DIGEST_ROWS);
    vdc_cell *kept = vdc_calloc(table->cells, sizeof *kept);
    if (!kept)
        return vdc_record_no_memory(table->record, diag);
    const vdc_cell *from = fill;
    for (size_t c = 0; c < table->count; c++) {
        const vdc_stored *column = &table->columns[c];
        for (size_t i = 0; i < column->width; i++, from++) {
            vdc_cell *to = kept + (from - fill);
            *to = *from;
            if (column->type == VDC_CELL_TEXT &&
                !(to->text = vdc_arena_strdup(&table->fill_texts, from->text ? from->text : ""))) {
                vdc_free(kept);
                return vdc_record_no_memory(table->record, diag);
            }
        }
    }
    table->fill = kept;
    return VDC_OK;
}

/* ---- to the spill and back ---- */

/* A row's bytes, in the record's scratch memory: for each cell 8 bytes, texts with their end. */
static bool pack(const vdc_table *table, const vdc_block *block, size_t row, size_t *size) {
    vdc_record *record = table->record;
    *size = 0;
    for (size_t c = 0; c < table->count; c++) {
        const vdc_stored *column = &table->columns[c];
        const vdc_cell *from = block->cells + column->offset * table->chunk_rows + row * column->width;
        for (size_t i = 0; i < column->width; i++) {
            size_t length = column->type == VDC_CELL_TEXT ? strlen(from[i].text) + 1 : sizeof *from;
            if (!VDC_RESERVE(record->scratch, record->scratch_capacity, *size + length))
                return false;
            memcpy(record->scratch + *size, column->type == VDC_CELL_TEXT ? (const void *)from[i].text : &from[i], length);
            *size += length;
        }
    }
    return true;
}

static bool unpack(const vdc_table *table, vdc_block *block, size_t row, const unsigned char *bytes) {
    for (size_t c = 0; c < table->count; c++) {
        const vdc_stored *column = &table->columns[c];
        vdc_cell *to = block->cells + column->offset * table->chunk_rows + row * column->width;
        for (size_t i = 0; i < column->width; i++) {
            if (column->type == VDC_CELL_TEXT) {
                size_t length = strlen((const char *)bytes);
                to[i].text = vdc_arena_strndup(&block->texts, (const char *)bytes, length);
                if (!to[i].text)
                    return false;
                bytes += length + 1;
            } else {
                memcpy(&to[i], bytes, sizeof *to);
                bytes += sizeof *to;
            }
        }
    }
    return true;
}

static vdc_code spill_failed(vdc_table *table, int error, vdc_diag *diag) {
    if (!table->record->driver.error)
        table->record->driver.error = error;
    return vdc_record_failed(table->record, table->columns[0].path, diag);
}

static bool is_present(const vdc_block_state *state, size_t row) {
    return state->present && (state->present[row / 64] >> (row % 64) & 1);
}

static vdc_code spill_row(vdc_table *table, vdc_block_state *state, const vdc_block *block, size_t row, int64_t number,
                          vdc_diag *diag) {
    size_t size;
    int error = 0;
    if (!pack(table, block, row, &size))
        return vdc_record_no_memory(table->record, diag);
    if (table->spill.descriptor < 0)
        error = vdc_spill_open(&table->spill, table->record->partial);
    if (!error)
        error = vdc_spill_append(&table->spill, &state->spilled, number, table->record->scratch, size);
    return error ? spill_failed(table, error, diag) : VDC_OK;
}

/* Sends the block that was touched least recently to the spill. */
static vdc_code spill_oldest(vdc_table *table, vdc_diag *diag) {
    vdc_block_state *oldest = NULL;
    for (size_t i = table->state_count; i-- > 0;)
        if (table->states[i].block && (!oldest || table->states[i].block->touched < oldest->block->touched))
            oldest = &table->states[i];
    vdc_code code = VDC_OK;
    VDC_KNOWN(oldest); /* as many as may be are open */
    for (size_t row = 0; code == VDC_OK && row < table->chunk_rows; row++)
        if (is_present(oldest, row))
            code = spill_row(table, oldest, oldest->block, row, oldest->block->index * (int64_t)table->chunk_rows + (int64_t)row,
                             diag);
    vdc_block_return(table, oldest->block);
    oldest->block = NULL;
    table->open_count--;
    return code;
}

/* Brings a block's rows back into memory. */
static vdc_code unspill(vdc_table *table, vdc_block_state *state, vdc_diag *diag) {
    for (int64_t place = state->spilled; place != VDC_SPILL_NONE;) {
        int64_t number;
        const unsigned char *bytes;
        size_t size;
        int error = vdc_spill_read(&table->spill, place, &number, &bytes, &size, &place);
        if (error)
            return spill_failed(table, error, diag);
        if (!unpack(table, state->block, (size_t)(number % (int64_t)table->chunk_rows), bytes))
            return vdc_record_no_memory(table->record, diag);
    }
    state->spilled = VDC_SPILL_NONE;
    return VDC_OK;
}

/* ---- blocks ---- */

static vdc_code open_block(vdc_table *table, size_t index, vdc_diag *diag) {
    vdc_code code = table->open_count >= BLOCKS_IN_MEMORY ? spill_oldest(table, diag) : VDC_OK;
    if (code)
        return code;
    table->states[index].block = vdc_block_take(table, (int64_t)index);
    if (!table->states[index].block)
        return vdc_record_no_memory(table->record, diag);
    table->open_count++;
    return VDC_OK;
}

/* Fills the rows that were never set, writes the block and lets it go. */
static vdc_code complete_block(vdc_table *table, size_t index, size_t rows, vdc_diag *diag) {
    vdc_block_state *state = &table->states[index];
    vdc_code code = state->block ? VDC_OK : open_block(table, index, diag);
    VDC_KNOWN(code || state->block);
    if (code == VDC_OK && state->spilled != VDC_SPILL_NONE)
        code = unspill(table, state, diag);
    for (size_t row = 0; code == VDC_OK && state->count < rows && row < rows; row++)
        if (!is_present(state, row))
            code = vdc_block_store(table, state->block, row, table->fill, diag);
    if (code == VDC_OK)
        code = vdc_block_write(table, state->block, rows, diag);
    if (state->block) {
        vdc_block_return(table, state->block);
        state->block = NULL;
        table->open_count--;
    }
    vdc_free(state->present);
    state->present = NULL;
    state->written = true;
    return code;
}

/* The state of block `index`, with room for its rows' bits; NULL: no memory. */
static vdc_block_state *state_of(vdc_table *table, size_t index) {
    if (!VDC_RESERVE(table->states, table->state_capacity, index + 1))
        return NULL;
    for (; table->state_count <= index; table->state_count++)
        table->states[table->state_count] = (vdc_block_state){.spilled = VDC_SPILL_NONE};
    vdc_block_state *state = &table->states[index];
    if (!state->present && !state->written)
        state->present = vdc_calloc((table->chunk_rows + 63) / 64, sizeof *state->present);
    return state->present || state->written ? state : NULL;
}

/* A row of a block that is in the spill goes there through a block of its own. */
static vdc_code store_spilled(vdc_table *table, vdc_block_state *state, size_t at, int64_t row, const vdc_cell *cells,
                              vdc_diag *diag) {
    vdc_block *block = vdc_block_take(table, row / (int64_t)table->chunk_rows);
    if (!block)
        return vdc_record_no_memory(table->record, diag);
    vdc_code code = vdc_block_store(table, block, at, cells, diag);
    if (code == VDC_OK)
        code = spill_row(table, state, block, at, row, diag);
    vdc_block_return(table, block);
    return code;
}

vdc_code vdc_table_set(vdc_table *table, int64_t row, const vdc_cell *cells, vdc_diag *diag) {
    if (table->record->failed)
        return VDC_ERROR_IO;
    if (!table->fill || row < 0 || row >= ROW_MAX)
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: row %lld cannot be set%s", table->columns[0].path, (long long)row,
                        table->fill ? "" : " before the fill row");
    size_t index = (size_t)(row / (int64_t)table->chunk_rows), at = (size_t)(row % (int64_t)table->chunk_rows);
    vdc_block_state *state = state_of(table, index);
    if (!state)
        return vdc_record_no_memory(table->record, diag);
    if (state->written || is_present(state, at))
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: row %lld is set twice", table->columns[0].path, (long long)row);
    vdc_code code = VDC_OK;
    if (!state->block && state->spilled != VDC_SPILL_NONE) {
        code = store_spilled(table, state, at, row, cells, diag);
    } else {
        if (!state->block)
            code = open_block(table, index, diag);
        VDC_KNOWN(code || state->block);
        if (code == VDC_OK)
            code = vdc_block_store(table, state->block, at, cells, diag);
        if (code == VDC_OK)
            state->block->touched = ++table->clock;
    }
    if (code)
        return code;
    state->present[at / 64] |= UINT64_C(1) << (at % 64);
    state->count++;
    if (row >= table->rows)
        table->rows = row + 1;
    return state->count == table->chunk_rows ? complete_block(table, index, table->chunk_rows, diag) : VDC_OK;
}

vdc_code vdc_table_finish_rows(vdc_table *table, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; code == VDC_OK && i < table->state_count; i++) {
        int64_t rows = table->rows - (int64_t)i * (int64_t)table->chunk_rows;
        if (!table->states[i].written)
            code = complete_block(table, i, rows < (int64_t)table->chunk_rows ? (size_t)rows : table->chunk_rows, diag);
    }
    return code;
}

void vdc_table_free_rows(vdc_table *table) {
    for (size_t i = 0; i < table->state_count; i++) {
        vdc_block_free(table->states[i].block);
        vdc_free(table->states[i].present);
    }
    vdc_free(table->states);
    vdc_spill_close(&table->spill);
    vdc_arena_free(&table->fill_texts);
    vdc_free(table->fill);
}
