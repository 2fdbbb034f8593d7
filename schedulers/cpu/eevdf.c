/* Earliest eligible virtual deadline first: who is not ahead of its fluid share may run; of those the one whose next slice is due
 * first, by the clock of its own share. Who becomes eligible takes the threads of those with later deadlines at once.
 */
#include "schedulers/cpu/turns.h"

typedef struct eevdf_state {
    int64_t slice;
} eevdf_state;

/* What is remembered of a VM. */
typedef struct eevdf_vm {
    vdc_turn turn;
    vdc_wide request;    /* Hz·ns of a slice of it */
    bool late;           /* it is a slice behind its share: its deadline has come */
    bool begun;          /* it has run some of its slice, and was eligible when that began */
} eevdf_vm;

static eevdf_vm *vm_of(const vdc_cpu_moment *moment, uint32_t i) { return moment->memory[i]; }

static bool is_eligible(const eevdf_vm *vm) { return vm->begun || vm->turn.lag >= 0; }

/* Behind the clock of its share the VM has `lag` to come, and is to have the rest of its slice when the clock has moved on by
 * (rest - lag) / weight. Those ahead of their share only get what nobody else wants, the least ahead first. */
static bool before(const vdc_cpu_moment *moment, uint32_t a, uint32_t b) {
    const eevdf_vm *x = vm_of(moment, a), *y = vm_of(moment, b);
    if (x->late != y->late) return x->late;
    bool eligible = is_eligible(x);
    if (eligible != is_eligible(y)) return eligible;
    vdc_wide left = eligible ? x->request - x->turn.used - x->turn.lag : -x->turn.lag;
    vdc_wide right = eligible ? y->request - y->turn.used - y->turn.lag : -y->turn.lag;
    return left * moment->entries[b].weight < right * moment->entries[a].weight;
}

static int64_t slice(const void *state, const vdc_cpu_moment *moment) {
    const eevdf_state *eevdf = state;
    vdc_turns_begin(moment);
    for (uint32_t i = 0; i < moment->count; i++) {
        eevdf_vm *vm = vm_of(moment, i);
        int64_t rate = moment->entries[i].ceiling < moment->capacity ? moment->entries[i].ceiling : moment->capacity;
        vm->request = (vdc_wide)eevdf->slice * rate;
        if (vm->turn.used >= vm->request || !moment->continued || vm->turn.steady) vm->turn.used = 0, vm->begun = vm->late = false;
        if (!vm->turn.steady && vm->turn.lag > vm->request - 2 * vm->turn.fluid) vm->late = true; /* until its slice is run */
    }
    (void)vdc_turns_fill(moment, vdc_turns_order(moment, before));
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < moment->count; i++) {
        eevdf_vm *vm = vm_of(moment, i);
        int64_t grant = moment->entries[i].grant, end = INT64_MAX;
        if (vm->turn.steady) continue;
        if (!is_eligible(vm)) vm->turn.used = 0;
        /* A slice ends, or somebody who is ahead of its share and not running in full is so no longer. */
        if (grant > 0 && is_eligible(vm)) vm->begun = true;
        if (grant > 0) end = vm->begun ? vdc_turn_time(vm->request - vm->turn.used, grant) : eevdf->slice;
        else if (!vm->late && vm->turn.lag > 0) end = vdc_turn_time(vm->request - vm->turn.lag - vm->turn.fluid, vm->turn.fluid);
        else if (!is_eligible(vm)) end = vdc_turn_time(-vm->turn.lag, vm->turn.fluid);
        if (end < next) next = end;
    }
    return next;
}

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static void map(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    (void)state;
    vdc_cpu_entry_of(request, host_speed, entry);
    entry->reservation = 0;
}

static int64_t quantum(const void *state) { return ((const eevdf_state *)state)->slice; }

static const vdc_param params[] = {
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "slice", eevdf_state, slice, VDC_DIM_TIME, "3ms", 1e5, 1e8, "how long a vCPU runs at a time"),
};

const vdc_policy vdc_cpu_eevdf = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "eevdf", "slice by slice: earliest eligible virtual deadline first, by weight; limits hold",
                    "Stoica, Abdel-Wahab 1995; Linux since 6.6"),
    VDC_POLICY_STATE(params, eevdf_state),
    .cpu = {.share = share, .scratch_size = vdc_turns_scratch, .fluid = true, .map = map, .slice = slice, .vm_memory = sizeof(eevdf_vm),
            .host_memory = sizeof(vdc_turn_host), .quantum = quantum},
};
