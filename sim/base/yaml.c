/* YAML through libyaml's events: see yaml.h. */
#include "sim/base/yaml.h"

#include "sim/base/names.h"

#include <string.h>
#include <yaml.h>

/* A named node. `weight` is what an alias adds: the node and those below it, aliases expanded, long texts counted as several. */
typedef struct anchor {
    const char *name;
    const vdc_node *node; /* NULL while it is being read: an alias inside of itself */
    size_t weight;
    int height;
} anchor;

typedef struct reader {
    yaml_parser_t parser;
    const char *text;
    size_t length;
    const char *name;
    vdc_arena *arena;
    vdc_diag *diag;
    vdc_code code;        /* the first error */
    bool stopped;         /* it makes no sense to go on */
    anchor *anchors;
    size_t anchor_count, anchor_capacity;
    vdc_node **pending;   /* children of the collections that are being read, one behind the other */
    size_t pending_count, pending_capacity;
    size_t weight;        /* of all nodes so far */
    size_t added;         /* by aliases */
} reader;

static vdc_place place_of(const reader *in, yaml_mark_t mark) {
    const int most = 1 << 30;
    return (vdc_place){.file = in->name, .line = mark.line < (size_t)most ? (int)mark.line + 1 : most,
                       .column = mark.column < (size_t)most ? (int)mark.column + 1 : most};
}

static void note(reader *in, vdc_code code) {
    if (!in->code) in->code = code;
}

static vdc_node *stop(reader *in, vdc_code code) {
    note(in, code);
    in->stopped = true;
    return NULL;
}

static vdc_node *stop_without_memory(reader *in) {
    return stop(in, vdc_no_memory(in->diag, "a YAML file"));
}

/* Where a byte of the text stands: libyaml gives only the offset for what is no UTF-8. */
static yaml_mark_t mark_of_offset(const reader *in, size_t offset) {
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < in->length; i++) {
        mark.column++;
        if (in->text[i] == '\n') mark.line++, mark.column = 0;
    }
    return mark;
}

/* The next event; false when the text is no YAML. */
static bool next_event(reader *in, yaml_event_t *event) {
    if (yaml_parser_parse(&in->parser, event)) return true;
    const yaml_parser_t *parser = &in->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        stop_without_memory(in);
        return false;
    }
    bool by_offset = parser->error == YAML_READER_ERROR;
    vdc_place place = place_of(in, by_offset ? mark_of_offset(in, parser->problem_offset) : parser->problem_mark);
    stop(in, vdc_fail(in->diag, VDC_ERROR_INPUT, &place, "is not YAML: %s%s%s", parser->problem ? parser->problem : "unreadable",
                      parser->context ? ", " : "", parser->context ? parser->context : ""));
    return false;
}

static vdc_node *new_node(reader *in, vdc_node_kind kind, const yaml_event_t *event) {
    vdc_node *node = vdc_arena_alloc(in->arena, sizeof *node);
    if (!node) return stop_without_memory(in);
    node->kind = kind;
    node->place = place_of(in, event->start_mark);
    in->weight++;
    return node;
}

static bool is_null(const char *text) {
    return !*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") || !strcmp(text, "NULL");
}

static void refuse_tag(reader *in, const yaml_char_t *tag, const vdc_place *place) {
    if (tag)
        note(in, vdc_fail(in->diag, VDC_ERROR_INPUT, place, "found the tag '%.40s'; tags are not allowed", (const char *)tag));
}

/* Begins an anchor; returns its index, or SIZE_MAX for none. */
static size_t open_anchor(reader *in, const yaml_char_t *name) {
    if (!name || in->stopped) return SIZE_MAX;
    if (in->anchor_count >= VDC_YAML_ANCHOR_LIMIT) {
        const vdc_place place = {.file = in->name};
        stop(in, vdc_fail(in->diag, VDC_ERROR_INPUT, &place, "has more than %d anchors", VDC_YAML_ANCHOR_LIMIT));
        return SIZE_MAX;
    }
    const char *copy = vdc_arena_strdup(in->arena, (const char *)name);
    if (!copy || !VDC_RESERVE(in->anchors, in->anchor_capacity, in->anchor_count + 1)) {
        stop_without_memory(in);
        return SIZE_MAX;
    }
    in->anchors[in->anchor_count] = (anchor){.name = copy};
    return in->anchor_count++;
}

static vdc_node *read_alias(reader *in, const yaml_event_t *event, int depth, int *height) {
    vdc_place place = place_of(in, event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    const anchor *found = NULL;
    for (size_t i = in->anchor_count; i-- > 0 && !found; ) /* the latest of that name counts */
        if (strcmp(in->anchors[i].name, name) == 0) found = &in->anchors[i];
    const char *wrong = !found ? "names no anchor before it" : !found->node ? "stands inside of its own anchor" : NULL;
    if (!wrong && found->weight > VDC_YAML_ALIAS_LIMIT - in->added)
        wrong = "makes the file too large: aliases may add 100000 nodes";
    if (!wrong && depth + found->height > VDC_YAML_DEPTH_LIMIT) wrong = "nests collections too deeply: at most 64";
    if (wrong) return stop(in, vdc_fail(in->diag, VDC_ERROR_INPUT, &place, "the alias '*%.40s' %s", name, wrong));
    vdc_node *node = vdc_arena_alloc(in->arena, sizeof *node);
    if (!node) return stop_without_memory(in);
    *node = *found->node; /* its place stays: there it was written */
    node->key = NULL;
    node->key_place = (vdc_place){0};
    *height = found->height;
    in->added += found->weight;
    in->weight += found->weight;
    return node;
}

static vdc_node *read_scalar(reader *in, const yaml_event_t *event) {
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    vdc_node *node = new_node(in, VDC_NODE_SCALAR, event);
    if (!node) return NULL;
    refuse_tag(in, event->data.scalar.tag, &node->place);
    if (memchr(text, '\0', length))
        note(in, vdc_fail(in->diag, VDC_ERROR_INPUT, &node->place, "found a text with a NUL character"));
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!node->quoted && is_null(text)) node->kind = VDC_NODE_NULL;
    in->weight += length / 32;
    node->text = vdc_arena_strndup(in->arena, text, length);
    return node->text ? node : stop_without_memory(in);
}

/* Moves the children that were read since `base` into the node. */
static void take_children(reader *in, vdc_node *node, size_t base) {
    size_t count = in->pending_count - base;
    in->pending_count = base;
    if (count == 0) return;
    node->children = vdc_arena_alloc(in->arena, count * sizeof *node->children);
    if (!node->children) {
        stop_without_memory(in);
        return;
    }
    memcpy(node->children, in->pending + base, count * sizeof *node->children);
    node->count = count;
}

/* Keys seen so far, for mappings too large to look through again for each key. */
enum { FEW_KEYS = 16 };

/* The earlier child with that key, or NULL; the new key is about to follow. Keeps `*seen` for large mappings: as keys are unique
 * and not empty, child base + n has the number n + 1 there. */
static const vdc_node *earlier_child(reader *in, size_t base, const char *key, vdc_names **seen) {
    size_t count = in->pending_count - base;
    if (count < FEW_KEYS) {
        for (size_t i = base; i < in->pending_count; i++)
            if (strcmp(in->pending[i]->key, key) == 0) return in->pending[i];
        return NULL;
    }
    uint32_t number = 0;
    bool held = *seen || vdc_names_create(seen, NULL) == VDC_OK;
    for (size_t i = held ? vdc_names_count(*seen) - 1 : count; held && i < count; i++)
        held = vdc_names_intern(*seen, in->pending[base + i]->key, strlen(in->pending[base + i]->key), &number) == VDC_OK;
    if (!held) {
        stop_without_memory(in);
        return NULL;
    }
    number = vdc_names_find(*seen, key, strlen(key));
    return number == UINT32_MAX ? NULL : in->pending[base + number - 1];
}

static vdc_node *read_node(reader *in, yaml_event_t *event, int depth, int *height);

static void add_child(reader *in, vdc_node *child) {
    if (!VDC_RESERVE(in->pending, in->pending_capacity, in->pending_count + 1)) stop_without_memory(in);
    else in->pending[in->pending_count++] = child;
}

/* The children up to the collection's end; one level deeper than `depth`. Returns the height of the tallest. */
static int read_children(reader *in, bool mapping, size_t base, int depth) {
    int tallest = 0;
    vdc_names *seen = NULL;
    while (!in->stopped) {
        yaml_event_t event;
        if (!next_event(in, &event)) break;
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        int height = 0;
        const vdc_node *key = NULL;
        if (mapping) {
            key = read_node(in, &event, depth, &height);
            if (!key || !next_event(in, &event)) break;
        }
        vdc_node *child = read_node(in, &event, depth, &height);
        if (!child) break;
        if (height > tallest) tallest = height;
        if (key) {
            bool is_text = key->kind == VDC_NODE_SCALAR || key->kind == VDC_NODE_NULL;
            if (!is_text || !*key->text) {
                note(in, vdc_fail(in->diag, VDC_ERROR_INPUT, &key->place, "found %s as a key; allowed: a text",
                                  is_text ? "nothing" : "a collection"));
                continue;
            }
            const vdc_node *earlier = earlier_child(in, base, key->text, &seen);
            if (in->stopped) break;
            if (earlier) {
                note(in, vdc_fail(in->diag, VDC_ERROR_INPUT, &key->place,
                                  "the key '%.60s' stands here a second time (first at line %d)", key->text,
                                  earlier->key_place.line));
                continue;
            }
            child->key = key->text;
            child->key_place = key->place;
        }
        add_child(in, child);
    }
    vdc_names_destroy(seen);
    return tallest;
}

static vdc_node *read_collection(reader *in, const yaml_event_t *event, bool mapping, int depth, int *height) {
    vdc_node *node = new_node(in, mapping ? VDC_NODE_MAPPING : VDC_NODE_SEQUENCE, event);
    if (!node) return NULL;
    if (depth >= VDC_YAML_DEPTH_LIMIT)
        return stop(in, vdc_fail(in->diag, VDC_ERROR_INPUT, &node->place, "collections are nested too deeply: at most %d",
                                 VDC_YAML_DEPTH_LIMIT));
    refuse_tag(in, mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag, &node->place);
    size_t base = in->pending_count;
    *height = 1 + read_children(in, mapping, base, depth + 1);
    take_children(in, node, base);
    return in->stopped ? NULL : node;
}

/* The node that begins with `event`, which is taken over. NULL when reading has stopped. *height: collections within each other.
 */
static vdc_node *read_node(reader *in, yaml_event_t *event, int depth, int *height) {
    const yaml_char_t *name = event->type == YAML_SCALAR_EVENT           ? event->data.scalar.anchor
                              : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
                              : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.anchor
                                                                         : NULL;
    size_t named = open_anchor(in, name), before = in->weight;
    vdc_node *node = NULL;
    *height = 0;
    if (!in->stopped) {
        if (event->type == YAML_ALIAS_EVENT) node = read_alias(in, event, depth, height);
        else if (event->type == YAML_SCALAR_EVENT) node = read_scalar(in, event);
        else node = read_collection(in, event, event->type == YAML_MAPPING_START_EVENT, depth, height);
    }
    yaml_event_delete(event);
    if (node && named != SIZE_MAX) {
        in->anchors[named].node = node;
        in->anchors[named].weight = in->weight - before;
        in->anchors[named].height = *height;
    }
    return node;
}

/* The one document of the stream; NULL when there is none or an error. */
static const vdc_node *read_stream(reader *in) {
    const vdc_node *root = NULL;
    yaml_event_t event;
    for (bool end = false; !end && !in->stopped && next_event(in, &event); ) {
        int height;
        end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && root) {
            vdc_place place = place_of(in, event.start_mark);
            stop(in, vdc_fail(in->diag, VDC_ERROR_INPUT, &place, "a second document begins here; allowed: one"));
        }
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT ||
            event.type == YAML_DOCUMENT_END_EVENT || end)
            yaml_event_delete(&event);
        else root = read_node(in, &event, 0, &height);
    }
    return root;
}

vdc_code vdc_yaml_parse(const char *text, size_t length, const char *name, vdc_arena *arena, const vdc_node **root,
                        vdc_diag *diag) {
    *root = NULL;
    reader in = {.text = text, .length = length, .arena = arena, .diag = diag, .name = vdc_arena_strdup(arena, name)};
    if (!in.name || !yaml_parser_initialize(&in.parser)) return vdc_no_memory(diag, "a YAML file");
    yaml_parser_set_input_string(&in.parser, (const unsigned char *)text, length);
    *root = read_stream(&in);
    yaml_parser_delete(&in.parser);
    vdc_free(in.anchors);
    vdc_free(in.pending);
    if (!*root && !in.code) {
        vdc_node *nothing = vdc_arena_alloc(arena, sizeof *nothing);
        if (!nothing) return vdc_no_memory(diag, "a YAML file");
        nothing->place = (vdc_place){.file = in.name, .line = 1, .column = 1};
        *root = nothing;
    }
    if (in.code) *root = NULL;
    return in.code;
}

/* Emitting: mappings in block style; the items of a list one a line, each in flow style. */
typedef struct writer {
    char *text;
    size_t length, capacity;
    bool failed;
    vdc_yaml_rename rename;
    void *context;
} writer;

static void put(writer *out, const char *text, size_t length) {
    if (out->failed || !VDC_RESERVE(out->text, out->capacity, out->length + length + 1)) {
        out->failed = true;
        return;
    }
    memcpy(out->text + out->length, text, length);
    out->length += length;
    out->text[out->length] = '\0';
}

static void put_text(writer *out, const char *text) {
    put(out, text, strlen(text));
}

static bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/';
}

/* Can the text stand without quotes, anywhere, for sure? */
static bool is_plain(const char *text) {
    bool signed_number = *text == '-' || *text == '+';
    if (!is_word_character(text[signed_number]) || strncmp(text, "...", 3) == 0) return false; /* "..." ends a document */
    for (const char *c = text + signed_number; *c; c++) {
        bool inner = *c == '-' || *c == '+' || *c == '%' || (*c == ' ' && c[1] && c[1] != ' ');
        if (!is_word_character(*c) && !inner) return false;
    }
    return true;
}

/* Decodes the UTF-8 character at *c and moves on; the text is known to be well-formed. */
static unsigned decode(const char **c) {
    unsigned char first = (unsigned char)*(*c)++;
    if (first < 0x80) return first;
    unsigned code = first >= 0xf0 ? first & 7u : first >= 0xe0 ? first & 15u : first & 31u;
    while (((unsigned char)**c & 0xc0) == 0x80) code = code << 6 | ((unsigned char)*(*c)++ & 63u);
    return code;
}

static void put_quoted(writer *out, const char *text) {
    put_text(out, "\"");
    for (const char *c = text; *c; ) {
        const char *from = c;
        unsigned code = decode(&c);
        bool escape = code < ' ' || (code >= 0x7f && code <= 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
                      (code & 0xfffe) == 0xfffe;
        if (code == '"' || code == '\\') put_text(out, "\\");
        if (escape) {
            char hexadecimal[12] = "\\U00000000";
            for (int i = 0; i < 8; i++) hexadecimal[9 - i] = "0123456789abcdef"[code >> 4 * i & 15];
            put_text(out, hexadecimal);
        } else {
            put(out, from, (size_t)(c - from));
        }
    }
    put_text(out, "\"");
}

static void put_word(writer *out, const char *text, bool quoted) {
    if (!quoted && is_plain(text)) put_text(out, text);
    else put_quoted(out, text);
}

static void put_scalar(writer *out, const vdc_node *node) {
    if (node->kind == VDC_NODE_NULL) {
        put_text(out, "~");
        return;
    }
    const char *renamed = out->rename ? out->rename(out->context, node) : NULL;
    put_word(out, renamed ? renamed : node->text, node->quoted);
}

static bool is_scalar(const vdc_node *node) {
    return node->kind == VDC_NODE_SCALAR || node->kind == VDC_NODE_NULL;
}

/* A key before a colon is at most 1024 characters; a longer one is announced by a question mark. Quoted, a character may become ten. */
static bool put_key(writer *out, const char *key) {
    enum { ANNOUNCED = 100 };
    bool announced = strlen(key) > ANNOUNCED;
    if (announced) put_text(out, "? ");
    put_word(out, key, is_null(key));
    return announced;
}

static void put_flow(writer *out, const vdc_node *node) {
    if (is_scalar(node)) {
        put_scalar(out, node);
        return;
    }
    bool mapping = node->kind == VDC_NODE_MAPPING;
    put_text(out, mapping ? "{" : "[");
    for (size_t i = 0; i < node->count && !out->failed; i++) {
        if (i > 0) put_text(out, ", ");
        if (mapping) {
            put_text(out, put_key(out, node->children[i]->key) ? " : " : ": ");
        }
        put_flow(out, node->children[i]);
    }
    put_text(out, mapping ? "}" : "]");
}

static void put_indent(writer *out, int depth) {
    for (int i = 0; i < depth; i++) put_text(out, "  ");
}

static void put_block(writer *out, const vdc_node *node, int depth) {
    for (size_t i = 0; i < node->count && !out->failed; i++) {
        const vdc_node *child = node->children[i];
        put_indent(out, depth);
        if (node->kind == VDC_NODE_SEQUENCE) {
            put_text(out, "- ");
            put_flow(out, child);
            put_text(out, "\n");
            continue;
        }
        if (put_key(out, child->key)) {
            put_text(out, "\n");
            put_indent(out, depth);
        }
        put_text(out, ":");
        if (is_scalar(child) || child->count == 0) {
            put_text(out, " ");
            put_flow(out, child);
            put_text(out, "\n");
        } else {
            put_text(out, "\n");
            put_block(out, child, depth + 1);
        }
    }
}

char *vdc_yaml_emit(const vdc_node *root, vdc_yaml_rename rename, void *context) {
    writer out = {.rename = rename, .context = context};
    if (is_scalar(root) || root->count == 0) {
        put_flow(&out, root);
        put_text(&out, "\n");
    } else {
        put_block(&out, root, 0);
    }
    if (!out.failed) return out.text;
    vdc_free(out.text);
    return NULL;
}
