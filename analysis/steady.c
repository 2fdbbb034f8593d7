/* See steady.h. */
#include "analysis/steady.h"

#include "analysis/result.h"
#include "analysis/series.h"
#include "analysis/statistics.h"
#include "sim/base/memory.h"

#include <math.h>
#include <string.h>

/* The series tick by tick and the ends of its ticks; *count without a last tick that is shorter. */
typedef struct steady_series {
    vdc_ticks ticks;
    double *values;
    size_t count;
    char *path;
    size_t column;
} steady_series;

static void clear(steady_series *series)
{
    vdc_ticks_clear(&series->ticks);
    vdc_free(series->values);
    vdc_free(series->path);
}

static vdc_code read_series(steady_series *series, const vdc_run *run, const char *name, vdc_diag *diag)
{
    const char *dot = strchr(name, '.');
    series->path = vdc_format("/ticks/%.*s", (int)(dot ? dot - name : (ptrdiff_t)strlen(name)), name);
    vdc_code code = series->path ? vdc_ticks_read(&series->ticks, run, SIZE_MAX / 4, diag) : vdc_no_memory(diag, "a series");
    if (code) {
        return code;
    }
    const vdc_ticks *ticks = &series->ticks;
    size_t rows, width;
    vdc_matrix_shape(run, series->path, &rows, &width);
    series->column = dot ? vdc_ticks_resource(ticks, dot + 1) : 0;
    bool there = ticks->ticks > 0 && rows == ticks->ticks && (dot ? series->column < width : width == 1);
    if (there) {
        code = vdc_ticks_column(ticks, run, series->path, series->column, VDC_INTERVAL_MEAN, &series->values, diag);
    }
    if (!code && !series->values) {
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: has no series '%s' in /ticks, such as power, vms_queued or P.cpu", run->path, name);
    }
    size_t n = ticks->count;
    bool partial = n > 1 && ticks->edges[n] - ticks->edges[n - 1] < (ticks->edges[1] - ticks->edges[0]) * (1 - 1e-9);
    series->count = partial ? n - 1 : n;
    return code;
}

static vdc_code add_mean(vdc_run *run, const char *name, double warm_up, vdc_diag *diag)
{
    steady_series series = {0};
    vdc_code code = read_series(&series, run, name, diag);
    size_t cut = 0;
    if (!code && isnan(warm_up)) {
        vdc_warm_up found = vdc_mser5(series.values, series.count);
        cut = found.cut;
        if (!found.settled) {
            vdc_warn(diag, NULL, "%s: is too short to tell where the warm-up of %s ends", run->path, name);
        }
    } else if (!code) {
        while (cut < series.count && series.ticks.edges[cut] < warm_up) {
            cut++;
        }
    }
    if (!code && cut >= series.count) {
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: ends within the warm-up of %g s", run->path, warm_up);
    }
    vdc_text_list units = {0};
    if (!code && strchr(name, '.')) { /* the columns of P, G, S and U have units of their own */
        code = vdc_text_list_read(&units, run, "/ticks/resource_unit", diag);
    }
    double sum = 0;
    for (size_t i = cut; i < series.count && !code; i++) {
        sum += series.values[i];
    }
    vdc_result_shape shape;
    char *key = vdc_format("mean_%s", name), *cut_key = vdc_format("warm_up_%s_s", name), *text = NULL, *cut_text = NULL;
    if (!code && vdc_result_dataset(run->result, series.path, &shape)) {
        text = vdc_format("mean over ticks after the warm-up: %s", shape.long_name);
        cut_text = vdc_format("warm-up left out of mean_%s", name);
        if (!key || !cut_key || !text || !cut_text) {
            code = vdc_no_memory(diag, "a mean");
        }
        if (!code) {
            const char *unit = series.column < units.count ? units.items[series.column] : strcmp(shape.units, "1") == 0 ? "" : shape.units;
            code = vdc_result_add(run->result, key, unit, text, sum / (double)(series.count - cut), diag);
        }
        if (!code) {
            code = vdc_result_add(run->result, cut_key, "s", cut_text, series.ticks.edges[cut], diag);
        }
    }
    vdc_text_list_clear(&units);
    vdc_free(key);
    vdc_free(cut_key);
    vdc_free(text);
    vdc_free(cut_text);
    clear(&series);
    return code;
}

vdc_code vdc_runs_add_steady_mean(vdc_runs *runs, const char *name, double warm_up, vdc_diag *diag)
{
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < runs->count && !code; i++) {
        code = add_mean(&runs->items[i], name, warm_up, diag);
    }
    return code;
}
