/* The index against the scan: every registered placement policy decides alike by both, on random fleets and random sequences of
 * arrivals, departures, failures, recoveries and cordons; with hard rules, ranks, several classes, GPUs, NUMA nodes and
 * overcommit, with few shapes and with many.
 *
 * A policy gets 10^4 steps, spread over the fleets and its parameters' choices; VDCSIM_SEARCH_STEPS=1000000 asks for more.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedulers/search.h"
#include "tests/support/draw.h"
#include "tests/support/fleet.h"
#include "tests/support/tree.h"

/* For policies that need to know what is typical. */
static const vdc_gpu_shape typical_shapes[] = {{.cpu = 4000, .gpu_milli = 500, .gpu_count = 1, .probability = 0.5},
                                               {.cpu = 8000, .gpu_milli = 1000, .gpu_count = 2, .probability = 0.5}};
static const vdc_gpu_mix typical = {typical_shapes, 2};

enum { ALIVE_MOST = 2048, SHAPES_MOST = 400, RACK = 7, HOSTS_MOST = 8192 };

typedef struct fleet_kind {
    const char *name;
    fleet_class classes[3];
    uint16_t class_count;
    bool ranks, rules;
    int64_t overcommit_percent;    /* of CPU */
    int shapes;
    int64_t odd_bytes;             /* sizes are off whole GiB by up to this, so that states do not repeat */
} fleet_kind;

static const fleet_kind kinds[] = {
    {"one class", {{.count = 70, .cores = 32, .gib = 128}}, 1, false, false, 100, 12, 0},
    {"one class, ranks and rules", {{.count = 67, .cores = 16, .gib = 64}}, 1, true, true, 100, 20, 0},
    {"two classes, overcommitted",
     {{.count = 50, .cores = 32, .gib = 128}, {.count = 30, .cores = 48, .gib = 96}},
     2,
     false,
     false,
     250,
     24,
     0},
    {"GPUs, a limit of VMs, ranks",
     {{.count = 25, .cores = 32, .gib = 128, .gpus = 4, .max_vms = 5},
      {.count = 20, .cores = 64, .gib = 256, .gpus = 8},
      {.count = 20, .cores = 16, .gib = 64}},
     3,
     true,
     false,
     100,
     30,
     0},
    {"GPUs and rules", {{.count = 40, .cores = 32, .gib = 128, .gpus = 3}}, 1, false, true, 100, 16, 0},
    {"NUMA",
     {{.count = 40, .cores = 40, .gib = 180, .numa = 2}, {.count = 20, .cores = 64, .gib = 256, .numa = 4}},
     2,
     false,
     false,
     100,
     16,
     0},
    {"odd sizes", {{.count = 60, .cores = 32, .gib = 128}}, 1, true, false, 100, 24, GIB / 2},
    {"many shapes", {{.count = 60, .cores = 64, .gib = 256}}, 1, false, false, 100, SHAPES_MOST, GIB / 2},
    {"many hosts and shapes", {{.count = 1200, .cores = 16, .gib = 64}}, 1, false, true, 100, 200, GIB / 2},
    {"very many hosts", {{.count = 5000, .cores = 8, .gib = 32}}, 1, false, false, 100, 8, 0},
};

/* What is known of each tenant in bits, from the time on that hosts were asked about in vain: hosts (of all but every third tenant), racks. */
typedef struct known_bits {
    bool known[12];
    uint64_t hosts[12][HOSTS_MOST / 64], racks[12][HOSTS_MOST / 64];
    uint64_t all[HOSTS_MOST / 64], but[12][HOSTS_MOST / 64]; /* the hosts of every other tenant as all but those that it may go to */
    uint8_t *closed_hosts;      /* those of the fleet */
    uint32_t host_count, refused[12], closed[12], rack_of[HOSTS_MOST], rack_end[HOSTS_MOST];
} known_bits;

/* One policy on one set of hosts, asked by both strategies; each has a state of its own and the same random stream. */
typedef struct pair {
    vdc_hosts hosts;
    int64_t now;
    vdc_search *search[2];
    vdc_policy_instance instance[2];
    vdc_arena arena;
    vdc_request shape[SHAPES_MOST];
    struct { vdc_request request; vdc_decision decision; } alive[ALIVE_MOST];
    size_t alive_count;
    uint64_t draws;
    const char *text;
    const fleet_kind *kind;
    known_bits *bits;              /* the index knows in bits what rules refuse; NULL: it asks */
} pair;

/* Pure in the host and the request, and forbids about a quarter: or, for some tenants, nearly all. */
static bool allows(const void *rules, uint32_t host, const vdc_request *request) {
    (void)rules;
    uint64_t state = (uint64_t)host << 32 | request->tenant;
    uint64_t draw = draw_bits(&state) % 100;
    return request->tenant % 8 == 7 ? draw < 3 : draw >= 25;
}

/* Racks of seven hosts for tenants 9 to 11, closed as a whole or not, on top of what single hosts refuse. */
static bool rack_closed(uint32_t rack, uint32_t tenant) {
    uint64_t state = (uint64_t)rack << 32 | (tenant + 1000);
    return draw_bits(&state) % 100 < (tenant == 9 ? 95 : tenant == 10 ? 50 : 10);
}

static bool allows_with_racks(const void *rules, uint32_t host, const vdc_request *request) {
    return !((const known_bits *)rules)->closed_hosts[host]
           && (request->tenant < 9 || !rack_closed(host / RACK, request->tenant)) && allows(rules, host, request);
}

static void know(known_bits *k, uint32_t host_count) {
    memset(k, 0, sizeof *k);
    k->host_count = host_count;
    for (uint32_t h = 0; h < host_count; h++) k->rack_of[h] = h / RACK, k->rack_end[h / RACK] = h + 1;
    memset(k->all, 0xFF, sizeof k->all);
    for (uint32_t tenant = 1; tenant < 12; tenant++) {
        vdc_request request = {.tenant = tenant};
        for (uint32_t h = 0; h < host_count; h++) {
            if (!allows(NULL, h, &request)) k->hosts[tenant][h / 64] |= UINT64_C(1) << (h % 64), k->refused[tenant]++;
            if (h % RACK == 0 && tenant >= 9 && rack_closed(h / RACK, tenant))
                k->racks[tenant][h / RACK / 64] |= UINT64_C(1) << (h / RACK % 64), k->closed[tenant]++;
        }
        for (uint32_t i = 0; i < HOSTS_MOST / 64; i++) k->but[tenant][i] = ~k->hosts[tenant][i];
    }
}

static void refusals(const void *rules, const vdc_request *request, uint32_t in_vain, vdc_refusals *out) {
    known_bits *k = (known_bits *)rules;
    const uint32_t tenant = request->tenant, racks = (k->host_count + RACK - 1) / RACK;
    out->count = 0;
    if (in_vain) k->known[tenant] = true;
    if (!k->known[tenant]) return;
    if (tenant % 3)
        out->sets[out->count++] = (vdc_refused_units){.bits = tenant % 2 ? k->all : k->hosts[tenant],
                                                      .but = tenant % 2 ? k->but[tenant] : NULL,
                                                      .refused = k->refused[tenant], .units = k->host_count};
    if (tenant >= 9)
        out->sets[out->count++] = (vdc_refused_units){.bits = k->racks[tenant], .unit_of = k->rack_of, .unit_end = tenant == 10 ? NULL : k->rack_end,
                                                      .refused = k->closed[tenant], .units = racks};
}

static uint32_t beyond(const void *rules, uint32_t host, const vdc_request *request) {
    const known_bits *k = rules;
    return request->tenant >= 9 && rack_closed(host / RACK, request->tenant) ? k->rack_end[host / RACK] : host + 1;
}

static bool concerns(const void *rules, const vdc_request *request) {
    return rules || request->tenant > 0; /* closed hosts concern everybody */
}

static void draw_shapes(pair *p) {
    const vdc_host_class *class = &p->hosts.classes[0];
    for (int i = 0; i < p->kind->shapes; i++) {
        int64_t cores = INT64_C(1) << draw_below(&p->draws, 5), gib = cores * (INT64_C(1) << draw_below(&p->draws, 4));
        if (p->kind->shapes > 100) cores = 1 + draw_below(&p->draws, 24), gib = 1 + draw_below(&p->draws, 90);
        vdc_request *shape = &p->shape[i];
        *shape = fleet_request(cores, gib);
        if (p->kind->odd_bytes) shape->size[VDC_MEMORY] -= draw_below(&p->draws, p->kind->odd_bytes);
        if (p->hosts.gpu_free && draw_below(&p->draws, 3)) {
            bool whole = draw_below(&p->draws, 3) == 0;
            shape->gpu_count = (uint16_t)(whole ? 1 + draw_below(&p->draws, 3) : 1);
            shape->gpu_milli = (uint16_t)(whole ? 1000 : 100 * (1 + draw_below(&p->draws, 9)));
            shape->size[VDC_GPU] = shape->gpu_count * shape->gpu_milli;
            shape->gpu_models = (uint64_t)draw_below(&p->draws, 2);
        }
        if (p->hosts.numa_free) shape->numa_nodes = (uint8_t)draw_below(&p->draws, class->sockets + 1);
    }
}

static vdc_search_options options_of(const pair *p, int index) {
    return (vdc_search_options){.hosts = &p->hosts,
                                .now = &p->now,
                                .seed = 5,
                                .strategy = index ? "index" : "scan",
                                .component = "test",
                                .allows = p->bits ? allows_with_racks : p->kind->rules ? allows : NULL,
                                .concerns = concerns,
                                .refusals = p->bits ? refusals : NULL,
                                .beyond = p->bits ? beyond : NULL,
                                .rules = p->bits,
                                .gpu_mix = &typical};
}

/* `made` is a policy of this test's own, NULL: what `text` asks for. */
static void open_pair(pair *p, const char *text, const vdc_policy *made, const fleet_kind *kind, uint64_t seed) {
    known_bits *bits = p->bits;
    memset(p, 0, sizeof *p);
    p->bits = bits;
    p->draws = seed;
    p->text = made ? made->name : text;
    p->kind = kind;
    fleet_open(&p->hosts, kind->classes, kind->class_count);
    for (uint16_t c = 0; c < p->hosts.class_count; c++) {
        vdc_host_class *class = &p->hosts.classes[c];
        class->capacity[VDC_CPU] = class->physical[VDC_CPU] * kind->overcommit_percent / 100;
        for (size_t m = 0; vdc_power_models[m]; m++) {
            if (strcmp(vdc_power_models[m]->name, c ? "square" : "linear")) continue;
            class->power = (vdc_power){.model = vdc_power_models[m], .idle = 100 + c, .max = 250};
        }
    }
    for (uint32_t h = 0; h < p->hosts.count; h++)
        p->hosts.free[VDC_CPU][h] = p->hosts.classes[p->hosts.class_of[h]].capacity[VDC_CPU];
    if (kind->ranks) {
        p->hosts.rank = vdc_calloc(p->hosts.count, sizeof *p->hosts.rank);
        for (uint32_t h = 0; h < p->hosts.count; h++) p->hosts.rank[h] = (uint32_t)draw_below(&p->draws, 50); /* some are equal */
    }
    draw_shapes(p);
    if (p->bits) {
        know(p->bits, p->hosts.count);
        p->hosts.closed = p->bits->closed_hosts = vdc_calloc(p->hosts.count, 1);
    }
    for (int i = 0; i < 2; i++) {
        vdc_diag diag = {0};
        vdc_search_options options = options_of(p, i);
        vdc_code code = VDC_OK;
        if (made) p->instance[i] = (vdc_policy_instance){.policy = made, .state = vdc_calloc(1, made->state_size + 1)};
        else code = vdc_policy_open(VDC_PLACEMENT, test_tree(&p->arena, text), NULL, NULL, &p->instance[i], &diag);
        if (!code) code = vdc_search_create(&p->search[i], &p->instance[i], &options, &diag);
        cr_assert_eq(code, VDC_OK, "%s: %s", p->text, diag.count ? diag.messages[0].text : "?");
    }
}

static void close_pair(pair *p) {
    for (int i = 0; i < 2; i++) {
        vdc_search_destroy(p->search[i]);
        vdc_policy_close(&p->instance[i]);
    }
    vdc_hosts_destroy(&p->hosts);
    vdc_arena_free(&p->arena);
}

static void tell_changed(pair *p, uint32_t host) {
    for (int i = 0; i < 2; i++) vdc_search_host_changed(p->search[i], host);
}

static void depart(pair *p, size_t index) {
    uint32_t host = (uint32_t)p->alive[index].decision.host;
    vdc_request request = p->alive[index].request;
    vdc_host_give(&p->hosts, host, &request, p->alive[index].decision.gpu_devices, p->alive[index].decision.numa_nodes);
    p->hosts.account[host].granted -= request.size[VDC_CPU] * 1000000;
    tell_changed(p, host);
    for (int i = 0; i < 2; i++) vdc_search_released(p->search[i], &request, host);
    p->alive[index] = p->alive[--p->alive_count];
}

static void arrive(pair *p, int64_t number) {
    vdc_request request = p->shape[draw_below(&p->draws, p->kind->shapes)];
    request.id = request.number = number;
    request.arrival = p->now;
    request.tenant = p->kind->rules ? (uint32_t)draw_below(&p->draws, 12) : 0;
    request.priority = (int32_t)draw_below(&p->draws, 3);
    request.lifetime = request.predicted_lifetime =
        draw_below(&p->draws, 2) ? 1 + draw_below(&p->draws, INT64_C(1000000000000)) : VDC_UNLIMITED;
    vdc_decision decision[2];
    bool found[2];
    for (int i = 0; i < 2; i++) {
        vdc_diag diag = {0};
        vdc_code code = vdc_search_decide(p->search[i], &request, &decision[i], &found[i], &diag);
        cr_assert_eq(code, VDC_OK, "%s on %s: %s", p->text, p->kind->name, diag.count ? diag.messages[0].text : "?");
    }
    cr_assert_eq(found[0], found[1], "%s on %s, step %" PRId64 ": scan %s a host, index (%s) %s", p->text, p->kind->name, number,
                 found[0] ? "finds" : "does not find", vdc_search_strategy(p->search[1]), found[1] ? "does" : "does not");
    if (!found[0]) return;
    cr_assert(decision[0].host == decision[1].host && decision[0].gpu_devices == decision[1].gpu_devices &&
                  decision[0].numa_nodes == decision[1].numa_nodes,
              "%s on %s, step %" PRId64 ": scan names host %" PRId64 " (devices %" PRIx64 "), index (%s) host %" PRId64
              " (devices %" PRIx64 ")",
              p->text, p->kind->name, number, decision[0].host, decision[0].gpu_devices, vdc_search_strategy(p->search[1]),
              decision[1].host, decision[1].gpu_devices);
    uint32_t host = (uint32_t)decision[0].host;
    vdc_host_take(&p->hosts, host, &request, decision[0].gpu_devices, decision[0].numa_nodes);
    p->hosts.account[host].granted += request.size[VDC_CPU] * 1000000;
    tell_changed(p, host);
    for (int i = 0; i < 2; i++) vdc_search_placed(p->search[i], &request, host);
    p->alive[p->alive_count].request = request;
    p->alive[p->alive_count++].decision = decision[0];
}

/* What choose policies ask of the view. */
static void compare_views(pair *p) {
    const vdc_view *scan = vdc_search_view(p->search[0]), *index = vdc_search_view(p->search[1]);
    vdc_request request = p->shape[draw_below(&p->draws, p->kind->shapes)];
    request.tenant = p->kind->rules ? (uint32_t)draw_below(&p->draws, 12) : 0;
    uint32_t from = (uint32_t)draw_below(&p->draws, p->hosts.count + 2);
    cr_assert_eq(scan->next_feasible(scan, &request, from), index->next_feasible(index, &request, from));
    uint32_t count = scan->count_feasible(scan, &request);
    cr_assert_eq(count, index->count_feasible(index, &request));
    uint32_t k = (uint32_t)draw_below(&p->draws, count + 1);
    cr_assert_eq(scan->select_feasible(scan, &request, k), index->select_feasible(index, &request, k));
}

/* `steps` events; the fleet fills up to a load that comes and goes, so that it is sometimes full and sometimes empty. */
static void run_pair(pair *p, int64_t steps) {
    size_t most = ALIVE_MOST;
    for (int64_t step = 0; step < steps; step++) {
        p->now += draw_below(&p->draws, 1000000000);
        int64_t what = draw_below(&p->draws, 1000);
        uint32_t host = (uint32_t)draw_below(&p->draws, p->hosts.count);
        if (step % 500 == 0)
            most = 1 + (size_t)draw_below(&p->draws, draw_below(&p->draws, 2) ? ALIVE_MOST : 12 * p->hosts.count);
        if (most > ALIVE_MOST) most = ALIVE_MOST;
        if (what < 15) {
            static const uint8_t states[] = {VDC_HOST_UP, VDC_HOST_UP, VDC_HOST_CORDONED, VDC_HOST_DOWN, VDC_HOST_OFF};
            p->hosts.state[host] = states[draw_below(&p->draws, 5)];
            tell_changed(p, host);
        } else if (what < 25 && p->bits && draw_below(&p->draws, 2)) {
            p->hosts.closed[host] = !p->hosts.closed[host]; /* as a rule does that refuses everybody */
            tell_changed(p, host);
        } else if (what < 25) {
            compare_views(p);
        } else if (what < 40 && vdc_search_follows_grants(p->search[1])) {
            p->hosts.account[host].granted += draw_below(&p->draws, 3) * 1000000;
            tell_changed(p, host);
        } else if (p->alive_count && (p->alive_count >= most || what < 480)) {
            depart(p, (size_t)draw_below(&p->draws, (int64_t)p->alive_count));
        } else {
            arrive(p, step);
        }
    }
}

/* The policy as it stands and once with each value of each parameter that is a choice. */
static size_t list_variants(vdc_arena *arena, const vdc_policy *policy, const char **texts, size_t most) {
    char text[256];
    size_t count = 0;
    snprintf(text, sizeof text, "{policy: %s}", policy->name);
    texts[count++] = vdc_arena_strdup(arena, text);
    for (size_t i = 0; i < policy->param_count; i++) {
        const char *const *choice = policy->params[i].choices;
        for (; choice && *choice && count < most; choice++) {
            snprintf(text, sizeof text, "{policy: %s, %s: %s}", policy->name, policy->params[i].name, *choice);
            texts[count++] = vdc_arena_strdup(arena, text);
        }
    }
    return count;
}

static int64_t wanted_steps(void) {
    const char *text = getenv("VDCSIM_SEARCH_STEPS");
    return text ? strtoll(text, NULL, 10) : 10000;
}

Test(search_index, decides_as_the_scan, .timeout = 0) {
    pair *p = calloc(1, sizeof *p);
    size_t kind_count = sizeof kinds / sizeof *kinds;
    for (size_t i = 0; vdc_policies[i]; i++) {
        const vdc_policy *policy = vdc_policies[i];
        if (policy->kind != VDC_PLACEMENT || !policy_stands_alone(policy)) continue;
        vdc_arena arena = {0};
        const char *texts[32];
        size_t variants = list_variants(&arena, policy, texts, 32), runs = kind_count > variants ? kind_count : variants;
        for (size_t run = 0; run < runs; run++) {
            const fleet_kind *kind = &kinds[run % kind_count];
            int64_t steps = wanted_steps() / (int64_t)runs;
            open_pair(p, texts[run % variants], NULL, kind, 1000 * i + run);
            run_pair(p, p->hosts.count > 1000 ? steps / 20 : steps); /* the scan takes its time there */
            close_pair(p);
        }
        vdc_arena_free(&arena);
    }
    free(p);
}

/* Scores that no registered policy has: what each may depend on, many ties, NaN, infinities, both signs of zero. */
static double score_vms(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state, (void)request, (void)devices;
    return host->vms % 3;
}
static double score_granted(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state, (void)request, (void)devices;
    return -(double)(host->granted / 4000000);
}
static double score_request(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state, (void)devices;
    return (double)(host->free[VDC_CPU] / 1000 % (2 + request->priority));
}
static double score_wild(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    static const double scores[] = {0.0, -0.0, NAN, -INFINITY, INFINITY, 1e308, 1};
    (void)state, (void)request, (void)devices;
    return scores[(uint64_t)host->free[VDC_CPU] / 1000 % 7];
}
static double score_devices(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state;
    int32_t most = 0; /* the emptiest device */
    for (unsigned d = 0; host->gpu_free && d < host->class_view->gpus; d++) {
        if (request->gpu_count != 1 || host->gpu_free[d] <= most) continue;
        most = host->gpu_free[d];
        devices->gpu_devices = UINT64_C(1) << d;
    }
    return most + (host->numa_free ? (double)host->numa_free[0] : 0);
}
typedef struct hour { int64_t now; } hour;
static void look_at_the_clock(void *state, const vdc_view *view, const vdc_request *request) {
    (void)request;
    ((hour *)state)->now = view->now;
}
static double score_time(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)request, (void)devices;
    return (double)(((const hour *)state)->now / 1000 % 5 * host->free[VDC_CPU] % 7000);
}
static double score_host(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state, (void)request, (void)devices;
    return (host->id * 7) % 5;
}
static double score_falls(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    (void)state, (void)request, (void)devices;
    return -(double)(host->free[VDC_CPU] / 3000 + host->free[VDC_MEMORY] / (5 * GIB) + host->free[VDC_GPU] / 700);
}
static double score_rises(const void *state, const vdc_host_view *host, const vdc_request *request, vdc_decision *devices) {
    return -score_falls(state, host, request, devices);
}
#define MADE(key, hook, on, ...)                                                                                                 \
    {                                                                                                                            \
        .abi = VDC_POLICY_ABI, .kind = VDC_PLACEMENT, .name = key, .state_size = sizeof(hour), .placement = {                    \
            .score = hook,                                                                                                       \
            .depends = on,                                                                                                       \
            __VA_ARGS__                                                                                                          \
        }                                                                                                                        \
    }
static const vdc_policy made_policies[] = {
    MADE("vms", score_vms, VDC_DEPENDS_VMS, .prepare = NULL),
    MADE("granted", score_granted, VDC_DEPENDS_GRANTED, .prepare = NULL),
    MADE("request", score_request, VDC_DEPENDS_FREE | VDC_DEPENDS_REQUEST, .prepare = NULL),
    MADE("wild", score_wild, 0, .prepare = NULL),
    MADE("devices", score_devices, VDC_DEPENDS_DEVICES, .prepare = NULL),
    MADE("time", score_time, VDC_DEPENDS_FREE | VDC_DEPENDS_TIME, .prepare = look_at_the_clock),
    MADE("host", score_host, VDC_DEPENDS_HOST, .prepare = NULL),
    MADE("falls", score_falls, VDC_DEPENDS_FREE, .monotone = VDC_MONOTONE_FALLS),
    MADE("rises", score_rises, VDC_DEPENDS_FREE, .monotone = VDC_MONOTONE_RISES),
};

Test(search_index, decides_as_the_scan_by_scores_of_every_kind, .timeout = 0) {
    pair *p = calloc(1, sizeof *p);
    size_t kind_count = sizeof kinds / sizeof *kinds;
    for (size_t i = 0; i < sizeof made_policies / sizeof *made_policies; i++) {
        for (size_t k = 0; k < kind_count; k++) {
            int64_t steps = wanted_steps() / (int64_t)kind_count;
            open_pair(p, NULL, &made_policies[i], &kinds[k], 77 * i + k);
            run_pair(p, p->hosts.count > 1000 ? steps / 20 : steps);
            close_pair(p);
        }
    }
    free(p);
}

/* What an index does only after a while: give up states that do not come back, try hosts in order where nearly all are equal,
 * change the shapes it remembers, do without them. */
Test(search_index, decides_as_the_scan_in_the_long_run, .timeout = 0) {
    static const char *const texts[] = {"{policy: best-fit}", "{policy: cosine}", "{policy: power-aware}",
                                        "{policy: worst-fit, norm: l2}"};
    static const fleet_kind long_kinds[] = {
        {"odd sizes, long", {{.count = 150, .cores = 32, .gib = 128}}, 1, false, false, 100, 24, GIB / 2},
        {"many shapes, long", {{.count = 40, .cores = 64, .gib = 256}}, 1, false, false, 100, 300, 0},
    };
    pair *p = calloc(1, sizeof *p);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t k = 0; k < sizeof long_kinds / sizeof *long_kinds; k++) {
            open_pair(p, texts[i], NULL, &long_kinds[k], i);
            run_pair(p, 70000);
            close_pair(p);
        }
    }
    free(p);
}

/* Rules that are known in bits: searches go round what is refused, and give up asking for a sweep over the rest. */
Test(search_index, decides_as_the_scan_by_what_is_known_of_rules, .timeout = 0) {
    static const char *const texts[] = {"{policy: best-fit}", "{policy: worst-fit}", "{policy: cosine}", "{policy: first-fit}", "{policy: power-aware}"};
    static const fleet_kind known_kinds[] = {
        {"rules in bits", {{.count = 300, .cores = 16, .gib = 64}}, 1, false, true, 100, 8, 0},
        {"rules in bits, two classes", {{.count = 500, .cores = 16, .gib = 64}, {.count = 301, .cores = 32, .gib = 96}}, 2, false, true, 200, 6, 0},
        {"rules in bits, ranks", {{.count = 300, .cores = 16, .gib = 64}}, 1, true, true, 100, 8, 0},
        {"rules in bits, odd sizes", {{.count = 700, .cores = 32, .gib = 128}}, 1, false, true, 100, 24, GIB / 2},
        {"rules in bits, many hosts", {{.count = 5000, .cores = 8, .gib = 32}}, 1, false, true, 100, 6, 0},
    };
    pair *p = calloc(1, sizeof *p);
    known_bits *bits = malloc(sizeof *bits);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t k = 0; k < sizeof known_kinds / sizeof *known_kinds; k++) {
            p->bits = bits;
            open_pair(p, texts[i], NULL, &known_kinds[k], 31 * i + k);
            run_pair(p, p->hosts.count > 1000 ? wanted_steps() / 4 : wanted_steps());
            close_pair(p);
        }
    }
    free(bits);
    free(p);
}

/* The same where scores are not remembered (more shapes than slots, weights of the whole fleet, time): nothing is there to sweep, and every state is
 * asked to its end. */
Test(search_index, decides_as_the_scan_by_rules_where_no_score_is_remembered, .timeout = 0) {
    static const char *const texts[] = {"{policy: best-fit}", "{policy: l2-norm-diff}", "{policy: nilas}"};
    static const fleet_kind known_kinds[] = {
        {"rules in bits, few shapes", {{.count = 300, .cores = 16, .gib = 64}}, 1, false, true, 100, 8, 0},
        {"rules in bits, many shapes", {{.count = 700, .cores = 24, .gib = 90}}, 1, false, true, 100, 200, 0},
    };
    pair *p = calloc(1, sizeof *p);
    known_bits *bits = malloc(sizeof *bits);
    for (size_t i = 0; i < 2 * sizeof texts / sizeof *texts; i++) {
        p->bits = bits;
        open_pair(p, texts[i / 2], NULL, &known_kinds[i % 2], 47 * i);
        run_pair(p, wanted_steps() / 8);
        close_pair(p);
    }
    free(bits);
    free(p);
}

/* Memory that runs out at any moment costs time, or is an error at the start; never a decision. */
Test(search_index, running_out_of_memory_changes_no_decision, .timeout = 0) {
    static const char *const texts[] = {"{policy: best-fit}", "{policy: cosine}", "{policy: random-fit}"};
    static const fleet_kind scarce = {"no memory", {{.count = 80, .cores = 32, .gib = 128}}, 1, true, true, 100, 90, GIB / 2};
    pair *p = calloc(1, sizeof *p);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (uint64_t fail_at = 1, refused = 0; fail_at < 120; fail_at++) {
            open_pair(p, texts[i], NULL, &scarce, fail_at);
            vdc_search_destroy(p->search[1]);
            vdc_search_options options = options_of(p, 1);
            vdc_diag diag = {0};
            vdc_memory_fail_at(fail_at, fail_at % 2);
            vdc_code code = vdc_search_create(&p->search[1], &p->instance[1], &options, &diag);
            refused += code != VDC_OK;
            if (code) cr_assert(code == VDC_ERROR_MEMORY && !p->search[1], "%s: code %d", texts[i], (int)code);
            else run_pair(p, 600);
            vdc_memory_fail_at(0, false);
            if (fail_at == 1) cr_assert_eq(refused, 1, "the first allocation did not fail");
            vdc_diag_clear(&diag);
            close_pair(p);
        }
    }
    free(p);
}
