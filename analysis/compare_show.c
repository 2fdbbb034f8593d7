/* Comparison of groups of runs: how it is shown. The numbers: compare.c. */
#include "analysis/compare.h"

#include "analysis/scale.h"
#include "sim/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- tables of text ---- */

enum { CELL = 96, COLUMNS_MOST = 64 };

/* Cells row by row; columns are as wide as their widest cell, all but the first to the right. */
typedef struct grid {
    char (*cells)[CELL];
    size_t capacity, count, columns;
} grid;

/* Adds a cell; false when memory is out. */
static bool put(grid *table, const char *text)
{
    if (!VDC_RESERVE(table->cells, table->capacity, table->count + 1)) {
        return false;
    }
    snprintf(table->cells[table->count++], CELL, "%s", text);
    return true;
}

static void print_grid(const grid *table, const char *indent, vdc_text *out)
{
    size_t widths[COLUMNS_MOST] = {0};
    for (size_t i = 0; i < table->count; i++) {
        size_t width = vdc_text_width(table->cells[i]);
        widths[i % table->columns] = width > widths[i % table->columns] ? width : widths[i % table->columns];
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns, pad = widths[column] - vdc_text_width(table->cells[i]);
        bool last = column + 1 == table->columns;
        if (column == 0) {
            vdc_text_add(out, "%s%s%*s", indent, table->cells[i], last ? 0 : (int)pad, "");
        } else {
            vdc_text_add(out, "  %*s%s", (int)pad, "", table->cells[i]);
        }
        if (last) {
            while (out->length > 0 && out->data[out->length - 1] == ' ') {
                out->data[--out->length] = '\0';
            }
            vdc_text_add(out, "\n");
        }
    }
}

/* ---- what both forms share ---- */

size_t vdc_runs_most_seeds(const vdc_runs *runs)
{
    size_t most = 0;
    for (size_t g = 0; g < runs->group_count; g++) {
        most = runs->groups[g].count > most ? runs->groups[g].count : most;
    }
    return most;
}

vdc_scale vdc_comparison_scale(const vdc_comparison *c, size_t m)
{
    double largest = 0;
    for (size_t g = 0; g < c->runs->group_count; g++) {
        const vdc_sample *sample = &c->samples[m * c->runs->group_count + g];
        largest = sample->n ? fmax(largest, fabs(sample->mean)) : largest;
    }
    return vdc_scale_choose(c->metrics[m].units, largest);
}

/* The difference as a share of the baseline, "+3.1 %"; "" where there is none. */
static void show_percent(double difference, double baseline, char *buffer, size_t size)
{
    char number[40];
    double percent = 100 * difference / fabs(baseline);
    if (!isfinite(percent)) {
        snprintf(buffer, size, difference == 0 ? "0 %%" : "–");
    } else if (percent == 0) {
        snprintf(buffer, size, "0 %%");
    } else {
        snprintf(buffer, size, "%s%s %%", percent > 0 ? "+" : "",
                 vdc_show_number(percent, fabs(percent) < 1 ? 2 : 3, number, sizeof number));
    }
}

static void show_signed(double value, int digits, char *buffer, size_t size)
{
    char number[36];
    snprintf(buffer, size, "%s%s", value > 0 ? "+" : "", vdc_show_number(value, digits, number, sizeof number));
}

static void show_p(double p, char *buffer, size_t size)
{
    char number[48];
    if (isnan(p)) {
        snprintf(buffer, size, "–");
    } else if (p < 0.0001) {
        snprintf(buffer, size, "<0.0001");
    } else {
        snprintf(buffer, size, "%s", vdc_show_number(p, 2, number, sizeof number));
    }
}

static void show_interval(vdc_interval interval, double factor, bool with_sign, char *buffer, size_t size)
{
    char low[40], high[40];
    if (isnan(interval.low)) {
        snprintf(buffer, size, "–");
        return;
    }
    if (with_sign) {
        show_signed(interval.low / factor, 4, low, sizeof low);
        show_signed(interval.high / factor, 4, high, sizeof high);
    } else {
        vdc_show_number(interval.low / factor, 4, low, sizeof low);
        vdc_show_number(interval.high / factor, 4, high, sizeof high);
    }
    snprintf(buffer, size, "%s … %s", low, high);
}

const char *vdc_metric_name(const vdc_metric *metric)
{
    return metric->long_name && *metric->long_name ? metric->long_name : metric->key;
}

/* ---- text ---- */

/* One run a group: a row a metric, a column a group, differences in percent behind the values. */
static bool print_values(const vdc_comparison *c, grid *table)
{
    const vdc_runs *runs = c->runs;
    size_t groups = runs->group_count;
    char cell[CELL], number[64];
    bool good = put(table, "") && put(table, "");
    size_t first = c->order[0];
    good = good && put(table, runs->groups[first].label);
    for (size_t i = 1; i < groups && good; i++) {
        good = put(table, runs->groups[c->order[i]].label) && put(table, "");
    }
    for (size_t m = 0; m < c->metric_count && good; m++) {
        if (c->metrics[m].equal && groups > 1) {
            continue;
        }
        vdc_scale scale = vdc_comparison_scale(c, m);
        const vdc_sample *samples = &c->samples[m * groups];
        good = put(table, c->metrics[m].key) && put(table, scale.units) &&
               put(table, samples[first].n ? vdc_show_number(samples[first].mean / scale.factor, 6, number, sizeof number) : "–");
        for (size_t i = 1; i < groups && good; i++) {
            size_t g = c->order[i];
            const vdc_sample *base = &samples[c->baselines[g]];
            show_percent(samples[g].mean - base->mean, base->mean, cell, sizeof cell);
            good = put(table, samples[g].n ? vdc_show_number(samples[g].mean / scale.factor, 6, number, sizeof number) : "–") &&
                   put(table, samples[g].n && base->n && c->baselines[g] != g ? cell : "");
        }
    }
    return good;
}

void vdc_comparison_row_show(const vdc_comparison *c, size_t m, size_t g, vdc_comparison_row *row)
{
    size_t at = m * c->runs->group_count + g;
    const vdc_sample *sample = &c->samples[at];
    const vdc_paired *paired = &c->paired[at];
    vdc_scale scale = vdc_comparison_scale(c, m);
    *row = (vdc_comparison_row){.units = scale.units};
    snprintf(row->n, sizeof row->n, "%zu", sample->n);
    vdc_show_number(sample->mean / scale.factor, 5, row->mean, sizeof row->mean);
    show_interval(sample->interval, scale.factor, false, row->interval, sizeof row->interval);
    if (g == c->baselines[g] || paired->n == 0) {
        snprintf(row->difference, sizeof row->difference, g == c->baselines[g] ? "baseline" : "no pairs");
        return;
    }
    if (paired->n != sample->n) { /* a seed of one group alone has no pair: the difference and its p stand on fewer */
        snprintf(row->n, sizeof row->n, "%zu, %zu pair%s", sample->n, paired->n, paired->n == 1 ? "" : "s");
    }
    show_signed(paired->mean / scale.factor, 4, row->difference, sizeof row->difference);
    show_percent(paired->mean, paired->baseline, row->percent, sizeof row->percent);
    show_interval(paired->student, scale.factor, true, row->difference_interval, sizeof row->difference_interval);
    show_p(c->t_p[at], row->p, sizeof row->p);
    show_signed(paired->cohen_dz, 3, row->effect, sizeof row->effect);
}

/* Several seeds: a block a metric, a row a group. */
static bool print_block(const vdc_comparison *c, size_t m, vdc_text *out)
{
    const vdc_runs *runs = c->runs;
    static const char *const heads[] = {"", "n", "mean", "95 % interval", "difference", "", "95 % interval of it", "p", "d_z"};
    grid table = {.columns = sizeof heads / sizeof *heads};
    bool good = true;
    for (size_t i = 0; i < table.columns && good; i++) {
        good = put(&table, heads[i]);
    }
    for (size_t i = 0; i < runs->group_count && good; i++) {
        size_t g = c->order[i];
        vdc_comparison_row row;
        vdc_comparison_row_show(c, m, g, &row);
        const char *const cells[] = {runs->groups[g].label,   row.n, row.mean,  row.interval, row.difference, row.percent,
                                     row.difference_interval, row.p, row.effect};
        for (size_t k = 0; k < table.columns && good; k++) {
            good = put(&table, cells[k]);
        }
    }
    vdc_scale scale = vdc_comparison_scale(c, m);
    vdc_text_add(out, "\n%s%s%s%s: %s\n", c->metrics[m].key, *scale.units ? " (" : "", scale.units, *scale.units ? ")" : "",
                 vdc_metric_name(&c->metrics[m]));
    if (good) {
        print_grid(&table, "  ", out);
    }
    vdc_free(table.cells);
    return good;
}

/* Lists the metrics in which no run differs, those that are 0 apart: "heading: a 1, b 2", broken between items. */
static void print_equal(const vdc_comparison *c, bool zeros, const char *heading, vdc_text *out)
{
    enum { LINE = 110 };
    vdc_text item = {0};
    size_t column = 0;
    for (size_t m = 0; m < c->metric_count; m++) {
        double mean = c->samples[m * c->runs->group_count + c->order[0]].mean;
        if (!c->metrics[m].equal || c->runs->group_count < 2 || (mean == 0) != zeros) {
            continue;
        }
        char number[64];
        vdc_scale scale = vdc_comparison_scale(c, m);
        item.length = 0;
        vdc_text_add(&item, "%s", c->metrics[m].key);
        if (!zeros) {
            vdc_text_add(&item, " %s%s%s", vdc_show_number(mean / scale.factor, 6, number, sizeof number), *scale.units ? " " : "",
                         scale.units);
        }
        const char *before = column == 0 ? heading : column + vdc_text_width(vdc_text_get(&item)) > LINE ? ",\n  " : ", ";
        column = strchr(before, '\n') && column > 0 ? 2 : column + vdc_text_width(before);
        column += vdc_text_width(vdc_text_get(&item));
        vdc_text_add(out, "%s%s", before, vdc_text_get(&item));
    }
    vdc_text_add(out, column > 0 ? "\n" : "");
    out->failed = out->failed || item.failed;
    vdc_text_clear(&item);
}

static void print_heading(const vdc_comparison *c, vdc_text *out)
{
    const vdc_runs *runs = c->runs;
    vdc_text_add(out, "%zu result%s in %zu group%s; differences are to %s", runs->count, runs->count == 1 ? "" : "s",
                 runs->group_count, runs->group_count == 1 ? "" : "s", c->baseline_name);
    if (vdc_runs_most_seeds(runs) > 1) {
        vdc_text_add(out,
                     ", within a seed. Intervals: Student's t.\np: paired t test, two-sided, Holm-corrected over %zu tests; n: "
                     "seeds; d_z: mean difference / its "
                     "standard deviation.\n",
                     c->t_tests);
    } else {
        vdc_text_add(out,
                     ".\nOne run each: these are single observations, without intervals. Several seeds a group give them.\n\n");
    }
}

void vdc_comparison_print(const vdc_comparison *c, vdc_text *out)
{
    const vdc_runs *runs = c->runs;
    print_heading(c, out);
    bool good = true;
    if (vdc_runs_most_seeds(runs) > 1) {
        for (size_t m = 0; m < c->metric_count && good; m++) {
            good = (c->metrics[m].equal && runs->group_count > 1) || print_block(c, m, out);
        }
    } else {
        /* Many groups go into several tables of so many columns. */
        enum { GROUPS_A_TABLE = (COLUMNS_MOST - 3) / 2 };
        grid table = {.columns = 3 + 2 * (runs->group_count - 1)};
        if (runs->group_count <= GROUPS_A_TABLE) {
            good = print_values(c, &table);
            if (good) {
                print_grid(&table, "", out);
            }
        } else {
            for (size_t m = 0; m < c->metric_count && good; m++) {
                good = c->metrics[m].equal || print_block(c, m, out);
            }
        }
        vdc_free(table.cells);
    }
    print_equal(c, false, vdc_runs_most_seeds(runs) > 1 ? "\nThe same in all, seed by seed (means): " : "\nThe same in all: ", out);
    print_equal(c, true, "\n0 in all: ", out);
    out->failed = out->failed || !good;
}

/* ---- Markdown ---- */

/* As many decimals as make two digits of the half interval, both numbers with as many. */
static void add_mean(const vdc_sample *sample, double factor, vdc_text *out)
{
    char number[64];
    double half = (sample->interval.high - sample->interval.low) / 2 / factor;
    if (sample->n == 0) {
        vdc_text_add(out, " – |");
    } else if (sample->n == 1 || !(half > 0)) {
        vdc_text_add(out, " %s |", vdc_show_number(sample->mean / factor, 6, number, sizeof number));
    } else {
        int decimals = 1 - (int)floor(log10(half));
        decimals = decimals < 0 ? 0 : decimals > 12 ? 12 : decimals;
        vdc_text_add(out, " %.*f ± %.*f |", decimals, sample->mean / factor, decimals, half);
    }
}

void vdc_comparison_markdown(const vdc_comparison *c, vdc_text *out)
{
    size_t groups = c->runs->group_count;
    vdc_text_add(out, "| |");
    for (size_t m = 0; m < c->metric_count; m++) {
        vdc_scale scale = vdc_comparison_scale(c, m);
        vdc_text_add(out, " %s%s%s |", c->metrics[m].key, *scale.units ? ", " : "", scale.units);
    }
    vdc_text_add(out, "\n| --- |");
    for (size_t m = 0; m < c->metric_count; m++) {
        vdc_text_add(out, " --- |");
    }
    for (size_t i = 0; i < groups; i++) {
        vdc_text_add(out, "\n| %s |", c->runs->groups[c->order[i]].label);
        for (size_t m = 0; m < c->metric_count; m++) {
            add_mean(&c->samples[m * groups + c->order[i]], vdc_comparison_scale(c, m).factor, out);
        }
    }
    vdc_text_add(out, "\n");
}

/* ---- CSV ---- */

void vdc_comparison_csv(const vdc_comparison *c, vdc_text *out)
{
    const vdc_runs *runs = c->runs;
    vdc_text_add(out, "metric,units,group,baseline,n,mean,deviation,minimum,median,maximum,mean_low,mean_high,pairs,difference,"
                      "difference_deviation,"
                      "difference_low,difference_high,bootstrap_low,bootstrap_high,t,t_p,t_p_holm,t_tests,wilcoxon_n,wilcoxon_w,"
                      "wilcoxon_p,wilcoxon_p_holm,"
                      "wilcoxon_tests,cohen_dz,cliff_delta\n");
    for (size_t m = 0; m < c->metric_count; m++) {
        for (size_t g = 0; g < runs->group_count; g++) {
            size_t at = m * runs->group_count + g;
            const vdc_sample *s = &c->samples[at];
            const vdc_paired *p = &c->paired[at];
            vdc_text_add(out, "%s,", c->metrics[m].key);
            vdc_text_add_csv(out, c->metrics[m].units ? c->metrics[m].units : "");
            vdc_text_add(out, ",");
            vdc_text_add_csv(out, runs->groups[g].label);
            vdc_text_add(out, ",");
            vdc_text_add_csv(out, runs->groups[c->baselines[g]].label);
            vdc_text_add(out, ",%zu", s->n);
            const double sample[] = {s->mean, s->deviation, s->minimum, s->median, s->maximum, s->interval.low, s->interval.high};
            for (size_t i = 0; i < sizeof sample / sizeof *sample; i++) {
                vdc_text_add(out, ",");
                vdc_text_add_number(out, sample[i], "");
            }
            if (p->n == 0) {
                vdc_text_add(out, "%s\n", ",,,,,,,,,,,,,,,,,,"); /* nothing is paired with itself */
                continue;
            }
            const double paired[] = {p->mean,           p->deviation, p->student.low, p->student.high, p->bootstrap.low,
                                     p->bootstrap.high, p->t,         p->t_p,         c->t_p[at]};
            const double ranks[] = {p->wilcoxon_w, p->wilcoxon_p, c->wilcoxon_p[at]};
            vdc_text_add(out, ",%zu", p->n);
            for (size_t i = 0; i < sizeof paired / sizeof *paired; i++) {
                vdc_text_add(out, ",");
                vdc_text_add_number(out, paired[i], "");
            }
            vdc_text_add(out, ",%zu,%zu", c->t_tests, p->wilcoxon_n);
            for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
                vdc_text_add(out, ",");
                vdc_text_add_number(out, ranks[i], "");
            }
            vdc_text_add(out, ",%zu,", c->wilcoxon_tests);
            vdc_text_add_number(out, p->cohen_dz, "");
            vdc_text_add(out, ",");
            vdc_text_add_number(out, p->cliff_delta, "");
            vdc_text_add(out, "\n");
        }
    }
}
