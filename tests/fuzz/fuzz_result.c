/* A result file as the commands that read one see it: opened, every attribute, dataset and text read, the digest taken; then what `show`
 * and `compare` do. How the input becomes a file: patch.h.
 */
#include "analysis/compare.h"
#include "analysis/difference.h"
#include "analysis/result.h"
#include "analysis/show.h"
#include "sim/base/memory.h"
#include "sim/vdcsim.h"
#include "tests/fuzz/patch.h"

enum { CELLS = 4096 };

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

static void read_dataset(const vdc_result *result, const char *path, vdc_diag *diag) {
    static double reals[CELLS];
    static int64_t integers[CELLS];
    static char *texts[CELLS];
    vdc_result_shape shape;
    if (!vdc_result_dataset(result, path, &shape) || shape.width == 0 || shape.width > CELLS) return;
    size_t most = CELLS / shape.width, rows = shape.rows < most ? shape.rows : most;
    /* The beginning and the end. */
    for (size_t at = 0, i = 0; i < 2; i++, at = shape.rows - rows) {
        if (shape.type == VDC_CELL_TEXT) {
            if (vdc_result_read_texts(result, path, at, rows, texts, diag)) continue;
            for (size_t k = 0; k < rows * shape.width; k++) vdc_free(texts[k]);
        } else {
            (void)vdc_result_read_reals(result, path, at, rows, reals, diag);
            (void)vdc_result_read_integers(result, path, at, rows, integers, diag);
        }
    }
}

static void read_all(vdc_result *result, vdc_diag *diag) {
    static const char *const groups[] = {"/summary", "/ticks", "/vms", "/hosts", "/tenants", "/events", "/checks"};
    static const char *const attributes[] = {"scenario", "vdcsim_version", "inputs", "policies", "digest", "scenario_sha256"};
    char digest[VDC_DIGEST_TEXT];
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) (void)vdc_result_text(result, attributes[i]);
    for (size_t i = 0; vdc_result_summary(result, i); i++) REQUIRE(vdc_result_find(result, vdc_result_summary(result, i)->key));
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        const char *member;
        for (size_t i = 0; (member = vdc_result_member(result, groups[g], i)) != NULL; i++) read_dataset(result, member, diag);
    }
    vdc_code code = vdc_result_digest(result, digest, diag);
    REQUIRE(!code || diag->errors > 0);
}

/* The command's own work on an open file: never what crashes, hangs or leaks, whatever it says. */
static void show_and_compare(vdc_result *result, vdc_diag *diag) {
    vdc_text text = {0};
    size_t count;
    vdc_show_summary(result, &text);
    vdc_show_provenance(result, &text);
    (void)vdc_result_differences(result, result, 10, &count, &text, diag);
    vdc_run runs[2] = {{.path = "a.h5", .stem = "a", .result = result}, {.path = "b.h5", .stem = "b", .result = result, .group = 1}};
    vdc_run_group groups[2] = {{.label = "a", .first = 0, .count = 1}, {.label = "b", .first = 1, .count = 1}};
    vdc_runs both = {.items = runs, .count = 2, .groups = groups, .group_count = 2};
    vdc_compare_options options = {0};
    vdc_comparison comparison = {0};
    if (!vdc_compare(&comparison, &both, &options, diag)) {
        vdc_comparison_print(&comparison, &text);
        vdc_comparison_csv(&comparison, &text);
    }
    vdc_comparison_clear(&comparison);
    vdc_text_clear(&text);
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
    vdc_diag diag = {0};
    vdc_result *result = NULL;
    vdc_code code = vdc_result_open_here(&result, path, &diag);
    REQUIRE(!code == !!result && (!code || diag.errors > 0));
    if (result) {
        read_all(result, &diag);
        show_and_compare(result, &diag);
    }
    vdc_result_close(result);
    REQUIRE(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0); /* no handle is left open */
    vdc_diag_clear(&diag);
    (void)close(file);
    return 0;
}
