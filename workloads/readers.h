/* The descriptors of the public trace formats, each in a file of its own; workloads/registry.c lists them. */
#ifndef VDC_WORKLOADS_READERS_H
#define VDC_WORKLOADS_READERS_H

#include "workloads/workload.h"

extern const vdc_workload_type vdc_workload_opendc;
extern const vdc_workload_type vdc_workload_planetlab;

#endif
