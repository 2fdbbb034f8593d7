/* Help and manual page from the commands' tables: see help.h. */
#include "sim/cli/help.h"

#include <string.h>

#include "sim/base/memory.h"

static const vdc_cli_option help_row = {.name = "help", .letter = 'h', .type = VDC_CLI_FLAG, .help = "this text"};

/* Calls `each` for a command's options and --help. */
static void for_options(const vdc_command *command, void (*each)(void *context, const vdc_cli_option *option), void *context) {
    for (size_t i = 0; i < command->syntax.option_count; i++) each(context, &command->syntax.options[i]);
    each(context, &help_row);
}

void vdc_help_usage(FILE *out, const char *path, const vdc_command *command) {
    if (command->subcommands) {
        fprintf(out, "usage: %s ", path);
        for (const vdc_command *const *sub = command->subcommands; *sub; sub++) fprintf(out, "%s%s", sub == command->subcommands ? "" : "|", (*sub)->name);
        fprintf(out, " ...\n%s --help says more\n", path);
        return;
    }
    fprintf(out, "usage: %s%s%s [options]\n%s --help lists the options\n", path, *command->syntax.arguments ? " " : "", command->syntax.arguments, path);
}

/* Names in a column as wide as the widest, at most WIDEST; a longer one gets a line of its own. */
enum { WIDEST = 28 };

static void print_row(FILE *out, const char *name, const char *help, int width) {
    int length = (int)strlen(name);
    if (length > width) fprintf(out, "  %s\n  %*s  %s", name, width, "", help);
    else fprintf(out, "  %-*s  %s", width, name, help);
}

static void print_option(void *context, const vdc_cli_option *option) {
    FILE *out = context;
    char *spelling = vdc_option_spelling(option);
    print_row(out, spelling ? spelling : option->name, option->help, WIDEST);
    vdc_free(spelling);
    for (size_t i = 0; option->choices && option->choices[i]; i++) fprintf(out, "%s%s", i ? ", " : ": ", option->choices[i]);
    if (option->type == VDC_CLI_LIST) fputs(" (may be repeated)", out);
    fputc('\n', out);
}

static void print_commands(FILE *out, const vdc_command *const *commands) {
    int width = 0;
    for (size_t i = 0; commands[i]; i++) {
        int length = (int)strlen(commands[i]->name);
        if (length > width) width = length;
    }
    for (; *commands; commands++) {
        print_row(out, (*commands)->name, (*commands)->summary, width);
        fputc('\n', out);
    }
}

void vdc_help_command(FILE *out, const char *path, const vdc_command *command) {
    if (command->subcommands) {
        fprintf(out, "%s: %s\n\nusage: %s COMMAND ...\n\ncommands:\n", path, command->summary, path);
        print_commands(out, command->subcommands);
        fprintf(out, "\n%s COMMAND --help lists the options of one.\n", path);
        return;
    }
    fprintf(out, "%s: %s\n\nusage: %s%s%s [options]\n", path, command->summary, path, *command->syntax.arguments ? " " : "", command->syntax.arguments);
    if (command->details) fprintf(out, "\n%s\n", command->details);
    fputs("\noptions:\n", out);
    for_options(command, print_option, out);
}

void vdc_help_all(FILE *out) {
    fprintf(out, "vdcsim %s: a discrete-event simulator of virtualized datacenter scheduling\n\nusage: vdcsim COMMAND ...\n\ncommands:\n", VDC_VERSION);
    print_commands(out, vdc_commands);
    fputs("\nvdcsim COMMAND --help lists the options of one; vdcsim --version says which version this is.\n"
          "exit status: 0 done, 1 the run failed or a check did not hold, 2 bad usage or bad input, 130 interrupted\n", out);
}

/* Text for man(7): a leading control character and backslashes and minus signs are escaped. */
static void print_roff(FILE *out, const char *text) {
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\'')) fputs("\\&", out);
        if (*text == '\\') fputs("\\e", out);
        else if (*text == '-') fputs("\\-", out);
        else fputc(*text, out);
        start = *text == '\n';
    }
}

static void manual_option(void *context, const vdc_cli_option *option) {
    FILE *out = context;
    fputs(".TP\n\\fB", out);
    if (option->letter) fprintf(out, "\\-%c\\fR, \\fB", option->letter);
    fputs("\\-\\-", out);
    print_roff(out, option->name);
    fputs("\\fR", out);
    if (option->argument) {
        fputs(" \\fI", out);
        print_roff(out, option->argument);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    print_roff(out, option->help);
    for (size_t i = 0; option->choices && option->choices[i]; i++) {
        fputs(i ? ", " : ": ", out);
        print_roff(out, option->choices[i]);
    }
    fputc('\n', out);
}

static void manual_command(FILE *out, const char *path, const vdc_command *command) {
    if (command->subcommands) {
        for (const vdc_command *const *sub = command->subcommands; *sub; sub++) {
            char *longer = vdc_format("%s %s", path, (*sub)->name);
            if (longer) manual_command(out, longer, *sub);
            vdc_free(longer);
        }
        return;
    }
    fprintf(out, ".SS \"%s", path);
    if (*command->syntax.arguments) {
        fputc(' ', out);
        print_roff(out, command->syntax.arguments);
    }
    fputs("\"\n", out);
    print_roff(out, command->summary);
    fputs(".\n", out);
    if (command->details) {
        fputs(".PP\n.nf\n", out);
        print_roff(out, command->details);
        fputs("\n.fi\n", out);
    }
    for_options(command, manual_option, out);
}

void vdc_help_manual(FILE *out) {
    fprintf(out, ".TH VDCSIM 1 \"\" \"vdcsim %s\" \"User Commands\"\n.SH NAME\nvdcsim \\- simulator of virtualized datacenter scheduling\n"
                 ".SH SYNOPSIS\n.B vdcsim\n.I COMMAND\n.RI [ argument ...]\n.SH COMMANDS\n", VDC_VERSION);
    for (const vdc_command *const *command = vdc_commands; *command; command++) manual_command(out, (*command)->name, *command);
    fputs(".SH EXIT STATUS\n0: done. 1: the run failed or a check did not hold. 2: bad usage or bad input. 130: ended by SIGINT or SIGTERM.\n", out);
}
