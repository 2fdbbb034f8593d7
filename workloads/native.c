/* The native trace's columns and descriptor. See native.h. */
#include "workloads/native.h"

#include "workloads/native_hdf5.h"
#include "workloads/native_lists.h"
#include "workloads/values.h"

#include <stdio.h>
#include <string.h>

static const vdc_native_unit count_units[] = {{NULL, 1}, {NULL, 0}};
static const vdc_native_unit milli_units[] = {{NULL, 1000}, {NULL, 0}};
const vdc_native_unit vdc_native_time_units[] = {{"s", 1000000000},    {"ns", 1},            {"us", 1000},
                                                 {"ms", 1000000},
                                                 {"min", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}, {NULL, 0}};
static const vdc_native_unit byte_units[] = {{"b", 1},        {"kb", 1000},      {"mb", 1000000},   {"gb", 1000000000},
                                             {"tb", 1000000000000},
                                             {"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", INT64_C(1) << 40},
                                                 {NULL, 0}};
static const vdc_native_unit byte_rate_units[] = {{"b_s", 1},         {"kb_s", 1000},      {"mb_s", 1000000},
                                                  {"gb_s", 1000000000},
                                                  {"kib_s", 1 << 10}, {"mib_s", 1 << 20},  {"gib_s", 1 << 30},    {"kbit_s", 125},
                                                  {"mbit_s", 125000}, {"gbit_s", 125000000}, {NULL, 0}};
const vdc_native_unit vdc_native_frequency_units[] = {{"hz", 1}, {"khz", 1000}, {"mhz", 1000000}, {"ghz", 1000000000}, {NULL, 0}};

#define AT(member) offsetof(vdc_request, member)
#define NUMBER(name, units, base, member, absent, minimum) \
    {name, VDC_NATIVE_NUMBER, units, base, AT(member), absent, minimum, false}
#define OTHER(name, kind) {name, kind, count_units, "1", 0, 0, 0, false}
#define IN_WORDS(name, which) {name, VDC_NATIVE_LIST, count_units, "1", which, 0, 0, false}
const vdc_native_column vdc_native_columns[VDC_NATIVE_COLUMNS] = {
    NUMBER("id", count_units, "1", id, VDC_NO_ID, 0),
    OTHER("name", VDC_NATIVE_NAME),
    OTHER("tenant", VDC_NATIVE_TENANT),
    OTHER("group", VDC_NATIVE_GROUP),
    OTHER("part", VDC_NATIVE_PART),
    OTHER("isolation", VDC_NATIVE_ISOLATION),
    {"arrival", VDC_NATIVE_NUMBER, vdc_native_time_units, "ns", AT(arrival), INT64_MIN, 0, true},
    NUMBER("lifetime", vdc_native_time_units, "ns", lifetime, VDC_UNLIMITED, 0),
    {"vcpus", VDC_NATIVE_NUMBER, milli_units, "milli-vCPU", AT(size[VDC_CPU]), INT64_MIN, 1, true},
    NUMBER("memory", byte_units, "byte", size[VDC_MEMORY], 0, 0),
    NUMBER("disk", byte_units, "byte", size[VDC_DISK], 0, 0),
    NUMBER("iops", count_units, "1/s", size[VDC_IOPS], 0, 0),
    NUMBER("disk_bandwidth", byte_rate_units, "byte/s", size[VDC_DISK_BW], 0, 0),
    NUMBER("net_tx", byte_rate_units, "byte/s", size[VDC_NET_TX], 0, 0),
    NUMBER("net_rx", byte_rate_units, "byte/s", size[VDC_NET_RX], 0, 0),
    OTHER("priority", VDC_NATIVE_PRIORITY),
    OTHER("numa_nodes", VDC_NATIVE_NUMA),
    OTHER("gpus", VDC_NATIVE_GPUS),
    OTHER("gpu_milli", VDC_NATIVE_GPU_MILLI),
    OTHER("gpu_models", VDC_NATIVE_GPU_MODELS),
    NUMBER("cpu_weight", count_units, "1", cpu_weight, VDC_UNLIMITED, 1),
    NUMBER("cpu_reservation", vdc_native_frequency_units, "Hz", cpu_reservation, 0, 0),
    NUMBER("cpu_limit", vdc_native_frequency_units, "Hz", cpu_limit, VDC_UNLIMITED, 0),
    NUMBER("cpu_period", vdc_native_time_units, "ns", cpu_period, 0, 1),
    NUMBER("predicted_lifetime", vdc_native_time_units, "ns", predicted_lifetime, VDC_UNLIMITED, 0),
    NUMBER("checkpoint_interval", vdc_native_time_units, "ns", checkpoint_interval, 0, 1),
    NUMBER("checkpoint_duration", vdc_native_time_units, "ns", checkpoint_duration, 0, 0),
    IN_WORDS("vnics", VDC_LIST_VNICS),
    IN_WORDS("traffic", VDC_LIST_TRAFFIC),
    IN_WORDS("volumes", VDC_LIST_VOLUMES),
    IN_WORDS("io", VDC_LIST_IO),
    IN_WORDS("memory_load", VDC_LIST_MEMORY),
    OTHER("checkpoint_scale", VDC_NATIVE_SCALE),
    NUMBER("dirty_rate", byte_rate_units, "byte/s", dirty_rate, VDC_UNLIMITED, 0),
    OTHER("progress", VDC_NATIVE_PROGRESS),
};

bool vdc_native_match(const char *name, const vdc_native_column *column, int64_t *scale) {
    const size_t length = strlen(column->name);
    if (!column->units[0].name) {
        *scale = column->units[0].scale;
        return strcmp(name, column->name) == 0;
    }
    if (strncmp(name, column->name, length) != 0 || name[length] != '_') return false;
    for (const vdc_native_unit *unit = column->units; unit->name; unit++)
        if (strcmp(name + length + 1, unit->name) == 0) {
            *scale = unit->scale;
            return true;
        }
    return false;
}

const char *vdc_native_spell(const vdc_native_column *column, const vdc_native_unit *unit, char buffer[VDC_NATIVE_SPELLING]) {
    (void)snprintf(buffer, VDC_NATIVE_SPELLING, unit->name ? "%s_%s" : "%s", column->name, unit->name);
    return buffer;
}

int64_t vdc_native_value(const vdc_native_column *column, const vdc_request *request, bool *absent) {
    int64_t value = 0, otherwise = 0;
    switch (column->kind) {
    case VDC_NATIVE_NUMBER:
        value = *(const int64_t *)(const void *)((const char *)request + column->offset);
        otherwise = column->absent;
        break;
    case VDC_NATIVE_NAME: value = request->name != NULL; break;
    case VDC_NATIVE_TENANT: value = request->tenant; break;
    case VDC_NATIVE_GROUP: value = request->group; break;
    case VDC_NATIVE_PART: value = request->part; break;
    case VDC_NATIVE_ISOLATION: value = request->isolation; break;
    case VDC_NATIVE_PRIORITY:
        value = request->priority;
        otherwise = VDC_PRIORITY_NORMAL;
        break;
    case VDC_NATIVE_NUMA: value = request->numa_nodes; break;
    case VDC_NATIVE_GPUS: value = request->gpu_count; break;
    case VDC_NATIVE_GPU_MILLI: value = request->gpu_milli; break;
    case VDC_NATIVE_GPU_MODELS: value = (int64_t)request->gpu_models; break;
    case VDC_NATIVE_LIST: value = column->offset == VDC_LIST_MEMORY ? request->memory_load : request->io; break;
    case VDC_NATIVE_PROGRESS:
        value = request->load ? (int64_t)request->progress : VDC_PROGRESS_TIME;
        otherwise = VDC_PROGRESS_TIME;
        break;
    case VDC_NATIVE_SCALE:
        value = request->checkpoint_scale_num;
        otherwise = request->checkpoint_scale_den;
        break;
    }
    *absent = value == otherwise;
    return value;
}

static vdc_code open_rows(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                            vdc_diag *diag) {
    const vdc_native_params *options = params;
    if (!vdc_is_hdf5(path)) return vdc_native_csv_open(options, path, context, source, diag);
    const vdc_place place = {path, 0, 0};
    if (options->segments)
        return vdc_fail(diag, VDC_ERROR_INPUT, &place, "is HDF5, which holds its loads itself: `segments` is for CSV");
    return vdc_native_hdf5_open(path, context, source, diag);
}

static vdc_code open_native(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag) {
    const vdc_native_params *options = params;
    vdc_source *rows = NULL;
    vdc_code code = open_rows(params, path, context, &rows, diag);
    *source = rows;
    if (code || !options->operations) return code;
    vdc_native_row *row = vdc_is_hdf5(path) ? vdc_native_hdf5_row : vdc_native_csv_row;
    return vdc_native_with_operations(rows, row, options->operations, context, source, diag);
}

static const vdc_param params[] = {
    {"segments", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "CSV of load segments: row, duration_*, demand_*",
     offsetof(vdc_native_params, segments), false, NULL},
    {"progress", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "time", 0, 0, vdc_progress_words, "what ends a segment, where the trace does not say",
     offsetof(vdc_native_params, progress), false, NULL},
    {"operations", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "CSV of lifecycle operations: row, at_*, do, vcpus, memory_*, to, …",
     offsetof(vdc_native_params, operations), false, NULL},
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
