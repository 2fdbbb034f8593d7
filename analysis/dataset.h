/* One dataset of a result file, read with the file in suspicion.
 *
 * Result files come from other people. Shape, types, filters, chunks and lengths are checked against the size of the file before
 * memory is spent, and chunks are unpacked here with a bound (the library's inflate has none), so that a small file cannot ask
 * for much. What result files never have (external storage, links elsewhere, other filters) is refused.
 */
#ifndef VDC_ANALYSIS_DATASET_H
#define VDC_ANALYSIS_DATASET_H

#include "sim/base/memory.h"
#include "sim/record/hdf5.h"
#include "sim/record/record.h"

enum { VDC_DATASET_FILTERS = 4 };

typedef struct vdc_dataset {
    const char *file, *path; /* for messages; not owned */
    hid_t id;
    vdc_cell_type type;
    size_t cell_size;     /* bytes of a stored cell: 8, of a text that of its reference */
    int rank;             /* 0 = scalar */
    uint64_t rows, width; /* 1 x 1 of a scalar */
    bool chunked;
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
void vdc_dataset_close(vdc_dataset *dataset);
/* Rows [first, first + count) of a dataset of numbers, row-major, 8 bytes each, least significant first.
 */
vdc_code vdc_dataset_read(vdc_dataset *dataset, uint64_t first, uint64_t count, void *out, vdc_diag *diag);
/* Rows of a dataset of texts, each in `texts`' memory. */
vdc_code vdc_dataset_read_texts(vdc_dataset *dataset, uint64_t first, uint64_t count, vdc_arena *texts, const char **out,
                                vdc_diag *diag);
/* A text attribute in fresh memory; NULL when there is none of that name and kind. */
char *vdc_attribute_text(hid_t object, const char *name);

#endif
