/* Columns of texts of any length.
 *
 * HDF5 keeps such texts in its heap, one copy for each cell, and the cells hold references. Tenants, groups and hosts repeat a
 * few texts over many rows: then each text is written once, and the bytes of its reference are used for all rows that have it.
 * Nothing is assumed about those bytes but that they may stand in any cell, as the format says. Columns of many different texts
 * (names) are left to the library. The empty text is the null reference, and a chunk of nothing else is not stored.
 */
#include <string.h>

#include "sim/record/internal.h"

enum {
    DIFFERENT_MAX = 4096 /* texts of a column that are remembered */
};

typedef struct vdc_reference {
    unsigned char bytes[VDC_TEXT_REFERENCE];
} vdc_reference;

struct vdc_text_memory {
    vdc_names *names;
    vdc_reference *references; /* by number in names; [0] is that of the empty text: zeros */
    size_t capacity, known;    /* references that are there */
};

static vdc_text_memory *memory_create(void) {
    vdc_text_memory *memory = vdc_calloc(1, sizeof *memory);
    if (!memory || vdc_names_create(&memory->names, NULL) != VDC_OK || !VDC_RESERVE(memory->references, memory->capacity, 1)) {
        vdc_text_memory_free(memory);
        return NULL;
    }
    memory->references[0] = (vdc_reference){0};
    memory->known = 1;
    return memory;
}

void vdc_text_memory_free(vdc_text_memory *memory) {
    if (!memory)
        return;
    vdc_names_destroy(memory->names);
    vdc_free(memory->references);
    vdc_free(memory);
}

/* Writes cells through the library, which puts each text into the heap. An empty one must come as NULL. */
static bool write_by_library(const vdc_table *table, const vdc_stored *column, int64_t first, const char *const *texts,
                             size_t count) {
    hsize_t start = (hsize_t)first, size = count;
    hid_t file = H5Dget_space(column->dataset), memory = H5Screate_simple(1, &size, NULL);
    bool done = file >= 0 && memory >= 0 && H5Sselect_hyperslab(file, H5S_SELECT_SET, &start, NULL, &size, NULL) >= 0 &&
                H5Dwrite(column->dataset, table->record->text_type, memory, file, table->record->transfer, texts) >= 0;
    if (file >= 0)
        H5Sclose(file);
    if (memory >= 0)
        H5Sclose(memory);
    return done;
}

static vdc_code write_all_different(vdc_table *table, const vdc_stored *column, int64_t first, const vdc_cell *cells, size_t rows,
                                    vdc_diag *diag) {
    vdc_record *record = table->record;
    if (!VDC_RESERVE(record->scratch, record->scratch_capacity, rows * sizeof(const char *)))
        return vdc_record_no_memory(record, diag);
    const char **texts = (const char **)(void *)record->scratch;
    for (size_t row = 0; row < rows; row++)
        texts[row] = cells[row].text[0] ? cells[row].text : NULL;
    return write_by_library(table, column, first, texts, rows) ? VDC_OK : vdc_record_failed(record, column->path, diag);
}

/* Numbers the texts of a block; new ones are remembered while there is room. False when there are too many, or no memory. */
static bool number_texts(vdc_text_memory *memory, const vdc_cell *cells, size_t rows, uint32_t *numbers) {
    for (size_t row = 0; row < rows; row++) {
        const char *text = cells[row].text;
        if (row > 0 && strcmp(text, cells[row - 1].text) == 0) {
            numbers[row] = numbers[row - 1];
            continue;
        }
        if (vdc_names_intern(memory->names, text, strlen(text), &numbers[row]) != VDC_OK || numbers[row] > DIFFERENT_MAX)
            return false;
    }
    return true;
}

/* Has the library write the texts that are new into the first cells of the block's chunk and takes their references from there.
 * `work` holds twice the chunk's bytes. False: cannot be done. */
static bool fetch_references(const vdc_table *table, const vdc_stored *column, int64_t first, vdc_text_memory *memory,
                             unsigned char *work) {
    size_t count = vdc_names_count(memory->names), bytes = table->chunk_rows * VDC_TEXT_REFERENCE;
    size_t fresh = count - memory->known;
    if (fresh == 0)
        return true;
    const char **texts = (const char **)(void *)work;
    for (size_t i = 0; i < fresh; i++)
        texts[i] = vdc_names_text(memory->names, (uint32_t)(memory->known + i));
    hsize_t at = (hsize_t)first, stored = 0;
    uint32_t skipped = 0;
    if (!VDC_RESERVE(memory->references, memory->capacity, count) || !write_by_library(table, column, first, texts, fresh) ||
        H5Dget_chunk_storage_size(column->dataset, &at, &stored) < 0 || stored == 0 || stored > bytes ||
        H5Dread_chunk(column->dataset, H5P_DEFAULT, &at, &skipped, work) < 0)
        return false;
    if (skipped == 0 && vdc_inflate(work, stored, work + bytes, bytes))
        return false;
    memcpy(memory->references + memory->known, skipped ? work : work + bytes, fresh * VDC_TEXT_REFERENCE);
    memory->known = count;
    return true;
}

static vdc_code write_repeated(vdc_table *table, vdc_stored *column, int64_t first, const vdc_cell *cells, size_t rows,
                               bool *done, vdc_diag *diag) {
    vdc_record *record = table->record;
    size_t bytes = table->chunk_rows * VDC_TEXT_REFERENCE, room = 2 * bytes + vdc_pack_room(&record->packer, bytes, 1);
    *done = false;
    if (!column->texts)
        column->texts = memory_create();
    if (!column->texts || !VDC_RESERVE(record->scratch, record->scratch_capacity, room))
        return vdc_record_no_memory(record, diag);
    uint32_t *numbers = (uint32_t *)(void *)record->scratch;
    unsigned char *work = record->scratch + bytes; /* the numbers take less than the references that replace them */
    if (!number_texts(column->texts, cells, rows, numbers) || !fetch_references(table, column, first, column->texts, work))
        return VDC_OK;
    vdc_reference *references = (vdc_reference *)(void *)work;
    memset(references, 0, bytes);
    for (size_t row = 0; row < rows; row++)
        references[row] = column->texts->references[numbers[row]];
    hsize_t at = (hsize_t)first;
    *done = true;
    return vdc_chunk_write(table, column, &at, references, table->chunk_rows, work + bytes, diag);
}

vdc_code vdc_texts_write(vdc_table *table, vdc_stored *column, int64_t first, const vdc_cell *cells, size_t rows,
                         vdc_diag *diag) {
    size_t empty = 0;
    while (empty < rows && !cells[empty].text[0])
        empty++;
    if (empty == rows)
        return VDC_OK;
    bool done = false;
    vdc_code code = column->all_different ? VDC_OK : write_repeated(table, column, first, cells, rows, &done, diag);
    if (code || done)
        return code;
    column->all_different = true;
    vdc_text_memory_free(column->texts);
    column->texts = NULL;
    return write_all_different(table, column, first, cells, rows, diag);
}
