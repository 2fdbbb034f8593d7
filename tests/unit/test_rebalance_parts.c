/* Detection and selection against plain definitions: what `vdcsim policies` says of each, computed in another way. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "schedulers/registry.h"
#include "tests/support/draw.h"
#include "tests/support/tree.h"

static vdc_arena arena;

static vdc_policy_instance open_part(vdc_policy_kind kind, const char *text) {
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_policy_open(kind, test_tree(&arena, text), NULL, NULL, &instance, &diag), VDC_OK, "%s: %s", text,
                 diag.count ? diag.messages[0].text : "");
    return instance;
}

static void close_part(vdc_policy_instance *instance) {
    if (instance->policy->fini) instance->policy->fini(instance->state);
    vdc_policy_close(instance);
}

static bool is_overloaded(const char *detect, double load, const double *history, uint32_t samples) {
    vdc_policy_instance instance = open_part(VDC_DETECTION, detect);
    vdc_host_load host = {.load = load, .history = history, .samples = samples, .migration = 0.1};
    bool answer = instance.policy->detection.overloaded(instance.state, &host);
    close_part(&instance);
    return answer;
}

/* Between `below` and `above` the answer turns from no to yes. */
static void turns(const char *detect, const double *history, uint32_t samples, double at) {
    cr_expect_not(is_overloaded(detect, at - 1e-9, history, samples), "%s below %.12g", detect, at);
    cr_expect(is_overloaded(detect, at + 1e-9, history, samples), "%s above %.12g", detect, at);
}

static double uniform(uint64_t *draws) {
    return (double)draw_below(draws, 1000001) / 1e6;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

Test(rebalance_parts, threshold) {
    turns("{policy: threshold}", NULL, 0, 0.8);
    turns("{policy: threshold, above: 120%}", NULL, 0, 1.2);
}

/* By position: sample p of the sorted ones, counted from 0, between neighbours in proportion. */
static double at_position(const double *sorted, double position) {
    uint32_t below = (uint32_t)position;
    double part = position - below;
    return part > 0 ? sorted[below] * (1 - part) + sorted[below + 1] * part : sorted[below];
}

Test(rebalance_parts, adaptive_thresholds) {
    uint64_t draws = 1;
    for (int round = 0; round < 300; round++) {
        double history[40], sorted[30], deviations[30];
        uint32_t samples = 12 + (uint32_t)draw_below(&draws, 29), count = samples < 30 ? samples : 30;
        for (uint32_t i = 0; i < samples; i++) history[i] = 0.3 * uniform(&draws);
        for (uint32_t i = 0; i < count; i++) sorted[i] = history[samples - count + i];
        qsort(sorted, count, sizeof *sorted, ascending);
        double middle = at_position(sorted, (count - 1) / 2.0);
        for (uint32_t i = 0; i < count; i++) deviations[i] = fabs(sorted[i] - middle);
        qsort(deviations, count, sizeof *deviations, ascending);
        turns("{policy: mad}", history, samples, 1 - 2.5 * at_position(deviations, (count - 1) / 2.0));
        turns("{policy: iqr, safety: 2}", history, samples, 1 - 2 * (at_position(sorted, (count - 1) * 0.75) - at_position(sorted, (count - 1) * 0.25)));
    }
}

Test(rebalance_parts, too_few_samples) {
    static const double zeros[30] = {[0] = 0.1, [11] = 0.4}, few[12] = {0};
    turns("{policy: mad}", few, 11, 0.7);
    turns("{policy: iqr, least: 20, fallback: 60%}", few, 12, 0.6);
    turns("{policy: lr}", few, 9, 0.7);
    /* Zeros at the end count, unless it is asked that they do not. */
    turns("{policy: mad}", zeros, 30, 1);
    turns("{policy: mad, zeros: dropped}", zeros, 30, 1);
    turns("{policy: mad, zeros: dropped}", zeros, 11, 0.7);
    turns("{policy: mad, zeros: dropped, least: 13}", zeros, 30, 0.7);
}

/* On a straight line every weighting gives the line itself. */
Test(rebalance_parts, regression_on_a_line) {
    static const char *const all[] = {"{policy: lr}", "{policy: lrr, iterations: 3}", "{policy: lr, weights: none}"};
    for (size_t p = 0; p < 3; p++) {
        for (int k = 0; k < 40; k++) {
            double history[30], slope = 0.002 * (k - 20), next = 1 / 1.2 + (k % 2 ? 1e-6 : -1e-6);
            for (int i = 0; i < 30; i++) history[i] = next + slope * (i - 30);
            cr_expect_eq(is_overloaded(all[p], 0, history, 30), k % 2 == 1, "%s, slope %g", all[p], slope);
        }
    }
    /* A rising load whose oldest samples fell: read the right way round it will be too much, backwards it will not. */
    double bent[30];
    for (int i = 0; i < 30; i++) bent[i] = i < 10 ? 0.1 + 0.01 * i : 0.2 + 0.03 * (i - 10);
    cr_expect(is_overloaded("{policy: lr, weights: none, safety: 1.3}", 0, bent, 30));
    cr_expect_not(is_overloaded("{policy: lr, weights: none, safety: 1.3, history: reversed}", 0, bent, 30));
}

/* The minimum of the weighted squares, found by the normal equations. */
Test(rebalance_parts, regression_weights) {
    uint64_t draws = 2;
    for (int round = 0; round < 300; round++) {
        double y[10], sw = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
        for (int i = 0; i < 10; i++) {
            y[i] = uniform(&draws);
            double w = pow(1 - pow((9.0 - i) / 9, 3), 3), x = i + 1;
            sw += w, sx += w * x, sy += w * y[i], sxx += w * x * x, sxy += w * x * y[i];
        }
        double b = (sw * sxy - sx * sy) / (sw * sxx - sx * sx), a = (sy - b * sx) / sw, foreseen = a + b * 11;
        if (foreseen <= 0.01) continue;
        char text[96];
        (void)snprintf(text, sizeof text, "{policy: lr, safety: %.12f}", 1 / foreseen - 1e-8);
        cr_expect_not(is_overloaded(text, 0, y, 10));
        (void)snprintf(text, sizeof text, "{policy: lr, safety: %.12f}", 1 / foreseen + 1e-8);
        cr_expect(is_overloaded(text, 0, y, 10));
    }
}

/* One sample far out leads the plain line astray and not the robust one. */
Test(rebalance_parts, robust_regression) {
    double history[10];
    for (int i = 0; i < 10; i++) history[i] = 0.5 + (i % 2 ? 0.01 : -0.01);
    history[9] = 3;
    cr_expect(is_overloaded("{policy: lr}", 0, history, 10));
    history[9] = 0.5;
    history[7] = 8;
    cr_expect(is_overloaded("{policy: lr}", 0, history, 10));
    cr_expect_not(is_overloaded("{policy: lrr, iterations: 5}", 0, history, 10));
}

static int64_t selected(const char *select, const vdc_vm_load *vms, uint32_t count) {
    vdc_policy_instance instance = open_part(VDC_SELECTION, select);
    int64_t answer = instance.policy->selection.select(instance.state, NULL, vms, count);
    close_part(&instance);
    return answer;
}

Test(rebalance_parts, smallest_first) {
    const vdc_vm_load vms[] = {{0.5, 300, NULL, 0}, {0.2, 200, NULL, 0}, {0.2, 100, NULL, 0}, {0.9, 100, NULL, 0}};
    cr_expect_eq(selected("{policy: mmt}", vms, 4), 2);
    cr_expect_eq(selected("{policy: mu}", vms, 4), 1);
    cr_expect_eq(selected("{policy: mc}", vms, 1), 0);
}

/* Three VMs: the multiple correlation from the three plain ones. */
Test(rebalance_parts, correlation) {
    uint64_t draws = 3;
    for (int round = 0; round < 300; round++) {
        double history[3][20], mean[3] = {0}, s[3][3] = {{0}};
        for (int i = 0; i < 20; i++) {
            double common = uniform(&draws);
            for (int v = 0; v < 3; v++) history[v][i] = common * v + uniform(&draws), mean[v] += history[v][i] / 20;
        }
        for (int i = 0; i < 20; i++)
            for (int v = 0; v < 3; v++)
                for (int w = 0; w < 3; w++) s[v][w] += (history[v][i] - mean[v]) * (history[w][i] - mean[w]);
        vdc_vm_load vms[3];
        double most = 0;
        int64_t best = 0;
        for (int v = 0; v < 3; v++) {
            vms[v] = (vdc_vm_load){0.1, 100, history[v], 20};
            int a = (v + 1) % 3, b = (v + 2) % 3;
            double ra = s[v][a] / sqrt(s[v][v] * s[a][a]), rb = s[v][b] / sqrt(s[v][v] * s[b][b]), rab = s[a][b] / sqrt(s[a][a] * s[b][b]);
            double squared = (ra * ra + rb * rb - 2 * ra * rb * rab) / (1 - rab * rab);
            if (squared > most) most = squared, best = v;
        }
        cr_expect_eq(selected("{policy: mc}", vms, 3), best);
        cr_expect_eq(selected("{policy: mc, singular: mmt}", vms, 3), best);
    }
}

/* A VM that never asks for anything, and two that do the same: the correlation of the others is known all the same. */
Test(rebalance_parts, correlation_of_dependent_loads) {
    static double quiet[20], steady[20], one[20], same[20], other[20];
    uint64_t draws = 4;
    for (int i = 0; i < 20; i++) {
        steady[i] = 0.3;
        one[i] = same[i] = uniform(&draws);
        other[i] = uniform(&draws);
    }
    const vdc_vm_load vms[] = {{0, 50, quiet, 20}, {0.3, 10, steady, 20}, {0.5, 70, other, 20}, {0.4, 90, one, 20}, {0.4, 80, same, 20}};
    int64_t chosen = selected("{policy: mc}", vms, 5);
    cr_expect(chosen == 3 || chosen == 4, "VM %d", (int)chosen);
    cr_expect_eq(selected("{policy: mc, singular: mmt}", vms, 5), 1);
}
