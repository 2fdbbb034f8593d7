/* Power-aware best fit (PABFD): the host whose power rises least. Its load is what its VMs ask for, where that is known (VMs that
 * migrate), and else the CPU that is promised on it (VMs that arrive).
 */
#include "schedulers/policy_rows.h"

typedef struct power_state {
    double (*power)(const vdc_host_class_view *class_view, double utilisation);
} power_state;

static const char *init(void *state, const vdc_view *view) {
    ((power_state *)state)->power = view->power;
    return NULL;
}

static double watts(const power_state *state, const vdc_host_view *host, int64_t used) {
    int64_t capacity = host->class_view->capacity[VDC_CPU];
    return state->power(host->class_view, capacity > 0 ? (double)used / (double)capacity : 0);
}

static double score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    const power_state *power = state;
    if (host->load_known)
        return -(power->power(host->class_view, host->load_with) - power->power(host->class_view, host->load));
    int64_t used = host->class_view->capacity[VDC_CPU] - host->free[VDC_CPU];
    return -(watts(power, host, used + request->size[VDC_CPU]) - watts(power, host, used));
}

const vdc_policy vdc_placement_power_aware = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "power-aware", "the least increase of power", "Beloglazov, Buyya 2012 (PABFD)"),
    .state_size = sizeof(power_state),
    .init = init,
    .placement = {.score = score},
};
