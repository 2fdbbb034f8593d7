/* VMs over time: how many run, how many wait, how many came and went so far. */
#include "analysis/plots/curves.h"

static const vdc_curve_panel panels[] = {
    {.title = "VMs running", .area = true, .curves = {{.path = "/ticks/vms_running", .value = VDC_INTERVAL_MEAN, .held = true}}},
    {.title = "VMs waiting", .area = true, .curves = {{.path = "/ticks/vms_queued", .value = VDC_INTERVAL_LARGEST, .held = true}}},
    {.title = "VMs so far", .curves = {
        {.path = "/ticks/arrivals", .title = "arrived", .total = true},
        {.path = "/ticks/placed", .title = "placed", .total = true},
        {.path = "/ticks/completed", .title = "completed", .total = true},
        {.path = "/ticks/rejected", .title = "rejected", .total = true, .optional = true},
    }},
};

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    return vdc_curves_draw(picture, runs, index, "VMs running, waiting, coming and going", panels, sizeof panels / sizeof *panels,
                           "the ticks hold no counts of VMs", diag);
}

const vdc_plot_kind vdc_plot_queue = {.name = "queue",
                                      .summary = "VMs running and waiting, and how many came and went",
                                      .draw = draw};
