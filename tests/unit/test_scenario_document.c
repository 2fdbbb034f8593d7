/* A scenario's tree as a whole: what `extends` takes over and what overlays put in, with their errors. */
#include "sim/scenario/document.h"

#include "sim/base/param.h"
#include "sim/base/yaml.h"
#include "tests/support/result_files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void write_file(const char *name, const char *text) {
    test_file_write(test_folder_path(name), text, strlen(text));
}

/* The document's tree as text must be this. */
static void gives(const char *name, const char *const *sets, size_t set_count, const char *expected) {
    vdc_document document;
    vdc_diag diag = {0};
    vdc_code code = vdc_document_open(&document, test_folder_path(name), NULL, sets, set_count, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "");
    char *text = vdc_yaml_emit(document.root, NULL, NULL);
    cr_expect_str_eq(text, expected, "\n  found\n%s\n  expected\n%s", text, expected);
    vdc_free(text);
    vdc_document_close(&document);
    vdc_diag_clear(&diag);
}
#define SETS(...) (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

/* Opening must fail, and its messages, without the folder, must be these. */
static void refuses(const char *name, const char *const *sets, size_t set_count, const char *const *expected, size_t count) {
    vdc_document document;
    vdc_diag diag = {0};
    cr_expect_eq(vdc_document_open(&document, test_folder_path(name), NULL, sets, set_count, &diag), VDC_ERROR_INPUT);
    cr_expect(!document.root && !document.arena.blocks);
    cr_expect_eq(diag.count, count);
    size_t folder = strlen(test_folder_path(""));
    for (size_t i = 0; i < count && i < diag.count; i++) {
        cr_assert_gt(strlen(diag.messages[i].text), folder);
        cr_expect_str_eq(diag.messages[i].text + folder, expected[i], "\n  found    %s\n  expected %s", diag.messages[i].text + folder, expected[i]);
    }
    vdc_diag_clear(&diag);
}
#define REFUSES(name, sets, ...) \
    refuses(name, sets, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define NO_SETS NULL, 0

Test(scenario_document, extends_takes_over_key_by_key, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    cr_assert_eq(mkdir(test_folder_path("base"), 0700), 0);
    write_file("base/first.yaml", "a: {x: 1, y: {p: 1, q: 2}, z: [1, 2, 3]}\nb: text\nc: {k: v}\nd: dropped\n");
    write_file("base/second.yaml", "extends: first.yaml\na: {y: {q: 20, r: 30}}\ne: new\n");
    write_file("s.yaml", "extends: base/second.yaml\na:\n  z: [9]\nb: {now: a mapping}\nc: scalar\nd: ~\nf: ~\n");
    gives("s.yaml", NO_SETS, "a:\n  x: 1\n  y:\n    p: 1\n    q: 20\n    r: 30\n  z:\n    - 9\nb:\n  now: a mapping\nc: scalar\ne: new\nf: ~\n");

    vdc_document document;
    cr_assert_eq(vdc_document_open(&document, test_folder_path("s.yaml"), NULL, NO_SETS, NULL), VDC_OK);
    const vdc_node *q = vdc_node_find(document.root, "a.y.q"), *z = vdc_node_find(document.root, "a.z"), *p = vdc_node_find(document.root, "a.y.p");
    cr_expect(strstr(p->place.file, "base/first.yaml") && p->place.line == 1);
    cr_expect(strstr(q->place.file, "base/second.yaml") && q->place.line == 2 && q->key_place.line == 2);
    cr_expect(strstr(z->place.file, "s.yaml") && !strstr(z->place.file, "base") && z->place.line == 3);
    cr_expect(document.merged && strncmp(document.text, "extends: base/second.yaml", 25) == 0);
    vdc_document_close(&document);
}

Test(scenario_document, extends_that_leads_nowhere, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    write_file("self.yaml", "extends: self.yaml\n");
    write_file("absent.yaml", "name: x\nextends: nowhere.yaml\n");
    write_file("list.yaml", "extends: [a.yaml]\n");
    write_file("of-list.yaml", "extends: really-a-list.yaml\n");
    write_file("really-a-list.yaml", "- 1\n");
    write_file("broken.yaml", "extends: duplicate.yaml\n");
    write_file("duplicate.yaml", "a: 1\na: 2\n");
    write_file("empty.yaml", "");
    REFUSES("self.yaml", NO_SETS, "self.yaml: extends itself (in a circle)");
    REFUSES("list.yaml", NO_SETS, "list.yaml:1:10: extends: found a list; allowed: a text");
    REFUSES("of-list.yaml", NO_SETS, "really-a-list.yaml:1:1: found a list; allowed: a mapping (key: value)");
    REFUSES("broken.yaml", NO_SETS, "duplicate.yaml:2:1: the key 'a' stands here a second time (first at line 1)");
    REFUSES("empty.yaml", NO_SETS, "empty.yaml:1:1: found an empty file; allowed: a mapping (key: value)");
    char message[300];
    (void)snprintf(message, sizeof message, "absent.yaml:2:10: extends: the file '%s' cannot be read", test_folder_path("nowhere.yaml"));
    REFUSES("absent.yaml", NO_SETS, message);

    char name[32], text[64];
    for (int i = 0; i <= VDC_EXTENDS_LIMIT + 1; i++) {
        (void)snprintf(name, sizeof name, "chain%d.yaml", i);
        (void)snprintf(text, sizeof text, "k%d: %d\nextends: chain%d.yaml\n", i, i, i + 1);
        write_file(name, i > VDC_EXTENDS_LIMIT ? "end: 1\n" : text);
    }
    REFUSES("chain0.yaml", NO_SETS, "chain17.yaml: is the 17th file that extends another: at most 16");
    vdc_document document;
    cr_expect_eq(vdc_document_open(&document, test_folder_path("chain1.yaml"), NULL, NO_SETS, NULL), VDC_OK);
    cr_expect_eq(document.root->count, 17);
    vdc_document_close(&document);
}

Test(scenario_document, a_circle_by_another_way_is_still_one, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    cr_assert_eq(mkdir(test_folder_path("x"), 0700), 0);
    write_file("a.yaml", "extends: ./x/../b.yaml\n");
    write_file("b.yaml", "extends: x/.././a.yaml\n");
    vdc_document document;
    vdc_diag diag = {0};
    cr_expect_eq(vdc_document_open(&document, test_folder_path("a.yaml"), NULL, NO_SETS, &diag), VDC_ERROR_INPUT);
    cr_assert_eq(diag.count, 1);
    cr_expect(strstr(diag.messages[0].text, "extends itself (in a circle)") != NULL);
    vdc_diag_clear(&diag);
}

Test(scenario_document, overlays, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    write_file("s.yaml", "time: {tick: 5min}\nlist: [{a: 1, b: &x {c: 2}}, {a: 3, b: *x}]\n");
    gives("s.yaml", SETS("time.tick=1 h"), "time:\n  tick: 1 h\nlist:\n  - {a: 1, b: {c: 2}}\n  - {a: 3, b: {c: 2}}\n");
    gives("s.yaml", SETS("list.1.b.c=5", "list.0.a=[1, {x: y}]"),
          "time:\n  tick: 5min\nlist:\n  - {a: [1, {x: y}], b: {c: 2}}\n  - {a: 3, b: {c: 5}}\n");
    gives("s.yaml", SETS("list=[]", "new.deep.key='t'", "time.end=last-vm", "time.tick="),
          "time:\n  end: last-vm\nlist: []\nnew:\n  deep:\n    key: \"t\"\n");
    gives("s.yaml", SETS("list=x", "time={a: b=c}", "time.d=1=2"), "time:\n  a: \"b=c\"\n  d: \"1=2\"\nlist: x\n");
    gives("s.yaml", SETS("nothing.there=~", "list=~"), "time:\n  tick: 5min\nnothing: {}\n");
}

Test(scenario_document, overlays_that_lead_nowhere_are_all_reported, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    write_file("s.yaml", "time: {tick: 5min}\nlist: [{a: 1}]\n");
    REFUSES("s.yaml", SETS("time", "=1", "time..a=1", "time.=1", "list.1=x", "list.a=x", "list.-1.a=x", "time.tick.x=1", "a=[1", "a.b.c.d=!t 1"),
            "s.yaml --set time: has no value; allowed: KEY.PATH=VALUE", "s.yaml --set : has an empty key in its path; allowed: KEY.PATH=VALUE",
            "s.yaml --set time..a: has an empty key in its path; allowed: KEY.PATH=VALUE",
            "s.yaml --set time.: has an empty key in its path; allowed: KEY.PATH=VALUE",
            "s.yaml --set list.1: names an item that the list does not have (items count from 0)",
            "s.yaml --set list.a: names an item that the list does not have (items count from 0)",
            "s.yaml --set list.-1.a: names an item that the list does not have (items count from 0)",
            "s.yaml --set time.tick.x: leads through a value that has no keys",
            "s.yaml --set a:2:1: is not YAML: did not find expected ',' or ']', while parsing a flow sequence",
            "s.yaml --set a.b.c.d:1:1: found the tag '!t'; tags are not allowed");
    char path[400] = "a";
    for (int i = 0; i < 64; i++) strcat(path, ".b");
    strcat(path, "=1");
    const char *const long_path[] = {path};
    vdc_document document;
    cr_expect_eq(vdc_document_open(&document, test_folder_path("s.yaml"), NULL, long_path, 1, NULL), VDC_ERROR_INPUT);
}

Test(scenario_document, values_of_overlays_belong_to_the_scenarios_folder) {
    static const char *const sets[] = {"workload.trace.path=data/x.csv", "odd/key=1"};
    vdc_document document;
    cr_assert_eq(vdc_document_open(&document, "dir/s.yaml", "a: 1", sets, 2, NULL), VDC_OK, "the text stands for the file");
    const vdc_node *path = vdc_node_find(document.root, "workload.trace.path");
    char *resolved = vdc_path_resolve(path->place.file, path->text);
    cr_expect_str_eq(resolved, "dir/data/x.csv");
    vdc_free(resolved);
    cr_expect_str_eq(path->place.file, "dir/s.yaml --set workload.trace.path");
    cr_expect_eq(path->place.line, 0);
    cr_expect_str_eq(vdc_node_get(document.root, "odd/key")->place.file, "dir/s.yaml --set ", "no slash that would be taken for a folder");
    cr_expect_str_eq(document.text, "a: 1");
    vdc_document_close(&document);
}

Test(scenario_document, unreadable_files, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    REFUSES("absent.yaml", NO_SETS, "absent.yaml: cannot be read: No such file or directory");
    cr_assert_eq(mkdir(test_folder_path("folder"), 0700), 0);
    REFUSES("folder", NO_SETS, "folder: cannot be read: Is a directory");
    /* A hole costs nothing on the disk, and must not cost memory either. */
    FILE *file = fopen(test_folder_path("large.yaml"), "w");
    cr_assert(file && fseek(file, 1L << 32, SEEK_SET) == 0 && fputc('x', file) != EOF && fclose(file) == 0);
    REFUSES("large.yaml", NO_SETS, "large.yaml: is larger than 67108864 bytes");
}

Test(scenario_document, every_allocation_may_fail, .init = (void (*)(void))test_folder_make, .fini = test_folder_remove) {
    write_file("base.yaml", "a: {b: 1}\nlist: [{c: 2}]\n");
    write_file("s.yaml", "extends: base.yaml\na: {d: 3}\n");
    static const char *const sets[] = {"list.0.c=5", "x.y=[1]", "a.b="};
    for (uint64_t n = 1;; n++) {
        cr_assert_lt(n, 400);
        vdc_document document;
        vdc_diag diag = {0};
        vdc_memory_fail_at(n, false);
        vdc_code code = vdc_document_open(&document, test_folder_path("s.yaml"), NULL, sets, 3, &diag);
        vdc_memory_fail_at(0, false);
        cr_assert(code == VDC_OK || code == VDC_ERROR_MEMORY, "allocation %d: %d", (int)n, (int)code);
        cr_assert_eq(code, vdc_diag_code(&diag));
        cr_expect_eq(code == VDC_OK, document.root != NULL);
        vdc_document_close(&document);
        vdc_diag_clear(&diag);
        if (!code) break;
    }
}
