/* The CPU share solver on random hosts, against a plain exact-rational oracle and the properties of models.md 4.1.1.
 *
 * The oracle knows no order and no heap: it evaluates the filled amount at every breakpoint as a fraction, takes the
 * segment on which the capacity runs out, and hands out what does not divide unit by unit.
 */
#include "models/cpu_share.h"
#include "sim/base/units.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <inttypes.h>

#include "tests/support/draw.h"

enum { MOST = 12, HOSTS = 100000 };

typedef struct host {
    int64_t capacity;
    uint32_t count;
    vdc_cpu_entry vms[MOST];
} host;

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t high(const vdc_cpu_entry *vm) {
    int64_t hi = least(vm->demand, vm->nominal);
    return vm->limit == VDC_UNLIMITED ? hi : least(hi, vm->limit);
}

static int64_t low(const vdc_cpu_entry *vm) {
    return least(vm->reservation, high(vm));
}

/* Small numbers make ties and exact boundaries, large ones make overflow. Reservations within the capacity. */
static void random_host(uint64_t *state, host *h) {
    static const int64_t scales[] = {10, 1000, 4000, 1000000007, INT64_C(1000000000000000)};
    static const int64_t weights[] = {2, 10, 1000, 1000000};
    int64_t scale = scales[draw_below(state, 5)], weight = weights[draw_below(state, 4)];
    h->count = (uint32_t)(1 + draw_below(state, MOST));
    h->capacity = 1 + draw_below(state, scale);
    int64_t reserved = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        vdc_cpu_entry *vm = &h->vms[i];
        *vm = (vdc_cpu_entry){.demand = draw_below(state, scale), .nominal = draw_below(state, scale),
                              .weight = 1 + draw_below(state, weight), .id = (int64_t)i,
                              .limit = draw_below(state, 3) ? VDC_UNLIMITED : draw_below(state, scale)};
        if (draw_below(state, 3) == 0) vm->reservation = draw_below(state, h->capacity - reserved + 1);
        reserved += vm->reservation;
    }
}

static void share(host *h) {
    _Alignas(max_align_t) char scratch[2 * MOST * 64];
    cr_assert_leq(vdc_cpu_share_scratch(h->count), sizeof scratch);
    vdc_cpu_share(h->capacity, h->vms, h->count, scratch);
}

/* Sum of clamp(x/w * w_i, lo_i, hi_i), times w. */
static vdc_wide filled(const host *h, int64_t x, int64_t w) {
    vdc_wide sum = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        vdc_wide lo = (vdc_wide)low(&h->vms[i]) * w, hi = (vdc_wide)high(&h->vms[i]) * w, rate = (vdc_wide)x * h->vms[i].weight;
        sum += rate < lo ? lo : rate > hi ? hi : rate;
    }
    return sum;
}

static void oracle(const host *h, int64_t *grant) {
    vdc_wide wanted = 0;
    for (uint32_t i = 0; i < h->count; i++) wanted += grant[i] = high(&h->vms[i]);
    if (wanted <= h->capacity) return;
    /* The largest breakpoint at which no more than the capacity is filled. */
    int64_t best_x = 0, best_w = 1;
    for (uint32_t i = 0; i < 2 * h->count; i++) {
        const vdc_cpu_entry *vm = &h->vms[i / 2];
        int64_t x = i % 2 ? low(vm) : high(vm), w = vm->weight;
        if (filled(h, x, w) <= (vdc_wide)h->capacity * w && (vdc_wide)x * best_w > (vdc_wide)best_x * w) best_x = x, best_w = w;
    }
    /* From there on those with lo <= x/w * w_i < hi rise together. */
    vdc_wide fixed = 0, weight = 0;
    bool rises[MOST];
    for (uint32_t i = 0; i < h->count; i++) {
        vdc_wide rate = (vdc_wide)best_x * h->vms[i].weight;
        int64_t lo = low(&h->vms[i]), hi = high(&h->vms[i]);
        rises[i] = rate >= (vdc_wide)lo * best_w && rate < (vdc_wide)hi * best_w;
        if (rises[i]) weight += h->vms[i].weight;
        else fixed += grant[i] = rate < (vdc_wide)lo * best_w ? lo : hi;
    }
    vdc_wide rest = h->capacity - fixed, left = rest, remainder[MOST];
    for (uint32_t i = 0; i < h->count; i++) {
        remainder[i] = -1;
        if (!rises[i]) continue;
        grant[i] = (int64_t)(rest * h->vms[i].weight / weight);
        remainder[i] = rest * h->vms[i].weight % weight;
        left -= grant[i];
    }
    for (; left > 0; left--) {
        uint32_t to = 0;
        for (uint32_t i = 1; i < h->count; i++)
            if (remainder[i] > remainder[to]) to = i;
        grant[to]++;
        remainder[to] = -1;
    }
}

Test(cpu_share_property, equals_the_rational_oracle_and_keeps_its_bounds) {
    uint64_t state = 1;
    host h;
    uint32_t contended = 0;
    for (int round = 0; round < HOSTS; round++) {
        random_host(&state, &h);
        int64_t grant[MOST];
        oracle(&h, grant);
        share(&h);
        vdc_wide sum = 0, wanted = 0;
        for (uint32_t i = 0; i < h.count; i++) {
            const vdc_cpu_entry *vm = &h.vms[i];
            cr_assert_eq(vm->grant, grant[i], "host %d VM %u: %" PRId64 ", oracle %" PRId64, round, i, vm->grant, grant[i]);
            cr_assert(vm->ceiling == high(vm) && low(vm) <= vm->grant && vm->grant <= high(vm), "host %d VM %u", round, i);
            sum += vm->grant, wanted += high(vm);
        }
        cr_assert(sum == (wanted < h.capacity ? wanted : h.capacity), "host %d", round);
        contended += wanted > h.capacity;
        /* Bottleneck: who still wants more is not behind anybody who is above its floor, to one unit. */
        for (uint32_t i = 0; i < h.count; i++)
            for (uint32_t j = 0; j < h.count; j++)
                if (h.vms[i].grant < high(&h.vms[i]) && h.vms[j].grant > low(&h.vms[j]))
                    cr_assert((vdc_wide)(h.vms[i].grant + 1) * h.vms[j].weight >=
                                  (vdc_wide)(h.vms[j].grant - 1) * h.vms[i].weight,
                              "host %d VMs %u, %u", round, i, j);
    }
    cr_assert_gt(contended, HOSTS / 4); /* the interesting case is not rare */
}

Test(cpu_share_property, only_the_ratio_of_weights_counts) {
    uint64_t state = 2;
    host h, scaled;
    for (int round = 0; round < HOSTS; round++) {
        random_host(&state, &h);
        scaled = h;
        int64_t factor = 2 + draw_below(&state, 900);
        for (uint32_t i = 0; i < h.count; i++) scaled.vms[i].weight *= factor;
        share(&h), share(&scaled);
        for (uint32_t i = 0; i < h.count; i++) cr_assert_eq(h.vms[i].grant, scaled.vms[i].grant, "host %d VM %u", round, i);
    }
}

/* To one unit only: the method of largest remainders is not monotone (the Alabama paradox). */
Test(cpu_share_property, monotone_to_one_unit) {
    uint64_t state = 3;
    host h, more;
    for (int round = 0; round < HOSTS; round++) {
        random_host(&state, &h);
        more = h;
        uint32_t i = (uint32_t)draw_below(&state, h.count);
        more.vms[i].weight += 1 + draw_below(&state, 100000);
        share(&more);
        host before = h;
        share(&before);
        cr_assert_geq(more.vms[i].grant, before.vms[i].grant - 1, "host %d: a larger weight lowered the grant", round);
        if (h.count == MOST) continue;
        more = h;
        more.vms[more.count++] = (vdc_cpu_entry){.demand = draw_below(&state, h.capacity + 1), .nominal = h.capacity,
                                                 .limit = VDC_UNLIMITED,
                                                 .weight = 1 + draw_below(&state, 1000), .id = MOST};
        share(&more);
        for (uint32_t j = 0; j < h.count; j++)
            cr_assert_leq(more.vms[j].grant, before.vms[j].grant + 1, "host %d: one VM more raised VM %u", round, j);
    }
}

/* Reservations that no longer fit (the host lost capacity): all of it is given, nobody gets more than its floor. */
Test(cpu_share_property, floors_beyond_the_capacity) {
    uint64_t state = 4;
    host h;
    for (int round = 0; round < HOSTS; round++) {
        random_host(&state, &h);
        vdc_wide floors = 0, sum = 0;
        for (uint32_t i = 0; i < h.count; i++) floors += low(&h.vms[i]);
        h.capacity = (int64_t)(floors * draw_below(&state, 100) / 100);
        if (floors <= h.capacity) continue;
        share(&h);
        for (uint32_t i = 0; i < h.count; i++) {
            cr_assert(h.vms[i].grant >= 0 && h.vms[i].grant <= low(&h.vms[i]), "host %d VM %u", round, i);
            sum += h.vms[i].grant;
        }
        cr_assert(sum == h.capacity, "host %d", round);
    }
}

/* Time of a round with n VMs whose weights and demands come in the given order: ascending, descending, all equal, up and down, at random. */
static double seconds_of(uint32_t n, int order) {
    vdc_cpu_entry *entries = calloc(n, sizeof *entries);
    void *scratch = malloc(vdc_cpu_share_scratch(n));
    uint64_t state = 1;
    double best = INFINITY;
    for (int turn = 0; turn < 5; turn++) {
        for (uint32_t i = 0; i < n; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            int64_t by[] = {i, n - i, 7, i % 2 ? i : n - i, (int64_t)(state >> 40)}, at = by[order] + 1;
            entries[i] = (vdc_cpu_entry){.demand = 1000 * at, .nominal = 1000 * at, .limit = VDC_UNLIMITED, .weight = 1 + at % 1000, .id = i};
        }
        clock_t begin = clock();
        vdc_cpu_share(300 * (int64_t)n, entries, n, scratch);
        double took = (double)(clock() - begin) / CLOCKS_PER_SEC;
        if (took < best) best = took;
    }
    free(entries);
    free(scratch);
    return best;
}

/* Sixteen times as many VMs: 16 times the work, 256 times where a round took quadratic time. */
Test(cpu_share_property, a_round_takes_time_in_proportion) {
    for (int order = 0; order < 5; order++) {
        double few = seconds_of(10000, order), many = seconds_of(160000, order);
        cr_assert(many < 80 * few + 0.01, "order %d: %.6f s and %.6f s", order, few, many);
    }
}
