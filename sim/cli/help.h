/* Help and manual page, generated from the commands' tables. */
#ifndef VDC_CLI_HELP_H
#define VDC_CLI_HELP_H

#include <stdio.h>

#include "sim/cli/command.h"

/* The list of commands: `vdcsim --help`. */
void vdc_help_all(FILE *out);
/* One command; `path` is its full name ("vdcsim trace info"). */
void vdc_help_command(FILE *out, const char *path, const vdc_command *command);
/* "usage: vdcsim run ...": for usage errors. */
void vdc_help_usage(FILE *out, const char *path, const vdc_command *command);
/* The manual page vdcsim(1) in man(7) macros. */
void vdc_help_manual(FILE *out);

#endif
