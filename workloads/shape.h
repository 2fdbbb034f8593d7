/* What a VM is: sizes, priority, CPU settings, GPUs, checkpoints, as scenarios write it for VMs of their own and for the
 * flavors of a generator.
 */
#ifndef VDC_WORKLOADS_SHAPE_H
#define VDC_WORKLOADS_SHAPE_H

#include "workloads/workload.h"

/* The table of these keys. */
const vdc_param *vdc_shape_params(size_t *count);
/* Reads a mapping into *request (which begins as vdc_request_blank). The caller's own keys are `own`, with offsets into a struct
 * of `own_size` bytes at `own_values`, filled only when all is well. All errors are reported; `diag` is not NULL. */
vdc_code vdc_shape_read(const vdc_node *node, const vdc_param *own, size_t own_count, void *own_values, size_t own_size,
                        const vdc_workload_context *context, vdc_request *request, const char *what, vdc_diag *diag);

#endif
