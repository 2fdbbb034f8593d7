/* Components that break and are mended, warnings of it, and what comes of it for VMs, groups, tenants and hosts. What becomes of hosts and VMs:
 * sim/failures.c. */
#include "sim/parts/availability.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "sim/parts/failover.h"
#include "sim/results/results.h"
#include "sim/results/totals.h"

/* ---- components ---- */

static const vdc_failure_process *process_of(const vdc_simulation *sim, uint32_t component) {
    return &sim->scenario->processes[vdc_availability_of(sim)->components[component].process];
}

/* The unit of a level that a host belongs to. */
static uint32_t unit_of(const vdc_simulation *sim, vdc_outage level, uint32_t host) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    switch (level) {
    case VDC_OUTAGE_RACK: return hosts->rack ? hosts->rack[host] : 0;
    case VDC_OUTAGE_ZONE: return hosts->zone ? hosts->zone[host] : 0;
    case VDC_OUTAGE_UPDATE_DOMAIN: return host % (uint32_t)sim->scenario->update_domains;
    default: return host;
    }
}

/* The hosts of each unit of a level, in ascending order. */
static bool list_members(vdc_simulation *sim, vdc_availability_state *state, vdc_outage level) {
    uint32_t count = sim->datacenter.hosts.count, units = 0;
    if (state->first[level]) return true;
    for (uint32_t h = 0; h < count; h++)
        if (unit_of(sim, level, h) >= units) units = unit_of(sim, level, h) + 1;
    uint32_t *first = state->first[level] = vdc_calloc((size_t)units + 2, sizeof *first);
    uint32_t *members = state->members[level] = vdc_malloc(((size_t)count + 1) * sizeof *members);
    if (!first || !members) return false;
    state->units[level] = units;
    for (uint32_t h = 0; h < count; h++) first[unit_of(sim, level, h) + 2]++;
    for (uint32_t u = 2; u <= units + 1; u++) first[u] += first[u - 1];
    for (uint32_t h = 0; h < count; h++) members[first[unit_of(sim, level, h) + 1]++] = h;
    return true;
}

/* One component for each unit of each process; the streams of processes of one level are apart. */
static vdc_code create_components(vdc_simulation *sim, vdc_availability_state *state, vdc_diag *diag) {
    static const char *const streams[VDC_FAILURE_LEVELS] = {"failure.host", "failure.rack", "failure.zone", "failure.update-domain"};
    static const char *const warnings[VDC_FAILURE_LEVELS] = {"warning.host", "warning.rack", "warning.zone", "warning.update-domain"};
    const vdc_scenario *scenario = sim->scenario;
    uint64_t total = 0, seen[VDC_FAILURE_LEVELS] = {0};
    for (size_t p = 0; p < scenario->process_count; p++) {
        vdc_outage level = scenario->processes[p].level;
        if (!list_members(sim, state, level)) return vdc_no_memory(diag, "the failures");
        total += state->units[level];
    }
    if (total >> VDC_AVAILABILITY_SHIFT)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: failures.processes: more than %d components that fail", scenario->path,
                        1 << VDC_AVAILABILITY_SHIFT);
    state->components = vdc_malloc((size_t)(total + 1) * sizeof *state->components);
    state->hit = vdc_calloc(scenario->process_count * (size_t)sim->datacenter.hosts.count + 1, sizeof *state->hit);
    if (scenario->warning_lead) state->warnings = vdc_malloc((size_t)(total + 1) * sizeof *state->warnings);
    if (!state->components || !state->hit || (scenario->warning_lead && !state->warnings)) return vdc_no_memory(diag, "the failures");
    for (size_t p = 0; p < scenario->process_count; p++) {
        vdc_outage level = scenario->processes[p].level;
        for (uint32_t unit = 0; unit < state->units[level]; unit++) {
            uint64_t entity = seen[level] << 32 | unit;
            vdc_component *component = &state->components[state->component_count];
            *component = (vdc_component){.process = (uint32_t)p, .unit = unit};
            vdc_stream_open(&component->stream, scenario->seed, streams[level], entity);
            if (state->warnings) vdc_stream_open(&state->warnings[state->component_count], scenario->seed, warnings[level], entity);
            state->component_count++;
        }
        seen[level]++;
    }
    return VDC_OK;
}

/* None of these keeps a run alive by itself. */
static vdc_code schedule(vdc_simulation *sim, vdc_time time, vdc_rank rank, vdc_availability_event kind, uint32_t component, vdc_diag *diag) {
    if (time == VDC_TIME_MAX) return VDC_OK;
    sim->background_events++;
    return vdc_part_schedule(sim, VDC_PART_availability, time, rank, VDC_AVAILABILITY_EVENT(kind, component), NULL, diag);
}

/* The component lives from now on, at this age; foreseen deaths are announced. */
static vdc_code live(vdc_simulation *sim, uint32_t number, vdc_time age, vdc_diag *diag) {
    vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_scenario *scenario = sim->scenario;
    vdc_time now = sim->datacenter.now, end = vdc_later(now, vdc_failure_life(process_of(sim, number), age, &state->components[number].stream));
    vdc_code code = schedule(sim, end, VDC_RANK_HOST_FAILURE, VDC_AVAILABILITY_BREAK, number, diag);
    if (code || !state->warnings || vdc_stream_uniform(&state->warnings[number]) >= scenario->warning_recall) return code;
    vdc_time warning = end == VDC_TIME_MAX ? end : end - scenario->warning_lead < now ? now : end - scenario->warning_lead;
    return schedule(sim, warning, VDC_RANK_OPERATION, VDC_AVAILABILITY_WARNING, number, diag);
}

/* Warnings that nothing comes of are a Poisson process of their own: as many as make `precision` of all warnings true. */
static vdc_code schedule_false_alarm(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_scenario *scenario = sim->scenario;
    if (!state->warnings || scenario->warning_precision >= 1 || scenario->warning_recall <= 0) return VDC_OK;
    double mean = vdc_failure_mtbf(process_of(sim, number)) * scenario->warning_precision / (scenario->warning_recall * (1 - scenario->warning_precision));
    double wait = gsl_ran_exponential(&state->warnings[number].rng, mean);
    vdc_time at = wait >= 0x1p62 ? VDC_TIME_MAX : vdc_later(sim->datacenter.now, (vdc_time)wait);
    return schedule(sim, at, VDC_RANK_OPERATION, VDC_AVAILABILITY_FALSE_ALARM, number, diag);
}

static bool *hits_of(const vdc_simulation *sim, const vdc_component *component) {
    return vdc_availability_of(sim)->hit + (size_t)component->process * sim->datacenter.hosts.count;
}

/* A shock: it is drawn for every host of the component whether that is up or not, so that the stream does not depend on what else fails. */
static vdc_code break_component(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_availability_state *state = vdc_availability_of(sim);
    vdc_component *component = &state->components[number];
    const vdc_failure_process *process = process_of(sim, number);
    const uint32_t *first = state->first[process->level], *members = state->members[process->level];
    bool *hit = hits_of(sim, component);
    state->shocks++;
    vdc_availability_shock(&state->book);
    for (uint32_t i = first[component->unit]; i < first[component->unit + 1]; i++)
        hit[members[i]] = process->kills >= 1 || vdc_stream_uniform(&component->stream) < process->kills;
    vdc_time repair = vdc_failure_repair(process, &component->stream);
    vdc_code code = VDC_OK;
    for (uint32_t i = first[component->unit]; !code && i < first[component->unit + 1]; i++)
        if (hit[members[i]]) code = vdc_failures_host_down(sim, members[i], process->level, diag);
    return code ? code : schedule(sim, vdc_later(sim->datacenter.now, repair), VDC_RANK_HOST_RECOVERY, VDC_AVAILABILITY_MEND, number, diag);
}

static vdc_code mend_component(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_availability_state *state = vdc_availability_of(sim);
    vdc_component *component = &state->components[number];
    vdc_outage level = process_of(sim, number)->level;
    const uint32_t *first = state->first[level], *members = state->members[level];
    bool *hit = hits_of(sim, component);
    vdc_code code = VDC_OK;
    for (uint32_t i = first[component->unit]; !code && i < first[component->unit + 1]; i++) {
        if (!hit[members[i]]) continue;
        hit[members[i]] = false;
        code = vdc_failures_host_up(sim, members[i], diag);
    }
    vdc_run_wake(sim);
    return code ? code : live(sim, number, 0, diag);
}

/* ---- warnings ---- */

/* The VMs of a host that is expected to fail go elsewhere, as far as there is room. */
static vdc_code evacuate(vdc_simulation *sim, uint32_t host, vdc_diag *diag) {
    vdc_availability_state *state = vdc_availability_of(sim);
    vdc_failover_leave(sim, host);
    vdc_code code = VDC_OK;
    int64_t after = -1;
    for (uint32_t slot; !code && (slot = vdc_failures_next_vm(sim, host, after)) != VDC_NOWHERE;) {
        bool left = false;
        after = sim->datacenter.records[slot].request.number;
        code = sim->scenario->warning_migrates ? vdc_failures_migrate(sim, slot, &left, diag)
                                               : vdc_failures_restart_elsewhere(sim, slot, VDC_OUTAGE_MAINTENANCE, &left, diag);
        if (left) state->evacuated++;
        else state->stayed++;
    }
    return code;
}

static vdc_code warn(vdc_simulation *sim, uint32_t number, vdc_diag *diag) {
    vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_component *component = &state->components[number];
    vdc_outage level = process_of(sim, number)->level;
    const uint32_t *first = state->first[level], *members = state->members[level];
    vdc_code code = VDC_OK;
    for (uint32_t i = first[component->unit]; i < first[component->unit + 1]; i++) vdc_failures_cordon(sim, members[i], 1);
    for (uint32_t i = first[component->unit]; !code && i < first[component->unit + 1]; i++) {
        code = vdc_results_event(sim, "host expected to fail", -1, members[i], diag);
        if (!code) code = evacuate(sim, members[i], diag);
    }
    return code ? code : schedule(sim, vdc_later(sim->datacenter.now, sim->scenario->warning_lead), VDC_RANK_OPERATION,
                                  VDC_AVAILABILITY_WARNING_OVER, number, diag);
}

static void warning_over(vdc_simulation *sim, uint32_t number) {
    vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_component *component = &state->components[number];
    vdc_outage level = process_of(sim, number)->level;
    for (uint32_t i = state->first[level][component->unit]; i < state->first[level][component->unit + 1]; i++)
        vdc_failures_cordon(sim, state->members[level][i], -1);
}

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    vdc_availability_state *state = vdc_availability_of(sim);
    uint32_t number = subject & ((UINT32_C(1) << VDC_AVAILABILITY_SHIFT) - 1);
    vdc_availability_event kind = (vdc_availability_event)(subject >> VDC_AVAILABILITY_SHIFT);
    if (kind != VDC_AVAILABILITY_NOTICED) sim->background_events--;
    vdc_code code;
    switch (kind) {
    case VDC_AVAILABILITY_BREAK: return break_component(sim, number, diag);
    case VDC_AVAILABILITY_MEND: return mend_component(sim, number, diag);
    case VDC_AVAILABILITY_NOTICED: return vdc_failures_vm_noticed(sim, number, diag);
    case VDC_AVAILABILITY_WARNING:
        state->foreseen++;
        return warn(sim, number, diag);
    case VDC_AVAILABILITY_FALSE_ALARM:
        state->false_alarms++;
        code = warn(sim, number, diag);
        return code ? code : schedule_false_alarm(sim, number, diag);
    default:
        warning_over(sim, number);
        return VDC_OK;
    }
}

/* ---- the reserve ---- */

static void set_reserve(vdc_simulation *sim, vdc_availability_state *state) {
    const vdc_scenario *scenario = sim->scenario;
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    for (uint16_t k = 0; k < hosts->class_count; k++)
        for (int r = 0; r < VDC_RESOURCES; r++) {
            int64_t capacity = hosts->classes[k].capacity[r], kept = capacity;
            state->capacity[r] += (vdc_wide)capacity * hosts->classes[k].count;
            if (__builtin_mul_overflow(kept, scenario->reserve_hosts, &kept)) kept = INT64_MAX;
            if (kept > state->reserve[r]) state->reserve[r] = kept;
        }
    for (int r = 0; r < VDC_RESOURCES && scenario->reserve_share > 0; r++)
        state->reserve[r] = (int64_t)ceil((double)state->capacity[r] * scenario->reserve_share);
    state->reserves = scenario->reserve_hosts > 0 || scenario->reserve_share > 0;
}

bool vdc_availability_admits(vdc_simulation *sim, uint32_t slot) {
    vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_datacenter *dc = &sim->datacenter;
    const vdc_vm_record *record = &dc->records[slot];
    if (!state || !state->reserves || record->first_start >= 0) return true;
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (!dc->hosts.free[r] || record->request.size[r] == 0) continue;
        if ((vdc_wide)dc->held[r] + record->request.size[r] <= state->capacity[r] - state->reserve[r]) continue;
        state->refusals += record->queued_at == dc->now;
        return false;
    }
    return true;
}

/* ---- the book ---- */

void vdc_availability_running(vdc_simulation *sim, uint32_t slot) {
    vdc_availability_state *state = vdc_availability_of(sim);
    if (state) vdc_availability_change(&state->book, slot, VDC_UP, VDC_OUTAGE_HOST, sim->datacenter.now);
}

void vdc_availability_interrupted(vdc_simulation *sim, uint32_t slot, vdc_outage outage) {
    vdc_availability_state *state = vdc_availability_of(sim);
    if (state) vdc_availability_change(&state->book, slot, VDC_DOWN, outage, sim->datacenter.now);
}

/* What never comes although every host came back many times over does not come. */
bool vdc_availability_awaits(const vdc_simulation *sim) {
    const vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_datacenter *dc = &sim->datacenter;
    if (!state || dc->hosts_down == 0) return false;
    if (state->down_with_end > 0) return true;
    if (state->recoveries > 100 * (int64_t)dc->hosts.count) return false;
    for (uint32_t slot = sim->waiting.first; slot != VDC_NOWHERE; slot = dc->vms[slot].next)
        if (vdc_request_ends(&dc->records[slot].request)) return true;
    return false;
}

static vdc_code placed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_availability_state *state = vdc_availability_of(sim);
    vdc_request *request = &sim->datacenter.records[slot].request;
    vdc_code code = vdc_availability_arrive(&state->book, slot, request->number, request->tenant, request->group, diag);
    if (code) return code;
    if (sim->scenario->young && request->checkpoint_interval > 0 && request->checkpoint_duration > 0)
        request->checkpoint_interval = vdc_young_interval(request->checkpoint_duration,
                                                          vdc_failure_host_mtbf(sim->scenario->processes, sim->scenario->process_count));
    if (!sim->starting && !sim->transit) vdc_availability_change(&state->book, slot, VDC_UP, VDC_OUTAGE_HOST, sim->datacenter.now);
    if (vdc_request_ends(request)) state->recoveries = 0;
    return VDC_OK;
}

/* Whoever stops it because it is down has said so before; one that goes on is as it was. */
static void removing(vdc_simulation *sim, uint32_t slot) {
    vdc_availability_state *state = vdc_availability_of(sim);
    if (sim->transit) return;
    if (state->book.vms[slot].presence == VDC_UP) vdc_availability_change(&state->book, slot, VDC_ABSENT, VDC_OUTAGE_HOST, sim->datacenter.now);
}

/* The slot's book entry, when it is the VM's. */
static bool is_booked(const vdc_simulation *sim, uint32_t slot) {
    const vdc_availability *book = &vdc_availability_of(sim)->book;
    return slot < book->vm_count && book->vms[slot].vm == sim->datacenter.records[slot].request.number + 1;
}

static void left(vdc_simulation *sim, uint32_t slot) {
    vdc_availability_state *state = vdc_availability_of(sim);
    if (is_booked(sim, slot)) vdc_availability_change(&state->book, slot, VDC_ABSENT, VDC_OUTAGE_HOST, sim->datacenter.now);
    if (vdc_request_ends(&sim->datacenter.records[slot].request)) state->recoveries = 0;
}

/* ---- life of the part ---- */

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    uint32_t hosts = sim->datacenter.hosts.count;
    if (!scenario->has_availability) return VDC_OK;
    vdc_availability_state *state = sim->parts[VDC_PART_availability] = vdc_calloc(1, sizeof *state);
    if (!state) return vdc_no_memory(diag, "the failures");
    state->covered = vdc_calloc((size_t)hosts + 1, sizeof *state->covered);
    state->cordons = vdc_calloc((size_t)hosts + 1, sizeof *state->cordons);
    state->was_off = vdc_calloc((size_t)hosts + 1, sizeof *state->was_off);
    state->first_down = vdc_malloc(((size_t)hosts + 1) * sizeof *state->first_down);
    if (!state->covered || !state->cordons || !state->was_off || !state->first_down) return vdc_no_memory(diag, "the failures");
    for (uint32_t h = 0; h < hosts; h++) state->first_down[h] = VDC_NOWHERE;
    vdc_code code = vdc_availability_setup(&state->book, hosts, scenario->quorum, diag);
    if (!code) code = create_components(sim, state, diag);
    for (size_t i = 0; !code && i < scenario->group_need_count; i++) {
        const vdc_group_need *need = &scenario->group_needs[i];
        uint32_t group;
        if (vdc_names_intern(sim->groups, need->group, strlen(need->group), &group)) return vdc_no_memory(diag, "the failures");
        code = vdc_availability_require(&state->book, group, need->up, diag);
    }
    set_reserve(sim, state);
    return code;
}

static void close(vdc_simulation *sim) {
    vdc_availability_state *state = vdc_availability_of(sim);
    if (!state) return;
    vdc_availability_clear(&state->book);
    for (int level = 0; level < VDC_FAILURE_LEVELS; level++) vdc_free(state->first[level]), vdc_free(state->members[level]);
    vdc_free(state->components);
    vdc_free(state->warnings);
    vdc_free(state->hit);
    vdc_free(state->covered);
    vdc_free(state->cordons);
    vdc_free(state->was_off);
    vdc_free(state->first_down);
    vdc_free(state->down);
    vdc_free(state);
    sim->parts[VDC_PART_availability] = NULL;
}

static vdc_code begin(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_availability_state *state = vdc_availability_of(sim);
    vdc_code code = VDC_OK;
    for (uint32_t i = 0; !code && i < state->component_count; i++) {
        code = live(sim, i, process_of(sim, i)->age, diag);
        if (!code) code = schedule_false_alarm(sim, i, diag);
    }
    return code;
}

/* ---- what is written ---- */

static double vm_seconds(vdc_wide integral) { return vdc_wide_over(integral, VDC_SECOND); }

static double share_up(double up, double down) { return up + down > 0 ? up / (up + down) : NAN; }

static const vdc_column tick_columns[] = {
    {"hosts_down", "1", "hosts that are down at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
    {"vms_down", "1", "VMs that should run and do not at the end of the tick, because of an outage", VDC_CELL_INTEGER, NULL, 1},
    {"vm_down", "s", "VM time down in the tick, not planned", VDC_CELL_REAL, NULL, 1},
    {"vm_down_planned", "s", "VM time down in the tick for maintenance", VDC_CELL_REAL, NULL, 1},
};

static void tick_row(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    vdc_availability_state *state = vdc_availability_of(sim);
    vdc_uptime fleet = vdc_availability_uptime(&state->book.fleet, sim->datacenter.now);
    vdc_wide down[2] = {vdc_unplanned(&fleet), fleet.down[VDC_OUTAGE_MAINTENANCE]};
    int64_t now = 0;
    (void)entity;
    for (int i = 0; i < VDC_OUTAGES; i++) now += fleet.down_now[i];
    vdc_row_integer(row, sim->datacenter.hosts_down);
    vdc_row_integer(row, now);
    for (int i = 0; i < 2; i++) {
        vdc_row_real(row, vm_seconds(down[i] - state->previous_down[i]));
        state->previous_down[i] = down[i];
    }
}

static const vdc_column vm_columns[] = {
    {"up", "s", "time on a host", VDC_CELL_REAL, NULL, 1},
    {"down", "s", "time that it should have run and did not, not planned", VDC_CELL_REAL, NULL, 1},
    {"down_planned", "s", "the same for maintenance", VDC_CELL_REAL, NULL, 1},
    {"interruptions", "1", "times that it went down, planned or not", VDC_CELL_INTEGER, NULL, 1},
    {"availability", "1", "up / (up + down), NaN = it never ran", VDC_CELL_REAL, NULL, 1},
};

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) {
    vdc_vm_availability vm = {0};
    if (is_booked(sim, slot)) vm = vdc_availability_vm(&vdc_availability_of(sim)->book, slot, sim->datacenter.now);
    vdc_row_real(row, vdc_seconds(vm.up));
    vdc_row_real(row, vdc_seconds(vm.unplanned));
    vdc_row_real(row, vdc_seconds(vm.planned));
    vdc_row_integer(row, vm.interruptions);
    vdc_row_real(row, share_up(vdc_seconds(vm.up), vdc_seconds(vm.unplanned)));
}

static const vdc_column host_columns[] = {
    {"failures", "1", "times that it failed", VDC_CELL_INTEGER, NULL, 1},
    {"down", "s", "time down, not planned", VDC_CELL_REAL, NULL, 1},
    {"down_planned", "s", "time down for maintenance", VDC_CELL_REAL, NULL, 1},
    {"availability", "1", "share of the run that it was not down, maintenance left out", VDC_CELL_REAL, NULL, 1},
};

static void host_row(vdc_simulation *sim, uint32_t h, vdc_row *row) {
    vdc_host_availability host = vdc_availability_host(&vdc_availability_of(sim)->book, h, sim->datacenter.now);
    double down = vdc_seconds(host.unplanned), planned = vdc_seconds(host.planned);
    vdc_row_integer(row, host.failures);
    vdc_row_real(row, down);
    vdc_row_real(row, planned);
    vdc_row_real(row, share_up(vdc_seconds(sim->datacenter.now) - down - planned, down));
}

/* The cells of several VMs together. */
static void put_uptime(vdc_row *row, const vdc_uptime *sum) {
    double up = vm_seconds(sum->up), down = vm_seconds(vdc_unplanned(sum));
    vdc_row_real(row, up);
    vdc_row_real(row, down);
    vdc_row_real(row, vm_seconds(sum->down[VDC_OUTAGE_MAINTENANCE]));
    vdc_row_integer(row, sum->interruptions);
    vdc_row_real(row, share_up(up, down));
    vdc_row_real(row, vdc_nines(up, down));
}
#define UPTIME_COLUMNS \
    {"vm_up", "s", "VM time up", VDC_CELL_REAL, NULL, 1}, \
    {"vm_down", "s", "VM time down, not planned", VDC_CELL_REAL, NULL, 1}, \
    {"vm_down_planned", "s", "VM time down for maintenance", VDC_CELL_REAL, NULL, 1}, \
    {"interruptions", "1", "times that a VM went down, planned or not", VDC_CELL_INTEGER, NULL, 1}, \
    {"vm_availability", "1", "of its VMs: up / (up + down), NaN = none ran", VDC_CELL_REAL, NULL, 1}, \
    {"vm_nines", "1", "-log10 of the share down, NaN = never down", VDC_CELL_REAL, NULL, 1}

static const vdc_column tenant_columns[] = {UPTIME_COLUMNS};

static void tenant_row(vdc_simulation *sim, uint32_t tenant, vdc_row *row) {
    const vdc_availability *book = &vdc_availability_of(sim)->book;
    vdc_uptime sum = {0};
    if (tenant < book->tenant_count) sum = vdc_availability_uptime(&book->tenants[tenant], sim->datacenter.now);
    put_uptime(row, &sum);
}

void vdc_availability_warn_unused(const vdc_simulation *sim, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    for (size_t i = 0; i < scenario->group_need_count; i++) {
        const char *name = scenario->group_needs[i].group;
        const uint32_t group = vdc_names_find(sim->groups, name, strlen(name));
        if (group == UINT32_MAX || vdc_availability_group(&vdc_availability_of(sim)->book, group, sim->datacenter.now).members == 0)
            vdc_warn(diag, NULL, "%s: failures.groups: no VM of the group '%.60s' ever ran", scenario->path, name);
    }
}

/* /groups: of groups that had VMs. */
static vdc_code tables(vdc_simulation *sim, vdc_record *record, vdc_diag *diag) {
    static const vdc_column columns[] = {
        {"name", "1", "group", VDC_CELL_TEXT, NULL, 1},
        {"vms", "1", "VMs that ran", VDC_CELL_INTEGER, NULL, 1},
        {"required", "1", "VMs that must be up, 0 = by failures.quorum", VDC_CELL_INTEGER, NULL, 1},
        {"up", "s", "time that enough of them were up", VDC_CELL_REAL, NULL, 1},
        {"down", "s", "time that too few of them were up", VDC_CELL_REAL, NULL, 1},
        {"availability", "1", "up / (up + down)", VDC_CELL_REAL, NULL, 1},
        {"nines", "1", "-log10 of the share down, NaN = never down", VDC_CELL_REAL, NULL, 1},
        {"outages", "1", "times that it became unavailable", VDC_CELL_INTEGER, NULL, 1},
        {"blast_radius", "1", "most of its VMs that one failure took down", VDC_CELL_INTEGER, NULL, 1},
        UPTIME_COLUMNS,
    };
    const vdc_availability *book = &vdc_availability_of(sim)->book;
    vdc_table *table = NULL;
    vdc_code code = VDC_OK;
    for (uint32_t i = 1; !code && i < book->group_count; i++) {
        vdc_cell cells[sizeof columns / sizeof *columns];
        vdc_row row = {.cells = cells};
        vdc_group_availability group = vdc_availability_group(book, i, sim->datacenter.now);
        if (group.members == 0) continue;
        if (!table) code = vdc_record_table(record, &table, "/groups", columns, sizeof columns / sizeof *columns, NULL, 0, diag);
        if (code) break;
        vdc_row_text(&row, vdc_names_text(sim->groups, i));
        vdc_row_integer(&row, group.members);
        vdc_row_integer(&row, group.required);
        vdc_row_real(&row, vdc_seconds(group.up));
        vdc_row_real(&row, vdc_seconds(group.down));
        vdc_row_real(&row, share_up(vdc_seconds(group.up), vdc_seconds(group.down)));
        vdc_row_real(&row, vdc_nines(vdc_seconds(group.up), vdc_seconds(group.down)));
        vdc_row_integer(&row, group.outages);
        vdc_row_integer(&row, group.blast);
        put_uptime(&row, &group.vms);
        code = vdc_table_append(table, cells, diag);
    }
    return code;
}

static void summary_hosts(vdc_simulation *sim, vdc_summary *s) {
    const vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_scenario *scenario = sim->scenario;
    double down = 0, planned = 0, all = vdc_seconds(sim->datacenter.now) * sim->datacenter.hosts.count;
    for (uint32_t h = 0; h < state->book.host_count; h++) {
        vdc_host_availability host = vdc_availability_host(&state->book, h, sim->datacenter.now);
        down += vdc_seconds(host.unplanned);
        planned += vdc_seconds(host.planned);
    }
    vdc_summary_integer(s, "failures", state->shocks, "hosts, racks, zones and update domains that broke");
    vdc_summary_integer(s, "host_failures", state->host_failures, "times that a host went down, not planned");
    vdc_summary_real(s, "host_down_s", down, "s", "host time down, not planned");
    vdc_summary_real(s, "host_down_planned_s", planned, "s", "host time down for maintenance");
    vdc_summary_real(s, "host_availability", share_up(all - down - planned, down), "1", "share of the hosts' time not down, maintenance left out");
    vdc_summary_real(s, "host_mtbf_s", state->host_failures ? (all - down - planned) / (double)state->host_failures : NAN, "s",
                     "host time up between failures, NaN = none failed");
    if (scenario->process_count == 0) return;
    vdc_summary_real(s, "host_mtbf_expected_s", vdc_failure_host_mtbf(scenario->processes, scenario->process_count) / 1e9, "s",
                     "what the processes give in the long run: 1 / sum of kills / MTBF");
    vdc_summary_real(s, "host_availability_expected", vdc_failure_host_availability(scenario->processes, scenario->process_count), "1",
                     "what the processes give in the long run: product of 1 - kills x MTTR / (MTBF + MTTR)");
    if (!state->warnings) return;
    vdc_summary_integer(s, "warnings_true", state->foreseen, "warnings of failures that came");
    vdc_summary_integer(s, "warnings_false", state->false_alarms, "warnings of failures that did not");
    vdc_summary_integer(s, "vms_evacuated", state->evacuated, "VMs that left a host, or began to, on a warning");
    vdc_summary_integer(s, "vms_not_evacuated", state->stayed, "VMs that found no other host on a warning");
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    static const char *const keys[VDC_OUTAGES] = {"vm_down_host_s", "vm_down_rack_s", "vm_down_zone_s", "vm_down_update_domain_s",
                                                  "vm_down_trace_s", "vm_down_preemption_s", "vm_down_planned_s"};
    static const char *const names[VDC_OUTAGES] = {
        "VM time down because hosts failed", "because racks failed", "because zones failed", "because update domains failed",
        "because of failures.trace", "because VMs were displaced and wait again", "VM time down for maintenance",
    };
    const vdc_availability_state *state = vdc_availability_of(sim);
    vdc_uptime fleet = vdc_availability_uptime(&state->book.fleet, sim->datacenter.now);
    double up = vm_seconds(fleet.up), down = vm_seconds(vdc_unplanned(&fleet)), group_up = 0, group_down = 0;
    vdc_summary_integer(s, "vms_down", sim->population.down, "VMs down at the end that do not wait for a host");
    vdc_summary_real(s, "vm_up_s", up, "s", "VM time up");
    vdc_summary_real(s, "vm_down_s", down, "s", "VM time down: VMs that should have run and did not, not planned");
    for (int i = 0; i < VDC_OUTAGES; i++) vdc_summary_real(s, keys[i], vm_seconds(fleet.down[i]), "s", names[i]);
    vdc_summary_real(s, "availability", share_up(up, down), "1", "of all VMs: up / (up + down), NaN = none ran");
    vdc_summary_real(s, "availability_nines", vdc_nines(up, down), "1", "-log10 of the share down, NaN = never down");
    vdc_summary_integer(s, "interruptions", fleet.interruptions, "times that a VM went down, planned or not");
    vdc_summary_real(s, "mtbi_s", fleet.interruptions ? up / (double)fleet.interruptions : NAN, "s", "VM time up between interruptions, NaN = none");
    vdc_summary_real(s, "failure_lost_core_s", vdc_wide_over(state->lost_work, (vdc_wide)1000 * VDC_SECOND), "core s",
                     "vCPU time lost by VMs that were stopped, since their start or last checkpoint");
    vdc_summary_integer(s, "blast_radius_vms", state->book.blast, "most VMs that one failure took down");
    vdc_summary_integer(s, "blast_radius_group_vms", state->book.group_blast, "most VMs of one group that one failure took down");
    for (uint32_t i = 1; i < state->book.group_count; i++) {
        vdc_group_availability group = vdc_availability_group(&state->book, i, sim->datacenter.now);
        group_up += vdc_seconds(group.up);
        group_down += vdc_seconds(group.down);
    }
    if (group_up + group_down > 0) {
        vdc_summary_real(s, "group_availability", share_up(group_up, group_down), "1", "of all groups: time with enough VMs up / time with VMs");
        vdc_summary_real(s, "group_nines", vdc_nines(group_up, group_down), "1", "-log10 of the share without, NaN = none");
    }
    summary_hosts(sim, s);
    if (!state->reserves) return;
    vdc_summary_integer(s, "reserve_refusals", state->refusals, "VMs that were not placed at once for the sake of the reserve");
    vdc_summary_real(s, "reserve_cpu_cores", (double)state->reserve[VDC_CPU] / 1000, "1", "vCPUs that first placements leave free");
    vdc_summary_real(s, "reserve_memory_bytes", (double)state->reserve[VDC_MEMORY], "byte", "memory that first placements leave free");
}

/* ---- checks ---- */

/* The counts of VMs that are up and down are those of a recount. */
static void check(vdc_simulation *sim, vdc_checks *checks) {
    const vdc_availability_state *state = vdc_availability_of(sim);
    const vdc_datacenter *dc = &sim->datacenter;
    int64_t down = 0, up = 0, booked = 0;
    uint32_t hosts = 0;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++) {
        if (dc->vms[slot].state == VDC_VM_FREE || !is_booked(sim, slot)) continue;
        up += state->book.vms[slot].presence == VDC_UP;
        booked += state->book.vms[slot].presence == VDC_DOWN;
        down += dc->vms[slot].state == VDC_VM_DOWN;
        if (dc->vms[slot].state == VDC_VM_DOWN)
            vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, state->book.vms[slot].presence, VDC_DOWN);
    }
    for (int i = 0; i < VDC_OUTAGES; i++) booked -= state->book.fleet.down_now[i];
    for (uint32_t h = 0; h < dc->hosts.count; h++) {
        hosts += state->covered[h] > 0;
        vdc_check_equal(checks, VDC_I14_DOWN_HOST, dc->now, state->covered[h] > 0, dc->hosts.state[h] == VDC_HOST_DOWN);
    }
    vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, up, state->book.fleet.up_now);
    vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, booked, 0);
    vdc_check_equal(checks, VDC_I15_POPULATION, dc->now, down, sim->population.down);
    vdc_check_equal(checks, VDC_I14_DOWN_HOST, dc->now, hosts, dc->hosts_down);
}

#define COLUMNS(array) array, sizeof array / sizeof *array

const vdc_part vdc_part_availability = {
    .name = "availability", .open = open, .close = close, .begin = begin, .event = event, .placed = placed, .removing = removing, .left = left,
    .check = check, .summary = summary, .tables = tables,
    .ticks = {COLUMNS(tick_columns), .row = tick_row}, .vms = {COLUMNS(vm_columns), .row = vm_row},
    .hosts = {COLUMNS(host_columns), .row = host_row}, .tenants = {COLUMNS(tenant_columns), .row = tenant_row},
};
