/* Placement policies against plain definitions: on random fleets in random states the engine's decision is the one that the
 * formulas of policies.md name when they are written down one host at a time, ties to the lowest id.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "tests/support/draw.h"
#include "tests/support/fleet.h"
#include "tests/support/replay.h"

enum { HOSTS = 24, STEPS = 400, FLEETS = 6 };

/* One host as the definitions speak of it: C, M, c, m and the VM's r, s, in the units of the simulator. */
typedef struct plain {
    double C, M, c, m, r, s;
} plain;

typedef struct fleet_means {
    double cpu, memory;
} fleet_means;

typedef double (*definition)(plain p, fleet_means used);

static double sq(double x) { return x * x; }
static double best_cpu(plain p, fleet_means used) { (void)used; return -((p.c - p.r) / p.C); }
static double best_memory(plain p, fleet_means used) { (void)used; return -((p.m - p.s) / p.M); }
static double best_l1(plain p, fleet_means used) { (void)used; return -((p.c - p.r) / p.C + (p.m - p.s) / p.M); }
static double best_l2(plain p, fleet_means used) { (void)used; return -sqrt(sq((p.c - p.r) / p.C) + sq((p.m - p.s) / p.M)); }
static double best_linf(plain p, fleet_means used) { (void)used; return -fmax((p.c - p.r) / p.C, (p.m - p.s) / p.M); }
static double worst_cpu(plain p, fleet_means used) { return -best_cpu(p, used); }
static double worst_memory(plain p, fleet_means used) { return -best_memory(p, used); }
static double worst_l1(plain p, fleet_means used) { return -best_l1(p, used); }
static double worst_l2(plain p, fleet_means used) { return -best_l2(p, used); }
static double worst_linf(plain p, fleet_means used) { return -best_linf(p, used); }

/* vCPUs and GiB, as the vector policies count. */
static plain in_units(plain p) {
    return (plain){p.C / 1000, p.M / (double)GIB, p.c / 1000, p.m / (double)GIB, p.r / 1000, p.s / (double)GIB};
}
static plain in_shares(plain p) {
    p = in_units(p);
    return (plain){1, 1, p.c / p.C, p.m / p.M, p.r / p.C, p.s / p.M};
}
static double dot(plain p, fleet_means used) {
    (void)used;
    p = in_units(p);
    return p.c * p.r / (p.C * p.C) + p.m * p.s / (p.M * p.M);
}
static double dot_raw(plain p, fleet_means used) { (void)used; p = in_units(p); return p.c * p.r + p.m * p.s; }
static double weighted_dot(plain p, fleet_means used) {
    p = in_units(p);
    return used.cpu * (p.c * p.r / (p.C * p.C)) + used.memory * (p.m * p.s / (p.M * p.M));
}
static double l2_norm_diff(plain p, fleet_means used) {
    p = in_shares(p);
    return -(used.cpu * sq(p.c - p.r) + used.memory * sq(p.m - p.s));
}
static double cos_of(plain p, double u, double v) {
    return u == 0 && v == 0 ? 0 : (p.C * u + p.M * v) / (sqrt(sq(p.C) + sq(p.M)) * sqrt(sq(u) + sq(v)));
}
static double cosine_in(plain p) { return cos_of(p, p.C - p.c + p.r, p.M - p.m + p.s); }
static double cosine_raw(plain p, fleet_means used) { (void)used; return cosine_in(in_units(p)); }
static double cosine_shares(plain p, fleet_means used) { (void)used; return cosine_in(in_shares(p)); }
static double perp(plain p, double u, double v) {
    double radicand = 1 - sq(cos_of(p, u, v));
    return u == 0 && v == 0 ? 0 : sqrt(sq(u) + sq(v)) * sqrt(radicand < 0 ? 0 : radicand);
}
static double delta_in(plain p) { return perp(p, p.C - p.c, p.M - p.m) - perp(p, p.C - p.c + p.r, p.M - p.m + p.s); }
static double delta_raw(plain p, fleet_means used) { (void)used; return delta_in(in_units(p)); }
static double delta_shares(plain p, fleet_means used) { (void)used; return delta_in(in_shares(p)); }

static int64_t whole_percent(double part, double whole) { return (int64_t)part * 100 / (int64_t)whole; }
static double least_allocated(plain p, fleet_means used) {
    (void)used;
    return (double)((whole_percent(p.c - p.r, p.C) + whole_percent(p.m - p.s, p.M)) / 2);
}
static double most_allocated(plain p, fleet_means used) {
    (void)used;
    return (double)((whole_percent(p.C - p.c + p.r, p.C) + whole_percent(p.M - p.m + p.s, p.M)) / 2);
}
static double balanced(plain p, fleet_means used) {
    (void)used;
    double x = (p.C - p.c + p.r) / p.C, y = (p.M - p.m + p.s) / p.M;
    return floor((1 - fabs((x - y) / 2)) * 100);
}
/* The hosts' power model is square, 100 to 300 W (see random_fleet). */
static double power_rise(plain p, fleet_means used) {
    (void)used;
    return -((100 + 200 * sq((p.C - p.c + p.r) / p.C)) - (100 + 200 * sq((p.C - p.c) / p.C)));
}

static const struct {
    const char *policy;
    definition score;
} definitions[] = {
    {"{policy: best-fit}", best_cpu},
    {"{policy: best-fit, norm: memory}", best_memory},
    {"{policy: best-fit, norm: l1}", best_l1},
    {"{policy: best-fit, norm: l2}", best_l2},
    {"{policy: best-fit, norm: linf}", best_linf},
    {"{policy: best-fit, norm: sum}", best_l1},
    {"{policy: worst-fit}", worst_cpu},
    {"{policy: worst-fit, norm: memory}", worst_memory},
    {"{policy: worst-fit, norm: l1}", worst_l1},
    {"{policy: worst-fit, norm: l2}", worst_l2},
    {"{policy: worst-fit, norm: linf}", worst_linf},
    {"{policy: worst-fit, norm: sum}", worst_l1},
    {"{policy: dot-product}", dot},
    {"{policy: dot-product, normalise: none}", dot_raw},
    {"{policy: weighted-dot-product}", weighted_dot},
    {"{policy: l2-norm-diff}", l2_norm_diff},
    {"{policy: cosine}", cosine_shares},
    {"{policy: cosine, normalise: none}", cosine_raw},
    {"{policy: delta-perp}", delta_shares},
    {"{policy: delta-perp, normalise: none}", delta_raw},
    {"{policy: least-allocated}", least_allocated},
    {"{policy: most-allocated}", most_allocated},
    {"{policy: balanced-allocation}", balanced},
    {"{policy: power-aware}", power_rise},
};

static void random_fleet(uint64_t *state, vdc_hosts *hosts, int fleet) {
    static vdc_power power;
    static vdc_power_model square;
    for (size_t i = 0; vdc_power_models[i]; i++)
        if (!strcmp(vdc_power_models[i]->name, "square")) square = *vdc_power_models[i];
    power = (vdc_power){.model = &square, .idle = 100, .max = 300};
    fleet_class classes[3] = {{HOSTS / 3, 64, 256, 0, 0, 0}, {HOSTS / 3, 48, 90, 0, 0, 0}, {HOSTS / 3, 80, 1000, 0, 0, 5}};
    if (fleet % 2) classes[1] = classes[2] = classes[0]; /* equal hosts: many ties */
    fleet_open(hosts, classes, 3);
    for (int c = 0; c < 3; c++) hosts->classes[c].power = power;
    for (uint32_t h = 0; h < hosts->count; h++)
        if (draw_below(state, 12) == 0) hosts->state[h] = (uint8_t)(1 + draw_below(state, 3));
}

static vdc_request random_request(uint64_t *state) {
    vdc_request request = fleet_request(draw_below(state, 9), draw_below(state, 33));
    if (draw_below(state, 4) == 0) request.size[VDC_CPU] += 500;
    request.lifetime = 1 + draw_below(state, 60);
    return request;
}

static bool plainly_fits(const vdc_hosts *hosts, uint32_t h, const vdc_request *request) {
    uint32_t most = hosts->classes[hosts->class_of[h]].max_vms;
    return hosts->state[h] == VDC_HOST_UP && (!most || hosts->vms[h] < most) &&
        hosts->free[VDC_CPU][h] >= request->size[VDC_CPU] &&
           hosts->free[VDC_MEMORY][h] >= request->size[VDC_MEMORY];
}

static plain plain_host(const vdc_hosts *hosts, uint32_t h, const vdc_request *request) {
    const vdc_host_class *class = &hosts->classes[hosts->class_of[h]];
    return (plain){(double)class->capacity[VDC_CPU], (double)class->capacity[VDC_MEMORY], (double)hosts->free[VDC_CPU][h],
                   (double)hosts->free[VDC_MEMORY][h], (double)request->size[VDC_CPU], (double)request->size[VDC_MEMORY]};
}

static int64_t plain_scan(const vdc_hosts *hosts, const vdc_request *request, definition score) {
    fleet_means used = {0, 0};
    for (uint32_t h = 0; h < hosts->count; h++) {
        plain p = plain_host(hosts, h, request);
        used.cpu += (p.C - p.c) / p.C, used.memory += (p.M - p.m) / p.M;
    }
    used.cpu /= hosts->count, used.memory /= hosts->count;
    int64_t best = -1;
    double most = 0;
    for (uint32_t h = 0; h < hosts->count; h++) {
        if (!plainly_fits(hosts, h, request)) continue;
        double value = score(plain_host(hosts, h, request), used);
        if (best < 0 || value > most) best = h, most = value;
    }
    return best;
}

Test(placement, equals_the_plain_definition) {
    uint64_t state = 5;
    for (size_t d = 0; d < sizeof definitions / sizeof definitions[0]; d++) {
        for (int fleet = 0; fleet < FLEETS; fleet++) {
            vdc_hosts hosts;
            test_replay replay;
            static vdc_request requests[STEPS];
            random_fleet(&state, &hosts, fleet);
            replay_open(&replay, &hosts, definitions[d].policy, fleet < FLEETS / 2 ? "scan" : "auto");
            for (int step = 0; step < STEPS; step++) {
                vdc_request *request = &requests[step];
                *request = random_request(&state);
                request->arrival = step;
                replay_depart(&replay, step);
                int64_t expected = plain_scan(&hosts, request, definitions[d].score);
                int64_t host = replay_arrive(&replay, request);
                cr_assert_eq(host, expected, "%s, fleet %d, step %d: host %" PRId64 ", by definition %" PRId64,
                             definitions[d].policy, fleet, step,
                             host, expected);
            }
            replay_close(&replay);
            vdc_hosts_destroy(&hosts);
        }
    }
}

/* The policies with a memory, followed by hand: which host each takes next. */
static int64_t plain_from(const vdc_hosts *hosts, const vdc_request *request, uint32_t from) {
    for (uint32_t i = 0; i < hosts->count; i++)
        if (plainly_fits(hosts, (from + i) % hosts->count, request)) return (from + i) % hosts->count;
    return -1;
}

Test(placement, sequential_policies) {
    static const char *const policies[] = {"{policy: first-fit}", "{policy: next-fit}", "{policy: round-robin}",
                                           "{policy: move-to-front}"};
    uint64_t state = 6;
    for (int which = 0; which < 4; which++) {
        for (int fleet = 0; fleet < FLEETS; fleet++) {
            vdc_hosts hosts;
            test_replay replay;
            static vdc_request requests[STEPS];
            random_fleet(&state, &hosts, fleet);
            replay_open(&replay, &hosts, policies[which], "auto");
            uint32_t next = 0, used[HOSTS];
            for (uint32_t h = 0; h < HOSTS; h++) used[h] = h;
            for (int step = 0; step < STEPS; step++) {
                requests[step] = random_request(&state);
                requests[step].arrival = step;
                replay_depart(&replay, step);
                int64_t expected = which < 3 ? plain_from(&hosts, &requests[step], which ? next : 0) : -1;
                for (uint32_t i = 0; which == 3 && i < HOSTS && expected < 0; i++)
                    if (plainly_fits(&hosts, used[i], &requests[step])) expected = used[i];
                int64_t host = replay_arrive(&replay, &requests[step]);
                cr_assert_eq(host, expected, "%s, fleet %d, step %d", policies[which], fleet, step);
                if (host < 0) continue;
                next = ((uint32_t)host + (which == 2)) % HOSTS;
                uint32_t at = 0;
                while (used[at] != host) at++;
                memmove(used + 1, used, at * sizeof *used);
                used[0] = (uint32_t)host;
            }
            replay_close(&replay);
            vdc_hosts_destroy(&hosts);
        }
    }
}

/* First fit by ranks: a lower rank wins over a lower id. */
Test(placement, first_fit_by_rank) {
    vdc_hosts hosts;
    test_replay replay;
    fleet_open(&hosts, &(fleet_class){.count = 4, .cores = 4, .gib = 4}, 1);
    hosts.rank = vdc_calloc(4, sizeof *hosts.rank);
    memcpy(hosts.rank, (uint32_t[]){2, 3, 0, 1}, 4 * sizeof *hosts.rank);
    replay_open(&replay, &hosts, "{policy: first-fit}", "auto");
    vdc_request request = fleet_request(4, 4);
    const int64_t expected[] = {2, 3, 0, 1, -1};
    for (int i = 0; i < 5; i++) cr_expect_eq(replay_arrive(&replay, &request), expected[i]);
    replay_close(&replay);
    vdc_hosts_destroy(&hosts);
}

/* Among equally good hosts the lowest rank wins, whatever the policy. */
Test(placement, ties_go_by_rank) {
    static const char *const policies[] = {
        "{policy: worst-fit}", "{policy: best-fit}", "{policy: rules, rules: [cpu]}", "{policy: filter-weigh, weighers: [memory]}", "{policy: nilas}",
        "{policy: lava}", "{policy: power-of-d, d: 1000}", "{policy: pssf}", "{policy: pssf, otherwise: most}", "{policy: pssf, otherwise: first}",
    };
    static const int64_t expected[] = {3, 2, 0, 1};
    for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
        vdc_hosts hosts;
        test_replay replay;
        fleet_open(&hosts, &(fleet_class){.count = 4, .cores = 4, .gib = 4}, 1);
        hosts.rank = vdc_calloc(4, sizeof *hosts.rank);
        memcpy(hosts.rank, (uint32_t[]){2, 3, 1, 0}, 4 * sizeof *hosts.rank);
        replay_open(&replay, &hosts, policies[p], "auto");
        vdc_request large[4], small = fleet_request(1, 1);
        for (int i = 0; i < 4; i++) {
            large[i] = fleet_request(3, 3);
            large[i].number = i;
            cr_expect_eq(replay_arrive(&replay, &large[i]), expected[i], "%s, VM %d", policies[p], i);
        }
        small.number = 4;
        cr_expect_eq(replay_arrive(&replay, &small), 3, "%s", policies[p]); /* pssf: the tenant had VMs on all of them */
        replay_close(&replay);
        vdc_hosts_destroy(&hosts);
    }
}

/* Random fit: each of 5 feasible hosts of 8, 4000 draws. Chi-square with 4 degrees of freedom stays below 18.5 (99.9 %). */
Test(placement, random_fit_is_uniform_over_feasible_hosts) {
    vdc_hosts hosts;
    test_replay replay;
    fleet_open(&hosts, &(fleet_class){.count = 8, .cores = 4, .gib = 4}, 1);
    hosts.state[0] = hosts.state[3] = hosts.state[7] = VDC_HOST_DOWN;
    replay_open(&replay, &hosts, "{policy: random-fit}", "auto");
    vdc_request requests[4000];
    int counts[8] = {0};
    for (int i = 0; i < 4000; i++) {
        requests[i] = fleet_request(1, 1);
        requests[i].arrival = 2 * i, requests[i].lifetime = 1;
        counts[replay_arrive(&replay, &requests[i])]++;
    }
    double chi = 0;
    for (int h = 0; h < 8; h++) {
        bool down = hosts.state[h] != VDC_HOST_UP;
        if (down) cr_expect_eq(counts[h], 0);
        else chi += sq(counts[h] - 800) / 800;
    }
    cr_expect_lt(chi, 18.5, "chi-square %g", chi);
    replay_close(&replay);
    vdc_hosts_destroy(&hosts);
}

/* Of d draws among n equally likely hosts with a strict order, the k-th emptiest wins with probability
 * ((n-k+1)^d - (n-k)^d) / n^d. */
Test(placement, power_of_d_takes_the_emptiest_of_its_draws) {
    vdc_hosts hosts;
    test_replay replay;
    fleet_open(&hosts, &(fleet_class){.count = 4, .cores = 16, .gib = 16}, 1);
    for (int h = 0; h < 4; h++) hosts.free[VDC_CPU][h] = 16000 - 1000 * h; /* host 0 is the emptiest */
    replay_open(&replay, &hosts, "{policy: power-of-d, d: 3}", "auto");
    static vdc_request requests[6400];
    int counts[4] = {0};
    for (int i = 0; i < 6400; i++) {
        requests[i] = fleet_request(1, 1);
        requests[i].arrival = 2 * i, requests[i].lifetime = 1;
        counts[replay_arrive(&replay, &requests[i])]++;
    }
    const double expected[] = {3700, 1900, 700, 100}; /* (64 - 27, 27 - 8, 8 - 1, 1) / 64 of 6400 */
    double chi = 0;
    for (int h = 0; h < 4; h++) chi += sq(counts[h] - expected[h]) / expected[h];
    cr_expect_lt(chi, 16.3, "chi-square %g", chi); /* 3 degrees of freedom, 99.9 % */
    replay_close(&replay);
    vdc_hosts_destroy(&hosts);
}
