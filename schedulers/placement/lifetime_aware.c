/* Policies that align the predicted exits of VMs, so that hosts become empty. Equally good hosts are told apart by best fit over
 * CPU and memory. Time is looked at in classes that double; a host's exit is the latest predicted one of its VMs.
 *
 * departure-aligned: the host whose exit is in the class nearest to that of the VM; an empty host after all others.
 * nilas: the host whose exit the VM puts off least.
 */
#include "schedulers/lifetimes.h"
#include "schedulers/placement/norms.h"

typedef struct aligned_state {
    vdc_lifetimes lifetimes;
    int64_t buckets;
    vdc_time unit;
    vdc_time now;
} aligned_state;

static const char *init(void *state, const vdc_view *view) {
    return vdc_lifetimes_init(&((aligned_state *)state)->lifetimes, view);
}

static void fini(void *state) {
    vdc_lifetimes_fini(&((aligned_state *)state)->lifetimes);
}

static void prepare(void *state, const vdc_view *view, const vdc_request *request) {
    (void)request;
    aligned_state *aligned = state;
    aligned->now = view->now;
    vdc_lifetimes_refresh(&aligned->lifetimes, view->now);
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    vdc_lifetimes_placed(&((aligned_state *)state)->lifetimes, view->now, view->started, request, host, NULL);
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    vdc_lifetimes_released(&((aligned_state *)state)->lifetimes, view->now, request, host);
}

static const char *failure(const void *state) {
    return ((const aligned_state *)state)->lifetimes.failed;
}

/* ns until the host's exit. */
static vdc_time left_on(const aligned_state *aligned, const vdc_host_view *host) {
    vdc_time exit = aligned->lifetimes.exit[host->id];
    return exit == VDC_FOREVER ? VDC_FOREVER : exit > aligned->now ? exit - aligned->now : 0;
}

static double aligned_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    const aligned_state *aligned = state;
    int most = (int)aligned->buckets - 1;
    if (host->vms == 0) return vdc_score_by_level(most + 1, host, request);
    int of_vm = vdc_lifetime_class(vdc_lifetimes_predict(&aligned->lifetimes, request), aligned->unit, most);
    int of_host = vdc_lifetime_class(left_on(aligned, host), aligned->unit, most);
    return vdc_score_by_level(of_vm > of_host ? of_vm - of_host : of_host - of_vm, host, request);
}

static double nilas_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    const aligned_state *aligned = state;
    vdc_time stays = vdc_lifetimes_predict(&aligned->lifetimes, request), left = left_on(aligned, host);
    vdc_time put_off = stays <= left ? 0 : stays == VDC_FOREVER ? VDC_FOREVER : stays - left;
    int class = put_off == 0 ? 0 : 1 + vdc_lifetime_class(put_off, aligned->unit, (int)aligned->buckets - 1);
    return vdc_score_by_level(class, host, request);
}

static const vdc_param params[] = {
    VDC_PARAM_COUNT_ROW("buckets", aligned_state, buckets, "12", 1, 60, "classes of time"),
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "unit", aligned_state, unit, VDC_DIM_TIME, "10min", 1, 0,
                         "the first class is below it; each one doubles"),
    VDC_LIFETIME_ERROR_ROW(aligned_state, lifetimes),
};

#define LIFETIME_AWARE(scorer) \
    .init = init, .fini = fini, \
    .placement = {.score = scorer, .prepare = prepare, .placed = placed, .released = released, .failure = failure, \
                  .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_VMS | VDC_DEPENDS_TIME | VDC_DEPENDS_HOST | VDC_DEPENDS_REQUEST}

const vdc_policy vdc_placement_departure_aligned = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "departure-aligned",
                    "the host predicted to become empty at about the same time as the VM ends",
                    "after Barbalho et al., MLSys 2023"),
    VDC_POLICY_STATE(params, aligned_state),
    LIFETIME_AWARE(aligned_score),
};

const vdc_policy vdc_placement_nilas = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "nilas", "the host whose predicted exit the VM puts off least",
                    "after Ling et al., MLSys 2025"),
    VDC_POLICY_STATE(params, aligned_state),
    LIFETIME_AWARE(nilas_score),
};
