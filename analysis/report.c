/* A report: one self-contained HTML page.
 *
 * Plain HTML and a little CSS, no script: it reads on a phone (tables scroll sideways, pictures shrink), prints (sections do not
 * break inside tables and pictures) and can be kept. Pictures are inline SVG.
 */
#include "analysis/report.h"

#include "analysis/gnuplot.h"
#include "analysis/plot.h"
#include "analysis/result.h"
#include "sim/base/file.h"
#include "sim/base/memory.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char style[] = ":root{color-scheme:light}\n"
                            "body{font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu "
                            "Sans',sans-serif;color:#1c1c1c;background:#fff;margin:0 auto;"
                            "max-width:62rem;padding:1rem}\n"
                            "h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}\n"
                            "h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-bottom:1px solid #ddd;padding-bottom:.2rem}\n"
                            "h3{font-size:1rem;margin:1.4rem 0 .3rem}\n"
                            "p{margin:.5rem 0}\n"
                            ".scroll{overflow-x:auto}\n"
                            "table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;margin:.4rem 0}\n"
                            "th,td{padding:.25rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid #eee}\n"
                            "th{font-weight:600;border-bottom:1px solid #bbb}\n"
                            "th:first-child,td:first-child{text-align:left}\n"
                            "td.text,th.text{text-align:left;white-space:normal}\n"
                            "tr.baseline td{background:#f6f6f6}\n"
                            ".note,.missing{color:#555;font-size:.9rem}\n"
                            "figure{margin:1.2rem 0}\n"
                            "figure svg{width:100%;height:auto;display:block}\n"
                            "figcaption{color:#555;font-size:.9rem;margin-top:.2rem}\n"
                            "pre{background:#f6f6f6;padding:.7rem;overflow-x:auto;font-size:.8rem;line-height:1.35}\n"
                            "code{font-size:.9em;overflow-wrap:anywhere}\n"
                            "details{margin:.5rem 0}\nsummary{cursor:pointer}\n"
                            /* On a phone: names of rows break so that the first numbers are in sight, and pictures scroll sideways rather than
                             * shrink beyond reading. */
                            "@media screen and (max-width:40rem){body{padding:.6rem;font-size:15px}th,td{padding:.2rem .4rem}"
                            "th:first-child,td:first-child{white-space:normal;min-width:8rem}td.text{white-space:nowrap}"
                            "figure{overflow-x:auto}figure svg{min-width:42rem}figcaption{position:sticky;left:0}}\n"
                            "@media "
                            "print{body{max-width:none;font-size:10pt}.scroll{overflow:visible}figure,table,tr{break-inside:"
                            "avoid}h2,h3{break-after:avoid}"
                            "pre{white-space:pre-wrap}table{font-size:7.5pt}th,td{white-space:normal;padding:.1rem .25rem}}\n";

/* What the key numbers are, in order of interest; those that the runs have are shown. */
static const char *const key_metrics[] = {
    "vms_arrived",          "vms_placed",   "vms_rejected", "hosts_used_max", "host_active_s", "P_cpu_core_s",
    "T_cpu_core_s",         "U_cpu_core_s", "S_cpu_core_s", "ready_core_s",   "energy_j",      "carbon_g",
    "cost_total",           "wait_p50_s",   "wait_p99_s",   "slav",           "migrations",    "violations_hard_vm_s",
    "gpu_fragmented_milli", "end_s",        NULL,
};

static bool is_key_metric(const char *key)
{
    for (size_t i = 0; key_metrics[i]; i++) {
        if (strcmp(key_metrics[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static const char *summary_text(const vdc_run *run, const char *key)
{
    const vdc_result_value *value = vdc_result_find(run->result, key);
    return value && value->text ? value->text : NULL;
}

static void add_cell(vdc_text *page, const char *tag, const char *text)
{
    vdc_text_add(page, "<%s>", tag);
    vdc_text_add_html(page, text);
    vdc_text_add(page, "</%s>", tag);
}

/* ---- what was run ---- */

static void add_overview(const vdc_comparison *c, const char *title, vdc_text *page)
{
    const vdc_runs *runs = c->runs;
    const char *version = vdc_result_text(runs->items[0].result, "vdcsim_version"), *name = summary_text(&runs->items[0], "name");
    size_t incomplete = 0;
    for (size_t i = 0; i < runs->count; i++) {
        incomplete += runs->items[i].complete ? 0 : 1;
    }
    vdc_text_add(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    vdc_text_add_html(page, title ? title : name ? name : "Simulation results");
    vdc_text_add(page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    vdc_text_add_html(page, title ? title : name ? name : "Simulation results");
    vdc_text_add(page, "</h1>\n<p>%zu simulation%s by vdcsim %s", runs->count, runs->count == 1 ? "" : "s",
                 version ? version : "");
    if (runs->group_count > 1) {
        vdc_text_add(page, ": %zu alternatives", runs->group_count);
        if (vdc_runs_most_seeds(runs) > 1) {
            vdc_text_add(page, ", up to %zu seeds each", vdc_runs_most_seeds(runs));
        }
    } else if (runs->count > 1) {
        vdc_text_add(page, " that differ in their seed");
    }
    vdc_text_add(page, ".</p>\n");
    if (incomplete > 0) {
        vdc_text_add(page, "<p><strong>%zu of them %s interrupted: their numbers are those up to then.</strong></p>\n",
                     incomplete, incomplete == 1 ? "was" : "were");
    }
    vdc_text_add(page, "<h2>What was run</h2>\n<div "
                       "class=\"scroll\"><table>\n<tr><th>alternative</th><th>runs</th><th>seeds</th><th "
                       "class=\"text\">policies</th></tr>\n");
    for (size_t g = 0; g < runs->group_count; g++) {
        const vdc_run *first = &runs->items[runs->groups[g].first];
        const char *policies = vdc_result_text(first->result, "policies");
        vdc_text_add(page, "<tr%s>", g == c->baselines[g] && runs->group_count > 1 ? " class=\"baseline\"" : "");
        add_cell(page, "td", runs->groups[g].label);
        vdc_text_add(page, "<td>%zu</td><td>", runs->groups[g].count);
        enum { SEEDS_SHOWN = 12 };
        for (size_t i = 0; i < runs->groups[g].count && i < SEEDS_SHOWN; i++) {
            vdc_text_add(page, "%s%lld", i ? ", " : "", (long long)runs->items[runs->groups[g].first + i].seed);
        }
        vdc_text_add(page, "%s</td><td class=\"text\">", runs->groups[g].count > SEEDS_SHOWN ? ", …" : "");
        vdc_text_add_html(page, policies ? policies : "");
        vdc_text_add(page, "</td></tr>\n");
    }
    vdc_text_add(page, "</table></div>\n");
}

/* ---- numbers ---- */

/* Alternatives down, key metrics across when there are several; key metrics down for a single one. */
static void add_key_numbers(const vdc_comparison *c, vdc_text *page)
{
    const vdc_runs *runs = c->runs;
    bool several = vdc_runs_most_seeds(runs) > 1;
    vdc_text_add(page, "<h2>Key numbers</h2>\n<div class=\"scroll\"><table>\n<tr><th></th>");
    for (size_t g = 0; g < runs->group_count; g++) {
        add_cell(page, "th", runs->groups[g].label);
    }
    vdc_text_add(page, "</tr>\n");
    for (size_t m = 0; m < c->metric_count; m++) {
        if (!is_key_metric(c->metrics[m].key)) {
            continue;
        }
        vdc_scale scale = vdc_comparison_scale(c, m);
        vdc_text_add(page, "<tr><td>");
        vdc_text_add_html(page, vdc_metric_name(&c->metrics[m]));
        if (*scale.units) {
            vdc_text_add(page, " (%s)", scale.units);
        }
        vdc_text_add(page, "</td>");
        for (size_t g = 0; g < runs->group_count; g++) {
            const vdc_sample *sample = &c->samples[m * runs->group_count + g];
            char number[64], half[64];
            vdc_text_add(page, "<td>%s",
                         sample->n ? vdc_show_number(sample->mean / scale.factor, 5, number, sizeof number) : "–");
            double width = (sample->interval.high - sample->interval.low) / 2 / scale.factor;
            if (width > 0) {
                vdc_text_add(page, " ± %s", vdc_show_number(width, 2, half, sizeof half));
            }
            vdc_text_add(page, "</td>");
        }
        vdc_text_add(page, "</tr>\n");
    }
    vdc_text_add(page, "</table></div>\n");
    if (several) {
        vdc_text_add(page, "<p class=\"note\">Means over seeds ± half the width of their 95 %% intervals (Student's t).</p>\n");
    } else {
        vdc_text_add(page, "<p class=\"note\">Single runs: without several seeds there are no intervals.</p>\n");
    }
}

static void add_metric(const vdc_comparison *c, size_t m, vdc_text *page)
{
    const vdc_runs *runs = c->runs;
    bool several = vdc_runs_most_seeds(runs) > 1;
    vdc_scale scale = vdc_comparison_scale(c, m);
    vdc_text_add(page, "<h3>");
    vdc_text_add_html(page, vdc_metric_name(&c->metrics[m]));
    vdc_text_add(page, "%s%s%s <code>", *scale.units ? " (" : "", scale.units, *scale.units ? ")" : "");
    vdc_text_add_html(page, c->metrics[m].key);
    vdc_text_add(page,
                 "</code></h3>\n<div "
                 "class=\"scroll\"><table>\n<tr><th></th><th>n</th><th>mean</th>%s<th>difference</th><th></th>%s</tr>\n",
                 several ? "<th>95 % interval</th>" : "", several ? "<th>95 % interval of it</th><th>p</th><th>d_z</th>" : "");
    for (size_t i = 0; i < runs->group_count; i++) {
        size_t g = c->order[i];
        vdc_comparison_row row;
        vdc_comparison_row_show(c, m, g, &row);
        vdc_text_add(page, "<tr%s>", g == c->baselines[g] ? " class=\"baseline\"" : "");
        add_cell(page, "td", runs->groups[g].label);
        add_cell(page, "td", row.n);
        add_cell(page, "td", row.mean);
        if (several) {
            add_cell(page, "td", row.interval);
        }
        add_cell(page, "td", row.difference);
        add_cell(page, "td", row.percent);
        if (several) {
            add_cell(page, "td", row.difference_interval);
            add_cell(page, "td", row.p);
            add_cell(page, "td", row.effect);
        }
        vdc_text_add(page, "</tr>\n");
    }
    vdc_text_add(page, "</table></div>\n");
}

static void add_differences(const vdc_comparison *c, vdc_text *page)
{
    const vdc_runs *runs = c->runs;
    if (runs->group_count < 2) {
        return;
    }
    vdc_text_add(page, "<h2>Differences to ");
    vdc_text_add_html(page, c->baseline_name);
    vdc_text_add(page, "</h2>\n");
    if (vdc_runs_most_seeds(runs) > 1) {
        vdc_text_add(page,
                     "<p>Differences are taken within a seed, where arrivals and failures are the same for every alternative. "
                     "Intervals are Student's; "
                     "p is of the paired t test, two-sided, corrected by Holm's method over %zu tests; n counts seeds; "
                     "d<sub>z</sub> is the mean difference over its standard deviation.</p>\n",
                     c->t_tests);
    }
    bool rest = false;
    for (size_t m = 0; m < c->metric_count; m++) {
        if (!c->metrics[m].equal && is_key_metric(c->metrics[m].key)) {
            add_metric(c, m, page);
        }
        rest = rest || (!c->metrics[m].equal && !is_key_metric(c->metrics[m].key));
    }
    if (rest) {
        vdc_text_add(page, "<details><summary>All other metrics that differ</summary>\n");
        for (size_t m = 0; m < c->metric_count; m++) {
            if (!c->metrics[m].equal && !is_key_metric(c->metrics[m].key)) {
                add_metric(c, m, page);
            }
        }
        vdc_text_add(page, "</details>\n");
    }
    bool any = false;
    for (size_t m = 0; m < c->metric_count; m++) {
        if (c->metrics[m].equal) {
            vdc_comparison_row row;
            vdc_comparison_row_show(c, m, c->order[0], &row);
            vdc_text_add(page, "%s<code>%s</code> %s%s%s",
                         any ? ", " : "<p class=\"note\">The same in all runs: ", c->metrics[m].key, row.mean,
                         *row.units ? " " : "", row.units);
            any = true;
        }
    }
    vdc_text_add(page, any ? ".</p>\n" : "");
}

/* ---- pictures ---- */

/* Adds an SVG document as an element: without the XML head, named by the picture's title, its ids made its own so that none
 * repeats in the page. */
static void add_svg(vdc_text *page, const char *svg, const char *name, const char *title)
{
    static const char *const before_id[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};
    enum { PATTERNS = sizeof before_id / sizeof *before_id };
    const char *at = strstr(svg, "<svg"), *name_begin = at ? strstr(at, "<title>") : NULL;
    if (!at) {
        return;
    }
    vdc_text_add(page, "<svg role=\"img\" ");
    for (at += strlen("<svg"); *at;) {
        const char *end = at == name_begin ? strstr(at, "</title>") : NULL;
        if (end) {
            vdc_text_add(page, "<title>");
            vdc_text_add_html(page, title);
            at = end;
            continue;
        }
        size_t which = 0;
        while (which < PATTERNS && strncmp(at, before_id[which], strlen(before_id[which])) != 0) {
            which++;
        }
        if (which < PATTERNS) {
            vdc_text_add(page, "%s%s.", before_id[which], name);
            at += strlen(before_id[which]);
        } else {
            vdc_text_add_bytes(page, at, 1);
            at++;
        }
    }
}

static void remove_folder(const char *folder, const vdc_drawn_list *drawn)
{
    static const char *const endings[] = {"gp", "dat", "svg", "svg.partial", "gp.partial", "dat.partial"};
    for (size_t i = 0; i < drawn->count; i++) {
        for (size_t k = 0; k < sizeof endings / sizeof *endings; k++) {
            char *path = vdc_format("%s/%s.%s", folder, drawn->items[i].name, endings[k]);
            if (path) {
                unlink(path);
            }
            vdc_free(path);
        }
    }
    rmdir(folder);
}

static vdc_code add_figure(vdc_text *page, const char *folder, const vdc_drawn *picture, vdc_diag *diag)
{
    enum { LARGEST = 64 << 20 };
    char *path = vdc_format("%s/%s.svg", folder, picture->name), *svg = NULL;
    size_t length;
    vdc_code code = path ? vdc_file_read(path, LARGEST, &svg, &length, diag) : vdc_no_memory(diag, "a picture");
    if (!code) {
        vdc_text_add(page, "<figure>\n");
        add_svg(page, svg, picture->name, picture->title);
        vdc_text_add(page, "<figcaption>");
        vdc_text_add(page, "%c", toupper((unsigned char)picture->kind->summary[0]));
        vdc_text_add_html(page, picture->kind->summary + 1);
        vdc_text_add(page, "</figcaption>\n</figure>\n");
    }
    vdc_free(path);
    vdc_free(svg);
    return code;
}

enum { OPEN_GROUPS = 4 };

static vdc_code add_pictures(const vdc_runs *runs, bool (*stop)(void), vdc_text *page, vdc_diag *diag)
{
    vdc_text_add(page, "<h2>Pictures</h2>\n");
    if (!vdc_gnuplot_present()) {
        vdc_text_add(page,
                     "<p class=\"missing\">There are no pictures: gnuplot was not installed where this page was made.</p>\n");
        return VDC_OK;
    }
    const char *base = getenv("TMPDIR");
    char *folder = vdc_format("%s/vdcsim-report-XXXXXX", base && *base ? base : "/tmp");
    if (!folder) {
        return vdc_no_memory(diag, "a folder for pictures");
    }
    if (!mkdtemp(folder)) {
        vdc_code code = vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be made: %s", folder, strerror(errno));
        vdc_free(folder);
        return code;
    }
    vdc_drawn_list drawn = {0};
    vdc_plot_options options = {.folder = folder, .format = VDC_PICTURE_SVG, .force = true, .most_groups = OPEN_GROUPS, .stop = stop};
    vdc_code code = vdc_plot_draw(runs, &options, &drawn, diag);
    vdc_text missing = {0};
    /* What compares comes first, then the first alternative by itself, the others folded. */
    for (size_t i = 0; i < drawn.count && !code; i++) {
        if (drawn.items[i].kind->joint && !drawn.items[i].missing) {
            code = add_figure(page, folder, &drawn.items[i], diag);
        }
    }
    for (size_t g = 0; g < runs->group_count && g < OPEN_GROUPS && !code; g++) {
        bool folded = g > 0;
        if (folded) {
            vdc_text_add(page, "<details><summary>");
            vdc_text_add_html(page, runs->groups[g].label);
            vdc_text_add(page, "</summary>\n");
        }
        for (size_t i = 0; i < drawn.count && !code; i++) {
            if (!drawn.items[i].kind->joint && drawn.items[i].group == g && !drawn.items[i].missing) {
                code = add_figure(page, folder, &drawn.items[i], diag);
            }
        }
        vdc_text_add(page, folded ? "</details>\n" : "");
    }
    for (size_t i = 0; i < drawn.count; i++) {
        /* What one alternative lacks the others lack too: said once. */
        if (drawn.items[i].missing && (drawn.items[i].kind->joint || drawn.items[i].group == 0)) {
            vdc_text_add(&missing, "<li>");
            vdc_text_add_html(&missing, drawn.items[i].kind->summary);
            vdc_text_add(&missing, ": ");
            vdc_text_add_html(&missing, drawn.items[i].missing);
            vdc_text_add(&missing, "</li>\n");
        }
    }
    if (runs->group_count > OPEN_GROUPS) {
        vdc_text_add(page,
                     "<p class=\"note\">Pictures of single runs are of the first %d of %zu alternatives; vdcsim plot draws "
                     "all.</p>\n",
                     OPEN_GROUPS, runs->group_count);
    }
    if (missing.length > 0) {
        vdc_text_add(page, "<div class=\"missing\"><p>Not drawn of these results:</p>\n<ul>\n%s</ul></div>\n",
                     vdc_text_get(&missing));
    }
    page->failed = page->failed || missing.failed;
    vdc_text_clear(&missing);
    remove_folder(folder, &drawn);
    vdc_drawn_list_clear(&drawn);
    vdc_free(folder);
    return code;
}

/* ---- how to run it again ---- */

static void add_provenance(const vdc_runs *runs, vdc_text *page)
{
    vdc_text_add(page, "<h2>How to run it again</h2>\n<p>A result file holds its scenario and names its inputs by their SHA-256. "
                       "This runs one again and compares "
                       "the digest of the results:</p>\n<pre>vdcsim verify ");
    vdc_text_add_html(page, runs->items[0].path);
    vdc_text_add(page, "</pre>\n<div class=\"scroll\"><table>\n<tr><th>result "
                       "file</th><th>seed</th><th>digest</th><th>scenario</th><th>vdcsim</th></tr>\n");
    for (size_t i = 0; i < runs->count; i++) {
        const vdc_run *run = &runs->items[i];
        const char *digest = vdc_result_text(run->result, "digest"), *scenario = vdc_result_text(run->result, "scenario_sha256");
        const char *version = vdc_result_text(run->result, "vdcsim_version");
        vdc_text_add(page, "<tr><td>");
        vdc_text_add_html(page, run->path);
        vdc_text_add(page,
                     "</td><td>%lld</td><td><code title=\"%s\">%.12s</code></td><td><code title=\"%s\">%.12s</code></td><td>",
                     (long long)run->seed, digest ? digest : "", digest ? digest : "–", scenario ? scenario : "",
                     scenario ? scenario : "–");
        vdc_text_add_html(page, version ? version : "");
        vdc_text_add(page, "</td></tr>\n");
    }
    vdc_text_add(page, "</table></div>\n");
    const char *inputs = vdc_result_text(runs->items[0].result, "inputs");
    if (inputs && *inputs) {
        vdc_text_add(page, "<h3>Inputs</h3>\n<pre>");
        vdc_text_add_html(page, inputs);
        vdc_text_add(page, "</pre>\n");
    }
    for (size_t g = 0; g < runs->group_count; g++) {
        const char *scenario = vdc_result_text(runs->items[runs->groups[g].first].result, "scenario");
        if (scenario) {
            vdc_text_add(page, "<details><summary>Scenario");
            if (runs->group_count > 1) {
                vdc_text_add(page, ": ");
                vdc_text_add_html(page, runs->groups[g].label);
            }
            vdc_text_add(page, "</summary>\n<pre>");
            vdc_text_add_html(page, scenario);
            vdc_text_add(page, "</pre></details>\n");
        }
    }
}

vdc_code vdc_report_build(const vdc_runs *runs, const vdc_report_options *options, vdc_text *page, vdc_diag *diag)
{
    vdc_comparison comparison = {0};
    vdc_compare_options compare = {.baseline = options->baseline};
    vdc_code code = vdc_compare(&comparison, runs, &compare, diag);
    if (code) {
        return code;
    }
    add_overview(&comparison, options->title, page);
    add_key_numbers(&comparison, page);
    code = add_pictures(runs, options->stop, page, diag);
    add_differences(&comparison, page);
    add_provenance(runs, page);
    vdc_text_add(page, "</body>\n</html>\n");
    vdc_comparison_clear(&comparison);
    return code ? code : vdc_text_code(page, "the report", diag);
}
