/* The baselines of the FGD study for GPU sharing (Weng et al., USENIX ATC 2023): random, dot product, clustering, packing, best
 * fit.
 *
 * Scores are whole numbers from 0 to 100, as in Kubernetes, so ties are common and the ranks matter. C is the free CPU, g_j the
 * free share of device j, G their sum; the VM asks for c CPU and D GPU in all. Where a score does not choose devices, the
 * engine's default does: the fullest device with room, the lowest free ones for several.
 */
#include <math.h>

#include "schedulers/policy_rows.h"
#include "sim/base/memory.h"

#define SOURCE(name) name " in Weng et al., USENIX ATC 2023"

/* The largest host of the fleet: what amounts are shares of. */
typedef struct largest_state {
    double cpu, gpu;
} largest_state;

static const char *find_largest(void *state, const vdc_view *view) {
    largest_state *largest = state;
    *largest = (largest_state){1, 1};
    for (uint32_t c = 0; c < view->classes; c++) {
        largest->cpu = fmax(largest->cpu, (double)view->class_views[c].capacity[VDC_CPU]);
        largest->gpu = fmax(largest->gpu, (double)view->class_views[c].capacity[VDC_GPU]);
    }
    return NULL;
}

/* --- random --- */

static bool choose_random(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    (void)state;
    uint32_t feasible = view->count_feasible(view, request);
    if (feasible == 0) return false;
    decision->host = view->select_feasible(view, request, (uint32_t)view->random(view, feasible));
    if (request->gpu_count != 1 || request->gpu_milli == 1000) return true;
    vdc_host_view host;
    view->host(view, (uint32_t)decision->host, &host);
    uint64_t seen = 0;
    for (int j = 0; j < host.class_view->gpus; j++) /* the n-th feasible device takes over with probability 1/n */
        if (host.gpu_free[j] >= request->gpu_milli && view->random(view, ++seen) == 0) decision->gpu_devices = UINT64_C(1) << j;
    return true;
}

const vdc_policy vdc_placement_gpu_random = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "gpu-random", "any host with room, any device with room", SOURCE("Random")),
    .placement = {.choose = choose_random},
};

/* --- dot product and best fit --- */

static double dot_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    const largest_state *largest = state;
    double product = ((double)host->free[VDC_CPU] / largest->cpu) * ((double)request->size[VDC_CPU] / largest->cpu) +
                     ((double)host->free[VDC_GPU] / largest->gpu) * ((double)request->size[VDC_GPU] / largest->gpu);
    return trunc(100 * (1 - product / 2));
}

static double fit_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    const largest_state *largest = state;
    double left = 0.5 * (double)(host->free[VDC_CPU] - request->size[VDC_CPU]) / largest->cpu +
                  0.5 * (double)(host->free[VDC_GPU] - request->size[VDC_GPU]) / largest->gpu;
    return trunc(100 * (1 - left));
}

const vdc_policy vdc_placement_gpu_dot_product = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "gpu-dot-product", "the least product of free and wanted CPU and GPU", SOURCE("DotProd")),
    .state_size = sizeof(largest_state),
    .init = find_largest,
    .placement = {.score = dot_score, .monotone = VDC_MONOTONE_FALLS},
};

const vdc_policy vdc_placement_gpu_best_fit = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "gpu-best-fit", "the least CPU and GPU left, each as a share of the largest host",
                    SOURCE("BestFit")),
    .state_size = sizeof(largest_state),
    .init = find_largest,
    .placement = {.score = fit_score, .monotone = VDC_MONOTONE_FALLS},
};

/* --- clustering: VMs that want alike amounts of GPU together --- */

enum { CLASSES = 65 }; /* shares of a device, then 1 to 64 devices */

typedef struct cluster_state {
    double gpu;             /* of the largest host */
    uint32_t *vms;          /* [host][class] VMs there */
} cluster_state;

static uint32_t *vms_of(const cluster_state *cluster, uint32_t host) {
    return cluster->vms + (size_t)host * CLASSES;
}

static int class_of(const vdc_request *request) {
    return request->gpu_count == 1 && request->gpu_milli < 1000 ? 0 : request->gpu_count;
}

static void cluster_fini(void *state) {
    vdc_free(((cluster_state *)state)->vms);
}

static const char *cluster_init(void *state, const vdc_view *view) {
    cluster_state *cluster = state;
    largest_state largest;
    find_largest(&largest, view);
    cluster->gpu = largest.gpu;
    cluster->vms = vdc_calloc((size_t)view->hosts * CLASSES, sizeof *cluster->vms);
    return cluster->vms || view->hosts == 0 ? NULL : "out of memory";
}

static double cluster_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices;
    if (request->gpu_count == 0) return 0;
    const cluster_state *cluster = state;
    const uint32_t *vms = vms_of(cluster, host->id);
    double base = trunc(25 * (cluster->gpu - (double)host->free[VDC_GPU]) / cluster->gpu);
    int present = 0;
    for (int class = 0; class < CLASSES; class++) present += vms[class] > 0;
    if (vms[class_of(request)] > 0) return base + (present == 1 ? 75 : 50);
    return present == 0 ? base + 25 : base;
}

static void cluster_placed(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    (void)view;
    if (request->gpu_count > 0) vms_of(state, host)[class_of(request)]++;
}

static void cluster_released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    (void)view;
    if (request->gpu_count > 0) vms_of(state, host)[class_of(request)]--;
}

const vdc_policy vdc_placement_gpu_clustering = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "gpu-clustering", "hosts with VMs that want as many GPUs, fuller ones first",
                    SOURCE("GpuClustering")),
    .state_size = sizeof(cluster_state),
    .init = cluster_init,
    .fini = cluster_fini,
    .placement = {.score = cluster_score, .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_HOST, .placed = cluster_placed,
                  .released = cluster_released},
};

/* --- packing: on devices in use first, on hosts in use second, on empty hosts last --- */

static double pack_score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state;
    (void)devices;
    if (request->gpu_count == 0) return 0;
    int gpus = host->class_view->gpus, whole = 0;
    for (int j = 0; j < gpus; j++) whole += host->gpu_free[j] == 1000;
    if (whole == gpus) return fmax(33 - whole, whole);
    /* The fullest devices with room, as many as it takes: those in use come before whole ones. */
    int taken = 0, opened = 0, percents = 0;
    for (int32_t least = request->gpu_milli; least <= 1000 && taken < request->gpu_count;) {
        int32_t next = INT32_MAX;
        for (int j = 0; j < gpus; j++) {
            if (host->gpu_free[j] == least && taken < request->gpu_count) {
                taken++;
                opened += least == 1000;
                percents += least * 100 / 1000;
            } else if (host->gpu_free[j] > least && host->gpu_free[j] < next) {
                next = host->gpu_free[j];
            }
        }
        least = next;
    }
    const int tenths = percents / 10;
    return opened > 0 ? fmax(50 - opened, 33) : fmax(100 - tenths, 50);
}

const vdc_policy vdc_placement_gpu_packing = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "gpu-packing", "devices in use first, then hosts in use, then empty hosts",
                    SOURCE("GpuPacking")),
    .placement = {.score = pack_score, .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_DEVICES},
};
