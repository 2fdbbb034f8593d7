/* Inside the placement engine: what its parts share. Nobody else includes this.
 *
 * search.c            the view, decisions and their validation, the choice of strategy
 * search_scan.c       the plain definition: the oracle and the fallback
 * search_shapes.c     request shapes, and which of them fit on a host
 * search_feasible.c   bitmaps of the hosts that a request fits on
 * search_states.c     hosts grouped by equal state, with remembered scores
 * search_members.c    the hosts of each state, lowest position first
 */
#ifndef VDC_SCHEDULERS_SEARCH_INTERNAL_H
#define VDC_SCHEDULERS_SEARCH_INTERNAL_H

#include "schedulers/search.h"
#include "schedulers/search_feasible.h"

struct vdc_states;

struct vdc_search {
    vdc_view view;                       /* view.engine is the search itself */
    vdc_policy_instance instance;
    bool started;                        /* the policy's init was called, so fini must be */
    const vdc_hosts *hosts;
    const int64_t *now;
    vdc_allows *allows;
    bool (*concerns)(const void *rules, const vdc_request *request);
    uint32_t (*beyond)(const void *rules, uint32_t host, const vdc_request *request);
    void (*refusals)(const void *rules, const vdc_request *request, uint32_t in_vain, vdc_refusals *refusals);
    const void *rules;
    vdc_host_class_view *class_views;
    vdc_stream stream;
    const vdc_names *tenants;            /* or NULL */
    double (*slowdown)(const void *rules, uint32_t host, const vdc_request *request);
    bool indexed;                        /* false: the plain scan */
    vdc_feasible *feasible;              /* made when somebody first asks; NULL: not yet, or no memory for it */
    bool feasible_tried;
    struct vdc_states *states;           /* NULL: no scores by state */
    /* Hosts that changed since the last question, where grants matter: they change far more often than anybody asks. */
    bool follows_grants;
    uint32_t *changed;
    uint32_t changed_count;
    uint8_t *is_changed;                 /* [hosts] */
    /* What is free in the fleet, kept from when a policy first asks for it. */
    struct vdc_free_sums {
        int64_t *known;                  /* [hosts] as it is in the sums; NULL: not kept */
        vdc_wide *sum;                   /* [classes] */
        bool tried;
    } free_sums[VDC_RESOURCES];
    bool sums_free;                      /* some are kept */
};

/* The search behind a view. */
static inline vdc_search *vdc_search_of(const vdc_view *view) {
    return view->engine;
}

/* The rules as far as they concern the request; NULL: not at all. */
static inline vdc_allows *vdc_search_rules(const vdc_search *search, const vdc_request *request) {
    return search->allows && (!search->concerns || search->concerns(search->rules, request)) ? search->allows : NULL;
}

static inline bool vdc_search_fits(const vdc_search *search, uint32_t host, const vdc_request *request) {
    if (!vdc_host_fits(search->hosts, host, request)) return false;
    vdc_allows *allows = vdc_search_rules(search, request);
    return !allows || allows(search->rules, host, request);
}

/* Is `score` on host a a better decision than `best` on host b? Larger wins, then the lower rank, then the lower id. */
static inline bool vdc_search_better(const vdc_hosts *hosts, double score, uint32_t a, double best, uint32_t b) {
    if (score != best) return score > best;
    if (hosts->rank && hosts->rank[a] != hosts->rank[b]) return hosts->rank[a] < hosts->rank[b];
    return a < b;
}

/* A policy's score of a host, NaN made -infinity. `devices` gets the masks that the policy chose, if any. */
double vdc_search_score(const vdc_search *search, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices);

/* The plain scan. -1 / false: no host. */
int64_t vdc_scan_next(const vdc_search *search, const vdc_request *request, uint32_t from);
uint32_t vdc_scan_count(const vdc_search *search, const vdc_request *request);
int64_t vdc_scan_select(const vdc_search *search, const vdc_request *request, uint32_t k);
/* Scores every host that view.next_feasible gives: the plain scan, unless bitmaps stand behind it. */
bool vdc_scan_best(const vdc_search *search, const vdc_request *request, vdc_decision *decision);

#endif
