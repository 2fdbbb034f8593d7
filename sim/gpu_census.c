/* What VMs are typical for a workload with GPUs: every VM of its trace, and those written out, are counted once before the run.
 *
 * The trace is counted as it stands, without the rows that options drop, repeat or reorder, so that all runs on it are
 * measured against one and the same mix (Weng et al., USENIX ATC 2023). What a generator will draw is not known in advance.
 */
#include "sim/simulation.h"

static vdc_code count_source(vdc_gpu_census *census, vdc_source *source, vdc_diag *diag) {
    vdc_code code = VDC_OK;
    bool have = true;
    while (!code && have) {
        vdc_request request;
        code = source->operations->next(source, &request, &have, diag);
        if (code || !have) break;
        code = vdc_gpu_census_add(census, &request, diag);
        if (source->operations->release) source->operations->release(source, request.token);
    }
    vdc_source_close(source);
    return code;
}

vdc_code vdc_take_gpu_census(vdc_simulation *sim, const vdc_workload_context *context, vdc_diag *diag) {
    const vdc_scenario *scenario = sim->scenario;
    if (!sim->datacenter.hosts.gpu_free || scenario->generate || (!scenario->trace && !scenario->vms)) return VDC_OK;
    vdc_workload_context quiet = *context; /* its files are noted when the run opens them */
    quiet.inputs = NULL;
    quiet.report = NULL;
    vdc_gpu_census census = {0};
    vdc_source *source;
    vdc_code code = VDC_OK;
    if (scenario->trace) {
        code = vdc_workload_open_whole(scenario->trace, &quiet, &source, diag);
        if (!code) code = count_source(&census, source, diag);
    }
    if (!code && scenario->vms) {
        code = vdc_workload_inline(scenario->vms, &quiet, &source, diag);
        if (!code) code = count_source(&census, source, diag);
    }
    if (!code && census.vms) code = vdc_gpu_census_mix(&census, VDC_GPU_MIX_PERCENT, &sim->gpu_mix, diag);
    vdc_gpu_census_clear(&census);
    if (!code && sim->gpu_mix.count) code = vdc_gpu_fragmentation_create(&sim->fragmentation, &sim->datacenter.hosts, &sim->gpu_mix, diag);
    return code;
}
