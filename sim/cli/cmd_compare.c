/* vdcsim compare: a table of results and their differences to a baseline. */
#include <stdio.h>

#include "analysis/compare.h"
#include "sim/cli/command.h"

typedef struct options {
    const char *baseline, *csv;
    vdc_cli_list metrics;
    bool force;
} options;

static const vdc_cli_option table[] = {
    {"baseline", 'b', VDC_CLI_TEXT, "NAME",
     "what differences are taken to: a label of the table, a file, or PARAMETER=VALUE (default: the first)", offsetof(options, baseline),
     NULL, 0, 0},
    {"metric", 'm', VDC_CLI_LIST, "KEY", "only this key of the summary; may be given more than once", offsetof(options, metrics),
     NULL, 0, 0},
    {"csv", 0, VDC_CLI_PATH, "FILE", "write every number to FILE, too", offsetof(options, csv), NULL, 0, 0},
    {"force", 0, VDC_CLI_FLAG, NULL, "replace FILE when it is there already", offsetof(options, force), NULL, 0, 0},
};

static int run(const void *given, const vdc_cli_arguments *arguments)
{
    const options *o = given;
    vdc_diag diag = {0};
    vdc_runs runs;
    vdc_comparison comparison = {0};
    vdc_text text = {0}, csv = {0};
    vdc_compare_options compare = {.baseline = o->baseline, .metrics = o->metrics.items, .metric_count = o->metrics.count};
    vdc_code code = vdc_runs_open(&runs, arguments->items, arguments->count, &diag);
    if (code) {
        return vdc_cli_finish(&diag, code);
    }
    code = vdc_compare(&comparison, &runs, &compare, &diag);
    if (!code && o->csv) {
        vdc_comparison_csv(&comparison, &csv);
        code = vdc_text_save(&csv, o->csv, o->force, &diag);
    }
    if (!code) {
        vdc_comparison_print(&comparison, &text);
        code = vdc_text_code(&text, "the table", &diag);
    }
    if (!code) {
        fputs(vdc_text_get(&text), stdout);
    }
    vdc_text_clear(&text);
    vdc_text_clear(&csv);
    vdc_comparison_clear(&comparison);
    vdc_runs_close(&runs);
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
