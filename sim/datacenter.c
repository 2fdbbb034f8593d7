/* Lays out the datacenter of a scenario: host classes, files of hosts, racks and zones. */
#include <inttypes.h>
#include <string.h>

#include "sim/simulation.h"
#include "workloads/hosts.h"

/* The classes and the class of each host, while they are gathered. */
typedef struct host_layout {
    vdc_host_class *classes;
    size_t class_count, class_capacity;
    uint16_t *class_of;
    uint64_t hosts;
} host_layout;

static void free_layout(host_layout *layout) {
    for (size_t i = 0; i < layout->class_count; i++) vdc_free(layout->classes[i].name);
    vdc_free(layout->classes);
    vdc_free(layout->class_of);
}

static vdc_code lay_out_classes(vdc_simulation *sim, host_layout *layout, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    for (size_t i = 0; i < scenario->class_count; i++) layout->hosts += (uint64_t)scenario->classes[i].count;
    layout->classes = vdc_calloc(scenario->class_count + 1, sizeof *layout->classes);
    layout->class_of = vdc_malloc((layout->hosts + 1) * sizeof *layout->class_of);
    if (!layout->classes || !layout->class_of) return vdc_no_memory(diag, "the hosts");
    uint64_t at = 0;
    for (size_t i = 0; i < scenario->class_count; i++) {
        vdc_code code = vdc_scenario_host_class(scenario, i, sim->gpu_models, &sim->wishes, &layout->classes[i], diag);
        if (code) return code;
        layout->class_count++;
        for (uint32_t k = 0; k < layout->classes[i].count; k++) layout->class_of[at++] = (uint16_t)i;
    }
    return VDC_OK;
}

/* ---- files of hosts ---- */

static int64_t overcommitted(const vdc_scenario *scenario, int resource, int64_t physical) {
    return (int64_t)((vdc_wide)physical * scenario->overcommit_num[resource] / scenario->overcommit_den[resource]);
}

/* The class of a host of the list; equal hosts are one class. */
static vdc_code class_of_record(vdc_simulation *sim, host_layout *layout, const vdc_host_record *record, uint16_t *class_id, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    uint32_t model = 0;
    if (record->gpus && record->gpu_model && record->gpu_model[0]
        && vdc_names_intern(sim->gpu_models, record->gpu_model, strlen(record->gpu_model), &model))
        return vdc_no_memory(diag, "the hosts");
    for (size_t i = layout->class_count; i-- > 0;) {
        const vdc_host_class *class = &layout->classes[i];
        if (class->physical[VDC_CPU] != record->cpu || class->physical[VDC_MEMORY] != record->memory || class->gpus != record->gpus
            || class->gpu_model != model || (record->numa_nodes ? record->numa_nodes : 1) != class->sockets) continue;
        *class_id = (uint16_t)i;
        layout->classes[i].count++;
        return VDC_OK;
    }
    if (layout->class_count == UINT16_MAX)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: more than %d different kinds of hosts", scenario->hosts_path, UINT16_MAX);
    if (!VDC_RESERVE(layout->classes, layout->class_capacity, layout->class_count + 1)) return vdc_no_memory(diag, "the hosts");
    vdc_host_class *class = &layout->classes[layout->class_count];
    uint16_t sockets = record->numa_nodes ? record->numa_nodes : 1;
    *class = (vdc_host_class){
        .count = 1, .sockets = sockets, .cores = (uint16_t)((record->cpu / sockets + 999) / 1000), .threads = 1, .numa = 1, .speed = 1000000000,
        .gpus = record->gpus, .gpu_model = model, .max_vms = (uint32_t)scenario->hosts_max_vms,
        .overcommit_num = scenario->overcommit_num[VDC_CPU], .overcommit_den = scenario->overcommit_den[VDC_CPU],
    };
    class->physical[VDC_CPU] = record->cpu;
    class->physical[VDC_MEMORY] = record->memory;
    class->physical[VDC_GPU] = 1000 * (int64_t)record->gpus;
    for (int r = 0; r < VDC_RESOURCES; r++) class->capacity[r] = overcommitted(scenario, r, class->physical[r]);
    class->cpu_hz = (int64_t)((vdc_wide)record->cpu * class->speed / 1000);
    class->name = vdc_format("%s-%zu", scenario->hosts_format, layout->class_count);
    if (!class->name) return vdc_no_memory(diag, "the hosts");
    *class_id = (uint16_t)layout->class_count++;
    return VDC_OK;
}

static vdc_code lay_out_list(vdc_simulation *sim, host_layout *layout, const vdc_host_list *list, vdc_diag *diag) {
    layout->hosts = list->count;
    layout->class_of = vdc_malloc((list->count + 1) * sizeof *layout->class_of);
    if (!layout->class_of) return vdc_no_memory(diag, "the hosts");
    for (size_t i = 0; i < list->count; i++) {
        vdc_code code = class_of_record(sim, layout, &list->hosts[i], &layout->class_of[i], diag);
        if (code) return code;
    }
    return VDC_OK;
}

/* What single hosts of a list have: names, ranks, NUMA nodes of unequal size. */
static vdc_code apply_list(vdc_simulation *sim, const vdc_host_list *list, vdc_diag *diag) {
    vdc_hosts *hosts = &sim->datacenter.hosts;
    hosts->names = vdc_calloc(list->count + 1, sizeof *hosts->names);
    if (!hosts->names) return vdc_no_memory(diag, "the hosts");
    bool ranked = sim->scenario->tie_break_path || sim->scenario->tie_break_random;
    if (ranked && !(hosts->rank = vdc_malloc((list->count + 1) * sizeof *hosts->rank))) return vdc_no_memory(diag, "the hosts");
    for (size_t i = 0; i < list->count; i++) {
        const vdc_host_record *record = &list->hosts[i];
        if (!(hosts->names[i] = vdc_strdup(record->name ? record->name : ""))) return vdc_no_memory(diag, "the hosts");
        if (hosts->rank) hosts->rank[i] = record->rank;
        for (uint16_t n = 0; hosts->numa_free && n < record->numa_nodes && n < VDC_HOST_RECORD_NODES; n++) {
            int64_t *node = hosts->numa_free + (i * hosts->numa_stride + n) * 2;
            node[0] = overcommitted(sim->scenario, VDC_CPU, record->numa_cpu[n]);
            node[1] = overcommitted(sim->scenario, VDC_MEMORY, record->numa_memory[n]);
        }
    }
    return VDC_OK;
}

/* tie_break: random: a permutation of the hosts, the same for every policy under one seed. */
static void draw_ranks(vdc_simulation *sim) {
    uint32_t *rank = sim->datacenter.hosts.rank, count = sim->datacenter.hosts.count;
    vdc_stream stream;
    vdc_stream_open(&stream, sim->scenario->seed, "hosts.tie_break", 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = (uint32_t)vdc_stream_below(&stream, (uint64_t)i + 1);
        rank[i] = rank[j];
        rank[j] = i;
    }
}

/* The racks that a file says; one zone. */
static vdc_code take_racks(vdc_simulation *sim, const vdc_host_list *list, vdc_diag *diag) {
    vdc_hosts *hosts = &sim->datacenter.hosts;
    hosts->rack = vdc_malloc((list->count + 1) * sizeof *hosts->rack);
    hosts->zone = vdc_calloc(list->count + 1, sizeof *hosts->zone);
    if (!hosts->rack || !hosts->zone) return vdc_no_memory(diag, "the topology");
    for (size_t i = 0; i < list->count; i++) hosts->rack[i] = list->hosts[i].rack;
    vdc_code code = VDC_OK;
    for (size_t p = 0; p < sim->scenario->pool_count; p++) {
        const vdc_pool_spec *pool = &sim->scenario->pools[p];
        size_t host = 0;
        while (pool->rack != VDC_UNLIMITED && host < list->count && hosts->rack[host] != pool->rack) host++;
        if (host == list->count)
            code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: datacenter.storage: pool '%.60s': rack: found %" PRId64 ", in which no host stands",
                            sim->scenario->path, pool->name, pool->rack);
    }
    return code;
}

/* Hosts fill racks and racks fill zones evenly, in order of their numbers. */
static vdc_code lay_out_racks(vdc_simulation *sim, vdc_diag *diag) {
    vdc_hosts *hosts = &sim->datacenter.hosts;
    const vdc_scenario *scenario = sim->scenario;
    if (!scenario->has_topology) return VDC_OK;
    hosts->rack = vdc_malloc(((size_t)hosts->count + 1) * sizeof *hosts->rack);
    hosts->zone = vdc_malloc(((size_t)hosts->count + 1) * sizeof *hosts->zone);
    if (!hosts->rack || !hosts->zone) return vdc_no_memory(diag, "the topology");
    for (uint32_t h = 0; h < hosts->count; h++) {
        hosts->rack[h] = (uint32_t)((uint64_t)h * (uint64_t)scenario->racks / hosts->count);
        hosts->zone[h] = (uint32_t)((uint64_t)hosts->rack[h] * (uint64_t)scenario->zones / (uint64_t)scenario->racks);
    }
    return VDC_OK;
}

/* Resources that some class offers get a column; NUMA nodes are kept where some class has several. */
static vdc_code create_hosts(vdc_simulation *sim, host_layout *layout, vdc_diag *diag) {
    unsigned use = 1u << VDC_CPU | 1u << VDC_MEMORY;
    bool numa = false;
    for (size_t i = 0; i < layout->class_count; i++) {
        if (layout->classes[i].gpus) use |= 1u << VDC_GPU;
        for (int r = VDC_DISK; r <= VDC_NET_RX; r++)
            if (layout->classes[i].physical[r]) use |= 1u << r;
        numa = numa || vdc_host_class_nodes(&layout->classes[i]) > 1;
    }
    vdc_code code = vdc_hosts_create(&sim->datacenter.hosts, layout->classes, (uint16_t)layout->class_count, layout->class_of,
                                     (uint32_t)layout->hosts, use, numa, diag);
    *layout = (host_layout){0}; /* taken over, also on failure */
    return code;
}

vdc_code vdc_lay_out_datacenter(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    host_layout layout = {0};
    vdc_host_list list = {0};
    vdc_code code;
    if (scenario->hosts_format) {
        code = vdc_host_list_read(&list, scenario->hosts_format, scenario->hosts_path, scenario->tie_break_path, &sim->scenario->inputs, diag);
        if (!code && scenario->racks_path) code = vdc_host_list_racks(&list, scenario->racks_path, &sim->scenario->inputs, diag);
        if (!code) code = lay_out_list(sim, &layout, &list, diag);
    } else {
        code = lay_out_classes(sim, &layout, diag);
    }
    if (!code && layout.hosts >= VDC_NOWHERE)
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: datacenter.hosts: %" PRIu64 " hosts; at most %" PRIu32 " are possible", scenario->path,
                        layout.hosts, VDC_NOWHERE - 1);
    if (!code) code = create_hosts(sim, &layout, diag);
    free_layout(&layout);
    if (!code && list.count) code = apply_list(sim, &list, diag);
    if (!code && scenario->tie_break_random) draw_ranks(sim);
    if (!code && list.count && scenario->racks_path) code = take_racks(sim, &list, diag);
    vdc_host_list_clear(&list);
    return code || sim->datacenter.hosts.rack ? code : lay_out_racks(sim, diag);
}
