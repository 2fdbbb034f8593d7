/* The native trace as HDF5: what reader (native_hdf5.c) and writer (native_hdf5_writer.c) agree on.
 *
 *   attribute vdcsim_trace = 1
 *   /vms/COLUMN        [VM] int64: the columns of native.h in base units, and those below; one that is not there is absent
 *                      for all
 *   /names/tenants     [byte] the texts that numbers stand for, each ended by a NUL, from number 0 ("") on; likewise groups,
 *                      gpu_models and isolation (wishes as models/isolation_spec.h has them as text; not there when no VM has any)
 *   /names/vms         [byte] the VMs' own names, each ended by a NUL; not there when no VM has one
 *   /segments/duration, /segments/demand  [segment] int64, ns and Hz: the loads of all VMs one after another
 *
 * Everything is chunked and compressed and read and written front to back, so memory does not grow with the trace.
 */
#ifndef VDC_WORKLOADS_NATIVE_HDF5_H
#define VDC_WORKLOADS_NATIVE_HDF5_H

#include "sim/base/hdf5.h"
#include "workloads/native.h"
#include "workloads/trace_writer.h"

enum {
    VDC_TRACE_FORMAT = 1,       /* attribute vdcsim_trace */
    VDC_TRACE_BLOCK = 16384,    /* values of a chunk, and of what is held in memory of each column */
    VDC_TRACE_COLUMNS = VDC_NATIVE_COLUMNS + 4
};

/* The columns of /vms beyond native.h's. What is no number there has one here in its place, or none (vdc_trace_column_stored). */
enum {
    VDC_TRACE_SEGMENTS = VDC_NATIVE_COLUMNS, /* segments of the load, -1 = no load */
    VDC_TRACE_PROGRESS,                      /* 0 = time, 1 = work */
    VDC_TRACE_SCALE_NUM,                     /* growth of the checkpoint interval as a fraction */
    VDC_TRACE_SCALE_DEN
};

const char *vdc_trace_column_name(size_t column);
const char *vdc_trace_column_unit(size_t column);
/* The number that stands where a VM has nothing: the dataset's fill value. */
int64_t vdc_trace_column_absent(size_t column);
/* Is it kept as a dataset of numbers? (The VM's own name is not, nor what has a number of its own beyond native.h's columns.) */
bool vdc_trace_column_stored(size_t column);

bool vdc_is_hdf5(const char *path);
/* A child process reads the file first, so that one that crashes the HDF5 library is refused with a message (sim/base/guard.h). */
vdc_code vdc_native_hdf5_open(const char *path, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag);
/* The same without a child: what may crash, crashes here. For fuzzing. */
vdc_code vdc_native_hdf5_open_here(const char *path, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag);
vdc_code vdc_native_hdf5_create(vdc_trace_writer **writer, const vdc_trace_target *target, vdc_diag *diag);

#endif
