/* The water-filling solver of cpu_share.h.
 *
 * The filled amount as a function of lambda is piecewise linear: at lo_i/w_i VM i leaves its floor and begins to rise, at
 * hi_i/w_i it reaches its cap. These breakpoints are ordered as fractions by cross-multiplication (no floating
 * point anywhere), and the segment on which the capacity runs out is found as quickselect finds an element: a pivot divides the breakpoints that are
 * in question, the amount filled up to it says on which side to go on, and half of the rest is left on average: O(n) altogether. There
 * lambda = (C - what is clamped) / (weight of those that rise) is a fraction, so each of these VMs gets the floor of
 * lambda w_i and the rest goes by largest remainder. lo and hi are integers, hence rounding up never passes a cap:
 * a remainder above 0 means that lambda w_i is strictly between two integers, the upper of which is <= hi_i.
 */
#include "models/cpu_share.h"

#include "sim/base/units.h"

/* A fraction with its VM: a breakpoint, or (with weight 1) a remainder turned negative. */
typedef struct mark {
    int64_t amount;
    int64_t weight;
    uint32_t index;
    bool rises;     /* a breakpoint where the VM leaves its floor; else it reaches its cap */
} mark;

static bool mark_before(const mark *a, const mark *b) {
    vdc_wide left = (vdc_wide)a->amount * b->weight, right = (vdc_wide)b->amount * a->weight;
    if (left != right) return left < right;
    if (a->index != b->index) return a->index < b->index;
    return a->rises && !b->rises; /* a VM whose floor is its cap rises before it stops */
}

static void swap(mark *a, mark *b) {
    mark between = *a;
    *a = *b;
    *b = between;
}

/* Divides marks[low .. high) by one of them, drawn by a hash so that no order of VMs makes it slow: returns its place, with those that come before it
 * before it. */
static uint32_t divide(mark *marks, uint32_t low, uint32_t high) {
    uint64_t hash = ((uint64_t)high << 32 | low) * UINT64_C(0x9E3779B97F4A7C15) >> 32, place = low;
    swap(&marks[low + (uint32_t)(hash * (high - low) >> 32)], &marks[high - 1]);
    for (uint32_t i = low; i + 1 < high; i++)
        if (mark_before(&marks[i], &marks[high - 1])) swap(&marks[i], &marks[place++]);
    swap(&marks[place], &marks[high - 1]);
    return (uint32_t)place;
}

/* Puts the first `wanted` of the marks, in their order, in front, in any order. */
static void select_first(mark *marks, uint32_t count, uint32_t wanted) {
    for (uint32_t low = 0, high = count; low < high;) {
        uint32_t at = divide(marks, low, high);
        if (at == wanted) return;
        if (at < wanted) low = at + 1;
        else high = at;
    }
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Between what and what the VM is filled. Where the floors alone exceed the capacity they become the caps. */
typedef struct band {
    int64_t lo, hi;
} band;

static band band_of(const vdc_cpu_entry *entry, bool floors_fit) {
    int64_t floor = vdc_cpu_floor(entry);
    return floors_fit ? (band){floor, entry->ceiling} : (band){0, floor};
}

void vdc_cpu_entry_of(const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    int64_t size = request->size[VDC_CPU], weight = request->cpu_weight;
    if (weight < 1) weight = (int64_t)((vdc_wide)size * VDC_CPU_WEIGHT_PER_VCPU / 1000);
    *entry = (vdc_cpu_entry){
        .nominal = (int64_t)((vdc_wide)size * host_speed / 1000),
        .limit = request->cpu_limit,
        .reservation = request->cpu_reservation,
        .weight = weight < 1 ? 1 : weight,
        .priority = request->priority,
        .id = request->id,
        .period = request->cpu_period,
    };
}

int64_t vdc_cpu_ceiling(const vdc_cpu_entry *entry) {
    int64_t ceiling = smaller(entry->demand, entry->nominal);
    if (entry->limit != VDC_UNLIMITED) ceiling = smaller(ceiling, entry->limit);
    return ceiling < 0 ? 0 : ceiling;
}

int64_t vdc_cpu_floor(const vdc_cpu_entry *entry) {
    int64_t floor = smaller(entry->reservation, vdc_cpu_ceiling(entry));
    return floor < 0 ? 0 : floor;
}

size_t vdc_cpu_share_scratch(uint32_t count) {
    return 2 * (size_t)count * sizeof(mark);
}

/* The segment of the piecewise linear function on which the capacity is reached: lambda = shared / rising. rising is 0 when the
 * floors are the capacity. */
typedef struct level {
    vdc_wide shared, rising;
} level;

/* Lambda goes beyond the breakpoint. */
static void pass(const mark *passed, vdc_wide *clamped, vdc_wide *rising) {
    *clamped += passed->rises ? -passed->amount : passed->amount;
    *rising += passed->rises ? passed->weight : -passed->weight;
}

static level find_level(int64_t capacity, const vdc_cpu_entry *entries, uint32_t count, bool floors_fit, mark *marks) {
    uint32_t high = 0;
    vdc_wide clamped = 0;  /* sum of those at their floor or cap */
    vdc_wide rising = 0;   /* weight of those in between */
    for (uint32_t i = 0; i < count; i++) {
        band limits = band_of(&entries[i], floors_fit);
        clamped += limits.lo;
        if (limits.lo == limits.hi) continue;
        if (limits.lo > 0) marks[high++] = (mark){limits.lo, entries[i].weight, i, true};
        else rising += entries[i].weight;
        marks[high++] = (mark){limits.hi, entries[i].weight, i, false};
    }
    for (uint32_t low = 0; low < high;) {
        uint32_t at = divide(marks, low, high);
        vdc_wide clamped_then = clamped, rising_then = rising;
        for (uint32_t i = low; i < at; i++) pass(&marks[i], &clamped_then, &rising_then);
        const mark *pivot = &marks[at];
        if (clamped_then * pivot->weight + rising_then * pivot->amount < (vdc_wide)capacity * pivot->weight) {
            pass(pivot, &clamped_then, &rising_then);
            clamped = clamped_then;
            rising = rising_then;
            low = at + 1;
        } else {
            high = at;
        }
    }
    return (level){capacity - clamped, rising};
}

void vdc_cpu_share(int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    vdc_wide wanted = 0, floors = 0;
    for (uint32_t i = 0; i < count; i++) {
        entries[i].ceiling = vdc_cpu_ceiling(&entries[i]);
        entries[i].grant = entries[i].ceiling;
        wanted += entries[i].ceiling;
        floors += vdc_cpu_floor(&entries[i]);
    }
    if (wanted <= capacity) return;

    bool floors_fit = floors <= capacity;
    mark *marks = scratch;
    level at = find_level(capacity, entries, count, floors_fit, marks);
    vdc_wide left = capacity;
    uint32_t remainders = 0;
    for (uint32_t i = 0; i < count; i++) {
        vdc_cpu_entry *entry = &entries[i];
        band limits = band_of(entry, floors_fit);
        vdc_wide share = at.shared * entry->weight; /* lambda w_i, times at.rising */
        if (share <= at.rising * limits.lo) {
            entry->grant = limits.lo;
        } else if (share >= at.rising * limits.hi) {
            entry->grant = limits.hi;
        } else {
            entry->grant = (int64_t)(share / at.rising);
            marks[remainders++] = (mark){-(int64_t)(share % at.rising), 1, i, false};
        }
        left -= entry->grant;
    }
    select_first(marks, remainders, (uint32_t)left); /* there are more remainders than units left */
    for (uint32_t i = 0; i < (uint32_t)left; i++) entries[marks[i].index].grant++;
}
