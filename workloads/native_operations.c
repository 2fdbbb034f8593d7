/* Operations of a native trace's VMs, in a CSV beside it: row, at_*, do and what the operations take.
 *
 *   row,at_s,do,vcpus,memory_gib,to
 *   0,600,resize,4,8,
 *   0,1200,migrate,,,3
 *
 * `row` is the VM's row in the trace from 0 (malformed rows count, too), in ascending order; a unit stands in the column's name. Every line becomes
 * what a scenario would write as {at: 600 s, do: resize, vcpus: 4, memory: 8 GiB} and is read and checked as that (models/operation.h).
 */
#include "sim/base/memory.h"
#include "workloads/native.h"
#include "workloads/table.h"

#include <stdio.h>
#include <string.h>

enum { MOST_COLUMNS = 32, KEY_SIZE = 24, VALUE_SIZE = 96 };

/* What a column is as a key, and the unit that goes behind its values. */
typedef struct operation_column {
    char key[KEY_SIZE];
    const char *unit;
} operation_column;

typedef struct with_operations {
    vdc_source base;
    vdc_source *inner;
    vdc_operation_lists *lists;
    vdc_table table;
    operation_column columns[MOST_COLUMNS];
    int row_column;
    vdc_native_row *row_of;
    int64_t row;          /* in the trace, of the VM that was read last; -1 = none was */
    bool have;            /* a line was read that belongs to VM ahead_row */
    int64_t ahead_row;
    vdc_arena arena;      /* of texts that operations keep */
    vdc_node **items;     /* the operations of one VM */
    size_t item_count, item_capacity;
} with_operations;

static vdc_code map_column(with_operations *self, size_t index, vdc_diag *diag) {
    static const struct { const char *suffix, *unit; } units[] = {
        {"s", "s"}, {"ns", "ns"}, {"us", "us"}, {"ms", "ms"}, {"min", "min"}, {"h", "h"}, {"d", "d"}, {"b", "B"}, {"kb", "kB"}, {"mb", "MB"}, {"gb", "GB"},
        {"tb", "TB"}, {"kib", "KiB"}, {"mib", "MiB"}, {"gib", "GiB"}, {"tib", "TiB"}, {"hz", "Hz"}, {"khz", "kHz"}, {"mhz", "MHz"}, {"ghz", "GHz"},
        {"b_s", "B/s"}, {"kb_s", "kB/s"}, {"mb_s", "MB/s"}, {"gb_s", "GB/s"}, {"kib_s", "KiB/s"}, {"mib_s", "MiB/s"}, {"gib_s", "GiB/s"},
        {"kbit_s", "kbit/s"}, {"mbit_s", "Mbit/s"}, {"gbit_s", "Gbit/s"},
    };
    const char *name = self->table.names[index];
    const vdc_place place = vdc_text_place(self->table.text, NULL);
    operation_column *column = &self->columns[index];
    *column = (operation_column){.unit = ""};
    size_t whole = strlen(name), length = whole;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t suffix = strlen(units[i].suffix); /* the longest one that fits: bandwidth_mb_s is no time */
        if (suffix + 1 >= whole || name[whole - suffix - 1] != '_' || strcmp(name + whole - suffix, units[i].suffix) != 0) continue;
        if (length != whole && whole - suffix - 1 > length) continue;
        column->unit = units[i].unit;
        length = whole - suffix - 1;
    }
    if (length >= KEY_SIZE) return vdc_fail(diag, VDC_ERROR_INPUT, &place, "unknown column '%.60s'", name);
    memcpy(column->key, name, length);
    column->key[length] = 0;
    if (strcmp(column->key, "row") == 0) self->row_column = (int)index;
    return VDC_OK;
}

/* The line that was read as a mapping. */
static vdc_code add_line(with_operations *self, vdc_diag *diag) {
    vdc_node *mapping = vdc_arena_alloc(&self->arena, sizeof *mapping);
    vdc_node **children = vdc_arena_alloc(&self->arena, self->table.columns * sizeof *children);
    if (!mapping || !children || !VDC_RESERVE(self->items, self->item_capacity, self->item_count + 1)) return vdc_no_memory(diag, "the operations of VMs");
    *mapping = (vdc_node){.kind = VDC_NODE_MAPPING, .children = children, .place = vdc_text_place(self->table.text, NULL)};
    for (size_t i = 0; i < self->table.columns; i++) {
        const vdc_field field = vdc_table_field(&self->table, (int)i);
        char value[VALUE_SIZE];
        if ((int)i == self->row_column || vdc_field_empty(field)) continue;
        (void)snprintf(value, sizeof value, "%.*s%s%s", (int)(field.end - field.begin), field.begin, *self->columns[i].unit ? " " : "", self->columns[i].unit);
        vdc_node *child = vdc_arena_alloc(&self->arena, sizeof *child);
        if (!child) return vdc_no_memory(diag, "the operations of VMs");
        *child = (vdc_node){.kind = VDC_NODE_SCALAR, .text = vdc_arena_strdup(&self->arena, value), .key = self->columns[i].key, .place = mapping->place,
                            .key_place = mapping->place};
        if (!child->text) return vdc_no_memory(diag, "the operations of VMs");
        children[mapping->count++] = child;
    }
    self->items[self->item_count++] = mapping;
    return VDC_OK;
}

static vdc_code read_ahead(with_operations *self, vdc_diag *diag) {
    for (;;) {
        vdc_code code = vdc_table_row(&self->table, &self->have, diag);
        if (code || !self->have) return code;
        const int64_t row = vdc_table_number(&self->table, self->row_column, 1, 0, INT64_MAX);
        if (!self->table.bad && row < self->ahead_row)
            vdc_table_complain(&self->table, self->row_column, "goes back: operations stand in the order of the VMs");
        if (!vdc_table_bad(&self->table, &code)) {
            self->ahead_row = row;
            return VDC_OK;
        }
        if (code) return code;
    }
}

static vdc_code take_operations(with_operations *self, vdc_request *request, vdc_diag *diag) {
    self->item_count = 0;
    while (self->have && self->ahead_row <= self->row) {
        vdc_code code = self->ahead_row == self->row ? add_line(self, diag) : VDC_OK;
        if (!code) code = read_ahead(self, diag);
        if (code) return code;
    }
    if (self->item_count == 0) return VDC_OK;
    const vdc_node list = {.kind = VDC_NODE_SEQUENCE, .children = self->items, .count = self->item_count, .place = self->items[0]->place};
    return vdc_operation_list_read(self->lists, &list, VDC_OPERATION_OF_VM, "VM", &request->operations, diag);
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    with_operations *self = (with_operations *)source;
    vdc_code code = self->inner->operations->next(self->inner, out, have, diag);
    if (code) return code;
    if (!*have) {
        const vdc_place place = vdc_text_place(self->table.text, NULL);
        const int64_t rows = self->row_of(self->inner) + 1;
        /* Those of rows that were left out at the end are left out with them. */
        while (!code && self->have && self->ahead_row < rows) code = read_ahead(self, diag);
        if (code || !self->have) return code;
        return vdc_fail(diag, VDC_ERROR_INPUT, &place, "operations of row %lld, but the trace has only %lld rows", (long long)self->ahead_row,
                        (long long)rows);
    }
    self->row = self->row_of(self->inner);
    return take_operations(self, out, diag);
}

static void release(vdc_source *source, uint64_t token) {
    with_operations *self = (with_operations *)source;
    if (self->inner->operations->release) self->inner->operations->release(self->inner, token);
}

static void close(vdc_source *source) {
    with_operations *self = (with_operations *)source;
    vdc_source_close(self->inner);
    vdc_table_close(&self->table);
    vdc_arena_free(&self->arena);
    vdc_free(self->items);
    vdc_free(self);
}

vdc_code vdc_native_with_operations(vdc_source *inner, vdc_native_row *row, const char *path, const vdc_workload_context *context,
                                    vdc_source **source, vdc_diag *diag) {
    static const vdc_source_operations operations = {next, release, close};
    *source = NULL;
    with_operations *self = vdc_calloc(1, sizeof *self);
    if (!self) {
        vdc_source_close(inner);
        return vdc_no_memory(diag, "a trace");
    }
    self->base.operations = &operations;
    self->inner = inner;
    self->row_of = row;
    self->row = -1;
    self->lists = context->operations;
    if (self->lists) self->lists->unread = true;
    self->row_column = VDC_COLUMN_ABSENT;
    vdc_code code = vdc_table_open(&self->table, path, &(vdc_table_layout){.separator = ','}, context, diag);
    if (!code && self->table.columns > MOST_COLUMNS) {
        const vdc_place place = vdc_text_place(self->table.text, NULL);
        code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "has %zu columns; allowed: at most %d", self->table.columns, MOST_COLUMNS);
    }
    for (size_t i = 0; !code && i < self->table.columns; i++) code = map_column(self, i, diag);
    if (!code && self->row_column == VDC_COLUMN_ABSENT) {
        const vdc_place place = vdc_text_place(self->table.text, NULL);
        code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "the header has no column row: the number of the VM in the trace, from 0");
    }
    if (!code) code = read_ahead(self, diag);
    if (code) {
        close(&self->base);
        return code;
    }
    *source = &self->base;
    return VDC_OK;
}
