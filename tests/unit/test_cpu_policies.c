/* CPU schedulers: what each one makes of small hosts, and the parameter mappings of the front-ends (models.md 4.1.2).
 */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "schedulers/registry.h"
#include "tests/support/tree.h"

enum { MOST = 8 };

static vdc_policy_instance open_policy(const char *text) {
    static vdc_arena arena;
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    vdc_code code = vdc_policy_open(VDC_CPU_SHARING, test_tree(&arena, text), "fair-share", NULL, &instance, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", text, diag.count ? diag.messages[0].text : "");
    return instance;
}

typedef struct wanted {
    int64_t demand, nominal, weight, reservation;
    int32_t priority;
    int64_t grant;
} wanted;

static void check(const char *text, int64_t capacity, const wanted *vms, uint32_t count) {
    vdc_policy_instance instance = open_policy(text);
    vdc_cpu_entry entries[MOST];
    _Alignas(max_align_t) char scratch[4096];
    cr_assert(count <= MOST && instance.policy->cpu.scratch_size(count) <= sizeof scratch);
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = (vdc_cpu_entry){.demand = vms[i].demand, .nominal = vms[i].nominal, .limit = VDC_UNLIMITED,
                                     .weight = vms[i].weight,
                                     .reservation = vms[i].reservation, .priority = vms[i].priority, .id = (int64_t)i};
    }
    instance.policy->cpu.share(instance.state, capacity, entries, count, scratch);
    for (uint32_t i = 0; i < count; i++)
        cr_expect_eq(entries[i].grant, vms[i].grant, "%s: VM %u got %" PRId64 ", expected %" PRId64, text, i, entries[i].grant,
                     vms[i].grant);
    vdc_policy_close(&instance);
}
#define CHECK(text, capacity, ...) \
    do { \
        const wanted vms[] = {__VA_ARGS__}; \
        check(text, capacity, vms, sizeof vms / sizeof vms[0]); \
    } while (0)

Test(cpu_policies, strict_priority) {
    const char *policy = "{policy: strict-priority}";
    CHECK(policy, 1000, {600, 600, 1, 0, 0, 0}, {600, 600, 1, 0, 1, 400}, {600, 600, 1, 0, 2, 600});
    CHECK(policy, 1000, {900, 900, 1, 0, 1, 300}, {900, 900, 2, 0, 1, 600}, {100, 100, 1, 0, 5, 100}, {50, 50, 9, 0, -7, 0});
    /* A reservation of a lower class holds; what it does not use is lent. */
    CHECK(policy, 1000, {500, 500, 1, 200, 0, 200}, {900, 900, 1, 0, 1, 800});
    CHECK(policy, 1000, {50, 500, 1, 200, 0, 50}, {980, 980, 1, 0, 1, 950});
    CHECK(policy, 1000, {100, 500, 1, 0, 0, 100}, {300, 300, 1, 0, 1, 300});
    /* Reservations beyond the host: the higher class first. */
    CHECK(policy, 100, {90, 90, 1, 90, 0, 20}, {80, 90, 1, 80, 1, 80});
}

Test(cpu_policies, space_shared) {
    const char *policy = "{policy: space-shared}";
    CHECK(policy, 4000, {500, 2000, 1, 0, 0, 500}, {2000, 2000, 1, 0, 0, 2000}, {100, 1000, 1, 0, 9, 0});
    CHECK(policy, 4000, {3000, 3000, 1, 0, 0, 3000}, {2000, 2000, 1, 0, 0, 0}, {1000, 1000, 1, 0, 0, 1000});
    CHECK(policy, 4000, {9000, 9000, 1, 0, 0, 4000}, {100, 1000, 1, 0, 0, 0}); /* larger than the host */
}

typedef struct mapped {
    int64_t weight, reservation, limit;
} mapped;

/* The request: 2.5 vCPUs on 2 GHz threads. */
static void check_map(const char *text, int32_t priority, int64_t weight, int64_t reservation, int64_t limit, mapped expected) {
    vdc_policy_instance instance = open_policy(text);
    vdc_request request = {.size[VDC_CPU] = 2500, .priority = priority, .cpu_weight = weight, .cpu_reservation = reservation,
                           .cpu_limit = limit, .id = 3};
    vdc_cpu_entry entry;
    instance.policy->cpu.map(instance.state, &request, 2000000000, &entry);
    cr_expect(entry.weight == expected.weight && entry.reservation == expected.reservation && entry.limit == expected.limit,
              "%s: weight %" PRId64 " reservation %" PRId64 " limit %" PRId64, text, entry.weight, entry.reservation,
              entry.limit);
    cr_expect_eq(entry.nominal, 5000000000);
    cr_expect_eq(entry.id, 3);
    vdc_policy_close(&instance);
}

#define NONE VDC_UNLIMITED

Test(cpu_policies, front_ends_map_their_parameters) {
    const int64_t GHz = 1000000000;
    check_map("{policy: vmware}", 0, NONE, GHz, 3 * GHz, (mapped){1250, GHz, 3 * GHz});
    check_map("{policy: vmware}", 1, NONE, 0, NONE, (mapped){2500, 0, NONE});
    check_map("{policy: vmware, high: 4000}", 7, NONE, 0, NONE, (mapped){10000, 0, NONE});
    check_map("{policy: vmware}", 1, 17, 0, NONE, (mapped){17, 0, NONE});
    check_map("{policy: xen-credit}", 1, NONE, GHz, NONE, (mapped){256, 0, NONE});
    check_map("{policy: xen-credit, weight: 512, cap: 150}", 1, NONE, 0, NONE, (mapped){512, 0, 3 * GHz});
    check_map("{policy: xen-credit, cap: 150}", 1, 70000, 0, GHz, (mapped){65535, 0, GHz});
    check_map("{policy: cgroup}", 1, NONE, GHz, NONE, (mapped){100, 0, NONE});
    check_map("{policy: cgroup, weight: 7, quota: 50ms}", 1, NONE, 0, NONE, (mapped){7, 0, GHz});
    check_map("{policy: cgroup, quota: 30ms, period: 20ms}", 1, 99999, 0, NONE, (mapped){10000, 0, 3 * GHz});
    check_map("{policy: cfs-nice}", 1, NONE, 0, NONE, (mapped){1024, 0, NONE});
    check_map("{policy: cfs-nice}", 0, NONE, 0, NONE, (mapped){336, 0, NONE});  /* 1024 / 1.25^5 = 335.5 */
    check_map("{policy: cfs-nice}", 2, NONE, 0, NONE, (mapped){3125, 0, NONE}); /* 1024 x 1.25^5 */
    check_map("{policy: cfs-nice, low: 19}", 0, NONE, 0, NONE, (mapped){15, 0, NONE});
    check_map("{policy: cfs-nice, high: -20}", 2, NONE, 0, NONE, (mapped){88818, 0, NONE});
    check_map("{policy: cfs-nice}", 2, 5, 0, NONE, (mapped){5, 0, NONE});
    /* Guaranteed: reservation = limit; Burstable: 1024 shares per requested CPU; BestEffort: 2 shares. */
    check_map("{policy: kubevirt}", 1, NONE, 4 * GHz, 4 * GHz, (mapped){2048, 4 * GHz, 4 * GHz});
    check_map("{policy: kubevirt}", 1, NONE, 0, 3 * GHz, (mapped){1536, 3 * GHz, 3 * GHz});
    check_map("{policy: kubevirt}", 1, NONE, GHz, 3 * GHz, (mapped){512, GHz, 3 * GHz});
    check_map("{policy: kubevirt}", 1, NONE, 0, NONE, (mapped){256, GHz / 2, NONE}); /* a tenth of 2.5 vCPUs */
    check_map("{policy: kubevirt, allocation_ratio: none}", 1, NONE, 0, NONE, (mapped){2, 0, NONE});
    check_map("{policy: equal-share}", 2, 900, GHz, GHz, (mapped){1, 0, GHz});
}
