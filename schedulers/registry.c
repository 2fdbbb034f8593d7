/* The table of built-in policies. A new policy is its own file and one row of POLICIES here. */
#include "schedulers/registry.h"

#include <stdio.h>
#include <string.h>

#include "schedulers/placement/plugin.h"

#define POLICIES(ROW) \
    ROW(vdc_admission_fifo) \
    ROW(vdc_admission_fifo_skip) \
    ROW(vdc_admission_priority) \
    ROW(vdc_admission_shortest_lifetime) \
    ROW(vdc_admission_backfill) \
    ROW(vdc_admission_drf) \
    ROW(vdc_admission_quota) \
    ROW(vdc_placement_first_fit) \
    ROW(vdc_placement_next_fit) \
    ROW(vdc_placement_round_robin) \
    ROW(vdc_placement_random_fit) \
    ROW(vdc_placement_power_of_d) \
    ROW(vdc_placement_best_fit) \
    ROW(vdc_placement_worst_fit) \
    ROW(vdc_placement_dot_product) \
    ROW(vdc_placement_weighted_dot_product) \
    ROW(vdc_placement_l2_norm_diff) \
    ROW(vdc_placement_cosine) \
    ROW(vdc_placement_delta_perp) \
    ROW(vdc_placement_move_to_front) \
    ROW(vdc_placement_least_allocated) \
    ROW(vdc_placement_most_allocated) \
    ROW(vdc_placement_balanced_allocation) \
    ROW(vdc_placement_power_aware) \
    ROW(vdc_placement_filter_weigh) \
    ROW(vdc_placement_rules) \
    ROW(vdc_placement_departure_aligned) \
    ROW(vdc_placement_nilas) \
    ROW(vdc_placement_lava) \
    ROW(vdc_placement_pssf) \
    ROW(vdc_placement_interference_aware) \
    ROW(vdc_placement_numa_first_fit) \
    ROW(vdc_placement_numa_balance_fit) \
    ROW(vdc_placement_gpu_random) \
    ROW(vdc_placement_gpu_dot_product) \
    ROW(vdc_placement_gpu_clustering) \
    ROW(vdc_placement_gpu_packing) \
    ROW(vdc_placement_gpu_best_fit) \
    ROW(vdc_placement_fgd) \
    ROW(vdc_placement_plugin) \
    ROW(vdc_placement_process) \
    ROW(vdc_cpu_fair_share) \
    ROW(vdc_cpu_strict_priority) \
    ROW(vdc_cpu_equal_share) \
    ROW(vdc_cpu_space_shared) \
    ROW(vdc_cpu_vmware) \
    ROW(vdc_cpu_xen_credit) \
    ROW(vdc_cpu_cgroup) \
    ROW(vdc_cpu_cfs_nice) \
    ROW(vdc_cpu_kubevirt) \
    ROW(vdc_cpu_round_robin) \
    ROW(vdc_cpu_credit) \
    ROW(vdc_cpu_eevdf) \
    ROW(vdc_cpu_edf) \
    ROW(vdc_rebalance_none) \
    ROW(vdc_rebalance_consolidate) \
    ROW(vdc_rebalance_defragment) \
    ROW(vdc_rebalance_drain) \
    ROW(vdc_rebalance_lars) \
    ROW(vdc_rebalance_drs) \
    ROW(vdc_detect_threshold) \
    ROW(vdc_detect_iqr) \
    ROW(vdc_detect_mad) \
    ROW(vdc_detect_lr) \
    ROW(vdc_detect_lrr) \
    ROW(vdc_select_mmt) \
    ROW(vdc_select_mu) \
    ROW(vdc_select_mc) \
    ROW(vdc_select_rs)

#define DECLARE(policy) extern const vdc_policy policy;
#define ENTER(policy) &policy,
POLICIES(DECLARE)
const vdc_policy *const vdc_policies[] = {POLICIES(ENTER) NULL};
enum { MOST_POLICIES = sizeof vdc_policies / sizeof vdc_policies[0] };

const char *const vdc_policy_kind_names[VDC_POLICY_KINDS] = {"admission", "placement", "cpu", "rebalance", "detect", "select"};

const vdc_policy *vdc_policy_find(vdc_policy_kind kind, const char *name) {
    for (size_t i = 0; vdc_policies[i]; i++)
        if (vdc_policies[i]->kind == kind && !strcmp(vdc_policies[i]->name, name)) return vdc_policies[i];
    return NULL;
}

const vdc_node *vdc_policy_find_program(const vdc_node *node) {
    const vdc_node *named = vdc_node_get(node, "policy");
    if (named && named->kind == VDC_NODE_SCALAR) {
        const vdc_policy *policy = vdc_policy_find(VDC_PLACEMENT, named->text);
        if (policy == &vdc_placement_plugin || policy == &vdc_placement_process) return named;
    }
    for (size_t i = 0; i < node->count; i++) {
        const vdc_node *found = vdc_policy_find_program(node->children[i]);
        if (found) return found;
    }
    return NULL;
}

/* The policy that the node names, else the usual one; NULL with an error when there is none of that name. */
static const vdc_policy *named_policy(vdc_policy_kind kind, const vdc_node *node, const char *fallback, vdc_diag *diag) {
    const vdc_node *named = vdc_node_get(node, "policy");
    if (!named) {
        const vdc_policy *usual = fallback ? vdc_policy_find(kind, fallback) : NULL;
        const vdc_place *place = node ? &node->place : NULL;
        if (!usual) vdc_fail(diag, VDC_ERROR_INPUT, place, "%s: the key 'policy' is missing", vdc_policy_kind_names[kind]);
        return usual;
    }
    const vdc_policy *candidates[MOST_POLICIES];
    const char *names[MOST_POLICIES] = {0};
    size_t count = 0;
    for (size_t i = 0; vdc_policies[i]; i++) {
        if (vdc_policies[i]->kind != kind) continue;
        candidates[count] = vdc_policies[i];
        names[count++] = vdc_policies[i]->name;
    }
    int chosen = 0;
    return vdc_node_choice(named, names, &chosen, diag) ? NULL : candidates[chosen];
}

vdc_code vdc_policy_open(vdc_policy_kind kind, const vdc_node *node, const char *fallback, const char *const *also,
                         vdc_policy_instance *instance, vdc_diag *diag) {
    enum { MOST_KEYS = 32 };
    *instance = (vdc_policy_instance){0};
    const vdc_policy *policy = named_policy(kind, node, fallback, diag);
    if (!policy) return VDC_ERROR_INPUT;
    const char *keys[MOST_KEYS + 3] = {"policy"};
    size_t key_count = 1;
    void *library = NULL;
    if (policy == &vdc_placement_plugin) {
        vdc_code code = vdc_plugin_load(node, &policy, &library, diag);
        if (code) return code;
        keys[key_count++] = VDC_PLUGIN_KEY;
    }
    for (size_t i = 0; also && also[i] && i < MOST_KEYS; i++) keys[key_count++] = also[i];
    void *state = vdc_calloc(1, policy->state_size ? policy->state_size : 1);
    if (!state) {
        vdc_plugin_unload(library);
        return vdc_no_memory(diag, "a policy");
    }
    char what[96];
    (void)snprintf(what, sizeof what, "%s policy %s", vdc_policy_kind_names[kind], policy->name);
    vdc_code code = vdc_params_read(node, policy->params, policy->param_count, state, keys, what, diag);
    *instance = (vdc_policy_instance){policy, state, library};
    if (!code && policy->read) code = (vdc_code)policy->read(state, diag);
    if (code) vdc_policy_close(instance);
    return code;
}

void vdc_policy_close(vdc_policy_instance *instance) {
    if (instance->policy && instance->policy->close) instance->policy->close(instance->state);
    vdc_free(instance->state);
    vdc_plugin_unload(instance->library);
    *instance = (vdc_policy_instance){0};
}
