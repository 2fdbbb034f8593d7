/* Who owns which hardware threads of a host: a bit map of owned threads, per host and per VM that owns some.
 *
 * Threads are numbered core by core: thread t of core c is c x threads + t. Pinned VMs own single threads, isolated ones whole cores. What
 * nobody owns is the pool, over which all other VMs float.
 */
#ifndef VDC_MODELS_THREADS_H
#define VDC_MODELS_THREADS_H

#include "models/host.h"
#include "models/isolation_spec.h"

typedef struct vdc_threads {
    uint32_t words;          /* of a bit map: enough for the largest class */
    uint64_t *owned;         /* [host x words] */
    uint32_t *owned_count;   /* [host] threads owned */
    uint64_t **sets;         /* [VM slot] what it owns, or NULL */
    size_t set_count, set_capacity;
} vdc_threads;

vdc_code vdc_threads_setup(vdc_threads *threads, const vdc_hosts *hosts, vdc_diag *diag);
void vdc_threads_free(vdc_threads *threads);
/* Threads that a VM of `vcpus_milli` fences off on hosts of the class: 0 for shared ones (accounts.md, fence rules). */
uint32_t vdc_threads_needed(const vdc_host_class *class, vdc_thread_mode mode, int64_t vcpus_milli);
/* Could the host give them now? */
bool vdc_threads_available(const vdc_threads *threads, const vdc_hosts *hosts, uint32_t host, vdc_thread_mode mode, int64_t vcpus_milli);
/* Takes them for the VM: whole cores first and lowest numbers first; single threads fill cores that are broken already. */
vdc_code vdc_threads_take(vdc_threads *threads, const vdc_hosts *hosts, uint32_t host, uint32_t slot, vdc_thread_mode mode, int64_t vcpus_milli);
void vdc_threads_give(vdc_threads *threads, uint32_t host, uint32_t slot);
/* The VM's threads count as owned, or as free, on the host's map; they stay its own. */
void vdc_threads_mark(vdc_threads *threads, uint32_t host, uint32_t slot, bool owned_by_it);
/* Owned threads of a NUMA node: nodes divide the cores of each socket evenly, in order. */
/* How many of the threads of a core the map has, a bit each. */
uint32_t vdc_threads_of_core(const uint64_t *map, uint32_t core, uint32_t threads_of_core);
uint32_t vdc_threads_owned_of_node(const vdc_threads *threads, const vdc_hosts *hosts, uint32_t host, uint32_t node);
/* Cores of the pool that no VM owns a thread of. */
uint32_t vdc_threads_free_cores(const vdc_threads *threads, const vdc_hosts *hosts, uint32_t host);

#endif
