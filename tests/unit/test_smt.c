/* What of granted CPU becomes progress where threads share cores: figures by hand. Cores of two threads at 1 GHz; two busy ones do the work of
 * 1 + 25 % unless said otherwise. Everybody asks for all that it has, for 60 s. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "analysis/result.h"
#include "tests/support/result_files.h"
#include "tests/support/runs.h"

typedef struct smt_case {
    const char *cpu, *vms;
    double progress[2];          /* core seconds of each VM; 0 = there is none */
} smt_case;

static void check(const smt_case *one) {
    char text[1024];
    snprintf(text, sizeof text, "vdcsim: 1\nname: smt\ntime: {tick: 60s, end: 60s}\n"
             "datacenter: {hosts: [{count: 1, cpu: {%s, speed: 1 GHz}, memory: 64 GiB}], overcommit: {cpu: 4}}\nworkload: {vms: [%s]}\n"
             "output: {vms: final}\n", one->cpu, one->vms);
    test_folder_make();
    vdc_simulation_close(run_text(text, NULL, test_folder_path("smt.h5")));
    vdc_result *result;
    cr_assert_eq(vdc_result_open(&result, test_folder_path("smt.h5"), NULL), VDC_OK);
    double progress[2] = {0};
    const size_t count = one->progress[1] > 0 ? 2 : 1;
    cr_assert_eq(vdc_result_read_reals(result, "/vms/U_cpu_core_s", 0, count, progress, NULL), VDC_OK);
    for (size_t i = 0; i < count; i++)
        cr_expect_float_eq(progress[i], one->progress[i], 1e-4, "%s: %s: VM %zu: U is %g, not %g", one->cpu, one->vms, i, progress[i], one->progress[i]);
    vdc_result_close(result);
}

#define PIN ", isolation: {pin: true}"

/* A pinned VM goes by what really runs on the siblings of its threads. */
Test(smt, pinned_threads_go_by_their_siblings, .fini = test_folder_remove) {
    static const smt_case cases[] = {
        {"cores: 2, threads: 2", "{vcpus: 1" PIN "}", {60}},
        {"cores: 2, threads: 2", "{vcpus: 2" PIN "}", {75}},                             /* both threads of one core */
        {"cores: 2, threads: 2", "{vcpus: 1" PIN "}, {vcpus: 1}", {60, 60}},             /* the pool has a core of its own */
        /* The pool's first thread has the other core, its second is half on the sibling there and half on the pinned one's: each core is 1.5 busy. */
        {"cores: 2, threads: 2", "{vcpus: 1" PIN "}, {vcpus: 2}", {45, 90}},
        {"cores: 2, threads: 2", "{vcpus: 1" PIN "}, {vcpus: 3}", {37.5, 112.5}},        /* all four threads are busy */
        {"cores: 1, threads: 2", "{vcpus: 1" PIN "}, {vcpus: 1" PIN "}", {37.5, 37.5}},  /* two owners of one core */
        {"cores: 1, threads: 2", "{vcpus: 1" PIN "}, {vcpus: 1" PIN ", load: {segments: [[60s, 500 MHz]]}}", {45, 22.5}},
        {"cores: 2, threads: 2", "{vcpus: 3" PIN "}", {135}},                            /* a core, and a thread whose sibling idles */
        {"cores: 2, threads: 2, smt_yield: 0%", "{vcpus: 1" PIN "}, {vcpus: 2}", {40, 80}},
        {"cores: 2, threads: 2, smt_yield: 100%", "{vcpus: 1" PIN "}, {vcpus: 3}", {60, 180}},
        {"cores: 2, threads: 2", "{vcpus: 2, isolation: {core_isolate: isolate}}", {120}},
        {"cores: 2, threads: 2", "{vcpus: 2, isolation: {core_isolate: prefer}}, {vcpus: 2}", {75, 75}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check(&cases[i]);
}

/* VMs that are bound to NUMA nodes crowd the cores of those, and no others. */
Test(smt, nodes_are_crowded_by_those_who_are_bound_to_them, .fini = test_folder_remove) {
    static const smt_case cases[] = {
        {"sockets: 2, cores: 2, threads: 2", "{vcpus: 4}", {240}},                                                  /* a thread of each core */
        {"sockets: 2, cores: 2, threads: 2", "{vcpus: 4, isolation: {numa: 1}}", {150}},                            /* two full cores */
        {"sockets: 2, cores: 2, threads: 2", "{vcpus: 4, isolation: {numa: 1}}, {vcpus: 2}", {150, 120}},           /* the other floats to the other node */
        {"sockets: 2, cores: 2, threads: 2", "{vcpus: 3, isolation: {numa: 1}}, {vcpus: 4}", {1140 / 7.0 * 3 / 4, 1140 / 7.0}},
        {"sockets: 2, cores: 2, threads: 2", "{vcpus: 1, isolation: {numa: 1}}, {vcpus: 5}", {45, 225}},          /* three on each node: 1.5 a core */
        {"sockets: 2, cores: 2, threads: 2", "{vcpus: 4, isolation: {numa: 2}}, {vcpus: 2, isolation: {numa: 1}}", {180, 90}},
        /* The pinned one is on node 0, whose other three threads serve the one that is bound there. */
        {"sockets: 2, cores: 2, threads: 2", "{vcpus: 1" PIN "}, {vcpus: 3, isolation: {numa: 1}}", {37.5, 112.5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check(&cases[i]);
}
