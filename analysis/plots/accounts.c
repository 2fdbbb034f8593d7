/* P, T, S and U over time: what was allocated, what ran, what isolation fenced off, what was useful; a panel a resource. The same of what disks
 * and networks do a second, where G, what they gave, stands in the place of T. */
#include "analysis/plots/kinds.h"

#include <stdio.h>
#include <string.h>

typedef struct shown_resource {
    const char *name, *title, *units;   /* units of the rate, for vdc_scale_choose */
} shown_resource;

static const shown_resource held[] = {
    {"cpu", "CPU (threads)", "1"},
    {"memory", "Memory", "B"},
    {"gpu", "GPU (milli-GPU)", "1"},
    {"disk", "Disk", "B"},
};
static const shown_resource served[] = {
    {"iops", "Disk operations a second", "1"},
    {"disk_bw", "Disk transfers a second", "B"},
    {"net_tx", "Sent a second", "B"},
    {"net_rx", "Received a second", "B"},
};
enum { SHOWN = sizeof held / sizeof *held, CURVES = 4 };
enum { CURVE_P, CURVE_T, CURVE_U, CURVE_S };

/* One kind of picture. */
typedef struct account_picture {
    const char *title, *nothing;
    const shown_resource *shown;        /* [SHOWN] */
    size_t panels_most;
    const char *paths[CURVES];
    bool scheduled_is_cpu;              /* the second curve is of the CPU alone: its dataset has no resources */
    const char *scheduled, *used_is_scheduled;
} account_picture;

static const account_picture accounts = {
    .title = "Allocated, scheduled and used over time", .nothing = "no VM held anything in the whole run", .shown = held, .panels_most = 3,
    .paths = {"/ticks/P", "/ticks/T", "/ticks/U", "/ticks/S"}, .scheduled_is_cpu = true,
    .scheduled = "T scheduled", .used_is_scheduled = "T scheduled = U used",
};
static const account_picture service = {
    .title = "What disks and networks gave over time", .nothing = "no VM used a disk or a network in the whole run", .shown = served, .panels_most = SHOWN,
    .paths = {"/ticks/P", "/ticks/G", "/ticks/U", "/ticks/S"},
    .scheduled = "G given", .used_is_scheduled = "G given = U used",
};

static void draw_panel(vdc_picture *picture, const account_picture *kind, const vdc_ticks *ticks, double time_factor, const shown_resource *resource,
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
    unsigned block = vdc_picture_block(picture, resource->name, "time\tallocated\tscheduled\tused\tfenced");
    vdc_plot_steps(picture, ticks, time_factor, values, factors, CURVES);
    vdc_panels_next(panels, title);
    vdc_text *body = &panels->body;
    /* A curve that lies on another would hide it: one line then stands for both. */
    bool used_is_scheduled = there[CURVE_T] && there[CURVE_U] && vdc_plot_equal(values[CURVE_T], values[CURVE_U], ticks->count);
    bool used_is_allocated = there[CURVE_P] && there[CURVE_U] && vdc_plot_equal(values[CURVE_P], values[CURVE_U], ticks->count);
    const char *allocated = used_is_allocated && !used_is_scheduled ? "P allocated = U used" : "P allocated";
    const char *before = "set yrange [0:*]\nplot", *after = ", \\\n ";
    if (there[CURVE_P]) {
        vdc_text_add(body, "%s data index %u using 1:2 with filledcurves y1=0 fc rgb '#cfe3f1' title '%s'", before, block, allocated);
        before = after;
    }
    if (there[CURVE_T]) {
        vdc_text_add(body, "%s data index %u using 1:3 with lines %s title '%s'", before, block, vdc_picture_line(0),
                     used_is_scheduled ? kind->used_is_scheduled : kind->scheduled);
        before = after;
    }
    if (there[CURVE_U] && !used_is_scheduled && !used_is_allocated) {
        vdc_text_add(body, "%s data index %u using 1:4 with lines %s title 'U used'", before, block, vdc_picture_line(1));
        before = after;
    }
    if (there[CURVE_S]) {
        vdc_text_add(body, "%s data index %u using 1:5 with lines %s title 'S fenced'", before, block, vdc_picture_line(2));
    }
    if (line) {
        vdc_text_add(body, "%s %.9g with lines lc rgb '#707070' lw 1 dt (2,3) title 'installed'", after, capacity / scale.factor);
    }
    vdc_text_add(body, "\n");
}

static vdc_code draw_kind(const account_picture *kind, vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vdc_ticks ticks;
    vdc_code code = vdc_ticks_read(&ticks, run, VDC_PLOT_INTERVALS, diag);
    if (!code && ticks.count == 0) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_ticks);
    } else if (!code) {
        vdc_plot_title(picture, runs, run, kind->title);
        vdc_time_axis axis = vdc_picture_time(picture, ticks.edges[0], ticks.edges[ticks.count]);
        vdc_panels panels = {0};
        for (size_t r = 0; r < SHOWN && panels.count < kind->panels_most && !code; r++) {
            const shown_resource *resource = &kind->shown[r];
            size_t column = vdc_ticks_resource(&ticks, resource->name);
            double *values[CURVES] = {NULL};
            for (size_t k = 0; k < CURVES && !code && column != SIZE_MAX; k++) {
                bool of_cpu = k == CURVE_T && kind->scheduled_is_cpu;
                if (!of_cpu || r == 0) {
                    code = vdc_ticks_column(&ticks, run, kind->paths[k], of_cpu ? 0 : column, VDC_INTERVAL_RATE, &values[k], diag);
                }
            }
            if (!code && column != SIZE_MAX) {
                draw_panel(picture, kind, &ticks, axis.factor, resource, values, vdc_run_capacity(run, resource->name), &panels);
            }
            for (size_t k = 0; k < CURVES; k++) {
                vdc_free(values[k]);
            }
        }
        if (panels.count == 0) {
            vdc_text_add(&picture->missing, "%s", kind->nothing);
        }
        vdc_panels_finish(&panels, picture);
    }
    vdc_ticks_clear(&ticks);
    return code;
}

static vdc_code draw_accounts(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    return draw_kind(&accounts, picture, runs, index, diag);
}

static vdc_code draw_service(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    return draw_kind(&service, picture, runs, index, diag);
}

const vdc_plot_kind vdc_plot_accounts = {
    .name = "accounts", .summary = "P, T, S and U over time: allocated, scheduled, fenced for isolation, used", .draw = draw_accounts,
};
const vdc_plot_kind vdc_plot_service = {
    .name = "service", .summary = "P, G and U of disks and networks over time: promised, given, used a second", .draw = draw_service,
};
