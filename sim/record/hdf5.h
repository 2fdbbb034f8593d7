/* The format of result files, for all that touches them. */
#ifndef VDC_RECORD_HDF5_H
#define VDC_RECORD_HDF5_H

#include "sim/base/hdf5.h"

enum { VDC_RESULT_FORMAT = 1 }; /* root attribute `format_version` */

#endif
