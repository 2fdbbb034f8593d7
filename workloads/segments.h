/* Loads kept in memory: the segments of many VMs in one compact array, read through cursors.
 *
 * A segment takes 8 bytes: 16 bits name one of the distinct durations, 48 bits hold the demand in Hz; what does not fit
 * takes 24. The segments of a VM may come in several pieces (a trace file may return to a VM later): each piece
 * ends with a link to the next. A cursor is the position of a word, hence pure and copyable.
 */
#ifndef VDC_WORKLOADS_SEGMENTS_H
#define VDC_WORKLOADS_SEGMENTS_H

#include "models/request.h"
#include "sim/base/status.h"

enum { VDC_SEGMENT_CACHE = 256 };

typedef struct vdc_segments {
    vdc_load_source load;       /* first: a request's load points here */
    uint64_t *words;
    size_t count, capacity;
    int64_t *durations;         /* the distinct ones, by number */
    size_t duration_count, duration_capacity;
    uint16_t cache[VDC_SEGMENT_CACHE]; /* hash of a duration -> its number, where it is likely to be found */
} vdc_segments;

/* An open end of a list of segments, to be continued by vdc_segments_continue; 0 = no list yet. */
typedef uint64_t vdc_segments_end;

void vdc_segments_start(vdc_segments *segments);
void vdc_segments_free(vdc_segments *segments);
/* The cursor of the segment that will be added next. */
static inline uint64_t vdc_segments_cursor(const vdc_segments *segments) {
    return segments->count;
}
vdc_code vdc_segments_add(vdc_segments *segments, int64_t duration, int64_t demand, vdc_diag *diag);
/* Ends the piece being written. Where `end` is that of an earlier piece of the same list, that one goes on with the piece
 * that began at `begin`. *end becomes the new end. */
vdc_code vdc_segments_close(vdc_segments *segments, uint64_t begin, vdc_segments_end *end, vdc_diag *diag);

#endif
