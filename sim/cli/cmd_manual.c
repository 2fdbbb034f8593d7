/* vdcsim manual: the manual page, from the same tables as --help. */
#include "sim/cli/command.h"
#include "sim/cli/help.h"

static int run(const void *options, const vdc_cli_arguments *arguments) {
    (void)options;
    (void)arguments;
    vdc_help_manual(stdout);
    return VDC_EXIT_DONE;
}

const vdc_command vdc_command_manual = {
    .name = "manual",
    .summary = "the manual page, for man -l",
    .details = "  vdcsim manual | man -l -",
    .syntax = {.arguments = ""},
    .run = run,
};
