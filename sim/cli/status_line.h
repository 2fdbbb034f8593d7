/* The progress line of a run: simulated time, VMs, events a second, how long it still takes. */
#ifndef VDC_CLI_STATUS_LINE_H
#define VDC_CLI_STATUS_LINE_H

#include <stdbool.h>

#include "sim/vdcsim.h"

typedef struct vdc_status_line {
    bool shown;           /* false: nothing is ever written */
    double begin, last;   /* wall time of the start and of the last line */
    uint64_t last_events;
    int width;            /* of the last line */
} vdc_status_line;

/* A line is shown when `wanted` and stderr is a terminal. */
void vdc_status_line_begin(vdc_status_line *line, bool wanted);
/* Writes the line when the last one is old enough. */
void vdc_status_line_update(vdc_status_line *line, const vdc_progress_report *report);
/* Wipes the line. */
void vdc_status_line_end(vdc_status_line *line);

/* The width of the terminal in columns, `otherwise` when it is wider, unknown or none. */
int vdc_status_line_columns(int terminal, int otherwise);

/* "3 d 04:05:06" of nanoseconds, rounded down, in the buffer. */
const char *vdc_status_line_time(int64_t nanoseconds, char *buffer, unsigned long size);

#endif
