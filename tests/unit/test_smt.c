/* What of granted CPU becomes progress where threads share cores: figures by hand. Cores of two threads at 1 GHz; two busy ones do the work of
 * 1 + 25 % unless said otherwise. Everybody asks for all that it has, for 60 s. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "analysis/result.h"
#include "tests/support/result_files.h"
#include "tests/support/runs.h"

typedef struct smt_vm {
    int vcpus;                   /* 0 = there is none */
    const char *isolation, *load;
    double progress;             /* core seconds */
} smt_vm;

typedef struct smt_case {
    const char *cpu;
    smt_vm vms[2];
} smt_case;

/* All cases are one run: each has a host of its own. */
static void check(const smt_case *cases, size_t count) {
    char text[8192];
    size_t vms = 0, used = (size_t)snprintf(text, sizeof text, "vdcsim: 1\nname: smt\ntime: {tick: 60s, end: 60s}\noutput: {vms: final}\n"
                                            "datacenter:\n  hosts:\n");
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "    - {class: c%zu, count: 1, cpu: {%s, speed: 1 GHz}, memory: 64 GiB, labels: {c: %zu}}\n", i, cases[i].cpu, i);
    used += (size_t)snprintf(text + used, sizeof text - used, "  overcommit: {cpu: 4}\nworkload:\n  vms:\n");
    for (size_t i = 0; i < 2 * count; i++) {
        const smt_vm *vm = &cases[i / 2].vms[i % 2];
        if (vm->vcpus)
            used += (size_t)snprintf(text + used, sizeof text - used, "    - {vcpus: %d, isolation: {require: {c: %zu}%s%s}%s}\n", vm->vcpus, i / 2,
                                     vm->isolation ? ", " : "", vm->isolation ? vm->isolation : "", vm->load ? vm->load : "");
    }
    cr_assert_lt(used, sizeof text);
    test_folder_make();
    vdc_simulation_close(run_text(text, NULL, test_folder_path("smt.h5")));
    vdc_result *result;
    double progress[64];
    for (size_t i = 0; i < 2 * count; i++) vms += cases[i / 2].vms[i % 2].vcpus > 0;
    cr_assert_eq(vdc_result_open(&result, test_folder_path("smt.h5"), NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_reals(result, "/vms/U_cpu_core_s", 0, vms, progress, NULL), VDC_OK);
    for (size_t i = 0, row = 0; i < 2 * count; i++) {
        const smt_vm *vm = &cases[i / 2].vms[i % 2];
        if (vm->vcpus == 0) continue;
        cr_expect_float_eq(progress[row], vm->progress, 1e-4, "case %zu: VM %zu: U is %g, not %g", i / 2, i % 2, progress[row], vm->progress);
        row++;
    }
    vdc_result_close(result);
}

#define PIN "pin: true", NULL

/* A pinned VM goes by what really runs on the siblings of its threads. */
Test(smt, pinned_threads_go_by_their_siblings, .fini = test_folder_remove) {
    static const smt_case cases[] = {
        {"cores: 2, threads: 2", {{1, PIN, 60}}},
        {"cores: 2, threads: 2", {{2, PIN, 75}}},                            /* both threads of one core */
        {"cores: 2, threads: 2", {{1, PIN, 60}, {1, NULL, NULL, 60}}},       /* the pool has a core of its own */
        /* The pool's first thread has the other core, its second is half on the sibling there and half on the pinned one's: each core is 1.5 busy. */
        {"cores: 2, threads: 2", {{1, PIN, 45}, {2, NULL, NULL, 90}}},
        {"cores: 2, threads: 2", {{1, PIN, 37.5}, {3, NULL, NULL, 112.5}}},  /* all four threads are busy */
        {"cores: 1, threads: 2", {{1, PIN, 37.5}, {1, PIN, 37.5}}},          /* two owners of one core */
        {"cores: 1, threads: 2", {{1, PIN, 45}, {1, "pin: true", ", load: {segments: [[60s, 500 MHz]]}", 22.5}}},
        {"cores: 2, threads: 2", {{3, PIN, 135}}},                           /* a core, and a thread whose sibling idles */
        {"cores: 2, threads: 2, smt_yield: 0%", {{1, PIN, 40}, {2, NULL, NULL, 80}}},
        {"cores: 2, threads: 2, smt_yield: 100%", {{1, PIN, 60}, {3, NULL, NULL, 180}}},
        {"cores: 2, threads: 2", {{2, "core_isolate: isolate", NULL, 120}}},
        {"cores: 2, threads: 2", {{2, "core_isolate: prefer", NULL, 75}, {2, NULL, NULL, 75}}},
    };
    check(cases, sizeof cases / sizeof *cases);
}

/* VMs that are bound to NUMA nodes crowd the cores of those, and no others. */
Test(smt, nodes_are_crowded_by_those_who_are_bound_to_them, .fini = test_folder_remove) {
    static const smt_case cases[] = {
        {"sockets: 2, cores: 2, threads: 2", {{4, NULL, NULL, 240}}},                                /* a thread of each core */
        {"sockets: 2, cores: 2, threads: 2", {{4, "numa: 1", NULL, 150}}},                           /* two full cores */
        {"sockets: 2, cores: 2, threads: 2", {{4, "numa: 1", NULL, 150}, {2, NULL, NULL, 120}}},     /* the other floats to the other node */
        {"sockets: 2, cores: 2, threads: 2", {{3, "numa: 1", NULL, 1140 / 7.0 * 3 / 4}, {4, NULL, NULL, 1140 / 7.0}}},
        {"sockets: 2, cores: 2, threads: 2", {{1, "numa: 1", NULL, 45}, {5, NULL, NULL, 225}}},      /* three on each node: 1.5 a core */
        {"sockets: 2, cores: 2, threads: 2", {{4, "numa: 2", NULL, 180}, {2, "numa: 1", NULL, 90}}},
        /* The pinned one is on node 0, whose other three threads serve the one that is bound there. */
        {"sockets: 2, cores: 2, threads: 2", {{1, PIN, 37.5}, {3, "numa: 1", NULL, 112.5}}},
    };
    check(cases, sizeof cases / sizeof *cases);
}
