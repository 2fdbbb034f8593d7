/* A document as a tree: mappings, sequences and scalars, each with the place it was written at.
 *
 * The scenario's YAML becomes such a tree (sim/base/yaml.c); everything that takes options reads them from
 * here through parameter tables (param.h). The tree knows no format and does no I/O.
 */
#ifndef VDC_BASE_NODE_H
#define VDC_BASE_NODE_H

#include "sim/base/memory.h"
#include "sim/base/status.h"

typedef enum vdc_node_kind { VDC_NODE_NULL, VDC_NODE_SCALAR, VDC_NODE_SEQUENCE, VDC_NODE_MAPPING } vdc_node_kind;

typedef struct vdc_node {
    vdc_node_kind kind;
    bool quoted;               /* a scalar written in quotes: text whatever it looks like */
    const char *key;           /* the key it has in its mapping, else NULL */
    const char *text;          /* scalars */
    vdc_place place;           /* of the value */
    vdc_place key_place;       /* of the key */
    struct vdc_node **children;/* of sequences and mappings, in the order written */
    size_t count;
} vdc_node;

/* The child with that key, or NULL (also for a NULL node or one that is no mapping). O(children). */
const vdc_node *vdc_node_get(const vdc_node *mapping, const char *key);
/* The child by a dotted path ("schedulers.placement.policy"), or NULL. */
const vdc_node *vdc_node_find(const vdc_node *root, const char *path);
/* "a number", "a list", "nothing", "the text 'x'": what was found, for messages. Static or in `buffer`. */
const char *vdc_node_describe(const vdc_node *node, char *buffer, size_t size);

#endif
