/* The native trace as HDF5, read to its end over a model of the library: hdf5_model.h says how the input becomes a file. The first byte's first bit:
 * malformed rows are skipped; the second: wishes for isolation are looked at. What the library itself does with damaged files: fuzz_damaged_native.c.
 */
#include "tests/fuzz/hdf5_model.h"
#include "tests/fuzz/native_reading.h"

static const int64_t arrivals[] = {0, 60000000000, 61000000000}, milli_cpus[] = {1000, 2000, 4000}, lifetimes[] = {90000000000, -1, 5000000000},
                     memories[] = {1 << 30, 0, 1 << 20}, tenants[] = {1, 2, 0}, groups[] = {0, 1, 0}, segments[] = {2, -1, 1}, flags[] = {0, 1, 0},
                     lists[] = {1, 0, 1}, durations[] = {10000000000, 20000000000, 1}, demands[] = {1000000000, 2000000000, 5}, ones[] = {1, 1, 1};

/* Those that are there by themselves; all other columns wait for the input to bring them in. */
static const model_object present[] = {
    MODEL_CELLS("/vms/arrival", MODEL_INTEGER, arrivals), MODEL_CELLS("/vms/vcpus", MODEL_INTEGER, milli_cpus),
    MODEL_CELLS("/vms/lifetime", MODEL_INTEGER, lifetimes), MODEL_CELLS("/vms/memory", MODEL_INTEGER, memories),
    MODEL_CELLS("/vms/tenant", MODEL_INTEGER, tenants), MODEL_CELLS("/vms/group", MODEL_INTEGER, groups),
    MODEL_CELLS("/vms/segments", MODEL_INTEGER, segments), MODEL_CELLS("/vms/isolation", MODEL_INTEGER, flags),
    MODEL_CELLS("/vms/volumes", MODEL_INTEGER, lists), MODEL_CELLS("/vms/io", MODEL_INTEGER, lists),
    MODEL_CELLS("/vms/vnics", MODEL_INTEGER, flags), MODEL_CELLS("/vms/traffic", MODEL_INTEGER, flags),
    MODEL_CELLS("/vms/memory_load", MODEL_INTEGER, lists), MODEL_CELLS("/segments/duration", MODEL_INTEGER, durations),
    MODEL_CELLS("/segments/demand", MODEL_INTEGER, demands), MODEL_CHARACTERS("/names/tenants", MODEL_BYTE, 5, "\0a\0b"),
    MODEL_CHARACTERS("/names/groups", MODEL_BYTE, 5, "\0web"), MODEL_CHARACTERS("/names/gpu_models", MODEL_BYTE, 5, "\0a100\0"),
    MODEL_CHARACTERS("/names/vms", MODEL_BYTE, 5, "x\0\0y"), MODEL_CHARACTERS("/names/isolation", MODEL_BYTE, 16, "\0dedicated_host"),
    MODEL_CHARACTERS("/names/volumes", MODEL_BYTE, 24, "\0[{size: 3 B, pool: p}]"), MODEL_CHARACTERS("/names/io", MODEL_BYTE, 13, "\0[{rate: 3}]"),
    MODEL_CHARACTERS("/names/vnics", MODEL_BYTE, 23, "\0[{network: a, tx: 7}]"),
    MODEL_CHARACTERS("/names/traffic", MODEL_BYTE, 23, "\0[{to: peer, rate: 1}]"),
    MODEL_CHARACTERS("/names/memory_load", MODEL_BYTE, 16, "\0{touched: 0.5}"),
};
enum { PRESENT = sizeof present / sizeof *present };

static const model_attribute attributes[] = {{.object = MODEL_ROOT, .name = "vdcsim_trace", .type = MODEL_INTEGER, .space = H5S_SCALAR, .number = 1}};

static model_object template[MODEL_OBJECTS];
static size_t template_count;

static bool is_present(const char *path) {
    for (size_t i = 0; i < PRESENT; i++)
        if (strcmp(present[i].path, path) == 0) return true;
    return false;
}

static void start(void) {
    static char paths[VDC_TRACE_COLUMNS][64];
    memcpy(template, present, sizeof present);
    template_count = PRESENT;
    for (size_t i = 0; i < VDC_TRACE_COLUMNS; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "/vms/%s", vdc_trace_column_name(i));
        if (!vdc_trace_column_stored(i) || is_present(paths[i])) continue;
        REQUIRE(template_count < MODEL_OBJECTS);
        template[template_count] = (model_object)MODEL_CELLS(paths[i], MODEL_INTEGER, ones);
        template[template_count++].absent = true;
    }
    for (size_t i = 0; i < template_count; i++) note_path(&template[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fuzz_file file;
    static const unsigned char begin[16] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    if (size == 0) return 0;
    if (!template_count) {
        start();
        fuzz_file_begin(&file);
        fuzz_file_add(&file, begin, sizeof begin);
    }
    model_make(template, template_count, attributes, 1, data, size);
    read_trace(file.path, data[0] & 1, data[0] & 2);
    REQUIRE(the_file.open == 0); /* no handle is left open */
    return 0;
}
