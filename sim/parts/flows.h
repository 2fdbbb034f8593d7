/* The links and flows of a run, for all parts that transfer something: VM traffic, disks, migrations.
 *
 * A part that needs them calls vdc_flows_wanted when it is opened; then simulation->flows and simulation->fabric stand. The run loop settles
 * changed flows before the clock moves.
 */
#ifndef VDC_PARTS_FLOWS_H
#define VDC_PARTS_FLOWS_H

#include "sim/parts/part.h"

/* Makes the flow set and the fabric of the scenario, once: NICs of hosts and pools, switches. Without `topology.fabric` only NICs are ever short,
 * without `nic` nothing is. */
vdc_code vdc_flows_wanted(vdc_simulation *simulation, vdc_diag *diag);

/* Endpoints of the fabric: host h is h. */
static inline uint32_t vdc_endpoint_of_pool(const vdc_simulation *simulation, uint32_t pool) { return simulation->datacenter.hosts.count + pool; }
static inline uint32_t vdc_endpoint_outside(const vdc_simulation *simulation) {
    return simulation->datacenter.hosts.count + (uint32_t)simulation->scenario->pool_count;
}

/* Links that come and go with VMs: caps of vNICs and volumes. Those that are given back are used again. */
typedef struct vdc_spare_links {
    uint32_t *items;
    size_t count, capacity;
} vdc_spare_links;

/* A link of that capacity; VDC_NO_LINK when out of memory. */
uint32_t vdc_spare_link(vdc_simulation *simulation, vdc_spare_links *spare, int64_t capacity);
/* Nothing crosses it any more. Does nothing for VDC_NO_LINK. */
vdc_code vdc_spare_link_return(vdc_spare_links *spare, uint32_t link);

#endif
