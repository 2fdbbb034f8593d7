/* /hosts: the final row of each host, and what it did at every tick. */
#include <inttypes.h>
#include <stdio.h>

#include "sim/results/internal.h"

static const vdc_column columns[] = {
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
};

vdc_code vdc_results_open_hosts(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    uint32_t count = sim->datacenter.hosts.count;
    int64_t *ids = vdc_malloc((count ? count : 1) * sizeof *ids);
    if (!ids) return vdc_no_memory(diag, "the hosts' table");
    for (uint32_t h = 0; h < count; h++) ids[h] = h;
    vdc_code code = vdc_record_scale_integer(results->record, "/hosts/id", "host", ids, count, diag);
    vdc_free(ids);
    size_t column_count;
    vdc_column *all = code ? NULL : vdc_results_columns(sim, columns, sizeof columns / sizeof *columns, vdc_part_hosts, &column_count, &results->host_cells);
    if (!code && !all) return vdc_no_memory(diag, "the hosts' table");
    if (!code) code = vdc_record_table(results->record, &results->hosts, "/hosts", all, column_count, "/hosts/id", 0, diag);
    vdc_free(all);
    if (code || sim->scenario->output_hosts != VDC_OUTPUT_EVERY_TICK) return code;
    const vdc_column columns_of_ticks[] = {
        {"time", "s", "end of the tick", VDC_CELL_REAL, NULL, 1}, /* an axis of its own: netCDF readers do not look into /ticks */
        {"cpu_demand", "Hz", "CPU asked for at the end of the tick", VDC_CELL_REAL, "/hosts/id", count},
        {"cpu_granted", "Hz", "CPU granted at the end of the tick", VDC_CELL_REAL, "/hosts/id", count},
        {"vms_running", "1", "VMs at the end of the tick", VDC_CELL_INTEGER, "/hosts/id", count},
        {"power", "W", "power at the end of the tick", VDC_CELL_REAL, "/hosts/id", count},
    };
    size_t width = sim->datacenter.power ? 5 : 4;
    results->host_tick_cells = vdc_calloc(1 + width * (size_t)count, sizeof *results->host_tick_cells);
    if (!results->host_tick_cells) return vdc_no_memory(diag, "the hosts' table");
    return vdc_record_table(results->record, &results->host_ticks, "/hosts", columns_of_ticks, width, NULL, 0, diag);
}

vdc_code vdc_results_write_hosts(vdc_simulation *sim, vdc_diag *diag) {
    static const char *const states[] = {"up", "cordoned", "down", "off"};
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_code code = VDC_OK;
    uint32_t *number = vdc_calloc(dc->hosts.class_count ? dc->hosts.class_count : 1, sizeof *number); /* within the class */
    if (!number) return vdc_no_memory(diag, "the hosts' table");
    for (uint32_t h = 0; !code && h < dc->hosts.count; h++) {
        const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
        const vdc_ledger *ledger = &dc->host_ledger;
        vdc_wide thread = (vdc_wide)class->speed * VDC_SECOND, run = vdc_ledger_sum(ledger, h, VDC_FLOW_GRANTED);
        vdc_row row = {.cells = sim->results->host_cells};
        char name[128];
        snprintf(name, sizeof name, "%s-%" PRIu32, class->name ? class->name : "host", number[dc->hosts.class_of[h]]++);
        vdc_row_text(&row, dc->hosts.names ? dc->hosts.names[h] : name);
        vdc_row_text(&row, class->name ? class->name : "");
        vdc_row_integer(&row, dc->hosts.rack ? dc->hosts.rack[h] : 0);
        vdc_row_integer(&row, dc->hosts.zone ? dc->hosts.zone[h] : 0);
        vdc_row_text(&row, states[dc->hosts.state[h]]);
        vdc_row_integer(&row, dc->hosts.vms[h]);
        vdc_row_integer(&row, class->cpu_hz);
        vdc_row_integer(&row, class->physical[VDC_MEMORY]);
        vdc_row_real(&row, vdc_resource_total(VDC_CPU, vdc_ledger_sum(ledger, h, (vdc_flow)(VDC_FLOW_P + VDC_CPU))));
        vdc_row_real(&row, vdc_resource_total(VDC_MEMORY, vdc_ledger_sum(ledger, h, (vdc_flow)(VDC_FLOW_P + VDC_MEMORY))));
        vdc_row_real(&row, vdc_wide_over(run, thread));
        vdc_row_real(&row, vdc_wide_over(vdc_ledger_sum(ledger, h, VDC_FLOW_CEILING) - run, thread));
        vdc_wide fenced = vdc_ledger_sum(ledger, h, (vdc_flow)(VDC_FLOW_FENCE + VDC_CPU)) + vdc_ledger_sum(ledger, h, VDC_FLOW_RESERVED);
        vdc_row_real(&row, vdc_wide_over(fenced, thread));
        vdc_results_part_cells(sim, vdc_part_hosts, h, &row);
        code = vdc_table_append(sim->results->hosts, row.cells, diag);
    }
    vdc_free(number);
    return code;
}
vdc_code vdc_results_sample_hosts(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_results *results = sim->results;
    vdc_row row = {.cells = results->host_tick_cells};
    uint32_t count = dc->hosts.count;
    vdc_row_real(&row, vdc_seconds(dc->now));
    for (uint32_t h = 0; h < count; h++) vdc_row_real(&row, (double)vdc_ledger_rate(&dc->host_ledger, h, VDC_FLOW_DEMAND));
    for (uint32_t h = 0; h < count; h++) vdc_row_real(&row, (double)dc->hosts.account[h].granted);
    for (uint32_t h = 0; h < count; h++) vdc_row_integer(&row, dc->hosts.vms[h]);
    for (uint32_t h = 0; sim->datacenter.power && h < count; h++) vdc_row_real(&row, (double)dc->power[h] / 1e12);
    return vdc_table_append(results->host_ticks, row.cells, diag);
}
