/* Chunks of cells packed and unpacked: HDF5's shuffle and deflate filters, done here.
 *
 * After the shuffle a chunk is a run of byte planes. The low bytes of measured doubles are noise on which deflate spends most of
 * its time for nothing. A sample of each plane tells whether it can gain; planes that cannot are stored, the rest is deflated, in
 * one zlib stream that every inflate reads. What is chosen depends on the data alone. Unpacking is bounded by the size that a
 * chunk must have, which the library's own inflate is not.
 */
#ifndef VDC_BASE_PACK_H
#define VDC_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

#include "sim/base/status.h"

enum { VDC_DEFLATE_LEVEL = 1 };

typedef struct vdc_packer {
    z_stream stream;
    bool ready;
    int level; /* that the stream is at */
} vdc_packer;

/* False: no memory. */
bool vdc_packer_open(vdc_packer *packer);
void vdc_packer_close(vdc_packer *packer);
/* Bytes that packing `count` cells may need: scratch memory and result. */
size_t vdc_pack_room(vdc_packer *packer, size_t count, size_t cell_size);
/* Shuffles and packs `count` cells of `cell_size` bytes (8: numbers, stored least significant byte first; others: bytes; 1: no
 * shuffle). `work` holds vdc_pack_room. Sets *packed to where the result is; returns its size, which is that of the cells when
 * deflate gained nothing and was left out. */
size_t vdc_pack(vdc_packer *packer, const void *cells, size_t count, size_t cell_size, unsigned char *work,
                unsigned char **packed);

/* Inflates into exactly `bytes` bytes. VDC_ERROR_INPUT: damaged, larger or smaller; VDC_ERROR_MEMORY. No message. */
vdc_code vdc_inflate(unsigned char *from, size_t size, unsigned char *to, size_t bytes);
/* Undoes the shuffle of `count` cells. */
void vdc_unshuffle(const unsigned char *from, unsigned char *to, size_t count, size_t cell_size);

#endif
