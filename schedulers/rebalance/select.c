/* Which VM leaves an overloaded host (Beloglazov, Buyya 2012): the one that moves soonest, the least used, the one whose load goes most
 * with that of the others, or any.
 */
#include <math.h>

#include "schedulers/policy_rows.h"
#include "sim/base/memory.h"

/* The index of the smallest; the first of equals. */
#define SMALLEST(field) \
    int64_t best = 0; \
    for (uint32_t i = 1; i < count; i++) \
        if (vms[i].field < vms[best].field) best = i; \
    return best

static int64_t mmt_select(void *state, const vdc_view *view, const vdc_vm_load *vms, uint32_t count) {
    (void)state, (void)view;
    SMALLEST(bytes);
}

static int64_t mu_select(void *state, const vdc_view *view, const vdc_vm_load *vms, uint32_t count) {
    (void)state, (void)view;
    SMALLEST(usage);
}

static int64_t rs_select(void *state, const vdc_view *view, const vdc_vm_load *vms, uint32_t count) {
    (void)state, (void)vms;
    return (int64_t)view->random(view, count);
}

const vdc_policy vdc_select_mmt = {
    VDC_POLICY_HEAD(VDC_SELECTION, "mmt", "minimum migration time: the VM with the least to move", "Beloglazov, Buyya 2012 (MMT)"),
    .selection = {.select = mmt_select},
};

const vdc_policy vdc_select_mu = {
    VDC_POLICY_HEAD(VDC_SELECTION, "mu", "minimum utilisation: the VM that asks for the smallest share of its CPU", "Beloglazov, Buyya 2012 (MU)"),
    .selection = {.select = mu_select},
};

const vdc_policy vdc_select_rs = {
    VDC_POLICY_HEAD(VDC_SELECTION, "rs", "random: any VM, all equally likely", "Beloglazov, Buyya 2012 (RS)"),
    .selection = {.select = rs_select},
};

/* ---- maximum correlation ---- */

enum { MOST_SAMPLES = 1000 };
static const char *const singular_words[] = {"without", "mmt", NULL};
enum { SINGULAR_WITHOUT, SINGULAR_MMT };

typedef struct correlation_state {
    int64_t samples;
    int singular;
    double *scratch;       /* of one workspace */
    size_t scratch_size;
} correlation_state;

static const vdc_param mc_params[] = {
    VDC_PARAM_COUNT_ROW("samples", correlation_state, samples, "30", 2, MOST_SAMPLES, "samples that are compared"),
    VDC_PARAM_CHOICE_ROW("singular", correlation_state, singular, "without", singular_words,
                         "VMs whose load says nothing of its own (all zero, say): go without them or, as CloudSim has it, decide by mmt"),
};

/* Columns of a least squares problem, stored by rows, so that all of them are worked on at once. */
typedef struct columns {
    uint32_t rows, count;
    double *cells;         /* [row][column] */
    double *diagonal;      /* [column] of those reflected: 0 = it says nothing beside those before it */
} columns;

/* The parts of the scratch. */
typedef struct workspace {
    columns all;           /* intercept and every VM's usage; the first few reflected */
    columns rest;          /* for one VM: the VMs after it, then itself as the right side */
    double *beta;          /* coefficients: intercept, VMs */
    double *v, *y;         /* [rows] */
    double *dots;          /* [columns] */
    bool skip;             /* a column that says nothing gets the coefficient 0 */
} workspace;

static size_t workspace_size(uint32_t vms, uint32_t rows) {
    return (2 * (size_t)rows + 4) * ((size_t)vms + 1) + 2 * (size_t)rows;
}

static workspace lay_out(double *scratch, uint32_t vms, uint32_t rows) {
    size_t count = (size_t)vms + 1;
    workspace work = {.all = {.rows = rows, .count = vms + 1, .cells = scratch}, .rest = {.rows = rows, .cells = scratch + count * rows}};
    work.all.diagonal = work.rest.cells + count * rows;
    work.rest.diagonal = work.all.diagonal + count;
    work.beta = work.rest.diagonal + count;
    work.dots = work.beta + count;
    work.v = work.dots + count;
    work.y = work.v + rows;
    return work;
}

/* A Householder reflection from row *rank on makes column k triangular and takes its span out of the columns after it; *rank grows.
 * False: the column says nothing beside those before it, and that is not to be skipped. */
static bool reflect(workspace *work, columns *it, uint32_t k, uint32_t *rank) {
    uint32_t count = it->count, from = *rank;
    double *v = work->v, *dots = work->dots, norm = 0, gone = 0;
    for (uint32_t i = 0; i < it->rows; i++) v[i] = it->cells[(size_t)i * count + k];
    for (uint32_t i = 0; i < from && work->skip; i++) gone += v[i] * v[i];
    for (uint32_t i = from; i < it->rows; i++) norm += v[i] * v[i];
    double a = from < it->rows && v[from] > 0 ? -sqrt(norm) : sqrt(norm);
    if (work->skip && norm <= (norm + gone) * 1e-24) a = 0; /* what rounding leaves of a column that the others give is no direction */
    it->diagonal[k] = a;
    if (a == 0) return work->skip;
    v[from] -= a;
    for (uint32_t j = k + 1; j < count; j++) dots[j] = 0;
    for (uint32_t i = from; i < it->rows; i++) {
        const double *row = it->cells + (size_t)i * count;
        for (uint32_t j = k + 1; j < count; j++) dots[j] -= row[j] * v[i];
    }
    double scale = a * v[from];
    for (uint32_t j = k + 1; j < count; j++) dots[j] /= scale;
    for (uint32_t i = from; i < it->rows; i++) {
        double *row = it->cells + (size_t)i * count;
        for (uint32_t j = k + 1; j < count; j++) row[j] -= dots[j] * v[i];
    }
    ++*rank;
    return true;
}

/* The coefficient of column k, which was reflected, once those after it are known and taken out of y. */
static double coefficient(const columns *it, uint32_t k, double *y, uint32_t *rank) {
    if (it->diagonal[k] == 0) return 0;
    double beta = y[--*rank] / it->diagonal[k];
    for (uint32_t i = 0; i < *rank; i++) y[i] -= beta * it->cells[(size_t)i * it->count + k];
    return beta;
}

/* The squared multiple correlation of VM `one` with all the others; NaN when its load does not vary. The columns before its own are
 * reflected, `rank` of them not in vain. False as of reflect. */
static bool correlation(workspace *work, const vdc_vm_load *vms, uint32_t count, uint32_t one, uint32_t rank, double *out) {
    uint32_t rows = work->all.rows, after = count - 1 - one;
    columns *rest = &work->rest;
    rest->count = after + 1;
    for (uint32_t i = 0; i < rows; i++) {
        const double *from = work->all.cells + (size_t)i * (count + 1) + one + 1;
        double *to = rest->cells + (size_t)i * rest->count;
        for (uint32_t j = 0; j < after; j++) to[j] = from[j + 1];
        to[after] = from[0];
    }
    for (uint32_t k = 0; k < after; k++)
        if (!reflect(work, rest, k, &rank)) return false;
    for (uint32_t i = 0; i < rows; i++) work->y[i] = rest->cells[(size_t)i * rest->count + after];
    for (uint32_t k = after; k-- > 0;) work->beta[one + 2 + k] = coefficient(rest, k, work->y, &rank);
    for (uint32_t k = one + 1; k-- > 0;) work->beta[k] = coefficient(&work->all, k, work->y, &rank);
    double rss = 0, mean = 0, tss = 0;
    for (uint32_t i = 0; i < rows; i++) {
        double fitted = work->beta[0], target = vms[one].history[vms[one].samples - rows + i];
        for (uint32_t other = 0; other < count; other++)
            if (other != one) fitted += vms[other].history[vms[other].samples - rows + i] * work->beta[other + 1];
        double residual = target - fitted, deviation = target - mean, step = deviation / (i + 1);
        rss += residual * residual;
        mean += step;
        tss += i * deviation * step;
    }
    *out = 1 - rss / tss;
    return true;
}

static int64_t mc_select(void *state, const vdc_view *view, const vdc_vm_load *vms, uint32_t count) {
    correlation_state *mc = state;
    uint32_t rows = (uint32_t)mc->samples, rank = 0;
    for (uint32_t i = 0; i < count; i++)
        if (vms[i].samples < rows) rows = vms[i].samples;
    if (count < 2 || count > rows) return mmt_select(state, view, vms, count);
    if (!VDC_RESERVE(mc->scratch, mc->scratch_size, workspace_size(count, rows))) return VDC_SELECTED_NO_MEMORY;
    workspace work = lay_out(mc->scratch, count, rows);
    work.skip = mc->singular == SINGULAR_WITHOUT;
    for (uint32_t i = 0; i < rows; i++) {
        double *row = work.all.cells + (size_t)i * work.all.count;
        row[0] = 1;
        for (uint32_t vm = 0; vm < count; vm++) row[vm + 1] = vms[vm].history[vms[vm].samples - rows + i];
    }
    int64_t best = 0;
    double most = 0, value;
    for (uint32_t vm = 0; vm < count; vm++) {
        if (!reflect(&work, &work.all, vm, &rank) || !correlation(&work, vms, count, vm, rank, &value))
            return mmt_select(state, view, vms, count);
        if (value > most) best = vm, most = value;
    }
    return best;
}

static uint32_t mc_window(const void *state) {
    return (uint32_t)((const correlation_state *)state)->samples;
}

static void mc_fini(void *state) {
    vdc_free(((correlation_state *)state)->scratch);
}

const vdc_policy vdc_select_mc = {
    VDC_POLICY_HEAD(VDC_SELECTION, "mc", "maximum correlation: the VM whose load the others' explain best", "Beloglazov, Buyya 2012 (MC)"),
    VDC_POLICY_STATE(mc_params, correlation_state),
    .fini = mc_fini,
    .selection = {.select = mc_select, .window = mc_window},
};
