/* vdcsim sweep: a grid of runs, one result file each and one table. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analysis/result.h"
#include "analysis/statistics.h"
#include "analysis/sweep_table.h"
#include "analysis/text.h"
#include "sim/cli/command.h"
#include "sim/cli/status_line.h"
#include "sim/cli/sweep_inputs.h"
#include "sim/sweep/sweep.h"

typedef struct options {
    const char *folder;
    vdc_cli_number jobs, slurm;
    vdc_cli_list slurm_options;
    bool resume, join, programs, check, no_progress, list;
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
    {.name = "join", .type = VDC_CLI_FLAG, .offset = offsetof(options, join),
     .help = "share the folder with other processes that do the same sweep (so under mpirun and srun by itself)"},
    {.name = "slurm", .type = VDC_CLI_NUMBER, .argument = "N", .offset = offsetof(options, slurm), .minimum = 1, .maximum = 100000,
     .help = "write DIR/sweep.sbatch, a Slurm job array of N tasks that do the sweep together, and submit it"},
    {.name = "slurm-option", .type = VDC_CLI_LIST, .argument = "TEXT", .offset = offsetof(options, slurm_options),
     .help = "an #SBATCH line of that script, such as --time=1:00:00; may be given more than once"},
    {.name = "programs", .type = VDC_CLI_FLAG, .offset = offsetof(options, programs),
     .help = "with DIR: policies may be programs and plug-ins that it names, for folders that you trust"},
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
        int width = vdc_status_line_columns(STDERR_FILENO, LINE_WIDTH + 1) - 1;
        fprintf(stderr, "\r%-*.*s", width, width, text);
        s->last = now;
    }
    return vdc_cli_interrupted();
}

static void wipe(const show *s) {
    if (s->line) fprintf(stderr, "\r%*s\r", vdc_status_line_columns(STDERR_FILENO, LINE_WIDTH + 1) - 1, "");
}

static void show_failure(void *context, size_t run, const char *said, const char *command) {
    wipe(context);
    fprintf(stderr, "vdcsim: run %zu failed: %s\n  again: %s\n", run, said, command);
}

static int list_runs(const vdc_grid *grid, bool check, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < grid->runs && !code; i++) {
        vdc_grid_run run;
        code = vdc_grid_run_at(grid, i, &run, diag);
        if (code) break;
        char *command = vdc_grid_run_command(&run, check);
        if (command) printf("%s -o runs/%s.h5\n", command, run.name);
        else code = vdc_no_memory(diag, "a command");
        vdc_free(command);
        vdc_grid_run_clear(&run);
    }
    return vdc_cli_finish(diag, code);
}

/* ---- many processes ---- */

/* A whole number of the environment, `otherwise` when it is not there. */
static size_t environment_number(const char *name, size_t otherwise) {
    const char *text = getenv(name);
    char *end;
    unsigned long value = text && *text ? strtoul(text, &end, 10) : 0;
    return text && *text && *end == '\0' ? (size_t)value : otherwise;
}

/* This process among those that were started together: by Open MPI, MPICH, srun or as a Slurm job array. 1 of 1 when it is alone. */
static void find_rank(size_t *rank, size_t *ranks) {
    static const char *const names[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"},
                                           {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT"}, {"SLURM_PROCID", "SLURM_NTASKS"}};
    *rank = 0;
    *ranks = 1;
    for (size_t i = 0; i < sizeof names / sizeof *names && *ranks == 1; i++) {
        *ranks = environment_number(names[i][1], 1);
        *rank = environment_number(names[i][0], 0);
    }
}

/* One worker a process where many processes were started, else one a processor. */
static size_t default_workers(bool together) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (together) return environment_number("SLURM_CPUS_PER_TASK", 1);
    return processors > 0 ? (size_t)processors : 1;
}

/* Runs sbatch on the script and passes its outcome on. */
static vdc_code submit(const char *script, vdc_diag *diag) {
    extern char **environ;
    char *name = vdc_strdup(script), program[] = "sbatch";
    char *words[] = {program, name, NULL};
    pid_t child;
    int status = 0, error = name ? posix_spawnp(&child, program, NULL, NULL, words, environ) : ENOMEM;
    if (error) {
        vdc_fail(diag, VDC_ERROR_IO, NULL,
                 error == ENOENT ? "%s was written, but there is no sbatch here to submit it (%s)" : "%s: sbatch: %s", script,
                 strerror(error));
    } else {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s: sbatch did not take it", script);
    }
    vdc_free(name);
    return vdc_diag_code(diag);
}

/* Adds a word in single quotes. */
static void add_quoted(vdc_text *text, const char *word) {
    vdc_text_add(text, " '");
    for (; *word; word++) vdc_text_add(text, *word == '\'' ? "'\\''" : "%c", *word);
    vdc_text_add(text, "'");
}

/* Writes the folder and the script of a job array, and submits it. `named` is the sweep as the command line names it: a file, or the folder of one
 * that was done, whose sweep.yaml by itself would name scenarios that are not there. */
static vdc_code run_by_slurm(vdc_sweep *sweep, const char *named, const options *chosen, vdc_diag *diag) {
    const vdc_grid *grid = vdc_sweep_grid(sweep);
    vdc_sweep_options settings = {.folder = chosen->folder, .join = true};
    vdc_code code = vdc_sweep_prepare(sweep, &settings, diag);
    if (code) return code;
    char *program = realpath("/proc/self/exe", NULL), *file = realpath(named, NULL), *folder = realpath(chosen->folder, NULL);
    char *script = vdc_format("%s/sweep.sbatch", chosen->folder);
    vdc_text text = {0};
    if (!program || !file || !folder || !script) {
        code = vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: its path cannot be found: %s", chosen->folder, strerror(errno));
    } else {
        vdc_text_add(
            &text,
            "#!/bin/sh\n# Written by vdcsim sweep --slurm: tasks that take runs of one sweep until none is left.\n#SBATCH --job-name=%s\n"
            "#SBATCH --array=0-%zu\n#SBATCH --output=%s/sweep-%%a.log\n",
            grid->name, (size_t)chosen->slurm.value - 1, folder);
        if (chosen->jobs.given) vdc_text_add(&text, "#SBATCH --cpus-per-task=%zu\n", (size_t)chosen->jobs.value);
        for (size_t i = 0; i < chosen->slurm_options.count; i++) vdc_text_add(&text, "#SBATCH %s\n", chosen->slurm_options.items[i]);
        vdc_text_add(&text, "exec");
        const char *const words[] = {program, "sweep", file, "-o", folder, "--join", "--no-progress"};
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) add_quoted(&text, words[i]);
        vdc_text_add(&text, "%s%s\n", chosen->programs ? " --programs" : "", chosen->check ? " --check" : "");
        code = vdc_text_save(&text, script, true, diag);
        if (!code) code = submit(script, diag);
    }
    vdc_text_clear(&text);
    vdc_free(script);
    free(program);
    free(file);
    free(folder);
    return code;
}

/* ---- one process ---- */

/* Writes the table; processes that joined take turns, the bytes are the same. */
static vdc_code write_table(const vdc_sweep *sweep, const char *folder, bool join, vdc_diag *diag) {
    int lock = join ? vdc_sweep_lock_table(sweep, folder) : -1;
    vdc_code code = vdc_sweep_table_write(folder, diag);
    if (!code) code = vdc_cli_keep_inputs(vdc_sweep_grid(sweep), folder, diag);
    if (lock >= 0) close(lock);
    return code;
}

/* Where a sweep says when its seeds are enough: how many are to be run next, `seeds` when they are enough or all there are. The same for
 * all processes that see the same results. */
static vdc_code next_seeds(const vdc_grid *grid, const char *folder, size_t seeds, size_t *next, bool *enough, vdc_diag *diag) {
    size_t groups = grid->runs / grid->seed_count, wanted = seeds;
    *enough = true;
    double *values = vdc_calloc(seeds, sizeof *values);
    vdc_code code = values ? VDC_OK : vdc_no_memory(diag, "the metric of a sweep's stop");
    for (size_t g = 0; g < groups && !code; g++) {
        size_t n = 0;
        for (size_t s = 0; s < seeds && !code; s++) {
            vdc_grid_run run;
            code = vdc_grid_run_at(grid, g * grid->seed_count + s, &run, diag);
            if (code) break;
            char *path = vdc_format("%s/runs/%s.h5", folder, run.name);
            vdc_result *result = NULL;
            if (!path) code = vdc_no_memory(diag, "a file's name");
            else if (access(path, F_OK) == 0) code = vdc_result_open(&result, path, diag); /* failed runs have none */
            const vdc_result_value *value = result ? vdc_result_find(result, grid->stop.metric) : NULL;
            if (result && (!value || value->type == VDC_CELL_TEXT))
                code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: stop: metric '%s' is no number of the summary (vdcsim show lists them)", grid->path,
                                grid->stop.metric);
            else if (value) values[n++] = value->real;
            vdc_result_close(result);
            vdc_free(path);
            vdc_grid_run_clear(&run);
        }
        if (n == 0) { /* all failed: more seeds would, too */
            *enough = false;
            continue;
        }
        vdc_precision precision = vdc_replications_needed(values, n, grid->stop.level, grid->stop.half_width, grid->stop.relative);
        if (precision.enough) continue;
        *enough = false;
        size_t needed = precision.needed > seeds ? precision.needed : seeds + 1;
        wanted = needed > wanted ? needed : wanted;
    }
    vdc_free(values);
    /* The deviation of few values misleads: never more than twice as many at once. */
    wanted = wanted > 2 * seeds ? 2 * seeds : wanted;
    *next = wanted < grid->seed_count ? wanted : grid->seed_count;
    return code;
}

/* The runs of all seeds, or of as many as are enough; *seeds tells how many. */
static vdc_code run_rounds(vdc_sweep *sweep, vdc_sweep_options *settings, vdc_sweep_state *state, size_t *seeds, bool *enough, vdc_diag *diag) {
    const vdc_grid *grid = vdc_sweep_grid(sweep);
    *seeds = grid->seed_count;
    *enough = false;
    if (!grid->stop.metric) return vdc_sweep_run(sweep, settings, state, diag);
    size_t failed = 0, mine = 0, next = (size_t)grid->stop.least < grid->seed_count ? (size_t)grid->stop.least : grid->seed_count;
    vdc_code code = VDC_OK;
    settings->since = time(NULL);
    do {
        *seeds = settings->seeds = next;
        code = vdc_sweep_run(sweep, settings, state, diag);
        mine += state->done;
        failed = state->failed + (settings->join ? failed : 0);
        if (!code) code = next_seeds(grid, settings->folder, *seeds, &next, enough, diag);
        settings->resume = settings->later = true;
    } while (!code && next > *seeds);
    if (settings->join) state->done = mine;
    state->failed = failed;
    return code;
}

static int run_sweep(vdc_sweep *sweep, const options *chosen, vdc_diag *diag) {
    size_t rank, ranks;
    find_rank(&rank, &ranks);
    bool join = chosen->join || ranks > 1;
    show s = {.line = !chosen->no_progress && isatty(STDERR_FILENO), .begin = vdc_cli_wall_seconds()};
    vdc_sweep_options settings = {
        .folder = chosen->folder,
        .workers = chosen->jobs.given ? (size_t)chosen->jobs.value : default_workers(ranks > 1),
        .resume = chosen->resume,
        .join = join,
        .rank = rank,
        .ranks = ranks,
        .check = chosen->check,
        .context = &s,
        .failed = show_failure,
        .progress = show_progress,
    };
    vdc_sweep_state state;
    fflush(NULL); /* the workers are copies of this process */
    size_t seeds;
    bool enough;
    vdc_code code = chosen->resume || join ? vdc_cli_check_inputs(vdc_sweep_grid(sweep), chosen->folder, diag) : VDC_OK;
    if (code) return vdc_cli_finish(diag, code);
    code = run_rounds(sweep, &settings, &state, &seeds, &enough, diag);
    wipe(&s);
    if (code == VDC_INTERRUPTED) {
        fprintf(stderr, "interrupted: %zu of %zu runs are done; --resume does the rest\n", state.already + state.done, state.runs);
        return vdc_cli_finish(diag, code);
    }
    if (!code) code = write_table(sweep, chosen->folder, join, diag);
    if (code == VDC_INTERRUPTED) fprintf(stderr, "interrupted: all runs have ended, their inputs are not all kept; --resume does that\n");
    if (code) return vdc_cli_finish(diag, code);
    const vdc_grid *grid = vdc_sweep_grid(sweep);
    if (grid->stop.metric)
        fprintf(stderr, "%zu of at most %zu seeds: the %g %% intervals of %s are %swithin +-%g%s\n", seeds, grid->seed_count, 100 * grid->stop.level,
                grid->stop.metric, enough ? "" : "not all ", grid->stop.relative ? 100 * grid->stop.half_width : grid->stop.half_width,
                grid->stop.relative ? " % of their means" : "");
    fprintf(stderr, "%zu of %zu runs done", join ? state.done : state.already + state.done, state.runs);
    if (join) fprintf(stderr, " by this process");
    if (state.failed) fprintf(stderr, ", %zu failed (runs/*.txt say why)", state.failed);
    fprintf(stderr, "; wrote %s/sweep.h5 and sweep.csv\n", chosen->folder);
    int status = vdc_cli_finish(diag, VDC_OK);
    return state.failed ? VDC_EXIT_FAILED : status;
}

static int run_chosen(vdc_sweep *sweep, const char *named, const options *chosen, vdc_diag *diag) {
    if (chosen->list) return list_runs(vdc_sweep_grid(sweep), chosen->check, diag);
    if (chosen->slurm.given) return vdc_cli_finish(diag, run_by_slurm(sweep, named, chosen, diag));
    return run_sweep(sweep, chosen, diag);
}

/* A sweep's file, or the folder of one that was done. */
static vdc_code open_named(vdc_sweep **sweep, const char *name, bool programs, vdc_diag *diag) {
    const bool again = vdc_cli_is_sweep(name);
    if (programs && !again) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--programs: goes with the folder of a sweep");
    if (!again) return vdc_sweep_open(sweep, name, diag);
    return vdc_sweep_open_again(sweep, name, programs ? VDC_PROGRAMS_ALLOWED : VDC_PROGRAMS_REFUSED, diag);
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    vdc_diag diag = {0};
    if (!chosen->folder && !chosen->list)
        return vdc_cli_finish(&diag, vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "vdcsim sweep: -o DIR is missing"));
    vdc_sweep *sweep;
    vdc_code code = open_named(&sweep, arguments->items[0], chosen->programs, &diag);
    if (code) return vdc_cli_finish(&diag, code);
    vdc_cli_catch_signals();
    int status = run_chosen(sweep, arguments->items[0], chosen, &diag);
    vdc_sweep_close(sweep);
    return status;
}

const vdc_command vdc_command_sweep = {
    .name = "sweep",
    .summary = "a grid of scenarios, policies, loads and seeds: one result file a run and one table",
    .details = "SWEEP.yaml: extends: base.yaml, then any of policies: {name: schedulers section},\n"
               "axes: {KEY.PATH: [values] or {from, to, step}}, zip: {name: {KEY.PATH: [values], ...}},\n"
               "seeds: 10, stop: {metric: energy_j, half_width: 2%}. DIR/sweep.h5 has one labelled dimension an axis, for xarray; DIR/sweep.csv a row a run.\n"
               "In place of SWEEP.yaml, the folder of a sweep that was done: the same sweep again.\n"
               "Many machines that share a folder: mpirun vdcsim sweep ..., or --slurm N.\n"
               "Then: vdcsim compare DIR, vdcsim plot DIR -o PICTURES, vdcsim report DIR -o REPORT.html",
    .syntax = {.arguments = "SWEEP.yaml|DIR", .minimum = 1, .maximum = 1, .options = table, .option_count = sizeof table / sizeof *table,
               .size = sizeof(options)},
    .run = run,
};
