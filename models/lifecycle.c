/* See lifecycle.h. */
#include "models/lifecycle.h"
#include "models/isolation.h"

#include <string.h>

const char *const vdc_account_names[VDC_ACCOUNTS] = {"pending", "down", "boot", "run", "paused", "blackout", "suspended", "stopped"};

vdc_code vdc_lifecycle_create(vdc_lifecycle **lifecycle, uint32_t hosts, vdc_diag *diag) {
    vdc_lifecycle *life = *lifecycle = vdc_calloc(1, sizeof *life);
    if (!life) return vdc_no_memory(diag, "the VMs' lifecycle");
    size_t count = hosts ? hosts : 1;
    life->stored = vdc_calloc(count, sizeof *life->stored);
    life->overhead = vdc_calloc(count, sizeof *life->overhead);
    life->taxed = vdc_calloc(count, sizeof *life->taxed);
    return life->stored && life->overhead && life->taxed ? VDC_OK : vdc_no_memory(diag, "the VMs' lifecycle");
}

void vdc_lifecycle_destroy(vdc_lifecycle *life) {
    if (!life) return;
    vdc_free(life->vms);
    vdc_free(life->stored);
    vdc_free(life->overhead);
    vdc_free(life->taxed);
    vdc_free(life);
}

/* ---- accounts ---- */

static int64_t size_of(const vdc_datacenter *dc, uint32_t slot) { return dc->records[slot].request.size[VDC_CPU]; }

static bool make_room(vdc_lifecycle *life, uint32_t slot) {
    size_t before = life->capacity;
    if (!VDC_RESERVE(life->vms, life->capacity, slot + (size_t)1)) return false;
    if (life->capacity > before) memset(life->vms + before, 0, (life->capacity - before) * sizeof *life->vms);
    return true;
}

static vdc_vm_lifecycle fresh(vdc_time now) {
    return (vdc_vm_lifecycle){.account = VDC_ACCOUNT_PENDING, .since = now, .size_since = now, .other = VDC_NOWHERE, .stored_on = VDC_NOWHERE,
                              .end_left = -1, .change_left = -1, .checkpoint_left = -1, .migration = VDC_NOWHERE};
}

void vdc_lifecycle_advance(vdc_datacenter *dc) {
    vdc_lifecycle *life = dc->lifecycle;
    vdc_time span = dc->now - life->since;
    if (span == 0) return;
    life->since = dc->now;
    for (int account = 0; account < VDC_ACCOUNTS; account++) life->spent[account] += (vdc_wide)life->rate[account] * span;
}

static void advance_vm(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm_lifecycle *vm = &dc->lifecycle->vms[slot];
    vm->spent[vm->account] += (vdc_wide)size_of(dc, slot) * (dc->now - vm->since);
    vm->since = dc->now;
}

bool vdc_lifecycle_arrive(vdc_datacenter *dc, uint32_t slot) {
    vdc_lifecycle *life = dc->lifecycle;
    if (!make_room(life, slot)) return false;
    vdc_lifecycle_advance(dc);
    life->vms[slot] = fresh(dc->now);
    life->rate[VDC_ACCOUNT_PENDING] += size_of(dc, slot);
    return true;
}

void vdc_lifecycle_leave(vdc_datacenter *dc, uint32_t slot) {
    vdc_lifecycle *life = dc->lifecycle;
    vdc_vm_lifecycle *vm = &life->vms[slot];
    vdc_lifecycle_advance(dc);
    advance_vm(dc, slot);
    life->rate[vm->account] -= size_of(dc, slot);
    for (int account = 0; account < VDC_ACCOUNTS; account++) life->left[account] += vm->spent[account];
    life->left_size_time += vm->size_time + (vdc_wide)size_of(dc, slot) * (dc->now - vm->size_since);
    *vm = fresh(dc->now);
}

void vdc_lifecycle_enter(vdc_datacenter *dc, uint32_t slot, vdc_account account) {
    vdc_lifecycle *life = dc->lifecycle;
    vdc_vm_lifecycle *vm = &life->vms[slot];
    if (vm->account == account) return;
    vdc_lifecycle_advance(dc);
    advance_vm(dc, slot);
    life->rate[vm->account] -= size_of(dc, slot);
    life->rate[account] += size_of(dc, slot);
    vm->account = account;
}

void vdc_lifecycle_resize(vdc_datacenter *dc, uint32_t slot, int64_t milli) {
    vdc_lifecycle *life = dc->lifecycle;
    vdc_vm_lifecycle *vm = &life->vms[slot];
    vdc_lifecycle_advance(dc);
    advance_vm(dc, slot);
    life->rate[vm->account] += milli - size_of(dc, slot);
    vm->size_time += (vdc_wide)size_of(dc, slot) * (dc->now - vm->size_since);
    vm->size_since = dc->now;
}

vdc_wide vdc_lifecycle_spent(const vdc_datacenter *dc, vdc_account account) {
    const vdc_lifecycle *life = dc->lifecycle;
    return life->spent[account] + (vdc_wide)life->rate[account] * (dc->now - life->since);
}

vdc_wide vdc_lifecycle_vm_spent(const vdc_datacenter *dc, uint32_t slot, vdc_account account) {
    const vdc_vm_lifecycle *vm = &dc->lifecycle->vms[slot];
    return vm->spent[account] + (vm->account == account ? (vdc_wide)size_of(dc, slot) * (dc->now - vm->since) : 0);
}

/* ---- disks of VMs that are on no host ---- */

static void book_disk(vdc_datacenter *dc, uint32_t slot, uint32_t host, int64_t change) {
    vdc_flow flow = (vdc_flow)(VDC_FLOW_P + VDC_DISK);
    bool stored = dc->lifecycle->stored[host] > 0;
    dc->hosts.free[VDC_DISK][host] -= change;
    dc->lifecycle->stored[host] += change;
    bool stores = dc->lifecycle->stored[host] > 0;
    if (stores != stored && dc->occupancy.changed && dc->hosts.vms[host] == 0) dc->occupancy.changed(dc->occupancy.context, host, stores);
    vdc_datacenter_held(dc, VDC_DISK, change);
    vdc_datacenter_account(dc, host, flow, change);
    if (!dc->track_vms) return;
    vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
    vdc_ledger_add(&dc->vm_ledger, slot, flow, change);
}

bool vdc_lifecycle_store(vdc_datacenter *dc, uint32_t slot, uint32_t host, int64_t bytes) {
    vdc_vm_lifecycle *vm = &dc->lifecycle->vms[slot];
    if (!dc->hosts.free[VDC_DISK]) return true;
    if (bytes > dc->hosts.free[VDC_DISK][host]) return false;
    vm->stored_on = host;
    vm->stored = bytes;
    book_disk(dc, slot, host, bytes);
    return true;
}

void vdc_lifecycle_release(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm_lifecycle *vm = &dc->lifecycle->vms[slot];
    if (vm->stored_on == VDC_NOWHERE) return;
    book_disk(dc, slot, vm->stored_on, -vm->stored);
    vm->stored_on = VDC_NOWHERE;
    vm->stored = 0;
}

/* ---- on a host and not running ---- */

void vdc_lifecycle_set_away(vdc_datacenter *dc, uint32_t slot, bool away) {
    vdc_vm *vm = &dc->vms[slot];
    if (vm->away == away) return;
    vm->away = away;
    vdc_datacenter_account_vm(dc, slot, VDC_FLOW_AWAY, away ? vm->nominal : -vm->nominal);
    vdc_datacenter_stand(dc, slot, away);
}

/* What it misses while it is frozen is brought up to the clock. */
static void advance_missed(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm_lifecycle *vm = &dc->lifecycle->vms[slot];
    if (dc->vms[slot].frozen) vm->missed += (vdc_wide)vm->wanted * (dc->now - vm->missed_since);
    vm->missed_since = dc->now;
}

void vdc_lifecycle_want(vdc_datacenter *dc, uint32_t slot, int64_t demand) {
    advance_missed(dc, slot);
    dc->lifecycle->vms[slot].wanted = demand;
}

void vdc_lifecycle_freeze(vdc_datacenter *dc, uint32_t slot) {
    int64_t demand = dc->vms[slot].demand;
    vdc_progress_catch_up(dc, slot);
    vdc_datacenter_demand(dc, slot, 0);
    vdc_lifecycle_want(dc, slot, demand);
    dc->vms[slot].frozen = true;
    vdc_lifecycle_set_away(dc, slot, true);
}

void vdc_lifecycle_thaw(vdc_datacenter *dc, uint32_t slot) {
    vdc_vm_lifecycle *vm = &dc->lifecycle->vms[slot];
    if (!dc->vms[slot].frozen) return;
    advance_missed(dc, slot);
    dc->vms[slot].frozen = false;
    dc->lifecycle->missed += vm->missed;
    vm->missed = 0;
    vdc_lifecycle_set_away(dc, slot, false);
}

/* ---- second parts ---- */

vdc_code vdc_lifecycle_hold(vdc_datacenter *dc, uint32_t slot, const vdc_request *request, uint32_t host, uint64_t gpu_devices,
                            uint64_t numa_nodes, bool guarantees, bool disk_once, uint32_t *part) {
    uint32_t held = vdc_vm_create(dc, request);
    *part = held;
    if (held == VDC_NOWHERE || !make_room(dc->lifecycle, held)) return VDC_ERROR_MEMORY;
    dc->vms[held].state = VDC_VM_HELD;
    dc->vms[held].disk_once = disk_once;
    dc->lifecycle->vms[held] = fresh(dc->now);
    dc->lifecycle->vms[held].other = slot;
    dc->lifecycle->vms[slot].other = held;
    dc->lifecycle->held++;
    if (dc->isolation && !vdc_isolation_arrive_part(dc->isolation, held, slot)) return VDC_ERROR_MEMORY;
    if (dc->isolation && !guarantees) {
        vdc_vm_isolation *isolation = &dc->isolation->vms[held];
        isolation->spec = (vdc_isolation_spec){.dedicated_host = isolation->spec.dedicated_host};
        isolation->without_guarantees = true;
    }
    vdc_code code = vdc_datacenter_place(dc, held, host, gpu_devices, numa_nodes);
    vdc_lifecycle_set_away(dc, held, true);
    return code;
}

static void fold(vdc_datacenter *dc, uint32_t slot, uint32_t part, uint32_t host, vdc_wide finished[VDC_FLOWS]) {
    vdc_datacenter_close_stay(dc, part, host, finished);
    vdc_vm_totals *to = &vdc_vm_details_of(dc, slot)->totals;
    const vdc_vm_totals *from = &vdc_vm_details_known(dc, part)->totals;
    to->p_cpu += from->p_cpu;
    to->p_memory += from->p_memory;
    to->fenced += from->fenced;
    to->reserved += from->reserved;
    to->fence_waste += from->fence_waste;
    to->fence_idle += from->fence_idle;
    to->fenced_memory += from->fenced_memory;
}

void vdc_lifecycle_fold(vdc_datacenter *dc, uint32_t slot, vdc_wide finished[VDC_FLOWS]) {
    uint32_t part = dc->lifecycle->vms[slot].other;
    if (part != VDC_NOWHERE) fold(dc, slot, part, dc->vms[part].host, finished);
}

void vdc_lifecycle_drop(vdc_datacenter *dc, uint32_t slot, vdc_wide finished[VDC_FLOWS]) {
    vdc_lifecycle *life = dc->lifecycle;
    uint32_t part = life->vms[slot].other;
    if (part == VDC_NOWHERE) return;
    uint32_t host = dc->vms[part].host;
    vdc_datacenter_remove(dc, part);
    if (dc->track_vms) fold(dc, slot, part, host, finished);
    if (dc->isolation) vdc_isolation_leave_part(dc->isolation, part);
    life->vms[part] = fresh(dc->now);
    life->vms[slot].other = VDC_NOWHERE;
    life->held--;
    vdc_vm_destroy(dc, part);
}

/* ---- what a migration costs in CPU ---- */

int64_t vdc_lifecycle_overhead(vdc_datacenter *dc, uint32_t slot, uint32_t host, int64_t change) {
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    int64_t *overhead = &dc->lifecycle->overhead[host];
    int64_t room = class->cpu_hz - dc->hosts.account[host].reserved - (dc->regions ? dc->regions[host].exclusive : 0) - *overhead;
    if (change > room) change = room > 0 ? room : 0;
    if (change == 0) return 0;
    *overhead += change;
    vdc_datacenter_account(dc, host, VDC_FLOW_OVERHEAD, change);
    if (dc->track_vms) {
        vdc_ledger_advance(&dc->vm_ledger, slot, dc->now);
        vdc_ledger_add(&dc->vm_ledger, slot, VDC_FLOW_OVERHEAD, change);
    }
    vdc_datacenter_pool_changed(dc, host);
    return change;
}

void vdc_lifecycle_tax(vdc_datacenter *dc, uint32_t slot, int64_t ppm) {
    vdc_vm *vm = &dc->vms[slot];
    uint32_t host = vm->host;
    bool taxed = ppm > 0;
    dc->lifecycle->vms[slot].tax_ppm = ppm;
    if (vm->taxed != taxed) {
        dc->lifecycle->taxed[host] += taxed ? 1 : UINT32_MAX;
        dc->hosts.account[host].grant_vms += taxed ? 1 : UINT32_MAX;
        dc->grant_vms_total += taxed ? 1 : UINT32_MAX;
        vm->taxed = taxed;
    }
    int64_t lost = vdc_vm_details_known(dc, slot)->lost;
    if (!taxed && lost) {
        vdc_datacenter_account_vm(dc, slot, VDC_FLOW_LOST, -lost);
        vdc_vm_details_of(dc, slot)->lost = 0;
    }
    vdc_datacenter_resolve(dc, host);
}

void vdc_lifecycle_throttle(vdc_datacenter *dc, uint32_t slot, int64_t percent) {
    dc->lifecycle->vms[slot].throttle = percent;
    dc->vms[slot].throttled = percent > 0;
    vdc_datacenter_limit_changed(dc, slot);
}
