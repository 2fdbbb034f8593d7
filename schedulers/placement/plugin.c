/* Placement policies from shared objects, written against vdcsim_policy.h alone (docs/plugins.md).
 *
 * The object exports `const vdc_policy vdc_policy_plugin`, the same descriptor that built-in policies are. Once it is loaded
 * nothing tells it from them: the same parameters from the scenario, the same indexes, the same checks of its decisions.
 */
#include "schedulers/placement/plugin.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <string.h>

#include "schedulers/policy_rows.h"
#include "sim/base/memory.h"

typedef struct plugin_state {
    const char *path;
} plugin_state;

/* Never asked: the registry puts the loaded policy in this one's place. */
static bool choose_nothing(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    (void)state;
    (void)view;
    (void)request;
    (void)decision;
    return false;
}

static const vdc_param params[] = {
    {.name = VDC_PLUGIN_KEY,
     .type = VDC_PARAM_PATH,
     .required = true,
     .help = "the shared object; the policy's own parameters stand beside it",
     .offset = offsetof(plugin_state, path)},
};

const vdc_policy vdc_placement_plugin = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "plugin", "a policy of your own from a shared object", "docs/plugins.md"),
    VDC_POLICY_STATE(params, plugin_state),
    .placement = {.choose = choose_nothing},
};

/* What is wrong with the descriptor, or NULL. The version comes first: with another one nothing else can be read. */
static const char *check(const vdc_policy *policy) {
    if (policy->kind != VDC_PLACEMENT) return "is not a placement policy";
    if (!policy->name || !*policy->name || !policy->summary || !policy->source) return "has no name, summary or source";
    if (!policy->placement.score == !policy->placement.choose) return "must give either score or choose";
    if (policy->read || policy->close) return "must leave the hooks read and close to built-in policies";
    if (policy->param_count && !policy->params) return "counts parameters but has no table of them";
    for (size_t i = 0; i < policy->param_count; i++) {
        const vdc_param *param = &policy->params[i];
        size_t size = vdc_param_size(param->type);
        if (!param->name || !param->help) return "has a parameter without name or help";
        if (strcmp(param->name, "policy") == 0 || strcmp(param->name, VDC_PLUGIN_KEY) == 0)
            return "has a parameter named policy or " VDC_PLUGIN_KEY;
        if (param->type == VDC_PARAM_CHOICE && !param->choices) return "has a choice without words";
        if (!size || size > policy->state_size || param->offset > policy->state_size - size || param->offset % size) {
            return "has a parameter that does not lie in its state";
        }
    }
    return NULL;
}

vdc_code vdc_plugin_load(const vdc_node *node, const vdc_policy **policy, void **library, vdc_diag *diag) {
    *policy = NULL;
    *library = NULL;
    const vdc_node *written = vdc_node_get(node, VDC_PLUGIN_KEY);
    const vdc_place *place = written ? &written->place : &node->place;
    if (!written || written->kind != VDC_NODE_SCALAR || !written->text[0]) {
        return vdc_fail(diag, VDC_ERROR_INPUT, place,
                        "placement policy plugin: path: must name a shared object, such as ./mine.so");
    }
    char *path = vdc_path_at(node, VDC_PLUGIN_KEY), *direct = NULL;
    /* A name without a slash would be looked for among the system's libraries. */
    if (path && !strchr(path, '/')) direct = vdc_format("./%s", path);
    if (!path || (!strchr(path, '/') && !direct)) {
        vdc_free(path);
        return vdc_no_memory(diag, "a path");
    }
    void *handle = dlopen(direct ? direct : path, RTLD_NOW | RTLD_LOCAL);
    vdc_code code = VDC_OK;
    if (!handle) {
        const char *reason = dlerror();
        code =
            vdc_fail(diag, VDC_ERROR_INPUT, place, "placement policy plugin: path: cannot be loaded: %s", reason ? reason : path);
    } else {
        const vdc_policy *found = dlsym(handle, "vdc_policy_plugin");
        const char *wrong = found && found->abi == VDC_POLICY_ABI ? check(found) : NULL;
        if (!found) {
            code = vdc_fail(diag, VDC_ERROR_INPUT, place,
                            "placement policy plugin: path: %s does not export `const vdc_policy vdc_policy_plugin`", path);
        } else if (found->abi != VDC_POLICY_ABI) {
            code = vdc_fail(diag, VDC_ERROR_INPUT, place,
                            "placement policy plugin: path: %s is made for version %" PRIu32
                            " of the policy contract; this vdcsim has version %d: build it again",
                            path, found->abi, VDC_POLICY_ABI);
        } else if (wrong) {
            code = vdc_fail(diag, VDC_ERROR_INPUT, place, "placement policy plugin: path: the policy in %s %s", path, wrong);
        }
        *policy = code ? NULL : found;
    }
    vdc_free(path);
    vdc_free(direct);
    if (code) vdc_plugin_unload(handle);
    else *library = handle;
    return code;
}

void vdc_plugin_unload(void *library) {
    if (library) (void)dlclose(library);
}
