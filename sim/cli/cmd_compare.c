/* vdcsim compare: a table of results and their differences to a baseline. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/steady.h"
#include "sim/base/memory.h"
#include "sim/base/units.h"
#include "sim/cli/command.h"

typedef struct options {
    const char *baseline, *csv, *warm_up;
    vdc_cli_list metrics, series;
    bool force, markdown;
} options;

static const vdc_cli_option table[] = {
    {"baseline", 'b', VDC_CLI_TEXT, "NAME",
     "what differences are taken to: a label of the table, a file, or PARAMETER=VALUE (default: the first)", offsetof(options, baseline),
     NULL, 0, 0},
    {"metric", 'm', VDC_CLI_LIST, "KEY", "only this key of the summary; may be given more than once", offsetof(options, metrics),
     NULL, 0, 0},
    {"series", 's', VDC_CLI_LIST, "NAME", "the mean of this series of /ticks after its warm-up (power, vms_queued, P.cpu); may be given more than once",
     offsetof(options, series), NULL, 0, 0},
    {"warm-up", 0, VDC_CLI_TEXT, "TIME", "what the means of --series leave out at the beginning: a time such as 6h, or mser (MSER-5, the default)",
     offsetof(options, warm_up), NULL, 0, 0},
    {"markdown", 0, VDC_CLI_FLAG, NULL, "print one table in Markdown: a row a group, a column a metric, means ± half of their 95 % intervals",
     offsetof(options, markdown), NULL, 0, 0},
    {"csv", 0, VDC_CLI_PATH, "FILE", "write every number to FILE, too", offsetof(options, csv), NULL, 0, 0},
    {"force", 0, VDC_CLI_FLAG, NULL, "replace FILE when it is there already", offsetof(options, force), NULL, 0, 0},
};

/* The means that --series asks for join the summaries; `metrics` (room for all) becomes what is compared: those, and what --metric names. */
static vdc_code add_series(vdc_runs *runs, const options *o, const char **metrics, char **owned, vdc_diag *diag)
{
    double warm_up = NAN;
    vdc_code code = VDC_OK;
    if (o->warm_up && strcmp(o->warm_up, "mser") != 0) {
        const char *wrong = vdc_parse_real(o->warm_up, VDC_DIM_TIME, &warm_up);
        if (!wrong && warm_up < 0) {
            wrong = "is negative";
        }
        if (wrong) {
            return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "vdcsim compare: --warm-up: '%s' %s; allowed: a time such as 6h, or mser", o->warm_up, wrong);
        }
    }
    for (size_t i = 0; i < o->metrics.count; i++) {
        metrics[i] = o->metrics.items[i];
    }
    for (size_t i = 0; i < o->series.count && !code; i++) {
        code = vdc_runs_add_steady_mean(runs, o->series.items[i], warm_up, diag);
        metrics[o->metrics.count + i] = owned[i] = vdc_format("mean_%s", o->series.items[i]);
        if (!code && !owned[i]) {
            code = vdc_no_memory(diag, "a metric");
        }
    }
    return code;
}

static int run(const void *given, const vdc_cli_arguments *arguments)
{
    const options *o = given;
    vdc_diag diag = {0};
    vdc_runs runs;
    vdc_comparison comparison = {0};
    vdc_text text = {0}, csv = {0};
    const char **metrics = vdc_calloc(o->metrics.count + o->series.count + 1, sizeof *metrics);
    char **owned = vdc_calloc(o->series.count + 1, sizeof *owned);
    vdc_compare_options compare = {.baseline = o->baseline, .metrics = metrics, .metric_count = o->metrics.count + o->series.count};
    if (!metrics || !owned) {
        vdc_free(metrics);
        vdc_free(owned);
        return vdc_cli_finish(&diag, vdc_no_memory(&diag, "metrics"));
    }
    vdc_code code = vdc_runs_open(&runs, arguments->items, arguments->count, &diag);
    if (code) {
        vdc_free(metrics);
        vdc_free(owned);
        return vdc_cli_finish(&diag, code);
    }
    code = add_series(&runs, o, metrics, owned, &diag);
    code = code ? code : vdc_compare(&comparison, &runs, &compare, &diag);
    code = code ? code : vdc_runs_check(&runs, &diag);
    if (!code && o->csv) {
        vdc_comparison_csv(&comparison, &csv);
        code = vdc_text_save(&csv, o->csv, o->force, &diag);
    }
    if (!code) {
        if (o->markdown) vdc_comparison_markdown(&comparison, &text);
        else vdc_comparison_print(&comparison, &text);
        code = vdc_text_code(&text, "the table", &diag);
    }
    if (!code) {
        fputs(vdc_text_get(&text), stdout);
    }
    vdc_text_clear(&text);
    vdc_text_clear(&csv);
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
    for (size_t i = 0; i < o->series.count; i++) {
        vdc_free(owned[i]);
    }
    vdc_free(owned);
    vdc_free(metrics);
    return vdc_cli_finish(&diag, code);
}

const vdc_command vdc_command_compare = {
    .name = "compare", .summary = "results side by side, with statistics of the differences", .run = run,
    .details = "Runs that differ in their seed alone are one group; a folder stands for the result files in it.\n"
               "Differences are taken within a seed, where arrivals and failures are the same for every policy.\n"
               "With several seeds: means, 95 % intervals (Student's t), p-values of the paired t test corrected\n"
               "by Holm's method over all tests of the table, and Cohen's d_z. FILE has bootstrap intervals,\n"
               "Wilcoxon's test and Cliff's delta as well.",
    .syntax = {"DIR|A.h5 B.h5...", 1, SIZE_MAX, table, sizeof table / sizeof *table, sizeof(options)},
};
