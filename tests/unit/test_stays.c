/* What goes on when a VM changes on its host, moves to another one, or ends while it is on none: bills and promises, its memory, its group, rules, and
 * its age as policies know it. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

#include "analysis/result.h"
#include "tests/support/result_files.h"
#include "tests/support/runs.h"

#define HOUR(at, what) "{at: " #at "h, do: " what "}"

enum { MOST = 4 };

typedef struct accounts {
    double bill[MOST], credit[MOST], bills, credits, wait[MOST];
    int64_t credited;
} accounts;

/* What the VMs of a run pay and get back, which must be what the run says of all of them. */
static accounts accounts_of(const char *text, const char *set, uint64_t vms) {
    accounts sums = {0};
    int64_t bill[MOST], credit[MOST];
    vdc_result *result;
    vdc_simulation *sim = run_text(text, set, test_folder_path("r.h5"));
    cr_assert_eq(vdc_result_open(&result, test_folder_path("r.h5"), NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/vms/bill", 0, vms, bill, NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, "/vms/credit", 0, vms, credit, NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_reals(result, "/vms/wait", 0, vms, sums.wait, NULL), VDC_OK);
    for (uint64_t i = 0; i < vms; i++) {
        sums.bills += sums.bill[i] = (double)bill[i] / 1e9;
        sums.credits += sums.credit[i] = (double)credit[i] / 1e9;
        sums.credited += credit[i] > 0;
    }
    cr_expect_float_eq(summary_of(sim, "revenue_on_demand"), sums.bills, 1e-9, "%s", set ? set : text);
    cr_expect_float_eq(summary_of(sim, "cost_total"), sums.credits, 1e-9, "%s: %g, not %g", set ? set : text, summary_of(sim, "cost_total"), sums.credits);
    if (sums.credited) cr_expect_eq(summary_of(sim, "vms_credited"), (double)sums.credited);
    vdc_result_close(result);
    vdc_simulation_close(sim);
    return sums;
}

#define HOSTS(count, overcommit) \
    "vdcsim: 1\ntime: {tick: 5min, end: 10h}\n" \
    "datacenter: {hosts: [{count: " #count ", cpu: {cores: 16, speed: 1 GHz}, memory: 64 GiB}], overcommit: {cpu: " #overcommit "}}\n"
#define FLAVORS \
    "prices: {flavors: [{name: small, vcpus: 1, memory: 2 GiB, on_demand: 1, reserved: 0.5}, {name: large, vcpus: 8, memory: 16 GiB, on_demand: 8}]}\n"

Test(stays, credits_of_vms_that_end_on_no_host, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    /* One ends stopped, one is stopped at the end of the run: both were there for too short a time and get half of what they paid. */
    accounts sums = accounts_of(HOSTS(1, 1)
        "workload: {vms: [{vcpus: 1, memory: 1 GiB, operations: [" HOUR(1, "stop") ", " HOUR(5, "delete") "]},\n"
        "  {vcpus: 1, memory: 1 GiB, operations: [" HOUR(1, "stop") "]}]}\n"
        "prices: {units: {vcpu: 1}, sla: [{availability: 99%, credit: 50%}]}\n", NULL, 2);
    cr_expect(sums.credit[0] == 0.5 && sums.credit[1] == 0.5, "%g, %g", sums.credit[0], sums.credit[1]);
    /* Its host fails after 1 h; it waits for 30 min and is deleted, or waits for 8 min when the run ends: each wait counts once. */
    const char *waits = HOSTS(1, 1)
        "workload: {vms: [{vcpus: 1, memory: 1 GiB, operations: [{at: 90min, do: delete}]}]}\n"
        "failures: {trace: {rows: [[1h, 8h, 100%]]}}\n"
        "prices: {units: {vcpu: 1}, sla: [{wait: 40min, credit: 50%}]}\n";
    sums = accounts_of(waits, NULL, 1);
    cr_expect(sums.wait[0] == 1800 && sums.credit[0] == 0);
    sums = accounts_of(waits, "prices.sla=[{wait: 20min, credit: 50%}]", 1);
    cr_expect_eq(sums.credit[0], 0.5);
    sums = accounts_of(waits, "time.end=80min", 1);
    cr_expect(sums.wait[0] == 1200 && sums.credit[0] == 0);
}

Test(stays, a_resized_vm_pays_for_its_size, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    /* In place; while it is stopped; by moving, for VM 4 fills its host. One hour small and one hour large each, but for the move. */
    const char *resized = HOSTS(2, 1)
        "migration: {bandwidth: 1000 GiB/s, cap: none, dirty_rate: 0 B/s}\nschedulers: {placement: {policy: first-fit}}\n"
        "workload: {vms: [{vcpus: 1, memory: 1 GiB, operations: [{at: 1h, do: resize, vcpus: 8}, " HOUR(2, "delete") "]},\n"
        "  {vcpus: 1, memory: 1 GiB, operations: [" HOUR(1, "stop") ", {at: 3h, do: resize, vcpus: 8}, " HOUR(4, "start") ", " HOUR(5, "delete") "]},\n"
        "  {arrival: 6h, vcpus: 1, memory: 1 GiB, operations: [{at: 1h, do: resize, vcpus: 8}, " HOUR(2, "delete") "]},\n"
        "  {arrival: 6h, vcpus: 15, memory: 1 GiB, lifetime: 3h}]}\n" FLAVORS;
    accounts sums = accounts_of(resized, NULL, 4);
    cr_expect(sums.bill[0] == 9 && sums.bill[1] == 9, "%g, %g", sums.bill[0], sums.bill[1]);
    cr_expect_float_eq(sums.bill[2], 9, 0.01, "%g", sums.bill[2]);
    /* A reservation of the small flavor pays for it while it is small. */
    vdc_simulation *sim = run_text(HOSTS(1, 1)
        "workload: {vms: [{vcpus: 1, memory: 1 GiB, operations: [{at: 1h, do: resize, vcpus: 8}, " HOUR(2, "delete") "]}]}\n"
        FLAVORS, "prices.reservations=[{tenant: '', flavor: small}]", NULL);
    cr_expect_eq(summary_of(sim, "revenue_on_demand"), 8);
    cr_expect_float_eq(summary_of(sim, "reserved_use"), 0.1, 1e-12);
    vdc_simulation_close(sim);
}

Test(stays, a_stay_goes_on_when_nothing_that_is_paid_for_changes, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    /* Two changes of weight, and two reservations that are refused for VM 2's sake: one begun day is paid for. */
    accounts sums = accounts_of(HOSTS(1, 2)
        "workload: {vms: [{vcpus: 1, memory: 1 GiB, operations: [{at: 1h, do: configure, weight: 200}, {at: 2h, do: configure, weight: 300},\n"
        "      {at: 3h, do: configure, reservation: 1 GHz}, {at: 4h, do: configure, reservation: 1 GHz}]},\n"
        "  {vcpus: 16, memory: 1 GiB, cpu: {reservation: 15.5 GHz}}]}\n"
        "prices: {units: {vcpu: 1}, period: 24h}\n", NULL, 2);
    cr_expect(sums.bill[0] == 24 && sums.bill[1] == 16 * 24, "%g, %g", sums.bill[0], sums.bill[1]);
    /* 16 threads for two of 16 vCPUs for an hour, then for one of them: of 2 h, 25 % ready. What changes at 1 h, the price or not, ends no count. */
    const char *shared = HOSTS(1, 2)
        "workload: {vms: [{vcpus: 16, memory: 1 GiB, operations: [{at: 1h, do: configure, weight: 1601}, {at: 80min, do: resize, memory: 2 GiB},"
        " " HOUR(2, "delete") "]}, {vcpus: 16, memory: 1 GiB, lifetime: 1h}]}\n"
        "prices: {units: {vcpu: 1, memory: 1}, sla: [{ready: 26%, credit: 50%}]}\n";
    sums = accounts_of(shared, NULL, 2);
    cr_expect(sums.credit[0] == 0 && sums.credit[1] == 8.5, "%g, %g", sums.credit[0], sums.credit[1]);
    sums = accounts_of(shared, "prices.sla=[{ready: 24%, credit: 50%}]", 2);
    cr_expect_float_eq(sums.credit[0], (16 * 2 + 4.0 / 3 + 2 * 2.0 / 3) / 2, 1e-8, "%g", sums.credit[0]);
}

static double summary(const char *text, const char *set, const char *key) {
    vdc_simulation *sim = run_text(text, set, NULL);
    double value = summary_of(sim, key);
    vdc_simulation_close(sim);
    return value;
}

Test(stays, memory_goes_on) {
    /* What it does with its memory at a time is the same whether it was changed on the way, moved, or neither. */
    const char *phases = HOSTS(2, 1) "memory: {}\nmigration: {bandwidth: 1000 GiB/s, cap: none, dirty_rate: 0 B/s}\n"
        "workload: {vms: [{vcpus: 1, memory: 10 GiB, memory_load: {segments: [[40min, 10%, 100%], [1h, 50%, 100%]]}, operations: %s}]}\n";
    static const char *const operations[] = {"[]", "[{at: 30min, do: configure, weight: 200}]", "[{at: 30min, do: migrate, to: 1}]"};
    for (int i = 0; i < 3; i++) {
        char text[1000];
        (void)snprintf(text, sizeof text, phases, operations[i]);
        vdc_simulation *sim = run_text(text, "time.end=50min", NULL);
        cr_expect_float_eq(summary_of(sim, "U_memory_byte_s"), (2400 + 5 * 600) * 1073741824.0, 1, "%s: %g", operations[i],
                           summary_of(sim, "U_memory_byte_s"));
        vdc_simulation_close(sim);
    }
    /* Two VMs that have more memory than there is: a change of weight moves nothing between balloon, swap and memory. */
    const char *tight = "vdcsim: 1\ntime: {tick: 1min, end: 1h}\n"
        "datacenter: {hosts: [{count: 1, cpu: {cores: 8, speed: 1 GHz}, memory: 16 GiB}], overcommit: {memory: 2}}\nmemory: {low: 4%%}\n"
        "workload: {vms: [{vcpus: 1, memory: 12 GiB, memory_load: {touched: 100%%, working_set: 30%%}, operations: %s},\n"
        "  {arrival: 10s, vcpus: 1, memory: 12 GiB, memory_load: {touched: 100%%, working_set: 30%%}}]}\n";
    static const char *const keys[] = {"swap_out_bytes", "swap_in_bytes", "memory_ballooned_byte_s", "memory_swapped_byte_s"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char plain[1000], changed[1000];
        (void)snprintf(plain, sizeof plain, tight, "[]");
        (void)snprintf(changed, sizeof changed, tight, "[{at: 30min, do: configure, weight: 200}]");
        double wanted = summary(plain, NULL, keys[i]), found = summary(changed, NULL, keys[i]);
        cr_expect_float_eq(found, wanted, 1e-9 * wanted, "%s: %g, not %g", keys[i], found, wanted);
    }
}

static int64_t cell(const char *text, const char *column, uint64_t row) {
    int64_t value = -1;
    vdc_result *result;
    vdc_simulation_close(run_text(text, "time.end=1h", test_folder_path("r.h5")));
    cr_assert_eq(vdc_result_open(&result, test_folder_path("r.h5"), NULL), VDC_OK);
    cr_assert_eq(vdc_result_read_integers(result, column, row, 1, &value, NULL), VDC_OK);
    vdc_result_close(result);
    return value;
}

Test(stays, nobody_is_interrupted_and_no_rule_broken_anew, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    int64_t found = cell(HOSTS(2, 1)
        "migration: {}\nworkload: {vms: [{group: g, vcpus: 1, memory: 1 GiB,\n"
        "    operations: [{at: 100s, do: migrate, to: 1}, {at: 500s, do: configure, weight: 200}]}, {group: g, vcpus: 1, memory: 1 GiB}]}\n"
        "failures: {groups: [{group: g, up: 2}], processes: [{level: host, mtbf: 100000h, repair: 1h}]}\n", "/groups/outages", 0);
    cr_expect_eq(found, 0, "%" PRId64 " outages", found);
    found = cell(HOSTS(1, 1)
        "workload: {vms: [{tenant: a, vcpus: 1, memory: 1 GiB, operations: [{at: 500s, do: configure, weight: 200}, {at: 10min, do: resize, vcpus: 2}]},\n"
        "  {tenant: b, vcpus: 1, memory: 1 GiB, operations: [{at: 700s, do: configure, weight: 100}]}]}\n"
        "isolation: {rules: [{rule: max-tenants, max: 1, mode: soft, weight: 1}]}\n", "/rules/violations", 0);
    cr_expect_eq(found, 1, "broken %" PRId64 " times", found);
}

/* VM 1 lives from 0 to 1000 s. VM 4 needs a whole host and waits from 700 s on for its end; VM 5 would delay it. */
Test(stays, policies_know_the_age_of_who_moved_or_changed) {
    static const char *const operations[] = {"migrate, to: 1", "configure, weight: 200"};
    for (int i = 0; i < 2; i++) {
        char text[1500];
        (void)snprintf(text, sizeof text, "vdcsim: 1\ntime: {tick: 1min, end: 1001s}\n"
            "datacenter: {hosts: [{count: 2, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB}]}\n"
            "schedulers: {admission: {policy: backfill}, placement: {policy: first-fit}}\nmigration: {}\n"
            "workload: {vms: [{vcpus: 7, memory: 1 GiB, lifetime: 1000s, operations: [{at: 500s, do: %s}]},\n"
            "  {vcpus: 8, memory: 1 GiB, lifetime: 1300s, arrival: 600s}, {vcpus: 8, memory: 1 GiB, lifetime: 100s, arrival: 700s},\n"
            "  {vcpus: 1, memory: 1 GiB, lifetime: 350s, arrival: 701s}]}\n", operations[i]);
        cr_expect_eq(summary(text, NULL, "vms_queued"), 1, "%s: the one that would be in the way has started", operations[i]);
        cr_expect_eq(summary(text, "time.end=999s", "vms_queued"), 2, "%s", operations[i]);
    }
    /* And a policy that comes later. */
    vdc_simulation *sim = open_run_text("vdcsim: 1\ntime: {tick: 1min, end: 999s}\n"
        "datacenter: {hosts: [{count: 1, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB}]}\nschedulers: {admission: {policy: fifo}}\n"
        "workload: {vms: [{vcpus: 7, memory: 1 GiB, lifetime: 1000s}, {vcpus: 8, memory: 1 GiB, lifetime: 100s, arrival: 700s},\n"
        "  {vcpus: 1, memory: 1 GiB, lifetime: 350s, arrival: 701s}]}\n");
    run_until(sim, 650);
    cr_assert_eq(vdc_simulation_change(sim, (const char *const[]){"schedulers.admission.policy=backfill"}, 1, NULL), VDC_OK);
    run_until(sim, 999);
    cr_expect_eq(summary_of(sim, "vms_queued"), 2);
    vdc_simulation_close(sim);
}
