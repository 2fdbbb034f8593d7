/* The table over all runs of a sweep: DIR/sweep.h5 and DIR/sweep.csv, made of DIR/runs.csv and the result files it names.
 *
 * sweep.h5 has one dimension an axis (and `seed`), labelled by its values, and one dataset a key of the summary over all of them, with
 * units; it opens in xarray as it is: xr.open_dataset("sweep.h5", engine="h5netcdf").energy_j.mean("seed"). Runs without a result are NaN,
 * and `outcome` says "missing" or "failed". sweep.csv has the same, a row a run.
 */
#ifndef VDC_ANALYSIS_SWEEP_TABLE_H
#define VDC_ANALYSIS_SWEEP_TABLE_H

#include "sim/base/status.h"

/* Both files replace older ones. Errors: no index in the folder, one that is no product of its axes, a result file that cannot be read. */
vdc_code vdc_sweep_table_write(const char *folder, vdc_diag *diag);

#endif
