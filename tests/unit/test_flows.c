/* Flows and fabrics by hand: who gets what, when transfers end, which links a path crosses. Random fabrics: tests/property/test_flows.c. */
#include "models/fabric.h"

#include <criterion/criterion.h>
#include <inttypes.h>

enum { EVENT = 3, MOST = 8 };

typedef struct world {
    vdc_queue *queue;
    vdc_flow_set *flows;
    vdc_time clock;
    int64_t told[MOST];        /* the last rate of each subject */
    vdc_time ended[MOST];
    int tellings;
    uint32_t reopen;           /* ended: this many more of the same follow */
} world;

static vdc_code changed(void *context, uint32_t flow, uint64_t subject, int64_t old_rate, int64_t new_rate, vdc_diag *diag) {
    world *w = context;
    (void)flow, (void)diag;
    cr_expect_eq(w->told[subject], old_rate);
    w->told[subject] = new_rate;
    w->tellings++;
    return VDC_OK;
}

static vdc_code ended(void *context, uint32_t flow, uint64_t subject, int64_t rate, vdc_diag *diag) {
    world *w = context;
    (void)flow, (void)diag;
    cr_expect_eq(w->told[subject], rate);
    w->told[subject] = 0;
    w->ended[subject] = w->clock;
    return VDC_OK;
}

static void setup(world *w) {
    *w = (world){0};
    cr_assert_eq(vdc_queue_create(&w->queue, NULL, NULL), VDC_OK);
    cr_assert_eq(vdc_flows_create(&w->flows, w->queue, EVENT, &w->clock), VDC_OK);
}

static void teardown(world *w) {
    vdc_flows_destroy(w->flows);
    vdc_queue_destroy(w->queue);
}

/* Runs until no transfer is left, or past `until`. */
static void run(world *w, vdc_time until) {
    cr_assert_eq(vdc_flows_settle(w->flows, NULL), VDC_OK);
    for (const vdc_event *next; (next = vdc_queue_peek(w->queue)) && next->time <= until;) {
        vdc_event event;
        vdc_queue_pop(w->queue, &event);
        cr_assert_eq(event.kind, EVENT);
        w->clock = event.time;
        cr_assert_eq(vdc_flows_event(w->flows, event.subject, NULL), VDC_OK);
        cr_assert_eq(vdc_flows_settle(w->flows, NULL), VDC_OK);
        cr_assert_eq(vdc_flows_violations(w->flows), 0);
    }
    if (until < VDC_TIME_MAX) w->clock = until;
}

static uint32_t open_flow(world *w, const vdc_flow_user *user, uint64_t subject, int64_t amount, int64_t cap, int64_t weight, uint32_t links,
                          const uint32_t *path) {
    vdc_flow_spec spec = {.user = user, .subject = subject, .id = (int64_t)subject, .amount = amount, .cap = cap, .weight = weight, .links = links};
    for (uint32_t i = 0; i < links; i++) spec.path[i] = (vdc_flow_use){path[i], 1};
    uint32_t flow;
    cr_assert_eq(vdc_flows_open(w->flows, &spec, &flow), VDC_OK);
    return flow;
}

/* The textbook's example: links of 10, 10 and 5... A on both of the first two, B on the first, C on the second and third: the third holds C
 * to 5, A gets the 5 left of the second, B what A leaves of the first. */
Test(flows, bottleneck_by_bottleneck) {
    world w;
    setup(&w);
    vdc_flows_add_link(w.flows, 12), vdc_flows_add_link(w.flows, 10), vdc_flows_add_link(w.flows, 4);
    uint32_t a = open_flow(&w, NULL, 0, VDC_FLOW_ENDLESS, VDC_FLOW_UNCAPPED, 1, 2, (const uint32_t[]){0, 1});
    uint32_t b = open_flow(&w, NULL, 1, VDC_FLOW_ENDLESS, VDC_FLOW_UNCAPPED, 1, 1, (const uint32_t[]){0});
    uint32_t c = open_flow(&w, NULL, 2, VDC_FLOW_ENDLESS, VDC_FLOW_UNCAPPED, 1, 2, (const uint32_t[]){1, 2});
    run(&w, 0);
    cr_expect_eq(vdc_flows_rate(w.flows, c), 4);
    cr_expect_eq(vdc_flows_rate(w.flows, a), 6);
    cr_expect_eq(vdc_flows_rate(w.flows, b), 6);
    vdc_flows_change(w.flows, a, 2, 1);
    run(&w, 0);
    cr_expect_eq(vdc_flows_rate(w.flows, a), 2);
    cr_expect_eq(vdc_flows_rate(w.flows, b), 10);
    cr_expect_eq(vdc_flows_rate(w.flows, c), 4);
    vdc_flows_close(w.flows, b);
    vdc_flows_change(w.flows, a, VDC_FLOW_UNCAPPED, 1);
    run(&w, 0);
    cr_expect_eq(vdc_flows_rate(w.flows, a), 6);
    cr_expect_eq(vdc_flows_count(w.flows), 2);
    teardown(&w);
}

/* 10 by weights 2, 1, 1: 5, 2.5, 2.5; the unit left goes to the lower id. A link of operations and one of bytes: 100 operations of 64 are what
 * 6400 bytes allow though 1000 operations were there. */
Test(flows, weights_remainders_and_unequal_use) {
    world w;
    setup(&w);
    vdc_flows_add_link(w.flows, 10), vdc_flows_add_link(w.flows, 1000), vdc_flows_add_link(w.flows, 6400);
    uint32_t a = open_flow(&w, NULL, 7, VDC_FLOW_ENDLESS, VDC_FLOW_UNCAPPED, 2, 1, (const uint32_t[]){0});
    uint32_t b = open_flow(&w, NULL, 6, VDC_FLOW_ENDLESS, VDC_FLOW_UNCAPPED, 1, 1, (const uint32_t[]){0});
    uint32_t c = open_flow(&w, NULL, 5, VDC_FLOW_ENDLESS, VDC_FLOW_UNCAPPED, 1, 1, (const uint32_t[]){0});
    vdc_flow_spec disk = {.amount = VDC_FLOW_ENDLESS, .cap = VDC_FLOW_UNCAPPED, .weight = 1, .links = 2, .path = {{1, 1}, {2, 64}}};
    uint32_t d;
    cr_assert_eq(vdc_flows_open(w.flows, &disk, &d), VDC_OK);
    run(&w, 0);
    cr_expect_eq(vdc_flows_rate(w.flows, a), 5);
    cr_expect_eq(vdc_flows_rate(w.flows, b), 2);
    cr_expect_eq(vdc_flows_rate(w.flows, c), 3);
    cr_expect_eq(vdc_flows_rate(w.flows, d), 100);
    cr_expect_eq(vdc_flows_load(w.flows, 2), 6400);
    teardown(&w);
}

/* Two transfers of 1000 share 100 units/s: 50 each. The second is done at 10 s when it has only 500; then the first has all: 500 left at
 * 100/s, done at 15 s. With a latency of 1 s after that. */
Test(flows, transfers_end_when_their_bytes_are_through) {
    world w;
    setup(&w);
    vdc_flows_add_link(w.flows, 100);
    const vdc_flow_user user = {changed, ended, &w};
    vdc_flow_spec first = {.user = &user, .subject = 0, .amount = 1000, .cap = VDC_FLOW_UNCAPPED, .weight = 1, .links = 1, .path = {{0, 1}},
                           .latency = VDC_SECOND};
    uint32_t a;
    cr_assert_eq(vdc_flows_open(w.flows, &first, &a), VDC_OK);
    open_flow(&w, &user, 1, 500, VDC_FLOW_UNCAPPED, 1, 1, (const uint32_t[]){0});
    run(&w, 4 * VDC_SECOND);
    cr_expect_eq(vdc_flows_left(w.flows, a), 800);
    cr_expect(vdc_flows_moved(w.flows, a) == (vdc_wide)200 * VDC_SECOND);
    run(&w, VDC_TIME_MAX);
    cr_expect_eq(w.ended[1], 10 * VDC_SECOND);
    cr_expect_eq(w.ended[0], 16 * VDC_SECOND);
    cr_expect_eq(w.tellings, 4); /* 50 and 50, then 100; 0 while its latency passes */
    cr_expect(vdc_flows_carried(w.flows, 0) == (vdc_wide)1500 * VDC_SECOND);
    teardown(&w);
}

/* 7 units at 3/s: 2.33... s, up to the next nanosecond. Nothing at all is done at once; what nobody limits, too. */
Test(flows, ends_are_exact) {
    world w;
    setup(&w);
    vdc_flows_add_link(w.flows, 3), vdc_flows_add_link(w.flows, 0);
    const vdc_flow_user user = {changed, ended, &w};
    w.clock = 5;
    for (int i = 0; i < MOST; i++) w.ended[i] = -1;
    open_flow(&w, &user, 0, 7, VDC_FLOW_UNCAPPED, 1, 1, (const uint32_t[]){0});
    open_flow(&w, &user, 1, 0, VDC_FLOW_UNCAPPED, 1, 1, (const uint32_t[]){1});
    open_flow(&w, &user, 2, 1, VDC_FLOW_UNCAPPED, 1, 0, NULL);
    uint32_t stalled = open_flow(&w, &user, 3, 1, VDC_FLOW_UNCAPPED, 1, 1, (const uint32_t[]){1});
    run(&w, VDC_TIME_MAX);
    cr_expect_eq(w.ended[0], 5 + INT64_C(2333333334));
    cr_expect_eq(w.ended[1], 5);
    cr_expect_eq(w.ended[2], 6);
    cr_expect_eq(w.ended[3], -1); /* a link without capacity: for ever, unless it gets some */
    vdc_flows_set_capacity(w.flows, 1, 1);
    vdc_time now = w.clock;
    run(&w, VDC_TIME_MAX);
    cr_expect_eq(w.ended[3], now + VDC_SECOND);
    (void)stalled;
    teardown(&w);
}

/* An end that moves: the flow keeps what it has done and is told of nothing when its rate is the same. */
Test(flows, reroute_and_extend) {
    world w;
    setup(&w);
    vdc_flows_add_link(w.flows, 100), vdc_flows_add_link(w.flows, 100), vdc_flows_add_link(w.flows, 25);
    const vdc_flow_user user = {changed, ended, &w};
    uint32_t a = open_flow(&w, &user, 0, 1000, VDC_FLOW_UNCAPPED, 1, 1, (const uint32_t[]){0});
    run(&w, 4 * VDC_SECOND);
    cr_assert_eq(vdc_flows_reroute(w.flows, a, 1, &(const vdc_flow_use){1, 1}), VDC_OK);
    run(&w, 8 * VDC_SECOND);
    cr_expect_eq(w.tellings, 1);
    cr_expect_eq(vdc_flows_load(w.flows, 0), 0);
    cr_assert_eq(vdc_flows_reroute(w.flows, a, 1, &(const vdc_flow_use){2, 1}), VDC_OK);
    cr_assert_eq(vdc_flows_extend(w.flows, a, 50), VDC_OK);
    run(&w, VDC_TIME_MAX);
    cr_expect_eq(w.ended[0], 18 * VDC_SECOND);
    teardown(&w);
}

Test(flows, what_is_out_of_range_is_refused) {
    world w;
    setup(&w);
    vdc_flows_add_link(w.flows, 100);
    uint32_t flow;
    const vdc_flow_spec good = {.amount = 1, .cap = 1, .weight = 1, .links = 1, .path = {{0, 1}}};
    vdc_flow_spec bad[6];
    for (int i = 0; i < 6; i++) bad[i] = good;
    bad[0].weight = 0, bad[1].weight = VDC_FLOW_WEIGHT_MAX + 1, bad[2].path[0].link = 1, bad[3].path[0].per_unit = 0, bad[4].latency = -1;
    bad[5].links = 2, bad[5].path[1] = (vdc_flow_use){0, 1}; /* a link twice */
    for (int i = 0; i < 6; i++) cr_expect_eq(vdc_flows_open(w.flows, &bad[i], &flow), VDC_ERROR_STATE, "%d", i);
    cr_expect_eq(vdc_flows_count(w.flows), 0);
    cr_assert_eq(vdc_flows_open(w.flows, &good, &flow), VDC_OK);
    cr_expect_eq(vdc_flows_change(w.flows, flow, 1, 0), VDC_ERROR_STATE);
    cr_expect_eq(vdc_flows_close(w.flows, flow), VDC_OK);
    cr_expect_eq(vdc_flows_close(w.flows, flow), VDC_ERROR_STATE);
    teardown(&w);
}

/* ---- fabrics ---- */

/* 6 hosts of 10 in 3 racks, 2 spines with uplinks of 5: a rack's two hosts may send 20, its leaf passes 10. */
Test(fabric, an_oversubscribed_leaf) {
    world w;
    setup(&w);
    vdc_endpoint hosts[6];
    for (uint32_t h = 0; h < 6; h++) hosts[h] = (vdc_endpoint){.nic = 10, .leaf = h / 2};
    const vdc_fabric_spec spec = {.kind = VDC_FABRIC_LEAF_SPINE, .uplink = 5, .spines = 2};
    vdc_fabric fabric;
    cr_assert_eq(vdc_fabric_create(&fabric, w.flows, &spec, hosts, 6, 3), VDC_OK);
    vdc_flow_use path[VDC_FLOW_LINKS];
    cr_expect_eq(vdc_fabric_path(&fabric, 0, 0, 0, path), 0);
    cr_expect_eq(vdc_fabric_path(&fabric, 0, 1, 0, path), 2);
    cr_expect_eq(vdc_fabric_path(&fabric, 0, 5, 0, path), 4);
    uint32_t flow[3];
    const uint32_t from[] = {0, 1, 1}, to[] = {2, 4, 0};
    for (int i = 0; i < 3; i++) {
        vdc_flow_spec stream = {.id = i, .amount = VDC_FLOW_ENDLESS, .cap = VDC_FLOW_UNCAPPED, .weight = 1};
        cr_assert_eq(vdc_fabric_open(&fabric, from[i], to[i], &stream, &flow[i]), VDC_OK);
    }
    run(&w, 0);
    /* Inside the rack nothing is short but the NIC of host 1, which two flows share; the leaf up is full. */
    cr_expect_eq(vdc_flows_rate(w.flows, flow[0]), 5);
    cr_expect_eq(vdc_flows_rate(w.flows, flow[1]), 5);
    cr_expect_eq(vdc_flows_rate(w.flows, flow[2]), 5);
    cr_expect_eq(vdc_fabric_busiest(&fabric), 1.0);
    cr_assert_eq(vdc_fabric_reroute(&fabric, flow[0], 0, 1, 0), VDC_OK); /* into the rack */
    run(&w, 0);
    cr_expect_eq(vdc_flows_rate(w.flows, flow[0]), 10);
    cr_expect_eq(vdc_fabric_busiest(&fabric), 0.5);
    vdc_fabric_destroy(&fabric);
    teardown(&w);
}

/* Hashed: a flow is held to one spine; over many keys all spines are used, and no path leaves its racks' links. */
Test(fabric, hashed_paths) {
    world w;
    setup(&w);
    vdc_endpoint hosts[4];
    for (uint32_t h = 0; h < 4; h++) hosts[h] = (vdc_endpoint){.nic = 100, .leaf = h};
    const vdc_fabric_spec spec = {.kind = VDC_FABRIC_LEAF_SPINE, .uplink = 5, .spines = 4, .hashed = true, .seed = 1};
    vdc_fabric fabric;
    cr_assert_eq(vdc_fabric_create(&fabric, w.flows, &spec, hosts, 4, 4), VDC_OK);
    unsigned used = 0;
    for (uint64_t key = 0; key < 64; key++) {
        vdc_flow_use path[VDC_FLOW_LINKS], again[VDC_FLOW_LINKS];
        cr_assert_eq(vdc_fabric_path(&fabric, 1, 3, key, path), 4);
        cr_assert_eq(vdc_fabric_path(&fabric, 1, 3, key, again), 4);
        uint32_t up = (path[1].link - fabric.first_link) / 2, down = (path[2].link - fabric.first_link) / 2;
        cr_expect_eq(path[1].link, again[1].link);
        cr_expect(up / 4 == 1 && down / 4 == 3 && up % 4 == down % 4, "leaf and spine of %u and %u", up, down);
        used |= 1u << up % 4;
    }
    cr_expect_eq(used, 15u);
    vdc_flow_spec stream = {.amount = VDC_FLOW_ENDLESS, .cap = VDC_FLOW_UNCAPPED, .weight = 1};
    uint32_t flow;
    cr_assert_eq(vdc_fabric_open(&fabric, 1, 3, &stream, &flow), VDC_OK);
    run(&w, 0);
    cr_expect_eq(vdc_flows_rate(w.flows, flow), 5);
    vdc_fabric_destroy(&fabric);
    teardown(&w);
}

/* A fat-tree of arity 4 with links as fast as NICs: whoever talks to whom, a permutation of the 16 hosts gets full speed. */
Test(fabric, a_fat_tree_has_full_bisection) {
    world w;
    setup(&w);
    vdc_endpoint hosts[17];
    for (uint32_t h = 0; h < 16; h++) hosts[h] = (vdc_endpoint){.nic = 1000};
    hosts[16] = (vdc_endpoint){.nic = 300, .leaf = VDC_NO_LINK}; /* storage, at the cores */
    const vdc_fabric_spec spec = {.kind = VDC_FABRIC_FAT_TREE, .uplink = 1000, .arity = 4};
    vdc_fabric fabric;
    cr_assert_eq(vdc_fabric_create(&fabric, w.flows, &spec, hosts, 17, 1), VDC_OK);
    vdc_flow_use path[VDC_FLOW_LINKS];
    cr_expect_eq(vdc_fabric_path(&fabric, 0, 1, 0, path), 2);  /* one edge switch */
    cr_expect_eq(vdc_fabric_path(&fabric, 0, 2, 0, path), 4);  /* one pod */
    cr_expect_eq(vdc_fabric_path(&fabric, 0, 4, 0, path), 6);  /* over the cores */
    cr_expect_eq(vdc_fabric_path(&fabric, 16, 4, 0, path), 4); /* from the cores down */
    for (uint32_t shift = 1; shift < 16; shift++) {
        uint32_t flow[16];
        for (uint32_t h = 0; h < 16; h++) {
            vdc_flow_spec stream = {.id = h, .amount = VDC_FLOW_ENDLESS, .cap = VDC_FLOW_UNCAPPED, .weight = 1};
            cr_assert_eq(vdc_fabric_open(&fabric, h, (h + shift) % 16, &stream, &flow[h]), VDC_OK);
        }
        run(&w, 0);
        for (uint32_t h = 0; h < 16; h++) {
            cr_expect_eq(vdc_flows_rate(w.flows, flow[h]), 1000, "shift %u host %u", shift, h);
            vdc_flows_close(w.flows, flow[h]);
        }
    }
    vdc_fabric_destroy(&fabric);

    /* Hashed, a path goes by one aggregation switch of each pod and one core. */
    vdc_fabric_spec hashed = spec;
    hashed.hashed = true;
    cr_assert_eq(vdc_fabric_create(&fabric, w.flows, &hashed, hosts, 17, 1), VDC_OK);
    for (uint64_t key = 0; key < 32; key++) {
        cr_assert_eq(vdc_fabric_path(&fabric, 0, 13, key, path), 6);
        uint32_t l[4];
        for (int i = 0; i < 4; i++) l[i] = (path[i + 1].link - fabric.first_link) / 2;
        uint32_t group = l[0] % 2; /* edge 0 */
        cr_expect(l[0] / 2 == 0 && l[3] == 6 * 2 + group, "edges by %u and %u", l[0], l[3]);
        cr_expect((l[1] - 16) / 2 == group && (l[2] - 16) / 2 == 3 * 2 + group && l[1] % 2 == l[2] % 2, "cores by %u and %u", l[1], l[2]);
    }
    vdc_fabric_destroy(&fabric);
    teardown(&w);
}
