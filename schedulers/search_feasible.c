/* Which hosts a request fits on, as hierarchical bitmaps.
 *
 * Every host has one 64-bit word: the shapes (search_shapes.h) that fit on it. When a host changes, the word is computed
 * anew, and only the bits that changed go on into the bitmaps: one 64-ary tree per shape over the hosts, whose lowest level is
 * one bit a host, and whose words say on higher levels which words below are not zero. The trees are interleaved (the words of
 * all shapes for the same 64 hosts lie together), so that the ten or so bits that change at once touch two or three cache lines.
 * "The first host that fits" is then one descent, whatever the number of hosts.
 *
 * Up to 64 shapes have a tree of their own. With more of them, the trees stand for levels of size: a grid over the resources
 * in use whose levels are quantiles of the sizes seen. A request uses the tree of the levels just below its sizes, which
 * holds every host that it fits on and some more, and each host found is checked. Where too many are found in vain, the levels
 * are drawn anew.
 */
#include "schedulers/search_feasible.h"

#include <stdlib.h>
#include <string.h>

enum {
    TREE_DEPTH = 6,          /* 64^6 > 2^32 hosts */
    SAMPLE = 256,            /* sizes remembered for the levels */
    COUNT_BLOCK = 64 * 64    /* hosts a counter */
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
    uint64_t *fits;              /* [hosts] shapes that fit */
    uint64_t *tree[TREE_DEPTH];  /* [word x VDC_SHAPES + shape] */
    uint32_t words[TREE_DEPTH];
    unsigned depth;
    /* Counters, kept from the first time that somebody counts. */
    uint16_t *block_count;       /* [shape x blocks + block] */
    uint32_t blocks;
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

static void set_above(vdc_feasible *f, uint32_t word, unsigned slot) {
    for (unsigned level = 1; level < f->depth; level++) {
        uint64_t *above = &f->tree[level][(size_t)(word >> 6) * VDC_SHAPES + slot];
        uint64_t before = *above;
        *above |= UINT64_C(1) << (word & 63);
        if (before) return;
        word >>= 6;
    }
}

static void clear_above(vdc_feasible *f, uint32_t word, unsigned slot) {
    for (unsigned level = 1; level < f->depth; level++) {
        uint64_t *above = &f->tree[level][(size_t)(word >> 6) * VDC_SHAPES + slot];
        *above &= ~(UINT64_C(1) << (word & 63));
        if (*above) return;
        word >>= 6;
    }
}

void vdc_feasible_update(vdc_feasible *f, uint32_t host) {
    uint64_t fits = vdc_shapes_fitting(&f->shapes, host), changed = fits ^ f->fits[host];
    if (!changed) return;
    f->fits[host] = fits;
    uint32_t position = position_of(f, host), word = position >> 6;
    uint64_t bit = UINT64_C(1) << (position & 63), *leaf = &f->tree[0][(size_t)word * VDC_SHAPES];
    for (; changed; changed &= changed - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(changed);
        uint64_t before = leaf[slot];
        leaf[slot] = before ^ bit;
        if (!before) set_above(f, word, slot);
        if (before == bit) clear_above(f, word, slot);
        if (f->block_count) {
            int step = fits >> slot & 1 ? 1 : -1;
            uint16_t *count = &f->block_count[(size_t)slot * f->blocks + position / COUNT_BLOCK];
            *count = (uint16_t)(*count + step);
            f->total[slot] += (uint32_t)step;
        }
    }
}

static void count_slot(vdc_feasible *f, unsigned slot) {
    f->total[slot] = 0;
    for (uint32_t block = 0; block < f->blocks; block++) {
        unsigned count = 0;
        for (uint32_t word = block * 64; word < (block + 1) * 64 && word < f->words[0]; word++) {
            count += (unsigned)__builtin_popcountll(f->tree[0][(size_t)word * VDC_SHAPES + slot]);
        }
        f->block_count[(size_t)slot * f->blocks + block] = (uint16_t)count;
        f->total[slot] += count;
    }
}

/* Sets the trees of the slots in `slots` from the hosts as they stand. O(hosts). */
static void build(vdc_feasible *f, uint64_t slots) {
    for (unsigned level = 0; level < f->depth; level++) {
        for (uint32_t word = 0; word < f->words[level]; word++) {
            for (uint64_t left = slots; left; left &= left - 1)
                f->tree[level][(size_t)word * VDC_SHAPES + (unsigned)__builtin_ctzll(left)] = 0;
        }
    }
    for (uint32_t position = 0; position < f->hosts->count; position++) {
        uint32_t host = host_at(f, position);
        uint64_t fits = vdc_shapes_fitting(&f->shapes, host) & slots;
        f->fits[host] = (f->fits[host] & ~slots) | fits;
        for (uint64_t left = fits; left; left &= left - 1) {
            unsigned slot = (unsigned)__builtin_ctzll(left);
            uint64_t *leaf = &f->tree[0][(size_t)(position >> 6) * VDC_SHAPES + slot];
            if (!*leaf) set_above(f, position >> 6, slot);
            *leaf |= UINT64_C(1) << (position & 63);
        }
    }
    for (uint64_t left = f->block_count ? slots : 0; left; left &= left - 1) count_slot(f, (unsigned)__builtin_ctzll(left));
}

/* The first position >= from in the slot's tree, -1: none. */
static int64_t next_in_tree(const vdc_feasible *f, unsigned slot, uint32_t from) {
    if (from >= f->hosts->count) return -1;
    uint32_t index = from; /* on `level`: the first element that may be taken */
    unsigned level = 0;
    for (;;) {
        uint32_t word = index >> 6;
        uint64_t bits =
            word < f->words[level] ? f->tree[level][(size_t)word * VDC_SHAPES + slot] & (~UINT64_C(0) << (index & 63)) : 0;
        if (bits) {
            index = word << 6 | (uint32_t)__builtin_ctzll(bits);
            break;
        }
        if (++level == f->depth) return -1;
        index = word + 1;
    }
    while (level--) {
        index = index << 6 | (uint32_t)__builtin_ctzll(f->tree[level][(size_t)index * VDC_SHAPES + slot]);
    }
    return index;
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
 * sizes it has, and builds one tree a combination. */
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

/* The slot whose tree holds every host that takes the request; makes one where there is none yet. */
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
    f->block_count = vdc_calloc((size_t)f->blocks * VDC_SHAPES, sizeof *f->block_count);
    if (!f->block_count) return false;
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

/* The k-th set bit of the slot's tree by its counters. */
static int64_t select_counted(const vdc_feasible *f, unsigned slot, uint32_t k) {
    if (k >= f->total[slot]) return -1;
    const uint16_t *count = &f->block_count[(size_t)slot * f->blocks];
    uint32_t block = 0;
    while (k >= count[block]) k -= count[block++];
    uint32_t word = block * 64;
    uint64_t bits;
    for (;; word++) {
        bits = f->tree[0][(size_t)word * VDC_SHAPES + slot];
        uint32_t here = (uint32_t)__builtin_popcountll(bits);
        if (k < here) break;
        k -= here;
    }
    while (k--) bits &= bits - 1;
    return (int64_t)word << 6 | __builtin_ctzll(bits);
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
    uint32_t count = hosts->count ? hosts->count : 1;
    bool ok = (f->fits = vdc_calloc(count, sizeof *f->fits)) != NULL;
    if (order) ok = ok && (f->position = vdc_calloc(count, sizeof *f->position));
    for (uint32_t words = count; f->depth == 0 || words > 1;) {
        words = (words + 63) / 64;
        f->words[f->depth] = words;
        ok = ok && (f->tree[f->depth] = vdc_calloc((size_t)words * VDC_SHAPES, sizeof **f->tree));
        f->depth++;
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
    vdc_free(f->fits);
    vdc_free(f->position);
    vdc_free(f->block_count);
    for (unsigned level = 0; level < TREE_DEPTH; level++) vdc_free(f->tree[level]);
    vdc_free(f);
}
