/* A scenario's tree from its files and overlays: see document.h.
 *
 * Nodes are never changed, since aliases share them: what differs is built anew along the path to it.
 */
#include "sim/scenario/document.h"

#include "sim/base/file.h"
#include "sim/base/names.h"
#include "sim/base/param.h"
#include "sim/base/yaml.h"

#include <string.h>
#include <sys/stat.h>

/* One file of a chain of `extends`. */
typedef struct link {
    const struct link *below; /* the file that extends this one */
    int depth;
    bool known;               /* device and inode are */
    dev_t device;
    ino_t inode;
} link;

typedef struct builder {
    vdc_document *document;
    vdc_arena *arena;
    vdc_diag *diag;
    vdc_code code; /* the first error */
} builder;

static const vdc_node *fail_without_memory(builder *in) {
    vdc_code code = vdc_no_memory(in->diag, "a scenario");
    if (!in->code) in->code = code;
    return NULL;
}

/* A mapping or sequence like `like` with `count` children, to be filled. */
static vdc_node *new_collection(builder *in, const vdc_node *like, size_t count) {
    vdc_node *node = vdc_arena_alloc(in->arena, sizeof *node);
    vdc_node **children = vdc_arena_alloc(in->arena, (count + 1) * sizeof *children);
    if (!node || !children) {
        fail_without_memory(in);
        return NULL;
    }
    *node = *like;
    node->children = children;
    node->count = 0;
    return node;
}

static bool is_nothing(const vdc_node *node) {
    return node->kind == VDC_NODE_NULL;
}

/* The numbers of a mapping's keys: child i has i + 1. */
static vdc_names *number_keys(builder *in, const vdc_node *mapping) {
    vdc_names *names = NULL;
    bool held = vdc_names_create(&names, NULL) == VDC_OK;
    uint32_t number;
    for (size_t i = 0; held && i < mapping->count; i++)
        held = vdc_names_intern(names, mapping->children[i]->key, strlen(mapping->children[i]->key), &number) == VDC_OK;
    if (held) return names;
    vdc_names_destroy(names);
    fail_without_memory(in);
    return NULL;
}

/* `over` on top of `base`: mappings key by key, anything else is `over`. */
static const vdc_node *merge(builder *in, const vdc_node *base, const vdc_node *over) {
    if (base->kind != VDC_NODE_MAPPING || over->kind != VDC_NODE_MAPPING) return over;
    vdc_node *merged = new_collection(in, over, base->count + over->count);
    vdc_names *base_keys = number_keys(in, base), *over_keys = number_keys(in, over);
    bool held = merged && base_keys && over_keys;
    for (size_t i = 0; held && i < base->count; i++) {
        vdc_node *child = base->children[i];
        uint32_t number = vdc_names_find(over_keys, child->key, strlen(child->key));
        if (number != UINT32_MAX) {
            const vdc_node *replacement = over->children[number - 1];
            if (is_nothing(replacement)) continue;
            child = (vdc_node *)merge(in, child, replacement);
            held = child != NULL;
        }
        merged->children[merged->count++] = child;
    }
    for (size_t i = 0; held && i < over->count; i++)
        if (vdc_names_find(base_keys, over->children[i]->key, strlen(over->children[i]->key)) == UINT32_MAX)
            merged->children[merged->count++] = over->children[i];
    vdc_names_destroy(base_keys);
    vdc_names_destroy(over_keys);
    return held ? merged : NULL;
}

/* The mapping without one of its keys. */
static const vdc_node *without_key(builder *in, const vdc_node *mapping, const char *key) {
    vdc_node *node = new_collection(in, mapping, mapping->count);
    for (size_t i = 0; node && i < mapping->count; i++)
        if (strcmp(mapping->children[i]->key, key) != 0) node->children[node->count++] = mapping->children[i];
    return node;
}

static const vdc_node *load(builder *in, const char *path, const char *text, size_t length, const link *below, bool *extended);

/* Reads the file that `named` names and lays `root` over it. */
static const vdc_node *extend(builder *in, const vdc_node *root, const vdc_node *named, const link *self, bool *extended) {
    const char *name = NULL;
    if (vdc_node_text(named, &name, in->diag)) {
        if (!in->code) in->code = VDC_ERROR_INPUT;
        return NULL;
    }
    char *path = vdc_path_resolve(named->place.file, name), *text = NULL;
    size_t length = 0;
    if (!path) return fail_without_memory(in);
    const vdc_node *base = NULL;
    vdc_code code = vdc_file_is_stream(path) ? VDC_ERROR_INPUT : vdc_file_read(path, VDC_YAML_SIZE_LIMIT, &text, &length, NULL);
    if (code == VDC_ERROR_MEMORY) {
        fail_without_memory(in);
    } else if (code) {
        code = vdc_fail(in->diag, VDC_ERROR_INPUT, &named->place, "extends: the file '%s' cannot be read", path);
        if (!in->code) in->code = code;
    } else {
        base = load(in, path, text, length, self, extended);
    }
    vdc_free(text);
    vdc_free(path);
    *extended = true;
    root = base ? without_key(in, root, "extends") : NULL;
    return root ? merge(in, base, root) : NULL;
}

static bool is_same_file(const link *a, const link *b) {
    return a->known && b->known && a->device == b->device && a->inode == b->inode;
}

/* The tree of one file with what it extends; NULL after an error. */
static const vdc_node *load(builder *in, const char *path, const char *text, size_t length, const link *below, bool *extended) {
    const vdc_place place = {.file = path};
    link self = {.below = below, .depth = below ? below->depth + 1 : 0};
    struct stat status;
    if (stat(path, &status) == 0) {
        self.known = true;
        self.device = status.st_dev;
        self.inode = status.st_ino;
        vdc_document *document = in->document;
        if (document->file_count <= VDC_EXTENDS_LIMIT) {
            document->devices[document->file_count] = self.device;
            document->inodes[document->file_count++] = self.inode;
        }
    }
    const char *wrong = self.depth > VDC_EXTENDS_LIMIT ? "is the 17th file that extends another: at most 16" : NULL;
    for (const link *other = below; other && !wrong; other = other->below)
        if (is_same_file(&self, other)) wrong = "extends itself (in a circle)";
    if (wrong) {
        vdc_code code = vdc_fail(in->diag, VDC_ERROR_INPUT, &place, "%s", wrong);
        if (!in->code) in->code = code;
        return NULL;
    }
    const vdc_node *root;
    vdc_code code = vdc_yaml_parse(text, length, path, in->arena, &root, in->diag);
    if (!code && root->kind != VDC_NODE_MAPPING) {
        char buffer[96];
        code = vdc_fail(in->diag, VDC_ERROR_INPUT, &root->place, "found %s; allowed: a mapping (key: value)",
                        is_nothing(root) ? "an empty file" : vdc_node_describe(root, buffer, sizeof buffer));
    }
    if (code) {
        if (!in->code) in->code = code;
        return NULL;
    }
    const vdc_node *named = vdc_node_get(root, "extends");
    return named ? extend(in, root, named, &self, extended) : root;
}

/* One overlay. */
typedef struct overlay {
    builder *in;
    const vdc_node *value;
    const char *place_name; /* names it in messages */
    const char *path;       /* the whole dotted path */
} overlay;

static const vdc_node *refuse_overlay(const overlay *set, const char *what) {
    const vdc_place place = {.file = set->place_name};
    vdc_code code = vdc_fail(set->in->diag, VDC_ERROR_INPUT, &place, "%s", what);
    if (!set->in->code) set->in->code = code;
    return NULL;
}

/* A copy of the child list with child `at` replaced (or one more, at == count). */
static vdc_node *with_child(builder *in, const vdc_node *node, size_t at, const vdc_node *child) {
    vdc_node *copy = new_collection(in, node, node->count + 1);
    if (!copy) return NULL;
    if (node->count) memcpy(copy->children, node->children, node->count * sizeof *copy->children);
    copy->count = at == node->count ? node->count + 1 : node->count;
    copy->children[at] = (vdc_node *)child;
    return copy;
}

/* `node` (may be NULL: nothing there) with the value put at the path `step`. NULL after an error. */
static const vdc_node *put_value(const overlay *set, const vdc_node *node, const char *step) {
    builder *in = set->in;
    size_t length = strcspn(step, ".");
    const char *rest = step[length] ? step + length + 1 : NULL;
    if (length == 0) return refuse_overlay(set, "has an empty key in its path; allowed: KEY.PATH=VALUE");
    char *key = vdc_arena_strndup(in->arena, step, length);
    if (!key) return fail_without_memory(in);
    const vdc_node nothing = {.kind = VDC_NODE_MAPPING, .place = {.file = set->place_name}};
    if (!node || is_nothing(node)) node = &nothing;
    if (node->kind == VDC_NODE_SCALAR) return refuse_overlay(set, "leads through a value that has no keys");
    size_t at = node->count;
    const vdc_node *old = vdc_node_find(node, key);
    for (size_t i = 0; i < node->count; i++)
        if (node->children[i] == old) at = i;
    if (node->kind == VDC_NODE_SEQUENCE && !old)
        return refuse_overlay(set, "names an item that the list does not have (items count from 0)");
    if (!rest && is_nothing(set->value) && node->kind == VDC_NODE_MAPPING) return without_key(in, node, key);
    const vdc_node *value = rest ? put_value(set, old, rest) : set->value;
    vdc_node *child = value ? vdc_arena_alloc(in->arena, sizeof *child) : NULL;
    if (!child) return value ? fail_without_memory(in) : NULL;
    *child = *value;
    child->key = node->kind == VDC_NODE_MAPPING ? key : NULL;
    child->key_place = old ? old->key_place : (vdc_place){.file = set->place_name};
    return with_child(in, node, at, child);
}

/* The overlay's text has no lines that would help. */
static void forget_lines(const vdc_node *node) {
    vdc_node *own = (vdc_node *)node; /* fresh from the parser: nobody else has seen it */
    own->place.line = own->place.column = own->key_place.line = own->key_place.column = 0;
    for (size_t i = 0; i < node->count; i++) forget_lines(node->children[i]);
}

/* Applies "KEY.PATH=VALUE". */
static const vdc_node *apply(builder *in, const vdc_node *root, const char *path, const char *assignment) {
    const char *equals = strchr(assignment, '=');
    size_t length = equals ? (size_t)(equals - assignment) : strlen(assignment);
    overlay set = {.in = in, .path = vdc_arena_strndup(in->arena, assignment, length)};
    if (!set.path) return fail_without_memory(in);
    /* The name begins like the scenario's, so that relative paths in the value start from its folder; no slash may follow. */
    bool shown = !strchr(set.path, '/') && length <= 100;
    char *name = vdc_format("%s --set %s", path, shown ? set.path : "");
    set.place_name = name ? vdc_arena_strdup(in->arena, name) : NULL;
    vdc_free(name);
    if (!set.place_name) return fail_without_memory(in);
    if (!equals) return refuse_overlay(&set, "has no value; allowed: KEY.PATH=VALUE");
    vdc_code code = vdc_yaml_parse(equals + 1, strlen(equals + 1), set.place_name, in->arena, &set.value, in->diag);
    if (code) {
        if (!in->code) in->code = code;
        return NULL;
    }
    forget_lines(set.value);
    size_t steps = 1;
    for (const char *c = set.path; *c; c++) steps += *c == '.';
    if (steps > VDC_YAML_DEPTH_LIMIT) return refuse_overlay(&set, "has too long a path");
    return put_value(&set, root, set.path);
}

vdc_code vdc_document_open(vdc_document *document, const char *path, const char *text, const char *const *sets, size_t set_count,
                           vdc_diag *diag) {
    *document = (vdc_document){0};
    builder in = {.document = document, .arena = &document->arena, .diag = diag};
    char *read = NULL;
    size_t length = text ? strlen(text) : 0;
    if (!text && (in.code = vdc_file_read(path, VDC_YAML_SIZE_LIMIT, &read, &length, diag))) return in.code;
    if (!text) text = read;
    bool extended = false;
    const vdc_node *root = load(&in, path, text, length, NULL, &extended);
    /* All overlays are looked at, so that all their errors are reported. */
    for (size_t i = 0; root && i < set_count; i++) {
        const vdc_node *changed = apply(&in, root, path, sets[i]);
        if (changed) root = changed;
    }
    document->root = root;
    document->merged = extended || set_count > 0;
    document->text = in.code ? NULL : vdc_arena_strndup(&document->arena, text, length);
    if (!in.code && !document->text) fail_without_memory(&in);
    vdc_free(read);
    if (in.code) vdc_document_close(document);
    return in.code;
}

void vdc_document_close(vdc_document *document) {
    vdc_arena_free(&document->arena);
    *document = (vdc_document){0};
}
