/* See threads.h. */
#include "models/threads.h"

#include <string.h>

static uint32_t cores_of(const vdc_host_class *class) { return (uint32_t)class->sockets * class->cores; }

vdc_code vdc_threads_setup(vdc_threads *threads, const vdc_hosts *hosts, vdc_diag *diag) {
    *threads = (vdc_threads){.words = 1};
    for (uint16_t k = 0; k < hosts->class_count; k++) {
        uint32_t words = (cores_of(&hosts->classes[k]) * hosts->classes[k].threads + 63) / 64;
        if (words > threads->words) threads->words = words;
    }
    threads->owned = vdc_calloc((size_t)hosts->count * threads->words + 1, sizeof *threads->owned);
    threads->owned_count = vdc_calloc((size_t)hosts->count + 1, sizeof *threads->owned_count);
    return threads->owned && threads->owned_count ? VDC_OK : vdc_no_memory(diag, "the hosts' hardware threads");
}

void vdc_threads_free(vdc_threads *threads) {
    for (size_t i = 0; i < threads->set_count; i++) vdc_free(threads->sets[i]);
    vdc_free(threads->sets);
    vdc_free(threads->owned);
    vdc_free(threads->owned_count);
    *threads = (vdc_threads){0};
}

uint32_t vdc_threads_needed(const vdc_host_class *class, vdc_thread_mode mode, int64_t vcpus_milli) {
    uint32_t vcpus = (uint32_t)((vcpus_milli + 999) / 1000), per_core = class->threads;
    switch (mode) {
    case VDC_THREADS_PIN: return vcpus;
    case VDC_CORES_PREFER: return (vcpus + per_core - 1) / per_core * per_core;
    case VDC_CORES_ISOLATE: return vcpus * per_core;
    default: return 0;
    }
}

static bool owned(const uint64_t *map, uint32_t thread) { return map[thread / 64] >> (thread % 64) & 1; }
static void own(uint64_t *map, uint32_t thread) { map[thread / 64] |= UINT64_C(1) << (thread % 64); }

uint32_t vdc_threads_of_core(const uint64_t *map, uint32_t core, uint32_t per_core) {
    uint32_t count = 0;
    for (uint32_t t = 0; t < per_core; t++) count += owned(map, core * per_core + t);
    return count;
}

uint32_t vdc_threads_free_cores(const vdc_threads *threads, const vdc_hosts *hosts, uint32_t host) {
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    uint32_t cores = cores_of(class), free_cores = 0;
    if (threads->owned_count[host] == 0) return cores;
    const uint64_t *map = threads->owned + (size_t)host * threads->words;
    for (uint32_t core = 0; core < cores; core++) free_cores += vdc_threads_of_core(map, core, class->threads) == 0;
    return free_cores;
}

uint32_t vdc_threads_owned_of_node(const vdc_threads *threads, const vdc_hosts *hosts, uint32_t host, uint32_t node) {
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    const uint32_t parts = class->numa ? class->numa : 1, part = node % parts, first = node / parts * class->cores;
    const uint64_t *map = threads->owned + (size_t)host * threads->words;
    uint32_t count = 0;
    if (threads->owned_count[host] == 0) return 0;
    for (uint32_t core = first + class->cores * part / parts; core < first + class->cores * (part + 1) / parts; core++)
        count += vdc_threads_of_core(map, core, class->threads);
    return count;
}

bool vdc_threads_available(const vdc_threads *threads, const vdc_hosts *hosts, uint32_t host, vdc_thread_mode mode, int64_t vcpus_milli) {
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    uint32_t need = vdc_threads_needed(class, mode, vcpus_milli), all = cores_of(class) * class->threads;
    if (need > all - threads->owned_count[host]) return false;
    return mode == VDC_THREADS_PIN || need / class->threads <= vdc_threads_free_cores(threads, hosts, host);
}

/* Gives whole free cores, `need` threads at most. */
static uint32_t take_cores(uint64_t *map, uint64_t *set, const vdc_host_class *class, uint32_t need) {
    uint32_t per_core = class->threads;
    for (uint32_t core = 0; core < cores_of(class) && need >= per_core; core++) {
        if (vdc_threads_of_core(map, core, per_core)) continue;
        for (uint32_t t = 0; t < per_core; t++) own(map, core * per_core + t), own(set, core * per_core + t);
        need -= per_core;
    }
    return need;
}

/* Gives single threads: of broken cores, else of any. */
static uint32_t take_singles(uint64_t *map, uint64_t *set, const vdc_host_class *class, uint32_t need, bool broken_only) {
    uint32_t per_core = class->threads;
    for (uint32_t thread = 0; thread < cores_of(class) * per_core && need > 0; thread++) {
        if (owned(map, thread) || (broken_only && vdc_threads_of_core(map, thread / per_core, per_core) == 0)) continue;
        own(map, thread);
        own(set, thread);
        need--;
    }
    return need;
}

vdc_code vdc_threads_take(vdc_threads *threads, const vdc_hosts *hosts, uint32_t host, uint32_t slot, vdc_thread_mode mode, int64_t vcpus_milli) {
    const vdc_host_class *class = &hosts->classes[hosts->class_of[host]];
    uint32_t need = vdc_threads_needed(class, mode, vcpus_milli);
    if (!VDC_RESERVE(threads->sets, threads->set_capacity, slot + (size_t)1)) return VDC_ERROR_MEMORY;
    while (threads->set_count <= slot) threads->sets[threads->set_count++] = NULL;
    uint64_t *set = vdc_calloc(threads->words, sizeof *set), *map = threads->owned + (size_t)host * threads->words;
    if (!set) return VDC_ERROR_MEMORY;
    threads->sets[slot] = set;
    threads->owned_count[host] += need;
    need = take_cores(map, set, class, need);
    if (need) need = take_singles(map, set, class, need, true);
    if (need) take_singles(map, set, class, need, false);
    return VDC_OK;
}

void vdc_threads_mark(vdc_threads *threads, uint32_t host, uint32_t slot, bool owned_by_it) {
    if (slot >= threads->set_count || !threads->sets[slot]) return;
    const uint64_t *set = threads->sets[slot];
    uint64_t *map = threads->owned + (size_t)host * threads->words;
    for (uint32_t w = 0; w < threads->words; w++) {
        const uint32_t count = (uint32_t)__builtin_popcountll(set[w]);
        map[w] = owned_by_it ? map[w] | set[w] : map[w] & ~set[w];
        threads->owned_count[host] = owned_by_it ? threads->owned_count[host] + count : threads->owned_count[host] - count;
    }
}

void vdc_threads_give(vdc_threads *threads, uint32_t host, uint32_t slot) {
    if (slot >= threads->set_count || !threads->sets[slot]) return;
    vdc_threads_mark(threads, host, slot, false);
    vdc_free(threads->sets[slot]);
    threads->sets[slot] = NULL;
}
