/* Comparison of groups of runs: the numbers. How they are shown: compare_show.c. */
#include "analysis/compare.h"

#include "analysis/result.h"
#include "sim/base/memory.h"
#include "sim/base/param.h"

#include <math.h>
#include <string.h>

enum { RESAMPLES = 2000 };

/* Values of a key in a group by ascending seed; `mates` (may be NULL) gets those of the runs of another group with the same
 * seeds, and then only seeds that both have are taken. Returns how many. */
static size_t gather(const vdc_runs *runs, size_t group, size_t other, const char *key, double *values, double *mates)
{
    size_t count = 0;
    for (size_t i = runs->groups[group].first, n = 0; n < runs->groups[group].count; i++, n++) {
        double value = vdc_run_value(&runs->items[i], key);
        const vdc_run *mate = mates ? vdc_runs_find(runs, other, runs->items[i].seed) : NULL;
        double theirs = mate ? vdc_run_value(mate, key) : NAN;
        if (!isnan(value) && (!mates || !isnan(theirs))) {
            values[count] = value;
            if (mates) {
                mates[count] = theirs;
            }
            count++;
        }
    }
    return count;
}

vdc_code vdc_group_sample(const vdc_runs *runs, size_t group, const char *key, double level, vdc_sample *sample, vdc_diag *diag)
{
    double *values = vdc_malloc(runs->groups[group].count * sizeof *values);
    if (!values) {
        return vdc_no_memory(diag, "a sample");
    }
    size_t count = gather(runs, group, 0, key, values, NULL);
    vdc_code code = vdc_sample_describe(values, count, level, sample, diag);
    vdc_free(values);
    return code;
}

/* Bookkeeping of the run itself, compared only when it is asked for: it would just add tests to the family that Holm corrects over. */
static const char *const bookkeeping[] = {"seed", "events", "ticks", "placements", NULL};

static bool wanted(const vdc_compare_options *options, const char *key)
{
    for (size_t i = 0; bookkeeping[i] && options->metric_count == 0; i++) {
        if (strcmp(bookkeeping[i], key) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < options->metric_count; i++) {
        if (strcmp(options->metrics[i], key) == 0) {
            return true;
        }
    }
    return options->metric_count == 0;
}

static bool listed(const vdc_comparison *comparison, const char *key)
{
    for (size_t i = 0; i < comparison->metric_count; i++) {
        if (strcmp(comparison->metrics[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* Every wanted key that holds a number in some run, in the order of the files. */
static vdc_code collect_metrics(vdc_comparison *comparison, const vdc_runs *runs, const vdc_compare_options *options,
                                vdc_diag *diag)
{
    size_t capacity = 0;
    for (size_t i = 0; i < runs->count; i++) {
        const vdc_result_value *value;
        for (size_t k = 0; (value = vdc_result_summary(runs->items[i].result, k)) != NULL; k++) {
            if (value->type == VDC_CELL_TEXT || !wanted(options, value->key) ||
                listed(comparison, value->key)) {
                continue;
            }
            if (!VDC_RESERVE(comparison->metrics, capacity, comparison->metric_count + 1)) {
                return vdc_no_memory(diag, "metrics");
            }
            comparison->metrics[comparison->metric_count++] = (vdc_metric){.key = value->key,
                                                                           .units = value->units,
                                                                           .long_name = value->long_name};
        }
    }
    for (size_t i = 0; i < options->metric_count; i++) {
        if (!listed(comparison, options->metrics[i])) {
            const char *near = NULL, **keys = NULL;
            vdc_compare_options all = {0};
            vdc_comparison everything = {0};
            if (collect_metrics(&everything, runs, &all, NULL) == VDC_OK &&
                (keys = vdc_calloc(everything.metric_count + 1, sizeof *keys)) != NULL) {
                for (size_t k = 0; k < everything.metric_count; k++) {
                    keys[k] = everything.metrics[k].key;
                }
                near = vdc_nearest(options->metrics[i], keys);
            }
            vdc_fail(diag, VDC_ERROR_INPUT, NULL, "metric '%s': no run has a number of that name in its summary%s%s%s",
                     options->metrics[i], near ? "; did you mean '" : "", near ? near : "",
                     near ? "'?" : "; vdcsim show lists them");
            vdc_free(keys);
            vdc_free(everything.metrics);
        }
    }
    return vdc_diag_code(diag);
}

/* The group that a name means: a label, or that of a run with this file; SIZE_MAX = none. */
static size_t find_group(const vdc_runs *runs, const char *name)
{
    for (size_t g = 0; g < runs->group_count; g++) {
        if (strcmp(runs->groups[g].label, name) == 0) {
            return g;
        }
    }
    for (size_t i = 0; i < runs->count; i++) {
        if (strcmp(runs->items[i].stem, name) == 0 || strcmp(runs->items[i].path, name) == 0) {
            return runs->items[i].group;
        }
    }
    return SIZE_MAX;
}

/* Is `other` like `run` in all parameters but `name`, and has `value` there? */
static bool is_counterpart(const vdc_run *run, const vdc_run *other, const char *name, const char *value)
{
    const char *theirs = vdc_run_parameter_value(other, name);
    if (!theirs || strcmp(theirs, value) != 0 || run->parameter_count != other->parameter_count) {
        return false;
    }
    for (size_t i = 0; i < run->parameter_count; i++) {
        const char *mine = run->parameters[i].value, *its = vdc_run_parameter_value(other, run->parameters[i].name);
        if (strcmp(run->parameters[i].name, name) != 0 && (!its || strcmp(mine, its) != 0)) {
            return false;
        }
    }
    return true;
}

/* Baselines by "NAME=VALUE". VDC_OK with found = false when no run has such a parameter. */
static vdc_code choose_counterparts(vdc_comparison *comparison, const char *assignment, bool *found, vdc_diag *diag)
{
    const vdc_runs *runs = comparison->runs;
    const char *equals = strchr(assignment, '='), *value = equals ? equals + 1 : NULL;
    char *name = equals ? vdc_strndup(assignment, (size_t)(equals - assignment)) : NULL;
    *found = name && vdc_run_parameter_value(&runs->items[0], name);
    vdc_code code = equals && !name ? vdc_no_memory(diag, "a baseline") : VDC_OK;
    for (size_t g = 0; g < runs->group_count && *found && !code; g++) {
        const vdc_run *run = &runs->items[runs->groups[g].first];
        size_t other = 0;
        while (other < runs->group_count && !is_counterpart(run, &runs->items[runs->groups[other].first], name, value)) {
            other++;
        }
        if (other == runs->group_count) {
            code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "baseline '%s': no runs are like those of '%s' with %s %s", assignment,
                            runs->groups[g].label, name, value);
        }
        comparison->baselines[g] = other;
    }
    vdc_free(name);
    return code;
}

/* Each baseline, then the groups that are compared with it. */
static void set_order(vdc_comparison *comparison)
{
    size_t groups = comparison->runs->group_count, count = 0;
    for (size_t b = 0; b < groups; b++) {
        for (size_t pass = 0; pass < 2 && comparison->baselines[b] == b; pass++) {
            for (size_t g = 0; g < groups; g++) {
                if (comparison->baselines[g] == b && (g == b) == (pass == 0)) {
                    comparison->order[count++] = g;
                }
            }
        }
    }
}

static vdc_code choose_baselines(vdc_comparison *comparison, const char *name, vdc_diag *diag)
{
    const vdc_runs *runs = comparison->runs;
    comparison->baselines = vdc_calloc(runs->group_count + 1, sizeof *comparison->baselines);
    comparison->order = vdc_calloc(runs->group_count + 1, sizeof *comparison->order);
    if (!comparison->baselines || !comparison->order) {
        return vdc_no_memory(diag, "a comparison");
    }
    size_t group = name ? find_group(runs, name) : 0;
    bool each = false;
    vdc_code code = VDC_OK;
    if (group == SIZE_MAX) {
        code = choose_counterparts(comparison, name, &each, diag);
    }
    if (!code && group == SIZE_MAX && !each) {
        vdc_text names = {0};
        for (size_t g = 0; g < runs->group_count; g++) {
            vdc_text_add(&names, "%s%s", g ? "; " : "", runs->groups[g].label);
        }
        code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "baseline '%s': is none of the compared (%s), and no parameter of theirs", name,
                        vdc_text_get(&names));
        vdc_text_clear(&names);
    }
    for (size_t g = 0; g < runs->group_count && !each && !code; g++) {
        comparison->baselines[g] = group;
    }
    if (!code) {
        set_order(comparison);
        comparison->baseline_name = each ? vdc_format("%s and otherwise the same", name) : vdc_strdup(runs->groups[group].label);
        code = comparison->baseline_name ? VDC_OK : vdc_no_memory(diag, "a comparison");
    }
    return code;
}

/* One metric in all groups. `values` and `mates` have room for the largest group. */
static vdc_code compare_metric(vdc_comparison *comparison, size_t m, double *values, double *mates, vdc_diag *diag)
{
    const vdc_runs *runs = comparison->runs;
    vdc_metric *metric = &comparison->metrics[m];
    metric->equal = true;
    vdc_code code = VDC_OK;
    for (size_t g = 0; g < runs->group_count && !code; g++) {
        size_t at = m * runs->group_count + g, count = gather(runs, g, 0, metric->key, values, NULL);
        code = vdc_sample_describe(values, count, comparison->level, &comparison->samples[at], diag);
        comparison->t_p[at] = comparison->wilcoxon_p[at] = NAN;
        metric->equal = metric->equal && count > 0;
        size_t baseline = comparison->baselines[g];
        if (!code && g != baseline) {
            vdc_paired *paired = &comparison->paired[at];
            count = gather(runs, g, baseline, metric->key, values, mates);
            code = vdc_paired_compare(mates, values, count, comparison->level, RESAMPLES, m, paired, diag);
            comparison->t_p[at] = paired->t_p;
            comparison->wilcoxon_p[at] = paired->wilcoxon_p;
            comparison->t_tests += isnan(paired->t_p) ? 0 : 1;
            comparison->wilcoxon_tests += isnan(paired->wilcoxon_p) ? 0 : 1;
            metric->equal = metric->equal && paired->n > 0 && paired->wilcoxon_n == 0;
        }
    }
    for (size_t g = 0; g < runs->group_count && !code; g++) {
        const vdc_sample *samples = &comparison->samples[m * runs->group_count];
        metric->equal = metric->equal && samples[comparison->baselines[g]].mean == samples[comparison->order[0]].mean;
    }
    return code;
}

vdc_code vdc_compare(vdc_comparison *comparison, const vdc_runs *runs, const vdc_compare_options *options, vdc_diag *diag)
{
    *comparison = (vdc_comparison){.runs = runs, .level = options->level > 0 ? options->level : 0.95};
    vdc_code code = choose_baselines(comparison, options->baseline, diag);
    if (!code) {
        code = collect_metrics(comparison, runs, options, diag);
    }
    size_t cells = comparison->metric_count * runs->group_count, largest = 1;
    for (size_t g = 0; g < runs->group_count; g++) {
        largest = runs->groups[g].count > largest ? runs->groups[g].count : largest;
    }
    double *values = NULL, *mates = NULL;
    if (!code) {
        values = vdc_malloc(largest * sizeof *values);
        mates = vdc_malloc(largest * sizeof *mates);
        comparison->samples = vdc_calloc(cells + 1, sizeof *comparison->samples);
        comparison->paired = vdc_calloc(cells + 1, sizeof *comparison->paired);
        comparison->t_p = vdc_calloc(cells + 1, sizeof *comparison->t_p);
        comparison->wilcoxon_p = vdc_calloc(cells + 1, sizeof *comparison->wilcoxon_p);
        if (!values || !mates || !comparison->samples || !comparison->paired || !comparison->t_p || !comparison->wilcoxon_p) {
            code = vdc_no_memory(diag, "a comparison");
        }
    }
    for (size_t m = 0; m < comparison->metric_count && !code; m++) {
        code = compare_metric(comparison, m, values, mates, diag);
    }
    code = code ? code : vdc_holm(comparison->t_p, cells, diag);
    code = code ? code : vdc_holm(comparison->wilcoxon_p, cells, diag);
    vdc_free(values);
    vdc_free(mates);
    if (code) {
        vdc_comparison_clear(comparison);
    }
    return code;
}

void vdc_comparison_clear(vdc_comparison *comparison)
{
    vdc_free(comparison->baselines);
    vdc_free(comparison->order);
    vdc_free(comparison->baseline_name);
    vdc_free(comparison->metrics);
    vdc_free(comparison->samples);
    vdc_free(comparison->paired);
    vdc_free(comparison->t_p);
    vdc_free(comparison->wilcoxon_p);
    *comparison = (vdc_comparison){0};
}
