/* One dataset of a result file or a native trace, read with the file in suspicion.
 *
 * These files come from other people. Shape, types, filters, chunks and lengths are checked against the size of the file before
 * memory is spent, and chunks are unpacked here with a bound (the library's inflate has none), so that a small file cannot ask
 * for much. What those files never have (external storage, links elsewhere, other filters) is refused.
 */
#ifndef VDC_BASE_DATASET_H
#define VDC_BASE_DATASET_H

#include "sim/base/cell.h"
#include "sim/base/hdf5.h"
#include "sim/base/memory.h"

enum { VDC_DATASET_FILTERS = 4 };

typedef struct vdc_dataset {
    const char *file, *path; /* for messages; not owned */
    hid_t id;
    vdc_cell_type type;
    size_t cell_size;     /* bytes of a stored cell: 8, of a text that of its reference, 1 of bytes */
    int rank;             /* 0 = scalar */
    uint64_t rows, width; /* 1 x 1 of a scalar */
    bool chunked;
    unsigned char fill[8]; /* of numbers in chunks that were never written, as they are stored */
    uint64_t chunk_rows, chunk_width;
    bool shuffles[VDC_DATASET_FILTERS]; /* filter i: shuffle, else deflate */
    unsigned filters;
    unsigned char *plain; /* the chunk last read, unpacked */
    uint64_t plain_row, plain_column;
    bool plain_valid;
} vdc_dataset;

/* Whether `path` is there, reached by plain links only, and what kind of object it is. */
H5O_type_t vdc_dataset_kind(hid_t file, const char *path);
/* Opens and checks a dataset of a file of `size` bytes. `path` and `name` must outlive it. */
vdc_code vdc_dataset_open(vdc_dataset *dataset, hid_t file, const char *path, uint64_t size, const char *name, vdc_diag *diag);
/* The same for a dataset of bytes, and of nothing else: its type is that of integers, of one byte a cell. */
vdc_code vdc_dataset_open_bytes(vdc_dataset *dataset, hid_t file, const char *path, uint64_t size, const char *name, vdc_diag *diag);
void vdc_dataset_close(vdc_dataset *dataset);
/* Rows [first, first + count) of a dataset of numbers, row-major, 8 bytes each (of bytes: 1), least significant first. */
vdc_code vdc_dataset_read(vdc_dataset *dataset, uint64_t first, uint64_t count, void *out, vdc_diag *diag);
/* Rows of a dataset of texts, each in `texts`' memory. */
vdc_code vdc_dataset_read_texts(vdc_dataset *dataset, uint64_t first, uint64_t count, vdc_arena *texts, const char **out,
                                vdc_diag *diag);
/* Has the library do all that reading the dataset has it do; numbers in chunks are not read, only found, for they are unpacked here. For a
 * child (guard.h): what is damaged is passed over. */
void vdc_dataset_visit(vdc_dataset *dataset);
/* The number in a cell of 8 bytes as it is read. */
static inline uint64_t vdc_dataset_number(const unsigned char *bytes) {
    uint64_t value = 0;
    for (int byte = 7; byte >= 0; byte--) value = value << 8 | bytes[byte];
    return value;
}
/* A text attribute in fresh memory; NULL when there is none of that name and kind. */
char *vdc_attribute_text(hid_t object, const char *name);
/* Reads all attributes of an object and passes over what is damaged. */
void vdc_attributes_visit(hid_t object);
/* A single integer attribute; false when there is none of that name and kind. */
bool vdc_attribute_integer(hid_t object, const char *name, int64_t *value);

#endif
