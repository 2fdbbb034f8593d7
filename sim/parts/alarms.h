/* Alarms: thresholds of the scenario that are looked at once a tick. */
#ifndef VDC_PARTS_ALARMS_H
#define VDC_PARTS_ALARMS_H

#include "sim/parts/part.h"

/* The alarms that are on, in words that are valid until the run goes on; returns how many, at most `most`. */
size_t vdc_alarms_on(const vdc_simulation *simulation, const char **texts, size_t most);

#endif
