/* See activity.h. */
#include "sim/parts/activity.h"

void vdc_activities_setup(vdc_activities *acts, vdc_part_id part, vdc_code (*begin)(vdc_simulation *, uint32_t, vdc_diag *),
                          vdc_code (*end)(vdc_simulation *, uint32_t, vdc_diag *)) {
    *acts = (vdc_activities){.part = part, .begin = begin, .end = end, .unused = VDC_NOWHERE};
}

void vdc_activities_free(vdc_activities *acts) {
    vdc_free(acts->items);
    vdc_free(acts->first);
}

static vdc_code schedule(vdc_activities *acts, vdc_simulation *sim, uint32_t index, vdc_time span, vdc_diag *diag) {
    vdc_time now = sim->datacenter.now;
    if (span > VDC_TIME_MAX - 1 - now) return VDC_OK;
    return vdc_part_schedule(sim, acts->part, now + span, VDC_RANK_CHANGE, index, &acts->items[index].event, diag);
}

vdc_code vdc_activities_start(vdc_activities *acts, vdc_simulation *sim, uint32_t slot, uint32_t item, const vdc_io_pattern *pattern, vdc_diag *diag) {
    size_t known = acts->slots;
    if (!VDC_RESERVE(acts->first, acts->slots, (size_t)slot + 1)) return vdc_no_memory(diag, "what VMs do");
    for (; known < acts->slots; known++) acts->first[known] = VDC_NOWHERE;
    uint32_t index = acts->unused;
    if (index != VDC_NOWHERE) {
        acts->unused = acts->items[index].next;
    } else {
        if (!VDC_RESERVE(acts->items, acts->capacity, acts->count + 1)) return vdc_no_memory(diag, "what VMs do");
        index = (uint32_t)acts->count++;
    }
    acts->items[index] = (vdc_activity){.pattern = pattern, .slot = slot, .item = item, .next = acts->first[slot], .stream = VDC_NOWHERE};
    acts->first[slot] = index;
    return schedule(acts, sim, index, pattern->at, diag);
}

vdc_code vdc_activities_event(vdc_activities *acts, vdc_simulation *sim, uint32_t index, vdc_diag *diag) {
    vdc_activity *act = &acts->items[index];
    const vdc_io_pattern *pattern = act->pattern;
    act->event = 0;
    if (act->on) {
        act->on = false;
        vdc_code code = acts->end(sim, index, diag);
        return code || !pattern->every ? code : schedule(acts, sim, index, pattern->every - pattern->length, diag);
    }
    act->times++;
    act->on = pattern->rate > 0;
    vdc_code code = acts->begin(sim, index, diag);
    if (code) return code;
    if (pattern->rate > 0) return pattern->length == VDC_FOREVER ? VDC_OK : schedule(acts, sim, index, pattern->length, diag);
    return pattern->every ? schedule(acts, sim, index, pattern->every, diag) : VDC_OK;
}

/* It ends, and its entry is free. */
static vdc_code stop(vdc_activities *acts, vdc_simulation *sim, uint32_t index, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    if (acts->items[index].event) vdc_queue_cancel(sim->events, acts->items[index].event);
    if (acts->items[index].on) code = acts->end(sim, index, diag);
    acts->items[index] = (vdc_activity){.slot = VDC_NOWHERE, .next = acts->unused, .stream = VDC_NOWHERE};
    acts->unused = index;
    return code;
}

vdc_code vdc_activities_stop_item(vdc_activities *acts, vdc_simulation *sim, uint32_t slot, uint32_t item, vdc_diag *diag) {
    if (slot >= acts->slots) return VDC_OK;
    for (uint32_t *link = &acts->first[slot]; *link != VDC_NOWHERE; link = &acts->items[*link].next) {
        uint32_t index = *link;
        if (acts->items[index].item != item) continue;
        *link = acts->items[index].next;
        return stop(acts, sim, index, diag);
    }
    return VDC_OK;
}

vdc_code vdc_activities_stop(vdc_activities *acts, vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    if (slot >= acts->slots) return VDC_OK;
    for (uint32_t index = acts->first[slot], next; index != VDC_NOWHERE; index = next) {
        next = acts->items[index].next;
        vdc_code stopped = stop(acts, sim, index, diag);
        if (!code) code = stopped;
    }
    acts->first[slot] = VDC_NOWHERE;
    return code;
}
