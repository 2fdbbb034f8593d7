/* YAML text -> a tree of vdc_node with the place of every key and value (through libyaml), and back.
 *
 * One file holds one document. Keys are plain texts and must be unique; tags are refused; aliases share the nodes of their anchor.
 * Limits keep hostile files from costing more than they weigh. Trees are never changed in place: document.h
 * builds new ones that share what stays.
 */
#ifndef VDC_BASE_YAML_H
#define VDC_BASE_YAML_H

#include "sim/base/node.h"
#include "sim/base/status.h"

enum {
    VDC_YAML_SIZE_LIMIT = 64 << 20,    /* bytes of one file */
    VDC_YAML_DEPTH_LIMIT = 64,         /* collections within each other, aliases expanded */
    VDC_YAML_ANCHOR_LIMIT = 1000,      /* anchors in one file */
    VDC_YAML_ALIAS_LIMIT = 100000      /* nodes that the aliases of a file may add to it, expanded; 32 bytes of text count as one */
};

/* Parses one text; `name` stands in messages and places. Everything lies in the arena. An empty text is a VDC_NODE_NULL.
 * A text that is no YAML ends at its first error; other errors are all reported. */
vdc_code vdc_yaml_parse(const char *text, size_t length, const char *name, vdc_arena *arena, const vdc_node **root, vdc_diag *diag);

/* The text that stands for a scalar when it is emitted, or NULL for its own. */
typedef const char *(*vdc_yaml_rename)(void *context, const vdc_node *scalar);

/* The tree as YAML in fresh memory, the same for equal trees; parsing it gives an equal tree. NULL when memory is out. */
char *vdc_yaml_emit(const vdc_node *root, vdc_yaml_rename rename, void *context);

#endif
