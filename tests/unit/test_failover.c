/* Hot standbys: what they hold, when they take over, what they leave undone; by hand, by theory, and under every invariant. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/draw.h"
#include "tests/support/runs.h"

static void expect(vdc_simulation *sim, const char *key, double value) {
    double found = summary_of(sim, key);
    cr_expect(fabs(found - value) <= 1e-9 * fmax(1, fabs(value)), "%s: found %.12g, not %.12g", key, found, value);
}

#define STANDBY "recovery: {policy: standby, failover: 5s}"
#define TWO_HOSTS "vdcsim: 1\nseed: %d\ndatacenter: {hosts: [{count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"

/* One of two hosts is away from 40 s to 60 s. The VM's own: 5 s later it runs on the other one, nothing is lost, and it gets a new standby when the
 * first host is back. The standby's: the VM notices nothing. Until then and after that it holds twice what it has, the second time as a fence. */
Test(failover, by_hand) {
    const char *text = TWO_HOSTS "failures: {trace: {rows: [[40s, 20s, 50%%]]}, " STANDBY "}\n"
                       "workload: {vms: [{vcpus: 2, memory: 4 GiB, load: {progress: work, segments: [[100s, 2 GHz]]}}]}\n";
    int taken = 0, untouched = 0;
    for (int seed = 0; seed < 12; seed++) {
        char buffer[1000];
        (void)snprintf(buffer, sizeof buffer, text, seed);
        vdc_simulation *sim = run_text(buffer, NULL, NULL);
        bool took = summary_of(sim, "standby_takeovers") > 0;
        double end = took ? 105 : 100, standing = 40 + (end - 60);
        taken += took, untouched += !took;
        expect(sim, "end_s", end);
        expect(sim, "T_cpu_core_s", 200);
        expect(sim, "U_cpu_core_s", 200);
        expect(sim, "P_cpu_core_s", 2 * (end + standing));
        expect(sim, "S_cpu_core_s", 2 * standing);
        expect(sim, "P_memory_byte_s", 4 * 1073741824.0 * (end + standing));
        expect(sim, "U_memory_byte_s", 4 * 1073741824.0 * 100); /* neither the standby's nor while it takes over */
        expect(sim, "standby_vcpu_s", 2 * standing);
        expect(sim, "standby_missing_s", 20);
        expect(sim, "standbys_placed", 2);
        expect(sim, "vm_down_trace_s", took ? 5 : 0);
        expect(sim, "down_vcpu_s", took ? 10 : 0);
        expect(sim, "interruptions", took);
        expect(sim, "availability", 100 / end);
        expect(sim, "failure_lost_core_s", 0);
        vdc_simulation_close(sim);
    }
    cr_expect(taken > 0 && untouched > 0);
}

/* Both hosts at once: there is nothing to take over; it starts again after 30 s and from its beginning. With room for one only, too. */
Test(failover, without_a_standby_it_starts_again) {
    const char *text = TWO_HOSTS "failures: {trace: {rows: [[40s, 10s, 100%%]]}, " STANDBY "}\n"
                       "workload: {vms: [{vcpus: 2, memory: 4 GiB, load: {segments: [[100s, 2 GHz]]}}]}\n";
    char buffer[1000];
    (void)snprintf(buffer, sizeof buffer, text, 1);
    vdc_simulation *sim = run_text(buffer, NULL, NULL);
    expect(sim, "standby_takeovers", 0);
    expect(sim, "T_cpu_core_s", 2 * 40 + 200);
    expect(sim, "end_s", 40 + 30 + 100);
    expect(sim, "failure_lost_core_s", 80);
    vdc_simulation_close(sim);
    sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 1, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                   "failures: {" STANDBY "}\nworkload: {vms: [{vcpus: 2, lifetime: 10s}]}\n", NULL, NULL);
    expect(sim, "standbys_placed", 0);
    expect(sim, "standby_missing_s", 10);
    vdc_simulation_close(sim);
}

/* What waits goes first; who leaves makes room. 4 cores a host: VM 1 with its standby, VM 2 takes what is left of one host, its standby of the other. VM 3
 * comes at 10 s, when nothing is free, and gets what VM 1 leaves at 50 s; its standby what the standby of VM 1 left. */
Test(failover, room) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "failures: {" STANDBY "}\n"
                                   "workload: {vms: [{id: 1, vcpus: 2, lifetime: 50s}, {id: 2, arrival: 1s, vcpus: 2, lifetime: 100s},\n"
                                   "  {id: 3, arrival: 10s, vcpus: 2, lifetime: 20s}]}\n", NULL, NULL);
    expect(sim, "standbys_placed", 3);
    expect(sim, "standby_missing_s", 0);
    expect(sim, "wait_total_s", 40);
    expect(sim, "standby_vcpu_s", 2 * (50 + 100 + 20));
    vdc_simulation_close(sim);
}

/* A standby that stands stays, unless somebody comes who might displace its VM: then the standby goes, and the VM runs on. 4 cores a host. */
Test(failover, standbys_and_preemption) {
#define PREEMPTS "vdcsim: 1\ndatacenter: {hosts: [%s]}\nfailures: {" STANDBY "}\n" \
                 "schedulers: {placement: {policy: first-fit}, admission: {policy: priority%s}}\nworkload: {vms: [%s]}\n"
#define HOST(count, memory) "{class: \"" memory "\", count: " count ", cpu: {cores: 4, speed: 1 GHz}, memory: " memory "}"
    char buffer[1000];
    for (int preempts = 0; preempts < 2; preempts++) {
        (void)snprintf(buffer, sizeof buffer, PREEMPTS, HOST("2", "16 GiB"), preempts ? ", preemption: {restart: true}" : "",
                       "{id: 1, vcpus: 4, lifetime: 100s, priority: low}, {id: 2, arrival: 20s, vcpus: 4, lifetime: 50s, priority: high}");
        vdc_simulation *sim = run_text(buffer, NULL, NULL);
        expect(sim, "wait_total_s", preempts ? 0 : 80);
        expect(sim, "standbys_placed", 2);
        expect(sim, "standby_missing_s", preempts ? 50 + 50 : 0);
        if (preempts) expect(sim, "preemptions", 0);
        vdc_simulation_close(sim);
    }
    /* VM 1 fills the memory of host 0, its standby is on host 1 beside VM 3. VM 4 wants a whole host: the cheapest is host 1, with both of them out of the
     * way. VM 3 waits until VM 4 is gone; with a notice all of that is 5 s later, and the standby stays as long. */
    for (int notice = 0; notice <= 5; notice += 5) {
        char preemption[60];
        (void)snprintf(preemption, sizeof preemption, ", preemption: {restart: true, notice: %ds}", notice);
        (void)snprintf(buffer, sizeof buffer, PREEMPTS, HOST("1", "4 GiB") ", " HOST("1", "16 GiB"), preemption,
                       "{id: 1, vcpus: 2, memory: 4 GiB, lifetime: 100s, priority: normal}, {id: 3, arrival: 1s, vcpus: 2, memory: 1 GiB, lifetime: 100s, "
                       "priority: low}, {id: 4, arrival: 10s, vcpus: 4, memory: 1 GiB, lifetime: 10s, priority: high}");
        vdc_simulation *sim = run_text(buffer, NULL, NULL);
        expect(sim, "preemptions", 1);
        expect(sim, "preemption_lost_core_s", 2 * (9 + notice));
        expect(sim, "wait_total_s", notice + 10);
        expect(sim, "end_s", 20 + notice + 100);
        expect(sim, "standby_vcpu_s", 2 * (90 + 20 + notice)); /* of VM 1, but for the 10 s of VM 4; of VM 3 when VM 1 is gone */
        vdc_simulation_close(sim);
    }
    /* VM 2 needs the memory of host 0, so VM 1 is displaced. The place of its standby, host 1, is its own at once: it does not go to the standby that VM 5
     * on host 2 lacks. */
    (void)snprintf(buffer, sizeof buffer, PREEMPTS, HOST("1", "16 GiB") ", " HOST("2", "4 GiB"), ", preemption: {restart: true}",
                   "{id: 1, vcpus: 4, memory: 1 GiB, lifetime: 100s, priority: low}, {id: 5, arrival: 1s, vcpus: 4, memory: 1 GiB, lifetime: 100s, "
                   "priority: high}, {id: 2, arrival: 20s, vcpus: 4, memory: 8 GiB, lifetime: 50s, priority: high}");
    vdc_simulation *sim = run_text(buffer, NULL, NULL);
    expect(sim, "preemptions", 1);
    expect(sim, "wait_total_s", 0);
    expect(sim, "end_s", 120);
    vdc_simulation_close(sim);
}

/* An admission policy that comes on the way is told of VMs, not of their standbys, which never leave by its count: VM 2 is within the quota. */
Test(failover, a_new_policy_does_not_count_standbys) {
    const char *set = "schedulers.admission={policy: quota, vms: 1}";
    vdc_diag diag = {0};
    vdc_simulation *sim = open_run_text("vdcsim: 1\ntime: {end: 300s}\ndatacenter: {hosts: [{count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                        "failures: {" STANDBY "}\nworkload: {vms: [{id: 1, tenant: a, vcpus: 2, lifetime: 100s},\n"
                                        "  {id: 2, tenant: a, arrival: 150s, vcpus: 2, lifetime: 10s}]}\n");
    run_until(sim, 10);
    cr_assert_eq(vdc_simulation_change(sim, &set, 1, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    run_until(sim, 300);
    expect(sim, "vms_completed", 2);
    expect(sim, "wait_total_s", 0);
    vdc_diag_clear(&diag);
    vdc_simulation_close(sim);
}

/* A standby guarantees its VM a place: where vCPUs are promised four times over, standbys are not. 3 VMs of 2 vCPUs on either host, whose 4 cores are
 * room for 2 standbys each. */
#define VM "{vcpus: 2, lifetime: 10s}"
#define SIX(vm) vm ", " vm ", " vm ", " vm ", " vm ", " vm
Test(failover, standbys_are_not_promised_twice) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {overcommit: {cpu: 4}, hosts: [{count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "schedulers: {placement: {policy: worst-fit}}\nfailures: {" STANDBY "}\nworkload: {vms: [" SIX(VM) "]}\n", NULL, NULL);
    expect(sim, "vms_completed", 6);
    expect(sim, "standbys_placed", 4);
    expect(sim, "S_cpu_core_s", 80);
    vdc_simulation_close(sim);
}

/* Operations: a VM that moves, changes its size or is stopped gives its standby back and gets a new one when that is over; paused, it keeps it. */
Test(failover, operations) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 3, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "migration: {mode: cold, bandwidth: 1 GiB/s, cap: none, cpu_tax: 0%}\nfailures: {" STANDBY "}\n"
                                   "workload: {vms: [{vcpus: 1, memory: 2 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 1},\n"
                                   "  {at: 20s, do: resize, vcpus: 2}, {at: 30s, do: pause}, {at: 40s, do: resume}, {at: 50s, do: stop},\n"
                                   "  {at: 60s, do: start}]}]}\n",
                                   NULL, NULL);
    expect(sim, "operations_refused", 0);
    expect(sim, "migrations_done", 1);
    expect(sim, "standbys_placed", 4);
    expect(sim, "standby_missing_s", 2);
    expect(sim, "standby_vcpu_s", 10 + 8 + 2 * 30 + 2 * 60); /* the 2 s at a stand are part of the lifetime; the pause and the stop are not */
    vdc_simulation_close(sim);
}

/* Paused VMs are where their standbys were at once; whose standby takes over may be deleted meanwhile; a planned outage is one, too. */
Test(failover, what_else_may_happen) {
    const char *text = TWO_HOSTS "failures: {trace: {rows: [[40s, 20s, 50%%]]}, " STANDBY "}\n"
                       "workload: {vms: [{vcpus: 2, lifetime: 100s, operations: [%s]}]}\n";
    int paused = 0, deleted = 0;
    for (int seed = 0; seed < 8; seed++) {
        char buffer[1000];
        (void)snprintf(buffer, sizeof buffer, text, seed, "{at: 30s, do: pause}, {at: 50s, do: resume}");
        vdc_simulation *sim = run_text(buffer, NULL, NULL);
        paused += summary_of(sim, "standby_takeovers") > 0;
        expect(sim, "end_s", 120);
        expect(sim, "interruptions", 0);
        vdc_simulation_close(sim);
        (void)snprintf(buffer, sizeof buffer, text, seed, "{at: 42s, do: delete}");
        sim = run_text(buffer, NULL, NULL);
        bool took = summary_of(sim, "interruptions") > 0;
        deleted += took;
        expect(sim, "vms_deleted", 1);
        expect(sim, "T_cpu_core_s", took ? 80 : 84);
        vdc_simulation_close(sim);
    }
    cr_expect(paused > 0 && deleted > 0);
    for (int seed = 0; seed < 4; seed++) { /* a load waits as a lifetime does, whoever takes over meanwhile */
        char buffer[1000];
        (void)snprintf(buffer, sizeof buffer, TWO_HOSTS "failures: {trace: {rows: [[40s, 20s, 50%%]]}, " STANDBY "}\n"
                       "workload: {vms: [{vcpus: 2, load: {segments: [[100s, 2 GHz]]}, operations: [{at: 30s, do: pause}, {at: 50s, do: resume}]}]}\n", seed);
        vdc_simulation *load = run_text(buffer, NULL, NULL);
        expect(load, "end_s", 120);
        expect(load, "T_cpu_core_s", 200);
        vdc_simulation_close(load);
    }
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 3, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "failures: {update_domains: 3, " STANDBY ", maintenance: {start: 10s, duration: 20s, deadline: 5s, drain: wait}}\n"
                                   "workload: {vms: [{vcpus: 2, lifetime: 200s}]}\n", NULL, NULL);
    expect(sim, "standby_takeovers", 3); /* to host 1 when host 0 is worked on, then to host 2, then back */
    expect(sim, "vm_down_planned_s", 15);
    expect(sim, "availability", 1);
    vdc_simulation_close(sim);
}

/* Many hosts with exponential lives and room everywhere: the VM is down for t_f each time that its host fails, wherever that is, so its availability is
 * MTBF / (MTBF + t_f), and its time between interruptions MTBF. 1 600 interruptions: 3 sigma are 8 %. */
Test(failover, availability_by_theory, .timeout = 120) {
    vdc_simulation *sim = run_text("vdcsim: 1\nseed: 5\ntime: {end: 200d, tick: 10d}\n"
                                   "datacenter: {hosts: [{count: 60, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "failures: {processes: [{level: host, mtbf: 5d, shape: 1, repair: 4h}], recovery: {policy: standby, failover: 20min}}\n"
                                   "workload: {generate: {count: 40, arrivals: {dist: constant, value: 1ms}, flavors: [{vcpus: 1}]}}\n", NULL, NULL);
    double mtbf = 5 * 86400.0, failover = 1200, down = 1 - summary_of(sim, "availability"), expected = failover / (mtbf + failover);
    cr_expect(fabs(down / expected - 1) < 0.08, "%g of the time down, not %g", down, expected);
    cr_expect(fabs(summary_of(sim, "mtbi_s") / mtbf - 1) < 0.08);
    cr_expect(summary_of(sim, "standby_takeovers") > 1400);
    vdc_simulation_close(sim);
}
