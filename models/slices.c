/* See slices.h. */
#include "models/slices.h"

#include <string.h>

/* Memory of schedulers holds 128-bit integers. */
static size_t stride_of(size_t bytes) {
    return (bytes + sizeof(vdc_wide) - 1) / sizeof(vdc_wide) * sizeof(vdc_wide);
}

vdc_code vdc_slices_create(vdc_datacenter *dc, vdc_diag *diag) {
    vdc_slices *slices = vdc_calloc(1, sizeof *slices);
    dc->slices = slices;
    if (!slices) return vdc_no_memory(diag, "the hosts' schedulers");
    size_t hosts = dc->hosts.count ? dc->hosts.count : 1;
    slices->vm_stride = stride_of(dc->sharing.vm_memory);
    slices->host_stride = stride_of(dc->sharing.host_memory);
    slices->hosts = vdc_calloc(hosts, sizeof *slices->hosts);
    slices->host_memory = vdc_calloc(hosts, slices->host_stride ? slices->host_stride : 1);
    return slices->hosts && slices->host_memory ? VDC_OK : vdc_no_memory(diag, "the hosts' schedulers");
}

void vdc_slices_destroy(vdc_slices *slices) {
    if (!slices) return;
    vdc_histogram_free(&slices->waits);
    vdc_free(slices->hosts);
    vdc_free(slices->host_memory);
    vdc_free(slices->vm_memory);
    vdc_free(slices->waiting_since);
    vdc_free(slices->memory);
    vdc_free(slices->missed);
    vdc_free(slices->misses);
    vdc_free(slices);
}

vdc_code vdc_slices_placed(vdc_datacenter *dc, uint32_t slot) {
    vdc_slices *slices = dc->slices;
    if (!VDC_RESERVE(slices->waiting_since, slices->waiting_capacity, slot + (size_t)1)) return VDC_ERROR_MEMORY;
    if (slices->memory_capacity < slices->waiting_capacity && slices->vm_stride) {
        char *memory = vdc_realloc(slices->vm_memory, slices->waiting_capacity, slices->vm_stride);
        if (!memory) return VDC_ERROR_MEMORY;
        slices->vm_memory = memory;
        slices->memory_capacity = slices->waiting_capacity;
    }
    slices->waiting_since[slot] = -1;
    memset(slices->vm_memory + slot * slices->vm_stride, 0, slices->vm_stride);
    return VDC_OK;
}

/* A VM's wait is over, `since` being when it began. */
static vdc_code note_wait(vdc_slices *slices, vdc_time wait) {
    if (wait > slices->longest_wait) slices->longest_wait = wait;
    return vdc_histogram_add(&slices->waits, wait);
}

void vdc_slices_removed(vdc_datacenter *dc, uint32_t slot) { dc->slices->waiting_since[slot] = -1; }

/* Who began to wait, and whose wait is over. `before` is what entry i had. */
static vdc_code book_wait(vdc_datacenter *dc, uint32_t i, int64_t before) {
    vdc_slices *slices = dc->slices;
    uint32_t slot = dc->entry_slots[i];
    const vdc_cpu_entry *entry = &dc->entries[i];
    vdc_time since = slices->waiting_since[slot];
    if (entry->grant > 0) {
        slices->waiting_since[slot] = -1;
        return before > 0 ? VDC_OK : note_wait(slices, since < 0 ? 0 : dc->now - since);
    }
    if (entry->ceiling == 0) slices->waiting_since[slot] = -1;
    else if (since < 0) slices->waiting_since[slot] = dc->now;
    return VDC_OK;
}

/* Everybody has what it wants: no slices until the host is contended again. */
static vdc_code share_uncontended(vdc_datacenter *dc, uint32_t h, uint32_t count) {
    vdc_slices *slices = dc->slices;
    vdc_slice_host *host = &slices->hosts[h];
    if (host->event) vdc_queue_cancel(dc->queue, host->event);
    *host = (vdc_slice_host){.since = dc->now};
    for (uint32_t i = 0; i < count; i++) {
        dc->entries[i].ceiling = dc->entries[i].grant = vdc_cpu_ceiling(&dc->entries[i]);
        vdc_time *since = &slices->waiting_since[dc->entry_slots[i]];
        if (*since >= 0 && note_wait(slices, dc->now - *since)) return VDC_ERROR_MEMORY;
        *since = -1;
    }
    return VDC_OK;
}

static vdc_code note_misses(vdc_datacenter *dc, uint32_t count) {
    vdc_slices *slices = dc->slices;
    for (uint32_t i = 0; i < count; i++) {
        if (slices->missed[i] == 0) continue;
        if (!VDC_RESERVE(slices->misses, slices->miss_capacity, slices->miss_count + 1)) return VDC_ERROR_MEMORY;
        slices->misses[slices->miss_count++] = (vdc_missed_deadline){dc->entry_slots[i], slices->missed[i]};
        slices->deadline_misses += slices->missed[i];
    }
    return VDC_OK;
}

vdc_code vdc_slices_share(vdc_datacenter *dc, uint32_t h, int64_t capacity, uint32_t count) {
    vdc_slices *slices = dc->slices;
    vdc_slice_host *host = &slices->hosts[h];
    if (dc->hosts.account[h].ceiling <= capacity) return share_uncontended(dc, h, count);
    if (!VDC_RESERVE(slices->memory, slices->pointer_capacity, count) || !VDC_RESERVE(slices->missed, slices->missed_capacity, count))
        return VDC_ERROR_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = dc->entry_slots[i];
        dc->entries[i].grant = dc->vms[slot].grant;
        slices->memory[i] = slices->vm_memory + slot * slices->vm_stride;
        slices->missed[i] = 0;
    }
    vdc_cpu_moment moment = {
        .host = h, .count = count, .now = dc->now, .since = host->since, .continued = host->contended,
        .changed = host->changed || !host->contended, .capacity = capacity,
        .speed = dc->hosts.classes[dc->hosts.class_of[h]].speed, .entries = dc->entries, .memory = slices->memory,
        .host_memory = slices->host_memory + h * slices->host_stride, .missed = slices->missed, .scratch = dc->scratch,
    };
    int64_t next = dc->sharing.slice(dc->sharing.state, &moment);
    slices->decisions++;
    vdc_code code = note_misses(dc, count);
    for (uint32_t i = 0; i < count && !code; i++) code = book_wait(dc, i, dc->vms[dc->entry_slots[i]].grant);
    if (code) return code;
    host->since = dc->now;
    host->contended = true;
    host->changed = false;
    if (next < 1) next = 1;
    if (next > VDC_TIME_MAX - dc->now) {
        if (host->event) vdc_queue_cancel(dc->queue, host->event);
        host->event = 0;
        return VDC_OK;
    }
    if (host->event) return vdc_queue_move(dc->queue, &host->event, dc->now + next, VDC_RANK_CHANGE, VDC_EVENT_SLICE, h);
    return vdc_queue_push(dc->queue, dc->now + next, VDC_RANK_CHANGE, VDC_EVENT_SLICE, h, &host->event);
}

void vdc_slices_event(vdc_datacenter *dc, uint32_t h) {
    vdc_slice_host *host = &dc->slices->hosts[h];
    bool changed = host->changed;
    host->event = 0;
    vdc_datacenter_resolve(dc, h);
    host->changed = changed;
}
