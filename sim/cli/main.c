/* The vdcsim command: finds the subcommand, reads its options by its table, runs it. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/base/param.h"
#include "sim/cli/command.h"
#include "sim/cli/help.h"

static const vdc_command *find(const vdc_command *const *commands, const char *name) {
    for (; *commands; commands++) {
        if (strcmp((*commands)->name, name) == 0) return *commands;
    }
    return NULL;
}

static int refuse_command(const char *path, const vdc_command *const *commands, const char *word) {
    size_t count = 0;
    while (commands[count]) count++;
    const char **names = vdc_calloc(count + 1, sizeof *names);
    const char *nearest = NULL;
    if (names) {
        for (size_t i = 0; i < count; i++) names[i] = commands[i]->name;
        nearest = vdc_nearest(word, names);
    }
    fprintf(stderr, "%s: unknown command '%s'", path, word);
    if (nearest) fprintf(stderr, ": did you mean '%s'?", nearest);
    fprintf(stderr, "\n%s --help lists the commands\n", path);
    vdc_free(names);
    return VDC_EXIT_USAGE;
}

static int run_leaf(const char *path, const vdc_command *command, int count, char *const *words) {
    vdc_diag diag = {0};
    vdc_cli_arguments arguments = {0};
    void *options = vdc_calloc(1, command->syntax.size ? command->syntax.size : 1);
    if (!options) return vdc_cli_finish(&diag, vdc_no_memory(&diag, "the command line"));
    vdc_code code = vdc_options_parse(&command->syntax, count, words, options, &arguments, &diag);
    int status;
    if (arguments.help) {
        vdc_help_command(stdout, path, command);
        status = VDC_EXIT_DONE;
    } else if (code) {
        status = vdc_cli_finish(&diag, code);
        vdc_help_usage(stderr, path, command);
    } else {
        status = command->run(options, &arguments);
    }
    vdc_options_clear(&command->syntax, options, &arguments);
    vdc_free(options);
    vdc_diag_clear(&diag);
    return status;
}

static int run_command(const char *path, const vdc_command *command, int count, char *const *words) {
    if (!command->subcommands) return run_leaf(path, command, count, words);
    if (count == 0) {
        vdc_help_usage(stderr, path, command);
        return VDC_EXIT_USAGE;
    }
    if (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0) {
        vdc_help_command(stdout, path, command);
        return VDC_EXIT_DONE;
    }
    const vdc_command *sub = find(command->subcommands, words[0]);
    if (!sub) return refuse_command(path, command->subcommands, words[0]);
    char *longer = vdc_format("%s %s", path, sub->name);
    int status = run_leaf(longer ? longer : path, sub, count - 1, words + 1);
    vdc_free(longer);
    return status;
}

static int dispatch(int count, char *const *words) {
    if (count == 0) {
        vdc_help_all(stderr);
        return VDC_EXIT_USAGE;
    }
    if (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0 || strcmp(words[0], "help") == 0) {
        const vdc_command *command = count > 1 ? find(vdc_commands, words[1]) : NULL;
        if (count > 1 && !command) return refuse_command("vdcsim", vdc_commands, words[1]);
        if (!command) {
            vdc_help_all(stdout);
            return VDC_EXIT_DONE;
        }
        char *path = vdc_format("vdcsim %s", command->name);
        vdc_help_command(stdout, path ? path : "vdcsim", command);
        vdc_free(path);
        return VDC_EXIT_DONE;
    }
    if (strcmp(words[0], "--version") == 0 || strcmp(words[0], "-V") == 0) {
        printf("vdcsim %s\n", VDC_VERSION);
        return VDC_EXIT_DONE;
    }
    const vdc_command *command = find(vdc_commands, words[0]);
    if (!command) return refuse_command("vdcsim", vdc_commands, words[0]);
    char *path = vdc_format("vdcsim %s", command->name);
    int status = run_command(path ? path : "vdcsim", command, count - 1, words + 1);
    vdc_free(path);
    return status;
}

int main(int argc, char **argv) {
    /* Result files are closed where they are used. At exit HDF5 would only look through its memory, and complain on stderr about
     * what it lost itself in a damaged file. */
    H5dont_atexit();
    int status = dispatch(argc > 0 ? argc - 1 : 0, argv + 1);
    /* Data that never reached its reader (a full disk behind a redirection) is a failure, not a success. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == VDC_EXIT_DONE) {
        perror("vdcsim: standard output");
        status = VDC_EXIT_FAILED;
    }
    return status;
}
