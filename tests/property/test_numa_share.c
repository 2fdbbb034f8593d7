/* CPU shares by NUMA regions against the definition: no set of nodes gives more than it has, nothing stands idle that somebody may use, and who
 * has less than it asks for is in a full set in which nobody has more for its weight. All sets of nodes are looked at. */
#include <criterion/criterion.h>
#include <string.h>

#include "models/numa_share.h"
#include "tests/support/draw.h"

enum { NODES_MOST = 5, VMS_MOST = 14 };

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

typedef struct host {
    uint32_t nodes, count;
    int64_t capacity[NODES_MOST], whole;
    vdc_cpu_entry entries[VMS_MOST];
    uint64_t masks[VMS_MOST];
} host;

static int64_t has(const host *h, uint64_t set) {
    int64_t sum = 0;
    for (uint32_t n = 0; n < h->nodes; n++) sum += set >> n & 1 ? h->capacity[n] : 0;
    return sum < h->whole ? sum : h->whole;
}

static int64_t granted_within(const host *h, uint64_t set) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < h->count; i++) sum += h->masks[i] & ~set ? 0 : h->entries[i].grant;
    return sum;
}

/* The largest sum of grants: a minimal cut over all sets. */
static int64_t most_in_all(const host *h) {
    int64_t least = INT64_MAX;
    for (uint64_t set = 0; set < UINT64_C(1) << h->nodes; set++) {
        int64_t cut = has(h, set);
        for (uint32_t i = 0; i < h->count; i++) cut += h->masks[i] & ~set ? vdc_cpu_ceiling(&h->entries[i]) : 0;
        least = cut < least ? cut : least;
    }
    return least < h->whole ? least : h->whole;
}

/* Is there a full set with it in which nobody is better off by more than rounding, but for what was promised? */
static bool is_bounded(const host *h, uint32_t i) {
    for (uint64_t set = 1; set < UINT64_C(1) << h->nodes; set++) {
        if (h->masks[i] & ~set || granted_within(h, set) < has(h, set)) continue;
        bool best = true;
        for (uint32_t j = 0; j < h->count && best; j++) {
            const vdc_cpu_entry *one = &h->entries[j], *mine = &h->entries[i];
            if (h->masks[j] & ~set || one->grant <= vdc_cpu_floor(one)) continue;
            best = (one->grant - 1) * mine->weight <= (mine->grant + 1) * one->weight;
        }
        if (best) return true;
    }
    return false;
}

Test(numa_share, is_the_weighted_max_min_allocation_of_regions) {
    uint64_t draws = 3;
    int bound = 0;
    for (int run = 0; run < 20000; run++) {
        host h = {.nodes = 1 + (uint32_t)draw_below(&draws, NODES_MOST), .count = 1 + (uint32_t)draw_below(&draws, VMS_MOST)};
        for (uint32_t n = 0; n < h.nodes; n++) h.whole += h.capacity[n] = draw_below(&draws, 1000);
        const uint64_t all = (UINT64_C(1) << h.nodes) - 1;
        if (draw_below(&draws, 4) == 0) h.whole -= draw_below(&draws, h.whole / 4 + 1);
        int64_t promised = 0;
        for (uint32_t i = 0; i < h.count; i++) {
            const int64_t size = 1 + draw_below(&draws, 600);
            const bool floats = draw_below(&draws, 3) == 0;
            h.masks[i] = floats ? all : 1 + (uint64_t)draw_below(&draws, (int64_t)all);
            h.entries[i] = (vdc_cpu_entry){.demand = draw_below(&draws, size + 1), .nominal = size, .weight = 1 + draw_below(&draws, 9), .id = i,
                                           .limit = draw_below(&draws, 5) ? VDC_UNLIMITED : draw_below(&draws, size + 1)};
            /* Reservations are those of VMs that float, and fit. */
            if (floats && promised + size <= h.whole && draw_below(&draws, 3) == 0) promised += h.entries[i].reservation = size;
        }
        char scratch[4096];
        cr_assert_leq(vdc_cpu_share_scratch(h.count), sizeof scratch);
        vdc_numa_regions regions = {.nodes = h.nodes, .capacity = h.capacity, .whole = h.whole, .share = share, .scratch = scratch};
        cr_assert_eq(vdc_numa_share_cpu(&regions, h.entries, h.masks, h.count), VDC_OK);
        for (uint64_t set = 0; set <= all; set++) cr_assert_leq(granted_within(&h, set), has(&h, set), "run %d: set %lx", run, (unsigned long)set);
        cr_assert_eq(granted_within(&h, all), most_in_all(&h), "run %d", run);
        for (uint32_t i = 0; i < h.count; i++) {
            const vdc_cpu_entry *entry = &h.entries[i];
            cr_assert(entry->grant >= vdc_cpu_floor(entry) && entry->grant <= vdc_cpu_ceiling(entry), "run %d: VM %u", run, i);
            if (entry->grant == vdc_cpu_ceiling(entry)) continue;
            bound++;
            cr_assert(is_bounded(&h, i), "run %d: VM %u could have more", run, i);
        }
    }
    cr_assert_gt(bound, 10000);
}

/* ---- even loads ---- */

/* The load of each VM's nodes by the definition: the set of nodes whose VMs that can go nowhere else load it most, of several the largest one, is a
 * region; the same of the others on the nodes that are left. */
static void loads_by_definition(const host *h, uint64_t scope, bool *done, double *loads) {
    while (scope) {
        uint64_t densest = 0;
        int64_t granted = -1, rate = 1;
        for (uint64_t set = scope; set; set = (set - 1) & scope) {
            int64_t x = 0, r = 0;
            for (uint32_t n = 0; n < h->nodes; n++) r += set >> n & 1 ? h->capacity[n] : 0;
            for (uint32_t i = 0; i < h->count; i++) x += done[i] || (h->masks[i] & scope & ~set) ? 0 : h->entries[i].grant;
            const int64_t difference = x * rate - granted * r;
            if (densest && (difference < 0 || (difference == 0 && __builtin_popcountll(set) < __builtin_popcountll(densest)))) continue;
            densest = set, granted = x, rate = r;
        }
        for (uint32_t i = 0; i < h->count; i++) {
            if (done[i] || (h->masks[i] & scope & ~densest)) continue;
            done[i] = true;
            loads[i] = (double)granted / (double)rate;
        }
        scope &= ~densest;
    }
}

Test(numa_share, loads_are_as_even_as_masks_allow) {
    uint64_t draws = 5;
    int uneven = 0;
    for (int run = 0; run < 20000; run++) {
        host h = {.nodes = 1 + (uint32_t)draw_below(&draws, NODES_MOST), .count = 1 + (uint32_t)draw_below(&draws, VMS_MOST)};
        for (uint32_t n = 0; n < h.nodes; n++) h.capacity[n] = 1 + draw_below(&draws, 16);
        const uint64_t all = (UINT64_C(1) << h.nodes) - 1;
        uint64_t scopes[VMS_MOST];
        for (uint32_t i = 0; i < h.count; i++) {
            h.masks[i] = draw_below(&draws, 3) == 0 ? all : 1 + (uint64_t)draw_below(&draws, (int64_t)all);
            h.entries[i].grant = draw_below(&draws, 1000);
        }
        cr_assert_eq(vdc_numa_even_load(h.capacity, h.nodes, h.entries, h.masks, h.count, scopes), VDC_OK);
        double wanted[VMS_MOST];
        bool done[VMS_MOST] = {false};
        loads_by_definition(&h, all, done, wanted);
        for (uint32_t i = 0; i < h.count; i++) {
            int64_t granted = 0, rate = 0;
            for (uint32_t n = 0; n < h.nodes; n++) rate += scopes[i] >> n & 1 ? h.capacity[n] : 0;
            for (uint32_t j = 0; j < h.count; j++) {
                cr_assert(scopes[j] == scopes[i] || (scopes[j] & scopes[i]) == 0, "run %d: regions overlap", run);
                granted += scopes[j] == scopes[i] ? h.entries[j].grant : 0;
            }
            const double load = (double)granted / (double)rate;
            cr_assert_eq(load, wanted[i], "run %d: VM %u: %g, by the definition %g", run, i, load, wanted[i]);
            uneven += scopes[i] != all;
        }
    }
    cr_assert_gt(uneven, 10000);
}
