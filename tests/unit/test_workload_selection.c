/* The options that all traces share, and mixes of sources. Row i of the test trace arrives at 10 i seconds,
 * has i vCPUs and id i. */
#include "sim/base/random.h"
#include "tests/support/workload.h"

#include "tests/support/tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static test_workload work;

static void start(void) {
    test_workload_start(&work);
    char text[4096];
    size_t size = (size_t)snprintf(text, sizeof text, "id,arrival_s,vcpus,memory_gib,lifetime_s\n");
    for (int i = 1; i <= 100; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d,%d,%d,%d,5\n", i, 10 * i, i, i % 20);
    test_workload_file(&work, "t.csv", text);
}
static void end(void) {
    test_workload_end(&work);
}
TestSuite(workload_selection, .init = start, .fini = end);

static int vcpus(size_t i) {
    return (int)(work.requests[i].size[VDC_CPU] / 1000);
}
static int64_t seconds(size_t i) {
    return work.requests[i].arrival / SECONDS(1);
}
#define READ(options) test_workload_must(&work, "trace", "{format: vdcsim, path: t.csv" options "}")

Test(workload_selection, rows_and_times) {
    READ(", first: 10, count: 5");
    cr_assert_eq(work.count, 5);
    cr_expect_eq(vcpus(0), 11);
    cr_expect_eq(seconds(0), 110); /* the trace's own clock */
    READ(", from: 100s, until: 200s");
    cr_assert_eq(work.count, 10);
    cr_expect_eq(vcpus(0), 10);
    cr_expect_eq(vcpus(9), 19);
    READ(", first: 98");
    cr_expect_eq(work.count, 2);
    READ(", count: 0");
    cr_expect_eq(work.count, 0);
    READ(", first: 98, count: 9223372036854775807");
    cr_expect_eq(work.count, 2);
    READ(", first: 1000");
    cr_expect_eq(work.count, 0);
}

Test(workload_selection, scale_interval_departures_and_numa) {
    READ(", scale: 2.5");
    cr_expect_eq(work.requests[0].arrival, SECONDS(4));
    cr_expect_eq(work.requests[0].lifetime, SECONDS(5));
    READ(", scale: 3");
    cr_expect_eq(work.requests[0].arrival, INT64_C(3333333333));
    cr_expect_eq(work.requests[1].arrival, INT64_C(6666666667));
    test_workload_file(&work, "n.csv", "arrival_ns,vcpus\n1,1\n3,1\n5,1\n");
    test_workload_must(&work, "trace", "{format: vdcsim, path: n.csv, scale: 2}"); /* halves go to the even */
    cr_expect_eq(work.requests[0].arrival, 0);
    cr_expect_eq(work.requests[1].arrival, 2);
    cr_expect_eq(work.requests[2].arrival, 2);
    READ(", interval: 1s, first: 50, departures: none");
    cr_expect_eq(seconds(0), 1);
    cr_expect_eq(seconds(49), 50);
    cr_expect_eq(work.requests[0].lifetime, VDC_UNLIMITED); /* without a load either: until the run ends */
    READ(", numa_split: {memory_above: 10 GiB}");
    cr_expect_eq(work.requests[9].numa_nodes, 1);
    cr_expect_eq(work.requests[10].numa_nodes, 2);
}

Test(workload_selection, a_given_order) {
    test_workload_file(&work, "o.csv", "pod_row\n5\n0\n5\n99\n");
    READ(", order: o.csv, interval: 1s");
    cr_assert_eq(work.count, 4);
    cr_expect_eq(vcpus(0), 6);
    cr_expect_eq(vcpus(1), 1);
    cr_expect_eq(vcpus(2), 6);
    cr_expect_eq(vcpus(3), 100);
    cr_expect_eq(seconds(3), 4);
    cr_expect_eq(work.requests[0].id, VDC_NO_ID); /* a row may come twice: its id would, too */
    READ(", order: o.csv");                       /* without an interval: the rows' instants, dealt out in order */
    cr_expect_eq(seconds(0), 10);
    cr_expect_eq(vcpus(0), 6);
    cr_expect_eq(seconds(1), 60);
    cr_expect_eq(seconds(2), 60);
    cr_expect_eq(seconds(3), 1000);
    READ(", order: o.csv, first: 1, count: 2");
    cr_assert_eq(work.count, 2);
    cr_expect_eq(vcpus(0), 1);
    test_workload_file(&work, "o.csv", "5\n100\n");
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, order: o.csv}", "o.csv:2",
                          "'100' is no row number from 0 to 99", NULL);
    test_workload_file(&work, "o.csv", "5\nx\n");
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, order: o.csv}", "'x' is no row number", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, order: none.csv}", "none.csv", "cannot be opened", NULL);
}

Test(workload_selection, a_shuffle_is_a_permutation_keyed_by_the_seed) {
    int first[100];
    bool seen[101] = {false};
    READ(", shuffle: true");
    cr_assert_eq(work.count, 100);
    int fixed = 0;
    for (size_t i = 0; i < 100; i++) {
        first[i] = vcpus(i);
        cr_expect_not(seen[first[i]]);
        seen[first[i]] = true;
        fixed += first[i] == (int)i + 1;
        cr_expect_eq(seconds(i), 10 * (int64_t)(i + 1)); /* the instants stay */
    }
    cr_expect_lt(fixed, 8, "%d points of a random permutation are fixed (1 expected)", fixed);
    READ(", shuffle: true");
    for (size_t i = 0; i < 100; i++) cr_expect_eq(vcpus(i), first[i]);
    work.context.seed++;
    READ(", shuffle: true");
    int same = 0;
    for (size_t i = 0; i < 100; i++) same += vcpus(i) == first[i];
    cr_expect_lt(same, 8);
}

Test(workload_selection, tune_draws_and_drops_rows) {
    int64_t capacity[VDC_RESOURCES] = {[VDC_CPU] = 10000000, [VDC_GPU] = 1000}; /* the trace asks for 5 050 000 */
    work.context.capacity = capacity;
    READ(", tune: {resource: cpu, to: 130%%}, interval: 1s");
    int64_t sum = 0;
    for (size_t i = 0; i < work.count; i++) sum += work.requests[i].size[VDC_CPU];
    cr_expect_leq(sum, 13000000);
    cr_expect_gt(sum, 12900000);
    for (size_t i = 0; i < 100; i++) cr_expect_eq(vcpus(i), (int)i + 1); /* the rows themselves stay in front */
    READ(", tune: {resource: cpu, to: 20%%}, interval: 1s");
    sum = 0;
    for (size_t i = 0; i < work.count; i++) {
        sum += work.requests[i].size[VDC_CPU];
        cr_expect(i == 0 || vcpus(i) > vcpus(i - 1)); /* order kept */
    }
    cr_expect_leq(sum, 2000000);
    cr_expect_gt(sum, 1900000);
    /* The rows that stay are those of a plain list from which one after the other is taken out. */
    for (work.context.seed = 1; work.context.seed < 7; work.context.seed++) {
        int64_t left[100], total = 5050000;
        size_t count = 100;
        vdc_stream stream;
        vdc_stream_open(&stream, work.context.seed, "workload.tune", 0);
        for (int64_t i = 0; i < 100; i++) left[i] = i + 1;
        const int64_t most = 1000000 * (int64_t)work.context.seed - 1000000;
        while (total > most) {
            const size_t drop = (size_t)vdc_stream_below(&stream, count);
            total -= 1000 * left[drop];
            memmove(left + drop, left + drop + 1, (--count - drop) * sizeof *left);
        }
        test_workload_must(&work, "trace", "{format: vdcsim, path: t.csv, tune: {resource: cpu, to: %d%%}, interval: 1s}", (int)(most / 100000));
        cr_assert_eq(work.count, count);
        for (size_t i = 0; i < count; i++) cr_expect_eq(vcpus(i), (int)left[i]);
    }
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, tune: {resource: gpu, to: 1}}",
                          "no row asks for any gpu", NULL);
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, tune: {resource: gpus, to: 1}}", "did you mean 'gpu'",
                          NULL);
    work.context.capacity = NULL;
    test_workload_refuses(&work, "trace", "{format: vdcsim, path: t.csv, tune: {resource: cpu, to: 1}}", "needs a datacenter",
                          NULL);
}

/* Times that are dates: clock 0 is the first arrival of what was chosen; from and until count from the trace's first. */
Test(workload_selection, absolute_times) {
    test_workload_file(&work, "tasks.csv",
                       "id,submission_time,cpu_count,mem_capacity\n1,7000,1,0\n2,5000,2,0\n3,9000,3,0\n4,8000,4,0\n");
    test_workload_file(&work, "fragments.csv", "id,duration,cpu_usage\n1,1,1\n2,1,1\n3,1,1\n4,1,1\n");
    test_workload_must(&work, "trace", "{format: opendc, path: .}");
    cr_assert_eq(work.count, 4);
    cr_expect_eq(vcpus(0), 2);
    cr_expect_eq(seconds(0), 0);
    cr_expect_eq(seconds(3), 4);
    test_workload_must(&work, "trace", "{format: opendc, path: ., from: 1s}"); /* 7, 8 and 9 of 5 */
    cr_assert_eq(work.count, 3);
    cr_expect_eq(vcpus(0), 1);
    cr_expect_eq(seconds(0), 0);
    cr_expect_eq(seconds(1), 1);
    test_workload_must(&work, "trace", "{format: opendc, path: ., first: 2}"); /* rows of the file */
    cr_assert_eq(work.count, 2);
    cr_expect_eq(vcpus(0), 4);
    cr_expect_eq(vcpus(1), 3);
    test_workload_must(&work, "trace", "{format: opendc, path: ., interval: 10s}");
    cr_expect_eq(vcpus(0), 2);
    cr_expect_eq(seconds(3), 40);
}

static vdc_source *open_inline(const char *text) {
    vdc_source *source;
    cr_assert_eq(vdc_workload_inline(test_tree(&work.arena, text), &work.context, &source, &work.diag), VDC_OK);
    return source;
}

Test(workload_selection, a_mix_is_merged_by_arrival) {
    vdc_source *sources[] = {open_inline("[{arrival: 2s, vcpus: 1, name: a}, {arrival: 4s, vcpus: 2, name: b}]"),
                             open_inline("[]"),
                             open_inline("[{arrival: 1s, vcpus: 3, name: c}, {arrival: 4s, vcpus: 4, name: d},"
                                         " {arrival: 9s, vcpus: 5}]")};
    cr_assert_eq(vdc_workload_merge(sources, 3, &work.source, &work.diag), VDC_OK);
    const struct { int vcpus; unsigned source; const char *name; } wanted[] =
        {{3, 2, "c"}, {1, 0, "a"}, {2, 0, "b"}, {4, 2, "d"}, {5, 2, NULL}};
    for (size_t i = 0; i < 5; i++) {
        vdc_request request;
        bool have;
        cr_assert_eq(work.source->operations->next(work.source, &request, &have, &work.diag), VDC_OK);
        cr_assert(have);
        cr_expect_eq(request.size[VDC_CPU], wanted[i].vcpus * 1000);
        cr_expect_eq(request.source, wanted[i].source);
        if (wanted[i].name) cr_expect_str_eq(request.name, wanted[i].name);
    }
    vdc_request request;
    bool have;
    cr_assert_eq(work.source->operations->next(work.source, &request, &have, &work.diag), VDC_OK);
    cr_expect_not(have);
}
