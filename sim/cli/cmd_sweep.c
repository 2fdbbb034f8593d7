/* vdcsim sweep: a grid of runs, one result file each and one table. */
#include <stdio.h>
#include <unistd.h>

#include "analysis/sweep_table.h"
#include "sim/cli/command.h"
#include "sim/sweep/sweep.h"

typedef struct options {
    const char *folder;
    vdc_cli_number jobs;
    bool resume, check, no_progress, list;
} options;

static const vdc_cli_option table[] = {
    {.name = "output",
     .letter = 'o',
     .type = VDC_CLI_PATH,
     .argument = "DIR",
     .help = "folder for the results, made when it is not there",
     .offset = offsetof(options, folder)},
    {.name = "jobs",
     .letter = 'j',
     .type = VDC_CLI_NUMBER,
     .argument = "N",
     .help = "runs at one time (default: one for each processor)",
     .offset = offsetof(options, jobs),
     .minimum = 1,
     .maximum = 4096},
    {.name = "resume",
     .type = VDC_CLI_FLAG,
     .help = "do what is missing of the sweep that the folder holds",
     .offset = offsetof(options, resume)},
    {.name = "check",
     .type = VDC_CLI_FLAG,
     .help = "verify the invariants of the accounts in every run",
     .offset = offsetof(options, check)},
    {.name = "list",
     .type = VDC_CLI_FLAG,
     .help = "check the sweep and print the command of every run; run nothing",
     .offset = offsetof(options, list)},
    {.name = "no-progress", .type = VDC_CLI_FLAG, .help = "no progress line", .offset = offsetof(options, no_progress)},
};

/* What the callbacks know. */
typedef struct show {
    bool line;               /* a progress line is shown */
    double begin, last;
} show;

enum { LINE_WIDTH = 78 };

static bool show_progress(void *context, const vdc_sweep_state *state) {
    show *s = context;
    double now = vdc_cli_wall_seconds();
    size_t ended = state->done + state->failed, left = state->runs - state->already - ended;
    if (s->line && (now - s->last > 0.2 || left == 0)) {
        char rest[48] = "", text[256];
        if (ended > 0 && left > 0) {
            double seconds = (now - s->begin) / (double)ended * (double)left;
            snprintf(rest, sizeof rest, ", %d:%02d left", (int)seconds / 60, (int)seconds % 60);
        }
        snprintf(text, sizeof text, "%zu of %zu runs done, %zu running, %zu failed%s", state->already + state->done, state->runs,
                 state->running, state->failed, rest);
        fprintf(stderr, "\r%-*.*s", LINE_WIDTH, LINE_WIDTH, text);
        s->last = now;
    }
    return vdc_cli_interrupted();
}

static void wipe(const show *s) {
    if (s->line) fprintf(stderr, "\r%*s\r", LINE_WIDTH, "");
}

static void show_failure(void *context, size_t run, const char *said, const char *command) {
    wipe(context);
    fprintf(stderr, "vdcsim: run %zu failed: %s\n  again: %s\n", run, said, command);
}

static int list_runs(const vdc_grid *grid, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < grid->runs && !code; i++) {
        vdc_grid_run run;
        code = vdc_grid_run_at(grid, i, &run, diag);
        if (code) break;
        char *command = vdc_grid_run_command(&run);
        if (command) printf("%s -o runs/%s.h5\n", command, run.name);
        else code = vdc_no_memory(diag, "a command");
        vdc_free(command);
        vdc_grid_run_clear(&run);
    }
    return vdc_cli_finish(diag, code);
}

static int run_sweep(vdc_sweep *sweep, const options *chosen, vdc_diag *diag) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    show s = {.line = !chosen->no_progress && isatty(STDERR_FILENO), .begin = vdc_cli_wall_seconds()};
    vdc_sweep_options settings = {
        .folder = chosen->folder, .workers = chosen->jobs.given ? (size_t)chosen->jobs.value : processors > 0 ? (size_t)processors : 1,
        .resume = chosen->resume, .check = chosen->check, .context = &s, .failed = show_failure, .progress = show_progress,
    };
    vdc_sweep_state state;
    fflush(NULL); /* the workers are copies of this process */
    vdc_code code = vdc_sweep_run(sweep, &settings, &state, diag);
    wipe(&s);
    if (code == VDC_INTERRUPTED) {
        fprintf(stderr, "interrupted: %zu of %zu runs are done; --resume does the rest\n", state.already + state.done, state.runs);
        return vdc_cli_finish(diag, code);
    }
    if (!code) code = vdc_sweep_table_write(chosen->folder, diag);
    if (code) return vdc_cli_finish(diag, code);
    fprintf(stderr, "%zu of %zu runs done", state.already + state.done, state.runs);
    if (state.failed) fprintf(stderr, ", %zu failed (runs/*.txt say why)", state.failed);
    fprintf(stderr, "; wrote %s/sweep.h5 and sweep.csv\n", chosen->folder);
    int status = vdc_cli_finish(diag, VDC_OK);
    return state.failed ? VDC_EXIT_FAILED : status;
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    vdc_diag diag = {0};
    if (!chosen->folder && !chosen->list)
        return vdc_cli_finish(&diag, vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "vdcsim sweep: -o DIR is missing"));
    vdc_sweep *sweep;
    vdc_code code = vdc_sweep_open(&sweep, arguments->items[0], &diag);
    if (code) return vdc_cli_finish(&diag, code);
    vdc_cli_catch_signals();
    int status = chosen->list ? list_runs(vdc_sweep_grid(sweep), &diag) : run_sweep(sweep, chosen, &diag);
    vdc_sweep_close(sweep);
    return status;
}

const vdc_command vdc_command_sweep = {
    .name = "sweep",
    .summary = "a grid of scenarios, policies, loads and seeds: one result file a run and one table",
    .details = "SWEEP.yaml: extends: base.yaml, then any of policies: {name: schedulers section},\n"
               "axes: {KEY.PATH: [values] or {from, to, step}}, zip: {name: {KEY.PATH: [values], ...}},\n"
               "seeds: 10. DIR/sweep.h5 has one labelled dimension an axis, for xarray; DIR/sweep.csv a row a run.\n"
               "Then: vdcsim compare DIR, vdcsim plot DIR -o PICTURES, vdcsim report DIR -o REPORT.html",
    .syntax = {.arguments = "SWEEP.yaml", .minimum = 1, .maximum = 1, .options = table, .option_count = sizeof table / sizeof *table,
               .size = sizeof(options)},
    .run = run,
};
