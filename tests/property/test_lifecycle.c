/* Random lives: many VMs, every operation at random times from their lists and from the library, failures, isolation, overcommitment, every mode of
 * migration. Every run is under --check, so that each invariant is recounted at every event; what is refused must change nothing; runs are
 * repeatable; what has begun ends. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/vdcsim.h"
#include "tests/support/draw.h"
#include "tests/support/runs.h"

/* A scenario; `devices`: with networks and volumes, and operations on them. */
typedef struct text { char bytes[60000]; size_t length; bool devices; } text;

static void put(text *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out->bytes + out->length, sizeof out->bytes - out->length, format, arguments);
    va_end(arguments);
    cr_assert(length >= 0 && out->length + (size_t)length < sizeof out->bytes);
    out->length += (size_t)length;
}

static const char *pick(uint64_t *draw, const char *const *list) {
    int64_t count = 0;
    while (list[count]) count++;
    return list[draw_below(draw, count)];
}

/* One on a volume or a network. */
static void put_device_operation(text *out, uint64_t *draw) {
    static const char *const verbs[] = {"create-volume", "attach-volume", "attach-volume", "detach-volume", "resize-volume", "configure-volume",
        "snapshot-volume", "delete-volume", "create-network", "configure-network", "attach-network", "attach-network", "configure-vnic", "detach-network",
        "delete-network", NULL};
    static const char *const volumes[] = {"root", "u", "v", "w", "0", "1", NULL}, *const networks[] = {"m", "n", "o", NULL};
    static const char *const caps[] = {"none", "0", "100", "5000", "70000", NULL};
    const char *verb = pick(draw, verbs);
    put(out, "do: %s", verb);
    if (strstr(verb, "volume")) put(out, ", volume: %s", pick(draw, volumes));
    else put(out, ", network: %s", pick(draw, networks));
    bool made = strcmp(verb, "create-volume") == 0 || (strcmp(verb, "attach-volume") == 0 && draw_below(draw, 2));
    if (made) {
        put(out, ", pool: %s, provision: %s", strcmp(verb, "create-volume") == 0 || draw_below(draw, 3) ? "san" : "local",
            draw_below(draw, 2) ? "thin" : "thick");
        put(out, ", image: %" PRId64 " MB", draw_below(draw, 3) ? 0 : draw_below(draw, 400));
    }
    if (made || strcmp(verb, "resize-volume") == 0) put(out, ", size: %" PRId64 " MB", 400 + draw_below(draw, 4000));
    if (made || strcmp(verb, "configure-volume") == 0) put(out, ", iops: %s, bandwidth: %s", pick(draw, caps), pick(draw, caps));
    if (strcmp(verb, "attach-volume") == 0 && draw_below(draw, 4))
        put(out, ", io: [{rate: %" PRId64 ", request: %" PRId64 ", do: %s}]", 1 + draw_below(draw, 300), 1 + draw_below(draw, 9000),
            draw_below(draw, 2) ? "read" : "write");
    if (strstr(verb, "configure-network") || strstr(verb, "create-network")) put(out, ", weight: %" PRId64, 1 + draw_below(draw, 9));
    if (strcmp(verb, "attach-network") == 0 || strcmp(verb, "configure-vnic") == 0) put(out, ", tx: %s, rx: %s", pick(draw, caps), pick(draw, caps));
    if (strcmp(verb, "attach-network") == 0)
        put(out, ", traffic: [{to: %s, %s: %" PRId64 "%s}]", draw_below(draw, 3) ? "peer" : "outside", draw_below(draw, 2) ? "rate" : "size",
            1 + draw_below(draw, 90000), draw_below(draw, 2) ? ", every: 30s, for: 20s" : "");
}

/* One operation, without its time. */
static void put_operation(text *out, uint64_t *draw, int hosts, bool reservations) {
    static const char *const verbs[] = {"start", "stop", "pause", "resume", "suspend", "resize", "configure", "snapshot", "migrate", "migrate",
        "migrate", "resume",
                                        "start", "delete", NULL};
    static const char *const modes[] = {"default", "pre-copy", "post-copy", "hybrid", "cold", NULL};
    if (out->devices && draw_below(draw, 2)) {
        put_device_operation(out, draw);
        return;
    }
    const char *verb = pick(draw, verbs);
    if (strcmp(verb, "delete") == 0 && draw_below(draw, 3)) verb = "resize";
    put(out, "do: %s", verb);
    if (strcmp(verb, "resize") == 0) {
        put(out, ", vcpus: %" PRId64 ", move: %s", 1 + draw_below(draw, 5), draw_below(draw, 2) ? "true" : "false");
        if (draw_below(draw, 2)) put(out, ", memory: %" PRId64 " MiB", 256 + draw_below(draw, 4096));
        if (draw_below(draw, 2)) put(out, ", disk: %" PRId64 " MB", draw_below(draw, 4000));
    } else if (strcmp(verb, "configure") == 0) {
        put(out, ", weight: %" PRId64, 1 + draw_below(draw, 1000));
        if (draw_below(draw, 2)) put(out, ", limit: %" PRId64 " MHz", draw_below(draw, 3000));
        if (draw_below(draw, 2) && reservations) put(out, ", reservation: %" PRId64 " MHz", draw_below(draw, 1500));
    } else if (strcmp(verb, "migrate") == 0) {
        if (draw_below(draw, 2)) put(out, ", to: %" PRId64, draw_below(draw, hosts + 1));
        put(out, ", mode: %s", pick(draw, modes));
    }
}

/* A scenario; *hosts: how many there are. Without `lists` VMs bring no operations. */
static void compose(text *out, uint64_t *draw, int *hosts, bool lists) {
    static const char *const placements[] = {"first-fit", "best-fit", "worst-fit", "random-fit", "move-to-front", NULL};
    static const char *const admissions[] = {"fifo", "fifo-skip", "priority", NULL};
    static const char *const cpus[] = {"fair-share", "strict-priority", "space-shared", NULL};
    static const char *const rules[] = {"{rule: anti-affinity}", "{rule: anti-affinity, level: rack}", "{rule: affinity, level: rack}",
        "{rule: spread, level: rack}",
                                        "{rule: max-tenants, max: 2}", "{rule: dedicated-host, tenants: [a]}", "{rule: max-vms, max: 3}",
                                        "{rule: core-isolation, tenants: [b]}", "{rule: core-scheduling, tenants: [c]}",
                                        "{rule: tenant-anti-affinity, tenants: [a, b]}", NULL};
    static const char *const modes[] = {"pre-copy", "post-copy", "hybrid", "cold", NULL};
    static const char *const recoveries[] = {"restart", "restart", "elsewhere", "in-place", "standby", "standby", "none", NULL};
    int classes = 1 + (int)draw_below(draw, 2);
    bool fails = draw_below(draw, 2); /* for ever: such a run needs an end of its own */
    const char *recovery = pick(draw, recoveries);
    out->length = 0;
    out->devices = draw_below(draw, 2);
    *hosts = 0;
    put(out, "vdcsim: 1\nseed: %" PRId64 "\ntime: {tick: 20s, end: %s}\ndatacenter:\n  topology: {racks: 2%s}\n  overcommit: {cpu: %s}\n  hosts:\n",
        draw_below(draw, 1000),
        lists && !fails && draw_below(draw, 2) ? "last-vm" : "400s",
        out->devices && draw_below(draw, 2) ? ", fabric: {kind: leaf-spine, uplink: 200 MB/s, spines: 1}" : "", draw_below(draw, 2) ? "1" : "2");
    for (int k = 0; k < classes; k++) {
        int count = 2 + (int)draw_below(draw, 3);
        *hosts += count;
        put(out, "    - {class: c%d, count: %d, cpu: {cores: 4, threads: %d, speed: %" PRId64 " MHz}, memory: 12 GiB%s, power: {model: linear, "
            "idle: 50 W, max: 100 W}}\n", k,
            count, 1 + (int)draw_below(draw, 2), 700 + 300 * draw_below(draw, 3),
            out->devices         ? ", nic: 100 kB/s, disks: [{size: 20 GB, iops: 2000, bandwidth: 9 MB/s, latency: 1ms}]"
            : draw_below(draw, 2) ? ", disks: [{size: 20 GB}]"
                                  : "");
    }
    if (out->devices)
        put(out, "  storage: [{name: san, size: 20 GB, overcommit: 2, iops: 1000, nic: 9 MB/s, kind: %s, images: %s}]\nnetworks: [{name: m}, {name: n, "
            "weight: 2}]\n", draw_below(draw, 2) ? "hdd" : "ssd", draw_below(draw, 2) ? "true" : "false");
    put(out, "schedulers: {placement: {policy: %s}, admission: {policy: %s}, cpu: {policy: %s}}\n", pick(draw, placements), pick(draw,
        admissions), pick(draw, cpus));
    if (draw_below(draw, 2)) {
        put(out, "isolation: {rules: [");
        int64_t count = 1 + draw_below(draw, 3);
        for (int64_t i = 0; i < count; i++) {
            const char *rule = pick(draw, rules);
            /* A reservation beside core scheduling is booked twice as a fence, also a standby's: not ours. */
            if (strcmp(recovery, "standby") == 0 && strstr(rule, "core-scheduling")) rule = "{rule: max-vms, max: 4}";
            put(out, "%s%s", i ? ", " : "", rule);
        }
        put(out, "]}\n");
    }
    if (fails)
        put(out, "failures: {trace: {rows: [[%" PRId64 "s, %" PRId64 "s, %" PRId64 "%%]], repeat: true}, recovery: {policy: %s, max_failures: "
            "4}}\n", 20 + draw_below(draw, 60),
            1 + draw_below(draw, 40), draw_below(draw, 60), recovery);
    put(out, "lifecycle: {boot: {dist: uniform, min: 0s, max: %" PRId64 "s}, image: %" PRId64 "s, shutdown: %" PRId64 "s, storage_bandwidth: "
        "%" PRId64 " MB/s}\n", draw_below(draw, 8),
        draw_below(draw, 4), draw_below(draw, 3), 100 + draw_below(draw, 2000));
    put(out, "migration: {mode: %s, bandwidth: %" PRId64 " MB/s, cap: %s, dirty_rate: %" PRId64 " MB/s, auto_converge: %s, shared_storage: %s, "
        "per_host: %s, resume: %" PRId64
             "ms, cpu_tax: %" PRId64 "%%, timeout: %s, disk_write_rate: 10 MB/s}\n",
        pick(draw, modes), 50 + draw_below(draw, 1500), draw_below(draw, 2) ? "none" : "200 MB/s", draw_below(draw, 400), draw_below(draw,
            2) ? "true" : "false",
        draw_below(draw, 2) ? "true" : "false", draw_below(draw, 2) ? "none" : "2", draw_below(draw, 300), draw_below(draw, 30), draw_below(draw,
            3) ? "none" : "10s");
    put(out, "workload:\n  vms:\n");
    int64_t vms = 3 + draw_below(draw, 10);
    for (int64_t i = 0; i < vms; i++) {
        char tenant = (char)('a' + draw_below(draw, 3));
        put(out, "    - {id: %" PRId64 ", tenant: %c, group: %c, arrival: %" PRId64 "s, vcpus: %" PRId64 ", memory: %" PRId64 " MiB, disk: "
            "%" PRId64 " MB, priority: %" PRId64, i,
            tenant, (char)('p' + draw_below(draw, 3)), draw_below(draw, 60), 1 + draw_below(draw, 3), 128 + draw_below(draw, 3000),
            draw_below(draw, 2) ? draw_below(draw, 3000) : 0, draw_below(draw, 3));
        /* A reservation beside core scheduling is booked twice as a fence: not ours. */
        if (draw_below(draw, 3) == 0 && tenant != 'c') put(out, ", cpu: {reservation: %" PRId64 " MHz}", draw_below(draw, 900));
        if (draw_below(draw, 3) == 0) put(out, ", checkpoint: {interval: 13s, duration: 2s}");
        if (draw_below(draw, 2)) put(out, ", lifetime: %" PRId64 "s", 1 + draw_below(draw, 200));
        if (draw_below(draw, 3)) {
            put(out, ", load: {progress: %s, segments: [", draw_below(draw, 2) ? "work" : "time");
            int64_t segments = 1 + draw_below(draw, 4);
            for (int64_t s = 0; s < segments; s++) put(out, "%s[%" PRId64 "s, %" PRId64 " MHz]", s ? ", " : "", draw_below(draw, 50), draw_below(draw, 3000));
            put(out, "]}");
        }
        if (out->devices && draw_below(draw, 2))
            put(out, ", network: m, traffic: [{to: %s, rate: %" PRId64 " B/s}]", draw_below(draw, 2) ? "peer" : "1", 1 + draw_below(draw, 90000));
        if (out->devices && draw_below(draw, 2))
            put(out, ", volumes: [{name: root, size: %" PRId64 " MB, pool: %s, provision: %s, image: %" PRId64 " MB}], io: [{rate: %" PRId64 "}]",
                300 + draw_below(draw, 3000), draw_below(draw, 2) ? "san" : "local", draw_below(draw, 2) ? "thin" : "thick", draw_below(draw, 200),
                1 + draw_below(draw, 400));
        put(out, ", operations: [");
        int64_t count = lists ? draw_below(draw, 8) : 0;
        for (int64_t o = 0; o < count; o++) {
            put(out, "%s{at: %" PRId64 "ms, ", o ? ", " : "", draw_below(draw, 200000));
            put_operation(out, draw, *hosts, tenant != 'c');
            put(out, "}");
        }
        put(out, "]}\n");
    }
}

enum { RUNS = 250 };

Test(lifecycle_property, random_lives_keep_every_invariant, .timeout = 240) {
    uint64_t draw = 7;
    double migrations = 0, refused = 0, done = 0, aborted = 0;
    for (int i = 0; i < RUNS; i++) {
        text out;
        int hosts;
        compose(&out, &draw, &hosts, true);
        vdc_diag diag = {0};
        vdc_simulation *sim = NULL;
        vdc_run_options options = {.text = out.bytes, .check = true};
        vdc_code code = vdc_simulation_open(&sim, "test.yaml", &options, &diag);
        if (code == VDC_ERROR_INPUT && strstr(diag.messages[0].text, "isolation: rules:")) { /* rules that exclude each other */
            vdc_diag_clear(&diag);
            continue;
        }
        if (!code) code = vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag);
        cr_assert_eq(code, VDC_OK, "run %d: %s\n%s", i, diag.count ? diag.messages[0].text : "", out.bytes);
        cr_assert(vdc_simulation_checks_hold(sim), "run %d breaks an invariant:\n%s", i, out.bytes);
        migrations += summary_of(sim, "migrations");
        refused += summary_of(sim, "operations_refused");
        done += summary_of(sim, "migrations_done");
        aborted += summary_of(sim, "migrations_given_up");
        vdc_simulation_close(sim);
        vdc_diag_clear(&diag);
    }
    cr_expect(migrations > 200 && refused > 200 && done > 100 && aborted > 20, "%g begun, %g done, %g given up, %g refused", migrations, done,
        aborted, refused);
}

enum { KEYS = 200 };

/* What the summary says, but for what counts refusals and events. */
static size_t numbers(vdc_simulation *sim, double values[KEYS], const char *names[KEYS]) {
    size_t count = vdc_simulation_summary_count(sim);
    cr_assert(count <= KEYS);
    for (size_t i = 0; i < count; i++) {
        vdc_value value;
        cr_assert(vdc_simulation_summary(sim, i, &value));
        bool counts = value.type != VDC_VALUE_TEXT && strcmp(value.key, "operations_refused") != 0 && strcmp(value.key, "events") != 0;
        values[i] = counts ? value.real : 0;
        names[i] = value.key;
    }
    return count;
}

/* The same run twice, operated on from outside; in the second, every operation that was refused in the first is left out. */
Test(lifecycle_property, what_is_refused_changes_nothing, .timeout = 240) {
    uint64_t draw = 11;
    int compared = 0, all_refusals = 0;
    for (int i = 0; i < 60; i++) {
        text out;
        int hosts;
        compose(&out, &draw, &hosts, false);
        uint64_t saved = draw;
        enum { ASKED = 60 };
        bool was_refused[ASKED];
        double found[2][KEYS];
        const char *names[KEYS];
        size_t keys = 0;
        int refusals = 0;
        for (int turn = 0; turn < 2; turn++) {
            draw = saved;
            vdc_simulation *sim;
            vdc_run_options options = {.text = out.bytes, .check = true, .operable = true};
            if (vdc_simulation_open(&sim, "test.yaml", &options, NULL)) break; /* rules that exclude each other */
            for (int k = 0; k < ASKED; k++) {
                text operation = {.length = 0, .devices = out.devices};
                const char *refusal = NULL;
                cr_assert_eq(vdc_simulation_run_until(sim, (vdc_time)k * 4 * VDC_SECOND, NULL), VDC_OK);
                put(&operation, "{vm: %" PRId64 ", ", draw_below(&draw, 12));
                put_operation(&operation, &draw, hosts, false);
                put(&operation, "}");
                if (turn == 1 && was_refused[k]) continue;
                vdc_diag diag = {0};
                cr_assert_eq(vdc_simulation_operate(sim, operation.bytes, &refusal, &diag), VDC_OK, "%s: %s", operation.bytes,
                    diag.count ? diag.messages[0].text : "");
                vdc_diag_clear(&diag);
                if (turn == 0) was_refused[k] = refusal != NULL, refusals += refusal != NULL;
                else cr_assert_null(refusal, "run %d: %s is refused now: %s\n%s", i, operation.bytes, refusal, out.bytes);
            }
            cr_assert_eq(vdc_simulation_run_until(sim, VDC_TIME_MAX, NULL), VDC_OK);
            cr_assert(vdc_simulation_checks_hold(sim), "run %d breaks an invariant:\n%s", i, out.bytes);
            keys = numbers(sim, found[turn], names);
            vdc_simulation_close(sim);
        }
        for (size_t k = 0; k < keys; k++)
            cr_assert(found[0][k] == found[1][k] || (isnan(found[0][k]) && isnan(found[1][k])), "run %d: refused operations made a difference: %s %.17g, "
                "not %.17g\n%s", i, names[k],
                found[0][k], found[1][k],
                         out.bytes);
        compared += keys > 0;
        all_refusals += refusals;
    }
    cr_expect(compared > 50 && all_refusals > 500);
}
