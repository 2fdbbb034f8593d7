/* vdcsim console: a run step by step, what is there, and every operation on VMs. From a terminal with editing, history and completion; from a pipe line by
 * line, with the same output. */
#include <errno.h>
#include <histedit.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "analysis/text.h"
#include "models/operation.h"
#include "sim/base/known.h"
#include "sim/base/memory.h"
#include "sim/base/param.h"
#include "sim/cli/command.h"
#include "sim/cli/monitor.h"
#include "sim/cli/status_line.h"
#include "sim/inspect.h"

typedef struct options {
    const char *output, *restore, *base;
    bool programs, force, check;
    vdc_cli_number seed;
    vdc_cli_list sets;
} options;

static const vdc_cli_option table[] = {
    {.name = "output", .letter = 'o', .type = VDC_CLI_PATH, .argument = "OUT.h5", .help = "the result file; without it nothing is written",
     .offset = offsetof(options, output)},
    {.name = "force", .letter = 'f', .type = VDC_CLI_FLAG, .help = "replace files that exist", .offset = offsetof(options, force)},
    {.name = "seed", .type = VDC_CLI_NUMBER, .argument = "N", .help = "replaces the scenario's seed", .offset = offsetof(options, seed), .maximum = INT64_MAX},
    {.name = "set", .type = VDC_CLI_LIST, .argument = "KEY.PATH=VALUE", .help = "changes one key of the scenario", .offset = offsetof(options, sets)},
    {.name = "check", .type = VDC_CLI_FLAG, .help = "verify the invariants of the accounts at every event", .offset = offsetof(options, check)},
    {.name = "restore", .type = VDC_CLI_PATH, .argument = "STATE", .help = "go on from a saved state, without a scenario",
     .offset = offsetof(options, restore)},
    {.name = "base", .type = VDC_CLI_PATH, .argument = "DIR", .help = "with --restore: the folder of the inputs", .offset = offsetof(options, base)},
    {.name = "programs", .type = VDC_CLI_FLAG, .help = "policies may be programs and plug-ins that saved states name: for states that you trust",
     .offset = offsetof(options, programs)},
};

enum { WORDS = 32, HEAD = 1, ROWS_SHOWN = 1000 };

typedef struct console {
    vdc_simulation *simulation;
    vdc_run_options settings;      /* what it was opened with, for restoring */
    bool force, quits, terminal;
    bool stopped;                  /* by a signal */
    int failures;                  /* commands that did not succeed */
    char *words[WORDS];
    size_t count;
    vdc_diag diag;
} console;

/* Notes an error of the user's. */
static vdc_code wrong(console *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
static vdc_code wrong(console *at, const char *format, ...) {
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return vdc_fail(&at->diag, VDC_ERROR_INPUT, NULL, "%s", text);
}

static void say_time(const console *at) {
    vdc_progress_report report;
    char time[40];
    vdc_simulation_progress(at->simulation, &report);
    vdc_gauges gauges;
    vdc_simulation_gauges(at->simulation, &gauges);
    printf("%s: %" PRId64 " running, %" PRId64 " waiting, %" PRId64 " arrived, %" PRIu64 " events%s\n",
           vdc_status_line_time(gauges.now, time, sizeof time), report.running, report.queued, report.arrived, report.events,
           report.ended ? "; the run has ended" : "");
}

/* ---- going on ---- */

static vdc_code go_to(console *at, vdc_time time) {
    vdc_progress_report report;
    vdc_code code = VDC_OK;
    for (uint64_t before = UINT64_MAX; !code;) {
        code = vdc_cli_interrupted() ? VDC_INTERRUPTED : vdc_simulation_run_some(at->simulation, time, 10000, &at->diag);
        vdc_simulation_progress(at->simulation, &report);
        if (report.ended || report.events == before) break;
        before = report.events;
    }
    if (!code && !report.ended && time != VDC_TIME_MAX) code = vdc_simulation_advance(at->simulation, time, &at->diag);
    return code;
}

static vdc_code read_time(console *at, const char *text, vdc_time *time) {
    vdc_gauges gauges;
    vdc_simulation_gauges(at->simulation, &gauges);
    bool span = text[0] == '+';
    const char *bad = vdc_parse_integer(text + span, VDC_DIM_TIME, time);
    if (bad) return wrong(at, "found '%s', which %s; allowed: %s, or + and a time from now on", text, bad, vdc_dimension_help(VDC_DIM_TIME));
    if (span) *time = *time > VDC_TIME_MAX - gauges.now ? VDC_TIME_MAX : *time + gauges.now;
    return VDC_OK;
}

static vdc_code do_step(console *at) {
    int64_t events = 1;
    if (at->count > 1 && (vdc_parse_integer(at->words[1], VDC_DIM_COUNT, &events) || events < 1))
        return wrong(at, "found '%s'; allowed: how many events, from 1", at->words[1]);
    vdc_code code = vdc_simulation_run_some(at->simulation, VDC_TIME_MAX, (uint64_t)events, &at->diag);
    if (!code) say_time(at);
    return code;
}

static vdc_code do_until(console *at) {
    vdc_time time;
    if (at->count < 2) return wrong(at, "to what time?");
    vdc_code code = read_time(at, at->words[1], &time);
    if (!code) code = go_to(at, time);
    if (!code) say_time(at);
    return code;
}

static vdc_code do_run(console *at) {
    vdc_code code = go_to(at, VDC_TIME_MAX);
    if (!code) say_time(at);
    return code;
}

/* Frames: one, or one after each stretch of the run up to a time; live on a terminal. */
static vdc_code do_watch(console *at) {
    vdc_monitor monitor;
    vdc_time until = -1, every = 0;
    vdc_gauges gauges;
    vdc_code code = VDC_OK;
    if (at->count > 1) code = read_time(at, at->words[1], &until);
    if (!code && at->count > 2 && (vdc_parse_integer(at->words[2], VDC_DIM_TIME, &every) || every < 1))
        code = wrong(at, "found '%s'; allowed: the time between two frames", at->words[2]);
    vdc_monitor_begin(&monitor, stdout);
    if (code || until < 0) {
        if (!code) vdc_monitor_draw(&monitor, at->simulation, true);
        return code;
    }
    vdc_simulation_gauges(at->simulation, &gauges);
    if (until < gauges.now) return wrong(at, "%s is over", at->words[1]);
    if (every == 0) every = until - gauges.now > 100 ? (until - gauges.now) / 100 : 1;
    for (vdc_progress_report report = {0}; !code && !report.ended && gauges.now < until;) {
        vdc_time next = every > until - gauges.now ? until : gauges.now + every;
        code = go_to(at, next);
        vdc_monitor_draw(&monitor, at->simulation, !monitor.live && at->count > 2);
        if (monitor.live && !code) usleep(30000);
        vdc_simulation_progress(at->simulation, &report);
        vdc_simulation_gauges(at->simulation, &gauges);
    }
    if (!code && (monitor.live || at->count < 3)) vdc_monitor_draw(&monitor, at->simulation, true);
    return code;
}

/* ---- looking ---- */

/* Rows are kept until the widths of the columns are known. */
typedef struct rows {
    char **cells;
    size_t count, capacity, columns;
    const char *filter;
} rows;

static bool keep_row(void *context, const char *const *cells, size_t count) {
    rows *kept = context;
    VDC_KNOWN(count > 0);
    if (kept->count && kept->filter) {
        bool matches = false;
        for (size_t i = 0; i < count; i++) matches = matches || strcmp(cells[i], kept->filter) == 0;
        if (!matches) return true;
    }
    kept->columns = count;
    if (!VDC_RESERVE(kept->cells, kept->capacity, kept->count + count)) return false;
    for (size_t i = 0; i < count; i++) kept->cells[kept->count++] = vdc_strdup(cells[i]);
    return kept->count / count < HEAD + ROWS_SHOWN + 1; /* one more tells whether there are more */
}

static void print_rows(const rows *kept, bool single) {
    if (kept->columns == 0) return;
    const size_t all = kept->count / kept->columns, lines = all > HEAD + ROWS_SHOWN ? HEAD + ROWS_SHOWN : all;
    int width[16] = {0}, names = 0;
    for (size_t i = 0; i < lines * kept->columns; i++) {
        int length = kept->cells[i] ? (int)vdc_text_width(kept->cells[i]) : 0;
        if (length > width[i % kept->columns]) width[i % kept->columns] = length;
        if (i < kept->columns && length > names) names = length;
    }
    for (size_t c = 0; single && lines > 1 && c < kept->columns; c++) printf("%-*s  %s\n", names, kept->cells[c], kept->cells[kept->columns + c]);
    for (size_t l = 0; !single && l < lines; l++)
        for (size_t c = 0; c < kept->columns; c++) {
            const char *cell = kept->cells[l * kept->columns + c];
            if (!cell) cell = "";
            if (c + 1 < kept->columns) printf("%s%*s  ", cell, width[c] - (int)vdc_text_width(cell), "");
            else printf("%s\n", cell);
        }
    if (!single && lines < all) printf("... only the first %d\n", ROWS_SHOWN);
}

static vdc_code show_table(console *at, const vdc_list_kind *kind, bool single) {
    rows kept = {.filter = !single && at->count > 1 ? at->words[1] : NULL};
    if (single && at->count < 2) return wrong(at, "which %s?", kind->single);
    vdc_code code = vdc_simulation_list(at->simulation, kind->name, single ? at->words[1] : NULL, keep_row, &kept, &at->diag);
    if (!code) print_rows(&kept, single);
    for (size_t i = 0; i < kept.count; i++) vdc_free(kept.cells[i]);
    vdc_free(kept.cells);
    return code;
}

static vdc_code do_status(console *at) {
    say_time(at);
    return VDC_OK;
}

static vdc_code do_summary(console *at) {
    vdc_value value;
    size_t count = vdc_simulation_summary_count(at->simulation);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (!vdc_simulation_summary(at->simulation, i, &value) || (at->count > 1 && !strstr(value.key, at->words[1]))) continue;
        found = true;
        if (value.type == VDC_VALUE_TEXT) printf("%s  %s\n", value.key, value.text);
        else if (value.type == VDC_VALUE_INTEGER) printf("%s  %" PRId64 "\n", value.key, value.integer);
        else printf("%s  %.9g %s\n", value.key, value.real, value.units);
    }
    return found ? VDC_OK : wrong(at, "the summary has no key with '%s' in it", at->words[1]);
}

/* ---- states and changes ---- */

static vdc_code do_save(console *at) {
    if (at->count < 2) return wrong(at, "to what file?");
    vdc_code code = vdc_simulation_save(at->simulation, at->words[1], at->force, &at->diag);
    if (!code) printf("saved %s\n", at->words[1]);
    return code;
}

/* The run of now stays as it is when the state cannot be restored. */
static vdc_code do_restore(console *at) {
    vdc_simulation *restored;
    if (at->count < 2) return wrong(at, "from what file?");
    vdc_run_options settings = at->settings;
    settings.force = settings.force || settings.output; /* the result file so far is this console's own */
    vdc_code code = vdc_simulation_restore(&restored, at->words[1], NULL, &settings, &at->diag);
    if (code) return code;
    vdc_simulation_close(at->simulation);
    at->simulation = restored;
    say_time(at);
    return VDC_OK;
}

static vdc_code do_set(console *at) {
    if (at->count < 2) return wrong(at, "what? KEY.PATH=VALUE");
    return vdc_simulation_change(at->simulation, (const char *const *)&at->words[1], at->count - 1, &at->diag);
}

static vdc_code do_quit(console *at) {
    at->quits = true;
    return VDC_OK;
}

static vdc_code do_help(console *at);

static const struct console_command {
    const char *name, *arguments, *help;
    vdc_code (*run)(console *at);
} commands[] = {
    {"help", "[COMMAND]", "what there is", do_help},
    {"step", "[N]", "process the next event, or N of them", do_step},
    {"run-until", "TIME|+SPAN", "go to that time", do_until},
    {"run", "", "go to the end", do_run},
    {"watch", "[TIME|+SPAN [EVERY]]", "P, T, S, U, utilisation, queue, power and alarms: now, or on the way to that time", do_watch},
    {"status", "", "the clock and counts", do_status},
    {"summary", "[PART]", "the keys of the summary as they stand, or those with that in their name", do_summary},
    {"set", "KEY.PATH=VALUE...", "from now on another policy or value", do_set},
    {"save", "STATE", "write the state as it is", do_save},
    {"restore", "STATE", "go to a saved state", do_restore},
    {"quit", "", "complete the result file and leave", do_quit},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* ---- operations: verbs, keys and help are those of models/operation.h ---- */

#define LINE "  %-17s %-22s %s\n"

static void print_verb(const vdc_verb_row *verb, bool keys) {
    const char *arguments = verb->vm_optional ? "[VM] KEY=VALUE..." : verb->param_count ? "VM [KEY=VALUE...]" : "VM";
    printf(LINE, verb->name, arguments, verb->summary);
    for (size_t i = 0; keys && i < verb->param_count; i++) printf("    %-12s %s\n", verb->params[i].name, verb->params[i].help);
}

static vdc_code do_help(console *at) {
    const char *only = at->count > 1 ? at->words[1] : NULL;
    bool found = false;
    for (size_t i = 0; i < COMMANDS; i++)
        if (!only || strcmp(only, commands[i].name) == 0) found = true, printf(LINE, commands[i].name, commands[i].arguments, commands[i].help);
    const vdc_list_kind *kind;
    for (size_t i = 0; (kind = vdc_simulation_list_kind(i)); i++) {
        if (!only || strcmp(only, kind->name) == 0) found = true, printf(LINE, kind->name, "[VALUE]", kind->summary);
        if (!only || strcmp(only, kind->single) == 0) found = true, printf(LINE, kind->single, "ID", "one of them");
    }
    if (!only || strcmp(only, "create") == 0)
        found = true, printf(LINE, "create", "KEY=VALUE...", "a VM arrives now; keys as in workload.vms");
    for (int i = 0; i < VDC_VERBS; i++)
        if (!only || strcmp(only, vdc_verbs[i].name) == 0) found = true, print_verb(&vdc_verbs[i], only != NULL);
    return found ? VDC_OK : wrong(at, "there is no command '%s'", only);
}

/* "resize 3 vcpus=4" -> "{do: resize, vm: 3, vcpus: 4}". Fresh memory, NULL when it is out. */
static char *operation_text(console *at, size_t first) {
    char *text = first == 1 ? vdc_format("{do: %s", at->words[0]) : vdc_format("{do: %s, vm: %s", at->words[0], at->words[1]);
    for (size_t i = first; text && i < at->count; i++) {
        char *equals = strchr(at->words[i], '=');
        char *longer = vdc_format("%s, %.*s: %s", text, (int)(equals - at->words[i]), at->words[i], equals + 1);
        vdc_free(text);
        text = longer;
    }
    char *whole = text ? vdc_format("%s}", text) : NULL;
    vdc_free(text);
    return whole;
}

static vdc_code operate(console *at) {
    bool creates = strcmp(at->words[0], "create") == 0;
    bool of_nobody = !creates && vdc_verbs[vdc_verb_find(at->words[0])].vm_optional && at->count > 1 && strchr(at->words[1], '=');
    size_t first = creates || of_nobody ? 1 : 2;
    if (at->count < first) return wrong(at, "which VM?");
    for (size_t i = first; i < at->count; i++)
        if (!strchr(at->words[i], '=')) return wrong(at, "found '%s'; allowed: KEY=VALUE", at->words[i]);
    char *text = operation_text(at, first);
    const char *refusal = NULL;
    if (!text) return vdc_no_memory(&at->diag, "an operation");
    vdc_code code = vdc_simulation_operate(at->simulation, text, &refusal, &at->diag);
    vdc_free(text);
    if (!code && refusal) return wrong(at, "refused: %s", refusal);
    if (!code) printf("%s: done or begun\n", at->words[0]);
    return code;
}

/* ---- a line ---- */

/* Words are apart by blanks; brackets and quotes keep blanks. `line` is changed in place. */
static void split(console *at, char *line) {
    at->count = 0;
    for (char *c = line; *c && at->count < WORDS;) {
        while (*c == ' ' || *c == '\t' || *c == '\n' || *c == '\r') *c++ = '\0';
        if (!*c || *c == '#') break;
        at->words[at->count++] = c;
        int depth = 0;
        for (char quote = 0; *c && (depth > 0 || quote || !strchr(" \t\r\n", *c)); c++) {
            if (quote) quote = *c == quote ? 0 : quote;
            else if (*c == '"' || *c == '\'') quote = *c;
            else depth += (strchr("[{", *c) != NULL) - (strchr("]}", *c) != NULL);
        }
    }
}

static vdc_code dispatch(console *at) {
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(at->words[0], commands[i].name) == 0) return commands[i].run(at);
    const vdc_list_kind *kind;
    for (size_t i = 0; (kind = vdc_simulation_list_kind(i)); i++)
        if (strcmp(at->words[0], kind->name) == 0 || strcmp(at->words[0], kind->single) == 0)
            return show_table(at, kind, strcmp(at->words[0], kind->single) == 0);
    if (strcmp(at->words[0], "create") == 0 || vdc_verb_find(at->words[0]) != VDC_VERBS) return operate(at);
    const char *names[COMMANDS + VDC_VERBS + 2] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < COMMANDS; i++) names[count++] = commands[i].name;
    for (int i = 0; i < VDC_VERBS; i++) names[count++] = vdc_verbs[i].name;
    const char *near = vdc_nearest(at->words[0], names);
    return wrong(at, "there is no command '%s'%s%s%s; help lists them", at->words[0], near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static void execute(console *at, char *line) {
    split(at, line);
    if (at->count == 0) return;
    vdc_code code = dispatch(at);
    fflush(stdout);
    if (code == VDC_INTERRUPTED) fprintf(stderr, "interrupted\n");
    vdc_cli_go_on(); /* Ctrl-C breaks a command, SIGTERM ends the console */
    at->stopped = vdc_cli_terminated();
    vdc_cli_print(&at->diag);
    at->diag = (vdc_diag){0};
    at->failures += code != VDC_OK;
}

/* ---- editing ---- */

static char *prompt(EditLine *editor) {
    static char text[] = "vdcsim> ";
    (void)editor;
    return text;
}

/* A signal ends the line that is being typed; libedit itself would read on. */
static int read_key(EditLine *editor, wchar_t *key) {
    (void)editor;
    mbstate_t state = {0};
    for (;;) {
        char byte;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got == 0) return 0;
        if (got < 0 && errno == EINTR && !vdc_cli_interrupted()) continue; /* the window changed its size */
        if (got < 0) return -1;
        size_t length = mbrtowc(key, &byte, 1, &state);
        if (length == (size_t)-1) *key = (unsigned char)byte, length = 1;
        if (length != (size_t)-2) return 1;
    }
}

/* Offers what the word under the cursor may become: a command as the first word, a verb's keys after it. */
static unsigned char complete(EditLine *editor, int key) {
    const LineInfo *info = el_line(editor);
    const char *start = info->cursor;
    (void)key;
    while (start > info->buffer && start[-1] != ' ') start--;
    size_t length = (size_t)(info->cursor - start), matches = 0;
    const char *found = NULL, *candidates[96];
    size_t count = 0;
    bool first = start == info->buffer;
    const vdc_list_kind *kind;
    for (size_t i = 0; first && i < COMMANDS; i++) candidates[count++] = commands[i].name;
    for (size_t i = 0; first && (kind = vdc_simulation_list_kind(i)); i++) candidates[count++] = kind->name, candidates[count++] = kind->single;
    for (int i = 0; first && i < VDC_VERBS; i++) candidates[count++] = vdc_verbs[i].name;
    if (first) candidates[count++] = "create";
    for (int i = 0; !first && i < VDC_VERBS; i++) {
        size_t verb = strlen(vdc_verbs[i].name);
        if (strncmp(info->buffer, vdc_verbs[i].name, verb) != 0 || info->buffer[verb] != ' ') continue;
        for (size_t k = 0; k < vdc_verbs[i].param_count && count < 96; k++) candidates[count++] = vdc_verbs[i].params[k].name;
    }
    for (size_t i = 0; i < count; i++)
        if (strncmp(candidates[i], start, length) == 0) matches++, found = candidates[i];
    if (matches == 0) return CC_REFRESH_BEEP;
    if (matches > 1) {
        fputc('\n', stdout);
        for (size_t i = 0; i < count; i++)
            if (strncmp(candidates[i], start, length) == 0) printf("%s  ", candidates[i]);
        fputc('\n', stdout);
        fflush(stdout);
        return CC_REDISPLAY;
    }
    el_insertstr(editor, found + length);
    el_insertstr(editor, first ? " " : "=");
    return CC_REFRESH;
}

static void from_terminal(console *at) {
    EditLine *editor = el_init("vdcsim", stdin, stdout, stderr);
    History *past = history_init();
    HistEvent event;
    if (!editor || !past) {
        fprintf(stderr, "vdcsim: the terminal cannot be edited on\n");
        at->failures++;
        at->quits = true;
    } else {
        history(past, &event, H_SETSIZE, 1000);
        el_set(editor, EL_PROMPT, prompt);
        el_set(editor, EL_EDITOR, "emacs");
        el_set(editor, EL_SIGNAL, 1);
        el_set(editor, EL_GETCFN, read_key);
        el_set(editor, EL_HIST, history, past);
        el_wset(editor, EL_ADDFN, L"complete", L"completes a word", complete); /* el_set loses the copies that it makes of the texts */
        el_set(editor, EL_BIND, "^I", "complete", NULL);
    }
    while (!at->quits && !at->stopped) {
        int length;
        const char *given = el_gets(editor, &length);
        at->stopped = vdc_cli_terminated();
        if (!at->stopped && vdc_cli_interrupted()) { /* Ctrl-C: a new line */
            vdc_cli_go_on();
            fputc('\n', stdout);
            el_reset(editor);
            continue;
        }
        if (!given || length <= 0) break;
        history(past, &event, H_ENTER, given);
        char *line = vdc_strdup(given);
        if (line) execute(at, line);
        vdc_free(line);
    }
    if (past) history_end(past);
    if (editor) el_end(editor);
}

static void from_pipe(console *at) {
    char *line = NULL;
    size_t size = 0;
    while (!at->quits && !at->stopped && getline(&line, &size, stdin) > 0) execute(at, line);
    at->stopped = at->stopped || vdc_cli_interrupted();
    free(line);
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    console at = {.force = chosen->force, .terminal = isatty(STDIN_FILENO) == 1};
    at.settings = (vdc_run_options){.output = chosen->output, .force = chosen->force, .check = chosen->check, .operable = true,
                                    .interrupted = vdc_cli_interrupted, .programs = chosen->programs ? VDC_PROGRAMS_ALLOWED : VDC_PROGRAMS_USUAL};
    vdc_run_options settings = at.settings;
    settings.sets = chosen->sets.items;
    settings.set_count = chosen->sets.count;
    settings.has_seed = chosen->seed.given;
    settings.seed = chosen->seed.value;
    vdc_code code = VDC_OK;
    if (!chosen->restore == !arguments->count) code = wrong(&at, "either SCENARIO.yaml or --restore STATE is wanted");
    if (!code && chosen->restore) code = vdc_simulation_restore(&at.simulation, chosen->restore, chosen->base, &settings, &at.diag);
    else if (!code) code = vdc_simulation_open(&at.simulation, arguments->items[0], &settings, &at.diag);
    if (code) return vdc_cli_finish(&at.diag, code);
    vdc_cli_print(&at.diag);
    at.diag = (vdc_diag){0};
    vdc_cli_catch_signals();
    if (at.terminal) from_terminal(&at);
    else from_pipe(&at);
    if (chosen->output) {
        vdc_progress_report report;
        vdc_simulation_progress(at.simulation, &report);
        code = vdc_simulation_finish(at.simulation, &at.diag);
        if (!code) fprintf(stderr, "wrote %s%s\n", chosen->output, report.ended ? "" : ".partial");
    }
    if (!code && !vdc_simulation_checks_hold(at.simulation))
        code = vdc_fail(&at.diag, VDC_ERROR_CHECK, NULL, "an invariant did not hold");
    vdc_simulation_close(at.simulation);
    int status = vdc_cli_finish(&at.diag, !code && at.stopped ? VDC_INTERRUPTED : code);
    return status || !at.failures ? status : VDC_EXIT_FAILED;
}

const vdc_command vdc_command_console = {
    .name = "console",
    .summary = "a run step by step: look, operate on VMs, save and restore",
    .details = "Reads commands, a line each: 'help' lists them. On a terminal with editing, history and completion (tab); from a\n"
               "pipe the same output, errors to stderr, exit 1 when a command did not succeed. '#' begins a comment.",
    .syntax = {.arguments = "SCENARIO.yaml", .minimum = 0, .maximum = 1, .options = table, .option_count = sizeof table / sizeof *table,
               .size = sizeof(options)},
    .run = run,
};
