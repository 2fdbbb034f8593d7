/* The placement engine: finds the host that a placement policy's definition names, by index where that is exact.
 *
 * The decision is bit for bit that of the plain scan: for `score` the extremum over feasible hosts, ties to the lowest
 * rank (host id without ranks). Strategies: the plain scan (the oracle), and indexes over host state per request shape.
 */
#ifndef VDC_SCHEDULERS_SEARCH_H
#define VDC_SCHEDULERS_SEARCH_H

#include "models/host.h"
#include "models/refusals.h"
#include "schedulers/registry.h"
#include "sim/base/names.h"
#include "sim/base/random.h"

typedef struct vdc_search vdc_search;

/* What the search may look at beside the hosts. */
typedef struct vdc_search_options {
    const vdc_hosts *hosts;
    const int64_t *now;               /* the clock */
    uint64_t seed;                    /* of the policy's random stream */
    const char *strategy;             /* "auto" (NULL), "scan", "index" */
    const char *component;            /* of the random stream: "placement", "rebalance", … */
    /* Hard isolation rules: may the VM come to the host? NULL = no rules. Called only for hosts that fit otherwise. */
    bool (*allows)(const void *rules, uint32_t host, const vdc_request *request);
    /* Does any rule concern this VM at all? NULL = yes. Where none does, decisions cost what they cost without rules. */
    bool (*concerns)(const void *rules, const vdc_request *request);
    /* The rules refuse the host: the lowest host above it that they might allow, as far as that is seen at once (a rule on racks refuses the
     * whole rack). NULL = the next one. Only asked right after `allows` said no. */
    uint32_t (*beyond)(const void *rules, uint32_t host, const vdc_request *request);
    /* Hosts that the rules refuse, as sets of bits, as far as known: `allows` says no to all of them. `in_vain`: so many hosts were asked
     * about in vain since the last call, so it may be worth knowing more. Holds for one decision. NULL = nothing is known. */
    void (*refusals)(const void *rules, const vdc_request *request, uint32_t in_vain, vdc_refusals *refusals);
    const void *rules;
    /* VMs that are typical for the workload, for policies that look at fragmentation; NULL = not known. */
    const vdc_gpu_mix *gpu_mix;
    /* The view's slowdown, with `rules` as context; NULL = none. */
    double (*slowdown)(const void *rules, uint32_t host, const vdc_request *request);
    const vdc_names *tenants;         /* their names, for policies that treat some apart; may be NULL */
    bool (*interrupted)(void);        /* the view's */
} vdc_search_options;

/* Binds a policy instance (calls its init) to the hosts. The instance stays the caller's. */
vdc_code vdc_search_create(vdc_search **search, const vdc_policy_instance *policy, const vdc_search_options *options,
                           vdc_diag *diag);
void vdc_search_destroy(vdc_search *search);
/* The decision for this request now: *found = false when the policy names no host. Devices are filled in. A decision for a full,
 * unknown or forbidden host is VDC_ERROR_POLICY with the state needed to replay it; a policy that gave up because of view->interrupted is
 * VDC_INTERRUPTED. Changes nothing but the policy's own state. */
vdc_code vdc_search_decide(vdc_search *search, const vdc_request *request, vdc_decision *decision, bool *found, vdc_diag *diag);
/* Must follow every change of a host's free columns, VM count, state or devices. `granted` changes need it only when
 * vdc_search_follows_grants. */
void vdc_search_host_changed(vdc_search *search, uint32_t host);
bool vdc_search_follows_grants(const vdc_search *search);
/* A VM starts on the host, goes on there having started before (moved, resized, told to a new policy), or leaves it: calls the policy's placed /
 * released. */
void vdc_search_placed(vdc_search *search, const vdc_request *request, uint32_t host);
void vdc_search_placed_since(vdc_search *search, const vdc_request *request, uint32_t host, vdc_time started);
void vdc_search_released(vdc_search *search, const vdc_request *request, uint32_t host);
/* The view that policies get, for other engines (admission, rebalance). */
const vdc_view *vdc_search_view(vdc_search *search);
/* The same for `placed` of a VM that started then. */
const vdc_view *vdc_search_view_since(vdc_search *search, vdc_time started);
/* "index: states", "scan", …: what was chosen, for --stats and the docs. */
const char *vdc_search_strategy(const vdc_search *search);

#endif
