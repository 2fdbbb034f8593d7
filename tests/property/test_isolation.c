/* Isolation rules against a brute-force checker that shares no code with their counters: it looks at every VM that is placed, each time.
 *
 * Random rule sets, hard and soft, 200 random arrivals, departures and moves each; for every arrival and move each host's verdict and
 * penalty are compared. VDC_TEST_STEPS sets the number of steps in all (default 100 000, 500 rule sets; 20 000 000 for 10^5 rule sets).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/checks.h"
#include "models/isolation.h"
#include "sim/base/random.h"
#include "sim/base/yaml.h"

enum { STEPS = 200, HOSTS = 12, RACKS = 4, ZONES = 2, TENANTS = 5, GROUPS = 4, RULES = 5, ALIVE = 60 };

typedef enum kind {
    ANTI_AFFINITY, AFFINITY, SPREAD, FAULT_DOMAINS, MAX_TENANTS, MAX_VMS, TENANT_ANTI, LATTICE, WALL, PARTS_APART, OWN_CORES, DEDICATED, KINDS
} kind;

/* A rule as the checker knows it. Selections are bit masks of names, 0 = all. */
typedef struct plain_rule {
    kind kind;
    int level, max, skew, faults, updates, range;
    bool of_tenant;
    unsigned tenants, groups;
    int class_of[TENANTS + 1];
    vdc_time scrub;
    int weight;         /* 0 = hard */
    vdc_thread_mode threads;
    int every;          /* it concerns the VMs with ids that are multiples of this, 0 = all */
} plain_rule;

typedef struct plain_vm {
    uint32_t slot;
    int host, tenant, group, member, division, level;
    unsigned categories;
    vdc_thread_mode threads;
    vdc_thread_mode given, given_there; /* by soft rules: on its host, and on the one that it is on its way to */
    int64_t id;
    int vcpus, reserved;
    bool dedicated;
    int other;          /* the host that it is on its way to, -1 = none; and the slot that holds its place there */
    uint32_t part;
    unsigned met;       /* tenants that it was beside, a bit each */
    vdc_time first;     /* when it first was, -1 = never */
} plain_vm;

typedef struct departure {
    int host, tenant;
    vdc_time when;
} departure;

typedef struct plain_world {
    plain_rule rules[RULES];
    int rule_count;
    plain_vm vms[ALIVE];
    int vm_count;
    departure *left;
    int left_count;
    vdc_time now;
} plain_world;

static int unit(int level, int host) { return level == 0 ? host : level == 1 ? host * RACKS / HOSTS : host * RACKS / HOSTS * ZONES / RACKS; }
/* The numbers of racks and zones have gaps, which are no racks or zones. */
static int number_of(int level, int host) { return level == 1 ? (int[]){1, 2, 3, 8}[unit(1, host)] : level == 2 ? 1 + 2 * unit(2, host) : host; }
static bool picked(unsigned mask, int number) { return mask == 0 || (mask >> number & 1); }
static bool selects(const plain_rule *rule, const plain_vm *vm) {
    return picked(rule->tenants, vm->tenant) && picked(rule->groups, vm->group) && (rule->every == 0 || vm->id % rule->every == 0);
}
static int set_of(const plain_rule *rule, const plain_vm *vm) { return rule->of_tenant ? vm->tenant : vm->group; }
static bool is_on(const plain_vm *vm, int host) { return vm->host == host || vm->other == host; }
static bool is_in(const plain_vm *vm, int level, int where) {
    return unit(level, vm->host) == where || (vm->other >= 0 && unit(level, vm->other) == where);
}
static bool is_wholly_in(const plain_vm *vm, int level, int where) {
    return unit(level, vm->host) == where && (vm->other < 0 || unit(level, vm->other) == where);
}

static int members(const plain_world *world, const plain_rule *rule, int set, int level, int where) {
    int count = 0;
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *vm = &world->vms[i];
        if (selects(rule, vm) && set_of(rule, vm) == set && is_in(vm, level, where)) count++;
    }
    return count;
}

static bool all_are_in(const plain_world *world, const plain_rule *rule, int set, int level, int where) {
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *vm = &world->vms[i];
        if (selects(rule, vm) && set_of(rule, vm) == set && !is_wholly_in(vm, level, where)) return false;
    }
    return true;
}

static bool tenant_on_host(const plain_world *world, int tenant, int host) {
    for (int i = 0; i < world->vm_count; i++)
        if (is_on(&world->vms[i], host) && world->vms[i].tenant == tenant) return true;
    return false;
}

static bool spread_allows(const plain_world *world, const plain_rule *rule, const plain_vm *vm, int host) {
    int units = rule->level == 0 ? HOSTS : rule->level == 1 ? RACKS : ZONES, least = 1 << 30;
    for (int u = 0; u < units; u++) {
        int count = members(world, rule, set_of(rule, vm), rule->level, u);
        if (count < least) least = count;
    }
    return members(world, rule, set_of(rule, vm), rule->level, unit(rule->level, host)) + 1 - least <= rule->skew;
}

static bool lattice_allows(const plain_world *world, const plain_rule *rule, const plain_vm *vm, int host) {
    int low = vm->level, high = vm->level;
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *other = &world->vms[i];
        if (!is_on(other, host) || !selects(rule, other)) continue;
        unsigned both = other->categories & vm->categories;
        if (both != other->categories && both != vm->categories) return false;
        low = other->level < low ? other->level : low;
        high = other->level > high ? other->level : high;
    }
    return high - low <= rule->range;
}

static bool wall_allows(const plain_world *world, const plain_rule *rule, const plain_vm *vm, int host) {
    int class = rule->class_of[vm->tenant];
    if (!class) return true;
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *other = &world->vms[i];
        if (is_on(other, host) && selects(rule, other) && other->tenant != vm->tenant && rule->class_of[other->tenant] == class) return false;
    }
    /* Only the last one of the class to leave an idle host is remembered. */
    for (int i = world->left_count - 1; i >= 0; i--) {
        const departure *gone = &world->left[i];
        if (gone->host != host || rule->class_of[gone->tenant] != class || !picked(rule->tenants, gone->tenant)) continue;
        return gone->tenant == vm->tenant || tenant_on_host(world, vm->tenant, host) || world->now - gone->when >= rule->scrub;
    }
    return true;
}

/* Also VMs that the rule does not name may not bring one more tenant to a host of those that it does. */
static bool max_tenants_allows(const plain_world *world, const plain_rule *rule, const plain_vm *vm, int host) {
    bool concerned = selects(rule, vm);
    int tenants = 0;
    for (int i = 0; i < world->vm_count; i++) concerned = concerned || (is_on(&world->vms[i], host) && selects(rule, &world->vms[i]));
    for (int t = 0; t <= TENANTS; t++) tenants += t == vm->tenant || tenant_on_host(world, t, host);
    return !concerned || tenants <= rule->max;
}

static vdc_thread_mode threads_of(const plain_world *world, const plain_vm *vm) {
    for (int i = 0; i < world->rule_count && vm->threads == VDC_THREADS_SHARED; i++)
        if (world->rules[i].kind == OWN_CORES && !world->rules[i].weight && selects(&world->rules[i], vm)) return world->rules[i].threads;
    return vm->threads;
}

/* With what soft rules gave it where it is. */
static vdc_thread_mode threads_on(const plain_world *world, const plain_vm *vm, int host) {
    const vdc_thread_mode hard = threads_of(world, vm);
    return hard ? hard : host == vm->other ? vm->given_there : vm->given;
}

/* At the level of cores only VMs that float over them meet. */
static bool tenants_apart(const plain_world *world, const plain_rule *rule, const plain_vm *vm, int host) {
    const int level = rule->level == 3 ? 0 : rule->level;
    if (rule->level == 3 && threads_of(world, vm)) return true;
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *other = &world->vms[i];
        if (rule->level == 3 && threads_of(world, other)) continue;
        if (is_in(other, level, unit(level, host)) && selects(rule, other) && other->tenant != vm->tenant) return false;
    }
    return true;
}

static bool divisions_apart(const plain_world *world, const plain_rule *rule, const plain_vm *vm, int host) {
    for (int i = 0; i < world->vm_count && vm->group && vm->division; i++) {
        const plain_vm *other = &world->vms[i];
        if (selects(rule, other) && other->group == vm->group && other->division && other->division != vm->division
            && is_in(other, rule->level, unit(rule->level, host))) return false;
    }
    return true;
}

static bool gets_cores(const plain_world *world, vdc_thread_mode threads, const plain_vm *vm, int host);

static bool rule_allows(const plain_world *world, const plain_rule *rule, const plain_vm *vm, int host) {
    if (rule->kind == MAX_TENANTS || (rule->kind == DEDICATED && rule->weight)) return max_tenants_allows(world, rule, vm, host);
    if (!selects(rule, vm)) return true;
    switch (rule->kind) {
    case ANTI_AFFINITY: return set_of(rule, vm) == 0 || members(world, rule, set_of(rule, vm), rule->level, unit(rule->level, host)) < rule->max;
    case AFFINITY:
        return set_of(rule, vm) == 0
               || all_are_in(world, rule, set_of(rule, vm), rule->level, unit(rule->level, host));
    case SPREAD: return set_of(rule, vm) == 0 || spread_allows(world, rule, vm, host);
    case FAULT_DOMAINS:
        return vm->group == 0 || (number_of(1, host) % rule->faults == vm->member % rule->faults && host % rule->updates == vm->member % rule->updates);
    case MAX_VMS: {
        int count = 0;
        for (int i = 0; i < world->vm_count; i++) count += is_on(&world->vms[i], host) && selects(rule, &world->vms[i]);
        return count < rule->max;
    }
    case TENANT_ANTI: return tenants_apart(world, rule, vm, host);
    case PARTS_APART: return divisions_apart(world, rule, vm, host);
    case LATTICE: return lattice_allows(world, rule, vm, host);
    case WALL: return wall_allows(world, rule, vm, host);
    case OWN_CORES: return !rule->weight || threads_of(world, vm) || gets_cores(world, rule->threads, vm, host);
    default: return true;
    }
}

static bool is_dedicated(const plain_world *world, const plain_vm *vm) {
    bool dedicated = vm->dedicated;
    for (int i = 0; i < world->rule_count; i++)
        dedicated = dedicated || (world->rules[i].kind == DEDICATED && !world->rules[i].weight && selects(&world->rules[i], vm));
    return dedicated;
}

/* Hosts have 8 cores of 2 threads and an overcommit of 2; a VM that owns threads takes them from what can be promised. Pinned VMs have
 * even sizes here, so that no core is broken and which cores are left does not depend on history. */
static int fenced(const plain_vm *vm, vdc_thread_mode threads) {
    switch (threads) {
    case VDC_THREADS_PIN: return vm->vcpus;
    case VDC_CORES_PREFER: return (vm->vcpus + 1) / 2 * 2;
    case VDC_CORES_ISOLATE: return vm->vcpus * 2;
    default: return 0;
    }
}

static bool threads_allow(const plain_world *world, const plain_vm *vm, int host, vdc_thread_mode threads) {
    int owned = 0, floating = 0, reserved = 0;
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *other = &world->vms[i];
        if (!is_on(other, host)) continue;
        owned += fenced(other, threads_on(world, other, host));
        if (threads_on(world, other, host) == VDC_THREADS_SHARED) floating += other->vcpus, reserved += other->reserved;
    }
    int need = fenced(vm, threads);
    if (owned + need > 16) return false;
    const int also = need ? 0 : vm->reserved;
    if ((need || also) && owned + need + reserved + also > 16) return false;
    return 2 * (16 - owned - need) >= floating + (need ? 0 : vm->vcpus);
}

static bool others_allow(const plain_world *world, const plain_vm *vm, int host) {
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *other = &world->vms[i];
        if (is_on(other, host) && other->tenant != vm->tenant && (is_dedicated(world, vm) || is_dedicated(world, other))) return false;
    }
    return true;
}

static bool gets_cores(const plain_world *world, vdc_thread_mode threads, const plain_vm *vm, int host) {
    return others_allow(world, vm, host) && threads_allow(world, vm, host, threads);
}

/* The first soft rule whose cores the host has gives them. */
static vdc_thread_mode given_on(const plain_world *world, const plain_vm *vm, int host) {
    for (int i = 0; i < world->rule_count && !threads_of(world, vm); i++) {
        const plain_rule *rule = &world->rules[i];
        if (rule->kind == OWN_CORES && rule->weight && selects(rule, vm) && threads_allow(world, vm, host, rule->threads)) return rule->threads;
    }
    return VDC_THREADS_SHARED;
}

static bool brute_force(const plain_world *world, const plain_vm *vm, int host) {
    if (!others_allow(world, vm, host) || !threads_allow(world, vm, host, threads_of(world, vm))) return false;
    for (int i = 0; i < world->rule_count; i++)
        if (!world->rules[i].weight && !rule_allows(world, &world->rules[i], vm, host)) return false;
    return true;
}

static int64_t penalty(const plain_world *world, const plain_vm *vm, int host) {
    int64_t sum = 0;
    for (int i = 0; i < world->rule_count; i++)
        if (!rule_allows(world, &world->rules[i], vm, host)) sum += world->rules[i].weight;
    return sum;
}

/* ---- random rules, for the checker and as YAML ---- */

static void names(char *text, const char *key, unsigned mask, char letter, int count) { /* with or without a star: one name or those that begin so */
    if (!mask) return;
    sprintf(text + strlen(text), ", %s: [", key);
    for (int i = 1, first = 1; i <= count; i++)
        if (mask >> i & 1) sprintf(text + strlen(text), "%s%c%d%s", first ? "" : ", ", letter, i, mask >> 1 & 1 ? "*" : ""), first = 0;
    strcat(text, "]");
}

static void random_rule(vdc_stream *stream, plain_rule *rule, char *text) {
    static const char *const levels[] = {"host", "rack", "zone"};
#define DRAW(n) ((int)vdc_stream_below(stream, (uint64_t)(n)))
    *rule = (plain_rule){.kind = (kind)DRAW(KINDS), .level = DRAW(3), .max = 1 + DRAW(4), .skew = 1 + DRAW(2), .faults = 1 + DRAW(RACKS),
                         .updates = 1 + DRAW(3), .range = DRAW(3), .of_tenant = DRAW(2), .scrub = DRAW(3) * 20};
    if (DRAW(2)) rule->tenants = (unsigned)(DRAW(1 << TENANTS) << 1);
    if (DRAW(3) == 0) rule->groups = (unsigned)(DRAW(1 << GROUPS) << 1);
    const char *of = rule->of_tenant ? "tenant" : "group", *level = levels[rule->level];
    switch (rule->kind) {
    case ANTI_AFFINITY: sprintf(text, "{rule: anti-affinity, level: %s, of: %s, max: %d", level, of, rule->max); break;
    case AFFINITY: sprintf(text, "{rule: affinity, level: %s, of: %s", level, of); break;
    case SPREAD: sprintf(text, "{rule: spread, level: %s, of: %s, skew: %d", level, of, rule->skew); break;
    case FAULT_DOMAINS: sprintf(text, "{rule: fault-domains, fault_domains: %d, update_domains: %d", rule->faults, rule->updates); break;
    case MAX_TENANTS: sprintf(text, "{rule: max-tenants, max: %d", rule->max); break;
    case MAX_VMS: sprintf(text, "{rule: max-vms, max: %d", rule->max + 2); rule->max += 2; break;
    case TENANT_ANTI:
        if (DRAW(4) == 0) rule->level = 3, level = "core";
        sprintf(text, "{rule: tenant-anti-affinity, level: %s", level);
        rule->tenants |= 6;
        break;
    case PARTS_APART: sprintf(text, "{rule: parts-apart, level: %s", level); break;
    case OWN_CORES:
        rule->threads = DRAW(2) ? VDC_CORES_PREFER : VDC_CORES_ISOLATE;
        sprintf(text, "{rule: core-isolation, threads: %s", rule->threads == VDC_CORES_PREFER ? "prefer" : "isolate");
        rule->tenants |= 1u << (1 + DRAW(TENANTS));
        break;
    case LATTICE: sprintf(text, "{rule: label-lattice, range: %d", rule->range); break;
    case WALL:
        sprintf(text, "{rule: chinese-wall, scrub: %ldns, classes: {a: [t1, t2], b: [t3, t4]}", (long)rule->scrub);
        rule->class_of[1] = rule->class_of[2] = 1;
        rule->class_of[3] = rule->class_of[4] = 2;
        rule->groups = 0; /* so that a departure is known by its tenant */
        break;
    default: sprintf(text, "{rule: dedicated-host"); rule->max = 1; rule->tenants |= 1u << (1 + DRAW(TENANTS)); break;
    }
    names(text, "tenants", rule->tenants, 't', TENANTS);
    names(text, "groups", rule->groups, 'g', GROUPS);
    if (rule->kind != WALL && DRAW(8) == 0) {
        rule->every = 2 + DRAW(3);
        strcat(text, ", vms: [");
        for (int id = 0; id < STEPS; id += rule->every) sprintf(text + strlen(text), "%s%d", id ? ", " : "", id);
        strcat(text, "]");
    }
    if (DRAW(4) == 0) {
        rule->weight = 1 + DRAW(9);
        sprintf(text + strlen(text), ", mode: soft, weight: %d", rule->weight);
    }
    strcat(text, "}");
}

static void join_rules(int count, char texts[RULES][2048], int without, char *text) {
    strcpy(text, "{rules: [");
    for (int i = 0, written = 0; i < count; i++)
        if (i != without) sprintf(text + strlen(text), "%s%s", written++ ? ", " : "", texts[i]);
    strcat(text, "]}");
}

/* Affinity and what tears sets apart are refused as a contradiction where they overlap: such sets are drawn again. */
static void random_rules(vdc_stream *stream, plain_world *world, char texts[RULES][2048]) {
    bool together, apart;
    do {
        together = apart = false;
        vdc_thread_mode owned = VDC_THREADS_SHARED;
        world->rule_count = DRAW(RULES + 1);
        for (int i = 0; i < world->rule_count; i++) {
            random_rule(stream, &world->rules[i], texts[i]);
            together = together || world->rules[i].kind == AFFINITY;
            apart = apart || world->rules[i].kind == ANTI_AFFINITY || world->rules[i].kind == SPREAD || world->rules[i].kind == FAULT_DOMAINS;
            if (world->rules[i].kind == OWN_CORES && !world->rules[i].weight) {
                together = together || (owned && owned != world->rules[i].threads), apart = apart || together;
                owned = world->rules[i].threads;
            }
        }
    } while (together && apart);
}

/* ---- the datacenter ---- */

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static void open_datacenter(vdc_datacenter *dc) {
    memset(dc, 0, sizeof *dc);
    vdc_host_class *class = vdc_calloc(1, sizeof *class);
    uint16_t *class_of = vdc_calloc(HOSTS, sizeof *class_of);
    *class = (vdc_host_class){.name = vdc_strdup("h"), .count = HOSTS, .sockets = 1, .cores = 8, .threads = 2, .numa = 1, .speed = 1000000000,
                              .cpu_hz = 16000000000, .overcommit_num = 2, .overcommit_den = 1};
    class->physical[VDC_CPU] = 16000;
    class->capacity[VDC_CPU] = 32000;
    class->physical[VDC_MEMORY] = class->capacity[VDC_MEMORY] = INT64_C(1) << 40;
    cr_assert_eq(vdc_hosts_create(&dc->hosts, class, 1, class_of, HOSTS, 1u << VDC_CPU | 1u << VDC_MEMORY, false, NULL), VDC_OK);
    dc->hosts.rack = vdc_calloc(HOSTS, sizeof *dc->hosts.rack);
    dc->hosts.zone = vdc_calloc(HOSTS, sizeof *dc->hosts.zone);
    for (int h = 0; h < HOSTS; h++) dc->hosts.rack[h] = (uint32_t)number_of(1, h), dc->hosts.zone[h] = (uint32_t)number_of(2, h);
    cr_assert_eq(vdc_queue_create(&dc->queue, NULL, NULL), VDC_OK);
    dc->sharing = (vdc_cpu_sharing){.fluid = true, .share = share, .scratch_size = vdc_cpu_share_scratch};
    dc->track_vms = dc->checking = true;
}

typedef struct fixture {
    vdc_datacenter dc;
    vdc_isolation *iso;
    vdc_isolation_specs specs;
    vdc_names *tenants, *groups;
    vdc_arena arena;
} fixture;

static void open_fixture(fixture *f, const char *text) {
    vdc_diag diag = {0};
    const vdc_node *node;
    open_datacenter(&f->dc);
    cr_assert_eq(vdc_names_create(&f->tenants, NULL), VDC_OK);
    cr_assert_eq(vdc_names_create(&f->groups, NULL), VDC_OK);
    cr_assert_eq(vdc_isolation_specs_create(&f->specs, NULL), VDC_OK);
    uint32_t number;
    for (int i = 1; i <= TENANTS; i++) {
        char name[3] = {'t', (char)('0' + i), 0};
        vdc_names_intern(f->tenants, name, 2, &number);
    }
    for (int i = 1; i <= GROUPS; i++) {
        char name[3] = {'g', (char)('0' + i), 0};
        vdc_names_intern(f->groups, name, 2, &number);
    }
    f->arena = (vdc_arena){0};
    cr_assert_eq(vdc_yaml_parse(text, strlen(text), "rules", &f->arena, &node, &diag), VDC_OK, "%s", text);
    vdc_code code = vdc_isolation_create(&f->iso, &f->dc, &f->specs, f->tenants, f->groups, node, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", text, diag.count ? diag.messages[0].text : "");
    f->dc.isolation = f->iso;
    cr_assert_eq(vdc_datacenter_setup(&f->dc, NULL), VDC_OK);
}

static void close_fixture(fixture *f) {
    vdc_queue *queue = f->dc.queue;
    vdc_isolation_destroy(f->iso);
    vdc_datacenter_destroy(&f->dc);
    vdc_queue_destroy(queue);
    vdc_isolation_specs_destroy(&f->specs);
    vdc_names_destroy(f->tenants);
    vdc_names_destroy(f->groups);
    vdc_arena_free(&f->arena);
}

static plain_vm draw_vm(vdc_stream *stream) {
    plain_vm drawn, *vm = &drawn;
    *vm = (plain_vm){.tenant = 1 + DRAW(TENANTS), .group = DRAW(GROUPS + 1), .division = DRAW(4), .vcpus = 1 + DRAW(4), .level = DRAW(3),
                     .categories = (unsigned)DRAW(4), .dedicated = DRAW(20) == 0, .other = -1, .first = -1,
                     .threads = DRAW(3) == 0 ? (vdc_thread_mode)(1 + DRAW(3)) : VDC_THREADS_SHARED};
    if (vm->threads == VDC_THREADS_PIN) vm->vcpus += vm->vcpus % 2;
    if (DRAW(4) == 0) vm->reserved = 1 + DRAW(vm->vcpus);
    return drawn;
}

/* Its wishes are an entry of the fixture's table. */
static vdc_request request_of(fixture *f, const plain_vm *vm, int64_t number) {
    static const char *const modes[] = {"", "pin: true", "core_isolate: prefer", "core_isolate: isolate"};
    char text[256];
    sprintf(text, "{label: {level: %d, categories: [%s%s%s]}, dedicated_host: %s%s%s}", vm->level, vm->categories & 1 ? "x" : "",
            vm->categories == 3 ? ", " : "", vm->categories & 2 ? "y" : "", vm->dedicated ? "true" : "false", vm->threads ? ", " : "",
            modes[vm->threads]);
    const vdc_node *node;
    vdc_request request = {.number = number, .id = number, .lifetime = VDC_UNLIMITED, .cpu_weight = VDC_UNLIMITED, .cpu_limit = VDC_UNLIMITED,
                           .predicted_lifetime = VDC_UNLIMITED, .tenant = (uint32_t)vm->tenant, .group = (uint32_t)vm->group,
                           .part = (uint32_t)vm->division};
    request.size[VDC_CPU] = vm->vcpus * 1000;
    request.size[VDC_MEMORY] = 1 << 20;
    request.cpu_reservation = vm->reserved * INT64_C(1000000000);
    cr_assert_eq(vdc_yaml_parse(text, strlen(text), "vm", &f->arena, &node, NULL), VDC_OK, "%s", text);
    cr_assert_eq(vdc_isolation_spec_read(&f->specs, node, &request.isolation, NULL), VDC_OK, "%s", text);
    return request;
}

/* The name x always gets bit 0 and y bit 1, whatever is used first. */
static void fix_categories(fixture *f) {
    uint32_t number;
    vdc_names_intern(f->specs.categories, "x", 1, &number);
    vdc_names_intern(f->specs.categories, "y", 1, &number);
}

typedef struct lives {
    vdc_stream *stream;
    fixture f;
    plain_world *world;
    char text[16384];   /* the rules */
    int members_of[GROUPS + 1];
    uint64_t compared;  /* verdicts */
} lives;

/* Every host's verdict on the VM by the counters and by the checker; a host that allows it, -1 = none does. */
static int compare(lives *life, const plain_vm *vm, const vdc_request *request, const char *what) {
    vdc_stream *stream = life->stream;
    int chosen = -1, seen = 0;
    vdc_refusals refusals; /* what is known in bits, of all sets at once: some come to be known while a VM is set aside */
    vdc_isolation_refusals(life->f.iso, request, false, DRAW(3) ? 0 : HOSTS, &refusals);
    for (int host = 0; host < HOSTS; host++) {
        bool verdict = vdc_host_fits(&life->f.dc.hosts, (uint32_t)host, request) && vdc_isolation_allows(life->f.iso, (uint32_t)host, request);
        bool plain = brute_force(life->world, vm, host);
        cr_assert_eq(verdict, plain, "%s: %s of VM %d (tenant %d, group %d, member %d, threads %d) on host %d: counters say %d, recount says %d",
                     life->text, what, (int)request->id, vm->tenant, vm->group, vm->member, vm->threads, host, verdict, plain);
        cr_assert_eq(vdc_isolation_penalty(life->f.iso, (uint32_t)host, request), penalty(life->world, vm, host), "%s: %s of VM %d on host %d",
                     life->text, what, (int)request->id, host);
        cr_assert(!plain || vdc_refused_until(&refusals, (uint32_t)host) == (uint32_t)host, "%s: %s of VM %d: the bits refuse host %d", life->text,
                  what, (int)request->id, host);
        cr_assert(!plain || !vdc_host_is_closed(&life->f.dc.hosts, (uint32_t)host), "%s: %s of VM %d: host %d is closed", life->text, what,
                  (int)request->id, host);
        life->compared++;
        if (plain && DRAW(++seen) == 0) chosen = host;
    }
    return chosen;
}

static void note_met(plain_world *world, plain_vm *vm, int tenant) {
    if (vm->tenant == tenant) return;
    vm->met |= 1u << tenant;
    if (vm->first < 0) vm->first = world->now;
}

/* The VM has come to the host. */
static void meet(plain_world *world, plain_vm *vm, int host) {
    for (int i = 0; i < world->vm_count; i++) {
        plain_vm *other = &world->vms[i];
        if (other == vm || !is_on(other, host)) continue;
        note_met(world, vm, other->tenant);
        note_met(world, other, vm->tenant);
    }
}

static bool contradicts_a_rule(const plain_world *world, const plain_vm *vm) {
    for (int i = 0; i < world->rule_count; i++) {
        const plain_rule *rule = &world->rules[i];
        if (rule->kind == OWN_CORES && !rule->weight && selects(rule, vm) && vm->threads && vm->threads != rule->threads) return true;
    }
    return false;
}

/* Several rules on fault domains may leave no host for a member. */
static bool has_no_domain(const plain_world *world, const plain_vm *vm) {
    for (int host = 0; host < HOSTS; host++) {
        bool allowed = true;
        for (int i = 0; i < world->rule_count; i++) {
            const plain_rule *rule = &world->rules[i];
            if (rule->kind == FAULT_DOMAINS && !rule->weight) allowed = allowed && rule_allows(world, rule, vm, host);
        }
        if (allowed) return false;
    }
    return true;
}

static void arrival(lives *life, int64_t number) {
    fixture *f = &life->f;
    plain_vm vm = draw_vm(life->stream);
    vdc_request request = request_of(f, &vm, number);
    vm.id = number;
    uint32_t slot = vdc_vm_create(&f->dc, &request);
    vm.member = vm.group ? life->members_of[vm.group]++ : 0;
    cr_assert(vdc_isolation_arrive(f->iso, slot));
    char why[160];
    /* It wants other threads than a rule gives it, or rules want it in different places. */
    if (vdc_isolation_impossible(f->iso, &f->dc.records[slot].request, why, sizeof why)) {
        const bool contradict = strstr(why, "contradict each other") && contradicts_a_rule(life->world, &vm);
        cr_assert(contradict || (strstr(why, "leave no host") && has_no_domain(life->world, &vm)), "%s: %s", life->text, why);
        vdc_isolation_leave(f->iso, slot);
        vdc_vm_destroy(&f->dc, slot);
        return;
    }
    cr_assert(!contradicts_a_rule(life->world, &vm) && !has_no_domain(life->world, &vm), "%s", life->text);
    vm.slot = slot;
    int chosen = compare(life, &vm, &f->dc.records[slot].request, "arrival");
    if (chosen < 0) {
        vdc_isolation_leave(f->iso, slot);
        vdc_vm_destroy(&f->dc, slot);
        return;
    }
    cr_assert_eq(vdc_datacenter_place(&f->dc, slot, (uint32_t)chosen, 0, 0), VDC_OK);
    vdc_progress_begin(&f->dc, slot);
    vm.host = chosen;
    vm.given = given_on(life->world, &vm, chosen);
    life->world->vms[life->world->vm_count++] = vm;
    meet(life->world, &life->world->vms[life->world->vm_count - 1], chosen);
}

static void left(plain_world *world, int host, int tenant) { world->left[world->left_count++] = (departure){host, tenant, world->now}; }

/* Gives up the place that the VM holds on another host. */
static void drop_part(lives *life, plain_vm *vm) {
    if (vm->other < 0) return;
    vdc_datacenter_remove(&life->f.dc, vm->part);
    vdc_isolation_leave_part(life->f.iso, vm->part);
    vdc_vm_destroy(&life->f.dc, vm->part);
    left(life->world, vm->other, vm->tenant);
    vm->other = -1;
}

static void depart(lives *life, int i) {
    vdc_stream *stream = life->stream;
    fixture *f = &life->f;
    plain_vm *vm = &life->world->vms[i];
    drop_part(life, vm);
    if (DRAW(2)) /* asked while it is there, or after it left */
        cr_assert_eq(vdc_isolation_domains_met(f->iso, vm->slot), __builtin_popcount(vm->met), "%s", life->text);
    vdc_progress_stop(&f->dc, vm->slot);
    vdc_datacenter_remove(&f->dc, vm->slot);
    cr_assert_eq(vdc_isolation_domains_met(f->iso, vm->slot), __builtin_popcount(vm->met), "%s: a VM of tenant %d has met %#x", life->text, vm->tenant,
                 vm->met);
    cr_assert_eq(f->iso->vms[vm->slot].first_meeting, vm->first, "%s", life->text);
    left(life->world, vm->host, vm->tenant);
    vdc_isolation_leave(f->iso, vm->slot);
    vdc_vm_destroy(&f->dc, vm->slot);
    life->world->vms[i] = life->world->vms[--life->world->vm_count];
}

/* Where could it go, or grow, being on a host already? Then it may take a place on another host, or change over to it. */
static void move(lives *life, int i) {
    fixture *f = &life->f;
    vdc_stream *stream = life->stream;
    plain_world *world = life->world;
    plain_vm vm = world->vms[i], others = world->vms[world->vm_count - 1];
    if (vm.other >= 0) {
        int to = vm.other;
        drop_part(life, &world->vms[i]);
        if (DRAW(2)) return;
        vdc_progress_stop(&f->dc, vm.slot);
        vdc_datacenter_remove(&f->dc, vm.slot);
        left(world, vm.host, vm.tenant);
        cr_assert_eq(vdc_datacenter_place(&f->dc, vm.slot, (uint32_t)to, 0, 0), VDC_OK);
        vdc_progress_begin(&f->dc, vm.slot);
        world->vms[i].given = given_on(world, &world->vms[i], to);
        world->vms[i].host = to;
        meet(world, &world->vms[i], to);
        return;
    }
    vdc_vm_record *record = &f->dc.records[vm.slot];
    vdc_request resized = record->request;
    plain_vm grown = vm;
    grown.given = VDC_THREADS_SHARED;
    if (DRAW(2)) grown.vcpus = grown.threads == VDC_THREADS_PIN ? 2 + 2 * DRAW(3) : 1 + DRAW(6);
    resized.size[VDC_CPU] = grown.vcpus * 1000;
    if (grown.reserved > grown.vcpus) grown.reserved = grown.vcpus;
    world->vms[i] = others; /* it counts nowhere, for the checker too */
    world->vm_count--;
    vdc_isolation_set_aside(f->iso, vm.slot);
    vdc_host_give(&f->dc.hosts, (uint32_t)vm.host, &record->request, 0, 0);
    left(world, vm.host, vm.tenant); /* of its own host it was the last tenant */
    int to = compare(life, &grown, &resized, "move");
    world->left_count--;
    vdc_host_take(&f->dc.hosts, (uint32_t)vm.host, &record->request, 0, 0);
    vdc_isolation_put_back(f->iso, vm.slot);
    world->vm_count++;
    world->vms[world->vm_count - 1] = others;
    world->vms[i] = vm;
    if (to < 0 || to == vm.host || grown.vcpus != vm.vcpus) return;
    uint32_t part = vdc_vm_create(&f->dc, &record->request);
    f->dc.records[part].request.number = 1000000 + (int64_t)part;
    cr_assert(vdc_isolation_arrive_part(f->iso, part, vm.slot));
    cr_assert_eq(vdc_datacenter_place(&f->dc, part, (uint32_t)to, 0, 0), VDC_OK);
    world->vms[i].given_there = given_on(world, &world->vms[i], to);
    world->vms[i].other = to;
    world->vms[i].part = part;
    meet(world, &world->vms[i], to);
}

/* One rule set: arrivals, departures and moves; returns how many verdicts were compared. */
static uint64_t live(vdc_stream *stream, int steps) {
    static plain_world world;
    lives life = {.stream = stream, .world = &world};
    vdc_checks checks;
    memset(&world, 0, sizeof world);
    world.left = malloc(3 * (size_t)steps * sizeof *world.left);
    char texts[RULES][2048];
    random_rules(stream, &world, texts);
    join_rules(world.rule_count, texts, -1, life.text);
    open_fixture(&life.f, life.text);
    fix_categories(&life.f);
    vdc_checks_setup(&checks);
    for (int step = 0; step < steps; step++) {
        world.now = life.f.dc.now += DRAW(15);
        if (world.vm_count < ALIVE && DRAW(3)) arrival(&life, step);
        else if (world.vm_count && DRAW(2)) depart(&life, DRAW(world.vm_count));
        else if (world.vm_count) move(&life, DRAW(world.vm_count));
        cr_assert_eq(vdc_datacenter_settle(&life.f.dc, NULL), VDC_OK);
        vdc_checks_event(&checks, &life.f.dc);
        if (step % 20 == 0) vdc_isolation_check(life.f.iso, &checks);
    }
    for (int i = 0; i < VDC_INVARIANTS; i++)
        cr_assert_eq(checks.items[i].residual, 0, "%s: %s: residual %g", life.text, checks.items[i].name, checks.items[i].residual);
    close_fixture(&life.f);
    free(world.left);
    return life.compared;
}

Test(isolation, counters_agree_with_brute_force_on_random_rules) {
    const char *wanted = getenv("VDC_TEST_STEPS");
    int64_t steps = wanted ? atoll(wanted) : 100000;
    vdc_stream stream;
    vdc_stream_open(&stream, 11, "test.isolation", 0);
    uint64_t compared = 0;
    for (int64_t done = 0; done < steps; done += STEPS) compared += live(&stream, STEPS);
    cr_log_info("%lu verdicts compared", (unsigned long)compared);
    cr_assert_gt(compared, (uint64_t)steps);
}

/* ---- I23: without a constraint more hosts are feasible, or as many ---- */

typedef struct twin {
    fixture with, without;
    uint32_t slots[2][ALIVE];
    int count;
} twin;

/* A VM comes to the host, or is done with when that is -1. */
static void settle_vm(fixture *f, uint32_t slot, int host, uint32_t *kept) {
    *kept = slot;
    if (host < 0) {
        vdc_isolation_leave(f->iso, slot);
        vdc_vm_destroy(&f->dc, slot);
        return;
    }
    cr_assert_eq(vdc_datacenter_place(&f->dc, slot, (uint32_t)host, 0, 0), VDC_OK);
    vdc_progress_begin(&f->dc, slot);
    cr_assert_eq(vdc_datacenter_settle(&f->dc, NULL), VDC_OK);
}

static void remove_vm(fixture *f, uint32_t slot) {
    vdc_progress_stop(&f->dc, slot);
    vdc_datacenter_remove(&f->dc, slot);
    cr_assert_eq(vdc_datacenter_settle(&f->dc, NULL), VDC_OK);
    vdc_isolation_leave(f->iso, slot);
    vdc_vm_destroy(&f->dc, slot);
}

static bool feasible(fixture *f, uint32_t slot, int host) {
    const vdc_request *request = &f->dc.records[slot].request;
    char why[160];
    return vdc_host_fits(&f->dc.hosts, (uint32_t)host, request) && vdc_isolation_allows(f->iso, (uint32_t)host, request)
           && !vdc_isolation_impossible(f->iso, request, why, sizeof why);
}

/* One VM arrives at both; it comes to a host that is feasible with all rules. Returns how many more hosts are feasible without the one. */
static int arrive_at_both(twin *both, vdc_stream *stream, int64_t number, const char *text) {
    const plain_vm vm = draw_vm(stream);
    const vdc_request requests[] = {request_of(&both->with, &vm, number), request_of(&both->without, &vm, number)};
    const uint32_t with = vdc_vm_create(&both->with.dc, &requests[0]), without = vdc_vm_create(&both->without.dc, &requests[1]);
    cr_assert(vdc_isolation_arrive(both->with.iso, with) && vdc_isolation_arrive(both->without.iso, without));
    int more = 0, chosen = -1, seen = 0;
    for (int host = 0; host < HOSTS; host++) {
        const bool here = feasible(&both->with, with, host), also = feasible(&both->without, without, host);
        cr_assert(also || !here, "%s: host %d is feasible for VM %d (tenant %d, group %d) with all rules and not without one of them", text, host, (int)number,
                  vm.tenant, vm.group);
        more += also && !here;
        if (here && DRAW(++seen) == 0) chosen = host;
    }
    settle_vm(&both->with, with, chosen, &both->slots[0][both->count]);
    settle_vm(&both->without, without, chosen, &both->slots[1][both->count]);
    both->count += chosen >= 0;
    return more;
}

/* Own cores keep tenants apart on cores: without the rule that gives them the other one has more to forbid. */
static bool keeps_another(const plain_world *world, int dropped) {
    bool on_cores = false;
    for (int i = 0; i < world->rule_count; i++) on_cores = on_cores || (world->rules[i].kind == TENANT_ANTI && world->rules[i].level == 3);
    return on_cores && world->rules[dropped].kind == OWN_CORES;
}

Test(isolation, without_a_rule_the_feasible_hosts_only_grow) {
    enum { SETS = 250, COMINGS = 60 };
    static char texts[RULES][2048], text[16384], less[16384];
    vdc_stream generator, *stream = &generator;
    int grown[KINDS] = {0};
    vdc_stream_open(stream, 23, "test.isolation", 0);
    for (int set = 0; set < SETS; set++) {
        plain_world world = {0};
        static twin both;
        int dropped = 0;
        do {
            random_rules(stream, &world, texts);
            if (world.rule_count) dropped = DRAW(world.rule_count);
        } while (world.rule_count == 0 || keeps_another(&world, dropped));
        join_rules(world.rule_count, texts, -1, text);
        join_rules(world.rule_count, texts, dropped, less);
        open_fixture(&both.with, text);
        open_fixture(&both.without, less);
        fix_categories(&both.with);
        fix_categories(&both.without);
        both.count = 0;
        for (int number = 0; number < COMINGS; number++) {
            both.without.dc.now = both.with.dc.now += DRAW(15);
            const int more = arrive_at_both(&both, stream, number, text);
            cr_assert(more == 0 || !world.rules[dropped].weight || world.rules[dropped].kind == OWN_CORES, "%s: the soft rule %d forbids", text, dropped);
            grown[world.rules[dropped].kind] += more;
            if (both.count == 0 || DRAW(3)) continue;
            const int gone = DRAW(both.count--);
            remove_vm(&both.with, both.slots[0][gone]);
            remove_vm(&both.without, both.slots[1][gone]);
            for (int k = 0; k < 2; k++) both.slots[k][gone] = both.slots[k][both.count];
        }
        close_fixture(&both.with);
        close_fixture(&both.without);
    }
    for (int k = 0; k < KINDS; k++) cr_expect_gt(grown[k], 0, "rules of kind %d never forbade anything", k);
}
