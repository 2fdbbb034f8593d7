/* The quiet scope around HDF5 calls and the library's error stack in one line. */
#include "sim/base/hdf5.h"

#include <stdio.h>

#include "sim/base/memory.h"

vdc_hdf5_scope vdc_hdf5_quiet(void) {
    vdc_hdf5_scope scope = {0};
    H5Eget_auto2(H5E_DEFAULT, &scope.report, &scope.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return scope;
}

void vdc_hdf5_restore(vdc_hdf5_scope scope) {
    H5Eset_auto2(H5E_DEFAULT, scope.report, scope.data);
}

typedef struct vdc_reason {
    char *text;
    size_t size;
} vdc_reason;

static herr_t keep_innermost(unsigned depth, const H5E_error2_t *error, void *user) {
    const vdc_reason *reason = user;
    if (depth == 0 && error->desc)
        snprintf(reason->text, reason->size, "%s", error->desc);
    return 0;
}

const char *vdc_hdf5_reason(char *buffer, size_t size) {
    vdc_reason reason = {buffer, size};
    snprintf(buffer, size, "the HDF5 library gives no reason");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &reason);
    H5Eclear2(H5E_DEFAULT);
    return buffer;
}

hid_t vdc_hdf5_text_type(void) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

void *vdc_zlib_allocate(void *opaque, unsigned count, unsigned size) {
    (void)opaque;
    return vdc_calloc(count, size);
}

void vdc_zlib_free(void *opaque, void *memory) {
    (void)opaque;
    vdc_free(memory);
}
