/* Core scheduling in fluid form (models.md 4.6; after Linux core scheduling): a core runs one cookie at a time.
 *
 * The VMs of one cookie need whole cores for what they may have together; VMs without a cookie are one group of their own. When
 * the cores suffice nobody waits and nothing idles by force. Else cores are divided between the groups by weighted
 * max-min, and each group's share among its VMs by the host's sharing policy. What a cookie's cores offer beyond what its VMs run is forced idle;
 * the group without cookie is never charged.
 */
#include "models/datacenter.h"

typedef struct group {
    uint32_t cookie, count;
    int64_t wanted, weight, promised;
} group;

/* Groups in order of their first member; entries stay in order of arrival within each. */
static uint32_t group_of(group *groups, uint32_t *count, uint32_t cookie) {
    for (uint32_t g = 0; g < *count; g++)
        if (groups[g].cookie == cookie) return g;
    groups[*count] = (group){.cookie = cookie};
    return (*count)++;
}

static int64_t whole_cores(int64_t wanted, int64_t core, int64_t capacity) {
    vdc_wide need = ((vdc_wide)wanted + core - 1) / core * core;
    return need > capacity ? capacity : (int64_t)need;
}

typedef struct divided_cores {
    group *groups;
    vdc_cpu_entry *shares;   /* of the groups */
    vdc_cpu_entry *members;  /* one group's entries */
    uint32_t *member_of;     /* [entry] */
    void *scratch;
} divided_cores;

static bool allocate(divided_cores *division, uint32_t count, size_t scratch) {
    *division = (divided_cores){
        .groups = vdc_calloc((size_t)count + 1, sizeof *division->groups), .shares = vdc_calloc((size_t)count + 1, sizeof *division->shares),
        .members = vdc_calloc((size_t)count + 1, sizeof *division->members), .member_of = vdc_calloc((size_t)count + 1, sizeof *division->member_of),
        .scratch = vdc_malloc(scratch + 1)};
    return division->groups && division->shares && division->members && division->member_of && division->scratch;
}

static void release(divided_cores *division) {
    vdc_free(division->groups);
    vdc_free(division->shares);
    vdc_free(division->members);
    vdc_free(division->member_of);
    vdc_free(division->scratch);
}

/* Shares `capacity` among the entries of one group; returns what they get. */
static int64_t share_group(vdc_datacenter *dc, divided_cores *division, uint32_t g, uint32_t count, int64_t capacity) {
    uint32_t members = 0;
    for (uint32_t i = 0; i < count; i++)
        if (division->member_of[i] == g) division->members[members++] = dc->entries[i];
    dc->sharing.share(dc->sharing.state, capacity, division->members, members, dc->scratch);
    int64_t granted = 0;
    for (uint32_t i = 0, m = 0; i < count; i++)
        if (division->member_of[i] == g) {
            dc->entries[i] = division->members[m++];
            granted += dc->entries[i].grant;
        }
    return granted;
}

/* A domain's forced idle is its VMs', in proportion to what they run; the remainder is the lowest id's. */
static void divide_idle(const vdc_datacenter *dc, const divided_cores *division, uint32_t g, uint32_t count, int64_t idle, int64_t granted,
                        int64_t *forced_idle) {
    int64_t left = idle;
    uint32_t first = count;
    for (uint32_t i = 0; i < count; i++) {
        if (division->member_of[i] != g) continue;
        if (first == count) first = i;
        forced_idle[i] = granted ? (int64_t)((vdc_wide)idle * dc->entries[i].grant / granted) : 0;
        left -= forced_idle[i];
    }
    if (first < count) forced_idle[first] += left;
}

vdc_code vdc_core_scheduling_share(vdc_datacenter *dc, uint32_t h, int64_t capacity, uint32_t count, int64_t *forced_idle) {
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    int64_t core = (int64_t)class->threads * class->speed;
    divided_cores division;
    uint32_t groups = 0;
    if (!allocate(&division, count, vdc_cpu_share_scratch(count))) {
        release(&division);
        return VDC_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t g = group_of(division.groups, &groups, vdc_vm_details_known(dc, dc->entry_slots[i])->cookie);
        division.member_of[i] = g;
        division.groups[g].count++;
        division.groups[g].wanted += vdc_cpu_ceiling(&dc->entries[i]);
        division.groups[g].weight += dc->entries[i].weight;
        division.groups[g].promised += vdc_cpu_floor(&dc->entries[i]);
    }
    for (uint32_t g = 0; g < groups; g++) {
        int64_t need = whole_cores(division.groups[g].wanted, core, capacity);
        division.shares[g] = (vdc_cpu_entry){.demand = need, .nominal = need, .limit = VDC_UNLIMITED, .reservation = division.groups[g].promised,
                                             .weight = division.groups[g].weight, .id = g};
    }
    vdc_cpu_share(capacity, division.shares, groups, division.scratch);
    bool somebody_waits = false;
    for (uint32_t g = 0; g < groups; g++) {
        int64_t share = division.shares[g].grant, granted = share_group(dc, &division, g, count, vdc_least(share, division.groups[g].wanted));
        if (granted < division.groups[g].wanted) somebody_waits = true;
        divide_idle(dc, &division, g, count, division.groups[g].cookie ? share - granted : 0, granted, forced_idle);
    }
    for (uint32_t i = 0; i < count && !somebody_waits; i++) forced_idle[i] = 0;
    release(&division);
    return VDC_OK;
}
