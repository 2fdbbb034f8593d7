/* The host where the VM and its neighbours would slow each other down least, by the scenario's own model of interference; of
 * equals the fullest, by best fit over CPU and memory. The VM is taken to be busy on all its vCPUs. O(hosts x VMs) a decision.
 */
#include "schedulers/placement/norms.h"

typedef struct neighbour_state {
    const vdc_view *view;
} neighbour_state;

static const char *init(void *state, const vdc_view *view) {
    ((neighbour_state *)state)->view = view;
    return NULL;
}

/* The lost threads, a billionth of one being the least that counts; best fit decides below that. */
static double score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    const vdc_view *view = ((const neighbour_state *)state)->view;
    return -round(view->slowdown(view, host->id, request) * 1e9) - vdc_norm_left(VDC_NORM_L1, host, request) / 4;
}

const vdc_policy vdc_placement_interference_aware = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "interference-aware", "the least predicted slowdown of the VM and its neighbours",
                    "after Bubble-Up (Mars et al. 2011) and Q-Clouds (Nathuji et al. 2010)"),
    .state_size = sizeof(neighbour_state),
    .init = init,
    .placement = {.score = score, .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_VMS | VDC_DEPENDS_GRANTED | VDC_DEPENDS_TIME |
                                             VDC_DEPENDS_HOST | VDC_DEPENDS_REQUEST},
};
