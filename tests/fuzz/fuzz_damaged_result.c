/* A result file, read with the library's own part (result_reading.h). How the input becomes a file: patch.h. What it finds is mostly the library's
 * (docs/security.md): not among the targets by default.
 */
#include "sim/vdcsim.h"
#include "tests/fuzz/patch.h"
#include "tests/fuzz/result_reading.h"

static const char scenario[] =
    "{vdcsim: 1, name: f, seed: 1, time: {tick: 60s, end: 5min}, datacenter: {hosts: [{class: h, count: 2, cpu: {cores: 4}, "
    "memory: 8 GiB, power: {model: linear, idle: 1 W, max: 2 W}}]}, workload: {vms: [{vcpus: 1, lifetime: 90s, tenant: a}, "
    "{vcpus: 2, arrival: 60s, tenant: b, lifetime: 90s}]}, output: {ticks: false, hosts: final, vms: final, events: true}}\n";

static void make_base(void) {
    char folder[] = "/tmp/vdcsim-fuzz-XXXXXX", path[64];
    vdc_diag diag = {0};
    vdc_simulation *simulation = NULL;
    REQUIRE(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/base.h5", folder);
    vdc_run_options options = {.text = scenario, .output = path};
    REQUIRE(vdc_simulation_open(&simulation, "fuzz.yaml", &options, &diag) == VDC_OK);
    REQUIRE(vdc_simulation_run_until(simulation, VDC_TIME_MAX, &diag) == VDC_OK);
    REQUIRE(vdc_simulation_finish(simulation, &diag) == VDC_OK);
    vdc_simulation_close(simulation);
    take_base(path);
    REQUIRE(rmdir(folder) == 0);
}

static void start(void) {
    H5dont_atexit(); /* as the command does */
    make_base();
    find_blocks();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (!base) start();
    int file = make_file(data, size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    read_result(path, 0);
    REQUIRE(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0); /* no handle is left open */
    (void)close(file);
    return 0;
}
