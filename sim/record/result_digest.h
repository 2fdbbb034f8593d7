/* The digest of a result file, as its writer and its readers compute it.
 *
 * It is the SHA-256 of one line for each dataset, in the bytewise order of their paths:
 *     PATH TYPE DIMENSIONS SHA256\n
 * TYPE is real, integer or text; DIMENSIONS is "-" of a scalar, "N" or "NxM"; SHA256 is that of the (binary) SHA-256 of each
 * group of 4096 rows, so that rows may be written in any order and hashed once. Of a group the values count in row-major order:
 * numbers as 8 bytes, least significant first (IEEE 754, two's complement), texts as their length in 8 such bytes and their
 * UTF-8. Chunks, compression, the order of writing and the library's version play no part.
 */
#ifndef VDC_RECORD_RESULT_DIGEST_H
#define VDC_RECORD_RESULT_DIGEST_H

#include "sim/record/record.h"

enum { VDC_DIGEST_ROWS = 4096, VDC_DIGEST_SIZE = 32 };

/* The digest of one dataset's values while they come in order. */
typedef struct vdc_values_digest {
    vdc_digest groups, group;
    uint64_t rows;
} vdc_values_digest;

void vdc_values_digest_start(vdc_values_digest *digest);
/* Rows that the group which is open still takes: add at most so many to digest->group, then tell how many they were. */
uint64_t vdc_values_digest_room(const vdc_values_digest *digest);
void vdc_values_digest_advance(vdc_values_digest *digest, uint64_t rows);
void vdc_values_digest_end(vdc_values_digest *digest, char text[VDC_DIGEST_TEXT]);

/* Whether the dataset of that path is part of the digest. */
bool vdc_digest_counts(const char *path);
void vdc_digest_number(vdc_digest *digest, uint64_t number);
void vdc_digest_text(vdc_digest *digest, const char *text, size_t length);
/* The 32 bytes of a group. */
void vdc_digest_end_group(vdc_digest *group, unsigned char bytes[VDC_DIGEST_SIZE]);
/* A dataset's line in fresh memory, NULL without memory. */
char *vdc_digest_line(const char *path, vdc_cell_type type, int rank, uint64_t rows, uint64_t width, const char *values);

#endif
