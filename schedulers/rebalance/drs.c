/* Balancing: VMs move from the most loaded hosts to where that evens out the loads most, until their standard deviation is as wanted.
 *
 * Every move lowers the deviation by at least `gain`: with steady loads the moves come to an end.
 */
#include <math.h>

#include "schedulers/policy_rows.h"
#include "schedulers/rebalance/plan.h"

typedef struct drs_state {
    vdc_rebalance_head head;
    double imbalance, gain;
    int64_t most;
    /* from here on not parameters */
    vdc_plan plan;
    uint8_t *stuck;              /* [hosts] no VM of it makes a move that is worth it */
} drs_state;

static const vdc_param params[] = {
    VDC_REBALANCE_ROW(drs_state),
    VDC_PARAM_REAL_ROW("imbalance", drs_state, imbalance, VDC_DIM_RATIO, "5%", 0, 1000, "standard deviation of the hosts' loads that is good enough"),
    VDC_PARAM_REAL_ROW("gain", drs_state, gain, VDC_DIM_RATIO, "0.1%", 1e-9, 1000, "by how much a move must lower it at least"),
    VDC_PARAM_COUNT_ROW("most", drs_state, most, "10", 1, 1e9, "moves in a round"),
};

static const char *init(void *state, const vdc_view *view) {
    drs_state *it = state;
    it->stuck = vdc_calloc((size_t)view->hosts + 1, sizeof *it->stuck);
    return it->stuck ? vdc_plan_open(&it->plan, NULL, view) : "out of memory";
}

static void fini(void *state) {
    drs_state *it = state;
    vdc_plan_close(&it->plan);
    vdc_free(it->stuck);
}

static double load_of(const drs_state *it, uint32_t host, int64_t more) {
    int64_t capacity = it->plan.fleet->capacity[host];
    return capacity > 0 ? (double)(it->plan.demand[host] + more) / (double)capacity : 0;
}

static double deviation(double sum, double squares, double hosts) {
    double mean = sum / hosts, variance = squares / hosts - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

/* The most loaded host above the mean that is not stuck; -1 = none. */
static int64_t source(const drs_state *it, double mean) {
    const vdc_fleet_view *fleet = it->plan.fleet;
    int64_t most = -1;
    for (uint32_t h = 0; h < fleet->view->hosts; h++) {
        if (it->stuck[h] || fleet->view->host_state[h] != 0 || load_of(it, h, 0) <= mean) continue;
        if (most < 0 || load_of(it, h, 0) > load_of(it, (uint32_t)most, 0)) most = h;
    }
    return most;
}

/* The move from that host that evens out most; the deviation after it. Ties to the VM that came first, then to the lowest host. */
static double best_move(const drs_state *it, uint32_t host, double sum, double squares, double hosts, vdc_relocation *move) {
    const vdc_fleet_view *fleet = it->plan.fleet;
    double best = INFINITY, from = load_of(it, host, 0);
    for (uint32_t i = fleet->first[host]; i < fleet->first[host + 1]; i++) {
        uint32_t vm = fleet->on[i];
        const vdc_vm_view *one = &fleet->vms[vm];
        if (!one->movable || it->plan.moved[vm] || one->demand == 0) continue;
        double left = load_of(it, host, -one->demand);
        for (uint32_t h = 0; h < fleet->view->hosts; h++) {
            if (h == host || fleet->view->host_state[h] != 0) continue;
            double before = load_of(it, h, 0), after = load_of(it, h, one->demand);
            if (after >= from) continue;
            double reached = deviation(sum - from + left - before + after, squares - from * from + left * left - before * before + after * after, hosts);
            if (!(reached < best) || !vdc_plan_fits(&it->plan, h, vm)) continue;
            best = reached;
            *move = (vdc_relocation){vm, h};
        }
    }
    return best;
}

static int64_t decide(void *state, const vdc_fleet_view *fleet, const vdc_relocation **moves) {
    drs_state *it = state;
    vdc_plan_begin(&it->plan, fleet);
    for (uint32_t h = 0; h < fleet->view->hosts; h++) it->stuck[h] = false;
    while (it->plan.count < (uint64_t)it->most && !it->plan.no_memory) {
        double hosts = 0, sum = 0, squares = 0;
        for (uint32_t h = 0; h < fleet->view->hosts; h++) {
            if (fleet->view->host_state[h] != 0) continue;
            double load = load_of(it, h, 0);
            hosts++, sum += load, squares += load * load;
        }
        double now = hosts > 0 ? deviation(sum, squares, hosts) : 0;
        if (now <= it->imbalance) break;
        int64_t host = source(it, sum / hosts);
        if (host < 0) break;
        vdc_relocation move = {0};
        if (best_move(it, (uint32_t)host, sum, squares, hosts, &move) <= now - it->gain) {
            vdc_plan_leave(&it->plan, move.vm);
            vdc_plan_move(&it->plan, move.vm, move.host);
        } else {
            it->stuck[host] = true;
        }
    }
    return vdc_plan_result(&it->plan, moves);
}

const vdc_policy vdc_rebalance_drs = {
    VDC_POLICY_HEAD(VDC_REBALANCE, "drs", "VMs move until the hosts' loads differ no more than wanted", "VMware DRS"),
    VDC_POLICY_STATE(params, drs_state),
    .init = init,
    .fini = fini,
    .rebalance = {.decide = decide},
};
