/* Loads of the VMs that are alive: for traces that stream, where a load is read with its VM and forgotten with it. */
#ifndef VDC_WORKLOADS_LIVE_LOADS_H
#define VDC_WORKLOADS_LIVE_LOADS_H

#include "models/request.h"
#include "sim/base/status.h"

struct vdc_live_load;

typedef struct vdc_live_loads {
    struct vdc_live_load **slots;  /* by token - 1; NULL = free */
    size_t slot_count, slot_capacity;
    uint32_t *free_slots;
    size_t free_count, free_capacity;
} vdc_live_loads;

/* Copies `count` segments and makes them the request's load: load, load_cursor, load_peak and token are set. */
vdc_code vdc_live_loads_add(vdc_live_loads *loads, const vdc_segment *segments, size_t count, vdc_request *request,
                            vdc_diag *diag);
void vdc_live_loads_release(vdc_live_loads *loads, uint64_t token);
void vdc_live_loads_free(vdc_live_loads *loads);

#endif
