/* Shuffle and deflate, plane by plane: see pack.h. */
#include "sim/base/pack.h"

#include <stdint.h>
#include <string.h>

#include "sim/base/hdf5.h"

enum {
    SAMPLE_WINDOWS = 4,
    SAMPLE_WINDOW = 256,
    PLANE_MARGIN = 64, /* bytes that a change of level may cost */
};

bool vdc_packer_open(vdc_packer *packer) {
    packer->stream.zalloc = vdc_zlib_allocate;
    packer->stream.zfree = vdc_zlib_free;
    packer->level = VDC_DEFLATE_LEVEL;
    packer->ready = deflateInit(&packer->stream, VDC_DEFLATE_LEVEL) == Z_OK;
    return packer->ready;
}

void vdc_packer_close(vdc_packer *packer) {
    if (packer->ready)
        deflateEnd(&packer->stream);
    packer->ready = false;
}

static size_t deflated_room(vdc_packer *packer, size_t count, size_t cell_size) {
    return deflateBound(&packer->stream, (uLong)(count * cell_size)) + cell_size * PLANE_MARGIN;
}

size_t vdc_pack_room(vdc_packer *packer, size_t count, size_t cell_size) {
    return count * cell_size + deflated_room(packer, count, cell_size);
}

static void shuffle(const void *cells, unsigned char *to, size_t count, size_t cell_size) {
    const unsigned char *from = cells;
    if (cell_size != sizeof(uint64_t)) {
        for (size_t i = 0; i < count; i++)
            for (size_t byte = 0; byte < cell_size; byte++)
                to[byte * count + i] = from[i * cell_size + byte];
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        memcpy(&value, from + i * sizeof value, sizeof value);
        for (size_t byte = 0; byte < sizeof value; byte++)
            to[byte * count + i] = (unsigned char)(value >> (8 * byte));
    }
}

/* Whether bytes repeat themselves, or their steps do (counters): the chance that two of a sample are equal, against that of
 * noise. */
static bool can_gain(const unsigned char *plane, size_t size) {
    uint16_t values[256] = {0}, steps[256] = {0};
    if (size < (size_t)SAMPLE_WINDOWS * SAMPLE_WINDOW)
        return true;
    size_t stride = (size - SAMPLE_WINDOW) / (SAMPLE_WINDOWS - 1);
    for (size_t window = 0; window < SAMPLE_WINDOWS; window++) {
        const unsigned char *at = plane + window * stride;
        unsigned char before = at[SAMPLE_WINDOW - 1];
        for (size_t i = 0; i < SAMPLE_WINDOW; i++) {
            values[at[i]]++;
            steps[(unsigned char)(at[i] - before)]++;
            before = at[i];
        }
    }
    uint64_t value_pairs = 0, step_pairs = 0, count = SAMPLE_WINDOWS * SAMPLE_WINDOW;
    for (int i = 0; i < 256; i++) {
        value_pairs += (uint64_t)values[i] * values[i];
        step_pairs += (uint64_t)steps[i] * steps[i];
    }
    uint64_t noise = count + count * count / 256;
    return 2 * value_pairs > 3 * noise || 2 * step_pairs > 3 * noise;
}

size_t vdc_pack(vdc_packer *packer, const void *cells, size_t count, size_t cell_size, unsigned char *work,
                unsigned char **packed) {
    size_t bytes = count * cell_size, room = deflated_room(packer, count, cell_size);
    z_stream *stream = &packer->stream;
    int outcome = deflateReset(stream);
    shuffle(cells, work, count, cell_size);
    stream->next_out = work + bytes;
    stream->avail_out = (uInt)room;
    for (size_t plane = 0; plane < cell_size && outcome == Z_OK; plane++) {
        int level = can_gain(work + plane * count, count) ? VDC_DEFLATE_LEVEL : 0;
        if (level != packer->level)
            outcome = deflateParams(stream, level, Z_DEFAULT_STRATEGY);
        packer->level = level;
        stream->next_in = work + plane * count;
        stream->avail_in = (uInt)count;
        if (outcome == Z_OK)
            outcome = deflate(stream, plane + 1 == cell_size ? Z_FINISH : Z_NO_FLUSH);
    }
    size_t size = room - stream->avail_out;
    bool gained = outcome == Z_STREAM_END && size < bytes;
    *packed = gained ? work + bytes : work;
    return gained ? size : bytes;
}

vdc_code vdc_inflate(unsigned char *from, size_t size, unsigned char *to, size_t bytes) {
    z_stream stream = {.zalloc = vdc_zlib_allocate,
                       .zfree = vdc_zlib_free,
                       .next_in = from,
                       .avail_in = (uInt)size,
                       .next_out = to,
                       .avail_out = (uInt)bytes};
    if (inflateInit(&stream) != Z_OK)
        return VDC_ERROR_MEMORY;
    int end = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (end == Z_MEM_ERROR)
        return VDC_ERROR_MEMORY;
    return end == Z_STREAM_END && stream.avail_out == 0 ? VDC_OK : VDC_ERROR_INPUT;
}

void vdc_unshuffle(const unsigned char *from, unsigned char *to, size_t count, size_t cell_size) {
    for (size_t byte = 0; byte < cell_size; byte++)
        for (size_t i = 0; i < count; i++)
            to[i * cell_size + byte] = from[byte * count + i];
}
