/* What the fuzz targets share: the entry that libFuzzer and AFL++ call, and requirements that hold in every build. */
#ifndef VDC_TESTS_FUZZ_H
#define VDC_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property of the output that must hold whatever the input: the fuzzer takes its failure for a crash. */
#define REQUIRE(condition)                                                                  \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                        \
        }                                                                                   \
    } while (0)

#endif
