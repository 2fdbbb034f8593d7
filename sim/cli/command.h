/* A command of vdcsim: a name, what it takes, and a function. commands.c lists them.
 *
 * To add one: write sim/cli/cmd_NAME.c with `const vdc_command vdc_command_NAME = {...}` and add a row to commands.c.
 *
 *     typedef struct options { bool json; } options;
 *     static const vdc_cli_option table[] = {
 *         {"json", 0, VDC_CLI_FLAG, NULL, "one JSON object instead of text", offsetof(options, json), NULL, 0, 0},
 *     };
 *     static int run(const void *given, const vdc_cli_arguments *arguments) {...; return vdc_cli_finish(&diag, code); }
 *     const vdc_command vdc_command_show = {
 *         .name = "show", .summary = "the summary of a result file", .run = run,
 *         .syntax = {"OUT.h5", 1, 1, table, sizeof table / sizeof *table, sizeof(options)},
 *     };
 */
#ifndef VDC_CLI_COMMAND_H
#define VDC_CLI_COMMAND_H

#include "sim/cli/options.h"

/* What the command line gives back to the shell. */
enum {
    VDC_EXIT_DONE = 0,
    VDC_EXIT_FAILED = 1,        /* the run failed or a check did not hold */
    VDC_EXIT_USAGE = 2,         /* bad usage or bad input */
    VDC_EXIT_INTERRUPTED = 130  /* ended early by SIGINT or SIGTERM */
};

typedef struct vdc_command vdc_command;
struct vdc_command {
    const char *name;
    const char *summary;                     /* one line, no full stop */
    const char *details;                     /* more for --help, lines of at most 100 characters; may be NULL */
    vdc_cli_syntax syntax;
    const vdc_command *const *subcommands;   /* NULL-terminated: then `run` and `syntax` are not used */
    /* Does the work: `options` is the struct that the table fills. Data goes to stdout, messages to stderr. Returns the exit status. */
    int (*run)(const void *options, const vdc_cli_arguments *arguments);
};

extern const vdc_command *const vdc_commands[]; /* NULL-terminated; commands.c */

/* Prints and frees the messages, and gives the exit status for `code`: 0; 2 for bad input and files that cannot be opened; 130
 * for an interruption; otherwise, as for writing or reading that failed on the way, 1. */
int vdc_cli_finish(vdc_diag *diag, vdc_code code);
/* Prints and frees the messages only. */
void vdc_cli_print(vdc_diag *diag);

/* Makes SIGINT and SIGTERM set a flag instead of ending the process; a second one ends it. */
void vdc_cli_catch_signals(void);
bool vdc_cli_interrupted(void);
bool vdc_cli_terminated(void); /* by SIGTERM, not by SIGINT alone */
/* Forgets a SIGINT that broke what was under way; the next one is a first one again. A SIGTERM stays. */
void vdc_cli_go_on(void);

/* CPU and wall time in seconds, for rates. */
double vdc_cli_cpu_seconds(void);
double vdc_cli_children_cpu_seconds(void); /* of processes that were waited for */
double vdc_cli_wall_seconds(void);
/* The most memory that the process has had resident, in bytes. */
uint64_t vdc_cli_peak_memory(void);

#endif
