/* First fit: the feasible host of the lowest rank, which is the lowest id where the scenario gives no ranks. Over NUMA nodes it
 * is the same, for on a host the engine takes the lowest feasible nodes by itself.
 */
#include "schedulers/policy_rows.h"

static bool choose(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    (void)state;
    int64_t best = view->next_feasible(view, request, 0);
    for (int64_t host = best; view->rank && host >= 0; host = view->next_feasible(view, request, (uint32_t)host + 1))
        if (view->rank[host] < view->rank[best]) best = host;
    decision->host = best;
    return best >= 0;
}

const vdc_policy vdc_placement_first_fit = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "first-fit", "the first host with room", "folklore"),
    .placement = {.choose = choose},
};

const vdc_policy vdc_placement_numa_first_fit = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "numa-first-fit", "the first host with room, on it the lowest NUMA nodes",
                    "SPANE, arXiv 2504.14946"),
    .placement = {.choose = choose},
};
