/* What is short beside the CPU, over time: memory that hosts took back, space of storage pools, what requests to disks wait, the fabric. */
#include "analysis/plots/curves.h"

static const vdc_curve_panel panels[] = {
    {.title = "Memory taken back from VMs",
     .units = "B",
     .curves = {{.path = "/ticks/memory_ballooned", .title = "in balloons", .value = VDC_INTERVAL_LAST, .held = true, .optional = true},
                {.path = "/ticks/memory_swapped", .title = "swapped out", .value = VDC_INTERVAL_LAST, .held = true, .optional = true},
                {.path = "/ticks/memory_shared", .title = "equal pages", .value = VDC_INTERVAL_LAST, .held = true, .optional = true}}},
    {.title = "Space of pools on the network",
     .units = "B",
     .curves = {{.path = "/ticks/storage_held", .title = "promised to volumes", .value = VDC_INTERVAL_LAST, .held = true, .optional = true},
                {.path = "/ticks/storage_taken", .title = "taken", .value = VDC_INTERVAL_LAST, .held = true, .optional = true}}},
    {.title = "What a disk operation takes, mean",
     .units = "s",
     .curves = {{.path = "/ticks/disk_latency", .value = VDC_INTERVAL_MEAN, .optional = true}}},
    {.title = "Load of the fullest link between switches (%)",
     .curves = {{.path = "/ticks/fabric_busiest", .value = VDC_INTERVAL_MEAN, .held = true, .factor = 100, .optional = true}}},
};

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    return vdc_curves_draw(picture, runs, index, "What was short", panels, sizeof panels / sizeof *panels,
                           "the scenario has neither memory that can run short, nor disks, nor a fabric, in use", diag);
}

const vdc_plot_kind vdc_plot_pressure = {
    .name = "pressure", .summary = "memory taken back, space of pools, latency of disks and load of the fabric over time", .draw = draw,
};
