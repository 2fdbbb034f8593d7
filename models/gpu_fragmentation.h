/* The fragmentation of a fleet's idle GPUs, kept host by host, and the census of a workload that it is measured against.
 */
#ifndef VDC_MODELS_GPU_FRAGMENTATION_H
#define VDC_MODELS_GPU_FRAGMENTATION_H

#include "models/gpu_mix.h"
#include "models/host.h"

/* Counts the kinds of VMs of a workload. Initialise with {0}. */
typedef struct vdc_gpu_census {
    struct vdc_gpu_kind *kinds;   /* hash table */
    size_t kind_count, slots;     /* slots: a power of two, or 0 */
    uint64_t vms;
} vdc_gpu_census;

vdc_code vdc_gpu_census_add(vdc_gpu_census *census, const vdc_request *request, vdc_diag *diag);
/* The most popular kinds that together make up `percent` of the VMs at least: by count, ties by larger CPU, GPU share, GPU count
 * and models. Probabilities are among those kept. Free mix->shapes by vdc_gpu_mix_clear. */
vdc_code vdc_gpu_census_mix(const vdc_gpu_census *census, unsigned percent, vdc_gpu_mix *mix, vdc_diag *diag);
void vdc_gpu_census_clear(vdc_gpu_census *census);
void vdc_gpu_mix_clear(vdc_gpu_mix *mix);

enum { VDC_GPU_MIX_PERCENT = 95 }; /* as in the source */

/* The hosts' fragmentation. Both arguments of create must outlive it. */
typedef struct vdc_gpu_fragmentation {
    const vdc_hosts *hosts;
    const vdc_gpu_mix *mix;
    double *of_host;              /* [hosts] expected milli-GPU of no use */
} vdc_gpu_fragmentation;

vdc_code vdc_gpu_fragmentation_create(vdc_gpu_fragmentation *fragmentation, const vdc_hosts *hosts, const vdc_gpu_mix *mix,
                                      vdc_diag *diag);
void vdc_gpu_fragmentation_destroy(vdc_gpu_fragmentation *fragmentation);
/* Must follow every change of a host's CPU or devices. O(kinds x devices). */
void vdc_gpu_fragmentation_changed(vdc_gpu_fragmentation *fragmentation, uint32_t host);
/* milli-GPU over all hosts, summed in order of id, so that it does not depend on the order of changes. O(hosts). */
double vdc_gpu_fragmentation_total(const vdc_gpu_fragmentation *fragmentation);

#endif
