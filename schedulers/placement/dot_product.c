/* The products of what is free and what is asked for: plain, and weighted by how scarce each resource is in the fleet. */
#include "schedulers/placement/vectors.h"

const char *const vdc_normalise_names[] = {"capacity", "none", NULL};
const vdc_param vdc_vector_params[1] = {
    VDC_PARAM_CHOICE_ROW("normalise", vdc_vector_state, normalise, "capacity", vdc_normalise_names,
                         "resources as shares of the host's capacity, or as vCPUs and GiB"),
};

/* c r / C^2 for each resource. */
static vdc_vector products(const vdc_vector_state *state, const vdc_host_view *host, const vdc_request *request) {
    vdc_vectors v = vdc_vectors_of(host, request);
    vdc_vector product = {v.free.cpu * v.request.cpu, v.free.memory * v.request.memory};
    if (state->normalise == VDC_NORMALISE_NONE) return product;
    return (vdc_vector){vdc_ratio(product.cpu, v.capacity.cpu * v.capacity.cpu),
                        vdc_ratio(product.memory, v.capacity.memory * v.capacity.memory)};
}

static double plain_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    vdc_vector product = products(state, host, request);
    return product.cpu + product.memory;
}

static double weighted_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    vdc_vector weight = ((const vdc_vector_state *)state)->weight, product = products(state, host, request);
    return weight.cpu * product.cpu + weight.memory * product.memory;
}

/* What of its distance to the corner of the fully used host stays, weighted. */
static double distance_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    vdc_vector weight = ((const vdc_vector_state *)state)->weight;
    vdc_vectors v = vdc_vectors_normalised(state, host, request);
    double cpu = v.free.cpu - v.request.cpu, memory = v.free.memory - v.request.memory;
    return -(weight.cpu * (cpu * cpu) + weight.memory * (memory * memory));
}

/* A resource's weight is the mean over hosts of its used share. */
static void weigh(void *state, const vdc_view *view, const vdc_request *request) {
    (void)request;
    ((vdc_vector_state *)state)->weight = (vdc_vector){view->used_share(view, VDC_CPU), view->used_share(view, VDC_MEMORY)};
}

const vdc_policy vdc_placement_dot_product = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "dot-product", "the largest product of what is free and what is asked for",
                    "Panigrahy et al. 2011"),
    VDC_POLICY_STATE(vdc_vector_params, vdc_vector_state),
    .placement = {.score = plain_score, .monotone = VDC_MONOTONE_RISES},
};

const vdc_policy vdc_placement_weighted_dot_product = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "weighted-dot-product", "dot-product, each resource weighted by its mean used share", "DSLab"),
    VDC_POLICY_STATE(vdc_vector_params, vdc_vector_state),
    .placement = {.score = weighted_score, .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_FLEET, .monotone = VDC_MONOTONE_RISES, .prepare = weigh},
};

const vdc_policy vdc_placement_l2_norm_diff = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "l2-norm-diff", "the least square sum of what stays free, weighted by mean used shares",
                    "DSLab"),
    VDC_POLICY_STATE(vdc_vector_params, vdc_vector_state),
    .placement = {.score = distance_score, .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_FLEET, .monotone = VDC_MONOTONE_FALLS, .prepare = weigh},
};
