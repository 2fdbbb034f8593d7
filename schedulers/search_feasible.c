/* Which hosts a request fits on, as a tree of bitmaps.
 *
 * Every host has one 64-bit word: the shapes (search_shapes.h) that fit on it. A node of the tree is the union of the eight words below it, one
 * cache line: what fits on one of those hosts. When a host changes, its word is computed anew and the unions above it as far as they change,
 * for all shapes at once; near the root they hardly ever do. "The first host that fits" is one descent, whatever the number of hosts.
 *
 * Up to 64 shapes have a bit of their own. With more of them, the bits stand for levels of size: a grid over the resources
 * in use whose levels are quantiles of the sizes seen. A request uses the bit of the levels just below its sizes, which
 * holds every host that it fits on and some more, and each host found is checked. Where too many are found in vain, the levels
 * are drawn anew.
 */
#include "schedulers/search_feasible.h"

#include <stdlib.h>
#include <string.h>

enum {
    TREE_DEPTH = 12,         /* 8^11 > 2^32 hosts, and the root */
    FAN = 8,                 /* words a node unites: a cache line */
    SAMPLE = 256,            /* sizes remembered for the levels */
    COUNT_BLOCK = 64,        /* hosts a counter */
    COUNT_GROUP = 64         /* counters a counter above them */
};

/* The levels of one resource's sizes. */
typedef struct level_table {
    vdc_resource resource;
    unsigned levels;
    int64_t level[VDC_SHAPES];   /* ascending */
    bool from_zero;              /* sizes below the lowest level were met */
} level_table;

struct vdc_feasible {
    const vdc_hosts *hosts;
    const uint32_t *order;       /* position -> host, or NULL */
    uint32_t *position;          /* host -> position, or NULL */
    vdc_shapes shapes;
    uint64_t *tree[TREE_DEPTH];  /* [0][position]: shapes that fit; [level][node]: on one of the eight below; whole lines, so zeros at the end */
    size_t nodes[TREE_DEPTH];    /* without those */
    unsigned depth;
    /* Counters, kept from the first time that somebody counts: hosts that take a shape, by block and by group of blocks. */
    uint16_t *block_count;       /* [shape x blocks + block] */
    uint16_t *group_count;       /* [shape x groups + group] */
    size_t blocks, groups;
    uint32_t total[VDC_SHAPES];
    /* Levels instead of shapes, when there are too many shapes. */
    bool levelled;
    level_table level[VDC_RESOURCES];
    uint64_t in_vain;            /* hosts found that did not fit, since the levels were drawn */
    vdc_request sample[SAMPLE];  /* the newest requests, in turn */
    uint32_t sampled;
};

/* --- the trees --- */

static inline uint32_t position_of(const vdc_feasible *f, uint32_t host) {
    return f->position ? f->position[host] : host;
}

static inline uint32_t host_at(const vdc_feasible *f, uint32_t position) {
    return f->order ? f->order[position] : position;
}

/* What the eight words of a line hold together. */
static inline uint64_t united(const uint64_t line[FAN]) {
    return (line[0] | line[1]) | (line[2] | line[3]) | ((line[4] | line[5]) | (line[6] | line[7]));
}

/* The first of the eight words that has the bit, which one of them does; without a branch that nobody could foresee. */
static inline unsigned first_with(const uint64_t line[FAN], uint64_t bit) {
    unsigned at = (line[0] | line[1] | line[2] | line[3]) & bit ? 0 : 4;
    at += (line[at] | line[at + 1]) & bit ? 0 : 2;
    return at + (line[at] & bit ? 0 : 1);
}

static void recount(vdc_feasible *f, uint32_t position, uint64_t fits, uint64_t changed) {
    size_t block = position / COUNT_BLOCK, group = block / COUNT_GROUP;
    for (; changed; changed &= changed - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(changed);
        int step = fits >> slot & 1 ? 1 : -1;
        uint16_t *in_block = &f->block_count[slot * f->blocks + block], *in_group = &f->group_count[slot * f->groups + group];
        *in_block = (uint16_t)(*in_block + step);
        *in_group = (uint16_t)(*in_group + step);
        f->total[slot] += (uint32_t)step;
    }
}

void vdc_feasible_update(vdc_feasible *f, uint32_t host) {
    uint32_t position = position_of(f, host);
    uint64_t fits = vdc_shapes_fitting(&f->shapes, host), changed = fits ^ f->tree[0][position];
    if (!changed) return;
    f->tree[0][position] = fits;
    if (f->block_count) recount(f, position, fits, changed);
    size_t node = position;
    for (unsigned level = 1; level < f->depth; level++) {
        node /= FAN;
        uint64_t together = united(&f->tree[level - 1][node * FAN]);
        if (f->tree[level][node] == together) return;
        f->tree[level][node] = together;
    }
}

static void count_slot(vdc_feasible *f, unsigned slot) {
    f->total[slot] = 0;
    memset(&f->group_count[slot * f->groups], 0, f->groups * sizeof *f->group_count);
    for (size_t block = 0; block < f->blocks; block++) {
        unsigned count = 0;
        for (size_t position = block * COUNT_BLOCK; position < (block + 1) * COUNT_BLOCK && position < f->hosts->count; position++)
            count += (unsigned)(f->tree[0][position] >> slot & 1);
        f->block_count[slot * f->blocks + block] = (uint16_t)count;
        f->group_count[slot * f->groups + block / COUNT_GROUP] = (uint16_t)(f->group_count[slot * f->groups + block / COUNT_GROUP] + count);
        f->total[slot] += count;
    }
}

/* Sets the bits of the slots in `slots` from the hosts as they stand. O(hosts). */
static void build(vdc_feasible *f, uint64_t slots) {
    for (uint32_t position = 0; position < f->hosts->count; position++) {
        uint64_t fits = vdc_shapes_fitting(&f->shapes, host_at(f, position)) & slots;
        f->tree[0][position] = (f->tree[0][position] & ~slots) | fits;
    }
    for (unsigned level = 1; level < f->depth; level++) {
        for (size_t node = 0; node < f->nodes[level]; node++) f->tree[level][node] = united(&f->tree[level - 1][node * FAN]);
    }
    for (uint64_t left = f->block_count ? slots : 0; left; left &= left - 1) count_slot(f, (unsigned)__builtin_ctzll(left));
}

/* The first position >= from whose word has the slot's bit, -1: none. */
static int64_t next_in_tree(const vdc_feasible *f, unsigned slot, uint32_t from) {
    uint64_t bit = UINT64_C(1) << slot;
    size_t node = from;
    unsigned level = 0;
    if (from == 0) {
        level = f->depth - 1;
        if (!(f->tree[level][0] & bit)) return -1;
    } else {
        /* Up, until what is to the right of where we came from has the bit. */
        while (node < f->nodes[level] && !(f->tree[level][node] & bit)) {
            if (++node % FAN == 0) node /= FAN, level++;
        }
        if (node >= f->nodes[level]) return -1;
    }
    for (; level > 0; level--) node = node * FAN + first_with(&f->tree[level - 1][node * FAN], bit);
    return (int64_t)node;
}

/* --- levels, when there are too many shapes --- */

/* The slot of the levels just below the request's sizes; VDC_NO_SHAPE when a size is below the lowest level. */
static int level_slot(vdc_feasible *f, const vdc_request *request) {
    unsigned slot = 0;
    for (unsigned t = 0; t < f->shapes.resources; t++) {
        level_table *table = &f->level[t];
        int64_t size = request->size[table->resource];
        if (size < table->level[0]) {
            table->from_zero = true;
            return VDC_NO_SHAPE;
        }
        unsigned digit = 0;
        while (digit + 1 < table->levels && table->level[digit + 1] <= size) digit++;
        slot = slot * table->levels + digit;
    }
    return (int)slot;
}

/* Gives each resource levels at quantiles of the sampled sizes, as many as fit into 64 combinations, the more the more distinct
 * sizes it has, and gives each combination a bit. */
static void draw_levels(vdc_feasible *f) {
    static const vdc_request nothing;
    int64_t sorted[VDC_RESOURCES][SAMPLE];
    unsigned distinct[VDC_RESOURCES], samples = f->sampled < SAMPLE ? f->sampled : SAMPLE;
    for (unsigned t = 0; t < f->shapes.resources; t++) {
        level_table *table = &f->level[t];
        for (unsigned i = 0; i < samples; i++) sorted[t][i] = f->sample[i].size[table->resource];
        qsort(sorted[t], samples, sizeof **sorted, vdc_compare_int64);
        distinct[t] = 1;
        for (unsigned i = 1; i < samples; i++) distinct[t] += sorted[t][i] != sorted[t][i - 1];
        table->levels = 1;
    }
    for (unsigned product = 1;;) {
        level_table *widest = NULL;
        unsigned most = 1; /* distinct sizes a level, at least two to be worth a level more */
        for (unsigned t = 0; t < f->shapes.resources; t++) {
            level_table *table = &f->level[t];
            if (distinct[t] <= most * table->levels || product / table->levels * (table->levels + 1) > VDC_SHAPES) continue;
            most = distinct[t] / table->levels;
            widest = table;
        }
        if (!widest) break;
        product = product / widest->levels * (widest->levels + 1);
        widest->levels++;
    }
    unsigned slots = 1;
    for (unsigned t = 0; t < f->shapes.resources; t++) {
        level_table *table = &f->level[t];
        for (unsigned i = 0; i < table->levels; i++) table->level[i] = sorted[t][(size_t)i * samples / table->levels];
        if (table->from_zero) table->level[0] = 0;
        slots *= table->levels;
    }
    f->shapes.active = slots == VDC_SHAPES ? ~UINT64_C(0) : (UINT64_C(1) << slots) - 1;
    for (unsigned slot = 0; slot < slots; slot++) {
        f->shapes.request[slot] = nothing;
        unsigned rest = slot;
        for (unsigned t = f->shapes.resources; t-- > 0;) {
            f->shapes.request[slot].size[f->level[t].resource] = f->level[t].level[rest % f->level[t].levels];
            rest /= f->level[t].levels;
        }
    }
    f->in_vain = 0;
    vdc_shapes_refresh(&f->shapes);
    build(f, ~UINT64_C(0));
}

/* The slot whose bits hold every host that takes the request; takes one where there is none yet. */
static unsigned slot_for(vdc_feasible *f, const vdc_request *request) {
    if (!f->levelled) {
        int slot = vdc_shapes_find(&f->shapes, request);
        if (slot >= 0) return (unsigned)slot;
        slot = vdc_shapes_add(&f->shapes, request);
        if (slot >= 0) {
            build(f, UINT64_C(1) << slot);
            return (unsigned)slot;
        }
        for (unsigned i = 0; i < VDC_SHAPES; i++) f->sample[f->sampled++ % SAMPLE] = f->shapes.request[i];
        f->levelled = true;
        f->in_vain = UINT64_MAX; /* draw at once */
    }
    f->sample[f->sampled++ % SAMPLE] = *request;
    if (f->sampled == UINT32_MAX) f->sampled = SAMPLE;
    if (f->in_vain > 4 * (uint64_t)f->hosts->count + SAMPLE * 16) draw_levels(f);
    int slot = level_slot(f, request);
    if (slot < 0) {
        draw_levels(f);
        slot = level_slot(f, request);
    }
    return (unsigned)slot;
}

/* --- questions --- */

static inline bool takes(vdc_feasible *f, uint32_t position, const vdc_request *request, vdc_allows *allows, const void *rules) {
    uint32_t host = host_at(f, position);
    if (f->levelled && !vdc_host_fits(f->hosts, host, request)) {
        f->in_vain++;
        return false;
    }
    return !allows || allows(rules, host, request);
}

int64_t vdc_feasible_next(vdc_feasible *f, const vdc_request *request, uint32_t from, vdc_allows *allows, const void *rules) {
    unsigned slot = slot_for(f, request);
    int64_t position = next_in_tree(f, slot, from);
    while (position >= 0 && !takes(f, (uint32_t)position, request, allows, rules)) {
        position = next_in_tree(f, slot, (uint32_t)position + 1);
    }
    return position;
}

static bool start_counting(vdc_feasible *f) {
    if (f->block_count) return true;
    f->blocks = f->hosts->count / COUNT_BLOCK + 1;
    f->groups = f->blocks / COUNT_GROUP + 1;
    uint16_t *blocks = vdc_calloc(f->blocks * VDC_SHAPES, sizeof *f->block_count);
    f->group_count = blocks ? vdc_calloc(f->groups * VDC_SHAPES, sizeof *f->group_count) : NULL;
    if (!f->group_count) {
        vdc_free(blocks);
        return false;
    }
    f->block_count = blocks;
    for (unsigned slot = 0; slot < VDC_SHAPES; slot++) count_slot(f, slot);
    return true;
}

uint32_t vdc_feasible_count(vdc_feasible *f, const vdc_request *request, vdc_allows *allows, const void *rules) {
    unsigned slot = slot_for(f, request);
    if (!f->levelled && !allows && start_counting(f)) return f->total[slot];
    uint32_t count = 0;
    for (int64_t at = next_in_tree(f, slot, 0); at >= 0; at = next_in_tree(f, slot, (uint32_t)at + 1)) {
        count += takes(f, (uint32_t)at, request, allows, rules);
    }
    return count;
}

/* The k-th position with the slot's bit by the counters. */
static int64_t select_counted(const vdc_feasible *f, unsigned slot, uint32_t k) {
    if (k >= f->total[slot]) return -1;
    const uint16_t *in_group = &f->group_count[slot * f->groups], *in_block = &f->block_count[slot * f->blocks];
    size_t group = 0;
    while (k >= in_group[group]) k -= in_group[group++];
    size_t block = group * COUNT_GROUP;
    while (k >= in_block[block]) k -= in_block[block++];
    size_t position = block * COUNT_BLOCK;
    for (;; position++) {
        uint32_t here = (uint32_t)(f->tree[0][position] >> slot & 1);
        if (k < here) return (int64_t)position;
        k -= here;
    }
}

int64_t vdc_feasible_select(vdc_feasible *f, const vdc_request *request, uint32_t k, vdc_allows *allows, const void *rules) {
    unsigned slot = slot_for(f, request);
    if (!f->levelled && !allows && start_counting(f)) return select_counted(f, slot, k);
    for (int64_t at = next_in_tree(f, slot, 0); at >= 0; at = next_in_tree(f, slot, (uint32_t)at + 1)) {
        if (takes(f, (uint32_t)at, request, allows, rules) && k-- == 0) return at;
    }
    return -1;
}

/* --- life --- */

vdc_code vdc_feasible_create(vdc_feasible **out, const vdc_hosts *hosts, const uint32_t *order) {
    vdc_feasible *f = vdc_calloc(1, sizeof *f);
    *out = f;
    if (!f) return VDC_ERROR_MEMORY;
    f->hosts = hosts;
    f->order = order;
    size_t count = hosts->count ? hosts->count : 1;
    bool ok = !order || (f->position = vdc_calloc(count, sizeof *f->position)) != NULL;
    for (size_t nodes = count; ok; nodes = (nodes + FAN - 1) / FAN) {
        size_t capacity = 0, padded = (nodes + FAN - 1) / FAN * FAN;
        f->nodes[f->depth] = nodes;
        ok = VDC_RESERVE_LINES(f->tree[f->depth], capacity, padded);
        if (ok) memset(f->tree[f->depth++], 0, padded * sizeof **f->tree);
        if (nodes == 1) break;
    }
    if (!ok) {
        vdc_feasible_destroy(f);
        *out = NULL;
        return VDC_ERROR_MEMORY;
    }
    for (uint32_t position = 0; order && position < hosts->count; position++) f->position[order[position]] = position;
    vdc_shapes_init(&f->shapes, hosts);
    for (unsigned i = 0; i < f->shapes.resources; i++) f->level[i].resource = f->shapes.sizes[i].resource;
    return VDC_OK;
}

void vdc_feasible_destroy(vdc_feasible *f) {
    if (!f) return;
    vdc_free(f->position);
    vdc_free(f->block_count);
    vdc_free(f->group_count);
    for (unsigned level = 0; level < TREE_DEPTH; level++) vdc_free_lines(f->tree[level]);
    vdc_free(f);
}
