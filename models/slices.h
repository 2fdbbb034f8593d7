/* CPU sharing slice by slice: what the engine keeps for a scheduler that gives hosts' threads to VMs in turns.
 *
 * A host whose VMs all have what they want costs nothing: nobody waits, so there is nothing to decide. On a contended host the
 * scheduler says which VMs run now and when it wants to decide again; that instant is one event of the queue, however many VMs and
 * threads the host has, and grants are constant in between as everywhere. Accounts, the ends of work and power are exact
 * integrals over the slices.
 *
 * A VM waits from the instant it is allowed to run and does not until it does: those waits are counted here.
 */
#ifndef VDC_MODELS_SLICES_H
#define VDC_MODELS_SLICES_H

#include "models/datacenter.h"
#include "models/histogram.h"

/* A deadline that passed without what the scheduler had promised. */
typedef struct vdc_missed_deadline {
    uint32_t slot, count;
} vdc_missed_deadline;

typedef struct vdc_slice_host {
    vdc_time since;               /* the last decision */
    vdc_event_handle event;       /* the next one, 0 = none */
    bool contended;               /* since then */
    bool changed;                 /* something but the time */
} vdc_slice_host;

typedef struct vdc_slices {
    vdc_slice_host *hosts;        /* [host] */
    char *host_memory;            /* [host x host_stride] the scheduler's */
    char *vm_memory;              /* [slot x vm_stride] the scheduler's */
    vdc_time *waiting_since;      /* [slot] -1 = it runs or wants nothing */
    size_t host_stride, vm_stride, memory_capacity, waiting_capacity;
    void **memory;                /* scratch: of the entries */
    uint32_t *missed;
    size_t pointer_capacity, missed_capacity;
    vdc_missed_deadline *misses;  /* not yet taken note of by the simulation */
    size_t miss_count, miss_capacity;
    int64_t deadline_misses;
    uint64_t decisions;
    vdc_histogram waits;          /* ns */
    vdc_time longest_wait;
} vdc_slices;

vdc_code vdc_slices_create(vdc_datacenter *datacenter, vdc_diag *diag);
void vdc_slices_destroy(vdc_slices *slices);
/* The VM comes to a host: nothing is remembered of it. */
vdc_code vdc_slices_placed(vdc_datacenter *datacenter, uint32_t slot);
/* It leaves: its wait, if any, is over. */
void vdc_slices_removed(vdc_datacenter *datacenter, uint32_t slot);
/* Grants of the first `count` entries of a host (datacenter->entries, entry_slots) and the next decision. */
vdc_code vdc_slices_share(vdc_datacenter *datacenter, uint32_t host, int64_t capacity, uint32_t count);
/* The next decision is due. */
void vdc_slices_event(vdc_datacenter *datacenter, uint32_t host);

#endif
