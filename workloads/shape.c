/* What a VM is: sizes, priority, CPU settings, GPUs, checkpoints. See shape.h. */
#include "workloads/shape.h"

#include "models/priority.h"
#include "sim/base/memory.h"
#include "workloads/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct shape {
    int64_t vcpus, memory, disk, iops, disk_bandwidth, net_tx, net_rx, numa_nodes, dirty_rate;
    const vdc_node *priority, *cpu, *gpus, *checkpoint, *isolation, *interference, *memory_load, *operations, *network, *vnics, *traffic, *volumes, *io;
} shape;

#define FIELD(member) offsetof(shape, member)
#define INTEGER(key, dimension, fallback, member, help) \
    {key, VDC_PARAM_INTEGER, dimension, fallback, 0, 0, NULL, help, FIELD(member), false, NULL}
#define NODE(key, member, help) {key, VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, help, FIELD(member), false, NULL}
static const vdc_param shape_params[] = {
    INTEGER("vcpus", VDC_DIM_MILLI, NULL, vcpus, "virtual CPUs"),
    INTEGER("memory", VDC_DIM_BYTES, "0 B", memory, "memory"),
    INTEGER("disk", VDC_DIM_BYTES, "0 B", disk, "disk space"),
    INTEGER("iops", VDC_DIM_COUNT, "0", iops, "disk operations a second"),
    INTEGER("disk_bandwidth", VDC_DIM_BYTE_RATE, "0 B/s", disk_bandwidth, "disk bandwidth"),
    INTEGER("net_tx", VDC_DIM_BYTE_RATE, "0 B/s", net_tx, "network bandwidth out"),
    INTEGER("net_rx", VDC_DIM_BYTE_RATE, "0 B/s", net_rx, "network bandwidth in"),
    {"numa_nodes", VDC_PARAM_INTEGER, VDC_DIM_COUNT, "0", 0, 64, NULL, "NUMA nodes it is split over evenly; 0 = any",
     FIELD(numa_nodes), false, NULL},
    {"dirty_rate", VDC_PARAM_INTEGER, VDC_DIM_BYTE_RATE, "scenario", 0, 0, NULL,
     "what it writes to its memory, for migrations; scenario = migration.dirty_rate", FIELD(dirty_rate), false, "scenario"},
    NODE("priority", priority, "low, normal, high or an integer, larger first"),
    NODE("cpu", cpu, "{weight, reservation, limit, period}"),
    NODE("gpus", gpus, "{count, share, models}"),
    NODE("checkpoint", checkpoint, "{interval, duration, scale}"),
    NODE("isolation", isolation, "what it asks for by way of isolation: pin, core_isolate, dedicated_host, …"),
    NODE("interference", interference, "how it disturbs its neighbours and suffers from them: pressure, sensitivity, accesses, …"),
    NODE("memory_load", memory_load, "how much of its memory it touches and works with: touched, working_set, reservation, segments"),
    NODE("operations", operations, "a list of {at: time after its arrival, do: stop, resize, migrate, …}"),
    NODE("network", network, "a vNIC without caps on this network"),
    NODE("vnics", vnics, "a list of {network, tx, rx, weight}"),
    NODE("traffic", traffic, "a list of {to, rate or size, at, every, for}: what it sends"),
    NODE("volumes", volumes, "a list of {size, pool, provision, image, iops, bandwidth, weight}"),
    NODE("io", io, "a list of {volume, rate, request, do, at, every, for}: what it reads and writes"),
};
enum { SHAPE_PARAMS = sizeof shape_params / sizeof shape_params[0] };

const vdc_param *vdc_shape_params(size_t *count) {
    *count = SHAPE_PARAMS;
    return shape_params;
}

#define WEIGHT_MOST INT64_C(1000000000000)
#define PERIOD_LEAST INT64_C(100000) /* ns */
#define PERIOD_MOST INT64_C(100000000000)

bool vdc_shape_cpu_wrong(vdc_cpu_key key, const vdc_request *request, const vdc_workload_context *context, char *wrong, size_t size) {
    const int64_t weight = request->cpu_weight, reserved = request->cpu_reservation, period = request->cpu_period;
    *wrong = '\0';
    switch (key) {
    case VDC_CPU_WEIGHT:
        if (weight == VDC_UNLIMITED) break;
        if (context->weight_most && weight > context->weight_most)
            (void)snprintf(wrong, size, "weight: found %" PRId64 "; allowed: 1 to %" PRId64 " with this CPU policy", weight, context->weight_most);
        else if (weight < 1 || weight > WEIGHT_MOST)
            (void)snprintf(wrong, size, "weight: found %" PRId64 "; allowed: 1 to %" PRId64, weight, WEIGHT_MOST);
        break;
    case VDC_CPU_RESERVATION: {
        /* It counts up to what its vCPUs can use. */
        const int64_t usable = (int64_t)((double)request->size[VDC_CPU] * (double)context->slowest / 1000);
        if (context->host_cpu && reserved > context->host_cpu && usable > context->host_cpu)
            (void)snprintf(wrong, size, "reservation: found %" PRId64 " Hz, which no host can keep; allowed: 0 to %" PRId64 " Hz", reserved, context->host_cpu);
        break;
    }
    case VDC_CPU_LIMIT:
        if (request->cpu_limit != VDC_UNLIMITED && reserved > request->cpu_limit) (void)snprintf(wrong, size, "the reservation is above the limit");
        break;
    case VDC_CPU_PERIOD:
        if (period && (period < PERIOD_LEAST || period > PERIOD_MOST))
            (void)snprintf(wrong, size, "period: found %" PRId64 " ns; allowed: %" PRId64 " to %" PRId64 " ns", period, PERIOD_LEAST, PERIOD_MOST);
        break;
    case VDC_CPU_KEYS: break;
    }
    return *wrong != '\0';
}

static void read_cpu(const vdc_node *node, const vdc_workload_context *context, vdc_request *request, const char *what, vdc_diag *diag) {
    char section[96];
    struct values { int64_t weight, reservation, limit, period; } values;
    static const vdc_param params[] = {
        {"weight", VDC_PARAM_INTEGER, VDC_DIM_COUNT, "default", 1, WEIGHT_MOST, NULL, "share under contention; default: 100 a vCPU",
         offsetof(struct values, weight), false, "default"},
        {"reservation", VDC_PARAM_INTEGER, VDC_DIM_FREQUENCY, "0 Hz", 0, 0, NULL, "guaranteed rate",
         offsetof(struct values, reservation), false, NULL},
        {"limit", VDC_PARAM_INTEGER, VDC_DIM_FREQUENCY, "none", 0, 0, NULL, "largest rate", offsetof(struct values, limit),
         false, "none"},
        {"period", VDC_PARAM_INTEGER, VDC_DIM_TIME, "policy", PERIOD_LEAST, PERIOD_MOST, NULL,
         "in which the reservation is due, for CPU policies with deadlines; policy = theirs", offsetof(struct values, period), false, "policy"},
    };
    (void)snprintf(section, sizeof section, "%s: cpu", what);
    if (vdc_params_read(node, params, 4, &values, NULL, section, diag)) return;
    request->cpu_weight = values.weight;
    request->cpu_reservation = values.reservation;
    request->cpu_limit = values.limit;
    request->cpu_period = values.period == VDC_PARAM_NONE ? 0 : values.period;
    static const char *const keys[VDC_CPU_KEYS] = {[VDC_CPU_WEIGHT] = "weight", [VDC_CPU_RESERVATION] = "reservation"};
    for (vdc_cpu_key key = 0; key < VDC_CPU_KEYS; key++) {
        char wrong[160];
        const vdc_node *written = keys[key] ? vdc_node_get(node, keys[key]) : NULL;
        if (vdc_shape_cpu_wrong(key, request, context, wrong, sizeof wrong))
            vdc_fail(diag, VDC_ERROR_INPUT, written ? &written->place : &node->place, "%s: %s", section, wrong);
    }
}

static void read_checkpoint(const vdc_node *node, vdc_request *request, const char *what, vdc_diag *diag) {
    char section[96];
    struct values { int64_t interval, duration; const vdc_node *scale; } values;
    static const vdc_param params[] = {
        {"interval", VDC_PARAM_INTEGER, VDC_DIM_TIME, NULL, 1, 0x1p63, NULL, "from the end of one to the next",
         offsetof(struct values, interval), false, NULL},
        {"duration", VDC_PARAM_INTEGER, VDC_DIM_TIME, "0s", 0, 0, NULL, "how long one takes", offsetof(struct values, duration),
         false, NULL},
        {"scale", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "growth of the interval", offsetof(struct values, scale),
         false, NULL},
    };
    (void)snprintf(section, sizeof section, "%s: checkpoint", what);
    if (vdc_params_read(node, params, 3, &values, NULL, section, diag)) return;
    request->checkpoint_interval = values.interval;
    request->checkpoint_duration = values.duration;
    if (!values.scale) return;
    const char *wrong = values.scale->kind == VDC_NODE_SCALAR
                            ? vdc_parse_fraction(values.scale->text, &request->checkpoint_scale_num,
                                                 &request->checkpoint_scale_den)
                            : "is no number";
    if (!wrong && request->checkpoint_scale_num <= 0) wrong = "is not above 0";
    char found[128];
    if (wrong) vdc_fail(diag, VDC_ERROR_INPUT, &values.scale->place, "%s: scale: %s %s; a number above 0 is allowed", section,
                        vdc_node_describe(values.scale, found, sizeof found), wrong);
}

/* `broken`: some of the values were wrong and have their defaults, so nothing is said about what goes together with them. */
static void take(const shape *given, const vdc_node *node, const vdc_workload_context *context, vdc_request *request,
                 const char *what, bool broken, vdc_diag *diag) {
    request->size[VDC_CPU] = given->vcpus;
    request->size[VDC_MEMORY] = given->memory;
    request->size[VDC_DISK] = given->disk;
    request->size[VDC_IOPS] = given->iops;
    request->size[VDC_DISK_BW] = given->disk_bandwidth;
    request->size[VDC_NET_TX] = given->net_tx;
    request->size[VDC_NET_RX] = given->net_rx;
    request->numa_nodes = (uint8_t)given->numa_nodes;
    request->dirty_rate = given->dirty_rate == VDC_PARAM_NONE ? VDC_UNLIMITED : given->dirty_rate;
    if (given->vcpus == 0 && !broken) vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: vcpus: found 0; allowed: more than 0", what);
    if (given->priority) vdc_priority_read(given->priority, what, &request->priority, diag);
    if (given->cpu) read_cpu(given->cpu, context, request, what, diag);
    if (given->isolation && !vdc_isolation_spec_read(context->isolation, given->isolation, &request->isolation, diag) && context->isolation && !broken) {
        char wrong[200];
        if (vdc_isolation_spec_owns_too_much(context->isolation, request->isolation, given->vcpus, wrong, sizeof wrong))
            vdc_fail(diag, VDC_ERROR_INPUT, &given->isolation->place, "%s: isolation: %s", what, wrong);
    }
    if (given->interference) vdc_interference_profile_read(context->interference, given->interference, &request->interference, diag);
    if (given->operations) vdc_operation_list_read(context->operations, given->operations, VDC_OPERATION_OF_VM, what, &request->operations, diag);
    const vdc_io_nodes io = {given->network, given->vnics, given->traffic, given->volumes, given->io};
    if (!broken) vdc_io_profile_read(context->io, &io, request, what, diag);
    if (given->memory_load && !context->has_memory && context->memory_loads)
        vdc_fail(diag, VDC_ERROR_INPUT, &given->memory_load->place, "%s: memory_load: needs the section `memory` of the scenario", what);
    else if (given->memory_load && !broken) vdc_memory_load_read(context->memory_loads, given->memory_load, request, diag);
    if (given->checkpoint) read_checkpoint(given->checkpoint, request, what, diag);
    if (!given->gpus) return;
    char section[96];
    (void)snprintf(section, sizeof section, "%s: gpus", what);
    vdc_gpus_read(given->gpus, context->gpu_models, request, section, diag);
}

vdc_code vdc_shape_read(const vdc_node *node, const vdc_param *own, size_t own_count, void *own_values, size_t own_size,
                        const vdc_workload_context *context, vdc_request *request, const char *what, vdc_diag *diag) {
    vdc_param *table = vdc_calloc(SHAPE_PARAMS + own_count, sizeof *table);
    char *values = vdc_calloc(1, sizeof(shape) + own_size);
    vdc_code code = table && values ? VDC_OK : vdc_no_memory(diag, "the description of a VM");
    if (!code) {
        for (size_t i = 0; i < own_count; i++) {
            table[i] = own[i];
            table[i].offset += sizeof(shape);
        }
        memcpy(table + own_count, shape_params, sizeof shape_params);
        code = vdc_params_read(node, table, SHAPE_PARAMS + own_count, values, NULL, what, diag);
    }
    if (table && values && code != VDC_ERROR_MEMORY) {
        const size_t before = diag->errors;
        take((const shape *)(const void *)values, node, context, request, what, code != VDC_OK, diag);
        if (diag->errors > before) code = VDC_ERROR_INPUT;
        if (own_size) memcpy(own_values, values + sizeof(shape), own_size);
    }
    vdc_free(values);
    vdc_free(table);
    return code;
}
