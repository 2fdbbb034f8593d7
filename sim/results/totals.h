/* Integrals of the ledgers in the units of the result file. */
#ifndef VDC_RESULTS_TOTALS_H
#define VDC_RESULTS_TOTALS_H

#include "models/datacenter.h"

typedef struct vdc_totals {
    double p[VDC_RESOURCES], granted[VDC_RESOURCES], used[VDC_RESOURCES];          /* P, G, U; CPU in core·s */
    double fenced[VDC_RESOURCES], waste[VDC_RESOURCES], fence_idle[VDC_RESOURCES]; /* S and its parts; CPU in core·s */
    double ready, throttled, idle;                                                 /* core·s */
    double active, unused, steal;                                                  /* host seconds */
} vdc_totals;

/* Names of resources and units of their integrals over a tick, as in result files. */
extern const char *const vdc_resource_names[VDC_RESOURCES];
extern const char *const vdc_resource_units[VDC_RESOURCES];

/* The integral of a flow over all hosts of a class. */
vdc_wide vdc_class_flow(const vdc_datacenter *datacenter, size_t class_id, vdc_flow flow);
/* Of the whole run, or since `previous` ([class x flow], NULL = the run's begin), which was `span` ns ago. Ledgers must have been advanced. */
vdc_totals vdc_totals_since(const vdc_datacenter *datacenter, const vdc_wide *previous, vdc_time span);
/* An integral of a resource's own unit (milli-vCPU·ns, byte·ns, ...) in the unit of the result file. */
double vdc_resource_total(vdc_resource resource, vdc_wide integral);
/* pW·ns -> J; ns -> s; VM-pairs·ns -> VM-pairs·s. */
double vdc_joules(vdc_wide energy);
double vdc_seconds(vdc_time time);
double vdc_pair_seconds(vdc_wide integral);

#endif
