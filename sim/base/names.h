/* Interned names: text -> small number, for tenants, groups, labels, models. 0 is the empty name. */
#ifndef VDC_BASE_NAMES_H
#define VDC_BASE_NAMES_H

#include "sim/base/status.h"
#include <stdint.h>

typedef struct vdc_names vdc_names;

vdc_code vdc_names_create(vdc_names **names, vdc_diag *diag);
void vdc_names_destroy(vdc_names *names);
/* The number of text[0..length), new ones in order of first use. VDC_ERROR_MEMORY or VDC_OK. */
vdc_code vdc_names_intern(vdc_names *names, const char *text, size_t length, uint32_t *number);
/* UINT32_MAX when it is not there. */
uint32_t vdc_names_find(const vdc_names *names, const char *text, size_t length);
const char *vdc_names_text(const vdc_names *names, uint32_t number);
uint32_t vdc_names_count(const vdc_names *names); /* 0 included */

#endif
