/* A cell of a table in an HDF5 file. */
#ifndef VDC_BASE_CELL_H
#define VDC_BASE_CELL_H

#include <stdint.h>

typedef enum vdc_cell_type {
    VDC_CELL_REAL,
    VDC_CELL_INTEGER,
    VDC_CELL_TEXT /* of any length, one-dimensional; cheap where few texts repeat, some 50 bytes a row where all differ */
} vdc_cell_type;

typedef union vdc_cell {
    double real;
    int64_t integer;
    const char *text; /* copied at once; NULL is "" */
} vdc_cell;

enum { VDC_TEXT_REFERENCE = 16 }; /* bytes of a text of any length in a chunk: length, address in the file, number in the heap */

#endif
