/* What the fuzz targets share: the entry that libFuzzer and AFL++ call, requirements that hold in every build, and a file in memory. */
#ifndef VDC_TESTS_FUZZ_H
#define VDC_TESTS_FUZZ_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property of the output that must hold whatever the input: the fuzzer takes its failure for a crash. */
#define REQUIRE(condition)                                                                  \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                        \
        }                                                                                   \
    } while (0)

/* One file in memory for all inputs of a process: what reads it opens `path`. Its pages stay from one input to the next. */
typedef struct fuzz_file {
    int descriptor;
    off_t size; /* so far */
    char path[32];
} fuzz_file;

/* Empties the file, which is made at the first call. */
static inline void fuzz_file_begin(fuzz_file *file) {
    if (!file->path[0]) {
        file->descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        REQUIRE(file->descriptor >= 0 && snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->descriptor) > 0);
    }
    file->size = 0;
}

static inline void fuzz_file_add(fuzz_file *file, const void *data, size_t size) {
    REQUIRE(pwrite(file->descriptor, data, size, file->size) == (ssize_t)size);
    file->size += (off_t)size;
}

/* Cuts what an earlier, longer input left behind. */
static inline void fuzz_file_end(const fuzz_file *file) {
    REQUIRE(ftruncate(file->descriptor, file->size) == 0);
}

#endif
