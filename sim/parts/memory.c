/* Memory under pressure: balloons, swapping and shared pages, and the progress that missing memory costs. The model: models/memory.h. */
#include "sim/parts/memory.h"

#include "models/memory.h"
#include "sim/parts/storage.h"
#include "sim/results/totals.h"

typedef struct memory_use {
    size_t segment;              /* of sim->memory_loads, the current one */
    vdc_event_handle event;      /* its end */
} memory_use;

typedef struct memory_state {
    vdc_memory *model;
    memory_use *uses;            /* [slot] */
    size_t capacity;
    int64_t previous_out, previous_in;
} memory_state;

static vdc_code schedule(void *context, uint32_t host, vdc_time time, vdc_event_handle *handle) {
    return vdc_part_schedule(context, VDC_PART_memory, time, VDC_RANK_CHANGE, host, handle, NULL);
}

static vdc_code traffic(void *context, uint32_t host, int64_t rate) { return vdc_storage_swap(context, host, rate); }

static void background(void *context, int change) { ((vdc_simulation *)context)->background_events += (size_t)change; }

void vdc_swap_latency(vdc_simulation *sim, uint32_t host, vdc_time idle, double slowing) {
    memory_state *state = sim->parts[VDC_PART_memory];
    double latency = (double)(idle ? idle : state->model->settings.swap_latency) * slowing;
    vdc_memory_latency(state->model, host, (vdc_time)(latency + 0.5));
}

bool vdc_memory_in_use(const vdc_simulation *sim, uint32_t slot, int64_t *kept, int64_t *working_set) {
    const memory_state *state = sim->parts[VDC_PART_memory];
    if (!state || slot >= state->model->vm_capacity || !state->model->vms[slot].present) return false;
    const vdc_memory_vm *vm = &state->model->vms[slot];
    *kept = vm->touched - vm->ballooned;
    *working_set = vm->working_set;
    return true;
}

static vdc_code open(vdc_simulation *sim, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    if (!sim->scenario->has_memory) return VDC_OK;
    memory_state *state = sim->parts[VDC_PART_memory] = vdc_calloc(1, sizeof *state);
    if (!state) return vdc_no_memory(diag, "the hosts' memory");
    vdc_code code = vdc_memory_create(&state->model, dc, &sim->scenario->pressure, diag);
    if (code) return code;
    state->model->schedule = schedule;
    state->model->context = sim;
    if (vdc_storage_swaps(sim)) state->model->traffic = traffic, state->model->background = background;
    dc->efficiencies[dc->efficiency_count++] = vdc_memory_model(state->model);
    dc->serviced |= 1u << VDC_MEMORY;
    return VDC_OK;
}

static void close(vdc_simulation *sim) {
    memory_state *state = sim->parts[VDC_PART_memory];
    if (!state) return;
    vdc_memory_destroy(state->model);
    vdc_free(state->uses);
    vdc_free(state);
}

/* Bytes that the VM has touched and works with now, and when that changes where this is not known. */
static vdc_code use(vdc_simulation *sim, uint32_t slot, int64_t *touched, int64_t *working_set, vdc_diag *diag) {
    memory_state *state = sim->parts[VDC_PART_memory];
    const vdc_request *request = &sim->datacenter.records[slot].request;
    int64_t size = request->size[VDC_MEMORY];
    memory_use *at = &state->uses[slot];
    *touched = *working_set = size;
    if (request->memory_load == 0) return VDC_OK;
    const vdc_memory_segment *segment = &sim->memory_loads.segments[at->segment];
    *touched = (int64_t)((vdc_wide)size * segment->touched_ppm / 1000000);
    *working_set = (int64_t)((vdc_wide)size * segment->working_set_ppm / 1000000);
    if (at->event || segment->duration == VDC_FOREVER) return VDC_OK;
    return vdc_part_schedule(sim, VDC_PART_memory, vdc_later(sim->datacenter.now, segment->duration), VDC_RANK_CHANGE,
                             sim->datacenter.hosts.count + slot, &at->event, diag);
}

static vdc_code placed(vdc_simulation *sim, uint32_t slot, vdc_diag *diag) {
    memory_state *state = sim->parts[VDC_PART_memory];
    int64_t touched, working_set;
    if (!VDC_RESERVE(state->uses, state->capacity, slot + (size_t)1)) return vdc_no_memory(diag, "the hosts' memory");
    uint16_t load = sim->datacenter.records[slot].request.memory_load;
    const vdc_memory_load none = {0}, *its = load ? &sim->memory_loads.items[load] : &none;
    if (!sim->transit) state->uses[slot] = (memory_use){.segment = its->first};
    vdc_code code = use(sim, slot, &touched, &working_set, diag);
    if (code) return code;
    bool stays = sim->transit == VDC_TRANSIT_STAYS;
    code = stays ? vdc_memory_resize(state->model, slot, touched, working_set)
                 : vdc_memory_arrive(state->model, slot, touched, working_set, its->reservation);
    return code ? vdc_no_memory(diag, "the hosts' memory") : VDC_OK;
}

/* One that goes on is where it was in what it does; on its own host its memory does not even notice. */
static void removing(vdc_simulation *sim, uint32_t slot) {
    memory_state *state = sim->parts[VDC_PART_memory];
    if (sim->transit == VDC_TRANSIT_STAYS) return;
    if (!sim->transit && slot < state->capacity) {
        if (state->uses[slot].event) vdc_queue_cancel(sim->events, state->uses[slot].event);
        state->uses[slot].event = 0;
    }
    if (sim->transit && slot < state->model->vm_capacity) state->model->swapped_in += state->model->vms[slot].swapped; /* it is sent, too */
    (void)vdc_memory_leave(state->model, slot); /* without memory for scratch the host is reviewed at its next change */
}

static vdc_code event(vdc_simulation *sim, uint32_t subject, vdc_diag *diag) {
    memory_state *state = sim->parts[VDC_PART_memory];
    uint32_t hosts = sim->datacenter.hosts.count;
    if (subject < hosts) return vdc_memory_step(state->model, subject) ? vdc_no_memory(diag, "the hosts' memory") : VDC_OK;
    uint32_t slot = subject - hosts;
    int64_t touched, working_set;
    state->uses[slot].event = 0;
    state->uses[slot].segment++;
    vdc_code code = use(sim, slot, &touched, &working_set, diag);
    return code ? code : vdc_memory_change(state->model, slot, touched, working_set) ? vdc_no_memory(diag, "the hosts' memory") : VDC_OK;
}

static void advance(vdc_simulation *sim) { vdc_memory_advance(((memory_state *)sim->parts[VDC_PART_memory])->model); }

static void check(vdc_simulation *sim, vdc_checks *checks) { vdc_memory_check(((memory_state *)sim->parts[VDC_PART_memory])->model, checks); }

static const vdc_column tick_columns[] = {
    {"memory_ballooned", "byte", "memory in balloons at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
    {"memory_swapped", "byte", "memory swapped out at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
    {"memory_shared", "byte", "memory saved by sharing equal pages at the end of the tick", VDC_CELL_INTEGER, NULL, 1},
    {"swap_out", "byte", "memory swapped out in the tick", VDC_CELL_INTEGER, NULL, 1},
    {"swap_in", "byte", "memory swapped in again in the tick", VDC_CELL_INTEGER, NULL, 1},
};

static void tick(vdc_simulation *sim, uint32_t entity, vdc_row *row) {
    memory_state *state = sim->parts[VDC_PART_memory];
    const vdc_memory *model = state->model;
    (void)entity;
    vdc_row_integer(row, model->ballooned);
    vdc_row_integer(row, model->swapped);
    vdc_row_integer(row, model->shared);
    vdc_row_integer(row, model->swapped_out - state->previous_out);
    vdc_row_integer(row, model->swapped_in - state->previous_in);
    state->previous_out = model->swapped_out;
    state->previous_in = model->swapped_in;
}

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const vdc_memory *model = ((memory_state *)sim->parts[VDC_PART_memory])->model;
    vdc_summary_real(s, "memory_ballooned_byte_s", vdc_resource_total(VDC_MEMORY, model->ballooned_time), "byte s", "memory in balloons");
    vdc_summary_real(s, "memory_swapped_byte_s", vdc_resource_total(VDC_MEMORY, model->swapped_time), "byte s", "memory swapped out");
    vdc_summary_real(s, "memory_shared_byte_s", vdc_resource_total(VDC_MEMORY, model->shared_time), "byte s", "memory saved by sharing equal pages");
    vdc_summary_amount(s, "swap_out_bytes", model->swapped_out, "byte", "memory swapped out, all told");
    vdc_summary_amount(s, "swap_in_bytes", model->swapped_in, "byte", "memory swapped in again, all told");
}

const vdc_part vdc_part_memory = {
    .name = "memory", .open = open, .close = close, .placed = placed, .removing = removing, .event = event, .advance = advance, .check = check,
    .summary = summary, .ticks = {tick_columns, sizeof tick_columns / sizeof *tick_columns, .row = tick},
};
