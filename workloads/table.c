/* Tables of text. See table.h. */
#include "workloads/table.h"

#include "sim/base/memory.h"

#include <stdio.h>
#include <string.h>

static vdc_code take_names(vdc_table *table, const vdc_field *fields, size_t count, vdc_diag *diag) {
    table->names = vdc_calloc(count, sizeof *table->names);
    table->fields = vdc_calloc(count, sizeof *table->fields);
    if (!table->names || !table->fields) return vdc_no_memory(diag, "the columns of a table");
    table->columns = count;
    for (size_t i = 0; i < count; i++) {
        table->names[i] = vdc_strndup(fields[i].begin, (size_t)(fields[i].end - fields[i].begin));
        if (!table->names[i]) return vdc_no_memory(diag, "the columns of a table");
        for (size_t k = 0; k < i; k++) {
            const vdc_place place = vdc_text_place(table->text, fields[i].begin);
            if (strcmp(table->names[k], table->names[i]) == 0 && *table->names[i])
                return vdc_fail(diag, VDC_ERROR_INPUT, &place, "column %s occurs twice", table->names[i]);
        }
    }
    return VDC_OK;
}

static bool is_comment(const vdc_table *table, vdc_field line) {
    return table->layout.comment && !vdc_field_empty(line) && *line.begin == table->layout.comment;
}

static size_t split(const vdc_table *table, vdc_field line, vdc_field *fields, size_t limit) {
    return table->layout.separator == ' ' ? vdc_split_blanks(line, fields, limit)
                                          : vdc_split(line, table->layout.separator, fields, limit);
}

static vdc_code read_header(vdc_table *table, vdc_diag *diag) {
    vdc_field line, fields[VDC_FIELD_LIMIT];
    do {
        const vdc_code code = vdc_text_line(table->text, &line, diag);
        if (code) return code;
    } while (line.begin && is_comment(table, line));
    const vdc_place place = vdc_text_place(table->text, NULL);
    if (!line.begin) return vdc_fail(diag, VDC_ERROR_INPUT, &place, "the file is empty, a header line is wanted");
    const size_t count = split(table, line, fields, VDC_FIELD_LIMIT);
    if (count == 0) return vdc_fail(diag, VDC_ERROR_INPUT, &place, "no usable header line: a quote is not closed");
    if (count > VDC_FIELD_LIMIT)
        return vdc_fail(diag, VDC_ERROR_INPUT, &place, "more than %d columns", (int)VDC_FIELD_LIMIT);
    return take_names(table, fields, count, diag);
}

static vdc_code name_by_position(vdc_table *table, vdc_diag *diag) {
    vdc_field fields[VDC_FIELD_LIMIT];
    size_t count = 0;
    for (; table->layout.columns[count]; count++) {
        char *name = (char *)table->layout.columns[count]; /* only read */
        fields[count] = (vdc_field){name, name + strlen(name)};
    }
    return take_names(table, fields, count, diag);
}

vdc_code vdc_table_open(vdc_table *table, const char *path, const vdc_table_layout *layout,
                        const vdc_workload_context *context, vdc_diag *diag) {
    *table = (vdc_table){.layout = *layout, .report = context->report};
    const vdc_code code = vdc_text_open(&table->text, path, context->inputs, diag);
    if (code) return code;
    return layout->columns ? name_by_position(table, diag) : read_header(table, diag);
}

void vdc_table_close(vdc_table *table) {
    vdc_text_close(table->text);
    for (size_t i = 0; i < table->columns; i++) vdc_free(table->names[i]);
    vdc_free(table->names);
    vdc_free(table->fields);
    *table = (vdc_table){0};
}

/* Does `name` occur among the alternatives of `wanted`? */
static bool matches(const char *wanted, const char *name) {
    const size_t length = strlen(name);
    for (const char *at = wanted;; at++) {
        const char *end = strchr(at, '|');
        const size_t size = end ? (size_t)(end - at) : strlen(at);
        if (size == length && memcmp(at, name, length) == 0) return true;
        if (!end) return false;
        at = end;
    }
}

vdc_code vdc_table_map(const vdc_table *table, const char *const *wanted, size_t count, size_t required, int *index,
                       vdc_diag *diag) {
    const vdc_place place = vdc_text_place(table->text, NULL);
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < count; i++) {
        index[i] = VDC_COLUMN_ABSENT;
        for (size_t k = 0; k < table->columns && index[i] < 0; k++)
            if (matches(wanted[i], table->names[k])) index[i] = (int)k;
        if (i < required && index[i] < 0)
            code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "the header has no column %s", wanted[i]);
    }
    return code;
}

vdc_code vdc_table_has(const char *path, char separator, const char *column, bool *has, const vdc_workload_context *context,
                       vdc_diag *diag) {
    int index = VDC_COLUMN_ABSENT;
    vdc_table table;
    vdc_code code = vdc_table_open(&table, path, &(vdc_table_layout){.separator = separator}, context, diag);
    if (!code) code = vdc_table_map(&table, &column, 1, 0, &index, diag);
    vdc_table_close(&table);
    *has = index >= 0;
    return code;
}

void vdc_table_complain(vdc_table *table, int column, const char *format, ...) {
    if (table->bad) return;
    table->bad = true;
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const vdc_place place = vdc_text_place(table->text, column >= 0 ? table->fields[column].begin : NULL);
    if (column >= 0) table->code = vdc_row_error(table->report, table->diag, &place, "%s %s", table->names[column], text);
    else table->code = vdc_row_error(table->report, table->diag, &place, "%s", text);
}

vdc_code vdc_table_take(vdc_table *table, vdc_field line, bool *have) {
    *have = false;
    if (vdc_field_empty(line) || is_comment(table, line)) return VDC_OK;
    table->bad = false;
    table->code = VDC_OK;
    const size_t count = split(table, line, table->fields, table->columns);
    *have = count == table->columns;
    if (*have) return VDC_OK;
    if (count == 0 && table->layout.separator != ' ') vdc_table_complain(table, VDC_COLUMN_ABSENT, "a quote is not closed");
    else if (count > table->columns)
        vdc_table_complain(table, VDC_COLUMN_ABSENT, "more than the %zu fields that are wanted", table->columns);
    else if (count > 0) vdc_table_complain(table, VDC_COLUMN_ABSENT, "%zu fields, %zu are wanted", count, table->columns);
    return table->code;
}

vdc_code vdc_table_row(vdc_table *table, bool *have, vdc_diag *diag) {
    table->diag = diag;
    *have = false;
    for (;;) {
        vdc_field line;
        vdc_code code = vdc_text_line(table->text, &line, diag);
        if (code || !line.begin) return code;
        code = vdc_table_take(table, line, have);
        if (code || *have) return code;
    }
}

int64_t vdc_table_number(vdc_table *table, int column, int64_t scale, int64_t minimum, int64_t maximum) {
    const vdc_field field = table->fields[column];
    int64_t value;
    if (vdc_field_number(field, scale, &value) && value >= minimum && value <= maximum) return value;
    char shown[VDC_FIELD_SHOWN];
    if (vdc_field_empty(field)) vdc_table_complain(table, column, "is empty, a number is wanted");
    else if (!vdc_field_number(field, scale, &value))
        vdc_table_complain(table, column, "is '%s', a finite decimal number in range is wanted", vdc_field_show(field, shown));
    else if (value < minimum)
        vdc_table_complain(table, column, "is %s, at least %.15g is wanted", vdc_field_show(field, shown),
                           (double)minimum / (double)scale);
    else
        vdc_table_complain(table, column, "is %s, at most %.15g is wanted", vdc_field_show(field, shown),
                           (double)maximum / (double)scale);
    return 0;
}

int64_t vdc_table_number_or(vdc_table *table, int column, int64_t scale, int64_t minimum, int64_t maximum, int64_t otherwise) {
    if (column < 0 || vdc_field_empty(table->fields[column])) return otherwise;
    return vdc_table_number(table, column, scale, minimum, maximum);
}

uint32_t vdc_table_name(vdc_table *table, int column, vdc_names *names) {
    if (column < 0 || vdc_field_empty(table->fields[column])) return 0;
    const vdc_field field = table->fields[column];
    uint32_t number = 0;
    if (vdc_names_intern(names, field.begin, (size_t)(field.end - field.begin), &number)) {
        table->bad = true;
        table->code = vdc_no_memory(table->diag, "names");
    }
    return number;
}
