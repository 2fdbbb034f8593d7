/* See wait_queue.h. */
#include "models/wait_queue.h"

#include <string.h>

void vdc_wait_queue_setup(vdc_wait_queue *queue) {
    *queue = (vdc_wait_queue){.first = VDC_NOWHERE, .last = VDC_NOWHERE};
}

void vdc_wait_queue_free(vdc_wait_queue *queue) {
    vdc_free(queue->classes);
    vdc_wait_queue_setup(queue);
}

vdc_wide vdc_wait_queue_integral(const vdc_wait_queue *queue, vdc_time now) {
    return queue->wait_integral + (vdc_wide)queue->count * (now - queue->since);
}

static void advance(vdc_wait_queue *queue, vdc_time now) {
    if (queue->count) queue->wait_integral = vdc_wait_queue_integral(queue, now);
    queue->since = now;
}

/* The first class whose key is >= `key`. */
static size_t class_at(const vdc_wait_queue *queue, int64_t key) {
    size_t low = 0, high = queue->class_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (queue->classes[middle].key < key) low = middle + 1;
        else high = middle;
    }
    return low;
}

uint32_t vdc_wait_queue_class_first(const vdc_wait_queue *queue, const vdc_datacenter *dc, size_t class) {
    return class ? dc->vms[queue->classes[class - 1].last].next : queue->first;
}

/* The only one: most VMs find nobody waiting and are gone before the next one comes. */
static void add_first(vdc_wait_queue *queue, vdc_datacenter *dc, uint32_t slot, int64_t key) {
    queue->classes[0] = (vdc_wait_class){.key = key, .last = slot, .count = 1};
    queue->class_count = 1;
    queue->count = 1;
    queue->first = queue->last = slot;
    queue->since = dc->now;
    dc->vms[slot].previous = dc->vms[slot].next = VDC_NOWHERE;
    dc->records[slot].queue_key = key;
    dc->records[slot].queued_at = dc->now;
}

vdc_code vdc_wait_queue_add(vdc_wait_queue *queue, vdc_datacenter *dc, uint32_t slot, int64_t key) {
    if (queue->count == 0 && queue->class_capacity) {
        add_first(queue, dc, slot, key);
        return VDC_OK;
    }
    size_t at = class_at(queue, key);
    if (at == queue->class_count || queue->classes[at].key != key) {
        if (!VDC_RESERVE(queue->classes, queue->class_capacity, queue->class_count + 1)) return VDC_ERROR_MEMORY;
        if (at < queue->class_count) memmove(queue->classes + at + 1, queue->classes + at, (queue->class_count - at) * sizeof *queue->classes);
        queue->class_count++;
        queue->classes[at] = (vdc_wait_class){.key = key, .last = at ? queue->classes[at - 1].last : VDC_NOWHERE, .count = 0};
    }
    advance(queue, dc->now);
    vdc_wait_class *class = &queue->classes[at];
    uint32_t before = class->last, after = before == VDC_NOWHERE ? queue->first : dc->vms[before].next;
    dc->vms[slot].previous = before;
    dc->vms[slot].next = after;
    if (before == VDC_NOWHERE) queue->first = slot;
    else dc->vms[before].next = slot;
    if (after == VDC_NOWHERE) queue->last = slot;
    else dc->vms[after].previous = slot;
    class->last = slot;
    class->count++;
    queue->count++;
    dc->records[slot].queue_key = key;
    dc->records[slot].queued_at = dc->now;
    return VDC_OK;
}

void vdc_wait_queue_remove(vdc_wait_queue *queue, vdc_datacenter *dc, uint32_t slot) {
    if (queue->since != dc->now) advance(queue, dc->now);
    if (queue->count == 1) {
        queue->class_count = queue->count = 0;
        queue->first = queue->last = VDC_NOWHERE;
        return;
    }
    size_t at = class_at(queue, dc->records[slot].queue_key);
    vdc_vm *vm = &dc->vms[slot];
    if (vm->previous == VDC_NOWHERE) queue->first = vm->next;
    else dc->vms[vm->previous].next = vm->next;
    if (vm->next == VDC_NOWHERE) queue->last = vm->previous;
    else dc->vms[vm->next].previous = vm->previous;
    vdc_wait_class *class = &queue->classes[at];
    if (--class->count == 0) {
        queue->class_count--;
        if (at < queue->class_count) memmove(queue->classes + at, queue->classes + at + 1, (queue->class_count - at) * sizeof *queue->classes);
    } else if (class->last == slot) {
        class->last = vm->previous;
    }
    vm->next = vm->previous = VDC_NOWHERE;
    queue->count--;
}
