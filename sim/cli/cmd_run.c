/* vdcsim run: one simulation, one result file. */
#include <stdio.h>

#include "sim/cli/command.h"
#include "sim/cli/json.h"
#include "sim/cli/status_line.h"
#include "sim/vdcsim.h"

typedef struct options {
    const char *output, *event_queue, *placement_search;
    bool force, check, stats, no_progress;
    vdc_cli_number seed;
    vdc_cli_list sets;
} options;

static const char *const queues[] = {"heap", "ladder", NULL};
static const char *const searches[] = {"auto", "scan", "index", NULL};

static const vdc_cli_option table[] = {
    {.name = "output", .letter = 'o', .type = VDC_CLI_PATH, .argument = "OUT.h5",
     .help = "the result file; default: the scenario's name + .h5 in the current folder", .offset = offsetof(options, output)},
    {.name = "force", .letter = 'f', .type = VDC_CLI_FLAG, .help = "replace a result file that exists", .offset = offsetof(options, force)},
    {.name = "seed", .type = VDC_CLI_NUMBER, .argument = "N", .help = "replaces the scenario's seed", .offset = offsetof(options, seed),
     .maximum = INT64_MAX},
    {.name = "set", .type = VDC_CLI_LIST, .argument = "KEY.PATH=VALUE",
     .help = "changes one key of the scenario: schedulers.placement.policy=worst-fit", .offset = offsetof(options, sets)},
    {.name = "check", .type = VDC_CLI_FLAG, .help = "verify the invariants of the accounts at every event", .offset = offsetof(options, check)},
    {.name = "stats", .type = VDC_CLI_FLAG, .help = "print time, rates and memory as JSON", .offset = offsetof(options, stats)},
    {.name = "no-progress", .type = VDC_CLI_FLAG, .help = "no progress line", .offset = offsetof(options, no_progress)},
    {.name = "event-queue", .type = VDC_CLI_CHOICE, .argument = "NAME", .help = "event queue, same results, another speed", .choices = queues,
     .offset = offsetof(options, event_queue)},
    {.name = "placement-search", .type = VDC_CLI_CHOICE, .argument = "NAME", .help = "search for hosts, same results, another speed",
     .choices = searches, .offset = offsetof(options, placement_search)},
};

/* Between two looks at the clock and at signals. */
#define SLICE 0.05 /* s */
enum { LEAST_EVENTS = 256 };

/* Runs to the end, in slices of events. */
static vdc_code run_to_end(vdc_simulation *simulation, bool progress_wanted, vdc_diag *diag) {
    vdc_status_line line;
    vdc_status_line_begin(&line, progress_wanted);
    vdc_progress_report report = {0};
    uint64_t events = LEAST_EVENTS;
    vdc_code code = VDC_OK;
    while (!code && !report.ended) {
        if (vdc_cli_interrupted()) {
            code = VDC_INTERRUPTED;
            break;
        }
        double begin = vdc_cli_wall_seconds();
        code = vdc_simulation_run_some(simulation, VDC_TIME_MAX, events, diag);
        double taken = vdc_cli_wall_seconds() - begin;
        if (taken < SLICE / 2) events *= 2;
        else if (taken > SLICE * 2 && events > LEAST_EVENTS) events /= 2;
        vdc_simulation_progress(simulation, &report);
        vdc_status_line_update(&line, &report);
    }
    vdc_status_line_end(&line);
    return code;
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
static int run_opened(vdc_simulation *simulation, const options *chosen, double begin, vdc_diag *diag) {
    vdc_code code = run_to_end(simulation, !chosen->no_progress, diag);
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
    int status = vdc_cli_finish(diag, code);
    /* The scenario was good and its files could be opened: a file that fails now is a failed run. */
    return code == VDC_ERROR_IO ? VDC_EXIT_FAILED : status;
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    vdc_run_options settings = {
        .sets = chosen->sets.items, .set_count = chosen->sets.count, .has_seed = chosen->seed.given, .seed = chosen->seed.value,
        .output = chosen->output, .default_output = true, .force = chosen->force, .check = chosen->check,
        .placement_search = chosen->placement_search, .event_queue = chosen->event_queue,
    };
    vdc_diag diag = {0};
    vdc_simulation *simulation;
    double begin = vdc_cli_wall_seconds();
    vdc_cli_catch_signals();
    vdc_code code = vdc_simulation_open(&simulation, arguments->items[0], &settings, &diag);
    if (code) return vdc_cli_finish(&diag, code);
    vdc_cli_print(&diag); /* warnings */
    int status = run_opened(simulation, chosen, begin, &diag);
    vdc_simulation_close(simulation);
    return status;
}

const vdc_command vdc_command_run = {
    .name = "run",
    .summary = "one simulation, one result file",
    .syntax = {.arguments = "SCENARIO.yaml", .minimum = 1, .maximum = 1, .options = table, .option_count = sizeof table / sizeof *table,
               .size = sizeof(options)},
    .run = run,
};
