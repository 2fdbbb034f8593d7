/* The native trace's descriptor: tells CSV from HDF5. See native.h. */
#include "workloads/native.h"

#include "workloads/values.h"

static vdc_code open_native(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                            vdc_diag *diag) {
    return vdc_native_csv_open(params, path, context, source, diag);
}

static const vdc_param params[] = {
    {"segments", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "CSV of load segments: row, duration_*, demand_*",
     offsetof(vdc_native_params, segments), false, NULL},
    {"progress", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "time", 0, 0, vdc_progress_words, "what ends a segment",
     offsetof(vdc_native_params, progress), false, NULL},
};

const vdc_workload_type vdc_workload_native = {
    .name = "vdcsim",
    .summary = "the native trace: CSV with units in the column names, or HDF5",
    .source = "docs/traces.md",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(vdc_native_params),
    .streams = true,
    .open = open_native,
};
