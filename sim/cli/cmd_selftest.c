/* vdcsim selftest: the simulator against queueing and reliability theory. */
#include <math.h>
#include <stdio.h>

#include "analysis/statistics.h"
#include "sim/base/memory.h"
#include "sim/cli/command.h"
#include "sim/cli/json.h"
#include "sim/cli/selftest.h"

#define LEVEL 0.999 /* of the interval: with a dozen checks, one in a hundred runs with a seed of one's own would fail */
#define WIDEST 0.1 /* half-width of the interval as a share of the theoretical value: a wider one tells nothing */

typedef struct options {
    vdc_cli_number seed, replications;
    bool json;
} options;

static const vdc_cli_option table[] = {
    {.name = "seed", .type = VDC_CLI_NUMBER, .argument = "N", .help = "another set of random numbers; default 1", .offset = offsetof(options, seed),
     .maximum = INT64_MAX / 1000000},
    {.name = "replications", .type = VDC_CLI_NUMBER, .argument = "N", .help = "independent runs of each check; default 20", .minimum = 10,
     .maximum = 100000, .offset = offsetof(options, replications)},
    {.name = "json", .type = VDC_CLI_FLAG, .help = "one JSON object a line instead of a table", .offset = offsetof(options, json)},
};

typedef struct outcome {
    vdc_sample sample;
    double theory;
    bool holds;
} outcome;

static vdc_code replicate(const vdc_selftest_check *check, uint64_t seed, size_t replications, outcome *out, vdc_diag *diag) {
    double *values = vdc_calloc(replications, sizeof *values);
    if (!values) return vdc_no_memory(diag, "the replications");
    vdc_code code = VDC_OK;
    *out = (outcome){.theory = check->theory(), .holds = true};
    for (size_t i = 0; !code && i < replications; i++) {
        code = check->replicate(seed * 1000000 + i, &values[i], diag);
        if (check->exact > 0 && !(fabs(values[i] - out->theory) <= check->exact * fabs(out->theory))) out->holds = false;
        if (!code && vdc_cli_interrupted()) code = VDC_INTERRUPTED;
    }
    if (!code) code = vdc_sample_describe(values, replications, LEVEL, &out->sample, diag);
    if (check->exact == 0) {
        const vdc_interval *interval = &out->sample.interval;
        out->holds = interval->low <= out->theory && out->theory <= interval->high && interval->high - interval->low <= 2 * WIDEST * out->theory;
    }
    vdc_free(values);
    return code;
}

static void print_row(const vdc_selftest_check *check, const outcome *result) {
    printf("%-17s %-31s %12.6g %12.6g   %12.6g ... %-12.6g %s\n", check->name, check->quantity, result->sample.mean, result->theory,
           result->sample.interval.low, result->sample.interval.high, result->holds ? "holds" : "FAILS");
    fflush(stdout);
}

static void write_row(const vdc_selftest_check *check, const outcome *result) {
    vdc_json json = {.out = stdout};
    vdc_json_open(&json, '{');
    vdc_json_put_text(&json, "check", check->name);
    vdc_json_put_text(&json, "quantity", check->quantity);
    vdc_json_put_real(&json, "simulated", result->sample.mean);
    vdc_json_put_real(&json, "theory", result->theory);
    vdc_json_put_real(&json, "low", result->sample.interval.low);
    vdc_json_put_real(&json, "high", result->sample.interval.high);
    vdc_json_put_integer(&json, "replications", (int64_t)result->sample.n);
    vdc_json_put_bool(&json, "holds", result->holds);
    vdc_json_close(&json, '}');
    vdc_json_end(&json);
    fflush(stdout);
}

static int run(const void *given, const vdc_cli_arguments *arguments) {
    const options *chosen = given;
    (void)arguments;
    uint64_t seed = chosen->seed.given ? chosen->seed.value : 1;
    size_t replications = chosen->replications.given ? (size_t)chosen->replications.value : 20;
    vdc_diag diag = {0};
    vdc_code code = VDC_OK;
    size_t failed = 0;
    vdc_cli_catch_signals();
    if (!chosen->json) printf("%-17s %-31s %12s %12s   %s\n", "check", "quantity", "simulated", "theory", "99.9 % interval of the mean");
    for (size_t i = 0; !code && i < vdc_selftest_check_count; i++) {
        outcome result;
        code = replicate(&vdc_selftest_checks[i], seed, replications, &result, &diag);
        if (code) break;
        (chosen->json ? write_row : print_row)(&vdc_selftest_checks[i], &result);
        if (!result.holds) failed++;
    }
    if (failed) {
        vdc_code check_code = vdc_fail(&diag, VDC_ERROR_CHECK, NULL, "%zu of %zu checks do not hold", failed, vdc_selftest_check_count);
        if (!code) code = check_code;
    } else if (!code && !chosen->json) {
        printf("all %zu checks hold\n", vdc_selftest_check_count);
    }
    return vdc_cli_finish(&diag, code);
}

const vdc_command vdc_command_selftest = {
    .name = "selftest",
    .summary = "the simulator against queueing and reliability theory",
    .details = "A check holds when the theoretical value lies in the 99.9 % interval of the mean over the replications,\n"
               "and that interval is within 10 % of it; Little's law must hold to 1e-12 in each of them.",
    .syntax = {.arguments = "", .options = table, .option_count = sizeof table / sizeof *table, .size = sizeof(options)},
    .run = run,
};
