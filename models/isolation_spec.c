/* See isolation_spec.h. */
#include "models/isolation_spec.h"

#include <stddef.h>
#include <string.h>

/* As written, before names become bits. */
typedef struct written {
    vdc_isolation_spec spec;
    int threads_choice, core_isolate;
    bool pin;
    const vdc_node *label, *requires, *tolerates;
    int64_t numa;
} written;

static const char *const isolate_words[] = {"none", "prefer", "isolate", NULL};

#define AT(member) .offset = offsetof(written, member)
const vdc_param vdc_isolation_spec_params[] = {
    {.name = "pin", .type = VDC_PARAM_BOOL, .fallback = "false", AT(pin), .help = "a hardware thread of its own for each vCPU"},
    {.name = "core_isolate", .type = VDC_PARAM_CHOICE, .choices = isolate_words, .fallback = "none", AT(core_isolate),
     .help = "whole cores: prefer = as few as hold its vCPUs, isolate = one for each vCPU"},
    {.name = "core_scheduling", .type = VDC_PARAM_BOOL, .fallback = "false", AT(spec.core_scheduling),
     .help = "siblings of a core never run another trust domain"},
    {.name = "dedicated_host", .type = VDC_PARAM_BOOL, .fallback = "false", AT(spec.dedicated_host),
     .help = "no other trust domain on its host"},
    {.name = "label", .type = VDC_PARAM_NODE, AT(label), .help = "{level, categories}: its place in the label lattice"},
    {.name = "require", .type = VDC_PARAM_NODE, AT(requires), .help = "{key: value}: labels that its host must have"},
    {.name = "tolerate", .type = VDC_PARAM_NODE, AT(tolerates), .help = "a list of host taints that it bears"},
    {.name = "llc_ways", .type = VDC_PARAM_INTEGER, .fallback = "0", AT(spec.llc_ways), .help = "ways of the last-level cache of its own"},
    {.name = "memory_bandwidth", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_BYTE_RATE, .fallback = "0", AT(spec.memory_bandwidth),
     .help = "memory bandwidth of its own"},
    {.name = "numa", .type = VDC_PARAM_INTEGER, .fallback = "0", .maximum = 64, AT(numa), .help = "NUMA nodes that hold it, 0 = any"},
};
const size_t vdc_isolation_spec_param_count = sizeof vdc_isolation_spec_params / sizeof *vdc_isolation_spec_params;

vdc_code vdc_isolation_specs_create(vdc_isolation_specs *specs, vdc_diag *diag) {
    *specs = (vdc_isolation_specs){0};
    vdc_code code = vdc_names_create(&specs->labels, diag);
    if (!code) code = vdc_names_create(&specs->categories, diag);
    if (!code && !VDC_RESERVE(specs->items, specs->capacity, 1)) code = vdc_no_memory(diag, "isolation");
    if (code) return code;
    specs->items[specs->count++] = (vdc_isolation_spec){0};
    return VDC_OK;
}

void vdc_isolation_specs_destroy(vdc_isolation_specs *specs) {
    vdc_names_destroy(specs->labels);
    vdc_names_destroy(specs->categories);
    vdc_free(specs->items);
    *specs = (vdc_isolation_specs){0};
}

vdc_code vdc_isolation_bit(vdc_names *names, const char *text, uint64_t *mask, const vdc_place *place, const char *what, vdc_diag *diag) {
    uint32_t number;
    if (vdc_names_intern(names, text, strlen(text), &number)) return vdc_no_memory(diag, "isolation");
    if (number == 0) return vdc_fail(diag, VDC_ERROR_INPUT, place, "%s: a name must not be empty", what);
    if (number > 64) return vdc_fail(diag, VDC_ERROR_INPUT, place, "%s: '%s' is the 65th name; at most 64 are possible", what, text);
    *mask |= UINT64_C(1) << (number - 1);
    return VDC_OK;
}

/* The bit of a label or taint that some class of hosts has. */
static vdc_code known_label(const vdc_isolation_specs *specs, const char *text, uint64_t *mask, const vdc_place *place, const char *what,
                            vdc_diag *diag) {
    uint32_t number = vdc_names_find(specs->labels, text, strlen(text));
    if (number == UINT32_MAX || number == 0)
        return vdc_fail(diag, VDC_ERROR_INPUT, place, "%s: no host class has '%s'", what, text);
    *mask |= UINT64_C(1) << (number - 1);
    return VDC_OK;
}

/* A list of category names, or of taints that hosts have. */
static vdc_code read_list(const vdc_node *list, vdc_isolation_specs *specs, bool taints, uint64_t *mask, const char *what, vdc_diag *diag) {
    if (!list) return VDC_OK;
    char buffer[96];
    if (list->kind != VDC_NODE_SEQUENCE)
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place, "%s: found %s; allowed: a list of texts", what,
                        vdc_node_describe(list, buffer, sizeof buffer));
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < list->count; i++) {
        const char *text;
        code = vdc_node_text(list->children[i], &text, diag);
        if (code) break;
        code = taints ? known_label(specs, text, mask, &list->children[i]->place, what, diag)
                      : vdc_isolation_bit(specs->categories, text, mask, &list->children[i]->place, what, diag);
    }
    return code;
}

/* {key: value} -> the bits of "key=value". */
static vdc_code read_labels(const vdc_node *map, const vdc_isolation_specs *specs, uint64_t *mask, vdc_diag *diag) {
    if (!map) return VDC_OK;
    char buffer[96];
    if (map->kind != VDC_NODE_MAPPING)
        return vdc_fail(diag, VDC_ERROR_INPUT, &map->place, "isolation: require: found %s; allowed: a mapping {key: value}",
                        vdc_node_describe(map, buffer, sizeof buffer));
    vdc_code code = VDC_OK;
    for (size_t i = 0; !code && i < map->count; i++) {
        const char *value;
        code = vdc_node_text(map->children[i], &value, diag);
        if (code) break;
        char *text = vdc_format("%s=%s", map->children[i]->key, value);
        if (!text) return vdc_no_memory(diag, "isolation");
        code = known_label(specs, text, mask, &map->children[i]->place, "isolation: require", diag);
        vdc_free(text);
    }
    return code;
}

static vdc_code read_lattice_label(const vdc_node *node, vdc_isolation_specs *specs, vdc_isolation_spec *spec, vdc_diag *diag) {
    struct values { int64_t level; const vdc_node *categories; } values;
    static const vdc_param params[] = {
        {.name = "level", .type = VDC_PARAM_INTEGER, .fallback = "0", .offset = offsetof(struct values, level), .help = "0 = lowest"},
        {.name = "categories", .type = VDC_PARAM_NODE, .offset = offsetof(struct values, categories), .help = "a list of texts"},
    };
    if (!node) return VDC_OK;
    vdc_code code = vdc_params_read(node, params, 2, &values, NULL, "isolation: label", diag);
    spec->level = values.level;
    return code ? code : read_list(values.categories, specs, false, &spec->categories, "isolation: label: categories", diag);
}

vdc_code vdc_isolation_spec_read(vdc_isolation_specs *specs, const vdc_node *node, uint32_t *index, vdc_diag *diag) {
    *index = 0;
    if (!node) return VDC_OK;
    if (!specs) { /* the check of a scenario by itself: labels of hosts are not known */
        written only;
        return vdc_params_read(node, vdc_isolation_spec_params, vdc_isolation_spec_param_count, &only, NULL, "isolation", diag);
    }
    written as;
    memset(&as, 0, sizeof as); /* padding too: entries are compared as bytes */
    vdc_code code = vdc_params_read(node, vdc_isolation_spec_params, vdc_isolation_spec_param_count, &as, NULL, "isolation", diag);
    if (!code && as.pin && as.core_isolate)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "isolation: pin and core_isolate exclude each other: a core that is "
                        "isolated is the VM's own already");
    if (!code) code = read_lattice_label(as.label, specs, &as.spec, diag);
    if (!code) code = read_labels(as.requires, specs, &as.spec.requires, diag);
    if (!code) code = read_list(as.tolerates, specs, true, &as.spec.tolerates, "isolation: tolerate", diag);
    if (code) return code;
    as.spec.threads = as.pin ? VDC_THREADS_PIN : as.core_isolate == 1 ? VDC_CORES_PREFER : as.core_isolate == 2 ? VDC_CORES_ISOLATE
                                                                                                            : VDC_THREADS_SHARED;
    as.spec.numa_nodes = (int)as.numa;
    for (size_t i = 0; i < specs->count; i++)
        if (memcmp(&specs->items[i], &as.spec, sizeof as.spec) == 0) {
            *index = (uint32_t)i;
            return VDC_OK;
        }
    if (!VDC_RESERVE(specs->items, specs->capacity, specs->count + 1)) return vdc_no_memory(diag, "isolation");
    memcpy(&specs->items[specs->count], &as.spec, sizeof as.spec);
    *index = (uint32_t)specs->count++;
    specs->used = true;
    return VDC_OK;
}
