/* The memory of hosts: what VMs touched, what of it is resident, and what the hypervisor takes back when it runs short (models.md 4.2).
 *
 * A VM of M bytes has touched F of them and works with W: F is resident, ballooned, swapped out or saved by sharing equal pages,
 * M = resident + ballooned + swapped + shared + untouched. A host reclaims when less than `low` of its memory is free until `high` is: by
 * sharing, then by ballooning, then by swapping, down to targets that the CPU's solver finds: the shares of memory, by weight, with the
 * working sets as floors where they fit; idle memory is taxed. When there is room again it goes the other way. Memory moves in steps
 * of `interval`, and only on hosts where some is to move: a host with enough memory has no events and its VMs' changes cost O(1).
 *
 * A VM whose working set is not resident faults and waits: its progress is grant x 1 / (1 + faults x latency).
 */
#ifndef VDC_MODELS_MEMORY_H
#define VDC_MODELS_MEMORY_H

#include "models/checks.h"

/* Section `memory` of a scenario. */
typedef struct vdc_memory_settings {
    double low, high;              /* shares of a host's memory: reclaims below the one until the other is free */
    double dedup;                  /* share of touched memory that equal pages save at most */
    int64_t balloon_rate;          /* B/s a VM, up and down, of balloons and of swapping ahead of need */
    double balloon_floor;          /* share of its memory that a balloon leaves a VM */
    double idle_tax;               /* 0..1 */
    double fault_rate;             /* faults per CPU-second of a VM of whose working set nothing is resident */
    vdc_time swap_latency;         /* ns a fault */
    vdc_time interval;             /* ns between steps */
} vdc_memory_settings;

typedef struct vdc_memory_vm {
    int64_t size, touched, working_set, reservation, shares;
    int64_t resident, ballooned, swapped, shared;
    int64_t useful;                /* of the resident: booked as U */
    bool present;
} vdc_memory_vm;

typedef struct vdc_memory_host {
    int64_t resident, reclaimed;   /* sums over its VMs; reclaimed: ballooned, swapped and shared */
    vdc_time since;                /* memory has moved up to here */
    vdc_time swap_latency;         /* ns a fault, 0 = the settings' */
    vdc_event_handle event;        /* its next step */
    int64_t offered;               /* B/s of swap traffic that its disks were last told of */
    bool moving;                   /* towards its targets */
    bool looks;                    /* its next step only looks at what its VMs read from swap */
} vdc_memory_host;

typedef struct vdc_memory {
    vdc_datacenter *datacenter;
    vdc_memory_settings settings;
    int64_t idle_price_ppm;        /* 1 / (1 - idle tax): what an idle page costs against a used one */
    vdc_memory_vm *vms;            /* [slot] */
    size_t vm_capacity;
    vdc_memory_host *hosts;        /* [host] */
    /* The step of a host is wanted at this time; gives back a code. */
    vdc_code (*schedule)(void *context, uint32_t host, vdc_time time, vdc_event_handle *handle);
    /* Swap traffic of a host changes to this many bytes per second: for the disks. May be NULL. With it, a host whose VMs fault is looked at in every
     * `interval`, for their grants may have changed. */
    vdc_code (*traffic)(void *context, uint32_t host, int64_t bytes_per_second);
    /* There is one more pending event (or less) that keeps no run alive. With `traffic`. */
    void (*background)(void *context, int change);
    void *context;
    /* The fleet: bytes now, and byte·ns up to `fleet_since`. */
    int64_t ballooned, swapped, shared;
    vdc_wide ballooned_time, swapped_time, shared_time;
    vdc_time fleet_since;
    int64_t swapped_out, swapped_in; /* bytes moved so far */
    uint64_t steps;
    /* Scratch of a host: its VMs. */
    uint32_t *slots;
    vdc_cpu_entry *entries;
    void *scratch;
    size_t slot_capacity, entry_capacity, scratch_size;
} vdc_memory;

vdc_code vdc_memory_create(vdc_memory **memory, vdc_datacenter *datacenter, const vdc_memory_settings *settings, vdc_diag *diag);
void vdc_memory_destroy(vdc_memory *memory);
/* The factor that missing memory leaves of a VM's progress. */
vdc_efficiency vdc_memory_model(const vdc_memory *memory);
/* A VM has come to its host and has touched so much of its memory; it works with `working_set` of that, and `reservation` is never taken back. */
vdc_code vdc_memory_arrive(vdc_memory *memory, uint32_t slot, int64_t touched, int64_t working_set, int64_t reservation);
/* It has another size: what is in its balloon, swapped out or shared stays so. */
vdc_code vdc_memory_resize(vdc_memory *memory, uint32_t slot, int64_t touched, int64_t working_set);
/* It touches or works with more or less from now on. */
vdc_code vdc_memory_change(vdc_memory *memory, uint32_t slot, int64_t touched, int64_t working_set);
/* It is about to leave its host. */
vdc_code vdc_memory_leave(vdc_memory *memory, uint32_t slot);
/* The host's step is due. */
vdc_code vdc_memory_step(vdc_memory *memory, uint32_t host);
/* A disk says how long a fault of the host takes from now on. */
void vdc_memory_latency(vdc_memory *memory, uint32_t host, vdc_time latency);
/* Brings the fleet's integrals up to the clock. */
void vdc_memory_advance(vdc_memory *memory);
/* I12 of every host and VM, recounted. */
void vdc_memory_check(const vdc_memory *memory, vdc_checks *checks);

#endif
