/* Statistics of replications; the header says what each function computes and after whom. */
#include "analysis/statistics.h"

#include "sim/base/memory.h"
#include "sim/base/random.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double square(double x)
{
    return x * x;
}

static int ascending_nan_last(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    if (isnan(a) || isnan(b)) {
        return isnan(a) - isnan(b);
    }
    return (a > b) - (a < b);
}

void vdc_sort_values(double *values, size_t n)
{
    if (n > 1) {
        qsort(values, n, sizeof *values, ascending_nan_last);
    }
}

double vdc_quantile_sorted(const double *ascending, size_t n, double q)
{
    if (n == 0 || !(q >= 0 && q <= 1)) {
        return NAN;
    }
    return gsl_stats_quantile_from_sorted_data(ascending, 1, n, q);
}

static double *copy_of(const double *values, size_t n)
{
    double *copy = vdc_malloc((n ? n : 1) * sizeof *copy);
    if (copy && n) {
        memcpy(copy, values, n * sizeof *copy);
    }
    return copy;
}

static double mean_of(const double *values, size_t n)
{
    return n ? gsl_stats_mean(values, 1, n) : NAN;
}

/* The t distribution's factor for a two-sided interval of that level from n observations. */
static double student_factor(size_t n, double level)
{
    return gsl_cdf_tdist_Qinv((1 - level) / 2, (double)(n - 1));
}

static vdc_interval student_interval(double mean, double deviation, size_t n, double level)
{
    if (n < 2 || !(level > 0 && level < 1)) {
        return (vdc_interval){NAN, NAN};
    }
    double half = student_factor(n, level) * deviation / sqrt((double)n);
    return (vdc_interval){mean - half, mean + half};
}

vdc_code vdc_sample_describe(const double *values, size_t n, double level, vdc_sample *sample, vdc_diag *diag)
{
    *sample = (vdc_sample){.n = n, .mean = mean_of(values, n), .deviation = NAN, .minimum = NAN, .median = NAN, .maximum = NAN,
                           .interval = {NAN, NAN}};
    if (n == 0) {
        return VDC_OK;
    }
    double *sorted = copy_of(values, n);
    if (!sorted) {
        return vdc_no_memory(diag, "a sample");
    }
    vdc_sort_values(sorted, n);
    sample->minimum = sorted[0];
    sample->maximum = sorted[n - 1];
    sample->median = vdc_quantile_sorted(sorted, n, 0.5);
    vdc_free(sorted);
    if (n >= 2) {
        sample->deviation = gsl_stats_sd_m(values, 1, n, sample->mean);
        sample->interval = student_interval(sample->mean, sample->deviation, n, level);
    }
    return VDC_OK;
}

/* The share of the bootstrap distribution at which an end of the BCa interval lies. `z` is the expanded normal quantile, `bias`
 * and `acceleration` are z0 and a of Efron and Tibshirani, formula 14.10. */
static double bca_share(double z, double bias, double acceleration)
{
    double shifted = bias + z;
    /* Far in the tail of a very skewed sample the correction would change its sign; it is held there instead. */
    return gsl_cdf_ugaussian_P(bias + shifted / fmax(0.1, 1 - acceleration * shifted));
}

vdc_code vdc_bootstrap_mean(const double *values, size_t n, double level, size_t resamples, uint64_t key, vdc_interval *interval,
                            vdc_diag *diag)
{
    *interval = (vdc_interval){NAN, NAN};
    if (n < 2 || resamples < 2 || !(level > 0 && level < 1)) {
        return VDC_OK;
    }
    double mean = mean_of(values, n), squares = 0, cubes = 0;
    for (size_t i = 0; i < n; i++) {
        squares += square(values[i] - mean);
        cubes += square(values[i] - mean) * (values[i] - mean);
    }
    if (squares == 0) {
        *interval = (vdc_interval){mean, mean};
        return VDC_OK;
    }
    double *means = vdc_malloc(resamples * sizeof *means);
    if (!means) {
        return vdc_no_memory(diag, "bootstrap resamples");
    }
    vdc_stream stream;
    vdc_stream_open(&stream, key, "statistics.bootstrap", n);
    double below = 0; /* resamples under the mean; one that equals it counts half */
    for (size_t draw = 0; draw < resamples; draw++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += values[vdc_stream_below(&stream, n)];
        }
        means[draw] = sum / (double)n;
        below += means[draw] < mean ? 1 : means[draw] == mean ? 0.5 : 0;
    }
    vdc_sort_values(means, resamples);
    /* A bias of all or nothing would be an infinite quantile: keep half a resample on each side. */
    double share = fmin(fmax(below, 0.5), (double)resamples - 0.5) / (double)resamples;
    double bias = gsl_cdf_ugaussian_Pinv(share);
    double acceleration = cubes / (6 * pow(squares, 1.5)); /* the jackknife's, in closed form for a mean */
    double z = student_factor(n, level) * sqrt((double)n / (double)(n - 1));
    interval->low = vdc_quantile_sorted(means, resamples, bca_share(-z, bias, acceleration));
    interval->high = vdc_quantile_sorted(means, resamples, bca_share(z, bias, acceleration));
    vdc_free(means);
    return VDC_OK;
}

typedef struct ranked { double size; bool positive; } ranked;

static int by_size(const void *left, const void *right)
{
    double a = ((const ranked *)left)->size, b = ((const ranked *)right)->size;
    return (a > b) - (a < b);
}

/* P(W <= w) and P(W >= w) of the signed-rank sum, given the (doubled) ranks: each rank goes to either side with
 * probability 1/2, so the distribution is built by adding one rank after another. Doubled mid-ranks are integers. */
static vdc_code exact_signed_rank(const size_t *ranks, size_t n, size_t w, double *at_most, double *at_least, vdc_diag *diag)
{
    size_t total = n * (n + 1), sum = 0;
    double *probability = vdc_calloc(total + 1, sizeof *probability);
    if (!probability) {
        return vdc_no_memory(diag, "the signed-rank distribution");
    }
    probability[0] = 1;
    for (size_t i = 0; i < n; i++) {
        sum += ranks[i];
        for (size_t s = sum + 1; s-- > 0;) {
            probability[s] = 0.5 * probability[s] + (s >= ranks[i] ? 0.5 * probability[s - ranks[i]] : 0);
        }
    }
    *at_most = *at_least = 0;
    for (size_t s = 0; s <= total; s++) {
        *at_most += s <= w ? probability[s] : 0;
        *at_least += s >= w ? probability[s] : 0;
    }
    vdc_free(probability);
    return VDC_OK;
}

vdc_code vdc_wilcoxon(const double *differences, size_t n, size_t *used, double *w, double *p, vdc_diag *diag)
{
    *used = 0;
    *w = *p = NAN;
    ranked *items = vdc_malloc((n ? n : 1) * sizeof *items);
    size_t *ranks = vdc_malloc((n ? n : 1) * sizeof *ranks); /* doubled */
    if (!items || !ranks) {
        vdc_free(items);
        vdc_free(ranks);
        return vdc_no_memory(diag, "ranks");
    }
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (differences[i] != 0 && !isnan(differences[i])) {
            items[count++] = (ranked){fabs(differences[i]), differences[i] > 0};
        }
    }
    vdc_code code = VDC_OK;
    if (count > 0) {
        qsort(items, count, sizeof *items, by_size);
        size_t positive = 0;
        double ties = 0; /* sum of t^3 - t over groups of t equal sizes */
        for (size_t first = 0, last; first < count; first = last) {
            for (last = first; last < count && items[last].size == items[first].size; last++) {}
            double group = (double)(last - first);
            ties += group * group * group - group;
            for (size_t i = first; i < last; i++) {
                ranks[i] = first + 1 + last; /* twice the mean of ranks first + 1 .. last */
                positive += items[i].positive ? ranks[i] : 0;
            }
        }
        *used = count;
        *w = (double)positive / 2;
        if (count <= VDC_WILCOXON_EXACT) {
            double at_most = 0, at_least = 0;
            code = exact_signed_rank(ranks, count, positive, &at_most, &at_least, diag);
            *p = fmin(1, 2 * fmin(at_most, at_least));
        } else {
            double m = (double)count, expected = m * (m + 1) / 4;
            double deviation = sqrt(m * (m + 1) * (2 * m + 1) / 24 - ties / 48);
            double distance = fmax(0, fabs(*w - expected) - 0.5);
            *p = fmin(1, 2 * gsl_cdf_ugaussian_Q(distance / deviation));
        }
    }
    vdc_free(items);
    vdc_free(ranks);
    return code;
}

vdc_code vdc_cliff_delta(const double *x, size_t n, const double *y, size_t m, double *delta, vdc_diag *diag)
{
    *delta = NAN;
    if (n == 0 || m == 0) {
        return VDC_OK;
    }
    double *a = copy_of(x, n), *b = copy_of(y, m);
    if (!a || !b) {
        vdc_free(a);
        vdc_free(b);
        return vdc_no_memory(diag, "two samples");
    }
    vdc_sort_values(a, n);
    vdc_sort_values(b, m);
    double balance = 0;
    size_t under = 0, not_over = 0; /* of a: below b[j]; at or below b[j] */
    for (size_t j = 0; j < m; j++) {
        while (under < n && a[under] < b[j]) {
            under++;
        }
        while (not_over < n && a[not_over] <= b[j]) {
            not_over++;
        }
        balance += (double)under - (double)(n - not_over);
    }
    *delta = balance / ((double)n * (double)m);
    vdc_free(a);
    vdc_free(b);
    return VDC_OK;
}

vdc_code vdc_holm(double *p, size_t n, vdc_diag *diag)
{
    size_t *order = vdc_malloc((n ? n : 1) * sizeof *order), count = 0;
    double *known = vdc_malloc((n ? n : 1) * sizeof *known);
    size_t *sorted = vdc_malloc((n ? n : 1) * sizeof *sorted);
    vdc_code code = VDC_OK;
    if (!order || !known || !sorted) {
        code = vdc_no_memory(diag, "p-values");
    } else {
        for (size_t i = 0; i < n; i++) {
            if (!isnan(p[i])) {
                known[count] = p[i];
                order[count++] = i;
            }
        }
        if (count > 0) {
            gsl_sort_index(sorted, known, 1, count);
        }
        double floor = 0; /* adjusted values do not fall as p rises */
        for (size_t rank = 0; rank < count; rank++) {
            floor = fmax(floor, fmin(1, known[sorted[rank]] * (double)(count - rank)));
            p[order[sorted[rank]]] = floor;
        }
    }
    vdc_free(order);
    vdc_free(known);
    vdc_free(sorted);
    return code;
}

vdc_code vdc_paired_compare(const double *baseline, const double *value, size_t n, double level, size_t resamples, uint64_t key,
                            vdc_paired *paired, vdc_diag *diag)
{
    *paired = (vdc_paired){.n = n,
                           .baseline = NAN,
                           .mean = NAN,
                           .deviation = NAN,
                           .student = {NAN, NAN},
                           .bootstrap = {NAN, NAN},
                           .t = NAN,
                           .t_p = NAN,
                           .wilcoxon_w = NAN,
                           .wilcoxon_p = NAN,
                           .cohen_dz = NAN,
                           .cliff_delta = NAN};
    if (n == 0) {
        return VDC_OK;
    }
    double *differences = vdc_malloc(n * sizeof *differences);
    if (!differences) {
        return vdc_no_memory(diag, "paired differences");
    }
    for (size_t i = 0; i < n; i++) {
        differences[i] = value[i] - baseline[i];
    }
    paired->baseline = mean_of(baseline, n);
    paired->mean = mean_of(differences, n);
    if (n >= 2) {
        paired->deviation = gsl_stats_sd_m(differences, 1, n, paired->mean);
        paired->student = student_interval(paired->mean, paired->deviation, n, level);
        if (paired->deviation > 0) {
            paired->t = paired->mean / (paired->deviation / sqrt((double)n));
            paired->t_p = 2 * gsl_cdf_tdist_Q(fabs(paired->t), (double)(n - 1));
            paired->cohen_dz = paired->mean / paired->deviation;
        }
    }
    vdc_code code = vdc_bootstrap_mean(differences, n, level, resamples, key, &paired->bootstrap, diag);
    if (!code) {
        code = vdc_wilcoxon(differences, n, &paired->wilcoxon_n, &paired->wilcoxon_w, &paired->wilcoxon_p, diag);
    }
    if (!code) {
        code = vdc_cliff_delta(baseline, n, value, n, &paired->cliff_delta, diag);
    }
    vdc_free(differences);
    return code;
}

vdc_warm_up vdc_mser5(const double *series, size_t n)
{
    enum { BATCH = 5 };
    size_t batches = n / BATCH;
    vdc_warm_up result = {0, false};
    if (batches < 4) {
        return result; /* nothing to choose between */
    }
    /* From the end, so that the sums of what is kept grow by one batch a step. Values are taken relative to the last
     * batch: the statistic does not change and squares lose no digits. */
    double origin = mean_of(series + (batches - 1) * BATCH, BATCH), sum = 0, squares = 0, best = INFINITY;
    size_t last_cut = batches / 2, best_cut = 0;
    for (size_t cut = batches; cut-- > 0;) {
        double batch = mean_of(series + cut * BATCH, BATCH) - origin;
        sum += batch;
        squares += square(batch);
        double kept = (double)(batches - cut);
        double statistic = fmax(0, squares - square(sum) / kept) / square(kept);
        if (cut <= last_cut && statistic <= best) { /* <=: of equal minima the one that keeps more */
            best = statistic;
            best_cut = cut;
        }
    }
    result.cut = best_cut * BATCH;
    result.settled = best_cut < last_cut;
    return result;
}

vdc_precision vdc_replications_needed(const double *values, size_t n, double level, double target, bool relative)
{
    vdc_precision result = {false, NAN, 0};
    if (n < 2 || !(level > 0 && level < 1)) {
        return result;
    }
    double mean = mean_of(values, n), deviation = gsl_stats_sd_m(values, 1, n, mean);
    double goal = relative ? target * fabs(mean) : target;
    result.half_width = student_factor(n, level) * deviation / sqrt((double)n);
    result.enough = result.half_width <= goal;
    if (result.enough) {
        result.needed = n;
    } else if (goal > 0) {
        enum { LIMIT = 1000000 }; /* beyond it nobody waits for the runs */
        size_t need = n + 1;
        /* The normal quantile gives a start from below; the t factor only shrinks with more runs. */
        double least = square(gsl_cdf_ugaussian_Qinv((1 - level) / 2) * deviation / goal);
        if (least >= LIMIT) {
            need = LIMIT;
        } else if (least > (double)need) {
            need = (size_t)least;
        }
        while (need < LIMIT && student_factor(need, level) * deviation / sqrt((double)need) > goal) {
            need++;
        }
        result.needed = need;
    }
    return result;
}
