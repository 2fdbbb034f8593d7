/* Fences: capacity that a VM's guarantee keeps from all others (accounts.md 5.2), booked in the ledgers of hosts, classes and VMs. */
#include "models/isolation_internal.h"

static void book(vdc_isolation *iso, uint32_t host, vdc_flow flow, int64_t *booked, int64_t rate) {
    if (rate == *booked) return;
    vdc_datacenter_account(iso->datacenter, host, flow, rate - *booked);
    *booked = rate;
}

static void book_resource(vdc_isolation *iso, uint32_t host, int r, int64_t fence, int64_t waste) {
    vdc_host_isolation *state = &iso->hosts[host];
    book(iso, host, (vdc_flow)(VDC_FLOW_FENCE + r), &state->fence[r], fence);
    book(iso, host, (vdc_flow)(VDC_FLOW_WASTE + r), &state->waste[r], waste);
}

static void set_kinds(vdc_fences *fences, vdc_time now, const int64_t rate[VDC_FENCE_KINDS]) {
    for (int kind = 0; kind < VDC_FENCE_KINDS; kind++) {
        fences->time[kind] += (vdc_wide)fences->rate[kind] * (now - fences->since);
        fences->rate[kind] = rate[kind];
    }
    fences->since = now;
}

static void book_kinds(vdc_isolation *iso, uint32_t host, int64_t threads, int64_t dedicated) {
    const vdc_time now = iso->datacenter->now;
    vdc_fences *here = &iso->hosts[host].kinds, *class = &iso->class_kinds[iso->datacenter->hosts.class_of[host]];
    const int64_t rate[VDC_FENCE_KINDS] = {threads, dedicated};
    if (rate[0] == here->rate[0] && rate[1] == here->rate[1]) return;
    const int64_t all[VDC_FENCE_KINDS] = {class->rate[0] + rate[0] - here->rate[0], class->rate[1] + rate[1] - here->rate[1]};
    set_kinds(class, now, all);
    set_kinds(here, now, rate);
}

static vdc_wide fenced_by(const vdc_isolation *iso, const vdc_fences *fences, vdc_fence_kind kind) {
    return fences->time[kind] + (vdc_wide)fences->rate[kind] * (iso->datacenter->now - fences->since);
}

vdc_wide vdc_isolation_class_fenced(const vdc_isolation *iso, uint16_t class_id, vdc_fence_kind kind) {
    return fenced_by(iso, &iso->class_kinds[class_id], kind);
}

vdc_wide vdc_isolation_host_fenced(const vdc_isolation *iso, uint32_t host, vdc_fence_kind kind) {
    return fenced_by(iso, &iso->hosts[host].kinds, kind);
}

static vdc_wide thread_second(const vdc_datacenter *dc, uint32_t host) {
    return (vdc_wide)dc->hosts.classes[dc->hosts.class_of[host]].speed * VDC_SECOND;
}

static double fenced_alone(const vdc_isolation *iso, uint32_t slot, vdc_fence_kind kind) {
    const vdc_vm_fences *vm = slot < iso->vm_fence_capacity ? &iso->vm_fences[slot] : NULL;
    const uint32_t host = iso->datacenter->vms[slot].host;
    if (!vm) return 0;
    return host == VDC_NOWHERE ? vm->fenced[kind] : vm->fenced[kind] + vdc_wide_over(fenced_by(iso, &vm->kinds, kind), thread_second(iso->datacenter, host));
}

double vdc_isolation_vm_fenced(const vdc_isolation *iso, uint32_t slot, vdc_fence_kind kind) {
    return fenced_alone(iso, slot, kind) + (iso->vms[slot].doubled ? fenced_alone(iso, iso->vms[slot].part, kind) : 0);
}

/* What is fenced on the host now; own threads lie within a dedicated host, so regions are not added. */
void vdc_isolation_granted(vdc_isolation *iso, uint32_t host) {
    if (!iso->specs->used && !iso->has_wishes && !iso->has_preferences) return; /* nobody has a guarantee that fences */
    vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    vdc_host_isolation *state = &iso->hosts[host];
    const vdc_region *region = &dc->regions[host];
    const bool fences = state->dedicated || region->exclusive || region->cookie_fence || region->cookie_waste || region->cookie_idle || state->owners_memory;
    if (!fences && !state->booked && !state->fenced) return;
    state->booked = fences;
    int64_t fence, waste, idle;
    if (state->dedicated) {
        const int64_t held = vdc_ledger_rate(&dc->host_ledger, host, VDC_FLOW_NOMINAL);
        fence = class->cpu_hz - dc->hosts.account[host].reserved; /* reservations are booked by themselves */
        waste = held < class->cpu_hz ? class->cpu_hz - held : 0;
        idle = class->cpu_hz - dc->hosts.account[host].granted;
    } else {
        fence = region->exclusive + region->cookie_fence;
        waste = region->exclusive - region->exclusive_nominal + region->cookie_waste;
        idle = region->exclusive - region->exclusive_granted + region->cookie_idle;
    }
    book_resource(iso, host, VDC_CPU, fence, waste);
    book(iso, host, VDC_FLOW_FENCE_IDLE, &state->idle, idle);
    book_kinds(iso, host, state->dedicated ? 0 : region->exclusive, state->dedicated ? fence : 0);
    for (unsigned rest = iso->beside_cpu; rest; rest &= rest - 1) {
        const int r = __builtin_ctz(rest);
        const int64_t all = class->physical[r], used = state->dedicated ? vdc_ledger_rate(&dc->host_ledger, host, (vdc_flow)(VDC_FLOW_P + r)) : all;
        /* The owners' memory lies within a dedicated host. */
        book_resource(iso, host, r, state->dedicated ? all : r == VDC_MEMORY ? state->owners_memory : 0, used < all ? all - used : 0);
    }
    /* Each VM's part is booked when the host's grants are settled. */
    if (dc->track_vms && (state->fence[VDC_CPU] || state->fence[VDC_MEMORY] || state->fenced)) {
        state->fenced = state->fence[VDC_CPU] || state->fence[VDC_MEMORY];
        vdc_datacenter_resolve(dc, host);
    }
}

static void book_vm(vdc_isolation *iso, uint32_t slot, vdc_flow flow, int64_t *booked, int64_t rate) {
    if (rate == *booked) return;
    vdc_ledger_advance(&iso->datacenter->vm_ledger, slot, iso->datacenter->now);
    vdc_ledger_add(&iso->datacenter->vm_ledger, slot, flow, rate - *booked);
    *booked = rate;
}

static void book_vm_fences(vdc_isolation *iso, uint32_t slot, const int64_t *fence, const int64_t *waste, int64_t idle) {
    vdc_vm_fences *vm = &iso->vm_fences[slot];
    for (int r = 0; r < VDC_RESOURCES; r++) {
        book_vm(iso, slot, (vdc_flow)(VDC_FLOW_FENCE + r), &vm->fence[r], fence[r]);
        book_vm(iso, slot, (vdc_flow)(VDC_FLOW_WASTE + r), &vm->waste[r], waste[r]);
    }
    book_vm(iso, slot, VDC_FLOW_FENCE_IDLE, &vm->idle, idle);
    const bool dedicated = iso->hosts[iso->datacenter->vms[slot].host].dedicated > 0, owner = !dedicated && iso->datacenter->vms[slot].exclusive;
    const int64_t rate[VDC_FENCE_KINDS] = {owner ? fence[VDC_CPU] : 0, dedicated ? fence[VDC_CPU] : 0};
    if (rate[0] != vm->kinds.rate[0] || rate[1] != vm->kinds.rate[1]) set_kinds(&vm->kinds, iso->datacenter->now, rate);
}

void vdc_isolation_release_fences(vdc_isolation *iso, uint32_t slot) {
    const int64_t nothing[VDC_RESOURCES] = {0};
    if (!iso->datacenter->track_vms) return;
    vdc_vm_fences *vm = &iso->vm_fences[slot];
    book_vm_fences(iso, slot, nothing, nothing, 0);
    for (int kind = 0; kind < VDC_FENCE_KINDS; kind++) {
        vm->fenced[kind] += vdc_wide_over(vm->kinds.time[kind], thread_second(iso->datacenter, iso->datacenter->vms[slot].host));
        vm->kinds.time[kind] = 0;
    }
}

static int64_t held_by(const vdc_datacenter *dc, uint32_t slot, int r) {
    return r == VDC_CPU ? dc->vms[slot].nominal : dc->records[slot].request.size[r];
}

/* A dedicated host is fenced for all of its VMs: in proportion to their sizes, the remainder for the lowest id. */
static void divide_host(vdc_isolation *iso, uint32_t host) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_host_isolation *state = &iso->hosts[host];
    int64_t held[VDC_RESOURCES] = {0}, whole[VDC_RESOURCES], given[VDC_RESOURCES] = {0}, wasted[VDC_RESOURCES] = {0}, idled = 0;
    uint32_t lowest = VDC_NOWHERE;
    for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        for (int r = 0; r < VDC_RESOURCES; r++) held[r] += held_by(dc, slot, r);
        if (lowest == VDC_NOWHERE || dc->records[slot].request.id < dc->records[lowest].request.id) lowest = slot;
    }
    for (int r = 0; r < VDC_RESOURCES; r++) whole[r] = state->fence[r];
    for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        int64_t fence[VDC_RESOURCES] = {0}, waste[VDC_RESOURCES] = {0}, idle = 0;
        if (slot == lowest) continue;
        for (int r = 0; r < VDC_RESOURCES; r++) {
            int64_t part = held_by(dc, slot, r);
            fence[r] = held[r] ? (int64_t)((vdc_wide)whole[r] * part / held[r]) : 0;
            waste[r] = held[r] ? (int64_t)((vdc_wide)state->waste[r] * part / held[r]) : 0;
            given[r] += fence[r];
            wasted[r] += waste[r];
        }
        idle = held[VDC_CPU] ? (int64_t)((vdc_wide)state->idle * dc->vms[slot].nominal / held[VDC_CPU]) : 0;
        idled += idle;
        book_vm_fences(iso, slot, fence, waste, idle);
    }
    int64_t fence[VDC_RESOURCES], waste[VDC_RESOURCES];
    for (int r = 0; r < VDC_RESOURCES; r++) fence[r] = whole[r] - given[r], waste[r] = state->waste[r] - wasted[r];
    if (lowest != VDC_NOWHERE) book_vm_fences(iso, lowest, fence, waste, state->idle - idled);
}

void vdc_isolation_book_vms(vdc_isolation *iso, uint32_t host) {
    vdc_datacenter *dc = iso->datacenter;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[host]];
    if (iso->hosts[host].dedicated) {
        divide_host(iso, host);
        return;
    }
    for (uint32_t slot = dc->hosts.account[host].first_vm; slot != VDC_NOWHERE; slot = dc->vms[slot].next) {
        const vdc_vm *vm = &dc->vms[slot];
        const vdc_vm_details *details = vdc_vm_details_known(dc, slot);
        int64_t fence[VDC_RESOURCES] = {0}, waste[VDC_RESOURCES] = {0}, idle = 0;
        if (vm->exclusive) {
            fence[VDC_CPU] = class->speed * (int64_t)vdc_threads_needed(class, iso->vms[slot].spec.threads, dc->records[slot].request.size[VDC_CPU]);
            waste[VDC_CPU] = fence[VDC_CPU] - vm->nominal;
            idle = fence[VDC_CPU] - vm->grant;
            if (vdc_isolation_fences_memory(class) && dc->hosts.free[VDC_MEMORY]) fence[VDC_MEMORY] = dc->records[slot].request.size[VDC_MEMORY];
        } else if (details->cookie) {
            const int64_t all = details->cookie_fence + vdc_reserved_rate(&dc->records[slot].request, class);
            fence[VDC_CPU] = details->cookie_fence;
            waste[VDC_CPU] = all > vm->nominal ? all - vm->nominal : 0;
            idle = vdc_least(details->forced_idle, all);
        }
        book_vm_fences(iso, slot, fence, waste, idle);
    }
}
