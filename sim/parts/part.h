/* Parts: what a scenario may add to the plain datacenter, each in a file of its own.
 *
 * Power, GPUs, isolation, ...: a part may have state of its own, events of its own, and columns and keys of its own in the result
 * file. Its file and its row in VDC_PARTS are all that the run loop and the results know of it. Of a part that a scenario does not
 * ask for nothing is kept, called, written or paid for.
 */
#ifndef VDC_PARTS_PART_H
#define VDC_PARTS_PART_H

#include "sim/simulation.h"

/* The cells of a row of a result table, in the order of its columns. */
typedef struct vdc_row {
    vdc_cell *cells;
    size_t count;
} vdc_row;

static inline void vdc_row_real(vdc_row *row, double value) { row->cells[row->count++].real = value; }
static inline void vdc_row_integer(vdc_row *row, int64_t value) { row->cells[row->count++].integer = value; }
static inline void vdc_row_text(vdc_row *row, const char *value) { row->cells[row->count++].text = value; }

/* The columns that a part adds to one of the tables. */
typedef struct vdc_part_columns {
    const vdc_column *columns;
    size_t count;
    /* How many of them, the first ones, this run has; NULL = all. */
    size_t (*used)(const vdc_simulation *simulation);
    /* Puts the cells of those columns. `entity`: the VM's slot, the host, the tenant; of no meaning for ticks, whose counts begin anew
     * with each call. Called once a row. */
    void (*row)(vdc_simulation *simulation, uint32_t entity, vdc_row *row);
} vdc_part_columns;

/* The summary while it is gathered; the first failure sticks and later calls do nothing. Texts must outlive the simulation's summary. */
typedef struct vdc_summary {
    vdc_simulation *simulation;
    vdc_diag *diag;
    vdc_code code;
} vdc_summary;

void vdc_summary_real(vdc_summary *summary, const char *key, double value, const char *units, const char *name);
void vdc_summary_integer(vdc_summary *summary, const char *key, int64_t value, const char *name); /* a count: its unit is 1 */
void vdc_summary_amount(vdc_summary *summary, const char *key, int64_t value, const char *units, const char *name);
void vdc_summary_text(vdc_summary *summary, const char *key, const char *value, const char *name);

struct vdc_part {
    const char *name;
    /* Makes simulation->parts[id] when the scenario asks for the part. Hosts, workload, policies and isolation stand; the datacenter's
     * accounts are laid out afterwards, so that efficiencies and resources with accounts of their own are asked for here. May be NULL. */
    vdc_code (*open)(vdc_simulation *simulation, vdc_diag *diag);
    /* Frees simulation->parts[id]; also called when there is none. */
    void (*close)(vdc_simulation *simulation);
    /* Does the run have it? Asked when all is assembled, and then remembered; NULL = when it has state. */
    bool (*present)(const vdc_simulation *simulation);
    /* Before the first event, at time 0. May be NULL. */
    vdc_code (*begin)(vdc_simulation *simulation, vdc_diag *diag);
    /* An event that it scheduled (vdc_part_schedule). */
    vdc_code (*event)(vdc_simulation *simulation, uint32_t subject, vdc_diag *diag);
    /* A VM has come to its host and holds what it asked for; its load begins after this. May be NULL. */
    vdc_code (*placed)(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
    /* It boots: what it was held for (boot_holds) is done, its load begins after this. May be NULL. */
    vdc_code (*booted)(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
    /* It stands still on its host until `booted` is called again. May be NULL. */
    void (*halted)(vdc_simulation *simulation, uint32_t slot);
    /* A VM is about to leave its host: everything is still as it was while it ran. By simulation->transit it may go on at once, there or elsewhere
     * (placed, without booted). May be NULL. */
    void (*removing)(vdc_simulation *simulation, uint32_t slot);
    /* A VM is gone for good: its final row is written. May be NULL. */
    void (*left)(vdc_simulation *simulation, uint32_t slot);
    /* Its integrals are brought up to the clock: before a tick's row, the final rows and the summary. May be NULL. */
    void (*advance)(vdc_simulation *simulation);
    /* A tick ends; integrals are brought up to it. May be NULL. */
    vdc_code (*tick)(vdc_simulation *simulation, vdc_diag *diag);
    /* Under --check, once a tick. May be NULL. */
    void (*check)(vdc_simulation *simulation, vdc_checks *checks);

    vdc_part_columns ticks, vms, hosts, tenants;
    void (*summary)(vdc_simulation *simulation, vdc_summary *summary);
    /* Tables of its own, at the end of the run. May be NULL. */
    vdc_code (*tables)(vdc_simulation *simulation, vdc_record *record, vdc_diag *diag);
};

/* The registry, in the order of their columns and keys. The row `name` stands for `const vdc_part vdc_part_name`, defined in sim/parts/name.c. */
#define VDC_PART_DECLARATION(name) extern const vdc_part vdc_part_##name;
VDC_PARTS(VDC_PART_DECLARATION)
#undef VDC_PART_DECLARATION
extern const vdc_part *const vdc_parts[VDC_PART_COUNT];

/* All parts in turn. */
vdc_code vdc_parts_open(vdc_simulation *simulation, vdc_diag *diag);
/* Once all is assembled: which of them the run has. */
void vdc_parts_settle(vdc_simulation *simulation);
void vdc_parts_close(vdc_simulation *simulation);
/* Those that the run has. */
vdc_code vdc_parts_begin(vdc_simulation *simulation, vdc_diag *diag);
vdc_code vdc_parts_placed(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
vdc_code vdc_parts_booted(vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);
/* A failure is kept in simulation->part_failure: the run ends with it at its next step. */
void vdc_parts_removing(vdc_simulation *simulation, uint32_t slot);
void vdc_parts_halted(vdc_simulation *simulation, uint32_t slot);
void vdc_parts_left(vdc_simulation *simulation, uint32_t slot);
void vdc_parts_advance(vdc_simulation *simulation);
vdc_code vdc_parts_tick(vdc_simulation *simulation, vdc_diag *diag);
void vdc_parts_check(vdc_simulation *simulation);
vdc_code vdc_parts_event(vdc_simulation *simulation, const vdc_event *event, vdc_diag *diag);

/* Schedules an event of the part; handle may be NULL. */
vdc_code vdc_part_schedule(vdc_simulation *simulation, vdc_part_id part, vdc_time time, vdc_rank rank, uint32_t subject,
                           vdc_event_handle *handle, vdc_diag *diag);

#endif
