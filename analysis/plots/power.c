/* Power, energy and the carbon intensity of the grid over time. */
#include "analysis/plots/curves.h"

static const vdc_curve_panel panels[] = {
    /* The mean power of an interval is its energy over its length: exact, where a value at the tick's end is a sample. */
    {.title = "Power of all hosts",
     .units = "W",
     .area = true,
     .curves = {{.path = "/ticks/energy", .value = VDC_INTERVAL_RATE}}},
    {.title = "Energy so far", .units = "J", .curves = {{.path = "/ticks/energy", .total = true}}},
    {.title = "Carbon intensity of the grid (g/kWh)",
     .curves = {{.path = "/ticks/carbon_intensity", .value = VDC_INTERVAL_MEAN, .held = true}}},
    {.title = "Carbon so far", .units = "g", .curves = {{.path = "/ticks/carbon", .total = true}}},
};

static vdc_code draw(vdc_picture *picture, const vdc_runs *runs, size_t index, vdc_diag *diag)
{
    return vdc_curves_draw(picture, runs, index, "Power and energy", panels, sizeof panels / sizeof *panels,
                           "the run recorded no energy: no host class of its scenario has a power model", diag);
}

const vdc_plot_kind vdc_plot_power = {.name = "power", .summary = "power, energy and carbon over time", .draw = draw};
