/* The native trace: one row a VM, in order of arrival, as CSV (native_csv.c) or HDF5 (native_hdf5.c).
 *
 * Both have the same columns, those of the table below. A CSV column's name carries its unit (arrival_s, memory_gib); HDF5
 * datasets are integers in the base units, which stand in their `units` attribute.
 */
#ifndef VDC_WORKLOADS_NATIVE_H
#define VDC_WORKLOADS_NATIVE_H

#include "workloads/workload.h"

typedef struct vdc_native_unit {
    const char *name;  /* behind the column's name and an underscore; NULL = the column has no unit */
    int64_t scale;     /* in base units */
} vdc_native_unit;

typedef enum vdc_native_kind {
    VDC_NATIVE_NUMBER,      /* int64_t at `offset` */
    VDC_NATIVE_NAME,        /* the VM's own name */
    VDC_NATIVE_TENANT,
    VDC_NATIVE_GROUP,
    VDC_NATIVE_PART,        /* of its group */
    VDC_NATIVE_ISOLATION,   /* its wishes as one text (models/isolation_spec.h) */
    VDC_NATIVE_PRIORITY,    /* low, normal, high or an integer */
    VDC_NATIVE_NUMA,
    VDC_NATIVE_GPUS,
    VDC_NATIVE_GPU_MILLI,
    VDC_NATIVE_GPU_MODELS,  /* names joined by '|' */
    VDC_NATIVE_LIST,        /* what it has on networks and disks, how it uses its memory: as a scenario would write it (native_lists.h), `offset` = which */
    VDC_NATIVE_SCALE,       /* growth of the checkpoint interval, a decimal */
    VDC_NATIVE_PROGRESS     /* what ends a segment of its load: time or work */
} vdc_native_kind;

typedef struct vdc_native_column {
    const char *name;
    vdc_native_kind kind;
    const vdc_native_unit *units; /* ends with scale 0; the first is the one that is written */
    const char *base_unit;        /* of the integer: "ns", "byte", … */
    size_t offset;                /* of numbers */
    int64_t absent;               /* the number that stands for an empty field */
    int64_t minimum;
    bool required;
} vdc_native_column;

enum { VDC_NATIVE_COLUMNS = 35 };
extern const vdc_native_column vdc_native_columns[VDC_NATIVE_COLUMNS];
extern const vdc_native_unit vdc_native_time_units[], vdc_native_frequency_units[];

/* Does `name` spell `column`, and with which scale? */
bool vdc_native_match(const char *name, const vdc_native_column *column, int64_t *scale);
/* The name of a column with one of its units, "memory_gib", in `buffer`. */
enum { VDC_NATIVE_SPELLING = 40 };
const char *vdc_native_spell(const vdc_native_column *column, const vdc_native_unit *unit, char buffer[VDC_NATIVE_SPELLING]);
/* What a request has in a column that is no text, as an integer; *absent = it is what an empty field means. Of TENANT, GROUP and
 * GPU_MODELS it is the interned number or the mask, of NAME whether there is one. */
int64_t vdc_native_value(const vdc_native_column *column, const vdc_request *request, bool *absent);

/* CSV: a lifetime that has no end but the run's, although the VM has a load. */
#define VDC_NATIVE_FOREVER "forever"

typedef struct vdc_native_params {
    const char *segments; /* CSV of load segments, or NULL */
    int progress;
    const char *operations; /* CSV of lifecycle operations, or NULL */
} vdc_native_params;

/* The source with the operations of that file (native_operations.c); takes `inner` over, also on failure. `row` gives the number in the file of the
 * VM that was read last, from 0: those that were left out as malformed count. */
typedef int64_t vdc_native_row(const vdc_source *source);
vdc_native_row vdc_native_csv_row, vdc_native_hdf5_row;
vdc_code vdc_native_with_operations(vdc_source *inner, vdc_native_row *row, const char *path, const vdc_workload_context *context,
                                    vdc_source **source, vdc_diag *diag);

extern const vdc_workload_type vdc_workload_native;

vdc_code vdc_native_csv_open(const vdc_native_params *params, const char *path, const vdc_workload_context *context,
                             vdc_source **source, vdc_diag *diag);

#endif
