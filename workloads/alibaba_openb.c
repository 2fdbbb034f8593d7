/* Alibaba's GPU cluster of 2023 (openb, cluster-trace-gpu-v2023): nodes as a host list, pods as a trace.
 *
 * Pods: name,cpu_milli,memory_mib,num_gpu,gpu_milli[,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time].
 * gpu_milli is per GPU; gpu_spec lists acceptable models, with repeats; a pod of 0 MiB is one of 0 bytes. The `multigpu`
 * files have the first five columns only: their pods come one a second in the order of the file and never leave.
 */
#include "sim/base/memory.h"
#include "workloads/hosts.h"
#include "workloads/readers.h"
#include "workloads/table.h"
#include "workloads/values.h"

#include <string.h>

enum { MEBIBYTE = 1 << 20 };

/* ---- nodes ---- */

static vdc_code read_node(vdc_host_list *list, vdc_table *table, const int *at, vdc_diag *diag) {
    enum { NAME, CPU, MEMORY, GPUS, MODEL };
    const vdc_field name = vdc_table_field(table, at[NAME]), model = vdc_table_field(table, at[MODEL]);
    const int64_t cpu = vdc_table_number(table, at[CPU], 1, 1, INT64_MAX);
    const int64_t memory = vdc_table_number(table, at[MEMORY], MEBIBYTE, 0, INT64_MAX);
    const int64_t gpus = vdc_table_number(table, at[GPUS], 1, 0, 64);
    vdc_code code;
    if (vdc_table_bad(table, &code)) return code;
    vdc_host_record *host = vdc_host_list_add(list);
    if (!host) return vdc_no_memory(diag, "a list of hosts");
    host->name = vdc_arena_strndup(&list->arena, name.begin, (size_t)(name.end - name.begin));
    host->gpu_model = vdc_arena_strndup(&list->arena, model.begin, (size_t)(model.end - model.begin));
    host->cpu = cpu;
    host->memory = memory;
    host->gpus = (uint16_t)gpus;
    return host->name && host->gpu_model ? VDC_OK : vdc_no_memory(diag, "a list of hosts");
}

static vdc_code read_nodes(vdc_host_list *list, const char *path, vdc_inputs *inputs, vdc_diag *diag) {
    static const char *const wanted[] = {"sn", "cpu_milli", "memory_mib", "gpu", "model"};
    int at[5];
    vdc_table table;
    const vdc_workload_context context = {.inputs = inputs};
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = ','}, &context, diag);
    if (!code) code = vdc_table_map(&table, wanted, 5, 5, at, diag);
    while (!code) {
        bool have;
        code = vdc_table_row(&table, &have, diag);
        if (code || !have) break;
        code = read_node(list, &table, at, diag);
    }
    vdc_table_close(&table);
    return code;
}

const vdc_host_format vdc_hosts_alibaba_openb = {
    .name = "alibaba-openb",
    .summary = "Alibaba GPU cluster 2023: sn,cpu_milli,memory_mib,gpu,model",
    .read = read_nodes,
};

/* ---- pods ---- */

enum { NAME, CPU, MEMORY, GPUS, GPU_MILLI, GPU_SPEC, QOS, CREATION, DELETION, COLUMNS, REQUIRED = GPU_SPEC };

typedef struct pods {
    vdc_source base;
    vdc_table table;
    int at[COLUMNS];
    vdc_names *groups, *gpu_models;
    vdc_trace_report *report;
    int64_t row;
    char name[64];
} pods;

static void take_times(pods *self, vdc_request *request) {
    if (self->at[CREATION] < 0 || self->at[DELETION] < 0) {
        request->arrival = self->row * VDC_SECOND;
        return;
    }
    request->arrival = vdc_table_number(&self->table, self->at[CREATION], VDC_SECOND, 0, INT64_MAX);
    const int64_t deletion = vdc_table_number(&self->table, self->at[DELETION], VDC_SECOND, 0, INT64_MAX);
    if (!self->table.bad && deletion < request->arrival)
        vdc_table_complain(&self->table, self->at[DELETION], "lies before creation_time");
    request->lifetime = deletion - request->arrival;
}

static void take_pod(pods *self, vdc_request *request) {
    vdc_table *table = &self->table;
    const vdc_field name = vdc_table_field(table, self->at[NAME]);
    size_t length = (size_t)(name.end - name.begin);
    if (length >= sizeof self->name) length = sizeof self->name - 1;
    memcpy(self->name, name.begin, length);
    self->name[length] = '\0';
    request->name = self->name;
    request->size[VDC_CPU] = vdc_table_number(table, self->at[CPU], 1, 0, INT64_MAX);
    request->size[VDC_MEMORY] = vdc_table_number(table, self->at[MEMORY], MEBIBYTE, 0, INT64_MAX);
    const int64_t gpus = vdc_table_number(table, self->at[GPUS], 1, 0, 64);
    const int64_t milli = vdc_table_number(table, self->at[GPU_MILLI], 1, 0, 1000);
    if (!table->bad && !vdc_gpus_set(request, gpus, milli))
        vdc_table_complain(table, self->at[GPU_MILLI], "does not go with num_gpu: several GPUs are whole (1000)");
    vdc_table_gpu_models(table, self->at[GPU_SPEC], self->gpu_models, request);
    take_times(self, request);
    if (request->size[VDC_MEMORY] == 0) vdc_row_odd(self->report, "pods that ask for 0 MiB of memory",
                                                    vdc_text_number(table->text));
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    pods *self = (pods *)source;
    for (;;) {
        vdc_code code = vdc_table_row(&self->table, have, diag);
        if (code || !*have) return code;
        memcpy(out, &vdc_request_blank, sizeof *out);
        take_pod(self, out);
        self->row++;
        if (!vdc_table_bad(&self->table, &code)) return VDC_OK;
        if (code) return code;
    }
}

static void close(vdc_source *source) {
    pods *self = (pods *)source;
    vdc_table_close(&self->table);
    vdc_free(self);
}

static vdc_code open_pods(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                          vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    static const char *const wanted[] = {"name",     "cpu_milli", "memory_mib",    "num_gpu",      "gpu_milli",
                                         "gpu_spec", "qos",       "creation_time", "deletion_time"};
    (void)params;
    *source = NULL;
    pods *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->gpu_models = context->gpu_models;
    self->report = context->report;
    vdc_code code = vdc_table_open(&self->table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code) code = vdc_table_map(&self->table, wanted, COLUMNS, REQUIRED, self->at, diag);
    if (!code && (self->at[CREATION] < 0 || self->at[DELETION] < 0))
        vdc_row_odd(self->report, "no creation_time and deletion_time: a pod a second, for ever", 1);
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}

const vdc_workload_type vdc_workload_alibaba_openb = {
    .name = "alibaba-openb",
    .summary = "Alibaba GPU cluster 2023: pods with GPUs, whole and shared",
    .source = "alibaba/clusterdata, cluster-trace-gpu-v2023; Weng et al., ATC'23; docs/traces.md",
    .open = open_pods,
};
