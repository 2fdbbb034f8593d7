/* The native trace: one row a VM, in order of arrival, as CSV (native_csv.c) or HDF5 (native_hdf5.c).
 *
 * Both have the same columns. A CSV column's name carries its unit (arrival_s, memory_gib); HDF5 datasets are integers in
 * the base units, which stand in their `units` attribute.
 */
#ifndef VDC_WORKLOADS_NATIVE_H
#define VDC_WORKLOADS_NATIVE_H

#include "workloads/workload.h"

typedef struct vdc_native_params {
    const char *segments; /* CSV of load segments, or NULL */
    int progress;
} vdc_native_params;

extern const vdc_workload_type vdc_workload_native;

vdc_code vdc_native_csv_open(const vdc_native_params *params, const char *path, const vdc_workload_context *context,
                             vdc_source **source, vdc_diag *diag);

#endif
