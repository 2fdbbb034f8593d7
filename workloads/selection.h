/* The options that all trace formats share, as one source around a reader's: which rows, in which order, when.
 *
 * Steps, in this order: the rows as the file has them · `order` (a list of row numbers) · `first`, `count` (a piece of that
 * list) · `from`, `until` (the trace's own time) · `shuffle` · `tune` · arrival instants · `scale`. A trace in order of
 * arrival passes through without being kept; what needs the whole list (order, shuffle, tune, a trace in another order)
 * keeps the rows compactly (rows.h).
 */
#ifndef VDC_WORKLOADS_SELECTION_H
#define VDC_WORKLOADS_SELECTION_H

#include "sim/base/memory.h"
#include "workloads/workload.h"

typedef struct vdc_selection_options {
    const vdc_workload_type *type;
    void *values;            /* the common options followed by the type's own; its parts point here */
    const void *params;      /* the type's own */
    vdc_arena paths;         /* where the resolved paths lie: those below and those in `params` */
    const char *path;        /* NULL for generators */
    const char *order_path;  /* or NULL */
    vdc_place place;         /* of the section */
    int64_t first, count;    /* rows; count VDC_UNLIMITED = all */
    int64_t from, until;     /* ns; until VDC_UNLIMITED = all */
    int64_t scale_num, scale_den;
    bool shuffle, tune, skip, no_departures, numa_split;
    vdc_resource tune_resource;
    double tune_share;
    int64_t interval;        /* ns, VDC_UNLIMITED = the trace's own instants */
    int64_t numa_above;      /* bytes */
} vdc_selection_options;

/* The table of the options that all traces share. */
const vdc_param *vdc_selection_params(size_t *count);
/* Reads a trace's or generator's section. `options` is cleared by the caller also after errors. */
vdc_code vdc_selection_read(const vdc_node *node, const vdc_workload_type *type, vdc_selection_options *options, vdc_diag *diag);
void vdc_selection_options_clear(vdc_selection_options *options);
/* Opens the type's source and puts the selection around it where one is asked for. `options` may be cleared afterwards. */
vdc_code vdc_selection_open(const vdc_selection_options *options, const vdc_workload_context *context, vdc_source **source,
                            vdc_diag *diag);

#endif
