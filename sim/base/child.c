/* Child processes: see child.h. closefrom is of glibc 2.34 and later. */
#include "sim/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/memory.h"

struct vdc_child {
    pid_t pid;               /* and its group; 0: ended and waited for, and the group was killed */
    int in, out;             /* our ends: what it reads, what it writes; -1 = closed */
    char *buffer;            /* what it wrote */
    size_t used, capacity, taken;
    char why[256];
};

static const int64_t MILLISECOND = 1000000;

static int64_t monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void shut(int *descriptor) {
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
}

/* --- starting --- */

/* What the child needs between fork and exec, where nothing may be allocated. */
typedef struct start_up {
    const char *const *argv;
    const char *folder;
    int in, out, report;     /* its ends; where the errno of what failed goes */
    rlim_t memory;           /* 0 = no limit */
} start_up;

/* Calls that the stack does not hold yet cannot be made once memory is limited below what the process maps. */
static void grow_stack(void) {
    volatile char room[1 << 16];
    for (size_t i = 0; i < sizeof room; i += 1024) room[i] = 0;
}

/* In the child: limits are set before the program runs, so that whatever it starts has them, too. Returns only when something fails. */
static void become(const start_up *up) {
    static const int usual[] = {SIGPIPE, SIGINT, SIGTERM};
    sigset_t none;
    sigemptyset(&none);
    grow_stack();
    int report = up->report;
    bool good = setpgid(0, 0) == 0 && dup2(up->in, 0) == 0 && dup2(up->out, 1) == 1;
    if (good && report != 3 && (good = dup3(report, 3, O_CLOEXEC) == 3)) report = 3;
    if (good) {
        closefrom(4);
        for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) (void)signal(usual[i], SIG_DFL);
        good = !up->folder || chdir(up->folder) == 0;
    }
    const struct rlimit core = {0, 0}, space = {up->memory, up->memory};
    if (good) good = setrlimit(RLIMIT_CORE, &core) == 0 && (!up->memory || setrlimit(RLIMIT_AS, &space) == 0);
    if (good) {
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        execvp(up->argv[0], (char *const *)up->argv);
    }
    const int error = errno;
    (void)!write(report, &error, sizeof error);
}

/* fork and exec, since posix_spawn sets no limits. Returns 0 once the program runs, else why it does not. */
static int spawn(pid_t *pid, start_up *up, int report) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* none of our handlers runs in the child */
    pid_t child = fork();
    if (child == 0) {
        become(up);
        _exit(127);
    }
    int error = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    shut(&up->report);
    if (error) return error;
    ssize_t got;
    while ((got = read(report, &error, sizeof error)) < 0 && errno == EINTR) continue;
    if (got != (ssize_t)sizeof error) {
        *pid = child;
        return 0;
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    return error;
}

/* A pipe whose ends are above the three standard descriptors, so that none is overwritten while they are set up. */
static int open_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC)) return errno;
    for (int i = 0; i < 2; i++) {
        if (ends[i] > 2) continue;
        int higher = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        if (higher < 0) {
            int error = errno;
            shut(&ends[0]);
            shut(&ends[1]);
            return error;
        }
        close(ends[i]);
        ends[i] = higher;
    }
    return 0;
}

vdc_code vdc_child_start(vdc_child **out, const char *const *argv, const char *folder, int64_t memory, vdc_diag *diag) {
    *out = NULL;
    vdc_child *child = vdc_calloc(1, sizeof *child);
    if (!child) return vdc_no_memory(diag, "a child process");
    int to[2] = {-1, -1}, from[2] = {-1, -1}, report[2] = {-1, -1};
    int error = open_pipe(to);
    if (!error) error = open_pipe(from);
    if (!error) error = open_pipe(report);
    start_up up = {argv, folder, to[0], from[1], report[1], (rlim_t)memory};
    if (!error) error = spawn(&child->pid, &up, report[0]);
    shut(&report[0]);
    shut(&to[0]);
    shut(&from[1]);
    child->in = to[1];
    child->out = from[0];
    if (error) {
        vdc_child_stop(child, 0);
        return vdc_fail(diag, VDC_ERROR_POLICY, NULL, "cannot start %s: %s", argv[0], strerror(error));
    }
    (void)fcntl(child->in, F_SETFL, O_NONBLOCK);
    (void)fcntl(child->out, F_SETFL, O_NONBLOCK);
    *out = child;
    return VDC_OK;
}

/* --- talking --- */

/* write() without the signal that a reader who is gone raises: blocked meanwhile, and taken off the thread when it came. */
static ssize_t write_quietly(int descriptor, const char *text, size_t length) {
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t written = write(descriptor, text, length);
    int error = errno;
    if (written < 0 && error == EPIPE && !was_pending) {
        struct timespec at_once = {0, 0};
        while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR) continue;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return written;
}

/* Waits for its end, at most `limit` ns, and ends what is left of its group; false when it lives on. The group's number is its own as long as it has
 * not been waited for. */
static bool reap(vdc_child *child, int64_t limit, int *status) {
    int64_t deadline = monotonic() + limit;
    while (child->pid) {
        siginfo_t ended = {0};
        int error = waitid(P_PID, (id_t)child->pid, &ended, WEXITED | WNOHANG | WNOWAIT) ? errno : 0;
        if (error == ECHILD || ended.si_pid == child->pid) {
            if (!error) kill(-child->pid, SIGKILL);
            while (!error && waitpid(child->pid, status, 0) < 0 && errno == EINTR) continue;
            child->pid = 0;
            break;
        }
        if (monotonic() >= deadline) return false;
        nanosleep(&(struct timespec){0, MILLISECOND}, NULL);
    }
    return true;
}

static const char *say_how_it_ended(vdc_child *child) {
    int status = 0;
    if (!child->pid || !reap(child, 200 * MILLISECOND, &status)) {
        snprintf(child->why, sizeof child->why, "it closed its end of the pipes");
    } else if (WIFSIGNALED(status)) {
        snprintf(child->why, sizeof child->why, "it was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        snprintf(child->why, sizeof child->why, "it ended with status %d", WEXITSTATUS(status));
    }
    return child->why;
}

/* Takes what is there to read; -1 = its end of the pipe is closed, 0 otherwise. */
static int take(vdc_child *child, const char **problem) {
    for (;;) {
        if (child->used > VDC_CHILD_LINE) {
            *problem = "its line is longer than 1 MiB";
            return 0;
        }
        if (!VDC_RESERVE(child->buffer, child->capacity, child->used + 4096)) {
            *problem = "there is no memory for its answer";
            return 0;
        }
        ssize_t got = read(child->out, child->buffer + child->used, child->capacity - child->used - 1);
        if (got > 0) child->used += (size_t)got;
        else if (got < 0 && errno == EAGAIN) return 0;
        else if (got == 0 || errno != EINTR) return -1;
    }
}

const char *vdc_child_exchange(vdc_child *child, const char *text, size_t length, int64_t limit, bool (*interrupted)(void), const char **line,
                               size_t *line_length) {
    int64_t deadline = monotonic() + limit;
    if (child->taken) memmove(child->buffer, child->buffer + child->taken, child->used - child->taken);
    child->used -= child->taken;
    child->taken = 0;
    const char *problem = NULL;
    int closed = take(child, &problem);
    if (!problem && child->used && line) problem = "it wrote a line that nobody asked for";
    size_t sent = 0;
    while (!problem) {
        if (sent < length) {
            ssize_t written = write_quietly(child->in, text + sent, length - sent);
            if (written > 0) sent += (size_t)written;
            else if (written < 0 && errno == EPIPE) return say_how_it_ended(child);
            else if (written < 0 && errno != EAGAIN && errno != EINTR) return "writing to it failed";
        }
        if (sent == length && !line) return NULL;
        if (!closed) closed = take(child, &problem);
        char *end = child->used ? memchr(child->buffer, '\n', child->used) : NULL;
        if (end && sent == length) {
            *end = '\0';
            *line = child->buffer;
            *line_length = (size_t)(end - child->buffer);
            child->taken = *line_length + 1;
            return NULL;
        }
        if (closed) return say_how_it_ended(child);
        int64_t left = deadline - monotonic();
        if (left <= 0) {
            snprintf(child->why, sizeof child->why, "it did not answer within %g s", (double)limit / 1e9);
            return child->why;
        }
        struct pollfd wait[2] = {{child->out, POLLIN, 0}, {child->in, POLLOUT, 0}};
        int64_t milliseconds = left / MILLISECOND + 1;
        if (interrupted && interrupted()) return "it was awaited when the run was interrupted";
        (void)poll(wait, sent < length ? 2 : 1, milliseconds < 1000 ? (int)milliseconds : 1000);
    }
    return problem;
}

/* --- the end --- */

void vdc_child_stop(vdc_child *child, int64_t grace) {
    if (!child) return;
    shut(&child->in);
    int status;
    if (child->pid && !reap(child, grace, &status)) {
        kill(-child->pid, SIGTERM);
        if (!reap(child, 100 * MILLISECOND, &status)) {
            kill(-child->pid, SIGKILL);
            (void)reap(child, 10000 * MILLISECOND, &status);
        }
    }
    shut(&child->out);
    vdc_free(child->buffer);
    vdc_free(child);
}
