/* What VMs are typical for a workload, and how much of a host's idle GPUs they could not use: fragmentation as Weng et al. define
 * it ("Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023).
 * Plain data, part of the policy contract.
 */
#ifndef VDC_MODELS_GPU_MIX_H
#define VDC_MODELS_GPU_MIX_H

#include "models/request.h"

/* A kind of VM. */
typedef struct vdc_gpu_shape {
    int64_t cpu;           /* milli-vCPU */
    uint16_t gpu_milli;    /* of each device, 0 without GPU */
    uint16_t gpu_count;
    uint64_t gpu_models;   /* as in vdc_request */
    double probability;    /* of all kinds 1 */
} vdc_gpu_shape;

/* The kinds in order of popularity. */
typedef struct vdc_gpu_mix {
    const vdc_gpu_shape *shapes;
    size_t count;
} vdc_gpu_mix;

/* The expected idle milli-GPU of a host that a VM drawn from the mix could not use: all of them when it finds no room there, else
 * those on devices too full for it. VMs without GPU can use none. cpu_free in milli-vCPU, gpu_free in milli-GPU of each device;
 * gpu_model as in vdc_host_class_view. The sum is taken class by class (why a VM finds no room), as in the source,
 * because scores made of it sit on exact boundaries. */
double vdc_gpu_fragment(const vdc_gpu_mix *mix, int64_t cpu_free, uint32_t gpu_model, const int32_t *gpu_free, unsigned gpus);

#endif
