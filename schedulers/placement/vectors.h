/* CPU and memory of a host and a request as vectors, for the policies that compare directions and lengths. */
#ifndef VDC_SCHEDULERS_PLACEMENT_VECTORS_H
#define VDC_SCHEDULERS_PLACEMENT_VECTORS_H

#include <math.h>

#include "schedulers/policy_rows.h"

typedef struct vdc_vector {
    double cpu, memory;
} vdc_vector;

typedef struct vdc_vectors {
    vdc_vector capacity, free, request;
} vdc_vectors;

/* The common state of these policies. */
typedef enum vdc_normalise { VDC_NORMALISE_CAPACITY, VDC_NORMALISE_NONE } vdc_normalise;
typedef struct vdc_vector_state {
    int normalise;
    vdc_vector weight;  /* of weighted-dot-product and l2-norm-diff */
} vdc_vector_state;
extern const char *const vdc_normalise_names[]; /* dot_product.c */
extern const vdc_param vdc_vector_params[1];

/* In vCPUs and GiB. */
static inline vdc_vectors vdc_vectors_of(const vdc_host_view *host, const vdc_request *request) {
    const double milli = 1000, gib = 1073741824;
    const int64_t *capacity = host->class_view->capacity;
    return (vdc_vectors){{(double)capacity[VDC_CPU] / milli, (double)capacity[VDC_MEMORY] / gib},
                         {(double)host->free[VDC_CPU] / milli, (double)host->free[VDC_MEMORY] / gib},
                         {(double)request->size[VDC_CPU] / milli, (double)request->size[VDC_MEMORY] / gib}};
}

/* part / whole, 0 where the host has none of the resource. */
static inline double vdc_ratio(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

/* The same as shares of the host's capacity, when the state asks for it. */
static inline vdc_vectors vdc_vectors_normalised(const vdc_vector_state *state, const vdc_host_view *host,
                                                 const vdc_request *request) {
    vdc_vectors v = vdc_vectors_of(host, request);
    if (state->normalise == VDC_NORMALISE_NONE) return v;
    return (vdc_vectors){{1, 1}, {vdc_ratio(v.free.cpu, v.capacity.cpu), vdc_ratio(v.free.memory, v.capacity.memory)},
                         {vdc_ratio(v.request.cpu, v.capacity.cpu), vdc_ratio(v.request.memory, v.capacity.memory)}};
}

static inline double vdc_length(vdc_vector v) {
    return sqrt(v.cpu * v.cpu + v.memory * v.memory);
}

/* The cosine of the angle between a host's capacity and an amount used on it; 0 where nothing is used. */
static inline double vdc_cosine(vdc_vector capacity, vdc_vector used) {
    double product = vdc_length(capacity) * vdc_length(used);
    return product > 0 ? (capacity.cpu * used.cpu + capacity.memory * used.memory) / product : 0;
}

#endif
