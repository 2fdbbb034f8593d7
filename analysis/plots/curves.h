/* Pictures over time that are nothing but columns of /ticks: a list of panels, each a list of curves.
 * A curve that the run did not record is left out, and so is a panel without curves. */
#ifndef VDC_ANALYSIS_PLOTS_CURVES_H
#define VDC_ANALYSIS_PLOTS_CURVES_H

#include "analysis/plots/kinds.h"

enum { VDC_CURVES_PANEL = 4 };

typedef struct vdc_curve {
    const char *path;              /* "/ticks/power"; NULL ends the list */
    const char *title;             /* in the key; NULL = none */
    vdc_interval_value value;
    double factor;                 /* shown = value x factor; 0 = 1 */
    bool held;                     /* the column holds values at the ends of ticks: vdc_ticks_held */
    bool total;                    /* summed up from the run's start */
    bool optional;                 /* left out when it is 0 throughout */
} vdc_curve;

typedef struct vdc_curve_panel {
    const char *title;             /* without units */
    const char *units;             /* for vdc_scale_choose; NULL = none */
    const char *per;               /* after the scaled units: "/h", or NULL */
    bool area;                     /* the first curve is filled */
    vdc_curve curves[VDC_CURVES_PANEL];
} vdc_curve_panel;

/* Draws the panels of one run; `missing` is said when no panel is left. */
vdc_code vdc_curves_draw(vdc_picture *picture, const vdc_runs *runs, size_t index, const char *title,
                         const vdc_curve_panel *panels, size_t count, const char *missing, vdc_diag *diag);
/* Reads one curve into fresh memory by intervals; NULL when the run does not have it. */
vdc_code vdc_curve_read(const vdc_curve *curve, const vdc_ticks *ticks, const vdc_run *run, double **out, vdc_diag *diag);

#endif
