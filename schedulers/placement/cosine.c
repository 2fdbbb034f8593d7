/* Keeping what is used in the proportions of the host: by the angle, or by the distance from the capacity's diagonal. */
#include "schedulers/placement/vectors.h"

static double cosine_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    vdc_vectors v = vdc_vectors_normalised(state, host, request);
    vdc_vector used = {v.capacity.cpu - v.free.cpu + v.request.cpu, v.capacity.memory - v.free.memory + v.request.memory};
    return vdc_cosine(v.capacity, used);
}

/* The distance of an amount used from the diagonal. */
static double distance(vdc_vector capacity, vdc_vector used) {
    double cosine = vdc_cosine(capacity, used), radicand = 1 - cosine * cosine;
    return vdc_length(used) * sqrt(radicand > 0 ? radicand : 0);
}

static double delta_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    vdc_vectors v = vdc_vectors_normalised(state, host, request);
    vdc_vector before = {v.capacity.cpu - v.free.cpu, v.capacity.memory - v.free.memory};
    vdc_vector after = {before.cpu + v.request.cpu, before.memory + v.request.memory};
    return distance(v.capacity, before) - distance(v.capacity, after);
}

const vdc_policy vdc_placement_cosine = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "cosine", "the smallest angle between the host's capacity and what is used of it", "DSLab"),
    VDC_POLICY_STATE(vdc_vector_params, vdc_vector_state),
    .placement = {.score = cosine_score},
};

const vdc_policy vdc_placement_delta_perp = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "delta-perp", "the largest fall of the distance from the capacity's diagonal", "DSLab"),
    VDC_POLICY_STATE(vdc_vector_params, vdc_vector_state),
    .placement = {.score = delta_score},
};
