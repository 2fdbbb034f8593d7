/* Registries of small parts. See kinds.h. */
#include "workloads/kinds.h"

#include <stdio.h>
#include <string.h>

enum { KIND_LIMIT = 32 };

static const vdc_kind *kind_at(const void *kinds, size_t stride, size_t i) {
    return (const vdc_kind *)(const void *)((const char *)kinds + i * stride);
}

static vdc_code unknown(const vdc_node *name, const char *key, const void *kinds, size_t stride, size_t count, const char *what,
                        vdc_diag *diag) {
    const char *names[KIND_LIMIT + 1];
    char list[512] = "";
    size_t length = 0;
    for (size_t i = 0; i < count && i < KIND_LIMIT; i++) {
        names[i] = kind_at(kinds, stride, i)->name;
        if (length < sizeof list)
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "", names[i]);
    }
    names[count < KIND_LIMIT ? count : KIND_LIMIT] = NULL;
    const char *near = vdc_nearest(name->text, names);
    return vdc_fail(diag, VDC_ERROR_INPUT, &name->place, "%s: %s: found '%s'%s%s%s; allowed: %s", what, key, name->text,
                    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", list);
}

vdc_code vdc_kind_read(const vdc_node *node, const char *key, const void *kinds, size_t stride, size_t count, const char *what,
                       vdc_arena *arena, size_t *chosen, void **values, vdc_diag *diag) {
    const vdc_node *name = vdc_node_get(node, key);
    if (!name || name->kind != VDC_NODE_SCALAR)
        return vdc_fail(diag, VDC_ERROR_INPUT, name ? &name->place : &node->place, "%s: the key '%s' %s", what, key,
                        name ? "needs a name" : "is missing");
    size_t i = 0;
    while (i < count && strcmp(kind_at(kinds, stride, i)->name, name->text) != 0) i++;
    if (i == count) return unknown(name, key, kinds, stride, count, what, diag);
    const vdc_kind *kind = kind_at(kinds, stride, i);
    *chosen = i;
    *values = vdc_arena_alloc(arena, kind->size);
    if (!*values) return vdc_no_memory(diag, what);
    const char *const also[] = {key, NULL};
    char section[96];
    (void)snprintf(section, sizeof section, "%s %s", what, kind->name);
    return vdc_params_read(node, kind->params, kind->param_count, *values, also, section, diag);
}
