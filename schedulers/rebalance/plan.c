/* See plan.h. */
#include "schedulers/rebalance/plan.h"

#include <math.h>
#include <string.h>

#include "schedulers/policy_rows.h"

enum { UP = 0, OFF = 3 }; /* view->host_state */

/* Hosts that had room for VMs of one size when somebody first asked in this plan. Whoever fits on a host later fitted then: what is taken
 * back frees no more than was there. */
enum { SHAPES = 16 };
typedef struct vdc_plan_shape {
    int64_t size[VDC_RESOURCES];
    uint32_t *hosts;      /* of those that were in use */
    uint32_t count;
} vdc_plan_shape;

/* ---- the view ---- */

static vdc_plan *plan_of(const vdc_view *view) { return view->engine; }

static inline bool has_room(const vdc_plan *plan, uint32_t host, const vdc_request *request) {
    for (int i = 0; i < plan->used_count; i++)
        if (plan->free[plan->used[i]][host] < request->size[plan->used[i]]) return false;
    return true;
}

/* Everything but room: rules, devices, the hosts' state. Of a host that sleeps nothing can be asked. */
static bool may_come(const vdc_plan *plan, uint32_t host, uint32_t vm) {
    if (plan->state[host] != UP) return false;
    return plan->outer->host_state[host] == OFF || plan->fleet->allows(plan->fleet, vm, host);
}

static bool is_target(const vdc_plan *plan, uint32_t host, const vdc_request *request) {
    if (plan->in_use_only && plan->vms[host] == 0) return false;
    return !plan->excluded[host] && has_room(plan, host, request) && may_come(plan, host, plan->vm)
           && (!plan->accepts || plan->accepts(plan->context, plan, host, plan->vm));
}

static bool view_fits(const vdc_view *view, uint32_t host, const vdc_request *request) {
    return host < view->hosts && is_target(plan_of(view), host, request);
}

static int64_t view_next_feasible(const vdc_view *view, const vdc_request *request, uint32_t from) {
    for (uint32_t h = from; h < view->hosts; h++)
        if (is_target(plan_of(view), h, request)) return h;
    return -1;
}

static uint32_t view_count_feasible(const vdc_view *view, const vdc_request *request) {
    uint32_t count = 0;
    for (uint32_t h = 0; h < view->hosts; h++) count += is_target(plan_of(view), h, request);
    return count;
}

static int64_t view_select_feasible(const vdc_view *view, const vdc_request *request, uint32_t k) {
    for (uint32_t h = 0; h < view->hosts; h++)
        if (is_target(plan_of(view), h, request) && k-- == 0) return h;
    return -1;
}

/* What of a host's view changes from host to host without devices; the rest is zero. */
static inline void see_host(const vdc_plan *plan, uint32_t host, int64_t extra, vdc_host_view *out) {
    out->id = host;
    out->class_id = plan->view.host_class[host];
    out->class_view = &plan->view.class_views[out->class_id];
    for (int i = 0; i < plan->used_count; i++) out->free[plan->used[i]] = plan->free[plan->used[i]][host];
    out->vms = plan->vms[host];
    int64_t capacity = plan->fleet->capacity[host], demand = plan->demand[host];
    double per_hz = plan->per_hz[host], load = (double)demand * per_hz, with = (double)(demand + extra) * per_hz;
    out->granted = demand < capacity ? demand : capacity;
    out->load_known = true;
    out->load = load < 1 ? load : 1;
    out->load_with = with < 1 ? with : 1;
}

static void view_host(const vdc_view *view, uint32_t host, vdc_host_view *out) {
    const vdc_plan *plan = plan_of(view);
    if (plan->devices) plan->outer->host(plan->outer, host, out);
    else memset(out, 0, sizeof *out);
    see_host(plan, host, plan->fleet->vms[plan->vm].demand, out);
}

static uint64_t view_random(const vdc_view *view, uint64_t bound) {
    return plan_of(view)->outer->random(plan_of(view)->outer, bound);
}

static const char *view_tenant_name(const vdc_view *view, uint32_t tenant) {
    return plan_of(view)->outer->tenant_name(plan_of(view)->outer, tenant);
}

static double view_slowdown(const vdc_view *view, uint32_t host, const vdc_request *request) {
    return plan_of(view)->outer->slowdown(plan_of(view)->outer, host, request);
}

static void add_up(const vdc_plan *plan, vdc_resource resource) {
    vdc_wide *free = plan->sums[resource].free;
    memset(free, 0, plan->view.classes * sizeof *free);
    for (uint32_t h = 0; h < plan->view.hosts; h++) free[plan->view.host_class[h]] += plan->free[resource][h];
}

/* As the engine's, over the plan's hosts. */
static double view_used_share(const vdc_view *view, vdc_resource resource) {
    vdc_plan *plan = plan_of(view);
    if (!plan->free[resource] || view->hosts == 0) return 0;
    if (!plan->sums[resource].known) add_up(plan, resource);
    plan->sums[resource].known = true;
    double used = 0;
    for (uint32_t k = 0; k < view->classes; k++) {
        vdc_wide capacity = view->class_views[k].capacity[resource];
        if (capacity > 0) used += (double)(capacity * plan->class_hosts[k] - plan->sums[resource].free[k]) / (double)capacity;
    }
    return used / view->hosts;
}

/* ---- life ---- */

const char *vdc_plan_open(vdc_plan *plan, const vdc_policy_instance *place, const vdc_view *view) {
    uint32_t hosts = view->hosts ? view->hosts : 1;
    *plan = (vdc_plan){.outer = view, .place = place, .view = *view, .wakes = true};
    bool memory = true;
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (!view->free[r]) continue;
        plan->used[plan->used_count++] = r;
        plan->view.free[r] = plan->free[r] = vdc_calloc(hosts, sizeof *plan->free[r]);
        plan->sums[r].free = vdc_calloc((size_t)view->classes + 1, sizeof *plan->sums[r].free);
        memory = memory && plan->free[r] && plan->sums[r].free;
    }
    plan->class_hosts = vdc_calloc((size_t)view->classes + 1, sizeof *plan->class_hosts);
    for (uint32_t h = 0; h < view->hosts && plan->class_hosts; h++) plan->class_hosts[view->host_class[h]]++;
    plan->view.vms = plan->vms = vdc_calloc(hosts, sizeof *plan->vms);
    plan->demand = vdc_calloc(hosts, sizeof *plan->demand);
    plan->arrivals = vdc_calloc(hosts, sizeof *plan->arrivals);
    plan->excluded = vdc_calloc(hosts, sizeof *plan->excluded);
    plan->view.host_state = plan->state = vdc_calloc(hosts, sizeof *plan->state);
    plan->per_hz = vdc_calloc(hosts, sizeof *plan->per_hz);
    plan->opened = vdc_calloc(hosts, sizeof *plan->opened);
    plan->in_use = vdc_calloc(hosts, sizeof *plan->in_use);
    plan->empty = vdc_calloc(hosts, sizeof *plan->empty);
    plan->seen = vdc_calloc((size_t)view->classes * 2 + 1, sizeof *plan->seen);
    plan->shapes = vdc_calloc(SHAPES, sizeof *plan->shapes);
    for (int i = 0; i < SHAPES && plan->shapes; i++) memory = (plan->shapes[i].hosts = vdc_calloc(hosts, sizeof *plan->shapes[i].hosts)) && memory;
    for (uint32_t k = 0; k < view->classes; k++) plan->devices = plan->devices || view->class_views[k].gpus || view->class_views[k].numa_nodes;
    if (!memory || !plan->class_hosts || !plan->shapes || !plan->per_hz || !plan->opened || !plan->in_use || !plan->empty || !plan->seen
        || !plan->vms || !plan->demand || !plan->arrivals || !plan->excluded || !plan->state) return "out of memory";
    plan->view.fits = view_fits;
    plan->view.next_feasible = view_next_feasible;
    plan->view.count_feasible = view_count_feasible;
    plan->view.select_feasible = view_select_feasible;
    plan->view.host = view_host;
    plan->view.random = view_random;
    plan->view.tenant_name = view_tenant_name;
    plan->view.slowdown = view_slowdown;
    plan->view.used_share = view_used_share;
    plan->view.engine = plan;
    if (!place) return NULL;
    const vdc_placement_hooks *hooks = &place->policy->placement;
    plan->dedupe = !(hooks->depends & (VDC_DEPENDS_HOST | VDC_DEPENDS_FLEET | VDC_DEPENDS_DEVICES)) && !view->rank;
    plan->remembers_nothing = hooks->score && !hooks->prepare && !hooks->placed;
    plan->started = true;
    return place->policy->init ? place->policy->init(place->state, &plan->view) : NULL;
}

void vdc_plan_close(vdc_plan *plan) {
    if (plan->started && plan->place->policy->fini) plan->place->policy->fini(plan->place->state);
    for (int r = 0; r < VDC_RESOURCES; r++) {
        vdc_free(plan->free[r]);
        vdc_free(plan->sums[r].free);
    }
    vdc_free(plan->class_hosts);
    vdc_free(plan->vms);
    vdc_free(plan->demand);
    vdc_free(plan->arrivals);
    vdc_free(plan->excluded);
    vdc_free(plan->state);
    vdc_free(plan->moved);
    vdc_free(plan->seen);
    vdc_free(plan->per_hz);
    vdc_free(plan->opened);
    vdc_free(plan->in_use);
    vdc_free(plan->empty);
    for (int i = 0; i < SHAPES && plan->shapes; i++) vdc_free(plan->shapes[i].hosts);
    vdc_free(plan->shapes);
    vdc_free(plan->moves);
    *plan = (vdc_plan){0};
}

static const vdc_placement_hooks *hooks_of(const vdc_plan *plan) {
    static const vdc_placement_hooks none = {0};
    return plan->place ? &plan->place->policy->placement : &none;
}

void vdc_plan_placed(vdc_plan *plan, const vdc_view *view, const vdc_request *request, uint32_t host) {
    if (hooks_of(plan)->placed) hooks_of(plan)->placed(plan->place->state, view, request, host);
}

/* A VM that runs elsewhere is taken for one that came there. */
static void know_placed(vdc_plan *plan, uint32_t vm, uint32_t host) {
    plan->view.started = plan->view.now - plan->fleet->vms[vm].age;
    vdc_plan_placed(plan, &plan->view, plan->fleet->vms[vm].request, host);
}

void vdc_plan_released(vdc_plan *plan, const vdc_view *view, const vdc_request *request, uint32_t host) {
    if (hooks_of(plan)->released) hooks_of(plan)->released(plan->place->state, view, request, host);
}

static void note_failure(vdc_plan *plan) {
    if (!plan->failure && hooks_of(plan)->failure) plan->failure = hooks_of(plan)->failure(plan->place->state);
}

static uint8_t *kind_of(const vdc_plan *plan, uint32_t host) {
    return &plan->seen[plan->view.host_class[host] * 2 + (plan->outer->host_state[host] == OFF)];
}

void vdc_plan_begin(vdc_plan *plan, const vdc_fleet_view *fleet) {
    const vdc_view *view = fleet->view;
    plan->fleet = fleet;
    plan->outer = view;
    plan->view.now = view->now;
    plan->view.class_views = view->class_views; /* of another engine when the scheduler's policy was changed */
    plan->count = 0;
    plan->shape_count = 0;
    plan->opened_count = 0;
    plan->accepts = NULL;
    plan->failure = NULL;
    for (int r = 0; r < VDC_RESOURCES; r++) plan->sums[r].known = false;
    for (uint32_t h = 0; h < view->hosts; h++) plan->per_hz[h] = fleet->capacity[h] > 0 ? 1 / (double)fleet->capacity[h] : 0;
    plan->in_use_only = false;
    plan->no_memory = !VDC_RESERVE(plan->moved, plan->moved_capacity, fleet->slots);
    if (plan->no_memory) return;
    if (fleet->slots) memset(plan->moved, 0, fleet->slots);
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (plan->free[r]) memcpy(plan->free[r], view->free[r], view->hosts * sizeof *plan->free[r]);
    memcpy(plan->vms, view->vms, view->hosts * sizeof *plan->vms);
    memcpy(plan->demand, fleet->demand, view->hosts * sizeof *plan->demand);
    memset(plan->arrivals, 0, view->hosts * sizeof *plan->arrivals);
    memset(plan->excluded, 0, view->hosts);
    plan->in_use_count = plan->empty_count = plan->kinds = 0;
    memset(plan->seen, 0, (size_t)view->classes * 2);
    for (uint32_t h = 0; h < view->hosts; h++) {
        plan->state[h] = view->host_state[h] == OFF && plan->wakes && fleet->asleep(fleet, h) ? UP : view->host_state[h];
        if (plan->state[h] != UP) continue;
        if (view->vms[h] > 0) {
            plan->in_use[plan->in_use_count++] = h;
            continue;
        }
        plan->empty[plan->empty_count++] = h;
        plan->kinds += !*kind_of(plan, h);
        *kind_of(plan, h) = 1;
    }
    if (!hooks_of(plan)->placed) return;
    for (uint32_t vm = 0; vm < fleet->slots; vm++)
        if (fleet->vms[vm].arriving) know_placed(plan, vm, fleet->vms[vm].host);
}

/* ---- search ---- */

/* The hosts that may have room, NULL: nothing is known. */
static const vdc_plan_shape *shape_of(vdc_plan *plan, const vdc_request *request) {
    for (int i = 0; i < plan->shape_count; i++)
        if (memcmp(plan->shapes[i].size, request->size, sizeof request->size) == 0) return &plan->shapes[i];
    if (plan->shape_count == SHAPES) return NULL;
    vdc_plan_shape *shape = &plan->shapes[plan->shape_count++];
    memcpy(shape->size, request->size, sizeof shape->size);
    shape->count = 0;
    const int64_t *free[VDC_RESOURCES];
    int64_t wanted[VDC_RESOURCES];
    int limits = plan->used_count;
    for (int i = 0; i < limits; i++) free[i] = plan->outer->free[plan->used[i]], wanted[i] = request->size[plan->used[i]];
    for (uint32_t k = 0; k < plan->in_use_count; k++) {
        uint32_t h = plan->in_use[k];
        bool room = true;
        for (int i = 0; room && i < limits; i++) room = free[i][h] >= wanted[i];
        if (room) shape->hosts[shape->count++] = h;
    }
    return shape;
}

/* The best host so far. */
typedef struct best_host {
    int64_t host;
    double score;
    vdc_host_view seen;   /* of the host that is looked at; what it has of zeros stays */
    int64_t extra;        /* Hz that the VM asks for */
} best_host;

/* Is the host better than the best so far? Ties to the lowest rank, then the lowest id. What is costly to ask is asked of those only that
 * would win. *may = it may take the VM by its own state, whatever its load. */
static inline void consider(vdc_plan *plan, const vdc_request *request, uint32_t h, best_host *best, bool *may) {
    if (plan->excluded[h] || plan->state[h] != UP || !has_room(plan, h, request)) return;
    const vdc_view *view = &plan->view;
    vdc_decision devices = {.host = h};
    if (plan->devices) view_host(view, h, &best->seen);
    else see_host(plan, h, best->extra, &best->seen);
    double score = plan->place->policy->placement.score(plan->place->state, &best->seen, request, &devices);
    if (isnan(score)) score = -INFINITY;
    if (best->host >= 0 && score < best->score) {
        *may = true;
        return;
    }
    if (best->host >= 0 && score == best->score) {
        if (!vdc_host_before(view, h, (uint32_t)best->host)) return;
    }
    *may = may_come(plan, h, plan->vm);
    if (!*may || (plan->accepts && !plan->accepts(plan->context, plan, h, plan->vm))) return;
    best->host = h;
    best->score = score;
}

/* Of the hosts with room the one with the best score. Hosts of a class that are empty, all awake or all asleep, are alike to the policy: only the
 * first of them that may take the VM is looked at. */
static int64_t best_score(vdc_plan *plan, const vdc_request *request) {
    const vdc_placement_hooks *hooks = &plan->place->policy->placement;
    const vdc_view *view = &plan->view;
    best_host best = {.host = -1, .extra = plan->fleet->vms[plan->vm].demand};
    bool may;
    if (hooks->prepare) hooks->prepare(plan->place->state, view, request);
    const vdc_plan_shape *shape = shape_of(plan, request);
    if (!shape) {
        for (uint32_t h = 0; h < view->hosts; h++)
            if (plan->vms[h] > 0 || !plan->in_use_only) consider(plan, request, h, &best, &may);
        return best.host;
    }
    for (uint32_t i = 0; i < shape->count; i++) consider(plan, request, shape->hosts[i], &best, &may);
    for (uint32_t i = 0; i < plan->opened_count; i++)
        if (plan->vms[plan->opened[i]] > 0) consider(plan, request, plan->opened[i], &best, &may);
    if (plan->in_use_only) return best.host;
    uint32_t kinds = 0;
    memset(plan->seen, 0, (size_t)view->classes * 2);
    for (uint32_t i = 0; i < plan->empty_count && kinds < plan->kinds; i++) {
        uint32_t h = plan->empty[i];
        if (plan->vms[h] > 0 || (plan->dedupe && *kind_of(plan, h))) continue;
        may = false;
        consider(plan, request, h, &best, &may);
        if (!may || !plan->dedupe) continue;
        *kind_of(plan, h) = 1;
        kinds++;
    }
    return best.host;
}

int64_t vdc_plan_find(vdc_plan *plan, uint32_t vm, vdc_plan_accepts *accepts, const void *context) {
    const vdc_request *request = plan->fleet->vms[vm].request;
    const vdc_policy_instance *place = plan->place;
    uint32_t own = plan->fleet->vms[vm].host;
    uint8_t before = plan->excluded[own];
    if (plan->failure) return -1;
    plan->vm = vm;
    plan->accepts = accepts;
    plan->context = context;
    plan->excluded[own] = 1;
    int64_t found = -1;
    if (place->policy->placement.score) {
        found = best_score(plan, request);
    } else {
        vdc_decision decision = {.host = -1};
        if (place->policy->placement.choose(place->state, &plan->view, request, &decision) && decision.host >= 0
            && decision.host < plan->view.hosts && is_target(plan, (uint32_t)decision.host, request))
            found = decision.host;
    }
    note_failure(plan);
    if (plan->failure) found = -1;
    plan->excluded[own] = before;
    plan->accepts = NULL;
    return found;
}

bool vdc_plan_fits(const vdc_plan *plan, uint32_t host, uint32_t vm) {
    const vdc_request *request = plan->fleet->vms[vm].request;
    return !plan->excluded[host] && has_room(plan, host, request) && may_come(plan, host, vm);
}

/* ---- moves ---- */

void vdc_plan_leave(vdc_plan *plan, uint32_t vm) {
    const vdc_vm_view *one = &plan->fleet->vms[vm];
    plan->demand[one->host] -= one->demand;
    plan->moved[vm] = 1;
}

void vdc_plan_return(vdc_plan *plan, uint32_t vm) {
    const vdc_vm_view *one = &plan->fleet->vms[vm];
    plan->demand[one->host] += one->demand;
    plan->moved[vm] = 0;
}

/* Its promises on a host come (1) or go again (-1). */
static void hold(vdc_plan *plan, uint32_t vm, uint32_t host, int64_t sign) {
    const vdc_vm_view *one = &plan->fleet->vms[vm];
    for (int i = 0; i < plan->used_count; i++) {
        int r = plan->used[i];
        plan->free[r][host] -= sign * one->request->size[r];
        if (plan->sums[r].known) plan->sums[r].free[plan->view.host_class[host]] -= sign * one->request->size[r];
    }
    plan->demand[host] += sign * one->demand;
    plan->vms[host] += (uint32_t)sign;
    plan->arrivals[host] += (uint32_t)sign;
}

void vdc_plan_move(vdc_plan *plan, uint32_t vm, uint32_t host) {
    if (!VDC_RESERVE(plan->moves, plan->capacity, plan->count + 1)) {
        plan->no_memory = true;
        return;
    }
    plan->moves[plan->count++] = (vdc_relocation){vm, host};
    bool opened = plan->outer->vms[host] > 0;
    for (uint32_t i = 0; i < plan->opened_count && !opened; i++) opened = plan->opened[i] == host;
    if (!opened) plan->opened[plan->opened_count++] = host;
    hold(plan, vm, host, 1);
    know_placed(plan, vm, host);
}

static void take_back(vdc_plan *plan, vdc_relocation move) {
    hold(plan, move.vm, move.host, -1);
    vdc_plan_released(plan, &plan->view, plan->fleet->vms[move.vm].request, move.host);
}

void vdc_plan_undo(vdc_plan *plan, size_t count) {
    while (plan->count > count) {
        vdc_relocation move = plan->moves[--plan->count];
        take_back(plan, move);
        vdc_plan_return(plan, move.vm);
    }
}

/* The resources that are limited, side by side: a host is looked at here in a few instructions. */
typedef struct wanted_room {
    const int64_t *free[VDC_RESOURCES];  /* [hosts] */
    int64_t least[VDC_RESOURCES];        /* of the smallest of the VMs */
    int64_t need[VDC_RESOURCES];         /* of all of them, less what hosts cover */
    int count;
} wanted_room;

/* Takes from what is needed what the host has left, if it has room for the least of it; is nothing needed any more? */
static inline bool covers(const vdc_plan *plan, uint32_t host, wanted_room *wanted) {
    for (int i = 0; i < wanted->count; i++)
        if (wanted->free[i][host] < wanted->least[i]) return false;
    if (plan->excluded[host] || plan->state[host] != UP || plan->vms[host] == 0) return false;
    bool covered = true;
    for (int i = 0; i < wanted->count; i++) {
        int64_t left = wanted->need[i] - wanted->free[i][host];
        wanted->need[i] = left > 0 ? left : 0;
        covered = covered && left <= 0;
    }
    return covered;
}

/* Hosts without room for the smallest of the VMs count for nothing. A policy with a memory is asked for each VM all the same. */
bool vdc_plan_too_many(const vdc_plan *plan, const uint32_t *vms, uint32_t count) {
    if (!plan->remembers_nothing || count == 0) return false;
    wanted_room wanted = {.count = plan->used_count};
    for (int i = 0; i < wanted.count; i++) {
        int r = plan->used[i];
        wanted.free[i] = plan->free[r];
        wanted.least[i] = INT64_MAX;
        for (uint32_t k = 0; k < count; k++) {
            int64_t size = plan->fleet->vms[vms[k]].request->size[r];
            wanted.need[i] += size;
            if (size < wanted.least[i]) wanted.least[i] = size;
        }
    }
    for (uint32_t k = 0; k < plan->in_use_count; k++)
        if (covers(plan, plan->in_use[k], &wanted)) return false;
    for (uint32_t k = 0; k < plan->opened_count; k++)
        if (covers(plan, plan->opened[k], &wanted)) return false;
    return true;
}

bool vdc_plan_move_all(vdc_plan *plan, const uint32_t *vms, uint32_t count, vdc_plan_accepts *accepts, const void *context) {
    size_t before = plan->count;
    uint32_t moved = 0;
    if (vdc_plan_too_many(plan, vms, count)) return false;
    plan->in_use_only = true;
    for (; moved < count && !plan->no_memory; moved++) {
        int64_t target = vdc_plan_find(plan, vms[moved], accepts, context);
        if (target < 0) break;
        vdc_plan_leave(plan, vms[moved]);
        vdc_plan_move(plan, vms[moved], (uint32_t)target);
    }
    plan->in_use_only = false;
    if (moved < count) vdc_plan_undo(plan, before);
    return moved == count;
}

int64_t vdc_plan_movable(const vdc_plan *plan, uint32_t host, uint32_t *out) {
    const vdc_fleet_view *fleet = plan->fleet;
    uint32_t count = 0;
    for (uint32_t i = fleet->first[host]; i < fleet->first[host + 1]; i++) {
        uint32_t vm = fleet->on[i];
        if (plan->moved[vm]) continue;
        if (!fleet->vms[vm].movable) return -1;
        out[count++] = vm;
    }
    return count;
}

static bool is_larger(const vdc_request *a, const vdc_request *b) {
    if (a->size[VDC_MEMORY] != b->size[VDC_MEMORY]) return a->size[VDC_MEMORY] > b->size[VDC_MEMORY];
    if (a->size[VDC_CPU] != b->size[VDC_CPU]) return a->size[VDC_CPU] > b->size[VDC_CPU];
    return a->number < b->number;
}

void vdc_plan_largest_first(const vdc_fleet_view *fleet, uint32_t *vms, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        uint32_t vm = vms[i], j = i;
        for (; j > 0 && is_larger(fleet->vms[vm].request, fleet->vms[vms[j - 1]].request); j--) vms[j] = vms[j - 1];
        vms[j] = vm;
    }
}

/* The placement policy knows only of what is so. */
static void forget_moves(vdc_plan *plan) {
    if (!hooks_of(plan)->released) return;
    for (size_t i = plan->count; i > 0; i--) take_back(plan, plan->moves[i - 1]);
    for (uint32_t vm = plan->fleet->slots; vm > 0; vm--) {
        const vdc_vm_view *one = &plan->fleet->vms[vm - 1];
        if (one->arriving) vdc_plan_released(plan, &plan->view, one->request, one->host);
    }
}

int64_t vdc_plan_result(vdc_plan *plan, const vdc_relocation **moves) {
    note_failure(plan);
    if (plan->no_memory || plan->failure) return -1;
    forget_moves(plan);
    *moves = plan->moves;
    for (size_t i = 0; i < plan->count; i++)
        if (plan->outer->host_state[plan->moves[i].host] == OFF) plan->moves[i].vm = VDC_SWITCH_ON;
    return (int64_t)plan->count;
}

vdc_code vdc_part_open(vdc_policy_kind kind, const vdc_node *node, const char *usual, vdc_policy_instance *instance, vdc_diag *diag) {
    if (!node || node->kind != VDC_NODE_SCALAR) return vdc_policy_open(kind, node, usual, NULL, instance, diag);
    vdc_node name = *node, *children[] = {&name}, mapping = {.kind = VDC_NODE_MAPPING, .place = node->place, .children = children, .count = 1};
    name.key = "policy";
    return vdc_policy_open(kind, &mapping, usual, NULL, instance, diag);
}
