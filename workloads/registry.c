/* Every trace format and generator, in the order in which they are listed. */
#include "workloads/native.h"
#include "workloads/readers.h"

const vdc_workload_type *const vdc_workload_types[] = {
    &vdc_workload_native,
    &vdc_workload_alibaba_openb,
    &vdc_workload_azure_packing_2020,
    &vdc_workload_azure_v1,
    &vdc_workload_azure_v2,
    &vdc_workload_bitbrains,
    &vdc_workload_generate,
    &vdc_workload_google_borg_2019,
    &vdc_workload_huawei_east_1,
    &vdc_workload_huawei_topology,
    &vdc_workload_materna,
    &vdc_workload_opendc,
    &vdc_workload_planetlab,
    &vdc_workload_swf,
    NULL,
};
