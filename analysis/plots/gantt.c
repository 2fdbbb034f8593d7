/* VMs on hosts over time: a bar a VM, from its first start to its end, in lanes within its host. For small runs, or the first
 * hosts of a large one. */
#include "analysis/plots/kinds.h"

#include <stdlib.h>
#include <string.h>

enum { HOSTS_MOST = 16, VMS_MOST = 1200, TENANTS = VDC_PICTURE_LINES };

typedef struct bar {
    double start, end, host;
    size_t lane, lanes, colour;
} bar;

static int by_host_and_start(const void *left, const void *right)
{
    const bar *a = left, *b = right;
    if (a->host != b->host) {
        return a->host < b->host ? -1 : 1;
    }
    return (a->start > b->start) - (a->start < b->start);
}

/* Gives the bars of one host lanes: each the lowest that is free at its start. `ends` has room for one end a bar. */
static void assign_lanes(bar *bars, size_t count, double *ends)
{
    size_t lanes = 0;
    for (size_t i = 0; i < count; i++) {
        size_t lane = 0;
        while (lane < lanes && ends[lane] > bars[i].start) {
            lane++;
        }
        lanes = lane == lanes ? lanes + 1 : lanes;
        ends[lane] = bars[i].end;
        bars[i].lane = lane;
    }
    for (size_t i = 0; i < count; i++) {
        bars[i].lanes = lanes;
    }
}

/* Tenants that have a colour each; `others`: some bars are those of further ones. */
typedef struct tenant_key { const char *names[TENANTS]; size_t known; bool others; } tenant_key;

/* The colour of each VM: its tenant's, by order of appearance. When the colours are used up, the rest share the last, a grey. */
static size_t tenant_colour(const vdc_text_list *tenants, size_t vm, tenant_key *key)
{
    if (vm >= tenants->count) {
        return 0;
    }
    for (size_t i = 0; i < key->known; i++) {
        if (strcmp(key->names[i], tenants->items[vm]) == 0) {
            return i;
        }
    }
    if (key->known < TENANTS - 1) {
        key->names[key->known] = tenants->items[vm];
        return key->known++;
    }
    key->others = true;
    return TENANTS - 1;
}

static void draw_key(vdc_picture *picture, const tenant_key *key)
{
    vdc_text *script = &picture->script;
    for (size_t i = 0; i < key->known + (key->others ? 1 : 0) && key->known > 1; i++) {
        vdc_text_add(script, ", \\\n  keyentry with boxes fs solid 0.8 lc rgb '%s' title ",
                     i < key->known ? vdc_picture_colour((unsigned)i) : "#bbbbbb");
        vdc_picture_quote(script, i < key->known ? key->names[i] : "others");
    }
}

static void draw_bars(vdc_picture *picture, const bar *bars, size_t count, double span, const double *hosts, size_t host_count,
                      const tenant_key *key)
{
    vdc_time_axis axis = vdc_picture_time(picture, 0, span);
    vdc_picture_block(picture, "a bar a VM", "start\tend\tbottom\ttop\tcolour");
    for (size_t i = 0; i < count; i++) {
        size_t place = 0;
        while (place < host_count && hosts[place] != bars[i].host) {
            place++;
        }
        double base = (double)(host_count - 1 - place) - 0.42, height = 0.84 / (double)bars[i].lanes;
        vdc_picture_row(picture,
                        (const double[]){bars[i].start / axis.factor, bars[i].end / axis.factor,
                                         base + (double)bars[i].lane * height, base + (double)(bars[i].lane + 1) * height,
                                         (double)(bars[i].colour + 1)},
                        5);
    }
    picture->height = 110 + 44 * (unsigned)host_count;
    vdc_text *script = &picture->script;
    for (unsigned i = 0; i < VDC_PICTURE_LINES; i++) {
        vdc_text_add(script, "set linetype %u lc rgb '%s'\n", i + 1, i + 1 < TENANTS ? vdc_picture_colour(i) : "#bbbbbb");
    }
    vdc_text_add(script,
                 "set key outside right top vertical Left reverse width 0\nset grid noytics xtics lc rgb '#e4e4e4' "
                 "lw 1 dt 1\nset ylabel 'Host'\nset yrange [-0.5:%.1f]\nset "
                 "ytics scale 0 (",
                 (double)host_count - 0.5);
    for (size_t i = 0; i < host_count; i++) {
        vdc_text_add(script, "%s'%.0f' %zu", i ? ", " : "", hosts[i], host_count - 1 - i);
    }
    vdc_text_add(script, ")\nplot data using 1:3:1:2:3:4:5 with boxxyerror lc variable fs solid 0.8 border lc rgb 'white' notitle");
    draw_key(picture, key);
    vdc_text_add(script, "\n");
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vdc_matrix start = {0}, end = {0}, host = {0};
    vdc_text_list tenants = {0};
    double span = vdc_run_value(run, "end_s"), hosts[HOSTS_MOST];
    vdc_code code = vdc_matrix_read(&start, run, "/vms/start", diag);
    code = code ? code : vdc_matrix_read(&end, run, "/vms/end", diag);
    code = code ? code : vdc_matrix_read(&host, run, "/vms/host", diag);
    code = code ? code : vdc_text_list_read(&tenants, run, "/vms/tenant", diag);
    size_t n = start.rows, count = 0, kept = 0, host_count = 0;
    tenant_key key = {.known = 0};
    bar *bars = vdc_calloc(n + 1, sizeof *bars);
    double *ends = vdc_calloc(n + 1, sizeof *ends);
    if (!code && (!bars || !ends)) {
        code = vdc_no_memory(diag, "bars of VMs");
    }
    if (!code && (n == 0 || end.rows != n || host.rows != n)) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_vms);
    } else if (!code) {
        for (size_t i = 0; i < n; i++) {
            if (host.cells[i] >= 0 && isfinite(start.cells[i])) {
                bars[count++] = (bar){.start = start.cells[i],
                                      .end = isnan(end.cells[i]) ? span : end.cells[i],
                                      .host = host.cells[i],
                                      .colour = tenant_colour(&tenants, i, &key)};
            }
        }
        qsort(bars, count, sizeof *bars, by_host_and_start);
        bool all = true;
        for (size_t from = 0, to; from < count; from = to) {
            for (to = from; to < count && bars[to].host == bars[from].host; to++) {}
            if (host_count == HOSTS_MOST || to > VMS_MOST) {
                all = false;
                break;
            }
            hosts[host_count++] = bars[from].host;
            assign_lanes(bars + from, to - from, ends);
            kept = to;
        }
        if (kept == 0) {
            vdc_text_add(&picture->missing,
                         count ? "a single host had more VMs than such a picture can show" : "no VM was ever placed");
        } else {
            vdc_text_add(&picture->title, all ? "VMs on hosts" : "VMs on the first %zu hosts", host_count);
            if (key.known > 1) {
                vdc_text_add(&picture->title, ", coloured by tenant");
            }
            vdc_plot_title(picture, runs, run, "");
            draw_bars(picture, bars, kept, span, hosts, host_count, &key);
        }
    }
    vdc_matrix_clear(&start);
    vdc_matrix_clear(&end);
    vdc_matrix_clear(&host);
    vdc_text_list_clear(&tenants);
    vdc_free(bars);
    vdc_free(ends);
    return code;
}

const vdc_plot_kind vdc_plot_gantt = {.name = "gantt", .summary = "VMs on hosts over time, a bar a VM", .draw = draw};
