/* Live migration: what moved, how long it stood still, what it cost. Present with the lives of VMs (lifecycle.c). */
#include "sim/operations.h"
#include "sim/parts/failover.h"

static bool present(const vdc_simulation *sim) { return vdc_operations_of(sim) != NULL; }

static vdc_wide fleet(const vdc_simulation *sim, vdc_flow flow) {
    vdc_wide sum = 0;
    for (size_t k = 0; k < sim->datacenter.class_ledger.count; k++) sum += vdc_ledger_sum(&sim->datacenter.class_ledger, k, flow);
    return sum;
}

static double share(vdc_wide part, vdc_wide whole) { return whole > 0 ? (double)part / (double)whole : 0; }

double vdc_migration_degradation(const vdc_simulation *sim) {
    vdc_wide missed = sim->datacenter.lifecycle->missed;
    return share(missed + fleet(sim, VDC_FLOW_LOST), fleet(sim, VDC_FLOW_DEMAND) + missed);
}

/* ns that VMs stood still, those that still do included; and milli-vCPU·ns of it. */
static vdc_time downtime(const vdc_simulation *sim, vdc_wide *blackout) {
    const vdc_moves *moves = &vdc_operations_of(sim)->moves;
    vdc_time sum = moves->downtime;
    *blackout = moves->blackout;
    for (size_t i = 0; i < moves->count; i++) {
        const vdc_move *move = &moves->items[i];
        if (!move->used || !move->frozen) continue;
        sum += sim->datacenter.now - move->stopped;
        *blackout += (vdc_wide)sim->datacenter.records[move->vm].request.size[VDC_CPU] * (sim->datacenter.now - move->stopped);
    }
    return sum;
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const vdc_moves *moves = &vdc_operations_of(sim)->moves;
    vdc_wide blackout, missed = sim->datacenter.lifecycle->missed, lost = fleet(sim, VDC_FLOW_LOST), demand = fleet(sim, VDC_FLOW_DEMAND) + missed;
    vdc_summary_integer(s, "migrations_done", moves->done, "migrations that came to their end");
    vdc_summary_integer(s, "migrations_given_up", moves->aborted, "migrations given up");
    vdc_summary_real(s, "migrated_bytes", vdc_wide_over(moves->sent, 1), "byte", "sent by migrations");
    vdc_summary_real(s, "downtime_s", (double)downtime(sim, &blackout) / 1e9, "s", "time that migrating VMs stood still");
    vdc_summary_real(s, "pdm", vdc_migration_degradation(sim), "1",
                     "CPU that VMs asked for and lost to migrations, over all that they asked for");
    vdc_summary_real(s, "pdm_downtime", share(missed, demand), "1", "of it while they stood still");
    vdc_summary_real(s, "pdm_slowdown", share(lost, demand), "1", "of it by being copied or by fetching pages");
}

/* I19: what begins ends or is under way; every byte was carried; who stands still is in blackout. */
static void check(vdc_simulation *sim, vdc_checks *checks) {
    const vdc_moves *moves = &vdc_operations_of(sim)->moves;
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_wide blackout, carried = moves->carried - moves->slack - moves->sent * VDC_SECOND;
    (void)downtime(sim, &blackout);
    for (size_t i = 0; i < moves->count; i++) {
        const vdc_move *move = &moves->items[i];
        if (move->used) carried -= (vdc_wide)move->state.bytes * VDC_SECOND - move->left;
    }
    vdc_check_equal(checks, VDC_I19_MIGRATION, dc->now, moves->started, moves->done + moves->aborted + moves->in_flight);
    vdc_check_equal(checks, VDC_I19_MIGRATION, dc->now, carried, 0);
    vdc_check_equal(checks, VDC_I19_MIGRATION, dc->now, blackout, vdc_lifecycle_spent(dc, VDC_ACCOUNT_BLACKOUT));
    vdc_check_equal(checks, VDC_I19_MIGRATION, dc->now, dc->lifecycle->held - vdc_failover_standing(sim), moves->in_flight);
}

const vdc_part vdc_part_migration = {.name = "migration", .present = present, .event = vdc_migration_event, .summary = summary, .check = check};
