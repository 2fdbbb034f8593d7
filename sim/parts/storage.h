/* Volumes and pools, for others who start VMs, move them or change what they have. */
#ifndef VDC_PARTS_STORAGE_H
#define VDC_PARTS_STORAGE_H

#include "sim/parts/part.h"

/* Have the pools on the network room for the volumes of the VM, which waits? */
bool vdc_storage_has_room(const vdc_simulation *simulation, uint32_t slot);

/* Do hosts swap to disks that can be short? Then they are simulated. */
bool vdc_storage_swaps(const vdc_simulation *simulation);
/* A host's VMs read so many bytes a second from its swap from now on. */
vdc_code vdc_storage_swap(vdc_simulation *simulation, uint32_t host, int64_t rate);

/* What hosts' NICs sent, or received, for the I/O of VMs on pools and for images, in byte·ns up to the clock; 0 without volumes. */
vdc_wide vdc_storage_crossed(const vdc_simulation *simulation, bool received);

/* Effects of verbs (models/operation.h), for the table in sim/operations.c. *refusal: why not; the state is then as it was. */
vdc_code vdc_volume_create(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_volume_attach(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_volume_detach(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_volume_resize(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_volume_configure(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_volume_snapshot(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);
vdc_code vdc_volume_delete(vdc_simulation *simulation, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);

/* A volume as it is now. */
typedef struct vdc_volume_view {
    const char *name;            /* "" = none */
    const char *pool;            /* "local" = the disks of the VM's host */
    uint32_t slot, number;       /* its VM, and which of its volumes; VDC_NOWHERE = attached to nobody */
    int64_t size, taken;         /* bytes; taken of its pool, its snapshots' not counted */
    int64_t pinned, snapshots;   /* bytes that its snapshots keep, and their number */
    bool thin, ready;            /* ready: it has got its image */
} vdc_volume_view;
/* The n-th: those of VMs by slot, then those attached to nobody; false beyond the last and where the run has no volumes. */
bool vdc_volume_at(const vdc_simulation *simulation, size_t n, vdc_volume_view *view);

#endif
