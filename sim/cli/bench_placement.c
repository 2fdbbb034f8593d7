/* Benchmarks of placement: what a decision and the upkeep of its index cost, by policy, hosts and request shapes; and the cost of
 * one VM in a whole run beside a bare loop of arrivals, placement and departures.
 *
 * The fleet: hosts of 64 vCPUs and 256 GiB. 32 shapes: 2, 4, 8 or 16 vCPUs with 1 to 8 GiB each, all equally likely, until 85 %
 * of the CPU is taken. Then each arrival finds one VM gone that was drawn at random (as with exponential lifetimes).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedulers/search.h"
#include "sim/base/memory.h"
#include "sim/cli/bench.h"
#include "sim/engine/queue.h"
#include "sim/vdcsim.h"

enum { SHAPES = 32, CORES = 64, HOST_GIB = 256, SLICES = 5, PAIRS = 15 };
static const int64_t shape_cores[] = {2, 4, 8, 16};
static const int64_t shape_gib_in_halves[] = {2, 3, 4, 6, 8, 12, 14, 16}; /* a vCPU, in units of 512 MiB */
static const double LOAD = 0.85, MEAN_CORES = 7.5;

/* --- the fleet --- */

typedef struct placed_vm {
    uint32_t host;
    uint32_t shape;
} placed_vm;

typedef struct fleet {
    vdc_hosts hosts;
    vdc_request *shapes;
    uint32_t shape_count;
    vdc_search *search;
    vdc_policy_instance policy;
    placed_vm *alive;
    uint32_t alive_count, wanted;
    int64_t now;
    uint64_t rejected;
    vdc_stream stream;
} fleet;

static vdc_request plain_request(int64_t milli_cores, int64_t bytes) {
    return (vdc_request){.lifetime = VDC_UNLIMITED,
                         .size = {[VDC_CPU] = milli_cores, [VDC_MEMORY] = bytes},
                         .cpu_weight = VDC_UNLIMITED,
                         .cpu_limit = VDC_UNLIMITED,
                         .predicted_lifetime = VDC_UNLIMITED};
}

/* The 32 shapes, or as many different ones as wanted: any number of vCPUs up to 15, any memory to the MiB. */
static void draw_shapes(fleet *f) {
    for (uint32_t i = 0; i < f->shape_count; i++) {
        int64_t cores = shape_cores[i % 4], bytes = cores * shape_gib_in_halves[i / 4 % 8] * (INT64_C(1) << 29);
        if (f->shape_count > SHAPES) {
            cores = 1 + (int64_t)vdc_stream_below(&f->stream, 15);
            bytes = (int64_t)(1 + vdc_stream_below(&f->stream, (uint64_t)cores * 8192)) << 20;
        }
        f->shapes[i] = plain_request(cores * 1000, bytes);
    }
}

static vdc_code make_hosts(fleet *f, uint32_t count, vdc_diag *diag) {
    vdc_host_class *class = vdc_calloc(1, sizeof *class);
    uint16_t *class_of = vdc_calloc(count, sizeof *class_of);
    if (!class || !class_of) {
        vdc_free(class);
        vdc_free(class_of);
        return vdc_no_memory(diag, "the hosts");
    }
    *class = (vdc_host_class){.count = count, .sockets = 1, .cores = CORES, .threads = 1, .numa = 1, .speed = 2000000000};
    class->capacity[VDC_CPU] = class->physical[VDC_CPU] = CORES * 1000;
    class->capacity[VDC_MEMORY] = class->physical[VDC_MEMORY] = (int64_t)HOST_GIB << 30;
    for (size_t m = 0; vdc_power_models[m]; m++) {
        if (strcmp(vdc_power_models[m]->name, "linear") == 0)
            class->power = (vdc_power){.model = vdc_power_models[m], .idle = 100, .max = 200};
    }
    return vdc_hosts_create(&f->hosts, class, 1, class_of, count, 1U << VDC_CPU | 1U << VDC_MEMORY, false, diag);
}

/* `policy` with its defaults; *fits = false: one that cannot do with this fleet. */
static vdc_code open_fleet(fleet *f, const vdc_policy *policy, uint32_t hosts, uint32_t shapes, bool *fits, vdc_diag *diag) {
    *f = (fleet){.shape_count = shapes, .wanted = (uint32_t)(LOAD * hosts * CORES / (shapes > SHAPES ? 8 : MEAN_CORES))};
    *fits = true;
    vdc_stream_open(&f->stream, 1, "bench.placement", 0);
    f->shapes = vdc_calloc(shapes, sizeof *f->shapes);
    f->alive = vdc_calloc(f->wanted + 1, sizeof *f->alive);
    if (!f->shapes || !f->alive) return vdc_no_memory(diag, "a benchmark");
    draw_shapes(f);
    vdc_code code = make_hosts(f, hosts, diag);
    if (code) return code;
    const vdc_node name = {.kind = VDC_NODE_SCALAR, .key = "policy", .text = policy->name}, *children[] = {&name};
    const vdc_node node = {.kind = VDC_NODE_MAPPING, .children = (vdc_node **)children, .count = 1};
    vdc_diag reasons = {0};
    code = vdc_policy_open(VDC_PLACEMENT, &node, NULL, NULL, &f->policy, &reasons);
    vdc_search_options options = {.hosts = &f->hosts, .now = &f->now, .seed = 1, .component = "placement"};
    if (!code) code = vdc_search_create(&f->search, &f->policy, &options, &reasons);
    *fits = !code;
    vdc_diag_clear(&reasons);
    return code == VDC_ERROR_MEMORY ? code : VDC_OK;
}

static void close_fleet(fleet *f) {
    vdc_search_destroy(f->search);
    vdc_policy_close(&f->policy);
    vdc_hosts_destroy(&f->hosts);
    vdc_free(f->shapes);
    vdc_free(f->alive);
}

static void remove_one(fleet *f) {
    uint32_t index = (uint32_t)vdc_stream_below(&f->stream, f->alive_count);
    placed_vm gone = f->alive[index];
    f->alive[index] = f->alive[--f->alive_count];
    vdc_host_give(&f->hosts, gone.host, &f->shapes[gone.shape], 0, 0);
    vdc_search_host_changed(f->search, gone.host);
    vdc_search_released(f->search, &f->shapes[gone.shape], gone.host);
}

static void settle_in(fleet *f, uint32_t shape, uint32_t host) {
    vdc_host_take(&f->hosts, host, &f->shapes[shape], 0, 0);
    vdc_search_host_changed(f->search, host);
    vdc_search_placed(f->search, &f->shapes[shape], host);
    f->alive[f->alive_count++] = (placed_vm){host, shape};
}

static vdc_code add_one(fleet *f, vdc_diag *diag) {
    uint32_t shape = (uint32_t)vdc_stream_below(&f->stream, f->shape_count);
    vdc_decision decision;
    bool found;
    f->now += 1000000;
    vdc_code code = vdc_search_decide(f->search, &f->shapes[shape], &decision, &found, diag);
    if (code) return code;
    if (found) settle_in(f, shape, (uint32_t)decision.host);
    f->rejected += !found;
    return VDC_OK;
}

/* Fills the fleet up by the policy itself; where that takes more than some seconds, the rest by going around the hosts. */
static vdc_code fill(fleet *f, double seconds, vdc_diag *diag) {
    double begin = vdc_cli_cpu_seconds();
    vdc_code code = VDC_OK;
    uint32_t next = 0;
    for (uint64_t tried = 0; !code && f->alive_count < f->wanted && tried < 2 * (uint64_t)f->wanted; tried++) {
        bool late = tried % 64 == 0 && vdc_cli_cpu_seconds() - begin > seconds;
        if (late) next = next ? next : 1;
        if (!next) {
            code = add_one(f, diag);
            continue;
        }
        uint32_t shape = (uint32_t)vdc_stream_below(&f->stream, f->shape_count), host = (uint32_t)(tried % f->hosts.count);
        if (vdc_host_fits(&f->hosts, host, &f->shapes[shape])) settle_in(f, shape, host);
    }
    return code;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

/* The median over slices of what one VM costs: its departure, its arrival, and both updates. Some seconds at most. */
static vdc_code churn(fleet *f, uint64_t most, double seconds, double *ns, uint64_t *vms, vdc_diag *diag) {
    double slices[SLICES];
    vdc_code code = VDC_OK;
    *vms = 0;
    for (int s = 0; s < SLICES && !code; s++) {
        uint64_t done = 0;
        double begin = vdc_cli_cpu_seconds(), taken = 0;
        while (!code && done < most / SLICES && taken < seconds / SLICES) {
            uint64_t batch =
                done ? (uint64_t)(1000e-6 / (taken / (double)done)) + 1 : 1; /* look at the clock once a millisecond */
            for (uint64_t i = 0; i < batch && done < most / SLICES && !code; i++, done++) {
                if (f->alive_count >= f->wanted) remove_one(f);
                code = add_one(f, diag);
            }
            taken = vdc_cli_cpu_seconds() - begin;
        }
        slices[s] = taken * 1e9 / (double)(done ? done : 1);
        *vms += done;
    }
    *ns = median(slices, SLICES);
    return code;
}

static vdc_code measure_policy(vdc_bench *bench, const vdc_policy *policy, uint32_t hosts, uint32_t shapes, vdc_diag *diag) {
    fleet f;
    bool fits;
    double seconds = bench->quick ? 0.2 : 2, ns = 0;
    uint64_t vms = 0;
    vdc_code code = open_fleet(&f, policy, hosts, shapes, &fits, diag);
    if (!code && fits) code = fill(&f, 5 * seconds, diag);
    if (!code && fits)
        code = churn(&f, UINT64_C(1) << 32, seconds / 2, &ns, &vms, diag); /* until the index has met what there is to meet */
    if (!code && fits) code = churn(&f, UINT64_C(1) << 32, seconds, &ns, &vms, diag);
    if (!code && fits) {
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_text(json, "policy", policy->name);
        vdc_json_put_integer(json, "hosts", hosts);
        vdc_json_put_integer(json, "shapes", shapes);
        vdc_json_put_text(json, "search", vdc_search_strategy(f.search));
        vdc_json_put_integer(json, "vms", (int64_t)vms);
        vdc_json_put_real(json, "ns_per_vm", round(ns * 10) / 10);
        vdc_bench_line_end(bench);
    }
    close_fleet(&f);
    if (!code && vdc_cli_interrupted()) code = VDC_INTERRUPTED;
    return code;
}

static bool stands_alone(const vdc_policy *policy) {
    for (size_t i = 0; i < policy->param_count; i++) {
        if (vdc_param_is_required(&policy->params[i]) || policy->params[i].required) return false;
    }
    return policy->kind == VDC_PLACEMENT;
}

vdc_code vdc_bench_placement(vdc_bench *bench, vdc_diag *diag) {
    uint32_t most = bench->quick ? 10000 : 1000000;
    vdc_code code = VDC_OK;
    for (size_t p = 0; vdc_policies[p]; p++) {
        if (!stands_alone(vdc_policies[p]) || (bench->policy && strcmp(bench->policy, vdc_policies[p]->name) != 0)) continue;
        if (bench->hosts) code = measure_policy(bench, vdc_policies[p], bench->hosts, SHAPES, diag);
        for (uint32_t hosts = 100; !code && !bench->hosts && hosts <= most; hosts *= 10) {
            code = measure_policy(bench, vdc_policies[p], hosts, SHAPES, diag);
        }
    }
    return code;
}

vdc_code vdc_bench_shapes(vdc_bench *bench, vdc_diag *diag) {
    static const char *const names[] = {"first-fit", "best-fit", "worst-fit", "cosine"};
    vdc_code code = VDC_OK;
    for (size_t p = 0; p < sizeof names / sizeof *names; p++) {
        for (uint32_t shapes = 100; !code && shapes <= 10000; shapes *= 10) {
            code = measure_policy(bench, vdc_policy_find(VDC_PLACEMENT, names[p]), 10000, shapes, diag);
        }
    }
    return code;
}

/* --- a VM in a whole run, beside the least that it could cost --- */

/* What the bare loop replays: made before the clock starts. */
typedef struct arrival {
    vdc_time at, lifetime;
    uint32_t shape;
} arrival;

/* Times between arrivals and lifetimes as the scenario below has them: 10 s mean lifetime a VM of the wanted number. */
static arrival *draw_arrivals(fleet *f, uint64_t count) {
    arrival *arrivals = vdc_calloc(count, sizeof *arrivals);
    vdc_time now = 0;
    for (uint64_t i = 0; arrivals && i < count; i++) {
        now += (vdc_time)(-log(1 - vdc_stream_uniform(&f->stream)) * 3.6e12 / f->wanted);
        arrivals[i] = (arrival){now, (vdc_time)(-log(1 - vdc_stream_uniform(&f->stream)) * 3.6e12),
                                (uint32_t)vdc_stream_below(&f->stream, SHAPES)};
    }
    return arrivals;
}

/* Sorted arrivals, placement with its index, departures in the event queue: nothing else. */
typedef struct bare_loop {
    fleet *fleet;
    vdc_queue *queue;
    const arrival *next;
} bare_loop;

/* The next `count` VMs. *ns: what each cost. */
static vdc_code bare_some(bare_loop *bare, uint64_t count, double *ns, vdc_diag *diag) {
    fleet *f = bare->fleet;
    double begin = vdc_cli_cpu_seconds();
    vdc_code code = VDC_OK;
    for (const arrival *end = bare->next + count; bare->next < end && !code; bare->next++) {
        const vdc_event *due;
        vdc_event event;
        while ((due = vdc_queue_peek(bare->queue)) && due->time <= bare->next->at) {
            (void)vdc_queue_pop(bare->queue, &event);
            vdc_host_give(&f->hosts, event.subject, &f->shapes[event.kind], 0, 0);
            vdc_search_host_changed(f->search, event.subject);
        }
        vdc_decision decision;
        bool found;
        const vdc_request *request = &f->shapes[bare->next->shape];
        f->now = bare->next->at;
        code = vdc_search_decide(f->search, request, &decision, &found, diag);
        if (code || !found) continue;
        uint32_t host = (uint32_t)decision.host;
        vdc_host_take(&f->hosts, host, request, 0, 0);
        vdc_search_host_changed(f->search, host);
        vdc_event_handle handle;
        if (vdc_queue_push(bare->queue, bare->next->at + bare->next->lifetime, VDC_RANK_VM_END, bare->next->shape, host, &handle))
            code = vdc_no_memory(diag, "the event queue");
    }
    *ns = (vdc_cli_cpu_seconds() - begin) * 1e9 / (double)count;
    return code;
}

/* The same fleet and workload as a scenario; the tick is longer than the run, so that its cost, one a host, stays out. */
static char *scenario_text(const char *policy, uint32_t hosts, uint32_t wanted, uint64_t count, const char *tenants, const char *more) {
    char *flavors = vdc_strdup("");
    for (uint32_t i = 0; flavors && i < SHAPES; i++) {
        int64_t cores = shape_cores[i % 4], halves = cores * shape_gib_in_halves[i / 4 % 8];
        char *longer = vdc_format("%s%s{vcpus: %d, memory: %d MiB}", flavors, i ? ", " : "", (int)cores, (int)halves * 512);
        vdc_free(flavors);
        flavors = longer;
    }
    char racks[40] = "";
    if (*tenants) (void)snprintf(racks, sizeof racks, ", topology: {racks: %u}", hosts / 40);
    char *text =
        flavors
            ? vdc_format("vdcsim: 1\nname: bench\ntime: {tick: 300d, end: last-arrival}\n"
                         "datacenter: {hosts: [{class: server, count: %u, cpu: {cores: %d, speed: 2 GHz}, memory: %d GiB}]%s}\n"
                         "workload: {generate: {count: %llu, arrivals: {dist: exponential, mean: %.3f us}, "
                         "lifetime: {dist: exponential, mean: 1h}, flavors: [%s]%s}}\n"
                         "schedulers: {admission: {policy: fifo, timeout: 0s}, placement: {policy: %s}}\noutput: {vms: none}\n%s",
                         hosts, CORES, HOST_GIB, racks, (unsigned long long)count, 3.6e9 / wanted, flavors, tenants, policy, more)
            : NULL;
    vdc_free(flavors);
    return text;
}

/* The next `count` VMs of a run, or what is left of it. *ns: what each cost. */
static vdc_code whole_some(vdc_simulation *simulation, uint64_t count, double *ns, vdc_diag *diag) {
    vdc_progress_report report = {0};
    vdc_simulation_progress(simulation, &report);
    const uint64_t since = (uint64_t)report.arrived;
    double begin = vdc_cli_cpu_seconds();
    vdc_code code = VDC_OK;
    while (!code && !report.ended && (uint64_t)report.arrived < since + count) {
        code = vdc_simulation_run_some(simulation, VDC_TIME_MAX, count / 1000 + 1, diag);
        vdc_simulation_progress(simulation, &report);
        if (!code && vdc_cli_interrupted()) code = VDC_INTERRUPTED;
    }
    *ns = (vdc_cli_cpu_seconds() - begin) * 1e9 / (double)((uint64_t)report.arrived - since);
    return code;
}

static vdc_code whole_run(const char *text, uint64_t warm, uint64_t count, double *ns, vdc_diag *diag) {
    vdc_run_options options = {.text = text};
    vdc_simulation *simulation;
    vdc_code code = vdc_simulation_open(&simulation, "bench.yaml", &options, diag);
    if (code) return code;
    double slices[SLICES];
    code = whole_some(simulation, warm, ns, diag);
    for (int s = 0; s < SLICES && !code; s++) code = whole_some(simulation, (count - warm) / SLICES, &slices[s], diag);
    vdc_simulation_close(simulation);
    if (!code) *ns = median(slices, SLICES);
    return code;
}

/* Both by turns, a slice each, so that what else the machine does at a time falls on both: medians, and the median of the pairs' ratios. */
static vdc_code by_turns(bare_loop *bare, vdc_simulation *simulation, uint64_t warm, uint64_t slice, double medians[3], vdc_diag *diag) {
    double times[3][PAIRS], ignored;
    vdc_code code = bare_some(bare, warm, &ignored, diag);
    if (!code) code = whole_some(simulation, warm, &ignored, diag);
    for (int s = 0; s < PAIRS && !code; s++) {
        code = bare_some(bare, slice, &times[0][s], diag);
        if (!code) code = whole_some(simulation, slice, &times[1][s], diag);
        if (!code) times[2][s] = times[1][s] / times[0][s];
    }
    for (int i = 0; i < 3 && !code; i++) medians[i] = median(times[i], PAIRS);
    return code;
}

static vdc_code compare_run(vdc_bench *bench, const char *policy, uint32_t hosts, vdc_diag *diag) {
    fleet f;
    bool fits;
    double medians[3];
    vdc_code code = open_fleet(&f, vdc_policy_find(VDC_PLACEMENT, policy), hosts, SHAPES, &fits, diag);
    /* Twice the mean lifetime fills the fleet to 86 % of its load. */
    const uint64_t warm = 2 * (uint64_t)f.wanted, slice = f.wanted > 1000000 ? f.wanted / 10 : 100000, count = warm + PAIRS * slice;
    bare_loop bare = {.fleet = &f};
    arrival *arrivals = code ? NULL : draw_arrivals(&f, count);
    char *text = code ? NULL : scenario_text(policy, hosts, f.wanted, count, "", "");
    if (!code && !(arrivals && text)) code = vdc_no_memory(diag, "a benchmark");
    bare.next = arrivals;
    if (!code) code = vdc_queue_create(&bare.queue, NULL, diag);
    vdc_run_options options = {.text = text};
    vdc_simulation *simulation = NULL;
    if (!code) code = vdc_simulation_open(&simulation, "bench.yaml", &options, diag);
    if (!code) code = by_turns(&bare, simulation, warm, slice, medians, diag);
    if (!code) {
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_text(json, "policy", policy);
        vdc_json_put_integer(json, "hosts", hosts);
        vdc_json_put_integer(json, "shapes", SHAPES);
        vdc_json_put_text(json, "search", vdc_search_strategy(f.search));
        vdc_json_put_integer(json, "vms", (int64_t)(count - warm));
        vdc_json_put_real(json, "bare_ns_per_vm", round(medians[0]));
        vdc_json_put_real(json, "run_ns_per_vm", round(medians[1]));
        vdc_json_put_real(json, "ratio", round(100 * medians[2]) / 100);
        vdc_bench_line_end(bench);
    }
    vdc_simulation_close(simulation);
    vdc_queue_destroy(bare.queue);
    vdc_free(text);
    vdc_free(arrivals);
    close_fleet(&f);
    return code;
}

/* One whole run of the fleet with 50 tenants in racks of 40 hosts. */
static vdc_code run_under(const char *isolation, uint32_t hosts, uint32_t wanted, uint64_t warm, uint64_t count, double *ns, vdc_diag *diag) {
    char *text = scenario_text("best-fit", hosts, wanted, count, ", tenants: {count: 50, zipf: 0}", isolation);
    vdc_code code = text ? whole_run(text, warm, count, ns, diag) : vdc_no_memory(diag, "a benchmark");
    vdc_free(text);
    return code;
}

/* A VM under rules on every tenant, beside one without any. By turns, so that what else the machine does falls on both: the least time, and the
 * median of the turns' ratios. `ratio` is to the run without rules, `ratio_to_domains` to one that keeps the domains' exposure without any rule. */
vdc_code vdc_bench_rules(vdc_bench *bench, vdc_diag *diag) {
    static const struct { const char *name, *isolation; } rows[] = {
        {"none", ""},
        {"domains alone", "isolation: {domain: tenant}\n"},
        {"anti-affinity, 1 a host", "isolation: {rules: [{rule: anti-affinity, of: tenant, level: host, max: 1}]}\n"},
        {"the same, soft", "isolation: {rules: [{rule: anti-affinity, of: tenant, level: host, max: 1, mode: soft, weight: 1}]}\n"},
        {"spread over racks", "isolation: {rules: [{rule: spread, of: tenant, level: rack, skew: 2}]}\n"},
        {"spread over hosts", "isolation: {rules: [{rule: spread, of: tenant, level: host, skew: 2}]}\n"},
        {"max-vms 9 a host", "isolation: {rules: [{rule: max-vms, max: 9}]}\n"},
        {"max-tenants 5 a host", "isolation: {rules: [{rule: max-tenants, max: 5}]}\n"},
        {"dedicated hosts", "isolation: {rules: [{rule: dedicated-host}]}\n"},
    };
    enum { TURNS = 5 };
    uint32_t hosts = bench->hosts ? bench->hosts : bench->quick ? 1000 : 10000, wanted = (uint32_t)(hosts * CORES * LOAD / MEAN_CORES);
    uint64_t warm = 2 * (uint64_t)wanted, count = warm + 3 * (uint64_t)wanted;
    double domains = 0;
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < sizeof rows / sizeof *rows; i++) {
        double ns = INFINITY, ratios[TURNS], with = 0, without = 0;
        for (int turn = 0; !code && turn < TURNS; turn++) {
            code = run_under(rows[i].isolation, hosts, wanted, warm, count, &with, diag);
            if (!code && i > 0) code = run_under("", hosts, wanted, warm, count, &without, diag);
            ratios[turn] = i > 0 ? with / without : 1;
            ns = fmin(ns, with);
        }
        if (code) break;
        if (i == 1) domains = ns;
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_text(json, "rule", rows[i].name);
        vdc_json_put_integer(json, "hosts", hosts);
        vdc_json_put_integer(json, "vms", (int64_t)(count - warm));
        vdc_json_put_real(json, "run_ns_per_vm", round(ns));
        vdc_json_put_real(json, "ratio", round(100 * median(ratios, TURNS)) / 100);
        vdc_json_put_real(json, "ratio_to_domains", i ? round(100 * ns / domains) / 100 : 1);
        vdc_bench_line_end(bench);
    }
    return code;
}

vdc_code vdc_bench_vm(vdc_bench *bench, vdc_diag *diag) {
    static const char *const names[] = {"first-fit", "best-fit"};
    uint32_t least = bench->hosts ? bench->hosts : 10000, most = bench->hosts ? bench->hosts : bench->quick ? 10000 : 1000000;
    vdc_code code = VDC_OK;
    for (uint32_t hosts = least; !code && hosts <= most; hosts *= 10) {
        for (size_t p = 0; !code && p < sizeof names / sizeof *names; p++)
            if (!bench->policy || strcmp(bench->policy, names[p]) == 0) code = compare_run(bench, names[p], hosts, diag);
    }
    return code;
}

/* Whole runs, from the first VM to the last: CPU time and what memory it took. The sizes ascend, so that the largest memory so far is that of the
 * line's own run, or less than that of one before: it follows the VMs alive, a hundred times as many hosts, and not the VMs that come. */
vdc_code vdc_bench_generated(vdc_bench *bench, vdc_diag *diag) {
    static const struct { uint32_t hosts; uint64_t vms; bool quick; } sizes[] = {
        {1000, 100000, true}, {1000, 1000000, true}, {1000, 10000000, false}, {10000, 10000000, false}, {100000, 10000000, false},
    };
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < sizeof sizes / sizeof *sizes; i++) {
        if (bench->hosts ? sizes[i].hosts != bench->hosts : bench->quick && !sizes[i].quick) continue;
        const char *policy = bench->policy ? bench->policy : "first-fit";
        char *text = scenario_text(policy, sizes[i].hosts, (uint32_t)(sizes[i].hosts * CORES * LOAD / MEAN_CORES), sizes[i].vms, "", "");
        vdc_run_options options = {.text = text};
        vdc_simulation *simulation = NULL;
        double ns = 0;
        if (!text) code = vdc_no_memory(diag, "a benchmark");
        if (!code) code = vdc_simulation_open(&simulation, "bench.yaml", &options, diag);
        if (!code) code = whole_some(simulation, sizes[i].vms, &ns, diag);
        vdc_simulation_close(simulation);
        vdc_free(text);
        if (code) break;
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_text(json, "policy", policy);
        vdc_json_put_integer(json, "hosts", sizes[i].hosts);
        vdc_json_put_integer(json, "vms", (int64_t)sizes[i].vms);
        vdc_json_put_real(json, "cpu_s", round(ns * (double)sizes[i].vms / 1e7) / 100);
        vdc_json_put_real(json, "ns_per_vm", round(ns));
        vdc_json_put_integer(json, "peak_mebibytes", (int64_t)vdc_cli_peak_memory() >> 20);
        vdc_bench_line_end(bench);
    }
    return code;
}

/* One run, looked at after each tenfold number of events: the largest memory so far must stay what it was. */
vdc_code vdc_bench_endurance(vdc_bench *bench, vdc_diag *diag) {
    const uint32_t hosts = bench->hosts ? bench->hosts : 1000;
    const uint64_t most = bench->quick ? 1000000 : 1000000000;
    /* A VM has at least two events. */
    char *text = scenario_text("first-fit", hosts, (uint32_t)(hosts * CORES * LOAD / MEAN_CORES), most / 2, "", "");
    vdc_run_options options = {.text = text};
    vdc_simulation *simulation = NULL;
    vdc_code code = text ? vdc_simulation_open(&simulation, "bench.yaml", &options, diag) : vdc_no_memory(diag, "a benchmark");
    const double begin = vdc_cli_cpu_seconds();
    uint64_t done = 0;
    for (uint64_t wanted = most / 100; !code && wanted <= most; wanted *= 10) {
        while (!code && done < wanted) {
            const uint64_t some = wanted - done < 1000000 ? wanted - done : 1000000;
            code = vdc_simulation_run_some(simulation, VDC_TIME_MAX, some, diag);
            done += some;
            if (!code && vdc_cli_interrupted()) code = VDC_INTERRUPTED;
        }
        vdc_progress_report report = {0};
        if (code) break;
        vdc_simulation_progress(simulation, &report);
        const double spent = vdc_cli_cpu_seconds() - begin;
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_integer(json, "hosts", hosts);
        vdc_json_put_integer(json, "events", (int64_t)report.events);
        vdc_json_put_integer(json, "vms", report.arrived);
        vdc_json_put_integer(json, "vms_alive", report.running);
        vdc_json_put_real(json, "cpu_s", round(100 * spent) / 100);
        vdc_json_put_real(json, "ns_per_event", round(spent * 1e10 / (double)report.events) / 10);
        vdc_json_put_integer(json, "peak_kibibytes", (int64_t)vdc_cli_peak_memory() >> 10);
        vdc_bench_line_end(bench);
    }
    vdc_simulation_close(simulation);
    vdc_free(text);
    return code;
}
