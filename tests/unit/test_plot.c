/* Pictures and reports of real runs: every kind is drawn where gnuplot is present, and what the data files hold is compared with
 * the summary and the tables that it must agree with. */
#include "analysis/gnuplot.h"
#include "analysis/plot.h"
#include "analysis/report.h"
#include "analysis/series.h"
#include "sim/base/memory.h"
#include "tests/support/result_files.h"
#include "tests/support/sample_runs.h"

#include <criterion/criterion.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const policies[] = {"first-fit", "best-fit", "worst-fit"};

/* Two seeds of three policies, and their pictures' folder, which is that of the runs. */
static vdc_runs sample_runs_open(void)
{
    const char *folder = test_folder_make();
    for (int p = 0; p < 3; p++) {
        for (unsigned long seed = 1; seed <= 2; seed++) {
            char name[64];
            snprintf(name, sizeof name, "%s-%lu.h5", policies[p], seed);
            sample_run(test_folder_path(name), policies[p], seed, NULL);
        }
    }
    vdc_runs runs;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    return runs;
}

static char *folder_of(const vdc_runs *runs)
{
    return vdc_strndup(runs->items[0].path, (size_t)(strrchr(runs->items[0].path, '/') - runs->items[0].path));
}

static bool no_gnuplot(void)
{
    if (!vdc_gnuplot_present()) {
        printf("skipped: gnuplot is not installed\n");
        return true;
    }
    return false;
}

/* Numbers of a data block, row by row; texts are NaN. Returns the rows. */
static size_t read_block(const char *name, unsigned block, double rows[][8], size_t most)
{
    size_t size, count = 0;
    char *text = test_file_read(test_folder_path(name), &size), *at = text;
    cr_assert_not_null(text, "%s was not written", name);
    char mark[16];
    snprintf(mark, sizeof mark, "# %u: ", block);
    at = strstr(text, mark);
    cr_assert_not_null(at, "%s has no block %u", name, block);
    for (at = strchr(at, '\n') + 1; at && *at && count < most; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (*at == '#') {
            if (strchr("0123456789", at[2]) && at[3] == ':') {
                break;
            }
            continue;
        }
        if (*at == '\n') {
            continue;
        }
        char *cell = at;
        for (size_t k = 0; k < 8; k++) {
            rows[count][k] = NAN;
            if (cell && *cell == '"') {
                cell = strchr(cell + 1, '"') + 1;
            } else if (cell) {
                rows[count][k] = strtod(cell, &cell);
            }
            cell = cell && *cell == '\t' ? cell + 1 : NULL;
        }
        count++;
    }
    vdc_free(text);
    return count;
}

static void draw(const vdc_runs *runs, const char *kind, vdc_picture_format format, vdc_drawn_list *list)
{
    char *folder = folder_of(runs);
    vdc_diag diag = {0};
    vdc_plot_options options = {.folder = folder, .format = format, .kinds = &kind, .kind_count = kind ? 1 : 0, .force = true};
    vdc_code code = vdc_plot_draw(runs, &options, list, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    vdc_diag_clear(&diag);
    vdc_free(folder);
}

/* One kind drawn of the sample runs, and the first block of its data. */
typedef struct scene {
    vdc_runs runs;
    vdc_drawn_list list;
    const vdc_run *run; /* the first group's first, which the picture shows */
    double (*rows)[8];
    size_t count;
} scene;

enum { ROWS_MOST = 4000 };

/* False without gnuplot: then there is nothing to test. */
static bool scene_open(scene *s, const char *kind)
{
    *s = (scene){0};
    if (no_gnuplot()) {
        return false;
    }
    s->runs = sample_runs_open();
    draw(&s->runs, kind, VDC_PICTURE_SVG, &s->list);
    cr_assert_not_null(s->list.items[0].title, "%s", s->list.items[0].missing);
    s->run = &s->runs.items[s->runs.groups[0].first];
    s->rows = vdc_calloc(ROWS_MOST, sizeof *s->rows);
    char name[128];
    snprintf(name, sizeof name, "%s.dat", s->list.items[0].name);
    s->count = read_block(name, 0, s->rows, ROWS_MOST);
    return true;
}

static void scene_close(scene *s)
{
    vdc_free(s->rows);
    vdc_drawn_list_clear(&s->list);
    vdc_runs_close(&s->runs);
}

Test(plot, every_kind_is_drawn_or_says_what_is_missing, .fini = test_folder_remove)
{
    if (no_gnuplot()) {
        return;
    }
    vdc_runs runs = sample_runs_open();
    vdc_drawn_list list = {0};
    draw(&runs, NULL, VDC_PICTURE_SVG, &list);
    size_t drawn = 0;
    for (size_t k = 0; vdc_plot_kinds[k]; k++) {
        size_t of_kind = 0;
        for (size_t i = 0; i < list.count; i++) {
            of_kind += list.items[i].kind == vdc_plot_kinds[k];
        }
        cr_assert_eq(of_kind, vdc_plot_kinds[k]->joint ? 1 : 3, "%s: %zu", vdc_plot_kinds[k]->name, of_kind);
    }
    for (size_t i = 0; i < list.count; i++) {
        cr_assert((list.items[i].title != NULL) != (list.items[i].missing != NULL), "%s", list.items[i].name);
        if (list.items[i].missing) {
            /* Two seeds alike leave nothing to plot against each other; there is no sweep, no attribute of isolation, no disk or memory model in use. */
            const char *name = list.items[i].kind->name;
            bool of_isolation = strstr(name, "isolation") || strcmp(name, "coresidency") == 0;
            bool of_few = strcmp(name, "front") == 0 || strcmp(name, "sensitivity") == 0 || strcmp(name, "fragmentation") == 0;
            cr_assert(of_isolation || of_few || strcmp(name, "service") == 0 || strcmp(name, "pressure") == 0,
                      "%s: %s", list.items[i].name, list.items[i].missing);
            continue;
        }
        char file[256];
        size_t size;
        snprintf(file, sizeof file, "%s.svg", list.items[i].name);
        char *svg = test_file_read(test_folder_path(file), &size);
        cr_assert(svg && strstr(svg, "<svg") && strstr(svg, "</svg>") && size > 2000, "%s", file);
        vdc_free(svg);
        drawn++;
    }
    cr_assert_geq(drawn, 8 * 3);
    vdc_drawn_list_clear(&list);
    vdc_runs_close(&runs);
}

Test(plot, formats, .fini = test_folder_remove)
{
    static const char *const begin[] = {"<?xml", "\x89PNG", "%PDF"};
    if (no_gnuplot()) {
        return;
    }
    vdc_runs runs = sample_runs_open();
    for (int format = 0; format < 3; format++) {
        vdc_drawn_list list = {0};
        draw(&runs, "policies", (vdc_picture_format)format, &list);
        char file[64];
        size_t size;
        snprintf(file, sizeof file, "policies.%s", vdc_picture_formats[format]);
        char *bytes = test_file_read(test_folder_path(file), &size);
        cr_assert(bytes && strncmp(bytes, begin[format], strlen(begin[format])) == 0, "%s", file);
        vdc_free(bytes);
        vdc_drawn_list_clear(&list);
    }
    vdc_runs_close(&runs);
}

/* The area under P, T and U of the picture is what the summary says in core·s. */
Test(plot, accounts_agree_with_the_summary, .fini = test_folder_remove)
{
    scene shown;
    if (!scene_open(&shown, "accounts")) {
        return;
    }
    double end = vdc_run_value(shown.run, "end_s"), factor = vdc_time_axis_choose(0, end).factor;
    static const char *const keys[] = {"P_cpu_core_s", "T_cpu_core_s", "U_cpu_core_s"};
    cr_assert_gt(shown.count, 20);
    cr_assert_float_eq(shown.rows[shown.count - 1][0] * factor, end, 1e-6 * end);
    for (size_t k = 0; k < 3; k++) {
        double area = 0;
        for (size_t i = 0; i + 1 < shown.count; i += 2) {
            area += (shown.rows[i + 1][0] - shown.rows[i][0]) * factor * shown.rows[i][k + 1];
        }
        cr_assert_float_eq(area, vdc_run_value(shown.run, keys[k]), 1e-6 * vdc_run_value(shown.run, keys[k]), "%s: %g", keys[k], area);
    }
    scene_close(&shown);
}

/* What disks gave: the area under G and U is the summary's operations, of a stream that the disk cannot serve in full. */
Test(plot, service_agrees_with_the_summary, .fini = test_folder_remove)
{
    if (no_gnuplot()) {
        return;
    }
    static const char *const sets[] = {"datacenter.hosts.0.disks=[{size: 1 TiB, iops: 500, bandwidth: 1 GB/s}]",
                                       "workload.vms.0.volumes=[{name: v, size: 1 GiB}]", "workload.vms.0.io=[{rate: 700, request: 4 KiB}]", NULL};
    const char *folder = test_folder_make();
    sample_run(test_folder_path("disk.h5"), "first-fit", 1, sets);
    vdc_runs runs;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    vdc_drawn_list list = {0};
    draw(&runs, "service", VDC_PICTURE_SVG, &list);
    cr_assert_not_null(list.items[0].title, "%s", list.items[0].missing);
    static double rows[4000][8];
    char name[128];
    snprintf(name, sizeof name, "%s.dat", list.items[0].name);
    size_t count = read_block(name, 0, rows, 4000);
    double factor = vdc_time_axis_choose(0, vdc_run_value(&runs.items[0], "end_s")).factor, given = 0, used = 0, most = 0;
    for (size_t i = 0; i + 1 < count; i += 2) {
        double seconds = (rows[i + 1][0] - rows[i][0]) * factor;
        given += seconds * rows[i][2];
        used += seconds * rows[i][3];
        most = fmax(most, rows[i][2]);
    }
    cr_expect_float_eq(given, vdc_run_value(&runs.items[0], "G_iops_ops"), 1e-6 * given, "%g", given);
    cr_expect_float_eq(used, vdc_run_value(&runs.items[0], "U_iops_ops"), 1e-6 * given, "%g", used);
    cr_expect_float_eq(most, 500, 1e-6, "%g", most);
    vdc_drawn_list_clear(&list);
    vdc_runs_close(&runs);
}

/* The stack of tenants holds every vCPU for as long as its VM ran: the summary's P, up to VMs that no failure interrupted. */
Test(plot, tenants_agree_with_the_summary, .fini = test_folder_remove)
{
    scene shown;
    if (!scene_open(&shown, "tenants")) {
        return;
    }
    double factor = vdc_time_axis_choose(0, vdc_run_value(shown.run, "end_s")).factor, area = 0;
    for (size_t i = 0; i + 1 < shown.count; i += 2) {
        area += (shown.rows[i + 1][0] - shown.rows[i][0]) * factor * shown.rows[i][SAMPLE_TENANTS];
        cr_assert(shown.rows[i][1] <= shown.rows[i][2] && shown.rows[i][2] <= shown.rows[i][3]);
    }
    cr_assert_float_eq(area, vdc_run_value(shown.run, "P_cpu_core_s"), 1e-5 * vdc_run_value(shown.run, "P_cpu_core_s"), "%g", area);
    scene_close(&shown);
}

/* A bar a VM, as long as it ran; bars of one host do not overlap in a lane. */
Test(plot, gantt_shows_every_vm_once, .fini = test_folder_remove)
{
    scene shown;
    if (!scene_open(&shown, "gantt")) {
        return;
    }
    cr_assert_eq(shown.count, SAMPLE_VMS);
    for (size_t i = 0; i < shown.count; i++) {
        for (size_t k = 0; k < i; k++) {
            bool same_time = shown.rows[i][0] < shown.rows[k][1] && shown.rows[k][0] < shown.rows[i][1];
            bool same_place = shown.rows[i][2] < shown.rows[k][3] - 1e-9 && shown.rows[k][2] < shown.rows[i][3] - 1e-9;
            cr_assert(!same_time || !same_place, "bars %zu and %zu overlap", i, k);
        }
    }
    scene_close(&shown);
}

/* The last point of a distribution is 100 %, it never falls, and it begins at the share of VMs that did not wait. */
Test(plot, waiting_is_a_distribution, .fini = test_folder_remove)
{
    scene shown;
    if (!scene_open(&shown, "waiting")) {
        return;
    }
    size_t at_once = 0;
    vdc_matrix wait;
    cr_assert_eq(vdc_matrix_read(&wait, shown.run, "/vms/wait", NULL), VDC_OK);
    cr_assert_eq(wait.rows, SAMPLE_VMS);
    for (size_t i = 0; i < wait.rows; i++) {
        at_once += wait.cells[i] == 0;
    }
    cr_assert(at_once > 0 && at_once < SAMPLE_VMS, "%zu", at_once);
    cr_assert_float_eq(shown.rows[0][1], 100.0 * (double)at_once / SAMPLE_VMS, 1e-6);
    for (size_t i = 1; i < shown.count; i++) {
        cr_assert(shown.rows[i][0] >= shown.rows[i - 1][0] && shown.rows[i][1] >= shown.rows[i - 1][1]);
    }
    cr_assert_float_eq(shown.rows[shown.count - 1][1], 100, 1e-9);
    vdc_matrix_clear(&wait);
    scene_close(&shown);
}

/* The mean of the map is the CPU granted at the ticks' ends, as a share of all hosts. */
Test(plot, heatmap_agrees_with_the_ticks, .fini = test_folder_remove)
{
    scene shown;
    if (!scene_open(&shown, "heatmap")) {
        return;
    }
    vdc_matrix granted;
    cr_assert_eq(vdc_matrix_read(&granted, shown.run, "/ticks/cpu_granted", NULL), VDC_OK);
    cr_assert_eq(shown.count, granted.rows * SAMPLE_HOSTS);
    double mean = 0, expected = 0;
    for (size_t i = 0; i < shown.count; i++) {
        mean += shown.rows[i][2] / (double)shown.count;
    }
    for (size_t t = 0; t < granted.rows; t++) {
        expected += 100 * granted.cells[t] / (SAMPLE_HOSTS * 8 * 2e9) / (double)granted.rows;
    }
    cr_assert_float_eq(mean, expected, 1e-5 * expected, "%g, not %g", mean, expected);
    vdc_matrix_clear(&granted);
    scene_close(&shown);
}

Test(plot, ticks_drawn_together_keep_their_sums, .fini = test_folder_remove)
{
    test_folder_make();
    const char *path = test_folder_path("a.h5");
    sample_run(path, "first-fit", 1, NULL);
    vdc_runs runs;
    cr_assert_eq(vdc_runs_open(&runs, &path, 1, NULL), VDC_OK);
    for (size_t most = 1; most < 200; most = most * 3 + 1) {
        vdc_ticks ticks;
        double *rate, *arrivals, *largest, sum = 0, area = 0;
        cr_assert_eq(vdc_ticks_read(&ticks, &runs.items[0], most, NULL), VDC_OK);
        cr_assert(ticks.count > 0 && ticks.count <= most && ticks.edges[0] == 0);
        cr_assert_eq(vdc_ticks_column(&ticks, &runs.items[0], "/ticks/T", 0, VDC_INTERVAL_RATE, &rate, NULL), VDC_OK);
        cr_assert_eq(vdc_ticks_column(&ticks, &runs.items[0], "/ticks/arrivals", 0, VDC_INTERVAL_SUM, &arrivals, NULL), VDC_OK);
        cr_assert_eq(vdc_ticks_column(&ticks, &runs.items[0], "/ticks/hosts_used", 0, VDC_INTERVAL_LARGEST, &largest, NULL), VDC_OK);
        for (size_t i = 0; i < ticks.count; i++) {
            area += rate[i] * (ticks.edges[i + 1] - ticks.edges[i]);
            sum += arrivals[i];
        }
        cr_assert_float_eq(area, vdc_run_value(&runs.items[0], "T_cpu_core_s"), 1e-9 * area);
        cr_assert_eq(sum, SAMPLE_VMS);
        cr_assert_leq(vdc_largest(largest, ticks.count), vdc_run_value(&runs.items[0], "hosts_used_max"));
        vdc_free(rate);
        vdc_free(arrivals);
        vdc_free(largest);
        vdc_ticks_clear(&ticks);
    }
    vdc_runs_close(&runs);
}

/* A value at the end of a tick stands in the next one; drawn together, at least the sum of the steps is what it was. */
Test(plot, values_at_the_ends_of_ticks_are_drawn_after_them, .fini = test_folder_remove)
{
    test_folder_make();
    const char *path = test_folder_path("a.h5");
    sample_run(path, "first-fit", 1, NULL);
    vdc_runs runs;
    vdc_ticks ticks, few;
    double *ends, *held, *together, changes = 0, sum = 0;
    cr_assert_eq(vdc_runs_open(&runs, &path, 1, NULL), VDC_OK);
    cr_assert_eq(vdc_ticks_read(&ticks, &runs.items[0], SIZE_MAX, NULL), VDC_OK);
    cr_assert_eq(vdc_ticks_column(&ticks, &runs.items[0], "/ticks/vms_running", 0, VDC_INTERVAL_MEAN, &ends, NULL), VDC_OK);
    cr_assert_eq(vdc_ticks_held(&ticks, &runs.items[0], "/ticks/vms_running", 0, VDC_INTERVAL_MEAN, &held, NULL), VDC_OK);
    cr_assert_eq(held[0], ends[0]);
    for (size_t i = 1; i < ticks.count; i++) {
        cr_assert_eq(held[i], ends[i - 1], "interval %zu", i);
        changes += held[i] != ends[i];
        sum += held[i];
    }
    cr_assert_gt(changes, 0);
    cr_assert_eq(vdc_ticks_read(&few, &runs.items[0], 1, NULL), VDC_OK);
    cr_assert_eq(vdc_ticks_held(&few, &runs.items[0], "/ticks/vms_running", 0, VDC_INTERVAL_SUM, &together, NULL), VDC_OK);
    cr_assert_eq(together[0], held[0] + sum);
    vdc_free(ends);
    vdc_free(held);
    vdc_free(together);
    vdc_ticks_clear(&ticks);
    vdc_ticks_clear(&few);
    vdc_runs_close(&runs);
}

/* Three degrees of isolation, drawn by one name: areas, cells and points are what the summaries say. */
Test(plot, isolation_agrees_with_the_summary, .fini = test_folder_remove)
{
    static const char *const rules[][2] = {{"isolation.domain=tenant", NULL}, {"isolation.rules=[{rule: dedicated-host, tenants: [t1]}]", NULL},
                                           {"isolation.rules=[{rule: core-isolation}]", NULL}};
    static const char *const names[] = {"none.h5", "dedicated.h5", "cores.h5"};
    if (no_gnuplot()) {
        return;
    }
    const char *folder = test_folder_make();
    for (int i = 0; i < 3; i++) {
        sample_run(test_folder_path(names[i]), "first-fit", 1, rules[i]);
    }
    vdc_runs runs;
    vdc_drawn_list list = {0};
    cr_assert_eq(vdc_runs_open(&runs, &folder, 1, NULL), VDC_OK);
    cr_assert_eq(runs.group_count, 3);
    draw(&runs, "isolation", VDC_PICTURE_SVG, &list);
    cr_assert_eq(list.count, 3 + 3 + 1, "%zu pictures", list.count);
    for (size_t i = 0; i < list.count; i++) {
        cr_assert_not_null(list.items[i].title, "%s: %s", list.items[i].name, list.items[i].missing);
    }
    double (*rows)[8] = vdc_calloc(ROWS_MOST, sizeof *rows);
    for (size_t g = 0; g < runs.group_count; g++) {
        const vdc_run *run = &runs.items[runs.groups[g].first];
        char name[64];
        /* All fences, exposure on hosts, on sockets and on cores. */
        snprintf(name, sizeof name, "isolation_%s.dat", runs.groups[g].label);
        double factor = vdc_time_axis_choose(0, vdc_run_value(run, "end_s")).factor;
        static const struct { unsigned block, column; const char *key; } areas[] = {
            {0, 4, "S_cpu_core_s"}, {0, 5, "S_waste_cpu_core_s"}, {0, 6, "S_idle_cpu_core_s"},
            {1, 1, "exposure_host_pair_s"}, {1, 2, "exposure_socket_pair_s"}, {1, 3, "exposure_core_pair_s"}};
        for (size_t a = 0; a < sizeof areas / sizeof *areas; a++) {
            size_t count = read_block(name, areas[a].block, rows, ROWS_MOST);
            double area = 0, expected = vdc_run_value(run, areas[a].key);
            for (size_t i = 0; i + 1 < count; i += 2) {
                area += (rows[i + 1][0] - rows[i][0]) * factor * rows[i][areas[a].column];
            }
            cr_expect_float_eq(area, expected, 1e-6 * expected + 1e-6, "%s, %s: %g, not %g", name, areas[a].key, area, expected);
        }
        /* Every pair stands on both sides of the diagonal. */
        snprintf(name, sizeof name, "coresidency_%s.dat", runs.groups[g].label);
        size_t count = read_block(name, 0, rows, ROWS_MOST);
        double sum = 0, largest = 0, expected = vdc_run_value(run, "exposure_host_pair_s");
        vdc_matrix pairs;
        cr_assert_eq(count, SAMPLE_TENANTS * SAMPLE_TENANTS);
        cr_assert_eq(vdc_matrix_read(&pairs, run, "/tenants/coresidency", NULL), VDC_OK);
        largest = vdc_largest(pairs.cells, pairs.rows * pairs.width);
        vdc_matrix_clear(&pairs);
        for (size_t i = 0; i < count; i++) {
            cr_expect_eq(isnan(rows[i][2]), rows[i][0] == rows[i][1]);
            sum += isnan(rows[i][2]) ? 0 : rows[i][2] * vdc_time_axis_choose(0, largest).factor;
        }
        cr_expect_float_eq(sum, 2 * expected, 1e-6 * expected, "%s: %g, not 2 x %g", name, sum, expected);
        /* A point a group: waste, idle, VMs placed. */
        static const char *const parts[] = {"S_waste_cpu_core_s", "S_idle_cpu_core_s", "vms_placed"};
        for (unsigned price = 0; price < 3; price++) {
            cr_assert_eq(read_block("isolation-price.dat", price, rows, ROWS_MOST), 3);
            double whole = price < 2 ? 4 * 8 * vdc_run_value(run, "end_s") : SAMPLE_VMS, share = 100 * vdc_run_value(run, parts[price]) / whole;
            cr_expect_float_eq(rows[g][1], share, 1e-6 * share + 1e-9, "%s: %g, not %g", parts[price], rows[g][1], share);
        }
    }
    vdc_free(rows);
    vdc_drawn_list_clear(&list);
    vdc_runs_close(&runs);
}

Test(plot, missing_data_is_said_in_words, .fini = test_folder_remove)
{
    if (no_gnuplot()) {
        return;
    }
    test_folder_make();
    const char *path = test_folder_path("a.h5"), *kind = "heatmap", *none = "pie";
    const char *const sets[] = {"output.hosts=none", "output.ticks=false", NULL};
    sample_run(path, "first-fit", 1, sets);
    vdc_runs runs;
    cr_assert_eq(vdc_runs_open(&runs, &path, 1, NULL), VDC_OK);
    char *folder = folder_of(&runs);
    vdc_drawn_list list = {0};
    vdc_diag diag = {0};
    vdc_plot_options options = {.folder = folder, .kinds = &kind, .kind_count = 1};
    cr_assert_eq(vdc_plot_draw(&runs, &options, &list, &diag), VDC_ERROR_CHECK);
    cr_assert(strstr(diag.messages[0].text, "output: {hosts: every-tick}"), "%s", diag.messages[0].text);
    cr_assert(!test_file_exists(test_folder_path("heatmap.svg")));
    vdc_diag_clear(&diag);
    options.kinds = &none;
    cr_assert_eq(vdc_plot_draw(&runs, &options, &list, &diag), VDC_ERROR_INPUT);
    cr_assert(strstr(diag.messages[0].text, "'pie' is no kind of plot"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    vdc_drawn_list_clear(&list);
    vdc_free(folder);
    vdc_runs_close(&runs);
}

/* Where NaN stands for something, it does so still. */
Test(plot, numbers_that_are_none_are_refused, .fini = test_folder_remove)
{
    static const struct {
        const char *dataset;
        double value;
        const char *kind;
    } wrong[] = {{"/ticks/time", NAN, "accounts"}, {"/ticks/P", INFINITY, "accounts"}, {"/ticks/energy", NAN, "power"}, {"/vms/start", -INFINITY, "waiting"},
                 {"/vms/start", NAN, NULL}};
    if (no_gnuplot()) {
        return;
    }
    test_folder_make();
    const char *path = test_folder_path("a.h5");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sample_run(path, "first-fit", 1, NULL);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), dataset = H5Dopen2(file, wrong[i].dataset, H5P_DEFAULT);
        hid_t space = H5Dget_space(dataset), one = H5Screate(H5S_SCALAR);
        hsize_t place[2] = {1, 0};
        H5Sselect_elements(space, H5S_SELECT_SET, 1, place);
        cr_assert_geq(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, one, space, H5P_DEFAULT, &wrong[i].value), 0);
        H5Sclose(one);
        H5Sclose(space);
        H5Dclose(dataset);
        H5Fclose(file);
        vdc_runs runs;
        cr_assert_eq(vdc_runs_open(&runs, &path, 1, NULL), VDC_OK);
        char *folder = folder_of(&runs);
        const char *kind = wrong[i].kind ? wrong[i].kind : "waiting";
        vdc_drawn_list list = {0};
        vdc_diag diag = {0};
        vdc_plot_options options = {.folder = folder, .kinds = &kind, .kind_count = 1, .force = true};
        vdc_code code = vdc_plot_draw(&runs, &options, &list, &diag);
        const char *said = diag.count ? diag.messages[0].text : "";
        cr_expect(wrong[i].kind ? code == VDC_ERROR_INPUT && strstr(said, path) && strstr(said, wrong[i].dataset) && strstr(said, "row 1 ") : code == VDC_OK,
                  "%s: %d, %s", wrong[i].dataset, (int)code, said);
        vdc_diag_clear(&diag);
        vdc_drawn_list_clear(&list);
        vdc_free(folder);
        vdc_runs_close(&runs);
        remove(path);
    }
}

Test(plot, nothing_is_overwritten_unasked, .fini = test_folder_remove)
{
    if (no_gnuplot()) {
        return;
    }
    test_folder_make();
    const char *path = test_folder_path("a.h5"), *kind = "queue";
    sample_run(path, "first-fit", 1, NULL);
    test_file_write(test_folder_path("queue.svg"), "mine", 4);
    vdc_runs runs;
    cr_assert_eq(vdc_runs_open(&runs, &path, 1, NULL), VDC_OK);
    char *folder = folder_of(&runs);
    vdc_drawn_list list = {0};
    vdc_diag diag = {0};
    vdc_plot_options options = {.folder = folder, .kinds = &kind, .kind_count = 1};
    cr_assert_eq(vdc_plot_draw(&runs, &options, &list, &diag), VDC_ERROR_INPUT);
    size_t size;
    char *kept = test_file_read(test_folder_path("queue.svg"), &size);
    cr_assert(kept && size == 4 && memcmp(kept, "mine", 4) == 0);
    vdc_free(kept);
    vdc_diag_clear(&diag);
    vdc_drawn_list_clear(&list);
    vdc_free(folder);
    vdc_runs_close(&runs);
}

/* Labels come from files and scenarios: none may reach gnuplot as a command or the page as markup. */
Test(plot, hostile_labels_stay_text, .fini = test_folder_remove)
{
    test_folder_make();
    vdc_picture picture = {0};
    const char *evil = "it's `touch evil-1` \"$(touch evil-2)\" <script>alert(1)</script>\\\n'; system 'touch evil-3'; #";
    vdc_text_add(&picture.title, "%s", evil);
    vdc_picture_block(&picture, "b", "label\tx");
    vdc_picture_text_row(&picture, evil, (const double[]){1}, 1);
    vdc_text_add(&picture.script, "set xlabel ");
    vdc_picture_quote(&picture.script, evil);
    vdc_text_add(&picture.script, "\nplot data using 2:2:1 with labels title ");
    vdc_picture_quote(&picture.script, evil);
    vdc_text_add(&picture.script, "\n");
    if (!no_gnuplot()) {
        char folder[512];
        snprintf(folder, sizeof folder, "%s", test_folder_path("x"));
        *strrchr(folder, '/') = '\0';
        vdc_diag diag = {0};
        cr_assert_eq(vdc_picture_save(&picture, folder, "hostile", VDC_PICTURE_SVG, false, &diag), VDC_OK, "%s",
                     diag.count ? diag.messages[0].text : "");
        size_t size;
        char *svg = test_file_read(test_folder_path("hostile.svg"), &size);
        cr_assert(svg && !strstr(svg, "<script>") && strstr(svg, "&lt;script"));
        vdc_free(svg);
        for (int i = 1; i <= 3; i++) {
            char name[24];
            snprintf(name, sizeof name, "evil-%d", i);
            cr_assert(!test_file_exists(test_folder_path(name)), "a label was run as a command: %s", name);
        }
    }
    vdc_picture_clear(&picture);
    char *name = vdc_runs_file_name("../a b/ü:*'x'");
    cr_assert(name && !strchr(name, '/') && !strchr(name, '\'') && name[0] != '.', "%s", name);
    vdc_free(name);
}

static size_t occurrences(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what)) {
        count++;
    }
    return count;
}

Test(report, is_one_page_that_needs_nothing_else, .fini = test_folder_remove)
{
    vdc_runs runs = sample_runs_open();
    vdc_text page = {0}, again = {0};
    vdc_report_options options = {.baseline = "first-fit", .title = "Three <policies> & a \"title\""};
    cr_assert_eq(vdc_report_build(&runs, &options, &page, NULL), VDC_OK);
    cr_assert_eq(vdc_report_build(&runs, &options, &again, NULL), VDC_OK);
    cr_assert(page.length == again.length && memcmp(page.data, again.data, page.length) == 0, "two reports of the same runs differ");
    const char *text = vdc_text_get(&page);
    cr_assert(strstr(text, "<title>Three &lt;policies&gt; &amp; a &quot;title&quot;</title>"));
    static const char *const forbidden[] = {"<script", "<link", "<img", "src=", "@import", "url(http", "href=\"http", "href='http"};
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        cr_assert_null(strstr(text, forbidden[i]), "the page has %s", forbidden[i]);
    }
    cr_assert_eq(occurrences(text, "<table"), occurrences(text, "</table>"));
    cr_assert_eq(occurrences(text, "<details"), occurrences(text, "</details>"));
    cr_assert_eq(occurrences(text, "<figure>"), occurrences(text, "</figure>"));
    cr_assert_eq(occurrences(text, "<svg"), occurrences(text, "</svg>"));
    if (vdc_gnuplot_present()) {
        cr_assert_geq(occurrences(text, "<svg"), 8 * 3);
    }
    for (size_t i = 0; i < runs.count; i++) {
        cr_assert(strstr(text, runs.items[i].stem), "run %s is not named", runs.items[i].stem);
    }
    vdc_text_clear(&page);
    vdc_text_clear(&again);
    vdc_runs_close(&runs);
}
