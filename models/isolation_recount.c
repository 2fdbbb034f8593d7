/* How many VMs break a rule, counted anew from where they are: for --check, beside the rules' own counters, with which this shares no code.
 *
 * A rule is turned into rows (key, value, VM), which are sorted: VMs with one key are those that the rule looks at together, and how many
 * different values they have, or how many they are, is what it limits.
 */
#include <stdlib.h>
#include <string.h>

#include "models/isolation_internal.h"

typedef struct row {
    uint64_t key;
    uint32_t value, vm;
    bool selected;     /* the VM counts as one that breaks the rule */
} row;

typedef struct row_list {
    row *items;
    size_t count;
} row_list;

static int in_order(const void *a, const void *b) {
    const row *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->vm > y->vm) - (x->vm < y->vm);
}

static int by_number(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* VMs of rows that have more than `most` different values under one key; scratch holds as many numbers as there are rows. */
static int64_t crowded(row_list *rows, int64_t most, uint32_t *scratch) {
    int64_t breaking = 0;
    qsort(rows->items, rows->count, sizeof *rows->items, in_order);
    for (size_t begin = 0, end; begin < rows->count; begin = end) {
        int64_t values = 0;
        size_t vms = 0;
        for (end = begin; end < rows->count && rows->items[end].key == rows->items[begin].key; end++) {
            values += end == begin || rows->items[end].value != rows->items[end - 1].value;
            if (rows->items[end].selected) scratch[vms++] = rows->items[end].vm;
        }
        if (values <= most) continue;
        /* A VM with two parts here is one. */
        qsort(scratch, vms, sizeof *scratch, by_number);
        for (size_t i = 0; i < vms; i++) breaking += i == 0 || scratch[i] != scratch[i - 1];
    }
    return breaking;
}

/* Of rows (set, unit, VM), VMs in units that have over `skew` more of the set than the emptiest of all `units`. */
static int64_t skewed(row_list *rows, int64_t skew, uint32_t units) {
    int64_t breaking = 0;
    qsort(rows->items, rows->count, sizeof *rows->items, in_order);
    for (size_t begin = 0, end; begin < rows->count; begin = end) {
        int64_t least = INT64_MAX;
        uint32_t in_use = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (size_t unit = end = begin; end < rows->count && rows->items[end].key == rows->items[begin].key; unit = end) {
                for (; end < rows->count && rows->items[end].key == rows->items[unit].key && rows->items[end].value == rows->items[unit].value;) end++;
                int64_t vms = 0;
                for (size_t i = unit; i < end; i++) vms += i == unit || rows->items[i].vm != rows->items[i - 1].vm;
                if (pass == 0) in_use++, least = vms < least ? vms : least;
                else if (vms - least > skew) breaking += vms;
            }
            if (in_use < units) least = 0;
        }
    }
    return breaking;
}

static uint64_t pair(uint32_t high, uint32_t low) { return (uint64_t)high << 32 | low; }

static uint32_t place_of(const vdc_isolation *iso, int level, uint32_t host) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    if (level == VDC_LEVEL_RACK && hosts->rack) return hosts->rack[host];
    if (level == VDC_LEVEL_ZONE && hosts->zone) return hosts->zone[host];
    return level == VDC_LEVEL_HOST || level == VDC_LEVEL_CORE ? host : 0;
}

static bool one_of(const uint32_t *list, size_t count, const char *const *prefixes, size_t prefix_count, const vdc_names *names, uint32_t number) {
    if (count + prefix_count == 0) return true;
    for (size_t i = 0; i < count; i++)
        if (list[i] == number) return true;
    for (size_t i = 0; number && i < prefix_count; i++)
        if (strncmp(vdc_names_text(names, number), prefixes[i], strlen(prefixes[i]) - 1) == 0) return true;
    return false;
}

static bool is_listed_vm(const vdc_rule *rule, int64_t id) {
    for (size_t i = 0; i < rule->vm_count; i++)
        if (rule->vms[i] == id) return true;
    return rule->vm_count == 0;
}

static bool is_selected(const vdc_isolation *iso, const vdc_rule *rule, const vdc_request *request) {
    return one_of(rule->tenants.numbers, rule->tenants.count, (const char *const *)rule->tenants.prefixes, rule->tenants.prefix_count, iso->tenants,
                  request->tenant)
           && one_of(rule->groups.numbers, rule->groups.count, (const char *const *)rule->groups.prefixes, rule->groups.prefix_count, iso->groups,
                     request->group)
           && is_listed_vm(rule, request->id);
}

/* Host by host: labels that may not be side by side. */
static int64_t break_lattice(const vdc_isolation *iso, const vdc_rule *rule) {
    const vdc_datacenter *dc = iso->datacenter;
    int64_t breaking = 0;
    for (uint32_t host = 0; host < dc->hosts.count; host++) {
        int64_t vms = 0;
        bool bad = false;
        for (uint32_t a = dc->hosts.account[host].first_vm; a != VDC_NOWHERE; a = dc->vms[a].next) {
            if (!is_selected(iso, rule, &dc->records[a].request)) continue;
            const vdc_isolation_spec *one = &iso->specs->items[dc->records[a].request.isolation];
            vms++;
            for (uint32_t b = dc->vms[a].next; b != VDC_NOWHERE && !bad; b = dc->vms[b].next) {
                const vdc_isolation_spec *other = &iso->specs->items[dc->records[b].request.isolation];
                if (!is_selected(iso, rule, &dc->records[b].request)) continue;
                bad = llabs(one->level - other->level) > rule->range || ((one->categories & ~other->categories) && (other->categories & ~one->categories));
            }
        }
        if (bad) breaking += vms;
    }
    return breaking;
}

/* Units of the level that have hosts; 0 when memory is out. */
static uint32_t count_units(const vdc_isolation *iso, int level) {
    const uint32_t hosts = iso->datacenter->hosts.count;
    uint32_t *units = vdc_malloc((hosts + (size_t)1) * sizeof *units), different = 0;
    for (uint32_t host = 0; units && host < hosts; host++) units[host] = place_of(iso, level, host);
    if (units) qsort(units, hosts, sizeof *units, by_number);
    for (uint32_t host = 0; units && host < hosts; host++) different += host == 0 || units[host] != units[host - 1];
    vdc_free(units);
    return different;
}

typedef enum question { PER_VM, ROWS, SPREAD, LATTICE, NONE } question;

/* The rows of one VM, or whether it breaks the rule by itself. */
typedef struct answer {
    question question;
    int64_t most;
    bool wrong;
} answer;

static answer ask(const vdc_isolation *iso, const vdc_rule *rule, uint32_t slot, bool selected, row *out, bool *use) {
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    const uint32_t host = dc->vms[slot].host, unit = place_of(iso, rule->level, host), set = rule->of ? request->tenant : request->group;
    const vdc_vm_isolation *vm = &iso->vms[slot];
    const char *name = rule->type->name;
    *out = (row){.vm = vm->whole == VDC_NOWHERE ? slot : vm->whole, .selected = selected};
    *use = selected;
    if (strcmp(name, "anti-affinity") == 0) {
        *use = selected && set;
        out->key = pair(set, unit);
        out->value = out->vm;
        return (answer){ROWS, rule->max, false};
    }
    if (strcmp(name, "affinity") == 0) {
        *use = selected && set && vm->whole == VDC_NOWHERE; /* where it runs; a second part is on its way */
        out->key = set;
        out->value = unit;
        return (answer){ROWS, 1, false};
    }
    if (strcmp(name, "spread") == 0 && rule->mode == 1) {
        *use = selected && set;
        out->key = set;
        out->value = unit;
        return (answer){SPREAD, rule->skew, false};
    }
    if (strcmp(name, "max-vms") == 0) {
        out->key = host;
        out->value = out->vm;
        return (answer){ROWS, rule->max, false};
    }
    if (strcmp(name, "max-tenants") == 0 || (strcmp(name, "dedicated-host") == 0 && rule->mode == 1)) {
        *use = true;
        out->key = host;
        out->value = vm->domain;
        return (answer){ROWS, rule->max, false};
    }
    if (strcmp(name, "tenant-anti-affinity") == 0) {
        const vdc_isolation_spec hard = vdc_isolation_wishes(iso, request); /* what a soft wish gave it does not count */
        const bool alone = rule->level == VDC_LEVEL_CORE
                           && (dc->hosts.classes[dc->hosts.class_of[host]].threads < 2 || hard.threads != VDC_THREADS_SHARED || hard.core_scheduling);
        *use = selected && !alone;
        out->key = unit;
        out->value = request->tenant;
        return (answer){ROWS, 1, false};
    }
    if (strcmp(name, "chinese-wall") == 0) {
        const uint32_t class = request->tenant < rule->conflict_size ? rule->conflict_class[request->tenant] : 0;
        *use = selected && class;
        out->key = pair(class, host);
        out->value = request->tenant;
        return (answer){ROWS, 1, false};
    }
    if (strcmp(name, "parts-apart") == 0) {
        *use = selected && request->group && request->part;
        out->key = pair(request->group, unit);
        out->value = request->part;
        return (answer){ROWS, 1, false};
    }
    *use = false;
    if (rule->mode == 1 && vm->whole == VDC_NOWHERE) { /* soft wishes that its host does not fulfil */
        const bool has_not = (strcmp(name, "core-isolation") == 0 && vm->spec.threads == VDC_THREADS_SHARED)
                             || (strcmp(name, "numa") == 0 && vm->spec.numa_nodes == 0) || (strcmp(name, "llc-ways") == 0 && vm->spec.llc_ways < rule->ways)
                             || (strcmp(name, "memory-bandwidth") == 0 && vm->spec.memory_bandwidth < rule->bandwidth);
        if (has_not) return (answer){PER_VM, 0, selected};
    }
    if (strcmp(name, "fault-domains") == 0) {
        const uint32_t faults = (uint32_t)rule->fault_domains, updates = (uint32_t)rule->update_domains;
        const bool right = request->group == 0 || (place_of(iso, VDC_LEVEL_RACK, host) % faults == request->member % faults
                                                   && host % updates == request->member % updates);
        return (answer){PER_VM, 0, selected && !right};
    }
    if (strcmp(name, "aggregate") == 0)
        return (answer){PER_VM, 0, selected && (rule->labels & ~dc->hosts.classes[dc->hosts.class_of[host]].labels)};
    return (answer){strcmp(name, "label-lattice") == 0 ? LATTICE : NONE, 0, false};
}

int64_t vdc_isolation_recount(const vdc_isolation *iso, const vdc_rule *rule) {
    const vdc_datacenter *dc = iso->datacenter;
    size_t vms = 0;
    for (uint32_t host = 0; host < dc->hosts.count; host++) vms += dc->hosts.vms[host];
    row_list rows = {.items = vdc_malloc((vms + 1) * sizeof *rows.items)};
    uint32_t *scratch = vdc_malloc((vms + 1) * sizeof *scratch);
    int64_t breaking = rows.items && scratch ? 0 : -1;
    answer asked = {NONE, 0, false};
    for (uint32_t host = 0; breaking >= 0 && host < dc->hosts.count; host++)
        for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
            bool use;
            asked = ask(iso, rule, slot, is_selected(iso, rule, &dc->records[slot].request), &rows.items[rows.count], &use);
            rows.count += use;
            breaking += asked.wrong;
        }
    if (breaking >= 0 && asked.question == ROWS) breaking = crowded(&rows, asked.most, scratch);
    if (breaking >= 0 && asked.question == SPREAD) {
        const uint32_t units = count_units(iso, rule->level);
        breaking = units ? skewed(&rows, asked.most, units) : -1;
    }
    if (breaking >= 0 && asked.question == LATTICE) breaking = break_lattice(iso, rule);
    vdc_free(rows.items);
    vdc_free(scratch);
    return breaking;
}
