/* How a VM uses its memory: `memory_load: {…}` of a VM or a flavor. A request carries an index (vdc_request.memory_load), 0 = it has touched
 * and works with all of it.
 */
#ifndef VDC_MODELS_MEMORY_LOAD_H
#define VDC_MODELS_MEMORY_LOAD_H

#include "models/request.h"
#include "sim/base/param.h"

/* For `duration` ns the VM has touched and works with so many millionths of its memory. */
typedef struct vdc_memory_segment {
    int64_t duration, touched_ppm, working_set_ppm;
} vdc_memory_segment;

typedef struct vdc_memory_load {
    size_t first;                  /* of the segments; the last one's duration is VDC_FOREVER */
    int64_t reservation;           /* bytes that are never taken back */
} vdc_memory_load;

typedef struct vdc_memory_loads {
    vdc_memory_load *items;        /* [0] = all of it; equal loads are one */
    vdc_memory_segment *segments;
    size_t item_count, item_capacity, count, capacity;
} vdc_memory_loads;

void vdc_memory_loads_free(vdc_memory_loads *loads);
/* Reads `memory_load: {…}` of a VM whose size is set. With NULL loads it is checked only. */
vdc_code vdc_memory_load_read(vdc_memory_loads *loads, const vdc_node *node, vdc_request *request, vdc_diag *diag);
/* A load as a scenario would write it, in fresh memory; "" for 0, NULL without memory. Reading it gives an equal one. */
char *vdc_memory_load_text(const vdc_memory_loads *loads, uint16_t index);

#endif
