#include "tests/support/replay.h"

#include <criterion/criterion.h>

#include "tests/support/tree.h"

typedef struct replay_vm {
    int64_t end;
    const vdc_request *request;
    vdc_decision decision;
} replay_vm;

static const char *first_message(const vdc_diag *diag) {
    return diag->count ? diag->messages[0].text : "no message";
}

void replay_open(test_replay *replay, vdc_hosts *hosts, const char *policy, const char *strategy) {
    replay_open_mix(replay, hosts, policy, strategy, NULL);
}

void replay_open_mix(test_replay *replay, vdc_hosts *hosts, const char *policy, const char *strategy, const vdc_gpu_mix *mix) {
    vdc_diag diag = {0};
    *replay = (test_replay){.hosts = hosts, .now = 0};
    const vdc_node *node = test_tree(&replay->arena, policy);
    vdc_code code = vdc_policy_open(VDC_PLACEMENT, node, "first-fit", NULL, &replay->policy, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", policy, first_message(&diag));
    vdc_search_options options = {.hosts = hosts, .now = &replay->now, .seed = 1, .strategy = strategy, .component = "placement",
                                  .gpu_mix = mix};
    code = vdc_search_create(&replay->search, &replay->policy, &options, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", policy, first_message(&diag));
}

static void push(test_replay *replay, replay_vm vm) {
    cr_assert(VDC_RESERVE(replay->alive, replay->alive_capacity, replay->alive_count + 1));
    size_t at = replay->alive_count++;
    for (; at > 0 && replay->alive[(at - 1) / 2].end > vm.end; at = (at - 1) / 2) replay->alive[at] = replay->alive[(at - 1) / 2];
    replay->alive[at] = vm;
}

static replay_vm pop(test_replay *replay) {
    replay_vm first = replay->alive[0], moved = replay->alive[--replay->alive_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < replay->alive_count; at = child) {
        if (child + 1 < replay->alive_count && replay->alive[child + 1].end < replay->alive[child].end) child++;
        if (replay->alive[child].end >= moved.end) break;
        replay->alive[at] = replay->alive[child];
    }
    replay->alive[at] = moved;
    return first;
}

int64_t replay_next_end(const test_replay *replay) {
    return replay->alive_count ? replay->alive[0].end : INT64_MAX;
}

void replay_depart(test_replay *replay, int64_t now) {
    while (replay->alive_count && replay->alive[0].end <= now) {
        replay_vm vm = pop(replay);
        replay->now = vm.end;
        uint32_t host = (uint32_t)vm.decision.host;
        vdc_host_give(replay->hosts, host, vm.request, vm.decision.gpu_devices, vm.decision.numa_nodes);
        vdc_search_host_changed(replay->search, host);
        vdc_search_released(replay->search, vm.request, host);
    }
    replay->now = now;
}

int64_t replay_arrive(test_replay *replay, const vdc_request *request) {
    replay_depart(replay, request->arrival);
    replay_vm vm = {.request = request};
    bool found = false;
    vdc_diag diag = {0};
    vdc_code code = vdc_search_decide(replay->search, request, &vm.decision, &found, &diag);
    cr_assert_eq(code, VDC_OK, "%s", first_message(&diag));
    if (!found) return -1;
    uint32_t host = (uint32_t)vm.decision.host;
    vdc_host_take(replay->hosts, host, request, vm.decision.gpu_devices, vm.decision.numa_nodes);
    vdc_search_host_changed(replay->search, host);
    vdc_search_placed(replay->search, request, host);
    bool ends = request->lifetime != VDC_UNLIMITED && request->lifetime != VDC_FOREVER;
    vm.end = ends ? request->arrival + request->lifetime : INT64_MAX;
    push(replay, vm);
    return vm.decision.host;
}

void replay_close(test_replay *replay) {
    vdc_search_destroy(replay->search);
    vdc_policy_close(&replay->policy);
    vdc_arena_free(&replay->arena);
    vdc_free(replay->alive);
}
