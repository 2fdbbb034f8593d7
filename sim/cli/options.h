/* Option tables: one row an option, and everything follows from it: parsing, --help, usage errors with "did you mean",
 * shell completion and the manual page.
 *
 * A command's table has offsets into a struct of its own, which vdc_options_parse fills (zeroed first). Options may stand
 * anywhere among the arguments, as --name VALUE, --name=VALUE, -n VALUE or -nVALUE; "--" ends them. Every command has
 * --help without a row.
 */
#ifndef VDC_CLI_OPTIONS_H
#define VDC_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/status.h"

typedef enum vdc_cli_type {
    VDC_CLI_FLAG,    /* bool: no argument */
    VDC_CLI_TEXT,    /* const char *: NULL when not given */
    VDC_CLI_PATH,    /* the same, and completion offers files */
    VDC_CLI_CHOICE,  /* the same, one of `choices` */
    VDC_CLI_NUMBER,  /* vdc_cli_number: a whole number from `minimum` to `maximum` (0: no bound) */
    VDC_CLI_LIST     /* vdc_cli_list: may be given more than once */
} vdc_cli_type;

typedef struct vdc_cli_number {
    bool given;
    uint64_t value;
} vdc_cli_number;

typedef struct vdc_cli_list {
    const char **items;  /* freed by vdc_options_clear; the texts are argv's */
    size_t count, capacity;
} vdc_cli_list;

typedef struct vdc_cli_option {
    const char *name;             /* "force": --force */
    char letter;                  /* 'f': -f; 0 = none */
    vdc_cli_type type;
    const char *argument;         /* "OUT.h5": what stands for its value in the help; NULL for flags */
    const char *help;             /* one line */
    size_t offset;                /* of the value in the command's struct */
    const char *const *choices;   /* of CHOICE: NULL-terminated */
    uint64_t minimum, maximum;    /* of NUMBER */
} vdc_cli_option;

/* What a command takes. */
typedef struct vdc_cli_syntax {
    const char *arguments;         /* "SCENARIO.yaml", "DIR|FILE.h5...": what it takes besides options, for the usage line; "" = nothing */
    size_t minimum, maximum;       /* how many of them; SIZE_MAX = any number */
    const vdc_cli_option *options;
    size_t option_count;
    size_t size;                   /* of the struct that the options' offsets are into */
} vdc_cli_syntax;

/* What was given besides the options. */
typedef struct vdc_cli_arguments {
    const char **items;
    size_t count, capacity;
    bool help;                     /* --help was among the options: nothing else was checked */
} vdc_cli_arguments;

/* Reads `count` words (without the command's name). Errors go to diag as VDC_ERROR_INPUT. Both outputs are to be cleared in any case. */
vdc_code vdc_options_parse(const vdc_cli_syntax *syntax, int count, char *const *words, void *options, vdc_cli_arguments *arguments,
                           vdc_diag *diag);
void vdc_options_clear(const vdc_cli_syntax *syntax, void *options, vdc_cli_arguments *arguments);

/* "-o, --output OUT.h5" in fresh memory, or NULL. */
char *vdc_option_spelling(const vdc_cli_option *option);

#endif
