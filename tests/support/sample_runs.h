/* Result files for the tests of comparisons, pictures and reports. */
#ifndef VDC_TESTS_SUPPORT_SAMPLE_RUNS_H
#define VDC_TESTS_SUPPORT_SAMPLE_RUNS_H

#include "sim/base/status.h"

enum { SAMPLE_VMS = 60, SAMPLE_HOSTS = 4, SAMPLE_TENANTS = 3 };

/* Simulates a small datacenter with GPUs and a power model under a placement policy: a queue builds up. `sets` are further overlays,
 * NULL-terminated, or NULL. Fails the test on any error. */
void sample_run(const char *path, const char *placement, unsigned long seed, const char *const *sets);

/* A result file without tables: a name, policies, a seed and a few metrics. */
typedef struct sample_metric { const char *key, *units, *name; double value; } sample_metric;
void sample_summary(const char *path, const char *placement, long long seed, const sample_metric *metrics, unsigned long count);

#endif
