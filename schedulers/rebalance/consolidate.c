/* Dynamic consolidation in three parts (Beloglazov, Buyya 2012): overloaded hosts give away VMs until they are overloaded no more, and
 * hosts with little load give away all of theirs, so that they can be switched off.
 *
 *   1. every host that `detect` finds overloaded gives away, one at a time, the VM that `select` names;
 *   2. those VMs, the most demanding first, go where `place` says, to no host that is overloaded or would be then;
 *   3. hosts in order of rising load, those that got VMs in 2 or 3 left out: when each of its VMs finds a place on another host in use,
 *      they all move, else none does.
 *
 * A VM for which there is no place stays. Nothing is moved twice in a round.
 */
#include <math.h>
#include <stdlib.h>

#include "schedulers/policy_rows.h"
#include "schedulers/rebalance/plan.h"

typedef struct consolidate_state {
    vdc_rebalance_head head;
    const vdc_node *detect_node, *select_node, *place_node;
    bool empties;
    /* from here on not parameters */
    vdc_policy_instance detect, select, place;
    bool select_started;
    vdc_plan plan;
    uint32_t window;             /* samples of the hosts' histories */
    double *history;             /* [window] of the host in question */
    double *hosts_history;       /* [host x window] sums of Hz in the plan */
    uint32_t *history_samples;   /* [host] of them; UINT32_MAX = to be summed */
    vdc_vm_load *loads;          /* of a host's VMs */
    uint32_t *slots;             /* and who they are */
    size_t loads_capacity, slots_capacity;
    uint32_t *leaving;           /* VMs that look for a host */
    size_t leaving_capacity;
    uint32_t *order;             /* [hosts] */
    uint8_t *passed;             /* [hosts] not to be emptied */
    size_t counted;              /* moves whose targets' histories are known to have changed */
} consolidate_state;

static const vdc_param params[] = {
    VDC_REBALANCE_ROW(consolidate_state),
    {.name = "detect", .type = VDC_PARAM_NODE, .help = "which hosts are overloaded: a policy of kind detect; default threshold",
     .offset = offsetof(consolidate_state, detect_node)},
    {.name = "select", .type = VDC_PARAM_NODE, .help = "which VM leaves an overloaded host: a policy of kind select; default mmt",
     .offset = offsetof(consolidate_state, select_node)},
    {.name = "place", .type = VDC_PARAM_NODE, .help = "where it goes: a policy of kind placement; default power-aware",
     .offset = offsetof(consolidate_state, place_node)},
    {.name = "empty", .type = VDC_PARAM_BOOL, .fallback = "true", .help = "do hosts with little load give away all of their VMs?",
     .offset = offsetof(consolidate_state, empties)},
};

static int read_parts(void *state, vdc_diag *diag) {
    consolidate_state *it = state;
    vdc_code detect = vdc_part_open(VDC_DETECTION, it->detect_node, "threshold", &it->detect, diag);
    vdc_code select = vdc_part_open(VDC_SELECTION, it->select_node, "mmt", &it->select, diag);
    vdc_code place = vdc_part_open(VDC_PLACEMENT, it->place_node, "power-aware", &it->place, diag);
    return (int)(detect ? detect : select ? select : place);
}

static void close_parts(void *state) {
    consolidate_state *it = state;
    vdc_policy_close(&it->detect);
    vdc_policy_close(&it->select);
    vdc_policy_close(&it->place);
}

static uint32_t detect_window(const consolidate_state *it) {
    const vdc_detection_hooks *hooks = &it->detect.policy->detection;
    return hooks->window ? hooks->window(it->detect.state) : 0;
}

static uint32_t window(const void *state) {
    const consolidate_state *it = state;
    const vdc_selection_hooks *hooks = &it->select.policy->selection;
    uint32_t selects = hooks->window ? hooks->window(it->select.state) : 0, detects = detect_window(it);
    return detects > selects ? detects : selects;
}

static const char *init(void *state, const vdc_view *view) {
    consolidate_state *it = state;
    size_t hosts = (size_t)view->hosts + 1;
    it->window = detect_window(it);
    it->order = vdc_calloc(hosts, sizeof *it->order);
    it->passed = vdc_calloc(hosts, sizeof *it->passed);
    it->history_samples = vdc_calloc(hosts, sizeof *it->history_samples);
    it->history = vdc_calloc((size_t)it->window + 1, sizeof *it->history);
    it->hosts_history = vdc_calloc(hosts * it->window + 1, sizeof *it->hosts_history);
    if (!it->order || !it->passed || !it->history_samples || !it->history || !it->hosts_history) return "out of memory";
    it->select_started = true;
    const char *wrong = it->select.policy->init ? it->select.policy->init(it->select.state, view) : NULL;
    return wrong ? wrong : vdc_plan_open(&it->plan, &it->place, view);
}

static void fini(void *state) {
    consolidate_state *it = state;
    vdc_plan_close(&it->plan);
    if (it->select_started && it->select.policy->fini) it->select.policy->fini(it->select.state);
    vdc_free(it->order);
    vdc_free(it->passed);
    vdc_free(it->history_samples);
    vdc_free(it->history);
    vdc_free(it->hosts_history);
    vdc_free(it->loads);
    vdc_free(it->slots);
    vdc_free(it->leaving);
}

/* ---- overload ---- */

/* Adds a VM's history to sums that are aligned at the latest sample. Whole Hz below 2^53: the sums are exact in any order. */
static void add_history(const consolidate_state *it, uint32_t vm, double *sums, uint32_t *samples) {
    uint32_t count;
    const double *values = it->plan.fleet->history(it->plan.fleet, vm, &count);
    if (count > it->window) values += count - it->window, count = it->window;
    for (uint32_t i = 0; i < count; i++) sums[it->window - count + i] += values[i];
    if (count > *samples) *samples = count;
}

/* The sums of a host in the plan; recounted when its VMs changed. */
static const double *host_history(consolidate_state *it, uint32_t host, uint32_t *samples) {
    double *sums = it->hosts_history + (size_t)host * it->window;
    if (it->history_samples[host] == UINT32_MAX) {
        const vdc_fleet_view *fleet = it->plan.fleet;
        *samples = 0;
        for (uint32_t i = 0; i < it->window; i++) sums[i] = 0;
        for (uint32_t i = fleet->first[host]; i < fleet->first[host + 1]; i++)
            if (!it->plan.moved[fleet->on[i]]) add_history(it, fleet->on[i], sums, samples);
        for (size_t i = 0; i < it->plan.count && it->plan.arrivals[host]; i++)
            if (it->plan.moves[i].host == host) add_history(it, it->plan.moves[i].vm, sums, samples);
        it->history_samples[host] = *samples;
    }
    *samples = it->history_samples[host];
    return sums;
}

/* The longest migration of any of its VMs, s. */
static double slowest(const consolidate_state *it, uint32_t host, uint32_t extra) {
    const vdc_fleet_view *fleet = it->plan.fleet;
    double most = extra == UINT32_MAX ? 0 : fleet->migration(fleet, extra);
    for (uint32_t i = fleet->first[host]; i < fleet->first[host + 1]; i++)
        if (!it->plan.moved[fleet->on[i]]) most = fmax(most, fleet->migration(fleet, fleet->on[i]));
    return most;
}

/* With VM `extra` besides, or UINT32_MAX. */
static bool overloaded(consolidate_state *it, uint32_t host, uint32_t extra) {
    const vdc_fleet_view *fleet = it->plan.fleet;
    int64_t demand = it->plan.demand[host] + (extra == UINT32_MAX ? 0 : fleet->vms[extra].demand);
    double capacity = (double)fleet->capacity[host];
    vdc_host_load load = {.load = capacity > 0 ? (double)demand / capacity : demand > 0 ? INFINITY : 0};
    if (it->window) {
        uint32_t samples;
        const double *sums = host_history(it, host, &samples);
        for (uint32_t i = 0; i < it->window; i++) it->history[i] = sums[i];
        if (extra != UINT32_MAX) add_history(it, extra, it->history, &samples);
        for (uint32_t i = 0; i < it->window; i++) it->history[i] = capacity > 0 ? it->history[i] / capacity : 0;
        load.history = it->history + (it->window - samples);
        load.samples = samples;
        load.migration = slowest(it, host, extra) * 1e9 / (double)fleet->interval;
    }
    return it->detect.policy->detection.overloaded(it->detect.state, &load);
}

static bool stays_well(const void *context, const vdc_plan *plan, uint32_t host, uint32_t vm) {
    (void)plan;
    return !overloaded((consolidate_state *)context, host, vm);
}

/* ---- 1. VMs leave overloaded hosts ---- */

/* The VM that select names among those that can move; UINT32_MAX = none. */
static uint32_t choose(consolidate_state *it, uint32_t host) {
    const vdc_fleet_view *fleet = it->plan.fleet;
    uint32_t most = fleet->first[host + 1] - fleet->first[host], count = 0;
    if (!VDC_RESERVE(it->loads, it->loads_capacity, most) || !VDC_RESERVE(it->slots, it->slots_capacity, most)) {
        it->plan.no_memory = true;
        return UINT32_MAX;
    }
    bool remembers = it->select.policy->selection.window != NULL;
    for (uint32_t i = fleet->first[host]; i < fleet->first[host + 1]; i++) {
        uint32_t vm = fleet->on[i];
        const vdc_vm_view *one = &fleet->vms[vm];
        if (!one->movable || it->plan.moved[vm]) continue;
        vdc_vm_load *load = &it->loads[count];
        *load = (vdc_vm_load){.usage = one->nominal > 0 ? (double)one->demand / (double)one->nominal : 0, .bytes = (double)one->bytes};
        if (remembers) load->history = fleet->history(fleet, vm, &load->samples);
        it->slots[count++] = vm;
    }
    if (count == 0) return UINT32_MAX;
    int64_t chosen = it->select.policy->selection.select(it->select.state, fleet->view, it->loads, count);
    if (chosen < 0) it->plan.no_memory = chosen == VDC_SELECTED_NO_MEMORY;
    return chosen < 0 ? UINT32_MAX : it->slots[chosen];
}

static uint32_t leave_overloaded(consolidate_state *it) {
    const vdc_fleet_view *fleet = it->plan.fleet;
    uint32_t count = 0;
    for (uint32_t h = 0; h < fleet->view->hosts; h++) {
        it->passed[h] = false;
        if (fleet->first[h] == fleet->first[h + 1] || !overloaded(it, h, UINT32_MAX)) continue;
        it->passed[h] = it->plan.excluded[h] = true;
        uint32_t vm = choose(it, h);
        while (vm != UINT32_MAX) {
            vdc_plan_leave(&it->plan, vm);
            it->history_samples[h] = UINT32_MAX;
            it->leaving[count++] = vm;
            vm = overloaded(it, h, UINT32_MAX) ? choose(it, h) : UINT32_MAX;
        }
    }
    return count;
}

/* The most demanding first; of equals the one that came first in the list. Mostly short lists. */
static void sort_by_demand(const vdc_fleet_view *fleet, uint32_t *vms, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        uint32_t vm = vms[i], j = i;
        int64_t demand = fleet->vms[vm].demand;
        for (; j > 0 && fleet->vms[vms[j - 1]].demand < demand; j--) vms[j] = vms[j - 1];
        vms[j] = vm;
    }
}

static void plan_move(consolidate_state *it, uint32_t vm, uint32_t host) {
    it->history_samples[host] = UINT32_MAX;
    vdc_plan_move(&it->plan, vm, host);
}

/* ---- 3. hosts with little load ---- */

typedef struct host_load {
    double load;
    uint32_t host;
} host_load;

static int by_load(const void *left, const void *right) {
    const host_load *a = left, *b = right;
    if (a->load != b->load) return a->load < b->load ? -1 : 1;
    return a->host < b->host ? -1 : a->host > b->host;
}

/* The history of hosts that VMs came to or left again is summed anew. */
static void forget_histories(consolidate_state *it, size_t from, size_t until) {
    for (size_t i = from; i < until; i++) it->history_samples[it->plan.moves[i].host] = UINT32_MAX;
}

/* Is it to take a VM while `host` is emptied? Its history may have moved with the VM before. */
static bool stays_well_then(const void *context, const vdc_plan *plan, uint32_t host, uint32_t vm) {
    consolidate_state *it = (consolidate_state *)context;
    if (plan->count > it->counted) forget_histories(it, it->counted, plan->count);
    it->counted = plan->count;
    return !overloaded(it, host, vm);
}

/* All of its VMs or none. */
static void empty_host(consolidate_state *it, uint32_t host) {
    int64_t count = vdc_plan_movable(&it->plan, host, it->leaving);
    if (count <= 0) return;
    size_t before = it->counted = it->plan.count;
    it->plan.excluded[host] = true;
    if (vdc_plan_too_many(&it->plan, it->leaving, (uint32_t)count)) return;
    sort_by_demand(it->plan.fleet, it->leaving, (uint32_t)count);
    bool moved = vdc_plan_move_all(&it->plan, it->leaving, (uint32_t)count, stays_well_then, it);
    if (moved)
        for (size_t i = before; i < it->plan.count; i++) it->passed[it->plan.moves[i].host] = true;
    /* Moves taken back are still in the array. */
    forget_histories(it, before, moved ? it->plan.count : it->counted);
}

static void empty_hosts(consolidate_state *it) {
    const vdc_fleet_view *fleet = it->plan.fleet;
    uint32_t count = 0;
    for (uint32_t h = 0; h < fleet->view->hosts; h++)
        if (!it->passed[h] && fleet->first[h] < fleet->first[h + 1] && fleet->view->host_state[h] == 0) it->order[count++] = h;
    host_load *loads = vdc_malloc(((size_t)count + 1) * sizeof *loads);
    if (!loads) {
        it->plan.no_memory = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t h = it->order[i];
        loads[i] = (host_load){fleet->capacity[h] > 0 ? (double)fleet->demand[h] / (double)fleet->capacity[h] : 0, h};
    }
    qsort(loads, count, sizeof *loads, by_load);
    for (uint32_t i = 0; i < count && !it->plan.no_memory; i++)
        if (!it->passed[loads[i].host]) empty_host(it, loads[i].host);
    vdc_free(loads);
}

static int64_t decide(void *state, const vdc_fleet_view *fleet, const vdc_relocation **moves) {
    consolidate_state *it = state;
    vdc_plan_begin(&it->plan, fleet);
    if (it->plan.no_memory || !VDC_RESERVE(it->leaving, it->leaving_capacity, fleet->slots)) return -1;
    for (uint32_t h = 0; h < fleet->view->hosts; h++) it->history_samples[h] = UINT32_MAX;
    uint32_t count = leave_overloaded(it);
    sort_by_demand(fleet, it->leaving, count);
    for (uint32_t i = 0; i < count && !it->plan.no_memory; i++) {
        uint32_t vm = it->leaving[i];
        int64_t target = vdc_plan_find(&it->plan, vm, stays_well, it);
        if (target < 0) {
            vdc_plan_return(&it->plan, vm);
            it->history_samples[fleet->vms[vm].host] = UINT32_MAX;
        } else {
            plan_move(it, vm, (uint32_t)target);
            it->passed[target] = true;
        }
    }
    if (it->empties && !it->plan.no_memory) empty_hosts(it);
    return vdc_plan_result(&it->plan, moves);
}

static vdc_plan *plan_of(void *state) { return &((consolidate_state *)state)->plan; }

const vdc_policy vdc_rebalance_consolidate = {
    VDC_POLICY_HEAD(VDC_REBALANCE, "consolidate", "VMs leave overloaded hosts, and hosts with little load altogether", "Beloglazov, Buyya 2012"),
    VDC_POLICY_STATE(params, consolidate_state),
    .read = read_parts,
    .close = close_parts,
    .init = init,
    .fini = fini,
    .rebalance = {.decide = decide, .window = window, .plan = plan_of},
};
