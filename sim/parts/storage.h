/* Volumes and pools, for others who start VMs, move them or change what they have. */
#ifndef VDC_PARTS_STORAGE_H
#define VDC_PARTS_STORAGE_H

#include "sim/parts/part.h"

/* Have the pools on the network room for the volumes of the VM, which waits? */
bool vdc_storage_has_room(const vdc_simulation *simulation, uint32_t slot);

#endif
