/* See burst.h. */
#include "models/burst.h"

vdc_code vdc_bursts_create(vdc_datacenter *dc, vdc_diag *diag) {
    dc->bursts = vdc_calloc(1, sizeof *dc->bursts);
    return dc->bursts ? VDC_OK : vdc_no_memory(diag, "the VMs' bursts");
}

void vdc_bursts_destroy(vdc_bursts *bursts) {
    if (!bursts) return;
    vdc_free(bursts->vms);
    vdc_free(bursts->saving);
    vdc_free(bursts);
}

vdc_code vdc_burst_placed(vdc_datacenter *dc, uint32_t slot) {
    vdc_bursts *bursts = dc->bursts;
    if (!VDC_RESERVE(bursts->vms, bursts->capacity, slot + (size_t)1)
        || !VDC_RESERVE(bursts->saving, bursts->saving_capacity, bursts->saving_count + 1))
        return VDC_ERROR_MEMORY;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[dc->vms[slot].host]];
    vdc_cpu_entry entry;
    vdc_cpu_entry_of(&dc->records[slot].request, class->speed, &entry);
    dc->sharing.map(dc->sharing.state, &dc->records[slot].request, class->speed, &entry);
    bursts->vms[slot] = (vdc_burst){.most = entry.limit >= 0 ? (vdc_wide)entry.burst * class->speed : 0, .limit = entry.limit, .since = dc->now,
                                    .empty = true};
    bursts->saving[bursts->saving_count++] = slot; /* unless it begins at its limit at once */
    return VDC_OK;
}

static void forget_event(vdc_datacenter *dc, vdc_burst *burst) {
    if (burst->event) vdc_queue_cancel(dc->queue, burst->event);
    burst->event = 0;
}

void vdc_burst_removed(vdc_datacenter *dc, uint32_t slot) {
    forget_event(dc, &dc->bursts->vms[slot]);
    dc->bursts->vms[slot].most = 0;
}

int64_t vdc_burst_limit(const vdc_datacenter *dc, uint32_t slot, int64_t limit) {
    const vdc_burst *burst = &dc->bursts->vms[slot];
    return burst->most && !burst->empty ? VDC_UNLIMITED : limit;
}

/* Brings what is saved up to the clock, at the rate that held since. */
static void catch_up(vdc_burst *burst, vdc_time now, int64_t rate) {
    vdc_wide saved = burst->saved + (vdc_wide)(burst->limit - rate) * (now - burst->since);
    burst->saved = saved < 0 ? 0 : saved > burst->most ? burst->most : saved;
    burst->since = now;
}

void vdc_burst_granted(vdc_datacenter *dc, uint32_t slot, int64_t before) {
    vdc_bursts *bursts = dc->bursts;
    vdc_burst *burst = &bursts->vms[slot];
    if (!burst->most) return;
    int64_t grant = dc->vms[slot].grant;
    catch_up(burst, dc->now, before);
    forget_event(dc, burst);
    if (grant > burst->limit) { /* rounded down: never a nanosecond too long */
        vdc_wide span = burst->saved / (grant - burst->limit);
        if (span > VDC_TIME_MAX - 1 - dc->now) return;
        if (vdc_queue_push(dc->queue, dc->now + (vdc_time)span, VDC_RANK_CHANGE, VDC_EVENT_BURST_END, slot, &burst->event)) bursts->failed = true;
    } else if (grant < burst->limit && burst->empty) {
        if (VDC_RESERVE(bursts->saving, bursts->saving_capacity, bursts->saving_count + 1)) bursts->saving[bursts->saving_count++] = slot;
        else bursts->failed = true;
    }
}

void vdc_burst_event(vdc_datacenter *dc, uint32_t slot) {
    vdc_burst *burst = &dc->bursts->vms[slot];
    burst->event = 0;
    burst->saved = 0;
    burst->since = dc->now;
    burst->empty = true;
    vdc_datacenter_limit_changed(dc, slot);
}

vdc_code vdc_bursts_lift(vdc_datacenter *dc, bool *again) {
    vdc_bursts *bursts = dc->bursts;
    size_t count = bursts->saving_count;
    bursts->saving_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t slot = bursts->saving[i];
        vdc_burst *burst = &bursts->vms[slot];
        /* Shares do not change by it: who is below a limit is not held by it. */
        if (!burst->most || !burst->empty || dc->vms[slot].grant >= burst->limit) continue;
        burst->empty = false;
        vdc_datacenter_limit_changed(dc, slot);
    }
    *again = dc->dirty_count > 0 || bursts->saving_count > 0;
    return bursts->failed ? VDC_ERROR_MEMORY : VDC_OK;
}
