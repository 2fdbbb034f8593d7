/* Two metrics against each other, a point a group with its intervals, and the groups that no other beats in both. */
#ifndef VDC_ANALYSIS_PLOTS_SCATTER_H
#define VDC_ANALYSIS_PLOTS_SCATTER_H

#include "analysis/plots/kinds.h"

/* Keys are tried in their order until one is found that every group has and that is not the same for all; lists end in NULL. Less
 * is better on both axes. `missing` is said when there is no such pair. */
vdc_code vdc_scatter_draw(vdc_picture *picture, const vdc_runs *runs, const char *title, const char *const *x_keys,
                          const char *const *y_keys, const char *missing, vdc_diag *diag);
/* The first of `keys` that every group has and in which the groups differ; NULL when there is none. */
const char *vdc_plot_metric(const vdc_runs *runs, const char *const *keys);
/* What a key is called on an axis: its long name with `units`, in fresh memory. */
char *vdc_plot_axis_name(const vdc_runs *runs, const char *key, const char *units);
/* The units of a key in the result files, "" when there are none. */
const char *vdc_plot_units(const vdc_runs *runs, const char *key);

#endif
