/* A main for fuzz targets where there is no fuzzer: gives every file that is named to the target once, so that corpora and former
 * findings are a test that any compiler can run. Names every input that takes longer than a second of CPU.
 */
#include <string.h>
#include <time.h>

#include "tests/fuzz/fuzz.h"

static uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    *size = 0;
    for (size_t room = 1 << 16; file; room *= 2) {
        data = realloc(data, room);
        REQUIRE(data);
        *size += fread(data + *size, 1, room - *size, file);
        if (*size < room) break;
    }
    if (file) fclose(file);
    return data;
}

int main(int count, char **paths) {
    int slow = 0;
    for (int i = 1; i < count; i++) {
        size_t size;
        uint8_t *data = read_file(paths[i], &size);
        if (!data) {
            fprintf(stderr, "%s: cannot be read\n", paths[i]);
            return 1;
        }
        /* A copy of exactly its size, so that a step beyond it is seen. */
        uint8_t *input = malloc(size ? size : 1);
        REQUIRE(input);
        memcpy(input, data, size);
        clock_t begin = clock();
        LLVMFuzzerTestOneInput(input, size);
        double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
        if (seconds > 1) {
            fprintf(stderr, "%s: took %.1f s\n", paths[i], seconds);
            slow++;
        }
        free(input);
        free(data);
    }
    return slow > 0;
}
