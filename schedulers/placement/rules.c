/* An ordered list of preferences: a host is better than another when the first rule on which they differ says so. A rule may look
 * at its quantity in steps only, so that later rules decide between hosts that are nearly alike (Protean, OSDI 2020).
 * O(hosts with room x rules) a decision.
 */
#include <math.h>

#include "schedulers/placement/quantity.h"
#include "schedulers/policy_rows.h"

typedef struct rules_state {
    const vdc_node *list;
    vdc_quantities rules;
    double *best, *current;   /* a value per rule */
} rules_state;

enum { LARGEST, SMALLEST };
static const char *const orders[] = {"largest", "smallest", NULL};
static const vdc_param rule_keys[] = {
    VDC_PARAM_CHOICE_ROW("order", vdc_quantity, order, "largest", orders, "which hosts are preferred"),
    VDC_PARAM_REAL_ROW("step", vdc_quantity, step, VDC_DIM_RATIO, "0", 0, 1e300,
                       "differences within a step do not count; 0 = all count"),
};

static int read_lists(void *state, vdc_diag *diag) {
    rules_state *rules = state;
    return (int)vdc_quantities_read(rules->list, "placement policy rules: rules", rule_keys, 2, &rules->rules, diag);
}

static void close_lists(void *state) {
    vdc_quantities_close(&((rules_state *)state)->rules);
}

static void fini(void *state) {
    rules_state *rules = state;
    vdc_quantities_fini(&rules->rules);
    vdc_free(rules->best);
    vdc_free(rules->current);
}

static const char *init(void *state, const vdc_view *view) {
    rules_state *rules = state;
    rules->best = vdc_calloc(rules->rules.count + 1, sizeof *rules->best);
    rules->current = vdc_calloc(rules->rules.count + 1, sizeof *rules->current);
    if (!rules->best || !rules->current) return "out of memory";
    return vdc_quantities_init(&rules->rules, view);
}

/* By the first rule on which they differ: is `a` better than `b`? 0 = alike. */
static int compare(const double *a, const double *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i]) return a[i] > b[i] ? 1 : -1;
    return 0;
}

static bool choose(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    rules_state *rules = state;
    vdc_quantities_prepare(&rules->rules, view, request);
    int64_t best = -1;
    vdc_host_view host;
    for (int64_t h = view->next_feasible(view, request, 0); h >= 0; h = view->next_feasible(view, request, (uint32_t)h + 1)) {
        view->host(view, (uint32_t)h, &host);
        for (size_t i = 0; i < rules->rules.count; i++) {
            const vdc_quantity *rule = &rules->rules.items[i];
            double value = vdc_quantity_value(rule, &host, request);
            if (rule->step > 0) value = floor(value / rule->step);
            rules->current[i] = rule->order == SMALLEST ? -value : value;
        }
        int better = best < 0 ? 1 : compare(rules->current, rules->best, rules->rules.count);
        if (better < 0 || (better == 0 && (!view->rank || view->rank[h] >= view->rank[best]))) continue;
        double *swapped = rules->best;
        rules->best = rules->current;
        rules->current = swapped;
        best = h;
    }
    if (best < 0) return false;
    decision->host = best;
    view->host(view, (uint32_t)best, &host);
    vdc_quantities_devices(&rules->rules, &host, request, decision);
    return true;
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    vdc_quantities_placed(&((rules_state *)state)->rules, view, request, host);
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    vdc_quantities_released(&((rules_state *)state)->rules, view, request, host);
}

static const char *failure(const void *state) {
    return vdc_quantities_failure(&((const rules_state *)state)->rules);
}

static const vdc_param params[] = {
    {.name = "rules", .type = VDC_PARAM_NODE, .required = true, .help = "preferences, the first one first",
     .offset = offsetof(rules_state, list)},
};

const vdc_policy vdc_placement_rules = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "rules", "an ordered list of preferences, later ones break ties of earlier ones",
                    "after Protean, OSDI 2020"),
    VDC_POLICY_STATE(params, rules_state),
    .init = init,
    .fini = fini,
    .read = read_lists,
    .close = close_lists,
    .placement = {.choose = choose, .placed = placed, .released = released, .failure = failure},
};
