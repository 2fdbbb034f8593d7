/* The file beneath a result file: an HDF5 file driver that remembers why the first write failed.
 *
 * HDF5's own drivers lose errno, and a file whose writes fail cannot be closed: the library keeps its memory and tries again when
 * the process ends. With this driver the first failure is kept, what is written after it is dropped, the library
 * closes in peace, and the record says what happened (no space left, quota, file too large, I/O error).
 */
#ifndef VDC_RECORD_OUTPUT_H
#define VDC_RECORD_OUTPUT_H

#include <stdint.h>

#include "sim/record/hdf5.h"

typedef struct vdc_output {
    int descriptor;      /* -1 when closed */
    int error;           /* errno of the first write that failed, 0 while all is well */
    hid_t driver;        /* the driver as the library knows it */
    uint64_t fail_after; /* for tests: writes that still succeed before each fails with ENOSPC; UINT64_MAX = never */
} vdc_output;

/* Opens `path` for a new file: creates it or takes over a left-over one, holding a lock so that two runs cannot
 * write one file. Errors: VDC_ERROR_INPUT with the reason (not writable, no such folder, another run writes it). */
vdc_code vdc_output_open(vdc_output *output, const char *path, vdc_diag *diag);
/* File access properties that lead the library to `output`; negative on failure. `output` must outlive the HDF5 file. */
hid_t vdc_output_access(vdc_output *output);
/* Flushes to the disk. Returns 0 or errno (that of an earlier failed write, too). */
int vdc_output_sync(vdc_output *output);
void vdc_output_close(vdc_output *output);

#endif
