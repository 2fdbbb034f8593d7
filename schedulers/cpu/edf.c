/* Earliest deadline first: every VM has a budget of thread time in each of its periods, due at the period's end.
 *
 * Plain global EDF misses deadlines on several threads long before they are full (Dhall, Liu 1978), so time is cut at every
 * deadline of the host, and each VM gets in every cut what it is to run at its rate (deadline partitioning, as DP-Fair: Levin et al.,
 * ECRTS 2010): the earliest deadline first, but before all others who would else not be ready at the cut's end. The rate is the
 * VM's fluid share, which is never below its budget / period where the threads suffice for all budgets; so all deadlines are met
 * then. Where they do not, the rates are the budgets alone and the latest deadlines are missed.
 */
#include "schedulers/cpu/turns.h"

/* Rates are whole Hz and decisions fall on whole ns, so budgets are kept to a millionth. */
enum { ROUNDING = 1000000 };

typedef struct edf_state {
    int64_t budget, period;
} edf_state;

typedef struct edf_vm {
    bool known;
    int64_t rate;        /* Hz that it is to run at on average */
    int64_t promised;    /* Hz: min(budget / period, ceiling) */
    int64_t deadline;    /* ns: the end of its period */
    vdc_wide behind;     /* Hz·ns that it is behind its rate; below 0 = ahead */
    vdc_wide owed;       /* Hz·ns promised since its period began and not run */
} edf_vm;

static edf_vm *vm_of(const vdc_cpu_moment *moment, uint32_t i) { return moment->memory[i]; }

/* What the VM is to run until the cut's end. */
static vdc_wide due(const vdc_cpu_moment *moment, uint32_t i, int64_t cut) {
    const edf_vm *vm = vm_of(moment, i);
    return vm->behind + (vdc_wide)vm->rate * (cut - moment->now);
}

/* ns that it can wait until it must run to the cut's end without a break; 0 = it must now. */
static int64_t laxity(const vdc_cpu_moment *moment, uint32_t i, int64_t cut) {
    int64_t ceiling = moment->entries[i].ceiling;
    vdc_wide spare = (vdc_wide)ceiling * (cut - moment->now) - due(moment, i, cut);
    return spare < ceiling ? 0 : (int64_t)(spare / ceiling);
}

static void book(const vdc_cpu_moment *moment, const edf_state *edf) {
    int64_t span = moment->now - moment->since;
    for (uint32_t i = 0; i < moment->count; i++) {
        edf_vm *vm = vm_of(moment, i);
        vdc_cpu_entry *entry = &moment->entries[i];
        int64_t period = entry->period > 0 ? entry->period : edf->period;
        entry->ceiling = vdc_cpu_ceiling(entry);
        if (!vm->known || !moment->continued) {
            *vm = (edf_vm){.known = true, .deadline = moment->now + period};
        } else {
            vm->behind += (vdc_wide)(vm->rate - entry->grant) * span;
            vm->owed += (vdc_wide)(vm->promised - entry->grant) * span;
            if (moment->now >= vm->deadline) { /* a decision falls on every deadline */
                moment->missed[i] = vm->owed > (vdc_wide)vm->promised * period / ROUNDING;
                vm->owed = 0;
                if (vm->behind > 0) vm->behind = 0;
                vm->deadline += period;
            }
        }
        vm->promised = vdc_cpu_floor(entry);
    }
}

/* The rates that everybody is to run at until something changes. */
static void find_rates(const vdc_cpu_moment *moment) {
    vdc_cpu_entry *entries = moment->scratch;
    vdc_wide promised = 0;
    for (uint32_t i = 0; i < moment->count; i++) {
        entries[i] = moment->entries[i];
        promised += vm_of(moment, i)->promised;
    }
    if (promised <= moment->capacity) vdc_cpu_share(moment->capacity, entries, moment->count, entries + moment->count);
    for (uint32_t i = 0; i < moment->count; i++) {
        edf_vm *vm = vm_of(moment, i);
        vm->rate = promised <= moment->capacity ? entries[i].grant : vm->promised;
        vm->behind = 0;
    }
}

static int64_t cut_of(const vdc_cpu_moment *moment) {
    int64_t cut = INT64_MAX;
    for (uint32_t i = 0; i < moment->count; i++)
        if (vm_of(moment, i)->deadline < cut) cut = vm_of(moment, i)->deadline;
    return cut;
}

/* Who must run, then the earliest deadline, then the lowest id. */
static bool stands_before(const vdc_cpu_moment *moment, const int64_t *slack, uint32_t a, uint32_t b) {
    if ((slack[a] == 0) != (slack[b] == 0)) return slack[a] == 0;
    if (vm_of(moment, a)->deadline != vm_of(moment, b)->deadline) return vm_of(moment, a)->deadline < vm_of(moment, b)->deadline;
    return a < b;
}

/* The least rate at which it is ready at the cut's end, for who cannot wait any more. The sum of these fits where the rates do. */
static int64_t mandatory(const vdc_cpu_moment *moment, uint32_t i, int64_t cut) {
    int64_t rest = cut - moment->now, rate = vdc_turn_rate(due(moment, i, cut), rest);
    return rate < moment->entries[i].ceiling ? rate : moment->entries[i].ceiling;
}

/* Lets the VM run beyond what it must; returns for how many ns that holds: until it has run what is due, or must run without a break. */
static int64_t run(const vdc_cpu_moment *moment, uint32_t i, int64_t cut, int64_t slack, int64_t *left) {
    vdc_cpu_entry *entry = &moment->entries[i];
    vdc_wide wanted = due(moment, i, cut);
    int64_t most = wanted < entry->ceiling ? wanted > 0 ? (int64_t)wanted : 0 : entry->ceiling;
    int64_t more = most - entry->grant < *left ? most - entry->grant : *left;
    entry->grant += more;
    *left -= more;
    if (wanted <= 0) return INT64_MAX;
    int64_t must = slack == 0 ? INT64_MAX : vdc_turn_slack(slack, entry->ceiling, entry->ceiling - entry->grant);
    int64_t done = entry->grant > 0 && wanted / entry->grant < INT64_MAX ? (int64_t)(wanted / entry->grant) : INT64_MAX;
    return done < must ? done : must;
}

static size_t scratch_size(uint32_t count) {
    size_t solving = count * sizeof(vdc_cpu_entry) + vdc_cpu_share_scratch(count), ordering = count * (sizeof(int64_t) + sizeof(uint32_t));
    return solving > ordering ? solving : ordering;
}

static int64_t slice(const void *state, const vdc_cpu_moment *moment) {
    book(moment, state);
    if (moment->changed) find_rates(moment);
    uint32_t count = moment->count;
    int64_t cut = cut_of(moment), next = cut - moment->now, left = moment->capacity, *slack = moment->scratch;
    uint32_t *order = (uint32_t *)(slack + count);
    for (uint32_t i = 0; i < count; i++) {
        slack[i] = laxity(moment, i, cut);
        uint32_t at = i;
        for (; at > 0 && stands_before(moment, slack, i, order[at - 1]); at--) order[at] = order[at - 1];
        order[at] = i;
    }
    for (uint32_t at = 0; at < count; at++) {
        int64_t must = slack[order[at]] == 0 ? mandatory(moment, order[at], cut) : 0;
        moment->entries[order[at]].grant = must < left ? must : left;
        left -= moment->entries[order[at]].grant;
    }
    for (uint32_t at = 0; at < count; at++) {
        int64_t holds = run(moment, order[at], cut, slack[order[at]], &left);
        if (holds < next) next = holds;
    }
    /* Threads that nobody needs now go to whoever can use them. */
    for (uint32_t at = 0; at < count && left > 0; at++) {
        vdc_cpu_entry *entry = &moment->entries[order[at]];
        int64_t more = entry->ceiling - entry->grant < left ? entry->ceiling - entry->grant : left;
        entry->grant += more;
        left -= more;
    }
    return next;
}

/* The budget of a VM without a reservation of its own is a floor, too. */
static void map(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    const edf_state *edf = state;
    vdc_cpu_entry_of(request, host_speed, entry);
    if (entry->reservation > 0 || edf->budget == VDC_PARAM_NONE) return;
    int64_t period = entry->period > 0 ? entry->period : edf->period;
    vdc_wide floor = (vdc_wide)entry->nominal * edf->budget / period;
    entry->reservation = floor < entry->nominal ? (int64_t)floor : entry->nominal;
}

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static int64_t quantum(const void *state) { return ((const edf_state *)state)->period; }

static const vdc_param params[] = {
    {.name = "budget", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .minimum = 0, .maximum = 1e11, .none = "none",
     .help = "what each vCPU of a VM without a reservation runs at least in a period; none = nothing is promised",
     .offset = offsetof(edf_state, budget)},
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "period", edf_state, period, VDC_DIM_TIME, "100ms", 1e5, 1e11, "of VMs that give none (cpu.period)"),
};

const vdc_policy vdc_cpu_edf = {
    VDC_POLICY_HEAD(VDC_CPU_SHARING, "edf", "slice by slice: a budget per period, the earliest deadline first; what is left by weight",
                    "after Liu, Layland 1973; Levin et al. 2010"),
    VDC_POLICY_STATE(params, edf_state),
    .cpu = {.share = share, .scratch_size = scratch_size, .fluid = true, .map = map, .slice = slice, .vm_memory = sizeof(edf_vm),
            .quantum = quantum},
};
