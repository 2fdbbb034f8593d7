/* What the files of sim/results/ share. */
#ifndef VDC_RESULTS_INTERNAL_H
#define VDC_RESULTS_INTERNAL_H

#include "sim/parts/part.h"
#include "sim/results/results.h"
#include "sim/results/totals.h"

/* What a running VM asks for and gets at the end of a tick. */
typedef struct vdc_vm_sample {
    size_t number, tick;
    int64_t demand, granted;
} vdc_vm_sample;

struct vdc_results {
    vdc_record *record;
    vdc_table *ticks, *vms, *hosts, *host_ticks, *events;
    vdc_wide *previous;          /* [class x flow] at the last tick */
    int64_t previous_violations; /* at the last tick */
    vdc_cell *tick_cells, *vm_cells, *host_cells, *host_tick_cells; /* a row of each table that there is */
    /* output.vms: every-tick. A VM's rows begin with its arrival, so they can only be laid out at the end. */
    vdc_vm_sample *samples;      /* of every VM that ran at a tick's end */
    size_t sample_count, sample_capacity;
    size_t *first_ticks;         /* [VM] the tick that it arrived in */
    size_t first_tick_count, first_tick_capacity, sampled_ticks;
};

/* Which of a part's tables is meant: &part->ticks, ... */
typedef const vdc_part_columns *vdc_part_table(const vdc_part *part);
vdc_part_table vdc_part_ticks, vdc_part_vms, vdc_part_hosts, vdc_part_tenants;

/* The table's own columns and those of the run's parts, in fresh memory; *cells gets room for a row where it is not NULL. NULL when memory is out. */
vdc_column *vdc_results_columns(const vdc_simulation *simulation, const vdc_column *own, size_t own_count, vdc_part_table *table,
                                size_t *count, vdc_cell **cells);
/* The parts' cells of a row. */
void vdc_results_part_cells(vdc_simulation *simulation, vdc_part_table *table, uint32_t entity, vdc_row *row);

/* ticks.c */
vdc_code vdc_results_open_ticks(vdc_simulation *simulation, vdc_diag *diag);
/* vms.c */
vdc_code vdc_results_open_vms(vdc_simulation *simulation, vdc_diag *diag);
vdc_code vdc_results_sample_vms(vdc_simulation *simulation, vdc_diag *diag);
/* The VMs that are still there when the run ends, and output.vms: every-tick. */
vdc_code vdc_results_write_vms(vdc_simulation *simulation, vdc_diag *diag);
vdc_code vdc_results_write_vm_ticks(vdc_simulation *simulation, vdc_diag *diag);
/* tenants.c */
vdc_code vdc_results_add_to_tenant(vdc_simulation *simulation, uint32_t slot, vdc_vm_state state, vdc_diag *diag);
vdc_code vdc_results_write_tenants(vdc_simulation *simulation, vdc_diag *diag);
/* hosts.c */
vdc_code vdc_results_open_hosts(vdc_simulation *simulation, vdc_diag *diag);
vdc_code vdc_results_sample_hosts(vdc_simulation *simulation, vdc_diag *diag);
vdc_code vdc_results_write_hosts(vdc_simulation *simulation, vdc_diag *diag);
/* summary.c */
vdc_code vdc_results_write_summary(vdc_simulation *simulation, vdc_diag *diag);

#endif
