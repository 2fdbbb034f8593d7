/* The datacenter model: random lives of VMs with every invariant recounted, and small cases worked by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "models/checks.h"
#include "sim/base/digest.h"
#include "sim/base/random.h"

/* A datacenter of equal hosts with a linear power model from 100 to 200 W. */
static void open_hosts(vdc_datacenter *dc, uint32_t count, int64_t threads, int64_t speed, int64_t overcommit) {
    memset(dc, 0, sizeof *dc);
    vdc_host_class *class = vdc_calloc(1, sizeof *class);
    uint16_t *class_of = vdc_calloc(count, sizeof *class_of);
    class->name = vdc_strdup("host");
    class->count = count;
    class->sockets = class->threads = class->numa = 1;
    class->cores = (uint16_t)threads;
    class->speed = speed;
    class->physical[VDC_CPU] = threads * 1000;
    class->capacity[VDC_CPU] = threads * 1000 * overcommit;
    class->physical[VDC_MEMORY] = class->capacity[VDC_MEMORY] = INT64_C(64) << 30;
    class->cpu_hz = threads * speed;
    for (int i = 0; vdc_power_models[i]; i++)
        if (strcmp(vdc_power_models[i]->name, "linear") == 0) class->power = (vdc_power){.model = vdc_power_models[i], .idle = 100, .max = 200};
    cr_assert_eq(vdc_hosts_create(&dc->hosts, class, 1, class_of, count, 1u << VDC_CPU | 1u << VDC_MEMORY, false, NULL), VDC_OK);
    cr_assert_eq(vdc_queue_create(&dc->queue, NULL, NULL), VDC_OK);
    dc->sharing = (vdc_cpu_sharing){.fluid = true};
    dc->track_vms = dc->track_hosts = dc->checking = true;
}

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static void start(vdc_datacenter *dc) {
    dc->sharing.share = share;
    dc->sharing.scratch_size = vdc_cpu_share_scratch;
    cr_assert_eq(vdc_datacenter_setup(dc, NULL), VDC_OK);
}

static void close_all(vdc_datacenter *dc) {
    vdc_queue *queue = dc->queue;
    vdc_datacenter_destroy(dc);
    vdc_queue_destroy(queue);
}

static vdc_request plain(int64_t number, int64_t vcpus) {
    vdc_request request = {.number = number, .id = number, .lifetime = VDC_UNLIMITED, .cpu_weight = VDC_UNLIMITED, .cpu_limit = VDC_UNLIMITED,
                           .predicted_lifetime = VDC_UNLIMITED, .checkpoint_scale_num = 1, .checkpoint_scale_den = 1};
    request.size[VDC_CPU] = vcpus * 1000;
    request.size[VDC_MEMORY] = INT64_C(1) << 30;
    return request;
}

/* A load from an array that ends with a segment of negative duration. */
typedef struct array_load {
    vdc_load_source source;
    const vdc_segment *segments;
} array_load;

static bool array_next(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    const array_load *load = (const array_load *)source;
    if (load->segments[*cursor].duration < 0) return false;
    *segment = load->segments[(*cursor)++];
    return true;
}

/* Runs the VM's events up to its end; returns when that was, or -1. */
static vdc_time run(vdc_datacenter *dc) {
    vdc_event event;
    for (bool more = true; more;) {
        cr_assert_eq(vdc_datacenter_settle(dc, NULL), VDC_OK);
        more = vdc_queue_pop(dc->queue, &event);
        if (!more) break;
        dc->now = event.time;
        if (event.kind == VDC_EVENT_VM_END) return event.time;
        bool ended = false;
        cr_assert_eq(vdc_progress_event(dc, event.subject, (vdc_event_kind)event.kind, &ended), VDC_OK);
        if (ended) return event.time;
    }
    return -1;
}

Test(datacenter, work_takes_as_long_as_its_grants_need) {
    vdc_datacenter dc;
    open_hosts(&dc, 1, 1, 2000, 4);
    start(&dc);
    /* 10 s at 2000 Hz and a neighbour that always wants as much: half the rate, twice the time; work left over rounds up. */
    static const vdc_segment segments[] = {{10 * VDC_SECOND, 2000}, {3, 1}, {-1, 0}};
    array_load load = {{array_next}, segments};
    vdc_request request = plain(0, 1), other = plain(1, 1);
    request.load = &load.source;
    request.load_peak = 2000;
    request.progress = VDC_PROGRESS_WORK;
    uint32_t neighbour = vdc_vm_create(&dc, &other), slot = vdc_vm_create(&dc, &request);
    vdc_datacenter_place(&dc, neighbour, 0, 0, 0);
    vdc_progress_begin(&dc, neighbour);
    vdc_datacenter_place(&dc, slot, 0, 0, 0);
    vdc_progress_begin(&dc, slot);
    /* 2000 Hz x 10 s at 1000 Hz = 20 s; then 3 ns x 1 Hz at 1 Hz = 3 ns. */
    cr_assert_eq(run(&dc), 20 * VDC_SECOND + 3);
    close_all(&dc);
}

Test(datacenter, checkpoints_grow_and_pause_the_load) {
    vdc_datacenter dc;
    open_hosts(&dc, 1, 1, 2000, 1);
    start(&dc);
    static const vdc_segment segments[] = {{600 * VDC_SECOND, 1000}, {-1, 0}};
    array_load load = {{array_next}, segments};
    vdc_request request = plain(0, 1);
    request.load = &load.source;
    request.load_peak = 1000;
    request.checkpoint_interval = 60 * VDC_SECOND;
    request.checkpoint_duration = 1 * VDC_SECOND;
    request.checkpoint_scale_num = 3;
    request.checkpoint_scale_den = 2;
    uint32_t slot = vdc_vm_create(&dc, &request);
    vdc_datacenter_place(&dc, slot, 0, 0, 0);
    vdc_progress_begin(&dc, slot);
    /* Checkpoints begin after 60, 90, 135, 202.5 s of load; the next after 303.75 s would be beyond 600 s: four pauses of 1 s. */
    cr_assert_eq(run(&dc), 604 * VDC_SECOND);
    cr_assert_eq(vdc_vm_details_known(&dc, slot)->saved.left, 600 * VDC_SECOND - (60 + 90 + 135) * VDC_SECOND - 202500000000);
    close_all(&dc);
}

Test(datacenter, energy_is_the_exact_integral) {
    vdc_datacenter dc;
    open_hosts(&dc, 2, 4, 1000, 1);
    start(&dc);
    vdc_request request = plain(0, 2);
    uint32_t slot = vdc_vm_create(&dc, &request);
    dc.now = 7;
    vdc_datacenter_place(&dc, slot, 1, 0, 0);
    vdc_datacenter_demand(&dc, slot, 2000);
    vdc_datacenter_demand(&dc, slot, 1000);
    cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
    dc.now = 17;
    vdc_datacenter_remove(&dc, slot);
    cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
    dc.now = 20;
    vdc_datacenter_advance_fleet(&dc);
    /* 2 hosts x 100 W x 20 ns, and a quarter of 100 W for 10 ns. */
    cr_assert(dc.energy == (vdc_wide)1000000000000 * (2 * 100 * 20 + 25 * 10));
    cr_assert(dc.hosts_used_time == 10);
    close_all(&dc);
}

/* Random arrivals, demands, ends, failures of hosts: after each instant the touched hosts, now and then everything, is recounted. */
Test(datacenter, random_lives_keep_every_invariant) {
    enum { HOSTS = 12, STEPS = 20000, ALIVE = 200 };
    vdc_datacenter dc;
    vdc_checks checks;
    vdc_wait_queue waiting;
    vdc_population population = {0};
    open_hosts(&dc, HOSTS, 4, 999999937, 3);
    start(&dc);
    vdc_checks_setup(&checks);
    vdc_wait_queue_setup(&waiting);
    vdc_stream stream;
    vdc_stream_open(&stream, 7, "test", 0);
    uint32_t alive[ALIVE], count = 0;
    for (int step = 0; step < STEPS; step++) {
        if (vdc_stream_below(&stream, 3)) dc.now += (vdc_time)vdc_stream_below(&stream, VDC_SECOND);
        uint64_t what = vdc_stream_below(&stream, 10);
        if (what < 3 && count < ALIVE) {
            vdc_request request = plain(population.arrived, 1 + (int64_t)vdc_stream_below(&stream, 4));
            if (vdc_stream_below(&stream, 3) == 0) request.cpu_limit = (int64_t)vdc_stream_below(&stream, 3000000000);
            if (vdc_stream_below(&stream, 4) == 0) request.cpu_reservation = (int64_t)vdc_stream_below(&stream, 1500000000);
            request.cpu_weight = 1 + (int64_t)vdc_stream_below(&stream, 1000);
            uint32_t host = (uint32_t)vdc_stream_below(&stream, HOSTS);
            if (!vdc_host_fits(&dc.hosts, host, &request) || !vdc_datacenter_keeps_reservation(&dc, host, &request)) continue;
            uint32_t slot = vdc_vm_create(&dc, &request);
            population.arrived++;
            vdc_datacenter_place(&dc, slot, host, 0, 0);
            vdc_progress_begin(&dc, slot);
            alive[count++] = slot;
        } else if (what < 5 && count) {
            uint32_t i = (uint32_t)vdc_stream_below(&stream, count), slot = alive[i], host = dc.vms[slot].host;
            vdc_progress_stop(&dc, slot);
            vdc_datacenter_remove(&dc, slot);
            vdc_datacenter_close_stay(&dc, slot, host, population.finished);
            population.completed++;
            vdc_vm_destroy(&dc, slot);
            alive[i] = alive[--count];
        } else if (count) {
            vdc_datacenter_demand(&dc, alive[vdc_stream_below(&stream, count)], (int64_t)vdc_stream_below(&stream, 5000000000));
        }
        cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
        vdc_checks_event(&checks, &dc);
        if (step % 100 == 0) {
            vdc_datacenter_advance_ledgers(&dc);
            vdc_checks_all(&checks, &dc, &waiting, &population);
        }
    }
    for (int i = 0; i < VDC_INVARIANTS; i++)
        cr_assert_eq(checks.items[i].residual, 0, "%s (%s): residual %g first at %ld ns", checks.items[i].name, checks.items[i].statement,
                     checks.items[i].residual, (long)checks.items[i].first);
    cr_assert_gt(checks.items[VDC_I6_WORK_CONSERVATION].count, 1000);
    cr_assert_gt(population.completed, 1000);
    vdc_wait_queue_free(&waiting);
    close_all(&dc);
}

/* What the recount finds when a sum is wrong: the checks can fail. */
/* Demands by VM and step, some of them twice in a row and some of no length, 50 or 51 steps of 5 s. */
static bool grid_next(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    (void)source;
    uint64_t at = *cursor, vm = at >> 16, step = at & 0xffff;
    if (step >= 50 + vm % 2) return false;
    *segment = (vdc_segment){.duration = step % 7 == 6 ? 0 : 5 * VDC_SECOND, .demand = (int64_t)(vdc_hash_key(1, "test.grid", vm, step / 2) % 1000)};
    *cursor = at + 1;
    return true;
}

enum { GRID_HOSTS = 20, GRID_VMS = 900 };

/* A day of plain VMs on a common grid, with others among them: of work, with checkpoints, with limits, that end by the clock. How many events
 * were gone through together; *digest: what has become of everything. */
static uint64_t live_on_a_grid(const char *structure, bool tracked, uint64_t *events, char digest[VDC_DIGEST_TEXT]) {
    static const vdc_load_source grid = {grid_next};
    vdc_datacenter dc;
    open_hosts(&dc, GRID_HOSTS, 12, 1000, 8);
    vdc_queue_destroy(dc.queue);
    cr_assert_eq(vdc_queue_create(&dc.queue, structure, NULL), VDC_OK);
    dc.checking = false;
    dc.track_vms = dc.track_hosts = tracked;
    start(&dc);
    for (uint32_t vm = 0; vm < GRID_VMS; vm++) {
        vdc_request request = plain(vm, 1);
        request.load = &grid;
        request.load_cursor = (uint64_t)vm << 16;
        request.load_peak = 1000;
        if (vm % 11 == 3) request.cpu_limit = 400;
        if (vm % 13 == 5) request.progress = VDC_PROGRESS_WORK;
        if (vm % 5 == 2) request.lifetime = vm % 10 == 2 ? VDC_FOREVER : 100 * VDC_SECOND + vm;
        if (vm % 17 == 9) request.checkpoint_interval = 20 * VDC_SECOND, request.checkpoint_duration = 2 * VDC_SECOND;
        uint32_t slot = vdc_vm_create(&dc, &request);
        cr_assert_eq(vdc_datacenter_place(&dc, slot, (vm * 7) % GRID_HOSTS, 0, 0), VDC_OK);
        cr_assert_eq(vdc_progress_begin(&dc, slot), VDC_OK);
    }
    vdc_digest sums;
    vdc_digest_start(&sums);
    uint64_t done = 0, in_a_row = 0;
    for (const vdc_event *pending; dc.now < 1000 * VDC_SECOND && (pending = vdc_queue_peek(dc.queue));) {
        vdc_event event;
        vdc_time due = pending->time;
        if (due > dc.now) cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
        dc.now = due;
        cr_assert_eq(vdc_progress_together(&dc, 1 + (uint64_t)(dc.now / VDC_SECOND) % 50, &done), VDC_OK);
        in_a_row += done;
        *events += done;
        if (done) continue;
        cr_assert(vdc_queue_pop(dc.queue, &event));
        ++*events;
        bool ended = event.kind == VDC_EVENT_VM_END;
        if (ended) dc.vms[event.subject].end_event = 0;
        else cr_assert_eq(vdc_progress_event(&dc, event.subject, (vdc_event_kind)event.kind, &ended), VDC_OK);
        if (!ended) continue;
        vdc_digest_add(&sums, &event.time, sizeof event.time);
        vdc_digest_add(&sums, &event.order, sizeof event.order);
        vdc_progress_stop(&dc, event.subject);
        vdc_datacenter_remove(&dc, event.subject);
    }
    vdc_datacenter_advance_ledgers(&dc);
    const vdc_ledger *ledgers[] = {&dc.class_ledger, &dc.host_ledger, &dc.vm_ledger};
    for (size_t i = 0; i < 3; i++)
        if (ledgers[i]->count) vdc_digest_add(&sums, ledgers[i]->sum, ledgers[i]->count * ledgers[i]->flows * sizeof *ledgers[i]->sum);
    vdc_digest_add(&sums, &dc.energy, sizeof dc.energy);
    for (uint32_t slot = 0; slot < dc.vm_count; slot++) vdc_digest_add(&sums, &dc.details[slot].position, offsetof(vdc_position, active));
    vdc_digest_end(&sums, digest);
    close_all(&dc);
    return in_a_row;
}

Test(datacenter, loads_that_change_together_change_as_one_by_one) {
    for (int tracked = 0; tracked < 2; tracked++) {
        static const char *const structures[] = {"heap", "lanes", NULL};
        char first[VDC_DIGEST_TEXT], digest[VDC_DIGEST_TEXT];
        uint64_t events = 0;
        for (size_t s = 0; s < 3; s++) {
            uint64_t all = 0, in_a_row = live_on_a_grid(structures[s], tracked, &all, digest);
            cr_assert(s == 0 ? in_a_row == 0 : in_a_row > all / 3, "%lu of %lu", (unsigned long)in_a_row, (unsigned long)all);
            if (s == 0) strcpy(first, digest), events = all;
            cr_assert_str_eq(digest, first);
            cr_assert_eq(all, events);
        }
    }
}

/* What a policy is asked to do, counted. */
static uint64_t rounds, entries_seen;
static void count_share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    rounds++;
    entries_seen += count;
    share(state, capacity, entries, count, scratch);
}

/* A round looks at the VMs of the host that changed, once an instant however much changed there; ticks and other hosts cost none. */
Test(datacenter, only_a_host_that_changed_costs_a_round) {
    enum { HOSTS = 50, EACH = 8 };
    vdc_datacenter dc;
    open_hosts(&dc, HOSTS, 4, 1000, 4);
    dc.sharing.scratch_size = vdc_cpu_share_scratch;
    dc.sharing.share = count_share;
    cr_assert_eq(vdc_datacenter_setup(&dc, NULL), VDC_OK);
    for (uint32_t vm = 0; vm < HOSTS * EACH; vm++) {
        vdc_request request = plain(vm, 1);
        uint32_t slot = vdc_vm_create(&dc, &request);
        cr_assert_eq(vdc_datacenter_place(&dc, slot, vm % HOSTS, 0, 0), VDC_OK);
        vdc_datacenter_demand(&dc, slot, 1000);
    }
    cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
    cr_assert(rounds == HOSTS && entries_seen == HOSTS * EACH);
    for (int tick = 1; tick <= 100; tick++) {
        cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
        dc.now = tick * VDC_SECOND;
        vdc_datacenter_advance_ledgers(&dc);
    }
    cr_assert_eq(rounds, HOSTS, "ticks on which nothing changed");
    for (uint32_t vm = 0; vm < EACH; vm++) vdc_datacenter_demand(&dc, vm * HOSTS + 17, 900 - vm);
    cr_assert_eq(vdc_datacenter_settle(&dc, NULL), VDC_OK);
    cr_assert(rounds == HOSTS + 1 && entries_seen == (HOSTS + 1) * EACH, "eight changes on one host are one round of eight");
    close_all(&dc);
}

Test(datacenter, a_wrong_sum_is_noticed) {
    vdc_datacenter dc;
    vdc_checks checks;
    vdc_wait_queue waiting;
    vdc_population population = {.arrived = 1};
    open_hosts(&dc, 1, 4, 1000, 1);
    start(&dc);
    vdc_checks_setup(&checks);
    vdc_wait_queue_setup(&waiting);
    vdc_request request = plain(0, 2);
    uint32_t slot = vdc_vm_create(&dc, &request);
    vdc_datacenter_place(&dc, slot, 0, 0, 0);
    vdc_progress_begin(&dc, slot);
    vdc_datacenter_settle(&dc, NULL);
    vdc_checks_all(&checks, &dc, &waiting, &population);
    cr_assert(vdc_checks_hold(&checks));
    dc.hosts.account[0].granted--;
    dc.hosts.free[VDC_MEMORY][0]++;
    population.arrived++;
    vdc_checks_all(&checks, &dc, &waiting, &population);
    cr_assert_eq(checks.items[VDC_I1_AGGREGATION].residual, 1);
    cr_assert_eq(checks.items[VDC_I7_COMMIT].residual, 1);
    cr_assert_eq(checks.items[VDC_I15_POPULATION].residual, 1);
    vdc_wait_queue_free(&waiting);
    close_all(&dc);
}

Test(wait_queue, order_is_by_key_then_by_queueing) {
    vdc_datacenter dc;
    vdc_wait_queue queue;
    open_hosts(&dc, 1, 1, 1000, 1);
    start(&dc);
    vdc_wait_queue_setup(&queue);
    vdc_stream stream;
    vdc_stream_open(&stream, 3, "test", 0);
    uint32_t inside[300], count = 0;
    int64_t added_at[300] = {0}, sequence = 0;
    vdc_wide integral = 0;
    for (int step = 0; step < 5000; step++) {
        vdc_time span = (vdc_time)vdc_stream_below(&stream, 10);
        integral += (vdc_wide)span * count;
        dc.now += span;
        if (count < 300 && vdc_stream_below(&stream, 2)) {
            vdc_request request = plain(step, 1);
            uint32_t slot = vdc_vm_create(&dc, &request);
            cr_assert_eq(vdc_wait_queue_add(&queue, &dc, slot, (int64_t)vdc_stream_below(&stream, 7) - 3), VDC_OK);
            added_at[slot] = sequence++;
            inside[count++] = slot;
        } else if (count) {
            uint32_t i = (uint32_t)vdc_stream_below(&stream, count);
            vdc_wait_queue_remove(&queue, &dc, inside[i]);
            vdc_vm_destroy(&dc, inside[i]);
            inside[i] = inside[--count];
        }
        uint32_t seen = 0;
        for (uint32_t slot = queue.first, before = VDC_NOWHERE; slot != VDC_NOWHERE; before = slot, slot = dc.vms[slot].next, seen++) {
            if (before == VDC_NOWHERE) continue;
            int64_t a = dc.records[before].queue_key, b = dc.records[slot].queue_key;
            cr_assert(a < b || (a == b && added_at[before] < added_at[slot]));
        }
        cr_assert_eq(seen, count);
    }
    cr_assert(vdc_wait_queue_integral(&queue, dc.now) == integral);
    vdc_wait_queue_free(&queue);
    close_all(&dc);
}
