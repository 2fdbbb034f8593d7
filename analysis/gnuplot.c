/* Starting gnuplot: posix_spawn with the folder as its working directory, stderr through a pipe.
 *
 * The working directory makes scripts name their data and picture without folders, so that a user can move the
 * three files elsewhere and draw again.
 */
#include "analysis/gnuplot.h"

#include "sim/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool vdc_gnuplot_present(void)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t length = strcspn(path, ":");
        char *candidate = length ? vdc_format("%.*s/gnuplot", (int)length, path) : NULL;
        bool found = candidate && access(candidate, X_OK) == 0;
        vdc_free(candidate);
        if (found) {
            return true;
        }
        path += length + (path[length] == ':');
    }
    return false;
}

/* Reads the child's complaints until it closes the pipe; the beginning is kept. */
static void read_complaints(int from, char *buffer, size_t size)
{
    size_t used = 0;
    char chunk[512];
    for (;;) {
        ssize_t got = read(from, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        size_t take = (size_t)got < size - 1 - used ? (size_t)got : size - 1 - used;
        memcpy(buffer + used, chunk, take);
        used += take;
    }
    while (used > 0 && strchr(" \n\r\t", buffer[used - 1])) {
        used--;
    }
    buffer[used] = '\0';
}

vdc_code vdc_gnuplot_run(const char *folder, const char *script, vdc_diag *diag)
{
    if (!vdc_gnuplot_present()) {
        return vdc_fail(diag, VDC_ERROR_IO, NULL, "gnuplot is not installed (Debian, Ubuntu: apt install gnuplot-nox); "
                        "the scripts and data were written, %s/%s can be drawn elsewhere", folder, script);
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return vdc_fail(diag, VDC_ERROR_IO, NULL, "gnuplot cannot be started: %s", strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0 && (error = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
    }
    if (error == 0) {
        const int steps[] = {
            posix_spawn_file_actions_addchdir_np(&actions, folder),
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0),
            posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO),
            /* A group of its own: a key at the terminal is for us, who end after the picture. */
            posix_spawnattr_setpgroup(&attributes, 0),
            posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP),
        };
        for (size_t i = 0; i < sizeof steps / sizeof *steps && error == 0; i++) {
            error = steps[i];
        }
        char program[] = "gnuplot", option[] = "-d";
        char *name = vdc_strdup(script);
        char *arguments[] = {program, option, name, NULL};
        pid_t child = -1;
        if (error == 0) {
            error = name ? posix_spawnp(&child, program, &actions, &attributes, arguments, environ) : ENOMEM;
        }
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        vdc_free(name);
        close(ends[1]);
        ends[1] = -1;
        if (error == 0) {
            char complaints[1024];
            int status = 0;
            read_complaints(ends[0], complaints, sizeof complaints);
            while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
            close(ends[0]);
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                return VDC_OK;
            }
            return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s/%s: gnuplot failed: %s", folder, script,
                            *complaints ? complaints : "it said nothing");
        }
    }
    close(ends[0]);
    if (ends[1] >= 0) {
        close(ends[1]);
    }
    return vdc_fail(diag, VDC_ERROR_IO, NULL, "gnuplot cannot be started: %s", strerror(error));
}
