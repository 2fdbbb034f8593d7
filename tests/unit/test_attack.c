/* The co-residency attack: its measures against the table of VMs, compared pair by pair, against theory, and by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/result.h"
#include "sim/base/memory.h"
#include "tests/support/runs.h"

#define HEAD "vdcsim: 1\nname: attack\nseed: 3\n"

static vdc_simulation *run(const char *text, const char *policy, const char *output) {
    char set[96];
    snprintf(set, sizeof set, "schedulers.placement.policy=%s", policy);
    return run_text(text, set, output);
}

/* ---- by hand ---- */

/* Two hosts of two threads. The bank's VM is on host 0 with room for one more; first-fit sends the first launch (10 s) there, the second (20 s) to
 * host 1. `shop` (15 s) comes to host 1, where the second launch meets it. The third launch finds no room. */
Test(attack, three_launches_by_hand) {
    vdc_simulation *sim = run(HEAD "time: {end: 100s}\n"
        "datacenter: {hosts: [{count: 2, cpu: {cores: 2}, memory: 8 GiB}]}\n"
        "workload: {vms: [{tenant: bank, vcpus: 1, lifetime: 90s}, {tenant: shop, arrival: 15s, vcpus: 1, lifetime: 50s}]}\n"
        "attack: {tenant: eve, targets: [bank], launches: {start: 10s, interval: 10s, count: 3, vcpus: 1, lifetime: 30s}}\n"
        "schedulers: {admission: {timeout: 0s}}\n", "first-fit", NULL);
    cr_expect_eq(summary_of(sim, "attack_launches"), 3);
    cr_expect_eq(summary_of(sim, "attack_launches_placed"), 2);
    cr_expect_eq(summary_of(sim, "attack_hits"), 1);
    cr_expect_eq(summary_of(sim, "attack_launches_to_first_hit"), 1);
    cr_expect_eq(summary_of(sim, "attack_targets"), 1);
    cr_expect_eq(summary_of(sim, "attack_targets_met"), 1);
    cr_expect_float_eq(summary_of(sim, "attack_efficiency"), 1.0 / 3, 1e-15);
    cr_expect_eq(summary_of(sim, "attack_coverage"), 1);
    cr_expect_eq(summary_of(sim, "colocation_resistance"), 0); /* both met it */
    /* bank and eve 30 s on host 0; shop from 15 s and eve from 20 to 50 s on host 1 */
    cr_expect_eq(summary_of(sim, "exposure_host_pair_s"), 60);
    vdc_simulation_close(sim);
}

Test(attack, dedicated_targets_are_never_met) {
    vdc_simulation *sim = run(HEAD "time: {end: 100s}\n"
        "datacenter: {hosts: [{count: 3, cpu: {cores: 8}, memory: 8 GiB}]}\n"
        "workload: {vms: [{tenant: bank, vcpus: 1}, {tenant: shop, vcpus: 1}]}\n"
        "attack: {tenant: eve, targets: [bank], launches: {start: 10s, count: 20, at_once: 20, vcpus: 0.5}}\n"
        "isolation: {rules: [{rule: dedicated-host, tenants: [bank]}]}\n", "first-fit", NULL);
    cr_expect_eq(summary_of(sim, "attack_hits"), 0);
    cr_expect_eq(summary_of(sim, "attack_launches_to_first_hit"), 0);
    cr_expect_eq(summary_of(sim, "attack_coverage"), 0);
    cr_expect_eq(summary_of(sim, "colocation_resistance"), 0.5); /* the shop was met, the bank was not */
    vdc_simulation_close(sim);
}

/* ---- against the table of VMs ---- */

typedef struct vm_row {
    int64_t host, met, met_tenants;
    double start, end, exposure, first_meeting;
    char *tenant;
} vm_row;

typedef struct vm_table {
    vm_row *rows;
    size_t count;
} vm_table;

static vm_table read_vms(const char *path) {
    vdc_diag diag = {0};
    vdc_result *result;
    cr_assert_eq(vdc_result_open(&result, path, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    vdc_result_shape shape;
    cr_assert(vdc_result_dataset(result, "/vms/id", &shape));
    size_t n = shape.rows;
    vm_row *rows = calloc(n, sizeof *rows);
    double *reals = calloc(n, sizeof *reals);
    int64_t *integers = calloc(n, sizeof *integers);
    char **texts = calloc(n, sizeof *texts);
    cr_assert(rows && reals && integers && texts);
#define READ(path, kind, buffer, member) \
    cr_assert_eq(vdc_result_read_##kind(result, path, 0, n, buffer, &diag), VDC_OK); \
    for (size_t i = 0; i < n; i++) rows[i].member = buffer[i]
    READ("/vms/host", integers, integers, host);
    READ("/vms/met_attacker", integers, integers, met);
    READ("/vms/tenants_met", integers, integers, met_tenants);
    READ("/vms/start", reals, reals, start);
    READ("/vms/end", reals, reals, end);
    READ("/vms/exposure_pair_s", reals, reals, exposure);
    READ("/vms/first_meeting", reals, reals, first_meeting);
    READ("/vms/tenant", texts, texts, tenant);
#undef READ
    vdc_result_close(result);
    vdc_diag_clear(&diag);
    free(reals);
    free(integers);
    free(texts);
    return (vm_table){rows, n};
}

static void free_vms(vm_table *table) {
    for (size_t i = 0; i < table->count; i++) vdc_free(table->rows[i].tenant);
    free(table->rows);
}

/* Seconds that two VMs were on one host. */
static double together(const vm_row *a, const vm_row *b, double end_of_run) {
    if (a->host < 0 || a->host != b->host) return 0;
    double begin = fmax(a->start, b->start), end = fmin(isnan(a->end) ? end_of_run : a->end, isnan(b->end) ? end_of_run : b->end);
    return end > begin ? end - begin : 0;
}

static bool is(const vm_row *vm, const char *tenant) { return strcmp(vm->tenant, tenant) == 0; }

static void compare(const char *policy) {
    static const char text[] = HEAD "time: {end: 2h}\n"
        "datacenter: {hosts: [{count: 12, cpu: {cores: 8}, memory: 32 GiB}]}\n"
        "workload:\n"
        "  generate: {count: 150, arrivals: {dist: exponential, mean: 30s}, lifetime: {dist: exponential, mean: 20min}, "
        "flavors: [{vcpus: 1, memory: 1 GiB, weight: 2}, {vcpus: 3, memory: 4 GiB}], tenants: {count: 6, zipf: 1}}\n"
        "attack: {tenant: eve, targets: [tenant-2, tenant-5], "
        "launches: {start: 10min, interval: 2min, at_once: 2, count: 60, vcpus: 1, memory: 1 GiB, lifetime: 7min}}\n";
    char path[64];
    snprintf(path, sizeof path, "/tmp/vdcsim-attack-%ld.h5", (long)getpid());
    vdc_simulation *sim = run(text, policy, path);
    double end = summary_of(sim, "end_s");
    vm_table table = read_vms(path);
    int64_t launches = 0, hits = 0, targets = 0, targets_met = 0, others = 0, others_met = 0;
    double exposure = 0;
    for (size_t i = 0; i < table.count; i++) {
        const vm_row *vm = &table.rows[i];
        bool attacker = is(vm, "eve"), target = is(vm, "tenant-2") || is(vm, "tenant-5"), met = false;
        double beside = 0, first = NAN;
        char seen[16][24];
        int64_t tenants = 0;
        for (size_t j = 0; j < table.count; j++) {
            const vm_row *other = &table.rows[j];
            double time = together(vm, other, end);
            if (j == i || time <= 0 || strcmp(vm->tenant, other->tenant) == 0) continue;
            beside += time;
            double meeting = fmax(vm->start, other->start) - vm->start;
            if (isnan(first) || meeting < first) first = meeting;
            met = met || (attacker ? is(other, "tenant-2") || is(other, "tenant-5") : is(other, "eve"));
            bool known = false;
            for (int64_t k = 0; k < tenants; k++) known = known || strcmp(seen[k], other->tenant) == 0;
            if (!known) snprintf(seen[tenants++], sizeof *seen, "%s", other->tenant);
        }
        cr_expect_eq(vm->met, met, "%s: VM %zu: met says %lld", policy, i, (long long)vm->met);
        cr_expect_eq(vm->met_tenants, tenants, "%s: VM %zu met %lld tenants, not %lld", policy, i, (long long)tenants, (long long)vm->met_tenants);
        cr_expect(fabs(vm->exposure - beside) <= 1e-6, "%s: VM %zu: exposure %g, not %g", policy, i, beside, vm->exposure);
        cr_expect(isnan(first) ? isnan(vm->first_meeting) : fabs(vm->first_meeting - first) <= 1e-6, "%s: VM %zu: first meeting", policy, i);
        exposure += beside;
        launches += attacker;
        hits += attacker && met;
        if (attacker || vm->host < 0) continue;
        others++, others_met += met;
        targets += target, targets_met += target && met;
    }
    cr_expect_eq(launches, 60);
    cr_expect_eq(summary_of(sim, "attack_hits"), (double)hits, "%s: %lld hits", policy, (long long)hits);
    cr_expect_eq(summary_of(sim, "attack_targets"), (double)targets);
    cr_expect_eq(summary_of(sim, "attack_targets_met"), (double)targets_met);
    cr_expect_float_eq(summary_of(sim, "attack_efficiency"), (double)hits / 60, 1e-15);
    cr_expect_float_eq(summary_of(sim, "colocation_resistance"), 1 - (double)others_met / (double)others, 1e-15);
    cr_expect(fabs(2 * summary_of(sim, "exposure_host_pair_s") - exposure) <= 1e-6 * exposure);
    cr_assert(exposure > 0 && targets > 0);
    vdc_simulation_close(sim);
    free_vms(&table);
    remove(path);
}

Test(attack, every_measure_follows_from_the_table_of_vms) {
    static const char *const policies[] = {"first-fit", "worst-fit", "random-fit", "pssf"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) compare(policies[i]);
}

/* ---- theory ---- */

/* random-fit with room everywhere: each launch hits the one host of 20 that holds the target with probability 1/20, independently. */
Test(attack, random_placement_hits_one_in_n) {
    vdc_simulation *sim = run(HEAD "time: {end: 1h}\n"
        "datacenter: {hosts: [{count: 20, cpu: {cores: 64}, memory: 8 GiB}]}\n"
        "workload: {vms: [{tenant: bank, vcpus: 1}]}\n"
        "attack: {tenant: eve, targets: [bank], launches: {start: 1s, interval: 1s, count: 2000, vcpus: 0.001, lifetime: 10s}}\n", "random-fit", NULL);
    double n = 2000, p = 1.0 / 20, hits = summary_of(sim, "attack_hits");
    cr_expect(fabs(hits - n * p) < 4 * sqrt(n * p * (1 - p)), "%g hits; binomial: %g", hits, n * p);
    vdc_simulation_close(sim);
}

/* ---- bad input ---- */

static void refused(const char *attack, const char *message) {
    char text[1024];
    snprintf(text, sizeof text, HEAD "datacenter: {hosts: [{cpu: {cores: 2}, memory: 1 GiB}]}\nworkload: {vms: [{vcpus: 1}]}\nattack: %s\n", attack);
    refuse_text(text, message);
}

Test(attack, what_is_wrong_is_said) {
    refused("{}", "tenant");
    refused("{tenant: eve, targets: [], launches: {vcpus: 1}}", "targets: found an empty list");
    refused("{tenant: eve, targets: bank, launches: {vcpus: 1}}", "a list of tenants");
    refused("{tenant: eve, targets: [bank, eve], launches: {vcpus: 1}}", "the attacker itself");
    refused("{tenant: \"\", targets: [bank], launches: {vcpus: 1}}", "empty name");
    refused("{tenant: eve, targets: [bank]}", "launches");
    refused("{tenant: eve, targets: [bank], launches: {vcpus: 1, cuont: 3}}", "count");
    refused("{tenant: eve, targets: [bank], launches: {vcpus: 1, at_once: 0}}", "at_once");
    refused("{tenant: eve, targets: [bank], launches: 5}", "attack: launches");
}
