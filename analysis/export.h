/* Tables of a result file as CSV (RFC 4180), written as they are read: memory does not grow with the table. */
#ifndef VDC_ANALYSIS_EXPORT_H
#define VDC_ANALYSIS_EXPORT_H

#include "analysis/result.h"

/* Takes the next piece of the text; false ends the export with VDC_ERROR_IO (the sink knows why). */
typedef bool (*vdc_export_sink)(void *user, const char *bytes, size_t size);

/* `table` is "summary" (key, value, units, long_name) or a group: "ticks", "vms", "hosts", "tenants", "events", "checks". A
 * column is named after its dataset; one with a second axis becomes a column for each of its names ("P_cpu", "P_memory").
 * Datasets of the group along another axis are left out. Numbers read back as they were; NaN is an empty field. Errors: no such
 * table. */
vdc_code vdc_export_table(const vdc_result *result, const char *table, vdc_export_sink sink, void *user, vdc_diag *diag);

#endif
