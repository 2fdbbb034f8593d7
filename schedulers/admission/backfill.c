/* EASY backfilling (Lifka, JSSPP 1995) for VMs on many hosts: the first VM that does not fit gets a reservation, later ones may
 * go ahead as long as they do not delay it.
 *
 * The reservation is on the host where, by the predicted ends of the VMs there, room for it comes first (ties to the lowest
 * id). A later VM may go to any other host; to the reserved one only when it is predicted to have left by then, or when it fits
 * beside the reserved VM. The reservation is made anew in every pass, so it only moves forward. Where no predicted end makes
 * room, nothing is reserved. Hard rules between VMs are not foreseen. O(VMs log VMs) a pass with a VM that does not fit.
 */
#include <string.h>

#include "models/host.h"
#include "schedulers/lifetimes.h"

/* What is free on a host at some time. */
typedef struct room {
    int64_t free[VDC_RESOURCES];
    int32_t gpu_free[VDC_GPU_DEVICES];
    int64_t numa_free[2 * VDC_NUMA_NODES];
} room;

typedef struct backfill_state {
    vdc_lifetimes lifetimes;
    int64_t depth;
    int64_t host;              /* the reserved one, -1 = none */
    vdc_time time;             /* when the reserved VM starts */
    vdc_time now;
    room beside;               /* what is free then beside the reserved VM */
    vdc_departure *departures;
    size_t departure_capacity;
} backfill_state;

static const char *init(void *state, const vdc_view *view) {
    backfill_state *backfill = state;
    backfill->host = -1;
    backfill->lifetimes.keep_holdings = true;
    return vdc_lifetimes_init(&backfill->lifetimes, view);
}

static void fini(void *state) {
    backfill_state *backfill = state;
    vdc_lifetimes_fini(&backfill->lifetimes);
    vdc_free(backfill->departures);
}

/* --- rooms --- */

static room room_now(const vdc_host_view *host) {
    room now = {.gpu_free = {0}};
    memcpy(now.free, host->free, sizeof now.free);
    if (host->gpu_free) memcpy(now.gpu_free, host->gpu_free, host->class_view->gpus * sizeof *now.gpu_free);
    if (host->numa_free) memcpy(now.numa_free, host->numa_free, 2 * (size_t)host->class_view->numa_nodes * sizeof *now.numa_free);
    return now;
}

static void give_back(room *to, const vdc_holding *holding, int sign) {
    for (int r = 0; r < VDC_RESOURCES; r++) to->free[r] += sign * holding->size[r];
    for (uint64_t left = holding->gpu_devices; left; left &= left - 1) to->gpu_free[__builtin_ctzll(left)] += sign * holding->gpu_milli;
    for (uint64_t left = holding->numa_nodes; left; left &= left - 1)
        for (int i = 0; i < 2; i++) to->numa_free[2 * __builtin_ctzll(left) + i] += sign * holding->numa_share[i];
}

/* What the request would hold there, on the lowest devices and nodes that have room; false when it does not fit. */
static bool fits(const room *in, const vdc_view *view, const vdc_host_class_view *class, const vdc_request *request,
                 vdc_holding *holding) {
    *holding = (vdc_holding){.gpu_milli = request->gpu_milli,
                             .numa_share = {vdc_numa_share(request, VDC_CPU), vdc_numa_share(request, VDC_MEMORY)}};
    memcpy(holding->size, request->size, sizeof holding->size);
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (view->free[r] && in->free[r] < request->size[r]) return false;
    if (request->gpu_count > 0 && !vdc_gpu_model_accepted(request, class->gpu_model)) return false;
    int gpus = request->gpu_count, nodes = class->numa_nodes > 0 ? request->numa_nodes : 0;
    for (int j = 0; j < class->gpus && gpus > 0; j++) {
        if (in->gpu_free[j] < request->gpu_milli) continue;
        holding->gpu_devices |= UINT64_C(1) << j;
        gpus--;
    }
    for (int k = 0; k < class->numa_nodes && nodes > 0; k++) {
        if (in->numa_free[2 * k] < holding->numa_share[0] || in->numa_free[2 * k + 1] < holding->numa_share[1]) continue;
        holding->numa_nodes |= UINT64_C(1) << k;
        nodes--;
    }
    return gpus == 0 && nodes == 0;
}

/* --- the reservation --- */

/* When the host has room, if before `limit`, and what is then free beside the VM. */
static bool reserve(backfill_state *backfill, const vdc_view *view, const vdc_request *request, uint32_t h, vdc_time limit) {
    if (view->host_state[h] != 0 || view->vms[h] == 0) return false;
    if (!VDC_RESERVE(backfill->departures, backfill->departure_capacity, view->vms[h])) {
        backfill->lifetimes.failed = "out of memory";
        return false;
    }
    vdc_host_view host;
    view->host(view, h, &host);
    room then = room_now(&host);
    vdc_holding holding;
    if (fits(&then, view, host.class_view, request, &holding)) return false; /* it is a rule that keeps the VM away */
    size_t count = vdc_lifetimes_departures(&backfill->lifetimes, h, backfill->departures, view->vms[h]);
    for (size_t i = 0; i < count && backfill->departures[i].time < limit; i++) {
        give_back(&then, backfill->departures[i].holding, 1);
        if (!fits(&then, view, host.class_view, request, &holding)) continue;
        give_back(&then, &holding, -1);
        backfill->host = h;
        backfill->time = backfill->departures[i].time;
        /* Those who leave at the same instant are gone by then. */
        for (i++; i < count && backfill->departures[i].time == backfill->time; i++) give_back(&then,
                backfill->departures[i].holding, 1);
        backfill->beside = then;
        return true;
    }
    return false;
}

static void blocked(void *state, const vdc_view *view, const vdc_request *request) {
    backfill_state *backfill = state;
    backfill->now = view->now;
    backfill->host = -1;
    backfill->time = VDC_FOREVER;
    vdc_lifetimes_refresh(&backfill->lifetimes, view->now);
    for (uint32_t h = 0; h < view->hosts; h++) reserve(backfill, view, request, h, backfill->time);
}

/* Will a VM that starts now have left when the reserved one starts? */
static bool leaves_in_time(const backfill_state *backfill, const vdc_request *request) {
    vdc_time lifetime = vdc_lifetimes_predict(&backfill->lifetimes, request);
    return lifetime != VDC_FOREVER && lifetime <= backfill->time - backfill->now;
}

static bool allows(const void *state, const vdc_view *view, uint32_t host, const vdc_request *request) {
    const backfill_state *backfill = state;
    if (backfill->host != host || leaves_in_time(backfill, request)) return true;
    vdc_holding holding;
    return fits(&backfill->beside, view, &view->class_views[view->host_class[host]], request, &holding);
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, const vdc_decision *decision) {
    backfill_state *backfill = state;
    vdc_lifetimes_placed(&backfill->lifetimes, view->now, view->started, request, (uint32_t)decision->host, decision);
    if (backfill->host != decision->host || view->now != backfill->now || leaves_in_time(backfill, request)) return;
    vdc_holding holding;
    if (fits(&backfill->beside, view, &view->class_views[view->host_class[decision->host]], request, &holding))
        give_back(&backfill->beside, &holding, -1);
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    vdc_lifetimes_released(&((backfill_state *)state)->lifetimes, view->now, request, host);
}

static uint32_t depth(const void *state) {
    return (uint32_t)((const backfill_state *)state)->depth;
}

static const char *failure(const void *state) {
    return ((const backfill_state *)state)->lifetimes.failed;
}

static const vdc_param params[] = {
    VDC_PARAM_COUNT_ROW("depth", backfill_state, depth, "100", 0, UINT32_MAX,
                        "VMs that do not fit and may be passed over in one pass over the queue"),
    VDC_LIFETIME_ERROR_ROW(backfill_state, lifetimes),
};

const vdc_policy vdc_admission_backfill = {
    VDC_POLICY_HEAD(VDC_ADMISSION, "backfill",
                    "first come, first served; later VMs go ahead when they do not delay the first that waits",
                    "EASY: Lifka, JSSPP 1995"),
    VDC_POLICY_STATE(params, backfill_state),
    .init = init,
    .fini = fini,
    .admission = {.skip = depth, .blocked = blocked, .allows = allows, .placed = placed, .released = released,
                  .failure = failure},
};
