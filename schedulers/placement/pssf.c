/* Previously selected servers first (Han et al., IEEE TDSC 2017): a tenant's VMs go to hosts that it has had VMs on before, so
 * that few tenants ever meet, at most n of them on a host. Where none of these has room, a host that is new to the tenant is
 * taken: the one with the fewest VMs, the one with the most, or the first; ties to the lowest rank, then the lowest id.
 * A VM waits when every host with room has n of its
 * tenant's VMs.
 *
 * O(hosts) a decision for a new host, O(hosts with room) else.
 */
#include "schedulers/policy_rows.h"
#include "sim/base/memory.h"

/* How many VMs a tenant has on a host; 0 = it had some. */
typedef struct visit {
    uint64_t key;    /* tenant and host, plus 1; 0 = an empty slot */
    int64_t vms;
} visit;

typedef struct pssf_state {
    int64_t n;
    int otherwise;
    visit *visits;   /* hash table, at most half full */
    size_t slots, used;
    const char *failed;
} pssf_state;

static visit *find(visit *visits, size_t slots, uint64_t key) {
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (slots - 1);
    while (visits[at].key && visits[at].key != key) at = (at + 1) & (slots - 1);
    return &visits[at];
}

static uint64_t key_of(const vdc_request *request, uint32_t host) {
    return ((uint64_t)request->tenant << 32 | host) + 1;
}

static bool grow(pssf_state *pssf) {
    size_t slots = pssf->slots ? 2 * pssf->slots : 256;
    visit *visits = vdc_calloc(slots, sizeof *visits);
    if (!visits) return false;
    for (size_t i = 0; i < pssf->slots; i++)
        if (pssf->visits[i].key) *find(visits, slots, pssf->visits[i].key) = pssf->visits[i];
    vdc_free(pssf->visits);
    pssf->visits = visits;
    pssf->slots = slots;
    return true;
}

static const char *init(void *state, const vdc_view *view) {
    (void)view;
    return grow(state) ? NULL : "out of memory";
}

static void fini(void *state) {
    vdc_free(((pssf_state *)state)->visits);
}

enum { FEWEST, MOST, FIRST };
static const char *const otherwise_names[] = {"fewest", "most", "first", NULL};

/* Is host `a` better than `b`? Of a tenant's earlier hosts the first one is. */
static bool is_better(const pssf_state *pssf, const vdc_view *view, bool earlier, uint32_t a, uint32_t b) {
    if (!earlier && pssf->otherwise == FEWEST && view->vms[a] != view->vms[b]) return view->vms[a] < view->vms[b];
    if (!earlier && pssf->otherwise == MOST && view->vms[a] != view->vms[b]) return view->vms[a] > view->vms[b];
    return vdc_host_before(view, a, b);
}

static bool choose(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    const pssf_state *pssf = state;
    int64_t best = -1;
    bool best_is_earlier = false;
    for (int64_t h = view->next_feasible(view, request, 0); h >= 0; h = view->next_feasible(view, request, (uint32_t)h + 1)) {
        const visit *of_tenant = find(pssf->visits, pssf->slots, key_of(request, (uint32_t)h));
        bool earlier = of_tenant->key != 0;
        if (earlier ? of_tenant->vms >= pssf->n : best_is_earlier) continue;
        bool better = best < 0 || (earlier && !best_is_earlier) || is_better(pssf, view, earlier, (uint32_t)h, (uint32_t)best);
        if (!better) continue;
        best = h;
        best_is_earlier = earlier;
        if (earlier && !view->rank) break; /* the first one does */
    }
    decision->host = best;
    return best >= 0;
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    (void)view;
    pssf_state *pssf = state;
    if (2 * (pssf->used + 1) > pssf->slots && !grow(pssf)) {
        pssf->failed = "out of memory";
        return;
    }
    visit *of_tenant = find(pssf->visits, pssf->slots, key_of(request, host));
    if (!of_tenant->key) {
        of_tenant->key = key_of(request, host);
        pssf->used++;
    }
    of_tenant->vms++;
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    (void)view;
    pssf_state *pssf = state;
    visit *of_tenant = find(pssf->visits, pssf->slots, key_of(request, host));
    if (of_tenant->key) of_tenant->vms--;
}

static const char *failure(const void *state) {
    return ((const pssf_state *)state)->failed;
}

static const vdc_param params[] = {
    VDC_PARAM_COUNT_ROW("n", pssf_state, n, "10", 1, 1e9, "most VMs of a tenant on a host"),
    VDC_PARAM_CHOICE_ROW("otherwise", pssf_state, otherwise, "fewest", otherwise_names,
                         "which new host is taken, by its number of VMs"),
};

const vdc_policy vdc_placement_pssf = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "pssf", "a tenant's earlier hosts first, at most n of its VMs on a host",
                    "after Han et al., IEEE TDSC 2017"),
    VDC_POLICY_STATE(params, pssf_state),
    .init = init,
    .fini = fini,
    .placement = {.choose = choose, .placed = placed, .released = released, .failure = failure},
};
