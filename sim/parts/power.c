/* Power and energy of the hosts. */
#include "sim/parts/part.h"
#include "sim/results/totals.h"

typedef struct power_state {
    vdc_wide previous; /* pW·ns at the last tick */
} power_state;

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    bool powered = false;
    for (uint16_t k = 0; k < sim->datacenter.hosts.class_count; k++) powered = powered || sim->datacenter.hosts.classes[k].power.model;
    if (powered && !(sim->parts[VDC_PART_power] = vdc_calloc(1, sizeof(power_state)))) return vdc_no_memory(diag, "energy");
    return VDC_OK;
}

static void close(vdc_simulation *sim) { vdc_free(sim->parts[VDC_PART_power]); }

static const vdc_column tick_columns[] = {
    {"power", "W", "power of all hosts at the end of the tick", VDC_CELL_REAL, NULL, 1},
    {"energy", "J", "energy of all hosts in the tick", VDC_CELL_REAL, NULL, 1},
};

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    power_state *state = sim->parts[VDC_PART_power];
    (void)entity;
    vdc_row_real(row, vdc_wide_over(sim->datacenter.power_now, (vdc_wide)1000000000000));
    vdc_row_real(row, vdc_joules(sim->datacenter.energy - state->previous));
    state->previous = sim->datacenter.energy;
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    double energy = vdc_joules(sim->datacenter.energy);
    vdc_summary_real(s, "energy_j", energy, "J", "energy of all hosts");
    vdc_summary_real(s, "facility_energy_j", energy * sim->scenario->pue, "J", "energy of the facility: hosts x PUE");
}

const vdc_part vdc_part_power = {
    .name = "power", .open = open, .close = close, .summary = summary,
    .ticks = {tick_columns, sizeof tick_columns / sizeof *tick_columns, .row = tick},
};
