/* CPU readings of Azure's traces: timestamp,vm id,min,max,average of every five minutes, sorted by time. They are kept by
 * VM, 2 bytes a reading: hundredths of a percent.
 */
#ifndef VDC_WORKLOADS_AZURE_READINGS_H
#define VDC_WORKLOADS_AZURE_READINGS_H

#include "workloads/text.h"
#include "workloads/workload.h"

enum { VDC_AZURE_PERCENT = 100 };   /* levels are kept in this many parts of a percent */
typedef enum vdc_azure_value { VDC_AZURE_AVERAGE, VDC_AZURE_MAXIMUM, VDC_AZURE_MINIMUM } vdc_azure_value;
extern const char *const vdc_azure_value_words[];

/* The readings of one VM, from tick `first` on; VDC_AZURE_MISSING where there is none. */
typedef struct vdc_azure_series {
    uint16_t *levels;
    size_t count, capacity;
    int64_t first;
} vdc_azure_series;
enum { VDC_AZURE_MISSING = UINT16_MAX };

/* A load that refers to readings, or to a constant level. */
typedef struct vdc_azure_readings {
    vdc_load_source load;          /* first */
    vdc_load_source constant;      /* of VMs with a level of their own and no readings */
    int64_t speed;                 /* Hz of a vCPU */
    vdc_azure_value value;
    vdc_names *ids;                /* VM ids that have readings -> number in `series` + 1 */
    vdc_azure_series *series;
    size_t count, capacity;
    struct vdc_azure_vm *vms;      /* what cursors refer to */
    size_t vm_count, vm_capacity;
} vdc_azure_readings;

void vdc_azure_readings_start(vdc_azure_readings *readings, int64_t speed, vdc_azure_value value);
void vdc_azure_readings_free(vdc_azure_readings *readings);
/* Reads a file, or every file of a folder whose name begins with vm_cpu_readings. */
vdc_code vdc_azure_readings_read(vdc_azure_readings *readings, const char *path, const vdc_workload_context *context,
                                 vdc_diag *diag);
/* The load of a VM: its readings from its arrival on; else, where `has_level`, that level (VDC_AZURE_PERCENT parts) as long as it
 * lives; else none. Its vCPUs, arrival and lifetime are set already. */
vdc_code vdc_azure_load_set(vdc_azure_readings *readings, vdc_field id, bool has_level, int64_t level, vdc_request *request,
                            vdc_diag *diag);

#endif
