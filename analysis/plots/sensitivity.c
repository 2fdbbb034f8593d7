/* How a metric answers to two parameters of a sweep: a grid of means, the numbers in the cells. */
#include "analysis/compare.h"
#include "analysis/plots/scatter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MOST = 24 };

/* In order of interest; fairness is there only where it was asked for. */
static const char *const metrics[] = {
    "fairness",       "cost_total",     "energy_j",     "wait_p99_s",           "ready_core_s", "host_active_s",
    "hosts_used_max", "vms_rejected", "gpu_fragmented_milli", "end_s",        NULL,
};

typedef struct grid_axis {
    const char *name;
    const char *values[VALUES_MOST];
    size_t count;
} grid_axis;

/* The values of a parameter over all runs in order of appearance; false when there are too many or one run lacks it. */
static bool collect(const vdc_runs *runs, const char *name, grid_axis *axis)
{
    *axis = (grid_axis){.name = name};
    for (size_t g = 0; g < runs->group_count; g++) {
        const char *value = vdc_run_parameter_value(&runs->items[runs->groups[g].first], name);
        size_t i = 0;
        while (value && i < axis->count && strcmp(axis->values[i], value) != 0) {
            i++;
        }
        if (!value || i == VALUES_MOST) {
            return false;
        }
        if (i == axis->count) {
            axis->values[axis->count++] = value;
        }
    }
    return axis->count > 1;
}

static size_t place_of(const grid_axis *axis, const vdc_run *run)
{
    const char *value = vdc_run_parameter_value(run, axis->name);
    size_t i = 0;
    while (i + 1 < axis->count && strcmp(axis->values[i], value) != 0) {
        i++;
    }
    return i;
}

static void set_tics(vdc_text *script, char axis_letter, const grid_axis *axis)
{
    vdc_text_add(script, "set %clabel ", axis_letter);
    vdc_picture_quote(script, axis->name);
    vdc_text_add(script, "\nset %ctics scale 0 (", axis_letter);
    for (size_t i = 0; i < axis->count; i++) {
        vdc_text_add(script, "%s", i ? ", " : "");
        vdc_picture_quote(script, axis->values[i]);
        vdc_text_add(script, " %zu", i);
    }
    vdc_text_add(script, ")\nset %crange [-0.5:%.1f]\n", axis_letter, (double)axis->count - 0.5);
}

/* The title's second line: what the cells are means over, when they are. */
static void add_averaged(vdc_text *title, const vdc_runs *runs, const char *x, const char *y)
{
    const vdc_run *first = &runs->items[0];
    const char *before = "\nmeans over ";
    for (size_t i = 0; i < first->parameter_count; i++) {
        const char *name = first->parameters[i].name;
        bool differs = false;
        for (size_t g = 1; g < runs->group_count && !differs; g++) {
            const char *value = vdc_run_parameter_value(&runs->items[runs->groups[g].first], name);
            differs = !value || strcmp(value, first->parameters[i].value) != 0;
        }
        if (differs && strcmp(name, x) != 0 && strcmp(name, y) != 0) {
            vdc_text_add(title, "%s%s", before, name);
            before = ", ";
        }
    }
    if (runs->count > runs->group_count) {
        vdc_text_add(title, "%sseeds", before);
    }
}

static vdc_code draw_grid(vdc_picture *picture, const vdc_runs *runs, const char *metric, const grid_axis *x, const grid_axis *y,
                          vdc_diag *diag)
{
    size_t cells = x->count * y->count;
    double *sum = vdc_calloc(cells, sizeof *sum), *number = vdc_calloc(cells, sizeof *number);
    vdc_code code = sum && number ? VDC_OK : vdc_no_memory(diag, "a grid");
    double largest = 0, low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < runs->count && !code; i++) {
        size_t at = place_of(y, &runs->items[i]) * x->count + place_of(x, &runs->items[i]);
        sum[at] += vdc_run_value(&runs->items[i], metric);
        number[at]++;
    }
    for (size_t at = 0; at < cells && !code; at++) {
        sum[at] = number[at] > 0 ? sum[at] / number[at] : NAN;
        if (!isnan(sum[at])) {
            largest = fmax(largest, fabs(sum[at]));
            low = fmin(low, sum[at]);
            high = fmax(high, sum[at]);
        }
    }
    vdc_scale scale = vdc_scale_choose(vdc_plot_units(runs, metric), largest);
    char *name = code ? NULL : vdc_plot_axis_name(runs, metric, scale.units);
    if (!code && !name) {
        code = vdc_no_memory(diag, "a picture");
    }
    if (!code) {
        vdc_picture_block(picture, metric, "value, as text\tx\ty\tmean\t1 = dark cell");
        for (size_t at = 0; at < cells; at++) {
            char shown[64];
            double value = sum[at] / scale.factor;
            const size_t row = at / x->count, column = at % x->count;
            vdc_picture_text_row(picture, isnan(value) ? "" : vdc_show_number(value, 3, shown, sizeof shown),
                                 (const double[]){(double)column, (double)row, value,
                                                  sum[at] < low + 0.55 * (high - low) ? 1 : 0},
                                 4);
        }
        vdc_text *script = &picture->script;
        vdc_text_add(&picture->title, "Sensitivity: %s", name);
        add_averaged(&picture->title, runs, x->name, y->name);
        picture->height = 150 + 60 * (unsigned)y->count;
        vdc_picture_palette(picture);
        vdc_text_add(script, "unset key\nunset grid\nset border 0\n");
        set_tics(script, 'x', x);
        set_tics(script, 'y', y);
        vdc_text_add(script, "plot data using 2:3:($2-0.48):($2+0.48):($3-0.48):($3+0.48):4 with boxxyerror palette fs solid "
                             "noborder, \\\n"
                             "  data using 2:3:1:($5 > 0 ? 0xffffff : 0x000000) with labels textcolor rgb variable\n");
    }
    vdc_free(sum);
    vdc_free(number);
    vdc_free(name);
    return code;
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    (void)index;
    grid_axis axes[2];
    size_t found = 0;
    const vdc_run *first = &runs->items[0];
    for (size_t i = 0; i < first->parameter_count && found < 2; i++) {
        found += collect(runs, first->parameters[i].name, &axes[found]) ? 1 : 0;
    }
    const char *metric = vdc_plot_metric(runs, metrics);
    if (found < 2) {
        vdc_text_add(&picture->missing, "it needs a sweep over two parameters with at most %d values each", VALUES_MOST);
    } else if (!metric) {
        vdc_text_add(&picture->missing, "the runs are equal in all that this picture could show");
    } else {
        return draw_grid(picture, runs, metric, &axes[1], &axes[0], diag);
    }
    return VDC_OK;
}

const vdc_plot_kind vdc_plot_sensitivity = {
    .name = "sensitivity",
    .summary = "a metric over two parameters of a sweep, as a grid",
    .joint = true,
    .least_groups = 2,
    .draw = draw,
};
