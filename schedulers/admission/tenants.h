/* What each tenant holds, for admission policies that compare or limit tenants. */
#ifndef VDC_SCHEDULERS_ADMISSION_TENANTS_H
#define VDC_SCHEDULERS_ADMISSION_TENANTS_H

#include "schedulers/policy_rows.h"

typedef struct vdc_tenant_use {
    int64_t held[VDC_RESOURCES];
    int64_t vms;
} vdc_tenant_use;

typedef struct vdc_tenant_uses {
    vdc_tenant_use *items;    /* [tenant] */
    size_t count, capacity;
    const char *failed;       /* why nothing can be decided any more, or NULL */
} vdc_tenant_uses;

/* The tenant's row; NULL when memory is out, which is noted in `failed`. */
vdc_tenant_use *vdc_tenant_use_of(vdc_tenant_uses *uses, uint32_t tenant);
/* Adds what the request holds, or takes it off. */
void vdc_tenant_use_add(vdc_tenant_uses *uses, const vdc_request *request, int sign);
void vdc_tenant_uses_free(vdc_tenant_uses *uses);

#endif
