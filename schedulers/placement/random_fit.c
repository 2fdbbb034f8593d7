/* Random fit: every feasible host with the same probability. */
#include "schedulers/policy_rows.h"

static bool choose(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    (void)state;
    uint32_t feasible = view->count_feasible(view, request);
    if (feasible == 0) return false;
    decision->host = view->select_feasible(view, request, (uint32_t)view->random(view, feasible));
    return true;
}

const vdc_policy vdc_placement_random_fit = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "random-fit", "any host with room, all equally likely", "folklore"),
    .placement = {.choose = choose},
};
