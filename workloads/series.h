/* Small tables that a run reads whole: carbon intensity and the price of energy over time, and host failures (the first and the last
 * in the layouts of OpenDC's CSV files).
 *
 * All are CSV with a header line; columns are found by name, others are ignored; files ending in .gz are inflated. Malformed rows
 * are errors with file and line: a table of this kind has no rows to spare.
 */
#ifndef VDC_WORKLOADS_SERIES_H
#define VDC_WORKLOADS_SERIES_H

#include "sim/base/digest.h"
#include "sim/base/status.h"
#include "sim/base/units.h"

/* A step function of time: value[i] holds from time[i] up to time[i + 1]; the first value reaches backwards, the last forwards. */
typedef struct vdc_series {
    size_t count;
    int64_t *time;   /* ns since 1970, strictly ascending */
    double *value;
} vdc_series;

/* One failure: it strikes `wait` after the previous one's recovery (the first: after the start), hits that share of the hosts
 * and lasts `duration`. */
typedef struct vdc_failure {
    int64_t wait, duration; /* ns, >= 0 */
    int64_t share_ppb;      /* billionths of the hosts, 0 to 1 000 000 000 */
} vdc_failure;

#define VDC_SHARE_ALL INT64_C(1000000000)

typedef struct vdc_failure_list {
    size_t count, capacity;
    vdc_failure *rows;
} vdc_failure_list;

/* Columns timestamp (ms since 1970) and carbon_intensity (g/kWh, >= 0). At least one row. The file is noted in `inputs`
 * (may be NULL). On failure *series is empty. */
vdc_code vdc_carbon_read(const char *path, vdc_inputs *inputs, vdc_series *series, vdc_diag *diag);
/* The same with columns timestamp and price (of a kWh; may be negative). */
vdc_code vdc_energy_price_read(const char *path, vdc_inputs *inputs, vdc_series *series, vdc_diag *diag);
/* The row that holds at `time`: the last one with time[i] <= time, or 0. O(log rows). */
size_t vdc_series_at(const vdc_series *series, int64_t time);
void vdc_series_free(vdc_series *series);

/* Columns failure_interval and failure_duration (ms), failure_intensity (share of the hosts, 0 to 1). */
vdc_code vdc_failures_read(const char *path, vdc_inputs *inputs, vdc_failure_list *list, vdc_diag *diag);
void vdc_failures_free(vdc_failure_list *list);

#endif
