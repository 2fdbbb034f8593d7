/* A trace that is one table. See table_source.h. */
#include "workloads/table_source.h"

#include "sim/base/memory.h"

#include <string.h>

void vdc_table_source_take_name(vdc_table_source *self, int column, vdc_request *request) {
    const vdc_field field = vdc_table_field(&self->table, column);
    size_t length = (size_t)(field.end - field.begin);
    if (length >= sizeof self->name) length = sizeof self->name - 1;
    memcpy(self->name, field.begin, length);
    self->name[length] = '\0';
    request->name = self->name;
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    vdc_table_source *self = (vdc_table_source *)source;
    for (;;) {
        vdc_code code = vdc_table_row(&self->table, have, diag);
        if (code || !*have) return code;
        memcpy(out, &vdc_request_blank, sizeof *out);
        self->leave_out = false;
        self->format->take(self, out);
        self->row++;
        if (self->format->sorted && out->arrival < self->last_arrival)
            vdc_table_complain(&self->table, VDC_COLUMN_ABSENT, "out of order: this VM arrives before the one above it");
        if (vdc_table_bad(&self->table, &code)) {
            if (code) return code;
        } else if (!self->leave_out) {
            self->last_arrival = out->arrival;
            return VDC_OK;
        }
    }
}

static void close(vdc_source *source) {
    vdc_table_source *self = (vdc_table_source *)source;
    vdc_table_close(&self->table);
    vdc_free(self);
}

vdc_code vdc_table_source_open(const vdc_table_format *format, const void *params, const char *path,
                               const vdc_workload_context *context,
                               vdc_source **source, vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    *source = NULL;
    vdc_table_source *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->format = format;
    self->context = *context;
    self->last_arrival = INT64_MIN;
    vdc_code code = vdc_table_open(&self->table, path, &format->layout, context, diag);
    if (!code) code = vdc_table_map(&self->table, format->wanted, format->count, format->required, self->at, diag);
    if (!code && format->start) code = format->start(self, params, diag);
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}
