/* A result file over a model of the library: hdf5_model.h says how the input becomes a file, result_reading.h what is done with it. The first byte's
 * third bit: groups know the order in which their members were made; those above it: which of the steps. What the library itself does with damaged
 * files: fuzz_damaged_result.c.
 */
#include "tests/fuzz/hdf5_model.h"
#include "tests/fuzz/result_reading.h"

static const int64_t numbers[] = {3, 1, 4}, times[] = {0, 60000000000, 120000000000};
static const double reals[] = {0.5, 1e6, 3, 0.25, 1, 0};

enum { NAME, SEED, PLACED, ENERGY, SHARE, TIME, ALLOCATED, SERVED, RESOURCE, HOST, HOST_NAME, VM, VM_HOST, TENANT, EVENT, EVENT_KIND, CHECK };

/* A single value; a list with an axis; a table with two. */
#define VALUE(where, of_type, cells) \
    {.path = where, .type = of_type, .data = cells, .bytes = 8, .kind = H5O_TYPE_DATASET, .layout = H5D_CONTIGUOUS}
#define TEXTS(where, rows, text) MODEL_CHARACTERS(where, MODEL_TEXT, rows, text)
static const model_object objects[] = {
    [NAME] = {.path = "/summary/name", .type = MODEL_TEXT, .data = "f", .bytes = 2, .kind = H5O_TYPE_DATASET, .layout = H5D_CONTIGUOUS},
    [SEED] = VALUE("/summary/seed", MODEL_INTEGER, numbers),
    [PLACED] = VALUE("/summary/vms_placed", MODEL_INTEGER, numbers),
    [ENERGY] = VALUE("/summary/energy", MODEL_REAL, reals),
    [SHARE] = VALUE("/summary/cpu_allocated_mean", MODEL_REAL, reals),
    [TIME] = MODEL_CELLS("/ticks/time", MODEL_INTEGER, times),
    [ALLOCATED] = MODEL_CELLS("/ticks/allocated", MODEL_REAL, reals),
    [SERVED] = MODEL_CELLS("/ticks/served", MODEL_REAL, reals),
    [RESOURCE] = TEXTS("/ticks/resource", 2, "cpu\0memory"),
    [HOST] = MODEL_CELLS("/hosts/id", MODEL_INTEGER, numbers),
    [HOST_NAME] = TEXTS("/hosts/name", 3, "h0\0h1\0h2"),
    [VM] = MODEL_CELLS("/vms/id", MODEL_INTEGER, numbers),
    [VM_HOST] = MODEL_CELLS("/vms/host", MODEL_INTEGER, numbers),
    [TENANT] = TEXTS("/tenants/name", 2, "a\0b"),
    [EVENT] = MODEL_CELLS("/events/time", MODEL_INTEGER, times),
    [EVENT_KIND] = TEXTS("/events/kind", 3, "arrive\0place\0end"),
    [CHECK] = TEXTS("/checks/name", 1, "I1"),
};
enum { OBJECTS = sizeof objects / sizeof *objects };

static const model_attribute attributes[] = {
    {.object = MODEL_ROOT, .name = "format_version", .type = MODEL_INTEGER, .space = H5S_SCALAR, .number = 1},
    {.object = MODEL_ROOT, .name = "complete", .type = MODEL_INTEGER, .space = H5S_SCALAR, .number = 1},
    {.object = MODEL_ROOT, .name = "seed", .type = MODEL_INTEGER, .space = H5S_SCALAR, .number = 7},
    MODEL_ATTRIBUTE(MODEL_ROOT, "vdcsim_version", "0.1.0"),
    MODEL_ATTRIBUTE(MODEL_ROOT, "scenario", "vdcsim: 1\n"),
    MODEL_ATTRIBUTE(MODEL_ROOT, "scenario_sha256", "00"),
    MODEL_ATTRIBUTE(MODEL_ROOT, "inputs", "00  a.csv\n"),
    MODEL_ATTRIBUTE(MODEL_ROOT, "policies", "placement: first-fit"),
    MODEL_ATTRIBUTE(MODEL_ROOT, "digest", "00"),
    MODEL_ATTRIBUTE(ENERGY, "units", "J"),
    MODEL_ATTRIBUTE(ENERGY, "long_name", "energy of all hosts"),
    MODEL_ATTRIBUTE(PLACED, "units", "1"),
    MODEL_ATTRIBUTE(TIME, "units", "ns"),
    MODEL_ATTRIBUTE(SERVED, "units", "1"),
};

static model_object template[OBJECTS];

static void set_axes(int axis, int from, int to) {
    template[axis].is_scale = true;
    for (int i = from; i <= to; i++)
        if (i != axis) template[i].scale[0] = axis + 1;
}

static void start(void) {
    memcpy(template, objects, sizeof objects);
    set_axes(TIME, ALLOCATED, SERVED);
    set_axes(HOST, HOST_NAME, HOST_NAME);
    set_axes(VM, VM_HOST, VM_HOST);
    set_axes(EVENT, EVENT_KIND, EVENT_KIND);
    template[RESOURCE].is_scale = template[TENANT].is_scale = true;
    template[ALLOCATED].size[0] = 3;
    template[SERVED].rank = 2;
    template[SERVED].size[0] = 3;
    template[SERVED].size[1] = 2;
    template[SERVED].scale[1] = RESOURCE + 1;
    for (size_t i = 0; i < OBJECTS; i++) note_path(&template[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static fuzz_file file;
    static const unsigned char begin[16] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    if (size == 0) return 0;
    if (!file.size) {
        start();
        fuzz_file_begin(&file);
        fuzz_file_add(&file, begin, sizeof begin);
    }
    model_make(template, OBJECTS, attributes, sizeof attributes / sizeof *attributes, data, size);
    read_result(file.path, data[0] >> 3);
    REQUIRE(the_file.open == 0); /* no handle is left open */
    return 0;
}
