/* Utilisation samples of many machines. See samples.h. */
#include "workloads/samples.h"

#include "sim/base/memory.h"
#include "workloads/files.h"
#include "workloads/text.h"

static vdc_code add(vdc_samples *samples, uint8_t byte, vdc_diag *diag) {
    if (!VDC_RESERVE(samples->bytes, samples->byte_capacity, samples->byte_count + 1)) return vdc_no_memory(diag, "load samples");
    samples->bytes[samples->byte_count++] = byte;
    return VDC_OK;
}

static vdc_code read_lines(vdc_samples *samples, vdc_text *text, vdc_trace_report *report, vdc_diag *diag) {
    for (;;) {
        vdc_field line, field;
        vdc_code code = vdc_text_line(text, &line, diag);
        if (code || !line.begin) return code;
        int64_t percent = 0;
        char *at = line.begin;
        while (at < line.end && at < line.begin + 3 && *at >= '0' && *at <= '9') percent = percent * 10 + (*at++ - '0');
        if (at == line.end && at > line.begin && percent <= 100) { /* as nearly all are */
            if ((code = add(samples, (uint8_t)percent, diag))) return code;
            continue;
        }
        const size_t fields = vdc_split_blanks(line, &field, 1);
        if (fields == 0) continue;
        if (fields == 1 && vdc_field_number(field, 1, &percent) && percent >= 0 && percent <= 100) {
            code = add(samples, (uint8_t)percent, diag);
        } else {
            char shown[VDC_FIELD_SHOWN];
            const vdc_place place = vdc_text_place(text, line.begin);
            code = vdc_row_error(report, diag, &place, "'%s' is no percentage from 0 to 100", vdc_field_show(line, shown));
        }
        if (code) return code;
    }
}

static vdc_code read_file(vdc_samples *samples, const char *folder, const char *name, const vdc_workload_context *context,
                          vdc_diag *diag) {
    char *path = vdc_format("%s/%s", folder, name);
    if (!path) return vdc_no_memory(diag, "a path");
    vdc_text *text;
    vdc_code code = vdc_text_open(&text, path, context->inputs, diag);
    if (!code) code = read_lines(samples, text, context->report, diag);
    vdc_text_close(text);
    if (!code && samples->byte_count == samples->begin[samples->count]) {
        const vdc_place place = {path, 0, 0};
        code = vdc_row_error(context->report, diag, &place, "the file has no samples");
        vdc_free(path);
        return code;
    }
    vdc_free(path);
    if (code) return code;
    samples->names[samples->count++] = vdc_strdup(name);
    if (!samples->names[samples->count - 1]) return vdc_no_memory(diag, "the files of a trace");
    return add(samples, VDC_SAMPLES_END, diag);
}

vdc_code vdc_samples_read(vdc_samples *samples, const char *folder, const vdc_workload_context *context, vdc_diag *diag) {
    vdc_folder list = {0};
    vdc_code code = vdc_folder_list(&list, folder, NULL, diag);
    if (!code && list.count == 0) {
        const vdc_place place = {folder, 0, 0};
        code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "there are no files in it");
    }
    if (!code) {
        samples->begin = vdc_calloc(list.count, sizeof *samples->begin);
        samples->names = vdc_calloc(list.count, sizeof *samples->names);
        if (!samples->begin || !samples->names) code = vdc_no_memory(diag, "the files of a trace");
    }
    for (size_t i = 0; i < list.count && !code; i++) {
        samples->begin[samples->count] = samples->byte_count;
        code = read_file(samples, folder, list.names[i], context, diag);
    }
    vdc_folder_clear(&list);
    return code;
}

void vdc_samples_free(vdc_samples *samples) {
    for (size_t i = 0; i < samples->count; i++) vdc_free(samples->names[i]);
    vdc_free(samples->names);
    vdc_free(samples->begin);
    vdc_free(samples->bytes);
    *samples = (vdc_samples){0};
}
