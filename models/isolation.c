/* The state of isolation: see isolation.h. Rules are in isolation_rules.c, thread ownership in threads.c. */
#include "models/isolation.h"

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

static uint32_t highest(const uint32_t *units, uint32_t count) {
    uint32_t most = 0;
    for (uint32_t i = 0; units && i < count; i++)
        if (units[i] > most) most = units[i];
    return most;
}

uint32_t vdc_isolation_units(const vdc_isolation *iso, int level) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    if (level == VDC_LEVEL_RACK) return highest(hosts->rack, hosts->count) + 1;
    if (level == VDC_LEVEL_ZONE) return highest(hosts->zone, hosts->count) + 1;
    return hosts->count;
}

/* ---- what a VM wants ---- */

uint32_t vdc_isolation_domain(const vdc_isolation *iso, const vdc_request *request) {
    return iso->by_group ? request->group : request->tenant;
}

static bool listed(const uint32_t *numbers, size_t count, uint32_t number) {
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number) return true;
    return count == 0;
}

bool vdc_rule_selects(const vdc_rule *rule, const vdc_request *request) {
    return listed(rule->tenants, rule->tenant_count, request->tenant) && listed(rule->groups, rule->group_count, request->group);
}

vdc_isolation_spec vdc_isolation_wishes(const vdc_isolation *iso, const vdc_request *request) {
    vdc_isolation_spec wishes = iso->specs->items[request->isolation];
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (rule->type->allows || !vdc_rule_selects(rule, request)) continue;
        if (strcmp(rule->type->name, "dedicated-host") == 0) wishes.dedicated_host = true;
        else if (strcmp(rule->type->name, "core-scheduling") == 0) wishes.core_scheduling = true;
        else if (wishes.threads == VDC_THREADS_SHARED) wishes.threads = (vdc_thread_mode)(VDC_THREADS_PIN + rule->threads);
    }
    return wishes;
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

static bool domains_allow(const vdc_isolation *iso, uint32_t host, const vdc_request *request, bool dedicated) {
    const vdc_host_isolation *state = &iso->hosts[host];
    if (state->vms == 0) return true;
    bool alone = state->domains == 1 && iso->entries[state->first].domain == vdc_isolation_domain(iso, request);
    return alone || (!dedicated && state->dedicated == 0);
}

static bool labels_allow(const vdc_isolation *iso, uint16_t k, const vdc_isolation_spec *wishes) {
    return (iso->class_labels[k] & wishes->requires) == wishes->requires && (iso->class_taints[k] & ~wishes->tolerates) == 0;
}

/* Its own guarantees, apart from rules. NULL, or which one the host cannot keep. */
static const char *guarantee_broken(const vdc_isolation *iso, uint32_t host, const vdc_request *request, const vdc_isolation_spec *wishes) {
    const vdc_host_isolation *state = &iso->hosts[host];
    uint16_t k = iso->datacenter->hosts.class_of[host];
    if (request->cpu_reservation && !vdc_datacenter_keeps_reservation(iso->datacenter, host, request)) return "its CPU reservation";
    if (!labels_allow(iso, k, wishes)) return "host labels and taints";
    if (!domains_allow(iso, host, request, wishes->dedicated_host)) return "a dedicated host";
    if (wishes->threads != VDC_THREADS_SHARED && !threads_allow(iso, host, request, wishes)) return "own threads or cores";
    if (wishes->llc_ways && wishes->llc_ways > iso->class_ways[k] - state->ways) return "own cache ways";
    if (wishes->memory_bandwidth && wishes->memory_bandwidth > iso->class_bandwidth[k] - state->bandwidth) return "own memory bandwidth";
    return NULL;
}

static bool hard(const vdc_rule *rule) { return rule->mode == 0; }

static bool concerns(const vdc_rule *rule, const vdc_request *request) {
    return rule->type->everybody || vdc_rule_selects(rule, request);
}

bool vdc_isolation_allows(const void *isolation, uint32_t host, const vdc_request *request) {
    const vdc_isolation *iso = isolation;
    vdc_isolation_spec wishes = vdc_isolation_wishes(iso, request);
    if (guarantee_broken(iso, host, request, &wishes)) return false;
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (hard(rule) && rule->type->allows && concerns(rule, request) && !rule->type->allows(rule, iso, host, request)) return false;
    }
    return true;
}

int64_t vdc_isolation_penalty(const vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    int64_t penalty = 0;
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (!hard(rule) && rule->type->allows && concerns(rule, request) && !rule->type->allows(rule, iso, host, request))
            penalty += rule->weight;
    }
    return penalty;
}

bool vdc_isolation_impossible(const vdc_isolation *iso, const vdc_request *request, char *text, size_t size) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    vdc_isolation_spec wishes = vdc_isolation_wishes(iso, request);
    bool labels = false, threads = false, ways = false, bandwidth = false;
    for (uint16_t k = 0; k < hosts->class_count; k++) {
        const vdc_host_class *class = &hosts->classes[k];
        if (!labels_allow(iso, k, &wishes)) continue;
        labels = true;
        threads = threads || 1000 * (int64_t)vdc_threads_needed(class, wishes.threads, request->size[VDC_CPU]) <= class->physical[VDC_CPU];
        ways = ways || wishes.llc_ways <= iso->class_ways[k];
        bandwidth = bandwidth || wishes.memory_bandwidth <= iso->class_bandwidth[k];
    }
    const char *what = !labels ? "no host has its labels or bears its taints" : !threads ? "no host has that many threads or cores for it alone"
                     : !ways ? "no host has that many cache ways" : !bandwidth ? "no host has that memory bandwidth" : NULL;
    if (what) {
        snprintf(text, size, "rejected: %s", what);
        return true;
    }
    for (size_t i = 0; i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        if (!hard(rule) || !rule->type->possible || !vdc_rule_selects(rule, request) || rule->type->possible(rule, iso, request)) continue;
        snprintf(text, size, "rejected: rule %s (line %d) forbids it on every host", rule->type->name, rule->place.line);
        return true;
    }
    return false;
}

void vdc_isolation_blocker(const vdc_isolation *iso, const vdc_request *request, char *text, size_t size) {
    vdc_isolation_spec wishes = vdc_isolation_wishes(iso, request);
    text[0] = 0;
    for (uint32_t host = 0; host < iso->datacenter->hosts.count; host++) {
        if (!vdc_host_fits(&iso->datacenter->hosts, host, request)) continue;
        const char *guarantee = guarantee_broken(iso, host, request, &wishes);
        if (guarantee) {
            snprintf(text, size, "waits: %s", guarantee);
            return;
        }
        for (size_t i = 0; i < iso->rule_count; i++) {
            const vdc_rule *rule = &iso->rules[i];
            if (!hard(rule) || !rule->type->allows || !concerns(rule, request) || rule->type->allows(rule, iso, host, request)) continue;
            snprintf(text, size, "waits: rule %s (line %d)", rule->type->name, rule->place.line);
            return;
        }
    }
}

/* ---- exposure ---- */

void vdc_isolation_advance(vdc_isolation *iso) {
    vdc_time now = iso->datacenter->now, span = now - iso->since;
    if (span == 0) return;
    iso->since = now;
    iso->exposure_host_time += (vdc_wide)iso->exposure_host * span;
    iso->exposure_core_time += (vdc_wide)iso->exposure_core * span;
    iso->exposure_rack_time += (vdc_wide)iso->exposure_rack * span;
    for (size_t i = 0; i < iso->rule_count; i++) {
        iso->rules[i].violation_time += (vdc_wide)iso->rules[i].violating * span;
        iso->rules[i].since = now;
    }
}

static void advance_entries(vdc_isolation *iso, uint32_t host) {
    const vdc_host_isolation *state = &iso->hosts[host];
    vdc_time now = iso->datacenter->now;
    for (uint32_t e = state->first; e != VDC_NOWHERE; e = iso->entries[e].next) {
        vdc_domain_entry *entry = &iso->entries[e];
        entry->foreign += (vdc_wide)(state->vms - entry->vms) * (now - entry->since);
        entry->since = now;
    }
}

vdc_wide vdc_isolation_exposure(const vdc_isolation *iso, uint32_t slot) {
    const vdc_vm_isolation *vm = &iso->vms[slot];
    if (vm->entry == VDC_NOWHERE) return vm->exposure;
    const vdc_domain_entry *entry = &iso->entries[vm->entry];
    const vdc_host_isolation *state = &iso->hosts[iso->datacenter->vms[slot].host];
    return vm->exposure + entry->foreign + (vdc_wide)(state->vms - entry->vms) * (iso->datacenter->now - entry->since) - vm->foreign_at_start;
}

/* Pairs of VMs of two domains on one host become more or fewer. */
static void pairs_changed(vdc_isolation *iso, uint32_t a, uint32_t b, int64_t change) {
    if (!iso->pair_rate || a >= iso->pair_size || b >= iso->pair_size) return;
    size_t cell = a < b ? (size_t)a * iso->pair_size + b : (size_t)b * iso->pair_size + a;
    vdc_time now = iso->datacenter->now;
    iso->pair_time[cell] += (vdc_wide)iso->pair_rate[cell] * (now - iso->pair_since[cell]);
    iso->pair_since[cell] = now;
    iso->pair_rate[cell] += change;
}

static void rack_changed(vdc_isolation *iso, uint32_t host, uint32_t domain, int sign) {
    if (!iso->datacenter->hosts.rack) return;
    uint32_t rack = iso->datacenter->hosts.rack[host];
    int64_t same = vdc_counts_get(&iso->rack_domains, vdc_key(rack, domain)), all = vdc_counts_get(&iso->racks, rack);
    iso->exposure_rack += sign * (all - same);
    if (vdc_counts_add(&iso->rack_domains, vdc_key(rack, domain), sign) < 0 || vdc_counts_add(&iso->racks, rack, sign) < 0)
        iso->out_of_memory = true;
}

/* ---- meetings ---- */

static void meet(vdc_isolation *iso, vdc_vm_isolation *vm, uint32_t domain) {
    for (size_t i = 0; i < vm->met_count; i++)
        if (vm->met[i] == domain) return;
    if (vm->first_meeting < 0) vm->first_meeting = iso->datacenter->now;
    if (VDC_RESERVE(vm->met, vm->met_capacity, vm->met_count + 1)) vm->met[vm->met_count++] = domain;
    else iso->out_of_memory = true;
}

static bool is_target(const vdc_isolation *iso, uint32_t tenant) {
    return iso->target_count > 0 && listed(iso->targets, iso->target_count, tenant);
}

/* Two VMs share a host: what an attacker makes of it. */
static void attack_meets(vdc_isolation *iso, uint32_t slot, uint32_t other) {
    uint32_t a = iso->datacenter->records[slot].request.tenant, b = iso->datacenter->records[other].request.tenant;
    if (a == iso->attacker) {
        uint32_t swap = slot;
        slot = other;
        other = swap;
        swap = a;
        a = b;
        b = swap;
    }
    if (b != iso->attacker || a == iso->attacker) return;
    iso->vms[slot].met_attacker = true;
    if (is_target(iso, a) && !iso->vms[other].hit) {
        iso->vms[other].hit = true;
        if (iso->launches_to_first_hit < 0) iso->launches_to_first_hit = iso->attackers;
    }
}

static void meetings(vdc_isolation *iso, uint32_t slot, uint32_t host, uint32_t domain) {
    const vdc_datacenter *dc = iso->datacenter;
    for (uint32_t other = dc->first_vm[host]; other != VDC_NOWHERE; other = dc->vms[other].next) {
        if (other == slot) continue;
        if (iso->attacker) attack_meets(iso, slot, other);
        if (iso->vms[other].domain == domain) continue;
        meet(iso, &iso->vms[slot], iso->vms[other].domain);
        meet(iso, &iso->vms[other], domain);
    }
}

/* ---- fences ---- */

static void book(vdc_isolation *iso, uint32_t host, vdc_flow flow, int64_t *booked, int64_t rate) {
    if (rate == *booked) return;
    vdc_datacenter_account(iso->datacenter, host, flow, rate - *booked);
    *booked = rate;
}

/* What is fenced on the host now; own threads lie within a dedicated host, so regions are not added. */
void vdc_isolation_granted(vdc_isolation *iso, uint32_t host) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    vdc_host_isolation *state = &iso->hosts[host];
    int64_t fence[VDC_RESOURCES] = {0}, waste[VDC_RESOURCES] = {0}, idle = 0, forced_idle = dc->regions[host].forced_idle;
    const vdc_region *region = &dc->regions[host];
    if (state->dedicated) {
        int64_t held = vdc_ledger_rate(&dc->host_ledger, host, VDC_FLOW_NOMINAL);
        fence[VDC_CPU] = class->cpu_hz - dc->reserved[host]; /* reservations are booked by themselves */
        waste[VDC_CPU] = held < class->cpu_hz ? class->cpu_hz - held : 0;
        idle = class->cpu_hz - dc->hosts.granted[host];
        for (int r = VDC_MEMORY; r < VDC_RESOURCES; r++) {
            if (!dc->hosts.free[r]) continue;
            int64_t used = vdc_ledger_rate(&dc->host_ledger, host, (vdc_flow)(VDC_FLOW_P + r));
            fence[r] = class->physical[r];
            waste[r] = used < class->physical[r] ? class->physical[r] - used : 0;
        }
    } else {
        fence[VDC_CPU] = region->exclusive;
        waste[VDC_CPU] = region->exclusive - region->exclusive_nominal;
        idle = region->exclusive - region->exclusive_granted;
        if (region->cookies) {
            int64_t held = region->cookie_granted + forced_idle;
            fence[VDC_CPU] += held;
            idle += forced_idle;
            waste[VDC_CPU] += region->cookie_waste;
        }
    }
    for (int r = 0; r < VDC_RESOURCES; r++) {
        book(iso, host, (vdc_flow)(VDC_FLOW_FENCE + r), &state->fence[r], fence[r]);
        book(iso, host, (vdc_flow)(VDC_FLOW_WASTE + r), &state->waste[r], waste[r]);
    }
    book(iso, host, VDC_FLOW_FENCE_IDLE, &state->idle, idle);
    /* Each VM's part is booked when the host's grants are settled. */
    if (dc->track_vms && (state->fence[VDC_CPU] || state->fence[VDC_MEMORY] || state->fenced)) {
        state->fenced = state->fence[VDC_CPU] || state->fence[VDC_MEMORY];
        vdc_datacenter_resolve(dc, host);
    }
}

static void book_vm(vdc_isolation *iso, uint32_t slot, vdc_flow flow, int64_t *booked, int64_t rate) {
    if (rate == *booked) return;
    vdc_ledger_advance(&iso->datacenter->vm_ledger, slot, iso->datacenter->now);
    vdc_ledger_add(&iso->datacenter->vm_ledger, slot, flow, rate - *booked);
    *booked = rate;
}

static void book_vm_fences(vdc_isolation *iso, uint32_t slot, const int64_t *fence, const int64_t *waste, int64_t idle) {
    vdc_vm_isolation *vm = &iso->vms[slot];
    for (int r = 0; r < VDC_RESOURCES; r++) {
        book_vm(iso, slot, (vdc_flow)(VDC_FLOW_FENCE + r), &vm->fence[r], fence[r]);
        book_vm(iso, slot, (vdc_flow)(VDC_FLOW_WASTE + r), &vm->waste[r], waste[r]);
    }
    book_vm(iso, slot, VDC_FLOW_FENCE_IDLE, &vm->idle, idle);
}

static int64_t held_by(const vdc_datacenter *dc, uint32_t slot, int r) {
    return r == VDC_CPU ? dc->vms[slot].nominal : dc->records[slot].request.size[r];
}

/* A dedicated host is fenced for all of its VMs: in proportion to their sizes, the remainder for the lowest id. */
static void divide_host(vdc_isolation *iso, uint32_t host) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_host_isolation *state = &iso->hosts[host];
    int64_t held[VDC_RESOURCES] = {0}, whole[VDC_RESOURCES], given[VDC_RESOURCES] = {0}, wasted[VDC_RESOURCES] = {0}, idled = 0;
    uint32_t lowest = VDC_NOWHERE;
    for (uint32_t slot = dc->first_vm[host]; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        for (int r = 0; r < VDC_RESOURCES; r++) held[r] += held_by(dc, slot, r);
        if (lowest == VDC_NOWHERE || dc->records[slot].request.id < dc->records[lowest].request.id) lowest = slot;
    }
    for (int r = 0; r < VDC_RESOURCES; r++) whole[r] = state->fence[r];
    for (uint32_t slot = dc->first_vm[host]; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        int64_t fence[VDC_RESOURCES] = {0}, waste[VDC_RESOURCES] = {0}, idle = 0;
        if (slot == lowest) continue;
        for (int r = 0; r < VDC_RESOURCES; r++) {
            int64_t part = held_by(dc, slot, r);
            fence[r] = held[r] ? (int64_t)((vdc_wide)whole[r] * part / held[r]) : 0;
            waste[r] = held[r] ? (int64_t)((vdc_wide)state->waste[r] * part / held[r]) : 0;
            given[r] += fence[r];
            wasted[r] += waste[r];
        }
        idle = held[VDC_CPU] ? (int64_t)((vdc_wide)state->idle * dc->vms[slot].nominal / held[VDC_CPU]) : 0;
        idled += idle;
        book_vm_fences(iso, slot, fence, waste, idle);
    }
    int64_t fence[VDC_RESOURCES], waste[VDC_RESOURCES];
    for (int r = 0; r < VDC_RESOURCES; r++) fence[r] = whole[r] - given[r], waste[r] = state->waste[r] - wasted[r];
    if (lowest != VDC_NOWHERE) book_vm_fences(iso, lowest, fence, waste, state->idle - idled);
}

void vdc_isolation_book_vms(vdc_isolation *iso, uint32_t host) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    if (iso->hosts[host].dedicated) {
        divide_host(iso, host);
        return;
    }
    for (uint32_t slot = dc->first_vm[host]; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        const vdc_vm *vm = &dc->vms[slot];
        int64_t fence[VDC_RESOURCES] = {0}, waste[VDC_RESOURCES] = {0}, idle = 0;
        if (vm->exclusive) {
            fence[VDC_CPU] = class->speed * (int64_t)vdc_threads_needed(class, iso->vms[slot].spec.threads, dc->records[slot].request.size[VDC_CPU]);
            waste[VDC_CPU] = fence[VDC_CPU] - vm->nominal;
            idle = fence[VDC_CPU] - vm->grant;
        } else if (vm->cookie) {
            fence[VDC_CPU] = vm->grant + vm->forced_idle;
            waste[VDC_CPU] = fence[VDC_CPU] > vm->nominal ? fence[VDC_CPU] - vm->nominal : 0;
            idle = vm->forced_idle;
        }
        book_vm_fences(iso, slot, fence, waste, idle);
    }
}

/* ---- coming and going ---- */

static uint32_t entry_of(vdc_isolation *iso, uint32_t host, uint32_t domain) {
    for (uint32_t e = iso->hosts[host].first; e != VDC_NOWHERE; e = iso->entries[e].next)
        if (iso->entries[e].domain == domain) return e;
    uint32_t e = iso->entry_free;
    if (e != VDC_NOWHERE) {
        iso->entry_free = iso->entries[e].next;
    } else {
        if (!VDC_RESERVE(iso->entries, iso->entry_capacity, iso->entry_count + (size_t)1)) return VDC_NOWHERE;
        e = iso->entry_count++;
    }
    iso->entries[e] = (vdc_domain_entry){.domain = domain, .next = iso->hosts[host].first, .since = iso->datacenter->now};
    iso->hosts[host].first = e;
    iso->hosts[host].domains++;
    return e;
}

static void drop_entry(vdc_isolation *iso, uint32_t host, uint32_t e) {
    uint32_t *link = &iso->hosts[host].first;
    while (*link != e) link = &iso->entries[*link].next;
    *link = iso->entries[e].next;
    iso->entries[e].next = iso->entry_free;
    iso->entry_free = e;
    iso->hosts[host].domains--;
}

/* Others may share a core with it: it floats over cores of several threads and no cookie keeps them apart. */
static bool is_exposed(const vdc_host_class *class, const vdc_isolation_spec *wishes) {
    return class->threads > 1 && wishes->threads == VDC_THREADS_SHARED && !wishes->core_scheduling;
}

static void count_exposure(vdc_isolation *iso, uint32_t host, uint32_t e, bool exposed, int sign) {
    vdc_host_isolation *state = &iso->hosts[host];
    vdc_domain_entry *entry = &iso->entries[e];
    advance_entries(iso, host);
    iso->exposure_host += sign * (int64_t)(state->vms - entry->vms);
    if (exposed) iso->exposure_core += sign * (int64_t)(state->exposed - entry->exposed);
    for (uint32_t other = state->first; other != VDC_NOWHERE; other = iso->entries[other].next)
        if (other != e) pairs_changed(iso, entry->domain, iso->entries[other].domain, sign * (int64_t)iso->entries[other].vms);
    rack_changed(iso, host, entry->domain, sign);
    state->vms = (uint32_t)((int64_t)state->vms + sign);
    entry->vms = (uint32_t)((int64_t)entry->vms + sign);
    if (exposed) {
        state->exposed = (uint32_t)((int64_t)state->exposed + sign);
        entry->exposed = (uint32_t)((int64_t)entry->exposed + sign);
    }
}

/* Every rule follows; how many VMs break it is that of before plus the change in the part that the VM belongs to. */
static void follow_rules(vdc_isolation *iso, uint32_t host, const vdc_request *request, int sign) {
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        if (!concerns(rule, request)) continue;
        if (rule->type->violating) rule->violating -= rule->type->violating(rule, iso, host, request);
        if (rule->type->change && vdc_rule_selects(rule, request) && !rule->type->change(rule, iso, host, request, sign))
            iso->out_of_memory = true;
    }
}

static void judge_rules(vdc_isolation *iso, uint32_t host, const vdc_request *request) {
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        if (!rule->type->violating || !concerns(rule, request)) continue;
        int64_t now = rule->type->violating(rule, iso, host, request);
        rule->violating += now;
        if (now > 0) rule->entries++;
    }
}

bool vdc_isolation_placed(vdc_isolation *iso, uint32_t slot) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    vdc_vm_isolation *vm = &iso->vms[slot];
    uint32_t host = dc->vms[slot].host;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    vdc_host_isolation *state = &iso->hosts[host];
    vdc_isolation_advance(iso);
    follow_rules(iso, host, request, 1);
    uint32_t e = entry_of(iso, host, vm->domain);
    if (e == VDC_NOWHERE) return false;
    count_exposure(iso, host, e, is_exposed(class, &vm->spec), 1);
    judge_rules(iso, host, request);
    vm->entry = e;
    vm->foreign_at_start = iso->entries[e].foreign;
    if (vm->spec.dedicated_host) state->dedicated++;
    state->ways += vm->spec.llc_ways;
    state->bandwidth += vm->spec.memory_bandwidth;
    if (vm->spec.threads != VDC_THREADS_SHARED) {
        uint32_t threads = vdc_threads_needed(class, vm->spec.threads, request->size[VDC_CPU]);
        /* The promise of its threads in place of that of its size, which was taken already. */
        dc->hosts.free[VDC_CPU][host] += request->size[VDC_CPU] - promise_of_threads(iso, host, threads);
        if (vdc_threads_take(&iso->threads, &dc->hosts, host, slot, vm->spec.threads, request->size[VDC_CPU])) return false;
        vdc_datacenter_fence_threads(dc, slot, (int64_t)threads * class->speed);
    } else if (vm->spec.core_scheduling && class->threads > 1) {
        vdc_datacenter_core_schedule(dc, slot, vm->domain + 1);
    }
    meetings(iso, slot, host, vm->domain);
    vdc_isolation_granted(iso, host);
    return !iso->out_of_memory;
}

void vdc_isolation_removed(vdc_isolation *iso, uint32_t slot) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_request *request = &dc->records[slot].request;
    vdc_vm_isolation *vm = &iso->vms[slot];
    uint32_t host = dc->vms[slot].host, e = vm->entry;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    vdc_host_isolation *state = &iso->hosts[host];
    vdc_isolation_advance(iso);
    vm->exposure = vdc_isolation_exposure(iso, slot);
    follow_rules(iso, host, request, -1);
    count_exposure(iso, host, e, is_exposed(class, &vm->spec), -1);
    judge_rules(iso, host, request);
    vm->entry = VDC_NOWHERE;
    if (dc->track_vms) {
        const int64_t nothing[VDC_RESOURCES] = {0};
        book_vm_fences(iso, slot, nothing, nothing, 0);
    }
    if (iso->entries[e].vms == 0) drop_entry(iso, host, e);
    if (vm->spec.dedicated_host) state->dedicated--;
    state->ways -= vm->spec.llc_ways;
    state->bandwidth -= vm->spec.memory_bandwidth;
    if (vm->spec.threads != VDC_THREADS_SHARED) {
        uint32_t threads = vdc_threads_needed(class, vm->spec.threads, request->size[VDC_CPU]);
        vdc_threads_give(&iso->threads, host, slot);
        dc->hosts.free[VDC_CPU][host] -= request->size[VDC_CPU] - promise_of_threads(iso, host, threads);
        vdc_datacenter_fence_threads(dc, slot, -(int64_t)threads * class->speed);
    } else if (vm->spec.core_scheduling && class->threads > 1) {
        vdc_datacenter_core_schedule(dc, slot, 0);
    }
}

bool vdc_isolation_owns_threads(const vdc_isolation *iso, uint32_t slot) {
    return iso->vms[slot].spec.threads != VDC_THREADS_SHARED;
}

bool vdc_isolation_arrive(vdc_isolation *iso, uint32_t slot) {
    vdc_request *request = &iso->datacenter->records[slot].request;
    size_t before = iso->vm_capacity;
    if (!VDC_RESERVE(iso->vms, iso->vm_capacity, slot + (size_t)1)) return false;
    if (iso->vm_capacity > before) memset(iso->vms + before, 0, (iso->vm_capacity - before) * sizeof *iso->vms);
    vdc_vm_isolation *vm = &iso->vms[slot];
    *vm = (vdc_vm_isolation){.spec = vdc_isolation_wishes(iso, request), .domain = vdc_isolation_domain(iso, request), .entry = VDC_NOWHERE,
                             .first_meeting = -1};
    if (vm->spec.numa_nodes) request->numa_nodes = (uint8_t)vm->spec.numa_nodes;
    if (request->group) {
        int64_t members = vdc_counts_add(&iso->group_members, request->group, 1);
        if (members < 0) return false;
        request->member = (uint32_t)(members - 1);
    }
    if (iso->attacker && request->tenant == iso->attacker) iso->attackers++;
    return true;
}

void vdc_isolation_leave(vdc_isolation *iso, uint32_t slot) {
    vdc_vm_isolation *vm = &iso->vms[slot];
    uint32_t tenant = iso->datacenter->records[slot].request.tenant;
    iso->exposure_finished += vm->exposure;
    if (iso->attacker) {
        if (tenant == iso->attacker) iso->attackers_hit += vm->hit;
        else iso->others++, iso->others_met += vm->met_attacker;
        if (is_target(iso, tenant)) iso->victims++, iso->victims_met += vm->met_attacker;
    }
    vdc_free(vm->met);
    *vm = (vdc_vm_isolation){.entry = VDC_NOWHERE};
}

/* ---- set-up ---- */

static vdc_code read_names(const vdc_node *list, vdc_names *names, uint32_t **numbers, size_t *count, const char *what, vdc_diag *diag) {
    char buffer[96];
    if (!list) return VDC_OK;
    if (list->kind != VDC_NODE_SEQUENCE || list->count == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "isolation: rules: %s: found %s; allowed: a list of names", what,
                        vdc_node_describe(list, buffer, sizeof buffer));
    *numbers = vdc_calloc(list->count, sizeof **numbers);
    if (!*numbers) return vdc_no_memory(diag, "isolation");
    for (size_t i = 0; i < list->count; i++) {
        const char *text;
        vdc_code code = vdc_node_text(list->children[i], &text, diag);
        if (code) return code;
        if (vdc_names_intern(names, text, strlen(text), &(*numbers)[i])) return vdc_no_memory(diag, "isolation");
        *count = i + 1;
    }
    return VDC_OK;
}

static const vdc_rule_type *find_type(const char *name) {
    for (size_t i = 0; vdc_rule_types[i]; i++)
        if (strcmp(vdc_rule_types[i]->name, name) == 0) return vdc_rule_types[i];
    return NULL;
}

static vdc_code unknown_type(const vdc_node *node, const char *name, vdc_diag *diag) {
    const char *names[64];
    size_t count = 0;
    for (; vdc_rule_types[count] && count < 63; count++) names[count] = vdc_rule_types[count]->name;
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
    if (!code) code = read_names(rule->tenants_node, iso->tenants, &rule->tenants, &rule->tenant_count, "tenants", diag);
    if (!code) code = read_names(rule->groups_node, iso->groups, &rule->groups, &rule->group_count, "groups", diag);
    if (!code && type->read) code = type->read(rule, iso, diag);
    bool spatial = rule->level == VDC_LEVEL_RACK || rule->level == VDC_LEVEL_ZONE || strcmp(type->name, "fault-domains") == 0;
    if (!code && spatial && !iso->datacenter->hosts.rack)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: rules: %s on racks or zones needs datacenter.topology", name);
    if (!code && !type->allows && !hard(rule))
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: rules: %s cannot be soft: it is a guarantee", name);
    if (!hard(rule)) iso->has_soft = true;
    return code;
}

static bool overlap(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count) {
    if (a_count == 0 || b_count == 0) return true;
    for (size_t i = 0; i < a_count; i++)
        if (listed(b, b_count, a[i])) return true;
    return false;
}

/* Pairs of hard rules that no two VMs could both keep. */
static vdc_code contradictions(const vdc_isolation *iso, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < iso->rule_count; i++)
        for (size_t j = 0; j < iso->rule_count; j++) {
            const vdc_rule *together = &iso->rules[i], *apart = &iso->rules[j];
            if (strcmp(together->type->name, "affinity") || strcmp(apart->type->name, "anti-affinity") || !hard(together) || !hard(apart)) continue;
            if (together->of != apart->of || together->level > apart->level || apart->max > 1) continue;
            if (!overlap(together->groups, together->group_count, apart->groups, apart->group_count)
                || !overlap(together->tenants, together->tenant_count, apart->tenants, apart->tenant_count)) continue;
            code = vdc_fail(diag, VDC_ERROR_INPUT, &together->place,
                            "isolation: rules: affinity (line %d) and anti-affinity (line %d) of the same VMs on one %s contradict each other",
                            together->place.line, apart->place.line, vdc_level_names[apart->level]);
        }
    return code;
}

static vdc_code read_rules(vdc_isolation *iso, const vdc_node *node, vdc_diag *diag) {
    static const char *const domains[] = {"tenant", "group", NULL};
    struct values { int domain; const vdc_node *rules; } values;
    static const vdc_param params[] = {
        {.name = "domain", .type = VDC_PARAM_CHOICE, .choices = domains, .fallback = "tenant", .offset = offsetof(struct values, domain),
         .help = "what a trust domain is: a tenant or a group"},
        {.name = "rules", .type = VDC_PARAM_NODE, .offset = offsetof(struct values, rules), .help = "a list of {rule: NAME, …}"},
    };
    vdc_code first = vdc_params_read(node, params, 2, &values, NULL, "isolation", diag);
    char buffer[96];
    iso->by_group = values.domain == 1;
    if (!values.rules) return first;
    if (values.rules->kind != VDC_NODE_SEQUENCE)
        return vdc_fail(diag, VDC_ERROR_INPUT, &values.rules->place, "isolation: rules: found %s; allowed: a list of {rule: NAME, …}",
                        vdc_node_describe(values.rules, buffer, sizeof buffer));
    for (size_t i = 0; i < values.rules->count; i++) {
        vdc_code code = read_rule(iso, values.rules->children[i], diag);
        if (!first) first = code;
    }
    return first ? first : contradictions(iso, diag);
}

vdc_code vdc_isolation_create(vdc_isolation **isolation, vdc_datacenter *dc, vdc_isolation_specs *specs, vdc_names *tenants, vdc_names *groups,
                              const vdc_node *node, vdc_diag *diag) {
    vdc_isolation *iso = vdc_calloc(1, sizeof *iso);
    *isolation = iso;
    if (!iso) return vdc_no_memory(diag, "isolation");
    *iso = (vdc_isolation){.datacenter = dc, .specs = specs, .tenants = tenants, .groups = groups, .entry_free = VDC_NOWHERE,
                           .launches_to_first_hit = -1};
    uint32_t hosts = dc->hosts.count;
    size_t classes = dc->hosts.class_count + (size_t)1;
    iso->hosts = vdc_calloc((size_t)hosts + 1, sizeof *iso->hosts);
    iso->class_labels = vdc_calloc(classes, sizeof *iso->class_labels);
    iso->class_taints = vdc_calloc(classes, sizeof *iso->class_taints);
    iso->class_ways = vdc_calloc(classes, sizeof *iso->class_ways);
    iso->class_bandwidth = vdc_calloc(classes, sizeof *iso->class_bandwidth);
    if (!iso->hosts || !iso->class_labels || !iso->class_taints || !iso->class_ways || !iso->class_bandwidth)
        return vdc_no_memory(diag, "isolation");
    for (uint32_t h = 0; h < hosts; h++) iso->hosts[h].first = VDC_NOWHERE;
    for (uint16_t k = 0; k < dc->hosts.class_count; k++) {
        const vdc_host_class *class = &dc->hosts.classes[k];
        iso->class_labels[k] = class->labels;
        iso->class_taints[k] = class->taints;
        iso->class_ways[k] = class->llc_ways;
        iso->class_bandwidth[k] = class->memory_bandwidth;
    }
    vdc_code code = vdc_threads_setup(&iso->threads, &dc->hosts, diag);
    return code ? code : read_rules(iso, node, diag);
}

void vdc_isolation_destroy(vdc_isolation *iso) {
    if (!iso) return;
    for (size_t i = 0; i < iso->rule_count; i++) {
        vdc_rule *rule = &iso->rules[i];
        vdc_free(rule->tenants);
        vdc_free(rule->groups);
        vdc_free(rule->conflict_class);
        vdc_counts_free(&rule->counts);
        vdc_counts_free(&rule->sets);
        vdc_counts_free(&rule->left_at);
        vdc_counts_free(&rule->holder);
        for (size_t s = 0; s < rule->spread_count; s++) vdc_free(rule->spreads[s].units_with);
        vdc_free(rule->spreads);
    }
    for (size_t i = 0; i < iso->vm_capacity; i++) vdc_free(iso->vms[i].met);
    vdc_threads_free(&iso->threads);
    vdc_counts_free(&iso->rack_domains);
    vdc_counts_free(&iso->racks);
    vdc_counts_free(&iso->group_members);
    vdc_free(iso->rules);
    vdc_free(iso->class_labels);
    vdc_free(iso->class_taints);
    vdc_free(iso->class_ways);
    vdc_free(iso->class_bandwidth);
    vdc_free(iso->hosts);
    vdc_free(iso->vms);
    vdc_free(iso->entries);
    vdc_free(iso->pair_rate);
    vdc_free(iso->pair_time);
    vdc_free(iso->pair_since);
    vdc_free(iso->targets);
    vdc_free(iso);
}
