/* Hosts that are switched off while they are not needed, which takes time and energy either way. */
#ifndef VDC_PARTS_STANDBY_H
#define VDC_PARTS_STANDBY_H

#include "sim/parts/part.h"

/* Is the host off, or about to be, and could it be switched on? */
bool vdc_standby_sleeps(const vdc_simulation *simulation, uint32_t host);
/* Switches it on, when it sleeps and is not being switched on already; it takes VMs once it has booted. */
vdc_code vdc_standby_wake(vdc_simulation *simulation, uint32_t host, vdc_diag *diag);
/* After a pass over the queue: hosts are switched on for the VMs that wait and have no room on those that are on or will be. Only with
 * the part. */
vdc_code vdc_standby_serve(vdc_simulation *simulation, vdc_diag *diag);

#endif
