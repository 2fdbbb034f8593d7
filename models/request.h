/* A VM as it is asked for: what a trace, a scenario or a generator delivers and what policies look at.
 * Plain data without pointers into the simulator.
 */
#ifndef VDC_MODELS_REQUEST_H
#define VDC_MODELS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The resources of hosts and VMs, and the unit of each as an integer. Order = the `resource` axis of result files. */
typedef enum vdc_resource {
    VDC_CPU,        /* milli-vCPU; a host offers 1000 per hardware thread */
    VDC_MEMORY,     /* bytes */
    VDC_DISK,       /* bytes */
    VDC_IOPS,       /* operations per second */
    VDC_DISK_BW,    /* bytes per second */
    VDC_NET_TX,     /* bytes per second */
    VDC_NET_RX,     /* bytes per second */
    VDC_GPU,        /* milli-GPU, summed over devices */
    VDC_RESOURCES
} vdc_resource;

/* One stretch of load: the whole VM asks for `demand` Hz during `duration` ns (progress: time) or until
 * duration x demand of work is done (progress: work). */
typedef struct vdc_segment {
    int64_t duration; /* ns, >= 0; VDC_FOREVER = as long as the VM lives (not with progress: work) */
    int64_t demand;   /* Hz, >= 0 */
} vdc_segment;

/* Where a VM's load comes from. The position is a plain number, so that a checkpoint is a copy of it.
 * `next` reads the segment at *cursor and moves the cursor on; returns false at the end of the load. Pure: the same
 * source and cursor give the same segment. */
typedef struct vdc_load_source {
    bool (*next)(const struct vdc_load_source *source, uint64_t *cursor, vdc_segment *segment);
} vdc_load_source;

typedef enum vdc_progress { VDC_PROGRESS_TIME, VDC_PROGRESS_WORK } vdc_progress;

enum { VDC_UNLIMITED = -1, VDC_NO_ID = -1 };
enum { VDC_PRIORITY_LOW = 0, VDC_PRIORITY_NORMAL = 1, VDC_PRIORITY_HIGH = 2 }; /* the names of a priority; any integer will do */
#define VDC_FOREVER INT64_MAX /* as a duration: never ends by itself. Test for it before adding to a time */

/* What every VM's arrival and departure looks at comes first, in two cache lines; the rest, in two more, is read where it matters. */
typedef struct vdc_request {
    int64_t id;                   /* the given integer (>= 0); VDC_NO_ID from a source = none: the simulator puts the arrival number */
    int64_t lifetime;             /* ns from start to end; VDC_UNLIMITED = by its load; VDC_FOREVER = until the run ends, whatever its load */
    const vdc_load_source *load;  /* NULL: asks for all of its vCPUs as long as it lives */
    int64_t size[VDC_RESOURCES];
    uint64_t token;               /* the source's own mark, below 2^56, given back when the VM is finished with; 0 = nothing to give back */
    const char *name;             /* the trace's own name or NULL; valid until the next request is read */
    int64_t cpu_reservation;      /* Hz, 0 = none */
    uint32_t tenant;              /* an interned name; 0 = none */
    vdc_progress progress;
    uint16_t gpu_count;           /* devices wanted; size[VDC_GPU] = gpu_count x gpu_milli */
    uint16_t gpu_milli;           /* of each device, 1..1000; < 1000 only with gpu_count 1 */
    uint16_t memory_load;         /* index of how it uses its memory (vdc_memory_loads), 0 = all of it */
    uint8_t numa_nodes;           /* NUMA nodes that it is split over evenly; 0 = not NUMA-aware */

    int64_t number;               /* arrival number in the run, from 0: set by the simulator */
    int64_t arrival;              /* ns */
    int64_t cpu_limit;            /* Hz, VDC_UNLIMITED = none */
    int64_t cpu_period;           /* ns in which the reservation is due, where the CPU policy has deadlines; 0 = the policy's */
    int64_t cpu_weight;           /* >= 1; VDC_UNLIMITED = the default of 100 a vCPU */
    int64_t predicted_lifetime;   /* ns as known to lifetime-aware policies, VDC_UNLIMITED = not known */
    uint32_t group;               /* an interned name; 0 = none */
    int32_t priority;             /* larger first */
    uint64_t load_cursor;         /* where its load begins */
    int64_t load_peak;            /* Hz, the largest demand of the load */

    int64_t checkpoint_interval;  /* ns, 0 = no checkpoints */
    int64_t checkpoint_duration;  /* ns */
    int64_t checkpoint_scale_num, checkpoint_scale_den; /* the interval grows by this factor each time */
    uint64_t gpu_models;          /* acceptable models, a bit per model of the datacenter; 0 = any */
    uint32_t isolation;           /* index of its isolation wishes (vdc_isolation_specs), 0 = none */
    uint32_t member;              /* its number in its group, in order of arrival: set by the simulator */
    uint32_t part;                /* of its group, from 1, where its source names one (a fault domain of its own choice); 0 = none */
    uint32_t interference;        /* index of its profile (vdc_interference_profiles), 0 = none */
    uint32_t io;                  /* index of what it has on networks and disks (vdc_io_profiles), 0 = none */
    uint32_t source;              /* which workload source it came from */
    uint32_t operations;          /* index of its own operations (vdc_operation_lists), 0 = none */
    int64_t dirty_rate;           /* B/s that it writes to its memory, which migrations copy again; VDC_UNLIMITED = as the scenario says */
} vdc_request;

/* Will it end by itself once it has started? */
static inline bool vdc_request_ends(const vdc_request *request) {
    return request->lifetime >= 0 ? request->lifetime != VDC_FOREVER : request->load != NULL;
}

/* Is a GPU of this model (an interned name, 0 = without a name) among the acceptable ones? `models` as in vdc_request.gpu_models: 0
 * accepts all, also those without a name. */
static inline bool vdc_gpu_models_accept(uint64_t models, uint32_t model) {
    return models == 0 || (model >= 1 && model <= 64 && (models >> (model - 1) & 1));
}

static inline bool vdc_gpu_model_accepted(const vdc_request *request, uint32_t model) {
    return vdc_gpu_models_accept(request->gpu_models, model);
}

#endif
