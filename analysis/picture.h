/* One picture in the making: a gnuplot script and its data, in one house style.
 *
 * A kind of plot (analysis/plots/) fills in a title, data blocks and plot commands; this module adds the terminal, the colours
 * and the frame, writes NAME.gp and NAME.dat beside each other and has gnuplot draw NAME.svg, .png or .pdf from them.
 *
 * Colours are Okabe and Ito's palette (Color Universal Design, 2008), which people with any colour vision can tell apart; lines
 * differ in dashes too. Maps use viridis (van der Walt and Smith, 2015), even in lightness and good in grey.
 */
#ifndef VDC_ANALYSIS_PICTURE_H
#define VDC_ANALYSIS_PICTURE_H

#include "analysis/scale.h"
#include "analysis/text.h"

typedef enum vdc_picture_format { VDC_PICTURE_SVG, VDC_PICTURE_PNG, VDC_PICTURE_PDF } vdc_picture_format;
extern const char *const vdc_picture_formats[]; /* "svg", "png", "pdf", NULL */

/* Initialise with {0}, end with vdc_picture_clear. */
typedef struct vdc_picture {
    vdc_text title;      /* plain words; the second line, if any, is smaller print */
    vdc_text script;     /* gnuplot commands after the preamble; the data file is `data` */
    vdc_text data;       /* blocks of rows, parted by two empty lines: `index` 0, 1, … */
    vdc_text missing;    /* why there is nothing to draw, in words; empty when there is */
    unsigned blocks;
    unsigned width, height; /* pixels at 96 dpi; 0 = 900 x 480 */
} vdc_picture;

void vdc_picture_clear(vdc_picture *picture);

/* Begins a data block. `columns` names them, for readers of the file. Returns its index. */
unsigned vdc_picture_block(vdc_picture *picture, const char *name, const char *columns);
/* A row of numbers; NaN is written as such and breaks a line. */
void vdc_picture_row(vdc_picture *picture, const double *values, size_t count);
/* A row that begins with a text (in quotes), for axes of names. */
void vdc_picture_text_row(vdc_picture *picture, const char *text, const double *values, size_t count);

/* Adds `text` in gnuplot's single quotes, where nothing is run or replaced. Titles are drawn as they are: no markup. */
void vdc_picture_quote(vdc_text *script, const char *text);
/* Style of the i-th series: "lc rgb '#…' lw 2 dt …" (static, repeats after 8). */
const char *vdc_picture_line(unsigned i);
const char *vdc_picture_colour(unsigned i);
enum { VDC_PICTURE_LINES = 8 };
/* Sets label, range and tics of the x axis for a time from `from` to `to` seconds; data are in seconds divided by the factor of
 * the axis returned. */
vdc_time_axis vdc_picture_time(vdc_picture *picture, double from, double to);
/* Viridis as the palette of a map. */
void vdc_picture_palette(vdc_picture *picture);

/* Writes FOLDER/NAME.gp, NAME.dat and, through gnuplot, the picture. */
vdc_code vdc_picture_save(const vdc_picture *picture, const char *folder, const char *name, vdc_picture_format format, bool force,
                          vdc_diag *diag);

#endif
