/* The simulation through its public interface: small scenarios whose results are worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/vdcsim.h"
#include "tests/support/simulation.h"

#define HEAD "vdcsim: 1\nname: t\nseed: 1\n"
#define ONE_HOST "datacenter: {hosts: [{class: h, count: 1, cpu: {cores: 2, speed: 1 GHz}, " \
    "memory: 8 GiB, power: {model: linear, idle: 100 W, max: 200 W}}]}\n"
#define TWO_HOSTS "datacenter: {hosts: [{class: h, count: 2, cpu: {cores: 2, speed: 1 GHz}, " \
    "memory: 8 GiB, power: {model: linear, idle: 100 W, max: 200 W}}]}\n"

static vdc_simulation *run(const char *text) { return simulation_run(text, NULL); }

static void expect(vdc_simulation *sim, const char *key, double expected) {
    double got = simulation_ask(sim, key);
    cr_assert(fabs(got - expected) <= 1e-12 * fabs(expected), "%s: got %.17g, expected %.17g", key, got, expected);
}

Test(simulation, totals_of_one_vm) {
    vdc_simulation *sim = run(HEAD "time: {tick: 10s}\n" ONE_HOST "workload: {vms: [{arrival: 5s, lifetime: 20s, vcpus: 1, memory: 1 GiB}]}\n");
    expect(sim, "end_s", 25);
    expect(sim, "ticks", 3);
    expect(sim, "P_cpu_core_s", 20);
    expect(sim, "P_memory_byte_s", 20.0 * 1073741824);
    expect(sim, "T_cpu_core_s", 20);
    expect(sim, "U_cpu_core_s", 20);
    expect(sim, "S_cpu_core_s", 0);
    expect(sim, "energy_j", 25 * 100 + 20 * 50);
    expect(sim, "cpu_active_s", 10);
    expect(sim, "cpu_idle_s", 15);
    expect(sim, "host_active_s", 20);
    expect(sim, "vms_completed", 1);
    vdc_simulation_close(sim);
}

Test(simulation, a_departure_frees_its_host_for_an_arrival_at_the_same_instant) {
    vdc_simulation *sim = run(HEAD ONE_HOST
                              "workload: {vms: [{arrival: 0s, lifetime: 10s, vcpus: 2, memory: 1 GiB}, "
                              "{arrival: 10s, lifetime: 10s, vcpus: 2, memory: 1 GiB}]}\n"
                              "schedulers: {admission: {policy: fifo, timeout: 0s}}\n");
    expect(sim, "vms_rejected", 0);
    expect(sim, "end_s", 20);
    expect(sim, "wait_total_s", 0);
    vdc_simulation_close(sim);
}

Test(simulation, the_head_of_a_fifo_queue_blocks_the_line) {
    /* VM 1 (2 vCPUs) waits for VM 0; VM 2 (1 vCPU) would fit at once but stands behind it. */
    const char *text = HEAD ONE_HOST
        "workload: {vms: [{arrival: 0s, lifetime: 10s, vcpus: 1, memory: 1 GiB}, {arrival: 1s, lifetime: 10s, vcpus: 2, memory: 1 GiB},"
        " {arrival: 2s, lifetime: 10s, vcpus: 1, memory: 1 GiB}]}\n";
    vdc_simulation *sim = run(text);
    expect(sim, "end_s", 30);
    expect(sim, "wait_total_s", 9 + 18);
    vdc_simulation_close(sim);
    sim = simulation_run(text, "schedulers.admission.policy=fifo-skip");
    /* Bypassed: VM 2 runs 2..12, so VM 1 starts at 12. */
    expect(sim, "end_s", 22);
    expect(sim, "wait_total_s", 11);
    vdc_simulation_close(sim);
}

Test(simulation, what_can_never_fit_is_rejected_at_once) {
    vdc_simulation *sim = run(HEAD ONE_HOST
                              "workload: {vms: [{arrival: 0s, lifetime: 10s, vcpus: 3, memory: 1 GiB}, "
                              "{arrival: 1s, lifetime: 1s, vcpus: 1, memory: 9 GiB},"
                              " {arrival: 2s, lifetime: 1s, vcpus: 1, memory: 8 GiB}]}\n");
    expect(sim, "vms_rejected", 2);
    expect(sim, "vms_completed", 1);
    expect(sim, "wait_total_s", 0);
    expect(sim, "end_s", 3);
    vdc_simulation_close(sim);
}

Test(simulation, a_timeout_rejects_unless_the_pass_of_that_instant_places) {
    const char *text = HEAD ONE_HOST
        "workload: {vms: [{arrival: 0s, lifetime: 10s, vcpus: 2, memory: 1 GiB}, {arrival: 4s, lifetime: 5s, vcpus: 2, memory: 1 GiB}]}\n";
    vdc_simulation *sim = simulation_run(text, "schedulers.admission={policy: fifo, timeout: 6s}");
    expect(sim, "vms_completed", 2);
    expect(sim, "end_s", 15);
    vdc_simulation_close(sim);
    sim = simulation_run(text, "schedulers.admission={policy: fifo, timeout: 5999ms}");
    expect(sim, "vms_rejected", 1);
    expect(sim, "wait_total_s", 5.999);
    expect(sim, "end_s", 10);
    vdc_simulation_close(sim);
}

Test(simulation, the_volume_bound_counts_the_scarcest_resource) {
    /* 3 vCPUs of 2 a host need 2 hosts for 10 s; then 1 vCPU and 9 GiB of 8 a host need 2 by memory for 5 s, then 1. */
    vdc_simulation *sim = run(HEAD TWO_HOSTS
                              "workload: {vms: [{arrival: 0s, lifetime: 10s, vcpus: 2, memory: 1 GiB}, {arrival: 0s, lifetime: 20s, vcpus: 1,"
                              " memory: 2 GiB}, {arrival: 10s, lifetime: 5s, vcpus: 1, memory: 7 GiB}]}\n");
    expect(sim, "lower_bound_host_s", 2 * 10 + 2 * 5 + 1 * 5);
    expect(sim, "lower_bound_hosts", 2);
    vdc_simulation_close(sim);
}

Test(simulation, an_endless_vm_does_not_keep_the_run_alive) {
    vdc_simulation *sim = run(HEAD TWO_HOSTS
                              "workload: {vms: [{arrival: 0s, vcpus: 1, memory: 1 GiB}, {arrival: 1s, lifetime: 9s, vcpus: 1, memory: 1 GiB}]}\n");
    expect(sim, "end_s", 10);
    expect(sim, "vms_running", 1);
    expect(sim, "P_cpu_core_s", 19);
    vdc_simulation_close(sim);
    /* Endless VMs fill the host: nobody can ever place the third. */
    sim = run(HEAD ONE_HOST
              "workload: {vms: [{arrival: 0s, vcpus: 2, memory: 1 GiB}, {arrival: 5s, lifetime: 9s, vcpus: 1, memory: 1 GiB}]}\n");
    expect(sim, "vms_queued", 1);
    expect(sim, "end_s", 5);
    vdc_simulation_close(sim);
}

Test(simulation, ends_at_the_last_arrival_or_at_a_time) {
    const char *text = HEAD ONE_HOST
        "workload: {vms: [{arrival: 0s, lifetime: 100s, vcpus: 1, memory: 1 GiB}, {arrival: 7s, lifetime: 9s, vcpus: 1, memory: 1 GiB}]}\n";
    vdc_simulation *sim = simulation_run(text, "time={end: last-arrival}");
    expect(sim, "end_s", 7);
    expect(sim, "vms_placed", 2);
    vdc_simulation_close(sim);
    sim = simulation_run(text, "time={end: 3min, tick: 1min}");
    expect(sim, "end_s", 180);
    expect(sim, "ticks", 3);
    expect(sim, "P_cpu_core_s", 109);
    vdc_simulation_close(sim);
    /* A generator without a bound of its own goes on until then; the instant of the end is part of the run. */
    sim = run(HEAD ONE_HOST "time: {end: 3min}\nworkload: {generate: {arrivals: {dist: constant, value: 1min},"
              " lifetime: {dist: constant, value: 1s}, flavors: [{vcpus: 1}]}}\n");
    expect(sim, "vms_placed", 3);
    vdc_simulation_close(sim);
}

Test(simulation, work_waits_for_its_grants_and_time_does_not) {
    /* Two VMs ask for 2 GHz of 2 GHz for 10 s: by work both end after 20 s; by time after 10 s with half of it stolen. */
#define SHARED(progress) HEAD "datacenter: {hosts: [{class: h, count: 1, cpu: {cores: 2, speed: 1 GHz}, memory: 8 GiB}], overcommit: {cpu: 2}}\n" \
    "workload: {vms: [{id: 0, arrival: 0s, vcpus: 2, memory: 1 GiB, load: {progress: " progress ", segments: [[10s, 2 GHz]]}}," \
    " {id: 1, arrival: 0s, vcpus: 2, memory: 1 GiB, load: {progress: " progress ", segments: [[10s, 2 GHz]]}}]}\n"
    vdc_simulation *sim = run(SHARED("work"));
    expect(sim, "end_s", 20);
    expect(sim, "T_cpu_core_s", 40);
    expect(sim, "ready_core_s", 40);
    vdc_simulation_close(sim);
    sim = run(SHARED("time"));
    expect(sim, "end_s", 10);
    expect(sim, "T_cpu_core_s", 20);
    expect(sim, "ready_core_s", 20);
    expect(sim, "cpu_steal_s", 10);
    vdc_simulation_close(sim);
}

Test(simulation, a_failed_host_sends_its_vms_to_the_queue) {
    vdc_simulation *sim = run(HEAD ONE_HOST "workload: {vms: [{arrival: 0s, lifetime: 10s, vcpus: 1, memory: 1 GiB}]}\n"
                              "failures: {trace: {rows: [[4s, 3s, 100%]]}, recovery: {policy: restart}}\n");
    /* Fails at 4, back at 7, runs its whole lifetime again. */
    expect(sim, "end_s", 17);
    expect(sim, "wait_total_s", 3);
    expect(sim, "P_cpu_core_s", 14);
    expect(sim, "vms_completed", 1);
    expect(sim, "placements", 2);
    vdc_simulation_close(sim);
    sim = run(HEAD ONE_HOST "workload: {vms: [{arrival: 0s, lifetime: 10s, vcpus: 1, memory: 1 GiB}]}\n"
              "failures: {trace: {rows: [[4s, 3s, 100%]]}, recovery: {policy: none}}\n");
    expect(sim, "vms_lost", 1);
    expect(sim, "end_s", 4);
    vdc_simulation_close(sim);
}

Test(simulation, an_id_may_come_again_only_after_its_end) {
    vdc_simulation *sim = run(HEAD ONE_HOST
                              "workload: {vms: [{id: 7, arrival: 0s, lifetime: 2s, vcpus: 1, memory: 1 GiB}, "
                              "{id: 7, arrival: 2s, lifetime: 2s, vcpus: 1, memory: 1 GiB}]}\n");
    expect(sim, "vms_completed", 2);
    vdc_simulation_close(sim);
    vdc_diag diag = {0};
    vdc_run_options options = {.text = HEAD ONE_HOST
                               "workload: {vms: [{id: 7, arrival: 0s, lifetime: 3s, vcpus: 1, memory: 1 GiB}, "
                               "{id: 7, arrival: 2s, lifetime: 2s, vcpus: 1, memory: 1 GiB}]}\n"};
    vdc_code code = vdc_simulation_open(&sim, "test.yaml", &options, &diag);
    if (!code) code = vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag);
    cr_assert_eq(code, VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "id: found 7"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    vdc_simulation_close(sim);
}

/* VMs without an id get their arrival number; where a live VM has that, the one after the largest so far. An own id that a live VM has is refused. */
Test(simulation, ids_and_arrival_numbers_mix) {
#define MIX(id, arrival) HEAD TWO_HOSTS "workload:\n  vms: [{id: " id ", arrival: " arrival ", lifetime: 1h, vcpus: 1}]\n" \
    "  generate: {count: 3, arrivals: {dist: constant, value: 1min}, lifetime: {dist: constant, value: 3min}, flavors: [{vcpus: 1}]}\n"
    vdc_simulation *sim = run(MIX("3", "0s"));
    expect(sim, "vms_completed", 4);
    vdc_simulation_close(sim);
    vdc_diag diag = {0};
    vdc_run_options options = {.text = MIX("1", "4min")}; /* number 1 came at 2 min and stays until 5 */
    vdc_code code = vdc_simulation_open(&sim, "test.yaml", &options, &diag);
    if (!code) code = vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag);
    cr_assert_eq(code, VDC_ERROR_INPUT);
    cr_expect(strstr(diag.messages[0].text, "VM id 1 arrives at 240 s while a VM with that id is still alive"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    vdc_simulation_close(sim);
#undef MIX
}

Test(simulation, several_live_in_one_process) {
    const char *text = HEAD ONE_HOST "workload: {vms: [{arrival: 0s, lifetime: 100s, vcpus: 1, memory: 1 GiB}, "
    "{arrival: 50s, lifetime: 100s, vcpus: 1, memory: 1 GiB}]}\n";
    vdc_diag diag = {0};
    vdc_run_options options = {.text = text};
    vdc_simulation *a, *b;
    cr_assert_eq(vdc_simulation_open(&a, "a.yaml", &options, &diag), VDC_OK);
    cr_assert_eq(vdc_simulation_open(&b, "b.yaml", &options, &diag), VDC_OK);
    for (int i = 0; i < 40; i++) {
        cr_assert_eq(vdc_simulation_step(a, &diag), VDC_OK);
        cr_assert_eq(vdc_simulation_run_until(b, (i + 1) * 10 * VDC_SECOND, &diag), VDC_OK);
    }
    expect(a, "P_cpu_core_s", 200);
    expect(b, "P_cpu_core_s", 200);
    expect(a, "end_s", 150);
    vdc_simulation_close(a);
    vdc_simulation_close(b);
}

/* VM 1 blocks the line until its time is up at 6 s; VM 2 behind it, asked for at 2 s, then fits beside VM 0 at that very instant. */
Test(simulation, a_timeout_at_the_head_frees_the_line) {
    const char *text = HEAD ONE_HOST "workload: {vms: [{arrival: 0s, lifetime: 100s, vcpus: 1, memory: 1 GiB}, "
    "{arrival: 1s, lifetime: 10s, vcpus: 2, memory: 1 GiB}, {arrival: 2s, lifetime: 10s, vcpus: 1, memory: 1 GiB}]}\n";
    vdc_simulation *sim = simulation_run(text, "schedulers.admission={policy: fifo, timeout: 5s}");
    expect(sim, "vms_rejected", 1);
    expect(sim, "vms_completed", 2);
    expect(sim, "wait_total_s", 5 + 4);
    vdc_simulation_close(sim);
}

/* Three VMs share 2 GHz: two get 666 666 667 Hz, one a Hz less, which leaves it 10^9 Hz ns of work, 2 ns more. The
 * remainders are equal: the lowest ids win, not the first arrivals. VM 9 holds two vCPUs, so who was last shows in P. */
Test(simulation, equal_remainders_go_to_the_lowest_ids) {
    vdc_simulation *sim = run(HEAD "datacenter: {hosts: [{class: h, count: 1, cpu: {cores: 2, speed: 1 GHz}, memory: 8 GiB}], "
                              "overcommit: {cpu: 2}}\n"
                              "workload: {vms: [{id: 9, vcpus: 2, cpu: {weight: 1}, load: {progress: work, segments: [[1s, 666666667 Hz]]}}, "
                              "{id: 5, vcpus: 1, cpu: {weight: 1}, load: {progress: work, segments: [[1s, 666666667 Hz]]}}, "
                              "{id: 3, vcpus: 1, cpu: {weight: 1}, load: {progress: work, segments: [[1s, 666666667 Hz]]}}]}\n");
    expect(sim, "end_s", 1.000000002);
    expect(sim, "P_cpu_core_s", 4.000000004);
    vdc_simulation_close(sim);
}

/* Half a vCPU of a 1 GHz host can use 0.5 GHz, so that is what a reservation of 2 GHz fences: a host of that capacity keeps it. */
Test(simulation, a_reservation_counts_up_to_what_the_vcpus_can_use) {
    vdc_simulation *sim = run(HEAD "datacenter: {hosts: [{class: h, count: 1, cpu: {cores: 1, speed: 1 GHz}, memory: 8 GiB, reserve: {cpu: 0.5}}]}\n"
                              "workload: {vms: [{vcpus: 0.5, lifetime: 10s, cpu: {reservation: 2 GHz}}]}\n");
    expect(sim, "vms_completed", 1);
    expect(sim, "S_cpu_core_s", 5);
    vdc_simulation_close(sim);
}

/* A table whose peak lies below full load: I18 holds up to the peak, not up to the power at full load. */
Test(simulation, the_power_of_a_table_may_peak_below_full_load) {
    vdc_simulation *sim = run(HEAD "datacenter: {hosts: [{class: h, count: 1, cpu: {cores: 2, speed: 1 GHz}, memory: 8 GiB, "
                              "power: {model: table, watts: [50, 60, 70, 80, 90, 300, 110, 120, 130, 140, 150]}}]}\n"
                              "workload: {vms: [{vcpus: 1, lifetime: 10s}]}\n");
    expect(sim, "energy_j", 3000);
    vdc_simulation_close(sim);
}
