/* Registries of small parts that a scenario chooses by name, each with a parameter table of its own: distributions, arrival
 * processes, load shapes. `{dist: weibull, shape: 0.8, mean: 1h}` chooses by the key `dist`.
 */
#ifndef VDC_WORKLOADS_KINDS_H
#define VDC_WORKLOADS_KINDS_H

#include "sim/base/memory.h"
#include "sim/base/param.h"

typedef struct vdc_kind {
    const char *name;
    const char *summary;
    const vdc_param *params;
    size_t param_count;
    size_t size;              /* of the struct that the table fills; it begins with what the kind keeps of its own */
} vdc_kind;

/* Reads a section: finds the kind that `key` names among `count` descriptors of `stride` bytes that begin with a vdc_kind,
 * and fills a zeroed struct of its size in the arena. `what` names the section in messages. */
vdc_code vdc_kind_read(const vdc_node *node, const char *key, const void *kinds, size_t stride, size_t count, const char *what,
                       vdc_arena *arena, size_t *chosen, void **values, vdc_diag *diag);

#endif
