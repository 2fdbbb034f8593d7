/* How well the datacenter is used: shares of what is installed, what became of the CPU that was allocated, hosts in use. */
#include "analysis/plots/kinds.h"

typedef struct curves {
    double *p_cpu, *t, *p_memory, *ready, *hosts;
} curves;

static vdc_code read_curves(curves *c, const vdc_ticks *ticks, const vdc_run *run, vdc_diag *diag)
{
    size_t cpu = vdc_ticks_resource(ticks, "cpu"), memory = vdc_ticks_resource(ticks, "memory");
    vdc_code code = VDC_OK;
    if (cpu != SIZE_MAX) {
        code = vdc_ticks_column(ticks, run, "/ticks/P", cpu, VDC_INTERVAL_RATE, &c->p_cpu, diag);
    }
    if (!code && memory != SIZE_MAX) {
        code = vdc_ticks_column(ticks, run, "/ticks/P", memory, VDC_INTERVAL_RATE, &c->p_memory, diag);
    }
    if (!code) {
        code = vdc_ticks_column(ticks, run, "/ticks/T", 0, VDC_INTERVAL_RATE, &c->t, diag);
    }
    if (!code) {
        code = vdc_ticks_column(ticks, run, "/ticks/ready", 0, VDC_INTERVAL_RATE, &c->ready, diag);
    }
    if (!code) {
        code = vdc_ticks_held(ticks, run, "/ticks/hosts_used", 0, VDC_INTERVAL_MEAN, &c->hosts, diag);
    }
    return code;
}

static void free_curves(curves *c)
{
    vdc_free(c->p_cpu);
    vdc_free(c->t);
    vdc_free(c->p_memory);
    vdc_free(c->ready);
    vdc_free(c->hosts);
}

static void draw_panels(vdc_picture *picture, const vdc_run *run, const vdc_ticks *ticks, double time_factor, const curves *c)
{
    vdc_panels panels = {0};
    double cpu = vdc_run_capacity(run, "cpu"), memory = vdc_run_capacity(run, "memory");
    if (cpu > 0 && c->p_cpu && c->t) {
        bool with_memory = memory > 0 && c->p_memory && vdc_largest(c->p_memory, ticks->count) > 0;
        double *values[] = {c->p_cpu, c->t, with_memory ? c->p_memory : NULL},
               factors[] = {cpu / 100, cpu / 100, with_memory ? memory / 100 : 1};
        unsigned block = vdc_picture_block(picture, "percent of what is installed",
                                           "time\tCPU allocated\tCPU scheduled\tmemory allocated");
        vdc_plot_steps(picture, ticks, time_factor, values, factors, 3);
        vdc_panels_next(&panels, "Of what is installed (%)");
        vdc_text_add(&panels.body,
                     "set yrange [0:*]\nplot data index %u using 1:2 with lines %s title 'CPU allocated', \\\n"
                     "  data index %u using 1:3 with lines %s title 'CPU scheduled'",
                     block, vdc_picture_line(0), block, vdc_picture_line(1));
        if (with_memory) {
            vdc_text_add(&panels.body, ", \\\n  data index %u using 1:4 with lines %s title 'memory allocated'", block,
                         vdc_picture_line(2));
        }
        vdc_text_add(&panels.body, "\n");
    }
    if (c->p_cpu && c->t && c->ready && vdc_largest(c->p_cpu, ticks->count) > 0) {
        /* Shares of allocated time: where nothing is allocated there is no share. */
        for (size_t i = 0; i < ticks->count; i++) {
            double held = c->p_cpu[i];
            c->t[i] = held > 0 ? 100 * c->t[i] / held : NAN;
            c->ready[i] = held > 0 ? 100 * c->ready[i] / held : NAN;
        }
        double *values[] = {c->t, c->ready}, factors[] = {1, 1};
        unsigned block = vdc_picture_block(picture, "percent of the CPU time allocated", "time\tran\tready but not given");
        vdc_plot_steps(picture, ticks, time_factor, values, factors, 2);
        vdc_panels_next(&panels, "Of the CPU time allocated (%)");
        vdc_text_add(&panels.body,
                     "set yrange [0:*]\nplot data index %u using 1:2 with lines %s title 'ran', \\\n"
                     "  data index %u using 1:3 with lines %s title 'wanted but not given'\n",
                     block, vdc_picture_line(0), block, vdc_picture_line(1));
    }
    if (c->hosts) {
        double *values[] = {c->hosts}, factors[] = {1};
        unsigned block = vdc_picture_block(picture, "hosts with a VM", "time\thosts");
        vdc_plot_steps(picture, ticks, time_factor, values, factors, 1);
        vdc_panels_next(&panels, "Hosts with a VM");
        vdc_panels_count_axis(&panels, vdc_largest(c->hosts, ticks->count));
        vdc_text_add(&panels.body, "plot data index %u using 1:2 with filledcurves y1=0 fc rgb '#cfe3f1' notitle, \\\n"
                     "  data index %u using 1:2 with lines %s notitle\n", block, block, vdc_picture_line(0));
    }
    vdc_panels_finish(&panels, picture);
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vdc_ticks ticks;
    curves c = {0};
    vdc_code code = vdc_ticks_read(&ticks, run, VDC_PLOT_INTERVALS, diag);
    if (!code) {
        code = read_curves(&c, &ticks, run, diag);
    }
    if (!code && ticks.count == 0) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_ticks);
    } else if (!code) {
        vdc_plot_title(picture, runs, run, "How well the datacenter is used");
        vdc_time_axis axis = vdc_picture_time(picture, ticks.edges[0], ticks.edges[ticks.count]);
        draw_panels(picture, run, &ticks, axis.factor, &c);
    }
    free_curves(&c);
    vdc_ticks_clear(&ticks);
    return code;
}

const vdc_plot_kind vdc_plot_utilisation = {
    .name = "utilisation",
    .summary = "shares of what is installed, what became of allocated CPU time, hosts in use",
    .draw = draw,
};
