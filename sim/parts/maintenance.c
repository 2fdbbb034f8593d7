/* Planned maintenance: a wave goes through the update domains one after the other. The hosts of a domain are cordoned; the VMs of each leave it,
 * it is down for as long as the work takes and comes back. What cannot leave, or may not because too many VMs of its group are down already, is
 * tried again until the deadline and then stopped. */
#include "sim/parts/availability.h"
#include "sim/parts/failover.h"
#include "sim/results/results.h"

/* Nobody is on it | it is cordoned and VMs leave it | it is down. */
typedef enum host_phase { PHASE_NONE, PHASE_DRAINING, PHASE_DOWN } host_phase;

typedef enum event_kind { EVENT_WAVE, EVENT_DOMAIN, EVENT_RETRY, EVENT_DEADLINE, EVENT_DONE } event_kind;
enum { EVENT_SHIFT = 28 };

typedef struct host_work {
    uint8_t phase;                 /* host_phase */
    vdc_event_handle retry, deadline;
} host_work;

typedef struct maintenance_state {
    host_work *hosts;
    int64_t wave;                  /* its number, from 0 */
    uint32_t domain, next, active; /* the domain at work; its next host; hosts at work */
    int64_t waves, maintained, moved, forced, held_back; /* waves and hosts finished; VMs that left, were stopped, times that a budget kept one */
} maintenance_state;

static maintenance_state *state_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_maintenance]; }

static vdc_code schedule(vdc_simulation *sim, vdc_time time, vdc_rank rank, event_kind kind, uint32_t number, vdc_event_handle *handle, vdc_diag *diag) {
    sim->background_events++;
    return vdc_part_schedule(sim, VDC_PART_maintenance, time, rank, (uint32_t)kind << EVENT_SHIFT | number, handle, diag);
}

static void cancel(vdc_simulation *sim, vdc_event_handle *handle) {
    if (!*handle) return;
    vdc_queue_cancel(sim->events, *handle);
    *handle = 0;
    sim->background_events--;
}

/* ---- one host ---- */

/* May one more VM of this group be interrupted? */
static bool within_budget(const vdc_simulation *sim, uint32_t slot) {
    int64_t budget = sim->scenario->maintenance.budget;
    uint32_t group = sim->datacenter.records[slot].request.group;
    return budget == VDC_PARAM_NONE || group == 0 || vdc_availability_group_down(&vdc_availability_of(sim)->book, group) < budget;
}

/* One VM leaves the host if it can. */
static vdc_code move(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    maintenance_state *state = state_of(sim);
    bool left = false;
    if (sim->scenario->maintenance.drain == VDC_DRAIN_WAIT) return VDC_OK;
    if (sim->scenario->maintenance.drain == VDC_DRAIN_MIGRATE) {
        vdc_code code = vdc_failures_migrate(sim, slot, &left, diag); /* it goes on running, so no budget is asked */
        state->moved += left;
        return code;
    }
    if (!within_budget(sim, slot)) {
        state->held_back++;
        return VDC_OK;
    }
    vdc_code code = vdc_failures_restart_elsewhere(sim, slot, VDC_OUTAGE_MAINTENANCE, &left, diag);
    state->moved += left;
    return code;
}

static vdc_code begin_work(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    host_work *work = &state_of(sim)->hosts[host];
    cancel(sim, &work->retry);
    cancel(sim, &work->deadline);
    work->phase = PHASE_DOWN;
    vdc_code code = vdc_failures_host_down(sim, host, VDC_OUTAGE_MAINTENANCE, diag);
    return code ? code : schedule(sim, vdc_later(sim->datacenter.now, sim->scenario->maintenance.duration), VDC_RANK_HOST_RECOVERY, EVENT_DONE, host,
                                  NULL, diag);
}

/* Its VMs leave as far as they can; an empty host is worked on, another one looked at again later. */
static vdc_code drain(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    host_work *work = &state_of(sim)->hosts[host];
    vdc_code code = VDC_OK;
    int64_t after = -1;
    for (uint32_t slot; !code && (slot = vdc_failures_next_vm(sim, host, after)) != VDC_NOWHERE;) {
        after = dc->records[slot].request.number;
        code = move(sim, slot, diag);
    }
    if (code) return code;
    vdc_failover_leave(sim, host);
    if (dc->hosts.vms[host] == 0) return begin_work(sim, host, diag);
    return schedule(sim, vdc_later(dc->now, sim->scenario->maintenance.retry), VDC_RANK_OPERATION, EVENT_RETRY, host, &work->retry, diag);
}

/* What has not left is stopped. */
static vdc_code force(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    vdc_code code = vdc_failures_empty_host(sim, host, VDC_OUTAGE_MAINTENANCE, &state_of(sim)->forced, diag);
    return code ? code : begin_work(sim, host, diag);
}

/* ---- a domain, a wave ---- */

static vdc_code domain_over(vdc_simulation *sim, vdc_diag *diag);

/* Takes as many hosts of the domain as may be at work at a time. */
static vdc_code take_hosts(vdc_simulation *sim, vdc_diag *diag) {
    maintenance_state *state = state_of(sim);
    const vdc_maintenance *plan = &sim->scenario->maintenance;
    uint32_t domains = (uint32_t)sim->scenario->update_domains, count = sim->datacenter.hosts.count;
    vdc_code code = VDC_OK;
    while (!code && state->next < count && (plan->at_once == VDC_PARAM_NONE || state->active < plan->at_once)) {
        uint32_t host = state->next;
        state->next = domains < count - host ? host + domains : count;
        state->active++;
        state->hosts[host].phase = PHASE_DRAINING;
        code = vdc_results_event(sim, "host is drained", -1, host, diag);
        if (!code) code = schedule(sim, vdc_later(sim->datacenter.now, plan->deadline), VDC_RANK_OPERATION, EVENT_DEADLINE, host,
                                   &state->hosts[host].deadline, diag);
        if (!code) code = drain(sim, host, diag);
    }
    return code || state->active ? code : domain_over(sim, diag);
}

static vdc_code begin_domain(vdc_simulation *sim, uint32_t domain, vdc_diag *diag) {
    maintenance_state *state = state_of(sim);
    state->domain = domain;
    state->next = domain < sim->datacenter.hosts.count ? domain : sim->datacenter.hosts.count;
    /* Nothing comes to a host whose turn is still to come in this domain: it would only have to leave again. */
    for (uint64_t host = domain; host < sim->datacenter.hosts.count; host += (uint64_t)sim->scenario->update_domains)
        vdc_failures_cordon(sim, (uint32_t)host, 1);
    return take_hosts(sim, diag);
}

static vdc_code domain_over(vdc_simulation *sim, vdc_diag *diag) {
    maintenance_state *state = state_of(sim);
    const vdc_maintenance *plan = &sim->scenario->maintenance;
    vdc_time now = sim->datacenter.now;
    if (state->domain + 1 < sim->scenario->update_domains && state->domain + 1 < sim->datacenter.hosts.count)
        return schedule(sim, vdc_later(now, plan->gap), VDC_RANK_OPERATION, EVENT_DOMAIN, state->domain + 1, NULL, diag);
    state->waves++;
    state->wave++;
    vdc_code code = vdc_results_event(sim, "maintenance wave is over", -1, -1, diag);
    if (code || plan->every == VDC_PARAM_NONE) return code;
    vdc_wide due = (vdc_wide)plan->start + (vdc_wide)state->wave * plan->every;
    if (due >= VDC_TIME_MAX) return VDC_OK;
    return schedule(sim, due > now ? (vdc_time)due : now, VDC_RANK_OPERATION, EVENT_WAVE, 0, NULL, diag);
}

static vdc_code done(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    maintenance_state *state = state_of(sim);
    state->hosts[host].phase = PHASE_NONE;
    state->active--;
    state->maintained++;
    vdc_failures_cordon(sim, host, -1);
    vdc_code code = vdc_failures_host_up(sim, host, diag);
    vdc_run_wake(sim);
    return code ? code : take_hosts(sim, diag);
}

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    uint32_t number = subject & ((UINT32_C(1) << EVENT_SHIFT) - 1);
    host_work *hosts = state_of(sim)->hosts;
    vdc_code code;
    sim->background_events--;
    switch ((event_kind)(subject >> EVENT_SHIFT)) {
    case EVENT_WAVE:
        code = vdc_results_event(sim, "maintenance wave begins", -1, -1, diag);
        return code ? code : begin_domain(sim, 0, diag);
    case EVENT_DOMAIN: return begin_domain(sim, number, diag);
    case EVENT_RETRY:
        hosts[number].retry = 0;
        return drain(sim, number, diag);
    case EVENT_DEADLINE:
        hosts[number].deadline = 0;
        return force(sim, number, diag);
    default: return done(sim, number, diag);
    }
}

/* ---- life of the part ---- */

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    uint32_t count = sim->datacenter.hosts.count;
    if (!sim->scenario->maintenance.wanted) return VDC_OK;
    if (count >> EVENT_SHIFT)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: failures.maintenance: more than %d hosts", sim->scenario->path, 1 << EVENT_SHIFT);
    maintenance_state *state = sim->parts[VDC_PART_maintenance] = vdc_calloc(1, sizeof *state);
    if (!state || !(state->hosts = vdc_calloc((size_t)count + 1, sizeof *state->hosts))) return vdc_no_memory(diag, "maintenance");
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    if (state_of(sim)) vdc_free(state_of(sim)->hosts);
    vdc_free(state_of(sim));
    sim->parts[VDC_PART_maintenance] = NULL;
}

static vdc_code begin(vdc_simulation *sim, vdc_diag *diag) {
    return schedule(sim, sim->scenario->maintenance.start, VDC_RANK_OPERATION, EVENT_WAVE, 0, NULL, diag);
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const maintenance_state *state = state_of(sim);
    vdc_summary_integer(s, "maintenance_waves", state->waves, "maintenance waves that are over");
    vdc_summary_integer(s, "maintenance_hosts", state->maintained, "times that a host was maintained");
    vdc_summary_integer(s, "maintenance_vms_moved", state->moved, "VMs that left a host, or began to, for maintenance");
    vdc_summary_integer(s, "maintenance_vms_stopped", state->forced, "VMs stopped at the deadline");
    vdc_summary_integer(s, "maintenance_held_back", state->held_back, "times that a disruption budget kept a VM from leaving");
}

const vdc_part vdc_part_maintenance = {.name = "maintenance", .open = open, .close = close, .begin = begin, .event = event, .summary = summary};
