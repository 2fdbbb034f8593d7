#include "tests/support/fleet.h"

#include <criterion/criterion.h>
#include <string.h>

static vdc_host_class class_of(const fleet_class *from) {
    vdc_host_class class = {.count = from->count, .sockets = from->numa ? from->numa : 1, .cores = 1, .threads = 1, .numa = 1,
                            .speed = 1000000000, .gpus = from->gpus, .max_vms = from->max_vms};
    class.cores = (uint16_t)(from->cores / class.sockets);
    class.physical[VDC_CPU] = from->cores * 1000;
    class.physical[VDC_MEMORY] = from->gib * GIB;
    class.physical[VDC_GPU] = from->gpus * 1000;
    memcpy(class.capacity, class.physical, sizeof class.capacity);
    class.cpu_hz = class.physical[VDC_CPU] * class.speed / 1000;
    class.gpu_model = from->gpus ? 1 : 0;
    return class;
}

void fleet_open(vdc_hosts *hosts, const fleet_class *from, uint16_t class_count) {
    uint32_t count = 0;
    unsigned use = 1u << VDC_CPU | 1u << VDC_MEMORY;
    bool numa = false;
    vdc_host_class *classes = vdc_calloc(class_count, sizeof *classes);
    for (uint16_t c = 0; c < class_count; c++) {
        classes[c] = class_of(&from[c]);
        count += from[c].count;
        if (from[c].gpus) use |= 1u << VDC_GPU;
        if (from[c].numa) numa = true;
    }
    uint16_t *class_ids = vdc_calloc(count, sizeof *class_ids);
    uint32_t left[16];
    for (uint16_t c = 0; c < class_count; c++) left[c] = from[c].count;
    for (uint32_t h = 0, c = 0; h < count; c = (c + 1) % class_count) {
        if (!left[c]) continue;
        left[c]--;
        class_ids[h++] = (uint16_t)c;
    }
    vdc_diag diag = {0};
    vdc_code code = vdc_hosts_create(hosts, classes, class_count, class_ids, count, use, numa, &diag);
    cr_assert_eq(code, VDC_OK);
}

vdc_request fleet_request(int64_t cores, int64_t gib) {
    return (vdc_request){.lifetime = VDC_UNLIMITED,
                         .size = {[VDC_CPU] = cores * 1000, [VDC_MEMORY] = gib * GIB},
                         .cpu_weight = VDC_UNLIMITED,
                         .cpu_limit = VDC_UNLIMITED,
                         .predicted_lifetime = VDC_UNLIMITED};
}

bool policy_stands_alone(const vdc_policy *policy) {
    for (size_t i = 0; i < policy->param_count; i++) {
        if (policy->params[i].required) return false;
    }
    return true;
}
