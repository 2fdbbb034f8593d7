/* Groups by metric: bars with 95 % intervals over seeds, a panel a metric. Only metrics in which the groups differ. */
#include "analysis/compare.h"
#include "analysis/plots/scatter.h"

enum { PANELS_MOST = 6, COLUMNS = 2, WIDTH = 1000, UNITS = 10 };
/* Where the panels end, what is between two, and what is left free behind a bar: shares of the width. */
static const double RIGHT = 0.985, BETWEEN = 0.03, BEHIND = 0.02;

/* In order of interest; the first PANELS_MOST that differ are shown. */
static const char *const keys[] = {
    "energy_j",
    "host_active_s",
    "hosts_used_max",
    "wait_p99_s",
    "ready_core_s",
    "slav",
    "cost_total",
    "vms_rejected",
    "migrations",
    "carbon_g",
    "gpu_fragmented_milli",
    "S_waste_cpu_core_s",
    "exposure_host_pair_s",
    "violations_hard_vm_s",
    "wait_total_s",
    "vms_queued",
    "T_cpu_core_s",
    "P_cpu_core_s",
    "end_s",
    NULL,
};

/* A step of 1, 2 or 5 times a power of ten that makes at most five of `length`; 1 of nothing. */
static double round_step(double length)
{
    if (!(length > 0)) {
        return 1;
    }
    double decade = pow(10, floor(log10(length / 5)));
    return length / 5 <= decade ? decade : length / 5 <= 2 * decade ? 2 * decade : length / 5 <= 5 * decade ? 5 * decade : 10 * decade;
}

static vdc_code draw_panel(vdc_picture *picture, const vdc_runs *runs, const char *key, size_t panel, double left, vdc_diag *diag)
{
    size_t groups = runs->group_count;
    vdc_sample *samples = vdc_calloc(groups, sizeof *samples);
    vdc_code code = samples ? VDC_OK : vdc_no_memory(diag, "a sample");
    double largest = 0, furthest = 0;
    bool intervals = false;
    for (size_t g = 0; g < groups && !code; g++) {
        code = vdc_group_sample(runs, g, key, 0.95, &samples[g], diag);
        largest = fmax(largest, fabs(samples[g].mean));
        furthest = fmax(furthest, isfinite(samples[g].interval.high) ? samples[g].interval.high : samples[g].mean);
    }
    vdc_scale scale = vdc_scale_choose(vdc_plot_units(runs, key), largest);
    char *name = code ? NULL : vdc_plot_axis_name(runs, key, scale.units);
    if (!code && !name) {
        code = vdc_no_memory(diag, "a picture");
    }
    if (!code) {
        vdc_picture_block(picture, key, "label\tplace\tmean\tlow\thigh\tcolour");
        for (size_t g = 0; g < groups; g++) {
            const vdc_sample *s = &samples[g];
            bool wide = isfinite(s->interval.low);
            intervals = intervals || wide;
            const double row[] = {(double)(groups - 1 - g), s->mean / scale.factor,
                                  (wide ? s->interval.low : NAN) / scale.factor,
                                  (wide ? s->interval.high : NAN) / scale.factor, (double)(groups > VDC_PICTURE_LINES ? 1 : g + 1)};
            vdc_picture_text_row(picture, runs->groups[g].label, row, 5);
        }
        vdc_text *script = &picture->script;
        size_t column = panel % COLUMNS;
        double width = (RIGHT - left - BETWEEN) / COLUMNS;
        vdc_text_add(script,
                     "\nset lmargin at screen %.4f\nset rmargin at screen %.4f\nset tmargin at screen upper(%zu)\nset bmargin at "
                     "screen lower(%zu)\n",
                     left + (double)column * (width + BETWEEN), left + (double)column * (width + BETWEEN) + width - BEHIND,
                     panel / COLUMNS, panel / COLUMNS);
        vdc_text_add(script, "set label 1 ");
        vdc_picture_quote(script, name);
        vdc_text_add(script,
                     " at graph 0, graph 1 offset 0,0.7 left textcolor rgb '#303030'\nset xrange [0:*]\nset yrange "
                     "[-0.6:%zu.6]\n",
                     groups - 1);
        vdc_text_add(script, "set xtics %g\nset ytics scale 0\n%s", round_step(furthest / scale.factor),
                     column == 0 ? "" : "set format y ''\n");
        vdc_text_add(script, "plot data index %zu using 3:2:(0):3:($2-0.36):($2+0.36):6%s with boxxyerror lc variable fs solid 0.75 noborder notitle",
                     panel, column == 0 ? ":ytic(1)" : "");
        if (intervals) vdc_text_add(script, ", \\\n  data index %zu using 3:2:4:5 with xerrorbars pt 0 lc rgb '#202020' lw 1.5 notitle", panel);
        vdc_text_add(script, "\nset format y '%%h'\n");
    }
    vdc_free(name);
    vdc_free(samples);
    return code;
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    (void)index;
    const char *shown[PANELS_MOST];
    size_t count = 0, longest = 0;
    bool several = false;
    for (size_t i = 0; keys[i] && count < PANELS_MOST; i++) {
        const char *const one[] = {keys[i], NULL};
        if (vdc_plot_metric(runs, one)) {
            shown[count++] = keys[i];
        }
    }
    if (count == 0) {
        vdc_text_add(&picture->missing, "the runs are equal in all that this picture could show");
        return VDC_OK;
    }
    for (size_t g = 0; g < runs->group_count; g++) {
        several = several || runs->groups[g].count > 1;
    }
    for (size_t i = 0; i < count; i++) {
        char *name = vdc_plot_axis_name(runs, shown[i], "");
        if (!name) {
            return vdc_no_memory(diag, "a picture");
        }
        size_t width = vdc_text_width(name) + UNITS;
        longest = width > longest ? width : longest;
        vdc_free(name);
    }
    size_t rows = (count + COLUMNS - 1) / COLUMNS;
    /* So wide that the longest label stands left of the panels and the longest title above one of them. */
    const double labels = 20 + 7.8 * (double)vdc_plot_longest_label(runs, runs->group_count), panel = 7.4 * (double)longest;
    double wanted = (panel + labels / COLUMNS) / ((RIGHT - BETWEEN) / COLUMNS - BEHIND);
    picture->width = wanted > WIDTH ? (unsigned)wanted : WIDTH;
    picture->height = 70 + (unsigned)(rows * (84 + 26 * runs->group_count));
    vdc_text *script = &picture->script;
    for (unsigned i = 0; i < VDC_PICTURE_LINES; i++) {
        vdc_text_add(script, "set linetype %u lc rgb '%s'\n", i + 1, vdc_picture_colour(i));
    }
    vdc_text_add(script,
                 "rows = %zu\ntop = %.4f\nbottom = %.4f\nupper(i) = top - i * (top - bottom) / rows - %.4f\nlower(i) = top - (i "
                 "+ 1) * (top - bottom) / rows + %.4f\n",
                 rows, 1 - 34.0 / picture->height, 8.0 / picture->height, 30.0 / picture->height, 36.0 / picture->height);
    vdc_text_add(script,
                 "unset title\nset multiplot title '%s'\nunset key\nunset grid\nset grid xtics lc rgb '#e4e4e4' lw 1 dt 1\nset "
                 "border 1\n",
                 several ? "Means and 95 % intervals over seeds" : "Side by side");
    vdc_text_add(&picture->title, "%s", several ? "Means and 95 % intervals over seeds" : "Side by side");
    double left = labels / picture->width;
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < count && !code; i++) {
        code = draw_panel(picture, runs, shown[i], i, left, diag);
    }
    vdc_text_add(script, "unset multiplot\n");
    return code;
}

const vdc_plot_kind vdc_plot_bars = {
    .name = "bars", .summary = "groups by metric: bars with intervals", .joint = true, .least_groups = 2, .draw = draw,
};
