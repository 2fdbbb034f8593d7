/* See memory_load.h. */
#include "models/memory_load.h"

#include <inttypes.h>
#include <math.h>

#include "sim/base/memory.h"

enum { MOST_LOADS = UINT16_MAX };

typedef struct written {
    double touched, working_set;
    int64_t reservation;
    const vdc_node *segments;
} written;

static const vdc_param params[] = {
    {.name = "touched", .type = VDC_PARAM_REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .maximum = 1, .offset = offsetof(written, touched),
     .help = "share of its memory that it has touched"},
    {.name = "working_set", .type = VDC_PARAM_REAL, .dimension = VDC_DIM_RATIO, .fallback = "100%", .maximum = 1,
     .offset = offsetof(written, working_set), .help = "share of what it has touched that it works with"},
    {.name = "reservation", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "0 B", .offset = offsetof(written, reservation),
     .help = "memory that is never taken back"},
    {.name = "segments", .type = VDC_PARAM_NODE, .offset = offsetof(written, segments),
     .help = "[[duration, touched, working_set], …] since its start, in place of the two; the last one lasts"},
};

void vdc_memory_loads_free(vdc_memory_loads *loads) {
    vdc_free(loads->items);
    vdc_free(loads->segments);
    *loads = (vdc_memory_loads){0};
}

static vdc_memory_segment segment_of(int64_t duration, double touched, double working_set) {
    return (vdc_memory_segment){duration, llround(touched * 1e6), llround(working_set * touched * 1e6)};
}

static vdc_code add_segment(vdc_memory_loads *loads, vdc_memory_segment segment, vdc_diag *diag) {
    if (!loads) return VDC_OK;
    if (!VDC_RESERVE(loads->segments, loads->capacity, loads->count + 1)) return vdc_no_memory(diag, "memory loads");
    loads->segments[loads->count++] = segment;
    return VDC_OK;
}

static vdc_code read_segment(vdc_memory_loads *loads, const vdc_node *row, bool last, vdc_diag *diag) {
    char found[96];
    if (row->kind != VDC_NODE_SEQUENCE || row->count != 3)
        return vdc_fail(diag, VDC_ERROR_INPUT, &row->place,
                        "memory_load: segments: found %s; allowed: [duration, touched, working_set] such as [10min, 80%%, 50%%]",
                        vdc_node_describe(row, found, sizeof found));
    int64_t duration = 0;
    double touched = 0, working_set = 0;
    vdc_code codes[] = {vdc_node_integer(row->children[0], VDC_DIM_TIME, 1, INT64_MAX, &duration, diag),
                        vdc_node_real(row->children[1], VDC_DIM_RATIO, 0, 1, &touched, diag),
                        vdc_node_real(row->children[2], VDC_DIM_RATIO, 0, 1, &working_set, diag)};
    for (int i = 0; i < 3; i++)
        if (codes[i]) return codes[i];
    return add_segment(loads, segment_of(last ? VDC_FOREVER : duration, touched, working_set), diag);
}

static vdc_code read_segments(vdc_memory_loads *loads, const vdc_node *list, vdc_diag *diag) {
    char found[96];
    if (list->kind != VDC_NODE_SEQUENCE || list->count == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "memory_load: segments: found %s; allowed: a list of [duration, touched, working_set]",
                        vdc_node_describe(list, found, sizeof found));
    vdc_code first = VDC_OK;
    for (size_t i = 0; i < list->count; i++) {
        vdc_code code = read_segment(loads, list->children[i], i + 1 == list->count, diag);
        if (!first) first = code;
    }
    return first;
}

static bool equal(const vdc_memory_loads *loads, const vdc_memory_load *a, const vdc_memory_load *b) {
    if (a->reservation != b->reservation) return false;
    for (size_t i = 0;; i++) {
        const vdc_memory_segment *x = &loads->segments[a->first + i], *y = &loads->segments[b->first + i];
        if (x->duration != y->duration || x->touched_ppm != y->touched_ppm || x->working_set_ppm != y->working_set_ppm) return false;
        if (x->duration == VDC_FOREVER) return true;
    }
}

/* The load whose segments were added last gets its number, that of an equal one where there is one. */
static vdc_code enter(vdc_memory_loads *loads, vdc_memory_load load, const vdc_node *node, uint16_t *index, vdc_diag *diag) {
    for (size_t i = 0; i < loads->item_count; i++)
        if (equal(loads, &loads->items[i], &load)) {
            loads->count = load.first;
            *index = (uint16_t)i;
            return VDC_OK;
        }
    if (loads->item_count > MOST_LOADS)
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "memory_load: there are more than %d different ones", MOST_LOADS);
    if (!VDC_RESERVE(loads->items, loads->item_capacity, loads->item_count + 1)) return vdc_no_memory(diag, "memory loads");
    *index = (uint16_t)loads->item_count;
    loads->items[loads->item_count++] = load;
    return VDC_OK;
}

char *vdc_memory_load_text(const vdc_memory_loads *loads, uint16_t index) {
    if (index == 0) return vdc_strdup("");
    const vdc_memory_load *load = &loads->items[index];
    char *text = load->reservation ? vdc_format("{reservation: %" PRId64 " B, segments: [", load->reservation) : vdc_strdup("{segments: [");
    for (const vdc_memory_segment *segment = &loads->segments[load->first]; text; segment++) {
        bool last = segment->duration == VDC_FOREVER;
        double touched = (double)segment->touched_ppm / 1e6;
        double working_set = segment->touched_ppm ? (double)segment->working_set_ppm / (double)segment->touched_ppm : 0;
        char *longer = vdc_format("%s[%" PRId64 " ns, %.6g, %.9g]%s", text, last ? 1 : segment->duration, touched, working_set, last ? "]}" : ", ");
        vdc_free(text);
        text = longer;
        if (last) break;
    }
    return text;
}

vdc_code vdc_memory_load_read(vdc_memory_loads *loads, const vdc_node *node, vdc_request *request, vdc_diag *diag) {
    written as;
    uint16_t all;
    int64_t size = request->size[VDC_MEMORY];
    vdc_code code = vdc_params_read(node, params, sizeof params / sizeof *params, &as, NULL, "memory_load", diag);
    if (code) return code;
    if (as.reservation > size)
        return vdc_fail(diag, VDC_ERROR_INPUT, &vdc_node_get(node, "reservation")->place,
                        "memory_load: reservation: found %" PRId64 " bytes; allowed: 0 to the VM's memory, %" PRId64, as.reservation, size);
    if (loads && loads->item_count == 0) { /* the first one stands for all VMs without */
        code = add_segment(loads, segment_of(VDC_FOREVER, 1, 1), diag);
        if (!code) code = enter(loads, (vdc_memory_load){0}, node, &all, diag);
        if (code) return code;
    }
    size_t first = loads ? loads->count : 0;
    code = as.segments ? read_segments(loads, as.segments, diag) : add_segment(loads, segment_of(VDC_FOREVER, as.touched, as.working_set), diag);
    if (code || !loads) return code;
    return enter(loads, (vdc_memory_load){first, as.reservation}, node, &request->memory_load, diag);
}
