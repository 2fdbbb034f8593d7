/* What a policy in another program answers (docs/plugins.md). The program is not trusted: a line is exactly what was agreed or refused. */
#ifndef VDC_SCHEDULERS_PLACEMENT_PROCESS_ANSWER_H
#define VDC_SCHEDULERS_PLACEMENT_PROCESS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "schedulers/policy.h"

enum { VDC_PROCESS_PROTOCOL = 1 };

/* {"ready": 1}, in answer to the greeting. */
bool vdc_process_read_ready(const char *line, size_t length);
/* {"host": 17}, {"host": null}, and with devices {"host": 17, "gpu_devices": [0, 3], "numa_nodes": [1]}: keys in any order, each once. The host is
 * -1 for null, else not negative; whether it exists is for the caller to check. */
bool vdc_process_read_decision(const char *line, size_t length, vdc_decision *decision);

#endif
