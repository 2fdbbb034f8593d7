/* Isolation: exposure, what is fenced and wasted, what rules block. The rules themselves: models/isolation.h. */
#include <math.h>

#include "sim/parts/part.h"
#include "sim/results/totals.h"

enum { FENCES = 4 }; /* S of cpu by kind, in the order of the columns */

typedef struct isolation_state {
    vdc_wide exposure[4]; /* at the last tick: host, socket, core, rack */
    double fenced[FENCES]; /* likewise, by kind */
} isolation_state;

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    if (sim->isolation && !(sim->parts[VDC_PART_isolation] = vdc_calloc(1, sizeof(isolation_state)))) return vdc_no_memory(diag, "isolation");
    return VDC_OK;
}

static void close(vdc_simulation *sim) { vdc_free(sim->parts[VDC_PART_isolation]); }

/* S of cpu by kind, in core·s: reserved, own threads, dedicated hosts, and what remains is core scheduling. */
static void split(double all, double reserved, double threads, double dedicated, double fenced[FENCES]) {
    fenced[0] = reserved;
    fenced[1] = threads;
    fenced[2] = dedicated;
    fenced[3] = fmax(0, all - reserved - threads - dedicated);
}

/* A ledger's entry by kind, of hosts of one speed: all integrals are exact until here. */
static void fences_of(const vdc_ledger *ledger, size_t entry, vdc_wide threads, vdc_wide dedicated, int64_t speed, double fenced[FENCES]) {
    const vdc_wide second = (vdc_wide)speed * VDC_SECOND, exclusive = vdc_ledger_sum(ledger, entry, (vdc_flow)(VDC_FLOW_FENCE + VDC_CPU));
    const vdc_wide integrals[FENCES] = {vdc_ledger_sum(ledger, entry, VDC_FLOW_RESERVED), threads, dedicated, exclusive - threads - dedicated};
    for (int kind = 0; kind < FENCES; kind++) fenced[kind] += vdc_wide_over(integrals[kind], second);
}

static void fleet_fences(const vdc_simulation *sim, double fenced[FENCES]) {
    const vdc_datacenter *dc = &sim->datacenter;
    for (uint16_t k = 0; k < dc->hosts.class_count; k++)
        fences_of(&dc->class_ledger, k, vdc_isolation_class_fenced(sim->isolation, k, VDC_FENCE_THREADS),
                  vdc_isolation_class_fenced(sim->isolation, k, VDC_FENCE_DEDICATED), dc->hosts.classes[k].speed, fenced);
}

static void put(vdc_row *row, const double fenced[FENCES]) {
    for (int kind = 0; kind < FENCES; kind++) vdc_row_real(row, fenced[kind]);
}

#define FENCE_COLUMNS(suffix, whose) \
    {"S_reserved" suffix, "core s", "of S of cpu: reservations of " whose ", which others may borrow", VDC_CELL_REAL, NULL, 1}, \
    {"S_threads" suffix, "core s", "of S of cpu: own hardware threads and cores of " whose, VDC_CELL_REAL, NULL, 1}, \
    {"S_dedicated" suffix, "core s", "of S of cpu: hosts dedicated to " whose, VDC_CELL_REAL, NULL, 1}, \
    {"S_core_scheduling" suffix, "core s", "of S of cpu: running under core scheduling, and siblings that idle because of " whose, VDC_CELL_REAL, NULL, 1}

static void advance(vdc_simulation *sim) { vdc_isolation_advance(sim->isolation); }

static const vdc_column tick_columns[] = {
    {"exposure_host", "s", "exposure: pairs of VMs of different domains on one host x time in the tick", VDC_CELL_REAL, NULL, 1},
    {"exposure_socket", "s", "the same of VMs that may run on one socket", VDC_CELL_REAL, NULL, 1},
    {"exposure_core", "s", "the same of VMs that may share a core", VDC_CELL_REAL, NULL, 1},
    {"exposure_rack", "s", "the same of VMs in one rack", VDC_CELL_REAL, NULL, 1},
    {"blocked_vcpus", "1", "vCPUs that could be promised at the end of the tick where the first waiting VM fits but for a rule or for NUMA nodes",
     VDC_CELL_REAL, NULL, 1},
    FENCE_COLUMNS("", "VMs"),
};

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    isolation_state *state = sim->parts[VDC_PART_isolation];
    vdc_isolation *iso = sim->isolation;
    const vdc_wide now[] = {iso->exposure_host_time, iso->exposure_socket_time, iso->exposure_core_time, iso->exposure_rack_time};
    double fenced[FENCES] = {0}, since[FENCES];
    (void)entity;
    for (int i = 0; i < 4; i++) {
        vdc_row_real(row, vdc_pair_seconds(now[i] - state->exposure[i]));
        state->exposure[i] = now[i];
    }
    uint32_t head = sim->waiting.first;
    vdc_row_real(row, head == VDC_NOWHERE ? 0 : (double)vdc_isolation_blocked(iso, &sim->datacenter.records[head].request) / 1000);
    fleet_fences(sim, fenced);
    for (int kind = 0; kind < FENCES; kind++) since[kind] = fenced[kind] - state->fenced[kind], state->fenced[kind] = fenced[kind];
    put(row, since);
}

static const vdc_column vm_columns[] = {
    {"S_waste_cpu_core_s", "core s", "of it beyond what it held", VDC_CELL_REAL, NULL, 1},
    {"S_idle_cpu_core_s", "core s", "of it not running anything", VDC_CELL_REAL, NULL, 1},
    {"S_memory_byte_s", "byte s", "memory fenced off for its guarantees", VDC_CELL_REAL, NULL, 1},
    {"exposure_pair_s", "s", "exposure: VMs of other trust domains on its host x time", VDC_CELL_REAL, NULL, 1},
    {"tenants_met", "1", "other trust domains that it shared a host with", VDC_CELL_INTEGER, NULL, 1},
    {"first_meeting", "s", "from its first start until it first shared a host with another trust domain, NaN = never", VDC_CELL_REAL, NULL, 1},
    {"met_attacker", "1", "1 = it shared a host with the attacker, or, of the attacker, with a target", VDC_CELL_INTEGER, NULL, 1},
    FENCE_COLUMNS("_cpu_core_s", "the VM"),
};

static void vm_row(vdc_simulation *sim, uint32_t slot, vdc_row *row) {
    const vdc_vm_record *record = &sim->datacenter.records[slot];
    const vdc_vm_totals *totals = &vdc_vm_details_known(&sim->datacenter, slot)->totals;
    const vdc_vm_isolation *vm = &sim->isolation->vms[slot];
    vdc_row_real(row, totals->fence_waste);
    vdc_row_real(row, totals->fence_idle);
    vdc_row_real(row, totals->fenced_memory);
    vdc_row_real(row, vdc_pair_seconds(vdc_isolation_exposure(sim->isolation, slot)));
    vdc_row_integer(row, vdc_isolation_domains_met(sim->isolation, slot));
    vdc_row_real(row, vm->first_meeting < 0 ? NAN : vdc_seconds(vm->first_meeting - record->first_start));
    vdc_row_integer(row, vm->hit || vm->met_attacker);
    double fenced[FENCES];
    split(totals->fenced, totals->reserved, vdc_isolation_vm_fenced(sim->isolation, slot, VDC_FENCE_THREADS),
          vdc_isolation_vm_fenced(sim->isolation, slot, VDC_FENCE_DEDICATED), fenced);
    put(row, fenced);
}

static const vdc_column host_columns[] = {
    {"S_waste_cpu_core_s", "core s", "of it beyond what the VMs held", VDC_CELL_REAL, NULL, 1},
    {"S_idle_cpu_core_s", "core s", "of it not running anything", VDC_CELL_REAL, NULL, 1},
    {"S_memory_byte_s", "byte s", "memory fenced off for its guarantees", VDC_CELL_REAL, NULL, 1},
    FENCE_COLUMNS("_cpu_core_s", "its VMs"),
};

static void host_row(vdc_simulation *sim, uint32_t h, vdc_row *row) {
    const vdc_datacenter *dc = &sim->datacenter;
    vdc_wide thread = (vdc_wide)dc->hosts.classes[dc->hosts.class_of[h]].speed * VDC_SECOND;
    vdc_row_real(row, vdc_wide_over(vdc_ledger_sum(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_WASTE + VDC_CPU)), thread));
    vdc_row_real(row, vdc_wide_over(vdc_ledger_sum(&dc->host_ledger, h, VDC_FLOW_FENCE_IDLE), thread));
    vdc_row_real(row, vdc_resource_total(VDC_MEMORY, vdc_ledger_sum(&dc->host_ledger, h, (vdc_flow)(VDC_FLOW_FENCE + VDC_MEMORY))));
    double fenced[FENCES] = {0};
    fences_of(&dc->host_ledger, h, vdc_isolation_host_fenced(sim->isolation, h, VDC_FENCE_THREADS),
              vdc_isolation_host_fenced(sim->isolation, h, VDC_FENCE_DEDICATED), dc->hosts.classes[dc->hosts.class_of[h]].speed, fenced);
    put(row, fenced);
}

static const vdc_column tenant_columns[] = {
    {"S_waste_cpu_core_s", "core s", "of it beyond what the VMs held", VDC_CELL_REAL, NULL, 1},
    {"S_idle_cpu_core_s", "core s", "of it not running anything", VDC_CELL_REAL, NULL, 1},
    {"S_memory_byte_s", "byte s", "memory fenced off for guarantees", VDC_CELL_REAL, NULL, 1},
    {"exposure_pair_s", "s", "exposure: VMs of other trust domains beside its own x time", VDC_CELL_REAL, NULL, 1},
    FENCE_COLUMNS("_cpu_core_s", "its VMs"),
};

static void tenant_row(vdc_simulation *sim, uint32_t tenant, vdc_row *row) {
    const vdc_tenant_totals *sum = &sim->tenant_totals[tenant];
    vdc_row_real(row, sum->fence_waste);
    vdc_row_real(row, sum->fence_idle);
    vdc_row_real(row, sum->fenced_memory);
    vdc_row_real(row, sum->exposure);
    double fenced[FENCES];
    split(sum->fenced, sum->reserved, sum->fenced_threads, sum->fenced_dedicated, fenced);
    put(row, fenced);
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const vdc_isolation *iso = sim->isolation;
    vdc_summary_real(s, "exposure_host_pair_s", vdc_pair_seconds(iso->exposure_host_time), "s",
                     "exposure: pairs of VMs of different domains on one host x time");
    vdc_summary_real(s, "exposure_socket_pair_s", vdc_pair_seconds(iso->exposure_socket_time), "s", "the same of VMs that may run on one socket");
    vdc_summary_real(s, "exposure_core_pair_s", vdc_pair_seconds(iso->exposure_core_time), "s", "the same of VMs that may share a core");
    if (sim->datacenter.hosts.rack)
        vdc_summary_real(s, "exposure_rack_pair_s", vdc_pair_seconds(iso->exposure_rack_time), "s", "the same of VMs in one rack");
    double fenced[FENCES] = {0};
    fleet_fences(sim, fenced);
    vdc_summary_real(s, "S_reserved_cpu_core_s", fenced[0], "core s", "of S of cpu: reservations, which others may borrow");
    vdc_summary_real(s, "S_threads_cpu_core_s", fenced[1], "core s", "of S of cpu: own hardware threads and cores");
    vdc_summary_real(s, "S_dedicated_cpu_core_s", fenced[2], "core s", "of S of cpu: dedicated hosts");
    vdc_summary_real(s, "S_core_scheduling_cpu_core_s", fenced[3], "core s", "of S of cpu: core scheduling, forced idle included");
    if (iso->scrub > 0)
        vdc_summary_integer(s, "scrub_gaps", iso->scrub_gaps, "VMs that came to a host too soon after another domain left it");
}

/* /rules: what each of them concerned, and for how long it was broken. */
static vdc_code tables(vdc_simulation *sim, vdc_record *record, vdc_diag *diag) {
    static const vdc_column columns[] = {
        {"number", "1", "its place among the rules, from 0", VDC_CELL_INTEGER, NULL, 1},
        {"rule", "1", "what kind of rule", VDC_CELL_TEXT, NULL, 1},
        {"line", "1", "line of the scenario", VDC_CELL_INTEGER, NULL, 1},
        {"mode", "1", "hard or soft", VDC_CELL_TEXT, NULL, 1},
        {"weight", "1", "of a soft one, 0 = hard", VDC_CELL_INTEGER, NULL, 1},
        {"vms", "1", "VMs that it concerned", VDC_CELL_INTEGER, NULL, 1},
        {"violation_vm_s", "s", "VM time in breach of it", VDC_CELL_REAL, NULL, 1},
        {"violations", "1", "times that a VM's coming or going left it broken where that VM was", VDC_CELL_INTEGER, NULL, 1},
    };
    const vdc_isolation *iso = sim->isolation;
    vdc_table *table = NULL;
    vdc_code code = iso->rule_count ? vdc_record_table(record, &table, "/rules", columns, sizeof columns / sizeof *columns, NULL, 0, diag) : VDC_OK;
    for (size_t i = 0; !code && i < iso->rule_count; i++) {
        const vdc_rule *rule = &iso->rules[i];
        vdc_cell cells[sizeof columns / sizeof *columns];
        vdc_row row = {.cells = cells};
        vdc_row_integer(&row, (int64_t)i);
        vdc_row_text(&row, rule->type->name);
        vdc_row_integer(&row, rule->place.line);
        vdc_row_text(&row, rule->mode ? "soft" : "hard");
        vdc_row_integer(&row, rule->mode ? rule->weight : 0);
        vdc_row_integer(&row, rule->selected);
        vdc_row_real(&row, vdc_pair_seconds(rule->violation_time));
        vdc_row_integer(&row, rule->entries);
        code = vdc_table_append(table, cells, diag);
    }
    return code;
}

#define COLUMNS(array) array, sizeof array / sizeof *array

const vdc_part vdc_part_isolation = {
    .name = "isolation", .open = open, .close = close, .advance = advance, .summary = summary, .tables = tables,
    .ticks = {COLUMNS(tick_columns), .row = tick}, .vms = {COLUMNS(vm_columns), .row = vm_row},
    .hosts = {COLUMNS(host_columns), .row = host_row}, .tenants = {COLUMNS(tenant_columns), .row = tenant_row},
};
