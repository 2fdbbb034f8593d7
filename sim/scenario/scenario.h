/* The scenario: what the user wants simulated, read from YAML and checked.
 *
 * vdc_scenario_open reads the file, takes over what it extends, applies --set, checks every section by parameter tables and
 * reports all errors at once, each with its place. What is a value is here as a typed field; what another module
 * reads by its own tables (traces, generators, VMs, policies) is here as a node of the tree, to be handed on.
 * Everything belongs to the scenario and lives until vdc_scenario_close.
 */
#ifndef VDC_SCENARIO_SCENARIO_H
#define VDC_SCENARIO_SCENARIO_H

#include "models/availability.h"
#include "models/fabric.h"
#include "models/host.h"
#include "models/io_profile.h"
#include "models/isolation_spec.h"
#include "models/memory.h"
#include "models/prices.h"
#include "schedulers/policy.h"
#include "schedulers/preemption.h"
#include "sim/base/digest.h"
#include "sim/base/names.h"
#include "sim/base/param.h"
#include "workloads/series.h"

/* When a run ends. */
typedef enum vdc_end_rule {
    VDC_END_LAST_VM,        /* no arrival, no queued VM, no VM with an end, no recovery that one waits for is left */
    VDC_END_LAST_ARRIVAL,   /* at the instant of the last arrival */
    VDC_END_DURATION        /* after `end` */
} vdc_end_rule;

/* What of a table is written to the result file. Order of the enumerators: each writes what those before it do. */
typedef enum vdc_output_level { VDC_OUTPUT_NONE, VDC_OUTPUT_FINAL, VDC_OUTPUT_EVERY_TICK } vdc_output_level;

/* What becomes of the VMs of a host that fails. */
typedef enum vdc_recovery_rule {
    VDC_RECOVERY_RESTART,   /* to the tail of the queue, from the last checkpoint */
    VDC_RECOVERY_NONE,      /* they are lost */
    VDC_RECOVERY_ELSEWHERE, /* the same as restart, once the failure is noticed */
    VDC_RECOVERY_IN_PLACE,  /* on the same host when that is back */
    VDC_RECOVERY_STANDBY    /* a standby on another host takes over */
} vdc_recovery_rule;

/* How VMs leave a host that is to be maintained. */
typedef enum vdc_drain_rule { VDC_DRAIN_MIGRATE, VDC_DRAIN_RESTART, VDC_DRAIN_WAIT } vdc_drain_rule;

/* failures.maintenance. Times in ns. */
typedef struct vdc_maintenance {
    bool wanted;
    vdc_time start, every;         /* every: VDC_PARAM_NONE = once */
    vdc_time duration, gap, deadline, retry;
    int64_t at_once, budget;       /* VDC_PARAM_NONE = no limit */
    vdc_drain_rule drain;
} vdc_maintenance;

/* failures.groups: one that needs so many VMs. */
typedef struct vdc_group_need {
    const char *group;
    int64_t up;
} vdc_group_need;

/* One entry of datacenter.hosts. Counts are within the ranges of models/host.h. */
typedef struct vdc_scenario_class {
    const char *name;              /* `class`; unique */
    int64_t count;                 /* hosts, >= 1 */
    int64_t sockets, cores, threads, numa; /* cores per socket, threads per core, NUMA nodes per socket; >= 1 */
    int64_t speed;                 /* Hz of one hardware thread, >= 1 */
    double smt_yield;              /* what a second thread adds to a core, 0 to 1 */
    int64_t memory;                /* bytes */
    int64_t disk;                  /* bytes, sum over `disks` */
    int64_t iops, disk_bandwidth;  /* sums over `disks`: operations per second, bytes per second; 0 = not given */
    int64_t disk_latency;          /* ns of a request, idle: that of the slowest */
    double disk_variation;         /* the largest */
    int disk_kind;                 /* vdc_disk_kind: hdd when one is */
    int64_t nic;                   /* bytes per second in each direction; 0 = not given */
    int64_t gpus;                  /* devices */
    const char *gpu_model;         /* NULL = not given */
    int64_t reserve_cpu;           /* milli-vCPU kept for the hypervisor */
    int64_t reserve_memory;        /* bytes kept for the hypervisor */
    int64_t max_vms;               /* 0 = unlimited */
    vdc_power power;               /* model NULL when the class names none */
    const vdc_node *labels;        /* mapping of texts, or NULL */
    const vdc_node *taints;        /* list of texts, or NULL */
    int64_t llc_ways, memory_bandwidth; /* that can be partitioned between VMs; bytes per second */
    int64_t llc, socket_bandwidth; /* of a socket: bytes, bytes per second; 0 = not given */
    double latency_rise, remote_latency;
    vdc_place place;               /* where the entry was written */
} vdc_scenario_class;

/* How long VMs take over what is not running (section `lifecycle`). */
typedef struct vdc_lifecycle_settings {
    const vdc_node *boot, *image;  /* a time or a distribution; NULL = none */
    double boot_cpu;               /* share of its vCPUs that a booting VM asks for */
    vdc_time shutdown;             /* ns from `stop` of a running VM until its host is free */
    int64_t storage_bandwidth;     /* B/s at which memory is saved to disk and read back */
} vdc_lifecycle_settings;

/* How VMs move (section `migration`; models/migration.h). */
typedef struct vdc_migration_settings {
    int mode;                      /* vdc_migration_mode */
    int64_t bandwidth;             /* B/s of a host in each direction, for all its migrations together */
    int64_t cap;                   /* B/s of one migration, VDC_PARAM_NONE = none */
    vdc_time downtime, resume;
    int64_t rounds;
    double traffic;                /* of memory and disk */
    int dirtying;                  /* 0 exponential, 1 linear */
    int64_t dirty_rate;            /* B/s */
    double working_set;            /* share of the memory */
    bool auto_converge, shared_storage;
    int64_t disk_write_rate;       /* B/s */
    int64_t device_state;          /* bytes */
    double cpu_tax;                /* share */
    double fault_rate;             /* pages a second */
    vdc_time fault_latency;        /* ns, without the transfer of a page */
    int64_t per_host, concurrent;  /* at a time; VDC_PARAM_NONE = any */
    vdc_time timeout;              /* ns, VDC_PARAM_NONE = none */
} vdc_migration_settings;

typedef struct vdc_scenario {
    bool has_memory;               /* the section `memory` is there */
    vdc_memory_settings pressure;  /* and what it says */
    const char *path;              /* of the file, as given; names it in messages */
    const char *text;              /* the scenario as written; with `extends` or --set: the merged tree as YAML, paths relative to the scenario's folder */
    char sha256[VDC_DIGEST_TEXT];  /* of `text` */
    const vdc_node *root;          /* the merged tree */
    vdc_inputs inputs;             /* `folder` is the scenario's; what is read in the course of the run adds itself here */

    const char *name;              /* never empty, fit for a file name; default: the file's name without .yaml or .yml */
    uint64_t seed;                 /* default 0 */

    bool has_start;
    int64_t start;                 /* ns since 1970 of clock 0; only with has_start */
    vdc_end_rule end_rule;
    vdc_time end;                  /* ns; only of VDC_END_DURATION */
    vdc_time tick;                 /* ns, >= 1; default 5 min */

    /* Either classes, or a file of hosts. */
    vdc_scenario_class *classes;
    size_t class_count;
    const char *hosts_format;      /* NULL unless hosts come from a file */
    const char *hosts_path;        /* resolved */
    const char *tie_break_path;    /* resolved; NULL = none. A file of ranks, lower wins */
    bool tie_break_random;         /* ranks are a permutation drawn from the seed */
    const char *racks_path;        /* resolved; NULL = none. A file of the racks of these hosts */
    int64_t hosts_max_vms;         /* for hosts of a file, 0 = unlimited */

    int64_t zones, racks;          /* of the whole datacenter, >= 1; both 1 without `topology` */
    bool has_topology;
    vdc_fabric_spec fabric;        /* kind none where none is given */
    vdc_place fabric_place;
    vdc_pool_spec *pools;          /* datacenter.storage */
    size_t pool_count;
    vdc_network_spec *networks;
    size_t network_count;
    int64_t overcommit_num[VDC_RESOURCES], overcommit_den[VDC_RESOURCES]; /* exact ratio, lowest terms, > 0; 1/1 where none is given */

    const vdc_node *trace;         /* for vdc_workload_open; NULL = none. At least one of the three is there */
    const vdc_node *generate;      /* for vdc_workload_open; NULL = none */
    const vdc_node *operations;    /* for vdc_operation_list_read; NULL = none */
    const vdc_node *vms;           /* for vdc_workload_inline; NULL = none */

    const vdc_node *policies[VDC_SCHEDULERS]; /* for vdc_policy_open, by kind; NULL = the default policy */
    vdc_time admission_timeout;    /* ns a VM may wait before it is rejected, 0 = only at its arrival; VDC_PARAM_NONE = for ever */
    vdc_time admission_retry;      /* ns: after a release those who wait are tried again at the next multiple of it; VDC_PARAM_NONE = at once */
    vdc_preemption preemption;
    int64_t admission_queue_limit; /* VMs that may wait; what arrives beyond is rejected; VDC_PARAM_NONE = no limit */

    const vdc_node *isolation;     /* for vdc_isolation_create; NULL = none */

    const char *attacker;          /* the tenant that attacks; NULL = nobody */
    const vdc_node *targets;       /* a list of texts: the tenants that it is after */
    const vdc_node *launches;      /* for vdc_workload_launches */

    bool has_failures;
    vdc_failure_list failures;     /* rows written in the scenario or read from failures.trace.path */
    bool failures_repeat;          /* begin again after the last row */
    vdc_recovery_rule recovery;
    int64_t max_failures;          /* a VM whose failures reach it is failed; VDC_PARAM_NONE = no limit */
    vdc_time detect, failover;     /* ns until a failure is noticed, until a standby has taken over */
    bool young;                    /* checkpoints at Young's interval */
    bool has_availability;         /* failures asks for more than a trace, restart and none */
    vdc_failure_process *processes;
    size_t process_count;
    int64_t update_domains;        /* >= 1 */
    vdc_time warning_lead;         /* ns; 0 = failures are not foreseen */
    double warning_recall, warning_precision;
    bool warning_migrates;         /* VMs leave by live migration, else by starting again elsewhere */
    int64_t reserve_hosts;         /* what so many of the largest hosts have stays free for restarts */
    double reserve_share;          /* or this share of all */
    double quorum;                 /* share of a group that must be up */
    vdc_group_need *group_needs;
    size_t group_need_count;
    vdc_maintenance maintenance;

    bool empty_host_off;           /* hosts without a VM are off at once */
    bool standby;                  /* they are switched off, which takes time */
    vdc_time off_after, shutdown, boot; /* ns, with standby */
    int64_t spare;                 /* hosts without a VM that stay on, with standby */
    bool down_host_idle;           /* a host that is down draws its idle power, else nothing */
    double pue;                    /* facility energy / IT energy, >= 1 */
    vdc_series carbon;             /* g/kWh over time; count 0 = none */
    bool has_power;                /* a host class has a power model */
    vdc_prices prices;             /* wanted: there is a section */
    vdc_series energy_price;       /* currency units a kWh over time; count 0 = prices.energy holds */

    bool has_lifecycle;            /* there is a section lifecycle or migration */
    vdc_lifecycle_settings lifecycle;
    vdc_migration_settings migration;

    bool has_alarms;
    double alarm_ready, alarm_memory, alarm_unavailability; /* shares */
    int64_t alarm_soft_rules;      /* VMs; VDC_PARAM_NONE = never */

    bool output_ticks, output_events, output_fairness;
    vdc_output_level output_hosts, output_vms;

    struct vdc_scenario_memory *memory; /* what the pointers above lead to */
} vdc_scenario;

typedef struct vdc_scenario_options {
    const char *const *sets;       /* "KEY.PATH=VALUE", applied in order */
    size_t set_count;
    bool has_seed;                 /* `seed` stands for the scenario's */
    uint64_t seed;
    bool no_programs;              /* a policy that loads a shared object or starts a program is an error, and is not opened */
    const char *text;              /* when set: read instead of the file, which need not exist; the path still names it and roots relative paths */
} vdc_scenario_options;

/* The keys of schedulers.admission that are not the policy's own: what vdc_policy_open gets as `also` for that kind. */
extern const char *const vdc_admission_keys[];
/* The policy of each kind where none is named: vdc_policy_open's fallback. */
extern const char *const vdc_scenario_default_policies[VDC_SCHEDULERS];

/* Reads and checks a scenario and the small files that it names (carbon, failures); options may be NULL. On failure *scenario is NULL
 * and diag holds every error found. */
vdc_code vdc_scenario_open(vdc_scenario **scenario, const char *path, const vdc_scenario_options *options, vdc_diag *diag);
void vdc_scenario_close(vdc_scenario *scenario);
/* Is the file the scenario's own, one that it extends, or an input that was read so far? */
bool vdc_scenario_reads(const vdc_scenario *scenario, const char *path);

/* The i-th class as the models want it: name in fresh memory, reserve taken off, overcommit applied (rounded down), GPU model interned.
 * vdc_hosts_create takes it over. */
vdc_code vdc_scenario_host_class(const vdc_scenario *scenario, size_t index, vdc_names *gpu_models,
                                vdc_isolation_specs *specs, vdc_host_class *out, vdc_diag *diag);

/* Walks the description of every section: its dotted path ("datacenter.topology"; "[]" after a key stands for the items
 * of a list: "datacenter.hosts[]"), its table and what it is. What other modules read by tables of
 * their own is a VDC_PARAM_NODE here. */
typedef struct vdc_scenario_section {
    const char *path;              /* "" is the top */
    const char *help;              /* one line */
    const vdc_param *params;
    size_t count;
} vdc_scenario_section;
extern const vdc_scenario_section vdc_scenario_sections[];
extern const size_t vdc_scenario_section_count;

#endif
