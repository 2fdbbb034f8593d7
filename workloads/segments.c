/* Loads kept in memory. See segments.h. */
#include "workloads/segments.h"

#include "sim/base/memory.h"

/* The upper 16 bits of a word: the number of a duration, or one of these. */
enum { LINK = 0xffff, WIDE = 0xfffe, DURATION_LIMIT = 0xfffe };
#define LOW_MASK ((UINT64_C(1) << 48) - 1)
#define NOWHERE LOW_MASK

static bool next_segment(const vdc_load_source *source, uint64_t *cursor, vdc_segment *segment) {
    const vdc_segments *segments = (const vdc_segments *)source;
    uint64_t at = *cursor, word = segments->words[at];
    unsigned kind = (unsigned)(word >> 48);
    while (kind == LINK) {
        if ((word & LOW_MASK) == NOWHERE) return false;
        at = word & LOW_MASK;
        word = segments->words[at];
        kind = (unsigned)(word >> 48);
    }
    if (kind == WIDE) {
        segment->duration = (int64_t)segments->words[at + 1];
        segment->demand = (int64_t)segments->words[at + 2];
        *cursor = at + 3;
    } else {
        segment->duration = segments->durations[kind];
        segment->demand = (int64_t)(word & LOW_MASK);
        *cursor = at + 1;
    }
    return true;
}

void vdc_segments_start(vdc_segments *segments) {
    *segments = (vdc_segments){.load = {next_segment}};
}

void vdc_segments_free(vdc_segments *segments) {
    vdc_free(segments->words);
    vdc_free(segments->durations);
    vdc_segments_start(segments);
}

/* The number of a duration, a new one when it is not where the cache looks; WIDE when there are no more numbers. */
static vdc_code number_of(vdc_segments *segments, int64_t duration, unsigned *number, vdc_diag *diag) {
    uint16_t *slot = &segments->cache[((uint64_t)duration * UINT64_C(0x9e3779b97f4a7c15)) >> 56];
    *number = *slot;
    if (*slot < segments->duration_count && segments->durations[*slot] == duration) return VDC_OK;
    *number = WIDE;
    if (segments->duration_count == DURATION_LIMIT) return VDC_OK;
    if (!VDC_RESERVE(segments->durations, segments->duration_capacity, segments->duration_count + 1))
        return vdc_no_memory(diag, "load segments");
    *number = *slot = (uint16_t)segments->duration_count;
    segments->durations[segments->duration_count++] = duration;
    return VDC_OK;
}

vdc_code vdc_segments_add(vdc_segments *segments, int64_t duration, int64_t demand, vdc_diag *diag) {
    unsigned number;
    const vdc_code code = number_of(segments, duration, &number, diag);
    if (code) return code;
    if (!VDC_RESERVE(segments->words, segments->capacity, segments->count + 3)) return vdc_no_memory(diag, "load segments");
    uint64_t *word = segments->words + segments->count;
    if (number == WIDE || (uint64_t)demand > LOW_MASK) {
        word[0] = (uint64_t)WIDE << 48;
        word[1] = (uint64_t)duration;
        word[2] = (uint64_t)demand;
        segments->count += 3;
    } else {
        word[0] = (uint64_t)number << 48 | (uint64_t)demand;
        segments->count++;
    }
    return VDC_OK;
}

vdc_code vdc_segments_close(vdc_segments *segments, uint64_t begin, vdc_segments_end *end, vdc_diag *diag) {
    if (!VDC_RESERVE(segments->words, segments->capacity, segments->count + 1)) return vdc_no_memory(diag, "load segments");
    if (*end) segments->words[*end - 1] = (uint64_t)LINK << 48 | begin;
    segments->words[segments->count++] = (uint64_t)LINK << 48 | NOWHERE;
    *end = segments->count; /* one more than the link's position, so that 0 is free to mean "none" */
    return VDC_OK;
}
