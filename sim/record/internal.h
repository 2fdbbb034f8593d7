/* What record.c and table.c share: the open file, its properties, and the lines of which the digest is made. */
#ifndef VDC_RECORD_INTERNAL_H
#define VDC_RECORD_INTERNAL_H

#include <zlib.h>

#include "sim/record/output.h"
#include "sim/record/record.h"

/* One dataset's part of the digest. */
typedef struct vdc_digest_line {
    char *path; /* absolute, "/ticks/P" */
    char *text; /* "path type dims sha256\n" */
} vdc_digest_line;

struct vdc_record {
    char *path, *partial;
    bool force;
    bool failed;             /* the first failure was told; everything after it is refused in silence */
    vdc_output output;
    hid_t file;
    hid_t text_type;
    hid_t group_creation;    /* no times, order of creation kept */
    z_stream deflate;        /* one compressor, reset for each chunk */
    bool deflate_ready;
    uint64_t *scratch;       /* one chunk shuffled, then compressed */
    size_t scratch_capacity;
    vdc_table **tables;
    size_t table_count, table_capacity;
    vdc_digest_line *lines;
    size_t line_count, line_capacity;
};

enum { VDC_DEFLATE_LEVEL = 1 };

/* Both end the record: the first failure is told, and after it the file can only be given up. */
vdc_code vdc_record_failed(vdc_record *record, const char *what, vdc_diag *diag);
vdc_code vdc_record_no_memory(vdc_record *record, vdc_diag *diag);
/* Makes the groups above and including `path` ("/ticks"). */
vdc_code vdc_record_group(vdc_record *record, const char *path, vdc_diag *diag);
/* Properties for a dataset: no times, and `rank` > 0 gives chunks, shuffle and deflate. Negative on failure. */
hid_t vdc_record_dataset_properties(int rank, const hsize_t *chunk);
/* Attributes `units` and `long_name`. NULL units are "1". */
vdc_code vdc_record_describe(vdc_record *record, hid_t object, const char *path, const char *units, const char *long_name, vdc_diag *diag);
/* Notes a finished dataset for the digest; `values` is the digest of its values. */
vdc_code vdc_record_line(vdc_record *record, const char *path, vdc_cell_type type, int rank, const hsize_t *size, vdc_digest *values,
                         vdc_diag *diag);
/* The file type of a cell. */
hid_t vdc_record_type(const vdc_record *record, vdc_cell_type type);
/* Adds values to a dataset's digest as they are defined: 8 bytes, least first; texts as length and bytes. */
void vdc_digest_values(vdc_digest *digest, vdc_cell_type type, const vdc_cell *values, size_t count);

/* Writes what is still held and notes the digest of each column. */
vdc_code vdc_table_finish(vdc_table *table, vdc_diag *diag);
void vdc_table_destroy(vdc_table *table);

#endif
