/* The power models: one row each in vdc_power_models, formula and parameter table side by side.
 *
 * idle is P_idle, max is P_max, D = max - idle, u the busy share. Except for p-state the formula holds at u = 0 too, and a host
 * that is on draws its idle power without load (energy is never zero by accident).
 */
#include "models/power.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#define MOST_WATTS 1e6 /* a host; keeps picowatts within int64 */
#define COUNT_OF(table) (sizeof(table) / sizeof(table)[0])

#define WATTS(key, field, standard, text) \
    { .name = key, .type = VDC_PARAM_REAL, .dimension = VDC_DIM_POWER, .fallback = standard, .minimum = 0, \
      .maximum = MOST_WATTS, .help = text, .offset = offsetof(vdc_power, field) }
#define SHARE(key, field, standard, least, most, text) \
    { .name = key, .type = VDC_PARAM_REAL, .dimension = VDC_DIM_RATIO, .fallback = standard, .minimum = least, .maximum = most, \
      .help = text, .offset = offsetof(vdc_power, field) }
#define IDLE WATTS("idle", idle, NULL, "power of a host that is on and has no load")
#define MAX WATTS("max", max, NULL, "power at full load")
#define OFF WATTS("off", off, "5 W", "power of a host that is switched off")

static const char *check_range(const vdc_power *power) {
    return power->max < power->idle ? "max is less than idle" : NULL;
}

static const vdc_param constant_params[] = {WATTS("max", max, NULL, "power at any load"), OFF};
static double constant_watts(const vdc_power *power, double u) {
    (void)u;
    return power->max;
}

static const vdc_param range_params[] = {IDLE, MAX, OFF};
static double linear_watts(const vdc_power *power, double u) {
    return power->idle + (power->max - power->idle) * u;
}
static double sqrt_watts(const vdc_power *power, double u) {
    return power->idle + (power->max - power->idle) * sqrt(u);
}
static double square_watts(const vdc_power *power, double u) {
    return power->idle + (power->max - power->idle) * (u * u);
}
static double cubic_watts(const vdc_power *power, double u) {
    return power->idle + (power->max - power->idle) * (u * u * u);
}

/* Below 1 the curve would dip under idle, above 2 it would rise over max before u = 1. */
static const vdc_param mse_params[] = {IDLE, MAX, SHARE("r", parameter, "1.4", 1, 2, "exponent, fitted to the machine"), OFF};
static double mse_watts(const vdc_power *power, double u) {
    return power->idle + (power->max - power->idle) * (2 * u - pow(u, power->parameter));
}

static const vdc_param asymptotic_params[] = {
    IDLE, MAX, SHARE("tau", parameter, "0.5", 1e-6, 1e6, "how soon the curve bends (0.5 to 0.8 in the source)"),
    {.name = "dvfs", .type = VDC_PARAM_BOOL, .fallback = "false", .help = "u cubed in place of u",
     .offset = offsetof(vdc_power, cube)}, OFF};
/* Note that P(1) stays below max: 0.93 D above idle at tau 0.5. */
static double asymptotic_watts(const vdc_power *power, double u) {
    if (power->cube) u = u * u * u;
    return power->idle + (power->max - power->idle) / 2 * (1 + u - exp(-u / power->parameter));
}

static const vdc_param table_params[] = {
    {.name = "watts", .type = VDC_PARAM_NODE, .required = true, .help = "11 values: power at 0 %, 10 %, …, 100 % load",
     .offset = offsetof(vdc_power, listed)}, OFF};
static double table_watts(const vdc_power *power, double u) {
    double position = u * (VDC_POWER_LEVELS - 1);
    int below = (int)position;
    if (below >= VDC_POWER_LEVELS - 1) return power->watts[VDC_POWER_LEVELS - 1];
    return power->watts[below] + (power->watts[below + 1] - power->watts[below]) * (position - below);
}

/* The governors as the frequency that they settle at under a steady load u (a share of the nominal frequency):
 * ondemand: nominal above 80 % load, else lowest + u (1 - lowest), as the kernel has it; schedutil: 1.25 u; conservative: the
 * first step of 5 % at which the load is at most 80 % of what the frequency offers. */
enum { PERFORMANCE, POWERSAVE, ONDEMAND, CONSERVATIVE, SCHEDUTIL };
static const char *const governors[] = {"performance", "powersave", "ondemand", "conservative", "schedutil", NULL};
static const vdc_param dvfs_params[] = {
    WATTS("static", idle, NULL, "power without load"),
    WATTS("a", a, NULL, "power of full load that does not depend on the frequency"),
    WATTS("b", b, NULL, "power of full load in proportion to the frequency"),
    {.name = "governor", .type = VDC_PARAM_CHOICE, .fallback = "ondemand", .choices = governors,
     .help = "what chooses the frequency", .offset = offsetof(vdc_power, governor)},
    SHARE("lowest", lowest, "50%", 0, 1, "lowest frequency as a share of the nominal one"), OFF};
static double dvfs_frequency(const vdc_power *power, double u) {
    double frequency = 1;
    if (power->governor == POWERSAVE) frequency = power->lowest;
    if (power->governor == ONDEMAND && u <= 0.8) frequency = power->lowest + u * (1 - power->lowest);
    if (power->governor == CONSERVATIVE) frequency = ceil(u / 0.8 * 20) / 20;
    if (power->governor == SCHEDUTIL) frequency = 1.25 * u;
    return frequency < power->lowest ? power->lowest : frequency > 1 ? 1 : frequency;
}
static double dvfs_watts(const vdc_power *power, double u) {
    return power->idle + power->a * u + power->b * u * dvfs_frequency(power, u);
}

static const vdc_param state_params[] = {
    IDLE, WATTS("epsilon", parameter, NULL, "power as soon as anything runs"),
    WATTS("all", max, NULL, "power with all cores busy"), OFF};
static const char *check_state(const vdc_power *power) {
    return power->max < power->parameter ? "all is less than epsilon" : NULL;
}
static double state_watts(const vdc_power *power, double u) {
    return u > 0 ? power->parameter + (power->max - power->parameter) * u : power->idle;
}

#define MODEL(variable, key, table, checker, formula, text, from) \
    static const vdc_power_model variable = {.name = key, .summary = text, .source = from, .params = table, \
                                             .param_count = COUNT_OF(table), .check = checker, .watts = formula}
MODEL(constant, "constant", constant_params, NULL, constant_watts, "max at any load", "folklore");
MODEL(linear, "linear", range_params, check_range, linear_watts, "idle + D u", "Fan, Weber, Barroso, ISCA 2007");
MODEL(square_root, "sqrt", range_params, check_range, sqrt_watts, "idle + D sqrt(u)", "CloudSim");
MODEL(square, "square", range_params, check_range, square_watts, "idle + D u^2", "CloudSim");
MODEL(cubic, "cubic", range_params, check_range, cubic_watts, "idle + D u^3", "CloudSim");
MODEL(mse, "mse", mse_params, check_range, mse_watts, "idle + D (2 u - u^r)", "Fan, Weber, Barroso, ISCA 2007");
MODEL(asymptotic, "asymptotic", asymptotic_params, check_range, asymptotic_watts, "idle + D/2 (1 + u - exp(-u/tau))",
      "after e-STAB: Kliazovich et al.");
MODEL(table, "table", table_params, NULL, table_watts, "11 measured points, linear between them", "SPECpower_ssj2008");
MODEL(dvfs, "dvfs", dvfs_params, NULL, dvfs_watts, "static + a u + b u f, f chosen by a governor", "after DSLab");
MODEL(state, "p-state", state_params, check_state, state_watts, "idle at no load, else epsilon + (all - epsilon) u", "SimGrid");

const vdc_power_model *const vdc_power_models[] = {&linear, &constant, &square_root, &square, &cubic, &mse, &asymptotic, &table,
                                                   &dvfs, &state, NULL};

static vdc_code read_levels(const vdc_node *list, vdc_power *power, vdc_diag *diag) {
    if (list->kind != VDC_NODE_SEQUENCE || list->count != VDC_POWER_LEVELS) {
        char found[80];
        if (list->kind == VDC_NODE_SEQUENCE) (void)snprintf(found, sizeof found, "a list of %zu", list->count);
        return vdc_fail(diag, VDC_ERROR_INPUT, &list->place,
                        "power model table: watts: found %s; allowed: a list of 11 powers, at 0 %%, 10 %%, …, 100 %% load",
                        list->kind == VDC_NODE_SEQUENCE ? found : vdc_node_describe(list, found, sizeof found));
    }
    for (size_t i = 0; i < VDC_POWER_LEVELS; i++) {
        vdc_code code = vdc_node_real(list->children[i], VDC_DIM_POWER, 0, MOST_WATTS, &power->watts[i], diag);
        if (code) return code;
    }
    power->idle = power->watts[0];
    power->max = power->watts[VDC_POWER_LEVELS - 1];
    return VDC_OK;
}

vdc_code vdc_power_read(const vdc_node *node, vdc_power *power, vdc_diag *diag) {
    static const char *const also[] = {"model", NULL};
    *power = (vdc_power){0};
    if (!node || node->kind == VDC_NODE_NULL) return VDC_OK;
    const char *names[COUNT_OF(vdc_power_models)] = {0};
    for (size_t i = 0; vdc_power_models[i]; i++) names[i] = vdc_power_models[i]->name;
    const vdc_node *named = vdc_node_get(node, "model");
    int row = 0; /* linear */
    vdc_code code = named ? vdc_node_choice(named, names, &row, diag) : VDC_OK;
    if (code) return code;
    const vdc_power_model *model = vdc_power_models[row];
    char what[64];
    (void)snprintf(what, sizeof what, "power model %s", model->name);
    code = vdc_params_read(node, model->params, model->param_count, power, also, what, diag);
    if (code) return code;
    if (power->listed && (code = read_levels(power->listed, power, diag))) return code;
    power->listed = NULL;
    const char *wrong = model->check ? model->check(power) : NULL;
    if (wrong) return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: %s", what, wrong);
    power->model = model;
    return VDC_OK;
}

double vdc_power_watts(const vdc_power *power, double utilisation) {
    return power->model ? power->model->watts(power, utilisation) : 0;
}

double vdc_power_most(const vdc_power *power) {
    double most = fmax(vdc_power_watts(power, 0), vdc_power_watts(power, 1));
    for (int i = 0; i < VDC_POWER_LEVELS; i++) most = fmax(most, power->watts[i]);
    return most;
}

int64_t vdc_power_picowatts(const vdc_power *power, int64_t busy, int64_t capacity) {
    double utilisation = capacity > 0 ? busy < capacity ? (double)busy / (double)capacity : 1 : 0;
    return (int64_t)llround(vdc_power_watts(power, utilisation) * 1e12);
}
