/* See part.h. */
#include "sim/parts/part.h"

#define ROW(name) &vdc_part_##name,
const vdc_part *const vdc_parts[VDC_PART_COUNT] = {VDC_PARTS(ROW)};
#undef ROW

vdc_code vdc_parts_open(vdc_simulation *sim, vdc_diag *diag) {
    vdc_code first = VDC_OK;
    for (int i = 0; i < VDC_PART_COUNT; i++) {
        vdc_code code = vdc_parts[i]->open ? vdc_parts[i]->open(sim, diag) : VDC_OK;
        if (!first) first = code;
    }
    return first;
}

void vdc_parts_settle(vdc_simulation *sim) {
    sim->present_count = sim->follower_count = 0;
    for (int i = 0; i < VDC_PART_COUNT; i++) {
        const vdc_part *part = vdc_parts[i];
        if (part->present ? !part->present(sim) : sim->parts[i] == NULL) continue;
        sim->present[sim->present_count++] = part;
        if (part->placed || part->booted || part->removing || part->left) sim->followers[sim->follower_count++] = part;
    }
}

void vdc_parts_close(vdc_simulation *sim) {
    for (int i = 0; i < VDC_PART_COUNT; i++)
        if (vdc_parts[i]->close) vdc_parts[i]->close(sim);
}

vdc_code vdc_parts_begin(vdc_simulation *sim, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (int i = 0; !code && i < sim->present_count; i++)
        if (sim->present[i]->begin) code = sim->present[i]->begin(sim, diag);
    return code;
}

vdc_code vdc_parts_placed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (int i = 0; !code && i < sim->follower_count; i++)
        if (sim->followers[i]->placed) code = sim->followers[i]->placed(sim, slot, diag);
    return code;
}

void vdc_parts_removing(vdc_simulation *sim, uint32_t slot) {
    for (int i = 0; i < sim->follower_count; i++)
        if (sim->followers[i]->removing) sim->followers[i]->removing(sim, slot);
}

void vdc_parts_halted(vdc_simulation *sim, uint32_t slot) {
    for (int i = 0; i < sim->follower_count; i++)
        if (sim->followers[i]->halted) sim->followers[i]->halted(sim, slot);
}

vdc_code vdc_parts_booted(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (int i = 0; !code && i < sim->follower_count; i++)
        if (sim->followers[i]->booted) code = sim->followers[i]->booted(sim, slot, diag);
    return code;
}

void vdc_parts_left(vdc_simulation *sim, uint32_t slot) {
    for (int i = 0; i < sim->follower_count; i++)
        if (sim->followers[i]->left) sim->followers[i]->left(sim, slot);
}

void vdc_parts_advance(vdc_simulation *sim) {
    for (int i = 0; i < sim->present_count; i++)
        if (sim->present[i]->advance) sim->present[i]->advance(sim);
}

vdc_code vdc_parts_tick(vdc_simulation *sim, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (int i = 0; !code && i < sim->present_count; i++)
        if (sim->present[i]->tick) code = sim->present[i]->tick(sim, diag);
    return code;
}

void vdc_parts_check(vdc_simulation *sim) {
    for (int i = 0; i < sim->present_count; i++)
        if (sim->present[i]->check) sim->present[i]->check(sim, &sim->checks);
}

vdc_code vdc_parts_event(vdc_simulation *sim, const vdc_event *event, vdc_diag *diag) {
    return vdc_parts[event->kind - VDC_EVENT_KINDS]->event(sim, event->subject, diag);
}

vdc_code vdc_part_schedule(vdc_simulation *sim, vdc_part_id part, vdc_time time, vdc_rank rank, uint32_t subject, vdc_event_handle *handle,
                           vdc_diag *diag) {
    vdc_event_handle ignored;
    if (vdc_queue_push(sim->events, time, rank, (uint32_t)VDC_EVENT_KINDS + (uint32_t)part, subject, handle ? handle : &ignored))
        return vdc_no_memory(diag, "pending events");
    return VDC_OK;
}
