/* What a VM's life adds to its account besides running: who is at any instant queued, booting, paused, stopped, …, and what it holds
 * meanwhile (accounts.md 5.3).
 *
 * Kept only where VMs can be operated on, moved or booted; without it nothing here costs anything. Every VM is in exactly one account at
 * any instant; its vCPUs x time add up over the accounts to its vCPUs x the time since it arrived (I4), whatever hosts it was on. On a host
 * the ledgers say the same in Hz: what it holds and cannot run is the flow VDC_FLOW_AWAY.
 *
 * A VM that moves has a second part: a slot of its own on the other host (state VDC_VM_HELD) with the VM's promises and guarantees, which
 * executes nothing. A VM that is stopped has its disk stored on its host: space without a slot.
 */
#ifndef VDC_MODELS_LIFECYCLE_H
#define VDC_MODELS_LIFECYCLE_H

#include "models/datacenter.h"

/* Where a VM's vCPU time goes. */
typedef enum vdc_account {
    VDC_ACCOUNT_PENDING,    /* waits for a host: since it arrived, was displaced, or was asked to start again */
    VDC_ACCOUNT_DOWN,       /* waits for a host since its own failed */
    VDC_ACCOUNT_BOOT,       /* gets its image or boots */
    VDC_ACCOUNT_RUN,        /* run, ready, throttled or idle */
    VDC_ACCOUNT_PAUSED,     /* in memory and not running: paused, or being saved */
    VDC_ACCOUNT_BLACKOUT,   /* between two hosts */
    VDC_ACCOUNT_SUSPENDED,  /* saved to disk */
    VDC_ACCOUNT_STOPPED,
    VDC_ACCOUNTS
} vdc_account;
extern const char *const vdc_account_names[VDC_ACCOUNTS]; /* "pending", … */

typedef struct vdc_vm_lifecycle {
    vdc_account account;
    vdc_time since;                    /* spent holds up to here */
    vdc_wide spent[VDC_ACCOUNTS];      /* milli-vCPU·ns */
    vdc_wide size_time;                /* milli-vCPU·ns it existed, up to size_since: kept apart from the accounts, as their check */
    vdc_time size_since;
    uint32_t other;                    /* its second part, or of a second part its VM; VDC_NOWHERE = none */
    uint32_t stored_on;                /* the host with its disk while it is on none; VDC_NOWHERE = none */
    int64_t stored;                    /* bytes there */
    int64_t wanted;                    /* Hz that it would ask for, while it is frozen */
    vdc_wide missed;                   /* Hz·ns it wanted while frozen, up to missed_since */
    vdc_time missed_since;
    vdc_time end_left, change_left, checkpoint_left; /* ns until these events when it was paused; -1 = not pending */
    vdc_event_handle operation_event;  /* the next of its own operations */
    vdc_event_handle phase_event;      /* the end of what it is doing: image, boot, saving */
    uint32_t next_operation;
    uint32_t migration;                /* of the migrations in flight; VDC_NOWHERE = none */
    bool saved_image;                  /* it comes back from an image of its memory, not by booting */
    uint32_t boots;                    /* how often it began to boot */
    uint32_t failures;                 /* of hosts under it, when it last began to wait */
    vdc_time fetch;                    /* ns until its disk is where it was placed */
    int64_t tax_ppm;                   /* what it gives to its migration, in millionths of what it is granted */
    int64_t throttle;                  /* % of its CPU taken away so that its migration ends */
    int64_t boot_demand;               /* Hz while it boots */
} vdc_vm_lifecycle;

typedef struct vdc_lifecycle {
    vdc_vm_lifecycle *vms;             /* [slot] */
    size_t capacity;
    int64_t rate[VDC_ACCOUNTS];        /* milli-vCPU of the VMs in each account */
    vdc_wide spent[VDC_ACCOUNTS];      /* milli-vCPU·ns of all VMs, up to `since` */
    vdc_time since;
    vdc_wide left[VDC_ACCOUNTS];       /* the part of VMs that are gone */
    vdc_wide left_size_time;
    uint32_t held;                     /* second parts */
    int64_t *stored;                   /* [host] bytes of disk of VMs that are on no host */
    int64_t *overhead;                 /* [host] Hz that hypervisors use for migrations */
    uint32_t *taxed;                   /* [host] VMs that give a part of their grant to their migration */
    vdc_wide missed;                   /* Hz·ns wanted and not had in blackouts, of those that are over */
} vdc_lifecycle;

vdc_code vdc_lifecycle_create(vdc_lifecycle **lifecycle, uint32_t hosts, vdc_diag *diag);
void vdc_lifecycle_destroy(vdc_lifecycle *lifecycle);

/* A VM exists from now on. False when memory is out. */
bool vdc_lifecycle_arrive(vdc_datacenter *datacenter, uint32_t slot);
/* It is gone for good; it is on no host and stores nothing. */
void vdc_lifecycle_leave(vdc_datacenter *datacenter, uint32_t slot);
/* Its time goes into this account from now on. */
void vdc_lifecycle_enter(vdc_datacenter *datacenter, uint32_t slot, vdc_account account);
/* Its size is about to become this many milli-vCPU. */
void vdc_lifecycle_resize(vdc_datacenter *datacenter, uint32_t slot, int64_t milli);
/* Brings the fleet's sums up to the clock. */
void vdc_lifecycle_advance(vdc_datacenter *datacenter);
/* milli-vCPU·ns in an account up to now, over all VMs that ever were. */
vdc_wide vdc_lifecycle_spent(const vdc_datacenter *datacenter, vdc_account account);
/* The same of one VM. */
vdc_wide vdc_lifecycle_vm_spent(const vdc_datacenter *datacenter, uint32_t slot, vdc_account account);

/* Keeps so many bytes of disk on a host for a VM that is on none, as far as hosts have disks. False when there is no room. */
bool vdc_lifecycle_store(vdc_datacenter *datacenter, uint32_t slot, uint32_t host, int64_t bytes);
void vdc_lifecycle_release(vdc_datacenter *datacenter, uint32_t slot);

/* A VM on a host cannot run from now on though it holds its vCPUs, or can again. Its demand must be 0. */
void vdc_lifecycle_set_away(vdc_datacenter *datacenter, uint32_t slot, bool away);
/* It stands still between two hosts, or goes on: what it asks for meanwhile is noted and not had. */
/* What it asks for while it is frozen. Called by the datacenter. */
void vdc_lifecycle_want(vdc_datacenter *datacenter, uint32_t slot, int64_t demand);
void vdc_lifecycle_freeze(vdc_datacenter *datacenter, uint32_t slot);
void vdc_lifecycle_thaw(vdc_datacenter *datacenter, uint32_t slot);

/* The second part of a VM on another host: promises all that `request` asks for there, with the devices given, and executes nothing.
 * `guarantees`: with its isolation wishes (a place to run on), else memory that is only still there. `disk_once`: its disk has room there and is
 * no allocation of its own, because both parts share one. *part is its slot. */
vdc_code vdc_lifecycle_hold(vdc_datacenter *datacenter, uint32_t slot, const vdc_request *request, uint32_t host, uint64_t gpu_devices,
                            uint64_t numa_nodes, bool guarantees, bool disk_once, uint32_t *part);
/* What its ledger holds becomes the VM's; it stays. */
void vdc_lifecycle_fold(vdc_datacenter *datacenter, uint32_t slot, vdc_wide finished[VDC_FLOWS]);
/* Gives it back; what its ledger holds becomes the VM's. */
void vdc_lifecycle_drop(vdc_datacenter *datacenter, uint32_t slot, vdc_wide finished[VDC_FLOWS]);

/* Hz that migrations use on a host change; not more than reservations and owned threads leave. Returns what really changed. */
int64_t vdc_lifecycle_overhead(vdc_datacenter *datacenter, uint32_t slot, uint32_t host, int64_t change);
/* The VM loses these millionths of what it is granted to its migration; 0 = nothing. */
void vdc_lifecycle_tax(vdc_datacenter *datacenter, uint32_t slot, int64_t ppm);
/* Its CPU is limited to (100 - percent) % so that its migration ends. */
void vdc_lifecycle_throttle(vdc_datacenter *datacenter, uint32_t slot, int64_t percent);

#endif
