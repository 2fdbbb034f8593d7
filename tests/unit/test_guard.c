/* What may end the process is tried in a child: it crashes, aborts, runs on, takes memory, writes or leaves, and is a message here. */
#include "sim/base/guard.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/result_files.h"

static void nothing(void *path) { cr_assert_eq(strlen(path), strlen(test_folder_path("file"))); }

static void crash(void *path) {
    (void)path;
    (void)raise(SIGSEGV);
}

static void give_up(void *path) {
    (void)path;
    abort();
}

static void leave(void *path) {
    (void)path;
    _exit(0);
}

static void run_on(void *path) {
    (void)path;
    struct rlimit second = {1, 1};
    (void)setrlimit(RLIMIT_CPU, &second); /* the limit is 20 s: less, for the test's sake */
    for (volatile unsigned i = 0;; i++) continue;
}

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__ && !defined __clang__ /* sanitizers' own allocators are not asked to fail */
#define ASKED_TO_FAIL 1
/* Leaves with an error of its own when the memory is refused, as it must be. */
static void take_memory(void *path) {
    (void)path;
    if (!malloc((size_t)3 << 30)) (void)raise(SIGSEGV);
}
#endif

static void write_file(void *path) { test_file_write(path, "other", 5); }

Test(guard, what_ends_the_child_is_a_message, .fini = test_folder_remove) {
    static const struct { void (*attempt)(void *); const char *message; } cases[] = {
        {nothing, NULL}, {crash, "signal 11"}, {give_up, "signal 6"}, {leave, "crashes"}, {run_on, "CPU time"},
#ifdef ASKED_TO_FAIL
        {take_memory, "signal 11"},
#endif
        {write_file, "signal 25"},
    };
    test_folder_make();
    const char *path = test_folder_path("file");
    test_file_write(path, "content", 7);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vdc_diag diag = {0};
        vdc_code code = vdc_guard_try_file(cases[i].attempt, (char *)(uintptr_t)path, &diag);
        if (!cases[i].message) {
            cr_assert_eq(code, VDC_OK);
        } else {
            cr_assert(code == VDC_ERROR_INPUT && diag.count == 1, "%s", cases[i].message);
            cr_assert(strstr(diag.messages[0].text, cases[i].message) && strstr(diag.messages[0].text, "is damaged"), "%s", diag.messages[0].text);
        }
        vdc_diag_clear(&diag);
        cr_assert_lt(waitpid(-1, NULL, WNOHANG), 0, "nobody is left");
    }
}

Test(guard, what_is_no_file_is_not_tried, .fini = test_folder_remove) {
    test_folder_make();
    cr_assert_eq(vdc_guard_try_file(crash, (char *)(uintptr_t)test_folder_path("none"), NULL), VDC_OK);
    char folder[] = "/";
    cr_assert_eq(vdc_guard_try_file(crash, folder, NULL), VDC_OK);
}
