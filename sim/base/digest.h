/* SHA-256 (through nettle) and the list of input files of a run. */
#ifndef VDC_BASE_DIGEST_H
#define VDC_BASE_DIGEST_H

#include "sim/base/status.h"
#include <nettle/sha2.h>
#include <stdint.h>

typedef struct vdc_digest { struct sha256_ctx context; } vdc_digest;

enum { VDC_DIGEST_TEXT = 65 };  /* 64 hexadecimal digits and the end */

void vdc_digest_start(vdc_digest *digest);
void vdc_digest_add(vdc_digest *digest, const void *data, size_t size);
void vdc_digest_end(vdc_digest *digest, char text[VDC_DIGEST_TEXT]);
vdc_code vdc_digest_file(const char *path, char text[VDC_DIGEST_TEXT], vdc_diag *diag);

/* Every file that a run reads, for provenance: its path as written relative to the scenario, and its sha256. */
typedef struct vdc_input { char *name; char sha256[VDC_DIGEST_TEXT]; } vdc_input;
typedef struct vdc_inputs {
    char *folder;          /* names are relative to this one */
    vdc_input *items;
    size_t count, capacity;
    uint32_t *index;       /* by hash of the name: item + 1, 0 = empty */
    size_t index_size;     /* a power of 2 */
} vdc_inputs;
/* Reads the file once for its digest. The same path twice is one entry; a directory adds each regular file in it. NULL inputs: nothing. */
vdc_code vdc_inputs_add(vdc_inputs *inputs, const char *path, vdc_diag *diag);
/* The same of a file that was read already: these are all of its bytes. */
vdc_code vdc_inputs_add_bytes(vdc_inputs *inputs, const char *path, const void *bytes, size_t size, vdc_diag *diag);
void vdc_inputs_clear(vdc_inputs *inputs);

#endif
