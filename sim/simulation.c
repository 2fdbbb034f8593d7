/* Assembles a run from a scenario, and the library's public functions (vdcsim.h). */
#include "sim/journal.h"
#include "sim/parts/part.h"
#include "sim/results/results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *vdc_version(void) { return VDC_VERSION; }

/* ---- assembly ---- */

vdc_workload_context vdc_context_of(vdc_simulation *sim, int64_t capacity[VDC_RESOURCES]) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    int64_t speed = 0;
    for (int r = 0; r < VDC_RESOURCES; r++) capacity[r] = 0;
    for (uint16_t k = 0; k < hosts->class_count; k++) {
        for (int r = 0; r < VDC_RESOURCES; r++) {
            vdc_wide sum = capacity[r] + (vdc_wide)hosts->classes[k].physical[r] * hosts->classes[k].count;
            capacity[r] = sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
        }
        if (hosts->classes[k].speed > speed) speed = hosts->classes[k].speed;
        int64_t disk = hosts->free[VDC_DISK] ? hosts->classes[k].capacity[VDC_DISK] : -1;
        if (disk > sim->io.largest_local) sim->io.largest_local = disk;
    }
    if (!sim->io.sealed) sim->io.networks = sim->scenario->networks, sim->io.network_count = sim->scenario->network_count;
    sim->io.pools = sim->scenario->pools, sim->io.pool_count = sim->scenario->pool_count;
    const vdc_node *named = vdc_node_get(sim->scenario->policies[VDC_CPU_SHARING], "policy");
    const vdc_policy *cpu = named && named->kind == VDC_NODE_SCALAR ? vdc_policy_find(VDC_CPU_SHARING, named->text) : NULL;
    int64_t host_cpu = 0, slowest = INT64_MAX;
    for (uint16_t k = 0; k < hosts->class_count; k++) {
        if (hosts->classes[k].cpu_hz > host_cpu) host_cpu = hosts->classes[k].cpu_hz;
        if (hosts->classes[k].speed < slowest) slowest = hosts->classes[k].speed;
    }
    return (vdc_workload_context){
        .weight_most = cpu ? cpu->cpu.weight_most : 0, .host_cpu = host_cpu, .slowest = slowest, .memory_loads = &sim->memory_loads,
        .has_memory = sim->scenario->has_memory,
        .tenants = sim->tenants, .groups = sim->groups, .gpu_models = sim->gpu_models, .isolation = &sim->wishes,
        .interference = &sim->profiles, .operations = &sim->operations, .io = &sim->io, .seed = sim->scenario->seed,
        .host_speed = speed, .capacity = capacity, .inputs = &sim->scenario->inputs,
        /* What happens at the instant of the end is part of the run. */
        .horizon = sim->scenario->end_rule == VDC_END_DURATION ? vdc_later(sim->scenario->end, 1) : 0,
    };
}

static vdc_code assemble_workload(vdc_simulation *sim, vdc_diag *diag) {
    vdc_scenario *scenario = sim->scenario;
    int64_t capacity[VDC_RESOURCES];
    vdc_workload_context context = vdc_context_of(sim, capacity);
    vdc_source *sources[4];
    size_t count = 0;
    vdc_code first = VDC_OK, code;
    /* All are tried, so that the errors of all are reported. */
    if (scenario->trace) {
        code = vdc_workload_open(scenario->trace, &context, &sources[count], diag);
        if (code) first = code;
        else count++;
    }
    if (scenario->generate) {
        code = vdc_workload_open(scenario->generate, &context, &sources[count], diag);
        if (code) first = first ? first : code;
        else count++;
    }
    if (scenario->vms) {
        code = vdc_workload_inline(scenario->vms, &context, &sources[count], diag);
        if (code) first = first ? first : code;
        else count++;
    }
    if (scenario->attacker) {
        code = vdc_workload_launches(scenario->launches, scenario->attacker, &context, &sources[count], diag);
        if (code) first = first ? first : code;
        else count++;
    }
    if (scenario->operations) {
        code = vdc_operation_list_read(&sim->operations, scenario->operations, VDC_OPERATION_OF_SCENARIO, "", &sim->own_operations, diag);
        if (!first) first = code;
    }
    if (first) {
        for (size_t i = 0; i < count; i++) vdc_source_close(sources[i]);
        return first;
    }
    /* Also for what may be asked for while the run goes on. */
    bool later = sim->operable || sim->operations.unread;
    sim->io.networking = sim->io.networking || sim->operations.networking || (later && scenario->network_count);
    sim->io.storing = sim->io.storing || sim->operations.storing || (later && scenario->pool_count);
    code = vdc_workload_merge(sources, count, &sim->workload, diag);
    return code ? code : vdc_take_gpu_census(sim, &context, diag);
}

static vdc_code assemble_policies(vdc_simulation *sim, vdc_diag *diag) {
    static const char *const fallback[VDC_SCHEDULERS] = {"fifo", "first-fit", "fair-share", "none"};
    vdc_policy_instance *instances[VDC_SCHEDULERS] = {&sim->admission, &sim->placement, &sim->cpu, &sim->rebalance};
    vdc_code first = VDC_OK;
    for (int kind = 0; kind < VDC_SCHEDULERS; kind++) {
        vdc_code code = vdc_policy_open((vdc_policy_kind)kind, sim->scenario->policies[kind], fallback[kind],
                                        kind == VDC_ADMISSION ? vdc_admission_keys : NULL, instances[kind], diag);
        if (!first) first = code;
    }
    return first;
}

/* Isolation is simulated where somebody asks for it; else it costs nothing. */
static vdc_code assemble_isolation(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_scenario *scenario = sim->scenario;
    bool taints = false;
    for (uint16_t k = 0; k < dc->hosts.class_count; k++) taints = taints || dc->hosts.classes[k].taints;
    if (!scenario->isolation && !sim->wishes.used && !scenario->attacker && !taints) return VDC_OK;
    vdc_code code = vdc_isolation_create(&sim->isolation, dc, &sim->wishes, sim->tenants, sim->groups, scenario->isolation, diag);
    dc->isolation = sim->isolation;
    if (!code && scenario->attacker) code = vdc_isolation_attack(sim->isolation, scenario->attacker, scenario->targets, diag);
    return code;
}

bool vdc_may_come(const vdc_simulation *sim, uint32_t host, const vdc_request *request) {
    if (sim->isolation) return vdc_isolation_allows(sim->isolation, host, request);
    return request->cpu_reservation == 0 || vdc_datacenter_keeps_reservation(&sim->datacenter, host, request);
}

static int64_t reserved_there(const vdc_simulation *sim, uint32_t slot) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    return vdc_reserved_rate(&sim->datacenter.records[slot].request, &hosts->classes[hosts->class_of[sim->datacenter.vms[slot].host]]);
}

void vdc_set_aside(vdc_simulation *sim, uint32_t slot) {
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    vdc_hosts *hosts = &sim->datacenter.hosts;
    const uint32_t host = sim->datacenter.vms[slot].host;
    if (sim->isolation) vdc_isolation_set_aside(sim->isolation, slot);
    else hosts->account[host].reserved -= reserved_there(sim, slot);
    vdc_host_give(hosts, host, &record->request, record->gpu_devices, record->numa_nodes);
}

void vdc_put_back(vdc_simulation *sim, uint32_t slot) {
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    vdc_hosts *hosts = &sim->datacenter.hosts;
    const uint32_t host = sim->datacenter.vms[slot].host;
    vdc_host_take(hosts, host, &record->request, record->gpu_devices, record->numa_nodes);
    if (sim->isolation) vdc_isolation_put_back(sim->isolation, slot);
    else hosts->account[host].reserved += reserved_there(sim, slot);
}

/* What the placement search asks of hosts that fit otherwise: `rules` is the simulation. */
static bool may_come(const void *rules, uint32_t host, const vdc_request *request) {
    const vdc_simulation *sim = rules;
    const vdc_admission_hooks *admission = &sim->admission.policy->admission;
    if (host == sim->leaving) return false; /* a VM that moves */
    if (sim->behind_blocked && !admission->allows(sim->admission.state, vdc_search_view(sim->search), host, request)) return false;
    if (!vdc_may_come(sim, host, request)) return false;
    return !sim->isolation || !sim->isolation->has_soft || vdc_isolation_penalty(sim->isolation, host, request) <= sim->penalty_allowed;
}

/* Racks and zones that a rule closes to the VM are passed over as a whole. */
static uint32_t beyond(const void *rules, uint32_t host, const vdc_request *request) {
    const vdc_simulation *sim = rules;
    return sim->isolation ? vdc_isolation_beyond(sim->isolation, host, request) : host + 1;
}

/* Hosts that rules refuse, as far as they are known as a whole. Soft rules refuse where none of them may be broken. */
static void refusals(const void *rules, const vdc_request *request, uint32_t in_vain, vdc_refusals *out) {
    const vdc_simulation *sim = rules;
    out->count = 0;
    if (!sim->isolation) return;
    const bool soft = sim->isolation->has_soft && sim->penalty_allowed == 0;
    vdc_isolation_refusals(sim->isolation, request, soft, in_vain, out);
}

/* What the VM that a host is sought for would cost there in progress. */
static double predicted_slowdown(const void *rules, uint32_t host, const vdc_request *request) {
    vdc_simulation *sim = (vdc_simulation *)rules;
    (void)request;
    double lost = vdc_interference_predict(&sim->interference, &sim->datacenter, host, sim->trying);
    sim->prediction_failed = sim->prediction_failed || isnan(lost);
    return lost;
}

/* Is there anything that could keep this VM from a host where it fits? */
static bool rules_concern(const void *rules, const vdc_request *request) {
    const vdc_simulation *sim = rules;
    if (sim->behind_blocked || sim->leaving != VDC_NOWHERE) return true;
    return sim->isolation ? vdc_isolation_concerns(sim->isolation, request) : request->cpu_reservation != 0;
}

vdc_code vdc_assemble_search(vdc_simulation *sim, const char *strategy, vdc_diag *diag) {
    vdc_search_options search = {
        .hosts = &sim->datacenter.hosts, .now = &sim->datacenter.now, .seed = sim->scenario->seed,
        .strategy = strategy, .component = "placement", .allows = may_come, .concerns = rules_concern, .beyond = beyond, .refusals = refusals,
        .rules = sim,
        .gpu_mix = sim->gpu_mix.count ? &sim->gpu_mix : NULL,
        .tenants = sim->tenants, .slowdown = sim->profiles.count > 1 ? predicted_slowdown : NULL,
        .interrupted = sim->interrupted,
    };
    return vdc_search_create(&sim->search, &sim->placement, &search, diag);
}

/* The other policies' own set-up; that of the placement policy is the search's. */
static vdc_code start_policies(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_policy_instance *instances[] = {&sim->admission, &sim->cpu, &sim->rebalance};
    for (size_t i = 0; i < sizeof instances / sizeof *instances; i++) {
        const vdc_policy *policy = instances[i]->policy;
        const char *wrong = policy->init ? policy->init(instances[i]->state, vdc_search_view(sim->search)) : NULL;
        if (wrong)
            return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: schedulers.%s: policy %s: %s", sim->scenario->path,
                            vdc_policy_kind_names[policy->kind], policy->name, wrong);
    }
    return VDC_OK;
}

void vdc_share_by(vdc_simulation *sim) {
    const vdc_cpu_hooks *cpu = &sim->cpu.policy->cpu;
    sim->datacenter.sharing = (vdc_cpu_sharing){
        .share = cpu->share, .scratch_size = cpu->scratch_size, .map = cpu->map, .state = sim->cpu.state, .fluid = cpu->fluid,
        .slice = cpu->slice, .vm_memory = cpu->vm_memory, .host_memory = cpu->host_memory,
        .bursts = cpu->bursts && cpu->bursts(sim->cpu.state)};
}

/* The scenario and its hosts. */
static vdc_code assemble_hosts(vdc_simulation *sim, const char *path, const vdc_run_options *options, vdc_diag *diag) {
    vdc_scenario_options scenario_options = {
        .sets = options->sets, .set_count = options->set_count, .has_seed = options->has_seed, .seed = options->seed, .text = options->text,
        .no_programs = options->programs == VDC_PROGRAMS_REFUSED,
    };
    sim->no_programs = scenario_options.no_programs;
    vdc_code code = vdc_scenario_open(&sim->scenario, path, &scenario_options, diag);
    if (code) return code;
    if ((code = vdc_names_create(&sim->tenants, diag)) || (code = vdc_names_create(&sim->groups, diag))
        || (code = vdc_names_create(&sim->gpu_models, diag)) || (code = vdc_isolation_specs_create(&sim->wishes, diag))
        || (code = vdc_interference_profiles_create(&sim->profiles, diag)) || (code = vdc_io_profiles_create(&sim->io, diag)))
        return code;
    return vdc_lay_out_datacenter(sim, diag);
}

vdc_code vdc_simulation_fleet(const char *path, const vdc_run_options *options, vdc_workload_context *context, int64_t capacity[VDC_RESOURCES],
                              vdc_diag *diag) {
    vdc_simulation *sim = vdc_calloc(1, sizeof *sim);
    if (!sim) return vdc_no_memory(diag, "the simulation");
    const vdc_code code = assemble_hosts(sim, path, options, diag);
    *context = (vdc_workload_context){0};
    if (!code) {
        const vdc_workload_context own = vdc_context_of(sim, capacity);
        *context = (vdc_workload_context){.host_speed = own.host_speed, .host_cpu = own.host_cpu, .slowest = own.slowest, .weight_most = own.weight_most,
                                          .horizon = own.horizon, .capacity = capacity};
    }
    vdc_simulation_close(sim);
    return code;
}

static vdc_code assemble(vdc_simulation *sim, const char *path, const vdc_run_options *options, vdc_diag *diag) {
    vdc_code code = assemble_hosts(sim, path, options, diag);
    if (code) return code;
    const vdc_scenario *scenario = sim->scenario;
    vdc_datacenter *dc = &sim->datacenter;
    sim->check = options->check;
    sim->operable = options->operable;
    sim->interrupted = options->interrupted;
    sim->leaving = VDC_NOWHERE;
    sim->penalty_allowed = INT64_MAX;
    vdc_checks_setup(&sim->checks);
    vdc_wait_queue_setup(&sim->waiting);
    vdc_code workload = assemble_workload(sim, diag), policies = assemble_policies(sim, diag);
    vdc_code isolation = workload ? VDC_OK : assemble_isolation(sim, diag);
    if (workload || policies || isolation) return workload ? workload : policies ? policies : isolation;
    if (sim->profiles.count > 1) {
        sim->interference = (vdc_interference){.profiles = &sim->profiles, .isolation = sim->isolation};
        dc->efficiencies[dc->efficiency_count++] = vdc_interference_model(&sim->interference);
    }
    if (vdc_smt_needed(&dc->hosts)) dc->efficiencies[dc->efficiency_count++] = vdc_smt(sim->isolation);
    if ((code = vdc_queue_create(&sim->events, options->event_queue, diag)) || (code = vdc_parts_open(sim, diag))) return code;
    dc->queue = sim->events;
    vdc_share_by(sim);
    bool writes = options->output || options->default_output;
    dc->track_vms = dc->track_vms || sim->check || (writes && scenario->output_vms != VDC_OUTPUT_NONE);
    dc->track_hosts = sim->check || (writes && scenario->output_hosts != VDC_OUTPUT_NONE);
    dc->checking = sim->check;
    dc->empty_host_off = scenario->empty_host_off;
    dc->down_host_idle = scenario->down_host_idle;
    if ((code = vdc_datacenter_setup(dc, diag)) || (code = vdc_assemble_search(sim, options->placement_search, diag))
        || (code = start_policies(sim, diag)))
        return code;
    vdc_parts_settle(sim);
    sim->io.sealed = true;
    sim->tick_length = scenario->tick;
    sim->fixed_end = scenario->end_rule == VDC_END_DURATION ? scenario->end : VDC_TIME_MAX;
    sim->end_at_last_arrival = scenario->end_rule == VDC_END_LAST_ARRIVAL;
    if (scenario->failures.count) {
        vdc_stream_open(&sim->failure_stream, scenario->seed, "failure.trace", 0);
        sim->victims = vdc_malloc(((size_t)dc->hosts.count + 1) * sizeof *sim->victims);
        if (!sim->victims) return vdc_no_memory(diag, "the failures");
    }
    if (!writes) return VDC_OK;
    sim->output = options->output ? vdc_strdup(options->output) : vdc_format("%s.h5", scenario->name);
    return sim->output ? VDC_OK : vdc_no_memory(diag, "the result file's name");
}

/* ---- the public functions ---- */

static vdc_code create(vdc_simulation **simulation, const char *path, const vdc_run_options *options, vdc_diag *diag) {
    *simulation = NULL;
    vdc_simulation *sim = vdc_calloc(1, sizeof *sim);
    if (!sim) return vdc_no_memory(diag, "the simulation");
    vdc_code code = assemble(sim, path, options, diag);
    if (code) vdc_simulation_close(sim);
    else *simulation = sim;
    return code;
}

vdc_code vdc_simulation_validate(const char *path, const vdc_run_options *options, vdc_diag *diag) {
    vdc_run_options quiet = *options;
    quiet.output = NULL;
    quiet.default_output = false;
    vdc_simulation *sim;
    vdc_code code = create(&sim, path, &quiet, diag);
    if (code) return code;
    bool have = true;
    while (!code && have && sim->workload) {
        code = sim->workload->operations->next(sim->workload, &sim->next, &have, diag);
        if (!code && have && sim->workload->operations->release) sim->workload->operations->release(sim->workload, sim->next.token);
    }
    vdc_simulation_close(sim);
    return code;
}

vdc_code vdc_simulation_open(vdc_simulation **simulation, const char *path, const vdc_run_options *options, vdc_diag *diag) {
    vdc_code code = create(simulation, path, options, diag);
    if (code) return code;
    vdc_simulation *sim = *simulation;
    code = vdc_run_begin(sim, diag);
    if (!code && sim->output) code = vdc_results_open(sim, options->force, diag);
    if (code) {
        vdc_simulation_close(sim);
        *simulation = NULL;
    }
    return code;
}

vdc_code vdc_simulation_run_some(vdc_simulation *sim, vdc_time time, uint64_t events, vdc_diag *diag) {
    bool more = true;
    vdc_code code = VDC_OK;
    if (sim->broken_off) return vdc_fail(diag, VDC_ERROR_STATE, NULL, "%s: the run broke off in the middle of an event: it cannot go on", sim->scenario->path);
    sim->events_wanted = sim->event_count + events;
    while (!code && more && sim->event_count < sim->events_wanted) code = vdc_run_step(sim, time, &more, diag);
    sim->broken_off = code != VDC_OK;
    return code;
}

vdc_code vdc_simulation_step(vdc_simulation *sim, vdc_diag *diag) {
    return vdc_simulation_run_some(sim, VDC_TIME_MAX, 1, diag);
}

vdc_code vdc_simulation_run_until(vdc_simulation *sim, vdc_time time, vdc_diag *diag) {
    return vdc_simulation_run_some(sim, time, UINT64_MAX - sim->event_count, diag);
}

void vdc_simulation_progress(const vdc_simulation *sim, vdc_progress_report *report) {
    *report = (vdc_progress_report){
        .now = sim->datacenter.now, .horizon = sim->fixed_end, .ended = sim->ended, .events = sim->event_count,
        .placements = sim->placement_count, .arrived = sim->population.arrived, .placed = sim->placed, .queued = sim->waiting.count,
        .running = sim->datacenter.running, .completed = sim->population.completed, .rejected = sim->population.rejected,
    };
}

vdc_code vdc_simulation_finish(vdc_simulation *sim, vdc_diag *diag) { return vdc_results_finish(sim, diag); }

void vdc_simulation_close(vdc_simulation *sim) {
    if (!sim) return;
    vdc_results_abandon(sim);
    vdc_parts_close(sim);
    vdc_search_destroy(sim->search);
    const vdc_policy_instance *started[] = {&sim->admission, &sim->cpu, &sim->rebalance};
    for (size_t i = 0; i < sizeof started / sizeof *started; i++)
        if (started[i]->policy && started[i]->policy->fini) started[i]->policy->fini(started[i]->state);
    vdc_policy_close(&sim->admission);
    vdc_policy_close(&sim->placement);
    vdc_policy_close(&sim->cpu);
    vdc_policy_close(&sim->rebalance);
    vdc_source_close(sim->workload);
    vdc_gpu_fragmentation_destroy(&sim->fragmentation);
    vdc_gpu_mix_clear(&sim->gpu_mix);
    vdc_isolation_destroy(sim->isolation);
    vdc_datacenter_destroy(&sim->datacenter);
    vdc_isolation_specs_destroy(&sim->wishes);
    vdc_interference_profiles_destroy(&sim->profiles);
    vdc_memory_loads_free(&sim->memory_loads);
    vdc_operation_lists_free(&sim->operations);
    vdc_io_profiles_destroy(&sim->io);
    vdc_queue_destroy(sim->events);
    vdc_wait_queue_free(&sim->waiting);
    vdc_histogram_free(&sim->waits);
    vdc_names_destroy(sim->tenants);
    vdc_names_destroy(sim->groups);
    vdc_names_destroy(sim->gpu_models);
    vdc_free(sim->ids.table);
    vdc_free(sim->victims);
    vdc_free(sim->newcomers);
    vdc_free(sim->candidates);
    vdc_free(sim->chosen);
    vdc_free(sim->tenant_totals);
    vdc_free(sim->summary);
    vdc_free(sim->output);
    vdc_journal_clear(&sim->journal);
    for (size_t i = 0; i < sim->change_count; i++) vdc_scenario_close(sim->changes[i]);
    vdc_free(sim->changes);
    vdc_scenario_close(sim->scenario);
    vdc_free(sim);
}

/* ---- questions ---- */

size_t vdc_simulation_summary_count(vdc_simulation *sim) {
    return vdc_results_summary(sim, NULL) ? 0 : sim->summary_count;
}

bool vdc_simulation_summary(vdc_simulation *sim, size_t index, vdc_value *value) {
    if (index >= vdc_simulation_summary_count(sim)) return false;
    *value = sim->summary[index];
    return true;
}

bool vdc_simulation_query(vdc_simulation *sim, const char *key, vdc_value *value) {
    size_t count = vdc_simulation_summary_count(sim);
    for (size_t i = 0; i < count; i++)
        if (strcmp(sim->summary[i].key, key) == 0) {
            *value = sim->summary[i];
            return true;
        }
    return false;
}

const char *vdc_simulation_digest(const vdc_simulation *sim) { return sim->digest; }
const char *vdc_simulation_output(const vdc_simulation *sim) { return sim->output; }
bool vdc_simulation_checks_hold(const vdc_simulation *sim) { return !sim->check || vdc_checks_hold(&sim->checks); }
const char *vdc_simulation_placement_search(const vdc_simulation *sim) { return vdc_search_strategy(sim->search); }
