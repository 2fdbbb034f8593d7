/* Bursts: what a VM saves below its limit and uses above it, against the bound that the limit and the burst promise for any span of time. */
#include <criterion/criterion.h>
#include <string.h>

#include "models/burst.h"
#include "models/checks.h"
#include "sim/base/random.h"

enum { SPEED = 1000, THREADS = 4, VMS = 6 };
#define MILLISECOND (VDC_SECOND / 1000)

/* VM i: a limit of its number in turn, a burst of b ns; every third has no burst, every fifth no limit. */
static int64_t limit_of(int64_t id) { return id % 5 == 4 ? VDC_UNLIMITED : 150 + 130 * id; }
static int64_t burst_of(int64_t id) { return id % 3 == 2 || id % 5 == 4 ? 0 : 20 * MILLISECOND * (1 + id); }

static void map(const void *state, const vdc_request *request, int64_t host_speed, vdc_cpu_entry *entry) {
    (void)state;
    vdc_cpu_entry_of(request, host_speed, entry);
    entry->weight = 1 + request->id % 4;
    entry->limit = limit_of(request->id);
    entry->burst = burst_of(request->id);
}

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static void open_host(vdc_datacenter *dc) {
    memset(dc, 0, sizeof *dc);
    vdc_host_class *class = vdc_calloc(1, sizeof *class);
    uint16_t *class_of = vdc_calloc(1, sizeof *class_of);
    class->count = class->sockets = class->threads = class->numa = 1;
    class->cores = THREADS;
    class->speed = SPEED;
    class->physical[VDC_CPU] = THREADS * 1000;
    class->capacity[VDC_CPU] = THREADS * 8000;
    class->physical[VDC_MEMORY] = class->capacity[VDC_MEMORY] = INT64_C(64) << 30;
    class->cpu_hz = THREADS * SPEED;
    cr_assert_eq(vdc_hosts_create(&dc->hosts, class, 1, class_of, 1, 1U << VDC_CPU | 1U << VDC_MEMORY, false, NULL), VDC_OK);
    cr_assert_eq(vdc_queue_create(&dc->queue, NULL, NULL), VDC_OK);
    dc->sharing = (vdc_cpu_sharing){.share = share, .scratch_size = vdc_cpu_share_scratch, .map = map, .fluid = true, .bursts = true};
    dc->track_vms = dc->track_hosts = dc->checking = true;
    cr_assert_eq(vdc_datacenter_setup(dc, NULL), VDC_OK);
}

static void close_host(vdc_datacenter *dc) {
    vdc_queue *queue = dc->queue;
    vdc_datacenter_destroy(dc);
    vdc_queue_destroy(queue);
}

static uint32_t add_vm(vdc_datacenter *dc, int64_t id, int64_t vcpus) {
    vdc_request request = {.number = id, .id = id, .lifetime = VDC_FOREVER, .cpu_weight = VDC_UNLIMITED, .cpu_limit = VDC_UNLIMITED,
                           .predicted_lifetime = VDC_UNLIMITED, .checkpoint_scale_num = 1, .checkpoint_scale_den = 1};
    request.size[VDC_CPU] = vcpus * 1000;
    uint32_t slot = vdc_vm_create(dc, &request);
    cr_assert_eq(vdc_datacenter_place(dc, slot, 0, 0, 0), VDC_OK);
    return slot;
}

/* Up to `time`: the ends of bursts on the way. `each` is told before time passes. */
static void pass(vdc_datacenter *dc, vdc_time time, void (*each)(vdc_datacenter *dc, vdc_time span, void *context), void *context) {
    for (bool more = true; more;) {
        cr_assert_eq(vdc_datacenter_settle(dc, NULL), VDC_OK);
        const vdc_event *next = vdc_queue_peek(dc->queue);
        more = next && next->time <= time;
        vdc_time until = more ? next->time : time;
        if (each) each(dc, until - dc->now, context);
        dc->now = until;
        vdc_event event;
        if (!more) break;
        cr_assert(vdc_queue_pop(dc->queue, &event));
        cr_assert_eq(event.kind, VDC_EVENT_BURST_END);
        vdc_burst_event(dc, event.subject);
    }
}

/* One VM with a limit of 150 Hz and a burst of 20 ms of a thread at 1 000 Hz, by hand. */
Test(burst, is_saved_used_and_over) {
    vdc_datacenter dc;
    open_host(&dc);
    uint32_t slot = add_vm(&dc, 0, 2);
    vdc_datacenter_demand(&dc, slot, 2000);
    pass(&dc, VDC_SECOND, NULL, NULL);
    cr_assert_eq(dc.vms[slot].grant, 150, "nothing has been saved yet");
    vdc_datacenter_demand(&dc, slot, 50);
    pass(&dc, VDC_SECOND + 100 * MILLISECOND, NULL, NULL);
    cr_assert_eq(dc.vms[slot].grant, 50);
    vdc_datacenter_demand(&dc, slot, 1150); /* 100 Hz x 100 ms are saved: 10 ms at 1 000 Hz more */
    pass(&dc, VDC_SECOND + 110 * MILLISECOND - 1, NULL, NULL);
    cr_assert_eq(dc.vms[slot].grant, 1150);
    pass(&dc, VDC_SECOND + 110 * MILLISECOND, NULL, NULL);
    cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
    cr_assert_eq(dc.vms[slot].grant, 150, "all of it is used");
    vdc_datacenter_demand(&dc, slot, 0);
    pass(&dc, 100 * VDC_SECOND, NULL, NULL);
    vdc_datacenter_demand(&dc, slot, 2000); /* the whole burst, 20 ms x 1 000 Hz, at 1 850 Hz above the limit */
    pass(&dc, 100 * VDC_SECOND + 20 * MILLISECOND * 1000 / 1850 - 1, NULL, NULL);
    cr_assert_eq(dc.vms[slot].grant, 2000);
    pass(&dc, 101 * VDC_SECOND, NULL, NULL);
    cr_assert_eq(dc.vms[slot].grant, 150);
    close_host(&dc);
}

/* Of each VM the largest excess over its limit in any span that ends now, and ever; and what an account of its own says that it has saved. */
typedef struct excess {
    vdc_wide now, most, saved[VMS];
    vdc_wide ending[VMS], largest[VMS];
    vdc_time bursting, waited, spans;
} excess;

static void watch(vdc_datacenter *dc, vdc_time span, void *context) {
    excess *seen = context;
    if (span > 0) seen->spans++;
    for (uint32_t i = 0; i < VMS; i++) {
        int64_t limit = limit_of(i);
        const vdc_vm *vm = &dc->vms[i];
        if (limit < 0) continue;
        vdc_wide most = (vdc_wide)burst_of(i) * SPEED, over = (vdc_wide)(vm->grant - limit) * span;
        seen->ending[i] = seen->ending[i] + over > 0 ? seen->ending[i] + over : 0;
        if (seen->ending[i] > seen->largest[i]) seen->largest[i] = seen->ending[i];
        if (span > 0 && vm->grant > limit) seen->bursting += span;
        if (span > 0 && vm->grant < vm->ceiling) seen->waited += span;
        /* With something saved nothing but the host holds it; with nothing, the limit does. What is less than a nanosecond's worth may lapse. */
        if (seen->saved[i] > 2 * THREADS * SPEED)
            cr_assert_eq(vm->ceiling, vm->demand, "VM %u has %lld Hz·ns", i, (long long)seen->saved[i]);
        if (span > 0 && seen->saved[i] == 0 && vm->grant >= limit) cr_assert_leq(vm->grant, limit, "VM %u has nothing saved", i);
        seen->saved[i] = seen->saved[i] - over > most ? most : seen->saved[i] - over;
        cr_assert(seen->saved[i] >= 0, "VM %u used %lld Hz·ns more than it may", i, (long long)-seen->saved[i]);
    }
}

/* Random demands on a host that is contended now and then: in no span of time does a VM use more than limit x span + burst, and what it saved is
 * its own to use; accounts and shares hold at every instant. */
Test(burst, no_span_of_time_has_more_than_limit_and_burst) {
    vdc_time bursting = 0, waited = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        vdc_datacenter dc;
        vdc_checks checks;
        vdc_stream stream;
        excess seen = {0};
        open_host(&dc);
        vdc_checks_setup(&checks);
        vdc_stream_open(&stream, seed, "test.burst", 0);
        for (uint32_t i = 0; i < VMS; i++) cr_assert_eq(add_vm(&dc, i, 1 + i % 2), i);
        for (int step = 0; step < 2000; step++) {
            uint32_t vm = (uint32_t)vdc_stream_below(&stream, VMS);
            int64_t demand = vdc_stream_below(&stream, 3) ? (int64_t)vdc_stream_below(&stream, 2001) : 0;
            vdc_datacenter_demand(&dc, vm, demand);
            if (vdc_stream_below(&stream, 4) == 0) continue; /* several at one instant */
            pass(&dc, dc.now + (vdc_time)vdc_stream_below(&stream, (vdc_stream_below(&stream, 2) ? 200 : 2) * MILLISECOND), watch, &seen);
            cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
            vdc_checks_event(&checks, &dc);
        }
        for (uint32_t i = 0; i < VMS; i++)
            cr_assert(seen.largest[i] <= (vdc_wide)burst_of(i) * SPEED, "seed %lu, VM %u", (unsigned long)seed, i);
        cr_assert(vdc_checks_hold(&checks));
        cr_assert(seen.spans < 2 * 2000 * VMS, "the ends of bursts come to few");
        bursting += seen.bursting;
        waited += seen.waited;
        close_host(&dc);
    }
    cr_assert(bursting > 20 * VDC_SECOND && waited > 5 * VDC_SECOND, "both happen: %.1f s and %.1f s", (double)bursting / 1e9, (double)waited / 1e9);
}
