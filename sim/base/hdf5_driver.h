/* The file beneath a result file: an HDF5 file driver that remembers why the first write failed.
 *
 * HDF5's own drivers lose errno, and a file whose writes fail cannot be closed: the library keeps its memory and tries again when
 * the process ends. With this driver the first failure is kept, what is written after it is dropped, the library
 * closes in peace, and the record says what happened (no space left, quota, file too large, I/O error). Result files are
 * read through it, too, so that both sides agree on locks.
 */
#ifndef VDC_BASE_HDF5_DRIVER_H
#define VDC_BASE_HDF5_DRIVER_H

#include <stdint.h>

#include "sim/base/hdf5.h"

typedef struct vdc_driver {
    int descriptor; /* -1 when closed */
    int error;      /* errno of the first read or write that failed, 0 while all is well */
    bool reading;   /* an existing file, whose content is not trusted */
    hid_t id;       /* the driver as the library knows it */
#ifdef VDC_TEST_FAULTS
    uint64_t fail_at; /* the write that fails with ENOSPC, counted from 1; 0 = none */
    uint64_t writes;  /* so far */
#endif
} vdc_driver;

/* Opens `path` for a new file: creates it or takes over a left-over one, holding a lock so that two runs cannot
 * write one file. Errors: VDC_ERROR_INPUT with the reason (not writable, no such folder, another run writes it). */
vdc_code vdc_driver_create(vdc_driver *driver, const char *path, vdc_diag *diag);
/* Opens an existing regular file for reading, unless a run is writing it. `size` becomes its bytes, `begin` its first eight. */
vdc_code vdc_driver_open(vdc_driver *driver, const char *path, uint64_t *size, unsigned char begin[8], vdc_diag *diag);
/* File access properties that lead the library to `driver`; negative on failure. `driver` must outlive the HDF5 file. */
hid_t vdc_driver_access(vdc_driver *driver);
/* Flushes to the disk. Returns 0 or errno (that of an earlier failure, too). */
int vdc_driver_sync(vdc_driver *driver);
void vdc_driver_close(vdc_driver *driver);

#endif
