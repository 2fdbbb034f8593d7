/* See guard.h. */
#include "sim/base/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FINISHED = 77, /* a status that nothing else leaves with: a sanitizer that sees an error ends the child with another */
    SECONDS = 20,
    BYTES_A_SECOND = 1 << 24
};

static const rlim_t MORE_MEMORY = (rlim_t)1 << 30;

static void set_limit(__rlimit_resource_t resource, rlim_t most) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return;
    if (limit.rlim_max < most) most = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = most;
    (void)setrlimit(resource, &limit);
}

/* Pages that are mapped, a sanitizer's shadow among them. */
static void limit_memory(void) {
    char text[64];
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return;
    const rlim_t pages = fgets(text, sizeof text, file) ? strtoull(text, NULL, 10) : 0;
    if (pages) set_limit(RLIMIT_AS, pages * (rlim_t)sysconf(_SC_PAGESIZE) + MORE_MEMORY);
    fclose(file);
}

static void run_child(void (*attempt)(void *), char *path, int64_t seconds) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGXFSZ};
#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) (void)signal(faults[i], SIG_DFL);
    (void)signal(SIGINT, SIG_IGN); /* the parent's to hear */
    (void)signal(SIGTERM, SIG_IGN);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC); /* what a C library says of a broken heap is not for the user */
    if (nowhere >= 0) (void)dup2(nowhere, STDERR_FILENO);
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_FSIZE, 0);
    set_limit(RLIMIT_CPU, (rlim_t)seconds);
    limit_memory();
    attempt(path);
    _exit(FINISHED);
}

vdc_code vdc_guard_try_file(void (*attempt)(void *path), char *path, vdc_diag *diag) {
    int status;
    struct stat file;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode)) return VDC_OK;
    int64_t seconds = SECONDS + (int64_t)file.st_size / BYTES_A_SECOND;
    pid_t child = fork();
    if (child == 0) run_child(attempt, path, seconds);
    if (child < 0) return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: no process can be made to check it: %s", path, strerror(errno));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: the process that checks it is lost: %s", path, strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == FINISHED) return VDC_OK;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is damaged: reading it takes more than %lld s of CPU time", path, (long long)seconds);
    if (WIFSIGNALED(status))
        return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is damaged: reading it crashes the HDF5 library (signal %d, %s)", path, WTERMSIG(status),
                        strsignal(WTERMSIG(status)));
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is damaged: reading it crashes the HDF5 library", path);
}
