/* Workloads: finding, checking and opening what a scenario's workload section asks for, and the report on a trace's rows. */
#include "workloads/workload.h"

#include "sim/base/memory.h"
#include "workloads/selection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const vdc_request vdc_request_blank = {
    .id = VDC_NO_ID,
    .lifetime = VDC_UNLIMITED,
    .priority = VDC_PRIORITY_NORMAL,
    .cpu_weight = VDC_UNLIMITED,
    .dirty_rate = VDC_UNLIMITED,
    .cpu_limit = VDC_UNLIMITED,
    .progress = VDC_PROGRESS_TIME,
    .checkpoint_scale_num = 1,
    .checkpoint_scale_den = 1,
    .predicted_lifetime = VDC_UNLIMITED,
};

vdc_code vdc_row_error(vdc_trace_report *report, vdc_diag *diag, const vdc_place *place, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!report || !report->skip) return vdc_fail(diag, VDC_ERROR_INPUT, place, "%s", text);
    report->skipped++;
    if (report->message_count < VDC_REPORT_LISTED) {
        char *message = vdc_format("%s:%d: %s", place && place->file ? place->file : "", place ? place->line : 0, text);
        if (!message) return vdc_no_memory(diag, "the list of malformed rows");
        report->messages[report->message_count++] = message;
    }
    return VDC_OK;
}

void vdc_row_odd(vdc_trace_report *report, const char *what, int line) {
    if (!report) return;
    size_t i = 0;
    while (i < report->odd_count && strcmp(report->odd[i].what, what) != 0) i++;
    if (i == VDC_REPORT_KINDS) return;
    if (i == report->odd_count) {
        report->odd[i].what = what;
        report->odd[i].first_line = line;
        report->odd_count++;
    }
    report->odd[i].count++;
}

void vdc_trace_report_clear(vdc_trace_report *report) {
    for (size_t i = 0; i < report->message_count; i++) vdc_free(report->messages[i]);
    *report = (vdc_trace_report){0};
}

const vdc_workload_type *vdc_workload_find(const char *name) {
    for (size_t i = 0; vdc_workload_types[i]; i++)
        if (strcmp(vdc_workload_types[i]->name, name) == 0) return vdc_workload_types[i];
    return NULL;
}

/* "unknown format", with the nearest and all that there are. */
static vdc_code unknown_format(const vdc_node *format, vdc_diag *diag) {
    const char *names[64];
    char list[1024] = "";
    size_t count = 0, length = 0;
    for (size_t i = 0; count < 63 && vdc_workload_types[i]; i++) {
        if (vdc_workload_types[i]->generates) continue;
        names[count] = vdc_workload_types[i]->name;
        if (length < sizeof list)
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", count ? ", " : "", names[count]);
        count++;
    }
    names[count] = NULL;
    const char *near = vdc_nearest(format->text, names);
    return vdc_fail(diag, VDC_ERROR_INPUT, &format->place, "format: unknown trace format '%s'%s%s%s; known are %s", format->text,
                    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", list);
}

/* Which type a section asks for: `generate: {…}` by its key, a trace by its format. */
static vdc_code find_type(const vdc_node *node, const vdc_workload_type **type, vdc_diag *diag) {
    const vdc_node *format = vdc_node_get(node, "format");
    if (node->key && strcmp(node->key, "generate") == 0) {
        *type = vdc_workload_find("generate");
        return VDC_OK;
    }
    if (!format || format->kind != VDC_NODE_SCALAR)
        return vdc_fail(diag, VDC_ERROR_INPUT, format ? &format->place : &node->place,
                        format ? "format: a name is wanted" : "trace: the key 'format' is missing");
    *type = vdc_workload_find(format->text);
    return *type && !(*type)->generates ? VDC_OK : unknown_format(format, diag); /* a generator is no format: it reads nothing */
}

/* Reads the options and looks whether the trace is there. */
static vdc_code read_section(const vdc_node *node, vdc_selection_options *options, vdc_diag *diag) {
    *options = (vdc_selection_options){0};
    const vdc_workload_type *type = NULL;
    vdc_code code = find_type(node, &type, diag);
    if (!code) code = vdc_selection_read(node, type, options, diag);
    if (code || !options->path || access(options->path, R_OK) == 0) return code;
    const vdc_node *written = vdc_node_get(node, "path");
    return vdc_fail(diag, VDC_ERROR_INPUT, written ? &written->place : &node->place, "path: %s cannot be read: %s", options->path,
                    strerror(errno));
}

/* A generator's sections are read when it is opened; with names of its own that leaves no trace. */
static vdc_code try_generator(const vdc_selection_options *options, vdc_diag *diag) {
    vdc_workload_context context = {.host_speed = 1000000000, .horizon = VDC_TIME_MAX};
    vdc_source *source = NULL;
    vdc_names **const tables[] = {&context.tenants, &context.groups, &context.gpu_models};
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < 3 && !code; i++) code = vdc_names_create(tables[i], diag);
    if (!code) code = vdc_selection_open(options, &context, &source, diag);
    vdc_source_close(source);
    for (size_t i = 0; i < 3; i++) vdc_names_destroy(*tables[i]);
    return code;
}

vdc_code vdc_workload_check(const vdc_node *node, vdc_diag *diag) {
    vdc_selection_options options;
    vdc_code code = read_section(node, &options, diag);
    if (!code && options.type->generates) code = try_generator(&options, diag);
    vdc_selection_options_clear(&options);
    return code;
}

vdc_code vdc_workload_open(const vdc_node *node, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag) {
    *source = NULL;
    vdc_selection_options options;
    vdc_code code = read_section(node, &options, diag);
    if (!code) code = vdc_selection_open(&options, context, source, diag);
    vdc_selection_options_clear(&options);
    return code;
}

vdc_code vdc_workload_open_whole(const vdc_node *node, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag) {
    *source = NULL;
    vdc_selection_options options;
    vdc_code code = read_section(node, &options, diag);
    options.order_path = NULL;
    options.first = options.from = 0;
    options.count = options.until = options.interval = VDC_UNLIMITED;
    options.scale_num = options.scale_den = 1;
    options.shuffle = options.tune = false;
    if (!code) code = vdc_selection_open(&options, context, source, diag);
    vdc_selection_options_clear(&options);
    return code;
}
