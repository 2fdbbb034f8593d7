/* Writing native traces: one VM after another, in order of arrival. native_csv_writer.c and native_hdf5_writer.c. */
#ifndef VDC_WORKLOADS_TRACE_WRITER_H
#define VDC_WORKLOADS_TRACE_WRITER_H

#include "workloads/workload.h"

typedef struct vdc_trace_writer vdc_trace_writer;

typedef struct vdc_trace_writer_operations {
    vdc_code (*add)(vdc_trace_writer *writer, const vdc_request *request, vdc_diag *diag);
    /* Completes the files and gives them their names. */
    vdc_code (*finish)(vdc_trace_writer *writer, vdc_diag *diag);
    /* Frees it; what is not finished is removed. */
    void (*close)(vdc_trace_writer *writer);
} vdc_trace_writer_operations;

struct vdc_trace_writer {
    const vdc_trace_writer_operations *operations; /* first member of every writer's own struct */
};

typedef struct vdc_trace_target {
    const char *path;
    const char *segments_path;   /* CSV: of the loads; NULL = there are none */
    bool force;                  /* files that exist are replaced */
    uint64_t columns;            /* CSV: bit i = native column i is written (arrival and vcpus always are) */
    const vdc_workload_context *context; /* whose names the requests' numbers stand for */
} vdc_trace_target;

vdc_code vdc_native_csv_create(vdc_trace_writer **writer, const vdc_trace_target *target, vdc_diag *diag);

/* Copies a source to its end; *count VMs. */
vdc_code vdc_trace_copy(vdc_source *source, vdc_trace_writer *writer, uint64_t *count, vdc_diag *diag);
/* Calls `each` for the segments of a request's load that its lifetime holds, the last one cut to it. A load without an end,
 * of a VM without a lifetime, is VDC_ERROR_INPUT: it cannot be written down. A constant one has a segment of VDC_FOREVER. */
vdc_code vdc_trace_segments(const vdc_request *request, vdc_code (*each)(void *to, const vdc_segment *segment, vdc_diag *diag),
                            void *to, vdc_diag *diag);

#endif
