/* Exposure: which VMs of different trust domains share a host, a rack or a core, for how long, and who met whom (models.md 4.6).
 *
 * With n VMs on a host, n_d of domain d, the pairs across domains are (n^2 - sum n_d^2) / 2. A VM that comes or goes changes them by
 * n - n_d, and changes two integrals, of n and of n_d: what a VM is exposed to is their difference since it came. So its neighbours need not be
 * looked at. Who met whom is found out when a VM leaves, from who is there and from the order in which domains left the host. All is exact.
 */
#include "models/isolation_internal.h"

#include <string.h>

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

/* The integral so far of a count with that moment. */
static inline vdc_wide integral(int64_t count, vdc_wide moment, vdc_time now) { return (vdc_wide)count * now - moment; }

/* Where the VM's domain, which is there, stands among those of its host: mostly where it stood when the VM came. */
static inline uint32_t domain_of(const vdc_host_isolation *host, const vdc_vm_isolation *vm) {
    const uint32_t at = vm->domain_at;
    return at < host->domains && host->counts[at].domain == vm->domain ? at : vdc_isolation_domain_at(host, vm->domain);
}

/* The integral of the VMs of other domains on a host, since it was empty or longer: only differences mean something. */
static vdc_wide foreign_time(const vdc_isolation *iso, const vdc_host_isolation *host, uint32_t at) {
    return integral((int64_t)host->vms - host->counts[at].vms, host->moment - host->stays[at].moment, iso->datacenter->now);
}

static vdc_wide exposure_alone(const vdc_isolation *iso, uint32_t slot) {
    const vdc_vm_isolation *vm = &iso->vms[slot];
    if (!vm->here) return vm->exposure;
    const vdc_host_isolation *host = &iso->hosts[iso->datacenter->vms[slot].host];
    return vm->exposure + foreign_time(iso, host, domain_of(host, vm)) - vm->foreign_at_start;
}

vdc_wide vdc_isolation_exposure(const vdc_isolation *iso, uint32_t slot) {
    return exposure_alone(iso, slot) + (iso->vms[slot].doubled ? exposure_alone(iso, iso->vms[slot].part) : 0);
}

/* A VM of the domain at `at` comes or goes: its pairs with the VMs of the others. */
static void count_pairs(vdc_isolation *iso, const vdc_host_isolation *host, uint32_t at, int sign) {
    const uint32_t domain = host->counts[at].domain;
    const vdc_time now = sign * iso->datacenter->now;
    if (domain >= VDC_MATRIX_DOMAINS) return;
    vdc_domain_pair *row = iso->pairs + (size_t)domain * VDC_MATRIX_DOMAINS;
    for (uint32_t i = 0; i < host->domains; i++) {
        const vdc_domain_count *other = &host->counts[i];
        if (other->domain >= VDC_MATRIX_DOMAINS || i == at) continue;
        row[other->domain].pairs += sign * (int64_t)other->vms;
        row[other->domain].moment += (vdc_wide)now * other->vms;
    }
}

vdc_wide vdc_isolation_pair_time(const vdc_isolation *iso, uint32_t a, uint32_t b) {
    if (a == b || a >= VDC_MATRIX_DOMAINS || b >= VDC_MATRIX_DOMAINS) return 0;
    const vdc_domain_pair *one = &iso->pairs[(size_t)a * VDC_MATRIX_DOMAINS + b], *other = &iso->pairs[(size_t)b * VDC_MATRIX_DOMAINS + a];
    return integral(one->pairs + other->pairs, one->moment + other->moment, iso->datacenter->now);
}

static void count_in_rack(vdc_isolation *iso, uint32_t host, uint32_t domain, int sign) {
    if (!iso->rack_vms) return;
    const uint32_t rack = iso->datacenter->hosts.rack[host];
    const int64_t same = domain < VDC_LOW_DOMAINS && iso->rack_low ? (iso->rack_low[(size_t)rack * VDC_LOW_DOMAINS + domain] += sign)
                                                                   : vdc_counts_add(&iso->rack_domains, vdc_key(rack, domain), sign);
    if (same < 0) iso->out_of_memory = true;
    iso->rack_vms[rack] += sign;
    iso->exposure_rack += sign * (iso->rack_vms[rack] - same);
}

/* ---- meetings ---- */

static void note_met(vdc_isolation *iso, vdc_vm_isolation *vm, uint32_t domain) {
    vm->acquainted = true;
    if (domain < 64) {
        vm->met_low |= UINT64_C(1) << domain;
        return;
    }
    if (vdc_is_listed(vm->met, vm->met_count, domain)) return;
    size_t room = vm->met_room;
    if (!VDC_RESERVE(vm->met, room, vm->met_count + (size_t)1)) {
        iso->out_of_memory = true;
        return;
    }
    vm->met_room = (uint32_t)room;
    vm->met[vm->met_count++] = domain;
}

void vdc_isolation_note_acquaintances(vdc_isolation *iso, vdc_vm_isolation *vm, const vdc_vm_isolation *part) {
    vm->acquainted = vm->acquainted || part->acquainted;
    vm->met_low |= part->met_low;
    for (uint32_t i = 0; i < part->met_count; i++) note_met(iso, vm, part->met[i]);
}

/* Notes whom the VM has met on its host: who left since it came, and who is there. */
static void note_meetings(vdc_isolation *iso, const vdc_host_isolation *host, vdc_vm_isolation *vm) {
    for (uint32_t i = host->exit_count; i-- > 0 && host->exits[i].arrival >= vm->arrival;) note_met(iso, vm, host->exits[i].domain);
    for (uint32_t i = 0; i < host->domains; i++)
        if (host->counts[i].domain != vm->domain) note_met(iso, vm, host->counts[i].domain);
}

int64_t vdc_isolation_domains_met(vdc_isolation *iso, uint32_t slot) {
    vdc_vm_isolation *vm = &iso->vms[slot];
    if (vm->here) note_meetings(iso, &iso->hosts[iso->datacenter->vms[slot].host], vm);
    if (vm->doubled) {
        vdc_vm_isolation *part = &iso->vms[vm->part];
        if (part->here) note_meetings(iso, &iso->hosts[iso->datacenter->vms[vm->part].host], part);
        vdc_isolation_note_acquaintances(iso, vm, part);
    }
    return __builtin_popcountll(vm->met_low) + (int64_t)vm->met_count;
}

/* It is beside a foreign domain for the first time, and with it the VM that it is a second part of. */
static void note_first_meeting(vdc_isolation *iso, vdc_vm_isolation *vm) {
    const vdc_datacenter *dc = iso->datacenter;
    vm->first_meeting = dc->now;
    if (vm->whole == VDC_NOWHERE || iso->vms[vm->whole].first_meeting >= 0) return;
    iso->vms[vm->whole].first_meeting = dc->now;
    if (iso->vms[vm->whole].here) iso->hosts[dc->vms[vm->whole].host].unmet--;
}

/* The first foreign domain has come: all who were among themselves meet it. */
static void meet_first(vdc_isolation *iso, uint32_t host) {
    const vdc_datacenter *dc = iso->datacenter;
    for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next)
        if (iso->vms[slot].first_meeting < 0) note_first_meeting(iso, &iso->vms[slot]);
    iso->hosts[host].unmet = 0;
}

/* Forgets exits that no VM here has met, and all but the latest of each domain. */
static void forget_exits(const vdc_isolation *iso, uint32_t h) {
    vdc_host_isolation *host = &iso->hosts[h];
    uint64_t oldest = UINT64_MAX;
    uint32_t kept = host->exit_count; /* from here on */
    if (kept == 0) return;
    for (uint32_t slot = iso->datacenter->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = iso->datacenter->vms[slot].next)
        if (iso->vms[slot].here && iso->vms[slot].arrival < oldest) oldest = iso->vms[slot].arrival;
    for (uint32_t i = host->exit_count; i-- > 0 && host->exits[i].arrival >= oldest;) {
        bool again = false;
        for (uint32_t j = kept; j < host->exit_count && !again; j++) again = host->exits[j].domain == host->exits[i].domain;
        if (!again) host->exits[--kept] = host->exits[i];
    }
    host->exit_count -= kept;
    memmove(host->exits, host->exits + kept, host->exit_count * sizeof *host->exits);
}

static void note_exit(vdc_isolation *iso, uint32_t h, uint32_t domain) {
    vdc_host_isolation *host = &iso->hosts[h];
    if (host->exit_count == host->exit_room) {
        forget_exits(iso, h);
        size_t room = host->exit_room;
        if (host->exit_count > room / 2 || room == 0) {
            if (!VDC_RESERVE(host->exits, room, 2 * room + 8)) {
                iso->out_of_memory = true;
                return;
            }
            host->exit_room = (uint32_t)room;
        }
    }
    host->exits[host->exit_count++] = (vdc_domain_exit){iso->arrivals, domain};
}

static void meet_attackers(vdc_isolation *iso, uint32_t slot, uint32_t host) {
    const vdc_datacenter *dc = iso->datacenter;
    for (uint32_t other = iso->attack.tenant ? dc->hosts.account[host].first_vm : VDC_NOWHERE; other != VDC_NOWHERE; other = dc->vms[other].next)
        if (other != slot) vdc_isolation_attack_meets(iso, slot, other);
}

/* ---- scrubbing ---- */

void vdc_isolation_scrub_arrival(vdc_isolation *iso, uint32_t slot) {
    if (!iso->scrubs) return;
    const vdc_datacenter *dc = iso->datacenter;
    vdc_scrub *host = &iso->scrubs[dc->vms[slot].host];
    const uint32_t domain = iso->vms[slot].domain;
    if (host->left_at == dc->now + 1 && host->domain == domain) { /* the domain never was away */
        host->now = host->before;
        host->left_at = 0;
        if (host->number == dc->records[slot].request.number) return;
    }
    const int which = host->now.domain[0] == domain;
    if (host->now.left_at[which] > 0 && dc->now - (host->now.left_at[which] - 1) < iso->scrub) iso->scrub_gaps++;
}

void vdc_isolation_scrub_departure(vdc_isolation *iso, uint32_t slot, bool last) {
    if (!iso->scrubs) return;
    const vdc_datacenter *dc = iso->datacenter;
    const uint32_t domain = iso->vms[slot].domain;
    vdc_scrub *host = &iso->scrubs[dc->vms[slot].host];
    host->before = host->now;
    host->number = dc->records[slot].request.number;
    host->domain = domain;
    host->left_at = dc->now + 1;
    if (!last) return;
    if (host->now.domain[0] != domain) {
        host->now.domain[1] = host->now.domain[0];
        host->now.left_at[1] = host->now.left_at[0];
        host->now.domain[0] = domain;
    }
    host->now.left_at[0] = dc->now + 1;
}

/* ---- the domains of a host ---- */

/* Where the domain stands, or comes to stand; false when memory is out. */
static bool domain_for(vdc_isolation_refused *refused, uint32_t h, vdc_host_isolation *host, uint32_t domain, uint32_t *at) {
    *at = vdc_isolation_domain_at(host, domain);
    if (*at < host->domains) return true;
    size_t room = host->room, same = host->room;
    if (!VDC_RESERVE(host->counts, room, host->domains + (size_t)1) || !VDC_RESERVE(host->stays, same, host->domains + (size_t)1)) return false;
    host->room = (uint32_t)room;
    host->counts[host->domains] = (vdc_domain_count){domain, 0};
    host->stays[host->domains++] = (vdc_domain_stay){0};
    vdc_isolation_refusals_owned(refused, h, domain, 1);
    return true;
}

bool vdc_isolation_is_exposed(const vdc_host_class *class, const vdc_isolation_spec *wishes) {
    return class->threads > 1 && wishes->threads == VDC_THREADS_SHARED && !wishes->core_scheduling;
}

/* A VM of the domain at `at` came (+1) or goes (-1); `exposed`: others may share a core with it. */
static void count_vm(vdc_isolation *iso, vdc_host_isolation *host, uint32_t at, bool exposed, int sign) {
    vdc_domain_count *count = &host->counts[at];
    vdc_domain_stay *stay = &host->stays[at];
    const vdc_time change = sign * iso->datacenter->now;
    iso->exposure_host += sign * (int64_t)(host->vms - count->vms);
    host->vms += (uint32_t)sign;
    host->moment += change;
    count->vms += (uint32_t)sign;
    stay->moment += change;
    if (!exposed) return;
    iso->exposure_core += sign * (int64_t)(host->exposed - stay->exposed);
    host->exposed += (uint32_t)sign;
    stay->exposed += (uint32_t)sign;
}

bool vdc_isolation_come(vdc_isolation *iso, uint32_t slot) {
    const vdc_datacenter *dc = iso->datacenter;
    const uint32_t h = dc->vms[slot].host;
    vdc_host_isolation *host = &iso->hosts[h];
    vdc_vm_isolation *vm = &iso->vms[slot];
    uint32_t at;
    if (!domain_for(iso->refused, h, host, vm->domain, &at)) return false;
    if (host->vms == 0) vdc_isolation_refusals_occupied(iso->refused, h, 1);
    count_vm(iso, host, at, vdc_isolation_is_exposed(&dc->hosts.classes[dc->hosts.class_of[h]], &vm->spec), 1);
    count_pairs(iso, host, at, 1);
    count_in_rack(iso, h, vm->domain, 1);
    vm->here = true;
    vm->domain_at = at;
    vm->arrival = ++iso->arrivals;
    vm->foreign_at_start = foreign_time(iso, host, at);
    if (vm->first_meeting < 0 && host->domains > 1) note_first_meeting(iso, vm);
    host->unmet += vm->first_meeting < 0;
    if (host->domains > 1 && host->unmet) meet_first(iso, h);
    meet_attackers(iso, slot, h);
    return true;
}

void vdc_isolation_go(vdc_isolation *iso, uint32_t slot) {
    const vdc_datacenter *dc = iso->datacenter;
    const uint32_t h = dc->vms[slot].host;
    vdc_host_isolation *host = &iso->hosts[h];
    vdc_vm_isolation *vm = &iso->vms[slot];
    const uint32_t at = domain_of(host, vm);
    vm->exposure += foreign_time(iso, host, at) - vm->foreign_at_start;
    if (dc->track_vms) note_meetings(iso, host, vm);
    host->unmet -= vm->first_meeting < 0;
    count_pairs(iso, host, at, -1);
    count_vm(iso, host, at, vdc_isolation_is_exposed(&dc->hosts.classes[dc->hosts.class_of[h]], &vm->spec), -1);
    count_in_rack(iso, h, vm->domain, -1);
    vm->here = false;
    vdc_isolation_scrub_departure(iso, slot, host->counts[at].vms == 0);
    if (host->counts[at].vms) return;
    host->counts[at] = host->counts[--host->domains];
    host->stays[at] = host->stays[host->domains];
    vdc_isolation_refusals_owned(iso->refused, h, vm->domain, -1);
    if (host->vms) {
        if (dc->track_vms) note_exit(iso, h, vm->domain);
    } else {
        vdc_isolation_refusals_occupied(iso->refused, h, -1);
        host->exit_count = 0;
    }
}

/* ---- sockets ---- */

/* The NUMA nodes that it is bound to say where it runs, else the threads that it owns; else it floats over the host. */
uint64_t vdc_isolation_sockets(const vdc_isolation *iso, uint32_t slot) {
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[dc->vms[slot].host]];
    if (class->sockets < 2 || class->sockets > 64) return UINT64_MAX;
    const uint64_t nodes = dc->records[slot].numa_nodes;
    const uint64_t *threads = slot < iso->threads.set_count ? iso->threads.sets[slot] : NULL;
    uint64_t sockets = 0;
    if (!nodes && !threads) return UINT64_MAX;
    for (uint32_t node = 0; nodes && node < 64; node++)
        if (nodes >> node & 1) sockets |= UINT64_C(1) << (node / class->numa);
    const uint32_t per_socket = (uint32_t)class->cores * class->threads;
    for (uint32_t thread = 0; !nodes && thread < class->sockets * per_socket; thread++)
        if (threads[thread / 64] >> (thread % 64) & 1) sockets |= UINT64_C(1) << (thread / per_socket);
    return sockets;
}

static inline uint64_t sockets_of(const vdc_vm_isolation *vm) { return vm->bound ? vm->sockets : UINT64_MAX; }

/* Pairs that may run on one socket are those of the host, unless some of its VMs are bound: then they are looked at one by one. */
void vdc_isolation_count_sockets(vdc_isolation *iso, uint32_t slot, int sign) {
    const vdc_datacenter *dc = iso->datacenter;
    vdc_vm_isolation *vm = &iso->vms[slot];
    const uint32_t host = dc->vms[slot].host;
    vdc_host_isolation *state = &iso->hosts[host];
    if (sign > 0) {
        const uint64_t sockets = vdc_isolation_sockets(iso, slot);
        vm->bound = sockets != UINT64_MAX;
        if (vm->bound) vm->sockets = sockets;
    }
    int64_t pairs = 0;
    if (!vm->bound && state->bound == 0) {
        pairs = (int64_t)state->vms - state->counts[domain_of(state, vm)].vms;
    } else {
        for (uint32_t other = dc->hosts.account[host].first_vm; other != VDC_NOWHERE; other = dc->vms[other].next)
            pairs += other != slot && iso->vms[other].domain != vm->domain && (sockets_of(&iso->vms[other]) & sockets_of(vm)) != 0;
    }
    iso->exposure_socket += sign * pairs;
    if (vm->bound) state->bound += (uint32_t)sign;
}
