/* Best score by branch and bound over a grid of free amounts, for monotone scores.
 *
 * Best-fit and worst-fit only ever fall, or only ever rise, when more of a resource is free. So the score at one corner of a box
 * of free amounts bounds the scores of all hosts in the box: the policy itself is asked, for a host that does not exist, and the
 * bound holds for its rounded doubles. Items (states of hosts) lie in a grid over two resources, CPU and memory where they are in
 * use, one grid a host class; above the cells stand bitmaps of 8 x 8 boxes each, two or three levels of them. A query goes down
 * from the best bound and leaves out what is bounded below the best score found. Each box also has a lower bound of the positions
 * in it, made exact whenever the box is visited; where bounds tie, the box of the lowest position comes first, and those that
 * cannot have a lower one than what was found are left out.
 *
 * Needs no list of request shapes, so that ten thousand shapes cost what one does: one or two microseconds.
 */
#include "schedulers/search_grid.h"

#include <string.h>

#include "sim/base/known.h"

enum {
    SIDE_BITS = 3,                       /* boxes: 8 x 8 of the level below */
    SIDE = 1 << SIDE_BITS,
    CHILDREN = SIDE * SIDE,
    LEVELS_MOST = 3,
    AXES = 2,
    MANY_HOSTS = 1000,                   /* of one class, from which a third level pays */
    CLASSES_MOST = 16
};
static const uint32_t NONE = UINT32_MAX;

/* The grid of one host class. */
typedef struct class_plane {
    unsigned levels;
    unsigned shift[AXES];                /* coordinate = amount >> shift */
    int64_t most[VDC_RESOURCES];         /* the largest amounts linked */
    uint64_t *boxes[LEVELS_MOST];        /* [level][box] which of its 64 parts hold items; level 0: cells */
    uint32_t *lowest[LEVELS_MOST];       /* [level][part] no position in the part is lower; level 0: of cells */
    uint32_t *first;                     /* [cell] */
} class_plane;

struct vdc_grid {
    const vdc_search *search;
    const vdc_hosts *hosts;
    bool falls;
    vdc_resource axis[AXES];
    unsigned axes;
    class_plane *planes;                      /* [classes] */
    uint32_t *next;                      /* [item] */
    size_t capacity;
};

bool vdc_grid_suits(const vdc_search *search) {
    const vdc_placement_hooks *hooks = &search->instance.policy->placement;
    /* Weights of the whole fleet stay what they are during a decision. */
    unsigned known = VDC_DEPENDS_FREE | VDC_DEPENDS_FLEET;
    return hooks->score && hooks->monotone != VDC_MONOTONE_NONE && !(hooks->depends & ~known) && search->hosts->class_count <= CLASSES_MOST;
}

/* --- cells --- */

static uint32_t coordinate(const class_plane *plane, unsigned axis, int64_t amount) {
    int64_t last = (INT64_C(1) << (SIDE_BITS * plane->levels)) - 1;
    if (amount < 0) return 0;
    amount >>= plane->shift[axis];
    return (uint32_t)(amount < last ? amount : last);
}

/* Boxes of a level are numbered so that the parts of one follow one another: digits of 3 bits of both coordinates in turn. */
static uint32_t cell_of(const class_plane *plane, uint32_t x, uint32_t y) {
    uint32_t cell = 0;
    for (unsigned level = plane->levels; level-- > 0;) {
        cell = cell << (2 * SIDE_BITS) | (y >> (SIDE_BITS * level) & (SIDE - 1)) << SIDE_BITS |
               (x >> (SIDE_BITS * level) & (SIDE - 1));
    }
    return cell;
}

/* The cell of the host as it stands. */
static uint32_t cell_of_host(const vdc_grid *g, const class_plane *plane, uint32_t host) {
    uint32_t at[AXES] = {0};
    for (unsigned a = 0; a < g->axes; a++) at[a] = coordinate(plane, a, g->hosts->free[g->axis[a]][host]);
    return cell_of(plane, at[0], at[1]);
}

bool vdc_grid_link(vdc_grid *g, uint32_t item, uint32_t host, uint32_t position) {
    if (!VDC_RESERVE(g->next, g->capacity, (size_t)item + 1)) return false;
    class_plane *plane = &g->planes[g->hosts->class_of[host]];
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (g->hosts->free[r] && g->hosts->free[r][host] > plane->most[r]) plane->most[r] = g->hosts->free[r][host];
    }
    uint32_t cell = cell_of_host(g, plane, host);
    g->next[item] = plane->first[cell];
    plane->first[cell] = item;
    for (unsigned level = 0; level < plane->levels; level++) {
        uint64_t *parts = &plane->boxes[level][cell / CHILDREN], bit = UINT64_C(1) << (cell % CHILDREN);
        if (!(*parts & bit) || position < plane->lowest[level][cell]) plane->lowest[level][cell] = position;
        *parts |= bit;
        cell /= CHILDREN;
    }
    return true;
}

void vdc_grid_lower(vdc_grid *g, uint32_t host, uint32_t position) {
    class_plane *plane = &g->planes[g->hosts->class_of[host]];
    uint32_t part = cell_of_host(g, plane, host);
    for (unsigned level = 0; level < plane->levels && position < plane->lowest[level][part]; level++) {
        plane->lowest[level][part] = position;
        part /= CHILDREN;
    }
}

/* --- queries --- */

typedef struct search_state {
    const vdc_grid *grid;
    class_plane *plane;
    const vdc_grid_query *query;
    vdc_host_view corner;                /* the host that does not exist */
    vdc_grid_best best;
} search_state;

/* The best score that a host in the box may have; false when no host in it can take the request. */
static bool bound_of(search_state *s, unsigned level, const uint32_t at[AXES], double *bound) {
    const vdc_grid *g = s->grid;
    VDC_KNOWN(g->axes <= AXES);
    for (unsigned a = 0; a < g->axes; a++) {
        unsigned shift = s->plane->shift[a] + SIDE_BITS * level;
        int64_t size = s->query->request->size[g->axis[a]], least = (int64_t)at[a] << shift, most = s->plane->most[g->axis[a]];
        bool last = (at[a] + 1) >> (SIDE_BITS * (s->plane->levels - level)) != 0;
        if (!last && most > ((int64_t)(at[a] + 1) << shift) - 1) most = ((int64_t)(at[a] + 1) << shift) - 1;
        if (most < size) return false;
        s->corner.free[g->axis[a]] = !g->falls ? most : least > size ? least : size;
    }
    vdc_decision devices;
    *bound = vdc_search_score(g->search, &s->corner, s->query->request, &devices);
    return true;
}

static void visit_cell(search_state *s, uint32_t cell) {
    uint32_t *from = &s->plane->first[cell], lowest = UINT32_MAX;
    while (*from != NONE) {
        uint32_t item = *from, position = s->query->visit(s->query->context, item, &s->best);
        if (position == UINT32_MAX) *from = s->grid->next[item];
        else from = &s->grid->next[item];
        if (position < lowest) lowest = position;
    }
    s->plane->lowest[0][cell] = lowest;
}

/* Can a part with that bound and that lowest position hold something better than what was found? */
static bool promises(const search_state *s, double bound, uint32_t lowest) {
    return !s->best.found || bound > s->best.score || (bound == s->best.score && lowest < s->best.position);
}

static void visit_box(search_state *s, unsigned level, uint32_t box, const uint32_t at[AXES]) {
    uint64_t *parts = &s->plane->boxes[level][box], open = 0;
    uint32_t *lowest = &s->plane->lowest[level][(size_t)box * CHILDREN];
    double bounds[CHILDREN];
    for (uint64_t left = *parts; left; left &= left - 1) {
        unsigned part = (unsigned)__builtin_ctzll(left);
        uint32_t inner[AXES] = {at[0] * SIDE + part % SIDE, at[1] * SIDE + part / SIDE};
        if (bound_of(s, level, inner, &bounds[part])) open |= UINT64_C(1) << part;
    }
    while (open) {
        unsigned best = (unsigned)__builtin_ctzll(open);
        for (uint64_t left = open & (open - 1); left; left &= left - 1) {
            unsigned part = (unsigned)__builtin_ctzll(left);
            if (bounds[part] > bounds[best] || (bounds[part] == bounds[best] && lowest[part] < lowest[best])) best = part;
        }
        if (!promises(s, bounds[best], lowest[best])) return;
        open &= ~(UINT64_C(1) << best);
        uint32_t inner = box * CHILDREN + best;
        bool empty;
        if (level > 0) {
            visit_box(s, level - 1, inner, (uint32_t[AXES]){at[0] * SIDE + best % SIDE, at[1] * SIDE + best / SIDE});
            empty = !s->plane->boxes[level - 1][inner];
            lowest[best] = UINT32_MAX;
            for (uint64_t left = s->plane->boxes[level - 1][inner]; left; left &= left - 1) {
                uint32_t low = s->plane->lowest[level - 1][(size_t)inner * CHILDREN + (unsigned)__builtin_ctzll(left)];
                if (low < lowest[best]) lowest[best] = low;
            }
        } else {
            visit_cell(s, inner);
            empty = s->plane->first[inner] == NONE;
        }
        if (empty) *parts &= ~(UINT64_C(1) << best);
    }
}

vdc_grid_best vdc_grid_find(vdc_grid *g, const vdc_grid_query *query) {
    search_state s = {.grid = g, .query = query};
    for (uint32_t c = 0; c < g->hosts->class_count; c++) {
        s.plane = &g->planes[c];
        s.corner = (vdc_host_view){.class_id = c, .class_view = &g->search->class_views[c]};
        bool possible = true;
        for (int r = 0; r < VDC_RESOURCES; r++) {
            if (!g->hosts->free[r]) continue;
            s.corner.free[r] = g->falls ? query->request->size[r] : s.plane->most[r];
            possible = possible && s.plane->most[r] >= query->request->size[r];
        }
        if (possible) visit_box(&s, s.plane->levels - 1, 0, (uint32_t[AXES]){0});
    }
    return s.best;
}

/* --- life --- */

static size_t boxes_of(const class_plane *plane, unsigned level) {
    return (size_t)1 << (2 * SIDE_BITS * (plane->levels - 1 - level));
}

void vdc_grid_clear(vdc_grid *g) {
    for (uint32_t c = 0; c < g->hosts->class_count; c++) {
        class_plane *plane = &g->planes[c];
        for (unsigned level = 0; level < plane->levels; level++)
            memset(plane->boxes[level], 0, boxes_of(plane, level) * sizeof **plane->boxes);
        for (size_t cell = 0; cell < boxes_of(plane, 0) * CHILDREN; cell++) plane->first[cell] = NONE;
        for (int r = 0; r < VDC_RESOURCES; r++) plane->most[r] = INT64_MIN;
    }
}

vdc_code vdc_grid_create(vdc_grid **out, const vdc_search *search) {
    *out = NULL;
    vdc_grid *g = vdc_calloc(1, sizeof *g);
    if (!g) return VDC_ERROR_MEMORY;
    const vdc_hosts *hosts = search->hosts;
    g->search = search;
    g->hosts = hosts;
    g->falls = search->instance.policy->placement.monotone == VDC_MONOTONE_FALLS;
    for (int r = 0; r < VDC_RESOURCES && g->axes < AXES; r++) { /* CPU and memory come first */
        if (hosts->free[r]) g->axis[g->axes++] = (vdc_resource)r;
    }
    bool ok = (g->planes = vdc_calloc(hosts->class_count, sizeof *g->planes)) != NULL;
    for (uint32_t c = 0; ok && c < hosts->class_count; c++) {
        class_plane *plane = &g->planes[c];
        plane->levels = hosts->classes[c].count < MANY_HOSTS ? LEVELS_MOST - 1 : LEVELS_MOST;
        for (unsigned a = 0; a < g->axes; a++) {
            while (hosts->classes[c].capacity[g->axis[a]] >> plane->shift[a] >> (SIDE_BITS * plane->levels)) plane->shift[a]++;
        }
        for (unsigned level = 0; level < plane->levels; level++) {
            ok = ok && (plane->boxes[level] = vdc_calloc(boxes_of(plane, level), sizeof **plane->boxes));
            ok = ok && (plane->lowest[level] = vdc_calloc(boxes_of(plane, level) * CHILDREN, sizeof **plane->lowest));
        }
        ok = ok && (plane->first = vdc_calloc(boxes_of(plane, 0) * CHILDREN, sizeof *plane->first));
    }
    if (!ok) {
        vdc_grid_destroy(g);
        return VDC_ERROR_MEMORY;
    }
    vdc_grid_clear(g);
    *out = g;
    return VDC_OK;
}

void vdc_grid_destroy(vdc_grid *g) {
    if (!g) return;
    for (uint32_t c = 0; g->planes && c < g->hosts->class_count; c++) {
        for (unsigned level = 0; level < LEVELS_MOST; level++) {
            vdc_free(g->planes[c].boxes[level]);
            vdc_free(g->planes[c].lowest[level]);
        }
        vdc_free(g->planes[c].first);
    }
    vdc_free(g->planes);
    vdc_free(g->next);
    vdc_free(g);
}
