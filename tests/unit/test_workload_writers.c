/* What is written as a native trace comes back equal, field by field and segment by segment. */
#include "tests/support/command.h"
#include "tests/support/workload.h"
#include "workloads/trace_writer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static test_workload work, back;

static void start(void) {
    test_workload_start(&work);
    test_workload_start(&back);
}
static void end(void) {
    test_workload_end(&work);
    test_workload_end(&back);
}
TestSuite(workload_writers, .init = start, .fini = end);

static void expect_equal_loads(const vdc_request *a, const vdc_request *b, int64_t lifetime) {
    cr_assert_eq(!a->load, !b->load);
    uint64_t at_a = a->load_cursor, at_b = b->load_cursor;
    vdc_segment x, y;
    for (int64_t length = 0; lifetime < 0 || length < lifetime; length += x.duration) {
        const bool have = a->load && a->load->next(a->load, &at_a, &x);
        cr_assert_eq(b->load && b->load->next(b->load, &at_b, &y), have);
        if (!have) return;
        if (lifetime >= 0 && x.duration > lifetime - length) x.duration = lifetime - length; /* what lies beyond is cut off */
        cr_assert_eq(x.duration, y.duration);
        cr_assert_eq(x.demand, y.demand);
        if (x.duration == VDC_FOREVER) return;
    }
    cr_assert_not(b->load->next(b->load, &at_b, &y));
}

static void expect_equal_text(const vdc_names *a, uint32_t in_a, const vdc_names *b, uint32_t in_b) {
    cr_assert_str_eq(vdc_names_text(a, in_a), vdc_names_text(b, in_b));
}

static void expect_equal_models(uint64_t a, uint64_t b) {
    for (uint32_t i = 0; i < 64; i++) {
        if (!(a >> i & 1)) continue;
        const char *name = vdc_names_text(work.context.gpu_models, i + 1);
        const uint32_t other = vdc_names_find(back.context.gpu_models, name, strlen(name));
        cr_assert(other <= 64 && (b >> (other - 1) & 1), "%s is gone", name);
    }
    cr_assert_eq(__builtin_popcountll(a), __builtin_popcountll(b));
}

static void expect_equal(const vdc_request *a, const vdc_request *b) {
    cr_assert_eq(a->id, b->id);
    cr_assert_eq(!a->name, !b->name);
    if (a->name) cr_assert_str_eq(a->name, b->name);
    cr_assert_eq(a->arrival, b->arrival);
    cr_assert_eq(a->lifetime, b->lifetime);
    for (int r = 0; r < VDC_RESOURCES; r++) cr_assert_eq(a->size[r], b->size[r]);
    expect_equal_text(work.context.tenants, a->tenant, back.context.tenants, b->tenant);
    expect_equal_text(work.context.groups, a->group, back.context.groups, b->group);
    cr_assert_eq(a->priority, b->priority);
    cr_assert_eq(a->cpu_weight, b->cpu_weight);
    cr_assert_eq(a->cpu_reservation, b->cpu_reservation);
    cr_assert_eq(a->cpu_limit, b->cpu_limit);
    cr_assert_eq(a->checkpoint_interval, b->checkpoint_interval);
    cr_assert_eq(a->checkpoint_duration, b->checkpoint_duration);
    cr_assert_eq(a->checkpoint_scale_num * b->checkpoint_scale_den, b->checkpoint_scale_num * a->checkpoint_scale_den);
    cr_assert_eq(a->gpu_count, b->gpu_count);
    cr_assert_eq(a->gpu_milli, b->gpu_milli);
    expect_equal_models(a->gpu_models, b->gpu_models);
    cr_assert_eq(a->numa_nodes, b->numa_nodes);
    cr_assert_eq(a->predicted_lifetime, b->predicted_lifetime);
    expect_equal_loads(a, b, a->lifetime);
}

/* Every column, twice: once with a value and once as an empty field means. */
#define VMS \
    "[{id: 12, name: \"a, b \", tenant: \"t,1\", group: g, arrival: 1.5s, lifetime: 20s, vcpus: 2.5, memory: 3 GiB, disk: 7 GB," \
    " iops: 100, disk_bandwidth: 5 MB/s, net_tx: 1 Gbit/s, net_rx: 7 B/s, priority: high, numa_nodes: 2," \
    " gpus: {count: 1, share: 37%, models: [T4, \"A 10\"]}, cpu: {weight: 7, reservation: 1.000000001 GHz, limit: 2 GHz}," \
    " predicted_lifetime: 25s, checkpoint: {interval: 60s, duration: 1s, scale: 1.25}," \
    " load: {segments: [[8s, 1 GHz], [0s, 7 Hz], [100s, 2 GHz]]}}," \
    " {arrival: 2.000000001s, vcpus: 1}," \
    " {arrival: 3s, vcpus: 1, priority: low, load: {segments: [[1s, 5 Hz]]}}, {arrival: 3s, vcpus: 1, priority: -9}," \
    " {arrival: 4s, vcpus: 1, load: {segments: []}}]"

static vdc_code write_all(const char *path, const char *segments, bool force) {
    const vdc_trace_target target = {.path = path, .segments_path = segments, .force = force, .columns = UINT32_MAX,
                                     .context = &work.context};
    vdc_trace_writer *writer = NULL;
    cr_assert_eq(test_workload_read(&work, "vms", VMS), VDC_OK);
    vdc_code code = vdc_native_csv_create(&writer, &target, &work.diag);
    for (size_t i = 0; i < work.count && !code; i++) code = writer->operations->add(writer, &work.requests[i], &work.diag);
    if (!code) code = writer->operations->finish(writer, &work.diag);
    if (writer) writer->operations->close(writer);
    return code;
}

Test(workload_writers, csv_there_and_back) {
    char path[128], segments[128], partial[160];
    (void)snprintf(path, sizeof path, "%s/t.csv", back.folder);
    (void)snprintf(segments, sizeof segments, "%s/s.csv", back.folder);
    (void)snprintf(partial, sizeof partial, "%s.partial", path);
    cr_assert_eq(write_all(path, segments, false), VDC_OK);
    cr_expect_neq(access(partial, F_OK), 0);
    test_workload_must(&back, "trace", "{format: vdcsim, path: t.csv, segments: s.csv}");
    cr_assert_eq(back.count, work.count);
    for (size_t i = 0; i + 1 < work.count; i++) expect_equal(&work.requests[i], &back.requests[i]);
    vdc_segment segment; /* a load of no segments, which is not the same as no load, comes back as one of no length */
    cr_assert(test_workload_segment(&back.requests[work.count - 1], 0, &segment));
    cr_expect_eq(segment.duration, 0);
    /* Nothing is overwritten unasked; what fails leaves nothing behind. */
    cr_expect_eq(write_all(path, segments, false), VDC_ERROR_INPUT);
    cr_expect(strstr(work.diag.messages[0].text, "exists"));
    cr_expect_eq(write_all(path, segments, true), VDC_OK);
    cr_expect_eq(unlink(path), 0);
    cr_expect_eq(write_all(path, NULL, false), VDC_ERROR_INPUT); /* loads, but no file for them */
    cr_expect_neq(access(path, F_OK), 0);
    cr_expect_neq(access(partial, F_OK), 0);
    cr_expect_eq(write_all("/nonexistent/t.csv", segments, true), VDC_ERROR_IO);
}

/* ---- the command ---- */

#define GENERATE \
    "{count: 300, arrivals: {dist: exponential, mean: 12s}, lifetime: {dist: exponential, mean: 10min}," \
    " flavors: [{vcpus: 2, memory: 4 GiB}, {vcpus: 8, memory: 32 GiB}], load: {kind: ar}, tenants: 5}"

Test(workload_writers, trace_generate_and_info) {
    command_result result;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/t.csv", back.folder);
    const char *spec = test_workload_file(&back, "spec.yaml", "seed: 42\ngenerate: " GENERATE "\n");
    result = run_vdcsim("trace generate %s -o %s", spec, path);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_expect(strstr(result.err, "300 VMs"));
    command_result_clear(&result);
    test_workload_must(&work, "generate", GENERATE);
    test_workload_must(&back, "trace", "{format: vdcsim, path: t.csv, segments: t.segments.csv}");
    cr_assert_eq(back.count, 300);
    for (size_t i = 0; i < work.count; i++) expect_equal(&work.requests[i], &back.requests[i]);

    result = run_vdcsim("trace generate %s -o %s", spec, path);
    cr_expect_eq(result.status, 2);
    cr_expect(strstr(result.err, "--force"));
    command_result_clear(&result);
    result = run_vdcsim("trace info %s --json --set segments=%s/t.segments.csv", path, back.folder);
    cr_expect_eq(result.status, 0, "%s", result.err);
    cr_expect(strstr(result.out, "\"vms\": 300,"), "%s", result.out);
    cr_expect(strstr(result.out, "\"tenants\": 5,"), "%s", result.out);
    cr_expect(strstr(result.out, "\"streams\": true,"), "%s", result.out);
    command_result_clear(&result);
    result = run_vdcsim("trace info %s", spec);
    cr_expect_eq(result.status, 0, "%s", result.err);
    cr_expect(strstr(result.out, "VMs                300"), "%s", result.out);
    command_result_clear(&result);
    const struct { const char *arguments, *message; } wrong[] = {
        {"trace info /nonexistent.csv", "cannot be read"},
        {"trace info spec.yaml --format opendcc", "did you mean 'opendc'"},
        {"trace generate /nonexistent.yaml -o x.csv", "cannot be read"},
        {"trace generate /dev/null", "-o OUT is wanted"},
        {"trace infos", "did you mean"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        result = run_vdcsim("%s", wrong[i].arguments);
        cr_expect_eq(result.status, 2, "%s", wrong[i].arguments);
        cr_expect(strstr(result.err, wrong[i].message), "%s: %s", wrong[i].arguments, result.err);
        command_result_clear(&result);
    }
}

Test(workload_writers, trace_info_on_a_real_trace) {
    const char *path = test_shared(&work, "data/opendc/surf_week");
    if (!path) return;
    command_result result = run_vdcsim("trace info --format opendc '%s'", path);
    cr_expect_eq(result.status, 0, "%s", result.err);
    cr_expect(strstr(result.out, "indexed first"), "%s", result.out);
    cr_expect(strstr(result.out, "VMs                6295"), "%s", result.out);
    cr_expect(strstr(result.out, "4  ids whose fragments come in several pieces"), "%s", result.out);
    command_result_clear(&result);
}
