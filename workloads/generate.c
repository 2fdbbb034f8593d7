/* The generator: VMs drawn from distributions.
 *
 *   generate:
 *     count: 100000                       # or until: 7d
 *     arrivals: {dist: diurnal, mean: 12s}
 *     lifetime: {dist: lognormal, median: 1h, sigma: 1.5}
 *     flavors: [{vcpus: 2, memory: 4 GiB, weight: 3}, {vcpus: 8, memory: 32 GiB}]
 *     load: {kind: ar, mean: 30%, sd: 10%}
 *     tenants: {count: 100, zipf: 1.1}
 *
 * Every aspect of VM i is drawn from a stream of its own, keyed by what it is and by i; the arrivals from one stream. So
 * another flavor mix or load moves no arrival and no lifetime, and more VMs change none of the first.
 */
#include "sim/base/memory.h"
#include "workloads/arrivals.h"
#include "workloads/made_load.h"
#include "workloads/readers.h"
#include "workloads/shape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TENANT_LIMIT = 10000000 };

typedef struct generate_params {
    int64_t count, until, start;
    const vdc_node *arrivals, *lifetime, *flavors, *load, *tenants;
} generate_params;

typedef struct flavor {
    vdc_request request;       /* what every VM of it begins as */
    const char *name;          /* in the arena, or NULL */
    bool has_load, has_lifetime;
    vdc_made_load load;
    vdc_distribution lifetime;
} flavor;

typedef struct generator {
    vdc_source base;
    vdc_arena arena;
    vdc_draw_key flavor_key, tenant_key, lifetime_key;
    int64_t count, until, start;
    vdc_arrivals arrivals;
    flavor *flavors;
    double *flavor_share;      /* cumulative, rises to 1 */
    size_t flavor_count;
    uint32_t *tenants;         /* interned, by rank */
    double *tenant_share;      /* cumulative */
    size_t tenant_count;
    int64_t made;
} generator;

/* ---- options ---- */

#define FIELD(member) offsetof(generate_params, member)
#define NODE(key, member, required, help) \
    {key, VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, help, FIELD(member), required, NULL}
static const vdc_param generate_table[] = {
    {"count", VDC_PARAM_INTEGER, VDC_DIM_COUNT, "none", 0, 0, NULL, "how many VMs", FIELD(count), false, "none"},
    {"until", VDC_PARAM_INTEGER, VDC_DIM_TIME, "none", 0, 0, NULL, "arrivals before this", FIELD(until), false, "none"},
    {"start", VDC_PARAM_INTEGER, VDC_DIM_TIME, "0s", 0, 0, NULL, "when the arrivals begin", FIELD(start), false, NULL},
    NODE("arrivals", arrivals, true, "{dist, …}: times between arrivals, mmpp or diurnal"),
    NODE("lifetime", lifetime, false, "{dist, …}; without it VMs stay until the run ends"),
    NODE("flavors", flavors, true, "[{vcpus, memory, …, weight}, …]"),
    NODE("load", load, false, "{kind, …}; without it VMs ask for all of their vCPUs"),
    NODE("tenants", tenants, false, "{count, zipf}: tenants of unequal size"),
};

/* Turns weights into shares that rise to exactly 1. */
static vdc_code accumulate(double *weights, size_t count, const vdc_node *node, vdc_diag *diag) {
    double total = 0, sum = 0;
    for (size_t i = 0; i < count; i++) total += weights[i];
    if (!(total > 0)) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "generate: the weights add up to 0");
    for (size_t i = 0; i < count; i++) weights[i] = (sum += weights[i]) / total;
    weights[count - 1] = 1;
    return VDC_OK;
}

typedef struct flavor_own {
    double weight;
    const char *name, *group;
    const vdc_node *load, *lifetime;
} flavor_own;

static vdc_code read_flavor(generator *self, flavor *out, const vdc_node *node, const generate_params *shared, double *weight,
                            const vdc_workload_context *context, vdc_diag *diag) {
    static const vdc_param params[] = {
        {"weight", VDC_PARAM_REAL, VDC_DIM_RATIO, "1", 0, 1e12, NULL, "how often it is drawn", offsetof(flavor_own, weight),
         false, NULL},
        {"name", VDC_PARAM_TEXT, VDC_DIM_COUNT, NULL, 0, 0, NULL, "given to its VMs", offsetof(flavor_own, name), false, NULL},
        {"group", VDC_PARAM_TEXT, VDC_DIM_COUNT, NULL, 0, 0, NULL, "of its VMs", offsetof(flavor_own, group), false, NULL},
        {"load", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "in place of the common one", offsetof(flavor_own, load), false,
         NULL},
        {"lifetime", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "in place of the common one",
         offsetof(flavor_own, lifetime), false, NULL},
    };
    flavor_own own = {0};
    memcpy(&out->request, &vdc_request_blank, sizeof out->request);
    vdc_code code = vdc_shape_read(node, params, sizeof params / sizeof params[0], &own, sizeof own, context, &out->request,
                                   "flavor", diag);
    if (code) return code;
    *weight = own.weight;
    if (own.name && !(out->name = vdc_arena_strdup(&self->arena, own.name))) return vdc_no_memory(diag, "flavors");
    if (own.group && vdc_names_intern(context->groups, own.group, strlen(own.group), &out->request.group))
        return vdc_no_memory(diag, "names");
    const vdc_node *lifetime = own.lifetime ? own.lifetime : shared->lifetime, *load = own.load ? own.load : shared->load;
    out->has_lifetime = lifetime != NULL;
    if (lifetime) code = vdc_distribution_read(&out->lifetime, lifetime, context, "lifetime", &self->arena, diag);
    if (code || !load) return code;
    const vdc_wide full = (vdc_wide)out->request.size[VDC_CPU] * context->host_speed / 1000;
    if (full > INT64_MAX / 2) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "flavor: vcpus: too many");
    out->has_load = true;
    return vdc_made_load_read(&out->load, load, context, (int64_t)full, &self->arena, diag);
}

static vdc_code read_flavors(generator *self, const generate_params *params, const vdc_workload_context *context,
                             vdc_diag *diag) {
    const vdc_node *list = params->flavors;
    if (list->kind != VDC_NODE_SEQUENCE || list->count == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "generate: flavors: a list of {vcpus, memory, …} is wanted");
    self->flavors = vdc_arena_alloc(&self->arena, list->count * sizeof *self->flavors);
    self->flavor_share = vdc_arena_alloc(&self->arena, list->count * sizeof *self->flavor_share);
    if (!self->flavors || !self->flavor_share) return vdc_no_memory(diag, "flavors");
    vdc_code first = VDC_OK;
    for (size_t i = 0; i < list->count; i++) {
        self->flavor_count = i + 1;
        const vdc_code code = read_flavor(self, &self->flavors[i], list->children[i], params, &self->flavor_share[i], context,
                                          diag);
        if (!first) first = code;
    }
    return first ? first : accumulate(self->flavor_share, list->count, list, diag);
}

/* Tenant k of n, from 1, has a share proportional to k^-zipf. */
static vdc_code read_tenants(generator *self, const vdc_node *node, const vdc_workload_context *context, vdc_diag *diag) {
    struct values { int64_t count; double zipf; const char *prefix; } values = {.zipf = 1, .prefix = "tenant-"};
    static const vdc_param params[] = {
        {"count", VDC_PARAM_INTEGER, VDC_DIM_COUNT, NULL, 1, TENANT_LIMIT, NULL, "how many", offsetof(struct values, count),
         false, NULL},
        {"zipf", VDC_PARAM_REAL, VDC_DIM_COUNT, "1", 0, 20, NULL, "0 = all alike; 1: the k-th has 1/k of the first",
         offsetof(struct values, zipf), false, NULL},
        {"prefix", VDC_PARAM_TEXT, VDC_DIM_COUNT, "tenant-", 0, 0, NULL, "their names are this and a number",
         offsetof(struct values, prefix), false, NULL},
    };
    if (!node) return VDC_OK;
    vdc_code code = node->kind == VDC_NODE_SCALAR ? vdc_node_integer(node, VDC_DIM_COUNT, 1, TENANT_LIMIT, &values.count, diag)
                                                  : vdc_params_read(node, params, 3, &values, NULL, "tenants", diag);
    if (code) return code;
    self->tenant_count = (size_t)values.count;
    self->tenants = vdc_arena_alloc(&self->arena, self->tenant_count * sizeof *self->tenants);
    self->tenant_share = vdc_arena_alloc(&self->arena, self->tenant_count * sizeof *self->tenant_share);
    if (!self->tenants || !self->tenant_share) return vdc_no_memory(diag, "tenants");
    for (size_t k = 0; k < self->tenant_count; k++) {
        char name[128];
        const int length = snprintf(name, sizeof name, "%.90s%zu", values.prefix, k + 1);
        if (vdc_names_intern(context->tenants, name, (size_t)length, &self->tenants[k])) return vdc_no_memory(diag, "tenants");
        self->tenant_share[k] = pow((double)(k + 1), -values.zipf);
    }
    return accumulate(self->tenant_share, self->tenant_count, node, diag);
}

/* ---- drawing ---- */

/* The first index whose cumulative share is above a uniform draw of VM `vm`. */
static size_t pick(vdc_draw_key key, const double *share, size_t count, int64_t vm) {
    if (count == 1) return 0;
    const double u = (double)(vdc_hash_of(key, (uint64_t)vm, 0) >> 11) * 0x1p-53;
    size_t low = 0, high = count - 1;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (share[middle] > u) high = middle;
        else low = middle + 1;
    }
    return low;
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    (void)diag;
    generator *self = (generator *)source;
    int64_t time;
    *have = (self->count == VDC_PARAM_NONE || self->made < self->count) && vdc_arrivals_next(&self->arrivals, &time)
            && !__builtin_add_overflow(time, self->start, &time) && (self->until == VDC_PARAM_NONE || time < self->until);
    if (!*have) {
        self->count = 0; /* nothing comes after the end */
        return VDC_OK;
    }
    const int64_t vm = self->made++;
    const flavor *size = &self->flavors[pick(self->flavor_key, self->flavor_share, self->flavor_count, vm)];
    memcpy(out, &size->request, sizeof *out);
    out->arrival = time;
    out->name = size->name;
    if (self->tenant_count) out->tenant = self->tenants[pick(self->tenant_key, self->tenant_share, self->tenant_count, vm)];
    if (size->has_lifetime) {
        vdc_stream stream;
        vdc_stream_open_of(&stream, self->lifetime_key, (uint64_t)vm);
        out->lifetime = vdc_distribution_draw(&size->lifetime, &stream);
    }
    if (size->has_load) vdc_made_load_start(&size->load, (uint64_t)vm, out);
    return VDC_OK;
}

static void close(vdc_source *source) {
    generator *self = (generator *)source;
    for (size_t i = 0; i < self->flavor_count; i++) vdc_made_load_free(&self->flavors[i].load);
    vdc_arena_free(&self->arena);
    vdc_free(self);
}

static vdc_code open_generator(const void *values, const char *path, const vdc_workload_context *context, vdc_source **source,
                               vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    const generate_params *params = values;
    (void)path;
    *source = NULL;
    generator *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a generator");
    self->base.operations = &operations;
    self->flavor_key = vdc_key_of(context->seed, "generate.flavor");
    self->tenant_key = vdc_key_of(context->seed, "generate.tenant");
    self->lifetime_key = vdc_key_of(context->seed, "generate.lifetime");
    self->count = params->count;
    self->until = params->until;
    self->start = params->start;
    if (self->until == VDC_PARAM_NONE && self->count == VDC_PARAM_NONE && context->horizon > 0) self->until = context->horizon;
    const vdc_code codes[] = {
        vdc_arrivals_read(&self->arrivals, params->arrivals, context, &self->arena, diag),
        read_flavors(self, params, context, diag),
        read_tenants(self, params->tenants, context, diag),
        self->until == VDC_PARAM_NONE && self->count == VDC_PARAM_NONE
            ? vdc_fail(diag, VDC_ERROR_INPUT, &params->arrivals->place,
                       "generate: it would never end: count, until, or a time.end that is a duration is wanted")
            : VDC_OK,
    };
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (!code) code = codes[i];
    if (code) {
        close(&self->base);
        return code;
    }
    vdc_arrivals_start(&self->arrivals, context->seed);
    *source = &self->base;
    return VDC_OK;
}

const vdc_workload_type vdc_workload_generate = {
    .name = "generate",
    .summary = "VMs drawn from distributions",
    .source = "docs/traces.md",
    .params = generate_table,
    .param_count = sizeof generate_table / sizeof generate_table[0],
    .params_size = sizeof(generate_params),
    .streams = true,
    .generates = true,
    .open = open_generator,
};
