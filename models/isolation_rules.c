/* The isolation rules: one row each in vdc_rule_types, its parameters, its counters and its definition side by side.
 *
 * Most rules count the members of a set (a group or a tenant) per unit of a level (host, rack, zone); the key of a counter is
 * (set, unit). What a rule forbids follows from the counters alone, so that a recount from the VMs' places must give the same.
 */
#include <stddef.h>
#include <string.h>

#include "models/isolation_internal.h"

#define AT(member) .offset = offsetof(vdc_rule, member)
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define TOTAL UINT32_MAX /* the unit "everywhere" */

const char *const vdc_level_names[] = {"host", "rack", "zone", "core", NULL};
static const char *const spatial_levels[] = {"host", "rack", "zone", NULL};
static const char *const sets[] = {"group", "tenant", NULL};
static const char *const modes[] = {"hard", "soft", NULL};
static const char *const thread_words[] = {"pin", "prefer", "isolate", NULL};

const vdc_param vdc_rule_params[] = {
    {.name = "mode", .type = VDC_PARAM_CHOICE, .choices = modes, .fallback = "hard", AT(mode),
        .help = "hard forbids, soft prefers hosts that keep it"},
    {.name = "weight", .type = VDC_PARAM_INTEGER, .fallback = "1", .minimum = 1, .maximum = 1e9, AT(weight),
        .help = "of a soft rule: what breaking it counts"},
    {.name = "tenants", .type = VDC_PARAM_NODE, AT(tenants_node), .help = "the tenants it concerns; all without it"},
    {.name = "groups", .type = VDC_PARAM_NODE, AT(groups_node), .help = "the groups it concerns; all without it"},
    {.name = "vms", .type = VDC_PARAM_NODE, AT(vms_node), .help = "the ids of the VMs it concerns; all without it"},
};
const size_t vdc_rule_param_count = COUNT_OF(vdc_rule_params);

#define LEVEL(words) {.name = "level", .type = VDC_PARAM_CHOICE, .choices = words, .fallback = "host", AT(level), \
        .help = "where its members are counted"}
#define OF {.name = "of", .type = VDC_PARAM_CHOICE, .choices = sets, .fallback = "group", AT(of), .help = "whose VMs are counted together"}

/* The set a VM is counted in; 0 = none. */
static uint32_t set_of(const vdc_rule *rule, const vdc_request *request) { return rule->of ? request->tenant : request->group; }

static bool has_set(const vdc_rule *rule, const vdc_request *request) { return set_of(rule, request) != 0; }

static uint64_t here(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    return vdc_key(set_of(rule, request), vdc_isolation_unit(iso, rule->level, host));
}

static bool count_set(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    return set_of(rule, request) == 0 || vdc_counts_add(&rule->counts, here(rule, iso, host, request), sign) >= 0;
}

/* Sets a value in a table of counts. */
static bool put(vdc_counts *counts, uint64_t key, int64_t value) {
    return vdc_counts_add(counts, key, value - vdc_counts_get(counts, key)) >= 0;
}

/* Rules that look at a VM and its host alone count those that break them (soft ones only: hard ones let none come). */
static bool count_misplaced(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    return rule->type->allows(rule, iso, host, request) || vdc_counts_add(&rule->counts, host, sign) >= 0;
}

static int64_t misplaced(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)iso, (void)request;
    return vdc_counts_get(&rule->counts, host);
}

/* Rules on what may be side by side count the members of a set in a unit, of them those with each value, and the different values. */
static bool count_value(vdc_rule *rule, uint64_t set, uint64_t value, int sign) {
    const int64_t now = vdc_counts_add(&rule->values, value, sign);
    if (now < 0 || vdc_counts_add(&rule->counts, set, sign) < 0) return false;
    const bool changed = sign > 0 ? now == 1 : now == 0;
    return !changed || vdc_counts_add(&rule->distinct, set, sign) >= 0;
}

/* Nobody of the set is there with another value. */
static bool alone_with(const vdc_rule *rule, uint64_t set, uint64_t value) {
    return vdc_counts_get(&rule->counts, set) == vdc_counts_get(&rule->values, value);
}

/* All of the set that are there, when they are not all alike. */
static int64_t mixed(const vdc_rule *rule, uint64_t set) {
    return vdc_counts_get(&rule->distinct, set) > 1 ? vdc_counts_get(&rule->counts, set) : 0;
}

/* ---- anti-affinity ---- */

static const vdc_param anti_affinity_params[] = {
    LEVEL(spatial_levels), OF,
    {.name = "max", .type = VDC_PARAM_INTEGER, .fallback = "1", .minimum = 1, AT(max), .help = "members a unit may hold"},
};

static bool anti_affinity_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    return set_of(rule, request) == 0 || vdc_counts_get(&rule->counts, here(rule, iso, host, request)) < rule->max;
}

static int64_t anti_affinity_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    int64_t count = set_of(rule, request) ? vdc_counts_get(&rule->counts, here(rule, iso, host, request)) : 0;
    return count > rule->max ? count : 0;
}

static bool anti_affinity_limit(const vdc_rule *rule, const vdc_request *request, uint32_t *set, int64_t *limit) {
    *set = set_of(rule, request);
    *limit = rule->max;
    return *set != 0;
}

static const vdc_rule_type anti_affinity = {
    .name = "anti-affinity", .summary = "at most `max` members of a set on one unit of the level",
        .source = "OpenStack Nova server groups, VMware DRS",
    .params = anti_affinity_params, .param_count = COUNT_OF(anti_affinity_params),
    .binds = has_set, .allows = anti_affinity_allows, .change = count_set, .limit = anti_affinity_limit, .violating = anti_affinity_violating,
};

/* ---- the counts of a set over all units, for affinity and spread ---- */

static vdc_spread *spread_of(const vdc_rule *rule, uint32_t set) {
    int64_t index = vdc_counts_get(&rule->sets, set);
    return index ? &rule->spreads[index - 1] : NULL;
}

static vdc_spread *spread_make(vdc_rule *rule, const vdc_isolation *iso, uint32_t set) {
    vdc_spread *spread = spread_of(rule, set);
    if (spread) return spread;
    if (!VDC_RESERVE(rule->spreads, rule->spread_capacity, rule->spread_count + 1)) return NULL;
    spread = &rule->spreads[rule->spread_count];
    *spread = (vdc_spread){0};
    if (!VDC_RESERVE(spread->units_with, spread->size, 8) || vdc_counts_add(&rule->sets, set, (int64_t)rule->spread_count + 1) < 0) return NULL;
    memset(spread->units_with, 0, spread->size * sizeof *spread->units_with);
    spread->units_with[0] = iso->units_in_use[rule->level];
    rule->spread_count++;
    return spread;
}

/* A unit's count goes from `old` to old + sign. */
static bool spread_move(vdc_spread *spread, int64_t old, int sign) {
    int64_t now = old + sign;
    size_t before = spread->size;
    if (!VDC_RESERVE(spread->units_with, spread->size, (size_t)now + 1)) return false;
    if (spread->size > before) memset(spread->units_with + before, 0, (spread->size - before) * sizeof *spread->units_with);
    spread->units_with[old]--;
    spread->units_with[now]++;
    spread->total += sign;
    if (now > spread->most) spread->most = now;
    if (now < spread->least) spread->least = now;
    while (spread->most > 0 && spread->units_with[spread->most] == 0) spread->most--;
    while (spread->least < spread->most && spread->units_with[spread->least] == 0) spread->least++;
    return true;
}

static bool count_spread(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    uint32_t set = set_of(rule, request);
    if (set == 0) return true;
    vdc_spread *spread = spread_make(rule, iso, set);
    uint64_t key = here(rule, iso, host, request);
    const int64_t now = spread ? vdc_counts_add(&rule->counts, key, sign) : -1;
    return now >= 0 && spread_move(spread, now - sign, sign);
}

/* ---- affinity ---- */

static const vdc_param affinity_params[] = {LEVEL(spatial_levels), OF};

static bool affinity_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    const vdc_spread *spread = set_of(rule, request) ? spread_of(rule, set_of(rule, request)) : NULL;
    if (!spread) return true;
    const uint64_t key = here(rule, iso, host, request);
    return vdc_counts_get(&rule->counts, key) + vdc_counts_get(&rule->values, key) == spread->total + spread->parts;
}

static int64_t affinity_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)iso, (void)host;
    const vdc_spread *spread = set_of(rule, request) ? spread_of(rule, set_of(rule, request)) : NULL;
    return spread && spread->most < spread->total ? spread->total : 0;
}

/* Second parts by unit: no member may come while one is on its way, and none breaks the rule by being on its way. */
static bool affinity_part(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    vdc_spread *spread = set_of(rule, request) ? spread_make(rule, iso, set_of(rule, request)) : NULL;
    if (spread) spread->parts += sign;
    return set_of(rule, request) == 0 || (spread && vdc_counts_add(&rule->values, here(rule, iso, host, request), sign) >= 0);
}

static const vdc_rule_type affinity = {
    .name = "affinity", .summary = "all members of a set on one unit of the level", .source = "OpenStack Nova server groups, VMware DRS",
    .params = affinity_params, .param_count = COUNT_OF(affinity_params),
    .binds = has_set, .allows = affinity_allows, .change = count_spread, .part = affinity_part, .violating = affinity_violating,
};

/* ---- spread ---- */

static const vdc_param spread_params[] = {
    LEVEL(spatial_levels), OF,
    {.name = "skew", .type = VDC_PARAM_INTEGER, .fallback = "1", .minimum = 1, AT(skew), .help = "by how many members units may differ"},
};

static bool spread_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    uint32_t set = set_of(rule, request);
    if (set == 0) return true;
    const vdc_spread *spread = spread_of(rule, set);
    return !spread || vdc_counts_get(&rule->counts, here(rule, iso, host, request)) + 1 - spread->least <= rule->skew;
}

static bool spread_limit(const vdc_rule *rule, const vdc_request *request, uint32_t *set, int64_t *limit) {
    *set = set_of(rule, request);
    const vdc_spread *spread = *set ? spread_of(rule, *set) : NULL;
    *limit = spread ? spread->least + rule->skew : 0;
    return spread != NULL;
}

/* What departures leave behind breaks no hard rule, which is one on placements. A soft one is broken as long as units differ by more, by those
 * that are in units with too many. */
static int64_t spread_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)iso, (void)host;
    const vdc_spread *spread = rule->mode == 1 && set_of(rule, request) ? spread_of(rule, set_of(rule, request)) : NULL;
    int64_t broken = 0;
    for (int64_t count = spread ? spread->least + rule->skew + 1 : 1; spread && count <= spread->most; count++) broken += count * spread->units_with[count];
    return broken;
}

static const vdc_rule_type spread = {
    .name = "spread", .summary = "a unit takes a member only while it has less than `skew` more than the emptiest one",
        .source = "Kubernetes topologySpreadConstraints",
    .params = spread_params, .param_count = COUNT_OF(spread_params),
    .binds = has_set, .allows = spread_allows, .change = count_spread, .limit = spread_limit, .violating = spread_violating,
};

/* ---- fault and update domains ---- */

static const vdc_param fault_domain_params[] = {
    {.name = "fault_domains", .type = VDC_PARAM_INTEGER, .fallback = "3", .minimum = 1, .maximum = 1000000, AT(fault_domains),
        .help = "racks are dealt out to so many fault domains"},
    {.name = "update_domains", .type = VDC_PARAM_INTEGER, .fallback = "1", .minimum = 1, .maximum = 1000000, AT(update_domains),
        .help = "hosts are dealt out to so many update domains"},
};

static bool has_group(const vdc_rule *rule, const vdc_request *request) {
    (void)rule;
    return request->group != 0;
}

static bool fault_domains_allow(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    return request->group == 0
           || (vdc_isolation_unit(iso, VDC_LEVEL_RACK, host) % (uint32_t)rule->fault_domains == request->member % (uint32_t)rule->fault_domains
               && host % (uint32_t)rule->update_domains == request->member % (uint32_t)rule->update_domains);
}

static bool fault_domains_possible(const vdc_rule *rule, const vdc_isolation *iso, const vdc_request *request) {
    return request->group == 0 || (request->member % (uint32_t)rule->fault_domains < iso->units[VDC_LEVEL_RACK]
                                   && request->member % (uint32_t)rule->update_domains < iso->datacenter->hosts.count);
}

static const vdc_rule_type fault_domains = {
    .name = "fault-domains", .summary = "member i of a group in fault domain i mod F (of racks) and update domain i mod U (of hosts)",
    .source = "Azure availability sets", .params = fault_domain_params, .param_count = COUNT_OF(fault_domain_params),
    .fixed = true, .binds = has_group, .allows = fault_domains_allow, .possible = fault_domains_possible, .change = count_misplaced, .violating = misplaced,
};

/* ---- parts of a group that never share a unit ---- */

static const vdc_param parts_apart_params[] = {
    {.name = "level", .type = VDC_PARAM_CHOICE, .choices = spatial_levels, .fallback = "rack", AT(level), .help = "what two parts never share"},
};

static uint64_t group_here(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    return vdc_key(request->group, vdc_isolation_unit(iso, rule->level, host));
}

/* The number of a part of a group among all parts of all groups; 0 = it has none yet. */
static uint32_t part_number(const vdc_rule *rule, const vdc_request *request) {
    return (uint32_t)vdc_counts_get(&rule->sets, vdc_key(request->group, request->part));
}

static bool has_part(const vdc_rule *rule, const vdc_request *request) {
    (void)rule;
    return request->group != 0 && request->part != 0;
}

/* A unit belongs to one part of a group as long as a member is there. */
static bool parts_apart_allow(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    if (!has_part(rule, request)) return true;
    return alone_with(rule, group_here(rule, iso, host, request),
                      vdc_key(part_number(rule, request), vdc_isolation_unit(iso, rule->level, host)));
}

static bool parts_apart_change(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    if (!has_part(rule, request)) return true;
    if (part_number(rule, request) == 0 && vdc_counts_add(&rule->sets, vdc_key(request->group, request->part), (int64_t)rule->sets.used + 1) < 0)
        return false;
    return count_value(rule, group_here(rule, iso, host, request),
                       vdc_key(part_number(rule, request), vdc_isolation_unit(iso, rule->level, host)), sign);
}

static int64_t parts_apart_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    return !has_part(rule, request) ? 0 : mixed(rule, group_here(rule, iso, host, request));
}

static const vdc_rule_type parts_apart = {
    .name = "parts-apart", .summary = "VMs of one group in different parts, such as the fault domains that a trace names, never share a unit",
    .source = "Azure availability sets; Huawei fault domains", .params = parts_apart_params, .param_count = COUNT_OF(parts_apart_params),
    .binds = has_part, .allows = parts_apart_allow, .change = parts_apart_change, .violating = parts_apart_violating,
};

/* ---- rules on the domains of a host ---- */

/* The domains on a host with a VM of that one more. A domain whose only VM was set aside has none. */
static int64_t domains_with(const vdc_host_isolation *host, uint32_t more) {
    int64_t domains = 1;
    for (uint32_t i = 0; i < host->domains; i++) domains += host->counts[i].vms && host->counts[i].domain != more;
    return domains;
}

static const vdc_param max_params[] = {
    {.name = "max", .type = VDC_PARAM_INTEGER, .fallback = "1", .minimum = 1, AT(max), .help = "at most so many on a host"},
};

static bool count_host(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    (void)iso, (void)request;
    return vdc_counts_add(&rule->counts, host, sign) >= 0;
}

/* A host that one of the rule's VMs is on, or comes to. */
static bool max_tenants_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    if (!vdc_rule_selects(rule, request) && vdc_counts_get(&rule->counts, host) == 0) return true;
    return domains_with(&iso->hosts[host], vdc_isolation_domain(iso, request)) <= rule->max;
}

static int64_t max_tenants_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)request;
    return iso->hosts[host].domains > rule->max ? vdc_counts_get(&rule->counts, host) : 0;
}

static const vdc_rule_type max_tenants = {
    .name = "max-tenants", .summary = "at most `max` trust domains on a host with one of the VMs it concerns", .source = "-",
    .params = max_params, .param_count = COUNT_OF(max_params), .everybody = true,
    .allows = max_tenants_allows, .change = count_host, .violating = max_tenants_violating,
};

static bool max_vms_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)iso, (void)request;
    return vdc_counts_get(&rule->counts, host) < rule->max;
}

static bool max_vms_limit(const vdc_rule *rule, const vdc_request *request, uint32_t *set, int64_t *limit) {
    (void)request;
    *set = 0; /* all are one set */
    *limit = rule->max;
    return true;
}

static int64_t max_vms_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)iso, (void)request;
    int64_t count = vdc_counts_get(&rule->counts, host);
    return count > rule->max ? count : 0;
}

static const vdc_rule_type max_vms = {
    .name = "max-vms", .summary = "at most `max` of the VMs it concerns on a host", .source = "OpenStack Nova NumInstancesFilter",
    .params = max_params, .param_count = COUNT_OF(max_params), .allows = max_vms_allows, .change = count_host,
    .limit = max_vms_limit, .violating = max_vms_violating,
};

/* ---- tenants that must not meet ---- */

static const vdc_param tenant_anti_params[] = {LEVEL(vdc_level_names)};

static vdc_code tenant_anti_read(vdc_rule *rule, vdc_isolation *iso, vdc_diag *diag) {
    (void)iso;
    size_t names = 0;
    for (size_t i = 0; i < rule->tenants.count; i++) names += !vdc_is_listed(rule->tenants.numbers, i, rule->tenants.numbers[i]);
    if (names + 2 * rule->tenants.prefix_count >= 2) return VDC_OK; /* a name with a star may be many */
    return vdc_fail(diag, VDC_ERROR_INPUT, &rule->place, "isolation: rules: tenant-anti-affinity: names %zu tenants; allowed: at least two in `tenants`",
                    names);
}

/* On a host whose cores are not shared by this VM it meets nobody at core level. */
static bool shares_cores(const vdc_isolation *iso, const vdc_request *request) {
    vdc_isolation_spec wishes = vdc_isolation_wishes(iso, request);
    return wishes.threads == VDC_THREADS_SHARED && !wishes.core_scheduling;
}

static bool concerns_level(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    return rule->level != VDC_LEVEL_CORE
           || (iso->datacenter->hosts.classes[iso->datacenter->hosts.class_of[host]].threads > 1 && shares_cores(iso, request));
}

static uint32_t meeting_unit(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host) {
    return vdc_isolation_unit(iso, rule->level == VDC_LEVEL_CORE ? VDC_LEVEL_HOST : rule->level, host);
}

/* Members of the rule on the unit: all, and of this tenant. */
static bool tenant_anti_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    uint32_t unit = meeting_unit(rule, iso, host);
    return !concerns_level(rule, iso, host, request) || alone_with(rule, vdc_key(TOTAL, unit), vdc_key(request->tenant, unit));
}

static bool tenant_anti_change(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    uint32_t unit = meeting_unit(rule, iso, host);
    return !concerns_level(rule, iso, host, request) || count_value(rule, vdc_key(TOTAL, unit), vdc_key(request->tenant, unit), sign);
}

static int64_t tenant_anti_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)request;
    return mixed(rule, vdc_key(TOTAL, meeting_unit(rule, iso, host)));
}

static const vdc_rule_type tenant_anti_affinity = {
    .name = "tenant-anti-affinity", .summary = "the named tenants never share a unit of the level", .source = "VMware DRS separate virtual machines",
    .params = tenant_anti_params, .param_count = COUNT_OF(tenant_anti_params), .read = tenant_anti_read,
    .allows = tenant_anti_allows, .change = tenant_anti_change, .violating = tenant_anti_violating,
};

/* ---- label lattice ---- */

static const vdc_param lattice_params[] = {
    {.name = "range", .type = VDC_PARAM_INTEGER, .fallback = "0", AT(range), .help = "by how much the levels on a host may differ"},
};

static vdc_code lattice_read(vdc_rule *rule, vdc_isolation *iso, vdc_diag *diag) {
    rule->labels_on = vdc_calloc((size_t)iso->datacenter->hosts.count + 1, sizeof *rule->labels_on);
    return rule->labels_on ? VDC_OK : vdc_no_memory(diag, "isolation");
}

static bool comparable(uint64_t a, uint64_t b) { return (a & b) == a || (a & b) == b; }

/* The levels of a host widen to that of another label. */
static void widen(int64_t level, int64_t *low, int64_t *high) {
    if (level < *low) *low = level;
    if (level > *high) *high = level;
}

static bool lattice_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    const vdc_isolation_spec *mine = &iso->specs->items[request->isolation];
    const vdc_host_labels *labels = &rule->labels_on[host];
    int64_t low = mine->level, high = mine->level;
    for (size_t i = 0; i < labels->count; i++) {
        const vdc_isolation_spec *other = &iso->specs->items[labels->wishes[i]];
        if (!comparable(mine->categories, other->categories)) return false;
        widen(other->level, &low, &high);
    }
    return high - low <= rule->range;
}

/* Its first VM with a label comes (+1), or the last one goes. There is room. */
static void list_label(vdc_host_labels *labels, uint32_t wishes, int sign) {
    size_t at = 0;
    if (sign > 0) {
        labels->wishes[labels->count++] = wishes;
        return;
    }
    while (labels->wishes[at] != wishes) at++;
    labels->wishes[at] = labels->wishes[--labels->count];
}

static bool lattice_change(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    (void)iso;
    vdc_host_labels *labels = rule->labels_on ? &rule->labels_on[host] : NULL;
    if (labels && sign > 0 && !VDC_RESERVE(labels->wishes, labels->capacity, labels->count + 1)) return false;
    const int64_t now = vdc_counts_add(&rule->counts, vdc_key(host, request->isolation), sign);
    if (labels && now == (sign > 0)) list_label(labels, request->isolation, sign);
    return now >= 0;
}

static int64_t lattice_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)request;
    const vdc_host_labels *labels = &rule->labels_on[host];
    int64_t low = INT64_MAX, high = INT64_MIN, all = 0;
    bool apart = false;
    for (size_t i = 0; i < labels->count; i++) {
        const vdc_isolation_spec *one = &iso->specs->items[labels->wishes[i]];
        widen(one->level, &low, &high);
        for (size_t j = 0; j < i && !apart; j++) apart = !comparable(one->categories, iso->specs->items[labels->wishes[j]].categories);
    }
    if (labels->count == 0 || (!apart && high - low <= rule->range)) return 0;
    for (size_t i = 0; i < labels->count; i++) all += vdc_counts_get(&rule->counts, vdc_key(host, labels->wishes[i]));
    return all;
}

static const vdc_rule_type label_lattice = {
    .name = "label-lattice", .summary = "levels on a host within `range`, categories comparable", .source = "multi-level security (Bell, LaPadula)",
    .params = lattice_params, .param_count = COUNT_OF(lattice_params), .read = lattice_read,
    .allows = lattice_allows, .change = lattice_change, .violating = lattice_violating,
};

/* ---- Chinese wall ---- */

static const vdc_param wall_params[] = {
    {.name = "classes", .type = VDC_PARAM_NODE, .required = true, AT(classes_node), .help = "{class: [tenants]}: conflicts of interest"},
    {.name = "scrub", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", AT(scrub),
        .help = "how long a host remembers the last tenant of a class"},
};

static vdc_code wall_read(vdc_rule *rule, vdc_isolation *iso, vdc_diag *diag) {
    const vdc_node *map = rule->classes_node;
    char buffer[96];
    if (!map) return VDC_OK;
    if (map->kind != VDC_NODE_MAPPING)
        return vdc_fail(diag, VDC_ERROR_INPUT, &map->place, "isolation: rules: chinese-wall: classes: found %s; allowed: {class: [tenants]}",
                        vdc_node_describe(map, buffer, sizeof buffer));
    for (size_t c = 0; c < map->count; c++) {
        const vdc_node *list = map->children[c];
        if (list->kind != VDC_NODE_SEQUENCE)
            return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "isolation: rules: chinese-wall: classes: %s: found %s; allowed: a list of tenants",
                            list->key, vdc_node_describe(list, buffer, sizeof buffer));
        for (size_t i = 0; i < list->count; i++) {
            const char *name;
            uint32_t tenant;
            vdc_code code = vdc_node_text(list->children[i], &name, diag);
            if (code) return code;
            if (vdc_names_intern(iso->tenants, name, strlen(name), &tenant)) return vdc_no_memory(diag, "isolation");
            size_t before = rule->conflict_size;
            if (!VDC_RESERVE(rule->conflict_class, rule->conflict_size, tenant + (size_t)1)) return vdc_no_memory(diag, "isolation");
            if (rule->conflict_size > before)
                memset(rule->conflict_class + before, 0, (rule->conflict_size - before) * sizeof *rule->conflict_class);
            if (rule->conflict_class[tenant])
                return vdc_fail(diag, VDC_ERROR_INPUT, &list->children[i]->place, "isolation: rules: chinese-wall: tenant '%s' is in two classes", name);
            rule->conflict_class[tenant] = (uint32_t)c + 1;
        }
    }
    return VDC_OK;
}

static uint32_t class_of(const vdc_rule *rule, const vdc_request *request) {
    return request->tenant < rule->conflict_size ? rule->conflict_class[request->tenant] : 0;
}

static bool has_class(const vdc_rule *rule, const vdc_request *request) { return class_of(rule, request) != 0; }

/* While one of the class is there, it is his; then his until it is scrubbed. */
static bool wall_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    uint32_t class = class_of(rule, request);
    if (class == 0) return true;
    const uint64_t key = vdc_key(host, class);
    if (vdc_counts_get(&rule->counts, key) > 0) return alone_with(rule, key, vdc_key(host, request->tenant));
    int64_t holder = vdc_counts_get(&rule->holder, key);
    if (holder == 0 || holder == (int64_t)request->tenant + 1) return true;
    return iso->datacenter->now - (vdc_counts_get(&rule->left_at, key) - 1) >= rule->scrub;
}

/* It is still ahead, and nobody has come to the host meanwhile. */
static bool is_to_come(const vdc_rule *rule, const vdc_isolation *iso, const vdc_opening *opening) {
    return opening->at > iso->datacenter->now && vdc_counts_get(&rule->counts, opening->key) == 0
           && opening->at == vdc_later(vdc_counts_get(&rule->left_at, opening->key) - 1, rule->scrub);
}

static vdc_time wall_opening(vdc_rule *rule, const vdc_isolation *iso) {
    while (rule->opening_first < rule->opening_end && !is_to_come(rule, iso, &rule->openings[rule->opening_first])) rule->opening_first++;
    return rule->opening_first < rule->opening_end ? rule->openings[rule->opening_first].at : VDC_TIME_MAX;
}

/* The last of a class has left the host now, or is set aside. */
static bool note_opening(vdc_rule *rule, const vdc_isolation *iso, uint64_t key) {
    const vdc_opening opening = {vdc_later(iso->datacenter->now, rule->scrub), key};
    (void)wall_opening(rule, iso);
    while (rule->opening_first < rule->opening_end && !is_to_come(rule, iso, &rule->openings[rule->opening_end - 1])) rule->opening_end--;
    const vdc_opening *last = rule->opening_first < rule->opening_end ? &rule->openings[rule->opening_end - 1] : NULL;
    if (rule->scrub == 0 || (last && last->key == key && last->at == opening.at)) return true;
    if (rule->opening_first > rule->opening_end / 2) { /* the list moves up once it is shorter than what is before it */
        memcpy(rule->openings, rule->openings + rule->opening_first, (rule->opening_end - rule->opening_first) * sizeof *rule->openings);
        rule->opening_end -= rule->opening_first;
        rule->opening_first = 0;
    }
    if (!VDC_RESERVE(rule->openings, rule->opening_capacity, rule->opening_end + 1)) return false;
    rule->openings[rule->opening_end++] = opening;
    return true;
}

static bool wall_change(vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    uint32_t class = class_of(rule, request);
    if (class == 0) return true;
    const uint64_t key = vdc_key(host, class);
    if (!count_value(rule, key, vdc_key(host, request->tenant), sign)) return false;
    if (sign > 0) return put(&rule->holder, key, (int64_t)request->tenant + 1);
    return vdc_counts_get(&rule->counts, key) > 0
           || (put(&rule->holder, key, (int64_t)request->tenant + 1) && put(&rule->left_at, key, iso->datacenter->now + 1)
               && note_opening(rule, iso, key));
}

static int64_t wall_violating(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)iso;
    const uint32_t class = class_of(rule, request);
    return class ? mixed(rule, vdc_key(host, class)) : 0;
}

static const vdc_rule_type chinese_wall = {
    .name = "chinese-wall", .summary = "a host serves one tenant of each conflict class, and the next only after scrubbing",
        .source = "Brewer, Nash 1989",
    .params = wall_params, .param_count = COUNT_OF(wall_params), .read = wall_read, .binds = has_class, .allows = wall_allows,
    .change = wall_change, .opening = wall_opening, .violating = wall_violating,
};

/* ---- rules that give the VMs they concern a wish, which isolation.c keeps ----
 * Hard, a VM comes to hosts only that fulfil it. Soft, such hosts are preferred, and it is fulfilled on those. */

#define SOFT_WISH(words, function) {.name = words, .summary = "", .source = "", .prefer = function, .allows = vdc_isolation_could_fulfil, \
        .violating = misplaced}

static void wish_dedicated_host(const vdc_rule *rule, vdc_isolation_spec *wishes) {
    (void)rule;
    wishes->dedicated_host = true;
}

/* A preference for hosts without other domains fences nothing: it is one for few tenants. */
static vdc_code one_tenant(vdc_rule *rule, vdc_isolation *iso, vdc_diag *diag) {
    (void)iso, (void)diag;
    rule->max = 1;
    return VDC_OK;
}

static const vdc_rule_type soft_dedicated_host = {
    .name = "dedicated-host", .summary = "", .source = "", .everybody = true, .read = one_tenant, .allows = max_tenants_allows, .change = count_host,
    .violating = max_tenants_violating,
};
static const vdc_rule_type dedicated_host = {
    .name = "dedicated-host", .summary = "the VMs it concerns share hosts only with their own trust domain",
        .source = "AWS and Azure dedicated hosts", .wish = wish_dedicated_host, .soft = &soft_dedicated_host,
};

static void wish_core_scheduling(const vdc_rule *rule, vdc_isolation_spec *wishes) {
    (void)rule;
    wishes->core_scheduling = true;
}
static const vdc_rule_type core_scheduling = {
    .name = "core-scheduling", .summary = "the VMs it concerns never share a core with another trust domain at the same time",
        .source = "Linux core scheduling", .wish = wish_core_scheduling,
    .why_hard = "every host can keep it, so there is nothing to weigh; hosts where tenants share no cores are preferred by tenant-anti-affinity with "
                "level: core",
};

static void wish_threads(const vdc_rule *rule, vdc_isolation_spec *wishes) {
    if (wishes->threads == VDC_THREADS_SHARED) wishes->threads = (vdc_thread_mode)(VDC_THREADS_PIN + rule->threads);
}
static const vdc_param core_isolation_params[] = {
    {.name = "threads", .type = VDC_PARAM_CHOICE, .choices = thread_words, .fallback = "isolate", AT(threads),
        .help = "pin: own threads; prefer: own cores, packed; isolate: a core a vCPU"},
};
static const vdc_rule_type soft_core_isolation = SOFT_WISH("core-isolation", wish_threads);
static const vdc_rule_type core_isolation = {
    .name = "core-isolation", .summary = "the VMs it concerns own hardware threads or cores", .source = "OpenStack Nova cpu_thread_policy",
    .params = core_isolation_params, .param_count = COUNT_OF(core_isolation_params), .wish = wish_threads, .soft = &soft_core_isolation,
};

static void wish_numa(const vdc_rule *rule, vdc_isolation_spec *wishes) {
    if (wishes->numa_nodes == 0) wishes->numa_nodes = (int)rule->nodes;
}
static const vdc_param numa_params[] = {
    {.name = "nodes", .type = VDC_PARAM_INTEGER, .fallback = "1", .minimum = 1, .maximum = 64, AT(nodes), .help = "NUMA nodes that hold each of its VMs"},
};
static const vdc_rule_type soft_numa = SOFT_WISH("numa", wish_numa);
static const vdc_rule_type numa = {
    .name = "numa", .summary = "the VMs it concerns lie evenly on so many NUMA nodes", .source = "OpenStack Nova NUMATopologyFilter",
    .params = numa_params, .param_count = COUNT_OF(numa_params), .wish = wish_numa, .soft = &soft_numa,
};

static void wish_ways(const vdc_rule *rule, vdc_isolation_spec *wishes) {
    if (wishes->llc_ways < rule->ways) wishes->llc_ways = rule->ways;
}
static const vdc_param ways_params[] = {
    {.name = "ways", .type = VDC_PARAM_INTEGER, .required = true, .minimum = 1, AT(ways), .help = "ways of the last-level cache of each of its VMs' own"},
};
static const vdc_rule_type soft_llc_ways = SOFT_WISH("llc-ways", wish_ways);
static const vdc_rule_type llc_ways = {
    .name = "llc-ways", .summary = "each of the VMs it concerns has ways of the last-level cache of its own", .source = "Intel CAT",
    .params = ways_params, .param_count = COUNT_OF(ways_params), .wish = wish_ways, .soft = &soft_llc_ways,
};

static void wish_bandwidth(const vdc_rule *rule, vdc_isolation_spec *wishes) {
    if (wishes->memory_bandwidth < rule->bandwidth) wishes->memory_bandwidth = rule->bandwidth;
}
static const vdc_param bandwidth_params[] = {
    {.name = "rate", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_BYTE_RATE, .required = true, .minimum = 1, AT(bandwidth),
        .help = "memory bandwidth of each of its VMs' own"},
};
static const vdc_rule_type soft_memory_bandwidth = SOFT_WISH("memory-bandwidth", wish_bandwidth);
static const vdc_rule_type memory_bandwidth = {
    .name = "memory-bandwidth", .summary = "each of the VMs it concerns has memory bandwidth of its own", .source = "Intel MBA",
    .params = bandwidth_params, .param_count = COUNT_OF(bandwidth_params), .wish = wish_bandwidth, .soft = &soft_memory_bandwidth,
};

/* What is reserved is the request's, not its wishes': vdc_isolation_arrive. */
static void wish_nothing(const vdc_rule *rule, vdc_isolation_spec *wishes) { (void)rule, (void)wishes; }
static const vdc_param reservation_params[] = {
    {.name = "cpu", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_FREQUENCY, .required = true, .minimum = 1, AT(reserved),
        .help = "what each vCPU of its VMs gets whenever it asks; at most its host's speed"},
};
static const vdc_rule_type reservation = {
    .name = "reservation", .summary = "the VMs it concerns get so much of each vCPU whenever they ask", .source = "VMware reservations",
    .params = reservation_params, .param_count = COUNT_OF(reservation_params), .wish = wish_nothing,
    .why_hard = "a share that is not promised is a weight: cpu.weight of the VMs",
};

static void wish_tolerance(const vdc_rule *rule, vdc_isolation_spec *wishes) { wishes->tolerates |= rule->tolerates; }
static const vdc_param tolerate_params[] = {
    {.name = "taints", .type = VDC_PARAM_NODE, .required = true, AT(taints_node), .help = "a list of host taints that its VMs bear"},
};
static vdc_code tolerate_read(vdc_rule *rule, vdc_isolation *iso, vdc_diag *diag) {
    return rule->taints_node ? vdc_isolation_read_taints(iso->specs, rule->taints_node, &rule->tolerates, "isolation: rules: tolerate: taints", diag) : VDC_OK;
}
static const vdc_rule_type tolerate = {
    .name = "tolerate", .summary = "the VMs it concerns may go to hosts with these taints", .source = "Kubernetes tolerations",
    .params = tolerate_params, .param_count = COUNT_OF(tolerate_params), .read = tolerate_read, .wish = wish_tolerance,
    .why_hard = "it permits and asks for nothing; hosts are preferred by their labels with aggregate",
};

/* ---- host aggregates ---- */

static const vdc_param aggregate_params[] = {
    {.name = "labels", .type = VDC_PARAM_NODE, .required = true, AT(labels_node),
        .help = "{key: value}: labels that the hosts of these VMs must have"},
};

static vdc_code aggregate_read(vdc_rule *rule, vdc_isolation *iso, vdc_diag *diag) {
    return vdc_isolation_read_labels(iso->specs, rule->labels_node, &rule->labels, "isolation: rules: aggregate: labels", diag);
}

static bool aggregate_suits(const vdc_rule *rule, const vdc_isolation *iso, uint16_t class_id) {
    return (iso->class_labels[class_id] & rule->labels) == rule->labels;
}

static bool aggregate_allows(const vdc_rule *rule, const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    (void)request;
    return aggregate_suits(rule, iso, iso->datacenter->hosts.class_of[host]);
}

static bool aggregate_possible(const vdc_rule *rule, const vdc_isolation *iso, const vdc_request *request) {
    (void)request;
    for (uint16_t k = 0; k < iso->datacenter->hosts.class_count; k++)
        if (aggregate_suits(rule, iso, k)) return true;
    return false;
}

static const vdc_rule_type aggregate = {
    .name = "aggregate", .summary = "the VMs it concerns only on hosts with these labels", .source = "OpenStack Nova host aggregates",
    .params = aggregate_params, .param_count = COUNT_OF(aggregate_params), .read = aggregate_read, .fixed = true,
    .suits = aggregate_suits, .allows = aggregate_allows,
    .possible = aggregate_possible, .change = count_misplaced, .violating = misplaced,
};

const vdc_rule_type *const vdc_rule_types[] = {
    &dedicated_host, &max_tenants, &max_vms, &anti_affinity, &affinity, &spread, &fault_domains, &parts_apart, &tenant_anti_affinity,
    &label_lattice, &chinese_wall, &core_isolation, &core_scheduling, &numa, &llc_ways, &memory_bandwidth, &reservation, &tolerate, &aggregate, NULL,
};
