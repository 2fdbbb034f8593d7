/* Runs the tests without Criterion's own runner: under ThreadSanitizer that one cannot start (its arena lies where the shadow memory does),
 * and valgrind does not follow it into the processes it starts. Each test runs in a child that is only forked, so both see all that it does.
 *
 *     vdcsim-tests-plain [-jN] [--filter 'suite/name']    a shell pattern; names what failed; exit 1 when a test did
 *
 * The functions below take the place of Criterion's of those names, which its macros call; the rest comes from its library.
 */
#include <criterion/criterion.h>
#include <criterion/event.h>
#include <criterion/logging.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 90, SECONDS = 1800 };

/* The section in which Test() puts a pointer to each test. */
extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
/* Likewise TestSuite(): what is done before and after each test of a suite. */
extern struct criterion_suite *__start_cr_sts[], *__stop_cr_sts[];

static bool failed; /* of the test that runs in this process */

void criterion_send_assert(struct criterion_assert_stats *stats) {
    (void)fprintf(stderr, "%s:%u: %s\n", stats->file, stats->line, stats->message);
    failed = true;
}
void criterion_abort_test(void) {
    exit(FAILED);
}
void criterion_continue_test(void) {
}
void cri_asserts_passed_incr(void) {
}
void cr_log(enum criterion_severity severity, const char *format, ...) {
    va_list values;
    (void)severity;
    va_start(values, format);
    (void)vfprintf(stderr, format, values);
    va_end(values);
    (void)fputc('\n', stderr);
}
void criterion_internal_test_setup(void) {
}
void criterion_internal_test_teardown(void) {
}
void criterion_internal_test_main(void (*test)(void)) {
    test();
}

static const struct criterion_test_extra_data *suite_of(const struct criterion_test *test) {
    for (struct criterion_suite **suite = __start_cr_sts; suite < __stop_cr_sts; suite++)
        if (*suite && strcmp((*suite)->name, test->category) == 0) return (*suite)->data;
    return NULL;
}

static int run(const struct criterion_test *test) {
    const struct criterion_test_extra_data *suite = suite_of(test);
    (void)alarm(SECONDS);
    if (suite && suite->init) suite->init();
    if (test->data->init) test->data->init();
    test->test();
    if (test->data->fini) test->data->fini();
    if (suite && suite->fini) suite->fini();
    return failed ? FAILED : 0;
}

static const struct criterion_test *started[64];
static pid_t child_of[64];

/* Waits for one of the tests that run; did it fail? */
static bool finish_one(int jobs) {
    int status = 0;
    const pid_t child = wait(&status);
    for (int i = 0; i < jobs; i++) {
        if (child_of[i] != child) continue;
        child_of[i] = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
        printf("FAILED %s/%s (%s %d)\n", started[i]->category, started[i]->name, WIFSIGNALED(status) ? "signal" : "exit",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        (void)fflush(stdout);
        return true;
    }
    return false;
}

int main(int argc, char **argv) {
    const char *filter = "*";
    int jobs = 1, running = 0, count = 0, failures = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-j", 2) == 0) jobs = atoi(argv[i] + 2);
        else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc) filter = argv[++i];
        else return fprintf(stderr, "usage: %s [-jN] [--filter PATTERN]\n", argv[0]), 2;
    }
    jobs = jobs < 1 ? 1 : jobs > 64 ? 64 : jobs;
    for (struct criterion_test **test = __start_cr_tst; test < __stop_cr_tst; test++) {
        char name[256];
        if (!*test) continue; /* padding between objects */
        (void)snprintf(name, sizeof name, "%s/%s", (*test)->category, (*test)->name);
        if (fnmatch(filter, name, 0) != 0) continue;
        if (running == jobs) failures += finish_one(jobs), running--;
        int place = 0;
        while (child_of[place]) place++;
        (void)fflush(NULL);
        const pid_t child = fork();
        if (child < 0) return perror("fork"), 1;
        if (child == 0) exit(run(*test));
        started[place] = *test;
        child_of[place] = child;
        running++;
        count++;
    }
    for (; running > 0; running--) failures += finish_one(jobs);
    printf("%d tests, %d failed\n", count, failures);
    return failures || !count;
}
