/* Reading result files: every value comes back, and files that are truncated, foreign, newer or malicious are refused with a
 * message. */
#include "analysis/result.h"

#include <criterion/criterion.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/base/guard.h"
#include "sim/base/memory.h"
#include "sim/record/hdf5.h"
#include "tests/support/result_files.h"

static void folder_make(void) {
    test_folder_make();
}

TestSuite(result, .init = folder_make, .fini = test_folder_remove);

enum { DAMAGES = 60, HEAP_STEP = 3 };

static const test_result_options usual = {.ticks = 100, .vms = 1000, .hosts = 40, .chunk_rows = 64};

static vdc_result *open_result(const char *path) {
    vdc_diag diag = {0};
    vdc_result *result;
    vdc_code code = vdc_result_open(&result, path, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", path, diag.count ? diag.messages[0].text : "no message");
    vdc_diag_clear(&diag);
    return result;
}

static vdc_result *write_and_open(test_result_options options, char digest[VDC_DIGEST_TEXT]) {
    vdc_diag diag = {0};
    const char *path = test_folder_path("out.h5");
    cr_assert_eq(test_result_write(path, options, digest, &diag), VDC_OK);
    return open_result(options.incomplete ? test_folder_path("out.h5.partial") : path);
}

Test(result, attributes_and_summary) {
    char digest[VDC_DIGEST_TEXT];
    vdc_result *result = write_and_open(usual, digest);
    int64_t number = 0;
    cr_assert(vdc_result_complete(result));
    cr_assert_str_eq(vdc_result_text(result, "scenario"), "vdcsim: 1\nname: small\n");
    cr_assert_str_eq(vdc_result_text(result, "digest"), digest);
    cr_assert_null(vdc_result_text(result, "no such"));
    cr_assert_null(vdc_result_text(result, "seed"), "a number is no text");
    cr_assert(vdc_result_integer(result, "seed", &number));
    cr_assert_eq(number, 42);
    cr_assert_not(vdc_result_integer(result, "scenario", &number));
    const char *const keys[] = {"end_s", "vms_arrived", "name", "digest"};
    for (size_t i = 0; i < 4; i++)
        cr_assert_str_eq(vdc_result_summary(result, i)->key, keys[i], "in the order written");
    cr_assert_null(vdc_result_summary(result, 4));
    const vdc_result_value *end = vdc_result_find(result, "end_s"), *arrived = vdc_result_find(result, "vms_arrived");
    cr_assert_eq(end->type, VDC_CELL_REAL);
    cr_assert_eq(end->real, 0.1 + 0.2);
    cr_assert_str_eq(end->units, "s");
    cr_assert_str_eq(end->long_name, "end of the run");
    cr_assert_eq(arrived->type, VDC_CELL_INTEGER);
    cr_assert_eq(arrived->integer, 1000);
    cr_assert_eq(arrived->real, 1000.0);
    cr_assert_str_eq(vdc_result_find(result, "name")->text, "small");
    cr_assert_null(vdc_result_find(result, "energy_j"));
    vdc_result_close(result);
}

Test(result, members_and_shapes) {
    vdc_result *result = write_and_open(usual, NULL);
    const char *const paths[] = {"/ticks/resource", "/ticks/resource_unit", "/ticks/time",
                                 "/ticks/P",        "/ticks/power",         "/ticks/arrivals"};
    vdc_result_shape shape;
    for (size_t i = 0; i < 6; i++)
        cr_assert_str_eq(vdc_result_member(result, "/ticks", i), paths[i]);
    cr_assert_null(vdc_result_member(result, "/ticks", 6));
    cr_assert_null(vdc_result_member(result, "/tenants", 0));
    cr_assert(vdc_result_dataset(result, "/ticks/P", &shape));
    cr_assert(shape.rows == 100 && shape.width == 2 && shape.type == VDC_CELL_REAL);
    cr_assert_str_eq(shape.scale, "/ticks/resource");
    cr_assert_str_eq(shape.long_name, "allocation");
    cr_assert(vdc_result_dataset(result, "/hosts/power", &shape));
    cr_assert(shape.rows == 100 && shape.width == 40);
    cr_assert_str_eq(shape.scale, "/hosts/id");
    cr_assert(vdc_result_dataset(result, "/vms/name", &shape));
    cr_assert(shape.rows == 1000 && shape.width == 1 && shape.type == VDC_CELL_TEXT && !shape.scale);
    cr_assert_not(vdc_result_dataset(result, "/vms", &shape));
    cr_assert_not(vdc_result_dataset(result, "/vms/no", &shape));
    cr_assert_not(vdc_result_dataset(result, "vms/id", &shape), "paths begin with a slash");
    cr_assert_not(vdc_result_dataset(result, "/summary/end_s", &shape), "a scalar has no rows");
    vdc_result_close(result);
}

Test(result, every_value_comes_back) {
    vdc_result *result = write_and_open(usual, NULL);
    double *reals = malloc(100 * 40 * sizeof *reals);
    int64_t *integers = malloc(1000 * sizeof *integers);
    char **texts = malloc(1000 * sizeof *texts), name[32];
    vdc_diag diag = {0};
    cr_assert_eq(vdc_result_read_reals(result, "/ticks/P", 0, 100, reals, &diag), VDC_OK);
    for (int64_t tick = 0; tick < 100; tick++)
        for (size_t r = 0; r < 2; r++)
            cr_assert_eq(reals[2 * (size_t)tick + r], test_result_allocation(tick, r));
    cr_assert_eq(vdc_result_read_reals(result, "/ticks/arrivals", 3, 10, reals, &diag), VDC_OK);
    for (int64_t i = 0; i < 10; i++)
        cr_assert_eq(reals[i], (double)((i + 3) % 5), "integers can be read as doubles, from any row");
    cr_assert_eq(vdc_result_read_integers(result, "/vms/host", 0, 1000, integers, &diag), VDC_OK);
    for (int64_t vm = 0; vm < 1000; vm++)
        cr_assert_eq(integers[vm], test_result_host(vm));
    cr_assert_eq(vdc_result_read_texts(result, "/vms/state", 60, 940, texts, &diag), VDC_OK);
    for (int64_t i = 0; i < 940; i++) {
        cr_assert_str_eq(texts[i], test_result_state(i + 60));
        vdc_free(texts[i]);
    }
    cr_assert_eq(vdc_result_read_texts(result, "/vms/name", 0, 1000, texts, &diag), VDC_OK);
    for (int64_t vm = 0; vm < 1000; vm++) {
        cr_assert_str_eq(texts[vm], test_result_name(vm, name));
        vdc_free(texts[vm]);
    }
    cr_assert_eq(vdc_result_read_reals(result, "/hosts/power", 10, 90, reals, &diag), VDC_OK);
    for (int64_t tick = 0; tick < 90; tick++)
        for (size_t host = 0; host < 40; host++)
            cr_assert_eq(reals[tick * 40 + (int64_t)host], test_result_host_power(tick + 10, host), "tick %ld, host %zu",
                         (long)tick, host);
    cr_assert_eq(diag.count, 0);
    free(texts);
    free(integers);
    free(reals);
    vdc_result_close(result);
}

Test(result, wrong_questions_are_errors) {
    vdc_result *result = write_and_open(usual, NULL);
    double real;
    int64_t integer;
    char *text;
    struct {
        vdc_code code;
        const char *words;
    } cases[5];
    vdc_diag diag = {0};
    cases[0].code = vdc_result_read_reals(result, "/ticks/power", 100, 1, &real, &diag);
    cases[0].words = "no such rows";
    cases[1].code = vdc_result_read_reals(result, "/ticks/power", SIZE_MAX, 2, &real, &diag);
    cases[1].words = "no such rows";
    cases[2].code = vdc_result_read_integers(result, "/ticks/power", 0, 1, &integer, &diag);
    cases[2].words = "holds no integers";
    cases[3].code = vdc_result_read_texts(result, "/ticks/power", 0, 1, &text, &diag);
    cases[3].words = "no such rows of texts";
    cases[4].code = vdc_result_read_reals(result, "/vms/name", 0, 1, &real, &diag);
    cases[4].words = "holds no numbers";
    cr_assert_eq(diag.count, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(cases[i].code, VDC_ERROR_INPUT);
        cr_assert_not_null(strstr(diag.messages[i].text, cases[i].words), "%s", diag.messages[i].text);
    }
    vdc_diag_clear(&diag);
    vdc_result_close(result);
}

Test(result, digest_of_the_contents) {
    char written[VDC_DIGEST_TEXT], read[VDC_DIGEST_TEXT];
    vdc_diag diag = {0};
    vdc_result *result = write_and_open(usual, written);
    cr_assert_eq(vdc_result_digest(result, read, &diag), VDC_OK);
    cr_assert_str_eq(read, written);
    vdc_result_close(result);
    /* One value changed, the attribute left as it was. */
    hid_t file = H5Fopen(test_folder_path("out.h5"), H5F_ACC_RDWR, H5P_DEFAULT),
          dataset = H5Dopen2(file, "/summary/end_s", H5P_DEFAULT);
    double other = 0.3;
    cr_assert(dataset >= 0 && H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &other) >= 0);
    H5Dclose(dataset);
    H5Fclose(file);
    result = open_result(test_folder_path("out.h5"));
    cr_assert_eq(vdc_result_digest(result, read, &diag), VDC_OK);
    cr_assert_str_neq(read, written);
    cr_assert_str_eq(vdc_result_text(result, "digest"), written);
    vdc_result_close(result);
}

Test(result, an_interrupted_run_can_be_read) {
    test_result_options options = usual;
    options.incomplete = true;
    vdc_result *result = write_and_open(options, NULL);
    int64_t hosts[1000];
    vdc_diag diag = {0};
    cr_assert_not(vdc_result_complete(result));
    cr_assert_eq(vdc_result_read_integers(result, "/vms/host", 0, 1000, hosts, &diag), VDC_OK);
    cr_assert_eq(hosts[999], test_result_host(999));
    vdc_result_close(result);
}

/* ---- what is no good result file ---- */

static void expect_refused(const char *path, const char *words) {
    vdc_diag diag = {0};
    vdc_result *result = (vdc_result *)&diag;
    vdc_code code = vdc_result_open(&result, path, &diag);
    cr_assert_eq(code, VDC_ERROR_INPUT, "%s: code %d", path, (int)code);
    cr_assert_null(result);
    cr_assert_eq(diag.count, 1);
    cr_assert_eq(strncmp(diag.messages[0].text, path, strlen(path)), 0, "names the file: %s", diag.messages[0].text);
    cr_assert_not_null(strstr(diag.messages[0].text, words), "message: %s", diag.messages[0].text);
    vdc_diag_clear(&diag);
}

Test(result, foreign_files) {
    const char *path = test_folder_path("in.h5");
    expect_refused(path, "No such file");
    expect_refused(test_folder_path("."), "folder");
    test_file_write(path, "", 0);
    expect_refused(path, "empty");
    test_file_write(path, "vdcsim: 1\n", 10);
    expect_refused(path, "not a result file");
    test_file_write(path, "\x89HDF\r\n\x1a\n", 8);
    expect_refused(path, "damaged or incomplete");
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_refused(path, "no regular file");
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    expect_refused(path, "not a result of vdcsim");
}

static void change_attribute(const char *path, const char *name, int64_t value) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, name, H5P_DEFAULT);
    cr_assert(attribute >= 0 && H5Awrite(attribute, H5T_NATIVE_INT64, &value) >= 0);
    H5Aclose(attribute);
    H5Fclose(file);
}

Test(result, a_newer_format) {
    vdc_result_close(write_and_open(usual, NULL));
    change_attribute(test_folder_path("out.h5"), "format_version", 2);
    expect_refused(test_folder_path("out.h5"), "has format 2");
    change_attribute(test_folder_path("out.h5"), "format_version", -1);
    expect_refused(test_folder_path("out.h5"), "not a result");
}

Test(result, a_file_that_is_being_written) {
    vdc_diag diag = {0};
    vdc_record *record;
    cr_assert_eq(vdc_record_create(&record, test_folder_path("out.h5"), false, &diag), VDC_OK);
    expect_refused(test_folder_path("out.h5.partial"), "a run is writing it");
    vdc_record_abandon(record);
}

/* Reads all there is, as show and export do; returns whether nothing was wrong. */
static bool read_everything(const char *path) {
    static const char *const groups[] = {"/ticks", "/vms", "/hosts", "/checks"};
    vdc_diag diag = {0};
    vdc_result *result;
    char digest[VDC_DIGEST_TEXT];
    bool good = vdc_result_open(&result, path, &diag) == VDC_OK;
    cr_assert_eq(good, diag.errors == 0, "an error is told");
    for (size_t g = 0; good && g < 4; g++)
        for (size_t i = 0; vdc_result_member(result, groups[g], i); i++) {
            vdc_result_shape shape;
            if (!vdc_result_dataset(result, vdc_result_member(result, groups[g], i), &shape))
                good = false;
        }
    if (good)
        good = vdc_result_digest(result, digest, &diag) == VDC_OK && vdc_result_text(result, "digest") &&
               strcmp(digest, vdc_result_text(result, "digest")) == 0;
    vdc_result_close(result);
    vdc_diag_clear(&diag);
    return good;
}

Test(result, truncated_files) {
    size_t size = 0;
    vdc_result_close(write_and_open((test_result_options){.ticks = 20, .vms = 50}, NULL));
    char *data = test_file_read(test_folder_path("out.h5"), &size);
    cr_assert(read_everything(test_folder_path("out.h5")));
    for (size_t length = 0; length < size; length += length < 200 ? 1 : 997) {
        test_file_write(test_folder_path("cut.h5"), data, length);
        cr_assert_not(read_everything(test_folder_path("cut.h5")), "%zu of %zu bytes", length, size);
    }
    vdc_free(data);
}

static uint64_t number_in(const char *bytes, int count) {
    uint64_t value = 0;
    while (count-- > 0) value = value << 8 | (unsigned char)bytes[count];
    return value;
}

/* For a child, which keeps what the library loses in a damaged file from the sanitizers. */
static void read_damaged(void *path) {
    vdc_diag diag = {0};
    vdc_result *result;
    char digest[VDC_DIGEST_TEXT];
    vdc_code code = vdc_result_open_here(&result, path, &diag);
    if (!code) {
        (void)vdc_result_text(result, "scenario");
        code = vdc_result_digest(result, digest, &diag);
        vdc_result_close(result);
    }
    if (code && diag.errors != 1) abort();
    vdc_diag_clear(&diag);
}

static void expect_no_crash(const char *what, size_t at, const char *data, size_t size) {
    vdc_diag diag = {0};
    const char *path = test_folder_path("damaged.h5");
    test_file_write(path, data, size);
    cr_assert_eq(vdc_guard_try_file(read_damaged, (char *)(uintptr_t)path, &diag), VDC_OK, "%s %zu: %s", what, at,
                 diag.count ? diag.messages[0].text : "?");
    vdc_diag_clear(&diag);
}

/* The sizes of texts in the heaps, which have no checksum: the library would walk and copy beyond the end. */
Test(result, damaged_heaps, .timeout = 300) {
    size_t size = 0, objects = 0;
    vdc_result_close(write_and_open((test_result_options){.ticks = 20, .vms = 50}, NULL));
    char *data = test_file_read(test_folder_path("out.h5"), &size);
    for (char *heap = data; (heap = memmem(heap, size - (size_t)(heap - data), "GCOL\1\0\0\0", 8)); heap++) {
        size_t length = (size_t)number_in(heap + 8, 8);
        for (size_t at = 16; at + 16 <= length; objects++) {
            uint64_t was = number_in(heap + at + 8, 8);
            static const uint64_t wrong[] = {1 << 16, UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63, 0};
            memcpy(heap + at + 8, &wrong[objects % (sizeof wrong / sizeof *wrong)], 8);
            if (objects % HEAP_STEP == 0) expect_no_crash("object", objects, data, size);
            memcpy(heap + at + 8, &was, 8);
            if (number_in(heap + at, 2) == 0) break;
            at += 16 + (size_t)(was + 7) / 8 * 8;
        }
    }
    cr_assert_gt(objects, 20);
    vdc_free(data);
}

/* Bits turned anywhere: never a crash or a hang, and an error is one message. */
Test(result, damage_anywhere, .timeout = 300) {
    size_t size = 0;
    vdc_result_close(write_and_open((test_result_options){.ticks = 20, .vms = 50}, NULL));
    char *data = test_file_read(test_folder_path("out.h5"), &size);
    uint64_t draw = 1;
    for (int i = 0; i < DAMAGES; i++) {
        draw = draw * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t at = (size_t)(draw >> 20) % size;
        char was = data[at];
        data[at] = (char)(data[at] ^ 1 << (draw >> 60) % 8);
        expect_no_crash("byte", at, data, size);
        data[at] = was;
    }
    vdc_free(data);
}

/* A file that claims 2^40 rows in a few kilobytes, and one with a chunk that inflates a thousandfold. */
static hid_t open_for_harm(void) {
    vdc_result_close(write_and_open((test_result_options){.ticks = 20, .vms = 50}, NULL));
    return H5Fopen(test_folder_path("out.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
}

static void expect_unreadable(const char *path, const char *words) {
    vdc_result *result = open_result(test_folder_path("out.h5"));
    vdc_diag diag = {0};
    double numbers[64];
    cr_assert_neq(vdc_result_read_reals(result, path, 0, 1, numbers, &diag), VDC_OK);
    cr_assert_eq(diag.count, 1);
    cr_assert_not_null(strstr(diag.messages[0].text, words), "message: %s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    vdc_result_close(result);
}

Test(result, absurd_lengths) {
    hid_t file = open_for_harm(), dataset = H5Dopen2(file, "/ticks/power", H5P_DEFAULT);
    hsize_t rows = (hsize_t)1 << 40;
    cr_assert_geq(H5Dset_extent(dataset, &rows), 0);
    H5Dclose(dataset);
    H5Fclose(file);
    expect_unreadable("/ticks/power", "more values than a file of this size can hold");
}

/* Adds a dataset with the given creation properties. */
static hid_t add_dataset(hid_t file, const char *path, hid_t properties, hsize_t rows, hid_t type) {
    hsize_t most = H5S_UNLIMITED;
    hid_t space = H5Screate_simple(1, &rows, H5Pget_layout(properties) == H5D_CHUNKED ? &most : NULL);
    hid_t dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    H5Sclose(space);
    cr_assert_geq(dataset, 0);
    return dataset;
}

Test(result, chunks_that_inflate_without_end) {
    hid_t file = open_for_harm(), properties = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk = 1000, at = 0;
    H5Pset_chunk(properties, 1, &chunk);
    H5Pset_deflate(properties, 1);
    hid_t dataset = add_dataset(file, "/ticks/bomb", properties, 1000, H5T_IEEE_F64LE);
    hid_t texts = vdc_hdf5_text_type(), names = add_dataset(file, "/ticks/names", properties, 1000, texts);
    uLong size = 8 << 20;
    uLong packed_size = compressBound(size);
    unsigned char *zeros = calloc(size, 1), *packed = malloc(packed_size);
    cr_assert_eq(compress(packed, &packed_size, zeros, size), Z_OK);
    cr_assert_geq(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &at, packed_size < 8000 ? packed_size : 8000, packed), 0);
    cr_assert_geq(H5Dwrite_chunk(names, H5P_DEFAULT, 0, &at, packed_size, packed), 0);
    free(zeros);
    free(packed);
    H5Dclose(dataset);
    H5Dclose(names);
    H5Tclose(texts);
    H5Pclose(properties);
    H5Fclose(file);
    expect_unreadable("/ticks/bomb", "a chunk cannot be unpacked");
    vdc_result *result = open_result(test_folder_path("out.h5"));
    vdc_diag diag = {0};
    char *text;
    cr_assert_eq(vdc_result_read_texts(result, "/ticks/names", 0, 1, &text, &diag), VDC_ERROR_INPUT);
    vdc_diag_clear(&diag);
    vdc_result_close(result);
}

Test(result, storage_that_result_files_do_not_use) {
    hid_t file = open_for_harm(), outside = H5Pcreate(H5P_DATASET_CREATE), checksum = H5Pcreate(H5P_DATASET_CREATE),
          large = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk = 1000, large_chunk = 100 << 20;
    H5Pset_external(outside, "/etc/passwd", 0, H5F_UNLIMITED);
    H5Dclose(add_dataset(file, "/ticks/outside", outside, 10, H5T_IEEE_F64LE));
    H5Pset_chunk(checksum, 1, &chunk);
    H5Pset_fletcher32(checksum);
    H5Dclose(add_dataset(file, "/ticks/checksum", checksum, 10, H5T_IEEE_F64LE));
    H5Pset_chunk(large, 1, &large_chunk);
    H5Dclose(add_dataset(file, "/ticks/large", large, 10, H5T_IEEE_F64LE));
    H5Dclose(add_dataset(file, "/ticks/float", H5P_DATASET_CREATE_DEFAULT, 10, H5T_IEEE_F32LE));
    H5Lcreate_external("/etc/other.h5", "/x", file, "/ticks/elsewhere", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/ticks/power", file, "/ticks/alias", H5P_DEFAULT, H5P_DEFAULT);
    H5Pclose(large);
    H5Pclose(checksum);
    H5Pclose(outside);
    H5Fclose(file);
    expect_unreadable("/ticks/outside", "stored in a way");
    expect_unreadable("/ticks/checksum", "stored in a way");
    expect_unreadable("/ticks/large", "stored in a way");
    expect_unreadable("/ticks/float", "has a type");
    expect_unreadable("/ticks/elsewhere", "is no dataset of this file");
    expect_unreadable("/ticks/alias", "is no dataset of this file");
}

Test(result, no_memory) {
    vdc_result_close(write_and_open((test_result_options){.ticks = 5, .vms = 10}, NULL));
    const char *path = test_folder_path("out.h5");
    uint64_t before = vdc_memory_count();
    cr_assert(read_everything(path));
    uint64_t count = vdc_memory_count() - before;
    cr_assert_gt(count, 100);
    for (uint64_t n = 1; n <= count; n++) {
        vdc_memory_fail_at(n, true);
        bool good = read_everything(path);
        vdc_memory_fail_at(0, false);
        cr_assert_not(good, "allocation %lu of %lu", (unsigned long)n, (unsigned long)count);
    }
}
