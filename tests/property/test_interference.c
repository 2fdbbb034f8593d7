/* Interference: properties on random neighbourhoods, an independent plain solution of the cache model, and whole runs by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/interference.h"
#include "sim/base/random.h"
#include "tests/support/runs.h"

enum { MOST = 8 };

/* One host with VMs, enough of a datacenter for the model. */
typedef struct host {
    vdc_host_class class;
    uint16_t class_of;
    vdc_datacenter datacenter;
    vdc_vm_record records[MOST];
    vdc_interference_profile profiles[MOST + 1];
    vdc_interference_profiles table;
    vdc_interference model;
    vdc_isolation isolation;
    vdc_vm_isolation wishes[MOST];
    vdc_cpu_entry entries[MOST];
    uint32_t slots[MOST];
} host;

static double uniform(vdc_stream *stream, double low, double high) {
    return low + (high - low) * (double)vdc_stream_below(stream, 1000001) / 1e6;
}

static void make(host *h, vdc_stream *stream) {
    *h = (host){.class = {.sockets = (uint16_t)(1 + vdc_stream_below(stream, 2)), .cores = 8, .threads = 1, .numa = 1, .speed = 2000000000,
                          .llc = INT64_C(1) << (20 + vdc_stream_below(stream, 6)), .socket_bandwidth = (int64_t)uniform(stream, 1e8, 2e10),
                          .latency_rise = uniform(stream, 0, 0.5), .remote_latency = 1.6, .llc_ways = 16}};
    h->datacenter.hosts = (vdc_hosts){.count = 1, .class_count = 1, .classes = &h->class, .class_of = &h->class_of};
    h->datacenter.records = h->records;
    h->table = (vdc_interference_profiles){.items = h->profiles, .count = MOST + 1};
    h->isolation.vms = h->wishes;
    h->model = (vdc_interference){.profiles = &h->table, .isolation = &h->isolation};
    for (uint32_t i = 0; i < MOST; i++) {
        vdc_interference_profile *profile = &h->profiles[i + 1];
        double factor = 1, bubble = 0;
        profile->pressure = uniform(stream, 0, 3);
        profile->points = (int64_t)vdc_stream_below(stream, VDC_SENSITIVITY_POINTS + 1);
        for (int64_t k = 0; k < profile->points; k++) {
            profile->bubble[k] = bubble += uniform(stream, 0.1, 5);
            profile->factor[k] = factor *= uniform(stream, 0.7, 1);
        }
        profile->accesses = vdc_stream_below(stream, 4) ? uniform(stream, 1e6, 1e8) : 0;
        profile->miss_min = uniform(stream, 0, 0.3);
        profile->miss_max = profile->miss_min + uniform(stream, 0, 0.7);
        profile->half_cache = uniform(stream, 1e5, 2e7);
        profile->stall = uniform(stream, 0, 1);
        h->records[i].request.interference = i + 1;
        /* Bound to nodes, so that remote memory plays no part. */
        h->records[i].numa_nodes = h->class.sockets == 1 ? 1 : 1 + vdc_stream_below(stream, 3);
        h->wishes[i].spec.llc_ways = vdc_stream_below(stream, 4) ? 0 : (int64_t)(1 + vdc_stream_below(stream, 2));
        h->entries[i].grant = (int64_t)uniform(stream, 1e6, 4e9);
        h->slots[i] = i;
    }
}

static void ask(const host *h, uint32_t count, double *factors) {
    for (uint32_t i = 0; i < count; i++) factors[i] = 1;
    vdc_efficiency model = vdc_interference_model(&h->model);
    model.factors(model.context, &h->datacenter, 0, h->entries, h->slots, count, factors);
}

/* VM 0 alone loses nothing; every further neighbour lowers factors or leaves them, and never to 0. */
Test(interference, alone_is_undisturbed_and_a_neighbour_never_helps) {
    vdc_stream stream;
    vdc_stream_open(&stream, 11, "test.interference", 0);
    double lowest = 1;
    for (int round = 0; round < 3000; round++) {
        host h;
        make(&h, &stream);
        double before[MOST], now[MOST];
        ask(&h, 1, before);
        cr_assert_eq(before[0], 1, "round %d: alone it keeps %.17g", round, before[0]);
        for (uint32_t n = 2; n <= MOST; n++) {
            ask(&h, n, now);
            before[n - 1] = 1;
            for (uint32_t i = 0; i < n; i++) {
                cr_assert(now[i] > 0 && now[i] <= before[i] + 1e-9, "round %d: with %u VMs, VM %u keeps %.17g, was %.17g", round, n, i, now[i], before[i]);
                if (now[i] < lowest) lowest = now[i];
            }
            memcpy(before, now, sizeof now);
        }
    }
    cr_assert(lowest < 0.2, "hardly anything happened: %g", lowest);
}

/* The definition of models.md 4.5 L1 written down again for one socket, solved by slow damped iteration of the speeds. */
static void plain_cache_model(const host *h, uint32_t count, double *speed) {
    double sum = 0, cache = (double)h->class.llc, base[MOST], now[MOST], accesses[MOST];
    for (uint32_t i = 0; i < count; i++) {
        accesses[i] = h->profiles[i + 1].accesses * (double)h->entries[i].grant / (double)h->class.speed;
        sum += accesses[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        const vdc_interference_profile *p = &h->profiles[i + 1];
        double span = p->miss_max - p->miss_min;
        base[i] = p->miss_min + span * pow(2, -cache / p->half_cache);
        now[i] = p->miss_min + span * pow(2, -cache * accesses[i] / sum / p->half_cache);
        speed[i] = 1;
    }
    for (int step = 0; step < 20000; step++) {
        double bytes = 0;
        for (uint32_t i = 0; i < count; i++) bytes += accesses[i] * now[i] * speed[i] * 64;
        double u = fmin(0.95, bytes / (double)h->class.socket_bandwidth), rise = h->class.latency_rise;
        for (uint32_t i = 0; i < count; i++) {
            double alone = fmin(0.95, accesses[i] * base[i] * 64 / (double)h->class.socket_bandwidth), stall = h->profiles[i + 1].stall;
            double slower = (1 + rise * u / (1 - u)) / (1 + rise * alone / (1 - alone));
            speed[i] += 0.005 * (1 / (1 - stall + stall * now[i] / base[i] * slower) - speed[i]);
        }
    }
}

Test(interference, the_cache_model_agrees_with_a_plain_solution) {
    vdc_stream stream;
    vdc_stream_open(&stream, 12, "test.interference", 0);
    for (int round = 0; round < 40; round++) {
        host h;
        make(&h, &stream);
        h.class.sockets = 1;
        for (uint32_t i = 0; i < MOST; i++) {
            h.records[i].numa_nodes = 1;
            h.wishes[i].spec.llc_ways = 0;
            h.profiles[i + 1].points = 0;
            h.profiles[i + 1].accesses += 1e6;
        }
        double factors[MOST], expected[MOST];
        uint32_t count = 2 + (uint32_t)vdc_stream_below(&stream, MOST - 1);
        ask(&h, count, factors);
        plain_cache_model(&h, count, expected);
        for (uint32_t i = 0; i < count; i++)
            cr_assert(fabs(factors[i] - expected[i]) < 1e-6, "round %d, VM %u: %.9f, plain: %.9f", round, i, factors[i], expected[i]);
    }
}

/* Cache ways of its own shield a VM from the neighbours' cache, and with bus to spare it keeps everything. */
Test(interference, own_cache_ways_shield) {
    vdc_stream stream;
    vdc_stream_open(&stream, 13, "test.interference", 0);
    host h;
    make(&h, &stream);
    h.class.sockets = 1;
    h.class.socket_bandwidth = INT64_MAX / 2;
    for (uint32_t i = 0; i < 2; i++) {
        h.records[i].numa_nodes = 1;
        h.profiles[i + 1] = (vdc_interference_profile){.accesses = 1e7, .miss_min = 0.1, .miss_max = 0.9, .half_cache = 1e6, .stall = 0.5};
        h.wishes[i].spec.llc_ways = 0;
    }
    double factors[MOST];
    ask(&h, 2, factors);
    cr_assert_lt(factors[0], 0.9999);
    h.wishes[0].spec.llc_ways = 4;
    ask(&h, 2, factors);
    cr_assert_float_eq(factors[0], 1, 1e-6);
    cr_assert_lt(factors[1], 0.9999);
}

/* ---- whole runs ---- */

static void expect(vdc_simulation *sim, const char *key, double expected) {
    double got = summary_of(sim, key);
    cr_expect(fabs(got - expected) <= 1e-9 * fabs(expected), "%s: got %.12g, expected %.12g", key, got, expected);
}

#define HEAD "vdcsim: 1\nname: i\n"

/* Side by side both do half: A's 10 core·s take 20 s. B has 20 core·s: half are done when A ends, the other half take 10 s more. */
Test(interference, work_takes_longer_beside_a_neighbour) {
    vdc_simulation *sim = run_text(HEAD "datacenter: {hosts: [{cpu: {cores: 4, speed: 1 GHz}, memory: 1 GiB}]}\nworkload:\n  vms:\n"
        "    - {vcpus: 1, interference: {pressure: 2, sensitivity: [[1, 0.8], [2, 0.5]]}, load: {progress: work, segments: [[10s, 1 GHz]]}}\n"
        "    - {vcpus: 1, interference: {pressure: 2, sensitivity: [[2, 0.5]]}, load: {progress: work, segments: [[20s, 1 GHz]]}}\n", NULL, NULL);
    expect(sim, "end_s", 30);
    expect(sim, "T_cpu_core_s", 20 + 30);
    expect(sim, "U_cpu_core_s", 10 + 20);
    vdc_simulation_close(sim);
}

/* A VM bound to a node finds its memory there; one that is not finds half of it on the other node, three times as far: 1 / (1 + 0.5 x 0.5 x 2). */
Test(interference, remote_memory_slows_who_is_not_bound) {
    vdc_simulation *sim = run_text(HEAD "datacenter: {hosts: [{cpu: {sockets: 2, cores: 4}, memory: 8 GiB, interference: {remote_latency: 3}}]}\n"
        "workload:\n  vms:\n"
        "    - {vcpus: 1, memory: 1 GiB, interference: {stall: 50%}, load: {segments: [[10s, 1 GHz]]}}\n"
        "    - {vcpus: 1, memory: 1 GiB, isolation: {numa: 1}, interference: {stall: 50%}, load: {segments: [[10s, 1 GHz]]}}\n", NULL, NULL);
    expect(sim, "T_cpu_core_s", 20);
    cr_expect_float_eq(summary_of(sim, "U_cpu_core_s"), 10 + 10 * 2.0 / 3, 1e-7);
    vdc_simulation_close(sim);
}

/* ---- bad input ---- */

static void refused(const char *interference, const char *message) {
    char text[1024];
    snprintf(text, sizeof text, HEAD "datacenter: {hosts: [{cpu: {cores: 2}, memory: 1 GiB}]}\n"
             "workload: {vms: [{vcpus: 1, interference: %s}]}\n", interference);
    refuse_text(text, message);
}

Test(interference, what_is_wrong_is_said) {
    refused("{presure: 1}", "pressure");
    refused("{sensitivity: 5}", "a list of 1 to 10");
    refused("{sensitivity: [[1]]}", "[pressure, factor]");
    refused("{sensitivity: [[2, 0.9], [1, 0.8]]}", "rising pressures");
    refused("{sensitivity: [[1, 0.8], [2, 0.9]]}", "never rise");
    refused("{sensitivity: [[1, 0]]}", "above 0");
    refused("{sensitivity: [[0, 0.5]]}", "without neighbours the factor is 1");
    refused("{miss_min: 60%, miss_max: 50%}", "above miss_max");
    refused("{stall: 2}", "stall");
    refused("{half_cache: 0}", "half_cache");
}
