/* The state of isolation: see isolation.h. Rules are in isolation_rules.c, thread ownership in threads.c. */
#include "models/isolation_internal.h"
#include "models/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- topology ---- */

uint32_t vdc_isolation_unit(const vdc_isolation *iso, int level, uint32_t host) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    if (level == VDC_LEVEL_RACK) return hosts->rack ? hosts->rack[host] : 0;
    if (level == VDC_LEVEL_ZONE) return hosts->zone ? hosts->zone[host] : 0;
    return host;
}

/* ---- what a VM wants ---- */

uint32_t vdc_isolation_domain(const vdc_isolation *iso, const vdc_request *request) {
    return iso->by_group ? request->group : request->tenant;
}

static inline bool is_selected(const vdc_selection *selection, uint32_t number) {
    if (selection->count + selection->prefix_count == 0) return true;
    return number / 64 < selection->words && (selection->bits[number / 64] >> (number % 64) & 1);
}

static bool is_named(const vdc_rule *rule, int64_t id) {
    size_t low = 0, high = rule->vm_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rule->vms[middle] < id) low = middle + 1;
        else high = middle;
    }
    return low < rule->vm_count && rule->vms[low] == id;
}

bool vdc_rule_selects(const vdc_rule *rule, const vdc_request *request) {
    return is_selected(&rule->tenants, request->tenant) && is_selected(&rule->groups, request->group) && (!rule->vms || is_named(rule, request->id));
}

vdc_isolation_spec vdc_isolation_wishes(const vdc_isolation *iso, const vdc_request *request) {
    vdc_isolation_spec wishes = iso->specs->items[request->isolation];
    for (size_t i = 0; iso->has_wishes && i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (rule->type->wish && vdc_rule_selects(rule, request)) rule->type->wish(rule, &wishes);
    }
    return wishes;
}

const vdc_isolation_spec *vdc_isolation_wishes_of(const vdc_isolation *iso, const vdc_request *request) {
    if (!iso->has_wishes) return &iso->specs->items[request->isolation];
    vdc_wish_memo *memo = iso->memo;
    if (memo->valid && memo->tenant == request->tenant && memo->group == request->group && memo->isolation == request->isolation
        && (memo->id == request->id || !iso->names_vms)) return &memo->wishes;
    *memo = (vdc_wish_memo){.could = memo->could, .id = request->id, .tenant = request->tenant, .group = request->group,
                            .isolation = request->isolation, .valid = true, .wishes = vdc_isolation_wishes(iso, request)};
    return &memo->wishes;
}

/* ---- may it come? ---- */

/* A promise of CPU beside `fence` Hz of own threads: floor(overcommit x what is left). */
static int64_t promisable(const vdc_host_class *class, int64_t fenced_milli) {
    int64_t left = class->physical[VDC_CPU] - fenced_milli;
    return class->overcommit_den ? (int64_t)((vdc_wide)left * class->overcommit_num / class->overcommit_den) : left;
}

/* What a VM with own threads takes of the host's promises of CPU (accounts.md I7). */
static int64_t promise_of_threads(const vdc_isolation *iso, uint32_t host, uint32_t threads) {
    const vdc_host_class *class = &iso->datacenter->hosts.classes[iso->datacenter->hosts.class_of[host]];
    int64_t fenced = 1000 * (int64_t)iso->threads.owned_count[host];
    return promisable(class, fenced) - promisable(class, fenced + 1000 * (int64_t)threads);
}

static bool threads_allow(const vdc_isolation *iso, uint32_t host, const vdc_request *request, const vdc_isolation_spec *wishes) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    if (!vdc_threads_available(&iso->threads, hosts, host, wishes->threads, request->size[VDC_CPU])) return false;
    uint32_t threads = vdc_threads_needed(class, wishes->threads, request->size[VDC_CPU]);
    if (1000 * ((int64_t)iso->threads.owned_count[host] + threads) > class->physical[VDC_CPU]) return false;
    return promise_of_threads(iso, host, threads) <= hosts->free[VDC_CPU][host];
}

/* Owned threads and what others have reserved lie apart (I9, I11); a reservation of a VM with own threads lies within them. */
static bool rates_allow(const vdc_isolation *iso, uint32_t host, const vdc_request *request, const vdc_isolation_spec *wishes) {
    if (wishes->threads == VDC_THREADS_SHARED && request->cpu_reservation == 0) return true;
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    int64_t threads = iso->threads.owned_count[host] + (int64_t)vdc_threads_needed(class, wishes->threads, request->size[VDC_CPU]);
    int64_t reserved = wishes->threads == VDC_THREADS_SHARED ? vdc_reserved_rate(request, class) : 0;
    const int64_t overhead = dc->lifecycle ? dc->lifecycle->overhead[host] : 0; /* migrations under way */
    return threads * class->speed + dc->hosts.account[host].reserved + reserved + overhead <= class->cpu_hz;
}

static bool domains_allow(const vdc_isolation *iso, uint32_t host, const vdc_request *request, bool dedicated) {
    const vdc_host_isolation *state = &iso->hosts[host];
    if (state->vms == 0 || (!dedicated && state->dedicated == 0)) return true;
    return vdc_isolation_vms_of(state, vdc_isolation_domain(iso, request)) == state->vms;
}

static bool labels_allow(const vdc_isolation *iso, uint16_t k, const vdc_isolation_spec *wishes) {
    return (iso->class_labels[k] & wishes->requires) == wishes->requires && (iso->class_taints[k] & ~wishes->tolerates) == 0;
}

/* Its own guarantees, apart from rules. NULL, or which one the host cannot keep. */
static const char *guarantee_broken(const vdc_isolation *iso, uint32_t host, const vdc_request *request, const vdc_isolation_spec *wishes) {
    const vdc_host_isolation *state = &iso->hosts[host];
    uint16_t k = iso->datacenter->hosts.class_of[host];
    if (!rates_allow(iso, host, request, wishes)) return wishes->threads == VDC_THREADS_SHARED ? "its CPU reservation" : "own threads or cores";
    if (!labels_allow(iso, k, wishes)) return "host labels and taints";
    if (!domains_allow(iso, host, request, wishes->dedicated_host)) return "a dedicated host";
    if (wishes->threads != VDC_THREADS_SHARED && !threads_allow(iso, host, request, wishes)) return "own threads or cores";
    if (wishes->llc_ways && wishes->llc_ways > iso->class_ways[k] - state->ways) return "own cache ways";
    if (wishes->memory_bandwidth && wishes->memory_bandwidth > iso->class_bandwidth[k] - state->bandwidth) return "own memory bandwidth";
    return NULL;
}

static inline bool concerns(const vdc_rule *rule, const vdc_request *request) {
    return rule->type->everybody || vdc_rule_selects(rule, request);
}

/* May the VM have guarantees of its own, or keep to those of others? */
static inline bool has_guarantees(const vdc_isolation *iso, const vdc_request *request) {
    return request->isolation || request->cpu_reservation || iso->dedicated || iso->has_taints || iso->has_wishes;
}

bool vdc_isolation_allows(const void *isolation, uint32_t host, const vdc_request *request) {
    const vdc_isolation *iso = isolation;
    if (has_guarantees(iso, request) && guarantee_broken(iso, host, request, vdc_isolation_wishes_of(iso, request))) return false;
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (vdc_rule_is_hard(rule) && rule->type->allows && concerns(rule, request) && !rule->type->allows(rule, iso, host, request)) return false;
    }
    return true;
}

uint32_t vdc_isolation_beyond(const void *isolation, uint32_t host, const vdc_request *request) {
    const vdc_isolation *iso = isolation;
    uint32_t next = host + 1;
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if ((rule->level != VDC_LEVEL_RACK && rule->level != VDC_LEVEL_ZONE) || !vdc_rule_is_hard(rule) || !rule->type->allows) continue;
        const uint32_t *ends = iso->unit_end[rule->level == VDC_LEVEL_ZONE];
        if (!ends || !concerns(rule, request) || rule->type->allows(rule, iso, host, request)) continue;
        const uint32_t end = ends[vdc_isolation_unit(iso, rule->level, host)];
        if (end > next) next = end;
    }
    return next;
}

bool vdc_isolation_concerns(const void *isolation, const vdc_request *request) {
    const vdc_isolation *iso = isolation;
    if (request->isolation || request->cpu_reservation || iso->dedicated || iso->has_taints || iso->has_preferences) return true;
    for (size_t i = 0; i < iso->rule_count; i++)
        if (concerns(&iso->rules[i], request)) return true;
    return false;
}

vdc_time vdc_isolation_opening(const vdc_isolation *iso) {
    vdc_time earliest = VDC_TIME_MAX;
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        if (rule->type->opening && vdc_rule_is_hard(rule)) earliest = vdc_least(earliest, rule->type->opening(rule, iso));
    }
    return earliest;
}

bool vdc_isolation_may_await(const vdc_isolation *iso, const vdc_request *request) {
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (rule->type->opening && vdc_rule_is_hard(rule) && vdc_rule_selects(rule, request) && rule->type->binds(rule, request)) return true;
    }
    return false;
}

static vdc_request without_nodes(const vdc_request *request) {
    vdc_request floating = *request;
    floating.numa_nodes = 0;
    return floating;
}

int64_t vdc_isolation_blocked(const vdc_isolation *iso, const vdc_request *request) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    int64_t blocked = 0;
    if (!vdc_isolation_concerns(iso, request) && request->numa_nodes == 0) return 0;
    const vdc_request floating = without_nodes(request);
    for (uint32_t host = 0; host < hosts->count; host++)
        if (vdc_host_fits(hosts, host, &floating) && !(vdc_host_fits(hosts, host, request) && vdc_isolation_allows(iso, host, request)))
            blocked += hosts->free[VDC_CPU][host];
    return blocked;
}

void vdc_isolation_warn_unused(const vdc_isolation *iso, vdc_diag *diag) {
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (rule->selected == 0)
            vdc_warn(diag, &rule->place, "isolation: rules: %s concerned no VM: none was of its %s%s", rule->type->name,
                     rule->vms ? "ids, tenants and groups" : "tenants and groups",
                     rule->type->binds ? " and had what it goes by" : "");
    }
}

int64_t vdc_isolation_penalty(const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    int64_t penalty = 0;
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (!vdc_rule_is_hard(rule) && rule->type->allows && concerns(rule, request) && !rule->type->allows(rule, iso, host, request))
            penalty += rule->weight;
    }
    return penalty;
}

/* Could a host of the class take it if nothing else ran, rules apart? */
static bool class_could(const vdc_isolation *iso, uint16_t k, const vdc_request *request, const vdc_isolation_spec *wishes) {
    const vdc_host_class *class = &iso->datacenter->hosts.classes[k];
    return vdc_host_class_fits(&iso->datacenter->hosts, k, request) && labels_allow(iso, k, wishes)
           && 1000 * (int64_t)vdc_threads_needed(class, wishes->threads, request->size[VDC_CPU]) <= class->physical[VDC_CPU]
           && wishes->llc_ways <= iso->class_ways[k] && wishes->memory_bandwidth <= iso->class_bandwidth[k]
           && (wishes->threads != VDC_THREADS_SHARED || vdc_reserved_rate(request, class) <= class->cpu_hz);
}

static inline bool is_fixed_for(const vdc_rule *rule, const vdc_request *request) {
    return rule->type->fixed && vdc_rule_is_hard(rule) && vdc_rule_selects(rule, request);
}

/* The same with the rules that go by the class. */
static bool class_suits(const vdc_isolation *iso, uint16_t k, const vdc_request *request, const vdc_isolation_spec *wishes) {
    for (size_t i = 0; i < iso->rule_count; i++)
        if (iso->rules[i].type->suits && is_fixed_for(&iso->rules[i], request) && !iso->rules[i].type->suits(&iso->rules[i], iso, k)) return false;
    return class_could(iso, k, request, wishes);
}

static bool fixed_rules_allow(const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    for (size_t i = 0; i < iso->rule_count; i++)
        if (is_fixed_for(&iso->rules[i], request) && !iso->rules[i].type->allows(&iso->rules[i], iso, host, request)) return false;
    return true;
}

/* Is there a host that all fixed rules allow, of a class that suits? It begins where the last one was found. */
static bool some_host_could(const vdc_isolation *iso, const vdc_request *request, const vdc_isolation_spec *wishes) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    uint32_t host = iso->memo->could, class_id = UINT32_MAX;
    bool suits = false;
    for (uint32_t i = 0; i < hosts->count; i++, host = host + 1 < hosts->count ? host + 1 : 0) {
        if (hosts->class_of[host] != class_id) {
            class_id = hosts->class_of[host];
            suits = class_suits(iso, (uint16_t)class_id, request, wishes);
        }
        if (!suits || !fixed_rules_allow(iso, host, request)) continue;
        iso->memo->could = host;
        return true;
    }
    return false;
}

/* Each of its wishes and rules could be kept on some host, but is there one that keeps all of them when nothing else runs? */
static bool jointly_impossible(const vdc_isolation *iso, const vdc_request *request, const vdc_isolation_spec *wishes, char *text, size_t size) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    const vdc_rule *fixed = NULL;
    bool by_host = false, possible = false;
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (!is_fixed_for(rule, request)) continue;
        if (!fixed) fixed = rule;
        by_host = by_host || !rule->type->suits;
    }
    for (uint16_t k = 0; k < hosts->class_count && !possible; k++) possible = class_suits(iso, k, request, wishes);
    if (possible && (!by_host || some_host_could(iso, request, wishes))) return false;
    if (fixed) snprintf(text, size, "rejected: rule %s (line %d) and what else it asks for leave no host", fixed->type->name, fixed->place.line);
    else snprintf(text, size, "rejected: no host has all that it asks for");
    return true;
}

/* What of its wishes no host could fulfil even when empty, in words; NULL: nothing. Of the shape of guarantee_broken. */
static const char *wish_impossible(const vdc_isolation *iso, uint32_t host, const vdc_request *request, const vdc_isolation_spec *wishes) {
    (void)host;
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    bool labels = false, threads = false, ways = false, bandwidth = false;
    for (uint16_t k = 0; k < hosts->class_count; k++) {
        const vdc_host_class *class = &hosts->classes[k];
        if (!labels_allow(iso, k, wishes)) continue;
        labels = true;
        threads = threads || 1000 * (int64_t)vdc_threads_needed(class, wishes->threads, request->size[VDC_CPU]) <= class->physical[VDC_CPU];
        ways = ways || wishes->llc_ways <= iso->class_ways[k];
        bandwidth = bandwidth || wishes->memory_bandwidth <= iso->class_bandwidth[k];
    }
    return !labels ? "no host has its labels, or none without taints that it does not bear" : !threads ? "no host has that many threads or cores for it alone"
         : !ways ? "no host has that many cache ways" : !bandwidth ? "no host has that memory bandwidth" : NULL;
}

/* Which hard rule gave it the wish that `broken` finds broken; NULL: it has it of its own, or it is the others' wish. */
static const vdc_rule *wished_by(const vdc_isolation *iso, uint32_t host, const vdc_request *request,
                                 const char *(*broken)(const vdc_isolation *, uint32_t, const vdc_request *, const vdc_isolation_spec *)) {
    vdc_isolation_spec wishes = iso->specs->items[request->isolation];
    if (broken(iso, host, request, &wishes)) return NULL;
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (!rule->type->wish || !vdc_rule_selects(rule, request)) continue;
        rule->type->wish(rule, &wishes);
        if (broken(iso, host, request, &wishes)) return rule;
    }
    return NULL;
}

/* Hard rules that want of the VM what it cannot have both, or one that wants something else than it does itself, in words; false: none do. */
static bool rules_disagree(const vdc_isolation *iso, const vdc_request *request, char *text, size_t size) {
    const vdc_isolation_spec *own = &iso->specs->items[request->isolation];
    for (size_t i = 0; iso->has_wishes && i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        vdc_isolation_spec given = {0};
        if (!rule->type->wish || !vdc_rule_selects(rule, request)) continue;
        rule->type->wish(rule, &given);
        const char *what = given.threads && own->threads && given.threads != own->threads ? "own threads"
                         : given.numa_nodes && own->numa_nodes && given.numa_nodes != own->numa_nodes ? "NUMA nodes" : NULL;
        if (what) {
            snprintf(text, size, "rejected: its wish of %s and rule %s (line %d) contradict each other", what, rule->type->name, rule->place.line);
            return true;
        }
        for (size_t j = 0; j < i; j++) {
            const vdc_rule *other = &iso->rules[j];
            if (!vdc_rule_is_hard(other) || !vdc_rules_disagree(other, rule) || !vdc_rule_selects(other, request)) continue;
            snprintf(text, size, "rejected: rules %s (line %d) and %s (line %d) contradict each other", other->type->name, other->place.line,
                     rule->type->name, rule->place.line);
            return true;
        }
    }
    return false;
}

bool vdc_isolation_impossible(const vdc_isolation *iso, const vdc_request *request, char *text, size_t size) {
    const vdc_isolation_spec *wishes = vdc_isolation_wishes_of(iso, request);
    if (rules_disagree(iso, request, text, size)) return true;
    const char *what = wish_impossible(iso, 0, request, wishes);
    if (what) {
        const vdc_rule *rule = wished_by(iso, 0, request, wish_impossible);
        if (rule) snprintf(text, size, "rejected: rule %s (line %d): %s", rule->type->name, rule->place.line, what);
        else snprintf(text, size, "rejected: %s", what);
        return true;
    }
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (!vdc_rule_is_hard(rule) || !rule->type->possible || !vdc_rule_selects(rule, request) || rule->type->possible(rule, iso, request)) continue;
        snprintf(text, size, "rejected: rule %s (line %d) forbids it on every host", rule->type->name, rule->place.line);
        return true;
    }
    return jointly_impossible(iso, request, wishes, text, size);
}

/* Which hard rule says on how many nodes it lies; NULL: none, or it does so itself. */
static const vdc_rule *nodes_rule(const vdc_isolation *iso, const vdc_request *request) {
    for (size_t i = 0; i < iso->rule_count && iso->specs->items[request->isolation].numa_nodes == 0; i++)
        if (iso->rules[i].nodes && iso->rules[i].type->wish && vdc_rule_selects(&iso->rules[i], request)) return &iso->rules[i];
    return NULL;
}

bool vdc_isolation_nodes_impossible(const vdc_isolation *iso, const vdc_request *request, char *text, size_t size) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    const vdc_request floating = without_nodes(request);
    bool fits = false;
    for (uint16_t k = 0; request->numa_nodes && k < hosts->class_count && !fits; k++) fits = vdc_host_class_fits(hosts, k, &floating);
    if (!fits) return false;
    const vdc_rule *rule = nodes_rule(iso, request);
    if (rule)
        snprintf(text, size, "rejected: rule %s (line %d): no host holds it on %d NUMA nodes even when empty", rule->type->name, rule->place.line,
                 (int)request->numa_nodes);
    else snprintf(text, size, "rejected: no host holds it on %d NUMA nodes even when empty", (int)request->numa_nodes);
    return true;
}

/* Which guarantee or rule keeps it from this host, in words; false when none does. */
static bool blocked_on(const vdc_isolation *iso, uint32_t host, const vdc_request *request, const vdc_isolation_spec *wishes, char *text, size_t size) {
    const char *guarantee = guarantee_broken(iso, host, request, wishes);
    if (guarantee) {
        const vdc_rule *rule = wished_by(iso, host, request, guarantee_broken);
        const vdc_host_isolation *state = &iso->hosts[host];
        if (rule) snprintf(text, size, "rule %s (line %d): %s", rule->type->name, rule->place.line, guarantee);
        else if (!wishes->dedicated_host && !domains_allow(iso, host, request, false))
            snprintf(text, size, "a host dedicated to %s '%.60s'", iso->by_group ? "group" : "tenant",
                     vdc_names_text(iso->by_group ? iso->groups : iso->tenants, state->counts[0].domain));
        else snprintf(text, size, "%s", guarantee);
        return true;
    }
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (!vdc_rule_is_hard(rule) || !rule->type->allows || !concerns(rule, request) || rule->type->allows(rule, iso, host, request)) continue;
        snprintf(text, size, "rule %s (line %d)", rule->type->name, rule->place.line);
        return true;
    }
    return false;
}

bool vdc_isolation_forbids(const vdc_isolation *iso, uint32_t host, const vdc_request *request, char *text, size_t size) {
    vdc_isolation_spec wishes = vdc_isolation_wishes(iso, request);
    return blocked_on(iso, host, request, &wishes, text, size);
}

void vdc_isolation_blocker(const vdc_isolation *iso, const vdc_request *request, char *text, size_t size) {
    vdc_isolation_spec wishes = vdc_isolation_wishes(iso, request);
    text[0] = 0;
    for (uint32_t host = 0; host < iso->datacenter->hosts.count; host++)
        if (vdc_host_fits(&iso->datacenter->hosts, host, request) && blocked_on(iso, host, request, &wishes, text, size)) return;
    /* Room, but no NUMA nodes that have enough of it. */
    const vdc_request floating = without_nodes(request);
    for (uint32_t host = 0; wishes.numa_nodes && host < iso->datacenter->hosts.count; host++) {
        if (!vdc_host_fits(&iso->datacenter->hosts, host, &floating)) continue;
        const vdc_rule *rule = nodes_rule(iso, request);
        if (rule) snprintf(text, size, "rule %s (line %d): NUMA nodes with room", rule->type->name, rule->place.line);
        else snprintf(text, size, "NUMA nodes with room");
        return;
    }
}

/* ---- soft wishes ---- */

/* A host has these of its own for a VM, or has not: what soft wishes ask for. */
static bool are_fulfilled(const vdc_isolation_spec *wishes, const vdc_isolation_spec *by) {
    return wishes->threads == by->threads && wishes->llc_ways <= by->llc_ways && wishes->memory_bandwidth <= by->memory_bandwidth
           && wishes->numa_nodes == by->numa_nodes;
}

static bool is_fulfilled(const vdc_rule *rule, const vdc_isolation_spec *by) {
    vdc_isolation_spec wished = *by;
    rule->type->prefer(rule, &wished);
    return are_fulfilled(&wished, by);
}

/* The nodes that would hold it on the host by that wish, a bit each; 0 = none. */
static uint64_t nodes_for(const vdc_isolation *iso, uint32_t host, const vdc_request *request, const vdc_isolation_spec *wishes) {
    vdc_request bound = *request;
    uint64_t gpus = 0, nodes = 0;
    bound.numa_nodes = (uint8_t)wishes->numa_nodes;
    bound.gpu_count = 0;
    if (!iso->datacenter->hosts.numa_free) return wishes->numa_nodes == 1; /* a host is one node */
    return vdc_host_assign(&iso->datacenter->hosts, host, &bound, &gpus, &nodes) ? nodes : 0;
}

/* Has the host room for what the rule wishes, beside what the VM has there already? */
static bool has_room_for(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, const vdc_isolation_spec *has,
                         vdc_isolation_spec *wished) {
    *wished = *has;
    rule->type->prefer(rule, wished);
    if (are_fulfilled(wished, has)) return true;
    if (wished->numa_nodes != has->numa_nodes && nodes_for(iso, host, request, wished) == 0) return false;
    return guarantee_broken(iso, host, request, wished) == NULL;
}

/* Its hard wishes, with the nodes that it is to lie on by its size. */
static vdc_isolation_spec with_its_nodes(const vdc_isolation *iso, const vdc_request *request) {
    vdc_isolation_spec wishes = *vdc_isolation_wishes_of(iso, request);
    if (wishes.numa_nodes == 0) wishes.numa_nodes = request->numa_nodes;
    return wishes;
}

bool vdc_isolation_could_fulfil(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    const vdc_isolation_spec has = with_its_nodes(iso, request);
    vdc_isolation_spec wished;
    return has_room_for(rule, iso, host, request, &has, &wished);
}

uint64_t vdc_isolation_coming(vdc_isolation *iso, uint32_t slot, uint32_t host) {
    const vdc_request *request = &iso->datacenter->records[slot].request;
    vdc_vm_isolation *vm = &iso->vms[slot];
    if (!iso->has_preferences || vm->without_guarantees) return 0;
    vm->spec = with_its_nodes(iso, request);
    vm->wishes = true;
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_isolation_spec wished;
        const vdc_rule *rule = &iso->rules[i];
        if (rule->type->prefer && vdc_rule_selects(rule, request) && has_room_for(rule, iso, host, request, &vm->spec, &wished)) vm->spec = wished;
    }
    return vm->spec.numa_nodes && request->numa_nodes == 0 ? nodes_for(iso, host, request, &vm->spec) : 0;
}

/* ---- coming and going ---- */

/* Soft wishes: how many VMs of each host have not what the rule wishes for them. */
static void count_unfulfilled(vdc_isolation *iso, uint32_t slot, vdc_rule *rule, int sign) {
    const vdc_vm_isolation *vm = &iso->vms[slot];
    if (vm->whole != VDC_NOWHERE || !vdc_rule_selects(rule, &iso->datacenter->records[slot].request) || is_fulfilled(rule, &vm->spec)) return;
    if (vdc_counts_add(&rule->counts, iso->datacenter->vms[slot].host, sign) < 0) iso->out_of_memory = true;
}

/* The rule counts the VM, or no longer. A second part is counted in units that its VM is not counted in. */
static void count_in_rule(vdc_isolation *iso, uint32_t slot, size_t i, int sign) {
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    vdc_rule *rule = &iso->rules[i];
    vdc_vm_isolation *vm = &iso->vms[slot];
    const uint32_t host = dc->vms[slot].host;
    if (rule->type->prefer) count_unfulfilled(iso, slot, rule, sign);
    if (!rule->type->change || !vdc_rule_selects(rule, request)) return;
    const bool is_part = vm->whole != VDC_NOWHERE;
    if (is_part && sign > 0)
        vm->uncounted[i] = vdc_isolation_unit(iso, rule->level, host) == vdc_isolation_unit(iso, rule->level, dc->vms[vm->whole].host);
    if (is_part && vm->uncounted[i]) return;
    bool (*count)(vdc_rule *, const vdc_isolation *, uint32_t, const vdc_request *, int) = is_part && rule->type->part ? rule->type->part : rule->type->change;
    if (!count(rule, iso, host, request, sign)) iso->out_of_memory = true;
    vdc_isolation_refusals_follow(iso, rule, host, request, sign);
    if (rule->closes) iso->datacenter->hosts.closed[host] = vdc_counts_get(&rule->counts, host) >= rule->max;
}

/* Every rule follows; how many VMs break it is that of before plus the change in the part that the VM belongs to. */
static void follow_rules(vdc_isolation *iso, uint32_t slot, int sign) {
    const uint32_t host = iso->datacenter->vms[slot].host;
    const vdc_request *request = &iso->datacenter->records[slot].request;
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        if (!concerns(rule, request)) continue;
        if (rule->type->violating) rule->violating -= rule->type->violating(rule, iso, host, request);
        count_in_rule(iso, slot, i, sign);
    }
}

static void judge_rules(vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        if (!rule->type->violating || !concerns(rule, request)) continue;
        int64_t now = rule->type->violating(rule, iso, host, request);
        rule->violating += now;
        if (now > 0 && !iso->stays) rule->entries++;
    }
}

static bool has_guarantee(const vdc_isolation_spec *spec) {
    return spec->dedicated_host || spec->llc_ways || spec->memory_bandwidth || spec->threads != VDC_THREADS_SHARED || spec->core_scheduling;
}

/* Takes of the host what the VM is guaranteed, or (-1) gives it back. False: no memory. */
static bool keep_guarantees(vdc_isolation *iso, uint32_t slot, int sign) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    const vdc_vm_isolation *vm = &iso->vms[slot];
    const uint32_t host = dc->vms[slot].host;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    vdc_host_isolation *state = &iso->hosts[host];
    if (vm->spec.dedicated_host) state->dedicated += (uint32_t)sign, iso->dedicated += (uint32_t)sign;
    state->ways += sign * vm->spec.llc_ways;
    state->bandwidth += sign * vm->spec.memory_bandwidth;
    if (vm->spec.threads != VDC_THREADS_SHARED) {
        const uint32_t threads = vdc_threads_needed(class, vm->spec.threads, request->size[VDC_CPU]);
        if (sign < 0) vdc_threads_give(&iso->threads, host, slot);
        /* The promise of its threads in place of that of its size, which was taken already. */
        dc->hosts.free[VDC_CPU][host] += sign * (request->size[VDC_CPU] - promise_of_threads(iso, host, threads));
        if (sign > 0 && vdc_threads_take(&iso->threads, &dc->hosts, host, slot, vm->spec.threads, request->size[VDC_CPU])) return false;
        if (vdc_isolation_fences_memory(class) && dc->hosts.free[VDC_MEMORY]) state->owners_memory += sign * request->size[VDC_MEMORY];
        vdc_datacenter_fence_threads(dc, slot, sign * (int64_t)threads * class->speed);
    } else if (vm->spec.core_scheduling && class->threads > 1) {
        vdc_datacenter_core_schedule(dc, slot, sign > 0 ? vm->domain + 1 : 0);
    }
    return true;
}

bool vdc_isolation_placed(vdc_isolation *iso, uint32_t slot) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    vdc_vm_isolation *vm = &iso->vms[slot];
    const uint32_t host = dc->vms[slot].host;
    vdc_isolation_advance(iso);
    follow_rules(iso, slot, 1);
    if (!vdc_isolation_come(iso, slot)) return false;
    judge_rules(iso, host, request);
    vm->guaranteed = vm->wishes && has_guarantee(&vm->spec);
    if (vm->guaranteed && !keep_guarantees(iso, slot, 1)) return false;
    if (request->cpu_reservation && dc->regions[host].cookies) vdc_datacenter_resolve(dc, host); /* fences of others lie beside it */
    vdc_isolation_count_sockets(iso, slot, 1);
    vdc_isolation_scrub_arrival(iso, slot);
    vdc_isolation_granted(iso, host);
    return !iso->out_of_memory;
}

void vdc_isolation_removed(vdc_isolation *iso, uint32_t slot) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    const uint32_t host = dc->vms[slot].host;
    vdc_isolation_advance(iso);
    vdc_isolation_count_sockets(iso, slot, -1);
    follow_rules(iso, slot, -1);
    vdc_isolation_go(iso, slot);
    vdc_isolation_release_fences(iso, slot);
    judge_rules(iso, host, request);
    if (iso->vms[slot].guaranteed) (void)keep_guarantees(iso, slot, -1); /* takes no memory */
    if (request->cpu_reservation && dc->regions[host].cookies) vdc_datacenter_resolve(dc, host);
}

bool vdc_isolation_owns_threads(const vdc_isolation *iso, uint32_t slot) {
    return iso->vms[slot].wishes && iso->vms[slot].spec.threads != VDC_THREADS_SHARED;
}

static bool has_room(vdc_isolation *iso, uint32_t slot) {
    size_t before = iso->vm_capacity, fences = iso->vm_fence_capacity;
    if (!VDC_RESERVE_LINES(iso->vms, iso->vm_capacity, slot + (size_t)1)) return false;
    if (iso->vm_capacity > before) memset(iso->vms + before, 0, (iso->vm_capacity - before) * sizeof *iso->vms);
    if (!iso->datacenter->track_vms) return true;
    if (!VDC_RESERVE_LINES(iso->vm_fences, iso->vm_fence_capacity, slot + (size_t)1)) return false;
    memset(iso->vm_fences + fences, 0, (iso->vm_fence_capacity - fences) * sizeof *iso->vm_fences);
    iso->vm_fences[slot] = (vdc_vm_fences){0};
    return true;
}

void vdc_isolation_reserve(const vdc_isolation *iso, vdc_request *request) {
    for (size_t i = 0; iso->has_wishes && i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (!rule->reserved || !vdc_rule_selects(rule, request)) continue;
        const vdc_wide all = (vdc_wide)rule->reserved * request->size[VDC_CPU] / 1000;
        int64_t reserved = all > INT64_MAX ? INT64_MAX : (int64_t)all;
        if (request->cpu_limit != VDC_UNLIMITED) reserved = vdc_least(reserved, request->cpu_limit);
        if (reserved > request->cpu_reservation) request->cpu_reservation = reserved;
    }
}

int64_t vdc_isolation_own_reservation(const vdc_isolation *iso, uint32_t slot) {
    return iso->has_wishes ? iso->vms[slot].own_reservation : iso->datacenter->records[slot].request.cpu_reservation;
}

void vdc_isolation_note_own_reservation(vdc_isolation *iso, uint32_t slot, int64_t own) {
    if (iso->has_wishes) iso->vms[slot].own_reservation = own;
}

/* Of a slot that was free: its other lines are zero as they are, and need not be touched. */
static void start_afresh(vdc_vm_isolation *vm, uint32_t domain) {
    vm->foreign_at_start = vm->exposure = 0;
    vm->arrival = 0;
    vm->first_meeting = -1;
    vm->domain = domain;
    vm->whole = VDC_NOWHERE;
    vm->here = vm->guaranteed = vm->bound = vm->met_attacker = vm->hit = vm->without_guarantees = vm->doubled = vm->acquainted = false;
}

bool vdc_isolation_arrive(vdc_isolation *iso, uint32_t slot) {
    vdc_request *request = &iso->datacenter->records[slot].request;
    if (!has_room(iso, slot)) return false;
    iso->memo->valid = false; /* new names may be selected by rules */
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        if (!vdc_selection_follow(&rule->tenants, iso->tenants) || !vdc_selection_follow(&rule->groups, iso->groups)) return false;
        rule->selected += vdc_rule_selects(rule, request) && (!rule->type->binds || rule->type->binds(rule, request));
    }
    vdc_vm_isolation *vm = &iso->vms[slot];
    const vdc_isolation_spec *wishes = vdc_isolation_wishes_of(iso, request);
    start_afresh(vm, vdc_isolation_domain(iso, request));
    vm->wishes = memcmp(wishes, &iso->specs->items[0], sizeof *wishes) != 0;
    if (vm->wishes) vm->spec = *wishes;
    if (wishes->numa_nodes) request->numa_nodes = (uint8_t)wishes->numa_nodes;
    vdc_isolation_note_own_reservation(iso, slot, request->cpu_reservation);
    vdc_isolation_reserve(iso, request);
    if (request->group) {
        int64_t members = vdc_counts_add(&iso->group_members, request->group, 1);
        if (members < 0) return false;
        request->member = (uint32_t)(members - 1);
    }
    if (iso->attack.tenant && request->tenant == iso->attack.tenant) iso->attack.counts.launches++;
    return true;
}

void vdc_isolation_leave(vdc_isolation *iso, uint32_t slot) {
    vdc_vm_isolation *vm = &iso->vms[slot];
    iso->exposure_finished += vm->exposure;
    vdc_isolation_attack_leaves(iso, slot);
    if (vm->wishes) vm->spec = (vdc_isolation_spec){0};
    if (vm->acquainted) {
        vdc_free(vm->met);
        vm->met = NULL;
        vm->met_low = vm->met_count = vm->met_room = 0;
    }
    vm->exposure = 0; /* the rest of the first line is of no meaning until the next one arrives */
    vm->whole = VDC_NOWHERE;
}

/* ---- VMs that are on a host already ---- */

bool vdc_isolation_arrive_part(vdc_isolation *iso, uint32_t part, uint32_t slot) {
    if (!has_room(iso, part)) return false;
    bool *uncounted = vdc_calloc(iso->rule_count + 1, sizeof *uncounted);
    if (!uncounted) return false;
    vdc_vm_isolation *vm = &iso->vms[slot];
    vm->doubled = true;
    vm->part = part;
    iso->vms[part] = (vdc_vm_isolation){.spec = vm->spec, .wishes = vm->wishes, .domain = vm->domain, .first_meeting = -1, .whole = slot,
                                        .uncounted = uncounted};
    return true;
}

void vdc_isolation_leave_part(vdc_isolation *iso, uint32_t slot) {
    vdc_vm_isolation *part = &iso->vms[slot], *vm = &iso->vms[part->whole];
    vm->exposure += part->exposure;
    for (int kind = 0; iso->datacenter->track_vms && kind < VDC_FENCE_KINDS; kind++)
        iso->vm_fences[part->whole].fenced[kind] += iso->vm_fences[slot].fenced[kind];
    vdc_isolation_note_acquaintances(iso, vm, part);
    vm->doubled = false;
    vdc_free(part->met);
    vdc_free(part->uncounted);
    *part = (vdc_vm_isolation){.whole = VDC_NOWHERE};
}

/* Takes the VM out of everything that vdc_isolation_allows looks at (sign -1), or puts it back (+1). */
static void lift(vdc_isolation *iso, uint32_t slot, int sign) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    const vdc_vm_isolation *vm = &iso->vms[slot];
    const uint32_t host = dc->vms[slot].host;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    vdc_host_isolation *state = &iso->hosts[host];
    for (size_t i = 0; i < iso->rule_count; i++) count_in_rule(iso, slot, i, sign);
    vdc_domain_count *of_domain = &state->counts[vdc_isolation_domain_at(state, vm->domain)];
    const uint32_t alone = sign > 0; /* so many are there now if it is the only one */
    state->vms = (uint32_t)((int64_t)state->vms + sign);
    of_domain->vms += (uint32_t)sign;
    if (of_domain->vms == alone) vdc_isolation_refusals_owned(iso->refused, host, vm->domain, sign);
    if (state->vms == alone) vdc_isolation_refusals_occupied(iso->refused, host, sign);
    if (vm->spec.dedicated_host) {
        state->dedicated = (uint32_t)((int64_t)state->dedicated + sign);
        iso->dedicated = (uint32_t)((int64_t)iso->dedicated + sign);
    }
    state->ways += sign * vm->spec.llc_ways;
    state->bandwidth += sign * vm->spec.memory_bandwidth;
    if (dc->vms[slot].exclusive) {
        /* The promise of its threads and that of its size: see vdc_isolation_placed. */
        uint32_t threads = vdc_threads_needed(class, vm->spec.threads, request->size[VDC_CPU]);
        if (sign < 0) vdc_threads_mark(&iso->threads, host, slot, false);
        dc->hosts.free[VDC_CPU][host] += sign * (request->size[VDC_CPU] - promise_of_threads(iso, host, threads));
        if (sign > 0) vdc_threads_mark(&iso->threads, host, slot, true);
    } else {
        dc->hosts.account[host].reserved += sign * vdc_reserved_rate(request, class);
    }
}

void vdc_isolation_set_aside(vdc_isolation *iso, uint32_t slot) { lift(iso, slot, -1); }
void vdc_isolation_put_back(vdc_isolation *iso, uint32_t slot) { lift(iso, slot, 1); }
