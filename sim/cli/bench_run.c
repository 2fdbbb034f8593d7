/* Benchmarks of whole runs through the public interface: a plain trace of many VMs, and a real cluster's week. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/memory.h"
#include "sim/base/random.h"
#include "sim/cli/bench.h"
#include "sim/vdcsim.h"

/* A folder of its own for the benchmark's files, freed with its contents by drop_folder. */
static char *make_folder(void) {
    const char *parent = getenv("TMPDIR");
    char *path = vdc_format("%s/vdcsim-bench-XXXXXX", parent ? parent : "/tmp");
    if (path && mkdtemp(path)) return path;
    vdc_free(path);
    return NULL;
}

static void drop_folder(char *folder) {
    static const char *const names[] = {"vms.csv", "scenario.yaml", "out.h5"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = vdc_format("%s/%s", folder, names[i]);
        if (path) unlink(path);
        vdc_free(path);
    }
    rmdir(folder);
    vdc_free(folder);
}

/* Opens FOLDER/NAME for writing. */
static FILE *create_file(const char *folder, const char *name) {
    char *path = vdc_format("%s/%s", folder, name);
    FILE *file = path ? fopen(path, "w") : NULL;
    vdc_free(path);
    return file;
}

/* One run of FOLDER/scenario.yaml with a result file: its CPU time and what it did. */
static vdc_code run_once(const char *path, const char *output, double *seconds, vdc_progress_report *report, vdc_diag *diag) {
    vdc_run_options options = {.output = output, .force = true};
    vdc_simulation *simulation;
    double begin = vdc_cli_cpu_seconds();
    vdc_code code = vdc_simulation_open(&simulation, path, &options, diag);
    *report = (vdc_progress_report){0};
    while (!code && !report->ended) {
        code = vdc_simulation_run_some(simulation, VDC_TIME_MAX, 100000, diag);
        vdc_simulation_progress(simulation, report);
        if (!code && vdc_cli_interrupted()) code = VDC_INTERRUPTED;
    }
    if (!code) code = vdc_simulation_finish(simulation, diag);
    *seconds = vdc_cli_cpu_seconds() - begin;
    vdc_simulation_close(simulation);
    return code;
}

/* ---- many VMs, few hosts ---- */

/* 1 000 hosts of 64 vCPUs, about 0.8 of them taken: VMs of 1 to 8 vCPUs, a mean of two hours. */
static vdc_code write_plain_trace(const char *folder, uint32_t vms, vdc_diag *diag) {
    FILE *scenario = create_file(folder, "scenario.yaml"), *trace = create_file(folder, "vms.csv");
    bool written = scenario && trace;
    if (scenario) {
        fputs("vdcsim: 1\nname: plain\ntime: {tick: 5min}\n"
              "datacenter: {hosts: [{class: server, count: 1000, cpu: {cores: 64, speed: 2 GHz}, memory: 512 GiB}]}\n"
              "workload: {trace: {format: vdcsim, path: vms.csv}}\n"
              "schedulers: {placement: {policy: first-fit}}\noutput: {vms: none}\n", scenario);
        if (ferror(scenario)) written = false;
        if (fclose(scenario) != 0) written = false;
    }
    if (trace) {
        vdc_stream stream;
        vdc_stream_open(&stream, 1, "bench.plain", 0);
        fputs("id,arrival_s,lifetime_s,vcpus,memory_gib\n", trace);
        double clock = 0;
        for (uint32_t i = 0; i < vms; i++) {
            unsigned vcpus = 1U << vdc_stream_below(&stream, 4);
            clock -= log(1 - vdc_stream_uniform(&stream)) * 7200 * 3.75 / (0.8 * 64000);
            fprintf(trace, "%u,%.3f,%.3f,%u,%u\n", i, clock, 1 - log(1 - vdc_stream_uniform(&stream)) * 7200, vcpus, 4 * vcpus);
        }
        if (ferror(trace)) written = false;
        if (fclose(trace) != 0) written = false;
    }
    return written ? VDC_OK : vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: the benchmark's trace cannot be written", folder);
}

static vdc_code plain_trace(vdc_bench *bench, const char *folder, uint32_t vms, vdc_diag *diag) {
    vdc_code code = write_plain_trace(folder, vms, diag);
    char *path = vdc_format("%s/scenario.yaml", folder), *output = vdc_format("%s/out.h5", folder);
    double seconds = 0;
    vdc_progress_report report = {0};
    if (!code && (!path || !output)) code = vdc_no_memory(diag, "a benchmark");
    if (!code) code = run_once(path, output, &seconds, &report, diag);
    if (!code) {
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_integer(json, "hosts", 1000);
        vdc_json_put_integer(json, "vms", vms);
        vdc_json_put_real(json, "cpu_s", seconds);
        vdc_json_put_real(json, "vms_per_s", round(vms / seconds));
        vdc_json_put_real(json, "events_per_s", round((double)report.events / seconds));
        vdc_json_put_integer(json, "peak_rss_bytes", (int64_t)vdc_cli_peak_memory());
        vdc_bench_line_end(bench);
    }
    vdc_free(path);
    vdc_free(output);
    return code;
}

vdc_code vdc_bench_plain_trace(vdc_bench *bench, vdc_diag *diag) {
    uint32_t most = bench->quick ? 100000 : 1000000;
    vdc_code code = VDC_OK;
    for (uint32_t vms = 100000; !code && vms <= most; vms *= 10) {
        char *folder = make_folder();
        if (!folder) return vdc_fail(diag, VDC_ERROR_IO, NULL, "no temporary folder can be made for the benchmark");
        code = plain_trace(bench, folder, vms, diag);
        drop_folder(folder);
    }
    return code;
}

/* ---- a week of SURF's Lisa ---- */

enum { BUFFER = 1 << 16 };

/* The least that anything has to do that reads the file: `gzip -dc`, and a loop that turns digits into numbers. CPU time of
 * both processes. The sum keeps the compiler from leaving the loop out. */
static bool unpack_and_parse(const char *path, double *seconds, uint64_t *sum) {
    char *command = vdc_format("gzip -dc '%s' 2>/dev/null", path), *buffer = vdc_malloc(BUFFER);
    double begin = vdc_cli_cpu_seconds() + vdc_cli_children_cpu_seconds();
    FILE *pipe = command && buffer && !strchr(path, '\'') ? popen(command, "r") : NULL; /* NOLINT(cert-env33-c): quoted */
    uint64_t number = 0, total = 0;
    size_t got = 0;
    while (pipe && (got = fread(buffer, 1, BUFFER, pipe)) > 0) {
        for (size_t i = 0; i < got; i++) {
            unsigned digit = (unsigned)buffer[i] - '0';
            if (digit <= 9) {
                number = number * 10 + digit;
            } else {
                total += number;
                number = 0;
            }
        }
    }
    bool done = pipe && pclose(pipe) == 0;
    vdc_free(buffer);
    vdc_free(command);
    *sum = total + number;
    *seconds = vdc_cli_cpu_seconds() + vdc_cli_children_cpu_seconds() - begin;
    return done;
}

static vdc_code week(vdc_bench *bench, const char *scenario, const char *fragments, vdc_diag *diag) {
    double bare = 0, seconds = 0;
    uint64_t sum = 0;
    vdc_progress_report report;
    if (access(scenario, R_OK) != 0 || !unpack_and_parse(fragments, &bare, &sum)) {
        vdc_json_put_text(vdc_bench_line(bench), "skipped", "VDCSIM_SHARED has no conformance/opendc/surf-week.yaml and data/opendc/surf_week");
        vdc_bench_line_end(bench);
        return VDC_OK;
    }
    char *folder = make_folder();
    char *output = folder ? vdc_format("%s/out.h5", folder) : NULL;
    vdc_code code = output ? VDC_OK : vdc_fail(diag, VDC_ERROR_IO, NULL, "no temporary folder can be made for the benchmark");
    if (!code) code = run_once(scenario, output, &seconds, &report, diag);
    if (!code) {
        vdc_json *json = vdc_bench_line(bench);
        vdc_json_put_integer(json, "vms", report.arrived);
        vdc_json_put_integer(json, "events", (int64_t)report.events);
        vdc_json_put_real(json, "cpu_s", seconds);
        vdc_json_put_real(json, "gzip_and_parse_cpu_s", bare);
        vdc_json_put_real(json, "ratio", round(100 * seconds / bare) / 100);
        vdc_json_put_integer(json, "checksum", (int64_t)(sum % 1000000007));
        vdc_bench_line_end(bench);
    }
    vdc_free(output);
    if (folder) drop_folder(folder);
    return code;
}

vdc_code vdc_bench_surf_week(vdc_bench *bench, vdc_diag *diag) {
    const char *shared = getenv("VDCSIM_SHARED");
    if (!shared) shared = "../shared";
    char *scenario = vdc_format("%s/conformance/opendc/surf-week.yaml", shared);
    char *fragments = vdc_format("%s/data/opendc/surf_week/fragments.csv.gz", shared);
    vdc_code code = scenario && fragments ? week(bench, scenario, fragments, diag) : vdc_no_memory(diag, "a benchmark");
    vdc_free(scenario);
    vdc_free(fragments);
    return code;
}
