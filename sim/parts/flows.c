/* Flows: see flows.h. The solver is models/flows.h, the network models/fabric.h. */
#include "sim/parts/flows.h"

#include "sim/parts/network.h"
#include "sim/parts/storage.h"
#include "sim/results/totals.h"

static vdc_code lay_out(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    uint32_t count = vdc_endpoint_outside(sim) + 1, leaves = 1;
    uint64_t k = scenario->fabric.arity, room = k * k * k / 4;
    if (scenario->fabric.kind == VDC_FABRIC_FAT_TREE && hosts->count > room)
        return vdc_fail(diag, VDC_ERROR_INPUT, &scenario->fabric_place,
                        "datacenter.topology.fabric: a fat-tree of arity %u has room for %llu hosts, there are %u", scenario->fabric.arity,
                        (unsigned long long)room, hosts->count);
    vdc_endpoint *endpoints = vdc_calloc(count, sizeof *endpoints);
    if (!endpoints) return vdc_no_memory(diag, "the network");
    for (uint32_t h = 0; h < hosts->count; h++) {
        uint32_t leaf = hosts->rack ? hosts->rack[h] : 0;
        endpoints[h] = (vdc_endpoint){.nic = hosts->classes[hosts->class_of[h]].physical[VDC_NET_TX], .leaf = leaf};
        if (leaf >= leaves) leaves = leaf + 1;
    }
    for (size_t p = 0; p < scenario->pool_count; p++) {
        const vdc_pool_spec *pool = &scenario->pools[p];
        bool racked = pool->rack != VDC_UNLIMITED && scenario->fabric.kind == VDC_FABRIC_LEAF_SPINE;
        endpoints[hosts->count + p] = (vdc_endpoint){.nic = pool->nic > 0 ? pool->nic : 0, .leaf = racked ? (uint32_t)pool->rack : VDC_NO_LINK};
        if (racked && (uint32_t)pool->rack >= leaves) leaves = (uint32_t)pool->rack + 1;
    }
    endpoints[count - 1] = (vdc_endpoint){.leaf = VDC_NO_LINK};
    vdc_code code = vdc_fabric_create(&sim->fabric, sim->flows, &scenario->fabric, endpoints, count, leaves);
    vdc_free(endpoints);
    return code ? vdc_no_memory(diag, "the network") : VDC_OK;
}

vdc_code vdc_flows_wanted(vdc_simulation *sim, vdc_diag *diag) {
    if (sim->flows) return VDC_OK;
    if (vdc_flows_create(&sim->flows, sim->events, (uint32_t)VDC_EVENT_KINDS + VDC_PART_flows, &sim->datacenter.now)) return vdc_no_memory(diag, "the network");
    return lay_out(sim, diag);
}

uint32_t vdc_spare_link(vdc_simulation *sim, vdc_spare_links *spare, int64_t capacity) {
    if (spare->count == 0) return vdc_flows_add_link(sim->flows, capacity);
    uint32_t link = spare->items[spare->count - 1];
    if (vdc_flows_set_capacity(sim->flows, link, capacity)) return VDC_NO_LINK;
    spare->count--;
    return link;
}

vdc_code vdc_spare_link_return(vdc_spare_links *spare, uint32_t link) {
    if (link == VDC_NO_LINK) return VDC_OK;
    if (!VDC_RESERVE(spare->items, spare->capacity, spare->count + 1)) return VDC_ERROR_MEMORY;
    spare->items[spare->count++] = link;
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    vdc_fabric_destroy(&sim->fabric);
    vdc_flows_destroy(sim->flows);
    sim->flows = NULL;
}

static bool present(const vdc_simulation *sim) { return sim->flows != NULL; }

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) { return vdc_flows_event(sim->flows, subject, diag); }

/* What hosts were given fits their NICs, and what VMs sent and received is what the flows moved: two counts that know nothing of each other. */
static void check_nics(const vdc_simulation *sim, vdc_checks *checks) {
    const vdc_datacenter *dc = &sim->datacenter;
    if (!dc->hosts.free[VDC_NET_TX] || !((dc->serviced & ~dc->run_bound) >> VDC_NET_TX & 1)) return;
    for (int r = VDC_NET_TX; r <= VDC_NET_RX; r++) {
        vdc_wide moved = 0;
        for (size_t k = 0; k < dc->class_ledger.count; k++) moved += vdc_ledger_sum(&dc->class_ledger, k, (vdc_flow)(VDC_FLOW_U + r));
        vdc_check_equal(checks, VDC_I20_FLOWS, dc->now, moved, vdc_network_crossed(sim, r == VDC_NET_RX) + vdc_storage_crossed(sim, r == VDC_NET_RX));
        for (uint32_t h = 0; dc->track_hosts && h < dc->hosts.count; h++) {
            int64_t nic = dc->hosts.classes[dc->hosts.class_of[h]].physical[r];
            if (nic) vdc_check_at_most(checks, VDC_I8_PHYSICAL, dc->now, vdc_ledger_rate(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_G + r)), nic);
        }
    }
}

static void check(vdc_simulation *sim, vdc_checks *checks) {
    check_nics(sim, checks);
    vdc_check_equal(checks, VDC_I20_FLOWS, sim->datacenter.now, vdc_flows_violations(sim->flows), 0);
}

static const vdc_column tick_columns[] = {
    {"flows", "1", "transfers and streams at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
    {"fabric_busiest", "1", "load over capacity of the fullest link between switches, at the end of the tick", VDC_CELL_REAL, NULL, 1},
};

/* Switches only where there are some. */
static size_t used(const vdc_simulation *sim) { return sim->fabric.switch_links ? 2 : 1; }

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    (void)entity;
    vdc_row_integer(row, vdc_flows_count(sim->flows));
    if (sim->fabric.switch_links) vdc_row_real(row, vdc_fabric_busiest(&sim->fabric));
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    if (!sim->fabric.switch_links) return;
    vdc_wide carried = 0;
    for (uint32_t l = 0; l < sim->fabric.switch_links; l++) carried += vdc_flows_carried(sim->flows, sim->fabric.first_link + l);
    vdc_summary_real(s, "fabric_bytes", vdc_wide_over(carried, VDC_SECOND), "byte", "bytes that crossed links between switches, each link counted");
}

const vdc_part vdc_part_flows = {
    .name = "flows", .close = close, .present = present, .event = event, .check = check, .summary = summary,
    .ticks = {tick_columns, sizeof tick_columns / sizeof *tick_columns, used, tick},
};
