/* What a run looks like right now, for the console, the monitor and programs of others: tables of texts, and gauges. Nothing here changes a run. */
#ifndef VDC_SIM_INSPECT_H
#define VDC_SIM_INSPECT_H

#include "sim/vdcsim.h"

/* A row of a table: its cells, valid during the call. The first call has the columns' names. False: enough. */
typedef bool vdc_list_row(void *context, const char *const *cells, size_t count);

/* The tables that there are ("hosts", "vms", ...), with a word on each. */
typedef struct vdc_list_kind {
    const char *name, *single, *summary; /* "hosts", "host", "..." */
} vdc_list_kind;
/* The i-th, NULL beyond the last. */
const vdc_list_kind *vdc_simulation_list_kind(size_t index);
/* All rows of a table, or with `only` (NULL = all) the one whose first cell is that. VDC_ERROR_INPUT: no table of that name. */
vdc_code vdc_simulation_list(vdc_simulation *simulation, const char *table, const char *only, vdc_list_row *row, void *context, vdc_diag *diag);

/* At this instant. CPU in hardware threads. */
typedef struct vdc_gauges {
    vdc_time now;
    double cores, memory;                      /* of the hosts that are not down */
    double p, t, s, u, ready, demand;          /* CPU committed, running, fenced, in progress; wanted and not given; asked for */
    double p_memory;                           /* bytes committed */
    int64_t hosts, hosts_used, hosts_down, running, queued, down, arrived, completed, rejected;
    bool has_power;
    double power;                              /* W */
    const char *alarms[8];                     /* that are on, in words; valid until the run goes on */
    size_t alarm_count;
} vdc_gauges;
void vdc_simulation_gauges(vdc_simulation *simulation, vdc_gauges *gauges);

#endif
