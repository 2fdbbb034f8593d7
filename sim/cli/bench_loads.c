/* Benchmark of loads that change: 10 VMs a host on a common 5-minute grid over a day, everything of a change included: the event, the
 * next segment, the host's share, its energy and the accounts of class, host and fleet. */
#include <math.h>

#include "models/datacenter.h"
#include "sim/cli/bench.h"

enum { VMS_A_HOST = 10, CHANGES = 288 };

/* Pseudo-random demands of up to 2 GHz, by VM and step. */
static bool next_segment(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    (void)source;
    uint64_t at = *cursor;
    if ((at & 0xffff) >= CHANGES) return false;
    uint64_t z = (at + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 29)) * UINT64_C(0xBF58476D1CE4E5B9);
    *segment = (vdc_segment){.duration = 300 * VDC_SECOND, .demand = (int64_t)((z >> 33) % 2000000000)};
    *cursor = at + 1;
    return true;
}

static const vdc_load_source load = {next_segment};

static void share(const void *state, int64_t capacity, vdc_cpu_entry *entries, uint32_t count, void *scratch) {
    (void)state;
    vdc_cpu_share(capacity, entries, count, scratch);
}

static vdc_code set_up(vdc_datacenter *dc, uint32_t hosts, int64_t threads, vdc_diag *diag) {
    vdc_host_class *class = vdc_calloc(1, sizeof *class);
    uint16_t *class_of = vdc_calloc(hosts, sizeof *class_of);
    if (!class || !class_of) {
        vdc_free(class);
        vdc_free(class_of);
        return vdc_no_memory(diag, "a benchmark");
    }
    *class = (vdc_host_class){.count = hosts, .sockets = 1, .cores = (uint16_t)threads, .threads = 1, .numa = 1, .speed = 2000000000,
                              .cpu_hz = threads * 2000000000, .overcommit_num = 8, .overcommit_den = 1};
    class->physical[VDC_CPU] = threads * 1000;
    class->capacity[VDC_CPU] = threads * 8000;
    class->physical[VDC_MEMORY] = class->capacity[VDC_MEMORY] = INT64_C(1) << 40;
    for (size_t m = 0; vdc_power_models[m]; m++)
        if (vdc_power_models[m]->name[0] == 'l') class->power = (vdc_power){.model = vdc_power_models[m], .idle = 100, .max = 200};
    vdc_code code = vdc_hosts_create(&dc->hosts, class, 1, class_of, hosts, 1U << VDC_CPU | 1U << VDC_MEMORY, false, diag);
    if (!code) code = vdc_queue_create(&dc->queue, NULL, diag);
    dc->sharing = (vdc_cpu_sharing){.share = share, .scratch_size = vdc_cpu_share_scratch, .fluid = true};
    return code ? code : vdc_datacenter_setup(dc, diag);
}

static vdc_code start_vms(vdc_datacenter *dc, uint32_t hosts, vdc_diag *diag) {
    for (uint32_t vm = 0; vm < hosts * VMS_A_HOST; vm++) {
        vdc_request request = {.number = vm, .id = vm, .lifetime = VDC_UNLIMITED, .cpu_weight = VDC_UNLIMITED, .cpu_limit = VDC_UNLIMITED,
                               .load = &load, .load_cursor = (uint64_t)vm << 16, .load_peak = 2000000000, .size[VDC_CPU] = 1000,
                               .size[VDC_MEMORY] = INT64_C(1) << 30};
        uint32_t slot = vdc_vm_create(dc, &request);
        if (slot == VDC_NOWHERE || vdc_datacenter_place(dc, slot, vm % hosts, 0, 0) || vdc_progress_begin(dc, slot))
            return vdc_no_memory(diag, "a benchmark");
    }
    return vdc_datacenter_settle(dc, diag);
}

static vdc_code run_day(vdc_datacenter *dc, uint64_t *changes, vdc_diag *diag) {
    vdc_event event;
    const vdc_event *pending;
    vdc_code code = VDC_OK;
    while (!code && (pending = vdc_queue_peek(dc->queue)) && !vdc_cli_interrupted()) {
        bool ended;
        vdc_time due = pending->time;
        if (due > dc->now) code = vdc_datacenter_settle(dc, diag);
        dc->now = due;
        uint64_t done = 0;
        if (!code) code = vdc_progress_together(dc, UINT64_MAX, &done);
        *changes += done;
        if (code || done || !vdc_queue_pop(dc->queue, &event)) continue;
        code = vdc_progress_event(dc, event.subject, (vdc_event_kind)event.kind, &ended);
        ++*changes;
    }
    vdc_datacenter_advance_ledgers(dc);
    return code;
}

static vdc_code measure(vdc_bench *bench, uint32_t hosts, int64_t threads, bool tracked, vdc_diag *diag) {
    vdc_datacenter *dc = vdc_calloc(1, sizeof *dc);
    if (!dc) return vdc_no_memory(diag, "a benchmark");
    dc->track_vms = dc->track_hosts = tracked;
    vdc_code code = set_up(dc, hosts, threads, diag);
    if (!code) code = start_vms(dc, hosts, diag);
    uint64_t changes = 0;
    double begin = vdc_cli_cpu_seconds();
    if (!code) code = run_day(dc, &changes, diag);
    double seconds = vdc_cli_cpu_seconds() - begin;
    if (!code) {
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_integer(json, "hosts", hosts);
        vdc_json_put_integer(json, "threads_a_host", threads);
        vdc_json_put_text(json, "tables", tracked ? "VMs and hosts" : "none");
        vdc_json_put_integer(json, "changes", (int64_t)changes);
        vdc_json_put_real(json, "cpu_s", round(seconds * 1e3) / 1e3);
        vdc_json_put_real(json, "ns_per_change", round(seconds * 1e10 / (double)changes) / 10);
        vdc_bench_line_end(bench);
    }
    vdc_queue *queue = dc->queue;
    vdc_datacenter_destroy(dc);
    vdc_queue_destroy(queue);
    vdc_free(dc);
    return code;
}

/* Hosts on which everybody gets what it asks for, and hosts with 5 threads for 10 VMs, which are contended half of the time. */
vdc_code vdc_bench_loads(vdc_bench *bench, vdc_diag *diag) {
    uint32_t hosts = bench->quick ? 1000 : 10000;
    vdc_code code = measure(bench, hosts, 16, false, diag);
    if (!code) code = measure(bench, hosts, 5, false, diag);
    return code ? code : measure(bench, hosts, 16, true, diag);
}
