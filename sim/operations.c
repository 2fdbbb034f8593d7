/* See operations.h. The verbs' effects are rows of one table, in the order of vdc_verbs. */
#include "sim/operations.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/parts/failover.h"
#include "sim/parts/network.h"
#include "sim/parts/storage.h"
#include "sim/results/results.h"

/* ---- small helpers ---- */

uint32_t vdc_vm_find(const vdc_simulation *sim, int64_t id) {
    const vdc_datacenter *dc = &sim->datacenter;
    for (uint32_t slot = 0; slot < dc->vm_count; slot++)
        if (dc->vms[slot].state != VDC_VM_FREE && dc->vms[slot].state != VDC_VM_HELD && dc->records[slot].request.id == id) return slot;
    return VDC_NOWHERE;
}

uint32_t vdc_host_find(const vdc_simulation *sim, const char *text) {
    const vdc_hosts *hosts = &sim->datacenter.hosts;
    char *end, name[160];
    unsigned long long number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == 0) return number < hosts->count ? (uint32_t)number : VDC_NOWHERE;
    uint32_t of_class = 0;
    for (uint32_t h = 0; hosts->names && h < hosts->count; h++)
        if (strcmp(hosts->names[h], text) == 0) return h;
    for (uint16_t k = 0; !hosts->names && k < hosts->class_count; k++, of_class = 0)
        for (uint32_t h = 0; h < hosts->count; h++) {
            if (hosts->class_of[h] != k) continue;
            (void)snprintf(name, sizeof name, "%s-%" PRIu32, hosts->classes[k].name ? hosts->classes[k].name : "host", of_class++);
            if (strcmp(name, text) == 0) return h;
        }
    return VDC_NOWHERE;
}

const char *vdc_refuse(vdc_simulation *sim, const char *format, ...) {
    vdc_operations *operations = vdc_operations_of(sim);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(operations->refusal, sizeof operations->refusal, format, arguments);
    va_end(arguments);
    return operations->refusal;
}

static vdc_vm_lifecycle *life_of(vdc_simulation *sim, uint32_t slot) { return &sim->datacenter.lifecycle->vms[slot]; }
static vdc_vm_state state_of(const vdc_simulation *sim, uint32_t slot) { return (vdc_vm_state)sim->datacenter.vms[slot].state; }
static const vdc_request *request_of(const vdc_simulation *sim, uint32_t slot) { return &sim->datacenter.records[slot].request; }

static vdc_code log_vm(vdc_simulation *sim, uint32_t slot, const char *what, const char *detail, vdc_diag *diag) {
    uint32_t host = sim->datacenter.vms[slot].host;
    return vdc_results_log(sim, what, request_of(sim, slot)->id, host == VDC_NOWHERE ? -1 : (int64_t)host, detail, diag);
}

/* The events of a VM's life: its next operation, and the end of what it is doing. */
enum { NEXT_OPERATION, END_OF_PHASE };

static vdc_code schedule(vdc_simulation *sim, uint32_t slot, vdc_time at, uint32_t what, vdc_diag *diag) {
    vdc_vm_lifecycle *life = life_of(sim, slot);
    sim->pending_operations++;
    return vdc_part_schedule(sim, VDC_PART_lifecycle, at, VDC_RANK_OPERATION, slot * 2 + what,
                             what == NEXT_OPERATION ? &life->operation_event : &life->phase_event, diag);
}

static void cancel(vdc_simulation *sim, vdc_event_handle *event) {
    if (!*event) return;
    vdc_queue_cancel(sim->events, *event);
    *event = 0;
    sim->pending_operations--;
}

static vdc_code phase(vdc_simulation *sim, uint32_t slot, vdc_time span, vdc_diag *diag) {
    return schedule(sim, slot, vdc_later(sim->datacenter.now, span), END_OF_PHASE, diag);
}

/* A VM that stands still comes to no end by itself. */
static void count_end(vdc_simulation *sim, uint32_t slot, int change) {
    if (vdc_request_ends(request_of(sim, slot))) sim->with_end += change;
}

static vdc_time saving_time(const vdc_simulation *sim, uint32_t slot) {
    return vdc_migration_span(request_of(sim, slot)->size[VDC_MEMORY], sim->scenario->lifecycle.storage_bandwidth);
}

/* ---- starting ---- */

static vdc_time draw(vdc_simulation *sim, const vdc_distribution *distribution, const char *component, uint64_t entity) {
    if (!distribution->type) return 0;
    vdc_stream stream;
    vdc_stream_open(&stream, sim->scenario->seed, component, entity);
    return vdc_distribution_draw(distribution, &stream);
}

static vdc_code run(vdc_simulation *sim, uint32_t slot, bool fresh, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    dc->vms[slot].state = VDC_VM_RUNNING;
    life_of(sim, slot)->saved_image = false;
    vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_RUN);
    vdc_availability_running(sim, slot);
    vdc_code code = sim->follower_count ? vdc_parts_booted(sim, slot, diag) : VDC_OK;
    if (code) return code;
    if (fresh ? vdc_progress_begin(dc, slot) : vdc_progress_booted(dc, slot)) return vdc_no_memory(diag, "pending events");
    return fresh ? VDC_OK : log_vm(sim, slot, "running", "", diag);
}

/* The image is there. `fresh`: nothing has taken time yet. */
static vdc_code boot(vdc_simulation *sim, uint32_t slot, bool fresh, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_vm_lifecycle *life = life_of(sim, slot);
    vdc_time time = life->saved_image ? 0
                                      : draw(sim, &vdc_operations_of(sim)->boot, "lifecycle.boot",
                                             ((uint64_t)request_of(sim, slot)->id << 16) + life->boots++ % 65536);
    if (time == 0) return run(sim, slot, fresh, diag);
    dc->vms[slot].state = VDC_VM_BOOTING;
    life->boot_demand = (int64_t)((double)dc->vms[slot].nominal * sim->scenario->lifecycle.boot_cpu);
    vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_BOOT);
    if (!fresh) vdc_datacenter_demand(dc, slot, vdc_progress_demand(dc, slot));
    else if (vdc_progress_boot(dc, slot)) return vdc_no_memory(diag, "pending events");
    return phase(sim, slot, time, diag);
}

vdc_code vdc_operations_begin(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    if (vdc_vm_details_known(dc, slot)->boot_holds) {
        dc->vms[slot].state = VDC_VM_BUILDING;
        vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_BOOT);
        return vdc_progress_boot(dc, slot) ? vdc_no_memory(diag, "pending events") : VDC_OK;
    }
    vdc_vm_lifecycle *life = life_of(sim, slot);
    vdc_time time = life->fetch;
    life->fetch = 0;
    if (life->saved_image) time = vdc_later(time, saving_time(sim, slot));
    else if (dc->records[slot].first_start == dc->now)
        time = vdc_later(time, draw(sim, &vdc_operations_of(sim)->image, "lifecycle.image", (uint64_t)request_of(sim, slot)->id));
    if (time == 0) return boot(sim, slot, true, diag);
    dc->vms[slot].state = VDC_VM_BUILDING;
    vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_BOOT);
    if (vdc_progress_boot(dc, slot)) return vdc_no_memory(diag, "pending events");
    return phase(sim, slot, time, diag);
}

vdc_code vdc_operations_built(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_vm_lifecycle *life = life_of(sim, slot);
    vdc_time time = life->fetch;
    life->fetch = 0;
    if (life->saved_image) time = vdc_later(time, saving_time(sim, slot));
    return time > 0 ? phase(sim, slot, time, diag) : boot(sim, slot, false, diag);
}

/* ---- disks of VMs that are on no host ---- */

bool vdc_operations_home(vdc_simulation *sim, uint32_t slot, vdc_decision *decision) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_vm_lifecycle *life = life_of(sim, slot);
    const vdc_request *request = request_of(sim, slot);
    uint32_t host = life->stored_on;
    if (host == VDC_NOWHERE) return false;
    dc->hosts.free[VDC_DISK][host] += life->stored;
    *decision = (vdc_decision){.host = host};
    bool fits = vdc_host_fits(&dc->hosts, host, request) && vdc_host_assign(&dc->hosts, host, request, &decision->gpu_devices, &decision->numa_nodes);
    dc->hosts.free[VDC_DISK][host] -= life->stored;
    if (!fits) return false;
    return vdc_may_come(sim, host, request);
}

void vdc_operations_placing(vdc_simulation *sim, uint32_t slot, uint32_t host) {
    vdc_vm_lifecycle *life = life_of(sim, slot);
    uint32_t home = life->stored_on;
    if (home == VDC_NOWHERE) return;
    const vdc_migration_settings *migration = &sim->scenario->migration;
    int64_t bandwidth = migration->cap != VDC_PARAM_NONE ? vdc_least(migration->cap, migration->bandwidth) : migration->bandwidth;
    if (home != host && !migration->shared_storage) life->fetch = vdc_migration_span(life->stored, bandwidth);
    vdc_lifecycle_release(&sim->datacenter, slot);
    vdc_run_host_changed(sim, home);
}

void vdc_operations_host_fails(vdc_simulation *sim, uint32_t host) {
    vdc_datacenter *dc = &sim->datacenter;
    for (uint32_t slot = 0; dc->lifecycle->stored[host] > 0 && slot < dc->vm_count; slot++)
        if (dc->vms[slot].state != VDC_VM_FREE && life_of(sim, slot)->stored_on == host) vdc_lifecycle_release(dc, slot);
}

/* ---- the verbs ---- */

typedef vdc_code effect(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag);

static vdc_code start(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    (void)operation, (void)refusal;
    return vdc_run_enqueue(sim, slot, diag);
}

/* Its progress is kept: it will go on from here. */
static void keep_progress(vdc_simulation *sim, uint32_t slot) {
    vdc_vm_details *details = vdc_vm_details_of(&sim->datacenter, slot);
    if (state_of(sim, slot) == VDC_VM_PAUSED || state_of(sim, slot) == VDC_VM_SAVING) details->saved = details->position;
    else vdc_progress_save(&sim->datacenter, slot);
}

/* It leaves its host, which stores `bytes` of it. */
static void put_away(vdc_simulation *sim, uint32_t slot, int64_t bytes, vdc_vm_state state, vdc_account account) {
    vdc_datacenter *dc = &sim->datacenter;
    uint32_t host = dc->vms[slot].host;
    keep_progress(sim, slot);
    vdc_run_stop(sim, slot);
    dc->vms[slot].state = (uint8_t)state;
    vdc_lifecycle_enter(dc, slot, account);
    if (bytes == 0) return;
    vdc_lifecycle_store(dc, slot, host, bytes);
    vdc_run_host_changed(sim, host);
}

static vdc_code stopped(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_code code = log_vm(sim, slot, "stopped", "", diag);
    put_away(sim, slot, request_of(sim, slot)->size[VDC_DISK], VDC_VM_STOPPED, VDC_ACCOUNT_STOPPED);
    return code;
}

static vdc_code stop(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    (void)operation, (void)refusal;
    vdc_time time = state_of(sim, slot) == VDC_VM_RUNNING ? sim->scenario->lifecycle.shutdown : 0;
    return time > 0 ? phase(sim, slot, time, diag) : stopped(sim, slot, diag);
}

static vdc_code pause(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    (void)operation, (void)refusal, (void)diag;
    vdc_datacenter *dc = &sim->datacenter;
    vdc_progress_pause(dc, slot);
    dc->vms[slot].state = VDC_VM_PAUSED;
    vdc_lifecycle_set_away(dc, slot, true);
    vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_PAUSED);
    if (sim->follower_count) vdc_parts_halted(sim, slot);
    count_end(sim, slot, -1);
    return VDC_OK;
}

/* It runs again where it stood still. */
static vdc_code go_on(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_lifecycle_set_away(dc, slot, false);
    dc->vms[slot].state = VDC_VM_RUNNING;
    vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_RUN);
    count_end(sim, slot, 1);
    vdc_code code = sim->follower_count ? vdc_parts_booted(sim, slot, diag) : VDC_OK;
    if (code) return code;
    return vdc_progress_continue(dc, slot) ? vdc_no_memory(diag, "pending events") : VDC_OK;
}

static vdc_code resume(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    (void)operation, (void)refusal;
    if (state_of(sim, slot) == VDC_VM_SUSPENDED) {
        life_of(sim, slot)->saved_image = true;
        return vdc_run_enqueue(sim, slot, diag);
    }
    return go_on(sim, slot, diag);
}

static vdc_code suspended(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_request *request = request_of(sim, slot);
    vdc_code code = log_vm(sim, slot, "suspended", "", diag);
    put_away(sim, slot, request->size[VDC_DISK] + request->size[VDC_MEMORY], VDC_VM_SUSPENDED, VDC_ACCOUNT_SUSPENDED);
    return code;
}

static vdc_code suspend(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_time time = saving_time(sim, slot);
    uint32_t host = dc->vms[slot].host;
    /* The image has its room from the beginning. */
    if (!vdc_lifecycle_store(dc, slot, host, request_of(sim, slot)->size[VDC_MEMORY])) {
        *refusal = vdc_refuse(sim, "its host has no room on its disks for %" PRId64 " bytes of memory", request_of(sim, slot)->size[VDC_MEMORY]);
        return VDC_OK;
    }
    vdc_run_host_changed(sim, host);
    if (state_of(sim, slot) == VDC_VM_RUNNING) pause(sim, slot, operation, refusal, diag);
    count_end(sim, slot, 1);
    dc->vms[slot].state = VDC_VM_SAVING;
    return time > 0 ? phase(sim, slot, time, diag) : suspended(sim, slot, diag);
}

static vdc_code snapshot(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    (void)operation, (void)refusal, (void)diag;
    keep_progress(sim, slot);
    return VDC_OK;
}

static vdc_code migrate(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    uint32_t host = operation->to ? vdc_host_find(sim, operation->to) : VDC_NOWHERE;
    if (operation->to && host == VDC_NOWHERE) {
        *refusal = vdc_refuse(sim, "there is no host '%.60s'", operation->to);
        return VDC_OK;
    }
    return vdc_migrate_in_turn(sim, slot, host, operation->mode, refusal, diag);
}

static vdc_code delete(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    (void)operation, (void)refusal;
    vdc_datacenter *dc = &sim->datacenter;
    if (state_of(sim, slot) == VDC_VM_QUEUED) vdc_run_leave_queue(sim, slot);
    else if (dc->vms[slot].host != VDC_NOWHERE) vdc_run_stop(sim, slot);
    return vdc_run_leave(sim, slot, VDC_VM_DELETED, diag);
}

/* ---- another size, other shares ---- */

/* May it be on its host with this request, were it not there? `why`: which rule is in the way of a host with room. */
static bool may_stay(vdc_simulation *sim, uint32_t slot, const vdc_request *request, char *why, size_t size) {
    vdc_datacenter *dc = &sim->datacenter;
    const uint32_t host = dc->vms[slot].host;
    vdc_set_aside(sim, slot);
    bool may = vdc_host_fits(&dc->hosts, host, request);
    if (may && sim->isolation) may = !vdc_isolation_forbids(sim->isolation, host, request, why, size);
    else if (may && !vdc_datacenter_keeps_reservation(dc, host, request)) {
        (void)snprintf(why, size, "it cannot keep the CPU reservation");
        may = false;
    }
    vdc_put_back(sim, slot);
    return may;
}

/* Takes the VM off its host and puts it there again with another request, all at this instant: see may_stay. */
static vdc_code replace(vdc_simulation *sim, uint32_t slot, const vdc_request *request, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_vm_record *record = &dc->records[slot];
    vdc_vm_state state = state_of(sim, slot);
    vdc_request old = record->request;
    vdc_time started = record->started_at;
    uint32_t host = dc->vms[slot].host;
    uint64_t gpus = record->gpu_devices, nodes = record->numa_nodes;
    if (state == VDC_VM_RUNNING) vdc_progress_pause(dc, slot);
    sim->transit = VDC_TRANSIT_STAYS;
    if (sim->isolation) sim->isolation->stays = true;
    if (sim->follower_count) vdc_parts_removing(sim, slot);
    dc->hosts.vms[host]++; /* it does not become empty meanwhile */
    vdc_datacenter_remove(dc, slot);
    dc->hosts.vms[host]--;
    vdc_lifecycle_resize(dc, slot, request->size[VDC_CPU]);
    record->request = *request;
    if (!vdc_host_assign(&dc->hosts, host, &record->request, &gpus, &nodes)) {
        gpus = nodes = 0;
        (void)vdc_host_assign(&dc->hosts, host, &record->request, &gpus, &nodes);
    }
    dc->hosts.vms[host]++;
    if (vdc_datacenter_place(dc, slot, host, gpus, nodes)) return vdc_no_memory(diag, "a placement");
    dc->hosts.vms[host]--;
    record->started_at = started;
    dc->vms[slot].state = (uint8_t)state;
    if (state == VDC_VM_PAUSED) vdc_lifecycle_set_away(dc, slot, true);
    vdc_run_host_changed(sim, host);
    vdc_run_released(sim, &old, host);
    vdc_run_placed(sim, &record->request, &(vdc_decision){.host = host, .gpu_devices = gpus, .numa_nodes = nodes}, started);
    vdc_run_wake(sim);
    vdc_code code = sim->follower_count ? vdc_parts_placed(sim, slot, diag) : VDC_OK;
    sim->transit = VDC_TRANSIT_NONE;
    if (sim->isolation) sim->isolation->stays = false;
    vdc_failover_withdraw(sim, slot); /* it has another size now */
    if (!code && state == VDC_VM_RUNNING && vdc_progress_continue(dc, slot)) code = vdc_no_memory(diag, "pending events");
    return code;
}

/* A waiting VM takes the place in the queue that its request gives it now: where that is another one, behind all who have it already. */
static vdc_code find_place(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    const vdc_admission_hooks *hooks = &sim->admission.policy->admission;
    vdc_vm_record *record = &dc->records[slot];
    int64_t key = hooks->key ? hooks->key(sim->admission.state, &record->request) : 0;
    sim->pass_wanted = true;
    if (key == record->queue_key) return VDC_OK;
    vdc_time queued_at = record->queued_at;
    vdc_wait_queue_remove(&sim->waiting, dc, slot);
    if (vdc_wait_queue_add(&sim->waiting, dc, slot, key)) return vdc_no_memory(diag, "the waiting VMs");
    record->queued_at = queued_at;
    return VDC_OK;
}

/* The request of a VM that holds nothing, or disk only, changes. */
static vdc_code rewrite(vdc_simulation *sim, uint32_t slot, const vdc_request *request, const char **refusal, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_vm_lifecycle *life = life_of(sim, slot);
    uint32_t home = life->stored_on;
    int64_t change = request->size[VDC_DISK] - request_of(sim, slot)->size[VDC_DISK];
    if (home != VDC_NOWHERE && change != 0) {
        if (change > dc->hosts.free[VDC_DISK][home]) {
            *refusal = vdc_refuse(sim, "host %" PRIu32 " has no room for its disk", home);
            return VDC_OK;
        }
        int64_t stored = life->stored + change;
        vdc_lifecycle_release(dc, slot);
        vdc_lifecycle_store(dc, slot, home, stored);
        vdc_run_host_changed(sim, home);
    }
    vdc_lifecycle_resize(dc, slot, request->size[VDC_CPU]);
    dc->records[slot].request = *request;
    return state_of(sim, slot) == VDC_VM_QUEUED ? find_place(sim, slot, diag) : VDC_OK;
}

vdc_request vdc_asked(const vdc_simulation *sim, uint32_t slot) {
    vdc_request request = *request_of(sim, slot);
    if (sim->isolation) request.cpu_reservation = vdc_isolation_own_reservation(sim->isolation, slot);
    return request;
}

/* See vdc_become; with what rules reserve. */
static vdc_code become(vdc_simulation *sim, uint32_t slot, const vdc_request *request, bool may_move, const char **refusal, vdc_diag *diag) {
    char text[160];
    const char *never = vdc_run_fits_nowhere(sim, request, text, sizeof text);
    if (never) {
        const char *colon = strstr(never, ": ");
        *refusal = vdc_refuse(sim, "%s", colon ? colon + 2 : never);
        return VDC_OK;
    }
    if (sim->datacenter.vms[slot].host == VDC_NOWHERE) return rewrite(sim, slot, request, refusal, diag);
    char why[120] = "";
    if (may_stay(sim, slot, request, why, sizeof why)) return replace(sim, slot, request, diag);
    if (may_move) return vdc_migrate(sim, slot, VDC_NOWHERE, -1, request, refusal, diag);
    *refusal = why[0] ? vdc_refuse(sim, "its host is forbidden for that: %s", why) : vdc_refuse(sim, "its host has no room for it");
    return VDC_OK;
}

vdc_code vdc_become(vdc_simulation *sim, uint32_t slot, const vdc_request *request, bool may_move, const char **refusal, vdc_diag *diag) {
    vdc_request given = *request;
    if (sim->isolation) vdc_isolation_reserve(sim->isolation, &given);
    vdc_code code = become(sim, slot, &given, may_move, refusal, diag);
    if (!code && !*refusal && sim->isolation) vdc_isolation_note_own_reservation(sim->isolation, slot, request->cpu_reservation);
    return code;
}

static vdc_code resize(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    vdc_request request = vdc_asked(sim, slot);
    if (operation->vcpus != VDC_PARAM_NONE) request.size[VDC_CPU] = operation->vcpus;
    if (operation->memory != VDC_PARAM_NONE) request.size[VDC_MEMORY] = operation->memory;
    if (operation->disk != VDC_PARAM_NONE) request.size[VDC_DISK] = operation->disk;
    return vdc_become(sim, slot, &request, operation->move, refusal, diag);
}

static vdc_code configure(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    vdc_request request = vdc_asked(sim, slot);
    if (operation->weight != VDC_PARAM_NONE) request.cpu_weight = operation->weight;
    if (operation->reservation != VDC_PARAM_NONE) request.cpu_reservation = operation->reservation;
    if (operation->has_limit) request.cpu_limit = operation->limit;
    if (operation->has_priority) request.priority = operation->priority;
    if (request.cpu_limit != VDC_UNLIMITED && request.cpu_reservation > request.cpu_limit) {
        *refusal = vdc_refuse(sim, "the reservation is above the limit");
        return VDC_OK;
    }
    int64_t most = sim->cpu.policy->cpu.weight_most;
    if (most && request.cpu_weight > most) {
        *refusal = vdc_refuse(sim, "weight: found %" PRId64 "; allowed: 1 to %" PRId64 " with the CPU policy %s", request.cpu_weight, most,
                              sim->cpu.policy->name);
        return VDC_OK;
    }
    return vdc_become(sim, slot, &request, false, refusal, diag);
}

static effect *const effects[VDC_VERBS] = {
    [VDC_VERB_START] = start, [VDC_VERB_STOP] = stop, [VDC_VERB_PAUSE] = pause, [VDC_VERB_RESUME] = resume, [VDC_VERB_SUSPEND] = suspend,
    [VDC_VERB_RESIZE] = resize, [VDC_VERB_CONFIGURE] = configure, [VDC_VERB_SNAPSHOT] = snapshot, [VDC_VERB_MIGRATE] = migrate,
    [VDC_VERB_DELETE] = delete,
    [VDC_VERB_CREATE_VOLUME] = vdc_volume_create, [VDC_VERB_ATTACH_VOLUME] = vdc_volume_attach, [VDC_VERB_DETACH_VOLUME] = vdc_volume_detach,
    [VDC_VERB_RESIZE_VOLUME] = vdc_volume_resize, [VDC_VERB_CONFIGURE_VOLUME] = vdc_volume_configure, [VDC_VERB_SNAPSHOT_VOLUME] = vdc_volume_snapshot,
    [VDC_VERB_DELETE_VOLUME] = vdc_volume_delete, [VDC_VERB_CREATE_NETWORK] = vdc_network_create, [VDC_VERB_CONFIGURE_NETWORK] = vdc_network_configure,
    [VDC_VERB_ATTACH_NETWORK] = vdc_vnic_attach, [VDC_VERB_CONFIGURE_VNIC] = vdc_vnic_configure, [VDC_VERB_DETACH_NETWORK] = vdc_vnic_detach,
    [VDC_VERB_DELETE_NETWORK] = vdc_network_delete,
};

/* ---- carrying out ---- */

/* What of the table of verbs forbids it, or NULL. */
static const char *illegal(vdc_simulation *sim, uint32_t slot, const vdc_verb_row *row) {
    if (slot == VDC_NOWHERE) return row->vm_optional ? NULL : vdc_refuse(sim, "it is of no VM");
    const vdc_vm_lifecycle *life = life_of(sim, slot);
    vdc_vm_state state = state_of(sim, slot);
    if (!(row->states >> state & 1)) return vdc_refuse(sim, "it is %s", vdc_vm_state_names[state]);
    if (row->while_migrating) return NULL;
    if (life->migration != VDC_NOWHERE) return vdc_refuse(sim, "it is moving to another host");
    if (state == VDC_VM_RUNNING && life->phase_event) return vdc_refuse(sim, "it is being shut down");
    return NULL;
}

/* What was asked for, in words, for the log. */
static void describe(const vdc_operation *operation, char *text, size_t size) {
    int length = 0;
    text[0] = 0;
#define PUT(...) (length += snprintf(text + length, length < (int)size ? size - (size_t)length : 0, __VA_ARGS__))
    if (operation->vcpus != VDC_PARAM_NONE) PUT("vcpus %g ", (double)operation->vcpus / 1000);
    if (operation->memory != VDC_PARAM_NONE) PUT("memory %" PRId64 " B ", operation->memory);
    if (operation->disk != VDC_PARAM_NONE) PUT("disk %" PRId64 " B ", operation->disk);
    if (operation->weight != VDC_PARAM_NONE) PUT("weight %" PRId64 " ", operation->weight);
    if (operation->reservation != VDC_PARAM_NONE) PUT("reservation %" PRId64 " Hz ", operation->reservation);
    if (operation->has_limit && operation->limit == VDC_UNLIMITED) PUT("no limit ");
    else if (operation->has_limit) PUT("limit %" PRId64 " Hz ", operation->limit);
    if (operation->has_priority) PUT("priority %" PRId32 " ", operation->priority);
    if (operation->to) PUT("to %.60s ", operation->to);
    if (operation->volume) PUT("volume %.60s ", operation->volume);
    if (operation->network) PUT("network %.60s ", operation->network);
    if (operation->size != VDC_PARAM_NONE) PUT("size %" PRId64 " B ", operation->size);
    if (operation->size != VDC_PARAM_NONE && operation->pool) PUT("pool %.60s ", operation->pool);
    const struct { const char *name, *unit; int64_t cap; } caps[] = {
        {"iops", "", operation->iops}, {"bandwidth", " B/s", operation->bandwidth}, {"tx", " B/s", operation->tx}, {"rx", " B/s", operation->rx}};
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        if (caps[i].cap == VDC_UNLIMITED) PUT("no %s ", caps[i].name);
        else if (caps[i].cap != VDC_UNCHANGED) PUT("%s %" PRId64 "%s ", caps[i].name, caps[i].cap, caps[i].unit);
    }
#undef PUT
    if (length > 0 && length < (int)size) text[length - 1] = 0;
}

vdc_code vdc_operate(vdc_simulation *sim, uint32_t slot, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    vdc_operations *operations = vdc_operations_of(sim);
    const vdc_verb_row *row = &vdc_verbs[operation->verb];
    int64_t id = slot == VDC_NOWHERE ? -1 : request_of(sim, slot)->id;
    uint32_t host = slot == VDC_NOWHERE ? VDC_NOWHERE : sim->datacenter.vms[slot].host;
    char text[512], what[64];
    *refusal = illegal(sim, slot, row);
    vdc_code code = VDC_OK;
    if (!*refusal) {
        describe(operation, text, sizeof text);
        code = vdc_results_log(sim, row->name, id, host == VDC_NOWHERE ? -1 : (int64_t)host, text, diag);
        if (!code) code = effects[operation->verb](sim, slot, operation, refusal, diag);
    }
    if (code) return code;
    if (!*refusal) {
        operations->done[operation->verb]++;
        return VDC_OK;
    }
    operations->refused++;
    (void)snprintf(what, sizeof what, "refused: %s", row->name);
    return vdc_results_log(sim, what, id, host == VDC_NOWHERE ? -1 : (int64_t)host, *refusal, diag);
}

vdc_code vdc_operate_named(vdc_simulation *sim, const vdc_operation *operation, const char **refusal, vdc_diag *diag) {
    uint32_t slot = operation->vm == VDC_NO_ID ? VDC_NOWHERE : vdc_vm_find(sim, operation->vm);
    if (slot != VDC_NOWHERE || operation->vm == VDC_NO_ID) return vdc_operate(sim, slot, operation, refusal, diag);
    *refusal = vdc_refuse(sim, "there is no VM %" PRId64, operation->vm);
    vdc_operations_of(sim)->refused++;
    char what[64];
    (void)snprintf(what, sizeof what, "refused: %s", vdc_verbs[operation->verb].name);
    return vdc_results_log(sim, what, operation->vm, -1, *refusal, diag);
}

/* ---- for the run loop ---- */

/* Subject of the event of the scenario's own list. */
enum { SCENARIO_OPERATION = -1 };

static vdc_code schedule_scenario(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_operation *next = vdc_operation_get(&sim->operations, sim->own_operations, vdc_operations_of(sim)->next);
    if (!next) return VDC_OK;
    sim->pending_operations++;
    return vdc_part_schedule(sim, VDC_PART_lifecycle, next->at, VDC_RANK_OPERATION, (uint32_t)SCENARIO_OPERATION, NULL, diag);
}

vdc_code vdc_operations_start(vdc_simulation *sim, vdc_diag *diag) { return schedule_scenario(sim, diag); }

static vdc_code scenario_operation(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_operation *operation = vdc_operation_get(&sim->operations, sim->own_operations, vdc_operations_of(sim)->next++);
    vdc_code code = schedule_scenario(sim, diag);
    const char *refusal;
    return code ? code : vdc_operate_named(sim, operation, &refusal, diag);
}

static vdc_code schedule_next(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    const vdc_request *request = request_of(sim, slot);
    const vdc_operation *next = vdc_operation_get(&sim->operations, request->operations, life_of(sim, slot)->next_operation);
    return next ? schedule(sim, slot, vdc_later(request->arrival, next->at), NEXT_OPERATION, diag) : VDC_OK;
}

vdc_code vdc_operations_arrive(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    if (!vdc_lifecycle_arrive(&sim->datacenter, slot)) return vdc_no_memory(diag, "the VMs' lifecycle");
    return schedule_next(sim, slot, diag);
}

void vdc_operations_waits(vdc_simulation *sim, uint32_t slot) {
    vdc_vm_lifecycle *life = life_of(sim, slot);
    uint32_t failures = sim->datacenter.records[slot].failures;
    vdc_lifecycle_enter(&sim->datacenter, slot, failures > life->failures ? VDC_ACCOUNT_DOWN : VDC_ACCOUNT_PENDING);
    life->failures = failures;
}

void vdc_operations_leave(vdc_simulation *sim, uint32_t slot) {
    vdc_vm_lifecycle *life = life_of(sim, slot);
    uint32_t home = life->stored_on;
    cancel(sim, &life->operation_event);
    vdc_lifecycle_release(&sim->datacenter, slot);
    vdc_datacenter *dc = &sim->datacenter;
    if (dc->track_vms) {
        /* What it held while it was on no host. */
        vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
        for (int flow = 0; flow < VDC_FLOWS; flow++) sim->population.finished[flow] += vdc_ledger_sum(&dc->vm_ledger, slot, (vdc_flow)flow);
        vdc_ledger_restart(&dc->vm_ledger, slot, dc->now);
    }
    if (home != VDC_NOWHERE) {
        vdc_run_host_changed(sim, home);
        vdc_run_wake(sim);
    }
    vdc_lifecycle_leave(&sim->datacenter, slot);
    vdc_io_profile_disown(&sim->io, request_of(sim, slot)->io);
}

void vdc_operations_stopping(vdc_simulation *sim, uint32_t slot) {
    vdc_vm_lifecycle *life = life_of(sim, slot);
    vdc_vm_state state = state_of(sim, slot);
    cancel(sim, &life->phase_event);
    vdc_migration_ends(sim, slot);
    if (state == VDC_VM_PAUSED || state == VDC_VM_FAILOVER) count_end(sim, slot, 1);
    if (state == VDC_VM_SAVING) vdc_lifecycle_release(&sim->datacenter, slot);
    life->end_left = life->change_left = life->checkpoint_left = -1;
}

static vdc_code taken_over(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_failover_done(sim);
    vdc_availability_running(sim, slot);
    vdc_code code = log_vm(sim, slot, "standby has taken over", "", diag);
    return code ? code : go_on(sim, slot, diag);
}

vdc_code vdc_operations_fail_over(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    dc->vms[slot].state = VDC_VM_FAILOVER;
    vdc_lifecycle_set_away(dc, slot, true);
    vdc_lifecycle_enter(dc, slot, VDC_ACCOUNT_DOWN);
    count_end(sim, slot, -1);
    return sim->scenario->failover > 0 ? phase(sim, slot, sim->scenario->failover, diag) : taken_over(sim, slot, diag);
}

static vdc_code end_of_phase(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    switch (state_of(sim, slot)) {
    case VDC_VM_BUILDING: return boot(sim, slot, false, diag);
    case VDC_VM_BOOTING: return run(sim, slot, false, diag);
    case VDC_VM_RUNNING: return stopped(sim, slot, diag);
    case VDC_VM_SAVING: return suspended(sim, slot, diag);
    case VDC_VM_FAILOVER: return taken_over(sim, slot, diag);
    default: return vdc_fail(diag, VDC_ERROR_STATE, NULL, "VM %" PRId64 " ends a phase while it is %s", request_of(sim, slot)->id,
                             vdc_vm_state_names[state_of(sim, slot)]);
    }
}

vdc_code vdc_operations_event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    sim->pending_operations--;
    if (subject == (uint32_t)SCENARIO_OPERATION) return scenario_operation(sim, diag);
    uint32_t slot = subject / 2;
    vdc_vm_lifecycle *life = life_of(sim, slot);
    if (subject % 2 == END_OF_PHASE) {
        life->phase_event = 0;
        return end_of_phase(sim, slot, diag);
    }
    life->operation_event = 0;
    const vdc_operation *operation = vdc_operation_get(&sim->operations, request_of(sim, slot)->operations, life->next_operation++);
    /* The next one before this one, which may be the VM's last. */
    vdc_code code = schedule_next(sim, slot, diag);
    const char *refusal;
    return code ? code : vdc_operate(sim, slot, operation, &refusal, diag);
}
