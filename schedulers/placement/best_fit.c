/* Best fit leaves the least free on the host that it chooses, worst fit the most. */
#include "schedulers/placement/norms.h"

const char *const vdc_norm_names[] = {"cpu", "memory", "l1", "l2", "linf", "sum", NULL};

typedef struct fit_state {
    int norm;
} fit_state;

static double least_left(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    return -vdc_norm_left((vdc_norm)((const fit_state *)state)->norm, host, request);
}

static double most_left(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    return -least_left(state, host, request, devices);
}

static const vdc_param params[] = {VDC_NORM_ROW(fit_state, norm)};

const vdc_policy vdc_placement_best_fit = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "best-fit", "the host on which the least stays free", "Panigrahy et al. 2011"),
    VDC_POLICY_STATE(params, fit_state),
    .placement = {.score = least_left, .monotone = VDC_MONOTONE_FALLS},
};

const vdc_policy vdc_placement_worst_fit = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "worst-fit", "the host on which the most stays free", "Panigrahy et al. 2011"),
    VDC_POLICY_STATE(params, fit_state),
    .placement = {.score = most_left, .monotone = VDC_MONOTONE_RISES},
};
