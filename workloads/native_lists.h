/* Columns of a native trace that hold more than a number: `vnics`, `traffic`, `volumes`, `io` and `memory_load`, each written as the key of that name
 * of a scenario's VM, "[{size: 20 GiB, pool: block}]", and read and checked as that (models/io_profile.h, models/memory_load.h).
 *
 * What is the same for many VMs is read once; memory grows with what differs.
 */
#ifndef VDC_WORKLOADS_NATIVE_LISTS_H
#define VDC_WORKLOADS_NATIVE_LISTS_H

#include "workloads/workload.h"

/* The first four as in vdc_io_tables. */
typedef enum vdc_native_list { VDC_LIST_VNICS, VDC_LIST_TRAFFIC, VDC_LIST_VOLUMES, VDC_LIST_IO, VDC_LIST_MEMORY, VDC_NATIVE_LISTS } vdc_native_list;

typedef struct vdc_native_list_reader {
    const vdc_workload_context *context;
    vdc_names *known;             /* the sizes and texts that were read */
    struct vdc_native_list_entry *entries; /* [known] what they came to */
    size_t capacity;
    char *key;                    /* scratch */
    size_t key_capacity;
} vdc_native_list_reader;

/* `there`: bit i = the trace has column i; the run then simulates networks, disks. The context must outlive the reader. VDC_ERROR_INPUT, said at `place`:
 * memory loads need the scenario's section `memory`. */
vdc_code vdc_native_lists_open(vdc_native_list_reader *reader, const vdc_workload_context *context, unsigned there, const vdc_place *place, vdc_diag *diag);
void vdc_native_lists_close(vdc_native_list_reader *reader);
/* Puts what the texts say ("" or NULL: nothing) into a request whose sizes are set. VDC_ERROR_INPUT: `wrong` says why. */
vdc_code vdc_native_lists_take(vdc_native_list_reader *reader, const char *const texts[VDC_NATIVE_LISTS], vdc_request *request, char *wrong, size_t size);

/* The text of a request's column in fresh memory, "" when it has nothing there; NULL without memory. */
char *vdc_native_list_text(const vdc_workload_context *context, const vdc_request *request, vdc_native_list which);
/* The request as it is to be written: what volumes add to its disk space comes back when they are read. */
vdc_request vdc_native_plain(const vdc_workload_context *context, const vdc_request *request);

#endif
