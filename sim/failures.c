/* Hosts fail and come back: what becomes of them and of their VMs.
 *
 * A host is in any number of outages at a time (its own failure, its rack's, maintenance) and is down until the last one is over. Which
 * outages there are is decided elsewhere: by failures.trace (here), by components that break (parts/availability.c), by planned waves
 * (parts/maintenance.c).
 */
#include <stdlib.h>

#include "sim/operations.h"
#include "sim/parts/availability.h"
#include "sim/parts/failover.h"
#include "sim/results/results.h"

/* ---- VMs ---- */

/* What a VM that starts again loses: its vCPUs times the time since its start or, where it takes any, its last checkpoint. */
static vdc_wide work_at_stake(const vdc_simulation *sim, uint32_t slot) {
    return (vdc_wide)sim->datacenter.records[slot].request.size[VDC_CPU] * vdc_progress_lost(&sim->datacenter, slot, true);
}

/* It holds nothing and waits for no host, but is to come back. */
static vdc_code wait_down(vdc_simulation *sim, uint32_t slot, uint32_t host, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_availability_state *state = vdc_availability_of(sim);
    if (!VDC_RESERVE(state->down, state->down_capacity, slot + (size_t)1)) return vdc_no_memory(diag, "the VMs that are down");
    vdc_down_vm *down = &state->down[slot];
    *down = (vdc_down_vm){.host = host, .next = VDC_NOWHERE};
    dc->vms[slot].state = VDC_VM_DOWN;
    if (dc->lifecycle) vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_DOWN);
    sim->population.down++;
    bool ends = vdc_request_ends(&dc->records[slot].request);
    if (ends) sim->with_end++;
    if (host == VDC_NOWHERE)
        return vdc_part_schedule(sim, VDC_PART_availability, vdc_later(dc->now, sim->scenario->detect), VDC_RANK_OPERATION,
                                 VDC_AVAILABILITY_EVENT(VDC_AVAILABILITY_NOTICED, slot), &down->event, diag);
    state->down_with_end += ends;
    down->next = state->first_down[host];
    state->first_down[host] = slot;
    return VDC_OK;
}

static void end_down(vdc_simulation *sim, uint32_t slot) {
    bool ends = vdc_request_ends(&sim->datacenter.records[slot].request);
    sim->population.down--;
    if (ends) sim->with_end--;
    vdc_availability_state *state = vdc_availability_of(sim);
    if (state->down[slot].host != VDC_NOWHERE) state->down_with_end -= ends;
}

vdc_code vdc_failures_vm_noticed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    end_down(sim, slot);
    return vdc_run_enqueue(sim, slot, diag);
}

vdc_code vdc_failures_vm_down(vdc_simulation *sim, uint32_t slot, vdc_outage outage, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_scenario *scenario = sim->scenario;
    vdc_vm_record *record = &dc->records[slot];
    vdc_availability_state *state = vdc_availability_of(sim);
    bool planned = outage == VDC_OUTAGE_MAINTENANCE;
    uint32_t host = dc->vms[slot].host;
    bool taken;
    vdc_code taking = vdc_failover_take_over(sim, slot, outage, &taken, diag);
    if (taking || taken) return taking;
    if (state) {
        state->lost_work += work_at_stake(sim, slot);
        vdc_availability_change(&state->book, slot, VDC_DOWN, outage, dc->now);
        vdc_code code = vdc_results_event(sim, planned ? "stopped for maintenance" : "down with its host", record->request.id, host, diag);
        if (code) return code;
    }
    vdc_run_stop(sim, slot);
    if (!planned) {
        uint32_t failures = ++record->failures;
        if (scenario->recovery == VDC_RECOVERY_NONE) return vdc_run_leave(sim, slot, VDC_VM_LOST, diag);
        if (scenario->max_failures > 0 && failures >= (uint64_t)scenario->max_failures) return vdc_run_leave(sim, slot, VDC_VM_FAILED, diag);
    }
    if (scenario->recovery == VDC_RECOVERY_IN_PLACE) return wait_down(sim, slot, host, diag);
    if (scenario->detect > 0 && !planned) return wait_down(sim, slot, VDC_NOWHERE, diag);
    return vdc_run_enqueue(sim, slot, diag);
}

uint32_t vdc_failures_next_vm(const vdc_simulation *sim, uint32_t host, int64_t after) {
    const vdc_datacenter *dc = &sim->datacenter;
    uint32_t next = VDC_NOWHERE;
    for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        int64_t number = dc->records[slot].request.number;
        if (after >= -1 && dc->vms[slot].state == VDC_VM_HELD) continue;
        if (number > after && (next == VDC_NOWHERE || number < dc->records[next].request.number)) next = slot;
    }
    return next;
}

vdc_code vdc_failures_restart_elsewhere(vdc_simulation *sim, uint32_t slot, vdc_outage outage, bool *left, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_decision decision;
    vdc_code code = vdc_run_decide(sim, slot, &decision, left, diag);
    if (code || !*left) return code;
    vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_request *request = &dc->records[slot].request;
    state->lost_work += work_at_stake(sim, slot);
    vdc_availability_change(&state->book, slot, VDC_DOWN, outage, dc->now);
    code = vdc_results_event(sim, "restarted elsewhere", request->id, dc->vms[slot].host, diag);
    if (code) return code;
    vdc_run_stop(sim, slot);
    code = vdc_run_enqueue(sim, slot, diag);
    return code ? code : vdc_run_start(sim, slot, &decision, diag);
}

/* ---- hosts ---- */

vdc_code vdc_failures_migrate(vdc_simulation *sim, uint32_t slot, bool *left, vdc_diag *diag) {
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_vm_state state = (vdc_vm_state)dc->vms[slot].state;
    const char *refusal = NULL;
    *left = false;
    if ((state != VDC_VM_RUNNING && state != VDC_VM_PAUSED) || dc->lifecycle->vms[slot].migration != VDC_NOWHERE) return VDC_OK;
    vdc_code code = vdc_migrate(sim, slot, VDC_NOWHERE, -1, NULL, &refusal, diag);
    *left = !code && !refusal;
    return code;
}

vdc_code vdc_failures_empty_host(vdc_simulation *sim, uint32_t host, vdc_outage outage, int64_t *stopped, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (uint32_t slot; !code && (slot = vdc_failures_next_vm(sim, host, -2)) != VDC_NOWHERE;) {
        /* The second part of one that moves: it stays where it runs, unless pages were still to be fetched from here. */
        if (sim->datacenter.vms[slot].state == VDC_VM_HELD) {
            if (vdc_failover_lost(sim, slot)) continue;
            slot = sim->datacenter.lifecycle->vms[slot].other;
            if (vdc_migration_abort(sim, slot, "the host that it was going to failed", diag)) continue;
        }
        code = vdc_failures_vm_down(sim, slot, outage, diag);
        if (stopped) ++*stopped;
    }
    return code;
}

/* What the outages and cordons of a host make of it. */
static void set_host(vdc_simulation *sim, uint32_t host) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_availability_state *state = vdc_availability_of(sim);
    vdc_host_state now = (vdc_host_state)dc->hosts.state[host], next = VDC_HOST_UP;
    if (state->covered[host]) next = VDC_HOST_DOWN;
    else if (state->was_off[host] || now == VDC_HOST_OFF) next = VDC_HOST_OFF;
    else if (state->cordons[host]) next = VDC_HOST_CORDONED;
    if (next == now) return;
    vdc_datacenter_host_state(dc, host, next);
    vdc_run_host_changed(sim, host);
}

void vdc_failures_cordon(vdc_simulation *sim, uint32_t host, int change) {
    vdc_availability_state *state = vdc_availability_of(sim);
    state->cordons[host] = (uint16_t)(state->cordons[host] + change);
    set_host(sim, host);
    if (change < 0) vdc_run_wake(sim);
}

/* What can be promised changes with the hosts. */
static void capacity_changed(vdc_simulation *sim, uint32_t host, int sign) {
    vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    for (int r = 0; r < VDC_RESOURCES; r++) state->capacity[r] += sign * (vdc_wide)hosts->classes[hosts->class_of[host]].capacity[r];
}

vdc_code vdc_failures_host_down(vdc_simulation *sim, uint32_t host, vdc_outage outage, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_availability_state *state = vdc_availability_of(sim);
    if (state && state->covered[host]++ > 0) return VDC_OK;
    vdc_code code = vdc_results_event(sim, outage == VDC_OUTAGE_MAINTENANCE ? "host down for maintenance" : "host failed", -1, host, diag);
    if (state) {
        state->was_off[host] = dc->hosts.state[host] == VDC_HOST_OFF;
        state->host_failures += outage != VDC_OUTAGE_MAINTENANCE;
        vdc_availability_host_down(&state->book, host, outage, dc->now);
        capacity_changed(sim, host, -1);
    }
    if (!code) code = vdc_failures_empty_host(sim, host, outage, NULL, diag);
    if (dc->lifecycle) vdc_operations_host_fails(sim, host);
    vdc_datacenter_host_state(dc, host, VDC_HOST_DOWN);
    vdc_run_host_changed(sim, host);
    return code;
}

/* Its VMs start again where they were, in order of their failure; those that may not wait for another host. */
static vdc_code restart_in_place(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_availability_state *state = vdc_availability_of(sim);
    uint32_t first = VDC_NOWHERE;
    for (uint32_t slot = state->first_down[host], next; slot != VDC_NOWHERE; slot = next) {
        next = state->down[slot].next;
        state->down[slot].next = first;
        first = slot;
    }
    state->first_down[host] = VDC_NOWHERE;
    vdc_code code = VDC_OK;
    for (uint32_t slot = first, next; !code && slot != VDC_NOWHERE; slot = next) {
        const vdc_request *request = &dc->records[slot].request;
        vdc_decision decision = {.host = host};
        next = state->down[slot].next;
        end_down(sim, slot);
        code = vdc_run_enqueue(sim, slot, diag);
        if (code) break;
        bool fits = vdc_host_fits(&dc->hosts, host, request) && vdc_host_assign(&dc->hosts, host, request, &decision.gpu_devices, &decision.numa_nodes)
                    && vdc_may_come(sim, host, request);
        if (fits) code = vdc_run_start(sim, slot, &decision, diag);
    }
    return code;
}

vdc_code vdc_failures_host_up(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_availability_state *state = vdc_availability_of(sim);
    if (!state) {
        vdc_datacenter_host_state(dc, host, VDC_HOST_UP);
        vdc_run_host_changed(sim, host);
        return vdc_results_event(sim, "host recovered", -1, host, diag);
    }
    if (--state->covered[host] > 0) return VDC_OK;
    state->recoveries++;
    vdc_availability_host_up(&state->book, host, dc->now);
    capacity_changed(sim, host, 1);
    set_host(sim, host);
    state->was_off[host] = false;
    vdc_code code = vdc_results_event(sim, "host recovered", -1, host, diag);
    if (!code && state->first_down[host] != VDC_NOWHERE) code = restart_in_place(sim, host, diag);
    return code;
}

/* ---- failures.trace ---- */

vdc_code vdc_failures_next(vdc_simulation *sim, vdc_time after_time, vdc_diag *diag) {
    const vdc_failure_list *failures = &sim->scenario->failures;
    if (sim->failure_row >= failures->count) {
        if (!sim->scenario->failures_repeat || failures->count == 0) return VDC_OK;
        sim->failure_row = 0;
    }
    vdc_time at = vdc_later(after_time, failures->rows[sim->failure_row].wait);
    if (at == VDC_TIME_MAX) return VDC_OK;
    sim->background_events++;
    return vdc_run_push(sim, at, VDC_RANK_HOST_FAILURE, VDC_EVENT_FAILURE, 0, NULL, diag);
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

vdc_code vdc_failures_row(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_failure *row = &sim->scenario->failures.rows[sim->failure_row++];
    uint32_t up = 0;
    for (uint32_t h = 0; h < dc->hosts.count; h++)
        if (dc->hosts.state[h] != VDC_HOST_DOWN) sim->victims[up++] = h;
    uint64_t wanted = ((uint64_t)row->share_ppb * dc->hosts.count + VDC_SHARE_ALL / 2) / VDC_SHARE_ALL;
    uint32_t hit = wanted >= up ? up : (uint32_t)wanted;
    for (uint32_t i = 0; i < hit; i++) {
        uint32_t j = i + (uint32_t)vdc_stream_below(&sim->failure_stream, up - i), chosen = sim->victims[j];
        sim->victims[j] = sim->victims[i];
        sim->victims[i] = chosen;
    }
    qsort(sim->victims, hit, sizeof *sim->victims, by_number);
    sim->victim_count = hit;
    if (vdc_availability_of(sim)) vdc_availability_shock(&vdc_availability_of(sim)->book);
    for (uint32_t i = 0; i < hit; i++) {
        vdc_code code = vdc_failures_host_down(sim, sim->victims[i], VDC_OUTAGE_TRACE, diag);
        if (code) return code;
    }
    return vdc_run_push(sim, vdc_later(dc->now, row->duration), VDC_RANK_HOST_RECOVERY, VDC_EVENT_RECOVERY, 0, NULL, diag);
}

vdc_code vdc_failures_recover(vdc_simulation *sim, vdc_diag *diag) {
    for (size_t i = 0; i < sim->victim_count; i++) {
        vdc_code code = vdc_failures_host_up(sim, sim->victims[i], diag);
        if (code) return code;
    }
    sim->victim_count = 0;
    vdc_run_wake(sim);
    return vdc_failures_next(sim, sim->datacenter.now, diag);
}
