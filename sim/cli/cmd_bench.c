/* vdcsim bench: the performance benchmarks, one JSON line a measurement. */
#include <stdio.h>
#include <string.h>

#include "schedulers/registry.h"
#include "sim/base/param.h"
#include "sim/cli/bench.h"

static const vdc_benchmark benchmarks[] = {
    {"engine.hold", "event queue: take the earliest event, push one a random time later", vdc_bench_hold, false},
    {"engine.cancel", "event queue: cancel a random event, push another", vdc_bench_cancel, false},
    {"flows.leaf-spine", "flows: 1 000 on a leaf-spine fabric of 10 000 hosts; one ends, another starts", vdc_bench_flows, false},
    {"placement.policies", "placement: a VM comes and goes, by policy and number of hosts", vdc_bench_placement, false},
    {"placement.shapes", "placement: the same on 10 000 hosts, by number of different VM sizes", vdc_bench_shapes, false},
    {"placement.vm", "one VM in a whole run, beside a bare loop of arrivals, placement and departures", vdc_bench_vm, false},
    {"placement.rules", "one VM in a whole run under rules on every tenant, beside one without rules", vdc_bench_rules, false},
    {"loads.day", "loads: 10 VMs a host change every 5 minutes over a day, accounts included", vdc_bench_loads, false},
    {"run.generated", "whole runs: generated VMs, by VMs and hosts; CPU time and memory", vdc_bench_generated, false},
    {"run.endurance", "one run of a thousand million events; does its memory grow? (minutes; only when it is named)", vdc_bench_endurance, true},
    {"run.plain-trace", "whole runs: a CSV of VMs on 1 000 hosts, first-fit, with a result file", vdc_bench_plain_trace, false},
    {"run.surf-week", "whole runs: a week of a real cluster, beside unpacking and parsing its file", vdc_bench_surf_week, false},
};
enum { BENCHMARKS = sizeof benchmarks / sizeof *benchmarks };

vdc_json *vdc_bench_line(vdc_bench *bench) {
    bench->json = (vdc_json){.out = stdout};
    vdc_json_open(&bench->json, '{');
    vdc_json_put_text(&bench->json, "benchmark", bench->name);
    return &bench->json;
}

void vdc_bench_line_end(vdc_bench *bench) {
    vdc_json_close(&bench->json, '}');
    vdc_json_end(&bench->json);
    fflush(stdout);
}

typedef struct options {
    bool list, quick;
    const char *policy;
    vdc_cli_number hosts;
} options;

static const vdc_cli_option table[] = {
    {.name = "list", .type = VDC_CLI_FLAG, .help = "name the benchmarks, run nothing", .offset = offsetof(options, list)},
    {.name = "quick", .type = VDC_CLI_FLAG, .help = "small sizes only", .offset = offsetof(options, quick)},
    {.name = "policy", .type = VDC_CLI_TEXT, .argument = "NAME", .help = "placement benchmarks: this policy only", .offset = offsetof(options, policy)},
    {.name = "hosts", .type = VDC_CLI_NUMBER, .argument = "N", .minimum = 1, .maximum = 10000000, .help = "placement benchmarks: this many hosts only",
     .offset = offsetof(options, hosts)},
};

static const vdc_benchmark *find(const char *name) {
    for (size_t i = 0; i < BENCHMARKS; i++) {
        if (strcmp(benchmarks[i].name, name) == 0) return &benchmarks[i];
    }
    return NULL;
}

/* Is the benchmark among those asked for? Without names all are but those that are run by hand. */
static bool wanted(const vdc_benchmark *benchmark, const vdc_cli_arguments *arguments) {
    for (size_t i = 0; i < arguments->count; i++) {
        if (strcmp(arguments->items[i], benchmark->name) == 0) return true;
    }
    return arguments->count == 0 && !benchmark->by_hand;
}

static vdc_code check_names(const vdc_cli_arguments *arguments, vdc_diag *diag) {
    const char *names[BENCHMARKS + 1] = {0};
    for (size_t i = 0; i < BENCHMARKS; i++) names[i] = benchmarks[i].name;
    for (size_t i = 0; i < arguments->count; i++) {
        if (find(arguments->items[i])) continue;
        const char *nearest = vdc_nearest(arguments->items[i], names);
        vdc_fail(diag, VDC_ERROR_INPUT, NULL, "no benchmark '%s'%s%s%s: --list names them", arguments->items[i], nearest ? " (did you mean '" : "",
                 nearest ? nearest : "", nearest ? "'?)" : "");
    }
    return vdc_diag_code(diag);
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    vdc_diag diag = {0};
    vdc_code code = check_names(arguments, &diag);
    const vdc_policy *policy = chosen->policy ? vdc_policy_find(VDC_PLACEMENT, chosen->policy) : NULL;
    if (chosen->policy && !policy) code = vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "no placement policy '%s': vdcsim policies names them", chosen->policy);
    if (!code) vdc_cli_catch_signals();
    for (size_t i = 0; !code && i < BENCHMARKS; i++) {
        if (chosen->list) {
            printf("%-20s %s\n", benchmarks[i].name, benchmarks[i].summary);
        } else if (wanted(&benchmarks[i], arguments)) {
            vdc_bench bench = {.name = benchmarks[i].name, .quick = chosen->quick, .policy = chosen->policy,
                               .hosts = (uint32_t)chosen->hosts.value};
            code = benchmarks[i].run(&bench, &diag);
        }
        if (!code && vdc_cli_interrupted()) code = VDC_INTERRUPTED;
    }
    return vdc_cli_finish(&diag, code);
}

const vdc_command vdc_command_bench = {
    .name = "bench",
    .summary = "the performance benchmarks, one JSON line each",
    .syntax = {.arguments = "[BENCHMARK...]", .maximum = SIZE_MAX, .options = table, .option_count = sizeof table / sizeof *table, .size = sizeof(options)},
    .run = run,
};
