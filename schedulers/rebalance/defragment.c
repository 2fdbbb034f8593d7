/* Defragmentation: hosts are emptied altogether, those first whose VMs move soonest, so that few moves empty many. */
#include <stdlib.h>

#include "schedulers/policy_rows.h"
#include "schedulers/rebalance/plan.h"

typedef struct candidate {
    double cost;       /* s of migrations */
    uint32_t vms, host;
} candidate;

typedef struct defragment_state {
    vdc_rebalance_head head;
    const vdc_node *place_node;
    int64_t horizon, most;
    double price;
    /* from here on not parameters */
    vdc_policy_instance place;
    vdc_plan plan;
    candidate *candidates;       /* [hosts] */
    uint8_t *receives;           /* [hosts] it got VMs: it stays in use */
    uint32_t *vms;
    size_t capacity;
} defragment_state;

static const vdc_param params[] = {
    VDC_REBALANCE_ROW(defragment_state),
    {.name = "place", .type = VDC_PARAM_NODE, .help = "where VMs go: a policy of kind placement; default best-fit",
     .offset = offsetof(defragment_state, place_node)},
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "horizon", defragment_state, horizon, VDC_DIM_TIME, "1h", 1, 9e18,
                         "how long a host that was emptied is expected to stay empty"),
    VDC_PARAM_REAL_ROW("price", defragment_state, price, VDC_DIM_COUNT, "10", 0, 1e12,
                       "seconds of an empty host that one second of migration must be worth"),
    VDC_PARAM_COUNT_ROW("most", defragment_state, most, "1000000", 1, 1e9, "moves in a round"),
};

static int read_place(void *state, vdc_diag *diag) {
    defragment_state *it = state;
    return (int)vdc_part_open(VDC_PLACEMENT, it->place_node, "best-fit", &it->place, diag);
}

static void close_place(void *state) { vdc_policy_close(&((defragment_state *)state)->place); }

static const char *init(void *state, const vdc_view *view) {
    defragment_state *it = state;
    it->candidates = vdc_calloc((size_t)view->hosts + 1, sizeof *it->candidates);
    it->receives = vdc_calloc((size_t)view->hosts + 1, sizeof *it->receives);
    return it->candidates && it->receives ? vdc_plan_open(&it->plan, &it->place, view) : "out of memory";
}

static void fini(void *state) {
    defragment_state *it = state;
    vdc_plan_close(&it->plan);
    vdc_free(it->candidates);
    vdc_free(it->receives);
    vdc_free(it->vms);
}

static int by_cost(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    if (a->cost != b->cost) return a->cost < b->cost ? -1 : 1;
    if (a->vms != b->vms) return a->vms < b->vms ? -1 : 1;
    return a->host < b->host ? -1 : a->host > b->host;
}

static int64_t decide(void *state, const vdc_fleet_view *fleet, const vdc_relocation **moves) {
    defragment_state *it = state;
    uint32_t count = 0;
    vdc_plan_begin(&it->plan, fleet);
    if (it->plan.no_memory || !VDC_RESERVE(it->vms, it->capacity, fleet->slots)) return -1;
    for (uint32_t h = 0; h < fleet->view->hosts; h++) {
        int64_t vms = vdc_plan_movable(&it->plan, h, it->vms);
        double cost = 0;
        it->receives[h] = false;
        for (int64_t i = 0; i < vms; i++) cost += fleet->migration(fleet, it->vms[i]);
        if (vms > 0 && cost * it->price < (double)it->horizon / 1e9) it->candidates[count++] = (candidate){cost, (uint32_t)vms, h};
    }
    qsort(it->candidates, count, sizeof *it->candidates, by_cost);
    for (uint32_t i = 0; i < count && !it->plan.no_memory; i++) {
        uint32_t host = it->candidates[i].host;
        if (it->receives[host] || it->plan.count + it->candidates[i].vms > (uint64_t)it->most) continue;
        uint32_t vms = (uint32_t)vdc_plan_movable(&it->plan, host, it->vms);
        vdc_plan_largest_first(fleet, it->vms, vms);
        size_t before = it->plan.count;
        it->plan.excluded[host] = true;
        if (!vdc_plan_move_all(&it->plan, it->vms, vms, NULL, NULL)) it->plan.excluded[host] = false;
        for (size_t k = before; k < it->plan.count; k++) it->receives[it->plan.moves[k].host] = true;
    }
    return vdc_plan_result(&it->plan, moves);
}

static vdc_plan *plan_of(void *state) { return &((defragment_state *)state)->plan; }

const vdc_policy vdc_rebalance_defragment = {
    VDC_POLICY_HEAD(VDC_REBALANCE, "defragment", "hosts are emptied, those first whose VMs move soonest, where that pays", "folklore"),
    VDC_POLICY_STATE(params, defragment_state),
    .read = read_place,
    .close = close_place,
    .init = init,
    .fini = fini,
    .rebalance = {.decide = decide, .plan = plan_of},
};
