/* Quantities of hosts, named in YAML, that filters, weighers and rules are made of: what is free, how many VMs are there, or the
 * score of any other policy.
 *
 *     weighers: [memory, {by: vms, multiplier: -0.5}, {policy: best-fit, norm: l2, multiplier: 2}]
 *
 * An entry is a name, or a mapping with `by` or `policy` and the keys of its list. All quantities are those before the placement,
 * except scores, which are the policy's own.
 */
#ifndef VDC_SCHEDULERS_PLACEMENT_QUANTITY_H
#define VDC_SCHEDULERS_PLACEMENT_QUANTITY_H

#include "schedulers/registry.h"

typedef struct vdc_quantity_row {
    const char *name;
    const char *summary;
    double (*value)(const vdc_host_view *host);
} vdc_quantity_row;
extern const vdc_quantity_row vdc_quantity_rows[]; /* ends with a NULL name */

typedef struct vdc_quantity {
    const vdc_quantity_row *row;        /* or, when NULL, */
    vdc_policy_instance policy;         /* one that scores */
    bool started;                       /* the policy's init was called */
    /* What the list's own keys say; a list uses some of them. */
    double multiplier;
    double step;
    int order;
    const vdc_node *at_least, *at_most; /* as written */
    double least, most;                 /* -infinity and infinity where nothing is written */
} vdc_quantity;

typedef struct vdc_quantities {
    vdc_quantity *items;
    size_t count;
} vdc_quantities;

/* Reads a list of entries; `keys` is the table of the list's own keys, with offsets into vdc_quantity. NULL node = an empty list.
 * `what` names the list in messages. */
vdc_code vdc_quantities_read(const vdc_node *list, const char *what, const vdc_param *keys, size_t key_count,
                             vdc_quantities *quantities, vdc_diag *diag);
void vdc_quantities_close(vdc_quantities *quantities);
/* The hooks of the policies inside. */
const char *vdc_quantities_init(vdc_quantities *quantities, const vdc_view *view);
void vdc_quantities_fini(vdc_quantities *quantities);
void vdc_quantities_prepare(vdc_quantities *quantities, const vdc_view *view, const vdc_request *request);
void vdc_quantities_placed(vdc_quantities *quantities, const vdc_view *view, const vdc_request *request, uint32_t host);
void vdc_quantities_released(vdc_quantities *quantities, const vdc_view *view, const vdc_request *request, uint32_t host);
/* What made one of them unable to decide, or NULL. */
const char *vdc_quantities_failure(const vdc_quantities *quantities);

/* The quantity of one host; NaN counts as -infinity. */
double vdc_quantity_value(const vdc_quantity *quantity, const vdc_host_view *host, const vdc_request *request);
/* The devices that the first policy inside with a choice of its own wants on the host; masks stay as they are when there is none.
 * */
void vdc_quantities_devices(const vdc_quantities *quantities, const vdc_host_view *host, const vdc_request *request,
                            vdc_decision *decision);

#endif
