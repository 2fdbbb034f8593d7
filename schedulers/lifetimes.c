/* Predicted lifetimes: see lifetimes.h. */
#include "schedulers/lifetimes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/host.h"
#include "sim/base/random.h"

#define NONE UINT32_MAX

/* A VM on one host. A VM on two hosts has two of them, of which the table knows the one that came last. */
typedef struct vdc_lifetime_vm {
    int64_t number;
    uint32_t host, next;
    vdc_time start;
    vdc_time predicted;    /* lifetime, ns */
    vdc_time known;        /* the true one, or VDC_FOREVER */
    uint32_t predictions;  /* made so far */
    uint32_t mark;         /* the policy's own */
} vdc_lifetime_vm;

enum { MOST_PREDICTIONS = 64 };

/* exp(error Z), Z a standard normal variate by Box and Muller from two keyed uniform draws. */
static double error_factor(const vdc_lifetimes *lifetimes, int64_t number, uint32_t prediction) {
    if (lifetimes->error <= 0) return 1;
    uint64_t a = vdc_hash_key(lifetimes->seed, "lifetime", (uint64_t)number, 2 * (uint64_t)prediction);
    uint64_t b = vdc_hash_key(lifetimes->seed, "lifetime", (uint64_t)number, 2 * (uint64_t)prediction + 1);
    double u = ((double)(a >> 11) + 0.5) * 0x1p-53, v = ((double)(b >> 11) + 0.5) * 0x1p-53;
    return exp(lifetimes->error * sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v));
}

/* time x factor, at least 1 ns, VDC_FOREVER when it does not fit. */
static vdc_time scaled(vdc_time time, double factor) {
    double product = factor == 1 ? (double)time : (double)time * factor;
    if (factor == 1) return time;
    return product >= 9.2e18 ? VDC_FOREVER : product < 1 ? 1 : (vdc_time)product;
}

static vdc_time sum(vdc_time a, vdc_time b) {
    return a == VDC_FOREVER || b == VDC_FOREVER || a > VDC_FOREVER - b ? VDC_FOREVER : a + b;
}

static vdc_time known_lifetime(const vdc_request *request) {
    return request->lifetime == VDC_UNLIMITED ? VDC_FOREVER : request->lifetime;
}

vdc_time vdc_lifetimes_predict(const vdc_lifetimes *lifetimes, const vdc_request *request) {
    if (request->predicted_lifetime != VDC_UNLIMITED) return request->predicted_lifetime;
    vdc_time known = known_lifetime(request);
    return known == VDC_FOREVER ? VDC_FOREVER : scaled(known, error_factor(lifetimes, request->number, 0));
}

/* Predicts anew until the prediction lies beyond the VM's age. */
static void predict_again(const vdc_lifetimes *lifetimes, vdc_lifetime_vm *vm, vdc_time age) {
    while (vm->predicted <= age && vm->predicted != VDC_FOREVER) {
        if (vm->known == VDC_FOREVER) {
            vm->predicted = sum(vm->predicted, vm->predicted > 0 ? vm->predicted : 1);
        } else if (vm->predicted < vm->known && vm->predictions < MOST_PREDICTIONS) {
            vdc_time left = vm->known - vm->predicted;
            vm->predicted = sum(vm->predicted, scaled(left, error_factor(lifetimes, vm->number, vm->predictions++)));
        } else { /* predicted often enough, or it should have gone by now */
            vm->predicted = vm->known > age ? vm->known : sum(vm->predicted, vm->predicted > 0 ? vm->predicted : 1);
        }
    }
}

/* --- the table --- */

static size_t slot_of(const vdc_lifetimes *lifetimes, int64_t number) {
    uint64_t hash = (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 32) & (lifetimes->slots - 1);
    while (lifetimes->table[at] != NONE && lifetimes->vms[lifetimes->table[at]].number != number) at =
        (at + 1) & (lifetimes->slots - 1);
    return at;
}

/* Takes a slot out and closes the gap, so that no marks of deleted ones remain. */
static void remove_slot(vdc_lifetimes *lifetimes, size_t at) {
    lifetimes->table[at] = NONE;
    lifetimes->used--;
    for (size_t next = (at + 1) & (lifetimes->slots - 1); lifetimes->table[next] != NONE; next = (next +
            1) & (lifetimes->slots - 1)) {
        uint32_t moved = lifetimes->table[next];
        lifetimes->table[next] = NONE;
        lifetimes->table[slot_of(lifetimes, lifetimes->vms[moved].number)] = moved;
    }
}

static bool grow_table(vdc_lifetimes *lifetimes) {
    size_t old_slots = lifetimes->slots, slots = old_slots ? 2 * old_slots : 64;
    uint32_t *old = lifetimes->table, *table = vdc_calloc(slots, sizeof *table);
    if (!table) return false;
    for (size_t i = 0; i < slots; i++) table[i] = NONE;
    lifetimes->table = table;
    lifetimes->slots = slots;
    for (size_t i = 0; i < old_slots; i++)
        if (old[i] != NONE) table[slot_of(lifetimes, lifetimes->vms[old[i]].number)] = old[i];
    vdc_free(old);
    return true;
}

static uint32_t take_vm(vdc_lifetimes *lifetimes) {
    uint32_t vm = lifetimes->free;
    if (vm != NONE) {
        lifetimes->free = lifetimes->vms[vm].next;
        return vm;
    }
    if (lifetimes->vm_count >= NONE || !VDC_RESERVE(lifetimes->vms, lifetimes->vm_capacity, lifetimes->vm_count + 1)) return NONE;
    if (lifetimes->keep_holdings && !VDC_RESERVE(lifetimes->holdings, lifetimes->holding_capacity, lifetimes->vm_count +
                                                 1)) return NONE;
    return (uint32_t)lifetimes->vm_count++;
}

/* --- hosts --- */

const char *vdc_lifetimes_init(vdc_lifetimes *lifetimes, const vdc_view *view) {
    lifetimes->free = NONE;
    lifetimes->hosts = view->hosts;
    lifetimes->seed = view->seed;
    lifetimes->first = vdc_calloc((size_t)view->hosts + 1, sizeof *lifetimes->first);
    lifetimes->exit = vdc_calloc((size_t)view->hosts + 1, sizeof *lifetimes->exit);
    lifetimes->next_exit = vdc_calloc((size_t)view->hosts + 1, sizeof *lifetimes->next_exit);
    if (!lifetimes->first || !lifetimes->exit || !lifetimes->next_exit || !grow_table(lifetimes)) return "out of memory";
    for (uint32_t h = 0; h < view->hosts; h++) lifetimes->first[h] = NONE, lifetimes->next_exit[h] = VDC_FOREVER;
    return NULL;
}

void vdc_lifetimes_fini(vdc_lifetimes *lifetimes) {
    vdc_free(lifetimes->vms);
    vdc_free(lifetimes->holdings);
    vdc_free(lifetimes->table);
    vdc_free(lifetimes->first);
    vdc_free(lifetimes->exit);
    vdc_free(lifetimes->next_exit);
}

/* Finds the host's latest and earliest exit anew, predictions that time has overtaken included. */
static void find_exit(vdc_lifetimes *lifetimes, vdc_time now, uint32_t host) {
    vdc_time latest = 0, earliest = VDC_FOREVER;
    for (uint32_t i = lifetimes->first[host]; i != NONE; i = lifetimes->vms[i].next) {
        vdc_lifetime_vm *vm = &lifetimes->vms[i];
        predict_again(lifetimes, vm, now - vm->start);
        vdc_time exit = sum(vm->start, vm->predicted);
        if (exit > latest) latest = exit;
        if (exit < earliest) earliest = exit;
    }
    lifetimes->exit[host] = latest;
    lifetimes->next_exit[host] = earliest;
}

void vdc_lifetimes_placed(vdc_lifetimes *lifetimes, vdc_time now, vdc_time started, const vdc_request *request, uint32_t host,
                          const vdc_decision *devices) {
    if (2 * (lifetimes->used + 1) > lifetimes->slots && !grow_table(lifetimes)) lifetimes->failed = "out of memory";
    uint32_t i = lifetimes->failed ? NONE : take_vm(lifetimes);
    if (i == NONE) {
        lifetimes->failed = "out of memory";
        return;
    }
    vdc_lifetime_vm vm = {.number = request->number, .host = host, .start = started, .known = known_lifetime(request),
                          .predictions = 1};
    vm.predicted = vdc_lifetimes_predict(lifetimes, request);
    size_t at = slot_of(lifetimes, request->number);
    if (lifetimes->table[at] == NONE) lifetimes->used++;
    else vm.start = lifetimes->vms[lifetimes->table[at]].start;
    vm.next = lifetimes->first[host];
    lifetimes->vms[i] = vm;
    if (lifetimes->keep_holdings) {
        vdc_holding *holding = &lifetimes->holdings[i];
        *holding = (vdc_holding){.gpu_milli = request->gpu_milli, .gpu_devices = devices ? devices->gpu_devices : 0,
                                 .numa_nodes = devices ? devices->numa_nodes : 0,
                                 .numa_share = {vdc_numa_share(request, VDC_CPU), vdc_numa_share(request, VDC_MEMORY)}};
        memcpy(holding->size, request->size, sizeof holding->size);
    }
    lifetimes->table[at] = i;
    lifetimes->first[host] = i;
    find_exit(lifetimes, now, host);
}

void vdc_lifetimes_released(vdc_lifetimes *lifetimes, vdc_time now, const vdc_request *request, uint32_t host) {
    if (lifetimes->failed) return;
    uint32_t *link = &lifetimes->first[host];
    while (*link != NONE && lifetimes->vms[*link].number != request->number) link = &lifetimes->vms[*link].next;
    if (*link == NONE) return;
    uint32_t gone = *link;
    *link = lifetimes->vms[gone].next;
    size_t at = slot_of(lifetimes, request->number);
    if (lifetimes->table[at] == gone) remove_slot(lifetimes, at);
    lifetimes->vms[gone].number = -1;
    lifetimes->vms[gone].next = lifetimes->free;
    lifetimes->free = gone;
    find_exit(lifetimes, now, host);
}

uint32_t *vdc_lifetimes_mark(vdc_lifetimes *lifetimes, const vdc_request *request, uint32_t host) {
    for (uint32_t i = lifetimes->first[host]; i != NONE; i = lifetimes->vms[i].next)
        if (lifetimes->vms[i].number == request->number) return &lifetimes->vms[i].mark;
    return NULL;
}

static int by_exit(const void *left, const void *right) {
    const vdc_departure *a = left, *b = right;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

size_t vdc_lifetimes_departures(const vdc_lifetimes *lifetimes, uint32_t host, vdc_departure *departures, size_t most) {
    size_t count = 0;
    for (uint32_t i = lifetimes->first[host]; i != NONE && count < most; i = lifetimes->vms[i].next) {
        const vdc_lifetime_vm *vm = &lifetimes->vms[i];
        departures[count++] = (vdc_departure){sum(vm->start, vm->predicted), vm->number, &lifetimes->holdings[i]};
    }
    qsort(departures, count, sizeof *departures, by_exit);
    return count;
}

void vdc_lifetimes_refresh(vdc_lifetimes *lifetimes, vdc_time now) {
    for (uint32_t h = 0; h < lifetimes->hosts; h++)
        if (lifetimes->next_exit[h] <= now) find_exit(lifetimes, now, h);
}
