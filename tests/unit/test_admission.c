/* Admission policies in whole simulations: who waits, who goes ahead, worked out by hand.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/memory.h"
#include "tests/support/draw.h"
#include "tests/support/runs.h"

#define HEAD "vdcsim: 1\nname: t\nseed: 1\n"
#define HOSTS(count, cores) \
    "datacenter: {hosts: [{class: h, count: " count ", cpu: {cores: " cores ", speed: 1 GHz}, memory: 64 GiB}]}\n"
#define VM(id, tenant, arrival, lifetime, vcpus) \
    "{id: " id ", tenant: " tenant ", arrival: " arrival ", lifetime: " lifetime ", vcpus: " vcpus ", memory: 1 GiB}"
#define ADMISSION(policy) "schedulers: {admission: {policy: " policy "}}\n"

static vdc_simulation *run(const char *text) {
    return run_text(text, NULL, NULL);
}

static void expect(const char *text, double waits, double end, double rejected) {
    vdc_simulation *sim = run(text);
    cr_expect_eq(summary_of(sim, "wait_total_s"), waits, "%s\nwaits %g, expected %g", text, summary_of(sim, "wait_total_s"), waits);
    cr_expect_eq(summary_of(sim, "end_s"), end, "%s\nend %g, expected %g", text, summary_of(sim, "end_s"), end);
    cr_expect_eq(summary_of(sim, "vms_rejected"), rejected, "%s\nrejected %g, expected %g", text, summary_of(sim, "vms_rejected"), rejected);
    vdc_simulation_close(sim);
}

/* Host 0 has VM 0, predicted to end at 10 s and there until 1000 s, and VM 1; host 1 has VM 2 until 200 s. VM 3 wants 6 of 8 from 100 s on: it
 * is reserved for 200 s on host 1, and VM 4, which would stay there until 601 s, may not go ahead. */
Test(admission, backfill_with_a_prediction_that_was_outlived) {
    expect(HEAD HOSTS("2", "8") "workload: {vms: [{id: 0, lifetime: 1000s, predicted_lifetime: 10s, vcpus: 5, memory: 1 GiB}, "
           VM("1", "a", "0s", "5000s", "2") ", " VM("2", "a", "0s", "200s", "4") ", " VM("3", "a", "100s", "100s", "6") ", "
           VM("4", "a", "101s", "500s", "3") "]}\n" ADMISSION("backfill"), (200 - 100) + (300 - 101), 5000, 0);
}

/* Nobody finds a host: who waits is rejected after 5 s, and of those who came just now those beyond the limit of 6; by a list of arrival times. */
Test(admission, time_outs_and_the_limit_of_the_queue) {
    static const char *const policies[] = {"fifo", "priority", "shortest-lifetime", "quota, vms: 9", "drf"};
    uint64_t draws = 4;
    for (int round = 0; round < 30; round++) {
        char text[16000];
        int64_t waiting[64], count = 0, rejected = 0, waits = 0;
        size_t used = (size_t)snprintf(text, sizeof text, "%s%sworkload: {vms: [{arrival: 0s, lifetime: 1000s, vcpus: 4, memory: 1 GiB}", HEAD,
                                       HOSTS("1", "4"));
        for (int t = 1; t < 40; t++) {
            int64_t newcomers = draw_below(&draws, 4) ? draw_below(&draws, 3) : 8;
            for (int64_t i = 0; i < newcomers; i++)
                used += (size_t)snprintf(text + used, sizeof text - used, ", {arrival: %ds, tenant: t%d, priority: %d, lifetime: %ds, vcpus: 1, memory: 1 GiB}",
                                         t, (int)draw_below(&draws, 3), (int)draw_below(&draws, 4), 1 + (int)draw_below(&draws, 5));
            int64_t left = 0;
            for (int64_t i = 0; i < count; i++) {
                if (waiting[i] + 5 > t) waiting[left++] = waiting[i];
                else rejected++, waits += 5;
            }
            for (count = left; newcomers > 0 && count < 6; newcomers--) waiting[count++] = t;
            rejected += newcomers;
        }
        rejected += count, waits += 5 * count;
        (void)snprintf(text + used, sizeof text - used, "]}\nschedulers: {admission: {policy: %s, timeout: 5s, queue_limit: 6}}\n", policies[round % 5]);
        expect(text, (double)waits, 1000, (double)rejected);
    }
}

/* Three VMs wait for a full host until 10: 30, 20 and 5 s long. Shortest first: 10..15, 15..35, 35..65. */
Test(admission, shortest_lifetime) {
    const char *text = HEAD HOSTS("1", "4") "workload: {vms: [" VM("0", "a", "0s", "10s", "4") ", " VM("1", "a", "1s", "30s",
            "4") ", "
        VM("2", "a", "2s", "20s", "4") ", " VM("3", "a", "3s", "5s", "4") "]}\n" ADMISSION("shortest-lifetime");
    expect(text, (10 - 3) + (15 - 2) + (35 - 1), 65, 0);
}

/* One host of 4. VM 0 holds 2 until 10; VM 1 wants 4, so it is reserved for 10. VM 2 (2 wide, 9 s from 1) ends at 10: it goes
 * ahead. VM 3 (2 wide, 5 s) arrives when nothing is free. */
Test(admission, backfill_goes_ahead_when_it_ends_in_time) {
    const char *vms = "workload: {vms: [" VM("0", "a", "0s", "10s", "2") ", " VM("1", "a", "1s", "10s", "4") ", " VM("2", "a",
            "1s", "9s", "2") ", "
        VM("3", "a", "2s", "5s", "2") "]}\n";
    char text[2000];
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("1", "4"), vms, ADMISSION("backfill"));
    expect(text, 9 + 0 + 18, 25, 0);
    /* A second longer, and it would delay VM 1: it waits. VM 3 (2..7) goes ahead instead. */
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("1", "4"),
                   "workload: {vms: [" VM("0", "a", "0s", "10s", "2") ", " VM("1", "a", "1s", "10s", "4") ", " VM("2", "a", "1s",
                           "10s", "2") ", "
                   VM("3", "a", "2s", "5s", "2") "]}\n", ADMISSION("backfill"));
    expect(text, 9 + 19 + 0, 30, 0);
}

/* The reserved VM leaves 1 of 4 beside it: a VM of 1 that stays long may go ahead, a second one not. */
Test(admission, backfill_beside_the_reserved_vm) {
    const char *text = HEAD HOSTS("1", "4") "workload: {vms: [" VM("0", "a", "0s", "10s", "2") ", " VM("1", "a", "1s", "10s",
            "3") ", "
        VM("2", "a", "1s", "50s", "1") ", " VM("3", "a", "1s", "50s", "1") "]}\n" ADMISSION("backfill");
    expect(text, 9 + 0 + 19, 70, 0); /* VM 3 starts when VM 1 ends */
}

/* On two hosts the reservation keeps one: the other is open to all. */
Test(admission, backfill_on_another_host) {
    const char *text = HEAD HOSTS("2", "4") "workload: {vms: [" VM("0", "a", "0s", "10s", "2") ", " VM("1", "a", "0s", "20s",
            "3") ", "
        VM("2", "a", "1s", "10s", "4") ", " VM("3", "a", "1s", "50s", "2") ", " VM("4", "a", "1s", "50s",
                                                                                   "1") "]}\n" ADMISSION("backfill");
    /* Host 0 frees at 10: VM 2 is reserved there, VM 3 (2 wide, long) may not go there and has no room on host 1, VM 4 goes to
     * host 1. VM 3 starts at 20, on host 0 when VM 2 ends or on host 1 when VM 1 does: the same. */
    expect(text, 9 + 19 + 0, 70, 0);
}

/* Two tenants, a host of 4. a's VMs 1, 2, 3 and b's VM 4 wait behind a full host. At 10 it is a's turn (both hold nothing: the
 * lower number), then b's (a holds half), then neither fits more: 2 + 2. fifo would give both places to a. */
Test(admission, drf_takes_turns) {
    const char *vms = "workload: {vms: [" VM("0", "c", "0s", "10s", "4") ", " VM("1", "a", "1s", "10s", "2") ", " VM("2", "a",
            "1s", "10s", "2") ", "
        VM("3", "a", "1s", "10s", "2") ", " VM("4", "b", "2s", "30s", "2") "]}\n";
    char text[2000];
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("1", "4"), vms, ADMISSION("fifo"));
    expect(text, 9 + 9 + 19 + 18, 50, 0);
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("1", "4"), vms, ADMISSION("drf"));
    expect(text, 9 + 8 + 19 + 29, 40, 0); /* VM 1 and 4 at 10, 2 at 20, 3 at 30 */
}

/* The head of a tenant's line that does not fit holds up nobody else. */
Test(admission, drf_blocks_one_line_only) {
    const char *text = HEAD HOSTS("1", "4") "workload: {vms: [" VM("0", "c", "0s", "10s", "2") ", " VM("1", "a", "1s", "10s",
            "4") ", "
        VM("2", "a", "1s", "10s", "1") ", " VM("3", "b", "2s", "5s", "2") "]}\n" ADMISSION("drf");
    expect(text, 9 + 19 + 0, 30, 0);
}

/* At most 3 vCPUs a tenant: a's VM 2 waits for VM 0, though there is room; b is not held up. A VM of 4 is rejected. */
Test(admission, quota) {
    const char *vms = "workload: {vms: [" VM("0", "a", "0s", "10s", "2") ", " VM("1", "a", "0s", "20s", "1") ", " VM("2", "a",
            "1s", "10s", "2") ", "
        VM("3", "b", "2s", "5s", "3") ", " VM("4", "b", "2s", "5s", "4") "]}\n";
    char text[2000];
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("4", "4"), vms, ADMISSION("quota, cpu: 3"));
    expect(text, 9, 20, 1);
    /* One tenant's own limit; what it does not name is as for all. */
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("4", "4"), vms,
                   ADMISSION("quota, cpu: 3, vms: 2, tenants: {b: {cpu: 8}, a: {vms: none}}"));
    expect(text, 9, 20, 0);
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("4", "4"), vms, ADMISSION("quota, vms: 1"));
    expect(text, 10 + 29 + 5, 40, 0); /* a: 0..10, 10..30, 30..40; b: 2..7, 7..12 */
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("4", "4"), vms, ADMISSION("quota, memory: 1 GiB"));
    expect(text, 10 + 29 + 5, 40, 0);
    (void)snprintf(text, sizeof text, "%s%s%s%s", HEAD, HOSTS("4", "4"), vms, ADMISSION("quota"));
    expect(text, 0, 20, 0);
}

Test(admission, quota_names_mistakes) {
    static const struct {
        const char *admission, *part;
    } wrong[] = {
        {"quota, cpus: 3", "did you mean 'cpu'"}, {"quota, cpu: lots", "the text 'lots'"},
            {"quota, tenants: 3", "a mapping of tenants"},
        {"quota, tenants: {a: {cpu: -1}}", "negative"}, {"quota, tenants: {a: {disk: 1}}", "unknown key 'disk'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1000];
        (void)snprintf(text, sizeof text, "%s%sworkload: {vms: [%s]}\nschedulers: {admission: {policy: %s}}\n", HEAD,
                       HOSTS("1", "4"),
                       VM("0", "a", "0s", "1s", "1"), wrong[i].admission);
        vdc_diag diag = {0};
        vdc_run_options options = {.text = text};
        cr_assert_eq(vdc_simulation_validate("test.yaml", &options, &diag), VDC_ERROR_INPUT, "%s", wrong[i].admission);
        cr_expect(strstr(diag.messages[0].text, wrong[i].part), "'%s' lacks '%s'", diag.messages[0].text, wrong[i].part);
        vdc_diag_clear(&diag);
    }
}

/* Backfilling with exact lifetimes on random workloads: nobody is lost, and with one VM that fills the fleet, arriving when much
 * is running and much more comes behind it, that VM starts when the last of those that ran at its arrival ends, not later. */
Test(admission, backfill_does_not_delay_the_reserved_vm) {
    uint64_t draws = 21;
    for (int round = 0; round < 40; round++) {
        enum { BEFORE = 12, BEHIND = 40 };
        char text[12000];
        size_t used = (size_t)snprintf(text, sizeof text, "%s%sworkload: {vms: [", HEAD, HOSTS("1", "16"));
        int64_t last = 0, held = 0;
        for (int i = 0; i < BEFORE; i++) {
            int64_t cores = 1 + draw_below(&draws, 3), lifetime = 20 + draw_below(&draws, 100);
            if (held + cores > 15) break;
            held += cores;
            if (lifetime > last) last = lifetime;
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "{tenant: a, arrival: 0s, lifetime: %ds, vcpus: %d, memory: 1 GiB}, ",
                                     (int)lifetime, (int)cores);
        }
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "{id: 1000, tenant: whole, arrival: 10s, lifetime: 7s, vcpus: 16, memory: 1 GiB}");
        for (int i = 0; i < BEHIND; i++)
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     ", {tenant: b, arrival: %ds, lifetime: %ds, vcpus: %d, memory: 1 GiB}",
                                     10 + 3 * i, (int)(1 + draw_below(&draws, 60)), (int)(1 + draw_below(&draws, 4)));
        (void)snprintf(text + used, sizeof text - used, "]}\n%s", ADMISSION("backfill"));
        vdc_diag diag = {0};
        vdc_simulation *sim = NULL;
        vdc_run_options options = {.text = text};
        cr_assert_eq(vdc_simulation_open(&sim, "test.yaml", &options, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text
                     : "");
        /* While it runs it is alone. */
        vdc_progress_report at;
        cr_assert_eq(vdc_simulation_run_until(sim, last * VDC_SECOND + VDC_SECOND / 2, &diag), VDC_OK);
        vdc_simulation_progress(sim, &at);
        cr_assert_eq(at.running, 1, "round %d: %d run at %d.5 s", round, (int)at.running, (int)last);
        cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag), VDC_OK);
        cr_assert_eq(summary_of(sim, "vms_completed"), summary_of(sim, "vms_arrived"));
        vdc_simulation_close(sim);
        vdc_diag_clear(&diag);
    }
}
