/* Simultaneous multithreading (models.md 4.1.6): two busy threads of a core do the work of 1 + yield cores.
 *
 * With x busy threads on c cores, cores being filled first, the cores do eff(x) = min(x, c) + yield x max(0, x - c); each thread e = eff(x) / x.
 * VMs with cores of their own are alone on them; all others float over the pool, whose load is spread evenly (mean field).
 * A thread of the pool whose sibling a pinned VM owns counts as its share of a core.
 */
#ifndef VDC_MODELS_SMT_H
#define VDC_MODELS_SMT_H

#include "models/isolation.h"

/* The efficiency model to register; `isolation` may be NULL. */
vdc_efficiency vdc_smt(const vdc_isolation *isolation);
/* Does any class of hosts have cores of several threads? */
bool vdc_smt_needed(const vdc_hosts *hosts);

#endif
