/* YAML to trees and back: places, every kind of refusal, bombs, and that emitting and parsing are each other's inverse. */
#include "sim/base/yaml.h"

#include "tests/support/draw.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const vdc_node *parse(vdc_arena *arena, const char *text) {
    vdc_diag diag = {0};
    const vdc_node *root;
    vdc_code code = vdc_yaml_parse(text, strlen(text), "s.yaml", arena, &root, &diag);
    cr_assert_eq(code, VDC_OK, "%s\n%s", text, diag.count ? diag.messages[0].text : "");
    cr_assert_not_null(root);
    vdc_diag_clear(&diag);
    return root;
}

/* Parsing must give these messages, all of them. */
static void refuses(const char *text, size_t length, size_t count, const char *const *expected) {
    vdc_arena arena = {0};
    vdc_diag diag = {0};
    const vdc_node *root;
    cr_expect_eq(vdc_yaml_parse(text, length, "s.yaml", &arena, &root, &diag), VDC_ERROR_INPUT, "%.200s", text);
    cr_expect_null(root);
    cr_expect_eq(diag.count, count, "%zu messages instead of %zu for %.200s", diag.count, count, text);
    for (size_t i = 0; i < count && i < diag.count; i++)
        cr_expect_str_eq(diag.messages[i].text, expected[i], "\n  found    %s\n  expected %s", diag.messages[i].text, expected[i]);
    vdc_diag_clear(&diag);
    vdc_arena_free(&arena);
}
#define REFUSES(text, ...) \
    refuses(text, sizeof(text) - 1, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

Test(scenario_yaml, kinds_and_places) {
    vdc_arena arena = {0};
    const vdc_node *root =
        parse(&arena, "# a comment\nname: x y\ntime: {tick: 5min, end: ~}\nlist:\n  - 1\n  - 'two'\n  - [a, {b: \"3\"}]\nnothing:\n");
    cr_assert(root->kind == VDC_NODE_MAPPING && root->count == 4);
    const vdc_node *name = vdc_node_get(root, "name");
    cr_expect(name->kind == VDC_NODE_SCALAR && !name->quoted && name->place.line == 2 && name->place.column == 7);
    cr_expect(name->key_place.line == 2 && name->key_place.column == 1);
    cr_expect_str_eq(name->text, "x y");
    cr_expect_str_eq(name->place.file, "s.yaml");
    const vdc_node *end = vdc_node_find(root, "time.end");
    cr_expect(end->kind == VDC_NODE_NULL && end->key_place.line == 3 && end->key_place.column == 20);
    cr_expect_eq(vdc_node_get(root, "nothing")->kind, VDC_NODE_NULL);
    const vdc_node *two = vdc_node_find(root, "list.1");
    cr_expect(two->quoted && !two->key && two->place.line == 6 && two->place.column == 5);
    cr_expect_str_eq(vdc_node_find(root, "list.2.1.b")->text, "3");
    static const char *const nulls[] = {"~", "null", "Null", "NULL", "", "# only a comment", "---\n"};
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++) cr_expect_eq(parse(&arena, nulls[i])->kind, VDC_NODE_NULL, "%s", nulls[i]);
    static const char *const texts[] = {"'~'", "\"null\"", "''", "nul", "nullx", "false", "|\n  ~\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) cr_expect_eq(parse(&arena, texts[i])->kind, VDC_NODE_SCALAR, "%s", texts[i]);
    /* Columns count characters, not bytes. */
    cr_expect_eq(vdc_node_find(parse(&arena, "{\xc3\xa9\xe2\x82\xac: 1, b: 2}"), "b")->place.column, 12);
    vdc_arena_free(&arena);
}

Test(scenario_yaml, what_is_no_yaml) {
    REFUSES("a: [1, 2", "s.yaml:2:1: is not YAML: did not find expected ',' or ']', while parsing a flow sequence");
    REFUSES("a: b: c", "s.yaml:1:5: is not YAML: mapping values are not allowed in this context");
    REFUSES("a: 1\n\tb: 2\n", "s.yaml:2:1: is not YAML: found a tab character that violates indentation, while scanning a plain scalar");
    REFUSES("a: 1\nb: \xff\xfe\n", "s.yaml:2:4: is not YAML: invalid leading UTF-8 octet");
    REFUSES("a: 1\nb: \x01\n", "s.yaml:2:4: is not YAML: control characters are not allowed");
    REFUSES("a: 1\nb: x\0y\n", "s.yaml:2:5: is not YAML: control characters are not allowed");
    REFUSES("%YAML 9.9\n---\na: 1\n", "s.yaml:1:1: is not YAML: found incompatible YAML document");
    REFUSES("a: 1\n---\nb: 2\n", "s.yaml:2:1: a second document begins here; allowed: one");
}

Test(scenario_yaml, all_errors_of_meaning_are_reported) {
    REFUSES("a: 1\nb: 2\na: 3\nc: !!int 4\n[x]: 5\n? {y: 1}\n: 6\n'': 7\nd: \"x\\0y\"\nb: {e: 1, e: 2}\n",
            "s.yaml:3:1: the key 'a' stands here a second time (first at line 1)",
            "s.yaml:4:4: found the tag 'tag:yaml.org,2002:int'; tags are not allowed",
            "s.yaml:5:1: found a collection as a key; allowed: a text",
            "s.yaml:6:3: found a collection as a key; allowed: a text",
            "s.yaml:8:1: found nothing as a key; allowed: a text",
            "s.yaml:9:4: found a text with a NUL character",
            "s.yaml:10:11: the key 'e' stands here a second time (first at line 10)",
            "s.yaml:10:1: the key 'b' stands here a second time (first at line 2)");
    REFUSES("!!map {a: !x [1]}", "s.yaml:1:1: found the tag 'tag:yaml.org,2002:map'; tags are not allowed",
            "s.yaml:1:11: found the tag '!x'; tags are not allowed");
}

Test(scenario_yaml, duplicate_keys_of_large_mappings) {
    static char text[400000];
    size_t length = 0;
    for (int i = 0; i < 20000; i++) length += (size_t)snprintf(text + length, sizeof text - length, "k%d: 1\n", i);
    vdc_arena arena = {0};
    cr_expect_eq(parse(&arena, text)->count, 20000);
    (void)snprintf(text + length, sizeof text - length, "k0: 1\nk15: 1\nk16: 1\nk19999: 1\nnew: 1\nk7: 1\nnew: 2\n");
    static const char *const expected[] = {
        "s.yaml:20001:1: the key 'k0' stands here a second time (first at line 1)",
        "s.yaml:20002:1: the key 'k15' stands here a second time (first at line 16)",
        "s.yaml:20003:1: the key 'k16' stands here a second time (first at line 17)",
        "s.yaml:20004:1: the key 'k19999' stands here a second time (first at line 20000)",
        "s.yaml:20006:1: the key 'k7' stands here a second time (first at line 8)",
        "s.yaml:20007:1: the key 'new' stands here a second time (first at line 20005)",
    };
    refuses(text, strlen(text), 6, expected);
    vdc_arena_free(&arena);
}

Test(scenario_yaml, anchors_and_aliases) {
    vdc_arena arena = {0};
    const vdc_node *root = parse(&arena, "a: &x {cores: 4, list: [1, 2]}\nb: *x\nc: [*x, &y 7, *y]\nd: &x 8\ne: *x\n");
    const vdc_node *a = vdc_node_get(root, "a"), *b = vdc_node_get(root, "b");
    cr_expect(b->kind == VDC_NODE_MAPPING && b->count == 2 && b->children == a->children);
    cr_expect_str_eq(b->key, "b");
    cr_expect(b->key_place.line == 2 && b->place.line == 1, "the value was written where its anchor is");
    cr_expect_str_eq(vdc_node_find(root, "c.0.list.1")->text, "2");
    cr_expect_null(vdc_node_find(root, "c.0")->key);
    cr_expect_str_eq(vdc_node_find(root, "c.2")->text, "7");
    cr_expect_str_eq(vdc_node_get(root, "e")->text, "8", "the latest anchor of a name counts");
    vdc_arena_free(&arena);
    REFUSES("a: *x\nb: &x 1\n", "s.yaml:1:4: the alias '*x' names no anchor before it");
    REFUSES("a: &x [1, *x]\n", "s.yaml:1:11: the alias '*x' stands inside of its own anchor");
}

Test(scenario_yaml, bombs_are_refused_before_they_cost_anything) {
    /* Nine levels of nine: 9^9 nodes. */
    char text[4000] = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    size_t length = strlen(text);
    for (char c = 'b'; c <= 'i'; c++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%c: &%c [", c, c);
        for (int i = 0; i < 9; i++) length += (size_t)snprintf(text + length, sizeof text - length, "%s*%c", i ? ", " : "", c - 1);
        length += (size_t)snprintf(text + length, sizeof text - length, "]\n");
    }
    static const char *const bomb[] = {"s.yaml:6:8: the alias '*e' makes the file too large: aliases may add 100000 nodes"};
    refuses(text, length, 1, bomb);

    /* One long text, over and over. */
    static char repeated[120000];
    length = (size_t)snprintf(repeated, sizeof repeated, "a: &a \"");
    memset(repeated + length, 'x', 64000);
    length += 64000;
    length += (size_t)snprintf(repeated + length, sizeof repeated - length, "\"\nb: [");
    for (int i = 0; i < 100; i++) length += (size_t)snprintf(repeated + length, sizeof repeated - length, "*a, ");
    length += (size_t)snprintf(repeated + length, sizeof repeated - length, "]\n");
    static const char *const long_text[] = {"s.yaml:2:201: the alias '*a' makes the file too large: aliases may add 100000 nodes"};
    refuses(repeated, length, 1, long_text);

    /* Depth, written out and by aliases. */
    static char deep[100000];
    memset(deep, '[', sizeof deep);
    static const char *const too_deep[] = {"s.yaml:1:65: collections are nested too deeply: at most 64"};
    refuses(deep, sizeof deep, 1, too_deep);
    vdc_arena arena = {0};
    char just[140];
    (void)snprintf(just, sizeof just, "%.64s%.64s", deep, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    parse(&arena, just);
    char nested[400] = "";
    for (char c = 'a'; c <= 'c'; c++) {
        size_t at = strlen(nested);
        (void)snprintf(nested + at, sizeof nested - at, "%c: &%c %.22s", c, c, deep);
        at = strlen(nested);
        (void)snprintf(nested + at, sizeof nested - at, "%s%.1s]]]]]]]]]]]]]]]]]]]]]]\n", c == 'a' ? "1" : "*", c == 'a' ? "" : c == 'b' ? "a" : "b");
    }
    static const char *const by_alias[] = {"s.yaml:3:29: the alias '*b' nests collections too deeply: at most 64"};
    refuses(nested, strlen(nested), 1, by_alias);
    vdc_arena_free(&arena);

    length = 0;
    for (int i = 0; i <= VDC_YAML_ANCHOR_LIMIT; i++) length += (size_t)snprintf(deep + length, sizeof deep - length, "- &a%d x\n", i);
    static const char *const anchors[] = {"s.yaml: has more than 1000 anchors"};
    refuses(deep, length, 1, anchors);
}

static void expect_equal(const vdc_node *a, const vdc_node *b, const char *text) {
    cr_assert_eq(a->kind, b->kind, "%s", text);
    cr_assert_eq(a->count, b->count, "%s", text);
    if (a->kind == VDC_NODE_SCALAR) cr_assert_str_eq(a->text, b->text, "%s", text);
    for (size_t i = 0; i < a->count; i++) {
        cr_assert_eq(!a->children[i]->key, !b->children[i]->key);
        if (a->children[i]->key) cr_assert_str_eq(a->children[i]->key, b->children[i]->key, "%s", text);
        expect_equal(a->children[i], b->children[i], text);
    }
}

Test(scenario_yaml, emitting_keeps_the_usual_look) {
    vdc_arena arena = {0};
    char *text = vdc_yaml_emit(parse(&arena, "datacenter: {hosts: [{class: h, cpu: {speed: 2.6 GHz}}], overcommit: {cpu: 1.5}}\nname: 'a: b'\n"
                                             "empty: {}\nnone: []\nnothing: ~\nstart: 2022-01-01T00:00:00Z\nlevels: [1, 30%, -2]\n"), NULL, NULL);
    cr_expect_str_eq(text, "datacenter:\n  hosts:\n    - {class: h, cpu: {speed: 2.6 GHz}}\n  overcommit:\n    cpu: 1.5\nname: \"a: b\"\n"
                           "empty: {}\nnone: []\nnothing: ~\nstart: \"2022-01-01T00:00:00Z\"\nlevels:\n  - 1\n  - 30%\n  - -2\n");
    vdc_free(text);
    vdc_arena_free(&arena);
}

/* A text that is likely to trip a writer of YAML. */
static const char *draw_text(uint64_t *state, vdc_arena *arena) {
    static const char *const pieces[] = {
        "a", "Z", "0", " ", ":", "#", "-", "'", "\"", "\\", "\n", "\t", "{", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "~", "null", "true",
        "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\x7f", "\xc2\x85", "\xe2\x80\xa8", "\xef\xbb\xbf", "\x01", ".", "---", "...", "=", "<<", "?",
        "\r", "1e5", "0x1f", "\xef\xbf\xbf", "+", "/",
    };
    char text[80] = "";
    for (int64_t n = draw_below(state, 8); n > 0; n--) strcat(text, pieces[draw_below(state, sizeof pieces / sizeof pieces[0])]);
    return vdc_arena_strdup(arena, text);
}

static vdc_node *draw_tree(uint64_t *state, vdc_arena *arena, int depth) {
    vdc_node *node = vdc_arena_alloc(arena, sizeof *node);
    int64_t kind = draw_below(state, depth > 4 ? 4 : 8);
    node->kind = kind == 0 ? VDC_NODE_NULL : kind < 4 ? VDC_NODE_SCALAR : kind < 6 ? VDC_NODE_SEQUENCE : VDC_NODE_MAPPING;
    node->text = draw_text(state, arena);
    /* A plain scalar that looks like nothing would be nothing. */
    node->quoted = draw_below(state, 2) == 0 || !*node->text || !strcmp(node->text, "~") || !strcmp(node->text, "null");
    if (kind < 4) return node;
    size_t count = (size_t)draw_below(state, 5);
    node->children = vdc_arena_alloc(arena, 8 * sizeof *node->children);
    for (size_t i = 0; i < count; i++) {
        vdc_node *child = draw_tree(state, arena, depth + 1);
        if (node->kind == VDC_NODE_MAPPING) {
            char *key = vdc_format("%s%zu", draw_text(state, arena), i); /* the number keeps keys apart */
            child->key = vdc_arena_strdup(arena, draw_below(state, 20) == 0 && i == 0 ? "null" : key);
            vdc_free(key);
        }
        node->children[node->count++] = child;
    }
    return node;
}

Test(scenario_yaml, parsing_what_was_emitted_gives_the_same_tree_and_text) {
    uint64_t state = 7;
    for (int i = 0; i < 3000; i++) {
        vdc_arena arena = {0};
        const vdc_node *tree = draw_tree(&state, &arena, 0);
        char *text = vdc_yaml_emit(tree, NULL, NULL);
        const vdc_node *again = parse(&arena, text);
        expect_equal(tree, again, text);
        char *twice = vdc_yaml_emit(again, NULL, NULL);
        cr_assert_str_eq(twice, text);
        vdc_free(text);
        vdc_free(twice);
        vdc_arena_free(&arena);
    }
}

Test(scenario_yaml, arbitrary_bytes_do_no_harm) {
    static const char seed[] = "vdcsim: 1\nname: &n \"x\\u00e9\"\nlist: [1, *n, {a: b}]\nblock: |\n  text\n? key\n: !t value # c\n--- \n";
    uint64_t state = 11;
    for (int i = 0; i < 20000; i++) {
        char text[sizeof seed];
        memcpy(text, seed, sizeof seed);
        size_t length = (size_t)draw_below(&state, sizeof seed);
        for (int64_t changes = draw_below(&state, 6); changes >= 0; changes--)
            text[draw_below(&state, sizeof seed - 1)] = "{}[]:,&*!|>'\"\n\t #-?%@`\\x\0\xff\xc3"[draw_below(&state, 27)];
        vdc_arena arena = {0};
        vdc_diag diag = {0};
        const vdc_node *root = NULL;
        vdc_code code = vdc_yaml_parse(text, length, "s.yaml", &arena, &root, &diag);
        cr_assert(code == VDC_OK ? root && diag.errors == 0 : code == VDC_ERROR_INPUT && !root && diag.errors > 0);
        if (root) vdc_free(vdc_yaml_emit(root, NULL, NULL));
        vdc_diag_clear(&diag);
        vdc_arena_free(&arena);
    }
}

Test(scenario_yaml, every_allocation_may_fail) {
    char text[1200] = "a: &x [1, {b: c}]\nd: *x\n";
    for (int i = 0; i < 40; i++) (void)snprintf(text + strlen(text), 32, "k%d: v\n", i);
    for (uint64_t n = 1;; n++) {
        cr_assert_lt(n, 300);
        vdc_arena arena = {0};
        vdc_diag diag = {0};
        const vdc_node *root;
        vdc_memory_fail_at(n, false);
        vdc_code code = vdc_yaml_parse(text, strlen(text), "s.yaml", &arena, &root, &diag);
        char *emitted = code ? NULL : vdc_yaml_emit(root, NULL, NULL);
        vdc_memory_fail_at(0, false);
        cr_assert(code == VDC_OK || (code == VDC_ERROR_MEMORY && !root && vdc_diag_code(&diag) == VDC_ERROR_MEMORY));
        bool done = code == VDC_OK && emitted;
        vdc_free(emitted);
        vdc_diag_clear(&diag);
        vdc_arena_free(&arena);
        if (done) break;
    }
}
