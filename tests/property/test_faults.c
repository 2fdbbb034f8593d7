/* Allocations that fail: a small run of everything is repeated with each allocation of the library failing in turn, once alone and
 * once with all that follow. Whatever fails, the run ends with an error and a message, leaves no file behind, and the
 * same run without the fault succeeds. Leaks and stray accesses are for the sanitizers and valgrind to see.
 *
 * Here with some of the allocations; VDCSIM_FAULTS=all tries every one (tests/faults/run.py does so).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/result.h"
#include "sim/base/memory.h"
#include "sim/vdcsim.h"
#include "tests/support/result_files.h"

enum { FEW = 40 };

static const char scenario[] =
    "vdcsim: 1\nname: faults\nseed: 5\ntime: {tick: 60s, end: 10min}\n"
    "datacenter:\n"
    "  hosts:\n"
    "    - {class: a, count: 3, cpu: {sockets: 2, cores: 4, threads: 2, speed: 2 GHz}, memory: 32 GiB, gpus: {count: 2, model: G}, labels: {x: y},"
    " power: {model: linear, idle: 80 W, max: 200 W}}\n"
    "    - {class: b, count: 2, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB, power: {model: constant, max: 100 W}}\n"
    "  topology: {racks: 2}\n"
    "  overcommit: {cpu: 2}\n"
    "workload:\n"
    "  trace: {format: vdcsim, path: trace.csv}\n"
    "  generate: {count: 12, arrivals: {dist: exponential, mean: 20s}, lifetime: {dist: weibull, shape: 0.7, mean: 2min},"
    " flavors: [{vcpus: 1, memory: 1 GiB}, {vcpus: 4, memory: 4 GiB, gpus: {count: 1}}]}\n"
    "  vms:\n"
    "    - {tenant: a, vcpus: 2, memory: 1 GiB, lifetime: 5min, isolation: {pin: true}}\n"
    "    - {tenant: b, vcpus: 2, memory: 1 GiB, load: {progress: work, segments: [[1min, 3 GHz], [1min, 1 GHz]]},"
    " checkpoint: {interval: 20s, duration: 1s}}\n"
    "failures: {trace: {rows: [[100s, 50s, 40%]], repeat: true}, recovery: {policy: restart}}\n"
    "schedulers: {admission: {policy: fifo-skip}, placement: {policy: best-fit}}\n"
    "output: {hosts: every-tick, events: true}\n";

static const char trace[] = "arrival_s,lifetime_s,vcpus,memory_gib,tenant\n0,100,1,1,a\n10,100,2,2,c\n20,50,1,1,\"d\"\n";

/* The run under its fault, if any. Messages are built after the fault has ended only if it hit but one allocation. */
static vdc_code run(uint64_t fail_at, bool all, vdc_diag *diag) {
    char path[512], output[512];
    strcpy(path, test_folder_path("scenario.yaml"));
    strcpy(output, test_folder_path("out.h5"));
    vdc_simulation *simulation = NULL;
    vdc_run_options options = {.output = output, .check = true};
    vdc_memory_fail_at(fail_at, all);
    vdc_code code = vdc_simulation_open(&simulation, path, &options, diag);
    cr_assert_eq(!code, !!simulation);
    if (!code) code = vdc_simulation_run_until(simulation, VDC_TIME_MAX, diag);
    if (!code) code = vdc_simulation_finish(simulation, diag);
    vdc_simulation_close(simulation);
    vdc_memory_fail_at(0, false);
    return code;
}

/* Opened, read and digested under the fault. */
static vdc_code read_back(uint64_t fail_at, bool all, vdc_diag *diag) {
    char digest[VDC_DIGEST_TEXT];
    vdc_result *result = NULL;
    vdc_memory_fail_at(fail_at, all);
    vdc_code code = vdc_result_open(&result, test_folder_path("out.h5"), diag);
    cr_assert_eq(!code, !!result);
    if (!code) code = vdc_result_digest(result, digest, diag);
    vdc_result_close(result);
    vdc_memory_fail_at(0, false);
    return code;
}

typedef vdc_code work(uint64_t fail_at, bool all, vdc_diag *diag);

static void start(void) {
    test_folder_make();
    test_file_write(test_folder_path("scenario.yaml"), scenario, strlen(scenario));
    test_file_write(test_folder_path("trace.csv"), trace, strlen(trace));
}

static void must(work *what, const char *when) {
    vdc_diag diag = {0};
    vdc_code code = what(0, false, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", when, diag.count ? diag.messages[0].text : "no message");
    vdc_diag_clear(&diag);
}

/* How many allocations the work makes. */
static uint64_t count(work *what) {
    must(what, "before any fault"); /* what is set up once in a process is */
    (void)remove(what == run ? test_folder_path("out.h5") : "");
    uint64_t before = vdc_memory_count();
    must(what, "before any fault");
    return vdc_memory_count() - before;
}

/* Every allocation, or FEW spread evenly. */
static uint64_t step(uint64_t allocations) {
    const char *wanted = getenv("VDCSIM_FAULTS");
    return (wanted && strcmp(wanted, "all") == 0) || allocations <= FEW ? 1 : allocations / FEW + 1;
}

Test(faults, a_run_without_memory_says_so_and_leaves_no_file) {
    start();
    uint64_t allocations = count(run), stride = step(allocations);
    cr_assert_gt(allocations, 500);
    (void)remove(test_folder_path("out.h5"));
    for (int all = 0; all < 2; all++)
        for (uint64_t n = 1 + (uint64_t)all * (stride / 2); n <= allocations; n += stride) {
            vdc_diag diag = {0};
            vdc_code code = run(n, all, &diag);
            if (!code && (!all || n == allocations)) { /* what failed was something to do without */
                cr_assert(test_file_exists(test_folder_path("out.h5")));
                (void)remove(test_folder_path("out.h5"));
            } else {
                cr_assert_neq(code, VDC_OK, "allocation %llu of %llu", (unsigned long long)n, (unsigned long long)allocations);
                cr_assert_gt(diag.errors, 0, "allocation %llu: no message", (unsigned long long)n);
                cr_assert(!test_file_exists(test_folder_path("out.h5")), "allocation %llu", (unsigned long long)n);
                cr_assert(!test_file_exists(test_folder_path("out.h5.partial")), "allocation %llu", (unsigned long long)n);
            }
            vdc_diag_clear(&diag);
        }
    must(run, "after the faults");
    test_folder_remove();
}

Test(faults, a_result_read_without_memory_says_so) {
    start();
    must(run, "the file to read");
    uint64_t allocations = count(read_back), stride = step(allocations);
    cr_assert_gt(allocations, 100);
    for (int all = 0; all < 2; all++)
        for (uint64_t n = 1 + (uint64_t)all * (stride / 2); n <= allocations; n += stride) {
            vdc_diag diag = {0};
            vdc_code code = read_back(n, all, &diag);
            if (code) cr_assert_gt(diag.errors, 0, "allocation %llu: no message", (unsigned long long)n);
            vdc_diag_clear(&diag);
        }
    must(read_back, "after the faults");
    test_folder_remove();
}
