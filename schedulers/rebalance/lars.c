/* Rescheduling by remaining lifetime (LARS): hosts are emptied, the VM that will stay longest first, and whoever is soon to end is left to
 * end where it is: most of what would have moved late need not move at all.
 */
#include <stdlib.h>

#include "schedulers/lifetimes.h"
#include "schedulers/rebalance/plan.h"

typedef struct staying {
    vdc_time remaining;
    uint32_t vm;
} staying;

typedef struct candidate {
    uint32_t vms, host;          /* VMs that will not end by themselves soon */
} candidate;

typedef struct lars_state {
    vdc_rebalance_head head;
    const vdc_node *place_node;
    vdc_lifetimes lifetimes;     /* for predictions only */
    int64_t patience, most;
    /* from here on not parameters */
    vdc_policy_instance place;
    vdc_plan plan;
    candidate *candidates;       /* [hosts] */
    uint8_t *receives;           /* [hosts] it got VMs: it stays in use */
    staying *stayers;
    uint32_t *vms;
    size_t stayer_capacity, capacity;
} lars_state;

static const vdc_param params[] = {
    VDC_REBALANCE_ROW(lars_state),
    {.name = "place", .type = VDC_PARAM_NODE, .help = "where VMs go: a policy of kind placement; default best-fit",
     .offset = offsetof(lars_state, place_node)},
    VDC_LIFETIME_ERROR_ROW(lars_state, lifetimes),
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "patience", lars_state, patience, VDC_DIM_TIME, "1h", 0, 9e18,
                         "VMs predicted to end within this time are left to do so"),
    VDC_PARAM_COUNT_ROW("most", lars_state, most, "100", 1, 1e9, "moves in a round"),
};

static int read_place(void *state, vdc_diag *diag) {
    lars_state *it = state;
    return (int)vdc_part_open(VDC_PLACEMENT, it->place_node, "best-fit", &it->place, diag);
}

static void close_place(void *state) { vdc_policy_close(&((lars_state *)state)->place); }

static const char *init(void *state, const vdc_view *view) {
    lars_state *it = state;
    it->lifetimes.seed = view->seed;
    it->candidates = vdc_calloc((size_t)view->hosts + 1, sizeof *it->candidates);
    it->receives = vdc_calloc((size_t)view->hosts + 1, sizeof *it->receives);
    return it->candidates && it->receives ? vdc_plan_open(&it->plan, &it->place, view) : "out of memory";
}

static void fini(void *state) {
    lars_state *it = state;
    vdc_plan_close(&it->plan);
    vdc_free(it->candidates);
    vdc_free(it->receives);
    vdc_free(it->stayers);
    vdc_free(it->vms);
}

/* ns until it is predicted to end; one that outlived its prediction is expected to live as long again. */
static vdc_time remaining(const lars_state *it, const vdc_vm_view *vm) {
    vdc_time predicted = vdc_lifetimes_predict(&it->lifetimes, vm->request);
    if (predicted == VDC_FOREVER) return VDC_FOREVER;
    return predicted > vm->age ? predicted - vm->age : vm->age;
}

static int by_count(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    if (a->vms != b->vms) return a->vms < b->vms ? -1 : 1;
    return a->host < b->host ? -1 : a->host > b->host;
}

/* The longest first; of equals the lower slot. */
static int by_remaining(const void *left, const void *right) {
    const staying *a = left, *b = right;
    if (a->remaining != b->remaining) return a->remaining > b->remaining ? -1 : 1;
    return a->vm < b->vm ? -1 : a->vm > b->vm;
}

/* Those of a host that will not end soon, in `stayers`; -1: one of them cannot be moved. */
static int64_t stay(lars_state *it, uint32_t host) {
    int64_t all = vdc_plan_movable(&it->plan, host, it->vms), count = 0;
    for (int64_t i = 0; i < all; i++) {
        vdc_time left = remaining(it, &it->plan.fleet->vms[it->vms[i]]);
        if (left > it->patience) it->stayers[count++] = (staying){left, it->vms[i]};
    }
    return all < 0 ? -1 : count;
}

static int64_t decide(void *state, const vdc_fleet_view *fleet, const vdc_relocation **moves) {
    lars_state *it = state;
    uint32_t count = 0;
    vdc_plan_begin(&it->plan, fleet);
    if (it->plan.no_memory || !VDC_RESERVE(it->vms, it->capacity, fleet->slots) || !VDC_RESERVE(it->stayers, it->stayer_capacity, fleet->slots))
        return -1;
    for (uint32_t h = 0; h < fleet->view->hosts; h++) {
        int64_t vms = stay(it, h);
        it->receives[h] = false;
        /* Where all will end soon nothing comes any more: else VMs would go to and fro between such hosts. */
        it->plan.excluded[h] = vms == 0;
        if (vms > 0) it->candidates[count++] = (candidate){(uint32_t)vms, h};
    }
    qsort(it->candidates, count, sizeof *it->candidates, by_count);
    for (uint32_t i = 0; i < count && !it->plan.no_memory; i++) {
        uint32_t host = it->candidates[i].host;
        if (it->receives[host] || it->plan.count + it->candidates[i].vms > (uint64_t)it->most) continue;
        uint32_t vms = (uint32_t)stay(it, host);
        qsort(it->stayers, vms, sizeof *it->stayers, by_remaining);
        for (uint32_t k = 0; k < vms; k++) it->vms[k] = it->stayers[k].vm;
        size_t before = it->plan.count;
        it->plan.excluded[host] = true;
        if (!vdc_plan_move_all(&it->plan, it->vms, vms, NULL, NULL)) it->plan.excluded[host] = false;
        for (size_t k = before; k < it->plan.count; k++) it->receives[it->plan.moves[k].host] = true;
    }
    return vdc_plan_result(&it->plan, moves);
}

static vdc_plan *plan_of(void *state) { return &((lars_state *)state)->plan; }

const vdc_policy vdc_rebalance_lars = {
    VDC_POLICY_HEAD(VDC_REBALANCE, "lars", "hosts are emptied, VMs that stay longest first; those that end soon are left to it", "Ling et al. MLSys'25 (LARS)"),
    VDC_POLICY_STATE(params, lars_state),
    .read = read_place,
    .close = close_place,
    .init = init,
    .fini = fini,
    .rebalance = {.decide = decide, .plan = plan_of},
};
