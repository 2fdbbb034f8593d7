/* The flow solver on random fabrics, against a plain progressive filling and the max-min condition (models.md 4.4.1).
 *
 * The oracle knows no parts, no heap and no history: it looks at all links and all flows again and again, takes what stops first, and
 * hands out what does not divide unit by unit. The solver sees the same fabric through a sequence of changes and must come to the same rates.
 */
#include "models/flows.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "tests/support/draw.h"

enum { FABRICS = 10000, LINKS = 12, FLOWS = 16, STEPS = 12, EVENT = 1 };

typedef struct fabric {
    uint32_t links, flows;
    int64_t capacity[LINKS];
    vdc_flow_spec spec[FLOWS];
    bool open[FLOWS];
    uint32_t handle[FLOWS];
    uint64_t opened[FLOWS];     /* order of opening */
} fabric;

static int32_t use_of(const vdc_flow_spec *spec, uint32_t link) {
    for (uint32_t i = 0; i < spec->links; i++)
        if (spec->path[i].link == link) return spec->path[i].per_unit;
    return 0;
}

/* Is a before b where remainders are equal? */
static bool comes_first(const fabric *x, uint32_t a, uint32_t b) {
    return x->spec[a].id != x->spec[b].id ? x->spec[a].id < x->spec[b].id : x->opened[a] < x->opened[b];
}

/* Hands out what is left of a full link to those of its flows that were not frozen before, by largest remainder. */
static void round_up(const fabric *x, uint32_t l, vdc_wide amount, vdc_wide weight, vdc_wide *rest, const vdc_wide *rising, vdc_wide *remainder,
                     const bool *counts, int64_t *rate) {
    for (;;) {
        uint32_t best = FLOWS;
        for (uint32_t f = 0; f < x->flows; f++) {
            if (remainder[f] <= 0) continue;
            if (best == FLOWS || remainder[f] > remainder[best] || (remainder[f] == remainder[best] && comes_first(x, f, best))) best = f;
        }
        if (best == FLOWS) return;
        remainder[best] = 0;
        bool may = use_of(&x->spec[best], l) <= rest[l];
        for (uint32_t k = 0; k < x->links && may; k++) {
            int32_t use = use_of(&x->spec[best], k);
            if (use && k != l && counts[k]) may = (rest[k] - use) * weight >= amount * rising[k];
        }
        if (!may) continue;
        rate[best]++;
        for (uint32_t k = 0; k < x->links; k++) rest[k] -= use_of(&x->spec[best], k);
    }
}

static void oracle(const fabric *x, int64_t *rate) {
    vdc_wide rest[LINKS], rising[LINKS] = {0}, remainder[FLOWS], limit[FLOWS];
    bool frozen[FLOWS], counts[LINKS];
    for (uint32_t f = 0; f < x->flows; f++) {
        frozen[f] = !x->open[f];
        limit[f] = x->spec[f].cap < 0 ? VDC_FLOW_RATE_MAX : x->spec[f].cap;
        rate[f] = 0;
    }
    for (uint32_t l = 0; l < x->links; l++) {
        uint32_t crossing = 0, only = 0;
        for (uint32_t f = 0; f < x->flows; f++) {
            if (frozen[f] || !use_of(&x->spec[f], l)) continue;
            crossing++, only = f;
            rising[l] += (vdc_wide)use_of(&x->spec[f], l) * x->spec[f].weight;
        }
        rest[l] = x->capacity[l];
        counts[l] = crossing > 1;
        /* A link with one flow is a cap of it, in whole units. */
        if (crossing == 1 && rest[l] / use_of(&x->spec[only], l) < limit[only]) limit[only] = rest[l] / use_of(&x->spec[only], l);
    }
    for (;;) {
        /* What stops first: a cap before a link, the lower number first. */
        vdc_wide amount = 0, weight = 0;
        uint32_t flow = FLOWS, link = LINKS;
        for (uint32_t f = 0; f < x->flows; f++)
            if (!frozen[f] && (weight == 0 || limit[f] * weight < amount * x->spec[f].weight)) amount = limit[f], weight = x->spec[f].weight, flow = f;
        if (weight == 0) return;
        for (uint32_t l = 0; l < x->links; l++)
            if (counts[l] && rising[l] && rest[l] * weight < amount * rising[l]) amount = rest[l], weight = rising[l], link = l;
        for (uint32_t f = 0; f < x->flows; f++) {
            remainder[f] = 0;
            if (frozen[f] || (link == LINKS ? f != flow : !use_of(&x->spec[f], link))) continue;
            rate[f] = (int64_t)(amount * x->spec[f].weight / weight);
            remainder[f] = link == LINKS ? 0 : amount * x->spec[f].weight % weight;
            frozen[f] = true;
            for (uint32_t l = 0; l < x->links; l++) {
                rest[l] -= (vdc_wide)use_of(&x->spec[f], l) * rate[f];
                rising[l] -= (vdc_wide)use_of(&x->spec[f], l) * x->spec[f].weight;
            }
        }
        if (link < LINKS) round_up(x, link, amount, weight, rest, rising, remainder, counts, rate);
    }
}

static void draw_flow(uint64_t *state, fabric *x, uint32_t f, int64_t scale, int64_t weights, int64_t uses) {
    vdc_flow_spec *spec = &x->spec[f];
    *spec = (vdc_flow_spec){.id = draw_below(state, 8), .amount = VDC_FLOW_ENDLESS, .weight = 1 + draw_below(state, weights),
                            .cap = draw_below(state, 2) ? VDC_FLOW_UNCAPPED : draw_below(state, scale)};
    uint32_t wanted = 1 + (uint32_t)draw_below(state, x->links < 5 ? x->links : 5), first = (uint32_t)draw_below(state, x->links);
    for (uint32_t i = 0; i < wanted; i++) {
        uint32_t link = draw_below(state, 2) ? (first + i) % x->links : (uint32_t)draw_below(state, x->links);
        if (use_of(spec, link)) continue;
        spec->path[spec->links++] = (vdc_flow_use){link, (int32_t)(1 + draw_below(state, uses))};
    }
}

static void compare(const fabric *x, vdc_flow_set *set, int number, int step) {
    int64_t expected[FLOWS];
    oracle(x, expected);
    for (uint32_t f = 0; f < x->flows; f++)
        if (x->open[f])
            cr_assert_eq(vdc_flows_rate(set, x->handle[f]), expected[f], "fabric %d, step %d, flow %u: %" PRId64 ", oracle %" PRId64, number, step, f,
                         vdc_flows_rate(set, x->handle[f]), expected[f]);
    cr_assert_eq(vdc_flows_violations(set), 0, "fabric %d, step %d", number, step);
}

static void one_change(uint64_t *state, fabric *x, vdc_flow_set *set, int64_t scale, int64_t weights, int64_t uses, uint64_t *order) {
    uint32_t f = (uint32_t)draw_below(state, x->flows);
    vdc_flow_spec *spec = &x->spec[f];
    int64_t what = draw_below(state, 8);
    if (what == 0) {
        uint32_t l = (uint32_t)draw_below(state, x->links);
        x->capacity[l] = draw_below(state, scale);
        cr_assert_eq(vdc_flows_set_capacity(set, l, x->capacity[l]), VDC_OK);
    } else if (!x->open[f]) {
        draw_flow(state, x, f, scale, weights, uses);
        cr_assert_eq(vdc_flows_open(set, spec, &x->handle[f]), VDC_OK);
        x->open[f] = true;
        x->opened[f] = ++*order;
    } else if (what < 4) {
        cr_assert_eq(vdc_flows_close(set, x->handle[f]), VDC_OK);
        x->open[f] = false;
    } else if (what < 6) {
        if (draw_below(state, 2)) spec->weight = 1 + draw_below(state, weights);
        spec->cap = draw_below(state, 3) ? draw_below(state, scale) : VDC_FLOW_UNCAPPED;
        cr_assert_eq(vdc_flows_change(set, x->handle[f], spec->cap, spec->weight), VDC_OK);
    } else {
        vdc_flow_spec old = *spec;
        draw_flow(state, x, f, scale, weights, uses);
        spec->id = old.id, spec->cap = old.cap, spec->weight = old.weight;
        cr_assert_eq(vdc_flows_reroute(set, x->handle[f], spec->links, spec->path), VDC_OK);
    }
}

Test(flows_property, equal_the_plain_filling_whatever_the_order_of_changes) {
    static const int64_t scales[] = {4, 30, 1000, 3125000000, VDC_FLOW_RATE_MAX}, weight_bounds[] = {1, 3, VDC_FLOW_WEIGHT_MAX};
    static const int64_t use_bounds[] = {1, 1, 5, 1 << 20};
    uint64_t state = 1, solved = 0, settled = 0;
    for (int number = 0; number < FABRICS; number++) {
        fabric x = {.links = 1 + (uint32_t)draw_below(&state, LINKS), .flows = 1 + (uint32_t)draw_below(&state, FLOWS)};
        int64_t scale = scales[draw_below(&state, 5)], weights = weight_bounds[draw_below(&state, 3)], uses = use_bounds[draw_below(&state, 4)];
        vdc_queue *queue;
        vdc_flow_set *set;
        vdc_time clock = 0;
        uint64_t order = 0;
        cr_assert_eq(vdc_queue_create(&queue, NULL, NULL), VDC_OK);
        cr_assert_eq(vdc_flows_create(&set, queue, EVENT, &clock), VDC_OK);
        for (uint32_t l = 0; l < x.links; l++) {
            x.capacity[l] = draw_below(&state, scale);
            cr_assert_eq(vdc_flows_add_link(set, x.capacity[l]), l);
        }
        for (int step = 0; step < STEPS; step++) {
            /* Several changes at an instant at first, then single ones. */
            for (int64_t n = step < 4 ? 4 : 1; n > 0; n--) one_change(&state, &x, set, scale, weights, uses, &order);
            cr_assert_eq(vdc_flows_settle(set, NULL), VDC_OK);
            compare(&x, set, number, step);
            settled++;
        }
        solved += vdc_flows_solved(set);
        vdc_flows_destroy(set);
        vdc_queue_destroy(queue);
    }
    cr_assert_gt(solved, settled); /* there was something to solve */
}

/* Transfers over random fabrics, to their ends: every byte is counted, on the flow and on every link, and none ends early. */
typedef struct receipt {
    vdc_flow_set *set;
    uint64_t ended;
    vdc_wide integral[FLOWS];   /* of the rates that were told */
    int64_t rate[FLOWS];
    vdc_time since[FLOWS];
    const vdc_time *clock;
} receipt;

static vdc_code note_change(void *context, uint32_t flow, uint64_t subject, int64_t old_rate, int64_t new_rate, vdc_diag *diag) {
    receipt *r = context;
    (void)flow, (void)diag;
    cr_assert_eq(old_rate, r->rate[subject]);
    r->integral[subject] += (vdc_wide)old_rate * (*r->clock - r->since[subject]);
    r->since[subject] = *r->clock;
    r->rate[subject] = new_rate;
    return VDC_OK;
}

static vdc_code note_end(void *context, uint32_t flow, uint64_t subject, int64_t rate, vdc_diag *diag) {
    receipt *r = context;
    (void)diag;
    cr_assert_eq(rate, r->rate[subject]);
    cr_assert_eq(vdc_flows_left(r->set, flow), 0);
    r->integral[subject] += (vdc_wide)rate * (*r->clock - r->since[subject]);
    r->rate[subject] = -1;
    r->ended++;
    return VDC_OK;
}

Test(flows_property, bytes_are_conserved) {
    uint64_t state = 2;
    for (int number = 0; number < FABRICS / 10; number++) {
        fabric x = {.links = 1 + (uint32_t)draw_below(&state, LINKS), .flows = 1 + (uint32_t)draw_below(&state, FLOWS)};
        vdc_queue *queue;
        vdc_flow_set *set;
        vdc_time clock = 0;
        receipt r = {.clock = &clock};
        const vdc_flow_user user = {note_change, note_end, &r};
        cr_assert_eq(vdc_queue_create(&queue, NULL, NULL), VDC_OK);
        cr_assert_eq(vdc_flows_create(&set, queue, EVENT, &clock), VDC_OK);
        r.set = set;
        for (uint32_t l = 0; l < x.links; l++) vdc_flows_add_link(set, 1 + draw_below(&state, 1000000));
        vdc_wide due[LINKS] = {0};
        for (uint32_t f = 0; f < x.flows; f++) {
            draw_flow(&state, &x, f, 1000000, 3, 1);
            if (x.spec[f].cap == 0) x.spec[f].cap = 1;
            x.spec[f].amount = draw_below(&state, 4) ? draw_below(&state, 100000000) : draw_below(&state, 3);
            x.spec[f].user = &user;
            x.spec[f].subject = f;
            cr_assert_eq(vdc_flows_open(set, &x.spec[f], &x.handle[f]), VDC_OK);
            for (uint32_t i = 0; i < x.spec[f].links; i++) due[x.spec[f].path[i].link] += (vdc_wide)x.spec[f].amount * VDC_SECOND;
        }
        vdc_event event;
        cr_assert_eq(vdc_flows_settle(set, NULL), VDC_OK);
        while (vdc_queue_pop(queue, &event)) {
            clock = event.time;
            cr_assert_eq(vdc_flows_event(set, event.subject, NULL), VDC_OK);
            cr_assert_eq(vdc_flows_settle(set, NULL), VDC_OK);
            cr_assert_eq(vdc_flows_violations(set), 0);
        }
        cr_assert_eq(r.ended, x.flows);
        cr_assert_eq(vdc_flows_count(set), 0);
        for (uint32_t f = 0; f < x.flows; f++) {
            vdc_wide total = (vdc_wide)x.spec[f].amount * VDC_SECOND;
            cr_assert(r.integral[f] >= total && r.integral[f] < total + 1000001, "fabric %d flow %u", number, f);
        }
        for (uint32_t l = 0; l < x.links; l++) {
            vdc_wide carried = vdc_flows_carried(set, l);
            cr_assert_eq(vdc_flows_load(set, l), 0);
            cr_assert(carried >= due[l] && carried <= due[l] + (vdc_wide)x.flows * 1000001, "fabric %d link %u", number, l);
        }
        vdc_flows_destroy(set);
        vdc_queue_destroy(queue);
    }
}
