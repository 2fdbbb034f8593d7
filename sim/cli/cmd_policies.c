/* vdcsim policies: every policy by kind, from the registry's descriptors and parameter tables. */
#include <stdio.h>
#include <string.h>

#include "schedulers/registry.h"
#include "sim/base/memory.h"
#include "sim/cli/command.h"
#include "sim/cli/json.h"

typedef struct options {
    bool json;
} options;

static const vdc_cli_option table[] = {
    {.name = "json", .type = VDC_CLI_FLAG, .help = "a JSON array instead of text", .offset = offsetof(options, json)},
};

static const char *const type_names[] = {
    [VDC_PARAM_BOOL] = "true or false", [VDC_PARAM_INTEGER] = "whole number", [VDC_PARAM_REAL] = "number", [VDC_PARAM_TEXT] = "text",
    [VDC_PARAM_CHOICE] = "choice", [VDC_PARAM_PATH] = "path", [VDC_PARAM_NODE] = "mapping or list",
};

static bool is_number(const vdc_param *param) {
    return param->type == VDC_PARAM_INTEGER || param->type == VDC_PARAM_REAL;
}

static double in_unit(const vdc_param *param, double bound) {
    return param->type == VDC_PARAM_INTEGER ? bound / (double)vdc_dimension_scale(param->dimension) : bound;
}

/* Integers in a unit of which they are fractions (ns, milli) are numbers to the user. */
static const char *type_name(const vdc_param *param) {
    return param->type == VDC_PARAM_INTEGER && vdc_dimension_scale(param->dimension) > 1 ? type_names[VDC_PARAM_REAL] : type_names[param->type];
}

static void print_param(const vdc_param *param) {
    printf("    %-20s %s\n    %-20s ", param->name, param->help ? param->help : "", "");
    if (param->type == VDC_PARAM_CHOICE) {
        for (size_t i = 0; param->choices[i]; i++) printf("%s%s", i ? " | " : "", param->choices[i]);
    } else {
        fputs(type_name(param), stdout);
    }
    if (is_number(param)) {
        const char *unit = vdc_dimension_unit(param->dimension);
        if (*unit) printf(" [%s]", unit);
        if (vdc_param_has_maximum(param)) printf(", %.15g to %.15g", in_unit(param, param->minimum), in_unit(param, param->maximum));
        else printf(", at least %.15g", in_unit(param, param->minimum));
        if (param->none) printf(", or %s", param->none);
    }
    if (param->fallback) printf("; default %s", param->fallback);
    else if (vdc_param_is_required(param)) fputs("; required", stdout);
    putchar('\n');
}

static void print_policy(const vdc_policy *policy) {
    printf("%s policy %s: %s\n", vdc_policy_kind_names[policy->kind], policy->name, policy->summary);
    if (policy->source) printf("  source: %s\n", policy->source);
    if (policy->param_count) puts("  parameters:");
    else puts("  no parameters");
    for (size_t i = 0; i < policy->param_count; i++) print_param(&policy->params[i]);
}

static void write_param(vdc_json *json, const vdc_param *param) {
    vdc_json_open(json, '{');
    vdc_json_put_text(json, "name", param->name);
    vdc_json_put_text(json, "type", type_name(param));
    if (is_number(param)) {
        const char *unit = vdc_dimension_unit(param->dimension);
        vdc_json_put_text(json, "unit", *unit ? unit : "1");
        vdc_json_put_real(json, "minimum", in_unit(param, param->minimum));
        vdc_json_key(json, "maximum");
        if (vdc_param_has_maximum(param)) vdc_json_real(json, in_unit(param, param->maximum));
        else vdc_json_null(json);
    }
    if (param->choices) {
        vdc_json_key(json, "choices");
        vdc_json_open(json, '[');
        for (size_t i = 0; param->choices[i]; i++) vdc_json_text(json, param->choices[i]);
        vdc_json_close(json, ']');
    }
    if (param->none) {
        vdc_json_put_text(json, "none", param->none);
    }
    vdc_json_put_text(json, "default", param->fallback);
    vdc_json_put_text(json, "help", param->help);
    vdc_json_close(json, '}');
}

static void write_policy(vdc_json *json, const vdc_policy *policy) {
    vdc_json_open(json, '{');
    vdc_json_put_text(json, "kind", vdc_policy_kind_names[policy->kind]);
    vdc_json_put_text(json, "name", policy->name);
    vdc_json_put_text(json, "summary", policy->summary);
    vdc_json_put_text(json, "source", policy->source);
    vdc_json_key(json, "parameters");
    vdc_json_open(json, '[');
    for (size_t i = 0; i < policy->param_count; i++) write_param(json, &policy->params[i]);
    vdc_json_close(json, ']');
    vdc_json_close(json, '}');
}

static bool wanted(const vdc_policy *policy, const char *name) {
    return !name || strcmp(policy->name, name) == 0;
}

/* The name must be a policy's, of whatever kind. */
static vdc_code check_name(const char *name, vdc_diag *diag) {
    size_t count = 0;
    for (; vdc_policies[count]; count++) {
        if (wanted(vdc_policies[count], name)) return VDC_OK;
    }
    const char **names = vdc_calloc(count + 1, sizeof *names);
    if (!names) return vdc_no_memory(diag, "the policies' names");
    for (size_t i = 0; i < count; i++) names[i] = vdc_policies[i]->name;
    const char *nearest = vdc_nearest(name, names);
    vdc_code code = nearest ? vdc_fail(diag, VDC_ERROR_INPUT, NULL, "no policy '%s' (did you mean '%s'?): 'vdcsim policies' names them", name, nearest)
                            : vdc_fail(diag, VDC_ERROR_INPUT, NULL, "no policy '%s': 'vdcsim policies' names them", name);
    vdc_free(names);
    return code;
}

static void print_list(void) {
    for (int kind = 0; kind < VDC_POLICY_KINDS; kind++) {
        printf("%s%s\n", kind ? "\n" : "", vdc_policy_kind_names[kind]);
        for (size_t i = 0; vdc_policies[i]; i++) {
            if ((int)vdc_policies[i]->kind == kind) printf("  %-22s %s\n", vdc_policies[i]->name, vdc_policies[i]->summary);
        }
    }
    puts("\n'vdcsim policies NAME' gives a policy's parameters and its source.");
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    const char *name = arguments->count ? arguments->items[0] : NULL;
    vdc_diag diag = {0};
    vdc_code code = check_name(name, &diag);
    if (code) return vdc_cli_finish(&diag, code);
    if (chosen->json) {
        vdc_json json = {.out = stdout, .indent = true};
        vdc_json_open(&json, '[');
        for (size_t i = 0; vdc_policies[i]; i++) {
            if (wanted(vdc_policies[i], name)) write_policy(&json, vdc_policies[i]);
        }
        vdc_json_close(&json, ']');
        vdc_json_end(&json);
    } else if (name) {
        for (size_t i = 0; vdc_policies[i]; i++) {
            if (wanted(vdc_policies[i], name)) print_policy(vdc_policies[i]);
        }
    } else {
        print_list();
    }
    return VDC_EXIT_DONE;
}

const vdc_command vdc_command_policies = {
    .name = "policies",
    .summary = "every policy by kind; with NAME, its parameters and its source",
    .syntax = {.arguments = "[NAME]", .maximum = 1, .options = table, .option_count = sizeof table / sizeof *table, .size = sizeof(options)},
    .run = run,
};
