/* Draining for maintenance: VMs leave the hosts that are cordoned, and those that are named; what finds no place is tried again in the next round. */
#include <stdio.h>

#include "schedulers/policy_rows.h"
#include "schedulers/rebalance/plan.h"

enum { CORDONED = 1 }; /* view->host_state */

typedef struct drain_state {
    vdc_rebalance_head head;
    const vdc_node *place_node, *host_list;
    int64_t most;
    /* from here on not parameters */
    vdc_policy_instance place;
    vdc_plan plan;
    uint8_t *named;              /* [hosts] */
    uint32_t *vms;
    size_t capacity;
    char wrong[96];
} drain_state;

static const vdc_param params[] = {
    VDC_REBALANCE_ROW(drain_state),
    {.name = "hosts", .type = VDC_PARAM_NODE, .help = "numbers of hosts to be drained besides those that are cordoned: [3, 4]",
     .offset = offsetof(drain_state, host_list)},
    {.name = "place", .type = VDC_PARAM_NODE, .help = "where VMs go: a policy of kind placement; default best-fit",
     .offset = offsetof(drain_state, place_node)},
    VDC_PARAM_COUNT_ROW("most", drain_state, most, "1000000", 1, 1e9, "moves in a round"),
};

static int read_keys(void *state, vdc_diag *diag) {
    drain_state *it = state;
    vdc_code code = VDC_OK;
    if (it->host_list && it->host_list->kind != VDC_NODE_SEQUENCE)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &it->host_list->place, "rebalance policy drain: hosts: a list of numbers is wanted");
    for (size_t i = 0; !code && it->host_list && i < it->host_list->count; i++) {
        int64_t host;
        code = vdc_node_integer(it->host_list->children[i], VDC_DIM_COUNT, 0, UINT32_MAX - 1, &host, diag);
    }
    vdc_code place = vdc_part_open(VDC_PLACEMENT, it->place_node, "best-fit", &it->place, diag);
    return (int)(code ? code : place);
}

static void close_place(void *state) { vdc_policy_close(&((drain_state *)state)->place); }

static const char *init(void *state, const vdc_view *view) {
    drain_state *it = state;
    it->named = vdc_calloc((size_t)view->hosts + 1, sizeof *it->named);
    if (!it->named) return "out of memory";
    for (size_t i = 0; it->host_list && i < it->host_list->count; i++) {
        int64_t host = 0;
        (void)vdc_node_integer(it->host_list->children[i], VDC_DIM_COUNT, 0, UINT32_MAX - 1, &host, NULL);
        if (host >= view->hosts) {
            (void)snprintf(it->wrong, sizeof it->wrong, "there is no host %lld; the hosts are 0 to %lld", (long long)host, (long long)view->hosts - 1);
            return it->wrong;
        }
        it->named[host] = true;
    }
    return vdc_plan_open(&it->plan, &it->place, view);
}

static void fini(void *state) {
    drain_state *it = state;
    vdc_plan_close(&it->plan);
    vdc_free(it->named);
    vdc_free(it->vms);
}

static int64_t decide(void *state, const vdc_fleet_view *fleet, const vdc_relocation **moves) {
    drain_state *it = state;
    vdc_plan_begin(&it->plan, fleet);
    if (it->plan.no_memory || !VDC_RESERVE(it->vms, it->capacity, fleet->slots)) return -1;
    uint32_t hosts = fleet->view->hosts;
    for (uint32_t h = 0; h < hosts; h++) it->plan.excluded[h] = it->named[h];
    for (uint32_t h = 0; h < hosts; h++) {
        if (!it->named[h] && fleet->view->host_state[h] != CORDONED) continue;
        uint32_t count = 0;
        for (uint32_t i = fleet->first[h]; i < fleet->first[h + 1]; i++)
            if (fleet->vms[fleet->on[i]].movable) it->vms[count++] = fleet->on[i];
        vdc_plan_largest_first(fleet, it->vms, count);
        for (uint32_t i = 0; i < count && it->plan.count < (uint64_t)it->most && !it->plan.no_memory; i++) {
            int64_t target = vdc_plan_find(&it->plan, it->vms[i], NULL, NULL);
            if (target < 0) continue;
            vdc_plan_leave(&it->plan, it->vms[i]);
            vdc_plan_move(&it->plan, it->vms[i], (uint32_t)target);
        }
    }
    return vdc_plan_result(&it->plan, moves);
}

static vdc_plan *plan_of(void *state) { return &((drain_state *)state)->plan; }

const vdc_policy vdc_rebalance_drain = {
    VDC_POLICY_HEAD(VDC_REBALANCE, "drain", "VMs leave the hosts that are cordoned or named", "folklore"),
    VDC_POLICY_STATE(params, drain_state),
    .read = read_keys,
    .close = close_place,
    .init = init,
    .fini = fini,
    .rebalance = {.decide = decide, .plan = plan_of},
};
