/* Several sources as one, merged by arrival. A workload is a mix of few sources, so the next one is found by a scan. */
#include "sim/base/memory.h"
#include "workloads/workload.h"

typedef struct part {
    vdc_source *source;
    vdc_request head; /* read but not handed out */
    bool have, stale; /* stale: the head was handed out, the next one is to be read */
} part;

typedef struct merged {
    vdc_source base;
    size_t count;
    part parts[];
} merged;

/* A token carries the number of its source in the upper byte; what does not fit goes unmarked and is never released early. */
enum { SOURCE_SHIFT = 56, SOURCE_LIMIT = 255 };

static vdc_code next(vdc_source *source, vdc_request *out, bool *have, vdc_diag *diag) {
    merged *self = (merged *)source;
    part *first = NULL;
    for (size_t i = 0; i < self->count; i++) {
        part *each = &self->parts[i];
        if (each->stale) {
            const vdc_code code = each->source->operations->next(each->source, &each->head, &each->have, diag);
            if (code) return code;
            each->stale = false;
        }
        if (each->have && (!first || each->head.arrival < first->head.arrival)) first = each;
    }
    *have = first != NULL;
    if (!first) return VDC_OK;
    *out = first->head;
    out->source = (uint32_t)(first - self->parts);
    if (out->token) out->token |= (uint64_t)(out->source + 1) << SOURCE_SHIFT;
    first->stale = true;
    return VDC_OK;
}

static void release(vdc_source *source, uint64_t token) {
    merged *self = (merged *)source;
    const size_t number = (size_t)(token >> SOURCE_SHIFT);
    if (number == 0) return;
    vdc_source *owner = self->parts[number - 1].source;
    if (owner->operations->release) owner->operations->release(owner, token & ((UINT64_C(1) << SOURCE_SHIFT) - 1));
}

static void close(vdc_source *source) {
    merged *self = (merged *)source;
    for (size_t i = 0; i < self->count; i++) vdc_source_close(self->parts[i].source);
    vdc_free(self);
}

vdc_code vdc_workload_merge(vdc_source **sources, size_t count, vdc_source **out, vdc_diag *diag) {
    static const vdc_source_operations operations = {next, release, close};
    *out = NULL;
    if (count == 1) { /* its requests are as they are to be: of source 0 */
        *out = sources[0];
        return VDC_OK;
    }
    merged *self = count < SOURCE_LIMIT ? vdc_calloc(1, sizeof *self + count * sizeof *self->parts) : NULL;
    if (!self) {
        for (size_t i = 0; i < count; i++) vdc_source_close(sources[i]);
        return vdc_no_memory(diag, "a mix of workloads");
    }
    self->base.operations = &operations;
    self->count = count;
    for (size_t i = 0; i < count; i++) self->parts[i] = (part){.source = sources[i], .stale = true};
    *out = &self->base;
    return VDC_OK;
}
