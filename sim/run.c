/* The run loop: takes the next event in the total order (time, rank, sequence) and lets the models follow.
 *
 * Events come from four places: the queue (what is dynamic), the arrivals' cursor, the tick's clock and the flag that
 * asks for a pass over the waiting VMs. Everything at one instant happens in the order of vdc_rank; shares are solved once, when
 * an instant is over, because what lasts no time is no part of any integral.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "schedulers/rebalance/plan.h"
#include "sim/operations.h"
#include "sim/parts/failover.h"
#include "sim/parts/standby.h"
#include "sim/parts/storage.h"
#include "sim/results/results.h"

/* ---- ids ---- */

static size_t id_slot(const vdc_live_ids *ids, int64_t id) {
    size_t at = (size_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15)) & (ids->size - 1);
    while (ids->table[at] != VDC_NO_ID && ids->table[at] != id) at = (at + 1) & (ids->size - 1);
    return at;
}

static bool ids_insert(vdc_live_ids *ids, int64_t id) {
    if (ids->count * 2 >= ids->size) {
        size_t size = ids->size ? ids->size * 2 : 1024;
        int64_t *old = ids->table, *table = vdc_malloc(size * sizeof *table);
        size_t old_size = ids->size;
        if (!table) return false;
        for (size_t i = 0; i < size; i++) table[i] = VDC_NO_ID;
        ids->table = table;
        ids->size = size;
        for (size_t i = 0; i < old_size; i++)
            if (old[i] != VDC_NO_ID) table[id_slot(ids, old[i])] = old[i];
        vdc_free(old);
    }
    ids->table[id_slot(ids, id)] = id;
    ids->count++;
    return true;
}

static void ids_remove(vdc_live_ids *ids, int64_t id) {
    if (!ids->hashed) return;
    size_t mask = ids->size - 1, hole = id_slot(ids, id);
    if (ids->table[hole] != id) return;
    /* Move later members of the cluster up, so that no tombstone stays. */
    for (size_t at = (hole + 1) & mask; ids->table[at] != VDC_NO_ID; at = (at + 1) & mask) {
        size_t home = (size_t)((uint64_t)ids->table[at] * UINT64_C(0x9E3779B97F4A7C15)) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            ids->table[hole] = ids->table[at];
            hole = at;
        }
    }
    ids->table[hole] = VDC_NO_ID;
    ids->count--;
}

/* Notes the id of a VM that arrives; an error when a live one has it. One that has none gets its arrival number, or, where a live VM has that, the
 * number after the largest id that there has been. */
static vdc_code ids_arrive(vdc_simulation *sim, vdc_request *request, vdc_diag *diag) {
    vdc_live_ids *ids = &sim->ids;
    const bool own = request->id != VDC_NO_ID;
    int64_t id = own ? request->id : request->number;
    request->id = id;
    if (!ids->hashed) {
        if (id > ids->largest) {
            ids->largest = id;
            return VDC_OK;
        }
        ids->hashed = true;
        for (uint32_t slot = 0; slot < sim->datacenter.vm_count; slot++)
            if (sim->datacenter.vms[slot].state != VDC_VM_FREE && sim->datacenter.vms[slot].state != VDC_VM_HELD
                && !ids_insert(ids, sim->datacenter.records[slot].request.id))
                return vdc_no_memory(diag, "the ids of live VMs");
    }
    if (!own && ids->size && ids->largest < INT64_MAX && ids->table[id_slot(ids, id)] == id) request->id = id = ids->largest + 1;
    if (ids->size && ids->table[id_slot(ids, id)] == id)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL,
                        "workload: VM id %" PRId64 " arrives at %.9g s while a VM with that id is still alive; ids may be used again only "
                        "after the VM has ended, and VMs without an id have their arrival number as theirs", id, (double)sim->next.arrival / 1e9);
    if (id > ids->largest) ids->largest = id;
    if (!ids_insert(ids, id)) return vdc_no_memory(diag, "the ids of live VMs");
    return VDC_OK;
}

/* ---- small helpers ---- */

vdc_code vdc_run_push(vdc_simulation *sim, vdc_time time, vdc_rank rank, vdc_event_kind kind, uint32_t subject, vdc_event_handle *handle,
                      vdc_diag *diag) {
    vdc_event_handle ignored;
    if (vdc_queue_push(sim->events, time, rank, kind, subject, handle ? handle : &ignored)) return vdc_no_memory(diag, "pending events");
    return VDC_OK;
}

static vdc_code read_next(vdc_simulation *sim, vdc_diag *diag) {
    sim->has_next = false;
    if (!sim->workload) return VDC_OK;
    bool have = false;
    vdc_code code = sim->workload->operations->next(sim->workload, &sim->next, &have, diag);
    if (code || !have) return code;
    if (sim->next.arrival < sim->previous_arrival)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "workload: a VM arrives at %.9g s after one that arrives at %.9g s; arrivals must be in order",
                        (double)sim->next.arrival / 1e9, (double)sim->previous_arrival / 1e9);
    sim->previous_arrival = sim->next.arrival;
    sim->has_next = true;
    return VDC_OK;
}

/* ---- a VM's way ---- */

void vdc_run_host_changed(vdc_simulation *sim, uint32_t host) {
    vdc_search_host_changed(sim->search, host);
    if (sim->gpu_mix.count) vdc_gpu_fragmentation_changed(&sim->fragmentation, host);
}

vdc_code vdc_run_leave(vdc_simulation *sim, uint32_t slot, vdc_vm_state state, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_request *request = &dc->records[slot].request;
    switch (state) {
    case VDC_VM_COMPLETED: sim->population.completed++, sim->tick.completed++; break;
    case VDC_VM_REJECTED: sim->population.rejected++, sim->tick.rejected++; break;
    case VDC_VM_FAILED: sim->population.failed++; break;
    case VDC_VM_LOST: sim->population.lost++; break;
    case VDC_VM_EVICTED: sim->population.evicted++; break;
    default: sim->population.deleted++; break;
    }
    vdc_code code = vdc_results_vm(sim, slot, state, diag);
    if (sim->follower_count) vdc_parts_left(sim, slot);
    ids_remove(&sim->ids, request->id);
    if (sim->workload->operations->release) sim->workload->operations->release(sim->workload, request->token);
    if (sim->isolation) vdc_isolation_leave(sim->isolation, slot);
    if (dc->lifecycle) vdc_operations_leave(sim, slot);
    vdc_vm_destroy(dc, slot);
    return code;
}

static void cancel_timeout(vdc_simulation *sim, uint32_t slot) {
    if (!vdc_vm_details_known(&sim->datacenter, slot)->timeout_event) return;
    vdc_event_handle *event = &vdc_vm_details_of(&sim->datacenter, slot)->timeout_event;
    vdc_queue_cancel(sim->events, *event);
    *event = 0;
    sim->pending_timeouts--;
}

/* Has it waited as long as it may? Only what was never placed is rejected. */
static bool is_due(const vdc_simulation *sim, uint32_t slot) {
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    vdc_time timeout = sim->scenario->admission_timeout;
    return timeout >= 0 && record->first_start < 0 && sim->datacenter.now - record->queued_at >= timeout;
}

static void now_due(vdc_simulation *sim, uint32_t slot) {
    sim->due_count++;
    sim->due_slot = slot;
}

void vdc_run_leave_queue(vdc_simulation *sim, uint32_t slot) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_time wait = dc->now - dc->records[slot].queued_at;
    if (sim->due_count > 0 && is_due(sim, slot) && !vdc_vm_details_known(dc, slot)->timeout_event) sim->due_count--;
    cancel_timeout(sim, slot);
    vdc_wait_queue_remove(&sim->waiting, dc, slot);
    sim->population.waited += wait;
    if (wait) vdc_vm_details_of(dc, slot)->waited += wait;
    dc->records[slot].queued_at = dc->now;
}

vdc_time vdc_run_waited(const vdc_simulation *sim, uint32_t slot) {
    const vdc_datacenter *dc = &sim->datacenter;
    bool waits = dc->vms[slot].state == VDC_VM_QUEUED;
    return vdc_vm_details_known(dc, slot)->waited + (waits ? dc->now - dc->records[slot].queued_at : 0);
}

static vdc_code reject(vdc_simulation *sim, uint32_t slot, const char *why, vdc_diag *diag) {
    vdc_run_leave_queue(sim, slot);
    vdc_code code = vdc_results_event(sim, why, sim->datacenter.records[slot].request.id, -1, diag);
    return code ? code : vdc_run_leave(sim, slot, VDC_VM_REJECTED, diag);
}

static bool note_newcomer(vdc_simulation *sim, uint32_t slot) {
    if (sim->newcomers_at != sim->datacenter.now) sim->newcomer_count = 0;
    sim->newcomers_at = sim->datacenter.now;
    if (!VDC_RESERVE(sim->newcomers, sim->newcomer_capacity, sim->newcomer_count + 1)) return false;
    sim->newcomers[sim->newcomer_count++] = (vdc_newcomer){sim->datacenter.records[slot].request.number, slot};
    return true;
}

vdc_code vdc_run_limit_queue(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_datacenter *dc = &sim->datacenter;
    sim->newcomer_count = 0;
    for (uint32_t slot = sim->waiting.first; slot != VDC_NOWHERE; slot = dc->vms[slot].next)
        if (dc->records[slot].queued_at == dc->now && !note_newcomer(sim, slot)) return vdc_no_memory(diag, "the waiting VMs");
    return VDC_OK;
}

vdc_code vdc_run_enqueue(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_admission_hooks *hooks = &sim->admission.policy->admission;
    vdc_vm *vm = &dc->vms[slot];
    vm->state = VDC_VM_QUEUED;
    if (dc->lifecycle) vdc_operations_waits(sim, slot);
    int64_t key = hooks->key ? hooks->key(sim->admission.state, &dc->records[slot].request) : 0;
    if (vdc_wait_queue_add(&sim->waiting, dc, slot, key)) return vdc_no_memory(diag, "the waiting VMs");
    sim->pass_wanted = true;
    vdc_time timeout = sim->scenario->admission_timeout;
    if (timeout == 0 && dc->records[slot].first_start < 0) now_due(sim, slot);
    if (sim->scenario->admission_queue_limit != VDC_PARAM_NONE && !note_newcomer(sim, slot)) return vdc_no_memory(diag, "the waiting VMs");
    if (timeout > 0 && dc->records[slot].first_start < 0) {
        sim->pending_timeouts++;
        return vdc_run_push(sim, vdc_later(dc->now, timeout), VDC_RANK_QUEUE_TIMEOUT, VDC_EVENT_QUEUE_TIMEOUT, slot,
                            &vdc_vm_details_of(dc, slot)->timeout_event, diag);
    }
    return VDC_OK;
}

const char *vdc_run_fits_nowhere(const vdc_simulation *sim, const vdc_request *request, char *text, size_t size) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    bool fits = false, keeps = false;
    for (uint16_t k = 0; k < hosts->class_count && !(fits && keeps); k++) {
        if (!vdc_host_class_fits(hosts, k, request)) continue;
        fits = true;
        keeps = keeps || !request->cpu_reservation || vdc_reserved_rate(request, &hosts->classes[k]) <= hosts->classes[k].cpu_hz;
    }
    if (!fits && sim->isolation && vdc_isolation_nodes_impossible(sim->isolation, request, text, size)) return text;
    if (!fits) return "rejected: fits on no host even when empty";
    if (!keeps) return "rejected: no host can keep its CPU reservation";
    const vdc_admission_hooks *admission = &sim->admission.policy->admission;
    if (admission->admit && admission->admit(sim->admission.state, vdc_search_view(sim->search), request) == VDC_VERDICT_NEVER)
        return "rejected: the admission policy never admits it";
    return sim->isolation && vdc_isolation_impossible(sim->isolation, request, text, size) ? text : NULL;
}

vdc_code vdc_run_arrive(vdc_simulation *sim, vdc_request *request, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    request->number = sim->population.arrived;
    vdc_code code = ids_arrive(sim, request, diag);
    if (code) return code;
    int64_t most = sim->cpu.policy->cpu.weight_most;
    if (most && request->cpu_weight > most)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "workload: VM id %" PRId64 ": weight: found %" PRId64 "; allowed: 1 to %" PRId64 " with the CPU policy %s",
                        request->id, request->cpu_weight, most, sim->cpu.policy->name);
    uint32_t slot = vdc_vm_create(dc, request);
    if (slot == VDC_NOWHERE) return vdc_no_memory(diag, "the live VMs");
    vdc_vm_record *record = &dc->records[slot];
    if (request->name && sim->results && dc->track_vms) {
        char *name = vdc_vm_details_of(dc, slot)->name = vdc_strdup(request->name);
        if (!name) return vdc_no_memory(diag, "the live VMs");
        record->request.name = name;
    }
    sim->population.arrived++;
    sim->tick.arrivals++;
    sim->gpu_arrived += request->size[VDC_GPU];
    if (sim->isolation && !vdc_isolation_arrive(sim->isolation, slot)) return vdc_no_memory(diag, "isolation");
    if (dc->lifecycle && (code = vdc_operations_arrive(sim, slot, diag))) return code;
    char text[160];
    const char *why = vdc_run_fits_nowhere(sim, &record->request, text, sizeof text);
    code = vdc_run_enqueue(sim, slot, diag);
    return !code && why ? reject(sim, slot, why, diag) : code;
}

static vdc_code pass(vdc_simulation *sim, vdc_diag *diag);

/* The next VM, and the pass over the waiting ones where nothing else at this instant comes between: nearly always. */
static vdc_code arrive(vdc_simulation *sim, vdc_diag *diag) {
    vdc_code code = vdc_run_arrive(sim, &sim->next, diag);
    if (!code) code = read_next(sim, diag);
    if (code || !sim->pass_wanted || (sim->has_next && sim->next.arrival == sim->datacenter.now)) return code;
    const vdc_event *pending = vdc_queue_peek(sim->events);
    if (pending && pending->time == sim->datacenter.now) return VDC_OK;
    sim->event_count++;
    return pass(sim, diag);
}

/* Its load begins. */
static vdc_code boot(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_code code = sim->follower_count ? vdc_parts_booted(sim, slot, diag) : VDC_OK;
    if (!code && vdc_progress_begin(&sim->datacenter, slot)) code = vdc_no_memory(diag, "pending events");
    return code;
}

vdc_code vdc_run_boot(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_vm_record *record = &sim->datacenter.records[slot];
    if (--vdc_vm_details_of(&sim->datacenter, slot)->boot_holds > 0) return VDC_OK;
    vdc_code code = vdc_results_event(sim, "booted", record->request.id, sim->datacenter.vms[slot].host, diag);
    if (code) return code;
    return sim->datacenter.lifecycle ? vdc_operations_built(sim, slot, diag) : boot(sim, slot, diag);
}

void vdc_run_placed(vdc_simulation *sim, const vdc_request *request, const vdc_decision *decision, vdc_time started) {
    const vdc_admission_hooks *admission = &sim->admission.policy->admission;
    const vdc_rebalance_hooks *rebalance = &sim->rebalance.policy->rebalance;
    const uint32_t host = (uint32_t)decision->host;
    vdc_search_placed_since(sim->search, request, host, started);
    const vdc_view *view = vdc_search_view_since(sim->search, started);
    if (admission->placed) admission->placed(sim->admission.state, view, request, decision);
    if (rebalance->plan) vdc_plan_placed(rebalance->plan(sim->rebalance.state), view, request, host);
}

void vdc_run_released(vdc_simulation *sim, const vdc_request *request, uint32_t host) {
    const vdc_admission_hooks *admission = &sim->admission.policy->admission;
    const vdc_rebalance_hooks *rebalance = &sim->rebalance.policy->rebalance;
    vdc_search_released(sim->search, request, host);
    if (admission->released) admission->released(sim->admission.state, vdc_search_view(sim->search), request, host);
    if (rebalance->plan) vdc_plan_released(rebalance->plan(sim->rebalance.state), vdc_search_view(sim->search), request, host);
}

vdc_code vdc_run_start(vdc_simulation *sim, uint32_t slot, const vdc_decision *decision, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_vm_record *record = &dc->records[slot];
    if (vdc_histogram_add(&sim->waits, dc->now - record->queued_at)) return vdc_no_memory(diag, "the waiting times");
    vdc_run_leave_queue(sim, slot);
    uint32_t host = (uint32_t)decision->host;
    if (dc->lifecycle) vdc_operations_placing(sim, slot, host);
    vdc_code code = vdc_datacenter_place(dc, slot, host, decision->gpu_devices, decision->numa_nodes);
    if (code) return vdc_no_memory(diag, "a placement");
    vdc_run_host_changed(sim, host);
    vdc_run_placed(sim, &record->request, decision, dc->now);
    sim->placement_count++;
    sim->tick.placed++;
    if (record->first_start < 0) {
        record->first_start = dc->now;
        sim->placed++;
    }
    if (vdc_request_ends(&record->request)) sim->with_end++;
    sim->starting = dc->lifecycle != NULL;
    if (sim->follower_count && (code = vdc_parts_placed(sim, slot, diag))) return code;
    sim->starting = false;
    if (dc->lifecycle) code = vdc_operations_begin(sim, slot, diag);
    else if (vdc_vm_details_known(dc, slot)->boot_holds == 0) code = boot(sim, slot, diag);
    if (code) return code;
    return sim->results ? vdc_results_event(sim, "placed", record->request.id, host, diag) : VDC_OK;
}

/* When those who wait are tried again because of what happens at that time. */
static vdc_time retry_of(const vdc_simulation *sim, vdc_time time) {
    vdc_time interval = sim->scenario->admission_retry, since = interval > 0 ? time % interval : 0;
    return since == 0 ? time : vdc_later(time - since, interval);
}

void vdc_run_wake(vdc_simulation *sim) {
    const vdc_time retry = retry_of(sim, sim->datacenter.now);
    if (retry == sim->datacenter.now || sim->standbys_missing > 0) sim->pass_wanted = sim->pass_wanted || sim->waiting.count > 0 || sim->standbys_missing > 0;
    else if (retry < sim->next_retry) sim->next_retry = retry;
}

/* A host that is clean of its last tenant opens by itself: who waits for that is tried then, as after a release. */
static void await_opening(vdc_simulation *sim) {
    if (!sim->isolation || (sim->waiting.count == 0 && sim->standbys_missing == 0)) return;
    const vdc_time opening = vdc_isolation_opening(sim->isolation);
    if (opening == VDC_TIME_MAX) return;
    bool awaited = sim->standbys_missing > 0;
    for (uint32_t slot = sim->waiting.first; slot != VDC_NOWHERE && !awaited; slot = sim->datacenter.vms[slot].next)
        awaited = vdc_isolation_may_await(sim->isolation, &sim->datacenter.records[slot].request);
    if (awaited && retry_of(sim, opening) < sim->next_retry) sim->next_retry = retry_of(sim, opening);
}

void vdc_run_stop(vdc_simulation *sim, uint32_t slot) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_vm_record *record = &dc->records[slot];
    uint32_t host = dc->vms[slot].host;
    if (dc->lifecycle) vdc_operations_stopping(sim, slot);
    if (sim->follower_count) vdc_parts_removing(sim, slot);
    if (vdc_vm_details_known(dc, slot)->boot_holds) dc->details[slot].boot_holds = 0;
    if (vdc_request_ends(&record->request)) sim->with_end--;
    if (vdc_vm_details_known(dc, slot)->eviction_event) {
        vdc_queue_cancel(sim->events, dc->details[slot].eviction_event);
        dc->details[slot].eviction_event = 0;
    }
    vdc_progress_stop(dc, slot);
    vdc_datacenter_remove(dc, slot);
    if (dc->track_vms) vdc_datacenter_close_stay(dc, slot, host, sim->population.finished);
    vdc_run_host_changed(sim, host);
    vdc_run_released(sim, &record->request, host);
    vdc_run_wake(sim);
}

static vdc_code complete(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    int64_t id = sim->datacenter.records[slot].request.id, host = sim->datacenter.vms[slot].host;
    vdc_run_stop(sim, slot);
    vdc_code code = sim->results ? vdc_results_event(sim, "completed", id, host, diag) : VDC_OK;
    return code ? code : vdc_run_leave(sim, slot, VDC_VM_COMPLETED, diag);
}

vdc_code vdc_run_displace(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    bool restart = sim->scenario->preemption.restart;
    int64_t id = sim->datacenter.records[slot].request.id, host = sim->datacenter.vms[slot].host;
    vdc_note_displaced(sim, slot);
    if (restart) vdc_availability_interrupted(sim, slot, VDC_OUTAGE_PREEMPTION);
    vdc_run_stop(sim, slot);
    vdc_code code = vdc_results_event(sim, restart ? "displaced" : "evicted", id, host, diag);
    if (code) return code;
    return restart ? vdc_run_enqueue(sim, slot, diag) : vdc_run_leave(sim, slot, VDC_VM_EVICTED, diag);
}

static vdc_code reject_due(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    char blocker[120] = "", text[160];
    if (sim->isolation && sim->results && sim->scenario->output_events)
        vdc_isolation_blocker(sim->isolation, &sim->datacenter.records[slot].request, blocker, sizeof blocker);
    snprintf(text, sizeof text, "rejected: %s", blocker);
    if (blocker[0]) return reject(sim, slot, text, diag);
    return reject(sim, slot, sim->scenario->admission_timeout == 0 ? "rejected: does not fit on arrival" : "rejected: waited too long", diag);
}

/* What the VM would break of soft rules on the host; INT64_MAX: it may not go there at all. */
static int64_t penalty_on(const vdc_simulation *sim, uint32_t host, const vdc_request *request) {
    const vdc_admission_hooks *admission = &sim->admission.policy->admission;
    if (host == sim->leaving || !vdc_host_fits(&sim->datacenter.hosts, host, request) || !vdc_isolation_allows(sim->isolation, host, request)) return INT64_MAX;
    if (sim->behind_blocked && !admission->allows(sim->admission.state, vdc_search_view(sim->search), host, request)) return INT64_MAX;
    return vdc_isolation_penalty(sim->isolation, host, request);
}

/* Soft rules come before the policy's own order: of the hosts that the VM may go to, those that break the least by weight are left. Mostly some
 * host breaks nothing, and it is near the one where that was so last time. */
void vdc_run_weigh_soft_rules(vdc_simulation *sim, const vdc_request *request) {
    if (!sim->isolation || !sim->isolation->has_soft) return;
    const uint32_t count = sim->datacenter.hosts.count, from = sim->unbroken < count ? sim->unbroken : 0;
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < count && least > 0; i++) {
        const uint32_t host = from + i < count ? from + i : from + i - count;
        const int64_t penalty = penalty_on(sim, host, request);
        if (penalty < least) least = penalty;
        if (penalty == 0) sim->unbroken = host;
    }
    sim->penalty_allowed = least;
}

/* Says once what keeps a VM waiting that would fit. */
static vdc_code log_wait(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    if (!sim->isolation || !sim->results || !sim->scenario->output_events) return VDC_OK;
    if (sim->scenario->admission_timeout == 0) return VDC_OK; /* it does not wait: its rejection says the same */
    char blocker[120], text[160];
    vdc_isolation_blocker(sim->isolation, &sim->datacenter.records[slot].request, blocker, sizeof blocker);
    snprintf(text, sizeof text, "waits: %s", blocker);
    return blocker[0] ? vdc_results_event(sim, text, sim->datacenter.records[slot].request.id, -1, diag) : VDC_OK;
}

vdc_code vdc_run_decide(vdc_simulation *sim, uint32_t slot, vdc_decision *decision, bool *found, vdc_diag *diag) {
    const vdc_request *request = &sim->datacenter.records[slot].request;
    sim->trying = slot;
    vdc_run_weigh_soft_rules(sim, request);
    vdc_code code = vdc_search_decide(sim->search, request, decision, found, diag);
    sim->penalty_allowed = INT64_MAX;
    return code || !sim->prediction_failed ? code : vdc_no_memory(diag, "predicted interference");
}

/* Tries to place a waiting VM. */
static vdc_code try_vm(vdc_simulation *sim, uint32_t slot, bool *placed, vdc_diag *diag) {
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    vdc_decision decision;
    sim->trying = slot;
    *placed = false;
    if (sim->parts[VDC_PART_storage] && !vdc_storage_has_room(sim, slot)) return VDC_OK;
    if (sim->datacenter.lifecycle && vdc_operations_home(sim, slot, &decision)) {
        *placed = true;
        return vdc_run_start(sim, slot, &decision, diag);
    }
    for (bool again = sim->scenario->preemption.wanted;; again = false) {
        vdc_code code = vdc_run_decide(sim, slot, &decision, placed, diag);
        if (code) return code;
        if (*placed) return vdc_run_start(sim, slot, &decision, diag);
        bool made_room = false;
        if (again && (code = vdc_preempt(sim, slot, &made_room, diag))) return code;
        if (!made_room) break;
    }
    return record->queued_at == sim->datacenter.now ? log_wait(sim, slot, diag) : VDC_OK;
}

/* Would it use up what is kept free for restarts? */
static bool is_kept_back(vdc_simulation *sim, uint32_t slot) {
    return sim->parts[VDC_PART_availability] && !vdc_availability_admits(sim, slot);
}

/* One line of all: in the order of keys until more than the policy skips did not fit. Whose time is up does not hold up the line; who is kept
 * back for the sake of the reserve holds up only those who never ran either. */
static vdc_code pass_in_line(vdc_simulation *sim, bool some_due, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_admission_hooks *hooks = &sim->admission.policy->admission;
    void *state = sim->admission.state;
    uint32_t may_skip = hooks->skip ? hooks->skip(state) : 0, skipped = 0;
    bool kept_back = false;
    for (uint32_t slot = sim->waiting.first, next; slot != VDC_NOWHERE; slot = next) {
        const vdc_request *request = &dc->records[slot].request;
        next = dc->vms[slot].next;
        vdc_verdict verdict = hooks->admit ? hooks->admit(state, vdc_search_view(sim->search), request) : VDC_VERDICT_TRY;
        bool placed = false;
        if (verdict == VDC_VERDICT_TRY && (is_kept_back(sim, slot) || (kept_back && dc->records[slot].first_start < 0))) {
            kept_back = true;
            verdict = VDC_VERDICT_WAIT;
        }
        vdc_code code = verdict == VDC_VERDICT_TRY ? try_vm(sim, slot, &placed, diag) : VDC_OK;
        if (!code && !placed && some_due && is_due(sim, slot)) {
            code = reject_due(sim, slot, diag);
        } else if (!code && !placed && verdict == VDC_VERDICT_TRY) {
            if (skipped++ >= may_skip) break;
            if (skipped == 1 && hooks->blocked) hooks->blocked(state, vdc_search_view(sim->search), request);
            sim->behind_blocked = hooks->allows != NULL;
        }
        if (code) return code;
    }
    return VDC_OK;
}

/* Lines of their own: the head of the one whose turn it is, until every line's head found no host. */
static vdc_code pass_by_turns(vdc_simulation *sim, bool some_due, vdc_diag *diag) {
    const vdc_admission_hooks *hooks = &sim->admission.policy->admission;
    vdc_wait_queue *queue = &sim->waiting;
    for (;;) {
        vdc_wait_class *chosen = NULL;
        double least = 0;
        for (size_t c = 0; c < queue->class_count; c++) {
            vdc_wait_class *line = &queue->classes[c];
            if (line->blocked_in == sim->passes) continue;
            double turn = hooks->turn(sim->admission.state, line->key);
            if (chosen && turn >= least) continue;
            chosen = line;
            least = turn;
        }
        if (!chosen) return VDC_OK;
        uint32_t slot = vdc_wait_queue_class_first(queue, &sim->datacenter, (size_t)(chosen - queue->classes));
        bool placed = false;
        vdc_code code = is_kept_back(sim, slot) ? VDC_OK : try_vm(sim, slot, &placed, diag);
        if (!code && !placed) {
            if (some_due && is_due(sim, slot)) code = reject_due(sim, slot, diag);
            else chosen->blocked_in = sim->passes;
        }
        if (code) return code;
    }
}

static int latest_first(const void *left, const void *right) {
    int64_t a = ((const vdc_newcomer *)left)->number, b = ((const vdc_newcomer *)right)->number;
    return a > b ? -1 : a < b;
}

/* Of those who arrived now and wait, the latest are rejected until no more wait than may. Only what was never placed is rejected. */
static vdc_code reject_excess(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_datacenter *dc = &sim->datacenter;
    int64_t limit = sim->scenario->admission_queue_limit;
    if (limit == VDC_PARAM_NONE || sim->waiting.count <= limit || sim->newcomers_at != dc->now) return VDC_OK;
    if (sim->newcomer_count > 1) qsort(sim->newcomers, sim->newcomer_count, sizeof *sim->newcomers, latest_first);
    for (size_t i = 0; i < sim->newcomer_count && sim->waiting.count > limit; i++) {
        uint32_t slot = sim->newcomers[i].slot;
        const vdc_vm_record *record = &dc->records[slot];
        bool waits = dc->vms[slot].state == VDC_VM_QUEUED && record->request.number == sim->newcomers[i].number && record->queued_at == dc->now;
        vdc_code code = waits && record->first_start < 0 ? reject(sim, slot, "rejected: the queue is full", diag) : VDC_OK;
        if (code) return code;
    }
    return VDC_OK;
}

/* Behind a blocked head, too, time is up: in the order of the queue. Mostly it is so for one VM, and that is known. */
static vdc_code reject_all_due(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_datacenter *dc = &sim->datacenter;
    if (sim->due_count == 1 && dc->vms[sim->due_slot].state == VDC_VM_QUEUED && is_due(sim, sim->due_slot)) return reject_due(sim, sim->due_slot, diag);
    for (uint32_t slot = sim->waiting.first, next; slot != VDC_NOWHERE && sim->due_count > 0; slot = next) {
        next = dc->vms[slot].next;
        vdc_code code = is_due(sim, slot) ? reject_due(sim, slot, diag) : VDC_OK;
        if (code) return code;
    }
    return VDC_OK;
}

/* Solves the shares of hosts that changed. */
static vdc_code settle(vdc_simulation *sim, vdc_diag *diag) {
    vdc_code code = vdc_datacenter_settle(&sim->datacenter, diag);
    return !code && sim->datacenter.slices ? vdc_hypervisor_settled(sim, diag) : code;
}

/* One pass over the waiting VMs, in the admission policy's order. Whose time is up is tried a last time. */
static vdc_code pass(vdc_simulation *sim, vdc_diag *diag) {
    bool some_due = sim->due_count > 0;
    sim->pass_wanted = false;
    sim->next_retry = VDC_TIME_MAX;
    sim->passes++;
    if (vdc_search_follows_grants(sim->search)) {
        vdc_code code = settle(sim, diag);
        if (code) return code;
    }
    const vdc_admission_hooks *hooks = &sim->admission.policy->admission;
    vdc_code tried = hooks->turn ? pass_by_turns(sim, some_due, diag) : pass_in_line(sim, some_due, diag);
    sim->behind_blocked = false;
    if (tried) return tried;
    const char *failure = hooks->failure ? hooks->failure(sim->admission.state) : NULL;
    if (failure) return vdc_fail(diag, VDC_ERROR_POLICY, NULL, "admission policy %s: %s", sim->admission.policy->name, failure);
    vdc_code excess = reject_all_due(sim, diag);
    if (!excess) excess = reject_excess(sim, diag);
    if (!excess && sim->standbys_missing > 0 && !sim->pass_wanted) excess = vdc_failover_serve(sim, diag);
    if (!excess && sim->parts[VDC_PART_standby]) excess = vdc_standby_serve(sim, diag);
    await_opening(sim);
    return excess;
}

/* ---- carbon ---- */

/* The intensity at the clock, and the next change. The first value holds backwards, the last one forwards. */
static vdc_code carbon_change(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_series *series = &sim->scenario->carbon;
    if (series->count == 0) return VDC_OK;
    size_t row = vdc_series_at(series, vdc_later(sim->scenario->start, sim->datacenter.now));
    vdc_datacenter_carbon(&sim->datacenter, series->value[row]);
    if (row + 1 >= series->count) return VDC_OK;
    sim->background_events++;
    return vdc_run_push(sim, series->time[row + 1] - sim->scenario->start, VDC_RANK_CHANGE, VDC_EVENT_CARBON, 0, NULL, diag);
}

/* ---- the loop ---- */

vdc_code vdc_run_begin(vdc_simulation *sim, vdc_diag *diag) {
    sim->next_tick = sim->tick_length;
    sim->next_retry = VDC_TIME_MAX;
    sim->ids.largest = -1;
    vdc_code code = carbon_change(sim, diag);
    if (!code) code = vdc_failures_next(sim, 0, diag);
    if (!code) code = vdc_parts_begin(sim, diag);
    return code ? code : read_next(sim, diag);
}

/* Can anything still happen that the run is to wait for? (formats.md: when a last-vm run ends) */
static bool is_over(const vdc_simulation *sim) {
    if (sim->fixed_end != VDC_TIME_MAX || sim->has_next || sim->pass_wanted) return false;
    if (sim->end_at_last_arrival) return true;
    if (sim->next_retry != VDC_TIME_MAX && sim->waiting.count > 0) return false;
    if (sim->pending_operations > 0) return false;
    if (vdc_queue_count(sim->events) <= sim->background_events) return !vdc_availability_awaits(sim);
    if (sim->with_end > 0) return sim->starved;
    return sim->waiting.count == 0 || (sim->datacenter.hosts_down == 0 && sim->pending_timeouts == 0 && sim->hosts_coming == 0);
}

/* Will the VM come to an end, or to something else of its load, by an event of its own? Not while others have all of its CPU. */
static bool comes_to_something(const vdc_simulation *sim, uint32_t slot) {
    const vdc_vm *vm = &sim->datacenter.vms[slot];
    return vdc_vm_state_is_on_host((vdc_vm_state)vm->state) && vdc_request_ends(&sim->datacenter.records[slot].request) && (vm->end_event || vm->change_event);
}

/* Checkpoints recur for ever and get nobody CPU. When nothing else is to come, VMs with an end that wait for CPU never have it. */
static bool is_starved(vdc_simulation *sim) {
    const vdc_datacenter *dc = &sim->datacenter;
    size_t checkpoints = 0;
    if (sim->witness < dc->vm_count && comes_to_something(sim, sim->witness)) return false;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++) {
        if (comes_to_something(sim, slot)) {
            sim->witness = slot;
            return false;
        }
        if (dc->vms[slot].state == VDC_VM_FREE) continue;
        checkpoints += vdc_vm_details_known(dc, slot)->checkpoint_event != 0;
        checkpoints += dc->vms[slot].checkpointing && dc->vms[slot].change_event;
    }
    return vdc_queue_count(sim->events) <= sim->background_events + checkpoints;
}

static vdc_code end_run(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    sim->ended = true;
    vdc_datacenter_advance_ledgers(dc);
    if (dc->now > sim->next_tick - sim->tick_length) {
        vdc_code code = vdc_results_tick(sim, diag);
        if (code) return code;
    }
    if (sim->check) {
        vdc_checks_event(&sim->checks, dc);
        vdc_checks_all(&sim->checks, dc, &sim->waiting, &sim->population);
        vdc_parts_check(sim);
    }
    return VDC_OK;
}

static vdc_code tick(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter_advance_ledgers(&sim->datacenter);
    vdc_code code = vdc_parts_tick(sim, diag);
    if (!code) code = vdc_results_tick(sim, diag);
    if (code) return code;
    if (sim->check) {
        vdc_checks_all(&sim->checks, &sim->datacenter, &sim->waiting, &sim->population);
        vdc_parts_check(sim);
    }
    sim->tick_number++;
    sim->next_tick = vdc_later(sim->next_tick, sim->tick_length);
    return VDC_OK;
}

static vdc_code handle(vdc_simulation *sim, const vdc_event *event, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    bool ended = false;
    if (event->kind >= VDC_EVENT_KINDS) return vdc_parts_event(sim, event, diag);
    switch ((vdc_event_kind)event->kind) {
    case VDC_EVENT_VM_END:
        dc->vms[event->subject].end_event = 0;
        return complete(sim, event->subject, diag);
    case VDC_EVENT_SEGMENT_END:
    case VDC_EVENT_CHECKPOINT_START:
    case VDC_EVENT_CHECKPOINT_END:
        if (vdc_progress_event(dc, event->subject, (vdc_event_kind)event->kind, &ended)) return vdc_no_memory(diag, "pending events");
        sim->starved = event->kind != VDC_EVENT_SEGMENT_END && !ended && sim->fixed_end == VDC_TIME_MAX && sim->with_end > 0 && is_starved(sim);
        return ended ? complete(sim, event->subject, diag) : VDC_OK;
    case VDC_EVENT_SLICE:
        vdc_slices_event(dc, event->subject);
        return VDC_OK;
    case VDC_EVENT_BURST_END:
        vdc_burst_event(dc, event->subject);
        return VDC_OK;
    case VDC_EVENT_QUEUE_TIMEOUT:
        vdc_vm_details_of(dc, event->subject)->timeout_event = 0;
        sim->pending_timeouts--;
        sim->pass_wanted = true;
        now_due(sim, event->subject);
        return VDC_OK;
    case VDC_EVENT_EVICTION:
        vdc_vm_details_of(dc, event->subject)->eviction_event = 0;
        return vdc_run_displace(sim, event->subject, diag);
    case VDC_EVENT_FAILURE:
        sim->background_events--;
        return vdc_failures_row(sim, diag);
    case VDC_EVENT_RECOVERY:
        return vdc_failures_recover(sim, diag);
    case VDC_EVENT_CARBON:
        sim->background_events--;
        return carbon_change(sim, diag);
    default:
        return vdc_fail(diag, VDC_ERROR_STATE, NULL, "event of unknown kind %u at %" PRId64 " ns", event->kind, event->time);
    }
}

/* With millions of live VMs, what an event touches lies in no cache: the next event's VM is fetched while this one is handled, and its
 * host while an arrival is. Only hints. */
static void fetch_vm(vdc_simulation *sim) {
    const vdc_datacenter *dc = &sim->datacenter;
    if (vdc_queue_ahead(sim->events, 0)) {
        vdc_progress_fetch(dc);
        return;
    }
    const vdc_event *next = vdc_queue_peek(sim->events);
    if (!next || next->kind > VDC_EVENT_CHECKPOINT_END) return;
    __builtin_prefetch(&dc->vms[next->subject], 1);
    __builtin_prefetch(&dc->records[next->subject], 1);
    __builtin_prefetch((const char *)&dc->records[next->subject] + 64, 1);
}

static void fetch_host(const vdc_simulation *sim, const vdc_event *next) {
    const vdc_datacenter *dc = &sim->datacenter;
    if (next->kind > VDC_EVENT_CHECKPOINT_END) return;
    const vdc_vm *vm = &dc->vms[next->subject];
    if (vm->host == VDC_NOWHERE) return;
    if (vm->next != VDC_NOWHERE) __builtin_prefetch(&dc->vms[vm->next], 1);
    if (vm->previous != VDC_NOWHERE) __builtin_prefetch(&dc->vms[vm->previous], 1);
    __builtin_prefetch(&dc->hosts.account[vm->host], 1);
    __builtin_prefetch(&dc->hosts.vms[vm->host], 1);
    for (int r = 0; r < VDC_DISK; r++)
        if (dc->hosts.free[r]) __builtin_prefetch(&dc->hosts.free[r][vm->host], 1);
}

vdc_code vdc_run_step(vdc_simulation *sim, vdc_time limit, bool *more, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    *more = !sim->ended;
    if (sim->ended) return VDC_OK;
    if (sim->part_failure) return vdc_fail(diag, sim->part_failure, NULL, "a VM could not be taken off its host: out of memory");

    /* The earliest of the five sources; at one instant by rank. */
    vdc_time time = sim->next_tick;
    vdc_rank rank = VDC_RANK_TICK;
    if (sim->pass_wanted) time = dc->now, rank = VDC_RANK_QUEUE_PASS;
    else if (sim->next_retry <= time && (sim->waiting.count > 0 || sim->standbys_missing > 0)) time = sim->next_retry, rank = VDC_RANK_QUEUE_PASS;
    if (sim->has_next && (sim->next.arrival < time || (sim->next.arrival == time && VDC_RANK_ARRIVAL < rank)))
        time = sim->next.arrival, rank = VDC_RANK_ARRIVAL;
    const vdc_event *pending = vdc_queue_peek(sim->events);
    bool queued = pending && (pending->time < time || (pending->time == time && (vdc_rank)(pending->order >> 56) < rank));
    if (queued) time = pending->time, rank = (vdc_rank)(pending->order >> 56);

    if (time > dc->now || rank >= VDC_RANK_REBALANCE) {
        /* The instant is over but for what looks at it. */
        if (vdc_datacenter_unsettled(dc)) return settle(sim, diag);
        if (dc->power_due_count) vdc_datacenter_settle_power(dc);
        if (sim->flows && vdc_flows_unsettled(sim->flows)) return vdc_flows_settle(sim->flows, diag);
        if (sim->check) vdc_checks_event(&sim->checks, dc);
        if (time > dc->now) {
            bool over = is_over(sim) && !(sim->operable && limit != VDC_TIME_MAX); /* who operates on it may think of more */
            vdc_time end = over ? dc->now : sim->fixed_end;
            if (over || time > end) {
                if (end > limit) {
                    sim->reached = limit;
                    *more = false;
                    return VDC_OK;
                }
                dc->now = end;
                *more = false;
                return end_run(sim, diag);
            }
            if (time > limit) {
                sim->reached = limit;
                *more = false;
                return VDC_OK;
            }
            dc->now = time;
        }
    }
    if (queued && pending->kind == VDC_EVENT_SEGMENT_END) {
        uint64_t done;
        if (vdc_progress_together(dc, sim->events_wanted - sim->event_count, &done)) return vdc_no_memory(diag, "pending events");
        sim->event_count += done;
        if (done) return VDC_OK;
    }
    sim->event_count++;
    if (queued) {
        vdc_event event;
        vdc_queue_pop(sim->events, &event);
        fetch_vm(sim);
        return handle(sim, &event, diag);
    }
    if (pending) fetch_host(sim, pending);
    switch (rank) {
    case VDC_RANK_ARRIVAL: return arrive(sim, diag);
    case VDC_RANK_QUEUE_PASS: return pass(sim, diag);
    default: return tick(sim, diag);
    }
}
