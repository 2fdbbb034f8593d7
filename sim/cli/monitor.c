/* See monitor.h. */
#include "sim/cli/monitor.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli/command.h"
#include "sim/cli/status_line.h"

#define FRAME_EVERY 0.1 /* s */
enum { BAR = 40, BAR_LEAST = 8, BESIDE_BAR = 41 }; /* columns of a bar, and of the longest text around one */

void vdc_monitor_begin(vdc_monitor *monitor, FILE *out) { *monitor = (vdc_monitor){.out = out, .live = isatty(fileno(out)) == 1}; }

/* One line; on a terminal what is left of an older one is cleared. */
static void line(vdc_monitor *monitor, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(vdc_monitor *monitor, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(monitor->out, format, arguments);
    va_end(arguments);
    fputs(monitor->live ? "\033[K\n" : "\n", monitor->out);
    monitor->lines++;
}

/* Columns of a bar: fewer on a narrow terminal. */
static int bar_width(const vdc_monitor *monitor) {
    int columns = monitor->live ? vdc_status_line_columns(fileno(monitor->out), BAR + BESIDE_BAR) : BAR + BESIDE_BAR;
    return columns >= BAR_LEAST + BESIDE_BAR ? columns - BESIDE_BAR : BAR_LEAST;
}

static void bar(vdc_monitor *monitor, const char *name, double value, double whole, const char *what) {
    char filled[BAR + 1];
    double share = whole > 0 ? value / whole : 0;
    int width = bar_width(monitor), count = share >= 1 ? width : share > 0 ? (int)(share * width + 0.5) : 0;
    for (int i = 0; i < width; i++) filled[i] = i < count ? '#' : '.';
    filled[width] = '\0';
    line(monitor, "%-4s [%s] %5.1f %%  %.1f %s", name, filled, 100 * share, value, what);
}

void vdc_monitor_draw(vdc_monitor *monitor, vdc_simulation *simulation, bool now) {
    double clock = vdc_cli_wall_seconds();
    if (!now && (!monitor->live || clock - monitor->last < FRAME_EVERY)) return;
    monitor->last = clock;
    vdc_gauges at;
    char time[40];
    vdc_simulation_gauges(simulation, &at);
    if (monitor->live) fputs("\033[?7l", monitor->out); /* what is too long is cut off: a line that wraps would not be drawn over */
    if (monitor->live && monitor->lines) fprintf(monitor->out, "\033[%dA", monitor->lines);
    monitor->lines = 0;
    line(monitor, "time %s", vdc_status_line_time(at.now, time, sizeof time));
    bar(monitor, "P", at.p, at.cores, "vCPUs committed");
    bar(monitor, "T", at.t, at.cores, "threads running");
    bar(monitor, "S", at.s, at.cores, "threads fenced");
    bar(monitor, "U", at.u, at.cores, "threads in progress");
    bar(monitor, "mem", at.p_memory / 1073741824, at.memory / 1073741824, "GiB committed");
    line(monitor, "VMs   %" PRId64 " running, %" PRId64 " waiting, %" PRId64 " down", at.running, at.queued, at.down);
    line(monitor, "      %" PRId64 " arrived, %" PRId64 " completed, %" PRId64 " rejected", at.arrived, at.completed, at.rejected);
    line(monitor, "hosts %" PRId64 " of %" PRId64 " in use, %" PRId64 " down; ready %.1f threads", at.hosts_used, at.hosts, at.hosts_down, at.ready);
    if (at.has_power) line(monitor, "power %.1f W", at.power);
    for (size_t i = 0; i < at.alarm_count; i++) line(monitor, monitor->live ? "\033[1;31mALARM %s\033[0m" : "ALARM %s", at.alarms[i]);
    if (at.alarm_count == 0) line(monitor, "no alarms");
    if (monitor->live) fputs("\033[J\033[?7h", monitor->out);
    fflush(monitor->out);
}
