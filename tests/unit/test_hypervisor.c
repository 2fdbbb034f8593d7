/* Hosts whose scheduler goes slice by slice, and expected waits for a thread, in whole runs worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/simulation.h"

#define HEAD "vdcsim: 1\nname: t\nseed: 1\ntime: {tick: 5ms}\n" \
    "datacenter: {hosts: [{class: h, count: 1, cpu: {cores: 1, speed: 1 GHz}, memory: 8 GiB, power: {model: linear, idle: 100 W, max: 200 W}}], " \
    "overcommit: {cpu: 4}}\n"
#define TWO_JOBS "workload: {vms: [{vcpus: 1, memory: 1 GiB, load: {progress: work, segments: [[20ms, 1 GHz]]}}, " \
    "{vcpus: 1, memory: 1 GiB, load: {progress: work, segments: [[40ms, 1 GHz]]}}]}\n"

static void expect(vdc_simulation *sim, const char *key, double expected) {
    double got = simulation_ask(sim, key);
    cr_expect(fabs(got - expected) <= 1e-9 * fabs(expected), "%s: got %.17g, expected %.17g", key, got, expected);
}

/* Two VMs that each want a whole thread, on one: half each by fair shares; one gets all of it by strict priority. A third asks for nothing and does
 * not count. One is gone before the end, one is there to it. */
Test(hypervisor, slowdown_and_fairness) {
    static const char *const text =
        HEAD "workload: {vms: [{vcpus: 1, memory: 1 GiB, lifetime: 10s, priority: high}, {vcpus: 1, memory: 1 GiB, lifetime: 20s}, "
        "{vcpus: 1, memory: 1 GiB, lifetime: 20s, load: {segments: [[20s, 0 GHz]]}}]}\noutput: {fairness: true}\n";
    vdc_simulation *sim = simulation_run(text, NULL);
    expect(sim, "slowdown_mean", (0.5 + 0.25) / 2); /* the second has the thread for itself from 10 s on */
    expect(sim, "slowdown_max", 0.5);
    expect(sim, "fairness", (0.5 + 0.75) * (0.5 + 0.75) / (2 * (0.25 + 0.5625)));
    vdc_simulation_close(sim);
    sim = simulation_run(text, "schedulers.cpu.policy=strict-priority");
    expect(sim, "slowdown_max", 0.5); /* 10 of 20 s it has nothing */
    expect(sim, "slowdown_mean", 0.25);
    vdc_simulation_close(sim);
    sim = simulation_run(text, "time.end=10s");
    expect(sim, "slowdown_mean", 0.5);
    expect(sim, "fairness", 1);
    vdc_simulation_close(sim);
}

/* A quota of half a thread and as much again to save. One second asleep saves 50 ms of a thread, the most; then the VM runs on the whole thread
 * until that is used, 100 ms, and at half of it from then on. Its neighbour on the other host never sleeps and never saves. */
Test(hypervisor, a_burst_is_what_was_saved) {
    static const char *const text =
        "vdcsim: 1\nname: t\nseed: 1\ntime: {tick: 100ms, end: 3s}\n"
        "datacenter: {hosts: [{class: h, count: 2, cpu: {cores: 1, speed: 1 GHz}, memory: 8 GiB}]}\n"
        "workload: {vms: [{vcpus: 1, memory: 1 GiB, lifetime: 2s, load: {segments: [[1s, 0 GHz], [1s, 1 GHz]]}}, "
        "{vcpus: 1, memory: 1 GiB, lifetime: 2s, load: {segments: [[2s, 1 GHz]]}}]}\n";
    vdc_simulation *sim = simulation_run(text, "schedulers.cpu={policy: cgroup, quota: 50ms, burst: 50ms}");
    expect(sim, "T_cpu_core_s", 0.5 + 1);
    vdc_simulation_close(sim);
    sim = simulation_run(text, "schedulers.cpu={policy: cgroup, quota: 50ms, burst: 100ms}");
    expect(sim, "T_cpu_core_s", 0.1 + 0.45 + 1);
    expect(sim, "throttled_core_s", 0.45 + 1);
    vdc_simulation_close(sim);
}

/* By rates the shorter job ends after 40 ms. In turns of 10 ms it runs first and third: after 30 ms. */
Test(hypervisor, turns_end_work_when_it_is_done) {
    vdc_simulation *sim = simulation_run(HEAD TWO_JOBS, NULL);
    expect(sim, "end_s", 0.06);
    expect(sim, "P_cpu_core_s", 0.04 + 0.06);
    vdc_simulation_close(sim);
    sim = simulation_run(HEAD TWO_JOBS "schedulers: {cpu: {policy: round-robin, quantum: 10ms}}\n", NULL);
    expect(sim, "end_s", 0.06);
    expect(sim, "P_cpu_core_s", 0.03 + 0.06);
    expect(sim, "T_cpu_core_s", 0.06);
    expect(sim, "ready_core_s", 0.03);
    expect(sim, "energy_j", 0.06 * 200);
    /* The first has the thread from the start; then the second at 10 ms, the first at 20 ms, the second at 30 ms. */
    expect(sim, "dispatches", 3);
    expect(sim, "dispatch_wait_max_s", 0.01);
    /* 10 ms x one vCPU too many on one thread for 30 of 60 ms. */
    expect(sim, "dispatch_latency_s", 0.005);
    vdc_simulation_close(sim);
}

/* A host without contention has no slices: as many events as with rates. */
Test(hypervisor, no_contention_costs_nothing) {
    const char *text = HEAD "workload: {vms: [{vcpus: 1, memory: 1 GiB, load: {segments: [[1s, 500 MHz], [1s, 200 MHz]]}}, "
                            "{vcpus: 1, memory: 1 GiB, load: {segments: [[1500ms, 500 MHz]]}}]}\n";
    vdc_simulation *fluid = simulation_run(text, NULL);
    double events = simulation_ask(fluid, "events");
    vdc_simulation_close(fluid);
    static const char *const policies[] = {"round-robin", "credit", "eevdf", "edf"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        char set[64];
        snprintf(set, sizeof set, "schedulers.cpu.policy=%s", policies[i]);
        vdc_simulation *sim = simulation_run(text, set);
        expect(sim, "events", events);
        expect(sim, "dispatches", 0);
        expect(sim, "T_cpu_core_s", 1.45);
        vdc_simulation_close(sim);
    }
}

/* Three budgets of half a thread each on one thread: the last deadline of three is missed in every period of 10 ms, 100 times a second. */
Test(hypervisor, missed_deadlines_are_counted) {
    const char *text = HEAD "workload: {vms: [{lifetime: 995ms, vcpus: 1, memory: 1 GiB}, {lifetime: 995ms, vcpus: 1, memory: 1 GiB}, "
                            "{lifetime: 995ms, vcpus: 1, memory: 1 GiB}]}\n"
                            "schedulers: {cpu: {policy: edf, budget: 5ms, period: 10ms}}\n";
    vdc_simulation *sim = simulation_run(text, NULL);
    expect(sim, "deadline_misses", 99);
    expect(sim, "T_cpu_core_s", 0.995);
    vdc_simulation_close(sim);
    sim = simulation_run(text, "schedulers.cpu.budget=3ms");
    expect(sim, "deadline_misses", 0);
    vdc_simulation_close(sim);
}

static void refused(const char *text, const char *part) {
    vdc_diag diag = {0};
    vdc_simulation *sim = NULL;
    vdc_run_options options = {.text = text};
    cr_assert_eq(vdc_simulation_open(&sim, "test.yaml", &options, &diag), VDC_ERROR_INPUT, "accepted: %s", text);
    cr_expect(strstr(diag.messages[0].text, part), "'%s' lacks '%s'", diag.messages[0].text, part);
    cr_expect(!strncmp(diag.messages[0].text, "test.yaml:", 10), "no place in '%s'", diag.messages[0].text);
    vdc_diag_clear(&diag);
}

Test(hypervisor, values_out_of_range_are_named) {
    refused(HEAD "workload: {vms: [{vcpus: 1, cpu: {weight: 70000}}]}\nschedulers: {cpu: {policy: xen-credit}}\n", "found 70000; allowed: 1 to 65535");
    refused(HEAD "workload: {vms: [{vcpus: 1, cpu: {weight: 10001}}]}\nschedulers: {cpu: {policy: cgroup}}\n", "found 10001; allowed: 1 to 10000");
    refused(HEAD "workload: {vms: [{vcpus: 1}]}\nschedulers: {cpu: {policy: cgroup, quota: 50ms, burst: 49ms}}\n",
            "burst: found the text '49ms', which is too small");
    refused(HEAD "workload: {vms: [{vcpus: 1}]}\nschedulers: {cpu: {policy: cgroup, quota: 50ms, burst: 101ms}}\n", "from 0.05 to 0.1 s");
    refused(HEAD "workload: {vms: [{vcpus: 1}]}\nschedulers: {cpu: {policy: cgroup, burst: 10ms}}\n", "nothing can be saved without a quota");
    refused(HEAD "workload: {vms: [{vcpus: 2, cpu: {reservation: 1001 MHz}}]}\n", "no host can keep; allowed: 0 to 1000000000 Hz");
}

/* Front-ends say how long a VM runs at a time: 50 ms x (3 - 1) / 1. */
Test(hypervisor, expected_wait_of_a_front_end) {
    vdc_simulation *sim = simulation_run(HEAD "workload: {vms: [{lifetime: 1s, vcpus: 1, memory: 1 GiB}, {lifetime: 1s, vcpus: 1, memory: 1 GiB}, "
                                              "{lifetime: 1s, vcpus: 1, memory: 1 GiB}]}\nschedulers: {cpu: {policy: vmware}}\n", NULL);
    expect(sim, "dispatch_latency_s", 0.1);
    vdc_simulation_close(sim);
}
