/* Folders of traces: which files are there, in an order that does not depend on the file system. */
#ifndef VDC_WORKLOADS_FILES_H
#define VDC_WORKLOADS_FILES_H

#include "sim/base/memory.h"
#include "sim/base/status.h"

bool vdc_is_folder(const char *path);
/* The path of the first of the NULL-terminated `names` that is a file in the folder, in fresh memory. *found = NULL and
 * VDC_ERROR_INPUT with a message when none is there. */
vdc_code vdc_folder_find(const char *folder, const char *const *names, char **found, vdc_diag *diag);

typedef struct vdc_folder {
    char **names;     /* of the regular files, sorted bytewise; hidden ones (".x") are left out */
    size_t count, capacity;
} vdc_folder;
/* Initialise with {0}; vdc_folder_clear also after an error. A `suffix` other than NULL is what names must end in. */
vdc_code vdc_folder_list(vdc_folder *list, const char *folder, const char *suffix, vdc_diag *diag);
void vdc_folder_clear(vdc_folder *list);

#endif
