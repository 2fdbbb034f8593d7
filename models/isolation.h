/* Isolation: trust domains, rules, fences and exposure (models.md 4.6, accounts.md 5.2 to 5.5).
 *
 * A rule is a row of models/isolation_rules.c with its parameters and counters; it says whether a VM may come to a host, follows every
 * change, and knows how many VMs break it. Fences are capacity that a VM's guarantee keeps from all others: own threads and cores, a
 * dedicated host, and under core scheduling the siblings that must idle. Exposure is the time that VMs of different domains spend side by side.
 * Counters change in O(1), or in O(domains of the host); --check recounts them from scratch.
 */
#ifndef VDC_MODELS_ISOLATION_H
#define VDC_MODELS_ISOLATION_H

#include "models/counts.h"
#include "models/datacenter.h"
#include "models/isolation_spec.h"
#include "models/refusals.h"
#include "models/threads.h"

typedef enum vdc_level { VDC_LEVEL_HOST, VDC_LEVEL_RACK, VDC_LEVEL_ZONE, VDC_LEVEL_CORE, VDC_LEVELS } vdc_level;
extern const char *const vdc_level_names[]; /* NULL-terminated, by vdc_level */

typedef struct vdc_isolation vdc_isolation;
typedef struct vdc_rule vdc_rule;
typedef struct vdc_refused_set vdc_refused_set; /* isolation_refusals.c */

/* A kind of rule. */
typedef struct vdc_rule_type {
    const char *name;
    const char *summary;
    const char *source;              /* the real system it is like */
    const vdc_param *params;         /* offsets into vdc_rule; besides those common to all rules */
    size_t param_count;
    bool fixed;                      /* what `allows` says of a host does not depend on who is there */
    bool everybody;                  /* it is asked about every VM, also about those that it does not select: they may not spoil it for others */
    /* It gives the VMs that it selects a wish, which is kept as if they had it of their own; it has no other hook. NULL: it gives none. */
    void (*wish)(const vdc_rule *rule, vdc_isolation_spec *wishes);
    /* The same wish of a soft rule: hosts that can fulfil it are preferred, and it is fulfilled where the VM came to such a one. */
    void (*prefer)(const vdc_rule *rule, vdc_isolation_spec *wishes);
    const struct vdc_rule_type *soft; /* what it is in place of this with `mode: soft`; NULL: the same */
    const char *why_hard;            /* why it cannot be soft; NULL: it can */
    /* Reads what tables cannot. May be NULL. */
    vdc_code (*read)(vdc_rule *rule, vdc_isolation *isolation, vdc_diag *diag);
    /* Of a fixed one that goes by the host's class alone: may its VMs come to hosts of the class? */
    bool (*suits)(const vdc_rule *rule, const vdc_isolation *isolation, uint16_t class_id);
    /* May the VM come to the host as things stand? NULL: always. */
    bool (*allows)(const vdc_rule *rule, const vdc_isolation *isolation, uint32_t host, const vdc_request *request);
    /* Has the VM what the rule goes by, such as a group? One that has not is not concerned. NULL: all have. */
    bool (*binds)(const vdc_rule *rule, const vdc_request *request);
    /* Could any host take it if nothing else ran? NULL: yes. */
    bool (*possible)(const vdc_rule *rule, const vdc_isolation *isolation, const vdc_request *request);
    /* A VM that the rule selects came (+1) or went (-1). False when memory is out. NULL: nothing to count. */
    bool (*change)(vdc_rule *rule, const vdc_isolation *isolation, uint32_t host, const vdc_request *request, int sign);
    /* The same in place of `change` for a second part of a VM that is counted in another unit. NULL: makes no difference. */
    bool (*part)(vdc_rule *rule, const vdc_isolation *isolation, uint32_t host, const vdc_request *request, int sign);
    /* Where `allows` says no exactly when as many or more of the VM's set are counted in the unit, under vdc_key(set, unit): the set and that
     * limit; false: nothing is counted for this VM. NULL: the rule is of another kind. */
    bool (*limit)(const vdc_rule *rule, const vdc_request *request, uint32_t *set, int64_t *limit);
    /* When it allows a host again that it refuses now though nothing comes or goes there: the earliest such time; VDC_TIME_MAX: none. NULL: never. */
    vdc_time (*opening)(vdc_rule *rule, const vdc_isolation *isolation);
    /* VMs that break the rule in the part of the datacenter that this VM on this host belongs to. NULL: it cannot be broken once kept. */
    int64_t (*violating)(const vdc_rule *rule, const vdc_isolation *isolation, uint32_t host, const vdc_request *request);
} vdc_rule_type;

/* Counts of one set of VMs over the units of a level, for spread and affinity. */
typedef struct vdc_spread {
    int64_t *units_with;             /* [count] how many units hold that many members */
    size_t size;
    int64_t least, most, total;
    int64_t parts;                   /* second parts, in other units, of VMs that are counted: beside the total */
} vdc_spread;

/* A host is clean of a class of tenants from then on. */
typedef struct vdc_opening {
    vdc_time at;
    uint64_t key;                    /* (host, class) */
} vdc_opening;

/* The different labels on a host, each by the wishes that it is part of (an index of vdc_isolation_specs). */
typedef struct vdc_host_labels {
    uint32_t *wishes;
    size_t count, capacity;
} vdc_host_labels;

/* Names that a rule selects: single ones, and by their beginning. */
typedef struct vdc_selection {
    uint32_t *numbers;
    size_t count;                    /* 0, and no prefix = all */
    const char **prefixes;           /* "NAME*": all names that begin so */
    size_t prefix_count;
    uint64_t *bits;                  /* the same as a set, of the names that there are */
    size_t words;                    /* of `bits` */
    uint32_t known;                  /* names below this were held against the prefixes */
} vdc_selection;

struct vdc_rule {
    const vdc_rule_type *type;
    vdc_place place;                 /* where it was written */
    int mode;                        /* 0 hard, 1 soft */
    int64_t weight;                  /* of a soft rule */
    int level;                       /* vdc_level */
    int of;                          /* 0 = the sets are groups, 1 = tenants */
    int64_t max, skew, fault_domains, update_domains, range, scrub;
    int threads;                     /* of core-isolation: 0 pin, 1 prefer, 2 isolate */
    const vdc_node *tenants_node, *groups_node, *vms_node, *classes_node, *labels_node, *taints_node;
    vdc_selection tenants, groups;
    int64_t *vms;                    /* [vm_count] ids of the VMs that it concerns, ascending; NULL = all */
    size_t vm_count;
    int64_t ways, bandwidth, reserved; /* llc-ways, memory-bandwidth (bytes/s), reservation (Hz a vCPU) */
    int64_t nodes;                   /* numa */
    uint64_t tolerates;              /* tolerate: taints, a bit each */
    int64_t selected;                /* VMs that it concerned so far */
    uint32_t *conflict_class;        /* [tenant] chinese-wall: class, 0 = none */
    size_t conflict_size;
    uint64_t labels;
    vdc_host_labels *labels_on;      /* label-lattice: [host]; how many VMs have each is in `counts` under (host, wishes) */
    vdc_counts counts;
    vdc_counts sets;                 /* set -> index of spreads + 1 */
    vdc_spread *spreads;
    size_t spread_count, spread_capacity;
    vdc_counts values;               /* rules on what may be side by side: (value, unit) -> VMs with that value, such as a tenant */
    vdc_counts distinct;             /* likewise: (set, unit) -> how many values are there */
    vdc_counts left_at;              /* chinese-wall: (host, class) -> when its last VM left, in ns + 1 */
    vdc_opening *openings;           /* chinese-wall: in order of their times; what has come or will not come is dropped from both ends */
    size_t opening_first, opening_end, opening_capacity;
    vdc_counts holder;               /* chinese-wall: (host, class) -> tenant of the last VM that came, + 1 */
    vdc_counts refused_of;           /* set -> index of `refused` + 1: sets that searches ask about in vain (isolation_refusals.c) */
    vdc_refused_set *refused;
    size_t refused_count, refused_capacity;
    bool closes;                     /* it refuses all VMs or none of a host, as vdc_hosts.closed says */
    int64_t violating;               /* VMs that break it now */
    int64_t entries;                 /* how often a VM began to break it */
    vdc_wide violation_time;         /* VM·ns */
    vdc_time since;
};

/* Why CPU is fenced. Reservations are a flow of their own (VDC_FLOW_RESERVED) and lendable; what is neither of these is core scheduling. */
typedef enum vdc_fence_kind { VDC_FENCE_THREADS, VDC_FENCE_DEDICATED, VDC_FENCE_KINDS } vdc_fence_kind;

/* Fenced CPU of a class, a host or a VM by kind: Hz now and Hz·ns up to `since`. */
typedef struct vdc_fences {
    int64_t rate[VDC_FENCE_KINDS];
    vdc_wide time[VDC_FENCE_KINDS];
    vdc_time since;
} vdc_fences;

/* Integrals of counts that change in steps are kept as moments: a count that changes by d at t adds d x t, and its integral up to T is then
 * count x T - moment, exactly. So a change touches what changes, and nothing that only lies beside it. */

/* The VMs of one domain on one host. What searches look at lies close together; the rest is apart. */
typedef struct vdc_domain_count {
    uint32_t domain, vms;
} vdc_domain_count;

typedef struct vdc_domain_stay {
    vdc_wide moment;                 /* of its VMs */
    uint32_t exposed;                /* of them, those whose cores others may share */
} vdc_domain_stay;

/* A domain's last VM left the host. */
typedef struct vdc_domain_exit {
    uint64_t arrival;                /* the latest arrival anywhere before that: VMs of this number and lower that were here have met it */
    uint32_t domain;
} vdc_domain_exit;

/* VMs of two domains on one host: of the first one's comings and goings alone; those of the second are in another cell. */
typedef struct vdc_domain_pair {
    vdc_wide moment;                 /* of the pairs */
    int64_t pairs;
} vdc_domain_pair;

/* What every VM that comes or goes touches is the first cache line of both. */
typedef struct vdc_host_isolation {
    _Alignas(64) vdc_wide moment;    /* of its VMs */
    vdc_domain_count *counts;        /* [domains] its domains; room for `room` of them */
    vdc_domain_stay *stays;          /* [domains] likewise */
    uint32_t domains, vms, exposed, dedicated;
    uint32_t unmet;                  /* VMs that have not met a foreign domain, here or elsewhere */
    uint32_t bound;                  /* VMs that may run on some of its sockets only */
    bool fenced;                     /* something is booked for its VMs */
    bool booked;                     /* something is booked for it */
    /* from here on the next lines */
    vdc_domain_exit *exits;          /* domains that left, in that order; those that none of its VMs met may be missing */
    uint32_t room, exit_count, exit_room;
    int64_t ways, bandwidth;         /* of cache and memory, given away */
    int64_t fence[VDC_RESOURCES], waste[VDC_RESOURCES], idle; /* rates as booked; CPU in Hz */
    int64_t owners_memory;           /* bytes of the VMs with own threads, where memory is not overcommitted */
    vdc_fences kinds;                /* of fence[VDC_CPU] */
} vdc_host_isolation;

typedef struct vdc_vm_isolation {
    _Alignas(64) vdc_wide foreign_at_start; /* the integral of VMs of other domains on its host when it came */
    vdc_wide exposure;               /* VM·ns of earlier stays */
    uint64_t arrival;                /* the number of its coming to its host among all comings to hosts */
    vdc_time first_meeting;          /* -1 = none */
    uint32_t domain;
    uint32_t domain_at;              /* where its domain stood among those of its host when it came */
    uint32_t whole;                  /* of a second part: the slot of its VM; else VDC_NOWHERE */
    bool here : 1;                   /* it is counted on its host */
    bool guaranteed : 1;             /* its spec takes something of its host: it has to be given back */
    bool bound : 1;                  /* it may run on some sockets of its host only */
    bool met_attacker : 1, hit : 1;  /* shared a host with an attacker; (attackers) with a target */
    bool without_guarantees : 1;     /* a second part that fences nothing */
    bool doubled : 1;                /* it has a second part on another host */
    bool wishes : 1, acquainted : 1; /* its spec, whom it met: something is there. What is not is zero, also of a slot that is free. */
    /* from here on the next lines */
    vdc_isolation_spec spec;         /* its own wishes and what rules say of it */
    uint64_t sockets;                /* bound: where it may run on its host, a bit each */
    uint64_t met_low;                /* foreign domains met below 64, a bit each: those of earlier stays, until somebody asks */
    uint32_t *met;                   /* likewise those from 64 on */
    uint32_t met_count, met_room;
    uint32_t part;                   /* doubled: the slot of its second part */
    int64_t own_reservation;         /* Hz of CPU that it asks for itself, where rules give VMs wishes; its request has what rules reserve, too */
    bool *uncounted;                 /* [rule] of a second part: its VM is counted in the same unit already */
} vdc_vm_isolation;

/* What is fenced for a VM; kept where VMs have ledgers. */
typedef struct vdc_vm_fences {
    int64_t fence[VDC_RESOURCES], waste[VDC_RESOURCES], idle; /* rates as booked; CPU in Hz */
    vdc_fences kinds;                /* of fence[VDC_CPU], since it came to its host */
    double fenced[VDC_FENCE_KINDS];  /* core·s of the stays on hosts that are over */
} vdc_vm_fences;

enum { VDC_MATRIX_DOMAINS = 256, VDC_LOW_DOMAINS = 64 };

/* What an attacker achieved. VMs that were never placed count as launches only. */
typedef struct vdc_attack_counts {
    int64_t launches, launches_placed, hits;   /* the attacker's VMs: all, placed, of them beside a target */
    int64_t targets, targets_met;              /* the targets' VMs: placed, of them beside the attacker */
    int64_t others, others_met;                /* likewise of all tenants but the attacker */
    int64_t launches_to_first_hit;             /* 0 = it never hit */
} vdc_attack_counts;

typedef struct vdc_attack {
    uint32_t tenant;                 /* who attacks; 0 = nobody */
    uint32_t *targets;
    size_t target_count;
    vdc_attack_counts counts;        /* launches and the first hit so far; the rest of VMs that are gone */
} vdc_attack;

/* The two domains that left a host last, the later one first, and when (ns + 1; 0 = never). */
typedef struct vdc_leavers {
    uint32_t domain[2];
    vdc_time left_at[2];
} vdc_leavers;

typedef struct vdc_scrub {
    vdc_leavers now, before;         /* and before the last VM left, in case it is back at the same instant */
    int64_t number;                  /* of that VM; a second part has its VM's */
    uint32_t domain;
    vdc_time left_at;                /* ns + 1; 0 = none has left, or it is back */
} vdc_scrub;

/* The wishes of the last VM that was asked about: one decision asks about many hosts. They depend on these alone. */
typedef struct vdc_wish_memo {
    uint32_t could;                  /* apart from them: the last host that was found for a VM to be possible on: the next one may be, too */
    int64_t id;                      /* matters where rules name VMs */
    uint32_t tenant, group, isolation;
    bool valid;
    vdc_isolation_spec wishes;
} vdc_wish_memo;

/* Units that rules refuse, as bits, and hosts that VMs with dedicated hosts cannot share (isolation_refusals.c). */
typedef struct vdc_isolation_refused {
    size_t bytes;                    /* that all of them take */
    uint64_t *occupied;              /* hosts with VMs; NULL: nobody with a dedicated host asked often enough in vain */
    uint32_t occupied_count;
    vdc_counts owned_of;             /* domain -> index of `owned` + 1 */
    struct vdc_owned_hosts *owned;
    size_t owned_count, owned_capacity;
} vdc_isolation_refused;

struct vdc_isolation {
    vdc_datacenter *datacenter;
    vdc_isolation_specs *specs;      /* not owned */
    vdc_names *tenants, *groups;     /* not owned */
    bool by_group;                   /* the trust domain is the group */
    bool has_soft, has_wishes, has_taints; /* some rule is soft; some rule gives VMs a wish; some hosts have taints */
    bool has_preferences;            /* some soft rule gives VMs a wish */
    bool names_vms;                  /* some rule names VMs */
    vdc_wish_memo *memo;
    uint32_t dedicated;              /* VMs with dedicated hosts that are on one */
    vdc_rule *rules;
    size_t rule_count, rule_capacity;
    vdc_threads threads;
    uint32_t units[VDC_LEVELS];      /* of each level: their numbers are below this; some may be of no host */
    uint32_t units_in_use[VDC_LEVELS]; /* those that have hosts */
    unsigned beside_cpu;             /* the resources of hosts but CPU, a bit each */
    vdc_isolation_refused *refused;
    uint32_t *unit_end[2];           /* [rack], [zone] the host behind its last one; NULL where units are not numbered through, or there are none */
    uint64_t *class_labels;          /* [host class] its labels */
    uint64_t *class_taints;          /* [host class] */
    int64_t *class_ways, *class_bandwidth;
    vdc_fences *class_kinds;         /* [host class] */
    vdc_host_isolation *hosts;
    size_t host_capacity;
    vdc_vm_isolation *vms;           /* [slot] */
    size_t vm_capacity;
    vdc_vm_fences *vm_fences;        /* [slot] */
    size_t vm_fence_capacity;
    uint64_t arrivals;               /* comings of VMs to hosts */
    vdc_counts rack_domains;         /* (rack, domain) -> VMs */
    int32_t *rack_low;               /* [rack x VDC_LOW_DOMAINS + domain] the same of low domains, without a search; NULL: too many racks */
    int64_t *rack_vms;               /* [rack] */
    vdc_counts group_members;        /* group -> VMs that ever arrived */
    int64_t exposure_host, exposure_socket, exposure_core, exposure_rack; /* pairs now */
    vdc_wide exposure_host_time, exposure_socket_time, exposure_core_time, exposure_rack_time; /* pair·ns up to `since` */
    vdc_wide exposure_finished;      /* VM·ns of VMs that are gone */
    vdc_time since;
    vdc_domain_pair *pairs;          /* [who came or went][beside whom], of domains below VDC_MATRIX_DOMAINS */
    vdc_attack attack;
    vdc_time scrub;                  /* a host is clean so long after a domain left it; 0 = at once */
    vdc_scrub *scrubs;               /* [host]; NULL without */
    int64_t scrub_gaps;              /* VMs that came to a host that was not clean of another domain */
    bool stays;                    /* the VM that leaves its host comes back at this instant: nobody comes and nobody goes */
    bool out_of_memory;
};

/* Reads `isolation: {domain, rules}` (may be NULL). */
vdc_code vdc_isolation_create(vdc_isolation **isolation, vdc_datacenter *datacenter, vdc_isolation_specs *specs, vdc_names *tenants,
                              vdc_names *groups, const vdc_node *node, vdc_diag *diag);
void vdc_isolation_destroy(vdc_isolation *isolation);

/* Who attacks whom. `targets` is a list of texts. */
vdc_code vdc_isolation_attack(vdc_isolation *isolation, const char *tenant, const vdc_node *targets, vdc_diag *diag);
/* Up to now, with the VMs that are still there. */
vdc_attack_counts vdc_isolation_attack_counts(const vdc_isolation *isolation);
/* Pair·ns that VMs of two different domains spent on one host, up to now; 0 where a number is not below VDC_MATRIX_DOMAINS. */
vdc_wide vdc_isolation_pair_time(const vdc_isolation *isolation, uint32_t a, uint32_t b);
/* A VM arrives: its wishes and its place in its group are fixed. */
bool vdc_isolation_arrive(vdc_isolation *isolation, uint32_t slot);
/* What the VM has reserved for itself, without what rules reserve for it, in Hz; and its request's reservation with that: the most that a rule reserves
 * for vCPUs of that number, at most its limit, or more where its own is more. */
int64_t vdc_isolation_own_reservation(const vdc_isolation *isolation, uint32_t slot);
void vdc_isolation_reserve(const vdc_isolation *isolation, vdc_request *request);
/* Its own reservation is that much from now on. */
void vdc_isolation_note_own_reservation(vdc_isolation *isolation, uint32_t slot, int64_t own);
/* It is gone for good. */
void vdc_isolation_leave(vdc_isolation *isolation, uint32_t slot);
/* A slot that is a second part of a VM, on a host that it moves to or has not yet quite left: same domain, same wishes, no member of its own.
 * Call it in place of vdc_isolation_arrive, before the part is placed; false when memory is out. Rules count a VM once in a unit, however
 * many of its parts are there, and in every unit that it has a part in, so that no place is given away under it. */
bool vdc_isolation_arrive_part(vdc_isolation *isolation, uint32_t part, uint32_t slot);
/* The part is on no host any more: what it was exposed to, whom it met and what was fenced for it becomes its VM's, which it counted with already.
 * In place of vdc_isolation_leave. */
void vdc_isolation_leave_part(vdc_isolation *isolation, uint32_t part);
/* A VM that is on a host counts against itself in the questions below: its group has a member there, its threads are taken, its reservation
 * is promised. To ask where it could move, whether it may grow where it is (with a request of the new size) or run on as things are, set it
 * aside first; then they answer as if it were nowhere. The clock must not move, and nothing be placed or removed, until it is put back.
 * Not covered, because the hosts keep it: what vdc_host_fits counts (vdc_host_give and vdc_host_take do). A VM that waits, also one
 * whose host failed, counts nowhere and needs none of this; it keeps its number in its group, and so its fault domain. */
void vdc_isolation_set_aside(vdc_isolation *isolation, uint32_t slot);
void vdc_isolation_put_back(vdc_isolation *isolation, uint32_t slot);
/* May it come to the host now, by every hard rule and guarantee? The same at a placement, a resize, a restart after a failure and a
 * migration; of a VM that is on a host, see vdc_isolation_set_aside. `isolation` is a vdc_isolation: the shape of vdc_search_options.allows. */
bool vdc_isolation_allows(const void *isolation, uint32_t host, const vdc_request *request);
/* It may not come to the host: the lowest host above that it might. A rule on racks or zones refuses all hosts of the unit, which is left as
 * a whole where units are numbered through. The shape of vdc_search_options.beyond. */
uint32_t vdc_isolation_beyond(const void *isolation, uint32_t host, const vdc_request *request);
/* Hosts that rules refuse the VM, as far as they are known as bits; vdc_isolation_allows says the same of them. `soft`: soft rules refuse, too.
 * `in_vain`: so many hosts were asked about without success since the last call; where it becomes worth it, more is known from then on. What
 * is pointed at holds until something changes. The shape of vdc_search_options.refusals but for `soft`. */
void vdc_isolation_refusals(const vdc_isolation *isolation, const vdc_request *request, bool soft, uint32_t in_vain, vdc_refusals *refusals);
/* Does any rule, guarantee or wish concern the VM now? Where none does, vdc_isolation_allows is true on every host. The shape of
 * vdc_search_options.concerns. */
bool vdc_isolation_concerns(const void *isolation, const vdc_request *request);
/* When the next host opens by itself, and so without a wake-up: a hard rule refuses it to some VM until then. VDC_TIME_MAX: none does. */
vdc_time vdc_isolation_opening(const vdc_isolation *isolation);
/* May the VM be one that such a host opens to? */
bool vdc_isolation_may_await(const vdc_isolation *isolation, const vdc_request *request);
/* CPU (milli-vCPU) that could still be promised on hosts where the VM fits but that a rule or guarantee keeps from it. O(hosts). */
int64_t vdc_isolation_blocked(const vdc_isolation *isolation, const vdc_request *request);
/* Warns of rules that never concerned a VM. */
void vdc_isolation_warn_unused(const vdc_isolation *isolation, vdc_diag *diag);
/* The sum of the weights of the soft rules that it would break there. */
int64_t vdc_isolation_penalty(const vdc_isolation *isolation, uint32_t host, const vdc_request *request);
/* What forbids the VM on every host even if nothing else ran, in words into `text`; false when nothing does. */
bool vdc_isolation_impossible(const vdc_isolation *isolation, const vdc_request *request, char *text, size_t size);
/* The same of a VM that no host fits: it is for the NUMA nodes that it is to lie on. */
bool vdc_isolation_nodes_impossible(const vdc_isolation *isolation, const vdc_request *request, char *text, size_t size);
/* Which rule or guarantee, in words, keeps it from a host where it fits otherwise; "" when none does. */
void vdc_isolation_blocker(const vdc_isolation *isolation, const vdc_request *request, char *text, size_t size);
/* The same for one host, without asking whether it fits there: true when something keeps it away. */
bool vdc_isolation_forbids(const vdc_isolation *isolation, uint32_t host, const vdc_request *request, char *text, size_t size);
/* Could the host fulfil the soft wish of the rule? The shape of vdc_rule_type.allows. */
bool vdc_isolation_could_fulfil(const vdc_rule *rule, const vdc_isolation *isolation, uint32_t host, const vdc_request *request);
/* It is about to come to the host: what soft rules wish for it is its own there as far as the host has it. Returns the NUMA nodes that it is
 * bound to by such a wish, a bit each. Called by the datacenter. */
uint64_t vdc_isolation_coming(vdc_isolation *isolation, uint32_t slot, uint32_t host);
/* The VM will come to the host or leave it in a moment: has fetched what that touches first. Only the cost depends on it. */
static inline void vdc_isolation_foresee(const vdc_isolation *isolation, uint32_t slot, uint32_t host) {
    __builtin_prefetch(&isolation->vms[slot], 1);
    __builtin_prefetch(&isolation->hosts[host], 1);
}
/* It came to its host, or is about to leave it. Called by the datacenter. */
bool vdc_isolation_placed(vdc_isolation *isolation, uint32_t slot);
void vdc_isolation_removed(vdc_isolation *isolation, uint32_t slot);
/* Grants or holdings of a host changed: books what is fenced there, and what of it is wasted or idles. Called by the datacenter. */
void vdc_isolation_granted(vdc_isolation *isolation, uint32_t host);
/* Books what is fenced for each VM of the host, whose grants are settled. Called by the datacenter where VMs have ledgers. */
void vdc_isolation_book_vms(vdc_isolation *isolation, uint32_t host);
/* CPU fenced for that reason so far, in Hz·ns: on hosts of a class, on a host. */
vdc_wide vdc_isolation_class_fenced(const vdc_isolation *isolation, uint16_t class_id, vdc_fence_kind kind);
vdc_wide vdc_isolation_host_fenced(const vdc_isolation *isolation, uint32_t host, vdc_fence_kind kind);
/* The same of a VM in core·s, its second part included. It is kept where VMs have ledgers. */
double vdc_isolation_vm_fenced(const vdc_isolation *isolation, uint32_t slot, vdc_fence_kind kind);
/* Brings exposure and violations up to the clock. */
void vdc_isolation_advance(vdc_isolation *isolation);
/* Does the VM get hardware threads of its own? */
bool vdc_isolation_owns_threads(const vdc_isolation *isolation, uint32_t slot);
/* VM·ns that this VM and its second part spent beside VMs of other domains. */
vdc_wide vdc_isolation_exposure(const vdc_isolation *isolation, uint32_t slot);
/* How many foreign domains this VM or its second part has shared a host with so far. It is kept where VMs have ledgers. */
int64_t vdc_isolation_domains_met(vdc_isolation *isolation, uint32_t slot);
/* The domain of a request. */
uint32_t vdc_isolation_domain(const vdc_isolation *isolation, const vdc_request *request);
/* The unit of a level that a host belongs to. */
uint32_t vdc_isolation_unit(const vdc_isolation *isolation, int level, uint32_t host);
/* Does the rule concern the VM? */
bool vdc_rule_selects(const vdc_rule *rule, const vdc_request *request);
/* What the VM wants, with what hard rules say of it. */
vdc_isolation_spec vdc_isolation_wishes(const vdc_isolation *isolation, const vdc_request *request);

extern const vdc_rule_type *const vdc_rule_types[]; /* NULL-terminated; isolation_rules.c */
extern const vdc_param vdc_rule_params[];           /* common to all rules */
extern const size_t vdc_rule_param_count;

#endif
