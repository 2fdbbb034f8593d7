/* The VMs that an attacker launches: `launches: {start, interval, count, vcpus, memory, lifetime, …}`, VM i at start + i x interval.
 *
 * Nothing of it is drawn, so that the launches are the same under every policy and change no other VM's draws.
 */
#include "sim/base/memory.h"
#include "workloads/shape.h"
#include "workloads/workload.h"

#include <string.h>

typedef struct launch_values {
    int64_t start, interval, count, at_once, lifetime;
} launch_values;

typedef struct launches {
    vdc_source base;
    launch_values values;
    vdc_request request;   /* what every VM begins as */
    int64_t made;
} launches;

#define FIELD(member) offsetof(launch_values, member)
#define INTEGER .type = VDC_PARAM_INTEGER
static const vdc_param launch_params[] = {
    {.name = "start", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", .help = "when the first one arrives", .offset = FIELD(start)},
    {.name = "interval", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", .help = "from one launch to the next", .offset = FIELD(interval)},
    {.name = "count", INTEGER, .fallback = "1", .minimum = 1, .maximum = 1e9, .help = "VMs in all", .offset = FIELD(count)},
    {.name = "at_once", INTEGER, .fallback = "1", .minimum = 1, .maximum = 1e9, .help = "VMs that arrive together at each launch",
     .offset = FIELD(at_once)},
    {.name = "lifetime", INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none",
     .help = "how long each stays; none = until the run ends", .offset = FIELD(lifetime)},
};
enum { LAUNCH_PARAMS = sizeof launch_params / sizeof launch_params[0] };

const vdc_param *vdc_workload_launch_params(size_t *count) {
    *count = LAUNCH_PARAMS;
    return launch_params;
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    launches *self = (launches *)source;
    const launch_values *values = &self->values;
    int64_t time;
    (void)diag;
    *have = self->made < values->count && !__builtin_mul_overflow(self->made / values->at_once, values->interval, &time)
            && !__builtin_add_overflow(time, values->start, &time);
    if (!*have) return VDC_OK;
    memcpy(out, &self->request, sizeof *out);
    out->arrival = time;
    self->made++;
    return VDC_OK;
}

static void close(vdc_source *source) { vdc_free(source); }

vdc_code vdc_workload_launches(const vdc_node *node, const char *tenant, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    *source = NULL;
    launches *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "the attacker's VMs");
    self->base.operations = &operations;
    memcpy(&self->request, &vdc_request_blank, sizeof self->request);
    vdc_diag errors = {0};
    vdc_code code = vdc_shape_read(node, launch_params, LAUNCH_PARAMS, &self->values, sizeof self->values, context, &self->request,
                                   "attack: launches", diag ? diag : &errors);
    vdc_diag_clear(&errors);
    if (!code && vdc_names_intern(context->tenants, tenant, strlen(tenant), &self->request.tenant)) code = vdc_no_memory(diag, "names");
    self->request.lifetime = self->values.lifetime == VDC_PARAM_NONE ? VDC_UNLIMITED : self->values.lifetime;
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}
