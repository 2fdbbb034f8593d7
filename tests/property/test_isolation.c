/* Isolation rules against a brute-force checker that shares no code with their counters: it looks at every VM that is placed, each time.
 *
 * Random rule sets, random arrivals and departures; for every arrival each host's verdict is compared. VDC_TEST_STEPS sets the number of
 * arrivals and departures in all (default 20 000).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/checks.h"
#include "models/isolation.h"
#include "sim/base/random.h"
#include "sim/scenario/yaml.h"

enum { HOSTS = 12, RACKS = 4, ZONES = 2, TENANTS = 5, GROUPS = 4, RULES = 5, ALIVE = 60 };

typedef enum kind {
    ANTI_AFFINITY, AFFINITY, SPREAD, FAULT_DOMAINS, MAX_TENANTS, MAX_VMS, TENANT_ANTI, LATTICE, WALL, DEDICATED, KINDS
} kind;

/* A rule as the checker knows it. Selections are bit masks of names, 0 = all. */
typedef struct plain_rule {
    kind kind;
    int level, max, skew, faults, updates, range;
    bool of_tenant;
    unsigned tenants, groups;
    int class_of[TENANTS + 1];
    vdc_time scrub;
} plain_rule;

typedef struct plain_vm {
    uint32_t slot;
    int host, tenant, group, member, level;
    unsigned categories;
    vdc_thread_mode threads;
    int vcpus;
    bool dedicated;
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
static bool picked(unsigned mask, int number) { return mask == 0 || (mask >> number & 1); }
static bool selects(const plain_rule *rule, const plain_vm *vm) { return picked(rule->tenants, vm->tenant) && picked(rule->groups, vm->group); }
static int set_of(const plain_rule *rule, const plain_vm *vm) { return rule->of_tenant ? vm->tenant : vm->group; }

static int members(const plain_world *world, const plain_rule *rule, int set, int level, int where) {
    int count = 0;
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *vm = &world->vms[i];
        if (selects(rule, vm) && set_of(rule, vm) == set && (where < 0 || unit(level, vm->host) == where)) count++;
    }
    return count;
}

static bool tenant_on_host(const plain_world *world, int tenant, int host) {
    for (int i = 0; i < world->vm_count; i++)
        if (world->vms[i].host == host && world->vms[i].tenant == tenant) return true;
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
        if (other->host != host || !selects(rule, other)) continue;
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
        if (other->host == host && selects(rule, other) && other->tenant != vm->tenant && rule->class_of[other->tenant] == class) return false;
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
    for (int i = 0; i < world->vm_count; i++) concerned = concerned || (world->vms[i].host == host && selects(rule, &world->vms[i]));
    for (int t = 0; t <= TENANTS; t++) tenants += t == vm->tenant || tenant_on_host(world, t, host);
    return !concerned || tenants <= rule->max;
}

static bool rule_allows(const plain_world *world, const plain_rule *rule, const plain_vm *vm, int host) {
    if (rule->kind == MAX_TENANTS) return max_tenants_allows(world, rule, vm, host);
    if (!selects(rule, vm)) return true;
    switch (rule->kind) {
    case ANTI_AFFINITY: return set_of(rule, vm) == 0 || members(world, rule, set_of(rule, vm), rule->level, unit(rule->level, host)) < rule->max;
    case AFFINITY:
        return set_of(rule, vm) == 0
               || members(world, rule, set_of(rule, vm), rule->level, unit(rule->level, host)) == members(world, rule, set_of(rule, vm), 0, -1);
    case SPREAD: return set_of(rule, vm) == 0 || spread_allows(world, rule, vm, host);
    case FAULT_DOMAINS:
        return vm->group == 0 || (unit(1, host) % rule->faults == vm->member % rule->faults && host % rule->updates == vm->member % rule->updates);
    case MAX_VMS: {
        int count = 0;
        for (int i = 0; i < world->vm_count; i++) count += world->vms[i].host == host && selects(rule, &world->vms[i]);
        return count < rule->max;
    }
    case TENANT_ANTI:
        for (int i = 0; i < world->vm_count; i++)
            if (unit(rule->level, world->vms[i].host) == unit(rule->level, host) && selects(rule, &world->vms[i])
                && world->vms[i].tenant != vm->tenant) return false;
        return true;
    case LATTICE: return lattice_allows(world, rule, vm, host);
    case WALL: return wall_allows(world, rule, vm, host);
    default: return true;
    }
}

static bool is_dedicated(const plain_world *world, const plain_vm *vm) {
    bool dedicated = vm->dedicated;
    for (int i = 0; i < world->rule_count; i++) dedicated = dedicated || (world->rules[i].kind == DEDICATED && selects(&world->rules[i], vm));
    return dedicated;
}

/* Hosts have 8 cores of 2 threads and an overcommit of 2; a VM that owns threads takes them from what can be promised. Pinned VMs have
 * even sizes here, so that no core is broken and which cores are left does not depend on history. */
static bool threads_allow(const plain_world *world, const plain_vm *vm, int host) {
    int owned = 0, floating = 0;
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *other = &world->vms[i];
        if (other->host != host) continue;
        if (other->threads == VDC_THREADS_SHARED) floating += other->vcpus;
        if (other->threads == VDC_THREADS_PIN) owned += other->vcpus;
        if (other->threads == VDC_CORES_PREFER) owned += (other->vcpus + 1) / 2 * 2;
        if (other->threads == VDC_CORES_ISOLATE) owned += other->vcpus * 2;
    }
    int need = vm->threads == VDC_THREADS_PIN ? vm->vcpus : vm->threads == VDC_CORES_PREFER ? (vm->vcpus + 1) / 2 * 2
             : vm->threads == VDC_CORES_ISOLATE ? vm->vcpus * 2 : 0;
    if (owned + need > 16) return false;
    return 2 * (16 - owned - need) >= floating + (vm->threads == VDC_THREADS_SHARED ? vm->vcpus : 0);
}

static bool brute_force(const plain_world *world, const plain_vm *vm, int host) {
    for (int i = 0; i < world->vm_count; i++) {
        const plain_vm *other = &world->vms[i];
        if (other->host == host && other->tenant != vm->tenant && (is_dedicated(world, vm) || is_dedicated(world, other))) return false;
    }
    if (!threads_allow(world, vm, host)) return false;
    for (int i = 0; i < world->rule_count; i++)
        if (!rule_allows(world, &world->rules[i], vm, host)) return false;
    return true;
}

/* ---- random rules, for the checker and as YAML ---- */

static void names(char *text, const char *key, unsigned mask, char letter, int count) {
    if (!mask) return;
    sprintf(text + strlen(text), ", %s: [", key);
    for (int i = 1, first = 1; i <= count; i++)
        if (mask >> i & 1) sprintf(text + strlen(text), "%s%c%d", first ? "" : ", ", letter, i), first = 0;
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
    case TENANT_ANTI: sprintf(text, "{rule: tenant-anti-affinity, level: %s", level); rule->tenants |= 6; break;
    case LATTICE: sprintf(text, "{rule: label-lattice, range: %d", rule->range); break;
    case WALL:
        sprintf(text, "{rule: chinese-wall, scrub: %ldns, classes: {a: [t1, t2], b: [t3, t4]}", (long)rule->scrub);
        rule->class_of[1] = rule->class_of[2] = 1;
        rule->class_of[3] = rule->class_of[4] = 2;
        rule->groups = 0; /* so that a departure is known by its tenant */
        break;
    default: sprintf(text, "{rule: dedicated-host"); rule->tenants |= 1u << (1 + DRAW(TENANTS)); break;
    }
    names(text, "tenants", rule->tenants, 't', TENANTS);
    names(text, "groups", rule->groups, 'g', GROUPS);
    strcat(text, "}");
}

/* Affinity and anti-affinity of overlapping sets are refused as a contradiction: such sets are drawn again. */
static void random_rules(vdc_stream *stream, plain_world *world, char *text) {
    bool together, apart;
    do {
        together = apart = false;
        world->rule_count = DRAW(RULES + 1);
        strcpy(text, "{rules: [");
        for (int i = 0; i < world->rule_count; i++) {
            char one[512];
            random_rule(stream, &world->rules[i], one);
            together = together || world->rules[i].kind == AFFINITY;
            apart = apart || world->rules[i].kind == ANTI_AFFINITY;
            sprintf(text + strlen(text), "%s%s", i ? ", " : "", one);
        }
        strcat(text, "]}");
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
    for (int h = 0; h < HOSTS; h++) dc->hosts.rack[h] = (uint32_t)unit(1, h), dc->hosts.zone[h] = (uint32_t)unit(2, h);
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

/* A VM at random, and its wishes as an entry of the table. */
static vdc_request random_vm(vdc_stream *stream, fixture *f, plain_vm *vm, int64_t number) {
    static const char *const modes[] = {"", "pin: true", "core_isolate: prefer", "core_isolate: isolate"};
    *vm = (plain_vm){.tenant = 1 + DRAW(TENANTS), .group = DRAW(GROUPS + 1), .vcpus = 1 + DRAW(4), .level = DRAW(3), .categories = (unsigned)DRAW(4),
                     .dedicated = DRAW(20) == 0, .threads = DRAW(3) == 0 ? (vdc_thread_mode)(1 + DRAW(3)) : VDC_THREADS_SHARED};
    if (vm->threads == VDC_THREADS_PIN) vm->vcpus += vm->vcpus % 2;
    char text[256];
    sprintf(text, "{label: {level: %d, categories: [%s%s%s]}, dedicated_host: %s%s%s}", vm->level, vm->categories & 1 ? "x" : "",
            vm->categories == 3 ? ", " : "", vm->categories & 2 ? "y" : "", vm->dedicated ? "true" : "false", vm->threads ? ", " : "",
            modes[vm->threads]);
    const vdc_node *node;
    vdc_request request = {.number = number, .id = number, .lifetime = VDC_UNLIMITED, .cpu_weight = VDC_UNLIMITED, .cpu_limit = VDC_UNLIMITED,
                           .predicted_lifetime = VDC_UNLIMITED, .tenant = (uint32_t)vm->tenant, .group = (uint32_t)vm->group};
    request.size[VDC_CPU] = vm->vcpus * 1000;
    request.size[VDC_MEMORY] = 1 << 20;
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

/* One rule set: arrivals and departures; returns how many verdicts were compared. */
static uint64_t live(vdc_stream *stream, int steps) {
    static plain_world world;
    fixture f;
    char text[4096];
    vdc_checks checks;
    uint64_t compared = 0;
    int members_of[GROUPS + 1] = {0};
    memset(&world, 0, sizeof world);
    world.left = malloc((size_t)steps * sizeof *world.left);
    random_rules(stream, &world, text);
    open_fixture(&f, text);
    fix_categories(&f);
    vdc_checks_setup(&checks);
    for (int step = 0; step < steps; step++) {
        world.now = f.dc.now += DRAW(15);
        if (world.vm_count < ALIVE && DRAW(3)) {
            plain_vm vm;
            vdc_request request = random_vm(stream, &f, &vm, step);
            uint32_t slot = vdc_vm_create(&f.dc, &request);
            cr_assert(vdc_isolation_arrive(f.iso, slot));
            vm.slot = slot;
            vm.member = vm.group ? members_of[vm.group]++ : 0;
            const vdc_request *kept = &f.dc.records[slot].request;
            int chosen = -1, seen = 0;
            for (int host = 0; host < HOSTS; host++) {
                bool verdict = vdc_host_fits(&f.dc.hosts, (uint32_t)host, kept) && vdc_isolation_allows(f.iso, (uint32_t)host, kept);
                bool plain = brute_force(&world, &vm, host);
                cr_assert_eq(verdict, plain, "%s: VM %d (tenant %d, group %d, member %d, threads %d) on host %d: counters say %d, recount says %d",
                             text, step, vm.tenant, vm.group, vm.member, vm.threads, host, verdict, plain);
                compared++;
                if (plain && DRAW(++seen) == 0) chosen = host;
            }
            if (chosen < 0) {
                vdc_isolation_leave(f.iso, slot);
                vdc_vm_destroy(&f.dc, slot);
                continue;
            }
            cr_assert_eq(vdc_datacenter_place(&f.dc, slot, (uint32_t)chosen, 0, 0), VDC_OK);
            vdc_progress_begin(&f.dc, slot);
            vm.host = chosen;
            world.vms[world.vm_count++] = vm;
        } else if (world.vm_count) {
            int i = DRAW(world.vm_count);
            plain_vm gone = world.vms[i];
            vdc_progress_stop(&f.dc, gone.slot);
            vdc_datacenter_remove(&f.dc, gone.slot);
            vdc_isolation_leave(f.iso, gone.slot);
            vdc_vm_destroy(&f.dc, gone.slot);
            world.vms[i] = world.vms[--world.vm_count];
            world.left[world.left_count++] = (departure){gone.host, gone.tenant, world.now};
        }
        cr_assert_eq(vdc_datacenter_settle(&f.dc, NULL), VDC_OK);
        vdc_checks_event(&checks, &f.dc);
        if (step % 20 == 0) vdc_isolation_check(f.iso, &checks);
    }
    for (int i = 0; i < VDC_INVARIANTS; i++)
        cr_assert_eq(checks.items[i].residual, 0, "%s: %s: residual %g", text, checks.items[i].name, checks.items[i].residual);
    close_fixture(&f);
    free(world.left);
    return compared;
}

Test(isolation, counters_agree_with_brute_force_on_random_rules) {
    const char *wanted = getenv("VDC_TEST_STEPS");
    int64_t steps = wanted ? atoll(wanted) : 20000;
    vdc_stream stream;
    vdc_stream_open(&stream, 11, "test.isolation", 0);
    uint64_t compared = 0;
    for (int64_t done = 0; done < steps; done += 200) compared += live(&stream, 200);
    cr_log_info("%lu verdicts compared", (unsigned long)compared);
    cr_assert_gt(compared, (uint64_t)steps);
}
