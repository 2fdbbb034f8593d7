/* The memory of hosts, for the disks that they swap to. */
#ifndef VDC_PARTS_MEMORY_H
#define VDC_PARTS_MEMORY_H

#include "sim/parts/part.h"

/* A page takes so many ns from the host's swap from now on: its idle latency, or 0 = as the scenario says, times `slowing`. */
void vdc_swap_latency(vdc_simulation *simulation, uint32_t host, vdc_time idle, double slowing);

#endif
