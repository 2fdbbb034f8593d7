/* The Standard Workload Format of parallel machines, version 2.2: 18 numbers a job, -1 = unknown, header lines after ';'.
 *
 * A job is a VM with as many vCPUs as it used processors (or asked for, where that is all that is known) that lives as long
 * as it ran. The time asked for is what lifetime-aware policies are told.
 */
#include "workloads/readers.h"
#include "workloads/table_source.h"

#include <stdio.h>

enum { JOB, SUBMIT, WAIT, RUN, USED, CPU_TIME, USED_MEMORY, ASKED, ASKED_TIME, ASKED_MEMORY, STATUS, USER, GROUP, COLUMNS };
enum { KIBIBYTE = 1024, MOST_PROCESSORS = 100000000 };
enum { JOBS_ALL, JOBS_COMPLETED };
static const char *const jobs_words[] = {"all", "completed", NULL};

typedef struct swf_params { int jobs; } swf_params;

static vdc_code start(vdc_table_source *self, const void *params, vdc_diag *diag) {
    (void)diag;
    self->state.bytes[0] = (char)((const swf_params *)params)->jobs;
    return VDC_OK;
}

/* "user-12" */
static uint32_t intern(vdc_table_source *self, vdc_names *names, const char *what, int column) {
    const int64_t number = vdc_table_number(&self->table, column, 1, -1, INT64_MAX);
    uint32_t interned = 0;
    char text[40];
    if (number < 0) return 0;
    const int length = snprintf(text, sizeof text, "%s-%lld", what, (long long)number);
    if (vdc_names_intern(names, text, (size_t)length, &interned)) {
        self->table.bad = true;
        self->table.code = vdc_no_memory(self->table.diag, "names");
    }
    return interned;
}

static void leave_out(vdc_table_source *self, const char *why) {
    vdc_row_odd(self->context.report, why, vdc_text_number(self->table.text));
    self->leave_out = true;
}

static void take(vdc_table_source *self, vdc_request *request) {
    vdc_table *table = &self->table;
    const int64_t run = vdc_table_number(table, RUN, VDC_SECOND, -VDC_SECOND, INT64_MAX);
    const int64_t used = vdc_table_number(table, USED, 1, -1, MOST_PROCESSORS), asked =
        vdc_table_number(table, ASKED, 1, -1, MOST_PROCESSORS);
    const int64_t used_memory = vdc_table_number(table, USED_MEMORY, KIBIBYTE, -KIBIBYTE, INT64_MAX / MOST_PROCESSORS);
    const int64_t asked_memory = vdc_table_number(table, ASKED_MEMORY, KIBIBYTE, -KIBIBYTE, INT64_MAX / MOST_PROCESSORS);
    const int64_t asked_time = vdc_table_number(table, ASKED_TIME, VDC_SECOND, -VDC_SECOND, INT64_MAX);
    const int64_t status = vdc_table_number(table, STATUS, 1, -1, 100);
    const int64_t processors = used > 0 ? used : asked, memory = used_memory > 0 ? used_memory : asked_memory;
    request->id = vdc_table_number(table, JOB, 1, 0, INT64_MAX);
    request->arrival = vdc_table_number(table, SUBMIT, VDC_SECOND, 0, INT64_MAX);
    request->lifetime = run;
    request->size[VDC_CPU] = processors * 1000;
    request->size[VDC_MEMORY] = memory > 0 ? memory * processors : 0;
    request->predicted_lifetime = asked_time >= 0 ? asked_time : VDC_UNLIMITED;
    request->tenant = intern(self, self->context.tenants, "user", USER);
    request->group = intern(self, self->context.groups, "group", GROUP);
    if (table->bad) return;
    if (self->state.bytes[0] == JOBS_COMPLETED && status != 1) leave_out(self, "jobs that did not complete: left out, as asked");
    else if (run < 0) leave_out(self, "jobs without a run time: left out");
    else if (processors <= 0) leave_out(self, "jobs without a number of processors: left out");
    else if (memory <= 0) vdc_row_odd(self->context.report, "jobs without memory: 0 bytes", vdc_text_number(table->text));
}

static const char *const columns[] = {"job", "submit", "wait", "run", "used processors", "CPU time", "used memory",
                                      "asked processors",
                                      "asked time", "asked memory", "status", "user", "group", "executable", "queue", "partition",
                                      "preceding job", "think time", NULL};

static vdc_code open_swf(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                         vdc_diag *diag) {
    static const vdc_table_format format = {.layout = {.separator = ' ', .comment = ';', .columns = columns}, .wanted = columns,
                                            .count = COLUMNS, .required = COLUMNS, .start = start, .take = take};
    return vdc_table_source_open(&format, params, path, context, source, diag);
}

static const vdc_param params[] = {
    {"jobs", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "all", 0, 0, jobs_words, "all, or only those that completed (status 1)",
     offsetof(swf_params, jobs), false, NULL},
};

const vdc_workload_type vdc_workload_swf = {
    .name = "swf",
    .summary = "Standard Workload Format: jobs of parallel machines",
    .source = "Parallel Workloads Archive, SWF 2.2; docs/traces.md",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(swf_params),
    .open = open_swf,
};
