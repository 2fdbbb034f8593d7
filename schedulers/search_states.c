/* Hosts grouped by equal state, for score policies.
 *
 * A score is a function of the request and of what the policy depends on: the host's class, its free amounts, sometimes its
 * number of VMs or its devices. Hosts that agree in these are one state; they score alike and fit alike, and the best of
 * them is the one with the lowest position (rank, then id). Sizes come from a few dozen shapes, so a million hosts have some
 * thousand states, and their number hardly grows with the hosts.
 *
 * For each of up to 64 request shapes (search_shapes.h) every state has a remembered score, and the states lie in buckets by
 * score: up to 4096 ranges of scores, chosen at quantiles of the scores met, the best bucket first. A bit says that a bucket may
 * hold a state that has hosts. Bits are set when a state gets its first host and cleared when a look finds none, so that most
 * updates touch no bit. A decision takes the first bit set, the best score among that bucket's states, and among those that share
 * it the lowest position; scores are compared as they are, so the buckets change the cost alone. Updating costs one
 * look into a hash table and one push onto a small heap (search_members.h).
 *
 * Where many states of a bucket share the best score (power models that make every host equal), the hosts are tried by position
 * instead, from a bitmap of feasible hosts (search_feasible.h), until one has that score.
 *
 * Where scores may not be remembered (fleet-wide weights, time, more of the request than its shape, or more shapes than slots),
 * each state is scored once a decision: still a scan over states instead of hosts.
 */
#include "schedulers/search_states.h"

#include "schedulers/search_dense.h"
#include "schedulers/search_grid.h"
#include "schedulers/search_members.h"
#include "sim/base/known.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS_MOST = 4096,
    KEPT_STATES = 32768, /* states from which on those without hosts are given up */
    UNREPEATED_STATES =
        131072, /* states from which on remembering scores takes more memory than it is worth, if there is the grid */
    WINDOW = 8192, /* decisions between looks at how well the slots are used */
    LONG_BUCKET = 64, /* states in a bucket from which hosts are tried by position first */
    TRIES = 32, /* that many of them */
    LONG_BUCKETS = 512 /* such buckets in a window make the bitmap worth its upkeep */
};
static const uint32_t NONE = UINT32_MAX;

typedef struct host_state {
    uint64_t known;      /* shapes whose score was computed, or that do not fit */
    uint64_t fits;       /* shapes that fit */
    uint64_t linked;     /* shapes in whose bucket it is: all that fit when it has hosts, any of them when it has none */
    vdc_members members;
} host_state;

typedef struct score_node {
    double score;
    uint32_t next;       /* in the same bucket, where the state is linked */
} score_node;

/* Scores from `least` up to the `least` of the bucket before. The last one's least is -infinity. */
typedef struct score_bucket {
    double least;
    double peak;         /* no score in it is larger */
    uint32_t first, length;
} score_bucket;

/* What is kept for one shape. */
typedef struct shape_index {
    score_node *nodes;         /* [capacity] by state */
    score_bucket *buckets;
    uint32_t bucket_count;
    uint64_t summary, bits[BUCKETS_MOST / 64];
    uint32_t states, states_at_split;
    uint32_t uses;
    uint32_t impatience;       /* rises with each search that asked in vain for too long, falls with each that found a host by asking */
} shape_index;

typedef struct entry {
    uint32_t hash, state;
} entry;

typedef struct scored_state {
    double score;
    uint32_t state;
} scored_state;

struct vdc_states {
    const vdc_search *search;
    const vdc_hosts *hosts;
    bool remember, failed;
    unsigned depends;
    uint32_t *order, *position;  /* position -> host and back, NULL: by id */
    /* states */
    host_state *state;                /* [capacity] */
    uint64_t *keys;              /* [capacity x key_words] */
    unsigned key_words;
    uint16_t *bucket_of;         /* [capacity x VDC_SHAPES] */
    uint32_t used, capacity, empty;
    entry *table;                /* open addressing, a power of two */
    uint32_t table_mask;
    vdc_member_pool pool;        /* pool.state_of: the state at each position, NONE when the host takes no VMs */
    /* shapes */
    vdc_shapes shapes;
    shape_index *index[VDC_SHAPES];
    scored_state *scratch;
    uint32_t decisions, misses;  /* in this window */
    uint32_t poor_windows;
    bool no_slots;               /* shapes hardly repeat: none is remembered any more */
    /* monotone scores, without slots */
    vdc_grid *grid;
    uint8_t *in_grid;            /* [capacity] */
    /* ties */
    uint32_t long_buckets;       /* met in this window */
    vdc_feasible *feasible;
    vdc_dense dense;             /* for searches under rules that refuse most hosts */
    uint64_t *left, *none;       /* [positions / 64] hosts that such a search goes through; no bit is set */
    uint32_t *fitting;           /* of them */
    uint32_t asked_in_vain;      /* searches that lost patience while no state had a bitmap */
};

static inline uint32_t host_at(const vdc_states *s, uint32_t position) {
    return s->order ? s->order[position] : position;
}

/* --- what a state is --- */

static void build_key(const vdc_states *s, uint32_t host, uint64_t *key) {
    const vdc_hosts *hosts = s->hosts;
    const uint64_t *begin = key;
    uint16_t class_id = hosts->class_of[host];
    uint32_t limit = hosts->classes[class_id].max_vms, vms = s->depends & VDC_DEPENDS_VMS ? hosts->vms[host] : 0;
    bool full = limit && hosts->vms[host] >= limit;
    *key++ = (uint64_t)vms << 32 | (uint64_t)full << 16 | class_id;
    for (unsigned i = 0; i < s->shapes.resources; i++) *key++ = (uint64_t)s->shapes.sizes[i].free[host];
    if (s->depends & VDC_DEPENDS_GRANTED) *key++ = (uint64_t)hosts->account[host].granted;
    /* Devices decide what fits, whatever the score depends on. */
    if (hosts->gpu_free) {
        unsigned words = (hosts->gpu_stride + 1u) / 2;
        key[words - 1] = 0;
        memcpy(key, hosts->gpu_free + (size_t)host * hosts->gpu_stride, hosts->gpu_stride * sizeof *hosts->gpu_free);
        key += words;
    }
    if (hosts->numa_free) {
        memcpy(key, hosts->numa_free + (size_t)host * hosts->numa_stride * 2,
               (size_t)hosts->numa_stride * 2 * sizeof *hosts->numa_free);
        key += hosts->numa_stride * 2u;
    }
    VDC_KNOWN(key == begin + s->key_words);
}

static unsigned count_key_words(const vdc_states *s) {
    unsigned words = 1 + s->shapes.resources + (s->depends & VDC_DEPENDS_GRANTED ? 1 : 0);
    if (s->hosts->gpu_free) words += (s->hosts->gpu_stride + 1u) / 2;
    if (s->hosts->numa_free) words += s->hosts->numa_stride * 2u;
    return words;
}

static inline uint32_t hash_key(const vdc_states *s, const uint64_t *key) {
    return (uint32_t)(vdc_hash_words(key, s->key_words) >> 32);
}

static bool equal_keys(const vdc_states *s, const uint64_t *a, const uint64_t *b) {
    for (unsigned i = 0; i < s->key_words; i++) {
        if (a[i] != b[i]) return false;
    }
    return true;
}

static void enter(vdc_states *s, uint32_t hash, uint32_t id) {
    uint32_t i = hash & s->table_mask;
    while (s->table[i].state != NONE) i = (i + 1) & s->table_mask;
    s->table[i] = (entry){hash, id};
}

/* --- buckets --- */

static uint32_t bucket_for(const shape_index *index, double score) {
    uint32_t low = 0, high = index->bucket_count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (score >= index->buckets[middle].least) high = middle;
        else low = middle + 1;
    }
    return low;
}

static inline void set_bit(shape_index *index, uint32_t b) {
    index->bits[b >> 6] |= UINT64_C(1) << (b & 63);
    index->summary |= UINT64_C(1) << (b >> 6);
}

static inline void clear_bit(shape_index *index, uint32_t b) {
    index->bits[b >> 6] &= ~(UINT64_C(1) << (b & 63));
    if (!index->bits[b >> 6]) index->summary &= ~(UINT64_C(1) << (b >> 6));
}

/* The first bucket >= from whose bit is set, or NONE. */
static inline uint32_t next_bit(const shape_index *index, uint32_t from) {
    if (from >= BUCKETS_MOST) return NONE;
    uint32_t word = from >> 6;
    uint64_t bits = index->bits[word] & (~UINT64_C(0) << (from & 63));
    if (!bits) {
        uint64_t words = word == 63 ? 0 : index->summary & (~UINT64_C(0) << (word + 1));
        if (!words) return NONE;
        word = (uint32_t)__builtin_ctzll(words);
        bits = index->bits[word];
    }
    return word << 6 | (uint32_t)__builtin_ctzll(bits);
}

static void empty_buckets(shape_index *index) {
    for (uint32_t b = 0; b < index->bucket_count; b++) index->buckets[b].first = NONE, index->buckets[b].length = 0;
    index->summary = 0;
    memset(index->bits, 0, sizeof index->bits);
}

static void place_state(vdc_states *s, unsigned slot, uint32_t id, double score) {
    s->index[slot]->nodes[id].score = score;
    s->bucket_of[(size_t)id * VDC_SHAPES + slot] = (uint16_t)bucket_for(s->index[slot], score);
}

/* Puts a state that has hosts into the buckets of the shapes in `slots`. */
static inline void link_state(vdc_states *s, uint32_t id, uint64_t slots) {
    const uint16_t *row = &s->bucket_of[(size_t)id * VDC_SHAPES];
    s->state[id].linked |= slots;
    for (; slots; slots &= slots - 1) {
        int slot = __builtin_ctzll(slots);
        shape_index *index = s->index[slot];
        score_bucket *bucket = &index->buckets[row[slot]];
        score_node *node = &index->nodes[id];
        if (!bucket->length) set_bit(index, row[slot]);
        if (!bucket->length || node->score > bucket->peak) bucket->peak = node->score;
        node->next = bucket->first;
        bucket->first = id;
        bucket->length++;
    }
}

static int compare_scored(const void *a, const void *b) {
    double x = ((const scored_state *)a)->score, y = ((const scored_state *)b)->score;
    return (x < y) - (x > y);
}

/* Chooses the shape's buckets anew from the scores of all its states. Without memory for it the old ones stay, which are right
 * too. */
static void split(vdc_states *s, unsigned slot) {
    shape_index *index = s->index[slot];
    uint32_t count = 0, distinct = 0;
    for (uint32_t id = 0; id < s->used; id++) {
        if (s->state[id].fits >> slot & 1) s->scratch[count++] = (scored_state){index->nodes[id].score, id};
    }
    index->states_at_split = index->states = count;
    qsort(s->scratch, count, sizeof *s->scratch, compare_scored);
    for (uint32_t i = 0; i < count; i++) distinct += i == 0 || s->scratch[i].score != s->scratch[i - 1].score;
    uint32_t buckets = distinct + 1 < BUCKETS_MOST ? distinct + 1 : BUCKETS_MOST;
    score_bucket *fresh = vdc_malloc(buckets * sizeof *fresh);
    if (!fresh) return;
    /* The b-th bucket begins at every distinct / (buckets - 1)-th distinct score. */
    uint32_t made = 0, seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i && s->scratch[i].score == s->scratch[i - 1].score) continue;
        seen++;
        if ((uint64_t)seen * (buckets - 1) >= (uint64_t)(made + 1) * distinct) fresh[made++].least = s->scratch[i].score;
    }
    fresh[buckets - 1].least = -INFINITY;
    vdc_free(index->buckets);
    index->buckets = fresh;
    index->bucket_count = buckets;
    empty_buckets(index);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = s->scratch[i].state;
        s->state[id].linked &= ~(UINT64_C(1) << slot);
        place_state(s, slot, id, s->scratch[i].score);
        if (s->state[id].members.count) link_state(s, id, UINT64_C(1) << slot);
    }
}

/* Computes what is not known of the state, which is that of `host` now, for the shapes in `slots`. */
static void learn(vdc_states *s, uint32_t id, uint32_t host, uint64_t slots) {
    host_state *state = &s->state[id];
    uint64_t fitting = vdc_shapes_fitting(&s->shapes, host) & slots;
    state->known |= slots;
    state->fits |= fitting;
    if (!fitting) return;
    vdc_host_view view;
    s->search->view.host(&s->search->view, host, &view);
    for (; fitting; fitting &= fitting - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(fitting);
        vdc_decision devices;
        place_state(s, slot, id, vdc_search_score(s->search, &view, &s->shapes.request[slot], &devices));
        s->index[slot]->states++;
    }
}

/* --- the table of states --- */

static void fill_grid(vdc_states *s);
static bool have_grid(vdc_states *s);
static void forget_shapes(vdc_states *s);

static bool rebuild_table(vdc_states *s, uint32_t size) {
    if (size != s->table_mask + 1 || !s->table) {
        entry *table = vdc_malloc(size * sizeof *table);
        if (!table) return false;
        vdc_free(s->table);
        s->table = table;
        s->table_mask = size - 1;
    }
    for (uint32_t i = 0; i < size; i++) s->table[i].state = NONE;
    for (uint32_t id = 0; id < s->used; id++) enter(s, hash_key(s, &s->keys[(size_t)id * s->key_words]), id);
    return true;
}

static bool grow(vdc_states *s) {
    uint32_t capacity = s->capacity ? 2 * s->capacity : 256;
    void *grown;
    if (!(grown = vdc_realloc(s->state, capacity, sizeof *s->state))) return false;
    s->state = grown;
    if (!(grown = vdc_realloc(s->keys, capacity, s->key_words * sizeof *s->keys))) return false;
    s->keys = grown;
    if (s->grid) {
        if (!(grown = vdc_realloc(s->in_grid, capacity, sizeof *s->in_grid))) return false;
        s->in_grid = grown;
    }
    if (s->remember && !s->no_slots) {
        if (!(grown = vdc_realloc(s->bucket_of, capacity, VDC_SHAPES * sizeof *s->bucket_of))) return false;
        s->bucket_of = grown;
        if (!(grown = vdc_realloc(s->scratch, capacity, sizeof *s->scratch))) return false;
        s->scratch = grown;
        for (unsigned slot = 0; slot < VDC_SHAPES; slot++) {
            if (!s->index[slot]) continue;
            if (!(grown = vdc_realloc(s->index[slot]->nodes, capacity, sizeof *s->index[slot]->nodes))) return false;
            s->index[slot]->nodes = grown;
        }
    }
    if (!rebuild_table(s, 2 * capacity)) return false;
    s->capacity = capacity;
    return true;
}

/* Gives up the states without hosts: the others move together, keeping their scores. */
static bool compact(vdc_states *s) {
    uint32_t *moved = vdc_malloc(s->used * sizeof *moved);
    if (!moved) return false;
    for (unsigned slot = 0; slot < VDC_SHAPES; slot++) {
        if (!s->index[slot]) continue;
        empty_buckets(s->index[slot]);
        s->index[slot]->states = 0;
    }
    uint32_t kept = 0;
    for (uint32_t id = 0; id < s->used; id++) {
        moved[id] = NONE;
        if (!s->state[id].members.count) {
            vdc_members_clear(&s->pool, &s->state[id].members);
            continue;
        }
        moved[id] = kept;
        s->state[kept] = s->state[id];
        memmove(&s->keys[(size_t)kept * s->key_words], &s->keys[(size_t)id * s->key_words], s->key_words * sizeof *s->keys);
        uint64_t fits = s->state[kept].fits;
        for (uint64_t left = fits; left; left &= left - 1) {
            unsigned slot = (unsigned)__builtin_ctzll(left);
            s->index[slot]->nodes[kept].score = s->index[slot]->nodes[id].score;
            s->index[slot]->states++;
        }
        if (fits)
            memmove(&s->bucket_of[(size_t)kept * VDC_SHAPES], &s->bucket_of[(size_t)id * VDC_SHAPES],
                    VDC_SHAPES * sizeof *s->bucket_of);
        link_state(s, kept, fits);
        kept++;
    }
    for (uint32_t p = 0; p < s->hosts->count; p++) {
        if (s->pool.state_of[p] != NONE) s->pool.state_of[p] = moved[s->pool.state_of[p]];
    }
    vdc_free(moved);
    vdc_dense_clear(&s->dense); /* the states have new numbers */
    s->used = kept;
    s->empty = 0;
    if (s->grid) {
        vdc_grid_clear(s->grid);
        fill_grid(s);
    }
    return rebuild_table(s, s->table_mask + 1);
}

/* Room for one state more. States without hosts are kept for their scores, as most come back; where they do not, they would
 * fill the memory. */
static bool make_room(vdc_states *s) {
    if (s->used < s->capacity) return true;
    if (s->capacity >= UNREPEATED_STATES && !s->no_slots && have_grid(s)) forget_shapes(s);
    return s->capacity >= KEPT_STATES && s->capacity > 2 * (uint64_t)s->hosts->count && s->empty > s->capacity / 2 ? compact(s)
                                                                                                                   : grow(s);
}

static uint32_t find_or_make(vdc_states *s, const uint64_t *key) {
    uint32_t hash = hash_key(s, key);
    for (uint32_t i = hash & s->table_mask; s->table[i].state != NONE; i = (i + 1) & s->table_mask) {
        uint32_t id = s->table[i].state;
        if (s->table[i].hash == hash && equal_keys(s, &s->keys[(size_t)id * s->key_words], key)) return id;
    }
    uint32_t id = s->used++;
    memset(&s->state[id], 0, sizeof s->state[id]);
    memcpy(&s->keys[(size_t)id * s->key_words], key, s->key_words * sizeof *key);
    if (s->grid) s->in_grid[id] = false;
    s->empty++;
    enter(s, hash, id);
    return id;
}

/* --- the grid --- */

static void enter_grid(vdc_states *s, uint32_t id, uint32_t host, uint32_t position) {
    if (s->in_grid[id]) vdc_grid_lower(s->grid, host, position);
    else if (!vdc_grid_link(s->grid, id, host, position)) s->failed = true;
    s->in_grid[id] = true;
}

/* Puts all states that have hosts into the grid, which is empty. */
static void fill_grid(vdc_states *s) {
    memset(s->in_grid, 0, s->capacity);
    for (uint32_t id = 0; id < s->used; id++) {
        vdc_members *members = &s->state[id].members;
        if (!members->count) continue;
        uint32_t first = vdc_members_first(&s->pool, members, id);
        enter_grid(s, id, host_at(s, first), first);
    }
}

/* Monotone scores need no slots: makes the grid that does without them. False: the policy is not suited, or memory is out. */
static bool have_grid(vdc_states *s) {
    if (s->grid || !vdc_grid_suits(s->search)) return s->grid != NULL;
    s->in_grid = vdc_calloc(s->capacity, sizeof *s->in_grid);
    if (!s->in_grid || vdc_grid_create(&s->grid, s->search)) {
        vdc_free(s->in_grid);
        s->in_grid = NULL;
        return false;
    }
    fill_grid(s);
    return true;
}

/* --- changes --- */

static void leave(vdc_states *s, uint32_t id) {
    vdc_members_leave(&s->state[id].members);
    if (!s->state[id].members.count) s->empty++;
}

static void join(vdc_states *s, uint32_t id, uint32_t position, uint32_t host) {
    host_state *state = &s->state[id];
    if (!state->members.count) {
        s->empty--;
        uint64_t unknown = s->shapes.active & ~state->known;
        if (unknown) learn(s, id, host, unknown);
        uint64_t unlinked = state->fits & ~state->linked;
        if (unlinked) link_state(s, id, unlinked);
    }
    if (s->grid) enter_grid(s, id, host, position);
    if (!vdc_members_join(&s->pool, &state->members, id, position)) s->failed = true;
}

void vdc_states_update(vdc_states *s, uint32_t host) {
    if (s->failed) return;
    if (!make_room(s)) {
        s->failed = true;
        return;
    }
    if (s->feasible) vdc_feasible_update(s->feasible, host);
    uint32_t position = s->position ? s->position[host] : host, before = s->pool.state_of[position], after = NONE;
    uint64_t key[4 + VDC_RESOURCES + VDC_GPU_DEVICES / 2 + VDC_NUMA_NODES * 2];
    if (s->hosts->state[host] == VDC_HOST_UP && !vdc_host_is_closed(s->hosts, host)) {
        build_key(s, host, key);
        after = find_or_make(s, key);
    }
    if (after == before) return;
    s->pool.state_of[position] = after;
    if (s->dense.count) vdc_dense_move(&s->dense, position, before, after);
    if (before != NONE) leave(s, before);
    if (after != NONE) join(s, after, position, host);
}

/* --- shapes --- */

static void drop_shape(vdc_states *s, unsigned slot) {
    shape_index *index = s->index[slot];
    vdc_shapes_remove(&s->shapes, (int)slot);
    for (uint32_t id = 0; id < s->used; id++) {
        s->state[id].known &= ~(UINT64_C(1) << slot);
        s->state[id].fits &= ~(UINT64_C(1) << slot);
        s->state[id].linked &= ~(UINT64_C(1) << slot);
    }
    vdc_free(index->nodes);
    vdc_free(index->buckets);
    vdc_free(index);
    s->index[slot] = NULL;
}

/* Does without slots from now on. */
static void forget_shapes(vdc_states *s) {
    s->no_slots = true;
    for (unsigned slot = 0; slot < VDC_SHAPES; slot++) {
        if (s->index[slot]) drop_shape(s, slot);
    }
    vdc_free(s->bucket_of);
    vdc_free(s->scratch);
    s->bucket_of = NULL;
    s->scratch = NULL;
}

/* A slot for a new shape, with the scores of all states that have hosts; the others learn theirs when they get one. */
static int add_shape(vdc_states *s, const vdc_request *request) {
    if (s->no_slots || !~s->shapes.active) return VDC_NO_SHAPE;
    shape_index *index = vdc_calloc(1, sizeof *index);
    if (index) index->nodes = vdc_realloc(NULL, s->capacity, sizeof *index->nodes);
    if (index) index->buckets = vdc_malloc(sizeof *index->buckets);
    if (!index || !index->nodes || !index->buckets) {
        if (index) vdc_free(index->nodes);
        if (index) vdc_free(index->buckets);
        vdc_free(index);
        return VDC_NO_SHAPE;
    }
    index->bucket_count = 1;
    index->buckets[0] = (score_bucket){.least = -INFINITY, .first = NONE};
    int slot = vdc_shapes_add(&s->shapes, request);
    s->index[slot] = index;
    for (uint32_t id = 0; id < s->used; id++) {
        host_state *state = &s->state[id];
        if (!state->members.count) continue;
        uint32_t host = host_at(s, vdc_members_first(&s->pool, &state->members, id));
        learn(s, id, host, UINT64_C(1) << slot);
        link_state(s, id, state->fits & UINT64_C(1) << slot);
    }
    split(s, (unsigned)slot);
    return slot;
}

/* After each window: when many decisions met a shape without a slot, the half of the slots that is used least is given up; when
 * that does not help, all are. A bitmap that is hardly used goes too. */
static void review(vdc_states *s) {
    bool poor = s->misses > s->decisions / 4;
    s->poor_windows = poor ? s->poor_windows + 1 : 0;
    if (s->poor_windows >= 4 || (poor && have_grid(s))) {
        forget_shapes(s);
    } else if (poor) {
        int64_t uses[VDC_SHAPES];
        unsigned count = 0;
        for (unsigned slot = 0; slot < VDC_SHAPES; slot++) {
            if (s->index[slot]) uses[count++] = s->index[slot]->uses;
        }
        qsort(uses, count, sizeof *uses, vdc_compare_int64);
        for (unsigned slot = 0; slot < VDC_SHAPES; slot++) {
            if (s->index[slot] && s->index[slot]->uses <= uses[count / 2]) drop_shape(s, slot);
        }
    }
    for (unsigned slot = 0; slot < VDC_SHAPES; slot++) {
        if (s->index[slot]) s->index[slot]->uses = 0;
    }
    if (s->long_buckets < LONG_BUCKETS) {
        vdc_feasible_destroy(s->feasible);
        s->feasible = NULL;
    }
    s->decisions = s->misses = s->long_buckets = 0;
}

static int slot_of(vdc_states *s, const vdc_request *request) {
    if (!s->remember || s->no_slots) return VDC_NO_SHAPE;
    if (++s->decisions >= WINDOW) review(s);
    int slot = vdc_shapes_find(&s->shapes, request);
    if (slot == VDC_NO_SHAPE) {
        slot = add_shape(s, request);
        s->misses += slot == VDC_NO_SHAPE;
    }
    if (slot != VDC_NO_SHAPE) s->index[slot]->uses++;
    return slot;
}

/* --- decisions --- */

/* One decision's request, with the rules as far as they concern it. */
typedef struct question {
    vdc_states *states;
    const vdc_request *request;
    vdc_allows *allows;
    vdc_refusals refusals;       /* hosts that need not be asked about */
    uint32_t in_vain, patience;  /* hosts that the rules refused so far; how many may be before the search looks for another way */
    bool may_sweep;              /* going through all hosts is another way: where scores are remembered */
    bool weighed;                /* against going through all hosts */
    bool given_up;               /* it does that: see `sweep` */
} question;

enum {
    PATIENCE = 64, LEAST_PATIENCE = 8,
    IMPATIENT = 4, ASKED_ANYWAY = 16, /* from there on a shape's searches sweep at once, but for one in so many */
    SWEPT_ANYWAY = 256 /* of so many searches without patience one goes through all hosts and so finds the states that most are in */
};

static inline bool ask(question *q, uint32_t host) {
    if (vdc_refused_until(&q->refusals, host) == host && q->allows(q->states->search->rules, host, q->request)) return true;
    q->in_vain++;
    return false;
}

static vdc_acceptance is_allowed(void *context, uint32_t position) {
    question *q = context;
    if (ask(q, host_at(q->states, position))) return VDC_ACCEPTED;
    return q->in_vain > q->patience ? VDC_ENOUGH : VDC_REFUSED;
}

/* Many hosts in one state, such as the empty ones: they are met more quickly by going through all hosts, and rules on racks leave whole racks out. */
static bool is_dense(const vdc_states *s, const vdc_members *members) {
    return s->search->beyond && !s->order && vdc_dense_suits(&s->dense, members->count);
}

static uint32_t first_of_dense(vdc_states *s, uint32_t id, question *q, uint32_t limit) {
    uint32_t position = vdc_members_first(&s->pool, &s->state[id].members, id), end = limit < s->hosts->count ? limit : s->hosts->count;
    while (position < end && q->in_vain <= q->patience) {
        if (s->pool.state_of[position] != id) {
            position++;
            continue;
        }
        const uint32_t beyond = vdc_refused_until(&q->refusals, position);
        if (beyond == position && q->allows(s->search->rules, position, q->request)) return position;
        q->in_vain++;
        position = beyond > position ? beyond : s->search->beyond(s->search->rules, position, q->request);
    }
    return VDC_NO_POSITION;
}

static bool gives_up(vdc_states *s, question *q);

/* The lowest position of the state that the rules allow, if it is below `limit`; else VDC_NO_POSITION, also when the search gives up asking. */
static inline uint32_t first_allowed(vdc_states *s, uint32_t id, question *q, uint32_t limit) {
    vdc_members *members = &s->state[id].members;
    if (!q->allows) {
        uint32_t first = vdc_members_first(&s->pool, members, id);
        return first < limit ? first : VDC_NO_POSITION;
    }
    for (;;) {
        uint32_t first = is_dense(s, members) ? first_of_dense(s, id, q, limit)
                                              : vdc_members_first_accepted(&s->pool, members, id, limit, is_allowed, q);
        if (first != VDC_NO_POSITION || q->in_vain <= q->patience || gives_up(s, q)) return first;
    }
}

/* --- going through all hosts that are not refused --- */

/* The best host so far. */
typedef struct found_host {
    double score;
    uint32_t position;
} found_host;

static inline uint32_t words_of(const vdc_states *s) {
    return (s->hosts->count + 63) / 64;
}

static inline void clear_range(uint64_t *bits, uint32_t from, uint32_t end) {
    for (uint32_t word = from >> 6; word << 6 < end; word++) {
        uint64_t range = ~UINT64_C(0);
        if (word == from >> 6) range &= ~UINT64_C(0) << (from & 63);
        if (end - (word << 6) < 64) range &= (UINT64_C(1) << (end & 63)) - 1;
        bits[word] &= ~range;
    }
}

/* Takes the racks or zones that are refused out of `left`. Where their hosts do not stand side by side they stay in, to be asked about. */
static void leave_out_units(uint64_t *left, const vdc_refused_units *set) {
    for (uint32_t word = 0; set->unit_end && word * 64 < set->units; word++) {
        for (uint64_t bits = vdc_refused_word(set, word); bits; bits &= bits - 1) {
            const uint32_t unit = word << 6 | (uint32_t)__builtin_ctzll(bits);
            clear_range(left, unit ? set->unit_end[unit - 1] : 0, set->unit_end[unit]);
        }
    }
}

/* Sets the bits of all hosts that no set refuses: mostly in one short loop. */
static void find_left(vdc_states *s, const question *q) {
    uint64_t *restrict left = s->left;
    const uint32_t words = words_of(s);
    bool begun = false;
    for (uint32_t i = 0; i < q->refusals.count; i++) {
        const vdc_refused_units *set = &q->refusals.sets[i];
        const uint64_t *bits = set->bits, *but = set->but ? set->but : s->none;
        if (set->unit_of) continue;
        for (uint32_t word = 0; word < words; word++) left[word] = (begun ? left[word] : ~UINT64_C(0)) & (~bits[word] | but[word]);
        begun = true;
    }
    if (!begun) memset(left, 0xff, words * sizeof *left);
    if (s->hosts->count % 64) left[words - 1] &= (UINT64_C(1) << (s->hosts->count % 64)) - 1;
    for (uint32_t i = 0; i < q->refusals.count; i++)
        if (q->refusals.sets[i].unit_of) leave_out_units(left, &q->refusals.sets[i]);
}

/* Writes down those of them that fit and are in no dense state; how many. */
static uint32_t find_fitting(vdc_states *s, unsigned slot) {
    const uint64_t *left = s->left, *dense = s->dense.count ? s->dense.all : s->none;
    const uint32_t *state_of = s->pool.state_of, words = words_of(s);
    const host_state *states = s->state;
    uint32_t *fitting = s->fitting, count = 0;
    for (uint32_t word = 0; word < words; word++) {
        for (uint64_t bits = left[word] & ~dense[word]; bits; bits &= bits - 1) {
            const uint32_t position = word << 6 | (uint32_t)__builtin_ctzll(bits), id = state_of[position];
            if (id == NONE) continue;
            fitting[count] = position;
            count += (uint32_t)(states[id].fits >> slot & 1); /* no jump: nobody could foretell it */
        }
    }
    return count;
}

static inline bool is_better(uint32_t position, double score, const found_host *best) {
    return best->position == VDC_NO_POSITION || score > best->score || (score == best->score && position < best->position);
}

static inline bool may_come(const question *q, uint32_t position) {
    return q->allows(q->states->search->rules, position, q->request);
}

static void consider_dense(vdc_states *s, unsigned slot, question *q, uint32_t index, found_host *best) {
    const uint32_t id = s->dense.state[index];
    if (!s->state[id].members.count || !(s->state[id].fits >> slot & 1)) return;
    const double score = s->index[slot]->nodes[id].score;
    if (best->position != VDC_NO_POSITION && score < best->score) return;
    for (uint32_t word = 0; word < words_of(s); word++) {
        for (uint64_t bits = s->dense.bits[index][word] & s->left[word]; bits; bits &= bits - 1) {
            const uint32_t position = word << 6 | (uint32_t)__builtin_ctzll(bits);
            if (best->position != VDC_NO_POSITION && score == best->score && position > best->position) return;
            if (may_come(q, position)) {
                *best = (found_host){score, position};
                return;
            }
        }
    }
}

/* Is the host in a state that many are in? Such a state gets a bitmap here when it has none. */
static bool is_in_dense_state(vdc_states *s, uint32_t id) {
    return vdc_dense_suits(&s->dense, s->state[id].members.count)
           && (vdc_dense_find(&s->dense, id) < s->dense.count || vdc_dense_make(&s->dense, id, s->pool.state_of));
}

/* The best host of all that are not refused, state by state only for the large ones. Positions are host ids here. */
static uint32_t sweep(vdc_states *s, unsigned slot, question *q) {
    found_host best = {-INFINITY, VDC_NO_POSITION};
    for (uint32_t i = s->dense.count; i-- > 0;)
        if (!vdc_dense_suits(&s->dense, 2 * s->state[s->dense.state[i]].members.count)) vdc_dense_drop(&s->dense, i);
    find_left(s, q);
    const score_node *nodes = s->index[slot]->nodes;
    const uint32_t *state_of = s->pool.state_of, count = find_fitting(s, slot);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t position = s->fitting[i], id = state_of[position];
        if (is_in_dense_state(s, id)) continue;
        s->fitting[kept++] = position;
        if (is_better(position, nodes[id].score, &best)) best = (found_host){nodes[id].score, position};
    }
    /* Mostly the rules have nothing against the best one; otherwise each is asked about that is better than those before. */
    if (best.position != VDC_NO_POSITION && !may_come(q, best.position)) {
        best.position = VDC_NO_POSITION;
        for (uint32_t i = 0; i < kept; i++) {
            const uint32_t position = s->fitting[i], id = state_of[position];
            if (is_better(position, nodes[id].score, &best) && may_come(q, position)) best = (found_host){nodes[id].score, position};
        }
    }
    for (uint32_t i = 0; i < s->dense.count; i++) consider_dense(s, slot, q, i, &best);
    return best.position;
}

/* About how long a sweep takes, in questions about a host that are answered by no: by instructions such a question costs as much as fifteen
 * hosts of a sweep that are not refused, or eighteen words of bits. */
static uint32_t sweep_cost(const vdc_states *s, const question *q) {
    uint64_t left = s->hosts->count;
    for (uint32_t i = 0; i < s->dense.count; i++) left -= s->state[s->dense.state[i]].members.count < left ? s->state[s->dense.state[i]].members.count : left;
    for (uint32_t i = 0; i < q->refusals.count; i++) {
        const vdc_refused_units *set = &q->refusals.sets[i];
        if (set->unit_of) left = left * (set->units - set->refused) / set->units;
        else left = left > set->refused ? left - set->refused : 0;
    }
    return (uint32_t)left / 15 + s->hosts->count / 64 / 18 * (1 + s->dense.count);
}

/* How many more may be asked about in vain. A search that knows which hosts are refused asks as long as a sweep takes: in the worst case it then
 * takes twice as long as the better of the two. Where it lately came to that for requests of the shape, it sweeps at once. */
static void weigh(const vdc_states *s, question *q) {
    q->weighed = q->refusals.count > 0;
    const uint32_t more = q->weighed ? sweep_cost(s, q) : 2 * q->in_vain;
    const uint32_t least = q->weighed ? LEAST_PATIENCE : PATIENCE;
    q->in_vain = 0;
    q->patience = more > least ? more : least;
}

/* Too many were asked about in vain: is it better to go through all hosts that are not known to be refused? A search that has no such way goes on,
 * knowing more of the rules where that is worth it. */
static bool gives_up(vdc_states *s, question *q) {
    if (!q->may_sweep) {
        s->search->refusals(s->search->rules, q->request, q->in_vain, &q->refusals);
        q->in_vain = 0;
        q->patience = UINT32_MAX;
        return false;
    }
    const bool anyway = s->dense.count == 0 && s->asked_in_vain++ % SWEPT_ANYWAY == 0;
    s->search->refusals(s->search->rules, q->request, q->in_vain, &q->refusals);
    q->given_up = q->refusals.count && (q->weighed || anyway);
    weigh(s, q);
    return q->given_up;
}

static bool is_allowed_host(const void *context, uint32_t host, const vdc_request *request) {
    (void)request;
    return ask((question *)context, host);
}

/* Tries the feasible hosts in order for one with the score `peak`. */
static uint32_t try_hosts(vdc_states *s, unsigned slot, question *q, double peak) {
    int64_t position = -1;
    for (int i = 0; i < TRIES; i++) {
        position = vdc_feasible_next(s->feasible, q->request, (uint32_t)(position + 1), q->allows ? is_allowed_host : NULL, q);
        if (position < 0) break;
        if (s->index[slot]->nodes[s->pool.state_of[position]].score == peak) return (uint32_t)position;
    }
    return VDC_NO_POSITION;
}

/* The best host of a bucket. States that have no hosts any more leave it. */
static uint32_t best_in_bucket(vdc_states *s, unsigned slot, uint32_t b, question *q) {
    const shape_index *index = s->index[slot];
    score_bucket *bucket = &index->buckets[b];
    if (bucket->length > LONG_BUCKET) {
        if (++s->long_buckets == LONG_BUCKETS && !s->feasible) (void)vdc_feasible_create(&s->feasible, s->hosts, s->order);
        uint32_t found = s->feasible && !q->weighed ? try_hosts(s, slot, q, bucket->peak) : VDC_NO_POSITION;
        if (found != VDC_NO_POSITION) return found;
    }
    double best = -INFINITY, peak = -INFINITY;
    uint32_t first = VDC_NO_POSITION;
    for (uint32_t id = bucket->first, *from = &bucket->first; id != NONE; id = *from) {
        if (!s->state[id].members.count) {
            *from = index->nodes[id].next;
            bucket->length--;
            s->state[id].linked &= ~(UINT64_C(1) << slot);
            continue;
        }
        from = &index->nodes[id].next;
        double score = index->nodes[id].score;
        if (score > peak) peak = score;
        if (first != VDC_NO_POSITION && score < best) continue;
        uint32_t position = first_allowed(s, id, q, first != VDC_NO_POSITION && score == best ? first : VDC_NO_POSITION);
        if (q->given_up) return VDC_NO_POSITION;
        if (position == VDC_NO_POSITION) continue;
        best = score;
        first = position;
    }
    bucket->peak = peak;
    return first;
}

static uint32_t best_remembered(vdc_states *s, unsigned slot, question *q) {
    shape_index *index = s->index[slot];
    if (index->states > 2 * index->states_at_split + 32) split(s, slot);
    if (q->weighed && index->impatience >= IMPATIENT && index->uses % ASKED_ANYWAY) return sweep(s, slot, q);
    for (uint32_t b = next_bit(index, 0); b != NONE; b = next_bit(index, b + 1)) {
        uint32_t position = best_in_bucket(s, slot, b, q);
        if (q->given_up) {
            if (index->impatience < 2 * IMPATIENT) index->impatience++;
            return sweep(s, slot, q);
        }
        if (position != VDC_NO_POSITION) {
            if (index->impatience) index->impatience--;
            return position;
        }
        if (!index->buckets[b].length) clear_bit(index, b);
    }
    return VDC_NO_POSITION;
}

/* Do the sizes fit into the state's free amounts? Devices are not looked at. */
static bool sizes_fit(const vdc_states *s, uint32_t id, const vdc_request *request) {
    const uint64_t *key = &s->keys[(size_t)id * s->key_words];
    for (unsigned i = 0; i < s->shapes.resources; i++) {
        if ((int64_t)key[i + 1] < request->size[s->shapes.sizes[i].resource]) return false;
    }
    return true;
}

/* The score of a state that has hosts; false when the request does not fit on them. */
static bool score_state(vdc_states *s, uint32_t id, const vdc_request *request, double *score) {
    if (!sizes_fit(s, id, request)) return false;
    uint32_t host = host_at(s, vdc_members_first(&s->pool, &s->state[id].members, id));
    if (!vdc_host_fits(s->hosts, host, request)) return false;
    vdc_host_view view;
    vdc_decision devices;
    s->search->view.host(&s->search->view, host, &view);
    *score = vdc_search_score(s->search, &view, request, &devices);
    return true;
}

/* Scores every state that has hosts and that fits. */
static uint32_t best_of_all(vdc_states *s, question *q) {
    double best = -INFINITY, score;
    uint32_t first = VDC_NO_POSITION;
    for (uint32_t id = 0; id < s->used; id++) {
        if (!s->state[id].members.count || !score_state(s, id, q->request, &score)) continue;
        if (first != VDC_NO_POSITION && score < best) continue;
        uint32_t position = first_allowed(s, id, q, first != VDC_NO_POSITION && score == best ? first : VDC_NO_POSITION);
        if (position == VDC_NO_POSITION) continue;
        best = score;
        first = position;
    }
    return first;
}

static uint32_t visit_state(void *context, uint32_t id, vdc_grid_best *best) {
    question *q = context;
    vdc_states *s = q->states;
    if (!s->state[id].members.count) {
        s->in_grid[id] = false;
        return UINT32_MAX;
    }
    uint32_t lowest = vdc_members_first(&s->pool, &s->state[id].members, id);
    double score;
    if (!score_state(s, id, q->request, &score) || (best->found && score < best->score)) return lowest;
    uint32_t position = first_allowed(s, id, q, best->found && score == best->score ? best->position : VDC_NO_POSITION);
    if (position != VDC_NO_POSITION) *best = (vdc_grid_best){true, score, position};
    return lowest;
}

static uint32_t best_by_grid(vdc_states *s, question *q) {
    vdc_grid_best best = vdc_grid_find(s->grid, &(vdc_grid_query){q->request, visit_state, q});
    return best.found ? best.position : VDC_NO_POSITION;
}

bool vdc_states_best(vdc_states *s, const vdc_request *request, vdc_decision *decision) {
    int slot = slot_of(s, request);
    question q = {.states = s, .request = request, .allows = vdc_search_rules(s->search, request), .patience = UINT32_MAX,
                  .may_sweep = slot != VDC_NO_SHAPE};
    if (q.allows && s->search->refusals) {
        s->search->refusals(s->search->rules, request, 0, &q.refusals);
        if (!s->order) weigh(s, &q);
    }
    uint32_t position = slot != VDC_NO_SHAPE ? best_remembered(s, (unsigned)slot, &q)
                        : have_grid(s)       ? best_by_grid(s, &q)
                                             : best_of_all(s, &q);
    if (position == VDC_NO_POSITION) return false;
    *decision = (vdc_decision){.host = host_at(s, position)};
    if (request->gpu_count || request->numa_nodes) {
        vdc_host_view view;
        s->search->view.host(&s->search->view, (uint32_t)decision->host, &view);
        (void)vdc_search_score(s->search, &view, request, decision);
    }
    return true;
}

/* --- life --- */

bool vdc_states_failed(const vdc_states *s) {
    return s->failed;
}

static const uint32_t *sort_by_rank(const vdc_hosts *hosts, int64_t *keys, uint32_t *order) {
    for (uint32_t h = 0; h < hosts->count; h++) keys[h] = (int64_t)hosts->rank[h] << 32 | h;
    qsort(keys, hosts->count, sizeof *keys, vdc_compare_int64);
    for (uint32_t p = 0; p < hosts->count; p++) order[p] = (uint32_t)keys[p];
    return order;
}

static bool order_by_rank(vdc_states *s) {
    const vdc_hosts *hosts = s->hosts;
    int64_t *keys = vdc_calloc(hosts->count, sizeof *keys);
    s->order = vdc_calloc(hosts->count, sizeof *s->order);
    s->position = vdc_calloc(hosts->count, sizeof *s->position);
    bool ok = keys && s->order && s->position;
    if (ok) sort_by_rank(hosts, keys, s->order);
    for (uint32_t p = 0; ok && p < hosts->count; p++) s->position[s->order[p]] = p;
    vdc_free(keys);
    return ok;
}

vdc_code vdc_states_create(vdc_states **out, const vdc_search *search, bool remember) {
    *out = NULL;
    vdc_states *s = vdc_calloc(1, sizeof *s);
    if (!s) return VDC_ERROR_MEMORY;
    s->search = search;
    s->hosts = search->hosts;
    s->remember = remember;
    s->depends = search->instance.policy->placement.depends;
    vdc_shapes_init(&s->shapes, s->hosts);
    s->key_words = count_key_words(s);
    s->dense.positions = s->hosts->count;
    s->pool.state_of = vdc_calloc(s->hosts->count ? s->hosts->count : 1, sizeof *s->pool.state_of);
    s->left = vdc_calloc(words_of(s) + (size_t)1, sizeof *s->left);
    s->none = vdc_calloc(words_of(s) + (size_t)1, sizeof *s->none);
    s->fitting = vdc_calloc(s->hosts->count + (size_t)1, sizeof *s->fitting);
    if (!s->pool.state_of || !s->left || !s->none || !s->fitting || (s->hosts->rank && !order_by_rank(s)) || !grow(s)) {
        vdc_states_destroy(s);
        return VDC_ERROR_MEMORY;
    }
    for (uint32_t p = 0; p < s->hosts->count; p++) s->pool.state_of[p] = NONE;
    /* In order of position, so that each push stays where it is. */
    for (uint32_t p = 0; p < s->hosts->count && !s->failed; p++) vdc_states_update(s, host_at(s, p));
    if (s->failed) {
        vdc_states_destroy(s);
        return VDC_ERROR_MEMORY;
    }
    *out = s;
    return VDC_OK;
}

void vdc_states_destroy(vdc_states *s) {
    if (!s) return;
    for (unsigned slot = 0; slot < VDC_SHAPES; slot++) {
        if (!s->index[slot]) continue;
        vdc_free(s->index[slot]->nodes);
        vdc_free(s->index[slot]->buckets);
        vdc_free(s->index[slot]);
    }
    vdc_dense_clear(&s->dense);
    vdc_free(s->left);
    vdc_free(s->none);
    vdc_free(s->fitting);
    vdc_grid_destroy(s->grid);
    vdc_free(s->in_grid);
    vdc_feasible_destroy(s->feasible);
    vdc_member_pool_close(&s->pool);
    vdc_free(s->order);
    vdc_free(s->position);
    vdc_free(s->state);
    vdc_free(s->keys);
    vdc_free(s->bucket_of);
    vdc_free(s->table);
    vdc_free(s->scratch);
    vdc_free(s);
}
