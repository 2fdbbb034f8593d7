/* OpenDC traces: the quirks of spec by small tables, the real ones by their counts (wc -l of the files). */
#include "tests/support/workload.h"

#include <criterion/criterion.h>
#include <stdio.h>

static test_workload work;

static void start(void) {
    test_workload_start(&work);
    work.context.report = &work.report;
}
static void end(void) {
    test_workload_end(&work);
}
TestSuite(workload_opendc, .init = start, .fini = end);

#define TRACE "{format: opendc, path: .}"
#define TASKS(text) \
    test_workload_file(&work, "tasks.csv", "id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n" text)
#define FRAGMENTS(text) test_workload_file(&work, "fragments.csv", "id,duration,cpu_usage\n" text)

static void expect_segment(size_t vm, size_t index, int64_t duration, int64_t demand) {
    vdc_segment segment = {-1, -1};
    cr_expect(test_workload_segment(&work.requests[vm], index, &segment), "VM %zu has no segment %zu", vm, index);
    cr_expect_eq(segment.duration, duration);
    cr_expect_eq(segment.demand, demand);
}

/* Sorted by submission, ties in file order and not by id; clock 0 is the earliest; memory in KB; MHz to Hz half to even. */
Test(workload_opendc, order_clock_and_units) {
    TASKS("9,1665093600500,1000,2,4000.5,100000\n"
          "7,1665093600000,1000,1,2000,181352\n"
          "3,1665093600500,1000,1,2000,0\n");
    FRAGMENTS("3,1000,11.70399824\n9,300000,0\n9,1500,0.0000005\n9,1,0.0000015\n7,2000,2000\n");
    test_workload_must(&work, "trace", TRACE);
    cr_assert_eq(work.count, 3);
    cr_expect_eq(work.requests[0].id, 7);
    cr_expect_eq(work.requests[0].arrival, 0);
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], 181352000);
    cr_expect_eq(work.requests[1].id, 9);
    cr_expect_eq(work.requests[1].arrival, 500000000);
    cr_expect_eq(work.requests[1].size[VDC_CPU], 2000);
    cr_expect_eq(work.requests[1].lifetime, VDC_UNLIMITED);
    cr_expect_eq(work.requests[2].id, 3);
    expect_segment(0, 0, SECONDS(2), 2000000000);
    cr_expect_eq(work.requests[0].load_peak, 2000000000);
    expect_segment(1, 0, SECONDS(300), 0);
    expect_segment(1, 1, 1500000000, 0);
    expect_segment(1, 2, 1000000, 2);
    vdc_segment segment;
    cr_expect_not(test_workload_segment(&work.requests[1], 3, &segment));
    expect_segment(2, 0, SECONDS(1), 11703998);
    cr_expect(work.report.indexed);
}

Test(workload_opendc, an_id_comes_back_in_later_blocks) {
    TASKS("1,0,1,1,1,1\n2,0,1,1,1,1\n3,0,1,1,1,1\n");
    FRAGMENTS("1,1000,1\n1,1000,2\n2,1000,10\n1,1000,3\n2,1000,20\n4,1,1\n1,1000,4\n");
    test_workload_must(&work, "trace", TRACE);
    cr_assert_eq(work.count, 2);
    for (size_t i = 0; i < 4; i++) expect_segment(0, i, SECONDS(1), (int64_t)(i + 1) * 1000000);
    for (size_t i = 0; i < 2; i++) expect_segment(1, i, SECONDS(1), (int64_t)(i + 1) * 10000000);
    vdc_segment segment;
    cr_expect_not(test_workload_segment(&work.requests[0], 4, &segment));
    cr_expect_not(test_workload_segment(&work.requests[1], 2, &segment));
    cr_expect_eq(work.report.odd_count, 3); /* blocks, an id without a task, a task without fragments */
}

/* Other column orders, extra columns, quotes and exponents go the slow way and mean the same. */
Test(workload_opendc, older_and_other_layouts) {
    test_workload_gzip(&work, "tasks.csv.gz", "start_time,stop_time,id,mem_capacity,cpu_count\n1000,2000,5,10,1\n");
    test_workload_gzip(&work, "fragments.csv.gz",
                       "id,timestamp,duration,cpu_count,cpu_usage\n5,2000,1000,1,1e3\n\"5\",3000,+500,1,250\n");
    test_workload_must(&work, "trace", TRACE);
    cr_assert_eq(work.count, 1);
    expect_segment(0, 0, SECONDS(1), 1000000000);
    expect_segment(0, 1, 500000000, 250000000);
    test_workload_must(&work, "trace", "{format: opendc, path: tasks.csv.gz, fragments: fragments.csv.gz, progress: work}");
    cr_expect_eq(work.requests[0].progress, VDC_PROGRESS_WORK);
}

/* Many distinct durations and demands beyond 48 bits take the wide form and come back equal. */
Test(workload_opendc, segments_of_every_width) {
    enum { LINES = 70000 };
    static char text[LINES * 24 + 100];
    size_t size = (size_t)snprintf(text, sizeof text, "id,duration,cpu_usage\n1,5,300000000.5\n");
    for (int i = 0; i < LINES; i++) size += (size_t)snprintf(text + size, sizeof text - size, "1,%d,%d\n", i * 7, i);
    test_workload_file(&work, "fragments.csv", text);
    TASKS("1,0,1,1,1,1\n");
    test_workload_must(&work, "trace", TRACE);
    vdc_segment segment;
    uint64_t cursor = work.requests[0].load_cursor;
    const vdc_load_source *load = work.requests[0].load;
    cr_assert(load->next(load, &cursor, &segment));
    cr_expect_eq(segment.demand, INT64_C(300000000500000));
    for (int i = 0; i < LINES; i++) {
        cr_assert(load->next(load, &cursor, &segment));
        cr_assert_eq(segment.duration, (int64_t)i * 7000000);
        cr_assert_eq(segment.demand, (int64_t)i * 1000000);
    }
    cr_expect_not(load->next(load, &cursor, &segment));
}

Test(workload_opendc, what_is_wrong) {
    TASKS("1,0,1,1,1,1\n");
    test_workload_refuses(&work, "trace", TRACE, "no fragments.csv", NULL);
    const struct { const char *text, *message; } cases[] = {
        {"1,1000\n", "fragments.csv:2: 2 fields, 3 are wanted"}, {"1,-5,1\n", "duration is -5, at least 0"},
        {"1,5,nan\n", "cpu_usage is 'nan'"},                     {"1,5,-1\n", "cpu_usage is -1, at least 0"},
        {"x,5,1\n", "id is 'x'"},                                {"1,99999999999999,1\n", "duration is '99999999999999'"},
        {"1,5,1,\n", "more than the 3 fields"},                  {"1,,1\n", "duration is empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "id,duration,cpu_usage\n%s1,1,1\n", cases[i].text);
        test_workload_file(&work, "fragments.csv", text);
        test_workload_refuses(&work, "trace", TRACE, cases[i].message, NULL);
        test_workload_must(&work, "trace", "{format: opendc, path: ., on_error: skip}");
        cr_expect_eq(work.report.skipped, 1);
        expect_segment(0, 0, 1000000, 1000000);
    }
    FRAGMENTS("1,1,1\n");
    TASKS("1,0,1,1,1,1\n1,0,1,1,1,1\n");
    test_workload_refuses(&work, "trace", TRACE, "tasks.csv:3:1: id 1 stands for an earlier task", NULL);
    TASKS("1,0,1,0,1,1\n");
    test_workload_refuses(&work, "trace", TRACE, "cpu_count is 0", NULL);
    test_workload_file(&work, "tasks.csv", "id,duration\n");
    test_workload_refuses(&work, "trace", TRACE, "no column submission_time|start_time", NULL);
}

static void expect_counts(const char *path, size_t vms, size_t segments) {
    const char *full = test_shared(&work, path);
    if (!full) return;
    test_workload_must(&work, "trace", "{format: opendc, path: \"%s\"}", full);
    size_t found = 0;
    int64_t last = 0;
    for (size_t i = 0; i < work.count; i++) {
        uint64_t cursor = work.requests[i].load_cursor;
        vdc_segment segment;
        while (work.requests[i].load->next(work.requests[i].load, &cursor, &segment)) found++;
        cr_assert_geq(work.requests[i].arrival, last);
        last = work.requests[i].arrival;
    }
    cr_expect_eq(work.count, vms);
    cr_expect_eq(found, segments);
    cr_expect_eq(work.requests[0].arrival, 0);
}

Test(workload_opendc, real_traces) {
    expect_counts("data/opendc/surf_week", 6295, 2323475);
    expect_counts("data/opendc/bitbrains-small", 50, 276979);
    expect_counts("data/opendc/tasks-100k", 100000, 100000);
}
