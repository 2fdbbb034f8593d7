/* The section failures: see scenario.h. */
#include <math.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/scenario/reading.h"

static void read_failure_row(vdc_reading *reading, const vdc_node *row, vdc_failure *failure) {
    double share = 0;
    if (row->kind != VDC_NODE_SEQUENCE || row->count != 3) {
        char buffer[96];
        vdc_reading_fail(
            reading, row,
            "failures.trace: rows: found %s; allowed: [time since the previous recovery, duration, share of the hosts]",
            row->kind == VDC_NODE_SEQUENCE ? "a list of another length" : vdc_node_describe(row, buffer, sizeof buffer));
        return;
    }
    vdc_reading_note(reading, vdc_node_integer(row->children[0], VDC_DIM_TIME, 0, INT64_MAX, &failure->wait, reading->diag));
    vdc_reading_note(reading, vdc_node_integer(row->children[1], VDC_DIM_TIME, 0, INT64_MAX, &failure->duration, reading->diag));
    vdc_reading_note(reading, vdc_node_real(row->children[2], VDC_DIM_RATIO, 0, 1, &share, reading->diag));
    failure->share_ppb = llround(share * (double)VDC_SHARE_ALL);
}

static void read_failure_rows(vdc_reading *reading, const vdc_node *rows) {
    vdc_failure_list *list = &reading->scenario->failures;
    if (!vdc_reading_is_list(reading, rows, "a list of [time since the previous recovery, duration, share of the hosts]")) return;
    if (!VDC_RESERVE(list->rows, list->capacity, rows->count)) {
        vdc_reading_note(reading, vdc_no_memory(reading->diag, "the failures"));
        return;
    }
    for (size_t i = 0; i < rows->count; i++) {
        list->rows[i] = (vdc_failure){0};
        read_failure_row(reading, rows->children[i], &list->rows[i]);
    }
    list->count = rows->count;
}

/* A trace without an instant between its failures would never come to an end when it repeats. */
static bool takes_time(const vdc_failure_list *list) {
    for (size_t i = 0; i < list->count; i++)
        if (list->rows[i].wait > 0 || list->rows[i].duration > 0) return true;
    return false;
}

/* The rows of the failure trace, written here or in a file. */
static void read_trace(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_failure_trace trace;
    if (!vdc_reading_section(reading, VDC_SECTION_FAILURE_TRACE, node, NULL, &trace)) return;
    if (!trace.rows == !trace.path) {
        vdc_reading_fail(reading, node, "failures.trace: found %s; allowed: either rows or path",
                         trace.rows ? "rows and path" : "neither rows nor path");
        return;
    }
    scenario->has_failures = true;
    scenario->failures_repeat = trace.repeat;
    if (trace.rows) {
        read_failure_rows(reading, trace.rows);
    } else {
        const char *path = vdc_reading_readable(reading, vdc_node_get(node, "path"));
        if (!path) return;
        vdc_reading_note(reading, vdc_failures_read(path, &scenario->inputs, &scenario->failures, reading->diag));
    }
    if (trace.repeat && !reading->code && !takes_time(&scenario->failures))
        vdc_reading_fail(reading, node, "failures.trace: repeat: the rows take no time, so they would repeat for ever at one instant");
}

static void read_process(vdc_reading *reading, const vdc_node *node, vdc_failure_process *process) {
    vdc_section_failure_process section;
    if (!vdc_reading_section(reading, VDC_SECTION_FAILURE_PROCESS, node, NULL, &section)) return;
    *process = (vdc_failure_process){.level = (vdc_outage)section.level, .shape = section.shape, .kills = section.kills,
                                     .repair = (double)section.repair, .sigma = section.repair_sigma, .age = section.age};
    if ((section.mtbf == VDC_PARAM_NONE) == (section.scale == VDC_PARAM_NONE)) {
        vdc_reading_fail(reading, node, "failures.processes[]: found %s; allowed: either mtbf or scale",
                         section.mtbf == VDC_PARAM_NONE ? "neither mtbf nor scale" : "mtbf and scale");
        return;
    }
    process->scale = section.scale == VDC_PARAM_NONE ? vdc_failure_scale((double)section.mtbf, section.shape) : (double)section.scale;
    bool racks = process->level == VDC_OUTAGE_RACK || process->level == VDC_OUTAGE_ZONE;
    if (racks && !reading->scenario->has_topology && !reading->scenario->racks_path)
        vdc_reading_fail(reading, vdc_node_get(node, "level"), "failures.processes[]: level: found %s, but datacenter.topology is not given",
                         vdc_failure_level_names[process->level]);
}

static void read_processes(vdc_reading *reading, const vdc_node *list) {
    vdc_scenario *scenario = reading->scenario;
    if (!list || !vdc_reading_is_list(reading, list, "a list of {level, mtbf, repair, ...}")) return;
    scenario->processes = vdc_arena_alloc(reading->arena, (list->count + 1) * sizeof *scenario->processes);
    if (!scenario->processes) {
        vdc_reading_note(reading, vdc_no_memory(reading->diag, "the failures"));
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        scenario->processes[i] = (vdc_failure_process){0};
        read_process(reading, list->children[i], &scenario->processes[i]);
    }
    scenario->process_count = list->count;
}

static void read_groups(vdc_reading *reading, const vdc_node *list) {
    vdc_scenario *scenario = reading->scenario;
    if (!list || !vdc_reading_is_list(reading, list, "a list of {group, up}")) return;
    scenario->group_needs = vdc_arena_alloc(reading->arena, (list->count + 1) * sizeof *scenario->group_needs);
    if (!scenario->group_needs) {
        vdc_reading_note(reading, vdc_no_memory(reading->diag, "the failures"));
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        vdc_section_failure_group section;
        if (!vdc_reading_section(reading, VDC_SECTION_FAILURE_GROUP, list->children[i], NULL, &section)) continue;
        for (size_t k = 0; k < scenario->group_need_count; k++)
            if (strcmp(scenario->group_needs[k].group, section.group) == 0)
                vdc_reading_fail(reading, vdc_node_get(list->children[i], "group"), "failures.groups: has '%.60s' twice", section.group);
        scenario->group_needs[scenario->group_need_count++] = (vdc_group_need){.group = section.group, .up = section.up};
    }
}

static void read_maintenance(vdc_reading *reading, const vdc_node *node) {
    vdc_section_maintenance section;
    if (!node || !vdc_reading_section(reading, VDC_SECTION_MAINTENANCE, node, NULL, &section)) return;
    reading->scenario->maintenance = (vdc_maintenance){
        .wanted = true, .start = section.start, .every = section.every, .duration = section.duration, .gap = section.gap,
        .deadline = section.deadline, .retry = section.retry, .at_once = section.at_once, .budget = section.budget,
        .drain = (vdc_drain_rule)section.drain,
    };
}

static void read_recovery(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_recovery recovery;
    vdc_reading_section(reading, VDC_SECTION_RECOVERY, node, NULL, &recovery);
    scenario->recovery = (vdc_recovery_rule)recovery.policy;
    scenario->max_failures = recovery.max_failures;
    scenario->detect = recovery.detect != VDC_PARAM_NONE ? recovery.detect
                       : scenario->recovery == VDC_RECOVERY_ELSEWHERE || scenario->recovery == VDC_RECOVERY_STANDBY ? 30 * VDC_SECOND : 0;
    scenario->failover = recovery.failover;
    scenario->young = recovery.checkpoint == 1;
    scenario->has_availability = scenario->recovery > VDC_RECOVERY_NONE || scenario->detect > 0 || scenario->young;
}

void vdc_reading_failures(vdc_reading *reading, const vdc_node *node) {
    vdc_scenario *scenario = reading->scenario;
    vdc_section_failures failures;
    vdc_section_warning warning = {.recall = 1, .precision = 1};
    vdc_section_ha_reserve reserve = {0};
    vdc_reading_section(reading, VDC_SECTION_FAILURES, node, NULL, &failures);
    read_recovery(reading, failures.recovery);
    scenario->update_domains = failures.update_domains;
    scenario->quorum = failures.quorum;
    if (failures.trace) read_trace(reading, failures.trace);
    read_processes(reading, failures.processes);
    if (failures.warning) {
        vdc_reading_section(reading, VDC_SECTION_WARNING, failures.warning, NULL, &warning);
        if (scenario->process_count == 0)
            vdc_reading_fail(reading, failures.warning, "failures.warning: there are no failures.processes that could be foreseen");
    }
    scenario->warning_lead = warning.lead;
    scenario->warning_recall = warning.recall;
    scenario->warning_precision = warning.precision;
    scenario->warning_migrates = failures.warning && warning.evacuate == 0;
    if (failures.reserve && vdc_reading_section(reading, VDC_SECTION_HA_RESERVE, failures.reserve, NULL, &reserve)
        && (reserve.hosts > 0) == (reserve.share > 0))
        vdc_reading_fail(reading, failures.reserve, "failures.reserve: found %s; allowed: either hosts or share, above 0",
                         reserve.hosts > 0 ? "hosts and share" : "neither hosts nor share");
    scenario->reserve_hosts = reserve.hosts;
    scenario->reserve_share = reserve.share;
    read_groups(reading, failures.groups);
    read_maintenance(reading, failures.maintenance);
    scenario->has_availability = scenario->has_availability || scenario->process_count || scenario->maintenance.wanted || failures.reserve
                                 || failures.groups || vdc_node_get(node, "quorum");
    if (scenario->young && !(vdc_failure_host_mtbf(scenario->processes, scenario->process_count) < INFINITY))
        vdc_reading_fail(reading, failures.recovery, "failures.recovery: checkpoint: young needs failures.processes: they say how often hosts fail");
}
