/* What may change in the middle of a run: policies and what they go by from now on. Everything else has left traces in the past, and its change is
 * refused with the reason. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/journal.h"
#include "sim/parts/part.h"

/* What begins with the path may change (no reason), or may not because of it. The first row that matches counts. */
typedef struct change_rule {
    const char *path;
    const char *reason;
} change_rule;

static const change_rule rules[] = {
    {"schedulers.admission.timeout", "VMs that wait have their time-outs already"},
    {"schedulers.admission", NULL},
    {"schedulers.placement", NULL},
    {"schedulers.cpu", NULL},
    {"schedulers.rebalance", "rounds of the policy are under way"},
    {"failures.recovery.policy", NULL},
    {"failures.recovery.max_failures", NULL},
    {"failures.recovery.detect", NULL},
    {"failures", "failures up to now have been drawn from it"},
    {"name", "the result file has it already"},
    {"seed", "what was drawn up to now came from it"},
    {"time.end", NULL},
    {"time", "ticks up to now have been written by it"},
    {"datacenter", "VMs are on its hosts"},
    {"workload", "VMs up to now came from it"},
    {"isolation", "its rules have been followed up to now"},
    {"attack", "the attacker's VMs up to now came from it"},
    {"power", "energy up to now has been counted by it"},
    {"output", "what is written was laid out at the beginning"},
    {"", "it has taken effect already"},
};

static const change_rule *rule_of(const char *path) {
    for (size_t i = 0;; i++) {
        size_t length = strlen(rules[i].path);
        if (strncmp(path, rules[i].path, length) == 0 && (length == 0 || path[length] == '\0' || path[length] == '.')) return &rules[i];
    }
}

static bool same(const vdc_node *a, const vdc_node *b) {
    if (!a || !b) return (!a || a->kind == VDC_NODE_NULL) && (!b || b->kind == VDC_NODE_NULL);
    if (a->kind != b->kind || a->count != b->count) return false;
    if (a->kind == VDC_NODE_SCALAR) return strcmp(a->text, b->text) == 0;
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->children[i], a->kind == VDC_NODE_MAPPING ? vdc_node_get(b, a->children[i]->key) : b->children[i])) return false;
    return true;
}

/* Refuses every key that differs and may not. */
static void compare(const vdc_simulation *sim, const char *path, const vdc_node *before, const vdc_node *after, vdc_code *first, vdc_diag *diag) {
    bool mappings = before && after && before->kind == VDC_NODE_MAPPING && after->kind == VDC_NODE_MAPPING;
    if (same(before, after)) return;
    if (!mappings && *path) {
        const change_rule *rule = rule_of(path);
        /* A whole section that comes or goes may contain what may not change. */
        const vdc_node *section = before && before->kind == VDC_NODE_MAPPING ? before : after && after->kind == VDC_NODE_MAPPING ? after : NULL;
        if (section && rule->reason) {
            static const vdc_node none = {.kind = VDC_NODE_MAPPING};
            compare(sim, path, section == before ? before : &none, section == before ? &none : after, first, diag);
            return;
        }
        if (!rule->reason) return;
        vdc_code code = vdc_fail(diag, VDC_ERROR_INPUT, after ? &after->place : NULL, "%s: cannot change at %.9g s: %s", path,
                                 (double)sim->datacenter.now / 1e9, rule->reason);
        if (!*first) *first = code;
        return;
    }
    for (int side = 0; side < 2; side++) {
        const vdc_node *one = side ? after : before, *other = side ? before : after;
        for (size_t i = 0; one && i < one->count; i++) {
            const char *key = one->children[i]->key;
            if (side && vdc_node_get(other, key)) continue; /* compared already */
            char *longer = vdc_format("%s%s%s", path, *path ? "." : "", key);
            if (!longer) *first = vdc_no_memory(diag, "a change");
            else compare(sim, longer, side ? NULL : one->children[i], side ? one->children[i] : vdc_node_get(other, key), first, diag);
            vdc_free(longer);
        }
    }
}

/* ---- new policies in the place of old ones ---- */

static vdc_code open_policy(vdc_simulation *sim, vdc_policy_kind kind, const vdc_scenario *next, vdc_policy_instance *instance, vdc_diag *diag) {
    (void)sim;
    return vdc_policy_open(kind, next->policies[kind], vdc_scenario_default_policies[kind], kind == VDC_ADMISSION ? vdc_admission_keys : NULL, instance, diag);
}

static vdc_code start_policy(vdc_simulation *sim, const vdc_policy_instance *instance, vdc_diag *diag) {
    const vdc_policy *policy = instance->policy;
    const char *wrong = policy->init ? policy->init(instance->state, vdc_search_view(sim->search)) : NULL;
    return wrong ? vdc_fail(diag, VDC_ERROR_INPUT, NULL, "schedulers.%s: policy %s: %s", vdc_policy_kind_names[policy->kind], policy->name, wrong) : VDC_OK;
}

static void end_policy(vdc_policy_instance *instance) {
    if (instance->policy->fini) instance->policy->fini(instance->state);
    vdc_policy_close(instance);
}

/* The slots of the VMs that are on hosts, in order of arrival. Policies are told of VMs, not of second parts and standbys. */
static uint32_t *by_arrival(const vdc_simulation *sim, size_t *count) {
    const vdc_datacenter *dc = &sim->datacenter;
    uint32_t *slots = vdc_malloc(((size_t)dc->vm_count + 1) * sizeof *slots);
    *count = 0;
    if (!slots) return NULL;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++)
        if (dc->vms[slot].state != VDC_VM_FREE && dc->vms[slot].state != VDC_VM_HELD && dc->vms[slot].host != VDC_NOWHERE) slots[(*count)++] = slot;
    /* Slots are used again, so the order has to be made; a heap, because VMs may be many. */
    for (size_t i = *count / 2, end = *count; end > 1;) {
        uint32_t value;
        if (i > 0) value = slots[--i];
        else value = slots[--end], slots[end] = slots[0];
        int64_t number = dc->records[value].request.number;
        size_t at = i;
        for (size_t child; (child = 2 * at + 1) < end; at = child) {
            if (child + 1 < end && dc->records[slots[child]].request.number < dc->records[slots[child + 1]].request.number) child++;
            if (dc->records[slots[child]].request.number <= number) break;
            slots[at] = slots[child];
        }
        slots[at] = value;
    }
    return slots;
}

/* The new placement policy knows of every VM as if it had placed it. */
static vdc_code change_placement(vdc_simulation *sim, vdc_policy_instance *instance, vdc_diag *diag) {
    vdc_search *old = sim->search;
    vdc_policy_instance before = sim->placement;
    sim->placement = *instance;
    vdc_code code = vdc_assemble_search(sim, NULL, diag);
    if (code) {
        sim->search = old;
        sim->placement = before;
        return code;
    }
    vdc_search_destroy(old);
    vdc_policy_close(&before);
    *instance = (vdc_policy_instance){0};
    size_t count;
    uint32_t *slots = by_arrival(sim, &count);
    if (!slots) return vdc_no_memory(diag, "a change");
    for (size_t i = 0; i < count; i++) {
        const vdc_vm_record *record = &sim->datacenter.records[slots[i]];
        vdc_search_placed_since(sim->search, &record->request, sim->datacenter.vms[slots[i]].host, record->started_at);
    }
    vdc_free(slots);
    return VDC_OK;
}

/* Those who wait are put into the new policy's order; among equals that of now stays. */
static vdc_code change_admission(vdc_simulation *sim, vdc_policy_instance *instance, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_code code = start_policy(sim, instance, diag);
    if (code) return code;
    end_policy(&sim->admission);
    sim->admission = *instance;
    *instance = (vdc_policy_instance){0};
    const vdc_admission_hooks *hooks = &sim->admission.policy->admission;
    size_t count, waiting = 0;
    uint32_t *slots = by_arrival(sim, &count), *line = vdc_malloc(((size_t)sim->waiting.count + 1) * sizeof *line);
    if (!slots || !line) code = vdc_no_memory(diag, "a change");
    for (size_t i = 0; !code && hooks->placed && i < count; i++) {
        const vdc_vm_record *record = &dc->records[slots[i]];
        vdc_decision decision = {.host = dc->vms[slots[i]].host, .gpu_devices = record->gpu_devices, .numa_nodes = record->numa_nodes};
        hooks->placed(sim->admission.state, vdc_search_view_since(sim->search, record->started_at), &record->request, &decision);
    }
    for (uint32_t slot = sim->waiting.first; !code && slot != VDC_NOWHERE; slot = dc->vms[slot].next) line[waiting++] = slot;
    for (size_t i = 0; i < waiting; i++) vdc_wait_queue_remove(&sim->waiting, dc, line[i]);
    for (size_t i = 0; !code && i < waiting; i++) {
        vdc_time queued_at = dc->records[line[i]].queued_at;
        int64_t key = hooks->key ? hooks->key(sim->admission.state, &dc->records[line[i]].request) : 0;
        if (vdc_wait_queue_add(&sim->waiting, dc, line[i], key)) code = vdc_no_memory(diag, "the waiting VMs");
        dc->records[line[i]].queued_at = queued_at;
    }
    vdc_free(slots);
    vdc_free(line);
    return code;
}

/* Every VM asks anew under the new policy, whose limits may be others. */
static vdc_code change_sharing(vdc_simulation *sim, vdc_policy_instance *instance, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    if (sim->cpu.policy->cpu.slice || instance->policy->cpu.slice)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "schedulers.cpu: cannot change at %.9g s: a policy that goes slice by slice keeps account of VMs from "
                        "the beginning", (double)dc->now / 1e9);
    const vdc_cpu_hooks *next = &instance->policy->cpu;
    if (dc->bursts || (next->bursts && next->bursts(instance->state)))
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "schedulers.cpu: cannot change at %.9g s: with a burst, account is kept of what VMs save from the "
                        "beginning", (double)dc->now / 1e9);
    for (uint32_t slot = 0; next->weight_most && slot < dc->vm_count; slot++) {
        const vdc_request *request = &dc->records[slot].request;
        if (dc->vms[slot].state != VDC_VM_FREE && request->cpu_weight > next->weight_most)
            return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "schedulers.cpu: cannot change at %.9g s: VM %" PRId64 " has the weight %" PRId64 ", and %s allows at "
                            "most %" PRId64, (double)dc->now / 1e9, request->id, request->cpu_weight, instance->policy->name, next->weight_most);
    }
    vdc_code code = start_policy(sim, instance, diag);
    size_t count;
    uint32_t *slots = code ? NULL : by_arrival(sim, &count);
    if (!code && !slots) code = vdc_no_memory(diag, "a change");
    if (code) return code;
    end_policy(&sim->cpu);
    sim->cpu = *instance;
    *instance = (vdc_policy_instance){0};
    vdc_share_by(sim);
    for (size_t i = 0; i < count; i++) {
        int64_t demand = dc->vms[slots[i]].demand;
        vdc_datacenter_demand(dc, slots[i], 0);
        vdc_datacenter_demand(dc, slots[i], demand);
    }
    for (uint32_t h = 0; h < dc->hosts.count; h++)
        if (dc->hosts.vms[h]) vdc_datacenter_resolve(dc, h);
    vdc_free(slots);
    return vdc_datacenter_settle(dc, diag);
}

static vdc_code change_policy(vdc_simulation *sim, vdc_policy_kind kind, const vdc_scenario *next, vdc_diag *diag) {
    vdc_policy_instance instance;
    vdc_code code = open_policy(sim, kind, next, &instance, diag);
    if (code) return code;
    if (kind == VDC_PLACEMENT) code = change_placement(sim, &instance, diag);
    else if (kind == VDC_ADMISSION) code = change_admission(sim, &instance, diag);
    else code = change_sharing(sim, &instance, diag);
    if (instance.policy) vdc_policy_close(&instance); /* not taken over */
    return code;
}

/* ---- all together ---- */

static vdc_code take_values(vdc_simulation *sim, const vdc_scenario *next, vdc_diag *diag) {
    vdc_scenario *scenario = sim->scenario;
    scenario->admission_retry = next->admission_retry;
    scenario->admission_queue_limit = next->admission_queue_limit;
    scenario->preemption = next->preemption;
    scenario->max_failures = next->max_failures;
    scenario->recovery = next->recovery;
    scenario->detect = next->detect;
    scenario->end_rule = next->end_rule;
    scenario->end = next->end;
    sim->fixed_end = next->end_rule == VDC_END_DURATION ? next->end : VDC_TIME_MAX;
    sim->end_at_last_arrival = next->end_rule == VDC_END_LAST_ARRIVAL;
    return scenario->admission_queue_limit == VDC_PARAM_NONE ? VDC_OK : vdc_run_limit_queue(sim, diag);
}

/* What single values forbid. */
static vdc_code check_values(const vdc_simulation *sim, const vdc_scenario *next, vdc_diag *diag) {
    vdc_time now = sim->datacenter.now;
    if (next->end_rule == VDC_END_DURATION && next->end < now)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "time.end: cannot become %.9g s at %.9g s: that is over", (double)next->end / 1e9, (double)now / 1e9);
    bool needs_book = next->recovery > VDC_RECOVERY_NONE || next->detect > 0;
    if (needs_book && !sim->parts[VDC_PART_availability])
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "failures.recovery: cannot change at %.9g s: availability has not been counted up to now",
                        (double)now / 1e9);
    if (next->recovery == VDC_RECOVERY_STANDBY && !sim->parts[VDC_PART_failover])
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "failures.recovery.policy: cannot become standby at %.9g s: standbys are kept from the beginning or not "
                        "at all", (double)now / 1e9);
    return VDC_OK;
}

vdc_code vdc_change_apply(vdc_simulation *sim, const char *const *sets, size_t count, vdc_diag *diag) {
    const vdc_scenario *now = sim->change_count ? sim->changes[sim->change_count - 1] : sim->scenario;
    vdc_scenario_options options = {.sets = sets, .set_count = count, .text = now->text, .no_programs = sim->no_programs};
    vdc_scenario *next = NULL;
    if (!VDC_RESERVE(sim->changes, sim->change_capacity, sim->change_count + 1)) return vdc_no_memory(diag, "a change");
    vdc_code code = vdc_scenario_open(&next, sim->scenario->path, &options, diag), first = VDC_OK;
    if (code) return code;
    compare(sim, "", now->root, next->root, &first, diag);
    if (!first) first = check_values(sim, next, diag);
    /* A policy that cannot be set up leaves everything as it was, unless one of another kind was changed with it before. */
    for (int kind = 0; !first && kind < VDC_POLICY_KINDS; kind++) {
        bool changes = kind == VDC_ADMISSION || kind == VDC_PLACEMENT || kind == VDC_CPU_SHARING;
        if (changes && !same(now->policies[kind], next->policies[kind])) first = change_policy(sim, (vdc_policy_kind)kind, next, diag);
    }
    if (first) {
        vdc_scenario_close(next);
        return first;
    }
    sim->changes[sim->change_count++] = next; /* policies' parameters point into it */
    sim->pass_wanted = sim->pass_wanted || sim->waiting.count > 0;
    return take_values(sim, next, diag);
}

vdc_code vdc_simulation_change(vdc_simulation *sim, const char *const *sets, size_t count, vdc_diag *diag) {
    if (sim->ended) return vdc_fail(diag, VDC_ERROR_STATE, NULL, "the run has ended: nothing can change any more");
    char *text = vdc_strdup("");
    for (size_t i = 0; text && i < count; i++) {
        char *longer = vdc_format("%s%s%s", text, i ? "\n" : "", sets[i]);
        vdc_free(text);
        text = longer;
    }
    vdc_code code = text ? vdc_journal_note(sim, VDC_DEED_SET, text, diag) : vdc_no_memory(diag, "a change");
    vdc_free(text);
    if (code) return code;
    code = vdc_change_apply(sim, sets, count, diag);
    if (code) vdc_journal_forget(sim);
    return code;
}
