/* Prices against bills computed by hand, and a whole run of them. */
#include "models/prices.h"

#include <criterion/criterion.h>
#include <string.h>

#include "sim/base/param.h"
#include "tests/support/simulation.h"

#define HOUR (INT64_C(3600) * VDC_SECOND)
#define GIB (INT64_C(1) << 30)
#define CENT (VDC_MONEY / 100)

static vdc_flavor_price flavors[] = {
    {.name = "large", .vcpus = 4000, .memory = 16 * GIB, .disk = VDC_UNLIMITED, .price = {20 * CENT, VDC_NOT_OFFERED, 5 * CENT}},
    {.name = "small", .vcpus = 2000, .memory = 8 * GIB, .disk = 100 * GIB, .price = {10 * CENT, 6 * CENT, VDC_NOT_OFFERED}},
    {.name = "gpu", .vcpus = 8000, .memory = 64 * GIB, .disk = VDC_UNLIMITED, .gpus = 2000, .price = {300 * CENT, VDC_NOT_OFFERED, VDC_NOT_OFFERED}},
};
static const vdc_prices list = {.wanted = true, .flavors = flavors, .flavor_count = 3};

static vdc_request request_of(int64_t vcpus, int64_t gib) {
    vdc_request request = {0};
    request.size[VDC_CPU] = 1000 * vcpus;
    request.size[VDC_MEMORY] = gib * GIB;
    return request;
}

Test(prices, a_vm_is_of_the_cheapest_flavor_that_holds_it) {
    vdc_request request = request_of(2, 8);
    cr_expect_eq(vdc_prices_flavor(&list, &request), 1);
    request.size[VDC_DISK] = 101 * GIB;
    cr_expect_eq(vdc_prices_flavor(&list, &request), 0, "small has too small a disk, large takes any");
    request = request_of(1, 9);
    cr_expect_eq(vdc_prices_flavor(&list, &request), 0);
    request.size[VDC_GPU] = 500;
    cr_expect_eq(vdc_prices_flavor(&list, &request), 2);
    request = request_of(16, 8);
    cr_expect_eq(vdc_prices_flavor(&list, &request), SIZE_MAX);
}

Test(prices, hourly_prices_by_flavor_and_by_size) {
    vdc_request request = request_of(2, 8);
    cr_expect_eq(vdc_prices_hourly(&list, 0, &request, VDC_PLAN_SPOT), 5 * CENT);
    cr_expect_eq(vdc_prices_hourly(&list, 1, &request, VDC_PLAN_SPOT), 10 * CENT, "not offered: as on demand");
    cr_expect_eq(vdc_prices_hourly(&list, SIZE_MAX, &request, VDC_PLAN_ON_DEMAND), 0, "no price for it");
    vdc_prices units = list;
    units.units = (vdc_unit_prices){.given = true, .vcpu = 4 * CENT, .memory = CENT / 2, .spot = VDC_BILLIONTHS / 4};
    cr_expect_eq(vdc_prices_hourly(&units, SIZE_MAX, &request, VDC_PLAN_ON_DEMAND), 12 * CENT); /* 2 x 0.04 + 8 x 0.005 */
    cr_expect_eq(vdc_prices_hourly(&units, SIZE_MAX, &request, VDC_PLAN_SPOT), 3 * CENT);
}

Test(prices, stays_are_billed_once_and_rounded_to_the_nearest) {
    vdc_prices exact = list, hourly = list;
    hourly.period = HOUR;
    cr_expect_eq((int64_t)vdc_prices_stay(&exact, 10 * CENT, 90 * 60 * VDC_SECOND), 15 * CENT);
    cr_expect_eq((int64_t)vdc_prices_stay(&hourly, 10 * CENT, 90 * 60 * VDC_SECOND), 20 * CENT);
    cr_expect_eq((int64_t)vdc_prices_stay(&hourly, 10 * CENT, 2 * HOUR), 20 * CENT);
    cr_expect_eq((int64_t)vdc_prices_stay(&hourly, 10 * CENT, 0), 0);
    /* 1 nano-unit an hour: half an hour is half of one, up; a little less is none. */
    cr_expect_eq((int64_t)vdc_prices_stay(&exact, 1, HOUR / 2), 1);
    cr_expect_eq((int64_t)vdc_prices_stay(&exact, 1, HOUR / 2 - 1), 0);
}

/* 2 kW for 3 h at a PUE of 1.5 are 9 kWh. */
Test(prices, energy) {
    const vdc_wide power = (vdc_wide)2000 * 1000000000000;
    cr_expect_eq((int64_t)vdc_prices_energy(power * 3 * HOUR, 25 * CENT, VDC_BILLIONTHS * 3 / 2), 225 * CENT);
    cr_expect_eq((int64_t)vdc_prices_energy(power * 3 * HOUR, -25 * CENT, VDC_BILLIONTHS * 3 / 2), -225 * CENT, "prices may be negative");
    /* A million hosts of 300 W for ten years at 10 000 a kWh: nothing overflows. */
    const vdc_wide fleet = (vdc_wide)300 * 1000000 * 1000000000000 * 24 * 3650 * HOUR;
    cr_expect(vdc_prices_energy(fleet, 10000 * VDC_MONEY, VDC_BILLIONTHS) == (vdc_wide)300 * 1000 * 24 * 3650 * 10000 * VDC_MONEY);
}

Test(prices, the_largest_credit_of_what_was_broken) {
    vdc_sla_rule rules[] = {
        {.wait = 60 * VDC_SECOND, .ready = VDC_PARAM_NONE, .availability = VDC_PARAM_NONE, .credit = VDC_BILLIONTHS / 10},
        {.wait = VDC_PARAM_NONE, .ready = VDC_BILLIONTHS / 20, .availability = VDC_PARAM_NONE, .credit = VDC_BILLIONTHS / 4},
        {.wait = VDC_PARAM_NONE, .ready = VDC_PARAM_NONE, .availability = VDC_BILLIONTHS / 1000 * 999, .credit = VDC_BILLIONTHS},
    };
    const vdc_prices prices = {.sla = rules, .sla_count = 3};
    vdc_service good = {.waited = 60 * VDC_SECOND, .ran = 999, .since_start = 1000, .allowed = 20000, .not_given = 1000};
    cr_expect_eq(vdc_prices_credit_share(&prices, &good), 0, "what just holds is kept");
    vdc_service service = good;
    service.waited++;
    cr_expect_eq(vdc_prices_credit_share(&prices, &service), VDC_BILLIONTHS / 10);
    service.not_given = 3000;
    cr_expect_eq(vdc_prices_credit_share(&prices, &service), VDC_BILLIONTHS / 4);
    service.ran = 998;
    cr_expect_eq(vdc_prices_credit_share(&prices, &service), VDC_BILLIONTHS);
}

/* Two hosts of 8 threads at twice their size, 200 W idle together. One reservation; VM 3 shares a host's CPU with nobody but wants twice of it. */
static const char scenario[] =
    "vdcsim: 1\n"
    "time: {end: 10h}\n"
    "datacenter:\n"
    "  hosts: [{count: 2, cpu: {cores: 8, speed: 2 GHz}, memory: 64 GiB, power: {model: constant, max: 100 W}}]\n"
    "  overcommit: {cpu: 2}\n"
    "workload:\n"
    "  vms:\n"
    "    - {tenant: shop, vcpus: 2, memory: 8 GiB, lifetime: 3h}\n"                    /* on the reservation */
    "    - {tenant: shop, vcpus: 2, memory: 8 GiB, lifetime: 1h}\n"                    /* 0.10 */
    "    - {tenant: shop, vcpus: 2, memory: 8 GiB, arrival: 1h, lifetime: 90min}\n"    /* 0.15 */
    "    - {tenant: batch, vcpus: 4, memory: 8 GiB, priority: low, lifetime: 2h}\n"    /* 2 x 0.05 */
    "    - {tenant: batch, vcpus: 16, memory: 60 GiB, priority: low}\n"                /* 10 x (16 x 0.04 + 60 x 0.005) / 2 = 4.70; 30 % back */
    "    - {tenant: shop, vcpus: 2, memory: 8 GiB, arrival: 4h, lifetime: 1h}\n"       /* on the reservation again */
    "prices:\n"
    "  flavors:\n"
    "    - {name: small, vcpus: 2, memory: 8 GiB, on_demand: 0.10, reserved: 0.06}\n"
    "    - {name: large, vcpus: 4, memory: 16 GiB, on_demand: 0.20, spot: 0.05}\n"
    "  units: {vcpu: 0.04, memory: 0.005, spot: 50%}\n"
    "  reservations: [{tenant: shop, flavor: small, count: 1}]\n"
    "  spot: [{priority: low}]\n"
    "  energy: {price: 0.25}\n"
    "  sla: [{wait: 1min, credit: 50%}, {ready: 10%, credit: 30%}]\n"
    "power: {pue: 1.5}\n";

static void expect(vdc_simulation *simulation, const char *key, double wanted) {
    double found = simulation_ask(simulation, key);
    cr_expect(found == wanted, "%s is %.17g, not %.17g", key, found, wanted);
}

Test(prices, a_run_by_hand) {
    vdc_simulation *simulation = simulation_run(scenario, NULL);
    expect(simulation, "revenue_on_demand", 0.25);
    expect(simulation, "revenue_reserved", 0.6);
    expect(simulation, "revenue_spot", 4.8);
    expect(simulation, "revenue_total", 5.65);
    expect(simulation, "reserved_use", 0.4);
    expect(simulation, "cost_energy", 0.75); /* 2 kWh x 1.5 x 0.25 */
    expect(simulation, "cost_sla_credits", 1.41);
    expect(simulation, "vms_credited", 1);
    expect(simulation, "cost_total", 2.16);
    expect(simulation, "profit", 3.49);
    vdc_simulation_close(simulation);
    simulation = simulation_run(scenario, "prices.period=2h"); /* 1 h and 90 min are 2 h */
    expect(simulation, "revenue_on_demand", 0.4);
    expect(simulation, "revenue_spot", 4.8);
    vdc_simulation_close(simulation);
}

static void expect_refused(const char *set, const char *wanted) {
    const char *sets[] = {set};
    vdc_diag diag = {0};
    vdc_run_options options = {.sets = sets, .set_count = 1, .text = scenario};
    vdc_code code = vdc_simulation_validate("prices.yaml", &options, &diag);
    cr_expect_eq(code, VDC_ERROR_INPUT, "%s is taken", set);
    bool said = false;
    for (size_t i = 0; i < diag.count; i++) said = said || strstr(diag.messages[i].text, wanted);
    cr_expect(said, "%s: nothing says '%s', but: %s", set, wanted, diag.count ? diag.messages[0].text : "");
    vdc_diag_clear(&diag);
}

Test(prices, what_is_refused) {
    expect_refused("prices.reservations=[{tenant: shop, flavor: tiny}]", "'tiny', which is none of prices.flavors");
    expect_refused("prices.reservations=[{tenant: shop, flavor: large}]", "has no price for reserved");
    expect_refused("prices.spot=[{}]", "at least one of tenant, group, priority");
    expect_refused("prices.spot=[{priority: lowest}]", "low, normal, high or an integer");
    expect_refused("prices.sla=[{credit: 10%}]", "promises nothing");
    expect_refused("prices.energy={}", "neither price nor trace");
    expect_refused("prices.energy={trace: a.csv}", "time.start");
    expect_refused("prices={currency: EUR}", "has no prices");
    expect_refused("prices.flavors=[{name: a, vcpus: 1, memory: 1 GiB, on_demand: 1}, {name: a, vcpus: 2, memory: 1 GiB, on_demand: 1}]", "twice");
    expect_refused("prices.flavors=[{name: a, vcpus: 1, memory: 1 GiB}]", "on_demand");
    expect_refused("prices.period=-1s", "period");
}
