/* The arithmetic of live migration: the published case to every digit, closed forms, bounds, and what each mode sends. */
#include <criterion/criterion.h>
#include <math.h>

#include "models/migration.h"
#include "tests/support/draw.h"

#define GIB (INT64_C(1) << 30)

static const vdc_migration_plan golden = {
    .mode = VDC_PRE_COPY, .memory = 8 * GIB, .working_set = 8 * GIB, .dirty_rate = 125000000, .linear = true, .downtime_limit = 300000000,
    .round_limit = 30, .traffic_percent = 300};

/* A whole migration at one bandwidth. *last: bytes of the copy while it stands still; *stretches: how many there were. */
static vdc_migration carry(const vdc_migration_plan *plan, int64_t bandwidth, int64_t *last, int *stretches) {
    vdc_migration m;
    int count = 0;
    for (vdc_migration_begin(&m, plan, bandwidth); m.phase != VDC_MIGRATION_DONE; count++) {
        cr_assert(count < 2000);
        if (m.phase == VDC_MIGRATION_STOP && last) *last = m.bytes;
        vdc_migration_next(&m, plan, m.phase == VDC_MIGRATION_RESUME ? plan->resume_time : vdc_migration_span(m.bytes, bandwidth), bandwidth);
    }
    if (stretches) *stretches = count;
    return m;
}

/* models.md 4.3: n = 2, V2 = 85 899 346 B, downtime 68.719 ms, total 7.627 862 s. */
Test(migration, golden_case) {
    int64_t last = 0;
    vdc_migration m = carry(&golden, 1250000000, &last, NULL);
    cr_expect_eq(m.round, 2);
    cr_expect_eq(last, 85899346);
    cr_expect_eq((m.downtime + 500) / 1000, 68719);
    cr_expect_eq((m.total + 500) / 1000, 7627862);
    cr_expect_eq(m.sent, 8 * GIB + 858993459 + 85899346);
}

/* With constant bandwidth, linear dirtying and d < B the rounds are a geometric series: n = ceil(ln(B Tmax / M) / ln(d / B)),
 * total = (M / B) (1 - (d / B)^(n + 1)) / (1 - d / B) + t_resume. */
Test(migration, closed_form) {
    uint64_t draw = 41;
    int compared = 0;
    for (int i = 0; i < 2000; i++) {
        vdc_migration_plan plan = golden;
        plan.memory = plan.working_set = GIB / 4 + draw_below(&draw, 64 * GIB);
        int64_t bandwidth = 50000000 + draw_below(&draw, 3000000000);
        plan.dirty_rate = (int64_t)((double)bandwidth * (0.02 + 0.6 * (double)draw_below(&draw, 1000) / 1000));
        plan.downtime_limit = 20000000 + draw_below(&draw, 1000000000);
        plan.resume_time = draw_below(&draw, 50000000);
        plan.traffic_percent = 100000;
        double rho = (double)plan.dirty_rate / (double)bandwidth, memory = (double)plan.memory;
        double exact = log((double)bandwidth * (double)plan.downtime_limit / 1e9 / memory) / log(rho);
        if (exact > 29 || fabs(exact - rint(exact)) < 1e-6) continue; /* J_max; on the edge rounding decides */
        double n = fmax(0, ceil(exact)), total = memory / (double)bandwidth * (1 - pow(rho, n + 1)) / (1 - rho) + (double)plan.resume_time / 1e9;
        vdc_migration m = carry(&plan, bandwidth, NULL, NULL);
        cr_assert_eq(m.round, (int64_t)n, "%g rounds, not %lld", n, (long long)m.round);
        cr_assert_float_eq((double)m.total / 1e9, total, 1e-6 * total + 1e-6);
        cr_assert_float_eq((double)m.downtime / 1e9, memory * pow(rho, n) / (double)bandwidth + (double)plan.resume_time / 1e9, 1e-6);
        compared++;
    }
    cr_expect(compared > 1500);
}

/* rho >= 1 and w > B Tmax: no end in sight; it stops after J_max rounds or 3 M, and stands still for w / B. */
Test(migration, what_does_not_converge_ends) {
    vdc_migration_plan plan = golden;
    int64_t last = 0;
    plan.working_set = GIB;
    plan.dirty_rate = 2000000000;
    vdc_migration m = carry(&plan, 1000000000, &last, NULL);
    cr_expect_eq(last, GIB);
    cr_expect_eq(m.downtime, vdc_migration_span(GIB, 1000000000));
    cr_expect(m.sent <= 3 * plan.memory + 2 * GIB && m.sent > 3 * plan.memory);
    plan.traffic_percent = 1000000;
    m = carry(&plan, 1000000000, &last, NULL);
    cr_expect_eq(m.round, plan.round_limit);
}

/* w (1 - exp(-d t / w)): the integers of every machine against the mathematics' own. */
Test(migration, exponential_dirtying) {
    uint64_t draw = 42;
    for (int i = 0; i < 5000; i++) {
        vdc_migration_plan plan = {.memory = 512 * GIB, .working_set = 1 + draw_below(&draw, 256 * GIB), .dirty_rate = draw_below(&draw, 20000000000)};
        vdc_time span = draw_below(&draw, (vdc_time)1 << (5 + draw_below(&draw, 34)));
        long double x = (long double)plan.dirty_rate * (long double)span / 1e9L / (long double)plan.working_set;
        long double exact = -(long double)plan.working_set * expm1l(-x);
        int64_t got = vdc_migration_dirtied(&plan, span, 0);
        cr_assert(fabsl((long double)got - exact) <= 0.5L + 1e-9L + exact * 1e-15L, "x = %Lg: %lld, not %Lf", x, (long long)got, exact);
        cr_assert(got >= 0 && got <= plan.working_set);
    }
}

Test(migration, auto_converge_slows_down_until_it_ends) {
    vdc_migration_plan plan = golden;
    plan.dirty_rate = 1200000000; /* nearly what is sent: not within 30 rounds by itself */
    plan.traffic_percent = 100000;
    vdc_migration without = carry(&plan, 1250000000, NULL, NULL), m;
    plan.auto_converge = true;
    int64_t throttles[64];
    int count = 0;
    for (vdc_migration_begin(&m, &plan, 1250000000); m.phase == VDC_MIGRATION_COPY;) {
        throttles[count++] = m.throttle;
        vdc_migration_next(&m, &plan, vdc_migration_span(m.bytes, 1250000000), 1250000000);
    }
    cr_expect_eq(throttles[0], 0);
    cr_expect_eq(throttles[1], 20); /* 96 % of the first round were dirtied */
    cr_expect_eq(throttles[2], 30);
    cr_expect_eq(throttles[3], 40);
    vdc_migration with = carry(&plan, 1250000000, NULL, NULL);
    cr_expect(with.downtime <= plan.downtime_limit + 1000000);
    cr_expect(with.downtime < without.downtime && with.total < without.total);
    /* 99 % is the most */
    plan.dirty_rate = INT64_C(1000000000000);
    plan.working_set = plan.memory;
    m = carry(&plan, 1250000000, NULL, NULL);
    cr_expect_eq(m.throttle, 99);
}

Test(migration, post_copy_sends_everything_once) {
    vdc_migration_plan plan = golden;
    plan.mode = VDC_POST_COPY;
    plan.device_state = 12500000;
    plan.resume_time = 5000000;
    vdc_migration m = carry(&plan, 1250000000, NULL, NULL);
    cr_expect_eq(m.downtime, 10000000 + 5000000);                       /* S_dev / B + t_switch */
    cr_expect_eq(m.total, m.downtime + vdc_migration_span(8 * GIB, 1250000000));
    cr_expect_eq(m.sent, 8 * GIB + 12500000);
}

Test(migration, hybrid_fetches_what_one_round_dirtied) {
    vdc_migration_plan plan = golden;
    plan.mode = VDC_HYBRID;
    plan.device_state = 12500000;
    vdc_migration m = carry(&plan, 1250000000, NULL, NULL);
    cr_expect_eq(m.round, 1);
    cr_expect_eq(m.downtime, 10000000);
    cr_expect_eq(m.sent, 8 * GIB + 12500000 + 858993459);
}

Test(migration, cold_stands_still_all_the_time) {
    vdc_migration_plan plan = golden;
    plan.mode = VDC_COLD;
    plan.disk = 100 * GIB; /* a disk that is not shared goes along */
    vdc_migration m = carry(&plan, 1250000000, NULL, NULL);
    cr_expect_eq(m.downtime, m.total);
    cr_expect_eq(m.sent, 108 * GIB);
    cr_expect_eq(m.total, vdc_migration_span(108 * GIB, 1250000000));
}

/* A disk that is not shared is mirrored: its bytes in the first round, what is written meanwhile in the next ones. */
Test(migration, a_disk_is_dirtied_too) {
    vdc_migration_plan plan = golden;
    plan.disk = 2 * GIB;
    plan.disk_write_rate = 10000000;
    vdc_migration m;
    vdc_migration_begin(&m, &plan, 1250000000);
    cr_expect_eq(m.bytes, 10 * GIB);
    vdc_time span = vdc_migration_span(m.bytes, 1250000000);
    vdc_migration_next(&m, &plan, span, 1250000000);
    cr_expect_eq(m.bytes, (int64_t)llround((double)span / 1e9 * 125e6) + (int64_t)llround((double)span / 1e9 * 10e6));
}

/* Whatever the plan and however the bandwidth jumps: it ends, within the limits, and every byte of a stretch is counted once. */
Test(migration, always_ends) {
    uint64_t draw = 43;
    for (int i = 0; i < 5000; i++) {
        vdc_migration_plan plan = {
            .mode = (vdc_migration_mode)draw_below(&draw, VDC_MIGRATION_MODES), .memory = draw_below(&draw, 4 * GIB),
            .working_set = draw_below(&draw, 8 * GIB), .dirty_rate = draw_below(&draw, 4000000000), .linear = draw_below(&draw, 2),
            .disk = draw_below(&draw, 2) ? draw_below(&draw, 8 * GIB) : 0, .disk_write_rate = draw_below(&draw, 1000000000),
            .downtime_limit = draw_below(&draw, 1000000000), .round_limit = 1 + draw_below(&draw, 40), .traffic_percent = 100 + draw_below(&draw, 900),
            .auto_converge = draw_below(&draw, 2), .resume_time = draw_below(&draw, 1000000), .device_state = draw_below(&draw, 100000000)};
        vdc_migration m;
        int64_t sent = 0, bandwidth = 1 + draw_below(&draw, 2000000000), steps = 0;
        for (vdc_migration_begin(&m, &plan, bandwidth); m.phase != VDC_MIGRATION_DONE; steps++) {
            cr_assert(steps < plan.round_limit + 4);
            cr_assert(m.bytes >= 0 && m.bytes <= plan.memory + plan.disk + plan.device_state);
            cr_assert(m.throttle >= 0 && m.throttle <= 99);
            sent += m.bytes;
            vdc_time span = m.phase == VDC_MIGRATION_RESUME ? plan.resume_time : vdc_migration_span(m.bytes, bandwidth);
            bandwidth = 1 + draw_below(&draw, 2000000000);
            vdc_migration_next(&m, &plan, span, bandwidth);
        }
        cr_assert_eq(m.sent, sent);
        cr_assert(m.round <= plan.round_limit && m.downtime <= m.total);
    }
}

/* The mean of 1 / (1 + a (1 - p)) over p in [0, 1] is ln(1 + a) / a. */
Test(migration, loss_while_pages_are_fetched) {
    cr_expect_eq(vdc_migration_fault_loss(0, 1), 0);
    cr_expect_eq(vdc_migration_fault_loss(1000, INFINITY), 1000000, "a path without any bandwidth");
    for (double a = 0.01; a < 100; a *= 3) {
        double mean = 0;
        for (int i = 0; i < 100000; i++) mean += 1 / (1 + a * (1 - (i + 0.5) / 100000)) / 100000;
        cr_expect_float_eq((double)vdc_migration_fault_loss(a * 1000, 0.001) / 1e6, 1 - mean, 2e-6);
    }
}
