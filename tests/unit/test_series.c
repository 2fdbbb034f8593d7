/* Carbon and failure tables: what they hold, what is refused, and the step function. */
#include "workloads/series.h"

#include "tests/support/workload.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static vdc_code read_carbon(test_workload *work, const char *text, vdc_series *series) {
    vdc_diag_clear(&work->diag);
    return vdc_carbon_read(test_workload_file(work, "carbon.csv", text), NULL, series, &work->diag);
}

static vdc_code read_failures(test_workload *work, const char *text, vdc_failure_list *list) {
    vdc_diag_clear(&work->diag);
    return vdc_failures_read(test_workload_file(work, "failures.csv", text), NULL, list, &work->diag);
}

/* The one message, after the folder. */
static void says(const test_workload *work, const char *expected) {
    cr_assert_eq(work->diag.count, 1);
    const char *text = work->diag.messages[0].text + strlen(work->folder) + 1;
    cr_expect_str_eq(text, expected, "\n  found    %s\n  expected %s", text, expected);
}

Test(series, carbon_is_a_step_function) {
    test_workload work;
    vdc_series series;
    test_workload_start(&work);
    cr_assert_eq(read_carbon(&work, "note,carbon_intensity,timestamp\nx,80,1640995200000\ny,120.5,1640995800000.5\n,0,1640995900000\n", &series),
                 VDC_OK);
    cr_assert_eq(series.count, 3);
    const int64_t start = INT64_C(1640995200) * 1000000000;
    cr_expect(series.time[0] == start && series.time[1] == start + INT64_C(600000500000) && series.value[1] == 120.5 && series.value[2] == 0);
    static const struct { int64_t after; size_t row; } cases[] = {
        {-INT64_C(1000000000000), 0}, {-1, 0}, {0, 0}, {1, 0}, {INT64_C(600000499999), 0}, {INT64_C(600000500000), 1}, {INT64_C(699999999999), 1},
        {INT64_C(700000000000), 2}, {INT64_C(1) << 60, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) cr_expect_eq(vdc_series_at(&series, start + cases[i].after), cases[i].row);
    vdc_series_free(&series);
    test_workload_end(&work);
}

Test(series, looking_up_agrees_with_looking_through) {
    enum { ROWS = 57 };
    int64_t time[ROWS];
    double value[ROWS];
    for (int i = 0; i < ROWS; i++) time[i] = i * i * 10;
    for (size_t count = 1; count <= ROWS; count++) {
        const vdc_series series = {.count = count, .time = time, .value = value};
        for (int64_t at = -5; at < 40000; at += 7) {
            size_t row = 0;
            for (size_t i = 0; i < count; i++)
                if (time[i] <= at) row = i;
            cr_assert_eq(vdc_series_at(&series, at), row);
        }
    }
}

Test(series, malformed_carbon_tables) {
    test_workload work;
    vdc_series series;
    test_workload_start(&work);
    static const struct { const char *text, *message; } cases[] = {
        {"timestamp,carbon_intensity\n", "carbon.csv:1: the carbon trace has no rows"},
        {"timestamp,intensity\n1,2\n", "carbon.csv:1: the header has no column carbon_intensity"},
        {"timestamp,carbon_intensity\n1,nan\n", "carbon.csv:2:3: carbon_intensity is 'nan', a number of at least 0 (g/kWh) is wanted"},
        {"timestamp,carbon_intensity\n1,-0.5\n", "carbon.csv:2:3: carbon_intensity is '-0.5', a number of at least 0 (g/kWh) is wanted"},
        {"timestamp,carbon_intensity\n1,1e999\n", "carbon.csv:2:3: carbon_intensity is '1e999', a number of at least 0 (g/kWh) is wanted"},
        {"timestamp,carbon_intensity\n2,1\n2,1\n", "carbon.csv:3:1: timestamp is not later than that of the row before"},
        {"timestamp,carbon_intensity\n2,1\n1,1\n", "carbon.csv:3:1: timestamp is not later than that of the row before"},
        {"timestamp,carbon_intensity\nx,1\n", "carbon.csv:2:1: timestamp is 'x', a finite decimal number in range is wanted"},
        {"timestamp,carbon_intensity\n1e300,1\n", "carbon.csv:2:1: timestamp is '1e300', a finite decimal number in range is wanted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(read_carbon(&work, cases[i].text, &series), VDC_ERROR_INPUT, "%s", cases[i].text);
        says(&work, cases[i].message);
        cr_expect(series.count == 0 && !series.time && !series.value);
    }
    cr_expect_eq(vdc_carbon_read("/nowhere/at.all", NULL, &series, &work.diag), VDC_ERROR_INPUT);
    test_workload_end(&work);
}

Test(series, failures) {
    test_workload work;
    vdc_failure_list list;
    test_workload_start(&work);
    cr_assert_eq(read_failures(&work, "failure_interval,failure_duration,failure_intensity\n0,14400000,1\n1200000,0.5,0.6666666666666666\n", &list),
                 VDC_OK);
    cr_assert_eq(list.count, 2);
    cr_expect(list.rows[0].wait == 0 && list.rows[0].duration == INT64_C(14400) * 1000000000 && list.rows[0].share_ppb == VDC_SHARE_ALL);
    cr_expect(list.rows[1].wait == INT64_C(1200) * 1000000000 && list.rows[1].duration == 500000 && list.rows[1].share_ppb == 666666667);
    vdc_failures_free(&list);
    cr_assert_eq(read_failures(&work, "failure_interval,failure_duration,failure_intensity\n", &list), VDC_OK, "no failure is a legal table");
    cr_expect_eq(list.count, 0);
    vdc_failures_free(&list);
    static const struct { const char *text, *message; } cases[] = {
        {"failure_interval,failure_duration\n", "failures.csv:1: the header has no column failure_intensity"},
        {"failure_interval,failure_duration,failure_intensity\n1,2,1.1\n", "failures.csv:2:5: failure_intensity is 1.1, at most 1 is wanted"},
        {"failure_interval,failure_duration,failure_intensity\n1,2,-0.1\n", "failures.csv:2:5: failure_intensity is -0.1, at least 0 is wanted"},
        {"failure_interval,failure_duration,failure_intensity\n1,-2,1\n", "failures.csv:2:3: failure_duration is -2, at least 0 is wanted"},
        {"failure_interval,failure_duration,failure_intensity\n1,2\n", "failures.csv:2: 2 fields, 3 are wanted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(read_failures(&work, cases[i].text, &list), VDC_ERROR_INPUT, "%s", cases[i].text);
        says(&work, cases[i].message);
        cr_expect(list.count == 0 && !list.rows);
    }
    test_workload_end(&work);
}

Test(series, compressed_and_noted_among_the_inputs) {
    test_workload work;
    vdc_series series;
    test_workload_start(&work);
    vdc_inputs inputs = {.folder = vdc_strdup(work.folder)};
    const char *path = test_workload_gzip(&work, "carbon.csv.gz", "timestamp,carbon_intensity\n0,1\n");
    cr_expect_eq(vdc_carbon_read(path, &inputs, &series, &work.diag), VDC_OK);
    cr_assert_eq(inputs.count, 1);
    cr_expect_str_eq(inputs.items[0].name, "carbon.csv.gz");
    vdc_series_free(&series);
    vdc_inputs_clear(&inputs);
    test_workload_end(&work);
}

Test(series, without_memory) {
    test_workload work;
    test_workload_start(&work);
    char text[4000] = "timestamp,carbon_intensity\n";
    for (int i = 0; i < 100; i++) (void)snprintf(text + strlen(text), 32, "%d,1\n", i);
    const char *path = test_workload_file(&work, "carbon.csv", text);
    for (uint64_t n = 1;; n++) {
        cr_assert_lt(n, 100);
        vdc_series series;
        vdc_memory_fail_at(n, false);
        vdc_code code = vdc_carbon_read(path, NULL, &series, &work.diag);
        vdc_memory_fail_at(0, false);
        cr_assert(code == VDC_OK ? series.count == 100 : code == VDC_ERROR_MEMORY && series.count == 0, "%d", (int)code);
        vdc_series_free(&series);
        if (!code) break;
    }
    test_workload_end(&work);
}

/* The shipped tables of the specification's data. */
Test(series, published_tables) {
    test_workload work;
    test_workload_start(&work);
    static const char *const carbon[] = {"data/carbon/2022-01-01_2022-12-31_BE.csv", "data/carbon/AU_2021-2024.csv"};
    static const char *const failures[] = {"data/failures/Facebook_user_reported.csv", "data/failures/Netflix_user_reported.csv"};
    for (int i = 0; i < 2; i++) {
        const char *path = test_shared(&work, carbon[i]);
        vdc_series series;
        if (!path) continue;
        cr_expect_eq(vdc_carbon_read(path, NULL, &series, &work.diag), VDC_OK);
        cr_expect_gt(series.count, 8000);
        vdc_series_free(&series);
    }
    for (int i = 0; i < 2; i++) {
        const char *path = test_shared(&work, failures[i]);
        vdc_failure_list list;
        if (!path) continue;
        cr_expect_eq(vdc_failures_read(path, NULL, &list, &work.diag), VDC_OK, "%s", work.diag.count ? work.diag.messages[0].text : "");
        cr_expect_gt(list.count, 10);
        vdc_failures_free(&list);
    }
    test_workload_end(&work);
}
