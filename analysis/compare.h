/* Comparison of groups of runs: every metric of the summary, and its difference to a baseline, paired by seed.
 *
 * Runs with one seed have the same arrivals, lifetimes and failures whatever the policy (common random numbers), so differences
 * are taken within a seed; seeds that only one of the two groups has are left out of the difference and stay in the group's own
 * mean. p-values are corrected by Holm's method over all tests of the comparison: metrics x groups.
 */
#ifndef VDC_ANALYSIS_COMPARE_H
#define VDC_ANALYSIS_COMPARE_H

#include "analysis/runs.h"
#include "analysis/scale.h"
#include "analysis/statistics.h"
#include "analysis/text.h"

typedef struct vdc_metric {
    const char *key, *units, *long_name; /* of the first run that has it; owned by the runs */
    bool equal;                  /* no run differs from the baseline's of its seed */
} vdc_metric;

typedef struct vdc_comparison {
    const vdc_runs *runs;
    double level;                /* 0.95 */
    size_t *baselines;           /* [group] the group that each is compared with: itself for a baseline */
    size_t *order;               /* [group] for tables: each baseline, then those that are compared with it */
    char *baseline_name;         /* what differences are to, in words */
    vdc_metric *metrics;
    size_t metric_count;
    vdc_sample *samples;         /* [metric x group] */
    vdc_paired *paired;          /* [metric x group]: against the baseline; n = 0 for the baseline itself */
    double *t_p, *wilcoxon_p;    /* [metric x group] corrected; NaN where there is no test */
    size_t t_tests, wilcoxon_tests; /* sizes of the two families */
} vdc_comparison;

typedef struct vdc_compare_options {
    /* A group's label or a run's file; or NAME=VALUE, a parameter: each group is compared with the one that has that value and is otherwise the
     * same (placement=first-fit at each load). NULL = the first group. */
    const char *baseline;
    const char *const *metrics;  /* keys; none = all numbers of the summaries */
    size_t metric_count;
    double level;                /* 0 = 0.95 */
} vdc_compare_options;

/* Errors: a metric that no run has, a baseline that is no group (both with what there is). */
vdc_code vdc_compare(vdc_comparison *comparison, const vdc_runs *runs, const vdc_compare_options *options, vdc_diag *diag);
void vdc_comparison_clear(vdc_comparison *comparison);

/* For people, as text: a table of values for one run a group, a block a metric with intervals for several. */
void vdc_comparison_print(const vdc_comparison *comparison, vdc_text *out);
/* For pages and papers, in Markdown: a row a group, a column a metric; mean ± half of the interval where there are several runs. */
void vdc_comparison_markdown(const vdc_comparison *comparison, vdc_text *out);
/* For programs: one row a metric and group, in base units, with every statistic. */
void vdc_comparison_csv(const vdc_comparison *comparison, vdc_text *out);

/* One metric of one group, as it is shown: numbers in the unit that suits the metric. */
typedef struct vdc_comparison_row {
    const char *units;
    char n[64], mean[64], interval[96], difference[64], percent[64], difference_interval[96], p[48], effect[64];
} vdc_comparison_row;
void vdc_comparison_row_show(const vdc_comparison *comparison, size_t metric, size_t group, vdc_comparison_row *row);
/* The unit that suits a metric's means. */
vdc_scale vdc_comparison_scale(const vdc_comparison *comparison, size_t metric);
/* What a metric is called: its long name, else its key. */
const char *vdc_metric_name(const vdc_metric *metric);
/* Runs of the largest group. */
size_t vdc_runs_most_seeds(const vdc_runs *runs);

/* The sample of one metric over a group's runs. */
vdc_code vdc_group_sample(const vdc_runs *runs, size_t group, const char *key, double level, vdc_sample *sample, vdc_diag *diag);

#endif
