/* Simultaneous multithreading (models.md 4.1.6): two busy threads of a core do the work of 1 + yield cores.
 *
 * With x busy threads on c cores, cores being filled first, the cores do eff(x) = min(x, c) + yield x max(0, x - c); each thread e = eff(x) / x.
 * VMs with cores of their own are alone on them; all others float over the pool, whose load is spread evenly (mean field), or over NUMA nodes as
 * evenly as their nodes allow. Pinned VMs go by what runs on the siblings of their threads. The pool uses threads whose siblings are owned last, as
 * much as second threads of free cores.
 */
#ifndef VDC_MODELS_SMT_H
#define VDC_MODELS_SMT_H

#include "models/isolation.h"

/* The efficiency model to register; `isolation` may be NULL. */
vdc_efficiency vdc_smt(const vdc_isolation *isolation);
/* Does any class of hosts have cores of several threads? */
bool vdc_smt_needed(const vdc_hosts *hosts);

#endif
