/* The memory of hosts, for the disks that they swap to. */
#ifndef VDC_PARTS_MEMORY_H
#define VDC_PARTS_MEMORY_H

#include "sim/parts/part.h"

/* What of a VM's memory it has on its host or on swap, and what it works with now: bytes. False where memory is not simulated: they stay. */
bool vdc_memory_in_use(const vdc_simulation *simulation, uint32_t slot, int64_t *kept, int64_t *working_set);

/* A page takes so many ns from the host's swap from now on: its idle latency, or 0 = as the scenario says, times `slowing`. */
void vdc_swap_latency(vdc_simulation *simulation, uint32_t host, vdc_time idle, double slowing);

#endif
