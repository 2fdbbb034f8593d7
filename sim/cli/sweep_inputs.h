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
/* Did the results of the folder read what their inputs' files hold now? VDC_ERROR_INPUT at the first that did not: results of different inputs would stand
 * in one table. Files that are gone are left to whoever reads them. Reads each input once. */
vdc_code vdc_cli_check_inputs(const vdc_grid *grid, const char *folder, vdc_diag *diag);
/* One line of a result's list of inputs, as sha256sum writes it; changed in place. False when it is none. */
bool vdc_cli_read_input(char *line, const char **sha256, const char **name);
/* Is the path absolute, or has it a step upwards as a part? */
bool vdc_cli_leaves_folder(const char *path);
/* The same, or does it lead out of `base` by symbolic links where it is there? Relative to `base`. */
bool vdc_cli_leads_out(const char *base, const char *path);
/* Is it the folder of a sweep? */
bool vdc_cli_is_sweep(const char *folder);

#endif
