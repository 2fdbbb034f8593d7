/* What a simulation says of itself: a row a tick, the final tables, the event log, the summary (formats.md section 4).
 *
 * Totals are integrals of the ledgers, turned into doubles once, at the row. They are accumulated as the run goes on, never
 * summed again from what was written. The plain datacenter's columns are here, those of its parts in sim/parts/.
 */
#ifndef VDC_RESULTS_RESULTS_H
#define VDC_RESULTS_RESULTS_H

#include "sim/simulation.h"

/* Is the file none that the run reads, so that it may be replaced? */
vdc_code vdc_results_may_replace(const vdc_simulation *simulation, const char *path, vdc_diag *diag);
vdc_code vdc_results_open(vdc_simulation *simulation, bool force, vdc_diag *diag);
/* The tick that ends now. */
vdc_code vdc_results_tick(vdc_simulation *simulation, vdc_diag *diag);
/* A VM is gone or, at the end of the run, still there: its final row. */
vdc_code vdc_results_vm(vdc_simulation *simulation, uint32_t slot, vdc_vm_state state, vdc_diag *diag);
/* An event for the log. */
vdc_code vdc_results_event(vdc_simulation *simulation, const char *what, int64_t vm, int64_t host, vdc_diag *diag);
/* The same with a detail in words, which only runs with the part `lifecycle` keep. */
vdc_code vdc_results_log(vdc_simulation *simulation, const char *what, int64_t vm, int64_t host, const char *detail, vdc_diag *diag);
/* Rebuilds simulation->summary. */
vdc_code vdc_results_summary(vdc_simulation *simulation, vdc_diag *diag);
vdc_code vdc_results_finish(vdc_simulation *simulation, vdc_diag *diag);
void vdc_results_abandon(vdc_simulation *simulation);

#endif
