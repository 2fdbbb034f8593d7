/* Isolation over time: what is fenced for which reason, what of it is wasted, and how many VMs of different trust domains share a place. */
#include "analysis/plots/kinds.h"

enum { FENCES = 4, LINES = 2, EXPOSURES = 3 };

static const struct { const char *path, *title; } fences[FENCES] = {
    {"/ticks/S_reserved", "reservations"},
    {"/ticks/S_threads", "own threads"},
    {"/ticks/S_dedicated", "dedicated hosts"},
    {"/ticks/S_core_scheduling", "core scheduling"},
};
static const struct { const char *path, *title; } exposures[EXPOSURES] = {
    {"/ticks/exposure_host", "a host"},
    {"/ticks/exposure_socket", "a socket"},
    {"/ticks/exposure_core", "a core"},
};

/* Columns of /ticks as mean rates; *all is false when one is not there. */
static vdc_code read_rates(const vdc_ticks *ticks, const vdc_run *run, const char *path, size_t column, double **values, bool *all, vdc_diag *diag)
{
    vdc_code code = vdc_ticks_column(ticks, run, path, column, VDC_INTERVAL_RATE, values, diag);
    *all = *all && *values;
    return code;
}

/* The fences on top of each other, with what is beyond the VMs' own sizes and what runs nothing as lines. */
static void draw_fences(vdc_picture *picture, const vdc_ticks *ticks, double time_factor, double *const *values, vdc_panels *panels)
{
    double *stacked[FENCES + LINES], factors[FENCES + LINES];
    bool there[FENCES + LINES];
    size_t entries = 0;
    vdc_text *body = &panels->body;
    for (size_t k = 0; k < FENCES + LINES; k++) {
        stacked[k] = values[k];
        factors[k] = 1;
        there[k] = vdc_largest(values[k], ticks->count) > 0;
        entries += there[k];
    }
    for (size_t k = 1; k < FENCES; k++) {
        for (size_t i = 0; i < ticks->count; i++) {
            stacked[k][i] += stacked[k - 1][i];
        }
    }
    unsigned block = vdc_picture_block(picture, "CPU fenced, each reason on top of those before it, in threads",
                                       "time\treservations\tthreads\tdedicated\tcore scheduling\twaste\tidle");
    vdc_plot_steps(picture, ticks, time_factor, stacked, factors, FENCES + LINES);
    vdc_panels_next(panels, "S: CPU fenced (threads)");
    vdc_panels_count_axis(panels, vdc_largest(stacked[FENCES - 1], ticks->count));
    /* More than three would run into the panel's title: two rows. */
    enum { IN_A_ROW = 3, ROW = 22 };
    panels->above = entries > IN_A_ROW ? ROW : 0;
    vdc_text_add(body, "set key maxcols %d\nplot ", IN_A_ROW);
    bool first = true;
    for (size_t k = FENCES; k-- > 0;) {
        if (!there[k]) {
            continue;
        }
        vdc_text_add(body, "%sdata index %u using 1:%zu with filledcurves y1=0 fc rgb '%s' title '%s'", first ? "" : ", \\\n  ", block, k + 2,
                     vdc_picture_colour((unsigned)k), fences[k].title);
        first = false;
    }
    static const char *const line_titles[LINES] = {"waste", "idle"}, *const styles[LINES] = {
        "lc rgb '#000000' lw 2 dt 1", "lc rgb '#000000' lw 2 dt (1,7)"};
    for (size_t k = 0; k < LINES; k++) {
        if (there[FENCES + k]) {
            vdc_text_add(body, "%sdata index %u using 1:%zu with lines %s title '%s'", first ? "" : ", \\\n  ", block, FENCES + k + 2, styles[k],
                         line_titles[k]);
            first = false;
        }
    }
    vdc_text_add(body, first ? "0 lc rgb '#707070' title 'nothing is fenced'\n" : "\n");
}

static void draw_exposure(vdc_picture *picture, const vdc_ticks *ticks, double time_factor, double *const *values, vdc_panels *panels)
{
    double factors[EXPOSURES] = {1, 1, 1}, largest = 0;
    for (size_t k = 0; k < EXPOSURES; k++) {
        largest = fmax(largest, vdc_largest(values[k], ticks->count));
    }
    unsigned block = vdc_picture_block(picture, "pairs of VMs of different trust domains in one place", "time\thost\tsocket\tcore");
    vdc_plot_steps(picture, ticks, time_factor, values, factors, EXPOSURES);
    vdc_panels_next(panels, "Exposure: pairs of VMs of different trust domains that share");
    vdc_panels_count_axis(panels, largest);
    /* A curve that lies on another would hide it: one line then stands for all that are equal. */
    vdc_text_add(&panels->body, "plot ");
    for (size_t k = 0, next; k < EXPOSURES; k = next) {
        vdc_text_add(&panels->body, "%sdata index %u using 1:%zu with lines %s title '%s", k ? ", \\\n  " : "", block, k + 2, vdc_picture_line((unsigned)k),
                     exposures[k].title);
        for (next = k + 1; next < EXPOSURES && vdc_plot_equal(values[k], values[next], ticks->count); next++) {
            vdc_text_add(&panels->body, ", %s", exposures[next].title);
        }
        vdc_text_add(&panels->body, "'");
    }
    vdc_text_add(&panels->body, "\n");
}

static bool is_nothing(double *const *values, size_t count)
{
    for (size_t k = 0; k < FENCES + LINES + EXPOSURES; k++) {
        if (vdc_largest(values[k], count) > 0) {
            return false;
        }
    }
    return true;
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    double *values[FENCES + LINES + EXPOSURES] = {NULL};
    vdc_ticks ticks;
    vdc_code code = vdc_ticks_read(&ticks, run, VDC_PLOT_INTERVALS, diag);
    bool all = true;
    size_t cpu = !code && ticks.count ? vdc_ticks_resource(&ticks, "cpu") : SIZE_MAX;
    if (cpu != SIZE_MAX) {
        for (size_t k = 0; k < FENCES && !code; k++) {
            code = read_rates(&ticks, run, fences[k].path, 0, &values[k], &all, diag);
        }
        code = code ? code : read_rates(&ticks, run, "/ticks/S_waste", cpu, &values[FENCES], &all, diag);
        code = code ? code : read_rates(&ticks, run, "/ticks/S_idle", cpu, &values[FENCES + 1], &all, diag);
        for (size_t k = 0; k < EXPOSURES && !code; k++) {
            code = read_rates(&ticks, run, exposures[k].path, 0, &values[FENCES + LINES + k], &all, diag);
        }
    }
    if (!code && cpu == SIZE_MAX) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_ticks);
    } else if (!code && !all) {
        vdc_text_add(&picture->missing, "the scenario has no isolation (isolation: {domain: tenant} measures exposure without any rule)");
    } else if (!code && is_nothing(values, ticks.count)) {
        vdc_text_add(&picture->missing, "nothing was fenced, and VMs of different trust domains never shared a host");
    } else if (!code) {
        vdc_plot_title(picture, runs, run, "What isolation fences, and who is beside whom");
        vdc_time_axis axis = vdc_picture_time(picture, ticks.edges[0], ticks.edges[ticks.count]);
        vdc_panels panels = {0};
        draw_fences(picture, &ticks, axis.factor, values, &panels);
        draw_exposure(picture, &ticks, axis.factor, values + FENCES + LINES, &panels);
        vdc_panels_finish(&panels, picture);
    }
    for (size_t k = 0; k < FENCES + LINES + EXPOSURES; k++) {
        vdc_free(values[k]);
    }
    vdc_ticks_clear(&ticks);
    return code;
}

const vdc_plot_kind vdc_plot_isolation = {
    .name = "isolation", .summary = "S over time by its reason, and exposure; with it also coresidency and isolation-price", .draw = draw,
};
