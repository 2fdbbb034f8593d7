/* Benchmarks: `vdcsim bench`. To add one: a function, declared here, and a row in the table of cmd_bench.c.
 *
 *     vdc_code vdc_bench_sort(vdc_bench *bench, vdc_diag *diag) {
 *         double begin = vdc_cli_cpu_seconds();
 *         ...
 *         vdc_json *json = vdc_bench_line(bench);   // {"benchmark": "sort"
 *         vdc_json_put_real(json, "ns_per_item", ...);
 *         vdc_bench_line_end(bench);
 *         return VDC_OK;
 *     }
 *
 * CPU time is measured, not wall time. A function looks at vdc_cli_interrupted between its lines.
 */
#ifndef VDC_CLI_BENCH_H
#define VDC_CLI_BENCH_H

#include "sim/cli/command.h"
#include "sim/cli/json.h"

typedef struct vdc_bench {
    const char *name;   /* of the benchmark that runs */
    bool quick;         /* small sizes only: a few seconds altogether */
    const char *policy; /* of placement.policies and placement.vm: this one only; NULL = all */
    uint32_t hosts;     /* of these and placement.rules: so many only; 0 = the benchmark's own sizes */
    vdc_json json;
} vdc_bench;

typedef struct vdc_benchmark {
    const char *name;     /* "engine.hold" */
    const char *summary;  /* one line */
    vdc_code (*run)(vdc_bench *bench, vdc_diag *diag);
    bool by_hand;         /* only when it is named: it takes minutes and shows no speed that others do not */
} vdc_benchmark;

/* Begins a line of output, an object with "benchmark", and ends it. */
vdc_json *vdc_bench_line(vdc_bench *bench);
void vdc_bench_line_end(vdc_bench *bench);

vdc_code vdc_bench_hold(vdc_bench *bench, vdc_diag *diag);   /* bench_engine.c */
vdc_code vdc_bench_cancel(vdc_bench *bench, vdc_diag *diag); /* bench_engine.c */
vdc_code vdc_bench_flows(vdc_bench *bench, vdc_diag *diag);  /* bench_flows.c */
vdc_code vdc_bench_loads(vdc_bench *bench, vdc_diag *diag); /* bench_loads.c */
vdc_code vdc_bench_plain_trace(vdc_bench *bench, vdc_diag *diag); /* bench_run.c */
vdc_code vdc_bench_surf_week(vdc_bench *bench, vdc_diag *diag);   /* bench_run.c */
vdc_code vdc_bench_placement(vdc_bench *bench, vdc_diag *diag);   /* bench_placement.c */
vdc_code vdc_bench_shapes(vdc_bench *bench, vdc_diag *diag);      /* bench_placement.c */
vdc_code vdc_bench_vm(vdc_bench *bench, vdc_diag *diag);          /* bench_placement.c */
vdc_code vdc_bench_rules(vdc_bench *bench, vdc_diag *diag);       /* bench_placement.c */
vdc_code vdc_bench_generated(vdc_bench *bench, vdc_diag *diag);   /* bench_placement.c */
vdc_code vdc_bench_endurance(vdc_bench *bench, vdc_diag *diag);   /* bench_placement.c */

#endif
