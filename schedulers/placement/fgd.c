/* Fragmentation gradient descent (Weng et al., USENIX ATC 2023): the host, and on it the device, where the placement adds least
 * to the GPUs that VMs typical for the workload could not use.
 *
 * The score is trunc(100 sigmoid((F - F') / 1000)), F and F' the host's fragmentation in milli-GPU before and after. Each device
 * with room is tried for a shared GPU, the first one of the best score is taken; whole GPUs are the lowest free ones.
 */
#include <math.h>
#include <string.h>

#include "schedulers/policy_rows.h"

enum { MOST_DEVICES = 64 };

typedef struct mix_state {
    const vdc_gpu_mix *mix;
} mix_state;

static const char *init(void *state, const vdc_view *view) {
    ((mix_state *)state)->mix = view->gpu_mix;
    return view->gpu_mix ? NULL : "fgd needs to know which VMs are typical, which this workload does not tell in advance";
}

static double score_of(double before, double after) {
    return trunc(100 * (1 / (1 + exp(-((before - after) / 1000)))));
}

static double score(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    const vdc_gpu_mix *mix = ((const mix_state *)state)->mix;
    const vdc_host_class_view *class = host->class_view;
    int32_t gpu_free[MOST_DEVICES] = {0};
    if (host->gpu_free) memcpy(gpu_free, host->gpu_free, class->gpus * sizeof *gpu_free);
    unsigned gpus = host->gpu_free ? class->gpus : 0;
    int64_t cpu_left = host->free[VDC_CPU] - request->size[VDC_CPU];
    double before = vdc_gpu_fragment(mix, host->free[VDC_CPU], class->gpu_model, gpu_free, gpus);

    if (request->gpu_count != 1 || request->gpu_milli == 1000) {
        uint64_t chosen = 0;
        int left = request->gpu_count;
        for (unsigned j = 0; j < gpus && left > 0; j++) {
            if (gpu_free[j] < request->gpu_milli) continue;
            gpu_free[j] -= request->gpu_milli;
            chosen |= UINT64_C(1) << j;
            left--;
        }
        devices->gpu_devices = chosen;
        return score_of(before, vdc_gpu_fragment(mix, cpu_left, class->gpu_model, gpu_free, gpus));
    }
    double best = -1;
    for (unsigned j = 0; j < gpus; j++) {
        bool tried = false; /* a device with the same free share gives the same score */
        for (unsigned i = 0; i < j; i++) tried = tried || gpu_free[i] == gpu_free[j];
        if (tried || gpu_free[j] < request->gpu_milli) continue;
        gpu_free[j] -= request->gpu_milli;
        double value = score_of(before, vdc_gpu_fragment(mix, cpu_left, class->gpu_model, gpu_free, gpus));
        gpu_free[j] += request->gpu_milli;
        if (value <= best) continue;
        best = value;
        devices->gpu_devices = UINT64_C(1) << j;
    }
    return best;
}

const vdc_policy vdc_placement_fgd = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "fgd", "the least growth of GPU fragmentation", "Weng et al., USENIX ATC 2023"),
    .state_size = sizeof(mix_state),
    .init = init,
    .placement = {.score = score, .depends = VDC_DEPENDS_FREE | VDC_DEPENDS_DEVICES},
};
