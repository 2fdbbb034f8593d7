/* What the descriptors of built-in policies have in common, written once: a row's fixed part and the usual parameters.
 * Not part of the plug-in contract.
 */
#ifndef VDC_SCHEDULERS_POLICY_ROWS_H
#define VDC_SCHEDULERS_POLICY_ROWS_H

#include "schedulers/policy.h"

#define VDC_POLICY_HEAD(policy_kind, key, what, from) \
    .abi = VDC_POLICY_ABI, .kind = policy_kind, .name = key, .summary = what, .source = from
/* The parameters are `table`, an array; the state is of type `state_type`. */
#define VDC_POLICY_STATE(table, state_type) \
    .params = table, .param_count = sizeof(table) / sizeof(table)[0], .state_size = sizeof(state_type)

#define VDC_PARAM_NUMBER_ROW(number_type, key, state_type, field, measure, standard, least, most, text) \
    { .name = key, .type = number_type, .dimension = measure, .fallback = standard, .minimum = least, .maximum = most, \
      .help = text, .offset = offsetof(state_type, field) }
#define VDC_PARAM_COUNT_ROW(key, state_type, field, standard, least, most, text) \
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, key, state_type, field, VDC_DIM_COUNT, standard, least, most, text)
#define VDC_PARAM_REAL_ROW(key, state_type, field, measure, standard, least, most, text) \
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_REAL, key, state_type, field, measure, standard, least, most, text)
#define VDC_PARAM_CHOICE_ROW(key, state_type, field, standard, words, text) \
    { .name = key, .type = VDC_PARAM_CHOICE, .fallback = standard, .choices = words, .help = text, \
      .offset = offsetof(state_type, field) }

/* Which of two equally good hosts comes first: by the scenario's ranks, then by id. */
static inline bool vdc_host_before(const vdc_view *view, uint32_t a, uint32_t b) {
    return view->rank && view->rank[a] != view->rank[b] ? view->rank[a] < view->rank[b] : a < b;
}

/* The row that all policies of rebalancing have; their state begins with a vdc_rebalance_head `head`. */
#define VDC_REBALANCE_ROW(state_type) \
    VDC_PARAM_NUMBER_ROW(VDC_PARAM_INTEGER, "interval", state_type, head.interval, VDC_DIM_TIME, "5min", 1e6, 9e18, "from one round to the next")

#endif
