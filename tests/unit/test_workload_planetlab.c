/* PlanetLab folders: order by name, flavors, samples as load; the real days by sums made with awk. */
#include "tests/support/workload.h"

#include <criterion/criterion.h>
#include <stdio.h>

static test_workload work;

static void start(void) {
    test_workload_start(&work);
}
static void end(void) {
    test_workload_end(&work);
}
TestSuite(workload_planetlab, .init = start, .fini = end);

Test(workload_planetlab, files_by_name_flavors_in_quarters) {
    const char *const names[] = {"d/zebra", "d/b", "d/A", "d/a_ x", "d/c"};
    for (size_t i = 0; i < 5; i++) test_workload_file(&work, names[i], i == 0 ? "100\n0\n33\n" : "1\n2\n");
    test_workload_file(&work, "d/.hidden", "x");
    test_workload_must(&work, "trace",
                       "{format: planetlab, path: d, flavors: [{vcpus: 1, speed: 2500 MHz, memory: 870 MB},"
                       " {vcpus: 2, speed: 1 GHz}, {speed: 333333333 Hz}]}");
    cr_assert_eq(work.count, 5);
    const char *const sorted[] = {"A", "a_ x", "b", "c", "zebra"};
    const int64_t vcpus[] = {1000, 1000, 2000, 2000, 1000}; /* ceil(5 / 3) = 2 VMs a flavor */
    for (size_t i = 0; i < 5; i++) {
        cr_expect_str_eq(work.requests[i].name, sorted[i]);
        cr_expect_eq(work.requests[i].size[VDC_CPU], vcpus[i]);
        cr_expect_eq(work.requests[i].arrival, 0);
    }
    cr_expect_eq(work.requests[0].size[VDC_MEMORY], 870000000);
    vdc_segment segment;
    cr_assert(test_workload_segment(&work.requests[0], 1, &segment));
    cr_expect_eq(segment.duration, SECONDS(300));
    cr_expect_eq(segment.demand, 50000000);
    cr_expect_not(test_workload_segment(&work.requests[0], 2, &segment));
    cr_assert(test_workload_segment(&work.requests[2], 1, &segment));
    cr_expect_eq(segment.demand, 40000000); /* 2 % of two CPUs of 1 GHz */
    cr_assert(test_workload_segment(&work.requests[4], 2, &segment));
    cr_expect_eq(segment.demand, 110000000); /* 33 % of 333 333 333 Hz, rounded */
    cr_expect_eq(work.requests[4].load_peak, 333333333);
}

Test(workload_planetlab, what_is_wrong) {
    test_workload_file(&work, "d/a", "1\n101\n2\n");
    test_workload_refuses(&work, "trace", "{format: planetlab, path: d}", "'flavors' is missing", NULL);
    test_workload_refuses(&work, "trace", "{format: planetlab, path: d, flavors: []}", "a list of", NULL);
    test_workload_refuses(&work, "trace", "{format: planetlab, path: d, flavors: [{vcpus: 1}]}", "'speed' is missing", NULL);
    test_workload_refuses(&work, "trace", "{format: planetlab, path: d, flavors: [{speed: 1 GHz}]}",
                          "d/a:2:1: '101' is no percentage", NULL);
    test_workload_refuses(&work, "trace", "{format: planetlab, path: d/a, flavors: [{speed: 1 GHz}]}", "cannot be listed", NULL);
    test_workload_must(&work, "trace", "{format: planetlab, path: d, on_error: skip, flavors: [{speed: 1 GHz}]}");
    cr_expect_eq(work.count, 1);
    test_workload_file(&work, "d/a", "\n");
    test_workload_refuses(&work, "trace", "{format: planetlab, path: d, flavors: [{speed: 1 GHz}]}", "no samples", NULL);
}

Test(workload_planetlab, real_days) {
    const struct { const char *day; size_t vms, samples; int64_t percent; } days[] = {
        {"20110303", 1052, 302976, 3730979}, {"20110306", 898, 258624, 2958567}, {"20110420", 1033, 297504, 3103287}};
    for (size_t d = 0; d < 3; d++) {
        char path[64];
        (void)snprintf(path, sizeof path, "data/planetlab/%s", days[d].day);
        const char *full = test_shared(&work, path);
        if (!full) return;
        test_workload_must(&work, "trace",
                           "{format: planetlab, path: \"%s\", assign: random,"
                           " flavors: [{speed: 100 Hz}, {speed: 100 Hz, memory: 1 B}]}", full);
        cr_expect_eq(work.count, days[d].vms);
        size_t samples = 0, second = 0;
        int64_t percent = 0;
        for (size_t i = 0; i < work.count; i++) {
            second += work.requests[i].size[VDC_MEMORY] > 0;
            uint64_t cursor = work.requests[i].load_cursor;
            for (vdc_segment segment; work.requests[i].load->next(work.requests[i].load, &cursor,
                                                                  &segment); samples++) percent += segment.demand;
        }
        cr_expect_eq(samples, days[d].samples);
        cr_expect_eq(percent, days[d].percent);
        cr_expect(second * 2 > work.count - 140 && second * 2 < work.count + 140, "%zu of %zu", second, work.count); /* 4 sigma */
    }
}
