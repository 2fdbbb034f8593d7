/* The event queue against a sorted list: random pushes, pops, cancellations and moves, in every structure. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/random.h"
#include "sim/engine/queue.h"

static const char *const structures[] = {"heap", "ladder", "lanes", NULL};
enum { STRUCTURES = sizeof structures / sizeof *structures };

static vdc_queue *open_queue(const char *structure) {
    vdc_queue *queue;
    cr_assert_eq(vdc_queue_create(&queue, structure, NULL), VDC_OK);
    return queue;
}

/* The oracle: an array kept in order of (time, rank, sequence), the earliest last. */
typedef struct entry {
    vdc_time time;
    int rank;
    uint64_t sequence;
    uint32_t kind, subject;
    vdc_event_handle handle; /* in the queue under test; 0 when it was pushed without */
} entry;

typedef struct oracle {
    entry *entries;
    size_t count, capacity;
    uint64_t sequence;
} oracle;

static int later_first(const entry *a, const entry *b) {
    if (a->time != b->time) return a->time < b->time ? 1 : -1;
    if (a->rank != b->rank) return a->rank < b->rank ? 1 : -1;
    return a->sequence < b->sequence ? 1 : a->sequence > b->sequence ? -1 : 0;
}

static void oracle_push(oracle *list, entry fresh) {
    cr_assert(VDC_RESERVE(list->entries, list->capacity, list->count + 1));
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (later_first(&list->entries[middle], &fresh) < 0) low = middle + 1;
        else high = middle;
    }
    memmove(&list->entries[low + 1], &list->entries[low], (list->count - low) * sizeof *list->entries);
    list->entries[low] = fresh;
    list->count++;
}

static entry oracle_take(oracle *list, size_t index) {
    entry taken = list->entries[index];
    memmove(&list->entries[index], &list->entries[index + 1], (list->count - index - 1) * sizeof *list->entries);
    list->count--;
    return taken;
}

/* How far ahead of the clock an event is pushed. */
typedef enum shape { UNIFORM, EXPONENTIAL, BIMODAL, SAME_INSTANT, FEW_INSTANTS, POWERS, SHAPES } shape;
static const char *const shape_names[SHAPES] = {"uniform", "exponential", "bimodal", "same instant", "few instants", "all magnitudes"};

static vdc_time increment(vdc_stream *stream, shape kind) {
    switch (kind) {
    case UNIFORM: return (vdc_time)vdc_stream_below(stream, 2 * (uint64_t)VDC_SECOND);
    case EXPONENTIAL: {
        vdc_time units = 0;
        while (vdc_stream_below(stream, 8)) units++;
        return units * 300000000 + (vdc_time)vdc_stream_below(stream, 300000000);
    }
    case BIMODAL: return vdc_stream_below(stream, 10) ? (vdc_time)vdc_stream_below(stream, 1000) : (vdc_time)vdc_stream_below(stream, 1000) + 3600 * VDC_SECOND;
    case SAME_INSTANT: return 0;
    case FEW_INSTANTS: return (vdc_time)vdc_stream_below(stream, 3) * 5;
    default: return (vdc_time)(vdc_stream_bits(stream) >> (6 + vdc_stream_below(stream, 57)));
    }
}

/* `steps` random operations around `level` pending events, then everything is popped. How many were renewed together. */
static size_t compare(const char *structure, shape kind, size_t level, size_t steps, uint64_t seed) {
    vdc_stream stream;
    vdc_stream_open(&stream, seed, "test.queue", (uint64_t)kind);
    vdc_queue *queue = open_queue(structure);
    oracle list = {0};
    vdc_time now = 0;
    size_t renewed = 0;
    for (size_t step = 0; step < steps; step++) {
        bool grow = list.count < level;
        uint64_t dice = vdc_stream_below(&stream, 100);
        if (step % (steps / 4 + 1) > steps / 5) grow = false; /* now and then it drains */
        if (dice < (grow ? 60U : 30U) || list.count == 0) {
            vdc_time time = increment(&stream, kind);
            time = time > VDC_TIME_MAX - now ? VDC_TIME_MAX : now + time;
            entry fresh = {.time = time, .rank = (int)vdc_stream_below(&stream, VDC_RANK_END_OF_RUN + 1), .kind = (uint32_t)step,
                           .subject = (uint32_t)(step * 7), .sequence = list.sequence++};
            bool named = vdc_stream_below(&stream, 10) != 0;
            cr_assert_eq(vdc_queue_push(queue, fresh.time, (vdc_rank)fresh.rank, fresh.kind, fresh.subject, named ? &fresh.handle : NULL), VDC_OK);
            cr_assert(!named || fresh.handle);
            oracle_push(&list, fresh);
        } else if (dice >= 65 && dice < 75 && vdc_queue_together(queue)) { /* those due together are renewed in a row */
            const vdc_event *first = vdc_queue_together(queue);
            for (int most = 1 + (int)vdc_stream_below(&stream, 40); first && most > 0; most--) {
                entry expected = list.entries[list.count - 1];
                cr_assert(first->time == expected.time && first->order >> 56 == (uint64_t)expected.rank && first->kind == expected.kind
                          && first->subject == expected.subject && (first->order & (UINT64_MAX >> 8)) == expected.sequence);
                now = expected.time;
                vdc_time later = 1 + (vdc_stream_below(&stream, 4) ? 5 : increment(&stream, kind));
                if (later > VDC_TIME_MAX - now) break;
                (void)oracle_take(&list, list.count - 1);
                expected.time = now + later;
                expected.sequence = list.sequence++;
                cr_assert_eq(vdc_queue_renew(queue, expected.time, &first), VDC_OK);
                oracle_push(&list, expected);
                renewed++;
            }
            if (first) {
                cr_assert_eq(first->subject, list.entries[list.count - 1].subject, "the next of those due together is the earliest of all");
            }
        } else if (dice < 75) {
            entry expected = oracle_take(&list, list.count - 1);
            vdc_event event = {0};
            if (vdc_stream_below(&stream, 2)) {
                const vdc_event *peeked = vdc_queue_peek(queue);
                cr_assert_not_null(peeked);
                cr_assert_eq(peeked->subject, expected.subject);
            }
            cr_assert(vdc_queue_pop(queue, &event));
            cr_assert(event.time == expected.time && event.order >> 56 == (uint64_t)expected.rank && event.kind == expected.kind &&
                      event.subject == expected.subject && (event.order & (UINT64_MAX >> 8)) == expected.sequence,
                      "%s, %s, step %zu: popped (%lld, %llx), the oracle has (%lld, %d, %llu)", structure ? structure : "default",
                      shape_names[kind], step, (long long)event.time, (unsigned long long)event.order, (long long)expected.time,
                      expected.rank, (unsigned long long)expected.sequence);
            now = event.time;
        } else {
            size_t index = vdc_stream_below(&stream, list.count);
            if (!list.entries[index].handle) continue;
            entry taken = oracle_take(&list, index);
            if (dice < 88) {
                vdc_queue_cancel(queue, taken.handle);
            } else {
                vdc_time time = increment(&stream, kind);
                taken.time = time > VDC_TIME_MAX - now ? VDC_TIME_MAX : now + time;
                taken.rank = (int)vdc_stream_below(&stream, VDC_RANK_END_OF_RUN + 1);
                taken.sequence = list.sequence++;
                taken.kind++;
                cr_assert_eq(vdc_queue_move(queue, &taken.handle, taken.time, (vdc_rank)taken.rank, taken.kind, taken.subject), VDC_OK);
                oracle_push(&list, taken);
            }
        }
        if (vdc_stream_below(&stream, 50) == 0) {
            cr_assert_eq(vdc_queue_take_sequence(queue), list.sequence);
            list.sequence++;
        }
        cr_assert_eq(vdc_queue_count(queue), list.count);
    }
    vdc_event event;
    while (list.count) {
        entry expected = oracle_take(&list, list.count - 1);
        cr_assert(vdc_queue_pop(queue, &event));
        cr_assert(event.time == expected.time && event.subject == expected.subject && event.kind == expected.kind);
    }
    cr_assert(!vdc_queue_pop(queue, &event));
    cr_assert_null(vdc_queue_peek(queue));
    vdc_free(list.entries);
    vdc_queue_destroy(queue);
    return renewed;
}

Test(queue, agrees_with_a_sorted_list) {
    size_t renewed = 0;
    for (size_t s = 0; s < STRUCTURES; s++) {
        for (shape kind = 0; kind < SHAPES; kind++) {
            renewed += compare(structures[s], kind, 10, 5000, 1);
            renewed += compare(structures[s], kind, 300, 15000, 2);
            renewed += compare(structures[s], kind, 4000, 40000, 3);
        }
    }
    cr_assert_gt(renewed, 5000, "%zu", renewed);
}

/* A common grid by itself: everything is renewed in the order in which it was pushed, but for a few stragglers, whatever the structure; in the engine's
 * own one nearly all of it together. */
Test(queue, renews_a_common_grid_in_order) {
    enum { COUNT = 5000, INSTANTS = 20 };
    for (size_t s = 0; s < STRUCTURES; s++) {
        vdc_queue *queue = open_queue(structures[s]);
        static vdc_event_handle handles[COUNT];
        uint64_t together = 0, order = 0;
        for (uint32_t i = 0; i < COUNT; i++) cr_assert_eq(vdc_queue_push(queue, 300, VDC_RANK_CHANGE, 1, i, &handles[i]), VDC_OK);
        for (vdc_time now = 300; now <= 300 * INSTANTS; now += 300) {
            cr_assert_eq(vdc_queue_count(queue), COUNT);
            for (uint32_t i = 0; i < COUNT;) {
                const vdc_event *first = vdc_queue_together(queue);
                cr_assert(vdc_queue_peek(queue)->time == now && (!first || first == vdc_queue_peek(queue)));
                for (; first && i < COUNT; i++, together++) {
                    cr_assert(first->subject == i && first->order > order);
                    order = first->order;
                    vdc_event_handle handle = handles[i];
                    cr_assert_eq(vdc_queue_time(queue, handle), now);
                    cr_assert_eq(vdc_queue_renew(queue, now + 300, &first), VDC_OK);
                    cr_assert_eq(vdc_queue_time(queue, handle), now + 300);
                }
                if (i == COUNT) break;
                vdc_event event;
                cr_assert(vdc_queue_pop(queue, &event));
                cr_assert(event.time == now && event.subject == i && event.order > order);
                order = event.order;
                cr_assert_eq(vdc_queue_push(queue, now + 300, VDC_RANK_CHANGE, 1, i, &handles[i]), VDC_OK);
                i++;
            }
        }
        cr_assert_eq(vdc_queue_count(queue), COUNT);
        if (!structures[s]) cr_assert_gt(together, COUNT * (INSTANTS - 1) / 100 * 95);
        vdc_queue_destroy(queue);
    }
}

/* Loads that mostly change at the next step of a grid and else some steps later, as those of a trace do: no instant is pushed often in a row, and
 * most of what is due at one comes together all the same. */
Test(queue, finds_common_instants_among_others) {
    enum { COUNT = 1000, INSTANTS = 200 };
    const vdc_time step = 300 * VDC_SECOND;
    vdc_queue *queue = open_queue(NULL);
    static vdc_event_handle handles[COUNT];
    vdc_stream stream;
    vdc_stream_open(&stream, 11, "instants", 0);
    uint64_t together = 0, all = 0;
    for (uint32_t i = 0; i < COUNT; i++) cr_assert_eq(vdc_queue_push(queue, step, VDC_RANK_CHANGE, 1, i, &handles[i]), VDC_OK);
    while (vdc_queue_peek(queue)->time <= step * INSTANTS) {
        vdc_time next = vdc_queue_peek(queue)->time + step;
        while (vdc_stream_below(&stream, 4) == 0) next += step;
        const vdc_event *first = vdc_queue_together(queue);
        all++;
        if (first) {
            together++;
            cr_assert_eq(vdc_queue_renew(queue, next, &first), VDC_OK);
            continue;
        }
        vdc_event event;
        cr_assert(vdc_queue_pop(queue, &event));
        cr_assert_eq(vdc_queue_push(queue, next, VDC_RANK_CHANGE, 1, event.subject, &handles[event.subject]), VDC_OK);
    }
    cr_assert_eq(vdc_queue_count(queue), COUNT);
    cr_expect_gt(together, all * 3 / 4, "%g of %g", (double)together, (double)all);
    vdc_queue_destroy(queue);
}

Test(queue, orders_ties_by_rank_and_then_by_sequence) {
    for (size_t s = 0; s < STRUCTURES; s++) {
        vdc_queue *queue = open_queue(structures[s]);
        enum { EACH = 3000 };
        for (uint32_t i = 0; i < EACH; i++) {
            for (int rank = VDC_RANK_END_OF_RUN; rank >= 0; rank--) {
                cr_assert_eq(vdc_queue_push(queue, 77, (vdc_rank)rank, (uint32_t)rank, i, NULL), VDC_OK);
            }
        }
        vdc_event event;
        for (uint32_t rank = 0; rank <= VDC_RANK_END_OF_RUN; rank++) {
            for (uint32_t i = 0; i < EACH; i++) {
                cr_assert(vdc_queue_pop(queue, &event));
                cr_assert(event.kind == rank && event.subject == i, "rank %u, event %u: found %u, %u", rank, i, event.kind, event.subject);
            }
        }
        cr_assert_eq(vdc_queue_count(queue), 0);
        vdc_queue_destroy(queue);
    }
}

/* What happens at an instant may cause more at the same instant, of a lower rank too: it comes next. */
Test(queue, takes_earlier_ranks_at_the_instant_being_processed) {
    for (size_t s = 0; s < STRUCTURES; s++) {
        vdc_queue *queue = open_queue(structures[s]);
        enum { COUNT = 20000 };
        for (uint32_t i = 0; i < COUNT; i++) cr_assert_eq(vdc_queue_push(queue, 5, VDC_RANK_ARRIVAL, 0, i, NULL), VDC_OK);
        vdc_event event;
        for (uint32_t i = 0; i < COUNT; i++) {
            cr_assert(vdc_queue_pop(queue, &event));
            cr_assert(event.kind == 0 && event.subject == i);
            cr_assert_eq(vdc_queue_push(queue, 5, VDC_RANK_HOST_FAILURE, 1, i, NULL), VDC_OK);
            cr_assert_eq(vdc_queue_push(queue, 5, VDC_RANK_VM_END, 2, i, NULL), VDC_OK);
            for (uint32_t kind = 1; kind <= 2; kind++) {
                cr_assert(vdc_queue_pop(queue, &event));
                cr_assert(event.kind == kind && event.subject == i);
            }
        }
        vdc_queue_destroy(queue);
    }
}

/* A far event is looked at first, then everything else comes before it: no structure may be led astray, nor become slow. */
Test(queue, goes_back_to_near_times_after_a_look_at_a_far_one) {
    for (size_t s = 0; s < STRUCTURES; s++) {
        vdc_queue *queue = open_queue(structures[s]);
        vdc_stream stream;
        vdc_stream_open(&stream, 4, "test.far", 0);
        for (uint32_t i = 0; i < 2000; i++) cr_assert_eq(vdc_queue_push(queue, VDC_TIME_MAX - i, VDC_RANK_TICK, 9, i, NULL), VDC_OK);
        cr_assert_eq(vdc_queue_peek(queue)->subject, 1999);
        enum { COUNT = 50000 };
        for (uint32_t i = 0; i < COUNT; i++) {
            vdc_time time = (vdc_time)vdc_stream_below(&stream, (uint64_t)VDC_SECOND * 1000);
            cr_assert_eq(vdc_queue_push(queue, time, VDC_RANK_CHANGE, 1, i, NULL), VDC_OK);
            if (i % 10 == 0) cr_assert_not_null(vdc_queue_peek(queue));
        }
        vdc_event event;
        vdc_time before = 0;
        for (uint32_t i = 0; i < COUNT; i++) {
            cr_assert(vdc_queue_pop(queue, &event));
            cr_assert(event.kind == 1 && event.time >= before);
            before = event.time;
        }
        for (uint32_t i = 0; i < 2000; i++) {
            cr_assert(vdc_queue_pop(queue, &event));
            cr_assert(event.kind == 9 && event.subject == 1999 - i);
        }
        vdc_queue_destroy(queue);
    }
}

Test(queue, sorts_negative_times_first) {
    for (size_t s = 0; s < STRUCTURES; s++) {
        vdc_queue *queue = open_queue(structures[s]);
        static const vdc_time times[] = {INT64_MIN, -5 * VDC_SECOND, -1, 0, 1, VDC_SECOND, INT64_MAX};
        enum { TIMES = sizeof times / sizeof *times };
        for (uint32_t round = 0; round < 1000; round++) {
            for (uint32_t i = 0; i < TIMES; i++) {
                uint32_t which = (i * 3 + round) % TIMES;
                cr_assert_eq(vdc_queue_push(queue, times[which], VDC_RANK_TICK, which, round, NULL), VDC_OK);
            }
        }
        vdc_event event;
        for (uint32_t which = 0; which < TIMES; which++) {
            for (uint32_t round = 0; round < 1000; round++) {
                cr_assert(vdc_queue_pop(queue, &event));
                cr_assert(event.kind == which && event.subject == round && event.time == times[which]);
            }
        }
        vdc_queue_destroy(queue);
    }
}

Test(queue, ignores_handles_that_name_nothing) {
    vdc_queue *queue = open_queue(NULL);
    vdc_event_handle first, second;
    vdc_event event;
    vdc_queue_cancel(queue, 0);
    vdc_queue_cancel(queue, 12345);
    cr_assert_eq(vdc_queue_push(queue, 1, VDC_RANK_TICK, 0, 1, &first), VDC_OK);
    cr_assert(vdc_queue_pop(queue, &event));
    vdc_queue_cancel(queue, first);
    cr_assert_eq(vdc_queue_count(queue), 0);
    cr_assert_eq(vdc_queue_push(queue, 1, VDC_RANK_TICK, 0, 2, &second), VDC_OK);
    cr_assert_eq(first, second, "a handle is used again");
    vdc_event_handle none = 0;
    cr_assert_eq(vdc_queue_move(queue, &none, 0, VDC_RANK_TICK, 0, 3), VDC_OK, "moving nothing is a push");
    cr_assert_neq(none, second);
    cr_assert(vdc_queue_pop(queue, &event));
    cr_assert_eq(event.subject, 3);
    vdc_queue_destroy(queue);
}

Test(queue, refuses_a_structure_that_is_not_there) {
    vdc_queue *queue;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_queue_create(&queue, "splay", &diag), VDC_ERROR_INPUT);
    cr_assert_null(queue);
    cr_assert_eq(diag.count, 1);
    cr_assert_not_null(strstr(diag.messages[0].text, "splay"));
    vdc_diag_clear(&diag);
}

/* Hold: pop one, push one, until every pending event is a new one. The documented bound of queue.h must hold at every size. */
Test(queue, holds_a_pending_event_in_40_bytes) {
    static const uint32_t sizes[] = {300, 1000, 5000, 16000, 17000, 20000, 30000, 60000, 150000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (shape kind = 0; kind < SHAPES; kind++) {
            vdc_queue *queue = open_queue(NULL);
            vdc_stream stream;
            vdc_stream_open(&stream, 5, "test.memory", kind);
            vdc_event_handle handle;
            vdc_event event;
            for (uint32_t n = 0; n < sizes[i]; n++) {
                cr_assert_eq(vdc_queue_push(queue, increment(&stream, kind), VDC_RANK_CHANGE, 0, n, &handle), VDC_OK);
            }
            for (uint32_t n = 0; n < sizes[i] && vdc_queue_pop(queue, &event); n++) {
                vdc_time time = increment(&stream, kind);
                time = time > VDC_TIME_MAX - event.time ? VDC_TIME_MAX : event.time + time;
                cr_assert_eq(vdc_queue_push(queue, time, VDC_RANK_CHANGE, 0, n, &handle), VDC_OK);
            }
            double each = (double)vdc_queue_memory(queue) / sizes[i];
            /* Times of every magnitude leave a partly filled chunk in each of some 2 000 buckets. */
            double allowed = kind == POWERS ? 40 + 500000.0 / sizes[i] : 40;
            cr_assert_leq(each, allowed, "%u pending events, %s: %.1f bytes each", sizes[i], shape_names[kind], each);
            vdc_queue_destroy(queue);
        }
    }
}

/* Without memory for a change of structure the queue goes on with what it has, in the same order; only a push can fail. */
Test(queue, keeps_its_order_when_memory_runs_out) {
    enum { COUNT = 20000 };
    for (size_t s = 0; s < STRUCTURES; s++) {
        size_t refused = 0;
        for (uint64_t after = 0; after < 40; after++) {
            vdc_queue *queue = open_queue(structures[s]);
            vdc_stream stream;
            vdc_stream_open(&stream, after, "test.failure", s);
            size_t pushed = 0, popped = 0;
            vdc_event event, before = {0};
            for (uint32_t i = 0; i < COUNT; i++) {
                vdc_event_handle handle = 0;
                if (i == COUNT / 40 * after) vdc_memory_fail_at(1, true);
                vdc_code code = vdc_queue_push(queue, before.time + increment(&stream, after % 2 ? EXPONENTIAL : POWERS) / 2, VDC_RANK_CHANGE, 0, i, &handle);
                if (code == VDC_OK) pushed++;
                else refused++;
                cr_assert(code == VDC_OK || code == VDC_ERROR_MEMORY);
                cr_assert_eq(vdc_queue_count(queue), pushed - popped);
                if (code == VDC_OK && i % 7 == 0) {
                    vdc_queue_cancel(queue, handle);
                    pushed--;
                }
                if (i % 3 == 0 && vdc_queue_pop(queue, &event)) {
                    cr_assert(event.time >= before.time);
                    before = event;
                    popped++;
                }
                if (i == COUNT / 40 * after + 2000) vdc_memory_fail_at(0, false);
            }
            vdc_memory_fail_at(1, true);
            for (; popped < pushed; popped++) {
                cr_assert(vdc_queue_pop(queue, &event));
                cr_assert(event.time > before.time || (event.time == before.time && event.order > before.order), "after %zu pops", popped);
                before = event;
                if (popped == pushed / 2) vdc_memory_fail_at(0, false);
            }
            vdc_memory_fail_at(0, false);
            cr_assert(!vdc_queue_pop(queue, &event));
            vdc_queue_destroy(queue);
        }
        cr_assert_gt(refused, 0);
    }
}
