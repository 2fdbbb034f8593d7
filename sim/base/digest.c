/* SHA-256 of bytes and files, and the list of what a run read (digest.h). */
#include "sim/base/digest.h"

#include "sim/base/file.h"
#include "sim/base/known.h"
#include "sim/base/memory.h"
#include "sim/base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void vdc_digest_start(vdc_digest *digest) {
    sha256_init(&digest->context);
}

void vdc_digest_add(vdc_digest *digest, const void *data, size_t size) {
    if (size) sha256_update(&digest->context, size, data);
}

void vdc_digest_end(vdc_digest *digest, char text[VDC_DIGEST_TEXT]) {
    uint8_t bytes[SHA256_DIGEST_SIZE];
    sha256_digest(&digest->context, sizeof bytes, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    text[2 * sizeof bytes] = '\0';
}

vdc_code vdc_digest_file(const char *path, char text[VDC_DIGEST_TEXT], vdc_diag *diag) {
    enum { CHUNK = 64 * 1024 };
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not keep us waiting */
    if (file < 0) return vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be read");
    struct stat status;
    if (fstat(file, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
        close(file);
        return vdc_fail(diag, VDC_ERROR_INPUT, &(const vdc_place){.file = path}, "is not a regular file");
    }
    unsigned char *buffer = vdc_malloc(CHUNK);
    if (!buffer) {
        close(file);
        return vdc_no_memory(diag, "reading a file");
    }
    vdc_digest digest;
    vdc_digest_start(&digest);
    ssize_t got;
    while ((got = read(file, buffer, CHUNK)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0) vdc_digest_add(&digest, buffer, (size_t)got);
    vdc_code code = got < 0 ? vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be read") : VDC_OK;
    vdc_free(buffer);
    close(file);
    if (!code) vdc_digest_end(&digest, text);
    return code;
}

/* Where the name is in the index, or would be. */
static uint32_t *find_name(const vdc_inputs *inputs, const char *name) {
    size_t at = (size_t)vdc_hash_key(0, name, 0, 0) & (inputs->index_size - 1);
    while (inputs->index[at] && strcmp(inputs->items[inputs->index[at] - 1].name, name) != 0) at = (at + 1) & (inputs->index_size - 1);
    return &inputs->index[at];
}

/* Room for one more name, at most half full. */
static bool grow_index(vdc_inputs *inputs) {
    if (inputs->count * 2 < inputs->index_size) return true;
    size_t size = inputs->index_size ? inputs->index_size * 2 : 16;
    uint32_t *index = vdc_calloc(size, sizeof *index);
    if (!index) return false;
    vdc_free(inputs->index);
    inputs->index = index;
    inputs->index_size = size;
    for (uint32_t i = 0; i < inputs->count; i++) *find_name(inputs, inputs->items[i].name) = i + 1;
    return true;
}

/* `bytes` NULL: they are read. */
static vdc_code add_file(vdc_inputs *inputs, const char *path, const void *bytes, size_t size, vdc_diag *diag) {
    const char *name = vdc_path_relative(inputs->folder, path);
    if (!grow_index(inputs)) return vdc_no_memory(diag, "the list of input files");
    uint32_t *at = find_name(inputs, name);
    if (*at) return VDC_OK;
    vdc_input input;
    if (bytes) {
        vdc_digest digest;
        vdc_digest_start(&digest);
        vdc_digest_add(&digest, bytes, size);
        vdc_digest_end(&digest, input.sha256);
    } else {
        vdc_code code = vdc_digest_file(path, input.sha256, diag);
        if (code) return code;
    }
    if (!VDC_RESERVE(inputs->items, inputs->capacity, inputs->count + 1) || !(input.name = vdc_strdup(name)))
        return vdc_no_memory(diag, "the list of input files");
    inputs->items[inputs->count++] = input;
    *at = (uint32_t)inputs->count;
    return VDC_OK;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The regular files of a directory in bytewise order of their names, since directories have none of their own. */
static vdc_code add_directory(vdc_inputs *inputs, const char *path, vdc_diag *diag) {
    DIR *directory = opendir(path);
    if (!directory) return vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be read");
    char **files = NULL;
    size_t count = 0, capacity = 0;
    vdc_code code = VDC_OK;
    for (struct dirent *entry; !code && (entry = readdir(directory)); ) {
        const char *slash = path[0] && path[strlen(path) - 1] == '/' ? "" : "/";
        char *file = vdc_format("%s%s%s", path, slash, entry->d_name);
        struct stat status;
        if (!file || !VDC_RESERVE(files, capacity, count + 1)) {
            vdc_free(file);
            code = vdc_no_memory(diag, "the files of a directory");
        } else if (stat(file, &status) == 0 && S_ISREG(status.st_mode)) {
            files[count++] = file;
        } else {
            vdc_free(file);
        }
    }
    closedir(directory);
    VDC_KNOWN(files || count == 0);
    if (count) qsort(files, count, sizeof *files, compare_names);
    for (size_t i = 0; i < count; i++) {
        if (!code) code = add_file(inputs, files[i], NULL, 0, diag);
        vdc_free(files[i]);
    }
    vdc_free(files);
    return code;
}

vdc_code vdc_inputs_add(vdc_inputs *inputs, const char *path, vdc_diag *diag) {
    if (!inputs) return VDC_OK;
    struct stat status;
    if (stat(path, &status)) return vdc_file_fail(diag, VDC_ERROR_INPUT, path, "cannot be read");
    return S_ISDIR(status.st_mode) ? add_directory(inputs, path, diag) : add_file(inputs, path, NULL, 0, diag);
}

vdc_code vdc_inputs_add_bytes(vdc_inputs *inputs, const char *path, const void *bytes, size_t size, vdc_diag *diag) {
    return inputs ? add_file(inputs, path, bytes, size, diag) : VDC_OK;
}

void vdc_inputs_clear(vdc_inputs *inputs) {
    for (size_t i = 0; i < inputs->count; i++) vdc_free(inputs->items[i].name);
    vdc_free(inputs->items);
    vdc_free(inputs->index);
    vdc_free(inputs->folder);
    *inputs = (vdc_inputs){0};
}
