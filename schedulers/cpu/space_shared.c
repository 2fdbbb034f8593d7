/* Space sharing: a VM has all of its vCPUs to itself or waits; in order of id. A VM larger than the host gets the whole host. */
#include "schedulers/policy_rows.h"

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    (void)scratch;
    int64_t left = capacity;
    for (uint32_t i = 0; i < count; i++) {
        vdc_cpu_entry *entry = &entries[i];
        int64_t space = entry->nominal < capacity ? entry->nominal : capacity;
        entry->ceiling = vdc_cpu_ceiling(entry);
        entry->grant = space > left ? 0 : entry->ceiling < space ? entry->ceiling : space;
        if (space <= left) left -= space;
    }
}

static size_t no_scratch(uint32_t count) {
    (void)count;
    return 0;
}

const vdc_policy vdc_cpu_space_shared = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "space-shared", "a VM has its vCPUs to itself or waits, in order of id",
                    "CloudSim's VmSchedulerSpaceShared"),
    .cpu = {.share = share, .scratch_size = no_scratch},
};
