/* Alibaba's GPU cluster of 2023 (openb, cluster-trace-gpu-v2023): nodes as a host list, pods as a trace.
 *
 * Pods: name,cpu_milli,memory_mib,num_gpu,gpu_milli[,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time].
 * gpu_milli is per GPU; gpu_spec lists acceptable models, with repeats; a pod of 0 MiB is one of 0 bytes. The `multigpu`
 * files have the first five columns only: their pods come one a second in the order of the file and never leave.
 */
#include "sim/base/memory.h"
#include "workloads/hosts.h"
#include "workloads/readers.h"
#include "workloads/table_source.h"
#include "workloads/values.h"

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

const vdc_host_format vdc_hosts_alibaba_openb = {
    .name = "alibaba-openb",
    .summary = "Alibaba GPU cluster 2023: sn,cpu_milli,memory_mib,gpu,model",
    .columns = {"sn", "cpu_milli", "memory_mib", "gpu", "model"},
    .row = read_node,
};

/* ---- pods ---- */

enum { NAME, CPU, MEMORY, GPUS, GPU_MILLI, GPU_SPEC, CREATION, DELETION, COLUMNS, REQUIRED = GPU_SPEC };

static bool has_times(const vdc_table_source *self) {
    return self->at[CREATION] >= 0 && self->at[DELETION] >= 0;
}

static vdc_code start_pods(vdc_table_source *self, const void *params, vdc_diag *diag) {
    (void)params, (void)diag;
    if (!has_times(self)) vdc_row_odd(self->context.report, "no creation_time and deletion_time: a pod a second, for ever", 1);
    return VDC_OK;
}

static void take_times(vdc_table_source *self, vdc_request *request) {
    request->arrival = self->row * VDC_SECOND;
    if (!has_times(self)) return;
    request->arrival = vdc_table_number(&self->table, self->at[CREATION], VDC_SECOND, 0, INT64_MAX);
    const int64_t deletion = vdc_table_number(&self->table, self->at[DELETION], VDC_SECOND, 0, INT64_MAX);
    if (!self->table.bad && deletion < request->arrival)
        vdc_table_complain(&self->table, self->at[DELETION], "lies before creation_time");
    request->lifetime = deletion - request->arrival;
}

static void take_pod(vdc_table_source *self, vdc_request *request) {
    vdc_table *table = &self->table;
    vdc_table_source_take_name(self, self->at[NAME], request);
    request->size[VDC_CPU] = vdc_table_number(table, self->at[CPU], 1, 0, INT64_MAX);
    request->size[VDC_MEMORY] = vdc_table_number(table, self->at[MEMORY], MEBIBYTE, 0, INT64_MAX);
    const int64_t gpus = vdc_table_number(table, self->at[GPUS], 1, 0, 64);
    const int64_t milli = vdc_table_number(table, self->at[GPU_MILLI], 1, 0, 1000);
    if (!table->bad && !vdc_gpus_set(request, gpus, milli))
        vdc_table_complain(table, self->at[GPU_MILLI], "does not go with num_gpu: several GPUs are whole (1000)");
    vdc_table_gpu_models(table, self->at[GPU_SPEC], self->context.gpu_models, request);
    take_times(self, request);
    if (request->size[VDC_MEMORY] == 0)
        vdc_row_odd(self->context.report, "pods that ask for 0 MiB of memory", vdc_text_number(table->text));
}

static vdc_code open_pods(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                          vdc_diag *diag) {
    static const char *const wanted[] = {"name",      "cpu_milli", "memory_mib",    "num_gpu",
                                         "gpu_milli", "gpu_spec",  "creation_time", "deletion_time"};
    static const vdc_table_format format = {.layout = {.separator = ','}, .wanted = wanted, .count = COLUMNS,
                                            .required = REQUIRED,
                                            .start = start_pods, .take = take_pod};
    return vdc_table_source_open(&format, params, path, context, source, diag);
}

const vdc_workload_type vdc_workload_alibaba_openb = {
    .name = "alibaba-openb",
    .summary = "Alibaba GPU cluster 2023: pods with GPUs, whole and shared",
    .source = "alibaba/clusterdata, cluster-trace-gpu-v2023; Weng et al., ATC'23; docs/traces.md",
    .open = open_pods,
};
