/* Units that rules refuse, kept as bits for sets (groups, tenants) that searches ask about in vain: see refusals.h.
 *
 * Best-fit under "one VM of a tenant on a host" prefers the hosts in use, and the tenant is on most of them: a decision would ask about each,
 * and each question looks into a table. So once a set was asked about often enough in vain, its counts are copied into an array over the
 * units, and a bit says of each unit whether it has as many as it may have. Both follow every change from then on; where the limit itself
 * moves (the emptiest unit of a spread), the bits are set anew when they are next asked for. The counters stay what decides: the bits
 * only say the same more quickly.
 */
#include "models/isolation_internal.h"

#include <string.h>

enum { ASKED_SHARE = 4 };                              /* of the units, asked in vain: then the array is worth its making */
static const size_t BYTES_MOST = (size_t)64 << 20;     /* of all arrays together; sets beyond that are asked about one by one */

/* The hosts that a domain has VMs on: of those in use, the only ones that its VMs with dedicated hosts may come to. */
typedef struct vdc_owned_hosts {
    uint64_t *bits;      /* NULL: not worth it yet */
    uint32_t hosts;
    uint64_t in_vain;
} owned_hosts;

struct vdc_refused_set {
    int64_t limit;       /* the bits are those of units with so many or more */
    uint64_t *bits;      /* NULL: not worth it yet */
    int32_t *counts;     /* [unit] */
    uint32_t refused;
    uint64_t in_vain;
};

static void set_bits(vdc_refused_set *set, uint32_t units, int64_t limit) {
    set->limit = limit;
    set->refused = 0;
    for (uint32_t first = 0; first < units; first += 64) {
        uint64_t word = 0;
        for (uint32_t i = 0; i < 64 && first + i < units; i++) word |= (uint64_t)(set->counts[first + i] >= limit) << i;
        set->bits[first / 64] = word;
        set->refused += (uint32_t)__builtin_popcountll(word);
    }
}

/* Memory that runs out leaves the set without bits, which costs time only. */
static void make_bits(vdc_isolation_refused *all, vdc_refused_set *set, const vdc_rule *rule, uint32_t number, uint32_t units, int64_t limit) {
    const size_t words = units / 64 + (size_t)1, bytes = words * sizeof *set->bits + units * sizeof *set->counts;
    if (all->bytes + bytes > BYTES_MOST) return;
    set->bits = vdc_calloc(words, sizeof *set->bits);
    set->counts = vdc_calloc(units + (size_t)1, sizeof *set->counts);
    if (!set->bits || !set->counts) {
        vdc_free(set->bits);
        vdc_free(set->counts);
        set->bits = NULL;
        set->counts = NULL;
        return;
    }
    all->bytes += bytes;
    for (uint32_t unit = 0; unit < units; unit++) set->counts[unit] = (int32_t)vdc_counts_get(&rule->counts, vdc_key(number, unit));
    set_bits(set, units, limit);
}

static vdc_refused_set *known(const vdc_rule *rule, uint32_t number) {
    const int64_t index = vdc_counts_get(&rule->refused_of, (uint64_t)number);
    return index ? &rule->refused[index - 1] : NULL;
}

static vdc_refused_set *make(vdc_rule *rule, uint32_t number) {
    vdc_refused_set *set = known(rule, number);
    if (set) return set;
    if (!VDC_RESERVE(rule->refused, rule->refused_capacity, rule->refused_count + 1)) return NULL;
    if (vdc_counts_add(&rule->refused_of, (uint64_t)number, (int64_t)rule->refused_count + 1) < 0) return NULL;
    rule->refused[rule->refused_count] = (vdc_refused_set){0};
    return &rule->refused[rule->refused_count++];
}

/* ---- dedicated hosts ---- */

static inline void set_bit(uint64_t *bits, uint32_t host, bool on) {
    const uint64_t bit = UINT64_C(1) << (host & 63);
    bits[host >> 6] = on ? bits[host >> 6] | bit : bits[host >> 6] & ~bit;
}

static owned_hosts *known_owner(const vdc_isolation_refused *all, uint32_t domain) {
    const int64_t index = all->owned_count ? vdc_counts_get(&all->owned_of, (uint64_t)domain) : 0;
    return index ? &all->owned[index - 1] : NULL;
}

static owned_hosts *make_owner(vdc_isolation_refused *all, uint32_t domain) {
    owned_hosts *owned = known_owner(all, domain);
    if (owned) return owned;
    if (!VDC_RESERVE(all->owned, all->owned_capacity, all->owned_count + 1)) return NULL;
    if (vdc_counts_add(&all->owned_of, (uint64_t)domain, (int64_t)all->owned_count + 1) < 0) return NULL;
    all->owned[all->owned_count] = (owned_hosts){0};
    return &all->owned[all->owned_count++];
}

/* Memory that runs out leaves the domain without bits, which costs time only. */
static void find_owned(const vdc_isolation *iso, owned_hosts *owned, uint32_t domain) {
    vdc_isolation_refused *all = iso->refused;
    const uint32_t hosts = iso->datacenter->hosts.count;
    const size_t words = hosts / 64 + (size_t)1, bytes = words * sizeof *owned->bits;
    if (all->bytes + 2 * bytes > BYTES_MOST) return;
    if (!all->occupied) {
        all->occupied = vdc_calloc(words, sizeof *all->occupied);
        if (!all->occupied) return;
        all->bytes += bytes;
        for (uint32_t host = 0; host < hosts; host++)
            if (iso->hosts[host].vms) set_bit(all->occupied, host, true), all->occupied_count++;
    }
    owned->bits = vdc_calloc(words, sizeof *owned->bits);
    if (!owned->bits) return;
    all->bytes += bytes;
    for (uint32_t host = 0; host < hosts; host++)
        if (vdc_isolation_vms_of(&iso->hosts[host], domain)) set_bit(owned->bits, host, true), owned->hosts++;
}

void vdc_isolation_refusals_occupied(vdc_isolation_refused *all, uint32_t host, int sign) {
    if (!all->occupied) return;
    set_bit(all->occupied, host, sign > 0);
    all->occupied_count += (uint32_t)sign;
}

void vdc_isolation_refusals_owned(vdc_isolation_refused *all, uint32_t host, uint32_t domain, int sign) {
    owned_hosts *owned = known_owner(all, domain);
    if (!owned || !owned->bits) return;
    set_bit(owned->bits, host, sign > 0);
    owned->hosts += (uint32_t)sign;
}

/* Hosts in use that its domain is not on. */
static void dedicated_refusals(const vdc_isolation *iso, const vdc_request *request, uint32_t in_vain, vdc_refusals *out) {
    const uint32_t domain = vdc_isolation_domain(iso, request), hosts = iso->datacenter->hosts.count;
    owned_hosts *owned = in_vain ? make_owner(iso->refused, domain) : known_owner(iso->refused, domain);
    if (!owned) return;
    owned->in_vain += in_vain;
    if (!owned->bits && owned->in_vain >= hosts / ASKED_SHARE) find_owned(iso, owned, domain);
    if (owned->bits)
        out->sets[out->count++] = (vdc_refused_units){.bits = iso->refused->occupied, .but = owned->bits,
                                                      .refused = iso->refused->occupied_count - owned->hosts, .units = hosts};
}

int64_t vdc_isolation_owned_wrong(const vdc_isolation *iso) {
    const vdc_isolation_refused *all = iso->refused;
    int64_t wrong = 0;
    for (uint32_t host = 0; all->occupied && host < iso->datacenter->hosts.count; host++)
        wrong += (iso->datacenter->hosts.vms[host] > 0) != (bool)(all->occupied[host >> 6] >> (host & 63) & 1);
    for (size_t i = 0; i < all->owned_of.size; i++) {
        const vdc_count *place = &all->owned_of.places[i];
        const owned_hosts *owned = place->count ? &all->owned[place->count - 1] : NULL;
        for (uint32_t host = 0; owned && owned->bits && host < iso->datacenter->hosts.count; host++) {
            bool there = false;
            for (uint32_t slot = iso->datacenter->hosts.account[host].first_vm; slot != VDC_NOWHERE && !there; slot = iso->datacenter->vms[slot].next)
                there = iso->vms[slot].domain == place->key;
            wrong += there != (bool)(owned->bits[host >> 6] >> (host & 63) & 1);
        }
    }
    return wrong;
}

void vdc_isolation_refusals_close(vdc_isolation_refused *all) {
    for (size_t i = 0; all && i < all->owned_count; i++) vdc_free(all->owned[i].bits);
    if (!all) return;
    vdc_free(all->owned);
    vdc_free(all->occupied);
    vdc_counts_free(&all->owned_of);
    vdc_free(all);
}

/* ---- rules ---- */

void vdc_isolation_refusals(const vdc_isolation *iso, const vdc_request *request, bool soft, uint32_t in_vain, vdc_refusals *out) {
    const vdc_hosts *hosts = &iso->datacenter->hosts;
    out->count = 0;
    if ((in_vain || iso->refused->occupied) && (iso->has_wishes || request->isolation) && vdc_isolation_wishes_of(iso, request)->dedicated_host)
        dedicated_refusals(iso, request, in_vain, out);
    for (size_t i = 0; i < iso->rule_count && out->count < VDC_REFUSALS_MOST; i++) {
        vdc_rule *rule = &iso->rules[i];
        uint32_t number;
        int64_t limit;
        if (!rule->type->limit || (!soft && !vdc_rule_is_hard(rule)) || (!in_vain && !rule->refused_count)) continue;
        if (!vdc_rule_selects(rule, request) || !rule->type->limit(rule, request, &number, &limit)) continue;
        vdc_refused_set *set = in_vain ? make(rule, number) : known(rule, number);
        if (!set) continue;
        const uint32_t units = iso->units[rule->level];
        set->in_vain += in_vain;
        if (!set->bits && set->in_vain >= units / ASKED_SHARE) make_bits(iso->refused, set, rule, number, units, limit);
        if (!set->bits) continue;
        if (set->limit != limit) set_bits(set, units, limit);
        out->sets[out->count++] = (vdc_refused_units){
            .bits = set->bits, .unit_of = rule->level == VDC_LEVEL_RACK ? hosts->rack : rule->level == VDC_LEVEL_ZONE ? hosts->zone : NULL,
            .unit_end = rule->level == VDC_LEVEL_HOST ? NULL : iso->unit_end[rule->level == VDC_LEVEL_ZONE], .refused = set->refused, .units = units};
    }
}

void vdc_isolation_refusals_follow(const vdc_isolation *iso, vdc_rule *rule, uint32_t host, const vdc_request *request, int sign) {
    uint32_t number;
    int64_t limit;
    if (!rule->refused_count || !rule->type->limit || !rule->type->limit(rule, request, &number, &limit)) return;
    vdc_refused_set *set = known(rule, number);
    if (!set || !set->bits) return;
    const uint32_t unit = vdc_isolation_unit(iso, rule->level, host);
    const uint64_t bit = UINT64_C(1) << (unit & 63), before = set->bits[unit >> 6] & bit;
    set->counts[unit] += sign;
    const bool refused = set->counts[unit] >= set->limit;
    set->bits[unit >> 6] = (set->bits[unit >> 6] & ~bit) | (refused ? bit : 0);
    set->refused = set->refused - (before != 0) + refused;
}

void vdc_isolation_refusals_free(vdc_rule *rule) {
    for (size_t i = 0; i < rule->refused_count; i++) {
        vdc_free(rule->refused[i].bits);
        vdc_free(rule->refused[i].counts);
    }
    vdc_free(rule->refused);
    vdc_counts_free(&rule->refused_of);
}

int64_t vdc_isolation_refusals_wrong(const vdc_isolation *iso, const vdc_rule *rule) {
    int64_t wrong = 0;
    for (uint32_t host = 0; rule->closes && host < iso->datacenter->hosts.count; host++)
        wrong += iso->datacenter->hosts.closed[host] != (vdc_counts_get(&rule->counts, host) >= rule->max);
    for (size_t i = 0; i < rule->refused_of.size; i++) {
        const vdc_count *place = &rule->refused_of.places[i];
        const vdc_refused_set *set = place->count ? &rule->refused[place->count - 1] : NULL;
        if (!set || !set->bits) continue;
        for (uint32_t unit = 0; unit < iso->units[rule->level]; unit++) {
            const int64_t count = vdc_counts_get(&rule->counts, vdc_key((uint32_t)place->key, unit));
            wrong += count != set->counts[unit] || (count >= set->limit) != (bool)(set->bits[unit >> 6] >> (unit & 63) & 1);
        }
    }
    return wrong;
}
