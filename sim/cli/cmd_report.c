/* vdcsim report: one self-contained HTML page about results. */
#include <stdio.h>

#include "analysis/report.h"
#include "sim/base/file.h"
#include "sim/cli/command.h"

typedef struct options {
    const char *output, *title, *baseline;
    bool force;
} options;

static const vdc_cli_option table[] = {
    {"output", 'o', VDC_CLI_PATH, "REPORT.html", "the page", offsetof(options, output), NULL, 0, 0},
    {"title", 't', VDC_CLI_TEXT, "TEXT", "its title (default: the scenario's name)", offsetof(options, title), NULL, 0, 0},
    {"baseline", 'b', VDC_CLI_TEXT, "NAME", "what differences are taken to (default: the first)", offsetof(options, baseline),
     NULL, 0, 0},
    {"force", 0, VDC_CLI_FLAG, NULL, "replace the page when it is there already", offsetof(options, force), NULL, 0, 0},
};

static int run(const void *given, const vdc_cli_arguments *arguments)
{
    const options *o = given;
    vdc_diag diag = {0};
    vdc_runs runs;
    vdc_text page = {0};
    if (!o->output) {
        return vdc_cli_finish(&diag, vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "vdcsim report: -o REPORT.html is missing"));
    }
    vdc_cli_catch_signals();
    vdc_code code = vdc_runs_open(&runs, arguments->items, arguments->count, &diag);
    for (size_t i = 0; !code && i < runs.count; i++) {
        code = vdc_file_spare(o->output, runs.items[i].path, &diag);
        if (code) vdc_runs_close(&runs);
    }
    if (!code) {
        vdc_report_options report = {.title = o->title, .baseline = o->baseline, .stop = vdc_cli_interrupted};
        code = vdc_report_build(&runs, &report, &page, &diag);
        code = code ? code : vdc_runs_check(&runs, &diag);
        code = code ? code : vdc_text_save(&page, o->output, o->force, &diag);
        if (!code) {
            printf("%s\n", o->output);
        }
        vdc_text_clear(&page);
        vdc_runs_close(&runs);
    }
    return vdc_cli_finish(&diag, code);
}

const vdc_command vdc_command_report = {
    .name = "report", .summary = "one HTML page about results: numbers, intervals, pictures, how to run it again", .run = run,
    .details = "The page holds everything, pictures included, and loads nothing. Pictures need gnuplot.",
    .syntax = {"DIR|OUT.h5...", 1, SIZE_MAX, table, sizeof table / sizeof *table, sizeof(options)},
};
