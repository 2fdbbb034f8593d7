/* Strict priority classes, first come, first served within a class. */
#include "schedulers/policy_rows.h"

static int64_t key(const void *state, const vdc_request *request) {
    (void)state;
    return -(int64_t)request->priority;
}

const vdc_policy vdc_admission_priority = {
    VDC_POLICY_HEAD(VDC_ADMISSION, "priority", "highest priority first, first come, first served within a class", "folklore"),
    .admission = {.key = key},
};
