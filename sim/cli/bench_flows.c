/* Benchmark of flows: 1 000 at a time between random hosts of a leaf-spine fabric of 10 000; one ends, another starts. */
#include <math.h>

#include "models/fabric.h"
#include "sim/base/memory.h"
#include "sim/base/random.h"
#include "sim/cli/bench.h"

enum { HOSTS = 10000, RACK = 40, LEAVES = HOSTS / RACK, FLOWS = 1000, EVENT = 1 };
#define GBIT INT64_C(125000000) /* bytes/s */

/* NICs of 25 Gbit/s, four spines. With uplinks of 100 Gbit/s the leaves have room to spare (2.5 : 1); of 2 Gbit/s all leaves are full and all
 * flows hang together: the worst case. */
static const struct shape {
    const char *name;
    int64_t uplink;
    bool hashed;
} shapes[] = {{"2.5:1", 100 * GBIT, false}, {"2.5:1, hashed", 100 * GBIT, true}, {"20:1", 25 * GBIT / 2, false}, {"125:1, all leaves full", 2 * GBIT, false}};

typedef struct network {
    vdc_queue *queue;
    vdc_flow_set *flows;
    vdc_fabric fabric;
    vdc_time clock;
    vdc_stream stream;
    uint32_t flow[FLOWS];
} network;

static vdc_code start(network *net, uint32_t at) {
    uint32_t from = (uint32_t)vdc_stream_below(&net->stream, HOSTS), to = (uint32_t)vdc_stream_below(&net->stream, HOSTS - 1);
    vdc_flow_spec spec = {.id = at, .amount = INT64_C(1) << 40, .cap = VDC_FLOW_UNCAPPED, .weight = 1};
    vdc_code code = vdc_fabric_open(&net->fabric, from, to < from ? to : to + 1, &spec, &net->flow[at]);
    return code ? code : vdc_flows_settle(net->flows, NULL);
}

static vdc_code set_up(network *net, const struct shape *shape) {
    static const vdc_endpoint none = {0};
    vdc_endpoint *hosts = vdc_calloc(HOSTS, sizeof none);
    const vdc_fabric_spec spec = {.kind = VDC_FABRIC_LEAF_SPINE, .uplink = shape->uplink, .spines = 4, .hashed = shape->hashed};
    vdc_code code = hosts ? vdc_queue_create(&net->queue, NULL, NULL) : VDC_ERROR_MEMORY;
    for (uint32_t h = 0; hosts && h < HOSTS; h++) hosts[h] = (vdc_endpoint){.nic = 25 * GBIT, .leaf = h / RACK};
    vdc_stream_open(&net->stream, 1, "bench.flows", 0);
    if (!code) code = vdc_flows_create(&net->flows, net->queue, EVENT, &net->clock);
    if (!code) code = vdc_fabric_create(&net->fabric, net->flows, &spec, hosts, HOSTS, LEAVES);
    vdc_free(hosts);
    for (uint32_t i = 0; !code && i < FLOWS; i++) code = start(net, i);
    return code;
}

static vdc_code measure(vdc_bench *bench, network *net, const struct shape *shape) {
    uint32_t rounds = bench->quick ? 2000 : 20000;
    double ends = 0, starts = 0;
    uint64_t solved = vdc_flows_solved(net->flows);
    vdc_code code = VDC_OK;
    for (uint32_t i = 0; !code && i < rounds; i++) {
        uint32_t at = (uint32_t)vdc_stream_below(&net->stream, FLOWS);
        net->clock += VDC_SECOND / 1000;
        double begin = vdc_cli_cpu_seconds();
        code = vdc_flows_close(net->flows, net->flow[at]);
        if (!code) code = vdc_flows_settle(net->flows, NULL);
        double middle = vdc_cli_cpu_seconds();
        if (!code) code = start(net, at);
        ends += middle - begin;
        starts += vdc_cli_cpu_seconds() - middle;
    }
    if (code) return code;
    vdc_json *json = vdc_bench_line(bench);
    vdc_json_put_text(json, "fabric", shape->name);
    vdc_json_put_integer(json, "hosts", HOSTS);
    vdc_json_put_integer(json, "flows", FLOWS);
    vdc_json_put_real(json, "us_per_end", round(ends * 1e8 / rounds) / 100);
    vdc_json_put_real(json, "us_per_start", round(starts * 1e8 / rounds) / 100);
    vdc_json_put_real(json, "flows_solved", round((double)(vdc_flows_solved(net->flows) - solved) * 50 / rounds) / 100);
    vdc_bench_line_end(bench);
    return VDC_OK;
}

vdc_code vdc_bench_flows(vdc_bench *bench, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < sizeof shapes / sizeof *shapes && !vdc_cli_interrupted(); i++) {
        network *net = vdc_calloc(1, sizeof *net);
        if (!net) return vdc_no_memory(diag, "a benchmark");
        code = set_up(net, &shapes[i]);
        if (!code) code = measure(bench, net, &shapes[i]);
        vdc_fabric_destroy(&net->fabric);
        vdc_flows_destroy(net->flows);
        vdc_queue_destroy(net->queue);
        vdc_free(net);
    }
    return code ? vdc_no_memory(diag, "a benchmark") : VDC_OK;
}
