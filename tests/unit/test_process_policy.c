/* Policies in another program: the Python example, what is sent and answered, and programs that crash, hang, babble or misbehave.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schedulers/search.h"
#include "tests/support/draw.h"
#include "tests/support/fleet.h"
#include "tests/support/result_files.h"
#include "tests/support/tree.h"

static vdc_arena arena;
static int64_t clock_now = 0;

static vdc_policy_instance open_process(const char *text) {
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    vdc_code code = vdc_policy_open(VDC_PLACEMENT, test_tree(&arena, text), NULL, NULL, &instance, &diag);
    cr_assert_eq(code, VDC_OK, "%s: %s", text, diag.count ? diag.messages[0].text : "?");
    return instance;
}

static vdc_code start(vdc_search **search, const vdc_policy_instance *instance, const vdc_hosts *hosts, vdc_diag *diag) {
    vdc_search_options options = {.hosts = hosts, .now = &clock_now, .seed = 11, .component = "test"};
    return vdc_search_create(search, instance, &options, diag);
}

/* No child is left, neither alive nor to be waited for. */
static void nobody_is_left(void) {
    cr_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child process is left");
}

/* The hosts that the example names for a random sequence of VMs, folded into one number. */
static uint64_t run_example(void) {
    vdc_policy_instance instance =
        open_process("{policy: process, command: [python3, schedulers/examples/python-agent/agent.py], options: {epsilon: 0.3}}");
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 20, .cores = 32, .gib = 128}, 1);
    vdc_search *search;
    vdc_diag diag = {0};
    vdc_code code = start(&search, &instance, &hosts, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "?");
    uint64_t draws = 4, folded = 0;
    int waited = 0;
    for (int step = 0; step < 400; step++) {
        clock_now += 1000;
        vdc_request request = fleet_request(1 + draw_below(&draws, 8), 1 + draw_below(&draws, 16));
        request.number = request.id = step;
        vdc_decision decision;
        bool found;
        code = vdc_search_decide(search, &request, &decision, &found, &diag);
        cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "?");
        const vdc_view *view = vdc_search_view(search);
        cr_assert_eq(found, view->count_feasible(view, &request) > 0);
        waited += !found;
        folded = folded * 31 + (uint64_t)(found ? decision.host : 1000);
        uint32_t host = found ? (uint32_t)decision.host : (uint32_t)draw_below(&draws, hosts.count);
        if (found) {
            vdc_host_take(&hosts, host, &request, 0, 0);
            vdc_search_host_changed(search, host);
            vdc_search_placed(search, &request, host);
        } else { /* full: somebody leaves */
            for (int r = 0; r <= VDC_MEMORY; r++) hosts.free[r][host] = hosts.classes[0].capacity[r];
            hosts.vms[host] = 0;
            vdc_search_host_changed(search, host);
            vdc_search_released(search, &request, host);
        }
    }
    cr_assert_gt(waited, 0);
    vdc_search_destroy(search);
    vdc_policy_close(&instance);
    vdc_hosts_destroy(&hosts);
    nobody_is_left();
    return folded;
}

Test(process_policy, the_example_decides_and_does_so_again) {
    clock_now = 0;
    uint64_t once = run_example();
    cr_assert_eq(run_example(), once);
}

/* A shell script as the policy; `body` runs after the greeting was answered. */
static vdc_policy_instance open_script(const char *name, const char *before, const char *body, const char *more) {
    char script[4096], text[1024];
    snprintf(script, sizeof script, "%s\n%s\n", before, body);
    test_file_write(test_folder_path(name), script, strlen(script));
    snprintf(text, sizeof text, "{policy: process, command: [sh, \"%s\"]%s}", test_folder_path(name), more);
    return open_process(text);
}
#define READY "read line; echo '{\"ready\": 1}'"

/* Asks once; the outcome's code, with the message in `diag`. */
static vdc_code ask(const vdc_policy_instance *instance, vdc_decision *decision, bool *found, vdc_diag *diag) {
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 3, .cores = 8, .gib = 8, .gpus = 4}, 1);
    vdc_request request = fleet_request(1, 1);
    request.gpu_count = 1;
    request.gpu_milli = 500;
    request.size[VDC_GPU] = 500;
    request.number = request.id = 42;
    vdc_search *search;
    vdc_code code = start(&search, instance, &hosts, diag);
    if (!code) code = vdc_search_decide(search, &request, decision, found, diag);
    vdc_search_destroy(search);
    vdc_hosts_destroy(&hosts);
    return code;
}

Test(process_policy, answers) {
    test_folder_make();
    static const struct {
        const char *answer;
        int64_t host;
        uint64_t devices;
    } fine[] = {
        {"{\"host\": 2}", 2, 1},
        {"{\"host\":1,\"gpu_devices\":[3]}", 1, 8},
        {" { \"gpu_devices\" : [ ] , \"host\" : 0 } ", 0, 1},
        {"{\"host\":null}", -1, 0},
    };
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        char body[256];
        snprintf(body, sizeof body, "read line; echo '%s'; read line", fine[i].answer);
        vdc_policy_instance instance = open_script("fine.sh", READY, body, "");
        vdc_decision decision = {0};
        bool found;
        vdc_diag diag = {0};
        cr_assert_eq(ask(&instance, &decision, &found, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "?");
        cr_assert_eq(found ? decision.host : -1, fine[i].host, "%s", fine[i].answer);
        if (found) cr_assert_eq(decision.gpu_devices, fine[i].devices, "%s", fine[i].answer);
        vdc_policy_close(&instance);
        nobody_is_left();
    }
    test_folder_remove();
}

static const struct {
    const char *before, *body, *more, *message;
} failures[] = {
    {"exit 3", "", "", "ended with status 3"},
    {"read line; kill -SEGV $$", "", "", "signal 11"},
    {"read line; echo hello", "", "", "'hello' where {\"ready\": 1}"},
    {"read line; echo '{\"ready\": 2}'", "", "", "ready"},
    {"exec sleep 60", "", ", timeout: 200ms", "did not answer within 0.2 s"},
    {READY, "read line; exit 7", "", "ended with status 7"},
    {READY, "exec sleep 60", ", timeout: 200ms", "did not answer within 0.2 s"},
    {READY, "trap '' TERM; while :; do sleep 1; done", ", timeout: 200ms", "did not answer"},
    {READY, "read line; printf '{\"host\": 1'", "", "ended with status 0"},
    {READY, "echo '{\"host\": 1}'; read line", "", ""}, /* early: seen or not, never a decision for another question */
    {READY, "read line; echo garbage", "", "'garbage' where a decision"},
    {READY, "read line; echo", "", "where a decision"},
    {READY, "read line; echo '{}'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": 1, \"why\": 2}'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": 1} x'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": 1.5}'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": \"1\"}'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": 1, \"host\": null}'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": -1}'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": 99999999999999999999}'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": 0, \"gpu_devices\": [64]}'", "", "where a decision"},
    {READY, "read line; echo '{\"host\": 0, \"gpu_devices\": [0,}'", "", "where a decision"},
    {READY, "read line; printf '\\001\\377{\\n'", "", "'??{' where a decision"},
    {READY, "read line; printf '{\\000\"host\": 1}\\n'", "", "where a decision"},
    {READY, "read line; yes | tr -d '\\n'", "", "longer than 1 MiB"},
    {READY, "read line; echo '{\"host\": 3}'; read line", "", "there is no such host"},
    {READY, "read line; echo '{\"host\": 0, \"gpu_devices\": [0, 1]}'; read line", "", "devices named"},
    {READY, "read line; echo '{\"host\": 0, \"numa_nodes\": [0]}'; read line", "", "did not ask for"},
};

Test(process_policy, what_goes_wrong_is_said, .timeout = 60) {
    test_folder_make();
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        vdc_policy_instance instance = open_script("wrong.sh", failures[i].before, failures[i].body, failures[i].more);
        vdc_decision decision;
        bool found;
        vdc_diag diag = {0};
        vdc_code code = ask(&instance, &decision, &found, &diag);
        if (failures[i].message[0]) {
            cr_assert(code != VDC_OK && diag.count == 1, "%s; %s: code %d, %zu messages", failures[i].before, failures[i].body,
                      (int)code, diag.count);
            cr_assert_not_null(strstr(diag.messages[0].text, failures[i].message), "%s; %s: %s", failures[i].before,
                               failures[i].body, diag.messages[0].text);
            cr_assert_not_null(strstr(diag.messages[0].text, "policy process"), "%s", diag.messages[0].text);
        }
        vdc_diag_clear(&diag);
        vdc_policy_close(&instance);
        nobody_is_left();
    }
    test_folder_remove();
}

Test(process_policy, commands_that_cannot_be) {
    static const char *const texts[] = {"{policy: process}",
                                        "{policy: process, command: python3}",
                                        "{policy: process, command: []}",
                                        "{policy: process, command: [[a]]}",
                                        "{policy: process, command: [\"\"]}",
                                        "{policy: process, command: [sh], timeout: 0s}",
                                        "{policy: process, command: [sh], options: 3}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vdc_policy_instance instance;
        vdc_diag diag = {0};
        cr_assert_eq(vdc_policy_open(VDC_PLACEMENT, test_tree(&arena, texts[i]), NULL, NULL, &instance, &diag), VDC_ERROR_INPUT,
                     "%s", texts[i]);
        cr_assert_geq(diag.count, 1);
        vdc_diag_clear(&diag);
    }
    vdc_policy_instance instance = open_process("{policy: process, command: [no-such-program-anywhere]}");
    vdc_decision decision;
    bool found;
    vdc_diag diag = {0};
    cr_assert_neq(ask(&instance, &decision, &found, &diag), VDC_OK);
    cr_assert_not_null(strstr(diag.messages[0].text, "no-such-program-anywhere"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    vdc_policy_close(&instance);
    nobody_is_left();
}

/* Without a shell: what would be a command to one is a text. And with the limits that were asked for. */
Test(process_policy, no_shell_and_limits) {
    test_folder_make();
    char text[512], script[512];
    size_t size;
    snprintf(script, sizeof script, "%s; { ulimit -v; ulimit -c; echo \"$1\"; } > '%s'; read line", READY, test_folder_path("told"));
    test_file_write(test_folder_path("policy.sh"), script, strlen(script));
    snprintf(text, sizeof text, "{policy: process, command: [sh, \"%s\", \"$(touch %s); touch %s\"], memory: 1 GiB}",
             test_folder_path("policy.sh"), test_folder_path("made"), test_folder_path("made"));
    vdc_policy_instance instance = open_process(text);
    vdc_decision decision;
    bool found;
    vdc_diag diag = {0};
    (void)ask(&instance, &decision, &found, &diag);
    vdc_policy_close(&instance);
    vdc_diag_clear(&diag);
    char *told = test_file_read(test_folder_path("told"), &size);
    cr_assert_not_null(told);
    cr_expect(size > 20 && strncmp(told, "1048576\n0\n$(touch ", 18) == 0, "%s", told);
    cr_expect_not(test_file_exists(test_folder_path("made")));
    vdc_free(told);
    nobody_is_left();
    test_folder_remove();
}

/* Whatever it starts at once has its limits, too. */
Test(process_policy, limits_hold_from_the_beginning) {
    test_folder_make();
    char before[512];
    snprintf(before, sizeof before, "(ulimit -v; ulimit -c) > '%s' & %s; wait", test_folder_path("told"), READY);
    for (int i = 0; i < 10; i++) {
        vdc_policy_instance instance = open_script("policy.sh", before, "read line; echo '{\"host\": 1}'; read line", ", memory: 1 GiB");
        vdc_decision decision;
        bool found;
        vdc_diag diag = {0};
        size_t size;
        cr_assert_eq(ask(&instance, &decision, &found, &diag), VDC_OK, "%s", diag.count ? diag.messages[0].text : "?");
        vdc_policy_close(&instance);
        char *told = test_file_read(test_folder_path("told"), &size);
        cr_assert(told && size == 10 && strncmp(told, "1048576\n0\n", 10) == 0, "%s", told ? told : "?");
        vdc_free(told);
    }
    nobody_is_left();
    test_folder_remove();
}

/* Is the process whose number is in the file gone within two seconds? Somebody else waits for it. */
static bool is_gone(const char *name) {
    size_t size;
    char *text = test_file_read(test_folder_path(name), &size), path[64], state = 0;
    const long number = text ? strtol(text, NULL, 10) : 0;
    vdc_free(text);
    cr_assert_gt(number, 1, "%s", name);
    snprintf(path, sizeof path, "/proc/%ld/stat", number);
    for (int i = 0; i < 200; i++) {
        FILE *stat = fopen(path, "r");
        if (!stat) return true;
        if (fscanf(stat, "%*d %*s %c", &state) != 1) state = 'Z';
        fclose(stat);
        if (state == 'Z' || state == 'X') return true;
        usleep(10000);
    }
    kill((pid_t)number, SIGKILL);
    return false;
}

/* However it ends, what it started ends with it: by itself, by a crash, by a time-out where only the rest ignores SIGTERM. */
Test(process_policy, its_group_ends_with_it, .timeout = 60) {
    static const char *const bodies[] = {"read line; echo '{\"host\": 1}'; read line", "read line; exit 3", "read line; kill -SEGV $$", "exec sleep 60"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        test_folder_make();
        char before[512];
        snprintf(before, sizeof before, "(trap '' TERM; echo > '%s'; exec sleep 50) >&2 & echo $! > '%s'; while [ ! -e '%s' ]; do sleep 0.01; done; %s",
                 test_folder_path("deaf"), test_folder_path("member"), test_folder_path("deaf"), READY);
        vdc_policy_instance instance = open_script("group.sh", before, bodies[i], ", timeout: 1s");
        vdc_decision decision;
        bool found;
        vdc_diag diag = {0};
        cr_expect_eq(ask(&instance, &decision, &found, &diag), i ? VDC_ERROR_POLICY : VDC_OK, "%s", bodies[i]);
        vdc_policy_close(&instance);
        vdc_diag_clear(&diag);
        cr_expect(is_gone("member"), "%s", bodies[i]);
        nobody_is_left();
        test_folder_remove();
    }
}

/* What the program is told, written to a file by it, and which descriptors it has. */
Test(process_policy, what_is_sent) {
    test_folder_make();
    char body[1024];
    snprintf(body, sizeof body,
             "read line; echo \"$line\" > '%s'; echo '{\"host\": 1}'; ls /proc/$$/fd | tr '\\n' ' ' > '%s'; read line",
             test_folder_path("sent"), test_folder_path("descriptors"));
    int inherited = dup(1); /* without close-on-exec */
    vdc_policy_instance instance = open_script("tell.sh", READY, body, "");
    vdc_decision decision;
    bool found;
    vdc_diag diag = {0};
    clock_now = 77;
    cr_assert_eq(ask(&instance, &decision, &found, &diag), VDC_OK);
    close(inherited);
    size_t size;
    char *sent = test_file_read(test_folder_path("sent"), &size);
    cr_assert_str_eq(
        sent, "{\"decide\":{\"number\":42,\"id\":42,\"arrival\":0,\"lifetime\":null,\"predicted_lifetime\":null,"
              "\"size\":{\"cpu\":1000,\"memory\":1073741824,\"gpu\":500},\"tenant\":0,\"group\":0,\"priority\":0,\"gpu_count\":1,"
              "\"gpu_milli\":500,\"gpu_models\":0,\"numa_nodes\":0},\"now\":77,\"hosts\":[[0,0,8000,8589934592,4000],"
              "[1,0,8000,8589934592,4000],[2,0,8000,8589934592,4000]]}\n");
    vdc_free(sent);
    char *descriptors = test_file_read(test_folder_path("descriptors"), &size);
    /* Standard input, output and error, and the script itself, which shells keep at 10 or 255. */
    int seen = 0, descriptor, used;
    for (const char *at = descriptors; sscanf(at, "%d%n", &descriptor, &used) == 1; at += used, seen++) {
        cr_assert(descriptor <= 2 || descriptor == 10 || descriptor == 255, "%s", descriptors);
    }
    cr_assert_geq(seen, 3, "%s", descriptors);
    vdc_free(descriptors);
    vdc_policy_close(&instance);
    nobody_is_left();
    test_folder_remove();
}

/* Many notices to a program that does not read them: bounded by the time limit, and no SIGPIPE when it is gone. */
Test(process_policy, a_program_that_does_not_read) {
    test_folder_make();
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 3, .cores = 8, .gib = 8}, 1);
    vdc_request request = fleet_request(1, 1);
    static const char *const bodies[] = {"exec sleep 60", "exit 0"};
    for (size_t i = 0; i < 2; i++) {
        vdc_policy_instance instance = open_script("deaf.sh", READY, bodies[i], ", timeout: 300ms");
        vdc_search *search;
        vdc_diag diag = {0};
        cr_assert_eq(start(&search, &instance, &hosts, &diag), VDC_OK);
        for (int n = 0; n < 20000; n++) vdc_search_placed(search, &request, 1);
        vdc_decision decision;
        bool found;
        cr_assert_eq(vdc_search_decide(search, &request, &decision, &found, &diag), VDC_ERROR_POLICY);
        cr_assert_not_null(strstr(diag.messages[0].text, i ? "ended with status 0" : "did not answer"), "%s",
                           diag.messages[0].text);
        vdc_diag_clear(&diag);
        vdc_search_destroy(search);
        vdc_policy_close(&instance);
        nobody_is_left();
    }
    vdc_hosts_destroy(&hosts);
    test_folder_remove();
}
