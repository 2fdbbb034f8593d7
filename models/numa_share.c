/* See numa_share.h. The set with the largest excess is that of a minimal cut: grants flow from the VMs, those of one mask together, through the
 * nodes that they may run on; what cannot flow is the excess, and the nodes that it could still reach are the set. */
#include "models/numa_share.h"

#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/units.h"

typedef struct mask_group {
    uint64_t mask;
    int64_t left;              /* Hz of its grants that found no node yet */
} mask_group;

typedef struct flow_work {
    const vdc_numa_regions *regions;  /* for shares; NULL for loads */
    uint32_t nodes;
    int64_t times;             /* what a grant counts against them */
    mask_group *groups;        /* [count] */
    int64_t *flow;             /* [group x nodes] */
    uint32_t *from;            /* [groups + nodes] the search's way back: nodes come from groups and groups from nodes */
    uint32_t *queue;           /* [groups + nodes] */
    vdc_cpu_entry *members;
    uint32_t *order;           /* entries: those of a region stand together */
    uint32_t *spare;
    vdc_cpu_entry *entries;
    const uint64_t *masks;
} flow_work;

static const uint32_t UNSEEN = UINT32_MAX;

static uint32_t gather_groups(flow_work *work, uint32_t begin, uint32_t end, uint64_t scope) {
    uint32_t groups = 0;
    for (uint32_t i = begin; i < end; i++) {
        const uint64_t mask = work->masks[work->order[i]] & scope;
        uint32_t g = 0;
        while (g < groups && work->groups[g].mask != mask) g++;
        if (g == groups) work->groups[groups++] = (mask_group){.mask = mask};
        work->groups[g].left += work->times * work->entries[work->order[i]].grant;
    }
    return groups;
}

/* Breadth first from the groups that have something left; returns the node with room that was reached, or `nodes`. */
static uint32_t reach(flow_work *work, uint32_t groups, const int64_t *room) {
    const uint32_t nodes = work->nodes;
    uint32_t count = 0;
    for (uint32_t i = 0; i < groups + nodes; i++) work->from[i] = UNSEEN;
    for (uint32_t g = 0; g < groups; g++)
        if (work->groups[g].left > 0) work->from[g] = g, work->queue[count++] = g;
    for (uint32_t next = 0; next < count; next++) {
        const uint32_t at = work->queue[next];
        if (at < groups) {
            for (uint64_t left = work->groups[at].mask; left; left &= left - 1) {
                const uint32_t node = (uint32_t)__builtin_ctzll(left);
                if (work->from[groups + node] != UNSEEN) continue;
                work->from[groups + node] = at;
                if (room[node] > 0) return node;
                work->queue[count++] = groups + node;
            }
        } else {
            for (uint32_t g = 0; g < groups; g++)
                if (work->from[g] == UNSEEN && work->flow[(size_t)g * nodes + at - groups] > 0) work->from[g] = at, work->queue[count++] = g;
        }
    }
    return nodes;
}

/* Sends what it can to the node, along the way back. */
static void send(flow_work *work, uint32_t groups, uint32_t node, int64_t *room) {
    const uint32_t nodes = work->nodes;
    int64_t most = room[node];
    for (uint32_t to = node;;) {
        const uint32_t g = work->from[groups + to];
        if (work->from[g] == g) {
            most = work->groups[g].left < most ? work->groups[g].left : most;
            break;
        }
        to = work->from[g] - groups;
        const int64_t back = work->flow[(size_t)g * nodes + to];
        most = back < most ? back : most;
    }
    room[node] -= most;
    for (uint32_t to = node;;) {
        const uint32_t g = work->from[groups + to];
        work->flow[(size_t)g * nodes + to] += most;
        if (work->from[g] == g) {
            work->groups[g].left -= most;
            return;
        }
        to = work->from[g] - groups;
        work->flow[(size_t)g * nodes + to] -= most;
    }
}

/* The nodes whose VMs have most too much for the capacity of each node; 0 = nobody has. */
static uint64_t most_crowded(flow_work *work, uint32_t begin, uint32_t end, uint64_t scope, const int64_t *capacity) {
    const uint32_t nodes = work->nodes, groups = gather_groups(work, begin, end, scope);
    int64_t room[64];
    uint64_t crowded = 0;
    memcpy(room, capacity, nodes * sizeof *room);
    memset(work->flow, 0, (size_t)groups * nodes * sizeof *work->flow);
    for (uint32_t node; (node = reach(work, groups, room)) < nodes;) send(work, groups, node, room);
    for (uint32_t node = 0; node < nodes; node++)
        if (work->from[groups + node] != UNSEEN) crowded |= UINT64_C(1) << node;
    return crowded;
}

/* Those that may run on the crowded nodes only come first; the order of ids stays within both. Returns where the others begin. */
static uint32_t divide(flow_work *work, uint32_t begin, uint32_t end, uint64_t scope, uint64_t crowded) {
    uint32_t inside = begin, outside = 0;
    for (uint32_t i = begin; i < end; i++) {
        if (work->masks[work->order[i]] & scope & ~crowded) work->spare[outside++] = work->order[i];
        else work->order[inside++] = work->order[i];
    }
    memcpy(&work->order[inside], work->spare, outside * sizeof *work->order);
    return inside;
}

static void share_region(flow_work *work, uint32_t begin, uint32_t end, uint64_t scope, int64_t capacity) {
    const vdc_numa_regions *regions = work->regions;
    if (begin == end) return;
    for (uint32_t i = begin; i < end; i++) work->members[i - begin] = work->entries[work->order[i]];
    regions->share(regions->state, capacity, work->members, end - begin, regions->scratch);
    for (uint32_t i = begin; i < end; i++) work->entries[work->order[i]] = work->members[i - begin];
    const uint64_t crowded = most_crowded(work, begin, end, scope, regions->capacity);
    if (!crowded || crowded == scope) return;
    const uint32_t inside = divide(work, begin, end, scope, crowded);
    int64_t there = 0;
    for (uint32_t node = 0; node < regions->nodes; node++) there += crowded >> node & 1 ? regions->capacity[node] : 0;
    share_region(work, begin, inside, crowded, there);
    share_region(work, inside, end, scope & ~crowded, capacity - there);
}

/* The nodes of the scope have the same load, unless some of them have VMs for more: those are a region of their own. */
static void load_region(flow_work *work, const int64_t *rates, uint32_t begin, uint32_t end, uint64_t scope, uint64_t *scopes) {
    int64_t capacity[64], granted = 0;
    if (begin == end) return;
    work->times = 0;
    for (uint32_t i = begin; i < end; i++) granted += work->entries[work->order[i]].grant;
    for (uint32_t node = 0; node < work->nodes; node++) {
        work->times += scope >> node & 1 ? rates[node] : 0;
        capacity[node] = granted * rates[node];
    }
    const uint64_t crowded = most_crowded(work, begin, end, scope, capacity);
    if (!crowded || crowded == scope) {
        for (uint32_t i = begin; i < end; i++) scopes[work->order[i]] = scope;
        return;
    }
    const uint32_t inside = divide(work, begin, end, scope, crowded);
    load_region(work, rates, begin, inside, crowded, scopes);
    load_region(work, rates, inside, end, scope & ~crowded, scopes);
}

static uint64_t all_of(uint32_t nodes) { return nodes < 64 ? (UINT64_C(1) << nodes) - 1 : ~UINT64_C(0); }

static bool open_work(flow_work *work, uint32_t count) {
    const size_t most = count + (size_t)work->nodes + 1;
    work->groups = vdc_calloc(most, sizeof *work->groups);
    work->flow = vdc_calloc(most * work->nodes, sizeof *work->flow);
    work->from = vdc_calloc(most, sizeof *work->from);
    work->queue = vdc_calloc(most, sizeof *work->queue);
    work->members = vdc_calloc(most, sizeof *work->members);
    work->order = vdc_calloc(most, sizeof *work->order);
    work->spare = vdc_calloc(most, sizeof *work->spare);
    const bool ok = work->groups && work->flow && work->from && work->queue && work->members && work->order && work->spare;
    for (uint32_t i = 0; ok && i < count; i++) work->order[i] = i;
    return ok;
}

static void close_work(flow_work *work) {
    vdc_free(work->groups);
    vdc_free(work->flow);
    vdc_free(work->from);
    vdc_free(work->queue);
    vdc_free(work->members);
    vdc_free(work->order);
    vdc_free(work->spare);
}

vdc_code vdc_numa_share_cpu(const vdc_numa_regions *regions, vdc_cpu_entry *entries, const uint64_t *masks, uint32_t count) {
    flow_work work = {.regions = regions, .nodes = regions->nodes, .times = 1, .entries = entries, .masks = masks};
    const bool ok = open_work(&work, count);
    if (ok) share_region(&work, 0, count, all_of(regions->nodes), regions->whole);
    close_work(&work);
    return ok ? VDC_OK : VDC_ERROR_MEMORY;
}

vdc_code vdc_numa_even_load(const int64_t *rates, uint32_t nodes, const vdc_cpu_entry *entries, const uint64_t *masks, uint32_t count, uint64_t *scopes) {
    flow_work work = {.nodes = nodes, .entries = (vdc_cpu_entry *)entries, .masks = masks}; /* which it only reads */
    const bool ok = open_work(&work, count);
    if (ok) load_region(&work, rates, 0, count, all_of(nodes), scopes);
    close_work(&work);
    return ok ? VDC_OK : VDC_ERROR_MEMORY;
}
