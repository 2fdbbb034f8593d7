/* Isolation's invariants, recounted from where the VMs are: I9, I10, I11, I16, I17 of accounts.md 5.4. */
#include "models/checks.h"
#include "models/isolation_internal.h"
#include "sim/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Owned threads are owned once, by VMs that are here, as many as each wants. */
static void check_threads(vdc_checks *checks, const vdc_isolation *iso, uint32_t host) {
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    const uint64_t *map = iso->threads.owned + (size_t)host * iso->threads.words;
    int64_t owned = 0, fenced = 0;
    uint64_t twice = 0, missing = 0;
    for (uint32_t w = 0; w < iso->threads.words; w++) {
        uint64_t seen = 0;
        for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
            const uint64_t *set = slot < iso->threads.set_count ? iso->threads.sets[slot] : NULL;
            if (!set) continue;
            twice |= seen & set[w];
            seen |= set[w];
        }
        missing |= seen ^ map[w];
        owned += __builtin_popcountll(map[w]);
    }
    for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next)
        fenced += vdc_threads_needed(class, iso->vms[slot].spec.threads, dc->records[slot].request.size[VDC_CPU]);
    vdc_check_equal(checks, VDC_I11_RESERVATIONS, dc->now, (vdc_wide)(twice | missing), 0);
    vdc_check_equal(checks, VDC_I11_RESERVATIONS, dc->now, owned, fenced);
    vdc_check_equal(checks, VDC_I11_RESERVATIONS, dc->now, iso->threads.owned_count[host], fenced);
    vdc_check_equal(checks, VDC_I9_FENCES, dc->now, dc->regions[host].exclusive, fenced * class->speed);
}

static void check_fences(vdc_checks *checks, const vdc_isolation *iso, uint32_t host) {
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    const vdc_host_isolation *state = &iso->hosts[host];
    for (int r = 0; r < VDC_RESOURCES; r++) {
        int64_t capacity = r == VDC_CPU ? class->cpu_hz : class->physical[r];
        vdc_check_at_most(checks, VDC_I9_FENCES, dc->now, state->fence[r] + (r == VDC_CPU ? dc->hosts.account[host].reserved : 0), capacity);
        vdc_check_at_most(checks, VDC_I10_FENCE_PARTS, dc->now, 0, state->waste[r]);
        vdc_check_at_most(checks, VDC_I10_FENCE_PARTS, dc->now, state->waste[r], state->fence[r] + (r == VDC_CPU ? dc->hosts.account[host].reserved : 0));
    }
    vdc_check_at_most(checks, VDC_I10_FENCE_PARTS, dc->now, 0, state->idle);
    vdc_check_at_most(checks, VDC_I10_FENCE_PARTS, dc->now, state->idle, state->fence[VDC_CPU] + dc->hosts.account[host].reserved);
    if (state->dedicated) {
        vdc_check_equal(checks, VDC_I9_FENCES, dc->now, state->fence[VDC_CPU] + dc->hosts.account[host].reserved, class->cpu_hz);
        vdc_check_at_most(checks, VDC_I9_FENCES, dc->now, state->domains, 1);
    }
}

/* Fences by kind: those of classes, hosts and what is fenced altogether agree. */
static void check_kinds(vdc_checks *checks, const vdc_isolation *iso) {
    const vdc_datacenter *dc = iso->datacenter;
    vdc_wide classes[VDC_FENCE_KINDS] = {0}, hosts[VDC_FENCE_KINDS] = {0}, all = 0;
    for (int kind = 0; kind < VDC_FENCE_KINDS; kind++) {
        for (uint16_t k = 0; k < dc->hosts.class_count; k++) classes[kind] += vdc_isolation_class_fenced(iso, k, (vdc_fence_kind)kind);
        for (uint32_t host = 0; host < dc->hosts.count; host++) hosts[kind] += vdc_isolation_host_fenced(iso, host, (vdc_fence_kind)kind);
        vdc_check_equal(checks, VDC_I1_AGGREGATION, dc->now, classes[kind], hosts[kind]);
    }
    for (size_t k = 0; k < dc->class_ledger.count; k++) {
        const vdc_ledger *ledger = &dc->class_ledger;
        all += vdc_ledger_sum(ledger, k, (vdc_flow)(VDC_FLOW_FENCE + VDC_CPU))
               + (vdc_wide)vdc_ledger_rate(ledger, k, (vdc_flow)(VDC_FLOW_FENCE + VDC_CPU)) * (dc->now - ledger->since[k]);
    }
    vdc_check_at_most(checks, VDC_I10_FENCE_PARTS, dc->now, hosts[VDC_FENCE_THREADS] + hosts[VDC_FENCE_DEDICATED], all);
}

/* Pairs of VMs of different domains on the host, counted pair by pair; returns them, and those that may share sockets and cores
 * in *sockets and *cores. */
static int64_t count_pairs(const vdc_isolation *iso, uint32_t host, int64_t *sockets, int64_t *cores) {
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    int64_t pairs = 0;
    for (uint32_t a = dc->hosts.account[host].first_vm; a != VDC_NOWHERE; a = dc->vms[a].next)
        for (uint32_t b = dc->vms[a].next; b != VDC_NOWHERE; b = dc->vms[b].next) {
            if (iso->vms[a].domain == iso->vms[b].domain) continue;
            pairs++;
            bool apart = class->threads < 2 || dc->vms[a].exclusive || dc->vms[b].exclusive || iso->vms[a].spec.core_scheduling
                         || iso->vms[b].spec.core_scheduling;
            *cores += !apart;
            *sockets += (vdc_isolation_sockets(iso, a) & vdc_isolation_sockets(iso, b)) != 0;
        }
    return pairs;
}

/* The domains of a host, how many VMs they have there, and how many VMs were never beside another one. */
static void check_domains(vdc_checks *checks, const vdc_isolation *iso, uint32_t h) {
    const vdc_datacenter *dc = iso->datacenter;
    const vdc_host_isolation *host = &iso->hosts[h];
    uint32_t vms = 0, unmet = 0, counted = 0;
    for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        vms++;
        unmet += iso->vms[slot].first_meeting < 0;
    }
    for (uint32_t i = 0; i < host->domains; i++) {
        uint32_t here = 0;
        for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next)
            here += iso->vms[slot].domain == host->counts[i].domain;
        vdc_check_equal(checks, VDC_I16_RULES, dc->now, host->counts[i].vms, here);
        vdc_check_at_most(checks, VDC_I16_RULES, dc->now, 1, here);
        counted += here;
    }
    vdc_check_equal(checks, VDC_I16_RULES, dc->now, counted, vms);
    vdc_check_equal(checks, VDC_I16_RULES, dc->now, host->vms, vms);
    vdc_check_equal(checks, VDC_I16_RULES, dc->now, host->unmet, unmet);
}

static int by_number(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Pairs of VMs in one rack, rack by rack as (n^2 - sum of n_d^2) / 2. */
static void check_racks(vdc_checks *checks, const vdc_isolation *iso) {
    const vdc_datacenter *dc = iso->datacenter;
    size_t count = 0;
    uint64_t *homes = dc->hosts.rack ? vdc_malloc((dc->vm_count + (size_t)1) * sizeof *homes) : NULL;
    if (!homes) return;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++)
        if (dc->vms[slot].state != VDC_VM_FREE && dc->vms[slot].host != VDC_NOWHERE)
            homes[count++] = vdc_key(dc->hosts.rack[dc->vms[slot].host], iso->vms[slot].domain);
    qsort(homes, count, sizeof *homes, by_number);
    int64_t twice = 0;
    for (size_t begin = 0, end; begin < count; begin = end) {
        int64_t vms = 0;
        for (end = begin; end < count && homes[end] >> 32 == homes[begin] >> 32; end++) vms++;
        twice += vms * vms;
        for (size_t i = begin, j; i < end; i = j) {
            for (j = i; j < end && homes[j] == homes[i];) j++;
            twice -= (int64_t)((j - i) * (j - i));
        }
    }
    vdc_check_equal(checks, VDC_I16_RULES, dc->now, iso->exposure_rack * 2, twice);
    vdc_free(homes);
}

static void check_exposure(vdc_checks *checks, const vdc_isolation *iso) {
    const vdc_datacenter *dc = iso->datacenter;
    int64_t pairs = 0, sockets = 0, cores = 0;
    for (uint32_t host = 0; host < dc->hosts.count; host++) {
        pairs += count_pairs(iso, host, &sockets, &cores);
        check_domains(checks, iso, host);
    }
    check_racks(checks, iso);
    vdc_check_equal(checks, VDC_I16_RULES, dc->now, pairs, iso->exposure_host);
    vdc_check_equal(checks, VDC_I16_RULES, dc->now, sockets, iso->exposure_socket);
    vdc_check_equal(checks, VDC_I16_RULES, dc->now, cores, iso->exposure_core);
    vdc_wide all = iso->exposure_finished;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++)
        if (dc->vms[slot].state != VDC_VM_FREE && iso->vms[slot].whole == VDC_NOWHERE) all += vdc_isolation_exposure(iso, slot); /* its part's, too */
    vdc_wide fleet = iso->exposure_host_time + (vdc_wide)iso->exposure_host * (dc->now - iso->since);
    vdc_check_equal(checks, VDC_I17_EXPOSURE, dc->now, all, 2 * fleet);
    /* The matrix of domains holds the same time, but for domains beyond its edge. */
    const uint32_t domains = (uint32_t)vdc_names_count(iso->by_group ? iso->groups : iso->tenants);
    vdc_wide matrix = 0;
    for (uint32_t a = 0; a < domains && domains <= VDC_MATRIX_DOMAINS; a++)
        for (uint32_t b = 0; b < a; b++) matrix += vdc_isolation_pair_time(iso, a, b);
    if (domains <= VDC_MATRIX_DOMAINS) vdc_check_equal(checks, VDC_I17_EXPOSURE, dc->now, matrix, fleet);
}

/* A rule's counters against those of a copy that counts every VM that is on a host. */
static void check_counters(vdc_checks *checks, const vdc_isolation *iso, const vdc_rule *rule) {
    const vdc_datacenter *dc = iso->datacenter;
    if (!rule->type->change) return;
    vdc_rule fresh = *rule;
    memset(&fresh.counts, 0, sizeof fresh.counts);
    memset(&fresh.sets, 0, sizeof fresh.sets);
    memset(&fresh.values, 0, sizeof fresh.values);
    memset(&fresh.distinct, 0, sizeof fresh.distinct);
    memset(&fresh.left_at, 0, sizeof fresh.left_at);
    memset(&fresh.holder, 0, sizeof fresh.holder);
    fresh.labels_on = NULL; /* they follow the counts, and are held against them below */
    fresh.spreads = NULL;
    fresh.spread_count = fresh.spread_capacity = 0;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++) {
        const vdc_request *request = &dc->records[slot].request;
        if (dc->vms[slot].state == VDC_VM_FREE || dc->vms[slot].host == VDC_NOWHERE || !vdc_rule_selects(rule, request)) continue;
        if (iso->vms[slot].uncounted && iso->vms[slot].uncounted[rule - iso->rules]) continue;
        if (!(iso->vms[slot].uncounted && rule->type->part ? rule->type->part : rule->type->change)(&fresh, iso, dc->vms[slot].host, request, 1)) break;
    }
    vdc_check_equal(checks, VDC_I16_RULES, dc->now, (vdc_wide)fresh.counts.used, (vdc_wide)rule->counts.used);
    for (size_t i = 0; i < fresh.counts.size; i++)
        if (fresh.counts.places[i].count)
            vdc_check_equal(checks, VDC_I16_RULES, dc->now, fresh.counts.places[i].count, vdc_counts_get(&rule->counts, fresh.counts.places[i].key));
    vdc_wide listed = 0;
    for (uint32_t host = 0; rule->labels_on && host < dc->hosts.count; host++)
        for (size_t i = 0; i < rule->labels_on[host].count; i++) listed += vdc_counts_get(&fresh.counts, vdc_key(host, rule->labels_on[host].wishes[i])) > 0;
    if (rule->labels_on) vdc_check_equal(checks, VDC_I16_RULES, dc->now, listed, (vdc_wide)fresh.counts.used);
    vdc_counts_free(&fresh.counts);
    vdc_counts_free(&fresh.sets);
    vdc_counts_free(&fresh.values);
    vdc_counts_free(&fresh.distinct);
    vdc_counts_free(&fresh.left_at);
    vdc_counts_free(&fresh.holder);
    for (size_t s = 0; s < fresh.spread_count; s++) vdc_free(fresh.spreads[s].units_with);
    vdc_free(fresh.spreads);
}

void vdc_isolation_check(const vdc_isolation *iso, vdc_checks *checks) {
    for (uint32_t host = 0; host < iso->datacenter->hosts.count; host++) {
        check_threads(checks, iso, host);
        check_fences(checks, iso, host);
    }
    check_kinds(checks, iso);
    check_exposure(checks, iso);
    vdc_check_equal(checks, VDC_I16_RULES, iso->datacenter->now, vdc_isolation_owned_wrong(iso), 0);
    for (size_t i = 0; i < iso->rule_count; i++) {
        check_counters(checks, iso, &iso->rules[i]);
        vdc_check_equal(checks, VDC_I16_RULES, iso->datacenter->now, vdc_isolation_refusals_wrong(iso, &iso->rules[i]), 0);
        const int64_t breaking = vdc_isolation_recount(iso, &iso->rules[i]);
        vdc_check_equal(checks, VDC_I16_RULES, iso->datacenter->now, iso->rules[i].violating, breaking);
        if (iso->rules[i].mode == 0) vdc_check_equal(checks, VDC_I16_RULES, iso->datacenter->now, breaking, 0);
    }
}
