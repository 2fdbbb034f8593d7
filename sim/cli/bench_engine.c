/* Benchmarks of the event queue: the hold model (Jones, "An empirical comparison of priority-queue and event-set
 * implementations", CACM 29(4), 1986) and cancellation, for each structure and number of pending events.
 */
#include <math.h>

#include "sim/base/memory.h"
#include "sim/base/random.h"
#include "sim/cli/bench.h"
#include "sim/engine/queue.h"

enum { DRAWS = 1 << 16 };

static vdc_time exponential(vdc_stream *stream) {
    return (vdc_time)(-log(1 - vdc_stream_uniform(stream)) * 1e9);
}

static vdc_time uniform(vdc_stream *stream) {
    return (vdc_time)vdc_stream_below(stream, 2 * (uint64_t)VDC_SECOND);
}

/* Nine in ten events are due within a millisecond, the others within a hundred seconds. */
static vdc_time bimodal(vdc_stream *stream) {
    uint64_t range = vdc_stream_below(stream, 10) ? VDC_SECOND / 1000 : 100 * VDC_SECOND;
    return (vdc_time)vdc_stream_below(stream, range);
}

static vdc_time equal(vdc_stream *stream) {
    (void)stream;
    return 0;
}

static const struct increments {
    const char *name;
    vdc_time (*draw)(vdc_stream *stream);
} increments[] = {{"exponential", exponential}, {"uniform", uniform}, {"bimodal", bimodal}, {"equal", equal}};
enum { INCREMENTS = sizeof increments / sizeof *increments };

static const char *const structures[] = {"heap", "ladder", "lanes", NULL};
enum { STRUCTURES = sizeof structures / sizeof *structures };

/* One measurement: a queue, its increments, and the handles of its pending events by subject. */
typedef struct queue_load {
    vdc_queue *queue;
    vdc_time *draws;
    vdc_event_handle *handles;
    vdc_time now;
} queue_load;

static vdc_code set_up(queue_load *load, const char *structure, const struct increments *kind, uint32_t pending, vdc_diag *diag) {
    vdc_code code = vdc_queue_create(&load->queue, structure, diag);
    if (code) return code;
    load->draws = vdc_calloc(DRAWS, sizeof *load->draws);
    load->handles = vdc_calloc(pending, sizeof *load->handles);
    if (!load->draws || !load->handles) return vdc_no_memory(diag, "a benchmark");
    vdc_stream stream;
    vdc_stream_open(&stream, 1, "bench.engine", 0);
    for (uint32_t i = 0; i < DRAWS; i++) load->draws[i] = kind->draw(&stream);
    for (uint32_t i = 0; i < pending; i++) {
        vdc_time time = kind->draw(&stream);
        code = vdc_queue_push(load->queue, time, VDC_RANK_CHANGE, 0, i, &load->handles[i]);
        if (code) return vdc_no_memory(diag, "the event queue");
    }
    return VDC_OK;
}

static void tear_down(queue_load *load) {
    vdc_queue_destroy(load->queue);
    vdc_free(load->draws);
    vdc_free(load->handles);
}

static vdc_code hold(queue_load *load, uint64_t times) {
    vdc_event event;
    for (uint64_t i = 0; i < times && vdc_queue_pop(load->queue, &event); i++) {
        load->now = event.time;
        vdc_code code = vdc_queue_push(load->queue, event.time + load->draws[i % DRAWS], VDC_RANK_CHANGE, 0, event.subject,
                                       &load->handles[event.subject]);
        if (code) return code;
    }
    return VDC_OK;
}

/* Cancels events in an order that a multiplicative generator gives, and pushes each anew. */
static vdc_code cancel(queue_load *load, uint32_t pending, uint64_t times) {
    uint64_t state = 1;
    for (uint64_t i = 0; i < times; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
        uint32_t subject = (uint32_t)(((state >> 32) * pending) >> 32);
        vdc_queue_cancel(load->queue, load->handles[subject]);
        vdc_code code = vdc_queue_push(load->queue, load->now + load->draws[i % DRAWS], VDC_RANK_CHANGE, 0, subject,
                                       &load->handles[subject]);
        if (code) return code;
    }
    return VDC_OK;
}

static vdc_code measure(vdc_bench *bench, const char *structure, const struct increments *kind, uint32_t pending, bool cancels, vdc_diag *diag) {
    uint64_t times = pending < 500000 ? 1000000 : 2 * (uint64_t)pending;
    queue_load load = {0};
    vdc_code code = set_up(&load, structure, kind, pending, diag);
    /* Until every event has been replaced once, the times are still those of the start. */
    if (!code) code = hold(&load, pending < 100000 ? 100000 : pending);
    double begin = vdc_cli_cpu_seconds();
    if (!code) code = cancels ? cancel(&load, pending, times) : hold(&load, times);
    double taken = vdc_cli_cpu_seconds() - begin;
    if (!code) {
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_text(json, "structure", structure ? structure : "auto");
        vdc_json_put_text(json, "increments", kind->name);
        vdc_json_put_integer(json, "pending", pending);
        vdc_json_put_real(json, "ns_per_event", round(taken * 1e10 / (double)times) / 10);
        vdc_json_put_real(json, "bytes_per_event", round((double)vdc_queue_memory(load.queue) * 10 / pending) / 10);
        vdc_bench_line_end(bench);
    }
    tear_down(&load);
    return code;
}

static vdc_code measure_all(vdc_bench *bench, bool cancels, vdc_diag *diag) {
    uint32_t largest = bench->quick ? 100000 : 10000000;
    vdc_code code = VDC_OK;
    for (uint32_t pending = 1000; !code && pending <= largest; pending *= 10) {
        /* Ten million take minutes in the heap: one distribution is enough to see what they cost. */
        size_t kinds = pending < 10000000 ? INCREMENTS : 1;
        for (size_t kind = 0; kind < kinds; kind++) {
            for (size_t s = 0; !code && s < STRUCTURES; s++) {
                code = measure(bench, structures[s], &increments[kind], pending, cancels, diag);
                if (!code && vdc_cli_interrupted()) code = VDC_INTERRUPTED;
            }
        }
    }
    return code;
}

vdc_code vdc_bench_hold(vdc_bench *bench, vdc_diag *diag) {
    return measure_all(bench, false, diag);
}

vdc_code vdc_bench_cancel(vdc_bench *bench, vdc_diag *diag) {
    return measure_all(bench, true, diag);
}
