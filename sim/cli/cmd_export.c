/* vdcsim export: a table of a result file as CSV. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/export.h"
#include "sim/base/file.h"
#include "sim/base/memory.h"
#include "sim/cli/command.h"

typedef struct options {
    const char *table, *output;
    bool force;
} options;

static const char *const tables[] = {"ticks", "vms", "hosts", "tenants", "rules", "events", "checks", "summary", NULL};

static const vdc_cli_option table[] = {
    {.name = "table", .letter = 't', .type = VDC_CLI_CHOICE, .argument = "TABLE", .help = "which one; default: ticks", .choices = tables,
     .offset = offsetof(options, table)},
    {.name = "output", .letter = 'o', .type = VDC_CLI_PATH, .argument = "FILE.csv", .help = "default: standard output", .offset = offsetof(options, output)},
    {.name = "force", .letter = 'f', .type = VDC_CLI_FLAG, .help = "replace FILE.csv when it exists", .offset = offsetof(options, force)},
};

static bool write_piece(void *user, const char *bytes, size_t size) {
    return fwrite(bytes, 1, size, user) == size;
}

static vdc_code write_failed(const char *path, vdc_diag *diag) {
    return vdc_file_fail(diag, VDC_ERROR_IO, path, "cannot be written");
}

/* Writes FILE.partial and names it when it is whole. */
static vdc_code export_to_file(const vdc_result *result, const char *name, const options *chosen, vdc_diag *diag) {
    if (vdc_file_is_stream(chosen->output)) {
        FILE *stream = fopen(chosen->output, "we");
        vdc_code code = stream ? vdc_export_table(result, name, write_piece, stream, diag) : VDC_ERROR_IO;
        bool bad = !stream || ferror(stream) != 0;
        bad = (stream && fclose(stream) != 0) || bad;
        return bad ? write_failed(chosen->output, diag) : code;
    }
    struct stat status;
    if (!chosen->force && lstat(chosen->output, &status) == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: exists already; --force replaces it", chosen->output);
    char *partial = vdc_format("%s.partial", chosen->output);
    if (!partial) return vdc_no_memory(diag, "the table");
    FILE *file = fopen(partial, "w");
    vdc_code code = file ? vdc_export_table(result, name, write_piece, file, diag)
                         : vdc_file_fail(diag, VDC_ERROR_INPUT, chosen->output, "cannot be written");
    if (file) {
        bool bad = ferror(file) != 0 || fflush(file) != 0 || fsync(fileno(file)) != 0;
        if (bad) code = write_failed(chosen->output, diag);
        bad = fclose(file) != 0;
        if (bad && !code) code = write_failed(chosen->output, diag);
        if (code) unlink(partial);
    }
    if (!code) code = vdc_file_publish(partial, chosen->output, chosen->force, diag);
    vdc_free(partial);
    return code;
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    const char *name = chosen->table ? chosen->table : "ticks";
    vdc_diag diag = {0};
    vdc_result *result;
    vdc_code code = vdc_file_spare(chosen->output, arguments->items[0], &diag);
    if (!code) code = vdc_result_open(&result, arguments->items[0], &diag);
    if (code) return vdc_cli_finish(&diag, code);
    if (!vdc_result_complete(result)) vdc_warn(&diag, NULL, "%s: of a run that was interrupted", arguments->items[0]);
    if (chosen->output) {
        code = export_to_file(result, name, chosen, &diag);
    } else {
        code = vdc_export_table(result, name, write_piece, stdout, &diag);
        if (ferror(stdout)) code = write_failed("standard output", &diag);
    }
    vdc_result_close(result);
    return vdc_cli_finish(&diag, code);
}

const vdc_command vdc_command_export = {
    .name = "export", .summary = "a table of a result file as CSV",
    .details = "One row a tick, VM, host, ...; a column that has a value for each resource becomes one for each: P_cpu, P_memory.\n"
               "Numbers read back exactly; NaN is an empty field. Units: vdcsim show, docs/result-file.md.",
    .syntax = {"OUT.h5", 1, 1, table, sizeof table / sizeof *table, sizeof(options)},
    .run = run,
};
