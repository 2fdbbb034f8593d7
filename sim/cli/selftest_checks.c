/* Datacenters whose waiting, blocking, occupancy, sojourn and availability theory knows (analysis/theory.h).
 *
 * Each is a scenario as a user would write it, run by the library's public interface; what is measured comes from the
 * summary or from the counters between events. VMs of one vCPU are the customers, vCPUs the servers.
 */
#include "sim/cli/selftest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/theory.h"
#include "sim/base/memory.h"
#include "sim/base/random.h"
#include "sim/vdcsim.h"

/* ---- running ---- */

static vdc_code open_scenario(vdc_simulation **simulation, const char *text, uint64_t seed, vdc_diag *diag) {
    *simulation = NULL;
    if (!text) return vdc_no_memory(diag, "a scenario");
    vdc_run_options options = {.text = text, .has_seed = true, .seed = seed};
    return vdc_simulation_open(simulation, "selftest.yaml", &options, diag);
}

/* A key of the summary, of whatever type. */
static vdc_code query(vdc_simulation *simulation, const char *key, double *out, vdc_diag *diag) {
    vdc_value value;
    if (!vdc_simulation_query(simulation, key, &value)) return vdc_fail(diag, VDC_ERROR_STATE, NULL, "selftest: the summary has no %s", key);
    *out = value.type == VDC_VALUE_INTEGER ? (double)value.integer : value.real;
    return VDC_OK;
}

/* Runs the scenario (which is freed) to its end and gives the quotient of two keys. */
static vdc_code run_for_quotient(char *text, uint64_t seed, const char *numerator, const char *denominator, double *value, vdc_diag *diag) {
    vdc_simulation *simulation;
    vdc_code code = open_scenario(&simulation, text, seed, diag);
    vdc_free(text);
    double above = 0, below = 1;
    if (!code) code = vdc_simulation_run_until(simulation, VDC_TIME_MAX, diag);
    if (!code) code = query(simulation, numerator, &above, diag);
    if (!code) code = query(simulation, denominator, &below, diag);
    *value = above / below;
    vdc_simulation_close(simulation);
    return code;
}

/* ---- queues: `servers` vCPUs, Poisson arrivals, one hour of service on average ---- */

static char *queue_scenario(unsigned servers, int count, double mean_arrival_s, const char *lifetime, const char *admission) {
    return vdc_format("vdcsim: 1\nname: selftest\ntime: {tick: 1000d}\n"
                      "datacenter: {hosts: [{class: server, count: 1, cpu: {cores: %u}, memory: 1 TiB}]}\n"
                      "workload: {generate: {count: %d, arrivals: {dist: exponential, mean: %.9g s}, lifetime: %s, flavors: [{vcpus: 1, memory: 1 MiB}]}}\n"
                      "schedulers: {admission: %s, placement: {policy: first-fit}}\n"
                      "output: {ticks: false, vms: none}\n",
                      servers, count, mean_arrival_s, lifetime, admission);
}

#define HOUR 3600.0
#define EXPONENTIAL_HOUR "{dist: exponential, mean: 1h}"
#define WAITING "{policy: fifo}"
#define LOSING "{policy: fifo, timeout: 0s}"

/* Share of time that each server is busy. */
static const double single_load = 0.7, eight_load = 0.85;

static vdc_code mean_wait(unsigned servers, int count, double load, const char *lifetime, uint64_t seed, double *value, vdc_diag *diag) {
    char *text = queue_scenario(servers, count, HOUR / (servers * load), lifetime, WAITING);
    return run_for_quotient(text, seed, "wait_total_s", "vms_placed", value, diag);
}

static vdc_code mm1(uint64_t seed, double *value, vdc_diag *diag) {
    return mean_wait(1, 50000, single_load, EXPONENTIAL_HOUR, seed, value, diag);
}
static double mm1_theory(void) {
    return vdc_theory_mmc_wait(1, single_load / HOUR, HOUR);
}

static vdc_code mm8(uint64_t seed, double *value, vdc_diag *diag) {
    return mean_wait(8, 160000, eight_load, EXPONENTIAL_HOUR, seed, value, diag);
}
static double mm8_theory(void) {
    return vdc_theory_mmc_wait(8, 8 * eight_load / HOUR, HOUR);
}

static vdc_code md1(uint64_t seed, double *value, vdc_diag *diag) {
    return mean_wait(1, 50000, single_load, "{dist: constant, value: 1h}", seed, value, diag);
}
static double md1_theory(void) {
    return vdc_theory_mg1_wait(single_load / HOUR, HOUR, 0);
}

/* A log-normal variable with deviation s of its logarithm has the coefficient of variation sqrt(exp(s^2) - 1). */
static vdc_code mg1(uint64_t seed, double *value, vdc_diag *diag) {
    return mean_wait(1, 50000, single_load, "{dist: lognormal, mean: 1h, sigma: 0.8}", seed, value, diag);
}
static double mg1_theory(void) {
    return vdc_theory_mg1_wait(single_load / HOUR, HOUR, sqrt(exp(0.64) - 1));
}

/* ---- loss systems ---- */

enum { LOSS_SERVERS = 10 };
static const double loss_load = 8;

static vdc_code blocking(const char *lifetime, uint64_t seed, double *value, vdc_diag *diag) {
    char *text = queue_scenario(LOSS_SERVERS, 50000, HOUR / loss_load, lifetime, LOSING);
    return run_for_quotient(text, seed, "vms_rejected", "vms_arrived", value, diag);
}

static vdc_code erlang_b(uint64_t seed, double *value, vdc_diag *diag) {
    return blocking(EXPONENTIAL_HOUR, seed, value, diag);
}

static vdc_code erlang_b_weibull(uint64_t seed, double *value, vdc_diag *diag) {
    return blocking("{dist: weibull, shape: 0.6, mean: 1h}", seed, value, diag);
}

static double erlang_b_theory(void) {
    return vdc_theory_erlang_b(LOSS_SERVERS, loss_load);
}

/* ---- room for everybody: the number of VMs is Poisson ---- */

enum { SAMPLES = 2000, CROWD = 10, BEFORE = 50, APART = 2 /* h */ };

/* The number of running VMs every second mean lifetime, after fifty of them: far enough apart to be nearly independent. */
static vdc_code sample_crowd(uint64_t seed, double *mean, double *variance, vdc_diag *diag) {
    char *text = vdc_format("vdcsim: 1\nname: selftest\ntime: {tick: 1000d, end: %dh}\n"
                            "datacenter: {hosts: [{class: server, count: 1, cpu: {cores: 1000}, memory: 1 TiB}]}\n"
                            "workload: {generate: {until: %dh, arrivals: {dist: exponential, mean: %.9g s}, lifetime: {dist: gamma, shape: 2, mean: 1h}, "
                            "flavors: [{vcpus: 1, memory: 1 MiB}]}}\n"
                            "output: {ticks: false, vms: none}\n",
                            APART * SAMPLES + BEFORE, APART * SAMPLES + BEFORE, HOUR / CROWD);
    vdc_simulation *simulation;
    vdc_code code = open_scenario(&simulation, text, seed, diag);
    vdc_free(text);
    double sum = 0, squares = 0;
    for (int i = 0; !code && i < SAMPLES; i++) {
        vdc_progress_report report;
        code = vdc_simulation_run_until(simulation, (BEFORE + APART * (vdc_time)i) * 3600 * VDC_SECOND, diag);
        vdc_simulation_progress(simulation, &report);
        double running = (double)report.running;
        sum += running;
        squares += running * running;
    }
    vdc_simulation_close(simulation);
    *mean = sum / SAMPLES;
    *variance = (squares - sum * sum / SAMPLES) / (SAMPLES - 1);
    return code;
}

static vdc_code crowd_mean(uint64_t seed, double *value, vdc_diag *diag) {
    double variance;
    return sample_crowd(seed, value, &variance, diag);
}

static vdc_code crowd_variance(uint64_t seed, double *value, vdc_diag *diag) {
    double mean;
    return sample_crowd(seed, &mean, value, diag);
}

static double crowd_theory(void) {
    return vdc_theory_mginf_mean(CROWD / HOUR, HOUR);
}

/* ---- one core shared by all: VMs with an amount of work ---- */

static const double sharing_load = 0.6;

static vdc_code sharing(double (*draw)(vdc_stream *stream), uint64_t seed, double *value, vdc_diag *diag) {
    enum { JOBS = 8000 };
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory) return vdc_no_memory(diag, "a scenario");
    fputs("vdcsim: 1\nname: selftest\ntime: {tick: 1000d}\n"
          "datacenter: {hosts: [{class: server, count: 1, cpu: {cores: 1, speed: 1 GHz}, memory: 1 TiB}], overcommit: {cpu: 1000}}\n"
          "output: {ticks: false, vms: none}\nworkload:\n  vms:\n", memory);
    vdc_stream arrivals, work;
    vdc_stream_open(&arrivals, seed, "selftest.arrivals", 0);
    vdc_stream_open(&work, seed, "selftest.work", 0);
    double clock = 0;
    for (int i = 0; i < JOBS; i++) {
        clock -= log(1 - vdc_stream_uniform(&arrivals)) * HOUR / sharing_load;
        fprintf(memory, "    - {arrival: %.6f s, vcpus: 1, memory: 1 MiB, load: {progress: work, segments: [[%.6f s, 1 GHz]]}}\n", clock,
                HOUR * draw(&work));
    }
    bool written = !ferror(memory);
    if (fclose(memory) != 0) written = false;
    char *copy = written ? vdc_strdup(text) : NULL; /* the stream's memory is not of vdc_malloc */
    free(text);
    /* A VM holds its vCPU while it is there: the time in system is what was allocated. */
    return run_for_quotient(copy, seed, "P_cpu_core_s", "vms_completed", value, diag);
}

static double exponential_work(vdc_stream *stream) {
    return -log(1 - vdc_stream_uniform(stream));
}

/* Mean 1: three in four jobs of a third, one in four of three. */
static double bimodal_work(vdc_stream *stream) {
    return vdc_stream_below(stream, 4) ? 1.0 / 3 : 3;
}

static vdc_code sharing_exponential(uint64_t seed, double *value, vdc_diag *diag) {
    return sharing(exponential_work, seed, value, diag);
}

static vdc_code sharing_bimodal(uint64_t seed, double *value, vdc_diag *diag) {
    return sharing(bimodal_work, seed, value, diag);
}

static double sharing_theory(void) {
    return vdc_theory_mg1_ps_sojourn(sharing_load / HOUR, HOUR);
}

/* ---- a host that fails and comes back ---- */

static const double mean_up_h = 90, mean_down_h = 10;

static vdc_code availability(uint64_t seed, double *value, vdc_diag *diag) {
    enum { ROWS = 700, HOURS = 40000 }; /* about 400 failures; 700 would take 70 000 h */
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory) return vdc_no_memory(diag, "a scenario");
    fprintf(memory, "vdcsim: 1\nname: selftest\ntime: {tick: 10000d, end: %dh}\n"
                    "datacenter: {hosts: [{class: server, count: 1, cpu: {cores: 1}, memory: 1 TiB}]}\n"
                    "workload: {vms: [{arrival: 0s, vcpus: 1, memory: 1 MiB}]}\n"
                    "output: {ticks: false, vms: none}\nfailures:\n  recovery: {policy: restart}\n  trace:\n    rows:\n", HOURS);
    vdc_stream up, down;
    vdc_stream_open(&up, seed, "selftest.up", 0);
    vdc_stream_open(&down, seed, "selftest.down", 0);
    for (int i = 0; i < ROWS; i++) {
        /* Weibull of shape 2 (mean scale x sqrt(pi)/2) and uniform. */
        double up_h = mean_up_h * 2 / sqrt(acos(-1)) * sqrt(-log(1 - vdc_stream_uniform(&up)));
        double down_h = 2 * mean_down_h * vdc_stream_uniform(&down);
        fprintf(memory, "      - [%.6f h, %.6f h, 100%%]\n", up_h, down_h);
    }
    bool written = !ferror(memory);
    if (fclose(memory) != 0) written = false;
    char *copy = written ? vdc_strdup(text) : NULL;
    free(text);
    return run_for_quotient(copy, seed, "T_cpu_core_s", "end_s", value, diag);
}

static double availability_theory(void) {
    return vdc_theory_availability(mean_up_h, mean_down_h);
}

/* ---- Little's law ---- */

/* Counts who waits and who runs between every two events, and compares the integral with the sum of the times that the VMs spent so: as a
 * quotient, which is 1. */
static vdc_code little(uint64_t seed, double *value, vdc_diag *diag) {
    char *text = queue_scenario(3, 5000, HOUR / 2.7, "{dist: weibull, shape: 0.7, mean: 1h}", WAITING);
    vdc_simulation *simulation;
    vdc_code code = open_scenario(&simulation, text, seed, diag);
    vdc_free(text);
    vdc_wide area = 0; /* VM x ns */
    vdc_progress_report report = {0};
    while (!code && !report.ended) {
        vdc_time before = report.now;
        int64_t present = report.queued + report.running;
        code = vdc_simulation_step(simulation, diag);
        vdc_simulation_progress(simulation, &report);
        area += (vdc_wide)present * (report.now - before);
    }
    double waited = 0, ran = 0;
    if (!code) code = query(simulation, "wait_total_s", &waited, diag);
    if (!code) code = query(simulation, "P_cpu_core_s", &ran, diag);
    *value = vdc_wide_over(area, VDC_SECOND) / (waited + ran);
    vdc_simulation_close(simulation);
    return code;
}

static double little_theory(void) {
    return 1;
}

const vdc_selftest_check vdc_selftest_checks[] = {
    {"M/M/1", "mean wait, s", mm1, mm1_theory, 0},
    {"M/M/8", "mean wait, s", mm8, mm8_theory, 0},
    {"M/D/1", "mean wait, s", md1, md1_theory, 0},
    {"M/G/1 log-normal", "mean wait, s", mg1, mg1_theory, 0},
    {"Erlang-B", "share of VMs rejected", erlang_b, erlang_b_theory, 0},
    {"Erlang-B Weibull", "share of VMs rejected", erlang_b_weibull, erlang_b_theory, 0},
    {"M/G/infinity", "mean of VMs running", crowd_mean, crowd_theory, 0},
    {"M/G/infinity", "variance of VMs running", crowd_variance, crowd_theory, 0},
    {"M/M/1-PS", "mean time in system, s", sharing_exponential, sharing_theory, 0},
    {"M/G/1-PS bimodal", "mean time in system, s", sharing_bimodal, sharing_theory, 0},
    {"renewal", "availability of a host", availability, availability_theory, 0},
    {"Little's law", "integral of VMs / sum of times", little, little_theory, 1e-12},
};
const size_t vdc_selftest_check_count = sizeof vdc_selftest_checks / sizeof *vdc_selftest_checks;
