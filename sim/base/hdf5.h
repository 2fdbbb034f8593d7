/* What everything that touches HDF5 shares: the library kept quiet, and its errors as ours; and zlib's memory.
 *
 * HDF5 prints its error stack by default; a library must not. Between vdc_hdf5_quiet and vdc_hdf5_restore nothing is
 * printed, and an application's own setting comes back afterwards.
 */
#ifndef VDC_BASE_HDF5_H
#define VDC_BASE_HDF5_H

#include <hdf5.h>

#include "sim/base/status.h"

/* The library's way of printing errors as it was. */
typedef struct vdc_hdf5_scope {
    H5E_auto2_t report;
    void *data;
} vdc_hdf5_scope;

vdc_hdf5_scope vdc_hdf5_quiet(void);
void vdc_hdf5_restore(vdc_hdf5_scope scope);
/* What the library says about the last failure, in `buffer`: the innermost message of its error stack. Clears the stack. */
const char *vdc_hdf5_reason(char *buffer, size_t size);
/* The type of every text in a result file: variable length, UTF-8. Close it with H5Tclose. Negative on failure. */
hid_t vdc_hdf5_text_type(void);
/* zlib's memory through sim/base/memory.h: what zalloc and zfree are set to. */
void *vdc_zlib_allocate(void *opaque, unsigned count, unsigned size);
void vdc_zlib_free(void *opaque, void *memory);

#endif
