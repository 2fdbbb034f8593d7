/* The native trace as HDF5, read to its end. How the input becomes a file: patch.h; the first byte's second bit: malformed rows are skipped. */
#include "sim/base/memory.h"
#include "sim/scenario/yaml.h"
#include "tests/fuzz/patch.h"
#include "workloads/native_hdf5.h"

enum { REQUESTS = 3000, SEGMENTS = 50 };

static const char vms[] =
    "[{id: 1, tenant: a, group: g, vcpus: 1, memory: 1 GiB, lifetime: 90s, load: {segments: [[10s, 1 GHz], [20s, 2 GHz]]}}, "
    "{id: 2, vcpus: 2, arrival: 60s, tenant: b, lifetime: 90s, priority: high}, {id: 7, vcpus: 4, arrival: 61s, lifetime: 5s}]";

static void open_names(vdc_workload_context *context) {
    REQUIRE(!vdc_names_create(&context->tenants, NULL) && !vdc_names_create(&context->groups, NULL) && !vdc_names_create(&context->gpu_models, NULL));
}

static void close_names(vdc_workload_context *context) {
    vdc_names_destroy(context->tenants);
    vdc_names_destroy(context->groups);
    vdc_names_destroy(context->gpu_models);
}

static void start(void) {
    char folder[] = "/tmp/vdcsim-fuzz-XXXXXX", path[64];
    vdc_arena arena = {0};
    const vdc_node *list;
    vdc_source *source;
    vdc_trace_writer *writer;
    uint64_t count;
    vdc_workload_context context = {.host_speed = 1000000000};
    REQUIRE(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/base.h5", folder);
    open_names(&context);
    REQUIRE(!vdc_yaml_parse(vms, sizeof vms - 1, "vms", &arena, &list, NULL) && !vdc_workload_inline(list, &context, &source, NULL));
    vdc_trace_target target = {.path = path, .context = &context};
    REQUIRE(!vdc_native_hdf5_create(&writer, &target, NULL) && !vdc_trace_copy(source, writer, &count, NULL) && count == 3);
    REQUIRE(!writer->operations->finish(writer, NULL));
    writer->operations->close(writer);
    vdc_source_close(source);
    close_names(&context);
    vdc_arena_free(&arena);
    take_base(path);
    REQUIRE(rmdir(folder) == 0);
    find_blocks();
}

static void look_at(const vdc_request *request, int64_t *previous) {
    REQUIRE(request->arrival >= *previous && request->size[VDC_CPU] > 0);
    *previous = request->arrival;
    uint64_t cursor = request->load_cursor;
    vdc_segment segment;
    for (int i = 0; request->load && i < SEGMENTS && request->load->next(request->load, &cursor, &segment); i++)
        REQUIRE(segment.duration >= 0 && segment.demand >= 0);
}

static void read_trace(const char *path, bool skip) {
    vdc_diag diag = {0};
    vdc_trace_report report = {.skip = skip};
    vdc_workload_context context = {.seed = 1, .host_speed = 1000000000, .report = &report};
    vdc_source *source;
    open_names(&context);
    vdc_code code = vdc_native_hdf5_open_here(path, &context, &source, &diag);
    int64_t previous = INT64_MIN;
    bool have = true;
    for (int i = 0; !code && have && i < REQUESTS; i++) {
        vdc_request request;
        code = source->operations->next(source, &request, &have, &diag);
        if (code || !have) break;
        look_at(&request, &previous);
        source->operations->release(source, request.token);
    }
    REQUIRE(!code || diag.errors > 0);
    vdc_source_close(source);
    close_names(&context);
    vdc_trace_report_clear(&report);
    vdc_diag_clear(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (!base) start();
    int file = make_file(data, size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    read_trace(path, data[0] & 2);
    REQUIRE(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0); /* no handle is left open */
    (void)close(file);
    return 0;
}
