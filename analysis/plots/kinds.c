/* What the kinds of plot share. */
#include "analysis/plots/kinds.h"

const char *const vdc_plot_no_ticks = "the run recorded no ticks (it was over at once, or its scenario says output: {ticks: false})";
const char *const vdc_plot_no_vms = "the run recorded no VMs (none came, or its scenario says output: {vms: none})";

void vdc_plot_title(vdc_picture *picture, const vdc_runs *runs, const vdc_run *run, const char *what)
{
    vdc_text_add(&picture->title, "%s", what);
    if (run && runs->group_count > 1) {
        vdc_text_add(&picture->title, "\n%s", runs->groups[run->group].label);
        if (runs->groups[run->group].count > 1) {
            vdc_text_add(&picture->title, ", seed %lld", (long long)run->seed);
        }
    } else if (run && runs->count > 1) {
        vdc_text_add(&picture->title, "\nseed %lld", (long long)run->seed);
    }
    if (run && !run->complete) {
        vdc_text_add(&picture->title, "\nthe run was interrupted: up to then");
    }
}

size_t vdc_plot_longest_label(const vdc_runs *runs, size_t groups)
{
    size_t longest = 0;
    for (size_t g = 0; g < groups && g < runs->group_count; g++) {
        size_t width = vdc_text_width(runs->groups[g].label);
        longest = width > longest ? width : longest;
    }
    return longest;
}

bool vdc_plot_equal(const double *a, const double *b, size_t count)
{
    size_t i = 0;
    while (i < count && a[i] == b[i]) {
        i++;
    }
    return i == count;
}

void vdc_plot_steps(vdc_picture *picture, const vdc_ticks *ticks, double time_factor, double *const *values,
                    const double *factors, size_t count)
{
    double row[VDC_PLOT_COLUMNS + 1];
    count = count < VDC_PLOT_COLUMNS ? count : VDC_PLOT_COLUMNS;
    for (size_t i = 0; i < ticks->count; i++) {
        for (size_t k = 0; k < count; k++) {
            row[k + 1] = values[k] ? values[k][i] / factors[k] : NAN;
        }
        for (size_t end = 0; end < 2; end++) {
            row[0] = ticks->edges[i + end] / time_factor;
            vdc_picture_row(picture, row, count + 1);
        }
    }
}

void vdc_panels_next(vdc_panels *panels, const char *title)
{
    vdc_text *body = &panels->body;
    vdc_text_add(body,
                 "\npanel = %zu\nset tmargin at screen upper(panel)\nset bmargin at screen lower(panel)\n"
                 "if (panel == panels - 1) { set format x '%%h'; set xlabel xlabel_text offset 0,label_lift }\n"
                 "%s\nset label 1 ",
                 panels->count++,
                 panels->legend
                     ? "set key at screen 0.1, screen legend left top vertical maxrows legend_rows Left reverse"
                     : "set key at graph 1, screen upper(panel) + 0.004 right bottom horizontal Left reverse width 0");
    vdc_picture_quote(body, title);
    vdc_text_add(body, " at graph 0, graph 1 offset 0,0.7 left textcolor rgb '#303030'\n");
}

void vdc_panels_count_axis(vdc_panels *panels, double largest)
{
    enum { FEW = 6 };
    vdc_text_add(&panels->body, "set yrange [0:%s]\nset ytics %s\n", largest > 0 ? "*" : "1",
                 largest > 0 && largest <= FEW ? "1" : "autofreq");
}

void vdc_panels_finish(vdc_panels *panels, vdc_picture *picture)
{
    vdc_text *script = &picture->script;
    if (panels->count > 0) {
        /* Pixels: of the default width what lies right of the axis, and a label with its sample line. */
        const double room = 780, entry = 48 + 7.6 * (double)panels->longest;
        size_t columns = 2 * entry <= room ? 2 : 1, rows = (panels->legend + columns - 1) / columns;
        unsigned legend = 20 * (unsigned)rows, height = 90 + panels->above + 200 * (unsigned)panels->count + legend;
        picture->height = height;
        if (entry > room) {
            picture->width = (unsigned)(900 * entry / room);
        }
        vdc_text_add(script, "panels = %zu\ntop = %.4f\nbottom = %.4f\nupper(i) = top - i * (top - bottom) / panels - %.4f\n"
                             "lower(i) = top - (i + 1) * (top - bottom) / panels + %.4f\n",
                     panels->count, 1 - (30.0 + panels->above) / height, (54.0 + legend) / height, 26.0 / height, 10.0 / height);
        if (panels->legend)
            vdc_text_add(script, "legend = %.4f\nlegend_rows = %zu\n", (legend + 4.0) / height, rows);
        /* The title goes above all panels, on one line. */
        vdc_text_add(script, "unset title\nset multiplot title ");
        vdc_text line = {0};
        for (const char *at = vdc_text_get(&picture->title); *at; at++) {
            vdc_text_add(&line, *at == '\n' ? ", " : "%c", *at);
        }
        vdc_picture_quote(script, vdc_text_get(&line));
        vdc_text_add(script,
                     "\nset lmargin at screen 0.1\nset rmargin at screen 0.975\nset format x ''\nunset xlabel\n%s\nunset "
                     "multiplot\n",
                     vdc_text_get(&panels->body));
        script->failed = script->failed || line.failed || panels->body.failed;
        vdc_text_clear(&line);
    }
    vdc_text_clear(&panels->body);
}
