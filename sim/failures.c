/* Hosts fail and come back: what becomes of them and of their VMs. */
#include <stdlib.h>

#include "sim/operations.h"
#include "sim/results/results.h"

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

/* Its host failed: the VM starts again elsewhere, if the recovery policy brings it back. */
static vdc_code fail_vm(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_run_stop(sim, slot);
    uint32_t failures = ++dc->records[slot].failures;
    if (sim->scenario->recovery == VDC_RECOVERY_NONE) return vdc_run_leave(sim, slot, VDC_VM_LOST, diag);
    if (sim->scenario->max_failures > 0 && failures >= (uint64_t)sim->scenario->max_failures) return vdc_run_leave(sim, slot, VDC_VM_FAILED, diag);
    return vdc_run_enqueue(sim, slot, diag);
}

/* The VMs of a host that goes down leave it in order of arrival. */
static vdc_code fail_host(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_code code = vdc_results_event(sim, "host failed", -1, host, diag);
    while (!code && dc->first_vm[host] != VDC_NOWHERE) {
        uint32_t earliest = dc->first_vm[host];
        for (uint32_t slot = earliest; slot != VDC_NOWHERE; slot = dc->vms[slot].next)
            if (dc->records[slot].request.number < dc->records[earliest].request.number) earliest = slot;
        /* The second part of one that moves: it stays where it runs, unless pages were still to be fetched from here. */
        if (dc->vms[earliest].state == VDC_VM_HELD) {
            earliest = dc->lifecycle->vms[earliest].other;
            if (vdc_migration_abort(sim, earliest, "the host that it was going to failed", diag)) continue;
        }
        code = fail_vm(sim, earliest, diag);
    }
    if (dc->lifecycle) vdc_operations_host_fails(sim, host);
    vdc_datacenter_host_state(dc, host, VDC_HOST_DOWN);
    vdc_run_host_changed(sim, host);
    return code;
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
    for (uint32_t i = 0; i < hit; i++) {
        vdc_code code = fail_host(sim, sim->victims[i], diag);
        if (code) return code;
    }
    return vdc_run_push(sim, vdc_later(dc->now, row->duration), VDC_RANK_HOST_RECOVERY, VDC_EVENT_RECOVERY, 0, NULL, diag);
}

vdc_code vdc_failures_recover(vdc_simulation *sim, vdc_diag *diag) {
    for (size_t i = 0; i < sim->victim_count; i++) {
        uint32_t host = sim->victims[i];
        vdc_datacenter_host_state(&sim->datacenter, host, VDC_HOST_UP);
        vdc_run_host_changed(sim, host);
        vdc_code code = vdc_results_event(sim, "host recovered", -1, host, diag);
        if (code) return code;
    }
    sim->victim_count = 0;
    vdc_run_wake(sim);
    return vdc_failures_next(sim, sim->datacenter.now, diag);
}
