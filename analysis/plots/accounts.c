/* P, T, S and U over time: what was allocated, what ran, what isolation fenced off, what was useful; a panel a resource. */
#include "analysis/plots/kinds.h"

#include <stdio.h>
#include <string.h>

typedef struct shown_resource {
    const char *name, *title, *units;   /* units of the rate, for vdc_scale_choose */
} shown_resource;

static const shown_resource shown[] = {
    {"cpu", "CPU (threads)", "1"},
    {"memory", "Memory", "B"},
    {"gpu", "GPU (milli-GPU)", "1"},
    {"disk", "Disk", "B"},
};
enum { SHOWN = sizeof shown / sizeof *shown, CURVES = 4, PANELS_MOST = 3 };
enum { CURVE_P, CURVE_T, CURVE_U, CURVE_S };
static const char *const paths[CURVES] = {"/ticks/P", "/ticks/T", "/ticks/U", "/ticks/S"};

static void draw_panel(vdc_picture *picture, const vdc_ticks *ticks, double time_factor, const shown_resource *resource,
                       double *const *values, double capacity, vdc_panels *panels)
{
    double largest = 0, factors[CURVES];
    bool there[CURVES];
    for (size_t k = 0; k < CURVES; k++) {
        double most = values[k] ? vdc_largest(values[k], ticks->count) : 0;
        there[k] = most > 0;
        largest = fmax(largest, most);
    }
    if (largest == 0) {
        return; /* nothing of this resource was ever held */
    }
    vdc_scale scale = vdc_scale_choose(resource->units, largest);
    for (size_t k = 0; k < CURVES; k++) {
        factors[k] = scale.factor;
    }
    /* A capacity far above all curves would press them flat; it is told in words instead. */
    bool line = isfinite(capacity) && capacity <= 2.5 * largest;
    char title[128], number[48], installed[80] = "";
    if (isfinite(capacity) && !line) {
        snprintf(installed, sizeof installed, ", %s installed",
                 vdc_show_number(capacity / scale.factor, 4, number, sizeof number));
    }
    snprintf(title, sizeof title, "%s%s%s%s%s", resource->title, *scale.units ? " (" : "", scale.units, *scale.units ? ")" : "",
             installed);
    unsigned block = vdc_picture_block(picture, resource->name, "time\tP allocated\tT scheduled\tU used\tS fenced");
    vdc_plot_steps(picture, ticks, time_factor, values, factors, CURVES);
    vdc_panels_next(panels, title);
    vdc_text *body = &panels->body;
    /* A curve that lies on another would hide it: one line then stands for both. */
    bool used_is_scheduled = there[CURVE_T] && there[CURVE_U] && vdc_plot_equal(values[CURVE_T], values[CURVE_U], ticks->count);
    bool used_is_allocated = there[CURVE_P] && there[CURVE_U] && vdc_plot_equal(values[CURVE_P], values[CURVE_U], ticks->count);
    const char *allocated = used_is_allocated && !used_is_scheduled ? "P allocated = U used" : "P allocated";
    vdc_text_add(body,
                 "set yrange [0:*]\nplot data index %u using 1:2 with filledcurves y1=0 fc rgb '#cfe3f1' title '%s'", block,
                 allocated);
    if (there[CURVE_T]) {
        vdc_text_add(body, ", \\\n  data index %u using 1:3 with lines %s title '%s'", block, vdc_picture_line(0),
                     used_is_scheduled ? "T scheduled = U used" : "T scheduled");
    }
    if (there[CURVE_U] && !used_is_scheduled && !used_is_allocated) {
        vdc_text_add(body, ", \\\n  data index %u using 1:4 with lines %s title 'U used'", block, vdc_picture_line(1));
    }
    if (there[CURVE_S]) {
        vdc_text_add(body, ", \\\n  data index %u using 1:5 with lines %s title 'S fenced'", block, vdc_picture_line(2));
    }
    if (line) {
        vdc_text_add(body, ", \\\n  %.9g with lines lc rgb '#707070' lw 1 dt (2,3) title 'installed'", capacity / scale.factor);
    }
    vdc_text_add(body, "\n");
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vdc_ticks ticks;
    vdc_code code = vdc_ticks_read(&ticks, run, VDC_PLOT_INTERVALS, diag);
    if (!code && ticks.count == 0) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_ticks);
    } else if (!code) {
        vdc_plot_title(picture, runs, run, "Allocated, scheduled and used over time");
        vdc_time_axis axis = vdc_picture_time(picture, ticks.edges[0], ticks.edges[ticks.count]);
        vdc_panels panels = {0};
        for (size_t r = 0; r < SHOWN && panels.count < PANELS_MOST && !code; r++) {
            size_t column = vdc_ticks_resource(&ticks, shown[r].name);
            double *values[CURVES] = {NULL};
            for (size_t k = 0; k < CURVES && !code && column != SIZE_MAX; k++) {
                if (k != CURVE_T) {
                    code = vdc_ticks_column(&ticks, run, paths[k], column, VDC_INTERVAL_RATE, &values[k], diag);
                } else if (r == 0) {
                    code = vdc_ticks_column(&ticks, run, paths[k], 0, VDC_INTERVAL_RATE, &values[k], diag);
                }
            }
            if (!code && column != SIZE_MAX) {
                draw_panel(picture, &ticks, axis.factor, &shown[r], values, vdc_run_capacity(run, shown[r].name), &panels);
            }
            for (size_t k = 0; k < CURVES; k++) {
                vdc_free(values[k]);
            }
        }
        if (panels.count == 0) {
            vdc_text_add(&picture->missing, "no VM held anything in the whole run");
        }
        vdc_panels_finish(&panels, picture);
    }
    vdc_ticks_clear(&ticks);
    return code;
}

const vdc_plot_kind vdc_plot_accounts = {
    .name = "accounts", .summary = "P, T, S and U over time: allocated, scheduled, fenced for isolation, used", .draw = draw,
};
