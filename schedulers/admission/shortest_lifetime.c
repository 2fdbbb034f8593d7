/* The VM that will stay the shortest is tried first; those of unknown lifetime come last. */
#include "schedulers/policy_rows.h"

static int64_t key(const void *state, const vdc_request *request) {
    (void)state;
    int64_t lifetime = request->predicted_lifetime != VDC_UNLIMITED ? request->predicted_lifetime : request->lifetime;
    return lifetime == VDC_UNLIMITED ? VDC_FOREVER : lifetime;
}

const vdc_policy vdc_admission_shortest_lifetime = {
    VDC_POLICY_HEAD(VDC_ADMISSION, "shortest-lifetime", "shortest lifetime first, as predicted where the trace predicts",
                    "folklore"),
    .admission = {.key = key},
};
