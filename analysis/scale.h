/* Quantities for people: which unit to show a value in, and how to write it.
 *
 * Result files hold base units (s, J, B, Hz); 604 800 s reads better as 7 d. A scale is chosen once for a column or an axis from
 * its largest value, so that all of it is shown in one unit.
 */
#ifndef VDC_ANALYSIS_SCALE_H
#define VDC_ANALYSIS_SCALE_H

#include <stddef.h>

typedef struct vdc_scale {
    double factor;        /* shown = value / factor */
    const char *units;    /* "h", "GiB", "" for a plain number; static, or the units given */
} vdc_scale;

/* `largest` is the largest absolute value. Units without a row in the table (and NULL) stay as they are. */
vdc_scale vdc_scale_choose(const char *units, double largest);

/* A number with at most `digits` significant digits, thousands parted by a thin gap from 10 000 on, "–" for NaN. Exact for whole
 * numbers below 10^15. Returns `buffer`. */
const char *vdc_show_number(double value, int digits, char *buffer, size_t size);

/* A time axis from `from` to `to` seconds: the unit (s, min, h, d) and a step of it that people count in. */
typedef struct vdc_time_axis {
    double factor;        /* seconds in one unit */
    const char *units;
    double step;          /* in units */
} vdc_time_axis;
vdc_time_axis vdc_time_axis_choose(double from, double to);

#endif
