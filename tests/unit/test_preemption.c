/* Preemption: whom it takes on a host, and what becomes of them in whole runs, worked out by hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "schedulers/preemption.h"
#include "sim/base/memory.h"
#include "tests/support/draw.h"
#include "tests/support/fleet.h"
#include "tests/support/runs.h"

/* --- the choice on one host --- */

enum { MOST = 12 };

/* A host of `cores` on which VMs of the given vCPUs, priorities, ages and lost work run; whom a VM of high priority displaces, as
 * a bit mask. */
typedef struct running {
    int64_t cores;
    int32_t priority;
    int64_t ran, lost;
} running;

static unsigned displaced(int rule, int64_t cores, const running *vms, int count, int64_t wanted, vdc_victim_cost *cost) {
    vdc_hosts hosts;
    vdc_request requests[MOST], request = fleet_request(wanted, 1);
    vdc_victim candidates[MOST];
    vdc_preemption preemption = {.wanted = true, .rule = rule};
    fleet_open(&hosts, &(fleet_class){.count = 1, .cores = cores, .gib = 64}, 1);
    size_t candidate_count = 0;
    request.priority = 2;
    for (int i = 0; i < count; i++) {
        requests[i] = fleet_request(vms[i].cores, 1);
        requests[i].priority = vms[i].priority;
        requests[i].number = i;
        vdc_host_take(&hosts, 0, &requests[i], 0, 0);
        if (vdc_preemption_allows(&preemption, &request, &requests[i]))
            candidates[candidate_count++] = (vdc_victim){.slot = (uint32_t)i, .request = &requests[i], .ran = vms[i].ran,
                                                         .lost = vms[i].lost};
    }
    int64_t free = hosts.free[VDC_CPU][0];
    size_t victims = candidate_count ? vdc_preemption_choose(&preemption, &hosts, 0, &request, candidates, candidate_count, cost)
        : 0;
    cr_assert_eq(hosts.free[VDC_CPU][0], free); /* put back */
    cr_assert_eq(hosts.vms[0], (uint32_t)count);
    unsigned mask = 0;
    for (size_t i = 0; i < victims; i++) mask |= 1u << candidates[i].slot;
    vdc_hosts_destroy(&hosts);
    return mask;
}

Test(preemption, victims_on_a_host) {
    vdc_victim_cost cost;
    /* a host of 16, all taken */
    const running vms[] = {{4, 0, 100, 9}, {2, 1, 10, 5}, {4, 0, 50, 1}, {2, 0, 70, 7}, {4, 2, 1, 1}};
    /* low, the youngest of them */
    cr_expect_eq(displaced(VDC_VICTIM_LOWEST_PRIORITY, 16, vms, 5, 4, &cost), 1u << 2);
    cr_expect_eq(displaced(VDC_VICTIM_LOWEST_PRIORITY, 16, vms, 5, 6, &cost), 1u << 2 | 1u << 3);
    /* 3 is not needed after all */
    cr_expect_eq(displaced(VDC_VICTIM_LOWEST_PRIORITY, 16, vms, 5, 8, &cost), 1u << 0 | 1u << 2);
    cr_expect(cost.first == 0 && cost.second == 10 && cost.victims == 2);
    cr_expect_eq(displaced(VDC_VICTIM_LOWEST_PRIORITY, 16, vms, 5, 12, &cost), 15u);
    cr_expect(cost.first == 1 && cost.victims == 4);
    cr_expect_eq(displaced(VDC_VICTIM_LOWEST_PRIORITY, 16, vms, 5, 13, &cost), 0u);                  /* the high one stays */
    cr_expect_eq(displaced(VDC_VICTIM_YOUNGEST, 16, vms, 5, 2, &cost), 1u << 1);
    cr_expect_eq(displaced(VDC_VICTIM_YOUNGEST, 16, vms, 5, 4, &cost), 1u << 2);
    cr_expect_eq(displaced(VDC_VICTIM_LEAST_LOST_WORK, 16, vms, 5, 2, &cost), 1u << 2);
    cr_expect_eq(displaced(VDC_VICTIM_LEAST_LOST_WORK, 16, vms, 5, 6, &cost), 1u << 1 | 1u << 2);
    cr_expect_eq(cost.first, 6);
}

Test(preemption, classes_that_may_be_displaced) {
    const vdc_preemption only_low = {.classes = {0}, .class_count = 1}, all = {.class_count = 0};
    const vdc_request low = {.priority = 0}, normal = {.priority = 1}, high = {.priority = 2};
    cr_expect(vdc_preemption_allows(&all, &high, &normal));
    cr_expect(vdc_preemption_allows(&all, &normal, &low));
    cr_expect_not(vdc_preemption_allows(&all, &normal, &normal));
    cr_expect_not(vdc_preemption_allows(&all, &low, &high));
    cr_expect(vdc_preemption_allows(&only_low, &high, &low));
    cr_expect_not(vdc_preemption_allows(&only_low, &high, &normal));
}

/* Random hosts: whoever is chosen makes room, nobody of them could be spared, and when nobody is chosen not even all would do. */
Test(preemption, victims_make_room_and_none_is_displaced_in_vain) {
    uint64_t draws = 31;
    for (int round = 0; round < 3000; round++) {
        running vms[MOST];
        int count = 1 + (int)draw_below(&draws, MOST);
        int64_t used = 0, wanted = 1 + draw_below(&draws, 20);
        for (int i = 0; i < count; i++) {
            vms[i] = (running){1 + draw_below(&draws, 6), (int32_t)draw_below(&draws, 3), draw_below(&draws, 5),
                               draw_below(&draws, 5)};
            used += vms[i].cores;
        }
        int64_t spare = draw_below(&draws, wanted), cores = used + spare; /* less than wanted */
        vdc_victim_cost cost;
        unsigned mask = displaced((int)draw_below(&draws, 3), cores, vms, count, wanted, &cost);
        int64_t freed = 0, most = 0, smallest = INT64_MAX;
        for (int i = 0; i < count; i++) {
            if (vms[i].priority < 2) most += vms[i].cores;
            if (!(mask >> i & 1)) continue;
            cr_assert_lt(vms[i].priority, 2);
            freed += vms[i].cores;
            if (vms[i].cores < smallest) smallest = vms[i].cores;
        }
        if (mask) cr_assert(spare + freed >= wanted && spare + freed - smallest < wanted, "round %d", round);
        else cr_assert_lt(spare + most, wanted, "round %d: room could be made", round);
    }
}

/* --- in runs --- */

#define SCENARIO(hosts, vms, admission) \
    "vdcsim: 1\nname: t\ndatacenter: {hosts: [{class: h, count: " hosts ", cpu: {cores: 4, speed: 1 GHz}, memory: 64 GiB}]}\n" \
    "workload: {vms: [" vms "]}\nschedulers: {admission: {policy: priority, " admission "}}\n"
#define VM(id, priority, arrival, lifetime, vcpus) \
    "{id: " id ", priority: " priority ", arrival: " arrival ", lifetime: " lifetime ", vcpus: " vcpus ", memory: 1 GiB}"

static vdc_simulation *run(const char *text) {
    return run_text(text, NULL, NULL);
}

static void expect(vdc_simulation *sim, const char *key, double expected) {
    vdc_value value;
    cr_assert(vdc_simulation_query(sim, key, &value), "no key %s", key);
    cr_expect_eq(value.real, expected, "%s: %g, expected %g", key, value.real, expected);
}

/* The host is full with a low (since 0) and a normal VM (since 1). At 10 a high VM of 2 displaces the low one, which has run 2
 * vCPUs for 10 s. */
Test(preemption, at_once_and_for_good) {
    vdc_simulation *sim = run(SCENARIO("1", VM("0", "low", "0s", "100s", "2") ", " VM("1", "normal", "1s", "30s", "2") ", "
                                       VM("2", "high", "10s", "20s", "2"), "preemption: {}"));
    expect(sim, "preemptions", 1);
    expect(sim, "vms_evicted", 1);
    expect(sim, "vms_completed", 2);
    expect(sim, "preemption_lost_core_s", 20);
    expect(sim, "wait_total_s", 0);
    expect(sim, "end_s", 31);
    vdc_simulation_close(sim);
}

/* The same with restart: the low VM waits from 10 to 30, then runs its 100 s anew. */
Test(preemption, the_displaced_start_again) {
    vdc_simulation *sim = run(SCENARIO("1", VM("0", "low", "0s", "100s", "2") ", " VM("1", "normal", "1s", "30s", "2") ", "
                                       VM("2", "high", "10s", "20s", "2"), "preemption: {restart: true}"));
    expect(sim, "preemptions", 1);
    expect(sim, "vms_evicted", 0);
    expect(sim, "vms_completed", 3);
    expect(sim, "preemption_lost_core_s", 20);
    expect(sim, "wait_total_s", 20);
    expect(sim, "end_s", 130);
    vdc_simulation_close(sim);
}

/* Five seconds of notice: the high VM starts at 15. */
Test(preemption, after_a_notice) {
    const char *text = SCENARIO("1", VM("0", "low", "0s", "100s", "2") ", " VM("1", "normal", "1s", "30s", "2") ", " VM("2",
            "high", "10s", "20s", "2"),
                                "preemption: {notice: 5s}");
    vdc_simulation *sim = run(text);
    expect(sim, "preemptions", 1);
    expect(sim, "preemption_lost_core_s", 30);
    expect(sim, "wait_total_s", 5);
    expect(sim, "end_s", 35);
    vdc_simulation_close(sim);
    /* A VM that ends by itself while it is warned is not displaced, and the waiting one starts then. */
    sim = run(SCENARIO("1", VM("0", "low", "0s", "12s", "2") ", " VM("1", "normal", "1s", "30s", "2") ", " VM("2", "high", "10s",
            "20s", "2"),
                       "preemption: {notice: 5s}"));
    expect(sim, "preemptions", 0);
    expect(sim, "vms_completed", 3);
    expect(sim, "wait_total_s", 2);
    vdc_simulation_close(sim);
    /* Whoever is rejected before the notice is over displaces nobody. */
    sim = run(SCENARIO("1", VM("0", "low", "0s", "100s", "2") ", " VM("1", "normal", "1s", "30s", "2") ", " VM("2", "high", "10s",
            "20s", "2"),
                       "timeout: 4s, preemption: {notice: 5s}"));
    expect(sim, "preemptions", 0);
    expect(sim, "vms_rejected", 1);
    vdc_simulation_close(sim);
}

/* Only the classes named; the cheapest host; nobody displaces its equals. */
Test(preemption, classes_and_hosts) {
    vdc_simulation *sim = run(SCENARIO("1", VM("0", "normal", "0s", "50s", "4") ", " VM("1", "high", "10s", "20s", "2"),
                                       "preemption: {classes: [low]}"));
    expect(sim, "preemptions", 0);
    expect(sim, "wait_total_s", 40);
    vdc_simulation_close(sim);
    /* Two hosts: on host 0 a normal VM, on host 1 a low one that has run longer. */
    sim = run(SCENARIO("2", VM("0", "normal", "5s", "50s", "4") ", " VM("1", "low", "5s", "60s", "4") ", " VM("2", "high", "10s",
            "20s", "4"),
                       "preemption: {}"));
    expect(sim, "vms_evicted", 1);
    expect(sim, "end_s", 55);
    vdc_simulation_close(sim);
    sim = run(SCENARIO("1", VM("0", "high", "0s", "50s", "4") ", " VM("1", "high", "10s", "20s", "4"), "preemption: {}"));
    expect(sim, "preemptions", 0);
    vdc_simulation_close(sim);
}

/* Waiting VMs are tried again at multiples of 10 s only: VM 1 starts at 20 though VM 0 ends at 12. */
Test(preemption, retry_at_intervals) {
    vdc_simulation *sim = run(SCENARIO("1", VM("0", "low", "0s", "12s", "4") ", " VM("1", "low", "1s", "5s", "4") ", " VM("2",
            "low", "2s", "5s", "4"),
                                       "retry: 10s"));
    expect(sim, "wait_total_s", 19 + 28); /* VM 2: its turn comes at 25, it is tried at 30 */
    expect(sim, "end_s", 35);
    vdc_simulation_close(sim);
}

/* At most one waits: of the two that arrive together behind a full host the later one is rejected, and so is the next. */
Test(preemption, queue_limit) {
    vdc_simulation *sim = run(SCENARIO("1", VM("0", "low", "0s", "12s", "4") ", " VM("1", "low", "1s", "5s", "4") ", " VM("2",
            "low", "1s", "5s", "4") ", "
                                       VM("3", "high", "2s", "5s", "4") ", " VM("4", "low", "14s", "5s", "4"), "queue_limit: 1"));
    expect(sim, "vms_rejected", 2);
    expect(sim, "wait_total_s", 11 + 3);
    expect(sim, "end_s", 22);
    vdc_simulation_close(sim);
}

/* The second part of a VM that moves is no VM: the VM itself is displaced, once, and its move with it; it goes on where it was going to. */
Test(preemption, a_moving_vm_is_displaced_as_a_whole) {
    static const int notices[] = {0, 3};
    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
        char set[80];
        (void)snprintf(set, sizeof set, "schedulers.admission.preemption={restart: true, notice: %ds}", notices[i]);
        vdc_simulation *sim = run_text(SCENARIO("2", VM("0", "low", "0s", "5s", "4") ", {id: 1, vcpus: 4, memory: 20 GiB, priority: low, lifetime: 100s, "
                                                "operations: [{at: 10s, do: migrate, to: 0}]}, " VM("2", "high", "20s", "200s", "4"), "preemption: {}"),
                                       set, NULL);
        expect(sim, "preemptions", 1);
        expect(sim, "preemption_lost_core_s", 4 * (20 + notices[i]));
        expect(sim, "migrations_given_up", 1);
        expect(sim, "vms_completed", 3);
        expect(sim, "end_s", 20 + notices[i] + 200);
        vdc_simulation_close(sim);
    }
}

/* What a paused VM has not done, it does not lose: 4 vCPUs for 10 s. */
Test(preemption, paused_time_is_no_lost_work) {
    vdc_simulation *sim = run(SCENARIO("1", "{id: 0, vcpus: 4, priority: low, lifetime: 100s, operations: [{at: 10s, do: pause}]}, "
                                       VM("1", "high", "50s", "20s", "4"), "preemption: {restart: true}"));
    expect(sim, "preemptions", 1);
    expect(sim, "preemption_lost_core_s", 4 * 10);
    expect(sim, "end_s", 170);
    vdc_simulation_close(sim);
}

/* Those who would leave are gone for rules, guarantees and reservations, too; who stays is not. VM 1 has all 8 threads but for what is said. */
Test(preemption, rules_are_asked_without_the_displaced) {
    static const struct { const char *first, *second, *isolation; double displaced; } cases[] = {
        {"cpu: {reservation: 12 GHz}", "cpu: {reservation: 12 GHz}", "{}", 1},
        {"cpu: {reservation: 12 GHz}", "cpu: {reservation: 12 GHz}", "{domain: tenant}", 1},
        {"isolation: {pin: true}", "isolation: {pin: true}", "{}", 1},
        {"isolation: {dedicated_host: true}", "tenant: b", "{}", 1},
        {"group: g", "group: g", "{rules: [{rule: anti-affinity}]}", 1},
        {"vcpus: 4}, {priority: high, vcpus: 4, tenant: a, isolation: {dedicated_host: true}", "tenant: b, vcpus: 4", "{}", 0},
        {"vcpus: 4}, {priority: high, vcpus: 4, group: g", "group: g, vcpus: 4", "{rules: [{rule: anti-affinity}]}", 0},
        {"vcpus: 4, group: g}, {priority: high, vcpus: 4", "group: g, vcpus: 4", "{rules: [{rule: anti-affinity}]}", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool sized = strstr(cases[i].first, "vcpus") != NULL;
        char *text = vdc_format("vdcsim: 1\nname: t\ntime: {end: 1h}\ndatacenter: {hosts: [{count: 1, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB}]}\n"
                                "workload: {vms: [{priority: low, tenant: a, %s%s}, {priority: high, arrival: 10min, %s%s}]}\nisolation: %s\n"
                                "schedulers: {admission: {policy: fifo, preemption: {victim: youngest}}}\n", sized ? "" : "vcpus: 8, ", cases[i].first,
                                sized ? "" : "vcpus: 8, ", cases[i].second, cases[i].isolation);
        vdc_simulation *sim = run(text);
        expect(sim, "preemptions", cases[i].displaced);
        expect(sim, "vms_evicted", cases[i].displaced);
        expect(sim, "wait_total_s", cases[i].displaced ? 0 : 3000);
        vdc_simulation_close(sim);
        vdc_free(text);
    }
}

Test(preemption, mistakes_are_named) {
    static const struct {
        const char *admission, *part;
    } wrong[] = {
        {"preemption: {victim: oldest}", "allowed: lowest-priority, youngest or least-lost-work"},
        {"preemption: {classes: low}", "a list of priorities"},
        {"preemption: {classes: [lowest]}", "allowed: low, normal, high or an integer"},
        {"preemption: {notice: 5 GHz}", "5 GHz"},
        {"preemption: {notcie: 5s}", "did you mean 'notice'"},
        {"preemption: {classes: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]}", "at most 16"},
        {"retry: 0s", "too small"},
        {"retry: never", "'release' or a time"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1000];
        (void)snprintf(text, sizeof text,
                       "vdcsim: 1\ndatacenter: {hosts: [{memory: 1}]}\nworkload: {vms: []}\nschedulers: {admission: {%s}}\n",
                       wrong[i].admission);
        vdc_diag diag = {0};
        vdc_run_options options = {.text = text};
        cr_assert_eq(vdc_simulation_validate("test.yaml", &options, &diag), VDC_ERROR_INPUT, "%s", wrong[i].admission);
        cr_expect(strstr(diag.messages[0].text, wrong[i].part), "'%s' lacks '%s'", diag.messages[0].text, wrong[i].part);
        cr_expect(!strncmp(diag.messages[0].text, "test.yaml:4:", 12), "no place in '%s'", diag.messages[0].text);
        vdc_diag_clear(&diag);
    }
}
