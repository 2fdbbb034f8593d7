/* See datacenter.h. */
#include "models/datacenter.h"
#include "models/burst.h"
#include "models/isolation.h"
#include "models/lifecycle.h"
#include "models/numa_share.h"
#include "models/slices.h"

#include <string.h>

const char *const vdc_vm_state_names[VDC_VM_STATES] = {
    "free", "queued", "running", "building", "booting", "paused", "saving", "blackout", "failing over", "held", "suspended", "stopped", "down",
    "completed", "rejected", "failed", "lost", "evicted", "deleted",
};

vdc_code vdc_datacenter_setup(vdc_datacenter *dc, vdc_diag *diag) {
    uint32_t count = dc->hosts.count;
    uint64_t use = 0;
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (dc->hosts.free[r]) use |= UINT64_C(1) << (VDC_FLOW_P + r);
    use |= 1u << VDC_FLOW_NOMINAL | 1u << VDC_FLOW_DEMAND | 1u << VDC_FLOW_CEILING | 1u << VDC_FLOW_GRANTED | 1u << VDC_FLOW_RESERVED;
    if (dc->efficiency_count) use |= 1u << VDC_FLOW_USED;
    for (int r = VDC_MEMORY; r < VDC_RESOURCES; r++)
        if (dc->lifecycle && dc->hosts.free[r] && !(dc->serviced >> r & 1)) dc->run_bound |= 1u << r;
    dc->serviced |= dc->run_bound;
    for (int r = VDC_MEMORY; r < VDC_RESOURCES; r++)
        if (dc->serviced >> r & 1) use |= UINT64_C(1) << (VDC_FLOW_G + r) | UINT64_C(1) << (VDC_FLOW_U + r);
    if (dc->lifecycle) use |= 1u << VDC_FLOW_AWAY | 1u << VDC_FLOW_LOST | 1u << VDC_FLOW_OVERHEAD;
    if (dc->isolation) {
        use |= 1u << VDC_FLOW_FENCE_IDLE;
        for (int r = 0; r < VDC_RESOURCES; r++)
            if (dc->hosts.free[r]) use |= UINT64_C(1) << (VDC_FLOW_FENCE + r) | UINT64_C(1) << (VDC_FLOW_WASTE + r);
        dc->track_hosts = true;
        dc->regions = vdc_calloc(count ? count : 1, sizeof *dc->regions);
        if (!dc->regions) return vdc_no_memory(diag, "the hosts' accounts");
    }
    vdc_ledger_setup(&dc->class_ledger, use);
    vdc_ledger_setup(&dc->host_ledger, use);
    vdc_ledger_setup(&dc->vm_ledger, use);
    dc->vm_free = VDC_NOWHERE;
    dc->dirty = vdc_calloc(count ? count : 1, sizeof *dc->dirty);
    dc->dirty_hosts = vdc_malloc((count ? count : 1) * sizeof *dc->dirty_hosts);
    for (uint16_t k = 0; k < dc->hosts.class_count; k++)
        for (int r = 0; r < VDC_RESOURCES; r++)
            if (dc->hosts.classes[k].capacity[r] > dc->largest[r]) dc->largest[r] = dc->hosts.classes[k].capacity[r];
    if (dc->sharing.slice) {
        vdc_code code = vdc_slices_create(dc, diag);
        if (code) return code;
    }
    if (dc->sharing.bursts) {
        vdc_code code = vdc_bursts_create(dc, diag);
        if (code) return code;
    }
    if (dc->hosts.numa_free && !(dc->bound = vdc_calloc(count ? count : 1, sizeof *dc->bound))) return vdc_no_memory(diag, "the hosts' accounts");
    bool powered = false;
    for (uint16_t k = 0; k < dc->hosts.class_count; k++) powered = powered || dc->hosts.classes[k].power.model;
    if (powered) {
        dc->power = vdc_calloc(count ? count : 1, sizeof *dc->power);
        dc->power_due = vdc_calloc(count ? count : 1, sizeof *dc->power_due);
        dc->power_due_hosts = vdc_malloc((count ? count : 1) * sizeof *dc->power_due_hosts);
    }
    if (!dc->dirty || !dc->dirty_hosts
        || (powered && (!dc->power || !dc->power_due || !dc->power_due_hosts))
        || !vdc_ledger_grow(&dc->class_ledger, dc->hosts.class_count) || (dc->track_hosts && !vdc_ledger_grow(&dc->host_ledger, count)))
        return vdc_no_memory(diag, "the hosts' accounts");
    for (uint32_t h = 0; h < count; h++) {
        dc->hosts.account[h].first_vm = VDC_NOWHERE;
        if (powered) vdc_datacenter_host_state(dc, h, (vdc_host_state)dc->hosts.state[h]);
    }
    return VDC_OK;
}

void vdc_datacenter_destroy(vdc_datacenter *dc) {
    for (uint32_t slot = 0; slot < dc->vm_count; slot++)
        if (dc->vms[slot].state != VDC_VM_FREE && dc->vms[slot].detailed) vdc_free(dc->details[slot].name);
    vdc_hosts_destroy(&dc->hosts);
    vdc_free_lines(dc->vms);
    vdc_free_lines(dc->records);
    vdc_free_lines(dc->details);
    vdc_free(dc->bound);
    vdc_free(dc->entry_masks);
    vdc_free(dc->power);
    vdc_free(dc->power_due);
    vdc_free(dc->power_due_hosts);
    vdc_free(dc->switching);
    vdc_free(dc->times);
    vdc_free(dc->regions);
    vdc_free(dc->dirty);
    vdc_free(dc->dirty_hosts);
    vdc_free(dc->touched);
    vdc_free(dc->entries);
    vdc_free(dc->entry_slots);
    vdc_free(dc->entry_factors);
    vdc_free(dc->entry_forced_idle);
    vdc_free(dc->scratch);
    vdc_slices_destroy(dc->slices);
    vdc_bursts_destroy(dc->bursts);
    vdc_ledger_free(&dc->class_ledger);
    vdc_ledger_free(&dc->host_ledger);
    vdc_ledger_free(&dc->vm_ledger);
    memset(dc, 0, sizeof *dc);
}

/* ---- VM slots ---- */

uint32_t vdc_vm_create(vdc_datacenter *dc, const vdc_request *request) {
    uint32_t slot = dc->vm_free;
    vdc_request copy;
    if (slot == VDC_NOWHERE) {
        size_t need = dc->vm_count + (size_t)1;
        if (need > dc->record_capacity) copy = *request, request = &copy; /* it may be that of another VM, which moves now */
        if (dc->vm_count == VDC_NOWHERE || !VDC_RESERVE_LINES(dc->vms, dc->vm_capacity, need)
            || !VDC_RESERVE_LINES(dc->records, dc->record_capacity, need) || !VDC_RESERVE_LINES(dc->details, dc->detail_capacity, need))
            return VDC_NOWHERE;
        slot = dc->vm_count;
        if (dc->track_vms && !vdc_ledger_grow(&dc->vm_ledger, slot + (size_t)1)) return VDC_NOWHERE;
        dc->vm_count++;
    } else {
        dc->vm_free = dc->vms[slot].next;
    }
    dc->vms[slot] = (vdc_vm){.host = VDC_NOWHERE, .next = VDC_NOWHERE, .previous = VDC_NOWHERE, .state = VDC_VM_QUEUED};
    vdc_vm_record *record = &dc->records[slot];
    record->request = *request;
    record->request.name = NULL;
    record->gpu_devices = record->numa_nodes = 0;
    record->queued_at = dc->now;
    record->first_start = record->started_at = -1;
    record->queue_key = 0;
    record->failures = 0;
    record->last_host = VDC_NOWHERE;
    if (request->load) vdc_vm_details_of(dc, slot)->saved.cursor = request->load_cursor;
    if (dc->track_vms) vdc_ledger_restart(&dc->vm_ledger, slot, dc->now);
    return slot;
}

void vdc_vm_destroy(vdc_datacenter *dc, uint32_t slot) {
    if (dc->vms[slot].detailed) vdc_free(dc->details[slot].name);
    dc->vms[slot].state = VDC_VM_FREE;
    dc->vms[slot].next = dc->vm_free;
    dc->vm_free = slot;
    /* The next VM to arrive gets this slot: the lines of its record that leaving did not read are on their way by then. */
    for (size_t line = 128; line < sizeof *dc->records; line += 64) __builtin_prefetch((const char *)&dc->records[slot] + line, 1);
}

vdc_vm_details *vdc_vm_details_of(vdc_datacenter *dc, uint32_t slot) {
    if (!dc->vms[slot].detailed) dc->details[slot] = (vdc_vm_details){0};
    dc->vms[slot].detailed = true;
    return &dc->details[slot];
}

const vdc_vm_details vdc_vm_no_details;

/* ---- the fleet's integrals ---- */

void vdc_datacenter_advance_fleet(vdc_datacenter *dc) {
    vdc_time span = dc->now - dc->fleet_since;
    if (span == 0) return;
    dc->fleet_since = dc->now;
    dc->hosts_used_time += (vdc_wide)dc->hosts_used * span;
    dc->hosts_needed_time += (vdc_wide)dc->hosts_needed * span;
    if (dc->power) {
        vdc_wide energy = dc->power_now * span;
        dc->energy += energy;
        dc->energy_since_carbon += energy;
    }
}

void vdc_datacenter_advance_ledgers(vdc_datacenter *dc) {
    vdc_datacenter_settle_power(dc);
    vdc_datacenter_advance_fleet(dc);
    for (size_t k = 0; k < dc->class_ledger.count; k++) vdc_ledger_advance(&dc->class_ledger, k, dc->now);
    if (dc->track_hosts)
        for (size_t h = 0; h < dc->host_ledger.count; h++) vdc_ledger_advance(&dc->host_ledger, h, dc->now);
    if (dc->track_vms)
        for (uint32_t slot = 0; slot < dc->vm_count; slot++)
            if (dc->vms[slot].state != VDC_VM_FREE) vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
}

/* pW·ns -> kWh: 1e12 pW a watt, 1e9 ns a second, 3.6e6 J a kWh. */
static double kilowatt_hours(vdc_wide energy) { return (double)energy / 3.6e27; }

void vdc_datacenter_carbon(vdc_datacenter *dc, double intensity) {
    dc->carbon = vdc_datacenter_carbon_grams(dc);
    vdc_datacenter_advance_fleet(dc);
    dc->energy_since_carbon = 0;
    dc->carbon_intensity = intensity;
}

double vdc_datacenter_carbon_grams(const vdc_datacenter *dc) {
    vdc_wide energy = dc->energy_since_carbon + dc->power_now * (dc->now - dc->fleet_since);
    return dc->carbon + kilowatt_hours(energy) * dc->carbon_intensity;
}

/* Hz that the host's hypervisor uses for migrations. */
static inline int64_t overhead(const vdc_datacenter *dc, uint32_t h) { return dc->lifecycle ? dc->lifecycle->overhead[h] : 0; }

/* Sets what a host draws now, from its state and what it grants. */
static void power_changed(vdc_datacenter *dc, uint32_t h) {
    if (!dc->power) return;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    int64_t watts = 0;
    if (class->power.model) {
        vdc_host_state state = (vdc_host_state)dc->hosts.state[h];
        if (state == VDC_HOST_DOWN) watts = dc->down_host_idle ? vdc_power_picowatts(&class->power, 0, class->cpu_hz) : 0;
        else if (state == VDC_HOST_OFF && dc->switching && dc->switching[h]) {
            int64_t busy = dc->switching[h] == VDC_SWITCHING_ON ? class->cpu_hz : 0;
            watts = vdc_power_picowatts(&class->power, busy, class->cpu_hz);
        } else if (state == VDC_HOST_OFF || (dc->empty_host_off && dc->hosts.vms[h] == 0)) watts = (int64_t)(class->power.off * 1e12);
        else watts = vdc_power_picowatts(&class->power, dc->hosts.account[h].granted + overhead(dc, h), class->cpu_hz);
    }
    if (watts == dc->power[h]) return;
    vdc_datacenter_advance_fleet(dc);
    dc->power_now += watts - dc->power[h];
    dc->power[h] = watts;
}

/* What lasts no time uses no energy: a host that changes many times at an instant is looked at once, at its end. */
static inline void power_changes(vdc_datacenter *dc, uint32_t h) {
    if (!dc->power || dc->power_due[h]) return;
    dc->power_due[h] = true;
    dc->power_due_hosts[dc->power_due_count++] = h;
}

void vdc_datacenter_settle_power(vdc_datacenter *dc) {
    for (size_t i = 0; i < dc->power_due_count; i++) {
        dc->power_due[dc->power_due_hosts[i]] = false;
        power_changed(dc, dc->power_due_hosts[i]);
    }
    dc->power_due_count = 0;
}

void vdc_datacenter_host_state(vdc_datacenter *dc, uint32_t h, vdc_host_state state) {
    bool was_down = dc->hosts.state[h] == VDC_HOST_DOWN, is_down = state == VDC_HOST_DOWN, same = dc->hosts.state[h] == (uint8_t)state;
    dc->hosts.state[h] = (uint8_t)state;
    if (is_down && !was_down) dc->hosts_down++;
    if (was_down && !is_down) dc->hosts_down--;
    power_changed(dc, h);
    if (dc->occupancy.changed && !same && dc->hosts.vms[h] == 0)
        dc->occupancy.changed(dc->occupancy.context, h, state != VDC_HOST_UP && state != VDC_HOST_OFF);
}

void vdc_datacenter_switching(vdc_datacenter *dc, uint32_t h, uint8_t what) {
    dc->switching[h] = what;
    power_changed(dc, h);
}

/* ---- host times ---- */

bool vdc_datacenter_keep_times(vdc_datacenter *dc) {
    if (dc->times) return true;
    dc->times = vdc_calloc((size_t)dc->hosts.count + 1, sizeof *dc->times);
    for (uint32_t h = 0; dc->times && h < dc->hosts.count; h++) dc->times[h] = (vdc_host_times){.active_since = -1, .full_since = -1};
    return dc->times != NULL;
}

static void note_time(vdc_time now, bool is, vdc_time *since, vdc_time *sum) {
    if (is == (*since >= 0)) return;
    if (!is) *sum += now - *since;
    *since = is ? now : -1;
}

/* The host's VMs or what it grants changed. */
static void times_changed(vdc_datacenter *dc, uint32_t h) {
    vdc_host_times *times = &dc->times[h];
    int64_t capacity = dc->hosts.classes[dc->hosts.class_of[h]].cpu_hz;
    note_time(dc->now, dc->hosts.vms[h] > 0, &times->active_since, &times->active);
    note_time(dc->now, dc->hosts.vms[h] > 0 && capacity > 0 && dc->hosts.account[h].granted + overhead(dc, h) >= capacity, &times->full_since, &times->full);
}

vdc_host_times vdc_datacenter_times(const vdc_datacenter *dc, uint32_t h) {
    vdc_host_times times = dc->times[h];
    if (times.active_since >= 0) times.active += dc->now - times.active_since;
    if (times.full_since >= 0) times.full += dc->now - times.full_since;
    return times;
}

/* ---- hosts ---- */

static int64_t nominal_rate(const vdc_request *request, const vdc_host_class *class) {
    int64_t product;
    if (!__builtin_mul_overflow(request->size[VDC_CPU], class->speed, &product)) return product / 1000;
    return (int64_t)((vdc_wide)request->size[VDC_CPU] * class->speed / 1000);
}

int64_t vdc_reserved_rate(const vdc_request *request, const vdc_host_class *class) {
    return request->cpu_reservation ? vdc_least(request->cpu_reservation, nominal_rate(request, class)) : 0;
}

bool vdc_datacenter_keeps_reservation(const vdc_datacenter *dc, uint32_t h, const vdc_request *request) {
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    return vdc_reserved_rate(request, class) <= class->cpu_hz - dc->hosts.account[h].reserved - overhead(dc, h);
}

static void touch(vdc_datacenter *dc, uint32_t h) {
    if (!dc->checking) return;
    if (VDC_RESERVE(dc->touched, dc->touched_capacity, dc->touched_count + 1)) dc->touched[dc->touched_count++] = h;
}

void vdc_datacenter_resolve(vdc_datacenter *dc, uint32_t h) {
    if (dc->slices) dc->slices->hosts[h].changed = true;
    if (dc->dirty[h]) return;
    dc->dirty[h] = true;
    dc->dirty_hosts[dc->dirty_count++] = h;
}

/* Changes a rate of the host's class and, where kept, of the host. Their ledgers have been advanced. */
static inline void host_add(vdc_datacenter *dc, uint32_t h, uint16_t k, vdc_flow flow, int64_t delta) {
    vdc_ledger_add(&dc->class_ledger, k, flow, delta);
    if (dc->track_hosts) vdc_ledger_add(&dc->host_ledger, h, flow, delta);
}

static inline void host_advance(vdc_datacenter *dc, uint32_t h, uint16_t k) {
    vdc_ledger_advance(&dc->class_ledger, k, dc->now);
    if (dc->track_hosts) vdc_ledger_advance(&dc->host_ledger, h, dc->now);
}

static inline void vm_rate(vdc_datacenter *dc, uint32_t slot, vdc_flow flow, int64_t delta) {
    if (dc->track_vms) vdc_ledger_add(&dc->vm_ledger, slot, flow, delta);
}

static inline void set_granted(vdc_datacenter *dc, uint32_t h, uint16_t k, int64_t granted) {
    int64_t change = granted - dc->hosts.account[h].granted;
    if (change == 0) return;
    host_add(dc, h, k, VDC_FLOW_GRANTED, change);
    dc->hosts.account[h].granted = granted;
    if (dc->times) times_changed(dc, h);
    if (dc->isolation) vdc_isolation_granted(dc->isolation, h);
}

/* What the VMs that own no threads share. */
static inline int64_t pool_capacity(const vdc_datacenter *dc, uint32_t h, uint16_t k) {
    return dc->hosts.classes[k].cpu_hz - (dc->regions ? dc->regions[h].exclusive : 0) - overhead(dc, h);
}

/* Must the host's VMs be looked at one by one whenever something changes there? */
static inline bool is_single(const vdc_datacenter *dc, uint32_t h) {
    return dc->efficiency_count || (dc->lifecycle && dc->lifecycle->taxed[h]);
}

/* What a host grants when everybody in the pool may have `ceilings` together, by fluid sharing. */
static inline int64_t fluid_grant(const vdc_datacenter *dc, uint32_t h, uint16_t k, int64_t ceilings) {
    return vdc_least(pool_capacity(dc, h, k), ceilings) + (dc->regions ? dc->regions[h].exclusive_granted : 0);
}

static inline bool is_fluid(const vdc_datacenter *dc, uint32_t h) {
    return dc->sharing.fluid && !(dc->regions && dc->regions[h].cookies) && !(dc->bound && dc->bound[h]);
}

/* The VM gets all that it may have: its grant follows its ceiling. */
static inline void grant_ceiling(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm *vm = &dc->vms[slot];
    int64_t old = vm->grant;
    vm_rate(dc, slot, VDC_FLOW_GRANTED, vm->ceiling - old);
    vm->grant = vm->used = vm->ceiling;
    if (dc->bursts && vm->grant != old) vdc_burst_granted(dc, slot, old);
    if (vm->work) vdc_progress_granted(dc, slot, old);
}

/* What is held of a resource changes. Nearly always as many hosts as before hold it, so no division is made. */
static void held_changed(vdc_datacenter *dc, int r, int64_t change) {
    int64_t held = dc->held[r] += change, largest = dc->largest[r], least = (dc->needed[r] - 1) * largest;
    if (held > least && held <= least + largest) return;
    int64_t needed = largest ? held / largest + (held % largest > 0) : 0;
    dc->needed[r] = needed;
    int64_t most = 0;
    for (int i = 0; i < VDC_RESOURCES; i++)
        if (dc->needed[i] > most) most = dc->needed[i];
    if (most == dc->hosts_needed) return;
    vdc_datacenter_advance_fleet(dc);
    dc->hosts_needed = most;
    if (most > dc->hosts_needed_max) dc->hosts_needed_max = most;
}

/* A VM's ceiling moves by `change`: the host's grants follow. The VM's demand and ceiling are already the new ones. */
static inline __attribute__((always_inline)) void ceiling_moved(vdc_datacenter *dc, uint32_t slot, uint32_t h, uint16_t k, int64_t change) {
    bool grants_matter = dc->track_vms || (dc->grant_vms_total && dc->hosts.account[h].grant_vms > 0) || dc->efficiency_count || dc->slices || dc->bursts;
    if (dc->vms[slot].exclusive) {
        dc->regions[h].exclusive_granted += change;
        set_granted(dc, h, k, dc->hosts.account[h].granted + change);
        if (is_single(dc, h)) vdc_datacenter_resolve(dc, h);
        else grant_ceiling(dc, slot);
        return;
    }
    int64_t before = dc->hosts.account[h].ceiling, after = before + change, capacity = pool_capacity(dc, h, k);
    dc->hosts.account[h].ceiling = after;
    if (is_fluid(dc, h)) {
        set_granted(dc, h, k, fluid_grant(dc, h, k, after));
        if (!grants_matter) return;
        if (before <= capacity && after <= capacity && !dc->dirty[h] && !is_single(dc, h)) {
            grant_ceiling(dc, slot);
            return;
        }
    }
    vdc_datacenter_resolve(dc, h);
}

void vdc_datacenter_account(vdc_datacenter *dc, uint32_t h, vdc_flow flow, int64_t change) {
    uint16_t k = dc->hosts.class_of[h];
    host_advance(dc, h, k);
    host_add(dc, h, k, flow, change);
}

void vdc_datacenter_account_vm(vdc_datacenter *dc, uint32_t slot, vdc_flow flow, int64_t change) {
    vdc_datacenter_account(dc, dc->vms[slot].host, flow, change);
    if (dc->track_vms) vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
    vm_rate(dc, slot, flow, change);
    touch(dc, dc->vms[slot].host);
}

void vdc_datacenter_held(vdc_datacenter *dc, vdc_resource resource, int64_t change) { held_changed(dc, (int)resource, change); }

void vdc_datacenter_pool_changed(vdc_datacenter *dc, uint32_t h) {
    uint16_t k = dc->hosts.class_of[h];
    host_advance(dc, h, k);
    if (is_fluid(dc, h)) set_granted(dc, h, k, fluid_grant(dc, h, k, dc->hosts.account[h].ceiling));
    power_changed(dc, h);
    vdc_datacenter_resolve(dc, h);
    touch(dc, h);
}

void vdc_datacenter_serve(vdc_datacenter *dc, uint32_t slot, vdc_resource resource, int64_t change) {
    uint32_t h = dc->vms[slot].host;
    uint16_t k = dc->hosts.class_of[h];
    host_advance(dc, h, k);
    if (dc->track_vms) vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
    for (int i = 0; i < 2; i++) {
        vdc_flow flow = (vdc_flow)((i ? VDC_FLOW_U : VDC_FLOW_G) + (int)resource);
        host_add(dc, h, k, flow, change);
        vm_rate(dc, slot, flow, change);
    }
}

void vdc_datacenter_stand(vdc_datacenter *dc, uint32_t slot, bool stands) {
    const int64_t *size = dc->records[slot].request.size;
    for (unsigned left = dc->run_bound; left; left &= left - 1) {
        int r = __builtin_ctz(left);
        if (size[r] && !(r == VDC_DISK && dc->vms[slot].disk_once)) vdc_datacenter_serve(dc, slot, (vdc_resource)r, stands ? -size[r] : size[r]);
    }
}

void vdc_datacenter_unused(vdc_datacenter *dc, uint32_t slot, vdc_resource resource, vdc_wide amount) {
    uint32_t h = dc->vms[slot].host;
    vdc_flow flow = (vdc_flow)(VDC_FLOW_U + (int)resource);
    vdc_ledger_correct(&dc->class_ledger, dc->hosts.class_of[h], flow, -amount);
    if (dc->track_hosts) vdc_ledger_correct(&dc->host_ledger, h, flow, -amount);
    if (dc->track_vms) vdc_ledger_correct(&dc->vm_ledger, slot, flow, -amount);
}

void vdc_datacenter_fence_threads(vdc_datacenter *dc, uint32_t slot, int64_t change) {
    vdc_vm *vm = &dc->vms[slot];
    uint32_t h = vm->host;
    uint16_t k = dc->hosts.class_of[h];
    vdc_region *region = &dc->regions[h];
    vm->exclusive = change > 0;
    region->exclusive += change;
    region->exclusive_nominal += change > 0 ? vm->nominal : -vm->nominal;
    host_advance(dc, h, k);
    if (is_fluid(dc, h)) set_granted(dc, h, k, fluid_grant(dc, h, k, dc->hosts.account[h].ceiling));
    /* The pool became smaller or larger: with all of its VMs satisfied before and after, nothing moves. */
    if (!is_fluid(dc, h) || dc->efficiency_count || dc->hosts.account[h].ceiling > pool_capacity(dc, h, k) - (change < 0 ? -change : 0))
        vdc_datacenter_resolve(dc, h);
}

void vdc_datacenter_core_schedule(vdc_datacenter *dc, uint32_t slot, uint32_t cookie) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_region *region = &dc->regions[vm->host];
    int64_t nominal = cookie ? vm->nominal : -vm->nominal;
    region->cookies = cookie ? region->cookies + 1 : region->cookies - 1;
    region->cookie_nominal += nominal;
    vdc_vm_details *details = vdc_vm_details_of(dc, slot);
    details->cookie = cookie;
    details->forced_idle = 0;
    details->cookie_fence = 0;
    if (region->cookies == 0) region->forced_idle = region->cookie_granted = region->cookie_fence = region->cookie_waste = region->cookie_idle = 0;
    vdc_datacenter_resolve(dc, vm->host);
}

/* The limit of a VM that is slowed down: of its own limit, or of all its vCPUs, what is not taken away. */
static int64_t throttled_limit(const vdc_datacenter *dc, uint32_t slot, int64_t limit) {
    int64_t whole = limit >= 0 ? vdc_least(limit, dc->vms[slot].nominal) : dc->vms[slot].nominal;
    return (int64_t)((vdc_wide)whole * (100 - dc->lifecycle->vms[slot].throttle) / 100);
}

/* What holds now of the limit that the VM or the policy says. */
static inline int64_t limit_now(const vdc_datacenter *dc, uint32_t slot, int64_t limit) {
    if (dc->bursts) limit = vdc_burst_limit(dc, slot, limit);
    return dc->vms[slot].throttled ? throttled_limit(dc, slot, limit) : limit;
}

/* What of the demand the limit on the VM's CPU allows where it is. */
static int64_t limited_ceiling(const vdc_datacenter *dc, uint32_t slot, int64_t demand) {
    const vdc_request *request = &dc->records[slot].request;
    int64_t limit = request->cpu_limit;
    if (dc->sharing.map) {
        vdc_cpu_entry entry;
        const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[dc->vms[slot].host]];
        vdc_cpu_entry_of(request, class->speed, &entry);
        dc->sharing.map(dc->sharing.state, request, class->speed, &entry);
        limit = entry.limit;
    }
    limit = limit_now(dc, slot, limit);
    return limit >= 0 && limit < demand ? limit : demand;
}

static inline int64_t ceiling_of(const vdc_datacenter *dc, uint32_t slot, int64_t demand) {
    bool free = demand == 0 || (!dc->vms[slot].limited && !dc->vms[slot].throttled && !dc->sharing.map);
    return free ? demand : limited_ceiling(dc, slot, demand);
}

void vdc_datacenter_limit_changed(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm *vm = &dc->vms[slot];
    uint32_t h = vm->host;
    uint16_t k = dc->hosts.class_of[h];
    int64_t ceiling = ceiling_of(dc, slot, vm->demand), change = ceiling - vm->ceiling;
    if (change == 0) return;
    host_advance(dc, h, k);
    if (dc->track_vms) vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
    host_add(dc, h, k, VDC_FLOW_CEILING, change);
    vm_rate(dc, slot, VDC_FLOW_CEILING, change);
    vm->ceiling = ceiling;
    touch(dc, h);
    ceiling_moved(dc, slot, h, k, change);
    power_changes(dc, h);
}

void vdc_datacenter_demand(vdc_datacenter *dc, uint32_t slot, int64_t demand) {
    vdc_vm *vm = &dc->vms[slot];
    uint32_t h = vm->host;
    if (demand > vm->nominal) demand = vm->nominal;
    if (vm->frozen) {
        vdc_lifecycle_want(dc, slot, demand);
        return;
    }
    if (demand == vm->demand) return;
    uint16_t k = dc->hosts.class_of[h];
    int64_t ceiling = ceiling_of(dc, slot, demand), ceiling_change = ceiling - vm->ceiling;
    host_advance(dc, h, k);
    if (dc->track_vms) vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
    host_add(dc, h, k, VDC_FLOW_DEMAND, demand - vm->demand);
    vm_rate(dc, slot, VDC_FLOW_DEMAND, demand - vm->demand);
    vm->demand = demand;
    touch(dc, h);
    if (ceiling_change == 0) return;
    host_add(dc, h, k, VDC_FLOW_CEILING, ceiling_change);
    vm_rate(dc, slot, VDC_FLOW_CEILING, ceiling_change);
    vm->ceiling = ceiling;
    ceiling_moved(dc, slot, h, k, ceiling_change);
    power_changes(dc, h);
}

/* P: what the VM holds is committed on its host (sign 1) or free again (-1). Whoever comes or goes runs as far as G and U are concerned, see
 * vdc_datacenter_stand. */
static void committed(vdc_datacenter *dc, uint32_t slot, uint32_t h, uint16_t k, int sign) {
    const vdc_request *request = &dc->records[slot].request;
    for (unsigned left = dc->hosts.use; left; left &= left - 1) {
        int r = __builtin_ctz(left);
        int64_t change = sign * request->size[r];
        if (change == 0 || (r == VDC_DISK && dc->vms[slot].disk_once)) continue;
        held_changed(dc, r, change);
        host_add(dc, h, k, (vdc_flow)(VDC_FLOW_P + r), change);
        vm_rate(dc, slot, (vdc_flow)(VDC_FLOW_P + r), change);
    }
    if (dc->run_bound) vdc_datacenter_stand(dc, slot, sign < 0);
}

/* Nodes that it is bound to without having asked for any are those of a soft wish (vdc_isolation_coming). */
static void take_or_give(vdc_hosts *hosts, uint32_t h, const vdc_request *request, uint64_t gpu_devices, uint64_t numa_nodes, int sign) {
    vdc_request bound;
    if (numa_nodes && request->numa_nodes == 0) {
        bound = *request;
        bound.numa_nodes = (uint8_t)__builtin_popcountll(numa_nodes);
        request = &bound;
    }
    if (sign > 0) vdc_host_take(hosts, h, request, gpu_devices, numa_nodes);
    else vdc_host_give(hosts, h, request, gpu_devices, numa_nodes);
}

vdc_code vdc_datacenter_place(vdc_datacenter *dc, uint32_t slot, uint32_t h, uint64_t gpu_devices, uint64_t numa_nodes) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_vm_record *record = &dc->records[slot];
    const vdc_request *request = &record->request;
    uint16_t k = dc->hosts.class_of[h];
    if (dc->isolation) vdc_isolation_foresee(dc->isolation, slot, h);
    const uint64_t by_wish = dc->isolation ? vdc_isolation_coming(dc->isolation, slot, h) : 0;
    if (request->numa_nodes == 0) numa_nodes = by_wish;
    take_or_give(&dc->hosts, h, request, gpu_devices, numa_nodes, 1);
    bool held = vm->state == VDC_VM_HELD;
    record->gpu_devices = gpu_devices;
    record->numa_nodes = numa_nodes;
    record->started_at = dc->now;
    record->last_host = h;
    vm->host = h;
    if (!held) vm->state = VDC_VM_RUNNING;
    vm->demand = vm->ceiling = vm->grant = vm->used = 0;
    vm->nominal = nominal_rate(request, &dc->hosts.classes[k]);
    vm->limited = request->cpu_limit >= 0;
    vm->work = !held && request->load && request->progress == VDC_PROGRESS_WORK;
    if (numa_nodes && dc->bound) dc->bound[h]++;
    vm->previous = VDC_NOWHERE;
    vm->next = dc->hosts.account[h].first_vm;
    if (vm->next != VDC_NOWHERE) dc->vms[vm->next].previous = slot;
    dc->hosts.account[h].first_vm = slot;
    if (vm->work) {
        dc->grant_vms_total++;
        if (dc->hosts.account[h].grant_vms++ == 0 && !dc->track_vms) vdc_datacenter_resolve(dc, h);
    }
    /* A reservation lies within the threads that a VM owns. */
    bool owner = dc->isolation && vdc_isolation_owns_threads(dc->isolation, slot);
    int64_t reserved = owner ? 0 : vdc_reserved_rate(request, &dc->hosts.classes[k]);
    vm->reserves = reserved > 0;
    if (reserved) dc->hosts.account[h].reserved += reserved;
    if (!held) dc->running++;
    dc->gpu_allocated += request->size[VDC_GPU];
    if (dc->hosts.vms[h] == 1) {
        vdc_datacenter_advance_fleet(dc);
        if (++dc->hosts_used > dc->hosts_used_max) dc->hosts_used_max = dc->hosts_used;
        if (dc->empty_host_off) power_changed(dc, h);
        if (dc->times) times_changed(dc, h);
        if (dc->occupancy.changed) dc->occupancy.changed(dc->occupancy.context, h, true);
    }
    host_advance(dc, h, k);
    if (dc->track_vms) vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
    committed(dc, slot, h, k, 1);
    host_add(dc, h, k, VDC_FLOW_NOMINAL, vm->nominal);
    vm_rate(dc, slot, VDC_FLOW_NOMINAL, vm->nominal);
    if (reserved) {
        host_add(dc, h, k, VDC_FLOW_RESERVED, reserved);
        vm_rate(dc, slot, VDC_FLOW_RESERVED, reserved);
    }
    touch(dc, h);
    if (dc->bursts && vdc_burst_placed(dc, slot)) return VDC_ERROR_MEMORY;
    if (dc->slices && vdc_slices_placed(dc, slot)) return VDC_ERROR_MEMORY;
    return dc->isolation && !vdc_isolation_placed(dc->isolation, slot) ? VDC_ERROR_MEMORY : VDC_OK;
}

void vdc_datacenter_remove(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm *vm = &dc->vms[slot];
    vdc_vm_record *record = &dc->records[slot];
    const vdc_request *request = &record->request;
    uint32_t h = vm->host;
    uint16_t k = dc->hosts.class_of[h];
    bool held = vm->state == VDC_VM_HELD;
    if (dc->isolation) vdc_isolation_foresee(dc->isolation, slot, h);
    if (dc->lifecycle) {
        if (vm->taxed) vdc_lifecycle_tax(dc, slot, 0);
        vdc_lifecycle_thaw(dc, slot);
        vdc_lifecycle_set_away(dc, slot, false);
        vm->throttled = false;
    }
    vdc_datacenter_demand(dc, slot, 0);
    if (dc->isolation) vdc_isolation_removed(dc->isolation, slot);
    host_advance(dc, h, k);
    if (dc->track_vms) {
        vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
        /* On a contended host its grant was to fall to 0 at the settling; it will not be there then. */
        vm_rate(dc, slot, VDC_FLOW_GRANTED, -vdc_ledger_rate(&dc->vm_ledger, slot, VDC_FLOW_GRANTED));
        vm_rate(dc, slot, VDC_FLOW_USED, -vm->used);
    }
    if (dc->efficiency_count) host_add(dc, h, k, VDC_FLOW_USED, -vm->used);
    committed(dc, slot, h, k, -1);
    host_add(dc, h, k, VDC_FLOW_NOMINAL, -vm->nominal);
    vm_rate(dc, slot, VDC_FLOW_NOMINAL, -vm->nominal);
    if (vm->reserves) { /* its reservation lies in a line of the record that nothing else here touches */
        int64_t reserved = vdc_reserved_rate(request, &dc->hosts.classes[k]);
        host_add(dc, h, k, VDC_FLOW_RESERVED, -reserved);
        vm_rate(dc, slot, VDC_FLOW_RESERVED, -reserved);
        dc->hosts.account[h].reserved -= reserved;
    }
    if (vm->work) {
        dc->grant_vms_total--;
        dc->hosts.account[h].grant_vms--;
    }
    if (vm->previous != VDC_NOWHERE) dc->vms[vm->previous].next = vm->next;
    else dc->hosts.account[h].first_vm = vm->next;
    if (vm->next != VDC_NOWHERE) dc->vms[vm->next].previous = vm->previous;
    /* Which devices it had stands in a line of the record that nothing else here touches. */
    const bool bound = request->numa_nodes || (dc->isolation && dc->isolation->has_preferences);
    take_or_give(&dc->hosts, h, request, request->gpu_count ? record->gpu_devices : 0, bound ? record->numa_nodes : 0, -1);
    if (!held) dc->running--;
    dc->gpu_allocated -= request->size[VDC_GPU];
    if (dc->hosts.vms[h] == 0) {
        vdc_datacenter_advance_fleet(dc);
        dc->hosts_used--;
        if (dc->empty_host_off) {
            dc->host_power_offs++;
            power_changed(dc, h);
        }
        if (dc->times) times_changed(dc, h);
        if (dc->occupancy.changed) dc->occupancy.changed(dc->occupancy.context, h, false);
    }
    if (dc->bound && record->numa_nodes) dc->bound[h]--;
    if (dc->slices) vdc_slices_removed(dc, slot);
    if (dc->bursts) vdc_burst_removed(dc, slot);
    vm->host = VDC_NOWHERE;
    vm->next = vm->previous = VDC_NOWHERE;
    vm->grant = vm->used = 0;
    if (dc->isolation) vdc_isolation_granted(dc->isolation, h);
    touch(dc, h);
}

void vdc_datacenter_close_stay(vdc_datacenter *dc, uint32_t slot, uint32_t h, vdc_wide finished[VDC_FLOWS]) {
    const vdc_ledger *ledger = &dc->vm_ledger;
    vdc_vm_totals *totals = &vdc_vm_details_of(dc, slot)->totals;
    vdc_wide thread_second = (vdc_wide)dc->hosts.classes[dc->hosts.class_of[h]].speed * VDC_SECOND;
    vdc_wide run = vdc_ledger_sum(ledger, slot, VDC_FLOW_GRANTED), ceiling = vdc_ledger_sum(ledger, slot, VDC_FLOW_CEILING),
             demand = vdc_ledger_sum(ledger, slot, VDC_FLOW_DEMAND), nominal = vdc_ledger_sum(ledger, slot, VDC_FLOW_NOMINAL);
    totals->p_cpu += vdc_wide_over(vdc_ledger_sum(ledger, slot, (vdc_flow)(VDC_FLOW_P + VDC_CPU)), (vdc_wide)1000 * VDC_SECOND);
    totals->p_memory += vdc_wide_over(vdc_ledger_sum(ledger, slot, (vdc_flow)(VDC_FLOW_P + VDC_MEMORY)), VDC_SECOND);
    totals->run += vdc_wide_over(run, thread_second);
    vdc_wide lost = vdc_ledger_sum(ledger, slot, VDC_FLOW_LOST), away = vdc_ledger_sum(ledger, slot, VDC_FLOW_AWAY);
    totals->used += vdc_wide_over(dc->efficiency_count ? vdc_ledger_sum(ledger, slot, VDC_FLOW_USED) : run - lost, thread_second);
    totals->ready += vdc_wide_over(ceiling - run, thread_second);
    totals->throttled += vdc_wide_over(demand - ceiling, thread_second);
    totals->idle += vdc_wide_over(nominal - demand - away, thread_second);
    vdc_wide reserved = vdc_ledger_sum(ledger, slot, VDC_FLOW_RESERVED);
    totals->fenced += vdc_wide_over(vdc_ledger_sum(ledger, slot, (vdc_flow)(VDC_FLOW_FENCE + VDC_CPU)) + reserved, thread_second);
    totals->reserved += vdc_wide_over(reserved, thread_second);
    totals->fence_waste += vdc_wide_over(vdc_ledger_sum(ledger, slot, (vdc_flow)(VDC_FLOW_WASTE + VDC_CPU)), thread_second);
    totals->fence_idle += vdc_wide_over(vdc_ledger_sum(ledger, slot, VDC_FLOW_FENCE_IDLE), thread_second);
    totals->fenced_memory += vdc_wide_over(vdc_ledger_sum(ledger, slot, (vdc_flow)(VDC_FLOW_FENCE + VDC_MEMORY)), VDC_SECOND);
    for (int r = VDC_MEMORY; r < VDC_RESOURCES; r++)
        if (dc->serviced >> r & 1)
            totals->moved[r] += vdc_wide_over(vdc_ledger_sum(ledger, slot, (vdc_flow)(VDC_FLOW_U + r)), VDC_SECOND);
    for (int flow = 0; flow < VDC_FLOWS; flow++) finished[flow] += vdc_ledger_sum(ledger, slot, (vdc_flow)flow);
    vdc_wide *sum = dc->vm_ledger.sum + (size_t)slot * ledger->flows;
    for (int i = 0; i < ledger->flows; i++) sum[i] = 0;
}

/* ---- shares ---- */

/* The pool's VMs in ascending id, then those with threads of their own. The list is mostly in descending order of placement and ids
 * mostly ascend with the arrivals, so entries are gathered backwards and insertion finds its place at once. */
static vdc_code gather(vdc_datacenter *dc, uint32_t h, uint32_t *pool, uint32_t *count, vdc_diag *diag) {
    uint32_t n = dc->hosts.vms[h], owners = 0;
    for (uint32_t slot = dc->hosts.account[h].first_vm; dc->regions && slot != VDC_NOWHERE; slot = dc->vms[slot].next) owners += dc->vms[slot].exclusive;
    uint32_t at = *pool = n - owners, owner_at = at;
    if (!VDC_RESERVE(dc->entries, dc->entry_capacity, n) || !VDC_RESERVE(dc->entry_slots, dc->slot_capacity, n))
        return vdc_no_memory(diag, "the CPU shares of a host");
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        const vdc_request *request = &dc->records[slot].request;
        vdc_cpu_entry entry;
        vdc_cpu_entry_of(request, class->speed, &entry);
        if (dc->sharing.map) dc->sharing.map(dc->sharing.state, request, class->speed, &entry);
        entry.limit = limit_now(dc, slot, entry.limit);
        entry.demand = dc->vms[slot].demand;
        entry.nominal = dc->vms[slot].nominal;
        if (dc->vms[slot].exclusive) {
            entry.ceiling = entry.grant = vdc_cpu_ceiling(&entry);
            dc->entries[owner_at] = entry;
            dc->entry_slots[owner_at++] = slot;
            continue;
        }
        uint32_t i = --at;
        for (; i + 1 < *pool && dc->entries[i + 1].id < entry.id; i++) {
            dc->entries[i] = dc->entries[i + 1];
            dc->entry_slots[i] = dc->entry_slots[i + 1];
        }
        dc->entries[i] = entry;
        dc->entry_slots[i] = slot;
    }
    *count = n;
    size_t need = dc->sharing.scratch_size ? dc->sharing.scratch_size(n) : 0;
    if (need > dc->scratch_size) {
        void *scratch = vdc_realloc(dc->scratch, need, 1);
        if (!scratch) return vdc_no_memory(diag, "the CPU shares of a host");
        dc->scratch = scratch;
        dc->scratch_size = need;
    }
    return VDC_OK;
}

/* How much of each grant becomes progress. */
static vdc_code efficiencies(vdc_datacenter *dc, uint32_t h, uint32_t count, vdc_diag *diag) {
    if (dc->efficiency_count == 0) return VDC_OK;
    if (!VDC_RESERVE(dc->entry_factors, dc->factor_capacity, count)) return vdc_no_memory(diag, "the CPU shares of a host");
    for (uint32_t i = 0; i < count; i++) dc->entry_factors[i] = 1;
    for (uint8_t m = 0; m < dc->efficiency_count; m++)
        if (!dc->efficiencies[m].factors(dc->efficiencies[m].context, dc, h, dc->entries, dc->entry_slots, count, dc->entry_factors))
            return vdc_no_memory(diag, "the CPU shares of a host");
    return VDC_OK;
}

/* What VMs under core scheduling run and keep idle on the host, and what of it is fenced for them. A fence covers what its VM has reserved once
 * (accounts.md: union, not sum), and what runs on threads that another one's reservation lends stays fenced for the lender: so all of them
 * together have at most what is neither owned nor reserved, in proportion to what each holds beyond its reservation, the remainder the lowest id. */
static void book_cookies(vdc_datacenter *dc, uint32_t h, uint32_t pool) {
    vdc_region *region = &dc->regions[h];
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    const int64_t room = class->cpu_hz - region->exclusive - dc->hosts.account[h].reserved;
    int64_t beyond_all = 0, fenced = 0;
    uint32_t first = pool;
    region->cookie_granted = region->forced_idle = region->cookie_fence = region->cookie_waste = region->cookie_idle = 0;
    for (uint32_t i = 0; i < pool; i++) {
        if (!vdc_vm_details_known(dc, dc->entry_slots[i])->cookie) continue;
        const int64_t held = dc->entries[i].grant + dc->entry_forced_idle[i];
        vdc_vm_details *details = vdc_vm_details_of(dc, dc->entry_slots[i]);
        const int64_t reserved = vdc_reserved_rate(&dc->records[dc->entry_slots[i]].request, class);
        details->forced_idle = dc->entry_forced_idle[i];
        details->cookie_fence = held > reserved ? held - reserved : 0;
        beyond_all += details->cookie_fence;
        region->cookie_granted += dc->entries[i].grant;
        region->forced_idle += details->forced_idle;
        if (first == pool) first = i;
    }
    const int64_t whole = vdc_least(beyond_all, room < 0 ? 0 : room);
    for (uint32_t i = pool; i-- > first;) {
        const uint32_t slot = dc->entry_slots[i];
        if (!vdc_vm_details_known(dc, slot)->cookie) continue;
        vdc_vm_details *details = vdc_vm_details_of(dc, slot);
        if (i == first) details->cookie_fence = whole - fenced;
        else if (whole < beyond_all) details->cookie_fence = (int64_t)((vdc_wide)details->cookie_fence * whole / beyond_all);
        fenced += details->cookie_fence;
        const int64_t all = details->cookie_fence + vdc_reserved_rate(&dc->records[slot].request, class);
        if (all > dc->vms[slot].nominal) region->cookie_waste += all - dc->vms[slot].nominal;
        region->cookie_idle += vdc_least(details->forced_idle, all);
    }
    region->cookie_fence = whole;
    vdc_isolation_granted(dc->isolation, h);
}

int64_t vdc_datacenter_node_rate(const vdc_datacenter *dc, uint32_t h, uint32_t node) {
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    const int64_t nodes = vdc_host_class_nodes(class), owned = dc->isolation ? vdc_threads_owned_of_node(&dc->isolation->threads, &dc->hosts, h, node) : 0;
    const int64_t rate = class->cpu_hz / nodes + (node < class->cpu_hz % nodes) - owned * class->speed;
    return rate > 0 ? rate : 0;
}

uint64_t vdc_datacenter_cpu_nodes(const vdc_datacenter *dc, uint32_t slot, int64_t reservation) {
    const uint64_t nodes = dc->records[slot].numa_nodes;
    const uint16_t count = vdc_host_class_nodes(&dc->hosts.classes[dc->hosts.class_of[dc->vms[slot].host]]);
    return nodes && reservation <= 0 ? nodes : count < 64 ? (UINT64_C(1) << count) - 1 : ~UINT64_C(0);
}

/* The pool's shares where some VMs are bound to NUMA nodes. */
static vdc_code share_nodes(vdc_datacenter *dc, uint32_t h, uint16_t k, uint32_t pool) {
    int64_t rates[VDC_NUMA_NODES];
    const vdc_numa_regions regions = {.nodes = vdc_host_class_nodes(&dc->hosts.classes[k]), .capacity = rates, .whole = pool_capacity(dc, h, k),
                                      .share = dc->sharing.share, .state = dc->sharing.state, .scratch = dc->scratch};
    if (!VDC_RESERVE(dc->entry_masks, dc->mask_capacity, pool + (size_t)1)) return VDC_ERROR_MEMORY;
    for (uint32_t node = 0; node < regions.nodes; node++) rates[node] = vdc_datacenter_node_rate(dc, h, node);
    for (uint32_t i = 0; i < pool; i++) dc->entry_masks[i] = vdc_datacenter_cpu_nodes(dc, dc->entry_slots[i], dc->entries[i].reservation);
    return vdc_numa_share_cpu(&regions, dc->entries, dc->entry_masks, pool);
}

static vdc_code solve(vdc_datacenter *dc, uint32_t h, vdc_diag *diag) {
    uint32_t count = 0, pool = 0;
    vdc_code code = gather(dc, h, &pool, &count, diag);
    if (code) return code;
    uint16_t k = dc->hosts.class_of[h];
    if (dc->regions && dc->regions[h].cookies) {
        if (!VDC_RESERVE(dc->entry_forced_idle, dc->forced_capacity, pool)
            || vdc_core_scheduling_share(dc, h, pool_capacity(dc, h, k), pool, dc->entry_forced_idle))
            return vdc_no_memory(diag, "the CPU shares of a host");
    } else if (dc->bound && dc->bound[h]) {
        if (share_nodes(dc, h, k, pool)) return vdc_no_memory(diag, "the CPU shares of a host");
    } else if (dc->slices) {
        if (vdc_slices_share(dc, h, pool_capacity(dc, h, k), pool)) return vdc_no_memory(diag, "the CPU shares of a host");
    } else {
        dc->sharing.share(dc->sharing.state, pool_capacity(dc, h, k), dc->entries, pool, dc->scratch);
    }
    int64_t granted = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = dc->entry_slots[i];
        int64_t grant = dc->entries[i].grant, change = grant - dc->vms[slot].grant;
        granted += grant;
        if (change == 0) continue;
        if (dc->track_vms) {
            vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
            vdc_ledger_add(&dc->vm_ledger, slot, VDC_FLOW_GRANTED, change);
        }
        int64_t before = dc->vms[slot].grant;
        dc->vms[slot].grant = grant;
        if (dc->bursts) vdc_burst_granted(dc, slot, before);
    }
    host_advance(dc, h, k);
    set_granted(dc, h, k, granted);
    if (dc->regions && dc->regions[h].cookies) {
        book_cookies(dc, h, pool);
    }
    code = efficiencies(dc, h, count, diag);
    if (code) return code;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = dc->entry_slots[i];
        vdc_vm *vm = &dc->vms[slot];
        /* Rounded down to whole Hz, so that used <= granted holds exactly. */
        int64_t old = vm->used, used = dc->efficiency_count ? (int64_t)((double)vm->grant * dc->entry_factors[i]) : vm->grant;
        if (vm->taxed) {
            int64_t lost = (int64_t)((vdc_wide)used * dc->lifecycle->vms[slot].tax_ppm / 1000000);
            vdc_vm_details *details = vdc_vm_details_of(dc, slot);
            if (lost != details->lost) vdc_datacenter_account_vm(dc, slot, VDC_FLOW_LOST, lost - details->lost);
            details->lost = lost;
            used -= lost;
        }
        if (used == old) continue;
        if (dc->efficiency_count) {
            host_add(dc, h, k, VDC_FLOW_USED, used - old);
            if (dc->track_vms) vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
            vm_rate(dc, slot, VDC_FLOW_USED, used - old);
        }
        vm->used = used;
        if (vm->work) {
            code = vdc_progress_granted(dc, slot, old);
            if (code) return code;
        }
    }
    power_changed(dc, h);
    if (dc->isolation && dc->track_vms) vdc_isolation_book_vms(dc->isolation, h);
    return VDC_OK;
}

vdc_code vdc_datacenter_settle(vdc_datacenter *dc, vdc_diag *diag) {
    /* In order of first change: the events that it schedules get their sequence numbers in this order. */
    for (bool again = true; again;) {
        for (size_t i = 0; i < dc->dirty_count; i++) {
            uint32_t h = dc->dirty_hosts[i];
            vdc_code code = solve(dc, h, diag);
            if (code) return code;
            dc->dirty[h] = false;
            touch(dc, h);
        }
        dc->dirty_count = 0;
        again = false;
        if (dc->bursts && vdc_bursts_lift(dc, &again)) return vdc_no_memory(diag, "the VMs' bursts");
    }
    vdc_datacenter_settle_power(dc);
    return VDC_OK;
}
