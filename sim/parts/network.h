/* What other files ask of networks: the effects of operations (models/operation.h), and what there is. */
#ifndef VDC_PARTS_NETWORK_H
#define VDC_PARTS_NETWORK_H

#include "sim/parts/part.h"

/* What VMs sent, or received, over the NICs of their hosts, in byte·ns up to the clock; 0 without networks. */
vdc_wide vdc_network_crossed(const vdc_simulation *simulation, bool received);

/* Effects of verbs, for the table in sim/operations.c. *refusal: why not; the state is then as it was. */
vdc_code vdc_network_create(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_network_configure(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_network_delete(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_vnic_attach(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_vnic_configure(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_vnic_detach(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);

/* A tenant network as it is now. */
typedef struct vdc_network_view {
    const char *name;
    int64_t weight;
    uint64_t vnics;              /* of VMs that are on hosts */
    int64_t rate;                /* bytes/s that its vNICs send now */
} vdc_network_view;
/* The n-th, in order of creation; false beyond the last and where the run has no networks. */
bool vdc_network_at(const vdc_simulation *simulation, size_t n, vdc_network_view *view);

#endif
