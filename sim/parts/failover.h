/* Hot standbys: while a VM runs, a second one of its size stands ready on another host and takes over when that of the VM fails
 * (failures.recovery: {policy: standby}, models.md 4.7).
 *
 * A standby is a second part (models/lifecycle.h): it promises all that the VM has, its CPU as a reservation, and executes nothing until it is
 * wanted. It is placed by the placement policy on another host, where the isolation rules allow the VM beside itself; without room the VM runs without
 * one until there is. A VM that moves, or changes its size, has none meanwhile.
 */
#ifndef VDC_PARTS_FAILOVER_H
#define VDC_PARTS_FAILOVER_H

#include "models/availability.h"
#include "sim/parts/part.h"

/* Finds hosts for standbys that are missing, in the order of their VMs' arrivals. At the end of an instant's last pass over the waiting VMs, who
 * go first. */
vdc_code vdc_failover_serve(vdc_simulation *simulation, vdc_diag *diag);
/* The VM's standby, if it has one, holds nothing any more; a new one is sought in the next pass. */
void vdc_failover_withdraw(vdc_simulation *simulation, uint32_t slot);
/* Is this second part a standby? */
bool vdc_failover_is_standby(const vdc_simulation *simulation, uint32_t part);
/* The slot is a standby, and its host fails or is wanted: like vdc_failover_withdraw for its VM. False: it is something else. */
bool vdc_failover_lost(vdc_simulation *simulation, uint32_t part);
/* No standby stays on the host, which is to be empty. */
void vdc_failover_leave(vdc_simulation *simulation, uint32_t host);
/* The host under the VM fails: *taken when its standby takes over. */
vdc_code vdc_failover_take_over(vdc_simulation *simulation, uint32_t slot, vdc_outage outage, bool *taken, vdc_diag *diag);
/* Standbys that stand ready. */
int64_t vdc_failover_standing(const vdc_simulation *simulation);
/* It runs there. */
void vdc_failover_done(vdc_simulation *simulation);

#endif
