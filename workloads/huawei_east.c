/* Huawei-East-1: a month of VMs of a region of Huawei Cloud, in the form of events (vmid,cpu,memory,time,type; type 0 creates,
 * 1 deletes) or of intervals (vmid,cpu,mem,at,lt). Times are seconds from the trace's start, memory is read as GiB, as
 * everybody who uses it does. A VM that is never deleted stays until the run ends.
 *
 * Events: the lifetime of a VM stands in a later row, so the file is read first. Intervals stream.
 */
#include "sim/base/known.h"
#include "sim/base/memory.h"
#include "workloads/id_map.h"
#include "workloads/readers.h"
#include "workloads/rows.h"
#include "workloads/table_source.h"

#include <string.h>

enum { GIBIBYTE = 1 << 30 };

/* ---- intervals ---- */

enum { ID, CPUS, MEMORY, ARRIVAL, LIFETIME, COLUMNS };

static void take_interval(vdc_table_source *self, vdc_request *request) {
    request->id = vdc_table_number(&self->table, self->at[ID], 1, 0, INT64_MAX);
    request->size[VDC_CPU] = vdc_table_number(&self->table, self->at[CPUS], 1000, 1, INT64_MAX);
    request->size[VDC_MEMORY] = vdc_table_number(&self->table, self->at[MEMORY], GIBIBYTE, 0, INT64_MAX);
    request->arrival = vdc_table_number(&self->table, self->at[ARRIVAL], VDC_SECOND, 0, INT64_MAX);
    request->lifetime = vdc_table_number(&self->table, self->at[LIFETIME], VDC_SECOND, 0, INT64_MAX);
}

static const char *const interval_columns[] = {"vmid", "cpu", "mem", "at", "lt"};
static const vdc_table_format intervals = {.layout = {.separator = ','}, .wanted = interval_columns, .count = COLUMNS,
                                           .required = COLUMNS, .sorted = true, .take = take_interval};

/* ---- events ---- */

enum { TIME = ARRIVAL, TYPE = LIFETIME };

/* Was the row created and not deleted yet? */
static bool is_alive(const vdc_rows *rows, uint32_t row) {
    VDC_KNOWN(row == VDC_ID_ABSENT || rows->items);
    return row != VDC_ID_ABSENT && rows->items[row].lifetime == VDC_UNLIMITED;
}

static vdc_code add_creation(vdc_rows *rows, vdc_table *table, const int *at, vdc_id_map *alive, int64_t id, int64_t time,
                             vdc_diag *diag) {
    vdc_request request;
    memcpy(&request, &vdc_request_blank, sizeof request);
    request.id = id;
    request.arrival = time;
    request.size[VDC_CPU] = vdc_table_number(table, at[CPUS], 1000, 1, INT64_MAX);
    request.size[VDC_MEMORY] = vdc_table_number(table, at[MEMORY], GIBIBYTE, 0, INT64_MAX);
    if (is_alive(rows, vdc_id_map_get(alive, id))) vdc_table_complain(table, at[ID], "%lld is created while it exists",
                                                                       (long long)id);
    vdc_code code;
    if (vdc_table_bad(table, &code)) return code;
    code = vdc_id_map_set(alive, id, (uint32_t)rows->count, diag);
    return code ? code : vdc_rows_add(rows, &request, diag);
}

static vdc_code read_event(vdc_rows *rows, vdc_table *table, const int *at, vdc_id_map *alive, vdc_trace_report *report,
                           vdc_diag *diag) {
    const int64_t id = vdc_table_number(table, at[ID], 1, 0, INT64_MAX);
    const int64_t time = vdc_table_number(table, at[TIME], VDC_SECOND, 0, INT64_MAX);
    const int64_t type = vdc_table_number(table, at[TYPE], 1, 0, 1);
    vdc_code code;
    if (vdc_table_bad(table, &code)) return code;
    if (type == 0) return add_creation(rows, table, at, alive, id, time, diag);
    const uint32_t row = vdc_id_map_get(alive, id);
    if (!is_alive(rows, row)) {
        vdc_row_odd(report, "deletions of VMs that do not exist: left out", vdc_text_number(table->text));
        return VDC_OK;
    }
    if (time < rows->items[row].arrival) {
        vdc_table_complain(table, at[TIME], "lies before the creation of VM %lld", (long long)id);
        return table->code;
    }
    rows->items[row].lifetime = time - rows->items[row].arrival;
    return VDC_OK;
}

static vdc_code read_events(vdc_rows *rows, const char *path, const vdc_workload_context *context, vdc_diag *diag) {
    static const char *const wanted[] = {"vmid", "cpu", "memory", "time", "type"};
    int at[COLUMNS];
    vdc_id_map alive = {0};
    vdc_table table;
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = vdc_table_map(&table, wanted, COLUMNS, COLUMNS, at, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        code = read_event(rows, &table, at, &alive, context->report, diag);
    }
    vdc_table_close(&table);
    vdc_id_map_free(&alive);
    for (size_t i = 0; i < rows->count && !code; i++)
        if (rows->items[i].lifetime == VDC_UNLIMITED) vdc_row_odd(context->report, "VMs that are never deleted: they stay",
                                                                       0);
    return code;
}

static vdc_code open_events(const char *path, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag) {
    vdc_rows rows = {0};
    if (context->report) context->report->indexed = true;
    vdc_code code = read_events(&rows, path, context, diag);
    if (!code) code = vdc_rows_source(&rows, NULL, NULL, source, diag);
    vdc_rows_free(&rows);
    return code;
}

/* Which form it is shows in the header. */
static vdc_code open_huawei(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                            vdc_diag *diag) {
    *source = NULL;
    bool events_form;
    const vdc_code code = vdc_table_has(path, ',', "type", &events_form, context, diag);
    if (code) return code;
    return events_form ? open_events(path, context, source, diag) : vdc_table_source_open(&intervals, params, path, context,
                                                                                          source,
                                                                                      diag);
}

const vdc_workload_type vdc_workload_huawei_east_1 = {
    .name = "huawei-east-1",
    .summary = "Huawei Cloud East China: creations and deletions, or intervals",
    .source = "huaweicloud/VM-placement-dataset; SPANE; docs/traces.md",
    .streams = true,
    .open = open_huawei,
};
