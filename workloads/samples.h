/* Utilisation samples of many machines, as PlanetLab has them: a folder with a file for each, a whole percentage on each
 * line. A byte a sample.
 */
#ifndef VDC_WORKLOADS_SAMPLES_H
#define VDC_WORKLOADS_SAMPLES_H

#include "workloads/workload.h"

enum { VDC_SAMPLES_END = 255 }; /* stands behind the samples of each file */

typedef struct vdc_samples {
    uint8_t *bytes;
    size_t byte_count, byte_capacity;
    size_t *begin;      /* [count] where each file's samples begin */
    char **names;       /* [count] the files' names, sorted bytewise */
    size_t count;
} vdc_samples;

/* Initialise with {0}; vdc_samples_free also after an error. */
vdc_code vdc_samples_read(vdc_samples *samples, const char *folder, const vdc_workload_context *context, vdc_diag *diag);
void vdc_samples_free(vdc_samples *samples);

#endif
