/* Whole runs of scenarios that are given as text. */
#ifndef VDC_TESTS_SUPPORT_SIMULATION_H
#define VDC_TESTS_SUPPORT_SIMULATION_H

#include "sim/vdcsim.h"

/* Runs a scenario's text, with one --set or NULL, to its end under --check; every invariant must hold. To be closed by the caller. */
vdc_simulation *simulation_run(const char *text, const char *set);
/* A key of the summary, which must be there. */
double simulation_ask(vdc_simulation *simulation, const char *key);

#endif
