/* CloudSim's consolidation experiment: a plain replica of the loop of CloudSim 7.0.1 (conformance/planetlab/README.md) around this project's own
 * detection, selection and placement. Its oddities can be switched off one by one.
 */
#ifndef VDC_TESTS_SUPPORT_CLOUDSIM_H
#define VDC_TESTS_SUPPORT_CLOUDSIM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cloudsim_options {
    const char *detect, *select; /* parts in flow style; NULL: nothing migrates */
    bool version_3;              /* CloudSim 3.0.3 (section 12), else 7.0.1 */
    bool all_on;                 /* NPA: every host draws its power at full load all the time */
    uint64_t permutation;        /* of the trace files; 0: in order of their names */
    /* What is set right; all false is CloudSim. The numbers are those of the README's section 14. */
    bool keep_vms;               /* Q3: VMs that ask for nothing at two samples stay */
    bool idle_power;             /* Q5: a host with VMs draws its idle power whatever they ask for, from 0 s to 24 h */
    bool protect_targets;        /* Q6: hosts that got VMs of overloaded ones are not emptied in the same round */
    bool clean_slatah;           /* Q7: a host that a VM comes to is not in violation for that; nor by rounding */
    bool fresh_load;             /* Q9: the rise of power counts from the load with the VMs planned to come */
    double memory;               /* MB that the VMs of a host may have when one comes to it; 0: memory counts for the first placement only */
} cloudsim_options;

typedef struct cloudsim_metrics {
    double energy;               /* kWh */
    long migrations;
    double pdm, slatah, overall, average;
    int shutdowns, vms, vms_left;
} cloudsim_metrics;

/* The folder holds a trace file a VM. Fails the test on any error. */
void cloudsim_run(const char *folder, const cloudsim_options *options, cloudsim_metrics *metrics);

#endif
