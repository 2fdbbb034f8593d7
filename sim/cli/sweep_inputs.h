/* What a sweep needs to be run again, in its own folder.
 *
 *     DIR/again/0/x/x/cloud.yaml   the scenario that it extends (of several: 0, 1, ...), so deep that what its inputs are called leads to them
 *     DIR/again/0/data/vms.csv     each file that its runs read (there ../../data/vms.csv)
 *
 * So `vdcsim sweep DIR -o NEW` gives the same files, bit for bit, wherever DIR was taken. Inputs with absolute paths stay where they are.
 */
#ifndef VDC_CLI_SWEEP_INPUTS_H
#define VDC_CLI_SWEEP_INPUTS_H

#include "sim/sweep/grid.h"

/* Copies the scenarios, and the inputs that the result files of the folder name. */
vdc_code vdc_cli_keep_inputs(const vdc_grid *grid, const char *folder, vdc_diag *diag);
/* Is it the folder of a sweep? */
bool vdc_cli_is_sweep(const char *folder);

#endif
