/* Placement composed in YAML: filters, weighers and rules over small fleets whose answer is plain to see.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "schedulers/placement/quantity.h"
#include "tests/support/fleet.h"
#include "tests/support/replay.h"
#include "tests/support/tree.h"

/* Four hosts of 16 vCPUs and 64 GiB. Free: 16/64, 8/48, 8/16, 4/60; VMs: 0, 2, 1, 3. */
static void open_hosts(vdc_hosts *hosts) {
    static const int64_t cpu[] = {16, 8, 8, 4}, memory[] = {64, 48, 16, 60};
    static const uint32_t vms[] = {0, 2, 1, 3};
    fleet_open(hosts, &(fleet_class){.count = 4, .cores = 16, .gib = 64}, 1);
    for (int h = 0; h < 4; h++) {
        hosts->free[VDC_CPU][h] = cpu[h] * 1000;
        hosts->free[VDC_MEMORY][h] = memory[h] * GIB;
        hosts->vms[h] = vms[h];
    }
}

static int64_t place(const char *policy, int64_t cores, int64_t gib) {
    vdc_hosts hosts;
    test_replay replay;
    open_hosts(&hosts);
    replay_open(&replay, &hosts, policy, "auto");
    vdc_request request = fleet_request(cores, gib);
    request.lifetime = VDC_FOREVER;
    int64_t host = replay_arrive(&replay, &request);
    replay_close(&replay);
    vdc_hosts_destroy(&hosts);
    return host;
}

Test(composed_placement, weighers_are_normalised_over_the_candidates) {
    cr_expect_eq(place("{policy: filter-weigh}", 2, 2), 0); /* nothing weighs: the lowest id */
    cr_expect_eq(place("{policy: filter-weigh, weighers: [memory]}", 2, 2), 0);
    /* a negative multiplier wins */
    cr_expect_eq(place("{policy: filter-weigh, weighers: [{by: memory, multiplier: -1}]}", 2, 2), 2);
    cr_expect_eq(place("{policy: filter-weigh, weighers: [{by: vms, multiplier: 1}]}", 2, 2), 3);
    /* memory 1, 2/3, 0, 11/12; vms 0, 2/3, 1/3, 1: the sum is largest on host 3 */
    cr_expect_eq(place("{policy: filter-weigh, weighers: [memory, vms]}", 2, 2), 3);
    /* with vms counting a quarter: 1, 10/12, 1/12, 14/12; a tenth: 1, 44/60, 2/60, 61/60; a twentieth: 1, .7, .017, .967 */
    cr_expect_eq(place("{policy: filter-weigh, weighers: [memory, {by: vms, multiplier: 0.1}]}", 2, 2), 3);
    cr_expect_eq(place("{policy: filter-weigh, weighers: [memory, {by: vms, multiplier: 0.05}]}", 2, 2), 0);
    /* Only those with room count: 5 vCPUs do not fit on host 3, nor 20 GiB on host 2. Then vms is 0 and 1. */
    cr_expect_eq(place("{policy: filter-weigh, weighers: [memory, {by: vms, multiplier: 1.1}]}", 5, 20), 1);
    cr_expect_eq(place("{policy: filter-weigh, weighers: [{policy: best-fit, norm: memory}]}", 2, 2), 2);
    cr_expect_eq(place("{policy: filter-weigh, weighers: [{policy: best-fit, norm: memory, multiplier: -3}]}", 2, 2), 0);
}

Test(composed_placement, filters_leave_hosts_out) {
    cr_expect_eq(place("{policy: filter-weigh, filters: [{by: vms, at_least: 1}]}", 2, 2), 1);
    cr_expect_eq(place("{policy: filter-weigh, filters: [{by: vms, at_least: 1, at_most: 1}]}", 2, 2), 2);
    /* Not within the condition, whose words Criterion takes for a format. */
    static const char quarter[] = "{policy: filter-weigh, filters: [{by: cpu-share, at_most: 25%}]}";
    cr_expect_eq(place(quarter, 2, 2), 3);
    cr_expect_eq(place("{policy: filter-weigh, filters: [{by: vms, at_least: 1}, {by: memory, at_least: 50}], weighers: [cpu]}",
                       2, 2), 3);
    cr_expect_eq(place("{policy: filter-weigh, filters: [{by: vms, at_least: 4}]}", 2, 2), -1);
    /* a score as a filter */
    cr_expect_eq(place("{policy: filter-weigh, filters: [{policy: best-fit, at_least: -0.1}]}", 3, 2), 3);
}

/* One of the two heaviest of four, all about equally often, the others never. */
Test(composed_placement, a_random_one_of_the_heaviest) {
    vdc_hosts hosts;
    test_replay replay;
    open_hosts(&hosts);
    replay_open(&replay, &hosts, "{policy: filter-weigh, weighers: [memory], subset: 2}", "auto");
    static vdc_request requests[1000];
    int counts[4] = {0};
    for (int i = 0; i < 1000; i++) {
        requests[i] = fleet_request(1, 1);
        requests[i].arrival = 2 * i, requests[i].lifetime = 1;
        counts[replay_arrive(&replay, &requests[i])]++;
    }
    cr_expect_eq(counts[0] + counts[3], 1000);
    cr_expect(counts[0] > 420 && counts[0] < 580, "%d of 1000", counts[0]); /* 500 with a standard deviation of 16 */
    replay_close(&replay);
    vdc_hosts_destroy(&hosts);
}

Test(composed_placement, later_rules_break_ties_of_earlier_ones) {
    cr_expect_eq(place("{policy: rules, rules: []}", 2, 2), 0);
    cr_expect_eq(place("{policy: rules, rules: [used]}", 2, 2), 1);
    cr_expect_eq(place("{policy: rules, rules: [used, {by: cpu, order: smallest}]}", 2, 2), 3);
    cr_expect_eq(place("{policy: rules, rules: [{by: used, order: smallest}, {by: cpu, order: smallest}]}", 2, 2), 0);
    cr_expect_eq(place("{policy: rules, rules: [used, {by: cpu, order: largest}, {by: memory, order: smallest}]}", 2, 2), 2);
    /* In steps of 10 vCPUs hosts 1, 2 and 3 are alike. */
    cr_expect_eq(place("{policy: rules, rules: [{by: cpu, order: smallest, step: 10}, memory]}", 2, 2), 3);
    cr_expect_eq(place("{policy: rules, rules: [{by: cpu, order: smallest}, memory]}", 5, 2), 1);
    static const char steps[] = "{policy: rules, rules: [{policy: best-fit, norm: cpu, step: 50%}, {by: vms}]}";
    cr_expect_eq(place(steps, 2, 2), 3);
    cr_expect_eq(place("{policy: rules, rules: [used]}", 17, 2), -1);
}

/* A policy inside that chooses devices does so also here. */
Test(composed_placement, devices_of_the_policies_inside) {
    static const vdc_gpu_shape shape = {.cpu = 1000, .gpu_milli = 500, .gpu_count = 1, .probability = 1};
    static const vdc_gpu_mix mix = {&shape, 1};
    static const char *const policies[] = {"{policy: fgd}", "{policy: rules, rules: [{policy: fgd}]}",
                                           "{policy: filter-weigh, weighers: [{policy: fgd}]}"};
    for (int p = 0; p < 3; p++) {
        vdc_hosts hosts;
        test_replay replay;
        fleet_open(&hosts, &(fleet_class){.count = 1, .cores = 8, .gib = 8, .gpus = 2}, 1);
        hosts.gpu_free[0] = 650, hosts.free[VDC_GPU][0] = 1650;
        /* 300 of device 0 (the default: the fullest) would leave 350, too little for a typical VM of 500; device 1 keeps 700. */
        replay_open_mix(&replay, &hosts, policies[p], "auto", &mix);
        vdc_request request = {.gpu_count = 1, .gpu_milli = 300, .size[VDC_GPU] = 300, .lifetime = VDC_FOREVER};
        cr_expect_eq(replay_arrive(&replay, &request), 0);
        cr_expect(hosts.gpu_free[0] == 650 && hosts.gpu_free[1] == 700, "%s: %d and %d left", policies[p], hosts.gpu_free[0],
                  hosts.gpu_free[1]);
        replay_close(&replay);
        vdc_hosts_destroy(&hosts);
    }
}

static void refuses(const char *text, const char *part) {
    static vdc_arena arena;
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_policy_open(VDC_PLACEMENT, test_tree(&arena, text), NULL, NULL, &instance, &diag), VDC_ERROR_INPUT, "%s",
                 text);
    cr_expect(strstr(diag.messages[0].text, part), "%s: '%s' lacks '%s'", text, diag.messages[0].text, part);
    cr_expect(!strncmp(diag.messages[0].text, "test:1:", 7), "%s: no place in '%s'", text, diag.messages[0].text);
    vdc_diag_clear(&diag);
}

Test(composed_placement, mistakes_are_named) {
    refuses("{policy: rules}", "'rules' is missing");
    refuses("{policy: rules, rules: used}", "allowed: a list");
    refuses("{policy: rules, rules: [usde]}", "did you mean 'used'");
    refuses("{policy: rules, rules: [[used]]}", "'by' and 'policy'");
    refuses("{policy: rules, rules: [{by: used, policy: best-fit}]}", "'by' and 'policy'");
    refuses("{policy: rules, rules: [{by: used, multiplier: 2}]}", "unknown key 'multiplier'");
    refuses("{policy: rules, rules: [{policy: best-fit, nrom: l2}]}", "unknown key 'nrom'");
    refuses("{policy: rules, rules: [{policy: first-fit}]}", "gives no score");
    refuses("{policy: rules, rules: [{policy: rules, rules: [used]}]}", "gives no score");
    refuses("{policy: rules, rules: [{by: used, step: -1}]}", "negative");
    refuses("{policy: filter-weigh, filters: [{by: vms, at_most: many}]}", "the text 'many'");
    refuses("{policy: filter-weigh, weighers: [memory, {by: vms, multiplier: x}]}", "the text 'x'");
    refuses("{policy: filter-weigh, subset: 0}", "too small");
    /* All mistakes of a list at once. */
    static vdc_arena arena;
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    const vdc_node *node = test_tree(&arena, "{policy: filter-weigh, filters: [x, {policy: no}], weighers: [y, vms, 7]}");
    cr_assert_eq(vdc_policy_open(VDC_PLACEMENT, node, NULL, NULL, &instance, &diag), VDC_ERROR_INPUT);
    cr_expect_eq(diag.errors, 4);
    vdc_diag_clear(&diag);
}

/* What each quantity says of one host: 16 threads of 2.5 GHz, 64 GiB, 2 GPUs; free are 6 vCPUs, 48 GiB, 10 GiB of disk and 1.25 GPUs. */
Test(composed_placement, every_quantity_says_what_the_host_has) {
    static const struct { const char *name; double value; } wanted[] = {
        {"cpu", 6}, {"memory", 48}, {"disk", 10}, {"gpu", 1.25}, {"cpu-share", 6.0 / 16}, {"memory-share", 0.75}, {"memory-per-cpu", 3},
        {"vms", 3}, {"used", 1}, {"speed", 2.5}, {"gpus", 2},
    };
    const vdc_host_class_view class = {.physical = {[VDC_CPU] = 16000, [VDC_MEMORY] = 64 * GIB}, .capacity = {[VDC_CPU] = 16000, [VDC_MEMORY] = 64 * GIB},
                                       .speed = 2500000000, .gpus = 2};
    vdc_host_view host = {.class_view = &class, .vms = 3, .free = {[VDC_CPU] = 6000, [VDC_MEMORY] = 48 * GIB, [VDC_DISK] = 10 * GIB, [VDC_GPU] = 1250}};
    size_t count = sizeof wanted / sizeof *wanted;
    for (size_t i = 0; vdc_quantity_rows[i].name; i++) {
        cr_assert(i < count && strcmp(vdc_quantity_rows[i].name, wanted[i].name) == 0, "%s: no value wanted", vdc_quantity_rows[i].name);
        cr_expect_float_eq(vdc_quantity_rows[i].value(&host), wanted[i].value, 1e-12, "%s", wanted[i].name);
    }
    cr_expect_null(vdc_quantity_rows[count].name);
    host.vms = 0;
    cr_expect_eq(vdc_quantity_rows[8].value(&host), 0);
}
