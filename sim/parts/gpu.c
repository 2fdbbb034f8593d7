/* GPUs: what is held of them, and what lies idle in pieces that nobody typical for the workload can use. */
#include "sim/parts/part.h"

static bool present(const vdc_simulation *sim) { return sim->datacenter.hosts.free[VDC_GPU] != NULL; }

static const vdc_column tick_columns[] = {
    {"gpu_arrived_milli", "milli-GPU", "GPU asked for by all arrivals so far", VDC_CELL_INTEGER, NULL, 1},
    {"gpu_allocated_milli", "milli-GPU", "GPU held by VMs at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
    {"gpu_fragmented_milli", "milli-GPU", "idle GPU that VMs typical for the workload could not use, at the end of the tick", VDC_CELL_REAL, NULL, 1},
};

/* Fragmentation is only known where it is known what VMs are typical. */
static size_t used(const vdc_simulation *sim) { return sim->gpu_mix.count ? 3 : 2; }

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    (void)entity;
    vdc_row_integer(row, sim->gpu_arrived);
    vdc_row_integer(row, sim->datacenter.gpu_allocated);
    if (sim->gpu_mix.count) vdc_row_real(row, vdc_gpu_fragmentation_total(&sim->fragmentation));
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    vdc_summary_amount(s, "gpu_allocated_milli", sim->datacenter.gpu_allocated, "milli-GPU", "GPU held by VMs at the end");
    if (sim->gpu_mix.count)
        vdc_summary_real(s, "gpu_fragmented_milli", vdc_gpu_fragmentation_total(&sim->fragmentation), "milli-GPU",
                         "idle GPU that VMs typical for the workload could not use, at the end");
}

const vdc_part vdc_part_gpu = {
    .name = "gpu", .present = present, .summary = summary,
    .ticks = {tick_columns, sizeof tick_columns / sizeof *tick_columns, used, tick},
};
