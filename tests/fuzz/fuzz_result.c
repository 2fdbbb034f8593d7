/* A result file as the commands that read one see it: opened, every attribute, dataset and text read, the digest taken.
 *
 * The first byte says how the rest is meant. Even: the bytes of the file itself. Odd: patches of a file that was written here, so that
 * the fuzzer need not find a whole HDF5 file by chance: [number of a block of metadata, 2 bytes][offset in it, 2 bytes][count][bytes].
 * HDF5 guards its blocks with checksums, behind which nothing would be reached: those of patched blocks are made to fit again,
 * unless the patch's count has its highest bit set.
 */
#include <fcntl.h>
#include <hdf5.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analysis/result.h"
#include "sim/base/memory.h"
#include "sim/vdcsim.h"
#include "tests/fuzz/fuzz.h"

enum { CELLS = 4096, BLOCKS = 4096, LONGEST_BLOCK = 1024, LONGEST_FILE = 1 << 20, LONGEST_PATCH = 16 };

/* The library's own checksum (Jenkins' lookup3), which its headers do not declare. */
extern uint32_t H5_checksum_metadata(const void *data, size_t size, uint32_t start);

/* A block of metadata; guarded: how many of its bytes the checksum behind them covers, 0 = none was found. */
typedef struct fuzz_block {
    size_t at, guarded;
} fuzz_block;

static uint8_t *base;
static size_t base_size;
static fuzz_block blocks[BLOCKS];
static size_t block_count;

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
    base = malloc(LONGEST_FILE);
    int file = open(path, O_RDONLY);
    ssize_t got = base && file >= 0 ? read(file, base, LONGEST_FILE) : -1;
    REQUIRE(got > 0 && got < LONGEST_FILE && close(file) == 0 && unlink(path) == 0 && rmdir(folder) == 0);
    base_size = (size_t)got;
}

static uint32_t checksum_at(const uint8_t *data) {
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--) value = value << 8 | data[i];
    return value;
}

static void find_blocks(void) {
    static const char signatures[][5] = {"\x89HDF", "OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTLF", "BTIN",
                                         "TREE", "SNOD", "HEAP", "GCOL", "FSHD", "FSSE"};
    for (size_t at = 0; at + 12 < base_size && block_count < BLOCKS; at++) {
        bool begins = false;
        for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) begins = begins || memcmp(base + at, signatures[i], 4) == 0;
        if (!begins) continue;
        fuzz_block found = {.at = at};
        for (size_t length = 8; length < LONGEST_BLOCK && at + length + 4 <= base_size && !found.guarded; length++)
            if (H5_checksum_metadata(base + at, length, 0) == checksum_at(base + at + length)) found.guarded = length;
        blocks[block_count++] = found;
    }
    REQUIRE(block_count > 10);
}

static void apply_patches(uint8_t *file, const uint8_t *data, size_t size) {
    while (size >= 6) {
        const fuzz_block *block = &blocks[(size_t)(data[0] | data[1] << 8) % block_count];
        size_t span = block->guarded ? block->guarded : 512, count = 1 + (data[4] & 127) % LONGEST_PATCH;
        size_t at = block->at + (size_t)(data[2] | data[3] << 8) % span;
        bool repair = !(data[4] & 128) && block->guarded;
        data += 5, size -= 5;
        if (count > size) count = size;
        if (at + count <= base_size) memcpy(file + at, data, count);
        data += count, size -= count;
        if (!repair) continue;
        uint32_t sum = H5_checksum_metadata(file + block->at, block->guarded, 0);
        for (int i = 0; i < 4; i++) file[block->at + block->guarded + (size_t)i] = (uint8_t)(sum >> 8 * i);
    }
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

static void start(void) {
    H5dont_atexit(); /* as the command does */
    make_base();
    find_blocks();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (!base) start();
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    if (data[0] % 2) {
        uint8_t *patched = malloc(base_size);
        REQUIRE(patched);
        memcpy(patched, base, base_size);
        apply_patches(patched, data + 1, size - 1);
        REQUIRE(write(file, patched, base_size) == (ssize_t)base_size);
        free(patched);
    } else {
        REQUIRE(write(file, data + 1, size - 1) == (ssize_t)(size - 1));
    }
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    vdc_diag diag = {0};
    vdc_result *result = NULL;
    vdc_code code = vdc_result_open(&result, path, &diag);
    REQUIRE(!code == !!result && (!code || diag.errors > 0));
    if (result) read_all(result, &diag);
    vdc_result_close(result);
    REQUIRE(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0); /* no handle is left open */
    vdc_diag_clear(&diag);
    (void)close(file);
    return 0;
}
