/* What the files of isolation (models/isolation*.c) share: see isolation.h for what others may use. */
#ifndef VDC_MODELS_ISOLATION_INTERNAL_H
#define VDC_MODELS_ISOLATION_INTERNAL_H

#include "models/isolation.h"

static inline bool vdc_rule_is_hard(const vdc_rule *rule) { return rule->mode == 0; }

static inline bool vdc_is_listed(const uint32_t *numbers, size_t count, uint32_t number) {
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number) return true;
    return false;
}

/* A VM with own threads keeps its memory to itself, too, where memory is not overcommitted (accounts.md, fence rules). */
static inline bool vdc_isolation_fences_memory(const vdc_host_class *class) { return class->capacity[VDC_MEMORY] == class->physical[VDC_MEMORY]; }

/* What two hard rules of one kind ask for that no VM can have both, in words; NULL: nothing. */
static inline const char *vdc_rules_disagree(const vdc_rule *a, const vdc_rule *b) {
    if (a->type != b->type) return NULL;
    return a->threads != b->threads ? "different `threads`" : a->nodes != b->nodes ? "different `nodes`" : NULL;
}

/* isolation.c */
/* vdc_isolation_wishes without a copy: holds until another VM is asked about or arrives. */
const vdc_isolation_spec *vdc_isolation_wishes_of(const vdc_isolation *isolation, const vdc_request *request);

/* isolation_setup.c */
/* Holds names that are new against the selection's prefixes. False when memory is out. */
bool vdc_selection_follow(vdc_selection *selection, const vdc_names *names);

/* isolation_exposure.c */
/* Where a domain stands among those of a host; its number of domains when it is not there. */
static inline uint32_t vdc_isolation_domain_at(const vdc_host_isolation *host, uint32_t domain) {
    uint32_t at = 0;
    while (at < host->domains && host->counts[at].domain != domain) at++;
    return at;
}
/* VMs of the domain on the host. */
static inline uint32_t vdc_isolation_vms_of(const vdc_host_isolation *host, uint32_t domain) {
    const uint32_t at = vdc_isolation_domain_at(host, domain);
    return at < host->domains ? host->counts[at].vms : 0;
}
/* A VM comes to its host or goes: counts it with its domain, and the pairs that it makes. False when memory is out, and nothing changed. */
bool vdc_isolation_come(vdc_isolation *isolation, uint32_t slot);
void vdc_isolation_go(vdc_isolation *isolation, uint32_t slot);
/* The same for VMs that may run on one socket, after its threads were taken or before they are given back. */
void vdc_isolation_count_sockets(vdc_isolation *isolation, uint32_t slot, int sign);
/* The sockets that the VM on its host may run on; all bits = anywhere. */
uint64_t vdc_isolation_sockets(const vdc_isolation *isolation, uint32_t slot);
/* Others may share a core with it: it floats over cores of several threads and no cookie keeps them apart. */
bool vdc_isolation_is_exposed(const vdc_host_class *class, const vdc_isolation_spec *wishes);
/* The VM has met all that its second part has met so far. */
void vdc_isolation_note_acquaintances(vdc_isolation *isolation, vdc_vm_isolation *vm, const vdc_vm_isolation *part);
/* A VM comes to its host: was another domain there too short a time ago? One leaves, maybe as the last of its domain: remembers that. Where a VM is back
 * at the instant at which it or its second part left, for another size or because it takes its part's place, nobody came and nobody left. */
void vdc_isolation_scrub_arrival(vdc_isolation *isolation, uint32_t slot);
void vdc_isolation_scrub_departure(vdc_isolation *isolation, uint32_t slot, bool last);

/* isolation_recount.c */
/* VMs that break the rule, counted anew from where they are; shares no code with the rules' counters. -1 when memory is out. */
int64_t vdc_isolation_recount(const vdc_isolation *isolation, const vdc_rule *rule);

/* isolation_refusals.c */
/* The rule counted a VM in the host's unit (+1), or no longer (-1). */
void vdc_isolation_refusals_follow(const vdc_isolation *isolation, vdc_rule *rule, uint32_t host, const vdc_request *request, int sign);
/* A host's first VM came (+1) or its last one left (-1); the same of a domain's on the host. */
void vdc_isolation_refusals_occupied(vdc_isolation_refused *all, uint32_t host, int sign);
void vdc_isolation_refusals_owned(vdc_isolation_refused *all, uint32_t host, uint32_t domain, int sign);
void vdc_isolation_refusals_free(vdc_rule *rule);
void vdc_isolation_refusals_close(vdc_isolation_refused *all);
/* Units whose bit or count is not what the rule's counters say. */
int64_t vdc_isolation_refusals_wrong(const vdc_isolation *isolation, const vdc_rule *rule);
/* Hosts whose bit in the sets of VMs with dedicated hosts is not what is there. */
int64_t vdc_isolation_owned_wrong(const vdc_isolation *isolation);

/* isolation_fences.c */
/* Books nothing any more for a VM that leaves its host. */
void vdc_isolation_release_fences(vdc_isolation *isolation, uint32_t slot);

/* isolation_attack.c */
/* Two VMs share a host from now on. */
void vdc_isolation_attack_meets(vdc_isolation *isolation, uint32_t slot, uint32_t other);
/* The VM is gone for good. */
void vdc_isolation_attack_leaves(vdc_isolation *isolation, uint32_t slot);

#endif
