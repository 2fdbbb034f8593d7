/* From CloudSim's figures of the PlanetLab experiment to right ones, one difference at a time: planetlab-walk FOLDER [PERMUTATIONS]
 *
 * Prints a table in Markdown: of the files in order of their names and, with PERMUTATIONS, the mean over so many random orders with its
 * 95 % confidence interval (Student's t).
 */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/cloudsim.h"

typedef struct step {
    const char *name;
    cloudsim_options options;
} step;

#define MMT .select = "{policy: mmt}"
#define THR .detect = "{policy: threshold, above: 0.8}", MMT
#define LR .detect = "{policy: lr, history: reversed, weights: none}", MMT
#define NEWEST .detect = "{policy: lr, weights: none}", MMT
#define RIGHT .detect = "{policy: lr}", MMT
/* Each with all that was switched before it. */
#define IDLE .idle_power = true
#define KEPT IDLE, .keep_vms = true
#define ONCE KEPT, .protect_targets = true
#define CLEAN ONCE, .clean_slatah = true
#define FRESH CLEAN, .fresh_load = true
#define MEMORY FRESH, .memory = 4 * 4096

static const step steps[] = {
    {"THR/MMT: CloudSim 7.0.1", {THR}},
    {"+ idle power, the whole day", {THR, IDLE}},
    {"+ no VM is lost", {THR, KEPT}},
    {"+ no VM moves twice in a round", {THR, ONCE}},
    {"+ SLATAH without the artefact", {THR, CLEAN}},
    {"+ load up to date in the rise of power", {THR, FRESH}},
    {"+ memory counts, promised four times", {THR, MEMORY}},
    {"LR/MMT: CloudSim 7.0.1", {LR}},
    {"+ idle power, the whole day", {LR, IDLE}},
    {"+ no VM is lost", {LR, KEPT}},
    {"+ no VM moves twice in a round", {LR, ONCE}},
    {"+ SLATAH without the artefact", {LR, CLEAN}},
    {"+ history the right way round", {NEWEST, CLEAN}},
    {"+ tricube weights", {RIGHT, CLEAN}},
    {"+ load up to date in the rise of power", {RIGHT, FRESH}},
    {"+ memory counts, promised four times", {RIGHT, MEMORY}},
};

enum { STEPS = sizeof steps / sizeof *steps, MOST = 1000, METRICS = 4 };

static void interval(const double *values, int count, double *mean, double *half) {
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) sum += values[i];
    *mean = sum / count;
    for (int i = 0; i < count; i++) squares += (values[i] - *mean) * (values[i] - *mean);
    *half = count > 1 ? gsl_cdf_tdist_Pinv(0.975, count - 1) * sqrt(squares / (count - 1) / count) : 0;
}

int main(int argc, char **argv) {
    int permutations = argc > 2 ? atoi(argv[2]) : 0;
    if (argc < 2 || permutations < 0 || permutations > MOST) {
        (void)fprintf(stderr, "planetlab-walk FOLDER [PERMUTATIONS]\n");
        return 2;
    }
    puts("| step | energy, kWh | migrations | SLATAH, % | PDM, % | VMs left |\n| --- | --- | --- | --- | --- | --- |");
    for (int s = 0; s < STEPS; s++) {
        static double values[METRICS][MOST];
        cloudsim_metrics sorted;
        cloudsim_run(argv[1], &steps[s].options, &sorted);
        printf("| %s | %.2f | %ld | %.3f | %.4f | %d |\n", steps[s].name, sorted.energy, sorted.migrations, sorted.slatah * 100, sorted.pdm * 100,
               sorted.vms_left);
        (void)fflush(stdout);
        if (!permutations) continue;
        for (int p = 0; p < permutations; p++) {
            cloudsim_options options = steps[s].options;
            cloudsim_metrics one;
            options.permutation = (uint64_t)p + 1;
            cloudsim_run(argv[1], &options, &one);
            values[0][p] = one.energy, values[1][p] = (double)one.migrations, values[2][p] = one.slatah * 100, values[3][p] = one.pdm * 100;
        }
        double mean[METRICS], half[METRICS];
        for (int m = 0; m < METRICS; m++) interval(values[m], permutations, &mean[m], &half[m]);
        printf("| %d orders | %.2f ± %.2f | %.0f ± %.0f | %.3f ± %.3f | %.4f ± %.4f | |\n", permutations, mean[0], half[0], mean[1], half[1], mean[2],
               half[2], mean[3], half[3]);
        (void)fflush(stdout);
    }
    return 0;
}
