/* The document tree: looking up and describing (node.h). */
#include "sim/base/node.h"

#include "sim/base/units.h"

#include <stdio.h>
#include <string.h>

static const vdc_node *get(const vdc_node *mapping, const char *key, size_t length) {
    if (!mapping || mapping->kind != VDC_NODE_MAPPING) return NULL;
    for (size_t i = 0; i < mapping->count; i++) {
        const char *name = mapping->children[i]->key;
        if (name && strncmp(name, key, length) == 0 && name[length] == '\0') return mapping->children[i];
    }
    return NULL;
}

const vdc_node *vdc_node_get(const vdc_node *mapping, const char *key) {
    return get(mapping, key, strlen(key));
}

const vdc_node *vdc_node_find(const vdc_node *root, const char *path) {
    const vdc_node *node = root;
    for (const char *step = path; node; ) {
        size_t length = strcspn(step, ".");
        if (node->kind == VDC_NODE_SEQUENCE) {
            size_t index = 0, digits = strspn(step, "0123456789");
            bool is_index = length > 0 && digits == length && length <= 9;
            for (size_t i = 0; is_index && i < length; i++) index = index * 10 + (size_t)(step[i] - '0');
            node = is_index && index < node->count ? node->children[index] : NULL;
        } else {
            node = get(node, step, length);
        }
        if (step[length] == '\0') break;
        step += length + 1;
    }
    return node;
}

/* Copies `text` for a message: control characters as '?', long texts cut at a character's border. */
static void show_text(const char *text, char *buffer, size_t size) {
    enum { SHOWN = 48 };
    size_t length = strlen(text), cut = length;
    if (cut > SHOWN) {
        cut = SHOWN;
        while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80) cut--;
    }
    int written = snprintf(buffer, size, "%.*s%s", (int)cut, text, cut < length ? "..." : "");
    for (int i = 0; i < written && (size_t)i + 1 < size; i++)
        if ((unsigned char)buffer[i] < ' ' || buffer[i] == 0x7f) buffer[i] = '?';
}

const char *vdc_node_describe(const vdc_node *node, char *buffer, size_t size) {
    if (!node) return "nothing";
    switch (node->kind) {
    case VDC_NODE_NULL: return "nothing";
    case VDC_NODE_SEQUENCE: return node->count ? "a list" : "an empty list";
    case VDC_NODE_MAPPING: return "a mapping";
    case VDC_NODE_SCALAR: break;
    }
    char shown[64];
    double number;
    show_text(node->text, shown, sizeof shown);
    if (!node->quoted && vdc_decimal_real(node->text, node->text + strlen(node->text), &number))
        snprintf(buffer, size, "the number %s", shown);
    else
        snprintf(buffer, size, "the text '%s'", shown);
    return buffer;
}
