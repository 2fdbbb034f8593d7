/* The power of d choices: d feasible hosts are drawn at random (one may be drawn twice), the emptiest of them is taken. */
#include "schedulers/placement/norms.h"

typedef struct draw_state {
    int64_t d;
    int norm;
} draw_state;

static bool choose(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    const draw_state *draw = state;
    uint32_t feasible = view->count_feasible(view, request);
    double most = 0;
    decision->host = -1;
    for (int64_t i = 0; feasible > 0 && i < draw->d; i++) {
        int64_t host = view->select_feasible(view, request, (uint32_t)view->random(view, feasible));
        vdc_host_view state_of_host;
        view->host(view, (uint32_t)host, &state_of_host);
        double left = vdc_norm_left((vdc_norm)draw->norm, &state_of_host, request);
        if (decision->host >= 0 && (left < most || (left == most && !vdc_host_before(view, (uint32_t)host, (uint32_t)decision->host)))) continue;
        decision->host = host;
        most = left;
    }
    return decision->host >= 0;
}

static const vdc_param params[] = {VDC_PARAM_COUNT_ROW("d", draw_state, d, "2", 1, 1000, "hosts that are drawn"),
                                   VDC_NORM_ROW(draw_state, norm)};

const vdc_policy vdc_placement_power_of_d = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "power-of-d", "the emptiest of d hosts drawn at random among those with room",
                    "Mitzenmacher 2001"),
    VDC_POLICY_STATE(params, draw_state),
    .placement = {.choose = choose},
};
