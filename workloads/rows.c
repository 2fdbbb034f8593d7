/* Requests kept in memory. See rows.h. */
#include "workloads/rows.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_STEP = 8 };

void vdc_rows_free(vdc_rows *rows) {
    vdc_free(rows->items);
    vdc_free(rows->shapes);
    vdc_free(rows->slots);
    vdc_free(rows->text);
    *rows = (vdc_rows){0};
}

static uint64_t hash_shape(const vdc_request *shape) {
    uint64_t hash = UINT64_C(0x9e3779b97f4a7c15), word;
    for (size_t at = 0; at + sizeof word <= sizeof *shape; at += sizeof word) {
        memcpy(&word, (const char *)shape + at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    return hash;
}

static vdc_code grow_slots(vdc_rows *rows, vdc_diag *diag) {
    const size_t slot_count = rows->slot_count ? rows->slot_count * 2 : 64;
    uint32_t *slots = vdc_calloc(slot_count, sizeof *slots);
    if (!slots) return vdc_no_memory(diag, "the shapes of VMs");
    for (size_t i = 0; i < rows->shape_count; i++) {
        size_t slot = hash_shape(&rows->shapes[i]) & (slot_count - 1);
        while (slots[slot]) slot = (slot + 1) & (slot_count - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    vdc_free(rows->slots);
    rows->slots = slots;
    rows->slot_count = slot_count;
    return VDC_OK;
}

/* The number of a shape. Equal ones that differ in padding bytes count twice, which costs room and nothing else. */
static vdc_code intern_shape(vdc_rows *rows, const vdc_request *shape, uint32_t *number, vdc_diag *diag) {
    if (rows->shape_count * 2 >= rows->slot_count) {
        const vdc_code code = grow_slots(rows, diag);
        if (code) return code;
    }
    size_t slot = hash_shape(shape) & (rows->slot_count - 1);
    for (; rows->slots[slot]; slot = (slot + 1) & (rows->slot_count - 1)) {
        *number = rows->slots[slot] - 1;
        if (memcmp(&rows->shapes[*number], shape, sizeof *shape) == 0) return VDC_OK;
    }
    if (!VDC_RESERVE(rows->shapes, rows->shape_capacity, rows->shape_count + 1)) return vdc_no_memory(diag, "the shapes of VMs");
    *number = (uint32_t)rows->shape_count++;
    rows->shapes[*number] = *shape;
    rows->slots[slot] = *number + 1;
    return VDC_OK;
}

static vdc_code add_name(vdc_rows *rows, const char *name, uint32_t *where, vdc_diag *diag) {
    *where = 0;
    if (!name) return VDC_OK;
    if (rows->text_used == 0) rows->text_used = NAME_STEP; /* 0 means none */
    const size_t length = strlen(name) + 1, at = rows->text_used;
    if (at / NAME_STEP > UINT32_MAX || !VDC_RESERVE(rows->text, rows->text_capacity, at + length + NAME_STEP))
        return vdc_no_memory(diag, "the names of VMs");
    memcpy(rows->text + at, name, length);
    *where = (uint32_t)(at / NAME_STEP);
    rows->text_used = (at + length + NAME_STEP - 1) / NAME_STEP * NAME_STEP;
    return VDC_OK;
}

vdc_code vdc_rows_add(vdc_rows *rows, const vdc_request *request, vdc_diag *diag) {
    if (rows->count >= UINT32_MAX || !VDC_RESERVE(rows->items, rows->capacity, rows->count + 1))
        return vdc_no_memory(diag, "the rows of a trace");
    vdc_row *row = &rows->items[rows->count];
    *row = (vdc_row){.arrival = request->arrival, .lifetime = request->lifetime, .id = request->id,
                     .load_cursor = request->load_cursor, .load_peak = request->load_peak,
                     .tenant = request->tenant, .group = request->group};
    vdc_code code = add_name(rows, request->name, &row->name, diag);
    if (code) return code;
    vdc_request shape;
    memcpy(&shape, request, sizeof shape);
    shape.arrival = shape.lifetime = shape.id = shape.load_peak = shape.number = 0;
    shape.load_cursor = 0;
    shape.tenant = shape.group = 0;
    shape.name = NULL;
    code = intern_shape(rows, &shape, &row->shape, diag);
    if (!code) rows->count++;
    return code;
}

void vdc_rows_get(const vdc_rows *rows, size_t index, vdc_request *request) {
    const vdc_row *row = &rows->items[index];
    *request = rows->shapes[row->shape];
    request->arrival = row->arrival;
    request->lifetime = row->lifetime;
    request->id = row->id;
    request->load_cursor = row->load_cursor;
    request->load_peak = row->load_peak;
    request->tenant = row->tenant;
    request->group = row->group;
    request->name = row->name ? rows->text + (size_t)row->name * NAME_STEP : NULL;
}

/* A row number beside what it is sorted by. */
typedef struct sort_key {
    int64_t arrival;
    uint32_t row;
} sort_key;

static int compare_keys(const void *left, const void *right) {
    const sort_key *a = left, *b = right;
    if (a->arrival != b->arrival) return a->arrival < b->arrival ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

vdc_code vdc_rows_sort(const vdc_rows *rows, uint32_t **order, vdc_diag *diag) {
    *order = vdc_calloc(rows->count + 1, sizeof **order);
    if (!*order) return vdc_no_memory(diag, "the order of a trace's rows");
    bool sorted = true;
    for (size_t i = 0; i < rows->count; i++) {
        (*order)[i] = (uint32_t)i;
        sorted = sorted && (i == 0 || rows->items[i - 1].arrival <= rows->items[i].arrival);
    }
    if (sorted) return VDC_OK;
    sort_key *keys = vdc_calloc(rows->count, sizeof *keys);
    if (!keys) {
        vdc_free(*order);
        *order = NULL;
        return vdc_no_memory(diag, "the order of a trace's rows");
    }
    for (size_t i = 0; i < rows->count; i++) keys[i] = (sort_key){rows->items[i].arrival, (uint32_t)i};
    qsort(keys, rows->count, sizeof *keys, compare_keys); /* the row number makes the order total */
    for (size_t i = 0; i < rows->count; i++) (*order)[i] = keys[i].row;
    vdc_free(keys);
    return VDC_OK;
}

typedef struct rows_source {
    vdc_source base;
    vdc_rows rows;
    uint32_t *order;
    size_t given;
    void (*end)(void *owned);
    void *owned;
} rows_source;

static vdc_code next_row(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    rows_source *self = (rows_source *)source;
    (void)diag;
    *have = self->given < self->rows.count;
    if (*have) vdc_rows_get(&self->rows, self->order[self->given++], out);
    return VDC_OK;
}

static void close_rows(vdc_source *source) {
    rows_source *self = (rows_source *)source;
    if (self->end) self->end(self->owned);
    vdc_rows_free(&self->rows);
    vdc_free(self->order);
    vdc_free(self);
}

vdc_code vdc_rows_source(vdc_rows *rows, void (*end)(void *owned), void *owned, vdc_source **source, vdc_diag *diag) {
    static const vdc_source_operations operations = {next_row, NULL, close_rows};
    *source = NULL;
    rows_source *self = vdc_calloc(1, sizeof *self);
    if (!self) {
        vdc_rows_free(rows);
        return vdc_no_memory(diag, "the rows of a trace");
    }
    self->base.operations = &operations;
    self->rows = *rows;
    *rows = (vdc_rows){0};
    const vdc_code code = vdc_rows_sort(&self->rows, &self->order, diag);
    if (code) {
        close_rows(&self->base);
        return code;
    }
    self->end = end;
    self->owned = owned;
    *source = &self->base;
    return VDC_OK;
}
