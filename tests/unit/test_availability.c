/* Availability: lives and repairs against their formulas, outages of hosts against a plain replay of the same streams and against renewal theory,
 * recovery, reserve and maintenance waves in runs worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/availability.h"
#include "sim/parts/availability.h"
#include "tests/support/runs.h"

#define HOUR (INT64_C(3600) * VDC_SECOND)

/* --- lives and repairs --- */

/* P(remaining > x | age a) = exp((a / scale)^k - ((a + x) / scale)^k). */
Test(availability, lives_follow_the_weibull_distribution_from_any_age) {
    enum { DRAWS = 200000 };
    const double shapes[] = {0.8, 1, 2.5};
    for (size_t s = 0; s < 3; s++) {
        for (vdc_time age = 0; age <= 200 * HOUR; age += 100 * HOUR) {
            vdc_failure_process process = {.shape = shapes[s], .scale = 100.0 * (double)HOUR};
            vdc_stream stream;
            vdc_stream_open(&stream, 7, "test", s);
            double quantile[] = {0.1, 0.5, 0.9}, beyond[3];
            int counts[3] = {0};
            double behind = pow((double)age / process.scale, shapes[s]);
            for (int q = 0; q < 3; q++) beyond[q] = process.scale * pow(behind - log(1 - quantile[q]), 1 / shapes[s]) - (double)age;
            for (int i = 0; i < DRAWS; i++) {
                double life = (double)vdc_failure_life(&process, age, &stream);
                for (int q = 0; q < 3; q++) counts[q] += life <= beyond[q];
            }
            for (int q = 0; q < 3; q++) {
                double sigma = sqrt(quantile[q] * (1 - quantile[q]) / DRAWS);
                cr_expect_float_eq((double)counts[q] / DRAWS, quantile[q], 4 * sigma, "shape %g, age %g h, quantile %g", shapes[s],
                                   (double)age / (double)HOUR, quantile[q]);
            }
        }
    }
}

Test(availability, means) {
    /* Gamma(1 + 1/0.5) = 2, Gamma(2) = 1, Gamma(1.5) = sqrt(pi) / 2 */
    cr_expect_float_eq(vdc_failure_scale(2e12, 0.5), 1e12, 1);
    cr_expect_float_eq(vdc_failure_scale(1e12, 1), 1e12, 1);
    cr_expect_float_eq(vdc_failure_scale(sqrt(M_PI) / 2 * 1e12, 2), 1e12, 1);
    vdc_failure_process process = {.shape = 0.5, .scale = 1e12, .repair = 5e9, .sigma = 0};
    cr_expect_float_eq(vdc_failure_mtbf(&process), 2e12, 1);
    cr_expect_float_eq(vdc_failure_mttr(&process), 5e9, 1e-3);
    vdc_stream stream;
    vdc_stream_open(&stream, 1, "test", 0);
    cr_expect_eq(vdc_failure_repair(&process, &stream), 5 * VDC_SECOND);
    process.sigma = 0.6;
    double sum = 0;
    for (int i = 0; i < 200000; i++) sum += (double)vdc_failure_repair(&process, &stream) / 200000;
    double mean = 5e9 * exp(0.18), spread = mean * sqrt((exp(0.36) - 1) / 200000);
    cr_expect_float_eq(vdc_failure_mttr(&process), mean, 1);
    cr_expect_float_eq(sum, mean, 4 * spread);
    /* Young: sqrt(2 x 60 s x 12 000 s) = 1 200 s */
    cr_expect_eq(vdc_young_interval(60 * VDC_SECOND, 12000e9), 1200 * VDC_SECOND);
    cr_expect_float_eq(vdc_nines(999, 1), 3, 1e-12);
    cr_expect(isnan(vdc_nines(5, 0)));
    cr_expect(isinf(vdc_failure_host_mtbf(NULL, 0)));
}

/* --- whole runs --- */

static const vdc_availability *book_of(vdc_simulation *sim) { return &vdc_availability_of(sim)->book; }

static const char fleet[] = "vdcsim: 1\nname: fleet\nseed: 5\ntime: {end: 40000h, tick: 10000h}\n"
    "datacenter:\n  hosts: [{class: s, count: 200, cpu: {cores: 4}, memory: 16 GiB}]\n  topology: {zones: 2, racks: 20}\n"
    "workload: {vms: [{id: 1, vcpus: 1, memory: 1 GiB}, {id: 2, vcpus: 1, memory: 1 GiB}]}\n"
    "failures:\n  recovery: {policy: elsewhere}\n  update_domains: 10\n  processes:\n";

static vdc_simulation *run_fleet(const char *processes, const char *set) {
    char text[2000];
    snprintf(text, sizeof text, "%s%s", fleet, processes);
    return run_text(text, set, NULL);
}

/* Mean and standard error over `groups` groups of neighbouring hosts, which are independent of each other. */
static void expect_mean(const double *values, int hosts, int groups, double expected, const char *what) {
    double sum = 0, squares = 0;
    int each = hosts / groups;
    for (int g = 0; g < groups; g++) {
        double group = 0;
        for (int i = 0; i < each; i++) group += values[g * each + i] / each;
        sum += group / groups;
        squares += group * group / groups;
    }
    double error = sqrt((squares - sum * sum) / (groups - 1));
    cr_expect(fabs(sum - expected) <= 3.6 * error, "%s: %.6g, expected %.6g, standard error %.2g", what, sum, expected, error);
    cr_expect(error < expected * 0.05, "%s: the standard error %.2g says nothing", what, error);
}

static void expect_renewal(const char *processes, int groups, double mtbf, double availability) {
    vdc_simulation *sim = run_fleet(processes, NULL);
    double up[200], rate[200], end = 40000.0 * 3600;
    for (uint32_t h = 0; h < 200; h++) {
        vdc_host_availability host = vdc_availability_host(book_of(sim), h, 40000 * HOUR);
        up[h] = 1 - (double)host.unplanned / 1e9 / end;
        rate[h] = host.failures / (up[h] * end);
    }
    expect_mean(up, 200, groups, availability, "availability");
    expect_mean(rate, 200, groups, 1 / mtbf, "failures per second up");
    cr_expect_float_eq(summary_of(sim, "host_availability_expected"), availability, 1e-12);
    cr_expect_float_eq(summary_of(sim, "host_mtbf_expected_s"), mtbf, mtbf * 1e-12);
    cr_expect_float_eq(summary_of(sim, "host_availability"), 1 - summary_of(sim, "host_down_s") / (200 * end), 1e-12);
    vdc_simulation_close(sim);
}

Test(availability, alternating_renewal_of_single_hosts) {
    /* MTBF / (MTBF + MTTR) whatever the distributions are. */
    expect_renewal("    - {level: host, mtbf: 400h, repair: 8h}\n", 200, 400 * 3600, 400.0 / 408);
    expect_renewal("    - {level: host, mtbf: 400h, shape: 0.8, repair: 5h, repair_sigma: 0.9}\n", 200, 400 * 3600, 400 / (400 + 5 * exp(0.405)));
    expect_renewal("    - {level: host, scale: 300h, shape: 3, repair: 20h}\n", 200, 300 * tgamma(4.0 / 3) * 3600, 1 / (1 + 20 / (300 * tgamma(4.0 / 3))));
}

Test(availability, shocks_of_racks_add_their_rates) {
    /* 1 / (1/1000 + 0.5/400); repairs are short, so what a rack under repair cannot do again hardly matters */
    expect_renewal("    - {level: host, mtbf: 1000h, repair: 30min}\n    - {level: rack, mtbf: 400h, kills: 50%, repair: 15min}\n", 20,
                   3600 / (0.001 + 0.5 / 400), (1 - 0.5 / 1000.5) * (1 - 0.5 * 0.25 / 400.25));
    /* Long repairs that overlap, every host of the rack hit: both are exact. */
    expect_renewal("    - {level: host, mtbf: 500h, repair: 50h}\n    - {level: rack, mtbf: 1000h, repair: 80h}\n", 20,
                   3600 / (0.002 + 0.001), (500 / 550.0) * (1000 / 1080.0));
}

/* What each host of the fleet goes through, replayed without the simulator: each component's own stream, each host's outages as a union of intervals. */
typedef struct interval { vdc_time begin, end; } interval;

static int by_begin(const void *a, const void *b) {
    const interval *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static uint32_t unit_of_host(vdc_outage level, uint32_t h) {
    return level == VDC_OUTAGE_HOST ? h : level == VDC_OUTAGE_RACK ? h / 10 : level == VDC_OUTAGE_ZONE ? h / 100 : h % 10;
}

Test(availability, overlapping_outages_are_a_union) {
    static const char *const names[] = {"failure.host", "failure.rack", "failure.zone", "failure.update-domain"};
    const vdc_failure_process processes[] = {
        {VDC_OUTAGE_HOST, 1, 300.0 * 3600e9, 1, 40.0 * 3600e9, 0, 0}, {VDC_OUTAGE_RACK, 1, 500.0 * 3600e9, 0.4, 60.0 * 3600e9, 0.5, 0},
        {VDC_OUTAGE_ZONE, 1, 2000.0 * 3600e9, 0.7, 30.0 * 3600e9, 0, 0}, {VDC_OUTAGE_UPDATE_DOMAIN, 1, 900.0 * 3600e9, 0.3, 20.0 * 3600e9, 0, 0},
    };
    vdc_simulation *sim = run_fleet("    - {level: host, mtbf: 300h, repair: 40h}\n    - {level: rack, mtbf: 500h, kills: 40%, repair: 60h, "
        "repair_sigma: 0.5}\n"
                                    "    - {level: zone, mtbf: 2000h, kills: 70%, repair: 30h}\n    - {level: update-domain, mtbf: 900h, "
        "kills: 30%, repair: 20h}\n",
                                    "time.end=4000h");
    static interval outages[200][4000];
    int counts[200] = {0};
    vdc_time end = 4000 * HOUR;
    for (int p = 0; p < 4; p++) {
        uint32_t units = unit_of_host(processes[p].level, 199) + 1;
        if (processes[p].level == VDC_OUTAGE_UPDATE_DOMAIN) units = 10;
        for (uint32_t unit = 0; unit < units; unit++) {
            vdc_stream stream;
            vdc_stream_open(&stream, 5, names[p], unit);
            for (vdc_time now = 0;;) {
                vdc_time begin = now + vdc_failure_life(&processes[p], 0, &stream);
                if (begin > end) break;
                bool hit[200] = {false};
                for (uint32_t h = 0; h < 200; h++)
                    if (unit_of_host(processes[p].level, h) == unit) hit[h] = processes[p].kills >= 1 || vdc_stream_uniform(&stream) < processes[p].kills;
                now = begin + vdc_failure_repair(&processes[p], &stream);
                for (uint32_t h = 0; h < 200; h++)
                    if (hit[h]) outages[h][counts[h]++] = (interval){begin, now < end ? now : end};
            }
        }
    }
    for (uint32_t h = 0; h < 200; h++) {
        qsort(outages[h], (size_t)counts[h], sizeof outages[h][0], by_begin);
        vdc_time down = 0, until = -1;
        uint32_t failures = 0;
        for (int i = 0; i < counts[h]; i++) {
            if (outages[h][i].begin > until) failures++, until = outages[h][i].begin;
            if (outages[h][i].end > until) down += outages[h][i].end - until, until = outages[h][i].end;
        }
        vdc_host_availability host = vdc_availability_host(book_of(sim), h, end);
        cr_assert_eq(host.unplanned, down, "host %u: %lld ns down, expected %lld", h, (long long)host.unplanned, (long long)down);
        cr_assert_eq(host.failures, failures, "host %u", h);
    }
    vdc_simulation_close(sim);
}

Test(availability, policies_see_the_same_failures) {
    const char *processes = "    - {level: host, mtbf: 300h, shape: 0.8, repair: 10h, repair_sigma: 1}\n    - {level: rack, mtbf: 900h, "
        "kills: 40%, repair: 5h}\n";
    static const char *const sets[] = {"schedulers.placement.policy=worst-fit", "failures.recovery.policy=none", "failures.recovery.policy=in-place",
                                       "schedulers.placement.policy=random-fit", "failures.warning={lead: 1h, recall: 50%, precision: 50%}"};
    vdc_simulation *first = run_fleet(processes, NULL);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        vdc_simulation *other = run_fleet(processes, sets[i]);
        for (uint32_t h = 0; h < 200; h++) {
            vdc_host_availability a = vdc_availability_host(book_of(first), h, 40000 * HOUR), b = vdc_availability_host(book_of(other), h, 40000 * HOUR);
            cr_assert(a.unplanned == b.unplanned && a.failures == b.failures, "%s: host %u", sets[i], h);
        }
        vdc_simulation_close(other);
    }
    vdc_simulation_close(first);
}

/* --- what becomes of VMs, by hand --- */

#define HEAD "vdcsim: 1\nname: t\ntime: {tick: 10s}\n"
#define TWO_HOSTS "datacenter: {hosts: [{class: s, count: 2, cpu: {cores: 4}, memory: 16 GiB}]}\n"

Test(availability, recovery_policies) {
    /* Both hosts fail at 100 s and are back at 160 s; the VMs began at 0 and have 200 s to live. */
    const char *text = HEAD TWO_HOSTS "workload: {vms: [{id: 1, vcpus: 4, memory: 1 GiB, lifetime: 200s}, {id: 2, vcpus: 2, memory: 1 GiB, "
        "lifetime: 200s}]}\n"
        "failures: {trace: {rows: [[100s, 60s, 100%]]}, quorum: 50%, recovery: {policy: elsewhere}}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 120, 1e-9);
    cr_expect_float_eq(summary_of(sim, "vm_down_trace_s"), 120, 1e-9);
    cr_expect_float_eq(summary_of(sim, "wait_total_s"), 2 * 30, 1e-9); /* noticed after 30 s, waits for a host for 30 */
    cr_expect_float_eq(summary_of(sim, "end_s"), 360, 1e-9);
    cr_expect_float_eq(summary_of(sim, "vm_up_s"), 2 * 300, 1e-9);
    cr_expect_float_eq(summary_of(sim, "availability"), 600.0 / 720, 1e-12);
    cr_expect_float_eq(summary_of(sim, "mtbi_s"), 300, 1e-9);
    cr_expect_float_eq(summary_of(sim, "failure_lost_core_s"), 6 * 100, 1e-9);
    cr_expect_eq(summary_of(sim, "interruptions"), 2);
    cr_expect_eq(summary_of(sim, "blast_radius_vms"), 2);
    vdc_simulation_close(sim);
    /* In place: the same, but nobody waits for a host. */
    sim = run_text(text, "failures.recovery.policy=in-place", NULL);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 120, 1e-9);
    cr_expect_float_eq(summary_of(sim, "wait_total_s"), 0, 1e-9);
    cr_expect_float_eq(summary_of(sim, "end_s"), 360, 1e-9);
    vdc_simulation_close(sim);
    sim = run_text(text, "failures.recovery.policy=none", NULL);
    cr_expect_eq(summary_of(sim, "vms_lost"), 2);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 0, 1e-9);
    cr_expect_float_eq(summary_of(sim, "end_s"), 100, 1e-9);
    vdc_simulation_close(sim);
    /* A run that lasts until nobody is down: the VM that was noticed late is the last one. */
    sim = run_text(text, "failures.recovery={policy: elsewhere, detect: 500s}", NULL);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 2 * 500, 1e-9);
    cr_expect_float_eq(summary_of(sim, "end_s"), 800, 1e-9);
    vdc_simulation_close(sim);
}

Test(availability, in_place_goes_back_where_it_was) {
    /* One host of two fails at 100 s; the other one has room. Host 0 is back at 150 s. */
    const char *text = HEAD "datacenter: {hosts: [{class: s, count: 2, cpu: {cores: 4}, "
        "memory: 16 GiB}]}\nschedulers: {placement: {policy: worst-fit}}\n"
        "workload: {vms: [{id: 1, vcpus: 1, memory: 1 GiB, lifetime: 300s}, {id: 2, vcpus: 1, memory: 1 GiB, lifetime: 300s}]}\n"
        "failures: {trace: {rows: [[100s, 50s, 50%]]}, recovery: {policy: in-place}}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 50, 1e-9);
    cr_expect_eq(summary_of(sim, "hosts_used_max"), 2);
    cr_expect_float_eq(summary_of(sim, "end_s"), 450, 1e-9);
    vdc_simulation_close(sim);
    sim = run_text(text, "failures.recovery.policy=elsewhere", NULL);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 30, 1e-9);
    cr_expect_float_eq(summary_of(sim, "end_s"), 430, 1e-9);
    vdc_simulation_close(sim);
}

Test(availability, groups_need_k_of_n) {
    /* Three VMs of a group on three hosts; two hosts fail together at 100 s for 40 s. */
    const char *text = HEAD "datacenter: {hosts: [{class: s, count: 3, cpu: {cores: 1}, memory: 16 GiB}]}\n"
        "workload: {vms: [{id: 1, group: web, vcpus: 1, memory: 1 GiB, lifetime: 200s}, {id: 2, group: web, vcpus: 1, memory: 1 GiB, "
        "lifetime: 200s}, "
        "{id: 3, group: web, vcpus: 1, memory: 1 GiB, lifetime: 200s}]}\n"
        "failures: {trace: {rows: [[100s, 40s, 67%]]}, recovery: {policy: in-place}, groups: [{group: web, up: 1}]}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_eq(summary_of(sim, "blast_radius_group_vms"), 2);
    cr_expect_float_eq(summary_of(sim, "group_availability"), 1, 1e-12);
    vdc_simulation_close(sim);
    /* The two that failed begin again at 140 s and end at 340 s, the third ends at 200 s. */
    sim = run_text(text, "failures.groups=[{group: web, up: 2}]", NULL);
    cr_expect_float_eq(summary_of(sim, "group_availability"), 300.0 / 340, 1e-12);
    vdc_simulation_close(sim);
    sim = run_text(text, "failures.groups=[{group: web, up: 3}]", NULL);
    cr_expect_float_eq(summary_of(sim, "group_availability"), 160.0 / 340, 1e-12); /* 0-100 and 140-200 with three */
    vdc_simulation_close(sim);
}

Test(availability, reserve_for_restarts) {
    /* 3 hosts x 4 cores; 12 VMs of one core. N+1 keeps 4 cores free: 8 run, and all of them go on when a host fails. */
    const char *text = HEAD "datacenter: {hosts: [{class: s, count: 3, cpu: {cores: 4}, memory: 64 GiB}]}\n"
        "workload: {generate: {count: 12, arrivals: {dist: constant, value: 1s}, flavors: [{vcpus: 1, memory: 1 GiB}], "
        "lifetime: {dist: constant, value: 1000s}}}\n"
        "time: {tick: 100s, end: 900s}\nfailures: {trace: {rows: [[100s, 500s, 33%]]}, reserve: {hosts: 1}}\n";
    char fixed[1200];
    snprintf(fixed, sizeof fixed, "%s", strstr(text, "datacenter"));
    char whole[1300];
    snprintf(whole, sizeof whole, "vdcsim: 1\nname: t\n%s", fixed);
    vdc_simulation *sim = run_text(whole, NULL, NULL);
    cr_expect_eq(summary_of(sim, "vms_placed"), 8);
    cr_expect_eq(summary_of(sim, "vms_queued"), 4);
    cr_expect_eq(summary_of(sim, "reserve_refusals"), 4);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 0, 1e-9); /* restart: at once, and there is room */
    cr_expect_eq(summary_of(sim, "interruptions"), 4);
    vdc_simulation_close(sim);
    sim = run_text(whole, "failures.reserve={share: 50%}", NULL);
    cr_expect_eq(summary_of(sim, "vms_placed"), 6);
    vdc_simulation_close(sim);
    /* Without a reserve all 12 run, and those of the host that fails wait until it is back. */
    sim = run_text(whole, "failures.reserve=null", NULL);
    cr_expect_eq(summary_of(sim, "vms_placed"), 12);
    cr_expect_eq(summary_of(sim, "vms_queued"), 0);
    vdc_simulation_close(sim);
}

Test(availability, checkpoints_at_youngs_interval) {
    /* sqrt(2 x 8 s x 100 h) = 2 400 s: five checkpoints in an hour's work would be 15 min by its own wish. */
    const char *text = HEAD TWO_HOSTS "workload: {vms: [{id: 1, vcpus: 1, memory: 1 GiB, load: {progress: work, segments: [[2500s, "
        "1 GHz]]}, checkpoint: {interval: 100s, duration: 8s}}]}\n"
        "failures: {processes: [{level: host, mtbf: 100h, repair: 1min, age: 0s}], recovery: {policy: elsewhere, checkpoint: young}}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    double end = summary_of(sim, "end_s");
    cr_expect_eq(summary_of(sim, "interruptions"), 0);
    cr_expect_float_eq(end, 2500 + 8, 1e-6); /* one, after 2 400 s */
    vdc_simulation_close(sim);
}

Test(availability, a_wave_goes_through_the_domains) {
    /* 4 hosts, 2 domains (0, 2 and 1, 3), 4 cores each; 2 VMs of 2 cores on each of hosts 0 and 1 by first-fit. From 100 s on each domain takes 60 s,
     * 20 s between them. Restarts find room at once. */
    const char *text = "vdcsim: 1\nname: t\ntime: {tick: 10s, end: 400s}\n"
        "datacenter: {hosts: [{class: s, count: 4, cpu: {cores: 4}, memory: 16 GiB}]}\n"
        "workload: {vms: [{id: 1, group: g, vcpus: 2, memory: 1 GiB}, {id: 2, group: g, vcpus: 2, memory: 1 GiB}, {id: 3, group: g, "
        "vcpus: 2, memory: 1 GiB}, {id: 4, group: g, vcpus: 2, memory: 1 GiB}]}\n"
        "failures: {update_domains: 2, maintenance: {start: 100s, duration: 60s, gap: 20s, drain: restart, deadline: 40s, retry: 5s}}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_eq(summary_of(sim, "maintenance_waves"), 1);
    cr_expect_eq(summary_of(sim, "maintenance_hosts"), 4);
    cr_expect_eq(summary_of(sim, "maintenance_vms_moved"), 2 + 4); /* host 0 to host 3, then hosts 1 and 3 to 0 and 2 */
    cr_expect_eq(summary_of(sim, "maintenance_vms_stopped"), 0);
    cr_expect_float_eq(summary_of(sim, "host_down_planned_s"), 4 * 60, 1e-9);
    cr_expect_float_eq(summary_of(sim, "vm_down_planned_s"), 0, 1e-9);
    cr_expect_float_eq(summary_of(sim, "availability"), 1, 1e-12);
    cr_expect_eq(summary_of(sim, "host_failures"), 0);
    vdc_simulation_close(sim);
    /* Nobody leaves: they are stopped after 40 s and go on at once where there is room. Domain 0: VMs 1, 2 stopped at 140 s -> host 3;
     * hosts 0 (down at 140) and 2 (empty, down at 100) are back at 200 and 160; domain 1 at 220, four VMs stopped at 260, back at 320. */
    sim = run_text(text, "failures.maintenance.drain=wait", NULL);
    cr_expect_eq(summary_of(sim, "maintenance_vms_stopped"), 6);
    cr_expect_eq(summary_of(sim, "maintenance_waves"), 1);
    cr_expect_float_eq(summary_of(sim, "vm_down_planned_s"), 0, 1e-9);
    vdc_simulation_close(sim);
    /* In place they stay down until their host is back: 2 x 60 s, then 2 x 60 s (VMs 3 and 4; 1 and 2 went back to host 0). */
    sim = run_text(text, "failures={update_domains: 2, recovery: {policy: in-place}, maintenance: {start: 100s, duration: 60s, gap: 20s, "
        "drain: wait, deadline: 40s, retry: 5s}}", NULL);
    cr_expect_float_eq(summary_of(sim, "vm_down_planned_s"), 4 * 60, 1e-9);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 0, 1e-9);
    cr_expect_float_eq(summary_of(sim, "availability"), 1, 1e-12);
    vdc_simulation_close(sim);
    /* Waves repeat: 100, 200 (the first is over at 240, so the second begins then), ... */
    sim = run_text(text, "failures={update_domains: 2, maintenance: {start: 100s, every: 100s, duration: 60s, gap: 20s, drain: restart}}", NULL);
    cr_expect_eq(summary_of(sim, "maintenance_waves"), 2); /* 100-240, 240-380 */
    vdc_simulation_close(sim);
    /* One host at a time takes twice as long. */
    sim = run_text(text, "failures={update_domains: 2, maintenance: {start: 100s, duration: 60s, gap: 20s, drain: restart, at_once: 1}}", NULL);
    cr_expect_eq(summary_of(sim, "maintenance_waves"), 1);
    cr_expect_eq(summary_of(sim, "maintenance_hosts"), 4); /* 100-160, 160-220, 240-300, 300-360 */
    vdc_simulation_close(sim);
}

Test(availability, budgets_hold_vms_back) {
    /* Group g has one VM down (host 1 failed, in place) when host 0 is to be drained: with a budget of 1 its VM may not leave before that one is back. */
    const char *text = "vdcsim: 1\nname: t\ntime: {tick: 10s, end: 400s}\n"
        "datacenter: {hosts: [{class: s, count: 3, cpu: {cores: 2}, memory: 16 GiB}]}\n"
        "workload: {vms: [{id: 1, group: g, vcpus: 2, memory: 1 GiB}, {id: 2, group: g, vcpus: 2, memory: 1 GiB}]}\n"
        "failures: {update_domains: 3, trace: {rows: [[90s, 25s, 67%]]}, recovery: {policy: in-place}, maintenance: {start: 100s, "
        "duration: 10s, drain: restart, retry: 5s, budget: 1}}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect(summary_of(sim, "maintenance_hosts") == 3);
    cr_expect(summary_of(sim, "maintenance_vms_stopped") == 0);
    vdc_simulation_close(sim);
}

Test(availability, warnings_come_before_failures) {
    /* Every failure is foreseen an hour before, and there is room elsewhere: nobody is ever down. */
    const char *processes = "    - {level: host, mtbf: 300h, repair: 10h}\n";
    vdc_simulation *sim = run_fleet(processes, "failures.warning={lead: 1h, evacuate: restart}");
    cr_expect(summary_of(sim, "failures") > 1000);
    cr_expect_float_eq(summary_of(sim, "warnings_true"), summary_of(sim, "failures"), 200);
    cr_expect_eq(summary_of(sim, "warnings_false"), 0);
    /* Only lives shorter than the warning's lead surprise; the VMs' new hosts may be such ones. */
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 0, 0.01 * summary_of(sim, "vm_up_s"));
    cr_expect(summary_of(sim, "vms_evacuated") > 100);
    vdc_simulation_close(sim);
    /* Recall and precision as asked for. */
    sim = run_fleet(processes, "failures.warning={lead: 1h, recall: 70%, precision: 40%, evacuate: restart}");
    double right = summary_of(sim, "warnings_true"), wrong = summary_of(sim, "warnings_false"), failures = summary_of(sim, "failures");
    cr_expect_float_eq(right / failures, 0.7, 4 * sqrt(0.21 / failures));
    cr_expect_float_eq(right / (right + wrong), 0.4, 0.02);
    vdc_simulation_close(sim);
}

Test(availability, a_run_without_hope_ends) {
    /* Both VMs want all of a host for ever or an hour; host 0 fails again and again. The one that will never end keeps no run alive. */
    vdc_simulation *sim = run_text(HEAD "datacenter: {hosts: [{class: s, count: 2, cpu: {cores: 4}, memory: 16 GiB}]}\n"
                                   "workload: {vms: [{id: 1, vcpus: 4, memory: 1 GiB}, {id: 2, vcpus: 4, memory: 1 GiB}, {id: 3, vcpus: 4, "
        "memory: 1 GiB}]}\n"
                                   "failures: {processes: [{level: host, mtbf: 10h, repair: 5h}]}\n", NULL, NULL);
    cr_expect_eq(summary_of(sim, "vms_queued"), 1);
    vdc_simulation_close(sim);
    /* One that will end is waited for until it has. */
    sim = run_text(HEAD "datacenter: {hosts: [{class: s, count: 1, cpu: {cores: 4}, memory: 16 GiB}]}\n"
                   "workload: {vms: [{id: 1, vcpus: 4, memory: 1 GiB, lifetime: 8h}]}\n"
                   "failures: {processes: [{level: host, mtbf: 10h, repair: 5h}]}\nseed: 3\n", NULL, NULL);
    cr_expect_eq(summary_of(sim, "vms_completed"), 1);
    vdc_simulation_close(sim);
    /* One for which the reserve leaves no room will never be placed. */
    sim = run_text(HEAD "datacenter: {hosts: [{class: s, count: 1, cpu: {cores: 4}, memory: 16 GiB}]}\n"
                   "workload: {vms: [{id: 1, vcpus: 4, memory: 1 GiB, lifetime: 8h}]}\n"
                   "failures: {processes: [{level: host, mtbf: 10h, repair: 5h}], reserve: {hosts: 1}}\n", NULL, NULL);
    cr_expect_eq(summary_of(sim, "vms_queued"), 1);
    vdc_simulation_close(sim);
}

Test(availability, what_is_wrong_is_refused) {
#define ONE_VM "workload: {vms: [{id: 1, vcpus: 1, memory: 1 GiB, lifetime: 1h}]}\n"
#define WRONG(failures, message) refuse_text(HEAD TWO_HOSTS ONE_VM "failures: " failures "\n", message)
    WRONG("{processes: [{level: host, repair: 1h}]}", "neither mtbf nor scale");
    WRONG("{processes: [{level: host, mtbf: 1h, scale: 1h, repair: 1h}]}", "mtbf and scale");
    WRONG("{processes: [{level: rack, mtbf: 1h, repair: 1h}]}", "datacenter.topology is not given");
    WRONG("{processes: [{level: rack-unit, mtbf: 1h, repair: 1h}]}", "level");
    WRONG("{processes: [{level: host, mtbf: 0s, repair: 1h}]}", "mtbf");
    WRONG("{processes: [{level: host, mtbf: 1h, repair: 1h, kills: 120%}]}", "kills");
    WRONG("{processes: {level: host}}", "a list of");
    WRONG("{warning: {lead: 1h}}", "no failures.processes");
    WRONG("{reserve: {hosts: 1, share: 5%}}", "hosts and share");
    WRONG("{reserve: {}}", "neither hosts nor share");
    WRONG("{recovery: {checkpoint: young}}", "needs failures.processes");
    WRONG("{maintenance: {start: 1h}}", "duration");
    WRONG("{groups: [{group: web}]}", "up");
}

/* --- with booting and live migration --- */

Test(availability, a_vm_is_up_when_it_has_booted) {
    /* Boots for 20 s at its start and again after the failure at 100 s, which is noticed after 30 s: absent to 20, up to 100, down to 150. */
    const char *text = HEAD TWO_HOSTS "workload: {vms: [{id: 1, vcpus: 4, memory: 1 GiB, lifetime: 300s}]}\nlifecycle: {boot: 20s}\n"
        "failures: {trace: {rows: [[100s, 500s, 50%]]}, recovery: {policy: elsewhere}}\n";
    vdc_simulation *sim = run_text(text, "seed=1", NULL);
    for (int seed = 2; summary_of(sim, "interruptions") == 0 && seed < 9; seed++) { /* one that hits the VM's host */
        char set[20];
        snprintf(set, sizeof set, "seed=%d", seed);
        vdc_simulation_close(sim);
        sim = run_text(text, set, NULL);
    }
    cr_expect_eq(summary_of(sim, "interruptions"), 1);
    cr_expect_float_eq(summary_of(sim, "vm_down_s"), 50, 1e-9);
    cr_expect_float_eq(summary_of(sim, "vm_up_s"), summary_of(sim, "end_s") - 20 - 50, 1e-9);
    vdc_simulation_close(sim);
}

Test(availability, hosts_are_drained_by_migration) {
    /* 1 GiB at 1 GiB/s and nothing written: a migration takes a second or so and no VM is ever down. */
    const char *text = "vdcsim: 1\nname: t\ntime: {tick: 10s, end: 600s}\n"
        "datacenter: {hosts: [{class: s, count: 4, cpu: {cores: 4}, memory: 16 GiB}]}\n"
        "workload: {vms: [{id: 1, vcpus: 2, memory: 1 GiB}, {id: 2, vcpus: 2, memory: 1 GiB}, {id: 3, vcpus: 2, memory: 1 GiB}]}\n"
        "migration: {bandwidth: 1 GB/s, dirty_rate: 0 B/s}\n"
        "failures: {update_domains: 2, maintenance: {start: 100s, duration: 60s, drain: migrate, deadline: 1h, retry: 2s}}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_eq(summary_of(sim, "maintenance_hosts"), 4);
    cr_expect_eq(summary_of(sim, "maintenance_vms_stopped"), 0);
    cr_expect_eq(summary_of(sim, "interruptions"), 0);
    cr_expect(summary_of(sim, "migrations_done") >= 4);
    cr_expect_eq(summary_of(sim, "maintenance_vms_moved"), summary_of(sim, "migrations"));
    cr_expect_float_eq(summary_of(sim, "vm_down_planned_s"), 0, 1e-9);
    vdc_simulation_close(sim);
    /* A deadline that comes while memory is copied: the VMs are stopped and go on elsewhere. */
    sim = run_text(text, "failures.maintenance.deadline=100ms", NULL);
    cr_expect(summary_of(sim, "maintenance_vms_stopped") >= 2);
    cr_expect_eq(summary_of(sim, "maintenance_hosts"), 4);
    vdc_simulation_close(sim);
}

Test(availability, warned_hosts_are_left_by_migration) {
    const char *processes = "    - {level: host, mtbf: 300h, repair: 10h}\n";
    vdc_simulation *sim = run_fleet(processes, "failures.warning={lead: 1h, evacuate: migrate}");
    cr_expect(summary_of(sim, "migrations_done") > 100);
    cr_expect(summary_of(sim, "interruptions") < 0.05 * summary_of(sim, "migrations_done"));
    vdc_simulation_close(sim);
}

/* The memory alarm goes by what is held and what is there at the same instant: 6 of 10 GiB on every host that is up, also in the tick in which one of the
 * two fails or comes back. */
Test(availability, the_memory_alarm_and_hosts_that_fail) {
    const char *text = "vdcsim: 1\ntime: {end: 1h, tick: 10min}\ndatacenter: {hosts: [{count: 2, cpu: {cores: 8, speed: 2 GHz}, memory: 10 GiB}]}\n"
                       "workload: {vms: [{id: 1, vcpus: 2, memory: 6 GiB}, {id: 2, vcpus: 2, memory: 6 GiB}]}\n"
                       "failures: {trace: {rows: [[25min, 25min, 50%]]}, recovery: {policy: none}}\nalarms: {memory: 61%}\n";
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_eq(summary_of(sim, "alarms"), 0);
    vdc_simulation_close(sim);
    sim = run_text(text, "alarms.memory=59%", NULL);
    cr_expect_eq(summary_of(sim, "alarms"), 1); /* over at 50 min, when the host is back and the VM is not */
    vdc_simulation_close(sim);
}
