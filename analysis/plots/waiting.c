/* How long VMs wait, and by how much waiting stretches them: distributions over the VMs of all seeds of a group.
 *
 * Slowdown is (wait + time from start to end) / time from start to end, of VMs that ended; a time below SHORTEST counts as
 * SHORTEST (bounded slowdown: Feitelson and Rudolph, Metrics and Benchmarking for Parallel Job Scheduling, JSSPP 1998).
 */
#include "analysis/plots/kinds.h"
#include "analysis/statistics.h"

#include <stdio.h>

enum { LINES_MOST = VDC_PICTURE_LINES, POINTS = 300 };

static const double SHORTEST = 10; /* s */

typedef struct sample { double *values; size_t count, capacity; } sample;

static vdc_code add_run(const vdc_run *run, sample *waits, sample *slowdowns, vdc_diag *diag)
{
    vdc_matrix start = {0}, end = {0}, wait = {0};
    vdc_code code = vdc_matrix_read(&start, run, "/vms/start", diag);
    code = code ? code : vdc_matrix_read(&end, run, "/vms/end", diag);
    code = code ? code : vdc_matrix_read(&wait, run, "/vms/wait", diag);
    size_t n = start.rows;
    if (!code && end.rows == n && wait.rows == n && n > 0) {
        if (!VDC_RESERVE(waits->values, waits->capacity, waits->count + n) ||
            !VDC_RESERVE(slowdowns->values, slowdowns->capacity, slowdowns->count + n)) {
            code = vdc_no_memory(diag, "waiting times");
        }
        for (size_t i = 0; i < n && !code; i++) {
            if (isfinite(start.cells[i]) && isfinite(wait.cells[i])) {
                waits->values[waits->count++] = wait.cells[i];
                if (end.cells[i] > start.cells[i]) {
                    slowdowns->values[slowdowns->count++] = 1 + wait.cells[i] / fmax(SHORTEST, end.cells[i] - start.cells[i]);
                }
            }
        }
    }
    vdc_matrix_clear(&start);
    vdc_matrix_clear(&end);
    vdc_matrix_clear(&wait);
    return code;
}

/* The distribution from its least value above `floor` on, at POINTS shares; values at or below it are the height at which the
 * curve begins. */
static void add_curve(vdc_picture *picture, const sample *s, const char *label, double floor, double factor)
{
    vdc_picture_block(picture, label, "value\tpercent of VMs at or below it");
    size_t at_floor = 0;
    while (at_floor < s->count && s->values[at_floor] <= floor) {
        at_floor++;
    }
    size_t rest = s->count - at_floor, previous = SIZE_MAX;
    for (size_t k = 0; k <= POINTS && rest > 0; k++) {
        size_t i = at_floor + (rest - 1) * k / POINTS;
        if (i != previous) {
            const double before[] = {s->values[i] / factor, 100 * (double)i / (double)s->count};
            const double after[] = {s->values[i] / factor, 100 * (double)(i + 1) / (double)s->count};
            if (k == 0) {
                vdc_picture_row(picture, before, 2);
            }
            vdc_picture_row(picture, after, 2);
            previous = i;
        }
    }
    if (rest == 0) {
        const double none[] = {NAN, NAN};
        vdc_picture_row(picture, none, 2);
    }
}

static void draw_panels(vdc_picture *picture, const vdc_runs *runs, sample *waits, sample *slowdowns, size_t lines)
{
    double longest = 0, steepest = 1;
    for (size_t g = 0; g < lines; g++) {
        vdc_sort_values(waits[g].values, waits[g].count);
        vdc_sort_values(slowdowns[g].values, slowdowns[g].count);
        longest = waits[g].count ? fmax(longest, waits[g].values[waits[g].count - 1]) : longest;
        steepest = slowdowns[g].count ? fmax(steepest, slowdowns[g].values[slowdowns[g].count - 1]) : steepest;
    }
    if (longest <= 0) {
        vdc_text_add(&picture->missing, "no VM that was placed had waited");
        return;
    }
    vdc_time_axis unit = vdc_time_axis_choose(0, longest);
    vdc_text *script = &picture->script;
    vdc_text_add(&picture->title, "Waiting time and slowdown");
    for (size_t g = 0; g < lines; g++) {
        add_curve(picture, &waits[g], runs->groups[g].label, 0, unit.factor);
    }
    for (size_t g = 0; g < lines; g++) {
        add_curve(picture, &slowdowns[g], runs->groups[g].label, 1, 1);
    }
    enum { LEFT = 72, SAMPLE = 48, SUFFIX = 42 }; /* pixels; characters of what stands behind a label */
    unsigned legend = LEFT + SAMPLE + (unsigned)(7.6 * (double)(vdc_plot_longest_label(runs, lines) + SUFFIX));
    picture->width = legend > 900 ? legend : 0;
    picture->height = 446 + 20 * (unsigned)lines;
    vdc_text_add(script, "unset title\nset multiplot layout 1,2 margins 0.08,0.975,%.4f,0.9 spacing 0.08 title ",
                 (76.0 + 20.0 * (double)lines) / picture->height);
    vdc_picture_quote(script, vdc_text_get(&picture->title));
    vdc_text_add(script,
                 "\nset logscale x\nset grid xtics lc rgb '#e4e4e4' lw 1 dt 1\nset ylabel 'VMs placed (%%)'\nset yrange [0:100]\n"
                 "set key at screen 0.08,screen %.4f left top vertical maxcols 1 Left reverse\n",
                 (20.0 * (double)lines + 8) / picture->height);
    vdc_text_add(script, "set xlabel 'Waited at most (%s)' offset 0,label_lift\nset xrange [%.6g:*]\nplot ", unit.units, longest / unit.factor / 1e4);
    for (size_t g = 0; g < lines; g++) {
        char label[512], number[48], share[48];
        size_t at_once = 0;
        while (at_once < waits[g].count && waits[g].values[at_once] <= 0) {
            at_once++;
        }
        snprintf(label, sizeof label, "%s: %s %% of %s VMs did not wait", runs->groups[g].label,
                 waits[g].count ? vdc_show_number(100.0 * (double)at_once / (double)waits[g].count, 3, share, sizeof share) : "–",
                 vdc_show_number((double)waits[g].count, 6, number, sizeof number));
        vdc_text_add(script, "%sdata index %zu using 1:2 with lines %s title ", g ? ", \\\n  " : "", g,
                     vdc_picture_line((unsigned)g));
        vdc_picture_quote(script, label);
    }
    vdc_text_add(script, "\nunset key\nunset ylabel\nset xlabel 'Slowdown at most (with the wait / without it)' offset 0,label_lift\n");
    /* With hardly any slowdown gnuplot finds no range of its own, and fails. */
    vdc_text_add(script, "set xrange [1:%s]\n%splot ", steepest > 1.1 ? "*" : "1.1",
                 steepest > 1 ? "" : "set label 1 'no VM that ended had waited' at graph 0.5, graph 0.5 center textcolor rgb '#303030'\n");
    for (size_t g = 0; g < lines; g++) {
        vdc_text_add(script, "%sdata index %zu using 1:2 with lines %s", g ? ", \\\n  " : "", lines + g,
                     vdc_picture_line((unsigned)g));
    }
    vdc_text_add(script, "\nunset multiplot\n");
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    (void)index;
    sample waits[LINES_MOST] = {{0}}, slowdowns[LINES_MOST] = {{0}};
    size_t lines = runs->group_count < LINES_MOST ? runs->group_count : LINES_MOST, total = 0;
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < runs->count && !code; i++) {
        if (runs->items[i].group < lines) {
            code = add_run(&runs->items[i], &waits[runs->items[i].group], &slowdowns[runs->items[i].group], diag);
            total += waits[runs->items[i].group].count;
        }
    }
    if (!code && total == 0) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_vms);
    } else if (!code) {
        draw_panels(picture, runs, waits, slowdowns, lines);
    }
    for (size_t g = 0; g < lines; g++) {
        vdc_free(waits[g].values);
        vdc_free(slowdowns[g].values);
    }
    return code;
}

const vdc_plot_kind vdc_plot_waiting = {
    .name = "waiting", .summary = "distributions of waiting time and slowdown", .joint = true, .least_groups = 1, .draw = draw,
};
