/* Statistics against textbook examples, brute force and coverage. */
#include "analysis/statistics.h"

#include "sim/base/random.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>

#define NEAR(value, expected, tolerance) \
    cr_assert(fabs((value) - (expected)) <= (tolerance), #value " is %.12g, not %.12g", (double)(value), (double)(expected))

/* Student's data on two sleep drugs (Biometrika 6, 1908; `sleep` in R): hours gained by ten patients. */
static const double drug_1[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
static const double drug_2[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

Test(statistics, describes_a_sample)
{
    vdc_sample sample;
    cr_assert_eq(vdc_sample_describe(drug_2, 10, 0.95, &sample, NULL), VDC_OK);
    cr_assert_eq(sample.n, 10);
    NEAR(sample.mean, 2.33, 1e-12);
    NEAR(sample.deviation, 2.002249, 1e-6);
    NEAR(sample.minimum, -0.1, 0);
    NEAR(sample.median, 1.75, 1e-12);
    NEAR(sample.maximum, 5.5, 0);
    NEAR(sample.interval.low, 2.33 - 2.262157 * 2.002249 / sqrt(10), 1e-5); /* t table, 9 degrees of freedom */
    NEAR(sample.interval.high, 2.33 + 2.262157 * 2.002249 / sqrt(10), 1e-5);
}

Test(statistics, one_run_has_no_interval)
{
    double lone = 4;
    vdc_sample sample;
    cr_assert_eq(vdc_sample_describe(&lone, 1, 0.95, &sample, NULL), VDC_OK);
    cr_assert(sample.n == 1 && sample.mean == 4 && isnan(sample.deviation) && isnan(sample.interval.low) &&
              isnan(sample.interval.high));
    cr_assert_eq(vdc_sample_describe(NULL, 0, 0.95, &sample, NULL), VDC_OK);
    cr_assert(sample.n == 0 && isnan(sample.mean) && isnan(sample.minimum));
    vdc_paired paired;
    cr_assert_eq(vdc_paired_compare(&lone, drug_1, 1, 0.95, 100, 1, &paired, NULL), VDC_OK);
    cr_assert(paired.n == 1 && isnan(paired.t_p) && isnan(paired.student.low) && isnan(paired.bootstrap.low) &&
              isnan(paired.cohen_dz));
}

Test(statistics, paired_test_of_the_sleep_data)
{
    vdc_paired paired;
    cr_assert_eq(vdc_paired_compare(drug_1, drug_2, 10, 0.95, 2000, 1, &paired, NULL), VDC_OK);
    cr_assert_eq(paired.n, 10);
    NEAR(paired.mean, 1.58, 1e-12);
    NEAR(paired.t, 4.0621, 5e-5);            /* R: t.test(paired = TRUE) */
    NEAR(paired.t_p, 0.002833, 5e-7);
    NEAR(paired.student.low, 0.7001142, 1e-7);
    NEAR(paired.student.high, 2.4598858, 1e-7);
    NEAR(paired.cohen_dz, 1.2845, 1e-4);     /* t / sqrt(n) */
    cr_assert_eq(paired.wilcoxon_n, 9);      /* one patient gained the same from both */
    NEAR(paired.wilcoxon_w, 45, 0);
    NEAR(paired.wilcoxon_p, 2.0 / 512, 1e-15);
    /* The data lean to the right: the bootstrap interval reaches further up than down, and about as wide as Student's. */
    cr_assert(paired.bootstrap.low > 0.7 && paired.bootstrap.low < 1.1, "%g", paired.bootstrap.low);
    cr_assert(paired.bootstrap.high > 2.3 && paired.bootstrap.high < 3.2, "%g", paired.bootstrap.high);
    cr_assert(paired.bootstrap.high - paired.mean > paired.mean - paired.bootstrap.low);
}

Test(statistics, equal_differences_have_no_t_test)
{
    const double a[] = {1, 2, 3, 4, 5, 6}, b[] = {3, 4, 5, 6, 7, 8};
    vdc_paired paired;
    cr_assert_eq(vdc_paired_compare(a, b, 6, 0.95, 100, 1, &paired, NULL), VDC_OK);
    cr_assert(paired.mean == 2 && paired.deviation == 0 && isnan(paired.t) && isnan(paired.t_p) && isnan(paired.cohen_dz));
    cr_assert(paired.student.low == 2 && paired.student.high == 2 && paired.bootstrap.low == 2 && paired.bootstrap.high == 2);
    NEAR(paired.wilcoxon_p, 2.0 / 64, 1e-15);
    cr_assert_eq(vdc_paired_compare(a, a, 6, 0.95, 100, 1, &paired, NULL), VDC_OK);
    cr_assert(paired.wilcoxon_n == 0 && isnan(paired.wilcoxon_p) && paired.mean == 0 && paired.cliff_delta == 0);
}

/* Hollander and Wolfe (1973), table 3.1: Hamilton depression scale of nine patients before and after a tranquilliser. */
Test(statistics, signed_rank_of_hollander_and_wolfe)
{
    const double before[] = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    const double after[] = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    double differences[9], w, p;
    size_t used;
    for (size_t i = 0; i < 9; i++) {
        differences[i] = before[i] - after[i];
    }
    cr_assert_eq(vdc_wilcoxon(differences, 9, &used, &w, &p, NULL), VDC_OK);
    cr_assert_eq(used, 9);
    NEAR(w, 40, 0);
    NEAR(p, 2 * 0.01953125, 1e-12); /* the book's one-sided value is 0.0195 */
}

/* All 2^n ways to give the sizes signs, one by one. */
static double signed_rank_by_enumeration(const double *differences, size_t n)
{
    double rank[16], observed = 0, at_most = 0, at_least = 0;
    for (size_t i = 0; i < n; i++) {
        double under = 0, equal = 0;
        for (size_t j = 0; j < n; j++) {
            under += fabs(differences[j]) < fabs(differences[i]);
            equal += fabs(differences[j]) == fabs(differences[i]);
        }
        rank[i] = under + (equal + 1) / 2;
        observed += differences[i] > 0 ? rank[i] : 0;
    }
    for (unsigned signs = 0; signs < 1u << n; signs++) {
        double w = 0;
        for (size_t i = 0; i < n; i++) {
            w += (signs >> i & 1) ? rank[i] : 0;
        }
        at_most += w <= observed;
        at_least += w >= observed;
    }
    return fmin(1, 2 * fmin(at_most, at_least) / (double)(1u << n));
}

Test(statistics, signed_rank_with_ties_against_enumeration)
{
    vdc_stream stream;
    vdc_stream_open(&stream, 7, "test.wilcoxon", 0);
    for (int round = 0; round < 50; round++) {
        double differences[12], w, p;
        size_t n = 1 + (size_t)vdc_stream_below(&stream, 12), used;
        for (size_t i = 0; i < n; i++) { /* small whole numbers without 0: many ties */
            differences[i] = (double)(1 + vdc_stream_below(&stream, 5)) * (vdc_stream_below(&stream, 3) ? 1 : -1);
        }
        cr_assert_eq(vdc_wilcoxon(differences, n, &used, &w, &p, NULL), VDC_OK);
        cr_assert_eq(used, n);
        NEAR(p, signed_rank_by_enumeration(differences, n), 1e-12);
    }
}

/* The number of subsets of {1..n} with a given sum, counted in long double, against the normal form for many differences. */
Test(statistics, signed_rank_of_many_differences)
{
    enum { N = VDC_WILCOXON_EXACT + 20, SUM = N * (N + 1) / 2 };
    static long double ways[SUM + 1];
    ways[0] = 1;
    for (int rank = 1; rank <= N; rank++) {
        for (int sum = SUM; sum >= rank; sum--) {
            ways[sum] += ways[sum - rank];
        }
    }
    for (int wins = 7; wins < 13; wins++) {
        double differences[N], w, p;
        size_t used;
        for (int i = 0; i < N; i++) {
            differences[i] = (i + 1) * (i % 20 < wins ? 1.0 : -1.0);
        }
        cr_assert_eq(vdc_wilcoxon(differences, N, &used, &w, &p, NULL), VDC_OK);
        long double at_most = 0, at_least = 0;
        for (int sum = 0; sum <= SUM; sum++) {
            at_most += sum <= w ? ways[sum] : 0;
            at_least += sum >= w ? ways[sum] : 0;
        }
        double exact = (double)(2 * fminl(at_most, at_least) / powl(2, N));
        NEAR(p, fmin(1, exact), 2e-3);
    }
}

Test(statistics, holm_correction)
{
    double two_ways[] = {0.01, 0.04, 0.03, 0.005}; /* 4 x 0.005, 3 x 0.01, 2 x 0.03, then no fall */
    cr_assert_eq(vdc_holm(two_ways, 4, NULL), VDC_OK);
    NEAR(two_ways[0], 0.03, 1e-15);
    NEAR(two_ways[1], 0.06, 1e-15);
    NEAR(two_ways[2], 0.06, 1e-15);
    NEAR(two_ways[3], 0.02, 1e-15);
    double with_gap[] = {0.9, NAN, 0.6, 0.02}; /* what could not be tested does not count as a test */
    cr_assert_eq(vdc_holm(with_gap, 4, NULL), VDC_OK);
    NEAR(with_gap[0], 1, 0);
    cr_assert(isnan(with_gap[1]));
    NEAR(with_gap[2], 1, 0);
    NEAR(with_gap[3], 0.06, 1e-15);
}

Test(statistics, cliff_delta_against_all_pairs)
{
    vdc_stream stream;
    vdc_stream_open(&stream, 8, "test.cliff", 0);
    for (int round = 0; round < 50; round++) {
        double x[9], y[7], expected = 0, delta;
        for (size_t i = 0; i < 9; i++) {
            x[i] = (double)vdc_stream_below(&stream, 6);
        }
        for (size_t j = 0; j < 7; j++) {
            y[j] = (double)vdc_stream_below(&stream, 8);
        }
        for (size_t i = 0; i < 9; i++) {
            for (size_t j = 0; j < 7; j++) {
                expected += (x[i] < y[j]) - (x[i] > y[j]);
            }
        }
        cr_assert_eq(vdc_cliff_delta(x, 9, y, 7, &delta, NULL), VDC_OK);
        NEAR(delta, expected / 63, 1e-15);
    }
}

Test(statistics, quantiles_as_in_r)
{
    double values[] = {10, 3, 5, 1, 2, 4, 6, 9, 8, 7};
    vdc_sort_values(values, 10);
    NEAR(vdc_quantile_sorted(values, 10, 0.25), 3.25, 1e-12);
    NEAR(vdc_quantile_sorted(values, 10, 0.9), 9.1, 1e-12);
    NEAR(vdc_quantile_sorted(values, 10, 0), 1, 0);
    NEAR(vdc_quantile_sorted(values, 10, 1), 10, 0);
    cr_assert(isnan(vdc_quantile_sorted(values, 0, 0.5)) && isnan(vdc_quantile_sorted(values, 10, 1.5)));
    double gaps[] = {NAN, 2, NAN, 1};
    vdc_sort_values(gaps, 4);
    cr_assert(gaps[0] == 1 && gaps[1] == 2 && isnan(gaps[2]) && isnan(gaps[3]));
}

/* The definition of MSER-5, word for word: the cut with the least (sum of squared deviations) / (batches kept)^2. */
static size_t mser5_by_definition(const double *series, size_t n)
{
    size_t batches = n / 5, best_cut = 0;
    double best = INFINITY;
    for (size_t cut = 0; cut <= batches / 2; cut++) {
        double mean = 0, squares = 0, kept = (double)(batches - cut);
        for (size_t i = cut * 5; i < batches * 5; i++) {
            mean += series[i] / (kept * 5);
        }
        for (size_t b = cut; b < batches; b++) {
            double batch = 0;
            for (size_t i = 0; i < 5; i++) {
                batch += series[b * 5 + i] / 5;
            }
            squares += (batch - mean) * (batch - mean);
        }
        if (squares / (kept * kept) < best * (1 - 1e-12)) {
            best = squares / (kept * kept);
            best_cut = cut;
        }
    }
    return best_cut * 5;
}

Test(statistics, warm_up_cut)
{
    vdc_stream stream;
    vdc_stream_open(&stream, 9, "test.mser", 0);
    double series[1003];
    for (int round = 0; round < 20; round++) {
        double scale = 10.0 * (1 + round), size = 1 + round;
        for (size_t i = 0; i < 1003; i++) { /* noise about 1 000 with a transient that dies away */
            series[i] = 1000 + gsl_ran_gaussian(&stream.rng, 1) - 3 * size * exp(-(double)i / scale);
        }
        vdc_warm_up warm_up = vdc_mser5(series, 1003);
        cr_assert_eq(warm_up.cut, mser5_by_definition(series, 1003), "round %d: %zu", round, warm_up.cut);
        cr_assert(round > 9 || warm_up.settled);
    }
    for (size_t i = 0; i < 1003; i++) {
        series[i] = (double)i; /* never settles */
    }
    cr_assert(!vdc_mser5(series, 1003).settled);
    cr_assert_eq(vdc_mser5(series, 19).cut, 0);
    for (size_t i = 0; i < 1003; i++) {
        series[i] = 4; /* nothing to cut from a constant */
    }
    cr_assert(vdc_mser5(series, 1003).settled && vdc_mser5(series, 1003).cut == 0);
}

Test(statistics, replications_for_a_half_width)
{
    const double values[] = {9, 11, 9, 11, 9, 11, 9, 11, 9, 11, 10}; /* deviation 1, mean 10 */
    vdc_precision precision = vdc_replications_needed(values, 11, 0.95, 0.5, false);
    NEAR(precision.half_width, 2.228139 / sqrt(11), 1e-6); /* t table, 10 degrees of freedom */
    cr_assert(!precision.enough);
    cr_assert_eq(precision.needed, 18, "%zu", precision.needed); /* 2.1098/sqrt(18) = 0.497; 2.1199/sqrt(17) = 0.514 */
    precision = vdc_replications_needed(values, 11, 0.95, 0.05, true);
    cr_assert_eq(precision.needed, 18);
    precision = vdc_replications_needed(values, 11, 0.95, 0.1, true);
    cr_assert(precision.enough && precision.needed == 11);
    cr_assert_eq(vdc_replications_needed(values, 1, 0.95, 0.1, true).needed, 0);
    const double about_zero[] = {-1, 1};
    cr_assert(!vdc_replications_needed(about_zero, 2, 0.95, 0.1, true).enough);
    cr_assert_eq(vdc_replications_needed(about_zero, 2, 0.95, 0.1, true).needed, 0);
}

/* Mean wait in an M/M/1 queue of `customers` arrivals that starts in its stationary state, by Lindley's recursion. The
 * stationary wait is 0 with probability 1 - rho, else exponential with rate mu - lambda, so every run has the known mean. The
 * draws depend on the run alone: two service rates share their arrivals. */
static double mean_wait(uint64_t run, double lambda, double mu, int customers)
{
    vdc_stream stream;
    vdc_stream_open(&stream, 11, "test.queue", run);
    double rho = lambda / mu, wait = gsl_ran_flat(&stream.rng, 0, 1), rest = -log(1 - gsl_ran_flat(&stream.rng, 0, 1)), sum = 0;
    wait = wait < 1 - rho ? 0 : rest / (mu - lambda);
    for (int i = 0; i < customers; i++) {
        sum += wait;
        double service = -log(1 - vdc_stream_uniform(&stream)) / mu, gap = -log(1 - vdc_stream_uniform(&stream)) / lambda;
        wait = fmax(0, wait + service - gap);
    }
    return sum / customers;
}

/* A 95 % interval holds the known value in 93 to 97 of 100 experiments. Mean waits are skewed, so a handful of short runs would
 * fall a little short of that by any of these methods: twenty are enough. */
Test(statistics, intervals_cover_a_known_mean)
{
    enum { EXPERIMENTS = 1000, RUNS = 20, CUSTOMERS = 500 };
    const double lambda = 0.3, fast = 1.1, slow = 1.0;
    const double wait_fast = lambda / (fast * (fast - lambda)), wait_slow = lambda / (slow * (slow - lambda));
    int sample_holds = 0, student_holds = 0, bootstrap_holds = 0;
    for (int experiment = 0; experiment < EXPERIMENTS; experiment++) {
        double quick[RUNS], late[RUNS];
        for (int run = 0; run < RUNS; run++) {
            uint64_t key = (uint64_t)experiment * RUNS + (uint64_t)run;
            quick[run] = mean_wait(key, lambda, fast, CUSTOMERS);
            late[run] = mean_wait(key, lambda, slow, CUSTOMERS);
        }
        vdc_sample sample;
        vdc_paired paired;
        cr_assert_eq(vdc_sample_describe(quick, RUNS, 0.95, &sample, NULL), VDC_OK);
        cr_assert_eq(vdc_paired_compare(quick, late, RUNS, 0.95, 1000, (uint64_t)experiment, &paired, NULL), VDC_OK);
        double difference = wait_slow - wait_fast;
        sample_holds += sample.interval.low <= wait_fast && wait_fast <= sample.interval.high;
        student_holds += paired.student.low <= difference && difference <= paired.student.high;
        bootstrap_holds += paired.bootstrap.low <= difference && difference <= paired.bootstrap.high;
    }
    printf("coverage of 95 %% intervals, %d experiments of %d M/M/1 runs: mean %d, paired difference %d, bootstrap %d\n",
           EXPERIMENTS, RUNS, sample_holds, student_holds, bootstrap_holds);
    cr_assert(sample_holds >= 930 && sample_holds <= 970, "%d", sample_holds);
    cr_assert(student_holds >= 930 && student_holds <= 970, "%d", student_holds);
    cr_assert(bootstrap_holds >= 930 && bootstrap_holds <= 970, "%d", bootstrap_holds);
}
