/* A placement policy as a plug-in: keeps the free shares of CPU and memory in balance, so that neither is stranded.
 *
 * Only vdcsim_policy.h is needed; `make` builds the shared object. The score is a pure function of one host's free amounts and the
 * request, so the engine finds the best host by index, as it does for its own policies.
 */
#include <math.h>
#include <stddef.h>

#include "vdcsim_policy.h"

typedef struct state {
    double fullness; /* the parameter below */
} state;

static const vdc_param params[] = {
    {.name = "fullness", .type = VDC_PARAM_REAL, .dimension = VDC_DIM_RATIO, .fallback = "0.5", .minimum = 0, .maximum = 1000,
     .help = "how much a full host is liked beside a balanced one", .offset = offsetof(state, fullness)},
};

static double left(const vdc_host_view *host, const vdc_request *request, vdc_resource resource) {
    int64_t capacity = host->class_view->capacity[resource];
    return capacity ? (double)(host->free[resource] - request->size[resource]) / (double)capacity : 0;
}

/* Larger is better; called for hosts with room only. */
static double score(const void *parameters, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)devices; /* GPUs and NUMA nodes are left to the engine */
    const state *s = parameters;
    double cpu = left(host, request, VDC_CPU), memory = left(host, request, VDC_MEMORY);
    return -fabs(cpu - memory) - s->fullness * (cpu + memory);
}

const vdc_policy vdc_policy_plugin = {
    .abi = VDC_POLICY_ABI,
    .kind = VDC_PLACEMENT,
    .name = "least-stranded",
    .summary = "the free shares of CPU and memory nearest to each other, then the fullest host",
    .source = "an example of vdcsim",
    .params = params,
    .param_count = sizeof params / sizeof *params,
    .state_size = sizeof(state),
    .placement = {.score = score, .depends = VDC_DEPENDS_FREE},
};
