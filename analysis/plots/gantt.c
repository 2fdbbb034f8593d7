/* VMs on hosts over time, in lanes within each host: with a log of events a bar for each stay of a VM, else one a VM, from its first start to its
 * end on its last host. For small runs, or the first hosts of a large one. */
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

/* ---- the bars ---- */

typedef struct vm_table {
    vdc_matrix id, start, end, host;
    vdc_text_list tenants;
} vm_table;

static vdc_code read_vms(vm_table *vms, const vdc_run *run, vdc_diag *diag)
{
    vdc_code code = vdc_matrix_read(&vms->id, run, "/vms/id", diag);
    code = code ? code : vdc_matrix_read(&vms->start, run, "/vms/start", diag);
    code = code ? code : vdc_matrix_read(&vms->end, run, "/vms/end", diag);
    code = code ? code : vdc_matrix_read(&vms->host, run, "/vms/host", diag);
    return code ? code : vdc_text_list_read(&vms->tenants, run, "/vms/tenant", diag);
}

static void clear_vms(vm_table *vms)
{
    vdc_matrix_clear(&vms->id);
    vdc_matrix_clear(&vms->start);
    vdc_matrix_clear(&vms->end);
    vdc_matrix_clear(&vms->host);
    vdc_text_list_clear(&vms->tenants);
}

typedef struct bar_list { bar *items; size_t count, capacity; } bar_list;

static vdc_code add_bar(bar_list *bars, bar item, vdc_diag *diag)
{
    if (!VDC_RESERVE(bars->items, bars->capacity, bars->count + 1)) {
        return vdc_no_memory(diag, "bars of VMs");
    }
    bars->items[bars->count++] = item;
    return VDC_OK;
}

/* A bar by its number from 1; NULL for none. */
static bar *bar_of(const bar_list *bars, size_t number)
{
    return number > 0 && number <= bars->count ? &bars->items[number - 1] : NULL;
}

/* Without a log: what the table of VMs says. */
static vdc_code bars_of_table(bar_list *bars, const vm_table *vms, double span, tenant_key *key, vdc_diag *diag)
{
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < vms->start.rows && !code; i++) {
        if (vms->host.cells[i] >= 0 && isfinite(vms->start.cells[i])) {
            code = add_bar(bars, (bar){.start = vms->start.cells[i], .end = isnan(vms->end.cells[i]) ? span : vms->end.cells[i],
                                       .host = vms->host.cells[i], .colour = tenant_colour(&vms->tenants, i, key)}, diag);
        }
    }
    return code;
}

/* A VM by its id, and its stay that has not ended: the place of its bar + 1, 0 = it is on no host. Ids may be used again: the last row has it. */
typedef struct open_stay { double id; size_t row, bar; } open_stay;

static int by_id(const void *left, const void *right)
{
    const open_stay *a = left, *b = right;
    return (a->id > b->id) - (a->id < b->id);
}

/* Does the event take its VM off its host? */
static bool ends_stay(const char *event)
{
    static const char *const words[] = {"completed", "evicted", "displaced", "delete", "failed", "lost", "stopped", "suspended", "migrated", NULL};
    for (size_t i = 0; words[i]; i++) {
        if (strncmp(event, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* From the log: a bar a stay. */
static vdc_code bars_of_log(bar_list *bars, const vdc_run *run, const vm_table *vms, double span, tenant_key *key, vdc_diag *diag)
{
    vdc_matrix time = {0}, vm = {0}, host = {0};
    vdc_text_list event = {0};
    vdc_code code = vdc_matrix_read(&time, run, "/events/time", diag);
    code = code ? code : vdc_matrix_read(&vm, run, "/events/vm", diag);
    code = code ? code : vdc_matrix_read(&host, run, "/events/host", diag);
    code = code ? code : vdc_text_list_read(&event, run, "/events/event", diag);
    open_stay *stays = vdc_calloc(vms->id.rows + 1, sizeof *stays);
    code = code || stays ? code : vdc_no_memory(diag, "stays of VMs");
    for (size_t i = 0; i < vms->id.rows && !code; i++) {
        stays[i] = (open_stay){.id = vms->id.cells[i], .row = i};
    }
    if (!code) {
        qsort(stays, vms->id.rows, sizeof *stays, by_id);
    }
    size_t events = event.count < time.rows ? event.count : time.rows;
    for (size_t i = 0; i < events && i < vm.rows && i < host.rows && !code; i++) {
        if (vm.cells[i] < 0) {
            for (size_t k = 0; strcmp(event.items[i], "host failed") == 0 && k < vms->id.rows; k++) {
                bar *shown = bar_of(bars, stays[k].bar);
                if (shown && shown->host == host.cells[i]) {
                    shown->end = time.cells[i];
                    stays[k].bar = 0;
                }
            }
            continue;
        }
        const open_stay wanted = {.id = vm.cells[i]};
        open_stay *stay = bsearch(&wanted, stays, vms->id.rows, sizeof *stays, by_id);
        bool moves = stay && strncmp(event.items[i], "migrated", strlen("migrated")) == 0;
        bar *shown = stay ? bar_of(bars, stay->bar) : NULL;
        if (shown && (ends_stay(event.items[i]) || strcmp(event.items[i], "placed") == 0)) {
            shown->end = time.cells[i];
            stay->bar = 0;
        }
        if (stay && (moves || strcmp(event.items[i], "placed") == 0) && host.cells[i] >= 0) {
            code = add_bar(bars, (bar){.start = time.cells[i], .end = span, .host = host.cells[i],
                                       .colour = tenant_colour(&vms->tenants, stay->row, key)}, diag);
            stay->bar = bars->count;
        }
    }
    vdc_free(stays);
    vdc_matrix_clear(&time);
    vdc_matrix_clear(&vm);
    vdc_matrix_clear(&host);
    vdc_text_list_clear(&event);
    return code;
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vm_table vms = {0};
    bar_list bars = {0};
    tenant_key key = {.known = 0};
    double span = vdc_run_value(run, "end_s"), hosts[HOSTS_MOST];
    size_t kept = 0, host_count = 0, events, width;
    bool all = true;
    vdc_code code = read_vms(&vms, run, diag);
    size_t n = vms.start.rows;
    bool there = n > 0 && vms.end.rows == n && vms.host.rows == n && vms.id.rows == n;
    vdc_matrix_shape(run, "/events/vm", &events, &width);
    if (!code && there) {
        code = events ? bars_of_log(&bars, run, &vms, span, &key, diag) : bars_of_table(&bars, &vms, span, &key, diag);
    }
    double *ends = vdc_calloc(bars.count + 1, sizeof *ends);
    code = code || ends ? code : vdc_no_memory(diag, "bars of VMs");
    if (!code && bars.count) {
        qsort(bars.items, bars.count, sizeof *bars.items, by_host_and_start);
    }
    for (size_t from = 0, to; from < bars.count && !code; from = to) {
        for (to = from; to < bars.count && bars.items[to].host == bars.items[from].host; to++) {}
        if (host_count == HOSTS_MOST || to > VMS_MOST) {
            all = false;
            break;
        }
        hosts[host_count++] = bars.items[from].host;
        assign_lanes(bars.items + from, to - from, ends);
        kept = to;
    }
    if (!code && kept == 0) {
        vdc_text_add(&picture->missing, "%s", !there ? vdc_plot_no_vms : bars.count ? "a single host had more VMs than such a picture can show"
                                                                                    : "no VM was ever placed");
    } else if (!code) {
        vdc_text_add(&picture->title, all ? "VMs on hosts" : "VMs on the first %zu hosts", host_count);
        vdc_text_add(&picture->title, "%s", key.known > 1 ? ", coloured by tenant" : "");
        vdc_plot_title(picture, runs, run, "");
        draw_bars(picture, bars.items, kept, span, hosts, host_count, &key);
    }
    clear_vms(&vms);
    vdc_free(bars.items);
    vdc_free(ends);
    return code;
}

const vdc_plot_kind vdc_plot_gantt = {.name = "gantt", .summary = "VMs on hosts over time, a bar a VM", .draw = draw};
