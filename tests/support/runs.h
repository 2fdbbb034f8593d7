/* Whole runs of a scenario text through the public interface. */
#ifndef VDC_TESTS_SUPPORT_RUNS_H
#define VDC_TESTS_SUPPORT_RUNS_H

#include "sim/vdcsim.h"

/* Runs a text to its end under --check; every invariant must hold. `set` ("KEY.PATH=VALUE") and `output` may be NULL; with an output the
 * result file is complete afterwards. */
vdc_simulation *run_text(const char *text, const char *set, const char *output);
/* Opens one that is operated on from outside, under --check. */
vdc_simulation *open_run_text(const char *text);
/* Asks for an operation; NULL when carried out, else the reason. */
const char *ask_run(vdc_simulation *simulation, const char *operation);
void run_until(vdc_simulation *simulation, double second);
/* A number of the summary. */
double summary_of(vdc_simulation *simulation, const char *key);
/* The text must be refused, with a message that contains this. */
void refuse_text(const char *text, const char *message);

#endif
