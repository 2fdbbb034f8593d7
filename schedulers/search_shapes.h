/* Request shapes: what an index must know of a request, and a small table of the shapes that it keeps an index for.
 *
 * Two requests of one shape fit on the same hosts and get the same scores: equal sizes, GPU devices and NUMA nodes.
 * Which of up to 64 shapes fit on a host is one 64-bit word. It is computed from the host's free amounts: per
 * resource the shapes' sizes are sorted, a branch-free binary search finds how many are within what is free, hence the set of
 * shapes that this resource lets in; the word is the intersection. About 15 ns for 32 shapes and two resources.
 */
#ifndef VDC_SCHEDULERS_SEARCH_SHAPES_H
#define VDC_SCHEDULERS_SEARCH_SHAPES_H

#include "models/host.h"

enum {
    VDC_SHAPES = 64,
    VDC_SHAPE_BUCKETS = 256,
    VDC_NO_SHAPE = -1
};

/* One resource: which shapes a free amount lets in. */
typedef struct vdc_shape_sizes {
    const int64_t *free;                 /* the hosts' column */
    vdc_resource resource;
    unsigned half;                       /* first step of the search: a power of two, 0 = there is no shape */
    int64_t size[2 * VDC_SHAPES];        /* the distinct sizes in ascending order, padded with INT64_MAX */
    uint64_t shapes[2 * VDC_SHAPES];     /* [k] shapes whose size is at most the k-th smallest */
} vdc_shape_sizes;

typedef struct vdc_shapes {
    const vdc_hosts *hosts;
    bool limited;                        /* some class has max_vms */
    uint64_t active;                     /* slots in use */
    uint64_t with_devices;               /* of these, the ones that ask for GPUs or NUMA nodes */
    vdc_request request[VDC_SHAPES];     /* a request of each shape, without pointers */
    uint32_t hash[VDC_SHAPES];
    uint8_t bucket[VDC_SHAPE_BUCKETS];   /* open addressing: slot + 1, 0 = free */
    vdc_shape_sizes sizes[VDC_RESOURCES];
    unsigned resources;                  /* in use */
} vdc_shapes;

void vdc_shapes_init(vdc_shapes *shapes, const vdc_hosts *hosts);
/* The slot of the request's shape, or VDC_NO_SHAPE. About 10 ns. */
int vdc_shapes_find(const vdc_shapes *shapes, const vdc_request *request);
/* Puts the shape, which must not be there, into a free slot; VDC_NO_SHAPE when all are taken. */
int vdc_shapes_add(vdc_shapes *shapes, const vdc_request *request);
void vdc_shapes_remove(vdc_shapes *shapes, int slot);
/* Sorts the sizes anew after a change of `active` and `request` by hand. */
void vdc_shapes_refresh(vdc_shapes *shapes);
/* The shapes that fit on the host as it stands (vdc_host_fits for each); none when it is closed. */
uint64_t vdc_shapes_fitting(const vdc_shapes *shapes, uint32_t host);

/* A 64-bit hash of words, well mixed in the upper bits. */
uint64_t vdc_hash_words(const uint64_t *words, unsigned count);

#endif
