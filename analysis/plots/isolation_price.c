/* The price of isolation: exposure of each policy against the capacity that it fences for nothing and against the VMs that it accepts.
 *
 * A row of panels for hosts, one for cores where VMs share any; a column a price. Points are means over a group's seeds.
 */
#include "analysis/compare.h"
#include "analysis/plots/scatter.h"

enum { PRICES = 3, LEVELS = 2 };

static const struct { const char *part, *whole, *title; bool by_time; } prices[PRICES] = {
    {"S_waste_cpu_core_s", "capacity_cpu_cores", "fenced beyond sizes (% of CPU)", true},
    {"S_idle_cpu_core_s", "capacity_cpu_cores", "fenced and idle (% of CPU)", true},
    {"vms_placed", "vms_arrived", "VMs placed (%)", false},
};
static const struct { const char *key, *title; } levels[LEVELS] = {
    {"exposure_host_pair_s", "VM pairs on a host"},
    {"exposure_core_pair_s", "VM pairs on a core"},
};

/* In %, the mean over the group's runs. */
static double mean_share(const vdc_runs *runs, size_t group, size_t price)
{
    double sum = 0;
    for (size_t i = 0; i < runs->groups[group].count; i++) {
        const vdc_run *run = &runs->items[runs->groups[group].first + i];
        double all = vdc_run_value(run, prices[price].whole) * (prices[price].by_time ? vdc_run_value(run, "end_s") : 1);
        sum += all > 0 ? 100 * vdc_run_value(run, prices[price].part) / all : 0;
    }
    return sum / (double)runs->groups[group].count;
}

static vdc_code draw_panel(vdc_picture *picture, const vdc_runs *runs, size_t level, size_t row_number, size_t price, bool last, vdc_diag *diag)
{
    static const unsigned shapes[] = {6, 4, 8, 12, 10, 14, 1, 2}; /* hollow: points that lie on each other can be told apart */
    vdc_text *script = &picture->script;
    double largest = 0, least = 100;
    double *exposure = vdc_calloc(runs->group_count, sizeof *exposure);
    vdc_code code = exposure ? VDC_OK : vdc_no_memory(diag, "a picture");
    for (size_t g = 0; g < runs->group_count && !code; g++) {
        vdc_sample sample;
        code = vdc_group_sample(runs, g, levels[level].key, 0.95, &sample, diag);
        exposure[g] = sample.mean;
        largest = fmax(largest, sample.mean);
    }
    vdc_time_axis unit = vdc_time_axis_choose(0, largest);
    unsigned block = code ? 0 : vdc_picture_block(picture, prices[price].title, "label\tprice (%)\texposure");
    for (size_t g = 0; g < runs->group_count && !code; g++) {
        const double row[] = {mean_share(runs, g, price), exposure[g] / unit.factor};
        least = fmin(least, row[0]);
        vdc_picture_text_row(picture, runs->groups[g].label, row, 2);
    }
    vdc_free(exposure);
    if (code) {
        return code;
    }
    vdc_text_add(script, "set lmargin at screen %.3f\nset rmargin at screen %.3f\nset tmargin at screen upper(%zu)\nset bmargin at screen lower(%zu)\n",
                 0.08 + 0.25 * (double)price, 0.08 + 0.25 * (double)price + 0.21, row_number, row_number);
    if (price == PRICES - 1) {
        /* VMs placed: up to 100 %, from the ten below the worst on. */
        double from = fmax(0, 10 * floor((least - 1) / 10));
        vdc_text_add(script, "set xrange [%g:100]\nset xtics %g\n", from, from >= 90 ? 2.0 : from >= 50 ? 10.0 : 20.0);
    } else {
        vdc_text_add(script, "set xrange [0:1<*]\nset xtics autofreq\n");
    }
    vdc_text_add(script, "set yrange [0:%s]\n", largest > 0 ? "*" : "1");
    vdc_text_add(script, "%s", price == 0 ? "set format y\n" : "unset ylabel\nset format y ''\n");
    if (price == 0) {
        vdc_text_add(script, "set ylabel '%s x %s'\n", levels[level].title, unit.units);
    }
    vdc_text_add(script, "set xlabel '%s'\n%splot ", last ? prices[price].title : "",
                 row_number == 0 && price == PRICES - 1 ? "set key at screen 0.81, screen 0.9 left top vertical Left reverse samplen 1\n" : "unset key\n");
    for (size_t g = 0; g < runs->group_count; g++) {
        vdc_text_add(script, "%sdata index %u every ::%zu::%zu using 2:3 with points pt %u ps 1.6 lw 2 lc rgb '%s' title ", g ? ", \\\n  " : "",
                     block, g, g, shapes[g % (sizeof shapes / sizeof *shapes)], vdc_picture_colour((unsigned)g));
        vdc_picture_quote(script, runs->groups[g].label);
    }
    vdc_text_add(script, "\n");
    return VDC_OK;
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    static const char title[] = "The price of isolation: less exposure, and what is paid for it";
    size_t shown[LEVELS], count = 0, longest = 0;
    (void)index;
    for (size_t level = 0; level < LEVELS; level++) {
        const char *const key[] = {levels[level].key, NULL};
        if (vdc_plot_metric(runs, key)) {
            shown[count++] = level;
        }
    }
    if (count == 0) {
        vdc_text_add(&picture->missing, "the runs do not all have a measure of exposure in which they differ (isolation: {domain: tenant} gives one to a "
                                        "scenario without rules)");
        return VDC_OK;
    }
    vdc_text *script = &picture->script;
    for (size_t g = 0; g < runs->group_count; g++) {
        size_t width = vdc_text_width(runs->groups[g].label);
        longest = width > longest ? width : longest;
    }
    /* The key has the last fifth. */
    picture->width = longest > 20 ? 1100 + 42 * (unsigned)((longest < 50 ? longest : 50) - 20) : 1100;
    picture->height = 110 + 260 * (unsigned)count;
    vdc_text_add(&picture->title, "%s", title);
    vdc_text_add(script, "upper(i) = 0.9 - i * %.4f\nlower(i) = upper(i) - %.4f\n", 260.0 / picture->height, 215.0 / picture->height);
    vdc_text_add(script, "unset title\nset multiplot title '%s'\nset grid xtics ytics lc rgb '#e4e4e4' lw 1 dt 1\n", title);
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < count && !code; i++) {
        for (size_t price = 0; price < PRICES && !code; price++) {
            code = draw_panel(picture, runs, shown[i], i, price, i + 1 == count, diag);
        }
    }
    vdc_text_add(script, "unset multiplot\n");
    return code;
}

const vdc_plot_kind vdc_plot_isolation_price = {
    .name = "isolation-price", .family = "isolation", .summary = "exposure against capacity fenced for nothing and against VMs placed, for several policies",
    .joint = true, .least_groups = 2, .draw = draw,
};
