/* The section `isolation` of a scenario: domains, rules, and what of them contradicts itself. */
#include "models/isolation_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t LOW_BYTES_MOST = (size_t)16 << 20;

/* ---- selections ---- */

static bool select_number(vdc_selection *selection, uint32_t number) {
    size_t before = selection->words, wanted = number / 64 + (size_t)1;
    if (!VDC_RESERVE(selection->bits, selection->words, wanted)) return false;
    if (selection->words > before) memset(selection->bits + before, 0, (selection->words - before) * sizeof *selection->bits);
    selection->bits[number / 64] |= UINT64_C(1) << (number % 64);
    return true;
}

/* `prefix` ends with a star. */
static bool begins(const char *name, const char *prefix) { return strncmp(name, prefix, strlen(prefix) - 1) == 0; }

bool vdc_selection_follow(vdc_selection *selection, const vdc_names *names) {
    if (selection->prefix_count == 0) return true;
    for (uint32_t count = vdc_names_count(names); selection->known < count; selection->known++)
        for (size_t i = 0; i < selection->prefix_count; i++)
            if (begins(vdc_names_text(names, selection->known), selection->prefixes[i]) && !select_number(selection, selection->known)) return false;
    return true;
}

static vdc_code read_names(const vdc_node *list, vdc_names *names, vdc_selection *selection, const char *what, vdc_diag *diag) {
    char buffer[96];
    if (!list) return VDC_OK;
    if (list->kind != VDC_NODE_SEQUENCE || list->count == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "isolation: rules: %s: found %s; allowed: a list of names", what,
                        vdc_node_describe(list, buffer, sizeof buffer));
    selection->numbers = vdc_calloc(list->count, sizeof *selection->numbers);
    selection->prefixes = vdc_calloc(list->count, sizeof *selection->prefixes);
    if (!selection->numbers || !selection->prefixes) return vdc_no_memory(diag, "isolation");
    selection->known = 1; /* 0 is "": no name */
    for (size_t i = 0; i < list->count; i++) {
        const char *text;
        vdc_code code = vdc_node_text(list->children[i], &text, diag);
        if (code) return code;
        const size_t length = strlen(text);
        if (length > 0 && text[length - 1] == '*') {
            selection->prefixes[selection->prefix_count++] = text;
            continue;
        }
        uint32_t *number = &selection->numbers[selection->count++];
        if (vdc_names_intern(names, text, length, number) || !select_number(selection, *number)) return vdc_no_memory(diag, "isolation");
    }
    return VDC_OK;
}

static vdc_code read_ids(vdc_rule *rule, vdc_diag *diag) {
    const vdc_node *list = rule->vms_node;
    char buffer[96];
    if (!list) return VDC_OK;
    if (list->kind != VDC_NODE_SEQUENCE || list->count == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "isolation: rules: vms: found %s; allowed: a list of ids",
                        vdc_node_describe(list, buffer, sizeof buffer));
    rule->vms = vdc_calloc(list->count, sizeof *rule->vms);
    if (!rule->vms) return vdc_no_memory(diag, "isolation");
    for (size_t i = 0; i < list->count; i++) {
        const vdc_code code = vdc_node_integer(list->children[i], VDC_DIM_COUNT, 0, INT64_MAX, &rule->vms[i], diag);
        if (code) return code;
    }
    rule->vm_count = list->count;
    qsort(rule->vms, rule->vm_count, sizeof *rule->vms, vdc_compare_int64);
    return VDC_OK;
}

/* Is something that `a` names within what `b` names? */
static bool lists_what_is_in(const vdc_selection *a, const vdc_selection *b, const vdc_names *names) {
    for (size_t i = 0; i < a->count; i++) {
        if (vdc_is_listed(b->numbers, b->count, a->numbers[i])) return true;
        for (size_t j = 0; j < b->prefix_count; j++)
            if (begins(vdc_names_text(names, a->numbers[i]), b->prefixes[j])) return true;
    }
    for (size_t i = 0; i < a->prefix_count; i++)
        for (size_t j = 0; j < b->prefix_count; j++)
            if (begins(a->prefixes[i], b->prefixes[j])) return true;
    return false;
}

/* Could one name be in both? */
static bool overlap(const vdc_selection *a, const vdc_selection *b, const vdc_names *names) {
    if (a->count + a->prefix_count == 0 || b->count + b->prefix_count == 0) return true;
    return lists_what_is_in(a, b, names) || lists_what_is_in(b, a, names);
}

/* Is some VM named by both? Without names all are. */
static bool name_alike(const vdc_rule *a, const vdc_rule *b) {
    if (!a->vms || !b->vms) return true;
    for (size_t i = 0, j = 0; i < a->vm_count && j < b->vm_count;) {
        if (a->vms[i] == b->vms[j]) return true;
        if (a->vms[i] < b->vms[j]) i++;
        else j++;
    }
    return false;
}

/* Could one VM be concerned by both? */
static bool could_both_concern(const vdc_isolation *iso, const vdc_rule *a, const vdc_rule *b) {
    return overlap(&a->groups, &b->groups, iso->groups) && overlap(&a->tenants, &b->tenants, iso->tenants) && name_alike(a, b);
}

static bool names_any(const vdc_selection *selection) { return selection->count + selection->prefix_count > 0; }

/* Is every VM that `a` names by its tenant, group or id for certain one of `b`, as far as `b` looks at other things only where `a` does? */
static bool narrows(const vdc_rule *a, const vdc_rule *b) {
    return (names_any(&a->groups) || !names_any(&b->groups)) && (names_any(&a->tenants) || !names_any(&b->tenants)) && (a->vms || !b->vms);
}

/* Does some VM concern both, unless one of them concerns none? */
static bool both_concern(const vdc_isolation *iso, const vdc_rule *a, const vdc_rule *b) {
    return could_both_concern(iso, a, b) && (narrows(a, b) || narrows(b, a));
}

/* ---- rules ---- */

static const vdc_rule_type *find_type(const char *name) {
    for (size_t i = 0; vdc_rule_types[i]; i++)
        if (strcmp(vdc_rule_types[i]->name, name) == 0) return vdc_rule_types[i];
    return NULL;
}

static vdc_code unknown_type(const vdc_node *node, const char *name, vdc_diag *diag) {
    const char *names[64];
    size_t count = 0;
    for (; count < 63 && vdc_rule_types[count]; count++) names[count] = vdc_rule_types[count]->name;
    names[count] = NULL;
    const char *near = vdc_nearest(name, names);
    return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: rules: no rule is called '%s'%s%s%s", name, near ? "; did you mean '" : "",
                    near ? near : "", near ? "'?" : "");
}

static vdc_code read_rule(vdc_isolation *iso, const vdc_node *node, vdc_diag *diag) {
    static const char *const own[] = {"rule", NULL};
    char buffer[96];
    const vdc_node *name_node = vdc_node_get(node, "rule");
    if (node->kind != VDC_NODE_MAPPING || !name_node)
        return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: rules: found %s; allowed: {rule: NAME, …}",
                        vdc_node_describe(node, buffer, sizeof buffer));
    const char *name;
    vdc_code code = vdc_node_text(name_node, &name, diag);
    if (code) return code;
    const vdc_rule_type *type = find_type(name);
    if (!type) return unknown_type(name_node, name, diag);
    if (!VDC_RESERVE(iso->rules, iso->rule_capacity, iso->rule_count + 1)) return vdc_no_memory(diag, "isolation");
    vdc_rule *rule = &iso->rules[iso->rule_count++];
    *rule = (vdc_rule){.type = type, .place = node->place};
    /* The common parameters and its own are one table. */
    vdc_param table[32];
    size_t count = 0;
    for (size_t i = 0; i < vdc_rule_param_count; i++) table[count++] = vdc_rule_params[i];
    for (size_t i = 0; i < type->param_count; i++) table[count++] = type->params[i];
    char what[64];
    snprintf(what, sizeof what, "isolation rule %s", name);
    code = vdc_params_read(node, table, count, rule, own, what, diag);
    if (!code) code = read_names(rule->tenants_node, iso->tenants, &rule->tenants, "tenants", diag);
    if (!code) code = read_names(rule->groups_node, iso->groups, &rule->groups, "groups", diag);
    if (!code) code = read_ids(rule, diag);
    if (!code && !vdc_rule_is_hard(rule) && type->why_hard)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: rules: %s cannot be soft: %s", name, type->why_hard);
    if (!vdc_rule_is_hard(rule) && type->soft) type = rule->type = type->soft;
    if (!code && type->read) code = type->read(rule, iso, diag);
    bool spatial = rule->level == VDC_LEVEL_RACK || rule->level == VDC_LEVEL_ZONE || strcmp(type->name, "fault-domains") == 0;
    if (!code && spatial && !iso->datacenter->hosts.rack)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: rules: %s on racks or zones needs datacenter.topology", name);
    char wrong[160];
    const vdc_isolation_spec asked = {.llc_ways = rule->ways, .memory_bandwidth = rule->bandwidth};
    if (!code && vdc_isolation_spec_exceeds(iso->specs, &asked, wrong, sizeof wrong))
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: rules: %s (line %d): %s", name, node->place.line, wrong);
    if (!vdc_rule_is_hard(rule)) iso->has_soft = true;
    if (type->wish) iso->has_wishes = true;
    if (type->prefer) iso->has_preferences = true;
    if (rule->vms) iso->names_vms = true;
    return code;
}

/* On what level no two VMs that both rules concern, the first one affinity, could keep both; -1: they could. */
static int apart_on(const vdc_isolation *iso, const vdc_rule *together, const vdc_rule *apart) {
    const char *name = apart->type->name;
    if (strcmp(name, "anti-affinity") == 0) return apart->of == together->of && together->level <= apart->level && apart->max == 1 ? apart->level : -1;
    if (strcmp(name, "spread") == 0)
        return apart->of == together->of && together->level <= apart->level && apart->skew == 1 && iso->units_in_use[apart->level] > 1 ? apart->level : -1;
    if (strcmp(name, "fault-domains") != 0 || together->of) return -1;
    if (together->level <= VDC_LEVEL_RACK && apart->fault_domains > 1 && iso->units_in_use[VDC_LEVEL_RACK] > 1) return VDC_LEVEL_RACK;
    return together->level == VDC_LEVEL_HOST && apart->update_domains > 1 && iso->units_in_use[VDC_LEVEL_HOST] > 1 ? VDC_LEVEL_HOST : -1;
}

/* Pairs of hard rules that no two VMs could both keep. */
static vdc_code contradictions(const vdc_isolation *iso, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < iso->rule_count; i++)
        for (size_t j = 0; j < iso->rule_count; j++) {
            const vdc_rule *together = &iso->rules[i], *apart = &iso->rules[j];
            if (strcmp(together->type->name, "affinity") != 0 || !vdc_rule_is_hard(together) || !vdc_rule_is_hard(apart)) continue;
            const int level = apart_on(iso, together, apart);
            if (level < 0) continue;
            if (!could_both_concern(iso, together, apart)) continue;
            code = vdc_fail(diag, VDC_ERROR_INPUT, &together->place,
                            "isolation: rules: affinity (line %d) and %s (line %d) of the same VMs on one %s contradict each other",
                            together->place.line, apart->type->name, apart->place.line, vdc_level_names[level]);
        }
    return code;
}

/* No host class has all labels of both. */
static bool no_class_has_both(const vdc_isolation *iso, uint64_t labels) {
    for (uint16_t k = 0; k < iso->datacenter->hosts.class_count; k++)
        if ((iso->class_labels[k] & labels) == labels) return false;
    return true;
}

/* Hard rules that want of the same VM what it cannot have both: two of core-isolation, numa or aggregate. */
static vdc_code disagreements(const vdc_isolation *iso, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < iso->rule_count; i++)
        for (size_t j = 0; j < i; j++) {
            const vdc_rule *first = &iso->rules[j], *second = &iso->rules[i];
            if (first->type != second->type || !vdc_rule_is_hard(first) || !vdc_rule_is_hard(second) || !both_concern(iso, first, second)) continue;
            const char *what = vdc_rules_disagree(first, second);
            if (!what && first->labels && no_class_has_both(iso, first->labels | second->labels)) what = "labels that no host class has together";
            if (what)
                code = vdc_fail(diag, VDC_ERROR_INPUT, &second->place, "isolation: rules: %s (line %d) and %s (line %d) contradict each other: %s for the "
                                "same VMs", first->type->name, first->place.line, second->type->name, second->place.line, what);
        }
    return code;
}

/* A hard limit to the VMs of a host that concerns all of them: of several the least, which closes hosts before the others do. */
static vdc_code find_closing(vdc_isolation *iso, vdc_diag *diag) {
    vdc_hosts *hosts = &iso->datacenter->hosts;
    vdc_rule *closing = NULL;
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        const size_t names = rule->tenants.count + rule->tenants.prefix_count + rule->groups.count + rule->groups.prefix_count + rule->vm_count;
        if (strcmp(rule->type->name, "max-vms") == 0 && vdc_rule_is_hard(rule) && names == 0 && (!closing || rule->max < closing->max)) closing = rule;
    }
    if (!closing) return VDC_OK;
    closing->closes = true;
    hosts->closed = vdc_calloc(hosts->count + (size_t)1, sizeof *hosts->closed);
    return hosts->closed ? VDC_OK : vdc_no_memory(diag, "isolation");
}

static vdc_code read_rules(vdc_isolation *iso, const vdc_node *node, vdc_diag *diag) {
    static const char *const domains[] = {"tenant", "group", NULL};
    struct values { int domain; int64_t scrub; const vdc_node *rules; } values;
    static const vdc_param params[] = {
        {.name = "domain", .type = VDC_PARAM_CHOICE, .choices = domains, .fallback = "tenant", .offset = offsetof(struct values, domain),
         .help = "what a trust domain is: a tenant or a group"},
        {.name = "scrub", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_TIME, .fallback = "0s", .offset = offsetof(struct values, scrub),
         .help = "a host that another trust domain left less than this ago is not clean: arrivals there are counted (scrub_gaps)"},
        {.name = "rules", .type = VDC_PARAM_NODE, .offset = offsetof(struct values, rules), .help = "a list of {rule: NAME, …}"},
    };
    vdc_code first = vdc_params_read(node, params, 3, &values, NULL, "isolation", diag);
    char buffer[96];
    iso->by_group = values.domain == 1;
    iso->scrub = values.scrub;
    if (iso->scrub > 0 && !(iso->scrubs = vdc_calloc((size_t)iso->datacenter->hosts.count + 1, sizeof *iso->scrubs)))
        return vdc_no_memory(diag, "isolation");
    if (!values.rules) return first;
    if (values.rules->kind != VDC_NODE_SEQUENCE)
        return vdc_fail(diag, VDC_ERROR_INPUT, &values.rules->place, "isolation: rules: found %s; allowed: a list of {rule: NAME, …}",
                        vdc_node_describe(values.rules, buffer, sizeof buffer));
    for (size_t i = 0; i < values.rules->count; i++) {
        vdc_code code = read_rule(iso, values.rules->children[i], diag);
        if (!first) first = code;
    }
    if (!first) first = find_closing(iso, diag);
    if (first) return first;
    const vdc_code disagreeing = disagreements(iso, diag), contradicting = contradictions(iso, diag);
    return disagreeing ? disagreeing : contradicting;
}

/* The units of racks or zones, and where each one ends if hosts of one unit stand together in the order of their units. Numbers may have gaps:
 * a unit without hosts ends where the one before it does. */
static vdc_code find_units(vdc_isolation *iso, int level, const uint32_t *unit_of, uint32_t **kept, vdc_diag *diag) {
    const uint32_t hosts = iso->datacenter->hosts.count;
    uint32_t highest = 0, in_use = 0;
    bool in_order = true;
    iso->units[level] = iso->units_in_use[level] = 1; /* without topology everything is one unit */
    if (!unit_of) return VDC_OK;
    for (uint32_t h = 0; h < hosts; h++) {
        if (unit_of[h] > highest) highest = unit_of[h];
        in_order = in_order && (h == 0 || unit_of[h] >= unit_of[h - 1]);
    }
    uint32_t *ends = vdc_calloc((size_t)highest + 2, sizeof *ends);
    if (!ends) return vdc_no_memory(diag, "isolation");
    for (uint32_t h = 0; h < hosts; h++) {
        in_use += ends[unit_of[h]] == 0;
        ends[unit_of[h]] = h + 1;
    }
    for (uint32_t unit = 1; unit <= highest; unit++)
        if (ends[unit] == 0) ends[unit] = ends[unit - 1];
    iso->units[level] = highest + 1;
    iso->units_in_use[level] = in_use;
    if (in_order) *kept = ends;
    else vdc_free(ends);
    return VDC_OK;
}

vdc_code vdc_isolation_create(vdc_isolation **isolation, vdc_datacenter *dc, vdc_isolation_specs *specs, vdc_names *tenants, vdc_names *groups,
                              const vdc_node *node, vdc_diag *diag) {
    vdc_isolation *iso = vdc_calloc(1, sizeof *iso);
    *isolation = iso;
    if (!iso) return vdc_no_memory(diag, "isolation");
    *iso = (vdc_isolation){.datacenter = dc, .specs = specs, .tenants = tenants, .groups = groups};
    uint32_t hosts = dc->hosts.count;
    size_t classes = dc->hosts.class_count + (size_t)1;
    if (VDC_RESERVE_LINES(iso->hosts, iso->host_capacity, (size_t)hosts + 1)) memset(iso->hosts, 0, iso->host_capacity * sizeof *iso->hosts);
    iso->class_labels = vdc_calloc(classes, sizeof *iso->class_labels);
    iso->class_taints = vdc_calloc(classes, sizeof *iso->class_taints);
    iso->class_ways = vdc_calloc(classes, sizeof *iso->class_ways);
    iso->class_bandwidth = vdc_calloc(classes, sizeof *iso->class_bandwidth);
    iso->class_kinds = vdc_calloc(classes, sizeof *iso->class_kinds);
    iso->memo = vdc_calloc(1, sizeof *iso->memo);
    iso->refused = vdc_calloc(1, sizeof *iso->refused);
    for (int r = VDC_CPU + 1; r < VDC_RESOURCES; r++)
        if (dc->hosts.free[r]) iso->beside_cpu |= 1u << r;
    for (int level = 0; level < VDC_LEVELS; level++) iso->units[level] = iso->units_in_use[level] = hosts;
    vdc_code code = find_units(iso, VDC_LEVEL_RACK, dc->hosts.rack, &iso->unit_end[0], diag);
    if (!code) code = find_units(iso, VDC_LEVEL_ZONE, dc->hosts.zone, &iso->unit_end[1], diag);
    if (code) return code;
    if (!iso->memo || !iso->refused || !iso->class_kinds
        || !iso->hosts || !iso->class_labels || !iso->class_taints || !iso->class_ways || !iso->class_bandwidth)
        return vdc_no_memory(diag, "isolation");
    for (uint16_t k = 0; k < dc->hosts.class_count; k++) {
        const vdc_host_class *class = &dc->hosts.classes[k];
        iso->class_labels[k] = class->labels;
        iso->class_taints[k] = class->taints;
        if (class->taints) iso->has_taints = true;
        iso->class_ways[k] = class->llc_ways;
        iso->class_bandwidth[k] = class->memory_bandwidth;
    }
    iso->pairs = vdc_calloc((size_t)VDC_MATRIX_DOMAINS * VDC_MATRIX_DOMAINS, sizeof *iso->pairs);
    if (dc->hosts.rack) iso->rack_vms = vdc_calloc(iso->units[VDC_LEVEL_RACK] + (size_t)1, sizeof *iso->rack_vms);
    const size_t low = (size_t)iso->units[VDC_LEVEL_RACK] * VDC_LOW_DOMAINS;
    if (dc->hosts.rack && low * sizeof *iso->rack_low <= LOW_BYTES_MOST) iso->rack_low = vdc_calloc(low + 1, sizeof *iso->rack_low); /* else the cost alone */
    if (!iso->pairs || (dc->hosts.rack && !iso->rack_vms)) return vdc_no_memory(diag, "isolation");
    code = vdc_threads_setup(&iso->threads, &dc->hosts, diag);
    return code ? code : read_rules(iso, node, diag);
}

void vdc_isolation_destroy(vdc_isolation *iso) {
    if (!iso) return;
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        vdc_free(rule->tenants.numbers);
        vdc_free(rule->tenants.bits);
        vdc_free(rule->tenants.prefixes);
        vdc_free(rule->groups.numbers);
        vdc_free(rule->groups.bits);
        vdc_free(rule->groups.prefixes);
        vdc_free(rule->vms);
        vdc_free(rule->conflict_class);
        vdc_counts_free(&rule->counts);
        vdc_counts_free(&rule->sets);
        vdc_counts_free(&rule->values);
        vdc_counts_free(&rule->distinct);
        vdc_counts_free(&rule->left_at);
        vdc_counts_free(&rule->holder);
        vdc_free(rule->openings);
        for (uint32_t h = 0; rule->labels_on && h < iso->datacenter->hosts.count; h++) vdc_free(rule->labels_on[h].wishes);
        vdc_free(rule->labels_on);
        for (size_t s = 0; s < rule->spread_count; s++) vdc_free(rule->spreads[s].units_with);
        vdc_free(rule->spreads);
        vdc_isolation_refusals_free(rule);
    }
    for (size_t i = 0; i < iso->vm_capacity; i++) {
        vdc_free(iso->vms[i].met);
        vdc_free(iso->vms[i].uncounted);
    }
    vdc_threads_free(&iso->threads);
    vdc_counts_free(&iso->rack_domains);
    vdc_free(iso->rack_vms);
    vdc_free(iso->rack_low);
    for (uint32_t h = 0; iso->hosts && h < iso->datacenter->hosts.count; h++) {
        vdc_free(iso->hosts[h].counts);
        vdc_free(iso->hosts[h].stays);
        vdc_free(iso->hosts[h].exits);
    }
    vdc_counts_free(&iso->group_members);
    vdc_free(iso->rules);
    vdc_free(iso->unit_end[0]);
    vdc_free(iso->unit_end[1]);
    vdc_free(iso->class_labels);
    vdc_free(iso->class_taints);
    vdc_free(iso->class_ways);
    vdc_free(iso->class_bandwidth);
    vdc_free(iso->class_kinds);
    vdc_free(iso->memo);
    vdc_isolation_refusals_close(iso->refused);
    vdc_free_lines(iso->hosts);
    vdc_free_lines(iso->vms);
    vdc_free_lines(iso->vm_fences);
    vdc_free(iso->pairs);
    vdc_free(iso->attack.targets);
    vdc_free(iso->scrubs);
    vdc_free(iso);
}
