/* What the monitor shows: P, T, S and U now, how busy the hosts are, who waits, power, alarms. */
#ifndef VDC_CLI_MONITOR_H
#define VDC_CLI_MONITOR_H

#include <stdio.h>

#include "sim/inspect.h"

/* Redraws itself in place on a terminal. */
typedef struct vdc_monitor {
    FILE *out;
    bool live;       /* a terminal: the frame is drawn over the last one, and only every so often */
    int lines;       /* of the last frame */
    double last;     /* when it was drawn */
} vdc_monitor;

void vdc_monitor_begin(vdc_monitor *monitor, FILE *out);
/* Draws, unless it is live and has just been drawn; `now` draws in any case. */
void vdc_monitor_draw(vdc_monitor *monitor, vdc_simulation *simulation, bool now);

#endif
