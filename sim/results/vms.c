/* /vms: the final row of each VM, and what it asked for and got at every tick. */
#include <math.h>

#include "models/lifecycle.h"
#include "sim/results/internal.h"

static const vdc_column columns[] = {
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
};

vdc_code vdc_results_open_vms(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    size_t count;
    vdc_column *all = vdc_results_columns(sim, columns, sizeof columns / sizeof *columns, vdc_part_vms, &count, &results->vm_cells);
    if (!all) return vdc_no_memory(diag, "the VMs' table");
    vdc_cell *fill = results->vm_cells;
    for (size_t i = 0; i < count; i++) {
        if (all[i].type == VDC_CELL_REAL) fill[i].real = NAN;
        else if (all[i].type != VDC_CELL_INTEGER) fill[i].text = "";
        else fill[i].integer = -1;
    }
    vdc_code code = vdc_record_table(results->record, &results->vms, "/vms", all, count, NULL, 0, diag);
    if (!code) code = vdc_table_fill(results->vms, fill, diag);
    vdc_free(all);
    return code;
}

vdc_code vdc_results_vm(vdc_simulation *sim, uint32_t slot, vdc_vm_state state, vdc_diag *diag) {
    if (!sim->results || !sim->results->vms) return VDC_OK;
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    const vdc_vm_totals *totals = &vdc_vm_details_known(&sim->datacenter, slot)->totals;
    const vdc_request *request = &record->request;
    bool over = state >= VDC_VM_COMPLETED;
    vdc_row row = {.cells = sim->results->vm_cells};
    vdc_row_integer(&row, request->id);
    vdc_row_text(&row, request->name ? request->name : "");
    vdc_row_text(&row, vdc_names_text(sim->tenants, request->tenant));
    vdc_row_text(&row, vdc_names_text(sim->groups, request->group));
    vdc_row_integer(&row, record->last_host == VDC_NOWHERE ? -1 : (int64_t)record->last_host);
    vdc_row_text(&row, vdc_vm_state_names[state]);
    vdc_row_real(&row, vdc_seconds(request->arrival));
    vdc_row_real(&row, record->first_start < 0 ? NAN : vdc_seconds(record->first_start));
    vdc_row_real(&row, over ? vdc_seconds(sim->datacenter.now) : NAN);
    vdc_row_real(&row, vdc_seconds(vdc_run_waited(sim, slot)));
    vdc_row_integer(&row, record->failures);
    vdc_row_integer(&row, request->priority);
    vdc_row_real(&row, (double)request->size[VDC_CPU] / 1000);
    vdc_row_integer(&row, request->size[VDC_MEMORY]);
    vdc_row_real(&row, totals->p_cpu);
    vdc_row_real(&row, totals->run);
    vdc_row_real(&row, totals->used);
    vdc_row_real(&row, totals->ready);
    vdc_row_real(&row, totals->throttled);
    vdc_row_real(&row, totals->idle);
    vdc_row_real(&row, totals->fenced);
    vdc_row_integer(&row, (int64_t)record->numa_nodes);
    vdc_results_part_cells(sim, vdc_part_vms, slot, &row);
    vdc_code code = vdc_table_set(sim->results->vms, request->number, row.cells, diag);
    return code ? code : vdc_results_add_to_tenant(sim, slot, state, diag);
}

/* The VMs that are still there when the run ends. */
vdc_code vdc_results_write_vms(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++) {
        vdc_vm_state state = (vdc_vm_state)dc->vms[slot].state;
        if (state == VDC_VM_FREE || state == VDC_VM_HELD) continue;
        if (dc->vms[slot].host != VDC_NOWHERE) {
            if (dc->lifecycle) vdc_lifecycle_fold(dc, slot, sim->population.finished);
            vdc_datacenter_close_stay(dc, slot, dc->vms[slot].host, sim->population.finished);
        }
        vdc_code code = vdc_results_vm(sim, slot, state, diag);
        if (code) return code;
    }
    return VDC_OK;
}

/* ---- at every tick ---- */

vdc_code vdc_results_sample_vms(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    const vdc_datacenter *dc = &sim->datacenter;
    size_t arrived = (size_t)sim->population.arrived;
    if (!VDC_RESERVE(results->samples, results->sample_capacity, results->sample_count + (size_t)dc->running)
        || !VDC_RESERVE(results->first_ticks, results->first_tick_capacity, arrived))
        return vdc_no_memory(diag, "the VMs at every tick (output.vms: every-tick)");
    while (results->first_tick_count < arrived) results->first_ticks[results->first_tick_count++] = results->sampled_ticks;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++)
        if (vdc_vm_state_is_on_host((vdc_vm_state)dc->vms[slot].state) && dc->vms[slot].state != VDC_VM_HELD)
            results->samples[results->sample_count++] = (vdc_vm_sample){
                .number = (size_t)dc->records[slot].request.number, .tick = results->sampled_ticks,
                .demand = dc->vms[slot].demand, .granted = dc->vms[slot].grant};
    results->sampled_ticks++;
    return VDC_OK;
}

/* A sample's row: ticks since the VM's arrival. */
static size_t row_of(const vdc_results *results, const vdc_vm_sample *sample) {
    return sample->tick - results->first_ticks[sample->number];
}

static vdc_code append_vm_rows(vdc_table *table, const vdc_results *results, const size_t *begin, const size_t *order, vdc_cell *cells, vdc_diag *diag) {
    size_t vms = results->first_tick_count;
    vdc_code code = VDC_OK;
    for (size_t row = 0; !code && row < results->sampled_ticks; row++) {
        for (size_t i = 0; i < 2 * vms; i++) cells[i].real = 0;
        for (size_t i = begin[row]; i < begin[row + 1]; i++) {
            const vdc_vm_sample *sample = &results->samples[order[i]];
            cells[sample->number].real = (double)sample->demand;
            cells[vms + sample->number].real = (double)sample->granted;
        }
        code = vdc_table_append(table, cells, diag);
    }
    return code;
}

/* output.vms: every-tick, as [ticks since arrival x VM]. */
vdc_code vdc_results_write_vm_ticks(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    size_t vms = results->first_tick_count, rows = results->sampled_ticks;
    if (vms == 0) return VDC_OK;
    const vdc_column columns_of_ticks[] = {
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
    if (!code) code = vdc_record_table(results->record, &table, "/vms", columns_of_ticks, 2, "/vms/tick", 0, diag);
    if (!code) code = append_vm_rows(table, results, begin, order, cells, diag);
    vdc_free(axis);
    vdc_free(begin);
    vdc_free(order);
    vdc_free(cells);
    return code;
}
