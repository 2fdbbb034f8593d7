/* Preloaded into the command by tests/faults/run.py: makes one system call fail, or be cut short.
 *
 *   FAULT_CALL=write   which: open, read, write, truncate, sync, rename, unlink
 *   FAULT_AT=3         the third of them, counted from the start of main (0: none, only counted)
 *   FAULT_ERRNO=28     what it fails with; 0: not at all, but it moves half of the bytes
 *   FAULT_ALL=1        those after it too
 *   FAULT_COUNT=FILE   where the number of such calls is written at exit
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *call;
static long at, seen;
static int error;
static bool all, counting;

static bool hit(const char *name) {
    if (!counting || strcmp(call, name) != 0) return false;
    seen++;
    return at && (seen == at || (all && seen > at));
}

__attribute__((constructor)) static void begin(void) {
    const char *text;
    call = getenv("FAULT_CALL");
    at = (text = getenv("FAULT_AT")) ? atol(text) : 0;
    error = (text = getenv("FAULT_ERRNO")) ? atoi(text) : 0;
    all = getenv("FAULT_ALL") != NULL;
    counting = call != NULL;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("FAULT_COUNT");
    char text[32];
    counting = false;
    int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (file < 0) return;
    int length = snprintf(text, sizeof text, "%ld", seen);
    if (write(file, text, (size_t)length) != length) (void)unlink(path);
    (void)close(file);
}

/* The real function of that name, looked up once. */
#define REAL(name, type)                                                 \
    static typeof(type) *real;                                           \
    if (!real) {                                                         \
        void *found = dlsym(RTLD_NEXT, name);                            \
        memcpy(&real, &found, sizeof real);                              \
    }
#define FAIL_IF_HIT(name)   \
    if (hit(name)) {        \
        errno = error;      \
        return -1;          \
    }

int open(const char *path, int flags, ...) {
    REAL("open", int(const char *, int, ...));
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    FAIL_IF_HIT("open");
    return real(path, flags, mode);
}

/* A descriptor of messages is left alone: they are what is looked at. */
#define TRANSFER(name, family, constness, extra, pass)                       \
    ssize_t name(int file, constness void *data, size_t size extra) {        \
        REAL(#name, ssize_t(int, constness void *, size_t extra));           \
        if (file > 2 && hit(family)) {                                       \
            if (error) {                                                     \
                errno = error;                                               \
                return -1;                                                   \
            }                                                                \
            size = (size + 1) / 2;                                           \
        }                                                                    \
        return real(file, data, size pass);                                  \
    }
#define NOTHING
#define OFFSET , off_t offset
#define PASS , offset
TRANSFER(read, "read", NOTHING, NOTHING, NOTHING)
TRANSFER(pread, "read", NOTHING, OFFSET, PASS)
TRANSFER(write, "write", const, NOTHING, NOTHING)
TRANSFER(pwrite, "write", const, OFFSET, PASS)

int ftruncate(int file, off_t size) {
    REAL("ftruncate", int(int, off_t));
    FAIL_IF_HIT("truncate");
    return real(file, size);
}

int fsync(int file) {
    REAL("fsync", int(int));
    FAIL_IF_HIT("sync");
    return real(file);
}

int rename(const char *from, const char *to) {
    REAL("rename", int(const char *, const char *));
    FAIL_IF_HIT("rename");
    return real(from, to);
}

int link(const char *from, const char *to) {
    REAL("link", int(const char *, const char *));
    FAIL_IF_HIT("rename");
    return real(from, to);
}

int unlink(const char *path) {
    REAL("unlink", int(const char *));
    FAIL_IF_HIT("unlink");
    return real(path);
}
