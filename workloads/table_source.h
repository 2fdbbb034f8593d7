/* A trace that is one table with a row for each VM: what such readers share. A reader gives its columns and a function that
 * makes a request of a row.
 */
#ifndef VDC_WORKLOADS_TABLE_SOURCE_H
#define VDC_WORKLOADS_TABLE_SOURCE_H

#include "workloads/table.h"
#include "workloads/workload.h"

enum { VDC_TABLE_SOURCE_COLUMNS = 24, VDC_TABLE_SOURCE_NAME = 256, VDC_TABLE_SOURCE_STATE = 64 };

typedef struct vdc_table_source vdc_table_source;

typedef struct vdc_table_format {
    vdc_table_layout layout;
    const char *const *wanted;  /* columns, as vdc_table_map has them */
    size_t count, required;
    bool sorted;                /* rows are in order of arrival; one that is not is malformed */
    /* Looks at the header and the options. May be NULL. */
    vdc_code (*start)(vdc_table_source *self, const void *params, vdc_diag *diag);
    /* Fills a blank request from the current row; complains about what is malformed. */
    void (*take)(vdc_table_source *self, vdc_request *request);
} vdc_table_format;

struct vdc_table_source {
    vdc_source base;
    const vdc_table_format *format;
    vdc_table table;
    int at[VDC_TABLE_SOURCE_COLUMNS];
    vdc_workload_context context;   /* its names and report are for `take` */
    int64_t row;                    /* of the file, from 0 */
    int64_t last_arrival;
    bool leave_out;                 /* set by `take`: the row is legal, but no VM */
    char name[VDC_TABLE_SOURCE_NAME];
    union { uint64_t align; char bytes[VDC_TABLE_SOURCE_STATE]; } state; /* the format's own */
};

vdc_code vdc_table_source_open(const vdc_table_format *format, const void *params, const char *path,
                               const vdc_workload_context *context,
                               vdc_source **source, vdc_diag *diag);
/* A column's text as the request's name (cut at VDC_TABLE_SOURCE_NAME - 1 bytes). */
void vdc_table_source_take_name(vdc_table_source *self, int column, vdc_request *request);

#endif
