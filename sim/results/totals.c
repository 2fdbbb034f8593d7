/* See totals.h. */
#include "sim/results/totals.h"

const char *const vdc_resource_names[VDC_RESOURCES] = {"cpu", "memory", "disk", "iops", "disk_bw", "net_tx", "net_rx", "gpu"};
const char *const vdc_resource_units[VDC_RESOURCES] = {"core s", "byte s", "byte s", "1", "byte", "byte", "byte", "milli-GPU s"};

vdc_wide vdc_class_flow(const vdc_datacenter *dc, size_t k, vdc_flow flow) { return vdc_ledger_sum(&dc->class_ledger, k, flow); }

double vdc_resource_total(vdc_resource resource, vdc_wide integral) {
    return vdc_wide_over(integral, resource == VDC_CPU ? (vdc_wide)1000 * VDC_SECOND : VDC_SECOND);
}

double vdc_joules(vdc_wide energy) { return vdc_wide_over(energy, (vdc_wide)1000000000000 * VDC_SECOND); }
double vdc_seconds(vdc_time time) { return (double)time / 1e9; }
double vdc_pair_seconds(vdc_wide integral) { return vdc_wide_over(integral, VDC_SECOND); }

vdc_totals vdc_totals_since(const vdc_datacenter *dc, const vdc_wide *previous, vdc_time span) {
    vdc_totals sum = {0};
    vdc_wide resource[VDC_FLOWS] = {0}; /* of flows in a resource's own unit */
    for (size_t k = 0; k < dc->class_ledger.count; k++) {
        const vdc_host_class *class = &dc->hosts.classes[k];
        vdc_wide flow[VDC_FLOWS];
        for (int f = 0; f < VDC_FLOWS; f++) flow[f] = vdc_class_flow(dc, k, (vdc_flow)f) - (previous ? previous[k * VDC_FLOWS + (size_t)f] : 0);
        for (int f = 0; f < VDC_FLOWS; f++) resource[f] += flow[f];
        vdc_wide thread = (vdc_wide)class->speed * VDC_SECOND, host = (vdc_wide)class->cpu_hz * VDC_SECOND;
        sum.granted[VDC_CPU] += vdc_wide_over(flow[VDC_FLOW_GRANTED], thread);
        sum.used[VDC_CPU] += vdc_wide_over(dc->efficiency_count ? flow[VDC_FLOW_USED] : flow[VDC_FLOW_GRANTED] - flow[VDC_FLOW_LOST], thread);
        sum.ready += vdc_wide_over(flow[VDC_FLOW_CEILING] - flow[VDC_FLOW_GRANTED], thread);
        sum.throttled += vdc_wide_over(flow[VDC_FLOW_DEMAND] - flow[VDC_FLOW_CEILING], thread);
        sum.idle += vdc_wide_over(flow[VDC_FLOW_NOMINAL] - flow[VDC_FLOW_DEMAND] - flow[VDC_FLOW_AWAY], thread);
        sum.fenced[VDC_CPU] += vdc_wide_over(flow[VDC_FLOW_FENCE + VDC_CPU] + flow[VDC_FLOW_RESERVED], thread);
        sum.waste[VDC_CPU] += vdc_wide_over(flow[VDC_FLOW_WASTE + VDC_CPU], thread);
        sum.fence_idle[VDC_CPU] += vdc_wide_over(flow[VDC_FLOW_FENCE_IDLE], thread);
        if (host == 0) continue;
        vdc_wide offered = (vdc_wide)class->cpu_hz * class->count * span;
        sum.active += vdc_wide_over(flow[VDC_FLOW_GRANTED], host);
        sum.unused += vdc_wide_over(offered - flow[VDC_FLOW_GRANTED], host);
        sum.steal += vdc_wide_over(flow[VDC_FLOW_DEMAND] - flow[VDC_FLOW_GRANTED], host);
    }
    for (int r = 0; r < VDC_RESOURCES; r++) sum.p[r] = vdc_resource_total((vdc_resource)r, resource[VDC_FLOW_P + r]);
    for (int r = VDC_MEMORY; r < VDC_RESOURCES; r++) {
        bool serviced = dc->serviced >> r & 1; /* else all that is held is given and in use */
        sum.granted[r] = serviced ? vdc_resource_total((vdc_resource)r, resource[VDC_FLOW_G + r]) : sum.p[r];
        sum.used[r] = serviced ? vdc_resource_total((vdc_resource)r, resource[VDC_FLOW_U + r]) : sum.p[r];
        sum.fenced[r] = vdc_resource_total((vdc_resource)r, resource[VDC_FLOW_FENCE + r]);
        sum.waste[r] = sum.fence_idle[r] = vdc_resource_total((vdc_resource)r, resource[VDC_FLOW_WASTE + r]); /* what is held of these is in use */
    }
    return sum;
}
