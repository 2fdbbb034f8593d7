/* A map from 64-bit ids to positions. See id_map.h. */
#include "workloads/id_map.h"

#include "sim/base/memory.h"

void vdc_id_map_free(vdc_id_map *map) {
    vdc_free(map->ids);
    vdc_free(map->values);
    *map = (vdc_id_map){0};
}

/* The slot that holds the id, or the free one where it belongs. */
static size_t find(const vdc_id_map *map, int64_t id) {
    uint64_t hash = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    size_t slot = hash & (map->slot_count - 1);
    while (map->values[slot] && map->ids[slot] != id) slot = (slot + 1) & (map->slot_count - 1);
    return slot;
}

uint32_t vdc_id_map_get(const vdc_id_map *map, int64_t id) {
    return map->slot_count ? map->values[find(map, id)] - 1 : (uint32_t)VDC_ID_ABSENT;
}

static vdc_code grow(vdc_id_map *map, vdc_diag *diag) {
    vdc_id_map larger = {.count = map->count, .slot_count = map->slot_count ? map->slot_count * 2 : 64};
    larger.ids = vdc_calloc(larger.slot_count, sizeof *larger.ids);
    larger.values = vdc_calloc(larger.slot_count, sizeof *larger.values);
    if (!larger.ids || !larger.values) {
        vdc_id_map_free(&larger);
        return vdc_no_memory(diag, "the ids of a trace");
    }
    for (size_t i = 0; i < map->slot_count; i++) {
        if (!map->values[i]) continue;
        const size_t slot = find(&larger, map->ids[i]);
        larger.ids[slot] = map->ids[i];
        larger.values[slot] = map->values[i];
    }
    vdc_id_map_free(map);
    *map = larger;
    return VDC_OK;
}

vdc_code vdc_id_map_set(vdc_id_map *map, int64_t id, uint32_t value, vdc_diag *diag) {
    if (map->count * 2 >= map->slot_count) {
        const vdc_code code = grow(map, diag);
        if (code) return code;
    }
    const size_t slot = find(map, id);
    map->count += map->values[slot] == 0;
    map->ids[slot] = id;
    map->values[slot] = value + 1;
    return VDC_OK;
}
