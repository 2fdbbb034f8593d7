/* Azure's public traces of 2017 (V1) and 2019 (V2): vmtable.csv, 11 columns without a header, and CPU readings every five
 * minutes.
 *
 * Times are seconds in steps of 300. A VM created at 0 was there before the trace began, one deleted at its last tick
 * was there when it ended. V1 has numbers of cores and GB, V2 buckets, the last of which is open (">24", ">64"): options say
 * what it counts as. Subscriptions are tenants, deployments are groups; interactive VMs have a high priority, delay-insensitive
 * ones a low one. Readings are sorted by time, not by VM, so they are indexed: 2 bytes each.
 */
#include "sim/base/memory.h"
#include "workloads/azure_readings.h"
#include "workloads/files.h"
#include "workloads/readers.h"
#include "workloads/table_source.h"

#include <string.h>

enum { GIBIBYTE = 1 << 30, TICK = 300 };
enum { ID, SUBSCRIPTION, DEPLOYMENT, CREATED, DELETED, MAX_CPU, AVG_CPU, P95_CPU, CATEGORY, CORES, MEMORY, COLUMNS };
static const char *const columns[] = {"vm id",      "subscription id", "deployment id", "created", "deleted", "max CPU",
                                      "average CPU",
                                      "95% of CPU", "category",        "cores",         "memory",  NULL};

typedef struct azure_params {
    int cpu, value;
    const char *readings;
    int64_t speed;                    /* Hz, 0 = the fastest host's */
    double above_cores, above_memory; /* V2 only */
} azure_params;

enum { CPU_ALL, CPU_AVERAGE, CPU_P95, CPU_MAX };
static const char *const cpu_words[] = {"all", "average", "p95", "max", NULL};

/* What `take` needs. */
typedef struct state {
    vdc_azure_readings *readings;
    int64_t above_cores, above_memory; /* milli, bytes; 0 = numbers only */
    int cpu;
} state;

/* The source around the table: it owns what loads are read from. */
typedef struct azure {
    vdc_source base;
    vdc_source *table;
    vdc_azure_readings readings;
} azure;

static state *state_of(vdc_table_source *self) {
    return (state *)(void *)self->state.bytes;
}

/* A number, or in V2 ">24". */
static int64_t take_bucket(vdc_table_source *self, int column, int64_t scale, int64_t above) {
    const vdc_field field = vdc_table_field(&self->table, column);
    if (above > 0 && !vdc_field_empty(field) && *field.begin == '>') return above;
    return vdc_table_number(&self->table, column, scale, 1, INT64_MAX);
}

static void take_category(vdc_table_source *self, vdc_request *request) {
    const vdc_field category = vdc_table_field(&self->table, CATEGORY);
    if (vdc_field_is(category, "Delay-insensitive")) request->priority = VDC_PRIORITY_LOW;
    else if (vdc_field_is(category, "Interactive")) request->priority = VDC_PRIORITY_HIGH;
    else if (!vdc_field_is(category, "Unknown") && !vdc_field_is(category, "Unkown") && !vdc_field_empty(category))
        vdc_row_odd(self->context.report, "VMs of a category that is not known", vdc_text_number(self->table.text));
}

static void take_times(vdc_table_source *self, vdc_request *request) {
    vdc_table *table = &self->table;
    const int line = vdc_text_number(table->text);
    request->arrival = vdc_table_number(table, CREATED, VDC_SECOND, 0, INT64_MAX);
    const int64_t deleted = vdc_table_number(table, DELETED, VDC_SECOND, 0, INT64_MAX);
    if (table->bad) return;
    if (deleted < request->arrival) vdc_table_complain(table, DELETED, "lies before created");
    request->lifetime = deleted - request->arrival;
    if (request->lifetime < TICK * VDC_SECOND) request->lifetime = TICK * VDC_SECOND; /* shorter than a tick looks like none */
    if (request->arrival == 0) vdc_row_odd(self->context.report, "VMs created at 0: there before the trace began", line);
    if (request->arrival % (TICK * VDC_SECOND) || deleted % (TICK * VDC_SECOND))
        vdc_row_odd(self->context.report, "VMs whose times are not whole ticks of 300 s", line);
}

static void take(vdc_table_source *self, vdc_request *request) {
    static const int sources[] = {[CPU_AVERAGE] = AVG_CPU, [CPU_P95] = P95_CPU, [CPU_MAX] = MAX_CPU};
    const state *options = state_of(self);
    vdc_table_source_take_name(self, ID, request);
    request->tenant = vdc_table_name(&self->table, SUBSCRIPTION, self->context.tenants);
    request->group = vdc_table_name(&self->table, DEPLOYMENT, self->context.groups);
    take_times(self, request);
    take_category(self, request);
    request->size[VDC_CPU] = take_bucket(self, CORES, 1000, options->above_cores);
    request->size[VDC_MEMORY] = take_bucket(self, MEMORY, GIBIBYTE, options->above_memory);
    const int64_t level = options->cpu == CPU_ALL ? 0 : vdc_table_number(&self->table, sources[options->cpu], VDC_AZURE_PERCENT,
                                                                         0,
                                                                         100 * VDC_AZURE_PERCENT);
    if (self->table.bad) return;
    const vdc_field id = vdc_table_field(&self->table, ID);
    self->table.code = vdc_azure_load_set(options->readings, id, options->cpu != CPU_ALL, level, request, self->table.diag);
    self->table.bad = self->table.code != VDC_OK;
}

static vdc_code start(vdc_table_source *self, const void *params, vdc_diag *diag) {
    (void)diag;
    *state_of(self) = *(const state *)params;
    return VDC_OK;
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    vdc_source *table = ((azure *)source)->table;
    return table->operations->next(table, out, have, diag);
}

static void close(vdc_source *source) {
    azure *self = (azure *)source;
    vdc_source_close(self->table);
    vdc_azure_readings_free(&self->readings);
    vdc_free(self);
}

/* The file itself, or the table in a folder. */
static vdc_code find_table(const char *path, char **table, vdc_diag *diag) {
    static const char *const names[] = {"vmtable.csv", "vmtable.csv.gz", NULL};
    if (vdc_is_folder(path)) return vdc_folder_find(path, names, table, diag);
    *table = vdc_strdup(path);
    return *table ? VDC_OK : vdc_no_memory(diag, "a path");
}

static vdc_code open_azure(const void *values, const char *path, const vdc_workload_context *context, vdc_source **source,
                           vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    static const vdc_table_format format = {.layout = {.separator = ',', .columns = columns}, .wanted = columns, .count = COLUMNS,
                                            .required = COLUMNS, .start = start, .take = take};
    const azure_params *params = values;
    *source = NULL;
    azure *self = vdc_calloc(1, sizeof *self);
    char *table = NULL;
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    vdc_azure_readings_start(&self->readings, params->speed > 0 ? params->speed : context->host_speed,
                             (vdc_azure_value)params->value);
    const state options = {.readings = &self->readings,
                           .above_cores = (int64_t)(params->above_cores * 1000),
                           .above_memory = (int64_t)(params->above_memory * GIBIBYTE),
                           .cpu = params->cpu};
    vdc_code code = find_table(path, &table, diag);
    if (!code && params->readings) code = vdc_azure_readings_read(&self->readings, params->readings, context, diag);
    if (!code) code = vdc_table_source_open(&format, &options, table, context, &self->table, diag);
    vdc_free(table);
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}

#define SHARED_PARAMS \
    {"cpu", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "all", 0, 0, cpu_words, \
     "without readings: the load is all vCPUs, or this column's share", offsetof(azure_params, cpu), false, NULL}, \
    {"readings", VDC_PARAM_PATH, VDC_DIM_COUNT, NULL, 0, 0, NULL, "file or folder of CPU readings, as loads", \
     offsetof(azure_params, readings), false, NULL}, \
    {"value", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "average", 0, 0, vdc_azure_value_words, "which reading", \
     offsetof(azure_params, value), false, NULL}, \
    {"speed", VDC_PARAM_INTEGER, VDC_DIM_FREQUENCY, "0 Hz", 0, 1e12, NULL, \
     "of a vCPU: what 100 % means; 0 = the fastest host's", offsetof(azure_params, speed), false, NULL}

static const vdc_param v1_params[] = {SHARED_PARAMS};
static const vdc_param v2_params[] = {
    SHARED_PARAMS,
    {"above_cores", VDC_PARAM_REAL, VDC_DIM_COUNT, "30", 1, 1000, NULL, "what the bucket '>24' counts as",
     offsetof(azure_params, above_cores),
     false, NULL},
    {"above_memory", VDC_PARAM_REAL, VDC_DIM_COUNT, "70", 1, 100000, NULL, "what the bucket '>64' counts as, GiB",
     offsetof(azure_params, above_memory), false, NULL},
};

const vdc_workload_type vdc_workload_azure_v1 = {
    .name = "azure-v1",
    .summary = "Azure 2017: 2 million VMs of 30 days",
    .source = "Cortez et al., SOSP'17; Azure/AzurePublicDataset; docs/traces.md",
    .params = v1_params,
    .param_count = sizeof v1_params / sizeof v1_params[0],
    .params_size = sizeof(azure_params),
    .open = open_azure,
};
const vdc_workload_type vdc_workload_azure_v2 = {
    .name = "azure-v2",
    .summary = "Azure 2019: 2.7 million VMs of 30 days, sizes in buckets",
    .source = "Azure/AzurePublicDataset; docs/traces.md",
    .params = v2_params,
    .param_count = sizeof v2_params / sizeof v2_params[0],
    .params_size = sizeof(azure_params),
    .open = open_azure,
};
