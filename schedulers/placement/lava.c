/* LAVA: hosts have lifetime classes, and gaps on hosts of long-lived VMs are filled with VMs of shorter ones (after Ling et al.,
 * MLSys 2025).
 *
 * The classes are lifetimes below 1, 10, 100 units and beyond. An empty host takes the class of its first VM and is open: it
 * takes VMs of its class until it is full, then it is recycling and takes VMs of lower classes. When the VMs that made it what it
 * is have left, it falls by a class, and those that are still there are its own. When it outlives the time of its class, its VMs
 * were predicted wrongly, and it rises by a class.
 *
 * A VM prefers recycling hosts of a higher class, the nearest first; then open hosts of its own class; then other hosts in use,
 * the nearest class first; then empty ones. O(hosts) a decision.
 */
#include "schedulers/lifetimes.h"
#include "schedulers/placement/norms.h"
#include "sim/base/memory.h"

enum { CLASSES = 4, OTHER_LEVEL = CLASSES, EMPTY_LEVEL = 2 * CLASSES };

typedef struct lava_host {
    vdc_time deadline;      /* when it will have outlived its class */
    uint32_t own;           /* VMs that make it what it is */
    uint32_t epoch;         /* how often it fell by a class */
    uint8_t class;
    bool recycling;
} lava_host;

typedef struct lava_state {
    vdc_lifetimes lifetimes;
    vdc_time unit;
    double full;
    lava_host *hosts;
} lava_state;

static vdc_time bound_of(const lava_state *lava, int class) {
    vdc_time bound = lava->unit;
    for (int i = 0; i < class; i++) bound = bound > VDC_FOREVER / 10 ? VDC_FOREVER : bound * 10;
    return class == CLASSES - 1 ? VDC_FOREVER : bound;
}

static int class_of(const lava_state *lava, const vdc_request *request) {
    vdc_time lifetime = vdc_lifetimes_predict(&lava->lifetimes, request);
    int class = 0;
    while (class < CLASSES - 1 && lifetime >= bound_of(lava, class)) class++;
    return class;
}

static void set_class(lava_state *lava, lava_host *host, int class, vdc_time now) {
    vdc_time bound = bound_of(lava, class);
    host->class = (uint8_t)class;
    host->deadline = bound > VDC_FOREVER - now ? VDC_FOREVER : now + bound;
}

static void fini(void *state) {
    lava_state *lava = state;
    vdc_lifetimes_fini(&lava->lifetimes);
    vdc_free(lava->hosts);
}

static const char *init(void *state, const vdc_view *view) {
    lava_state *lava = state;
    lava->hosts = vdc_calloc((size_t)view->hosts + 1, sizeof *lava->hosts);
    return lava->hosts ? vdc_lifetimes_init(&lava->lifetimes, view) : "out of memory";
}

static void prepare(void *state, const vdc_view *view, const vdc_request *request) {
    (void)request;
    lava_state *lava = state;
    vdc_lifetimes_refresh(&lava->lifetimes, view->now);
    for (uint32_t h = 0; h < view->hosts; h++) {
        lava_host *host = &lava->hosts[h];
        if (view->vms[h] > 0 && host->deadline <= view->now && host->class < CLASSES - 1) set_class(lava, host, host->class + 1,
                view->now);
    }
}

static double score(const void *state, const vdc_host_view *view, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    const lava_state *lava = state;
    const lava_host *host = &lava->hosts[view->id];
    int above = host->class - class_of(lava, request), level;
    if (view->vms == 0) level = EMPTY_LEVEL;
    else if (host->recycling && above > 0) level = above - 1;
    else if (!host->recycling && above == 0) level = CLASSES - 1;
    else level = OTHER_LEVEL + (above < 0 ? -above : above);
    return vdc_score_by_level(level, view, request);
}

/* The larger of the used shares of CPU and memory. */
static double used_share(const vdc_view *view, uint32_t h) {
    static const vdc_resource resources[] = {VDC_CPU, VDC_MEMORY};
    double most = 0;
    for (int i = 0; i < 2; i++) {
        int64_t capacity = view->class_views[view->host_class[h]].capacity[resources[i]];
        const int64_t *free = view->free[resources[i]];
        if (free && capacity > 0) most = fmax(most, (double)(capacity - free[h]) / (double)capacity);
    }
    return most;
}

/* A VM's mark says whether it makes the host what it is (1), and since which epoch of the host it is there (the rest). */
static void placed(void *state, const vdc_view *view, const vdc_request *request, uint32_t h) {
    lava_state *lava = state;
    lava_host *host = &lava->hosts[h];
    int class = class_of(lava, request);
    vdc_lifetimes_placed(&lava->lifetimes, view->now, view->started, request, h, NULL);
    if (view->vms[h] <= 1) {
        *host = (lava_host){.epoch = host->epoch};
        set_class(lava, host, class, view->now);
    }
    bool own = class >= host->class;
    host->own += own;
    if (used_share(view, h) >= lava->full) host->recycling = true;
    uint32_t *mark = vdc_lifetimes_mark(&lava->lifetimes, request, h);
    if (mark) *mark = 2 * host->epoch + own;
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t h) {
    lava_state *lava = state;
    lava_host *host = &lava->hosts[h];
    const uint32_t *mark = vdc_lifetimes_mark(&lava->lifetimes, request, h);
    bool own = mark && (*mark % 2 || *mark / 2 != host->epoch);
    vdc_lifetimes_released(&lava->lifetimes, view->now, request, h);
    if (own && host->own > 0) host->own--;
    if (host->own > 0 || view->vms[h] == 0) return;
    if (host->class > 0) set_class(lava, host, host->class - 1, view->now);
    host->own = view->vms[h]; /* from now on */
    host->epoch++;
}

static const char *failure(const void *state) {
    return ((const lava_state *)state)->lifetimes.failed;
}

static const vdc_param params[] = {
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "unit", lava_state, unit, VDC_DIM_TIME, "1h", 1, 0,
                         "the first class is below it; each is ten times as long"),
    VDC_PARAM_REAL_ROW("full", lava_state, full, VDC_DIM_RATIO, "90%", 0, 1,
                       "used share of CPU or memory from which a host is recycling"),
    VDC_LIFETIME_ERROR_ROW(lava_state, lifetimes),
};

const vdc_policy vdc_placement_lava = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "lava", "hosts of lifetime classes, their gaps filled with shorter-lived VMs",
                    "after Ling et al., MLSys 2025"),
    VDC_POLICY_STATE(params, lava_state),
    .init = init,
    .fini = fini,
    .placement = {.score = score, .prepare = prepare, .placed = placed, .released = released, .failure = failure,
                  .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_VMS | VDC_DEPENDS_TIME | VDC_DEPENDS_HOST | VDC_DEPENDS_REQUEST},
};
