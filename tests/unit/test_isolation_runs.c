/* Isolation as a user has it: whole runs with figures by hand, and what is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "analysis/result.h"
#include "sim/base/digest.h"
#include "sim/base/memory.h"
#include "sim/inspect.h"
#include "tests/support/draw.h"
#include "tests/support/result_files.h"
#include "tests/support/runs.h"

#define HEAD "vdcsim: 1\nname: isolation\ntime: {tick: 10s, end: 60s}\n"

static double ask(const char *text, const char *key) {
    vdc_simulation *sim = run_text(text, NULL, NULL);
    double value = summary_of(sim, key);
    vdc_simulation_close(sim);
    return value;
}

/* ---- fences ---- */

/* Host 0: VM 1 owns 4 cores (8 threads) of 16 GHz for 60 s; 2 has 2 threads reserved; 3 runs under core scheduling on 2 threads of its own.
 * Host 1: dedicated to VM 4 for 30 s, which has half a thread of it reserved. */
#define FENCES HEAD \
    "datacenter: {hosts: [{class: h, count: 2, cpu: {sockets: 2, cores: 4, threads: 2, speed: 2 GHz}, memory: 64 GiB}], overcommit: {cpu: 2}}\n" \
    "workload:\n  vms:\n" \
    "    - {id: 1, tenant: a, vcpus: 4, memory: 4 GiB, isolation: {core_isolate: isolate}}\n" \
    "    - {id: 2, tenant: b, vcpus: 4, memory: 4 GiB, cpu: {reservation: 4 GHz}}\n" \
    "    - {id: 3, tenant: c, vcpus: 2, memory: 4 GiB, isolation: {core_scheduling: true}}\n" \
    "    - {id: 4, tenant: d, vcpus: 4, memory: 4 GiB, isolation: {dedicated_host: true}, cpu: {reservation: 1 GHz}, lifetime: 30s}\n" \
    "output: {hosts: final, vms: final}\n"

Test(isolation_runs, fences_by_kind_add_up_for_the_run_hosts_and_vms, .fini = test_folder_remove) {
    test_folder_make();
    vdc_simulation *sim = run_text(FENCES, NULL, test_folder_path("f.h5"));
    cr_expect_eq(summary_of(sim, "S_reserved_cpu_core_s"), 2 * 60 + 0.5 * 30);
    cr_expect_eq(summary_of(sim, "S_threads_cpu_core_s"), 8 * 60);
    cr_expect_eq(summary_of(sim, "S_dedicated_cpu_core_s"), 15.5 * 30);
    cr_expect_eq(summary_of(sim, "S_core_scheduling_cpu_core_s"), 2 * 60);
    cr_expect_eq(summary_of(sim, "S_cpu_core_s"), 135 + 480 + 465 + 120);
    cr_expect_eq(summary_of(sim, "S_waste_cpu_core_s"), 4 * 60 + 12 * 30);
    /* Memory of the VM with own cores, as nobody may overcommit it, and all of the dedicated host's. */
    cr_expect_eq(summary_of(sim, "S_memory_byte_s"), (4.0 * 60 + 64.0 * 30) * (1 << 30));
    vdc_simulation_close(sim);
    static const char *const tables[] = {"/vms/", "/hosts/"}, *const kinds[] = {"S_reserved", "S_threads", "S_dedicated", "S_core_scheduling", "S"};
    static const double sums[] = {135, 480, 465, 120, 1200};
    vdc_result *result;
    cr_assert_eq(vdc_result_open(&result, test_folder_path("f.h5"), NULL), VDC_OK);
    for (int t = 0; t < 2; t++)
        for (int k = 0; k < 5; k++) {
            char path[64];
            double values[4], sum = 0;
            const size_t rows = t ? 2 : 4;
            snprintf(path, sizeof path, "%s%s_cpu_core_s", tables[t], kinds[k]);
            cr_assert_eq(vdc_result_read_reals(result, path, 0, rows, values, NULL), VDC_OK, "%s", path);
            for (size_t i = 0; i < rows; i++) sum += values[i];
            cr_expect_eq(sum, sums[k], "%s: %g", path, sum);
        }
    vdc_result_close(result);
}

#define FOUR_CORES "datacenter: {hosts: [{count: 1, cpu: {cores: 4, threads: 2, speed: 1 GHz}, memory: 64 GiB}], overcommit: {cpu: 4}}\n"

/* What core scheduling runs within the VM's own reservation is fenced once: two VMs of one tenant fill the 8 threads. */
Test(isolation_runs, core_scheduling_beside_a_reservation_fences_the_union) {
    const char *text = HEAD FOUR_CORES
        "workload: {vms: [{tenant: c, vcpus: 4, cpu: {reservation: 270 MHz}}, {tenant: c, vcpus: 4}]}\nisolation: {rules: [{rule: core-scheduling}]}\n";
    cr_expect_float_eq(ask(text, "S_cpu_core_s"), 8 * 60, 1e-9);
    cr_expect_float_eq(ask(text, "S_reserved_cpu_core_s"), 0.27 * 60, 1e-9);
    cr_expect_float_eq(ask(text, "S_core_scheduling_cpu_core_s"), 7.73 * 60, 1e-9);
}

/* b asks for one thread of the four that are reserved for it; c and d, one cookie each, want 4 threads each and run on what b lends: its cores
 * stay fenced for b. One core is b's, and 3 cores are divided between c and d: 3 threads each, of which one sibling idles by force nowhere, as
 * shares are fluid. Fenced: 4 for b, and of the 6 that c and d run no more than the 4 that are left. */
Test(isolation_runs, what_a_reservation_lends_to_core_scheduling_stays_the_lenders) {
    const char *text = HEAD FOUR_CORES
        "workload:\n  vms:\n    - {tenant: b, vcpus: 4, cpu: {reservation: 4 GHz}, load: {segments: [[60s, 1 GHz]]}}\n"
        "    - {tenant: c, vcpus: 4, isolation: {core_scheduling: true}}\n    - {tenant: d, vcpus: 4, isolation: {core_scheduling: true}}\n";
    cr_expect_float_eq(ask(text, "S_reserved_cpu_core_s"), 4 * 60, 1e-9);
    cr_expect_float_eq(ask(text, "S_core_scheduling_cpu_core_s"), 4 * 60, 1e-9);
    cr_expect_float_eq(ask(text, "S_waste_cpu_core_s"), 0, 1e-9);
}

/* A group of VMs gets at least what its members were promised, whatever the weights say: c, of weight 1, keeps its 3 threads. */
Test(isolation_runs, core_scheduling_keeps_reservations) {
    const char *text = HEAD FOUR_CORES
        "workload:\n  vms:\n    - {id: 7, tenant: c, vcpus: 4, cpu: {reservation: 3 GHz, weight: 1}, isolation: {core_scheduling: true}}\n"
        "    - {tenant: d, vcpus: 8, cpu: {weight: 1000}, isolation: {core_scheduling: true}}\n";
    cr_expect_float_eq(ask(text, "T_cpu_core_s"), 8 * 60, 1e-9);
    cr_expect_float_eq(ask(text, "S_cpu_core_s"), 8 * 60, 1e-9);
}

/* What each VM is granted of 60 s on two nodes of 4 threads. */
static void expect_granted(const char *vms, double first, double second, double third) {
    char text[1024];
    double granted[3];
    vdc_result *result;
    snprintf(text, sizeof text, HEAD "datacenter: {hosts: [{count: 1, cpu: {sockets: 2, cores: 4, speed: 1 GHz}, memory: 64 GiB}], overcommit: {cpu: 4}}\n"
             "output: {vms: final}\nworkload:\n  vms:\n%s", vms);
    vdc_simulation_close(run_text(text, NULL, test_folder_path("n.h5")));
    cr_assert_eq(vdc_result_open(&result, test_folder_path("n.h5"), NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_reals(result, "/vms/T_cpu_core_s", 0, 3, granted, NULL), VDC_OK);
    const double wanted[] = {first, second, third};
    for (int i = 0; i < 3; i++) cr_expect_float_eq(granted[i], wanted[i] * 60, 1e-6, "%s: VM %d: %g", vms, i, granted[i] / 60);
    vdc_result_close(result);
}

/* A VM bound to nodes gets its CPU from them only: two share the first node, and the third, which floats, has the other one to itself. */
Test(isolation_runs, numa_nodes_are_regions_of_the_cpu_share, .fini = test_folder_remove) {
    test_folder_make();
    expect_granted("    - {vcpus: 4, memory: 1 GiB, isolation: {numa: 1}}\n"
                   "    - {vcpus: 4, memory: 1 GiB, isolation: {numa: 1}}\n    - {vcpus: 4, memory: 1 GiB}\n",
                   2, 2, 4);
    /* On two nodes: 12 vCPUs want 8 threads, and nothing stands idle. */
    expect_granted("    - {vcpus: 4, memory: 1 GiB, isolation: {numa: 1}}\n"
                   "    - {vcpus: 4, memory: 1 GiB, isolation: {numa: 2}}\n    - {vcpus: 4, memory: 1 GiB}\n",
                   8 / 3.0, 8 / 3.0, 8 / 3.0);
    /* Owned threads are those of the first node, which has two left. */
    expect_granted("    - {vcpus: 2, memory: 1 GiB, isolation: {pin: true}}\n"
                   "    - {vcpus: 4, memory: 1 GiB, isolation: {numa: 1}}\n    - {vcpus: 4, memory: 1 GiB}\n",
                   2, 2, 4);
    /* A reservation is a promise of the whole host: that VM's CPU is not bound. */
    expect_granted("    - {vcpus: 4, memory: 1 GiB, isolation: {numa: 1}, cpu: {reservation: 4 GHz}}\n    - {vcpus: 4, memory: 1 GiB, isolation: {numa: 1}}\n"
                   "    - {vcpus: 4, memory: 1 GiB, isolation: {numa: 1}}\n", 4, 2, 2);
}

/* Random VMs with and without cookies, reservations, own threads and limits under --check: every invariant holds at every event. */
Test(isolation_runs, random_mixes_of_guarantees_keep_the_invariants) {
    static const char *const wishes[] = {"{}", "{numa: 1}", "{core_scheduling: true}", "{numa: 2}", "{core_scheduling: true}", "{pin: true}",
                                         "{core_isolate: isolate}", "{dedicated_host: true}"};
    uint64_t draws = 4;
    for (int run = 0; run < 40; run++) {
        char text[8192];
        int used = snprintf(text, sizeof text, HEAD
                            "datacenter: {hosts: [{count: 3, cpu: {sockets: 2, cores: 2, threads: 2, speed: 1 GHz}, memory: 64 GiB}], overcommit: {cpu: 3}}\n"
                            "output: {vms: final, hosts: final}\nworkload:\n  vms:\n");
        for (int vm = 0; vm < 24; vm++)
            used += snprintf(text + used, sizeof text - (size_t)used,
                             "    - {tenant: t%d, vcpus: %d, memory: 1 GiB, arrival: %ds, lifetime: %ds, cpu: {reservation: %d MHz, weight: %d},"
                             " load: {segments: [[9s, %d MHz], [8s, %d MHz]]}, isolation: %s}\n",
                             (int)draw_below(&draws, 3), 1 + (int)draw_below(&draws, 4), (int)draw_below(&draws, 40), 1 + (int)draw_below(&draws, 30),
                             (int)draw_below(&draws, 3) ? 0 : (int)draw_below(&draws, 1500), 1 + (int)draw_below(&draws, 200), (int)draw_below(&draws, 4000),
                             (int)draw_below(&draws, 4000), wishes[draw_below(&draws, run % 2 ? 5 : 8)]);
        cr_expect_gt(ask(text, "vms_placed"), 5, "%s", text);
    }
}

/* alpha counts for what is not owned: beside 4 of 8 threads, 2 x 4 vCPUs can still be promised (I7), and not one more. */
Test(isolation_runs, pinned_threads_are_not_overcommitted) {
    const char *text = HEAD
        "datacenter: {hosts: [{count: 1, cpu: {cores: 8}, memory: 8 GiB}], overcommit: {cpu: 2}}\n"
        "workload: {vms: [{vcpus: 4, isolation: {pin: true}}, {vcpus: 8}, {vcpus: 1}]}\nschedulers: {admission: {timeout: 0s}}\n";
    cr_expect_eq(ask(text, "vms_placed"), 2);
    cr_expect_eq(ask(text, "vms_rejected"), 1);
}

/* What is reserved for others cannot be owned: 3 of 4 threads are, so of two pinned threads there is but one. */
Test(isolation_runs, own_threads_and_reservations_lie_apart) {
    const char *text = HEAD
        "datacenter: {hosts: [{count: 1, cpu: {cores: 4, speed: 1 GHz}, memory: 8 GiB}], overcommit: {cpu: 3}}\n"
        "workload: {vms: [{vcpus: 4, cpu: {reservation: 3 GHz}}, {vcpus: 2, isolation: {pin: true}}, {vcpus: 1, isolation: {pin: true}},\n"
        "  {vcpus: 1, cpu: {reservation: 1 Hz}}]}\nschedulers: {admission: {timeout: 0s}}\n";
    cr_expect_eq(ask(text, "vms_placed"), 2);
}

/* ---- exposure ---- */

/* Two tenants on the two sockets of one host, and one that floats over both: 3 pairs on the host, 2 that may share a socket. */
Test(isolation_runs, exposure_by_level) {
    const char *mixed = HEAD
        "datacenter: {hosts: [{count: 1, cpu: {sockets: 2, cores: 4, threads: 2}, memory: 64 GiB}], overcommit: {cpu: 2}, topology: {racks: 1}}\n"
        "workload: {vms: [{tenant: a, vcpus: 16, isolation: {numa: 1}}, {tenant: b, vcpus: 12, isolation: {numa: 1}}, {tenant: c, vcpus: 2}]}\n";
    cr_expect_eq(ask(mixed, "exposure_host_pair_s"), 3 * 60);
    cr_expect_eq(ask(mixed, "exposure_socket_pair_s"), 2 * 60);
    cr_expect_eq(ask(mixed, "exposure_core_pair_s"), 3 * 60);
    cr_expect_eq(ask(mixed, "exposure_rack_pair_s"), 3 * 60);
}

static void read_reals(const char *path, size_t rows, double *values) {
    vdc_result *result;
    cr_assert_eq(vdc_result_open(&result, test_folder_path("f.h5"), NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_reals(result, path, 0, rows, values, NULL), VDC_OK, "%s", path);
    vdc_result_close(result);
}

/* The bank's VM is on its way from host 0, where the shop's is from 20 s on, to host 1, where eve's is from 5 s on, and is not there yet: from 10 s on it has
 * threads of its own on both. */
Test(isolation_runs, a_second_part_counts_for_its_vm, .fini = test_folder_remove) {
    static const char text[] = "vdcsim: 1\nname: parts\ntime: {tick: 10s, end: 30s}\n"
        "datacenter: {hosts: [{count: 2, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB}]}\n"
        "workload:\n  vms:\n"
        "    - {tenant: bank, vcpus: 4, memory: 32 GiB, isolation: {pin: true}, operations: [{at: 10s, do: migrate, to: 1}]}\n"
        "    - {tenant: shop, arrival: 20s, vcpus: 2, memory: 4 GiB}\n"
        "schedulers: {placement: {policy: worst-fit}}\n"
        "attack: {tenant: eve, targets: [bank], launches: {start: 5s, count: 1, vcpus: 3, memory: 4 GiB}}\n"
        "migration: {bandwidth: 1 GB/s}\noutput: {vms: final}\n";
    test_folder_make();
    vdc_simulation *sim = run_text(text, NULL, test_folder_path("f.h5"));
    cr_expect_eq(summary_of(sim, "exposure_host_pair_s"), 10 + 20);
    cr_expect_eq(summary_of(sim, "S_threads_cpu_core_s"), 4 * 30 + 4 * 20);
    cr_expect_eq(summary_of(sim, "attack_hits"), 1);
    cr_expect_eq(summary_of(sim, "attack_targets_met"), 1);
    vdc_simulation_close(sim);
    static const struct { const char *path; double values[3]; } tables[] = {
        {"/vms/exposure_pair_s", {30, 20, 10}}, {"/vms/S_threads_cpu_core_s", {200, 0, 0}}, {"/vms/S_core_scheduling_cpu_core_s", {0, 0, 0}},
        {"/vms/tenants_met", {2, 1, 1}}, {"/vms/first_meeting", {10, 5, 0}}, {"/vms/met_attacker", {1, 1, 0}},
        {"/tenants/exposure_pair_s", {30, 10, 20}}, {"/tenants/S_threads_cpu_core_s", {200, 0, 0}},
    };
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        double values[3];
        read_reals(tables[t].path, 3, values);
        for (int i = 0; i < 3; i++) cr_expect_eq(values[i], tables[t].values[i], "%s: row %d: %g", tables[t].path, i, values[i]);
    }
}

/* Own cores of the first socket, own cores of the second, and a third that floats. */
Test(isolation_runs, own_cores_say_the_socket) {
    const char *text = HEAD
        "datacenter: {hosts: [{count: 1, cpu: {sockets: 2, cores: 2, threads: 2}, memory: 64 GiB}]}\n"
        "workload: {vms: [{tenant: a, vcpus: 2, isolation: {core_isolate: isolate}}, {tenant: b, vcpus: 1, isolation: {core_isolate: isolate}},\n"
        "  {tenant: c, vcpus: 1}]}\n";
    cr_expect_eq(ask(text, "exposure_host_pair_s"), 3 * 60);
    cr_expect_eq(ask(text, "exposure_socket_pair_s"), 2 * 60);
    cr_expect_eq(ask(text, "exposure_core_pair_s"), 0);
}

#define FOUR_TENANTS \
    "datacenter: {hosts: [{count: 4, cpu: {cores: 4, threads: 2}, memory: 64 GiB}]}\n" \
    "workload: {vms: [{tenant: a, vcpus: 2}, {tenant: b, vcpus: 2}, {tenant: c, vcpus: 2}, {tenant: d, vcpus: 2}]}\n"

Test(isolation_runs, guarantees_end_exposure) {
    cr_expect_eq(ask(HEAD FOUR_TENANTS, "vms_placed"), 4);
    cr_expect_eq(ask(HEAD FOUR_TENANTS "isolation: {domain: tenant}\n", "exposure_core_pair_s"), 6 * 60);
    cr_expect_eq(ask(HEAD FOUR_TENANTS "isolation: {rules: [{rule: core-scheduling}]}\n", "exposure_core_pair_s"), 0);
    cr_expect_eq(ask(HEAD FOUR_TENANTS "isolation: {rules: [{rule: core-scheduling}]}\n", "exposure_host_pair_s"), 6 * 60);
    cr_expect_eq(ask(HEAD FOUR_TENANTS "isolation: {rules: [{rule: core-isolation}]}\n", "exposure_core_pair_s"), 0);
    cr_expect_eq(ask(HEAD FOUR_TENANTS "isolation: {rules: [{rule: dedicated-host}]}\n", "exposure_host_pair_s"), 0);
}

/* ---- rules ---- */

/* Each soft rule that cannot be kept is broken by so many VMs for 60 s. */
Test(isolation_runs, broken_soft_rules_are_counted) {
    static const struct { const char *rule, *vms; double breaking; } cases[] = {
        {"aggregate, labels: {pool: gold}", "{vcpus: 1}, {vcpus: 2}, {vcpus: 8}, {vcpus: 8}", 1},
        {"anti-affinity", "{vcpus: 1, group: g}, {vcpus: 1, group: g}, {vcpus: 1, group: g}", 2},
        {"affinity", "{vcpus: 8, group: g}, {vcpus: 8, group: g}", 2},
        {"spread, of: tenant", "{vcpus: 10, tenant: b}, {vcpus: 4, tenant: a}, {vcpus: 4, tenant: a}", 2},
        {"max-vms", "{vcpus: 1}, {vcpus: 1}, {vcpus: 1}", 2},
        {"max-tenants", "{vcpus: 1, tenant: a}, {vcpus: 1, tenant: b}, {vcpus: 1, tenant: c}", 2},
        {"tenant-anti-affinity, tenants: [a, b, c]", "{vcpus: 1, tenant: a}, {vcpus: 1, tenant: b}, {vcpus: 1, tenant: c}", 2},
        {"tenant-anti-affinity, tenants: [\"t*\"]",
         "{vcpus: 1, tenant: t1}, {vcpus: 1, tenant: t1}, {vcpus: 1, tenant: t2}, {vcpus: 1, tenant: t3}", 3},
        {"label-lattice", "{vcpus: 1}, {vcpus: 1, isolation: {label: {level: 1}}}, {vcpus: 1, isolation: {label: {level: 2}}}", 2},
        {"chinese-wall, classes: {c: [a, b, c]}", "{vcpus: 1, tenant: a}, {vcpus: 1, tenant: b}, {vcpus: 1, tenant: c}", 2},
        {"fault-domains, fault_domains: 1, update_domains: 3", "{vcpus: 1, group: g}, {vcpus: 1, group: g}, {vcpus: 1, group: g}", 1},
        {"dedicated-host", "{vcpus: 1, tenant: a}, {vcpus: 1, tenant: b}, {vcpus: 1, tenant: c}", 2},
        {"dedicated-host, tenants: [a]", "{vcpus: 1, tenant: a}, {vcpus: 1, tenant: b}, {vcpus: 1, tenant: c}", 0},
        {"dedicated-host, vms: [1]", "{vcpus: 10, tenant: a}, {vcpus: 1, tenant: b}, {vcpus: 9, tenant: c}", 1},
        {"core-isolation", "{vcpus: 1}, {vcpus: 6}, {vcpus: 6}", 0},
        {"numa", "{vcpus: 1}, {vcpus: 6}", 0},
        {"llc-ways, ways: 4", "{vcpus: 1}, {vcpus: 1}, {vcpus: 1}, {vcpus: 1}, {vcpus: 1}", 1},
        {"llc-ways, ways: 4, vms: [0, 4]", "{vcpus: 1}, {vcpus: 1}, {vcpus: 1}, {vcpus: 1}, {vcpus: 1}", 0},
        {"memory-bandwidth, rate: 6 GB/s", "{vcpus: 1}, {vcpus: 1}, {vcpus: 1}, {vcpus: 1}", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, HEAD
                 "datacenter: {hosts: [{class: one, count: 1, cpu: {cores: 10}, memory: 8 GiB, labels: {pool: gold}, llc_ways: 11, memory_bandwidth: 10 GB/s},"
                 " {class: two, count: 1, cpu: {cores: 10}, memory: 8 GiB, llc_ways: 11, memory_bandwidth: 10 GB/s}],"
                 " topology: {racks: 1}}\nworkload: {vms: [%s]}\nisolation: {rules: [{rule: %s, mode: soft}]}\n", cases[i].vms, cases[i].rule);
        cr_expect_eq(ask(text, "violations_soft_vm_s"), 60 * cases[i].breaking, "%s: %g VM s", cases[i].rule, ask(text, "violations_soft_vm_s"));
        cr_expect_eq(ask(text, "violations_hard_vm_s"), 0);
    }
}

/* /rules says of each rule what it concerned and for how long it was broken: two VMs of three are beside each other, one has no cores. */
Test(isolation_runs, violations_rule_by_rule, .fini = test_folder_remove) {
    test_folder_make();
    vdc_simulation_close(run_text(HEAD "datacenter: {hosts: [{count: 2, cpu: {cores: 4}, memory: 8 GiB}], overcommit: {cpu: 2}}\n"
        "workload: {vms: [{group: g, vcpus: 2}, {group: g, vcpus: 3}, {group: g, vcpus: 2, lifetime: 30s}, {vcpus: 1}]}\nisolation:\n  rules:\n"
        "    - {rule: anti-affinity, mode: soft, weight: 7}\n    - {rule: max-vms, max: 3}\n"
        "    - {rule: core-isolation, threads: pin, groups: [g], mode: soft}\n", NULL, test_folder_path("r.h5")));
    vdc_result *result;
    double broken[3];
    int64_t lines[3], vms[3], weights[3];
    cr_assert_eq(vdc_result_open(&result, test_folder_path("r.h5"), NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_reals(result, "/rules/violation_vm_s", 0, 3, broken, NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/rules/line", 0, 3, lines, NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/rules/vms", 0, 3, vms, NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/rules/weight", 0, 3, weights, NULL), VDC_OK);
    cr_expect(broken[0] == 2 * 30 && broken[1] == 0 && broken[2] == 0, "%g, %g, %g", broken[0], broken[1], broken[2]);
    cr_expect(lines[0] == 8 && lines[1] == 9 && lines[2] == 10);
    cr_expect(vms[0] == 3 && vms[1] == 4 && vms[2] == 3); /* one is of no group */
    cr_expect(weights[0] == 7 && weights[1] == 0 && weights[2] == 1);
    vdc_result_close(result);
}

/* Every kind of rule holds at placement, resize, restart after a failure and as a target of migration: racks fail, VMs grow, are moved by their
 * own operations and by rebalancing, with every event checked. */
Test(isolation_runs, every_rule_holds_wherever_a_vm_comes_to) {
    static const char *const rules[] = {
        "dedicated-host, tenants: [t0]", "max-tenants, max: 2", "max-vms, max: 4", "anti-affinity, level: host, max: 2", "anti-affinity, level: rack, max: 3",
        "affinity, level: zone, groups: [g0]", "spread, level: rack, skew: 2", "fault-domains, fault_domains: 3, update_domains: 2",
        "tenant-anti-affinity, tenants: [t0, t1]",
        "tenant-anti-affinity, tenants: [t0, t1], level: core", "label-lattice, range: 1", "'chinese-wall', classes: {c: [t0, t1], d: [t2]}, scrub: 2min",
        "core-isolation, threads: prefer, tenants: [t0]", "core-isolation, threads: pin, groups: [g1]", "core-scheduling",
        "core-isolation, threads: pin", "core-isolation, threads: pin, mode: soft",
        "core-isolation, threads: isolate, mode: soft, groups: [g0, g1]}, {rule: max-tenants, max: 2",
        "numa, groups: [g0, g1]", "numa, mode: soft", "llc-ways, ways: 3", "llc-ways, ways: 5, mode: soft", "memory-bandwidth, rate: 3 GB/s, tenants: [t1]",
        "memory-bandwidth, rate: 4 GB/s, mode: soft", "reservation, cpu: 500 MHz, tenants: [t0, t1]", "dedicated-host, mode: soft, tenants: [t0]",
        "max-vms, max: 1, vms: [0, 3, 7, 12, 19]", "numa, mode: soft}, {rule: core-isolation, threads: prefer, mode: soft",
        "aggregate, labels: {pool: gold}, tenants: [t0]"};
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        char text[16384];
        uint64_t draws = r;
        int used = snprintf(text, sizeof text, "vdcsim: 1\ntime: {tick: 10min, end: 4h}\n"
                            "datacenter:\n  hosts:\n"
                            "    - {class: a, count: 6, cpu: {sockets: 2, cores: 4, threads: 2, speed: 1 GHz}, memory: 64 GiB, labels: {pool: gold},\n"
                            "       llc_ways: 11, memory_bandwidth: 10 GB/s}\n"
                            "    - {class: b, count: 6, cpu: {cores: 8, threads: 2, speed: 1 GHz}, memory: 64 GiB, llc_ways: 11,\n"
                            "       memory_bandwidth: 10 GB/s}\n"
                            "  topology: {zones: 2, racks: 4}\n  overcommit: {cpu: 2}\n"
                            "isolation: {rules: [{rule: %s}]}\nfailures: {processes: [{level: rack, mtbf: 2h, repair: 20min}], recovery: {policy: elsewhere}}\n"
                            "lifecycle: {boot: 30s}\nschedulers: {admission: {policy: fifo-skip, depth: 20}, rebalance: {policy: drs, interval: 10min}}\n"
                            "workload:\n  vms:\n", rules[r]);
        for (int vm = 0; vm < 36; vm++)
            used += snprintf(text + used, sizeof text - (size_t)used,
                             "    - {tenant: t%d, group: g%d, vcpus: %d, memory: 2 GiB, arrival: %dmin, lifetime: %dmin,"
                             " load: {segments: [[25min, %d MHz], [35min, %d MHz]]},"
                             " isolation: {label: {level: %d}}, operations: [{at: 20min, do: resize, vcpus: %d}, {at: %dmin, do: migrate}]}\n",
                             (int)draw_below(&draws, 4), (int)draw_below(&draws, 5), 1 + (int)draw_below(&draws, 3), (int)draw_below(&draws, 120),
                             30 + (int)draw_below(&draws, 90), (int)draw_below(&draws, 3000), (int)draw_below(&draws, 3000), (int)draw_below(&draws, 3),
                             1 + (int)draw_below(&draws, 4), 22 + (int)draw_below(&draws, 10));
        vdc_simulation *sim = run_text(text, NULL, NULL);
        cr_expect_eq(summary_of(sim, "violations_hard_vm_s"), 0, "%s", rules[r]);
        cr_expect_gt(summary_of(sim, "vms_placed"), 12, "%s", rules[r]);
        cr_expect_gt(summary_of(sim, "migrations_done"), 5, "%s", rules[r]);
        if (strcmp(rules[r], "core-scheduling") == 0) cr_expect_eq(summary_of(sim, "exposure_core_pair_s"), 0);
        vdc_simulation_close(sim);
    }
}

/* What hypervisors use for a migration cannot be owned until it is over: then there is room for all. */
Test(isolation_runs, own_threads_wait_for_a_migration) {
    static const char text[] = "vdcsim: 1\ntime: {tick: 10s, end: 10min}\nlifecycle: {boot: 0s}\nmigration: {bandwidth: 100 MB/s}\n"
        "datacenter: {hosts: [{class: a, count: 1, cpu: {cores: 8, speed: 1 GHz}, memory: 64 GiB},\n"
        "  {class: b, count: 1, cpu: {cores: 8, speed: 1 GHz}, memory: 64 GiB, labels: {k: b}}]}\n"
        "workload:\n  vms:\n    - {id: 0, vcpus: 2, memory: 8 GiB, isolation: {pin: true}, operations: [{at: 10s, do: migrate, to: 1}]}\n"
        "    - {id: 1, arrival: 20s, vcpus: 6, memory: 8 GiB, isolation: {pin: true, require: {k: b}}}\n"
        "    - {id: 2, arrival: 30s, vcpus: 6, memory: 8 GiB, isolation: {pin: true}}\n"
        "    - {id: 3, arrival: 30s, vcpus: 2, memory: 8 GiB, isolation: {pin: true}}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_eq(summary_of(sim, "vms_placed"), 4);
    cr_expect_gt(summary_of(sim, "wait_total_s"), 150);
    cr_expect_eq(summary_of(sim, "ready_core_s"), 0);
    vdc_simulation_close(sim);
}

/* An operation that a rule refuses says which one, and so does the table of those who wait. */
static bool waits_for_rule(void *context, const char *const *cells, size_t count) {
    const char *last = cells[count - 1];
    const char **wanted = context;
    if (strcmp(cells[0], "vm") != 0) {
        cr_expect_str_eq(last, *wanted, "VM %s waits for '%s', not for '%s'", cells[0], last, *wanted);
        (*wanted) = NULL;
    }
    return true;
}

Test(isolation_runs, who_waits_hears_who_gave_the_wish) {
    static const struct { const char *vms, *rules, *what; } cases[] = {
        {"{vcpus: 6}, {vcpus: 6}", "{rule: core-isolation, threads: pin}", "rule core-isolation (line 5): own threads or cores"},
        {"{vcpus: 1, tenant: a}, {vcpus: 1, tenant: b}", "{rule: dedicated-host, tenants: [b]}", "rule dedicated-host (line 5): a dedicated host"},
        {"{vcpus: 1, tenant: a}, {vcpus: 1, tenant: b}", "{rule: dedicated-host, tenants: [a]}", "a host dedicated to tenant 'a'"},
        {"{id: 8, vcpus: 8}, {id: 9, vcpus: 8}, {id: 1, vcpus: 3}", "{rule: numa}", "rule numa (line 5): NUMA nodes with room"},
        {"{vcpus: 1}, {vcpus: 1}", "{rule: llc-ways, ways: 6}", "rule llc-ways (line 5): own cache ways"},
        {"{vcpus: 10}, {vcpus: 11}", "{rule: max-vms, max: 9}", "room"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        const char *wanted = cases[i].what;
        snprintf(text, sizeof text, "vdcsim: 1\ntime: {end: 60s}\n"
                 "datacenter: {hosts: [{count: 1, cpu: {sockets: 2, cores: 5}, memory: 8 GiB, llc_ways: 11}], overcommit: {cpu: 2}}\n"
                 "workload: {vms: [%s]}\nisolation: {rules: [%s]}\n", cases[i].vms, cases[i].rules);
        vdc_simulation *sim = open_run_text(text);
        run_until(sim, 1);
        cr_assert_eq(vdc_simulation_list(sim, "queue", "1", waits_for_rule, &wanted, NULL), VDC_OK, "%s", cases[i].rules);
        cr_expect_null(wanted);
        vdc_simulation_close(sim);
    }
}

Test(isolation_runs, who_waits_or_is_refused_hears_of_the_rule) {
    vdc_simulation *sim = open_run_text("vdcsim: 1\ntime: {end: 1h}\nlifecycle: {boot: 0s}\n"
        "datacenter: {hosts: [{count: 2, cpu: {cores: 4, threads: 2}, memory: 64 GiB}], overcommit: {cpu: 2}}\n"
        "schedulers: {admission: {policy: fifo}}\nworkload:\n  vms:\n    - {id: 0, group: g, vcpus: 2, memory: 1 GiB}\n"
        "    - {id: 1, group: g, vcpus: 2, memory: 1 GiB}\n    - {id: 2, group: g, vcpus: 2, memory: 1 GiB}\n    - {id: 3, vcpus: 2, memory: 1 GiB}\n"
        "isolation:\n  rules:\n    - {rule: anti-affinity, groups: [g]}\n");
    static const struct { const char *vm, *what; } waiting[] = {{"2", "rule anti-affinity (line 14)"}, {"3", "its turn"}};
    run_until(sim, 10);
    for (size_t i = 0; i < 2; i++) {
        const char *wanted = waiting[i].what;
        cr_assert_eq(vdc_simulation_list(sim, "queue", waiting[i].vm, waits_for_rule, &wanted, NULL), VDC_OK);
        cr_expect_null(wanted);
    }
    cr_expect_str_eq(ask_run(sim, "{vm: 0, do: migrate}"), "no host has room for it: rule anti-affinity (line 14)");
    cr_expect_str_eq(ask_run(sim, "{vm: 0, do: migrate, to: 1}"), "host 1 is forbidden: rule anti-affinity (line 14)");
    vdc_simulation_close(sim);
}

Test(isolation_runs, a_resize_that_a_rule_forbids_hears_of_the_rule) {
    vdc_simulation *sim = open_run_text("vdcsim: 1\ntime: {end: 1h}\nlifecycle: {boot: 0s}\n"
        "datacenter: {hosts: [{count: 2, cpu: {cores: 8}, memory: 64 GiB}], overcommit: {cpu: 2}}\n"
        "workload: {vms: [{id: 0, vcpus: 2, memory: 1 GiB}, {id: 1, vcpus: 3, memory: 1 GiB}, {id: 2, vcpus: 6, memory: 1 GiB}]}\n"
        "isolation: {rules: [{rule: core-isolation, threads: pin}]}\nschedulers: {placement: {policy: first-fit}}\n");
    run_until(sim, 10);
    cr_expect_str_eq(ask_run(sim, "{vm: 0, do: resize, vcpus: 7, move: false}"),
                     "its host is forbidden for that: rule core-isolation (line 6): own threads or cores");
    cr_expect_str_eq(ask_run(sim, "{vm: 0, do: resize, vcpus: 7}"),
                     "neither its host nor another one has room for it: rule core-isolation (line 6): own threads or cores");
    cr_expect_str_eq(ask_run(sim, "{vm: 0, do: resize, memory: 100 GiB, move: false}"), "fits on no host even when empty");
    cr_expect_str_eq(ask_run(sim, "{vm: 0, do: resize, memory: 64 GiB, move: false}"), "its host has no room for it");
    vdc_simulation_close(sim);
}

/* Neither a policy's move nor a rebalancing one breaks more of a soft rule than staying does. */
Test(isolation_runs, moves_follow_soft_rules) {
    /* Host 1 is the fullest, so best-fit would go there; a's other VM is on it. */
    const char *text = HEAD
        "datacenter: {hosts: [{count: 3, cpu: {cores: 8}, memory: 64 GiB}]}\nlifecycle: {boot: 0s}\n"
        "workload:\n  vms:\n    - {id: 0, tenant: b, vcpus: 7, memory: 1 GiB, lifetime: 10s}\n    - {id: 1, tenant: a, vcpus: 6, memory: 1 GiB}\n"
        "    - {id: 2, tenant: a, vcpus: 1, memory: 1 GiB, operations: [{at: 20s, do: migrate}]}\n"
        "isolation: {rules: [{rule: anti-affinity, of: tenant, mode: soft}]}\nmigration: {bandwidth: 100 GB/s}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_eq(summary_of(sim, "migrations_done"), 1);
    cr_expect_eq(summary_of(sim, "violations_soft_vm_s"), 0);
    vdc_simulation_close(sim);
}

/* x is on host 0 until 10 min, d from the beginning; whoever comes there within 10 min of that is counted, once, however its parts get there. */
Test(isolation_runs, scrub_gaps_are_those_who_come) {
    static const struct { const char *vms; double gaps; } cases[] = {
        {"{tenant: d, vcpus: 2, operations: [{at: 12min, do: resize, vcpus: 3}]}", 0},
        {"{tenant: d, vcpus: 2, operations: [{at: 12min, do: resize, vcpus: 3}]}, {tenant: d, vcpus: 1}", 0},
        {"{tenant: d, vcpus: 2}, {tenant: e, vcpus: 1, arrival: 13min}", 1},
        {"{tenant: d, vcpus: 2, operations: [{at: 12min, do: resize, vcpus: 3}]}, {tenant: e, vcpus: 1, arrival: 13min}", 1},
        {"{tenant: d, vcpus: 2, operations: [{at: 12min, do: resize, vcpus: 3}]}, {tenant: e, vcpus: 1, arrival: 20min}", 0},
        {"{tenant: d, vcpus: 2, lifetime: 12min}, {tenant: d, vcpus: 1, arrival: 12min}", 1}, /* another VM, though its domain never was away */
        {"{tenant: d, vcpus: 7, operations: [{at: 12min, do: migrate, to: 0}]}", 1},
        {"{tenant: d, vcpus: 7, operations: [{at: 12min, do: migrate, to: 0, mode: post-copy}]}", 1},
        {"{tenant: d, vcpus: 2, operations: [{at: 12min, do: migrate, to: 1}]}", 0},
        {"{tenant: d, vcpus: 2, operations: [{at: 12min, do: migrate, to: 1, mode: post-copy}]}", 0}, /* its memory stays for a while */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = vdc_format("vdcsim: 1\nname: scrub\ntime: {tick: 10min, end: 1h}\ndatacenter: {hosts: [{count: 2, cpu: {cores: 8}, memory: 64 GiB}]}\n"
                                "workload: {vms: [{tenant: x, vcpus: 2, lifetime: 10min}, %s]}\nisolation: {scrub: 10min}\n", cases[i].vms);
        cr_expect_eq(ask(text, "scrub_gaps"), cases[i].gaps, "%s: %g", cases[i].vms, ask(text, "scrub_gaps"));
        vdc_free(text);
    }
}

/* What a rule reserves for each vCPU goes with their number, ends at the limit, and is beside what the VM reserves for itself: core·s on threads of 2 GHz
 * over three spans of 20 s. */
Test(isolation_runs, what_a_rule_reserves_follows_the_vm) {
    static const struct { const char *vm; double reserved; } cases[] = {
        {"vcpus: 2, operations: [{at: 20s, do: resize, vcpus: 4}, {at: 40s, do: resize, vcpus: 1}]", 20 * (1 + 2 + 0.5)},
        {"vcpus: 2, cpu: {limit: 1 GHz}, operations: [{at: 20s, do: resize, vcpus: 4}, {at: 40s, do: configure, limit: 3 GHz}]", 20 * (0.5 + 0.5 + 1.5)},
        {"vcpus: 2, operations: [{at: 20s, do: configure, reservation: 3 GHz}, {at: 40s, do: configure, reservation: 0 GHz}]", 20 * (1 + 1.5 + 1)},
        {"vcpus: 2, operations: [{at: 20s, do: configure, reservation: 2 GHz}, {at: 40s, do: resize, vcpus: 1}]", 20 * (1 + 1 + 1)},
        {"vcpus: 2, operations: [{at: 20s, do: configure, limit: 500 MHz}, {at: 40s, do: resize, vcpus: 3}]", 20 * (1 + 0.25 + 0.25)},
        {"vcpus: 2, cpu: {reservation: 3 GHz}, operations: [{at: 20s, do: resize, vcpus: 4}, {at: 40s, do: resize, vcpus: 2}]", 20 * (1.5 + 2 + 1.5)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = vdc_format(HEAD "datacenter: {hosts: [{count: 1, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB}]}\n"
                                "workload: {vms: [{memory: 1 GiB, %s}]}\nisolation: {rules: [{rule: reservation, cpu: 1 GHz}]}\n", cases[i].vm);
        vdc_simulation *sim = run_text(text, NULL, NULL);
        cr_expect_eq(summary_of(sim, "S_reserved_cpu_core_s"), cases[i].reserved, "%s: %g", cases[i].vm, summary_of(sim, "S_reserved_cpu_core_s"));
        cr_expect_eq(summary_of(sim, "operations_refused"), 0, "%s", cases[i].vm);
        vdc_simulation_close(sim);
        vdc_free(text);
    }
}

/* A host that is clean wakes who waits for it, though nothing comes or goes then: the bank's VM leaves at 600 s, and the host is clean at 1200 s. What
 * waits for something else is not waited for. */
Test(isolation_runs, a_clean_host_opens_to_those_who_wait) {
    static const char text[] = "vdcsim: 1\nname: wall\ndatacenter: {hosts: [{count: 1, cpu: {cores: 4}, memory: 64 GiB}]}\n"
        "workload:\n  vms:\n    - {id: 1, tenant: bank, vcpus: 2, lifetime: 10min}\n    - {id: 2, tenant: %s, vcpus: 2, arrival: 1min, lifetime: 5min}\n"
        "    - {id: 3, tenant: shop, vcpus: 1}\n    - {id: 4, tenant: shop, vcpus: 4, arrival: 2min}\n"
        "isolation: {rules: [{rule: chinese-wall, scrub: 10min, classes: {money: [bank, fund], oil: [well, rig]}}]}\n";
    static const struct { const char *tenant, *set; double waited, end; } cases[] = {
        {"fund", NULL, 1140, 1500},
        {"fund", "schedulers.admission.retry=7min", 1200, 1680}, /* at 1260 s, the next multiple; VM 4 is tried a last time at 1680 s */
        {"bank", NULL, 540, 900},
        {"shop", NULL, 540, 900},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *whole = vdc_format(text, cases[i].tenant);
        vdc_simulation *sim = run_text(whole, cases[i].set, NULL);
        const double end = summary_of(sim, "end_s");
        cr_expect_eq(end, cases[i].end, "%s %s: %g", cases[i].tenant, cases[i].set ? cases[i].set : "", end);
        cr_expect_eq(summary_of(sim, "vms_completed"), 2);
        cr_expect_eq(summary_of(sim, "wait_total_s"), cases[i].waited + end - 120, "%s: %g", cases[i].tenant, summary_of(sim, "wait_total_s"));
        vdc_simulation_close(sim);
        vdc_free(whole);
    }
}

/* Each wish and rule by itself could be kept on some host, but on none all of them: rejected at once, not left waiting for ever. */
Test(isolation_runs, what_no_host_has_together_is_rejected_at_once) {
    static const char hosts[] = HEAD
        "datacenter:\n  hosts:\n    - {class: a, count: 2, cpu: {cores: 8}, memory: 64 GiB, labels: {pool: gold}}\n"
        "    - {class: b, count: 2, cpu: {cores: 16}, memory: 8 GiB, labels: {pool: general, disk: fast}, llc_ways: 11}\n  topology: {racks: 2}\n";
    static const struct { const char *vm, *rules; int rejected; } cases[] = {
        {"vcpus: 1, isolation: {require: {pool: gold}}", "", 0},
        {"vcpus: 1, isolation: {require: {pool: gold}, llc_ways: 4}", "", 1},
        {"vcpus: 12, isolation: {require: {pool: gold}}", "", 1},
        {"vcpus: 12, isolation: {pin: true, require: {pool: general}}", "", 0},
        {"vcpus: 1, memory: 16 GiB, isolation: {require: {disk: fast}}", "", 1},
        {"vcpus: 1", "{rule: aggregate, labels: {pool: gold}}", 0},
        {"vcpus: 1, isolation: {require: {disk: fast}}", "{rule: aggregate, labels: {pool: gold}}", 1},
        {"vcpus: 1, tenant: t, group: g", "{rule: aggregate, labels: {pool: gold}, tenants: [t]}, {rule: aggregate, labels: {disk: fast}, groups: [g]}", 1},
        {"vcpus: 1", "{rule: aggregate, labels: {pool: gold}}, {rule: aggregate, labels: {disk: fast}, mode: soft}", 0},
        /* The first member of a group belongs into the first rack, where the hosts of gold are. */
        {"vcpus: 1, group: g", "{rule: fault-domains, fault_domains: 2}, {rule: aggregate, labels: {pool: gold}}", 0},
        {"vcpus: 1, group: g", "{rule: fault-domains, fault_domains: 2}, {rule: aggregate, labels: {pool: general}}", 1},
        {"vcpus: 1", "{rule: fault-domains, fault_domains: 2}, {rule: aggregate, labels: {pool: general}}", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%sworkload: {vms: [{%s}]}\nisolation: {rules: [%s]}\n", hosts, cases[i].vm, cases[i].rules);
        cr_expect_eq(ask(text, "vms_rejected"), cases[i].rejected, "{%s} [%s]", cases[i].vm, cases[i].rules);
        cr_expect_eq(ask(text, "vms_placed"), !cases[i].rejected, "{%s} [%s]", cases[i].vm, cases[i].rules);
    }
}

/* What soft rules wish for a VM is its own on a host that has it, and such hosts are preferred. */
Test(isolation_runs, soft_wishes_are_fulfilled_where_there_is_room) {
    /* best-fit would put both on one host, where 4 of 8 cores are left for the second one: it goes to the other. */
#define CORES "datacenter: {hosts: [{count: %d, cpu: {sockets: 2, cores: 4, threads: 2}, memory: 64 GiB, llc_ways: 11}], overcommit: {cpu: 2}}\n" \
        "workload: {vms: [{tenant: a, vcpus: 4, memory: 1 GiB}, {tenant: b, vcpus: 5, memory: 1 GiB}]}\nisolation: {rules: [{rule: %s, mode: soft}]}\n"
    static const struct { int hosts; const char *rule, *key; double value; } cases[] = {
        {2, "core-isolation", "S_threads_cpu_core_s", 18 * 60}, {2, "core-isolation", "violations_soft_vm_s", 0},
        {1, "core-isolation", "S_threads_cpu_core_s", 8 * 60}, {1, "core-isolation", "violations_soft_vm_s", 60},
        {1, "core-isolation, tenants: [b]", "S_threads_cpu_core_s", 10 * 60}, {1, "core-isolation, vms: [1]", "S_waste_cpu_core_s", 5 * 60},
        {1, "core-isolation, threads: pin", "S_threads_cpu_core_s", 9 * 60}, {1, "core-isolation, threads: prefer", "S_threads_cpu_core_s", 10 * 60},
        {2, "llc-ways, ways: 6", "hosts_used_max", 2}, {1, "llc-ways, ways: 6", "violations_soft_vm_s", 60},
        {2, "dedicated-host", "hosts_used_max", 2}, {1, "dedicated-host", "violations_soft_vm_s", 120}, {1, "dedicated-host", "S_cpu_core_s", 0},
        {2, "numa", "violations_soft_vm_s", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, HEAD CORES, cases[i].hosts, cases[i].rule);
        cr_expect_eq(ask(text, cases[i].key), cases[i].value, "%d hosts, %s: %s: %g", cases[i].hosts, cases[i].rule, cases[i].key, ask(text, cases[i].key));
        cr_expect_eq(ask(text, "vms_placed"), 2);
    }
    /* Nodes of 4 threads, which 2 vCPUs a thread fill: 8 vCPUs lie on one node, 9 on none. Two that are bound to a node share it. */
#define NODES_OF(mode) "datacenter: {hosts: [{count: 1, cpu: {sockets: 2, cores: 4}, memory: 64 GiB}], overcommit: {cpu: 2}}\n" \
        "isolation: {rules: [{rule: numa" mode "}]}\nworkload: "
    cr_expect_eq(ask(HEAD NODES_OF(", mode: soft") "{vms: [{vcpus: 8, memory: 1 GiB}]}\n", "T_cpu_core_s"), 4 * 60);
    cr_expect_eq(ask(HEAD NODES_OF(", mode: soft") "{vms: [{vcpus: 9, memory: 1 GiB}]}\n", "T_cpu_core_s"), 8 * 60);
    cr_expect_eq(ask(HEAD NODES_OF(", mode: soft") "{vms: [{vcpus: 9, memory: 1 GiB}]}\n", "violations_soft_vm_s"), 60);
    cr_expect_eq(ask(HEAD NODES_OF("") "{vms: [{vcpus: 9, memory: 1 GiB}]}\n", "vms_rejected"), 1);
}

/* The rest of the rules that give a wish: they say the same as if the VMs had it of their own. */
Test(isolation_runs, rules_give_what_vms_can_ask_for) {
    static const struct { const char *vm, *rule; } pairs[] = {
        {"isolation: {numa: 1}", "numa"}, {"isolation: {llc_ways: 6}", "llc-ways, ways: 6"},
        {"isolation: {memory_bandwidth: 6 GB/s}", "memory-bandwidth, rate: 6 GB/s"},
        {"cpu: {reservation: 2 GHz}", "reservation, cpu: 1 GHz"}, {"isolation: {tolerate: [gpu]}", "tolerate, taints: [gpu]"},
        {"isolation: {pin: true}", "core-isolation, threads: pin"}, {"isolation: {dedicated_host: true}", "dedicated-host"},
    };
    static const char *const keys[] = {"vms_placed", "T_cpu_core_s", "S_cpu_core_s", "wait_total_s", "hosts_used_max", "ready_core_s"};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char own[1024], given[1024];
        const char *frame = HEAD "datacenter:\n  hosts:\n"
                            "    - {class: a, count: 1, cpu: {sockets: 2, cores: 2}, memory: 64 GiB, llc_ways: 11, memory_bandwidth: 10 GB/s}\n"
                            "    - {class: b, count: 1, cpu: {sockets: 2, cores: 2}, memory: 64 GiB, taints: [gpu], llc_ways: 11, memory_bandwidth: 10 GB/s}\n"
                            "  overcommit: {cpu: 3}\nworkload:\n  vms:\n    - {tenant: a, vcpus: 2, memory: 1 GiB%s%s}\n"
                            "    - {tenant: b, vcpus: 2, memory: 1 GiB%s%s}\n    - {tenant: c, vcpus: 4, memory: 1 GiB}\n%s%s%s";
        snprintf(own, sizeof own, frame, ", ", pairs[i].vm, ", ", pairs[i].vm, "isolation: {domain: tenant}\n", "", "");
        snprintf(given, sizeof given, frame, "", "", "", "", "isolation: {rules: [{rule: ", pairs[i].rule, ", tenants: [a, b]}]}\n");
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            cr_expect_eq(ask(own, keys[k]), ask(given, keys[k]), "%s: %s: %g, %g", pairs[i].rule, keys[k], ask(own, keys[k]), ask(given, keys[k]));
    }
}

/* The events of a run say each of the texts. */
static void expect_logged(const char *text, const char *const *wanted, size_t count) {
    vdc_result *result;
    vdc_result_shape shape;
    char *texts[64];
    vdc_simulation_close(run_text(text, NULL, test_folder_path("log.h5")));
    cr_assert_eq(vdc_result_open(&result, test_folder_path("log.h5"), NULL), VDC_OK);
    cr_assert(vdc_result_dataset(result, "/events/event", &shape) && shape.rows <= 64);
    cr_assert_eq(vdc_result_read_texts(result, "/events/event", 0, shape.rows, texts, NULL), VDC_OK);
    for (size_t w = 0; w < count; w++) {
        bool said = false;
        for (size_t i = 0; i < shape.rows; i++) said = said || strcmp(texts[i], wanted[w]) == 0;
        cr_expect(said, "not said: %s; the first is %s", wanted[w], shape.rows ? texts[0] : "none");
    }
    for (size_t i = 0; i < shape.rows; i++) vdc_free(texts[i]);
    vdc_result_close(result);
}

/* A wish that a rule gave is refused with that rule; where rules contradict each other for a VM, both are named. */
Test(isolation_runs, the_log_names_who_gave_a_wish, .fini = test_folder_remove) {
    static const char *const said[] = {
        "rejected: rule core-isolation (line 10): no host has that many threads or cores for it alone",
        "rejected: rules core-isolation (line 10) and core-isolation (line 11) contradict each other",
        "rejected: its wish of own threads and rule core-isolation (line 10) contradict each other",
        "rejected: rule numa (line 12): no host holds it on 1 NUMA nodes even when empty",
    };
    test_folder_make();
    expect_logged("vdcsim: 1\nname: log\ntime: {end: 60s}\n"
        "datacenter: {hosts: [{count: 1, cpu: {sockets: 2, cores: 5}, memory: 8 GiB}], overcommit: {cpu: 2}}\n"
        "workload:\n  vms: [{vcpus: 12, tenant: t}, {vcpus: 1, tenant: t, group: g}, {vcpus: 1, tenant: t, isolation: {pin: true}},\n"
        "        {vcpus: 12, tenant: n}]\nisolation:\n  rules:\n    - {rule: core-isolation, tenants: [t]}\n"
        "    - {rule: core-isolation, threads: pin, groups: [g]}\n    - {rule: numa, tenants: [n]}\noutput: {events: true}\n",
        said, sizeof said / sizeof *said);
}

/* A VM that no host could take is rejected at once with the rule; one that must wait says which rule it waits for. */
Test(isolation_runs, the_log_names_the_rule, .fini = test_folder_remove) {
    static const char *const wanted[] = {"rejected: rule aggregate (line 7) forbids it on every host", "waits: rule anti-affinity (line 8)"};
    test_folder_make();
    expect_logged("vdcsim: 1\nname: log\n"
        "datacenter: {hosts: [{class: a, count: 1, cpu: {cores: 8}, memory: 8 GiB, labels: {k: x}},\n"
        "  {class: b, count: 1, cpu: {cores: 2}, memory: 8 GiB, labels: {l: y}}]}\n"
        "workload: {vms: [{group: g, vcpus: 3, lifetime: 10s}, {group: g, vcpus: 3, lifetime: 10s}, {tenant: t, vcpus: 1, lifetime: 10s}]}\n"
        "isolation:\n  rules: [{rule: aggregate, tenants: [t], labels: {k: x, l: y}},\n    {rule: anti-affinity}]\noutput: {events: true}\n", wanted, 2);
}

/* Racks and zones that a rule closes are passed over as a whole: the index decides what the plain scan decides, to the byte. */
Test(isolation_runs, passing_over_racks_changes_no_decision, .fini = test_folder_remove) {
    static const char *const rules[] = {
        "{rule: spread, of: tenant, level: rack}", "{rule: spread, of: tenant, level: zone}, {rule: anti-affinity, of: tenant, level: rack, max: 9}",
        "{rule: affinity, of: tenant, level: zone}", "{rule: tenant-anti-affinity, tenants: [tenant-1, tenant-2, tenant-3], level: rack}",
        "{rule: anti-affinity, of: tenant, level: rack, max: 5, mode: soft}, {rule: max-tenants, max: 2}",
        "{rule: core-isolation, threads: pin, mode: soft}, {rule: dedicated-host, vms: [1, 5, 9, 200, 201, 202]}, {rule: max-vms, max: 3, vms: [0, 2, 3, 4]}",
        "{rule: anti-affinity, of: tenant, level: rack}",
    };
    static const char *const policies[] = {"best-fit", "worst-fit", "first-fit"};
    test_folder_make();
    for (size_t i = 0; i < sizeof rules / sizeof *rules * 3; i++) {
        char text[1024], digests[2][VDC_DIGEST_TEXT];
        const int racks = i / 3 == 6 ? 600 : 20, tenants = i / 3 == 6 ? 2 : 12; /* of 600 racks every third has no host */
        snprintf(text, sizeof text, "vdcsim: 1\nname: racks\nseed: 4\ntime: {tick: 1h, end: 6h}\n"
                 "datacenter: {hosts: [{count: 400, cpu: {cores: 8}, memory: 64 GiB}], topology: {zones: 4, racks: %d}}\n"
                 "workload: {generate: {count: 900, arrivals: {dist: exponential, mean: 20s}, lifetime: {dist: exponential, mean: 2h},\n"
                 "  flavors: [{vcpus: 1, memory: 2 GiB}, {vcpus: 4, memory: 8 GiB}], tenants: {count: %d}}}\n"
                 "isolation: {rules: [%s]}\nschedulers: {admission: {policy: fifo-skip, depth: 50}, placement: {policy: %s}}\n"
                 "output: {vms: final}\n", racks, tenants, rules[i / 3], policies[i % 3]);
        for (int k = 0; k < 2; k++) {
            vdc_simulation *sim;
            vdc_diag diag = {0};
            vdc_run_options options = {.text = text, .output = test_folder_path("r.h5"), .force = true, .placement_search = k ? "index" : "scan"};
            cr_assert_eq(vdc_simulation_open(&sim, "racks.yaml", &options, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
            cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag), VDC_OK);
            cr_assert_eq(vdc_simulation_finish(sim, &diag), VDC_OK);
            snprintf(digests[k], sizeof digests[k], "%s", vdc_simulation_digest(sim));
            vdc_simulation_close(sim);
            vdc_diag_clear(&diag);
        }
        cr_expect_str_eq(digests[0], digests[1], "%s, %s", rules[i / 3], policies[i % 3]);
    }
}

/* Racks without hosts, here three of five, are not those with the fewest of a group. */
Test(isolation_runs, racks_without_hosts_are_no_racks_to_spread_over) {
    cr_expect_eq(ask(HEAD "datacenter: {hosts: [{count: 2, cpu: {cores: 8}, memory: 8 GiB}], topology: {racks: 5}}\n"
                     "workload: {vms: [{vcpus: 1, group: g}, {vcpus: 1, group: g}, {vcpus: 1, group: g}, {vcpus: 1, group: g}]}\n"
                     "isolation: {rules: [{rule: spread, level: rack}]}\n", "vms_placed"), 4);
}

/* A VM with a dedicated host asks every host in vain where it could move; what is known then of the hosts of its domain holds its own, too. */
Test(isolation_runs, a_search_for_a_vm_set_aside_forgets_no_host_of_its_domain) {
    enum { TENANTS = 100 };
    char text[20000];
    int at = sprintf(text, "vdcsim: 1\nname: own\ntime: {tick: 10min, end: 1h}\ndatacenter: {hosts: [{count: %d, cpu: {cores: 16}, memory: 64 GiB}]}\n"
                     "isolation: {domain: tenant}\noperations: [{at: 10min, do: migrate, vm: 0}]\nworkload:\n  vms:\n", TENANTS);
    for (int i = 0; i <= TENANTS; i++)
        at += sprintf(text + at, "    - {id: %d, tenant: t%d, vcpus: 2, arrival: %dmin, isolation: {dedicated_host: true}}\n", i, i % TENANTS,
                      i / TENANTS * 20);
    vdc_simulation *sim = run_text(text, "schedulers.placement.policy=best-fit", NULL);
    cr_expect_eq(summary_of(sim, "vms_placed"), TENANTS + 1);
    vdc_simulation_close(sim);
}

/* ---- what is refused ---- */

#define HOSTS \
    "datacenter:\n  hosts:\n    - {count: 2, cpu: {cores: 8}, memory: 8 GiB, labels: {pool: gold}, llc_ways: 11, memory_bandwidth: 10 GB/s}\n" \
    "  topology: {racks: 2}\n"
#define VMS(isolation) "workload:\n  vms:\n    - {vcpus: 1, isolation: {" isolation "}}\n"
#define RULES(rules) "workload: {vms: [{vcpus: 1}]}\nisolation:\n  rules:\n" rules

Test(isolation_runs, bad_input_names_both_lines) {
    refuse_text(HEAD HOSTS RULES("    - {rule: affinity, level: host, groups: [web]}\n    - {rule: anti-affinity, level: rack, groups: [web, db]}\n"),
                "affinity (line 11) and anti-affinity (line 12) of the same VMs on one rack contradict each other");
    refuse_text(HEAD HOSTS RULES("    - {rule: anti-affinity, of: tenant}\n    - {rule: affinity, of: tenant, tenants: [a]}\n"),
                "affinity (line 12) and anti-affinity (line 11) of the same VMs on one host contradict each other");
    refuse_text(HEAD HOSTS RULES("    - {rule: anti-affinity, groups: [\"w*\"]}\n    - {rule: affinity, groups: [web]}\n"), "contradict each other");
    refuse_text(HEAD HOSTS RULES("    - {rule: affinity}\n    - {rule: spread, level: rack, skew: 1}\n"),
                "affinity (line 11) and spread (line 12) of the same VMs on one rack contradict each other");
    refuse_text(HEAD HOSTS RULES("    - {rule: fault-domains, fault_domains: 2}\n    - {rule: affinity, level: rack}\n"),
                "affinity (line 12) and fault-domains (line 11) of the same VMs on one rack contradict each other");
    refuse_text(HEAD HOSTS RULES("    - {rule: affinity}\n    - {rule: fault-domains, fault_domains: 1, update_domains: 2}\n"),
                "affinity (line 11) and fault-domains (line 12) of the same VMs on one host contradict each other");
    refuse_text(HEAD HOSTS VMS("llc_ways: 12"), "llc_ways: 12; no host class has more than 11 (line 6)");
    refuse_text(HEAD HOSTS VMS("memory_bandwidth: 11 GB/s"), "memory_bandwidth: 11000000000; no host class has more than 10000000000 (line 6)");
    refuse_text(HEAD "datacenter: {hosts: [{count: 1, cpu: {cores: 8}, memory: 8 GiB}]}\n" VMS("llc_ways: 1"), "no host class says that it has llc_ways");
    refuse_text(HEAD HOSTS VMS("require: {pool: glod}"), "no host class has the label 'pool=glod'; did you mean 'pool=gold'?");
    refuse_text(HEAD HOSTS VMS("tolerate: [gpu]"), "no host class has the taint 'gpu'");
    refuse_text(HEAD HOSTS VMS("pin: true, core_isolate: prefer"), "pin and core_isolate exclude each other");
    refuse_text(HEAD HOSTS RULES("    - {rule: aggregate, labels: {pool: silver}}\n"), "no host class has the label 'pool=silver'");
    refuse_text(HEAD HOSTS RULES("    - {rule: aggregate, labels: {pool: golf}}\n"), "no host class has the label 'pool=golf'; did you mean 'pool=gold'?");
    refuse_text(HEAD HOSTS VMS("tolerate: [\"pool=gold\"]"), "no host class has the taint 'pool=gold'");
    refuse_text(HEAD "datacenter: {hosts: [{count: 1, cpu: {cores: 8}, memory: 8 GiB, taints: [\"zone=x\"]}]}\n"
                RULES("    - {rule: aggregate, labels: {zone: x}}\n"), "no host class has the label 'zone=x'");
    refuse_text(HEAD HOSTS VMS("label: {categories: [\"a|b\"]}"), "'a|b': a name must not hold '|', which joins wishes in traces");
    refuse_text(HEAD "datacenter: {hosts: [{count: 1, cpu: {cores: 8}, memory: 8 GiB, labels: {pool: \"a|b\"}}]}\nworkload: {vms: [{vcpus: 1}]}\n",
                "labels: 'pool=a|b': a name must not hold '|'");
    refuse_text(HEAD HOSTS RULES("    - {rule: core-scheduling, mode: soft}\n"), "core-scheduling cannot be soft: every host can keep it");
    refuse_text(HEAD HOSTS RULES("    - {rule: reservation, cpu: 1 GHz, mode: soft}\n"),
                "reservation cannot be soft: a share that is not promised is a weight");
    refuse_text(HEAD HOSTS RULES("    - {rule: tolerate, taints: [gpu]}\n"), "no host class has the taint 'gpu'");
    refuse_text(HEAD HOSTS RULES("    - {rule: core-isolation, threads: pin}\n    - {rule: core-isolation, groups: [web]}\n"),
                "core-isolation (line 11) and core-isolation (line 12) contradict each other: different `threads` for the same VMs");
    refuse_text(HEAD HOSTS RULES("    - {rule: numa, nodes: 1, vms: [3, 2]}\n    - {rule: numa, nodes: 2, vms: [1, 2]}\n"),
                "numa (line 11) and numa (line 12) contradict each other: different `nodes`");
    refuse_text(HEAD "datacenter:\n  hosts: [{class: a, count: 1, cpu: {cores: 8}, memory: 8 GiB, labels: {pool: gold}},\n"
                "    {class: b, count: 1, cpu: {cores: 8}, memory: 8 GiB, labels: {pool: lead}}]\n"
                RULES("    - {rule: aggregate, labels: {pool: gold}, tenants: [\"t*\"]}\n    - {rule: aggregate, labels: {pool: lead}, tenants: [t1]}\n"),
                "aggregate (line 10) and aggregate (line 11) contradict each other: labels that no host class has together");
    refuse_text(HEAD HOSTS RULES("    - {rule: llc-ways, ways: 12}\n"), "llc-ways (line 11): llc_ways: 12; no host class has more than 11 (line 6)");
    refuse_text(HEAD HOSTS RULES("    - {rule: memory-bandwidth, rate: 11 GB/s, mode: soft}\n"), "memory-bandwidth (line 11): memory_bandwidth: 11000000000");
    refuse_text(HEAD HOSTS "  overcommit: {cpu: 4}\nworkload:\n  vms:\n    - {vcpus: 12, isolation: {pin: true}}\n",
                "12 vCPUs want a thread each of their own; the most that a host class has for them is 8 (line 6), and overcommitment adds none");
    refuse_text(HEAD "datacenter: {hosts: [{count: 1, cpu: {cores: 4, threads: 2}, memory: 8 GiB}]}\n"
                "workload: {vms: [{vcpus: 5, isolation: {core_isolate: isolate}}]}\n",
                "5 vCPUs want a core each of their own; the most that a host class has for them is 4 (line 4)");
    refuse_text(HEAD HOSTS RULES("    - {rule: tenant-anti-affinity, tenants: [a]}\n"), "allowed: at least two");
    refuse_text(HEAD HOSTS RULES("    - {rule: tenant-anti-affinity, tenants: [a, a]}\n"), "names 1 tenants; allowed: at least two");
    refuse_text(HEAD HOSTS RULES("    - {rule: chinese-wall, classes: {x: [a, b], y: [b]}}\n"), "tenant 'b' is in two classes");
    refuse_text(HEAD "datacenter: {hosts: [{count: 1, cpu: {cores: 8}, memory: 8 GiB}]}\n" RULES("    - {rule: spread, level: rack}\n"),
                "spread on racks or zones needs datacenter.topology");
}

/* Rules of which one can be kept without the other contradict nothing. */
Test(isolation_runs, what_does_not_contradict_is_taken) {
    static const char *const rules[] = {
        "{rule: affinity, level: rack, groups: [web]}, {rule: anti-affinity, level: host, groups: [web]}",
        "{rule: affinity, groups: [web]}, {rule: anti-affinity, groups: [db]}",
        "{rule: affinity, groups: [web]}, {rule: anti-affinity, groups: [web], mode: soft}",
        "{rule: affinity, groups: [web]}, {rule: anti-affinity, groups: [web], max: 2}",
        "{rule: affinity, of: tenant}, {rule: anti-affinity, of: group}",
        "{rule: affinity, groups: [web]}, {rule: spread, groups: [web], skew: 2}",
        "{rule: affinity, level: rack, groups: [web]}, {rule: spread, level: host, groups: [web]}",
        "{rule: affinity, level: zone, groups: [web]}, {rule: fault-domains, fault_domains: 2, groups: [web]}",
        "{rule: core-isolation, threads: pin, groups: [web]}, {rule: core-isolation, groups: [db]}",
        "{rule: core-isolation, threads: pin, groups: [web]}, {rule: core-isolation, tenants: [db]}",
        "{rule: core-isolation, threads: pin}, {rule: core-isolation, mode: soft}",
        "{rule: numa, vms: [1]}, {rule: numa, nodes: 2, vms: [2]}",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        char text[512];
        snprintf(text, sizeof text, HEAD "%sworkload: {vms: [{vcpus: 1, group: web}]}\nisolation: {rules: [%s]}\n", HOSTS, rules[i]);
        cr_expect_eq(ask(text, "vms_placed"), 1, "%s", rules[i]);
    }
}
