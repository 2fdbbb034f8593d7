/* Xen's credit scheduler, slice by slice (models.md 4.1.3): every period each VM earns credit by weight, running costs it. VMs in
 * credit run before those over it, in a circle within each class, and one that wakes up in credit runs at once.
 *
 * What a VM earns is its fluid share, so that credit a VM has no use for goes to the others, and a cap is a limit on the rate. A VM whose
 * credit takes the rest of the period to spend has a thread to itself: in Xen its vCPUs would find one, each CPU having its own queue.
 */
#include "schedulers/cpu/turns.h"

typedef struct credit_state {
    int64_t weight, cap, timeslice, tick, period;
} credit_state;

typedef struct credit_vm {
    vdc_turn turn;
    vdc_wide credit;     /* Hz·ns */
    int64_t ceiling;     /* at the last decision */
    int64_t boost_until; /* ns */
    int rank;            /* 0 = its credit takes the rest of the period to spend, 1 = boosted, 2 = in credit (under), 3 = over */
} credit_vm;

typedef struct credit_host {
    vdc_turn_host turns;
    int64_t next_period;
} credit_host;

static credit_vm *vm_of(const vdc_cpu_moment *moment, uint32_t i) { return moment->memory[i]; }

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static bool before(const vdc_cpu_moment *moment, uint32_t a, uint32_t b) { return vm_of(moment, a)->rank < vm_of(moment, b)->rank; }

static vdc_wide length(const vdc_cpu_moment *moment, uint32_t i, const void *state) {
    return (vdc_wide)((const credit_state *)state)->timeslice * moment->entries[i].nominal;
}

/* A new period: what was not spent is lost, so that all credit of a period can be spent in it; a debt of at most a period of all vCPUs stays. */
static void earn(const vdc_cpu_moment *moment, uint32_t i, const credit_state *credit) {
    credit_vm *vm = vm_of(moment, i);
    vdc_wide most = (vdc_wide)credit->period * moment->entries[i].nominal;
    vm->credit = (vm->credit > 0 ? 0 : vm->credit < -most ? -most : vm->credit) + (vdc_wide)credit->period * vm->turn.fluid;
}

/* What it can run at. */
static int64_t rate_of(const vdc_cpu_moment *moment, uint32_t i) { return least(moment->entries[i].ceiling, moment->capacity); }

/* ns that it can wait and still spend its credit in this period. */
static int64_t laxity(const vdc_cpu_moment *moment, uint32_t i, int64_t end) {
    int64_t rate = rate_of(moment, i);
    vdc_wide spare = (vdc_wide)rate * (end - moment->now) - vm_of(moment, i)->credit;
    return spare < rate ? 0 : (int64_t)(spare / rate);
}

static int64_t slice(const void *state, const vdc_cpu_moment *moment) {
    const credit_state *credit = state;
    credit_host *host = moment->host_memory;
    int64_t span = moment->now - moment->since;
    bool earned = !moment->continued;
    if (!moment->continued) host->next_period = moment->now + credit->period;
    for (; moment->now >= host->next_period; earned = true) host->next_period += credit->period;
    for (uint32_t i = 0; i < moment->count; i++) {
        credit_vm *vm = vm_of(moment, i);
        if (!vm->turn.known || !moment->continued) vm->credit = 0, vm->rank = 2, vm->ceiling = moment->continued ? 0 : INT64_MAX, vm->boost_until = 0;
        else vm->credit -= (vdc_wide)moment->entries[i].grant * span;
    }
    vdc_turns_begin(moment);
    for (uint32_t i = 0; i < moment->count; i++) {
        credit_vm *vm = vm_of(moment, i);
        int64_t ceiling = moment->entries[i].ceiling;
        if (earned) earn(moment, i, credit);
        if (ceiling > 0 && vm->ceiling == 0 && vm->credit >= 0) vm->boost_until = moment->now + credit->tick;
        vm->ceiling = ceiling;
        vm->rank = vm->credit <= 0 ? 3 : laxity(moment, i, host->next_period) < 1 ? 0 : vm->boost_until > moment->now ? 1 : 2;
    }
    vdc_turns_rotate(moment, length, state);
    (void)vdc_turns_fill(moment, vdc_turns_order(moment, before));
    int64_t next = host->next_period - moment->now;
    for (uint32_t i = 0; i < moment->count; i++) {
        const vdc_turn *turn = vdc_turn_of(moment, i);
        if (turn->steady) continue;
        const credit_vm *vm = vm_of(moment, i);
        int64_t grant = moment->entries[i].grant, rest = rate_of(moment, i) - grant;
        if (grant > 0) next = least(next, vdc_turn_time(length(moment, i, state) - turn->used, grant));
        if (grant > 0 && vm->credit > 0) next = least(next, vdc_turn_time(vm->credit, grant));
        if (vm->rank == 1) next = least(next, vm->boost_until - moment->now);
        if (vm->rank == 1 || vm->rank == 2) next = least(next, vdc_turn_slack(laxity(moment, i, host->next_period), rate_of(moment, i), rest));
    }
    return next;
}

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static void map(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    const credit_state *credit = state;
    vdc_cpu_entry_of(request, host_speed, entry);
    entry->weight = request->cpu_weight < 1 ? credit->weight : request->cpu_weight > 65535 ? 65535 : request->cpu_weight;
    entry->reservation = 0;
    if (entry->limit == VDC_UNLIMITED && credit->cap > 0) entry->limit = (int64_t)((vdc_wide)host_speed * credit->cap / 100);
}

static int64_t quantum(const void *state) { return ((const credit_state *)state)->timeslice; }

static const vdc_param params[] = {
    VDC_PARAM_COUNT_ROW("weight", credit_state, weight, "256", 1, 65535, "weight of a VM that gives none"),
    VDC_PARAM_COUNT_ROW("cap", credit_state, cap, "0", 0, 1000000, "most CPU of a VM without a limit, in percent of one thread; 0 = no cap"),
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "timeslice", credit_state, timeslice, VDC_DIM_TIME, "30ms", 1e6, 1e9, "how long a vCPU runs at a time"),
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "tick", credit_state, tick, VDC_DIM_TIME, "10ms", 1e6, 1e9, "how long a VM stays ahead that wakes up in credit"),
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "period", credit_state, period, VDC_DIM_TIME, "30ms", 1e6, 1e9, "how often VMs earn credit"),
};

const vdc_policy vdc_cpu_credit = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "credit", "slice by slice: credit earned by weight and spent by running", "after Xen's credit scheduler"),
    VDC_POLICY_STATE(params, credit_state),
    .cpu = {.share = share, .scratch_size = vdc_turns_scratch, .fluid = true, .map = map, .slice = slice, .vm_memory = sizeof(credit_vm),
            .host_memory = sizeof(credit_host), .quantum = quantum, .weight_most = 65535},
};
