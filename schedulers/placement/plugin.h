/* Placement policies from shared objects. See plugin.c. */
#ifndef VDC_SCHEDULERS_PLACEMENT_PLUGIN_H
#define VDC_SCHEDULERS_PLACEMENT_PLUGIN_H

#include "schedulers/registry.h"

/* The registry's row `plugin`: stands for whatever policy the shared object holds. */
extern const vdc_policy vdc_placement_plugin;
/* Keys of `{policy: plugin, path: …}` that are not the plug-in's own parameters. */
#define VDC_PLUGIN_KEY "path"

/* Loads the shared object that `node` names by `path`, relative to the file that says so, and checks its contract. *library is
 * for vdc_plugin_unload, once nothing of the policy is used any more. */
vdc_code vdc_plugin_load(const vdc_node *node, const vdc_policy **policy, void **library, vdc_diag *diag);
void vdc_plugin_unload(void *library);

#endif
