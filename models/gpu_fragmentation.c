/* Census and per-host fragmentation: see gpu_fragmentation.h. The census is an open-addressing hash table of kinds, at most half
 * full; its order plays no part, for the mix is sorted by a total order.
 */
#include "models/gpu_fragmentation.h"

#include <stdlib.h>
#include <string.h>

typedef struct vdc_gpu_kind {
    vdc_gpu_shape shape;   /* probability not in use */
    uint64_t count;        /* 0 = an empty slot */
} vdc_gpu_kind;

static bool same_shape(const vdc_gpu_shape *a, const vdc_gpu_shape *b) {
    return a->cpu == b->cpu && a->gpu_milli == b->gpu_milli && a->gpu_count == b->gpu_count && a->gpu_models == b->gpu_models;
}

static vdc_gpu_kind *find_kind(vdc_gpu_kind *kinds, size_t slots, const vdc_gpu_shape *shape) {
    uint64_t hash = (uint64_t)shape->cpu * UINT64_C(0x9E3779B97F4A7C15) ^ shape->gpu_models;
    hash = (hash ^ hash >> 32 ^ (uint64_t)shape->gpu_milli << 16 ^ shape->gpu_count) * UINT64_C(0xBF58476D1CE4E5B9);
    size_t at = (size_t)(hash >> 20) & (slots - 1);
    while (kinds[at].count && !same_shape(&kinds[at].shape, shape)) at = (at + 1) & (slots - 1);
    return &kinds[at];
}

static bool grow(vdc_gpu_census *census) {
    size_t slots = census->slots ? 2 * census->slots : 64;
    vdc_gpu_kind *kinds = vdc_calloc(slots, sizeof *kinds);
    if (!kinds) return false;
    for (size_t i = 0; i < census->slots; i++)
        if (census->kinds[i].count) *find_kind(kinds, slots, &census->kinds[i].shape) = census->kinds[i];
    vdc_free(census->kinds);
    census->kinds = kinds;
    census->slots = slots;
    return true;
}

vdc_code vdc_gpu_census_add(vdc_gpu_census *census, const vdc_request *request, vdc_diag *diag) {
    if (2 * census->kind_count >= census->slots && !grow(census)) return vdc_no_memory(diag, "the kinds of VMs");
    vdc_gpu_shape shape = {.cpu = request->size[VDC_CPU], .gpu_milli = request->gpu_count ? request->gpu_milli : 0,
                           .gpu_count = request->gpu_count, .gpu_models = request->gpu_models};
    vdc_gpu_kind *kind = find_kind(census->kinds, census->slots, &shape);
    if (!kind->count++) {
        kind->shape = shape;
        census->kind_count++;
    }
    census->vms++;
    return VDC_OK;
}

static int compare(uint64_t a, uint64_t b) {
    return a > b ? -1 : a < b;
}

/* More popular first, then the larger. */
static int by_popularity(const void *left, const void *right) {
    const vdc_gpu_kind *a = left, *b = right;
    int order = compare(a->count, b->count);
    if (!order) order = compare((uint64_t)a->shape.cpu, (uint64_t)b->shape.cpu);
    if (!order) order = compare(a->shape.gpu_milli, b->shape.gpu_milli);
    if (!order) order = compare(a->shape.gpu_count, b->shape.gpu_count);
    return order ? order : compare(a->shape.gpu_models, b->shape.gpu_models);
}

vdc_code vdc_gpu_census_mix(const vdc_gpu_census *census, unsigned percent, vdc_gpu_mix *mix, vdc_diag *diag) {
    *mix = (vdc_gpu_mix){0};
    size_t kinds = census->kind_count ? census->kind_count : 1;
    vdc_gpu_kind *sorted = vdc_calloc(kinds, sizeof *sorted);
    vdc_gpu_shape *shapes = vdc_calloc(kinds, sizeof *shapes);
    if (!sorted || !shapes) {
        vdc_free(sorted);
        vdc_free(shapes);
        return vdc_no_memory(diag, "the typical VMs");
    }
    size_t count = 0;
    for (size_t i = 0; i < census->slots; i++)
        if (census->kinds[i].count) sorted[count++] = census->kinds[i];
    qsort(sorted, count, sizeof *sorted, by_popularity);
    uint64_t kept = 0;
    while (mix->count < count && kept * 100 < census->vms * percent) kept += sorted[mix->count++].count;
    for (size_t i = 0; i < mix->count; i++) {
        shapes[i] = sorted[i].shape;
        shapes[i].probability = (double)sorted[i].count / (double)kept;
    }
    vdc_free(sorted);
    mix->shapes = shapes;
    return VDC_OK;
}

void vdc_gpu_census_clear(vdc_gpu_census *census) {
    vdc_free(census->kinds);
    *census = (vdc_gpu_census){0};
}

void vdc_gpu_mix_clear(vdc_gpu_mix *mix) {
    vdc_free((void *)mix->shapes);
    *mix = (vdc_gpu_mix){0};
}

vdc_code vdc_gpu_fragmentation_create(vdc_gpu_fragmentation *fragmentation, const vdc_hosts *hosts, const vdc_gpu_mix *mix,
                                      vdc_diag *diag) {
    *fragmentation = (vdc_gpu_fragmentation){.hosts = hosts, .mix = mix};
    fragmentation->of_host = vdc_calloc(hosts->count ? hosts->count : 1, sizeof *fragmentation->of_host);
    if (!fragmentation->of_host) return vdc_no_memory(diag, "the hosts' GPU fragmentation");
    for (uint32_t h = 0; h < hosts->count; h++) vdc_gpu_fragmentation_changed(fragmentation, h);
    return VDC_OK;
}

void vdc_gpu_fragmentation_destroy(vdc_gpu_fragmentation *fragmentation) {
    vdc_free(fragmentation->of_host);
    *fragmentation = (vdc_gpu_fragmentation){0};
}

void vdc_gpu_fragmentation_changed(vdc_gpu_fragmentation *fragmentation, uint32_t host) {
    const vdc_hosts *hosts = fragmentation->hosts;
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    if (!hosts->gpu_free || class->gpus == 0) return;
    const int32_t *gpu_free = hosts->gpu_free + (size_t)host * hosts->gpu_stride;
    int64_t cpu_free = hosts->free[VDC_CPU] ? hosts->free[VDC_CPU][host] : INT64_MAX;
    fragmentation->of_host[host] = vdc_gpu_fragment(fragmentation->mix, cpu_free, class->gpu_model, gpu_free, class->gpus);
}

double vdc_gpu_fragmentation_total(const vdc_gpu_fragmentation *fragmentation) {
    double sum = 0;
    for (uint32_t h = 0; h < fragmentation->hosts->count; h++) sum += fragmentation->of_host[h];
    return sum;
}
