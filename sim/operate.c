/* vdc_simulation_operate: an operation as a text, for callers of the library. */
#include <inttypes.h>
#include <string.h>

#include "sim/journal.h"
#include "sim/operations.h"
#include "sim/results/results.h"
#include "sim/base/yaml.h"

/* The mapping without one of its keys. */
static const vdc_node *without(vdc_arena *arena, const vdc_node *mapping, const char *key) {
    vdc_node *copy = vdc_arena_alloc(arena, sizeof *copy);
    vdc_node **children = vdc_arena_alloc(arena, (mapping->count + 1) * sizeof *children);
    if (!copy || !children) return NULL;
    *copy = *mapping;
    copy->children = children;
    copy->count = 0;
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->children[i]->key, key) != 0) children[copy->count++] = mapping->children[i];
    return copy;
}

/* What of a VM that is made while the run goes on has no model in it. */
static const char *not_modelled(vdc_simulation *sim, const vdc_request *request) {
    if (request->isolation && !sim->isolation) return vdc_refuse(sim, "nothing else in this run asks for isolation, so it is not simulated");
    if (request->interference && !sim->interference.profiles) return vdc_refuse(sim, "nothing else in this run has interference, so it is not simulated");
    if (request->id != VDC_NO_ID && vdc_vm_find(sim, request->id) != VDC_NOWHERE) return vdc_refuse(sim, "VM %" PRId64 " is still alive", request->id);
    if (request->id == VDC_NO_ID && vdc_vm_find(sim, sim->population.arrived) != VDC_NOWHERE)
        return vdc_refuse(sim, "its number, %" PRId64 ", is the id of a VM that is alive: give it an id", sim->population.arrived);
    return NULL;
}

static vdc_code create(vdc_simulation *sim, const vdc_node *node, vdc_arena *arena, const char **refusal, vdc_diag *diag) {
    vdc_operations *operations = vdc_operations_of(sim);
    int64_t capacity[VDC_RESOURCES];
    vdc_workload_context context = vdc_context_of(sim, capacity);
    const vdc_node *vm = without(arena, node, "do");
    vdc_node *list = vdc_arena_alloc(arena, sizeof *list), **children = vdc_arena_alloc(arena, sizeof *children);
    if (!vm || !list || !children || !VDC_RESERVE(operations->created, operations->created_capacity, operations->created_count + 1))
        return vdc_no_memory(diag, "a VM");
    children[0] = (vdc_node *)vm;
    *list = (vdc_node){.kind = VDC_NODE_SEQUENCE, .children = children, .count = 1, .place = node->place};
    vdc_source *source;
    vdc_code code = vdc_workload_inline(list, &context, &source, diag);
    if (code) return code;
    operations->created[operations->created_count++] = source;
    vdc_request request;
    bool have;
    code = source->operations->next(source, &request, &have, diag);
    if (code) return code;
    request.arrival = sim->datacenter.now;
    *refusal = not_modelled(sim, &request);
    if (*refusal) {
        operations->refused++;
        return vdc_results_log(sim, "refused: create", request.id, -1, *refusal, diag);
    }
    return vdc_run_arrive(sim, &request, diag);
}

static vdc_code operate(vdc_simulation *sim, const vdc_node *node, vdc_arena *arena, const char **refusal, vdc_diag *diag) {
    if (node->kind != VDC_NODE_MAPPING) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "allowed: {do: OPERATION, vm: ID, …}");
    const vdc_node *verb = vdc_node_get(node, "do");
    if (verb && verb->kind == VDC_NODE_SCALAR && strcmp(verb->text, "create") == 0) return create(sim, node, arena, refusal, diag);
    vdc_operation operation;
    vdc_code code = vdc_operation_read(node, VDC_OPERATION_NOW, "operation", arena, &operation, diag);
    return code ? code : vdc_operate_named(sim, &operation, refusal, diag);
}

vdc_code vdc_simulation_operate(vdc_simulation *sim, const char *text, const char **refusal, vdc_diag *diag) {
    vdc_datacenter *dc = &sim->datacenter;
    vdc_operations *operations = vdc_operations_of(sim);
    *refusal = NULL;
    if (!operations) return vdc_fail(diag, VDC_ERROR_STATE, NULL, "this run was opened without `operable`: its VMs cannot be operated on");
    if (sim->ended) {
        *refusal = vdc_refuse(sim, "the run is over");
        return VDC_OK;
    }
    const vdc_node *node;
    vdc_code code = vdc_yaml_parse(text, strlen(text), "operation", &operations->arena, &node, diag);
    if (code) return code;
    if (sim->reached > dc->now) {
        if ((code = vdc_datacenter_settle(dc, diag))) return code;
        if (sim->check) vdc_checks_event(&sim->checks, dc);
        dc->now = sim->reached;
    }
    code = vdc_journal_note(sim, VDC_DEED_OPERATION, text, diag);
    if (code) return code;
    code = operate(sim, node, &operations->arena, refusal, diag);
    if (code) vdc_journal_forget(sim);
    return code ? code : vdc_datacenter_settle(dc, diag);
}
