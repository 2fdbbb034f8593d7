/* Rebalancing: once every interval the rebalance policy looks at the fleet and names VMs that are to move; the engine begins those migrations
 * that can begin. Rounds keep no run alive. */
#include <inttypes.h>
#include <string.h>

#include "schedulers/rebalance/plan.h"
#include "sim/migrations.h"
#include "sim/operations.h"
#include "sim/parts/part.h"
#include "sim/parts/rebalance.h"
#include "sim/parts/standby.h"
#include "sim/results/results.h"

/* What a VM asked for at the last samplings: a window that slides through an array of twice its size. */
typedef struct history {
    int64_t number;        /* of the VM that it belongs to */
    uint32_t begin, count;
} history;

typedef struct rebalance_state {
    vdc_fleet_view fleet;
    vdc_simulation *sim;
    vdc_vm_view *vms;
    size_t vm_capacity;
    uint32_t *first, *on;
    size_t on_capacity;
    int64_t *demand, *capacity;
    uint32_t window;
    history *histories;    /* [slot] */
    double *samples;       /* [slot x 2 window] */
    size_t history_capacity, sample_capacity;
    vdc_relocation *waiting; /* moves of this round that wait for others to end */
    int64_t *numbers;        /* of their VMs */
    size_t waiting_count, waiting_capacity, number_capacity;
    bool retrying;         /* they are to be tried again at this instant */
    int64_t rounds, moves, refused;
} rebalance_state;

/* VMs whose records are fetched before it is their turn. */
enum { AHEAD = 8 };

/* The subject of the part's events. */
enum { ROUND, RETRY };

static rebalance_state *state_of(const vdc_simulation *sim) { return sim->parts[VDC_PART_rebalance]; }

/* ---- the view ---- */

static const double *fleet_history(const vdc_fleet_view *fleet, uint32_t vm, uint32_t *samples) {
    const rebalance_state *state = fleet->engine;
    *samples = state->histories[vm].count;
    return state->samples + (size_t)vm * 2 * state->window + state->histories[vm].begin;
}

static bool fleet_allows(const vdc_fleet_view *fleet, uint32_t vm, uint32_t host) {
    const rebalance_state *state = fleet->engine;
    vdc_simulation *sim = state->sim;
    if (!sim->isolation) return fleet->view->fits(fleet->view, host, fleet->vms[vm].request);
    const vdc_request *request = fleet->vms[vm].request;
    vdc_isolation_set_aside(sim->isolation, vm);
    bool fits = fleet->view->fits(fleet->view, host, request);
    /* No move breaks more of soft rules than staying does. */
    if (fits && sim->isolation->has_soft)
        fits = vdc_isolation_penalty(sim->isolation, host, request) <= vdc_isolation_penalty(sim->isolation, sim->datacenter.vms[vm].host, request);
    vdc_isolation_put_back(sim->isolation, vm);
    return fits;
}

static double fleet_migration(const vdc_fleet_view *fleet, uint32_t vm) {
    const rebalance_state *state = fleet->engine;
    const vdc_migration_settings *settings = &state->sim->scenario->migration;
    int64_t bandwidth = settings->cap != VDC_PARAM_NONE && settings->cap < settings->bandwidth ? settings->cap : settings->bandwidth;
    return bandwidth > 0 ? (double)fleet->vms[vm].bytes / (double)bandwidth : 0;
}

static bool fleet_asleep(const vdc_fleet_view *fleet, uint32_t host) {
    return vdc_standby_sleeps(((const rebalance_state *)fleet->engine)->sim, host);
}

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_rebalance_hooks *hooks = &sim->rebalance.policy->rebalance;
    if (!hooks->decide) return VDC_OK;
    rebalance_state *state = sim->parts[VDC_PART_rebalance] = vdc_calloc(1, sizeof *state);
    if (!state) return vdc_no_memory(diag, "rebalancing");
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    size_t count = (size_t)hosts->count + 1;
    state->sim = sim;
    state->first = vdc_calloc(count, sizeof *state->first);
    state->demand = vdc_calloc(count, sizeof *state->demand);
    state->capacity = vdc_calloc(count, sizeof *state->capacity);
    if (!state->first || !state->demand || !state->capacity) return vdc_no_memory(diag, "rebalancing");
    for (uint32_t h = 0; h < hosts->count; h++) state->capacity[h] = hosts->classes[hosts->class_of[h]].cpu_hz;
    state->window = hooks->window ? hooks->window(sim->rebalance.state) : 0;
    state->fleet = (vdc_fleet_view){
        .fleet_size = sizeof state->fleet, .interval = ((const vdc_rebalance_head *)sim->rebalance.state)->interval, .first = state->first,
        .demand = state->demand, .capacity = state->capacity, .history = fleet_history, .allows = fleet_allows,
        .migration = fleet_migration, .asleep = fleet_asleep,
        .engine = state,
    };
    return vdc_datacenter_keep_times(&sim->datacenter) ? VDC_OK : vdc_no_memory(diag, "rebalancing");
}

static void close(vdc_simulation *sim) {
    rebalance_state *state = state_of(sim);
    if (!state) return;
    vdc_free(state->vms);
    vdc_free(state->first);
    vdc_free(state->on);
    vdc_free(state->demand);
    vdc_free(state->capacity);
    vdc_free(state->histories);
    vdc_free(state->samples);
    vdc_free(state->waiting);
    vdc_free(state->numbers);
    vdc_free(state);
}

/* Where the VM will be: on its way it counts where it goes. */
static uint32_t place_of(const vdc_simulation *sim, uint32_t slot, bool *movable) {
    const vdc_vm *vm = &sim->datacenter.vms[slot];
    if (vm->state != VDC_VM_RUNNING && vm->state != VDC_VM_PAUSED && vm->state != VDC_VM_BLACKOUT) return VDC_NOWHERE;
    const vdc_vm_lifecycle *life = &sim->datacenter.lifecycle->vms[slot];
    *movable = life->migration == VDC_NOWHERE && !life->phase_event && !vdc_vm_details_known(&sim->datacenter, slot)->eviction_event;
    return life->migration == VDC_NOWHERE ? vm->host : vdc_operations_of(sim)->moves.items[life->migration].to;
}

/* Notes what the VM asks for now. */
static void sample(rebalance_state *state, uint32_t slot, int64_t number, int64_t demand) {
    history *one = &state->histories[slot];
    double *samples = state->samples + (size_t)slot * 2 * state->window;
    if (one->number != number) *one = (history){.number = number};
    if (one->count < state->window) {
        samples[one->begin + one->count++] = (double)demand;
        return;
    }
    if (++one->begin + state->window > 2 * state->window) {
        memcpy(samples, samples + one->begin, (state->window - 1) * sizeof *samples);
        one->begin = 0;
    }
    samples[one->begin + state->window - 1] = (double)demand;
}

static vdc_code grow(rebalance_state *state, uint32_t slots, vdc_diag *diag) {
    size_t before = state->history_capacity;
    if (!VDC_RESERVE(state->vms, state->vm_capacity, slots) || !VDC_RESERVE(state->on, state->on_capacity, slots))
        return vdc_no_memory(diag, "rebalancing");
    if (state->window == 0) return VDC_OK;
    if (!VDC_RESERVE(state->histories, state->history_capacity, slots)
        || !VDC_RESERVE(state->samples, state->sample_capacity, (size_t)slots * 2 * state->window))
        return vdc_no_memory(diag, "rebalancing");
    for (size_t i = before; i < state->history_capacity; i++) state->histories[i] = (history){.number = -1};
    return VDC_OK;
}

/* The VMs of a host are chained, the latest arrival first: they are listed from the back. */
static vdc_code look(rebalance_state *state, vdc_simulation *sim, vdc_diag *diag) {
    const vdc_datacenter *dc = &sim->datacenter;
    uint32_t slots = dc->vm_count, hosts = dc->hosts.count;
    vdc_code code = grow(state, slots, diag);
    if (code) return code;
    memset(state->first, 0, ((size_t)hosts + 1) * sizeof *state->first);
    memset(state->demand, 0, hosts * sizeof *state->demand);
    for (uint32_t slot = 0; slot < slots; slot++) {
        const vdc_vm_record *record = &dc->records[slot];
        vdc_vm_view *view = &state->vms[slot];
        bool movable = false;
        if (slot + AHEAD < slots) { /* two of the five lines of a record */
            __builtin_prefetch(&record[AHEAD].request);
            __builtin_prefetch(&record[AHEAD].first_start);
        }
        uint32_t host = place_of(sim, slot, &movable);
        if (host == VDC_NOWHERE) {
            *view = (vdc_vm_view){.host = VDC_NOWHERE};
            continue;
        }
        *view = (vdc_vm_view){
            .request = &record->request, .host = host, .movable = movable, .demand = dc->vms[slot].demand, .nominal = dc->vms[slot].nominal,
            .bytes = record->request.size[VDC_MEMORY], .age = dc->now - record->first_start,
            .arriving = dc->vms[slot].host != host,
        };
        state->first[host + 1]++;
        state->demand[host] += view->demand;
        if (state->window) sample(state, slot, record->request.number, view->demand);
    }
    for (uint32_t h = 0; h < hosts; h++) state->first[h + 1] += state->first[h];
    /* By host: those that are on it in order of coming, then those on their way to it. */
    for (uint32_t h = 0; h < hosts; h++) {
        uint32_t at = state->first[h], here = 0;
        for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) here += state->vms[slot].host == h;
        uint32_t back = at + here;
        for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next)
            if (state->vms[slot].host == h) state->on[--back] = slot;
        state->first[h] = at + here;
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
        const vdc_vm_view *view = &state->vms[slot];
        if (view->arriving) state->on[state->first[view->host]++] = slot;
    }
    for (uint32_t h = hosts; h > 0; h--) state->first[h] = state->first[h - 1];
    state->first[0] = 0;
    state->fleet.slots = slots;
    state->fleet.vms = state->vms;
    state->fleet.on = state->on;
    state->fleet.view = vdc_search_view(sim->search);
    return VDC_OK;
}

/* ---- rounds ---- */

static vdc_code schedule(vdc_simulation *sim, vdc_diag *diag) {
    vdc_time interval = state_of(sim)->fleet.interval, now = sim->datacenter.now;
    if (interval > VDC_TIME_MAX - now) return VDC_OK;
    sim->background_events++;
    return vdc_part_schedule(sim, VDC_PART_rebalance, now + interval, VDC_RANK_REBALANCE, ROUND, NULL, diag);
}

/* Are there as many migrations under way as may be, of this VM's host, of that host, or of all? */
static bool must_wait(const vdc_simulation *sim, const vdc_relocation *move) {
    const vdc_migration_settings *settings = &sim->scenario->migration;
    const vdc_moves *moves = &vdc_operations_of(sim)->moves;
    uint32_t from = sim->datacenter.vms[move->vm].host, to = move->host;
    if (settings->concurrent != VDC_PARAM_NONE && moves->in_flight >= settings->concurrent) return true;
    if (settings->per_host == VDC_PARAM_NONE || from == VDC_NOWHERE) return false;
    return moves->out[from] + moves->in[from] >= settings->per_host || moves->out[to] + moves->in[to] >= settings->per_host;
}

/* Refused for another reason than the number of migrations, it is given up: the next round decides anew. */
static vdc_code begin_move(vdc_simulation *sim, const vdc_relocation *move, bool *waits, vdc_diag *diag) {
    rebalance_state *state = state_of(sim);
    if (move->vm == VDC_SWITCH_ON) return vdc_standby_wake(sim, move->host, diag);
    *waits = must_wait(sim, move);
    if (*waits) return VDC_OK;
    const char *refusal = NULL;
    vdc_code code = vdc_migrate(sim, move->vm, move->host, -1, NULL, &refusal, diag);
    if (code) return code;
    if (!refusal) {
        state->moves++;
        return VDC_OK;
    }
    state->refused++;
    return sim->results ? vdc_results_log(sim, "move refused", sim->datacenter.records[move->vm].request.id, move->host, refusal, diag) : VDC_OK;
}

/* Begins what can begin of the moves that wait; the rest goes on waiting. */
static vdc_code begin_moves(vdc_simulation *sim, vdc_diag *diag) {
    rebalance_state *state = state_of(sim);
    size_t left = 0;
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < state->waiting_count; i++) {
        const vdc_relocation move = state->waiting[i];
        bool waits = false;
        /* What has left meanwhile, or moved, is no longer the VM that was meant. */
        if (move.vm != VDC_SWITCH_ON && sim->datacenter.records[move.vm].request.number != state->numbers[i]) continue;
        code = begin_move(sim, &move, &waits, diag);
        if (!waits) continue;
        state->numbers[left] = state->numbers[i];
        state->waiting[left++] = move;
    }
    state->waiting_count = left;
    return code;
}

static vdc_code check_move(const vdc_simulation *sim, const vdc_relocation *move, vdc_diag *diag) {
    const rebalance_state *state = state_of(sim);
    const char *name = sim->rebalance.policy->name;
    if (move->host >= sim->datacenter.hosts.count)
        return vdc_fail(diag, VDC_ERROR_POLICY, NULL, "rebalance policy %s named host %" PRIu32 " at %" PRId64 " ns: there is no such host", name, move->host,
                        sim->datacenter.now);
    if (move->vm == VDC_SWITCH_ON || (move->vm < state->fleet.slots && state->vms[move->vm].request && state->vms[move->vm].movable)) return VDC_OK;
    return vdc_fail(diag, VDC_ERROR_POLICY, NULL, "rebalance policy %s moves what is no VM that can be moved (slot %" PRIu32 ") at %" PRId64 " ns", name,
                    move->vm, sim->datacenter.now);
}

/* Was the placement policy inside able to decide? */
static vdc_code check_plan(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_policy *policy = sim->rebalance.policy;
    const vdc_plan *plan = policy->rebalance.plan ? policy->rebalance.plan(sim->rebalance.state) : NULL;
    if (!plan || !plan->failure) return VDC_OK;
    if (plan->outer->interrupted && plan->outer->interrupted()) return VDC_INTERRUPTED;
    return vdc_fail(diag, VDC_ERROR_POLICY, NULL, "rebalance policy %s: placement policy %s failed at %" PRId64 " ns for VM %" PRId64 ": %s", policy->name,
                    plan->place->policy->name, sim->datacenter.now, plan->fleet->vms[plan->vm].request->id, plan->failure);
}

static vdc_code round_begins(vdc_simulation *sim, vdc_diag *diag) {
    rebalance_state *state = state_of(sim);
    const vdc_relocation *moves = NULL;
    sim->background_events--;
    vdc_code code = look(state, sim, diag);
    if (code) return code;
    state->rounds++;
    state->waiting_count = 0; /* what the last round wanted and did not get is decided anew */
    int64_t count = sim->rebalance.policy->rebalance.decide(sim->rebalance.state, &state->fleet, &moves);
    code = check_plan(sim, diag);
    if (code) return code;
    if (count < 0 || !VDC_RESERVE(state->waiting, state->waiting_capacity, count) || !VDC_RESERVE(state->numbers, state->number_capacity, count))
        return vdc_no_memory(diag, "rebalancing");
    for (int64_t i = 0; !code && i < count; i++) {
        code = check_move(sim, &moves[i], diag);
        if (code) return code;
        state->waiting[i] = moves[i];
        state->numbers[i] = moves[i].vm == VDC_SWITCH_ON ? -1 : state->vms[moves[i].vm].request->number;
    }
    state->waiting_count = (size_t)count;
    code = begin_moves(sim, diag);
    return code ? code : schedule(sim, diag);
}

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    if (subject == ROUND) return round_begins(sim, diag);
    state_of(sim)->retrying = false;
    return begin_moves(sim, diag);
}

vdc_code vdc_rebalance_resume(vdc_simulation *sim, vdc_diag *diag) {
    rebalance_state *state = state_of(sim);
    if (!state || state->waiting_count == 0 || state->retrying) return VDC_OK;
    state->retrying = true;
    return vdc_part_schedule(sim, VDC_PART_rebalance, sim->datacenter.now, VDC_RANK_REBALANCE, RETRY, NULL, diag);
}

static vdc_code begin(vdc_simulation *sim, vdc_diag *diag) { return schedule(sim, diag); }

/* ---- what came of it (models.md 4.9) ---- */

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const rebalance_state *state = state_of(sim);
    vdc_datacenter *dc = &sim->datacenter;
    double overloaded = 0;
    for (uint32_t h = 0; h < dc->hosts.count; h++) {
        vdc_host_times times = vdc_datacenter_times(dc, h);
        if (times.active > 0) overloaded += (double)times.full / (double)times.active;
    }
    double slatah = dc->hosts.count ? overloaded / dc->hosts.count : 0, pdm = vdc_migration_degradation(sim);
    vdc_summary_integer(s, "rebalance_rounds", state->rounds, "times that the rebalance policy was asked");
    vdc_summary_integer(s, "rebalance_moves", state->moves, "migrations that it began");
    vdc_summary_integer(s, "rebalance_refused", state->refused, "moves that it named and that could not begin");
    vdc_summary_real(s, "slatah", slatah, "1", "SLA violation: mean over hosts of the share of their time with VMs that they were fully busy");
    vdc_summary_real(s, "slav", slatah * pdm, "1", "slatah x pdm");
    if (dc->power) vdc_summary_real(s, "esv", (double)dc->energy / 1e21 * slatah * pdm, "J", "energy of all hosts x slav");
}

const vdc_part vdc_part_rebalance = {
    .name = "rebalance", .open = open, .close = close, .begin = begin, .event = event, .summary = summary,
};
