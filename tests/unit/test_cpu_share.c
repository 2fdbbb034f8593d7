/* The CPU share solver against hand-computed cases (models.md 4.1.1) and published grants to the Hz.
 * The properties on random hosts are in tests/property/test_cpu_share.c.
 */
#include "models/cpu_share.h"

#include <criterion/criterion.h>
#include <inttypes.h>

enum { MOST = 16 };

typedef struct expected_vm {
    int64_t weight, reservation, limit, demand, nominal, grant;
} expected_vm;

#define NONE VDC_UNLIMITED

static void check(const char *name, int64_t capacity, const expected_vm *vms, uint32_t count) {
    vdc_cpu_entry entries[MOST];
    _Alignas(max_align_t) char scratch[4096];
    cr_assert_leq(count, MOST);
    cr_assert_leq(vdc_cpu_share_scratch(count), sizeof scratch);
    for (uint32_t i = 0; i < count; i++)
        entries[i] = (vdc_cpu_entry){.demand = vms[i].demand, .nominal = vms[i].nominal, .limit = vms[i].limit,
                                     .reservation = vms[i].reservation, .weight = vms[i].weight, .id = (int64_t)i};
    vdc_cpu_share(capacity, entries, count, scratch);
    for (uint32_t i = 0; i < count; i++)
        cr_expect_eq(entries[i].grant, vms[i].grant, "%s: VM %u got %" PRId64 ", expected %" PRId64, name, i, entries[i].grant,
                     vms[i].grant);
}
#define CHECK(name, capacity, ...) \
    do { \
        const expected_vm vms[] = {__VA_ARGS__}; \
        check(name, capacity, vms, sizeof vms / sizeof vms[0]); \
    } while (0)

Test(cpu_share, golden_cases_of_the_specification) {
    CHECK("weights", 4000, {2, 0, NONE, 4000, 4000, 2333}, {1, 0, NONE, 4000, 4000, 1167}, {1, 0, NONE, 500, 4000, 500});
    CHECK("reservation", 4000, {1, 0, NONE, 4000, 4000, 1000}, {1, 3000, NONE, 4000, 4000, 3000});
    CHECK("caps", 8000, {256, 0, 1000, 4000, 8000, 1000}, {512, 0, NONE, 8000, 8000, 4667}, {256, 0, NONE, 8000, 8000, 2333});
}

Test(cpu_share, edges) {
    /* Nothing to share, nothing wanted, nobody there. */
    CHECK("no capacity", 0, {1, 0, NONE, 10, 10, 0}, {1, 5, NONE, 10, 10, 0});
    CHECK("no demand", 100, {1, 50, NONE, 0, 100, 0}, {1, 0, NONE, 0, 100, 0});
    check("empty host", 100, NULL, 0);
    /* Everything fits: limits and vCPUs still cap. */
    CHECK("all fit", 1000, {1, 0, 30, 100, 100, 30}, {9, 0, NONE, 100, 40, 40}, {1, 0, NONE, 7, 100, 7});
    /* A remainder goes to the largest fraction, then to the lowest id: 10 over 3 equal VMs. */
    CHECK("tie to the lowest id", 10, {1, 0, NONE, 10, 10, 4}, {1, 0, NONE, 10, 10, 3}, {1, 0, NONE, 10, 10, 3});
    /* 10 over weights 1:2:4 = 1.43, 2.86, 5.71: two units left, to the fractions .86 and .71. */
    CHECK("largest remainders", 10, {1, 0, NONE, 10, 10, 1}, {2, 0, NONE, 10, 10, 3}, {4, 0, NONE, 10, 10, 6});
    /* Floors that are the whole capacity leave nothing to who has none. */
    CHECK("floors fill the host", 100, {1, 60, NONE, 100, 100, 60}, {1000, 40, NONE, 100, 100, 40}, {1000, 0, NONE, 100, 100, 0});
    /* A reservation beyond the demand is not given out. */
    CHECK("floor above demand", 100, {1, 90, NONE, 20, 100, 20}, {1, 0, NONE, 100, 100, 80});
    /* Floors beyond the capacity are shared by weight, each at most its floor. */
    CHECK("floors too large", 100, {1, 90, NONE, 90, 100, 50}, {1, 90, NONE, 90, 100, 50}, {1, 0, NONE, 100, 100, 0});
}

/* Capacity 10^15 Hz and weights of 10^6 and more: no product overflows. 10^15 over weights 10^6 : 10^6 : 1 is
 * 10^21/2000001 = 499999750000124.99993..., twice, and 499999750.0001...; the two units left go to the largest fractions. */
Test(cpu_share, large_numbers) {
    const int64_t big = INT64_C(1000000000000000);
    CHECK("large", big, {1000000, 0, NONE, big, big, 499999750000125}, {1000000, 0, NONE, big, big, 499999750000125},
          {1, 0, NONE, big, big, 499999750});
    CHECK("large, capped", big, {1000000, 0, NONE, big, big, 999999999999999}, {1000000, 0, 1, big, big, 1},
          {1, 0, NONE, 0, big, 0});
}

/* The four cases of the conformance collection, VM by VM, in Hz. */
Test(cpu_share, published_grants) {
    const int64_t GHz = 1000000000;
    CHECK("weights", 4 * GHz, {2, 0, NONE, 4 * GHz, 4 * GHz, 2333333333}, {1, 0, NONE, 4 * GHz, 4 * GHz, 1166666667},
          {1, 0, NONE, 500000000, 4 * GHz, 500000000});
    CHECK("reservation", 4 * GHz, {1, 0, NONE, 4 * GHz, 4 * GHz, GHz}, {1, 3 * GHz, NONE, 4 * GHz, 4 * GHz, 3 * GHz});
    CHECK("limits", 8 * GHz, {256, 0, GHz, 4 * GHz, 8 * GHz, GHz}, {512, 0, NONE, 8 * GHz, 8 * GHz, 4666666667},
          {256, 0, NONE, 8 * GHz, 8 * GHz, 2333333333});
    CHECK("mixed-1", 4 * GHz,
          {333, 0, 1763673107, 323946139, 2 * GHz, 323946139}, {50, 0, NONE, 392655486, GHz, 123890914},
          {333, 0, 97402359, 92285142, GHz, 92285142}, {1000, 0, 479402029, 126938843, 2 * GHz, 126938843},
          {100, 0, NONE, 2503952625, 4 * GHz, 247781827}, {50, 921773490, 978029380, 237384804, GHz, 237384804},
          {1000, 0, NONE, 505913792, 4 * GHz, 505913792}, {100, 0, NONE, 110655224, GHz, 110655224},
          {333, 0, NONE, 588136138, GHz, 588136138}, {100, 0, NONE, 533021001, GHz, 247781827},
          {50, 0, NONE, 1257484520, 2 * GHz, 123890914}, {333, 0, 322390038, 750539557, GHz, 322390038},
          {333, 0, NONE, 1879343459, 2 * GHz, 825113485}, {50, 0, 367279628, 126772164, GHz, 123890913});
}

Test(cpu_share, entry_of_a_request) {
    vdc_cpu_entry entry;
    vdc_request request = {.id = 7, .size[VDC_CPU] = 2500, .priority = 2, .cpu_weight = VDC_UNLIMITED, .cpu_limit = VDC_UNLIMITED,
                           .cpu_reservation = 5};
    vdc_cpu_entry_of(&request, 2000000000, &entry);
    cr_expect_eq(entry.nominal, 5000000000);
    cr_expect_eq(entry.weight, 250); /* 100 a vCPU */
    cr_expect_eq(entry.id, 7);
    cr_expect_eq(entry.priority, 2);
    cr_expect_eq(entry.reservation, 5);
    cr_expect_eq(entry.limit, VDC_UNLIMITED);
    request.cpu_weight = 3;
    vdc_cpu_entry_of(&request, 2000000000, &entry);
    cr_expect_eq(entry.weight, 3);
    request.cpu_weight = VDC_UNLIMITED, request.size[VDC_CPU] = 5; /* 0.5 of a weight: at least 1 */
    vdc_cpu_entry_of(&request, 2000000000, &entry);
    cr_expect_eq(entry.weight, 1);
}
