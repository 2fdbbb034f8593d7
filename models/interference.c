/* See interference.h. */
#include "models/interference.h"

#include <math.h>

enum { LINE_BYTES = 64, BISECTIONS = 40 };
static const double MOST_LOAD = 0.95;

typedef struct socket_state {
    double pressure;          /* of all its VMs */
    double shared_cache;      /* bytes of its cache that no VM has for itself */
    double shared_accesses;   /* per second, to that part */
    double load;              /* of its memory bus */
    bool crowded;             /* two VMs or more use its cache */
} socket_state;

/* One host as the model sees it. */
typedef struct neighbourhood {
    const vdc_interference *model;
    const vdc_datacenter *datacenter;
    const vdc_host_class *class;
    const vdc_cpu_entry *entries;
    const uint32_t *slots;
    uint32_t count;
    uint32_t socket;          /* the one that is looked at */
    socket_state sockets[VDC_NUMA_NODES];
} neighbourhood;

static const vdc_interference_profile *profile_of(const neighbourhood *n, uint32_t i) {
    return &n->model->profiles->items[n->datacenter->records[n->slots[i]].request.interference];
}

/* The part of the VM's threads that is on the socket. */
static double part_here(const neighbourhood *n, uint32_t i) {
    uint64_t nodes = n->datacenter->records[n->slots[i]].numa_nodes;
    if (nodes == 0) return 1.0 / n->class->sockets;
    uint64_t of_socket = n->class->numa >= 64 ? UINT64_MAX
        : ((UINT64_C(1) << n->class->numa) - 1) << (n->socket * n->class->numa);
    return (double)__builtin_popcountll(nodes & of_socket) / __builtin_popcountll(nodes);
}

static double busy_here(const neighbourhood *n, uint32_t i) {
    return (double)n->entries[i].grant / (double)n->class->speed * part_here(n, i);
}

/* ---- L0 ---- */

double vdc_interference_sensitivity(const vdc_interference_profile *profile, double bubble) {
    double from = 0, at = 1;
    for (int64_t i = 0; i < profile->points; i++) {
        double to = profile->bubble[i], then = profile->factor[i];
        if (bubble <= to) return to > from ? at + (then - at) * (bubble - from) / (to - from) : then;
        from = to;
        at = then;
    }
    return at;
}

static double pressure_factor(const neighbourhood *n, uint32_t i) {
    const vdc_interference_profile *profile = profile_of(n, i);
    return vdc_interference_sensitivity(profile, fmax(0, n->sockets[n->socket].pressure - profile->pressure * busy_here(n, i)));
}

/* ---- L1 ---- */

static int64_t ways_of(const neighbourhood *n, uint32_t i) {
    return n->model->isolation && n->class->llc_ways ? n->model->isolation->vms[n->slots[i]].spec.llc_ways : 0;
}

/* Accesses per second that the VM would make on the socket at full speed. */
static double accesses_here(const neighbourhood *n, uint32_t i) { return profile_of(n, i)->accesses * busy_here(n, i); }

static double misses(const vdc_interference_profile *profile, double cache) {
    return profile->miss_min + (profile->miss_max - profile->miss_min) * exp2(-cache / profile->half_cache);
}

static double own_cache(const neighbourhood *n, int64_t ways) {
    return (double)n->class->llc * (double)ways / (double)n->class->llc_ways;
}

static double latency(const neighbourhood *n, double load) { return 1 + n->class->latency_rise * load / (1 - load); }

static double load_of(const neighbourhood *n, double misses_per_second) {
    return fmin(MOST_LOAD, misses_per_second * LINE_BYTES / (double)n->class->socket_bandwidth);
}

/* What the VM keeps at this load of the bus; *traffic = its misses per second then. */
static double speed_at(const neighbourhood *n, uint32_t i, double load, double *traffic) {
    const vdc_interference_profile *profile = profile_of(n, i);
    const socket_state *here = &n->sockets[n->socket];
    double accesses = accesses_here(n, i);
    int64_t ways = ways_of(n, i);
    *traffic = 0;
    if (accesses <= 0) return 1;
    double alone = misses(profile, ways ? own_cache(n, ways) : (double)n->class->llc);
    double now = ways ? alone : misses(profile, here->shared_cache * accesses / here->shared_accesses);
    double ratio = alone > 0 ? fmax(1, now / alone) : 1;
    double slower = fmax(1, latency(n, load) / latency(n, load_of(n, accesses * alone)));
    double speed = 1 / (1 - profile->stall + profile->stall * ratio * slower);
    *traffic = accesses * now * speed;
    return speed;
}

/* The load of the bus that the VMs cause at the speeds which it leaves them. */
static double solve_load(const neighbourhood *n) {
    double low = 0, high = MOST_LOAD;
    for (int step = 0; step < BISECTIONS; step++) {
        double middle = (low + high) / 2, sum = 0, traffic;
        for (uint32_t i = 0; i < n->count; i++) {
            speed_at(n, i, middle, &traffic);
            sum += traffic;
        }
        if (load_of(n, sum) > middle) low = middle;
        else high = middle;
    }
    return high;
}

/* Who is on the socket, and what its memory bus carries. */
static void survey(neighbourhood *n) {
    socket_state *here = &n->sockets[n->socket];
    uint32_t users = 0;
    int64_t ways = 0;
    *here = (socket_state){0};
    for (uint32_t i = 0; i < n->count; i++) {
        double accesses = accesses_here(n, i);
        here->pressure += profile_of(n, i)->pressure * busy_here(n, i);
        users += accesses > 0;
        if (ways_of(n, i)) ways += ways_of(n, i);
        else here->shared_accesses += accesses;
    }
    here->shared_cache = (double)n->class->llc - (ways ? own_cache(n, ways) : 0);
    here->crowded = users > 1 && n->class->llc > 0 && n->class->socket_bandwidth > 0;
    if (here->crowded) here->load = solve_load(n);
}

/* ---- both ---- */

static double remote_factor(const neighbourhood *n, uint32_t i) {
    double nodes = vdc_host_class_nodes(n->class);
    if (n->datacenter->records[n->slots[i]].numa_nodes || nodes < 2 || n->class->remote_latency <= 1) return 1;
    return 1 / (1 + profile_of(n, i)->stall * (1 - 1 / nodes) * (n->class->remote_latency - 1));
}

static bool factors(const void *context, const vdc_datacenter *dc, uint32_t h, const vdc_cpu_entry *entries,
                    const uint32_t *slots,
                    uint32_t count, double *out) {
    const vdc_interference *model = context;
    neighbourhood n = {.model = model, .datacenter = dc, .class = &dc->hosts.classes[dc->hosts.class_of[h]], .entries = entries,
                       .slots = slots,
                       .count = count};
    bool profiled = false;
    for (uint32_t i = 0; i < count; i++) {
        if (dc->records[slots[i]].request.interference == 0) continue;
        profiled = true;
        out[i] *= remote_factor(&n, i);
    }
    if (!profiled || count < 2) return true;
    for (n.socket = 0; n.socket < n.class->sockets; n.socket++) survey(&n);
    for (uint32_t i = 0; i < count; i++) {
        if (dc->records[slots[i]].request.interference == 0 || entries[i].grant == 0) continue;
        double kept = 0, traffic;
        for (n.socket = 0; n.socket < n.class->sockets; n.socket++) {
            double here = pressure_factor(&n, i);
            if (n.sockets[n.socket].crowded) here *= speed_at(&n, i, n.sockets[n.socket].load, &traffic);
            kept += part_here(&n, i) * here;
        }
        out[i] *= fmin(1, kept);
    }
    return true;
}

/* ---- prediction ---- */

/* Threads' worth of progress lost by the first `count` entries; grants are what they ask for, in proportion where that is too
 * much. */
static double threads_lost(const vdc_interference *model, vdc_datacenter *dc, uint32_t h, uint32_t count) {
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    vdc_wide wanted = 0;
    double lost = 0;
    for (uint32_t i = 0; i < count; i++) wanted += dc->entries[i].ceiling;
    for (uint32_t i = 0; i < count; i++) {
        vdc_cpu_entry *entry = &dc->entries[i];
        entry->grant = wanted > class->cpu_hz ? (int64_t)((vdc_wide)entry->ceiling * class->cpu_hz / wanted) : entry->ceiling;
        dc->entry_factors[i] = 1;
    }
    factors(model, dc, h, dc->entries, dc->entry_slots, count, dc->entry_factors);
    for (uint32_t i = 0; i < count; i++) lost += (double)dc->entries[i].grant / (double)class->speed * (1 - dc->entry_factors[i]);
    return lost;
}

double vdc_interference_predict(const vdc_interference *model, vdc_datacenter *dc, uint32_t h, uint32_t slot) {
    uint32_t n = dc->hosts.vms[h], i = 0;
    if (!VDC_RESERVE(dc->entries, dc->entry_capacity, n + 1) || !VDC_RESERVE(dc->entry_slots, dc->slot_capacity, n + 1)
        || !VDC_RESERVE(dc->entry_factors, dc->factor_capacity, n + 1))
        return NAN;
    for (uint32_t there = dc->hosts.account[h].first_vm; there != VDC_NOWHERE; there = dc->vms[there].next, i++) {
        dc->entries[i] = (vdc_cpu_entry){.ceiling = dc->vms[there].ceiling};
        dc->entry_slots[i] = there;
    }
    double before = threads_lost(model, dc, h, i);
    vdc_cpu_entry_of(&dc->records[slot].request, dc->hosts.classes[dc->hosts.class_of[h]].speed, &dc->entries[i]);
    dc->entries[i].demand = dc->entries[i].nominal;
    dc->entries[i].ceiling = vdc_cpu_ceiling(&dc->entries[i]);
    dc->entry_slots[i] = slot;
    return threads_lost(model, dc, h, i + 1) - before;
}

vdc_efficiency vdc_interference_model(const vdc_interference *interference) {
    return (vdc_efficiency){.factors = factors, .context = interference};
}
