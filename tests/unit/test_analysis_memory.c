/* Comparison, pictures, reports and sweeps when memory runs out at each point in turn: an error, and nothing left behind (which the
 * sanitizer build sees). */
#include "analysis/compare.h"
#include "analysis/report.h"
#include "analysis/sweep_table.h"
#include "sim/base/memory.h"
#include "sim/sweep/grid.h"
#include "tests/support/result_files.h"
#include "tests/support/sample_runs.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each file is tried in a process of its own first, and a sanitizer's is dear to fork: there every third allocation has to do. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { STRIDE = 3 };
#else
enum { STRIDE = 1 };
#endif

/* Two groups of two runs with a metric each. */
static const char *small_folder(void)
{
    const char *folder = test_folder_make();
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.h5", i);
        const sample_metric metric = {"energy_j", "J", "energy", 1000 + i};
        sample_summary(test_folder_path(name), i < 2 ? "first-fit" : "best-fit", i % 2, &metric, 1);
    }
    return folder;
}

static vdc_code compare_and_show(const char *folder, vdc_diag *diag)
{
    vdc_runs runs;
    vdc_comparison comparison = {0};
    vdc_text text = {0}, csv = {0};
    vdc_compare_options options = {0};
    vdc_code code = vdc_runs_open(&runs, &folder, 1, diag);
    if (code) {
        return code;
    }
    code = vdc_compare(&comparison, &runs, &options, diag);
    if (!code) {
        vdc_comparison_print(&comparison, &text);
        vdc_comparison_csv(&comparison, &csv);
        code = vdc_text_code(&text, "the table", diag);
        code = code ? code : vdc_text_code(&csv, "the table", diag);
    }
    vdc_text_clear(&text);
    vdc_text_clear(&csv);
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
    return code;
}

static vdc_code build_report(const char *folder, vdc_diag *diag)
{
    vdc_runs runs;
    vdc_text page = {0};
    vdc_report_options options = {0};
    vdc_code code = vdc_runs_open(&runs, &folder, 1, diag);
    if (code) {
        return code;
    }
    code = vdc_report_build(&runs, &options, &page, diag);
    vdc_text_clear(&page);
    vdc_runs_close(&runs);
    return code;
}

static vdc_code open_grid(const char *path, vdc_diag *diag)
{
    vdc_grid grid;
    vdc_grid_run run;
    vdc_code code = vdc_grid_open(&grid, path, diag);
    if (code) {
        return code;
    }
    code = vdc_grid_run_at(&grid, grid.runs - 1, &run, diag);
    if (!code) {
        char *command = vdc_grid_run_command(&run, true);
        code = command ? VDC_OK : vdc_no_memory(diag, "a command");
        vdc_free(command);
        vdc_grid_run_clear(&run);
    }
    vdc_grid_close(&grid);
    return code;
}

static vdc_code write_table(const char *folder, vdc_diag *diag)
{
    return vdc_sweep_table_write(folder, diag);
}

/* Lets each allocation in turn fail: either the work says so, or it could do without (as with a text
 * that is only shown). `stride` > 1 leaves some out where there are many. */
static void fail_in_turn(vdc_code (*work)(const char *, vdc_diag *), const char *what, uint64_t stride)
{
    vdc_diag diag = {0};
    cr_assert_eq(work(what, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    uint64_t before = vdc_memory_count();
    cr_assert_eq(work(what, &diag), VDC_OK);
    uint64_t allocations = vdc_memory_count() - before, failed = 0;
    vdc_diag_clear(&diag);
    for (uint64_t n = 1; n <= allocations; n += stride) {
        vdc_memory_fail_at(n, false);
        failed += work(what, &diag) != VDC_OK;
        vdc_memory_fail_at(0, false);
        vdc_diag_clear(&diag);
    }
    uint64_t tried = (allocations + stride - 1) / stride;
    cr_assert(allocations > 10 && failed >= tried * 2 / 3, "%llu of %llu failed allocations were told", (unsigned long long)failed,
              (unsigned long long)tried);
}

Test(analysis_memory, compare, .fini = test_folder_remove)
{
    fail_in_turn(compare_and_show, small_folder(), STRIDE);
}

Test(analysis_memory, report, .fini = test_folder_remove)
{
    /* No pictures: gnuplot would be started hundreds of times. */
    setenv("PATH", "/nonexistent", 1);
    fail_in_turn(build_report, small_folder(), 3 * STRIDE);
}

Test(analysis_memory, grid, .fini = test_folder_remove)
{
    static const char sweep[] =
        "sweep: 1\nextends: b.yaml\npolicies: {a: {placement: {policy: best-fit, norm: l2}}, b: {cpu: {policy: fair-share}}}\n"
        "axes: {x.y: {from: 1s, to: 3s, step: 1s}, z: [[1, 2], {p: q}]}\nzip: {u: {v: [1, 2], w: [3, 4]}}\nseeds: [1, 2]\nset: {k: 1}\n";
    test_folder_make();
    test_file_write(test_folder_path("sweep.yaml"), sweep, strlen(sweep));
    fail_in_turn(open_grid, test_folder_path("sweep.yaml"), 1);
}

Test(analysis_memory, sweep_table, .fini = test_folder_remove)
{
    static const char index[] = "file,seed,placement\n0.h5,0,first-fit\n1.h5,1,first-fit\n2.h5,0,best-fit\n3.h5,1,best-fit\n";
    const char *folder = small_folder();
    test_file_write(test_folder_path("runs.csv"), index, strlen(index));
    fail_in_turn(write_table, folder, STRIDE);
}
