/* Round robin: everybody runs for a quantum of each of its vCPUs, in a circle. */
#include "schedulers/cpu/turns.h"

typedef struct round_robin_state {
    int64_t quantum;
} round_robin_state;

/* Turns are as long for each vCPU, so VMs weigh as much as they have vCPUs. */
static void map(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    (void)state;
    vdc_cpu_entry_of(request, host_speed, entry);
    entry->weight = request->size[VDC_CPU] > 0 ? request->size[VDC_CPU] : 1;
    entry->reservation = 0;
}

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static vdc_wide length(const vdc_cpu_moment *moment, uint32_t i, const void *state) {
    return (vdc_wide)((const round_robin_state *)state)->quantum * moment->entries[i].nominal;
}

static int64_t slice(const void *state, const vdc_cpu_moment *moment) {
    vdc_turns_begin(moment);
    vdc_turns_rotate(moment, length, state);
    (void)vdc_turns_fill(moment, vdc_turns_order(moment, NULL));
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < moment->count; i++) {
        const vdc_turn *turn = vdc_turn_of(moment, i);
        if (turn->steady || moment->entries[i].grant == 0) continue;
        int64_t end = vdc_turn_time(length(moment, i, state) - turn->used, moment->entries[i].grant);
        if (end < next) next = end;
    }
    return next;
}

static int64_t quantum(const void *state) { return ((const round_robin_state *)state)->quantum; }

static const vdc_param params[] = {
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "quantum", round_robin_state, quantum, VDC_DIM_TIME, "10ms", 1e5, 1e10,
                         "how long each vCPU runs in a turn"),
};

const vdc_policy vdc_cpu_round_robin = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "round-robin", "slice by slice: a quantum for each vCPU, in a circle; limits hold", "folklore"),
    VDC_POLICY_STATE(params, round_robin_state),
    .cpu = {.share = share, .scratch_size = vdc_turns_scratch, .fluid = true, .map = map, .slice = slice, .vm_memory = sizeof(vdc_turn),
            .host_memory = sizeof(vdc_turn_host), .quantum = quantum},
};
