/* The parts of a result file's digest: see result_digest.h. */
#include "sim/record/result_digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/memory.h"

bool vdc_digest_counts(const char *path) {
    return strcmp(path, "/summary/digest") != 0 && strncmp(path, "/checks/", 8) != 0;
}

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

void vdc_digest_end_group(vdc_digest *group, unsigned char bytes[VDC_DIGEST_SIZE]) {
    sha256_digest(&group->context, VDC_DIGEST_SIZE, bytes);
}

void vdc_values_digest_start(vdc_values_digest *digest) {
    vdc_digest_start(&digest->groups);
    vdc_digest_start(&digest->group);
    digest->rows = 0;
}

uint64_t vdc_values_digest_room(const vdc_values_digest *digest) {
    return VDC_DIGEST_ROWS - digest->rows % VDC_DIGEST_ROWS;
}

static void close_group(vdc_values_digest *digest) {
    unsigned char bytes[VDC_DIGEST_SIZE];
    vdc_digest_end_group(&digest->group, bytes);
    vdc_digest_add(&digest->groups, bytes, sizeof bytes);
    vdc_digest_start(&digest->group);
}

void vdc_values_digest_advance(vdc_values_digest *digest, uint64_t rows) {
    digest->rows += rows;
    if (rows > 0 && digest->rows % VDC_DIGEST_ROWS == 0)
        close_group(digest);
}

void vdc_values_digest_end(vdc_values_digest *digest, char text[VDC_DIGEST_TEXT]) {
    if (digest->rows % VDC_DIGEST_ROWS != 0)
        close_group(digest);
    vdc_digest_end(&digest->groups, text);
}

char *vdc_digest_line(const char *path, vdc_cell_type type, int rank, uint64_t rows, uint64_t width, const char *values) {
    const char *type_name = type == VDC_CELL_REAL ? "real" : type == VDC_CELL_INTEGER ? "integer" : "text";
    char dimensions[64] = "-";
    if (rank == 1)
        snprintf(dimensions, sizeof dimensions, "%" PRIu64, rows);
    else if (rank == 2)
        snprintf(dimensions, sizeof dimensions, "%" PRIu64 "x%" PRIu64, rows, width);
    return vdc_format("%s %s %s %s\n", path, type_name, dimensions, values);
}
