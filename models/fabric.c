/* See fabric.h. Links between switches are numbered from first_link on:
 *   leaf-spine  2 a leaf: up, down; hashed: 2 a leaf and spine, the spine counting faster
 *   fat-tree    2 an edge switch, then 2 a pod; hashed: 2 an edge switch and aggregation switch, then 2 an aggregation switch and core of its group
 */
#include "models/fabric.h"

#include "sim/base/memory.h"
#include "sim/base/random.h"

static uint32_t half(const vdc_fabric *fabric) {
    return fabric->spec.arity / 2;
}

static vdc_code add_pairs(vdc_flow_set *flows, uint64_t pairs, int64_t capacity) {
    for (uint64_t i = 0; i < 2 * pairs; i++)
        if (vdc_flows_add_link(flows, capacity) == VDC_NO_LINK) return VDC_ERROR_MEMORY;
    return VDC_OK;
}

static int64_t times(int64_t capacity, uint64_t links) {
    vdc_wide all = (vdc_wide)capacity * (int64_t)links;
    return all > VDC_FLOW_RATE_MAX ? VDC_FLOW_RATE_MAX : (int64_t)all;
}

static vdc_code add_switches(vdc_fabric *fabric, vdc_flow_set *flows) {
    const vdc_fabric_spec *spec = &fabric->spec;
    uint64_t k2 = half(fabric), edges = spec->arity * k2;
    if (spec->kind == VDC_FABRIC_LEAF_SPINE)
        return spec->hashed ? add_pairs(flows, (uint64_t)fabric->leaves * spec->spines, spec->uplink)
                            : add_pairs(flows, fabric->leaves, times(spec->uplink, spec->spines));
    if (spec->kind != VDC_FABRIC_FAT_TREE) return VDC_OK;
    if (spec->hashed) return add_pairs(flows, 2 * edges * k2, spec->uplink);
    vdc_code code = add_pairs(flows, edges, times(spec->uplink, k2));
    return code ? code : add_pairs(flows, spec->arity, times(spec->uplink, k2 * k2));
}

vdc_code vdc_fabric_create(vdc_fabric *fabric, vdc_flow_set *flows, const vdc_fabric_spec *spec, const vdc_endpoint *endpoints, uint32_t count,
                           uint32_t leaves) {
    *fabric = (vdc_fabric){.spec = *spec, .flows = flows, .endpoints = count, .leaves = leaves};
    fabric->nic = vdc_malloc(((size_t)count + 1) * sizeof *fabric->nic);
    fabric->leaf = vdc_malloc(((size_t)count + 1) * sizeof *fabric->leaf);
    if (!fabric->nic || !fabric->leaf) return VDC_ERROR_MEMORY;
    uint32_t in_edges = 0;
    for (uint32_t e = 0; e < count; e++) {
        fabric->leaf[e] = endpoints[e].leaf;
        if (spec->kind == VDC_FABRIC_FAT_TREE && endpoints[e].leaf != VDC_NO_LINK) fabric->leaf[e] = in_edges++ / half(fabric);
        fabric->nic[e] = VDC_NO_LINK;
        if (endpoints[e].nic == 0) continue;
        fabric->nic[e] = vdc_flows_add_link(flows, endpoints[e].nic);
        if (fabric->nic[e] == VDC_NO_LINK || vdc_flows_add_link(flows, endpoints[e].nic) == VDC_NO_LINK) return VDC_ERROR_MEMORY;
    }
    fabric->first_link = vdc_flows_links(flows);
    vdc_code code = add_switches(fabric, flows);
    fabric->switch_links = vdc_flows_links(flows) - fabric->first_link;
    return code;
}

void vdc_fabric_destroy(vdc_fabric *fabric) {
    vdc_free(fabric->nic);
    vdc_free(fabric->leaf);
    *fabric = (vdc_fabric){0};
}

/* The way up (0) or down (1) of pair number `pair`. */
static vdc_flow_use pair_link(const vdc_fabric *fabric, uint64_t pair, int down) {
    return (vdc_flow_use){fabric->first_link + (uint32_t)(2 * pair) + (uint32_t)down, 1};
}

static uint32_t leaf_spine_path(const vdc_fabric *fabric, uint32_t from, uint32_t to, uint64_t key, vdc_flow_use *path) {
    uint32_t count = 0, spines = fabric->spec.hashed ? fabric->spec.spines : 1;
    uint64_t spine = spines > 1 ? vdc_hash_key(fabric->spec.seed, "fabric.path", key, 0) % spines : 0;
    if (from != VDC_NO_LINK) path[count++] = pair_link(fabric, (uint64_t)from * spines + spine, 0);
    if (to != VDC_NO_LINK) path[count++] = pair_link(fabric, (uint64_t)to * spines + spine, 1);
    return count;
}

static uint32_t fat_tree_path(const vdc_fabric *fabric, uint32_t from, uint32_t to, uint64_t key, vdc_flow_use *path) {
    uint32_t count = 0, k2 = half(fabric), edges = fabric->spec.arity * k2;
    bool up = from != VDC_NO_LINK, down = to != VDC_NO_LINK;
    bool core = !up || !down || from / k2 != to / k2;
    if (!fabric->spec.hashed) {
        if (up) path[count++] = pair_link(fabric, from, 0);
        if (up && core) path[count++] = pair_link(fabric, (uint64_t)edges + from / k2, 0);
        if (down && core) path[count++] = pair_link(fabric, (uint64_t)edges + to / k2, 1);
        if (down) path[count++] = pair_link(fabric, to, 1);
        return count;
    }
    /* The aggregation switch number decides the group of cores; in the other pod the one of the same number hangs on it. */
    uint64_t hash = vdc_hash_key(fabric->spec.seed, "fabric.path", key, 0), group = hash % k2, member = hash / k2 % k2;
    uint64_t cores = (uint64_t)edges * k2;
    if (up) path[count++] = pair_link(fabric, (uint64_t)from * k2 + group, 0);
    if (up && core) path[count++] = pair_link(fabric, cores + ((uint64_t)(from / k2) * k2 + group) * k2 + member, 0);
    if (down && core) path[count++] = pair_link(fabric, cores + ((uint64_t)(to / k2) * k2 + group) * k2 + member, 1);
    if (down) path[count++] = pair_link(fabric, (uint64_t)to * k2 + group, 1);
    return count;
}

uint32_t vdc_fabric_path(const vdc_fabric *fabric, uint32_t from, uint32_t to, uint64_t key, vdc_flow_use path[VDC_FLOW_LINKS]) {
    uint32_t count = 0, leaf_from = fabric->leaf[from], leaf_to = fabric->leaf[to];
    if (from == to) return 0;
    if (fabric->nic[from] != VDC_NO_LINK) path[count++] = (vdc_flow_use){fabric->nic[from], 1};
    if (leaf_from != leaf_to && fabric->spec.kind == VDC_FABRIC_LEAF_SPINE) count += leaf_spine_path(fabric, leaf_from, leaf_to, key, path + count);
    if (leaf_from != leaf_to && fabric->spec.kind == VDC_FABRIC_FAT_TREE) count += fat_tree_path(fabric, leaf_from, leaf_to, key, path + count);
    if (fabric->nic[to] != VDC_NO_LINK) path[count++] = (vdc_flow_use){fabric->nic[to] + 1, 1};
    return count;
}

vdc_code vdc_fabric_open(vdc_fabric *fabric, uint32_t from, uint32_t to, vdc_flow_spec *spec, uint32_t *flow) {
    spec->links = vdc_fabric_path(fabric, from, to, (uint64_t)spec->id, spec->path);
    return vdc_flows_open(fabric->flows, spec, flow);
}

vdc_code vdc_fabric_reroute(vdc_fabric *fabric, uint32_t flow, uint32_t from, uint32_t to, uint64_t key) {
    vdc_flow_use path[VDC_FLOW_LINKS];
    return vdc_flows_reroute(fabric->flows, flow, vdc_fabric_path(fabric, from, to, key, path), path);
}

double vdc_fabric_busiest(const vdc_fabric *fabric) {
    double most = 0;
    for (uint32_t l = fabric->first_link; l < fabric->first_link + fabric->switch_links; l++) {
        int64_t capacity = vdc_flows_capacity(fabric->flows, l);
        double share = capacity ? (double)vdc_flows_load(fabric->flows, l) / (double)capacity : 0;
        if (share > most) most = share;
    }
    return most;
}
