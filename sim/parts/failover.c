/* See failover.h. */
#include "sim/parts/failover.h"

#include <string.h>

#include "sim/operations.h"
#include "sim/parts/availability.h"
#include "sim/results/results.h"
#include "sim/results/totals.h"

typedef enum protection { UNPROTECTED, MISSING, STANDING } protection;

typedef struct failover_state {
    uint8_t *vms;             /* [slot] protection; UNPROTECTED: it does not run, so needs none */
    size_t vm_count, vm_capacity;
    uint32_t *missing;        /* slots of VMs that want a standby and have none, by arrival */
    size_t missing_count, missing_capacity;
    int64_t held_now;         /* milli-vCPU of standbys */
    vdc_time since;           /* the integrals hold up to here */
    vdc_wide held, without;   /* milli-vCPU·ns of standbys; VM·ns without one */
    int64_t standing, placed, takeovers;
} failover_state;

static failover_state *state_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_failover]; }

static void advance(vdc_simulation *sim) {
    failover_state *state = state_of(sim);
    vdc_time span = sim->datacenter.now - state->since;
    state->since = sim->datacenter.now;
    state->held += (vdc_wide)state->held_now * span;
    state->without += (vdc_wide)state->missing_count * span;
}

/* ---- who has one ---- */

static vdc_code miss(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    failover_state *state = state_of(sim);
    const vdc_vm_record *records = sim->datacenter.records;
    if (!VDC_RESERVE(state->vms, state->vm_capacity, slot + (size_t)1) || !VDC_RESERVE(state->missing, state->missing_capacity, state->missing_count + 1))
        return vdc_no_memory(diag, "standbys");
    while (state->vm_count <= slot) state->vms[state->vm_count++] = UNPROTECTED;
    sim->pass_wanted = sim->pass_wanted || state->vms[slot] != STANDING;
    if (state->vms[slot] != UNPROTECTED) return VDC_OK;
    advance(sim);
    size_t at = state->missing_count++;
    for (; at > 0 && records[state->missing[at - 1]].request.number > records[slot].request.number; at--) state->missing[at] = state->missing[at - 1];
    state->missing[at] = slot;
    state->vms[slot] = MISSING;
    sim->standbys_missing++;
    return VDC_OK;
}

static void no_longer_missing(vdc_simulation *sim, uint32_t slot, protection now) {
    failover_state *state = state_of(sim);
    size_t at = 0;
    advance(sim);
    while (state->missing[at] != slot) at++;
    memmove(state->missing + at, state->missing + at + 1, (--state->missing_count - at) * sizeof *state->missing);
    state->vms[slot] = (uint8_t)now;
    sim->standbys_missing--;
}

static bool is(const vdc_simulation *sim, uint32_t slot, protection wanted) {
    const failover_state *state = state_of(sim);
    return state && slot < state->vm_count && state->vms[slot] == wanted;
}

/* Its standby holds nothing any more. */
static void drop(vdc_simulation *sim, uint32_t slot) {
    vdc_datacenter *dc = &sim->datacenter;
    failover_state *state = state_of(sim);
    uint32_t part = dc->lifecycle->vms[slot].other, host = dc->vms[part].host;
    advance(sim);
    state->held_now -= dc->records[part].request.size[VDC_CPU];
    vdc_lifecycle_drop(dc, slot, sim->population.finished);
    vdc_run_host_changed(sim, host);
    state->vms[slot] = UNPROTECTED;
    state->standing--;
}

void vdc_failover_withdraw(vdc_simulation *sim, uint32_t slot) {
    if (!is(sim, slot, STANDING)) return;
    drop(sim, slot);
    (void)miss(sim, slot, NULL); /* there was room for it in the list before */
    vdc_run_wake(sim);
}

bool vdc_failover_is_standby(const vdc_simulation *sim, uint32_t part) {
    uint32_t slot = state_of(sim) ? sim->datacenter.lifecycle->vms[part].other : VDC_NOWHERE;
    return slot != VDC_NOWHERE && is(sim, slot, STANDING);
}

bool vdc_failover_lost(vdc_simulation *sim, uint32_t part) {
    if (!vdc_failover_is_standby(sim, part)) return false;
    vdc_failover_withdraw(sim, sim->datacenter.lifecycle->vms[part].other);
    return true;
}

void vdc_failover_leave(vdc_simulation *sim, uint32_t host) {
    const vdc_datacenter *dc = &sim->datacenter;
    for (uint32_t slot = dc->hosts.account[host].first_vm, next; state_of(sim) && slot != VDC_NOWHERE; slot = next) {
        next = dc->vms[slot].next;
        if (dc->vms[slot].state == VDC_VM_HELD) (void)vdc_failover_lost(sim, slot);
    }
}

/* ---- placing ---- */

/* What a standby asks for: all that the VM does, and a place to run on at once, as much of it as the VM may use on the fastest hosts. */
static vdc_request standby_of(const vdc_simulation *sim, uint32_t slot) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    vdc_request request = sim->datacenter.records[slot].request;
    for (uint16_t k = 0; k < hosts->class_count; k++) {
        int64_t whole = (int64_t)((vdc_wide)request.size[VDC_CPU] * hosts->classes[k].speed / 1000);
        if (whole > request.cpu_reservation) request.cpu_reservation = whole;
    }
    if (request.cpu_limit != VDC_UNLIMITED) request.cpu_reservation = vdc_least(request.cpu_reservation, request.cpu_limit);
    return request;
}

static vdc_code seek(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    failover_state *state = state_of(sim);
    vdc_vm_state now = (vdc_vm_state)dc->vms[slot].state;
    const vdc_vm_lifecycle *life = &dc->lifecycle->vms[slot];
    if ((now != VDC_VM_RUNNING && now != VDC_VM_PAUSED) || life->migration != VDC_NOWHERE || life->phase_event) return VDC_OK;
    vdc_request request = standby_of(sim, slot);
    vdc_decision decision;
    bool found = false;
    uint32_t part;
    vdc_code code = vdc_choose_elsewhere(sim, slot, &request, &decision, &found, diag);
    if (code || !found || !vdc_host_assign(&dc->hosts, (uint32_t)decision.host, &request, &decision.gpu_devices, &decision.numa_nodes)) return code;
    uint32_t host = (uint32_t)decision.host;
    if (vdc_lifecycle_hold(dc, slot, &request, host, decision.gpu_devices, decision.numa_nodes, true, sim->scenario->migration.shared_storage, &part))
        return vdc_no_memory(diag, "a standby");
    no_longer_missing(sim, slot, STANDING);
    state->held_now += request.size[VDC_CPU];
    state->placed++;
    state->standing++;
    vdc_run_host_changed(sim, host);
    return vdc_results_event(sim, "standby placed", request.id, host, diag);
}

vdc_code vdc_failover_serve(vdc_simulation *sim, vdc_diag *diag) {
    failover_state *state = state_of(sim);
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < state->missing_count;) {
        size_t before = state->missing_count;
        code = seek(sim, state->missing[i], diag);
        if (state->missing_count == before) i++;
    }
    return code;
}

vdc_code vdc_failover_take_over(vdc_simulation *sim, uint32_t slot, vdc_outage outage, bool *taken, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    bool runs = dc->vms[slot].state == VDC_VM_RUNNING;
    *taken = is(sim, slot, STANDING) && (runs || dc->vms[slot].state == VDC_VM_PAUSED) && !dc->lifecycle->vms[slot].phase_event;
    if (!*taken) return VDC_OK;
    uint32_t part = dc->lifecycle->vms[slot].other;
    vdc_decision to = {.host = dc->vms[part].host, .gpu_devices = dc->records[part].gpu_devices, .numa_nodes = dc->records[part].numa_nodes};
    vdc_code code = vdc_results_event(sim, "standby takes over", dc->records[slot].request.id, to.host, diag);
    if (code) return code;
    if (runs) {
        vdc_availability_change(&vdc_availability_of(sim)->book, slot, VDC_DOWN, outage, dc->now);
        vdc_progress_pause(dc, slot);
        if (sim->follower_count) vdc_parts_halted(sim, slot);
    }
    drop(sim, slot);
    if ((code = miss(sim, slot, diag))) return code;
    sim->starting = runs; /* not up yet */
    code = vdc_shift(sim, slot, &to, NULL, diag);
    sim->starting = false;
    if (code) return code;
    if (runs) return vdc_operations_fail_over(sim, slot, diag);
    state_of(sim)->takeovers++;
    dc->vms[slot].state = VDC_VM_PAUSED;
    vdc_lifecycle_set_away(dc, slot, true);
    return VDC_OK;
}

int64_t vdc_failover_standing(const vdc_simulation *sim) { return state_of(sim) ? state_of(sim)->standing : 0; }

void vdc_failover_done(vdc_simulation *sim) { state_of(sim)->takeovers++; }

/* ---- the part ---- */

static vdc_code booted(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) { return miss(sim, slot, diag); }

static void removing(vdc_simulation *sim, uint32_t slot) {
    if (sim->transit) return;
    if (is(sim, slot, STANDING)) drop(sim, slot);
    else if (is(sim, slot, MISSING)) no_longer_missing(sim, slot, UNPROTECTED);
}

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    if (sim->scenario->recovery != VDC_RECOVERY_STANDBY) return VDC_OK;
    sim->parts[VDC_PART_failover] = vdc_calloc(1, sizeof(failover_state));
    return sim->parts[VDC_PART_failover] ? VDC_OK : vdc_no_memory(diag, "standbys");
}

static void close(vdc_simulation *sim) {
    failover_state *state = state_of(sim);
    if (!state) return;
    vdc_free(state->vms);
    vdc_free(state->missing);
    vdc_free(state);
    sim->parts[VDC_PART_failover] = NULL;
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const failover_state *state = state_of(sim);
    advance(sim);
    vdc_summary_integer(s, "standbys_placed", state->placed, "standbys that were placed");
    vdc_summary_integer(s, "standby_takeovers", state->takeovers, "times that a standby took over");
    vdc_summary_real(s, "standby_vcpu_s", vdc_wide_over(state->held, (vdc_wide)1000 * VDC_SECOND), "s", "vCPU time held by standbys");
    vdc_summary_real(s, "standby_missing_s", vdc_wide_over(state->without, VDC_SECOND), "s", "VM time on a host without a standby");
}

/* Who has a standby has a second part on another host, and all of those that are counted are there. */
static void check(vdc_simulation *sim, vdc_checks *checks) {
    const failover_state *state = state_of(sim);
    const vdc_datacenter *dc = &sim->datacenter;
    int64_t held = 0;
    size_t missing = 0;
    for (uint32_t slot = 0; slot < state->vm_count; slot++) {
        missing += state->vms[slot] == MISSING;
        if (state->vms[slot] != UNPROTECTED) vdc_check_equal(checks, VDC_I13_ONE_HOST, dc->now, dc->vms[slot].host != VDC_NOWHERE, true);
        if (state->vms[slot] != STANDING) continue;
        uint32_t part = dc->lifecycle->vms[slot].other;
        vdc_check_equal(checks, VDC_I13_ONE_HOST, dc->now, part != VDC_NOWHERE && dc->vms[part].host != dc->vms[slot].host, true);
        vdc_check_equal(checks, VDC_I13_ONE_HOST, dc->now, dc->lifecycle->vms[slot].migration == VDC_NOWHERE, true);
        if (part != VDC_NOWHERE) held += dc->records[part].request.size[VDC_CPU];
    }
    vdc_check_equal(checks, VDC_I13_ONE_HOST, dc->now, held, state->held_now);
    vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, (int64_t)missing, (int64_t)state->missing_count);
}

const vdc_part vdc_part_failover = {
    .name = "failover", .open = open, .close = close, .booted = booted, .removing = removing, .advance = advance, .check = check, .summary = summary,
};
