/* Workloads: streams of VM requests, sorted by arrival.
 *
 * A reader or generator is a descriptor with a parameter table and an open function; workloads/registry.c lists them.
 * Only what is alive is in memory: a source hands out one request at a time and is told when a VM is finished with.
 */
#ifndef VDC_WORKLOADS_WORKLOAD_H
#define VDC_WORKLOADS_WORKLOAD_H

#include "models/interference_profile.h"
#include "models/io_profile.h"
#include "models/isolation_spec.h"
#include "models/memory_load.h"
#include "models/operation.h"
#include "models/request.h"
#include "sim/base/names.h"
#include "sim/base/param.h"
#include "sim/base/status.h"

/* What happened to the rows of a trace: how malformed ones are treated and what was odd. Rows are only lost when the user
 * said `on_error: skip`, and then counted and listed. */
enum { VDC_REPORT_LISTED = 20, VDC_REPORT_KINDS = 32 };
typedef struct vdc_trace_report {
    bool skip;                              /* on_error: skip */
    bool indexed;                           /* the format's order is not that of arrivals: it was indexed first */
    uint64_t rows;                          /* well-formed data rows read */
    uint64_t skipped;                       /* malformed rows left out */
    char *messages[VDC_REPORT_LISTED];      /* the first of them, in words */
    size_t message_count;
    struct { const char *what; uint64_t count; int first_line; } odd[VDC_REPORT_KINDS]; /* legal but worth knowing */
    size_t odd_count;
} vdc_trace_report;

/* A malformed row: returns VDC_OK when it is to be left out (counted and listed), else adds the error and returns
 * VDC_ERROR_INPUT.
 * A NULL report stops. */
vdc_code vdc_row_error(vdc_trace_report *report, vdc_diag *diag, const vdc_place *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Counts something odd; `what` is static text ("a memory of 0 bytes"). A NULL report does nothing. */
void vdc_row_odd(vdc_trace_report *report, const char *what, int line);
void vdc_trace_report_clear(vdc_trace_report *report);

/* What every source shares with the run. */
typedef struct vdc_workload_context {
    vdc_names *tenants, *groups;      /* interned names; 0 is "" */
    struct vdc_isolation_specs *isolation; /* what VMs ask for by way of isolation; NULL: it is read and checked only */
    vdc_interference_profiles *interference; /* how VMs disturb each other; NULL: it is read and checked only */
    vdc_memory_loads *memory_loads;   /* how VMs use their memory over time; NULL: it is read and checked only */
    bool has_memory;                  /* the run simulates memory; else asking for it is an error */
    vdc_operation_lists *operations;  /* what is asked of VMs in the course of their lives; NULL: it is read and checked only */
    vdc_io_profiles *io;              /* what VMs have on networks and disks; NULL: it is read and checked only */
    vdc_names *gpu_models;            /* bit i of vdc_request.gpu_models = name i+1 */
    uint64_t seed;
    int64_t host_speed;               /* Hz of the fastest host's core: what relative loads refer to where no speed is named */
    int64_t weight_most;              /* the largest CPU weight that the run's CPU policy knows, 0 = any */
    int64_t host_cpu;                 /* Hz of the largest host's CPU: what a reservation can be, 0 = not known */
    int64_t slowest;                  /* Hz of the slowest host's core */
    bool checks_ids;                  /* VMs written out are compared: nobody ends one early, so that its id is taken until its own end */
    int64_t horizon;                  /* ns: arrivals before this belong to the run, 0 = not known: the bound of a generator without one */
    const int64_t *capacity;          /* fleet totals per resource, for `tune` */
    struct vdc_inputs *inputs;        /* every file opened is noted here (relative name, sha256); may be NULL */
    vdc_trace_report *report;         /* filled while reading; NULL = malformed rows stop, nothing is noted */
} vdc_workload_context;

/* A request of which nothing is known: no size, no load, no end, normal priority. Sources begin with a copy of it. */
extern const vdc_request vdc_request_blank;

typedef struct vdc_source vdc_source;

typedef struct vdc_source_operations {
    /* Reads the next request into *out (all fields set; number is not). *have = false at the end. */
    vdc_code (*next)(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag);
    /* The VM with this token will not be asked about again (its load may be freed). May be NULL. */
    void (*release)(vdc_source *source, uint64_t token);
    void (*close)(vdc_source *source);
} vdc_source_operations;

struct vdc_source {
    const vdc_source_operations *operations; /* first member of every source's own struct */
};

/* A trace format or generator. */
typedef struct vdc_workload_type {
    const char *name;            /* the format's name in `trace: {format: …}`, or "generate" */
    const char *summary;         /* one line */
    const char *source;          /* where the format is described */
    const vdc_param *params;     /* besides the options common to all traces */
    size_t param_count;
    size_t params_size;
    bool streams;                /* rows come in order of arrival and memory does not grow with the trace; others are sorted
                                    by vdc_workload_open */
    bool generates;              /* reads no file: has no path and none of the options common to all traces */
    bool absolute;               /* times are dates: clock 0 is the first arrival of what was chosen; else the trace's own 0 */
    /* `params` is the struct filled by the table; `path` is resolved and may be NULL for generators. */
    vdc_code (*open)(const void *params, const char *path, const vdc_workload_context *context, vdc_source **source,
                     vdc_diag *diag);
} vdc_workload_type;

extern const vdc_workload_type *const vdc_workload_types[]; /* NULL-terminated; workloads/registry.c */
const vdc_workload_type *vdc_workload_find(const char *name);

/* Opens what `trace: {...}` (a mapping with format, path, the common options first, count, from, until, scale, order,
 * shuffle, tune, interval, departures, numa_split, on_error and the format's own) or `generate: {...}` asks for. */
vdc_code vdc_workload_open(const vdc_node *node, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag);
/* The same without what selects, repeats or moves rows: the trace as it stands, for a census of what is typical for it. */
vdc_code vdc_workload_open_whole(const vdc_node *node, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag);
/* Reads and checks the options only (for `validate`). */
vdc_code vdc_workload_check(const vdc_node *node, vdc_diag *diag);
/* Several sources as one, merged by arrival; ties: in the order given. Takes them over. Sets request->source. */
vdc_code vdc_workload_merge(vdc_source **sources, size_t count, vdc_source **merged, vdc_diag *diag);
/* Explicit `vms: [...]`. */
vdc_code vdc_workload_inline(const vdc_node *list, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag);
/* The keys of such a VM besides those of its shape (shape.h). */
const vdc_param *vdc_workload_inline_params(size_t *count);
/* The VMs of an attacker (launches.c): `attack: {launches: {…}}`, all of this tenant. */
vdc_code vdc_workload_launches(const vdc_node *node, const char *tenant, const vdc_workload_context *context, vdc_source **source, vdc_diag *diag);
/* The keys of launches besides those of a shape. */
const vdc_param *vdc_workload_launch_params(size_t *count);

static inline void vdc_source_close(vdc_source *source) {
    if (source) source->operations->close(source);
}

#endif
