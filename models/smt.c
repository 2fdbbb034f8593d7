/* See smt.h. */
#include "models/smt.h"

#include "models/numa_share.h"
#include "sim/base/known.h"
#include "sim/base/memory.h"

/* What of each of so many busy threads becomes progress on so many cores. */
static double efficiency(double busy, double cores, double yield) {
    if (busy <= cores || busy <= 0) return 1;
    return (cores + yield * (busy - cores)) / busy;
}

/* NUMA nodes whose threads VMs of the pool share evenly; the whole host where nobody is bound to nodes. */
typedef struct pool_region {
    uint64_t nodes;              /* a bit each */
    int64_t busy;                /* Hz */
    uint32_t free_cores, lone;   /* cores that nobody owns a thread of; threads whose siblings are owned */
    double crowding;             /* how busy those are that run only when every free core has a busy thread: their siblings and lone ones */
    double work;                 /* busy threads' worth of progress */
} pool_region;

typedef struct host_threads {
    const vdc_datacenter *dc;
    const vdc_isolation *isolation;
    const vdc_host_class *class;
    const vdc_cpu_entry *entries;
    const uint32_t *slots;
    uint32_t host, count;
    const uint64_t *owned;       /* its threads that are owned, a bit each; NULL: none are */
    pool_region *regions;        /* [VDC_NUMA_NODES] */
    uint32_t region_count;
    uint64_t *scopes;            /* [count] region of each VM of the pool */
} host_threads;

static double yield_of(const vdc_host_class *class) { return (double)class->smt_yield_ppm / 1e6; }

static bool is_of_pool(const host_threads *on, uint32_t i) { return !on->dc->vms[on->slots[i]].exclusive; }

static const uint64_t *threads_of(const host_threads *on, uint32_t i) { return on->isolation->threads.sets[on->slots[i]]; }

/* Pinned VMs: threads of their own, whatever runs beside. All others that own threads own their siblings, too. */
static bool is_pinned(const host_threads *on, uint32_t i) {
    return !is_of_pool(on, i) && on->isolation->vms[on->slots[i]].spec.threads == VDC_THREADS_PIN;
}

static uint32_t cores_of(const vdc_host_class *class) { return (uint32_t)class->sockets * class->cores; }

static uint32_t owned_of_core(const host_threads *on, uint32_t core) {
    return on->owned ? vdc_threads_of_core(on->owned, core, on->class->threads) : 0;
}

/* Does somebody own only some threads of a core? */
static bool somebody_has_siblings(const host_threads *on) {
    for (uint32_t i = 0; on->owned && i < on->count; i++) {
        if (!is_pinned(on, i)) continue;
        for (uint32_t core = 0; core < cores_of(on->class); core++) {
            const uint32_t own = vdc_threads_of_core(threads_of(on, i), core, on->class->threads);
            if (own && own < on->class->threads) return true;
        }
    }
    return false;
}

/* How busy each thread of a pinned VM is: its vCPUs are alike. */
static double busy_of(const host_threads *on, uint32_t i) {
    const uint32_t own = vdc_threads_needed(on->class, VDC_THREADS_PIN, on->dc->records[on->slots[i]].request.size[VDC_CPU]);
    return own ? (double)on->entries[i].grant / (double)on->class->speed / own : 0;
}

static pool_region *region_of(host_threads *on, uint32_t core) {
    const uint32_t parts = on->class->numa ? on->class->numa : 1, in_socket = core % on->class->cores;
    uint32_t part = 0;
    while (part + 1 < parts && in_socket >= on->class->cores * (part + 1) / parts) part++;
    const uint32_t node = core / on->class->cores * parts + part;
    uint32_t r = 0;
    while (!(on->regions[r].nodes >> node & 1)) r++;
    return &on->regions[r];
}

/* How busy all threads of a core are together; of one that free cores are not. */
static double busy_of_core(host_threads *on, uint32_t core) {
    double busy = (on->class->threads - owned_of_core(on, core)) * region_of(on, core)->crowding;
    for (uint32_t i = 0; i < on->count; i++)
        if (is_pinned(on, i)) busy += vdc_threads_of_core(threads_of(on, i), core, on->class->threads) * busy_of(on, i);
    return busy;
}

/* Which VMs of the pool share which nodes: as evenly as their nodes allow. */
static bool find_regions(host_threads *on) {
    const uint32_t nodes = vdc_host_class_nodes(on->class);
    const bool bound = on->dc->bound && on->dc->bound[on->host] && !(on->dc->regions && on->dc->regions[on->host].cookies);
    on->regions[0] = (pool_region){.nodes = ~UINT64_C(0)};
    on->region_count = 1;
    for (uint32_t i = 0; i < on->count; i++) on->scopes[i] = on->regions[0].nodes;
    if (!bound) return true;
    int64_t rates[VDC_NUMA_NODES];
    for (uint32_t node = 0; node < nodes; node++) rates[node] = vdc_datacenter_node_rate(on->dc, on->host, node) / on->class->speed;
    vdc_cpu_entry *entries = vdc_calloc(on->count + (size_t)1, sizeof *entries);
    uint64_t *masks = vdc_calloc(on->count + (size_t)1, sizeof *masks);
    for (uint32_t i = 0; entries && masks && i < on->count; i++) {
        entries[i] = on->entries[i];
        if (!is_of_pool(on, i)) entries[i].grant = 0;
        masks[i] = vdc_datacenter_cpu_nodes(on->dc, on->slots[i], entries[i].reservation);
    }
    const bool ok = entries && masks && vdc_numa_even_load(rates, nodes, entries, masks, on->count, on->scopes) == VDC_OK;
    uint64_t idle = nodes < 64 ? (UINT64_C(1) << nodes) - 1 : ~UINT64_C(0);
    on->region_count = 0;
    for (uint32_t i = 0; ok && i < on->count; i++) {
        uint32_t r = 0;
        while (r < on->region_count && on->regions[r].nodes != on->scopes[i]) r++;
        if (r == on->region_count) on->regions[on->region_count++] = (pool_region){.nodes = on->scopes[i]};
        idle &= ~on->scopes[i];
    }
    if (idle) on->regions[on->region_count++] = (pool_region){.nodes = idle}; /* nodes that nobody runs on */
    vdc_free(entries);
    vdc_free(masks);
    return ok;
}

static void fill_regions(host_threads *on) {
    const double yield = yield_of(on->class), siblings = on->class->threads - 1;
    for (uint32_t i = 0; i < on->count; i++)
        for (uint32_t r = 0; is_of_pool(on, i) && r < on->region_count; r++)
            if (on->regions[r].nodes == on->scopes[i]) on->regions[r].busy += on->entries[i].grant;
    for (uint32_t core = 0; core < cores_of(on->class); core++) {
        const uint32_t own = owned_of_core(on, core);
        if (own == 0) region_of(on, core)->free_cores++;
        else region_of(on, core)->lone += on->class->threads - own;
    }
    for (uint32_t r = 0; r < on->region_count; r++) {
        pool_region *region = &on->regions[r];
        const double busy = (double)region->busy / (double)on->class->speed, cores = region->free_cores, later = cores * siblings + region->lone;
        region->crowding = busy > cores && later > 0 ? (busy - cores) / later : 0;
        const double on_free = busy > cores ? cores * (1 + siblings * region->crowding) : busy;
        region->work = on_free * efficiency(on_free, cores, yield);
    }
    for (uint32_t core = 0; core < cores_of(on->class); core++) {
        const uint32_t own = owned_of_core(on, core), lone = on->class->threads - own;
        pool_region *region = region_of(on, core);
        if (own && lone && region->crowding > 0) region->work += lone * region->crowding * efficiency(busy_of_core(on, core), 1, yield);
    }
}

/* The mean over a pinned VM's threads of what each makes of its core, by what its siblings run. */
static double pinned_factor(host_threads *on, uint32_t i) {
    double sum = 0;
    uint32_t threads = 0;
    for (uint32_t core = 0; core < cores_of(on->class); core++) {
        const uint32_t own = vdc_threads_of_core(threads_of(on, i), core, on->class->threads);
        if (own) sum += own * efficiency(busy_of_core(on, core), 1, yield_of(on->class));
        threads += own;
    }
    return threads ? sum / threads : 1;
}

/* Of a VM with whole cores of its own. */
static double own_cores_factor(const host_threads *on, uint32_t i) {
    VDC_KNOWN(on->isolation); /* or nothing would be exclusive */
    const vdc_thread_mode mode = on->isolation->vms[on->slots[i]].spec.threads;
    const uint32_t own = vdc_threads_needed(on->class, mode, on->dc->records[on->slots[i]].request.size[VDC_CPU]);
    return efficiency((double)on->entries[i].grant / (double)on->class->speed, (double)own / on->class->threads, yield_of(on->class));
}

static bool core_by_core(host_threads *on, double *out) {
    pool_region regions[VDC_NUMA_NODES];
    on->regions = regions;
    on->scopes = vdc_calloc(on->count + (size_t)1, sizeof *on->scopes);
    const bool ok = on->scopes && find_regions(on);
    if (ok) fill_regions(on);
    for (uint32_t i = 0; ok && i < on->count; i++) {
        if (is_of_pool(on, i)) {
            uint32_t r = 0;
            while (on->regions[r].nodes != on->scopes[i]) r++;
            const double busy = (double)on->regions[r].busy / (double)on->class->speed, factor = busy > 0 ? on->regions[r].work / busy : 1;
            out[i] *= factor < 1 ? factor : 1; /* rounding */
        } else if (is_pinned(on, i)) {
            out[i] *= pinned_factor(on, i);
        } else {
            out[i] *= own_cores_factor(on, i);
        }
    }
    vdc_free(on->scopes);
    on->regions = NULL;
    return ok;
}

static bool factors(const void *context, const vdc_datacenter *dc, uint32_t h, const vdc_cpu_entry *entries, const uint32_t *slots,
                    uint32_t count, double *out) {
    const vdc_isolation *iso = context;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    if (class->threads < 2) return true;
    double pool_cores = cores_of(class);
    const bool owned = iso && iso->threads.owned_count[h], bound = dc->bound && dc->bound[h];
    host_threads on = {.dc = dc, .isolation = iso, .class = class, .entries = entries, .slots = slots, .host = h, .count = count,
                       .owned = owned ? iso->threads.owned + (size_t)h * iso->threads.words : NULL};
    if (owned || bound) {
        if (bound || somebody_has_siblings(&on)) return core_by_core(&on, out);
        pool_cores = vdc_threads_free_cores(&iso->threads, &dc->hosts, h);
    }
    int64_t busy = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!dc->vms[slots[i]].exclusive) busy += entries[i].grant;
    double pool = efficiency((double)busy / (double)class->speed, pool_cores, yield_of(class));
    for (uint32_t i = 0; i < count; i++) out[i] *= is_of_pool(&on, i) ? pool : own_cores_factor(&on, i);
    return true;
}

vdc_efficiency vdc_smt(const vdc_isolation *isolation) {
    return (vdc_efficiency){.factors = factors, .context = isolation};
}

bool vdc_smt_needed(const vdc_hosts *hosts) {
    for (uint16_t k = 0; k < hosts->class_count; k++)
        if (hosts->classes[k].threads > 1) return true;
    return false;
}
