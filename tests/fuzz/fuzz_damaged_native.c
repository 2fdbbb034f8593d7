/* The native trace as HDF5, read to its end with the library's own part. How the input becomes a file: patch.h; the first byte's second bit: malformed
 * rows are skipped. What it finds is mostly the library's (docs/security.md): not among the targets by default. */
#include "tests/fuzz/native_reading.h"
#include "tests/fuzz/patch.h"

/* A dataset in chunks of four values: those that vdcsim writes hold thousands, which would be unpacked for nothing. */
static void put(hid_t file, const char *name, hid_t type, hid_t memory, hsize_t count, const void *values) {
    const hsize_t chunk = 4, unlimited = H5S_UNLIMITED;
    hid_t links = H5Pcreate(H5P_LINK_CREATE), properties = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, &count, &unlimited);
    REQUIRE(H5Pset_create_intermediate_group(links, 1) >= 0 && H5Pset_chunk(properties, 1, &chunk) >= 0 && H5Pset_shuffle(properties) >= 0 &&
            H5Pset_deflate(properties, 1) >= 0);
    hid_t dataset = H5Dcreate2(file, name, type, space, links, properties, H5P_DEFAULT);
    REQUIRE(dataset >= 0 && H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Pclose(properties);
    H5Pclose(links);
}

static void start(void) {
    static const struct { const char *name; int64_t values[3]; } columns[] = {
        {"/vms/arrival", {0, 60000000000, 61000000000}}, {"/vms/vcpus", {1000, 2000, 4000}}, {"/vms/lifetime", {90000000000, -1, 5000000000}},
        {"/vms/memory", {1 << 30, 0, 1 << 20}}, {"/vms/tenant", {1, 2, 0}}, {"/vms/group", {0, 1, 0}}, {"/vms/segments", {2, -1, 1}},
        {"/vms/isolation", {0, 1, 0}}, {"/vms/volumes", {1, 0, 1}}, {"/vms/io", {0, 0, 1}}, {"/vms/vnics", {0, 1, 0}}, {"/vms/traffic", {0, 1, 0}},
        {"/vms/memory_load", {0, 0, 1}}, {"/segments/duration", {10000000000, 20000000000, 1}}, {"/segments/demand", {1000000000, 2000000000, 5}},
    };
    static const struct { const char *name, *texts; hsize_t size; } names[] = {
        {"/names/tenants", "\0a\0b\0", 5}, {"/names/groups", "\0web\0", 5}, {"/names/gpu_models", "\0", 1}, {"/names/vms", "x\0\0y\0", 5},
        {"/names/isolation", "\0{dedicated: host}\0", 19}, {"/names/volumes", "\0[{size: 3 B, pool: p}]\0", 24}, {"/names/io", "\0[{rate: 3}]\0", 13},
        {"/names/vnics", "\0[{network: a, tx: 7}]\0", 23}, {"/names/traffic", "\0[{to: peer, rate: 1}]\0", 23},
        {"/names/memory_load", "\0{touched: 0.5}\0", 16},
    };
    char folder[] = "/tmp/vdcsim-fuzz-XXXXXX", path[64];
    const int format = 1;
    H5dont_atexit();
    REQUIRE(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/base.h5", folder);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    REQUIRE(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access), space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(file, "vdcsim_trace", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    REQUIRE(H5Awrite(attribute, H5T_NATIVE_INT, &format) >= 0);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) put(file, columns[i].name, H5T_STD_I64LE, H5T_NATIVE_INT64, 3, columns[i].values);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) put(file, names[i].name, H5T_STD_U8LE, H5T_NATIVE_UINT8, names[i].size, names[i].texts);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Pclose(access);
    REQUIRE(H5Fclose(file) >= 0);
    take_base(path);
    REQUIRE(rmdir(folder) == 0);
    find_blocks();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (!base) start();
    int file = make_file(data, size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    read_trace(path, data[0] & 2, false);
    REQUIRE(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0); /* no handle is left open */
    (void)close(file);
    return 0;
}
