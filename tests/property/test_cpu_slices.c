/* Schedulers that go slice by slice on random hosts: they come to the fluid shares, EEVDF's lag stays within a slice, EDF keeps every
 * deadline that can be kept and names those that it misses.
 *
 * The harness plays the engine: it asks for a decision, lets the time pass that the scheduler named, and sums what everybody ran. The fluid
 * shares come from the policy's own `share`, which the solver's tests hold against an oracle.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schedulers/registry.h"
#include "sim/base/memory.h"
#include "sim/base/units.h"
#include "tests/support/draw.h"
#include "tests/support/tree.h"

enum { MOST = 10, STRIDE = 256 };

typedef struct bench_host {
    vdc_policy_instance instance;
    int64_t capacity, speed, now, since;
    uint32_t count;
    vdc_cpu_entry vms[MOST];
    vdc_wide ran[MOST], owed[MOST];     /* Hz·ns run; by the fluid shares */
    vdc_wide worst[MOST];               /* largest |owed - ran| seen */
    uint32_t missed[MOST];
    uint64_t decisions;
    bool continued;
    _Alignas(max_align_t) char memory[MOST][STRIDE];
    _Alignas(max_align_t) char host_memory[STRIDE];
    int64_t fluid[MOST];
} bench_host;

static void open_host(bench_host *host, const char *policy) {
    static vdc_arena arena;
    vdc_diag diag = {0};
    memset(host, 0, sizeof *host);
    vdc_code code = vdc_policy_open(VDC_CPU_SHARING, test_tree(&arena, policy), "fair-share", NULL, &host->instance, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", policy, diag.count ? diag.messages[0].text : "");
    const vdc_cpu_hooks *hooks = &host->instance.policy->cpu;
    cr_assert(hooks->slice && hooks->vm_memory <= STRIDE && hooks->host_memory <= STRIDE);
}

static vdc_wide magnitude(vdc_wide value) { return value < 0 ? -value : value; }

/* Runs until the clock is `end`. */
static void run_until(bench_host *host, int64_t end, bool changed) {
    _Alignas(max_align_t) static char scratch[1 << 14];
    const vdc_cpu_hooks *hooks = &host->instance.policy->cpu;
    cr_assert(hooks->scratch_size(host->count) <= sizeof scratch);
    if (changed) {
        vdc_cpu_entry entries[MOST];
        memcpy(entries, host->vms, sizeof entries);
        hooks->share(host->instance.state, host->capacity, entries, host->count, scratch);
        for (uint32_t i = 0; i < host->count; i++) host->fluid[i] = entries[i].grant;
    }
    for (uint64_t most = host->decisions + 3000000; host->now < end;) {
        cr_assert_lt(host->decisions, most, "no progress at %" PRId64, host->now);
        void *memory[MOST];
        uint32_t missed[MOST] = {0};
        for (uint32_t i = 0; i < host->count; i++) memory[i] = host->memory[i];
        vdc_cpu_moment moment = {
            .count = host->count, .now = host->now, .since = host->since, .continued = host->continued,
            .changed = changed || !host->continued, .capacity = host->capacity, .speed = host->speed, .entries = host->vms, .memory = memory,
            .host_memory = host->host_memory, .missed = missed, .scratch = scratch,
        };
        int64_t next = hooks->slice(host->instance.state, &moment);
        cr_assert_geq(next, 1);
        host->since = host->now;
        host->continued = true;
        changed = false;
        host->decisions++;
        int64_t span = next > end - host->now ? end - host->now : next;
        vdc_wide sum = 0, wanted = 0;
        for (uint32_t i = 0; i < host->count; i++) {
            const vdc_cpu_entry *vm = &host->vms[i];
            cr_assert(vm->grant >= 0 && vm->grant <= vdc_cpu_ceiling(vm) && vm->ceiling == vdc_cpu_ceiling(vm), "VM %u", i);
            sum += vm->grant;
            wanted += vm->ceiling;
            host->missed[i] += missed[i];
            host->ran[i] += (vdc_wide)vm->grant * span;
            host->owed[i] += (vdc_wide)host->fluid[i] * span;
            vdc_wide off = magnitude(host->owed[i] - host->ran[i]);
            if (off > host->worst[i]) host->worst[i] = off;
        }
        cr_assert_eq((int64_t)sum, wanted < host->capacity ? (int64_t)wanted : host->capacity, "work is conserved");
        host->now += span;
    }
}

/* A contended host of VMs of 1 to 8 vCPUs; some sleep most of the time, some have limits. */
static void random_host(bench_host *host, uint64_t *draws, int64_t threads) {
    host->speed = 1000000000 + draw_below(draws, 2000000000);
    host->capacity = threads * host->speed;
    vdc_wide wanted = 0;
    for (host->count = 0; host->count < MOST && (wanted <= host->capacity || draw_below(draws, 4)); host->count++) {
        vdc_cpu_entry *vm = &host->vms[host->count];
        vdc_request request = {.id = host->count, .size[VDC_CPU] = 1000 * (1 + draw_below(draws, threads < 8 ? threads : 8)),
                               .priority = 1, .cpu_limit = VDC_UNLIMITED, .cpu_weight = draw_below(draws, 2) ? VDC_UNLIMITED : 10 + draw_below(draws, 990)};
        if (draw_below(draws, 5) == 0) request.cpu_limit = host->speed / 2 + draw_below(draws, host->speed);
        const vdc_cpu_hooks *hooks = &host->instance.policy->cpu;
        if (hooks->map) hooks->map(host->instance.state, &request, host->speed, vm);
        else vdc_cpu_entry_of(&request, host->speed, vm);
        vm->demand = draw_below(draws, 3) ? vm->nominal : draw_below(draws, vm->nominal);
        wanted += vdc_cpu_ceiling(vm);
    }
    while (wanted <= host->capacity) {
        host->capacity = host->capacity / 2 + 1;
    }
}

/* ns of running that entry i is off, as a share of `slice`. */
static double slices_off(const bench_host *host, uint32_t i, vdc_wide off, int64_t slice) {
    int64_t rate = vdc_cpu_ceiling(&host->vms[i]) < host->capacity ? vdc_cpu_ceiling(&host->vms[i]) : host->capacity;
    return rate ? (double)off / (double)rate / (double)slice : 0;
}

/* The largest deviation from the fluid shares at any decision, and after whole periods, in slices. */
static void deviation(const char *policy, int64_t slice, int64_t period, int64_t threads, double *worst, double *at_end) {
    enum { HOSTS = 500, PERIODS = 100 };
    uint64_t draws = (uint64_t)threads;
    *worst = *at_end = 0;
    for (int round = 0; round < HOSTS; round++) {
        bench_host host;
        open_host(&host, policy);
        random_host(&host, &draws, 1 + draw_below(&draws, threads));
        run_until(&host, PERIODS * period, true);
        for (uint32_t i = 0; i < host.count; i++) {
            double off = slices_off(&host, i, host.worst[i], slice), end = slices_off(&host, i, magnitude(host.owed[i] - host.ran[i]), slice);
            if (off > *worst) *worst = off;
            if (end > *at_end) *at_end = end;
        }
        cr_assert_leq(host.decisions, (uint64_t)(60 * PERIODS * (period / slice)), "%s: %" PRIu64 " decisions", policy, host.decisions);
        vdc_policy_close(&host.instance);
    }
}

/* No VM is ever further from its fluid share than one slice of what it can run at, from the first instant on: over any time the
 * average converges. A VM is a whole: of 1 to 8 vCPUs, on 1 to 8 threads. */
Test(cpu_slices, everybody_stays_within_a_slice_of_its_fluid_share) {
    static const struct { const char *policy; int64_t slice, period; } cases[] = {
        {"{policy: round-robin}", 10000000, 10000000}, {"{policy: round-robin, quantum: 1ms}", 1000000, 1000000},
        {"{policy: eevdf}", 3000000, 3000000}, {"{policy: eevdf, slice: 500us}", 500000, 500000},
        {"{policy: credit}", 30000000, 30000000}, {"{policy: credit, timeslice: 5ms, period: 10ms, weight: 100}", 10000000, 10000000},
        {"{policy: edf}", 100000000, 100000000}, {"{policy: edf, period: 7ms}", 7000000, 7000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int64_t threads = 1; threads <= 8; threads *= 2) {
            double worst, at_end;
            deviation(cases[i].policy, cases[i].slice, cases[i].period, threads, &worst, &at_end);
            cr_expect_leq(worst, 1, "%s, up to %" PRId64 " threads: %.4f slices", cases[i].policy, threads, worst);
            /* Xen's credit and EDF come out even at the end of every period. */
            if (strstr(cases[i].policy, "credit") || strstr(cases[i].policy, "edf,"))
                cr_expect_leq(at_end, 1e-5, "%s, up to %" PRId64 " threads: %.7f slices at the end", cases[i].policy, threads, at_end);
        }
}

/* Loads that change in the middle of slices: work is conserved, nobody gets more than it may, and once they rest the shares come even again. */
Test(cpu_slices, changing_loads) {
    static const struct { const char *policy; int64_t slice; } cases[] = {
        {"{policy: round-robin}", 10000000}, {"{policy: eevdf}", 3000000}, {"{policy: credit}", 30000000}, {"{policy: edf, period: 20ms}", 20000000}};
    uint64_t draws = 99;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int round = 0; round < 300; round++) {
            bench_host host;
            open_host(&host, cases[c].policy);
            random_host(&host, &draws, 1 + draw_below(&draws, 8));
            for (int change = 0; change < 50; change++) {
                uint32_t i = (uint32_t)draw_below(&draws, host.count);
                host.vms[i].demand = draw_below(&draws, 2) ? host.vms[i].nominal : draw_below(&draws, host.vms[i].nominal);
                vdc_wide wanted = 0;
                for (uint32_t k = 0; k < host.count; k++) wanted += vdc_cpu_ceiling(&host.vms[k]);
                if (wanted <= host.capacity) host.vms[i].demand = host.vms[i].nominal;
                run_until(&host, host.now + 1 + draw_below(&draws, 2 * cases[c].slice), true);
            }
            memset(host.ran, 0, sizeof host.ran);
            memset(host.owed, 0, sizeof host.owed);
            run_until(&host, host.now + 200 * cases[c].slice, false);
            for (uint32_t i = 0; i < host.count; i++) {
                double off = slices_off(&host, i, magnitude(host.owed[i] - host.ran[i]), cases[c].slice);
                cr_assert_leq(off, 3, "%s host %d VM %u: %.3f slices", cases[c].policy, round, i, off);
            }
            vdc_policy_close(&host.instance);
        }
}

/* ---- deadlines ---- */

/* VMs with budgets and periods of their own, together `load` of the threads. */
static void periodic_host(bench_host *host, uint64_t *draws, double load) {
    int64_t threads = 1 + draw_below(draws, 6);
    host->speed = 1000000000;
    host->capacity = threads * host->speed;
    host->count = (uint32_t)(threads + 1 + draw_below(draws, 3));
    int64_t left = (int64_t)(load * (double)host->capacity);
    for (uint32_t i = 0; i < host->count; i++) {
        int64_t vcpus = 1 + draw_below(draws, 2), most = vcpus * host->speed < left ? vcpus * host->speed : left;
        int64_t rate = i + 1 == host->count ? most : draw_below(draws, most + 1);
        left -= rate;
        vdc_request request = {.id = i, .size[VDC_CPU] = 1000 * vcpus, .cpu_limit = VDC_UNLIMITED, .cpu_weight = VDC_UNLIMITED,
                               .cpu_reservation = rate, .cpu_period = 1000000 * (1 + draw_below(draws, 50))};
        host->instance.policy->cpu.map(host->instance.state, &request, host->speed, &host->vms[i]);
        host->vms[i].demand = draw_below(draws, 4) ? host->vms[i].nominal : rate;
    }
}

/* Runs period by period of each VM and counts those in which it got less than its budget. */
static void count_late(bench_host *host, uint32_t late[MOST], int64_t end) {
    vdc_wide before[MOST] = {0};
    int64_t due[MOST];
    for (uint32_t i = 0; i < host->count; i++) late[i] = 0, due[i] = host->vms[i].period;
    for (bool changed = true; host->now < end; changed = false) {
        int64_t next = end;
        for (uint32_t i = 0; i < host->count; i++)
            if (due[i] < next) next = due[i];
        run_until(host, next, changed);
        for (uint32_t i = 0; i < host->count; i++) {
            if (host->now < due[i]) continue;
            vdc_wide budget = (vdc_wide)vdc_cpu_floor(&host->vms[i]) * host->vms[i].period; /* kept to a millionth */
            late[i] += host->ran[i] - before[i] < budget - budget / 1000000;
            before[i] = host->ran[i];
            due[i] += host->vms[i].period;
        }
    }
    /* The decision at the end itself tells of deadlines at that instant. */
    run_until(host, host->now + 1, false);
}

static void check_deadlines(double load, bool all_met) {
    uint64_t draws = (uint64_t)(load * 1000);
    uint64_t missed = 0, contended = 0;
    for (int round = 0; round < 1000; round++) {
        bench_host host;
        open_host(&host, "{policy: edf}");
        periodic_host(&host, &draws, load);
        vdc_wide wanted = 0;
        for (uint32_t i = 0; i < host.count; i++) wanted += vdc_cpu_ceiling(&host.vms[i]);
        uint32_t late[MOST];
        if (wanted > host.capacity) {
            contended++;
            count_late(&host, late, 500000000);
            for (uint32_t i = 0; i < host.count; i++) {
                cr_assert_eq(host.missed[i], late[i], "host %d VM %u: says %u missed, %u were", round, i, host.missed[i], late[i]);
                if (all_met) cr_assert_eq(late[i], 0, "host %d VM %u is late %u times", round, i, late[i]);
                missed += late[i];
            }
        }
        vdc_policy_close(&host.instance);
    }
    cr_assert_gt(contended, 300, "%" PRIu64, contended);
    if (!all_met) cr_assert_gt(missed, 1000);
}

Test(cpu_slices, edf_meets_all_deadlines_up_to_full_threads) {
    check_deadlines(0.5, true);
    check_deadlines(0.9, true);
    check_deadlines(1, true);
}

Test(cpu_slices, edf_names_every_deadline_that_it_misses) {
    check_deadlines(1.05, false);
    check_deadlines(1.5, false);
}

/* Dhall and Liu's example: m threads, m short tasks and one long one that no global EDF without cuts schedules. */
Test(cpu_slices, edf_survives_the_dhall_effect) {
    bench_host host;
    open_host(&host, "{policy: edf}");
    host.speed = 1000000000;
    host.capacity = 4 * host.speed;
    host.count = 5;
    for (uint32_t i = 0; i < 5; i++) {
        vdc_request request = {.id = i, .size[VDC_CPU] = 1000, .cpu_limit = VDC_UNLIMITED, .cpu_weight = VDC_UNLIMITED,
                               .cpu_reservation = i < 4 ? 20000000 : 980000000, .cpu_period = i < 4 ? 10000000 : 10200000};
        host.instance.policy->cpu.map(host.instance.state, &request, host.speed, &host.vms[i]);
        host.vms[i].demand = host.vms[i].nominal;
    }
    uint32_t late[MOST];
    count_late(&host, late, 2000000000);
    for (uint32_t i = 0; i < 5; i++) cr_expect(late[i] == 0 && host.missed[i] == 0, "VM %u is late", i);
    vdc_policy_close(&host.instance);
}

/* Two VMs on one thread, each of which is to have 60 % of it: the one whose deadlines come ten times as often meets all of them, the other none (one in ten is
 * a tie, which goes to the lower id). */
Test(cpu_slices, edf_misses_the_latest_deadlines) {
    bench_host host;
    open_host(&host, "{policy: edf}");
    host.capacity = host.speed = 1000000000;
    host.count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        vdc_request request = {.id = i, .size[VDC_CPU] = 1000, .cpu_limit = VDC_UNLIMITED, .cpu_weight = VDC_UNLIMITED, .cpu_reservation = 600000000,
                               .cpu_period = i ? 100000000 : 10000000};
        host.instance.policy->cpu.map(host.instance.state, &request, host.speed, &host.vms[i]);
        host.vms[i].demand = host.vms[i].nominal;
    }
    uint32_t late[MOST];
    count_late(&host, late, 1000000000);
    cr_expect(late[0] == 0 && host.missed[0] == 0, "%u of the early deadlines are missed", late[0]);
    cr_expect(late[1] == 10 && host.missed[1] == 10, "%u of the late deadlines are missed", late[1]);
    vdc_policy_close(&host.instance);
}

/* Xen's credit is not saved up: who sleeps through most of each period has no claim on the thread later. */
Test(cpu_slices, credit_that_was_not_spent_is_lost) {
    bench_host host;
    open_host(&host, "{policy: credit}");
    host.capacity = host.speed = 1000000000;
    host.count = 3;
    for (uint32_t i = 0; i < 3; i++)
        host.vms[i] = (vdc_cpu_entry){.demand = host.speed, .nominal = host.speed, .limit = VDC_UNLIMITED, .weight = 256, .id = i};
    for (int64_t period = 0; period < 100; period++) {
        host.vms[0].demand = host.speed;
        run_until(&host, period * 30000000 + 1000000, true);
        host.vms[0].demand = 0;
        run_until(&host, (period + 1) * 30000000 - 1, true);
        host.vms[0].demand = host.speed; /* and awake when credit is given out */
        run_until(&host, (period + 1) * 30000000, true);
    }
    for (uint32_t i = 0; i < 3; i++) host.ran[i] = host.owed[i] = 0;
    run_until(&host, host.now + 10 * 30000000, true);
    cr_expect_leq(host.ran[0] - host.owed[0], (vdc_wide)30000000 * host.speed, "%.1f ms beyond its share of 100",
                  (double)(host.ran[0] - host.owed[0]) / (double)host.speed / 1e6);
    vdc_policy_close(&host.instance);
}

/* ---- slices as they are known ---- */

/* Two VMs of one vCPU on one thread: quanta in turn, to the ns. */
Test(cpu_slices, round_robin_by_hand) {
    bench_host host;
    open_host(&host, "{policy: round-robin, quantum: 4ms}");
    host.capacity = host.speed = 1000000000;
    host.count = 3;
    for (uint32_t i = 0; i < 3; i++)
        host.vms[i] = (vdc_cpu_entry){.demand = host.speed, .nominal = host.speed, .limit = VDC_UNLIMITED, .weight = 1000, .id = i};
    static const int64_t expected[][3] = {{4, 0, 0}, {4, 4, 0}, {4, 4, 4}, {8, 4, 4}, {8, 8, 4}};
    for (int64_t turn = 0; turn < 5; turn++) {
        run_until(&host, (turn + 1) * 4000000, turn == 0);
        for (uint32_t i = 0; i < 3; i++) cr_expect(host.ran[i] == (vdc_wide)expected[turn][i] * 1000000 * host.speed, "turn %" PRId64 " VM %u", turn, i);
    }
    vdc_policy_close(&host.instance);
}
