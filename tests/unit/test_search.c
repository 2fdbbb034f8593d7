/* The placement engine by hand-made cases: ties, ranks, NaN, hard rules, and decisions that it must refuse. */
#include "schedulers/search.h"
#include "tests/support/fleet.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const int64_t clock_at_zero = 0;

/* A score policy whose scores stand in its state, by host id. */
typedef struct score_table { double score[8]; } score_table;

static double score_by_table(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)request;
    (void)devices;
    return ((const score_table *)state)->score[host->id];
}
static const vdc_policy table_policy = {.abi = VDC_POLICY_ABI, .kind = VDC_PLACEMENT, .name = "table",
                                        .placement = {.score = score_by_table, .depends = VDC_DEPENDS_HOST}};

/* A policy that names what its state says. */
static bool choose_as_told(void *state, const vdc_view *view, const vdc_request *request, vdc_decision *decision) {
    (void)view;
    (void)request;
    *decision = *(vdc_decision *)state;
    return true;
}
static const vdc_policy told_policy = {
    .abi = VDC_POLICY_ABI, .kind = VDC_PLACEMENT, .name = "told", .placement = {.choose = choose_as_told}};

static vdc_search *open_search(const vdc_policy *policy, void *state, vdc_search_options options) {
    vdc_search *search;
    vdc_diag diag = {0};
    options.now = &clock_at_zero;
    cr_assert_eq(vdc_search_create(&search, &(vdc_policy_instance){.policy = policy, .state = state}, &options, &diag), VDC_OK);
    return search;
}

static int64_t decide(vdc_search *search, const vdc_request *request) {
    vdc_decision decision;
    bool found;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_search_decide(search, request, &decision, &found, &diag), VDC_OK);
    return found ? decision.host : -1;
}

Test(search, the_largest_score_wins_and_ties_go_to_the_lowest_id) {
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 4, .cores = 8, .gib = 8}, 1);
    score_table state = {.score = {1, 5, 5, 2}};
    vdc_search *search = open_search(&table_policy, &state, (vdc_search_options){.hosts = &hosts});
    vdc_request request = fleet_request(4, 4), large = fleet_request(9, 1);
    cr_assert_eq(decide(search, &request), 1);
    vdc_host_take(&hosts, 1, &large, 0, 0); /* cpu goes to -1000: full */
    vdc_search_host_changed(search, 1);
    cr_assert_eq(decide(search, &request), 2);
    hosts.state[2] = VDC_HOST_CORDONED;
    vdc_search_host_changed(search, 2);
    cr_assert_eq(decide(search, &request), 3);
    cr_assert_eq(decide(search, &large), -1);
    vdc_search_destroy(search);
    vdc_hosts_destroy(&hosts);
}

Test(search, ties_go_to_the_lowest_rank_where_there_are_ranks) {
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 4, .cores = 8, .gib = 8}, 1);
    hosts.rank = vdc_calloc(4, sizeof *hosts.rank);
    memcpy(hosts.rank, (uint32_t[]){3, 2, 1, 1}, 4 * sizeof *hosts.rank);
    score_table state = {.score = {0, -0.0, 0, 0}};
    vdc_search *search = open_search(&table_policy, &state, (vdc_search_options){.hosts = &hosts});
    vdc_request request = fleet_request(4, 4);
    cr_assert_eq(decide(search, &request), 2);
    state.score[0] = 1e-300;
    cr_assert_eq(decide(search, &request), 0);
    vdc_search_destroy(search);
    vdc_hosts_destroy(&hosts);
}

Test(search, nan_is_the_worst_score_but_still_a_host) {
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 3, .cores = 8, .gib = 8}, 1);
    score_table state = {.score = {NAN, -1e308, NAN}};
    vdc_search *search = open_search(&table_policy, &state, (vdc_search_options){.hosts = &hosts});
    vdc_request request = fleet_request(4, 4);
    cr_assert_eq(decide(search, &request), 1);
    hosts.state[1] = VDC_HOST_DOWN;
    vdc_search_host_changed(search, 1);
    cr_assert_eq(decide(search, &request), 0);
    state.score[2] = -INFINITY;
    cr_assert_eq(decide(search, &request), 0);
    vdc_search_destroy(search);
    vdc_hosts_destroy(&hosts);
}

static bool only_odd_hosts(const void *rules, uint32_t host, const vdc_request *request) {
    (void)rules;
    (void)request;
    return host % 2 == 1;
}

Test(search, hard_rules_hold) {
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 4, .cores = 8, .gib = 8}, 1);
    score_table state = {.score = {9, 1, 8, 2}};
    vdc_search *search = open_search(&table_policy, &state, (vdc_search_options){.hosts = &hosts, .allows = only_odd_hosts});
    vdc_request request = fleet_request(4, 4);
    cr_assert_eq(decide(search, &request), 3);
    const vdc_view *view = vdc_search_view(search);
    cr_assert_eq(view->next_feasible(view, &request, 0), 1);
    cr_assert_eq(view->count_feasible(view, &request), 2);
    cr_assert_eq(view->select_feasible(view, &request, 1), 3);
    cr_assert_eq(view->select_feasible(view, &request, 2), -1);
    cr_assert_not(view->fits(view, 0, &request));
    cr_assert_not(view->fits(view, 4, &request));
    vdc_search_destroy(search);
    vdc_hosts_destroy(&hosts);
}

/* Runs a decision that must be refused and looks for `text` in the message. */
static void refused(vdc_search *search, const vdc_request *request, const char *text) {
    vdc_decision decision;
    bool found;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_search_decide(search, request, &decision, &found, &diag), VDC_ERROR_POLICY);
    cr_assert_eq(diag.count, 1);
    cr_assert(strstr(diag.messages[0].text, text), "'%s' is not in '%s'", text, diag.messages[0].text);
    cr_assert(strstr(diag.messages[0].text, "policy told"), "no policy in '%s'", diag.messages[0].text);
    vdc_diag_clear(&diag);
}

Test(search, a_bad_decision_is_refused_with_its_cause) {
    vdc_hosts hosts;
    fleet_open(&hosts, (fleet_class[]){{.count = 2, .cores = 8, .gib = 8}, {.count = 2, .cores = 8, .gib = 8, .gpus = 2}}, 2);
    vdc_decision told = {.host = 4};
    vdc_search *search = open_search(&told_policy, &told, (vdc_search_options){.hosts = &hosts, .allows = only_odd_hosts});
    vdc_request request = fleet_request(4, 4), full = fleet_request(8, 8);
    refused(search, &request, "no such host");
    told.host = -7;
    refused(search, &request, "no such host");
    told.host = 0;
    refused(search, &request, "isolation rule");
    told.host = 1;
    vdc_host_take(&hosts, 1, &full, 0, 0);
    refused(search, &request, "does not fit");
    refused(search, &request, "cpu 4000 of 0 free");
    hosts.state[3] = VDC_HOST_DOWN;
    told.host = 3;
    refused(search, &request, "takes no VMs");
    hosts.state[3] = VDC_HOST_UP;
    told.gpu_devices = 1;
    refused(search, &request, "did not ask for");
    request.gpu_count = 1;
    request.gpu_milli = 500;
    request.size[VDC_GPU] = 500;
    told.gpu_devices = 3;
    refused(search, &request, "devices named");
    told.gpu_devices = 8;
    refused(search, &request, "devices named");
    told.gpu_devices = 2;
    cr_assert_eq(decide(search, &request), 3);
    vdc_search_destroy(search);
    vdc_hosts_destroy(&hosts);
}

Test(search, devices_are_filled_in_where_the_policy_names_none) {
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 1, .cores = 8, .gib = 8, .gpus = 4}, 1);
    vdc_decision told = {.host = 0}, decision;
    vdc_search *search = open_search(&told_policy, &told, (vdc_search_options){.hosts = &hosts});
    vdc_request request = fleet_request(1, 1);
    request.gpu_count = 1;
    request.gpu_milli = 300;
    request.size[VDC_GPU] = 300;
    hosts.gpu_free[2] = 400;
    bool found;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_search_decide(search, &request, &decision, &found, &diag), VDC_OK);
    cr_assert(found);
    cr_assert_eq(decision.gpu_devices, 4); /* the fullest device that still has room */
    vdc_search_destroy(search);
    vdc_hosts_destroy(&hosts);
}

Test(search, a_policy_that_breaks_the_contract_is_not_taken) {
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 1, .cores = 8, .gib = 8}, 1);
    vdc_search_options options = {.hosts = &hosts, .now = &clock_at_zero};
    vdc_search *search;
    vdc_diag diag = {0};
    vdc_policy other = told_policy;
    other.abi++;
    cr_assert_eq(vdc_search_create(&search, &(vdc_policy_instance){.policy = &other}, &options, &diag), VDC_ERROR_POLICY);
    other = told_policy;
    other.placement.choose = NULL;
    cr_assert_eq(vdc_search_create(&search, &(vdc_policy_instance){.policy = &other}, &options, &diag), VDC_ERROR_POLICY);
    other = told_policy;
    other.kind = VDC_ADMISSION;
    cr_assert_eq(vdc_search_create(&search, &(vdc_policy_instance){.policy = &other}, &options, &diag), VDC_ERROR_POLICY);
    options.strategy = "fast";
    cr_assert_eq(vdc_search_create(&search, &(vdc_policy_instance){.policy = &told_policy}, &options, &diag), VDC_ERROR_INPUT);
    cr_assert_null(search);
    vdc_diag_clear(&diag);
    vdc_hosts_destroy(&hosts);
}
