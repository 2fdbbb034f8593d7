/* YAML text -> a tree of vdc_node with the place of every key and value, and back (through libyaml).
 *
 * One file holds one document. Beyond the plain format: `extends: other.yaml` at the top takes over another file key by key, and
 * overlays "KEY.PATH=VALUE" replace single values. Keys are plain texts and must be unique; tags are refused; anchors and aliases are
 * expanded. Limits keep hostile files from costing more than they weigh.
 */
#ifndef VDC_SCENARIO_YAML_H
#define VDC_SCENARIO_YAML_H

#include "sim/base/node.h"
#include "sim/base/status.h"

enum {
    VDC_YAML_SIZE_LIMIT = 64 << 20,    /* bytes of one file */
    VDC_YAML_DEPTH_LIMIT = 64,         /* collections within each other, aliases expanded */
    VDC_YAML_ALIAS_LIMIT = 100000,     /* nodes that aliases may add to a file */
    VDC_YAML_EXTENDS_LIMIT = 16        /* files that extend one another */
};

/* A tree and the memory that it lies in. Initialise with {0}. */
typedef struct vdc_document {
    vdc_arena arena;
    vdc_node *root;      /* a mapping */
    char *text;          /* the file's bytes */
    bool merged;         /* the tree is not that of `text` alone: something was taken over or set */
} vdc_document;

/* Parses one text; `name` stands in messages and places. No `extends`. The root may be of any kind (VDC_NODE_NULL for an empty text). */
vdc_code vdc_yaml_parse(const char *text, size_t length, const char *name, vdc_arena *arena, vdc_node **root, vdc_diag *diag);

/* Reads a file (or `text` in its place, when not NULL), takes over what it extends, applies the overlays in their order.
 * The root must be a mapping. On failure the document is empty. */
vdc_code vdc_document_open(vdc_document *document, const char *path, const char *text, const char *const *sets, size_t set_count,
                           vdc_diag *diag);
void vdc_document_close(vdc_document *document);

/* The tree as YAML text in fresh memory, the same for equal trees; NULL when memory is out. */
char *vdc_yaml_emit(const vdc_node *root);

#endif
