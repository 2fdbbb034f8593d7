/* Dominant resource fairness (Ghodsi et al., NSDI 2011): tenants stand in lines of their own, and the one whose dominant share is
 * smallest is served next. A tenant's dominant share is the largest of its shares of the fleet's resources. A VM that does not
 * fit holds up its own tenant alone. O(waiting tenants) a placement.
 */
#include "schedulers/admission/tenants.h"

typedef struct drf_state {
    vdc_tenant_uses uses;
    double capacity[VDC_RESOURCES];   /* of the fleet; 0 = does not count */
} drf_state;

static const char *init(void *state, const vdc_view *view) {
    drf_state *drf = state;
    for (uint32_t h = 0; h < view->hosts; h++)
        for (int r = 0; r < VDC_RESOURCES; r++)
            if (view->free[r]) drf->capacity[r] += (double)view->class_views[view->host_class[h]].capacity[r];
    return NULL;
}

static void fini(void *state) {
    vdc_tenant_uses_free(&((drf_state *)state)->uses);
}

static int64_t key(const void *state, const vdc_request *request) {
    (void)state;
    return request->tenant;
}

static double dominant_share(const void *state, int64_t tenant) {
    const drf_state *drf = state;
    double share = 0;
    if ((size_t)tenant >= drf->uses.count) return share;
    for (int r = 0; r < VDC_RESOURCES; r++) {
        double of_resource = drf->capacity[r] > 0 ? (double)drf->uses.items[tenant].held[r] / drf->capacity[r] : 0;
        if (of_resource > share) share = of_resource;
    }
    return share;
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, const vdc_decision *decision) {
    (void)view;
    (void)decision;
    vdc_tenant_use_add(&((drf_state *)state)->uses, request, 1);
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    (void)view;
    (void)host;
    vdc_tenant_use_add(&((drf_state *)state)->uses, request, -1);
}

static const char *failure(const void *state) {
    return ((const drf_state *)state)->uses.failed;
}

const vdc_policy vdc_admission_drf = {
    VDC_POLICY_HEAD(VDC_ADMISSION, "drf", "dominant resource fairness between tenants", "Ghodsi et al., NSDI 2011"),
    .state_size = sizeof(drf_state),
    .init = init,
    .fini = fini,
    .admission = {.key = key, .turn = dominant_share, .placed = placed, .released = released, .failure = failure},
};
