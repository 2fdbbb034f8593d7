/* The progress line: see status_line.h. */
#include "sim/cli/status_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sim/cli/command.h"

#define LINE_EVERY 0.2 /* s */

const char *vdc_status_line_time(int64_t nanoseconds, char *buffer, unsigned long size) {
    int64_t seconds = nanoseconds / VDC_SECOND, days = seconds / 86400;
    int hours = (int)(seconds / 3600 % 24), minutes = (int)(seconds / 60 % 60), rest = (int)(seconds % 60);
    if (days) (void)snprintf(buffer, size, "%" PRId64 " d %02d:%02d:%02d", days, hours, minutes, rest);
    else (void)snprintf(buffer, size, "%d:%02d:%02d", hours, minutes, rest);
    return buffer;
}

int vdc_status_line_columns(int terminal, int otherwise) {
    struct winsize size;
    return ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_col < otherwise ? size.ws_col : otherwise;
}

void vdc_status_line_begin(vdc_status_line *line, bool wanted) {
    *line = (vdc_status_line){.shown = wanted && isatty(STDERR_FILENO), .begin = vdc_cli_wall_seconds()};
    line->last = line->begin;
}

void vdc_status_line_update(vdc_status_line *line, const vdc_progress_report *report) {
    if (!line->shown) return;
    double now = vdc_cli_wall_seconds();
    if (now - line->last < LINE_EVERY) return;
    double rate = (double)(report->events - line->last_events) / (now - line->last);
    line->last = now;
    line->last_events = report->events;
    char time[40], left[48] = "";
    if (report->horizon != VDC_TIME_MAX && report->now > 0) {
        double share = (double)report->now / (double)report->horizon;
        double seconds = (now - line->begin) * (1 - share) / share;
        if (seconds < 1e6) {
            char buffer[40];
            (void)snprintf(left, sizeof left, ", %s left", vdc_status_line_time((int64_t)(seconds * 1e9), buffer, sizeof buffer));
        }
    }
    char text[200];
    int width = snprintf(text, sizeof text, "%s simulated, %" PRId64 " VMs (%" PRId64 " running, %" PRId64 " waiting), %.2g M events/s%s",
                         vdc_status_line_time(report->now, time, sizeof time), report->arrived, report->running, report->queued, rate / 1e6, left);
    int most = vdc_status_line_columns(STDERR_FILENO, (int)sizeof text) - 1; /* a line that wraps would not be drawn over */
    width = width < most ? width : most;
    fprintf(stderr, "\r%.*s%*s", width, text, width < line->width ? line->width - width : 0, "");
    line->width = width;
    fflush(stderr);
}

void vdc_status_line_end(vdc_status_line *line) {
    if (line->shown && line->width) fprintf(stderr, "\r%*s\r", line->width, "");
    line->width = 0;
}
