/* Noisy neighbours (models.md 4.5, levels L0 and L1, and remote memory of 4.6): what VMs on the same socket take from each other
 * beyond CPU time.
 *
 * L0, pressure and sensitivity (after Mars et al., MICRO 2011, Bubble-Up): on socket k, b_i = sum over j != i of pressure_j x
 * busy threads of j there, and the VM keeps sensitivity_i(b_i) of its progress.
 *
 * L1, cache and bandwidth: VM i has the part c_i of the last-level cache that its accesses have in all accesses (or the ways that
 * are its own), misses m_i = miss_min + (miss_max - miss_min) 2^(-c_i / half_cache), and loads the memory bus with accesses x m_i
 * x 64 bytes. At the bus load u (at most 0.95) memory takes 1 + rise x u / (1 - u) times as long. With stall share mu,
 *     1 / s_i = 1 - mu + mu x m_i / m_i(alone) x latency(u) / latency(u alone).
 * Slower VMs load the bus less: u is the one solution of u = load(s(u)), which is found by bisection. (Damped iteration of s, a
 * fixed few times, is the usual way, but swings near saturation, where a new neighbour then could raise somebody's speed.)
 *
 * Remote memory: a VM that is bound to no NUMA nodes finds 1 - 1 / nodes of its memory on others, latency x `remote_latency`
 * there.
 *
 * A VM bound to NUMA nodes loads their sockets evenly, all others load every socket evenly. Alone, nothing is lost; a neighbour
 * more never raises a factor, as long as grants stay as they are.
 */
#ifndef VDC_MODELS_INTERFERENCE_H
#define VDC_MODELS_INTERFERENCE_H

#include "models/interference_profile.h"
#include "models/isolation.h"

typedef struct vdc_interference {
    const vdc_interference_profiles *profiles;
    const vdc_isolation *isolation;   /* for cache ways of VMs' own; may be NULL */
} vdc_interference;

/* The efficiency model to register; `interference` must outlive it. */
vdc_efficiency vdc_interference_model(const vdc_interference *interference);
/* How many busy threads' worth of progress the host's VMs would lose more, the waiting VM in `slot` included, were it there and
 * all of its vCPUs busy; the others ask for what they ask now. NaN when memory is out. Uses the datacenter's scratch. O(VMs on
 * the host). */
double vdc_interference_predict(const vdc_interference *interference, vdc_datacenter *datacenter, uint32_t host, uint32_t slot);
/* What a VM of that profile keeps under the pressure of its neighbours. */
double vdc_interference_sensitivity(const vdc_interference_profile *profile, double bubble);

#endif
