/* Loads of the VMs that are alive. See live_loads.h. */
#include "workloads/live_loads.h"

#include "sim/base/memory.h"

#include <string.h>

typedef struct vdc_live_load {
    vdc_load_source load;
    size_t count;
    vdc_segment segments[];
} live_load;

static bool next_segment(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    const live_load *self = (const live_load *)source;
    if (*cursor >= self->count) return false;
    *segment = self->segments[(*cursor)++];
    return true;
}

vdc_code vdc_live_loads_add(vdc_live_loads *loads, const vdc_segment *segments, size_t count, vdc_request *request,
                            vdc_diag *diag) {
    live_load *load = vdc_malloc(sizeof *load + count * sizeof *segments);
    /* Room for giving the slot back is made now, so that release cannot fail. */
    if (!load || (loads->free_count == 0 && !VDC_RESERVE(loads->slots, loads->slot_capacity, loads->slot_count + 1))
        || !VDC_RESERVE(loads->free_slots, loads->free_capacity, loads->slot_count + 1)) {
        vdc_free(load);
        return vdc_no_memory(diag, "the load of a VM");
    }
    load->load.next = next_segment;
    load->count = count;
    request->load_peak = 0;
    for (size_t i = 0; i < count; i++) {
        load->segments[i] = segments[i];
        if (segments[i].demand > request->load_peak) request->load_peak = segments[i].demand;
    }
    const size_t slot = loads->free_count ? loads->free_slots[--loads->free_count] : loads->slot_count++;
    loads->slots[slot] = load;
    request->load = &load->load;
    request->load_cursor = 0;
    request->token = slot + 1;
    return VDC_OK;
}

void vdc_live_loads_release(vdc_live_loads *loads, uint64_t token) {
    if (token == 0 || token > loads->slot_count || !loads->slots[token - 1]) return;
    vdc_free(loads->slots[token - 1]);
    loads->slots[token - 1] = NULL;
    loads->free_slots[loads->free_count++] = (uint32_t)(token - 1);
}

void vdc_live_loads_free(vdc_live_loads *loads) {
    for (size_t i = 0; i < loads->slot_count; i++) vdc_free(loads->slots[i]);
    vdc_free(loads->slots);
    vdc_free(loads->free_slots);
    *loads = (vdc_live_loads){0};
}
