/* Rebalancing in a run: see rebalance.c. */
#ifndef VDC_PARTS_REBALANCE_H
#define VDC_PARTS_REBALANCE_H

#include "sim/simulation.h"

/* A migration has come to an end: moves of the rebalance policy that wait for that are tried again, at this instant. Nothing without it. */
vdc_code vdc_rebalance_resume(vdc_simulation *simulation, vdc_diag *diag);

#endif
