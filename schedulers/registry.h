/* The registry: every built-in policy, by kind. The command, the parser, the docs and the tests all read it. */
#ifndef VDC_SCHEDULERS_REGISTRY_H
#define VDC_SCHEDULERS_REGISTRY_H

#include "schedulers/policy.h"
#include "sim/base/param.h"

extern const vdc_policy *const vdc_policies[]; /* NULL-terminated */
extern const char *const vdc_policy_kind_names[VDC_POLICY_KINDS];  /* "admission", "placement", "cpu", "rebalance", "detect", "select" */

const vdc_policy *vdc_policy_find(vdc_policy_kind kind, const char *name);
/* The first place in a tree where a policy is named that is code of somebody else's (`process`, `plugin`): opening it loads a shared object, starting it
 * runs a program. Wherever policies are read, in others' parameters, too. NULL = nowhere. */
const vdc_node *vdc_policy_find_program(const vdc_node *node);

/* A policy with its state: what `{policy: NAME, …}` makes. */
typedef struct vdc_policy_instance {
    const vdc_policy *policy;
    void *state;
    void *library;             /* of a plug-in, else NULL */
} vdc_policy_instance;
/* Reads `node` (NULL or without `policy` = the policy `fallback`); keys in `also` (NULL-terminated, may be NULL) are left to the
 * caller. Adds every error to diag. Does not call init: texts and nodes of the parameters must live as long as the instance. */
vdc_code vdc_policy_open(vdc_policy_kind kind, const vdc_node *node, const char *fallback, const char *const *also,
                         vdc_policy_instance *instance, vdc_diag *diag);
/* Frees the state; whoever called init calls fini before. */
void vdc_policy_close(vdc_policy_instance *instance);

#endif
