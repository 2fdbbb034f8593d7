/* The section datacenter: host classes, topology, overcommit; and a class as the models want it. */
#include "sim/base/memory.h"
#include "sim/scenario/reading.h"
#include "workloads/hosts.h"

#include <math.h>
#include <string.h>

/* What a host of the class offers and what may be promised of it. NULL, or what is wrong with it. */
static const char *measure(const vdc_scenario *scenario, const vdc_scenario_class *class, int64_t physical[VDC_RESOURCES],
                           int64_t capacity[VDC_RESOURCES]) {
    physical[VDC_CPU] = 1000 * class->sockets * class->cores * class->threads - class->reserve_cpu;
    physical[VDC_MEMORY] = class->memory - class->reserve_memory;
    physical[VDC_DISK] = class->disk;
    physical[VDC_IOPS] = class->iops;
    physical[VDC_DISK_BW] = class->disk_bandwidth;
    physical[VDC_NET_TX] = physical[VDC_NET_RX] = class->nic;
    physical[VDC_GPU] = 1000 * class->gpus;
    if (physical[VDC_CPU] <= 0) return "reserve: cpu leaves nothing of the host's hardware threads";
    if (physical[VDC_MEMORY] < 0) return "reserve: memory is more than the host has";
    for (int i = 0; i < VDC_RESOURCES; i++) {
        vdc_wide promised = (vdc_wide)physical[i] * scenario->overcommit_num[i] / scenario->overcommit_den[i];
        if (promised > INT64_MAX) return "the host is too large: with overcommit its capacity exceeds 2^63";
        capacity[i] = (int64_t)promised;
    }
    return NULL;
}

static vdc_code without_memory(vdc_diag *diag) {
    return vdc_no_memory(diag, "a host class");
}

/* Labels "key=value" and taints become bits. */
static vdc_code labels_of(const vdc_scenario_class *class, vdc_isolation_specs *specs, vdc_host_class *made, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && class->labels && i < class->labels->count; i++) {
        const vdc_node *label = class->labels->children[i];
        char *text = vdc_format("%s=%s", label->key, label->text);
        if (!text) return without_memory(diag);
        code = vdc_isolation_bit(specs->labels, text, &made->labels, &label->place, "labels", diag);
        vdc_free(text);
    }
    for (size_t i = 0; !code && class->taints && i < class->taints->count; i++)
        code = vdc_isolation_bit(specs->labels, class->taints->children[i]->text, &made->taints, &class->taints->children[i]->place, "taints", diag);
    return code;
}

vdc_code vdc_scenario_host_class(const vdc_scenario *scenario, size_t index, vdc_names *gpu_models, vdc_isolation_specs *specs,
                                 vdc_host_class *out, vdc_diag *diag) {
    const vdc_scenario_class *class = &scenario->classes[index];
    vdc_host_class made = {
        .count = (uint32_t)class->count, .sockets = (uint16_t)class->sockets, .cores = (uint16_t)class->cores,
        .threads = (uint16_t)class->threads, .numa = (uint16_t)class->numa, .speed = class->speed,
        .smt_yield_ppm = llround(class->smt_yield * 1e6), .gpus = (uint16_t)class->gpus, .max_vms = (uint32_t)class->max_vms,
        .power = class->power, .overcommit_num = scenario->overcommit_num[VDC_CPU], .overcommit_den = scenario->overcommit_den[VDC_CPU],
        .llc_ways = class->llc_ways, .memory_bandwidth = class->memory_bandwidth,
        .disk_latency = class->disk_latency, .disk_variation = class->disk_variation, .disk_kind = (uint8_t)class->disk_kind,
        .llc = class->llc, .socket_bandwidth = class->socket_bandwidth, .latency_rise = class->latency_rise, .remote_latency = class->remote_latency,
    };
    const char *wrong = measure(scenario, class, made.physical, made.capacity);
    if (wrong) return vdc_fail(diag, VDC_ERROR_INPUT, &class->place, "%s", wrong);
    made.cpu_hz = (int64_t)((vdc_wide)made.physical[VDC_CPU] * class->speed / 1000);
    if (class->gpu_model && vdc_names_intern(gpu_models, class->gpu_model, strlen(class->gpu_model), &made.gpu_model))
        return without_memory(diag);
    vdc_code code = labels_of(class, specs, &made, diag);
    if (code) return code;
    specs->host_labels |= made.labels;
    specs->host_taints |= made.taints;
    vdc_isolation_specs_offer(specs, class->llc_ways, class->memory_bandwidth, &class->place);
    vdc_isolation_specs_offer_cores(specs, (int64_t)made.sockets * made.cores, made.threads, made.physical[VDC_CPU] / 1000, &class->place);
    made.name = vdc_strdup(class->name);
    if (!made.name) return without_memory(diag);
    *out = made;
    return VDC_OK;
}

/* a += b for counts that may come to too much; false then. */
static bool add_to(int64_t *sum, int64_t more) {
    return !__builtin_add_overflow(*sum, more, sum);
}

static void read_disks(vdc_reading *reading, const vdc_node *list, vdc_scenario_class *class) {
    if (!list || !vdc_reading_is_list(reading, list, "a list of {size, iops, bandwidth}")) return;
    for (size_t i = 0; i < list->count; i++) {
        vdc_section_disk disk;
        if (!vdc_reading_section(reading, VDC_SECTION_DISK, list->children[i], NULL, &disk)) continue;
        if (!add_to(&class->disk, disk.size) || !add_to(&class->iops, disk.iops) ||
            !add_to(&class->disk_bandwidth, disk.bandwidth))
            vdc_reading_fail(reading, list->children[i], "disks: their sum is too large");
        if (disk.latency > class->disk_latency) class->disk_latency = disk.latency;
        if (disk.variation > class->disk_variation) class->disk_variation = disk.variation;
        if (disk.kind) class->disk_kind = disk.kind;
    }
}

static void read_labels(vdc_reading *reading, const vdc_node *labels) {
    if (!labels) return;
    char buffer[96];
    if (labels->kind != VDC_NODE_MAPPING)
        vdc_reading_fail(reading, labels, "labels: found %s; allowed: a mapping (key: text)",
                         vdc_node_describe(labels, buffer, sizeof buffer));
    for (size_t i = 0; labels->kind == VDC_NODE_MAPPING && i < labels->count; i++) {
        const char *text;
        vdc_reading_note(reading, vdc_node_text(labels->children[i], &text, reading->diag));
    }
}

static void read_taints(vdc_reading *reading, const vdc_node *taints) {
    if (!taints || !vdc_reading_is_list(reading, taints, "a list of texts")) return;
    for (size_t i = 0; i < taints->count; i++) {
        const char *text;
        vdc_reading_note(reading, vdc_node_text(taints->children[i], &text, reading->diag));
    }
}

static void read_class(vdc_reading *reading, const vdc_node *node, vdc_scenario_class *class) {
    vdc_section_host host;
    vdc_section_cpu cpu;
    vdc_section_gpus gpus = {0};
    vdc_section_reserve reserve;
    vdc_reading_section(reading, VDC_SECTION_HOST, node, NULL, &host);
    vdc_reading_section(reading, VDC_SECTION_CPU, host.cpu, NULL, &cpu);
    if (host.gpus) vdc_reading_section(reading, VDC_SECTION_GPUS, host.gpus, NULL, &gpus);
    vdc_section_interference interference;
    vdc_reading_section(reading, VDC_SECTION_INTERFERENCE, host.interference, NULL, &interference);
    vdc_reading_section(reading, VDC_SECTION_RESERVE, host.reserve, NULL, &reserve);
    *class = (vdc_scenario_class){
        .name = host.name,
        .count = host.count,
        .sockets = cpu.sockets,
        .cores = cpu.cores,
        .threads = cpu.threads,
        .numa = cpu.numa,
        .speed = cpu.speed,
        .smt_yield = cpu.smt_yield,
        .memory = host.memory,
        .nic = host.nic,
        .gpus = gpus.count,
        .gpu_model = gpus.model,
        .reserve_cpu = reserve.cpu,
        .reserve_memory = reserve.memory,
        .max_vms = host.max_vms == VDC_PARAM_NONE ? 0 : host.max_vms,
        .labels = host.labels,
        .taints = host.taints,
        .llc_ways = host.llc_ways,
        .memory_bandwidth = host.memory_bandwidth,
        .llc = interference.llc,
        .socket_bandwidth = interference.bandwidth,
        .latency_rise = interference.latency_rise,
        .remote_latency = interference.remote_latency,
        .place = node->place,
    };
    read_disks(reading, host.disks, class);
    read_labels(reading, host.labels);
    read_taints(reading, host.taints);
    vdc_reading_note(reading, vdc_power_read(host.power, &class->power, reading->diag));
    if (class->power.model) reading->scenario->has_power = true;
    if (cpu.numa > cpu.cores)
        vdc_reading_fail(reading, vdc_node_get(host.cpu, "numa"), "cpu: numa: found %lld NUMA nodes in a socket of %lld cores; allowed: at most one a core",
                         (long long)cpu.numa, (long long)cpu.cores);
    if (cpu.sockets * cpu.numa > VDC_NUMA_NODES)
        vdc_reading_fail(reading, host.cpu, "cpu: a host has at most %d NUMA nodes", VDC_NUMA_NODES);
}

/* What concerns all classes together; only asked for classes that are right by themselves. */
static void check_fleet(vdc_reading *reading, const vdc_node *list) {
    const vdc_scenario *scenario = reading->scenario;
    int64_t hosts = 0, total[VDC_RESOURCES] = {0};
    vdc_names *names = NULL;
    if (vdc_names_create(&names, reading->diag)) {
        vdc_reading_note(reading, VDC_ERROR_MEMORY);
        return;
    }
    for (size_t i = 0; i < scenario->class_count; i++) {
        const vdc_scenario_class *class = &scenario->classes[i];
        const vdc_node *node = list->children[i];
        int64_t physical[VDC_RESOURCES], capacity[VDC_RESOURCES] = {0};
        const char *wrong = measure(scenario, class, physical, capacity);
        hosts += class->count;
        if (!wrong && hosts > UINT32_MAX - 1) wrong = "there are too many hosts: at most 4294967294";
        for (int r = 0; r < VDC_RESOURCES && !wrong; r++) {
            vdc_wide sum = total[r] + (vdc_wide)capacity[r] * class->count;
            if (sum > INT64_MAX) wrong = "the datacenter is too large: the sum of its capacities exceeds 2^63";
            else total[r] = (int64_t)sum;
        }
        uint32_t known = vdc_names_count(names), number;
        if (vdc_names_intern(names, class->name, strlen(class->name), &number))
            vdc_reading_note(reading, without_memory(reading->diag));
        else if (number < known) wrong = *class->name ? "class: the name is used by a class before" : "class: the name is empty";
        if (wrong) vdc_reading_fail(reading, node, "datacenter.hosts[]: %s", wrong);
        if (wrong && hosts > UINT32_MAX - 1) break;
    }
    vdc_names_destroy(names);
}

static void read_classes(vdc_reading *reading, const vdc_node *list) {
    vdc_scenario *scenario = reading->scenario;
    if (list->count == 0 || list->count > UINT16_MAX) {
        vdc_reading_fail(reading, list, "datacenter: hosts: found a list of %zu classes; allowed: 1 to %d", list->count,
                         UINT16_MAX);
        return;
    }
    scenario->classes = vdc_arena_alloc(reading->arena, list->count * sizeof *scenario->classes);
    if (!scenario->classes) {
        vdc_reading_note(reading, without_memory(reading->diag));
        return;
    }
    vdc_code before = reading->code;
    reading->code = VDC_OK;
    for (size_t i = 0; i < list->count; i++) read_class(reading, list->children[i], &scenario->classes[i]);
    scenario->class_count = list->count;
    if (!reading->code) check_fleet(reading, list);
    if (before) reading->code = before;
}

static void read_hosts_file(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_hosts_file file;
    if (!vdc_reading_section(reading, VDC_SECTION_HOSTS_FILE, node, NULL, &file)) return;
    const char *formats[VDC_HOST_FORMATS + 1];
    int chosen;
    vdc_host_format_names(formats);
    vdc_code code = vdc_node_choice(vdc_node_get(node, "format"), formats, &chosen, reading->diag);
    vdc_reading_note(reading, code);
    if (code) return;
    scenario->hosts_format = file.format;
    scenario->hosts_path = vdc_reading_resolve(reading, vdc_node_get(node, "path"));
    const vdc_node *tie_break = vdc_node_get(node, "tie_break");
    scenario->tie_break_random = file.tie_break && strcmp(file.tie_break, "random") == 0;
    if (!scenario->tie_break_random) { /* the word is no path */
        vdc_reading_path(reading, tie_break);
        scenario->tie_break_path = vdc_reading_resolve(reading, tie_break);
    }
    scenario->racks_path = vdc_reading_resolve(reading, vdc_node_get(node, "racks"));
    scenario->hosts_max_vms = file.max_vms == VDC_PARAM_NONE ? 0 : file.max_vms;
}

/* The exact ratio behind a number that the table has accepted. */
static void read_ratio(vdc_reading *reading, const vdc_node *section, const char *key, vdc_resource resource) {
    const vdc_node *node = vdc_node_get(section, key);
    vdc_scenario *scenario = reading->scenario;
    if (!node) return;
    const char *wrong = vdc_parse_fraction(node->text, &scenario->overcommit_num[resource], &scenario->overcommit_den[resource]);
    if (!wrong) return;
    scenario->overcommit_num[resource] = scenario->overcommit_den[resource] = 1;
    vdc_reading_fail(reading, node, "datacenter.overcommit: %s: found '%.40s', which %s", key, node->text, wrong);
}

static void read_fabric(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_fabric section;
    scenario->fabric = (vdc_fabric_spec){.kind = VDC_FABRIC_NONE, .seed = scenario->seed};
    if (!node || !vdc_reading_section(reading, VDC_SECTION_FABRIC, node, NULL, &section)) return;
    scenario->fabric_place = node->place;
    if (section.arity % 2)
        vdc_reading_fail(reading, vdc_node_get(node, "arity"), "datacenter.topology.fabric: arity: found %lld; allowed: even numbers",
                         (long long)section.arity);
    scenario->fabric = (vdc_fabric_spec){
        .kind = (vdc_fabric_kind)section.kind, .uplink = section.uplink, .spines = (uint32_t)section.spines, .arity = (uint32_t)section.arity,
        .hashed = section.paths == 1, .rtt = section.rtt, .seed = scenario->seed,
    };
}

/* `racks_file`: which racks there are is said by a file that is not read yet. */
static void read_pools(vdc_reading *reading, const vdc_node *list, bool racks_file) {
    vdc_scenario *scenario = reading->scenario;
    if (!list || !vdc_reading_is_list(reading, list, "a list of {name, size, iops, bandwidth, nic}")) return;
    scenario->pools = vdc_arena_alloc(reading->arena, (list->count + 1) * sizeof *scenario->pools);
    if (!scenario->pools) {
        vdc_reading_note(reading, vdc_no_memory(reading->diag, "the storage pools"));
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        vdc_pool_spec *pool = &scenario->pools[scenario->pool_count];
        if (!vdc_reading_section(reading, VDC_SECTION_STORAGE, list->children[i], NULL, pool)) continue;
        if (strcmp(pool->name, "local") == 0 || pool->name[0] == 0)
            vdc_reading_fail(reading, list->children[i], "datacenter.storage: name: found '%s'; allowed: any other name", pool->name);
        for (size_t k = 0; k < scenario->pool_count; k++)
            if (strcmp(scenario->pools[k].name, pool->name) == 0)
                vdc_reading_fail(reading, list->children[i], "datacenter.storage: name: '%.60s' is used by a pool before", pool->name);
        if (pool->rack != VDC_UNLIMITED && pool->rack >= scenario->racks && !racks_file)
            vdc_reading_fail(reading, vdc_node_get(list->children[i], "rack"), "datacenter.storage: rack: found %lld; the racks are numbered from 0 to %lld",
                             (long long)pool->rack, (long long)scenario->racks - 1);
        scenario->pool_count++;
    }
}

void vdc_reading_networks(vdc_reading *reading, const vdc_node *list) {
    vdc_scenario *scenario = reading->scenario;
    if (!list || !vdc_reading_is_list(reading, list, "a list of {name, weight}")) return;
    scenario->networks = vdc_arena_alloc(reading->arena, (list->count + 1) * sizeof *scenario->networks);
    if (!scenario->networks) {
        vdc_reading_note(reading, vdc_no_memory(reading->diag, "the networks"));
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        vdc_section_network section;
        if (!vdc_reading_section(reading, VDC_SECTION_NETWORK, list->children[i], NULL, &section)) continue;
        for (size_t k = 0; k < scenario->network_count; k++)
            if (strcmp(scenario->networks[k].name, section.name) == 0)
                vdc_reading_fail(reading, list->children[i], "networks: name: '%.60s' is used by a network before", section.name);
        scenario->networks[scenario->network_count++] = (vdc_network_spec){.name = section.name, .weight = section.weight};
    }
}

void vdc_reading_datacenter(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_datacenter datacenter;
    vdc_section_topology topology;
    vdc_section_overcommit overcommit;
    vdc_reading_section(reading, VDC_SECTION_DATACENTER, node, NULL, &datacenter);
    vdc_reading_section(reading, VDC_SECTION_TOPOLOGY, datacenter.topology, NULL, &topology);
    scenario->has_topology = datacenter.topology != NULL;
    scenario->zones = topology.zones;
    scenario->racks = topology.racks;
    read_fabric(reading, topology.fabric);
    const vdc_node *racks_file = vdc_node_get(datacenter.hosts, "racks");
    static const char *const counted[] = {"racks", "zones"};
    for (size_t i = 0; racks_file && i < sizeof counted / sizeof *counted; i++) {
        const vdc_node *written = vdc_node_get(datacenter.topology, counted[i]);
        if (written)
            vdc_reading_fail(reading, written, "datacenter.topology: %s: does not go with datacenter.hosts.racks, a file of racks (in one zone)", counted[i]);
    }
    read_pools(reading, datacenter.storage, racks_file != NULL);
    if (topology.racks < topology.zones)
        vdc_reading_fail(reading, datacenter.topology, "datacenter.topology: there are fewer racks than zones");
    for (int i = 0; i < VDC_RESOURCES; i++) scenario->overcommit_num[i] = scenario->overcommit_den[i] = 1;
    if (vdc_reading_section(reading, VDC_SECTION_OVERCOMMIT, datacenter.overcommit, NULL, &overcommit)) {
        read_ratio(reading, datacenter.overcommit, "cpu", VDC_CPU);
        read_ratio(reading, datacenter.overcommit, "memory", VDC_MEMORY);
        read_ratio(reading, datacenter.overcommit, "disk", VDC_DISK);
    }
    char buffer[96];
    if (!datacenter.hosts) return;
    if (datacenter.hosts->kind == VDC_NODE_MAPPING) read_hosts_file(reading, datacenter.hosts);
    else if (datacenter.hosts->kind == VDC_NODE_SEQUENCE) read_classes(reading, datacenter.hosts);
    else
        vdc_reading_fail(reading, datacenter.hosts,
                         "datacenter: hosts: found %s; allowed: a list of host classes, or a mapping {format, path}",
                         vdc_node_describe(datacenter.hosts, buffer, sizeof buffer));
}
