/* Byte planes into one zlib stream: see pack.h. */
#include "sim/record/pack.h"

#include <stdint.h>

#include "sim/record/hdf5.h"

enum {
    SAMPLE_WINDOWS = 4,
    SAMPLE_WINDOW = 256,
    PLANE_MARGIN = 64 /* bytes that a change of level may cost */
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

size_t vdc_packer_room(vdc_packer *packer, size_t planes, size_t plane_size) {
    return deflateBound(&packer->stream, (uLong)(planes * plane_size)) + planes * PLANE_MARGIN;
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

size_t vdc_pack(vdc_packer *packer, unsigned char *in, size_t planes, size_t plane_size, unsigned char *out) {
    z_stream *stream = &packer->stream;
    size_t room = vdc_packer_room(packer, planes, plane_size);
    int outcome = deflateReset(stream);
    stream->next_out = out;
    stream->avail_out = (uInt)room;
    for (size_t plane = 0; plane < planes && outcome == Z_OK; plane++) {
        int level = can_gain(in + plane * plane_size, plane_size) ? VDC_DEFLATE_LEVEL : 0;
        if (level != packer->level)
            outcome = deflateParams(stream, level, Z_DEFAULT_STRATEGY);
        packer->level = level;
        stream->next_in = in + plane * plane_size;
        stream->avail_in = (uInt)plane_size;
        if (outcome == Z_OK)
            outcome = deflate(stream, plane + 1 == planes ? Z_FINISH : Z_NO_FLUSH);
    }
    size_t size = room - stream->avail_out;
    return outcome == Z_STREAM_END && size < planes * plane_size ? size : 0;
}
