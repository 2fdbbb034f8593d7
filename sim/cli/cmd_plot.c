/* vdcsim plot: pictures of results by gnuplot. */
#include <stdio.h>
#include <string.h>

#include "analysis/plot.h"
#include "sim/cli/command.h"

typedef struct options {
    const char *folder, *format;
    vdc_cli_list kinds;
    bool force, list;
} options;

static const vdc_cli_option table[] = {
    {"output", 'o', VDC_CLI_PATH, "DIR", "folder for the pictures, made when it is not there", offsetof(options, folder), NULL, 0,
     0},
    {"format", 'f', VDC_CLI_CHOICE, "FORMAT", "svg (the default), png or pdf", offsetof(options, format), vdc_picture_formats, 0,
     0},
    {"kind", 'k', VDC_CLI_LIST, "KIND", "only this kind of picture; may be given more than once", offsetof(options, kinds), NULL,
     0, 0},
    {"list", 0, VDC_CLI_FLAG, NULL, "list the kinds of pictures and draw nothing", offsetof(options, list), NULL, 0, 0},
    {"force", 0, VDC_CLI_FLAG, NULL, "replace pictures that are there already", offsetof(options, force), NULL, 0, 0},
};

static int list_kinds(void)
{
    for (size_t i = 0; vdc_plot_kinds[i]; i++) {
        printf("%-14s %s\n", vdc_plot_kinds[i]->name, vdc_plot_kinds[i]->summary);
    }
    return VDC_EXIT_DONE;
}

static int run(const void *given, const vdc_cli_arguments *arguments)
{
    const options *o = given;
    vdc_diag diag = {0};
    if (o->list) {
        return list_kinds();
    }
    if (arguments->count == 0 || !o->folder) {
        return vdc_cli_finish(&diag, vdc_fail(&diag, VDC_ERROR_INPUT, NULL,
                                              "vdcsim plot: give result files or a folder of them, and -o DIR for the pictures"));
    }
    vdc_plot_options plot = {.folder = o->folder, .kinds = o->kinds.items, .kind_count = o->kinds.count, .force = o->force, .stop = vdc_cli_interrupted};
    for (size_t i = 0; o->format && vdc_picture_formats[i]; i++) {
        plot.format = strcmp(o->format, vdc_picture_formats[i]) == 0 ? (vdc_picture_format)i : plot.format;
    }
    vdc_runs runs;
    vdc_drawn_list drawn = {0};
    vdc_cli_catch_signals();
    vdc_code code = vdc_runs_open(&runs, arguments->items, arguments->count, &diag);
    if (!code) {
        code = vdc_plot_draw(&runs, &plot, &drawn, &diag);
        code = code ? code : vdc_runs_check(&runs, &diag);
        for (size_t i = 0; i < drawn.count; i++) {
            if (drawn.items[i].title) {
                printf("%s/%s.%s\n", o->folder, drawn.items[i].name, vdc_picture_formats[plot.format]);
            } else if (drawn.items[i].missing && o->kinds.count == 0) {
                fprintf(stderr, "%s is not drawn: %s\n", drawn.items[i].name, drawn.items[i].missing);
            }
        }
        vdc_drawn_list_clear(&drawn);
        vdc_runs_close(&runs);
    }
    return vdc_cli_finish(&diag, code);
}

const vdc_command vdc_command_plot = {
    .name = "plot", .summary = "pictures of results by gnuplot, with script and data beside each", .run = run,
    .details = "Runs that differ in their seed alone are one group; a picture of a single run shows the group's\n"
               "first seed. A folder stands for the result files in it. Pictures that the results do not allow are\n"
               "named with what is missing. NAME.gp and NAME.dat beside each picture draw it again: gnuplot NAME.gp",
    .syntax = {"DIR|OUT.h5...", 0, SIZE_MAX, table, sizeof table / sizeof *table, sizeof(options)},
};
