/* Parameter tables: values, defaults, and every kind of error with its message; the tree's lookups; near misses. */
#include "sim/base/param.h"

#include "tests/support/tree.h"

#include <criterion/criterion.h>
#include <float.h>
#include <string.h>

typedef struct options {
    bool flag;
    int64_t count, timeout, memory, limit, offset;
    double share, level;
    const char *text, *path;
    int norm;
    const vdc_node *node;
} options;

static const char *const norms[] = {"cpu", "memory", "l2", NULL};

#define FIELD(name) .offset = offsetof(options, name)

static const vdc_param table[] = {
    {.name = "flag", .type = VDC_PARAM_BOOL, .fallback = "true", FIELD(flag), .help = "a flag"},
    {.name = "count", .type = VDC_PARAM_INTEGER, FIELD(count), .minimum = 1, .maximum = 64, .help = "how many"},
    {.name = "timeout", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_TIME, .fallback = "none", .none = "none", FIELD(timeout)},
    {.name = "memory", .type = VDC_PARAM_INTEGER, .dimension = VDC_DIM_BYTES, .fallback = "4 GiB", FIELD(memory)},
    {.name = "limit", .type = VDC_PARAM_INTEGER, .fallback = "7", FIELD(limit), .minimum = 5},
    {.name = "offset", .type = VDC_PARAM_INTEGER, .fallback = "-1", FIELD(offset), .minimum = -10, .maximum = 0},
    {.name = "share", .type = VDC_PARAM_REAL, .dimension = VDC_DIM_RATIO, .fallback = "30%", FIELD(share), .maximum = 1},
    {.name = "level", .type = VDC_PARAM_REAL, .fallback = "0", FIELD(level), .minimum = -DBL_MAX, .maximum = DBL_MAX},
    {.name = "text", .type = VDC_PARAM_TEXT, FIELD(text)},
    {.name = "path", .type = VDC_PARAM_PATH, FIELD(path)},
    {.name = "norm", .type = VDC_PARAM_CHOICE, .choices = norms, .fallback = "l2", FIELD(norm)},
    {.name = "node", .type = VDC_PARAM_NODE, FIELD(node)},
};
enum { ROWS = sizeof table / sizeof table[0] };

static const char *const also[] = {"policy", NULL};

/* Reads the text by the table and expects these messages, all of them, in this order. */
static options read(const char *text, size_t expected_count, const char *const *expected) {
    vdc_arena arena = {0};
    vdc_diag diag = {0};
    options out;
    memset(&out, 0x5a, sizeof out);
    vdc_code code = vdc_params_read(test_tree(&arena, text), table, ROWS, &out, also, "the section", &diag);
    cr_expect_eq(code, expected_count ? VDC_ERROR_INPUT : VDC_OK);
    cr_expect_eq(diag.count, expected_count, "%zu messages instead of %zu for %s", diag.count, expected_count, text);
    for (size_t i = 0; i < expected_count && i < diag.count; i++)
        cr_expect_str_eq(diag.messages[i].text, expected[i], "\n  found    %s\n  expected %s", diag.messages[i].text, expected[i]);
    vdc_diag_clear(&diag);
    vdc_arena_free(&arena);
    return out;
}
#define READS(text, ...) \
    read(text, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

Test(base_param, what_is_written_and_what_is_not) {
    vdc_arena arena = {0};
    options out;
    cr_expect_eq(vdc_params_read(test_tree(&arena, "{count: 3, policy: x, norm: memory, timeout: 5min, memory: 1 KiB, share: 0.5, flag: false, "
                                                   "text: 42, path: \"a b\", node: [1], level: -2.5, offset: 0}"),
                                 table, ROWS, &out, also, "x", NULL), VDC_OK);
    cr_expect(!out.flag && out.count == 3 && out.timeout == 300 * VDC_SECOND && out.memory == 1024 && out.limit == 7 && out.offset == 0);
    cr_expect(out.share == 0.5 && out.level == -2.5 && out.norm == 1);
    cr_expect_str_eq(out.text, "42");
    cr_expect_str_eq(out.path, "a b");
    cr_expect(out.node && out.node->kind == VDC_NODE_SEQUENCE);

    cr_expect_eq(vdc_params_read(test_tree(&arena, "{count: 64, node: null, timeout: none}"), table, ROWS, &out, also, "x", NULL), VDC_OK);
    cr_expect(out.flag && out.count == 64 && out.timeout == VDC_PARAM_NONE && out.memory == INT64_C(4) << 30 && out.offset == -1);
    cr_expect(out.share == 0.3 && out.level == 0 && out.norm == 2 && !out.text && !out.path && !out.node);

    memset(&out, 0x5a, sizeof out);
    vdc_params_default(table, ROWS, &out);
    cr_expect(out.flag && out.count == 0 && out.timeout == VDC_PARAM_NONE && out.norm == 2 && !out.text && !out.node);
    vdc_arena_free(&arena);
}

Test(base_param, wrong_types) {
    READS("{count: [1], flag: 1, norm: {a: b}, text: [x], path: null, share: {}, memory: null}",
          "test:1:9: the section: count: found a list; allowed: a whole number, from 1 to 64",
          "test:1:20: the section: flag: found the number 1; allowed: true or false",
          "test:1:29: the section: norm: found a mapping; allowed: cpu, memory or l2",
          "test:1:43: the section: text: found a list; allowed: a text",
          "test:1:54: the section: path: found nothing; allowed: a path",
          "test:1:67: the section: share: found a mapping; allowed: a ratio such as 0.3 or 30%, from 0 to 1",
          "test:1:79: the section: memory: found nothing; allowed: a size such as 512 MiB, 4 GiB, 2 TB (B kB MB GB TB PB KiB MiB GiB TiB "
          "PiB; a bare number is bytes), at least 0 B");
    READS("{count: 3, flag: \"true\"}", "test:1:18: the section: flag: found the text 'true'; allowed: true or false");
}

Test(base_param, values_out_of_range) {
    options out = READS("{count: 0, limit: 4, offset: 1, share: 130%, memory: -1, timeout: -1s}",
          "test:1:9: the section: count: found the number 0, which is too small; allowed: a whole number, from 1 to 64",
          "test:1:19: the section: limit: found the number 4, which is too small; allowed: a whole number, at least 5",
          "test:1:30: the section: offset: found the number 1, which is too large; allowed: a whole number, from -10 to 0",
          "test:1:40: the section: share: found the text '130%', which is too large; allowed: a ratio such as 0.3 or 30%, from 0 to 1",
          "test:1:54: the section: memory: found the number -1, which is negative; allowed: a size such as 512 MiB, 4 GiB, 2 TB (B kB MB GB "
          "TB PB KiB MiB GiB TiB PiB; a bare number is bytes), at least 0 B",
          "test:1:67: the section: timeout: found the text '-1s', which is negative; allowed: 'none' or a time such as 90s, 5min, 2h, 7d (ns "
          "us ms s min h d w; a bare number is seconds), at least 0 s");
    cr_expect(out.limit == 7 && out.offset == -1 && out.share == 0.3 && out.timeout == VDC_PARAM_NONE, "the defaults stand");
}

Test(base_param, values_that_are_no_values) {
    READS("{count: 1.5, limit: five, share: .nan, level: 1e400, memory: 5 parsecs}",
          "test:1:9: the section: count: found the number 1.5, which is not a whole number; allowed: a whole number, from 1 to 64",
          "test:1:21: the section: limit: found the text 'five', which is not a number; allowed: a whole number, at least 5",
          "test:1:34: the section: share: found the text '.nan', which is not a finite number; allowed: a ratio such as 0.3 or 30%, from 0 to 1",
          "test:1:47: the section: level: found the text '1e400', which is too large; allowed: a plain number",
          "test:1:62: the section: memory: found the text '5 parsecs', which has no known unit of bytes; allowed: a size such as 512 MiB, 4 "
          "GiB, 2 TB (B kB MB GB TB PB KiB MiB GiB TiB PiB; a bare number is bytes), at least 0 B");
}

Test(base_param, unknown_and_missing_keys_and_words) {
    READS("{count: 3, norm: cpv}", "test:1:18: the section: norm: found the text 'cpv' (did you mean 'cpu'?); allowed: cpu, memory or l2");
    READS("{count: 3, norm: bandwidth}", "test:1:18: the section: norm: found the text 'bandwidth'; allowed: cpu, memory or l2");
    READS("{count: 3, flag: ture}", "test:1:18: the section: flag: found the text 'ture' (did you mean 'true'?); allowed: true or false");
    READS("{timout: 3}",
          "test:1:2: the section: unknown key 'timout' (did you mean 'timeout'?); allowed: flag, count, timeout, memory, limit, offset, "
          "share, level, text, path, norm, node or policy",
          "test:1:1: the section: the key 'count' is missing: how many");
    READS("{count: 1, xyzzy: 3}",
          "test:1:12: the section: unknown key 'xyzzy'; allowed: flag, count, timeout, memory, limit, offset, share, level, text, "
          "path, norm, node or policy");
    READS("[count]", "test:1:1: the section: found a list; allowed: a mapping (key: value)");
    READS("\"text\"", "test:1:1: the section: found the text 'text'; allowed: a mapping (key: value)");
}

Test(base_param, nothing_at_all) {
    options out;
    vdc_diag diag = {0};
    cr_expect_eq(vdc_params_read(NULL, table, ROWS, &out, NULL, "x", &diag), VDC_ERROR_INPUT);
    cr_assert_eq(diag.count, 1);
    cr_expect_str_eq(diag.messages[0].text, "x: the key 'count' is missing: how many");
    vdc_diag_clear(&diag);
    cr_expect_eq(vdc_params_read(NULL, table, 0, &out, NULL, "x", NULL), VDC_OK);
    int64_t integer;
    double real;
    bool flag;
    const char *text;
    int choice;
    cr_expect(vdc_node_integer(NULL, VDC_DIM_COUNT, 0, 1, &integer, NULL) && vdc_node_real(NULL, VDC_DIM_COUNT, 0, 1, &real, NULL) &&
              vdc_node_bool(NULL, &flag, NULL) && vdc_node_text(NULL, &text, NULL) && vdc_node_choice(NULL, norms, &choice, NULL));
}

Test(base_param, single_nodes) {
    vdc_arena arena = {0};
    vdc_diag diag = {0};
    const vdc_node *list = test_tree(&arena, "[10 s, 2, true, word, 9223372036854775807, l2]");
    int64_t integer = 0;
    double real = 0;
    bool flag = false;
    const char *text = NULL;
    int choice = 0;
    cr_expect(vdc_node_integer(list->children[0], VDC_DIM_TIME, 0, INT64_MAX, &integer, &diag) == VDC_OK && integer == 10 * VDC_SECOND);
    cr_expect(vdc_node_integer(list->children[4], VDC_DIM_COUNT, INT64_MIN, INT64_MAX, &integer, &diag) == VDC_OK && integer == INT64_MAX);
    cr_expect(vdc_node_real(list->children[1], VDC_DIM_COUNT, 0, 2, &real, &diag) == VDC_OK && real == 2);
    cr_expect(vdc_node_bool(list->children[2], &flag, &diag) == VDC_OK && flag);
    cr_expect(vdc_node_text(list->children[3], &text, &diag) == VDC_OK && strcmp(text, "word") == 0);
    cr_expect(vdc_node_choice(list->children[5], norms, &choice, &diag) == VDC_OK && choice == 2);
    cr_expect_eq(diag.count, 0);
    cr_expect_eq(vdc_node_real(list->children[1], VDC_DIM_COUNT, 0, 1.5, &real, &diag), VDC_ERROR_INPUT);
    cr_expect_eq(vdc_node_integer(list->children[1], VDC_DIM_COUNT, 3, INT64_MAX, &integer, &diag), VDC_ERROR_INPUT);
    cr_assert_eq(diag.count, 2);
    cr_expect_str_eq(diag.messages[0].text, "test:1:8: found the number 2, which is too large; allowed: a plain number, from 0 to 1.5");
    cr_expect_str_eq(diag.messages[1].text, "test:1:8: found the number 2, which is too small; allowed: a whole number, at least 3");
    vdc_diag_clear(&diag);
    vdc_arena_free(&arena);
}

Test(base_param, a_great_many_unknown_keys_cost_little) {
    enum { KEYS = 200000 };
    static vdc_node nodes[KEYS];
    static vdc_node *children[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        nodes[i] = (vdc_node){.kind = VDC_NODE_SCALAR, .key = "a-key-that-is-long-but-not-too-long-for-a-near-mis", .text = ""};
        children[i] = &nodes[i];
    }
    vdc_node mapping = {.kind = VDC_NODE_MAPPING, .children = children, .count = KEYS};
    vdc_diag diag = {0};
    options out;
    cr_expect_eq(vdc_params_read(&mapping, table, ROWS, &out, NULL, "x", &diag), VDC_ERROR_INPUT);
    cr_expect_eq(diag.errors, KEYS + 1);
    cr_expect_eq(diag.count, VDC_DIAG_LIMIT);
    vdc_diag_clear(&diag);
}

Test(base_param, without_memory_the_code_still_says_so) {
    vdc_arena arena = {0};
    const vdc_node *tree = test_tree(&arena, "{count: 99, norm: cpv, nnode: 1}");
    for (uint64_t n = 1; n < 200; n++) {
        vdc_diag diag = {0};
        options out;
        vdc_memory_fail_at(n, false);
        vdc_code code = vdc_params_read(tree, table, ROWS, &out, also, "x", &diag);
        vdc_memory_fail_at(0, false);
        cr_expect(code == VDC_ERROR_INPUT || code == VDC_ERROR_MEMORY);
        cr_expect_geq(diag.errors, 3);
        bool complete = diag.count == 3 && diag.suppressed == 0 && diag.first == VDC_ERROR_INPUT;
        vdc_diag_clear(&diag);
        if (complete) break;
        cr_assert_lt(n, 199);
    }
    vdc_arena_free(&arena);
}

Test(base_node, lookups) {
    vdc_arena arena = {0};
    const vdc_node *root = test_tree(&arena, "{a: {b: [x, {c: deep}]}, list: []}");
    cr_expect_str_eq(vdc_node_find(root, "a.b.1.c")->text, "deep");
    cr_expect_str_eq(vdc_node_find(root, "a.b.0")->text, "x");
    cr_expect_eq(vdc_node_find(root, "a"), vdc_node_get(root, "a"));
    static const char *const absent[] = {"", ".", "a.", "b", "a.b.2", "a.b.-1", "a.b.x", "a.b.0.c", "list.0",
                                           "a.b.99999999999999999999", "a..b", "lis", "listt"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) cr_expect_null(vdc_node_find(root, absent[i]), "'%s'", absent[i]);
    cr_expect_null(vdc_node_find(NULL, "a"));
    cr_expect_null(vdc_node_get(vdc_node_find(root, "list"), "a"));
    vdc_arena_free(&arena);
}

Test(base_node, descriptions) {
    char buffer[96];
    const vdc_node null = {0}, text = {.kind = VDC_NODE_SCALAR, .text = "a\nb\x01"}, number = {.kind = VDC_NODE_SCALAR, .text = "1.5"};
    const vdc_node quoted = {.kind = VDC_NODE_SCALAR, .text = "1.5", .quoted = true}, list = {.kind = VDC_NODE_SEQUENCE};
    const vdc_node mapping = {.kind = VDC_NODE_MAPPING};
    cr_expect_str_eq(vdc_node_describe(NULL, buffer, sizeof buffer), "nothing");
    cr_expect_str_eq(vdc_node_describe(&null, buffer, sizeof buffer), "nothing");
    cr_expect_str_eq(vdc_node_describe(&text, buffer, sizeof buffer), "the text 'a?b?'");
    cr_expect_str_eq(vdc_node_describe(&number, buffer, sizeof buffer), "the number 1.5");
    cr_expect_str_eq(vdc_node_describe(&quoted, buffer, sizeof buffer), "the text '1.5'");
    cr_expect_str_eq(vdc_node_describe(&list, buffer, sizeof buffer), "an empty list");
    cr_expect_str_eq(vdc_node_describe(&mapping, buffer, sizeof buffer), "a mapping");
    /* 47 letters, then a character of two bytes across the limit: it is left out whole. */
    const vdc_node cut = {.kind = VDC_NODE_SCALAR, .text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9tail"};
    cr_expect_str_eq(vdc_node_describe(&cut, buffer, sizeof buffer), "the text 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'");
}

Test(base_param, near_misses) {
    static const char *const words[] = {"placement", "policy", "best-fit", "worst-fit", "cpu", "pue", "id", NULL};
    static const struct { const char *word, *nearest; } cases[] = {
        {"polcy", "policy"}, {"Policy", "policy"}, {"best_fit", "best-fit"}, {"bestfit", "best-fit"}, {"palcement", "placement"}, {"cpus", "cpu"},
        {"worst-fitt", "worst-fit"}, {"zebra", NULL}, {"", NULL}, {"x", NULL}, {"qqqq", NULL}, {"placement", "placement"},
        {"a-word-that-is-much-longer-than-any-key-could-ever-be-here", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *nearest = vdc_nearest(cases[i].word, words);
        if (cases[i].nearest)
            cr_expect(nearest && strcmp(nearest, cases[i].nearest) == 0, "'%s' gives %s", cases[i].word, nearest ? nearest : "nothing");
        else cr_expect_null(nearest, "'%s' gives %s", cases[i].word, nearest);
    }
}

/* Optimal string alignment by its definition: prefixes of lengths i and j. */
static int plain_distance(const char *a, int i, const char *b, int j) {
    if (i == 0 || j == 0) return i + j;
    int best = plain_distance(a, i - 1, b, j - 1) + (a[i - 1] != b[j - 1]);
    int left = plain_distance(a, i - 1, b, j) + 1, right = plain_distance(a, i, b, j - 1) + 1;
    if (left < best) best = left;
    if (right < best) best = right;
    bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
    int swap = swapped ? plain_distance(a, i - 2, b, j - 2) + 1 : best;
    return swap < best ? swap : best;
}

/* Lengths and rows that rule a word out early must not change who is nearest. */
Test(base_param, the_nearest_word_is_that_of_the_fewest_edits) {
    uint64_t state = 1;
    for (int round = 0; round < 1500; round++) {
        enum { WORDS = 5, LONGEST = 6 };
        char texts[WORDS + 1][LONGEST + 1];
        const char *words[WORDS + 1] = {NULL};
        for (int w = 0; w <= WORDS; w++) {
            int length = 0, most = 1 + (int)((state = state * UINT64_C(6364136223846793005) + 1442695040888963407u) >> 33) % LONGEST;
            for (; length < most; length++) texts[w][length] = (char)('a' + ((state = state * UINT64_C(6364136223846793005) + 1442695040888963407u) >> 33) % 3);
            texts[w][length] = '\0';
            if (w < WORDS) words[w] = texts[w];
        }
        const char *word = texts[WORDS], *expected = NULL;
        int length = (int)strlen(word), fewest = (length + 3) / 4 + (length > 2);
        for (int w = 0; w < WORDS; w++) {
            int other = (int)strlen(words[w]), edits = plain_distance(word, length, words[w], other);
            if (edits > fewest || (edits == fewest && (expected || edits >= other || edits >= length))) continue;
            fewest = edits;
            expected = words[w];
        }
        const char *nearest = vdc_nearest(word, words);
        cr_assert(nearest == expected, "'%s': %s, not %s", word, nearest ? nearest : "none", expected ? expected : "none");
    }
}

Test(base_param, paths_are_relative_to_the_file_they_are_written_in) {
    static const struct { const char *file, *path, *resolved; } cases[] = {
        {"a/b.yaml", "c.csv", "a/c.csv"}, {"b.yaml", "c.csv", "c.csv"}, {"/b.yaml", "c.csv", "/c.csv"}, {"a/b.yaml", "/c.csv", "/c.csv"},
        {"/x/y/b.yaml", "../c.csv", "/x/y/../c.csv"}, {NULL, "c.csv", "c.csv"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *resolved = vdc_path_resolve(cases[i].file, cases[i].path);
        cr_expect_str_eq(resolved, cases[i].resolved);
        vdc_free(resolved);
    }
}
