/* Comparison: grouping, pairing by seed, differences worked out by hand, and the tables that are printed. */
#include "analysis/compare.h"
#include "analysis/csv.h"
#include "sim/base/memory.h"
#include "tests/support/result_files.h"
#include "tests/support/sample_runs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEEDS = 5 };

/* energy: what first-fit draws at each seed, and what best-fit saves of it. */
static const double first_fit[SEEDS] = {3.6e6, 7.2e6, 5.4e6, 4.5e6, 6.3e6};
static const double saved[SEEDS] = {0.36e6, 0.18e6, 0.72e6, 0.54e6, 0.36e6};

static void write_run(const char *placement, long long seed, double energy)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%lld.h5", placement, seed);
    const sample_metric metrics[] = {
        {"energy_j", "J", "energy of all hosts", energy},
        {"vms_arrived", "1", "VMs that arrived", 100 + (double)seed},
        {"migrations", "1", "migrations", 0},
    };
    sample_summary(test_folder_path(name), placement, seed, metrics, 3);
}

static vdc_runs open_folder(void)
{
    const char *folder = test_folder_make();
    for (int i = 0; i < SEEDS; i++) {
        write_run("first-fit", 11 + i, first_fit[i]);
        write_run("best-fit", 11 + i, first_fit[i] - saved[i]);
    }
    vdc_runs runs;
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, NULL), VDC_OK);
    return runs;
}

static void compare_folder(vdc_runs *runs, vdc_comparison *comparison)
{
    *runs = open_folder();
    vdc_compare_options options = {.baseline = "first-fit"};
    cr_assert_eq(vdc_compare(comparison, runs, &options, NULL), VDC_OK);
}

static size_t group_of(const vdc_runs *runs, const char *label)
{
    for (size_t g = 0; g < runs->group_count; g++) {
        if (strcmp(runs->groups[g].label, label) == 0) {
            return g;
        }
    }
    cr_assert(false, "no group is called %s", label);
    return 0;
}

static size_t metric_of(const vdc_comparison *comparison, const char *key)
{
    for (size_t m = 0; m < comparison->metric_count; m++) {
        if (strcmp(comparison->metrics[m].key, key) == 0) {
            return m;
        }
    }
    cr_assert(false, "no metric %s", key);
    return 0;
}

Test(compare, groups_by_policy_and_orders_by_seed, .fini = test_folder_remove)
{
    vdc_runs runs = open_folder();
    cr_assert(runs.count == 2 * SEEDS && runs.group_count == 2);
    size_t best = group_of(&runs, "best-fit"), first = group_of(&runs, "first-fit");
    cr_assert(runs.groups[best].count == SEEDS && runs.groups[first].count == SEEDS);
    for (size_t i = 0; i < SEEDS; i++) {
        cr_assert_eq(runs.items[runs.groups[best].first + i].seed, 11 + (int64_t)i);
        cr_assert_eq(vdc_runs_find(&runs, best, 11 + (int64_t)i), &runs.items[runs.groups[best].first + i]);
    }
    cr_assert_null(vdc_runs_find(&runs, best, 10));
    cr_assert_str_eq(vdc_run_parameter_value(&runs.items[runs.groups[best].first], "placement"), "best-fit");
    vdc_runs_close(&runs);
}

Test(compare, runs_alike_with_one_seed_stand_alone, .fini = test_folder_remove)
{
    const sample_metric metric = {"energy_j", "J", "energy", 1};
    const char *folder = test_folder_make();
    sample_summary(test_folder_path("left.h5"), "first-fit", 1, &metric, 1);
    sample_summary(test_folder_path("right.h5"), "first-fit", 1, &metric, 1);
    sample_summary(test_folder_path("other.h5"), "best-fit", 1, &metric, 1);
    vdc_runs runs;
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, NULL), VDC_OK);
    cr_assert_eq(runs.group_count, 3);
    group_of(&runs, "left");
    group_of(&runs, "right");
    vdc_runs_close(&runs);
}

/* d = -saved: mean -0.432e6, deviation 0.2052316e6 (by hand), t = mean / (deviation / sqrt 5) = -4.70680. */
Test(compare, differences_are_paired_by_seed, .fini = test_folder_remove)
{
    vdc_runs runs;
    vdc_comparison comparison;
    compare_folder(&runs, &comparison);
    size_t best = group_of(&runs, "best-fit"), m = metric_of(&comparison, "energy_j");
    const vdc_paired *paired = &comparison.paired[m * runs.group_count + best];
    cr_assert_eq(comparison.baselines[0], group_of(&runs, "first-fit"));
    cr_assert_eq(paired->n, SEEDS);
    cr_assert_float_eq(paired->mean, -0.432e6, 1e-3);
    cr_assert_float_eq(paired->deviation, 205231.6, 1);
    cr_assert_float_eq(paired->t, -4.70680, 1e-4);
    cr_assert_float_eq(paired->student.low, -0.432e6 - 2.776445 * 205231.6 / sqrt(5), 5); /* t table, 4 degrees of freedom */
    /* One test in the family, so Holm changes nothing; the others cannot be tested and do not count. */
    cr_assert_eq(comparison.t_tests, 1);
    cr_assert_float_eq(comparison.t_p[m * runs.group_count + best], paired->t_p, 1e-15);
    cr_assert(!comparison.metrics[m].equal);
    cr_assert(comparison.metrics[metric_of(&comparison, "vms_arrived")].equal, "differs between seeds only");
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
}

Test(compare, a_seed_without_its_mate_is_left_out_of_the_difference, .fini = test_folder_remove)
{
    const char *folder = test_folder_make();
    for (int i = 0; i < SEEDS; i++) {
        write_run("first-fit", 11 + i, first_fit[i]);
        if (i != 1) {
            write_run("best-fit", 11 + i, first_fit[i] - saved[i]);
        }
    }
    write_run("best-fit", 99, 1e12);
    vdc_runs runs;
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, NULL), VDC_OK);
    vdc_comparison comparison;
    const char *metric = "energy_j";
    vdc_compare_options options = {.baseline = "first-fit", .metrics = &metric, .metric_count = 1};
    cr_assert_eq(vdc_compare(&comparison, &runs, &options, NULL), VDC_OK);
    size_t best = group_of(&runs, "best-fit");
    cr_assert_eq(comparison.metric_count, 1);
    cr_assert_eq(comparison.samples[best].n, SEEDS);
    cr_assert_eq(comparison.paired[best].n, SEEDS - 1);
    cr_assert_float_eq(comparison.paired[best].mean, -(0.36e6 + 0.72e6 + 0.54e6 + 0.36e6) / 4, 1e-3);
    /* The row says what the difference stands on, and takes its share of the same pairs. */
    vdc_comparison_row row;
    vdc_comparison_row_show(&comparison, 0, best, &row);
    cr_expect_str_eq(row.n, "5, 4 pairs");
    cr_expect_str_eq(row.percent, "−10 %");
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
}

/* A sweep of two policies at two loads: each is compared with first-fit at its own load. */
Test(compare, a_baseline_by_parameter_is_one_for_each_point, .fini = test_folder_remove)
{
    static const char index[] = "file,seed,policy,load\na1.h5,1,first-fit,1\na2.h5,1,first-fit,2\nb1.h5,1,best-fit,1\nb2.h5,1,best-fit,2\n";
    static const struct { const char *file; double value; } files[] = {{"a1.h5", 10}, {"a2.h5", 20}, {"b1.h5", 11}, {"b2.h5", 18}};
    const char *folder = test_folder_make();
    /* The index lies above the folder of runs. */
    char runs_folder[512];
    snprintf(runs_folder, sizeof runs_folder, "%s/runs", folder);
    cr_assert_eq(mkdir(runs_folder, 0777), 0);
    test_file_write(test_folder_path("runs.csv"), index, strlen(index));
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "runs/%s", files[i].file);
        const sample_metric metric = {"energy_j", "J", "energy", files[i].value};
        sample_summary(test_folder_path(name), "any", 1, &metric, 1);
    }
    vdc_runs runs;
    vdc_comparison comparison;
    vdc_compare_options options = {.baseline = "policy=first-fit"};
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, NULL), VDC_OK);
    cr_assert_eq(vdc_compare(&comparison, &runs, &options, NULL), VDC_OK);
    size_t b1 = group_of(&runs, "best-fit, load 1"), b2 = group_of(&runs, "best-fit, load 2");
    cr_assert_eq(comparison.baselines[b1], group_of(&runs, "first-fit, load 1"));
    cr_assert_eq(comparison.baselines[b2], group_of(&runs, "first-fit, load 2"));
    cr_assert_eq(comparison.paired[b1].mean, 1);
    cr_assert_eq(comparison.paired[b2].mean, -2);
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "runs/%s", files[i].file);
        unlink(test_folder_path(name));
    }
    rmdir(runs_folder);
}

Test(compare, unknown_names_are_errors_that_help, .fini = test_folder_remove)
{
    vdc_runs runs = open_folder();
    vdc_comparison comparison;
    vdc_diag diag = {0};
    const char *metric = "enrgy_j";
    vdc_compare_options misspelt = {.metrics = &metric, .metric_count = 1};
    cr_assert_eq(vdc_compare(&comparison, &runs, &misspelt, &diag), VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "did you mean 'energy_j'"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    vdc_compare_options nobody = {.baseline = "worst-fit"};
    cr_assert_eq(vdc_compare(&comparison, &runs, &nobody, &diag), VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "best-fit; first-fit"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    vdc_compare_options by_file = {.baseline = "first-fit-13"};
    cr_assert_eq(vdc_compare(&comparison, &runs, &by_file, &diag), VDC_OK);
    cr_assert_eq(comparison.baselines[0], group_of(&runs, "first-fit"));
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
}

Test(compare, nothing_to_open_is_an_error, .fini = test_folder_remove)
{
    const char *folder = test_folder_make(), *absent = "/nonexistent/a.h5";
    vdc_runs runs;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, &diag), VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "holds no result file"), "%s", diag.messages[0].text);
    cr_assert_eq(vdc_runs_open(&runs, &absent, 1, &diag), VDC_ERROR_INPUT);
    test_file_write(test_folder_path("broken.h5"), "not HDF5", 8);
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, &diag), VDC_ERROR_INPUT);
    vdc_diag_clear(&diag);
}

Test(compare, the_table_for_people, .fini = test_folder_remove)
{
    vdc_runs runs;
    vdc_comparison comparison;
    compare_folder(&runs, &comparison);
    vdc_text out = {0};
    vdc_comparison_print(&comparison, &out);
    /* Means 1.5 and 1.38 kWh; the difference is -0.12 kWh, which is 8 % of the baseline. */
    static const char *const wanted[] = {"10 results in 2 groups",
                                         "energy_j (kWh): energy of all hosts",
                                         "1.5000",
                                         "1.3800",
                                         "−0.1200",
                                         "−8 %",
                                         "Holm-corrected over 1 tests",
                                         "The same in all, seed by seed (means): vms_arrived 113",
                                         "0 in all: migrations"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        cr_assert(strstr(vdc_text_get(&out), wanted[i]), "no '%s' in\n%s", wanted[i], vdc_text_get(&out));
    }
    /* Columns line up: "n" of the heading stands above the n of each row. */
    const char *block = strstr(vdc_text_get(&out), "energy_j (kWh)"), *lines[4];
    for (int i = 0; i < 4; i++) {
        lines[i] = block;
        block = strchr(block, '\n') + 1;
    }
    size_t column = (size_t)(strstr(lines[1], " n ") + 1 - lines[1]);
    cr_assert(lines[2][column] == '5' && lines[3][column] == '5', "%s", vdc_text_get(&out));
    vdc_text_clear(&out);
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
}

Test(compare, the_table_for_programs, .fini = test_folder_remove)
{
    vdc_runs runs;
    vdc_comparison comparison;
    compare_folder(&runs, &comparison);
    vdc_text out = {0};
    vdc_comparison_csv(&comparison, &out);
    const char *path = test_folder_path("out.csv");
    cr_assert_eq(vdc_text_save(&out, path, false, NULL), VDC_OK);
    cr_assert_eq(vdc_text_save(&out, path, false, NULL), VDC_ERROR_INPUT, "an existing file was replaced");
    vdc_csv table;
    cr_assert_eq(vdc_csv_read(&table, path, NULL), VDC_OK);
    cr_assert_eq(table.rows, 1 + 3 * 2);
    for (size_t row = 1; row < table.rows; row++) {
        cr_assert_eq(table.row_ends[row] - table.row_ends[row - 1], table.row_ends[0], "row %zu has other columns than the head", row);
    }
    bool found = false;
    for (size_t row = 1; row < table.rows; row++) {
        if (strcmp(vdc_csv_field(&table, row, 0), "energy_j") == 0 && strcmp(vdc_csv_field(&table, row, 2), "best-fit") == 0) {
            size_t difference = 0, p = 0;
            for (size_t k = 0; k < table.row_ends[0]; k++) {
                difference = strcmp(vdc_csv_field(&table, 0, k), "difference") == 0 ? k : difference;
                p = strcmp(vdc_csv_field(&table, 0, k), "t_p") == 0 ? k : p;
            }
            found = true;
            cr_assert_float_eq(atof(vdc_csv_field(&table, row, difference)), -0.432e6, 1e-3);
            cr_assert_float_eq(atof(vdc_csv_field(&table, row, p)), 0.0092617, 1e-6); /* 2 P(t(4) > 4.70680) */
        }
    }
    cr_assert(found);
    vdc_csv_clear(&table);
    vdc_text_clear(&out);
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
}

Test(compare, the_table_for_pages, .fini = test_folder_remove)
{
    vdc_runs runs;
    vdc_comparison comparison;
    compare_folder(&runs, &comparison);
    vdc_text out = {0};
    vdc_comparison_markdown(&comparison, &out);
    /* t(0.975, 4) = 2.7764 x deviation / sqrt(5), with two digits */
    cr_assert_str_eq(vdc_text_get(&out), "| | energy_j, kWh | vms_arrived | migrations |\n| --- | --- | --- | --- |\n"
                                         "| first-fit | 1.50 ± 0.49 | 113.0 ± 2.0 | 0 |\n| best-fit | 1.38 ± 0.52 | 113.0 ± 2.0 | 0 |\n");
    vdc_text_clear(&out);
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
}

Test(compare, single_runs_side_by_side, .fini = test_folder_remove)
{
    const char *paths[2];
    test_folder_make();
    write_run("first-fit", 1, 2e6);
    write_run("best-fit", 1, 1e6);
    paths[0] = test_folder_path("first-fit-1.h5");
    paths[1] = test_folder_path("best-fit-1.h5");
    vdc_runs runs;
    cr_assert_eq(vdc_runs_open(&runs, paths, 2, NULL), VDC_OK);
    vdc_comparison comparison;
    vdc_compare_options options = {0};
    cr_assert_eq(vdc_compare(&comparison, &runs, &options, NULL), VDC_OK);
    cr_assert_str_eq(runs.groups[comparison.baselines[0]].label, "first-fit", "the first given is the baseline");
    vdc_text out = {0};
    vdc_comparison_print(&comparison, &out);
    cr_assert(strstr(vdc_text_get(&out), "−50 %") && strstr(vdc_text_get(&out), "without intervals"), "%s", vdc_text_get(&out));
    cr_assert_null(strstr(vdc_text_get(&out), "Holm"), "a p-value of single runs");
    vdc_text_clear(&out);
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
}

Test(scale, units_and_numbers_that_read_well)
{
    static const struct { const char *units; double largest; const char *shown; double factor;
    } cases[] = {
        {"s", 604800, "d", 86400},
        {"s", 7200, "h", 3600},
        {"s", 90, "s", 1},
        {"s", 0.002, "ms", 1e-3},
        {"s", 0, "s", 1},
        {"J", 7.2e6, "kWh", 3.6e6},
        {"byte", 2147483648.0, "GiB", 1073741824},
        {"W", 9999, "W", 1},
        {"W", 12000, "kW", 1000},
        {"1", 1e9, "", 1},
        {"g/kWh", 5, "g/kWh", 1},
        {"core s", 36000, "core·h", 3600},
        {"Hz", 2.5e9, "GHz", 1e9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vdc_scale scale = vdc_scale_choose(cases[i].units, cases[i].largest);
        cr_assert_str_eq(scale.units, cases[i].shown, "%g %s: %s", cases[i].largest, cases[i].units, scale.units);
        cr_assert_eq(scale.factor, cases[i].factor);
    }
    static const struct { double value; int digits; const char *shown;
    } numbers[] = {
        {0, 4, "0"},          {1234, 3, "1234"},     {12345, 3, "12 345"},   {1234567, 3, "1 234 567"},   {-0.5, 3, "−0.500"},
        {3.14159, 3, "3.14"}, {99.96, 3, "100"},     {31415.9, 3, "31 416"}, {0.00012345, 3, "1.23e-04"}, {NAN, 3, "–"},
        {INFINITY, 3, "∞"},   {1e20, 3, "1.00e+20"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char buffer[64];
        cr_assert_str_eq(vdc_show_number(numbers[i].value, numbers[i].digits, buffer, sizeof buffer), numbers[i].shown);
    }
    cr_assert_str_eq(vdc_time_axis_choose(0, 100).units, "s");
    cr_assert_str_eq(vdc_time_axis_choose(0, 3600).units, "min");
    cr_assert_str_eq(vdc_time_axis_choose(0, 2 * 86400).units, "h");
    cr_assert_eq(vdc_time_axis_choose(0, 2 * 86400).step, 6);
    cr_assert_eq(vdc_time_axis_choose(0, 30 * 86400.0).step, 7);
    cr_assert_gt(vdc_time_axis_choose(0, 0).step, 0);
}
