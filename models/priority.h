/* Priorities as they are written, wherever one is: of VMs, in operations, in rules. */
#ifndef VDC_MODELS_PRIORITY_H
#define VDC_MODELS_PRIORITY_H

#include "models/request.h"
#include "sim/base/yaml.h"

/* "low", "normal", "high" or an integer of 32 bits. */
bool vdc_priority_parse(const char *begin, const char *end, int32_t *priority);
/* The same of a node; `what` names whose it is in the message. */
vdc_code vdc_priority_read(const vdc_node *node, const char *what, int32_t *priority, vdc_diag *diag);

#endif
