/* Out of memory at every allocation in turn, for every source: an error that says so, no crash, nothing kept. */
#include "tests/support/tree.h"
#include "tests/support/workload.h"
#include "workloads/hosts.h"
#include "workloads/native_hdf5.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static test_workload work;

static void start(void) {
    test_workload_start(&work);
}
static void end(void) {
    test_workload_end(&work);
}
TestSuite(workload_memory, .init = start, .fini = end);

/* Opens, reads all and closes; nothing of the test's own allocates through the library. */
static vdc_code read_all(const vdc_node *tree, const vdc_workload_context *context, vdc_diag *diag) {
    vdc_source *source = NULL;
    vdc_code code = strcmp(tree->key, "vms") == 0 ? vdc_workload_inline(tree, context, &source, diag)
                                                  : vdc_workload_open(tree, context, &source, diag);
    while (!code) {
        vdc_request request;
        bool have;
        code = source->operations->next(source, &request, &have, diag);
        if (code || !have) break;
        if (request.token && source->operations->release) source->operations->release(source, request.token);
    }
    vdc_source_close(source);
    return code;
}

static void set_file(vdc_node *node, const char *file) {
    node->place.file = file;
    for (size_t i = 0; i < node->count; i++) set_file(node->children[i], file);
}

static void starve(const char *key, const char *section) {
    char file[128];
    (void)snprintf(file, sizeof file, "%s/test.yaml", work.folder);
    vdc_node *tree = (vdc_node *)test_tree(&work.arena, section);
    set_file(tree, vdc_arena_strdup(&work.arena, file));
    tree->key = vdc_arena_strdup(&work.arena, key);
    for (int all = 0; all < 2; all++) {
        uint64_t failing = 1;
        for (;; failing++) {
            /* Names are made anew each time: a table that has grown already would not allocate. */
            vdc_workload_context context = work.context;
            vdc_diag diag = {0};
            cr_assert_eq(vdc_names_create(&context.tenants, &diag), VDC_OK);
            cr_assert_eq(vdc_names_create(&context.groups, &diag), VDC_OK);
            cr_assert_eq(vdc_names_create(&context.gpu_models, &diag), VDC_OK);
            vdc_memory_fail_at(failing, all);
            const vdc_code code = read_all(tree, &context, &diag);
            vdc_memory_fail_at(0, false);
            const bool done = code == VDC_OK;
            cr_assert(done || code == VDC_ERROR_MEMORY, "%s: allocation %llu fails: code %d, %s", section,
                      (unsigned long long)failing,
                      (int)code, diag.count ? diag.messages[0].text : "");
            vdc_diag_clear(&diag);
            vdc_names_destroy(context.tenants);
            vdc_names_destroy(context.groups);
            vdc_names_destroy(context.gpu_models);
            if (done) break;
            cr_assert_lt(failing, 5000);
        }
        cr_expect_gt(failing, 3, "%s: the test sees no allocation", section);
    }
}

#define VM(fields) "{vcpus: 1, name: a, tenant: t, group: g" fields "}"

Test(workload_memory, every_source) {
    int64_t capacity[VDC_RESOURCES] = {[VDC_CPU] = 10000};
    work.context.capacity = capacity;
    starve("vms", "[" VM(", load: {segments: [[1s, 1 Hz]]}") ", " VM(", gpus: {models: [T4]}, cpu: {weight: 1}") "]");
    starve("generate",
           "{count: 3, arrivals: {dist: mmpp, phases: [{mean: 1s, stay: 9s}]}, tenants: 3,"
           " lifetime: {dist: empirical, values: [1s]}, flavors: [{vcpus: 1, name: x, group: g, load: {kind: ar}}]}");
    test_workload_gzip(&work, "t.csv", "arrival_s,vcpus,name,tenant,gpus,gpu_models\n1,2,n,t,1,T4|A\n2,3,m,u,0,\n");
    test_workload_file(&work, "s.csv", "row,duration_s,demand_hz\n0,1,1\n1,1,1\n");
    starve("trace", "{format: vdcsim, path: t.csv, segments: s.csv}");
    test_workload_file(&work, "o.csv", "1\n0\n1\n");
    starve("trace", "{format: vdcsim, path: t.csv, order: o.csv, shuffle: true, tune: {resource: cpu, to: 1}, scale: 2}");
    test_workload_file(&work, "tasks.csv", "id,submission_time,cpu_count,mem_capacity\n1,2,3,4\n2,1,1,1\n");
    test_workload_file(&work, "fragments.csv", "id,duration,cpu_usage\n1,1,1\n2,1,1\n1,2,3\n");
    starve("trace", "{format: opendc, path: .}");
    test_workload_file(&work, "day/a", "1\n2\n");
    starve("trace", "{format: planetlab, path: day, flavors: [{speed: 1 GHz}]}");
    test_workload_file(&work, "e", "vmid,cpu,memory,time,type\n1,1,1,1,0\n1,1,1,2,1\n");
    starve("trace", "{format: huawei-east-1, path: e}");
    test_workload_file(&work, "b", "Timestamp;CPU cores;CPU usage [MHZ];Memory capacity provisioned [KB]\n1;1;1;1\n2;1;1;1\n");
    starve("trace", "{format: bitbrains, path: b}");
    test_workload_file(&work, "z", "a,s,d,0,600,1,1,1,Unknown,1,1\n");
    test_workload_file(&work, "r", "0,a,1,1,1\n600,a,1,1,1\n");
    starve("trace", "{format: azure-v1, path: z, readings: r}");
    test_workload_file(&work, "g",
                       "time,type,collection_id,instance_index,cpus,memory,user\n1,0,1,1,0.5,0.5,u\n2,3,1,1,,,u\n3,6,1,1,,,u\n");
    starve("trace", "{format: google-borg-2019, path: g}");
    test_workload_file(&work, "p", "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\na,1,1,1,1000,T4\n");
    starve("trace", "{format: alibaba-openb, path: p}");
}

Test(workload_memory, a_skipped_row) {
    test_workload_file(&work, "t.csv", "arrival_s,vcpus\n1,x\n2,3\n");
    vdc_trace_report report = {0};
    work.context.report = &report;
    starve("trace", "{format: vdcsim, path: t.csv, on_error: skip}");
    vdc_trace_report_clear(&report);
}

static vdc_code write_trace(const char *path, vdc_code (*create)(vdc_trace_writer **, const vdc_trace_target *, vdc_diag *),
                            vdc_diag *diag) {
    char segments[160];
    (void)snprintf(segments, sizeof segments, "%s.segments", path);
    const vdc_trace_target target = {.path = path, .segments_path = segments, .force = true, .columns = 1,
                                     .context = &work.context};
    vdc_trace_writer *writer = NULL;
    vdc_request request;
    memcpy(&request, &vdc_request_blank, sizeof request);
    request.size[VDC_CPU] = 1000;
    request.id = 7;
    vdc_code code = create(&writer, &target, diag);
    if (!code) code = writer->operations->add(writer, &request, diag);
    if (!code) code = writer->operations->finish(writer, diag);
    if (writer) writer->operations->close(writer);
    return code;
}

Test(workload_memory, writers_and_the_native_hdf5) {
    vdc_code (*const creates[])(vdc_trace_writer **, const vdc_trace_target *, vdc_diag *) =
        {vdc_native_csv_create, vdc_native_hdf5_create};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/t.h5", work.folder);
    for (int i = 0; i < 2; i++) {
        uint64_t failing = 1;
        for (;; failing++) {
            vdc_diag diag = {0};
            vdc_memory_fail_at(failing, true);
            const vdc_code code = write_trace(path, creates[i], &diag);
            vdc_memory_fail_at(0, false);
            vdc_diag_clear(&diag);
            if (!code) break;
            cr_assert_eq(code, VDC_ERROR_MEMORY);
            cr_assert_lt(failing, 500);
        }
        cr_expect_gt(failing, 3);
    }
    starve("trace", "{format: vdcsim, path: t.h5}");
}

Test(workload_memory, a_host_list) {
    const char *nodes = test_workload_file(&work, "nodes.csv", "sn,cpu_milli,memory_mib,gpu,model\na,64000,262144,2,P100\n");
    const char *ranks = test_workload_file(&work, "ranks.csv", "0\n");
    for (uint64_t failing = 1;; failing++) {
        vdc_host_list list = {0};
        vdc_diag diag = {0};
        vdc_memory_fail_at(failing, true);
        const vdc_code code = vdc_host_list_read(&list, "alibaba-openb", nodes, ranks, NULL, &diag);
        vdc_memory_fail_at(0, false);
        vdc_host_list_clear(&list);
        vdc_diag_clear(&diag);
        if (!code) break;
        cr_assert_eq(code, VDC_ERROR_MEMORY, "allocation %llu: %d", (unsigned long long)failing, (int)code);
    }
}
