/* The plain scan: every host, in order of id, by the definition and nothing else.
 *
 * It is what the indexes are checked against, what runs where an index cannot be exact, and what a scenario gets with
 * `strategy: scan`. O(hosts) a decision.
 */
#include "schedulers/search_internal.h"

#include <math.h>

double vdc_search_score(const vdc_search *search, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    const vdc_policy_instance *instance = &search->instance;
    *devices = (vdc_decision){.host = host->id};
    double score = instance->policy->placement.score(instance->state, host, request, devices);
    devices->host = host->id;
    return isnan(score) ? -INFINITY : score;
}

int64_t vdc_scan_next(const vdc_search *search, const vdc_request *request, uint32_t from) {
    for (uint32_t host = from; host < search->hosts->count; host++) {
        if (vdc_search_fits(search, host, request)) return host;
    }
    return -1;
}

uint32_t vdc_scan_count(const vdc_search *search, const vdc_request *request) {
    uint32_t count = 0;
    for (uint32_t host = 0; host < search->hosts->count; host++) count += vdc_search_fits(search, host, request);
    return count;
}

int64_t vdc_scan_select(const vdc_search *search, const vdc_request *request, uint32_t k) {
    for (uint32_t host = 0; host < search->hosts->count; host++) {
        if (vdc_search_fits(search, host, request) && k-- == 0) return host;
    }
    return -1;
}

bool vdc_scan_best(const vdc_search *search, const vdc_request *request, vdc_decision *decision) {
    bool found = false;
    double best = -INFINITY;
    const vdc_view *view = &search->view;
    for (int64_t host = view->next_feasible(view, request, 0); host >= 0;
         host = view->next_feasible(view, request, (uint32_t)host + 1)) {
        vdc_host_view host_view;
        vdc_decision candidate;
        view->host(view, (uint32_t)host, &host_view);
        double score = vdc_search_score(search, &host_view, request, &candidate);
        if (found && !vdc_search_better(search->hosts, score, (uint32_t)host, best, (uint32_t)decision->host)) continue;
        found = true;
        best = score;
        *decision = candidate;
    }
    return found;
}
