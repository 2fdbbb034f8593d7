/* What is in a workload: counts, ranges and sums, for `vdcsim trace info` and for writers that want to know beforehand which
 * columns are used.
 */
#ifndef VDC_WORKLOADS_SUMMARY_H
#define VDC_WORKLOADS_SUMMARY_H

#include "sim/base/units.h"
#include "workloads/workload.h"

typedef struct vdc_range {
    int64_t minimum, maximum;
    vdc_wide sum;
    uint64_t count;   /* values in it */
} vdc_range;

typedef struct vdc_workload_summary {
    uint64_t vms, with_lifetime, with_load, endless_loads, with_gpu, with_id, named;
    vdc_range arrival, lifetime;               /* ns */
    vdc_range size[VDC_RESOURCES];             /* of VMs that ask for any */
    vdc_range segments, duration, demand, load_length; /* segments a VM, ns, Hz, ns: of loads that end */
    vdc_range priority;
    uint64_t columns;                          /* bit i: native column i is not what an empty field means for some VM */
    uint64_t tenants, groups;                  /* distinct ones */
} vdc_workload_summary;

/* Reads the source to its end. `loads`: look at every segment too (a load of more than `limit` segments counts as endless). */
vdc_code vdc_workload_summarise(vdc_source *source, bool loads, vdc_workload_summary *summary, vdc_diag *diag);

#endif
