/* Huawei's data set for topology-aware placement: hosts of two NUMA nodes with what is free on each, and sequences of VM
 * requests with affinity groups and fault domains. The requests have no times: they come one a second and never leave.
 *
 * Hosts: pm,numa0_cpu,numa0_ram_gb,numa1_cpu,numa1_ram_gb. Requests: flavor_vcpus,flavor_ram,numa,strategy,group,domain.
 */
#include "sim/base/memory.h"
#include "workloads/hosts.h"
#include "workloads/readers.h"
#include "workloads/table_source.h"

#include <stdio.h>

enum { GIBIBYTE = 1 << 30 };

/* ---- hosts ---- */

static vdc_code read_host(vdc_host_list *list, vdc_table *table, const int *at, vdc_diag *diag) {
    enum { NODES = 2, NAME = 2 * NODES };
    int64_t cpu[NODES], memory[NODES];
    for (int node = 0; node < NODES; node++) {
        cpu[node] = vdc_table_number(table, at[2 * node], 1000, 0, INT64_MAX / 2);
        memory[node] = vdc_table_number(table, at[2 * node + 1], GIBIBYTE, 0, INT64_MAX / 2);
    }
    const vdc_field name = vdc_table_field(table, at[NAME]);
    vdc_code code;
    if (vdc_table_bad(table, &code)) return code;
    vdc_host_record *host = vdc_host_list_add(list);
    char *copy = vdc_arena_strndup(&list->arena, name.begin, (size_t)(name.end - name.begin));
    if (!host || !copy) return vdc_no_memory(diag, "a list of hosts");
    host->name = copy;
    host->numa_nodes = NODES;
    for (int node = 0; node < NODES; node++) {
        host->cpu += host->numa_cpu[node] = cpu[node];
        host->memory += host->numa_memory[node] = memory[node];
    }
    return VDC_OK;
}

const vdc_host_format vdc_hosts_huawei_topology = {
    .name = "huawei-topology",
    .summary = "Huawei topology-aware placement: pm,numa0_cpu,numa0_ram_gb,numa1_cpu,numa1_ram_gb",
    .columns = {"numa0_cpu", "numa0_ram_gb", "numa1_cpu", "numa1_ram_gb", "pm"},
    .row = read_host,
};

/* ---- requests ---- */

enum { CPUS, MEMORY, NODES, STRATEGY, GROUP, DOMAIN, COLUMNS };

/* "affinity-3", "fault_domain-0": strategy and the group's number within it; the fault domain is its part of the group. */
static void take_group(vdc_table_source *self, vdc_request *request) {
    const vdc_field strategy = vdc_table_field(&self->table, self->at[STRATEGY]);
    if (vdc_field_empty(strategy)) return;
    char text[96];
    const int64_t group = vdc_table_number(&self->table, self->at[GROUP], 1, 0, INT32_MAX);
    const int64_t domain = vdc_table_number_or(&self->table, self->at[DOMAIN], 1, 0, INT32_MAX, -1);
    const int shown = (int)(strategy.end - strategy.begin > 40 ? 40 : strategy.end - strategy.begin);
    const int length = snprintf(text, sizeof text, "%.*s-%lld", shown, strategy.begin, (long long)group);
    request->part = (uint32_t)(domain + 1);
    if (vdc_names_intern(self->context.groups, text, (size_t)length, &request->group)) {
        self->table.bad = true;
        self->table.code = vdc_no_memory(self->table.diag, "names");
    }
}

static void take_request(vdc_table_source *self, vdc_request *request) {
    request->arrival = self->row * VDC_SECOND;
    request->size[VDC_CPU] = vdc_table_number(&self->table, self->at[CPUS], 1000, 1, INT64_MAX);
    request->size[VDC_MEMORY] = vdc_table_number(&self->table, self->at[MEMORY], GIBIBYTE, 0, INT64_MAX);
    request->numa_nodes = (uint8_t)vdc_table_number(&self->table, self->at[NODES], 1, 1, 2);
    take_group(self, request);
}

static vdc_code open_requests(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                              vdc_diag *diag) {
    static const char *const wanted[] = {"flavor_vcpus", "flavor_ram", "numa", "strategy", "group", "domain"};
    static const vdc_table_format format = {.layout = {.separator = ','}, .wanted = wanted, .count = COLUMNS, .required = COLUMNS,
                                            .sorted = true, .take = take_request};
    return vdc_table_source_open(&format, params, path, context, source, diag);
}

const vdc_workload_type vdc_workload_huawei_topology = {
    .name = "huawei-topology",
    .summary = "Huawei topology-aware placement: requests on one or two NUMA nodes, with groups",
    .source = "mdl1104/Dataset-for-topology-aware-VM-placement; docs/traces.md",
    .streams = true,
    .open = open_requests,
};
