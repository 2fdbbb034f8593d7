/* Policies side by side over time: one panel a quantity, one line a group of runs (its first seed). */
#include "analysis/plots/curves.h"

#include <stdio.h>

enum { QUANTITIES = 4, LINES_MOST = VDC_PICTURE_LINES };

static const struct { vdc_curve curve; const char *title, *units; } quantities[QUANTITIES] = {
    {{.path = "/ticks/hosts_used", .value = VDC_INTERVAL_MEAN, .held = true}, "Hosts with a VM", NULL},
    {{.path = "/ticks/T", .value = VDC_INTERVAL_RATE}, "CPU scheduled (hardware threads)", NULL},
    {{.path = "/ticks/vms_queued", .value = VDC_INTERVAL_LARGEST, .held = true, .optional = true}, "VMs waiting", NULL},
    {{.path = "/ticks/energy", .value = VDC_INTERVAL_RATE}, "Power of all hosts", "W"},
};

/* One quantity of every group. A group without it has no line; a quantity that no group has, no panel. */
static vdc_code draw_quantity(vdc_picture *picture, const vdc_runs *runs, size_t lines, size_t q, const vdc_ticks *ticks,
                              double time_factor, vdc_panels *panels, vdc_diag *diag)
{
    double *values[LINES_MOST] = {NULL}, largest = 0;
    size_t there = 0;
    vdc_code code = VDC_OK;
    for (size_t g = 0; g < lines && !code; g++) {
        code = ticks[g].count
                   ? vdc_curve_read(&quantities[q].curve, &ticks[g], &runs->items[runs->groups[g].first], &values[g], diag)
                   : VDC_OK;
        there += values[g] != NULL;
        largest = values[g] ? fmax(largest, vdc_largest(values[g], ticks[g].count)) : largest;
    }
    if (!code && there > 0) {
        vdc_scale scale = vdc_scale_choose(quantities[q].units, largest);
        char title[96];
        snprintf(title, sizeof title, *scale.units ? "%s (%s)" : "%s", quantities[q].title, scale.units);
        vdc_panels_next(panels, title);
        /* The first panel names the lines; all have the same. */
        vdc_panels_count_axis(panels, quantities[q].units ? INFINITY : largest);
        vdc_text_add(&panels->body, "plot ");
        for (size_t g = 0, drawn = 0; g < lines; g++) {
            if (values[g]) {
                unsigned block = vdc_picture_block(picture, runs->groups[g].label, quantities[q].title);
                vdc_plot_steps(picture, &ticks[g], time_factor, &values[g], &scale.factor, 1);
                vdc_text_add(&panels->body, "%sdata index %u using 1:2 with lines %s ", drawn++ ? ", \\\n  " : "", block,
                             vdc_picture_line((unsigned)g));
                vdc_text_add(&panels->body, panels->count == 1 ? "title " : "notitle");
                if (panels->count == 1) {
                    vdc_picture_quote(&panels->body, runs->groups[g].label);
                }
            }
        }
        vdc_text_add(&panels->body, "\n");
    }
    for (size_t g = 0; g < lines; g++) {
        vdc_free(values[g]);
    }
    return code;
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    (void)index;
    size_t lines = runs->group_count < LINES_MOST ? runs->group_count : LINES_MOST;
    vdc_ticks ticks[LINES_MOST];
    double end = 0;
    size_t with_ticks = 0;
    vdc_code code = VDC_OK;
    for (size_t g = 0; g < lines; g++) {
        ticks[g] = (vdc_ticks){0};
        code = code ? code : vdc_ticks_read(&ticks[g], &runs->items[runs->groups[g].first], VDC_PLOT_INTERVALS / 2, diag);
        if (ticks[g].count) {
            with_ticks++;
            end = fmax(end, ticks[g].edges[ticks[g].count]);
        }
    }
    if (!code && with_ticks == 0) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_ticks);
    } else if (!code) {
        vdc_text_add(&picture->title, "Side by side over time");
        if (lines < runs->group_count) {
            vdc_text_add(&picture->title, ": the first %zu of %zu", lines, runs->group_count);
        }
        vdc_time_axis axis = vdc_picture_time(picture, 0, end);
        vdc_panels panels = {.legend = lines, .longest = vdc_plot_longest_label(runs, lines)};
        for (size_t q = 0; q < QUANTITIES && !code; q++) {
            code = draw_quantity(picture, runs, lines, q, ticks, axis.factor, &panels, diag);
        }
        vdc_panels_finish(&panels, picture);
    }
    for (size_t g = 0; g < lines; g++) {
        vdc_ticks_clear(&ticks[g]);
    }
    return code;
}

const vdc_plot_kind vdc_plot_policies = {
    .name = "policies",
    .summary = "policies side by side over time: hosts, CPU, queue, power",
    .joint = true,
    .least_groups = 2,
    .draw = draw,
};
