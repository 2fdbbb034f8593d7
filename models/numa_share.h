/* CPU sharing on a host some of whose VMs may run on some NUMA nodes only.
 *
 * Regions (accounts.md I6): each VM may run on a set of nodes, those that float on all of them. What VMs get is feasible when for every set S
 * of nodes those that may run within S only get at most what S has. Among these shares the sharing policy's own are taken region by region:
 * all VMs share the whole; where that gives the VMs of some set S more than S has, those of the set for which the excess is largest
 * share S among themselves and the others share the rest, and so on within both (Groenevelt's decomposition). With weighted max-min
 * sharing the outcome is the weighted max-min allocation under all these limits.
 */
#ifndef VDC_MODELS_NUMA_SHARE_H
#define VDC_MODELS_NUMA_SHARE_H

#include "models/cpu_share.h"
#include "sim/base/status.h"

typedef struct vdc_numa_regions {
    uint32_t nodes;                 /* at most 64 */
    const int64_t *capacity;        /* [nodes] Hz of each that is not owned */
    int64_t whole;                  /* Hz of all together: at most their sum */
    void (*share)(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch);
    const void *state;
    void *scratch;                  /* for that many entries */
} vdc_numa_regions;

/* Sets ceiling and grant of every entry; masks[i]: the nodes that it may run on, at least one. VDC_ERROR_MEMORY or VDC_OK. */
vdc_code vdc_numa_share_cpu(const vdc_numa_regions *regions, vdc_cpu_entry *entries, const uint64_t *masks, uint32_t count);

/* Spreads what VMs run over the nodes as evenly as their masks allow, in proportion to `rates` (threads of each node that are not owned): the largest
 * load of a node is as small as it can be, then the second largest, and so on. scopes[i]: the nodes, all loaded alike, that entry i runs on.
 * VDC_ERROR_MEMORY or VDC_OK. */
vdc_code vdc_numa_even_load(const int64_t *rates, uint32_t nodes, const vdc_cpu_entry *entries, const uint64_t *masks, uint32_t count, uint64_t *scopes);

#endif
