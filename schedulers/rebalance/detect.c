/* Overload detection (Beloglazov, Buyya 2012): a fixed threshold, thresholds that adapt to how much the load varies (iqr, mad), and
 * local regression (lr, lrr), which looks ahead to the end of a migration that would begin now.
 *
 * The defaults are the definitions of the paper. CloudSim, on which most published figures rest, departs from them in ways that
 * parameters select, so that its figures can be had exactly: `quartiles: nearest`, `zeros: dropped`, `history: reversed`, `weights: none`.
 */
#include <gsl/gsl_fit.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "schedulers/policy_rows.h"

enum { MOST_SAMPLES = 1000 };

/* ---- threshold ---- */

typedef struct threshold_state {
    double above;
} threshold_state;

static const vdc_param threshold_params[] = {
    VDC_PARAM_REAL_ROW("above", threshold_state, above, VDC_DIM_RATIO, "80%", 0, 1000, "load above which a host is overloaded"),
};

static bool threshold_overloaded(const void *state, const vdc_host_load *host) {
    return host->load > ((const threshold_state *)state)->above;
}

const vdc_policy vdc_detect_threshold = {
    VDC_POLICY_HEAD(VDC_DETECTION, "threshold", "the load is above a fixed share", "Beloglazov, Buyya 2012 (THR)"),
    VDC_POLICY_STATE(threshold_params, threshold_state),
    .detection = {.overloaded = threshold_overloaded},
};

/* ---- thresholds that adapt ---- */

static const char *const quartile_words[] = {"interpolated", "nearest", NULL};
static const char *const zero_words[] = {"counted", "dropped", NULL};
enum { ZEROS_COUNTED, ZEROS_DROPPED };

typedef struct adaptive_state {
    double safety, fallback;
    int64_t samples, least;
    int quartiles, zeros;
} adaptive_state;

#define ADAPTIVE_ROWS(standard, what) \
    VDC_PARAM_REAL_ROW("safety", adaptive_state, safety, VDC_DIM_RATIO, standard, 0, 1000, "the threshold is 1 - safety x " what), \
    VDC_PARAM_COUNT_ROW("samples", adaptive_state, samples, "30", 1, MOST_SAMPLES, "samples that are looked at"), \
    VDC_PARAM_COUNT_ROW("least", adaptive_state, least, "12", 1, MOST_SAMPLES, "with fewer samples the threshold is `fallback`"), \
    VDC_PARAM_REAL_ROW("fallback", adaptive_state, fallback, VDC_DIM_RATIO, "70%", 0, 1000, "threshold while there are too few samples"), \
    VDC_PARAM_CHOICE_ROW("zeros", adaptive_state, zeros, "counted", zero_words, \
                         "do zeros at the end of the history count towards `least`? CloudSim drops them")

/* The samples that count, oldest first; the number of them in *count. */
static const double *recent(const vdc_host_load *host, int64_t wanted, uint32_t *count) {
    *count = (int64_t)host->samples < wanted ? host->samples : (uint32_t)wanted;
    return host->history + (host->samples - *count);
}

static bool enough(const adaptive_state *adaptive, const double *samples, uint32_t count) {
    if (adaptive->zeros == ZEROS_DROPPED)
        while (count > 0 && samples[count - 1] == 0) count--;
    return count >= adaptive->least;
}

/* Small arrays that are nearly in order: quicker than a heap sort, and the result is the same. */
static void sort(double *values, uint32_t count) {
    if (count > 64) {
        gsl_sort(values, 1, count);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        double value = values[i];
        uint32_t j = i;
        for (; j > 0 && values[j - 1] > value; j--) values[j] = values[j - 1];
        values[j] = value;
    }
}

static uint32_t adaptive_window(const void *state) {
    return (uint32_t)((const adaptive_state *)state)->samples;
}

/* The host's recent samples in ascending order; false where they are too few to go by. */
static bool sort_recent(const adaptive_state *adaptive, const vdc_host_load *host, double sorted[MOST_SAMPLES], uint32_t *count) {
    const double *samples = recent(host, adaptive->samples, count);
    if (*count == 0 || !enough(adaptive, samples, *count)) return false;
    for (uint32_t i = 0; i < *count; i++) sorted[i] = samples[i];
    sort(sorted, *count);
    return true;
}

static const vdc_param iqr_params[] = {
    ADAPTIVE_ROWS("1.5", "the distance between the quartiles of the load"),
    VDC_PARAM_CHOICE_ROW("quartiles", adaptive_state, quartiles, "interpolated", quartile_words,
                         "between the two samples beside each, or the nearer of them, as CloudSim has it"),
};

/* The sample nearest to position (n + 1) share, halves upwards, counted from 1. */
static double nearest_quartile(const double *sorted, uint32_t count, double share) {
    double position = floor(share * (count + 1) + 0.5) - 1;
    return sorted[position < 0 ? 0 : position >= count ? count - 1 : (uint32_t)position];
}

static bool iqr_overloaded(const void *state, const vdc_host_load *host) {
    const adaptive_state *adaptive = state;
    uint32_t count;
    double sorted[MOST_SAMPLES];
    if (!sort_recent(adaptive, host, sorted, &count)) return host->load > adaptive->fallback;
    double range = adaptive->quartiles ? nearest_quartile(sorted, count, 0.75) - nearest_quartile(sorted, count, 0.25)
                                       : gsl_stats_quantile_from_sorted_data(sorted, 1, count, 0.75)
                                             - gsl_stats_quantile_from_sorted_data(sorted, 1, count, 0.25);
    return host->load > 1 - adaptive->safety * range;
}

const vdc_policy vdc_detect_iqr = {
    VDC_POLICY_HEAD(VDC_DETECTION, "iqr", "a threshold that is lower the wider the load's quartiles are apart", "Beloglazov, Buyya 2012 (IQR)"),
    VDC_POLICY_STATE(iqr_params, adaptive_state),
    .detection = {.overloaded = iqr_overloaded, .window = adaptive_window},
};

static const vdc_param mad_params[] = {
    ADAPTIVE_ROWS("2.5", "the median absolute deviation of the load"),
};

/* The mean of the two in the middle, rounded as lower + half of the difference. */
static double median(const double *sorted, uint32_t count) {
    double lower = sorted[(count - 1) / 2], upper = sorted[count / 2];
    return lower + 0.5 * (upper - lower);
}

static bool mad_overloaded(const void *state, const vdc_host_load *host) {
    const adaptive_state *adaptive = state;
    uint32_t count;
    double sorted[MOST_SAMPLES];
    if (!sort_recent(adaptive, host, sorted, &count)) return host->load > adaptive->fallback;
    double middle = median(sorted, count);
    for (uint32_t i = 0; i < count; i++) sorted[i] = fabs(middle - sorted[i]);
    sort(sorted, count);
    return host->load > 1 - adaptive->safety * median(sorted, count);
}

const vdc_policy vdc_detect_mad = {
    VDC_POLICY_HEAD(VDC_DETECTION, "mad", "a threshold that is lower the more the load deviates from its median", "Beloglazov, Buyya 2012 (MAD)"),
    VDC_POLICY_STATE(mad_params, adaptive_state),
    .detection = {.overloaded = mad_overloaded, .window = adaptive_window},
};

/* ---- local regression ---- */

static const char *const history_words[] = {"newest", "reversed", NULL};
static const char *const weight_words[] = {"tricube", "none", NULL};
enum { HISTORY_NEWEST, HISTORY_REVERSED };
enum { WEIGHTS_TRICUBE, WEIGHTS_NONE };

typedef struct regression_state {
    double safety, fallback;
    int64_t samples, window, iterations;
    int history, weights;
} regression_state;

#define REGRESSION_ROWS \
    VDC_PARAM_REAL_ROW("safety", regression_state, safety, VDC_DIM_RATIO, "1.2", 0, 1000, "overloaded when safety x what is foreseen is 1 or more"), \
    VDC_PARAM_COUNT_ROW("samples", regression_state, samples, "10", 3, MOST_SAMPLES, "samples that the line is laid through"), \
    VDC_PARAM_COUNT_ROW("window", regression_state, window, "30", 3, MOST_SAMPLES, \
                        "samples that are kept; only `history: reversed` looks at those before the newest"), \
    VDC_PARAM_REAL_ROW("fallback", regression_state, fallback, VDC_DIM_RATIO, "70%", 0, 1000, "threshold while there are too few samples"), \
    VDC_PARAM_CHOICE_ROW("history", regression_state, history, "newest", history_words, \
                         "the newest samples, or the oldest ones backwards, as CloudSim has it since 2024"), \
    VDC_PARAM_CHOICE_ROW("weights", regression_state, weights, "tricube", weight_words, \
                         "later samples count more, or all the same, as CloudSim has it")

static const vdc_param lr_params[] = {REGRESSION_ROWS};
static const vdc_param lrr_params[] = {
    REGRESSION_ROWS,
    VDC_PARAM_COUNT_ROW("iterations", regression_state, iterations, "1", 0, 100, "times that outliers are weighed down; not with `weights: none`"),
};

static uint32_t regression_window(const void *state) {
    const regression_state *regression = state;
    int64_t wanted = regression->history == HISTORY_REVERSED && regression->window > regression->samples ? regression->window : regression->samples;
    return (uint32_t)wanted;
}

/* The line a + b x through y[i] at x = i + 1, each point weighing the same; sums around running means, point by point. */
static void plain_line(const double *y, uint32_t count, double *a, double *b) {
    double mean_x = 1, mean_y = y[0], sum_xx = 0, sum_xy = 0, sum_x = 1, sum_y = y[0];
    for (uint32_t i = 1; i < count; i++) {
        double n = i, x = n + 1, dx = x - mean_x, dy = y[i] - mean_y, share = n / (1 + n);
        sum_xx += dx * dx * share;
        sum_xy += dx * dy * share;
        mean_x += dx / (1 + n);
        mean_y += dy / (1 + n);
        sum_x += x;
        sum_y += y[i];
    }
    *b = sum_xy / sum_xx;
    *a = (sum_y - *b * sum_x) / count;
}

/* Loess at the newest point (Cleveland 1979): tricube weights by distance from it, then `iterations` times bisquare weights by residual. */
static void local_line(const double *y, uint32_t count, int64_t iterations, double *a, double *b) {
    double x[MOST_SAMPLES], weights[MOST_SAMPLES], tricube[MOST_SAMPLES], residuals[MOST_SAMPLES], cov00, cov01, cov11, chi;
    for (uint32_t i = 0; i < count; i++) {
        double distance = (count - 1.0 - i) / (count - 1.0), left = 1 - distance * distance * distance;
        x[i] = i + 1;
        weights[i] = tricube[i] = left * left * left;
    }
    gsl_fit_wlinear(x, 1, weights, 1, y, 1, count, a, b, &cov00, &cov01, &cov11, &chi);
    for (int64_t k = 0; k < iterations; k++) {
        for (uint32_t i = 0; i < count; i++) residuals[i] = weights[i] = fabs(y[i] - (*a + *b * x[i]));
        sort(weights, count);
        double scale = 6 * median(weights, count);
        if (!(scale > 0)) return;
        uint32_t points = 0;
        for (uint32_t i = 0; i < count; i++) {
            double u = residuals[i] / scale, left = u < 1 ? 1 - u * u : 0;
            weights[i] = tricube[i] * left * left;
            points += weights[i] > 0;
        }
        if (points < 2) return;
        gsl_fit_wlinear(x, 1, weights, 1, y, 1, count, a, b, &cov00, &cov01, &cov11, &chi);
    }
}

static bool regression_overloaded(const void *state, const vdc_host_load *host) {
    const regression_state *regression = state;
    uint32_t kept, count = (uint32_t)regression->samples;
    const double *samples = recent(host, regression_window(state), &kept);
    if (kept < count || count < 3) return host->load > regression->fallback;
    double reversed[MOST_SAMPLES], a, b;
    const double *y = samples + (kept - count);
    if (regression->history == HISTORY_REVERSED) {
        for (uint32_t i = 0; i < count; i++) reversed[i] = samples[count - 1 - i];
        y = reversed;
    }
    if (regression->weights == WEIGHTS_NONE) plain_line(y, count, &a, &b);
    else local_line(y, count, regression->iterations, &a, &b);
    return (a + b * (count + ceil(host->migration))) * regression->safety >= 1;
}

const vdc_policy vdc_detect_lr = {
    VDC_POLICY_HEAD(VDC_DETECTION, "lr", "a line through the latest load reaches the full host before a migration ends", "Beloglazov, Buyya 2012 (LR)"),
    VDC_POLICY_STATE(lr_params, regression_state),
    .detection = {.overloaded = regression_overloaded, .window = regression_window},
};

const vdc_policy vdc_detect_lrr = {
    VDC_POLICY_HEAD(VDC_DETECTION, "lrr", "the same with outliers weighed down", "Beloglazov, Buyya 2012 (LRR); Cleveland 1979"),
    VDC_POLICY_STATE(lrr_params, regression_state),
    .detection = {.overloaded = regression_overloaded, .window = regression_window},
};
