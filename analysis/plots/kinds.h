/* What the kinds of plot share. */
#ifndef VDC_ANALYSIS_PLOTS_KINDS_H
#define VDC_ANALYSIS_PLOTS_KINDS_H

#include "analysis/plot.h"
#include "analysis/series.h"
#include "sim/base/memory.h"

#include <math.h>

enum { VDC_PLOT_INTERVALS = 600 };   /* points of a curve over time */

extern const char *const vdc_plot_no_ticks; /* what a picture over time says of a run without a table of ticks */
extern const char *const vdc_plot_no_vms;   /* and one of VMs without a table of them */

/* The title's two lines: what is shown, and of which run ("best-fit, seed 1") when there are several. */
void vdc_plot_title(vdc_picture *picture, const vdc_runs *runs, const vdc_run *run, const char *what);

/* The longest label of the first so many groups, in characters. */
size_t vdc_plot_longest_label(const vdc_runs *runs, size_t groups);

/* Are two curves the same? One would hide the other. */
bool vdc_plot_equal(const double *a, const double *b, size_t count);

/* Rows of the current data block: columns over the intervals of `ticks`, two rows an interval, its begin and its end, so that
 * lines are steps. Times are divided by `time_factor`, column k by factors[k]. A NULL column is written as NaN. At most
 * VDC_PLOT_COLUMNS. */
enum { VDC_PLOT_COLUMNS = 32 };
void vdc_plot_steps(vdc_picture *picture, const vdc_ticks *ticks, double time_factor, double *const *values,
                    const double *factors, size_t count);

/* Several panels above one time axis. Their plot commands are gathered in `body`; vdc_panels_finish lays them out so that the
 * axes line up and adds them to the script (or, without a panel, leaves the picture as it is). Initialise with {0}. */
typedef struct vdc_panels {
    vdc_text body;
    size_t count;
    size_t legend; /* lines of a common key, named in the first panel alone; it stands below all panels. 0 = each has its own */
    size_t longest; /* of their labels, in characters: two columns where two of it fit, else one, of a picture as wide as that takes */
    unsigned above; /* pixels more between the title and the first panel, for a key of its own of two rows */
} vdc_panels;
/* Begins the next panel: its title stands above it on the left, its key on the right. The plot command follows in `body`. */
void vdc_panels_next(vdc_panels *panels, const char *title);
/* The axis of values from 0 on; of counts that stay small, only whole numbers. */
void vdc_panels_count_axis(vdc_panels *panels, double largest);
void vdc_panels_finish(vdc_panels *panels, vdc_picture *picture);

#endif
