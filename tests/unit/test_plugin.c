/* Policies from shared objects: the example built by its own Makefile, and objects that must be refused.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedulers/search.h"
#include "tests/support/draw.h"
#include "tests/support/fleet.h"
#include "tests/support/result_files.h"
#include "tests/support/tree.h"

static vdc_arena arena;
static const int64_t clock_at_zero = 0;

static void run_command(const char *command) {
    cr_assert_eq(system(command), 0, "%s", command);
}

/* The folder of this test, with include/vdcsim_policy.h in it as the build makes it. */
static const char *make_folder(void) {
    const char *folder = test_folder_make();
    char command[1024];
    snprintf(command, sizeof command, "unset MAKEFLAGS MAKELEVEL; make -s BUILD='%s' '%s/include/vdcsim_policy.h' >/dev/null",
             folder, folder);
    run_command(command);
    return folder;
}

/* Compiles a source against the header alone. */
static void compile(const char *folder, const char *name, const char *source) {
    char command[1024], file[64];
    snprintf(file, sizeof file, "%s.c", name);
    test_file_write(test_folder_path(file), source, strlen(source));
    snprintf(command, sizeof command, "cc -std=c11 -Wall -Wextra -Werror -fPIC -shared -I'%s/include' -o '%s/%s.so' '%s/%s.c'",
             folder, folder, name, folder, name);
    run_command(command);
}

static vdc_code open_plugin(const char *folder, const char *name, const char *more, vdc_policy_instance *instance,
                            vdc_diag *diag) {
    char text[1024];
    snprintf(text, sizeof text, "{policy: plugin, path: \"%s/%s\"%s}", folder, name, more);
    return vdc_policy_open(VDC_PLACEMENT, test_tree(&arena, text), NULL, NULL, instance, diag);
}

/* The example's formula, written down again. */
static int64_t least_stranded(const vdc_hosts *hosts, const vdc_request *request, double fullness) {
    int64_t best = -1;
    double best_score = 0;
    for (uint32_t h = 0; h < hosts->count; h++) {
        if (!vdc_host_fits(hosts, h, request)) continue;
        const int64_t *capacity = hosts->classes[hosts->class_of[h]].capacity;
        double cpu = (double)(hosts->free[VDC_CPU][h] - request->size[VDC_CPU]) / (double)capacity[VDC_CPU];
        double memory = (double)(hosts->free[VDC_MEMORY][h] - request->size[VDC_MEMORY]) / (double)capacity[VDC_MEMORY];
        double score = -fabs(cpu - memory) - fullness * (cpu + memory);
        if (best >= 0 && score <= best_score) continue;
        best = h;
        best_score = score;
    }
    return best;
}

Test(plugin, the_example_builds_runs_and_decides_by_its_formula) {
    const char *folder = make_folder();
    char command[1024];
    snprintf(command, sizeof command,
             "unset MAKEFLAGS MAKELEVEL; make -s -C schedulers/examples/least-stranded INCLUDE='%s/include' OUT='%s' >/dev/null",
             folder, folder);
    run_command(command);
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    vdc_code code = open_plugin(folder, "least_stranded.so", ", fullness: 25%", &instance, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "?");
    cr_assert_str_eq(instance.policy->name, "least-stranded");
    vdc_hosts hosts;
    fleet_open(&hosts, (fleet_class[]){{.count = 30, .cores = 32, .gib = 64}, {.count = 20, .cores = 48, .gib = 256}}, 2);
    vdc_search *search;
    vdc_search_options options = {.hosts = &hosts, .now = &clock_at_zero, .component = "test"};
    cr_assert_eq(vdc_search_create(&search, &instance, &options, &diag), VDC_OK);
    cr_assert_str_eq(vdc_search_strategy(search), "index: states");
    uint64_t draws = 3;
    int64_t placed = 0;
    for (int step = 0; step < 2000; step++) {
        vdc_request request = fleet_request(1 + draw_below(&draws, 8), 1 + draw_below(&draws, 24));
        vdc_decision decision;
        bool found;
        cr_assert_eq(vdc_search_decide(search, &request, &decision, &found, &diag), VDC_OK);
        cr_assert_eq(found ? decision.host : -1, least_stranded(&hosts, &request, 0.25), "step %d", step);
        if (!found) { /* full: empty a host */
            uint32_t host = (uint32_t)draw_below(&draws, hosts.count);
            for (int r = 0; r <= VDC_MEMORY; r++) hosts.free[r][host] = hosts.classes[hosts.class_of[host]].capacity[r];
            vdc_search_host_changed(search, host);
            continue;
        }
        placed++;
        vdc_host_take(&hosts, (uint32_t)decision.host, &request, decision.gpu_devices, decision.numa_nodes);
        vdc_search_host_changed(search, (uint32_t)decision.host);
    }
    cr_assert_gt(placed, 1000);
    vdc_search_destroy(search);
    vdc_policy_close(&instance);
    vdc_hosts_destroy(&hosts);

    /* It serves as a rule or a weigher, too; its own parameters stand beside those of the list. */
    char rules[1024];
    snprintf(rules, sizeof rules,
             "{policy: rules, rules: [{policy: plugin, path: \"%s/least_stranded.so\", fullness: 25%%, step: 1%%}]}",
             folder);
    code = vdc_policy_open(VDC_PLACEMENT, test_tree(&arena, rules), NULL, NULL, &instance, &diag);
    cr_assert_eq(code, VDC_OK, "%s", diag.count ? diag.messages[0].text : "?");
    vdc_policy_close(&instance);

    cr_assert_eq(open_plugin(folder, "least_stranded.so", ", fulness: 1", &instance, &diag), VDC_ERROR_INPUT);
    cr_assert_not_null(strstr(diag.messages[0].text, "fullness"), "%s", diag.messages[0].text); /* did you mean */
    vdc_diag_clear(&diag);
    cr_assert_eq(open_plugin(folder, "least_stranded.so", ", fullness: -1", &instance, &diag), VDC_ERROR_INPUT);
    vdc_diag_clear(&diag);
    test_folder_remove();
}

/* The parts of a sound policy, one of which each of the following replaces. */
#define POLICY(abi_text, kind_text, hooks_text, rest)                                                                            \
    "#include <stddef.h>\n#include \"vdcsim_policy.h\"\n"                                                                        \
    "static double score(const void *s, const vdc_host_view *h, const vdc_request *r, vdc_decision *d)"                          \
    "{(void)s; (void)h; (void)r; (void)d; return 0;}\n"                                                                          \
    "static bool choose(void *s, const vdc_view *v, const vdc_request *r, vdc_decision *d)"                                      \
    "{(void)s; (void)v; (void)r; d->host = 0; return true;}\n"                                                                   \
    "const void *used[] = {(const void *)score, (const void *)choose};\n" rest                                                   \
    "\nconst vdc_policy vdc_policy_plugin = {.abi = " abi_text ", .kind = " kind_text                                            \
    ", .name = \"mine\", .summary = \"s\", .source = \"t\", " hooks_text "};\n"

static const struct {
    const char *name, *source, *message;
} refused[] = {
    {"other_abi", POLICY("VDC_POLICY_ABI + 1", "VDC_PLACEMENT", ".placement = {.score = score}", ""), "of the policy contract"},
    {"other_kind", POLICY("VDC_POLICY_ABI", "VDC_ADMISSION", ".placement = {.score = score}", ""), "not a placement policy"},
    {"no_hook", POLICY("VDC_POLICY_ABI", "VDC_PLACEMENT", ".state_size = 1", ""), "either score or choose"},
    {"two_hooks", POLICY("VDC_POLICY_ABI", "VDC_PLACEMENT", ".placement = {.score = score, .choose = choose}", ""),
     "either score or choose"},
    {"outside",
     POLICY("VDC_POLICY_ABI", "VDC_PLACEMENT", ".params = p, .param_count = 1, .state_size = 8, .placement = {.score = score}",
            "static const vdc_param p[] = {{.name = \"x\", .help = \"h\", .type = VDC_PARAM_INTEGER, .offset = 8}};"),
     "does not lie in its state"},
    {"no_symbol", "int something_else;\n", "vdc_policy_plugin"},
    {"unresolved", "int nowhere(void); int vdc_policy_plugin(void) { return nowhere(); }\n", "cannot be loaded"},
};

Test(plugin, what_breaks_the_contract_is_refused) {
    const char *folder = make_folder();
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        compile(folder, refused[i].name, refused[i].source);
        char file[64];
        snprintf(file, sizeof file, "%s.so", refused[i].name);
        vdc_policy_instance instance;
        vdc_diag diag = {0};
        cr_assert_eq(open_plugin(folder, file, "", &instance, &diag), VDC_ERROR_INPUT, "%s was taken", file);
        cr_assert_eq(diag.count, 1);
        cr_assert_not_null(strstr(diag.messages[0].text, refused[i].message), "%s", diag.messages[0].text);
        cr_assert_not_null(strstr(diag.messages[0].text, "test:1:"), "no place: %s", diag.messages[0].text);
        cr_assert_null(instance.policy);
        vdc_diag_clear(&diag);
    }
    test_file_write(test_folder_path("text.so"), "not a shared object", 19);
    static const char *const files[] = {"text.so", "absent.so", "include"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        vdc_policy_instance instance;
        vdc_diag diag = {0};
        cr_assert_eq(open_plugin(folder, files[i], "", &instance, &diag), VDC_ERROR_INPUT);
        cr_assert_not_null(strstr(diag.messages[0].text, files[i]), "%s", diag.messages[0].text);
        vdc_diag_clear(&diag);
    }
    static const char *const texts[] = {"{policy: plugin}", "{policy: plugin, path: \"\"}", "{policy: plugin, path: [a]}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vdc_policy_instance instance;
        cr_assert_eq(vdc_policy_open(VDC_PLACEMENT, test_tree(&arena, texts[i]), NULL, NULL, &instance, NULL), VDC_ERROR_INPUT);
    }
    test_folder_remove();
}

static vdc_search *search_over(const vdc_hosts *hosts, const vdc_policy_instance *instance) {
    vdc_search *search;
    vdc_search_options options = {.hosts = hosts, .now = &clock_at_zero, .component = "test"};
    cr_assert_eq(vdc_search_create(&search, instance, &options, NULL), VDC_OK);
    return search;
}

/* Inside a list a policy has all of its parameters, however many, and what it says of a failure is heard. */
Test(plugin, many_parameters_and_a_failure_inside_a_list) {
    const char *folder = make_folder();
    compile(folder, "worn", POLICY("VDC_POLICY_ABI", "VDC_PLACEMENT", ".params = p, .param_count = 20, .state_size = 160, .placement = {.score = score, "
                                   ".failure = failure}",
                                   "#define P(n) {.name = \"k\" #n, .help = \"h\", .type = VDC_PARAM_INTEGER, .fallback = \"0\", .maximum = 9, "
                                   ".offset = 8 * (n - 10)}\n"
                                   "static const vdc_param p[] = {P(10), P(11), P(12), P(13), P(14), P(15), P(16), P(17), P(18), P(19), P(20), P(21), P(22), "
                                   "P(23), P(24), P(25), P(26), P(27), P(28), P(29)};\n"
                                   "static const char *failure(const void *s) { return ((const long long *)s)[19] ? \"worn out\" : 0; }"));
    static const char *const lists[] = {"{policy: rules, rules: [%s, step: 1%%}]}", "{policy: filter-weigh, weighers: [%s, multiplier: 2}]}",
                                        "{policy: filter-weigh, filters: [%s, at_most: 2}]}"};
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 2, .cores = 8, .gib = 8}, 1);
    for (int i = 0; i < 6; i++) {
        char entry[600], text[900];
        snprintf(entry, sizeof entry, "{policy: plugin, path: \"%s/worn.so\", k28: 1, k29: %d", folder, i % 2);
        snprintf(text, sizeof text, lists[i / 2], entry);
        vdc_policy_instance instance;
        vdc_diag diag = {0};
        cr_assert_eq(vdc_policy_open(VDC_PLACEMENT, test_tree(&arena, text), NULL, NULL, &instance, &diag), VDC_OK, "%s",
                     diag.count ? diag.messages[0].text : "?");
        vdc_search *search = search_over(&hosts, &instance);
        vdc_request request = fleet_request(8, 1);
        vdc_decision decision;
        bool found;
        cr_expect_eq(vdc_search_decide(search, &request, &decision, &found, &diag), i % 2 ? VDC_ERROR_POLICY : VDC_OK, "%s", text);
        cr_expect(i % 2 == 0 || (diag.count == 1 && strstr(diag.messages[0].text, "worn out")), "%s", text);
        vdc_diag_clear(&diag);
        vdc_search_destroy(search);
        vdc_policy_close(&instance);
    }
    vdc_hosts_destroy(&hosts);
    test_folder_remove();
}

Test(plugin, a_decision_for_a_full_host_is_refused) {
    const char *folder = make_folder();
    compile(folder, "stubborn", POLICY("VDC_POLICY_ABI", "VDC_PLACEMENT", ".placement = {.choose = choose}", ""));
    vdc_policy_instance instance;
    vdc_diag diag = {0};
    cr_assert_eq(open_plugin(folder, "stubborn.so", "", &instance, &diag), VDC_OK);
    vdc_hosts hosts;
    fleet_open(&hosts, &(fleet_class){.count = 2, .cores = 8, .gib = 8}, 1);
    vdc_search *search = search_over(&hosts, &instance);
    vdc_request request = fleet_request(8, 1);
    vdc_decision decision;
    bool found;
    cr_assert_eq(vdc_search_decide(search, &request, &decision, &found, &diag), VDC_OK);
    cr_assert(found && decision.host == 0);
    vdc_host_take(&hosts, 0, &request, 0, 0);
    vdc_search_host_changed(search, 0);
    cr_assert_eq(vdc_search_decide(search, &request, &decision, &found, &diag), VDC_ERROR_POLICY);
    cr_assert_not_null(strstr(diag.messages[0].text, "policy mine named host 0"), "%s", diag.messages[0].text);
    vdc_diag_clear(&diag);
    vdc_search_destroy(search);
    vdc_policy_close(&instance);
    vdc_hosts_destroy(&hosts);
    test_folder_remove();
}
