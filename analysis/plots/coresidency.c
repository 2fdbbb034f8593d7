/* Who was beside whom: pairs of VMs of two tenants on one host x time, as a map. */
#include "analysis/plots/kinds.h"

#include <stdlib.h>

enum { TENANTS_MOST = 40 };

typedef struct neighbour { size_t tenant; double together; } neighbour;

static int by_together(const void *left, const void *right)
{
    const neighbour *a = left, *b = right;
    return a->together != b->together ? (a->together < b->together) - (a->together > b->together) : (a->tenant > b->tenant) - (a->tenant < b->tenant);
}

static int by_tenant(const void *left, const void *right)
{
    const neighbour *a = left, *b = right;
    return (a->tenant > b->tenant) - (a->tenant < b->tenant);
}

/* The tenants that were most beside others, in the table's order; *shown of them. */
static neighbour *choose(const vdc_matrix *pairs, size_t *shown)
{
    neighbour *chosen = vdc_calloc(pairs->rows + 1, sizeof *chosen);
    if (!chosen) {
        return NULL;
    }
    for (size_t i = 0; i < pairs->rows; i++) {
        chosen[i].tenant = i;
        for (size_t k = 0; k < pairs->width; k++) {
            chosen[i].together += pairs->cells[i * pairs->width + k];
        }
    }
    *shown = pairs->rows < TENANTS_MOST ? pairs->rows : TENANTS_MOST;
    qsort(chosen, pairs->rows, sizeof *chosen, by_together);
    qsort(chosen, *shown, sizeof *chosen, by_tenant);
    return chosen;
}

static void add_tics(vdc_text *script, const char *axis, const vdc_text_list *names, const neighbour *chosen, size_t shown)
{
    vdc_text_add(script, "set %s (", axis);
    for (size_t i = 0; i < shown; i++) {
        vdc_text_add(script, "%s", i ? ", " : "");
        vdc_picture_quote(script, *names->items[chosen[i].tenant] ? names->items[chosen[i].tenant] : "no tenant");
        vdc_text_add(script, " %zu", i);
    }
    vdc_text_add(script, ")\n");
}

static void draw_map(vdc_picture *picture, const vdc_matrix *pairs, const vdc_text_list *names, const neighbour *chosen, size_t shown)
{
    vdc_text *script = &picture->script;
    double largest = vdc_largest(pairs->cells, pairs->rows * pairs->width);
    vdc_time_axis unit = vdc_time_axis_choose(0, largest);
    vdc_picture_block(picture, "pairs of VMs of two tenants on one host x time", "tenant\ttenant\tvalue");
    for (size_t i = 0; i < shown; i++) {
        for (size_t k = 0; k < shown; k++) {
            const double point[] = {(double)k, (double)i,
                                    i == k ? NAN : pairs->cells[chosen[i].tenant * pairs->width + chosen[k].tenant] / unit.factor};
            vdc_picture_row(picture, point, 3);
        }
        vdc_text_add(&picture->data, "\n");
    }
    picture->width = picture->height = 240 + 16 * (unsigned)shown > 560 ? 240 + 16 * (unsigned)shown : 560;
    vdc_picture_palette(picture);
    vdc_text_add(script, "unset grid\nunset key\nset size ratio 1\nset xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\nset xtics rotate by 90 right\n",
                 shown - 1, shown - 1);
    add_tics(script, "xtics", names, chosen, shown);
    add_tics(script, "ytics", names, chosen, shown);
    vdc_text_add(script, "set cblabel 'pairs of VMs on one host x time (%s)' offset 1.5\nset cbrange [0:%s]\nplot data using 1:2:3 with image pixels\n",
                 unit.units,
                 largest > 0 ? "*" : "1");
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vdc_text_list names = {0};
    vdc_matrix pairs = {0};
    vdc_code code = vdc_matrix_read(&pairs, run, "/tenants/coresidency", diag);
    code = code ? code : vdc_text_list_read(&names, run, "/tenants/name", diag);
    if (!code && (pairs.rows == 0 || pairs.width != pairs.rows || names.count != pairs.rows)) {
        vdc_text_add(&picture->missing, "the run kept no table of who was beside whom: that takes isolation by tenants, a table of VMs and at most "
                                        "256 tenants");
    } else if (!code && pairs.rows < 2) {
        vdc_text_add(&picture->missing, "all VMs belong to one tenant");
    } else if (!code) {
        size_t shown;
        neighbour *chosen = choose(&pairs, &shown);
        if (!chosen) {
            code = vdc_no_memory(diag, "tenants");
        } else {
            vdc_plot_title(picture, runs, run, shown < pairs.rows ? "Co-residency of the 40 tenants that were most beside others" : "Co-residency of tenants");
            draw_map(picture, &pairs, &names, chosen, shown);
        }
        vdc_free(chosen);
    }
    vdc_matrix_clear(&pairs);
    vdc_text_list_clear(&names);
    return code;
}

const vdc_plot_kind vdc_plot_coresidency = {
    .name = "coresidency", .family = "isolation", .summary = "which tenants' VMs shared hosts for how long, as a map", .draw = draw,
};
