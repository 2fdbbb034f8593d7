/* Two metrics against each other. */
#include "analysis/plots/scatter.h"

#include "analysis/compare.h"
#include "analysis/result.h"

#include <stdlib.h>
#include <string.h>

const char *vdc_plot_units(const vdc_runs *runs, const char *key)
{
    const vdc_result_value *value = vdc_result_find(runs->items[0].result, key);
    return value && value->units ? value->units : "";
}

char *vdc_plot_axis_name(const vdc_runs *runs, const char *key, const char *units)
{
    const vdc_result_value *value = vdc_result_find(runs->items[0].result, key);
    const char *name = value && value->long_name && *value->long_name ? value->long_name : key;
    /* What would not fit beside an axis is cut at its colon ("exposure: pairs of VMs …"), else where a word ends. */
    enum { LONGEST = 46 };
    size_t length = strlen(name);
    const char *colon = strchr(name, ':');
    if (length > LONGEST && colon) {
        length = (size_t)(colon - name);
    }
    while (length > LONGEST) {
        length--;
        while (length > 0 && name[length] != ' ') length--;
    }
    const char *more = name[length] && name[length] != ':' ? " …" : "";
    return *units ? vdc_format("%.*s%s (%s)", (int)length, name, more, units) : vdc_format("%.*s%s", (int)length, name, more);
}

/* Is the number there in every run, and does a group differ from the first one at some seed? */
static bool groups_differ(const vdc_runs *runs, const char *key)
{
    bool differs = false;
    for (size_t i = 0; i < runs->count; i++) {
        double value = vdc_run_value(&runs->items[i], key);
        const vdc_run *mate = vdc_runs_find(runs, 0, runs->items[i].seed);
        if (isnan(value)) {
            return false;
        }
        differs = differs || (runs->items[i].group != 0 && value != (mate ? vdc_run_value(mate, key) : NAN));
    }
    return differs;
}

const char *vdc_plot_metric(const vdc_runs *runs, const char *const *keys)
{
    while (*keys && !groups_differ(runs, *keys)) {
        keys++;
    }
    return *keys;
}

typedef struct axis {
    const char *key;
    vdc_sample *samples;     /* [group] */
    vdc_scale scale;
} axis;

static vdc_code read_axis(axis *a, const vdc_runs *runs, vdc_diag *diag)
{
    double largest = 0;
    a->samples = vdc_calloc(runs->group_count, sizeof *a->samples);
    vdc_code code = a->samples ? VDC_OK : vdc_no_memory(diag, "a sample");
    for (size_t g = 0; g < runs->group_count && !code; g++) {
        code = vdc_group_sample(runs, g, a->key, 0.95, &a->samples[g], diag);
        largest = fmax(largest, fabs(a->samples[g].mean));
    }
    a->scale = vdc_scale_choose(vdc_plot_units(runs, a->key), largest);
    return code;
}

/* Does no other group do at least as well on both axes and better on one? */
static bool unbeaten(const axis *x, const axis *y, size_t group, size_t count)
{
    for (size_t g = 0; g < count; g++) {
        double dx = x->samples[g].mean - x->samples[group].mean, dy = y->samples[g].mean - y->samples[group].mean;
        if (dx <= 0 && dy <= 0 && (dx < 0 || dy < 0)) {
            return false;
        }
    }
    return true;
}

typedef struct corner { double x, y; } corner;

static int by_x(const void *left, const void *right)
{
    double a = ((const corner *)left)->x, b = ((const corner *)right)->x;
    return (a > b) - (a < b);
}

/* What an axis spans: the intervals and a little room, but nothing below 0 for what never is. */
static void set_range(vdc_text *script, const char *name, const axis *a, size_t groups)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t g = 0; g < groups; g++) {
        const vdc_sample *s = &a->samples[g];
        bool wide = isfinite(s->interval.low);
        low = fmin(low, (wide ? s->interval.low : s->mean) / a->scale.factor);
        high = fmax(high, (wide ? s->interval.high : s->mean) / a->scale.factor);
    }
    double room = high > low ? (high - low) / 20 : fmax(fabs(low) / 20, 1e-9), from = low - room;
    vdc_text_add(script, "set %srange [%.9g:%.9g]\n", name, low >= 0 && from < 0 ? 0 : from, high + room);
}

static vdc_code draw_axes(vdc_picture *picture, const vdc_runs *runs, const char *title, const axis *x, const axis *y,
                          vdc_diag *diag)
{
    size_t groups = runs->group_count, front = 0;
    corner *corners = vdc_calloc(groups, sizeof *corners);
    char *x_name = vdc_plot_axis_name(runs, x->key, x->scale.units), *y_name = vdc_plot_axis_name(runs, y->key, y->scale.units);
    if (!corners || !x_name || !y_name) {
        vdc_free(corners);
        vdc_free(x_name);
        vdc_free(y_name);
        return vdc_no_memory(diag, "a picture");
    }
    vdc_text *script = &picture->script;
    bool several = false;
    vdc_picture_block(picture, "means and 95 % intervals of each group", "label\tx\ty\tx low\tx high\ty low\ty high");
    for (size_t g = 0; g < groups; g++) {
        const vdc_sample *sx = &x->samples[g], *sy = &y->samples[g];
        bool wide = isfinite(sx->interval.low) && isfinite(sy->interval.low);
        several = several || wide;
        const double row[] = {
            sx->mean / x->scale.factor,
            sy->mean / y->scale.factor,
            (wide ? sx->interval.low : sx->mean) / x->scale.factor,
            (wide ? sx->interval.high : sx->mean) / x->scale.factor,
            (wide ? sy->interval.low : sy->mean) / y->scale.factor,
            (wide ? sy->interval.high : sy->mean) / y->scale.factor,
        };
        vdc_picture_text_row(picture, runs->groups[g].label, row, 6);
        if (unbeaten(x, y, g, groups)) {
            corners[front++] = (corner){row[0], row[1]};
        }
    }
    qsort(corners, front, sizeof *corners, by_x);
    vdc_picture_block(picture, "the front: groups that no other beats on both axes", "x\ty");
    for (size_t i = 0; i < front; i++) {
        vdc_picture_row(picture, (const double[]){corners[i].x, corners[i].y}, 2);
    }
    vdc_text_add(&picture->title, "%s%s", title, several ? ": means and 95 % intervals, less is better" : ": less is better");
    vdc_text_add(script, "set xlabel ");
    vdc_picture_quote(script, x_name);
    vdc_text_add(script, "\nset ylabel ");
    vdc_picture_quote(script, y_name);
    /* Every group is named beside the plot: names at the points would lie on each other where points do. */
    picture->height = 20 * (unsigned)groups + 90 > 480 ? 20 * (unsigned)groups + 90 : 480;
    static const unsigned shapes[] = {7, 5, 9, 11, 13, 15};
    vdc_text_add(script, "\nset grid xtics lc rgb '#e4e4e4' lw 1 dt 1\n"
                         "set key outside right top vertical Left reverse samplen 1\n");
    set_range(script, "x", x, groups);
    set_range(script, "y", y, groups);
    vdc_text_add(script, "plot data index 1 using 1:2 with steps lc rgb '#c0c0c0' lw 2 notitle");
    if (several) {
        vdc_text_add(script, ", \\\n  data index 0 using 2:3:4:5:6:7 with xyerrorbars lc rgb '#909090' lw 1 pt 0 notitle");
    }
    for (size_t g = 0; g < groups; g++) {
        vdc_text_add(script, ", \\\n  data index 0 every ::%zu::%zu using 2:3 with points pt %u ps 1.3*mark lc rgb '%s' title ", g, g,
                     shapes[g / VDC_PICTURE_LINES % (sizeof shapes / sizeof *shapes)], vdc_picture_colour((unsigned)g));
        vdc_picture_quote(script, runs->groups[g].label);
    }
    vdc_text_add(script, ", \\\n  data index 1 using 1:2 with points pt 6 ps 2.6*mark lw 1.5 lc rgb '#909090' title 'none is better on both'\n");
    vdc_free(corners);
    vdc_free(x_name);
    vdc_free(y_name);
    return VDC_OK;
}

vdc_code vdc_scatter_draw(vdc_picture *picture, const vdc_runs *runs, const char *title, const char *const *x_keys,
                          const char *const *y_keys, const char *missing, vdc_diag *diag)
{
    axis x = {.key = vdc_plot_metric(runs, x_keys)}, y = {.key = vdc_plot_metric(runs, y_keys)};
    if (!x.key || !y.key) {
        vdc_text_add(&picture->missing, "%s", missing);
        return VDC_OK;
    }
    vdc_code code = read_axis(&x, runs, diag);
    code = code ? code : read_axis(&y, runs, diag);
    if (!code) {
        code = draw_axes(picture, runs, title, &x, &y, diag);
    }
    vdc_free(x.samples);
    vdc_free(y.samples);
    return code;
}
