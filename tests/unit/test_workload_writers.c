/* What is written as a native trace comes back equal, field by field and segment by segment. */
#include "tests/support/command.h"
#include "tests/support/workload.h"
#include "workloads/native_hdf5.h"
#include "workloads/native_lists.h"
#include "workloads/trace_writer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

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
    char *wishes = vdc_isolation_spec_text(&work.isolation, a->isolation), *other_wishes = vdc_isolation_spec_text(&back.isolation, b->isolation);
    cr_assert_str_eq(wishes, other_wishes);
    vdc_free(wishes);
    vdc_free(other_wishes);
    cr_assert_eq(a->priority, b->priority);
    cr_assert_eq(a->cpu_weight, b->cpu_weight);
    cr_assert_eq(a->cpu_reservation, b->cpu_reservation);
    cr_assert_eq(a->cpu_limit, b->cpu_limit);
    cr_assert_eq(a->cpu_period, b->cpu_period);
    cr_assert_eq(a->dirty_rate, b->dirty_rate);
    if (a->load) cr_assert_eq(a->progress, b->progress);
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
    " gpus: {count: 1, share: 37%, models: [T4, \"A, 10\"]}, dirty_rate: 5 MB/s, cpu: {weight: 7, period: 1s, reservation: 1.000000001 GHz, limit: 2 GHz}," \
    " isolation: {core_isolate: prefer, core_scheduling: true, dedicated_host: true, label: {level: 3, categories: [x, \"y z\"]}," \
    " require: {pool: gold, a: b}, tolerate: [gpu], llc_ways: 4, memory_bandwidth: 3 GB/s, numa: 2}," \
    " predicted_lifetime: 25s, checkpoint: {interval: 60s, duration: 1s, scale: 1.25}," \
    " load: {segments: [[8s, 1 GHz], [0s, 7 Hz], [100s, 2 GHz]]}}," \
    " {arrival: 2.000000001s, vcpus: 1, isolation: {pin: true}}," \
    " {arrival: 3s, vcpus: 1, priority: low, load: {progress: work, segments: [[1s, 5 Hz]]}}, {arrival: 3s, vcpus: 1, priority: -9}," \
    " {arrival: 4s, vcpus: 1, load: {segments: []}}]"

typedef vdc_code (*create_function)(vdc_trace_writer **, const vdc_trace_target *, vdc_diag *);

static vdc_code write_list(create_function create, const char *path, const char *segments, bool force, const char *list) {
    const vdc_trace_target target = {.path = path, .segments_path = segments, .force = force, .columns = UINT64_MAX,
                                     .context = &work.context};
    vdc_trace_writer *writer = NULL;
    cr_assert_eq(test_workload_read(&work, "vms", list), VDC_OK);
    vdc_code code = create(&writer, &target, &work.diag);
    for (size_t i = 0; i < work.count && !code; i++) code = writer->operations->add(writer, &work.requests[i], &work.diag);
    if (!code) code = writer->operations->finish(writer, &work.diag);
    if (writer) writer->operations->close(writer);
    return code;
}

static vdc_code write_all(create_function create, const char *path, const char *segments, bool force) {
    return write_list(create, path, segments, force, VMS);
}

static const char *in_folder(const char *name) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", back.folder, name);
    return vdc_arena_strdup(&back.arena, path);
}

Test(workload_writers, csv_there_and_back) {
    const char *path = in_folder("t.csv"), *segments = in_folder("s.csv"), *partial = in_folder("t.csv.partial");
    cr_assert_eq(write_all(vdc_native_csv_create, path, segments, false), VDC_OK);
    cr_expect_neq(access(partial, F_OK), 0);
    test_workload_must(&back, "trace", "{format: vdcsim, path: t.csv, segments: s.csv}");
    cr_assert_eq(back.count, work.count);
    for (size_t i = 0; i + 1 < work.count; i++) expect_equal(&work.requests[i], &back.requests[i]);
    vdc_segment segment; /* a load of no segments, which is not the same as no load, comes back as one of no length */
    cr_assert(test_workload_segment(&back.requests[work.count - 1], 0, &segment));
    cr_expect_eq(segment.duration, 0);
    /* Nothing is overwritten unasked; what fails leaves nothing behind. */
    cr_expect_eq(write_all(vdc_native_csv_create, path, segments, false), VDC_ERROR_INPUT);
    cr_expect(strstr(work.diag.messages[0].text, "exists"));
    cr_expect_eq(write_all(vdc_native_csv_create, path, segments, true), VDC_OK);
    cr_expect_eq(unlink(path), 0);
    cr_expect_eq(write_all(vdc_native_csv_create, path, NULL, false), VDC_ERROR_INPUT); /* loads, but no file for them */
    cr_expect_neq(access(path, F_OK), 0);
    cr_expect_neq(access(partial, F_OK), 0);
    cr_expect_eq(write_all(vdc_native_csv_create, "/nonexistent/t.csv", segments, true), VDC_ERROR_IO);
}

static size_t read_file(const char *path, char *bytes, size_t size) {
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    const size_t got = fread(bytes, 1, size, file);
    fclose(file);
    return got;
}

Test(workload_writers, hdf5_there_and_back) {
    static char first[200000], second[200000];
    const char *path = in_folder("t.h5");
    cr_assert_eq(write_all(vdc_native_hdf5_create, path, NULL, false), VDC_OK);
    cr_expect_neq(access(in_folder("t.h5.partial"), F_OK), 0);
    test_workload_must(&back, "trace", "{format: vdcsim, path: t.h5}");
    cr_assert_eq(back.count, work.count);
    for (size_t i = 0; i + 1 < work.count; i++) expect_equal(&work.requests[i], &back.requests[i]);
    cr_expect_not_null(back.requests[work.count - 1].load);
    const size_t size = read_file(path, first, sizeof first);
    cr_expect_eq(write_all(vdc_native_hdf5_create, path, NULL, false), VDC_ERROR_INPUT);
    cr_expect(strstr(work.diag.messages[0].text, "exists"));
    cr_expect_eq(write_all(vdc_native_hdf5_create, path, NULL, true), VDC_OK);
    cr_expect_eq(read_file(path, second, sizeof second), size);
    cr_expect_eq(memcmp(first, second, size), 0, "two writings of one trace differ");
    cr_expect_eq(write_all(vdc_native_hdf5_create, "/nonexistent/t.h5", NULL, true), VDC_ERROR_IO);
    test_workload_refuses(&back, "trace", "{format: vdcsim, path: t.h5, segments: t.h5}", "`segments` is for CSV", NULL);
    test_workload_file(&back, "t.h5", "\x89HDF\r\n\x1a\n and nothing more");
    test_workload_refuses(&back, "trace", "{format: vdcsim, path: t.h5}", "t.h5: cannot be opened", NULL);
}

/* A VM with a load that stays all the same; and what a CSV cannot hold, which is refused and not changed. */
Test(workload_writers, nothing_is_lost_in_silence) {
    static const create_function create[] = {vdc_native_csv_create, vdc_native_hdf5_create};
    static const char *const options[] = {"{format: vdcsim, path: t.csv, segments: s.csv}", "{format: vdcsim, path: t.h5}"};
    for (int k = 0; k < 2; k++) {
        const vdc_trace_target target = {.path = in_folder(k ? "t.h5" : "t.csv"), .segments_path = k ? NULL : in_folder("s.csv"),
                                         .columns = UINT64_MAX, .context = &work.context};
        vdc_trace_writer *writer;
        cr_assert_eq(test_workload_read(&work, "vms", "[{vcpus: 1, load: {segments: [[1s, 5 Hz]]}}, {vcpus: 1}]"), VDC_OK);
        for (int i = 0; i < 2; i++) work.requests[i].lifetime = VDC_FOREVER; /* departures: none */
        cr_assert_eq(create[k](&writer, &target, &work.diag), VDC_OK);
        for (int i = 0; i < 2; i++) cr_assert_eq(writer->operations->add(writer, &work.requests[i], &work.diag), VDC_OK);
        cr_assert_eq(writer->operations->finish(writer, &work.diag), VDC_OK);
        writer->operations->close(writer);
        cr_assert_eq(test_workload_read(&back, "trace", options[k]), VDC_OK);
        cr_expect(back.requests[0].lifetime == VDC_FOREVER && back.requests[0].load);
        cr_expect(!vdc_request_ends(&back.requests[1]));
    }
    static const struct { const char *list, *message; } cases[] = {
        {"[{vcpus: 1, tenant: \"t\n1\"}]", "VM 0 of the trace has a text with a line end, which a CSV cannot hold"},
        {"[{vcpus: 1}, {vcpus: 1, gpus: {models: [a, \"b|c\"]}}]", "VM 1 of the trace has the name of a GPU model with '|'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vdc_diag_clear(&work.diag);
        cr_expect_eq(write_list(vdc_native_csv_create, in_folder("x.csv"), NULL, true, cases[i].list), VDC_ERROR_INPUT);
        cr_expect(work.diag.count && strstr(work.diag.messages[0].text, cases[i].message), "%s", cases[i].list);
        cr_expect_neq(access(in_folder("x.csv"), F_OK), 0);
        vdc_diag_clear(&work.diag);
        cr_expect_eq(write_list(vdc_native_hdf5_create, in_folder("x.h5"), NULL, true, cases[i].list), VDC_OK);
    }
    /* What a scenario says beside its workload counts: a class without a speed has 1 GHz, the end of the run ends a generator. */
    const char *path = test_workload_file(&back, "g.yaml",
        "vdcsim: 1\ntime: {end: 10min}\ndatacenter: {hosts: [{class: b, memory: 8 GiB}, {class: a, cpu: {speed: 500 MHz}, memory: 8 GiB}]}\n"
        "workload: {generate: {arrivals: {dist: constant, value: 5min}, lifetime: {dist: constant, value: 1min},"
        " load: {kind: constant, level: 100%}, flavors: [{vcpus: 1}]}}\n");
    command_result result = run_vdcsim("trace generate %s -o %s", path, in_folder("g.csv"));
    cr_assert_eq(result.status, 0, "%s", result.err);
    command_result_clear(&result);
    test_workload_must(&back, "trace", "{format: vdcsim, path: g.csv, segments: g.segments.csv}");
    cr_assert_eq(back.count, 2); /* at 5 and, the end being part of the run, 10 min */
    cr_expect_eq(back.requests[0].load_peak, 1000000000);
    const char *tuned = test_workload_file(&back, "u.yaml",
        "vdcsim: 1\ndatacenter: {hosts: [{cpu: {cores: 2}, memory: 8 GiB}]}\n"
        "workload: {trace: {format: vdcsim, path: g.csv, tune: {resource: cpu, to: 50%}}}\n");
    result = run_vdcsim("trace info --json %s", tuned);
    cr_expect(result.status == 0 && strstr(result.out, "\"vms\": 1,"), "%s%s", result.out, result.err);
    command_result_clear(&result);
    const char *disturbed = test_workload_file(&back, "i.yaml", "vms: [{vcpus: 1, lifetime: 1min, interference: {pressure: 3}}]\n");
    result = run_vdcsim("trace generate %s -o %s", disturbed, in_folder("i.h5"));
    cr_expect(result.status != 0 && strstr(result.err, "VM 0 of the trace has an interference profile, which is not written"), "%s", result.err);
    command_result_clear(&result);
}

/* Every key of what VMs have on networks and disks and of how they use their memory, as values and left out; texts that YAML and CSV would break. */
#define LISTS \
    "[{id: 1, vcpus: 1, memory: 8 GiB, disk: 5 GB, network: plain, memory_load: {touched: 33.3333%, working_set: 20%, reservation: 1 GiB}}," \
    " {id: 2, vcpus: 1, memory: 8 GiB, net_tx: 3 GB/s, vnics: [{network: \"a, 'b: { # ]\", tx: 5 B/s, rx: 1 Gbit/s, weight: 7}, {network: plain}]," \
    "  traffic: [{to: 1, rate: 3 MB/s, vnic: 1}, {to: peer, size: 9 B, every: 7ms, at: 1ns}, {to: outside, rate: 1 B/s, every: 9s, for: 3s}]}," \
    " {id: 3, vcpus: 1, memory: 8 GiB, disk: 5 GB, memory_load: {segments: [[1s, 10%, 12.3456%], [1ns, 0, 0], [2s, 77.7777%, 99.9999%]]}," \
    "  volumes: [{name: \"- x\", size: 3 GB, pool: \"p 1\", provision: thin, image: 1 B, iops: 5, bandwidth: 6 B/s, weight: 8}, {size: 1 GiB}]," \
    "  io: [{rate: 3}, {rate: 4, volume: 1, do: write, request: 5 B, at: 1s, every: 4s, for: 2s}]}," \
    " {id: 4, vcpus: 1, memory: 8 GiB, iops: 50, disk_bandwidth: 60 B/s, volumes: [{size: 2 GiB}]}, {id: 5, vcpus: 1}," \
    " {id: 6, vcpus: 1, memory: 8 GiB, iops: 50, disk_bandwidth: 60 B/s, volumes: [{size: 2 GiB}]}]"
Test(workload_writers, lists_there_and_back) {
    static const create_function create[] = {vdc_native_csv_create, vdc_native_hdf5_create};
    static const char *const names[] = {"l.csv", "l.h5"}, *const has[] = {"110000", "010000", "001101", "001000", "101000"};
    test_workload_with_lists(&work);
    test_workload_with_lists(&back);
    for (int k = 0; k < 2; k++) {
        cr_assert_eq(write_list(create[k], in_folder(names[k]), NULL, false, LISTS), VDC_OK);
        test_workload_must(&back, "trace", "{format: vdcsim, path: %s}", names[k]);
        cr_assert_eq(back.count, work.count);
        for (size_t i = 0; i < work.count; i++) {
            expect_equal(&work.requests[i], &back.requests[i]);
            for (int which = 0; which < VDC_NATIVE_LISTS; which++) {
                char *a = vdc_native_list_text(&work.context, &work.requests[i], (vdc_native_list)which);
                char *b = vdc_native_list_text(&back.context, &back.requests[i], (vdc_native_list)which);
                cr_expect_str_eq(a, b, "VM %zu: %s, %s", i, a, b);
                cr_expect_eq(*a != 0, has[which][i] == '1', "VM %zu, list %d: %s", i, which, a);
                vdc_free(a);
                vdc_free(b);
            }
        }
        cr_expect_eq(back.requests[3].io, back.requests[5].io); /* what is the same is read once */
        cr_expect(back.io.networking && back.io.storing);
        const vdc_io_profile *third = &back.io.items[back.requests[2].io];
        cr_expect(third->volumes[0].thin && third->volumes[1].size == INT64_C(1) << 30 && third->io[1].write && third->io[1].pattern.length == SECONDS(2));
        cr_expect_str_eq(third->volumes[0].name, "- x");
        cr_expect_eq(back.memory_loads.segments[back.memory_loads.items[back.requests[2].memory_load].first].working_set_ppm, 12346);
    }
}

/* More VMs than a block, the first of all columns late: what lies before it is what an absent column means. */
Test(workload_writers, hdf5_of_many_blocks) {
    enum { VMS_WRITTEN = 40000, LATE = 35000 };
    const vdc_trace_target target = {.path = in_folder("t.h5"), .context = &work.context};
    vdc_trace_writer *writer;
    vdc_request request;
    cr_assert_eq(vdc_native_hdf5_create(&writer, &target, &work.diag), VDC_OK);
    for (int i = 0; i < VMS_WRITTEN; i++) {
        memcpy(&request, &vdc_request_blank, sizeof request);
        request.arrival = i;
        request.size[VDC_CPU] = 1 + i % 7;
        if (i >= LATE) {
            request.id = i;
            request.name = i % 2 ? "odd" : NULL;
            request.lifetime = i;
            request.priority = VDC_PRIORITY_HIGH;
        }
        cr_assert_eq(writer->operations->add(writer, &request, &work.diag), VDC_OK);
    }
    cr_assert_eq(writer->operations->finish(writer, &work.diag), VDC_OK);
    writer->operations->close(writer);
    test_workload_must(&back, "trace", "{format: vdcsim, path: t.h5}");
    cr_assert_eq(back.count, VMS_WRITTEN);
    for (int i = 0; i < VMS_WRITTEN; i++) {
        const vdc_request *read = &back.requests[i];
        cr_assert_eq(read->arrival, i);
        cr_assert_eq(read->size[VDC_CPU], 1 + i % 7);
        cr_assert_eq(read->id, i >= LATE ? i : VDC_NO_ID);
        cr_assert_eq(read->lifetime, i >= LATE ? i : VDC_UNLIMITED);
        cr_assert_eq(read->priority, i >= LATE ? VDC_PRIORITY_HIGH : VDC_PRIORITY_NORMAL);
        cr_assert_eq(read->name != NULL, i >= LATE && i % 2);
    }
}

/* ---- hostile HDF5 ---- */

typedef struct column {
    const char *name;
    size_t count;
    int64_t values[4];
} column;

static void put_column(hid_t file, const column *what, hid_t type) {
    const hsize_t count = what->count;
    const hid_t space = H5Screate_simple(1, &count, NULL), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t dataset = H5Dcreate2(file, what->name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert_geq(dataset, 0);
    cr_assert_geq(H5Dwrite(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, what->values), 0);
    H5Dclose(dataset);
    H5Pclose(links);
    H5Sclose(space);
}

static void make_trace(int format, const column *columns, hid_t type) {
    vdc_source_close(back.source); /* HDF5 does not write what is open */
    back.source = NULL;
    const hid_t file = H5Fcreate(in_folder("t.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(file, format ? "vdcsim_trace" : "other", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert_geq(H5Awrite(attribute, H5T_NATIVE_INT, &format), 0);
    H5Aclose(attribute);
    H5Sclose(space);
    for (; columns->name; columns++) put_column(file, columns, type);
    H5Fclose(file);
}

#define ARRIVALS {"/vms/arrival", 2, {1, 2}}
#define VCPUS {"/vms/vcpus", 2, {1000, 2000}}
#define END {NULL, 0, {0}}

Test(workload_writers, hostile_hdf5) {
    const struct { const char *message; int format; column columns[8]; bool row; } cases[] = {
        {"vdcsim_trace is not there", 0, {ARRIVALS, VCPUS, END}, false},
        {"made by another version", 2, {ARRIVALS, VCPUS, END}, false},
        {"/vms is not there", 1, {END}, false},
        {"/vms/vcpus is not there", 1, {ARRIVALS, END}, false},
        {"/vms/colour is no column", 1, {ARRIVALS, VCPUS, {"/vms/colour", 2, {1, 2}}, END}, false},
        {"another length", 1, {ARRIVALS, {"/vms/vcpus", 3, {1, 2, 3}}, END}, false},
        {"VM 1: arrival is 1, before that", 1, {{"/vms/arrival", 2, {2, 1}}, VCPUS, END}, true},
        {"VM 0: vcpus is -9223372036854775808", 1, {ARRIVALS, {"/vms/vcpus", 2, {INT64_MIN, 1}}, END}, true},
        {"VM 0: arrival is -9223372036854775808", 1, {{"/vms/arrival", 2, {INT64_MIN, 1}}, VCPUS, END}, true},
        {"VM 0: vcpus is 0", 1, {ARRIVALS, {"/vms/vcpus", 2, {0, 1}}, END}, true},
        {"VM 1: lifetime is -2", 1, {ARRIVALS, VCPUS, {"/vms/lifetime", 2, {-1, -2}}, END}, true},
        {"VM 1: tenant is 7", 1, {ARRIVALS, VCPUS, {"/vms/tenant", 2, {0, 7}}, END}, true},
        {"VM 0: gpu_models is", 1, {ARRIVALS, VCPUS, {"/vms/gpu_models", 2, {4, 0}}, END}, true},
        {"VM 0: gpu_milli is 500", 1, {ARRIVALS, VCPUS, {"/vms/gpus", 2, {2, 0}}, {"/vms/gpu_milli", 2, {500, 0}}, END}, true},
        {"fewer segments than", 1, {ARRIVALS, VCPUS, {"/vms/segments", 2, {1, INT64_MAX}},
                                    {"/segments/duration", 1, {1}}, {"/segments/demand", 1, {1}}, END}, false},
        {"fewer segments than", 1, {ARRIVALS, VCPUS, {"/vms/segments", 2, {1, 0}}, END}, false},
        {"columns of two lengths", 1, {ARRIVALS, VCPUS, {"/segments/duration", 1, {1}}, {"/segments/demand", 2, {1, 1}}, END},
         false},
        {"negative duration", 1, {ARRIVALS, VCPUS, {"/vms/segments", 2, {1, 0}}, {"/segments/duration", 1, {-1}},
                                  {"/segments/demand", 1, {1}}, END}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_trace(cases[i].format, cases[i].columns, H5T_STD_I64LE);
        test_workload_refuses(&back, "trace", "{format: vdcsim, path: t.h5}", cases[i].message, "t.h5", NULL);
        if (!cases[i].row) continue;
        test_workload_must(&back, "trace", "{format: vdcsim, path: t.h5, on_error: skip}");
        cr_expect_eq(back.count, 1, "%s", cases[i].message);
    }
    make_trace(1, cases[0].columns, H5T_STD_I32LE);
    test_workload_refuses(&back, "trace", "{format: vdcsim, path: t.h5}", "/vms/arrival has a type that such files do not use", NULL);
    /* A model of GPUs whose name is empty: no number of the run is its own. */
    const column unnamed[] = {ARRIVALS, VCPUS, {"/vms/gpu_models", 2, {1, 0}}, END}, names = {"/names/gpu_models", 2, {0, 0}};
    make_trace(1, unnamed, H5T_STD_I64LE);
    const hid_t file = H5Fopen(in_folder("t.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    put_column(file, &names, H5T_STD_U8LE);
    H5Fclose(file);
    test_workload_refuses(&back, "trace", "{format: vdcsim, path: t.h5}", "VM 0: gpu_models is 1", "t.h5", NULL);
    /* A row left out takes its segments with it. */
    const column shifted[] = {ARRIVALS, {"/vms/vcpus", 2, {0, 1}}, {"/vms/segments", 2, {2, 1}},
                              {"/segments/duration", 3, {1, 2, 3}},
                              {"/segments/demand", 3, {10, 20, 30}}, END};
    make_trace(1, shifted, H5T_STD_I64LE);
    test_workload_must(&back, "trace", "{format: vdcsim, path: t.h5, on_error: skip}");
    vdc_segment segment;
    cr_assert(test_workload_segment(&back.requests[0], 0, &segment));
    cr_expect_eq(segment.demand, 30);
}

/* A column in a storage that asks for more than it holds, or lies elsewhere. */
static void put_stored(const char *name, hid_t properties, hsize_t rows) {
    const hid_t file = H5Fopen(in_folder("t.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    const hsize_t most = H5S_UNLIMITED;
    const hid_t space = H5Screate_simple(1, &rows, H5Pget_layout(properties) == H5D_CHUNKED ? &most : NULL);
    const hid_t dataset = H5Dcreate2(file, name, H5T_STD_I64LE, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    cr_assert_geq(dataset, 0);
    if (H5Pget_nfilters(properties) == 1) { /* a chunk that inflates to 64 MiB, for one of 8 kB */
        const uLong size = 64 << 20;
        const hsize_t at = 0;
        uLong packed_size = compressBound(size);
        unsigned char *zeros = calloc(size, 1), *packed = malloc(packed_size);
        cr_assert_eq(compress(packed, &packed_size, zeros, size), Z_OK);
        cr_assert_geq(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &at, packed_size < 8000 ? packed_size : 8000, packed), 0);
        free(packed);
        free(zeros);
    }
    H5Dclose(dataset);
    H5Sclose(space);
    H5Pclose(properties);
    H5Fclose(file);
}

static hid_t chunked(hsize_t chunk) {
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(properties, 1, &chunk);
    return properties;
}

Test(workload_writers, hdf5_in_hostile_storage) {
    const column vcpus[] = {VCPUS, END};
    const hid_t outside = H5Pcreate(H5P_DATASET_CREATE), checksum = chunked(1000), bomb = chunked(1000);
    H5Pset_external(outside, "/etc/passwd", 0, H5F_UNLIMITED);
    H5Pset_fletcher32(checksum);
    H5Pset_deflate(bomb, 1);
    const struct { const char *message; hid_t properties; hsize_t rows; } cases[] = {
        {"/vms/arrival is stored in a way that such files do not use", outside, 2},
        {"/vms/arrival is damaged: a chunk cannot be unpacked", bomb, 2},
        {"/vms/arrival is stored in a way", chunked((hsize_t)100 << 20), 2},
        {"/vms/arrival claims more values than a file of this size can hold", chunked(1000), (hsize_t)1 << 40},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_trace(1, vcpus, H5T_STD_I64LE);
        put_stored("/vms/arrival", cases[i].properties, cases[i].rows);
        test_workload_refuses(&back, "trace", "{format: vdcsim, path: t.h5}", cases[i].message, "t.h5", NULL);
    }
    make_trace(1, vcpus, H5T_STD_I64LE);
    hid_t file = H5Fopen(in_folder("t.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Lcreate_external("/etc/other.h5", "/x", file, "/vms/arrival", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    test_workload_refuses(&back, "trace", "{format: vdcsim, path: t.h5}", "/vms/arrival is no dataset of this file", NULL);
    H5Pclose(checksum);
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

/* Any format into HDF5, and between the two native forms, gives the same trace. */
Test(workload_writers, trace_import_and_convert) {
    test_workload_file(&back, "tasks.csv", "id,submission_time,cpu_count,mem_capacity\n1,7000,1,0\n2,5000,2,5\n");
    test_workload_file(&back, "fragments.csv", "id,duration,cpu_usage\n1,10,1.5\n2,20,2\n1,30,3\n");
    command_result result = run_vdcsim("trace import --format opendc %s -o %s/t.h5", back.folder, back.folder);
    cr_assert_eq(result.status, 0, "%s", result.err);
    cr_expect(strstr(result.err, "t.h5: 2 VMs"), "%s", result.err);
    command_result_clear(&result);
    const char *commands[] =
        {"trace convert %s/t.h5 -o %s/t.csv", "trace convert %s/t.csv -o %s/u.h5 --set segments=%s/t.segments.csv"};
    for (size_t i = 0; i < 2; i++) {
        char arguments[512];
        (void)snprintf(arguments, sizeof arguments, commands[i], back.folder, back.folder, back.folder);
        result = run_vdcsim("%s", arguments);
        cr_assert_eq(result.status, 0, "%s", result.err);
        command_result_clear(&result);
    }
    char section[256];
    (void)snprintf(section, sizeof section, "{format: opendc, path: \"%s\"}", back.folder);
    cr_assert_eq(test_workload_read(&work, "trace", section), VDC_OK);
    const char *const sections[] = {"{format: vdcsim, path: t.h5}", "{format: vdcsim, path: t.csv, segments: t.segments.csv}",
                                    "{format: vdcsim, path: u.h5}"};
    for (size_t k = 0; k < 3; k++) {
        cr_assert_eq(test_workload_read(&back, "trace", sections[k]), VDC_OK);
        cr_assert_eq(back.count, 2);
        for (size_t i = 0; i < 2; i++) expect_equal(&work.requests[i], &back.requests[i]);
    }
    result = run_vdcsim("trace convert %s/t.csv -o %s/t.txt", back.folder, back.folder);
    cr_expect_eq(result.status, 2);
    cr_expect(strstr(result.err, "ends in .h5 or .csv"));
    command_result_clear(&result);
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
