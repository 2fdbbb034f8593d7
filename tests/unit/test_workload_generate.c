/* The generator against theory: moments of every distribution, rates of the arrival processes, shares of tenants and flavors,
 * levels and correlations of the loads, each within four standard errors of its formula; and common random numbers: an option
 * moves only what it is about.
 */
#include "tests/support/tree.h"
#include "tests/support/workload.h"
#include "workloads/arrivals.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static test_workload work;

static void start(void) {
    test_workload_start(&work);
}
static void end(void) {
    test_workload_end(&work);
}
TestSuite(workload_generate, .init = start, .fini = end);

static void expect_near(const char *what, double measured, double theory, double standard_error) {
    cr_log_info("%s: %.6g, theory %.6g, standard error %.2g", what, measured, theory, standard_error);
    cr_expect(fabs(measured - theory) <= 4 * standard_error, "%s: %.8g, theory %.8g, off by %.2f standard errors", what, measured,
              theory, (measured - theory) / standard_error);
}

/* ---- distributions ---- */

typedef struct law {
    const char *section;
    double mean, variance, fourth; /* seconds; fourth: central moment / variance^2, for the error of the variance */
} law;

static void expect_law(const law *theory) {
    enum { DRAWS = 200000 };
    vdc_distribution distribution;
    vdc_arena arena = {0};
    cr_assert_eq(vdc_distribution_read(&distribution, test_tree(&work.arena, theory->section), &work.context, "lifetime", &arena,
                                       &work.diag),
                 VDC_OK, "%s", theory->section);
    cr_expect_float_eq(vdc_distribution_mean(&distribution) / 1e9, theory->mean, 1e-6 * theory->mean, "%s", theory->section);
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        vdc_stream stream;
        vdc_stream_open(&stream, 7, "test", i);
        const double x = (double)vdc_distribution_draw(&distribution, &stream) / 1e9;
        cr_assert_geq(x, 0);
        sum += x;
        squares += (x - theory->mean) * (x - theory->mean);
    }
    expect_near(theory->section, sum / DRAWS, theory->mean, sqrt(theory->variance / DRAWS) + 1e-12);
    if (theory->fourth > 0)
        expect_near("  variance", squares / DRAWS, theory->variance, theory->variance * sqrt((theory->fourth - 1) / DRAWS));
    vdc_arena_free(&arena);
}

static double weibull_moment(double shape, double scale, int k) {
    return pow(scale, k) * gsl_sf_gamma(1 + k / shape);
}

Test(workload_generate, moments_of_the_distributions) {
    const double s = 0.6, e = exp(s * s); /* log-normal: median 100, sigma 0.6 */
    const double m1 = weibull_moment(0.7, 100, 1), m2 = weibull_moment(0.7, 100, 2), m3 = weibull_moment(0.7, 100, 3),
                 m4 = weibull_moment(0.7, 100, 4), v = m2 - m1 * m1;
    const law laws[] = {
        {"{dist: exponential, mean: 1h}", 3600, 3600.0 * 3600, 9},
        {"{dist: constant, value: 90s}", 90, 0, 0},
        {"{dist: uniform, min: 10s, max: 70s}", 40, 300, 1.8},
        {"{dist: weibull, shape: 0.7, scale: 100s}", m1, v, (m4 - 4 * m3 * m1 +
                                                             6 * m2 * m1 * m1 - 3 * m1 * m1 * m1 * m1) / (v * v)},
        {"{dist: weibull, shape: 2, mean: 100s}", 100, 1e4 * (4 / M_PI - 1), 3.245},
        {"{dist: gamma, shape: 4, mean: 100s}", 100, 2500, 4.5},
        {"{dist: gamma, shape: 0.5, scale: 100s}", 50, 5000, 15},
        {"{dist: lognormal, median: 100s, sigma: 0.6}", 100 * sqrt(e), 1e4 * e * (e - 1), pow(e, 4) + 2 * pow(e, 3) +
         3 * e * e - 3},
        {"{dist: lognormal, mean: 100s, sigma: 1}", 100, 1e4 * (exp(1) - 1), 0},
        {"{dist: pareto, shape: 6, min: 10s}", 12, 100 * 6 / (25.0 * 4), 3 + 35.666667},
        /* two phases p = 0.9, 0.1 of means 10 and 200: E = 29, E x^2 = 2 (0.9 x 100 + 0.1 x 40000) */
        {"{dist: hyper-exponential, means: [10s, 200s], weights: [9, 1]}", 29, 8180 - 29 * 29, 0},
        {"{dist: hyper-exponential, means: [10s, 30s]}", 20, 1000 - 400, 0},
        {"{dist: empirical, values: [1s, 2s, 10s], weights: [1, 2, 1]}", 3.75, 0.25 + 2 + 25 - 3.75 * 3.75, 0},
    };
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) expect_law(&laws[i]);
}

Test(workload_generate, an_empirical_distribution_from_a_file) {
    test_workload_file(&work, "l.csv", "lifetime_s,count\n5,3\n7,1\n");
    test_workload_must(&work, "generate",
                       "{count: 20000, arrivals: {dist: constant, value: 1s}, flavors: [{vcpus: 1}],"
                       " lifetime: {dist: empirical, path: l.csv}}");
    size_t fives = 0;
    for (size_t i = 0; i < work.count; i++) {
        cr_assert(work.requests[i].lifetime == SECONDS(5) || work.requests[i].lifetime == SECONDS(7));
        fives += work.requests[i].lifetime == SECONDS(5);
    }
    expect_near("share of weight 3/4", (double)fives / 20000, 0.75, sqrt(0.75 * 0.25 / 20000));
}

/* ---- arrivals ---- */

static double arrivals_mean(const char *section, int64_t *times, size_t count) {
    vdc_arrivals arrivals;
    vdc_arena arena = {0};
    cr_assert_eq(vdc_arrivals_read(&arrivals, test_tree(&work.arena, section), &work.context, &arena, &work.diag), VDC_OK, "%s",
                 section);
    vdc_arrivals_start(&arrivals, 3);
    for (size_t i = 0; i < count; i++) cr_assert(vdc_arrivals_next(&arrivals, &times[i]));
    const double mean = vdc_arrivals_mean(&arrivals) / 1e9;
    vdc_arena_free(&arena);
    return mean;
}

enum { ARRIVALS = 100000 };
static int64_t times[ARRIVALS];

Test(workload_generate, poisson_arrivals) {
    cr_expect_float_eq(arrivals_mean("{dist: exponential, mean: 12s}", times, ARRIVALS), 12, 1e-9);
    expect_near("mean gap", (double)times[ARRIVALS - 1] / 1e9 / ARRIVALS, 12, 12 / sqrt(ARRIVALS));
    /* Counts in windows of 120 s: mean and variance are both 10. */
    size_t windows = (size_t)(times[ARRIVALS - 1] / SECONDS(120)), i = 0;
    double sum = 0, squares = 0;
    for (size_t w = 0; w < windows; w++) {
        double n = 0;
        for (; i < ARRIVALS && times[i] < (int64_t)(w + 1) * SECONDS(120); i++) n++;
        sum += n;
        squares += (n - 10) * (n - 10);
    }
    expect_near("counts: mean", sum / (double)windows, 10, sqrt(10 / (double)windows));
    expect_near("counts: variance", squares / (double)windows, 10, sqrt((3 * 100 + 10 - 100) / (double)windows));
}

/* Rate = sum of stay_i / mean_i over the sum of stays. The counts of renewal cycles give the error: one cycle (both phases) has
 * N arrivals in time T; var(N - rate x T) per cycle over the number of cycles. */
Test(workload_generate, mmpp_rate) {
    const double mean = arrivals_mean("{dist: mmpp, phases: [{mean: 1s, stay: 100s}, {mean: 20s, stay: 300s}]}", times, ARRIVALS);
    const double rate = (100 + 15) / 400.0;
    cr_expect_float_eq(1 / mean, rate, 1e-9);
    const double span = (double)times[ARRIVALS - 1] / 1e9, cycles = span / 400;
    /* In phase i: N given T is Poisson(T / m_i): var(N - rate T) = s/m + (1/m - rate)^2 s^2. */
    const double fast = 100 + pow(1 - rate, 2) * 1e4, slow = 15 + pow(0.05 - rate, 2) * 9e4;
    expect_near("mmpp rate", ARRIVALS / span, rate, sqrt((fast + slow) * cycles) / span);
    /* A silent phase: only the first has arrivals. */
    cr_expect_float_eq(arrivals_mean("{dist: mmpp, phases: [{mean: 1s, stay: 10s}, {mean: none, stay: 30s}]}", times, 1000), 4,
                       1e-9);
}

Test(workload_generate, diurnal_arrivals) {
    arrivals_mean("{dist: diurnal, mean: 10s, amplitude: 80%, period: 1h, peak: 15min}", times, ARRIVALS);
    const double span = (double)times[ARRIVALS - 1] / 1e9;
    expect_near("diurnal rate", ARRIVALS / span, 0.1, sqrt(ARRIVALS) / span + 0.8 * 360 / span);
    /* First Fourier coefficient of the phase: E cos(2 pi (t - peak)/period) = amplitude / 2. */
    double cosine = 0;
    for (size_t i = 0; i < ARRIVALS; i++) cosine += cos(2 * M_PI * ((double)(times[i] % SECONDS(3600)) / 3.6e12 - 0.25));
    expect_near("amplitude / 2", cosine / ARRIVALS, 0.4, sqrt(0.5 / ARRIVALS));
}

/* ---- mixes ---- */

#define BASE "count: 50000, arrivals: {dist: exponential, mean: 1s}, lifetime: {dist: exponential, mean: 1h}"

Test(workload_generate, flavors_and_tenants) {
    test_workload_must(&work, "generate",
                       "{" BASE ", flavors: [{vcpus: 1, weight: 3, name: small}, {vcpus: 4, memory: 8 GiB, priority: high}],"
                       " tenants: {count: 50, zipf: 1.2}}");
    cr_assert_eq(work.count, 50000);
    size_t small = 0, of[51] = {0};
    for (size_t i = 0; i < work.count; i++) {
        const vdc_request *request = &work.requests[i];
        small += request->size[VDC_CPU] == 1000;
        if (request->size[VDC_CPU] == 1000) cr_assert_str_eq(request->name, "small");
        else cr_assert_eq(request->priority, VDC_PRIORITY_HIGH);
        cr_assert(request->tenant >= 1 && request->tenant <= 50);
        of[request->tenant]++;
    }
    expect_near("share of weight 3 of 4", (double)small / 50000, 0.75, sqrt(0.75 * 0.25 / 50000));
    double total = 0;
    for (int k = 1; k <= 50; k++) total += pow(k, -1.2);
    for (int k = 1; k <= 50; k++) {
        char what[32];
        const double share = pow(k, -1.2) / total;
        (void)snprintf(what, sizeof what, "share of tenant %d", k);
        expect_near(what, (double)of[k] / 50000, share, sqrt(share * (1 - share) / 50000));
    }
    cr_expect_str_eq(vdc_names_text(work.context.tenants, 50), "tenant-50");
}

/* Common random numbers: other flavors, loads and tenants move neither arrivals nor lifetimes; more VMs change none before. */
Test(workload_generate, an_option_moves_only_what_it_is_about) {
    enum { N = 2000 };
    static int64_t arrival[N], lifetime[N], vcpus[N];
    test_workload_must(&work, "generate", "{" BASE ", flavors: [{vcpus: 1}, {vcpus: 2}]}");
    for (size_t i = 0; i < N; i++) {
        arrival[i] = work.requests[i].arrival;
        lifetime[i] = work.requests[i].lifetime;
        vcpus[i] = work.requests[i].size[VDC_CPU];
    }
    test_workload_must(&work, "generate",
                       "{count: 2000, arrivals: {dist: exponential, mean: 1s}, lifetime: {dist: exponential, mean: 1h},"
                       " flavors: [{vcpus: 1, weight: 5}, {vcpus: 2}, {vcpus: 16, load: {kind: uniform}}],"
                       " load: {kind: ar}, tenants: 10}");
    cr_assert_eq(work.count, N);
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(work.requests[i].arrival, arrival[i]);
        cr_assert_eq(work.requests[i].lifetime, lifetime[i]);
    }
    test_workload_must(&work, "generate",
                       "{count: 2000, arrivals: {dist: weibull, shape: 0.5, mean: 3s}, lifetime: {dist: uniform, max: 1h},"
                       " flavors: [{vcpus: 1}, {vcpus: 2}]}");
    size_t moved = 0;
    for (size_t i = 0; i < N; i++) {
        cr_assert_eq(work.requests[i].size[VDC_CPU], vcpus[i]);
        moved += work.requests[i].arrival != arrival[i];
    }
    cr_expect_gt(moved, N - 5);
    work.context.seed++;
    test_workload_must(&work, "generate", "{" BASE ", flavors: [{vcpus: 1}, {vcpus: 2}]}");
    cr_expect_neq(work.requests[0].arrival, arrival[0]);
}

Test(workload_generate, count_until_start_and_horizon) {
    test_workload_must(&work, "generate",
                       "{until: 10s, start: 2s, arrivals: {dist: constant, value: 1s}, flavors: [{vcpus: 1}]}");
    cr_assert_eq(work.count, 7); /* 3 s to 9 s */
    cr_expect_eq(work.requests[0].arrival, SECONDS(3));
    cr_expect_eq(work.requests[0].lifetime, VDC_UNLIMITED);
    cr_expect_null(work.requests[0].load);
    test_workload_refuses(&work, "generate", "{arrivals: {dist: constant, value: 1s}, flavors: [{vcpus: 1}]}", "never end", NULL);
    work.context.horizon = SECONDS(5);
    test_workload_must(&work, "generate", "{arrivals: {dist: constant, value: 1s}, flavors: [{vcpus: 1}]}");
    cr_expect_eq(work.count, 4);
}

/* ---- loads ---- */

/* Levels of one VM for `count` intervals. */
static void levels_of(const vdc_request *request, double *levels, size_t count) {
    uint64_t cursor = request->load_cursor;
    for (size_t i = 0; i < count; i++) {
        vdc_segment segment;
        cr_assert(request->load->next(request->load, &cursor, &segment));
        levels[i] = (double)segment.demand / ((double)request->size[VDC_CPU] * 1e6);
        cr_assert_leq(segment.demand, request->load_peak);
    }
}

#define LOADED(load) "{count: 400, arrivals: {dist: constant, value: 1h}, flavors: [{vcpus: 2}], load: " load "}"

Test(workload_generate, constant_load) {
    test_workload_must(&work, "generate", LOADED("{kind: constant, level: 25%%}"));
    vdc_segment segment;
    cr_assert(test_workload_segment(&work.requests[0], 0, &segment));
    cr_expect_eq(segment.demand, 500000000); /* a quarter of 2 vCPUs of 1 GHz */
    cr_expect_eq(segment.duration, VDC_FOREVER);
    cr_expect_not(test_workload_segment(&work.requests[0], 1, &segment));
}

Test(workload_generate, uniform_load) {
    enum { STEPS = 200 };
    double levels[STEPS], sum = 0, product = 0;
    test_workload_must(&work, "generate", LOADED("{kind: uniform, min: 20%%, max: 80%%, step: 1min}"));
    for (size_t vm = 0; vm < work.count; vm++) {
        levels_of(&work.requests[vm], levels, STEPS);
        for (size_t i = 0; i < STEPS; i++) {
            cr_assert(levels[i] >= 0.2 && levels[i] <= 0.8);
            sum += levels[i];
            if (i) product += (levels[i] - 0.5) * (levels[i - 1] - 0.5);
        }
    }
    const double n = (double)work.count * STEPS, m = (double)work.count * (STEPS - 1);
    expect_near("uniform load", sum / n, 0.5, sqrt(0.03 / n));
    expect_near("uniform load, lag 1", product / m / 0.03, 0, 1 / sqrt(m));
}

/* AR(1): mean, standard deviation and the autocorrelations rho^k, also across the blocks that the construction has. */
Test(workload_generate, correlated_load) {
    enum { STEPS = 1200 };
    static double levels[STEPS];
    const double rho = 0.8, deviation = 0.1;
    test_workload_must(&work, "generate", LOADED("{kind: ar, mean: 50%%, sd: 10%%, correlation: 80%%}"));
    double sum = 0, squares = 0, product[6] = {0}, boundary = 0, boundaries = 0;
    for (size_t vm = 0; vm < work.count; vm++) {
        levels_of(&work.requests[vm], levels, STEPS);
        for (size_t i = 0; i < STEPS; i++) {
            const double x = (levels[i] - 0.5) / deviation;
            sum += x;
            squares += x * x;
            for (size_t k = 1; k < 6; k++)
                if (i >= k) product[k] += x * (levels[i - k] - 0.5) / deviation;
            if (i > 0 && i % 256 == 0) { /* 0.8^256 < 2^-53: the block length */
                boundary += x * (levels[i - 1] - 0.5) / deviation;
                boundaries++;
            }
        }
    }
    const double n = (double)work.count * STEPS, inflation = (1 + rho * rho) / (1 - rho * rho);
    expect_near("ar mean", sum / n, 0, sqrt((1 + rho) / (1 - rho) / n));
    expect_near("ar variance", squares / n, 1, sqrt(2 * inflation / n));
    for (size_t k = 1; k < 6; k++) {
        char what[32];
        (void)snprintf(what, sizeof what, "ar lag %zu", k);
        expect_near(what, product[k] / ((double)work.count * (double)(STEPS - k)), pow(rho, (double)k), sqrt(2 * inflation / n));
    }
    expect_near("ar lag 1 across blocks", boundary / boundaries, rho, sqrt((1 + rho * rho) / boundaries));
    /* Pure: any position gives the same again. */
    uint64_t cursor = work.requests[3].load_cursor + 700, again = cursor;
    vdc_segment a, b;
    work.requests[3].load->next(work.requests[3].load, &cursor, &a);
    work.requests[3].load->next(work.requests[3].load, &again, &b);
    cr_expect_eq(a.demand, b.demand);
}

Test(workload_generate, periodic_load) {
    enum { STEPS = 48 };
    double levels[STEPS];
    test_workload_must(&work, "generate", LOADED("{kind: periodic, mean: 40%%, amplitude: 30%%, peak: 14h, step: 30min}"));
    for (size_t vm = 0; vm < work.count; vm += 13) {
        levels_of(&work.requests[vm], levels, STEPS);
        for (size_t i = 0; i < STEPS; i++) {
            const double hour = (double)work.requests[vm].arrival / 3.6e12 + 0.5 * (double)i;
            cr_assert_float_eq(levels[i], 0.4 + 0.3 * cos(2 * M_PI * (hour - 14) / 24), 1e-8, "VM %zu, step %zu", vm, i);
        }
    }
}

Test(workload_generate, sampled_load) {
    test_workload_file(&work, "day/a", "10\n20\n30\n");
    test_workload_file(&work, "day/b", "50\n60\n");
    test_workload_must(&work, "generate", LOADED("{kind: trace, path: day, step: 300s}"));
    size_t first = 0;
    for (size_t vm = 0; vm < work.count; vm++) {
        double levels[7];
        levels_of(&work.requests[vm], levels, 7);
        const bool a = levels[0] < 0.4;
        const int period = a ? 3 : 2;
        first += a;
        for (int i = 0; i < 7; i++) {
            cr_assert_float_eq(levels[i], levels[i % period], 1e-12);
            cr_assert(fabs(levels[(i + 1) % period] - levels[i % period] - 0.1) < 1e-9 ||
                      levels[(i + 1) % period] < levels[i % period]);
        }
    }
    expect_near("share of one file of two", (double)first / 400, 0.5, sqrt(0.25 / 400));
}

Test(workload_generate, what_is_wrong) {
    const struct { const char *section, *message; } cases[] = {
        {"{count: 1, flavors: [{vcpus: 1}]}", "'arrivals' is missing"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}}", "'flavors' is missing"},
        {"{count: 1, arrivals: {mean: 1s}, flavors: [{vcpus: 1}]}", "'dist' is missing"},
        {"{count: 1, arrivals: {dist: exponental, mean: 1s}, flavors: [{vcpus: 1}]}", "did you mean 'exponential'"},
        {"{count: 1, arrivals: {dist: exponential, mean: 0s}, flavors: [{vcpus: 1}]}", "mean time between arrivals is 0"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s, shape: 2}, flavors: [{vcpus: 1}]}", "unknown key 'shape'"},
        {"{count: 1, arrivals: {dist: weibull, shape: 2}, flavors: [{vcpus: 1}]}", "exactly one of mean and scale"},
        {"{count: 1, arrivals: {dist: mmpp, phases: []}, flavors: [{vcpus: 1}]}", "a list of {mean, stay}"},
        {"{count: 1, arrivals: {dist: mmpp, phases: [{mean: none, stay: 1s}]}, flavors: [{vcpus: 1}]}", "no phase has arrivals"},
        {"{count: 1, arrivals: {dist: diurnal, mean: 1s, amplitude: 150%}, flavors: [{vcpus: 1}]}", "amplitude"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: []}", "a list of {vcpus, memory"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1, weight: 0}]}", "weights add up to 0"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1, weight: -1}]}", "is negative"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{memory: 1 GiB}]}", "'vcpus' is missing"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1, operations: {}}]}", "operations: found a mapping; allowed: a list of"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1}], load: {level: 1}}", "'kind' is missing"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1}], load: {kind: sine}}",
         "allowed: constant, uniform, ar"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1}], load: {kind: trace, path: no}}", "no"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1}], tenants: {count: 0}}", "count"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1}], "
         "lifetime: {dist: hyper-exponential, means: [1s], weights: [1, 2]}}", "1 weights"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1}], "
         "lifetime: {dist: uniform, min: 2s, max: 1s}}",
         "min is above max"},
        {"{count: 1, arrivals: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1}], lifetime: {dist: empirical}}",
         "exactly one of values"},
        {"{count: -1, arrivals: {dist: exponential, mean: nan s}, flavors: [{vcpus: 1}]}", "count"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_workload_refuses(&work, "generate", cases[i].section, cases[i].message, NULL);
        vdc_node *tree = (vdc_node *)test_tree(&work.arena, cases[i].section);
        tree->key = "generate";
        vdc_diag diag = {0};
        cr_expect_eq(vdc_workload_check(tree, &diag), VDC_ERROR_INPUT, "%s", cases[i].section); /* without running */
        vdc_diag_clear(&diag);
    }
}
