/* The checks of `vdcsim selftest`: small datacenters of which theory knows a number. To add one: a function and a row in
 * selftest_checks.c.
 */
#ifndef VDC_CLI_SELFTEST_H
#define VDC_CLI_SELFTEST_H

#include "sim/base/status.h"
#include <stdint.h>

typedef struct vdc_selftest_check {
    const char *name;       /* "M/M/1 wait" */
    const char *quantity;   /* what is compared, with its unit */
    /* One independent run of the simulator, and what was measured in it. */
    vdc_code (*replicate)(uint64_t seed, double *value, vdc_diag *diag);
    double (*theory)(void);
    double exact;           /* > 0: every replication must agree to this relative difference; 0: on average, within the interval */
} vdc_selftest_check;

extern const vdc_selftest_check vdc_selftest_checks[];
extern const size_t vdc_selftest_check_count;

#endif
