/* The commands, in the order in which help lists them: one row each. */
#include "sim/cli/command.h"

#define COMMANDS(row) \
    row(run)          \
    row(console)      \
    row(validate)     \
    row(sweep)        \
    row(show)         \
    row(export)       \
    row(verify)       \
    row(compare)      \
    row(plot)         \
    row(report)       \
    row(policies)     \
    row(trace)        \
    row(selftest)     \
    row(bench)        \
    row(completion)   \
    row(manual)

#define DECLARE(name) extern const vdc_command vdc_command_##name;
#define LIST(name) &vdc_command_##name,

COMMANDS(DECLARE)
const vdc_command *const vdc_commands[] = {COMMANDS(LIST) NULL};
