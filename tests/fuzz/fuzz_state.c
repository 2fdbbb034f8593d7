/* A saved state, restored and run on for some events under --check.
 *
 * The first byte says how the rest is meant. Even: the whole file. Odd: what stands in the place of journal, clock and digests in a file that is
 * written here; then its last line is made to fit, so that what is behind it is reached. The scenario is one of ours there: a foreign one may
 * run for as long as it likes, which is no fault of a state (fuzz_scenario.c has them).
 */
#include <string.h>

#include "sim/base/digest.h"
#include "sim/base/memory.h"
#include "sim/vdcsim.h"
#include "tests/fuzz/fuzz.h"

enum { EVENTS = 100 };

static const char before[] =
    "# A state of a vdcsim run: a journal that is run again to come to it (vdcsim run --restore).\nvdcsim_state: 1\nvdcsim_version: \"" VDC_VERSION
    "\"\nscenario_path: \"s.yaml\"\n";
static const char scenario[] =
    "{vdcsim: 1, name: f, time: {tick: 60s, end: 5min}, datacenter: {hosts: [{class: h, count: 2, cpu: {cores: 4}, memory: 8 GiB}]}, "
    "workload: {vms: [{id: 1, vcpus: 1, lifetime: 90s}, {id: 2, vcpus: 2, arrival: 60s, lifetime: 90s}]}}";

static void put(fuzz_file *file, vdc_digest *digest, const void *text, size_t length) {
    vdc_digest_add(digest, text, length);
    fuzz_file_add(file, text, length);
}

static void write_fitting(fuzz_file *file, const uint8_t *data, size_t size) {
    char hash[VDC_DIGEST_TEXT], line[1024];
    vdc_digest whole, text;
    vdc_digest_start(&whole);
    put(file, &whole, before, sizeof before - 1);
    vdc_digest_start(&text);
    vdc_digest_add(&text, scenario, sizeof scenario - 1);
    vdc_digest_end(&text, hash);
    int length = snprintf(line, sizeof line, "scenario_sha256: \"%s\"\nscenario: \"%s\"\n", hash, scenario);
    REQUIRE(length > 0 && (size_t)length < sizeof line);
    put(file, &whole, line, (size_t)length);
    put(file, &whole, data, size);
    if (size == 0 || data[size - 1] != '\n') put(file, &whole, "\n", 1);
    vdc_digest_end(&whole, hash);
    length = snprintf(line, sizeof line, "complete: %s\n", hash);
    REQUIRE(length > 0);
    fuzz_file_add(file, line, (size_t)length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    static fuzz_file file;
    fuzz_file_begin(&file);
    if (data[0] % 2) write_fitting(&file, data + 1, size - 1);
    else fuzz_file_add(&file, data + 1, size - 1);
    fuzz_file_end(&file);
    vdc_diag diag = {0};
    vdc_simulation *simulation = NULL;
    vdc_run_options options = {.check = true};
    vdc_code code = vdc_simulation_restore(&simulation, file.path, NULL, &options, &diag);
    REQUIRE(!code == !!simulation && (!code || diag.errors > 0));
    if (!code) {
        code = vdc_simulation_run_some(simulation, VDC_TIME_MAX, EVENTS, &diag);
        REQUIRE(code ? diag.errors > 0 : vdc_simulation_checks_hold(simulation));
    }
    vdc_simulation_close(simulation);
    vdc_diag_clear(&diag);
    return 0;
}
