/* Who holds the CPU: allocation stacked by tenant, from the table of VMs.
 *
 * A VM holds its vCPUs from its first start to its end. The largest tenants have a colour of their own, the rest are one band.
 */
#include "analysis/plots/kinds.h"

#include <stdlib.h>
#include <string.h>

enum { BANDS = VDC_PICTURE_LINES };  /* the last one is "others" when there are more tenants */

/* A tenant and the vCPU time that it held. */
typedef struct holder { const char *name; double held; size_t band; } holder;

static int by_name(const void *left, const void *right)
{
    return strcmp(((const holder *)left)->name, ((const holder *)right)->name);
}

static int by_held(const void *left, const void *right)
{
    double a = ((const holder *)left)->held, b = ((const holder *)right)->held;
    int order = (a < b) - (a > b);
    return order ? order : by_name(left, right);
}

typedef struct vm_columns {
    vdc_text_list tenant;
    vdc_matrix start, end, vcpus;
} vm_columns;

static vdc_code read_columns(vm_columns *vms, const vdc_run *run, vdc_diag *diag)
{
    vdc_code code = vdc_text_list_read(&vms->tenant, run, "/vms/tenant", diag);
    code = code ? code : vdc_matrix_read(&vms->start, run, "/vms/start", diag);
    code = code ? code : vdc_matrix_read(&vms->end, run, "/vms/end", diag);
    return code ? code : vdc_matrix_read(&vms->vcpus, run, "/vms/vcpus", diag);
}

static void clear_columns(vm_columns *vms)
{
    vdc_text_list_clear(&vms->tenant);
    vdc_matrix_clear(&vms->start);
    vdc_matrix_clear(&vms->end);
    vdc_matrix_clear(&vms->vcpus);
}

/* Adds `vcpus` held from `start` to `end` to the mean of each of `count` equal intervals of [0, span]. */
static void add_holding(double *mean, size_t count, double span, double start, double end, double vcpus)
{
    double length = span / (double)count;
    size_t i = start > 0 ? (size_t)(start / length) : 0;
    for (; i < count && (double)i * length < end; i++) {
        double from = fmax(start, (double)i * length), to = fmin(end, (double)(i + 1) * length);
        mean[i] += to > from ? vcpus * (to - from) / length : 0;
    }
}

/* The tenants by what they held, largest first, in fresh memory; `band` is where each goes. */
static holder *rank_tenants(const vm_columns *vms, double span, size_t *count)
{
    size_t n = vms->tenant.count;
    holder *holders = vdc_calloc(n ? n : 1, sizeof *holders);
    *count = 0;
    if (!holders) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        double start = vms->start.cells[i], end = isnan(vms->end.cells[i]) ? span : vms->end.cells[i];
        holders[i] = (holder){.name = vms->tenant.items[i], .held = start <= end ? (end - start) * vms->vcpus.cells[i] : 0};
    }
    qsort(holders, n, sizeof *holders, by_name);
    for (size_t i = 0; i < n; i++) {
        if (*count > 0 && strcmp(holders[*count - 1].name, holders[i].name) == 0) {
            holders[*count - 1].held += holders[i].held;
        } else {
            holders[(*count)++] = holders[i];
        }
    }
    qsort(holders, *count, sizeof *holders, by_held);
    for (size_t i = 0; i < *count; i++) {
        holders[i].band = *count > BANDS && i >= BANDS - 1 ? BANDS - 1 : i;
    }
    return holders;
}

static vdc_code draw_bands(vdc_picture *picture, const vm_columns *vms, holder *holders, size_t count, double span,
                           vdc_diag *diag)
{
    enum { INTERVALS = VDC_PLOT_INTERVALS / 2 };
    size_t bands = count < BANDS ? count : BANDS;
    double *mean = vdc_calloc(bands * INTERVALS, sizeof *mean);
    if (!mean) {
        return vdc_no_memory(diag, "bands of tenants");
    }
    qsort(holders, count, sizeof *holders, by_name);
    const char *names[BANDS] = {NULL};
    for (size_t i = 0; i < count; i++) {
        names[holders[i].band] = holders[i].name;
    }
    if (count > BANDS) {
        names[BANDS - 1] = NULL;
    }
    for (size_t i = 0; i < vms->tenant.count; i++) {
        holder key = {.name = vms->tenant.items[i]}, *found = bsearch(&key, holders, count, sizeof *holders, by_name);
        double start = vms->start.cells[i], end = isnan(vms->end.cells[i]) ? span : vms->end.cells[i];
        if (found && start <= end) {
            add_holding(mean + found->band * INTERVALS, INTERVALS, span, start, end, vms->vcpus.cells[i]);
        }
    }
    vdc_time_axis axis = vdc_picture_time(picture, 0, span);
    vdc_picture_block(picture, "vCPUs held, each band on top of those before it", "time\tup to and with each band");
    for (size_t i = 0; i < INTERVALS; i++) {
        double row[BANDS + 1], top = 0;
        for (size_t b = 0; b < bands; b++) {
            top += mean[b * INTERVALS + i];
            row[b + 1] = top;
        }
        for (size_t end = 0; end < 2; end++) {
            row[0] = span * (double)(i + end) / INTERVALS / axis.factor;
            vdc_picture_row(picture, row, bands + 1);
        }
    }
    vdc_text *script = &picture->script;
    vdc_text_add(script, "set ylabel 'vCPUs allocated'\nset yrange [0:*]\nset key outside right top vertical Left reverse invert "
                         "samplen 1\nplot ");
    /* From the top of the stack down, each painted over by the next. */
    for (size_t b = bands; b-- > 0;) {
        bool others = count > BANDS && b == BANDS - 1;
        vdc_text_add(script, "%sdata using 1:%zu with filledcurves y1=0 fc rgb '%s' title ", b + 1 < bands ? ", \\\n  " : "",
                     b + 2, others ? "#bbbbbb" : vdc_picture_colour((unsigned)b));
        vdc_text others_name = {0};
        vdc_text_add(&others_name, "%zu others", count - BANDS + 1);
        vdc_picture_quote(script, others ? vdc_text_get(&others_name) : names[b] && *names[b] ? names[b] : "no tenant");
        script->failed = script->failed || others_name.failed;
        vdc_text_clear(&others_name);
    }
    vdc_text_add(script, "\n");
    vdc_free(mean);
    return VDC_OK;
}

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    const vdc_run *run = &runs->items[index];
    vm_columns vms = {0};
    double span = vdc_run_value(run, "end_s");
    vdc_code code = read_columns(&vms, run, diag);
    size_t n = vms.tenant.count, count = 0;
    if (code) {
        clear_columns(&vms);
        return code;
    }
    if (n == 0 || vms.start.rows != n || vms.end.rows != n || vms.vcpus.rows != n) {
        vdc_text_add(&picture->missing, "%s", vdc_plot_no_vms);
    } else if (!(span > 0)) {
        vdc_text_add(&picture->missing, "the run took no simulated time");
    } else {
        holder *holders = rank_tenants(&vms, span, &count);
        if (!holders) {
            code = vdc_no_memory(diag, "tenants");
        } else if (count < 2) {
            vdc_text_add(&picture->missing, "all VMs belong to one tenant");
        } else {
            vdc_plot_title(picture, runs, run, "Allocation by tenant");
            code = draw_bands(picture, &vms, holders, count, span, diag);
        }
        vdc_free(holders);
    }
    clear_columns(&vms);
    return code;
}

const vdc_plot_kind vdc_plot_tenants = {.name = "tenants",
                                        .summary = "vCPUs allocated over time, stacked by tenant",
                                        .draw = draw};
