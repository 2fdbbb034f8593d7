/* The node scorers of Kubernetes (NodeResourcesFit, NodeResourcesBalancedAllocation): whole numbers from 0 to 100 of what would
 * be allocated with the VM there, in integer arithmetic as there, hence with many ties.
 */
#include <math.h>

#include "schedulers/policy_rows.h"
#include "sim/base/units.h"

typedef struct scorer_state {
    int64_t cpu, memory; /* weights */
} scorer_state;

enum { SCORED = 2 };
static const vdc_resource scored[SCORED] = {VDC_CPU, VDC_MEMORY};

/* What would be allocated, at most the capacity. */
static int64_t allocated(const vdc_host_view *host, const vdc_request *request, vdc_resource resource) {
    int64_t capacity = host->class_view->capacity[resource], sum = capacity - host->free[resource] + request->size[resource];
    return sum < capacity ? sum : capacity;
}

static int64_t percent(int64_t part, int64_t whole) {
    return (int64_t)((vdc_wide)part * 100 / whole);
}

/* The weighted mean of the percentages that are free, or allocated. */
static double mean_score(const void *state, const vdc_host_view *host, const vdc_request *request, bool of_free) {
    const scorer_state *scorer = state;
    int64_t sum = 0, weights = 0;
    for (int i = 0; i < SCORED; i++) {
        int64_t capacity = host->class_view->capacity[scored[i]], weight = i == 0 ? scorer->cpu : scorer->memory;
        if (capacity == 0) continue;
        int64_t used = allocated(host, request, scored[i]);
        sum += weight * percent(of_free ? capacity - used : used, capacity);
        weights += weight;
    }
    const int64_t mean = weights ? sum / weights : 0; /* in whole numbers, as there */
    return (double)mean;
}

static double least_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    return mean_score(state, host, request, true);
}

static double most_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    return mean_score(state, host, request, false);
}

/* 100 (1 - the standard deviation of the allocated shares), which for two resources is half their distance. */
static double balanced_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state;
    (void)devices;
    double share[SCORED] = {0};
    int count = 0;
    for (int i = 0; i < SCORED; i++) {
        int64_t capacity = host->class_view->capacity[scored[i]];
        if (capacity > 0) share[count++] = (double)allocated(host, request, scored[i]) / (double)capacity;
    }
    double deviation = count == SCORED ? fabs((share[0] - share[1]) / 2) : 0;
    return (double)(int64_t)((1 - deviation) * 100);
}

static const vdc_param weights[] = {
    VDC_PARAM_COUNT_ROW("cpu_weight", scorer_state, cpu, "1", 0, 1000000, "weight of CPU"),
    VDC_PARAM_COUNT_ROW("memory_weight", scorer_state, memory, "1", 0, 1000000, "weight of memory"),
};

const vdc_policy vdc_placement_least_allocated = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "least-allocated", "the highest mean percentage free", "Kubernetes NodeResourcesFit"),
    VDC_POLICY_STATE(weights, scorer_state),
    .placement = {.score = least_score, .monotone = VDC_MONOTONE_RISES},
};

const vdc_policy vdc_placement_most_allocated = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "most-allocated", "the highest mean percentage allocated", "Kubernetes NodeResourcesFit"),
    VDC_POLICY_STATE(weights, scorer_state),
    .placement = {.score = most_score, .monotone = VDC_MONOTONE_FALLS},
};

const vdc_policy vdc_placement_balanced_allocation = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "balanced-allocation", "the allocated shares of CPU and memory nearest to each other",
                    "Kubernetes NodeResourcesBalancedAllocation"),
    .placement = {.score = balanced_score},
};
