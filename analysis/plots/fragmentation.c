/* Fragmentation against load: the GPU capacity that is free but useless to what arrives, and the capacity not allocated, as the
 * sum of all that has arrived grows (after Weng et al., Beware of Fragmentation, USENIX ATC 2023, figures 7 and 9). */
#include "analysis/plots/kinds.h"

enum { LINES_MOST = VDC_PICTURE_LINES };

/* Per interval: arrived load, fragmented and unallocated capacity, all as percent of capacity. False when the run lacks them. */
static vdc_code add_group(vdc_picture *picture, const vdc_run *run, const char *label, bool *there, vdc_diag *diag)
{
    vdc_ticks ticks;
    double *arrived = NULL, *allocated = NULL, *fragmented = NULL, capacity = vdc_run_capacity(run, "gpu");
    vdc_code code = vdc_ticks_read(&ticks, run, VDC_PLOT_INTERVALS, diag);
    code = code ? code : vdc_ticks_column(&ticks, run, "/ticks/gpu_arrived_milli", 0, VDC_INTERVAL_LAST, &arrived, diag);
    code = code ? code : vdc_ticks_column(&ticks, run, "/ticks/gpu_allocated_milli", 0, VDC_INTERVAL_LAST, &allocated, diag);
    code = code ? code : vdc_ticks_column(&ticks, run, "/ticks/gpu_fragmented_milli", 0, VDC_INTERVAL_LAST, &fragmented, diag);
    if (!code && arrived && allocated && fragmented && capacity > 0) {
        vdc_picture_block(picture, label, "arrived (% of capacity)\tfragmented (%)\tnot allocated (%)");
        for (size_t i = 0; i < ticks.count; i++) {
            const double row[] = {100 * arrived[i] / capacity, 100 * fragmented[i] / capacity,
                                  100 * (1 - allocated[i] / capacity)};
            vdc_picture_row(picture, row, 3);
        }
        *there = true;
    }
    vdc_free(arrived);
    vdc_free(allocated);
    vdc_free(fragmented);
    vdc_ticks_clear(&ticks);
    return code;
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    (void)index;
    size_t lines = runs->group_count < LINES_MOST ? runs->group_count : LINES_MOST, drawn[LINES_MOST], count = 0;
    vdc_code code = VDC_OK;
    for (size_t g = 0; g < lines && !code; g++) {
        bool there = false;
        code = add_group(picture, &runs->items[runs->groups[g].first], runs->groups[g].label, &there, diag);
        if (there) {
            drawn[count++] = g;
        }
    }
    if (code) {
        return code;
    }
    if (count == 0) {
        vdc_text_add(&picture->missing, "the runs recorded no fragmentation of GPUs: their scenarios have no GPUs or no ticks");
        return VDC_OK;
    }
    vdc_text_add(&picture->title, "GPU capacity lost to fragmentation as load arrives");
    static const char *const titles[] = {"Free but useless to what arrives (% of all GPUs)", "Not allocated (% of all GPUs)"};
    vdc_panels panels = {.legend = count, .longest = vdc_plot_longest_label(runs, lines)};
    vdc_text_add(&picture->script, "xlabel_text = 'GPUs asked for by all arrivals so far (%% of all GPUs)'\n");
    for (size_t panel = 0; panel < 2; panel++) {
        vdc_panels_next(&panels, titles[panel]);
        vdc_text_add(&panels.body, "set yrange [0:*]\nplot ");
        for (size_t i = 0; i < count; i++) {
            vdc_text_add(&panels.body, "%sdata index %zu using 1:%zu with lines %s ", i ? ", \\\n  " : "", i, panel + 2,
                         vdc_picture_line((unsigned)drawn[i]));
            vdc_text_add(&panels.body, panel ? "notitle" : "title ");
            if (!panel) {
                vdc_picture_quote(&panels.body, runs->groups[drawn[i]].label);
            }
        }
        vdc_text_add(&panels.body, "\n");
    }
    vdc_panels_finish(&panels, picture);
    return VDC_OK;
}

const vdc_plot_kind vdc_plot_fragmentation = {
    .name = "fragmentation",
    .summary = "GPU capacity lost to fragmentation against the load that arrived",
    .joint = true,
    .least_groups = 1,
    .draw = draw,
};
