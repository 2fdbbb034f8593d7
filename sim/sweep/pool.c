/* A pool of worker processes. */
#include "sim/sweep/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/memory.h"

enum { IDLE_EVERY = 200, SAID_MOST = 1 << 16 }; /* ms; bytes */

typedef struct worker {
    pid_t child;         /* 0 = none */
    size_t job;
    int from;            /* what the child says */
    char *said;
    size_t length, capacity;
} worker;

/* The child: does the job, writes its messages and leaves by _exit, so that nothing of the parent's is flushed or run twice. */
static void be_worker(const vdc_pool *pool, size_t job, int to, pid_t parent) {
    (void)parent;
    signal(SIGINT, SIG_IGN); /* a key at the terminal reaches all; the parent decides */
    signal(SIGTERM, SIG_DFL);
#ifdef __linux__
    /* Without its parent a worker would go on and stand in the way of a resumed sweep. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(VDC_INTERRUPTED);
#endif
    vdc_diag diag = {0};
    vdc_code code = pool->work(pool->context, job, &diag);
    for (size_t i = 0; i < diag.count; i++) {
        const char *text = diag.messages[i].text ? diag.messages[i].text : "out of memory";
        if (dprintf(to, "%s%s\n", diag.messages[i].warning ? "warning: " : "", text) < 0) break;
    }
    close(to);
    _exit((int)code);
}

static vdc_code start(const vdc_pool *pool, worker *slot, size_t job, vdc_diag *diag) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return vdc_fail(diag, VDC_ERROR_IO, NULL, "a worker cannot be started: %s", strerror(errno));
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        close(ends[0]);
        be_worker(pool, job, ends[1], parent);
    }
    close(ends[1]);
    if (child < 0) {
        int error = errno;
        close(ends[0]);
        return vdc_fail(diag, VDC_ERROR_IO, NULL, "a worker cannot be started: %s", strerror(error));
    }
    *slot = (worker){.child = child, .job = job, .from = ends[0]};
    return VDC_OK;
}

/* Takes what the child has written. False at its end. */
static bool listen_to(worker *slot) {
    char chunk[4096];
    ssize_t got = read(slot->from, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    if (slot->length + (size_t)got < SAID_MOST && VDC_RESERVE(slot->said, slot->capacity, slot->length + (size_t)got + 1)) {
        memcpy(slot->said + slot->length, chunk, (size_t)got);
        slot->length += (size_t)got;
        slot->said[slot->length] = '\0';
    }
    return true;
}

/* Waits for a child whose pipe has closed, and tells. */
static void finish(const vdc_pool *pool, worker *slot) {
    int status = 0;
    pid_t child = slot->child;
    size_t job = slot->job;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    close(slot->from);
    slot->child = 0;
    vdc_code code = WIFEXITED(status) && WEXITSTATUS(status) <= VDC_INTERRUPTED ? (vdc_code)WEXITSTATUS(status) : VDC_ERROR_STATE;
    char *crash = WIFSIGNALED(status) ? vdc_format("%sthe process was ended by signal %d (%s)", slot->said ? slot->said : "",
                                                   WTERMSIG(status), strsignal(WTERMSIG(status)))
                  : code == VDC_ERROR_STATE && !slot->said ? vdc_format("the process ended with status %d", WEXITSTATUS(status))
                                                           : NULL;
    while (!crash && slot->said && slot->length > 0 && slot->said[slot->length - 1] == '\n') slot->said[--slot->length] = '\0';
    pool->ended(pool->context, job, code, crash ? crash : slot->said ? slot->said : "");
    vdc_free(crash);
    vdc_free(slot->said);
    slot->said = NULL;
}

/* Ends all children; their jobs are told as interrupted by nobody. */
static void stop_all(worker *workers, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (workers[i].child > 0) kill(workers[i].child, SIGTERM);
    for (size_t i = 0; i < count; i++) {
        if (workers[i].child <= 0) continue;
        while (waitpid(workers[i].child, NULL, 0) < 0 && errno == EINTR) {}
        close(workers[i].from);
        vdc_free(workers[i].said);
        workers[i] = (worker){0};
    }
}

vdc_code vdc_pool_run(const vdc_pool *pool, const size_t *jobs, size_t count, vdc_diag *diag) {
    size_t workers = pool->workers < count ? pool->workers : count, next = 0, running = 0;
    worker *slots = vdc_calloc(workers + 1, sizeof *slots);
    struct pollfd *watched = vdc_calloc(workers + 1, sizeof *watched);
    vdc_code code = slots && watched ? VDC_OK : vdc_no_memory(diag, "the pool of workers");
    while (!code && (next < count || running > 0)) {
        for (size_t i = 0; i < workers && next < count && !code; i++) {
            if (slots[i].child == 0 && !(code = start(pool, &slots[i], jobs[next], diag))) {
                next++;
                running++;
            }
        }
        if (!code && pool->idle(pool->context, running)) code = VDC_INTERRUPTED;
        if (code) break;
        for (size_t i = 0; i < workers; i++) watched[i] = (struct pollfd){.fd = slots[i].child ? slots[i].from : -1, .events = POLLIN};
        if (poll(watched, (nfds_t)workers, IDLE_EVERY) < 0) continue; /* a signal: idle looks */
        for (size_t i = 0; i < workers; i++) {
            if (slots[i].child && watched[i].revents && !listen_to(&slots[i])) {
                finish(pool, &slots[i]);
                running--;
            }
        }
    }
    if (code && slots) stop_all(slots, workers);
    vdc_free(slots);
    vdc_free(watched);
    return code;
}
