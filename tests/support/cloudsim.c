/* See cloudsim.h. The sections of the README that the code follows are in brackets.
 *
 * Doubles are added in CloudSim's order, for the outcome is chaotic: one different rounding gives other migrations. Two shortcuts change nothing:
 * VMs are put on trial on no host that could not win anyway, and of the empty hosts of a type only the first is looked at.
 */
#include "tests/support/cloudsim.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedulers/registry.h"
#include "tests/support/draw.h"
#include "tests/support/tree.h"

enum { HOSTS = 800, MOST_VMS = 1200, SAMPLES = 288, WINDOW = 30, MOST_ON_HOST = 200, MOST_RECORDS = 4 * MOST_VMS, RECORDED = 400 };
static const double INTERVAL = 300, BANDWIDTH = 62.5; /* s, MB/s */

/* Who is on a host. */
typedef struct guest {
    int vm;
    double requested, allocated; /* MIPS */
    bool in, out;                /* of the host's sets of VMs that come and go */
} guest;

typedef struct machine {
    int type;
    double pe, capacity;         /* MIPS of a core, of both */
    guest guests[MOST_ON_HOST], saved[MOST_ON_HOST];
    int count, saved_count;
    unsigned table;              /* buckets of the hash table of requests */
    double available;            /* MIPS */
    bool hashed;                 /* shared out in the order of the hash table, as after a departure */
    double used;                 /* sum of what its guests are allocated; < 0: to be summed */
    double wanted;               /* of what they request; < 0: to be summed */
    double history[WINDOW];      /* of what they requested, as shares of capacity; */
    int history_length;          /* < 0: to be summed */
    double memory, bandwidth;    /* held; counts when VMs are created only */
    double utilisation, previous; /* MIPS at the last two updates */
    bool stated;
    double state_time, state_used, state_requested;
    double active_time, violated_time;
    int shutdowns;
    bool was_active;
} machine;

typedef struct virtual_machine {
    double trace[SAMPLES + 1], slope[SAMPLES + 1];
    double mips, memory;
    int host;                    /* where it is registered; -1: gone */
    bool migrating;
    double usage, requested, updated;
    double recorded[RECORDED], share[2][RECORDED]; /* usage at each sampling, and as a share of each type of host */
    double last_recorded;
    int recordings;
    bool stated, state_migrating;
    double state_time, state_allocated, state_requested;
    double allocated_total, requested_total, lost_total;
} virtual_machine;

typedef struct record {
    int vm, host;
} record;

/* One run. */
typedef struct cloud {
    machine hosts[HOSTS];
    virtual_machine vms[MOST_VMS];
    int vm_count;
    uint64_t out[HOSTS][(MOST_VMS + 63) / 64];
    bool excluded[HOSTS];
    record records[MOST_RECORDS];
    int record_count;
    double last, energy;         /* s, J */
    long migrations;
    double slack_sum;
    long slack_count;
    const cloudsim_options *options;
    vdc_policy_instance detect, select, place; /* without detect: nothing migrates */
    vdc_view view;
    vdc_host_class_view classes[2];
    vdc_request request;
} cloud;

static cloud run;
static vdc_arena arena;

/* ---- power (1) ---- */

static const double power_table[2][11] = {{86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117},
                                          {93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135}};
static double tenths[11]; /* k x 0.1 where fmod(that, 0.1) is 0, else NaN */

static double watts(const vdc_host_class_view *class_view, double u) {
    const double *p = class_view->power;
    if (!(u >= 0 && u < 1.05)) return INFINITY; /* CloudSim ends there; nothing that wins */
    int nearest = (int)(u * 10 + 0.5);
    if (u == tenths[nearest]) return p[(int)(10 * u)];
    int below = (int)(u * 10), above = below + (u * 10 > below);
    if (above > 10) return INFINITY;
    return p[below] + ((p[above] - p[below]) / 10) * (u - below / 10.0) * 100;
}

static double utilisation_of(const machine *host, double mips) {
    double u = mips / host->capacity;
    return u > 1 && u < 1.01 ? 1 : u;
}

/* ---- sharing a host's CPU (4) ---- */

static unsigned bucket_of(int vm, unsigned size) {
    char name[16];
    (void)snprintf(name, sizeof name, "2-%d", vm);
    uint32_t hash = 0;
    for (const char *c = name; *c; c++) hash = 31 * hash + (unsigned char)*c;
    hash ^= hash >> 16;
    return hash & (size - 1);
}

/* The guests' places in the order of the hash table. */
static void hash_order(const machine *host, int *order) {
    static unsigned buckets[MOST_VMS];
    static bool known;
    if (!known)
        for (int i = 0; i < MOST_VMS; i++) buckets[i] = bucket_of(i, 1u << 30);
    known = true;
    for (int i = 0; i < host->count; i++) {
        unsigned bucket = buckets[host->guests[i].vm] & (host->table - 1);
        int j = i;
        for (; j > 0 && (buckets[host->guests[order[j - 1]].vm] & (host->table - 1)) > bucket; j--) order[j] = order[j - 1];
        order[j] = i;
    }
}

static void grow_table(machine *host, int count) {
    while ((unsigned)count > host->table / 4 * 3) host->table *= 2;
}

static void redistribute(machine *host) {
    int order[MOST_ON_HOST];
    double total = 0;
    hash_order(host, order);
    for (int i = 0; i < host->count; i++) {
        const guest *one = &host->guests[order[i]];
        double share = fmin(one->requested, host->pe);
        total += one->in ? share * 0.1 : share;
    }
    double factor = host->capacity / total;
    for (int i = 0; i < host->count; i++) {
        guest *one = &host->guests[i];
        double share = fmin(one->requested, host->pe);
        one->allocated = one->out ? floor(share * factor * 0.9) : one->in ? floor(share * 0.1 * factor) : floor(share * factor);
    }
    host->available = 0;
}

/* False: there is not enough. */
static bool put(machine *host, guest *one) {
    double share = fmin(one->requested, host->pe), taken = one->in ? share * 0.1 : share;
    if (host->available < taken) return false;
    one->allocated = one->out ? share * 0.9 : one->in ? share * 0.1 : share;
    host->available -= taken;
    return true;
}

/* All guests anew, in the order of the list or of the hash table. */
static void share_out(machine *host, bool hashed) {
    int order[MOST_ON_HOST];
    bool enough = true;
    if (hashed) hash_order(host, order);
    host->available = host->capacity;
    for (int i = 0; i < host->count && enough; i++) enough = put(host, &host->guests[hashed ? order[i] : i]);
    if (!enough) redistribute(host);
    host->hashed = hashed;
    host->used = -1;
}

static bool is_out(int host, int vm) {
    return run.out[host][vm / 64] >> (vm % 64) & 1;
}

static void set_out(int host, int vm, bool out) {
    if (out) run.out[host][vm / 64] |= UINT64_C(1) << (vm % 64);
    else run.out[host][vm / 64] &= ~(UINT64_C(1) << (vm % 64));
}

/* Keeps the set of VMs that leave. */
static void note_direction(int h, guest *one) {
    if (run.vms[one->vm].migrating) {
        if (!one->in) set_out(h, one->vm, true);
    } else {
        set_out(h, one->vm, false);
    }
    one->out = is_out(h, one->vm);
}

static void changed(machine *host) {
    host->used = host->wanted = -1;
    host->history_length = -1;
}

static void create(int h, int vm, double requested, bool in) {
    machine *host = &run.hosts[h];
    cr_assert_lt(host->count, MOST_ON_HOST);
    guest *one = &host->guests[host->count++];
    *one = (guest){.vm = vm, .requested = requested, .in = in};
    grow_table(host, host->count);
    note_direction(h, one);
    if (!put(host, one)) redistribute(host);
    host->hashed = false;
    changed(host);
}

static void destroy(int h, int vm) {
    machine *host = &run.hosts[h];
    int at = 0;
    while (at < host->count && host->guests[at].vm != vm) at++;
    cr_assert_lt(at, host->count);
    host->count--;
    for (int i = at; i < host->count; i++) host->guests[i] = host->guests[i + 1];
    share_out(host, true);
    changed(host);
}

/* ---- updates (5, 6) ---- */

static void state_vm(virtual_machine *vm, double t, double allocated) {
    double span = t - vm->state_time;
    if (vm->stated && span > 0) {
        vm->allocated_total += vm->state_allocated * span;
        vm->requested_total += vm->state_requested * span;
        if (vm->state_allocated < vm->state_requested) {
            run.slack_sum += (vm->state_requested - vm->state_allocated) / vm->state_requested;
            run.slack_count++;
            if (vm->state_migrating) vm->lost_total += (vm->state_requested - vm->state_allocated) * span;
        }
    }
    vm->stated = true;
    vm->state_time = t;
    vm->state_allocated = allocated;
    vm->state_requested = vm->requested;
    vm->state_migrating = vm->migrating;
}

static void close_host_state(machine *host) {
    bool active = host->state_used > 0;
    host->shutdowns += host->was_active && !active;
    host->was_active = active;
}

static void state_host(machine *host, double t, double used, double requested) {
    double span = t - host->state_time;
    if (host->stated && span > 0) {
        close_host_state(host);
        if (host->state_used > 0) {
            host->active_time += span;
            if (host->state_used < host->state_requested * (run.options->clean_slatah ? 1 - 1e-9 : 1)) host->violated_time += span;
        }
    }
    host->stated = true;
    host->state_time = t;
    host->state_used = used;
    host->state_requested = requested;
}

/* The least time between events: the first one comes after it. */
static double epsilon(void) { return run.options->version_3 ? 0.1 : 0.01; }

/* Is the usage noted at this instant? */
static bool samples(const virtual_machine *vm, double t) {
    if (run.options->version_3) return t > vm->last_recorded && fmod(t - 0.1, 300) == 0;
    return t - vm->last_recorded >= 300;
}

static void update_vm(virtual_machine *vm, double t) {
    if (vm->updated == t) return;
    int before = (int)(t / INTERVAL);
    vm->usage = vm->trace[before] + vm->slope[before] * (t - before * INTERVAL);
    vm->requested = vm->usage * vm->mips;
    vm->updated = t;
    if (!samples(vm, t)) return;
    cr_assert_lt(vm->recordings, RECORDED);
    vm->recorded[vm->recordings] = vm->usage;
    for (int type = 0; type < 2; type++) vm->share[type][vm->recordings] = vm->usage * vm->mips / (type ? 5320 : 3720);
    vm->recordings++;
    vm->last_recorded = t;
}

static void update_host(int h, double t) {
    machine *host = &run.hosts[h];
    for (int i = 0; i < host->count; i++) {
        guest *one = &host->guests[i];
        update_vm(&run.vms[one->vm], t);
        note_direction(h, one);
        one->requested = run.vms[one->vm].requested;
    }
    host->previous = host->utilisation;
    if (host->count) share_out(host, false);
    else host->available = host->capacity;
    double used = 0, requested = 0;
    for (int i = 0; i < host->count; i++) {
        const guest *one = &host->guests[i];
        virtual_machine *vm = &run.vms[one->vm];
        double allocated = one->allocated;
        if (!one->in) {
            state_vm(vm, t, allocated);
            if (vm->migrating) allocated /= 0.9;
        }
        used += allocated;
        requested += one->in && run.options->clean_slatah ? allocated : vm->requested;
    }
    host->utilisation = used;
    changed(host);
    state_host(host, t, used, requested);
}

static void force(double t) {
    double span = t - run.last, frame = 0;
    for (int h = 0; h < HOSTS; h++) update_host(h, t);
    for (int h = 0; h < HOSTS && span > 0; h++) {
        const machine *host = &run.hosts[h];
        const vdc_host_class_view *class_view = &run.classes[host->type];
        if (run.options->all_on) {
            frame += watts(class_view, 1) * span;
        } else if (host->previous != 0 || (run.options->idle_power && host->count > 0)) {
            double from = watts(class_view, utilisation_of(host, host->previous)), to = watts(class_view, utilisation_of(host, host->utilisation));
            frame += (from + (to - from) / 2) * span;
        }
    }
    run.energy += frame;
    for (int v = 0; v < run.vm_count && !run.options->keep_vms; v++) {
        virtual_machine *vm = &run.vms[v];
        if (vm->host < 0 || vm->migrating || vm->requested != 0) continue;
        destroy(vm->host, v);
        vm->host = -1;
    }
    run.last = t;
}

/* ---- detection (10) ---- */

/* The host's load with VM `extra` besides, -1 = with none. */
static bool overloaded(int h, int extra) {
    machine *host = &run.hosts[h];
    if (host->wanted < 0) {
        host->wanted = 0;
        for (int i = 0; i < host->count; i++) host->wanted += run.vms[host->guests[i].vm].requested;
    }
    double wanted = host->wanted;
    if (extra >= 0) wanted += run.vms[extra].host < -1 ? run.vms[extra].mips : run.vms[extra].requested;
    vdc_host_load load = {.load = wanted / host->capacity};
    double history[WINDOW], memory = 0;
    if (run.detect.policy->detection.window && (host->count > 0 || extra >= 0)) {
        int recordings = run.vms[extra >= 0 ? extra : host->guests[0].vm].recordings, length = recordings < WINDOW ? recordings : WINDOW;
        if (host->history_length != length) {
            memset(host->history, 0, sizeof host->history);
            for (int i = 0; i < host->count; i++) {
                const virtual_machine *vm = &run.vms[host->guests[i].vm];
                cr_assert_eq(vm->recordings, recordings);
                for (int k = 0; k < length; k++) host->history[k] += vm->share[host->type][recordings - length + k];
            }
            host->history_length = length;
        }
        memcpy(history, host->history, sizeof history);
        for (int k = 0; k < length && extra >= 0; k++) history[k] += run.vms[extra].share[host->type][recordings - length + k];
        for (int i = 0; i < host->count; i++) memory = fmax(memory, run.vms[host->guests[i].vm].memory);
        if (extra >= 0) memory = fmax(memory, run.vms[extra].memory);
        int oldest = 0; /* version 3 drops zeros at the end of a history that is kept newest first; one value stays */
        while (run.options->version_3 && oldest < length - 1 && history[oldest] == 0) oldest++;
        load.history = history + oldest;
        load.samples = (uint32_t)(length - oldest);
        load.migration = memory / BANDWIDTH / INTERVAL;
    }
    return run.detect.policy->detection.overloaded(run.detect.state, &load);
}

/* ---- placement (8) ---- */

/* May VMs that move come to the host as far as its memory goes? */
static bool has_memory(const machine *host, const virtual_machine *vm) {
    double memory = vm->memory;
    if (run.options->memory <= 0) return true;
    for (int i = 0; i < host->count; i++) memory += run.vms[host->guests[i].vm].memory;
    return memory <= run.options->memory;
}

/* A host for the VM, -1 = none. */
static int find_host(int v, double requested) {
    const virtual_machine *vm = &run.vms[v];
    bool creating = vm->host < -1, empty_seen[2] = {false};
    int best = -1;
    double best_score = -INFINITY;
    for (int h = 0; h < HOSTS; h++) {
        machine *host = &run.hosts[h];
        if (run.excluded[h]) continue;
        if (host->count == 0) {
            if (empty_seen[host->type]) continue;
            empty_seen[host->type] = true;
        }
        if (host->pe < requested || host->available < requested) continue;
        if (creating && (host->memory + vm->memory > 4096 || host->bandwidth + 100000 > 1000000)) continue;
        if (!creating && !has_memory(host, vm)) continue;
        if (host->used < 0) {
            host->used = 0;
            for (int i = 0; i < host->count; i++) host->used += host->guests[i].allocated;
        }
        vdc_host_view seen = {.class_view = &run.classes[host->type], .load_known = true,
                              .load = utilisation_of(host, run.options->fresh_load ? host->used : host->utilisation),
                              .load_with = (host->used + requested) / host->capacity};
        double used = host->used;
        if (used != 0) { /* it was created there on trial and destroyed again */
            set_out(h, v, false);
            grow_table(host, host->count + 1);
            if (!host->hashed) share_out(host, true);
        }
        double score = run.place.policy->placement.score(run.place.state, &seen, &run.request, NULL);
        if (score > best_score && (used == 0 || !overloaded(h, v))) best = h, best_score = score;
    }
    return best;
}

/* ---- the optimisation (9) ---- */

static void sort_by_demand(int *vms, int count) {
    for (int i = 1; i < count; i++) {
        int vm = vms[i], j = i;
        for (; j > 0 && run.vms[vms[j - 1]].requested < run.vms[vm].requested; j--) vms[j] = vms[j - 1];
        vms[j] = vm;
    }
}

static void move(int vm, int host) {
    cr_assert_lt(run.record_count, MOST_RECORDS);
    run.records[run.record_count++] = (record){vm, host};
    create(host, vm, run.vms[vm].requested, false);
}

static void leave_overloaded(int h, int *leaving, int *count) {
    machine *host = &run.hosts[h];
    while (host->count > 0) {
        vdc_vm_load loads[MOST_ON_HOST];
        for (int i = 0; i < host->count; i++) {
            const virtual_machine *vm = &run.vms[host->guests[i].vm];
            loads[i] = (vdc_vm_load){vm->requested / vm->mips, vm->memory, vm->recorded, (uint32_t)vm->recordings};
        }
        int64_t chosen = run.select.policy->selection.select(run.select.state, &run.view, loads, (uint32_t)host->count);
        cr_assert(chosen >= 0 && chosen < host->count);
        int vm = host->guests[chosen].vm;
        destroy(h, vm);
        leaving[(*count)++] = vm;
        if (!overloaded(h, -1)) return;
    }
}

static int by_utilisation(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    double u = run.hosts[x].utilisation / run.hosts[x].capacity, v = run.hosts[y].utilisation / run.hosts[y].capacity;
    return u != v ? u < v ? -1 : 1 : x - y;
}

static void leave_underloaded(bool *passed) {
    int order[HOSTS], count = 0;
    for (int h = 0; h < HOSTS; h++) {
        double u = utilisation_of(&run.hosts[h], run.hosts[h].utilisation);
        if (!passed[h] && u > 0 && u < 1) order[count++] = h;
    }
    qsort(order, (size_t)count, sizeof *order, by_utilisation);
    for (int i = 0; i < count; i++) {
        int h = order[i], vms[MOST_ON_HOST], vm_count = run.hosts[h].count, first = run.record_count;
        if (passed[h] || vm_count == 0) continue;
        passed[h] = run.excluded[h] = true;
        for (int k = 0; k < vm_count; k++) vms[k] = run.hosts[h].guests[k].vm;
        sort_by_demand(vms, vm_count);
        bool all = true;
        for (int k = 0; k < vm_count && all; k++) {
            int target = find_host(vms[k], run.vms[vms[k]].requested);
            if (target < 0) all = false;
            else move(vms[k], target);
        }
        for (int k = first; k < run.record_count; k++) {
            if (all) passed[run.records[k].host] = true;
            else destroy(run.records[k].host, run.records[k].vm);
        }
        if (!all) run.record_count = first;
    }
}

static void optimise(void) {
    static int leaving[MOST_VMS];
    bool passed[HOSTS], over[HOSTS];
    int count = 0;
    run.record_count = 0;
    for (int h = 0; h < HOSTS; h++) over[h] = run.excluded[h] = overloaded(h, -1);
    for (int h = 0; h < HOSTS; h++) {
        run.hosts[h].saved_count = run.hosts[h].count;
        memcpy(run.hosts[h].saved, run.hosts[h].guests, (size_t)run.hosts[h].count * sizeof(guest));
    }
    for (int h = 0; h < HOSTS; h++)
        if (over[h]) leave_overloaded(h, leaving, &count);
    sort_by_demand(leaving, count);
    for (int i = 0; i < count; i++) {
        int target = find_host(leaving[i], run.vms[leaving[i]].requested);
        if (target >= 0) move(leaving[i], target);
    }
    for (int h = 0; h < HOSTS; h++) passed[h] = run.excluded[h] = over[h] || run.hosts[h].utilisation == 0;
    for (int i = 0; i < run.record_count && run.options->protect_targets; i++) passed[run.records[i].host] = true;
    leave_underloaded(passed);
    for (int h = 0; h < HOSTS; h++) {
        machine *host = &run.hosts[h];
        host->count = host->saved_count;
        memcpy(host->guests, host->saved, (size_t)host->count * sizeof(guest));
        for (int i = 0; i < host->count; i++) note_direction(h, &host->guests[i]);
        share_out(host, false);
        changed(host);
    }
}

static void start_migrations(double t) {
    for (int i = 0; i < run.record_count; i++) {
        virtual_machine *vm = &run.vms[run.records[i].vm];
        vm->migrating = true;
        create(run.records[i].host, run.records[i].vm, vm->requested, true);
        update_host(run.records[i].host, t);
        update_host(vm->host, t);
        run.migrations++;
    }
}

static void end_migrations(double t, double memory) {
    bool any = false;
    for (int i = 0; i < run.record_count; i++) {
        int v = run.records[i].vm, target = run.records[i].host;
        virtual_machine *vm = &run.vms[v];
        if (vm->memory != memory) continue;
        if (!any) force(t + memory / BANDWIDTH);
        any = true;
        destroy(vm->host, v);
        destroy(target, v);
        vm->migrating = false;
        create(target, v, vm->requested, false);
        vm->host = target;
    }
    if (any) force(t + memory / BANDWIDTH);
}

/* ---- the experiment ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_traces(const char *folder) {
    static const double mips[4] = {2500, 2000, 1000, 500}, memory[4] = {870, 1740, 1740, 613};
    static char *names[MOST_VMS];
    DIR *directory = opendir(folder);
    cr_assert_not_null(directory, "%s", folder);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.') names[run.vm_count++] = vdc_arena_strdup(&arena, entry->d_name);
    (void)closedir(directory);
    qsort(names, (size_t)run.vm_count, sizeof *names, by_name);
    uint64_t draws = run.options->permutation;
    for (int v = run.vm_count - 1; v > 0 && run.options->permutation; v--) {
        int other = (int)draw_below(&draws, v + 1);
        char *name = names[v];
        names[v] = names[other];
        names[other] = name;
    }
    for (int v = 0; v < run.vm_count; v++) {
        virtual_machine *vm = &run.vms[v];
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[v]);
        FILE *file = fopen(path, "r");
        cr_assert_not_null(file, "%s", path);
        for (int k = 0; k < SAMPLES; k++) {
            int percent;
            cr_assert_eq(fscanf(file, "%d", &percent), 1, "%s", path);
            vm->trace[k] = percent / 100.0;
        }
        (void)fclose(file);
        vm->trace[SAMPLES] = vm->trace[SAMPLES - 1];
        for (int k = 0; k < SAMPLES; k++) vm->slope[k] = (vm->trace[k + 1] - vm->trace[k]) / INTERVAL;
        int quarter = (run.vm_count + 3) / 4;
        vm->mips = mips[v / quarter];
        vm->memory = memory[v / quarter];
        vm->updated = -1;
        vm->host = -2;
    }
}

static vdc_policy_instance open_part(vdc_policy_kind kind, const char *text) {
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    cr_assert_eq(vdc_policy_open(kind, test_tree(&arena, text), NULL, NULL, &instance, &diag), VDC_OK, "%s: %s", text,
                 diag.count ? diag.messages[0].text : "");
    cr_assert(!instance.policy->init || !instance.policy->init(instance.state, &run.view), "%s", text);
    return instance;
}

static void close_part(vdc_policy_instance *instance) {
    if (instance->policy && instance->policy->fini) instance->policy->fini(instance->state);
    vdc_policy_close(instance);
}

static void set_up(void) {
    for (int k = 0; k < 11; k++) tenths[k] = fmod(k * 0.1, 0.1) == 0 ? k * 0.1 : NAN;
    for (int type = 0; type < 2; type++) run.classes[type] = (vdc_host_class_view){.power = power_table[type]};
    run.view = (vdc_view){.view_size = sizeof run.view, .hosts = HOSTS, .classes = 2, .class_views = run.classes, .power = watts};
    for (int h = 0; h < HOSTS; h++) {
        machine *host = &run.hosts[h];
        *host = (machine){.type = h % 2, .pe = h % 2 ? 2660 : 1860, .table = 16, .was_active = true};
        host->available = host->capacity = 2 * host->pe;
        changed(host);
    }
    if (!run.options->detect) return;
    run.detect = open_part(VDC_DETECTION, run.options->detect);
    run.select = open_part(VDC_SELECTION, run.options->select);
    run.place = open_part(VDC_PLACEMENT, "{policy: power-aware}");
}

static int first_fit(const virtual_machine *vm) {
    for (int h = 0; h < HOSTS; h++) {
        const machine *host = &run.hosts[h];
        if (host->pe >= vm->mips && host->available >= vm->mips && host->memory + vm->memory <= 4096 && host->bandwidth + 100000 <= 1000000)
            return h;
    }
    return -1;
}

static void place_all(void) {
    for (int v = 0; v < run.vm_count; v++) {
        virtual_machine *vm = &run.vms[v];
        int host = run.detect.policy ? find_host(v, vm->mips) : first_fit(vm);
        cr_assert_geq(host, 0, "VM %d", v);
        create(host, v, vm->mips, false);
        run.hosts[host].memory += vm->memory;
        run.hosts[host].bandwidth += 100000;
        vm->host = host;
    }
}

static void simulate(void) {
    static const double memories[] = {613, 870, 1740};
    place_all();
    for (double t = epsilon() + 300; t <= 86400; t += 300) {
        force(t);
        run.record_count = 0;
        if (run.detect.policy) optimise();
        start_migrations(t);
        for (int i = 0; i < 3; i++) end_migrations(t, memories[i]);
    }
    if (run.options->idle_power) force(86400);
}

/* Section 13. */
static void measure(cloudsim_metrics *metrics) {
    double active = 0, violated = 0, requested = 0, allocated = 0, lost = 0;
    *metrics = (cloudsim_metrics){.energy = run.energy / 3.6e6, .migrations = run.migrations, .vms = run.vm_count};
    for (int h = 0; h < HOSTS; h++) {
        close_host_state(&run.hosts[h]);
        active += run.hosts[h].active_time;
        violated += run.hosts[h].violated_time;
        metrics->shutdowns += run.hosts[h].shutdowns;
    }
    for (int v = 0; v < run.vm_count; v++) {
        requested += run.vms[v].requested_total;
        allocated += run.vms[v].allocated_total;
        lost += run.vms[v].lost_total;
        metrics->vms_left += run.vms[v].host >= 0;
    }
    metrics->pdm = lost / requested;
    metrics->slatah = violated / active;
    metrics->overall = (requested - allocated) / requested;
    metrics->average = run.slack_count ? run.slack_sum / (double)run.slack_count : 0;
}

void cloudsim_run(const char *folder, const cloudsim_options *options, cloudsim_metrics *metrics) {
    memset(&run, 0, sizeof run);
    run.options = options;
    read_traces(folder);
    set_up();
    simulate();
    measure(metrics);
    close_part(&run.detect);
    close_part(&run.select);
    close_part(&run.place);
    vdc_arena_free(&arena);
}
