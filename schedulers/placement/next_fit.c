/* Around the ring of hosts: next-fit stays on the host it used last while VMs fit there, round-robin goes on to the one after. */
#include "schedulers/policy_rows.h"

typedef struct ring_state {
    uint32_t next; /* where the search begins */
} ring_state;

static int64_t first_from(const vdc_view *view, const vdc_request *request, uint32_t from) {
    int64_t host = view->next_feasible(view, request, from);
    return host < 0 && from > 0 ? view->next_feasible(view, request, 0) : host;
}

static bool choose_next(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    ring_state *ring = state;
    decision->host = first_from(view, request, ring->next);
    if (decision->host < 0) return false;
    ring->next = (uint32_t)decision->host;
    return true;
}

static bool choose_after(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    ring_state *ring = state;
    if (!choose_next(state, view, request, decision)) return false;
    ring->next = (ring->next + 1) % view->hosts;
    return true;
}

const vdc_policy vdc_placement_next_fit = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "next-fit", "the host used last, else the next one with room", "folklore"),
    .state_size = sizeof(ring_state),
    .placement = {.choose = choose_next},
};

const vdc_policy vdc_placement_round_robin = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "round-robin", "the next host with room after the one used last", "folklore"),
    .state_size = sizeof(ring_state),
    .placement = {.choose = choose_after},
};
