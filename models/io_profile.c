/* See io_profile.h. */
#include "models/io_profile.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define INTEGER .type = VDC_PARAM_INTEGER
#define TIME .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_TIME
#define RATE .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_BYTE_RATE
#define BYTES .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_BYTES
#define TEXT .type = VDC_PARAM_TEXT

typedef struct written_vnic {
    const char *network;
    int64_t tx, rx, weight;
} written_vnic;

static const vdc_param vnic_params[] = {
    {"network", TEXT, .required = true, .help = "one of `networks`", .offset = offsetof(written_vnic, network)},
    {"tx", RATE, .fallback = "none", .none = "none", .maximum = 1e15, .help = "cap of what it sends", .offset = offsetof(written_vnic, tx)},
    {"rx", RATE, .fallback = "none", .none = "none", .maximum = 1e15, .help = "cap of what it receives", .offset = offsetof(written_vnic, rx)},
    {"weight", INTEGER, .fallback = "1", .minimum = 1, .maximum = VDC_IO_WEIGHT_MAX, .help = "share of full links; the network's weight multiplies it",
     .offset = offsetof(written_vnic, weight)},
};

typedef struct written_volume {
    const char *name, *pool;
    int64_t size, image, iops, bandwidth, weight;
    int provision;
} written_volume;

static const char *const provisions[] = {"thick", "thin", NULL};
static const vdc_param volume_params[] = {
    {"name", TEXT, .help = "a name for operations and tables", .offset = offsetof(written_volume, name)},
    {"size", BYTES, .minimum = 1, .maximum = 0x1p62, .help = "its size", .offset = offsetof(written_volume, size)},
    {"pool", TEXT, .fallback = "local", .help = "local: the disks of the VM's host; or one of `datacenter.storage`", .offset = offsetof(written_volume, pool)},
    {"provision", .type = VDC_PARAM_CHOICE, .fallback = "thick", .choices = provisions,
     .help = "thick: its size is taken from the pool; thin: its size is promised, what is written is taken", .offset = offsetof(written_volume, provision)},
    {"image", BYTES, .fallback = "0 B", .help = "copied to it before the VM boots", .offset = offsetof(written_volume, image)},
    {"iops", INTEGER, .fallback = "none", .none = "none", .maximum = 1e12, .help = "cap of operations a second", .offset = offsetof(written_volume, iops)},
    {"bandwidth", RATE, .fallback = "none", .none = "none", .maximum = 1e15, .help = "cap of bytes a second", .offset = offsetof(written_volume, bandwidth)},
    {"weight", INTEGER, .fallback = "1", .minimum = 1, .maximum = VDC_IO_WEIGHT_MAX, .help = "share of a pool that is short",
     .offset = offsetof(written_volume, weight)},
};

typedef struct written_flow {
    const char *to;
    int64_t index, rate, amount, request, at, every, length;
    int write;
} written_flow;

#define WHEN \
    {"at", TIME, .fallback = "0s", .help = "when it begins, after the VM's boot", .offset = offsetof(written_flow, at)}, \
    {"every", TIME, .fallback = "once", .none = "once", .minimum = 1, .help = "and again every so often", .offset = offsetof(written_flow, every)}, \
    {"for", TIME, .fallback = "ever", .none = "ever", .minimum = 1, .help = "how long a stream lasts", .offset = offsetof(written_flow, length)}

static const vdc_param traffic_params[] = {
    {"to", TEXT, .required = true, .help = "the id of a VM, peer (a VM drawn from the network) or outside (beyond the fabric)",
     .offset = offsetof(written_flow, to)},
    {"vnic", INTEGER, .fallback = "0", .maximum = VDC_IO_MOST - 1, .help = "which of the VM's vNICs, from 0", .offset = offsetof(written_flow, index)},
    {"rate", RATE, .fallback = "0 B/s", .maximum = 1e15, .help = "a stream that asks for this rate", .offset = offsetof(written_flow, rate)},
    {"size", BYTES, .fallback = "0 B", .maximum = 0x1p62, .help = "or a message of so many bytes", .offset = offsetof(written_flow, amount)},
    WHEN,
};

static const char *const operations[] = {"read", "write", NULL};
static const vdc_param io_params[] = {
    {"volume", INTEGER, .fallback = "0", .maximum = VDC_IO_MOST - 1, .help = "which of the VM's volumes, from 0", .offset = offsetof(written_flow, index)},
    {"rate", INTEGER, .minimum = 1, .maximum = 1e12, .help = "operations a second that it asks for", .offset = offsetof(written_flow, rate)},
    {"request", BYTES, .fallback = "4 KiB", .minimum = 1, .maximum = VDC_IO_REQUEST_MAX, .help = "bytes an operation",
     .offset = offsetof(written_flow, request)},
    {"do", .type = VDC_PARAM_CHOICE, .fallback = "read", .choices = operations, .help = "what is done; counts where the pool is reached over the network",
     .offset = offsetof(written_flow, write)},
    WHEN,
};

const vdc_io_table vdc_io_tables[4] = {
    {"vnics", vnic_params, COUNT_OF(vnic_params)},
    {"traffic", traffic_params, COUNT_OF(traffic_params)},
    {"volumes", volume_params, COUNT_OF(volume_params)},
    {"io", io_params, COUNT_OF(io_params)},
};

vdc_code vdc_io_profiles_create(vdc_io_profiles *profiles, vdc_diag *diag) {
    *profiles = (vdc_io_profiles){.largest_local = -1};
    if (!VDC_RESERVE(profiles->items, profiles->capacity, 1)) return vdc_no_memory(diag, "what VMs have on networks and disks");
    profiles->items[profiles->count++] = (vdc_io_profile){0};
    return VDC_OK;
}

void vdc_io_profiles_destroy(vdc_io_profiles *profiles) {
    vdc_free(profiles->items);
    vdc_free(profiles->open_networks);
    vdc_free(profiles->open_pools);
    vdc_arena_free(&profiles->arena);
    *profiles = (vdc_io_profiles){0};
}

/* While a VM's keys are read. */
typedef struct reading {
    vdc_io_profiles *profiles;
    vdc_io_profile made;
    vdc_arena *arena;          /* where it is kept */
    const char *what;
    vdc_diag *diag;
} reading;

static void *room(reading *r, size_t count, size_t size) {
    void *memory = vdc_arena_alloc(r->arena, count * size + 1);
    if (!memory) vdc_no_memory(r->diag, "what VMs have on networks and disks");
    return memory;
}

/* How many entries the list has; 0 when it is none, which is said. */
static uint32_t entries_of(reading *r, const vdc_node *list) {
    char found[96];
    if (!list || list->kind == VDC_NODE_NULL) return 0;
    if (list->kind == VDC_NODE_SEQUENCE && list->count <= VDC_IO_MOST) return (uint32_t)list->count;
    if (list->kind == VDC_NODE_SEQUENCE)
        vdc_fail(r->diag, VDC_ERROR_INPUT, &list->place, "%s: %s: found %zu entries; allowed: at most %d", r->what, list->key, list->count, VDC_IO_MOST);
    else
        vdc_fail(r->diag, VDC_ERROR_INPUT, &list->place, "%s: %s: found %s; allowed: a list of mappings", r->what, list->key,
                 vdc_node_describe(list, found, sizeof found));
    return 0;
}

static bool read_entry(reading *r, const vdc_node *node, int table, void *out) {
    char section[96];
    (void)snprintf(section, sizeof section, "%s: %s", r->what, vdc_io_tables[table].name);
    return vdc_params_read(node, vdc_io_tables[table].params, vdc_io_tables[table].count, out, NULL, section, r->diag) == VDC_OK;
}

/* Puts a name that nobody described yet into the table. */
static uint32_t open_network(reading *r, const char *name) {
    vdc_io_profiles *p = r->profiles;
    const vdc_network_spec made = {.name = vdc_arena_strdup(&p->arena, name), .weight = 1};
    if (!made.name || !VDC_RESERVE(p->open_networks, p->open_network_room, p->network_count + 1)) {
        vdc_no_memory(r->diag, "networks");
        return 0;
    }
    p->open_networks[p->network_count] = made;
    p->networks = p->open_networks;
    return (uint32_t)p->network_count++;
}

static uint32_t open_pool(reading *r, const char *name) {
    vdc_io_profiles *p = r->profiles;
    const vdc_pool_spec made = {.name = vdc_arena_strdup(&p->arena, name), .size = INT64_MAX, .overcommit = 1};
    if (!made.name || !VDC_RESERVE(p->open_pools, p->open_pool_room, p->pool_count + 1)) {
        vdc_no_memory(r->diag, "pools");
        return 0;
    }
    p->open_pools[p->pool_count] = made;
    p->pools = p->open_pools;
    return (uint32_t)++p->pool_count;
}

/* The network of that name; an unknown one is named with those that there are. */
static uint32_t network_of(reading *r, const char *name, const vdc_node *node) {
    const vdc_io_profiles *p = r->profiles;
    for (size_t i = 0; p && i < p->network_count; i++)
        if (strcmp(p->networks[i].name, name) == 0 && !p->networks[i].deleted) return (uint32_t)i;
    if (!p) return 0;
    if (p->open) return open_network(r, name);
    const char **names = vdc_calloc(p->network_count + 1, sizeof *names);
    for (size_t i = 0; names && i < p->network_count; i++) names[i] = p->networks[i].name;
    const char *nearest = names ? vdc_nearest(name, names) : NULL;
    vdc_fail(r->diag, VDC_ERROR_INPUT, &node->place, "%s: network: found '%.60s', which is not among the %zu of `networks`%s%s%s", r->what, name,
             p->network_count, nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
    vdc_free(names);
    return 0;
}

static void read_vnics(reading *r, const vdc_io_nodes *nodes, const vdc_request *request) {
    uint32_t count = entries_of(r, nodes->vnics), shorthand = nodes->network ? 1 : 0;
    if (count + shorthand == 0 || !(r->made.vnics = room(r, count + shorthand, sizeof *r->made.vnics))) return;
    if (shorthand) {
        const char *name;
        r->made.vnics[r->made.vnic_count++] = (vdc_vnic){.tx = VDC_UNLIMITED, .rx = VDC_UNLIMITED, .weight = 1};
        if (!vdc_node_text(nodes->network, &name, r->diag)) r->made.vnics[0].network = network_of(r, name, nodes->network);
    }
    for (uint32_t i = 0; i < count; i++) {
        written_vnic as = {0};
        const vdc_node *node = nodes->vnics->children[i];
        if (!read_entry(r, node, 0, &as)) continue;
        r->made.vnics[r->made.vnic_count++] = (vdc_vnic){network_of(r, as.network, vdc_node_get(node, "network")), as.tx, as.rx, as.weight};
    }
    if (r->made.vnic_count != 1) return;
    if (r->made.vnics[0].tx == VDC_UNLIMITED && request->size[VDC_NET_TX]) r->made.vnics[0].tx = request->size[VDC_NET_TX];
    if (r->made.vnics[0].rx == VDC_UNLIMITED && request->size[VDC_NET_RX]) r->made.vnics[0].rx = request->size[VDC_NET_RX];
}

/* The pool of that name, from 1; 0 = local. A volume that no pool of that kind can hold is refused. */
static uint32_t pool_of(reading *r, const written_volume *as, const vdc_node *node) {
    const vdc_io_profiles *p = r->profiles;
    const vdc_node *named = vdc_node_get(node, "pool"), *sized = vdc_node_get(node, "size");
    if (!p) return 0;
    if (strcmp(as->pool, "local") == 0) {
        if (p->largest_local >= 0 && as->size > p->largest_local)
            vdc_fail(r->diag, VDC_ERROR_INPUT, &sized->place, "%s: volumes: size: found %.40s; allowed: at most %lld B, the disks of the largest host",
                     r->what, sized->text, (long long)p->largest_local);
        return 0;
    }
    for (size_t i = 0; i < p->pool_count; i++) {
        const vdc_pool_spec *pool = &p->pools[i];
        if (strcmp(pool->name, as->pool) != 0) continue;
        double most = as->provision ? (double)pool->size * pool->overcommit : (double)pool->size;
        if ((double)as->size > most)
            vdc_fail(r->diag, VDC_ERROR_INPUT, &sized->place, "%s: volumes: size: found %.40s; allowed: at most %.0f B, what the pool '%.60s' can promise",
                     r->what, sized->text, most, pool->name);
        return (uint32_t)i + 1;
    }
    if (p->open) return open_pool(r, as->pool);
    vdc_fail(r->diag, VDC_ERROR_INPUT, &named->place, "%s: volumes: pool: found '%.60s'; allowed: local or one of the %zu of `datacenter.storage`",
             r->what, as->pool, p->pool_count);
    return 0;
}

static void read_volumes(reading *r, const vdc_node *list, const vdc_request *request) {
    uint32_t count = entries_of(r, list);
    if (!count || !(r->made.volumes = room(r, count, sizeof *r->made.volumes))) return;
    for (uint32_t i = 0; i < count; i++) {
        written_volume as = {0};
        const vdc_node *node = list->children[i];
        if (!read_entry(r, node, 2, &as)) continue;
        if (as.image > as.size)
            vdc_fail(r->diag, VDC_ERROR_INPUT, &vdc_node_get(node, "image")->place, "%s: volumes: image: found %.40s; allowed: at most the volume's size",
                     r->what, vdc_node_get(node, "image")->text);
        const char *name = as.name ? vdc_arena_strdup(r->arena, as.name) : NULL;
        r->made.volumes[r->made.volume_count++] = (vdc_volume){name, pool_of(r, &as, node), as.size, as.image, as.iops, as.bandwidth, as.weight,
                                                               as.provision != 0};
    }
    if (r->made.volume_count != 1 || r->made.volumes[0].pool) return;
    if (r->made.volumes[0].iops == VDC_UNLIMITED && request->size[VDC_IOPS]) r->made.volumes[0].iops = request->size[VDC_IOPS];
    if (r->made.volumes[0].bandwidth == VDC_UNLIMITED && request->size[VDC_DISK_BW]) r->made.volumes[0].bandwidth = request->size[VDC_DISK_BW];
}

static vdc_io_pattern pattern_of(const written_flow *as) {
    return (vdc_io_pattern){as->at, as->every == VDC_PARAM_NONE ? 0 : as->every, as->length == VDC_PARAM_NONE ? VDC_FOREVER : as->length, as->rate,
                            as->amount};
}

/* A stream that comes again must have stopped before. */
static void check_pattern(reading *r, const vdc_io_pattern *pattern, const vdc_node *node, int table) {
    if (pattern->rate > 0 && pattern->every > 0 && pattern->length >= pattern->every)
        vdc_fail(r->diag, VDC_ERROR_INPUT, &node->place, "%s: %s: a stream that comes every so often lasts less than that: `for` below `every`", r->what,
                 vdc_io_tables[table].name);
}

static void read_traffic(reading *r, const vdc_node *list) {
    uint32_t count = entries_of(r, list);
    if (!count || !(r->made.traffic = room(r, count, sizeof *r->made.traffic))) return;
    for (uint32_t i = 0; i < count; i++) {
        written_flow as = {0};
        const vdc_node *node = list->children[i], *to = vdc_node_get(node, "to");
        if (!read_entry(r, node, 1, &as)) continue;
        vdc_traffic traffic = {.pattern = pattern_of(&as), .vnic = (uint32_t)as.index};
        if (strcmp(as.to, "peer") == 0) traffic.target = VDC_TO_PEER;
        else if (strcmp(as.to, "outside") == 0) traffic.target = VDC_TO_OUTSIDE;
        else if (vdc_parse_integer(as.to, VDC_DIM_COUNT, &traffic.to) || traffic.to < 0)
            vdc_fail(r->diag, VDC_ERROR_INPUT, &to->place, "%s: traffic: to: found '%.60s'; allowed: the id of a VM, peer or outside", r->what, as.to);
        if ((as.rate > 0) == (as.amount > 0))
            vdc_fail(r->diag, VDC_ERROR_INPUT, &node->place, "%s: traffic: either a rate (a stream) or a size (a message) above 0 is wanted", r->what);
        if (as.index >= (int64_t)r->made.vnic_count)
            vdc_fail(r->diag, VDC_ERROR_INPUT, &node->place, "%s: traffic: vnic: found %lld; the VM has %u vNICs, counted from 0", r->what,
                     (long long)as.index, r->made.vnic_count);
        check_pattern(r, &traffic.pattern, node, 1);
        r->made.traffic[r->made.traffic_count++] = traffic;
    }
}

static void read_io(reading *r, const vdc_node *list) {
    uint32_t count = entries_of(r, list);
    if (!count || !(r->made.io = room(r, count, sizeof *r->made.io))) return;
    for (uint32_t i = 0; i < count; i++) {
        written_flow as = {0};
        const vdc_node *node = list->children[i];
        if (!read_entry(r, node, 3, &as)) continue;
        if (as.index >= (int64_t)r->made.volume_count)
            vdc_fail(r->diag, VDC_ERROR_INPUT, &node->place, "%s: io: volume: found %lld; the VM has %u volumes, counted from 0", r->what,
                     (long long)as.index, r->made.volume_count);
        vdc_disk_io io = {pattern_of(&as), as.request, (uint32_t)as.index, as.write != 0};
        check_pattern(r, &io.pattern, node, 3);
        r->made.io[r->made.io_count++] = io;
    }
}

/* What vNICs and volumes promise, where the VM itself says nothing of it. */
static void promise(const vdc_io_profile *made, vdc_request *request, const char *what, const vdc_node *node, vdc_diag *diag) {
    vdc_wide disk = request->size[VDC_DISK], sum[VDC_RESOURCES] = {0};
    for (uint32_t i = 0; i < made->vnic_count; i++) {
        if (made->vnics[i].tx > 0) sum[VDC_NET_TX] += made->vnics[i].tx;
        if (made->vnics[i].rx > 0) sum[VDC_NET_RX] += made->vnics[i].rx;
    }
    for (uint32_t i = 0; i < made->volume_count; i++) {
        if (made->volumes[i].pool) continue;
        disk += made->volumes[i].size;
        if (made->volumes[i].iops > 0) sum[VDC_IOPS] += made->volumes[i].iops;
        if (made->volumes[i].bandwidth > 0) sum[VDC_DISK_BW] += made->volumes[i].bandwidth;
    }
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (request->size[r] == 0 && sum[r] <= INT64_MAX) request->size[r] = (int64_t)sum[r];
    if (disk > INT64_MAX) vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: volumes: their sum is too large", what);
    else request->size[VDC_DISK] = (int64_t)disk;
}

vdc_code vdc_io_profile_read(vdc_io_profiles *profiles, const vdc_io_nodes *nodes, vdc_request *request, const char *what, vdc_diag *diag) {
    request->io = 0;
    const vdc_node *any = nodes->network ? nodes->network : nodes->vnics ? nodes->vnics : nodes->volumes ? nodes->volumes
                                                                         : nodes->traffic ? nodes->traffic : nodes->io;
    if (!any) return VDC_OK;
    size_t before = diag->errors;
    vdc_arena scratch = {0};     /* where nothing is kept: checked only */
    reading r = {.profiles = profiles, .arena = profiles ? &profiles->arena : &scratch, .what = what, .diag = diag};
    read_vnics(&r, nodes, request);
    read_volumes(&r, nodes->volumes, request);
    read_traffic(&r, nodes->traffic);
    read_io(&r, nodes->io);
    promise(&r.made, request, what, any, diag);
    vdc_arena_free(&scratch);
    if (diag->errors > before) return VDC_ERROR_INPUT;
    if (!profiles) return VDC_OK;
    if (profiles->sealed && ((r.made.vnic_count && !profiles->networking) || (r.made.volume_count && !profiles->storing)))
        return vdc_fail(diag, VDC_ERROR_INPUT, &any->place, "%s: %s: no VM of the scenario has any, so the run goes without", what, any->key);
    if (!VDC_RESERVE(profiles->items, profiles->capacity, profiles->count + 1)) return vdc_no_memory(diag, "what VMs have on networks and disks");
    profiles->items[profiles->count] = r.made;
    request->io = (uint32_t)profiles->count++;
    profiles->networking = profiles->networking || r.made.vnic_count;
    profiles->storing = profiles->storing || r.made.volume_count;
    return VDC_OK;
}

/* Reads one of the two lists for a VM with one vNIC and one volume. */
static vdc_code read_alone(reading *r, void (*read)(reading *r, const vdc_node *list), const vdc_node *list) {
    vdc_diag nobody = {0};
    reading alone = *r;
    if (!alone.diag) alone.diag = &nobody;
    alone.made.vnic_count = alone.made.volume_count = 1;
    size_t before = alone.diag->errors;
    read(&alone, list);
    vdc_code code = alone.diag->errors > before ? VDC_ERROR_INPUT : VDC_OK;
    r->made = alone.made;
    vdc_diag_clear(&nobody);
    return code;
}

vdc_code vdc_io_traffic_read(vdc_arena *arena, const vdc_node *list, const char *what, vdc_traffic **traffic, uint32_t *count, vdc_diag *diag) {
    reading r = {.arena = arena, .what = what, .diag = diag};
    vdc_code code = read_alone(&r, read_traffic, list);
    *traffic = r.made.traffic, *count = r.made.traffic_count;
    return code;
}

vdc_code vdc_io_disk_read(vdc_arena *arena, const vdc_node *list, const char *what, vdc_disk_io **io, uint32_t *count, vdc_diag *diag) {
    reading r = {.arena = arena, .what = what, .diag = diag};
    vdc_code code = read_alone(&r, read_io, list);
    *io = r.made.io, *count = r.made.io_count;
    return code;
}

/* ---- as text ---- */

static void put_text(FILE *out, const char *text) {
    (void)fputc('"', out);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\') (void)fputc('\\', out);
        if ((unsigned char)*c < ' ') (void)fprintf(out, "\\x%02x", (unsigned)(unsigned char)*c);
        else (void)fputc(*c, out);
    }
    (void)fputc('"', out);
}

/* A mapping of what is not as it would be without the key. */
static void put_entry(FILE *out, int table, const void *values) {
    static const char *const units[] = {[VDC_DIM_TIME] = " ns", [VDC_DIM_BYTES] = " B", [VDC_DIM_BYTE_RATE] = " B/s"};
    const char *before = "{";
    for (size_t i = 0; i < vdc_io_tables[table].count; i++) {
        const vdc_param *param = &vdc_io_tables[table].params[i];
        const char *at = (const char *)values + param->offset, *text = NULL;
        int64_t number = 0, otherwise = VDC_PARAM_NONE;
        if (param->type == VDC_PARAM_TEXT) {
            text = *(const char *const *)(const void *)at;
            if (!text || (param->fallback && strcmp(text, param->fallback) == 0)) continue;
        } else if (param->type == VDC_PARAM_CHOICE) {
            text = param->choices[*(const int *)(const void *)at];
            if (param->fallback && strcmp(text, param->fallback) == 0) continue;
        } else {
            number = *(const int64_t *)(const void *)at;
            if (param->fallback && !(param->none && strcmp(param->fallback, param->none) == 0))
                (void)vdc_parse_integer(param->fallback, param->dimension, &otherwise);
            if (number == otherwise) continue;
        }
        (void)fprintf(out, "%s%s: ", before, param->name);
        if (text) put_text(out, text);
        else (void)fprintf(out, "%lld%s", (long long)number, param->dimension < COUNT_OF(units) && units[param->dimension] ? units[param->dimension] : "");
        before = ", ";
    }
    (void)fputs(*before == '{' ? "{}" : "}", out);
}

static void pattern_as_written(written_flow *as, const vdc_io_pattern *pattern) {
    as->rate = pattern->rate, as->amount = pattern->amount, as->at = pattern->at;
    as->every = pattern->every ? pattern->every : VDC_PARAM_NONE;
    as->length = pattern->length == VDC_FOREVER ? VDC_PARAM_NONE : pattern->length;
}

static void put_item(FILE *out, const vdc_io_profiles *profiles, const vdc_io_profile *profile, int table, uint32_t i) {
    if (table == 0) {
        const vdc_vnic *vnic = &profile->vnics[i];
        put_entry(out, table, &(written_vnic){profiles->networks[vnic->network].name, vnic->tx, vnic->rx, vnic->weight});
    } else if (table == 2) {
        const vdc_volume *v = &profile->volumes[i];
        put_entry(out, table, &(written_volume){v->name, v->pool ? profiles->pools[v->pool - 1].name : "local", v->size, v->image, v->iops, v->bandwidth,
                                                v->weight, v->thin});
    } else if (table == 1) {
        const vdc_traffic *traffic = &profile->traffic[i];
        char id[24];
        (void)snprintf(id, sizeof id, "%lld", (long long)traffic->to);
        written_flow as = {.to = traffic->target == VDC_TO_VM ? id : traffic->target == VDC_TO_PEER ? "peer" : "outside", .index = traffic->vnic};
        pattern_as_written(&as, &traffic->pattern);
        put_entry(out, table, &as);
    } else {
        const vdc_disk_io *io = &profile->io[i];
        written_flow as = {.index = io->volume, .request = io->request, .write = io->write};
        pattern_as_written(&as, &io->pattern);
        put_entry(out, table, &as);
    }
}

char *vdc_io_list_text(const vdc_io_profiles *profiles, uint32_t index, int table) {
    const vdc_io_profile *profile = &profiles->items[index];
    const uint32_t counts[] = {profile->vnic_count, profile->traffic_count, profile->volume_count, profile->io_count};
    char *text = NULL, *kept;
    size_t size;
    if (counts[table] == 0) return vdc_strdup("");
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    for (uint32_t i = 0; i < counts[table]; i++) {
        (void)fputs(i ? ", " : "[", out);
        put_item(out, profiles, profile, table, i);
    }
    (void)fputc(']', out);
    kept = fclose(out) == 0 ? vdc_strdup(text) : NULL;
    free(text);
    return kept;
}

/* ---- entries that change ---- */

/* A list with room for one more than it has; the old one stays where it is, because patterns in it may be in use. */
static bool make_room(vdc_arena *arena, void **items, uint32_t count, uint32_t *room, size_t size) {
    if (count < *room) return true;
    uint32_t more = count < 2 ? 4 : count * 2 < VDC_IO_MOST ? count * 2 : VDC_IO_MOST;
    void *larger = vdc_arena_alloc(arena, more * size);
    if (!larger) return false;
    if (count) memcpy(larger, *items, count * size);
    *items = larger;
    *room = more;
    return true;
}

bool vdc_io_profile_own(vdc_io_profiles *profiles, uint32_t *index) {
    if (profiles->items[*index].own) return true;
    uint32_t made = profiles->unused;
    if (made) profiles->unused = profiles->items[made].next_unused;
    else if (!VDC_RESERVE(profiles->items, profiles->capacity, profiles->count + 1)) return false;
    else profiles->items[made = (uint32_t)profiles->count++] = (vdc_io_profile){.own = true};
    const vdc_io_profile *from = &profiles->items[*index];
    bool enough = true;
#define COPY(list, number, places) \
    for (uint32_t i = 0; enough && i < from->number; i++) { \
        vdc_io_profile *to = &profiles->items[made]; \
        void *items = to->list; \
        enough = make_room(&profiles->arena, &items, i, &to->places, sizeof *to->list); \
        to->list = items; \
        if (enough) to->list[to->number++] = from->list[i]; \
    }
    COPY(vnics, vnic_count, vnic_room)
    COPY(volumes, volume_count, volume_room)
    COPY(traffic, traffic_count, traffic_room)
    COPY(io, io_count, io_room)
#undef COPY
    *index = made;
    return enough;
}

void vdc_io_profile_disown(vdc_io_profiles *profiles, uint32_t index) {
    vdc_io_profile *gone = &profiles->items[index];
    if (!gone->own) return;
    gone->vnic_count = gone->volume_count = gone->traffic_count = gone->io_count = 0;
    gone->next_unused = profiles->unused;
    profiles->unused = index;
}

#define ADD(function, type, list, number, places, is_unused) \
    vdc_code function(vdc_io_profiles *profiles, uint32_t index, const type *added, uint32_t *place) { \
        vdc_io_profile *profile = &profiles->items[index]; \
        void *items = profile->list; \
        for (*place = 0; *place < profile->number && !(profile->list[*place].is_unused); ++*place) continue; \
        if (*place == VDC_IO_MOST) return VDC_ERROR_STATE; \
        if (*place == profile->number && !make_room(&profiles->arena, &items, *place, &profile->places, sizeof *profile->list)) return VDC_ERROR_MEMORY; \
        profile->list = items; \
        profile->list[*place] = *added; \
        if (*place == profile->number) profile->number++; \
        return VDC_OK; \
    }
ADD(vdc_io_add_vnic, vdc_vnic, vnics, vnic_count, vnic_room, network == VDC_IO_UNUSED)
ADD(vdc_io_add_volume, vdc_volume, volumes, volume_count, volume_room, size == 0)
ADD(vdc_io_add_traffic, vdc_traffic, traffic, traffic_count, traffic_room, vnic == VDC_IO_UNUSED)
ADD(vdc_io_add_io, vdc_disk_io, io, io_count, io_room, volume == VDC_IO_UNUSED)
#undef ADD
