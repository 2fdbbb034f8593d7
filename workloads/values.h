/* Values that several sources read alike: GPUs, load progress. */
#ifndef VDC_WORKLOADS_VALUES_H
#define VDC_WORKLOADS_VALUES_H

#include "workloads/table.h"
#include "workloads/workload.h"

extern const char *const vdc_progress_words[]; /* by vdc_progress: "time", "work" */

/* Adds one acceptable GPU model by name. VDC_ERROR_INPUT beyond 64 models in all. */
vdc_code vdc_gpu_model_add(vdc_names *models, const char *name, size_t length, uint64_t *mask, vdc_diag *diag);
/* The models that a field lists with '|' between them (repeats allowed); none where the column is absent or the field empty. */
void vdc_table_gpu_models(vdc_table *table, int column, vdc_names *models, vdc_request *request);
/* {count, share, models: [names]}: sets gpu_count, gpu_milli, gpu_models and size[VDC_GPU]. `what` names it in messages. */
vdc_code vdc_gpus_read(const vdc_node *node, vdc_names *models, vdc_request *request, const char *what, vdc_diag *diag);
/* Sets the request's GPUs from a count and the milli-GPUs of each; false where they do not go together: several devices
 * are only asked for whole. */
bool vdc_gpus_set(vdc_request *request, int64_t count, int64_t milli);

#endif
