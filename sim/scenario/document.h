/* A scenario's tree as a whole: the file, what it extends, and what --set puts into it.
 *
 * `extends: other.yaml` at the top of a file takes over the other file key by key: mappings are merged, everything else is replaced,
 * and a key that is set to nothing (~) drops what would be taken over. Places keep pointing into the file they were written in.
 * An overlay "KEY.PATH=VALUE" replaces the value there (parsed as YAML), makes mappings that are missing, and drops the key when
 * VALUE is empty; a number in the path is the index of a list item.
 */
#ifndef VDC_SCENARIO_DOCUMENT_H
#define VDC_SCENARIO_DOCUMENT_H

#include <sys/types.h>

#include "sim/base/node.h"
#include "sim/base/status.h"

enum { VDC_EXTENDS_LIMIT = 16 }; /* files that extend one another */

/* Initialise with {0}. */
typedef struct vdc_document {
    vdc_arena arena;     /* of everything else here */
    const vdc_node *root;/* a mapping, without `extends` */
    const char *text;    /* the file's own bytes */
    size_t file_count;   /* those that were read, with all that is extended, where they are files */
    dev_t devices[VDC_EXTENDS_LIMIT + 1];
    ino_t inodes[VDC_EXTENDS_LIMIT + 1];
    bool merged;         /* the tree is not that of `text` alone: something was taken over or set */
} vdc_document;

/* Reads a file, or `text` in its place when that is not NULL. On failure the document is empty and diag holds every error found. */
vdc_code vdc_document_open(vdc_document *document, const char *path, const char *text, const char *const *sets, size_t set_count,
                           vdc_diag *diag);
void vdc_document_close(vdc_document *document);

#endif
