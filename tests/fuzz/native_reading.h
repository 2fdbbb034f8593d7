/* What the targets of the native HDF5 trace do with a file: it is opened, and read to its end. */
#ifndef VDC_TESTS_FUZZ_NATIVE_READING_H
#define VDC_TESTS_FUZZ_NATIVE_READING_H

#include "sim/base/memory.h"
#include "tests/fuzz/fuzz.h"
#include "workloads/native_hdf5.h"

enum { REQUESTS = 3000, SEGMENTS = 50 };

static void look_at(const vdc_request *request, int64_t *previous) {
    REQUIRE(request->arrival >= *previous && request->size[VDC_CPU] > 0);
    *previous = request->arrival;
    uint64_t cursor = request->load_cursor;
    vdc_segment segment;
    for (int i = 0; request->load && i < SEGMENTS && request->load->next(request->load, &cursor, &segment); i++)
        REQUIRE(segment.duration >= 0 && segment.demand >= 0);
}

static void read_all_rows(const char *path, const vdc_workload_context *context, vdc_diag *diag) {
    vdc_source *source;
    vdc_code code = vdc_native_hdf5_open_here(path, context, &source, diag);
    int64_t previous = INT64_MIN;
    bool have = true;
    for (int i = 0; !code && have && i < REQUESTS; i++) {
        vdc_request request;
        code = source->operations->next(source, &request, &have, diag);
        if (code || !have) break;
        look_at(&request, &previous);
        source->operations->release(source, request.token);
    }
    REQUIRE(!code || diag->errors > 0);
    vdc_source_close(source);
}

/* `skip`: malformed rows are passed over; `wishes`: what VMs ask for by way of isolation is looked at. */
static void read_trace(const char *path, bool skip, bool wishes) {
    vdc_diag diag = {0};
    vdc_trace_report report = {.skip = skip};
    vdc_io_profiles io;
    vdc_isolation_specs isolation = {0};
    vdc_memory_loads memory_loads = {0};
    REQUIRE(!vdc_io_profiles_create(&io, NULL) && (!wishes || !vdc_isolation_specs_create(&isolation, NULL)));
    io.open = isolation.open = true;
    vdc_workload_context context = {.seed = 1, .host_speed = 1000000000, .report = &report, .io = &io, .memory_loads = &memory_loads, .has_memory = true,
                                    .isolation = wishes ? &isolation : NULL};
    REQUIRE(!vdc_names_create(&context.tenants, NULL) && !vdc_names_create(&context.groups, NULL) && !vdc_names_create(&context.gpu_models, NULL));
    read_all_rows(path, &context, &diag);
    vdc_names_destroy(context.tenants);
    vdc_names_destroy(context.groups);
    vdc_names_destroy(context.gpu_models);
    if (wishes) vdc_isolation_specs_destroy(&isolation);
    vdc_io_profiles_destroy(&io);
    vdc_memory_loads_free(&memory_loads);
    vdc_trace_report_clear(&report);
    vdc_diag_clear(&diag);
}

#endif
