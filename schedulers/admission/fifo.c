/* First in, first out: the head of the line blocks those behind it, or lets up to `depth` of them pass. */
#include "schedulers/policy_rows.h"

const vdc_policy vdc_admission_fifo = {
    VDC_POLICY_HEAD(VDC_ADMISSION, "fifo", "first come, first served; a VM that does not fit blocks the line", "folklore"),
};

typedef struct skip_state {
    int64_t depth;
} skip_state;

static uint32_t depth(const void *state) {
    return (uint32_t)((const skip_state *)state)->depth;
}

static const vdc_param skip_params[] = {
    VDC_PARAM_COUNT_ROW("depth", skip_state, depth, "7", 0, UINT32_MAX,
                        "VMs that do not fit and may be passed over in one pass over the queue"),
};

const vdc_policy vdc_admission_fifo_skip = {
    VDC_POLICY_HEAD(VDC_ADMISSION, "fifo-skip", "first come, first served, passing over VMs that do not fit",
                    "OpenDC's memorizing scheduler"),
    VDC_POLICY_STATE(skip_params, skip_state),
    .admission = {.skip = depth},
};
