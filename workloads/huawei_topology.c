/* Huawei's data set for topology-aware placement: hosts of two NUMA nodes with what is free on each, and sequences of VM
 * requests with affinity groups and fault domains. The requests have no times: they come one a second and never leave.
 *
 * Hosts: pm,numa0_cpu,numa0_ram_gb,numa1_cpu,numa1_ram_gb. Requests: flavor_vcpus,flavor_ram,numa,strategy,group,domain.
 */
#include "sim/base/memory.h"
#include "workloads/hosts.h"
#include "workloads/readers.h"
#include "workloads/table.h"

#include <stdio.h>
#include <string.h>

enum { GIBIBYTE = 1 << 30 };

/* ---- hosts ---- */

static vdc_code read_hosts(vdc_host_list *list, const char *path, vdc_inputs *inputs, vdc_diag *diag) {
    static const char *const wanted[] = {"numa0_cpu", "numa0_ram_gb", "numa1_cpu", "numa1_ram_gb", "pm"};
    int at[5];
    vdc_table table;
    const vdc_workload_context context = {.inputs = inputs};
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, &context, diag);
    if (!code) code = vdc_table_map(&table, wanted, 5, 5, at, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        int64_t cpu[2], memory[2];
        for (int node = 0; node < 2; node++) {
            cpu[node] = vdc_table_number(&table, at[2 * node], 1000, 0, INT64_MAX / 2);
            memory[node] = vdc_table_number(&table, at[2 * node + 1], GIBIBYTE, 0, INT64_MAX / 2);
        }
        const vdc_field name = vdc_table_field(&table, at[4]);
        if (vdc_table_bad(&table, &code)) continue;
        vdc_host_record *host = vdc_host_list_add(list);
        char *copy = vdc_arena_strndup(&list->arena, name.begin, (size_t)(name.end - name.begin));
        if (!host || !copy) {
            code = vdc_no_memory(diag, "a list of hosts");
            break;
        }
        host->name = copy;
        host->numa_nodes = 2;
        for (int node = 0; node < 2; node++) {
            host->cpu += host->numa_cpu[node] = cpu[node];
            host->memory += host->numa_memory[node] = memory[node];
        }
    }
    vdc_table_close(&table);
    return code;
}

const vdc_host_format vdc_hosts_huawei_topology = {
    .name = "huawei-topology",
    .summary = "Huawei topology-aware placement: pm,numa0_cpu,numa0_ram_gb,numa1_cpu,numa1_ram_gb",
    .read = read_hosts,
};

/* ---- requests ---- */

enum { CPUS, MEMORY, NODES, STRATEGY, GROUP, DOMAIN, COLUMNS };

typedef struct requests {
    vdc_source base;
    vdc_table table;
    int at[COLUMNS];
    vdc_names *groups;
    int64_t row;
} requests;

/* "affinity-3", "fault_domain-0.2": strategy, the group's number within it, and the domain where there is one. */
static void take_group(requests *self, vdc_request *request) {
    const vdc_field strategy = vdc_table_field(&self->table, self->at[STRATEGY]);
    if (vdc_field_empty(strategy)) return;
    char text[96];
    const int64_t group = vdc_table_number(&self->table, self->at[GROUP], 1, 0, INT32_MAX);
    int length = snprintf(text, sizeof text, "%.*s-%lld", (int)(strategy.end - strategy.begin > 40 ? 40
                                                                : strategy.end - strategy.begin),
                          strategy.begin, (long long)group);
    if (!vdc_field_empty(vdc_table_field(&self->table, self->at[DOMAIN])))
        length += snprintf(text + length, sizeof text - (size_t)length, ".%lld",
                           (long long)vdc_table_number(&self->table, self->at[DOMAIN], 1, 0, INT32_MAX));
    if (vdc_names_intern(self->groups, text, (size_t)length, &request->group)) {
        self->table.bad = true;
        self->table.code = vdc_no_memory(self->table.diag, "names");
    }
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    requests *self = (requests *)source;
    for (;;) {
        vdc_code code = vdc_table_row(&self->table, have, diag);
        if (code || !*have) return code;
        memcpy(out, &vdc_request_blank, sizeof *out);
        out->arrival = self->row++ * VDC_SECOND;
        out->size[VDC_CPU] = vdc_table_number(&self->table, self->at[CPUS], 1000, 1, INT64_MAX);
        out->size[VDC_MEMORY] = vdc_table_number(&self->table, self->at[MEMORY], GIBIBYTE, 0, INT64_MAX);
        out->numa_nodes = (uint8_t)vdc_table_number(&self->table, self->at[NODES], 1, 1, 2);
        take_group(self, out);
        if (!vdc_table_bad(&self->table, &code)) return VDC_OK;
        if (code) return code;
    }
}

static void close(vdc_source *source) {
    requests *self = (requests *)source;
    vdc_table_close(&self->table);
    vdc_free(self);
}

static vdc_code open_requests(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                              vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    static const char *const wanted[] = {"flavor_vcpus", "flavor_ram", "numa", "strategy", "group", "domain"};
    (void)params;
    *source = NULL;
    requests *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->groups = context->groups;
    vdc_code code = vdc_table_open(&self->table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = vdc_table_map(&self->table, wanted, COLUMNS, COLUMNS, self->at, diag);
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}

const vdc_workload_type vdc_workload_huawei_topology = {
    .name = "huawei-topology",
    .summary = "Huawei topology-aware placement: requests on one or two NUMA nodes, with groups",
    .source = "mdl1104/Dataset-for-topology-aware-VM-placement; docs/traces.md",
    .streams = true,
    .open = open_requests,
};
