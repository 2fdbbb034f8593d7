/* The queue of pending events: a priority queue in an exact total order, with cancellation.
 *
 * The order is (time, rank, sequence), as one 128-bit key: two events never compare equal, so every structure
 * behind this interface pops the same order, ties included. Events are small values; a cancelled event leaves at once: no
 * tombstones.
 *
 * Memory: 33 bytes a pending event in the heap; 35 to 40 in the ladder from 17 000 events on, more only where their times
 * spread evenly over all magnitudes from nanoseconds to centuries (some 500 KB altogether then). Nothing is allocated for a single event.
 * Time: `make bench`. O(log n) in the heap; in the ladder O(1), an event being moved two or three times in its life; O(1) without being
 * moved where many events are due at one instant.
 */
#ifndef VDC_ENGINE_QUEUE_H
#define VDC_ENGINE_QUEUE_H

#include "sim/base/status.h"
#include "sim/base/units.h"

/* What happens first at one instant (architecture: total order of events). */
typedef enum vdc_rank {
    VDC_RANK_HOST_RECOVERY,
    VDC_RANK_HOST_FAILURE,
    VDC_RANK_VM_END,          /* and the end of a migration */
    VDC_RANK_OPERATION,       /* lifecycle operations */
    VDC_RANK_CHANGE,          /* load segment, checkpoint, carbon or price change */
    VDC_RANK_ARRIVAL,
    VDC_RANK_QUEUE_TIMEOUT,   /* the pass of that instant is its last chance */
    VDC_RANK_QUEUE_PASS,
    VDC_RANK_REBALANCE,
    VDC_RANK_TICK,
    VDC_RANK_END_OF_RUN
} vdc_rank;

typedef struct vdc_event {
    vdc_time time;
    uint64_t order;    /* rank << 56 | sequence: set by vdc_queue_push */
    uint32_t kind;     /* the user's */
    uint32_t subject;  /* the user's: a host or VM slot */
} vdc_event;

/* Names a pending event for cancellation; 0 = none. Reused after the event was popped or cancelled. */
typedef uint32_t vdc_event_handle;

typedef struct vdc_queue vdc_queue;

/* "heap", "ladder", "lanes" or NULL for the engine's own choice. All give the same order. */
vdc_code vdc_queue_create(vdc_queue **queue, const char *structure, vdc_diag *diag);
void vdc_queue_destroy(vdc_queue *queue);
/* time must not lie before the last popped event's. Returns VDC_ERROR_MEMORY when out of memory. */
vdc_code vdc_queue_push(vdc_queue *queue, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject, vdc_event_handle *handle);
/* The sequence number that the next push would get; taking it makes events that are no queue entries (arrivals from
 * a cursor) part of the same total order. */
uint64_t vdc_queue_take_sequence(vdc_queue *queue);
/* NULL when empty. Valid until the next call on the queue. */
const vdc_event *vdc_queue_peek(vdc_queue *queue);
bool vdc_queue_pop(vdc_queue *queue, vdc_event *event);
/* A hint of what is popped later, `ahead` events after the next one: for fetching ahead what it will touch. NULL when that is not known; may be
 * an event that has been cancelled, its subject then being one that was pending not long ago. */
const vdc_event *vdc_queue_ahead(const vdc_queue *queue, uint32_t ahead);
/* The earliest event, if it is one of many due at one instant and of one rank, all of which come before any other pending event; else NULL. */
const vdc_event *vdc_queue_together(vdc_queue *queue);
/* Pops the event that vdc_queue_together gave and pushes it again at a later `time` than its own, everything else, its handle too, kept. *following:
 * the next one of those due together, NULL after the last. An event comes to be before those only by a push at their own instant. */
vdc_code vdc_queue_renew(vdc_queue *queue, vdc_time time, const vdc_event **following);
void vdc_queue_cancel(vdc_queue *queue, vdc_event_handle handle);
/* When the pending event is due; -1 when there is none of that handle. */
vdc_time vdc_queue_time(const vdc_queue *queue, vdc_event_handle handle);
/* Cancel and push in one, cheaper; the event gets a new sequence number. */
vdc_code vdc_queue_move(vdc_queue *queue, vdc_event_handle *handle, vdc_time time, vdc_rank rank, uint32_t kind, uint32_t subject);
size_t vdc_queue_count(const vdc_queue *queue);
/* Bytes that it holds, room in reserve included. */
size_t vdc_queue_memory(const vdc_queue *queue);

#endif
