/* Writing result files: names, identity of bytes, digest, rows out of order, failures. What other tools read in them is
 * checked by tests/conformance/result_file.py.
 */
#include "sim/record/record.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/memory.h"
#include "sim/record/hdf5.h"
#include "tests/support/result_files.h"

static void folder_make(void) {
    test_folder_make();
}

TestSuite(record, .init = folder_make, .fini = test_folder_remove);

static const test_result_options usual = {.ticks = 100, .vms = 1000, .hosts = 40};

static void write_result(const char *path, test_result_options options, char digest[VDC_DIGEST_TEXT]) {
    vdc_diag diag = {0};
    vdc_code code = test_result_write(path, options, digest, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", path, diag.count ? diag.messages[0].text : "no message");
    cr_assert_eq(diag.count, 0);
    vdc_diag_clear(&diag);
}

static int64_t attribute_integer(const char *path, const char *name) {
    int64_t value = -1;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    cr_assert_geq(file, 0, "%s cannot be opened", path);
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);
    cr_assert_geq(attribute, 0, "%s has no attribute %s", path, name);
    cr_assert_geq(H5Aread(attribute, H5T_NATIVE_INT64, &value), 0);
    H5Aclose(attribute);
    H5Fclose(file);
    return value;
}

static void expect_failure(vdc_code code, vdc_code wanted, const vdc_diag *diag, const char *words) {
    cr_assert_eq(code, wanted, "code %d", (int)code);
    cr_assert_eq(diag->count, 1, "%zu messages", diag->count);
    cr_assert_not_null(strstr(diag->messages[0].text, words), "message: %s", diag->messages[0].text);
}

Test(record, bears_the_final_name_only_when_complete) {
    const char *path = test_folder_path("out.h5"), *partial = test_folder_path("out.h5.partial");
    test_result_options options = usual;
    options.incomplete = true;
    write_result(path, options, NULL);
    cr_assert_not(test_file_exists(path));
    cr_assert_eq(attribute_integer(partial, "complete"), 0);
    write_result(path, usual, NULL); /* takes over the left-over partial file */
    cr_assert_not(test_file_exists(partial));
    cr_assert_eq(attribute_integer(path, "complete"), 1);
    cr_assert_eq(attribute_integer(path, "format_version"), VDC_RESULT_FORMAT);
    cr_assert_eq(attribute_integer(path, "seed"), 42);
}

/* Object headers of the kind in use (version 2: "OHDR", version, flags) say by a flag that times of access and change follow. */
Test(record, no_object_bears_a_time) {
    enum { STORE_TIMES = 0x20 };
    const char *path = test_folder_path("times.h5");
    write_result(path, usual, NULL);
    size_t size, headers = 0;
    char *bytes = test_file_read(path, &size);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i + 6 < size; i++) {
        if (memcmp(bytes + i, "OHDR\2", 5) == 0) {
            cr_assert_eq(bytes[i + 5] & STORE_TIMES, 0, "the object at %zu", i);
            headers++;
        }
    }
    cr_assert_gt(headers, 10);
    vdc_free(bytes);
}

Test(record, equal_writes_give_equal_bytes) {
    const char *a = test_folder_path("a.h5"), *b = test_folder_path("b.h5");
    char digest_a[VDC_DIGEST_TEXT], digest_b[VDC_DIGEST_TEXT];
    write_result(a, usual, digest_a);
    /* Stale memory from other files must not show: write something else in between. */
    write_result(test_folder_path("other.h5"), (test_result_options){.ticks = 3000, .vms = 300, .in_order = true}, NULL);
    write_result(b, usual, digest_b);
    cr_assert_str_eq(digest_a, digest_b);
    cr_assert_eq(strlen(digest_a), 64);
    cr_assert(test_files_equal(a, b));
}

/* Bit 5 of an object header says that it holds the time of its making: no object may. (Two files written within one second are equal
 * all the same, so comparing them does not show it.) */
Test(record, no_object_keeps_the_time) {
    const char *path = test_folder_path("a.h5");
    write_result(path, usual, NULL);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    static unsigned char bytes[1 << 22];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    cr_assert_lt(size, sizeof bytes);
    cr_assert_eq(fclose(file), 0);
    int headers = 0;
    for (size_t i = 0; i + 6 <= size; i++) {
        if (memcmp(bytes + i, "OHDR\2", 5) != 0) continue;
        headers++;
        cr_assert_eq(bytes[i + 5] & 0x20, 0, "the object at byte %zu", i);
    }
    cr_assert_gt(headers, 10);
}

Test(record, digest_knows_neither_chunks_nor_the_order_of_writing) {
    char expected[VDC_DIGEST_TEXT], digest[VDC_DIGEST_TEXT];
    /* Enough VMs that their blocks do not all stay in memory, and ticks of more than one group of the digest. */
    test_result_options options = {.ticks = 5000, .vms = 50000, .hosts = 40};
    write_result(test_folder_path("default.h5"), options, expected);
    const size_t chunks[] = {7, 4096, 5000, 20000};
    options.in_order = true;
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        char name[32];
        options.chunk_rows = chunks[i];
        snprintf(name, sizeof name, "%zu.h5", chunks[i]);
        write_result(test_folder_path(name), options, digest);
        cr_assert_str_eq(digest, expected, "chunks of %zu rows", chunks[i]);
    }
    options.ticks++;
    write_result(test_folder_path("longer.h5"), options, digest);
    cr_assert_str_neq(digest, expected);
}

Test(record, never_replaces_without_force) {
    const char *path = test_folder_path("out.h5"), *partial = test_folder_path("out.h5.partial");
    vdc_diag diag = {0};
    vdc_record *record;
    test_file_write(path, "mine", 4);
    expect_failure(vdc_record_create(&record, path, false, &diag), VDC_ERROR_INPUT, &diag, "exists already");
    cr_assert_null(record);
    cr_assert_not(test_file_exists(partial));
    vdc_diag_clear(&diag);
    cr_assert_eq(vdc_record_create(&record, path, true, &diag), VDC_OK);
    size_t size = 0;
    char *data = test_file_read(path, &size);
    cr_assert(size == 4 && memcmp(data, "mine", 4) == 0, "the old file stays until the new one is complete");
    vdc_free(data);
    cr_assert_eq(vdc_record_finish(record, true, NULL, &diag), VDC_OK);
    cr_assert_eq(attribute_integer(path, "complete"), 1);
}

Test(record, leaves_alone_what_appears_during_the_run) {
    const char *path = test_folder_path("out.h5"), *partial = test_folder_path("out.h5.partial");
    vdc_diag diag = {0};
    vdc_record *record;
    cr_assert_eq(vdc_record_create(&record, path, false, &diag), VDC_OK);
    test_file_write(path, "theirs", 6);
    expect_failure(vdc_record_finish(record, true, NULL, &diag), VDC_ERROR_IO, &diag, "has appeared");
    vdc_diag_clear(&diag);
    size_t size = 0;
    vdc_free(test_file_read(path, &size));
    cr_assert_eq(size, 6);
    cr_assert_eq(attribute_integer(partial, "complete"), 1);
}

Test(record, one_run_at_a_time) {
    const char *path = test_folder_path("out.h5"), *partial = test_folder_path("out.h5.partial");
    vdc_diag diag = {0};
    vdc_record *first, *second;
    cr_assert_eq(vdc_record_create(&first, path, false, &diag), VDC_OK);
    expect_failure(vdc_record_create(&second, path, true, &diag), VDC_ERROR_INPUT, &diag, "another run");
    vdc_diag_clear(&diag);
    vdc_record_abandon(first);
    cr_assert_not(test_file_exists(partial));
    cr_assert_not(test_file_exists(path));
}

Test(record, says_why_a_path_cannot_be_written) {
    vdc_diag diag = {0};
    vdc_record *record;
    expect_failure(vdc_record_create(&record, test_folder_path("no/such/out.h5"), false, &diag), VDC_ERROR_INPUT, &diag,
                   "No such file");
    vdc_diag_clear(&diag);
    mkdir(test_folder_path("folder.h5"), 0755);
    expect_failure(vdc_record_create(&record, test_folder_path("folder.h5"), true, &diag), VDC_ERROR_INPUT, &diag, "is a folder");
    vdc_diag_clear(&diag);
    rmdir(test_folder_path("folder.h5"));
    /* A link planted under the partial name is not followed. */
    test_file_write(test_folder_path("precious"), "kept", 4);
    cr_assert_eq(symlink(test_folder_path("precious"), test_folder_path("out.h5.partial")), 0);
    expect_failure(vdc_record_create(&record, test_folder_path("out.h5"), false, &diag), VDC_ERROR_INPUT, &diag,
                   "cannot be written");
    size_t size = 0;
    vdc_free(test_file_read(test_folder_path("precious"), &size));
    cr_assert_eq(size, 4);
    vdc_diag_clear(&diag);
}

/* A file-size limit makes the writes fail half-way, as a full disk does. */
Test(record, full_disk_leaves_nothing_behind) {
    const char *path = test_folder_path("out.h5"), *partial = test_folder_path("out.h5.partial");
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 0; limit < 60000; limit += 5003) {
        vdc_diag diag = {0};
        struct rlimit old, small;
        cr_assert_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
        small = old;
        small.rlim_cur = limit;
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
        vdc_code code =
            test_result_write(path, (test_result_options){.ticks = 3000, .vms = 3000, .chunk_rows = 256}, NULL, &diag);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
        expect_failure(code, VDC_ERROR_IO, &diag, "File too large");
        cr_assert_not(test_file_exists(path));
        cr_assert_not(test_file_exists(partial));
        cr_assert_eq(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0, "the library still holds something");
        vdc_diag_clear(&diag);
    }
    write_result(path, usual, NULL); /* and then it works again */
}

Test(record, every_allocation_may_fail) {
    const char *path = test_folder_path("out.h5"), *partial = test_folder_path("out.h5.partial");
    test_result_options options = {.ticks = 5, .vms = 120, .hosts = 3};
    char expected[VDC_DIGEST_TEXT], digest[VDC_DIGEST_TEXT];
    uint64_t before = vdc_memory_count(), failed = 0;
    write_result(path, options, expected);
    uint64_t count = vdc_memory_count() - before;
    for (uint64_t n = 1; n <= count; n++) {
        vdc_diag diag = {0};
        unlink(path);
        vdc_memory_fail_at(n, false);
        vdc_code code = test_result_write(path, options, digest, &diag);
        vdc_memory_fail_at(0, false);
        failed += code != VDC_OK;
        cr_assert_leq(diag.count, 1);
        cr_assert_eq(test_file_exists(path), code == VDC_OK, "allocation %lu, code %d", (unsigned long)n, (int)code);
        cr_assert_not(test_file_exists(partial));
        if (code == VDC_OK)
            cr_assert_str_eq(digest, expected, "what could be done without memory is right");
        vdc_diag_clear(&diag);
    }
    cr_assert_gt(failed, 100, "%lu of %lu", (unsigned long)failed, (unsigned long)count);
}

/* Each write in turn fails as on a full disk; the message is one, and the same command succeeds afterwards. */
Test(record, every_write_may_fail) {
    const char *path = test_folder_path("out.h5"), *partial = test_folder_path("out.h5.partial");
    test_result_options options = {.ticks = 300, .vms = 5000, .hosts = 3, .chunk_rows = 100};
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        vdc_diag diag = {0};
        options.fail_write = n;
        vdc_code code = test_result_write(path, options, NULL, &diag);
        failed = code != VDC_OK;
        if (failed)
            expect_failure(code, VDC_ERROR_IO, &diag, "No space left on device");
        cr_assert_eq(test_file_exists(path), !failed);
        cr_assert_not(test_file_exists(partial));
        cr_assert(n > 10 || failed);
        vdc_diag_clear(&diag);
    }
}

Test(record, rows_are_set_once_and_within_reach) {
    const vdc_column column = {.name = "id", .units = "1", .long_name = "id", .type = VDC_CELL_INTEGER, .width = 1};
    const char *path = test_folder_path("out.h5");
    vdc_cell cell = {.integer = 3};
    vdc_record *record;
    vdc_table *table;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_record_create(&record, path, false, &diag), VDC_OK);
    cr_assert_eq(vdc_record_table(record, &table, "/vms", &column, 1, NULL, 4096, &diag), VDC_OK);
    expect_failure(vdc_table_set(table, 0, &cell, &diag), VDC_ERROR_STATE, &diag, "before the fill row");
    vdc_diag_clear(&diag);
    cr_assert_eq(vdc_table_fill(table, &cell, &diag), VDC_OK);
    cr_assert_eq(vdc_table_set(table, 5, &cell, &diag), VDC_OK);
    expect_failure(vdc_table_set(table, 5, &cell, &diag), VDC_ERROR_STATE, &diag, "set twice");
    vdc_diag_clear(&diag);
    expect_failure(vdc_table_set(table, -1, &cell, &diag), VDC_ERROR_STATE, &diag, "cannot be set");
    vdc_diag_clear(&diag);
    expect_failure(vdc_table_append(table, &cell, &diag), VDC_ERROR_STATE, &diag, "not appended");
    vdc_diag_clear(&diag);
    for (int64_t row = 0; row < 4096; row++)
        if (row != 5)
            cr_assert_eq(vdc_table_set(table, row, &cell, &diag), VDC_OK);
    expect_failure(vdc_table_set(table, 2, &cell, &diag), VDC_ERROR_STATE, &diag, "set twice");
    vdc_diag_clear(&diag);
    cr_assert_eq(vdc_record_table(record, &table, "/hosts", &column, 1, NULL, 100, &diag), VDC_OK);
    expect_failure(vdc_table_fill(table, &cell, &diag), VDC_ERROR_STATE, &diag, "4096");
    vdc_diag_clear(&diag);
    cr_assert_eq(vdc_record_finish(record, true, NULL, &diag), VDC_OK);
}
