/* Hosts grouped by equal state, for score policies. See search_states.c. */
#ifndef VDC_SCHEDULERS_SEARCH_STATES_H
#define VDC_SCHEDULERS_SEARCH_STATES_H

#include "schedulers/search_internal.h"

typedef struct vdc_states vdc_states;

/* `remember`: a score depends on nothing but shape and state, so it is computed once; otherwise once a decision and state. */
vdc_code vdc_states_create(vdc_states **states, const vdc_search *search, bool remember);
void vdc_states_destroy(vdc_states *states);
void vdc_states_update(vdc_states *states, uint32_t host);
/* The best feasible host and what the policy says on its devices; false when there is none. */
bool vdc_states_best(vdc_states *states, const vdc_request *request, vdc_decision *decision);
/* Memory ran out: the object must not be used any more. */
bool vdc_states_failed(const vdc_states *states);

#endif
