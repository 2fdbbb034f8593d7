/* Proportional shares by the solver of models/cpu_share.h: by the VMs' own weights, or all VMs alike. */
#include "schedulers/policy_rows.h"

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static void map_equal(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    (void)state;
    vdc_cpu_entry_of(request, host_speed, entry);
    entry->weight = 1;
    entry->reservation = 0;
}

const vdc_policy vdc_cpu_fair_share = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "fair-share", "weighted max-min shares with reservations and limits",
                    "weighted max-min fairness; reservations as in VMware ESXi"),
    .cpu = {.share = share, .scratch_size = vdc_cpu_share_scratch, .fluid = true},
};

const vdc_policy vdc_cpu_equal_share = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "equal-share",
                    "max-min shares, all VMs alike; limits hold, weights and reservations do not count",
                    "max-min fairness, as in OpenDC"),
    .cpu = {.share = share, .scratch_size = vdc_cpu_share_scratch, .fluid = true, .map = map_equal},
};
