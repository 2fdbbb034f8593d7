/* Rebalance policies on random fleets: every move can begin, nothing moves that may not, each policy keeps its word, and consolidation decides
 * what its definition says, written down again in the plainest way.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schedulers/rebalance/plan.h"
#include "schedulers/search.h"
#include "tests/support/draw.h"
#include "tests/support/fleet.h"
#include "tests/support/tree.h"

enum { HOSTS = 40, MOST_VMS = 400, WINDOW = 40 };

static vdc_arena arena;
static const int64_t clock_now = INT64_C(7200000000000);

/* A fleet as an engine would show it. */
typedef struct fleet {
    vdc_hosts hosts;
    vdc_policy_instance first_fit;
    vdc_search *search;
    vdc_request requests[MOST_VMS];
    vdc_vm_view vms[MOST_VMS];
    double history[MOST_VMS][WINDOW];
    uint32_t samples;
    uint32_t first[HOSTS + 1], on[MOST_VMS];
    int64_t demand[HOSTS], capacity[HOSTS];
    uint32_t count;
    vdc_fleet_view view;
} fleet;

static const double *fleet_history(const vdc_fleet_view *view, uint32_t vm, uint32_t *samples) {
    const fleet *it = view->engine;
    *samples = it->samples;
    return it->history[vm];
}

static bool fleet_allows(const vdc_fleet_view *view, uint32_t vm, uint32_t host) {
    return view->view->fits(view->view, host, view->vms[vm].request);
}
static double fleet_migration(const vdc_fleet_view *view, uint32_t vm) { return (double)view->vms[vm].bytes / 1e9; }
static bool fleet_asleep(const vdc_fleet_view *view, uint32_t host) { return view->view->host_state[host] == VDC_HOST_OFF; }

/* The arrays by host, from where each VM is. */
static void arrange(fleet *it) {
    uint32_t at = 0;
    for (uint32_t h = 0; h < it->hosts.count; h++) {
        it->first[h] = at;
        it->demand[h] = 0;
        for (uint32_t v = 0; v < it->count; v++) {
            if (it->vms[v].host != h) continue;
            it->on[at++] = v;
            it->demand[h] += it->vms[v].demand;
        }
    }
    it->first[it->hosts.count] = at;
}

static void fleet_start(fleet *it, uint64_t *draws, uint32_t hosts, uint32_t vms, int hot) {
    fleet_class classes[2] = {{hosts / 2, 16, 64, 0, 0, 0}, {hosts - hosts / 2, 8, 48, 0, 0, 0}};
    fleet_open(&it->hosts, classes, 2);
    static const vdc_power power[2] = {{.idle = 100, .max = 250}, {.idle = 60, .max = 120}};
    for (uint16_t k = 0; k < 2; k++) {
        it->hosts.classes[k].power = power[k];
        for (size_t i = 0; vdc_power_models[i]; i++)
            if (!strcmp(vdc_power_models[i]->name, k ? "sqrt" : "linear")) it->hosts.classes[k].power.model = vdc_power_models[i];
    }
    it->samples = (uint32_t)draw_below(draws, WINDOW + 1);
    it->count = 0;
    for (uint32_t v = 0; v < vms && v < MOST_VMS; v++) {
        vdc_request *request = &it->requests[it->count];
        *request = fleet_request(1 + draw_below(draws, 3), 1 + draw_below(draws, 12));
        request->number = request->id = v;
        request->lifetime = draw_below(draws, 4) ? 1 + draw_below(draws, INT64_C(20000000000000)) : VDC_UNLIMITED;
        request->predicted_lifetime = VDC_UNLIMITED;
        uint32_t host = (uint32_t)draw_below(draws, hosts);
        if (!vdc_host_fits(&it->hosts, host, request)) continue;
        vdc_host_take(&it->hosts, host, request, 0, 0);
        int64_t nominal = request->size[VDC_CPU] * 1000000;
        it->vms[it->count] = (vdc_vm_view){
            .request = request, .host = host, .movable = draw_below(draws, 10) > 0, .demand = draw_below(draws, nominal * hot / 100 + 1),
            .nominal = nominal, .bytes = request->size[VDC_MEMORY], .age = draw_below(draws, INT64_C(7200000000000)),
        };
        for (uint32_t i = 0; i < it->samples; i++) it->history[it->count][i] = (double)draw_below(draws, nominal * hot / 100 + 1);
        it->count++;
    }
    for (uint32_t h = 0; h < hosts; h++) {
        it->capacity[h] = it->hosts.classes[it->hosts.class_of[h]].physical[VDC_CPU] * 1000000;
        if (it->hosts.vms[h] == 0 && draw_below(draws, 2)) it->hosts.state[h] = VDC_HOST_OFF;
        else if (draw_below(draws, 12) == 0) it->hosts.state[h] = VDC_HOST_CORDONED;
    }
    arrange(it);
    cr_assert_eq(vdc_policy_open(VDC_PLACEMENT, NULL, "first-fit", NULL, &it->first_fit, NULL), VDC_OK);
    vdc_search_options options = {.hosts = &it->hosts, .now = &clock_now, .seed = 3, .component = "placement"};
    cr_assert_eq(vdc_search_create(&it->search, &it->first_fit, &options, NULL), VDC_OK);
    it->view = (vdc_fleet_view){
        .fleet_size = sizeof it->view, .view = vdc_search_view(it->search), .interval = INT64_C(300000000000), .slots = it->count, .vms = it->vms,
        .first = it->first, .on = it->on, .demand = it->demand, .capacity = it->capacity,
        .history = fleet_history, .allows = fleet_allows, .migration = fleet_migration,
        .asleep = fleet_asleep, .engine = it,
    };
}

static void fleet_end(fleet *it) {
    vdc_search_destroy(it->search);
    vdc_policy_close(&it->first_fit);
    vdc_hosts_destroy(&it->hosts);
}

static vdc_policy_instance start_policy(const char *text, const fleet *it) {
    vdc_policy_instance policy;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_policy_open(VDC_REBALANCE, test_tree(&arena, text), NULL, NULL, &policy, &diag), VDC_OK, "%s: %s", text,
                 diag.count ? diag.messages[0].text : "");
    const char *wrong = policy.policy->init(policy.state, it->view.view);
    cr_assert_null(wrong, "%s: %s", text, wrong);
    return policy;
}

static void end_policy(vdc_policy_instance *policy) {
    policy->policy->fini(policy->state);
    vdc_policy_close(policy);
}

/* Carries the moves out; each must be able to begin while none has ended. Returns how many VMs moved. */
static uint32_t carry_out(fleet *it, const char *text, const vdc_relocation *moves, int64_t count) {
    uint32_t from[MOST_VMS], moved[MOST_VMS], done = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t vm = moves[i].vm, host = moves[i].host;
        cr_assert_lt(host, it->hosts.count, "%s", text);
        if (vm == VDC_SWITCH_ON) {
            cr_assert_eq(it->hosts.state[host], VDC_HOST_OFF, "%s switches on what is on", text);
            continue;
        }
        cr_assert_lt(vm, it->count, "%s", text);
        cr_assert(it->vms[vm].movable, "%s moves a VM that may not", text);
        cr_assert_neq(it->vms[vm].host, host, "%s moves a VM to its own host", text);
        for (uint32_t k = 0; k < done; k++) cr_assert_neq(moved[k], vm, "%s moves a VM twice", text);
        cr_assert(vdc_host_fits(&it->hosts, host, &it->requests[vm]), "%s: no room on host %u", text, host);
        vdc_host_take(&it->hosts, host, &it->requests[vm], 0, 0);
        from[done] = it->vms[vm].host;
        moved[done++] = vm;
        it->vms[vm].host = host;
    }
    for (uint32_t k = 0; k < done; k++) {
        vdc_host_give(&it->hosts, from[k], &it->requests[moved[k]], 0, 0);
        vdc_search_host_changed(it->search, from[k]);
        vdc_search_host_changed(it->search, it->vms[moved[k]].host);
    }
    arrange(it);
    return done;
}

static const char *const policies[] = {
    "{policy: consolidate}",
    "{policy: consolidate, detect: mad, select: mu}",
    "{policy: consolidate, detect: {policy: iqr, safety: 1}, select: {policy: mc}, place: first-fit}",
    "{policy: consolidate, detect: lr, select: rs, place: {policy: best-fit, norm: l2}}",
    "{policy: consolidate, detect: {policy: lrr, safety: 2}, place: random-fit, empty: false}",
    "{policy: consolidate, detect: {policy: threshold, above: 0.3}, place: worst-fit}",
    "{policy: defragment}",
    "{policy: defragment, place: most-allocated, price: 0.1, most: 20}",
    "{policy: drain, hosts: [0, 3]}",
    "{policy: drain, hosts: [1], place: next-fit, most: 5}",
    "{policy: lars}",
    "{policy: lars, patience: 10min, error: 0.5, most: 7}",
    "{policy: drain, hosts: [2], place: l2-norm-diff}",
    "{policy: consolidate, place: {policy: pssf, n: 3}}",
    "{policy: defragment, place: nilas}",
    "{policy: lars, place: lava}",
    "{policy: drs}",
    "{policy: drs, imbalance: 1%, most: 100}",
};
enum { POLICIES = sizeof policies / sizeof *policies };

Test(rebalance, moves_can_begin) {
    static fleet it;
    uint64_t draws = 1;
    for (size_t p = 0; p < POLICIES; p++) {
        uint32_t moved = 0;
        for (int round = 0; round < 40; round++) {
            fleet_start(&it, &draws, 2 + (uint32_t)draw_below(&draws, HOSTS - 1), (uint32_t)draw_below(&draws, MOST_VMS), 20 + 20 * (round % 5));
            if (it.hosts.count > 3) {
                vdc_policy_instance policy = start_policy(policies[p], &it);
                for (int step = 0; step < 3; step++) {
                    const vdc_relocation *moves = NULL;
                    int64_t count = policy.policy->rebalance.decide(policy.state, &it.view, &moves);
                    cr_assert_geq(count, 0, "%s", policies[p]);
                    moved += carry_out(&it, policies[p], moves, count);
                }
                end_policy(&policy);
            }
            fleet_end(&it);
        }
        cr_expect_gt(moved, 20, "%s moves hardly anything", policies[p]);
    }
}

/* With loads that stay as they are the moves come to an end. */
Test(rebalance, nothing_moves_for_ever) {
    static fleet it;
    uint64_t draws = 2;
    for (size_t p = 0; p < POLICIES; p++) {
        if (strstr(policies[p], "random-fit") || strstr(policies[p], "select: rs")) continue;
        for (int round = 0; round < 10; round++) {
            fleet_start(&it, &draws, 4 + (uint32_t)draw_below(&draws, HOSTS - 4), (uint32_t)draw_below(&draws, 200), 20 + 20 * (round % 5));
            vdc_policy_instance policy = start_policy(policies[p], &it);
            int steps = 0;
            for (uint32_t moved = 1; moved > 0; steps++) {
                const vdc_relocation *moves = NULL;
                int64_t count = policy.policy->rebalance.decide(policy.state, &it.view, &moves);
                moved = carry_out(&it, policies[p], moves, count);
                cr_assert_lt(steps, 400, "%s moves for ever", policies[p]);
            }
            end_policy(&policy);
            fleet_end(&it);
        }
    }
}

/* ---- consolidation by its definition: threshold 80 %, mmt, power-aware ---- */

typedef struct plain {
    const fleet *it;
    int64_t demand[HOSTS], cpu[HOSTS], memory[HOSTS];
    uint32_t vms[HOSTS];
    bool excluded[HOSTS], moved[MOST_VMS];
    vdc_relocation moves[MOST_VMS];
    uint32_t count;
} plain;

static bool plain_over(const plain *p, uint32_t host, int64_t more) {
    return (double)(p->demand[host] + more) / (double)p->it->capacity[host] > 0.8;
}

static double plain_watts(const plain *p, uint32_t host, int64_t demand) {
    double load = (double)demand * (1 / (double)p->it->capacity[host]);
    return vdc_power_watts(&p->it->hosts.classes[p->it->hosts.class_of[host]].power, load < 1 ? load : 1);
}

static int plain_find(const plain *p, uint32_t vm, bool in_use) {
    const vdc_request *request = &p->it->requests[vm];
    int64_t demand = p->it->vms[vm].demand;
    int best = -1;
    double least = 0;
    for (uint32_t h = 0; h < p->it->hosts.count; h++) {
        uint8_t state = p->it->hosts.state[h];
        if (p->excluded[h] || h == p->it->vms[vm].host || (state != VDC_HOST_UP && state != VDC_HOST_OFF)) continue;
        if (p->cpu[h] < request->size[VDC_CPU] || p->memory[h] < request->size[VDC_MEMORY]) continue;
        if ((in_use && p->vms[h] == 0) || plain_over(p, h, demand)) continue;
        double rise = plain_watts(p, h, p->demand[h] + demand) - plain_watts(p, h, p->demand[h]);
        if (best >= 0 && rise >= least) continue;
        best = (int)h;
        least = rise;
    }
    return best;
}

static void plain_put(plain *p, uint32_t vm, uint32_t host, int sign) {
    p->demand[host] += sign * p->it->vms[vm].demand;
    p->cpu[host] -= sign * p->it->requests[vm].size[VDC_CPU];
    p->memory[host] -= sign * p->it->requests[vm].size[VDC_MEMORY];
    p->vms[host] += (uint32_t)sign;
}

static void plain_sort(const plain *p, uint32_t *vms, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = count - 1; j > i; j--)
            if (p->it->vms[vms[j]].demand > p->it->vms[vms[j - 1]].demand) {
                uint32_t swap = vms[j];
                vms[j] = vms[j - 1];
                vms[j - 1] = swap;
            }
}

static void plain_decide(plain *p) {
    const fleet *it = p->it;
    uint32_t leaving[MOST_VMS], leavers = 0;
    bool passed[HOSTS] = {false};
    for (uint32_t h = 0; h < it->hosts.count; h++) {
        p->demand[h] = it->demand[h], p->vms[h] = it->hosts.vms[h];
        p->cpu[h] = it->hosts.free[VDC_CPU][h], p->memory[h] = it->hosts.free[VDC_MEMORY][h];
    }
    for (uint32_t h = 0; h < it->hosts.count; h++) {
        if (!plain_over(p, h, 0)) continue;
        passed[h] = p->excluded[h] = true;
        while (plain_over(p, h, 0)) {
            int smallest = -1;
            for (uint32_t v = 0; v < it->count; v++)
                if (it->vms[v].host == h && it->vms[v].movable && !p->moved[v] && (smallest < 0 || it->vms[v].bytes < it->vms[smallest].bytes))
                    smallest = (int)v;
            if (smallest < 0) break;
            p->moved[smallest] = true;
            p->demand[h] -= it->vms[smallest].demand;
            leaving[leavers++] = (uint32_t)smallest;
        }
    }
    plain_sort(p, leaving, leavers);
    for (uint32_t i = 0; i < leavers; i++) {
        int target = plain_find(p, leaving[i], false);
        if (target < 0) {
            p->demand[it->vms[leaving[i]].host] += it->vms[leaving[i]].demand;
            p->moved[leaving[i]] = false;
            continue;
        }
        plain_put(p, leaving[i], (uint32_t)target, 1);
        p->moves[p->count++] = (vdc_relocation){leaving[i], (uint32_t)target};
        passed[target] = true;
    }
    for (;;) {
        int host = -1;
        for (uint32_t h = 0; h < it->hosts.count; h++) {
            if (passed[h] || it->hosts.vms[h] == 0 || it->hosts.state[h] != VDC_HOST_UP) continue;
            double load = (double)it->demand[h] / (double)it->capacity[h];
            if (host < 0 || load < (double)it->demand[host] / (double)it->capacity[host]) host = (int)h;
        }
        if (host < 0) return;
        passed[host] = true;
        uint32_t vms[MOST_VMS], vm_count = 0, before = p->count;
        bool all = true;
        for (uint32_t v = 0; v < it->count; v++)
            if (it->vms[v].host == (uint32_t)host) vms[vm_count++] = v, all = all && it->vms[v].movable;
        if (!all) continue;
        p->excluded[host] = true;
        plain_sort(p, vms, vm_count);
        for (uint32_t i = 0; i < vm_count && all; i++) {
            int target = plain_find(p, vms[i], true);
            if (target < 0) {
                all = false;
                break;
            }
            plain_put(p, vms[i], (uint32_t)target, 1);
            p->demand[host] -= it->vms[vms[i]].demand;
            p->moves[p->count++] = (vdc_relocation){vms[i], (uint32_t)target};
        }
        for (uint32_t i = before; i < p->count; i++) {
            if (all) {
                passed[p->moves[i].host] = true;
                continue;
            }
            plain_put(p, p->moves[i].vm, p->moves[i].host, -1);
            p->demand[host] += it->vms[p->moves[i].vm].demand;
        }
        if (!all) p->count = before;
    }
}

Test(rebalance, consolidation_by_definition) {
    static fleet it;
    static plain p;
    uint64_t draws = 3;
    uint32_t moved = 0, woken = 0;
    for (int round = 0; round < 400; round++) {
        fleet_start(&it, &draws, 2 + (uint32_t)draw_below(&draws, HOSTS - 1), (uint32_t)draw_below(&draws, MOST_VMS), 20 + 80 * (round % 6));
        memset(&p, 0, sizeof p);
        p.it = &it;
        plain_decide(&p);
        vdc_policy_instance policy = start_policy("{policy: consolidate}", &it);
        const vdc_relocation *moves = NULL;
        int64_t count = policy.policy->rebalance.decide(policy.state, &it.view, &moves);
        cr_assert_eq(count, p.count, "round %d: %d moves, not %u", round, (int)count, p.count);
        for (int64_t i = 0; i < count; i++) {
            bool asleep = it.hosts.state[p.moves[i].host] == VDC_HOST_OFF;
            cr_assert_eq(moves[i].host, p.moves[i].host, "round %d, move %d", round, (int)i);
            cr_assert_eq(moves[i].vm, asleep ? VDC_SWITCH_ON : p.moves[i].vm, "round %d, move %d", round, (int)i);
            woken += asleep;
        }
        moved += (uint32_t)count;
        end_policy(&policy);
        fleet_end(&it);
    }
    cr_expect_gt(moved, 1000);
    cr_expect_gt(woken, 10);
}

/* ---- the others keep their word ---- */

static double imbalance(const fleet *it) {
    double sum = 0, squares = 0, count = 0;
    for (uint32_t h = 0; h < it->hosts.count; h++) {
        if (it->hosts.state[h] != VDC_HOST_UP) continue;
        double load = (double)it->demand[h] / (double)it->capacity[h];
        sum += load, squares += load * load, count++;
    }
    return count > 0 ? sqrt(fmax(0, squares / count - sum * sum / count / count)) : 0;
}

Test(rebalance, drs_evens_out) {
    static fleet it;
    uint64_t draws = 4;
    for (int round = 0; round < 100; round++) {
        fleet_start(&it, &draws, 6 + (uint32_t)draw_below(&draws, HOSTS - 6), 60 + (uint32_t)draw_below(&draws, 100), 90);
        vdc_policy_instance policy = start_policy("{policy: drs, imbalance: 2%, gain: 0.05%, most: 3}", &it);
        double before = imbalance(&it);
        for (uint32_t moved = 1; moved > 0;) {
            const vdc_relocation *moves = NULL;
            int64_t count = policy.policy->rebalance.decide(policy.state, &it.view, &moves);
            cr_assert_leq(count, 3);
            moved = carry_out(&it, "drs", moves, count);
            double after = imbalance(&it);
            cr_assert_leq(after, before - 0.0005 * moved + 1e-12);
            cr_assert(moved == 0 || before > 0.02, "it moves though that is good enough");
            before = after;
        }
        end_policy(&policy);
        fleet_end(&it);
    }
}

Test(rebalance, drain_empties) {
    static fleet it;
    uint64_t draws = 5;
    for (int round = 0; round < 100; round++) {
        fleet_start(&it, &draws, 10 + (uint32_t)draw_below(&draws, HOSTS - 10), 40, 50);
        vdc_policy_instance policy = start_policy("{policy: drain, hosts: [2, 5]}", &it);
        const vdc_relocation *moves = NULL;
        int64_t count = policy.policy->rebalance.decide(policy.state, &it.view, &moves);
        bool wakes = false;
        for (int64_t i = 0; i < count; i++) {
            wakes = wakes || moves[i].vm == VDC_SWITCH_ON;
            cr_expect(moves[i].host != 2 && moves[i].host != 5 && it.hosts.state[moves[i].host] != VDC_HOST_CORDONED);
        }
        (void)carry_out(&it, "drain", moves, count);
        for (uint32_t v = 0; v < it.count && !wakes; v++) {
            uint32_t host = it.vms[v].host;
            if (host == 2 || host == 5 || it.hosts.state[host] == VDC_HOST_CORDONED) cr_expect_not(it.vms[v].movable, "VM %u was left behind", v);
        }
        end_policy(&policy);
        fleet_end(&it);
    }
}

static uint32_t hosts_in_use(const fleet *it) {
    uint32_t count = 0;
    for (uint32_t h = 0; h < it->hosts.count; h++) count += it->hosts.vms[h] > 0;
    return count;
}

/* Whatever leaves a host, all of it leaves, to hosts that were in use before. */
Test(rebalance, defragment_empties_hosts_altogether) {
    static fleet it;
    uint64_t draws = 6;
    uint32_t emptied = 0;
    for (int round = 0; round < 100; round++) {
        fleet_start(&it, &draws, 6 + (uint32_t)draw_below(&draws, HOSTS - 6), 10 + (uint32_t)draw_below(&draws, 120), 50);
        vdc_policy_instance policy = start_policy("{policy: defragment, price: 1, horizon: 30s}", &it);
        const vdc_relocation *moves = NULL;
        int64_t count = policy.policy->rebalance.decide(policy.state, &it.view, &moves);
        uint32_t before = hosts_in_use(&it), sources = 0;
        bool source[HOSTS] = {false};
        double cost[HOSTS] = {0};
        for (int64_t i = 0; i < count; i++) {
            uint32_t host = it.vms[moves[i].vm].host;
            sources += !source[host];
            source[host] = true;
            cost[host] += fleet_migration(&it.view, moves[i].vm);
            cr_assert_gt(it.hosts.vms[moves[i].host], 0);
        }
        (void)carry_out(&it, "defragment", moves, count);
        cr_expect_eq(hosts_in_use(&it), before - sources);
        for (uint32_t h = 0; h < it.hosts.count; h++) cr_expect_lt(cost[h], 30, "host %u costs more than it is worth", h);
        emptied += sources;
        end_policy(&policy);
        fleet_end(&it);
    }
    cr_expect_gt(emptied, 50);
}

/* Those that are soon to end stay; of a host the one that stays longest goes first. */
Test(rebalance, lars_by_remaining_lifetime) {
    static fleet it;
    uint64_t draws = 7;
    uint32_t moved = 0;
    for (int round = 0; round < 100; round++) {
        fleet_start(&it, &draws, 6 + (uint32_t)draw_below(&draws, HOSTS - 6), 10 + (uint32_t)draw_below(&draws, 120), 50);
        vdc_policy_instance policy = start_policy("{policy: lars, patience: 1h}", &it);
        const vdc_relocation *moves = NULL;
        int64_t count = policy.policy->rebalance.decide(policy.state, &it.view, &moves);
        int64_t last = 0;
        for (int64_t i = 0; i < count; i++) {
            const vdc_vm_view *vm = &it.vms[moves[i].vm];
            int64_t lifetime = vm->request->lifetime, left = INT64_MAX;
            if (lifetime >= 0) left = lifetime > vm->age ? lifetime - vm->age : vm->age;
            cr_expect_gt(left, INT64_C(3600000000000));
            if (i > 0 && it.vms[moves[i - 1].vm].host == vm->host) cr_expect_leq(left, last);
            last = left;
        }
        moved += carry_out(&it, "lars", moves, count);
        end_policy(&policy);
        fleet_end(&it);
    }
    cr_expect_gt(moved, 50);
}

Test(rebalance, mistakes_are_named) {
    static const struct { const char *text, *message; } wrong[] = {
        {"{policy: consolidate, detect: treshold}", "did you mean 'threshold'"},
        {"{policy: consolidate, detect: {policy: mad, safty: 1}}", "did you mean 'safety'"},
        {"{policy: consolidate, place: fifo}", "first-fit"},
        {"{policy: consolidate, select: [mmt]}", "a list"},
        {"{policy: drain, hosts: 3}", "a list of numbers"},
        {"{policy: drain, hosts: [-1]}", "-1"},
        {"{policy: drs, interval: 0s}", "interval"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        vdc_policy_instance policy;
        vdc_diag diag = {0};
        cr_assert_eq(vdc_policy_open(VDC_REBALANCE, test_tree(&arena, wrong[i].text), NULL, NULL, &policy, &diag), VDC_ERROR_INPUT, "%s", wrong[i].text);
        cr_assert_geq(diag.count, 1);
        cr_expect(strstr(diag.messages[0].text, wrong[i].message), "%s: '%s'", wrong[i].text, diag.messages[0].text);
        cr_expect(!policy.policy && !policy.state);
        vdc_diag_clear(&diag);
    }
    static fleet it;
    uint64_t draws = 8;
    fleet_start(&it, &draws, 4, 10, 50);
    vdc_policy_instance policy;
    cr_assert_eq(vdc_policy_open(VDC_REBALANCE, test_tree(&arena, "{policy: drain, hosts: [4]}"), NULL, NULL, &policy, NULL), VDC_OK);
    cr_expect_str_eq(policy.policy->init(policy.state, it.view.view), "there is no host 4; the hosts are 0 to 3");
    end_policy(&policy);
    fleet_end(&it);
}

/* What a placement policy asks of a plan's hosts is answered for the plan: nothing but `power` and `interrupted`, which do not look
 * at hosts, is the engine's own. A function that is new in the view must be looked at here. */
Test(rebalance, a_view_of_its_own) {
    static fleet it;
    uint64_t draws = 11;
    fleet_start(&it, &draws, 20, 100, 50);
    vdc_policy_instance place;
    cr_assert_eq(vdc_policy_open(VDC_PLACEMENT, NULL, "l2-norm-diff", NULL, &place, NULL), VDC_OK);
    vdc_plan plan;
    cr_assert_null(vdc_plan_open(&plan, &place, it.view.view));
    const vdc_view *own = &plan.view, *outer = it.view.view;
    cr_expect(own->fits != outer->fits && own->next_feasible != outer->next_feasible && own->count_feasible != outer->count_feasible
              && own->select_feasible != outer->select_feasible && own->host != outer->host && own->random != outer->random
              && own->tenant_name != outer->tenant_name && own->slowdown != outer->slowdown && own->used_share != outer->used_share);
    cr_expect(own->power == outer->power && own->interrupted == outer->interrupted);
    cr_expect_eq(own->engine, &plan);
    cr_assert_eq(offsetof(vdc_view, interrupted) + sizeof own->interrupted, sizeof *own, "the view has something new");
    for (int round = 0; round < 20; round++) {
        vdc_plan_begin(&plan, &it.view);
        for (uint32_t v = 0; v <= it.count; v++) {
            double used[VDC_RESOURCES] = {0};
            for (uint32_t h = 0; h < it.hosts.count; h++)
                for (int r = 0; r <= VDC_MEMORY; r++)
                    used[r] += 1 - (double)plan.free[r][h] / (double)it.hosts.classes[it.hosts.class_of[h]].capacity[r];
            for (int r = 0; r <= VDC_MEMORY && (v % 3 || round % 2); r++)
                cr_assert_float_eq(own->used_share(own, (vdc_resource)r), used[r] / it.hosts.count, 1e-12);
            if (v == it.count || !it.vms[v].movable) continue;
            int64_t host = vdc_plan_find(&plan, v, NULL, NULL);
            if (host < 0) continue;
            vdc_plan_leave(&plan, v);
            vdc_plan_move(&plan, v, (uint32_t)host);
            cr_assert_eq(own->started, own->now - it.vms[v].age);
            if (draw_below(&draws, 4) == 0) vdc_plan_undo(&plan, plan.count / 2);
        }
    }
    vdc_plan_close(&plan);
    vdc_policy_close(&place);
    fleet_end(&it);
}

/* Every allocation fails in turn: no crash, no leak, and a decision is made or failed, never made up. */
Test(rebalance, without_memory) {
    static fleet it;
    uint64_t draws = 9;
    fleet_start(&it, &draws, 12, 80, 70);
    for (size_t p = 0; p < POLICIES; p++) {
        for (uint64_t n = 1;; n++) {
            cr_assert_lt(n, 2000);
            vdc_policy_instance policy;
            const vdc_node *node = test_tree(&arena, policies[p]);
            uint64_t before = vdc_memory_count();
            vdc_memory_fail_at(n, true);
            bool failed = vdc_policy_open(VDC_REBALANCE, node, NULL, NULL, &policy, NULL) != VDC_OK;
            bool opened = !failed;
            if (!failed) failed = policy.policy->init(policy.state, it.view.view) != NULL;
            const vdc_relocation *moves;
            if (!failed) failed = policy.policy->rebalance.decide(policy.state, &it.view, &moves) < 0;
            bool reached = vdc_memory_count() - before >= n;
            vdc_memory_fail_at(0, false);
            if (opened) end_policy(&policy);
            cr_assert_eq(failed, reached, "%s, allocation %d", policies[p], (int)n);
            if (!reached) break;
        }
    }
    fleet_end(&it);
}
