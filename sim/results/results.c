/* The life of a result file, its attributes, the event log and the checks. */
#include <math.h>

#include "sim/journal.h"
#include "sim/parts/availability.h"
#include "sim/results/internal.h"

/* ---- the columns of a table and its parts' ---- */

const vdc_part_columns *vdc_part_ticks(const vdc_part *part) { return &part->ticks; }
const vdc_part_columns *vdc_part_vms(const vdc_part *part) { return &part->vms; }
const vdc_part_columns *vdc_part_hosts(const vdc_part *part) { return &part->hosts; }
const vdc_part_columns *vdc_part_tenants(const vdc_part *part) { return &part->tenants; }

vdc_column *vdc_results_columns(const vdc_simulation *sim, const vdc_column *own, size_t own_count, vdc_part_table *table, size_t *count,
                                vdc_cell **cells) {
    size_t most = own_count, width = 0;
    for (int i = 0; i < sim->present_count; i++) most += table(sim->present[i])->count;
    vdc_column *all = vdc_malloc((most + 1) * sizeof *all);
    if (!all) return NULL;
    *count = 0;
    for (size_t i = 0; i < own_count; i++) all[(*count)++] = own[i];
    for (int i = 0; i < sim->present_count; i++) {
        const vdc_part_columns *part = table(sim->present[i]);
        size_t used = part->used ? part->used(sim) : part->count;
        for (size_t k = 0; k < used; k++) all[(*count)++] = part->columns[k];
    }
    for (size_t i = 0; i < *count; i++) width += all[i].width;
    if (!cells || (*cells = vdc_calloc(width + 1, sizeof **cells))) return all;
    vdc_free(all);
    return NULL;
}

void vdc_results_part_cells(vdc_simulation *sim, vdc_part_table *table, uint32_t entity, vdc_row *row) {
    for (int i = 0; i < sim->present_count; i++) {
        const vdc_part_columns *part = table(sim->present[i]);
        if (part->row) part->row(sim, entity, row);
    }
}

/* ---- /events ---- */

vdc_code vdc_results_log(vdc_simulation *sim, const char *what, int64_t vm, int64_t host, const char *detail, vdc_diag *diag) {
    if (!sim->results || !sim->results->events) return VDC_OK;
    vdc_cell cells[5] = {{.real = vdc_seconds(sim->datacenter.now)}, {.text = what}, {.integer = vm}, {.integer = host}, {.text = detail}};
    return vdc_table_append(sim->results->events, cells, diag);
}

vdc_code vdc_results_event(vdc_simulation *sim, const char *what, int64_t vm, int64_t host, vdc_diag *diag) {
    return vdc_results_log(sim, what, vm, host, "", diag);
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
                             {.real = item->first < 0 ? NAN : vdc_seconds(item->first)}};
        code = vdc_table_append(table, cells, diag);
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

static vdc_code open_events(vdc_simulation *sim, vdc_diag *diag) {
    static const vdc_column columns[] = {
        {"time", "s", "when", VDC_CELL_REAL, NULL, 1},
        {"event", "1", "what happened", VDC_CELL_TEXT, NULL, 1},
        {"vm", "1", "id of the VM, -1 = none", VDC_CELL_INTEGER, NULL, 1},
        {"host", "1", "host, -1 = none", VDC_CELL_INTEGER, NULL, 1},
        {"detail", "1", "in words: with which parameters, why refused", VDC_CELL_TEXT, NULL, 1},
    };
    size_t count = sizeof columns / sizeof *columns - (sim->datacenter.lifecycle ? 0 : 1);
    return vdc_record_table(sim->results->record, &sim->results->events, "/events", columns, count, NULL, 0, diag);
}

static vdc_code open_tables(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    vdc_code code = write_attributes(sim, diag);
    bool ticks = scenario->output_ticks || scenario->output_hosts == VDC_OUTPUT_EVERY_TICK || scenario->output_vms == VDC_OUTPUT_EVERY_TICK;
    if (!code && ticks) code = vdc_results_open_ticks(sim, diag);
    if (!code && scenario->output_vms != VDC_OUTPUT_NONE) code = vdc_results_open_vms(sim, diag);
    if (!code && scenario->output_hosts != VDC_OUTPUT_NONE) code = vdc_results_open_hosts(sim, diag);
    return !code && scenario->output_events ? open_events(sim, diag) : code;
}

vdc_code vdc_results_may_replace(const vdc_simulation *sim, const char *path, vdc_diag *diag) {
    if (!vdc_scenario_reads(sim->scenario, path)) return VDC_OK;
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is what the run reads: the output would replace it", path);
}

vdc_code vdc_results_open(vdc_simulation *sim, bool force, vdc_diag *diag) {
    vdc_code code = vdc_results_may_replace(sim, sim->output, diag);
    if (code) return code;
    vdc_results *results = vdc_calloc(1, sizeof *results);
    if (!results) return vdc_no_memory(diag, "the results");
    sim->results = results;
    results->previous = vdc_calloc((size_t)sim->datacenter.hosts.class_count * VDC_FLOWS, sizeof *results->previous);
    if (!results->previous) return vdc_no_memory(diag, "the results");
    code = vdc_record_create(&results->record, sim->output, force, diag);
    return code ? code : open_tables(sim, diag);
}

static void free_results(vdc_simulation *sim) {
    vdc_results *results = sim->results;
    if (!results) return;
    vdc_free(results->previous);
    vdc_free(results->tick_cells);
    vdc_free(results->vm_cells);
    vdc_free(results->host_cells);
    vdc_free(results->host_tick_cells);
    vdc_free(results->samples);
    vdc_free(results->first_ticks);
    vdc_free(results);
    sim->results = NULL;
}

/* What was done to the run from outside: with the scenario it says how the results came about. */
static vdc_code write_deeds(vdc_simulation *sim, vdc_diag *diag) {
    vdc_record *record = sim->results->record;
    vdc_code code = sim->operable ? vdc_record_attribute_text(record, "operable", "true", diag) : VDC_OK;
    if (code || sim->journal.count == 0) return code;
    char *text = vdc_journal_text(sim);
    code = text ? vdc_record_attribute_text(record, "journal", text, diag) : vdc_no_memory(diag, "the journal");
    vdc_free(text);
    return code;
}

vdc_code vdc_results_finish(vdc_simulation *sim, vdc_diag *diag) {
    vdc_results *results = sim->results;
    vdc_code code = vdc_results_summary(sim, diag);
    if (!code && sim->isolation) vdc_isolation_warn_unused(sim->isolation, diag);
    if (!code && vdc_availability_of(sim)) vdc_availability_warn_unused(sim, diag);
    if (!results) return code;
    if (!code) code = vdc_results_write_summary(sim, diag);
    if (!code && results->vms) code = vdc_results_write_vms(sim, diag);
    if (!code && results->vms && vdc_names_count(sim->tenants) > 1) code = vdc_results_write_tenants(sim, diag);
    if (!code && sim->scenario->output_vms == VDC_OUTPUT_EVERY_TICK) code = vdc_results_write_vm_ticks(sim, diag);
    if (!code && results->hosts) code = vdc_results_write_hosts(sim, diag);
    for (int i = 0; !code && i < sim->present_count; i++)
        if (sim->present[i]->tables) code = sim->present[i]->tables(sim, results->record, diag);
    if (!code && sim->check) code = write_checks(sim, diag);
    if (!code) code = write_deeds(sim, diag);
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
