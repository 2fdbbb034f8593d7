/* What the format describes and this version does not simulate: refused by name, never ignored.
 *
 * This is the one place. Whoever adds the model removes its row.
 */
#include "sim/scenario/reading.h"

#include <string.h>

/* `path` as in vdc_scenario_sections. Without `allowed` the key as such is refused, else every value but that one. */
typedef struct refusal {
    const char *path;
    const char *allowed;
} refusal;

static const refusal later[] = {
    {NULL, NULL}, /* the end */
};

static bool is_allowed(const vdc_node *node, const char *allowed) {
    if (node->kind != VDC_NODE_SCALAR) return true; /* the wrong kind: its table says so */
    int64_t found, wanted;
    if (vdc_parse_integer(node->text, VDC_DIM_COUNT, &found) || vdc_parse_integer(allowed, VDC_DIM_COUNT, &wanted))
        return strcmp(node->text, allowed) == 0;
    return found == wanted;
}

static void refuse(vdc_reading *reading, const vdc_node *node, const refusal *row) {
    if (node->kind == VDC_NODE_NULL || (row->allowed && is_allowed(node, row->allowed))) return;
    char buffer[96];
    vdc_code code = row->allowed ? vdc_fail(reading->diag, VDC_ERROR_INPUT, &node->place,
                                            "%s: found %s, which is not supported yet; allowed: %s", row->path,
                                            vdc_node_describe(node, buffer, sizeof buffer), row->allowed)
                                 : vdc_fail(reading->diag, VDC_ERROR_INPUT, &node->key_place, "%s: not supported yet", row->path);
    vdc_reading_note(reading, code);
}

/* Every node that the rest of the path leads to from `node`. */
static void walk(vdc_reading *reading, const vdc_node *node, const char *step, const refusal *row) {
    size_t length = strcspn(step, ".[");
    char key[32] = "";
    memcpy(key, step, length < sizeof key ? length : sizeof key - 1);
    const vdc_node *child = vdc_node_get(node, key);
    if (!child) return;
    step += length;
    if (strncmp(step, "[].", 3) == 0) {
        for (size_t i = 0; child->kind == VDC_NODE_SEQUENCE && i < child->count; i++)
            walk(reading, child->children[i], step + 3, row);
    } else if (*step == '.') {
        walk(reading, child, step + 1, row);
    } else {
        refuse(reading, child, row);
    }
}

void vdc_reading_refuse_later(vdc_reading *reading, const vdc_node *root) {
    for (size_t i = 0; later[i].path; i++) walk(reading, root, later[i].path, &later[i]);
}
