/* The inside of a simulation: shared by assembly (simulation.c), the run loop (run.c) and the results (results.c). */
#ifndef VDC_SIM_SIMULATION_H
#define VDC_SIM_SIMULATION_H

#include "models/burst.h"
#include "models/checks.h"
#include "models/datacenter.h"
#include "models/fabric.h"
#include "models/gpu_fragmentation.h"
#include "models/histogram.h"
#include "models/interference.h"
#include "models/io_profile.h"
#include "models/isolation.h"
#include "models/memory_load.h"
#include "models/slices.h"
#include "models/smt.h"
#include "models/wait_queue.h"
#include "schedulers/preemption.h"
#include "schedulers/registry.h"
#include "schedulers/search.h"
#include "sim/base/random.h"
#include "sim/record/record.h"
#include "sim/scenario/scenario.h"
#include "sim/vdcsim.h"
#include "workloads/series.h"
#include "workloads/workload.h"

/* Counters of a tick, emptied when its row is written. */
typedef struct vdc_tick_counts {
    int64_t arrivals, placed, rejected, completed, migrations;
} vdc_tick_counts;

/* The ids of VMs that are alive, so that a second use is noticed. Only kept from the first id on that is not
 * larger than all before it: ascending ids cannot repeat. */
typedef struct vdc_live_ids {
    int64_t largest;     /* that there has been */
    bool hashed;
    int64_t *table;      /* open addressing; VDC_NO_ID = empty */
    size_t size, count;
} vdc_live_ids;

/* Per tenant, for /tenants. */
typedef struct vdc_tenant_totals {
    int64_t arrived, placed, completed, rejected;
    double p_cpu, p_memory, t, used, ready, throttled, idle, wait;
    double fenced, fence_waste, fence_idle, fenced_memory, exposure, reserved, fenced_threads, fenced_dedicated;
} vdc_tenant_totals;

typedef struct vdc_results vdc_results; /* sim/results/ */

/* Optional parts of a simulation (sim/parts/part.h): whoever adds one adds a row here and a file there. */
#define VDC_PARTS(ROW) \
    ROW(hypervisor) ROW(memory) ROW(preemption) ROW(isolation) ROW(attack) ROW(power) ROW(carbon) ROW(gpu) ROW(cost) ROW(lifecycle) ROW(migration) \
    ROW(availability) ROW(maintenance) ROW(failover) ROW(standby) ROW(rebalance) ROW(alarms) ROW(flows) ROW(network) ROW(storage) ROW(fairness)
#define VDC_PART_ID(name) VDC_PART_##name,
typedef enum vdc_part_id { VDC_PARTS(VDC_PART_ID) VDC_PART_COUNT } vdc_part_id;
#undef VDC_PART_ID
typedef struct vdc_part vdc_part;

/* What parts are told of a VM that leaves its host or comes to one. */
typedef enum vdc_transit {
    VDC_TRANSIT_NONE,  /* it goes, or comes anew */
    VDC_TRANSIT_STAYS, /* both at one instant, on one host: it has another request now */
    VDC_TRANSIT_MOVES  /* both at one instant, on two hosts: it goes on, maybe with another request */
} vdc_transit;

/* Something that was done to the run from outside: a change of the scenario, or an operation (sim/journal.h). */
typedef struct vdc_journal_entry {
    uint64_t events;              /* processed before it */
    vdc_time now;
    int deed;                     /* vdc_deed */
    char *text;
} vdc_journal_entry;

typedef struct vdc_journal {
    vdc_journal_entry *entries;
    size_t count, capacity;
} vdc_journal;

/* A VM that joined the queue. */
typedef struct vdc_newcomer {
    int64_t number;
    uint32_t slot;
} vdc_newcomer;

struct vdc_simulation {
    vdc_scenario *scenario;
    vdc_names *tenants, *groups, *gpu_models;

    vdc_datacenter datacenter;
    vdc_isolation_specs wishes;   /* what VMs ask for by way of isolation */
    vdc_memory_loads memory_loads; /* how VMs use their memory over time */
    vdc_interference_profiles profiles; /* how VMs disturb each other */
    vdc_interference interference;
    vdc_io_profiles io;           /* what VMs have on networks and disks */
    vdc_flow_set *flows;          /* NULL: nothing is transferred (sim/parts/flows.h) */
    vdc_fabric fabric;            /* with flows: the hosts, then the storage pools, then the world outside */
    vdc_isolation *isolation;     /* NULL: nobody asks for any */
    uint32_t unbroken;            /* a host that a VM came to, or could have, without breaking a soft rule */
    int64_t penalty_allowed;      /* soft rules: what the host of the VM being placed may break; INT64_MAX: no host is sought */
    vdc_queue *events;
    vdc_wait_queue waiting;
    vdc_policy_instance admission, placement, cpu, rebalance;
    void *parts[VDC_PART_COUNT];              /* each part's own state */
    const vdc_part *present[VDC_PART_COUNT];  /* those that the run has */
    const vdc_part *followers[VDC_PART_COUNT];/* of them, those that are told of every placement */
    int present_count, follower_count;
    vdc_transit transit;                      /* of the VM that leaves its host, or comes to one */
    vdc_code part_failure;                    /* of a part where nothing can be said at once */
    vdc_search *search;

    vdc_source *workload;
    vdc_request next;             /* the next arrival, when there is one */
    bool has_next;
    vdc_time previous_arrival;
    vdc_live_ids ids;

    size_t failure_row;           /* the next row of scenario->failures */
    vdc_stream failure_stream;
    uint32_t *victims;            /* hosts that the current failure hit */
    size_t victim_count;

    vdc_time tick_length, next_tick;
    int64_t tick_number;
    vdc_time fixed_end;           /* VDC_TIME_MAX: by the workload */
    bool end_at_last_arrival;
    bool pass_wanted;
    uint32_t trying;              /* the waiting VM that a host is sought for */
    bool prediction_failed;       /* memory was out when its slowdown was to be predicted */
    vdc_victim *candidates;       /* preemption: those on one host that may be displaced */
    uint32_t *chosen;             /* and those that are */
    size_t candidate_capacity, chosen_capacity;
    int64_t displaced;            /* VMs */
    vdc_wide displaced_work;      /* milli-vCPU·ns lost by them */
    uint64_t passes;              /* over the queue so far */
    bool behind_blocked;          /* those tried now come after one that found no host: the admission policy may keep hosts from them */
    uint32_t due_count, due_slot; /* VMs that wait and have waited as long as they may: the next pass is their last; the latest to be so */
    vdc_newcomer *newcomers;      /* with a limit of the queue: who joined it at `newcomers_at`; some of them have left it again */
    size_t newcomer_count, newcomer_capacity;
    vdc_time newcomers_at;
    bool ended;
    bool (*interrupted)(void);    /* vdc_run_options.interrupted */
    bool broken_off;              /* within an event: the run does not go on */
    bool no_programs;             /* changes may name none (vdc_run_options.programs) */
    bool operable;                /* the caller may operate on VMs (vdc_simulation_operate) */
    size_t pending_operations;    /* pending events of VMs' lives, which keep the run alive: operations, booting, moving */
    vdc_time reached;             /* the run was asked to go this far and did: what is called now happens then */
    vdc_operation_lists operations; /* what is asked of VMs by the workload, and by the scenario */
    uint32_t own_operations;      /* the scenario's list; 0 = none */
    int64_t migrations;           /* begun */
    uint32_t leaving;             /* the host that the VM a host is sought for would leave; VDC_NOWHERE = it is on none */
    size_t standbys_missing;      /* VMs that want a standby and have none */
    uint32_t hosts_coming;        /* hosts on standby that are switched on: whoever waits may get one */
    size_t background_events;     /* pending events that keep no run alive: the next failure, the next carbon value */
    size_t pending_timeouts;
    vdc_time next_retry;          /* when those who wait are tried again, after a release or because a host is clean then; VDC_TIME_MAX: for neither */
    int64_t with_end;             /* running VMs that will end */
    uint32_t witness;             /* one of them that came to something when that was last asked */
    bool starved;                 /* they wait for CPU that they never get: checkpoints are all that is to come */

    uint64_t event_count, placement_count;
    uint64_t events_wanted;       /* where the caller wants to stop: event_count does not go beyond it */
    int64_t placed;               /* VMs placed at least once */
    vdc_population population;
    vdc_histogram waits;
    vdc_tick_counts tick;
    int64_t gpu_arrived;
    vdc_gpu_mix gpu_mix;          /* what VMs are typical for the workload, where hosts have GPUs and it can be known; else empty */
    vdc_gpu_fragmentation fragmentation; /* with gpu_mix */
    vdc_tenant_totals *tenant_totals;
    size_t tenant_capacity;

    vdc_journal journal;
    vdc_scenario **changes;       /* the scenario as it is after each change; policies' parameters lie in them */
    size_t change_count, change_capacity;

    bool starting;                /* the VM that is being placed gets its image and boots: it does not run yet */
    bool check;
    vdc_checks checks;

    vdc_results *results;         /* NULL: nothing is written */
    char *output;
    char digest[VDC_DIGEST_TEXT];
    vdc_value *summary;
    size_t summary_count, summary_capacity;
};

/* datacenter.c */
vdc_code vdc_lay_out_datacenter(vdc_simulation *simulation, vdc_diag *diag);

/* simulation.c */
/* What workload sources are opened with; `capacity` is filled and must outlive it. */
vdc_workload_context vdc_context_of(vdc_simulation *simulation, int64_t capacity[VDC_RESOURCES]);
/* Of that, what follows from a scenario's hosts, policies and end alone, for whoever reads its workload without running it. Nothing in it is to be
 * freed; on failure *context is empty. */
vdc_code vdc_simulation_fleet(const char *path, const vdc_run_options *options, vdc_workload_context *context, int64_t capacity[VDC_RESOURCES],
                              vdc_diag *diag);

/* simulation.c */
/* Makes simulation->search for simulation->placement, by that strategy. */
vdc_code vdc_assemble_search(vdc_simulation *simulation, const char *strategy, vdc_diag *diag);
/* The datacenter shares CPU by simulation->cpu from now on. */
void vdc_share_by(vdc_simulation *simulation);

/* gpu_census.c */
/* Looks through the workload for what is typical; leaves simulation->gpu_mix empty where that cannot be told. */
vdc_code vdc_take_gpu_census(vdc_simulation *simulation, const vdc_workload_context *context, vdc_diag *diag);

/* run.c */
/* Reads the first request and sets up the clocks. */
vdc_code vdc_run_begin(vdc_simulation *simulation, vdc_diag *diag);
/* Processes one event with time <= limit, or several of loads that change together, up to events_wanted. *more = false when there is none
 * left before the limit or the run ended. */
vdc_code vdc_run_step(vdc_simulation *simulation, vdc_time limit, bool *more, vdc_diag *diag);

/* Schedules an event. `handle` may be NULL. */
vdc_code vdc_run_push(vdc_simulation *simulation, vdc_time time, vdc_rank rank, vdc_event_kind kind, uint32_t subject, vdc_event_handle *handle,
                      vdc_diag *diag);
/* A VM that started then, now or before, came to a host, or one left its: tells the policies that keep account of it. */
void vdc_run_placed(vdc_simulation *simulation, const vdc_request *request, const vdc_decision *decision, vdc_time started);
void vdc_run_released(vdc_simulation *simulation, const vdc_request *request, uint32_t host);
/* The state or the free capacity of a host changed: tells those who keep an index over hosts. */
void vdc_run_host_changed(vdc_simulation *simulation, uint32_t host);
/* There is a limit of the queue from now on: notes who joined it at this instant. */
vdc_code vdc_run_limit_queue(vdc_simulation *simulation, vdc_diag *diag);
/* A VM joins the tail of the queue. It is on no host. */
vdc_code vdc_run_enqueue(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
/* A VM arrives now: *request gets its number, and an id where it has none. */
vdc_code vdc_run_arrive(vdc_simulation *simulation, vdc_request *request, vdc_diag *diag);
/* Ends its stay in the queue. */
void vdc_run_leave_queue(vdc_simulation *simulation, uint32_t slot);
/* ns in the queue so far. */
vdc_time vdc_run_waited(const vdc_simulation *simulation, uint32_t slot);
/* Does no hard rule, guarantee or reservation keep the VM from the host as things stand? What fits is asked elsewhere. */
bool vdc_may_come(const vdc_simulation *simulation, uint32_t host, const vdc_request *request);
/* Takes a VM that is on a host out of what vdc_host_fits and vdc_may_come look at there, or puts it back: see vdc_isolation_set_aside. Of several, the
 * last one is put back first. */
void vdc_set_aside(vdc_simulation *simulation, uint32_t slot);
void vdc_put_back(vdc_simulation *simulation, uint32_t slot);
/* What forbids a VM for ever, in words, or NULL. */
const char *vdc_run_fits_nowhere(const vdc_simulation *simulation, const vdc_request *request, char *text, size_t size);
/* The host that the placement policy wants for the VM as things stand, by all rules; *found = false where there is none. */
/* Of the hosts that it may go to, only those that break the least of soft rules are left, until penalty_allowed is lifted. */
void vdc_run_weigh_soft_rules(vdc_simulation *simulation, const vdc_request *request);
vdc_code vdc_run_decide(vdc_simulation *simulation, uint32_t slot, vdc_decision *decision, bool *found, vdc_diag *diag);
/* A waiting VM comes to the host that was decided on, where it fits. */
vdc_code vdc_run_start(vdc_simulation *simulation, uint32_t slot, const vdc_decision *decision, vdc_diag *diag);
/* Takes a running VM off its host. The caller says what becomes of it. */
void vdc_run_stop(vdc_simulation *simulation, uint32_t slot);
/* The VM is done with: final row, memory. It is neither on a host nor in the queue. */
vdc_code vdc_run_leave(vdc_simulation *simulation, uint32_t slot, vdc_vm_state state, vdc_diag *diag);
/* Something was released: those who wait are tried again, now or at the next multiple of the retry interval. */
void vdc_run_wake(vdc_simulation *simulation);
/* Takes a running VM off its host for another one's sake: it is evicted or, where the scenario says so, waits again. */
vdc_code vdc_run_displace(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);

/* One of the things that the VM on its host was held for (record->boot_holds) is done: it boots after the last one. */
vdc_code vdc_run_boot(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);

/* preemption.c */
/* The waiting VM found no host: displaces VMs and standbys of VMs for it, or warns them. *made_room when there is room now. */
vdc_code vdc_preempt(vdc_simulation *simulation, uint32_t slot, bool *made_room, vdc_diag *diag);
/* Counts a VM that is about to be displaced, and the work that it loses. */
void vdc_note_displaced(vdc_simulation *simulation, uint32_t slot);

/* parts/hypervisor.c */
/* After each settling, with a scheduler that goes slice by slice: takes note of deadlines that were missed. */
vdc_code vdc_hypervisor_settled(vdc_simulation *simulation, vdc_diag *diag);
/* parts/availability.c */
/* May a waiting VM be placed, or would it use up what is kept free for restarts? */
bool vdc_availability_admits(vdc_simulation *simulation, uint32_t slot);
/* A VM runs: it has booted. */
void vdc_availability_running(vdc_simulation *simulation, uint32_t slot);
/* A VM is about to be stopped and should run: it is down for this reason until it is placed again. */
void vdc_availability_interrupted(vdc_simulation *simulation, uint32_t slot, vdc_outage outage);
/* With nothing else to come: is there a VM that will end once a host is back? */
bool vdc_availability_awaits(const vdc_simulation *simulation);

/* failures.c */
/* Schedules the next row of failures.trace, counted from `after`. */
vdc_code vdc_failures_next(vdc_simulation *simulation, vdc_time after, vdc_diag *diag);
/* The current row is due: round(share x hosts) hosts that are up, drawn from the failures' own stream, go down. */
vdc_code vdc_failures_row(vdc_simulation *simulation, vdc_diag *diag);
/* They come back. */
vdc_code vdc_failures_recover(vdc_simulation *simulation, vdc_diag *diag);
#endif
