/* The digest of a result file, as its writer and its readers compute it.
 *
 * It is the SHA-256 of one line for each dataset but /summary/digest, in the bytewise order of their paths:
 *     PATH TYPE DIMENSIONS SHA256\n
 * TYPE is real, integer or text; DIMENSIONS is "-" of a scalar, "N" or "NxM"; SHA256 is that of the values in row-major order:
 * numbers as 8 bytes, least significant first (IEEE 754, two's complement), texts as their length in 8 such bytes and their
 * UTF-8. Chunks, compression, the order of writing and the library's version play no part.
 */
#ifndef VDC_RECORD_RESULT_DIGEST_H
#define VDC_RECORD_RESULT_DIGEST_H

#include "sim/record/record.h"

void vdc_digest_number(vdc_digest *digest, uint64_t number);
void vdc_digest_text(vdc_digest *digest, const char *text, size_t length);
/* A dataset's line in fresh memory, NULL without memory. Ends `values`, the digest of its values. */
char *vdc_digest_line(const char *path, vdc_cell_type type, int rank, uint64_t rows, uint64_t width, vdc_digest *values);

#endif
