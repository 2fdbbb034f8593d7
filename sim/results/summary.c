/* /summary: what a run comes to, key by key. */
#include "sim/results/internal.h"

static void add(vdc_summary *summary, vdc_value value) {
    vdc_simulation *sim = summary->simulation;
    if (summary->code) return;
    if (VDC_RESERVE(sim->summary, sim->summary_capacity, sim->summary_count + 1)) sim->summary[sim->summary_count++] = value;
    else summary->code = vdc_no_memory(summary->diag, "the summary");
}

void vdc_summary_real(vdc_summary *summary, const char *key, double value, const char *units, const char *name) {
    add(summary, (vdc_value){.key = key, .units = units, .long_name = name, .type = VDC_VALUE_REAL, .real = value});
}

void vdc_summary_integer(vdc_summary *summary, const char *key, int64_t value, const char *name) {
    vdc_summary_amount(summary, key, value, "1", name);
}

void vdc_summary_amount(vdc_summary *summary, const char *key, int64_t value, const char *units, const char *name) {
    add(summary, (vdc_value){.key = key, .units = units, .long_name = name, .type = VDC_VALUE_INTEGER, .integer = value, .real = (double)value});
}

void vdc_summary_text(vdc_summary *summary, const char *key, const char *value, const char *name) {
    add(summary, (vdc_value){.key = key, .units = "1", .long_name = name, .type = VDC_VALUE_TEXT, .text = value});
}

/* What is installed: the yardstick of all shares. Without the hypervisors' reserves and without overcommit. */
static void add_capacity(vdc_summary *s) {
    static const struct { const char *key, *units, *name; } rows[VDC_RESOURCES] = {
        {"capacity_cpu_cores", "1", "hardware threads of all hosts"},      {"capacity_memory_bytes", "byte", "memory of all hosts"},
        {"capacity_disk_bytes", "byte", "disk of all hosts"},              {"capacity_iops", "1/s", "disk operations a second of all hosts"},
        {"capacity_disk_bw", "byte/s", "disk bandwidth of all hosts"},     {"capacity_net_tx", "byte/s", "network bandwidth out of all hosts"},
        {"capacity_net_rx", "byte/s", "network bandwidth into all hosts"}, {"capacity_gpu_milli", "milli-GPU", "GPUs of all hosts"},
    };
    const vdc_hosts *hosts = &s->simulation->datacenter.hosts;
    vdc_summary_integer(s, "hosts", hosts->count, "hosts");
    for (int r = 0; r < VDC_RESOURCES; r++) {
        vdc_wide sum = 0;
        if (!hosts->free[r]) continue;
        for (size_t k = 0; k < hosts->class_count; k++) sum += (vdc_wide)hosts->classes[k].physical[r] * hosts->classes[k].count;
        vdc_summary_real(s, rows[r].key, vdc_wide_over(sum, r == VDC_CPU ? 1000 : 1), rows[r].units, rows[r].name);
    }
}

/* One key per resource in use and quantity. */
static void add_resources(vdc_summary *s, const vdc_totals *sum) {
#define KEYS(prefix) {prefix "cpu_core_s", prefix "memory_byte_s", prefix "disk_byte_s", prefix "iops_ops", \
                      prefix "disk_bw_bytes", prefix "net_tx_bytes", prefix "net_rx_bytes", prefix "gpu_milli_s"}
    const struct { const char *keys[VDC_RESOURCES]; const double *values; const char *name; } quantities[] = {
        {KEYS("P_"), sum->p, "allocation: capacity committed to VMs"},
        {KEYS("G_"), sum->granted, "granted: scheduled service"},
        {KEYS("S_"), sum->fenced, "isolation: capacity fenced off for guarantees"},
        {KEYS("S_waste_"), sum->waste, "fenced beyond what its VMs hold"},
        {KEYS("S_idle_"), sum->fence_idle, "fenced exclusively and not running anything"},
        {KEYS("U_"), sum->used, "utilisation: what turned into useful work"},
    };
#undef KEYS
    for (size_t q = 0; q < sizeof quantities / sizeof *quantities; q++)
        for (int r = 0; r < VDC_RESOURCES; r++)
            if (s->simulation->datacenter.hosts.free[r])
                vdc_summary_real(s, quantities[q].keys[r], quantities[q].values[r], vdc_resource_units[r], quantities[q].name);
}

vdc_code vdc_results_summary(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_datacenter_advance_ledgers(dc);
    vdc_parts_advance(sim);
    vdc_totals sum = vdc_totals_since(dc, NULL, dc->now);
    const vdc_population *p = &sim->population;
    sim->summary_count = 0;
    vdc_summary summary = {.simulation = sim, .diag = diag}, *s = &summary;
    vdc_summary_text(s, "name", sim->scenario->name, "scenario");
    vdc_summary_integer(s, "seed", (int64_t)sim->scenario->seed, "seed of the random streams");
    vdc_summary_real(s, "end_s", vdc_seconds(dc->now), "s", "end of the run");
    vdc_summary_integer(s, "ticks", sim->tick_number + (dc->now > sim->next_tick - sim->tick_length), "ticks, a partial last one included");
    vdc_summary_integer(s, "events", (int64_t)sim->event_count, "events processed");
    vdc_summary_integer(s, "vms_arrived", p->arrived, "VMs that arrived");
    vdc_summary_integer(s, "vms_placed", sim->placed, "VMs placed at least once");
    vdc_summary_integer(s, "vms_completed", p->completed, "VMs whose load or lifetime ended");
    vdc_summary_integer(s, "vms_rejected", p->rejected, "VMs never placed");
    vdc_summary_integer(s, "vms_running", dc->running, "VMs running at the end");
    vdc_summary_integer(s, "vms_queued", sim->waiting.count, "VMs waiting at the end");
    vdc_summary_integer(s, "vms_evicted", p->evicted, "VMs displaced and not restarted");
    vdc_summary_integer(s, "vms_lost", p->lost, "VMs lost with their host");
    vdc_summary_integer(s, "vms_failed", p->failed, "VMs that failed too often");
    vdc_summary_integer(s, "vms_deleted", p->deleted, "VMs deleted by an operation");
    vdc_summary_integer(s, "placements", (int64_t)sim->placement_count, "placements, restarts included");
    add_capacity(s);
    add_resources(s, &sum);
    vdc_summary_real(s, "T_cpu_core_s", sum.granted[VDC_CPU], "core s", "scheduling: hardware-thread time that VMs ran");
    vdc_summary_real(s, "ready_core_s", sum.ready, "core s", "CPU time wanted, allowed and not given");
    vdc_summary_real(s, "throttled_core_s", sum.throttled, "core s", "CPU time wanted and stopped by limits");
    vdc_summary_real(s, "idle_core_s", sum.idle, "core s", "vCPU time that VMs did not ask for");
    vdc_summary_real(s, "cpu_active_s", sum.active, "s", "host time granted");
    vdc_summary_real(s, "cpu_idle_s", sum.unused, "s", "host time not granted");
    vdc_summary_real(s, "cpu_steal_s", sum.steal, "s", "host time demanded and not granted");
    vdc_summary_integer(s, "migrations", sim->migrations, "migrations begun");
    vdc_summary_integer(s, "hosts_used_max", dc->hosts_used_max, "most hosts with a VM at one time");
    vdc_summary_real(s, "host_active_s", vdc_wide_over(dc->hosts_used_time, VDC_SECOND), "s", "host time with a VM");
    vdc_summary_real(s, "lower_bound_host_s", vdc_wide_over(dc->hosts_needed_time, VDC_SECOND), "s",
                     "host time that what was held needs at least: volume bound");
    vdc_summary_integer(s, "lower_bound_hosts", dc->hosts_needed_max, "hosts that what was held needs at least: volume bound");
    vdc_summary_integer(s, "host_power_offs", dc->host_power_offs, "hosts switched off");
    vdc_wide broken[2] = {0};
    if (sim->isolation) {
        vdc_isolation_advance(sim->isolation);
        for (size_t i = 0; i < sim->isolation->rule_count; i++) broken[sim->isolation->rules[i].mode] += sim->isolation->rules[i].violation_time;
    }
    vdc_summary_real(s, "violations_hard_vm_s", vdc_pair_seconds(broken[0]), "s", "VM time in breach of hard rules");
    vdc_summary_real(s, "violations_soft_vm_s", vdc_pair_seconds(broken[1]), "s", "VM time in breach of soft rules");
    vdc_summary_real(s, "wait_total_s", vdc_wide_over(vdc_wait_queue_integral(&sim->waiting, dc->now), VDC_SECOND), "s", "time in the queue, all VMs");
    vdc_summary_real(s, "wait_p50_s", vdc_seconds(vdc_histogram_quantile(&sim->waits, 0.50)), "s", "median wait for a placement");
    vdc_summary_real(s, "wait_p99_s", vdc_seconds(vdc_histogram_quantile(&sim->waits, 0.99)), "s", "99th percentile of the wait for a placement");
    for (int i = 0; i < sim->present_count; i++)
        if (sim->present[i]->summary) sim->present[i]->summary(sim, s);
    return summary.code;
}

vdc_code vdc_results_write_summary(vdc_simulation *sim, vdc_diag *diag) {
    vdc_code code = vdc_results_summary(sim, diag);
    for (size_t i = 0; !code && i < sim->summary_count; i++) {
        const vdc_value *value = &sim->summary[i];
        vdc_cell cell = {.real = value->real};
        vdc_cell_type type = VDC_CELL_REAL;
        if (value->type == VDC_VALUE_INTEGER) cell.integer = value->integer, type = VDC_CELL_INTEGER;
        if (value->type == VDC_VALUE_TEXT) cell.text = value->text, type = VDC_CELL_TEXT;
        code = vdc_record_summary(sim->results->record, value->key, type, cell, value->units, value->long_name, diag);
    }
    return code;
}
