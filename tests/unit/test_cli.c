/* The command line as users meet it: what is printed where, and the exit status. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedulers/registry.h"
#include "sim/base/memory.h"
#include "tests/support/command.h"
#include "tests/support/result_files.h"

/* Runs, checks the status and that `out` and `err` occur in what was written; NULL: nothing may have been. */
static void expect(const char *arguments, int status, const char *out, const char *err) {
    command_result result = run_vdcsim("%s", arguments);
    cr_assert_eq(result.status, status, "vdcsim %s: exit status %d, not %d\n%s", arguments, result.status, status, result.err);
    if (out) cr_assert_not_null(strstr(result.out, out), "vdcsim %s: stdout lacks '%s':\n%s", arguments, out, result.out);
    else cr_assert_str_empty(result.out, "vdcsim %s: stdout: %s", arguments, result.out);
    if (err) cr_assert_not_null(strstr(result.err, err), "vdcsim %s: stderr lacks '%s':\n%s", arguments, err, result.err);
    else cr_assert_str_empty(result.err, "vdcsim %s: stderr: %s", arguments, result.err);
    command_result_clear(&result);
}

Test(cli, helps) {
    expect("--help", 0, "usage: vdcsim COMMAND", NULL);
    expect("--version", 0, "vdcsim " VDC_VERSION "\n", NULL);
    expect("help policies", 0, "usage: vdcsim policies [NAME]", NULL);
    expect("policies --help", 0, "--json", NULL);
    expect("policies -h", 0, "--json", NULL);
    expect("policies --nonsense --help", 0, "--json", NULL);
    expect("", 2, NULL, "usage: vdcsim COMMAND");
}

Test(cli, refuses_what_it_does_not_know) {
    expect("polices", 2, NULL, "unknown command 'polices': did you mean 'policies'?");
    expect("xyzzy", 2, NULL, "unknown command 'xyzzy'\n");
    expect("help xyzzy", 2, NULL, "unknown command 'xyzzy'\n");
    expect("policies --jsn", 2, NULL, "unknown option '--jsn': did you mean --json?");
    expect("policies -j", 2, NULL, "unknown option '-j'");
    expect("policies --json=yes", 2, NULL, "--json takes no value, found 'yes'");
    expect("policies a b", 2, NULL, "one argument too many: 'b'");
    expect("policies -- --json", 2, NULL, "no policy '--json'");
    expect("completion", 2, NULL, "missing argument: bash|zsh|fish");
    expect("completion tcsh", 2, NULL, "allowed: bash, zsh, fish");
    expect("policies best-fti", 2, NULL, "no policy 'best-fti' (did you mean 'best-fit'?)");
    expect("selftest --replications 9", 2, NULL, "--replications: found '9', allowed: a whole number from 10 to 100000");
    expect("bench engine.hodl", 2, NULL, "no benchmark 'engine.hodl' (did you mean 'engine.hold'?)");
    expect("bench --policy first-fti", 2, NULL, "no placement policy 'first-fti': vdcsim policies names them");
}

Test(cli, names_every_policy) {
    command_result text = run_vdcsim("policies"), json = run_vdcsim("policies --json");
    cr_assert(text.status == 0 && json.status == 0);
    for (size_t i = 0; vdc_policies[i]; i++) {
        cr_assert_not_null(strstr(text.out, vdc_policies[i]->name));
        cr_assert_not_null(strstr(json.out, vdc_policies[i]->name));
        command_result one = run_vdcsim("policies %s", vdc_policies[i]->name);
        cr_assert_eq(one.status, 0);
        cr_assert_not_null(strstr(one.out, vdc_policies[i]->summary));
        for (size_t p = 0; p < vdc_policies[i]->param_count; p++) cr_assert_not_null(strstr(one.out, vdc_policies[i]->params[p].name));
        command_result_clear(&one);
    }
    command_result_clear(&text);
    command_result_clear(&json);
}

Test(cli, completes_every_command_and_option) {
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        command_result result = run_vdcsim("completion %s", shells[i]);
        cr_assert_eq(result.status, 0);
        cr_assert_not_null(strstr(result.out, "policies"));
        cr_assert_not_null(strstr(result.out, "json"));
        command_result_clear(&result);
    }
    /* What bash offers for "vdcsim policies --j". */
    char folder[4000];
    build_folder(folder, sizeof folder);
    command_result offered = run_vdcsim("completion bash >/dev/null; bash -c \"source <('%s/vdcsim' completion bash); "
                                        "COMP_WORDS=(vdcsim policies --j) COMP_CWORD=2; _vdcsim; echo \\\"\\${COMPREPLY[@]}\\\"\"", folder);
    cr_assert_str_eq(offered.out, "--json\n", "offered: %s%s", offered.out, offered.err);
    command_result_clear(&offered);
}

Test(cli, lists_benchmarks_and_skips_what_has_no_data) {
    expect("bench --list", 0, "engine.hold", NULL);
    expect("bench placement.policies --quick --policy first-fit --hosts 100", 0, "\"policy\": \"first-fit\", \"hosts\": 100, ", NULL);
    expect("bench run.endurance --quick --hosts 10", 0, "\"hosts\": 10, \"events\": 10000, ", NULL);
    cr_assert_eq(setenv("VDCSIM_SHARED", "/nonexistent", 1), 0); /* every test is a process of its own */
    expect("bench run.surf-week", 0, "{\"benchmark\": \"run.surf-week\", \"skipped\": ", NULL);
}

Test(cli, says_when_its_output_cannot_be_written) {
    command_result result = run_vdcsim("policies >/dev/full");
    cr_assert_eq(result.status, 1);
    cr_assert_not_null(strstr(result.err, "standard output"));
    command_result_clear(&result);
}

/* A host and a VM for 100 days in ticks of a second: seconds of work, unless something shortens it. */
static const char long_scenario[] =
    "vdcsim: 1\nname: long\ntime: {end: 100d, tick: 1s}\n"
    "datacenter:\n  hosts:\n    - {class: a, count: 2, cpu: {cores: 4, speed: 2 GHz}, memory: 16 GiB}\n"
    "workload:\n  vms:\n    - {id: 0, arrival: 0s, vcpus: 2, memory: 4 GiB}\n";

static void write_scenario(void) {
    cr_assert_not_null(test_folder_make());
    test_file_write(test_folder_path("long.yaml"), long_scenario, sizeof long_scenario - 1);
}

/* An hour of it. */
static command_result run_in_folder(const char *arguments) {
    return run_vdcsim("run '%s' --set time.end=1h %s", test_folder_path("long.yaml"), arguments);
}

Test(cli, runs_a_scenario, .fini = test_folder_remove) {
    write_scenario();
    const char *out = test_folder_path("out.h5");
    char arguments[4200];
    (void)snprintf(arguments, sizeof arguments, "-o '%s' --stats --check --seed 9223372036854775807 --no-progress", out);
    command_result first = run_in_folder(arguments), again = run_in_folder(arguments);
    cr_assert_eq(first.status, 0, "%s", first.err);
    cr_assert_not_null(strstr(first.err, "wrote "));
    cr_assert(test_file_exists(out));
    static const char *const keys[] = {"wall_s", "events", "events_per_s", "placements", "placements_per_s", "peak_rss_bytes"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *key = vdc_format("\"%s\": ", keys[i]);
        cr_assert_not_null(strstr(first.out, key), "--stats lacks %s: %s", key, first.out);
        vdc_free(key);
    }
    cr_assert_not_null(strstr(first.out, "\"placements\": 1,"));
    cr_assert_eq(again.status, 2, "a result file must not be overwritten");
    cr_assert_not_null(strstr(again.err, "--force"));
    command_result_clear(&again);
    size_t size = 0, size_again = 0;
    char *bytes = test_file_read(out, &size);
    (void)snprintf(arguments, sizeof arguments, "-o'%s' --force --check --event-queue=ladder --seed=9223372036854775807", out);
    again = run_in_folder(arguments);
    cr_assert_eq(again.status, 0, "%s", again.err);
    cr_assert_str_empty(again.out);
    char *bytes_again = test_file_read(out, &size_again);
    cr_assert(size > 0 && size == size_again && memcmp(bytes, bytes_again, size) == 0, "equal runs must give equal bytes");
    vdc_free(bytes);
    vdc_free(bytes_again);
    command_result_clear(&first);
    command_result_clear(&again);
}

Test(cli, refuses_bad_runs, .fini = test_folder_remove) {
    write_scenario();
    static const struct {
        const char *arguments, *message;
    } cases[] = {
        {"--set", "--set needs a value: KEY.PATH=VALUE"},
        {"--set nonsense", "allowed: KEY.PATH=VALUE"},
        {"--set time.tick=-5s", "time.tick"},
        {"--seed -3", "--seed: found '-3', allowed: a whole number from 0 to 9223372036854775807"},
        {"--seed 9223372036854775808", "--seed: found '9223372036854775808'"},
        {"--seed 5x", "--seed: found '5x'"},
        {"--event-queue laddr", "--event-queue: found 'laddr', allowed: heap, ladder, lanes (did you mean 'ladder'?)"},
        {"-o /nonexistent-folder/out.h5", "/nonexistent-folder/out.h5"},
        {"another.yaml", "one argument too many: 'another.yaml'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        command_result result = run_in_folder(cases[i].arguments);
        cr_assert_eq(result.status, 2, "run %s: exit status %d", cases[i].arguments, result.status);
        cr_assert_not_null(strstr(result.err, cases[i].message), "run %s: %s", cases[i].arguments, result.err);
        cr_assert_str_empty(result.out);
        command_result_clear(&result);
    }
    expect("run /nonexistent.yaml", 2, NULL, "/nonexistent.yaml");
    expect("run", 2, NULL, "missing argument: SCENARIO.yaml");
    expect("validate /nonexistent.yaml", 2, NULL, "/nonexistent.yaml");
}

Test(cli, validates, .fini = test_folder_remove) {
    write_scenario();
    command_result good = run_vdcsim("validate '%s'", test_folder_path("long.yaml"));
    cr_assert_eq(good.status, 0, "%s", good.err);
    command_result bad = run_vdcsim("validate '%s' --set datacenter.hosts.0.cpu.cores=-1", test_folder_path("long.yaml"));
    cr_assert_eq(bad.status, 2);
    cr_assert_not_null(strstr(bad.err, "cores"));
    command_result_clear(&good);
    command_result_clear(&bad);
}

/* Started in the background, signalled once its file is there. */
Test(cli, ends_cleanly_on_a_signal, .fini = test_folder_remove) {
    static const char *const signals[] = {"INT", "TERM"};
    write_scenario();
    char folder[4000];
    build_folder(folder, sizeof folder);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        const char *out = test_folder_path("out.h5"), *partial = test_folder_path("out.h5.partial");
        command_result result = run_vdcsim("--version >/dev/null; '%s/vdcsim' run '%s' -o '%s' 2>/dev/null & pid=$!; "
                                           "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -e '%s' ] && break; sleep 0.05; done; sleep 0.2; "
                                           "kill -%s $pid; wait $pid; exit $?",
                                           folder, test_folder_path("long.yaml"), out, partial, signals[i]);
        cr_assert_eq(result.status, 130, "%s: exit status %d", signals[i], result.status);
        cr_assert(!test_file_exists(out), "an interrupted run must not bear the final name");
        cr_assert(test_file_exists(partial));
        command_result_clear(&result);
    }
}
