/* Small CSV tables (RFC 4180), read whole: a sweep's index of runs. */
#ifndef VDC_ANALYSIS_CSV_H
#define VDC_ANALYSIS_CSV_H

#include "sim/base/status.h"
#include <stddef.h>

/* Initialise with {0}, end with vdc_csv_clear. */
typedef struct vdc_csv {
    char *text;                  /* the file's bytes, cut into fields in place */
    char **fields;               /* all rows one after another */
    size_t *row_ends;            /* [rows] fields up to the end of each row */
    size_t rows, field_count;
    size_t field_capacity, row_capacity;
} vdc_csv;

vdc_code vdc_csv_read(vdc_csv *table, const char *path, vdc_diag *diag);
/* "" beyond the row's end. */
const char *vdc_csv_field(const vdc_csv *table, size_t row, size_t column);
void vdc_csv_clear(vdc_csv *table);

#endif
