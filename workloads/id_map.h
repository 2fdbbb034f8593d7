/* A map from 64-bit ids to positions, for traces that refer to their VMs by number: open addressing, 12 bytes an entry
 * at half load. */
#ifndef VDC_WORKLOADS_ID_MAP_H
#define VDC_WORKLOADS_ID_MAP_H

#include "sim/base/status.h"

#include <stdint.h>

typedef struct vdc_id_map {
    int64_t *ids;
    uint32_t *values;  /* value + 1, 0 = free */
    size_t count, slot_count;
} vdc_id_map;

enum { VDC_ID_ABSENT = UINT32_MAX };

/* Initialise with {0}. */
void vdc_id_map_free(vdc_id_map *map);
/* The value of an id, VDC_ID_ABSENT when it is not there. O(1). */
uint32_t vdc_id_map_get(const vdc_id_map *map, int64_t id);
/* Sets it, in place of an earlier value; value < VDC_ID_ABSENT. */
vdc_code vdc_id_map_set(vdc_id_map *map, int64_t id, uint32_t value, vdc_diag *diag);

#endif
