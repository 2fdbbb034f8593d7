/* What the files of sim/record share: the open file, its properties, its tables, and the lines of which the digest is made. */
#ifndef VDC_RECORD_INTERNAL_H
#define VDC_RECORD_INTERNAL_H

#include "sim/base/hdf5_driver.h"
#include "sim/base/memory.h"
#include "sim/base/names.h"
#include "sim/base/pack.h"
#include "sim/record/hdf5.h"
#include "sim/record/record.h"
#include "sim/record/result_digest.h"
#include "sim/record/spill.h"

/* One dataset's part of the digest (result_digest.h). */
typedef struct vdc_record_digest_line {
    char *path; /* absolute, "/ticks/P" */
    char *text; /* "path type dims sha256\n" */
} vdc_record_digest_line;

struct vdc_record {
    char *path, *partial;
    bool force;
    bool failed; /* the first failure was told; everything after it is refused in silence */
    vdc_driver driver;
    hid_t file;
    hid_t text_type;
    hid_t group_creation; /* no times, order of creation kept */
    hid_t transfer;       /* of texts: they are converted in a small buffer, as the library clears the whole of it for each write */
    vdc_packer packer;
    unsigned char *scratch; /* one chunk gathered, shuffled and compressed */
    size_t scratch_capacity;
    vdc_table **tables;
    size_t table_count, table_capacity;
    vdc_record_digest_line *lines;
    size_t line_count, line_capacity;
};

/* ---- record.c ---- */

/* Both end the record: the first failure is told, and after it the file can only be given up. */
vdc_code vdc_record_failed(vdc_record *record, const char *what, vdc_diag *diag);
vdc_code vdc_record_no_memory(vdc_record *record, vdc_diag *diag);
/* Makes the groups above and including `path` ("/ticks"). */
vdc_code vdc_record_group(vdc_record *record, const char *path, vdc_diag *diag);
/* Properties for a dataset: no times, and `rank` > 0 gives chunks, shuffle (not of texts, for which HDF5 ignores it) and deflate.
 * Negative on failure. */
hid_t vdc_record_dataset_properties(vdc_cell_type type, int rank, const hsize_t *chunk);
/* Attributes `units` and `long_name`. NULL units are "1". */
vdc_code vdc_record_describe(vdc_record *record, hid_t object, const char *path, const char *units, const char *long_name,
                             vdc_diag *diag);
/* Notes a finished dataset for the digest; `values` is the digest of its values. */
vdc_code vdc_record_line(vdc_record *record, const char *path, vdc_cell_type type, int rank, uint64_t rows, uint64_t width,
                         const char *values, vdc_diag *diag);
/* The types of a cell in the file and in memory. */
hid_t vdc_record_type(const vdc_record *record, vdc_cell_type type);
hid_t vdc_record_memory_type(const vdc_record *record, vdc_cell_type type);

/* ---- tables ---- */

/* The rows [index x chunk_rows, ...) of a table. */
typedef struct vdc_block {
    int64_t index;
    uint64_t touched; /* when a row was last set */
    vdc_cell *cells;  /* column by column, each [chunk_rows x width] */
    vdc_arena texts;
} vdc_block;

/* A block of a table whose rows come out of order. */
typedef struct vdc_block_state {
    vdc_block *block;  /* in memory */
    uint64_t *present; /* a bit a row; NULL before the first row and when written */
    size_t count;      /* rows that are there */
    int64_t spilled;   /* the last of its rows in the spill, VDC_SPILL_NONE = none */
    bool written;
} vdc_block_state;

/* What texts.c remembers of a column. */
typedef struct vdc_text_memory vdc_text_memory;

typedef struct vdc_group_digest {
    unsigned char bytes[VDC_DIGEST_SIZE];
} vdc_group_digest;

typedef struct vdc_stored {
    char *path;
    vdc_cell_type type;
    bool plane; /* two-dimensional */
    size_t width, chunk_width;
    size_t offset; /* cells of a row before this column */
    hid_t dataset;
    vdc_values_digest digest; /* of tables whose rows come in order */
    vdc_group_digest *groups; /* of those whose rows do not */
    size_t group_capacity;
    vdc_text_memory *texts; /* of columns of texts */
    bool all_different;     /* texts that are not worth remembering */
} vdc_stored;

struct vdc_table {
    vdc_record *record;
    vdc_stored *columns;
    size_t count;
    size_t cells; /* of a row */
    size_t chunk_rows;
    int64_t rows;     /* appended, or the largest row set + 1 */
    int64_t extent;   /* rows of the datasets */
    vdc_block *spare; /* the block rows are appended to, or one to be used again */

    vdc_cell *fill; /* of tables whose rows come out of order, else NULL */
    vdc_arena fill_texts;
    vdc_block_state *states;
    size_t state_count, state_capacity;
    size_t open_count; /* blocks in memory */
    uint64_t clock;    /* rows set so far */
    vdc_spill spill;
};

/* table.c: a cleared block; NULL: no memory. */
vdc_block *vdc_block_take(vdc_table *table, int64_t index);
void vdc_block_return(vdc_table *table, vdc_block *block);
void vdc_block_free(vdc_block *block);
/* Copies one row into its place. */
vdc_code vdc_block_store(vdc_table *table, vdc_block *block, size_t row, const vdc_cell *cells, vdc_diag *diag);
/* Writes what is still held and notes the digest of each column. */
vdc_code vdc_table_finish(vdc_table *table, vdc_diag *diag);
void vdc_table_destroy(vdc_table *table);

/* chunk.c: writes the first `rows` rows of a block. */
vdc_code vdc_block_write(vdc_table *table, vdc_block *block, size_t rows, vdc_diag *diag);
/* Packs and writes the chunk that begins at `at`: numbers, or references of texts. `work` has vdc_pack_room. */
vdc_code vdc_chunk_write(vdc_table *table, const vdc_stored *column, const hsize_t *at, const void *cells, size_t count,
                         unsigned char *work, vdc_diag *diag);

/* texts.c: rows of a column of texts. */
vdc_code vdc_texts_write(vdc_table *table, vdc_stored *column, int64_t first, const vdc_cell *cells, size_t rows, vdc_diag *diag);
void vdc_text_memory_free(vdc_text_memory *memory);

/* rows.c: writes the blocks that are not complete. */
vdc_code vdc_table_finish_rows(vdc_table *table, vdc_diag *diag);
void vdc_table_free_rows(vdc_table *table);

#endif
