/* A result file for people: its summary by subject, and where it comes from. */
#ifndef VDC_ANALYSIS_SHOW_H
#define VDC_ANALYSIS_SHOW_H

#include "analysis/result.h"
#include "analysis/text.h"

/* The summary, each subject's keys together, values in units that read well. Out of memory: see vdc_text_code. */
void vdc_show_summary(const vdc_result *result, vdc_text *text);
/* What the run was made from: scenario, inputs, policies, seed, versions, digest. */
void vdc_show_provenance(const vdc_result *result, vdc_text *text);

#endif
