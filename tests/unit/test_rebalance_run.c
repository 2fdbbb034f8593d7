/* Rebalancing in whole runs: what moves, when, under which limits, and what is said of it. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "sim/base/memory.h"
#include "sim/simulation.h"
#include "tests/support/runs.h"
#include "tests/support/simulation.h"

#define HEAD "vdcsim: 1\nname: rebalance\n"
#define SERVERS(count) \
    "datacenter: {overcommit: {cpu: 4}, hosts: [{class: server, count: " #count ", cpu: {cores: 4, speed: 2 GHz}, memory: 32 GiB, " \
    "power: {model: linear, idle: 100 W, max: 200 W, off: 0 W}}]}\n"
#define VM(id, demand) "{id: " #id ", lifetime: 1h, vcpus: 4, memory: 4 GiB, load: {segments: [[1h, " demand "]]}}"

static const char spread[] = HEAD SERVERS(3) "workload: {vms: [" VM(1, "1 GHz") ", " VM(2, "2 GHz") ", " VM(3, "2 GHz") "]}\n"
    "schedulers: {placement: {policy: worst-fit}, rebalance: {policy: consolidate}}\npower: {empty_host: off}\n";

/* At 5 min the least loaded host is emptied, and in the same round the next one; the rest fits on one host below 80 % (6.4 GHz). */
Test(rebalance_run, consolidates) {
    vdc_simulation *run = simulation_run(spread, NULL);
    cr_expect_eq(simulation_ask(run, "hosts_used_max"), 3);
    cr_expect_eq(simulation_ask(run, "migrations"), 2);
    cr_expect_eq(simulation_ask(run, "rebalance_moves"), 2);
    cr_expect_eq(simulation_ask(run, "rebalance_refused"), 0);
    cr_expect_eq(simulation_ask(run, "rebalance_rounds"), 12);
    cr_expect_eq(simulation_ask(run, "vms_completed"), 3);
    cr_expect_eq(simulation_ask(run, "end_s"), 3600);
    double active = simulation_ask(run, "host_active_s");
    cr_expect(active > 3600 + 2 * 300 && active < 3600 + 2 * 400, "%g host seconds", active);
    vdc_simulation_close(run);
}

/* Loads too high for each other stay apart; a threshold above 100 % lets them come together, and then the host has not enough for all. */
Test(rebalance_run, stays_apart) {
    static const char text[] = HEAD SERVERS(2) "workload: {vms: [" VM(1, "5 GHz") ", " VM(2, "5 GHz") "]}\n"
        "schedulers: {placement: {policy: worst-fit}, rebalance: {policy: consolidate, detect: {policy: threshold, above: 80%}}}\n";
    vdc_simulation *run = simulation_run(text, NULL);
    cr_expect_eq(simulation_ask(run, "migrations"), 0);
    cr_expect_eq(simulation_ask(run, "slatah"), 0);
    vdc_simulation_close(run);
    run = simulation_run(text, "schedulers.rebalance.detect.above=130%");
    cr_expect_eq(simulation_ask(run, "migrations"), 1);
    cr_expect_gt(simulation_ask(run, "ready_core_s"), 3000);
    vdc_simulation_close(run);
}

/* Both hosts are asked for more than they have and nobody can help: nothing moves, and the run ends. */
Test(rebalance_run, nowhere_to_go) {
    static const char text[] = HEAD SERVERS(2) "workload: {vms: [" VM(1, "5 GHz") ", " VM(2, "5 GHz") ", " VM(3, "5 GHz") ", " VM(4, "5 GHz") "]}\n"
        "schedulers: {placement: {policy: worst-fit}, rebalance: {policy: %s}}\n";
    static const char *const policies[] = {"consolidate", "drs", "drain, hosts: [0, 1]"};
    for (int i = 0; i < 3; i++) {
        char *whole = vdc_format(text, policies[i]);
        vdc_simulation *run = simulation_run(whole, NULL);
        cr_expect_eq(simulation_ask(run, "migrations"), 0, "%s", policies[i]);
        cr_expect_eq(simulation_ask(run, "end_s"), 3600);
        /* SLATAH: both hosts were fully busy all the time. */
        cr_expect_eq(simulation_ask(run, "slatah"), 1);
        cr_expect_eq(simulation_ask(run, "slav"), 0);
        vdc_simulation_close(run);
        vdc_free(whole);
    }
}

/* One host of two is fully busy a quarter of the time it has VMs. */
Test(rebalance_run, slatah_by_hand) {
    static const char text[] = HEAD SERVERS(2)
        "workload: {vms: [{id: 1, vcpus: 4, memory: 4 GiB, load: {segments: [[10min, 8 GHz], [30min, 1 GHz]]}}, {id: 2, "
        "lifetime: 5min, vcpus: 1, memory: 1 GiB}]}\n"
        "schedulers: {placement: {policy: worst-fit}, rebalance: {policy: drs, imbalance: 100%}}\n";
    vdc_simulation *run = simulation_run(text, NULL);
    cr_expect_eq(simulation_ask(run, "slatah"), 0.125);
    cr_expect_eq(simulation_ask(run, "pdm"), 0);
    cr_expect_eq(simulation_ask(run, "slav"), 0);
    cr_expect_eq(simulation_ask(run, "esv"), 0);
    vdc_simulation_close(run);
}

static const char drained[] = HEAD SERVERS(3) "workload: {vms: [" VM(1, "1 GHz") ", " VM(2, "1 GHz") ", " VM(3, "1 GHz") ", " VM(4, "1 GHz") "]}\n"
    "schedulers: {placement: {policy: first-fit}, rebalance: {policy: drain, hosts: [0], place: worst-fit, interval: 10min}}\n"
    "migration: {per_host: none, bandwidth: 1 GB/s}\n";

/* One at a time, the next one when the one before is done, all in one round; and all at once. */
Test(rebalance_run, limits) {
    static const char *const limits[] = {"migration.concurrent=1", "migration.per_host=1", "migration.per_host=2", NULL};
    double before = 0;
    for (int i = 0; i < 4; i++) {
        vdc_simulation *run = simulation_run(drained, limits[i]);
        cr_expect_eq(simulation_ask(run, "migrations_done"), 4, "%s", limits[i] ? limits[i] : "no limit");
        cr_expect_eq(simulation_ask(run, "rebalance_moves"), 4);
        cr_expect_eq(simulation_ask(run, "rebalance_refused"), 0);
        double active = simulation_ask(run, "host_active_s");
        if (i == 1) cr_expect_eq(active, before, "with one source the limits are the same");
        before = active;
        vdc_simulation_close(run);
    }
    vdc_simulation *run = simulation_run(drained, "schedulers.rebalance.most=1");
    cr_expect_eq(simulation_ask(run, "migrations_done"), 4);
    cr_expect_eq(simulation_ask(run, "rebalance_rounds"), 6);
    vdc_simulation_close(run);
}

/* An overloaded host with the others asleep: one is switched on, and the next round moves a VM there. */
Test(rebalance_run, wakes_hosts) {
    static const char text[] = HEAD SERVERS(2)
        "workload: {vms: [{id: 1, vcpus: 4, memory: 4 GiB, load: {segments: [[18min, 1 GHz], [42min, 5 GHz]]}}, {id: 2, vcpus: 4, memory: 8 GiB, "
        "load: {segments: [[18min, 1 GHz], [42min, 5 GHz]]}}]}\n"
        "schedulers: {placement: {policy: first-fit}, rebalance: {policy: consolidate}}\n"
        "power: {empty_host: standby, off_after: 6min}\n";
    vdc_simulation *run = simulation_run(text, NULL);
    cr_expect_eq(simulation_ask(run, "host_boots"), 1);
    cr_expect_eq(simulation_ask(run, "migrations_done"), 1);
    cr_expect_eq(simulation_ask(run, "host_power_offs"), 1);
    vdc_simulation_close(run);
}

/* VMs that arrive, end, fail and move at the same time: every invariant holds with every policy. */
Test(rebalance_run, everything_at_once) {
    static const char text[] = HEAD "seed: 5\ntime: {tick: 1min, end: 3h}\n" SERVERS(12)
        "workload: {generate: {count: 300, arrivals: {dist: exponential, mean: 30s}, lifetime: {dist: exponential, mean: 20min}, "
        "flavors: [{vcpus: 2, memory: 2 GiB}, {vcpus: 4, memory: 6 GiB}], load: {kind: ar, mean: 40%%, sd: 30%%, correlation: 80%%, step: 1min}}}\n"
        "schedulers: {admission: {policy: fifo-skip}, placement: {policy: worst-fit}, rebalance: {%s, interval: 1min}}\n"
        "failures: {trace: {rows: [[10min, 5min, 20%%]], repeat: true}}\n"
        "power: {empty_host: %s, off_after: 2min}\nmigration: {bandwidth: 100 MB/s}\n";
    static const char *const policies[] = {
        "policy: consolidate", "policy: consolidate, detect: mad, select: mc", "policy: consolidate, detect: lr, select: rs, place: random-fit",
        "policy: consolidate, detect: iqr, select: mu, place: {policy: best-fit, norm: l2}", "policy: consolidate, detect: lrr", "policy: defragment",
        "policy: drain, hosts: [0, 1, 2]", "policy: lars, patience: 5min", "policy: drs",
    };
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        char *whole = vdc_format(text, policies[i], i % 2 ? "off" : "standby");
        vdc_simulation *run = simulation_run(whole, NULL);
        cr_expect_gt(simulation_ask(run, "migrations_done"), 5, "%s", policies[i]);
        vdc_simulation_close(run);
        vdc_free(whole);
    }
}

#define DRAINED(vms, place) \
    HEAD "time: {tick: 1min, end: 400s}\ndatacenter: {hosts: [{class: server, count: 6, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB, " \
    "nic: 10 Gbit/s}]}\nworkload: {vms: [" vms "]}\nschedulers: {placement: {policy: round-robin}, rebalance: {policy: drain, " place "}}\n"
#define OF(id, tenant, vcpus, memory, lifetime) \
    "{id: " #id ", tenant: " tenant ", vcpus: " #vcpus ", memory: " memory ", lifetime: " lifetime "}"
#define THREE OF(0, "a", 4, "4 GiB", "500s") ", " OF(1, "a", 2, "4 GiB", "1000s") ", " OF(2, "a", 1, "4 GiB", "1000s")

/* The policy that says where VMs go knows where they are, how long they have been there, what has left, who is under way, and what is free. */
Test(rebalance_run, place_knows_the_fleet) {
    static const struct { const char *text; int64_t hosts[3]; } cases[] = {
        /* What is left of CPU and memory counts by how scarce each is: host 1 has 2 vCPUs and 16 GiB left. */
        {DRAINED(OF(0, "a", 1, "4 GiB", "1h") ", " OF(1, "a", 6, "48 GiB", "1h") ", " OF(2, "a", 1, "4 GiB", "1h"), "hosts: [2], place: l2-norm-diff, "
                 "interval: 2min"), {0, 1, 1}},
        {DRAINED(OF(0, "a", 1, "4 GiB", "1h") ", " OF(1, "a", 6, "48 GiB", "1h") ", " OF(2, "a", 1, "4 GiB", "1h"), "hosts: [2], "
                 "place: weighted-dot-product, interval: 2min"), {0, 1, 3}},
        {DRAINED(THREE, "hosts: [2], place: {policy: pssf, n: 1, otherwise: most}, interval: 2min"), {0, 1, 3}},
        {DRAINED(THREE, "hosts: [2], place: {policy: pssf, n: 2, otherwise: most}, interval: 2min"), {0, 1, 0}},
        {DRAINED(THREE, "hosts: [2], place: nilas, interval: 2min"), {0, 1, 1}},
        {DRAINED(THREE, "hosts: [2], place: {policy: rules, rules: [{policy: departure-aligned}]}, interval: 2min"), {0, 1, 1}},
        /* One a round, each 40 s long: a VM that is on its way counts where it goes; one that has arrived counts once. */
        {DRAINED(THREE, "hosts: [0, 1, 2], most: 1, place: {policy: pssf, n: 1, otherwise: most}, interval: 30s"), {3, 4, 5}},
        {DRAINED(THREE, "hosts: [0, 1, 2], most: 1, place: {policy: pssf, n: 2, otherwise: most}, interval: 50s"), {3, 3, 4}},
        /* VM 0 ends before the others move: its host is one that the tenant had, with nobody on it. */
        {DRAINED(OF(0, "a", 4, "4 GiB", "100s") ", " OF(1, "b", 2, "4 GiB", "1h") ", " OF(2, "a", 1, "4 GiB", "1h"), "hosts: [2], "
                 "place: {policy: pssf, n: 1, otherwise: most}, interval: 2min"), {-1, 1, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vdc_simulation *run = simulation_run(cases[i].text, NULL);
        for (uint32_t vm = 0; vm < 3; vm++)
            if (cases[i].hosts[vm] >= 0)
                cr_expect_eq(run->datacenter.vms[vm].host, cases[i].hosts[vm], "VM %u is on host %u: %s", vm, run->datacenter.vms[vm].host,
                             cases[i].text);
        vdc_simulation_close(run);
    }
}

/* Another placement policy of the scheduler leaves the view of the one that says where VMs go as it is. */
Test(rebalance_run, after_a_change_of_placement) {
    static const char *const sets[] = {"schedulers.placement.policy=worst-fit"};
    vdc_simulation *run = open_run_text(DRAINED(THREE, "hosts: [2], place: best-fit, interval: 2min"));
    run_until(run, 60);
    cr_assert_eq(vdc_simulation_change(run, sets, 1, NULL), VDC_OK);
    run_until(run, 300);
    cr_expect_eq(run->datacenter.vms[2].host, 0);
    vdc_simulation_close(run);
}

/* When it cannot decide any more, the run ends with its reason. */
Test(rebalance_run, place_that_fails) {
    static const char text[] = DRAINED(THREE, "hosts: [2], place: {policy: process, command: [sh, -c, 'read a; echo \"{\\\"ready\\\": 1}\"; read b']}");
    vdc_diag diag = {0};
    vdc_simulation *run = NULL;
    vdc_run_options options = {.text = text};
    cr_assert_eq(vdc_simulation_open(&run, "test.yaml", &options, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    cr_assert_eq(vdc_simulation_run_until(run, VDC_TIME_MAX, &diag), VDC_ERROR_POLICY);
    cr_expect_str_eq(diag.messages[0].text, "rebalance policy drain: placement policy process failed at 300000000000 ns for VM 2: sh: it ended with status 0");
    vdc_diag_clear(&diag);
    vdc_simulation_close(run);
}

Test(rebalance_run, mistakes_are_named) {
#define ONE HEAD SERVERS(2) "workload: {vms: [" VM(1, "1 GHz") "]}\n"
    refuse_text(ONE "schedulers: {rebalance: {policy: drain, hosts: [2]}}\n", "there is no host 2; the hosts are 0 to 1");
    refuse_text(ONE "schedulers: {rebalance: {policy: consolidat}}\n", "did you mean 'consolidate'");
    refuse_text(ONE "schedulers: {rebalance: {policy: consolidate, detect: {policy: lr, samples: 2}}}\n", "samples");
}
