/* See priority.h. */
#include "models/priority.h"

#include <string.h>

#include "sim/base/units.h"

bool vdc_priority_parse(const char *begin, const char *end, int32_t *priority) {
    static const struct { const char *name; int32_t value; } names[] = {
        {"low", VDC_PRIORITY_LOW}, {"normal", VDC_PRIORITY_NORMAL}, {"high", VDC_PRIORITY_HIGH}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((size_t)(end - begin) == strlen(names[i].name) && memcmp(begin, names[i].name, (size_t)(end - begin)) == 0) {
            *priority = names[i].value;
            return true;
        }
    int64_t value;
    for (const char *at = begin; at < end; at++)
        if ((*at < '0' || *at > '9') && !(at == begin && *at == '-')) return false;
    if (!vdc_decimal(begin, end, 1, &value) || value < INT32_MIN || value > INT32_MAX) return false;
    *priority = (int32_t)value;
    return true;
}

vdc_code vdc_priority_read(const vdc_node *node, const char *what, int32_t *priority, vdc_diag *diag) {
    const char *text = node->kind == VDC_NODE_SCALAR ? node->text : "";
    char found[128];
    if (vdc_priority_parse(text, text + strlen(text), priority)) return VDC_OK;
    return vdc_fail(diag, VDC_ERROR_INPUT, &node->place, "%s: priority: found %s; allowed: low, normal, high or an integer", what,
                    vdc_node_describe(node, found, sizeof found));
}
