/* The tree holds to its own rules (tests/structure/check.py), and the checker sees each kind of breach.
 */
#include <criterion/criterion.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a shell command; its output, cut to size, goes to `output`. Returns the exit status, -1 when it did not exit. */
static int run(const char *command, char *output, size_t size) {
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe, "cannot run: %s", command);
    size_t length = fread(output, 1, size - 1, pipe);
    output[length] = '\0';
    char rest[4096];
    while (fread(rest, 1, sizeof rest, pipe) > 0) continue;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(structure, the_tree_keeps_its_rules) {
    char program[PATH_MAX] = {0}, command[PATH_MAX + 100], output[8192];
    cr_assert_gt(readlink("/proc/self/exe", program, sizeof program - 1), 0);
    (void)snprintf(command, sizeof command, "python3 tests/structure/check.py --objects '%s' 2>&1", dirname(program));
    int status = run(command, output, sizeof output);
    cr_assert_eq(status, 0, "\n%s", output);
}

static void write_file(const char *folder, const char *path, const char *text) {
    char name[PATH_MAX], parent[PATH_MAX], command[PATH_MAX + 20];
    (void)snprintf(name, sizeof name, "%s/%s", folder, path);
    memcpy(parent, name, sizeof parent);
    (void)snprintf(command, sizeof command, "mkdir -p '%s'", dirname(parent));
    cr_assert_eq(system(command), 0);
    FILE *file = fopen(name, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

/* One made-up tree with one breach of every rule, each in a file of its own. */
Test(structure, the_checker_sees_every_breach) {
    static const struct { const char *path, *text, *finding; } breaches[] = {
        {"sim/base/up.c", "#include \"models/host.h\"\n", "sim/base/up.c:1: includes \"models/host.h\": sim/base stands to the left of models"},
        {"models/up.c", "\n#include \"schedulers/policy.h\"\n", "models/up.c:2: includes \"schedulers/policy.h\": models stands to the left"},
        {"workloads/wide.c", "#include \"models/host.h\"\n", "workloads/wide.c:1: includes \"models/host.h\": workloads may include only"},
        {"analysis/wide.c", "#include \"models/host.h\"\n", "analysis/wide.c:1: includes \"models/host.h\": analysis may include only"},
        {"sim/cli/test.c", "#include \"tests/support/tool.h\"\n", "nobody includes tests/"},
        {"models/near.c", "#include \"host.h\"\n", "models/near.c:1: includes \"host.h\": no such file from the root"},
        {"models/loud.c", "void f(void) {\n    printf(\"x\");\n}\n", "models/loud.c:2: uses printf"},
        {"models/last.c", "void f(void) { exit(1); }\n", "models/last.c:1: uses exit"},
        {"models/out.c", "/* stdout is fine here */\nvoid f(void) { fputs(\"\", stderr); }\n", "models/out.c:2: uses stderr"},
        {"models/take.c", "void *f(void) { return malloc(1); }\n", "models/take.c:1: calls malloc"},
        {"models/tab.c", "\tint x;\n", "models/tab.c:1: has a tab"},
        {"models/blank.c", "int x; \n", "models/blank.c:1: ends in blanks"},
        {"models/open.c", "/* " "TO" "DO: more */\n", "models/open.c:1: has a mark of unfinished work"},
        {"models/global.c", "int count = 3;\nstatic const int fixed = 3;\nconst int *const table[] = {&fixed};\n",
         "models/global.c:0: has a mutable global: count in .data"},
    };
    char folder[] = "/tmp/vdcsim-structure-XXXXXX", command[PATH_MAX * 2], output[16384];
    cr_assert_not_null(mkdtemp(folder));
    write_file(folder, "models/host.h", "struct host;\n");
    write_file(folder, "schedulers/policy.h", "struct policy;\n");
    write_file(folder, "tests/support/tool.h", "struct tool;\n");
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++) write_file(folder, breaches[i].path, breaches[i].text);
    (void)snprintf(command, sizeof command,
                   "mkdir -p %s/build/obj/models && cc -fPIC -c %s/models/global.c -o %s/build/obj/models/global.o && "
                   "python3 tests/structure/check.py --root %s --objects %s/build 2>&1", folder, folder, folder, folder, folder);
    int status = run(command, output, sizeof output);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(status, 1, "the checker ended with %d:\n%s", status, output);
    for (size_t i = 0; i < sizeof breaches / sizeof breaches[0]; i++)
        cr_expect(strstr(output, breaches[i].finding) != NULL, "missing: %s\nin:\n%s", breaches[i].finding, output);
    /* One finding each: nothing beside them is mistaken for a breach. */
    (void)snprintf(command, sizeof command, ", %zu findings", sizeof breaches / sizeof breaches[0]);
    cr_expect(strstr(output, command) != NULL, "expected%s in:\n%s", command, output);
}
