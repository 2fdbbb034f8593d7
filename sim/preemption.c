/* Preemption in a run: finds the host where displacing VMs, or standbys of VMs that might be displaced, costs least, and warns or displaces them. */
#include "sim/parts/failover.h"

/* What the VM would lose: its vCPUs times what it ran, or times what it ran since its last checkpoint when it starts again from
 * there. */
static vdc_victim victim_of(const vdc_simulation *sim, uint32_t slot) {
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    vdc_time now = sim->datacenter.now, lost = vdc_progress_lost(&sim->datacenter, slot, sim->scenario->preemption.restart);
    return (vdc_victim){.slot = slot, .request = &record->request, .gpu_devices = record->gpu_devices,
                        .numa_nodes = record->numa_nodes,
                        .ran = now - record->started_at, .lost = (vdc_wide)record->request.size[VDC_CPU] * lost};
}

/* The VMs on the host that the waiting one may displace and that nobody displaces yet, and the standbys of VMs that it may displace; without `displaces`
 * only the latter. The second part of a VM that moves is neither. False when memory is out. */
static bool gather(vdc_simulation *sim, uint32_t host, const vdc_request *request, bool displaces, size_t *count) {
    const vdc_datacenter *dc = &sim->datacenter;
    *count = 0;
    for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        bool held = dc->vms[slot].state == VDC_VM_HELD;
        if (held ? !vdc_failover_is_standby(sim, slot) : !displaces || vdc_vm_details_known(dc, slot)->eviction_event) continue;
        if (!vdc_preemption_allows(&sim->scenario->preemption, request, &dc->records[slot].request)) continue;
        if (!VDC_RESERVE(sim->candidates, sim->candidate_capacity, *count + 1)) return false;
        sim->candidates[*count] = victim_of(sim, slot);
        sim->candidates[(*count)++].standby = held;
    }
    return true;
}

/* Does no rule, guarantee or reservation keep the VM from the host once those who would leave are gone? */
static bool is_open(vdc_simulation *sim, uint32_t host, const vdc_request *request, size_t victims) {
    const vdc_admission_hooks *admission = &sim->admission.policy->admission;
    if (sim->behind_blocked && !admission->allows(sim->admission.state, vdc_search_view(sim->search), host, request)) return false;
    for (size_t i = 0; i < victims; i++) vdc_set_aside(sim, sim->candidates[i].slot);
    const bool open = vdc_may_come(sim, host, request);
    for (size_t i = victims; i-- > 0;) vdc_put_back(sim, sim->candidates[i].slot);
    return open;
}

/* Fills `chosen` with the slots to be displaced or withdrawn, and *count with their number. */
static vdc_code choose_victims(vdc_simulation *sim, const vdc_request *request, bool displaces, size_t *count, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_victim_cost least = {0};
    *count = 0;
    for (uint32_t host = 0; host < dc->hosts.count; host++) {
        size_t candidates, victims;
        vdc_victim_cost cost;
        if (dc->hosts.state[host] != VDC_HOST_UP || !vdc_host_class_fits(&dc->hosts, dc->hosts.class_of[host], request)) continue;
        if (!gather(sim, host, request, displaces, &candidates)) return vdc_no_memory(diag, "preemption");
        if (candidates == 0) continue;
        victims = vdc_preemption_choose(&sim->scenario->preemption, &dc->hosts, host, request, sim->candidates, candidates,
                                        &cost);
        if (victims == 0 || (*count > 0 && !vdc_victim_cost_less(&cost, &least)) ||
            !is_open(sim, host, request, victims)) continue;
        if (!VDC_RESERVE(sim->chosen, sim->chosen_capacity, victims)) return vdc_no_memory(diag, "preemption");
        for (size_t i = 0; i < victims; i++) sim->chosen[i] = sim->candidates[i].slot;
        *count = victims;
        least = cost;
    }
    return VDC_OK;
}

/* Will it still be waiting when the notice is over? */
static bool can_wait(const vdc_simulation *sim, const vdc_vm_record *record) {
    vdc_time timeout = sim->scenario->admission_timeout, waited = sim->datacenter.now - record->queued_at;
    return timeout < 0 || record->first_start >= 0 || sim->scenario->preemption.notice <= timeout - waited;
}

vdc_code vdc_preempt(vdc_simulation *sim, uint32_t slot, bool *made_room, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_preemption *preemption = &sim->scenario->preemption;
    bool displaces = vdc_vm_details_known(dc, slot)->displacing_until <= dc->now && can_wait(sim, &dc->records[slot]);
    size_t count, warned = 0;
    *made_room = false;
    if (!displaces && vdc_failover_standing(sim) == 0) return VDC_OK;
    vdc_code code = choose_victims(sim, &dc->records[slot].request, displaces, &count, diag);
    vdc_time end = vdc_later(dc->now, preemption->notice);
    for (size_t i = 0; !code && i < count; i++) {
        uint32_t victim = sim->chosen[i];
        if (dc->vms[victim].state == VDC_VM_HELD) continue;
        if (preemption->notice == 0) {
            code = vdc_run_displace(sim, victim, diag);
            continue;
        }
        warned++;
        vdc_vm_details_of(dc, slot)->displacing_until = end;
        if (vdc_queue_push(sim->events, end, VDC_RANK_OPERATION, VDC_EVENT_EVICTION, victim, &vdc_vm_details_of(dc, victim)->eviction_event))
            return vdc_no_memory(diag, "pending events");
    }
    if (code || warned > 0) return code; /* standbys among them stay as long as the notice lasts */
    for (size_t i = 0; i < count; i++)
        if (dc->vms[sim->chosen[i]].state == VDC_VM_HELD) (void)vdc_failover_lost(sim, sim->chosen[i]);
    *made_room = count > 0;
    return VDC_OK;
}

void vdc_note_displaced(vdc_simulation *sim, uint32_t slot) {
    sim->displaced++;
    sim->displaced_work += victim_of(sim, slot).lost;
}
