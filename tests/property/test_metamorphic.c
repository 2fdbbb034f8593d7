/* Runs that must agree although they differ: what is changed between them has a known effect on the totals, mostly none.
 * I21 and I23 of the accounts, scaling, splitting and renaming. (That without a constraint more hosts are feasible, of I23, is in
 * test_isolation.c; I24, runs that are resumed or forked, in tests/unit/test_state.c.) And I22, from what a run writes.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/result.h"
#include "sim/base/memory.h"
#include "tests/support/draw.h"
#include "tests/support/result_files.h"
#include "tests/support/runs.h"
#include "tests/support/simulation.h"

enum { TEXT = 1 << 16, VMS = 150, CASES = 6 };

static const char *const totals[] = {"P_cpu_core_s", "P_memory_byte_s", "T_cpu_core_s", "S_cpu_core_s", "U_cpu_core_s", "ready_core_s",
                                     "throttled_core_s", "idle_core_s", "energy_j", "end_s", "wait_total_s", "vms_completed",
                                     "vms_rejected", "host_active_s"};
enum { TOTALS = sizeof totals / sizeof *totals };

typedef struct outcome {
    double value[TOTALS];
} outcome;

static outcome run(const char *text, const char *set) {
    vdc_simulation *sim = simulation_run(text, set);
    outcome result;
    for (size_t i = 0; i < TOTALS; i++) result.value[i] = simulation_ask(sim, totals[i]);
    vdc_simulation_close(sim);
    return result;
}

static void expect_near(outcome a, outcome b, double tolerance, const char *what) {
    for (size_t i = 0; i < TOTALS; i++)
        cr_assert(fabs(a.value[i] - b.value[i]) <= tolerance * fabs(a.value[i]), "%s: %s: %.17g against %.17g", what, totals[i], a.value[i],
                  b.value[i]);
}

static void expect_equal(outcome a, outcome b, const char *what) {
    expect_near(a, b, 0, what);
}

/* ---- random scenarios, as text ---- */

/* What may be changed between two texts of one case. */
typedef struct variant {
    int64_t scale;        /* all capacities, sizes and demands times this */
    bool split;           /* the first host class as two of half the hosts */
    const char *names[2]; /* of the classes */
    bool backwards;       /* the classes in the other order: every host has another number */
    bool odd;             /* the second class has less CPU than its cores: no two hosts of different classes are free in the same proportion */
    int64_t weight;       /* of all VMs, a vCPU */
    bool asleep;          /* a VM more that asks for nothing, on a host class of its own */
    bool never;           /* a VM more that fits nowhere */
    int relabel;          /* the VMs' ids far apart: 1 in the same order, -1 backwards */
    const char *policy;
} variant;

static const variant plain = {.scale = 1, .names = {"a", "b"}, .weight = 100, .policy = "first-fit"};

static int put_class(char *to, const char *name, int count, int64_t scale, int cores, int gib, const char *more) {
    /* Scaling speeds, not cores: the demand of a VM is in Hz, its size in vCPUs. */
    return sprintf(to, "    - {class: %s, count: %d, cpu: {cores: %d, speed: %lld MHz}, memory: %lld MiB, power: {model: linear, idle: 80 W, max: 210 W}%s}\n",
                   name, count, cores, (long long)(2000 * scale), (long long)(gib * 1024 * scale), more);
}

static void write_text(char *text, uint64_t seed, variant v) {
    uint64_t state = seed;
    char *to = text;
    to += sprintf(to, "vdcsim: 1\nname: m\nseed: 1\ntime: {tick: 5min}\ndatacenter:\n  overcommit: {cpu: 2}\n  hosts:\n");
    int many = 2 * (int)(2 + draw_below(&state, 4)), few = (int)(1 + draw_below(&state, 4));
    if (v.backwards) to += put_class(to, v.names[1], few, v.scale, 16, 48, v.odd ? ", reserve: {cpu: 0.13}" : "");
    if (v.split) {
        to += put_class(to, "a1", many / 2, v.scale, 8, 32, "");
        to += put_class(to, "a2", many / 2, v.scale, 8, 32, "");
    } else {
        to += put_class(to, v.names[0], many, v.scale, 8, 32, "");
    }
    if (!v.backwards) to += put_class(to, v.names[1], few, v.scale, 16, 48, v.odd ? ", reserve: {cpu: 0.13}" : "");
    if (v.asleep) to += sprintf(to, "    - {class: z, count: 1, cpu: {cores: 64, speed: 1 GHz}, memory: 4 TiB, labels: {own: z}}\n");
    to += sprintf(to, "schedulers: {placement: {policy: %s}}\nworkload:\n  vms:\n", v.policy);
    int64_t arrival = 0;
    for (int i = 0; i < VMS; i++) {
        arrival += draw_below(&state, 90);
        int vcpus = 1 << draw_below(&state, 4), id = v.relabel < 0 ? 1000 * (VMS - i) : v.relabel > 0 ? 77 + 1000 * i : i;
        int64_t mib = 512 * (1 + draw_below(&state, 12)), first = 100 * draw_below(&state, 40), second = 100 * draw_below(&state, 60);
        int64_t long_first = 30 + draw_below(&state, 900), long_second = 30 + draw_below(&state, 900);
        to += sprintf(to, "    - {id: %d, arrival: %llds, vcpus: %d, memory: %lld MiB, cpu: {weight: %lld}, load: {progress: %s, "
                      "segments: [[%llds, %lld MHz], [%llds, %lld MHz]]}}\n", id, (long long)arrival, vcpus, (long long)(mib * v.scale),
                      (long long)(v.weight * vcpus), draw_below(&state, 2) ? "work" : "time", (long long)long_first, (long long)((first + 100) * v.scale),
                      (long long)long_second, (long long)((second + 100) * v.scale));
    }
    if (v.asleep)
        to += sprintf(to, "    - {id: 9999, arrival: %llds, vcpus: 64, memory: 3 TiB, load: {segments: [[10s, 0 Hz]]}}\n", (long long)arrival);
    if (v.never) to += sprintf(to, "    - {id: 9999, arrival: %llds, vcpus: 1000, memory: 1 MiB, lifetime: 1h}\n", (long long)arrival);
    cr_assert_lt(to - text, TEXT);
}

static outcome run_variant(uint64_t seed, variant v) {
    static char text[TEXT];
    write_text(text, seed, v);
    return run(text, NULL);
}

static size_t total(const char *key) {
    size_t i = 0;
    while (i < TOTALS && strcmp(totals[i], key) != 0) i++;
    cr_assert_lt(i, TOTALS);
    return i;
}

/* ---- the relations ---- */

/* I21, with a generated workload: ticks of 5 min, a seventh of that, and longer than the run. */
Test(metamorphic, totals_do_not_depend_on_the_tick) {
    const char *text = "vdcsim: 1\nname: t\nseed: 1\n"
        "datacenter: {hosts: [{class: h, count: 20, cpu: {cores: 8, speed: 2.1 GHz}, memory: 32 GiB, power: {model: mse, idle: 80 W, max: 210 W}}],"
        " overcommit: {cpu: 2}}\n"
        "workload: {generate: {count: 400, arrivals: {dist: exponential, mean: 30s}, lifetime: {dist: exponential, mean: 1h},"
        " flavors: [{vcpus: 1, memory: 1 GiB}, {vcpus: 4, memory: 4 GiB}]}}\n";
    outcome first = run(text, "time.tick=5min");
    cr_assert_gt(first.value[0], 1000);
    expect_equal(first, run(text, "time.tick=42857142857ns"), "ticks of a seventh");
    expect_equal(first, run(text, "time.tick=30d"), "one tick");
}

/* I21 with loads, waiting and contention. */
Test(metamorphic, totals_of_loads_do_not_depend_on_the_tick) {
    static char text[TEXT];
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        write_text(text, seed, plain);
        outcome first = run(text, NULL);
        cr_assert_gt(first.value[total("ready_core_s")], 0, "case %d has no contention", (int)seed);
        expect_equal(first, run(text, "time.tick=42857142857ns"), "ticks of a seventh");
        expect_equal(first, run(text, "time.tick=35min"), "ticks seven times as long");
        expect_equal(first, run(text, "time.tick=30d"), "one tick");
    }
}

/* Speeds, memory, sizes and demands times k: the same schedule. Every total that is counted in core seconds of the scaled host stays, those
 * in bytes grow by k. */
Test(metamorphic, scaling_supply_and_demand_alike_changes_nothing) {
    for (uint64_t seed = 1; seed <= CASES; seed++)
        for (int64_t k = 2; k <= 8; k *= 4) {
            variant larger = plain;
            larger.scale = k;
            outcome a = run_variant(seed, plain), b = run_variant(seed, larger);
            b.value[total("P_memory_byte_s")] /= (double)k;
            for (size_t i = 0; i < TOTALS; i++)
                cr_assert_float_eq(a.value[i], b.value[i], 1e-7 * (1 + a.value[i]), "seed %d times %d: %s: %.17g against %.17g", (int)seed, (int)k,
                                   totals[i], a.value[i], b.value[i]);
        }
}

/* Totals are exact in each class and rounded where the classes are added up, so one class more may move the last bit. */
Test(metamorphic, a_host_class_in_two_halves_is_the_same_fleet) {
    static const char *const policies[] = {"first-fit", "best-fit", "worst-fit", "next-fit", "dot-product", "random-fit"};
    for (size_t p = 0; p < sizeof policies / sizeof *policies; p++)
        for (uint64_t seed = 1; seed <= 2; seed++) {
            variant whole = plain, halves = plain;
            whole.policy = halves.policy = policies[p];
            halves.split = true;
            expect_near(run_variant(seed, whole), run_variant(seed, halves), 1e-15, policies[p]);
        }
}

Test(metamorphic, names_of_host_classes_do_not_matter) {
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        variant renamed = plain;
        renamed.names[0] = "zebra";
        renamed.names[1] = "aardvark";
        renamed.policy = "best-fit";
        variant before = plain;
        before.policy = "best-fit";
        expect_equal(run_variant(seed, before), run_variant(seed, renamed), "renamed classes");
    }
}

/* I23: nor does which number a host has, under policies that look at what hosts have. Hosts of one class are alike, so it takes classes in another
 * order to give hosts other numbers. Totals are rounded where classes are added up. */
Test(metamorphic, numbers_of_hosts_do_not_matter) {
    static const char *const policies[] = {"best-fit", "worst-fit", "dot-product"};
    int moved = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++)
        for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
            variant before = plain, after = plain;
            before.policy = after.policy = policies[p];
            before.odd = after.odd = after.backwards = true;
            expect_near(run_variant(seed, before), run_variant(seed, after), 1e-15, policies[p]);
        }
    /* First-fit goes by numbers: the same change changes what it decides. */
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        variant after = plain;
        after.backwards = true;
        moved += run_variant(seed, plain).value[total("host_active_s")] != run_variant(seed, after).value[total("host_active_s")];
    }
    cr_assert_gt(moved, 0);
}

/* I23: what VMs are called decides nothing, except to whom the last hertz of a share that does not divide goes: so in another order the totals
 * are the same but for billionths. */
Test(metamorphic, ids_of_vms_do_not_matter) {
    static const char *const policies[] = {"first-fit", "best-fit", "worst-fit", "next-fit"};
    for (uint64_t seed = 1; seed <= CASES; seed++)
        for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
            variant before = plain, after = plain;
            before.policy = after.policy = policies[p];
            after.relabel = 1;
            expect_equal(run_variant(seed, before), run_variant(seed, after), policies[p]);
            after.relabel = -1;
            expect_near(run_variant(seed, before), run_variant(seed, after), 1e-9, policies[p]);
        }
}

/* I23: only the ratios of weights count. */
Test(metamorphic, doubling_every_weight_changes_nothing) {
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        variant doubled = plain;
        doubled.weight = 200;
        expect_equal(run_variant(seed, plain), run_variant(seed, doubled), "doubled weights");
    }
}

/* I23: a VM that asks for nothing, on a host that nobody else would go to, leaves what the others got. */
Test(metamorphic, an_idle_vm_takes_nothing_from_the_others) {
    static const char *const kept[] = {"T_cpu_core_s", "U_cpu_core_s", "ready_core_s", "throttled_core_s", "wait_total_s", "energy_j"};
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        variant more = plain;
        more.asleep = true;
        outcome a = run_variant(seed, plain), b = run_variant(seed, more);
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            cr_assert_eq(a.value[total(kept[i])], b.value[total(kept[i])], "%s: %.17g against %.17g", kept[i], a.value[total(kept[i])],
                         b.value[total(kept[i])]);
        cr_assert_float_eq(b.value[total("idle_core_s")] - a.value[total("idle_core_s")], 640, 1e-6); /* 64 vCPUs for 10 s */
        cr_assert_eq(b.value[total("vms_completed")], a.value[total("vms_completed")] + 1);
    }
}

Test(metamorphic, a_vm_that_never_runs_changes_only_the_count_of_rejections) {
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        variant more = plain;
        more.never = true;
        outcome a = run_variant(seed, plain), b = run_variant(seed, more);
        cr_assert_eq(b.value[total("vms_rejected")], a.value[total("vms_rejected")] + 1);
        b.value[total("vms_rejected")]--;
        expect_equal(a, b, "a VM too large for every host");
    }
}

/* ---- I22 ---- */

static double sum_of(const vdc_result *result, const char *path) {
    vdc_result_shape shape;
    double sum = 0;
    cr_assert(vdc_result_dataset(result, path, &shape), "%s", path);
    double *values = vdc_calloc(shape.rows + 1, sizeof *values);
    cr_assert_eq(vdc_result_read_reals(result, path, 0, shape.rows, values, NULL), VDC_OK, "%s", path);
    for (size_t i = 0; i < shape.rows; i++) sum += values[i];
    vdc_free(values);
    return sum;
}

/* Little's law, exactly: everything happens at whole seconds and ticks are a second long, so what waits and what runs at the ends of ticks, added up,
 * is the sum of the waits and of the lives, also of VMs whose wait or life the end of the run cuts off. */
Test(metamorphic, queues_and_lives_add_up_to_what_ticks_show, .fini = test_folder_remove) {
    static char text[TEXT];
    test_folder_make();
    for (uint64_t seed = 1; seed <= 4; seed++) {
        uint64_t draws = seed;
        int64_t arrival = 0;
        char *to = text;
        to += sprintf(to, "vdcsim: 1\nname: little\ntime: {tick: 1s%s}\ndatacenter: {hosts: [{count: 3, cpu: {cores: 8}, memory: 64 GiB}]}\n"
                      "schedulers: {admission: {policy: %s}}\noutput: {vms: final}\nworkload:\n  vms:\n", seed % 2 ? ", end: 800s" : "",
                      seed < 3 ? "fifo" : "fifo-skip");
        for (int i = 0; i < 60; i++) {
            arrival += draw_below(&draws, 20);
            to += sprintf(to, "    - {arrival: %llds, vcpus: %d, memory: 1 GiB, lifetime: %llds}\n", (long long)arrival, 1 << draw_below(&draws, 4),
                          (long long)(10 + draw_below(&draws, 300)));
        }
        vdc_simulation *sim = run_text(text, NULL, test_folder_path("little.h5"));
        const double waited = summary_of(sim, "wait_total_s"), queued = summary_of(sim, "vms_queued"), running = summary_of(sim, "vms_running");
        vdc_simulation_close(sim);
        vdc_result *result;
        cr_assert_eq(vdc_result_open(&result, test_folder_path("little.h5"), NULL), VDC_OK);
        /* The VMs that are there at the end of the last tick are so for no time. */
        cr_expect_eq(sum_of(result, "/ticks/vms_queued") - queued, waited);
        cr_expect_gt(waited, 1000, "seed %d: too little waits", (int)seed);
        double lived = 0, times[2][60];
        static const char *const columns[] = {"/vms/start", "/vms/end"};
        for (int k = 0; k < 2; k++) cr_assert_eq(vdc_result_read_reals(result, columns[k], 0, 60, times[k], NULL), VDC_OK);
        for (int i = 0; i < 60; i++) lived += isnan(times[0][i]) ? 0 : (isnan(times[1][i]) ? 800 : times[1][i]) - times[0][i];
        cr_expect_eq(sum_of(result, "/ticks/vms_running") - running, lived);
        vdc_result_close(result);
    }
}
