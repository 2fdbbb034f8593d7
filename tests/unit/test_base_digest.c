/* SHA-256 against the published vectors (FIPS 180-2), and the list of input files. */
#include "sim/base/digest.h"

#include "sim/base/memory.h"
#include "tests/support/result_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_digest(const char *text, size_t repeat, const char *expected) {
    char digest[VDC_DIGEST_TEXT];
    vdc_digest state;
    vdc_digest_start(&state);
    for (size_t i = 0; i < repeat; i++) vdc_digest_add(&state, text, strlen(text));
    vdc_digest_end(&state, digest);
    cr_expect_str_eq(digest, expected);
}

Test(base_digest, published_vectors) {
    expect_digest("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_digest("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect_digest("aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

Test(base_digest, inputs_are_named_relative_to_the_scenario_and_once) {
    const char *folder = test_folder_make();
    char text[VDC_DIGEST_TEXT];
    cr_assert_eq(mkdir(test_folder_path("data"), 0700), 0);
    cr_assert_eq(mkdir(test_folder_path("data/inner"), 0700), 0);
    test_file_write(test_folder_path("a.csv"), "abc", 3);
    test_file_write(test_folder_path("data/z"), "", 0);
    test_file_write(test_folder_path("data/b"), "abc", 3);
    test_file_write(test_folder_path("data/B"), "abc", 3);

    vdc_diag diag = {0};
    vdc_inputs inputs = {.folder = vdc_strdup(folder)};
    static const char *const added[] = {"a.csv", "a.csv", "data", "data/../a.csv"};
    for (size_t i = 0; i < 4; i++) cr_expect_eq(vdc_inputs_add(&inputs, test_folder_path(added[i]), &diag), VDC_OK);
    static const char *const names[] = {"a.csv", "data/B", "data/b", "data/z", "data/../a.csv"};
    cr_assert_eq(inputs.count, 5);
    for (size_t i = 0; i < 5; i++) cr_expect_str_eq(inputs.items[i].name, names[i]);
    cr_expect_str_eq(inputs.items[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_expect_str_eq(inputs.items[3].sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    const char *path = test_folder_path("absent");
    cr_expect_eq(vdc_inputs_add(&inputs, path, &diag), VDC_ERROR_INPUT);
    cr_expect_eq(vdc_digest_file(path, text, &diag), VDC_ERROR_INPUT);
    cr_expect_eq(vdc_digest_file(folder, text, &diag), VDC_ERROR_INPUT, "a directory is no file");
    cr_assert_eq(diag.count, 3);
    cr_expect(strstr(diag.messages[0].text, "/absent: cannot be read: No such file") != NULL, "%s", diag.messages[0].text);
    cr_expect_eq(vdc_inputs_add(NULL, path, &diag), VDC_OK, "no list, nothing to do");
    cr_expect_eq(inputs.count, 5);

    /* A folder that is only the beginning of a name is no folder of it. */
    vdc_inputs other = {.folder = vdc_strdup(folder)};
    char longer[300];
    (void)snprintf(longer, sizeof longer, "%s.csv", folder);
    test_file_write(longer, "", 0);
    cr_expect_eq(vdc_inputs_add(&other, longer, &diag), VDC_OK);
    cr_expect_str_eq(other.items[0].name, longer);
    (void)unlink(longer);

    vdc_inputs_clear(&other);
    vdc_inputs_clear(&inputs);
    vdc_diag_clear(&diag);
    test_folder_remove();
}

/* Bytes that were read already have the digest of the file with them; thousands of names are each there once, in the order of coming. */
Test(base_digest, many_inputs_by_their_bytes) {
    vdc_inputs inputs = {0};
    char name[32];
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < 3000; i++) {
            (void)snprintf(name, sizeof name, "f%d", (i * 7919) % 3000);
            cr_assert_eq(vdc_inputs_add_bytes(&inputs, name, i % 2 ? "abc" : "", i % 2 ? 3 : 0, NULL), VDC_OK);
        }
    cr_assert_eq(inputs.count, 3000);
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(name, sizeof name, "f%d", (i * 7919) % 3000);
        cr_assert_str_eq(inputs.items[i].name, name);
        cr_assert_str_eq(inputs.items[i].sha256, i % 2 ? "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
                                                       : "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
    vdc_inputs_clear(&inputs);
}

/* Every allocation fails in turn: the code says so, what was there stays, nothing leaks. */
Test(base_digest, inputs_without_memory) {
    const char *folder = test_folder_make();
    test_file_write(test_folder_path("a"), "abc", 3);
    test_file_write(test_folder_path("b"), "abc", 3);
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        cr_assert_lt(n, 100);
        vdc_diag diag = {0};
        vdc_inputs inputs = {0};
        vdc_memory_fail_at(n, false);
        vdc_code code = vdc_inputs_add(&inputs, folder, &diag);
        vdc_memory_fail_at(0, false);
        done = code == VDC_OK;
        cr_expect(done ? inputs.count == 2 : code == VDC_ERROR_MEMORY, "allocation %d: code %d", (int)n, (int)code);
        cr_expect_eq(vdc_diag_code(&diag), code);
        vdc_inputs_clear(&inputs);
        vdc_diag_clear(&diag);
    }
    test_folder_remove();
}
