/* JSON Schema from the parameter tables: see schema.h.
 *
 * A section's table gives an object; a row of type "node" leads to the section of that path, where there is one, or to what another
 * module registers (policies, formats, power models). Whatever has no table is left open.
 */
#include "sim/cli/schema.h"

#include <stdio.h>
#include <string.h>

#include "schedulers/placement/plugin.h"
#include "schedulers/registry.h"
#include "sim/scenario/scenario.h"
#include "workloads/arrivals.h"
#include "workloads/made_load.h"
#include "workloads/selection.h"
#include "workloads/shape.h"

enum { PATH_SIZE = 128 };

static void put_node(vdc_json *json, const char *path, const vdc_param *param);

static void begin(vdc_json *json, const char *key, char bracket) {
    if (key) vdc_json_key(json, key);
    vdc_json_open(json, bracket);
}

/* A list of names as an enumeration. */
static void put_enum(vdc_json *json, const char *const *words) {
    begin(json, "enum", '[');
    for (size_t i = 0; words[i]; i++) vdc_json_text(json, words[i]);
    vdc_json_close(json, ']');
}

static void put_bounds(vdc_json *json, const vdc_param *param) {
    double scale = param->type == VDC_PARAM_INTEGER ? (double)vdc_dimension_scale(param->dimension) : 1;
    vdc_json_put_real(json, "minimum", param->minimum / scale);
    if (vdc_param_has_maximum(param)) vdc_json_put_real(json, "maximum", param->maximum / scale);
}

/* A number, or a text that begins with one: which units may follow is said in the description. */
static void put_number(vdc_json *json, const vdc_param *param) {
    bool whole = param->type == VDC_PARAM_INTEGER && param->dimension == VDC_DIM_COUNT;
    begin(json, "anyOf", '[');
    vdc_json_open(json, '{');
    vdc_json_put_text(json, "type", whole ? "integer" : "number");
    put_bounds(json, param);
    vdc_json_close(json, '}');
    if (!whole) {
        vdc_json_open(json, '{');
        vdc_json_put_text(json, "type", "string");
        vdc_json_put_text(json, "pattern", "^\\s*[-+]?(\\d|\\.\\d)");
        vdc_json_close(json, '}');
    }
    if (param->none) {
        vdc_json_open(json, '{');
        vdc_json_put_text(json, "const", param->none);
        vdc_json_close(json, '}');
    }
    vdc_json_close(json, ']');
}

static void put_description(vdc_json *json, const vdc_param *param) {
    char text[400];
    bool number = (param->type == VDC_PARAM_INTEGER || param->type == VDC_PARAM_REAL) && param->dimension != VDC_DIM_COUNT;
    const char *help = param->help ? param->help : "";
    (void)snprintf(text, sizeof text, "%s%s%s%s%s", help, number ? ". " : "", number ? vdc_dimension_help(param->dimension) : "",
                   param->fallback ? ". Default: " : "", param->fallback ? param->fallback : "");
    vdc_json_put_text(json, "description", text);
}

/* The schema of one row's value. */
static void put_value(vdc_json *json, const char *section, const vdc_param *param) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s%s%s", section, *section ? "." : "", param->name);
    vdc_json_open(json, '{');
    put_description(json, param);
    switch (param->type) {
    case VDC_PARAM_BOOL: vdc_json_put_text(json, "type", "boolean"); break;
    case VDC_PARAM_INTEGER:
    case VDC_PARAM_REAL: put_number(json, param); break;
    case VDC_PARAM_CHOICE: put_enum(json, param->choices); break;
    case VDC_PARAM_TEXT: /* a scalar of any look is a text */
        begin(json, "type", '[');
        vdc_json_text(json, "string"), vdc_json_text(json, "number"), vdc_json_text(json, "boolean");
        vdc_json_close(json, ']');
        break;
    case VDC_PARAM_PATH: vdc_json_put_text(json, "type", "string"); break;
    case VDC_PARAM_NODE: put_node(json, path, param); break;
    }
    vdc_json_close(json, '}');
}

/* One or two tables as the members "properties" and "required" of an object that has nothing else; `name` with the value `value` is one
 * more property, and required unless it is what is meant without it. */
typedef struct object {
    const char *path;
    const vdc_param *tables[2];
    size_t counts[2];
    const char *name, *value;
    bool optional_name;
    bool open;           /* other keys may stand beside these */
    const char *instead; /* a key that, where it stands, makes the required ones unnecessary; or NULL */
} object;

static void put_object(vdc_json *json, const object *of) {
    vdc_json_put_text(json, "type", "object");
    vdc_json_key(json, "additionalProperties");
    vdc_json_bool(json, of->open);
    begin(json, "properties", '{');
    if (of->name) {
        begin(json, of->name, '{');
        vdc_json_put_text(json, "const", of->value);
        vdc_json_close(json, '}');
    }
    for (int t = 0; t < 2; t++) {
        for (size_t i = 0; i < of->counts[t]; i++) {
            if (of->name && strcmp(of->tables[t][i].name, of->name) == 0) continue;
            vdc_json_key(json, of->tables[t][i].name);
            put_value(json, of->path, &of->tables[t][i]);
        }
    }
    vdc_json_close(json, '}');
    if (of->instead) {
        begin(json, "anyOf", '[');
        vdc_json_open(json, '{');
        begin(json, "required", '[');
        vdc_json_text(json, of->instead);
        vdc_json_close(json, ']');
        vdc_json_close(json, '}');
        vdc_json_open(json, '{');
    }
    begin(json, "required", '[');
    if (of->name && !of->optional_name) vdc_json_text(json, of->name);
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < of->counts[t]; i++)
            if (vdc_param_is_required(&of->tables[t][i]) && !(of->name && strcmp(of->tables[t][i].name, of->name) == 0))
                vdc_json_text(json, of->tables[t][i].name);
    vdc_json_close(json, ']');
    if (of->instead) {
        vdc_json_close(json, '}');
        vdc_json_close(json, ']');
    }
}

/* The same as an item of a list of alternatives. */
static void put_alternative(vdc_json *json, const char *title, const object *of) {
    vdc_json_open(json, '{');
    vdc_json_put_text(json, "title", title);
    put_object(json, of);
    vdc_json_close(json, '}');
}

/* The section at that path; `suffix` is "[]" for that of a list's items. */
static const vdc_scenario_section *find_section(const char *path, const char *suffix) {
    size_t length = strlen(path);
    for (size_t i = 0; i < vdc_scenario_section_count; i++) {
        const char *found = vdc_scenario_sections[i].path;
        if (strncmp(found, path, length) == 0 && strcmp(found + length, suffix) == 0) return &vdc_scenario_sections[i];
    }
    return NULL;
}

static void put_section(vdc_json *json, const vdc_scenario_section *section) {
    put_object(json, &(object){.path = section->path, .tables = {section->params}, .counts = {section->count}});
}

static void put_list_of(vdc_json *json, const vdc_scenario_section *section) {
    vdc_json_put_text(json, "type", "array");
    begin(json, "items", '{');
    put_section(json, section);
    vdc_json_close(json, '}');
}

/* A policy of that kind: one alternative each, with the keys that all policies of the kind have. */
static void put_policies(vdc_json *json, const char *path, vdc_policy_kind kind) {
    const vdc_scenario_section *shared = find_section(path, "");
    begin(json, "anyOf", '[');
    for (size_t i = 0; vdc_policies[i]; i++) {
        const vdc_policy *policy = vdc_policies[i];
        if (policy->kind != kind) continue;
        put_alternative(json, policy->summary, &(object){.path = path, .tables = {policy->params, shared ? shared->params : NULL},
                                                         .counts = {policy->param_count, shared ? shared->count : 0},
                                                         .name = "policy", .value = policy->name, .open = policy == &vdc_placement_plugin,
                                                         .optional_name = !strcmp(policy->name, vdc_scenario_default_policies[kind])});
    }
    vdc_json_close(json, ']');
}

static void put_trace(vdc_json *json, const char *path) {
    size_t count;
    const vdc_param *shared = vdc_selection_params(&count);
    begin(json, "anyOf", '[');
    for (size_t i = 0; vdc_workload_types[i]; i++) {
        const vdc_workload_type *type = vdc_workload_types[i];
        if (type->generates) continue;
        put_alternative(json, type->summary, &(object){.path = path, .tables = {type->params, shared}, .counts = {type->param_count, count},
                                                       .name = "format", .value = type->name});
    }
    vdc_json_close(json, ']');
}

static void put_generator(vdc_json *json, const char *path) {
    const vdc_workload_type *type = vdc_workload_find("generate");
    if (type) put_object(json, &(object){.path = path, .tables = {type->params}, .counts = {type->param_count}});
}

/* Descriptors of `stride` bytes that begin with a vdc_kind: one alternative each. */
static void put_kinds(vdc_json *json, const char *path, const char *key, const void *kinds, size_t stride, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const vdc_kind *kind = (const void *)((const char *)kinds + i * stride);
        put_alternative(json, kind->summary, &(object){.path = path, .tables = {kind->params}, .counts = {kind->param_count},
                                                       .name = key, .value = kind->name});
    }
}

static void put_times(vdc_json *json, const char *path, bool arrivals) {
    begin(json, "anyOf", '[');
    if (arrivals) put_kinds(json, path, "dist", vdc_arrivals_types, sizeof vdc_arrivals_types[0], vdc_arrivals_count);
    put_kinds(json, path, "dist", vdc_distribution_types, sizeof vdc_distribution_types[0], vdc_distribution_count);
    vdc_json_close(json, ']');
}

static void put_loads(vdc_json *json, const char *path) {
    begin(json, "anyOf", '[');
    put_kinds(json, path, "kind", vdc_made_load_types, sizeof vdc_made_load_types[0], vdc_made_load_count);
    vdc_json_close(json, ']');
}

static void put_vms(vdc_json *json, const char *path) {
    size_t own, shared;
    const vdc_param *of_vm = vdc_workload_inline_params(&own), *of_shape = vdc_shape_params(&shared);
    vdc_json_put_text(json, "type", "array");
    begin(json, "items", '{');
    put_object(json, &(object){.path = path, .tables = {of_vm, of_shape}, .counts = {own, shared}});
    vdc_json_close(json, '}');
}

static void put_launches(vdc_json *json, const char *path) {
    size_t own, shared;
    const vdc_param *of_launch = vdc_workload_launch_params(&own), *of_shape = vdc_shape_params(&shared);
    put_object(json, &(object){.path = path, .tables = {of_launch, of_shape}, .counts = {own, shared}});
}

static void put_power(vdc_json *json, const char *path) {
    begin(json, "anyOf", '[');
    for (size_t i = 0; vdc_power_models[i]; i++) {
        const vdc_power_model *model = vdc_power_models[i];
        put_alternative(json, model->summary,
                        &(object){.path = path,
                                  .tables = {model->params},
                                  .counts = {model->param_count},
                                  .name = "model",
                                  .value = model->name,
                                  .optional_name = i == 0});
    }
    vdc_json_close(json, ']');
}

/* The lists of a VM's description: vnics, traffic, volumes, io. */
static bool put_io(vdc_json *json, const char *path) {
    const char *key = strrchr(path, '.');
    if (!key || (strncmp(path, "workload.vms.", 13) != 0 && strncmp(path, "attack.launches.", 16) != 0)) return false;
    for (size_t i = 0; i < sizeof vdc_io_tables / sizeof *vdc_io_tables; i++) {
        if (strcmp(key + 1, vdc_io_tables[i].name) != 0) continue;
        vdc_json_put_text(json, "type", "array");
        begin(json, "items", '{');
        put_object(json, &(object){.path = path, .tables = {vdc_io_tables[i].params}, .counts = {vdc_io_tables[i].count}});
        vdc_json_close(json, '}');
        return true;
    }
    return false;
}

/* What other modules read, by the path at which it stands. */
static bool put_registered(vdc_json *json, const char *path) {
    if (strcmp(path, "workload.trace") == 0) put_trace(json, path);
    else if (strcmp(path, "workload.generate") == 0) put_generator(json, path);
    else if (strcmp(path, "workload.generate.arrivals") == 0) put_times(json, path, true);
    else if (strcmp(path, "workload.generate.lifetime") == 0) put_times(json, path, false);
    else if (strcmp(path, "workload.generate.load") == 0) put_loads(json, path);
    else if (strcmp(path, "workload.vms") == 0) put_vms(json, path);
    else if (strcmp(path, "attack.launches") == 0) put_launches(json, path);
    else if (strcmp(path, "datacenter.hosts[].power") == 0) put_power(json, path);
    else {
        static const char schedulers[] = "schedulers.";
        if (strncmp(path, schedulers, sizeof schedulers - 1) != 0) return false;
        for (int kind = 0; kind < VDC_SCHEDULERS; kind++) {
            if (strcmp(path + sizeof schedulers - 1, vdc_policy_kind_names[kind]) != 0) continue;
            put_policies(json, path, (vdc_policy_kind)kind);
            return true;
        }
        return false;
    }
    return true;
}

/* What stands at the path, besides its description. Nothing at all (~) is the same as an absent key. */
static void put_node(vdc_json *json, const char *path, const vdc_param *param) {
    const vdc_scenario_section *one = find_section(path, ""), *items = find_section(path, "[]");
    if (!param->required) {
        begin(json, "anyOf", '[');
        vdc_json_open(json, '{');
        vdc_json_put_text(json, "type", "null");
        vdc_json_close(json, '}');
        vdc_json_open(json, '{');
    }
    bool done = put_io(json, path) || put_registered(json, path);
    if (!done && one && items) {
        begin(json, "anyOf", '[');
        vdc_json_open(json, '{'), put_list_of(json, items), vdc_json_close(json, '}');
        vdc_json_open(json, '{'), put_section(json, one), vdc_json_close(json, '}');
        vdc_json_close(json, ']');
    } else if (!done && one) {
        put_section(json, one);
    } else if (!done && items) {
        put_list_of(json, items);
    }
    if (!param->required) {
        vdc_json_close(json, '}');
        vdc_json_close(json, ']');
    }
}

void vdc_schema_write(vdc_json *json) {
    static const vdc_param extends[] = {
        {.name = "extends", .type = VDC_PARAM_PATH, .help = "another scenario that is taken over key by key"}};
    const vdc_scenario_section *top = find_section("", "");
    vdc_json_open(json, '{');
    vdc_json_put_text(json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    vdc_json_put_text(json, "title", "vdcsim scenario, format version 1");
    put_object(json, &(object){.path = "", .tables = {extends, top->params}, .counts = {1, top->count}, .instead = "extends"});
    vdc_json_close(json, '}');
    vdc_json_end(json);
}
