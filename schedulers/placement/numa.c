/* Balance fit over NUMA nodes, as in SPANE (arXiv 2504.14946): evens out the nodes of the host that is most out of balance. */
#include "schedulers/policy_rows.h"

/* The least of the shares of CPU and memory that are free on a node. */
static double free_share(const vdc_host_view *host, int node) {
    const int64_t *capacity = host->class_view->capacity;
    double nodes = host->class_view->numa_nodes;
    double cpu = capacity[VDC_CPU] > 0 ? (double)host->numa_free[2 * node] / ((double)capacity[VDC_CPU] / nodes) : 0;
    double memory = capacity[VDC_MEMORY] > 0 ? (double)host->numa_free[2 * node + 1] / ((double)capacity[VDC_MEMORY] / nodes) : 0;
    return cpu < memory ? cpu : memory;
}

static bool node_fits(const vdc_host_view *host, int node, const vdc_request *request) {
    return host->numa_free[2 * node] >= request->size[VDC_CPU] && host->numa_free[2 * node + 1] >= request->size[VDC_MEMORY];
}

/* How far apart the nodes are. The VM goes to the node with the most free that has room; on a balanced host, and when it is split
 * over nodes, to the lowest ones. */
static double imbalance(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state;
    if (request->numa_nodes != 1 || !host->numa_free) return 0;
    double least = 0, most = 0, chosen_share = 0;
    int chosen = -1;
    for (int node = 0; node < host->class_view->numa_nodes; node++) {
        double share = free_share(host, node);
        if (node == 0 || share < least) least = share;
        if (node == 0 || share > most) most = share;
        if (!node_fits(host, node, request) || (chosen >= 0 && share <= chosen_share)) continue;
        chosen = node;
        chosen_share = share;
    }
    if (chosen >= 0) devices->numa_nodes = UINT64_C(1) << chosen;
    return most - least;
}

const vdc_policy vdc_placement_numa_balance_fit = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "numa-balance-fit", "the host whose NUMA nodes are most out of balance, on it the freest node",
                    "SPANE, arXiv 2504.14946"),
    .placement = {.score = imbalance, .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_DEVICES},
};
