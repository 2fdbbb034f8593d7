/* Requests kept in memory, compactly: what differs from VM to VM takes 56 bytes a row, everything else is kept once for
 * each distinct shape (sizes, GPUs, weights, ...). For inline VMs and for traces that are not in order of arrival.
 */
#ifndef VDC_WORKLOADS_ROWS_H
#define VDC_WORKLOADS_ROWS_H

#include "models/request.h"
#include "sim/base/memory.h"
#include "sim/base/status.h"
#include "workloads/workload.h"

typedef struct vdc_row {
    int64_t arrival, lifetime, id;
    uint64_t load_cursor;
    int64_t load_peak;
    uint32_t shape, tenant, group;
    uint32_t name; /* where it stands in the text, in steps of 8 bytes; 0 = none */
} vdc_row;

typedef struct vdc_rows {
    vdc_row *items;
    size_t count, capacity;
    vdc_request *shapes;
    size_t shape_count, shape_capacity;
    uint32_t *slots;    /* hash table of shapes: number + 1 */
    size_t slot_count;
    char *text;         /* names */
    size_t text_used, text_capacity;
} vdc_rows;

/* Initialise with {0}. */
void vdc_rows_free(vdc_rows *rows);
/* Adds a copy. Tokens are kept with the shape, so only sources without them should be kept this way. */
vdc_code vdc_rows_add(vdc_rows *rows, const vdc_request *request, vdc_diag *diag);
/* Row `index` as a request; its name is valid as long as no row is added. */
void vdc_rows_get(const vdc_rows *rows, size_t index, vdc_request *request);
/* The row numbers in order of arrival, ties in the order of adding, in fresh memory. */
vdc_code vdc_rows_sort(const vdc_rows *rows, uint32_t **order, vdc_diag *diag);

/* A source that delivers rows in order of arrival. It takes the rows over (they are empty afterwards, also when it fails), and
 * calls `end` (may be NULL) with `owned` when it is closed, for what their loads lie in; when it fails, the caller keeps that. */
vdc_code vdc_rows_source(vdc_rows *rows, void (*end)(void *owned), void *owned, vdc_source **source, vdc_diag *diag);

#endif
