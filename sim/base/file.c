/* Reading small files whole: see file.h. */
#include "sim/base/file.h"

#include "sim/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

vdc_code vdc_file_fail(vdc_diag *diag, vdc_code code, const char *path, const char *what) {
    char reason[128];
    const char *text = strerror_r(errno, reason, sizeof reason); /* the GNU form: returns where the text is */
    const vdc_place place = {.file = path};
    return vdc_fail(diag, code, &place, "%s: %s", what, text);
}

bool vdc_file_is_stream(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/* The folder that holds the file. */
static bool stat_folder(const char *path, struct stat *status) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? vdc_strndup(path, (size_t)(slash - path) + 1) : vdc_strdup(".");
    bool there = folder && stat(folder, status) == 0;
    vdc_free(folder);
    return there;
}

bool vdc_file_same(const char *path, const char *other) {
    struct stat one, two;
    if (strcmp(path, other) == 0) return true;
    bool there = stat(path, &one) == 0;
    if (there != (stat(other, &two) == 0)) return false;
    if (!there) {
        const char *slash = strrchr(path, '/'), *other_slash = strrchr(other, '/');
        if (strcmp(slash ? slash + 1 : path, other_slash ? other_slash + 1 : other) != 0) return false;
        there = stat_folder(path, &one) && stat_folder(other, &two);
    }
    return there && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

vdc_code vdc_file_spare(const char *path, const char *input, vdc_diag *diag) {
    if (!path || !input || vdc_file_is_stream(path) || !vdc_file_same(path, input)) return VDC_OK;
    return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "%s: is what is read: the output would replace it", path);
}

vdc_code vdc_file_read(const char *path, size_t limit, char **text, size_t *length, vdc_diag *diag) {
    *text = NULL;
    *length = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be read");
    char *buffer = NULL;
    size_t capacity = 0, count = 0;
    vdc_code code = VDC_OK;
    for (ssize_t got = 1; !code && got != 0;) {
        enum { CHUNK = 64 * 1024 };
        if (!VDC_RESERVE(buffer, capacity, count + CHUNK + 1)) {
            code = vdc_no_memory(diag, "the text of a file");
            break;
        }
        got = read(file, buffer + count, CHUNK);
        if (got < 0 && errno != EINTR)
            code = vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be read");
        if (got > 0)
            count += (size_t)got;
        if (count > limit) {
            const vdc_place place = {.file = path};
            code = vdc_fail(diag, VDC_ERROR_INPUT, &place, "is larger than %zu bytes", limit);
        }
    }
    close(file);
    if (code) {
        vdc_free(buffer);
        return code;
    }
    buffer[count] = '\0';
    *text = buffer;
    *length = count;
    return VDC_OK;
}

ssize_t vdc_file_read_at(int descriptor, void *to, size_t size, off_t place) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(descriptor, (char *)to + done, size - done, place + (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

const char *vdc_path_relative(const char *folder, const char *path) {
    size_t length = folder ? strlen(folder) : 0;
    if (length == 0 || strncmp(path, folder, length) != 0)
        return path;
    if (folder[length - 1] == '/')
        return path + length;
    return path[length] == '/' ? path + length + 1 : path;
}

/* Best effort: some file systems cannot. */
static void sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? vdc_strndup(path, (size_t)(slash - path) + 1) : vdc_strdup(".");
    int descriptor = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    vdc_free(folder);
}

vdc_code vdc_file_publish(const char *partial, const char *path, bool force, vdc_diag *diag) {
    bool named = !force && link(partial, path) == 0; /* fails where there is such a file already */
    if (named) {
        unlink(partial);
    } else if (!force && errno == EEXIST) {
        return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: has appeared meanwhile and was left alone; the complete file is %s", path,
                        partial);
    } else if (rename(partial, path) != 0) { /* forced, or a file system without links */
        return vdc_fail(diag, VDC_ERROR_IO, NULL, "%s: cannot be named: %s; the complete file is %s", path, strerror(errno),
                        partial);
    }
    sync_folder(path);
    return VDC_OK;
}
