/* See flows.h. */
#include "models/flows.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/memory.h"

typedef struct link {
    int64_t capacity, used;       /* units/s; used by its flows at their present rates */
    int64_t per_unit;             /* sum over its flows */
    uint32_t *members;            /* flow << 4 | index in the flow's path, in no order */
    uint32_t count, room;
    vdc_time since;
    vdc_wide carried;             /* up to since */
    /* While a part is solved; valid when stamp is the set's. */
    int64_t free;                 /* capacity that flows outside the part leave */
    int64_t rest, rising;         /* of it, not given out yet; weight x per_unit of the part's flows that still rise */
    int64_t mark_rest, mark_rising; /* the same when its mark was put into the heap */
    uint32_t stamp;
    uint32_t inside, unfrozen;    /* of its flows: in the part; still rising */
    bool expanded;                /* all its flows are in the part */
    bool active;                  /* it can fill up */
    bool dirty;
    /* While a filling is corrected. */
    uint32_t forced;              /* it counts although it had room to spare: when it is the set's number of the correction */
    vdc_wide more;                /* of its load, by what was corrected */
} link;

typedef enum flow_state { FREE, FLOWING, DELIVERING, ENDING } flow_state;

/* Where something stops rising: at level amount / weight. */
typedef struct mark {
    double level;                 /* nearly that: enough to tell most of them apart */
    int64_t amount, weight;
    uint32_t index;               /* of the link that is full, or of the flow that has its limit */
    bool is_link;
    uint32_t flow;                /* VDC_NO_FLOW, or in a correction: a flow that stopped here before */
} mark;

/* What a correction looks at of every flow comes first. */
typedef struct flow {
    uint32_t stamp;
    uint8_t links, state;
    bool dirty, frozen;
    bool odd;                     /* it stopped out of the order of marks */
    bool moved_on;                /* in a correction: it stops elsewhere, or at another rate, than before */
    mark froze;                   /* where it stopped rising when it was solved; weight 0 = it is new, or another one than it was */
    int64_t weight, rate, cap;
    int64_t alone;                /* what links leave it that it has for itself */
    mark stops;                   /* while a part is solved: the same as froze, and the solution; cap, also by links that it has alone */
    int64_t next_rate, limit;
    uint32_t at[VDC_FLOW_LINKS], position[VDC_FLOW_LINKS];
    int32_t per_unit[VDC_FLOW_LINKS];
    const vdc_flow_user *user;
    uint64_t subject, serial;
    int64_t id, told;
    vdc_wide total, moved;        /* unit·ns; total < 0: endless. moved is up to since */
    vdc_wide overshoot;           /* cut off moved at the end */
    vdc_time since, latency;
    vdc_event_handle event;
    uint32_t next_free;
} flow;

typedef struct remainder {
    int64_t id;
    uint64_t serial;
    int64_t numerator;
    uint32_t flow;
    int32_t per_unit;
} remainder;

typedef struct change {
    uint64_t serial;
    int64_t old_rate;
    uint32_t flow;
} change;

struct vdc_flow_set {
    vdc_queue *queue;
    const vdc_time *clock;
    uint32_t event_kind;
    link *links;
    flow *flows;
    size_t link_count, link_room, flow_room;
    uint32_t flow_slots, first_free, count;
    uint64_t serials, solved;
    uint32_t *dirty_flows, *dirty_links;
    size_t dirty_flow_count, dirty_flow_room, dirty_link_count, dirty_link_room;
    /* The part that is being solved. */
    uint32_t stamp;
    uint32_t *part, *part_links;
    size_t part_count, part_room, part_link_count, part_link_room;
    size_t looked_at;             /* links of the part whose flows were taken in where they must be */
    mark *heap;
    size_t heap_count, heap_room;
    mark now;                     /* what is processed */
    size_t rising;                /* flows of the part that have not stopped */
    uint32_t correction;          /* counts them */
    bool out_of_order;            /* now is before what was processed already */
    remainder *remainders;
    size_t remainder_room;
    change *changes;
    size_t change_room;
};

enum { PATH_BITS = 4 };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- the set ---- */

vdc_code vdc_flows_create(vdc_flow_set **out, vdc_queue *queue, uint32_t event_kind, const vdc_time *clock) {
    vdc_flow_set *set = *out = vdc_calloc(1, sizeof *set);
    if (!set) return VDC_ERROR_MEMORY;
    set->queue = queue;
    set->event_kind = event_kind;
    set->clock = clock;
    set->first_free = VDC_NO_FLOW;
    return VDC_OK;
}

void vdc_flows_destroy(vdc_flow_set *set) {
    if (!set) return;
    for (size_t l = 0; l < set->link_count; l++) vdc_free(set->links[l].members);
    vdc_free(set->links);
    vdc_free(set->flows);
    vdc_free(set->dirty_flows);
    vdc_free(set->dirty_links);
    vdc_free(set->part);
    vdc_free(set->part_links);
    vdc_free(set->heap);
    vdc_free(set->remainders);
    vdc_free(set->changes);
    vdc_free(set);
}

uint32_t vdc_flows_add_link(vdc_flow_set *set, int64_t capacity) {
    if (set->link_count >= VDC_NO_LINK || !VDC_RESERVE(set->links, set->link_room, set->link_count + 1)) return VDC_NO_LINK;
    set->links[set->link_count] = (link){.capacity = capacity < VDC_FLOW_RATE_MAX ? capacity : VDC_FLOW_RATE_MAX, .since = *set->clock};
    return (uint32_t)set->link_count++;
}

/* Has it less left than one unit for each of its flows? Only such links carry influence: at the end of the filling, at least per_unit is left on
 * any other, so that at no level before it could be the one that fills up, nor refuse anybody the unit that rounds up. */
static bool is_tight(const link *l) {
    return l->capacity - l->used <= l->per_unit;
}

static vdc_code dirty_link(vdc_flow_set *set, uint32_t index) {
    link *l = &set->links[index];
    if (l->dirty) return VDC_OK;
    if (!VDC_RESERVE(set->dirty_links, set->dirty_link_room, set->dirty_link_count + 1)) return VDC_ERROR_MEMORY;
    set->dirty_links[set->dirty_link_count++] = index;
    l->dirty = true;
    return VDC_OK;
}

static vdc_code dirty_flow(vdc_flow_set *set, uint32_t index) {
    flow *f = &set->flows[index];
    f->froze.weight = 0;
    if (f->dirty) return VDC_OK;
    if (!VDC_RESERVE(set->dirty_flows, set->dirty_flow_room, set->dirty_flow_count + 1)) return VDC_ERROR_MEMORY;
    set->dirty_flows[set->dirty_flow_count++] = index;
    f->dirty = true;
    return VDC_OK;
}

/* A link has one flow now, or had: what that one has for itself is something else. */
static void find_alone(vdc_flow_set *set, const link *l) {
    for (uint32_t m = 0; m < l->count && l->count <= 2; m++) {
        flow *f = &set->flows[l->members[m] >> PATH_BITS];
        f->alone = VDC_FLOW_RATE_MAX;
        for (uint8_t k = 0; k < f->links; k++)
            if (set->links[f->at[k]].count == 1) f->alone = least(f->alone, set->links[f->at[k]].capacity / f->per_unit[k]);
    }
}

vdc_code vdc_flows_set_capacity(vdc_flow_set *set, uint32_t index, int64_t capacity) {
    link *l = &set->links[index];
    if (capacity < 0) return VDC_ERROR_STATE;
    bool matters = is_tight(l);
    l->capacity = capacity < VDC_FLOW_RATE_MAX ? capacity : VDC_FLOW_RATE_MAX;
    find_alone(set, l);
    return matters || is_tight(l) ? dirty_link(set, index) : VDC_OK;
}

/* ---- one flow ---- */

static void link_load(vdc_flow_set *set, link *l, int64_t more) {
    l->carried += (vdc_wide)l->used * (*set->clock - l->since);
    l->since = *set->clock;
    l->used += more;
}

/* Brings what it moved up to the clock. */
static void advance(const vdc_flow_set *set, flow *f) {
    f->moved += (vdc_wide)f->rate * (*set->clock - f->since);
    if (f->total >= 0 && f->moved > f->total) {
        f->overshoot += f->moved - f->total;
        f->moved = f->total;
    }
    f->since = *set->clock;
}

/* Sets the event of a transfer by its rate. */
static vdc_code schedule(vdc_flow_set *set, uint32_t index) {
    flow *f = &set->flows[index];
    if (f->total < 0) return VDC_OK;
    vdc_wide left = f->total - f->moved, span = left == 0 ? 0 : f->rate == 0 ? VDC_TIME_MAX : (left + f->rate - 1) / f->rate;
    if (span > VDC_TIME_MAX - 1 - *set->clock) {
        if (f->event) vdc_queue_cancel(set->queue, f->event);
        f->event = 0;
        return VDC_OK;
    }
    vdc_time time = *set->clock + (vdc_time)span;
    if (f->event) return vdc_queue_move(set->queue, &f->event, time, VDC_RANK_VM_END, set->event_kind, index);
    return vdc_queue_push(set->queue, time, VDC_RANK_VM_END, set->event_kind, index, &f->event);
}

static vdc_code set_rate(vdc_flow_set *set, uint32_t index, int64_t rate) {
    flow *f = &set->flows[index];
    advance(set, f);
    for (uint8_t i = 0; i < f->links; i++) link_load(set, &set->links[f->at[i]], f->per_unit[i] * (rate - f->rate));
    f->rate = rate;
    return schedule(set, index);
}

static vdc_code attach(vdc_flow_set *set, uint32_t index, uint32_t links, const vdc_flow_use *path) {
    flow *f = &set->flows[index];
    for (uint32_t i = 0; i < links; i++) {
        link *l = &set->links[path[i].link];
        size_t room = l->room;
        if (!VDC_RESERVE(l->members, room, l->count + 1)) return VDC_ERROR_MEMORY;
        l->room = (uint32_t)room;
    }
    for (uint32_t i = 0; i < links; i++) {
        link *l = &set->links[path[i].link];
        f->at[i] = path[i].link;
        f->per_unit[i] = path[i].per_unit;
        f->position[i] = l->count;
        l->members[l->count++] = index << PATH_BITS | i;
        l->per_unit += path[i].per_unit;
    }
    f->links = (uint8_t)links;
    f->alone = VDC_FLOW_RATE_MAX;
    for (uint32_t i = 0; i < links; i++) find_alone(set, &set->links[path[i].link]);
    return VDC_OK;
}

/* Takes it off its links. Where one was tight, the others can have more. */
static vdc_code detach(vdc_flow_set *set, uint32_t index) {
    flow *f = &set->flows[index];
    advance(set, f);
    for (uint8_t i = 0; i < f->links; i++) {
        link *l = &set->links[f->at[i]];
        if (is_tight(l) && l->count > 1 && dirty_link(set, f->at[i])) return VDC_ERROR_MEMORY;
        link_load(set, l, -f->per_unit[i] * f->rate);
        l->per_unit -= f->per_unit[i];
        uint32_t last = l->members[--l->count];
        l->members[f->position[i]] = last;
        set->flows[last >> PATH_BITS].position[last & ((1 << PATH_BITS) - 1)] = f->position[i];
        find_alone(set, l);
    }
    f->links = 0;
    f->rate = 0;
    return VDC_OK;
}

static bool path_is_valid(const vdc_flow_set *set, uint32_t links, const vdc_flow_use *path) {
    if (links > VDC_FLOW_LINKS) return false;
    for (uint32_t i = 0; i < links; i++) {
        if (path[i].link >= set->link_count || path[i].per_unit < 1 || path[i].per_unit > VDC_FLOW_PER_UNIT_MAX) return false;
        for (uint32_t j = 0; j < i; j++)
            if (path[j].link == path[i].link) return false;
    }
    return true;
}

static int64_t cap_of(int64_t cap) {
    return cap < 0 || cap > VDC_FLOW_RATE_MAX ? VDC_FLOW_RATE_MAX : cap;
}

vdc_code vdc_flows_open(vdc_flow_set *set, const vdc_flow_spec *spec, uint32_t *out) {
    if (spec->weight < 1 || spec->weight > VDC_FLOW_WEIGHT_MAX || spec->amount < VDC_FLOW_ENDLESS || spec->latency < 0
        || set->count >= VDC_FLOW_COUNT_MAX || !path_is_valid(set, spec->links, spec->path))
        return VDC_ERROR_STATE;
    uint32_t index = set->first_free;
    if (index == VDC_NO_FLOW) {
        index = set->flow_slots;
        if (!VDC_RESERVE(set->flows, set->flow_room, (size_t)index + 1)) return VDC_ERROR_MEMORY;
    }
    uint32_t next_free = index == set->flow_slots ? VDC_NO_FLOW : set->flows[index].next_free;
    flow *f = &set->flows[index];
    *f = (flow){.user = spec->user, .subject = spec->subject, .serial = ++set->serials, .id = spec->id, .cap = cap_of(spec->cap),
                .weight = spec->weight, .total = spec->amount < 0 ? -1 : (vdc_wide)spec->amount * VDC_SECOND, .since = *set->clock,
                .latency = spec->latency, .state = FLOWING};
    vdc_code code = attach(set, index, spec->links, spec->path);
    if (code) return code;
    if (index == set->flow_slots) set->flow_slots++;
    set->first_free = next_free;
    set->count++;
    *out = index;
    code = dirty_flow(set, index);
    return code || f->total != 0 ? code : schedule(set, index);
}

vdc_code vdc_flows_change(vdc_flow_set *set, uint32_t index, int64_t cap, int64_t weight) {
    flow *f = &set->flows[index];
    if (weight < 1 || weight > VDC_FLOW_WEIGHT_MAX) return VDC_ERROR_STATE;
    cap = cap_of(cap);
    /* A cap that it does not reach is as good as another one. */
    bool matters = weight != f->weight || (cap != f->cap && (cap <= f->rate || f->rate == f->cap));
    f->cap = cap;
    f->weight = weight;
    return matters && f->state == FLOWING ? dirty_flow(set, index) : VDC_OK;
}

vdc_code vdc_flows_reroute(vdc_flow_set *set, uint32_t index, uint32_t links, const vdc_flow_use *path) {
    flow *f = &set->flows[index];
    if (f->state != FLOWING || !path_is_valid(set, links, path)) return VDC_ERROR_STATE;
    vdc_code code = detach(set, index);
    if (!code) code = attach(set, index, links, path);
    if (!code) code = schedule(set, index);
    return code ? code : dirty_flow(set, index);
}

vdc_code vdc_flows_extend(vdc_flow_set *set, uint32_t index, int64_t more) {
    flow *f = &set->flows[index];
    if (f->state != FLOWING || f->total < 0 || more < 0) return VDC_ERROR_STATE;
    advance(set, f);
    f->total += (vdc_wide)more * VDC_SECOND;
    return schedule(set, index);
}

static void release(vdc_flow_set *set, uint32_t index) {
    flow *f = &set->flows[index];
    f->state = FREE;
    f->dirty = false;
    f->next_free = set->first_free;
    set->first_free = index;
    set->count--;
}

vdc_code vdc_flows_close(vdc_flow_set *set, uint32_t index) {
    flow *f = &set->flows[index];
    if (f->state == FREE) return VDC_ERROR_STATE;
    vdc_code code = detach(set, index);
    if (f->event) vdc_queue_cancel(set->queue, f->event);
    f->event = 0;
    release(set, index);
    return code;
}

vdc_code vdc_flows_event(vdc_flow_set *set, uint32_t index, vdc_diag *diag) {
    flow *f = &set->flows[index];
    f->event = 0;
    if (f->state == FLOWING) {
        f->dirty = false;
        if (detach(set, index)) return vdc_no_memory(diag, "flows");
        f->state = DELIVERING;
        if (f->latency > 0) {
            uint64_t delivered = f->serial;
            int64_t told = f->told;
            f->told = 0;
            vdc_code told_end = told && f->user && f->user->changed ? f->user->changed(f->user->context, index, f->subject, told, 0, diag) : VDC_OK;
            f = &set->flows[index];
            if (told_end || f->serial != delivered || f->state != DELIVERING) return told_end;
            vdc_time at = f->latency > VDC_TIME_MAX - *set->clock ? VDC_TIME_MAX : *set->clock + f->latency;
            return vdc_queue_push(set->queue, at, VDC_RANK_VM_END, set->event_kind, index, &f->event) ? vdc_no_memory(diag, "pending events") : VDC_OK;
        }
    }
    f->state = ENDING;
    uint64_t serial = f->serial;
    vdc_code code = f->user && f->user->ended ? f->user->ended(f->user->context, index, f->subject, f->told, diag) : VDC_OK;
    f = &set->flows[index];
    if (f->serial == serial && f->state == ENDING) release(set, index);
    return code;
}

/* ---- the part that changes reach ---- */

static void next_stamp(vdc_flow_set *set) {
    if (++set->stamp) return;
    /* after 2^32 old stamps could be mistaken */
    for (size_t l = 0; l < set->link_count; l++) set->links[l].stamp = 0;
    for (uint32_t f = 0; f < set->flow_slots; f++) set->flows[f].stamp = 0;
    set->stamp = 1;
}


static vdc_code take_flow(vdc_flow_set *set, uint32_t index) {
    flow *f = &set->flows[index];
    if (f->stamp == set->stamp) return VDC_OK;
    if (!VDC_RESERVE(set->part, set->part_room, set->part_count + 1)
        || !VDC_RESERVE(set->part_links, set->part_link_room, set->part_link_count + f->links))
        return VDC_ERROR_MEMORY;
    f->stamp = set->stamp;
    set->part[set->part_count++] = index;
    for (uint8_t i = 0; i < f->links; i++) {
        link *l = &set->links[f->at[i]];
        if (l->stamp != set->stamp) {
            l->stamp = set->stamp;
            l->inside = 0;
            l->expanded = false;
            l->free = l->capacity - l->used;
            set->part_links[set->part_link_count++] = f->at[i];
        }
        l->inside++;
        l->free += f->per_unit[i] * f->rate;
    }
    return VDC_OK;
}

static vdc_code take_link(vdc_flow_set *set, uint32_t index) {
    link *l = &set->links[index];
    for (uint32_t i = 0; i < l->count; i++)
        if (take_flow(set, l->members[i] >> PATH_BITS)) return VDC_ERROR_MEMORY;
    if (l->stamp == set->stamp) l->expanded = true;
    return VDC_OK;
}

/* Takes in all that is connected by links that are tight at the rates up to now. */
static vdc_code close_part(vdc_flow_set *set) {
    for (; set->looked_at < set->part_link_count; set->looked_at++) {
        uint32_t index = set->part_links[set->looked_at];
        if (!set->links[index].expanded && is_tight(&set->links[index]) && take_link(set, index)) return VDC_ERROR_MEMORY;
    }
    return VDC_OK;
}

/* ---- progressive filling ---- */

static mark mark_at(int64_t amount, int64_t weight, uint32_t index, bool is_link) {
    return (mark){(double)amount / (double)weight, amount, weight, index, is_link, VDC_NO_FLOW};
}

static bool mark_before(const mark *a, const mark *b) {
    const double surely = 1e-14; /* a quotient of two rounded integers is off by less than 4e-16 of it */
    if (a->level < b->level - surely * b->level) return true;
    if (b->level < a->level - surely * a->level) return false;
    vdc_wide left = (vdc_wide)a->amount * b->weight, right = (vdc_wide)b->amount * a->weight;
    if (left != right) return left < right;
    if (a->is_link != b->is_link) return b->is_link;
    if (a->index != b->index) return a->index < b->index;
    return a->flow > b->flow; /* who stopped there before comes after what stops there now */
}

static void sink(mark *heap, size_t count, size_t at) {
    mark sinking = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && mark_before(&heap[child + 1], &heap[child])) child++;
        if (!mark_before(&heap[child], &sinking)) break;
        heap[at] = heap[child];
    }
    heap[at] = sinking;
}

static void mark_link(vdc_flow_set *set, mark *place, uint32_t index) {
    link *l = &set->links[index];
    l->mark_rest = l->rest;
    l->mark_rising = l->rising;
    *place = mark_at(l->rest, l->rising, index, true);
}

static vdc_code push(vdc_flow_set *set, mark rises) {
    if (!VDC_RESERVE(set->heap, set->heap_room, set->heap_count + 1)) return VDC_ERROR_MEMORY;
    size_t at = set->heap_count++;
    for (; at > 0 && mark_before(&rises, &set->heap[(at - 1) / 2]); at = (at - 1) / 2) set->heap[at] = set->heap[(at - 1) / 2];
    set->heap[at] = rises;
    return VDC_OK;
}

/* Whoever was rounded up may have taken more of a link than its share at the level where the link will be full: that is lower now. */
static vdc_code mark_again(vdc_flow_set *set, uint32_t index) {
    const link *l = &set->links[index];
    if (!l->active || l->unfrozen == 0 || (vdc_wide)l->rest * l->mark_rising >= (vdc_wide)l->mark_rest * l->rising) return VDC_OK;
    mark rises;
    mark_link(set, &rises, index);
    return push(set, rises);
}

/* It stops at set->now. */
static void freeze(vdc_flow_set *set, flow *f, int64_t rate) {
    f->next_rate = rate;
    f->frozen = true;
    f->stops = set->now;
    f->odd = set->out_of_order;
    for (uint8_t i = 0; i < f->links; i++) {
        link *l = &set->links[f->at[i]];
        if (l->stamp != set->stamp) continue;
        l->rest -= f->per_unit[i] * rate;
        l->rising -= f->per_unit[i] * f->weight;
        l->unfrozen--;
    }
}

static int by_remainder(const void *a, const void *b) {
    const remainder *x = a, *y = b;
    if (x->numerator != y->numerator) return x->numerator > y->numerator ? -1 : 1;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return x->serial < y->serial ? -1 : x->serial > y->serial;
}

/* ---- what is known of what was filled before ---- */

/* Does it count in a correction? With room to spare it influences nothing, with one flow it is that flow's limit. */
static bool counts(const vdc_flow_set *set, const link *l) {
    return l->count > 1 && (is_tight(l) || l->forced == set->correction);
}

/* What is left of a link at this point of the filling, and the weight of those of its flows that still rise. Those that the correction has not come
 * to stop where they stopped. */
static void state_at(const vdc_flow_set *set, const link *l, int64_t *rest, int64_t *rising, uint32_t *unfrozen) {
    *rest = l->capacity;
    *rising = *unfrozen = 0;
    for (uint32_t m = 0; m < l->count; m++) {
        const flow *f = &set->flows[l->members[m] >> PATH_BITS];
        int64_t per_unit = f->per_unit[l->members[m] & ((1 << PATH_BITS) - 1)];
        bool known = f->stamp == set->stamp, frozen = known ? f->frozen : mark_before(&f->froze, &set->now);
        if (frozen) *rest -= per_unit * (known ? f->next_rate : f->rate);
        else *rising += per_unit * f->weight, ++*unfrozen;
    }
}

/* Could it have one unit more without taking it from those that still rise, who are entitled to level amount / weight on every link? */
static bool may_round_up(const vdc_flow_set *set, const flow *f, const link *filled, int64_t amount, int64_t weight) {
    for (uint8_t i = 0; i < f->links; i++) {
        const link *l = &set->links[f->at[i]];
        int64_t rest = l->rest, rising = l->rising;
        uint32_t unfrozen;
        if (l == filled || (l->stamp == set->stamp ? !l->active : !counts(set, l))) continue;
        if (l->stamp != set->stamp) state_at(set, l, &rest, &rising, &unfrozen);
        if ((vdc_wide)(rest - f->per_unit[i]) * weight < (vdc_wide)amount * rising) return false;
    }
    return true;
}

/* The link is full at this level: those of its flows that still rise get what is left of it. */
static vdc_code fill(vdc_flow_set *set, link *l) {
    int64_t amount = l->rest, weight = l->rising;
    if (!VDC_RESERVE(set->remainders, set->remainder_room, l->unfrozen)) return VDC_ERROR_MEMORY;
    size_t count = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        uint32_t index = l->members[i] >> PATH_BITS;
        flow *f = &set->flows[index];
        if (f->stamp != set->stamp || f->frozen) continue;
        vdc_wide share = (vdc_wide)amount * f->weight;
        int64_t rate = (int64_t)(share / weight), numerator = (int64_t)(share - (vdc_wide)rate * weight);
        freeze(set, f, rate);
        set->rising--;
        if (numerator)
            set->remainders[count++] = (remainder){f->id, f->serial, numerator, index, f->per_unit[l->members[i] & ((1 << PATH_BITS) - 1)]};
    }
    if (l->rest == 0 || count == 0) return VDC_OK;
    qsort(set->remainders, count, sizeof *set->remainders, by_remainder);
    for (size_t i = 0; i < count && l->rest > 0; i++) {
        flow *f = &set->flows[set->remainders[i].flow];
        if (set->remainders[i].per_unit > l->rest || !may_round_up(set, f, l, amount, weight)) continue;
        f->next_rate++;
        for (uint8_t k = 0; k < f->links; k++) set->links[f->at[k]].rest -= f->per_unit[k];
        for (uint8_t k = 0; k < f->links; k++)
            if (mark_again(set, f->at[k])) return VDC_ERROR_MEMORY;
    }
    return VDC_OK;
}

/* Which links can fill up at all, and the caps that links with a single flow are. Returns the number of flows that cross such links;
 * the others have their limit. */
static size_t prepare(vdc_flow_set *set) {
    for (size_t i = 0; i < set->part_link_count; i++) {
        link *l = &set->links[set->part_links[i]];
        l->rest = l->free;
        l->rising = 0;
        l->unfrozen = l->inside;
        l->active = false;
    }
    for (size_t i = 0; i < set->part_count; i++) {
        flow *f = &set->flows[set->part[i]];
        f->frozen = false;
        f->limit = f->cap;
        for (uint8_t k = 0; k < f->links; k++) {
            link *l = &set->links[f->at[k]];
            l->rising += f->per_unit[k] * f->weight;
            if (l->inside > 1) continue;
            int64_t alone = f->per_unit[k] == 1 ? l->free : l->free / f->per_unit[k];
            if (alone < f->limit) f->limit = alone;
        }
    }
    /* A link that has per_unit left when all have their limits never matters. */
    for (size_t i = 0; i < set->part_link_count; i++) {
        link *l = &set->links[set->part_links[i]];
        if (l->inside == 1) continue;
        vdc_wide most = l->per_unit;
        for (uint32_t m = 0; m < l->count && most <= l->free; m++) {
            const flow *f = &set->flows[l->members[m] >> PATH_BITS];
            if (f->stamp == set->stamp) most += (vdc_wide)f->per_unit[l->members[m] & ((1 << PATH_BITS) - 1)] * f->limit;
        }
        l->active = most > l->free;
    }
    size_t rising = 0;
    for (size_t i = 0; i < set->part_count; i++) {
        flow *f = &set->flows[set->part[i]];
        bool rises = false;
        for (uint8_t k = 0; k < f->links && !rises; k++) rises = set->links[f->at[k]].active;
        if (rises) {
            rising++;
            continue;
        }
        set->now = mark_at(f->limit, f->weight, set->part[i], false);
        freeze(set, f, f->limit);
    }
    return rising;
}

static void drop_first(vdc_flow_set *set) {
    set->heap[0] = set->heap[--set->heap_count];
    if (set->heap_count) sink(set->heap, set->heap_count, 0);
}

/* Is the mark of a link out of date? Then it is put right: flows that froze left it more for the others than it had when it was marked. */
static bool mark_risen(vdc_flow_set *set) {
    const mark first = set->heap[0];
    const link *l = &set->links[first.index];
    if (!l->unfrozen || (l->rest == first.amount && l->rising == first.weight)) return false;
    mark_link(set, &set->heap[0], first.index);
    sink(set->heap, set->heap_count, 0);
    return true;
}

/* Goes on to a mark. */
static void move_to(vdc_flow_set *set, mark to) {
    set->out_of_order = mark_before(&to, &set->now);
    set->now = to;
}

enum { BEGINNING = -1 }; /* as an amount: before all marks */

/* Fills the part; the rates are in next_rate. */
static vdc_code fill_part(vdc_flow_set *set) {
    set->out_of_order = false;
    set->rising = prepare(set);
    size_t count = 0;
    set->solved += set->part_count;
    if (set->rising == 0) return VDC_OK;
    if (!VDC_RESERVE(set->heap, set->heap_room, set->rising + set->part_link_count)) return VDC_ERROR_MEMORY;
    for (size_t i = 0; i < set->part_count; i++) {
        const flow *f = &set->flows[set->part[i]];
        if (!f->frozen && f->limit < VDC_FLOW_RATE_MAX) set->heap[count++] = mark_at(f->limit, f->weight, set->part[i], false);
    }
    for (size_t i = 0; i < set->part_link_count; i++)
        if (set->links[set->part_links[i]].active && set->links[set->part_links[i]].unfrozen) mark_link(set, &set->heap[count++], set->part_links[i]);
    set->heap_count = count;
    for (size_t at = count / 2; at-- > 0;) sink(set->heap, count, at);
    set->now = mark_at(BEGINNING, 1, 0, false);
    while (set->rising > 0 && set->heap_count > 0) {
        mark first = set->heap[0];
        if (first.is_link && mark_risen(set)) continue;
        drop_first(set);
        if (!first.is_link) {
            flow *f = &set->flows[first.index];
            if (f->frozen) continue;
            move_to(set, first);
            freeze(set, f, first.amount);
            set->rising--;
            continue;
        }
        if (set->links[first.index].unfrozen == 0) continue;
        move_to(set, first);
        if (fill(set, &set->links[first.index])) return VDC_ERROR_MEMORY;
    }
    return VDC_OK;
}

/* Takes in the other flows of links that the solution makes tight. */
static vdc_code widen(vdc_flow_set *set, bool *wider) {
    *wider = false;
    size_t links = set->part_link_count;
    for (size_t i = 0; i < links; i++) {
        link *l = &set->links[set->part_links[i]];
        if (l->expanded || l->inside == l->count || l->rest > l->per_unit) continue;
        if (take_link(set, set->part_links[i])) return VDC_ERROR_MEMORY;
        *wider = true;
    }
    return *wider ? close_part(set) : VDC_OK;
}

/* ---- correcting a filling ----
 *
 * The filling is gone through again from the beginning, but only on those links where it takes another course. The part is the flows on them. On
 * other links everything stops where it stopped, which is known (froze). Another course begins where a flow stops at another mark or rate
 * than it did, or does not stop where it did: from there on its links are gone through, too. So a change costs what it changes, however many flows
 * hang together. Links that have room to spare are left out; where the correction makes one tight it begins anew with that one.
 */

/* Takes a flow in, as it is at this point. */
static vdc_code see(vdc_flow_set *set, uint32_t index) {
    flow *f = &set->flows[index];
    if (f->stamp == set->stamp) return VDC_OK;
    if (!VDC_RESERVE(set->part, set->part_room, set->part_count + 1)) return VDC_ERROR_MEMORY;
    f->stamp = set->stamp;
    set->part[set->part_count++] = index;
    f->moved_on = false;
    f->stops = f->froze;
    f->next_rate = f->rate;
    f->frozen = f->froze.weight && mark_before(&f->froze, &set->now);
    set->out_of_order = set->out_of_order || f->odd;
    if (f->frozen) return VDC_OK;
    set->rising++;
    f->limit = least(f->cap, f->alone);
    if (push(set, mark_at(f->limit, f->weight, index, false))) return VDC_ERROR_MEMORY;
    mark before = f->froze;
    before.flow = index;
    return before.weight ? push(set, before) : VDC_OK;
}

/* The filling takes another course on this link from here on. */
static vdc_code touch(vdc_flow_set *set, uint32_t index) {
    link *l = &set->links[index];
    if (l->stamp == set->stamp || !counts(set, l)) return VDC_OK;
    for (uint32_t m = 0; m < l->count; m++)
        if (see(set, l->members[m] >> PATH_BITS)) return VDC_ERROR_MEMORY;
    state_at(set, l, &l->rest, &l->rising, &l->unfrozen);
    l->stamp = set->stamp;
    l->active = true;
    if (l->unfrozen == 0) return VDC_OK;
    mark rises;
    mark_link(set, &rises, index);
    return push(set, rises);
}

/* The flow takes another course from here on. */
static vdc_code move_on(vdc_flow_set *set, flow *f) {
    f->moved_on = true;
    for (uint8_t k = 0; k < f->links; k++)
        if (touch(set, f->at[k])) return VDC_ERROR_MEMORY;
    return VDC_OK;
}

/* It has stopped: where and as it did before? */
static vdc_code compare(vdc_flow_set *set, flow *f) {
    const mark *a = &f->froze, *b = &f->stops;
    bool same = f->next_rate == f->rate && a->weight && a->is_link == b->is_link && a->index == b->index
                && (vdc_wide)a->amount * b->weight == (vdc_wide)b->amount * a->weight;
    return same || f->moved_on ? VDC_OK : move_on(set, f);
}

/* What changed, from the beginning. */
static vdc_code begin_correction(vdc_flow_set *set) {
    next_stamp(set);
    set->part_count = set->heap_count = set->rising = 0;
    set->out_of_order = false;
    set->now = mark_at(BEGINNING, 1, 0, false);
    for (size_t i = 0; i < set->dirty_flow_count; i++)
        if (set->flows[set->dirty_flows[i]].dirty && see(set, set->dirty_flows[i])) return VDC_ERROR_MEMORY;
    for (size_t i = 0; i < set->dirty_link_count; i++) {
        const link *l = &set->links[set->dirty_links[i]];
        if (l->count == 1 && see(set, l->members[0] >> PATH_BITS)) return VDC_ERROR_MEMORY;
        if (touch(set, set->dirty_links[i])) return VDC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < set->dirty_flow_count; i++) {
        flow *f = &set->flows[set->dirty_flows[i]];
        if (f->dirty && move_on(set, f)) return VDC_ERROR_MEMORY;
    }
    return VDC_OK;
}

/* The link is full. */
static vdc_code refill(vdc_flow_set *set, link *l) {
    if (fill(set, l)) return VDC_ERROR_MEMORY;
    for (uint32_t m = 0; m < l->count; m++) {
        flow *f = &set->flows[l->members[m] >> PATH_BITS];
        if (f->frozen && compare(set, f)) return VDC_ERROR_MEMORY;
    }
    return VDC_OK;
}

/* Here the flow stopped and does not any more, unless the link that stopped it has only now become interesting: what rounds up there may depend
 * on other links. */
static vdc_code pass_by(vdc_flow_set *set, mark before) {
    flow *f = &set->flows[before.flow];
    before.flow = VDC_NO_FLOW;
    set->now = before;
    if (before.is_link && set->links[before.index].stamp != set->stamp && counts(set, &set->links[before.index])) return touch(set, before.index);
    return f->moved_on ? VDC_OK : move_on(set, f);
}

static vdc_code go_through(vdc_flow_set *set) {
    while (set->rising > 0 && set->heap_count > 0 && !set->out_of_order) {
        mark first = set->heap[0];
        vdc_code code = VDC_OK;
        if (first.flow == VDC_NO_FLOW && first.is_link && mark_risen(set)) continue;
        drop_first(set);
        if (first.flow != VDC_NO_FLOW) {
            if (!set->flows[first.flow].frozen) code = pass_by(set, first);
        } else if (first.is_link) {
            if (set->links[first.index].unfrozen == 0) continue;
            move_to(set, first);
            if (!set->out_of_order) code = refill(set, &set->links[first.index]);
        } else if (!set->flows[first.index].frozen) {
            move_to(set, first);
            freeze(set, &set->flows[first.index], first.amount);
            set->rising--;
            code = compare(set, &set->flows[first.index]);
        }
        if (code) return code;
    }
    return VDC_OK;
}

/* Links that were left out and that the correction makes tight. */
static bool force_tight(vdc_flow_set *set) {
    bool found = false;
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < set->part_count; i++) {
            const flow *f = &set->flows[set->part[i]];
            for (uint8_t k = 0; k < f->links && f->next_rate != f->rate; k++) {
                link *l = &set->links[f->at[k]];
                if (l->stamp == set->stamp || l->count == 1) continue;
                if (turn == 0) {
                    l->more += (vdc_wide)f->per_unit[k] * (f->next_rate - f->rate);
                    continue;
                }
                if (l->capacity - l->used - l->more <= l->per_unit && l->forced != set->correction) l->forced = set->correction, found = true;
            }
        }
    for (size_t i = 0; i < set->part_count; i++)
        for (uint8_t k = 0; k < set->flows[set->part[i]].links; k++) set->links[set->flows[set->part[i]].at[k]].more = 0;
    return found;
}

/* Finds the rates after what changed from those before. *done = false: that cannot be told, because what rounded up stopped something out of order. */
static vdc_code correct(vdc_flow_set *set, bool *done) {
    if (++set->correction == 0) {
        for (size_t l = 0; l < set->link_count; l++) set->links[l].forced = 0;
        set->correction = 1;
    }
    for (size_t i = 0; i < set->dirty_link_count; i++) set->links[set->dirty_links[i]].forced = set->correction;
    do {
        if (begin_correction(set) || go_through(set)) return VDC_ERROR_MEMORY;
        set->solved += set->part_count;
        *done = !set->out_of_order && set->rising == 0;
    } while (*done && force_tight(set));
    return VDC_OK;
}

bool vdc_flows_unsettled(const vdc_flow_set *set) {
    return set->dirty_flow_count > 0 || set->dirty_link_count > 0;
}

static vdc_code gather_part(vdc_flow_set *set) {
    next_stamp(set);
    set->part_count = set->part_link_count = set->looked_at = 0;
    for (size_t i = 0; i < set->dirty_flow_count; i++) {
        flow *f = &set->flows[set->dirty_flows[i]];
        if (f->dirty && take_flow(set, set->dirty_flows[i])) return VDC_ERROR_MEMORY;
    }
    for (size_t i = 0; i < set->dirty_link_count; i++)
        if (take_link(set, set->dirty_links[i])) return VDC_ERROR_MEMORY;
    return close_part(set);
}

/* Fills all that the changes hang together with. */
static vdc_code solve_part(vdc_flow_set *set) {
    bool wider = true;
    if (gather_part(set)) return VDC_ERROR_MEMORY;
    while (wider)
        if (fill_part(set) || widen(set, &wider)) return VDC_ERROR_MEMORY;
    return VDC_OK;
}

/* Nothing is left that changed. */
static void clean(vdc_flow_set *set) {
    for (size_t i = 0; i < set->dirty_flow_count; i++) set->flows[set->dirty_flows[i]].dirty = false;
    for (size_t i = 0; i < set->dirty_link_count; i++) set->links[set->dirty_links[i]].dirty = false;
    set->dirty_flow_count = set->dirty_link_count = 0;
}

/* Puts the solution into force. */
static vdc_code apply(vdc_flow_set *set, size_t *changed) {
    *changed = 0;
    if (!VDC_RESERVE(set->changes, set->change_room, set->part_count)) return VDC_ERROR_MEMORY;
    for (size_t i = 0; i < set->part_count; i++) {
        flow *f = &set->flows[set->part[i]];
        f->froze = f->stops;
        if (f->next_rate != f->rate && set_rate(set, set->part[i], f->next_rate)) return VDC_ERROR_MEMORY;
        if (f->told == f->rate) continue;
        if (f->user && f->user->changed) set->changes[(*changed)++] = (change){f->serial, f->told, set->part[i]};
        f->told = f->rate;
    }
    return VDC_OK;
}

vdc_code vdc_flows_settle(vdc_flow_set *set, vdc_diag *diag) {
    while (vdc_flows_unsettled(set)) {
        bool corrected = false;
        size_t changed = 0;
        if (correct(set, &corrected) || (!corrected && solve_part(set))) return vdc_no_memory(diag, "flows");
        clean(set);
        if (apply(set, &changed)) return vdc_no_memory(diag, "flows");
        for (size_t i = 0; i < changed; i++) {
            const change *c = &set->changes[i];
            const flow *f = &set->flows[c->flow];
            if (f->serial != c->serial || f->state != FLOWING) continue; /* closed by somebody who was told before */
            vdc_code code = f->user->changed(f->user->context, c->flow, f->subject, c->old_rate, f->told, diag);
            if (code) return code;
        }
    }
    return VDC_OK;
}

/* ---- looking ---- */

int64_t vdc_flows_rate(const vdc_flow_set *set, uint32_t index) {
    return set->flows[index].rate;
}

vdc_wide vdc_flows_moved(const vdc_flow_set *set, uint32_t index) {
    const flow *f = &set->flows[index];
    vdc_wide moved = f->moved + (vdc_wide)f->rate * (*set->clock - f->since);
    return f->total >= 0 && moved > f->total ? f->total : moved;
}

vdc_wide vdc_flows_overshoot(const vdc_flow_set *set, uint32_t index) {
    return set->flows[index].overshoot;
}

int64_t vdc_flows_left(const vdc_flow_set *set, uint32_t index) {
    const flow *f = &set->flows[index];
    return f->total < 0 ? 0 : (int64_t)((f->total - vdc_flows_moved(set, index) + VDC_SECOND - 1) / VDC_SECOND);
}

uint32_t vdc_flows_count(const vdc_flow_set *set) {
    return set->count;
}

uint32_t vdc_flows_links(const vdc_flow_set *set) {
    return (uint32_t)set->link_count;
}

int64_t vdc_flows_capacity(const vdc_flow_set *set, uint32_t index) {
    return set->links[index].capacity;
}

int64_t vdc_flows_load(const vdc_flow_set *set, uint32_t index) {
    return set->links[index].used;
}

uint32_t vdc_flows_on_link(const vdc_flow_set *set, uint32_t index) {
    return set->links[index].count;
}

vdc_wide vdc_flows_carried(const vdc_flow_set *set, uint32_t index) {
    const link *l = &set->links[index];
    return l->carried + (vdc_wide)l->used * (*set->clock - l->since);
}

uint64_t vdc_flows_solved(const vdc_flow_set *set) {
    return set->solved;
}

int64_t vdc_flows_violations(vdc_flow_set *set) {
    int64_t wrong = 0;
    for (size_t i = 0; i < set->link_count; i++) {
        link *l = &set->links[i];
        vdc_wide sum = 0;
        l->rest = -1, l->rising = 1; /* the largest (rate - 1) / weight of its flows */
        for (uint32_t m = 0; m < l->count; m++) {
            const flow *f = &set->flows[l->members[m] >> PATH_BITS];
            sum += (vdc_wide)f->per_unit[l->members[m] & ((1 << PATH_BITS) - 1)] * f->rate;
            if ((vdc_wide)(f->rate - 1) * l->rising > (vdc_wide)l->rest * f->weight) l->rest = f->rate - 1, l->rising = f->weight;
        }
        wrong += sum != l->used || l->used > l->capacity;
    }
    for (uint32_t i = 0; i < set->flow_slots; i++) {
        const flow *f = &set->flows[i];
        if (f->state != FLOWING) continue;
        bool held = f->rate == f->cap;
        for (uint8_t k = 0; k < f->links && !held; k++) {
            const link *l = &set->links[f->at[k]];
            held = is_tight(l) && (vdc_wide)l->rest * f->weight <= (vdc_wide)(f->rate + 1) * l->rising;
        }
        wrong += !held || f->rate < 0 || f->rate > f->cap;
    }
    return wrong;
}
