/* What a VM is: sizes, priority, CPU settings, GPUs, checkpoints, as scenarios write it for VMs of their own and for the
 * flavors of a generator.
 */
#ifndef VDC_WORKLOADS_SHAPE_H
#define VDC_WORKLOADS_SHAPE_H

#include "workloads/workload.h"

/* The table of these keys. */
const vdc_param *vdc_shape_params(size_t *count);
/* Reads a mapping into *request (which begins as vdc_request_blank). The caller's own keys are `own`, with offsets into a struct
 * of `own_size` bytes at `own_values`, with the defaults where a value was wrong. All errors are reported; `diag` is not NULL. */
vdc_code vdc_shape_read(const vdc_node *node, const vdc_param *own, size_t own_count, void *own_values, size_t own_size,
                        const vdc_workload_context *context, vdc_request *request, const char *what, vdc_diag *diag);

/* CPU settings that no VM can have, whoever reads them. */
typedef enum vdc_cpu_key { VDC_CPU_WEIGHT, VDC_CPU_RESERVATION, VDC_CPU_LIMIT, VDC_CPU_PERIOD, VDC_CPU_KEYS } vdc_cpu_key;
/* Is that setting of the request wrong, by itself, with the others, or in this run? Says in `wrong` how. */
bool vdc_shape_cpu_wrong(vdc_cpu_key key, const vdc_request *request, const vdc_workload_context *context, char *wrong, size_t size);

#endif
