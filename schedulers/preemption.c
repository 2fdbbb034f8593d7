/* Whom to displace: see preemption.h. */
#include "schedulers/preemption.h"

#include <stdlib.h>

const char *const vdc_victim_rule_names[] = {"lowest-priority", "youngest", "least-lost-work", NULL};

bool vdc_preemption_allows(const vdc_preemption *preemption, const vdc_request *request, const vdc_request *victim) {
    if (victim->priority >= request->priority) return false;
    bool named = preemption->class_count == 0;
    for (size_t i = 0; i < preemption->class_count; i++) named = named || preemption->classes[i] == victim->priority;
    return named;
}

static int compare(vdc_wide a, vdc_wide b) {
    return a < b ? -1 : a > b;
}

/* The later arrival first, so that the order is total. */
static int by_number(const vdc_victim *a, const vdc_victim *b) {
    return compare(b->request->number, a->request->number);
}

static int standbys_first(const vdc_victim *a, const vdc_victim *b) {
    return (int)b->standby - (int)a->standby;
}

static int by_age(const void *left, const void *right) {
    const vdc_victim *a = left, *b = right;
    int order = standbys_first(a, b);
    if (!order) order = compare(a->ran, b->ran);
    return order ? order : by_number(a, b);
}

static int by_priority(const void *left, const void *right) {
    const vdc_victim *a = left, *b = right;
    int order = standbys_first(a, b);
    if (!order) order = compare(a->request->priority, b->request->priority);
    return order ? order : by_age(a, b);
}

static int by_lost_work(const void *left, const void *right) {
    const vdc_victim *a = left, *b = right;
    int order = standbys_first(a, b);
    if (!order) order = compare(a->lost, b->lost);
    return order ? order : by_number(a, b);
}

static int (*const orders[])(const void *, const void *) = {by_priority, by_age, by_lost_work};

static void give(vdc_hosts *hosts, uint32_t host, const vdc_victim *victim) {
    vdc_host_give(hosts, host, victim->request, victim->gpu_devices, victim->numa_nodes);
}

static void take(vdc_hosts *hosts, uint32_t host, const vdc_victim *victim) {
    vdc_host_take(hosts, host, victim->request, victim->gpu_devices, victim->numa_nodes);
}

static vdc_victim_cost cost_of(const vdc_preemption *preemption, const vdc_victim *victims, size_t count) {
    vdc_wide lost = 0, oldest = 0, priority = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        if (victims[i].standby) continue;
        lost += victims[i].lost;
        if (victims[i].ran > oldest) oldest = victims[i].ran;
        if (victims[i].request->priority > priority) priority = victims[i].request->priority;
    }
    switch ((vdc_victim_rule)preemption->rule) {
    case VDC_VICTIM_LOWEST_PRIORITY: return (vdc_victim_cost){priority, lost, count};
    case VDC_VICTIM_YOUNGEST: return (vdc_victim_cost){oldest, lost, count};
    case VDC_VICTIM_LEAST_LOST_WORK: break;
    }
    return (vdc_victim_cost){lost, 0, count};
}

size_t vdc_preemption_choose(const vdc_preemption *preemption, vdc_hosts *hosts, uint32_t host, const vdc_request *request,
                             vdc_victim *candidates, size_t count, vdc_victim_cost *cost) {
    qsort(candidates, count, sizeof *candidates, orders[preemption->rule]);
    size_t taken = 0, chosen = 0;
    bool fits = false;
    while (!fits && taken < count) {
        give(hosts, host, &candidates[taken++]);
        fits = vdc_host_fits(hosts, host, request);
    }
    /* From the dearest down: who need not go after all stays. The others gather at the end of those looked at. */
    for (size_t i = taken, kept = taken; fits && i-- > 0;) {
        take(hosts, host, &candidates[i]);
        if (vdc_host_fits(hosts, host, request)) {
            vdc_victim spared = candidates[i];
            for (size_t k = i; k + 1 < kept; k++) candidates[k] = candidates[k + 1];
            candidates[--kept] = spared;
        } else {
            give(hosts, host, &candidates[i]);
        }
        chosen = kept;
    }
    for (size_t i = 0; i < (fits ? chosen : taken); i++) take(hosts, host, &candidates[i]);
    if (fits) *cost = cost_of(preemption, candidates, chosen);
    return fits ? chosen : 0;
}

bool vdc_victim_cost_less(const vdc_victim_cost *a, const vdc_victim_cost *b) {
    int order = compare(a->first, b->first);
    if (!order) order = compare(a->second, b->second);
    return order ? order < 0 : a->victims < b->victims;
}
