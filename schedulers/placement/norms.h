/* How full a host would be: the sizes of what stays free after a placement, for best-fit, worst-fit and power-of-d. */
#ifndef VDC_SCHEDULERS_PLACEMENT_NORMS_H
#define VDC_SCHEDULERS_PLACEMENT_NORMS_H

#include <math.h>

#include "schedulers/policy_rows.h"

typedef enum vdc_norm { VDC_NORM_CPU, VDC_NORM_MEMORY, VDC_NORM_L1, VDC_NORM_L2, VDC_NORM_LINF, VDC_NORM_SUM } vdc_norm;
extern const char *const vdc_norm_names[]; /* best_fit.c */

#define VDC_NORM_ROW(state_type, field) \
    VDC_PARAM_CHOICE_ROW("norm", state_type, field, "cpu", vdc_norm_names, \
                         "how what stays free is measured, each resource as a share of capacity")

/* What stays free of one resource as a share of the host's capacity. */
static inline double vdc_share_left(const vdc_host_view *host, const vdc_request *request, vdc_resource resource) {
    int64_t capacity = host->class_view->capacity[resource];
    return capacity > 0 ? (double)(host->free[resource] - request->size[resource]) / (double)capacity : 0;
}

/* The norm of what stays free: over CPU, memory, and of the other resources those that the VM asks for. l1 and sum are the same,
 * for nothing that stays free is negative. Each term is non-decreasing in each free amount, and so is the rounded sum. */
static inline double vdc_norm_left(vdc_norm norm, const vdc_host_view *host, const vdc_request *request) {
    if (norm == VDC_NORM_CPU) return vdc_share_left(host, request, VDC_CPU);
    if (norm == VDC_NORM_MEMORY) return vdc_share_left(host, request, VDC_MEMORY);
    double sum = 0, largest = 0;
    for (int r = 0; r < VDC_RESOURCES; r++) {
        if (r != VDC_CPU && r != VDC_MEMORY && request->size[r] == 0) continue;
        double left = vdc_share_left(host, request, (vdc_resource)r);
        sum += norm == VDC_NORM_L2 ? left * left : left;
        if (left > largest) largest = left;
    }
    return norm == VDC_NORM_LINF ? largest : norm == VDC_NORM_L2 ? sqrt(sum) : sum;
}

/* A score of levels of preference, 0 the best; within a level by best fit over CPU and memory. */
static inline double vdc_score_by_level(int level, const vdc_host_view *host, const vdc_request *request) {
    double left = vdc_share_left(host, request, VDC_CPU) + vdc_share_left(host, request, VDC_MEMORY);
    return -4.0 * level - left;
}

#endif
