#include "schedulers/admission/tenants.h"

#include "sim/base/memory.h"

vdc_tenant_use *vdc_tenant_use_of(vdc_tenant_uses *uses, uint32_t tenant) {
    if (tenant >= uses->count) {
        if (!VDC_RESERVE(uses->items, uses->capacity, (size_t)tenant + 1)) {
            uses->failed = "out of memory";
            return NULL;
        }
        while (uses->count <= tenant) uses->items[uses->count++] = (vdc_tenant_use){0};
    }
    return &uses->items[tenant];
}

void vdc_tenant_use_add(vdc_tenant_uses *uses, const vdc_request *request, int sign) {
    vdc_tenant_use *use = vdc_tenant_use_of(uses, request->tenant);
    if (!use) return;
    for (int r = 0; r < VDC_RESOURCES; r++) use->held[r] += sign * request->size[r];
    use->vms += sign;
}

void vdc_tenant_uses_free(vdc_tenant_uses *uses) {
    vdc_free(uses->items);
    *uses = (vdc_tenant_uses){0};
}
