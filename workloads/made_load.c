/* Loads that are made up. See made_load.h. */
#include "workloads/made_load.h"

#include "sim/base/random.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#define POSITION_MASK ((UINT64_C(1) << VDC_MADE_LOAD_POSITIONS) - 1)
#define RATIO(key, structure, member, fallback, help) \
    {key, VDC_PARAM_REAL, VDC_DIM_RATIO, fallback, 0, 1, NULL, help, offsetof(structure, member), false, NULL}
#define STEP(structure) \
    {"step", VDC_PARAM_INTEGER, VDC_DIM_TIME, "5min", 1, 0x1p62, NULL, "how long an interval is", \
     offsetof(structure, common.step), false, NULL}
#define TABLE(params, structure) params, sizeof params / sizeof params[0], sizeof(structure)

/* Uniform in (0, 1), never an end. */
static double unit_of(uint64_t bits) {
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* ---- constant ---- */

typedef struct constant { vdc_made_load_common common; double level; } constant;
static const vdc_param constant_params[] = {RATIO("level", constant, level, "100%", "share of the vCPUs")};
static vdc_code constant_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                                 vdc_diag *diag) {
    constant *self = values;
    (void)node, (void)context, (void)arena, (void)diag;
    self->common.step = VDC_FOREVER;
    self->common.highest = self->level;
    return VDC_OK;
}
static double constant_level(const void *values, uint64_t seed, uint64_t vm, uint64_t position) {
    (void)seed, (void)vm, (void)position;
    return ((const constant *)values)->level;
}

/* ---- uniform: each interval drawn alone ---- */

typedef struct uniform { vdc_made_load_common common; double minimum, maximum; } uniform;
static const vdc_param uniform_params[] = {RATIO("min", uniform, minimum, "0%", "smallest level"),
                                           RATIO("max", uniform, maximum, "100%", "largest level"), STEP(uniform)};
static vdc_code uniform_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                                vdc_diag *diag) {
    uniform *self = values;
    (void)context, (void)arena;
    self->common.highest = self->maximum;
    return self->minimum <= self->maximum ? VDC_OK : vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "load: min is above max");
}
static double uniform_level(const void *values, uint64_t seed, uint64_t vm, uint64_t position) {
    const uniform *self = values;
    return self->minimum + (self->maximum - self->minimum) * unit_of(vdc_hash_key(seed, "generate.load", vm, position));
}

/* ---- ar: a stationary Gaussian process with correlation rho^|distance| (AR(1)), read at any position ----
 *
 * One normal variate z_k belongs to each position. Positions that are multiples of a block length B with rho^B < 2^-53 are
 * independent as far as doubles go, so x = z there. Between two known positions d apart, the one in the middle is, given
 * both, normal with mean r/(1 + r^2) x (left + right) and variance (1 - r^2)/(1 + r^2), r = rho^(d/2) (a Gaussian Markov
 * bridge); halving leads to any position in log2 B steps. */

enum { AR_LEVELS = 22 };
typedef struct ar {
    vdc_made_load_common common;
    double mean, deviation, correlation, maximum;
    int levels;                                     /* B = 2^levels */
    double weight[AR_LEVELS + 1], spread[AR_LEVELS + 1]; /* of the middle, for a distance of 2^level */
} ar;
static const vdc_param ar_params[] = {
    RATIO("mean", ar, mean, "30%", "mean level, before it is cut to 0…max"),
    RATIO("sd", ar, deviation, "10%", "standard deviation, before cutting"),
    {"correlation", VDC_PARAM_REAL, VDC_DIM_RATIO, "90%", 0, 0.99999, NULL, "between neighbouring intervals",
     offsetof(ar, correlation), false, NULL},
    RATIO("max", ar, maximum, "100%", "levels are cut to this"),
    STEP(ar),
};
static vdc_code ar_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                           vdc_diag *diag) {
    ar *self = values;
    (void)node, (void)context, (void)arena, (void)diag;
    self->common.highest = self->maximum;
    double power = self->correlation; /* rho^(2^levels) */
    while (power >= 0x1p-53 && self->levels < AR_LEVELS) {
        self->levels++;
        /* `power` is now rho to half of 2^levels */
        self->weight[self->levels] = power / (1 + power * power);
        self->spread[self->levels] = sqrt((1 - power * power) / (1 + power * power));
        power *= power;
    }
    return VDC_OK;
}
static double normal_at(uint64_t seed, uint64_t vm, uint64_t position) {
    return gsl_cdf_ugaussian_Pinv(unit_of(vdc_hash_key(seed, "generate.load", vm, position)));
}
static double ar_level(const void *values, uint64_t seed, uint64_t vm, uint64_t position) {
    const ar *self = values;
    uint64_t left = position >> self->levels << self->levels;
    double x = normal_at(seed, vm, left);
    if (position != left) {
        double right_x = normal_at(seed, vm, left + (UINT64_C(1) << self->levels));
        for (int level = self->levels; position != left; level--) {
            const uint64_t middle = left + (UINT64_C(1) << (level - 1));
            const double middle_x = self->weight[level] * (x + right_x) + self->spread[level] * normal_at(seed, vm, middle);
            if (position < middle) {
                right_x = middle_x;
            } else {
                left = middle;
                x = middle_x;
            }
        }
    }
    const double level = self->mean + self->deviation * x;
    return level < self->maximum ? level : self->maximum;
}

/* ---- periodic: a cosine of the clock, with noise that is drawn alone for each interval ---- */

typedef struct periodic {
    vdc_made_load_common common;
    double mean, amplitude, noise;
    int64_t period, peak;
} periodic;
static const vdc_param periodic_params[] = {
    RATIO("mean", periodic, mean, "40%", "mean level"),
    RATIO("amplitude", periodic, amplitude, "30%", "half of the way from trough to peak"),
    RATIO("noise", periodic, noise, "0%", "standard deviation of what is added in each interval"),
    {"period", VDC_PARAM_INTEGER, VDC_DIM_TIME, "24h", 1, 0x1p62, NULL, "of the rhythm", offsetof(periodic, period), false, NULL},
    {"peak", VDC_PARAM_INTEGER, VDC_DIM_TIME, "14h", 0, 0, NULL, "when the level is highest, by the clock",
     offsetof(periodic, peak), false, NULL},
    STEP(periodic),
};
static vdc_code periodic_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                                 vdc_diag *diag) {
    periodic *self = values;
    (void)node, (void)context, (void)arena, (void)diag;
    self->common.highest = self->noise > 0 ? 1 : fmin(1, self->mean + self->amplitude);
    self->common.by_clock = true;
    return VDC_OK;
}
static double periodic_level(const void *values, uint64_t seed, uint64_t vm, uint64_t position) {
    const periodic *self = values;
    const vdc_wide time = (vdc_wide)position * self->common.step - self->peak;
    const double angle = 2 * M_PI * ((double)(int64_t)(time % self->period) / (double)self->period);
    const double level = self->mean + self->amplitude * cos(angle);
    return self->noise > 0 ? level + self->noise * normal_at(seed, vm, position) : level;
}

/* ---- trace: PlanetLab files, each VM one of them from a place in it on, over and over ---- */

typedef struct trace {
    vdc_made_load_common common;
    const char *path;
    vdc_samples samples;
} trace;
static const vdc_param trace_params[] = {
    {"path", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "a folder of PlanetLab files", offsetof(trace, path), true, NULL},
    STEP(trace),
};
static vdc_code trace_prepare(void *values, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                              vdc_diag *diag) {
    trace *self = values;
    (void)arena;
    self->common.highest = 1;
    char *path = vdc_path_at(node, "path");
    const vdc_code code = path ? vdc_samples_read(&self->samples, path, context, diag) : vdc_no_memory(diag, "a path");
    vdc_free(path);
    return code;
}
static double trace_level(const void *values, uint64_t seed, uint64_t vm, uint64_t position) {
    const trace *self = values;
    const uint64_t file = vdc_hash_key(seed, "generate.load", vm, 0) % self->samples.count;
    const size_t begin = self->samples.begin[file];
    const size_t end = file + 1 < self->samples.count ? self->samples.begin[file + 1] : self->samples.byte_count;
    const uint64_t length = end - begin - 1; /* without the mark at the end */
    const uint64_t offset = vdc_hash_key(seed, "generate.load", vm, 1) % length;
    return self->samples.bytes[begin + (offset + position) % length] / 100.0;
}
static void trace_free(void *values) {
    vdc_samples_free(&((trace *)values)->samples);
}

/* ---- the registry, and what all kinds share ---- */

const vdc_made_load_type vdc_made_load_types[] = {
    {{"constant", "always the same level", TABLE(constant_params, constant)}, constant_prepare, constant_level, NULL},
    {{"uniform", "a level drawn for each interval", TABLE(uniform_params, uniform)}, uniform_prepare, uniform_level, NULL},
    {{"ar", "a level that remembers the interval before (AR(1))", TABLE(ar_params, ar)}, ar_prepare, ar_level, NULL},
    {{"periodic", "a daily rhythm", TABLE(periodic_params, periodic)}, periodic_prepare, periodic_level, NULL},
    {{"trace", "samples of PlanetLab files", TABLE(trace_params, trace)}, trace_prepare, trace_level, trace_free},
};
const size_t vdc_made_load_count = sizeof vdc_made_load_types / sizeof vdc_made_load_types[0];

static bool next_interval(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    const vdc_made_load *self = (const vdc_made_load *)source;
    const vdc_made_load_common *common = self->values;
    const uint64_t position = *cursor & POSITION_MASK;
    if (position == POSITION_MASK || (common->step == VDC_FOREVER && position > 0)) return false;
    double level = self->type->level(self->values, self->seed, *cursor >> VDC_MADE_LOAD_POSITIONS, position);
    level = level > 0 ? fmin(level, 1) : 0;
    *segment = (vdc_segment){common->step, llrint(level * (double)self->full)};
    ++*cursor;
    return true;
}

vdc_code vdc_made_load_read(vdc_made_load *load, const vdc_node *node, const vdc_workload_context *context, int64_t full,
                            vdc_arena *arena, vdc_diag *diag) {
    size_t chosen;
    *load = (vdc_made_load){.load = {next_interval}, .seed = context->seed, .full = full};
    vdc_code code = vdc_kind_read(node, "kind", vdc_made_load_types, sizeof vdc_made_load_types[0], vdc_made_load_count, "load",
                                  arena,
                                  &chosen, &load->values, diag);
    if (code) return code;
    load->type = &vdc_made_load_types[chosen];
    return load->type->prepare(load->values, node, context, arena, diag);
}

void vdc_made_load_free(vdc_made_load *load) {
    if (load->type && load->type->free) load->type->free(load->values);
    load->type = NULL;
}

void vdc_made_load_start(const vdc_made_load *load, uint64_t vm, vdc_request *request) {
    const vdc_made_load_common *common = load->values;
    const uint64_t position = common->by_clock ? (uint64_t)(request->arrival / common->step) & POSITION_MASK : 0;
    request->load = &load->load;
    request->load_cursor = vm << VDC_MADE_LOAD_POSITIONS | position;
    request->load_peak = llrint(common->highest * (double)load->full);
}
