/* Means over ticks once a run has settled: what a system does in its steady state, without the time in which it fills up.
 *
 * The warm-up is given, or found by MSER-5 in the run's own series (analysis/statistics.h). The means join the runs' summaries, as
 * `mean_NAME`, beside `warm_up_NAME_s`, where the mean begins, and are compared and drawn as any key of theirs.
 */
#ifndef VDC_ANALYSIS_STEADY_H
#define VDC_ANALYSIS_STEADY_H

#include "analysis/runs.h"

/* `name`: a dataset of /ticks ("power", "vms_queued"), or one of its resources ("P.cpu"). `warm_up` in s; NaN = by MSER-5, with a warning where a
 * run is too short to tell. The last tick is left out where it is shorter than the others. Errors: a run has no such series; it ends within the warm-up. */
vdc_code vdc_runs_add_steady_mean(vdc_runs *runs, const char *name, double warm_up, vdc_diag *diag);

#endif
