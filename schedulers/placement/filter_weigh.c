/* Filters and weighers as in OpenStack Nova: hosts that pass every filter are weighed, each quantity normalised over them to
 * 0..1 and multiplied; one of the `subset` heaviest is taken at random. A quantity that is the same on all hosts weighs nothing;
 * a negative multiplier prefers the smallest. O(hosts with room x weighers) a decision.
 */
#include <math.h>
#include <stdlib.h>

#include "schedulers/placement/quantity.h"
#include "schedulers/policy_rows.h"

typedef struct candidate {
    uint32_t host, rank;
    double weight;
} candidate;

typedef struct weigh_state {
    const vdc_node *filter_list, *weigher_list;
    int64_t subset;
    vdc_quantities filters, weighers;
    candidate *candidates;   /* [hosts] */
    double *values;          /* [hosts] of one weigher */
} weigh_state;

static const vdc_param filter_keys[] = {
    {.name = "at_least", .type = VDC_PARAM_NODE, .help = "the least that passes", .offset = offsetof(vdc_quantity, at_least)},
    {.name = "at_most", .type = VDC_PARAM_NODE, .help = "the most that passes", .offset = offsetof(vdc_quantity, at_most)},
};
static const vdc_param weigher_keys[] = {
    VDC_PARAM_REAL_ROW("multiplier", vdc_quantity, multiplier, VDC_DIM_RATIO, "1", -1e9, 1e9,
                       "what the normalised quantity counts"),
};

static int read_lists(void *state, vdc_diag *diag) {
    weigh_state *weigh = state;
    vdc_code filters = vdc_quantities_read(weigh->filter_list, "placement policy filter-weigh: filters", filter_keys, 2,
                                           &weigh->filters, diag);
    vdc_code weighers = vdc_quantities_read(weigh->weigher_list, "placement policy filter-weigh: weighers", weigher_keys, 1,
                                            &weigh->weighers, diag);
    return (int)(filters ? filters : weighers);
}

static void close_lists(void *state) {
    weigh_state *weigh = state;
    vdc_quantities_close(&weigh->filters);
    vdc_quantities_close(&weigh->weighers);
}

static void fini(void *state) {
    weigh_state *weigh = state;
    vdc_quantities_fini(&weigh->filters);
    vdc_quantities_fini(&weigh->weighers);
    vdc_free(weigh->candidates);
    vdc_free(weigh->values);
}

static const char *init(void *state, const vdc_view *view) {
    weigh_state *weigh = state;
    weigh->candidates = vdc_calloc((size_t)view->hosts + 1, sizeof *weigh->candidates);
    weigh->values = vdc_calloc((size_t)view->hosts + 1, sizeof *weigh->values);
    if (!weigh->candidates || !weigh->values) return "out of memory";
    const char *wrong = vdc_quantities_init(&weigh->filters, view);
    return wrong ? wrong : vdc_quantities_init(&weigh->weighers, view);
}

static bool passes(const vdc_quantities *filters, const vdc_host_view *host, const vdc_request *request) {
    for (size_t i = 0; i < filters->count; i++) {
        double value = vdc_quantity_value(&filters->items[i], host, request);
        if (!(value >= filters->items[i].least && value <= filters->items[i].most)) return false;
    }
    return true;
}

/* Adds one weigher's share to the candidates' weights. */
static void add_weigher(weigh_state *weigh, const vdc_quantity *weigher, uint32_t count, const vdc_view *view,
                        const vdc_request *request) {
    double least = INFINITY, most = -INFINITY;
    vdc_host_view host;
    for (uint32_t i = 0; i < count; i++) {
        view->host(view, weigh->candidates[i].host, &host);
        weigh->values[i] = vdc_quantity_value(weigher, &host, request);
        least = fmin(least, weigh->values[i]);
        most = fmax(most, weigh->values[i]);
    }
    double range = most - least;
    if (!(range > 0) || isinf(range)) return;
    for (uint32_t i = 0; i < count; i++) weigh->candidates[i].weight += weigher->multiplier * ((weigh->values[i] - least) / range);
}

/* Heaviest first, ties to the lowest rank, then the lowest id. */
static int by_weight(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    if (a->weight != b->weight) return a->weight > b->weight ? -1 : 1;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    return a->host < b->host ? -1 : a->host > b->host;
}

static bool choose(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    weigh_state *weigh = state;
    vdc_quantities_prepare(&weigh->filters, view, request);
    vdc_quantities_prepare(&weigh->weighers, view, request);
    uint32_t count = 0;
    vdc_host_view host;
    for (int64_t h = view->next_feasible(view, request, 0); h >= 0; h = view->next_feasible(view, request, (uint32_t)h + 1)) {
        view->host(view, (uint32_t)h, &host);
        if (passes(&weigh->filters, &host, request)) weigh->candidates[count++] =
            (candidate){(uint32_t)h, view->rank ? view->rank[h] : 0, 0};
    }
    if (count == 0) return false;
    for (size_t i = 0; i < weigh->weighers.count; i++) add_weigher(weigh, &weigh->weighers.items[i], count, view, request);
    uint32_t chosen = 0;
    if (weigh->subset > 1) {
        qsort(weigh->candidates, count, sizeof *weigh->candidates, by_weight);
        chosen = (uint32_t)view->random(view, (uint64_t)(weigh->subset < count ? weigh->subset : count));
    } else {
        for (uint32_t i = 1; i < count; i++)
            if (by_weight(&weigh->candidates[i], &weigh->candidates[chosen]) < 0) chosen = i;
    }
    decision->host = weigh->candidates[chosen].host;
    view->host(view, weigh->candidates[chosen].host, &host);
    vdc_quantities_devices(&weigh->weighers, &host, request, decision);
    return true;
}

static void placed(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    weigh_state *weigh = state;
    vdc_quantities_placed(&weigh->filters, view, request, host);
    vdc_quantities_placed(&weigh->weighers, view, request, host);
}

static void released(void *state, const vdc_view *view, const vdc_request *request, uint32_t host) {
    weigh_state *weigh = state;
    vdc_quantities_released(&weigh->filters, view, request, host);
    vdc_quantities_released(&weigh->weighers, view, request, host);
}

static const char *failure(const void *state) {
    const weigh_state *weigh = state;
    const char *of_filters = vdc_quantities_failure(&weigh->filters);
    return of_filters ? of_filters : vdc_quantities_failure(&weigh->weighers);
}

static const vdc_param params[] = {
    {.name = "filters", .type = VDC_PARAM_NODE, .help = "quantities with bounds: hosts outside them are left out",
     .offset = offsetof(weigh_state, filter_list)},
    {.name = "weighers", .type = VDC_PARAM_NODE, .help = "quantities with multipliers: the heaviest host is taken",
     .offset = offsetof(weigh_state, weigher_list)},
    VDC_PARAM_COUNT_ROW("subset", weigh_state, subset, "1", 1, 1e9, "one of so many heaviest hosts is taken at random"),
};

const vdc_policy vdc_placement_filter_weigh = {
    VDC_POLICY_HEAD(VDC_PLACEMENT, "filter-weigh", "filters, then the heaviest by normalised weighers", "OpenStack Nova"),
    VDC_POLICY_STATE(params, weigh_state),
    .init = init,
    .fini = fini,
    .read = read_lists,
    .close = close_lists,
    .placement = {.choose = choose, .placed = placed, .released = released, .failure = failure},
};
