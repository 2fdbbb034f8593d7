/* The lives of VMs: booting, pausing, stopping, what is asked of them, and where their vCPU time goes meanwhile. */
#include <string.h>

#include "sim/operations.h"

/* A time, or a distribution of times. */
static vdc_code read_time(vdc_simulation *sim, vdc_operations *operations, const vdc_node *node, const char *what, vdc_distribution *out,
                          vdc_diag *diag) {
    vdc_workload_context context = {.seed = sim->scenario->seed, .inputs = &sim->scenario->inputs};
    if (!node || node->kind == VDC_NODE_NULL) return VDC_OK;
    if (node->kind == VDC_NODE_MAPPING) return vdc_distribution_read(out, node, &context, what, &operations->arena, diag);
    int64_t value;
    vdc_code code = vdc_node_integer(node, VDC_DIM_TIME, 0, INT64_MAX, &value, diag);
    if (code || value == 0) return code;
    vdc_node *name = vdc_arena_alloc(&operations->arena, sizeof *name), *time = vdc_arena_alloc(&operations->arena, sizeof *time),
             *mapping = vdc_arena_alloc(&operations->arena, sizeof *mapping);
    vdc_node **children = vdc_arena_alloc(&operations->arena, 2 * sizeof *children);
    if (!name || !time || !mapping || !children) return vdc_no_memory(diag, "the VMs' lifecycle");
    *name = (vdc_node){.kind = VDC_NODE_SCALAR, .text = "constant", .key = "dist", .place = node->place};
    *time = *node;
    time->key = "value";
    children[0] = name;
    children[1] = time;
    *mapping = (vdc_node){.kind = VDC_NODE_MAPPING, .children = children, .count = 2, .place = node->place};
    return vdc_distribution_read(out, mapping, &context, what, &operations->arena, diag);
}

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    if (!scenario->has_lifecycle && scenario->recovery != VDC_RECOVERY_STANDBY && !sim->operable && sim->operations.count == 0 && !sim->operations.unread
        && strcmp(sim->rebalance.policy->name, "none") == 0)
        return VDC_OK;
    vdc_operations *operations = vdc_calloc(1, sizeof *operations);
    if (!operations) return vdc_no_memory(diag, "the VMs' lifecycle");
    sim->parts[VDC_PART_lifecycle] = operations;
    vdc_code code = vdc_lifecycle_create(&sim->datacenter.lifecycle, sim->datacenter.hosts.count, diag);
    vdc_code boot = read_time(sim, operations, scenario->lifecycle.boot, "lifecycle: boot", &operations->boot, diag);
    vdc_code image = read_time(sim, operations, scenario->lifecycle.image, "lifecycle: image", &operations->image, diag);
    if (!code) code = boot ? boot : image;
    return code ? code : vdc_moves_open(sim, &operations->moves, diag);
}

static void close(vdc_simulation *sim) {
    vdc_operations *operations = vdc_operations_of(sim);
    vdc_lifecycle_destroy(sim->datacenter.lifecycle);
    sim->datacenter.lifecycle = NULL;
    if (!operations) return;
    vdc_moves_close(&operations->moves);
    for (size_t i = 0; i < operations->created_count; i++) vdc_source_close(operations->created[i]);
    vdc_free(operations->created);
    vdc_arena_free(&operations->arena);
    vdc_free(operations);
    sim->parts[VDC_PART_lifecycle] = NULL;
}

static void advance(vdc_simulation *sim) { vdc_lifecycle_advance(&sim->datacenter); }

/* milli-vCPU·ns -> vCPU·s. */
static double vcpu_seconds(vdc_wide integral) { return vdc_wide_over(integral, (vdc_wide)1000 * VDC_SECOND); }

static int64_t vms_off(const vdc_simulation *sim) {
    const vdc_population *p = &sim->population;
    return p->arrived - sim->waiting.count - sim->datacenter.running - p->completed - p->rejected - p->failed - p->lost - p->evicted - p->deleted;
}

static const vdc_column tick_columns[] = {
    {"vms_off", "1", "VMs stopped or suspended at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
};

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    (void)entity;
    vdc_row_integer(row, vms_off(sim));
}

static const vdc_column vm_columns[] = {
    {"pending_vcpu_s", "s", "vCPU time waiting for a host", VDC_CELL_REAL, NULL, 1},
    {"down_vcpu_s", "s", "vCPU time waiting since its host failed", VDC_CELL_REAL, NULL, 1},
    {"boot_vcpu_s", "s", "vCPU time getting its image and booting", VDC_CELL_REAL, NULL, 1},
    {"paused_vcpu_s", "s", "vCPU time paused or being saved", VDC_CELL_REAL, NULL, 1},
    {"blackout_vcpu_s", "s", "vCPU time between two hosts", VDC_CELL_REAL, NULL, 1},
    {"suspended_vcpu_s", "s", "vCPU time saved to disk", VDC_CELL_REAL, NULL, 1},
    {"stopped_vcpu_s", "s", "vCPU time stopped", VDC_CELL_REAL, NULL, 1},
};
static const vdc_account vm_accounts[] = {VDC_ACCOUNT_PENDING, VDC_ACCOUNT_DOWN, VDC_ACCOUNT_BOOT, VDC_ACCOUNT_PAUSED, VDC_ACCOUNT_BLACKOUT,
                                          VDC_ACCOUNT_SUSPENDED, VDC_ACCOUNT_STOPPED};

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) {
    for (size_t i = 0; i < sizeof vm_accounts / sizeof *vm_accounts; i++)
        vdc_row_real(row, vcpu_seconds(vdc_lifecycle_vm_spent(&sim->datacenter, slot, vm_accounts[i])));
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    static const struct { const char *key, *name; } keys[VDC_ACCOUNTS] = {
        {"pending_vcpu_s", "vCPU time of VMs waiting for a host"},
        {"down_vcpu_s", "vCPU time of VMs waiting since their host failed"},
        {"boot_vcpu_s", "vCPU time of VMs getting their image and booting"},
        {"run_vcpu_s", "vCPU time of VMs that run: run, ready, throttled and idle"},
        {"paused_vcpu_s", "vCPU time of VMs paused or being saved"},
        {"blackout_vcpu_s", "vCPU time of VMs between two hosts"},
        {"suspended_vcpu_s", "vCPU time of VMs saved to disk"},
        {"stopped_vcpu_s", "vCPU time of stopped VMs"},
    };
    const vdc_operations *operations = vdc_operations_of(sim);
    int64_t done = 0;
    for (int verb = 0; verb < VDC_VERBS; verb++) done += operations->done[verb];
    vdc_summary_integer(s, "vms_off", vms_off(sim), "VMs stopped or suspended at the end");
    vdc_summary_integer(s, "operations", done, "operations carried out or begun");
    vdc_summary_integer(s, "operations_refused", operations->refused, "operations refused");
    for (int account = 0; account < VDC_ACCOUNTS; account++)
        vdc_summary_real(s, keys[account].key, vcpu_seconds(vdc_lifecycle_spent(&sim->datacenter, (vdc_account)account)), "s",
                         keys[account].name);
}

const vdc_part vdc_part_lifecycle = {
    .name = "lifecycle", .open = open, .close = close, .begin = vdc_operations_start, .event = vdc_operations_event, .advance = advance,
    .ticks = {tick_columns, sizeof tick_columns / sizeof *tick_columns, NULL, tick},
    .vms = {vm_columns, sizeof vm_columns / sizeof *vm_columns, NULL, vm_row},
    .summary = summary,
};
