/* The descriptors of the public formats, each in a file of its own; workloads/registry.c lists the traces, hosts.c the
 * host lists.
 */
#ifndef VDC_WORKLOADS_READERS_H
#define VDC_WORKLOADS_READERS_H

#include "workloads/hosts.h"
#include "workloads/workload.h"

extern const vdc_workload_type vdc_workload_alibaba_openb;
extern const vdc_workload_type vdc_workload_azure_packing_2020;
extern const vdc_workload_type vdc_workload_azure_v1;
extern const vdc_workload_type vdc_workload_azure_v2;
extern const vdc_workload_type vdc_workload_bitbrains;
extern const vdc_workload_type vdc_workload_generate;
extern const vdc_workload_type vdc_workload_google_borg_2019;
extern const vdc_workload_type vdc_workload_huawei_east_1;
extern const vdc_workload_type vdc_workload_huawei_topology;
extern const vdc_workload_type vdc_workload_materna;
extern const vdc_workload_type vdc_workload_opendc;
extern const vdc_workload_type vdc_workload_planetlab;
extern const vdc_workload_type vdc_workload_swf;

extern const vdc_host_format vdc_hosts_alibaba_openb;
extern const vdc_host_format vdc_hosts_huawei_topology;

#endif
