/* The console from a pipe: what is said, what is refused, that a script of operations is the same run as a scenario with them, and bad input. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "models/operation.h"
#include "sim/base/memory.h"
#include "tests/support/command.h"
#include "tests/support/result_files.h"

static const char scenario[] = "vdcsim: 1\nname: small\ntime: {tick: 1min, end: 2h}\n"
    "datacenter: {hosts: [{class: s, count: 2, cpu: {cores: 4}, memory: 16 GiB, disks: [{size: 1 TiB}]}]}\n"
    "workload: {vms: [{id: 1, tenant: a, vcpus: 2, memory: 4 GiB, disk: 20 GiB, lifetime: 90min}, {id: 2, tenant: b, vcpus: 4, memory: 4 GiB, lifetime: 1h}, "
    "{id: 3, tenant: b, vcpus: 4, memory: 4 GiB, lifetime: 30min}]}\n"
    "lifecycle: {boot: 0s}\nalarms: {ready: 10%, memory: 20%}\noutput: {events: true}\n";

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(test_folder_path(name), "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Runs the script; its output and messages must contain these (NULL: nothing in particular). */
static void expect(const char *script, int status, const char *const *out, const char *const *err) {
    write_file("small.yaml", scenario);
    write_file("script", script);
    command_result result = run_vdcsim("console %s < %s", test_folder_path("small.yaml"), test_folder_path("script"));
    cr_expect_eq(result.status, status, "exit status %d of\n%s\n%s", result.status, script, result.err);
    for (; out && *out; out++) cr_expect_not_null(strstr(result.out, *out), "stdout lacks '%s':\n%s", *out, result.out);
    for (; err && *err; err++) cr_expect_not_null(strstr(result.err, *err), "stderr lacks '%s':\n%s", *err, result.err);
    command_result_clear(&result);
}
#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FOLDER .init = (void (*)(void))test_folder_make, .fini = test_folder_remove

Test(console, goes_on_and_looks, FOLDER) {
    expect("# a comment\nrun-until 10min\nvms\nvms b\nvm 1\nhost 1\nhosts\ntenants\nqueue\ndisks\nvolumes\nnetworks\nmigrations\nsummary vms_arrived\n"
           "run-until +5min\nrun\n", 0,
           TEXTS("0:10:00: 2 running, 1 waiting, 3 arrived", "vm  tenant", "1   a", "tenant      a", "state       running", "waits_s", "600",
           "disk_gib",
                 "20.0", "vms_arrived  3", "0:15:00: 2 running", "2:00:00: 0 running", "the run has ended"), NULL);
    expect("watch\nwatch 20min 10min\n", 0, TEXTS("time 0:00:00", "time 0:10:00", "time 0:20:00", "P    [", "ALARM memory pressure",
           "no alarms"), NULL);
    expect("", 0, NULL, NULL);
}

Test(console, operates, FOLDER) {
    expect("run-until 10min\npause 1\nresume 1\nconfigure 1 weight=500\nresize 1 vcpus=3\nstop 2\n"
           "create id=9 vcpus=1 memory=1GiB lifetime=5min\nstep 5\nvm 9\ndelete 9\n", 0,
           TEXTS("pause: done or begun", "resume: done or begun", "configure: done", "resize: done", "stop: done", "create: done",
           "delete: done"), NULL);
    /* Refused with the reason; the rest of the script goes on, and the exit status says that not all was well. */
    expect("run-until 10min\nresume 1\npause 1\nstart 1\nmigrate 1 to=7\npause 17\nresize 2 vcpus=400\npause\nresize 1 vcpus\n"
           "resize 1 vcpu=3\nrun-until 5min\nrun-until x\nstep 0\nfrob\n"
           "host 9\nvm\nset seed=2\nsave\nrestore nothing.state\nstatus\n", 1, TEXTS("0:10:00: 2 running, 1 waiting"),
           TEXTS("refused: ", "there is no VM 17", "which VM?", "KEY=VALUE", "did you mean 'vcpus'", "is over", "found 'x'", "found '0'",
           "no command 'frob'", "there is no host 9",
                 "which vm?", "cannot change", "to what file?", "cannot be read"));
}

/* Volumes and networks: their operations, those of no VM among them, and what there is then. */
Test(console, volumes_and_networks, FOLDER) {
    write_file("io.yaml", "vdcsim: 1\nname: io\nnetworks: [{name: blue}]\ndatacenter:\n"
               "  hosts: [{count: 2, cpu: {cores: 8}, memory: 32 GiB, disks: [{size: 500 GB}], nic: 10 Gbit/s}]\n"
               "  storage: [{name: ssd, size: 1 TB, bandwidth: 1 GB/s}]\n"
               "workload: {vms: [{id: 1, vcpus: 2, memory: 4 GiB, network: blue, volumes: [{name: data, size: 10 GiB, pool: ssd}], lifetime: 1h},\n"
               "  {id: 2, vcpus: 2, memory: 4 GiB, network: blue, lifetime: 1h}]}\n");
    write_file("script", "run-until 1min\ncreate-volume volume=spare size=20GiB pool=ssd\nattach-volume 2 volume=spare\nvolume spare\n"
               "detach-volume 2 volume=spare\nvolumes\ncreate-network network=green\nattach-network 1 network=green\nnetworks\nmigrate 1\nmigrations\n"
               "create-volume volume=other size=20TiB pool=ssd\ndelete-network network=blue\n");
    command_result result = run_vdcsim("console %s < %s", test_folder_path("io.yaml"), test_folder_path("script"));
    static const char *const out[] = {"create-volume: done", "attach-volume: done", "vm         2", "data    1   ssd   10.0", "spare   -   ssd   20.0",
                                      "detached", "green    1       1", "blue     1       2", "copies"};
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) cr_expect_not_null(strstr(result.out, out[i]), "stdout lacks '%s':\n%s", out[i], result.out);
    cr_expect_eq(result.status, 1);
    cr_expect_not_null(strstr(result.err, "refused: "), "%s", result.err);
    command_result_clear(&result);
}

/* Verbs, keys and help are the table's: every one is known to the console without a line of its own. */
Test(console, knows_every_verb, FOLDER) {
    write_file("small.yaml", scenario);
    for (int i = 0; i < VDC_VERBS; i++) {
        char script[80];
        snprintf(script, sizeof script, "help %s\n", vdc_verbs[i].name);
        write_file("script", script);
        command_result result = run_vdcsim("console %s < %s", test_folder_path("small.yaml"), test_folder_path("script"));
        cr_expect_eq(result.status, 0);
        cr_expect_not_null(strstr(result.out, vdc_verbs[i].summary));
        for (size_t k = 0; k < vdc_verbs[i].param_count; k++) cr_expect_not_null(strstr(result.out, vdc_verbs[i].params[k].name));
        command_result_clear(&result);
    }
}

Test(console, states_and_results, FOLDER) {
    char script[1200];
    snprintf(script, sizeof script,
           "run-until 10min\npause 1\nsave %s\nrun-until 30min\nresume 1\nrestore %s\nstatus\nresume 1\nrun\nsave %s\n", test_folder_path("a.state"),
             test_folder_path("a.state"), test_folder_path("b.state"));
    expect(script, 1, TEXTS("saved ", "0:10:00: 2 running"), TEXTS("the run has ended"));
    /* The same deeds without the detour, written; then from the state; verified from what the file records. */
    write_file("one", "run-until 10min\npause 1\nresume 1\nrun\n");
    write_file("other", "resume 1\nrun\n");
    command_result one = run_vdcsim("console %s -o %s < %s", test_folder_path("small.yaml"), test_folder_path("one.h5"), test_folder_path("one"));
    cr_expect_eq(one.status, 0, "%s", one.err);
    command_result_clear(&one);
    command_result other = run_vdcsim("console --restore %s -o %s < %s", test_folder_path("a.state"), test_folder_path("other.h5"),
           test_folder_path("other"));
    cr_expect_eq(other.status, 0, "%s", other.err);
    command_result_clear(&other);
    size_t sizes[2];
    char *bytes[2] = {test_file_read(test_folder_path("one.h5"), &sizes[0]), test_file_read(test_folder_path("other.h5"), &sizes[1])};
    cr_assert(bytes[0] && bytes[1] && sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0);
    vdc_free(bytes[0]);
    vdc_free(bytes[1]);
    command_result verified = run_vdcsim("verify %s --base %s", test_folder_path("one.h5"), test_folder_path("."));
    cr_expect_eq(verified.status, 0, "%s", verified.err);
    command_result_clear(&verified);
}

/* A state that was changed or cut short is refused with the reason; the run is as it was and goes on. */
Test(console, states_that_are_refused_change_nothing, FOLDER) {
    char script[1200], *text, *other;
    size_t size;
    snprintf(script, sizeof script, "run-until 10min\npause 1\nsave %s\n", test_folder_path("good.state"));
    expect(script, 0, TEXTS("saved "), NULL);
    cr_assert_not_null(text = test_file_read(test_folder_path("good.state"), &size));
    test_file_write(test_folder_path("short.state"), text, size / 2);
    text[size] = 0;
    const char *version = strstr(text, "vdcsim_version: \"");
    cr_assert_not_null(version);
    int before = (int)(version - text) + 17;
    cr_assert_not_null(other = vdc_format("%.*s9.%s", before, text, text + before));
    test_file_write(test_folder_path("other.state"), other, strlen(other));
    snprintf(script, sizeof script, "run-until 20min\npause 1\nrestore %s\nstatus\nvm 1\nrestore %s\nstatus\nresume 1\nrun\n", test_folder_path("short.state"),
             test_folder_path("other.state"));
    expect(script, 1, TEXTS("0:20:00: 2 running", "state       paused", "resume: done", "2:00:00: 0 running", "the run has ended"),
           TEXTS("cut short", "damaged or changed"));
    vdc_free(text);
    vdc_free(other);
}

Test(console, usage, FOLDER) {
    command_result neither = run_vdcsim("console < /dev/null");
    cr_expect_eq(neither.status, 2);
    command_result_clear(&neither);
    write_file("small.yaml", scenario);
    command_result stopped = run_vdcsim("run %s -o %s --until 10min --save %s", test_folder_path("small.yaml"), test_folder_path("s.h5"),
           test_folder_path("s.state"));
    cr_expect_eq(stopped.status, 0);
    cr_expect_not_null(strstr(stopped.err, "stopped at 0:10:00"));
    command_result_clear(&stopped);
    static const char *const bad[] = {"--until soon", "--save x.state", "--base ."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        command_result refused = run_vdcsim("run %s %s -o %s", test_folder_path("small.yaml"), bad[i], test_folder_path("no.h5"));
        cr_expect_eq(refused.status, 2, "%s", bad[i]);
        command_result_clear(&refused);
    }
}
