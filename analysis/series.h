/* Reading of datasets for pictures and tables: columns as doubles, and ticks drawn together into few intervals.
 *
 * A picture a thousand points wide gains nothing from a million ticks. vdc_ticks groups consecutive ticks into at most so
 * many intervals; a quantity that is an integral over its tick becomes the mean rate of the interval (exactly), one that is a
 * value at the tick's end becomes the interval's mean or largest value.
 */
#ifndef VDC_ANALYSIS_SERIES_H
#define VDC_ANALYSIS_SERIES_H

#include "analysis/runs.h"

/* A dataset as doubles, row by row. Integers beyond 2^53 are rounded. Absent: rows = 0. */
typedef struct vdc_matrix {
    double *cells;
    size_t rows, width;
    char *units;                 /* "" when it has none */
} vdc_matrix;

/* Reads a whole dataset. One that is not there gives an empty matrix and VDC_OK. Memory: 8 bytes a cell. */
vdc_code vdc_matrix_read(vdc_matrix *matrix, const vdc_run *run, const char *path, vdc_diag *diag);
/* Rows first .. first + count - 1 only; fewer when it ends before. */
vdc_code vdc_matrix_read_rows(vdc_matrix *matrix, const vdc_run *run, const char *path, size_t first, size_t count,
                              vdc_diag *diag);
/* Rows and width of a dataset; 0 x 0 when it is not there. */
void vdc_matrix_shape(const vdc_run *run, const char *path, size_t *rows, size_t *width);
void vdc_matrix_clear(vdc_matrix *matrix);

/* A dataset of texts. Absent: count = 0. */
typedef struct vdc_text_list { char **items; size_t count; } vdc_text_list;
vdc_code vdc_text_list_read(vdc_text_list *list, const vdc_run *run, const char *path, vdc_diag *diag);
void vdc_text_list_clear(vdc_text_list *list);

/* The tick axis, drawn together. */
typedef struct vdc_ticks {
    size_t ticks;                /* 0: the run has no table of ticks */
    size_t count;                /* intervals */
    size_t *first;               /* [count + 1] the ticks of interval i: first[i] .. first[i + 1] - 1 */
    double *edges;               /* [count + 1] s */
    size_t resources;
    char **resource_names;       /* [resources] the axis of P, G, S, U */
} vdc_ticks;
vdc_code vdc_ticks_read(vdc_ticks *ticks, const vdc_run *run, size_t most, vdc_diag *diag);
void vdc_ticks_clear(vdc_ticks *ticks);
/* The index of a resource on the axis, SIZE_MAX when it is not there. */
size_t vdc_ticks_resource(const vdc_ticks *ticks, const char *name);

typedef enum vdc_interval_value {
    VDC_INTERVAL_RATE,           /* sum / length of the interval in seconds */
    VDC_INTERVAL_MEAN,           /* mean of the ticks' values */
    VDC_INTERVAL_LARGEST,
    VDC_INTERVAL_SUM,
    VDC_INTERVAL_LAST
} vdc_interval_value;
/* One column of /ticks by intervals into out[ticks->count], in fresh memory; *out = NULL when the run has no such dataset.
 * `column` is the place on the second axis, 0 without one. */
vdc_code vdc_ticks_column(const vdc_ticks *ticks, const vdc_run *run, const char *path, size_t column, vdc_interval_value value,
                          double **out, vdc_diag *diag);
/* The same of a column that holds values at the ends of ticks (vms_running), for a picture over time: such a value stands from there on, through the
 * next tick. So each tick has the value of the tick before; the first one has its own, for what was before it is not recorded. */
vdc_code vdc_ticks_held(const vdc_ticks *ticks, const vdc_run *run, const char *path, size_t column, vdc_interval_value value, double **out,
                        vdc_diag *diag);
/* The capacity of all hosts in a resource's unit of rate ("cpu": hardware threads, "memory": bytes), NaN when the file does not
 * say. */
double vdc_run_capacity(const vdc_run *run, const char *resource);
double vdc_largest(const double *values, size_t count); /* 0 of none; NaN left out */

#endif
