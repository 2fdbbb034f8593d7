/* vdcsim show: what a result file says. */
#include <stdio.h>
#include <string.h>

#include "analysis/show.h"
#include "sim/cli/command.h"
#include "sim/cli/json.h"

typedef struct options {
    bool json, provenance, scenario;
} options;

static const vdc_cli_option table[] = {
    {.name = "json", .type = VDC_CLI_FLAG, .help = "one JSON object instead of text", .offset = offsetof(options, json)},
    {.name = "provenance", .type = VDC_CLI_FLAG, .help = "what the run was made from, instead of its summary", .offset = offsetof(options, provenance)},
    {.name = "scenario", .type = VDC_CLI_FLAG, .help = "the scenario alone, to run it again", .offset = offsetof(options, scenario)},
};

static void write_summary(const vdc_result *result, vdc_json *json) {
    const vdc_result_value *value;
    for (size_t i = 0; (value = vdc_result_summary(result, i)); i++) {
        if (value->type == VDC_CELL_TEXT) vdc_json_put_text(json, value->key, value->text);
        else if (value->type == VDC_CELL_INTEGER) vdc_json_put_integer(json, value->key, value->integer);
        else vdc_json_put_real(json, value->key, value->real);
    }
}

static void write_provenance(const vdc_result *result, vdc_json *json) {
    static const char *const texts[] = {"vdcsim_version", "digest", "policies", "scenario", "scenario_sha256", "inputs"};
    static const char *const integers[] = {"format_version", "complete", "seed"};
    int64_t value;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (vdc_result_integer(result, integers[i], &value)) vdc_json_put_integer(json, integers[i], value);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (vdc_result_text(result, texts[i])) vdc_json_put_text(json, texts[i], vdc_result_text(result, texts[i]));
}

static vdc_code print(const vdc_result *result, const options *chosen, vdc_diag *diag) {
    vdc_text text = {0};
    if (chosen->scenario) {
        const char *scenario = vdc_result_text(result, "scenario");
        if (!scenario) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: records no scenario", vdc_result_path(result));
        fputs(scenario, stdout);
        return VDC_OK;
    }
    if (chosen->json) {
        vdc_json json = {.out = stdout, .indent = true};
        vdc_json_open(&json, '{');
        if (chosen->provenance) write_provenance(result, &json);
        else write_summary(result, &json);
        vdc_json_close(&json, '}');
        vdc_json_end(&json);
        return VDC_OK;
    }
    if (chosen->provenance) vdc_show_provenance(result, &text);
    else vdc_show_summary(result, &text);
    vdc_code code = vdc_text_code(&text, "the summary", diag);
    if (!code) code = vdc_result_check(result, diag);
    if (!code) fputs(vdc_text_get(&text), stdout);
    vdc_text_clear(&text);
    return code;
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    vdc_diag diag = {0};
    vdc_result *result;
    vdc_code code = vdc_result_open(&result, arguments->items[0], &diag);
    if (code) return vdc_cli_finish(&diag, code);
    if (!vdc_result_complete(result)) {
        vdc_warn(&diag, NULL, "%s: of a run that was interrupted: the numbers are those up to then", arguments->items[0]);
        vdc_cli_print(&diag);
    }
    code = print(result, given, &diag);
    vdc_result_close(result);
    return vdc_cli_finish(&diag, code);
}

const vdc_command vdc_command_show = {
    .name = "show", .summary = "what a result file says: the summary, or where it comes from",
    .details = "Text is for people: values in units that read well, six digits. --json has every digit, in base units.\n"
               "The .partial file of a run that was interrupted can be shown, too.",
    .syntax = {"OUT.h5", 1, 1, table, sizeof table / sizeof *table, sizeof(options)},
    .run = run,
};
