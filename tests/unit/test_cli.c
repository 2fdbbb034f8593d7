/* The command line as users meet it: what is printed where, and the exit status. */
#include <criterion/criterion.h>
#include <string.h>

#include "schedulers/registry.h"
#include "tests/support/command.h"

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
    expect("bench engine.hodl", 2, NULL, "no benchmark 'engine.hodl' (did you mean 'engine.hold'?)");
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

Test(cli, says_when_its_output_cannot_be_written) {
    command_result result = run_vdcsim("policies >/dev/full");
    cr_assert_eq(result.status, 1);
    cr_assert_not_null(strstr(result.err, "standard output"));
    command_result_clear(&result);
}
