/* What is in a workload. See summary.h. */
#include "workloads/summary.h"

#include "sim/base/memory.h"
#include "workloads/native.h"

enum { SEGMENT_LIMIT = 1 << 20 }; /* a load with more, of a VM that has no lifetime, is taken for endless */

static void add(vdc_range *range, int64_t value) {
    if (range->count == 0 || value < range->minimum) range->minimum = value;
    if (range->count == 0 || value > range->maximum) range->maximum = value;
    range->sum += value;
    range->count++;
}

/* Segments up to the VM's lifetime, or to the load's end. */
static void add_load(vdc_workload_summary *summary, const vdc_request *request) {
    uint64_t cursor = request->load_cursor;
    int64_t count = 0;
    vdc_wide length = 0;
    vdc_segment segment;
    const vdc_wide end = request->lifetime >= 0 ? request->lifetime : VDC_TIME_MAX;
    while (length < end && request->load->next(request->load, &cursor, &segment)) {
        if (segment.duration == VDC_FOREVER || (count == SEGMENT_LIMIT && request->lifetime < 0)) {
            summary->endless_loads++;
            return;
        }
        count++;
        length += segment.duration;
        add(&summary->duration, segment.duration);
        add(&summary->demand, segment.demand);
    }
    add(&summary->segments, count);
    add(&summary->load_length, (int64_t)(length < VDC_TIME_MAX ? length : VDC_TIME_MAX));
}

static void add_request(vdc_workload_summary *summary, const vdc_request *request, bool loads) {
    summary->vms++;
    summary->named += request->name != NULL;
    summary->with_id += request->id != VDC_NO_ID;
    summary->with_gpu += request->gpu_count > 0;
    add(&summary->arrival, request->arrival);
    add(&summary->priority, request->priority);
    if (request->lifetime >= 0 && request->lifetime != VDC_FOREVER) {
        summary->with_lifetime++;
        add(&summary->lifetime, request->lifetime);
    }
    for (int r = 0; r < VDC_RESOURCES; r++)
        if (request->size[r] > 0) add(&summary->size[r], request->size[r]);
    for (unsigned i = 0; i < VDC_NATIVE_COLUMNS; i++) {
        bool absent;
        vdc_native_value(&vdc_native_columns[i], request, &absent);
        if (!absent) summary->columns |= UINT64_C(1) << i;
    }
    if (!request->load) return;
    summary->with_load++;
    if (loads) add_load(summary, request);
}

/* Interned names that were seen. */
typedef struct seen {
    uint8_t *names;
    size_t count, capacity;
} seen;

static vdc_code note(seen *set, uint32_t name, uint64_t *distinct, vdc_diag *diag) {
    if (name == 0) return VDC_OK;
    if (!VDC_RESERVE(set->names, set->capacity, (size_t)name + 1)) return vdc_no_memory(diag, "the names of a trace");
    for (; set->count <= name; set->count++) set->names[set->count] = 0;
    *distinct += !set->names[name];
    set->names[name] = 1;
    return VDC_OK;
}

vdc_code vdc_workload_summarise(vdc_source *source, bool loads, vdc_workload_summary *summary, vdc_diag *diag) {
    *summary = (vdc_workload_summary){0};
    seen tenants = {0}, groups = {0};
    vdc_code code = VDC_OK;
    while (!code) {
        vdc_request request;
        bool have;
        code = source->operations->next(source, &request, &have, diag);
        if (code || !have) break;
        add_request(summary, &request, loads);
        code = note(&tenants, request.tenant, &summary->tenants, diag);
        if (!code) code = note(&groups, request.group, &summary->groups, diag);
        if (request.token && source->operations->release) source->operations->release(source, request.token);
    }
    vdc_free(tenants.names);
    vdc_free(groups.names);
    return code;
}
