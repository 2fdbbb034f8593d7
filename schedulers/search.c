/* The placement engine: the view that policies get, their decisions and the checks on them. */
#include "schedulers/search_internal.h"
#include "schedulers/search_grid.h"
#include "schedulers/search_states.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { INDEXED_HOSTS = 1 }; /* from how many hosts on an index is quicker than the scan */

/* --- keeping the indexes --- */

static void update_indexes(vdc_search *search, uint32_t host) {
    if (search->feasible) vdc_feasible_update(search->feasible, host);
    if (search->states) vdc_states_update(search->states, host);
}

static void update_sums(vdc_search *search, uint32_t host) {
    const vdc_hosts *hosts = search->hosts;
    for (int r = 0; r < VDC_RESOURCES; r++) {
        struct vdc_free_sums *sums = &search->free_sums[r];
        if (!sums->known) continue;
        sums->sum[hosts->class_of[host]] += hosts->free[r][host] - sums->known[host];
        sums->known[host] = hosts->free[r][host];
    }
}

void vdc_search_host_changed(vdc_search *search, uint32_t host) {
    if (search->sums_free) update_sums(search, host);
    if (!search->changed) {
        update_indexes(search, host);
    } else if (!search->is_changed[host]) {
        search->is_changed[host] = true;
        search->changed[search->changed_count++] = host;
    }
}

static void catch_up(vdc_search *search) {
    for (uint32_t i = 0; i < search->changed_count; i++) {
        search->is_changed[search->changed[i]] = false;
        update_indexes(search, search->changed[i]);
    }
    search->changed_count = 0;
}

/* The bitmaps, made when they are first asked for; NULL: scan. */
static vdc_feasible *feasible_of(vdc_search *search) {
    catch_up(search);
    if (!search->feasible && search->indexed && !search->feasible_tried) {
        search->feasible_tried = true;
        if (vdc_feasible_create(&search->feasible, search->hosts, NULL)) search->feasible = NULL;
    }
    return search->feasible;
}

/* The scores by state; NULL: none, or memory ran out. */
static vdc_states *states_of(vdc_search *search) {
    catch_up(search);
    if (search->states && vdc_states_failed(search->states)) {
        vdc_states_destroy(search->states);
        search->states = NULL;
    }
    return search->states;
}

/* --- the view --- */

static bool view_fits(const vdc_view *view, uint32_t host, const vdc_request *request) {
    const vdc_search *search = vdc_search_of(view);
    return host < search->hosts->count && vdc_search_fits(search, host, request);
}

static int64_t view_next_feasible(const vdc_view *view, const vdc_request *request, uint32_t from) {
    vdc_search *search = vdc_search_of(view);
    vdc_feasible *feasible = feasible_of(search);
    return feasible ? vdc_feasible_next(feasible, request, from, vdc_search_rules(search, request), search->rules)
                    : vdc_scan_next(search, request, from);
}

static uint32_t view_count_feasible(const vdc_view *view, const vdc_request *request) {
    vdc_search *search = vdc_search_of(view);
    vdc_feasible *feasible = feasible_of(search);
    return feasible ? vdc_feasible_count(feasible, request, vdc_search_rules(search, request), search->rules)
                    : vdc_scan_count(search, request);
}

static int64_t view_select_feasible(const vdc_view *view, const vdc_request *request, uint32_t k) {
    vdc_search *search = vdc_search_of(view);
    vdc_feasible *feasible = feasible_of(search);
    return feasible ? vdc_feasible_select(feasible, request, k, vdc_search_rules(search, request), search->rules)
                    : vdc_scan_select(search, request, k);
}

static void view_host(const vdc_view *view, uint32_t host, vdc_host_view *out) {
    const vdc_hosts *hosts = vdc_search_of(view)->hosts;
    *out =
        (vdc_host_view){.id = host, .class_id = hosts->class_of[host], .vms = hosts->vms[host], .granted = hosts->account[host].granted};
    out->class_view = &view->class_views[out->class_id];
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (hosts->free[r]) out->free[r] = hosts->free[r][host];
    }
    if (hosts->gpu_free) out->gpu_free = hosts->gpu_free + (size_t)host * hosts->gpu_stride;
    if (hosts->numa_free) out->numa_free = hosts->numa_free + (size_t)host * hosts->numa_stride * 2;
}

static double view_power(const vdc_host_class_view *class_view, double utilisation) {
    const vdc_power *power = class_view->power;
    return power->model ? vdc_power_watts(power, utilisation) : 0;
}

static uint64_t view_random(const vdc_view *view, uint64_t bound) {
    return vdc_stream_below(&vdc_search_of(view)->stream, bound);
}

/* From now on the sums are kept; without memory for them they are added up for each question. */
static void keep_sums(vdc_search *search, vdc_resource resource) {
    const vdc_hosts *hosts = search->hosts;
    struct vdc_free_sums *sums = &search->free_sums[resource];
    if (sums->tried || !search->indexed) return;
    sums->tried = true;
    sums->sum = vdc_calloc(hosts->class_count ? hosts->class_count : 1, sizeof *sums->sum);
    int64_t *known = sums->sum ? vdc_calloc(hosts->count ? hosts->count : 1, sizeof *known) : NULL;
    if (!known) return;
    memcpy(known, hosts->free[resource], hosts->count * sizeof *known);
    for (uint32_t host = 0; host < hosts->count; host++) sums->sum[hosts->class_of[host]] += known[host];
    sums->known = known;
    search->sums_free = true;
}

static double view_used_share(const vdc_view *view, vdc_resource resource) {
    vdc_search *search = vdc_search_of(view);
    const vdc_hosts *hosts = search->hosts;
    if (!hosts->free[resource] || hosts->count == 0) return 0;
    keep_sums(search, resource);
    const struct vdc_free_sums *sums = &search->free_sums[resource];
    double used = 0;
    for (uint16_t c = 0; c < hosts->class_count; c++) {
        vdc_wide free = 0, capacity = hosts->classes[c].capacity[resource];
        if (capacity <= 0) continue;
        if (sums->known) free = sums->sum[c];
        for (uint32_t host = 0; !sums->known && host < hosts->count; host++)
            if (hosts->class_of[host] == c) free += hosts->free[resource][host];
        used += (double)(capacity * hosts->classes[c].count - free) / (double)capacity;
    }
    return used / hosts->count;
}

static const char *view_tenant_name(const vdc_view *view, uint32_t tenant) {
    const vdc_names *tenants = vdc_search_of(view)->tenants;
    return tenants ? vdc_names_text(tenants, tenant) : "";
}

static double view_slowdown(const vdc_view *view, uint32_t host, const vdc_request *request) {
    const vdc_search *search = vdc_search_of(view);
    return search->slowdown ? search->slowdown(search->rules, host, request) : 0;
}

static void fill_class_views(vdc_search *search) {
    const vdc_hosts *hosts = search->hosts;
    for (uint32_t c = 0; c < hosts->class_count; c++) {
        const vdc_host_class *from = &hosts->classes[c];
        vdc_host_class_view *to = &search->class_views[c];
        memcpy(to->capacity, from->capacity, sizeof to->capacity);
        memcpy(to->physical, from->physical, sizeof to->physical);
        to->speed = from->speed;
        to->numa_nodes = hosts->numa_free ? vdc_host_class_nodes(from) : 0;
        to->gpus = from->gpus;
        to->gpu_model = from->gpu_model;
        to->power = &from->power;
        to->power_idle = from->power.model ? from->power.idle : 0;
        to->power_max = from->power.model ? from->power.max : 0;
    }
}

static void fill_view(vdc_search *search) {
    const vdc_hosts *hosts = search->hosts;
    vdc_view *view = &search->view;
    view->view_size = sizeof *view;
    view->now = *search->now;
    view->hosts = hosts->count;
    view->classes = hosts->class_count;
    view->class_views = search->class_views;
    view->host_class = hosts->class_of;
    for (int r = 0; r < VDC_RESOURCES; r++) view->free[r] = hosts->free[r];
    view->vms = hosts->vms;
    view->rank = hosts->rank;
    view->fits = view_fits;
    view->next_feasible = view_next_feasible;
    view->count_feasible = view_count_feasible;
    view->select_feasible = view_select_feasible;
    view->host = view_host;
    view->power = view_power;
    view->random = view_random;
    view->tenant_name = view_tenant_name;
    view->slowdown = view_slowdown;
    view->host_state = hosts->state;
    view->used_share = view_used_share;
    view->engine = search;
}

/* --- life --- */

/* May a score be remembered as long as the host's state stays? */
static bool remembers_scores(const vdc_policy *policy) {
    unsigned changing = VDC_DEPENDS_TIME | VDC_DEPENDS_FLEET | VDC_DEPENDS_HOST | VDC_DEPENDS_REQUEST;
    return !(policy->placement.depends & changing) && !policy->placement.prepare;
}

/* Sets up the index that is exact for the policy. */
static vdc_code choose_strategy(vdc_search *search, const char *strategy, vdc_diag *diag) {
    const vdc_policy *policy = search->instance.policy;
    search->indexed = strcmp(strategy, "index") == 0 || (strcmp(strategy, "auto") == 0 && search->hosts->count >= INDEXED_HOSTS);
    if (!search->indexed || !policy->placement.score) return VDC_OK;
    search->follows_grants = policy->placement.depends & VDC_DEPENDS_GRANTED;
    if (policy->placement.depends & VDC_DEPENDS_HOST) return VDC_OK;
    if (search->follows_grants) {
        uint32_t count = search->hosts->count ? search->hosts->count : 1;
        search->changed = vdc_calloc(count, sizeof *search->changed);
        search->is_changed = vdc_calloc(count, sizeof *search->is_changed);
        if (!search->changed || !search->is_changed) return vdc_no_memory(diag, "the hosts that changed");
    }
    if (vdc_states_create(&search->states, search, remembers_scores(policy)))
        return vdc_no_memory(diag, "the index of host states");
    return VDC_OK;
}

static vdc_code check_policy(const vdc_policy *policy, vdc_diag *diag) {
    if (policy->abi != VDC_POLICY_ABI) {
        return vdc_fail(diag, VDC_ERROR_POLICY, NULL,
                        "policy %s is made for version %" PRIu32 " of the policy contract; this is version %d", policy->name,
                        policy->abi, VDC_POLICY_ABI);
    }
    if (policy->kind != VDC_PLACEMENT) {
        return vdc_fail(diag, VDC_ERROR_POLICY, NULL, "policy %s is not a placement policy", policy->name);
    }
    if (!policy->placement.score == !policy->placement.choose) {
        return vdc_fail(diag, VDC_ERROR_POLICY, NULL, "placement policy %s must give either score or choose", policy->name);
    }
    return VDC_OK;
}

static vdc_code check_strategy(const char *strategy, vdc_diag *diag) {
    static const char *const names[] = {"auto", "scan", "index"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(strategy, names[i]) == 0) return VDC_OK;
    }
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "placement strategy '%s' is unknown; auto, scan and index are allowed",
                    strategy);
}

/* Is that why the policy failed? */
static bool was_interrupted(const vdc_search *search) { return search->view.interrupted && search->view.interrupted(); }

vdc_code vdc_search_create(vdc_search **out, const vdc_policy_instance *instance, const vdc_search_options *options,
                           vdc_diag *diag) {
    *out = NULL;
    vdc_code code = check_policy(instance->policy, diag);
    if (!code) code = check_strategy(options->strategy ? options->strategy : "auto", diag);
    if (code) return code;
    vdc_search *search = vdc_calloc(1, sizeof *search);
    if (!search) return vdc_no_memory(diag, "the placement engine");
    search->instance = *instance;
    search->hosts = options->hosts;
    search->now = options->now;
    search->allows = options->allows;
    search->concerns = options->concerns;
    search->beyond = options->beyond;
    search->refusals = options->refusals;
    search->rules = options->rules;
    search->class_views = vdc_calloc(options->hosts->class_count, sizeof *search->class_views);
    if (!search->class_views) {
        code = vdc_no_memory(diag, "the host classes as policies see them");
        goto fail;
    }
    fill_class_views(search);
    fill_view(search);
    search->tenants = options->tenants;
    search->slowdown = options->slowdown;
    search->view.gpu_mix = options->gpu_mix;
    search->view.seed = options->seed;
    search->view.interrupted = options->interrupted;
    vdc_stream_open(&search->stream, options->seed, options->component ? options->component : "placement", 0);
    search->started = true;
    if (instance->policy->init) {
        const char *wrong = instance->policy->init(instance->state, &search->view);
        if (wrong) {
            code = was_interrupted(search) ? VDC_INTERRUPTED
                                           : vdc_fail(diag, VDC_ERROR_INPUT, NULL, "placement policy %s: %s", instance->policy->name, wrong);
            goto fail;
        }
    }
    code = choose_strategy(search, options->strategy ? options->strategy : "auto", diag);
    if (code) goto fail;
    *out = search;
    return VDC_OK;
fail:
    vdc_search_destroy(search);
    return code;
}

void vdc_search_destroy(vdc_search *search) {
    if (!search) return;
    if (search->started && search->instance.policy->fini) search->instance.policy->fini(search->instance.state);
    vdc_feasible_destroy(search->feasible);
    vdc_states_destroy(search->states);
    vdc_free(search->changed);
    vdc_free(search->is_changed);
    for (int r = 0; r < VDC_RESOURCES; r++) {
        vdc_free(search->free_sums[r].known);
        vdc_free(search->free_sums[r].sum);
    }
    vdc_free(search->class_views);
    vdc_free(search);
}

/* "cpu 4000 of 2000 free, memory 1024 of 4096 free": the resources that the scenario uses. */
static void describe_sizes(const vdc_hosts *hosts, const vdc_request *request, int64_t host, char *buffer, size_t size) {
    static const char *const names[VDC_RESOURCES] = {"cpu", "memory", "disk", "iops", "disk_bw", "net_tx", "net_rx", "gpu"};
    size_t used = 0;
    buffer[0] = '\0';
    for (int r = 0; r < VDC_RESOURCES && used < size; r++) {
        if (!hosts->free[r]) continue;
        int n = snprintf(buffer + used, size - used, "%s%s %" PRId64, used ? ", " : "", names[r], request->size[r]);
        used += n > 0 ? (size_t)n : 0;
        if (host < 0 || used >= size) continue;
        n = snprintf(buffer + used, size - used, " of %" PRId64 " free", hosts->free[r][host]);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* The one message on a broken decision: policy, instant, VM, host and its state, so that the decision can be replayed. */
static vdc_code bad_decision(const vdc_search *search, const vdc_request *request, const vdc_decision *decision, const char *what,
                             vdc_diag *diag) {
    static const char *const states[] = {"up", "cordoned", "down", "off"};
    const vdc_hosts *hosts = search->hosts;
    bool known = decision->host >= 0 && decision->host < (int64_t)hosts->count;
    char sizes[512];
    describe_sizes(hosts, request, known ? decision->host : -1, sizes, sizeof sizes);
    char place[96] = "";
    if (known) {
        snprintf(place, sizeof place, " (%s, %" PRIu32 " VMs, class %u)", states[hosts->state[decision->host]],
                 hosts->vms[decision->host], (unsigned)hosts->class_of[decision->host]);
    }
    return vdc_fail(diag, VDC_ERROR_POLICY, NULL,
                    "placement policy %s named host %" PRId64 "%s at %" PRId64 " ns for VM %" PRId64 " (arrival %" PRId64
                    "): %s; wanted %s; "
                    "%u x %u milli-GPU on devices 0x%" PRIx64 ", NUMA nodes 0x%" PRIx64,
                    search->instance.policy->name, decision->host, place, search->view.now, request->id, request->number, what,
                    sizes, request->gpu_count, request->gpu_milli, decision->gpu_devices, decision->numa_nodes);
}

/* Checks what the policy decided and fills in the devices that it left open. */
static vdc_code settle(const vdc_search *search, const vdc_request *request, vdc_decision *decision, vdc_diag *diag) {
    const vdc_hosts *hosts = search->hosts;
    if (decision->host < 0 || decision->host >= (int64_t)hosts->count) {
        return bad_decision(search, request, decision, "there is no such host", diag);
    }
    uint32_t host = (uint32_t)decision->host;
    if (search->instance.policy->placement.choose) {
        if (hosts->state[host] != VDC_HOST_UP) return bad_decision(search, request, decision, "the host takes no VMs", diag);
        if (!vdc_host_fits(hosts, host, request))
            return bad_decision(search, request, decision, "the VM does not fit there", diag);
        vdc_allows *allows = vdc_search_rules(search, request);
        if (allows && !allows(search->rules, host, request)) {
            return bad_decision(search, request, decision, "an isolation rule forbids it", diag);
        }
    }
    if ((decision->gpu_devices && !request->gpu_count) || (decision->numa_nodes && (!request->numa_nodes || !hosts->numa_free))) {
        return bad_decision(search, request, decision, "it names devices that the VM did not ask for", diag);
    }
    if ((request->gpu_count || request->numa_nodes) &&
        !vdc_host_assign(hosts, host, request, &decision->gpu_devices, &decision->numa_nodes)) {
        return bad_decision(search, request, decision, "the VM does not fit on the devices named", diag);
    }
    return VDC_OK;
}

vdc_code vdc_search_decide(vdc_search *search, const vdc_request *request, vdc_decision *decision, bool *found, vdc_diag *diag) {
    const vdc_policy_instance *instance = &search->instance;
    const vdc_placement_hooks *hooks = &instance->policy->placement;
    search->view.now = *search->now;
    *decision = (vdc_decision){.host = -1};
    if (hooks->score) {
        if (hooks->prepare) hooks->prepare(instance->state, &search->view, request);
        vdc_states *states = states_of(search);
        *found = states ? vdc_states_best(states, request, decision) : vdc_scan_best(search, request, decision);
    } else {
        *found = hooks->choose(instance->state, &search->view, request, decision);
    }
    const char *failure = hooks->failure ? hooks->failure(instance->state) : NULL;
    if (failure && was_interrupted(search)) return VDC_INTERRUPTED;
    if (failure) {
        return vdc_fail(diag, VDC_ERROR_POLICY, NULL,
                        "placement policy %s failed at %" PRId64 " ns for VM %" PRId64 " (arrival %" PRId64 "): %s",
                        instance->policy->name, search->view.now, request->id, request->number, failure);
    }
    return *found ? settle(search, request, decision, diag) : VDC_OK;
}

bool vdc_search_follows_grants(const vdc_search *search) {
    return search->follows_grants;
}

void vdc_search_placed(vdc_search *search, const vdc_request *request, uint32_t host) {
    vdc_search_placed_since(search, request, host, *search->now);
}

void vdc_search_placed_since(vdc_search *search, const vdc_request *request, uint32_t host, vdc_time started) {
    const vdc_placement_hooks *hooks = &search->instance.policy->placement;
    if (hooks->placed) hooks->placed(search->instance.state, vdc_search_view_since(search, started), request, host);
}

void vdc_search_released(vdc_search *search, const vdc_request *request, uint32_t host) {
    const vdc_placement_hooks *hooks = &search->instance.policy->placement;
    if (!hooks->released) return;
    search->view.now = *search->now;
    hooks->released(search->instance.state, &search->view, request, host);
}

const vdc_view *vdc_search_view(vdc_search *search) { return vdc_search_view_since(search, *search->now); }

const vdc_view *vdc_search_view_since(vdc_search *search, vdc_time started) {
    search->view.now = *search->now;
    search->view.started = started;
    return &search->view;
}

const char *vdc_search_strategy(const vdc_search *search) {
    if (!search->indexed) return "scan";
    if (!search->instance.policy->placement.score || !search->states) return "index: feasible hosts";
    if (remembers_scores(search->instance.policy)) return "index: states";
    return vdc_grid_suits(search) ? "index: grid" : "index: states, scored for each decision";
}
