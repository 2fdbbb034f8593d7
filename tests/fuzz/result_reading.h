/* What the targets of result files do with one: opened, every attribute, dataset and text read, the digest taken; then what `show` and `compare` do. */
#ifndef VDC_TESTS_FUZZ_RESULT_READING_H
#define VDC_TESTS_FUZZ_RESULT_READING_H

#include "analysis/compare.h"
#include "analysis/difference.h"
#include "analysis/result.h"
#include "analysis/show.h"
#include "sim/base/memory.h"
#include "tests/fuzz/fuzz.h"

enum { CELLS = 4096 };

static void read_dataset(const vdc_result *result, const char *path, vdc_diag *diag) {
    static double reals[CELLS];
    static int64_t integers[CELLS];
    static char *texts[CELLS];
    vdc_result_shape shape;
    if (!vdc_result_dataset(result, path, &shape) || shape.width == 0 || shape.width > CELLS) return;
    size_t most = CELLS / shape.width, rows = shape.rows < most ? shape.rows : most;
    /* The beginning and the end. */
    for (size_t at = 0, i = 0; i < 2; i++, at = shape.rows - rows) {
        if (shape.type == VDC_CELL_TEXT) {
            if (vdc_result_read_texts(result, path, at, rows, texts, diag)) continue;
            for (size_t k = 0; k < rows * shape.width; k++) vdc_free(texts[k]);
        } else {
            (void)vdc_result_read_reals(result, path, at, rows, reals, diag);
            (void)vdc_result_read_integers(result, path, at, rows, integers, diag);
        }
    }
}

static void read_all(vdc_result *result, vdc_diag *diag) {
    static const char *const groups[] = {"/summary", "/ticks", "/vms", "/hosts", "/tenants", "/events", "/checks"};
    static const char *const attributes[] = {"scenario", "vdcsim_version", "inputs", "policies", "digest", "scenario_sha256"};
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) (void)vdc_result_text(result, attributes[i]);
    for (size_t i = 0; vdc_result_summary(result, i); i++) REQUIRE(vdc_result_find(result, vdc_result_summary(result, i)->key));
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        const char *member;
        for (size_t i = 0; (member = vdc_result_member(result, groups[g], i)) != NULL; i++) read_dataset(result, member, diag);
    }
}

static void take_digest(vdc_result *result, vdc_diag *diag) {
    char digest[VDC_DIGEST_TEXT];
    vdc_code code = vdc_result_digest(result, digest, diag);
    REQUIRE(!code || diag->errors > 0);
}

/* The commands' own work on an open file: never what crashes, hangs or leaks, whatever it says. */
static void show(vdc_result *result, vdc_diag *diag) {
    vdc_text text = {0};
    (void)diag;
    vdc_show_summary(result, &text);
    vdc_show_provenance(result, &text);
    vdc_text_clear(&text);
}

static void find_differences(vdc_result *result, vdc_diag *diag) {
    vdc_text text = {0};
    size_t count;
    (void)vdc_result_differences(result, result, 10, &count, &text, diag);
    vdc_text_clear(&text);
}

static void compare(vdc_result *result, vdc_diag *diag) {
    vdc_text text = {0};
    vdc_run runs[2] = {{.path = "a.h5", .stem = "a", .result = result}, {.path = "b.h5", .stem = "b", .result = result, .group = 1}};
    vdc_run_group groups[2] = {{.label = "a", .first = 0, .count = 1}, {.label = "b", .first = 1, .count = 1}};
    vdc_runs both = {.items = runs, .count = 2, .groups = groups, .group_count = 2};
    vdc_compare_options options = {0};
    vdc_comparison comparison = {0};
    if (!vdc_compare(&comparison, &both, &options, diag)) {
        vdc_comparison_print(&comparison, &text);
        vdc_comparison_csv(&comparison, &text);
    }
    vdc_comparison_clear(&comparison);
    vdc_text_clear(&text);
}

/* `what`: one of the steps, or 0 = all of them one after another. */
static void read_result(const char *path, unsigned what) {
    static void (*const steps[])(vdc_result *, vdc_diag *) = {read_all, take_digest, show, find_differences, compare};
    enum { STEPS = sizeof steps / sizeof *steps };
    vdc_diag diag = {0};
    vdc_result *result = NULL;
    vdc_code code = vdc_result_open_here(&result, path, &diag);
    REQUIRE(!code == !!result && (!code || diag.errors > 0));
    for (unsigned i = 0; result && i < STEPS; i++)
        if (what % (STEPS + 1) == 0 || what % (STEPS + 1) == i + 1) steps[i](result, &diag);
    vdc_result_close(result);
    vdc_diag_clear(&diag);
}

#endif
