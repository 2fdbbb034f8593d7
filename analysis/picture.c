/* The house style of pictures. */
#include "analysis/picture.h"

#include "analysis/gnuplot.h"
#include "sim/base/memory.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const vdc_picture_formats[] = {"svg", "png", "pdf", NULL};

static const char *const colours[VDC_PICTURE_LINES] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                       "#E69F00", "#56B4E9", "#000000", "#8C7A00"};
static const char *const lines[VDC_PICTURE_LINES] = {
    "lc rgb '#0072B2' lw 2 dt 1",        "lc rgb '#D55E00' lw 2 dt (16,6)", "lc rgb '#009E73' lw 2 dt (8,5)",
    "lc rgb '#CC79A7' lw 2 dt (3,4)",    "lc rgb '#E69F00' lw 2 dt (14,5,3,5)", "lc rgb '#56B4E9' lw 2 dt 1",
    "lc rgb '#000000' lw 2 dt (2,4)",    "lc rgb '#8C7A00' lw 2 dt (8,3,2,3,2,3)",
};

void vdc_picture_clear(vdc_picture *picture)
{
    vdc_text_clear(&picture->title);
    vdc_text_clear(&picture->script);
    vdc_text_clear(&picture->data);
    vdc_text_clear(&picture->missing);
    *picture = (vdc_picture){0};
}

unsigned vdc_picture_block(vdc_picture *picture, const char *name, const char *columns)
{
    vdc_text_add(&picture->data, "%s# %u: %s\n# %s\n", picture->blocks ? "\n\n" : "", picture->blocks, name, columns);
    return picture->blocks++;
}

static void add_values(vdc_text *data, const double *values, size_t count, bool first)
{
    for (size_t i = 0; i < count; i++) {
        if (!first || i > 0) {
            vdc_text_add_bytes(data, "\t", 1);
        }
        if (isfinite(values[i])) {
            vdc_text_add(data, "%.9g", values[i]);
        } else {
            vdc_text_add(data, "NaN");
        }
    }
    vdc_text_add_bytes(data, "\n", 1);
}

void vdc_picture_row(vdc_picture *picture, const double *values, size_t count)
{
    add_values(&picture->data, values, count, true);
}

void vdc_picture_text_row(vdc_picture *picture, const char *text, const double *values, size_t count)
{
    vdc_text_add_bytes(&picture->data, "\"", 1);
    for (; *text; text++) {
        bool breaks = *text == '"' || (unsigned char)*text < ' ';
        vdc_text_add_bytes(&picture->data, breaks ? "'" : text, 1);
    }
    vdc_text_add_bytes(&picture->data, "\"", 1);
    add_values(&picture->data, values, count, false);
}

void vdc_picture_quote(vdc_text *script, const char *text)
{
    vdc_text_add_bytes(script, "'", 1);
    for (; *text; text++) {
        if (*text == '\'') {
            vdc_text_add(script, "’"); /* gnuplot takes a doubled one at the beginning for an empty text */
        } else {
            vdc_text_add_bytes(script, (unsigned char)*text < ' ' ? " " : text, 1);
        }
    }
    vdc_text_add_bytes(script, "'", 1);
}

const char *vdc_picture_line(unsigned i)
{
    return lines[i % VDC_PICTURE_LINES];
}

const char *vdc_picture_colour(unsigned i)
{
    return colours[i % VDC_PICTURE_LINES];
}

vdc_time_axis vdc_picture_time(vdc_picture *picture, double from, double to)
{
    vdc_time_axis axis = vdc_time_axis_choose(from, to);
    vdc_text_add(&picture->script,
                 "xlabel_text = 'Simulated time (%s)'\nset xlabel xlabel_text\nset xtics %g\nset xrange [%.9g:%.9g]\n",
                 axis.units, axis.step, from / axis.factor, (to > from ? to : from + axis.factor) / axis.factor);
    return axis;
}

void vdc_picture_palette(vdc_picture *picture)
{
    vdc_text_add(&picture->script, "set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', 5 "
                                   "'#28ae80', 6 '#5ec962', "
                                   "7 '#addc30', 8 '#fde725')\n");
}

static void add_preamble(vdc_text *script, const vdc_picture *picture, const char *name, vdc_picture_format format)
{
    unsigned width = picture->width ? picture->width : 900, height = picture->height ? picture->height : 480;
    const char *extension = vdc_picture_formats[format];
    vdc_text_add(script, "# Drawn by vdcsim %s. Change what you like and draw again: gnuplot %s.gp\n", VDC_VERSION, name);
    switch (format) {
    case VDC_PICTURE_SVG:
        /* `name` sets apart the ids of pictures that stand in one page: letters, digits and _ only. */
        vdc_text_add(script, "set terminal svg size %u,%u dynamic noenhanced rounded font 'DejaVu Sans,Verdana,sans-serif,13' "
                     "background rgb 'white' name '", width, height);
        for (const char *at = name; *at; at++) {
            vdc_text_add(script, "%c", isalnum((unsigned char)*at) ? *at : '_');
        }
        vdc_text_add(script, "'\n");
        break;
    case VDC_PICTURE_PNG:
        vdc_text_add(script,
                     "set terminal pngcairo size %u,%u noenhanced rounded font 'DejaVu Sans,11' fontscale 1.8 linewidth 1.6 "
                     "background rgb 'white'\n",
                     width * 2, height * 2);
        break;
    case VDC_PICTURE_PDF:
        vdc_text_add(script, "set terminal pdfcairo size %.2fin,%.2fin noenhanced rounded font 'DejaVu Sans,9' linewidth 1.2 "
                     "background rgb 'white'\n", width / 120.0, height / 120.0);
        break;
    }
    vdc_text_add(script, "set encoding utf8\nset output '%s.%s'\ndata = '%s.dat'\n", name, extension, name);
    vdc_text_add(
        script,
        "set datafile separator tab\nset border 3 lc rgb '#606060'\nset tics nomirror out scale 0.6 textcolor rgb '#303030'\n"
        "set grid ytics lc rgb '#e4e4e4' lw 1 dt 1\nset key outside bottom center horizontal Left reverse samplen 2 width -1\n"
        "set style fill solid noborder\nset xtics autofreq\nset ytics autofreq\nset format '%%h'\n"
        /* The SVG terminal puts the x axis's label lower than the others do, and draws larger points. */
        "label_lift = %s\nmark = %s\n", format == VDC_PICTURE_SVG ? "0.5" : "0", format == VDC_PICTURE_SVG ? "0.6" : "1");
    if (picture->title.length) {
        /* Single quotes: gnuplot runs what stands in back quotes within double ones. */
        const char *line = vdc_text_get(&picture->title);
        vdc_text_add(script, "set title ");
        for (size_t length; *line; line += length) {
            length = strcspn(line, "\n");
            char *part = vdc_strndup(line, length);
            script->failed = script->failed || !part;
            vdc_picture_quote(script, part ? part : "");
            vdc_free(part);
            if (line[length] == '\n') {
                vdc_text_add(script, ".\"\\n\".");
                length++;
            }
        }
        vdc_text_add(script, "\n");
    }
}

vdc_code vdc_picture_save(const vdc_picture *picture, const char *folder, const char *name, vdc_picture_format format, bool force,
                          vdc_diag *diag)
{
    vdc_text script = {0};
    add_preamble(&script, picture, name, format);
    vdc_text_add(&script, "%s", vdc_text_get(&picture->script));
    script.failed = script.failed || picture->script.failed || picture->title.failed;
    char *script_path = vdc_format("%s/%s.gp", folder, name), *data_path = vdc_format("%s/%s.dat", folder, name);
    char *picture_path = vdc_format("%s/%s.%s", folder, name, vdc_picture_formats[format]),
         *script_name = vdc_format("%s.gp", name);
    vdc_code code = VDC_OK;
    struct stat status;
    if (!script_path || !data_path || !picture_path || !script_name) {
        code = vdc_no_memory(diag, "a picture");
    } else if (!force && lstat(picture_path, &status) == 0) {
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: exists already; --force replaces it", picture_path);
    } else {
        code = vdc_text_save(&picture->data, data_path, true, diag);
        if (!code) {
            code = vdc_text_save(&script, script_path, true, diag);
        }
        if (!code) {
            code = vdc_gnuplot_run(folder, script_name, diag);
            if (code) {
                unlink(picture_path); /* half a picture must not pass for one */
            }
        }
    }
    vdc_free(script_path);
    vdc_free(data_path);
    vdc_free(picture_path);
    vdc_free(script_name);
    vdc_text_clear(&script);
    return code;
}
