/* A report: one HTML page that holds everything, pictures included, and needs nothing else to be read. */
#ifndef VDC_ANALYSIS_REPORT_H
#define VDC_ANALYSIS_REPORT_H

#include "analysis/compare.h"

typedef struct vdc_report_options {
    const char *title;           /* NULL: the scenario's name */
    const char *baseline;        /* as in vdc_compare_options */
    bool (*stop)(void);          /* as in vdc_plot_options */
} vdc_report_options;

/* Builds the page: what was run, key numbers with intervals, every metric, pictures (drawn by gnuplot in a temporary folder that
 * is removed; without gnuplot the page says so), how to run it again, scenarios and inputs. Equal results give an equal page. */
vdc_code vdc_report_build(const vdc_runs *runs, const vdc_report_options *options, vdc_text *page, vdc_diag *diag);

#endif
