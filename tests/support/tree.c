#include "tests/support/tree.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

typedef struct reader {
    vdc_arena *arena;
    const char *start, *at;
} reader;

static void skip_blanks(reader *in) {
    while (isspace((unsigned char)*in->at)) in->at++;
}

static vdc_place place_of(const reader *in) {
    return (vdc_place){.file = "test", .line = 1, .column = (int)(in->at - in->start) + 1};
}

static const char *read_word(reader *in, const char *ends, bool *quoted) {
    const char *from = in->at;
    *quoted = *from == '"';
    if (*quoted) {
        const char *end = strchr(++from, '"');
        cr_assert_not_null(end, "no closing quote in: %s", in->start);
        in->at = end + 1;
        return vdc_arena_strndup(in->arena, from, (size_t)(end - from));
    }
    in->at += strcspn(in->at, ends);
    const char *end = in->at;
    while (end > from && isspace((unsigned char)end[-1])) end--;
    return vdc_arena_strndup(in->arena, from, (size_t)(end - from));
}

static vdc_node *read_node(reader *in) {
    enum { MOST = 64 };
    skip_blanks(in);
    vdc_node *node = vdc_arena_alloc(in->arena, sizeof *node);
    node->place = place_of(in);
    char open = *in->at, close = open == '{' ? '}' : open == '[' ? ']' : '\0';
    if (!close) {
        node->text = read_word(in, ",]}", &node->quoted);
        bool empty = !node->quoted && (!*node->text || !strcmp(node->text, "null"));
        node->kind = empty ? VDC_NODE_NULL : VDC_NODE_SCALAR;
        return node;
    }
    node->kind = open == '{' ? VDC_NODE_MAPPING : VDC_NODE_SEQUENCE;
    node->children = vdc_arena_alloc(in->arena, MOST * sizeof *node->children);
    in->at++;
    for (skip_blanks(in); *in->at != close; skip_blanks(in)) {
        cr_assert(*in->at && node->count < MOST, "malformed or too long: %s", in->start);
        vdc_place key_place = place_of(in);
        const char *key = NULL;
        if (open == '{') {
            bool quoted;
            key = read_word(in, ":,}", &quoted);
            cr_assert_eq(*in->at, ':', "no value for %s in: %s", key, in->start);
            in->at++;
        }
        vdc_node *child = read_node(in);
        child->key = key, child->key_place = key_place;
        node->children[node->count++] = child;
        skip_blanks(in);
        if (*in->at == ',') in->at++;
    }
    in->at++;
    return node;
}

const vdc_node *test_tree(vdc_arena *arena, const char *text) {
    reader in = {arena, text, text};
    vdc_node *node = read_node(&in);
    skip_blanks(&in);
    cr_assert_eq(*in.at, '\0', "more than one value in: %s", text);
    return node;
}
