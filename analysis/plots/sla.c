/* Energy against the service that VMs got: SLA violation, else steal, else waiting. */
#include "analysis/plots/scatter.h"

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    static const char *const energy[] = {"facility_energy_j", "energy_j", NULL};
    static const char *const service[] = {"slav", "slatah", "ready_core_s", "cpu_steal_s", "wait_p99_s", "wait_total_s", NULL};
    (void)index;
    return vdc_scatter_draw(picture, runs, "Energy against service", energy, service,
                            "the runs do not differ in both energy (is there a power model?) and service (SLA violation, steal, "
                            "waiting)",
                            diag);
}

const vdc_plot_kind vdc_plot_sla = {
    .name = "sla",
    .summary = "energy against SLA violation, with the best trade-offs",
    .joint = true,
    .least_groups = 2,
    .draw = draw,
};
