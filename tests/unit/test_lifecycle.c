/* The lives of VMs in whole runs, every account worked out by hand; every run is under --check, so that all invariants hold at every event. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/result.h"
#include "models/operation.h"
#include "models/datacenter.h"
#include "sim/base/memory.h"
#include "sim/operations.h"
#include "tests/support/result_files.h"
#include "tests/support/runs.h"
#include "tests/support/workload.h"

#define HOSTS(count) "vdcsim: 1\ndatacenter: {hosts: [{count: " count ", cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB, disks: [{size: 100 GB}], " \
                     "power: {model: linear, idle: 100 W, max: 200 W}}]}\n"

static void expect(vdc_simulation *sim, const char *key, double value) {
    double found = summary_of(sim, key);
    cr_expect(fabs(found - value) <= 1e-9 * fmax(1, fabs(value)), "%s: found %.12g, not %.12g", key, found, value);
}

/* A paused VM holds all, runs nothing, and its load goes on later. */
Test(lifecycle, pause_and_resume) {
    vdc_simulation *sim = run_text(HOSTS("1") "workload: {vms: [{vcpus: 2, memory: 4 GiB, disk: 10 GB, load: {segments: [[100s, 2 GHz]]},\n"
                                   "  operations: [{at: 40s, do: pause}, {at: 70s, do: resume}]}]}\n", NULL, NULL);
    expect(sim, "end_s", 130);
    expect(sim, "T_cpu_core_s", 200);
    expect(sim, "P_cpu_core_s", 260);
    expect(sim, "P_disk_byte_s", 130e10);
    expect(sim, "G_disk_byte_s", 100e10); /* nobody uses what a VM that stands still holds */
    expect(sim, "U_disk_byte_s", 100e10);
    expect(sim, "U_memory_byte_s", 4 * 1073741824.0 * 100);
    expect(sim, "paused_vcpu_s", 60);
    expect(sim, "run_vcpu_s", 200);
    expect(sim, "idle_core_s", 0);
    expect(sim, "operations", 2);
    expect(sim, "energy_j", 100 * 130 + 100 * 0.5 * 100);
    vdc_simulation_close(sim);
}

/* Work waits, too, and a lifetime; a checkpoint that was to come comes later by as much. */
Test(lifecycle, what_is_paused_stands_still) {
    vdc_simulation *sim = run_text(HOSTS("1") "workload: {vms: [{vcpus: 1, load: {progress: work, segments: [[100s, 1 GHz]]},\n"
                                   "  operations: [{at: 30s, do: pause}, {at: 50s, do: resume}, {at: 60s, do: pause}, {at: 100s, do: resume}]},\n"
                                   "  {vcpus: 1, lifetime: 200s, operations: [{at: 199s, do: pause}, {at: 299s, do: resume}]}]}\n", NULL, NULL);
    expect(sim, "end_s", 300);
    expect(sim, "T_cpu_core_s", 300);
    expect(sim, "paused_vcpu_s", 20 + 40 + 100);
    vdc_simulation_close(sim);
}

/* Also when it moves meanwhile, by an operation or because its host is worked on: 10 s before the pause and 190 s after it, whatever comes between. */
Test(lifecycle, what_is_paused_stands_still_on_its_way) {
    static const char *const ways[] = {"{at: 60s, do: migrate, to: 1}, ", ""};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char text[1000];
        (void)snprintf(text, sizeof text, HOSTS("2") "migration: {mode: cold, bandwidth: 1 GiB/s, cap: none}\n"
                       "workload: {vms: [{vcpus: 1, memory: 1 GiB, load: {segments: [[100s, 1 GHz], [100s, 0.5 GHz]]},\n"
                       "  operations: [{at: 10s, do: pause}, %s{at: 200s, do: resume}, {at: 250s, do: snapshot}]}]}\n%s", ways[i],
                       i ? "failures: {update_domains: 2, maintenance: {start: 30s, duration: 20s, drain: migrate}}\n" : "");
        vdc_simulation *sim = run_text(text, NULL, NULL);
        cr_expect(summary_of(sim, "migrations_done") >= 1);
        expect(sim, "end_s", 390);
        expect(sim, "T_cpu_core_s", 150);
        expect(sim, "paused_vcpu_s", 190);
        vdc_simulation_close(sim);
    }
}

/* A lifetime goes on while a checkpoint is made, a stop and a pause alike: 200 s, and 30 s at a stand. What was not run is not lost with a host:
 * 100 s until the pause, which is all that the failure after an hour takes. */
Test(lifecycle, what_counts_of_a_lifetime) {
    static const char *const halts[][2] = {{"stop", "start"}, {"pause", "resume"}, {"suspend", "resume"}};
    for (size_t i = 0; i < 3; i++) {
        char text[1000];
        (void)snprintf(text, sizeof text, HOSTS("1") "lifecycle: {storage_bandwidth: 1 GiB/s}\nworkload: {vms: [{vcpus: 1, lifetime: 200s, "
                       "checkpoint: {interval: 50s, duration: 10s}, operations: [{at: 70s, do: %s}, {at: 100s, do: %s}]}]}\n", halts[i][0], halts[i][1]);
        vdc_simulation *sim = run_text(text, NULL, NULL);
        expect(sim, "end_s", 230);
        expect(sim, "T_cpu_core_s", 200);
        vdc_simulation_close(sim);
    }
    vdc_simulation *sim = run_text(HOSTS("1") "time: {end: 2h}\nfailures: {trace: {rows: [[1h, 100s, 100%]]}, recovery: {policy: elsewhere}}\n"
                                   "workload: {vms: [{vcpus: 1, operations: [{at: 100s, do: pause}]}]}\n", NULL, NULL);
    expect(sim, "failure_lost_core_s", 100);
    vdc_simulation_close(sim);
}

/* Stopped: only the disk is held, the host is free for another; started again it boots, at home. */
Test(lifecycle, stop_and_start) {
    vdc_simulation *sim = run_text(HOSTS("1") "lifecycle: {boot: 10s, boot_cpu: 50%}\n"
                                   "workload: {vms: [{id: 1, vcpus: 4, memory: 4 GiB, disk: 10 GB, load: {segments: [[100s, 2 GHz]]},\n"
                                   "  operations: [{at: 60s, do: stop}, {at: 160s, do: start}]},\n"
                                   "  {id: 2, arrival: 1s, vcpus: 4, load: {segments: [[50s, 1 GHz]]}}]}\n", NULL, NULL);
    /* 10 s boot, 50 s load; stopped for 100 s, while VM 2 (boot 10 s, load 50 s) has the host from 60 s to 120 s; 10 s boot, 50 s load. */
    expect(sim, "end_s", 220);
    expect(sim, "stopped_vcpu_s", 400);
    expect(sim, "boot_vcpu_s", 3 * 40);
    expect(sim, "pending_vcpu_s", 59 * 4);
    expect(sim, "T_cpu_core_s", 2 * 10 * 2 + 10 * 2 + 200 + 50);
    expect(sim, "P_disk_byte_s", 220e10);
    expect(sim, "U_disk_byte_s", 120e10);
    expect(sim, "P_cpu_core_s", 4 * (60 + 60 + 60));
    expect(sim, "placements", 3);
    vdc_simulation_close(sim);
}

/* Boot and image times from distributions: an image comes once, every boot takes a time of its own, and their means are right. */
Test(lifecycle, boot_and_image_times_are_drawn) {
    enum { VMS = 60 };
    char text[12000];
    int length = snprintf(text, sizeof text, HOSTS("20") "time: {end: 800s}\n"
                          "lifecycle: {boot: {dist: uniform, min: 5s, max: 25s}, image: {dist: uniform, min: 100s, max: 300s}}\nworkload: {vms: [");
    for (int vm = 0; vm < VMS; vm++)
        length += snprintf(text + length, sizeof text - (size_t)length, "{vcpus: 1, memory: 1 GiB, operations: [{at: 400s, do: stop}, {at: 410s, do: start},\n"
                           " {at: 500s, do: stop}, {at: 510s, do: start}]}%s\n", vm + 1 < VMS ? "," : "]}");
    vdc_simulation *sim = open_run_text(text);
    static const double at[] = {390, 490, 590};
    double spent[3][VMS], sums[3] = {0};
    for (int k = 0; k < 3; k++) {
        run_until(sim, at[k]);
        for (int64_t vm = 0; vm < VMS; vm++) {
            spent[k][vm] = (double)vdc_lifecycle_vm_spent(&sim->datacenter, vdc_vm_find(sim, vm), VDC_ACCOUNT_BOOT) / 1e12;
            sums[k] += spent[k][vm] - (k > 0 ? spent[k - 1][vm] : 0);
        }
    }
    for (int vm = 0; vm < VMS; vm++) {
        double first = spent[0][vm], second = spent[1][vm] - first, third = spent[2][vm] - spent[1][vm];
        cr_expect(first >= 105 && first <= 325 && second >= 5 && second <= 25 && third >= 5 && third <= 25, "%g, %g, %g s", first, second, third);
        cr_expect_neq(second, third);
        cr_expect(vm == 0 || spent[0][vm] != spent[0][vm - 1]);
    }
    /* Four standard errors: of both, and of a boot alone. */
    cr_expect_float_eq(sums[0] / VMS, 215, 4 * sqrt((200 * 200 + 20 * 20) / 12.0 / VMS));
    cr_expect_float_eq((sums[1] + sums[2]) / (2 * VMS), 15, 4 * 20 / sqrt(12.0 * 2 * VMS));
    vdc_simulation_close(sim);
}

/* Saved to disk at 1 GiB / s: 4 s without running; the image lies beside its disk; 4 s to come back. */
Test(lifecycle, suspend_and_resume) {
    vdc_simulation *sim = run_text(HOSTS("1") "lifecycle: {boot: 7s, storage_bandwidth: 1 GiB/s}\n"
                                   "workload: {vms: [{vcpus: 2, memory: 4 GiB, disk: 10 GB, load: {segments: [[100s, 2 GHz]]},\n"
                                   "  operations: [{at: 50s, do: suspend}, {at: 154s, do: resume}]}]}\n", NULL, NULL);
    expect(sim, "paused_vcpu_s", 8);
    expect(sim, "suspended_vcpu_s", 200);
    expect(sim, "boot_vcpu_s", 14 + 8);
    expect(sim, "T_cpu_core_s", 14 + 200);
    expect(sim, "end_s", 50 + 4 + 100 + 4 + 57);
    double gib = 1024.0 * 1024 * 1024;
    expect(sim, "P_disk_byte_s", 215e10 + 4 * gib * 104);
    expect(sim, "P_memory_byte_s", 4 * gib * (54 + 61));
    vdc_simulation_close(sim);
}

Test(lifecycle, shutdown_takes_its_time_and_a_saved_vm_may_be_deleted) {
    vdc_simulation *sim = run_text(HOSTS("1") "lifecycle: {shutdown: 5s}\ntime: {end: 100s}\n"
                                   "workload: {vms: [{id: 1, vcpus: 1, operations: [{at: 10s, do: stop}, {at: 12s, do: pause}, {at: 20s, do: delete}]},\n"
                                   "  {id: 2, vcpus: 1, memory: 8 GiB, operations: [{at: 10s, do: suspend}, {at: 11s, do: delete}]}]}\n", NULL, NULL);
    expect(sim, "T_cpu_core_s", 15 + 10);
    expect(sim, "operations_refused", 1); /* pause while it shuts down */
    expect(sim, "vms_deleted", 2);
    expect(sim, "stopped_vcpu_s", 5);
    expect(sim, "paused_vcpu_s", 1);
    vdc_simulation_close(sim);
}

/* Where there is room a resize is at once; smaller, too; the accounts follow the size. */
Test(lifecycle, resize_in_place) {
    vdc_simulation *sim = run_text(HOSTS("1") "workload: {vms: [{vcpus: 1, memory: 1 GiB, disk: 1 GB, load: {segments: [[100s, 4 GHz]]},\n"
                                   "  operations: [{at: 20s, do: resize, vcpus: 4, memory: 2 GiB, disk: 2 GB}, {at: 50s, do: pause},\n"
                                   "   {at: 60s, do: resize, vcpus: 2}, {at: 80s, do: resume}]}]}\n", NULL, NULL);
    double gib = 1024.0 * 1024 * 1024;
    expect(sim, "end_s", 130);
    expect(sim, "T_cpu_core_s", 20 + 30 * 4 + 50 * 2);
    expect(sim, "P_cpu_core_s", 20 + 40 * 4 + 70 * 2);
    expect(sim, "P_memory_byte_s", gib * (20 + 110 * 2));
    expect(sim, "P_disk_byte_s", 20e9 + 110 * 2e9);
    expect(sim, "paused_vcpu_s", 40 + 40);
    expect(sim, "migrations", 0);
    vdc_simulation_close(sim);
}

/* Its host has no room, another one has: it holds old and new until it is there (cold: 1 GiB at 1 GiB/s). */
Test(lifecycle, resize_by_moving) {
    vdc_simulation *sim = run_text(HOSTS("2") "migration: {mode: cold, bandwidth: 1 GiB/s, cap: none, cpu_tax: 0%}\n"
                                   "workload: {vms: [{id: 1, vcpus: 2, memory: 1 GiB, disk: 1 GB, lifetime: 100s, operations: [{at: 50s, do: "
                                       "resize, vcpus: 4}]},\n"
                                   "  {id: 2, vcpus: 2, lifetime: 100s}]}\n", NULL, NULL);
    expect(sim, "P_cpu_core_s", 200 + 50 * 2 + (2 + 4) + 49 * 4);
    expect(sim, "P_disk_byte_s", 100e9); /* the disk is shared: once */
    expect(sim, "blackout_vcpu_s", 2);
    expect(sim, "downtime_s", 1);
    expect(sim, "T_cpu_core_s", 200 + 50 * 2 + 49 * 4);
    expect(sim, "hosts_used_max", 2);
    vdc_simulation_close(sim);
    sim = run_text(HOSTS("1") "workload: {vms: [{id: 1, vcpus: 2, lifetime: 100s, operations: [{at: 50s, do: resize, vcpus: 4}, {at: 60s, do: "
        "resize, vcpus: 5},\n"
                   "  {at: 70s, do: resize, vcpus: 3, move: false}]}, {id: 2, vcpus: 2, lifetime: 100s}]}\n", NULL, NULL);
    expect(sim, "operations_refused", 3);
    expect(sim, "P_cpu_core_s", 400);
    vdc_simulation_close(sim);
}

Test(lifecycle, configure) {
    vdc_simulation *sim = run_text(HOSTS("1") "workload: {vms: [{id: 1, vcpus: 4, lifetime: 100s, operations: [{at: 10s, do: configure, limit: 1 GHz},\n"
                                   "  {at: 20s, do: configure, limit: none}, {at: 30s, do: configure, reservation: 2 GHz}, {at: 40s, do: "
                                       "configure, reservation: 5 GHz},\n"
                                   "  {at: 50s, do: configure, reservation: 3 GHz, limit: 1 GHz}]}]}\n", NULL, NULL);
    expect(sim, "T_cpu_core_s", 10 * 4 + 10 + 80 * 4);
    expect(sim, "throttled_core_s", 30);
    expect(sim, "S_cpu_core_s", 10 * 2 + 60 * 4); /* a reservation holds at most the VM's own vCPUs */
    expect(sim, "operations_refused", 1);
    vdc_simulation_close(sim);
}

/* A VM that is queued may be resized so that it fits, or be deleted. */
Test(lifecycle, operations_on_waiting_vms) {
    vdc_simulation *sim = run_text(HOSTS("1") "time: {end: 100s}\nschedulers: {admission: {policy: fifo-skip}}\n"
                                   "workload: {vms: [{id: 1, vcpus: 3}, {id: 2, vcpus: 2, operations: [{at: 10s, do: pause}, {at: 20s, do: resize, "
                                       "vcpus: 1}]},\n"
                                   "  {id: 3, vcpus: 4, operations: [{at: 30s, do: delete}]}]}\n", NULL, NULL);
    expect(sim, "pending_vcpu_s", 40 + 120);
    expect(sim, "T_cpu_core_s", 300 + 80);
    expect(sim, "vms_deleted", 1);
    expect(sim, "operations_refused", 1);
    vdc_simulation_close(sim);
}

/* After a snapshot a failure costs what came after it; time without a host because of a failure is down time. */
Test(lifecycle, snapshot_and_failure) {
    vdc_simulation *sim = run_text(HOSTS("1") "failures: {trace: {rows: [[50s, 30s, 100%]]}}\n"
                                   "workload: {vms: [{vcpus: 1, load: {progress: work, segments: [[100s, 1 GHz]]}, operations: [{at: 40s, do: snapshot}]}]}\n",
                                   NULL, NULL);
    expect(sim, "end_s", 80 + 60);
    expect(sim, "down_vcpu_s", 30);
    expect(sim, "pending_vcpu_s", 0);
    vdc_simulation_close(sim);
}

/* The table of verbs in the wrong states: refused, with nothing changed. */
Test(lifecycle, illegal_transitions_change_nothing) {
    const char *base = HOSTS("2") "time: {end: 100s}\nlifecycle: {boot: 50s}\nworkload: {vms: [{id: 1, vcpus: 2, memory: 1 GiB%s}]}\n";
    static const char *const wrong[] = {"start", "pause", "resume", "suspend", "snapshot", "migrate", "resize, vcpus: 1"}; /* while it boots */
    char text[1200];
    (void)snprintf(text, sizeof text, base, "");
    vdc_simulation *plain = run_text(text, NULL, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char operation[100];
        (void)snprintf(operation, sizeof operation, ", operations: [{at: 20s, do: %s}]", wrong[i]);
        (void)snprintf(text, sizeof text, base, operation);
        vdc_simulation *sim = run_text(text, NULL, NULL);
        expect(sim, "operations_refused", 1);
        expect(sim, "operations", 0);
        static const char *const same[] = {"T_cpu_core_s", "P_cpu_core_s", "P_memory_byte_s", "energy_j", "boot_vcpu_s", "run_vcpu_s", "placements", "end_s"};
        for (size_t k = 0; k < sizeof same / sizeof *same; k++) cr_expect_eq(summary_of(sim, same[k]), summary_of(plain, same[k]), "%s: %s", wrong[i], same[k]);
        vdc_simulation_close(sim);
    }
    vdc_simulation_close(plain);
}

/* VM 2 has work and never a thread: VM 1, which has no end, has them all. Checkpoints go on for ever; the run does not. The next one after VM 3, which
 * would have let VM 2 run, is at 127 s. */
Test(lifecycle, who_starves_keeps_no_run_alive) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {overcommit: {cpu: 2}, hosts: [{count: 1, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "schedulers: {cpu: {policy: space-shared}}\n"
                                   "workload: {vms: [{id: 1, vcpus: 3, checkpoint: {interval: 10s, duration: 3s}},\n"
                                   "  {id: 2, vcpus: 2, load: {progress: work, segments: [[10s, 2 GHz]]}},\n"
                                   "  {id: 3, vcpus: 1, load: {segments: [[120s, 1 GHz]]}}]}\n", NULL, NULL);
    expect(sim, "vms_completed", 1);
    expect(sim, "vms_running", 2);
    expect(sim, "end_s", 127);
    vdc_simulation_close(sim);
}

/* ---- migration in a run ---- */

#define MOVES "migration: {bandwidth: 1.25 GB/s, cap: none, dirtying: linear, dirty_rate: 125 MB/s, working_set: 100%, cpu_tax: 0%}\n"

/* models.md 4.3, in a run: the target holds from the start, the source until the switch; T is where it runs. */
Test(lifecycle, golden_migration_in_a_run) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n" MOVES
                                   "workload: {vms: [{vcpus: 2, memory: 8 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 1}]}]}\n", NULL, NULL);
    cr_expect_float_eq(summary_of(sim, "downtime_s"), 0.068719, 1e-6);
    cr_expect_float_eq(summary_of(sim, "P_cpu_core_s"), 2 * (100 + 7.627862), 1e-5);
    cr_expect_float_eq(summary_of(sim, "T_cpu_core_s"), 2 * (100 - 0.068719), 1e-5);
    cr_expect_float_eq(summary_of(sim, "pdm"), 0.068719 / 100, 1e-7);
    expect(sim, "migrated_bytes", 8589934592.0 + 858993459 + 85899346);
    expect(sim, "migrations", 1);
    expect(sim, "migrations_done", 1);
    vdc_simulation_close(sim);
}

/* Two that leave one host together share its bandwidth: each has half until the first is there. */
Test(lifecycle, migrations_share_bandwidth) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 3, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "migration: {mode: cold, bandwidth: 1 GiB/s, cap: none, cpu_tax: 0%}\n"
                                   "workload: {vms: [{id: 1, vcpus: 1, memory: 2 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 1}]},\n"
                                   "  {id: 2, vcpus: 1, memory: 4 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 2}]}]}\n", NULL, NULL);
    expect(sim, "downtime_s", 4 + 6); /* 2 GiB at half, then 2 of the 4 GiB are left at all of it */
    vdc_simulation_close(sim);
}

/* ---- over a fabric ---- */

#define FABRIC(hosts, uplink) \
    "vdcsim: 1\nseed: 1\ndatacenter:\n  hosts: [{count: " hosts ", max_vms: 1, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB, nic: 10 Gbit/s}]\n" \
    "  topology: {racks: 2, fabric: {kind: leaf-spine, uplink: " uplink ", spines: 1}}\nnetworks: [{name: a}]\n"

/* Alone on a way of the same bandwidth it takes as long as without a fabric. */
Test(lifecycle, golden_migration_over_a_fabric) {
    vdc_simulation *sim = run_text(FABRIC("2", "10 Gbit/s") MOVES "workload: {vms: [{vcpus: 2, memory: 8 GiB, lifetime: 100s, operations: [{at: 10s, "
                                   "do: migrate, to: 1}]}]}\n", NULL, NULL);
    cr_expect_float_eq(summary_of(sim, "downtime_s"), 0.068719, 1e-6);
    cr_expect_float_eq(summary_of(sim, "P_cpu_core_s"), 2 * (100 + 7.627862), 1e-5);
    expect(sim, "migrated_bytes", 8589934592.0 + 858993459 + 85899346);
    cr_expect_float_eq(summary_of(sim, "fabric_bytes"), 2 * (8589934592.0 + 858993459 + 85899346), 4);
    vdc_simulation_close(sim);
}

/* 8 GB at a stand. A stream over the same uplink of 1 GB/s asks for 600 MB/s until 18 s: 500 each for 8 s, then 4 GB at 1 GB/s. The stream has 600
 * before and 500 meanwhile. With twice the uplink the NIC is the limit: 8 s, no matter what the stream does. */
Test(lifecycle, a_migration_shares_a_link_with_a_stream) {
    const char *text = FABRIC("4", "1 GB/s") "migration: {mode: cold, bandwidth: 10 Gbit/s, cap: none, cpu_tax: 0%}\nworkload:\n  vms:\n"
                       "    - {id: 0, vcpus: 1, memory: 1 GiB, lifetime: 100s, network: a, traffic: [{to: 2, rate: 600 MB/s, for: 18s}]}\n"
                       "    - {id: 1, vcpus: 1, memory: 8 GB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 3}]}\n"
                       "    - {id: 2, vcpus: 1, memory: 1 GiB, lifetime: 100s, network: a}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    expect(sim, "downtime_s", 12);
    expect(sim, "network_bytes", 6e9 + 4e9);
    expect(sim, "fabric_bytes", 2 * (10e9 + 8e9));
    vdc_simulation_close(sim);
    sim = run_text(text, "datacenter.topology.fabric.uplink=2 GB/s", NULL);
    expect(sim, "downtime_s", 8 / 1.25);
    expect(sim, "network_bytes", 600e6 * 18);
    vdc_simulation_close(sim);
    sim = run_text(text, "migration.cap=250 MB/s", NULL); /* less than its share: the stream keeps what it asks for */
    expect(sim, "downtime_s", 32);
    expect(sim, "network_bytes", 600e6 * 18);
    vdc_simulation_close(sim);
    sim = run_text(text, "migration.bandwidth=400 MB/s", NULL);
    expect(sim, "downtime_s", 20);
    vdc_simulation_close(sim);
}

/* Rounds under a rate that changes: 1 GB/s, from 18 s half of it. Round 1 of 10 GB: 8 GB until 18 s, 2 GB in 4 s: 12 s, in which 3 GB are written.
 * They take 6 s at 500 MB/s, 1.5 GB are written; 3 s, 0.75 GB; 1.5 s, 0.375 GB; 0.75 s, 0.1875 GB; that is 0.375 s, more than 300 ms, so that the rest
 * is 93.75 MB in 187.5 ms. */
Test(lifecycle, rounds_under_a_rate_that_changes) {
    vdc_simulation *sim = run_text(
        FABRIC("4", "1 GB/s") "migration: {bandwidth: 10 Gbit/s, cap: none, dirtying: linear, dirty_rate: 250 MB/s, working_set: 100%, cpu_tax: 0%, "
        "downtime: 300ms}\nworkload:\n  vms:\n"
        "    - {id: 0, vcpus: 1, memory: 1 GiB, lifetime: 100s, network: a, traffic: [{to: 2, rate: 900 MB/s, at: 18s}]}\n"
        "    - {id: 1, vcpus: 1, memory: 10 GB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 3}]}\n"
        "    - {id: 2, vcpus: 1, memory: 1 GiB, lifetime: 100s, network: a}\n", NULL, NULL);
    expect(sim, "downtime_s", 0.1875);
    expect(sim, "migrated_bytes", 10e9 + 3e9 + 1.5e9 + 0.75e9 + 0.375e9 + 0.1875e9 + 0.09375e9);
    vdc_simulation_close(sim);
}

/* A host fails half-way: what was sent is lost, the stream beside it has the link again, and the VM is on one host or none. */
Test(lifecycle, hosts_that_fail_half_way_over_a_fabric) {
    int lost = 0, stayed = 0;
    for (int seed = 0; seed < 12; seed++) {
        char set[24];
        (void)snprintf(set, sizeof set, "seed=%d", seed);
        vdc_simulation *sim = run_text(
            FABRIC("2", "1 GB/s") MOVES "failures: {trace: {rows: [[12s, 50s, 50%]]}, recovery: {policy: none}}\n"
            "workload: {vms: [{vcpus: 2, memory: 8 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate}]}]}\n", set, NULL);
        bool gone = summary_of(sim, "vms_lost") > 0;
        lost += gone, stayed += !gone;
        expect(sim, "migrations_given_up", 1);
        expect(sim, "fabric_bytes", 2 * 2e9);
        expect(sim, "T_cpu_core_s", gone ? 24 : 200);
        expect(sim, "P_cpu_core_s", gone ? 24 + 4 : 200 + 4);
        vdc_simulation_close(sim);
    }
    cr_expect(lost > 0 && stayed > 0);
}

/* Coming up takes its time whatever others send meanwhile: 2 GiB from 10 s to 12 s, up at 15 s, though another one begins at 13 s and has half
 * until then: 1 of its 4 GiB, the rest at 18 s, up at 21 s. */
Test(lifecycle, sharing_does_not_delay_what_sends_nothing) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 3, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "migration: {mode: cold, bandwidth: 1 GiB/s, cap: none, cpu_tax: 0%, resume: 3s}\n"
                                   "workload: {vms: [{id: 1, vcpus: 1, memory: 2 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 1}]},\n"
                                   "  {id: 2, vcpus: 1, memory: 4 GiB, lifetime: 100s, operations: [{at: 13s, do: migrate, to: 2}]}]}\n", NULL, NULL);
    expect(sim, "downtime_s", 5 + 8);
    vdc_simulation_close(sim);
}

/* What is full, unknown, down, the same or forbidden is refused. */
Test(lifecycle, migrations_that_are_refused) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{class: a, count: 3, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n" MOVES
                                   "isolation: {rules: [{rule: anti-affinity}]}\n"
                                   "workload: {vms: [{id: 1, group: g, vcpus: 2, memory: 8 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 1},\n"
                                   "   {at: 11s, do: migrate, to: 7}, {at: 12s, do: migrate, to: nowhere}, {at: 13s, do: migrate, to: 0}, {at: "
                                       "14s, do: migrate, to: a-2},\n"
                                   "   {at: 15s, do: migrate, to: 2}, {at: 16s, do: resize, vcpus: 1}]},\n"
                                   "  {id: 2, group: g, vcpus: 2, memory: 1 GiB, lifetime: 100s}, {id: 3, arrival: 1s, vcpus: 4, lifetime: "
                                       "100s}]}\n", NULL, NULL);
    expect(sim, "operations_refused", 6);
    expect(sim, "migrations", 0);
    expect(sim, "T_cpu_core_s", 16 * 2 + 84 + 200 + 400);
    vdc_simulation_close(sim);
}

/* What is refused stands in the event log with the operation and the reason, and nothing has changed: sizes that fit nowhere, targets that are full, unknown,
 * or forbidden, and transitions that there are not. */
Test(lifecycle, refusals_are_logged, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    static const struct { int64_t vm; const char *event; } wanted[] = {
        {1, "resize: fits on no host even when empty"}, {1, "resize: neither its host nor another one has room for it"},
        {1, "resize: its host has no room for it"}, {1, "migrate: host 1 has no room for it"},
        {1, "migrate: there is no host 'nowhere'"},
        {1, "migrate: host 2 is forbidden: rule anti-affinity"}, {1, "migrate: it is on host 0 already"}, {1, "resume: it is running"},
        {2, "pause: it is stopped"}, {17, "stop: there is no VM 17"}};
    enum { WANTED = sizeof wanted / sizeof *wanted, MOST = 64 };
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{class: a, count: 3, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n" MOVES
        "isolation: {rules: [{rule: anti-affinity}]}\nschedulers: {placement: {policy: first-fit}}\n"
        "workload: {vms: [{id: 1, vcpus: 2, memory: 12 GiB, lifetime: 100s, group: g, operations: [{at: 10s, do: resize, vcpus: 64},\n"
        "   {at: 11s, do: resize, vcpus: 4, memory: 16 GiB}, {at: 12s, do: resize, vcpus: 4, memory: 16 GiB, move: false}, {at: 13s, do: migrate, to: 1},\n"
        "   {at: 14s, do: migrate, to: nowhere}, {at: 16s, do: migrate, to: 2}, {at: 17s, do: migrate, to: 0},\n"
        "   {at: 18s, do: resume}]},\n"
        "  {id: 2, vcpus: 2, memory: 4 GiB, lifetime: 100s, operations: [{at: 19s, do: stop}, {at: 20s, do: pause}, {at: 21s, do: start}]},\n"
        "  {id: 3, vcpus: 4, memory: 6 GiB, lifetime: 100s}, {id: 4, vcpus: 2, memory: 1 GiB, lifetime: 100s, group: g}]}\n"
        "operations: [{at: 22s, do: stop, vm: 17}]\noutput: {events: true}\n", NULL, test_folder_path("log.h5"));
    expect(sim, "operations_refused", WANTED);
    expect(sim, "migrations", 0);
    vdc_simulation_close(sim);
    vdc_result *result;
    vdc_result_shape shape;
    char *events[MOST], *details[MOST], line[400];
    int64_t vms[MOST];
    cr_assert_eq(vdc_result_open(&result, test_folder_path("log.h5"), NULL), VDC_OK);
    cr_assert(vdc_result_dataset(result, "/events/event", &shape) && shape.rows <= MOST);
    cr_assert_eq(vdc_result_read_texts(result, "/events/event", 0, shape.rows, events, NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/events/vm", 0, shape.rows, vms, NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_texts(result, "/events/detail", 0, shape.rows, details, NULL), VDC_OK);
    for (size_t w = 0; w < WANTED; w++) {
        bool said = false;
        for (size_t i = 0; i < shape.rows; i++) {
            snprintf(line, sizeof line, "%s: %s", events[i], details[i]);
            said = said || (vms[i] == wanted[w].vm && strncmp(line, "refused: ", 9) == 0 && strncmp(line + 9, wanted[w].event, strlen(wanted[w].event)) == 0);
        }
        cr_expect(said, "not said of VM %d: %s", (int)wanted[w].vm, wanted[w].event);
    }
    for (size_t i = 0; i < shape.rows; i++) vdc_free(events[i]), vdc_free(details[i]);
    vdc_result_close(result);
}

/* The target fails half-way: the VM stays. The source fails half-way: the VM fails with it, and holds nothing on the target. */
Test(lifecycle, hosts_that_fail_half_way) {
    const char *text = "vdcsim: 1\nseed: %s\ndatacenter: {hosts: [{count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n" MOVES
                       "failures: {trace: {rows: [[12s, 50s, 50%%]]}, recovery: {policy: none}}\n"
                       "workload: {vms: [{vcpus: 2, memory: 8 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate}]}]}\n";
    int lost = 0, stayed = 0;
    for (int seed = 0; seed < 12; seed++) {
        char number[16], buffer[1000];
        (void)snprintf(number, sizeof number, "%d", seed);
        (void)snprintf(buffer, sizeof buffer, text, number);
        vdc_simulation *sim = run_text(buffer, NULL, NULL);
        bool gone = summary_of(sim, "vms_lost") > 0;
        lost += gone, stayed += !gone;
        expect(sim, "migrations_given_up", 1);
        expect(sim, "T_cpu_core_s", gone ? 24 : 200);
        expect(sim, "P_cpu_core_s", gone ? 24 + 4 : 200 + 4);
        vdc_simulation_close(sim);
    }
    cr_expect(lost > 0 && stayed > 0);
}

/* Post-copy: it runs at its new place at once; the old one keeps the memory until it has been fetched; if that fails the VM is lost. */
Test(lifecycle, post_copy_in_a_run) {
    const char *text = "vdcsim: 1\nseed: %d\ndatacenter: {hosts: [{count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                       "migration: {mode: post-copy, bandwidth: 1 GiB/s, cap: none, device_state: 512 MiB, resume: 500ms, cpu_tax: 0%%, fault_rate: 0}\n%s"
                       "workload: {vms: [{vcpus: 2, memory: 8 GiB, lifetime: 100s, operations: [{at: 10s, do: migrate, to: 1}]}]}\n";
    char buffer[1000];
    double gib = 1024.0 * 1024 * 1024;
    (void)snprintf(buffer, sizeof buffer, text, 0, "");
    vdc_simulation *sim = run_text(buffer, NULL, NULL);
    expect(sim, "downtime_s", 1);
    expect(sim, "P_cpu_core_s", 200 + 2);
    expect(sim, "P_memory_byte_s", 8 * gib * (100 + 1 + 8));
    expect(sim, "T_cpu_core_s", 198);
    vdc_simulation_close(sim);
    for (int seed = 0; seed < 6; seed++) { /* at 15 s either host fails: both are needed */
        (void)snprintf(buffer, sizeof buffer, text, seed, "failures: {trace: {rows: [[15s, 50s, 50%]]}, recovery: {policy: none}}\n");
        sim = run_text(buffer, NULL, NULL);
        expect(sim, "vms_lost", 1);
        expect(sim, "T_cpu_core_s", 28);
        expect(sim, "P_memory_byte_s", 8 * gib * (15 + 5));
        vdc_simulation_close(sim);
    }
}

/* The tax: the VM loses it of what it is granted, the other host's hypervisor uses as much of its size; work takes longer by it. */
Test(lifecycle, migrations_cost_cpu) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 2, cpu: {cores: 2, speed: 1 GHz}, memory: 16 GiB, "
                                   "power: {model: linear, idle: 0 W, max: 200 W}}]}\n"
                                   "migration: {bandwidth: 1 GiB/s, cap: none, dirty_rate: 0, cpu_tax: 25%}\n"
                                   "workload: {vms: [{id: 1, vcpus: 1, memory: 8 GiB, load: {progress: work, segments: [[100s, 1 GHz]]}, "
                                       "operations: [{at: 10s, do: migrate, to: 1}]},\n"
                                   "  {id: 2, arrival: 1s, vcpus: 1, lifetime: 50s}]}\n", NULL, NULL);
    expect(sim, "end_s", 102); /* 8 s at 75 % */
    expect(sim, "T_cpu_core_s", 102 + 50);
    expect(sim, "U_cpu_core_s", 100 + 50);
    expect(sim, "pdm_slowdown", 2.0 / 152);
    expect(sim, "energy_j", 100 * (102 + 50 + 8 * 0.25));
    vdc_simulation_close(sim);
}

/* A VM that dirties too fast is slowed down until it is there: its throttled time says so, and everything ends. */
Test(lifecycle, auto_converge_throttles) {
    const char *text = "vdcsim: 1\ndatacenter: {hosts: [{count: 2, cpu: {cores: 2, speed: 1 GHz}, memory: 16 GiB}]}\n"
                       "migration: {bandwidth: 1 GiB/s, cap: none, dirtying: linear, working_set: 100%, dirty_rate: 0.9 GiB/s, traffic: 1000, cpu_tax: 0%}\n"
                       "workload: {vms: [{vcpus: 1, memory: 8 GiB, lifetime: 1h, operations: [{at: 10s, do: migrate, to: 1}]}]}\n";
    vdc_simulation *without = run_text(text, NULL, NULL), *with = run_text(text, "migration.auto_converge=true", NULL);
    expect(without, "throttled_core_s", 0);
    cr_expect(summary_of(with, "throttled_core_s") > 1);
    cr_expect(summary_of(with, "downtime_s") < summary_of(without, "downtime_s"));
    expect(with, "migrations_done", 1);
    vdc_simulation_close(without);
    vdc_simulation_close(with);
}

Test(lifecycle, limits_and_timeouts) {
    const char *text = "vdcsim: 1\ndatacenter: {hosts: [{count: 4, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                       "migration: {bandwidth: 1 GiB/s, cap: none, dirty_rate: 0, per_host: 1, timeout: 3s}\ntime: {end: 100s}\n"
                       "workload: {vms: [{id: 1, vcpus: 1, memory: 4 GiB, operations: [{at: 10s, do: migrate, to: 1}]},\n"
                       "  {id: 2, vcpus: 1, memory: 1 GiB, operations: [{at: 11s, do: migrate, to: 2}, {at: 14s, do: migrate, to: 2}]}]}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    expect(sim, "migrations_given_up", 1); /* 4 GiB are not there in 3 s */
    expect(sim, "migrations_done", 1);
    expect(sim, "operations_refused", 1);  /* its host is busy at 11 s, so it waits until 13 s; at 14 s it is there already */
    vdc_simulation_close(sim);
}

/* Migrations beyond the limits wait and begin in the order in which they were asked for, whatever the VMs' numbers; what is wrong by then is refused then. */
Test(lifecycle, migrations_take_turns) {
    static const char text[] = "vdcsim: 1\ndatacenter: {hosts: [{count: 6, cpu: {cores: 8, speed: 1 GHz}, memory: 16 GiB}]}\n"
        "migration: {bandwidth: 1 GiB/s, cap: none, dirty_rate: 0, downtime: 0s, per_host: 1}\noutput: {events: true}\n"
        "workload: {vms: [{id: 1, vcpus: 1, memory: 2 GiB, lifetime: 100s}, {id: 2, vcpus: 1, memory: 1 GiB, lifetime: 100s},\n"
        "  {id: 3, vcpus: 1, memory: 1 GiB, lifetime: 100s}, {id: 4, vcpus: 1, memory: 1 GiB, lifetime: 100s},\n"
        "  {id: 5, vcpus: 1, memory: 1 GiB, lifetime: 100s}, {id: 6, vcpus: 1, memory: 1 GiB, lifetime: 100s}]}\n";
    vdc_simulation *sim = open_run_text(text);
    run_until(sim, 10);
    cr_expect_null(ask_run(sim, "{do: migrate, vm: 1, to: 1}")); /* until 12 s */
    cr_expect_null(ask_run(sim, "{do: migrate, vm: 4, to: 2}"));
    cr_expect_null(ask_run(sim, "{do: migrate, vm: 2, to: 3}"));
    cr_expect_null(ask_run(sim, "{do: migrate, vm: 6, to: 4}"));
    cr_expect_null(ask_run(sim, "{do: migrate, vm: 5, to: 5}"));
    cr_expect_null(ask_run(sim, "{do: migrate, vm: 3}"));
    cr_expect_str_eq(ask_run(sim, "{do: migrate, vm: 2, to: 4}"), "it waits for its turn to move already");
    cr_expect_str_eq(ask_run(sim, "{do: migrate, vm: 2, to: 17}"), "there is no host '17'");
    run_until(sim, 11);
    cr_expect_null(ask_run(sim, "{do: delete, vm: 6}"));
    cr_expect_null(ask_run(sim, "{do: pause, vm: 5}"));
    cr_expect_null(ask_run(sim, "{do: stop, vm: 5}"));
    static const struct { double at; int64_t hosts[4]; } places[] = { /* of VMs 1 to 4 */
        {11.9, {0, 0, 0, 0}}, {12.9, {1, 0, 0, 0}}, {13.9, {1, 0, 0, 2}}, {14.9, {1, 3, 0, 2}}, {15.5, {1, 3, 1, 2}}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        run_until(sim, places[i].at);
        for (int64_t vm = 1; vm <= 4; vm++) {
            uint32_t slot = vdc_vm_find(sim, vm);
            uint32_t host = sim->datacenter.vms[slot].host;
            cr_expect_eq(host, places[i].hosts[vm - 1], "VM %d at %g s: host %u", (int)vm, places[i].at, host);
        }
    }
    cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, NULL), VDC_OK);
    expect(sim, "migrations_done", 4);
    expect(sim, "operations_refused", 4); /* two at once, VM 6 is gone, VM 5 is stopped */
    expect(sim, "operations", 7);         /* what was given up is none that was carried out */
    cr_expect(vdc_simulation_checks_hold(sim));
    vdc_simulation_close(sim);
}

/* A VM's own rate of writing goes before the scenario's: the golden case, of one that writes as that says and of one that hardly writes. */
Test(lifecycle, dirty_rates_of_vms) {
    static const char text[] = "vdcsim: 1\ndatacenter: {hosts: [{count: 4, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
        "migration: {bandwidth: 1.25 GB/s, cap: none, dirtying: linear, dirty_rate: %s, working_set: 100%%, cpu_tax: 0%%}\n"
        "workload: {vms: [{vcpus: 2, memory: 8 GiB, lifetime: 100s, %soperations: [{at: 10s, do: migrate, to: 1}]}]}\n";
    static const struct { const char *all, *own; double bytes, downtime; } cases[] = {
        {"125 MB/s", "", 9534827397.0, 0.068719477}, {"9 GB/s", "dirty_rate: 125 MB/s, ", 9534827397.0, 0.068719477},
        {"125 MB/s", "dirty_rate: 0, ", 8589934592.0, 0}, {"0", "dirty_rate: 125 MB/s, ", 9534827397.0, 0.068719477}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char whole[1000];
        snprintf(whole, sizeof whole, text, cases[i].all, cases[i].own);
        vdc_simulation *sim = run_text(whole, NULL, NULL);
        expect(sim, "migrated_bytes", cases[i].bytes);
        cr_expect_float_eq(summary_of(sim, "downtime_s"), cases[i].downtime, 2e-9);
        vdc_simulation_close(sim);
    }
    refuse_text("vdcsim: 1\ndatacenter: {hosts: [{cpu: {cores: 4}, memory: 16 GiB}]}\nworkload: {vms: [{vcpus: 1, dirty_rate: fast}]}\n", "dirty_rate");
}

/* What a VM never touched is not sent, and what it works with bounds what it writes again. */
Test(lifecycle, migrations_of_touched_memory) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                   "memory: {}\nmigration: {bandwidth: 1 GiB/s, cap: none, dirtying: linear, dirty_rate: 1 GiB/s, downtime: 250ms,\n"
                                   "  cpu_tax: 0%}\n"
                                   "workload: {vms: [{vcpus: 2, memory: 8 GiB, lifetime: 100s, memory_load: {touched: 50%, working_set: 6.25%},\n"
                                   "  operations: [{at: 10s, do: migrate, to: 1}]}]}\n", NULL, NULL);
    /* 4 GiB touched; 1/4 GiB of it written again, which is sent in 250 ms */
    expect(sim, "migrated_bytes", 4.25 * 1073741824);
    expect(sim, "downtime_s", 0.25);
    vdc_simulation_close(sim);
}

Test(lifecycle, bad_input_says_what_is_wrong) {
    const char *base = HOSTS("1") "workload: {vms: [{vcpus: 1, operations: %s}]}\n%s";
    static const struct { const char *operations, *rest, *message; } cases[] = {
        {"[{at: 1s, do: stpo}]", "", "did you mean 'stop'"},
        {"[{do: stop}]", "", "the key 'at' is missing"},
        {"[{at: 1s}]", "", "do: is missing"},
        {"[{at: -1s, do: stop}]", "", "negative"},
        {"[{at: 1s, do: resize}]", "", "says nothing to change"},
        {"[{at: 1s, do: resize, vcpus: 0}]", "", "vcpus"},
        {"[{at: 1s, do: pause, vcpus: 2}]", "", "unknown key 'vcpus'"},
        {"[{at: 1s, do: migrate, mode: precopy}]", "", "did you mean 'pre-copy'"},
        {"[pause]", "", "allowed: {at: TIME, do: OPERATION"},
        {"pause", "", "allowed: a list of"},
        {"[]", "migration: {bandwidth: 0}", "bandwidth"},
        {"[]", "migration: {traffic: 50%}", "traffic"},
        {"[]", "migration: {cpu_tax: 2}", "cpu_tax"},
        {"[]", "lifecycle: {boot: {dist: unifrom}}", "uniform"},
        {"[]", "lifecycle: {boot: soon}", "soon"},
        {"[]", "lifecycle: {bot: 1s}", "did you mean 'boot'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1000];
        (void)snprintf(text, sizeof text, base, cases[i].operations, cases[i].rest);
        refuse_text(text, cases[i].message);
    }
}

/* ---- from the library ---- */

/* An operation from outside happens at the time that the run was asked to go to. */
Test(lifecycle, operations_from_the_library) {
    vdc_simulation *sim = open_run_text(HOSTS("2") "workload: {vms: [{id: 5, vcpus: 2, lifetime: 100s}]}\n");
    run_until(sim, 10);
    cr_expect_null(ask_run(sim, "{do: pause, vm: 5}"));
    run_until(sim, 30.5);
    cr_expect_null(ask_run(sim, "{do: resume, vm: 5}"));
    cr_expect_null(ask_run(sim, "{do: create, id: 6, vcpus: 1, memory: 1 GiB, lifetime: 20s}"));
    run_until(sim, 40);
    cr_expect_null(ask_run(sim, "{do: resize, vm: 5, vcpus: 3}"));
    cr_expect_null(ask_run(sim, "{do: migrate, vm: 6, to: 1}"));
    cr_expect_str_eq(ask_run(sim, "{do: pause, vm: 7}"), "there is no VM 7");
    cr_expect_str_eq(ask_run(sim, "{do: start, vm: 5}"), "it is running");
    cr_expect_str_eq(ask_run(sim, "{do: create, id: 5, vcpus: 1}"), "VM 5 is still alive");
    cr_expect_str_eq(ask_run(sim, "{do: create, vcpus: 1, isolation: {pin: true}}"), "nothing else in this run asks for isolation, so it is not simulated");
    run_until(sim, 200);
    cr_expect_null(ask_run(sim, "{do: create, vcpus: 1, lifetime: 10s}")); /* everybody is gone, and a run that is operated on goes on */
    cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, NULL), VDC_OK);
    expect(sim, "end_s", 210);
    expect(sim, "paused_vcpu_s", 41);
    expect(sim, "vms_arrived", 3);
    expect(sim, "vms_completed", 3);
    cr_expect_float_eq(summary_of(sim, "run_vcpu_s"), 2 * 19.5 + 3 * 80.5 + 20 + 10, 0.2); /* but for a downtime */
    expect(sim, "operations_refused", 4);
    cr_expect_str_eq(ask_run(sim, "{do: delete, vm: 5}"), "the run is over");
    cr_expect(vdc_simulation_checks_hold(sim));
    vdc_simulation_close(sim);
}

Test(lifecycle, texts_that_are_no_operations) {
    vdc_simulation *sim = open_run_text(HOSTS("1") "workload: {vms: [{id: 5, vcpus: 2, lifetime: 100s}]}\n");
    static const char *const wrong[] = {"", "pause", "{do: pause}", "{vm: 5}", "{do: puase, vm: 5}", "{do: pause, vm: five}",
        "{do: pause, vm: 5, vcpus: 1}", "{do: pause",
                                        "{do: create}", "{do: create, vcpus: 1, memry: 1}", "{do: resize, vm: 5, at: 3s, vcpus: 2}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *refusal;
        vdc_diag diag = {0};
        cr_expect_eq(vdc_simulation_operate(sim, wrong[i], &refusal, &diag), VDC_ERROR_INPUT, "taken: %s", wrong[i]);
        cr_expect(diag.count > 0);
        vdc_diag_clear(&diag);
    }
    cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, NULL), VDC_OK);
    expect(sim, "T_cpu_core_s", 200);
    vdc_simulation_close(sim);
    vdc_run_options plain = {.text = HOSTS("1") "workload: {vms: [{id: 5, vcpus: 2, lifetime: 100s}]}\n"};
    const char *refusal;
    cr_assert_eq(vdc_simulation_open(&sim, "test.yaml", &plain, NULL), VDC_OK);
    cr_expect_eq(vdc_simulation_operate(sim, "{do: pause, vm: 5}", &refusal, NULL), VDC_ERROR_STATE);
    vdc_simulation_close(sim);
}

/* Every verb has a name, a summary and states that exist. */
Test(lifecycle, table_of_verbs) {
    for (int verb = 0; verb < VDC_VERBS; verb++) {
        cr_expect(vdc_verbs[verb].name && vdc_verbs[verb].summary && vdc_verbs[verb].states);
        cr_expect_eq(vdc_verb_find(vdc_verbs[verb].name), verb);
        cr_expect_eq(vdc_verbs[verb].states & (1u << VDC_VM_FREE | 1u << VDC_VM_HELD), 0u);
        cr_expect_eq(vdc_verbs[verb].states >> VDC_VM_COMPLETED, 0u);
    }
    cr_expect_eq(vdc_verb_find("explode"), VDC_VERBS);
}

/* ---- from a trace ---- */

#define VMS_CSV "id,arrival_s,vcpus,memory_gib,lifetime_s\n7,0,2,4,100\n8,10,2,4,100\n9,20,2,4,100\n"

Test(lifecycle, operations_of_a_native_trace) {
    test_workload work;
    vdc_operation_lists lists = {0};
    test_workload_start(&work);
    work.context.operations = &lists;
    test_workload_file(&work, "vms.csv", VMS_CSV);
    test_workload_file(&work, "ops.csv", "row,at_s,do,vcpus,memory_gib,to\n0,50,stop,,,\n0,20,resize,4,8,\n2,1.5,migrate,,,3\n");
    test_workload_must(&work, "trace", "{format: vdcsim, path: vms.csv, operations: ops.csv}");
    cr_assert_eq(work.count, 3);
    const vdc_operation *first = vdc_operation_get(&lists, work.requests[0].operations, 0), *second = vdc_operation_get(&lists, work.requests[0].operations, 1),
                        *last = vdc_operation_get(&lists, work.requests[2].operations, 0);
    cr_assert(first && second && last && work.requests[1].operations == 0);
    cr_expect(first->verb == VDC_VERB_RESIZE && first->at == SECONDS(20) && first->vcpus == 4000 && first->memory == INT64_C(8) << 30);
    cr_expect(second->verb == VDC_VERB_STOP && second->at == SECONDS(50) && second->vcpus == VDC_PARAM_NONE);
    cr_expect(last->verb == VDC_VERB_MIGRATE && last->at == SECONDS(3) / 2);
    cr_expect_str_eq(last->to, "3");
    cr_expect_null(vdc_operation_get(&lists, work.requests[0].operations, 2));

    /* Rows that are left out are counted, and take their operations with them. */
    test_workload_file(&work, "bad.csv", "arrival_s,vcpus\n0,1\nbad,1\n5,4\nbad,1\n");
    test_workload_file(&work, "ops.csv", "row,at_s,do\n0,1,stop\n1,2,stop\n2,3,stop\n3,4,stop\n");
    work.context.report = &work.report;
    test_workload_must(&work, "trace", "{format: vdcsim, path: bad.csv, operations: ops.csv, on_error: skip}");
    cr_assert_eq(work.count, 2);
    cr_expect_eq(vdc_operation_get(&lists, work.requests[0].operations, 0)->at, SECONDS(1));
    cr_expect_eq(vdc_operation_get(&lists, work.requests[1].operations, 0)->at, SECONDS(3));

    /* Many, backwards and in pairs: in order of time, those of one instant as written. */
    char text[4096] = "row,at_s,do,vcpus\n";
    for (int i = 0; i < 101; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "0,%d,resize,%d\n",
                       60 - i / 2 % 7 - i / 14, i + 1);
    test_workload_file(&work, "ops.csv", text);
    test_workload_must(&work, "trace", "{format: vdcsim, path: vms.csv, operations: ops.csv}");
    for (size_t i = 0; i < 101; i++) {
        const vdc_operation *one = vdc_operation_get(&lists, work.requests[0].operations, i),
                            *next = vdc_operation_get(&lists, work.requests[0].operations, i + 1);
        cr_assert(one && (i == 100) == !next);
        cr_expect(!next || one->at < next->at || (one->at == next->at && one->vcpus < next->vcpus));
    }
    vdc_operation_lists_free(&lists);
    test_workload_end(&work);
}

Test(lifecycle, what_is_wrong_with_operations_of_a_trace) {
    static const struct { const char *csv, *message; } cases[] = {
        {"row,at_s,do\n3,1,stop\n", "operations of row 3, but the trace has only 3 rows"},
        {"row,at_s,do\n1,1,stop\n0,1,stop\n", "goes back"},
        {"row,at_s,do\n0,1,stpo\n", "did you mean 'stop'"},
        {"row,at_s,do\n0,,stop\n", "the key 'at' is missing"},
        {"row,at_s,do,vcpus\n0,1,pause,2\n", "unknown key 'vcpus'"},
        {"row,at_s,do,vcpsu\n0,1,resize,2\n", "unknown key 'vcpsu'"},
        {"at_s,do\n1,stop\n", "no column row"},
        {"row,at_s,do\n0,soon,stop\n", "soon"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_workload work;
        vdc_operation_lists lists = {0};
        test_workload_start(&work);
        work.context.operations = &lists;
        test_workload_file(&work, "vms.csv", VMS_CSV);
        test_workload_file(&work, "ops.csv", cases[i].csv);
        test_workload_refuses(&work, "trace", "{format: vdcsim, path: vms.csv, operations: ops.csv}", cases[i].message, NULL);
        vdc_operation_lists_free(&lists);
        test_workload_end(&work);
    }
}

/* What another configuration makes of a VM that waits: its place in the queue is that of its priority, at once, behind those who have it already. 1 core, 100 s
 * each; VM 1 runs. VM 4 has priority 2 before VM 3 has. */
Test(lifecycle, a_waiting_vm_of_another_priority) {
    vdc_simulation *sim = run_text("vdcsim: 1\ndatacenter: {hosts: [{count: 1, cpu: {cores: 1, speed: 1 GHz}, memory: 16 GiB}]}\ntime: {end: 250s}\n"
                                   "schedulers: {admission: {policy: priority}}\nworkload: {vms: [{id: 1, vcpus: 1, lifetime: 100s},\n"
                                   "  {id: 2, vcpus: 1, lifetime: 100s, priority: low}, {id: 3, vcpus: 1, lifetime: 100s, priority: low,\n"
                                   "   operations: [{at: 10s, do: configure, priority: high}, {at: 20s, do: configure, weight: 300}]},\n"
                                   "  {id: 4, vcpus: 1, lifetime: 100s, priority: low, operations: [{at: 5s, do: configure, priority: 2}]}]}\n", NULL, NULL);
    expect(sim, "vms_completed", 2);
    cr_expect_eq(sim->datacenter.vms[vdc_vm_find(sim, 3)].state, VDC_VM_RUNNING);
    cr_expect_eq(sim->datacenter.vms[vdc_vm_find(sim, 2)].state, VDC_VM_QUEUED);
    cr_expect_eq(vdc_vm_find(sim, 4), VDC_NOWHERE);
    expect(sim, "wait_total_s", 100 + 200 + 250);
    vdc_simulation_close(sim);
    refuse_text(HOSTS("1") "workload: {vms: [{vcpus: 1, operations: [{at: 1s, do: configure, priority: hihg}]}]}\n",
                "priority: found the text 'hihg'; allowed: low, normal, high or an integer");
}

/* A configuration that a scenario would not be given is refused with its reason. */
Test(lifecycle, configurations_that_are_refused) {
    vdc_simulation *sim = open_run_text("vdcsim: 1\ndatacenter: {overcommit: {cpu: 2}, hosts: [{cpu: {cores: 4, speed: 1 GHz}, memory: 16 GiB}]}\n"
                                        "schedulers: {cpu: {policy: cgroup}}\n"
                                        "workload: {vms: [{id: 1, vcpus: 4, cpu: {reservation: 3 GHz}}, {id: 2, vcpus: 4}]}\n");
    run_until(sim, 10);
    cr_expect_str_eq(ask_run(sim, "{do: configure, vm: 1, weight: 20000}"), "weight: found 20000; allowed: 1 to 10000 with the CPU policy cgroup");
    cr_expect_str_eq(ask_run(sim, "{do: configure, vm: 2, reservation: 2 GHz}"), "its host is forbidden for that: it cannot keep the CPU reservation");
    cr_expect_null(ask_run(sim, "{do: configure, vm: 2, reservation: 1 GHz}"));
    cr_expect_null(ask_run(sim, "{do: configure, vm: 1, weight: 10000}"));
    vdc_simulation_close(sim);
}
