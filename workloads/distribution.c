/* Distributions of times. See distribution.h.
 *
 * Parameters are given as users think of them: means and medians as times, shapes as numbers. Densities and draws are those
 * of GSL (gsl_ran_*); the formulas of the means stand beside them.
 */
#include "workloads/distribution.h"

#include "sim/base/known.h"
#include "workloads/table.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <string.h>

#define TIME(key, structure, member, fallback, help) \
    {key, VDC_PARAM_INTEGER, VDC_DIM_TIME, fallback, 0, 0, NULL, help, offsetof(structure, member), false, NULL}
#define TIME_OR_NONE(key, structure, member, help) \
    {key, VDC_PARAM_INTEGER, VDC_DIM_TIME, "none", 0, 0, NULL, help, offsetof(structure, member), false, "none"}
#define REAL(key, structure, member, fallback, minimum, maximum, help) \
    {key, VDC_PARAM_REAL, VDC_DIM_COUNT, fallback, minimum, maximum, NULL, help, offsetof(structure, member), false, NULL}
#define NODE(key, structure, member, help) \
    {key, VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, help, offsetof(structure, member), false, NULL}
#define TABLE(params, structure) params, sizeof params / sizeof params[0], sizeof(structure)

/* ---- constant, uniform, exponential ---- */

typedef struct constant { int64_t value; } constant;
static const vdc_param constant_params[] = {TIME("value", constant, value, NULL, "the value")};
static double constant_draw(const void *values, vdc_stream *stream) {
    (void)stream;
    return (double)((const constant *)values)->value;
}
static double constant_mean(const void *values) {
    return (double)((const constant *)values)->value;
}

typedef struct uniform { int64_t minimum, maximum; } uniform;
static const vdc_param uniform_params[] = {TIME("min", uniform, minimum, "0s", "smallest"),
                                           TIME("max", uniform, maximum, NULL, "largest")};
static vdc_code uniform_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                                vdc_diag *diag) {
    const uniform *self = values;
    (void)context, (void)arena;
    return self->minimum <= self->maximum ? VDC_OK : vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "uniform: min is above max");
}
static double uniform_draw(const void *values, vdc_stream *stream) {
    const uniform *self = values;
    return (double)self->minimum + (double)(self->maximum - self->minimum) * vdc_stream_uniform(stream);
}
static double uniform_mean(const void *values) {
    const uniform *self = values;
    return ((double)self->minimum + (double)self->maximum) / 2;
}

typedef struct exponential { int64_t mean; } exponential;
static const vdc_param exponential_params[] = {TIME("mean", exponential, mean, NULL, "mean")};
static double exponential_draw(const void *values, vdc_stream *stream) {
    return gsl_ran_exponential(&stream->rng, (double)((const exponential *)values)->mean);
}
static double exponential_mean(const void *values) {
    return (double)((const exponential *)values)->mean;
}

/* ---- Weibull, gamma, Pareto, log-normal: by mean, or by the scale that the formula has ---- */

/* Exactly one of two ways to say how large the values are; none given as VDC_PARAM_NONE. */
static vdc_code check_one(int64_t mean, int64_t other, const char *names, const vdc_node *node, vdc_diag *diag) {
    if ((mean == VDC_PARAM_NONE) != (other == VDC_PARAM_NONE)) return VDC_OK;
    return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "exactly one of %s is wanted", names);
}

typedef struct shaped { double shape; int64_t mean, scale; double unit; } shaped; /* unit: the formula's scale, ns */

static const vdc_param weibull_params[] = {REAL("shape", shaped, shape, NULL, 0.05, 100, "below 1: many short ones"),
                                           TIME_OR_NONE("mean", shaped, mean, "mean"),
                                           TIME_OR_NONE("scale", shaped, scale, "the formula's scale (63 % are shorter)")};
static vdc_code weibull_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                                vdc_diag *diag) {
    shaped *self = values;
    (void)context, (void)arena;
    self->unit = self->scale != VDC_PARAM_NONE ? (double)self->scale : (double)self->mean / gsl_sf_gamma(1 + 1 / self->shape);
    return check_one(self->mean, self->scale, "mean and scale", node, diag);
}
static double weibull_draw(const void *values, vdc_stream *stream) {
    const shaped *self = values;
    return gsl_ran_weibull(&stream->rng, self->unit, self->shape);
}
static double weibull_mean(const void *values) {
    const shaped *self = values;
    return self->unit * gsl_sf_gamma(1 + 1 / self->shape);
}

static const vdc_param gamma_params[] = {REAL("shape", shaped, shape, NULL, 0.01, 10000, "1 = exponential"),
                                         TIME_OR_NONE("mean", shaped, mean, "mean"),
                                         TIME_OR_NONE("scale", shaped, scale, "the formula's scale: mean / shape")};
static vdc_code gamma_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                              vdc_diag *diag) {
    shaped *self = values;
    (void)context, (void)arena;
    self->unit = self->scale != VDC_PARAM_NONE ? (double)self->scale : (double)self->mean / self->shape;
    return check_one(self->mean, self->scale, "mean and scale", node, diag);
}
static double gamma_draw(const void *values, vdc_stream *stream) {
    const shaped *self = values;
    return gsl_ran_gamma(&stream->rng, self->shape, self->unit);
}
static double gamma_mean(const void *values) {
    const shaped *self = values;
    return self->shape * self->unit;
}

static const vdc_param pareto_params[] = {REAL("shape", shaped, shape, NULL, 1.000001, 1000, "tail exponent, above 1"),
                                          TIME_OR_NONE("mean", shaped, mean, "mean"),
                                          TIME_OR_NONE("min", shaped, scale, "the smallest value")};
static vdc_code pareto_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                               vdc_diag *diag) {
    shaped *self = values;
    (void)context, (void)arena;
    self->unit = self->scale != VDC_PARAM_NONE ? (double)self->scale : (double)self->mean * (self->shape - 1) / self->shape;
    return check_one(self->mean, self->scale, "mean and min", node, diag);
}
static double pareto_draw(const void *values, vdc_stream *stream) {
    const shaped *self = values;
    return gsl_ran_pareto(&stream->rng, self->shape, self->unit);
}
static double pareto_mean(const void *values) {
    const shaped *self = values;
    return self->unit * self->shape / (self->shape - 1);
}

typedef struct lognormal { int64_t median, mean; double sigma, mu; } lognormal; /* mu, sigma: of the logarithm */
static const vdc_param lognormal_params[] = {TIME_OR_NONE("median", lognormal, median, "median"),
                                             TIME_OR_NONE("mean", lognormal, mean, "mean"),
                                             REAL("sigma", lognormal, sigma, NULL, 0, 20, "standard deviation of the logarithm")};
static vdc_code lognormal_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                                  vdc_diag *diag) {
    lognormal *self = values;
    (void)context, (void)arena;
    if (self->median == 0 || self->mean == 0) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place,
                                                              "lognormal: a time above 0 is wanted");
    self->mu = self->median != VDC_PARAM_NONE ? log((double)self->median)
        : log((double)self->mean) - self->sigma * self->sigma / 2;
    return check_one(self->mean, self->median, "median and mean", node, diag);
}
static double lognormal_draw(const void *values, vdc_stream *stream) {
    const lognormal *self = values;
    return gsl_ran_lognormal(&stream->rng, self->mu, self->sigma);
}
static double lognormal_mean(const void *values) {
    const lognormal *self = values;
    return exp(self->mu + self->sigma * self->sigma / 2);
}

/* ---- mixtures: one of several values, or of several exponentials ---- */

/* `cumulative` rises to 1. */
typedef struct mixture {
    const vdc_node *times, *weights;
    const char *path;
    size_t count;
    double *value, *cumulative;
} mixture;

static vdc_code complete_mixture(mixture *self, const vdc_node *node, vdc_diag *diag) {
    double total = 0;
    for (size_t i = 0; i < self->count; i++) total += self->cumulative[i];
    if (!(total > 0)) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "the weights add up to 0");
    double sum = 0;
    for (size_t i = 0; i < self->count; i++) self->cumulative[i] = (sum += self->cumulative[i]) / total;
    return VDC_OK;
}

/* Two lists of one length, the second of weights (NULL = all equal). */
static vdc_code read_lists(mixture *self, const vdc_node *node, vdc_arena *arena, vdc_diag *diag) {
    const vdc_node *times = self->times, *weights = self->weights;
    if (times->kind != VDC_NODE_SEQUENCE || times->count == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &times->place, "a list of times is wanted");
    if (weights && (weights->kind != VDC_NODE_SEQUENCE || weights->count != times->count))
        return vdc_fail(diag, VDC_ERROR_INPUT, &weights->place, "a list of %zu weights is wanted, one for each time",
                        times->count);
    self->count = times->count;
    self->value = vdc_arena_alloc(arena, self->count * sizeof *self->value);
    self->cumulative = vdc_arena_alloc(arena, self->count * sizeof *self->cumulative);
    if (!self->value || !self->cumulative) return vdc_no_memory(diag, "a distribution");
    for (size_t i = 0; i < self->count; i++) {
        int64_t time;
        vdc_code code = vdc_node_integer(times->children[i], VDC_DIM_TIME, 0, INT64_MAX, &time, diag);
        self->value[i] = code ? 0 : (double)time;
        self->cumulative[i] = 1;
        if (!code && weights) code = vdc_node_real(weights->children[i], VDC_DIM_RATIO, 0, 1e12, &self->cumulative[i], diag);
        if (code) return code;
    }
    return complete_mixture(self, node, diag);
}

static size_t draw_part(const mixture *self, vdc_stream *stream) {
    const double u = vdc_stream_uniform(stream);
    size_t low = 0, high = self->count - 1; /* the first whose cumulative weight is above u */
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (self->cumulative[middle] > u) high = middle;
        else low = middle + 1;
    }
    return low;
}

static double mixture_mean(const void *values) {
    const mixture *self = values;
    double mean = 0, before = 0;
    for (size_t i = 0; i < self->count; i++) {
        mean += self->value[i] * (self->cumulative[i] - before);
        before = self->cumulative[i];
    }
    return mean;
}

static const vdc_param hyper_params[] = {
    {"means", VDC_PARAM_NODE, VDC_DIM_TIME, NULL, 0, 0, NULL, "[time, …]: the means of the phases", offsetof(mixture, times),
     true, NULL},
    NODE("weights", mixture, weights, "[number, …]: how often each is drawn; equal without it"),
};
static vdc_code hyper_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                              vdc_diag *diag) {
    (void)context;
    return read_lists(values, node, arena, diag);
}
static double hyper_draw(const void *values, vdc_stream *stream) {
    const mixture *self = values;
    const size_t part = draw_part(self, stream);
    return gsl_ran_exponential(&stream->rng, self->value[part]);
}

static const vdc_param empirical_params[] = {
    NODE("values", mixture, times, "[time, …]"),
    NODE("weights", mixture, weights, "[number, …]: how often each is drawn; equal without it"),
    {"path", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "or a CSV with the columns value_s and, if wanted, weight",
     offsetof(mixture, path), false, NULL},
};

/* Values and weights of a CSV into growing arrays, then into the arena. */
static vdc_code read_values(mixture *self, const char *path, const vdc_workload_context *context, vdc_arena *arena,
                            vdc_diag *diag) {
    static const char *const wanted[] = {"value_s|lifetime_s|duration_s", "weight|count"};
    enum { WEIGHT_SCALE = 1000000 };
    int at[2];
    double *pairs = NULL;
    size_t capacity = 0;
    vdc_table table;
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = vdc_table_map(&table, wanted, 2, 1, at, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        const int64_t value = vdc_table_number(&table, at[0], VDC_SECOND, 0, INT64_MAX);
        const int64_t weight = vdc_table_number_or(&table, at[1], WEIGHT_SCALE, 0, INT64_MAX, WEIGHT_SCALE);
        if (vdc_table_bad(&table, &code)) continue;
        if (!VDC_RESERVE(pairs, capacity, 2 * self->count + 2)) code = vdc_no_memory(diag, "a distribution");
        else pairs[2 * self->count] = (double)value, pairs[2 * self->count++ + 1] = (double)weight;
    }
    vdc_table_close(&table);
    const vdc_place place = {path, 0, 0};
    if (!code && self->count == 0) code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "there are no values in it");
    if (!code) {
        self->value = vdc_arena_alloc(arena, self->count * sizeof *self->value);
        self->cumulative = vdc_arena_alloc(arena, self->count * sizeof *self->cumulative);
        if (!self->value || !self->cumulative) code = vdc_no_memory(diag, "a distribution");
    }
    VDC_KNOWN(pairs || self->count == 0);
    for (size_t i = 0; i < self->count && !code; i++) self->value[i] = pairs[2 * i], self->cumulative[i] = pairs[2 * i + 1];
    vdc_free(pairs);
    return code;
}

static vdc_code empirical_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                                  vdc_diag *diag) {
    mixture *self = values;
    if (!self->times == !self->path)
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "empirical: exactly one of values and path is wanted");
    if (self->times) return read_lists(self, node, arena, diag);
    char *path = vdc_path_at(node, "path");
    vdc_code code = path ? read_values(self, path, context, arena, diag) : vdc_no_memory(diag, "a path");
    vdc_free(path);
    return code ? code : complete_mixture(self, node, diag);
}
static double empirical_draw(const void *values, vdc_stream *stream) {
    const mixture *self = values;
    return self->value[draw_part(self, stream)];
}

/* ---- the registry ---- */

const vdc_distribution_type vdc_distribution_types[] = {
    {{"exponential", "memoryless", TABLE(exponential_params, exponential)}, NULL, exponential_draw, exponential_mean},
    {{"constant", "always the same", TABLE(constant_params, constant)}, NULL, constant_draw, constant_mean},
    {{"uniform", "evenly from min to max", TABLE(uniform_params, uniform)}, uniform_prepare, uniform_draw, uniform_mean},
    {{"weibull", "shape below 1: many short, few long", TABLE(weibull_params, shaped)}, weibull_prepare, weibull_draw,
     weibull_mean},
    {{"gamma", "sums of exponentials", TABLE(gamma_params, shaped)}, gamma_prepare, gamma_draw, gamma_mean},
    {{"lognormal", "the logarithm is normal", TABLE(lognormal_params, lognormal)}, lognormal_prepare, lognormal_draw,
     lognormal_mean},
    {{"pareto", "heavy tail", TABLE(pareto_params, shaped)}, pareto_prepare, pareto_draw, pareto_mean},
    {{"hyper-exponential", "one of several exponentials", TABLE(hyper_params, mixture)}, hyper_prepare, hyper_draw, mixture_mean},
    {{"empirical", "one of given values", TABLE(empirical_params, mixture)}, empirical_prepare, empirical_draw, mixture_mean},
};
const size_t vdc_distribution_count = sizeof vdc_distribution_types / sizeof vdc_distribution_types[0];

vdc_code vdc_distribution_read(vdc_distribution *distribution, const vdc_node *node, const vdc_workload_context *context,
                               const char *what, vdc_arena *arena, vdc_diag *diag) {
    size_t chosen;
    vdc_code code = vdc_kind_read(node, "dist", vdc_distribution_types, sizeof vdc_distribution_types[0], vdc_distribution_count,
                                  what, arena, &chosen, &distribution->values, diag);
    if (code) return code;
    distribution->type = &vdc_distribution_types[chosen];
    return distribution->type->prepare ? distribution->type->prepare(distribution->values, node, context, arena, diag) : VDC_OK;
}

int64_t vdc_distribution_draw(const vdc_distribution *distribution, vdc_stream *stream) {
    const double value = distribution->type->draw(distribution->values, stream);
    return value < 0x1p62 ? llrint(value) : INT64_C(1) << 62;
}
