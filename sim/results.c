/* What a simulation says of itself: a row a tick, the final tables, the event log, the summary (formats.md section 4).
 *
 * Totals are integrals of the ledgers, turned into doubles once, at the row. They are accumulated as the run goes on, never
 * summed again from what was written.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/simulation.h"

static const char *const resource_names[VDC_RESOURCES] = {"cpu", "memory", "disk", "iops", "disk_bw", "net_tx", "net_rx", "gpu"};
/* Units of an integral over a tick. */
static const char *const resource_units[VDC_RESOURCES] = {"core s", "byte s", "byte s", "1", "byte", "byte", "byte", "milli-GPU s"};

enum { TICK_COLUMNS_MAX = 48, TICK_CELLS_MAX = TICK_COLUMNS_MAX + 6 * VDC_RESOURCES };

/* What a running VM asks for and gets at the end of a tick. */
typedef struct vm_sample {
    size_t number, tick;
    int64_t demand, granted;
} vm_sample;

struct vdc_results {
    vdc_record *record;
    vdc_table *ticks, *vms, *hosts, *host_ticks, *events;
    vdc_wide *previous;          /* [class x flow] at the last tick */
    vdc_wide previous_energy;    /* pW·ns */
    double previous_carbon;
    vdc_wide previous_exposure[3];
    int64_t previous_violations;
    vdc_cell *host_cells;
    /* output.vms: every-tick. A VM's rows begin with its arrival, so they can only be laid out at the end. */
    vm_sample *samples;          /* of every VM that ran at a tick's end */
    size_t sample_count, sample_capacity;
    size_t *first_ticks;         /* [VM] the tick that it arrived in */
    size_t first_tick_count, first_tick_capacity, sampled_ticks;
};

/* ---- sums over classes ---- */

static vdc_wide flow_of(const vdc_datacenter *dc, size_t k, vdc_flow flow) {
    return vdc_ledger_sum(&dc->class_ledger, k, flow);
}

/* Integrals in the units of the result file: the whole run, or since `previous` where given. */
typedef struct totals {
    double p[VDC_RESOURCES];
    double run, used, ready, throttled, idle;      /* core·s */
    double fenced[VDC_RESOURCES], waste[VDC_RESOURCES], fence_idle[VDC_RESOURCES]; /* CPU in core·s */
    double active, unused, steal;                  /* host seconds */
} totals;

static double resource_total(vdc_resource resource, vdc_wide integral) {
    return vdc_wide_over(integral, resource == VDC_CPU ? (vdc_wide)1000 * VDC_SECOND : VDC_SECOND);
}

static totals totals_since(const vdc_datacenter *dc, const vdc_wide *previous, vdc_time span) {
    totals sum = {0};
    vdc_wide held[VDC_RESOURCES] = {0}, fenced[VDC_RESOURCES] = {0}, waste[VDC_RESOURCES] = {0};
    for (size_t k = 0; k < dc->class_ledger.count; k++) {
        const vdc_host_class *class = &dc->hosts.classes[k];
        vdc_wide flow[VDC_FLOWS];
        for (int f = 0; f < VDC_FLOWS; f++) flow[f] = flow_of(dc, k, (vdc_flow)f) - (previous ? previous[k * VDC_FLOWS + (size_t)f] : 0);
        for (int r = 0; r < VDC_RESOURCES; r++) held[r] += flow[VDC_FLOW_P + r];
        vdc_wide thread = (vdc_wide)class->speed * VDC_SECOND, host = (vdc_wide)class->cpu_hz * VDC_SECOND;
        sum.run += vdc_wide_over(flow[VDC_FLOW_GRANTED], thread);
        sum.used += vdc_wide_over(flow[dc->efficiency_count ? VDC_FLOW_USED : VDC_FLOW_GRANTED], thread);
        sum.ready += vdc_wide_over(flow[VDC_FLOW_CEILING] - flow[VDC_FLOW_GRANTED], thread);
        sum.throttled += vdc_wide_over(flow[VDC_FLOW_DEMAND] - flow[VDC_FLOW_CEILING], thread);
        sum.idle += vdc_wide_over(flow[VDC_FLOW_NOMINAL] - flow[VDC_FLOW_DEMAND], thread);
        sum.fenced[VDC_CPU] += vdc_wide_over(flow[VDC_FLOW_FENCE + VDC_CPU] + flow[VDC_FLOW_RESERVED], thread);
        sum.waste[VDC_CPU] += vdc_wide_over(flow[VDC_FLOW_WASTE + VDC_CPU], thread);
        sum.fence_idle[VDC_CPU] += vdc_wide_over(flow[VDC_FLOW_FENCE_IDLE], thread);
        for (int r = VDC_MEMORY; r < VDC_RESOURCES; r++) fenced[r] += flow[VDC_FLOW_FENCE + r], waste[r] += flow[VDC_FLOW_WASTE + r];
        if (host == 0) continue;
        vdc_wide offered = (vdc_wide)class->cpu_hz * class->count * span;
        sum.active += vdc_wide_over(flow[VDC_FLOW_GRANTED], host);
        sum.unused += vdc_wide_over(offered - flow[VDC_FLOW_GRANTED], host);
        sum.steal += vdc_wide_over(flow[VDC_FLOW_DEMAND] - flow[VDC_FLOW_GRANTED], host);
    }
    for (int r = 0; r < VDC_RESOURCES; r++) sum.p[r] = resource_total((vdc_resource)r, held[r]);
    for (int r = VDC_MEMORY; r < VDC_RESOURCES; r++) {
        sum.fenced[r] = resource_total((vdc_resource)r, fenced[r]);
        sum.waste[r] = sum.fence_idle[r] = resource_total((vdc_resource)r, waste[r]); /* what is held of these is in use */
    }
    return sum;
}

static double joules(vdc_wide energy) { return vdc_wide_over(energy, (vdc_wide)1000000000000 * VDC_SECOND); }

static bool has_power(const vdc_simulation *sim) { return sim->datacenter.power != NULL; }
static bool has_carbon(const vdc_simulation *sim) { return has_power(sim) && sim->scenario->carbon.count > 0; }
static bool has_gpu(const vdc_simulation *sim) { return sim->datacenter.hosts.free[VDC_GPU] != NULL; }
static double seconds(vdc_time time) { return (double)time / 1e9; }

/* ---- /ticks ---- */

#define BY_RESOURCE "/ticks/resource", VDC_RESOURCES

static size_t tick_columns(const vdc_simulation *sim, vdc_column *columns) {
    static const vdc_column always[] = {
        {"time", "s", "end of the tick", VDC_CELL_REAL, NULL, 1},
        {"P", "resource_unit", "allocation: capacity committed to VMs", VDC_CELL_REAL, BY_RESOURCE},
        {"G", "resource_unit", "granted: scheduled service", VDC_CELL_REAL, BY_RESOURCE},
        {"S", "resource_unit", "isolation: capacity fenced off for guarantees", VDC_CELL_REAL, BY_RESOURCE},
        {"S_waste", "resource_unit", "fenced beyond what its VMs hold", VDC_CELL_REAL, BY_RESOURCE},
        {"S_idle", "resource_unit", "fenced exclusively and not running anything", VDC_CELL_REAL, BY_RESOURCE},
        {"U", "resource_unit", "utilisation: what turned into useful work", VDC_CELL_REAL, BY_RESOURCE},
        {"T", "core s", "scheduling: hardware-thread time that VMs ran", VDC_CELL_REAL, NULL, 1},
        {"ready", "core s", "CPU time wanted, allowed and not given", VDC_CELL_REAL, NULL, 1},
        {"throttled", "core s", "CPU time wanted and stopped by the VM's own limit", VDC_CELL_REAL, NULL, 1},
        {"idle", "core s", "vCPU time that VMs did not ask for", VDC_CELL_REAL, NULL, 1},
        {"cpu_demand", "Hz", "CPU asked for at the end of the tick", VDC_CELL_REAL, NULL, 1},
        {"cpu_granted", "Hz", "CPU granted at the end of the tick", VDC_CELL_REAL, NULL, 1},
        {"vms_running", "1", "VMs on hosts at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
        {"vms_queued", "1", "VMs waiting at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
        {"hosts_used", "1", "hosts with a VM at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
        {"arrivals", "1", "VMs that arrived in the tick", VDC_CELL_INTEGER, NULL, 1},
        {"placed", "1", "placements in the tick", VDC_CELL_INTEGER, NULL, 1},
        {"rejected", "1", "VMs rejected in the tick", VDC_CELL_INTEGER, NULL, 1},
        {"completed", "1", "VMs completed in the tick", VDC_CELL_INTEGER, NULL, 1},
        {"migrations", "1", "migrations begun in the tick", VDC_CELL_INTEGER, NULL, 1},
        {"violations", "1", "times that a VM began to break an isolation rule in the tick", VDC_CELL_INTEGER, NULL, 1},
    };
    static const vdc_column isolation[] = {
        {"exposure_host", "s", "exposure: pairs of VMs of different domains on one host x time in the tick", VDC_CELL_REAL, NULL, 1},
        {"exposure_core", "s", "the same of VMs that may share a core", VDC_CELL_REAL, NULL, 1},
        {"exposure_rack", "s", "the same of VMs in one rack", VDC_CELL_REAL, NULL, 1},
        {"blocked_vcpus", "1", "vCPUs that could be promised at the end of the tick where the first waiting VM fits but a rule keeps it away",
         VDC_CELL_REAL, NULL, 1},
    };
    static const vdc_column power[] = {
        {"power", "W", "power of all hosts at the end of the tick", VDC_CELL_REAL, NULL, 1},
        {"energy", "J", "energy of all hosts in the tick", VDC_CELL_REAL, NULL, 1},
    };
    static const vdc_column carbon[] = {
        {"carbon_intensity", "g/kWh", "carbon intensity at the end of the tick", VDC_CELL_REAL, NULL, 1},
        {"carbon", "g", "carbon of the facility in the tick", VDC_CELL_REAL, NULL, 1},
    };
    static const vdc_column gpu[] = {
        {"gpu_arrived_milli", "milli-GPU", "GPU asked for by all arrivals so far", VDC_CELL_INTEGER, NULL, 1},
        {"gpu_allocated_milli", "milli-GPU", "GPU held by VMs at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
        {"gpu_fragmented_milli", "milli-GPU", "idle GPU that VMs typical for the workload could not use, at the end of the tick", VDC_CELL_REAL, NULL, 1},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) columns[count++] = always[i];
    for (size_t i = 0; sim->isolation && i < sizeof isolation / sizeof *isolation; i++) columns[count++] = isolation[i];
    for (size_t i = 0; has_power(sim) && i < 2; i++) columns[count++] = power[i];
    for (size_t i = 0; has_carbon(sim) && i < 2; i++) columns[count++] = carbon[i];
    for (size_t i = 0; has_gpu(sim) && i < (sim->gpu_mix.count ? 3 : 2); i++) columns[count++] = gpu[i];
    return count;
}

/* The cells of a row, in the order of tick_columns. */
typedef struct cell_row {
    vdc_cell *cells;
    size_t count;
} cell_row;

static void put_real(cell_row *row, double value) { row->cells[row->count++].real = value; }
static void put_integer(cell_row *row, int64_t value) { row->cells[row->count++].integer = value; }
static void put_text(cell_row *row, const char *value) { row->cells[row->count++].text = value; }
static void put_resources(cell_row *row, const double *values) {
    for (int r = 0; r < VDC_RESOURCES; r++) put_real(row, values[r]);
}

static vdc_code sample_vms(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    const vdc_datacenter *dc = &sim->datacenter;
    size_t arrived = (size_t)sim->population.arrived;
    if (!VDC_RESERVE(results->samples, results->sample_capacity, results->sample_count + (size_t)dc->running)
        || !VDC_RESERVE(results->first_ticks, results->first_tick_capacity, arrived))
        return vdc_no_memory(diag, "the VMs at every tick (output.vms: every-tick)");
    while (results->first_tick_count < arrived) results->first_ticks[results->first_tick_count++] = results->sampled_ticks;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++)
        if (dc->vms[slot].state == VDC_VM_RUNNING)
            results->samples[results->sample_count++] = (vm_sample){
                .number = (size_t)dc->records[slot].request.number, .tick = results->sampled_ticks,
                .demand = dc->vms[slot].demand, .granted = dc->vms[slot].grant};
    results->sampled_ticks++;
    return VDC_OK;
}

static vdc_code host_ticks_row(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_results *results = sim->results;
    cell_row row = {.cells = results->host_cells};
    uint32_t count = dc->hosts.count;
    put_real(&row, seconds(dc->now));
    for (uint32_t h = 0; h < count; h++) put_real(&row, (double)vdc_ledger_rate(&dc->host_ledger, h, VDC_FLOW_DEMAND));
    for (uint32_t h = 0; h < count; h++) put_real(&row, (double)dc->hosts.granted[h]);
    for (uint32_t h = 0; h < count; h++) put_integer(&row, dc->hosts.vms[h]);
    for (uint32_t h = 0; has_power(sim) && h < count; h++) put_real(&row, (double)dc->power[h] / 1e12);
    return vdc_table_append(results->host_ticks, row.cells, diag);
}

static double pair_seconds(vdc_wide integral) { return vdc_wide_over(integral, VDC_SECOND); }

static int64_t violation_entries(const vdc_simulation *sim) {
    int64_t entries = 0;
    for (size_t i = 0; sim->isolation && i < sim->isolation->rule_count; i++) entries += sim->isolation->rules[i].entries;
    return entries;
}

static int64_t violations_since(vdc_simulation *sim) {
    int64_t now = violation_entries(sim), since = now - sim->results->previous_violations;
    sim->results->previous_violations = now;
    return since;
}

static void put_exposure(cell_row *row, vdc_simulation *sim) {
    vdc_isolation *iso = sim->isolation;
    vdc_isolation_advance(iso);
    const vdc_wide now[] = {iso->exposure_host_time, iso->exposure_core_time, iso->exposure_rack_time};
    for (int i = 0; i < 3; i++) {
        put_real(row, pair_seconds(now[i] - sim->results->previous_exposure[i]));
        sim->results->previous_exposure[i] = now[i];
    }
    uint32_t head = sim->waiting.first;
    put_real(row, head == VDC_NOWHERE ? 0 : (double)vdc_isolation_blocked(iso, &sim->datacenter.records[head].request) / 1000);
}

vdc_code vdc_results_tick(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    vdc_tick_counts counts = sim->tick;
    sim->tick = (vdc_tick_counts){0};
    if (!results) return VDC_OK;
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_code code = VDC_OK;
    if (results->ticks) {
        vdc_cell cells[TICK_CELLS_MAX];
        cell_row row = {.cells = cells};
        vdc_time begin = sim->next_tick - sim->tick_length;
        totals sum = totals_since(dc, results->previous, dc->now - begin);
        double granted[VDC_RESOURCES], used[VDC_RESOURCES];
        memcpy(granted, sum.p, sizeof granted);
        memcpy(used, sum.p, sizeof used);
        granted[VDC_CPU] = sum.run;
        used[VDC_CPU] = sum.used;
        int64_t demand_now = 0, granted_now = 0;
        for (size_t k = 0; k < dc->class_ledger.count; k++) {
            demand_now += vdc_ledger_rate(&dc->class_ledger, k, VDC_FLOW_DEMAND);
            granted_now += vdc_ledger_rate(&dc->class_ledger, k, VDC_FLOW_GRANTED);
            for (int f = 0; f < VDC_FLOWS; f++) results->previous[k * VDC_FLOWS + (size_t)f] = flow_of(dc, k, (vdc_flow)f);
        }
        put_real(&row, seconds(dc->now));
        put_resources(&row, sum.p);
        put_resources(&row, granted);
        put_resources(&row, sum.fenced);
        put_resources(&row, sum.waste);
        put_resources(&row, sum.fence_idle);
        put_resources(&row, used);
        put_real(&row, sum.run);
        put_real(&row, sum.ready);
        put_real(&row, sum.throttled);
        put_real(&row, sum.idle);
        put_real(&row, (double)demand_now);
        put_real(&row, (double)granted_now);
        put_integer(&row, dc->running);
        put_integer(&row, sim->waiting.count);
        put_integer(&row, dc->hosts_used);
        put_integer(&row, counts.arrivals);
        put_integer(&row, counts.placed);
        put_integer(&row, counts.rejected);
        put_integer(&row, counts.completed);
        put_integer(&row, counts.migrations);
        put_integer(&row, violations_since(sim));
        if (sim->isolation) put_exposure(&row, sim);
        if (has_power(sim)) {
            put_real(&row, vdc_wide_over(dc->power_now, (vdc_wide)1000000000000));
            put_real(&row, joules(dc->energy - results->previous_energy));
            results->previous_energy = dc->energy;
        }
        if (has_carbon(sim)) {
            double carbon = vdc_datacenter_carbon_grams(dc);
            put_real(&row, dc->carbon_intensity);
            put_real(&row, (carbon - results->previous_carbon) * sim->scenario->pue);
            results->previous_carbon = carbon;
        }
        if (has_gpu(sim)) {
            put_integer(&row, sim->gpu_arrived);
            put_integer(&row, dc->gpu_allocated);
            if (sim->gpu_mix.count) put_real(&row, vdc_gpu_fragmentation_total(&sim->fragmentation));
        }
        code = vdc_table_append(results->ticks, cells, diag);
    }
    if (!code && results->host_ticks) code = host_ticks_row(sim, diag);
    if (!code && sim->scenario->output_vms == VDC_OUTPUT_EVERY_TICK) code = sample_vms(sim, diag);
    return code;
}

/* ---- /events ---- */

vdc_code vdc_results_event(vdc_simulation *sim, const char *what, int64_t vm, int64_t host, vdc_diag *diag) {
    if (!sim->results || !sim->results->events) return VDC_OK;
    vdc_cell cells[4] = {{.real = seconds(sim->datacenter.now)}, {.text = what}, {.integer = vm}, {.integer = host}};
    return vdc_table_append(sim->results->events, cells, diag);
}

/* ---- /vms and /tenants ---- */

static const vdc_column vm_columns[] = {
    {"id", "1", "the VM's id", VDC_CELL_INTEGER, NULL, 1},
    {"name", "1", "the name that its trace gave it", VDC_CELL_TEXT, NULL, 1},
    {"tenant", "1", "tenant", VDC_CELL_TEXT, NULL, 1},
    {"group", "1", "group", VDC_CELL_TEXT, NULL, 1},
    {"host", "1", "the last host it was on, -1 = never placed", VDC_CELL_INTEGER, NULL, 1},
    {"state", "1", "state at the end", VDC_CELL_TEXT, NULL, 1},
    {"arrival", "s", "arrival", VDC_CELL_REAL, NULL, 1},
    {"start", "s", "first start, NaN = never", VDC_CELL_REAL, NULL, 1},
    {"end", "s", "end, NaN = none yet", VDC_CELL_REAL, NULL, 1},
    {"wait", "s", "time in the queue, restarts included", VDC_CELL_REAL, NULL, 1},
    {"failures", "1", "failures of hosts under it", VDC_CELL_INTEGER, NULL, 1},
    {"priority", "1", "priority, larger first", VDC_CELL_INTEGER, NULL, 1},
    {"vcpus", "1", "virtual CPUs", VDC_CELL_REAL, NULL, 1},
    {"memory", "byte", "memory", VDC_CELL_INTEGER, NULL, 1},
    {"P_cpu_core_s", "core s", "CPU committed", VDC_CELL_REAL, NULL, 1},
    {"T_cpu_core_s", "core s", "CPU granted", VDC_CELL_REAL, NULL, 1},
    {"U_cpu_core_s", "core s", "CPU that became progress", VDC_CELL_REAL, NULL, 1},
    {"ready_core_s", "core s", "CPU time wanted, allowed and not given", VDC_CELL_REAL, NULL, 1},
    {"throttled_core_s", "core s", "CPU time wanted and stopped by its own limit", VDC_CELL_REAL, NULL, 1},
    {"idle_core_s", "core s", "not asked for", VDC_CELL_REAL, NULL, 1},
    {"S_cpu_core_s", "core s", "CPU fenced off for its guarantees", VDC_CELL_REAL, NULL, 1},
    {"numa_nodes", "1", "the NUMA nodes that it was on last, a bit each, 0 = not bound to any", VDC_CELL_INTEGER, NULL, 1},
    /* with isolation only */
    {"S_waste_cpu_core_s", "core s", "of it beyond what it held", VDC_CELL_REAL, NULL, 1},
    {"S_idle_cpu_core_s", "core s", "of it not running anything", VDC_CELL_REAL, NULL, 1},
    {"S_memory_byte_s", "byte s", "memory fenced off for its guarantees", VDC_CELL_REAL, NULL, 1},
    {"exposure_pair_s", "s", "exposure: VMs of other trust domains on its host x time", VDC_CELL_REAL, NULL, 1},
    {"tenants_met", "1", "other trust domains that it shared a host with", VDC_CELL_INTEGER, NULL, 1},
    {"first_meeting", "s", "from its first start until it first shared a host with another trust domain, NaN = never", VDC_CELL_REAL, NULL, 1},
    {"met_attacker", "1", "1 = it shared a host with the attacker, or, of the attacker, with a target", VDC_CELL_INTEGER, NULL, 1},
};
enum { VM_COLUMNS = sizeof vm_columns / sizeof *vm_columns, VM_ISOLATION_COLUMNS = 7 };

static size_t vm_column_count(const vdc_simulation *sim) { return sim->isolation ? VM_COLUMNS : VM_COLUMNS - VM_ISOLATION_COLUMNS; }

static vdc_code add_to_tenant(vdc_simulation *sim, const vdc_vm_record *record, vdc_vm_state state, vdc_diag *diag) {
    uint32_t tenant = record->request.tenant;
    size_t before = sim->tenant_capacity;
    if (!VDC_RESERVE(sim->tenant_totals, sim->tenant_capacity, tenant + (size_t)1)) return vdc_no_memory(diag, "the tenants' totals");
    if (sim->tenant_capacity > before) memset(sim->tenant_totals + before, 0, (sim->tenant_capacity - before) * sizeof *sim->tenant_totals);
    vdc_tenant_totals *sum = &sim->tenant_totals[tenant];
    sum->arrived++;
    sum->placed += record->first_start >= 0;
    sum->completed += state == VDC_VM_COMPLETED;
    sum->rejected += state == VDC_VM_REJECTED;
    sum->p_cpu += record->totals.p_cpu;
    sum->p_memory += record->totals.p_memory;
    sum->t += record->totals.run;
    sum->ready += record->totals.ready;
    sum->throttled += record->totals.throttled;
    sum->idle += record->totals.idle;
    sum->used += record->totals.used;
    sum->fenced += record->totals.fenced;
    sum->fence_waste += record->totals.fence_waste;
    sum->fence_idle += record->totals.fence_idle;
    sum->fenced_memory += record->totals.fenced_memory;
    sum->wait += seconds(record->waited);
    return VDC_OK;
}

vdc_code vdc_results_vm(vdc_simulation *sim, uint32_t slot, vdc_vm_state state, vdc_diag *diag) {
    if (!sim->results || !sim->results->vms) return VDC_OK;
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    const vdc_request *request = &record->request;
    bool over = state != VDC_VM_QUEUED && state != VDC_VM_RUNNING;
    vdc_cell cells[VM_COLUMNS];
    cell_row row = {.cells = cells};
    put_integer(&row, request->id);
    put_text(&row, record->name ? record->name : "");
    put_text(&row, vdc_names_text(sim->tenants, request->tenant));
    put_text(&row, vdc_names_text(sim->groups, request->group));
    put_integer(&row, record->last_host == VDC_NOWHERE ? -1 : (int64_t)record->last_host);
    put_text(&row, vdc_vm_state_names[state]);
    put_real(&row, seconds(request->arrival));
    put_real(&row, record->first_start < 0 ? NAN : seconds(record->first_start));
    put_real(&row, over ? seconds(sim->datacenter.now) : NAN);
    put_real(&row, seconds(record->waited));
    put_integer(&row, record->failures);
    put_integer(&row, request->priority);
    put_real(&row, (double)request->size[VDC_CPU] / 1000);
    put_integer(&row, request->size[VDC_MEMORY]);
    put_real(&row, record->totals.p_cpu);
    put_real(&row, record->totals.run);
    put_real(&row, record->totals.used);
    put_real(&row, record->totals.ready);
    put_real(&row, record->totals.throttled);
    put_real(&row, record->totals.idle);
    put_real(&row, record->totals.fenced);
    put_integer(&row, (int64_t)record->numa_nodes);
    if (sim->isolation) {
        const vdc_vm_isolation *vm = &sim->isolation->vms[slot];
        put_real(&row, record->totals.fence_waste);
        put_real(&row, record->totals.fence_idle);
        put_real(&row, record->totals.fenced_memory);
        put_real(&row, pair_seconds(vdc_isolation_exposure(sim->isolation, slot)));
        put_integer(&row, (int64_t)vm->met_count);
        put_real(&row, vm->first_meeting < 0 ? NAN : seconds(vm->first_meeting - record->first_start));
        put_integer(&row, vm->hit || vm->met_attacker);
    }
    vdc_code code = vdc_table_set(sim->results->vms, request->number, cells, diag);
    if (!code) code = add_to_tenant(sim, record, state, diag);
    if (!code && sim->isolation)
        sim->tenant_totals[request->tenant].exposure += pair_seconds(vdc_isolation_exposure(sim->isolation, slot));
    return code;
}

/* The VMs that are still there when the run ends. */
static vdc_code remaining_vms(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++) {
        vdc_vm_state state = (vdc_vm_state)dc->vms[slot].state;
        if (state == VDC_VM_FREE) continue;
        if (state == VDC_VM_QUEUED) dc->records[slot].waited += dc->now - dc->records[slot].queued_at;
        else vdc_datacenter_close_stay(dc, slot, dc->vms[slot].host, sim->population.finished);
        vdc_code code = vdc_results_vm(sim, slot, state, diag);
        if (code) return code;
    }
    return VDC_OK;
}

/* Who was beside whom is kept for so many tenants at most. */
static bool has_matrix(const vdc_simulation *sim) {
    return sim->isolation && !sim->isolation->by_group && vdc_names_count(sim->tenants) <= VDC_MATRIX_DOMAINS;
}

/* The tenants that have VMs, as the second axis of the matrix; *width = how many. */
static vdc_code write_matrix_axis(vdc_simulation *sim, size_t *width, vdc_diag *diag) {
    const char *names[VDC_MATRIX_DOMAINS];
    *width = 0;
    for (uint32_t i = 0; i < sim->tenant_capacity && i < vdc_names_count(sim->tenants); i++)
        if (sim->tenant_totals[i].arrived) names[(*width)++] = vdc_names_text(sim->tenants, i);
    return vdc_record_scale_text(sim->results->record, "/tenants/tenant", "tenant", names, NULL, *width, diag);
}

static vdc_code write_tenants(vdc_simulation *sim, vdc_diag *diag) {
    static const vdc_column columns[] = {
        {"name", "1", "tenant", VDC_CELL_TEXT, NULL, 1},
        {"vms_arrived", "1", "VMs that arrived", VDC_CELL_INTEGER, NULL, 1},
        {"vms_placed", "1", "VMs placed at least once", VDC_CELL_INTEGER, NULL, 1},
        {"vms_completed", "1", "VMs completed", VDC_CELL_INTEGER, NULL, 1},
        {"vms_rejected", "1", "VMs rejected", VDC_CELL_INTEGER, NULL, 1},
        {"P_cpu_core_s", "core s", "CPU committed", VDC_CELL_REAL, NULL, 1},
        {"P_memory_byte_s", "byte s", "memory committed", VDC_CELL_REAL, NULL, 1},
        {"T_cpu_core_s", "core s", "CPU granted", VDC_CELL_REAL, NULL, 1},
        {"ready_core_s", "core s", "CPU time wanted, allowed and not given", VDC_CELL_REAL, NULL, 1},
        {"throttled_core_s", "core s", "wanted and stopped by the VMs' own limits", VDC_CELL_REAL, NULL, 1},
        {"idle_core_s", "core s", "not asked for", VDC_CELL_REAL, NULL, 1},
        {"wait", "s", "time in the queue, summed", VDC_CELL_REAL, NULL, 1},
        {"U_cpu_core_s", "core s", "CPU that became progress", VDC_CELL_REAL, NULL, 1},
        {"S_cpu_core_s", "core s", "CPU fenced off for guarantees", VDC_CELL_REAL, NULL, 1},
        /* with isolation only */
        {"S_waste_cpu_core_s", "core s", "of it beyond what the VMs held", VDC_CELL_REAL, NULL, 1},
        {"S_idle_cpu_core_s", "core s", "of it not running anything", VDC_CELL_REAL, NULL, 1},
        {"S_memory_byte_s", "byte s", "memory fenced off for guarantees", VDC_CELL_REAL, NULL, 1},
        {"exposure_pair_s", "s", "exposure: VMs of other trust domains beside its own x time", VDC_CELL_REAL, NULL, 1},
        {"coresidency", "s", "pairs of VMs of two tenants on one host x time", VDC_CELL_REAL, "/tenants/tenant", 0},
    };
    enum { COLUMNS = sizeof columns / sizeof *columns, ISOLATION_COLUMNS = 5 };
    vdc_table *table;
    vdc_column written[COLUMNS];
    memcpy(written, columns, sizeof written);
    size_t count = sim->isolation ? COLUMNS - 1 : COLUMNS - ISOLATION_COLUMNS, width = 0;
    vdc_code code = VDC_OK;
    if (has_matrix(sim)) {
        code = write_matrix_axis(sim, &width, diag);
        written[count++].width = width;
    }
    vdc_cell *cells = vdc_malloc((COLUMNS + width) * sizeof *cells);
    if (!code && !cells) code = vdc_no_memory(diag, "the tenants' table");
    if (!code) code = vdc_record_table(sim->results->record, &table, "/tenants", written, count, NULL, 0, diag);
    for (uint32_t i = 0; !code && i < sim->tenant_capacity && i < vdc_names_count(sim->tenants); i++) {
        const vdc_tenant_totals *sum = &sim->tenant_totals[i];
        if (sum->arrived == 0) continue;
        cell_row row = {.cells = cells};
        put_text(&row, vdc_names_text(sim->tenants, i));
        put_integer(&row, sum->arrived);
        put_integer(&row, sum->placed);
        put_integer(&row, sum->completed);
        put_integer(&row, sum->rejected);
        put_real(&row, sum->p_cpu);
        put_real(&row, sum->p_memory);
        put_real(&row, sum->t);
        put_real(&row, sum->ready);
        put_real(&row, sum->throttled);
        put_real(&row, sum->idle);
        put_real(&row, sum->wait);
        put_real(&row, sum->used);
        put_real(&row, sum->fenced);
        if (sim->isolation) {
            put_real(&row, sum->fence_waste);
            put_real(&row, sum->fence_idle);
            put_real(&row, sum->fenced_memory);
            put_real(&row, sum->exposure);
        }
        for (uint32_t other = 0; width && other < sim->tenant_capacity && other < vdc_names_count(sim->tenants); other++)
            if (sim->tenant_totals[other].arrived) put_real(&row, pair_seconds(vdc_isolation_pair_time(sim->isolation, i, other)));
        code = vdc_table_append(table, cells, diag);
    }
    vdc_free(cells);
    return code;
}

/* A sample's row: ticks since the VM's arrival. */
static size_t row_of(const vdc_results *results, const vm_sample *sample) {
    return sample->tick - results->first_ticks[sample->number];
}

static vdc_code append_vm_rows(vdc_table *table, const vdc_results *results, const size_t *begin, const size_t *order, vdc_cell *cells, vdc_diag *diag) {
    size_t vms = results->first_tick_count;
    vdc_code code = VDC_OK;
    for (size_t row = 0; !code && row < results->sampled_ticks; row++) {
        for (size_t i = 0; i < 2 * vms; i++) cells[i].real = 0;
        for (size_t i = begin[row]; i < begin[row + 1]; i++) {
            const vm_sample *sample = &results->samples[order[i]];
            cells[sample->number].real = (double)sample->demand;
            cells[vms + sample->number].real = (double)sample->granted;
        }
        code = vdc_table_append(table, cells, diag);
    }
    return code;
}

/* output.vms: every-tick, as [ticks since arrival x VM]. */
static vdc_code write_vm_ticks(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    size_t vms = results->first_tick_count, rows = results->sampled_ticks;
    if (vms == 0) return VDC_OK;
    const vdc_column columns[] = {
        {"cpu_demand", "Hz", "CPU asked for at the end of the tick", VDC_CELL_REAL, "/vms/id", vms},
        {"cpu_granted", "Hz", "CPU granted at the end of the tick", VDC_CELL_REAL, "/vms/id", vms},
    };
    int64_t *axis = vdc_malloc((rows + 1) * sizeof *axis);
    size_t *begin = vdc_calloc(rows + 2, sizeof *begin), *order = vdc_malloc((results->sample_count + 1) * sizeof *order);
    vdc_cell *cells = vdc_malloc(2 * vms * sizeof *cells);
    vdc_table *table;
    vdc_code code = axis && begin && order && cells ? VDC_OK : vdc_no_memory(diag, "the VMs at every tick (output.vms: every-tick)");
    if (!code) {
        for (size_t row = 0; row < rows; row++) axis[row] = (int64_t)row;
        /* The samples in order of their rows, by counting. */
        for (size_t i = 0; i < results->sample_count; i++) begin[row_of(results, &results->samples[i]) + 2]++;
        for (size_t row = 2; row <= rows + 1; row++) begin[row] += begin[row - 1];
        for (size_t i = 0; i < results->sample_count; i++) order[begin[row_of(results, &results->samples[i]) + 1]++] = i;
        code = vdc_record_scale_integer(results->record, "/vms/tick", "ticks since the VM's arrival", axis, rows, diag);
    }
    if (!code) code = vdc_record_table(results->record, &table, "/vms", columns, 2, "/vms/tick", 0, diag);
    if (!code) code = append_vm_rows(table, results, begin, order, cells, diag);
    vdc_free(axis);
    vdc_free(begin);
    vdc_free(order);
    vdc_free(cells);
    return code;
}

/* ---- /hosts ---- */

static const vdc_column host_columns[] = {
    {"name", "1", "name", VDC_CELL_TEXT, NULL, 1},
    {"class", "1", "class of equal hosts", VDC_CELL_TEXT, NULL, 1},
    {"rack", "1", "rack", VDC_CELL_INTEGER, NULL, 1},
    {"zone", "1", "zone", VDC_CELL_INTEGER, NULL, 1},
    {"state", "1", "state at the end", VDC_CELL_TEXT, NULL, 1},
    {"vms", "1", "VMs at the end", VDC_CELL_INTEGER, NULL, 1},
    {"cpu_capacity", "Hz", "CPU installed, without the hypervisor's reserve", VDC_CELL_INTEGER, NULL, 1},
    {"memory_capacity", "byte", "memory installed, without the hypervisor's reserve", VDC_CELL_INTEGER, NULL, 1},
    {"P_cpu_core_s", "core s", "CPU committed", VDC_CELL_REAL, NULL, 1},
    {"P_memory_byte_s", "byte s", "memory committed", VDC_CELL_REAL, NULL, 1},
    {"T_cpu_core_s", "core s", "CPU granted", VDC_CELL_REAL, NULL, 1},
    {"ready_core_s", "core s", "CPU time wanted, allowed and not given", VDC_CELL_REAL, NULL, 1},
    {"S_cpu_core_s", "core s", "CPU fenced off for guarantees", VDC_CELL_REAL, NULL, 1},
    /* with isolation only */
    {"S_waste_cpu_core_s", "core s", "of it beyond what the VMs held", VDC_CELL_REAL, NULL, 1},
    {"S_idle_cpu_core_s", "core s", "of it not running anything", VDC_CELL_REAL, NULL, 1},
    {"S_memory_byte_s", "byte s", "memory fenced off for guarantees", VDC_CELL_REAL, NULL, 1},
};
enum { HOST_COLUMNS = sizeof host_columns / sizeof *host_columns, HOST_ISOLATION_COLUMNS = 3 };

static size_t host_column_count(const vdc_simulation *sim) { return sim->isolation ? HOST_COLUMNS : HOST_COLUMNS - HOST_ISOLATION_COLUMNS; }

static vdc_code open_hosts(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    uint32_t count = sim->datacenter.hosts.count;
    int64_t *ids = vdc_malloc((count ? count : 1) * sizeof *ids);
    if (!ids) return vdc_no_memory(diag, "the hosts' table");
    for (uint32_t h = 0; h < count; h++) ids[h] = h;
    vdc_code code = vdc_record_scale_integer(results->record, "/hosts/id", "host", ids, count, diag);
    vdc_free(ids);
    if (!code) code = vdc_record_table(results->record, &results->hosts, "/hosts", host_columns, host_column_count(sim), "/hosts/id", 0, diag);
    if (code || sim->scenario->output_hosts != VDC_OUTPUT_EVERY_TICK) return code;
    vdc_column columns[] = {
        {"time", "s", "end of the tick", VDC_CELL_REAL, NULL, 1}, /* an axis of its own: netCDF readers do not look into /ticks */
        {"cpu_demand", "Hz", "CPU asked for at the end of the tick", VDC_CELL_REAL, "/hosts/id", count},
        {"cpu_granted", "Hz", "CPU granted at the end of the tick", VDC_CELL_REAL, "/hosts/id", count},
        {"vms_running", "1", "VMs at the end of the tick", VDC_CELL_INTEGER, "/hosts/id", count},
        {"power", "W", "power at the end of the tick", VDC_CELL_REAL, "/hosts/id", count},
    };
    size_t width = has_power(sim) ? 5 : 4;
    results->host_cells = vdc_calloc(1 + width * (size_t)count, sizeof *results->host_cells);
    if (!results->host_cells) return vdc_no_memory(diag, "the hosts' table");
    return vdc_record_table(results->record, &results->host_ticks, "/hosts", columns, width, NULL, 0, diag);
}

static vdc_code write_hosts(vdc_simulation *sim, vdc_diag *diag) {
    static const char *const states[] = {"up", "cordoned", "down", "off"};
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_code code = VDC_OK;
    uint32_t *number = vdc_calloc(dc->hosts.class_count ? dc->hosts.class_count : 1, sizeof *number); /* within the class */
    if (!number) return vdc_no_memory(diag, "the hosts' table");
    for (uint32_t h = 0; !code && h < dc->hosts.count; h++) {
        const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
        const vdc_ledger *ledger = &dc->host_ledger;
        vdc_wide thread = (vdc_wide)class->speed * VDC_SECOND, run = vdc_ledger_sum(ledger, h, VDC_FLOW_GRANTED);
        vdc_cell cells[HOST_COLUMNS];
        cell_row row = {.cells = cells};
        char name[128];
        snprintf(name, sizeof name, "%s-%" PRIu32, class->name ? class->name : "host", number[dc->hosts.class_of[h]]++);
        put_text(&row, dc->hosts.names ? dc->hosts.names[h] : name);
        put_text(&row, class->name ? class->name : "");
        put_integer(&row, dc->hosts.rack ? dc->hosts.rack[h] : 0);
        put_integer(&row, dc->hosts.zone ? dc->hosts.zone[h] : 0);
        put_text(&row, states[dc->hosts.state[h]]);
        put_integer(&row, dc->hosts.vms[h]);
        put_integer(&row, class->cpu_hz);
        put_integer(&row, class->physical[VDC_MEMORY]);
        put_real(&row, resource_total(VDC_CPU, vdc_ledger_sum(ledger, h, (vdc_flow)(VDC_FLOW_P + VDC_CPU))));
        put_real(&row, resource_total(VDC_MEMORY, vdc_ledger_sum(ledger, h, (vdc_flow)(VDC_FLOW_P + VDC_MEMORY))));
        put_real(&row, vdc_wide_over(run, thread));
        put_real(&row, vdc_wide_over(vdc_ledger_sum(ledger, h, VDC_FLOW_CEILING) - run, thread));
        vdc_wide fenced = vdc_ledger_sum(ledger, h, (vdc_flow)(VDC_FLOW_FENCE + VDC_CPU)) + vdc_ledger_sum(ledger, h, VDC_FLOW_RESERVED);
        put_real(&row, vdc_wide_over(fenced, thread));
        if (sim->isolation) {
            put_real(&row, vdc_wide_over(vdc_ledger_sum(ledger, h, (vdc_flow)(VDC_FLOW_WASTE + VDC_CPU)), thread));
            put_real(&row, vdc_wide_over(vdc_ledger_sum(ledger, h, VDC_FLOW_FENCE_IDLE), thread));
            put_real(&row, resource_total(VDC_MEMORY, vdc_ledger_sum(ledger, h, (vdc_flow)(VDC_FLOW_FENCE + VDC_MEMORY))));
        }
        code = vdc_table_append(sim->results->hosts, cells, diag);
    }
    vdc_free(number);
    return code;
}

/* ---- /checks ---- */

static vdc_code write_checks(vdc_simulation *sim, vdc_diag *diag) {
    static const vdc_column columns[] = {
        {"invariant", "1", "invariant of the accounts", VDC_CELL_TEXT, NULL, 1},
        {"statement", "1", "what it says", VDC_CELL_TEXT, NULL, 1},
        {"checked", "1", "how often it was checked", VDC_CELL_INTEGER, NULL, 1},
        {"residual", "1", "largest deviation seen, 0 = it held", VDC_CELL_REAL, NULL, 1},
        {"first", "s", "when it first failed, NaN = never", VDC_CELL_REAL, NULL, 1},
    };
    vdc_table *table;
    vdc_code code = vdc_record_table(sim->results->record, &table, "/checks", columns, 5, NULL, 0, diag);
    for (int i = 0; !code && i < VDC_INVARIANTS; i++) {
        const vdc_check *item = &sim->checks.items[i];
        vdc_cell cells[5] = {{.text = item->name}, {.text = item->statement}, {.integer = (int64_t)item->count}, {.real = item->residual},
                             {.real = item->first < 0 ? NAN : seconds(item->first)}};
        code = vdc_table_append(table, cells, diag);
    }
    return code;
}

/* ---- /summary ---- */

static vdc_code add(vdc_simulation *sim, vdc_value value, vdc_diag *diag) {
    if (!VDC_RESERVE(sim->summary, sim->summary_capacity, sim->summary_count + 1)) return vdc_no_memory(diag, "the summary");
    sim->summary[sim->summary_count++] = value;
    return VDC_OK;
}

static vdc_code add_real(vdc_simulation *sim, const char *key, double value, const char *units, const char *name, vdc_diag *diag) {
    return add(sim, (vdc_value){.key = key, .units = units, .long_name = name, .type = VDC_VALUE_REAL, .real = value}, diag);
}

static vdc_code add_integer(vdc_simulation *sim, const char *key, int64_t value, const char *name, vdc_diag *diag) {
    return add(sim, (vdc_value){.key = key, .units = "1", .long_name = name, .type = VDC_VALUE_INTEGER, .integer = value, .real = (double)value},
               diag);
}

static vdc_code add_text(vdc_simulation *sim, const char *key, const char *value, const char *name, vdc_diag *diag) {
    return add(sim, (vdc_value){.key = key, .units = "1", .long_name = name, .type = VDC_VALUE_TEXT, .text = value}, diag);
}

/* What is installed: the yardstick of all shares. Without the hypervisors' reserves and without overcommit. */
static vdc_code add_capacity(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    vdc_wide sum[VDC_RESOURCES] = {0};
    for (size_t k = 0; k < hosts->class_count; k++)
        for (int r = 0; r < VDC_RESOURCES; r++) sum[r] += (vdc_wide)hosts->classes[k].physical[r] * hosts->classes[k].count;
    vdc_code code = add_integer(sim, "hosts", hosts->count, "hosts", diag);
    if (!code) code = add_real(sim, "capacity_cpu_cores", vdc_wide_over(sum[VDC_CPU], 1000), "1", "hardware threads of all hosts", diag);
    if (!code) code = add_real(sim, "capacity_memory_bytes", vdc_wide_over(sum[VDC_MEMORY], 1), "byte", "memory of all hosts", diag);
    if (!code && hosts->free[VDC_DISK])
        code = add_real(sim, "capacity_disk_bytes", vdc_wide_over(sum[VDC_DISK], 1), "byte", "disk of all hosts", diag);
    if (!code && hosts->free[VDC_GPU])
        code = add_real(sim, "capacity_gpu_milli", vdc_wide_over(sum[VDC_GPU], 1), "milli-GPU", "GPUs of all hosts", diag);
    return code;
}

/* One key per resource in use and quantity. */
static vdc_code add_resources(vdc_simulation *sim, const totals *sum, vdc_diag *diag) {
#define KEYS(prefix) {prefix "cpu_core_s", prefix "memory_byte_s", prefix "disk_byte_s", prefix "iops_ops", \
                      prefix "disk_bw_bytes", prefix "net_tx_bytes", prefix "net_rx_bytes", prefix "gpu_milli_s"}
    static const struct { const char *keys[VDC_RESOURCES], *name; } quantities[] = {
        {KEYS("P_"), "allocation: capacity committed to VMs"},
        {KEYS("G_"), "granted: scheduled service"},
        {KEYS("S_"), "isolation: capacity fenced off for guarantees"},
        {KEYS("S_waste_"), "fenced beyond what its VMs hold"},
        {KEYS("S_idle_"), "fenced exclusively and not running anything"},
        {KEYS("U_"), "utilisation: what turned into useful work"},
    };
#undef KEYS
    for (size_t q = 0; q < sizeof quantities / sizeof *quantities; q++)
        for (int r = 0; r < VDC_RESOURCES; r++) {
            if (!sim->datacenter.hosts.free[r]) continue;
            double value = q == 2 ? sum->fenced[r] : q == 3 ? sum->waste[r] : q == 4 ? sum->fence_idle[r] : sum->p[r];
            if (r == VDC_CPU && q == 1) value = sum->run;
            if (r == VDC_CPU && q == 5) value = sum->used;
            vdc_code code = add_real(sim, quantities[q].keys[r], value, resource_units[r], quantities[q].name, diag);
            if (code) return code;
        }
    return VDC_OK;
}

static double share(int64_t part, int64_t whole) { return whole > 0 ? (double)part / (double)whole : 0; }

vdc_code vdc_results_summary(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_datacenter_advance_ledgers(dc);
    totals sum = totals_since(dc, NULL, dc->now);
    const vdc_population *p = &sim->population;
    sim->summary_count = 0;
    vdc_code code = VDC_OK;
#define REAL(key, value, units, name) if (!code) code = add_real(sim, key, value, units, name, diag)
#define INTEGER(key, value, name) if (!code) code = add_integer(sim, key, value, name, diag)
    if (!code) code = add_text(sim, "name", sim->scenario->name, "scenario", diag);
    INTEGER("seed", (int64_t)sim->scenario->seed, "seed of the random streams");
    REAL("end_s", seconds(dc->now), "s", "end of the run");
    INTEGER("ticks", sim->tick_number + (dc->now > sim->next_tick - sim->tick_length), "ticks, a partial last one included");
    INTEGER("events", (int64_t)sim->event_count, "events processed");
    INTEGER("vms_arrived", p->arrived, "VMs that arrived");
    INTEGER("vms_placed", sim->placed, "VMs placed at least once");
    INTEGER("vms_completed", p->completed, "VMs whose load or lifetime ended");
    INTEGER("vms_rejected", p->rejected, "VMs never placed");
    INTEGER("vms_running", dc->running, "VMs running at the end");
    INTEGER("vms_queued", sim->waiting.count, "VMs waiting at the end");
    INTEGER("vms_evicted", p->evicted, "VMs displaced and not restarted");
    if (sim->scenario->preemption.wanted) {
        INTEGER("preemptions", sim->displaced, "times that a VM was displaced by one of higher priority");
        REAL("preemption_lost_core_s", vdc_wide_over(sim->displaced_work, (vdc_wide)1000 * VDC_SECOND), "core s",
             "vCPU time of displaced VMs since their start or, where they start again, their last checkpoint");
    }
    INTEGER("vms_lost", p->lost, "VMs lost with their host");
    INTEGER("vms_failed", p->failed, "VMs that failed too often");
    INTEGER("vms_deleted", p->deleted, "VMs deleted by an operation");
    INTEGER("placements", (int64_t)sim->placement_count, "placements, restarts included");
    if (!code) code = add_capacity(sim, diag);
    if (!code) code = add_resources(sim, &sum, diag);
    REAL("T_cpu_core_s", sum.run, "core s", "scheduling: hardware-thread time that VMs ran");
    REAL("ready_core_s", sum.ready, "core s", "CPU time wanted, allowed and not given");
    REAL("throttled_core_s", sum.throttled, "core s", "CPU time wanted and stopped by limits");
    REAL("idle_core_s", sum.idle, "core s", "vCPU time that VMs did not ask for");
    REAL("cpu_active_s", sum.active, "s", "host time granted");
    REAL("cpu_idle_s", sum.unused, "s", "host time not granted");
    REAL("cpu_steal_s", sum.steal, "s", "host time demanded and not granted");
    if (has_power(sim)) {
        REAL("energy_j", joules(dc->energy), "J", "energy of all hosts");
        REAL("facility_energy_j", joules(dc->energy) * sim->scenario->pue, "J", "energy of the facility: hosts x PUE");
    }
    if (has_carbon(sim)) REAL("carbon_g", vdc_datacenter_carbon_grams(dc) * sim->scenario->pue, "g", "carbon of the facility");
    INTEGER("migrations", 0, "migrations begun");
    INTEGER("hosts_used_max", dc->hosts_used_max, "most hosts with a VM at one time");
    REAL("host_active_s", vdc_wide_over(dc->hosts_used_time, VDC_SECOND), "s", "host time with a VM");
    REAL("lower_bound_host_s", vdc_wide_over(dc->hosts_needed_time, VDC_SECOND), "s", "host time that what was held needs at least: volume bound");
    INTEGER("lower_bound_hosts", dc->hosts_needed_max, "hosts that what was held needs at least: volume bound");
    INTEGER("host_power_offs", dc->host_power_offs, "hosts switched off");
    vdc_wide broken[2] = {0};
    if (sim->isolation) {
        vdc_isolation_advance(sim->isolation);
        for (size_t i = 0; i < sim->isolation->rule_count; i++) broken[sim->isolation->rules[i].mode] += sim->isolation->rules[i].violation_time;
        REAL("exposure_host_pair_s", pair_seconds(sim->isolation->exposure_host_time), "s", "exposure: pairs of VMs of different domains on one host x time");
        REAL("exposure_core_pair_s", pair_seconds(sim->isolation->exposure_core_time), "s", "the same of VMs that may share a core");
        if (dc->hosts.rack) REAL("exposure_rack_pair_s", pair_seconds(sim->isolation->exposure_rack_time), "s", "the same of VMs in one rack");
    }
    if (sim->isolation && sim->isolation->scrub > 0)
        INTEGER("scrub_gaps", sim->isolation->scrub_gaps, "VMs that came to a host too soon after another domain left it");
    if (sim->scenario->attacker) {
        const vdc_attack_counts attack = vdc_isolation_attack_counts(sim->isolation);
        INTEGER("attack_launches", attack.launches, "VMs that the attacker launched");
        INTEGER("attack_launches_placed", attack.launches_placed, "of them, VMs that were placed");
        INTEGER("attack_hits", attack.hits, "of them, VMs that shared a host with a target");
        INTEGER("attack_targets", attack.targets, "VMs of the targets that were placed");
        INTEGER("attack_targets_met", attack.targets_met, "of them, VMs that shared a host with the attacker");
        INTEGER("attack_launches_to_first_hit", attack.launches_to_first_hit, "launches until the first hit, 0 = none");
        REAL("attack_efficiency", share(attack.hits, attack.launches), "1", "hits / launches");
        REAL("attack_coverage", share(attack.targets_met, attack.targets), "1", "targets met / targets");
        REAL("colocation_resistance", 1 - share(attack.others_met, attack.others), "1",
             "share of the placed VMs of other tenants that never shared a host with the attacker");
    }
    REAL("violations_hard_vm_s", pair_seconds(broken[0]), "s", "VM time in breach of hard rules");
    REAL("violations_soft_vm_s", pair_seconds(broken[1]), "s", "VM time in breach of soft rules");
    REAL("wait_total_s", vdc_wide_over(vdc_wait_queue_integral(&sim->waiting, dc->now), VDC_SECOND), "s", "time in the queue, all VMs");
    REAL("wait_p50_s", seconds(vdc_histogram_quantile(&sim->waits, 0.50)), "s", "median wait for a placement");
    REAL("wait_p99_s", seconds(vdc_histogram_quantile(&sim->waits, 0.99)), "s", "99th percentile of the wait for a placement");
    if (has_gpu(sim)) INTEGER("gpu_allocated_milli", dc->gpu_allocated, "GPU held by VMs at the end");
    if (sim->gpu_mix.count)
        REAL("gpu_fragmented_milli", vdc_gpu_fragmentation_total(&sim->fragmentation), "milli-GPU",
             "idle GPU that VMs typical for the workload could not use, at the end");
#undef REAL
#undef INTEGER
    return code;
}

static vdc_code write_summary(vdc_simulation *sim, vdc_diag *diag) {
    vdc_code code = vdc_results_summary(sim, diag);
    for (size_t i = 0; !code && i < sim->summary_count; i++) {
        const vdc_value *value = &sim->summary[i];
        vdc_cell cell = {.real = value->real};
        vdc_cell_type type = VDC_CELL_REAL;
        if (value->type == VDC_VALUE_INTEGER) cell.integer = value->integer, type = VDC_CELL_INTEGER;
        if (value->type == VDC_VALUE_TEXT) cell.text = value->text, type = VDC_CELL_TEXT;
        code = vdc_record_summary(sim->results->record, value->key, type, cell, value->units, value->long_name, diag);
    }
    return code;
}

/* ---- life of the file ---- */

static vdc_code write_attributes(vdc_simulation *sim, vdc_diag *diag) {
    vdc_record *record = sim->results->record;
    const vdc_policy *policies[] = {sim->admission.policy, sim->placement.policy, sim->cpu.policy, sim->rebalance.policy};
    char *text = vdc_format("admission=%s placement=%s cpu=%s rebalance=%s", policies[0]->name, policies[1]->name, policies[2]->name,
                            policies[3]->name);
    if (!text) return vdc_no_memory(diag, "the result file's attributes");
    vdc_code code = vdc_record_attribute_integer(record, "format_version", 1, diag);
    if (!code) code = vdc_record_attribute_text(record, "vdcsim_version", vdc_version(), diag);
    if (!code) code = vdc_record_attribute_text(record, "scenario", sim->scenario->text, diag);
    if (!code) code = vdc_record_attribute_text(record, "scenario_sha256", sim->scenario->sha256, diag);
    if (!code) code = vdc_record_attribute_integer(record, "seed", (int64_t)sim->scenario->seed, diag);
    if (!code) code = vdc_record_attribute_text(record, "policies", text, diag);
    vdc_free(text);
    return code;
}

static vdc_code open_tables(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    const vdc_scenario *scenario = sim->scenario;
    vdc_column columns[TICK_COLUMNS_MAX];
    vdc_code code = write_attributes(sim, diag);
    bool ticks = scenario->output_ticks || scenario->output_hosts == VDC_OUTPUT_EVERY_TICK || scenario->output_vms == VDC_OUTPUT_EVERY_TICK;
    if (!code && ticks) {
        code = vdc_record_scale_text(results->record, "/ticks/resource", "resource", resource_names, resource_units, VDC_RESOURCES, diag);
        size_t count = tick_columns(sim, columns);
        if (!code) code = vdc_record_table(results->record, &results->ticks, "/ticks", columns, count, NULL, 0, diag);
    }
    if (!code && scenario->output_vms != VDC_OUTPUT_NONE) {
        vdc_cell fill[VM_COLUMNS];
        for (int i = 0; i < VM_COLUMNS; i++) {
            if (vm_columns[i].type == VDC_CELL_REAL) fill[i].real = NAN;
            else if (vm_columns[i].type != VDC_CELL_INTEGER) fill[i].text = "";
            else fill[i].integer = -1;
        }
        code = vdc_record_table(results->record, &results->vms, "/vms", vm_columns, vm_column_count(sim), NULL, 0, diag);
        if (!code) code = vdc_table_fill(results->vms, fill, diag);
    }
    if (!code && scenario->output_hosts != VDC_OUTPUT_NONE) code = open_hosts(sim, diag);
    if (!code && scenario->output_events) {
        static const vdc_column event_columns[] = {
            {"time", "s", "when", VDC_CELL_REAL, NULL, 1},
            {"event", "1", "what happened", VDC_CELL_TEXT, NULL, 1},
            {"vm", "1", "id of the VM, -1 = none", VDC_CELL_INTEGER, NULL, 1},
            {"host", "1", "host, -1 = none", VDC_CELL_INTEGER, NULL, 1},
        };
        code = vdc_record_table(results->record, &results->events, "/events", event_columns, 4, NULL, 0, diag);
    }
    return code;
}

vdc_code vdc_results_open(vdc_simulation *sim, bool force, vdc_diag *diag) {
    vdc_results *results = vdc_calloc(1, sizeof *results);
    if (!results) return vdc_no_memory(diag, "the results");
    sim->results = results;
    results->previous = vdc_calloc((size_t)sim->datacenter.hosts.class_count * VDC_FLOWS, sizeof *results->previous);
    if (!results->previous) return vdc_no_memory(diag, "the results");
    vdc_code code = vdc_record_create(&results->record, sim->output, force, diag);
    return code ? code : open_tables(sim, diag);
}

static void free_results(vdc_simulation *sim) {
    vdc_results *results = sim->results;
    if (!results) return;
    vdc_free(results->previous);
    vdc_free(results->host_cells);
    vdc_free(results->samples);
    vdc_free(results->first_ticks);
    vdc_free(results);
    sim->results = NULL;
}

vdc_code vdc_results_finish(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    vdc_code code = vdc_results_summary(sim, diag);
    if (!code && sim->isolation) vdc_isolation_warn_unused(sim->isolation, diag);
    if (!results) return code;
    if (!code) code = write_summary(sim, diag);
    if (!code && results->vms) code = remaining_vms(sim, diag);
    if (!code && results->vms && vdc_names_count(sim->tenants) > 1) code = write_tenants(sim, diag);
    if (!code && sim->scenario->output_vms == VDC_OUTPUT_EVERY_TICK) code = write_vm_ticks(sim, diag);
    if (!code && results->hosts) code = write_hosts(sim, diag);
    if (!code && sim->check) code = write_checks(sim, diag);
    if (!code) code = vdc_record_inputs(results->record, &sim->scenario->inputs, diag);
    if (code) {
        vdc_results_abandon(sim);
        return code;
    }
    code = vdc_record_finish(results->record, sim->ended, sim->digest, diag);
    free_results(sim);
    return code;
}

void vdc_results_abandon(vdc_simulation *sim) {
    if (!sim->results) return;
    if (sim->results->record) vdc_record_abandon(sim->results->record);
    free_results(sim);
}
