/* vdcsim run: one simulation, one result file. */
#include <stdio.h>

#include "sim/base/file.h"
#include "sim/cli/command.h"
#include "sim/cli/json.h"
#include "sim/cli/monitor.h"
#include "sim/cli/status_line.h"
#include "sim/vdcsim.h"

typedef struct options {
    const char *output, *event_queue, *placement_search, *until, *save, *restore, *base;
    bool programs, force, check, stats, no_progress, monitor;
    vdc_cli_number seed;
    vdc_cli_list sets;
} options;

static const char *const queues[] = {"heap", "ladder", "lanes", NULL};
static const char *const searches[] = {"auto", "scan", "index", NULL};

static const vdc_cli_option table[] = {
    {.name = "output", .letter = 'o', .type = VDC_CLI_PATH, .argument = "OUT.h5",
     .help = "the result file; default: the scenario's name + .h5 in the current folder", .offset = offsetof(options, output)},
    {.name = "force", .letter = 'f', .type = VDC_CLI_FLAG, .help = "replace a result file that exists", .offset = offsetof(options, force)},
    {.name = "seed", .type = VDC_CLI_NUMBER, .argument = "N", .help = "replaces the scenario's seed", .offset = offsetof(options, seed),
     .maximum = INT64_MAX},
    {.name = "set", .type = VDC_CLI_LIST, .argument = "KEY.PATH=VALUE",
     .help = "changes one key of the scenario: schedulers.placement.policy=worst-fit", .offset = offsetof(options, sets)},
    {.name = "until", .type = VDC_CLI_TEXT, .argument = "TIME", .help = "go to that time of the simulation and stop there: 2h, 90min, 5400",
     .offset = offsetof(options, until)},
    {.name = "save", .type = VDC_CLI_PATH, .argument = "STATE", .help = "with --until: write the state there, for --restore",
     .offset = offsetof(options, save)},
    {.name = "restore", .type = VDC_CLI_PATH, .argument = "STATE",
     .help = "go on from a saved state, without a scenario; --set takes effect from there on", .offset = offsetof(options, restore)},
    {.name = "base", .type = VDC_CLI_PATH, .argument = "DIR", .help = "with --restore: the folder of the inputs; default: where the scenario was",
     .offset = offsetof(options, base)},
    {.name = "programs", .type = VDC_CLI_FLAG,
     .help = "with --restore: policies may be programs and plug-ins that STATE names, for states that you trust", .offset = offsetof(options, programs)},
    {.name = "check", .type = VDC_CLI_FLAG, .help = "verify the invariants of the accounts at every event", .offset = offsetof(options, check)},
    {.name = "stats", .type = VDC_CLI_FLAG, .help = "print time, rates and memory as JSON", .offset = offsetof(options, stats)},
    {.name = "no-progress", .type = VDC_CLI_FLAG, .help = "no progress line", .offset = offsetof(options, no_progress)},
    {.name = "monitor", .type = VDC_CLI_FLAG, .help = "show P, T, S, U, utilisation, queue, power and alarms while it runs",
     .offset = offsetof(options, monitor)},
    {.name = "event-queue", .type = VDC_CLI_CHOICE, .argument = "NAME", .help = "event queue, same results, another speed", .choices = queues,
     .offset = offsetof(options, event_queue)},
    {.name = "placement-search", .type = VDC_CLI_CHOICE, .argument = "NAME", .help = "search for hosts, same results, another speed",
     .choices = searches, .offset = offsetof(options, placement_search)},
};

/* Between two looks at the clock and at signals. */
#define SLICE 0.05 /* s */
enum { LEAST_EVENTS = 256 };

/* Runs to the end or to that time, in slices of events. */
static vdc_code run_to(vdc_simulation *simulation, vdc_time until, bool progress_wanted, bool monitored, vdc_diag *diag) {
    vdc_status_line line;
    vdc_monitor monitor;
    vdc_monitor_begin(&monitor, stderr);
    vdc_status_line_begin(&line, progress_wanted && !monitored);
    vdc_progress_report report = {0};
    uint64_t events = LEAST_EVENTS;
    vdc_code code = VDC_OK;
    for (uint64_t before = UINT64_MAX; !code && !report.ended && report.events != before;) {
        if (vdc_cli_interrupted()) {
            code = VDC_INTERRUPTED;
            break;
        }
        double begin = vdc_cli_wall_seconds();
        before = report.events;
        code = vdc_simulation_run_some(simulation, until, events, diag);
        double taken = vdc_cli_wall_seconds() - begin;
        if (taken < SLICE / 2) events *= 2;
        else if (taken > SLICE * 2 && events > LEAST_EVENTS) events /= 2;
        vdc_simulation_progress(simulation, &report);
        vdc_status_line_update(&line, &report);
        if (monitored) vdc_monitor_draw(&monitor, simulation, false);
    }
    vdc_status_line_end(&line);
    if (monitored && !code) vdc_monitor_draw(&monitor, simulation, true);
    return code || until == VDC_TIME_MAX || report.ended ? code : vdc_simulation_advance(simulation, until, diag);
}

/* Stops where it is: the state as wished for, and the results up to here. */
static int stop_here(vdc_simulation *simulation, const options *chosen, vdc_diag *diag) {
    vdc_progress_report report;
    char time[40];
    vdc_simulation_progress(simulation, &report);
    vdc_code code = VDC_OK;
    if (chosen->save) code = vdc_simulation_save(simulation, chosen->save, chosen->force, diag);
    const bool saved = chosen->save && !code;
    if (!code) code = vdc_simulation_finish(simulation, diag);
    if (code && saved) fprintf(stderr, "the state is in %s; the results up to here could not be written\n", chosen->save);
    if (!code)
        fprintf(stderr, "stopped at %s: %s.partial holds the results up to here%s%s\n", vdc_status_line_time(report.now, time, sizeof time),
                vdc_simulation_output(simulation), chosen->save ? ", the state is in " : "", chosen->save ? chosen->save : "");
    return vdc_cli_finish(diag, code);
}

static void print_stats(const vdc_simulation *simulation, double wall) {
    vdc_progress_report report;
    vdc_simulation_progress(simulation, &report);
    vdc_json json = {.out = stdout};
    vdc_json_open(&json, '{');
    vdc_json_put_real(&json, "wall_s", wall);
    vdc_json_put_real(&json, "cpu_s", vdc_cli_cpu_seconds());
    vdc_json_put_integer(&json, "events", (int64_t)report.events);
    vdc_json_put_real(&json, "events_per_s", (double)report.events / wall);
    vdc_json_put_integer(&json, "placements", (int64_t)report.placements);
    vdc_json_put_real(&json, "placements_per_s", (double)report.placements / wall);
    vdc_json_put_integer(&json, "peak_rss_bytes", (int64_t)vdc_cli_peak_memory());
    vdc_json_put_text(&json, "placement_search", vdc_simulation_placement_search(simulation));
    vdc_json_put_text(&json, "output", vdc_simulation_output(simulation));
    vdc_json_put_text(&json, "digest", vdc_simulation_digest(simulation));
    vdc_json_close(&json, '}');
    vdc_json_end(&json);
}

/* Runs what was opened and completes the result file. Returns the exit status. */
static int run_opened(vdc_simulation *simulation, const options *chosen, vdc_time until, double begin, vdc_diag *diag) {
    vdc_code code = run_to(simulation, until, !chosen->no_progress, chosen->monitor, diag);
    vdc_progress_report report;
    vdc_simulation_progress(simulation, &report);
    if (!code && !report.ended) return stop_here(simulation, chosen, diag);
    if (!code && chosen->save)
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--save: the run has ended before %s: there is no state to go on from", chosen->until);
    if (!code || code == VDC_INTERRUPTED) {
        vdc_code finished = vdc_simulation_finish(simulation, diag);
        if (!code) code = finished;
    }
    const char *output = vdc_simulation_output(simulation);
    if (!code) {
        if (chosen->stats) print_stats(simulation, vdc_cli_wall_seconds() - begin);
        fprintf(stderr, "wrote %s\n", output);
        if (!vdc_simulation_checks_hold(simulation)) {
            code = vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s: an invariant did not hold: /checks has the residuals", output);
        }
    } else if (code == VDC_INTERRUPTED) {
        fprintf(stderr, "interrupted: %s.partial holds the results up to here\n", output);
    }
    return vdc_cli_finish(diag, code);
}

/* What the options have to do with each other. */
static vdc_code check_options(const options *chosen, const vdc_cli_arguments *arguments, vdc_time *until, vdc_diag *diag) {
    *until = VDC_TIME_MAX;
    if (chosen->restore && arguments->count) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--restore: the state holds its scenario; %s is one too many",
                                                             arguments->items[0]);
    if (!chosen->restore && !arguments->count) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "missing argument: SCENARIO.yaml, or --restore STATE");
    if (chosen->save && !chosen->until) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--save: --until TIME says when");
    if (chosen->save && chosen->output && vdc_file_same(chosen->save, chosen->output))
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--save: %s is the result file: the state needs another one", chosen->save);
    if (chosen->base && !chosen->restore) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--base: goes with --restore");
    if (chosen->programs && !chosen->restore) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--programs: goes with --restore");
    if (!chosen->until) return VDC_OK;
    const char *wrong = vdc_parse_integer(chosen->until, VDC_DIM_TIME, until);
    if (!wrong && *until < 0) wrong = "is negative";
    return wrong ? vdc_fail(diag, VDC_ERROR_INPUT, NULL, "--until: found '%s', which %s; allowed: %s", chosen->until, wrong, vdc_dimension_help(VDC_DIM_TIME))
                 : VDC_OK;
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    vdc_run_options settings = {
        .sets = chosen->sets.items, .set_count = chosen->sets.count, .has_seed = chosen->seed.given, .seed = chosen->seed.value,
        .output = chosen->output, .default_output = true, .force = chosen->force, .check = chosen->check,
        .placement_search = chosen->placement_search, .event_queue = chosen->event_queue,
        .interrupted = vdc_cli_interrupted, .programs = chosen->programs ? VDC_PROGRAMS_ALLOWED : VDC_PROGRAMS_USUAL,
    };
    vdc_diag diag = {0};
    vdc_simulation *simulation;
    double begin = vdc_cli_wall_seconds();
    vdc_cli_catch_signals();
    vdc_time until;
    vdc_code code = check_options(chosen, arguments, &until, &diag);
    if (!code && chosen->restore) code = vdc_simulation_restore(&simulation, chosen->restore, chosen->base, &settings, &diag);
    else if (!code) code = vdc_simulation_open(&simulation, arguments->items[0], &settings, &diag);
    if (code) return vdc_cli_finish(&diag, code);
    vdc_cli_print(&diag); /* warnings */
    int status = run_opened(simulation, chosen, until, begin, &diag);
    vdc_simulation_close(simulation);
    return status;
}

const vdc_command vdc_command_run = {
    .name = "run",
    .summary = "one simulation, one result file",
    .details = "With --until and --save it stops on the way and writes its state, a journal that --restore runs again up to there and\n"
               "checks; the run that goes on gives the same result file as one that was not interrupted. With --set, a restored\n"
               "run goes on with other policies.",
    .syntax = {.arguments = "SCENARIO.yaml", .minimum = 0, .maximum = 1, .options = table, .option_count = sizeof table / sizeof *table,
               .size = sizeof(options)},
    .run = run,
};
