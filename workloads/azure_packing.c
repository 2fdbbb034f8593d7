/* Azure's packing trace of 2020: an SQLite file with the tables vm and vmType.
 *
 * Times are fractional days. A VM that started before 0 was there when the collection began: it arrives at 0 and lives until
 * its end; one without an end outlives the trace and stays. vmType has, for each machine model that a type can run on,
 * which fraction of that machine it takes: `machine` chooses the model (types that cannot run on it are left out), without it
 * the lowest-numbered one of each type counts; `vcpus`, `memory`, `disk` and `nic` say what the whole machine has.
 */
#include "sim/base/memory.h"
#include "workloads/id_map.h"
#include "workloads/readers.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_VALUE = 1 << 20 };

typedef struct packing_params {
    int64_t machine, vcpus, memory, disk, nic;
} packing_params;

/* What a VM of a type takes. */
typedef struct vm_type {
    int64_t cpu, memory, disk, nic;
} vm_type;

typedef struct packing {
    vdc_source base;
    char *path;
    sqlite3 *database;
    sqlite3_stmt *vms;
    vdc_id_map numbers;        /* vmTypeId -> position in `types` */
    vm_type *types;
    size_t type_count, type_capacity;
    vdc_names *tenants;
    vdc_trace_report *report;
    int64_t row;
} packing;

static vdc_code refuse(const packing *self, const char *what, vdc_diag *diag) {
    const vdc_place place = {self->path, 0, 0};
    return vdc_fail(diag, VDC_ERROR_INPUT, &place, "%s: %s", what, sqlite3_errmsg(self->database));
}

static vdc_code prepare(packing *self, const char *sql, sqlite3_stmt **statement, vdc_diag *diag) {
    if (sqlite3_prepare_v2(self->database, sql, -1, statement, NULL) == SQLITE_OK) return VDC_OK;
    return refuse(self, "is not the packing trace", diag);
}

/* ---- types ---- */

/* A fraction of a machine; empty counts as 0. Negative and non-finite ones are malformed. */
static bool take_share(sqlite3_stmt *row, int column, int64_t whole, int64_t *out) {
    const double share = sqlite3_column_double(row, column);
    if (!isfinite(share) || share < 0 || share > 1) return false;
    *out = llrint(share * (double)whole);
    return true;
}

static vdc_code take_type(packing *self, sqlite3_stmt *row, const packing_params *params, vdc_diag *diag) {
    const int64_t id = sqlite3_column_int64(row, 0);
    if (vdc_id_map_get(&self->numbers, id) != VDC_ID_ABSENT) return VDC_OK; /* an earlier machine counts */
    vm_type type;
    if (!take_share(row, 1, params->vcpus, &type.cpu) || !take_share(row, 2, params->memory, &type.memory)
        || !take_share(row, 3, params->disk, &type.disk) || !take_share(row, 4, params->nic, &type.nic)) {
        const vdc_place place = {self->path, 0, 0};
        return vdc_row_error(self->report, diag, &place, "table vmType, vmTypeId %lld: not fractions from 0 to 1", (long long)id);
    }
    if (!VDC_RESERVE(self->types, self->type_capacity, self->type_count + 1)) return vdc_no_memory(diag, "VM types");
    self->types[self->type_count] = type;
    return vdc_id_map_set(&self->numbers, id, (uint32_t)self->type_count++, diag);
}

static vdc_code read_types(packing *self, const packing_params *params, vdc_diag *diag) {
    sqlite3_stmt *row;
    vdc_code code = prepare(self, "SELECT vmTypeId, core, memory, CAST(ssd AS REAL), CAST(nic AS REAL), machineId FROM vmType"
                                  " WHERE ?1 < 0 OR machineId = ?1 ORDER BY machineId, vmTypeId", &row, diag);
    if (code) return code;
    sqlite3_bind_int64(row, 1, params->machine);
    int outcome = SQLITE_ROW;
    while (!code && (outcome = sqlite3_step(row)) == SQLITE_ROW) code = take_type(self, row, params, diag);
    if (!code && outcome != SQLITE_DONE) code = refuse(self, "cannot be read", diag);
    sqlite3_finalize(row);
    const vdc_place place = {self->path, 0, 0};
    if (!code && self->type_count == 0)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &place, params->machine < 0 ? "table vmType is empty"
                        : "table vmType: no type runs on that machine");
    return code;
}

/* ---- VMs ---- */

enum { VM_ID, TENANT, TYPE, PRIORITY, START, END };

/* Days -> ns; false when it is no time. */
static bool take_days(sqlite3_stmt *row, int column, int64_t *out) {
    const double days = sqlite3_column_double(row, column);
    if (!isfinite(days) || fabs(days) > 100000) return false;
    *out = llrint(days * 86400e9);
    return true;
}

static vdc_code malformed(packing *self, sqlite3_stmt *row, const char *what, vdc_diag *diag) {
    const vdc_place place = {self->path, 0, 0};
    return vdc_row_error(self->report, diag, &place, "table vm, vmId %lld: %s", (long long)sqlite3_column_int64(row, VM_ID),
                         what);
}

static vdc_code take_vm(packing *self, sqlite3_stmt *row, vdc_request *out, bool *good, vdc_diag *diag) {
    int64_t start, end = 0;
    const bool ends = sqlite3_column_type(row, END) != SQLITE_NULL;
    *good = false;
    if (sqlite3_column_type(row, START) == SQLITE_NULL || !take_days(row, START, &start) || (ends && !take_days(row, END, &end)))
        return malformed(self, row, "starttime and endtime are not days", diag);
    if (ends && end < start) return malformed(self, row, "it ends before it starts", diag);
    const uint32_t number = vdc_id_map_get(&self->numbers, sqlite3_column_int64(row, TYPE));
    if (number == VDC_ID_ABSENT) {
        vdc_row_odd(self->report, "VMs of a type that no machine (or not the one chosen) can run: left out", 0);
        return VDC_OK;
    }
    if (start < 0) {
        vdc_row_odd(self->report, "VMs that started before 0: they arrive at 0", 0);
        start = 0;
        if (end < 0) end = 0;
    }
    if (!ends) vdc_row_odd(self->report, "VMs without an end: they stay", 0);
    const vm_type *type = &self->types[number];
    out->id = sqlite3_column_int64(row, VM_ID);
    out->arrival = start;
    out->lifetime = ends ? end - start : VDC_UNLIMITED;
    out->priority = sqlite3_column_int64(row, PRIORITY) == 0 ? VDC_PRIORITY_HIGH : VDC_PRIORITY_LOW;
    out->size[VDC_CPU] = type->cpu > 0 ? type->cpu : 1;
    out->size[VDC_MEMORY] = type->memory;
    out->size[VDC_DISK] = type->disk;
    out->size[VDC_NET_TX] = out->size[VDC_NET_RX] = type->nic;
    char tenant[32];
    const int length = snprintf(tenant, sizeof tenant, "%lld", (long long)sqlite3_column_int64(row, TENANT));
    if (vdc_names_intern(self->tenants, tenant, (size_t)length, &out->tenant)) return vdc_no_memory(diag, "names");
    *good = true;
    return VDC_OK;
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    packing *self = (packing *)source;
    for (;;) {
        const int outcome = sqlite3_step(self->vms);
        *have = outcome == SQLITE_ROW;
        if (outcome == SQLITE_DONE) return VDC_OK;
        if (!*have) return refuse(self, "cannot be read", diag);
        memcpy(out, &vdc_request_blank, sizeof *out);
        const vdc_code code = take_vm(self, self->vms, out, have, diag);
        if (code || *have) return code;
    }
}

static void close(vdc_source *source) {
    packing *self = (packing *)source;
    sqlite3_finalize(self->vms);
    sqlite3_close(self->database);
    vdc_id_map_free(&self->numbers);
    vdc_free(self->types);
    vdc_free(self->path);
    vdc_free(self);
}

/* The file is not trusted: of its schema only tables count, for views and triggers are programs; no value is long. */
static void restrict_database(sqlite3 *database) {
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_limit(database, SQLITE_LIMIT_LENGTH, LONGEST_VALUE);
    (void)sqlite3_limit(database, SQLITE_LIMIT_VDBE_OP, 25000);
    (void)sqlite3_exec(database, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", NULL, NULL, NULL);
}

static vdc_code start(packing *self, const packing_params *params, const vdc_workload_context *context, vdc_diag *diag) {
    const vdc_place place = {self->path, 0, 0};
    vdc_code code = vdc_inputs_add(context->inputs, self->path, diag); /* first: it looks whether this is a file at all */
    if (code) return code;
    if (sqlite3_open_v2(self->path, &self->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return vdc_fail(diag, VDC_ERROR_INPUT, &place, "cannot be opened: %s",
                        self->database ? sqlite3_errmsg(self->database) : "out of memory");
    restrict_database(self->database);
    code = read_types(self, params, diag);
    if (!code) code =
        prepare(self,
                "SELECT vmId, tenantId, vmTypeId, priority, CAST(starttime AS REAL), CAST(NULLIF(endtime, '') AS REAL) FROM vm"
                                    " ORDER BY MAX(CAST(starttime AS REAL), 0.0), rowid", &self->vms, diag);
    return code;
}

static vdc_code open_packing(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                             vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    *source = NULL;
    packing *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->tenants = context->tenants;
    self->report = context->report;
    self->path = vdc_strdup(path);
    const vdc_code code = self->path ? start(self, params, context, diag) : vdc_no_memory(diag, "a path");
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}

#define FIELD(member) offsetof(packing_params, member)
static const vdc_param params[] = {
    {"machine", VDC_PARAM_INTEGER, VDC_DIM_COUNT, "any", 0, 0, NULL,
     "machineId whose fractions count; any = the lowest of each type",
     FIELD(machine), false, "any"},
    {"vcpus", VDC_PARAM_INTEGER, VDC_DIM_MILLI, "64", 1, 1e12, NULL, "of the whole machine", FIELD(vcpus), false, NULL},
    {"memory", VDC_PARAM_INTEGER, VDC_DIM_BYTES, "512 GiB", 0, 0, NULL, "of the whole machine", FIELD(memory), false, NULL},
    {"disk", VDC_PARAM_INTEGER, VDC_DIM_BYTES, "0 B", 0, 0, NULL, "SSD of the whole machine", FIELD(disk), false, NULL},
    {"nic", VDC_PARAM_INTEGER, VDC_DIM_BYTE_RATE, "0 B/s", 0, 0, NULL, "of the whole machine, each way", FIELD(nic), false, NULL},
};

const vdc_workload_type vdc_workload_azure_packing_2020 = {
    .name = "azure-packing-2020",
    .summary = "Azure packing trace: the SQLite file itself",
    .source = "Hadary et al., OSDI'20; Azure/AzurePublicDataset; docs/traces.md",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(packing_params),
    .streams = true,
    .open = open_packing,
};
