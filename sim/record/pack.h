/* Compressing a chunk of shuffled numbers: a zlib stream like any other, made in a third of the time.
 *
 * After the shuffle filter a chunk is a run of byte planes. The low bytes of measured doubles are noise on which deflate spends
 * most of its time for nothing. A sample of each plane tells whether it can gain; planes that cannot are stored, the rest is
 * deflated, in one stream that every inflate reads. What is chosen depends on the data alone.
 */
#ifndef VDC_RECORD_PACK_H
#define VDC_RECORD_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

enum { VDC_DEFLATE_LEVEL = 1 };

typedef struct vdc_packer {
    z_stream stream;
    bool ready;
    int level; /* that the stream is at */
} vdc_packer;

/* False: no memory. */
bool vdc_packer_open(vdc_packer *packer);
void vdc_packer_close(vdc_packer *packer);
/* Bytes that a packed chunk may need at most. */
size_t vdc_packer_room(vdc_packer *packer, size_t planes, size_t plane_size);
/* Packs planes x plane_size bytes into `out` (vdc_packer_room). Returns its size, or 0 when nothing was gained. */
size_t vdc_pack(vdc_packer *packer, unsigned char *in, size_t planes, size_t plane_size, unsigned char *out);

#endif
