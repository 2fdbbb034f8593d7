/* The policy contract: what a policy is, what it may see and what it decides.
 *
 * A policy is a static const descriptor. It gets a const view and returns a decision; the engine checks the decision
 * and applies it. It changes no state but its own, does no I/O and has no globals. Built-in policies are rows of
 * schedulers/registry.c; plug-ins are shared objects that see only this contract (vdcsim_policy.h is this header and the
 * plain-data headers below in one file) and export `const vdc_policy vdc_policy_plugin`.
 *
 * NULL hooks get the engine's default. A score policy is `score` alone: the engine finds the extremum by scan or
 * index, whichever is faster, with the same result bit for bit.
 */
#ifndef VDC_SCHEDULERS_POLICY_H
#define VDC_SCHEDULERS_POLICY_H

#include "models/cpu_share.h"
#include "models/gpu_mix.h"
#include "models/request.h"
#include "sim/base/option.h"

#define VDC_POLICY_ABI 2

struct vdc_diag;
struct vdc_plan;

/* The first four are a scenario's `schedulers`; the others are parts of rebalancing. */
typedef enum vdc_policy_kind {
    VDC_ADMISSION, VDC_PLACEMENT, VDC_CPU_SHARING, VDC_REBALANCE, VDC_DETECTION, VDC_SELECTION, VDC_POLICY_KINDS
} vdc_policy_kind;
#define VDC_SCHEDULERS ((int)VDC_REBALANCE + 1)

/* A class of equal hosts, as policies see it. Capacities include overcommit. */
typedef struct vdc_host_class_view {
    int64_t capacity[VDC_RESOURCES];
    int64_t physical[VDC_RESOURCES];  /* without overcommit */
    int64_t speed;                    /* Hz of one hardware thread */
    uint16_t numa_nodes;              /* 0 when hosts are not NUMA-aware in this run */
    uint16_t gpus;
    uint32_t gpu_model;               /* interned name, 0 = none; see vdc_gpu_model_accepted */
    double power_idle, power_max;     /* W; 0 without a power model */
    const void *power;                /* opaque, for view->power */
} vdc_host_class_view;

/* One host's state: what `score` sees. */
typedef struct vdc_host_view {
    uint32_t id;
    uint32_t class_id;
    const vdc_host_class_view *class_view;
    int64_t free[VDC_RESOURCES];      /* what can still be promised, overcommit included */
    uint32_t vms;                     /* VMs that hold something here */
    int64_t granted;                  /* Hz granted at this instant */
    const int32_t *gpu_free;          /* milli-GPU free of each device, or NULL */
    const int64_t *numa_free;         /* [node][2]: milli-vCPU and bytes free of each NUMA node, or NULL */
    /* Where it is known what the VMs ask for (they run and are to move): the host's CPU load as a share of what it has, without
     * and with the VM. */
    bool load_known;
    double load, load_with;
} vdc_host_view;

/* What a score depends on besides the request's sizes and devices and the host's class: scores are remembered as long as
 * nothing of this changes. 0 in a descriptor means VDC_DEPENDS_FREE. */
enum {
    VDC_DEPENDS_FREE = 1,     /* free[] */
    VDC_DEPENDS_VMS = 2,      /* vms */
    VDC_DEPENDS_GRANTED = 4,  /* granted */
    VDC_DEPENDS_DEVICES = 8,  /* gpu_free, numa_free */
    VDC_DEPENDS_TIME = 16,    /* the clock */
    VDC_DEPENDS_FLEET = 32,   /* anything of other hosts */
    VDC_DEPENDS_HOST = 64,    /* the host's id or its own history */
    VDC_DEPENDS_REQUEST = 128 /* anything of the request but size[], gpu_count, gpu_milli, gpu_models and numa_nodes */
};

/* How a score moves when one free[] of the host grows and all else stays; lets the engine bound whole groups of hosts
 * without asking. It must hold for the rounded doubles: a sum of products and quotients with non-negative factors does. */
typedef enum vdc_monotone {
    VDC_MONOTONE_NONE,
    VDC_MONOTONE_FALLS,       /* never larger: best-fit */
    VDC_MONOTONE_RISES        /* never smaller: worst-fit */
} vdc_monotone;

/* A placement: the host and, where it matters, the devices on it. Zero masks let the engine choose its default
 * (GPUs: the feasible device with the least free share, lowest index; NUMA: the lowest feasible node). */
typedef struct vdc_decision {
    int64_t host;
    uint64_t gpu_devices;     /* bit mask */
    uint64_t numa_nodes;      /* bit mask */
} vdc_decision;

/* The engine as a placement policy sees it. All arrays are indexed by host id and read-only. */
typedef struct vdc_view vdc_view;
struct vdc_view {
    size_t view_size;                          /* sizeof(vdc_view) of the engine: grows at the end only */
    int64_t now;                               /* ns */
    uint32_t hosts;
    uint32_t classes;
    const vdc_host_class_view *class_views;    /* [classes] */
    const uint16_t *host_class;                /* [hosts] */
    const int64_t *free[VDC_RESOURCES];        /* [hosts]; NULL for a resource that the scenario does not use */
    const uint32_t *vms;                       /* [hosts] VMs that hold something there */
    const uint32_t *rank;                      /* [hosts] tie-break ranks (lower wins), or NULL: host ids */
    /* Would the VM fit on the host now: every resource, every hard rule, host up and not cordoned? */
    bool (*fits)(const vdc_view *view, uint32_t host, const vdc_request *request);
    /* The lowest feasible host with id >= from, -1 when there is none. Cheap (indexed). */
    int64_t (*next_feasible)(const vdc_view *view, const vdc_request *request, uint32_t from);
    /* How many hosts are feasible, and the k-th of them by id (k from 0). */
    uint32_t (*count_feasible)(const vdc_view *view, const vdc_request *request);
    int64_t (*select_feasible)(const vdc_view *view, const vdc_request *request, uint32_t k);
    /* Fills *out with the host's state. */
    void (*host)(const vdc_view *view, uint32_t host, vdc_host_view *out);
    /* Watts of a host of that class at utilisation u in [0, 1]. */
    double (*power)(const vdc_host_class_view *class_view, double utilisation);
    /* A uniform draw in [0, bound) from this policy's own keyed stream. */
    uint64_t (*random)(const vdc_view *view, uint64_t bound);
    void *engine;                              /* the engine's own */
    const vdc_gpu_mix *gpu_mix;                /* the VMs that are typical for the workload, or NULL: not known in advance */
    const char *(*tenant_name)(const vdc_view *view, uint32_t tenant); /* "" for none */
    uint64_t seed;                             /* of the run, for draws that are keyed by what they are about */
    /* How many busy threads' worth of progress the VMs on the host would lose more to each other, were the VM there and busy
     * (models.md 4.5); 0 where no interference is simulated. */
    double (*slowdown)(const vdc_view *view, uint32_t host, const vdc_request *request);
    const uint8_t *host_state;                 /* [hosts] 0 = takes VMs; else cordoned, down or off */
    /* The mean over all hosts of the used share of a resource, 1 - free / capacity; a host that has none of it counts as unused. The sums
     * over the hosts of a class are exact. Cheap (indexed). */
    double (*used_share)(const vdc_view *view, vdc_resource resource);
    int64_t started;                           /* in `placed`: when the VM started (ns); before now where it goes on after a move or a resize */
    bool (*interrupted)(void);                 /* shall the run end early? For policies that wait for something; NULL: never */
};

/* placement */
typedef struct vdc_placement_hooks {
    /* Either: larger is better, NaN counts as -infinity; called for feasible hosts only. `devices` may be filled by
     * policies that depend on devices. A pure function of its arguments. */
    double (*score)(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices);
    unsigned depends;                 /* VDC_DEPENDS_… of score */
    vdc_monotone monotone;            /* of score; VDC_MONOTONE_NONE is always right */
    /* Called once before the scores of a decision, for fleet-wide weights. May be NULL. */
    void (*prepare)(void *state, const vdc_view *view, const vdc_request *request);
    /* Or: anything else. Returns false when it wants no host (the VM waits); the decision must be feasible. */
    bool (*choose)(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision);
    /* Told of every VM that came to or left a host, for policies with a memory. May be NULL. */
    void (*placed)(void *state, const vdc_view *view, const vdc_request *request, uint32_t host);
    void (*released)(void *state, const vdc_view *view, const vdc_request *request, uint32_t host);
    /* Asked after each decision by the engine: NULL, or what made the policy unable to decide (the run stops with it). May be NULL. */
    const char *(*failure)(const void *state);
} vdc_placement_hooks;

/* admission: the order in which waiting VMs are tried, and which of them may be */
typedef enum vdc_verdict {
    VDC_VERDICT_TRY,
    VDC_VERDICT_WAIT,        /* not now: it is passed over and holds up nobody */
    VDC_VERDICT_NEVER        /* it is rejected */
} vdc_verdict;

typedef struct vdc_admission_hooks {
    /* The VM's place in the queue: smaller first, ties in order of queueing. Constant while it waits. NULL = all equal. */
    int64_t (*key)(const void *state, const vdc_request *request);
    /* How many VMs that do not fit may be passed over in one pass before it stops; NULL = 0 (the head blocks the line). */
    uint32_t (*skip)(const void *state);
    /* When given, the VMs of equal key form a line of their own, in order of queueing, whose head holds up nobody else. The line
     * with the smallest turn is tried next, ties to the smallest key; asked anew after each placement. `skip` does not count then. */
    double (*turn)(const void *state, int64_t key);
    /* May the VM be tried now? NULL = all may. */
    vdc_verdict (*admit)(void *state, const vdc_view *view, const vdc_request *request);
    /* The first VM of a pass for which there is no host. */
    void (*blocked)(void *state, const vdc_view *view, const vdc_request *request);
    /* May a VM that comes after the blocked one in the same pass go to this host? Asked only of hosts with room. */
    bool (*allows)(const void *state, const vdc_view *view, uint32_t host, const vdc_request *request);
    /* Told of every VM that came to a host, with the devices that it holds there, or left one. */
    void (*placed)(void *state, const vdc_view *view, const vdc_request *request, const vdc_decision *decision);
    void (*released)(void *state, const vdc_view *view, const vdc_request *request, uint32_t host);
    /* As of placement policies. */
    const char *(*failure)(const void *state);
} vdc_admission_hooks;

/* cpu sharing: one host's runnable VMs (vdc_cpu_entry: models/cpu_share.h) */
typedef struct vdc_cpu_hooks {
    /* Sets ceiling and grant of each entry: sum of grants = min(capacity, sum of ceilings) for a work-conserving policy.
     * `scratch` holds at least scratch_size(count) bytes. Entries come in ascending id. */
    void (*share)(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch);
    size_t (*scratch_size)(uint32_t count);
    /* True (the usual case): when the ceilings' sum is within capacity everybody gets its ceiling min(demand, limit,
     * nominal), so the engine need not ask. */
    bool fluid;
    /* Parameters of a VM on this front-end (weight, reservation, limit); NULL = as in the request. */
    void (*map)(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry);
    /* A scheduler that goes slice by slice gives this besides `share`, which then says what it comes to in the long run. It is asked on
     * contended hosts only (the ceilings' sum exceeds the capacity; `fluid` must be true, so elsewhere everybody has its ceiling):
     * when something changed there, and at the instant that it named itself. Sets ceiling and grant of each entry, the
     * grants' sum being the capacity, and returns after how many ns (at least 1) it wants to decide anew, INT64_MAX = when
     * something changes. Time passes between calls only; what VMs ran since the last one is their grant x (now - since), exactly. */
    int64_t (*slice)(const void *state, const vdc_cpu_moment *moment);
    size_t vm_memory, host_memory;   /* bytes that it remembers of a VM and of a host */
    /* ns that a VM runs at a time when others wait: what dispatch latency is reckoned from (models.md 4.1.5). NULL = not said. */
    int64_t (*quantum)(const void *state);
    int64_t weight_most;             /* the largest weight that a VM may give; 0 = any */
    /* Does `map` give bursts with these parameters? Not with `slice`. NULL = no. */
    bool (*bursts)(const void *state);
} vdc_cpu_hooks;

/* rebalance: which running VMs move where, asked once every interval. */
typedef struct vdc_vm_view {
    const vdc_request *request;  /* NULL: no VM on a host */
    uint32_t host;               /* where it runs or, when it is on its way, where it goes */
    bool movable;                /* it may be moved now */
    int64_t demand;              /* Hz that it asks for now */
    int64_t nominal;             /* Hz of all its vCPUs where it is */
    int64_t bytes;               /* what a migration has to move */
    int64_t age;                 /* ns since it first started */
    bool arriving;               /* it is on its way to `host`: policies have not been told yet that it came there */
} vdc_vm_view;

/* Arrays are read-only and hold during the call. */
typedef struct vdc_fleet_view vdc_fleet_view;
struct vdc_fleet_view {
    size_t fleet_size;             /* sizeof(vdc_fleet_view) of the engine: grows at the end only */
    const vdc_view *view;          /* the hosts, as placement policies see them; view->now is the clock */
    int64_t interval;              /* ns from one round to the next */
    uint32_t slots;                /* of VMs; a slot may be empty */
    const vdc_vm_view *vms;        /* [slots] */
    const uint32_t *first;         /* [hosts + 1] the VMs of host h are on[first[h]] to on[first[h + 1] - 1], in order of coming */
    const uint32_t *on;            /* slots by host */
    const int64_t *demand;         /* [hosts] Hz that the VMs of a host ask for together */
    const int64_t *capacity;       /* [hosts] Hz that it has */
    /* What a VM asked for at the last samplings, Hz, oldest first, the present one included; at most as many as `window` says. */
    const double *(*history)(const vdc_fleet_view *fleet, uint32_t vm, uint32_t *samples);
    /* May the VM come to the host as things stand: room, rules, devices, host up? */
    bool (*allows)(const vdc_fleet_view *fleet, uint32_t vm, uint32_t host);
    double (*migration)(const vdc_fleet_view *fleet, uint32_t vm); /* s that a migration of it takes about */
    bool (*asleep)(const vdc_fleet_view *fleet, uint32_t host);    /* it is switched off, and may be switched on */
    void *engine;                  /* the engine's own */
};

/* A VM that is to move, or (VM slot UINT32_MAX) a host that is to be switched on. */
typedef struct vdc_relocation {
    uint32_t vm, host;
} vdc_relocation;
#define VDC_SWITCH_ON UINT32_MAX

/* The state of a policy that decides begins with this. */
typedef struct vdc_rebalance_head {
    int64_t interval;          /* ns from one round to the next, > 0 */
} vdc_rebalance_head;

typedef struct vdc_rebalance_hooks {
    /* Names moves, to begin now in this order: points *moves at them (valid until the next call) and returns how many, or -1 without
     * memory or after a failure of the policy in `plan`. A move that the engine refuses (no room any more, a rule, too many at a time) is left
     * out. NULL = nothing ever moves. */
    int64_t (*decide)(void *state, const vdc_fleet_view *fleet, const vdc_relocation **moves);
    uint32_t (*window)(const void *state);   /* samples of each VM's demand that it looks at; NULL = none */
    /* The plan that it works on: the placement policy inside is told of every VM that comes to or leaves a host, and what makes it unable to
     * decide ends the run. NULL = there is none. */
    struct vdc_plan *(*plan)(void *state);
} vdc_rebalance_hooks;

/* detection: is a host asked for too much CPU, or about to be? */
typedef struct vdc_host_load {
    double load;               /* what its VMs ask for as a share of what it has; more than 1 when they ask for more */
    const double *history;     /* the same at each sampling, oldest first, the present one included: what the VMs that are on it now
                                  asked for then, wherever they were */
    uint32_t samples;
    double migration;          /* sampling intervals that the slowest migration among its VMs takes */
} vdc_host_load;

typedef struct vdc_detection_hooks {
    /* A pure function of its arguments. */
    bool (*overloaded)(const void *state, const vdc_host_load *host);
    uint32_t (*window)(const void *state); /* samples that it looks at; NULL = none */
} vdc_detection_hooks;

/* selection: which VM is to leave a host */
typedef struct vdc_vm_load {
    double usage;              /* CPU that it asks for as a share of its size */
    double bytes;              /* what a migration has to move */
    const double *history;     /* what it asked for at each sampling, oldest first, the present one included; in any one unit */
    uint32_t samples;
} vdc_vm_load;

enum { VDC_SELECTED_NONE = -1, VDC_SELECTED_NO_MEMORY = -2 };

typedef struct vdc_selection_hooks {
    /* The index of the VM; ties to the first. `vms` are in order of coming to the host, count >= 1. */
    int64_t (*select)(void *state, const vdc_view *view, const vdc_vm_load *vms, uint32_t count);
    uint32_t (*window)(const void *state); /* samples that it looks at; NULL = none */
} vdc_selection_hooks;

typedef struct vdc_policy {
    uint32_t abi;              /* VDC_POLICY_ABI */
    vdc_policy_kind kind;
    const char *name;
    const char *summary;       /* one line */
    const char *source;        /* paper or system */
    const vdc_param *params;
    size_t param_count;
    /* The state begins with the parameters (offsets of the table are into it); the rest is zeroed. */
    size_t state_size;
    /* Checks parameters and sets up; returns NULL or a text that says what is wrong (valid until fini). May be NULL. */
    const char *(*init)(void *state, const vdc_view *view);
    void (*fini)(void *state);
    /* Built-in policies with nested parameters: reads them once the table's own are in the state, with every error added to diag;
     * returns a vdc_code. close undoes it, also after a failure and without init. May be NULL. */
    int (*read)(void *state, struct vdc_diag *diag);
    void (*close)(void *state);
    union {
        vdc_placement_hooks placement;
        vdc_admission_hooks admission;
        vdc_cpu_hooks cpu;
        vdc_rebalance_hooks rebalance;
        vdc_detection_hooks detection;
        vdc_selection_hooks selection;
    };
} vdc_policy;

#endif
