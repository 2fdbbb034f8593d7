/* Hosts on standby: when they are switched off and on, what that costs, and who waits for it. Energies are worked out by hand. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "sim/base/memory.h"
#include "tests/support/simulation.h"

#define HEAD "vdcsim: 1\nname: standby\n"
#define SERVERS(count) \
    "datacenter: {hosts: [{class: server, count: " #count ", cpu: {cores: 4, speed: 2 GHz}, memory: 32 GiB, " \
    "power: {model: linear, idle: 100 W, max: 200 W, off: 5 W}}]}\n"
#define FULL "vcpus: 4, memory: 8 GiB"

static double ask(const char *text, const char *set, const char *key) {
    vdc_simulation *run = simulation_run(text, set);
    double value = simulation_ask(run, key);
    vdc_simulation_close(run);
    return value;
}

/* Host 0 runs VM 1 and goes off at 900 s; hosts 1 to 3 begin to go off at 300 s, host 1 is switched on for VM 2 at 480 s. */
static const char two_vms[] = HEAD "time: {end: 40min}\n" SERVERS(4)
    "workload: {vms: [{id: 1, lifetime: 10min, " FULL "}, {id: 2, arrival: 8min, lifetime: 10min, " FULL "}]}\n"
    "power: {empty_host: standby}\n";

Test(standby, off_after_a_while_and_on_when_needed) {
    vdc_simulation *run = simulation_run(two_vms, NULL);
    cr_expect_eq(simulation_ask(run, "energy_j"), 160350 + 215100 + 2 * 43350);
    cr_expect_eq(simulation_ask(run, "host_boots"), 1);
    cr_expect_eq(simulation_ask(run, "host_power_offs"), 5);
    cr_expect_eq(simulation_ask(run, "wait_total_s"), 120);
    cr_expect_eq(simulation_ask(run, "vms_completed"), 2);
    vdc_simulation_close(run);
}

/* With a spare host on all the time VM 2 waits for nothing: hosts 1 and 2 go off, host 3 stays. */
Test(standby, spare_hosts) {
    vdc_simulation *run = simulation_run(two_vms, "power.spare=1");
    cr_expect_eq(simulation_ask(run, "wait_total_s"), 0);
    cr_expect_eq(simulation_ask(run, "host_boots"), 0);
    vdc_simulation_close(run);
}

/* Wanted while it goes down, it boots right after: 10 s are left of the shutdown, then 120 s. */
Test(standby, wanted_while_it_goes_down) {
    static const char text[] = HEAD "time: {end: 30min}\n" SERVERS(1)
        "workload: {vms: [{id: 1, arrival: 320s, lifetime: 5min, " FULL "}]}\npower: {empty_host: standby}\n";
    vdc_simulation *run = simulation_run(text, NULL);
    cr_expect_eq(simulation_ask(run, "wait_total_s"), 130);
    /* idle 300 s, shutdown 30 s, boot 120 s, VM 300 s, idle 300 s, shutdown 30 s, off until 1800 s */
    cr_expect_eq(simulation_ask(run, "energy_j"), 30000 + 3000 + 24000 + 60000 + 30000 + 3000 + 5 * 720);
    vdc_simulation_close(run);
}

/* Two are wanted while all go down, for VM 1, and for VM 2 that comes meanwhile: what is meant for VM 1 is not taken for somebody else's then. */
Test(standby, wanted_by_two_while_they_go_down) {
    static const char text[] = HEAD SERVERS(4)
        "workload: {vms: [{id: 1, arrival: 305s, lifetime: 5min, " FULL "}, {id: 2, arrival: 310s, lifetime: 5min, vcpus: 1, memory: 1 GiB}]}\n"
        "power: {empty_host: standby}\n";
    cr_expect_eq(ask(text, NULL, "host_boots"), 2);
    cr_expect_eq(ask(text, NULL, "wait_total_s"), 145 + 140);
}

/* One host is switched on for two small VMs, two for two large ones; the run waits for them. */
Test(standby, as_many_as_are_needed) {
    static const char small[] = HEAD SERVERS(4)
        "workload: {vms: [{id: 1, arrival: 20min, lifetime: 5min, vcpus: 2, memory: 8 GiB}, {id: 2, arrival: 20min, "
        "lifetime: 5min, vcpus: 2, memory: 8 GiB}]}\n"
        "power: {empty_host: standby}\n";
    static const char large[] = HEAD SERVERS(4)
        "workload: {vms: [{id: 1, arrival: 20min, lifetime: 5min, " FULL "}, {id: 2, arrival: 20min, lifetime: 5min, " FULL "}]}\n"
        "power: {empty_host: standby}\n";
    cr_expect_eq(ask(small, NULL, "host_boots"), 1);
    cr_expect_eq(ask(small, NULL, "vms_completed"), 2);
    cr_expect_eq(ask(large, NULL, "host_boots"), 2);
    cr_expect_eq(ask(large, NULL, "vms_completed"), 2);
    cr_expect_eq(ask(large, NULL, "end_s"), 20 * 60 + 120 + 300);
}

/* A host that stores a stopped VM's disk stays on, until the VM is gone or stored elsewhere: host 0 from 60 s, when VM 1 is stopped, to 660 s, when it is
 * deleted; 5 min later it goes off, as host 1 does after its first 5 min. */
Test(standby, a_host_with_a_disk_stays_on) {
    static const char text[] = HEAD "time: {end: 40min}\n"
        "datacenter: {hosts: [{class: server, count: 2, cpu: {cores: 4, speed: 2 GHz}, memory: 32 GiB, disks: [{size: 1 TB}], "
        "power: {model: linear, idle: 100 W, max: 200 W, off: 5 W}}]}\n"
        "workload: {vms: [{id: 1, disk: 5 GB, " FULL ", operations: [{at: 1min, do: stop}, {at: 11min, do: delete}]}]}\npower: {empty_host: standby}\n";
    vdc_simulation *run = simulation_run(text, NULL);
    cr_expect_eq(simulation_ask(run, "host_power_offs"), 2);
    cr_expect_eq(simulation_ask(run, "energy_j"), 60 * 200 + (600 + 330) * 100 + (2400 - 990) * 5 + 330 * 100 + (2400 - 330) * 5);
    vdc_simulation_close(run);
}

/* At once and for nothing, standby is what `off` is. */
Test(standby, ideal) {
    static const char text[] = HEAD "time: {end: 40min}\n" SERVERS(3)
        "workload: {vms: [{id: 1, lifetime: 10min, " FULL "}, {id: 2, lifetime: 20min, arrival: 5min, " FULL "}]}\n"
        "power: {empty_host: standby, off_after: 0s, shutdown: 0s, boot: 0s}\n";
    cr_expect_eq(ask(text, NULL, "energy_j"), ask(text, "power.empty_host=off", "energy_j"));
    cr_expect_eq(ask(text, NULL, "wait_total_s"), 0);
}

/* Hosts fail whatever they are about, and come back awake. */
Test(standby, failures) {
    static const char text[] = HEAD "time: {end: 2h}\n" SERVERS(2)
        "workload: {vms: [{id: 1, arrival: 50min, lifetime: 5min, " FULL "}]}\npower: {empty_host: standby}\n"
        "failures: {trace: {rows: [[%s, 30s, 100%%]]}}\n";
    /* awake, going down, asleep, booting */
    static const char *const waits[] = {"100s", "310s", "400s", "3060s"};
    static const double completed[] = {1, 1, 1, 1}, boots[] = {1, 1, 1, 1};
    for (int i = 0; i < 4; i++) {
        char *whole = vdc_format(text, waits[i]);
        vdc_simulation *run = simulation_run(whole, NULL);
        cr_expect_eq(simulation_ask(run, "vms_completed"), completed[i], "failure after %s", waits[i]);
        cr_expect_eq(simulation_ask(run, "host_boots"), boots[i], "failure after %s", waits[i]);
        vdc_simulation_close(run);
        vdc_free(whole);
    }
}

/* It is not enough that the VM fits: a host that a label, a reservation or a rule keeps it from is not switched on for it, and one that is coming does
 * not serve it. The run ends when it has run. */
Test(standby, hosts_that_may_take_it_are_switched_on) {
    static const struct { const char *hosts, *vm, *rest; double end; } cases[] = {
        /* labels */
        {"{class: a, count: 3, cpu: {cores: 8}, memory: 64 GiB, labels: {pool: general}}, "
         "{class: b, count: 1, cpu: {cores: 8}, memory: 64 GiB, labels: {pool: gold}}",
         "{id: 2, arrival: 30min, lifetime: 5min, vcpus: 2, isolation: {require: {pool: gold}}}", "", 30 * 60 + 120 + 300},
        /* a reservation, without isolation: 16 threads of 1 GHz are promised by hosts of 8 and by one of 16 */
        {"{class: a, count: 3, cpu: {cores: 8, speed: 1 GHz}, memory: 64 GiB}, {class: b, count: 1, cpu: {cores: 16, speed: 1 GHz}, memory: 64 GiB}",
         "{id: 2, arrival: 30min, lifetime: 5min, vcpus: 16, cpu: {reservation: 16 GHz}}", "", 30 * 60 + 120 + 300},
        /* racks: the member of VM 1's group may not come to its rack, hosts 0 and 1 */
        {"{count: 4, cpu: {cores: 2}, memory: 64 GiB}", "{id: 2, group: g, arrival: 30min, lifetime: 5min, vcpus: 2}",
         "isolation: {rules: [{rule: anti-affinity, level: rack}]}\n", 30 * 60 + 120 + 300},
        /* a host that is scrubbed while it sleeps: from 10 min on for 20 min */
        {"{count: 1, cpu: {cores: 8}, memory: 64 GiB}", "{id: 2, tenant: fund, arrival: 20min, lifetime: 5min, vcpus: 2}",
         "isolation: {rules: [{rule: chinese-wall, scrub: 20min, classes: {money: [bank, fund]}}]}\n", 30 * 60 + 120 + 300},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool second = i == 2; /* VM 1 is there all the time */
        char *text = vdc_format(HEAD "datacenter: {hosts: [%s], overcommit: {cpu: 2}%s}\n"
                                "workload: {vms: [{id: 1, tenant: bank, group: g, lifetime: %s, vcpus: 2}, %s]}\n"
                                "power: {empty_host: standby}\n%s", cases[i].hosts, second ? ", topology: {racks: 2}" : "", second ? "37min" : "10min",
                                cases[i].vm, cases[i].rest);
        vdc_simulation *run = simulation_run(text, "time.end=3h");
        cr_expect_eq(simulation_ask(run, "vms_completed"), 2, "%s", cases[i].vm);
        cr_expect_eq(simulation_ask(run, "host_boots"), 1, "%s", cases[i].vm);
        vdc_simulation_close(run);
        run = simulation_run(text, NULL);
        cr_expect_eq(simulation_ask(run, "end_s"), cases[i].end, "%s: %g", cases[i].vm, simulation_ask(run, "end_s"));
        vdc_simulation_close(run);
        vdc_free(text);
    }
}
