/* SHA-256 against the published vectors (FIPS 180-2), and the list of input files. */
#include "sim/base/digest.h"

#include "sim/base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
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

typedef struct folder {
    char path[64];
} folder;

static folder make_folder(void) {
    folder made = {"/tmp/vdc-test-XXXXXX"};
    cr_assert_not_null(mkdtemp(made.path));
    return made;
}

static void write_file(const folder *where, const char *name, const char *text) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", where->path, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static void remove_folder(const folder *where) {
    char command[256];
    (void)snprintf(command, sizeof command, "rm -rf %s", where->path);
    cr_assert_eq(system(command), 0);
}

Test(base_digest, inputs_are_named_relative_to_the_scenario_and_once) {
    folder where = make_folder();
    char path[256], text[VDC_DIGEST_TEXT];
    (void)snprintf(path, sizeof path, "%s/data", where.path);
    cr_assert_eq(mkdir(path, 0700), 0);
    write_file(&where, "a.csv", "abc");
    write_file(&where, "data/z", "");
    write_file(&where, "data/b", "abc");
    write_file(&where, "data/B", "abc");
    (void)snprintf(path, sizeof path, "%s/data/inner", where.path);
    cr_assert_eq(mkdir(path, 0700), 0);

    vdc_diag diag = {0};
    vdc_inputs inputs = {.folder = vdc_strdup(where.path)};
    (void)snprintf(path, sizeof path, "%s/a.csv", where.path);
    cr_expect_eq(vdc_inputs_add(&inputs, path, &diag), VDC_OK);
    cr_expect_eq(vdc_inputs_add(&inputs, path, &diag), VDC_OK);
    (void)snprintf(path, sizeof path, "%s/data", where.path);
    cr_expect_eq(vdc_inputs_add(&inputs, path, &diag), VDC_OK);
    (void)snprintf(path, sizeof path, "%s/data/../a.csv", where.path);
    cr_expect_eq(vdc_inputs_add(&inputs, path, &diag), VDC_OK);
    static const char *const names[] = {"a.csv", "data/B", "data/b", "data/z", "data/../a.csv"};
    cr_assert_eq(inputs.count, 5);
    for (size_t i = 0; i < 5; i++) cr_expect_str_eq(inputs.items[i].name, names[i]);
    cr_expect_str_eq(inputs.items[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_expect_str_eq(inputs.items[3].sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    (void)snprintf(path, sizeof path, "%s/absent", where.path);
    cr_expect_eq(vdc_inputs_add(&inputs, path, &diag), VDC_ERROR_INPUT);
    cr_expect_eq(vdc_digest_file(path, text, &diag), VDC_ERROR_INPUT);
    cr_expect_eq(vdc_digest_file(where.path, text, &diag), VDC_ERROR_INPUT, "a directory is no file");
    cr_assert_eq(diag.count, 3);
    cr_expect(strstr(diag.messages[0].text, "/absent: cannot be read: No such file") != NULL, "%s", diag.messages[0].text);
    cr_expect_eq(vdc_inputs_add(NULL, path, &diag), VDC_OK, "no list, nothing to do");
    cr_expect_eq(inputs.count, 5);

    /* A folder that is only the beginning of a name is no folder of it. */
    vdc_inputs other = {.folder = vdc_strdup(where.path)};
    char longer[300];
    (void)snprintf(longer, sizeof longer, "%s.csv", where.path);
    FILE *file = fopen(longer, "w");
    cr_assert_not_null(file);
    (void)fclose(file);
    cr_expect_eq(vdc_inputs_add(&other, longer, &diag), VDC_OK);
    cr_expect_str_eq(other.items[0].name, longer);
    (void)unlink(longer);

    vdc_inputs_clear(&other);
    vdc_inputs_clear(&inputs);
    vdc_diag_clear(&diag);
    remove_folder(&where);
}

/* Every allocation fails in turn: the code says so, what was there stays, nothing leaks. */
Test(base_digest, inputs_without_memory) {
    folder where = make_folder();
    write_file(&where, "a", "abc");
    write_file(&where, "b", "abc");
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        cr_assert_lt(n, 100);
        vdc_diag diag = {0};
        vdc_inputs inputs = {0};
        vdc_memory_fail_at(n, false);
        vdc_code code = vdc_inputs_add(&inputs, where.path, &diag);
        vdc_memory_fail_at(0, false);
        done = code == VDC_OK;
        cr_expect(done ? inputs.count == 2 : code == VDC_ERROR_MEMORY, "allocation %d: code %d", (int)n, (int)code);
        cr_expect_eq(vdc_diag_code(&diag), code);
        vdc_inputs_clear(&inputs);
        vdc_diag_clear(&diag);
    }
    remove_folder(&where);
}
