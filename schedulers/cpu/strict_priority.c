/* Strict priority: class after class gets what it wants, the last one is water-filled. The reservations of lower classes
 * are kept from higher ones, for a guarantee holds always (accounts.md I3).
 */
#include "schedulers/policy_rows.h"

/* The scratch: a copy of one class, then the solver's own. */
static size_t scratch_size(uint32_t count) {
    return count * sizeof(vdc_cpu_entry) + vdc_cpu_share_scratch(count);
}

/* The highest priority below `bound`, and the sum of floors of all classes below it. False when there is none. */
static bool next_class(const vdc_cpu_entry *entries, uint32_t count, int64_t bound, int32_t *priority, int64_t *floors_below) {
    bool found = false;
    for (uint32_t i = 0; i < count; i++)
        if (entries[i].priority < bound && (!found || entries[i].priority > *priority)) {
            *priority = entries[i].priority;
            found = true;
        }
    *floors_below = 0;
    for (uint32_t i = 0; found && i < count; i++)
        if (entries[i].priority < *priority) *floors_below += vdc_cpu_floor(&entries[i]);
    return found;
}

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_entry *class = scratch;
    int32_t priority = 0;
    int64_t floors_below = 0, left = capacity;
    for (int64_t bound = INT64_MAX; next_class(entries, count, bound, &priority, &floors_below); bound = priority) {
        uint32_t members = 0;
        int64_t floors = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (entries[i].priority != priority) continue;
            class[members++] = entries[i];
            floors += vdc_cpu_floor(&entries[i]);
        }
        /* less than its own floors only on a host that lost capacity: then the higher class goes first */
        int64_t offered = left - floors_below;
        if (offered < floors) offered = left < floors ? left : floors;
        vdc_cpu_share(offered, class, members, class + count);
        for (uint32_t i = 0, k = 0; i < count; i++) {
            if (entries[i].priority != priority) continue;
            entries[i] = class[k++];
            left -= entries[i].grant;
        }
    }
}

const vdc_policy vdc_cpu_strict_priority = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "strict-priority", "higher priorities first, weighted shares within a class", "folklore"),
    .cpu = {.share = share, .scratch_size = scratch_size, .fluid = true},
};
