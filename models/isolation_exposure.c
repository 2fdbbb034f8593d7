/* Exposure: which VMs of different trust domains share a host, a rack or a core, for how long, and who met whom (models.md 4.6).
 *
 * With n VMs on a host, n_d of domain d, the pairs across domains are (n^2 - sum n_d^2) / 2. A VM that comes or goes changes them by
 * n - n_d, so an event costs O(domains of the host), and the integrals are exact.
 */
#include "models/isolation_internal.h"

void vdc_isolation_advance(vdc_isolation *iso) {
    vdc_time now = iso->datacenter->now, span = now - iso->since;
    if (span == 0) return;
    iso->since = now;
    iso->exposure_host_time += (vdc_wide)iso->exposure_host * span;
    iso->exposure_socket_time += (vdc_wide)iso->exposure_socket * span;
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
    if (!iso->pairs || a >= iso->pair_size || b >= iso->pair_size) return;
    size_t cell = a < b ? (size_t)a * iso->pair_size + b : (size_t)b * iso->pair_size + a;
    vdc_domain_pair *pair = &iso->pairs[cell];
    vdc_time now = iso->datacenter->now;
    pair->time += (vdc_wide)pair->rate * (now - pair->since);
    pair->since = now;
    pair->rate += change;
}

vdc_wide vdc_isolation_pair_time(const vdc_isolation *iso, uint32_t a, uint32_t b) {
    if (a == b || a >= iso->pair_size || b >= iso->pair_size) return 0;
    size_t cell = a < b ? (size_t)a * iso->pair_size + b : (size_t)b * iso->pair_size + a;
    const vdc_domain_pair *pair = &iso->pairs[cell];
    return pair->time + (vdc_wide)pair->rate * (iso->datacenter->now - pair->since);
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

bool vdc_isolation_note_met(vdc_isolation *iso, vdc_vm_isolation *vm, uint32_t domain) {
    if (domain < 64) {
        if (vm->met_low >> domain & 1) return false;
        vm->met_low |= UINT64_C(1) << domain;
    } else if (vdc_is_listed(vm->met, vm->met_count, domain)) {
        return false;
    }
    if (VDC_RESERVE(vm->met, vm->met_capacity, vm->met_count + 1)) vm->met[vm->met_count++] = domain;
    else iso->out_of_memory = true;
    return true;
}

static void meet(vdc_isolation *iso, uint32_t slot, uint32_t domain) {
    vdc_vm_isolation *vm = &iso->vms[slot];
    if (vdc_isolation_note_met(iso, vm, domain) && vm->first_meeting < 0) vm->first_meeting = iso->datacenter->now;
}

void vdc_isolation_meet_all(vdc_isolation *iso, uint32_t slot, uint32_t host) {
    const vdc_datacenter *dc = iso->datacenter;
    uint32_t domain = iso->vms[slot].domain;
    for (uint32_t other = dc->first_vm[host], next; other != VDC_NOWHERE; other = next) {
        next = dc->vms[other].next;
        if (next != VDC_NOWHERE) __builtin_prefetch(&iso->vms[next].domain, 1);
        if (other == slot) continue;
        vdc_isolation_attack_meets(iso, slot, other);
        if (iso->vms[other].domain == domain) continue;
        meet(iso, slot, iso->vms[other].domain);
        meet(iso, other, domain);
    }
}

/* ---- scrubbing ---- */

void vdc_isolation_scrub_arrival(vdc_isolation *iso, uint32_t host, uint32_t domain) {
    if (!iso->scrubs) return;
    vdc_scrub *left = &iso->scrubs[host];
    int which = left->domain[0] == domain;
    if (which && left->left_at[0] == iso->datacenter->now + 1) left->left_at[0] = 0; /* it never was away, such as for a resize */
    if (left->left_at[which] > 0 && iso->datacenter->now - (left->left_at[which] - 1) < iso->scrub) iso->scrub_gaps++;
}

void vdc_isolation_scrub_departure(vdc_isolation *iso, uint32_t host, uint32_t domain) {
    if (!iso->scrubs) return;
    vdc_scrub *left = &iso->scrubs[host];
    if (left->domain[0] != domain) {
        left->domain[1] = left->domain[0];
        left->left_at[1] = left->left_at[0];
        left->domain[0] = domain;
    }
    left->left_at[0] = iso->datacenter->now + 1;
}

/* ---- the domains of a host ---- */

uint32_t vdc_isolation_entry(vdc_isolation *iso, uint32_t host, uint32_t domain) {
    for (uint32_t e = iso->hosts[host].first; e != VDC_NOWHERE; e = iso->entries[e].next)
        if (iso->entries[e].domain == domain) return e;
    uint32_t e = iso->entry_free;
    if (e != VDC_NOWHERE) {
        iso->entry_free = iso->entries[e].next;
    } else {
        if (!VDC_RESERVE_LINES(iso->entries, iso->entry_capacity, iso->entry_count + (size_t)1)) return VDC_NOWHERE;
        e = iso->entry_count++;
    }
    iso->entries[e] = (vdc_domain_entry){.domain = domain, .since = iso->datacenter->now};
    vdc_isolation_link_entry(iso, host, e);
    return e;
}

void vdc_isolation_link_entry(vdc_isolation *iso, uint32_t host, uint32_t e) {
    iso->entries[e].next = iso->hosts[host].first;
    iso->hosts[host].first = e;
    iso->hosts[host].domains++;
}

void vdc_isolation_unlink_entry(vdc_isolation *iso, uint32_t host, uint32_t e) {
    uint32_t *link = &iso->hosts[host].first;
    while (*link != e) link = &iso->entries[*link].next;
    *link = iso->entries[e].next;
    iso->hosts[host].domains--;
}

void vdc_isolation_drop_entry(vdc_isolation *iso, uint32_t host, uint32_t e) {
    vdc_isolation_unlink_entry(iso, host, e);
    iso->entries[e].next = iso->entry_free;
    iso->entry_free = e;
}

bool vdc_isolation_is_exposed(const vdc_host_class *class, const vdc_isolation_spec *wishes) {
    return class->threads > 1 && wishes->threads == VDC_THREADS_SHARED && !wishes->core_scheduling;
}

void vdc_isolation_count_exposure(vdc_isolation *iso, uint32_t host, uint32_t e, bool exposed, int sign) {
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

/* ---- sockets ---- */

/* The NUMA nodes that it is bound to say where it runs, else the threads that it owns; else it floats over the host. */
uint64_t vdc_isolation_sockets(const vdc_isolation *iso, uint32_t slot) {
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[dc->vms[slot].host]];
    const uint64_t nodes = dc->records[slot].numa_nodes;
    const uint64_t *threads = slot < iso->threads.set_count ? iso->threads.sets[slot] : NULL;
    uint64_t sockets = 0;
    if (class->sockets < 2 || class->sockets > 64 || (!nodes && !threads)) return UINT64_MAX;
    for (uint32_t node = 0; nodes && node < 64; node++)
        if (nodes >> node & 1) sockets |= UINT64_C(1) << (node / class->numa);
    const uint32_t per_socket = (uint32_t)class->cores * class->threads;
    for (uint32_t thread = 0; !nodes && thread < class->sockets * per_socket; thread++)
        if (threads[thread / 64] >> (thread % 64) & 1) sockets |= UINT64_C(1) << (thread / per_socket);
    return sockets;
}

/* Pairs that may run on one socket are those of the host, unless some of its VMs are bound: then they are looked at one by one. */
void vdc_isolation_count_sockets(vdc_isolation *iso, uint32_t slot, int sign) {
    const vdc_datacenter *dc = iso->datacenter;
    vdc_vm_isolation *vm = &iso->vms[slot];
    const uint32_t host = dc->vms[slot].host;
    vdc_host_isolation *state = &iso->hosts[host];
    if (sign > 0) vm->sockets = vdc_isolation_sockets(iso, slot);
    int64_t pairs = 0;
    if (vm->sockets == UINT64_MAX && state->bound == 0) {
        pairs = (int64_t)state->vms - iso->entries[vm->entry].vms;
    } else {
        for (uint32_t other = dc->first_vm[host]; other != VDC_NOWHERE; other = dc->vms[other].next)
            pairs += other != slot && iso->vms[other].domain != vm->domain && (iso->vms[other].sockets & vm->sockets) != 0;
    }
    iso->exposure_socket += sign * pairs;
    if (vm->sockets != UINT64_MAX) state->bound = (uint32_t)((int64_t)state->bound + sign);
}
