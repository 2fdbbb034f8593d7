/* Live migration in a run: models/migration.h over the bandwidth that there is.
 *
 * The target is reserved from the start (a second part, models/lifecycle.h) and given back when the migration is given up; the source is
 * free from the switch on, after post-copy when everything has been fetched. At any instant the VM executes on one host at most: T and energy
 * are where that is. Migrations share what their hosts have for it; when one begins or ends, those that share with it go on at another rate. Where
 * the scenario has a fabric each is a flow on it, beside all others, from host to host; its rate is what the flow has.
 */
#ifndef VDC_SIM_MIGRATIONS_H
#define VDC_SIM_MIGRATIONS_H

#include "models/migration.h"
#include "sim/simulation.h"

/* One in flight. */
typedef struct vdc_move {
    bool used, switched;         /* the slot of the table is taken; the VM is where it goes */
    uint32_t vm, from, to;
    vdc_migration_plan plan;
    vdc_migration state;
    vdc_request request;         /* what it becomes where it goes */
    bool resizes, frozen;        /* it becomes another size; it stands still since `stopped` */
    vdc_time stopped;
    uint64_t gpu_devices, numa_nodes; /* there */
    int64_t rate;                /* B/s now */
    uint32_t flow;               /* that carries it over the fabric; VDC_NO_FLOW = none now */
    bool stalled;                /* it has nothing at the moment */
    vdc_wide left;               /* byte·ns of the stretch still to be sent */
    vdc_time since, stretch_begin, began;
    int64_t overhead;            /* Hz of the hypervisor on the host where the VM is not */
    vdc_event_handle event, timeout;
    uint32_t next_out, next_in;  /* of the migrations from the same host and to the same host, the next larger number */
} vdc_move;

/* One that was asked for and waits until fewer are under way. */
typedef struct vdc_wish {
    uint32_t vm, host;           /* VDC_NOWHERE: where the placement policy says then */
    int mode;
    int64_t number, id;          /* of the VM's request */
} vdc_wish;

typedef struct vdc_moves {
    vdc_move *items;
    size_t count, capacity;      /* slots ever used */
    uint32_t in_flight, first_free; /* no slot below it is free */
    uint32_t *out, *in;          /* [host] migrations that send and receive */
    uint32_t *first_out, *first_in; /* [host] the first of them, VDC_NOWHERE = none */
    vdc_wish *wishes;            /* in the order in which they were asked for */
    size_t wish_count, wish_capacity;
    bool limited;                /* the latest refusal was for the number of migrations under way */
    bool taking_turns;           /* an event of this instant looks at the wishes */
    bool over_fabric;            /* transfers are flows on the fabric of the scenario */
    vdc_flow_user user;          /* with over_fabric: is told of their rates */
    uint32_t *links;             /* with over_fabric: [2 host] what a host's migrations may send together, + 1 receive; VDC_NO_LINK = not yet made */
    int64_t started, done, aborted;
    vdc_wide sent;               /* bytes of stretches that are over */
    vdc_wide carried;            /* byte·ns that the network carried for them */
    vdc_wide slack;              /* byte·ns by which the last ns of those stretches may exceed their bytes */
    vdc_time downtime;           /* ns that VMs stood still, up to now but for those that do */
    vdc_wide blackout;           /* milli-vCPU·ns of it */
} vdc_moves;

/* Why the VM may not move to that host now, as `request` (its own, or resized), or NULL. For VDC_NOWHERE: why it may not move at all. */
const char *vdc_migration_refusal(vdc_simulation *simulation, uint32_t slot, uint32_t host, const vdc_request *request);
/* Begins to move it. VDC_NOWHERE: to where the placement policy says. `mode` -1: as the scenario says. `resized` NULL: as it is. *refusal = NULL
 * when it has begun, else why not; the state is then as it was. */
vdc_code vdc_migrate(vdc_simulation *simulation, uint32_t slot, uint32_t host, int mode, const vdc_request *resized, const char **refusal,
                     vdc_diag *diag);
/* As vdc_migrate; but where only the limits on migrations at a time are in the way, it waits for its turn. Whenever a migration has ended those that wait
 * are tried in the order in which they were asked for, before anything else is asked for at that instant; one that must still wait holds up no other. What is
 * wrong by then is told to the log. A VM waits once. */
vdc_code vdc_migrate_in_turn(vdc_simulation *simulation, uint32_t slot, uint32_t host, int mode, const char **refusal, vdc_diag *diag);
/* The placement policy's host for a VM, as `request`, that is another one than its own. */
vdc_code vdc_choose_elsewhere(vdc_simulation *simulation, uint32_t slot, const vdc_request *request, vdc_decision *decision, bool *found, vdc_diag *diag);
/* Takes a VM off its host and puts it on the one that was decided on, all at this instant, and as `resized` where that is not NULL. It comes there as
 * one that runs and asks for nothing; its events wait on. */
vdc_code vdc_shift(vdc_simulation *simulation, uint32_t slot, const vdc_decision *to, const vdc_request *resized, vdc_diag *diag);
/* Gives up the migration of a VM, which stays where it runs; nothing happens when there is none. After the switch it cannot be given up: false. */
bool vdc_migration_abort(vdc_simulation *simulation, uint32_t slot, const char *why, vdc_diag *diag);
/* The VM leaves its host for another reason: its migration is given up, or what it left behind is. */
void vdc_migration_ends(vdc_simulation *simulation, uint32_t slot);
/* An event of the part `migration`. */
vdc_code vdc_migration_event(vdc_simulation *simulation, uint32_t subject, vdc_diag *diag);
/* PDM: CPU that VMs asked for and lost to migrations, over all that they asked for. Ledgers must have been advanced. */
double vdc_migration_degradation(const vdc_simulation *simulation);
vdc_code vdc_moves_open(vdc_simulation *simulation, vdc_moves *moves, vdc_diag *diag);
void vdc_moves_close(vdc_moves *moves);

#endif
