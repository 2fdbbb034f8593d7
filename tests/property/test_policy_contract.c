/* One contract for all: every registered policy goes through the same checks. A new policy needs no test of its own to be in
 * here; one whose parameters have no defaults adds its row to `examples`.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "schedulers/search.h"
#include "tests/support/draw.h"
#include "tests/support/fleet.h"
#include "tests/support/tree.h"

static vdc_arena arena; /* of one test, which is a process of its own */

/* What to write for policies that cannot do without parameters. */
static const struct {
    const char *name, *text;
} examples[] = {
    {"pssf", "{policy: pssf, n: 1000}"}, /* so many that no VM waits for its tenant's sake */
    {"rules", "{policy: rules, rules: [{by: used}, {policy: best-fit, norm: l2, step: 5%}, {policy: fgd}]}"},
    {"filter-weigh",
     "{policy: filter-weigh, filters: [{by: vms, at_most: 1000}], weighers: [memory, {by: vms, multiplier: -0.5}, "
                     "{policy: worst-fit, multiplier: 2}], subset: 3}"},
    {NULL, NULL},
};

/* What policies may be told about the workload. */
static const vdc_gpu_shape typical_shapes[] = {
    {4000, 500, 1, 0, 0.5}, {8000, 1000, 1, 1, 0.2}, {16000, 1000, 2, 0, 0.2}, {2000, 0, 0, 0, 0.1}};
static const vdc_gpu_mix typical = {typical_shapes, 4};

static const char *text_of(const vdc_policy *policy) {
    for (size_t i = 0; examples[i].name; i++)
        if (!strcmp(examples[i].name, policy->name)) return examples[i].text;
    char text[128];
    (void)snprintf(text, sizeof text, "{policy: %s}", policy->name);
    return vdc_arena_strdup(&arena, text);
}

static vdc_policy_instance open_policy(const vdc_policy *policy) {
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    vdc_code code = vdc_policy_open(policy->kind, test_tree(&arena, text_of(policy)), "none", NULL, &instance, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", policy->name, diag.count ? diag.messages[0].text : "");
    return instance;
}

static const char *const usual_policy[VDC_POLICY_KINDS] = {"fifo", "first-fit", "fair-share", "none"};

static bool is_kebab(const char *text) {
    return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

Test(policy_contract, descriptors) {
    size_t of_kind[VDC_POLICY_KINDS] = {0};
    for (size_t i = 0; vdc_policies[i]; i++) {
        const vdc_policy *policy = vdc_policies[i];
        cr_assert(policy->name && is_kebab(policy->name), "row %zu", i);
        cr_expect_eq(policy->abi, VDC_POLICY_ABI, "%s", policy->name);
        cr_assert_lt(policy->kind, VDC_POLICY_KINDS, "%s", policy->name);
        of_kind[policy->kind]++;
        cr_expect(policy->summary && *policy->summary && !strchr(policy->summary, '\n') && strlen(policy->summary) <= 120,
                  "%s: summary", policy->name);
        cr_expect(policy->source && *policy->source, "%s: source", policy->name);
        cr_expect_eq(vdc_policy_find(policy->kind, policy->name), policy, "%s: another one has its name", policy->name);
        for (size_t p = 0; p < policy->param_count; p++) {
            const vdc_param *param = &policy->params[p];
            cr_expect(param->name && *param->name && strcmp(param->name, "policy"), "%s: parameter %zu", policy->name, p);
            cr_expect(param->help && *param->help && !strchr(param->help, '\n'), "%s: %s has no help", policy->name, param->name);
            cr_expect_leq(param->offset + vdc_param_size(param->type), policy->state_size, "%s: %s lies outside the state",
                          policy->name, param->name);
            cr_expect_eq(param->offset % vdc_param_size(param->type), 0, "%s: %s is not aligned", policy->name, param->name);
            for (size_t q = 0; q < p; q++)
                cr_expect(strcmp(param->name, policy->params[q].name), "%s: %s twice", policy->name, param->name);
        }
        if (policy->kind == VDC_PLACEMENT)
            cr_expect(!policy->placement.score != !policy->placement.choose, "%s: score or choose", policy->name);
        if (policy->kind == VDC_CPU_SHARING) cr_expect(policy->cpu.share && policy->cpu.scratch_size, "%s: share", policy->name);
    }
    for (int kind = 0; kind < VDC_POLICY_KINDS; kind++) {
        cr_expect_gt(of_kind[kind], 0, "no policy of kind %s", vdc_policy_kind_names[kind]);
        cr_expect_null(vdc_policy_find((vdc_policy_kind)kind, "no-such-policy"));
    }
}

Test(policy_contract, defaults_do) {
    for (size_t i = 0; vdc_policies[i]; i++) {
        if (!policy_stands_alone(vdc_policies[i])) continue;
        vdc_policy_instance instance = open_policy(vdc_policies[i]);
        cr_expect_eq(instance.policy, vdc_policies[i]);
        cr_expect_not_null(instance.state);
        vdc_policy_close(&instance);
        cr_expect_null(instance.state);
    }
    vdc_policy_instance instance;
    cr_assert_eq(vdc_policy_open(VDC_PLACEMENT, NULL, "best-fit", NULL, &instance, NULL), VDC_OK);
    cr_expect_str_eq(instance.policy->name, "best-fit");
    vdc_policy_close(&instance);
}

static void refuses(vdc_policy_kind kind, const char *text, const char *part) {
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    vdc_code code = vdc_policy_open(kind, test_tree(&arena, text), usual_policy[kind], NULL, &instance, &diag);
    cr_assert_eq(code, VDC_ERROR_INPUT, "%s was accepted", text);
    cr_assert_geq(diag.errors, 1);
    cr_expect(strstr(diag.messages[0].text, part), "%s: '%s' lacks '%s'", text, diag.messages[0].text, part);
    cr_expect(!strncmp(diag.messages[0].text, "test:1:", 7), "%s: no place in '%s'", text, diag.messages[0].text);
    cr_expect(!instance.state && !instance.policy);
    vdc_diag_clear(&diag);
}

Test(policy_contract, mistakes_are_named) {
    refuses(VDC_PLACEMENT, "{policy: bestfit}", "did you mean 'best-fit'");
    refuses(VDC_PLACEMENT, "{policy: fifo}", "first-fit"); /* of another kind: what is allowed is listed */
    refuses(VDC_PLACEMENT, "{policy: [best-fit]}", "a list");
    refuses(VDC_PLACEMENT, "{policy: best-fit, nrom: l2}", "did you mean 'norm'");
    refuses(VDC_ADMISSION, "{policy: fifo, depth: 3}", "unknown key 'depth'");
    refuses(VDC_CPU_SHARING, "fair-share", "a mapping");
    vdc_diag diag = {0};
    vdc_policy_instance none;
    cr_expect_eq(vdc_policy_open(VDC_REBALANCE, NULL, NULL, NULL, &none, &diag), VDC_ERROR_INPUT);
    cr_assert_eq(diag.errors, 1);
    cr_expect_str_eq(diag.messages[0].text, "rebalance: the key 'policy' is missing");
    vdc_diag_clear(&diag);
    vdc_policy_instance instance;
    static const char *const also[] = {"timeout", "queue_limit", NULL};
    const vdc_node *node = test_tree(&arena, "{policy: fifo, timeout: 0s, queue_limit: 3}");
    cr_expect_eq(vdc_policy_open(VDC_ADMISSION, node, "fifo", also, &instance, NULL), VDC_OK); /* keys of the caller's */
    vdc_policy_close(&instance);
}

/* --- random fleets --- */

static const int64_t clock_now = INT64_C(3600000000000);

static void random_fleet(uint64_t *draws, vdc_hosts *hosts) {
    fleet_class classes[4] = {{8, 64, 256, 0, 0, 0}, {6, 40, 90, 0, 2, 0}, {6, 96, 512, 8, 2, 7}, {4, 32, 64, 2, 0, 0}};
    fleet_open(hosts, classes, 4);
    for (uint16_t c = 0; c < 4; c++)
        hosts->classes[c].power = (vdc_power){.model = vdc_power_models[0], .idle = 100 + c, .max = 200 + 50.0 * c};
    if (draw_below(draws, 2)) {
        hosts->rank = vdc_calloc(hosts->count, sizeof *hosts->rank);
        for (uint32_t h = 0; h < hosts->count; h++) hosts->rank[h] = (uint32_t)draw_below(draws, 10);
    }
}

static vdc_request random_request(uint64_t *draws) {
    vdc_request request = fleet_request(draw_below(draws, 17), draw_below(draws, 65));
    request.id = request.number = draw_below(draws, 1000);
    request.lifetime = draw_below(draws, 5) ? 1 + draw_below(draws, INT64_C(100000000000000)) : VDC_UNLIMITED;
    request.predicted_lifetime = draw_below(draws, 2) ? request.lifetime : VDC_UNLIMITED;
    request.priority = (int32_t)draw_below(draws, 5) - 1;
    request.tenant = (uint32_t)draw_below(draws, 6);
    request.group = (uint32_t)draw_below(draws, 3);
    if (draw_below(draws, 3) == 0) {
        request.gpu_count = (uint16_t)(1 + draw_below(draws, 3));
        request.gpu_milli = request.gpu_count > 1 ? 1000 : (uint16_t)(1 + draw_below(draws, 1000));
        request.size[VDC_GPU] = request.gpu_count * request.gpu_milli;
        request.gpu_models = (uint64_t)draw_below(draws, 3) & 1;
    }
    if (draw_below(draws, 3) == 0) request.numa_nodes = (uint8_t)(1 + draw_below(draws, 2));
    return request;
}

typedef struct placed_vm {
    vdc_request request;
    vdc_decision decision;
} placed_vm;

/* Every placement policy on random states that it brings about itself: the engine accepts each decision (it checks that the host
 * is up, has room and devices), a VM is placed exactly when some host has room, and a full fleet gets no decision. */
Test(policy_contract, decisions_are_feasible) {
    enum { STEPS = 1500, MOST = 300 };
    static placed_vm alive[MOST];
    uint64_t draws = 7;
    for (size_t i = 0; vdc_policies[i]; i++) {
        if (vdc_policies[i]->kind != VDC_PLACEMENT || !policy_stands_alone(vdc_policies[i])) continue;
        vdc_hosts hosts;
        random_fleet(&draws, &hosts);
        vdc_policy_instance instance = open_policy(vdc_policies[i]);
        vdc_search *search;
        vdc_diag diag = {0};
        int64_t now = 0;
        vdc_search_options options = {.hosts = &hosts, .now = &now, .seed = 3, .component = "placement",
                                      .gpu_mix = &typical};
        cr_assert_eq(vdc_search_create(&search, &instance, &options, &diag), VDC_OK, "%s", instance.policy->name);
        size_t count = 0;
        for (int step = 0; step < STEPS; step++) {
            now += draw_below(&draws, INT64_C(2000000000000));
            if (count == MOST || (count > 0 && draw_below(&draws, 5) < 2)) {
                size_t k = (size_t)draw_below(&draws, (int64_t)count);
                uint32_t host = (uint32_t)alive[k].decision.host;
                vdc_host_give(&hosts, host, &alive[k].request, alive[k].decision.gpu_devices, alive[k].decision.numa_nodes);
                vdc_search_host_changed(search, host);
                vdc_search_released(search, &alive[k].request, host);
                alive[k] = alive[--count];
                continue;
            }
            placed_vm vm = {.request = random_request(&draws)};
            vm.request.id = vm.request.number = step;
            bool room = false, found = false;
            for (uint32_t h = 0; h < hosts.count; h++) room = room || vdc_host_fits(&hosts, h, &vm.request);
            vdc_code code = vdc_search_decide(search, &vm.request, &vm.decision, &found, &diag);
            cr_assert_eq(code, VDC_OK, "%s: %s", instance.policy->name, diag.count ? diag.messages[0].text : "");
            cr_assert_eq(found, room, "%s, step %d: found %d, room %d", instance.policy->name, step, found, room);
            if (!found) continue;
            uint32_t host = (uint32_t)vm.decision.host;
            vdc_host_take(&hosts, host, &vm.request, vm.decision.gpu_devices, vm.decision.numa_nodes);
            vdc_search_host_changed(search, host);
            vdc_search_placed(search, &vm.request, host);
            alive[count++] = vm;
        }
        for (uint32_t h = 0; h < hosts.count; h++) {
            hosts.state[h] = VDC_HOST_CORDONED;
            vdc_search_host_changed(search, h);
        }
        bool found = true;
        vdc_decision decision;
        vdc_request request = random_request(&draws);
        cr_assert_eq(vdc_search_decide(search, &request, &decision, &found, &diag), VDC_OK);
        cr_expect_not(found, "%s places on a cordoned host", instance.policy->name);
        vdc_search_destroy(search);
        vdc_policy_close(&instance);
        vdc_hosts_destroy(&hosts);
    }
}

/* --- scores --- */

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

/* A random feasible state of one host. */
static vdc_host_view random_view(uint64_t *draws, const vdc_view *view, const vdc_hosts *hosts, int32_t *gpu_free,
                                 int64_t *numa_free) {
    vdc_host_view host;
    view->host(view, (uint32_t)draw_below(draws, view->hosts), &host);
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (hosts->free[r]) host.free[r] = draw_below(draws, host.class_view->capacity[r] + 1);
    host.vms = (uint32_t)draw_below(draws, 20);
    host.granted = draw_below(draws, INT64_C(1000000000000));
    int64_t gpu = 0;
    for (int j = 0; j < host.class_view->gpus; j++) gpu += gpu_free[j] = (int32_t)draw_below(draws, 1001);
    if (host.class_view->gpus) host.free[VDC_GPU] = gpu;
    if (host.gpu_free) host.gpu_free = gpu_free;
    if (host.numa_free)
        for (int k = 0; k < 2 * host.class_view->numa_nodes; k++)
            numa_free[k] = draw_below(draws, host.class_view->capacity[k % 2] / 2);
    if (host.numa_free) host.numa_free = numa_free;
    return host;
}

/* A score is a pure function of what its descriptor says it depends on, and moves the way it says. */
Test(policy_contract, scores_keep_their_word) {
    enum { ROUNDS = 4000 };
    uint64_t draws = 8;
    for (size_t i = 0; vdc_policies[i]; i++) {
        const vdc_policy *policy = vdc_policies[i];
        if (policy->kind != VDC_PLACEMENT || !policy->placement.score) continue;
        vdc_hosts hosts;
        random_fleet(&draws, &hosts);
        vdc_policy_instance instance = open_policy(policy);
        vdc_search *search;
        vdc_search_options options = {.hosts = &hosts, .now = &clock_now, .seed = 3, .component = "placement",
                                      .gpu_mix = &typical};
        cr_assert_eq(vdc_search_create(&search, &instance, &options, NULL), VDC_OK);
        const vdc_view *view = vdc_search_view(search);
        unsigned depends = policy->placement.depends ? policy->placement.depends : VDC_DEPENDS_FREE;
        char before[4096];
        cr_assert_leq(policy->state_size, sizeof before);
        for (int round = 0; round < ROUNDS; round++) {
            int32_t gpu_free[VDC_GPU_DEVICES];
            int64_t numa_free[2 * VDC_NUMA_NODES];
            vdc_host_view host = random_view(&draws, view, &hosts, gpu_free, numa_free);
            vdc_request request = random_request(&draws);
            bool fits = true;
            for (int r = 0; r < VDC_RESOURCES; r++) fits = fits && host.free[r] >= request.size[r];
            if (request.gpu_count && !vdc_gpu_model_accepted(&request, host.class_view->gpu_model)) continue;
            if (!fits || (request.gpu_count && !host.gpu_free)) continue;
            if (request.gpu_count) { /* as many devices as it takes have room */
                for (int j = 0; j < request.gpu_count; j++) gpu_free[host.class_view->gpus - 1 - j] = 1000;
            }
            if (policy->placement.prepare) policy->placement.prepare(instance.state, view, &request);
            memcpy(before, instance.state, policy->state_size);
            vdc_decision first = {.host = host.id}, second = {.host = host.id};
            double score = policy->placement.score(instance.state, &host, &request, &first);
            double again = policy->placement.score(instance.state, &host, &request, &second);
            cr_assert(same_bits(score, again) && first.gpu_devices == second.gpu_devices && first.numa_nodes == second.numa_nodes,
                      "%s is not pure",
                      policy->name);
            cr_assert_not(isnan(score), "%s: NaN", policy->name);
            cr_assert_eq(memcmp(before, instance.state, policy->state_size), 0, "%s: score changes its state", policy->name);

            vdc_host_view other = host;
            if (!(depends & VDC_DEPENDS_VMS)) other.vms += 5;
            if (!(depends & VDC_DEPENDS_GRANTED)) other.granted += 77;
            if (!(depends & VDC_DEPENDS_HOST)) other.id = (other.id + 1) % view->hosts;
            vdc_request asked = request;
            if (!(depends & VDC_DEPENDS_REQUEST)) {
                asked.id += 9, asked.number += 9, asked.tenant += 1, asked.group += 1, asked.priority += 1;
                asked.lifetime = asked.predicted_lifetime = 12345;
                asked.arrival += 1;
            }
            cr_assert(same_bits(score, policy->placement.score(instance.state, &other, &asked, &second)),
                      "%s depends on more than it says",
                      policy->name);
            int r = draw_below(&draws, 2) ? VDC_CPU : VDC_MEMORY;
            other = host;
            other.free[r] += draw_below(&draws, host.class_view->capacity[r] - host.free[r] + 1);
            double more = policy->placement.score(instance.state, &other, &request, &second);
            if (policy->placement.monotone == VDC_MONOTONE_FALLS) cr_assert_leq(more, score, "%s does not fall", policy->name);
            if (policy->placement.monotone == VDC_MONOTONE_RISES) cr_assert_geq(more, score, "%s does not rise", policy->name);
        }
        vdc_search_destroy(search);
        vdc_policy_close(&instance);
        vdc_hosts_destroy(&hosts);
    }
}

/* --- hostile parameters --- */

/* The policy's usual text with one parameter added or replaced. */
static vdc_code open_with(const vdc_policy *policy, const char *name, const char *value, vdc_policy_instance *instance,
                          vdc_diag *diag) {
    const vdc_node *usual = test_tree(&arena, text_of(policy));
    vdc_node *changed = vdc_arena_alloc(&arena, sizeof *changed), *child;
    *changed = *usual;
    changed->children = vdc_arena_alloc(&arena, (usual->count + 1) * sizeof *changed->children);
    changed->count = 0;
    for (size_t i = 0; i < usual->count; i++)
        if (strcmp(usual->children[i]->key, name)) changed->children[changed->count++] = usual->children[i];
    child = vdc_arena_alloc(&arena, sizeof *child);
    *child = *test_tree(&arena, value);
    child->key = name;
    changed->children[changed->count++] = child;
    return vdc_policy_open(policy->kind, changed, "none", NULL, instance, diag);
}

/* Binds a placement policy to a small fleet and asks it twice; a refusal at init is as good. */
static void use(vdc_policy_instance *instance) {
    if (instance->policy->kind != VDC_PLACEMENT) return;
    uint64_t draws = 9;
    vdc_hosts hosts;
    random_fleet(&draws, &hosts);
    vdc_search *search;
    vdc_diag diag = {0};
    vdc_search_options options = {.hosts = &hosts, .now = &clock_now, .seed = 3, .component = "placement",
                                      .gpu_mix = &typical};
    vdc_code code = vdc_search_create(&search, instance, &options, &diag);
    cr_assert(code == VDC_OK || diag.errors > 0, "%s: init failed without a message", instance->policy->name);
    for (int i = 0; !code && i < 2; i++) {
        vdc_decision decision;
        bool found;
        vdc_request request = fleet_request(2, 2);
        vdc_code outcome = vdc_search_decide(search, &request, &decision, &found, &diag);
        cr_assert(outcome == VDC_OK || diag.errors > 0, "%s", instance->policy->name);
    }
    if (!code) vdc_search_destroy(search);
    vdc_hosts_destroy(&hosts);
    vdc_diag_clear(&diag);
}

Test(policy_contract, hostile_parameters) {
    static const char *const nonsense[] = {"nan", "inf", "-inf", "1e999", "99999999999999999999999", "-1e30", "abc", "\"\"",
                                           "12 parsecs", "{a: 1}",
                                           "[1, 2]", "[]", "{}", "null", "\"policy: x\"", "%n%s", "-0", "0x10", "1e-400", "true"};
    for (size_t i = 0; vdc_policies[i]; i++) {
        const vdc_policy *policy = vdc_policies[i];
        if (!policy_stands_alone(policy)) continue;
        for (size_t p = 0; p < policy->param_count; p++) {
            const vdc_param *param = &policy->params[p];
            char extreme[2][64];
            (void)snprintf(extreme[0], sizeof extreme[0], "%.17g", param->minimum);
            (void)snprintf(extreme[1], sizeof extreme[1], "%.17g", param->maximum);
            for (size_t v = 0; v < sizeof nonsense / sizeof nonsense[0] + 2; v++) {
                const char *value = v < 2 ? extreme[v] : nonsense[v - 2];
                vdc_policy_instance instance = {0};
                vdc_diag diag = {0};
                vdc_code code = open_with(policy, param->name, value, &instance, &diag);
                bool number = param->type == VDC_PARAM_INTEGER || param->type == VDC_PARAM_REAL;
                if (number && v >= 2 && (v < 2 + 10 || strchr("[{", value[0])))
                    cr_assert_eq(code, VDC_ERROR_INPUT, "%s: %s: %s was accepted", policy->name, param->name, value);
                if (param->type == VDC_PARAM_CHOICE)
                    cr_assert_eq(code, VDC_ERROR_INPUT, "%s: %s: %s was accepted", policy->name, param->name, value);
                cr_assert(code == VDC_OK || (diag.errors > 0 && !instance.state), "%s: %s: %s: no message", policy->name,
                          param->name, value);
                if (!code) use(&instance);
                vdc_policy_close(&instance);
                vdc_diag_clear(&diag);
            }
            for (int choice = 0; param->choices && param->choices[choice]; choice++) {
                vdc_policy_instance instance;
                cr_assert_eq(open_with(policy, param->name, param->choices[choice], &instance, NULL), VDC_OK, "%s: %s",
                             policy->name, param->choices[choice]);
                use(&instance);
                vdc_policy_close(&instance);
            }
        }
    }
}

/* --- CPU schedulers and queues --- */

/* Random hosts: nobody gets more than its ceiling or less than its guarantee, the sum is within the capacity and, for a fluid
 * policy, is the smaller of capacity and demand. The entries come from the policy's own mapping where it has one. */
Test(policy_contract, cpu_shares) {
    enum { MOST = 20, ROUNDS = 3000 };
    _Alignas(max_align_t) static char scratch[1 << 16];
    uint64_t draws = 10;
    for (size_t i = 0; vdc_policies[i]; i++) {
        const vdc_policy *policy = vdc_policies[i];
        if (policy->kind != VDC_CPU_SHARING) continue;
        vdc_policy_instance instance = open_policy(policy);
        for (int round = 0; round < ROUNDS; round++) {
            vdc_cpu_entry entries[MOST], again[MOST];
            uint32_t count = (uint32_t)draw_below(&draws, MOST + 1);
            int64_t capacity = draw_below(&draws, INT64_C(50000000000)), speed = INT64_C(1000000000), reserved = 0;
            for (uint32_t k = 0; k < count; k++) {
                vdc_request request = random_request(&draws);
                request.id = (int64_t)k;
                request.cpu_weight = draw_below(&draws, 2) ? 1 + draw_below(&draws, 100000) : VDC_UNLIMITED;
                request.cpu_limit = draw_below(&draws, 3) ? VDC_UNLIMITED : draw_below(&draws, 4 * speed);
                request.cpu_reservation = draw_below(&draws, 3) ? 0 : draw_below(&draws, capacity / MOST + 1);
                if (policy->cpu.map) policy->cpu.map(instance.state, &request, speed, &entries[k]);
                else vdc_cpu_entry_of(&request, speed, &entries[k]);
                cr_assert(entries[k].weight >= 1 && entries[k].reservation >= 0 && entries[k].limit >= VDC_UNLIMITED &&
                          entries[k].id == (int64_t)k &&
                              entries[k].nominal == request.size[VDC_CPU] * (speed / 1000), "%s: mapping", policy->name);
                entries[k].demand = draw_below(&draws, entries[k].nominal + 1);
                reserved += vdc_cpu_floor(&entries[k]);
            }
            memcpy(again, entries, sizeof again);
            cr_assert_leq(policy->cpu.scratch_size(count), sizeof scratch);
            policy->cpu.share(instance.state, capacity, entries, count, scratch);
            policy->cpu.share(instance.state, capacity, again, count, scratch);
            int64_t sum = 0, wanted = 0;
            for (uint32_t k = 0; k < count; k++) {
                const vdc_cpu_entry *entry = &entries[k];
                cr_assert_eq(entry->grant, again[k].grant, "%s is not pure", policy->name);
                cr_assert_eq(entry->ceiling, vdc_cpu_ceiling(entry), "%s: ceiling", policy->name);
                cr_assert(entry->grant >= 0 && entry->grant <= entry->ceiling, "%s: VM %u got %" PRId64 " of %" PRId64,
                          policy->name, k, entry->grant,
                          entry->ceiling);
                if (policy->cpu.fluid && reserved <= capacity)
                    cr_assert_geq(entry->grant, vdc_cpu_floor(entry), "%s: VM %u is below its guarantee", policy->name, k);
                sum += entry->grant;
                wanted += entry->ceiling;
            }
            cr_assert_leq(sum, capacity, "%s gives more than there is", policy->name);
            if (policy->cpu.fluid && (reserved <= capacity || wanted <= capacity))
                cr_assert_eq(sum, wanted < capacity ? wanted : capacity, "%s does not conserve work", policy->name);
        }
        vdc_policy_close(&instance);
    }
}

Test(policy_contract, admission_keys_are_pure) {
    uint64_t draws = 11;
    for (size_t i = 0; vdc_policies[i]; i++) {
        const vdc_policy *policy = vdc_policies[i];
        if (policy->kind != VDC_ADMISSION) continue;
        vdc_policy_instance instance = open_policy(policy);
        for (int round = 0; round < 500 && policy->admission.key; round++) {
            vdc_request request = random_request(&draws), low = request;
            int64_t key = policy->admission.key(instance.state, &request);
            cr_assert_eq(key, policy->admission.key(instance.state, &low), "%s is not pure", policy->name);
        }
        if (policy->admission.skip) cr_assert_eq(policy->admission.skip(instance.state), policy->admission.skip(instance.state));
        vdc_policy_close(&instance);
    }
}

/* --- without memory --- */

/* Opens the policy, places and removes a few VMs; what fails must say so. True when nothing failed. */
static bool try_all(const vdc_policy *policy, const vdc_node *node, vdc_hosts *hosts) {
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    vdc_search *search = NULL;
    vdc_code code = vdc_policy_open(policy->kind, node, "none", NULL, &instance, &diag);
    bool failed = code != VDC_OK;
    vdc_search_options options = {.hosts = hosts, .now = &clock_now, .seed = 3, .component = "placement", .gpu_mix = &typical};
    const vdc_policy_instance *placement = &instance;
    vdc_policy_instance usual = {0};
    if (!failed && policy->kind != VDC_PLACEMENT) {
        failed = vdc_policy_open(VDC_PLACEMENT, NULL, "first-fit", NULL, &usual, &diag) != VDC_OK;
        placement = &usual;
    }
    if (!failed) failed = vdc_search_create(&search, placement, &options, &diag) != VDC_OK;
    bool started = false;
    if (!failed && placement == &usual) {
        started = true;
        failed = policy->init && policy->init(instance.state, vdc_search_view(search));
    }
    vdc_request requests[8];
    vdc_decision decisions[8];
    int count = 0;
    for (int i = 0; !failed && i < 8; i++) {
        bool found = false;
        requests[i] = fleet_request(1 + i % 3, 1);
        requests[i].number = requests[i].id = i;
        requests[i].lifetime = 1000 + i;
        requests[i].tenant = (uint32_t)(1 + 40 * i);
        failed = vdc_search_decide(search, &requests[i], &decisions[i], &found, &diag) != VDC_OK;
        if (failed || !found) break;
        uint32_t host = (uint32_t)decisions[i].host;
        vdc_host_take(hosts, host, &requests[i], decisions[i].gpu_devices, decisions[i].numa_nodes);
        vdc_search_host_changed(search, host);
        vdc_search_placed(search, &requests[i], host);
        const vdc_view *view = vdc_search_view(search);
        const vdc_admission_hooks *admission = policy->kind == VDC_ADMISSION ? &policy->admission : NULL;
        if (admission && admission->admit) (void)admission->admit(instance.state, view, &requests[i]);
        if (admission && admission->placed) admission->placed(instance.state, view, &requests[i], &decisions[i]);
        if (admission && admission->blocked) admission->blocked(instance.state, view, &requests[i]);
        if (admission && admission->failure) failed = failed || admission->failure(instance.state);
        count++;
    }
    for (int i = 0; i < count; i++) {
        uint32_t host = (uint32_t)decisions[i].host;
        vdc_host_give(hosts, host, &requests[i], decisions[i].gpu_devices, decisions[i].numa_nodes);
        vdc_search_host_changed(search, host);
        vdc_search_released(search, &requests[i], host);
        if (policy->kind == VDC_ADMISSION && policy->admission.released)
            policy->admission.released(instance.state, vdc_search_view(search), &requests[i], host);
    }
    if (started && policy->fini) policy->fini(instance.state);
    vdc_search_destroy(search);
    vdc_policy_close(&usual);
    if (!code) vdc_policy_close(&instance);
    vdc_diag_clear(&diag);
    return !failed;
}

/* Every allocation fails in turn, alone and with all that follow: no crash, no leak (the sanitizer build sees both), no decision
 * made up. */
Test(policy_contract, without_memory) {
    for (size_t i = 0; vdc_policies[i]; i++) {
        if (!policy_stands_alone(vdc_policies[i])) continue;
        for (int all = 0; all < 2; all++) {
            uint64_t draws = 12;
            vdc_hosts hosts;
            random_fleet(&draws, &hosts);
            const vdc_node *node = test_tree(&arena, text_of(vdc_policies[i]));
            for (uint64_t n = 1;; n++) {
                cr_assert_lt(n, 2000);
                uint64_t before = vdc_memory_count();
                vdc_memory_fail_at(n, all);
                bool done = try_all(vdc_policies[i], node, &hosts);
                bool reached = vdc_memory_count() - before >= n;
                vdc_memory_fail_at(0, false);
                if (!reached) cr_assert(done, "%s fails with memory", vdc_policies[i]->name);
                if (!reached) break;
            }
            vdc_hosts_destroy(&hosts);
        }
    }
}
