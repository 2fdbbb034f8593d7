/* States: a run that is saved, restored, forked or changed on its way against one that was not; what is wrong with a state file. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/file.h"
#include "sim/base/memory.h"
#include "sim/inspect.h"
#include "sim/simulation.h"
#include "tests/support/result_files.h"

static const char busy[] = "vdcsim: 1\nname: busy\nseed: 11\ntime: {tick: 7min}\n"
    "datacenter: {hosts: [{class: s, count: 6, cpu: {cores: 4, threads: 2, speed: 2 GHz}, memory: 32 GiB, power: {model: linear, idle: 50 W, max: 90 W}}], "
    "overcommit: {cpu: 2}, topology: {racks: 3}}\n"
    "workload:\n  generate: {count: 80, arrivals: {dist: exponential, mean: 2min}, flavors: [{vcpus: 2, memory: 4 GiB}, {vcpus: 6, memory: 12 GiB}], "
    "lifetime: {dist: exponential, mean: 40min}, load: {kind: ar, mean: 60%, sd: 30%, step: 3min}, tenants: {count: 3}}\n"
    "  vms: [{id: 1000, vcpus: 4, memory: 4 GiB, load: {progress: work, segments: [[1h, 6 GHz]]}, cpu: {weight: 20000}, "
    "checkpoint: {interval: 5min, duration: 10s}}]\n"
    "schedulers: {admission: {policy: fifo-skip}, placement: {policy: random-fit}}\n"
    "failures: {processes: [{level: host, mtbf: 3h, repair: 10min}, {level: rack, mtbf: 9h, kills: 50%, repair: 5min}], recovery: {policy: elsewhere}}\n"
    "output: {hosts: every-tick, vms: final, events: true}\n";

static void must(vdc_code code, vdc_diag *diag) { cr_assert_eq(code, VDC_OK, "%s", diag->count ? diag->messages[0].text : "?"); }

static vdc_simulation *open_busy(const char *output, bool operable) {
    vdc_diag diag = {0};
    vdc_simulation *sim = NULL;
    vdc_run_options options = {.text = busy, .output = output ? test_folder_path(output) : NULL, .force = true, .operable = operable};
    must(vdc_simulation_open(&sim, test_folder_path("busy.yaml"), &options, &diag), &diag);
    vdc_diag_clear(&diag);
    return sim;
}

static void finish(vdc_simulation *sim) {
    vdc_diag diag = {0};
    must(vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag), &diag);
    must(vdc_simulation_finish(sim, &diag), &diag);
    vdc_simulation_close(sim);
    vdc_diag_clear(&diag);
}

static void expect_same_files(const char *one, const char *other) {
    char *a, *b;
    size_t a_size, b_size;
    vdc_diag diag = {0};
    must(vdc_file_read(test_folder_path(one), 1 << 26, &a, &a_size, &diag), &diag);
    must(vdc_file_read(test_folder_path(other), 1 << 26, &b, &b_size, &diag), &diag);
    cr_expect(a_size == b_size && memcmp(a, b, a_size) == 0, "%s and %s differ", one, other);
    vdc_free(a);
    vdc_free(b);
}

#define FOLDER .init = (void (*)(void))test_folder_make, .fini = test_folder_remove

Test(state, a_restored_run_gives_the_bytes_of_an_uninterrupted_one, FOLDER) {
    vdc_diag diag = {0};
    finish(open_busy("whole.h5", false));
    static const int64_t minutes[] = {0, 1, 33, 77, 140};
    for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
        vdc_simulation *sim = open_busy("part.h5", false), *restored;
        must(vdc_simulation_advance(sim, minutes[i] * 60 * VDC_SECOND + 12345, &diag), &diag);
        must(vdc_simulation_save(sim, test_folder_path("busy.state"), true, &diag), &diag);
        vdc_simulation_close(sim);
        vdc_run_options options = {.output = test_folder_path("part.h5"), .force = true, .check = i == 2};
        must(vdc_simulation_restore(&restored, test_folder_path("busy.state"), NULL, &options, &diag), &diag);
        if (i == 2) { /* checked on the way, and written at another time as well */
            must(vdc_simulation_save(restored, test_folder_path("again.state"), true, &diag), &diag);
            expect_same_files("busy.state", "again.state");
            vdc_simulation_close(restored);
            continue;
        }
        finish(restored);
        expect_same_files("whole.h5", "part.h5");
    }
}

Test(state, it_can_be_saved_in_the_middle_of_an_instant, FOLDER) {
    vdc_diag diag = {0};
    finish(open_busy("whole.h5", false));
    for (uint64_t events = 1; events < 300; events += 37) {
        vdc_simulation *sim = open_busy("part.h5", false), *restored;
        must(vdc_simulation_run_some(sim, VDC_TIME_MAX, events, &diag), &diag);
        must(vdc_simulation_save(sim, test_folder_path("busy.state"), true, &diag), &diag);
        vdc_simulation_close(sim);
        vdc_run_options options = {.output = test_folder_path("part.h5"), .force = true};
        must(vdc_simulation_restore(&restored, test_folder_path("busy.state"), NULL, &options, &diag), &diag);
        finish(restored);
        expect_same_files("whole.h5", "part.h5");
    }
}

Test(state, looking_and_saving_change_nothing, FOLDER) {
    vdc_diag diag = {0};
    finish(open_busy("whole.h5", false));
    vdc_simulation *sim = open_busy("looked.h5", false);
    for (int i = 1; i < 20; i++) {
        vdc_gauges gauges;
        must(vdc_simulation_advance(sim, i * 7 * 60 * VDC_SECOND + i, &diag), &diag);
        must(vdc_simulation_save(sim, test_folder_path("busy.state"), true, &diag), &diag);
        vdc_simulation_gauges(sim, &gauges);
        cr_expect(gauges.u <= gauges.t + 1e-9 && gauges.t <= gauges.p + 1e-9);
    }
    finish(sim);
    expect_same_files("whole.h5", "looked.h5");
}

Test(state, deeds_are_done_again, FOLDER) {
    vdc_diag diag = {0};
    vdc_simulation *first = open_busy("deeds.h5", true), *second;
    const char *refusal, *sets[] = {"schedulers.placement={policy: best-fit}", "schedulers.admission.policy=fifo"};
    must(vdc_simulation_advance(first, 1800 * VDC_SECOND, &diag), &diag);
    must(vdc_simulation_operate(first, "{do: pause, vm: 1000}", &refusal, &diag), &diag);
    cr_expect_null(refusal);
    must(vdc_simulation_operate(first, "{do: pause, vm: 1000}", &refusal, &diag), &diag);
    cr_expect_not_null(refusal); /* refusals are part of the log */
    must(vdc_simulation_operate(first, "{do: create, id: 5000, vcpus: 2, memory: 1 GiB, lifetime: 10min}", &refusal, &diag), &diag);
    cr_expect_null(refusal);
    must(vdc_simulation_advance(first, 2400 * VDC_SECOND, &diag), &diag);
    must(vdc_simulation_change(first, sets, 2, &diag), &diag);
    must(vdc_simulation_operate(first, "{do: resume, vm: 1000}", &refusal, &diag), &diag);
    cr_expect_null(refusal);
    must(vdc_simulation_advance(first, 3000 * VDC_SECOND, &diag), &diag);
    must(vdc_simulation_save(first, test_folder_path("deeds.state"), true, &diag), &diag);
    finish(first);
    vdc_run_options options = {.output = test_folder_path("again.h5"), .force = true};
    must(vdc_simulation_restore(&second, test_folder_path("deeds.state"), NULL, &options, &diag), &diag);
    finish(second);
    expect_same_files("deeds.h5", "again.h5");
}

static double placed_at_end(vdc_simulation *sim) {
    vdc_value value;
    cr_assert(vdc_simulation_query(sim, "host_active_s", &value));
    return value.real;
}

Test(state, forks_see_the_same_past_and_their_own_future, FOLDER) {
    vdc_diag diag = {0};
    vdc_simulation *sim = open_busy(NULL, false), *same, *other;
    const char *sets[] = {"schedulers.placement={policy: worst-fit}"};
    must(vdc_simulation_advance(sim, 3000 * VDC_SECOND, &diag), &diag);
    must(vdc_simulation_fork(&same, sim, &(vdc_run_options){0}, &diag), &diag);
    must(vdc_simulation_fork(&other, sim, &(vdc_run_options){.sets = sets, .set_count = 1, .check = true}, &diag), &diag);
    must(vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag), &diag);
    must(vdc_simulation_run_until(same, VDC_TIME_MAX, &diag), &diag);
    must(vdc_simulation_run_until(other, VDC_TIME_MAX, &diag), &diag);
    cr_expect_eq(placed_at_end(sim), placed_at_end(same));
    cr_expect_neq(placed_at_end(sim), placed_at_end(other));
    cr_expect(vdc_simulation_checks_hold(other));
    vdc_simulation_close(sim);
    vdc_simulation_close(same);
    vdc_simulation_close(other);
}

/* One state, several policies from there on: each fork is the run that a restored state with that policy is, to the byte, and they differ from each other. */
Test(state, forks_into_several_policies, FOLDER) {
    static const char *const policies[] = {"best-fit", "worst-fit", "round-robin", "first-fit"};
    enum { POLICIES = sizeof policies / sizeof *policies };
    vdc_diag diag = {0};
    vdc_simulation *sim = open_busy(NULL, false), *forks[POLICIES];
    double active[POLICIES];
    must(vdc_simulation_advance(sim, 3000 * VDC_SECOND, &diag), &diag);
    must(vdc_simulation_save(sim, test_folder_path("at.state"), false, &diag), &diag);
    for (size_t i = 0; i < POLICIES; i++) {
        char set[64], name[32];
        snprintf(set, sizeof set, "schedulers.placement={policy: %s}", policies[i]);
        snprintf(name, sizeof name, "fork-%zu.h5", i);
        const char *sets[] = {set};
        vdc_run_options options = {.sets = sets, .set_count = 1, .output = test_folder_path(name), .force = true};
        must(vdc_simulation_fork(&forks[i], sim, &options, &diag), &diag);
    }
    for (size_t i = POLICIES; i-- > 0;) { /* whichever goes first */
        must(vdc_simulation_run_until(forks[i], VDC_TIME_MAX, &diag), &diag);
        active[i] = placed_at_end(forks[i]);
        must(vdc_simulation_finish(forks[i], &diag), &diag);
        vdc_simulation_close(forks[i]);
    }
    vdc_simulation_close(sim);
    for (size_t i = 0; i < POLICIES; i++) {
        char set[64], name[32];
        snprintf(set, sizeof set, "schedulers.placement={policy: %s}", policies[i]);
        snprintf(name, sizeof name, "restored-%zu.h5", i);
        const char *sets[] = {set};
        vdc_run_options options = {.sets = sets, .set_count = 1, .output = test_folder_path(name), .force = true};
        vdc_simulation *restored;
        must(vdc_simulation_restore(&restored, test_folder_path("at.state"), NULL, &options, &diag), &diag);
        finish(restored);
        char fork[32];
        snprintf(fork, sizeof fork, "fork-%zu.h5", i);
        expect_same_files(fork, name);
        for (size_t k = 0; k < i; k++) cr_expect_neq(active[i], active[k], "%s and %s come to the same", policies[i], policies[k]);
    }
}

/* Every kind of policy may change, with the invariants holding on. */
Test(state, policies_change_on_the_way, FOLDER) {
    static const char *const changes[] = {"schedulers.cpu={policy: strict-priority}", "schedulers.admission={policy: shortest-lifetime}",
                                          "schedulers.admission={policy: drf}", "schedulers.placement={policy: round-robin}",
                                          "schedulers.placement={policy: nilas}", "failures.recovery.policy=in-place", "time.end=200min"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        vdc_diag diag = {0};
        vdc_simulation *sim;
        must(vdc_simulation_open(&sim, test_folder_path("busy.yaml"), &(vdc_run_options){.text = busy, .check = true}, &diag), &diag);
        must(vdc_simulation_advance(sim, 3000 * VDC_SECOND, &diag), &diag);
        must(vdc_simulation_change(sim, &changes[i], 1, &diag), &diag);
        must(vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag), &diag);
        cr_expect(vdc_simulation_checks_hold(sim), "%s", changes[i]);
        vdc_simulation_close(sim);
    }
}

static void refuse_change(vdc_simulation *sim, const char *set, const char *reason) {
    vdc_diag diag = {0};
    size_t before = sim->journal.count;
    cr_expect_eq(vdc_simulation_change(sim, &set, 1, &diag), VDC_ERROR_INPUT, "%s", set);
    cr_expect(diag.count && strstr(diag.messages[0].text, reason), "%s: %s", set, diag.count ? diag.messages[0].text : "");
    cr_expect_eq(sim->journal.count, before);
    vdc_diag_clear(&diag);
}

Test(state, what_the_past_was_made_of_cannot_change, FOLDER) {
    vdc_diag diag = {0};
    vdc_simulation *sim = open_busy(NULL, false);
    must(vdc_simulation_advance(sim, 3000 * VDC_SECOND, &diag), &diag);
    refuse_change(sim, "failures.recovery.policy=standby", "kept from the beginning or not at all");
    refuse_change(sim, "seed=3", "came from it");
    refuse_change(sim, "workload.generate.count=100", "came from it");
    refuse_change(sim, "datacenter.overcommit.cpu=3", "VMs are on its hosts");
    refuse_change(sim, "time.tick=1min", "ticks up to now");
    refuse_change(sim, "time.end=10min", "that is over");
    refuse_change(sim, "failures.processes=", "drawn from it");
    refuse_change(sim, "schedulers.admission.timeout=5min", "time-outs");
    refuse_change(sim, "output.events=false", "laid out");
    refuse_change(sim, "schedulers.placement.policy=best", "policy");
    refuse_change(sim, "schedulers.cpu.policy=cgroup", "has the weight 20000, and cgroup allows at most 10000");
    finish(sim);
}

/* --- what is wrong with a file --- */

static void refuse_state(const char *reason, const char *base) {
    vdc_diag diag = {0};
    vdc_simulation *sim = (vdc_simulation *)&diag;
    vdc_code code = vdc_simulation_restore(&sim, test_folder_path("bad.state"), base, &(vdc_run_options){.output = test_folder_path("bad.h5")}, &diag);
    cr_expect_neq(code, VDC_OK, "wanted: %s", reason);
    cr_expect_eq(diag.count, 1, "%s: %zu messages", reason, diag.count);
    cr_expect(diag.count && strstr(diag.messages[0].text, reason), "found '%s', wanted '%s'", diag.count ? diag.messages[0].text : "", reason);
    cr_expect_null(sim);
    cr_expect_neq(access(test_folder_path("bad.h5"), F_OK), 0);
    vdc_diag_clear(&diag);
}

static void write_bad(const char *text, size_t length) {
    FILE *file = fopen(test_folder_path("bad.state"), "wb");
    cr_assert(file && fwrite(text, 1, length, file) == length && fclose(file) == 0);
}

/* The text with one part replaced and, unless it is to be seen, the digest of the last line made right again. */
static void write_changed(const char *text, const char *what, const char *by) {
    const char *at = strstr(text, what), *last = strstr(text, "\ncomplete: ");
    cr_assert(at && last && at < last);
    char *body = vdc_format("%.*s%s%.*s\n", (int)(at - text), text, by, (int)(last - (at + strlen(what))), at + strlen(what)), digest[VDC_DIGEST_TEXT];
    vdc_digest hash;
    vdc_digest_start(&hash);
    vdc_digest_add(&hash, body, strlen(body));
    vdc_digest_end(&hash, digest);
    char *whole = vdc_format("%scomplete: %s\n", body, digest);
    write_bad(whole, strlen(whole));
    vdc_free(body);
    vdc_free(whole);
}

Test(state, bad_files_are_refused_with_the_reason, FOLDER) {
    vdc_diag diag = {0};
    char *text;
    size_t length;
    vdc_simulation *sim = open_busy(NULL, false);
    must(vdc_simulation_advance(sim, 3000 * VDC_SECOND, &diag), &diag);
    must(vdc_simulation_save(sim, test_folder_path("good.state"), false, &diag), &diag);
    cr_expect_eq(vdc_simulation_save(sim, test_folder_path("good.state"), false, &diag), VDC_ERROR_INPUT); /* exists */
    vdc_simulation_close(sim);
    vdc_diag_clear(&diag);
    must(vdc_file_read(test_folder_path("good.state"), 1 << 24, &text, &length, &diag), &diag);
    refuse_state("cannot be read", NULL);
    write_bad("", 0);
    refuse_state("no state", NULL);
    write_bad("vdcsim: 1\n", 10);
    refuse_state("no state", NULL);
    for (size_t cut = 40; cut < length; cut += length / 23) {
        write_bad(text, cut);
        refuse_state("cut short", NULL);
    }
    for (size_t at = 60; at + 80 < length; at += length / 19) {
        char *changed = vdc_strndup(text, length);
        changed[at] = (char)(changed[at] ^ 1);
        write_bad(changed, length);
        refuse_state("damaged or changed", NULL);
        vdc_free(changed);
    }
    write_changed(text, "vdcsim_state: 1", "vdcsim_state: 2");
    refuse_state("of format 2", NULL);
    write_changed(text, "vdcsim_version: \"", "vdcsim_version: \"9.");
    refuse_state("another version", NULL);
    write_changed(text, "\nevents: ", "\nevents: 9");
    refuse_state("run again", NULL);
    write_changed(text, "state_sha256: \"", "state_sha256: \"0");
    refuse_state("does not come to the state", NULL);
    write_changed(text, "scenario_sha256: \"", "scenario_sha256: \"0");
    refuse_state("sha256", NULL);
    write_changed(text, "journal: []", "journal: [[1, 2]]");
    refuse_state("damaged", NULL);
    write_changed(text, "journal: []", "journal: [[22222222222, 1, operation, \"{do: delete, vm: 0}\"]]");
    refuse_state("after 0 events and 0 s it goes on at 22222222222 events", NULL);
    vdc_free(text);
    vdc_diag_clear(&diag);
}

Test(state, inputs_that_changed_are_noticed, FOLDER) {
    vdc_diag diag = {0};
    const char *scenario = "vdcsim: 1\nname: traced\ndatacenter: {hosts: [{memory: 64 GiB, cpu: {cores: 8}}]}\n"
        "workload: {trace: {format: vdcsim, path: vms.csv}}\nfailures: {trace: {path: failures.csv}}\n";
    FILE *file = fopen(test_folder_path("vms.csv"), "w");
    fputs("arrival_s,lifetime_s,vcpus,memory_gib\n0,10800,1,1\n", file);
    fclose(file);
    file = fopen(test_folder_path("failures.csv"), "w");
    fputs("failure_interval,failure_duration,failure_intensity\n600000,600000,1\n", file);
    fclose(file);
    vdc_simulation *sim;
    must(vdc_simulation_open(&sim, test_folder_path("traced.yaml"), &(vdc_run_options){.text = scenario}, &diag), &diag);
    must(vdc_simulation_advance(sim, 3000 * VDC_SECOND, &diag), &diag);
    must(vdc_simulation_save(sim, test_folder_path("bad.state"), false, &diag), &diag);
    vdc_simulation_close(sim);
    must(vdc_simulation_restore(&sim, test_folder_path("bad.state"), test_folder_path("."), &(vdc_run_options){0}, &diag), &diag);
    vdc_simulation_close(sim);
    file = fopen(test_folder_path("failures.csv"), "a");
    fputs("1000,1000,1\n", file);
    fclose(file);
    refuse_state("has changed since", test_folder_path("."));
    unlink(test_folder_path("failures.csv"));
    refuse_state("cannot be read; --base names another folder", test_folder_path("."));
    unlink(test_folder_path("vms.csv"));
    refuse_state("the first of 2 inputs that are not as they were", test_folder_path("."));
}

Test(state, an_ended_run_has_no_state, FOLDER) {
    vdc_diag diag = {0};
    vdc_simulation *sim = open_busy(NULL, false), *copy;
    must(vdc_simulation_run_until(sim, VDC_TIME_MAX, &diag), &diag);
    cr_expect_eq(vdc_simulation_save(sim, test_folder_path("x.state"), false, &diag), VDC_ERROR_STATE);
    cr_expect_eq(vdc_simulation_fork(&copy, sim, &(vdc_run_options){0}, &diag), VDC_ERROR_STATE);
    cr_expect_eq(vdc_simulation_change(sim, (const char *const[]){"seed=1"}, 1, &diag), VDC_ERROR_STATE);
    vdc_simulation_close(sim);
    vdc_diag_clear(&diag);
}
