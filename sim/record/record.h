/* Writing a result file: HDF5 tables that grow by chunks while the run goes on.
 *
 * The file is OUT.partial until vdc_record_finish renames it. Nothing inside depends on the wall clock, the host
 * or the order of allocation, so equal runs give equal bytes (no object times, fixed library version bounds, fixed
 * chunk sizes, deflate). Every dataset has units, long_name and dimension scales on every axis. Memory is one
 * chunk a table, whatever the length of the run.
 *
 * The digest is a SHA-256 over every value in the order written, table by table, so it does not depend on the HDF5 library.
 */
#ifndef VDC_RECORD_RECORD_H
#define VDC_RECORD_RECORD_H

#include "sim/base/cell.h"
#include "sim/base/digest.h"
#include "sim/base/status.h"
#include <stdint.h>

typedef struct vdc_record vdc_record;
typedef struct vdc_table vdc_table;

/* One dataset of a table. A named scale makes it two-dimensional [row x scale]. An axis should lie in the group of what is
 * measured along it: netCDF readers such as xarray look for it only there and in the groups above. */
typedef struct vdc_column {
    const char *name;
    const char *units; /* "s", "W", "1", ... */
    const char *long_name;
    vdc_cell_type type;
    const char *scale; /* path of the second axis' scale ("/ticks/resource"), or NULL */
    size_t width;      /* cells of a row in this column: 1 without a scale */
} vdc_column;

/* Creates PATH.partial. With !force an existing PATH is an error. */
vdc_code vdc_record_create(vdc_record **record, const char *path, bool force, vdc_diag *diag);

/* Root attributes and summary scalars (datasets /summary/KEY with units and long_name). */
vdc_code vdc_record_attribute_text(vdc_record *record, const char *name, const char *text, vdc_diag *diag);
vdc_code vdc_record_attribute_integer(vdc_record *record, const char *name, int64_t value, vdc_diag *diag);
vdc_code vdc_record_inputs(vdc_record *record, const vdc_inputs *inputs, vdc_diag *diag);
vdc_code vdc_record_summary(vdc_record *record, const char *key, vdc_cell_type type, vdc_cell value, const char *units,
                            const char *long_name, vdc_diag *diag);

/* A fixed axis of names ("/ticks/resource"), a dimension scale of strings; `units` may be NULL or an array of texts
 * stored beside it as PATH_unit. Integers likewise. Must exist before a column refers to it. */
vdc_code vdc_record_scale_text(vdc_record *record, const char *path, const char *long_name, const char *const *values,
                               const char *const *units, size_t count, vdc_diag *diag);
vdc_code vdc_record_scale_integer(vdc_record *record, const char *path, const char *long_name, const int64_t *values,
                                  size_t count, vdc_diag *diag);

vdc_code vdc_record_scale_real(vdc_record *record, const char *path, const char *long_name, const double *values, size_t count,
                               vdc_diag *diag);
/* A dataset over several such axes, written at once: cells in row-major order, lengths[i] the length of the scale scales[i]. */
enum { VDC_GRID_RANK = 16 };
vdc_code vdc_record_grid(vdc_record *record, const char *path, vdc_cell_type type, const char *const *scales, const size_t *lengths,
                         size_t count, const vdc_cell *cells, const char *units, const char *long_name, vdc_diag *diag);

/* A table: a group (or a part of one) whose columns grow row by row together. The first column is the row axis (a dimension scale
 * that all others are attached to), unless `axis` names a scale that exists already. Rows a chunk: fixed by `chunk_rows` (0 = a
 * default by width). */
vdc_code vdc_record_table(vdc_record *record, vdc_table **table, const char *group, const vdc_column *columns, size_t count,
                          const char *axis, size_t chunk_rows, vdc_diag *diag);
/* Appends one row: the columns' cells one after another (sum of widths). O(cells), and once in a chunk its compression. */
vdc_code vdc_table_append(vdc_table *table, const vdc_cell *cells, vdc_diag *diag);
/* For rows that become known out of order (VMs): sets row `row`. Rows are written when all of a chunk are there; a few open
 * chunks are in memory, rows of the rest wait in a file without a name beside the output. Rows never set hold `fill` cells (given
 * once before the first set; required for such tables, whose rows may have at most 512 cells). The table ends after the last row
 * set. */
vdc_code vdc_table_fill(vdc_table *table, const vdc_cell *fill, vdc_diag *diag);
vdc_code vdc_table_set(vdc_table *table, int64_t row, const vdc_cell *cells, vdc_diag *diag);

/* Flushes everything, writes `complete` and `digest`, closes and, when complete, renames to the final name.
 * complete = false leaves a readable PATH.partial marked complete = 0. Frees the record in any case. digest may be NULL. */
vdc_code vdc_record_finish(vdc_record *record, bool complete, char digest[VDC_DIGEST_TEXT], vdc_diag *diag);
/* Closes and deletes what was written (the run failed before it began). */
void vdc_record_abandon(vdc_record *record);

#endif
