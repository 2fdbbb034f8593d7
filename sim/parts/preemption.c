/* Preemption: VMs displaced by others of higher priority. */
#include "sim/parts/part.h"

static bool present(const vdc_simulation *sim) { return sim->scenario->preemption.wanted; }

static void summary(vdc_simulation *sim, vdc_summary *s) {
    vdc_summary_integer(s, "preemptions", sim->displaced, "times that a VM was displaced by one of higher priority");
    vdc_summary_real(s, "preemption_lost_core_s", vdc_wide_over(sim->displaced_work, (vdc_wide)1000 * VDC_SECOND), "core s",
                     "vCPU time of displaced VMs since their start or, where they start again, their last checkpoint");
}

const vdc_part vdc_part_preemption = {.name = "preemption", .present = present, .summary = summary};
