/* See migrations.h. */
#include "sim/migrations.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/operations.h"
#include "sim/parts/failover.h"
#include "sim/parts/flows.h"
#include "sim/parts/memory.h"
#include "sim/parts/rebalance.h"
#include "sim/results/results.h"

enum { STEP, TIMEOUT };
#define TURNS UINT32_MAX /* the subject of the event that looks at the wishes */

static vdc_moves *moves_of(vdc_simulation *sim) { return &vdc_operations_of(sim)->moves; }

static vdc_code rate_changed(void *context, uint32_t flow, uint64_t number, int64_t old_rate, int64_t new_rate, vdc_diag *diag);

/* Where there is a fabric. */
static vdc_code open_fabric(vdc_simulation *sim, vdc_moves *moves, vdc_diag *diag) {
    size_t links = 2 * (size_t)sim->datacenter.hosts.count;
    moves->links = vdc_malloc((links + 1) * sizeof *moves->links);
    if (!moves->links) return vdc_no_memory(diag, "migrations");
    for (size_t l = 0; l < links; l++) moves->links[l] = VDC_NO_LINK;
    moves->over_fabric = true;
    moves->user = (vdc_flow_user){.changed = rate_changed, .context = sim};
    return vdc_flows_wanted(sim, diag);
}

vdc_code vdc_moves_open(vdc_simulation *sim, vdc_moves *moves, vdc_diag *diag) {
    size_t hosts = (size_t)sim->datacenter.hosts.count + 1;
    moves->out = vdc_calloc(hosts, sizeof *moves->out);
    moves->in = vdc_calloc(hosts, sizeof *moves->in);
    moves->first_out = vdc_malloc(hosts * sizeof *moves->first_out);
    moves->first_in = vdc_malloc(hosts * sizeof *moves->first_in);
    if (!moves->out || !moves->in || !moves->first_out || !moves->first_in) return vdc_no_memory(diag, "migrations");
    for (size_t h = 0; h < hosts; h++) moves->first_out[h] = moves->first_in[h] = VDC_NOWHERE;
    return sim->scenario->fabric.kind == VDC_FABRIC_NONE ? VDC_OK : open_fabric(sim, moves, diag);
}

void vdc_moves_close(vdc_moves *moves) {
    vdc_free(moves->items);
    vdc_free(moves->out);
    vdc_free(moves->in);
    vdc_free(moves->first_out);
    vdc_free(moves->first_in);
    vdc_free(moves->links);
    vdc_free(moves->wishes);
    *moves = (vdc_moves){0};
}

/* Is there a log to write to? The details are put together only then. */
static bool logs(const vdc_simulation *sim) { return sim->results && sim->scenario->output_events; }

static vdc_code log_move(vdc_simulation *sim, const vdc_move *move, const char *what, const char *detail, vdc_diag *diag) {
    return vdc_results_log(sim, what, sim->datacenter.records[move->vm].request.id, move->switched ? move->to : move->from, detail, diag);
}

/* ---- bandwidth ---- */

/* What the migration has now: its part of what its hosts have in its direction. */
static int64_t rate_of(vdc_simulation *sim, const vdc_move *move) {
    const vdc_migration_settings *settings = &sim->scenario->migration;
    const vdc_moves *moves = moves_of(sim);
    if (moves->over_fabric) return move->rate; /* the flow's, see rate_changed */
    int64_t rate = vdc_least(settings->bandwidth / moves->out[move->from], settings->bandwidth / moves->in[move->to]);
    if (settings->cap != VDC_PARAM_NONE) rate = vdc_least(rate, settings->cap);
    return rate > 0 ? rate : 1;
}

/* Brings what is left of the stretch up to the clock. */
static void advance(vdc_simulation *sim, vdc_move *move) {
    vdc_wide carried = (vdc_wide)move->rate * (sim->datacenter.now - move->since);
    move->since = sim->datacenter.now;
    if (move->state.phase == VDC_MIGRATION_RESUME) return;
    move->left -= carried;
    moves_of(sim)->carried += carried;
}

static void cancel(vdc_simulation *sim, vdc_event_handle *event) {
    if (!*event) return;
    vdc_queue_cancel(sim->events, *event);
    *event = 0;
    sim->pending_operations--;
}

/* The end of the stretch, as things stand. */
static vdc_code schedule(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_move *move = &moves_of(sim)->items[number];
    vdc_time span = move->plan.resume_time;
    const int64_t rate = move->rate;
    const bool sends = move->state.phase != VDC_MIGRATION_RESUME;
    move->stalled = sends && rate == 0;
    if (sends && rate == 0) {
        cancel(sim, &move->event);
        return VDC_OK;
    }
    if (sends) {
        bool small = move->left <= INT64_MAX - rate; /* divided at a fraction of the time */
        vdc_wide ns = move->left <= 0 ? 0 : small ? ((int64_t)move->left + rate - 1) / rate : (move->left + rate - 1) / rate;
        span = ns > VDC_TIME_MAX ? VDC_TIME_MAX : (vdc_time)ns;
    }
    uint32_t kind = (uint32_t)VDC_EVENT_KINDS + VDC_PART_migration;
    vdc_time end = vdc_later(sim->datacenter.now, span);
    if (!move->event) sim->pending_operations++;
    vdc_code code = move->event ? vdc_queue_move(sim->events, &move->event, end, VDC_RANK_VM_END, kind, number * 2 + STEP)
                                : vdc_queue_push(sim->events, end, VDC_RANK_VM_END, kind, number * 2 + STEP, &move->event);
    return code ? vdc_no_memory(diag, "pending events") : VDC_OK;
}

/* Takes a migration into the lists of its hosts, which are in order of the numbers, or out of them. */
static void list_move(vdc_moves *moves, uint32_t number, bool enters) {
    vdc_move *move = &moves->items[number];
    uint32_t *out = &moves->first_out[move->from], *in = &moves->first_in[move->to];
    while (*out < number) out = &moves->items[*out].next_out;
    while (*in < number) in = &moves->items[*in].next_in;
    if (enters) move->next_out = *out, move->next_in = *in, *out = *in = number;
    else *out = move->next_out, *in = move->next_in;
}

/* Migrations that share a host's bandwidth in one direction with this one go on at what they have now, in the order of their numbers. */
static vdc_code share_anew(vdc_simulation *sim, uint32_t from, uint32_t to, vdc_diag *diag) {
    vdc_moves *moves = moves_of(sim);
    vdc_code code = VDC_OK;
    uint32_t out = moves->first_out[from], in = moves->first_in[to];
    while (!code && (out != VDC_NOWHERE || in != VDC_NOWHERE)) {
        uint32_t number = out < in ? out : in;
        vdc_move *move = &moves->items[number];
        if (number == out) out = move->next_out;
        if (number == in) in = move->next_in;
        int64_t rate = rate_of(sim, move);
        if (rate == move->rate) continue;
        advance(sim, move);
        move->rate = rate;
        if (move->event && move->state.phase != VDC_MIGRATION_RESUME) code = schedule(sim, number, diag); /* resuming sends nothing */
    }
    return code;
}

/* ---- over the fabric ---- */

static vdc_code rate_changed(void *context, uint32_t flow, uint64_t number, int64_t old_rate, int64_t new_rate, vdc_diag *diag) {
    vdc_simulation *sim = context;
    vdc_move *move = &moves_of(sim)->items[number];
    (void)flow, (void)old_rate;
    advance(sim, move);
    move->rate = new_rate;
    return move->event || move->stalled ? schedule(sim, (uint32_t)number, diag) : VDC_OK;
}

/* The link for all migrations of a host in one direction. */
static uint32_t host_link(vdc_simulation *sim, uint32_t host, int in) {
    uint32_t *link = &moves_of(sim)->links[2 * (size_t)host + (size_t)in];
    if (*link == VDC_NO_LINK) *link = vdc_flows_add_link(sim->flows, sim->scenario->migration.bandwidth);
    return *link;
}

/* What is to be sent has a flow from now on, and a rate at once: the next step may depend on it. Without a fabric it has its rate anyway. */
static vdc_code carry(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_moves *moves = moves_of(sim);
    vdc_move *move = &moves->items[number];
    const vdc_migration_settings *settings = &sim->scenario->migration;
    if (!moves->over_fabric || move->flow != VDC_NO_FLOW) return VDC_OK;
    vdc_flow_spec spec = {.user = &moves->user, .subject = number, .id = sim->datacenter.records[move->vm].request.id, .amount = VDC_FLOW_ENDLESS,
                          .cap = settings->cap == VDC_PARAM_NONE ? VDC_FLOW_UNCAPPED : settings->cap, .weight = 1};
    spec.links = vdc_fabric_path(&sim->fabric, move->from, move->to, (uint64_t)spec.id, spec.path);
    spec.path[spec.links++] = (vdc_flow_use){host_link(sim, move->from, 0), 1};
    spec.path[spec.links++] = (vdc_flow_use){host_link(sim, move->to, 1), 1};
    if (vdc_flows_open(sim->flows, &spec, &move->flow)) return vdc_no_memory(diag, "migrations");
    return vdc_flows_settle(sim->flows, diag);
}

/* Nothing is sent any more, or not for a while. */
static vdc_code put_down(vdc_simulation *sim, vdc_move *move, vdc_diag *diag) {
    if (!moves_of(sim)->over_fabric || move->flow == VDC_NO_FLOW) return VDC_OK;
    vdc_code code = vdc_flows_close(sim->flows, move->flow);
    move->flow = VDC_NO_FLOW;
    move->rate = 0;
    move->stalled = false;
    return code ? vdc_no_memory(diag, "migrations") : VDC_OK;
}

/* ---- what a moving VM and its hosts bear ---- */

static int64_t ppm(double share) { return (int64_t)(share * 1e6 + 0.5); }

/* The hypervisor of the host where the VM is not works for it: the cpu_tax of the VM's size there. */
static void bear(vdc_simulation *sim, vdc_move *move, uint32_t host) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    int64_t nominal = (int64_t)((vdc_wide)move->request.size[VDC_CPU] * hosts->classes[hosts->class_of[host]].speed / 1000);
    move->overhead = vdc_lifecycle_overhead(&sim->datacenter, move->vm, host, (int64_t)((vdc_wide)nominal * ppm(sim->scenario->migration.cpu_tax) / 1000000));
}

static void unbear(vdc_simulation *sim, vdc_move *move, uint32_t host) {
    vdc_datacenter *dc = &sim->datacenter;
    (void)vdc_lifecycle_overhead(dc, move->vm, host, -move->overhead);
    move->overhead = 0;
    if (dc->vms[move->vm].host == VDC_NOWHERE) return;
    if (dc->vms[move->vm].taxed) vdc_lifecycle_tax(dc, move->vm, 0);
    if (dc->vms[move->vm].throttled) vdc_lifecycle_throttle(dc, move->vm, 0);
}

/* It stands still from now on. A paused VM does so anyway. */
static void stand_still(vdc_simulation *sim, vdc_move *move) {
    vdc_datacenter *dc = &sim->datacenter;
    if (move->frozen || dc->vms[move->vm].state != VDC_VM_RUNNING) return;
    vdc_lifecycle_freeze(dc, move->vm);
    dc->vms[move->vm].state = VDC_VM_BLACKOUT;
    vdc_lifecycle_enter(dc, move->vm, VDC_ACCOUNT_BLACKOUT);
    move->frozen = true;
    move->stopped = dc->now;
}

static void note_downtime(vdc_simulation *sim, vdc_move *move) {
    vdc_moves *moves = moves_of(sim);
    if (!move->frozen) return;
    vdc_time span = sim->datacenter.now - move->stopped;
    moves->downtime += span;
    moves->blackout += (vdc_wide)sim->datacenter.records[move->vm].request.size[VDC_CPU] * span;
    move->frozen = false;
}

/* It goes on where it is. */
static void go_on(vdc_simulation *sim, vdc_move *move) {
    vdc_datacenter *dc = &sim->datacenter;
    if (dc->vms[move->vm].state != VDC_VM_BLACKOUT) return;
    vdc_lifecycle_thaw(dc, move->vm);
    dc->vms[move->vm].state = VDC_VM_RUNNING;
    vdc_lifecycle_enter(dc, move->vm, VDC_ACCOUNT_RUN);
    vdc_datacenter_demand(dc, move->vm, vdc_progress_demand(dc, move->vm));
}

/* ---- may it move? ---- */

/* Refused, for the number of migrations under way. */
#define LIMITED(...) (moves_of(sim)->limited = true, vdc_refuse(sim, __VA_ARGS__))

static const char *host_refusal(vdc_simulation *sim, uint32_t slot, uint32_t host, const vdc_request *request) {
    static const char *const states[] = {"up", "cordoned", "down", "off"};
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_moves *moves = moves_of(sim);
    char why[120];
    if (host >= dc->hosts.count) return vdc_refuse(sim, "there is no host %" PRIu32, host);
    if (host == dc->vms[slot].host) return vdc_refuse(sim, "it is on host %" PRIu32 " already", host);
    if (dc->hosts.state[host] != VDC_HOST_UP) return vdc_refuse(sim, "host %" PRIu32 " is %s", host, states[dc->hosts.state[host]]);
    int64_t most = sim->scenario->migration.per_host;
    if (most != VDC_PARAM_NONE && moves->out[host] + moves->in[host] >= most)
        return LIMITED("host %" PRIu32 " takes part in %" PRId64 " migrations already", host, most);
    if (!vdc_host_fits(&dc->hosts, host, request)) return vdc_refuse(sim, "host %" PRIu32 " has no room for it", host);
    if (sim->isolation) {
        vdc_isolation_set_aside(sim->isolation, slot);
        bool forbidden = vdc_isolation_forbids(sim->isolation, host, request, why, sizeof why);
        vdc_isolation_put_back(sim->isolation, slot);
        if (forbidden) return vdc_refuse(sim, "host %" PRIu32 " is forbidden: %s", host, why);
    }
    if (!sim->isolation && request->cpu_reservation && !vdc_datacenter_keeps_reservation(dc, host, request))
        return vdc_refuse(sim, "host %" PRIu32 " cannot keep its CPU reservation", host);
    return NULL;
}

const char *vdc_migration_refusal(vdc_simulation *sim, uint32_t slot, uint32_t host, const vdc_request *request) {
    const vdc_datacenter *dc = &sim->datacenter;
    const vdc_moves *moves = moves_of(sim);
    const vdc_migration_settings *settings = &sim->scenario->migration;
    vdc_vm_state state = (vdc_vm_state)dc->vms[slot].state;
    moves_of(sim)->limited = false;
    if (state != VDC_VM_RUNNING && state != VDC_VM_PAUSED) return vdc_refuse(sim, "it is %s", vdc_vm_state_names[state]);
    if (dc->lifecycle->vms[slot].migration != VDC_NOWHERE) return vdc_refuse(sim, "it is moving to another host");
    if (dc->lifecycle->vms[slot].phase_event) return vdc_refuse(sim, "it is being shut down");
    if (vdc_vm_details_known(dc, slot)->eviction_event) return vdc_refuse(sim, "it was told to leave");
    uint32_t from = dc->vms[slot].host;
    if (settings->concurrent != VDC_PARAM_NONE && moves->in_flight >= settings->concurrent)
        return LIMITED("%" PRIu32 " migrations are under way already", moves->in_flight);
    if (settings->per_host != VDC_PARAM_NONE && moves->out[from] + moves->in[from] >= settings->per_host)
        return LIMITED("its host takes part in %" PRId64 " migrations already", settings->per_host);
    return host == VDC_NOWHERE ? NULL : host_refusal(sim, slot, host, request);
}

vdc_code vdc_choose_elsewhere(vdc_simulation *sim, uint32_t slot, const vdc_request *request, vdc_decision *decision, bool *found, vdc_diag *diag) {
    if (vdc_search_follows_grants(sim->search)) {
        vdc_code code = vdc_datacenter_settle(&sim->datacenter, diag);
        if (code) return code;
    }
    sim->trying = slot;
    sim->leaving = sim->datacenter.vms[slot].host;
    vdc_run_weigh_soft_rules(sim, request);
    vdc_code code = vdc_search_decide(sim->search, request, decision, found, diag);
    sim->leaving = VDC_NOWHERE;
    sim->penalty_allowed = INT64_MAX;
    return code;
}

/* The same for one that leaves its own: it is no longer counted there. */
static vdc_code choose(vdc_simulation *sim, uint32_t slot, const vdc_request *request, vdc_decision *decision, bool *found, vdc_diag *diag) {
    if (sim->isolation) vdc_isolation_set_aside(sim->isolation, slot);
    vdc_code code = vdc_choose_elsewhere(sim, slot, request, decision, found, diag);
    if (sim->isolation) vdc_isolation_put_back(sim->isolation, slot);
    return code;
}

/* ---- its way ---- */

static vdc_migration_plan plan_of(const vdc_simulation *sim, uint32_t slot, int mode) {
    const vdc_migration_settings *s = &sim->scenario->migration;
    const vdc_datacenter *dc = &sim->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    bool runs = dc->vms[slot].state == VDC_VM_RUNNING;
    int64_t dirty_rate = request->dirty_rate == VDC_UNLIMITED ? s->dirty_rate : request->dirty_rate;
    int64_t memory = request->size[VDC_MEMORY], working_set = (int64_t)((double)memory * s->working_set), known;
    /* What was never touched, or is in its balloon, is not sent. What it works with is known of VMs that say so. */
    if (vdc_memory_in_use(sim, slot, &memory, &known) && request->memory_load) working_set = known;
    return (vdc_migration_plan){
        .mode = (vdc_migration_mode)(mode < 0 ? s->mode : mode), .memory = memory,
        .working_set = working_set, .dirty_rate = runs ? dirty_rate : 0,
        .linear = s->dirtying == 1, .disk = s->shared_storage ? 0 : request->size[VDC_DISK], .disk_write_rate = runs ? s->disk_write_rate : 0,
        .downtime_limit = s->downtime, .round_limit = s->rounds, .traffic_percent = (int64_t)(s->traffic * 100 + 0.5),
        .auto_converge = s->auto_converge, .resume_time = s->resume, .device_state = s->device_state};
}

static uint32_t take_number(vdc_moves *moves) {
    for (; moves->first_free < moves->count; moves->first_free++)
        if (!moves->items[moves->first_free].used) return moves->first_free++;
    if (moves->count >= VDC_NOWHERE / 2 || !VDC_RESERVE(moves->items, moves->capacity, moves->count + 1)) return VDC_NOWHERE;
    moves->first_free++;
    return (uint32_t)moves->count++;
}

/* It is no longer in flight. */
static vdc_code close(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_moves *moves = moves_of(sim);
    vdc_move *move = &moves->items[number];
    uint32_t from = move->from, to = move->to;
    vdc_code down = put_down(sim, move, diag);
    cancel(sim, &move->event);
    cancel(sim, &move->timeout);
    sim->datacenter.lifecycle->vms[move->vm].migration = VDC_NOWHERE;
    move->used = false;
    if (number < moves->first_free) moves->first_free = number;
    list_move(moves, number, false);
    moves->in_flight--;
    moves->out[from]--;
    moves->in[to]--;
    vdc_code code = moves->out[from] || moves->in[to] ? share_anew(sim, from, to, diag) : VDC_OK;
    if (!down && !code && moves->wish_count > 0 && !moves->taking_turns) {
        moves->taking_turns = true;
        code = vdc_part_schedule(sim, VDC_PART_migration, sim->datacenter.now, VDC_RANK_VM_END, TURNS, NULL, diag);
    }
    if (down || code) return down ? down : code;
    return vdc_rebalance_resume(sim, diag);
}

/* Its second part, on the host where it is not, gives back what it holds. */
static void drop(vdc_simulation *sim, const vdc_move *move) {
    uint32_t host = move->switched ? move->from : move->to;
    vdc_lifecycle_drop(&sim->datacenter, move->vm, sim->population.finished);
    vdc_run_host_changed(sim, host);
    vdc_run_wake(sim);
}

vdc_code vdc_shift(vdc_simulation *sim, uint32_t slot, const vdc_decision *to, const vdc_request *resized, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_vm_record *record = &dc->records[slot];
    vdc_request old = record->request;
    vdc_time started = record->started_at;
    uint32_t from = dc->vms[slot].host, host = (uint32_t)to->host;
    sim->transit = VDC_TRANSIT_MOVES;
    if (sim->follower_count) vdc_parts_removing(sim, slot);
    vdc_progress_catch_up(dc, slot);
    vdc_datacenter_remove(dc, slot);
    if (dc->track_vms) vdc_datacenter_close_stay(dc, slot, from, sim->population.finished);
    if (resized) vdc_lifecycle_resize(dc, slot, resized->size[VDC_CPU]);
    if (resized) record->request = *resized;
    if (vdc_datacenter_place(dc, slot, host, to->gpu_devices, to->numa_nodes)) return vdc_no_memory(diag, "a migration");
    record->started_at = started;
    vdc_run_host_changed(sim, from);
    vdc_run_host_changed(sim, host);
    vdc_run_released(sim, &old, from);
    vdc_run_placed(sim, &record->request, to, started);
    vdc_code code = sim->follower_count ? vdc_parts_placed(sim, slot, diag) : VDC_OK;
    sim->transit = VDC_TRANSIT_NONE;
    vdc_run_wake(sim);
    return code;
}

/* The VM is where it goes: off its old host and onto its new one, all at this instant. */
static vdc_code switch_over(vdc_simulation *sim, vdc_move *move, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    uint32_t slot = move->vm;
    bool paused = dc->vms[slot].state == VDC_VM_PAUSED;
    vdc_decision to = {.host = move->to, .gpu_devices = move->gpu_devices, .numa_nodes = move->numa_nodes};
    vdc_request resized = move->request;
    unbear(sim, move, move->to);
    drop(sim, move);
    note_downtime(sim, move);
    move->switched = true;
    vdc_code code = vdc_shift(sim, slot, &to, move->resizes ? &resized : NULL, diag);
    if (code) return code;
    if (paused) {
        dc->vms[slot].state = VDC_VM_PAUSED;
        vdc_lifecycle_set_away(dc, slot, true);
        return VDC_OK;
    }
    vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_RUN);
    vdc_datacenter_demand(dc, slot, vdc_progress_demand(dc, slot));
    return VDC_OK;
}

/* What is left behind until everything has been fetched: the memory. */
static vdc_code leave_memory(vdc_simulation *sim, vdc_move *move, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_migration_settings *s = &sim->scenario->migration;
    vdc_request left = dc->records[move->vm].request;
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (r != VDC_MEMORY) left.size[r] = 0;
    left.size[VDC_MEMORY] = move->plan.memory;
    left.cpu_reservation = 0;
    left.gpu_count = left.gpu_milli = 0;
    left.numa_nodes = 0;
    left.load = NULL;
    uint32_t part;
    if (vdc_lifecycle_hold(dc, move->vm, &left, move->from, 0, 0, false, false, &part)) return vdc_no_memory(diag, "a migration");
    vdc_run_host_changed(sim, move->from);
    bear(sim, move, move->from);
    if (dc->vms[move->vm].state != VDC_VM_RUNNING) return VDC_OK;
    double latency = (double)s->fault_latency / 1e9 + 4096.0 / (double)move->rate;
    int64_t kept = (1000000 - ppm(s->cpu_tax)) * (1000000 - vdc_migration_fault_loss(s->fault_rate, latency)) / 1000000;
    vdc_lifecycle_tax(dc, move->vm, 1000000 - kept);
    return VDC_OK;
}

static vdc_code finish(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_moves *moves = moves_of(sim);
    vdc_move *move = &moves->items[number];
    vdc_code code = VDC_OK;
    char text[160];
    if (!move->switched) code = switch_over(sim, move, diag);
    else unbear(sim, move, move->from), drop(sim, move);
    if (code) return code;
    moves->done++;
    if (logs(sim)) {
        (void)snprintf(text, sizeof text, "from host %" PRIu32 ": %" PRId64 " rounds, %" PRId64 " bytes, %.9g s, of them %.9g s at a stand", move->from,
                       move->state.round, move->state.sent, (double)move->state.total / 1e9, (double)move->state.downtime / 1e9);
        code = log_move(sim, move, "migrated", text, diag);
    }
    vdc_code shared = close(sim, number, diag);
    return code ? code : shared;
}

/* The stretch that begins now; those that take no time are over at once. */
static vdc_code stretch(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_move *move = &moves_of(sim)->items[number];
    for (;;) {
        if (move->state.phase == VDC_MIGRATION_DONE) return finish(sim, number, diag);
        if (vdc_migration_stands(&move->state)) stand_still(sim, move);
        if (move->state.phase == VDC_MIGRATION_REST && !move->switched) {
            vdc_code code = switch_over(sim, move, diag);
            if (!code) code = leave_memory(sim, move, diag);
            if (code) return code;
        }
        if (move->state.phase == VDC_MIGRATION_COPY && move->state.throttle && dc->vms[move->vm].state == VDC_VM_RUNNING)
            vdc_lifecycle_throttle(dc, move->vm, move->state.throttle);
        move->since = move->stretch_begin = dc->now;
        move->left = (vdc_wide)move->state.bytes * VDC_SECOND;
        vdc_code code = move->state.phase == VDC_MIGRATION_RESUME ? put_down(sim, move, diag) : move->state.bytes > 0 ? carry(sim, number, diag) : VDC_OK;
        if (code) return code;
        if (move->state.phase == VDC_MIGRATION_RESUME ? move->plan.resume_time > 0 : move->state.bytes > 0) return schedule(sim, number, diag);
        vdc_migration_next(&move->state, &move->plan, 0, move->rate);
    }
}

static vdc_code step(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_moves *moves = moves_of(sim);
    vdc_move *move = &moves->items[number];
    move->event = 0;
    sim->pending_operations--;
    advance(sim, move);
    if (move->state.phase != VDC_MIGRATION_RESUME) moves->slack -= move->left;
    moves->sent += move->state.bytes;
    vdc_migration_next(&move->state, &move->plan, sim->datacenter.now - move->stretch_begin, move->rate);
    return stretch(sim, number, diag);
}

/* No other host takes it: for want of room, or by which rule. One that is to be resized had none on its own host either. */
static const char *no_host(vdc_simulation *sim, uint32_t slot, const vdc_request *request, bool resizes) {
    char why[120] = "";
    if (sim->isolation) {
        vdc_isolation_set_aside(sim->isolation, slot);
        vdc_isolation_blocker(sim->isolation, request, why, sizeof why);
        vdc_isolation_put_back(sim->isolation, slot);
    }
    return vdc_refuse(sim, "%s has room for it%s%s", resizes ? "neither its host nor another one" : "no host", why[0] ? ": " : "", why);
}

vdc_code vdc_migrate(vdc_simulation *sim, uint32_t slot, uint32_t host, int mode, const vdc_request *resized, const char **refusal, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_migration_settings *settings = &sim->scenario->migration;
    vdc_moves *moves = moves_of(sim);
    vdc_request request = resized ? *resized : dc->records[slot].request;
    vdc_decision decision = {.host = host};
    *refusal = vdc_migration_refusal(sim, slot, host, &request);
    if (*refusal) return VDC_OK;
    if (host == VDC_NOWHERE) {
        bool found = false;
        vdc_code code = choose(sim, slot, &request, &decision, &found, diag);
        if (code) return code;
        if (!found) {
            *refusal = no_host(sim, slot, &request, resized != NULL);
            return VDC_OK;
        }
        host = (uint32_t)decision.host;
        *refusal = host_refusal(sim, slot, host, &request);
        if (*refusal) return VDC_OK;
    }
    if (!vdc_host_assign(&dc->hosts, host, &request, &decision.gpu_devices, &decision.numa_nodes)) {
        *refusal = vdc_refuse(sim, "host %" PRIu32 " has no room for it", host);
        return VDC_OK;
    }
    uint32_t number = take_number(moves), part;
    if (number == VDC_NOWHERE) return vdc_no_memory(diag, "migrations");
    vdc_move *move = &moves->items[number];
    *move = (vdc_move){.used = true, .vm = slot, .from = dc->vms[slot].host, .to = host, .plan = plan_of(sim, slot, mode), .request = request,
                       .resizes = resized != NULL, .gpu_devices = decision.gpu_devices, .numa_nodes = decision.numa_nodes,
                       .since = dc->now, .began = dc->now, .flow = VDC_NO_FLOW};
    vdc_failover_withdraw(sim, slot);
    if (vdc_lifecycle_hold(dc, slot, &request, host, move->gpu_devices, move->numa_nodes, true, settings->shared_storage, &part))
        return vdc_no_memory(diag, "a migration");
    dc->lifecycle->vms[slot].migration = number;
    vdc_run_host_changed(sim, host);
    moves->started++;
    moves->in_flight++;
    moves->out[move->from]++;
    moves->in[host]++;
    list_move(moves, number, true);
    sim->migrations++;
    sim->tick.migrations++;
    move->rate = rate_of(sim, move);
    vdc_code code = moves->out[move->from] > 1 || moves->in[host] > 1 ? share_anew(sim, move->from, host, diag) : VDC_OK;
    bear(sim, move, host);
    if (!code && dc->vms[slot].state == VDC_VM_RUNNING) vdc_lifecycle_tax(dc, slot, ppm(settings->cpu_tax));
    if (!code && settings->timeout != VDC_PARAM_NONE) {
        sim->pending_operations++;
        code = vdc_part_schedule(sim, VDC_PART_migration, vdc_later(dc->now, settings->timeout), VDC_RANK_VM_END, number * 2 + TIMEOUT, &move->timeout,
                                 diag);
    }
    char text[120];
    if (!code && logs(sim)) {
        (void)snprintf(text, sizeof text, "to host %" PRIu32 ", %s", host, vdc_migration_mode_names[move->plan.mode]);
        code = log_move(sim, move, "migration begins", text, diag);
    }
    if (!code) code = carry(sim, number, diag);
    vdc_migration_begin(&move->state, &move->plan, move->rate);
    return code ? code : stretch(sim, number, diag);
}

/* ---- taking turns ---- */

vdc_code vdc_migrate_in_turn(vdc_simulation *sim, uint32_t slot, uint32_t host, int mode, const char **refusal, vdc_diag *diag) {
    vdc_moves *moves = moves_of(sim);
    const vdc_request *request = &sim->datacenter.records[slot].request;
    for (size_t i = 0; i < moves->wish_count; i++)
        if (moves->wishes[i].vm == slot && moves->wishes[i].number == request->number) {
            *refusal = vdc_refuse(sim, "it waits for its turn to move already");
            return VDC_OK;
        }
    vdc_code code = vdc_migrate(sim, slot, host, mode, NULL, refusal, diag);
    if (code || !*refusal || !moves->limited) return code;
    if (!VDC_RESERVE(moves->wishes, moves->wish_capacity, moves->wish_count + 1)) return vdc_no_memory(diag, "migrations");
    moves->wishes[moves->wish_count++] = (vdc_wish){slot, host, mode, request->number, request->id};
    code = vdc_results_log(sim, "migration waits", request->id, sim->datacenter.vms[slot].host, *refusal, diag);
    *refusal = NULL;
    return code;
}

/* The refusal of one whose turn has come, which was taken for an operation that is carried out. */
static vdc_code refuse_wish(vdc_simulation *sim, const vdc_wish *wish, uint32_t host, const char *refusal, vdc_diag *diag) {
    vdc_operations *operations = vdc_operations_of(sim);
    operations->done[VDC_VERB_MIGRATE]--;
    operations->refused++;
    return vdc_results_log(sim, "refused: migrate", wish->id, host == VDC_NOWHERE ? -1 : (int64_t)host, refusal, diag);
}

static vdc_code take_turns(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_moves *moves = moves_of(sim);
    size_t left = 0;
    vdc_code code = VDC_OK;
    moves->taking_turns = false;
    for (size_t i = 0; i < moves->wish_count; i++) {
        const vdc_wish wish = moves->wishes[i];
        const char *refusal = NULL;
        bool gone = dc->vms[wish.vm].state == VDC_VM_FREE || dc->records[wish.vm].request.number != wish.number;
        moves->limited = false;
        if (!code && gone) code = refuse_wish(sim, &wish, VDC_NOWHERE, "it is gone", diag);
        else if (!code) code = vdc_migrate(sim, wish.vm, wish.host, wish.mode, NULL, &refusal, diag);
        if (code || moves->limited) moves->wishes[left++] = wish;
        else if (refusal) code = refuse_wish(sim, &wish, dc->vms[wish.vm].host, refusal, diag);
    }
    moves->wish_count = left;
    return code;
}

bool vdc_migration_abort(vdc_simulation *sim, uint32_t slot, const char *why, vdc_diag *diag) {
    uint32_t number = sim->datacenter.lifecycle->vms[slot].migration;
    if (number == VDC_NOWHERE) return true;
    vdc_moves *moves = moves_of(sim);
    vdc_move *move = &moves->items[number];
    if (move->switched) return false;
    advance(sim, move);
    moves->slack -= move->left - (vdc_wide)move->state.bytes * VDC_SECOND; /* what was carried of a stretch that does not end */
    unbear(sim, move, move->to);
    note_downtime(sim, move);
    go_on(sim, move);
    drop(sim, move);
    moves->aborted++;
    (void)log_move(sim, move, "migration given up", why, diag);
    (void)close(sim, number, diag);
    return true;
}

void vdc_migration_ends(vdc_simulation *sim, uint32_t slot) {
    uint32_t number = sim->datacenter.lifecycle->vms[slot].migration;
    if (number == VDC_NOWHERE || vdc_migration_abort(sim, slot, "the VM leaves its host", NULL)) return;
    vdc_moves *moves = moves_of(sim);
    vdc_move *move = &moves->items[number];
    advance(sim, move);
    moves->slack -= move->left - (vdc_wide)move->state.bytes * VDC_SECOND;
    unbear(sim, move, move->from);
    drop(sim, move);
    moves->aborted++;
    (void)log_move(sim, move, "migration given up", "the VM leaves its host before everything has been fetched", NULL);
    (void)close(sim, number, NULL);
}

vdc_code vdc_migration_event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    uint32_t number = subject / 2;
    if (subject == TURNS) return take_turns(sim, diag);
    if (subject % 2 == STEP) return step(sim, number, diag);
    vdc_move *move = &moves_of(sim)->items[number];
    move->timeout = 0;
    sim->pending_operations--;
    if (!move->switched) (void)vdc_migration_abort(sim, move->vm, "it took too long", diag);
    return VDC_OK;
}
