/* /tenants: sums over the VMs of each tenant, and who was beside whom. */
#include <string.h>

#include "sim/results/internal.h"

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
};

vdc_code vdc_results_add_to_tenant(vdc_simulation *sim, uint32_t slot, vdc_vm_state state, vdc_diag *diag) {
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    const vdc_vm_totals *totals = &vdc_vm_details_known(&sim->datacenter, slot)->totals;
    uint32_t tenant = record->request.tenant;
    size_t before = sim->tenant_capacity;
    if (!VDC_RESERVE(sim->tenant_totals, sim->tenant_capacity, tenant + (size_t)1)) return vdc_no_memory(diag, "the tenants' totals");
    if (sim->tenant_capacity > before) memset(sim->tenant_totals + before, 0, (sim->tenant_capacity - before) * sizeof *sim->tenant_totals);
    vdc_tenant_totals *sum = &sim->tenant_totals[tenant];
    sum->arrived++;
    sum->placed += record->first_start >= 0;
    sum->completed += state == VDC_VM_COMPLETED;
    sum->rejected += state == VDC_VM_REJECTED;
    sum->p_cpu += totals->p_cpu;
    sum->p_memory += totals->p_memory;
    sum->t += totals->run;
    sum->ready += totals->ready;
    sum->throttled += totals->throttled;
    sum->idle += totals->idle;
    sum->used += totals->used;
    sum->fenced += totals->fenced;
    sum->fence_waste += totals->fence_waste;
    sum->fence_idle += totals->fence_idle;
    sum->fenced_memory += totals->fenced_memory;
    sum->wait += vdc_seconds(vdc_run_waited(sim, slot));
    sum->reserved += totals->reserved;
    if (!sim->isolation) return VDC_OK;
    sum->exposure += vdc_pair_seconds(vdc_isolation_exposure(sim->isolation, slot));
    sum->fenced_threads += vdc_isolation_vm_fenced(sim->isolation, slot, VDC_FENCE_THREADS);
    sum->fenced_dedicated += vdc_isolation_vm_fenced(sim->isolation, slot, VDC_FENCE_DEDICATED);
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

vdc_code vdc_results_write_tenants(vdc_simulation *sim, vdc_diag *diag) {
    size_t count, width = 0;
    vdc_code code = has_matrix(sim) ? write_matrix_axis(sim, &width, diag) : VDC_OK;
    if (code) return code;
    vdc_column *all = vdc_results_columns(sim, columns, sizeof columns / sizeof *columns, vdc_part_tenants, &count, NULL);
    if (!all) return vdc_no_memory(diag, "the tenants' table");
    size_t cell_count = width;
    for (size_t i = 0; i < count; i++) cell_count += all[i].width;
    vdc_column *with_matrix = vdc_realloc(all, count + 1, sizeof *all);
    if (with_matrix) all = with_matrix;
    vdc_cell *cells = vdc_malloc((cell_count + 1) * sizeof *cells);
    if (!with_matrix || !cells) code = vdc_no_memory(diag, "the tenants' table");
    else if (width) all[count++] = (vdc_column){"coresidency", "s", "pairs of VMs of two tenants on one host x time", VDC_CELL_REAL, "/tenants/tenant", width};
    vdc_table *table;
    if (!code) code = vdc_record_table(sim->results->record, &table, "/tenants", all, count, NULL, 0, diag);
    vdc_free(all);
    for (uint32_t i = 0; !code && i < sim->tenant_capacity && i < vdc_names_count(sim->tenants); i++) {
        const vdc_tenant_totals *sum = &sim->tenant_totals[i];
        if (sum->arrived == 0) continue;
        vdc_row row = {.cells = cells};
        vdc_row_text(&row, vdc_names_text(sim->tenants, i));
        vdc_row_integer(&row, sum->arrived);
        vdc_row_integer(&row, sum->placed);
        vdc_row_integer(&row, sum->completed);
        vdc_row_integer(&row, sum->rejected);
        vdc_row_real(&row, sum->p_cpu);
        vdc_row_real(&row, sum->p_memory);
        vdc_row_real(&row, sum->t);
        vdc_row_real(&row, sum->ready);
        vdc_row_real(&row, sum->throttled);
        vdc_row_real(&row, sum->idle);
        vdc_row_real(&row, sum->wait);
        vdc_row_real(&row, sum->used);
        vdc_row_real(&row, sum->fenced);
        vdc_results_part_cells(sim, vdc_part_tenants, i, &row);
        for (uint32_t other = 0; width && other < sim->tenant_capacity && other < vdc_names_count(sim->tenants); other++)
            if (sim->tenant_totals[other].arrived) vdc_row_real(&row, vdc_pair_seconds(vdc_isolation_pair_time(sim->isolation, i, other)));
        code = vdc_table_append(table, cells, diag);
    }
    vdc_free(cells);
    return code;
}
