/* The parts of a result file's digest: see result_digest.h. */
#include "sim/record/result_digest.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/base/memory.h"

void vdc_digest_number(vdc_digest *digest, uint64_t number) {
    unsigned char bytes[8];
    for (int byte = 0; byte < 8; byte++)
        bytes[byte] = (unsigned char)(number >> (8 * byte));
    vdc_digest_add(digest, bytes, sizeof bytes);
}

void vdc_digest_text(vdc_digest *digest, const char *text, size_t length) {
    vdc_digest_number(digest, length);
    vdc_digest_add(digest, text, length);
}

char *vdc_digest_line(const char *path, vdc_cell_type type, int rank, uint64_t rows, uint64_t width, vdc_digest *values) {
    const char *type_name = type == VDC_CELL_REAL ? "real" : type == VDC_CELL_INTEGER ? "integer" : "text";
    char hexadecimal[VDC_DIGEST_TEXT], dimensions[64] = "-";
    vdc_digest_end(values, hexadecimal);
    if (rank == 1)
        snprintf(dimensions, sizeof dimensions, "%" PRIu64, rows);
    else if (rank == 2)
        snprintf(dimensions, sizeof dimensions, "%" PRIu64 "x%" PRIu64, rows, width);
    return vdc_format("%s %s %s %s\n", path, type_name, dimensions, hexadecimal);
}
