/* Rows that wait on disk: an append-only log in a file without a name.
 *
 * A table whose rows come out of order keeps few open blocks in memory. Rows of the others go here, each with the
 * place of the previous row of its block, so that a block is read back by following its chain. The file is gone when it is
 * closed, even after a crash.
 */
#ifndef VDC_RECORD_SPILL_H
#define VDC_RECORD_SPILL_H

#include <stddef.h>
#include <stdint.h>

#define VDC_SPILL_NONE INT64_C(-1)

typedef struct vdc_spill {
    int descriptor;        /* -1 = not open */
    int64_t end;           /* bytes in the file */
    unsigned char *buffer; /* what follows them */
    size_t used, capacity;
    unsigned char *record; /* the row last read */
    size_t record_capacity;
} vdc_spill;

/* All return 0, errno, or ENOMEM. `beside` is the path of the output: the file lies in its folder. */
int vdc_spill_open(vdc_spill *spill, const char *beside);
/* Appends a row of `size` bytes of the chain that ends at *last and moves *last to it. */
int vdc_spill_append(vdc_spill *spill, int64_t *last, int64_t row, const void *data, size_t size);
/* Reads the row at `place`: its number, its bytes (valid until the next call) and the place of the one before. */
int vdc_spill_read(vdc_spill *spill, int64_t place, int64_t *row, const unsigned char **data, size_t *size, int64_t *before);
void vdc_spill_close(vdc_spill *spill);

#endif
