/* Host columns: see host.h. A request takes its size of every resource that has a column, its share of each GPU device that
 * it is on, and its share of each NUMA node that it is on; host totals and device columns are kept side by side, so that
 * a check of the totals needs no loop over devices.
 */
#include "models/host.h"

#include <string.h>

static bool bit(uint64_t mask, unsigned index) {
    return mask >> index & 1;
}

static unsigned bits(uint64_t mask) {
    return (unsigned)__builtin_popcountll(mask);
}

uint16_t vdc_host_class_nodes(const vdc_host_class *class) {
    unsigned nodes = (unsigned)class->sockets * class->numa;
    return (uint16_t)(nodes < 1 ? 1 : nodes > VDC_NUMA_NODES ? VDC_NUMA_NODES : nodes);
}

int64_t vdc_host_class_node_capacity(const vdc_host_class *class, uint16_t node, vdc_resource resource) {
    uint16_t nodes = vdc_host_class_nodes(class);
    return class->capacity[resource] / nodes + (node < class->capacity[resource] % nodes);
}

int64_t vdc_numa_share(const vdc_request *request, vdc_resource resource) {
    int64_t size = request->size[resource], nodes = request->numa_nodes ? request->numa_nodes : 1;
    return size / nodes + (size % nodes > 0);
}

/* --- choosing devices --- */

/* The devices of a request among `count` devices with the given free shares; 0 when none fit. */
static uint64_t choose_gpus(const int32_t *gpu_free, unsigned count, const vdc_request *request) {
    uint64_t chosen = 0;
    if (request->gpu_count == 1 && request->gpu_milli < 1000) { /* shared: the fullest that still has room */
        int best = -1;
        for (unsigned j = 0; j < count; j++)
            if (gpu_free[j] >= request->gpu_milli && (best < 0 || gpu_free[j] < gpu_free[best])) best = (int)j;
        return best < 0 ? 0 : UINT64_C(1) << best;
    }
    for (unsigned j = 0; j < count && bits(chosen) < request->gpu_count; j++)
        if (gpu_free[j] >= request->gpu_milli) chosen |= UINT64_C(1) << j;
    return bits(chosen) == request->gpu_count ? chosen : 0;
}

static bool gpus_fit(const int32_t *gpu_free, unsigned count, const vdc_request *request, uint64_t devices) {
    if (bits(devices) != request->gpu_count || (count < 64 && devices >> count)) return false;
    for (unsigned j = 0; j < count; j++)
        if (bit(devices, j) && gpu_free[j] < request->gpu_milli) return false;
    return true;
}

static bool node_fits(const int64_t *node_free, const vdc_request *request) {
    return node_free[0] >= vdc_numa_share(request, VDC_CPU) && node_free[1] >= vdc_numa_share(request, VDC_MEMORY);
}

static uint64_t choose_nodes(const int64_t *numa_free, unsigned count, const vdc_request *request) {
    uint64_t chosen = 0;
    for (unsigned k = 0; k < count && bits(chosen) < request->numa_nodes; k++)
        if (node_fits(numa_free + 2 * k, request)) chosen |= UINT64_C(1) << k;
    return bits(chosen) == request->numa_nodes ? chosen : 0;
}

static bool nodes_fit(const int64_t *numa_free, unsigned count, const vdc_request *request, uint64_t nodes) {
    if (bits(nodes) != request->numa_nodes || (count < 64 && nodes >> count)) return false;
    for (unsigned k = 0; k < count; k++)
        if (bit(nodes, k) && !node_fits(numa_free + 2 * k, request)) return false;
    return true;
}

bool vdc_host_assign(const vdc_hosts *hosts, uint32_t host, const vdc_request *request, uint64_t *gpu_devices,
                     uint64_t *numa_nodes) {
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    if (request->gpu_count > 0) {
        if (!hosts->gpu_free || !vdc_gpu_model_accepted(request, class->gpu_model)) return false;
        const int32_t *gpu_free = hosts->gpu_free + (size_t)host * hosts->gpu_stride;
        if (*gpu_devices) {
            if (!gpus_fit(gpu_free, class->gpus, request, *gpu_devices)) return false;
        } else if (!(*gpu_devices = choose_gpus(gpu_free, class->gpus, request))) {
            return false;
        }
    }
    if (request->numa_nodes > 0 && hosts->numa_free) {
        const int64_t *numa_free = hosts->numa_free + (size_t)host * hosts->numa_stride * 2;
        unsigned count = vdc_host_class_nodes(class);
        if (*numa_nodes) return nodes_fit(numa_free, count, request, *numa_nodes);
        return (*numa_nodes = choose_nodes(numa_free, count, request)) != 0;
    }
    return true;
}

/* --- fitting --- */

bool vdc_host_fits(const vdc_hosts *hosts, uint32_t host, const vdc_request *request) {
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    if (hosts->state[host] != VDC_HOST_UP || (class->max_vms && hosts->vms[host] >= class->max_vms)) return false;
    for (unsigned left = hosts->use; left; left &= left - 1) {
        int r = __builtin_ctz(left);
        if (hosts->free[r][host] < request->size[r]) return false;
    }
    if (request->gpu_count == 0 && request->numa_nodes == 0) return true;
    uint64_t gpu_devices = 0, numa_nodes = 0;
    return vdc_host_assign(hosts, host, request, &gpu_devices, &numa_nodes);
}

bool vdc_host_class_fits(const vdc_hosts *hosts, uint16_t class_id, const vdc_request *request) {
    const vdc_host_class *class = &hosts->classes[class_id];
    for (unsigned left = hosts->use; left; left &= left - 1) {
        int r = __builtin_ctz(left);
        if (class->capacity[r] < request->size[r]) return false;
    }
    if (request->gpu_count > 0 && (!hosts->gpu_free || request->gpu_count > class->gpus || request->gpu_milli > 1000 ||
                                   !vdc_gpu_model_accepted(request, class->gpu_model))) return false;
    if (request->numa_nodes == 0 || !hosts->numa_free) return true;
    unsigned fitting = 0;
    for (uint16_t k = 0; k < vdc_host_class_nodes(class); k++) {
        int64_t node_free[2] = {vdc_host_class_node_capacity(class, k, VDC_CPU),
                                vdc_host_class_node_capacity(class, k, VDC_MEMORY)};
        if (node_fits(node_free, request)) fitting++;
    }
    return fitting >= request->numa_nodes;
}

/* --- taking and giving back --- */

static void move(vdc_hosts *hosts, uint32_t host, const vdc_request *request, uint64_t gpu_devices, uint64_t numa_nodes,
                 int sign) {
    for (unsigned left = hosts->use; left; left &= left - 1) {
        int r = __builtin_ctz(left);
        hosts->free[r][host] += sign * request->size[r];
    }
    if (request->gpu_count > 0 && hosts->gpu_free) {
        int32_t *gpu_free = hosts->gpu_free + (size_t)host * hosts->gpu_stride;
        for (uint64_t left = gpu_devices; left; left &= left - 1) gpu_free[__builtin_ctzll(left)] += sign * request->gpu_milli;
    }
    if (request->numa_nodes > 0 && hosts->numa_free) {
        int64_t *numa_free = hosts->numa_free + (size_t)host * hosts->numa_stride * 2;
        for (uint64_t left = numa_nodes; left; left &= left - 1) {
            numa_free[2 * __builtin_ctzll(left)] += sign * vdc_numa_share(request, VDC_CPU);
            numa_free[2 * __builtin_ctzll(left) + 1] += sign * vdc_numa_share(request, VDC_MEMORY);
        }
    }
}

void vdc_host_take(vdc_hosts *hosts, uint32_t host, const vdc_request *request, uint64_t gpu_devices, uint64_t numa_nodes) {
    move(hosts, host, request, gpu_devices, numa_nodes, -1);
    hosts->vms[host]++;
}

void vdc_host_give(vdc_hosts *hosts, uint32_t host, const vdc_request *request, uint64_t gpu_devices, uint64_t numa_nodes) {
    move(hosts, host, request, gpu_devices, numa_nodes, 1);
    hosts->vms[host]--;
}

/* --- laying out --- */

static bool allocate_columns(vdc_hosts *hosts, unsigned use, bool numa) {
    uint32_t count = hosts->count ? hosts->count : 1; /* so that NULL always means that memory is out */
    for (uint16_t c = 0; c < hosts->class_count; c++) {
        const vdc_host_class *class = &hosts->classes[c];
        if ((use >> VDC_GPU & 1) && class->gpus > hosts->gpu_stride) hosts->gpu_stride = class->gpus;
        if (numa && vdc_host_class_nodes(class) > hosts->numa_stride) hosts->numa_stride = vdc_host_class_nodes(class);
    }
    bool ok = true;
    hosts->use = use;
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (use >> r & 1) ok = ok && (hosts->free[r] = vdc_calloc(count, sizeof *hosts->free[r]));
    ok = ok && (hosts->vms = vdc_calloc(count, sizeof *hosts->vms));
    ok = ok && (hosts->state = vdc_calloc(count, sizeof *hosts->state)); /* 0 = VDC_HOST_UP */
    size_t accounts = 0;
    ok = ok && VDC_RESERVE_LINES(hosts->account, accounts, count);
    if (ok) memset(hosts->account, 0, count * sizeof *hosts->account);
    if (hosts->gpu_stride) ok = ok && (hosts->gpu_free = vdc_calloc((size_t)count * hosts->gpu_stride, sizeof *hosts->gpu_free));
    size_t nodes = (size_t)count * hosts->numa_stride;
    if (nodes) ok = ok && (hosts->numa_free = vdc_calloc(nodes, 2 * sizeof *hosts->numa_free));
    return ok;
}

vdc_code vdc_hosts_create(vdc_hosts *hosts, vdc_host_class *classes, uint16_t class_count, uint16_t *class_of, uint32_t count,
                          unsigned use, bool numa, vdc_diag *diag) {
    *hosts = (vdc_hosts){.count = count, .class_count = class_count, .classes = classes, .class_of = class_of};
    if (!allocate_columns(hosts, use, numa)) {
        vdc_hosts_destroy(hosts);
        return vdc_no_memory(diag, "the hosts");
    }
    for (uint32_t h = 0; h < count; h++) {
        const vdc_host_class *class = &classes[class_of[h]];
        for (int r = 0; r < VDC_RESOURCES; r++)
            if (hosts->free[r]) hosts->free[r][h] = class->capacity[r];
        for (uint16_t j = 0; hosts->gpu_free && j < class->gpus; j++) hosts->gpu_free[(size_t)h * hosts->gpu_stride + j] = 1000;
        for (uint16_t k = 0; hosts->numa_free && k < vdc_host_class_nodes(class); k++) {
            int64_t *node_free = hosts->numa_free + ((size_t)h * hosts->numa_stride + k) * 2;
            node_free[0] = vdc_host_class_node_capacity(class, k, VDC_CPU);
            node_free[1] = vdc_host_class_node_capacity(class, k, VDC_MEMORY);
        }
    }
    return VDC_OK;
}

void vdc_hosts_destroy(vdc_hosts *hosts) {
    for (uint16_t c = 0; hosts->classes && c < hosts->class_count; c++) vdc_free(hosts->classes[c].name);
    for (uint32_t h = 0; hosts->names && h < hosts->count; h++) vdc_free(hosts->names[h]);
    for (int r = 0; r < VDC_RESOURCES; r++) vdc_free(hosts->free[r]);
    vdc_free(hosts->classes);
    vdc_free(hosts->class_of);
    vdc_free(hosts->vms);
    vdc_free(hosts->state);
    vdc_free_lines(hosts->account);
    vdc_free(hosts->closed);
    vdc_free(hosts->rank);
    vdc_free(hosts->rack);
    vdc_free(hosts->zone);
    vdc_free(hosts->names);
    vdc_free(hosts->gpu_free);
    vdc_free(hosts->numa_free);
    memset(hosts, 0, sizeof *hosts);
}
