/* Arrival processes. See arrivals.h. */
#include "workloads/arrivals.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

/* ---- Markov-modulated Poisson process ----
 * W. Fischer, K. Meier-Hellstern, "The Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation 18, 1993.
 * The phases follow one another in a circle, each for an exponential time; within one, arrivals are Poisson. Memoryless
 * as both are, an arrival that would come after the phase's end is drawn anew in the next. */

typedef struct phase {
    int64_t mean;  /* ns between arrivals, VDC_PARAM_NONE = no arrivals */
    int64_t stay;  /* ns, mean */
} phase;

typedef struct mmpp {
    const vdc_node *phases;
    size_t count;
    phase *list;
} mmpp;

static const vdc_param mmpp_params[] = {
    {"phases", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL,
     "[{mean, stay}, …]: mean time between arrivals, mean stay in the phase",
     offsetof(mmpp, phases), true, NULL},
};

static vdc_code mmpp_prepare(void *values, const vdc_node *node, vdc_arena *arena, vdc_diag *diag) {
    static const vdc_param params[] = {
        {"mean", VDC_PARAM_INTEGER, VDC_DIM_TIME, NULL, 1, 0x1p62, NULL, "between arrivals; none = no arrivals",
         offsetof(phase, mean), false, "none"},
        {"stay", VDC_PARAM_INTEGER, VDC_DIM_TIME, NULL, 1, 0x1p62, NULL, "mean time in the phase", offsetof(phase, stay), false,
         NULL},
    };
    mmpp *self = values;
    (void)node;
    if (self->phases->kind != VDC_NODE_SEQUENCE || self->phases->count == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &self->phases->place, "mmpp: phases: a list of {mean, stay} is wanted");
    self->count = self->phases->count;
    self->list = vdc_arena_alloc(arena, self->count * sizeof *self->list);
    if (!self->list) return vdc_no_memory(diag, "an arrival process");
    bool any = false;
    for (size_t i = 0; i < self->count; i++) {
        const vdc_code code = vdc_params_read(self->phases->children[i], params, 2, &self->list[i], NULL, "mmpp phase", diag);
        if (code) return code;
        any = any || self->list[i].mean != VDC_PARAM_NONE;
    }
    return any ? VDC_OK : vdc_fail(diag, VDC_ERROR_INPUT, &self->phases->place, "mmpp: no phase has arrivals");
}

static void mmpp_start(const void *values, vdc_arrivals_state *state) {
    const mmpp *self = values;
    state->phase_left = gsl_ran_exponential(&state->stream.rng, (double)self->list[0].stay);
}

static double mmpp_next(const void *values, vdc_arrivals_state *state) {
    const mmpp *self = values;
    double passed = 0;
    for (;;) {
        const phase *now = &self->list[state->phase];
        const double gap = now->mean == VDC_PARAM_NONE ? INFINITY : gsl_ran_exponential(&state->stream.rng, (double)now->mean);
        if (gap < state->phase_left) {
            state->phase_left -= gap;
            return passed + gap;
        }
        passed += state->phase_left;
        state->phase = (state->phase + 1) % self->count;
        state->phase_left = gsl_ran_exponential(&state->stream.rng, (double)self->list[state->phase].stay);
    }
}

/* Rate = sum of stay/mean over the sum of stays. */
static double mmpp_mean(const void *values) {
    const mmpp *self = values;
    double arrivals = 0, time = 0;
    for (size_t i = 0; i < self->count; i++) {
        time += (double)self->list[i].stay;
        if (self->list[i].mean != VDC_PARAM_NONE) arrivals += (double)self->list[i].stay / (double)self->list[i].mean;
    }
    return time / arrivals;
}

/* ---- Poisson process with a daily rhythm ----
 * rate(t) = (1 + amplitude x cos(2 pi (t - peak) / period)) / mean, by thinning: P. Lewis, G. Shedler, "Simulation of
 * nonhomogeneous Poisson processes by thinning", Naval Research Logistics 26, 1979. */

typedef struct diurnal {
    int64_t mean, period, peak;
    double amplitude;
} diurnal;

static const vdc_param diurnal_params[] = {
    {"mean", VDC_PARAM_INTEGER, VDC_DIM_TIME, NULL, 1, 0x1p62, NULL, "between arrivals, over whole periods",
     offsetof(diurnal, mean), false, NULL},
    {"amplitude", VDC_PARAM_REAL, VDC_DIM_RATIO, "50%", 0, 1, NULL, "of the rate about its mean", offsetof(diurnal, amplitude),
     false, NULL},
    {"period", VDC_PARAM_INTEGER, VDC_DIM_TIME, "24h", 1, 0x1p62, NULL, "of the rhythm", offsetof(diurnal, period), false, NULL},
    {"peak", VDC_PARAM_INTEGER, VDC_DIM_TIME, "14h", 0, 0, NULL, "when the rate is highest", offsetof(diurnal, peak), false,
     NULL},
};

static double diurnal_next(const void *values, vdc_arrivals_state *state) {
    const diurnal *self = values;
    const double highest = 1 + self->amplitude, scale = (double)self->mean / highest;
    double passed = 0;
    for (;;) {
        passed += gsl_ran_exponential(&state->stream.rng, scale);
        /* The remainder of whole ns keeps the phase exact however far the clock is. */
        const double within = (double)(state->time % self->period) + passed - (double)(self->peak % self->period);
        const double rate = 1 + self->amplitude * cos(2 * M_PI * (within / (double)self->period));
        if (vdc_stream_uniform(&state->stream) * highest < rate) return passed;
    }
}

static double diurnal_mean(const void *values) {
    return (double)((const diurnal *)values)->mean;
}

/* ---- the registry ---- */

#define TABLE(params, structure) params, sizeof params / sizeof params[0], sizeof(structure)
const vdc_arrivals_type vdc_arrivals_types[] = {
    {{"mmpp", "Poisson with a rate that changes with a Markov chain", TABLE(mmpp_params, mmpp)}, mmpp_prepare, mmpp_start,
     mmpp_next, mmpp_mean},
    {{"diurnal", "Poisson with a daily rhythm", TABLE(diurnal_params, diurnal)}, NULL, NULL, diurnal_next, diurnal_mean},
};
const size_t vdc_arrivals_count = sizeof vdc_arrivals_types / sizeof vdc_arrivals_types[0];

/* Is the section about one of the processes above? Everything else is a distribution (whose reader says what is unknown). */
static bool is_process(const vdc_node *node) {
    const vdc_node *name = vdc_node_get(node, "dist");
    for (size_t i = 0; name && name->kind == VDC_NODE_SCALAR && i < vdc_arrivals_count; i++)
        if (strcmp(name->text, vdc_arrivals_types[i].kind.name) == 0) return true;
    return false;
}

vdc_code vdc_arrivals_read(vdc_arrivals *arrivals, const vdc_node *node, const vdc_workload_context *context, vdc_arena *arena,
                           vdc_diag *diag) {
    if (!is_process(node)) {
        arrivals->type = NULL;
        vdc_code code = vdc_distribution_read(&arrivals->distribution, node, context, "arrivals", arena, diag);
        if (!code && !(vdc_distribution_mean(&arrivals->distribution) >= 1))
            code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "arrivals: the mean time between arrivals is 0");
        return code;
    }
    size_t chosen;
    const vdc_code code = vdc_kind_read(node, "dist", vdc_arrivals_types, sizeof vdc_arrivals_types[0], vdc_arrivals_count,
                                        "arrivals",
                                        arena, &chosen, &arrivals->values, diag);
    if (code) return code;
    arrivals->type = &vdc_arrivals_types[chosen];
    return arrivals->type->prepare ? arrivals->type->prepare(arrivals->values, node, arena, diag) : VDC_OK;
}

void vdc_arrivals_start(vdc_arrivals *arrivals, uint64_t seed) {
    vdc_arrivals_state *state = &arrivals->state;
    *state = (vdc_arrivals_state){.time = 0};
    vdc_stream_open(&state->stream, seed, "generate.arrival", 0);
    if (arrivals->type && arrivals->type->start) arrivals->type->start(arrivals->values, state);
}

bool vdc_arrivals_next(vdc_arrivals *arrivals, int64_t *time) {
    vdc_arrivals_state *state = &arrivals->state;
    const double gap = arrivals->type ? arrivals->type->next(arrivals->values, state)
                                      : (double)vdc_distribution_draw(&arrivals->distribution, &state->stream);
    if (!(gap < 0x1p61) || state->time > INT64_C(1) << 61) return false;
    *time = state->time += llrint(gap);
    return true;
}

double vdc_arrivals_mean(const vdc_arrivals *arrivals) {
    return arrivals->type ? arrivals->type->mean(arrivals->values) : vdc_distribution_mean(&arrivals->distribution);
}
