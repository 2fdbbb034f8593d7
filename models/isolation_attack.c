/* The attacker's view (models.md 4.6): whose VMs it got to share a host with, and after how many launches.
 * Measures after Han et al., IEEE TDSC 2017 (efficiency, coverage, fewest launches) and Azar et al., CCSW 2014 (co-location resistance).
 */
#include "models/isolation_internal.h"

#include <string.h>

static bool attacks(const vdc_isolation *iso) { return iso->attack.tenant != 0; }

vdc_code vdc_isolation_attack(vdc_isolation *iso, const char *tenant, const vdc_node *targets, vdc_diag *diag) {
    vdc_attack *attack = &iso->attack;
    if (vdc_names_intern(iso->tenants, tenant, strlen(tenant), &attack->tenant)) return vdc_no_memory(diag, "the attack");
    attack->targets = vdc_calloc(targets->count + 1, sizeof *attack->targets);
    if (!attack->targets) return vdc_no_memory(diag, "the attack");
    for (size_t i = 0; i < targets->count; i++) {
        const char *text;
        vdc_code code = vdc_node_text(targets->children[i], &text, diag);
        if (code) return code;
        if (vdc_names_intern(iso->tenants, text, strlen(text), &attack->targets[i])) return vdc_no_memory(diag, "the attack");
        attack->target_count = i + 1;
    }
    return VDC_OK;
}

static bool is_target(const vdc_attack *attack, uint32_t tenant) {
    return vdc_is_listed(attack->targets, attack->target_count, tenant);
}

/* The VM that a second part is one of, or the VM itself. */
static uint32_t whole_of(const vdc_isolation *iso, uint32_t slot) { return iso->vms[slot].whole == VDC_NOWHERE ? slot : iso->vms[slot].whole; }

void vdc_isolation_attack_meets(vdc_isolation *iso, uint32_t slot, uint32_t other) {
    vdc_attack *attack = &iso->attack;
    if (!attacks(iso)) return;
    uint32_t a = iso->datacenter->records[slot].request.tenant, b = iso->datacenter->records[other].request.tenant;
    if ((a == attack->tenant) == (b == attack->tenant)) return;
    const uint32_t attacker = whole_of(iso, a == attack->tenant ? slot : other), victim = whole_of(iso, a == attack->tenant ? other : slot);
    iso->vms[victim].met_attacker = true;
    if (iso->vms[attacker].hit || !is_target(attack, a == attack->tenant ? b : a)) return;
    iso->vms[attacker].hit = true;
    if (attack->counts.launches_to_first_hit == 0) attack->counts.launches_to_first_hit = attack->counts.launches;
}

static void count(const vdc_isolation *iso, uint32_t slot, vdc_attack_counts *counts) {
    const vdc_vm_record *record = &iso->datacenter->records[slot];
    const vdc_vm_isolation *vm = &iso->vms[slot];
    if (record->request.tenant == iso->attack.tenant) {
        counts->launches_placed += record->first_start >= 0;
        counts->hits += vm->hit;
        return;
    }
    if (record->first_start < 0) return; /* whom nobody could meet */
    counts->others++;
    counts->others_met += vm->met_attacker;
    if (!is_target(&iso->attack, record->request.tenant)) return;
    counts->targets++;
    counts->targets_met += vm->met_attacker;
}

void vdc_isolation_attack_leaves(vdc_isolation *iso, uint32_t slot) {
    if (attacks(iso)) count(iso, slot, &iso->attack.counts);
}

vdc_attack_counts vdc_isolation_attack_counts(const vdc_isolation *iso) {
    vdc_attack_counts counts = iso->attack.counts;
    for (uint32_t slot = 0; attacks(iso) && slot < iso->datacenter->vm_count; slot++)
        if (iso->datacenter->vms[slot].state != VDC_VM_FREE && iso->vms[slot].whole == VDC_NOWHERE) count(iso, slot, &counts);
    return counts;
}
