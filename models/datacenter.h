/* The datacenter: hosts, the VMs on them, and what they hold, ask for and get at every instant.
 *
 * All changes of state go through the few functions here, which keep the sums per host, the ledgers and the energy
 * in step. Nothing here decides: placement and admission are policies. Rates are constant between events, so
 * the accounts are exact integrals.
 *
 * Who gets how much CPU is decided per host by the sharing policy. As long as a host's VMs together may have no more than it
 * has, everybody gets its ceiling and the host's sums are enough: no VM but the changed one is looked at. Only on a contended
 * host, and only where single grants matter (work-driven VMs, tables per VM, checks, policies that are no fluid sharing),
 * are the shares solved, once an instant however many changes it saw.
 */
#ifndef VDC_MODELS_DATACENTER_H
#define VDC_MODELS_DATACENTER_H

#include "models/cpu_share.h"
#include "models/host.h"
#include "models/ledger.h"
#include "sim/engine/queue.h"

#define VDC_NOWHERE UINT32_MAX

typedef enum vdc_vm_state {
    VDC_VM_FREE,        /* an unused slot */
    VDC_VM_QUEUED,
    VDC_VM_RUNNING,
    /* on a host, with a lifecycle only (models/lifecycle.h) */
    VDC_VM_BUILDING,    /* gets its image */
    VDC_VM_BOOTING,
    VDC_VM_PAUSED,
    VDC_VM_SAVING,      /* its memory goes to disk */
    VDC_VM_BLACKOUT,    /* between two hosts */
    VDC_VM_FAILOVER,    /* its host failed and its standby takes over: on that one's host, not running yet */
    VDC_VM_HELD,        /* no VM but the second part of one that moves, or a standby: promises and executes nothing */
    /* on no host and in no queue */
    VDC_VM_SUSPENDED,
    VDC_VM_STOPPED,
    VDC_VM_DOWN,        /* its host failed; that is not noticed yet, or its host is to come back */
    /* terminal states (accounts.md 5.3) */
    VDC_VM_COMPLETED,
    VDC_VM_REJECTED,
    VDC_VM_FAILED,
    VDC_VM_LOST,
    VDC_VM_EVICTED,
    VDC_VM_DELETED,
    VDC_VM_STATES
} vdc_vm_state;
extern const char *const vdc_vm_state_names[VDC_VM_STATES];

/* Kinds of events in the queue; the subject is a VM slot, a host or a row. */
typedef enum vdc_event_kind {
    VDC_EVENT_VM_END,            /* its load or lifetime ended */
    VDC_EVENT_SEGMENT_END,
    VDC_EVENT_CHECKPOINT_START,
    VDC_EVENT_CHECKPOINT_END,
    VDC_EVENT_QUEUE_TIMEOUT,
    VDC_EVENT_FAILURE,
    VDC_EVENT_RECOVERY,
    VDC_EVENT_CARBON,
    VDC_EVENT_EVICTION,          /* a displaced VM's notice is over */
    VDC_EVENT_HOST_OFF,          /* an empty host's delay is over */
    VDC_EVENT_SLICE,             /* a host's scheduler decides anew */
    VDC_EVENT_BURST_END,         /* a VM has used what it had saved below its limit */
    VDC_EVENT_KINDS              /* from here on: the simulation's parts */
} vdc_event_kind;

/* A live VM is in three parts, so that the life of a plain one (no load, no checkpoints, no rules, no tables per VM) touches few cache
 * lines: what its host's accounts need, one line; its record, of which a departure reads two lines; and details, which only
 * some VMs have. The latter through the accessors below. */
typedef struct vdc_vm {
    int64_t demand, ceiling, nominal;   /* Hz: asked for; allowed; of all its vCPUs where it is */
    int64_t grant, used;                /* Hz given, Hz of it that become progress; kept only where grants matter */
    uint32_t host;                      /* VDC_NOWHERE while it waits */
    uint32_t next, previous;            /* of the host's VMs, or of the waiting ones */
    vdc_event_handle end_event;         /* of its lifetime */
    vdc_event_handle change_event;      /* segment end, checkpoint end */
    uint8_t state;                      /* vdc_vm_state */
    bool work : 1;                      /* progress: work, so its grant moves its end */
    bool checkpointing : 1;
    bool exclusive : 1;                 /* it owns hardware threads */
    bool detailed : 1;                  /* it has details */
    bool reserves : 1;                  /* its host keeps a reservation for it */
    /* of its lifecycle (models/lifecycle.h) */
    bool away : 1;                      /* holds its vCPUs and cannot run */
    bool frozen : 1;                    /* stands still between two hosts: what it asks for is only noted */
    bool taxed : 1;                     /* gives a part of its grant to its migration */
    bool throttled : 1;                 /* is slowed down so that its migration ends */
    bool disk_once : 1;                 /* a second part whose disk is shared: it counts with the first one only */
    bool limited : 1;                   /* its request has a limit on its CPU */
} vdc_vm;

/* How far a VM is along its load. One cache line, which is all that a change of load needs of the details. */
typedef struct vdc_position {
    uint64_t cursor;          /* the segment after the current one, or after the one ahead */
    int64_t segment_demand;   /* Hz of the current one */
    vdc_time left;            /* ns left of it (progress: time) */
    vdc_time elapsed;         /* ns of lifetime used up */
    union {
        vdc_wide work_left;   /* Hz·ns left of it (progress: work) */
        vdc_segment ahead;    /* the next one that lasts and asks for something else (progress: time), where it was seen */
    };
    vdc_time since;           /* the position holds up to here; of the current one only */
    bool active;              /* there is a current segment */
    bool seen;                /* `ahead` holds */
} vdc_position;

/* What a VM has had so far, over all hosts it was on; kept with tables per VM. CPU in core·s (thread seconds of its hosts). */
typedef struct vdc_vm_totals {
    double p_cpu, p_memory, run, used, ready, throttled, idle;
    double moved[VDC_RESOURCES];  /* U of resources whose service is simulated: bytes, operations */
    double fenced, fence_waste, fence_idle, fenced_memory; /* S of cpu, of it beyond what it held, idling; S of memory (byte·s) */
    double reserved;                                       /* of S of cpu: its reservation */
} vdc_vm_totals;

/* What is known of every live VM besides. Five cache lines. */
typedef struct vdc_vm_record {
    vdc_request request;              /* its name belongs to the details */
    uint64_t gpu_devices, numa_nodes; /* what it holds on its host */
    vdc_time queued_at, started_at, first_start;
    int64_t queue_key;
    uint32_t failures;                /* of hosts under it */
    uint32_t last_host;
} vdc_vm_record;

/* What only some VMs need; all zero until somebody writes. */
typedef struct vdc_vm_details {
    _Alignas(64) vdc_position position; /* of VMs with a load or checkpoints */
    vdc_position saved;               /* what a restart begins from */
    char *name;                       /* kept only when tables per VM are written */
    vdc_event_handle checkpoint_event, timeout_event;
    vdc_event_handle eviction_event;  /* it was told to leave */
    uint32_t boot_holds;              /* it is on its host and waits for so many things before it boots (vdc_run_boot) */
    uint32_t cookie;                  /* of core scheduling: who may share a core with it at the same time; 0 = none */
    int64_t forced_idle;              /* Hz of siblings that idle because of it */
    int64_t cookie_fence;             /* Hz fenced for it by core scheduling, beside its reservation */
    int64_t lost;                     /* Hz that it gives to its migration */
    vdc_time waited;                  /* ns in the queue before this stay in it */
    vdc_time checkpoint_interval;     /* the next one */
    vdc_time displacing_until;        /* it waits for VMs that were told to leave by then */
    vdc_vm_totals totals;             /* of the stays on hosts that are over */
} vdc_vm_details;

/* CPU sharing as the scenario's policy does it. */
typedef struct vdc_cpu_sharing {
    void (*share)(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch);
    size_t (*scratch_size)(uint32_t count);
    void (*map)(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry);
    const void *state;
    bool fluid;     /* everybody gets its ceiling when they all fit, else the whole capacity is given out */
    int64_t (*slice)(const void *state, const vdc_cpu_moment *moment); /* NULL: shares are rates that hold until something changes */
    size_t vm_memory, host_memory;
    bool bursts;    /* `map` may give VMs a burst */
} vdc_cpu_sharing;

struct vdc_datacenter;
struct vdc_isolation;
struct vdc_lifecycle;
struct vdc_slices;
struct vdc_bursts;

/* How a host's CPU is divided before it is shared: threads that single VMs own, the rest is the pool. Kept only with isolation. */
typedef struct vdc_region {
    int64_t exclusive;                        /* Hz of owned threads */
    int64_t exclusive_nominal, exclusive_granted; /* Hz of their owners */
    uint32_t cookies;                         /* VMs under core scheduling */
    int64_t cookie_nominal, cookie_granted;   /* Hz of them */
    int64_t forced_idle;                      /* Hz of siblings that idle although others wait */
    int64_t cookie_fence;                     /* Hz that VMs under core scheduling run and keep idle, beside what anybody has reserved */
    int64_t cookie_waste, cookie_idle;        /* Hz of what is fenced for them, reservations included: beyond their sizes; idle */
} vdc_region;

/* Something that keeps granted CPU from becoming progress: SMT, memory pressure, neighbours (models.md 4.1.6, 4.2, 4.5).
 * Multiplies each VM's factor, in [0, 1], by its own; factors[i] belongs to entries[i] (with its grant) in slots[i]. A pure function of the
 * datacenter's state; evaluated whenever the host's grants are solved anew. To ask for that at another time: vdc_datacenter_resolve. False when
 * memory is out. */
typedef struct vdc_efficiency {
    bool (*factors)(const void *context, const struct vdc_datacenter *datacenter, uint32_t host, const vdc_cpu_entry *entries,
                    const uint32_t *slots, uint32_t count, double *factors);
    const void *context;
} vdc_efficiency;

enum { VDC_EFFICIENCIES = 4 };

/* How long a host was in use, for SLA metrics (models.md 4.9). */
typedef struct vdc_host_times {
    vdc_time active, full;               /* ns with a VM; of it with all of its CPU granted; up to now but for what goes on */
    vdc_time active_since, full_since;   /* -1 = it is not so now */
} vdc_host_times;

/* Who is told when a host gets its first VM or loses its last one, and when one without VMs fails or is cordoned (in use) or is up or off again
 * (not in use), or begins to store disks of VMs that are on no host (in use) or stores none any more (not in use). */
typedef struct vdc_occupancy {
    void (*changed)(void *context, uint32_t host, bool in_use);
    void *context;
} vdc_occupancy;

/* What a host is about that is being switched on or off: VDC_HOST_OFF, and draws more than that. */
enum { VDC_SWITCHED = 0, VDC_SWITCHING_OFF, VDC_SWITCHING_ON };

typedef struct vdc_datacenter {
    vdc_hosts hosts;
    vdc_time now;                 /* the clock; set by the run loop only */
    vdc_queue *queue;
    vdc_cpu_sharing sharing;
    vdc_efficiency efficiencies[VDC_EFFICIENCIES]; /* with any of them USED is a flow of its own; with none all that is granted is used */
    uint8_t efficiency_count;
    unsigned serviced;            /* resources (a bit each, not CPU) whose service is simulated: G and U are flows of their own; of the others all
                                   * that is held is given and in use */
    unsigned run_bound;           /* of these, those of which a VM is given all that it holds unless it stands still on its host or is a second part: with a
                                   * lifecycle, all that nobody else serves. Set by vdc_datacenter_setup */
    bool track_vms;               /* ledgers per VM are kept */
    bool track_hosts;             /* ledgers per host are kept */
    bool empty_host_off;          /* an empty host is switched off at once */
    bool down_host_idle;          /* a failed host draws its idle power, else nothing */
    bool checking;                /* hosts that an event touched are listed in `touched` */

    /* VMs, by slot. Slots of finished VMs are used again. */
    vdc_vm *vms;
    vdc_vm_record *records;
    vdc_vm_details *details;      /* see vdc_vm_details_of and vdc_vm_details_known */
    size_t vm_capacity, record_capacity, detail_capacity;
    uint32_t vm_count, vm_free;   /* slots ever used; head of the free list, VDC_NOWHERE when empty */

    /* Per host, beside hosts.account. */
    uint32_t *bound;              /* VMs bound to NUMA nodes; NULL where hosts are not NUMA-aware */
    uint32_t grant_vms_total;     /* on all hosts */
    int64_t *power;               /* pW drawn now; NULL without power models */
    uint8_t *switching;           /* what a host that is off is about; NULL: hosts are not switched */
    vdc_host_times *times;        /* NULL: not kept */
    vdc_occupancy occupancy;
    bool *dirty;
    uint32_t *dirty_hosts;
    size_t dirty_count;
    bool *power_due;              /* what these draw is found out when the instant is over, once for all of its changes; NULL without power models */
    uint32_t *power_due_hosts;
    size_t power_due_count;
    uint32_t *touched;            /* by the current event, when checking; may repeat */
    size_t touched_count, touched_capacity;

    vdc_ledger class_ledger, host_ledger, vm_ledger;

    struct vdc_lifecycle *lifecycle; /* NULL: VMs only start and end; not owned */
    struct vdc_slices *slices;       /* NULL: the sharing policy does not go slice by slice */
    struct vdc_bursts *bursts;       /* NULL: no VM may go beyond its limit for a while */
    struct vdc_isolation *isolation; /* NULL: no isolation; not owned */
    vdc_region *regions;             /* [host]; NULL without isolation */

    /* The volume bound: hosts that what is held needs at least, per resource (policies.md, bounds). */
    int64_t held[VDC_RESOURCES];           /* committed by all hosts together */
    int64_t largest[VDC_RESOURCES];        /* what the largest host can promise: with unequal hosts the bound is a relaxation */
    int64_t needed[VDC_RESOURCES];         /* ceil(held / largest) */
    int64_t hosts_needed, hosts_needed_max;/* the largest of them; its largest value */
    vdc_wide hosts_needed_time;            /* host·ns, up to fleet_since */

    /* The fleet. */
    uint32_t hosts_used, hosts_used_max, hosts_down;
    vdc_wide hosts_used_time;     /* host·ns with a VM, up to fleet_since */
    vdc_wide power_now;           /* pW */
    vdc_wide energy;              /* pW·ns up to fleet_since */
    vdc_wide energy_since_carbon; /* pW·ns since the carbon intensity last changed */
    double carbon_intensity;      /* g/kWh */
    double carbon;                /* g up to the last change of intensity, of the IT load (without PUE) */
    vdc_time fleet_since;
    int64_t running, host_power_offs;
    int64_t gpu_allocated;        /* milli-GPU held */

    /* Scratch for solving a host. */
    vdc_cpu_entry *entries;
    uint32_t *entry_slots;
    double *entry_factors;
    int64_t *entry_forced_idle;
    uint64_t *entry_masks;
    size_t entry_capacity, slot_capacity, factor_capacity, forced_capacity, mask_capacity;
    void *scratch;
    size_t scratch_size;
} vdc_datacenter;

/* `hosts` is taken over. The flags above are to be set before. */
vdc_code vdc_datacenter_setup(vdc_datacenter *datacenter, vdc_diag *diag);
void vdc_datacenter_destroy(vdc_datacenter *datacenter);

/* A slot for a VM that arrived; the request is copied. VDC_NOWHERE when out of memory. */
uint32_t vdc_vm_create(vdc_datacenter *datacenter, const vdc_request *request);
/* The details of a VM, to write them. */
vdc_vm_details *vdc_vm_details_of(vdc_datacenter *datacenter, uint32_t slot);
/* To read them: zeros where it has none. */
extern const vdc_vm_details vdc_vm_no_details;
static inline const vdc_vm_details *vdc_vm_details_known(const vdc_datacenter *datacenter, uint32_t slot) {
    return datacenter->vms[slot].detailed ? &datacenter->details[slot] : &vdc_vm_no_details;
}
/* Gives the slot back. The VM holds nothing any more. */
void vdc_vm_destroy(vdc_datacenter *datacenter, uint32_t slot);

/* What a reservation fences on a host of this class, in Hz: a VM cannot use more than its vCPUs. */
int64_t vdc_reserved_rate(const vdc_request *request, const vdc_host_class *class);
/* Could this host keep the VM's CPU reservation besides those it has promised? (accounts.md I11) */
bool vdc_datacenter_keeps_reservation(const vdc_datacenter *datacenter, uint32_t host, const vdc_request *request);
/* Hz of a NUMA node of the host that no VM owns threads of. */
int64_t vdc_datacenter_node_rate(const vdc_datacenter *datacenter, uint32_t host, uint32_t node);
/* The nodes that the VM, which is on a host, gets its CPU from: those that it is bound to, all for one with a reservation, which is a promise of
 * the whole host. */
uint64_t vdc_datacenter_cpu_nodes(const vdc_datacenter *datacenter, uint32_t slot, int64_t reservation);
/* Commits what the VM asks for on the host. It demands nothing yet. */
vdc_code vdc_datacenter_place(vdc_datacenter *datacenter, uint32_t slot, uint32_t host, uint64_t gpu_devices, uint64_t numa_nodes);
/* Takes everything back; the VM is nowhere. */
void vdc_datacenter_remove(vdc_datacenter *datacenter, uint32_t slot);
/* Moves what the VM's ledger holds of its stay on `host` into its totals and adds it to `finished` (per flow); the ledger starts anew. */
void vdc_datacenter_close_stay(vdc_datacenter *datacenter, uint32_t slot, uint32_t host, vdc_wide finished[VDC_FLOWS]);
/* What the VM asks for from now on, in Hz; capped by its vCPUs. */
void vdc_datacenter_demand(vdc_datacenter *datacenter, uint32_t slot, int64_t demand);
/* Solves the shares of hosts that changed, and finds out what they draw. To be called before the clock moves and before anybody reads single grants. */
vdc_code vdc_datacenter_settle(vdc_datacenter *datacenter, vdc_diag *diag);
/* The part of it about power. To be called before anybody reads the power. */
void vdc_datacenter_settle_power(vdc_datacenter *datacenter);
/* Something that its VMs' grants or factors depend on changed on the host: they are solved anew at the settling. */
void vdc_datacenter_resolve(vdc_datacenter *datacenter, uint32_t host);
/* Keeps host times from now on. False when out of memory. */
bool vdc_datacenter_keep_times(vdc_datacenter *datacenter);
/* A host's times up to now. */
vdc_host_times vdc_datacenter_times(const vdc_datacenter *datacenter, uint32_t host);
/* A host that is off is being switched, or is done with it. datacenter->switching must be there. */
void vdc_datacenter_switching(vdc_datacenter *datacenter, uint32_t host, uint8_t what);
/* A host without VMs fails or comes back. */
void vdc_datacenter_host_state(vdc_datacenter *datacenter, uint32_t host, vdc_host_state state);
/* For isolation: a rate of a host changes by `change`. */
void vdc_datacenter_account(vdc_datacenter *datacenter, uint32_t host, vdc_flow flow, int64_t change);
/* For the lifecycle: a rate of a VM changes, on its host and in its own ledger. */
void vdc_datacenter_account_vm(vdc_datacenter *datacenter, uint32_t slot, vdc_flow flow, int64_t change);
/* For the lifecycle: what is held of a resource by all hosts together changes. */
void vdc_datacenter_held(vdc_datacenter *datacenter, vdc_resource resource, int64_t change);
/* For the lifecycle: what VMs may share on the host became more or less. */
void vdc_datacenter_pool_changed(vdc_datacenter *datacenter, uint32_t host);
/* For the lifecycle: the VM's limit is another one from now on. */
void vdc_datacenter_limit_changed(vdc_datacenter *datacenter, uint32_t slot);
/* For what serves a resource beside the CPU: the VM is given `change` more of it where it is, and uses it. */
void vdc_datacenter_serve(vdc_datacenter *datacenter, uint32_t slot, vdc_resource resource, int64_t change);
/* For the lifecycle: the VM has no use of what it holds of datacenter->run_bound, because it stands still, or has it again. */
void vdc_datacenter_stand(vdc_datacenter *datacenter, uint32_t slot, bool stands);
/* Of what it was given there, so much (rate x ns) was of no use after all. */
void vdc_datacenter_unused(vdc_datacenter *datacenter, uint32_t slot, vdc_resource resource, vdc_wide amount);
/* For isolation: the VM, which asks for nothing yet, owns threads of `change` Hz on its host, or gives them back (negative). */
void vdc_datacenter_fence_threads(vdc_datacenter *datacenter, uint32_t slot, int64_t change);
/* For isolation: the VM, which asks for nothing yet, shares cores only with equal cookies; 0 = with all that have none. */
void vdc_datacenter_core_schedule(vdc_datacenter *datacenter, uint32_t slot, uint32_t cookie);
/* The shares of a host's pool under core scheduling (models/core_scheduling.c): grants of entries[0..count), and in forced_idle[i] what
 * must idle because of each. */
vdc_code vdc_core_scheduling_share(vdc_datacenter *datacenter, uint32_t host, int64_t capacity, uint32_t count, int64_t *forced_idle);
/* Brings the fleet's integrals up to the clock. */
void vdc_datacenter_advance_fleet(vdc_datacenter *datacenter);
/* Brings every ledger up to the clock: at ticks. */
void vdc_datacenter_advance_ledgers(vdc_datacenter *datacenter);
/* The carbon intensity changes now, g/kWh. */
void vdc_datacenter_carbon(vdc_datacenter *datacenter, double intensity);
/* Grams up to now, of the IT load. */
double vdc_datacenter_carbon_grams(const vdc_datacenter *datacenter);

/* A VM's progress (models/progress.c). Begins or resumes from its saved position; schedules its events. */
vdc_code vdc_progress_begin(vdc_datacenter *datacenter, uint32_t slot);
/* A segment or checkpoint of the VM ended or begins. *ended = true when its load is over and it has no lifetime. */
vdc_code vdc_progress_event(vdc_datacenter *datacenter, uint32_t slot, vdc_event_kind kind, bool *ended);
/* The rate of its progress changed from `old` to what vm->used says now (progress: work). */
vdc_code vdc_progress_granted(vdc_datacenter *datacenter, uint32_t slot, int64_t old);
/* What it asks for now by its load, in Hz; while it boots, what booting asks for. */
int64_t vdc_progress_demand(const vdc_datacenter *datacenter, uint32_t slot);
/* It stands still on its host: its events wait, its load and lifetime with them; and goes on. */
void vdc_progress_pause(vdc_datacenter *datacenter, uint32_t slot);
vdc_code vdc_progress_continue(vdc_datacenter *datacenter, uint32_t slot);
/* Its progress is brought up to the clock. */
void vdc_progress_catch_up(vdc_datacenter *datacenter, uint32_t slot);
/* It is taken down in order: it will begin again where it is now. */
void vdc_progress_save(vdc_datacenter *datacenter, uint32_t slot);
/* It begins to boot: its lifetime runs, its load waits; and has booted. */
vdc_code vdc_progress_boot(vdc_datacenter *datacenter, uint32_t slot);
vdc_code vdc_progress_booted(vdc_datacenter *datacenter, uint32_t slot);
/* ns of its lifetime that are lost when it is taken off its host now: all that it has had or, when it is to begin again, those since its
 * last checkpoint. */
vdc_time vdc_progress_lost(const vdc_datacenter *datacenter, uint32_t slot, bool restart);
/* Processes up to `most` of the next events, where they are changes of plain loads that are due together at the clock's instant: *done of them,
 * 0 where there are none. The same as taking them out of the queue one by one and giving them to vdc_progress_event, at a fraction of the time. */
vdc_code vdc_progress_together(vdc_datacenter *datacenter, uint64_t most, uint64_t *done);
/* Fetches into the caches what the next changes of load will touch, where many are due at this instant. A hint. */
void vdc_progress_fetch(const vdc_datacenter *datacenter);
/* It stops running: cancels its events and forgets what was not saved. */
void vdc_progress_stop(vdc_datacenter *datacenter, uint32_t slot);

/* Does a VM in this state hold a place on a host? */
static inline bool vdc_vm_state_is_on_host(vdc_vm_state state) { return state >= VDC_VM_RUNNING && state <= VDC_VM_HELD; }
/* Does it exist but is neither on a host nor in the queue? */
static inline bool vdc_vm_state_is_off(vdc_vm_state state) { return state == VDC_VM_SUSPENDED || state == VDC_VM_STOPPED; }

static inline int64_t vdc_least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* `span` after `now`, never beyond the end of time. */
static inline vdc_time vdc_later(vdc_time now, vdc_time span) {
    return span > VDC_TIME_MAX - now ? VDC_TIME_MAX : now + span;
}

#endif
