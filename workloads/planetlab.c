/* PlanetLab CPU traces as CloudSim ships them: a folder for a day, a file for each VM, a percentage every five minutes.
 *
 * The files know no sizes: `flavors` gives them, and the percentage refers to the flavor's own speed. All VMs arrive at
 * 0 and end with their samples. A flavor that is faster than its host's core is capped by it, as every demand is.
 */
#include "sim/base/memory.h"
#include "sim/base/random.h"
#include "workloads/readers.h"
#include "workloads/samples.h"

#include <string.h>

/* A size that VMs come in, and the load of those that have it. */
typedef struct flavor {
    vdc_load_source load; /* first: requests point here */
    const vdc_samples *samples;
    int64_t step;         /* ns a sample */
    int64_t vcpus;        /* milli-vCPU */
    int64_t speed;        /* Hz of a vCPU */
    int64_t memory, disk; /* bytes */
    int64_t demand[101];  /* Hz by percent */
} flavor;

typedef enum assignment { ASSIGN_QUARTERS, ASSIGN_RANDOM } assignment;
static const char *const assignment_words[] = {"quarters", "random", NULL};

typedef struct planetlab_params {
    const vdc_node *flavors;
    int assign;
    int64_t step;
} planetlab_params;

typedef struct planetlab {
    vdc_source base;
    vdc_samples samples;
    flavor *flavors;
    size_t flavor_count;
    assignment assign;
    uint64_t seed;
    size_t given;
} planetlab;

/* percent of a flavor's CPUs in Hz, rounded half to even. */
static int64_t demand_of(const flavor *self, uint8_t percent) {
    const vdc_wide product = (vdc_wide)self->vcpus * self->speed * percent, unit = 100000; /* milli and percent */
    const vdc_wide whole = product / unit, rest = product % unit;
    return (int64_t)(whole + (rest * 2 > unit || (rest * 2 == unit && (whole & 1))));
}

static bool next_sample(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    const flavor *self = (const flavor *)source;
    const uint8_t percent = self->samples->bytes[*cursor];
    if (percent == VDC_SAMPLES_END) return false;
    *segment = (vdc_segment){self->step, self->demand[percent]};
    ++*cursor;
    return true;
}

static vdc_code read_flavor(const vdc_node *node, flavor *out, vdc_diag *diag) {
    static const vdc_param params[] = {
        {"vcpus", VDC_PARAM_INTEGER, VDC_DIM_MILLI, "1", 1, 1e9, NULL, "virtual CPUs", offsetof(flavor, vcpus), false, NULL},
        {"speed", VDC_PARAM_INTEGER, VDC_DIM_FREQUENCY, NULL, 1, 1e12, NULL, "of a vCPU: what 100 % means",
         offsetof(flavor, speed), false, NULL},
        {"memory", VDC_PARAM_INTEGER, VDC_DIM_BYTES, "0 B", 0, 0, NULL, "memory", offsetof(flavor, memory), false, NULL},
        {"disk", VDC_PARAM_INTEGER, VDC_DIM_BYTES, "0 B", 0, 0, NULL, "disk space", offsetof(flavor, disk), false, NULL},
    };
    return vdc_params_read(node, params, sizeof params / sizeof params[0], out, NULL, "flavor", diag);
}

static vdc_code read_flavors(planetlab *self, const planetlab_params *params, vdc_diag *diag) {
    const vdc_node *list = params->flavors;
    if (list->kind != VDC_NODE_SEQUENCE || list->count == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "flavors: a list of {vcpus, speed, memory} is wanted");
    self->flavors = vdc_calloc(list->count, sizeof *self->flavors);
    if (!self->flavors) return vdc_no_memory(diag, "flavors");
    vdc_code first = VDC_OK;
    for (size_t i = 0; i < list->count; i++) {
        const vdc_code code = read_flavor(list->children[i], &self->flavors[i], diag);
        if (!first) first = code;
        self->flavors[i].load.next = next_sample;
        self->flavors[i].samples = &self->samples;
        self->flavors[i].step = params->step;
        for (uint8_t percent = 0; percent <= 100; percent++) self->flavors[i].demand[percent] = demand_of(&self->flavors[i], percent);
    }
    self->flavor_count = list->count;
    return first;
}

/* Quarters: VM i of n has flavor i / ceil(n / flavors), whatever the number of flavors. */
static const flavor *flavor_of(const planetlab *self, size_t vm) {
    const size_t share = (self->samples.count + self->flavor_count - 1) / self->flavor_count;
    const uint64_t draw = vdc_hash_key(self->seed, "planetlab.flavor", vm, 0);
    const size_t index = self->assign == ASSIGN_QUARTERS ? vm / share
                                                         : (size_t)((unsigned __int128)draw * self->flavor_count >> 64);
    return &self->flavors[index];
}

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    (void)diag;
    planetlab *self = (planetlab *)source;
    *have = self->given < self->samples.count;
    if (!*have) return VDC_OK;
    const size_t vm = self->given++;
    const flavor *size = flavor_of(self, vm);
    memcpy(out, &vdc_request_blank, sizeof *out);
    out->name = self->samples.names[vm];
    out->size[VDC_CPU] = size->vcpus;
    out->size[VDC_MEMORY] = size->memory;
    out->size[VDC_DISK] = size->disk;
    out->load = &size->load;
    out->load_cursor = self->samples.begin[vm];
    uint8_t peak = 0;
    for (const uint8_t *at = self->samples.bytes + out->load_cursor; *at != VDC_SAMPLES_END; at++)
        if (*at > peak) peak = *at;
    out->load_peak = size->demand[peak];
    return VDC_OK;
}

static void close(vdc_source *source) {
    planetlab *self = (planetlab *)source;
    vdc_samples_free(&self->samples);
    vdc_free(self->flavors);
    vdc_free(self);
}

static vdc_code open_planetlab(const void *values, const char *path, const vdc_workload_context *context, vdc_source **source,
                               vdc_diag *diag) {
    static const vdc_source_operations operations = {next, NULL, close};
    const planetlab_params *params = values;
    *source = NULL;
    planetlab *self = vdc_calloc(1, sizeof *self);
    if (!self) return vdc_no_memory(diag, "a trace");
    self->base.operations = &operations;
    self->assign = (assignment)params->assign;
    self->seed = context->seed;
    vdc_code code = read_flavors(self, params, diag);
    if (!code) code = vdc_samples_read(&self->samples, path, context, diag);
    if (code) close(&self->base);
    else *source = &self->base;
    return code;
}

static const vdc_param planetlab_table[] = {
    {"flavors", VDC_PARAM_NODE, VDC_DIM_COUNT, NULL, 0, 0, NULL, "[{vcpus, speed, memory}, …]: what the VMs are",
     offsetof(planetlab_params, flavors), true, NULL},
    {"assign", VDC_PARAM_CHOICE, VDC_DIM_COUNT, "quarters", 0, 0, assignment_words,
     "quarters: equal runs of files to each flavor in turn; random: drawn", offsetof(planetlab_params, assign), false, NULL},
    {"step", VDC_PARAM_INTEGER, VDC_DIM_TIME, "300s", 1, 0x1p63, NULL, "time between samples", offsetof(planetlab_params, step),
     false, NULL},
};

const vdc_workload_type vdc_workload_planetlab = {
    .name = "planetlab",
    .summary = "PlanetLab CPU percentages, a file for each VM (CloudSim)",
    .source = "Park, Pai: CoMon, 2006; as shipped with CloudSim; docs/traces.md",
    .params = planetlab_table,
    .param_count = sizeof planetlab_table / sizeof planetlab_table[0],
    .params_size = sizeof(planetlab_params),
    .open = open_planetlab,
};
