/* The columns of the native HDF5 trace. See native_hdf5.h. */
#include "workloads/native_hdf5.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/file.h"

const char *vdc_trace_column_name(size_t column) {
    switch (column) {
    case VDC_TRACE_SEGMENTS: return "segments";
    case VDC_TRACE_PROGRESS: return "progress";
    case VDC_TRACE_SCALE_NUM: return "checkpoint_scale_num";
    case VDC_TRACE_SCALE_DEN: return "checkpoint_scale_den";
    default: return vdc_native_columns[column].name;
    }
}

const char *vdc_trace_column_unit(size_t column) {
    return column < VDC_NATIVE_COLUMNS ? vdc_native_columns[column].base_unit : "1";
}

int64_t vdc_trace_column_absent(size_t column) {
    switch (column) {
    case VDC_TRACE_SEGMENTS: return -1;
    case VDC_TRACE_PROGRESS: return VDC_PROGRESS_TIME;
    case VDC_TRACE_SCALE_NUM:
    case VDC_TRACE_SCALE_DEN: return 1;
    default: return vdc_native_columns[column].kind == VDC_NATIVE_PRIORITY ? VDC_PRIORITY_NORMAL
        : vdc_native_columns[column].absent;
    }
}

bool vdc_trace_column_stored(size_t column) {
    if (column >= VDC_NATIVE_COLUMNS) return true;
    const vdc_native_kind kind = vdc_native_columns[column].kind;
    return kind != VDC_NATIVE_NAME && kind != VDC_NATIVE_SCALE && kind != VDC_NATIVE_PROGRESS;
}

bool vdc_is_hdf5(const char *path) {
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char bytes[sizeof signature];
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not keep us waiting, nor lose what is in it */
    if (file < 0) return false;
    const bool is = vdc_file_read_at(file, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes && memcmp(bytes, signature, sizeof bytes) == 0;
    (void)close(file);
    return is;
}
