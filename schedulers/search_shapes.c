/* The table of shapes and what of it fits on a host: see search_shapes.h. */
#include "schedulers/search_shapes.h"

#include <stdlib.h>
#include <string.h>

/* --- finding a shape --- */

/* A sum of products is quick, because its multiplications do not wait for one another. The constant is the golden ratio's
 * fraction (Fibonacci hashing, Knuth, TAOCP 6.4), turned for each word. */
uint64_t vdc_hash_words(const uint64_t *words, unsigned count) {
    uint64_t hash = 0, factor = UINT64_C(0x9E3779B97F4A7C15);
    for (unsigned i = 0; i < count; i++) {
        hash += (words[i] ^ words[i] >> 29) * factor;
        factor = factor << 7 | factor >> 57;
    }
    hash ^= hash >> 32;
    return hash * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t devices_word(const vdc_request *request) {
    return (uint64_t)request->gpu_count | (uint64_t)request->gpu_milli << 16 | (uint64_t)request->numa_nodes << 32;
}

/* Of the sizes only those of resources that hosts have: nearly all requests differ in these or not at all. */
static uint32_t hash_shape(const vdc_shapes *shapes, const vdc_request *request) {
    uint64_t words[VDC_RESOURCES + 2];
    unsigned count = 0;
    for (; count < shapes->resources; count++) words[count] = (uint64_t)request->size[shapes->sizes[count].resource];
    words[count++] = devices_word(request);
    words[count++] = request->gpu_models;
    return (uint32_t)(vdc_hash_words(words, count) >> 32);
}

static bool equal_shapes(const vdc_request *a, const vdc_request *b) {
    return memcmp(a->size, b->size, sizeof a->size) == 0 && devices_word(a) == devices_word(b) && a->gpu_models == b->gpu_models;
}

int vdc_shapes_find(const vdc_shapes *shapes, const vdc_request *request) {
    uint32_t hash = hash_shape(shapes, request);
    for (uint32_t i = hash % VDC_SHAPE_BUCKETS; shapes->bucket[i]; i = (i + 1) % VDC_SHAPE_BUCKETS) {
        int slot = shapes->bucket[i] - 1;
        if (shapes->hash[slot] == hash && equal_shapes(&shapes->request[slot], request)) return slot;
    }
    return VDC_NO_SHAPE;
}

static void enter(vdc_shapes *shapes, int slot) {
    uint32_t i = shapes->hash[slot] % VDC_SHAPE_BUCKETS;
    while (shapes->bucket[i]) i = (i + 1) % VDC_SHAPE_BUCKETS;
    shapes->bucket[i] = (uint8_t)(slot + 1);
}

int vdc_shapes_add(vdc_shapes *shapes, const vdc_request *request) {
    if (!~shapes->active) return VDC_NO_SHAPE;
    int slot = __builtin_ctzll(~shapes->active);
    shapes->request[slot] = *request;
    shapes->request[slot].name = NULL;
    shapes->request[slot].load = NULL;
    shapes->hash[slot] = hash_shape(shapes, request);
    shapes->active |= UINT64_C(1) << slot;
    enter(shapes, slot);
    vdc_shapes_refresh(shapes);
    return slot;
}

void vdc_shapes_remove(vdc_shapes *shapes, int slot) {
    shapes->active &= ~(UINT64_C(1) << slot);
    memset(shapes->bucket, 0, sizeof shapes->bucket); /* rare, so entering the rest anew is the simplest right way */
    for (uint64_t left = shapes->active; left; left &= left - 1) enter(shapes, __builtin_ctzll(left));
    vdc_shapes_refresh(shapes);
}

/* --- what fits on a host --- */

static void sort_sizes(const vdc_shapes *shapes, vdc_shape_sizes *sizes) {
    unsigned count = 0, distinct = 0;
    for (uint64_t left = shapes->active; left; left &= left - 1) {
        sizes->size[count++] = shapes->request[__builtin_ctzll(left)].size[sizes->resource];
    }
    qsort(sizes->size, count, sizeof *sizes->size, vdc_compare_int64);
    for (unsigned i = 0; i < count; i++) {
        if (!distinct || sizes->size[distinct - 1] != sizes->size[i]) sizes->size[distinct++] = sizes->size[i];
    }
    for (unsigned i = distinct; i < 2 * VDC_SHAPES; i++) sizes->size[i] = INT64_MAX;
    sizes->half = 0;
    for (unsigned step = 1; step <= distinct; step *= 2) sizes->half = step;
    sizes->shapes[0] = 0;
    for (unsigned k = 1; k < 2 * VDC_SHAPES; k++) {
        sizes->shapes[k] = sizes->shapes[k - 1];
        for (uint64_t left = k <= distinct ? shapes->active : 0; left; left &= left - 1) {
            int slot = __builtin_ctzll(left);
            if (shapes->request[slot].size[sizes->resource] == sizes->size[k - 1]) sizes->shapes[k] |= UINT64_C(1) << slot;
        }
    }
}

void vdc_shapes_refresh(vdc_shapes *shapes) {
    for (unsigned i = 0; i < shapes->resources; i++) sort_sizes(shapes, &shapes->sizes[i]);
    shapes->with_devices = 0;
    for (uint64_t left = shapes->active; left; left &= left - 1) {
        int slot = __builtin_ctzll(left);
        const vdc_request *request = &shapes->request[slot];
        if (request->gpu_count > 0 || request->numa_nodes > 0) shapes->with_devices |= UINT64_C(1) << slot;
    }
}

static inline unsigned count_within(const vdc_shape_sizes *sizes, int64_t amount) {
    unsigned k = 0;
    for (unsigned step = sizes->half; step; step >>= 1) k += sizes->size[k + step - 1] <= amount ? step : 0;
    return k;
}

static uint64_t without_full_devices(const vdc_shapes *shapes, uint32_t host, uint64_t fitting) {
    for (uint64_t left = fitting & shapes->with_devices; left; left &= left - 1) {
        int slot = __builtin_ctzll(left);
        uint64_t gpu_devices = 0, numa_nodes = 0;
        if (!vdc_host_assign(shapes->hosts, host, &shapes->request[slot], &gpu_devices, &numa_nodes))
            fitting &= ~(UINT64_C(1) << slot);
    }
    return fitting;
}

uint64_t vdc_shapes_fitting(const vdc_shapes *shapes, uint32_t host) {
    const vdc_hosts *hosts = shapes->hosts;
    if (hosts->state[host] != VDC_HOST_UP || vdc_host_is_closed(hosts, host)) return 0;
    if (shapes->limited) {
        uint32_t limit = hosts->classes[hosts->class_of[host]].max_vms;
        if (limit && hosts->vms[host] >= limit) return 0;
    }
    uint64_t fitting = shapes->active;
    for (unsigned i = 0; i < shapes->resources; i++) {
        const vdc_shape_sizes *sizes = &shapes->sizes[i];
        fitting &= sizes->shapes[count_within(sizes, sizes->free[host])];
    }
    return fitting & shapes->with_devices ? without_full_devices(shapes, host, fitting) : fitting;
}

void vdc_shapes_init(vdc_shapes *shapes, const vdc_hosts *hosts) {
    memset(shapes, 0, sizeof *shapes);
    shapes->hosts = hosts;
    for (uint16_t c = 0; c < hosts->class_count; c++) shapes->limited = shapes->limited || hosts->classes[c].max_vms;
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (hosts->free[r])
            shapes->sizes[shapes->resources++] = (vdc_shape_sizes){.free = hosts->free[r], .resource = (vdc_resource)r};
    }
    vdc_shapes_refresh(shapes);
}
