/* Placement by predicted interference: the prediction against the model itself, and runs in which nobody need be slowed down. */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/support/runs.h"

/* VM 0 presses hard, VM 1 is sensitive, VM 2 is neither, VM 3 presses a little. Each runs 100 s. */
#define SCENARIO(policy) \
    "vdcsim: 1\nname: t\ndatacenter: {hosts: [{class: h, count: 2, cpu: {cores: 4, speed: 1 GHz}, memory: 64 GiB}]}\n" \
    "workload: {vms: [{vcpus: 2, lifetime: 100s, interference: {pressure: 2}},\n" \
    "  {arrival: 1s, vcpus: 1, lifetime: 100s, interference: {sensitivity: [[1, 0.8], [2, 0.5]]}},\n" \
    "  {arrival: 2s, vcpus: 1, lifetime: 100s}, {arrival: 3s, vcpus: 1, lifetime: 100s, interference: {pressure: 1}}]}\n" \
    "schedulers: {placement: {policy: " policy "}}\n"

static void expect_used(const char *text, double granted, double used) {
    vdc_simulation *sim = run_text(text, NULL, NULL);
    cr_expect_eq(summary_of(sim, "T_cpu_core_s"), granted);
    cr_expect_leq(fabs(summary_of(sim, "U_cpu_core_s") - used), 1e-6, "%s\nused %.9g, expected %.9g", text,
                  summary_of(sim, "U_cpu_core_s"), used);
    vdc_simulation_close(sim);
}

Test(interference_placement, nobody_is_slowed_down_without_need) {
    /* First fit: VMs 0, 1, 2 on host 0. VM 1 keeps half of its thread from 1 to 100, and all of it from 100 to 101. */
    expect_used(SCENARIO("first-fit"), 500, 500 - 99 * 0.5);
    /* VM 1 goes to host 1; VM 2 costs nobody anything and goes where it is fuller, to host 0; VM 3 would slow VM 1 down and goes
     * to host 0. */
    expect_used(SCENARIO("interference-aware"), 500, 500);
}

/* A VM that must disturb somebody disturbs whom it costs least: full hosts but for one place each. */
Test(interference_placement, the_smaller_loss) {
    const char *text =
        "vdcsim: 1\nname: t\ndatacenter: {hosts: [{class: h, count: 2, cpu: {cores: 2, speed: 1 GHz}, memory: 64 GiB}]}\n"
        "workload: {vms: [{vcpus: 1, lifetime: 100s, interference: {pressure: 1, sensitivity: [[1, 0.5]]}},\n"
        "  {arrival: 0s, vcpus: 1, lifetime: 100s, interference: {pressure: 1, sensitivity: [[1, 0.9]]}},\n"
        "  {arrival: 50s, vcpus: 1, lifetime: 50s, interference: {pressure: 1}}]}\n"
        "schedulers: {placement: {policy: interference-aware}}\n";
    expect_used(text, 250, 250 - 50 * 0.1);
}
