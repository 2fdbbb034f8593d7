/* What isolation costs: exposure of VMs to other tenants against the price of running them. */
#include "analysis/plots/scatter.h"

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    static const char *const cost[] = {"cost_total", "facility_energy_j", "energy_j", "host_active_s", "hosts_used_max", NULL};
    static const char *const isolation[] = {"exposure_core_pair_s", "exposure_host_pair_s", "violations_hard_vm_s",
                                            "violations_soft_vm_s", NULL};
    (void)index;
    return vdc_scatter_draw(picture, runs, "Cost against isolation", cost, isolation,
                            "the runs do not differ in both a cost and a measure of isolation (exposure, violations of rules)",
                            diag);
}

const vdc_plot_kind vdc_plot_front = {
    .name = "front",
    .summary = "cost against isolation, with the best trade-offs",
    .joint = true,
    .least_groups = 2,
    .draw = draw,
};
