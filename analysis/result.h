/* Reading a result file: attributes, the summary, and datasets as plain arrays.
 *
 * Opens what sim/record/record.h writes: complete files, and the .partial of a run that was interrupted (vdc_result_complete says
 * which). A file of a newer format, one that is truncated or no result file at all is an error with its name. The file is only
 * read, and held in suspicion: see sim/base/dataset.h. Not for several threads at once.
 */
#ifndef VDC_ANALYSIS_RESULT_H
#define VDC_ANALYSIS_RESULT_H

#include "sim/record/record.h"

typedef struct vdc_result vdc_result;

/* The file is not trusted, and the HDF5 library was not written for damaged ones: a child process does with it what reading it will do, so that
 * one that crashes the library, or keeps it busy without end, is refused with a message here (sim/base/guard.h). */
vdc_code vdc_result_open(vdc_result **result, const char *path, vdc_diag *diag);
/* The same without a child: what may crash, crashes here. For fuzzing. */
vdc_code vdc_result_open_here(vdc_result **result, const char *path, vdc_diag *diag);
void vdc_result_close(vdc_result *result); /* NULL is allowed */
/* What could not be read from the disk must not pass for absent: VDC_ERROR_IO when any read failed so far. For the end of what was asked. */
vdc_code vdc_result_check(const vdc_result *result, vdc_diag *diag);
const char *vdc_result_path(const vdc_result *result);
bool vdc_result_complete(const vdc_result *result);

/* Root attributes: NULL or false when there is none of that name and kind. */
const char *vdc_result_text(const vdc_result *result, const char *name);
bool vdc_result_integer(const vdc_result *result, const char *name, int64_t *value);

/* The summary, read at the opening, in the order written. `real` is set for integers, too. */
typedef struct vdc_result_value {
    const char *key, *units, *long_name;
    vdc_cell_type type;
    double real;
    int64_t integer;
    const char *text; /* NULL unless type is VDC_CELL_TEXT */
} vdc_result_value;
const vdc_result_value *vdc_result_summary(const vdc_result *result, size_t index); /* NULL beyond the last */
const vdc_result_value *vdc_result_find(const vdc_result *result, const char *key); /* NULL when there is none */

/* Adds a number that is computed from the file to what was read of its summary (not to the file). Pointers into the summary are void. */
vdc_code vdc_result_add(vdc_result *result, const char *key, const char *units, const char *long_name, double value, vdc_diag *diag);

/* A dataset's shape: [rows] (width 1) or [rows x width]. */
typedef struct vdc_result_shape {
    size_t rows, width;
    vdc_cell_type type;
    const char *units, *long_name; /* owned by the result, "" when absent */
    const char *axis;              /* path of the first axis' scale (its own when it is one), NULL when there is none */
    const char *scale;             /* path of the second axis' scale, NULL when one-dimensional */
} vdc_result_shape;
/* False when there is no dataset of that path ("/ticks/P"). */
bool vdc_result_dataset(const vdc_result *result, const char *path, vdc_result_shape *shape);
/* The paths of all datasets of a group ("/ticks", "/vms"), in the order written; index beyond the last gives NULL. */
const char *vdc_result_member(const vdc_result *result, const char *group, size_t index);

/* The paths of all datasets of the file, in bytewise order. */
const char *vdc_result_all(const vdc_result *result, size_t index);
/* The axis that most one-dimensional datasets of a group lie along ("/vms/id"): that of its table. NULL when there is none. */
const char *vdc_result_main_axis(const vdc_result *result, const char *group);

/* Rows first .. first + count - 1 into out[count x width]; they must lie inside. Numbers of either kind can be read as doubles.
 * A two-dimensional dataset may be larger than memory: read it some rows at a time, the last chunk is kept unpacked. */
vdc_code vdc_result_read_reals(const vdc_result *result, const char *path, size_t first, size_t count, double *out,
                               vdc_diag *diag);
vdc_code vdc_result_read_integers(const vdc_result *result, const char *path, size_t first, size_t count, int64_t *out,
                                  vdc_diag *diag);
/* Texts in fresh memory each: free every one with vdc_free. On failure none is left. */
vdc_code vdc_result_read_texts(const vdc_result *result, const char *path, size_t first, size_t count, char **out,
                               vdc_diag *diag);

/* The digest of what the file holds now (docs/result-file.md), to compare with its attribute `digest`. Reads every value. */
vdc_code vdc_result_digest(const vdc_result *result, char digest[VDC_DIGEST_TEXT], vdc_diag *diag);

#endif
