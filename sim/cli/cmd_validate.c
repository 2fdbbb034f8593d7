/* vdcsim validate: reads and checks everything that a run would, runs nothing. */
#include <stdio.h>

#include "sim/cli/command.h"
#include "sim/cli/schema.h"
#include "sim/vdcsim.h"

typedef struct options {
    vdc_cli_list sets;
    bool schema;
} options;

static const vdc_cli_option table[] = {
    {.name = "set", .type = VDC_CLI_LIST, .argument = "KEY.PATH=VALUE", .help = "changes one key of the scenario, as in run",
     .offset = offsetof(options, sets)},
    {.name = "schema", .type = VDC_CLI_FLAG, .help = "writes the format of scenarios as a JSON Schema, for editors; reads nothing",
     .offset = offsetof(options, schema)},
};

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    vdc_run_options settings = {.sets = chosen->sets.items, .set_count = chosen->sets.count};
    vdc_diag diag = {0};
    if (chosen->schema) {
        vdc_json json = {.out = stdout, .indent = true};
        vdc_schema_write(&json);
        return vdc_cli_finish(&diag, VDC_OK);
    }
    if (arguments->count == 0)
        return vdc_cli_finish(&diag, vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "a scenario is missing: vdcsim validate SCENARIO.yaml"));
    vdc_code code = vdc_simulation_validate(arguments->items[0], &settings, &diag);
    int status = vdc_cli_finish(&diag, code);
    if (!code) fprintf(stderr, "%s is valid\n", arguments->items[0]);
    return status;
}

const vdc_command vdc_command_validate = {
    .name = "validate",
    .summary = "reads and checks everything that a run would, runs nothing",
    .syntax = {.arguments = "[SCENARIO.yaml]", .minimum = 0, .maximum = 1, .options = table, .option_count = sizeof table / sizeof *table,
               .size = sizeof(options)},
    .run = run,
};
