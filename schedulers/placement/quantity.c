/* Quantities: see quantity.h. */
#include "schedulers/placement/quantity.h"

#include <math.h>
#include <stdio.h>

#include "schedulers/placement/plugin.h"
#include "sim/base/memory.h"

static const double gib = 1073741824;

static double share(const vdc_host_view *host, vdc_resource resource) {
    int64_t capacity = host->class_view->capacity[resource];
    return capacity > 0 ? (double)host->free[resource] / (double)capacity : 0;
}
static double free_cpu(const vdc_host_view *host) {
    return (double)host->free[VDC_CPU] / 1000;
}
static double free_memory(const vdc_host_view *host) {
    return (double)host->free[VDC_MEMORY] / gib;
}
static double free_disk(const vdc_host_view *host) {
    return (double)host->free[VDC_DISK] / gib;
}
static double free_gpu(const vdc_host_view *host) {
    return (double)host->free[VDC_GPU] / 1000;
}
static double cpu_share(const vdc_host_view *host) {
    return share(host, VDC_CPU);
}
static double memory_share(const vdc_host_view *host) {
    return share(host, VDC_MEMORY);
}
static double memory_per_cpu(const vdc_host_view *host) {
    int64_t threads = host->class_view->physical[VDC_CPU];
    return threads > 0 ? free_memory(host) / ((double)threads / 1000) : 0;
}
static double vms(const vdc_host_view *host) {
    return host->vms;
}
static double used(const vdc_host_view *host) {
    return host->vms > 0;
}
static double speed(const vdc_host_view *host) {
    return (double)host->class_view->speed / 1e9;
}
static double gpus(const vdc_host_view *host) {
    return host->class_view->gpus;
}

const vdc_quantity_row vdc_quantity_rows[] = {
    {"cpu", "free vCPUs", free_cpu},
    {"memory", "free GiB of memory", free_memory},
    {"disk", "free GiB of disk", free_disk},
    {"gpu", "free GPUs, parts of one included", free_gpu},
    {"cpu-share", "free CPU as a share of capacity", cpu_share},
    {"memory-share", "free memory as a share of capacity", memory_share},
    {"memory-per-cpu", "free GiB of memory per hardware thread", memory_per_cpu},
    {"vms", "VMs on the host", vms},
    {"used", "1 with a VM on the host, else 0", used},
    {"speed", "GHz of a hardware thread", speed},
    {"gpus", "GPUs that the host has", gpus},
    {NULL, NULL, NULL},
};

enum { ROWS = sizeof vdc_quantity_rows / sizeof vdc_quantity_rows[0], MOST_OWN_KEYS = 4 /* of a list's table */ };

/* --- reading --- */

static vdc_code read_name(const vdc_node *node, vdc_quantity *quantity, vdc_diag *diag) {
    const char *names[ROWS] = {0};
    for (size_t i = 0; vdc_quantity_rows[i].name; i++) names[i] = vdc_quantity_rows[i].name;
    int chosen = 0;
    vdc_code code = vdc_node_choice(node, names, &chosen, diag);
    if (!code) quantity->row = &vdc_quantity_rows[chosen];
    return code;
}

/* The keys of an entry that are not the list's own, NULL-terminated; a plug-in may have any number. NULL: no memory. */
static const char **other_keys(const vdc_quantity *quantity) {
    const vdc_policy *policy = quantity->policy.policy;
    size_t count = policy ? policy->param_count : 0, at = 0;
    const char **keys = vdc_calloc(count + 3, sizeof *keys);
    if (!keys) return NULL;
    keys[at++] = policy ? "policy" : "by";
    if (quantity->policy.library) keys[at++] = VDC_PLUGIN_KEY;
    for (size_t i = 0; i < count; i++) keys[at++] = policy->params[i].name;
    return keys;
}

static vdc_code read_policy(const vdc_node *node, const vdc_param *keys, size_t key_count, vdc_quantity *quantity,
                            vdc_diag *diag) {
    const char *also[MOST_OWN_KEYS + 1] = {0};
    for (size_t i = 0; i < key_count && i < MOST_OWN_KEYS; i++) also[i] = keys[i].name;
    vdc_code code = vdc_policy_open(VDC_PLACEMENT, node, NULL, also, &quantity->policy, diag);
    if (code || quantity->policy.policy->placement.score) return code;
    return vdc_fail(diag, VDC_ERROR_INPUT, &node->place,
                    "policy: found '%s', which gives no score; allowed: a policy that scores hosts",
                    quantity->policy.policy->name);
}

static vdc_code read_entry(const vdc_node *node, const char *what, const vdc_param *keys, size_t key_count,
                           vdc_quantity *quantity,
                           vdc_diag *diag) {
    if (node->kind == VDC_NODE_SCALAR) {
        vdc_params_default(keys, key_count, quantity);
        return read_name(node, quantity, diag);
    }
    const vdc_node *by = vdc_node_get(node, "by"), *policy = vdc_node_get(node, "policy");
    if (node->kind != VDC_NODE_MAPPING || !by == !policy) {
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place,
                        "%s: an entry is the name of a quantity, or a mapping with one of 'by' and 'policy'",
                        what);
    }
    vdc_code code = by ? read_name(by, quantity, diag) : read_policy(node, keys, key_count, quantity, diag);
    if (code) return code;
    const char **also = other_keys(quantity);
    if (!also) return vdc_no_memory(diag, "a list of a policy");
    code = vdc_params_read(node, keys, key_count, quantity, also, what, diag);
    vdc_free(also);
    if (!code && quantity->at_least) code = vdc_node_real(quantity->at_least, VDC_DIM_RATIO, -1e300, 1e300, &quantity->least,
                                                          diag);
    if (!code && quantity->at_most) code = vdc_node_real(quantity->at_most, VDC_DIM_RATIO, -1e300, 1e300, &quantity->most, diag);
    return code;
}

vdc_code vdc_quantities_read(const vdc_node *list, const char *what, const vdc_param *keys, size_t key_count,
                             vdc_quantities *quantities, vdc_diag *diag) {
    *quantities = (vdc_quantities){0};
    if (!list) return VDC_OK;
    if (list->kind != VDC_NODE_SEQUENCE) {
        char found[96];
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "%s: found %s; allowed: a list", what,
                        vdc_node_describe(list, found, sizeof found));
    }
    quantities->items = vdc_calloc(list->count ? list->count : 1, sizeof *quantities->items);
    if (!quantities->items) return vdc_no_memory(diag, "a list of a policy");
    quantities->count = list->count;
    vdc_code first = VDC_OK;
    for (size_t i = 0; i < list->count; i++) {
        quantities->items[i].least = -INFINITY;
        quantities->items[i].most = INFINITY;
        vdc_code code = read_entry(list->children[i], what, keys, key_count, &quantities->items[i], diag);
        if (!first) first = code;
    }
    return first;
}

void vdc_quantities_close(vdc_quantities *quantities) {
    for (size_t i = 0; i < quantities->count; i++) vdc_policy_close(&quantities->items[i].policy);
    vdc_free(quantities->items);
    *quantities = (vdc_quantities){0};
}

/* --- the policies inside --- */

const char *vdc_quantities_init(vdc_quantities *quantities, const vdc_view *view) {
    for (size_t i = 0; i < quantities->count; i++) {
        vdc_quantity *quantity = &quantities->items[i];
        if (quantity->row) continue;
        quantity->started = true;
        const char *wrong = quantity->policy.policy->init ? quantity->policy.policy->init(quantity->policy.state, view) : NULL;
        if (wrong) return wrong;
    }
    return NULL;
}

void vdc_quantities_fini(vdc_quantities *quantities) {
    for (size_t i = 0; i < quantities->count; i++) {
        vdc_quantity *quantity = &quantities->items[i];
        if (quantity->started && quantity->policy.policy->fini) quantity->policy.policy->fini(quantity->policy.state);
        quantity->started = false;
    }
}

void vdc_quantities_prepare(vdc_quantities *quantities, const vdc_view *view, const vdc_request *request) {
    for (size_t i = 0; i < quantities->count; i++) {
        const vdc_policy_instance *nested = &quantities->items[i].policy;
        if (nested->policy && nested->policy->placement.prepare) nested->policy->placement.prepare(nested->state, view, request);
    }
}

void vdc_quantities_placed(vdc_quantities *quantities, const vdc_view *view, const vdc_request *request, uint32_t host) {
    for (size_t i = 0; i < quantities->count; i++) {
        const vdc_policy_instance *nested = &quantities->items[i].policy;
        if (nested->policy && nested->policy->placement.placed) nested->policy->placement.placed(nested->state, view, request,
                host);
    }
}

void vdc_quantities_released(vdc_quantities *quantities, const vdc_view *view, const vdc_request *request, uint32_t host) {
    for (size_t i = 0; i < quantities->count; i++) {
        const vdc_policy_instance *nested = &quantities->items[i].policy;
        if (nested->policy && nested->policy->placement.released) nested->policy->placement.released(nested->state, view, request,
                host);
    }
}

const char *vdc_quantities_failure(const vdc_quantities *quantities) {
    const char *failure = NULL;
    for (size_t i = 0; i < quantities->count && !failure; i++) {
        const vdc_policy_instance *nested = &quantities->items[i].policy;
        if (nested->policy && nested->policy->placement.failure) failure = nested->policy->placement.failure(nested->state);
    }
    return failure;
}

double vdc_quantity_value(const vdc_quantity *quantity, const vdc_host_view *host, const vdc_request *request) {
    if (quantity->row) return quantity->row->value(host);
    vdc_decision devices = {.host = host->id};
    double score = quantity->policy.policy->placement.score(quantity->policy.state, host, request, &devices);
    return isnan(score) ? -INFINITY : score;
}

void vdc_quantities_devices(const vdc_quantities *quantities, const vdc_host_view *host, const vdc_request *request,
                            vdc_decision *decision) {
    for (size_t i = 0; i < quantities->count && !decision->gpu_devices && !decision->numa_nodes; i++) {
        const vdc_policy_instance *nested = &quantities->items[i].policy;
        if (nested->policy) (void)nested->policy->placement.score(nested->state, host, request, decision);
    }
}
