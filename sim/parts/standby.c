/* Standby: a host without a VM is switched off after a while, and on again when a waiting VM or the rebalance policy wants it. One that stores the
 * disk of a stopped or suspended VM stays on: the VM comes back to it, or has its disk fetched from there.
 *
 * While it is switched off, is off or is switched on it takes no VMs (VDC_HOST_OFF). Switching off, once begun, is not interrupted: a host
 * that is wanted meanwhile boots right after. Hosts that wait for being switched off are a line in order of becoming empty, which is the
 * order of their times; only its head has an event.
 */
#include "sim/parts/standby.h"
#include "models/lifecycle.h"
#include "sim/results/results.h"

enum { AWAKE, GOING_DOWN, ASLEEP, BOOTING }; /* phase of a host */
#define NO_HOST UINT32_MAX

typedef struct standby_state {
    vdc_simulation *sim;
    uint8_t *phase;
    bool *wanted;             /* [host] is to boot when it is off */
    vdc_time *since;          /* [host] without a VM; only in the line */
    uint32_t *next, *previous;/* [host] of the line; NO_HOST at its ends */
    bool *in_line;
    uint32_t first, last, waiting;
    bool pending;             /* the head's event is scheduled */
    vdc_event_handle *done;   /* [host] the end of its switching; 0 = none */
    uint32_t booting, asleep; /* hosts that are switched on; hosts that sleep, those going down included */
    int64_t *room[VDC_RESOURCES]; /* [host] of a host that boots: what is not yet meant for a VM that waits */
    int64_t boots;
    bool no_memory;
} standby_state;

static standby_state *state_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_standby]; }

/* The subject of events: a host whose switching is done, or the head of the line. */
#define HEAD_OF_LINE UINT32_MAX

static void line_remove(standby_state *state, uint32_t host) {
    if (!state->in_line[host]) return;
    uint32_t next = state->next[host], previous = state->previous[host];
    if (previous == NO_HOST) state->first = next;
    else state->next[previous] = next;
    if (next == NO_HOST) state->last = previous;
    else state->previous[next] = previous;
    state->in_line[host] = false;
    state->waiting--;
}

static void line_add(standby_state *state, uint32_t host) {
    const vdc_lifecycle *life = state->sim->datacenter.lifecycle;
    if (state->in_line[host] || (life && life->stored[host] > 0)) return;
    state->since[host] = state->sim->datacenter.now;
    state->previous[host] = state->last;
    state->next[host] = NO_HOST;
    if (state->last == NO_HOST) state->first = host;
    else state->next[state->last] = host;
    state->last = host;
    state->in_line[host] = true;
    state->waiting++;
}

/* The event of the line's head. It keeps no run alive. After the pass over the queue: a host that has just come may be wanted. */
static vdc_code schedule_head(vdc_simulation *sim, vdc_diag *diag) {
    standby_state *state = state_of(sim);
    if (state->pending || state->waiting <= sim->scenario->spare) return VDC_OK;
    vdc_time due = vdc_later(state->since[state->first], sim->scenario->off_after);
    if (due == VDC_TIME_MAX) return VDC_OK;
    vdc_code code = vdc_part_schedule(sim, VDC_PART_standby, due > sim->datacenter.now ? due : sim->datacenter.now, VDC_RANK_REBALANCE, HEAD_OF_LINE,
                                      NULL, diag);
    state->pending = !code;
    if (!code) sim->background_events++;
    return code;
}

/* A host that fails while it sleeps or is switched is no longer ours. */
static void leave_standby(standby_state *state, uint32_t host) {
    vdc_simulation *sim = state->sim;
    uint8_t phase = state->phase[host];
    if (phase == AWAKE) return;
    if (state->done[host]) vdc_queue_cancel(sim->events, state->done[host]);
    if (state->done[host] && phase == GOING_DOWN && !state->wanted[host]) sim->background_events--;
    state->done[host] = 0;
    if (phase == BOOTING) state->booting--;
    else state->asleep--;
    if (phase == BOOTING || state->wanted[host]) sim->hosts_coming--;
    state->wanted[host] = false;
    state->phase[host] = AWAKE;
    vdc_datacenter_switching(&sim->datacenter, host, VDC_SWITCHED);
}

static void changed(void *context, uint32_t host, bool in_use) {
    standby_state *state = context;
    if (in_use) {
        line_remove(state, host);
        leave_standby(state, host);
    } else if (state->phase[host] == AWAKE && state->sim->datacenter.hosts.state[host] == VDC_HOST_OFF) {
        state->phase[host] = ASLEEP; /* it failed while it slept, and is repaired */
        state->asleep++;
    } else if (state->phase[host] == AWAKE) {
        line_add(state, host);
        if (schedule_head(state->sim, NULL)) state->no_memory = true;
    }
}

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    if (!sim->scenario->standby) return VDC_OK;
    vdc_datacenter *dc = &sim->datacenter;
    size_t count = (size_t)dc->hosts.count + 1;
    standby_state *state = sim->parts[VDC_PART_standby] = vdc_calloc(1, sizeof *state);
    if (!state) return vdc_no_memory(diag, "hosts on standby");
    *state = (standby_state){.sim = sim, .first = NO_HOST, .last = NO_HOST};
    state->phase = vdc_calloc(count, sizeof *state->phase);
    state->wanted = vdc_calloc(count, sizeof *state->wanted);
    state->since = vdc_calloc(count, sizeof *state->since);
    state->next = vdc_calloc(count, sizeof *state->next);
    state->previous = vdc_calloc(count, sizeof *state->previous);
    state->in_line = vdc_calloc(count, sizeof *state->in_line);
    state->done = vdc_calloc(count, sizeof *state->done);
    dc->switching = vdc_calloc(count, sizeof *dc->switching);
    bool memory = true;
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (dc->hosts.free[r]) memory = (state->room[r] = vdc_calloc(count, sizeof *state->room[r])) && memory;
    if (!memory || !state->phase || !state->wanted || !state->since || !state->next || !state->previous || !state->in_line || !state->done
        || !dc->switching)
        return vdc_no_memory(diag, "hosts on standby");
    dc->occupancy = (vdc_occupancy){.changed = changed, .context = state};
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    standby_state *state = state_of(sim);
    if (!state) return;
    vdc_free(state->phase);
    vdc_free(state->wanted);
    vdc_free(state->since);
    vdc_free(state->next);
    vdc_free(state->previous);
    vdc_free(state->in_line);
    vdc_free(state->done);
    for (int r = 0; r < VDC_RESOURCES; r++) vdc_free(state->room[r]);
    vdc_free(state);
}

static vdc_code begin(vdc_simulation *sim, vdc_diag *diag) {
    for (uint32_t h = 0; h < sim->datacenter.hosts.count; h++)
        if (sim->datacenter.hosts.state[h] == VDC_HOST_UP && sim->datacenter.hosts.vms[h] == 0) line_add(state_of(sim), h);
    return schedule_head(sim, diag);
}

/* ---- switching ---- */

static vdc_code schedule_done(vdc_simulation *sim, uint32_t host, vdc_time span, vdc_diag *diag) {
    return vdc_part_schedule(sim, VDC_PART_standby, vdc_later(sim->datacenter.now, span), VDC_RANK_OPERATION, host,
                             &state_of(sim)->done[host], diag);
}

static vdc_code switch_off(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    standby_state *state = state_of(sim);
    line_remove(state, host);
    state->phase[host] = GOING_DOWN;
    state->asleep++;
    sim->datacenter.switching[host] = VDC_SWITCHING_OFF;
    vdc_datacenter_host_state(&sim->datacenter, host, VDC_HOST_OFF);
    vdc_run_host_changed(sim, host);
    sim->datacenter.host_power_offs++;
    sim->background_events++; /* nobody waits for it */
    vdc_code code = schedule_done(sim, host, sim->scenario->shutdown, diag);
    return code ? code : vdc_results_event(sim, "switched off", -1, host, diag);
}

static vdc_code boot(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    standby_state *state = state_of(sim);
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    if (!state->wanted[host]) sim->hosts_coming++;
    state->phase[host] = BOOTING;
    state->wanted[host] = false;
    state->asleep--;
    state->booting++;
    state->boots++;
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (state->room[r]) state->room[r][host] = hosts->free[r][host];
    vdc_datacenter_switching(&sim->datacenter, host, VDC_SWITCHING_ON);
    vdc_code code = schedule_done(sim, host, sim->scenario->boot, diag);
    return code ? code : vdc_results_event(sim, "switched on", -1, host, diag);
}

bool vdc_standby_sleeps(const vdc_simulation *sim, uint32_t host) {
    const standby_state *state = state_of(sim);
    return state && (state->phase[host] == ASLEEP || state->phase[host] == GOING_DOWN) && !state->wanted[host]
           && sim->datacenter.hosts.state[host] == VDC_HOST_OFF;
}

vdc_code vdc_standby_wake(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    if (!vdc_standby_sleeps(sim, host)) return VDC_OK;
    if (state_of(sim)->phase[host] == ASLEEP) return boot(sim, host, diag);
    state_of(sim)->wanted[host] = true;
    sim->background_events--; /* from now on somebody waits for its end */
    sim->hosts_coming++;
    return VDC_OK;
}

/* The heads whose time has come, as long as more hosts than the spare ones are without a VM. */
static vdc_code serve_line(vdc_simulation *sim, vdc_diag *diag) {
    standby_state *state = state_of(sim);
    sim->background_events--;
    state->pending = false;
    while (state->waiting > sim->scenario->spare && vdc_later(state->since[state->first], sim->scenario->off_after) <= sim->datacenter.now) {
        vdc_code code = switch_off(sim, state->first, diag);
        if (code) return code;
    }
    return schedule_head(sim, diag);
}

static vdc_code event(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    standby_state *state = state_of(sim);
    if (state->no_memory) return vdc_no_memory(diag, "hosts on standby");
    if (host == HEAD_OF_LINE) return serve_line(sim, diag);
    state->done[host] = 0;
    if (state->phase[host] == GOING_DOWN) {
        if (!state->wanted[host]) sim->background_events--;
        state->phase[host] = ASLEEP;
        vdc_datacenter_switching(&sim->datacenter, host, VDC_SWITCHED);
        return state->wanted[host] ? boot(sim, host, diag) : VDC_OK;
    }
    state->phase[host] = AWAKE;
    state->booting--;
    sim->hosts_coming--;
    sim->datacenter.switching[host] = VDC_SWITCHED;
    vdc_datacenter_host_state(&sim->datacenter, host, VDC_HOST_UP);
    vdc_run_host_changed(sim, host);
    line_add(state, host);
    vdc_run_wake(sim);
    return schedule_head(sim, diag);
}

/* ---- for those who wait ---- */

static bool take_room(standby_state *state, uint32_t host, const vdc_request *request) {
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (state->room[r] && state->room[r][host] < request->size[r]) return false;
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (state->room[r]) state->room[r][host] -= request->size[r];
    return true;
}

/* It is switched on, or will be as soon as it is off. */
static bool is_coming(const standby_state *state, uint32_t host) { return state->phase[host] == BOOTING || state->wanted[host]; }

vdc_code vdc_standby_serve(vdc_simulation *sim, vdc_diag *diag) {
    standby_state *state = state_of(sim);
    const vdc_datacenter *dc = &sim->datacenter;
    const vdc_hosts *hosts = &dc->hosts;
    const vdc_view *view = vdc_search_view(sim->search);
    if (sim->waiting.count == 0 || state->asleep == 0) return VDC_OK;
    /* What is coming is meant for those that wait, in their order; it is counted anew each time. */
    for (uint32_t h = 0; h < hosts->count && sim->hosts_coming; h++)
        for (int r = 0; r < VDC_RESOURCES && is_coming(state, h); r++)
            if (state->room[r]) state->room[r][h] = hosts->free[r][h];
    for (uint32_t slot = sim->waiting.first; slot != VDC_NOWHERE && state->asleep; slot = dc->vms[slot].next) {
        const vdc_request *request = &dc->records[slot].request;
        if (view->next_feasible(view, request, 0) >= 0) continue; /* there is room: it waits for its turn */
        bool served = false;
        uint32_t sleeper = NO_HOST;
        for (uint32_t h = 0; h < hosts->count && !served; h++) {
            if (hosts->state[h] != VDC_HOST_OFF) continue;
            const bool coming = is_coming(state, h);
            if (!vdc_host_class_fits(hosts, hosts->class_of[h], request) || (!coming && sleeper != NO_HOST) || !vdc_may_come(sim, h, request)) continue;
            if (coming) served = take_room(state, h, request);
            else sleeper = h;
        }
        if (served || sleeper == NO_HOST) continue;
        vdc_code code = vdc_standby_wake(sim, sleeper, diag);
        if (code) return code;
        for (int r = 0; r < VDC_RESOURCES; r++)
            if (state->room[r]) state->room[r][sleeper] = hosts->free[r][sleeper];
        (void)take_room(state, sleeper, request);
    }
    return VDC_OK;
}

/* ---- results ---- */

static const vdc_column tick_columns[] = {
    {"hosts_asleep", "1", "hosts that are off or being switched off at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
    {"hosts_booting", "1", "hosts that are being switched on", VDC_CELL_INTEGER, NULL, 1},
};

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    (void)entity;
    vdc_row_integer(row, state_of(sim)->asleep);
    vdc_row_integer(row, state_of(sim)->booting);
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    vdc_summary_integer(s, "host_boots", state_of(sim)->boots, "hosts switched on");
}

const vdc_part vdc_part_standby = {
    .name = "standby", .open = open, .close = close, .begin = begin, .event = event, .summary = summary,
    .ticks = {tick_columns, sizeof tick_columns / sizeof *tick_columns, .row = tick},
};
