/* See smt.h. */
#include "models/smt.h"

static double efficiency(double busy, double cores, double yield) {
    if (busy <= cores || busy <= 0) return 1;
    return (cores + yield * (busy - cores)) / busy;
}

static void factors(const void *context, const vdc_datacenter *dc, uint32_t h, const vdc_cpu_entry *entries, const uint32_t *slots,
                    uint32_t count, double *out) {
    const vdc_isolation *iso = context;
    const vdc_host_class *class = &dc->hosts.classes[dc->hosts.class_of[h]];
    if (class->threads < 2) return;
    double speed = (double)class->speed, yield = (double)class->smt_yield_ppm / 1e6, threads = class->threads;
    double cores = (double)class->sockets * class->cores, pool_cores = cores;
    if (iso) {
        double owned = iso->threads.owned_count[h], free_cores = vdc_threads_free_cores(&iso->threads, &dc->hosts, h);
        double broken = cores * threads - owned - free_cores * threads;
        pool_cores = free_cores + broken / threads;
    }
    int64_t busy = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!dc->vms[slots[i]].exclusive) busy += entries[i].grant;
    double pool = efficiency((double)busy / speed, pool_cores, yield);
    for (uint32_t i = 0; i < count; i++) {
        if (!dc->vms[slots[i]].exclusive) {
            out[i] *= pool;
            continue;
        }
        uint32_t own = vdc_threads_needed(class, iso->vms[slots[i]].spec.threads, dc->records[slots[i]].request.size[VDC_CPU]);
        out[i] *= efficiency((double)entries[i].grant / speed, (double)own / threads, yield);
    }
}

vdc_efficiency vdc_smt(const vdc_isolation *isolation) {
    return (vdc_efficiency){.factors = factors, .context = isolation};
}

bool vdc_smt_needed(const vdc_hosts *hosts) {
    for (uint16_t k = 0; k < hosts->class_count; k++)
        if (hosts->classes[k].threads > 1) return true;
    return false;
}
