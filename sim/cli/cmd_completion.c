/* vdcsim completion: a script that teaches the shell the commands, their options and the options' choices. */
#include <stdio.h>
#include <string.h>

#include "sim/cli/command.h"

/* Calls `each` for every command that can be run, with its name and the name of the one that it belongs to (or NULL). */
static void for_commands(void (*each)(const vdc_command *command, const vdc_command *parent)) {
    for (const vdc_command *const *command = vdc_commands; *command; command++) {
        if (!(*command)->subcommands) each(*command, NULL);
        for (const vdc_command *const *sub = (*command)->subcommands; sub && *sub; sub++) each(*sub, *command);
    }
}

static void print_names(const vdc_command *const *commands) {
    for (; *commands; commands++) printf("%s ", (*commands)->name);
}

/* One arm of bash's case over "COMMAND SUBCOMMAND". */
static void bash_options(const vdc_command *command, const vdc_command *parent) {
    printf("    '%s%s%s'%s) words='", parent ? parent->name : "", parent ? " " : "", command->name, parent ? "" : "*");
    for (size_t i = 0; i < command->syntax.option_count; i++) printf("--%s ", command->syntax.options[i].name);
    puts("--help' ;;");
}

static void bash_choices(const vdc_command *command, const vdc_command *parent) {
    const char *first = parent ? parent->name : command->name;
    for (size_t i = 0; i < command->syntax.option_count; i++) {
        const vdc_cli_option *option = &command->syntax.options[i];
        if (!option->choices) continue;
        printf("    '%s --%s') words='", first, option->name);
        for (size_t c = 0; option->choices[c]; c++) printf("%s ", option->choices[c]);
        puts("' ;;");
    }
}

static void print_bash(void) {
    puts("_vdcsim() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
         "    local path=\n"
         "    [ \"$COMP_CWORD\" -gt 1 ] && path=${COMP_WORDS[1]}\n"
         "    [ \"$COMP_CWORD\" -gt 2 ] && path=\"$path ${COMP_WORDS[2]}\"\n"
         "    case \"$path\" in");
    printf("    '') words='");
    print_names(vdc_commands);
    puts("--help --version' ;;");
    for (const vdc_command *const *command = vdc_commands; *command; command++) {
        if (!(*command)->subcommands) continue;
        printf("    '%s') words='", (*command)->name);
        print_names((*command)->subcommands);
        puts("--help' ;;");
    }
    for_commands(bash_options);
    puts("    esac\n    case \"${COMP_WORDS[1]} $prev\" in");
    for_commands(bash_choices);
    puts("    esac\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "}\n"
         "complete -o default -F _vdcsim vdcsim");
}

/* Text between single quotes. */
static void fish_quote(const char *text) {
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void fish_options(const vdc_command *command, const vdc_command *parent) {
    for (size_t i = 0; i < command->syntax.option_count; i++) {
        const vdc_cli_option *option = &command->syntax.options[i];
        printf("complete -c vdcsim -n '__fish_seen_subcommand_from %s", parent ? parent->name : command->name);
        if (parent) printf("; and __fish_seen_subcommand_from %s", command->name);
        printf("' -l %s", option->name);
        if (option->letter) printf(" -s %c", option->letter);
        if (option->type != VDC_CLI_FLAG) printf(option->choices ? " -x" : " -r");
        if (option->choices) {
            printf(" -a '");
            for (size_t c = 0; option->choices[c]; c++) printf("%s ", option->choices[c]);
            putchar('\'');
        }
        printf(" -d ");
        fish_quote(option->help);
        putchar('\n');
    }
}

static void print_fish(void) {
    for (const vdc_command *const *command = vdc_commands; *command; command++) {
        printf("complete -c vdcsim -n __fish_use_subcommand -f -a %s -d ", (*command)->name);
        fish_quote((*command)->summary);
        putchar('\n');
        for (const vdc_command *const *sub = (*command)->subcommands; sub && *sub; sub++) {
            printf("complete -c vdcsim -n '__fish_seen_subcommand_from %s' -a %s -d ", (*command)->name, (*sub)->name);
            fish_quote((*sub)->summary);
            putchar('\n');
        }
    }
    for_commands(fish_options);
}

static int run(const void *options, const vdc_cli_arguments *arguments) {
    (void)options;
    const char *shell = arguments->items[0];
    if (strcmp(shell, "bash") == 0) {
        print_bash();
    } else if (strcmp(shell, "zsh") == 0) {
        puts("autoload -U +X bashcompinit && bashcompinit");
        print_bash();
    } else if (strcmp(shell, "fish") == 0) {
        print_fish();
    } else {
        vdc_diag diag = {0};
        return vdc_cli_finish(&diag, vdc_fail(&diag, VDC_ERROR_INPUT, NULL, "completion: found '%s', allowed: bash, zsh, fish", shell));
    }
    return VDC_EXIT_DONE;
}

const vdc_command vdc_command_completion = {
    .name = "completion",
    .summary = "a completion script for the shell",
    .details = "  bash: source <(vdcsim completion bash)\n"
               "  zsh:  source <(vdcsim completion zsh)\n"
               "  fish: vdcsim completion fish | source",
    .syntax = {.arguments = "bash|zsh|fish", .minimum = 1, .maximum = 1},
    .run = run,
};
