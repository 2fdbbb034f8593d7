/* gnuplot as a child process, without a shell. */
#ifndef VDC_ANALYSIS_GNUPLOT_H
#define VDC_ANALYSIS_GNUPLOT_H

#include "sim/base/status.h"

/* Is there a gnuplot on the PATH? */
bool vdc_gnuplot_present(void);
/* Runs `gnuplot -d SCRIPT` in `folder` (-d: no settings of the user's own). What it says on stderr goes into the message when it
 * fails. Without gnuplot: VDC_ERROR_IO with a message that names the package. */
vdc_code vdc_gnuplot_run(const char *folder, const char *script, vdc_diag *diag);

#endif
