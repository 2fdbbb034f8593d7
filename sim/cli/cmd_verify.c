/* vdcsim verify: whether a result file can be had again.
 *
 * The file's values must give its digest, its scenario and inputs must be those that it names, and a second run of that scenario must
 * give the same digest. The file is not trusted: its scenario and its inputs may name nothing outside of the base folder
 * unless the user allows it, no policy may be a program or a plug-in unless the user allows that, and the second run writes to a folder of its own.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/difference.h"
#include "sim/base/memory.h"
#include "sim/cli/command.h"
#include "sim/cli/status_line.h"
#include "sim/cli/sweep_inputs.h"
#include "sim/base/yaml.h"
#include "sim/vdcsim.h"
#include "sim/journal.h"

typedef struct options {
    const char *base;
    bool outside, programs, no_progress;
} options;

static const vdc_cli_option table[] = {
    {.name = "base", .letter = 'b', .type = VDC_CLI_PATH, .argument = "DIR",
     .help = "the folder that the scenario lay in: its inputs are named relative to it; default: the current folder", .offset = offsetof(options, base)},
    {.name = "outside", .type = VDC_CLI_FLAG, .help = "inputs may lie outside of DIR: for files that you trust", .offset = offsetof(options, outside)},
    {.name = "programs", .type = VDC_CLI_FLAG, .help = "policies may be programs and plug-ins that OUT.h5 names: for files that you trust",
     .offset = offsetof(options, programs)},
    {.name = "no-progress", .type = VDC_CLI_FLAG, .help = "no progress line", .offset = offsetof(options, no_progress)},
};

enum { DIFFERENCES_SHOWN = 12, EVENTS_AT_ONCE = 20000 };

/* ---- what the file names ---- */

static vdc_code refuse_outside(const char *file, const char *what, const char *path, vdc_diag *diag) {
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: its %s names '%.200s', which leaves the base folder; --outside allows that for files that you trust",
                    file, what, path);
}

/* Whatever scalar of the scenario would lead out of the folder if it were a path. */
static const char *find_outside(const vdc_node *node, const char *base) {
    if (node->kind == VDC_NODE_SCALAR) return vdc_cli_leads_out(base, node->text) ? node->text : NULL;
    for (size_t i = 0; i < node->count; i++) {
        const char *found = find_outside(node->children[i], base);
        if (found) return found;
    }
    return NULL;
}

static vdc_code check_scenario(const vdc_result *result, const char *base, const options *chosen, vdc_diag *diag) {
    const char *file = vdc_result_path(result), *text = vdc_result_text(result, "scenario"), *sha256 = vdc_result_text(result, "scenario_sha256");
    if (!text || !sha256) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: records no scenario", file);
    char found[VDC_DIGEST_TEXT];
    vdc_digest digest;
    vdc_digest_start(&digest);
    vdc_digest_add(&digest, text, strlen(text));
    vdc_digest_end(&digest, found);
    if (strcmp(found, sha256) != 0)
        return vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s: its scenario does not have the sha256 that it records", file);
    if (chosen->outside) return VDC_OK;
    vdc_arena arena = {0};
    const vdc_node *root = NULL;
    vdc_code code = vdc_yaml_parse(text, strlen(text), "the scenario", &arena, &root, diag);
    const char *outside = code ? NULL : find_outside(root, base);
    if (outside) code = refuse_outside(file, "scenario", outside, diag);
    else if (!code && vdc_node_get(root, "extends")) code = refuse_outside(file, "scenario", "extends", diag);
    vdc_arena_free(&arena);
    return code;
}

/* One line of the list. `line` is changed in place. */
static vdc_code check_input(const char *file, const char *base, char *line, const options *chosen, vdc_diag *diag) {
    const char *sha256, *name;
    char found[VDC_DIGEST_TEXT];
    if (!vdc_cli_read_input(line, &sha256, &name)) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: its list of inputs is damaged", file);
    if (!chosen->outside && vdc_cli_leads_out(base, name)) return refuse_outside(file, "list of inputs", name, diag);
    char *path = name[0] == '/' ? vdc_strdup(name) : vdc_format("%s/%s", base, name);
    if (!path) return vdc_no_memory(diag, "the inputs");
    vdc_code code = vdc_digest_file(path, found, NULL);
    if (code) code = vdc_fail(diag, code, NULL, "%s: an input of %s cannot be read: they are looked for in %s, --base names another folder", path, file, base);
    else if (strcmp(found, sha256) != 0)
        code = vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s: is not the file that the run read: its sha256 is %s, recorded is %s", path, found, sha256);
    vdc_free(path);
    return code;
}

static vdc_code check_inputs(const vdc_result *result, const char *base, const options *chosen, vdc_diag *diag) {
    const char *inputs = vdc_result_text(result, "inputs");
    char *list = vdc_strdup(inputs ? inputs : "");
    if (!list) return vdc_no_memory(diag, "the inputs");
    vdc_code first = VDC_OK;
    for (char *line = list; *line;) {
        char *end = line + strcspn(line, "\n"), *next = *end ? end + 1 : end;
        *end = '\0';
        vdc_code code = check_input(vdc_result_path(result), base, line, chosen, diag);
        if (!first) first = code;
        line = next;
    }
    vdc_free(list);
    return first;
}

static vdc_code check_contents(const vdc_result *result, vdc_diag *diag) {
    const char *recorded = vdc_result_text(result, "digest"), *file = vdc_result_path(result);
    char digest[VDC_DIGEST_TEXT];
    if (!vdc_result_complete(result)) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: of a run that was interrupted: there is no end to compare", file);
    if (!recorded) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: records no digest", file);
    vdc_code code = vdc_result_digest(result, digest, diag);
    if (!code && strcmp(digest, recorded) != 0)
        code = vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s: its values give the digest %s, recorded is %s: it was damaged or changed", file, digest, recorded);
    return code;
}

/* ---- the second run ---- */

static vdc_code run_to_end(vdc_simulation *simulation, const options *chosen, vdc_diag *diag) {
    vdc_status_line line;
    vdc_progress_report report = {0};
    vdc_code code = VDC_OK;
    vdc_status_line_begin(&line, !chosen->no_progress);
    while (!code && !report.ended) {
        code = vdc_cli_interrupted() ? VDC_INTERRUPTED : vdc_simulation_run_some(simulation, VDC_TIME_MAX, EVENTS_AT_ONCE, diag);
        vdc_simulation_progress(simulation, &report);
        vdc_status_line_update(&line, &report);
    }
    vdc_status_line_end(&line);
    return code;
}

/* Runs the scenario again, into `output`. */
static vdc_code run_again(const vdc_result *result, const char *base, const options *chosen, const char *output, char digest[VDC_DIGEST_TEXT],
                          vdc_diag *diag) {
    vdc_simulation *simulation = NULL;
    /* A scenario without a name of its own is named after its file: that name is in the summary. */
    const vdc_result_value *name = vdc_result_find(result, "name");
    char *path = vdc_format("%s/%s.yaml", base, name && name->text ? name->text : "scenario");
    if (!path) return vdc_no_memory(diag, "the second run");
    const char *journal = vdc_result_text(result, "journal");
    vdc_run_options settings = {.text = vdc_result_text(result, "scenario"), .output = output, .operable = vdc_result_text(result, "operable") != NULL,
                                .interrupted = vdc_cli_interrupted, .programs = chosen->programs ? VDC_PROGRAMS_ALLOWED : VDC_PROGRAMS_REFUSED};
    vdc_code code = vdc_simulation_open(&simulation, path, &settings, diag);
    if (!code && journal) code = vdc_journal_replay_text(simulation, journal, diag);
    if (!code) code = run_to_end(simulation, chosen, diag);
    if (!code) code = vdc_simulation_finish(simulation, diag);
    if (!code) memcpy(digest, vdc_simulation_digest(simulation), VDC_DIGEST_TEXT);
    vdc_simulation_close(simulation);
    vdc_free(path);
    return code;
}

/* One message a line: those of a diagnosis have no line breaks. */
static vdc_code tell_lines(const char *file, size_t count, const char *text, vdc_diag *diag) {
    vdc_code code = vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%s: a second run differs in %zu datasets (the file and the second run):", file, count);
    for (size_t length; *text; text += length + (text[length] != '\0')) {
        length = strcspn(text, "\n");
        if (length) vdc_fail(diag, VDC_ERROR_CHECK, NULL, "%.*s", (int)length, text);
    }
    if (count > DIFFERENCES_SHOWN) vdc_fail(diag, VDC_ERROR_CHECK, NULL, "  ...");
    return code;
}

static vdc_code tell_differences(const vdc_result *result, const char *output, vdc_diag *diag) {
    vdc_result *again;
    vdc_text text = {0};
    size_t count = 0;
    vdc_code code = vdc_result_open(&again, output, diag);
    if (code) return code;
    code = vdc_result_differences(result, again, DIFFERENCES_SHOWN, &count, &text, diag);
    if (!code)
        code = tell_lines(vdc_result_path(result), count, vdc_text_get(&text), diag);
    vdc_text_clear(&text);
    vdc_result_close(again);
    return code;
}

/* In a folder that is gone afterwards. */
static vdc_code compare_second_run(const vdc_result *result, const char *base, const options *chosen, vdc_diag *diag) {
    const char *root = getenv("TMPDIR"), *recorded = vdc_result_text(result, "digest"), *version = vdc_result_text(result, "vdcsim_version");
    char *folder = vdc_format("%s/vdcsim-verify-XXXXXX", root && *root ? root : "/tmp"), *output = NULL, digest[VDC_DIGEST_TEXT] = "";
    vdc_code code = VDC_OK;
    if (!folder) return vdc_no_memory(diag, "the second run");
    if (!mkdtemp(folder)) {
        code = vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be made (TMPDIR names another place)", folder);
        vdc_free(folder);
        return code;
    }
    output = vdc_format("%s/again.h5", folder);
    code = output ? run_again(result, base, chosen, output, digest, diag) : vdc_no_memory(diag, "the second run");
    if (!code && strcmp(digest, recorded) != 0) {
        if (version && strcmp(version, VDC_VERSION) != 0)
            vdc_warn(diag, NULL, "%s: was written by vdcsim %s, this is %s", vdc_result_path(result), version, VDC_VERSION);
        code = tell_differences(result, output, diag);
    }
    if (output) unlink(output);
    rmdir(folder);
    vdc_free(output);
    vdc_free(folder);
    return code;
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    const char *base = chosen->base ? chosen->base : ".";
    vdc_diag diag = {0};
    vdc_result *result;
    vdc_cli_catch_signals();
    vdc_code code = vdc_result_open(&result, arguments->items[0], &diag);
    if (code) return vdc_cli_finish(&diag, code);
    code = check_contents(result, &diag);
    if (!code) code = check_scenario(result, base, chosen, &diag);
    if (!code) code = check_inputs(result, base, chosen, &diag);
    if (!code) code = compare_second_run(result, base, chosen, &diag);
    if (!code) printf("%s: verified: its values and a second run have the digest %s\n", arguments->items[0], vdc_result_text(result, "digest"));
    vdc_result_close(result);
    return vdc_cli_finish(&diag, code);
}

const vdc_command vdc_command_verify = {
    .name = "verify", .summary = "run again what a result file records, and compare",
    .details = "Checks that the file's values give its digest, that the inputs are the ones that the run read (sha256), and that a\n"
               "second run of the recorded scenario gives the same digest. Exit 0: verified; 1: something differs, and what.\n"
               "The second run writes its result to TMPDIR and removes it.",
    .syntax = {"OUT.h5", 1, 1, table, sizeof table / sizeof *table, sizeof(options)},
    .run = run,
};
