/* See memory.h. */
#include "models/memory.h"

#include <math.h>

enum { PAGE = 4096, MILLION = 1000000, SHARES_PER_MIB = 10 };

vdc_code vdc_memory_create(vdc_memory **out, vdc_datacenter *dc, const vdc_memory_settings *settings, vdc_diag *diag) {
    vdc_memory *memory = *out = vdc_calloc(1, sizeof *memory);
    if (!memory) return vdc_no_memory(diag, "the hosts' memory");
    memory->datacenter = dc;
    memory->settings = *settings;
    memory->idle_price_ppm = llround(MILLION / (1 - settings->idle_tax));
    memory->hosts = vdc_calloc(dc->hosts.count ? dc->hosts.count : 1, sizeof *memory->hosts);
    return memory->hosts ? VDC_OK : vdc_no_memory(diag, "the hosts' memory");
}

void vdc_memory_destroy(vdc_memory *memory) {
    if (!memory) return;
    vdc_free(memory->vms);
    vdc_free(memory->hosts);
    vdc_free(memory->slots);
    vdc_free(memory->entries);
    vdc_free(memory->scratch);
    vdc_free(memory);
}

static int64_t share_of(int64_t whole, double share) { return (int64_t)((double)whole * share); }

static int64_t capacity_of(const vdc_memory *memory, uint32_t h) {
    const vdc_hosts *hosts = &memory->datacenter->hosts;
    return hosts->classes[hosts->class_of[h]].physical[VDC_MEMORY];
}

void vdc_memory_advance(vdc_memory *memory) {
    vdc_time span = memory->datacenter->now - memory->fleet_since;
    memory->fleet_since = memory->datacenter->now;
    memory->ballooned_time += (vdc_wide)memory->ballooned * span;
    memory->swapped_time += (vdc_wide)memory->swapped * span;
    memory->shared_time += (vdc_wide)memory->shared * span;
}

/* ---- progress ---- */

static int64_t missing(const vdc_memory_vm *vm) { return vm->working_set > vm->resident ? vm->working_set - vm->resident : 0; }

/* Faults per CPU-second. */
static double faults(const vdc_memory *memory, const vdc_memory_vm *vm) {
    return vm->working_set ? memory->settings.fault_rate * (double)missing(vm) / (double)vm->working_set : 0;
}

static bool factors(const void *context, const vdc_datacenter *dc, uint32_t h, const vdc_cpu_entry *entries, const uint32_t *slots, uint32_t count,
                    double *out) {
    const vdc_memory *memory = context;
    (void)dc;
    (void)entries;
    vdc_time latency = memory->hosts[h].swap_latency ? memory->hosts[h].swap_latency : memory->settings.swap_latency;
    for (uint32_t i = 0; i < count; i++) {
        if (slots[i] >= memory->vm_capacity || !memory->vms[slots[i]].present) continue;
        out[i] /= 1 + faults(memory, &memory->vms[slots[i]]) * (double)latency / 1e9;
    }
    return true;
}

vdc_efficiency vdc_memory_model(const vdc_memory *memory) { return (vdc_efficiency){.factors = factors, .context = memory}; }

/* ---- a VM's bytes ---- */

/* What a VM of the given memory has now, against what was booked of it. */
static void book(vdc_memory *memory, uint32_t slot, const vdc_memory_vm *before) {
    vdc_datacenter *dc = memory->datacenter;
    vdc_memory_vm *vm = &memory->vms[slot];
    vdc_memory_host *host = &memory->hosts[dc->vms[slot].host];
    vm->useful = vdc_least(vm->working_set, vm->resident);
    int64_t reclaimed = vm->ballooned + vm->swapped + vm->shared - before->ballooned - before->swapped - before->shared;
    host->resident += vm->resident - before->resident;
    host->reclaimed += reclaimed;
    if (vm->ballooned != before->ballooned || vm->swapped != before->swapped || vm->shared != before->shared) {
        vdc_memory_advance(memory);
        memory->ballooned += vm->ballooned - before->ballooned;
        memory->swapped += vm->swapped - before->swapped;
        memory->shared += vm->shared - before->shared;
    }
    if (vm->resident != before->resident)
        vdc_datacenter_account_vm(dc, slot, (vdc_flow)(VDC_FLOW_G + VDC_MEMORY), vm->resident - before->resident);
    if (vm->useful != before->useful) vdc_datacenter_account_vm(dc, slot, (vdc_flow)(VDC_FLOW_U + VDC_MEMORY), vm->useful - before->useful);
    if (missing(vm) != missing(before) || (missing(vm) && vm->working_set != before->working_set)) vdc_datacenter_resolve(dc, dc->vms[slot].host);
}

/* The guest touches or frees memory: new pages are resident, freed ones were the cheapest to have: resident, then balloon and the rest. */
static void touch(vdc_memory_vm *vm, int64_t touched, int64_t working_set) {
    vm->touched = vdc_least(touched, vm->size);
    vm->working_set = vdc_least(working_set, vm->touched);
    int64_t away = vm->ballooned + vm->swapped + vm->shared - vm->touched;
    int64_t *parts[] = {&vm->ballooned, &vm->shared, &vm->swapped};
    for (int i = 0; i < 3 && away > 0; i++) {
        int64_t less = vdc_least(away, *parts[i]);
        *parts[i] -= less;
        away -= less;
    }
    vm->resident = vm->touched - vm->ballooned - vm->swapped - vm->shared;
}

/* ---- a host ---- */

/* What a byte of the VM's memory is worth holding: shares over what it costs, an idle page being `idle price` times as dear as a used one
 * (after Waldspurger, OSDI 2002). */
static int64_t weight_of(const vdc_memory *memory, const vdc_memory_vm *vm) {
    vdc_wide shares = (vdc_wide)vm->size / (1 << 20) * SHARES_PER_MIB + 1, used = (vdc_wide)vm->working_set * MILLION;
    vdc_wide cost = used + (vdc_wide)(vm->touched - vm->working_set) * memory->idle_price_ppm;
    vdc_wide weight = cost > 0 ? shares * MILLION / (cost / vm->touched + 1) : shares;
    return weight < 1 ? 1 : weight > 1000000000 ? 1000000000 : (int64_t)weight;
}

/* The host's VMs, into memory->slots. */
static vdc_code gather(vdc_memory *memory, uint32_t h, uint32_t *count) {
    const vdc_datacenter *dc = memory->datacenter;
    *count = 0;
    for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        if (slot >= memory->vm_capacity || !memory->vms[slot].present) continue;
        if (!VDC_RESERVE(memory->slots, memory->slot_capacity, *count + (size_t)1)) return VDC_ERROR_MEMORY;
        memory->slots[(*count)++] = slot;
    }
    if (!VDC_RESERVE(memory->entries, memory->entry_capacity, *count)) return VDC_ERROR_MEMORY;
    size_t need = vdc_cpu_share_scratch(*count);
    if (need > memory->scratch_size) {
        void *scratch = vdc_realloc(memory->scratch, need, 1);
        if (!scratch) return VDC_ERROR_MEMORY;
        memory->scratch = scratch;
        memory->scratch_size = need;
    }
    return VDC_OK;
}

/* Equal pages are merged as far as needed: at most the same share of everybody's touched memory. */
static void share_pages(vdc_memory *memory, uint32_t count, int64_t aim) {
    vdc_wide wanted = 0, can = 0;
    for (uint32_t i = 0; i < count; i++) {
        const vdc_memory_vm *vm = &memory->vms[memory->slots[i]];
        int64_t more = share_of(vm->touched, memory->settings.dedup) - vm->shared;
        wanted += vm->touched - vm->shared;
        if (more > 0) can += vdc_least(more, vm->resident);
    }
    vdc_wide need = wanted - aim;
    if (need <= 0 || can <= 0) return;
    if (need > can) need = can;
    for (uint32_t i = 0; i < count; i++) {
        vdc_memory_vm *vm = &memory->vms[memory->slots[i]], before = *vm;
        int64_t more = share_of(vm->touched, memory->settings.dedup) - vm->shared;
        if (more <= 0) continue;
        int64_t merged = (int64_t)(((vdc_wide)vdc_least(more, vm->resident) * need + can - 1) / can);
        vm->shared += merged;
        vm->resident -= merged;
        book(memory, memory->slots[i], &before);
    }
}

/* What each VM is to have resident of `aim` bytes: entries[i].grant. */
static void find_targets(vdc_memory *memory, uint32_t count, int64_t aim) {
    vdc_wide floors = 0;
    for (uint32_t i = 0; i < count; i++) {
        const vdc_memory_vm *vm = &memory->vms[memory->slots[i]];
        int64_t wanted = vm->touched - vm->shared, floor = vm->reservation > vm->working_set ? vm->reservation : vm->working_set;
        memory->entries[i] = (vdc_cpu_entry){.demand = wanted, .nominal = wanted, .limit = VDC_UNLIMITED, .weight = weight_of(memory, vm),
                                             .reservation = floor, .id = (int64_t)i};
        floors += vdc_cpu_floor(&memory->entries[i]);
    }
    for (uint32_t i = 0; floors > aim && i < count; i++) memory->entries[i].reservation = memory->vms[memory->slots[i]].reservation;
    vdc_cpu_share(aim, memory->entries, count, memory->scratch);
}

/* Moves up to `budget` bytes of the VM out of the way by its balloon, and by swapping what no balloon reaches; or `now` bytes at once. */
static void shrink(vdc_memory *memory, uint32_t slot, int64_t target, int64_t budget, int64_t now) {
    vdc_memory_vm *vm = &memory->vms[slot], before = *vm;
    int64_t room = vm->size - share_of(vm->size, memory->settings.balloon_floor) - vm->ballooned, excess = vm->resident - target;
    if (room < 0) room = 0;
    int64_t by_balloon = vdc_least(vdc_least(excess, budget), room), beyond = excess - room;
    vm->ballooned += by_balloon;
    vm->resident -= by_balloon;
    int64_t by_swap = beyond > 0 ? vdc_least(beyond, budget) : 0;
    if (by_swap < now - by_balloon) by_swap = now - by_balloon;
    by_swap = vdc_least(by_swap, vm->resident);
    vm->swapped += by_swap;
    vm->resident -= by_swap;
    memory->swapped_out += by_swap;
    book(memory, slot, &before);
}

/* Gives the VM back up to `budget` bytes: what was swapped first. Returns how much. */
static int64_t grow(vdc_memory *memory, uint32_t slot, int64_t target, int64_t budget) {
    vdc_memory_vm *vm = &memory->vms[slot], before = *vm;
    int64_t wanted = vdc_least(target - vm->resident, budget), in = vdc_least(wanted, vm->swapped), deflated = vdc_least(wanted - in, vm->ballooned);
    vm->swapped -= in;
    memory->swapped_in += in;
    vm->ballooned -= deflated;
    vm->resident += in + deflated;
    book(memory, slot, &before);
    return in + deflated;
}

/* Everybody goes towards its target; what does not fit into the host's memory goes at once. False when all are there. */
static bool move(vdc_memory *memory, uint32_t h, uint32_t count, int64_t budget) {
    vdc_memory_host *host = &memory->hosts[h];
    int64_t capacity = capacity_of(memory, h), over = host->resident > capacity ? host->resident - capacity : 0;
    for (uint32_t i = 0; i < count; i++) {
        const vdc_memory_vm *vm = &memory->vms[memory->slots[i]];
        int64_t excess = vm->resident - memory->entries[i].grant, before = host->resident;
        if (excess <= 0) continue;
        shrink(memory, memory->slots[i], memory->entries[i].grant, budget, vdc_least(over, excess));
        over -= vdc_least(over, before - host->resident);
    }
    for (uint32_t i = 0; i < count && host->resident < capacity; i++) {
        int64_t target = memory->entries[i].grant, room = vdc_least(budget, capacity - host->resident);
        if (memory->vms[memory->slots[i]].resident < target) (void)grow(memory, memory->slots[i], target, room);
    }
    for (uint32_t i = 0; i < count; i++)
        if (memory->vms[memory->slots[i]].resident != memory->entries[i].grant) return true;
    return false;
}

/* Offers the disks what faults of the host's VMs read. */
static vdc_code offer_traffic(vdc_memory *memory, uint32_t h, uint32_t count) {
    if (!memory->traffic) return VDC_OK;
    const vdc_datacenter *dc = memory->datacenter;
    vdc_memory_host *host = &memory->hosts[h];
    double pages = 0, speed = (double)dc->hosts.classes[dc->hosts.class_of[h]].speed;
    for (uint32_t i = 0; i < count; i++)
        pages += faults(memory, &memory->vms[memory->slots[i]]) * (double)dc->vms[memory->slots[i]].grant / speed;
    int64_t offered = (int64_t)(pages * PAGE);
    if (offered == host->offered) return VDC_OK;
    host->offered = offered;
    return memory->traffic(memory->context, h, offered);
}

static void cancel_step(vdc_memory *memory, vdc_memory_host *host) {
    if (host->event) vdc_queue_cancel(memory->datacenter->queue, host->event);
    host->event = 0;
    if (host->looks) memory->background(memory->context, -1);
    host->looks = false;
}

/* Memory does not move, but VMs may read from swap. */
static vdc_code look(vdc_memory *memory, uint32_t h) {
    vdc_memory_host *host = &memory->hosts[h];
    uint32_t count;
    if (!memory->traffic || (host->reclaimed == 0 && host->offered == 0)) return VDC_OK;
    if (gather(memory, h, &count) || offer_traffic(memory, h, count)) return VDC_ERROR_MEMORY;
    cancel_step(memory, host);
    bool faulting = false;
    for (uint32_t i = 0; i < count; i++) faulting = faulting || missing(&memory->vms[memory->slots[i]]) > 0;
    if (!faulting) return VDC_OK;
    host->looks = true;
    memory->background(memory->context, 1);
    return memory->schedule(memory->context, h, vdc_later(memory->datacenter->now, memory->settings.interval), &host->event);
}

/* Looks at a host after something changed or a step is due. */
static vdc_code review(vdc_memory *memory, uint32_t h) {
    vdc_datacenter *dc = memory->datacenter;
    vdc_memory_host *host = &memory->hosts[h];
    int64_t capacity = capacity_of(memory, h), free_now = capacity - host->resident;
    int64_t low = share_of(capacity, memory->settings.low), high = share_of(capacity, memory->settings.high);
    bool was_moving = host->moving;
    if (free_now < low || (host->reclaimed > 0 && free_now > high)) host->moving = true;
    vdc_time span = was_moving ? dc->now - host->since : 0;
    host->since = dc->now;
    if (!host->moving) return look(memory, h);
    uint32_t count;
    if (gather(memory, h, &count)) return VDC_ERROR_MEMORY;
    int64_t aim = capacity - high;
    if (memory->settings.dedup > 0) share_pages(memory, count, aim);
    find_targets(memory, count, aim);
    vdc_wide budget = (vdc_wide)memory->settings.balloon_rate * span / VDC_SECOND;
    host->moving = move(memory, h, count, budget > INT64_MAX ? INT64_MAX : (int64_t)budget);
    memory->steps++;
    if (offer_traffic(memory, h, count)) return VDC_ERROR_MEMORY;
    cancel_step(memory, host);
    return host->moving ? memory->schedule(memory->context, h, vdc_later(dc->now, memory->settings.interval), &host->event) : look(memory, h);
}

vdc_code vdc_memory_step(vdc_memory *memory, uint32_t h) {
    vdc_memory_host *host = &memory->hosts[h];
    host->event = 0;
    cancel_step(memory, host);
    return review(memory, h);
}

vdc_code vdc_memory_arrive(vdc_memory *memory, uint32_t slot, int64_t touched, int64_t working_set, int64_t reservation) {
    size_t before = memory->vm_capacity;
    if (!VDC_RESERVE(memory->vms, memory->vm_capacity, slot + (size_t)1)) return VDC_ERROR_MEMORY;
    for (size_t i = before; i < memory->vm_capacity; i++) memory->vms[i] = (vdc_memory_vm){0};
    const vdc_request *request = &memory->datacenter->records[slot].request;
    memory->vms[slot] = (vdc_memory_vm){.size = request->size[VDC_MEMORY], .reservation = reservation, .present = true};
    return vdc_memory_change(memory, slot, touched, working_set);
}

vdc_code vdc_memory_resize(vdc_memory *memory, uint32_t slot, int64_t touched, int64_t working_set) {
    memory->vms[slot].size = memory->datacenter->records[slot].request.size[VDC_MEMORY];
    return vdc_memory_change(memory, slot, touched, working_set);
}

vdc_code vdc_memory_change(vdc_memory *memory, uint32_t slot, int64_t touched, int64_t working_set) {
    vdc_memory_vm *vm = &memory->vms[slot], before = *vm;
    touch(vm, touched, working_set);
    book(memory, slot, &before);
    return review(memory, memory->datacenter->vms[slot].host);
}

vdc_code vdc_memory_leave(vdc_memory *memory, uint32_t slot) {
    if (slot >= memory->vm_capacity || !memory->vms[slot].present) return VDC_OK;
    vdc_memory_vm *vm = &memory->vms[slot], before = *vm;
    *vm = (vdc_memory_vm){0};
    book(memory, slot, &before);
    return review(memory, memory->datacenter->vms[slot].host);
}

void vdc_memory_latency(vdc_memory *memory, uint32_t h, vdc_time latency) {
    if (memory->hosts[h].swap_latency == latency) return;
    memory->hosts[h].swap_latency = latency;
    vdc_datacenter_resolve(memory->datacenter, h);
}

void vdc_memory_check(const vdc_memory *memory, vdc_checks *checks) {
    const vdc_datacenter *dc = memory->datacenter;
    vdc_time now = dc->now;
    vdc_wide ballooned = 0, swapped = 0, shared = 0;
    for (uint32_t h = 0; h < dc->hosts.count; h++) {
        int64_t resident = 0, reclaimed = 0;
        for (uint32_t slot = dc->hosts.account[h].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
            if (slot >= memory->vm_capacity || !memory->vms[slot].present) continue;
            const vdc_memory_vm *vm = &memory->vms[slot];
            int64_t untouched = vm->size - vm->touched;
            vdc_check_equal(checks, VDC_I12_MEMORY, now, dc->records[slot].request.size[VDC_MEMORY],
                            vm->resident + vm->ballooned + vm->swapped + vm->shared + untouched);
            vdc_check_at_most(checks, VDC_I12_MEMORY, now, vm->working_set, vm->touched);
            const int64_t parts[] = {vm->resident, vm->ballooned, vm->swapped, vm->shared, untouched, vm->working_set};
            for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) vdc_check_at_most(checks, VDC_I12_MEMORY, now, 0, parts[i]);
            vdc_check_equal(checks, VDC_I12_MEMORY, now, vm->useful, vdc_least(vm->working_set, vm->resident));
            resident += vm->resident;
            reclaimed += vm->ballooned + vm->swapped + vm->shared;
            ballooned += vm->ballooned, swapped += vm->swapped, shared += vm->shared;
        }
        vdc_check_equal(checks, VDC_I12_MEMORY, now, resident, memory->hosts[h].resident);
        vdc_check_equal(checks, VDC_I12_MEMORY, now, reclaimed, memory->hosts[h].reclaimed);
        vdc_check_at_most(checks, VDC_I12_MEMORY, now, resident, capacity_of(memory, h));
        vdc_check_equal(checks, VDC_I12_MEMORY, now, resident, vdc_ledger_rate(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_G + VDC_MEMORY)));
    }
    vdc_check_equal(checks, VDC_I12_MEMORY, now, ballooned, memory->ballooned);
    vdc_check_equal(checks, VDC_I12_MEMORY, now, swapped, memory->swapped);
    vdc_check_equal(checks, VDC_I12_MEMORY, now, shared, memory->shared);
}
