/* Small fleets and requests for tests of placement. */
#ifndef VDC_TESTS_FLEET_H
#define VDC_TESTS_FLEET_H

#include "models/host.h"
#include "schedulers/policy.h"

#define GIB (INT64_C(1) << 30)

/* A class of hosts: threads, GiB, GPU devices, NUMA nodes. */
typedef struct fleet_class {
    uint32_t count;
    int64_t cores, gib;
    uint16_t gpus, numa;
    uint32_t max_vms;
} fleet_class;

/* Hosts of the given classes, mixed by id in turn as long as each has some left. GPU and NUMA columns as the classes need them.
 */
void fleet_open(vdc_hosts *hosts, const fleet_class *classes, uint16_t class_count);
/* A plain request of `cores` vCPUs and `gib` GiB. */
vdc_request fleet_request(int64_t cores, int64_t gib);
/* Can the policy be made from its name alone? Those that need a file or a program have tests of their own. */
bool policy_stands_alone(const vdc_policy *policy);

#endif
