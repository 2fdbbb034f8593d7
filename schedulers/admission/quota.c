/* First come, first served, with a limit on what each tenant may hold at a time. A VM over its tenant's quota waits and holds up
 * nobody; one that is larger than the quota by itself is rejected. VMs without a tenant have no quota.
 *
 *     admission: {policy: quota, cpu: 64, memory: 256 GiB, tenants: {alice: {cpu: 128}, batch: {vms: 10}}}
 */
#include <string.h>

#include "schedulers/admission/tenants.h"
#include "sim/base/memory.h"
#include "sim/base/param.h"

typedef struct limits {
    int64_t cpu, memory, gpu, vms;   /* VDC_PARAM_NONE = no limit */
} limits;

typedef struct named_limits {
    const char *tenant;
    limits limits;
} named_limits;

typedef struct quota_state {
    limits usual;
    const vdc_node *list;
    named_limits *named;
    size_t named_count;
    const limits **known;            /* [tenant] what counts for it; NULL = not looked up yet */
    size_t known_count;
    vdc_tenant_uses uses;
} quota_state;

#define LIMIT_ROW(key, owner, path, measure, text) \
    { .name = key, .type = VDC_PARAM_INTEGER, .dimension = measure, .fallback = "none", .none = "none", .help = text, \
      .offset = offsetof(owner, path) }
#define LIMIT_ROWS(owner, field) \
    LIMIT_ROW("cpu", owner, field cpu, VDC_DIM_MILLI, "most vCPUs of a tenant"), \
    LIMIT_ROW("memory", owner, field memory, VDC_DIM_BYTES, "most memory of a tenant"), \
    LIMIT_ROW("gpu", owner, field gpu, VDC_DIM_MILLI, "most GPUs of a tenant"), \
    LIMIT_ROW("vms", owner, field vms, VDC_DIM_COUNT, "most VMs of a tenant")

static const vdc_param tenant_params[] = {LIMIT_ROWS(limits, )};

/* A tenant's own limits; what it does not name is as for all. */
static vdc_code read_tenant(const vdc_node *node, const limits *usual, named_limits *named, vdc_diag *diag) {
    named->tenant = node->key;
    vdc_code code = vdc_params_read(node, tenant_params, 4, &named->limits, NULL, "admission policy quota: tenants", diag);
    if (!vdc_node_get(node, "cpu")) named->limits.cpu = usual->cpu;
    if (!vdc_node_get(node, "memory")) named->limits.memory = usual->memory;
    if (!vdc_node_get(node, "gpu")) named->limits.gpu = usual->gpu;
    if (!vdc_node_get(node, "vms")) named->limits.vms = usual->vms;
    return code;
}

static int read_tenants(void *state, vdc_diag *diag) {
    quota_state *quota = state;
    if (!quota->list) return VDC_OK;
    if (quota->list->kind != VDC_NODE_MAPPING) {
        char found[96];
        return (int)vdc_fail(diag, VDC_ERROR_INPUT, &quota->list->place,
                             "admission policy quota: tenants: found %s; allowed: a mapping of tenants",
                             vdc_node_describe(quota->list, found, sizeof found));
    }
    quota->named = vdc_calloc(quota->list->count + 1, sizeof *quota->named);
    if (!quota->named) return (int)vdc_no_memory(diag, "the tenants' quotas");
    vdc_code first = VDC_OK;
    for (size_t i = 0; i < quota->list->count; i++) {
        vdc_code code = read_tenant(quota->list->children[i], &quota->usual, &quota->named[quota->named_count++], diag);
        if (!first) first = code;
    }
    return (int)first;
}

static void close_tenants(void *state) {
    vdc_free(((quota_state *)state)->named);
}

static void fini(void *state) {
    quota_state *quota = state;
    vdc_tenant_uses_free(&quota->uses);
    vdc_free(quota->known);
}

static const limits *by_name(const quota_state *quota, const char *name) {
    for (size_t i = 0; i < quota->named_count; i++)
        if (!strcmp(quota->named[i].tenant, name)) return &quota->named[i].limits;
    return &quota->usual;
}

/* NULL without memory. */
static const limits *limits_of(quota_state *quota, const vdc_view *view, uint32_t tenant) {
    if (quota->named_count == 0) return &quota->usual;
    size_t before = quota->known_count;
    if (!VDC_RESERVE(quota->known, quota->known_count, (size_t)tenant + 1)) return NULL;
    for (size_t i = before; i < quota->known_count; i++) quota->known[i] = NULL;
    if (!quota->known[tenant]) quota->known[tenant] = by_name(quota, view->tenant_name ? view->tenant_name(view, tenant) : "");
    return quota->known[tenant];
}

/* Is held + wanted within the limit, ever and now? */
static vdc_verdict compare(int64_t limit, int64_t held, int64_t wanted) {
    if (limit == VDC_PARAM_NONE) return VDC_VERDICT_TRY;
    return wanted > limit ? VDC_VERDICT_NEVER : wanted > limit - held ? VDC_VERDICT_WAIT : VDC_VERDICT_TRY;
}

static vdc_verdict admit(void *state, const vdc_view *view, const vdc_request *request) {
    quota_state *quota = state;
    if (request->tenant == 0) return VDC_VERDICT_TRY;
    const limits *of_tenant = limits_of(quota, view, request->tenant);
    const vdc_tenant_use *use = vdc_tenant_use_of(&quota->uses, request->tenant);
    if (!of_tenant) quota->uses.failed = "out of memory";
    if (!use || !of_tenant) return VDC_VERDICT_WAIT;
    const vdc_verdict verdicts[] = {
        compare(of_tenant->cpu, use->held[VDC_CPU], request->size[VDC_CPU]),
        compare(of_tenant->memory, use->held[VDC_MEMORY], request->size[VDC_MEMORY]),
        compare(of_tenant->gpu, use->held[VDC_GPU], request->size[VDC_GPU]),
        compare(of_tenant->vms, use->vms, 1),
    };
    vdc_verdict worst = VDC_VERDICT_TRY;
    for (int i = 0; i < 4; i++)
        if (verdicts[i] > worst) worst = verdicts[i];
    return worst;
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, const vdc_decision *decision) {
    (void)view;
    (void)decision;
    vdc_tenant_use_add(&((quota_state *)state)->uses, request, 1);
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    (void)view;
    (void)host;
    vdc_tenant_use_add(&((quota_state *)state)->uses, request, -1);
}

static const char *failure(const void *state) {
    return ((const quota_state *)state)->uses.failed;
}

static const vdc_param params[] = {
    LIMIT_ROWS(quota_state, usual.),
    {.name = "tenants", .type = VDC_PARAM_NODE, .help = "limits of single tenants by name, in place of the usual ones",
     .offset = offsetof(quota_state, list)},
};

const vdc_policy vdc_admission_quota = {
    VDC_POLICY_HEAD(VDC_ADMISSION, "quota", "first come, first served within a limit on what each tenant holds",
                    "OpenStack quotas"),
    VDC_POLICY_STATE(params, quota_state),
    .fini = fini,
    .read = read_tenants,
    .close = close_tenants,
    .admission = {.admit = admit, .placed = placed, .released = released, .failure = failure},
};
