/* Activities: what VMs do again and again beside their CPU load, by a vdc_io_pattern: streams that begin and end, messages that are sent.
 * They run from the VM's boot until it leaves its host. Shared by networks and disks. */
#ifndef VDC_PARTS_ACTIVITY_H
#define VDC_PARTS_ACTIVITY_H

#include "sim/parts/part.h"

typedef struct vdc_activity {
    const vdc_io_pattern *pattern;
    uint32_t slot;                /* the VM; VDC_NOWHERE = an unused entry */
    uint32_t item;                /* which of its profile's */
    uint32_t next;                /* of the VM, or unused */
    uint32_t stream;              /* the user's: what carries it out now; VDC_NOWHERE = nothing */
    uint64_t times;               /* it began so often */
    vdc_event_handle event;
    bool on;                      /* a stream that runs */
} vdc_activity;

typedef struct vdc_activities {
    vdc_part_id part;             /* its events are the part's; subject = the activity */
    vdc_code (*begin)(vdc_simulation *simulation, uint32_t activity, vdc_diag *diag); /* the stream begins, the message is to be sent */
    vdc_code (*end)(vdc_simulation *simulation, uint32_t activity, vdc_diag *diag);   /* the stream ends */
    vdc_activity *items;
    size_t count, capacity;
    uint32_t unused;              /* head of a list */
    uint32_t *first;              /* [slot] of the VM's */
    size_t slots;
} vdc_activities;

void vdc_activities_setup(vdc_activities *activities, vdc_part_id part, vdc_code (*begin)(vdc_simulation *, uint32_t, vdc_diag *),
                          vdc_code (*end)(vdc_simulation *, uint32_t, vdc_diag *));
void vdc_activities_free(vdc_activities *activities);
/* The VM boots now: the pattern, which must outlive the activity, begins to run. */
vdc_code vdc_activities_start(vdc_activities *activities, vdc_simulation *simulation, uint32_t slot, uint32_t item, const vdc_io_pattern *pattern,
                              vdc_diag *diag);
vdc_code vdc_activities_event(vdc_activities *activities, vdc_simulation *simulation, uint32_t activity, vdc_diag *diag);
/* The VM's one of that item ends. */
vdc_code vdc_activities_stop_item(vdc_activities *activities, vdc_simulation *simulation, uint32_t slot, uint32_t item, vdc_diag *diag);
/* All of the VM's end. */
vdc_code vdc_activities_stop(vdc_activities *activities, vdc_simulation *simulation, uint32_t slot, vdc_diag *diag);

#endif
