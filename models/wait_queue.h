/* The VMs that wait for a host, in the order that the admission policy gives: by key, ties in order of queueing.
 *
 * A doubly linked list through the VMs' slots, with a sorted table of the distinct keys that holds the last VM of each. A VM
 * is appended behind its key's last one: O(log keys), plus moving the table where the key is new. FIFO has one key.
 */
#ifndef VDC_MODELS_WAIT_QUEUE_H
#define VDC_MODELS_WAIT_QUEUE_H

#include "models/datacenter.h"

/* The last VM of each distinct key, ascending by key. */
typedef struct vdc_wait_class {
    int64_t key;
    uint32_t last;
    uint32_t count;
    uint64_t blocked_in;      /* the pass in which its first VM found no host, where classes are lines of their own */
} vdc_wait_class;

typedef struct vdc_wait_queue {
    uint32_t first, last;
    uint32_t count;
    vdc_wait_class *classes;
    size_t class_count, class_capacity;
    vdc_wide wait_integral;   /* VM·ns spent waiting, up to `since` */
    vdc_time since;
} vdc_wait_queue;

void vdc_wait_queue_setup(vdc_wait_queue *queue);
void vdc_wait_queue_free(vdc_wait_queue *queue);
/* The VM waits from now on, behind all with the same key. */
vdc_code vdc_wait_queue_add(vdc_wait_queue *queue, vdc_datacenter *datacenter, uint32_t slot, int64_t key);
void vdc_wait_queue_remove(vdc_wait_queue *queue, vdc_datacenter *datacenter, uint32_t slot);
/* The first VM of the class with that index. */
uint32_t vdc_wait_queue_class_first(const vdc_wait_queue *queue, const vdc_datacenter *datacenter, size_t class);
/* VM·ns spent waiting by all together until now: the integral of the queue's length. */
vdc_wide vdc_wait_queue_integral(const vdc_wait_queue *queue, vdc_time now);

#endif
