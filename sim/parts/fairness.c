/* How much slower VMs were than they would have been alone, and how evenly that is spread over them (output.fairness).
 *
 * Of what a VM asked for of the CPU, D, as much as U became progress; its slowdown is 1 - U / D (models.md 4.9). Fairness is Jain's index of the
 * shares x = U / D, (sum x)^2 / (n sum x^2): 1 when all VMs get the same share of what they ask for, 1 / n when one gets everything
 * (Jain, Chiu, Hawe, "A quantitative measure of fairness and discrimination for resource allocation in shared computer systems", DEC-TR-301,
 * 1984). VMs that asked for nothing do not count.
 */
#include <math.h>

#include "sim/parts/part.h"

typedef struct fairness_state {
    double vms, shares, squares, least;  /* over VMs that are gone: how many, sum and sum of squares of x, the smallest */
} fairness_state;

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    if (!sim->scenario->output_fairness) return VDC_OK;
    fairness_state *state = sim->parts[VDC_PART_fairness] = vdc_calloc(1, sizeof *state);
    if (!state) return vdc_no_memory(diag, "the fairness between VMs");
    state->least = 1;
    sim->datacenter.track_vms = true;
    return VDC_OK;
}

static void close(vdc_simulation *sim) { vdc_free(sim->parts[VDC_PART_fairness]); }

/* x of a VM, with the stay that it is in; NAN = it has asked for nothing. */
static double share_of(const vdc_datacenter *dc, uint32_t slot) {
    const vdc_vm_totals *totals = &vdc_vm_details_known(dc, slot)->totals;
    double asked = totals->run + totals->ready + totals->throttled, used = totals->used;
    uint32_t h = dc->vms[slot].host;
    if (h != VDC_NOWHERE) {
        vdc_wide thread_second = (vdc_wide)dc->hosts.classes[dc->hosts.class_of[h]].speed * VDC_SECOND;
        vdc_wide granted = vdc_ledger_sum(&dc->vm_ledger, slot, VDC_FLOW_GRANTED), lost = vdc_ledger_sum(&dc->vm_ledger, slot, VDC_FLOW_LOST);
        asked += vdc_wide_over(vdc_ledger_sum(&dc->vm_ledger, slot, VDC_FLOW_DEMAND), thread_second);
        used += vdc_wide_over(dc->efficiency_count ? vdc_ledger_sum(&dc->vm_ledger, slot, VDC_FLOW_USED) : granted - lost, thread_second);
    }
    return asked > 0 ? used / asked : NAN;
}

static void count(fairness_state *state, double share) {
    if (isnan(share)) return;
    state->vms += 1;
    state->shares += share;
    state->squares += share * share;
    if (share < state->least) state->least = share;
}

static void left(vdc_simulation *sim, uint32_t slot) { count(sim->parts[VDC_PART_fairness], share_of(&sim->datacenter, slot)); }

static const vdc_column vm_columns[] = {
    {"slowdown", "1", "share of the CPU asked for that did not become progress", VDC_CELL_REAL, NULL, 1},
};

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) { vdc_row_real(row, 1 - share_of(&sim->datacenter, slot)); }

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const vdc_datacenter *dc = &sim->datacenter;
    fairness_state all = *(const fairness_state *)sim->parts[VDC_PART_fairness];
    for (uint32_t slot = 0; slot < dc->vm_count; slot++)
        if (dc->vms[slot].state != VDC_VM_FREE && dc->vms[slot].state != VDC_VM_HELD) count(&all, share_of(dc, slot));
    bool any = all.vms > 0;
    vdc_summary_real(s, "slowdown_mean", any ? 1 - all.shares / all.vms : NAN, "1", "share of the CPU asked for that did not become progress, mean over VMs");
    vdc_summary_real(s, "slowdown_max", any ? 1 - all.least : NAN, "1", "the same of the VM that suffered most");
    vdc_summary_real(s, "fairness", all.squares > 0 ? all.shares * all.shares / (all.vms * all.squares) : NAN, "1",
                     "Jain's index over VMs of the share of the CPU asked for that became progress");
}

const vdc_part vdc_part_fairness = {
    .name = "fairness", .open = open, .close = close, .left = left, .summary = summary,
    .vms = {vm_columns, sizeof vm_columns / sizeof *vm_columns, .row = vm_row},
};
