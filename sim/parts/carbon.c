/* Carbon of the facility's energy; the intensity follows a trace. */
#include "sim/parts/part.h"

typedef struct carbon_state {
    double previous; /* g at the last tick, without PUE */
} carbon_state;

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    bool wanted = sim->parts[VDC_PART_power] && sim->scenario->carbon.count > 0;
    if (wanted && !(sim->parts[VDC_PART_carbon] = vdc_calloc(1, sizeof(carbon_state)))) return vdc_no_memory(diag, "carbon");
    return VDC_OK;
}

static void close(vdc_simulation *sim) { vdc_free(sim->parts[VDC_PART_carbon]); }

static const vdc_column tick_columns[] = {
    {"carbon_intensity", "g/kWh", "carbon intensity at the end of the tick", VDC_CELL_REAL, NULL, 1},
    {"carbon", "g", "carbon of the facility in the tick", VDC_CELL_REAL, NULL, 1},
};

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    carbon_state *state = sim->parts[VDC_PART_carbon];
    double carbon = vdc_datacenter_carbon_grams(&sim->datacenter);
    (void)entity;
    vdc_row_real(row, sim->datacenter.carbon_intensity);
    vdc_row_real(row, (carbon - state->previous) * sim->scenario->pue);
    state->previous = carbon;
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    vdc_summary_real(s, "carbon_g", vdc_datacenter_carbon_grams(&sim->datacenter) * sim->scenario->pue, "g", "carbon of the facility");
}

const vdc_part vdc_part_carbon = {
    .name = "carbon", .open = open, .close = close, .summary = summary,
    .ticks = {tick_columns, sizeof tick_columns / sizeof *tick_columns, .row = tick},
};
