/* Statistics of replications: what may be said about a metric, or about the difference of two policies, from a few runs.
 *
 * Everything here takes plain arrays of doubles, keeps nothing and prints nothing. A value that the data cannot give
 * (a standard deviation of one run, a p-value of equal differences) is NaN, never 0; whoever shows it says so.
 * Every result carries the number of observations that it rests on: no p-value without n.
 * Distribution functions come from the GNU Scientific Library.
 *
 * Sources
 *   Law, Simulation Modeling and Analysis, 5th ed., chapters 9-11 (paired differences, warm-up, sequential stop)
 *   Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 14 (BCa)
 *   Hesterberg, What Teachers Should Know About the Bootstrap, Am. Stat. 69(4), 2015 (expansion for small n)
 *   Wilcoxon, Individual Comparisons by Ranking Methods, 1945; Holm, Scand. J. Stat. 6, 1979
 *   Cohen, Statistical Power Analysis, 1988 (d_z); Cliff, Psychological Bulletin 114(3), 1993 (delta)
 *   White, Cobb and Spratt, A comparison of five steady-state truncation heuristics, WSC 2000 (MSER-5)
 *   Hyndman and Fan, Sample Quantiles in Statistical Packages, Am. Stat. 50(4), 1996 (type 7)
 */
#ifndef VDC_ANALYSIS_STATISTICS_H
#define VDC_ANALYSIS_STATISTICS_H

#include "sim/base/status.h"
#include <stddef.h>
#include <stdint.h>

typedef struct vdc_interval { double low, high; } vdc_interval;

/* One sample. The interval is Student's for the mean at the level asked for; NaN below two observations. */
typedef struct vdc_sample {
    size_t n;
    double mean, deviation;             /* deviation: of the sample, n - 1 in the denominator */
    double minimum, median, maximum;
    vdc_interval interval;
} vdc_sample;
/* level in (0, 1), 0.95 for a 95 % interval. n = 0 gives NaN throughout. O(n log n). */
vdc_code vdc_sample_describe(const double *values, size_t n, double level, vdc_sample *sample, vdc_diag *diag);

/* Quantile q in [0, 1] of ascending values by linear interpolation (type 7, as R, NumPy and pandas do); NaN when n = 0. */
double vdc_quantile_sorted(const double *ascending, size_t n, double q);
/* Ascending order with NaN last; for the functions that ask for sorted values. */
void vdc_sort_values(double *values, size_t n);

/* Everything that is said about the paired differences d[i] = value[i] - baseline[i]. */
typedef struct vdc_paired {
    size_t n;                    /* pairs */
    double baseline;             /* its mean over the pairs */
    double mean, deviation;      /* of the differences */
    vdc_interval student;        /* of the mean difference, t distribution with n - 1 degrees of freedom */
    vdc_interval bootstrap;      /* of the mean difference, BCa, expanded for small n */
    double t, t_p;               /* paired t test, two-sided; NaN when all differences are equal or n < 2 */
    size_t wilcoxon_n;           /* pairs that differ: the n of the signed-rank test */
    double wilcoxon_w, wilcoxon_p; /* sum of the ranks of positive differences; two-sided p */
    double cohen_dz;             /* mean / deviation; NaN when the deviation is 0 */
    double cliff_delta;          /* of the two samples, in [-1, 1] */
} vdc_paired;

/* `resamples` bootstrap draws (2 000 is ample for 95 %) from the stream keyed by `key`, so that the same data give the same
 * interval. 0 leaves the bootstrap interval NaN. O(n x resamples). */
vdc_code vdc_paired_compare(const double *baseline, const double *value, size_t n, double level, size_t resamples, uint64_t key,
                            vdc_paired *paired, vdc_diag *diag);

/* The bootstrap interval alone, of the mean of `values`. */
vdc_code vdc_bootstrap_mean(const double *values, size_t n, double level, size_t resamples, uint64_t key, vdc_interval *interval,
                            vdc_diag *diag);

/* Wilcoxon's signed-rank test of symmetry about 0. Zeros are left out; equal sizes share the mean of their ranks. The p-value is
 * exact (given the ties) up to VDC_WILCOXON_EXACT differences, beyond that normal with corrections for ties and continuity. NaN
 * when no difference is left. */
enum { VDC_WILCOXON_EXACT = 100 };
vdc_code vdc_wilcoxon(const double *differences, size_t n, size_t *used, double *w, double *p, vdc_diag *diag);

/* (pairs with x < y minus pairs with x > y) / (n m): +1 when every y lies above every x. O((n + m) log(n + m)). */
vdc_code vdc_cliff_delta(const double *x, size_t n, const double *y, size_t m, double *delta, vdc_diag *diag);

/* Holm's step-down correction of p-values of one family, in place; NaN stay NaN and do not count. O(n log n). */
vdc_code vdc_holm(double *p, size_t n, vdc_diag *diag);

/* The warm-up of a series by MSER-5: the first `cut` observations (a multiple of 5) should be left out. `settled` is false
 * when the minimum lies at the end of the range searched (half the series): the series is too short to tell. O(n). */
typedef struct vdc_warm_up { size_t cut; bool settled; } vdc_warm_up;
vdc_warm_up vdc_mser5(const double *series, size_t n);

/* Are these replications enough for a half-width? `target` is absolute, or a share of |mean| when `relative`.
 * `needed` estimates the total of replications with the deviation seen so far (at least n + 1 when not done; 0 = cannot be
 * told, as with fewer than two values or a relative target and a mean of 0). */
typedef struct vdc_precision { bool enough; double half_width; size_t needed; } vdc_precision;
vdc_precision vdc_replications_needed(const double *values, size_t n, double level, double target, bool relative);

#endif
