/* See inspect.h. */
#include "sim/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/memory.h"
#include "sim/operations.h"
#include "sim/parts/alarms.h"
#include "sim/parts/network.h"
#include "sim/parts/storage.h"
#include "sim/results/totals.h"

enum { CELLS = 12, CELL_SIZE = 80 };

/* A row while it is filled. */
typedef struct line {
    char cells[CELLS][CELL_SIZE];
    size_t count;
} line;

static void put(line *at, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(line *at, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(at->cells[at->count++], CELL_SIZE, format, arguments);
    va_end(arguments);
}

/* Where rows go. */
typedef struct sink {
    vdc_list_row *row;
    void *context;
    const char *only;
    bool found, enough, no_memory;
} sink;

static void give(sink *to, const line *at) {
    const char *cells[CELLS];
    if (to->only && strcmp(to->only, at->cells[0]) != 0) return;
    to->found = true;
    for (size_t i = 0; i < at->count; i++) cells[i] = at->cells[i];
    to->enough = !to->row(to->context, cells, at->count);
}

static double gib(int64_t bytes) { return (double)bytes / 1073741824; }

static const char *const host_states[] = {"up", "cordoned", "down", "off"};

static void list_hosts(vdc_simulation *sim, sink *to) {
    const vdc_datacenter *dc = &sim->datacenter;
    for (uint32_t h = 0; h < dc->hosts.count && !to->enough; h++) {
        const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
        double threads = (double)class->physical[VDC_CPU] / 1000, speed = (double)class->speed;
        line at = {.count = 0};
        put(&at, "%" PRIu32, h);
        put(&at, "%s", dc->hosts.names ? dc->hosts.names[h] : class->name ? class->name : "");
        put(&at, "%s", host_states[dc->hosts.state[h]]);
        put(&at, "%" PRIu32, dc->hosts.rack ? dc->hosts.rack[h] : 0);
        put(&at, "%" PRIu32, dc->hosts.zone ? dc->hosts.zone[h] : 0);
        put(&at, "%" PRIu32, dc->hosts.vms[h]);
        put(&at, "%.2f/%.0f", (double)dc->hosts.account[h].granted / speed, threads);
        put(&at, "%.1f", (double)(class->capacity[VDC_CPU] - dc->hosts.free[VDC_CPU][h]) / 1000);
        put(&at, "%.1f/%.1f", gib(class->capacity[VDC_MEMORY] - dc->hosts.free[VDC_MEMORY][h]), gib(class->capacity[VDC_MEMORY]));
        put(&at, dc->power ? "%.1f" : "-", dc->power ? (double)dc->power[h] / 1e12 : 0);
        give(to, &at);
    }
}

/* A live VM. */
typedef struct live_vm {
    int64_t number;
    uint32_t slot;
} live_vm;

static int by_arrival(const void *left, const void *right) {
    const live_vm *a = left, *b = right;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Those that there are, in order of arrival, for the caller to free. NULL without memory, which the sink is told of. */
static live_vm *live_vms(const vdc_datacenter *dc, sink *to, size_t *count) {
    live_vm *vms = vdc_calloc((size_t)dc->vm_count + 1, sizeof *vms);
    *count = 0;
    to->no_memory = !vms;
    for (uint32_t slot = 0; vms && slot < dc->vm_count; slot++)
        if (dc->vms[slot].state != VDC_VM_FREE && dc->vms[slot].state != VDC_VM_HELD)
            vms[(*count)++] = (live_vm){dc->records[slot].request.number, slot};
    if (vms) qsort(vms, *count, sizeof *vms, by_arrival);
    return vms;
}

static void list_vms(vdc_simulation *sim, sink *to) {
    const vdc_datacenter *dc = &sim->datacenter;
    size_t count;
    live_vm *vms = live_vms(dc, to, &count);
    for (size_t i = 0; i < count && !to->enough; i++) {
        uint32_t slot = vms[i].slot;
        const vdc_vm *vm = &dc->vms[slot];
        const vdc_request *request = &dc->records[slot].request;
        line at = {.count = 0};
        put(&at, "%" PRId64, request->id);
        put(&at, "%s", vdc_names_text(sim->tenants, request->tenant));
        put(&at, "%s", vdc_names_text(sim->groups, request->group));
        put(&at, "%s", vdc_vm_state_names[vm->state]);
        if (vm->host == VDC_NOWHERE) put(&at, "-");
        else put(&at, "%" PRIu32, vm->host);
        put(&at, "%g", (double)request->size[VDC_CPU] / 1000);
        put(&at, "%.1f", gib(request->size[VDC_MEMORY]));
        put(&at, "%.2f", vm->host == VDC_NOWHERE ? 0 : (double)vm->demand / (double)dc->hosts.classes[dc->hosts.class_of[vm->host]].speed);
        put(&at, "%" PRId32, request->priority);
        put(&at, "%.0f", vdc_seconds(request->arrival));
        put(&at, "%" PRIu32, dc->records[slot].failures);
        give(to, &at);
    }
    vdc_free(vms);
}

/* What a tenant's VMs come to. */
typedef struct tenant_sum {
    int64_t vms, running, waiting, vcpus, memory;
} tenant_sum;

static void list_tenants(vdc_simulation *sim, sink *to) {
    const vdc_datacenter *dc = &sim->datacenter;
    uint32_t tenants = (uint32_t)vdc_names_count(sim->tenants);
    tenant_sum *sums = vdc_calloc((size_t)tenants + 1, sizeof *sums);
    to->no_memory = !sums;
    for (uint32_t slot = 0; sums && slot < dc->vm_count; slot++) {
        const vdc_request *request = &dc->records[slot].request;
        if (dc->vms[slot].state == VDC_VM_FREE || dc->vms[slot].state == VDC_VM_HELD) continue;
        tenant_sum *sum = &sums[request->tenant];
        sum->vms++;
        sum->waiting += dc->vms[slot].state == VDC_VM_QUEUED;
        if (dc->vms[slot].host == VDC_NOWHERE) continue;
        sum->running++;
        sum->vcpus += request->size[VDC_CPU];
        sum->memory += request->size[VDC_MEMORY];
    }
    for (uint32_t tenant = 0; sums && tenant < tenants && !to->enough; tenant++) {
        if (sums[tenant].vms == 0) continue;
        line at = {.count = 0};
        put(&at, "%s", vdc_names_text(sim->tenants, tenant)[0] ? vdc_names_text(sim->tenants, tenant) : "-");
        put(&at, "%" PRId64, sums[tenant].vms);
        put(&at, "%" PRId64, sums[tenant].running);
        put(&at, "%" PRId64, sums[tenant].waiting);
        put(&at, "%g", (double)sums[tenant].vcpus / 1000);
        put(&at, "%.1f", gib(sums[tenant].memory));
        give(to, &at);
    }
    vdc_free(sums);
}

/* What it waits for, in words: room, a rule or guarantee, or for those before it. O(hosts) where nothing has room. */
static void what_blocks(const vdc_simulation *sim, const vdc_request *request, char *text, size_t size) {
    const vdc_datacenter *dc = &sim->datacenter;
    bool fits = false, may = false;
    for (uint32_t host = 0; host < dc->hosts.count && !may; host++) {
        if (!vdc_host_fits(&dc->hosts, host, request)) continue;
        fits = true;
        may = vdc_may_come(sim, host, request);
    }
    text[0] = 0;
    if (!may && sim->isolation) vdc_isolation_blocker(sim->isolation, request, text, size);
    if (text[0] == 0) snprintf(text, size, "%s", may ? "its turn" : fits ? "its CPU reservation" : "room");
}

/* Of so many VMs of the whole list it is found out what they wait for. */
enum { EXPLAINED = 100 };

static void list_queue(vdc_simulation *sim, sink *to) {
    const vdc_datacenter *dc = &sim->datacenter;
    uint32_t row = 0;
    for (uint32_t slot = sim->waiting.first; slot != VDC_NOWHERE && !to->enough; slot = dc->vms[slot].next) {
        const vdc_request *request = &dc->records[slot].request;
        line at = {.count = 0};
        put(&at, "%" PRId64, request->id);
        put(&at, "%s", vdc_names_text(sim->tenants, request->tenant));
        put(&at, "%g", (double)request->size[VDC_CPU] / 1000);
        put(&at, "%.1f", gib(request->size[VDC_MEMORY]));
        put(&at, "%" PRId32, request->priority);
        put(&at, "%.0f", vdc_seconds(dc->now - dc->records[slot].queued_at));
        put(&at, "%s", dc->records[slot].first_start < 0 ? "no" : "yes");
        char blocker[CELL_SIZE] = "";
        if (to->only ? strcmp(to->only, at.cells[0]) == 0 : row++ < EXPLAINED) what_blocks(sim, request, blocker, sizeof blocker);
        put(&at, "%s", blocker);
        give(to, &at);
    }
}

static void list_disks(vdc_simulation *sim, sink *to) {
    const vdc_datacenter *dc = &sim->datacenter;
    size_t count;
    live_vm *vms = live_vms(dc, to, &count);
    for (size_t i = 0; i < count && !to->enough; i++) {
        uint32_t slot = vms[i].slot;
        const vdc_request *request = &dc->records[slot].request;
        uint32_t host = dc->vms[slot].host;
        if (host == VDC_NOWHERE && dc->lifecycle) host = dc->lifecycle->vms[slot].stored_on;
        if (request->size[VDC_DISK] == 0) continue;
        line at = {.count = 0};
        put(&at, "%" PRId64, request->id);
        put(&at, "%.1f", gib(request->size[VDC_DISK]));
        if (host == VDC_NOWHERE) put(&at, "-");
        else put(&at, "%" PRIu32, host);
        put(&at, "%s", vdc_vm_state_names[dc->vms[slot].state]);
        give(to, &at);
    }
    vdc_free(vms);
}

static void list_migrations(vdc_simulation *sim, sink *to) {
    const vdc_datacenter *dc = &sim->datacenter;
    const vdc_operations *operations = vdc_operations_of(sim);
    for (size_t i = 0; operations && i < operations->moves.count && !to->enough; i++) {
        const vdc_move *move = &operations->moves.items[i];
        if (!move->used) continue;
        line at = {.count = 0};
        put(&at, "%" PRId64, dc->records[move->vm].request.id);
        put(&at, "%" PRIu32, move->from);
        put(&at, "%" PRIu32, move->to);
        put(&at, "%.3f", (double)move->rate / 125e6);
        put(&at, "%s", move->switched ? "fetches" : move->frozen ? "stands still" : "copies");
        give(to, &at);
    }
}

static void list_volumes(vdc_simulation *sim, sink *to) {
    vdc_volume_view view;
    for (size_t n = 0; !to->enough && vdc_volume_at(sim, n, &view); n++) {
        bool loose = view.slot == VDC_NOWHERE;
        int64_t vm = loose ? -1 : sim->datacenter.records[view.slot].request.id;
        line at = {.count = 0};
        if (view.name[0]) put(&at, "%s", view.name);
        else put(&at, "%" PRId64 ".%" PRIu32, vm, view.number);
        if (loose) put(&at, "-");
        else put(&at, "%" PRId64, vm);
        put(&at, "%s", view.pool);
        put(&at, "%.1f", gib(view.size));
        put(&at, "%.1f", gib(view.taken + view.pinned));
        put(&at, "%s", view.thin ? "thin" : "thick");
        put(&at, "%" PRId64, view.snapshots);
        put(&at, "%s", loose ? "detached" : view.ready ? "ready" : "waits for its image");
        give(to, &at);
    }
}

static void list_networks(vdc_simulation *sim, sink *to) {
    vdc_network_view view;
    for (size_t n = 0; !to->enough && vdc_network_at(sim, n, &view); n++) {
        line at = {.count = 0};
        put(&at, "%s", view.name);
        put(&at, "%" PRId64, view.weight);
        put(&at, "%" PRIu64, view.vnics);
        put(&at, "%.3f", (double)view.rate / 125e6);
        give(to, &at);
    }
}

static const struct list_table {
    vdc_list_kind kind;
    const char *columns[CELLS];
    void (*list)(vdc_simulation *sim, sink *to);
} tables[] = {
    {{"hosts", "host", "hosts, what runs and what is promised there"},
     {"host", "name", "state", "rack", "zone", "vms", "threads", "vcpus", "memory_gib", "power_w"}, list_hosts},
    {{"vms", "vm", "VMs that are there"},
     {"vm", "tenant", "group", "state", "host", "vcpus", "memory_gib", "demand", "priority", "arrival_s", "failures"}, list_vms},
    {{"tenants", "tenant", "tenants and what they hold"}, {"tenant", "vms", "on_hosts", "waiting", "vcpus", "memory_gib"}, list_tenants},
    {{"queue", "waiting", "VMs that wait for a host, in their order"},
     {"vm", "tenant", "vcpus", "memory_gib", "priority", "waits_s", "ran_before", "waits_for"}, list_queue},
    {{"disks", "disk", "disks of VMs and where they are"}, {"vm", "disk_gib", "host", "state"}, list_disks},
    {{"volumes", "volume", "volumes, attached or not"}, {"volume", "vm", "pool", "gib", "taken_gib", "kind", "snapshots", "state"}, list_volumes},
    {{"networks", "network", "tenant networks and what is sent on them"}, {"network", "weight", "vnics", "gbit_s"}, list_networks},
    {{"migrations", "migration", "VMs on their way to another host"}, {"vm", "from", "to", "gbit_s", "phase"}, list_migrations},
};
enum { TABLES = sizeof tables / sizeof *tables };

const vdc_list_kind *vdc_simulation_list_kind(size_t index) { return index < TABLES ? &tables[index].kind : NULL; }

vdc_code vdc_simulation_list(vdc_simulation *sim, const char *table, const char *only, vdc_list_row *row, void *context, vdc_diag *diag) {
    for (size_t i = 0; i < TABLES; i++) {
        if (strcmp(tables[i].kind.name, table) != 0 && strcmp(tables[i].kind.single, table) != 0) continue;
        size_t count = 0;
        while (count < CELLS && tables[i].columns[count]) count++;
        vdc_code code = vdc_datacenter_settle(&sim->datacenter, diag);
        if (code) return code;
        sink to = {.row = row, .context = context, .only = only};
        if (!row(context, tables[i].columns, count)) return VDC_OK;
        tables[i].list(sim, &to);
        if (to.no_memory) return vdc_no_memory(diag, "the rows of a table");
        if (only && !to.found) return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "there is no %s %s", tables[i].kind.single, only);
        return VDC_OK;
    }
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "'%s' is no table", table);
}

void vdc_simulation_gauges(vdc_simulation *sim, vdc_gauges *gauges) {
    const vdc_datacenter *dc = &sim->datacenter;
    *gauges = (vdc_gauges){
        .now = dc->now, .hosts = dc->hosts.count, .hosts_used = dc->hosts_used, .hosts_down = dc->hosts_down, .running = dc->running,
        .queued = sim->waiting.count, .down = sim->population.down, .arrived = sim->population.arrived, .completed = sim->population.completed,
        .rejected = sim->population.rejected, .has_power = dc->power != NULL, .power = vdc_wide_over(dc->power_now, (vdc_wide)1000000000000),
    };
    if (sim->reached > gauges->now) gauges->now = sim->reached;
    for (size_t k = 0; k < dc->class_ledger.count; k++) {
        const vdc_ledger *ledger = &dc->class_ledger;
        double speed = (double)dc->hosts.classes[k].speed;
        gauges->p += (double)vdc_ledger_rate(ledger, k, (vdc_flow)(VDC_FLOW_P + VDC_CPU)) / 1000;
        gauges->p_memory += (double)vdc_ledger_rate(ledger, k, (vdc_flow)(VDC_FLOW_P + VDC_MEMORY));
        gauges->demand += (double)vdc_ledger_rate(ledger, k, VDC_FLOW_DEMAND) / speed;
        gauges->t += (double)vdc_ledger_rate(ledger, k, VDC_FLOW_GRANTED) / speed;
        gauges->u += (double)vdc_ledger_rate(ledger, k, dc->efficiency_count ? VDC_FLOW_USED : VDC_FLOW_GRANTED) / speed;
        gauges->ready += (double)(vdc_ledger_rate(ledger, k, VDC_FLOW_CEILING) - vdc_ledger_rate(ledger, k, VDC_FLOW_GRANTED)) / speed;
        gauges->s += (double)(vdc_ledger_rate(ledger, k, (vdc_flow)(VDC_FLOW_FENCE + VDC_CPU)) + vdc_ledger_rate(ledger, k, VDC_FLOW_RESERVED)) / speed;
    }
    for (uint32_t h = 0; h < dc->hosts.count; h++) {
        const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
        if (dc->hosts.state[h] == VDC_HOST_DOWN) continue;
        gauges->cores += (double)class->physical[VDC_CPU] / 1000;
        gauges->memory += (double)class->physical[VDC_MEMORY];
    }
    gauges->alarm_count = vdc_alarms_on(sim, gauges->alarms, sizeof gauges->alarms / sizeof *gauges->alarms);
}
