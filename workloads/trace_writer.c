/* What writers of native traces share. See trace_writer.h. */
#include "workloads/trace_writer.h"

#include "sim/base/units.h"

enum { SEGMENT_LIMIT = 1 << 24 }; /* of a VM without a lifetime; nothing that ends has more */

vdc_code vdc_trace_copy(vdc_source *source, vdc_trace_writer *writer, uint64_t *count, vdc_diag *diag) {
    for (*count = 0;; ++*count) {
        vdc_request request;
        bool have;
        vdc_code code = source->operations->next(source, &request, &have, diag);
        if (code || !have) return code;
        if (request.operations)
            code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "VM %llu of the trace has lifecycle operations, which are not written: leave `operations` out",
                            (unsigned long long)*count);
        if (!code && request.interference)
            code = vdc_fail(diag, VDC_ERROR_INPUT, NULL, "VM %llu of the trace has an interference profile, which is not written: leave `interference` out",
                            (unsigned long long)*count);
        if (!code) code = writer->operations->add(writer, &request, diag);
        if (request.token && source->operations->release) source->operations->release(source, request.token);
        if (code) return code;
    }
}

vdc_code vdc_trace_segments(const vdc_request *request, vdc_code (*each)(void *to, const vdc_segment *segment, vdc_diag *diag),
                            void *to,
                            vdc_diag *diag) {
    if (!request->load) return VDC_OK;
    const bool bounded = request->lifetime >= 0 && request->lifetime != VDC_FOREVER && request->progress == VDC_PROGRESS_TIME;
    int64_t left = request->lifetime;
    uint64_t cursor = request->load_cursor;
    vdc_segment segment;
    int count = 0;
    for (; (!bounded || left > 0) && request->load->next(request->load, &cursor, &segment); count++) {
        if (count == SEGMENT_LIMIT)
            return vdc_fail(diag, VDC_ERROR_INPUT, NULL, "a load without an end, of a VM without a lifetime, cannot be written");
        if (bounded) {
            if (segment.duration > left) segment.duration = left;
            left -= segment.duration;
        }
        const vdc_code code = each(to, &segment, diag);
        if (code || segment.duration == VDC_FOREVER) return code;
    }
    /* No segments at all are not the same as no load: the VM is at the end of its load at once. */
    return count == 0 ? each(to, &(vdc_segment){0, 0}, diag) : VDC_OK;
}
