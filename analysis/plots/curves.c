/* Pictures over time that are nothing but columns of /ticks. */
#include "analysis/plots/curves.h"

#include <stdio.h>

vdc_code vdc_curve_read(const vdc_curve *curve, const vdc_ticks *ticks, const vdc_run *run, double **out, vdc_diag *diag)
{
    vdc_interval_value value = curve->total ? VDC_INTERVAL_SUM : curve->value;
    vdc_code code = curve->held ? vdc_ticks_held(ticks, run, curve->path, 0, value, out, diag)
                                : vdc_ticks_column(ticks, run, curve->path, 0, value, out, diag);
    double sum = 0, factor = curve->factor != 0 ? curve->factor : 1;
    for (size_t i = 0; *out && i < ticks->count; i++) {
        sum += (*out)[i];
        (*out)[i] = (curve->total ? sum : (*out)[i]) * factor;
    }
    if (*out && curve->optional && vdc_largest(*out, ticks->count) == 0) {
        vdc_free(*out);
        *out = NULL;
    }
    return code;
}

static void draw_panel(vdc_picture *picture, const vdc_ticks *ticks, double time_factor, const vdc_curve_panel *panel,
                       double *const *values, vdc_panels *panels)
{
    double largest = 0, factors[VDC_CURVES_PANEL];
    size_t there = 0;
    for (size_t k = 0; k < VDC_CURVES_PANEL; k++) {
        there += values[k] != NULL;
        largest = values[k] ? fmax(largest, vdc_largest(values[k], ticks->count)) : largest;
    }
    if (there == 0) {
        return;
    }
    vdc_scale scale = vdc_scale_choose(panel->units, largest);
    const char *per = panel->per ? panel->per : "";
    char title[160];
    snprintf(title, sizeof title, *scale.units || *per ? "%s (%s%s)" : "%s", panel->title, scale.units, per);
    for (size_t k = 0; k < VDC_CURVES_PANEL; k++) {
        factors[k] = scale.factor;
    }
    vdc_text columns = {0};
    vdc_text_add(&columns, "time");
    for (size_t k = 0; k < VDC_CURVES_PANEL && panel->curves[k].path; k++) {
        vdc_text_add(&columns, "\t%s", panel->curves[k].title ? panel->curves[k].title : panel->title);
    }
    unsigned block = vdc_picture_block(picture, title, vdc_text_get(&columns));
    picture->data.failed = picture->data.failed || columns.failed;
    vdc_text_clear(&columns);
    vdc_plot_steps(picture, ticks, time_factor, values, factors, VDC_CURVES_PANEL);
    vdc_panels_next(panels, title);
    vdc_panels_count_axis(panels, panel->units ? INFINITY : largest);
    vdc_text_add(&panels->body, "plot ");
    if (panel->area && values[0]) {
        vdc_text_add(&panels->body, "data index %u using 1:2 with filledcurves y1=0 fc rgb '#cfe3f1' notitle, \\\n  ", block);
    }
    bool first = true;
    for (size_t k = 0; k < VDC_CURVES_PANEL && panel->curves[k].path; k++) {
        if (values[k]) {
            vdc_text_add(&panels->body, "%sdata index %u using 1:%zu with lines %s ", first ? "" : ", \\\n  ", block, k + 2,
                         vdc_picture_line((unsigned)k));
            first = false;
            if (panel->curves[k].title) {
                vdc_text_add(&panels->body, "title ");
                vdc_picture_quote(&panels->body, panel->curves[k].title);
            } else {
                vdc_text_add(&panels->body, "notitle");
            }
        }
    }
    vdc_text_add(&panels->body, "\n");
}

vdc_code vdc_curves_draw(vdc_picture *picture, const vdc_runs *runs, size_t index, const char *title,
                         const vdc_curve_panel *panels, size_t count, const char *missing, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vdc_ticks ticks;
    vdc_code code = vdc_ticks_read(&ticks, run, VDC_PLOT_INTERVALS, diag);
    if (!code && ticks.count == 0) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_ticks);
    } else if (!code) {
        vdc_plot_title(picture, runs, run, title);
        vdc_time_axis axis = vdc_picture_time(picture, ticks.edges[0], ticks.edges[ticks.count]);
        vdc_panels laid = {0};
        for (size_t i = 0; i < count && !code; i++) {
            double *values[VDC_CURVES_PANEL] = {NULL};
            for (size_t k = 0; k < VDC_CURVES_PANEL && panels[i].curves[k].path && !code; k++) {
                code = vdc_curve_read(&panels[i].curves[k], &ticks, run, &values[k], diag);
            }
            if (!code) {
                draw_panel(picture, &ticks, axis.factor, &panels[i], values, &laid);
            }
            for (size_t k = 0; k < VDC_CURVES_PANEL; k++) {
                vdc_free(values[k]);
            }
        }
        if (laid.count == 0) {
            vdc_text_add(&picture->missing, "%s", missing);
        }
        vdc_panels_finish(&laid, picture);
    }
    vdc_ticks_clear(&ticks);
    return code;
}
