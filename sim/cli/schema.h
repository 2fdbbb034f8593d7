/* The scenario format as a JSON Schema (draft 2020-12), for editors that check and complete YAML as it is written. */
#ifndef VDC_CLI_SCHEMA_H
#define VDC_CLI_SCHEMA_H

#include "sim/cli/json.h"

/* Writes the schema of everything that this build reads: sections, trace formats, policies and power models, from their tables. It accepts
 * every valid scenario; what concerns several keys at once is only checked by reading the scenario. */
void vdc_schema_write(vdc_json *json);

#endif
