/* /ticks: a row of totals a tick. */
#include "sim/results/internal.h"

#define BY_RESOURCE "/ticks/resource", VDC_RESOURCES

static const vdc_column columns[] = {
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

vdc_code vdc_results_open_ticks(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    size_t count;
    vdc_code code = vdc_record_scale_text(results->record, "/ticks/resource", "resource", vdc_resource_names, vdc_resource_units, VDC_RESOURCES,
                                          diag);
    if (code) return code;
    vdc_column *all = vdc_results_columns(sim, columns, sizeof columns / sizeof *columns, vdc_part_ticks, &count, &results->tick_cells);
    if (!all) return vdc_no_memory(diag, "the ticks' table");
    code = vdc_record_table(results->record, &results->ticks, "/ticks", all, count, NULL, 0, diag);
    vdc_free(all);
    return code;
}

static void put_resources(vdc_row *row, const double *values) {
    for (int r = 0; r < VDC_RESOURCES; r++) vdc_row_real(row, values[r]);
}

static int64_t violations_since(vdc_simulation *sim) {
    int64_t now = 0;
    for (size_t i = 0; sim->isolation && i < sim->isolation->rule_count; i++) now += sim->isolation->rules[i].entries;
    int64_t since = now - sim->results->previous_violations;
    sim->results->previous_violations = now;
    return since;
}

static vdc_code write_row(vdc_simulation *sim, const vdc_tick_counts *counts, vdc_diag *diag) {
    vdc_results *results = sim->results;
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_row row = {.cells = results->tick_cells};
    vdc_totals sum = vdc_totals_since(dc, results->previous, dc->now - (sim->next_tick - sim->tick_length));
    int64_t demand_now = 0, granted_now = 0;
    for (size_t k = 0; k < dc->class_ledger.count; k++) {
        demand_now += vdc_ledger_rate(&dc->class_ledger, k, VDC_FLOW_DEMAND);
        granted_now += vdc_ledger_rate(&dc->class_ledger, k, VDC_FLOW_GRANTED);
        for (int f = 0; f < VDC_FLOWS; f++) results->previous[k * VDC_FLOWS + (size_t)f] = vdc_class_flow(dc, k, (vdc_flow)f);
    }
    vdc_row_real(&row, vdc_seconds(dc->now));
    put_resources(&row, sum.p);
    put_resources(&row, sum.granted);
    put_resources(&row, sum.fenced);
    put_resources(&row, sum.waste);
    put_resources(&row, sum.fence_idle);
    put_resources(&row, sum.used);
    vdc_row_real(&row, sum.granted[VDC_CPU]);
    vdc_row_real(&row, sum.ready);
    vdc_row_real(&row, sum.throttled);
    vdc_row_real(&row, sum.idle);
    vdc_row_real(&row, (double)demand_now);
    vdc_row_real(&row, (double)granted_now);
    vdc_row_integer(&row, dc->running);
    vdc_row_integer(&row, sim->waiting.count);
    vdc_row_integer(&row, dc->hosts_used);
    vdc_row_integer(&row, counts->arrivals);
    vdc_row_integer(&row, counts->placed);
    vdc_row_integer(&row, counts->rejected);
    vdc_row_integer(&row, counts->completed);
    vdc_row_integer(&row, counts->migrations);
    vdc_row_integer(&row, violations_since(sim));
    vdc_results_part_cells(sim, vdc_part_ticks, 0, &row);
    return vdc_table_append(results->ticks, results->tick_cells, diag);
}

vdc_code vdc_results_tick(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    vdc_tick_counts counts = sim->tick;
    sim->tick = (vdc_tick_counts){0};
    if (!results) return VDC_OK;
    vdc_parts_advance(sim);
    vdc_code code = results->ticks ? write_row(sim, &counts, diag) : VDC_OK;
    if (!code && results->host_ticks) code = vdc_results_sample_hosts(sim, diag);
    if (!code && sim->scenario->output_vms == VDC_OUTPUT_EVERY_TICK) code = vdc_results_sample_vms(sim, diag);
    return code;
}
