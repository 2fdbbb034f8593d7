/* Where two result files differ: for a run that did not come out as before. */
#ifndef VDC_ANALYSIS_DIFFERENCE_H
#define VDC_ANALYSIS_DIFFERENCE_H

#include "analysis/result.h"
#include "analysis/text.h"

/* Adds a line for each dataset that only one of the files has, whose shape differs, or whose values do (bit by bit), with the
 * first row that differs and both values; at most `most` lines. Sets *count to how many datasets differ. /summary/digest is not
 * compared. */
vdc_code vdc_result_differences(const vdc_result *a, const vdc_result *b, size_t most, size_t *count, vdc_text *text,
                                vdc_diag *diag);

#endif
