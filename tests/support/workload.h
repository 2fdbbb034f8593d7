/* Workloads for tests: traces written to temporary files, sources opened from a line of flow style, requests collected. */
#ifndef VDC_TESTS_SUPPORT_WORKLOAD_H
#define VDC_TESTS_SUPPORT_WORKLOAD_H

#include "workloads/workload.h"

typedef struct test_workload {
    char folder[64];             /* a temporary folder of its own */
    vdc_arena arena;
    vdc_workload_context context;
    vdc_isolation_specs isolation;
    vdc_io_profiles io;          /* of any names; not used before test_workload_with_lists */
    vdc_memory_loads memory_loads;
    vdc_trace_report report;     /* not used unless the test sets context.report to it */
    vdc_diag diag;
    vdc_source *source;
    vdc_request *requests;       /* collected; names copied into the arena */
    size_t count, capacity;
} test_workload;

void test_workload_start(test_workload *work);
void test_workload_end(test_workload *work);
/* What VMs have on networks and disks, and how they use their memory, is kept. */
void test_workload_with_lists(test_workload *work);
/* Writes a file into the folder (parents are made); returns its path, which lives in the arena. */
const char *test_workload_file(test_workload *work, const char *name, const char *text);
const char *test_workload_bytes(test_workload *work, const char *name, const void *bytes, size_t size);
const char *test_workload_gzip(test_workload *work, const char *name, const char *text);
/* Opens `section` (flow style; paths in it are relative to the folder) and collects all requests. Returns the first error's code.
 * "vms" as kind reads a list of VMs, anything else a trace or, for "generate", a generator. */
vdc_code test_workload_read(test_workload *work, const char *kind, const char *section);
/* The same, with formatted text, for a trace that must do. */
void test_workload_must(test_workload *work, const char *kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Fails the test unless reading the section gives VDC_ERROR_INPUT with a message that contains every one
 * of the NULL-ended texts. */
void test_workload_refuses(test_workload *work, const char *kind, const char *section, ...);
/* Segment `index` of a request's load; false beyond its end. */
bool test_workload_segment(const vdc_request *request, size_t index, vdc_segment *segment);
/* The path of a file under ../shared (VDCSIM_SHARED), or NULL, with a note that the test is skipped, where it is not there. */
const char *test_shared(test_workload *work, const char *path);

#define SECONDS(n) ((int64_t)(n) * INT64_C(1000000000))

#endif
