/* The hypervisor's CPU scheduler, where it says how long a VM runs at a time: how long vCPUs wait for a thread, and deadlines.
 *
 * The expected wait of a waking vCPU (models.md 4.1.5) is quantum x (runnable - threads) / threads on a host where more want to run than
 * there are threads; the mean of that over all threads is quantum x ready / (threads x time), so it costs nothing to keep. Schedulers that
 * go slice by slice say besides how long VMs really waited.
 */
#include "sim/parts/part.h"
#include "sim/results/results.h"
#include "sim/results/totals.h"

typedef struct hypervisor_state {
    double previous;            /* core·s ready at the last tick */
    int64_t previous_misses;
    uint32_t *missed;           /* [slot] deadlines of the VM */
    size_t missed_capacity;
} hypervisor_state;

static int64_t quantum_of(const vdc_simulation *sim) { return sim->cpu.policy->cpu.quantum(sim->cpu.state); }

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    if (sim->cpu.policy->cpu.quantum && !(sim->parts[VDC_PART_hypervisor] = vdc_calloc(1, sizeof(hypervisor_state))))
        return vdc_no_memory(diag, "the hypervisors");
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    hypervisor_state *state = sim->parts[VDC_PART_hypervisor];
    if (state) vdc_free(state->missed);
    vdc_free(state);
}

static vdc_code placed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    hypervisor_state *state = sim->parts[VDC_PART_hypervisor];
    if (!sim->datacenter.slices) return VDC_OK;
    if (!VDC_RESERVE(state->missed, state->missed_capacity, slot + (size_t)1)) return vdc_no_memory(diag, "the hypervisors");
    vdc_time first = sim->datacenter.records[slot].first_start;
    if (first < 0 || first == sim->datacenter.now) state->missed[slot] = 0;
    return VDC_OK;
}

vdc_code vdc_hypervisor_settled(vdc_simulation *sim, vdc_diag *diag) {
    vdc_slices *slices = sim->datacenter.slices;
    hypervisor_state *state = sim->parts[VDC_PART_hypervisor];
    vdc_code code = VDC_OK;
    for (size_t i = 0; i < slices->miss_count && !code; i++) {
        uint32_t slot = slices->misses[i].slot;
        state->missed[slot] += slices->misses[i].count;
        code = vdc_results_event(sim, "deadline missed", sim->datacenter.records[slot].request.id, sim->datacenter.vms[slot].host, diag);
    }
    slices->miss_count = 0;
    return code;
}

static double ready_core_s(const vdc_datacenter *dc) {
    double sum = 0;
    for (size_t k = 0; k < dc->class_ledger.count; k++)
        sum += vdc_wide_over(vdc_class_flow(dc, k, VDC_FLOW_CEILING) - vdc_class_flow(dc, k, VDC_FLOW_GRANTED),
                             (vdc_wide)dc->hosts.classes[k].speed * VDC_SECOND);
    return sum;
}

/* Seconds, over a span of so many core·s ready. */
static double latency(const vdc_simulation *sim, double ready, vdc_time span) {
    double threads = 0;
    for (uint16_t k = 0; k < sim->datacenter.hosts.class_count; k++)
        threads += (double)sim->datacenter.hosts.classes[k].physical[VDC_CPU] * sim->datacenter.hosts.classes[k].count / 1000;
    return threads > 0 && span > 0 ? vdc_seconds(quantum_of(sim)) * ready / (threads * vdc_seconds(span)) : 0;
}

static const vdc_column tick_columns[] = {
    {"dispatch_latency", "s", "expected wait of a waking vCPU for a thread, mean over all threads in the tick", VDC_CELL_REAL, NULL, 1},
    {"deadline_misses", "1", "deadlines missed in the tick", VDC_CELL_INTEGER, NULL, 1},
};

static size_t tick_columns_used(const vdc_simulation *sim) { return sim->datacenter.slices ? 2 : 1; }

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    hypervisor_state *state = sim->parts[VDC_PART_hypervisor];
    const vdc_slices *slices = sim->datacenter.slices;
    (void)entity;
    double ready = ready_core_s(&sim->datacenter);
    vdc_row_real(row, latency(sim, ready - state->previous, sim->datacenter.now - (sim->next_tick - sim->tick_length)));
    state->previous = ready;
    if (!slices) return;
    vdc_row_integer(row, slices->deadline_misses - state->previous_misses);
    state->previous_misses = slices->deadline_misses;
}

static const vdc_column vm_columns[] = {
    {"deadline_misses", "1", "periods that ended without its whole budget", VDC_CELL_INTEGER, NULL, 1},
};

static size_t vm_columns_used(const vdc_simulation *sim) { return sim->datacenter.slices ? 1 : 0; }

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) {
    const hypervisor_state *state = sim->parts[VDC_PART_hypervisor];
    if (sim->datacenter.slices) vdc_row_integer(row, slot < state->missed_capacity && sim->datacenter.records[slot].first_start >= 0 ? state->missed[slot] : 0);
}

static const vdc_column host_columns[] = {
    {"dispatch_latency", "s", "expected wait of a waking vCPU for a thread, mean over the run", VDC_CELL_REAL, NULL, 1},
};

static void host_row(vdc_simulation *sim, uint32_t h, vdc_row *row) {
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_wide offered = (vdc_wide)dc->hosts.classes[dc->hosts.class_of[h]].cpu_hz * dc->now;
    vdc_wide ready = vdc_ledger_sum(&dc->host_ledger, h, VDC_FLOW_CEILING) - vdc_ledger_sum(&dc->host_ledger, h, VDC_FLOW_GRANTED);
    vdc_row_real(row, offered > 0 ? vdc_seconds(quantum_of(sim)) * vdc_wide_over(ready, offered) : 0);
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const vdc_slices *slices = sim->datacenter.slices;
    vdc_summary_real(s, "dispatch_latency_s", latency(sim, ready_core_s(&sim->datacenter), sim->datacenter.now), "s",
                     "expected wait of a waking vCPU for a thread, mean over all threads");
    if (!slices) return;
    vdc_summary_integer(s, "dispatches", (int64_t)slices->waits.count, "times that a VM got a thread on a contended host");
    vdc_summary_real(s, "dispatch_wait_p50_s", vdc_seconds(vdc_histogram_quantile(&slices->waits, 0.50)), "s", "median of the waits for a thread");
    vdc_summary_real(s, "dispatch_wait_p99_s", vdc_seconds(vdc_histogram_quantile(&slices->waits, 0.99)), "s", "99th percentile of the waits for a thread");
    vdc_summary_real(s, "dispatch_wait_max_s", vdc_seconds(slices->longest_wait), "s", "longest wait for a thread");
    vdc_summary_integer(s, "deadline_misses", slices->deadline_misses, "deadlines missed");
}

#define COLUMNS(array) array, sizeof array / sizeof *array

const vdc_part vdc_part_hypervisor = {
    .name = "hypervisor", .open = open, .close = close, .placed = placed, .summary = summary,
    .ticks = {COLUMNS(tick_columns), tick_columns_used, tick}, .vms = {COLUMNS(vm_columns), vm_columns_used, vm_row},
    .hosts = {COLUMNS(host_columns), .row = host_row},
};
