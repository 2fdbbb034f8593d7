/* What a result file says of hypervisors that go slice by slice: by tick, VM and host, against the summary. */
#include <criterion/criterion.h>

#include "analysis/result.h"
#include "sim/base/memory.h"
#include "tests/support/result_files.h"
#include "tests/support/runs.h"

enum { TICKS = 10, VMS = 3 };

/* Three budgets of half a thread each on one thread: in every period of 10 ms the last deadline of three is missed. A second host has a VM that is
 * never short of a thread. */
static const char text[] =
    "vdcsim: 1\nname: slices\ntime: {tick: 100ms, end: 1s}\n"
    "datacenter: {hosts: [{class: h, count: 2, cpu: {cores: 1, speed: 1 GHz}, memory: 3 GiB}]}\n"
    "workload: {vms: [{lifetime: 995ms, vcpus: 1, memory: 1 GiB}, {lifetime: 995ms, vcpus: 1, memory: 1 GiB}, "
    "{lifetime: 995ms, vcpus: 1, memory: 1 GiB}, {lifetime: 995ms, vcpus: 1, memory: 3 GiB}]}\n"
    "schedulers: {placement: {policy: first-fit}, cpu: {policy: edf, budget: 5ms, period: 10ms}}\n"
    "output: {hosts: final, vms: final}\n";

Test(hypervisor_results, ticks_vms_and_hosts_agree_with_the_summary, .fini = test_folder_remove) {
    cr_assert(test_folder_make());
    const char *path = test_folder_path("slices.h5");
    vdc_simulation *sim = run_text(text, "datacenter.overcommit.cpu=3", path);
    const double misses = summary_of(sim, "deadline_misses"), latency = summary_of(sim, "dispatch_latency_s");
    vdc_simulation_close(sim);
    cr_expect_eq(misses, 99);

    vdc_result *result = NULL;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_result_open(&result, path, &diag), VDC_OK);
    int64_t by_tick[TICKS], by_vm[VMS + 1], ticks = 0, vms = 0;
    double latencies[TICKS], by_host[2], mean = 0;
    cr_assert_eq(vdc_result_read_integers(result, "/ticks/deadline_misses", 0, TICKS, by_tick, &diag), VDC_OK);
    cr_assert_eq(vdc_result_read_reals(result, "/ticks/dispatch_latency", 0, TICKS, latencies, &diag), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/vms/deadline_misses", 0, VMS + 1, by_vm, &diag), VDC_OK);
    cr_assert_eq(vdc_result_read_reals(result, "/hosts/dispatch_latency", 0, 2, by_host, &diag), VDC_OK);
    for (int t = 0; t < TICKS; t++) {
        ticks += by_tick[t];
        mean += latencies[t] / TICKS;
        if (t > 0 && t + 1 < TICKS) cr_expect_eq(by_tick[t], 10, "tick %d: %lld", t, (long long)by_tick[t]);
    }
    for (int v = 0; v <= VMS; v++) vms += by_vm[v];
    cr_expect_eq(ticks, misses);
    cr_expect_eq(vms, misses);
    cr_expect_eq(by_vm[VMS], 0, "the VM with a host to itself missed %lld", (long long)by_vm[VMS]);
    cr_expect_float_eq(mean, latency, 1e-9, "%g, %g", mean, latency);
    /* Two hosts of one thread each: the fleet's mean is theirs. */
    cr_expect_float_eq((by_host[0] + by_host[1]) / 2, latency, 1e-9, "%g and %g, %g", by_host[0], by_host[1], latency);
    cr_expect_eq(by_host[1], 0);
    cr_expect_gt(by_host[0], 0);
    vdc_result_close(result);
}
