/* A sweep's file as a grid of runs. */
#include "sim/sweep/grid.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/file.h"
#include "sim/base/param.h"
#include "sim/base/yaml.h"

typedef struct reading {
    vdc_grid *grid;
    vdc_diag *diag;
    bool no_memory;
} reading;

static const char *keep(reading *in, const char *text) {
    char *kept = text ? vdc_arena_strdup(&in->grid->arena, text) : NULL;
    in->no_memory = in->no_memory || !kept;
    return kept ? kept : "";
}

/* Keeps what vdc_format made. */
static const char *keep_own(reading *in, char *text) {
    const char *kept = keep(in, text);
    vdc_free(text);
    return kept;
}

static void *take(reading *in, size_t count, size_t size) {
    void *memory = vdc_arena_alloc(&in->grid->arena, (count ? count : 1) * size);
    in->no_memory = in->no_memory || !memory;
    return memory;
}

/* ---- labels and values ---- */

enum { LABEL_SIZE = 96 };

/* What a value is called: a scalar its text; of a mapping the values with their keys, that of `policy` alone. */
static void describe(const vdc_node *value, char *label, size_t size) {
    size_t used = strlen(label);
    if (value->kind == VDC_NODE_SCALAR || value->kind == VDC_NODE_NULL) {
        snprintf(label + used, size - used, "%s", value->kind == VDC_NODE_NULL ? "none" : value->text);
        return;
    }
    for (size_t i = 0; i < value->count && strlen(label) + 1 < size; i++) {
        const vdc_node *child = value->children[i];
        used = strlen(label);
        bool named = child->key && strcmp(child->key, "policy") != 0 && child->kind != VDC_NODE_MAPPING;
        snprintf(label + used, size - used, "%s%s%s", used ? " " : "", named ? child->key : "", named ? "=" : "");
        describe(child, label, size);
    }
}

/* "KEY.PATH=VALUE" with the value as YAML on as few lines as it has. */
static const char *overlay(reading *in, const char *path, const vdc_node *value) {
    char *yaml = vdc_yaml_emit(value, NULL, NULL);
    size_t length = yaml ? strlen(yaml) : 0;
    while (length > 0 && yaml[length - 1] == '\n') yaml[--length] = '\0';
    const char *text = yaml ? keep_own(in, vdc_format("%s=%s", path, yaml)) : keep(in, NULL);
    vdc_free(yaml);
    return text;
}

static vdc_axis *add_axis(reading *in, const char *name, const char *description, size_t count, const vdc_place *place) {
    vdc_grid *grid = in->grid;
    if (grid->axis_count == VDC_SWEEP_AXES) {
        vdc_fail(in->diag, VDC_ERROR_INPUT, place, "%s: is axis %d; a sweep has at most %d", name, VDC_SWEEP_AXES + 1, VDC_SWEEP_AXES);
        return NULL;
    }
    vdc_axis *axis = &grid->axes[grid->axis_count];
    *axis = (vdc_axis){.name = keep(in, name), .description = keep(in, description), .points = take(in, count, sizeof *axis->points)};
    if (!axis->points) return NULL;
    grid->axis_count++;
    return axis;
}

/* Adds a point with room for `sets` overlays; NULL after an error. */
static vdc_axis_point *add_point(reading *in, vdc_axis *axis, const char *label, size_t sets, const vdc_place *place) {
    for (size_t i = 0; i < axis->count; i++) {
        if (strcmp(axis->points[i].label, label) == 0) {
            vdc_fail(in->diag, VDC_ERROR_INPUT, place, "%s: has '%s' twice", axis->description, label);
            return NULL;
        }
    }
    vdc_axis_point *point = &axis->points[axis->count];
    *point = (vdc_axis_point){.label = keep(in, label), .sets = take(in, sets, sizeof *point->sets)};
    if (!point->sets) return NULL;
    axis->count++;
    return point;
}

/* ---- ranges ---- */

/* A number with what stands behind it: "10 GiB" is 10 and " GiB". */
typedef struct quantity { double number; const char *unit; int decimals; } quantity;

static bool read_quantity(const vdc_node *node, quantity *out) {
    if (!node || node->kind != VDC_NODE_SCALAR) return false;
    char *end;
    errno = 0;
    *out = (quantity){.number = strtod(node->text, &end)};
    out->unit = end;
    const char *point = strchr(node->text, '.');
    while (point && isdigit((unsigned char)point[1 + out->decimals])) out->decimals++;
    return end != node->text && errno == 0 && isfinite(out->number) && !isalpha((unsigned char)node->text[0]);
}

/* A range's values as scalars like those that were written. Count 0 after an error. */
static vdc_node **expand_range(reading *in, const vdc_node *range, const char *what, size_t *count) {
    static const char *const keys[] = {"from", "to", "step", "count", "factor"};
    enum { KEYS = sizeof keys / sizeof *keys };
    quantity values[KEYS];
    bool given[KEYS] = {false};
    *count = 0;
    for (size_t i = 0; i < range->count; i++) {
        size_t k = 0;
        while (k < KEYS && strcmp(keys[k], range->children[i]->key) != 0) k++;
        if (k == KEYS || !read_quantity(range->children[i], &values[k])) {
            vdc_fail(in->diag, VDC_ERROR_INPUT, &range->children[i]->place, "%s: %s: %s; a range is {from, to, step}, {from, to, count} or "
                     "{from, to, factor}", what, range->children[i]->key, k == KEYS ? "is no key of a range" : "is not a number");
            return NULL;
        }
        given[k] = true;
    }
    bool step = given[2], even = given[3], factor = given[4];
    const char *wrong = !given[0] || !given[1]      ? "needs both from and to"
                        : step + even + factor != 1 ? "needs one of step, count and factor"
                        : strcmp(values[0].unit, values[1].unit) != 0 || (step && strcmp(values[0].unit, values[2].unit) != 0)
                            ? "needs one unit for all its values"
                        : step && (values[2].number == 0 || (values[1].number - values[0].number) / values[2].number < 0)
                            ? "never gets from from to to by that step"
                        : even && (!(values[3].number >= 2) || values[3].number != floor(values[3].number) || *values[3].unit)
                            ? "needs a whole count of at least 2"
                        : factor && (!(values[4].number > 0) || values[4].number == 1 || !(values[0].number > 0) ||
                                     !(values[1].number > 0) || (values[1].number > values[0].number) != (values[4].number > 1))
                            ? "never gets from from to to by that factor"
                            : NULL;
    if (wrong) {
        vdc_fail(in->diag, VDC_ERROR_INPUT, &range->place, "%s: the range %s", what, wrong);
        return NULL;
    }
    double from = values[0].number, to = values[1].number;
    /* An end that is hit up to rounding is part of the range. */
    double steps = step ? floor((to - from) / values[2].number + 1e-9) : even ? values[3].number - 1
                   : floor(log(to / from) / log(values[4].number) + 1e-9);
    if (steps >= VDC_SWEEP_RUNS) {
        vdc_fail(in->diag, VDC_ERROR_INPUT, &range->place, "%s: the range has more than %d values", what, VDC_SWEEP_RUNS);
        return NULL;
    }
    size_t total = (size_t)steps + 1;
    vdc_node **nodes = take(in, total, sizeof *nodes);
    for (size_t i = 0; nodes && i < total; i++) {
        double value = step ? from + (double)i * values[2].number : even ? from + (to - from) * (double)i / steps
                       : from * pow(values[4].number, (double)i);
        char number[64];
        snprintf(number, sizeof number, "%.12g", value);
        nodes[i] = take(in, 1, sizeof **nodes);
        if (!nodes[i]) return NULL;
        *nodes[i] =
            (vdc_node){.kind = VDC_NODE_SCALAR, .text = keep_own(in, vdc_format("%s%s", number, values[0].unit)), .place = range->place};
    }
    *count = nodes ? total : 0;
    return nodes;
}

/* The values of an axis: a list, or a range. Count 0 after an error. */
static vdc_node **axis_values(reading *in, const vdc_node *node, const char *what, size_t *count) {
    *count = 0;
    if (node->kind == VDC_NODE_MAPPING) return expand_range(in, node, what, count);
    if (node->kind != VDC_NODE_SEQUENCE || node->count == 0) {
        char buffer[96];
        vdc_fail(in->diag, VDC_ERROR_INPUT, &node->place,
                 "%s: found %s; allowed: a list of at least one value, or a range {from, to, step}", what,
                 node->kind == VDC_NODE_SEQUENCE ? "an empty list" : vdc_node_describe(node, buffer, sizeof buffer));
        return NULL;
    }
    *count = node->count;
    return node->children;
}

/* ---- sections ---- */

static bool is_mapping(reading *in, const vdc_node *node, const char *what) {
    if (node->kind == VDC_NODE_MAPPING && node->count > 0) return true;
    char buffer[96];
    vdc_fail(in->diag, VDC_ERROR_INPUT, &node->place, "%s: found %s; allowed: a mapping with at least one key", what,
             node->kind == VDC_NODE_MAPPING ? "an empty one" : vdc_node_describe(node, buffer, sizeof buffer));
    return false;
}

static void read_scenarios(reading *in, const vdc_node *node) {
    if (node->kind == VDC_NODE_SCALAR || !is_mapping(in, node, "scenarios")) {
        if (node->kind == VDC_NODE_SCALAR)
            vdc_fail(in->diag, VDC_ERROR_INPUT, &node->place,
                     "scenarios: found a text; allowed: {name: file.yaml, ...}, or extends: file.yaml");
        return;
    }
    vdc_axis *axis = add_axis(in, "scenario", "scenario", node->count, &node->place);
    for (size_t i = 0; axis && i < node->count; i++) {
        const vdc_node *child = node->children[i];
        const char *file;
        if (vdc_node_text(child, &file, in->diag)) continue;
        vdc_axis_point *point = add_point(in, axis, child->key, 0, &child->key_place);
        if (point) point->scenario = keep_own(in, vdc_path_resolve(in->grid->path, file));
    }
}

static void read_policies(reading *in, const vdc_node *node) {
    if (!is_mapping(in, node, "policies")) return;
    vdc_axis *axis = add_axis(in, "policy", "policies", node->count, &node->place);
    for (size_t i = 0; axis && i < node->count; i++) {
        const vdc_node *child = node->children[i];
        if (!is_mapping(in, child, child->key)) continue;
        vdc_axis_point *point = add_point(in, axis, child->key, child->count, &child->key_place);
        for (size_t k = 0; point && k < child->count; k++) {
            char path[128];
            snprintf(path, sizeof path, "schedulers.%s", child->children[k]->key);
            point->sets[point->set_count++] = overlay(in, path, child->children[k]);
        }
    }
}

static void read_axes(reading *in, const vdc_node *node) {
    if (!is_mapping(in, node, "axes")) return;
    for (size_t i = 0; i < node->count; i++) {
        const vdc_node *child = node->children[i];
        size_t count;
        vdc_node **values = axis_values(in, child, child->key, &count);
        vdc_axis *axis = count ? add_axis(in, child->key, child->key, count, &child->key_place) : NULL;
        for (size_t k = 0; axis && k < count; k++) {
            char label[LABEL_SIZE] = "";
            describe(values[k], label, sizeof label);
            vdc_axis_point *point = add_point(in, axis, label, 1, &values[k]->place);
            if (point) point->sets[point->set_count++] = overlay(in, child->key, values[k]);
        }
    }
}

/* One zipped axis: point i takes the i-th value of every key. */
static void read_zip(reading *in, const vdc_node *node) {
    if (!is_mapping(in, node, node->key)) return;
    size_t length = 0;
    vdc_node ***values = take(in, node->count, sizeof *values);
    for (size_t k = 0; values && k < node->count; k++) {
        size_t count;
        values[k] = axis_values(in, node->children[k], node->children[k]->key, &count);
        if (!values[k]) return;
        if (k > 0 && count != length) {
            vdc_fail(in->diag, VDC_ERROR_INPUT, &node->children[k]->place,
                     "zip: %s: %s has %zu values and %s has %zu; zipped keys need equally many", node->key, node->children[k]->key, count,
                     node->children[0]->key, length);
            return;
        }
        length = count;
    }
    vdc_axis *axis = values ? add_axis(in, node->key, node->key, length, &node->key_place) : NULL;
    for (size_t i = 0; axis && i < length; i++) {
        char label[LABEL_SIZE] = "";
        for (size_t k = 0; k < node->count && strlen(label) + 1 < sizeof label; k++) {
            size_t used = strlen(label);
            snprintf(label + used, sizeof label - used, "%s", used ? " " : "");
            describe(values[k][i], label, sizeof label);
        }
        vdc_axis_point *point = add_point(in, axis, label, node->count, &node->place);
        for (size_t k = 0; point && k < node->count; k++)
            point->sets[point->set_count++] = overlay(in, node->children[k]->key, values[k][i]);
    }
}

static void read_seeds(reading *in, const vdc_node *node) {
    vdc_grid *grid = in->grid;
    int64_t most = 0;
    if (node->kind == VDC_NODE_SCALAR) {
        if (vdc_node_integer(node, VDC_DIM_COUNT, 1, VDC_SWEEP_RUNS, &most, in->diag)) return;
        grid->seeds = take(in, (size_t)most, sizeof *grid->seeds);
        for (int64_t i = 0; grid->seeds && i < most; i++) grid->seeds[grid->seed_count++] = i + 1;
        return;
    }
    size_t count;
    vdc_node **values = axis_values(in, node, "seeds", &count);
    grid->seeds = take(in, count, sizeof *grid->seeds);
    for (size_t i = 0; grid->seeds && i < count; i++) {
        int64_t seed;
        if (vdc_node_integer(values[i], VDC_DIM_COUNT, 0, INT64_MAX, &seed, in->diag)) continue;
        for (size_t k = 0; k < grid->seed_count; k++)
            if (grid->seeds[k] == seed) vdc_fail(in->diag, VDC_ERROR_INPUT, &values[i]->place, "seeds: has %" PRId64 " twice", seed);
        grid->seeds[grid->seed_count++] = seed;
    }
}

/* The fixed overlays: a point of an axis of one. */
static void read_set(reading *in, const vdc_node *node) {
    if (!is_mapping(in, node, "set")) return;
    vdc_axis *axis = add_axis(in, "", "set", 1, &node->place);
    vdc_axis_point *point = axis ? add_point(in, axis, "", node->count, &node->place) : NULL;
    for (size_t i = 0; point && i < node->count; i++)
        point->sets[point->set_count++] = overlay(in, node->children[i]->key, node->children[i]);
}

/* Does the overlay put a value at the key, or at a section that the key lies in? */
static bool replaces(const char *set, const char *key) {
    const size_t length = strcspn(set, "=");
    return strncmp(set, key, length) == 0 && (key[length] == '\0' || key[length] == '.');
}

static bool point_replaces(const vdc_axis_point *point, const char *key) {
    for (size_t i = 0; i < point->set_count; i++)
        if (replaces(point->sets[i], key)) return true;
    return false;
}

/* What is set for all runs and then by every point of an axis again would never count. */
static void check_set(reading *in, const vdc_node *set) {
    const vdc_grid *grid = in->grid;
    for (size_t i = 0; !in->no_memory && set->kind == VDC_NODE_MAPPING && i < set->count; i++) {
        const vdc_node *child = set->children[i];
        for (size_t k = 1; k < grid->axis_count; k++) { /* axis 0 is the set itself */
            const vdc_axis *axis = &grid->axes[k];
            size_t points = 0;
            while (points < axis->count && point_replaces(&axis->points[points], child->key)) points++;
            if (points > 0 && points == axis->count)
                vdc_fail(in->diag, VDC_ERROR_INPUT, &child->key_place, "set: %s: would never count, since the axis %s sets it in every run", child->key,
                         axis->description);
        }
        if (grid->seed_count && strcmp(child->key, "seed") == 0)
            vdc_fail(in->diag, VDC_ERROR_INPUT, &child->key_place, "set: seed: would never count, since there are seeds");
    }
}

/* ---- names ---- */

static bool is_taken(const vdc_grid *grid, size_t axis, const char *name) {
    static const char *const reserved[] = {"seed", "file", "outcome", "digest", "name"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(reserved[i], name) == 0) return true;
    for (size_t i = 0; i < grid->axis_count; i++)
        if (i != axis && strcmp(grid->axes[i].name, name) == 0) return true;
    return false;
}

/* Where in a key path its name for people begins and ends: the last word, or the last two where that says too little ("overcommit.cpu").
 * "schedulers.placement.policy" is `placement`. Item numbers do not count as words of their own. */
static void find_short_name(const char *path, const char **begin, size_t *length) {
    static const char *const vague[] = {"cpu",   "memory", "disk",  "gpu", "count", "size", "mean",   "scale",    "path",
                                        "value", "model",  "shape", "max", "min",   "idle", "weight", "interval", "duration"};
    const char *end = path + strlen(path), *last = strrchr(path, '.');
    if (last && strcmp(last, ".policy") == 0) {
        end = last;
        last = memrchr(path, '.', (size_t)(end - path));
    }
    *begin = last ? last + 1 : path;
    bool more = false;
    for (size_t i = 0; last && i < sizeof vague / sizeof *vague; i++)
        more = more || (strlen(vague[i]) == (size_t)(end - *begin) && strncmp(vague[i], *begin, strlen(vague[i])) == 0);
    while (more && *begin > path) {
        const char *before = memrchr(path, '.', (size_t)(*begin - 1 - path));
        *begin = before ? before + 1 : path;
        more = isdigit((unsigned char)**begin);
    }
    *length = (size_t)(end - *begin);
}

/* Axes get short names, unless another axis has that one. */
static void shorten_names(reading *in) {
    vdc_grid *grid = in->grid;
    for (size_t i = 0; i < grid->axis_count; i++) {
        vdc_axis *axis = &grid->axes[i];
        const char *begin;
        size_t length;
        find_short_name(axis->name, &begin, &length);
        char *name = vdc_strndup(begin, length);
        in->no_memory = in->no_memory || !name;
        if (name && !is_taken(grid, i, name)) axis->name = keep(in, name);
        vdc_free(name);
        if (is_taken(grid, i, axis->name))
            vdc_fail(in->diag, VDC_ERROR_INPUT, &(vdc_place){.file = grid->path},
                     "%s: an axis cannot be called that, or there are two of it", axis->name);
        axis->numeric = axis->count > 0;
        for (size_t k = 0; k < axis->count; k++) {
            char *end;
            double number = strtod(axis->points[k].label, &end);
            axis->numeric = axis->numeric && *axis->points[k].label && *end == '\0' && isfinite(number);
        }
    }
}

/* ---- the file ---- */

typedef struct top {
    int64_t version;
    const char *name, *extends;
    const vdc_node *scenarios, *policies, *axes, *zip, *seeds, *stop, *set;
} top;

static const vdc_param top_table[] = {
    {.name = "sweep",
     .type = VDC_PARAM_INTEGER,
     .minimum = 1,
     .maximum = 1,
     .offset = offsetof(top, version),
     .help = "the version of the sweep format: 1"},
    {.name = "name", .type = VDC_PARAM_TEXT, .offset = offsetof(top, name), .help = "default: the file's name"},
    {.name = "extends", .type = VDC_PARAM_PATH, .offset = offsetof(top, extends), .help = "the scenario that all runs start from"},
    {.name = "scenarios", .type = VDC_PARAM_NODE, .offset = offsetof(top, scenarios), .help = "{name: file.yaml}: an axis of scenarios"},
    {.name = "set", .type = VDC_PARAM_NODE, .offset = offsetof(top, set), .help = "{KEY.PATH: value}: the same for all runs"},
    {.name = "policies", .type = VDC_PARAM_NODE, .offset = offsetof(top, policies), .help = "{name: schedulers section}"},
    {.name = "axes", .type = VDC_PARAM_NODE, .offset = offsetof(top, axes), .help = "{KEY.PATH: [values] or range}"},
    {.name = "zip",
     .type = VDC_PARAM_NODE,
     .offset = offsetof(top, zip),
     .help = "{name: {KEY.PATH: [values], ...}}: keys that change together"},
    {.name = "seeds", .type = VDC_PARAM_NODE, .offset = offsetof(top, seeds), .help = "how many, a list or a range"},
    {.name = "stop", .type = VDC_PARAM_NODE, .offset = offsetof(top, stop), .help = "{metric, half_width, level, least}: fewer seeds, where enough"},
};

typedef struct stop {
    const char *metric, *half_width;
    double level;
    int64_t least;
} stop;

static const vdc_param stop_table[] = {
    {.name = "metric", .type = VDC_PARAM_TEXT, .required = true, .offset = offsetof(stop, metric), .help = "a key of the summary"},
    {.name = "half_width", .type = VDC_PARAM_TEXT, .required = true, .offset = offsetof(stop, half_width),
     .help = "of the interval: a share of the mean (2%) or a number in the metric's unit"},
    {.name = "level", .type = VDC_PARAM_REAL, .dimension = VDC_DIM_RATIO, .fallback = "95%", .minimum = 0.5, .maximum = 0.9999,
     .offset = offsetof(stop, level), .help = "of the interval"},
    {.name = "least", .type = VDC_PARAM_INTEGER, .fallback = "5", .minimum = 2, .maximum = 1e6, .offset = offsetof(stop, least),
     .help = "seeds before the first look"},
};

static void read_stop(reading *in, const vdc_node *node) {
    stop given = {0};
    if (vdc_params_read(node, stop_table, sizeof stop_table / sizeof *stop_table, &given, NULL, "stop", in->diag)) return;
    vdc_grid_stop *out = &in->grid->stop;
    *out = (vdc_grid_stop){.metric = keep(in, given.metric), .level = given.level, .least = given.least,
                           .relative = strchr(given.half_width, '%') != NULL};
    const char *wrong = vdc_parse_real(given.half_width, out->relative ? VDC_DIM_RATIO : VDC_DIM_COUNT, &out->half_width);
    if (!wrong && !(out->half_width > 0)) wrong = "is not above 0";
    if (wrong)
        vdc_fail(in->diag, VDC_ERROR_INPUT, &vdc_node_get(node, "half_width")->place, "stop: half_width: found '%.60s', which %s", given.half_width, wrong);
    if (in->grid->seed_count < 3)
        vdc_fail(in->diag, VDC_ERROR_INPUT, &node->place, "stop: needs seeds: at least 3, the most that may be run");
}

static void read_top(reading *in, const vdc_node *root) {
    vdc_grid *grid = in->grid;
    top given = {0};
    if (vdc_params_read(root, top_table, sizeof top_table / sizeof *top_table, &given, NULL, "sweep", in->diag)) return;
    const char *slash = strrchr(grid->path, '/'), *base = slash ? slash + 1 : grid->path, *dot = strrchr(base, '.');
    grid->name =
        given.name ? keep(in, given.name) : keep_own(in, vdc_strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base)));
    if (!given.extends == !given.scenarios) {
        vdc_fail(in->diag, VDC_ERROR_INPUT, &root->place,
                 given.extends ? "extends and scenarios: only one of them may be given"
                               : "extends: is missing; it names the scenario that all runs start from");
        return;
    }
    if (given.extends) grid->base = keep_own(in, vdc_path_resolve(grid->path, given.extends));
    if (given.set) read_set(in, given.set);
    if (given.scenarios) read_scenarios(in, given.scenarios);
    if (given.policies) read_policies(in, given.policies);
    if (given.axes) read_axes(in, given.axes);
    if (given.zip && is_mapping(in, given.zip, "zip"))
        for (size_t i = 0; i < given.zip->count; i++) read_zip(in, given.zip->children[i]);
    if (given.seeds) read_seeds(in, given.seeds);
    if (given.set) check_set(in, given.set);
    if (given.stop) read_stop(in, given.stop);
    if (!given.policies && !given.axes && !given.zip && !given.seeds && !given.scenarios)
        vdc_fail(in->diag, VDC_ERROR_INPUT, &root->place, "the grid is empty: give policies, axes, zip, scenarios or seeds");
}

vdc_code vdc_grid_open(vdc_grid *grid, const char *path, vdc_diag *diag) {
    *grid = (vdc_grid){0};
    reading in = {.grid = grid, .diag = diag};
    char *text = NULL;
    size_t length;
    vdc_code code = vdc_file_read(path, VDC_YAML_SIZE_LIMIT, &text, &length, diag);
    if (code) return code;
    size_t errors = diag ? diag->errors : 0;
    grid->path = keep(&in, path);
    grid->text = keep_own(&in, text);
    const vdc_node *root = NULL;
    code = vdc_yaml_parse(grid->text, length, grid->path, &grid->arena, &root, diag);
    if (!code && root->kind != VDC_NODE_MAPPING)
        code = vdc_fail(diag, VDC_ERROR_INPUT, &root->place, "is no sweep: a mapping with extends and axes is expected");
    if (!code) {
        read_top(&in, root);
        shorten_names(&in);
    }
    if (!code && diag && diag->errors > errors) code = VDC_ERROR_INPUT;
    if (!code && in.no_memory) code = vdc_no_memory(diag, "a sweep");
    grid->runs = grid->seed_count ? grid->seed_count : 1;
    for (size_t i = 0; !code && i < grid->axis_count; i++) {
        if (grid->axes[i].count > VDC_SWEEP_RUNS / grid->runs)
            code = vdc_fail(diag, VDC_ERROR_INPUT, &(vdc_place){.file = grid->path}, "the grid has more than %d runs", VDC_SWEEP_RUNS);
        else
            grid->runs *= grid->axes[i].count;
    }
    if (code) vdc_grid_close(grid);
    return code;
}

void vdc_grid_close(vdc_grid *grid) {
    vdc_arena_free(&grid->arena);
    *grid = (vdc_grid){0};
}

/* ---- runs ---- */

/* Adds the label's letters, digits, points and signs to a file's name; anything else becomes one '-'. */
static void add_to_name(char *name, size_t size, const char *label) {
    size_t used = strlen(name);
    if (used + 2 < size) name[used++] = '_';
    for (; *label && used + 1 < size; label++) {
        bool plain = isalnum((unsigned char)*label) || *label == '.' || *label == '=' || *label == '-';
        if (plain || name[used - 1] != '-') name[used++] = plain ? *label : '-';
    }
    name[used] = '\0';
}

vdc_code vdc_grid_run_at(const vdc_grid *grid, size_t index, vdc_grid_run *run, vdc_diag *diag) {
    *run = (vdc_grid_run){.scenario = grid->base};
    size_t rest = index, seeds = grid->seed_count ? grid->seed_count : 1, sets = 1;
    int digits = 1;
    for (size_t n = grid->runs - 1; n >= 10; n /= 10) digits++;
    size_t seed = rest % seeds;
    rest /= seeds;
    for (size_t i = grid->axis_count; i-- > 0;) {
        run->points[i] = rest % grid->axes[i].count;
        rest /= grid->axes[i].count;
        sets += grid->axes[i].points[run->points[i]].set_count;
    }
    char name[120];
    snprintf(name, sizeof name, "%0*zu", digits, index);
    run->sets = vdc_malloc(sets * sizeof *run->sets);
    if (!run->sets) return vdc_no_memory(diag, "a run");
    for (size_t i = 0; i < grid->axis_count; i++) {
        const vdc_axis_point *point = &grid->axes[i].points[run->points[i]];
        for (size_t k = 0; k < point->set_count; k++) run->sets[run->set_count++] = point->sets[k];
        if (point->scenario) run->scenario = point->scenario;
        if (*point->label) add_to_name(name, sizeof name - 32, point->label);
    }
    if (grid->seed_count) {
        run->has_seed = true;
        run->seed = grid->seeds[seed];
        size_t used = strlen(name);
        snprintf(name + used, sizeof name - used, "_seed-%" PRId64, run->seed);
    }
    run->name = vdc_strdup(name);
    if (!run->name) {
        vdc_grid_run_clear(run);
        return vdc_no_memory(diag, "a run");
    }
    return VDC_OK;
}

size_t vdc_grid_scenario(const vdc_grid *grid, const vdc_grid_run *run) {
    for (size_t i = 0; i < grid->axis_count; i++)
        if (grid->axes[i].points[0].scenario) return run->points[i];
    return 0;
}

void vdc_grid_run_clear(vdc_grid_run *run) {
    vdc_free(run->sets);
    vdc_free(run->name);
    *run = (vdc_grid_run){0};
}

/* `text` in single quotes where a shell would see more in it than letters, after `before`; frees `before`. */
static char *add_word(char *before, const char *text) {
    bool plain = *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/=:,+%") == strlen(text);
    char *command = before ? vdc_format("%s %s", before, plain ? "" : "'") : NULL;
    vdc_free(before);
    for (const char *at = text; command && *at; at++) {
        char *longer = *at == '\'' ? vdc_format("%s'\\''", command) : vdc_format("%s%c", command, *at);
        vdc_free(command);
        command = longer;
    }
    char *closed = command ? vdc_format("%s%s", command, plain ? "" : "'") : NULL;
    vdc_free(command);
    return closed;
}

char *vdc_grid_run_command(const vdc_grid_run *run, bool check) {
    char *command = add_word(vdc_strdup("vdcsim run"), run->scenario);
    for (size_t i = 0; i < run->set_count; i++) {
        char *option = command ? vdc_format("%s --set", command) : NULL;
        vdc_free(command);
        command = add_word(option, run->sets[i]);
    }
    if (run->has_seed && command) {
        char *with_seed = vdc_format("%s --seed %" PRId64, command, run->seed);
        vdc_free(command);
        command = with_seed;
    }
    if (check && command) {
        char *with_check = vdc_format("%s --check", command);
        vdc_free(command);
        command = with_check;
    }
    return command;
}
